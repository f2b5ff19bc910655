#include "scene_neighbors.h"

#include <stdlib.h>
#include <string.h>

#include "maskinfo/memory.h"

struct mi_scene_local {
    mi_scene_chain *chain; /* a site and its neighbours */
    mi_mixture_room room;
    double weights[MI_MIXTURE_COMPONENTS], residuals[MI_MIXTURE_COMPONENTS];
};

mi_code mi_scene_local_create(const mi_scene *scene, mi_scene_local **ret_local, mi_status *status)
{
    mi_scene_local *local = NULL;
    mi_code code = mi_allocate(1, sizeof *local, &local, status);
    if (code != MI_OK) {
        return code;
    }
    code = mi_scene_chain_create(scene, MI_MAX_NEIGHBORS + 1, &local->chain, status);
    if (code != MI_OK) {
        free(local);
        return code;
    }
    *ret_local = local;
    return MI_OK;
}

void mi_scene_local_destroy(mi_scene_local *local)
{
    if (local != NULL) {
        mi_scene_chain_destroy(local->chain);
        free(local);
    }
}

/* The site stands behind its neighbours in the chain. */
static double entropy_now(const mi_scene *scene, size_t site, mi_scene_local *local)
{
    const mi_scene_chain *chain = local->chain;
    if (chain->revealed == 0) {
        return scene->marginal[site];
    }
    mi_scene_chain_weights(chain, local->weights);
    double variance = mi_scene_chain_site(chain, chain->count - 1, local->residuals);
    return mi_mixture_entropy(local->weights, local->residuals, scene->classes, variance,
                              &local->room);
}

mi_code mi_scene_local_entropies(const mi_scene *scene, const mi_scene_draw *draw, size_t site,
                                 const size_t *near, size_t count, size_t first,
                                 mi_scene_local *local, double *entropies, mi_status *status)
{
    size_t order[MI_MAX_NEIGHBORS + 1];
    memcpy(order, near, count * sizeof *order);
    order[count] = site;
    mi_code code = mi_scene_chain_start(scene, draw, order, count + 1, local->chain, status);
    for (size_t q = 0; code == MI_OK && q <= count; q++) {
        if (q > 0) {
            mi_scene_chain_reveal(local->chain);
        }
        if (q >= first) {
            entropies[q] = entropy_now(scene, site, local);
        }
    }
    return code;
}
