/* All of a scene's profile from one factorisation per random order and drawn configuration: each
 * step of the chain (scene_chain.h) reveals one more site and leaves every masked one as a mixture.
 * h_k is the mean over all of them, which is the conditional expectation of the next site's entropy
 * given the set of the first k (Rao-Blackwell). What the neighbours tell of a site changes only
 * where one of them is revealed, at most 8 times.
 */
#include <math.h>
#include <stdlib.h>

#include "maskinfo/memory.h"
#include "maskinfo/random.h"
#include "scene.h"
#include "scene_chain.h"
#include "scene_neighbors.h"

/* What one thread works with. */
typedef struct workspace {
    gsl_rng *stream, *order_stream;
    mi_scene_draw *draw;
    mi_scene_chain *chain;
    mi_scene_local *local;
    mi_mixture_room *room;
    size_t *order;     /* (N) */
    size_t *place;     /* (N) of each site in the order */
    double *weights;   /* (K) */
    double *residuals; /* (K) */
} workspace;

/* The rows of one replicate, (N) each. */
typedef struct rows {
    double *entropy, *mse, *neighbors, *classes, *semantic;
} rows;

typedef struct job {
    const mi_scene *scene;
    const mi_run *run;
    workspace *workspaces; /* one per thread */
    mi_profile *profile;
} job;

static void workspace_free(workspace *w)
{
    gsl_rng_free(w->stream);
    gsl_rng_free(w->order_stream);
    mi_scene_draw_destroy(w->draw);
    mi_scene_chain_destroy(w->chain);
    mi_scene_local_destroy(w->local);
    free(w->room);
    free(w->order);
    free(w->weights);
}

static mi_code workspace_init(const mi_scene *scene, workspace *w, mi_status *status)
{
    size_t n = scene->sites;
    mi_code code = mi_stream_create(0, MI_PURPOSE_SAMPLE, 0, &w->stream, status);
    if (code != MI_OK ||
        (code = mi_stream_create(0, MI_PURPOSE_ORDER, 0, &w->order_stream, status)) != MI_OK ||
        (code = mi_scene_draw_create(scene, &w->draw, status)) != MI_OK ||
        (code = mi_scene_chain_create(scene, n, &w->chain, status)) != MI_OK ||
        (code = mi_scene_local_create(scene, &w->local, status)) != MI_OK ||
        (code = mi_allocate(1, sizeof *w->room, &w->room, status)) != MI_OK ||
        (code = mi_allocate(2 * n, sizeof *w->order, &w->order, status)) != MI_OK ||
        (code = mi_allocate(2 * scene->classes, sizeof *w->weights, &w->weights, status)) !=
            MI_OK) {
        return code;
    }
    w->place = w->order + n;
    w->residuals = w->weights + scene->classes;
    return MI_OK;
}

/* The neighbours of a site that are revealed before it, in the order in which they are. */
static size_t list_neighbors(const mi_lattice *lattice, const size_t *place, size_t site,
                             size_t *near)
{
    size_t count = 0;
    for (size_t e = 0; e < lattice->degree[site]; e++) {
        size_t other = lattice->neighbor[site][e], at = count;
        if (place[other] > place[site]) {
            continue;
        }
        for (; at > 0 && place[near[at - 1]] > place[other]; at--) {
            near[at] = near[at - 1];
        }
        near[at] = other;
        count++;
    }
    return count;
}

/* Add H(x_site | its revealed neighbours) to row[k] for all k at which the site is masked. */
static mi_code add_neighbors(const mi_scene *scene, workspace *w, size_t site, double *row,
                             mi_status *status)
{
    double entropies[MI_MAX_NEIGHBORS + 1];
    size_t near[MI_MAX_NEIGHBORS];
    size_t count = list_neighbors(scene->texture->lattice, w->place, site, near);
    mi_code code =
        mi_scene_local_entropies(scene, w->draw, site, near, count, 0, w->local, entropies, status);
    for (size_t q = 0, k = 0; code == MI_OK && q <= count; q++) {
        size_t until = q < count ? w->place[near[q]] : w->place[site];
        for (; k <= until; k++) {
            row[k] += entropies[q];
        }
    }
    return code;
}

static mi_code fill_neighbors(const mi_scene *scene, workspace *w, double *row, mi_status *status)
{
    size_t n = scene->sites;
    mi_code code = MI_OK;
    for (size_t site = 0; code == MI_OK && site < n; site++) {
        code = add_neighbors(scene, w, site, row, status);
    }
    for (size_t k = 0; k < n; k++) {
        row[k] /= (double)(n - k);
    }
    return code;
}

