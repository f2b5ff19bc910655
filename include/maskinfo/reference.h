/* Parameter tables rendered for people: `maskinfo list` and docs/reference.md. */
#ifndef MASKINFO_REFERENCE_H
#define MASKINFO_REFERENCE_H

#include <stdio.h>

#include "maskinfo/parameter.h"

typedef enum mi_reference_form { MI_REFERENCE_TEXT, MI_REFERENCE_MARKDOWN } mi_reference_form;

/* One line (or table row) a parameter: name, legal values, default, unit, help. */
void mi_reference_print(FILE *out, mi_reference_form form, const mi_parameter *table);

/* The whole of docs/reference.md. */
void mi_reference_document(FILE *out);

#endif
