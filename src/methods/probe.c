#include <math.h>

#include "probe_parts.h"

static mi_code check_labels(const mi_probe_data *data, const char *part, size_t classes,
                            mi_status *status)
{
    for (size_t i = 0; i < data->count; i++) {
        if (data->labels[i] < 0 || (size_t)data->labels[i] >= classes) {
            return mi_fail_at(status, "labels",
                              "the label of %s example %zu is %d; labels must be 0 .. %zu", part, i,
                              data->labels[i], classes - 1);
        }
    }
    return MI_OK;
}

static mi_code check_finite(const mi_probe_data *data, const char *part, mi_status *status)
{
    for (size_t i = 0; i < data->count; i++) {
        const mi_scalar *x = data->features + i * data->size;
        for (size_t j = 0; j < data->size; j++) {
            if (!isfinite(x[j])) {
                return mi_fail_at(status, "features",
                                  "feature %zu of %s example %zu is %g; features must be finite", j,
                                  part, i, (double)x[j]);
            }
        }
    }
    return MI_OK;
}

static bool is_constant(const mi_probe_data *data)
{
    for (size_t i = data->size; i < data->count * data->size; i++) {
        if (data->features[i] != data->features[i - data->size]) {
            return false;
        }
    }
    return true;
}

static mi_code check_part(const mi_probe_data *data, const char *part, size_t classes,
                          mi_status *status)
{
    if (data->count == 0) {
        return mi_fail(status, MI_INPUT, "there are no %s examples", part);
    }
    mi_code code = check_labels(data, part, classes, status);
    return code != MI_OK ? code : check_finite(data, part, status);
}

mi_code mi_probe_check(const mi_probe_data *training, const mi_probe_data *held_out, size_t classes,
                       mi_status *status)
{
    if (classes == 0) {
        return mi_fail(status, MI_INPUT, "there are no classes");
    }
    if (training->size == 0 || training->size != held_out->size) {
        return mi_fail(status, MI_INPUT,
                       "training examples have %zu features and held-out ones %zu; both must have "
                       "the same number, at least 1",
                       training->size, held_out->size);
    }
    mi_code code = check_part(training, "training", classes, status);
    if (code == MI_OK) {
        code = check_part(held_out, "held-out", classes, status);
    }
    if (code == MI_OK && is_constant(training)) {
        code = mi_fail_at(status, "features",
                          "all %zu features are constant over the %zu training examples",
                          training->size, training->count);
    }
    return code;
}
