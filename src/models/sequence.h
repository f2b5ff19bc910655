/* What the one-dimensional models share: their length and their shape. */
#ifndef MASKINFO_MODELS_SEQUENCE_H
#define MASKINFO_MODELS_SEQUENCE_H

#include "maskinfo/model.h"

enum { MI_SEQUENCE_LIMIT = 20000 };

/* Entry of a parameter table. */
#define MI_LENGTH_PARAMETER                                                                        \
    {                                                                                              \
        .name = "length", .type = MI_INTEGER, .low = 0, .high = MI_SEQUENCE_LIMIT,                 \
        .fallback = "0", .unit = "sites",                                                          \
        .help = "Length of the sequence; 0 is infinite, 1 is refused"                              \
    }

/* The parameter "length" in *ret_length; a length of 1, where nothing can be visible beside a
 * masked site, is refused. */
mi_code mi_sequence_length(const mi_values *values, size_t *ret_length, mi_status *status);

/* `length` 0: infinite. */
mi_shape mi_sequence_shape(size_t length, size_t vocabulary);

/* MI_OK for a finite sequence, else a refusal that names what would help. */
mi_code mi_sequence_is_finite(size_t length, mi_status *status);

/* A drawn sequence as mi_model_class's `sample` gives it. */
void mi_sequence_values(const size_t *symbols, size_t length, double *values);

#endif
