#include "patch_masks.h"

#include <gsl/gsl_cblas.h>
#include <gsl/gsl_math.h>
#include <gsl/gsl_randist.h>
#include <stdlib.h>
#include <string.h>

#include "dense.h"
#include "maskinfo/memory.h"
#include "patch_given.h"
#include "whiten.h"

typedef struct scratch {
    size_t *order;     /* (sites) the visible sites, then the masked ones */
    size_t *members;   /* (largest replicate) crops, those of the draw first */
    double *matrix;    /* (dimension, dimension) L and W behind it, later the factor of Sigma_mm */
    double *centred;   /* (dimension, MI_DRAW_CROPS) x - mean */
    double *panel;     /* likewise, in the new order: y, then x_m - mean - W^T y */
    double *unit;      /* (dimension) u, then 1 - W^T u */
    double *block;     /* (block, block) V_i, L_i */
    double *terms;     /* (2, 2, scales) */
    double *posterior; /* (scales) */
    mi_norm norms[MI_DRAW_CROPS];     /* of the visible sites */
    double before[MI_DRAW_CROPS];     /* log density of the visible sites but for a constant */
    double brightness[MI_DRAW_CROPS]; /* expected, given the visible sites */
    mi_given_room *room;
    float *crop;      /* (dimension) a given one */
    double *residual; /* (dimension) of masked sites: what is drawn less what is expected */
} scratch;

/* One mask on one draw. */
typedef struct task {
    const mi_patch_masks *masks;
    scratch *s;
    const mi_crops *of;      /* the crops that s->members counts */
    bool near;               /* are neighbours asked for? */
    size_t crops;            /* of the draw */
    size_t visible, hidden;  /* sites */
    size_t known, unknown;   /* their coordinates */
    double s_visible;        /* u.u */
    double log_root_visible; /* log|L| */
} task;

void mi_patch_masks_scratch_destroy(void *opt_scratch)
{
    scratch *s = opt_scratch;
    if (s == NULL) {
        return;
    }
    free(s->order);
    free(s->members);
    free(s->matrix);
    free(s->centred);
    free(s->panel);
    free(s->unit);
    free(s->block);
    free(s->terms);
    free(s->posterior);
    free(s->crop);
    free(s->residual);
    mi_given_room_destroy(s->room);
    free(s);
}

static mi_code scratch_fill(const mi_patch_masks *m, scratch *s, mi_status *status)
{
    size_t n = m->fit->dimension, scales = m->fit->scales->count;
    struct {
        double **field;
        size_t count;
    } wanted[] = {{&s->matrix, n * n},
                  {&s->centred, n * MI_DRAW_CROPS},
                  {&s->panel, n * MI_DRAW_CROPS},
                  {&s->unit, n},
                  {&s->block, m->block * m->block},
                  {&s->terms, 4 * scales},
                  {&s->posterior, scales},
                  {&s->residual, n}};
    mi_code code = mi_allocate(m->sites, sizeof *s->order, &s->order, status);
    if (code == MI_OK) {
        code = mi_allocate(n, sizeof *s->crop, &s->crop, status);
    }
    if (code == MI_OK) {
        code = mi_allocate(m->set->crops->count, sizeof *s->members, &s->members, status);
    }
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0] && code == MI_OK; i++) {
        code = mi_allocate(wanted[i].count, sizeof(double), wanted[i].field, status);
    }
    return code == MI_OK ? mi_given_room_create(m->fit, m->block, MI_DRAW_CROPS, &s->room, status)
                         : code;
}

mi_code mi_patch_masks_scratch(const mi_patch_masks *masks, void **ret_scratch, mi_status *status)
{
    scratch *s = NULL;
    mi_code code = mi_allocate(1, sizeof *s, &s, status);
    if (code == MI_OK) {
        code = scratch_fill(masks, s, status);
    }
    if (code != MI_OK) {
        mi_patch_masks_scratch_destroy(s);
        return code;
    }
    *ret_scratch = s;
    return MI_OK;
}

/* Mean over replicates of the squared deviation of a coordinate from its mean. */
static double held_out_variance(const mi_patch_masks *m)
{
    const mi_patch_set *set = m->set;
    size_t n = m->fit->dimension;
    double variance = 0;
    for (size_t g = 0; g < set->replicates; g++) {
        double sum = 0, terms = (double)(n * (set->begin[g + 1] - set->begin[g]));
        for (size_t c = set->begin[g]; c < set->begin[g + 1]; c++) {
            const float *values = mi_crop(set->crops, set->members[c]);
            for (size_t i = 0; i < n; i++) {
                sum += gsl_pow_2(values[i] - m->fit->mean[i]);
            }
        }
        variance += sum / terms / (double)set->replicates;
    }
    return variance;
}

