/* Examples of a scene for training, and what is exactly known of their masked sites and classes. */
#include <math.h>
#include <string.h>

#include "scene_work.h"

mi_code mi_scene_example_shape(const void *state, mi_example_shape *ret_shape, mi_status *status)
{
    (void)status;
    const mi_scene *scene = state;
    *ret_shape = (mi_example_shape){.rows = scene->texture->lattice->rows,
                                    .columns = scene->texture->lattice->columns,
                                    .channels = 1,
                                    .site_rows = 1,
                                    .site_columns = 1,
                                    .classes = scene->classes,
                                    .deviation = sqrt(scene->mean_variance),
                                    .needs_scratch = true};
    return MI_OK;
}

/* The drawn configuration. */
static void fill_values(const mi_scene *scene, const mi_scene_draw *draw, double *values)
{
    for (size_t i = 0; i < scene->sites; i++) {
        values[i] =
            scene->templates[i * scene->classes + draw->class] + draw->texture[i] + draw->constant;
    }
}

mi_code mi_scene_example(const void *state, mi_origin origin, gsl_rng *draw, void *scratch,
                         double *values, int *ret_label, mi_status *status)
{
    (void)origin; /* there are no data */
    (void)status;
    const mi_scene *scene = state;
    mi_scene_work *work = scratch;
    mi_scene_draw_fill(scene, draw, work->draw);
    fill_values(scene, work->draw, values);
    *ret_label = (int)work->draw->class;
    return MI_OK;
}

mi_code mi_scene_sample(const void *state, gsl_rng *draw, void *scratch, double *values,
                        mi_status *status)
{
    int label = 0;
    return mi_scene_example(state, MI_FROM_MODEL, draw, scratch, values, &label, status);
}

/* E(x_i | x_v) = x_i - sum_c p(c | x_v) (x_i - m_ic). */
mi_code mi_scene_posterior(const void *state, const unsigned char *masked, gsl_rng *draw,
                           void *scratch, mi_mask_posterior *posterior, mi_status *status)
{
    const mi_scene *scene = state;
    mi_scene_work *work = scratch;
    size_t visible = 0;
    mi_scene_draw_fill(scene, draw, work->draw);
    fill_values(scene, work->draw, posterior->values);
    memcpy(posterior->mean, posterior->values, scene->sites * sizeof *posterior->mean);
    mi_code code = mi_scene_judge(scene, masked, work, &visible, &posterior->result, status);
    for (size_t j = visible; j < scene->sites && code == MI_OK; j++) {
        mi_scene_chain_site(work->chain, j, work->residuals);
        for (size_t c = 0; c < scene->classes; c++) {
            posterior->mean[work->order[j]] -= work->weights[c] * work->residuals[c];
        }
    }
    memcpy(posterior->classes, work->weights, scene->classes * sizeof *posterior->classes);
    return code;
}
