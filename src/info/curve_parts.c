#include "curve_parts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "maskinfo/memory.h"
#include "maskinfo/statistics.h"

static mi_code check_ratios(const double *ratios, size_t points, mi_status *status)
{
    if (points == 0) {
        return mi_fail(status, MI_INPUT, "a curve needs at least one ratio");
    }
    for (size_t p = 0; p < points; p++) {
        if (!(ratios[p] > 0 && ratios[p] < 1)) {
            return mi_fail(status, MI_INPUT, "ratio %g is not between 0 and 1", ratios[p]);
        }
        if (p > 0 && ratios[p] <= ratios[p - 1]) {
            return mi_fail(status, MI_INPUT, "ratios must increase: %g follows %g", ratios[p],
                           ratios[p - 1]);
        }
    }
    return MI_OK;
}

mi_code mi_curve_create(const double *ratios, size_t points, mi_curve **ret_curve,
                        mi_status *status)
{
    mi_curve *curve = NULL;
    mi_code code = check_ratios(ratios, points, status);
    if (code == MI_OK) {
        code = mi_allocate(1, sizeof *curve, &curve, status);
    }
    if (code != MI_OK) {
        return code;
    }
    *ret_curve = curve;
    curve->points = points;
    code = mi_allocate(points, sizeof *curve->ratios, &curve->ratios, status);
    if (code == MI_OK) {
        memcpy(curve->ratios, ratios, points * sizeof *ratios);
    }
    return code;
}

void mi_curve_destroy(mi_curve *curve)
{
    if (curve == NULL) {
        return;
    }
    for (size_t q = 0; q < MI_QUANTITIES; q++) {
        free(curve->values[q]);
        free(curve->mean[q]);
        free(curve->error[q]);
    }
    free(curve->ratios);
    free(curve);
}

mi_code mi_curve_add(mi_curve *curve, mi_quantity q, size_t replicates, mi_status *status)
{
    size_t count = 0;
    mi_code code = mi_product(replicates, curve->points, &count, status);
    if (code == MI_OK) {
        code = mi_allocate(count, sizeof *curve->values[q], &curve->values[q], status);
    }
    if (code == MI_OK) {
        code = mi_allocate(curve->points, sizeof *curve->mean[q], &curve->mean[q], status);
    }
    if (code == MI_OK) {
        code = mi_allocate(curve->points, sizeof *curve->error[q], &curve->error[q], status);
    }
    if (code == MI_OK) {
        curve->replicates[q] = replicates;
    }
    return code;
}

mi_code mi_curve_summarise(mi_curve *curve, mi_status *status)
{
    for (size_t q = 0; q < MI_QUANTITIES; q++) {
        for (size_t p = 0; curve->replicates[q] > 0 && p < curve->points; p++) {
            mi_mean_error(curve->values[q] + p, curve->points, curve->replicates[q],
                          &curve->mean[q][p], &curve->error[q][p]);
            if (!isfinite(curve->mean[q][p]) || !isfinite(curve->error[q][p])) {
                return mi_fail(status, MI_NUMERIC, "the curve is not finite at ratio %g",
                               curve->ratios[p]);
            }
        }
    }
    return MI_OK;
}
