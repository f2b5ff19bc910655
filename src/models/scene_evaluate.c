/* One mask of a scene: the visible sites are revealed first, then each masked one is a mixture.
 *
 * Joint information: of the identity
 *
 *     I(x_m; x_v) = I(x_m; x_v | C) + I(C; x_m) + I(C; x_v) - I(C; x)
 *
 * the first term is the Gaussian (log|Sigma_mm| + log|Sigma_vv| - log|Sigma|) / 2, exact, and of
 * I(C; .) = log K - H(C | .) the entropies of the class posteriors are averaged. The mean over
 * draws is that of log p(x) - log p(x_m) - log p(x_v), without the scatter of the texture
 * (Rao-Blackwell).
 */
#include <math.h>
#include <stdlib.h>

#include "maskinfo/memory.h"
#include "scene.h"
#include "scene_chain.h"
#include "scene_neighbors.h"
#include "scene_work.h"

void mi_scene_scratch_destroy(void *opt_scratch)
{
    mi_scene_work *s = opt_scratch;
    if (s != NULL) {
        mi_scene_draw_destroy(s->draw);
        mi_scene_chain_destroy(s->chain);
        mi_scene_local_destroy(s->local);
        free(s->room);
        free(s->order);
        free(s->weights);
        free(s);
    }
}

static mi_code scratch_fill(const mi_scene *scene, mi_scene_work *s, mi_status *status)
{
    mi_code code = mi_scene_draw_create(scene, &s->draw, status);
    if (code != MI_OK ||
        (code = mi_scene_chain_create(scene, scene->sites, &s->chain, status)) != MI_OK ||
        (code = mi_scene_local_create(scene, &s->local, status)) != MI_OK ||
        (code = mi_allocate(1, sizeof *s->room, &s->room, status)) != MI_OK ||
        (code = mi_allocate(scene->sites, sizeof *s->order, &s->order, status)) != MI_OK) {
        return code;
    }
    code = mi_allocate(2 * scene->classes, sizeof *s->weights, &s->weights, status);
    s->residuals = s->weights + scene->classes;
    return code;
}

mi_code mi_scene_scratch_create(const void *state, void **ret_scratch, mi_status *status)
{
    mi_scene_work *s = NULL;
    mi_code code = mi_allocate(1, sizeof *s, &s, status);
    if (code != MI_OK) {
        return code;
    }
    code = scratch_fill(state, s, status);
    if (code != MI_OK) {
        mi_scene_scratch_destroy(s);
        return code;
    }
    *ret_scratch = s;
    return MI_OK;
}

/* The sites with masked[i] == 0 or != 0 behind `count` others in the order; the new count. */
static size_t list_sites(const unsigned char *masked, bool want, size_t sites, size_t *order,
                         size_t count)
{
    for (size_t i = 0; i < sites; i++) {
        if ((masked[i] != 0) == want) {
            order[count++] = i;
        }
    }
    return count;
}

static void reveal_until(mi_scene_chain *chain, size_t count)
{
    while (chain->revealed < count) {
        mi_scene_chain_reveal(chain);
    }
}

/* log K - H(C | the revealed sites). */
static double class_information(const mi_scene *scene, mi_scene_work *s)
{
    mi_scene_chain_weights(s->chain, s->weights);
    return log((double)scene->classes) - mi_weights_entropy(s->weights, scene->classes);
}

/* Add what the j-th site of the order is given the revealed ones, of class weights s->weights. */
static void add_site(const mi_scene *scene, mi_scene_work *s, size_t j, mi_mask_result *sum)
{
    size_t classes = scene->classes, site = s->order[j];
    double variance = mi_scene_chain_site(s->chain, j, s->residuals);
    double entropy = scene->marginal[site];
    if (s->chain->revealed > 0) {
        entropy = mi_mixture_entropy(s->weights, s->residuals, classes, variance, s->room);
        sum->semantic_information += mi_scene_semantic(scene, site, entropy, variance);
    }
    sum->marginal_entropy += scene->marginal[site];
    sum->conditional_entropy += entropy;
    sum->cross_entropy -= mi_mixture_log_density(s->weights, s->residuals, classes, variance);
    sum->mse += variance + mi_mixture_spread(s->weights, s->residuals, classes);
}