mi_code mi_patch_masks_create(const mi_patch_fit *fit, mi_crop_shape shape, double log_unit,
                              const mi_crops *evaluation, const mi_run *run,
                              mi_patch_masks **ret_masks, mi_status *status)
{
    mi_patch_masks *m = NULL;
    mi_code code = mi_allocate(1, sizeof *m, &m, status);
    if (code == MI_OK) {
        m->fit = fit;
        m->sites = mi_crop_sites(shape);
        m->block = mi_crop_block(shape);
        m->log_unit = log_unit;
        code = mi_lattice_create(shape.rows, shape.columns, MI_MAX_NEIGHBORS, false, &m->lattice,
                                 status);
    }
    if (code == MI_OK) {
        code = mi_patch_set_create(evaluation, fit, run, &m->set, status);
    }
    if (code != MI_OK) {
        mi_patch_masks_destroy(m);
        return code;
    }
    m->variance = held_out_variance(m);
    *ret_masks = m;
    return MI_OK;
}

void mi_patch_masks_destroy(mi_patch_masks *masks)
{
    if (masks != NULL) {
        mi_lattice_destroy(masks->lattice);
        mi_patch_set_destroy(masks->set);
        free(masks);
    }
}

/* A replicate, whose number is returned, and, by the first steps of a Fisher-Yates shuffle, crops
 * of it. */
static size_t draw_crops(task *t, gsl_rng *draw)
{
    const mi_patch_set *set = t->masks->set;
    size_t g = gsl_rng_uniform_int(draw, set->replicates);
    size_t all = set->begin[g + 1] - set->begin[g], *members = t->s->members;
    memcpy(members, set->members + set->begin[g], all * sizeof *members);
    t->crops = GSL_MIN(all, MI_DRAW_CROPS);
    for (size_t c = 0; c < t->crops && all > t->crops; c++) {
        size_t other = c + gsl_rng_uniform_int(draw, all - c), kept = members[c];
        members[c] = members[other];
        members[other] = kept;
    }
    return g;
}

static void order_sites(task *t, const unsigned char *masked)
{
    size_t sites = t->masks->sites, *order = t->s->order;
    for (size_t i = 0; i < sites; i++) {
        if (!masked[i]) {
            order[t->visible++] = i;
        }
    }
    for (size_t i = 0, at = t->visible; i < sites; i++) {
        if (masked[i]) {
            order[at++] = i;
        }
    }
    t->hidden = sites - t->visible;
    t->known = t->visible * t->masks->block;
    t->unknown = t->hidden * t->masks->block;
}

/* Sigma_vm (known, unknown). */
static void gather_cross(const task *t, double *cross)
{
    const mi_patch_fit *fit = t->masks->fit;
    size_t block = t->masks->block, n = fit->dimension;
    const size_t *order = t->s->order;
    for (size_t m = 0; m < t->unknown; m++) {
        size_t column = order[t->visible + m / block] * block + m % block;
        for (size_t v = 0; v < t->visible; v++) {
            memcpy(cross + m * t->known + v * block,
                   fit->covariance + column * n + order[v] * block, block * sizeof *cross);
        }
    }
}

/* panel becomes x - mean in the order of the sites: (known, crops), and (unknown, crops) behind. */
static void order_panel(const task *t)
{
    const scratch *s = t->s;
    size_t block = t->masks->block, n = t->masks->fit->dimension;
    double *hidden = s->panel + t->known * t->crops;
    for (size_t c = 0; c < t->crops; c++) {
        for (size_t k = 0; k < t->masks->sites; k++) {
            double *to = k < t->visible ? s->panel + c * t->known + k * block
                                        : hidden + c * t->unknown + (k - t->visible) * block;
            memcpy(to, s->centred + c * n + s->order[k] * block, block * sizeof *to);
        }
    }
}

/* right (unknown, columns) = right - W^T left (known, columns). */
static void subtract_explained(const task *t, const double *cross, const double *left,
                               size_t columns, double *right)
{
    if (t->known > 0) {
        cblas_dgemm(CblasColMajor, CblasTrans, CblasNoTrans, (int)t->unknown, (int)columns,
                    (int)t->known, -1.0, cross, (int)t->known, left, (int)t->known, 1.0, right,
                    (int)t->unknown);
    }
}

