/* The "center" experiment (no network): what its files share. */
#ifndef MASKINFO_LAB_CENTER_H
#define MASKINFO_LAB_CENTER_H

#include "maskinfo/dynamics.h"
#include "resolve.h"

mi_code mi_center_resolve(mi_resolver *r, const cJSON *document, mi_experiment *experiment);

/* Is the published file, where there is one, good? */
mi_code mi_center_check(const mi_experiment *experiment, mi_faults *faults, mi_status *status);
mi_code mi_center_run(const mi_experiment *experiment, const mi_run *run, mi_faults *faults,
                      cJSON **ret_result, mi_status *status);

/* Settings that "stability" and "loop" share; one input, tau_t = 1 and lambda = 1 are to be set. */
mi_dynamics mi_center_dynamics(const mi_values *values);

/* Parts of the result, each added to it: "equilibrium" and "streams"; "stability"; "loop"; and
 * "published", of rows that are held against the law. */
mi_code mi_center_add_streams(const mi_values *values, const mi_run *run, cJSON *result,
                              mi_status *status);
mi_code mi_center_add_stability(const mi_values *values, const mi_run *run, cJSON *result,
                                mi_status *status);
mi_code mi_center_add_loop(const mi_values *values, const mi_run *run, cJSON *result,
                           mi_status *status);
mi_code mi_center_add_published(const mi_experiment *experiment, mi_faults *faults, cJSON *result,
                                mi_status *status);

#endif
