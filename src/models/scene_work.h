/* What one thread works with on draws and masks of a scene. */
#ifndef MASKINFO_MODELS_SCENE_WORK_H
#define MASKINFO_MODELS_SCENE_WORK_H

#include "scene.h"
#include "scene_chain.h"
#include "scene_neighbors.h"

typedef struct mi_scene_work {
    mi_scene_draw *draw;
    mi_scene_chain *chain; /* all sites */
    mi_scene_local *local;
    mi_mixture_room *room;
    size_t *order;     /* (N) the visible sites, then the masked ones */
    double *weights;   /* (K) p(c | x_v) */
    double *residuals; /* (K) */
} mi_scene_work;

/* What the visible sites of work->draw tell, but for the joint information: result, work->weights,
 * and the chain where they are revealed, *ret_visible of them. */
mi_code mi_scene_judge(const mi_scene *scene, const unsigned char *masked, mi_scene_work *work,
                       size_t *ret_visible, mi_mask_result *result, mi_status *status);

#endif
