#include "units.h"

#include <stdlib.h>

#include "maskinfo/memory.h"

typedef struct grouping {
    size_t count;  /* units */
    size_t *group; /* (samples) */
    size_t *size;  /* (samples) replicates of a unit; the first `count` are in use */
} grouping;

static mi_code grouping_make(const size_t *units, size_t samples, grouping *g, mi_status *status)
{
    mi_code code = mi_allocate(samples, sizeof *g->group, &g->group, status);
    if (code == MI_OK) {
        code = mi_allocate(samples, sizeof *g->size, &g->size, status);
    }
    for (size_t j = 0; code == MI_OK && j < samples; j++) {
        size_t earlier = 0;
        while (units[earlier] != units[j]) {
            earlier++;
        }
        g->group[j] = earlier < j ? g->group[earlier] : g->count++;
        g->size[g->group[j]]++;
    }
    return code;
}

static mi_code fold(mi_curve *curve, mi_quantity q, const grouping *g, size_t samples,
                    mi_status *status)
{
    size_t points = curve->points;
    double *folded = NULL;
    mi_code code = mi_allocate(g->count * points, sizeof *folded, &folded, status);
    if (code != MI_OK) {
        return code;
    }
    for (size_t j = 0; j < samples; j++) {
        double share = 1 / (double)g->size[g->group[j]];
        for (size_t p = 0; p < points; p++) {
            folded[g->group[j] * points + p] += share * curve->values[q][j * points + p];
        }
    }
    free(curve->values[q]);
    curve->values[q] = folded;
    curve->replicates[q] = g->count;
    return MI_OK;
}

mi_code mi_units_fold(mi_curve *curve, const size_t *units, size_t samples, mi_status *status)
{
    grouping g = {.count = 0};
    mi_code code = grouping_make(units, samples, &g, status);
    if (code == MI_OK && g.count < 2) {
        code = mi_fail(status, MI_INPUT,
                       "all %zu samples are of one image, which tells nothing of the error: more "
                       "images or more samples are needed",
                       samples);
    }
    for (size_t q = 0; code == MI_OK && q < MI_QUANTITIES; q++) {
        code = curve->replicates[q] > 0 ? fold(curve, (mi_quantity)q, &g, samples, status) : MI_OK;
    }
    free(g.group);
    free(g.size);
    return code;
}