/* L, W, u, y and what the masked sites are without what these explain. */
static mi_code condition(task *t, mi_status *status)
{
    const mi_patch_fit *fit = t->masks->fit;
    scratch *s = t->s;
    double *cross = s->matrix + t->known * t->known;
    mi_gather_lower(fit->covariance, fit->dimension, s->order, t->visible, t->masks->block,
                    s->matrix);
    mi_code code = mi_cholesky(s->matrix, t->known, status);
    if (code != MI_OK) {
        return code;
    }
    t->log_root_visible = 0.5 * mi_factor_log_determinant(s->matrix, t->known);
    t->s_visible = mi_whitened_unit(s->matrix, t->known, s->unit);
    gather_cross(t, cross);
    mi_solve_lower(s->matrix, t->known, cross, t->unknown);
    order_panel(t);
    mi_solve_lower(s->matrix, t->known, s->panel, t->crops);
    subtract_explained(t, cross, s->panel, t->crops, s->panel + t->known * t->crops);
    for (size_t i = t->known; i < fit->dimension; i++) {
        s->unit[i] = 1;
    }
    subtract_explained(t, cross, s->unit, 1, s->unit + t->known);
    return MI_OK;
}

/* Norms, densities and brightnesses that the visible sites give. */
static void judge_visible(task *t)
{
    scratch *s = t->s;
    const mi_scales *scales = t->masks->fit->scales;
    mi_scales_terms(scales, t->known, t->s_visible, s->terms);
    for (size_t c = 0; c < t->crops; c++) {
        s->norms[c] = mi_norm_of(s->panel + c * t->known, s->unit, t->known);
        s->before[c] = mi_scales_posterior(scales, s->terms, s->norms[c], s->posterior);
        s->brightness[c] =
            mi_scales_expected_brightness(scales, s->terms, s->norms[c], s->posterior);
    }
}

/* L_i of the masked site number i, in s->block. */
static mi_code factor_site(const task *t, size_t i, mi_status *status)
{
    const mi_patch_fit *fit = t->masks->fit;
    scratch *s = t->s;
    size_t block = t->masks->block, site = s->order[t->visible + i];
    const double *cross = s->matrix + t->known * t->known + i * block * t->known;
    mi_gather_lower(fit->covariance, fit->dimension, &site, 1, block, s->block);
    if (t->known > 0) {
        cblas_dsyrk(CblasColMajor, CblasLower, CblasTrans, (int)block, (int)t->known, -1.0, cross,
                    (int)t->known, 1.0, s->block, (int)block);
    }
    return mi_cholesky(s->block, block, status);
}

/* Add the squared errors and -log p(x_i | x_v) of masked site number i, summed over the crops. */
static mi_code add_site(const task *t, size_t i, mi_mask_result *sum, mi_status *status)
{
    scratch *s = t->s;
    const mi_scales *scales = t->masks->fit->scales;
    size_t block = t->masks->block;
    double *unit = s->unit + t->known + i * block, *terms = s->terms + 2 * scales->count;
    double *hidden = s->panel + t->known * t->crops + i * block;
    mi_code code = factor_site(t, i, status);
    if (code != MI_OK) {
        return code;
    }
    for (size_t c = 0; c < t->crops; c++) {
        for (size_t a = 0; a < block; a++) {
            double error = hidden[c * t->unknown + a] - s->brightness[c] * unit[a];
            s->residual[s->order[t->visible + i] * block + a] = error;
            sum->mse += gsl_pow_2(error);
        }
    }
    mi_solve_lower(s->block, block, unit, 1);
    mi_scales_terms(scales, t->known + block, t->s_visible + mi_norm_of(unit, unit, block).q,
                    terms);
    for (size_t c = 0; c < t->crops; c++) {
        double *y = hidden + c * t->unknown;
        mi_solve_lower(s->block, block, y, 1);
        mi_norm norm = s->norms[c], more = mi_norm_of(y, unit, block);
        norm.q += more.q;
        norm.t += more.t;
        sum->conditional_entropy += s->before[c] - mi_scales_log_density(scales, terms, norm);
    }
    double log_root = 0.5 * mi_factor_log_determinant(s->block, block);
    sum->conditional_entropy +=
        (double)t->crops * (log_root + (double)block * (M_LNPI + M_LN2) / 2);
    return MI_OK;
}

/* Add -log p(x_i) and -log p(x_i | visible neighbours), summed over the crops. */
static mi_code add_neighbors(const task *t, size_t i, const unsigned char *masked,
                             mi_mask_result *sum, mi_status *status)
{
    scratch *s = t->s;
    const mi_patch_masks *m = t->masks;
    size_t sites[MI_MAX_NEIGHBORS + 1], site = s->order[t->visible + i];
    double alone = 0, given = 0;
    size_t known = t->near ? mi_visible_neighbors(m->lattice, masked, site, sites) : 0;
    mi_code code =
        mi_patch_given(m->fit, m->block, &site, 0, s->centred, t->crops, s->room, &alone, status);
    given = alone;
    if (code == MI_OK && known > 0) {
        code = mi_patch_given(m->fit, m->block, sites, known, s->centred, t->crops, s->room, &given,
                              status);
    }
    sum->marginal_entropy += alone;
    sum->neighbor_entropy += given;
    return code;
}

