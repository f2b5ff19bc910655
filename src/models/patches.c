/* Model `patches`: a density fitted to crops of real images. docs/theory.md, section 3.5. */
#include <stdio.h>
#include <stdlib.h>

#include "maskinfo/data.h"
#include "maskinfo/memory.h"
#include "models.h"
#include "patch_examples.h"
#include "patch_fit.h"
#include "patch_masks.h"
#include "patch_part.h"
#include "patch_profile.h"
#include "patch_source.h"

enum {
    MAX_DIMENSION = 4096,   /* a covariance of 134 MB, once for the fit and once per thread */
    VALIDATION_CROPS = 600, /* enough to tell likelihoods of several nats per crop apart */
};

/* Gain of an EM update below which it is the last, nats per pixel: far below the errors of the
 * information. */
static const double enough = 1e-3;

static const char *const families[] = {"scale-mixture", "gaussian", NULL};
static const char *const splits[] = {"region", "image", NULL};

static const mi_parameter parameters[] = {
    {.name = "images",
     .type = MI_PATHS,
     .flags = MI_FILE,
     .fallback = "\"data/photos\"",
     .unit = "",
     .help = "folders of JPEG and PNG files, such files, or IDX files, of which grey values are "
             "used; or one .npy array: images x rows x columns (x channels), or time (x features)"},
    {.name = "color",
     .type = MI_FLAG,
     .fallback = "false",
     .unit = "",
     .help =
         "use red, green and blue of JPEG and PNG files, three values at a pixel, and not grey; "
         "each file must have colour"},
    {.name = "patch",
     .type = MI_INTEGER,
     .low = 1,
     .high = 32,
     .fallback = "2",
     .unit = "pixels",
     .help = "side of a patch, which is one site; of a series, steps in time"},
    {.name = "grid",
     .type = MI_GRID,
     .low = 1,
     .high = 4096,
     .fallback = "[14, 14]",
     .unit = "patches",
     .help = "rows and columns of a crop, at least 2 of each, of a series [1, L]; at most 4096 "
             "values in all"},
    {.name = "family",
     .type = MI_CHOICE,
     .fallback = "\"scale-mixture\"",
     .choices = families,
     .unit = "",
     .help = "Gaussians that share a covariance and differ in contrast, or one Gaussian"},
    {.name = "crops",
     .type = MI_INTEGER,
     .low = 100,
     .high = 1e6,
     .flags = MI_EFFORT,
     .fallback = "12000",
     .unit = "crops",
     .help = "to fit on, the same number from each image; fewer where an image has fewer places"},
    {.name = "held_out_crops",
     .type = MI_INTEGER,
     .low = 24,
     .high = 1e6,
     .flags = MI_EFFORT,
     .fallback = "2400",
     .unit = "crops",
     .help = "to evaluate on, likewise, from parts of the images that the fit has not seen"},
    {.name = "split",
     .type = MI_CHOICE,
     .fallback = "null",
     .choices = splits,
     .unit = "",
     .help = "hold out 2/5 of each image or 2/5 of the images; absent: by region where all images "
             "are at least five crops long, else by image"},
    {.name = "scales",
     .type = MI_INTEGER,
     .low = 1,
     .high = 200,
     .fallback = "25",
     .unit = "",
     .help = "contrasts of the scale mixture, equally spaced in their logarithm"},
    {.name = "iterations",
     .type = MI_INTEGER,
     .low = 0,
     .high = 100,
     .fallback = "30",
     .unit = "",
     .help = "EM updates of the scale mixture, at most; they end where they gain little"},
    {.name = "part",
     .type = MI_CHOICE,
     .fallback = "\"all\"",
     .choices = mi_image_parts,
     .unit = "",
     .help = "of the images: all, or every other one from the first or the second on (of a series "
             "in time, its first or second half), to see what depends on the half"},
    {.name = "shrinkage",
     .type = MI_REAL,
     .low = 0,
     .high = 1,
     .fallback = "null",
     .unit = "",
     .help = "share of the stationary covariance; absent: chosen by validation on fitting images"},
    {.name = NULL},
};

typedef struct patches_state {
    mi_crop_shape shape;
    mi_patch_data data;
    size_t images, fitting_crops;
    bool series, shrinkage_given;
    double log_unit;       /* of mi_patch_log_unit */
    char data_remark[300]; /* of mi_patch_source_remark */
    mi_patch_fit *fit;
    mi_crops *evaluation;
    mi_crops *in_sample; /* about as many of the fitting crops */
    mi_patch_masks *masks;
} patches_state;

