/* From JSON to the parts of a resolved experiment. Faults are collected; functions fail only for
 * want of memory. */
#ifndef MASKINFO_LAB_RESOLVE_H
#define MASKINFO_LAB_RESOLVE_H

#include "lab.h"

typedef struct mi_resolver {
    mi_binding binding;
    mi_faults *faults;
    mi_status *status;
    const mi_run *opt_run; /* asked whether to stop, where there is much to resolve */
} mi_resolver;

mi_code mi_resolve_no_memory(mi_resolver *r);

/* Put an item, which may be NULL for want of memory, into an object, which owns it from then on. */
mi_code mi_resolve_add(mi_resolver *r, cJSON *object, const char *name, cJSON *item);

/* Replace the file names of MI_FILE parameters, also of groups, by where the files are found. */
mi_code mi_resolve_files(mi_resolver *r, mi_values *values);

/* The name at the discriminating key ("type", "strategy") of an object, or opt_default where it is
 * left out; NULL after a fault. */
const char *mi_resolve_name(mi_resolver *r, const cJSON *object, const char *path, const char *key,
                            const char *opt_default);

/* A fault of a discriminating key: `known` are the names that it may have, "" ending the text. */
void mi_resolve_unknown(mi_resolver *r, const char *path, const char *key, const char *name,
                        const char *known);

/* Bind one part of an experiment and put it, with its discriminating name in front where there is a
 * key, into the resolved configuration. */
mi_code mi_resolve_part(mi_resolver *r, const cJSON *object, const char *path, const char *part,
                        const char *key, const char *opt_name, const mi_parameter *table,
                        mi_values **ret_values, cJSON *resolved);

/* The item at a key of a curve's or run's own object, else of the one that it inherits from (the
 * same in an experiment of one), and its path. */
const cJSON *mi_resolve_inherited(const cJSON *own, const cJSON *shared, const char *path,
                                  const char *key, char at[MI_PATH_SIZE]);

/* Parts of a curve, each also put into its resolved configuration. */
mi_code mi_resolve_model(mi_resolver *r, const cJSON *object, const char *path, mi_curve_config *c);
mi_code mi_resolve_mask(mi_resolver *r, const cJSON *object, const char *path, mi_curve_config *c);
mi_code mi_resolve_seed(mi_resolver *r, const cJSON *own, const cJSON *shared, const char *path,
                        mi_curve_config *c);

/* A whole curve; `own` is its object, `shared` what it inherits from. */
mi_code mi_resolve_curve(mi_resolver *r, const cJSON *own, const cJSON *shared, const char *path,
                         mi_curve_config *c);
void mi_curve_config_free(mi_curve_config *c); /* what it holds, not itself */

#endif
