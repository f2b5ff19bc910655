#include "maskinfo/profile.h"

#include <stdlib.h>

#include "maskinfo/memory.h"
#include "maskinfo/statistics.h"

mi_code mi_profile_create(size_t sites, mi_profile **ret_profile, mi_status *status)
{
    mi_code code = mi_allocate(1, sizeof **ret_profile, ret_profile, status);
    if (code == MI_OK) {
        (*ret_profile)->sites = sites;
    }
    return code;
}

mi_code mi_profile_add(mi_profile *profile, mi_series_kind kind, size_t replicates,
                       mi_status *status)
{
    size_t count = 0;
    mi_code code = mi_product(replicates, profile->sites, &count, status);
    if (code != MI_OK) {
        return code;
    }
    mi_series *series = &profile->series[kind];
    code = mi_allocate(count, sizeof *series->values, &series->values, status);
    if (code == MI_OK) {
        series->replicates = replicates;
    }
    return code;
}

void mi_profile_mean(const mi_profile *profile, mi_series_kind kind, double *mean,
                     double *opt_error)
{
    const mi_series *series = &profile->series[kind];
    for (size_t k = 0; k < profile->sites; k++) {
        mi_mean_error(series->values + k, profile->sites, series->replicates, &mean[k],
                      opt_error == NULL ? NULL : &opt_error[k]);
    }
}

void mi_profile_destroy(mi_profile *profile)
{
    if (profile == NULL) {
        return;
    }
    for (size_t kind = 0; kind < MI_SERIES_KINDS; kind++) {
        free(profile->series[kind].values);
    }
    free(profile);
}