static mi_split_kind wanted_split(const mi_values *values)
{
    if (!mi_given(values, "split")) {
        return MI_SPLIT_AUTO;
    }
    return mi_is(values, "split", "region") ? MI_SPLIT_REGION : MI_SPLIT_IMAGE;
}

static mi_patch_options read_options(const mi_values *values, mi_crop_shape shape)
{
    bool mixture = mi_is(values, "family", "scale-mixture");
    return (mi_patch_options){
        .shape = shape,
        .scales = mixture ? mi_count(values, "scales") : 1,
        .iterations = mi_count(values, "iterations"),
        .enough = enough,
        .shrinkage = mi_given(values, "shrinkage") ? mi_real(values, "shrinkage") : -1,
    };
}

/* Crops of all parts; those for fitting and validation stay with the caller. */
static mi_code cut_crops(patches_state *p, const mi_images *images, const mi_values *values,
                         const mi_run *run, mi_crops **fitting, mi_crops **validation,
                         mi_status *status)
{
    size_t wanted = mi_count(values, "crops"), held_out = mi_count(values, "held_out_crops");
    mi_code code =
        mi_split_create(images, p->shape, wanted_split(values), run, &p->data.split, status);
    const mi_split *split = p->data.split;
    if (code == MI_OK) {
        code = mi_crops_draw(images, split, MI_PART_FIT, p->shape, wanted, run, fitting, status);
    }
    if (code == MI_OK) {
        code = mi_crops_draw(images, split, MI_PART_VALIDATION, p->shape, VALIDATION_CROPS, run,
                             validation, status);
    }
    if (code == MI_OK) {
        code = mi_crops_draw(images, split, MI_PART_EVALUATION, p->shape, held_out, run,
                             &p->evaluation, status);
    }
    if (code == MI_OK) {
        code = mi_crops_thin(*fitting, p->evaluation->count, &p->in_sample, status);
    }
    return code;
}

static mi_code fit_images(patches_state *p, const mi_images *images, const mi_values *values,
                          const mi_run *run, mi_status *status)
{
    mi_patch_options options = read_options(values, p->shape);
    mi_crops *fitting = NULL, *validation = NULL;
    mi_code code = cut_crops(p, images, values, run, &fitting, &validation, status);
    if (code == MI_OK) {
        p->fitting_crops = fitting->count;
        mi_patch_data_scale(&p->data, fitting);
        code = mi_patch_check_varied(images, p->shape, fitting, status);
    }
    if (code == MI_OK && !run->validate_only) {
        code = mi_patch_fit_create(fitting, validation, &options, run, &p->fit, status);
    }
    mi_crops_destroy(fitting);
    mi_crops_destroy(validation);
    return code;
}

static void patches_destroy(void *state)
{
    patches_state *p = state;
    if (p == NULL) {
        return;
    }
    mi_patch_masks_destroy(p->masks);
    mi_patch_fit_destroy(p->fit);
    mi_crops_destroy(p->evaluation);
    mi_crops_destroy(p->in_sample);
    mi_patch_data_free(&p->data);
    free(p);
}

static mi_code prepare_evaluation(patches_state *p, const mi_images *images, const mi_run *run,
                                  mi_status *status)
{
    mi_code code = mi_patch_check_determined(images, p->shape, p->fit, status);
    return code == MI_OK ? mi_patch_masks_create(p->fit, p->shape, p->log_unit, p->evaluation, run,
                                                 &p->masks, status)
                         : code;
}

static mi_code patches_create(const mi_values *values, const mi_run *run, void **ret_state,
                              mi_status *status)
{
    patches_state *p = NULL;
    mi_code code = mi_allocate(1, sizeof *p, &p, status);
    if (code == MI_OK) {
        p->shrinkage_given = mi_given(values, "shrinkage");
        code = mi_patch_source_read(values, MAX_DIMENSION, &p->data.images, &p->shape, status);
    }
    if (code == MI_OK) {
        p->data.shape = p->shape;
        code = mi_image_part_create(p->data.images, mi_text(values, "part"), &p->data.part, status);
    }
    if (code == MI_OK) {
        const mi_images *part = p->data.part;
        p->images = part->count;
        p->series = part->series;
        p->log_unit = mi_patch_log_unit(part, p->shape);
        mi_patch_source_remark(part, p->data_remark, sizeof p->data_remark);
        code = fit_images(p, part, values, run, status);
    }
    if (code == MI_OK && !run->validate_only) {
        code = prepare_evaluation(p, p->data.part, run, status);
    }
    if (code != MI_OK) {
        patches_destroy(p);
        return code;
    }
    *ret_state = p;
    return MI_OK;
}