/* Mean over the crops of log p(x) - log p(x_v) - log p(x_m). */
static mi_code joint_information(task *t, double *ret_information, mi_status *status)
{
    const mi_patch_fit *fit = t->masks->fit;
    scratch *s = t->s;
    double *hidden = s->panel + t->known * t->crops, sum = 0;
    mi_gather_lower(fit->covariance, fit->dimension, s->order + t->visible, t->hidden,
                    t->masks->block, s->matrix);
    mi_code code = mi_cholesky(s->matrix, t->unknown, status);
    if (code != MI_OK) {
        return code;
    }
    order_panel(t);
    mi_solve_lower(s->matrix, t->unknown, hidden, t->crops);
    double s_hidden = mi_whitened_unit(s->matrix, t->unknown, s->unit);
    mi_scales_terms(fit->scales, t->unknown, s_hidden, s->terms);
    for (size_t c = 0; c < t->crops; c++) {
        mi_norm norm = mi_norm_of(hidden + c * t->unknown, s->unit, t->unknown);
        sum += t->masks->set->log_density[s->members[c]] - s->before[c] -
               mi_scales_log_density(fit->scales, s->terms, norm);
    }
    double log_roots = t->log_root_visible + 0.5 * mi_factor_log_determinant(s->matrix, t->unknown);
    *ret_information =
        sum / (double)t->crops + log_roots + (double)fit->dimension * (M_LNPI + M_LN2) / 2;
    return MI_OK;
}

/* Sums over masked sites and crops become means. */
static void finish(const task *t, mi_mask_result *result)
{
    const mi_patch_masks *m = t->masks;
    double terms = (double)(t->hidden * t->crops);
    result->conditional_entropy = result->conditional_entropy / terms + m->log_unit;
    result->cross_entropy = result->conditional_entropy;
    result->marginal_entropy = result->marginal_entropy / terms + m->log_unit;
    result->neighbor_entropy = result->neighbor_entropy / terms + m->log_unit;
    result->mse /= terms * (double)m->block * m->variance;
}

/* What the visible sites of the crops tell of the masked ones. */
static mi_code judge(task *t, const unsigned char *masked, bool wants_joint, mi_mask_result *sum,
                     mi_status *status)
{
    order_sites(t, masked);
    mi_center_crops(t->of, t->s->members, 0, t->crops, t->masks->fit->mean, NULL, 1, t->s->centred);
    mi_code code = condition(t, status);
    if (code == MI_OK) {
        judge_visible(t);
    }
    for (size_t i = 0; i < t->hidden && code == MI_OK; i++) {
        code = add_site(t, i, sum, status);
        if (code == MI_OK) {
            code = add_neighbors(t, i, masked, sum, status);
        }
    }
    if (code == MI_OK && wants_joint) {
        code = joint_information(t, &sum->joint_information, status);
        sum->joint_information /= (double)t->masks->sites;
    }
    finish(t, sum);
    return code;
}

mi_code mi_patch_masks_evaluate(const mi_patch_masks *masks, const unsigned char *masked,
                                gsl_rng *draw, bool wants_joint, void *opaque,
                                mi_mask_result *result, mi_status *status)
{
    task t = {.masks = masks, .s = opaque, .of = masks->set->crops, .near = true};
    *result = (mi_mask_result){.unit = draw_crops(&t, draw)};
    return judge(&t, masked, wants_joint, result, status);
}

mi_code mi_patch_masks_posterior(const mi_patch_masks *masks, const mi_patch_data *data,
                                 const unsigned char *masked, gsl_rng *draw, void *opaque,
                                 mi_mask_posterior *posterior, mi_status *status)
{
    scratch *s = opaque;
    const mi_crops one = {.count = 1, .dimension = masks->fit->dimension, .values = s->crop};
    task t = {.masks = masks, .s = s, .of = &one, .crops = 1};
    mi_code code = mi_patch_example(data, MI_PART_EVALUATION, draw, posterior->values, status);
    if (code != MI_OK) {
        return code;
    }
    s->members[0] = 0;
    mi_patch_example_dither(data, posterior->values, draw, s->crop);
    posterior->result = (mi_mask_result){0};
    code = judge(&t, masked, false, &posterior->result, status);
    mi_patch_example_mean(data, masked, s->crop, s->residual, posterior->values, posterior->mean);
    return code;
}
