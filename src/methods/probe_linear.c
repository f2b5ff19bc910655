/* A linear classifier on frozen features. */
#include <math.h>
#include <stdlib.h>

#include "maskinfo/memory.h"
#include "probe_parts.h"

mi_code mi_probe_linear(const mi_probe_data *training, const mi_probe_data *held_out,
                        size_t classes, double ridge, const mi_run *run, double *ret_accuracy,
                        mi_status *status)
{
    mi_code code = mi_probe_check(training, held_out, classes, status);
    if (code != MI_OK) {
        return code;
    }
    if (!(ridge > 0 && isfinite(ridge))) {
        return mi_fail_at(status, "ridge",
                          "ridge is %g; it must be positive, because separable classes have no "
                          "finite weights without it",
                          ridge);
    }
    mi_softmax *model = NULL;
    int *told = NULL;
    code = mi_softmax_fit(training, classes, ridge, run, &model, status);
    if (code == MI_OK) {
        code = mi_allocate(held_out->count, sizeof *told, &told, status);
    }
    if (code == MI_OK) {
        code = mi_softmax_tell(model, held_out, run, told, status);
    }
    if (code == MI_OK) {
        size_t right = 0;
        for (size_t i = 0; i < held_out->count; i++) {
            right += told[i] == held_out->labels[i];
        }
        *ret_accuracy = (double)right / (double)held_out->count;
    }
    free(told);
    mi_softmax_destroy(model);
    return code;
}