static mi_shape patches_shape(const void *state)
{
    const patches_state *p = state;
    return (mi_shape){.dimensions = p->series ? 1 : 2,
                      .sites = mi_crop_sites(p->shape),
                      .rows = p->shape.rows,
                      .columns = p->shape.columns};
}

/* Entropies of the values as they are, from those in the units of the channels. */
static void restore_units(mi_profile *profile, double log_unit)
{
    static const mi_series_kind kinds[] = {MI_ENTROPY, MI_GIVEN_SCALE, MI_IN_SAMPLE, MI_NEIGHBORS};
    for (size_t kind = 0; kind < sizeof kinds / sizeof kinds[0]; kind++) {
        mi_series *series = &profile->series[kinds[kind]];
        for (size_t i = 0; i < series->replicates * profile->sites; i++) {
            series->values[i] += log_unit;
        }
    }
}

static mi_code patches_profile(const void *state, size_t samples, const mi_run *run,
                               mi_profile **ret_profile, mi_status *status)
{
    const patches_state *p = state;
    mi_code code = mi_patch_profile(p->fit, p->shape, p->evaluation, p->in_sample, samples, run,
                                    ret_profile, status);
    if (code == MI_OK) {
        restore_units(*ret_profile, p->log_unit);
    }
    return code;
}

/* Held-out crops, wherever the caller would have the sites from: a density of real images is judged
 * by images. */
static mi_code patches_evaluate(const void *state, const unsigned char *masked, mi_origin origin,
                                gsl_rng *draw, bool wants_joint, void *scratch,
                                mi_mask_result *result, mi_status *status)
{
    (void)origin;
    const patches_state *p = state;
    return mi_patch_masks_evaluate(p->masks, masked, draw, wants_joint, scratch, result, status);
}

static mi_code patches_scratch_create(const void *state, void **ret_scratch, mi_status *status)
{
    return mi_patch_masks_scratch(((const patches_state *)state)->masks, ret_scratch, status);
}

static mi_code patches_example_shape(const void *state, mi_example_shape *ret_shape,
                                     mi_status *status)
{
    (void)status;
    const patches_state *p = state;
    *ret_shape = mi_patch_example_shape(&p->data, p->log_unit);
    return MI_OK;
}

static mi_code patches_example(const void *state, mi_origin origin, gsl_rng *draw, void *scratch,
                               double *values, int *ret_label, mi_status *status)
{
    (void)scratch;
    const patches_state *p = state;
    *ret_label = -1;
    return mi_patch_example(&p->data, origin == MI_FROM_HELD_OUT ? MI_PART_EVALUATION : MI_PART_FIT,
                            draw, values, status);
}

static mi_code patches_posterior(const void *state, const unsigned char *masked, gsl_rng *draw,
                                 void *scratch, mi_mask_posterior *posterior, mi_status *status)
{
    const patches_state *p = state;
    return mi_patch_masks_posterior(p->masks, &p->data, masked, draw, scratch, posterior, status);
}

static bool patches_remark(const void *state, char *text, size_t size)
{
    const patches_state *p = state;
    snprintf(text, size,
             "%s%zu %s split by %s; fitted on %zu crops, evaluated on %zu others; %.3g %% of the "
             "covariance is its stationary average, %s",
             p->data_remark, p->images, p->series ? "stretches of it" : "images",
             p->data.split->kind == MI_SPLIT_REGION ? "region" : "image", p->fitting_crops,
             p->evaluation->count, 100 * p->fit->shrinkage,
             p->shrinkage_given ? "as asked for" : "chosen by validation on fitting images");
    return true;
}

const mi_model_class mi_patches_class = {
    .name = "patches",
    .summary = "patches of real images: a Gaussian scale mixture fitted to crops, held-out",
    .parameters = parameters,
    .tells = MI_TELLS_NEIGHBORS | MI_TELLS_UNIT,
    .create = patches_create,
    .destroy = patches_destroy,
    .shape = patches_shape,
    .profile = patches_profile,
    .evaluate = patches_evaluate,
    .scratch_create = patches_scratch_create,
    .scratch_destroy = mi_patch_masks_scratch_destroy,
    .example_shape = patches_example_shape,
    .example = patches_example,
    .posterior = patches_posterior,
    .remark = patches_remark,
};
