/* What the lattice neighbours of a site tell about it, all else unknown: texture interpolation. */
#ifndef MASKINFO_MODELS_SCENE_NEIGHBORS_H
#define MASKINFO_MODELS_SCENE_NEIGHBORS_H

#include "scene_chain.h"

typedef struct mi_scene_local mi_scene_local;

mi_code mi_scene_local_create(const mi_scene *scene, mi_scene_local **ret_local, mi_status *status);
void mi_scene_local_destroy(mi_scene_local *local); /* accepts NULL */

/* entropies[q] = entropy of p(x_site | the first q of the neighbours listed in near), class
 * unknown, for q = first..count; entropies is (count+1), and what stands before `first` is not
 * touched. */
mi_code mi_scene_local_entropies(const mi_scene *scene, const mi_scene_draw *draw, size_t site,
                                 const size_t *near, size_t count, size_t first,
                                 mi_scene_local *local, double *entropies, mi_status *status);

#endif
