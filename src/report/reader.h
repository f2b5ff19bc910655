/* Strict reading of a result that may have been edited by hand: what is there must be of the right
 * type. The first fault is kept, with its place; what is read after it is meaningless and harmless,
 * so that a struct can be filled in one go and the code looked at once. */
#ifndef MASKINFO_REPORT_READER_H
#define MASKINFO_REPORT_READER_H

#include <cjson/cJSON.h>

#include "maskinfo/status.h"

enum { MI_PLACE_SIZE = 120 };

typedef struct mi_reader {
    mi_code code;
    mi_status *status; /* may be NULL */
} mi_reader;

/* Where an object stands in the result: "", "evaluation" or "runs[3].points[1]". */
typedef struct mi_node {
    const cJSON *json; /* NULL: not there */
    char place[MI_PLACE_SIZE];
} mi_node;

/* Rows of numbers, one array element each. */
typedef struct mi_number_rows {
    size_t rows, columns;
    double *values; /* (rows, columns); NAN where there is no number */
} mi_number_rows;

/* Keep a fault of `key` of the node ("": of the node itself). */
void mi_reader_fault(mi_reader *reader, const mi_node *node, const char *key, const char *format,
                     ...) __attribute__((format(printf, 4, 5)));

/* A number of magnitude up to 1e100; NAN where it is missing or null. `mi_get_in` needs one in
 * [low, high], `mi_get_whole` a whole one. */
double mi_get_number(mi_reader *reader, const mi_node *node, const char *key);
double mi_get_in(mi_reader *reader, const mi_node *node, const char *key, double low, double high);
size_t mi_get_whole(mi_reader *reader, const mi_node *node, const char *key, size_t low,
                    size_t high);
/* false and NULL where it is missing or null. The text is borrowed. */
bool mi_get_bool(mi_reader *reader, const mi_node *node, const char *key);
const char *mi_get_text(mi_reader *reader, const mi_node *node, const char *key);
/* The text clean (text.h), "" where it is missing; free(). */
char *mi_get_clean(mi_reader *reader, const mi_node *node, const char *key);

/* The object at a key, and the array; json NULL where it is missing or null. */
mi_node mi_get_object(mi_reader *reader, const mi_node *node, const char *key);
mi_node mi_get_array(mi_reader *reader, const mi_node *node, const char *key);
/* An element of an array, which must be an object. */
mi_node mi_get_element(mi_reader *reader, const mi_node *array, const cJSON *json, size_t index);

/* The array at a key, each element an object with a number or null at each of the keys, the first
 * of which must be there, in [low, high] and increasing. `room` more columns are left NAN. Missing
 * or null: no rows. Release values with free(). */
mi_number_rows mi_get_rows(mi_reader *reader, const mi_node *node, const char *key,
                           const char *const *keys, size_t columns, size_t room, double low,
                           double high);

/* `count` numbers in [low, high] of an array of that length; NULL where it is missing or null.
 * free(). */
double *mi_get_values(mi_reader *reader, const mi_node *node, const char *key, size_t count,
                      double low, double high);

#endif