static mi_code add_neighbors(const mi_scene *scene, const unsigned char *masked, mi_scene_work *s,
                             size_t site, mi_mask_result *sum, mi_status *status)
{
    double entropies[MI_MAX_NEIGHBORS + 1];
    size_t near[MI_MAX_NEIGHBORS], count = 0;
    const mi_lattice *lattice = scene->texture->lattice;
    for (size_t e = 0; e < lattice->degree[site]; e++) {
        if (!masked[lattice->neighbor[site][e]]) {
            near[count++] = lattice->neighbor[site][e];
        }
    }
    mi_code code = mi_scene_local_entropies(scene, s->draw, site, near, count, count, s->local,
                                            entropies, status);
    sum->neighbor_entropy += entropies[count];
    return code;
}

/* What the visible sites tell: sums over the masked ones, divided by their number. */
static mi_code given_visible(const mi_scene *scene, const unsigned char *masked, size_t visible,
                             mi_scene_work *s, mi_mask_result *result, mi_status *status)
{
    size_t n = scene->sites;
    double count = (double)(n - visible);
    mi_code code = MI_OK;
    result->class_information = class_information(scene, s);
    for (size_t j = visible; code == MI_OK && j < n; j++) {
        add_site(scene, s, j, result);
        code = add_neighbors(scene, masked, s, s->order[j], result, status);
    }
    result->marginal_entropy /= count;
    result->conditional_entropy /= count;
    result->cross_entropy /= count;
    result->neighbor_entropy /= count;
    result->semantic_information /= count;
    result->mse /= count * scene->mean_variance;
    return code;
}

/* The chain of all sites stands where the visible ones are revealed; it is used up. */
static mi_code joint_information(const mi_scene *scene, const unsigned char *masked, size_t visible,
                                 mi_scene_work *s, mi_mask_result *result, mi_status *status)
{
    size_t n = scene->sites;
    double logs = mi_scene_chain_log_determinant(scene, s->chain);
    double classes = result->class_information;
    reveal_until(s->chain, n);
    logs -= mi_scene_chain_log_determinant(scene, s->chain);
    classes -= class_information(scene, s);
    size_t hidden = list_sites(masked, true, n, s->order, 0);
    mi_code code = mi_scene_chain_start(scene, s->draw, s->order, hidden, s->chain, status);
    if (code != MI_OK) {
        return code;
    }
    reveal_until(s->chain, hidden);
    logs += mi_scene_chain_log_determinant(scene, s->chain);
    classes += class_information(scene, s);
    result->joint_information = visible == 0 ? 0 : (0.5 * logs + classes) / (double)n;
    return MI_OK;
}

mi_code mi_scene_judge(const mi_scene *scene, const unsigned char *masked, mi_scene_work *s,
                       size_t *ret_visible, mi_mask_result *result, mi_status *status)
{
    size_t n = scene->sites, visible = list_sites(masked, false, n, s->order, 0);
    *result = (mi_mask_result){0};
    *ret_visible = visible;
    list_sites(masked, true, n, s->order, visible);
    mi_code code = mi_scene_chain_start(scene, s->draw, s->order, n, s->chain, status);
    if (code != MI_OK) {
        return code;
    }
    reveal_until(s->chain, visible);
    return given_visible(scene, masked, visible, s, result, status);
}

mi_code mi_scene_evaluate(const void *state, const unsigned char *masked, mi_origin origin,
                          gsl_rng *draw, bool wants_joint, void *opaque, mi_mask_result *result,
                          mi_status *status)
{
    (void)origin; /* there is no held-out data */
    const mi_scene *scene = state;
    mi_scene_work *s = opaque;
    size_t visible = 0;
    mi_scene_draw_fill(scene, draw, s->draw);
    mi_code code = mi_scene_judge(scene, masked, s, &visible, result, status);
    return code == MI_OK && wants_joint
               ? joint_information(scene, masked, visible, s, result, status)
               : code;
}