/* Means over the sites that are masked when the first k are revealed. */
static void fill_step(const mi_scene *scene, workspace *w, size_t k, rows r)
{
    size_t classes = scene->classes;
    double entropy = 0, semantic = 0, variance = 0, count = (double)(scene->sites - k);
    mi_scene_chain_weights(w->chain, w->weights);
    for (size_t j = k; j < scene->sites; j++) {
        double own = mi_scene_chain_site(w->chain, j, w->residuals);
        double left = mi_mixture_entropy(w->weights, w->residuals, classes, own, w->room);
        entropy += left;
        semantic += mi_scene_semantic(scene, w->order[j], left, own);
        variance += own + mi_mixture_spread(w->weights, w->residuals, classes);
    }
    r.entropy[k] = entropy / count;
    r.semantic[k] = semantic / count;
    r.mse[k] = variance / count / scene->mean_variance;
    r.classes[k] = log((double)classes) - mi_weights_entropy(w->weights, classes);
}

/* Nothing is visible: known without a draw. */
static void fill_first(const mi_scene *scene, rows r)
{
    r.entropy[0] = r.neighbors[0] = scene->mean_marginal;
    r.mse[0] = 1;
    r.classes[0] = r.semantic[0] = 0;
}

static mi_code prepare(const job *j, size_t index, workspace *w, mi_status *status)
{
    size_t n = j->scene->sites;
    mi_stream_set(w->stream, j->run->seed, MI_PURPOSE_SAMPLE, index);
    mi_stream_set(w->order_stream, j->run->seed, MI_PURPOSE_ORDER, index);
    mi_scene_draw_fill(j->scene, w->stream, w->draw);
    mi_random_order(w->order_stream, w->order, n);
    for (size_t k = 0; k < n; k++) {
        w->place[w->order[k]] = k;
    }
    return mi_scene_chain_start(j->scene, w->draw, w->order, n, w->chain, status);
}

/* One replicate: one drawn configuration and one random order. */
static mi_code one_draw(size_t index, size_t thread, void *context, mi_status *status)
{
    job *j = context;
    workspace *w = &j->workspaces[thread];
    mi_series *series = j->profile->series;
    size_t n = j->scene->sites, at = index * n;
    rows r = {series[MI_ENTROPY].values + at, series[MI_MSE].values + at,
              series[MI_NEIGHBORS].values + at, series[MI_CLASS].values + at,
              series[MI_SEMANTIC].values + at};
    mi_code code = prepare(j, index, w, status);
    if (code == MI_OK) {
        code = fill_neighbors(j->scene, w, r.neighbors, status);
    }
    for (size_t k = 1; code == MI_OK && k < n; k++) {
        mi_scene_chain_reveal(w->chain);
        fill_step(j->scene, w, k, r);
        /* One replicate may take seconds; a person who interrupts should not wait for it. */
        if (mi_interrupted(j->run)) {
            code = mi_fail(status, MI_INTERRUPTED, "interrupted");
        }
    }
    fill_first(j->scene, r);
    return code;
}

static mi_code add_series(mi_profile *profile, size_t samples, mi_status *status)
{
    static const mi_series_kind kinds[] = {MI_ENTROPY, MI_MSE, MI_NEIGHBORS, MI_CLASS, MI_SEMANTIC};
    mi_code code = MI_OK;
    for (size_t i = 0; code == MI_OK && i < sizeof kinds / sizeof *kinds; i++) {
        code = mi_profile_add(profile, kinds[i], samples, status);
    }
    return code;
}

static mi_code fill_profile(job *j, size_t samples, mi_status *status)
{
    size_t threads = (size_t)j->run->threads;
    mi_code code = add_series(j->profile, samples, status);
    if (code == MI_OK) {
        code = mi_allocate(threads, sizeof *j->workspaces, &j->workspaces, status);
    }
    for (size_t t = 0; code == MI_OK && t < threads; t++) {
        code = workspace_init(j->scene, &j->workspaces[t], status);
    }
    if (code == MI_OK) {
        code = mi_parallel_for(j->run, "posterior Monte Carlo", samples, one_draw, j, status);
    }
    for (size_t t = 0; j->workspaces != NULL && t < threads; t++) {
        workspace_free(&j->workspaces[t]);
    }
    free(j->workspaces);
    return code;
}

mi_code mi_scene_profile(const void *state, size_t samples, const mi_run *run,
                         mi_profile **ret_profile, mi_status *status)
{
    job j = {.scene = state, .run = run};
    mi_code code = mi_profile_create(j.scene->sites, &j.profile, status);
    if (code == MI_OK) {
        code = fill_profile(&j, samples, status);
    }
    if (code != MI_OK) {
        mi_profile_destroy(j.profile);
        return code;
    }
    *ret_profile = j.profile;
    return MI_OK;
}
