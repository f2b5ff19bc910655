#include "sequence.h"

mi_code mi_sequence_length(const mi_values *values, size_t *ret_length, mi_status *status)
{
    *ret_length = mi_count(values, "length");
    if (*ret_length == 1) {
        return mi_fail_at(status, "length",
                          "is 1; it must be 0 (infinite) or a whole number in [2, %d]",
                          MI_SEQUENCE_LIMIT);
    }
    return MI_OK;
}

mi_shape mi_sequence_shape(size_t length, size_t vocabulary)
{
    return (mi_shape){
        .dimensions = 1, .sites = length, .rows = 1, .columns = length, .vocabulary = vocabulary};
}

mi_code mi_sequence_is_finite(size_t length, mi_status *status)
{
    if (length == 0) {
        return mi_fail_at(status, "length",
                          "is 0 (infinite); this needs a finite length, a whole number in [2, %d]",
                          MI_SEQUENCE_LIMIT);
    }
    return MI_OK;
}

void mi_sequence_values(const size_t *symbols, size_t length, double *values)
{
    for (size_t i = 0; i < length; i++) {
        values[i] = (double)symbols[i];
    }
}
