/* Experiment files: JSON read strictly, overridden by --set, bound to parameter tables. Every fault
 * is one sentence with file, JSON path, value and legal range. */
#ifndef MASKINFO_DOCUMENT_H
#define MASKINFO_DOCUMENT_H

#include <cjson/cJSON.h>

#include "maskinfo/parameter.h"

enum { MI_FAULTS_KEPT = 64 };

/* All faults of a document, in the order found. */
typedef struct mi_faults {
    const char *file;               /* named in each message; owned by the caller */
    size_t count;                   /* found; the first MI_FAULTS_KEPT are kept */
    char *messages[MI_FAULTS_KEPT]; /* NULL: there was no memory for it */
    mi_code failure; /* MI_MEMORY, MI_IO: a file could not be read for a reason that is not in it */
} mi_faults;

/* Record a fault at a JSON path ("" for the whole file): "FILE: PATH: text". */
void mi_faults_add(mi_faults *faults, const char *path, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void mi_faults_clear(mi_faults *faults);

/* Parse `text` (size bytes). The result is an object without duplicate keys, nested at most 32
 * deep, whose numbers are finite; NULL after adding a fault (line and column named) otherwise.
 * Release with cJSON_Delete. */
cJSON *mi_document_parse(const char *text, size_t size, mi_faults *faults);

/* Read and parse a file of at most 256 MiB. */
cJSON *mi_document_read(const char *path, mi_faults *faults);

/* Apply "a.b[2].c=VALUE" (VALUE read as JSON, else as a string) to the document; "[*]" means every
 * element. The objects on the way are made where they are missing; the last key may be new, and is
 * then judged, like any other, when the document is bound. False after adding a fault. */
bool mi_document_set(cJSON *document, const char *assignment, mi_faults *faults);
/* The same of an assignment that is not --set but stands elsewhere: `place` is for messages. */
bool mi_document_set_at(cJSON *document, const char *place, const char *assignment,
                        mi_faults *faults);

/* The same with a value that is JSON already: "a.b[2].c" becomes a copy of it. */
bool mi_document_put(cJSON *document, const char *path, const cJSON *value, mi_faults *faults);

/* How binding goes on. */
typedef struct mi_binding {
    mi_faults *faults;
    double effort; /* factor on parameters flagged MI_EFFORT, never below their legal range */
} mi_binding;

/* Bind `object` (NULL: all defaults) at JSON path `path` to a table. Keys outside the table and the
 * NULL-terminated opt_other list are faults, as are wrong types and values out of range.
 * *ret_values holds every value, *ret_resolved the same as JSON, defaults filled in (both owned by
 * the caller; set where MI_OK is returned, even if faults were added). Fails only for want of
 * memory. */
mi_code mi_bind(const mi_binding *binding, const cJSON *object, const char *path,
                const mi_parameter *table, const char *const *opt_other, mi_values **ret_values,
                cJSON **ret_resolved, mi_status *status);

/* "parent.key" and "parent[index]", cut with "..." where they do not fit in MI_PATH_SIZE. */
enum { MI_PATH_SIZE = 256 };
void mi_path_key(char path[MI_PATH_SIZE], const char *parent, const char *key);
void mi_path_index(char path[MI_PATH_SIZE], const char *parent, size_t index);

/* The first value in which two documents differ, "PATH: OURS here, THEIRS there", in text (size
 * bytes); "" where they are equal. Either may be NULL. Returns text. */
char *mi_document_difference(const cJSON *ours, const cJSON *theirs, char *text, size_t size);

/* Short rendering of a JSON value for messages, at most 60 characters; returns text. */
char *mi_document_show(const cJSON *value, char *text, size_t size);

#endif
