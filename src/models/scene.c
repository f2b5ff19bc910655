#include "scene.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "maskinfo/memory.h"
#include "models.h"
#include "scene_templates.h"

enum {
    MAX_SIDE = 64, /* at most 4096 sites: a matrix of 134 MB, once for the field, once per thread */
    MAX_CLASSES = MI_MIXTURE_COMPONENTS,
};
static const double least_kappa = 1e-9, most_kappa = 1e9, most_scale = 1000, most_smoothness = 100,
                    most_seed = 9007199254740991.0; /* 2^53 - 1 */

static const char *const boundaries[] = {"free", "torus", NULL};

static const mi_parameter parameters[] = {
    {.name = "grid",
     .type = MI_GRID,
     .low = 1,
     .high = MAX_SIDE,
     .fallback = "[14, 14]",
     .unit = "sites",
     .help = "rows and columns of the lattice, at least 2 sites in all"},
    {.name = "classes",
     .type = MI_INTEGER,
     .low = 1,
     .high = MAX_CLASSES,
     .fallback = "8",
     .unit = "",
     .help = "K, equally likely; 1 is the texture alone"},
    {.name = "template_scale",
     .type = MI_REAL,
     .low = 0,
     .high = 1000,
     .fallback = "1",
     .unit = "standard deviations of the texture",
     .help = "standard deviation of the templates over sites and classes, relative to that of the "
             "texture on its own at a site; 0 is the texture alone"},
    {.name = "template_smoothness",
     .type = MI_REAL,
     .low = 0,
     .high = 100,
     .fallback = "4",
     .unit = "sites",
     .help = "correlation length l of the templates, exp(-d^2/(2 l^2)) at the distance d"},
    {.name = "template_seed",
     .type = MI_INTEGER,
     .low = 0,
     .high = 9007199254740991.0,
     .fallback = "1",
     .unit = "",
     .help = "which templates are drawn; belongs to the model, unlike the run's seed"},
    {.name = "neighbors",
     .type = MI_INTEGER,
     .low = 4,
     .high = 8,
     .fallback = "8",
     .unit = "",
     .help = "4: sites that share a side are coupled; 8: also those that share a corner"},
    {.name = "kappa",
     .type = MI_REAL,
     .low = 1e-9,
     .high = 1e9,
     .fallback = "0.1",
     .unit = "",
     .help = "of the texture: pull of each site towards its template, against a coupling of 1 "
             "between neighbours; the smaller, the farther the texture's correlation reaches"},
    {.name = "boundary",
     .type = MI_CHOICE,
     .fallback = "\"free\"",
     .choices = boundaries,
     .unit = "",
     .help = "torus joins opposite sides (each at least 3)"},
    {.name = NULL},
};

static mi_code check_real(const mi_values *values, const char *name, double low, double high,
                          mi_status *status)
{
    double value = mi_real(values, name);
    if (!(value >= low && value <= high)) {
        return mi_fail_at(status, name, "%g is not a number in [%g, %g]", value, low, high);
    }
    return MI_OK;
}

static mi_code check_whole(const mi_values *values, const char *name, double low, double high,
                           mi_status *status)
{
    long long value = mi_integer(values, name);
    if (!((double)value >= low && (double)value <= high)) {
        return mi_fail_at(status, name, "%lld is not a whole number in [%.0f, %.0f]", value, low,
                          high);
    }
    return MI_OK;
}

/* What the texture does not check itself. */
static mi_code check_values(const mi_values *values, mi_status *status)
{
    const size_t *grid = mi_values_find(values, "grid")->grid;
    if (grid[0] > MAX_SIDE || grid[1] > MAX_SIDE) {
        return mi_fail_at(status, "grid",
                          "[%zu, %zu] is too large: [rows, columns], whole numbers in [1, %d]",
                          grid[0], grid[1], MAX_SIDE);
    }
    mi_code code = check_whole(values, "classes", 1, MAX_CLASSES, status);
    if (code == MI_OK) {
        code = check_real(values, "template_scale", 0, most_scale, status);
    }
    if (code == MI_OK) {
        code = check_real(values, "template_smoothness", 0, most_smoothness, status);
    }
    if (code == MI_OK) {
        code = check_whole(values, "template_seed", 0, most_seed, status);
    }
    if (code == MI_OK) {
        code = check_real(values, "kappa", least_kappa, most_kappa, status);
    }
    return code;
}

static void scene_destroy(void *state)
{
    mi_scene *scene = state;
    if (scene != NULL) {
        mi_gmrf_destroy(scene->texture);
        free(scene->templates);
        free(scene->marginal);
        free(scene->texture_alone);
        free(scene);
    }
}

