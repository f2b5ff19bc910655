#include "maskinfo/mask.h"

#include <gsl/gsl_math.h>
#include <string.h>

#include "masks.h"

static const mi_mask_class *const classes[] = {&mi_random_mask, &mi_block_mask, &mi_grid_mask,
                                               &mi_span_mask, NULL};

const mi_mask_class *const *mi_mask_classes(void)
{
    return classes;
}

const mi_mask_class *mi_mask_find(const char *name)
{
    for (const mi_mask_class *const *class = classes; *class != NULL; class ++) {
        if (strcmp((*class)->name, name) == 0) {
            return *class;
        }
    }
    return NULL;
}

void mi_mask_from_order(const size_t *order, size_t sites, size_t hidden, unsigned char *masked)
{
    for (size_t i = 0; i < sites; i++) {
        masked[order[i]] = i >= sites - hidden;
    }
}

/* A ratio is given in decimals, so that ratio * sites may miss a whole number by rounding. */
static const double rounding = 1e-9;

size_t mi_mask_draw_count(double ratio, size_t sites, gsl_rng *stream)
{
    double count = ratio * (double)sites, whole = floor(count + rounding);
    double part = count - whole;
    double uniform = gsl_rng_uniform(stream);
    return (size_t)whole + (part > rounding && uniform < part ? 1 : 0);
}

mi_code mi_mask_check_count(double ratio, size_t sites, mi_status *status)
{
    if (ratio * (double)sites < 1 - rounding) {
        return mi_fail_at(status, "ratio",
                          "%g masks less than one of %zu sites: the smallest is %.6g", ratio, sites,
                          1 / (double)sites);
    }
    return MI_OK;
}

mi_code mi_mask_check_dimensions(const char *strategy, mi_layout layout, int dimensions,
                                 const char *instead, mi_status *status)
{
    if (layout.dimensions == dimensions) {
        return MI_OK;
    }
    return mi_fail_at(status, "strategy", "\"%s\" needs a %s, and the model is a %s: use %s",
                      strategy, dimensions == 1 ? "sequence" : "grid",
                      layout.dimensions == 1 ? "sequence" : "grid", instead);
}
