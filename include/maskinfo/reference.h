/* Parameter tables rendered for people: `maskinfo list` and docs/reference.md. */
#ifndef MASKINFO_REFERENCE_H
#define MASKINFO_REFERENCE_H

#include <stdio.h>

#include "maskinfo/parameter.h"

typedef enum mi_reference_form { MI_REFERENCE_TEXT, MI_REFERENCE_MARKDOWN } mi_reference_form;

/* One line (or table row) a parameter: name, legal values, default, unit, help. */
void mi_reference_print(FILE *out, mi_reference_form form, const mi_parameter *table);

/* A part of experiment files that has a table. */
typedef struct mi_reference_part {
    char heading[96];   /* "model gmrf: ..." */
    const char *prefix; /* of its keys in --set: "model." */
    const mi_parameter *table;
} mi_reference_part;

/* The kinds of experiments as a list for a sentence, '"curve" (one source), ... or "sweep" (...)',
 * names between `tick`s ("" or "`"); returns text. */
char *mi_reference_kinds(const char *tick, char *text, size_t size);

/* Every part, for the man page and the completions. */
void mi_reference_visit(void (*visit)(void *context, const mi_reference_part *part), void *context);

/* The whole of docs/reference.md. */
void mi_reference_document(FILE *out);

#endif