static mi_code draw_templates(mi_scene *scene, const mi_values *values, mi_status *status)
{
    const mi_lattice *lattice = scene->texture->lattice;
    const mi_template_law law = {
        .rows = lattice->rows,
        .columns = lattice->columns,
        .classes = scene->classes,
        .torus = mi_is(values, "boundary", "torus"),
        .smoothness = mi_real(values, "template_smoothness"),
        .scale = mi_real(values, "template_scale") * sqrt(scene->texture->mean_variance),
        .seed = (uint64_t)mi_integer(values, "template_seed"),
    };
    mi_code code = mi_allocate(scene->sites * scene->classes, sizeof *scene->templates,
                               &scene->templates, status);
    return code == MI_OK ? mi_templates_draw(&law, scene->templates, status) : code;
}

/* H(X_i), a mixture over the classes with equal weights, H(X_i | C), and the mean of Var(X_i). */
static void add_marginal(mi_scene *scene, size_t site, mi_mixture_room *room)
{
    const double *means = scene->templates + site * scene->classes;
    double weights[MAX_CLASSES], n = (double)scene->sites;
    double variance = scene->texture->regular[site * scene->sites + site] + scene->texture->common;
    for (size_t c = 0; c < scene->classes; c++) {
        weights[c] = 1 / (double)scene->classes;
    }
    scene->marginal[site] = mi_mixture_entropy(weights, means, scene->classes, variance, room);
    scene->texture_alone[site] = mi_gaussian_entropy(log(variance));
    scene->mean_marginal += scene->marginal[site] / n;
    scene->mean_variance += (variance + mi_mixture_spread(weights, means, scene->classes)) / n;
}

static mi_code find_marginals(mi_scene *scene, mi_status *status)
{
    size_t n = scene->sites;
    mi_mixture_room *room = NULL;
    mi_code code = mi_allocate(n, sizeof *scene->marginal, &scene->marginal, status);
    if (code == MI_OK) {
        code = mi_allocate(n, sizeof *scene->texture_alone, &scene->texture_alone, status);
    }
    if (code == MI_OK) {
        code = mi_allocate(1, sizeof *room, &room, status);
    }
    for (size_t i = 0; code == MI_OK && i < n; i++) {
        add_marginal(scene, i, room);
    }
    free(room);
    return code;
}

double mi_scene_semantic(const mi_scene *scene, size_t site, double entropy, double variance)
{
    double texture = scene->texture_alone[site] - mi_gaussian_entropy(log(variance));
    return scene->marginal[site] - entropy - texture;
}

static mi_code scene_fill(mi_scene *scene, const mi_values *values, const mi_run *run,
                          mi_status *status)
{
    mi_code code = mi_gmrf_create(values, 1, false, run, &scene->texture, status);
    if (code == MI_OK) {
        scene->sites = scene->texture->lattice->sites;
        scene->classes = mi_count(values, "classes");
        code = draw_templates(scene, values, status);
    }
    return code == MI_OK ? find_marginals(scene, status) : code;
}

static mi_code scene_create(const mi_values *values, const mi_run *run, void **ret_state,
                            mi_status *status)
{
    mi_scene *scene = NULL;
    mi_code code = check_values(values, status);
    if (code != MI_OK || (code = mi_allocate(1, sizeof *scene, &scene, status)) != MI_OK) {
        return code;
    }
    code = scene_fill(scene, values, run, status);
    if (code != MI_OK) {
        scene_destroy(scene);
        return code;
    }
    *ret_state = scene;
    return MI_OK;
}

static mi_shape scene_shape(const void *state)
{
    const mi_lattice *lattice = ((const mi_scene *)state)->texture->lattice;
    return (mi_shape){.dimensions = 2,
                      .sites = lattice->sites,
                      .rows = lattice->rows,
                      .columns = lattice->columns};
}

static bool scene_remark(const void *state, char *text, size_t size)
{
    const mi_scene *scene = state;
    if (scene->mean_variance <= scene->texture->mean_variance) {
        return false; /* no templates, or all of them zero */
    }
    snprintf(text, size,
             "The %zu templates are one draw, fixed by template_seed; others give other curves, by "
             "more than the standard errors, which speak of this draw alone.",
             scene->classes);
    return true;
}

const mi_model_class mi_scene_class = {
    .name = "scene",
    .summary = "one of K smooth templates, the class, plus a Gaussian texture on a lattice",
    .parameters = parameters,
    .tells = MI_TELLS_NEIGHBORS | MI_TELLS_CLASS,
    .create = scene_create,
    .destroy = scene_destroy,
    .shape = scene_shape,
    .evaluate = mi_scene_evaluate,
    .scratch_create = mi_scene_scratch_create,
    .scratch_destroy = mi_scene_scratch_destroy,
    .posterior_profile = mi_scene_profile,
    .sample = mi_scene_sample,
    .example_shape = mi_scene_example_shape,
    .example = mi_scene_example,
    .posterior = mi_scene_posterior,
    .remark = scene_remark,
};
