#include "scene_chain.h"

#include <gsl/gsl_randist.h>
#include <math.h>
#include <stdlib.h>

#include "dense.h"
#include "gmrf_band.h"
#include "maskinfo/memory.h"

mi_code mi_scene_draw_create(const mi_scene *scene, mi_scene_draw **ret_draw, mi_status *status)
{
    size_t n = scene->sites;
    mi_scene_draw *draw = NULL;
    mi_code code = mi_allocate(1, sizeof *draw, &draw, status);
    if (code != MI_OK) {
        return code;
    }
    code = mi_allocate(n * (scene->classes + 3), sizeof *draw->differences, &draw->differences,
                       status);
    if (code != MI_OK) {
        free(draw);
        return code;
    }
    draw->texture = draw->differences + n * scene->classes;
    draw->innovation = draw->texture + n;
    *ret_draw = draw;
    return MI_OK;
}

void mi_scene_draw_destroy(mi_scene_draw *draw)
{
    if (draw != NULL) {
        free(draw->differences);
        free(draw);
    }
}

/* R = S b with b = Q_c R of the covariance Q_c = kappa I + sum over edges (e_i - e_j)(e_i - e_j)^T
 * + (c/N) 1 1^T, which needs no factor (Papandreou and Yuille 2010, "Gaussian sampling by local
 * perturbations"). */
static void draw_texture(const mi_gmrf *gmrf, gsl_rng *stream, double *innovation, double *work,
                         double *texture)
{
    const mi_lattice *lattice = gmrf->lattice;
    size_t n = lattice->sites;
    double shift = 2 * (double)lattice->edges / (double)n;
    double shared = gsl_ran_gaussian_ziggurat(stream, sqrt(shift / (double)n));
    for (size_t i = 0; i < n; i++) {
        innovation[i] = shared + gsl_ran_gaussian_ziggurat(stream, sqrt(gmrf->kappa));
    }
    for (size_t i = 0; i < n; i++) {
        for (size_t e = 0; e < lattice->degree[i]; e++) {
            size_t j = lattice->neighbor[i][e];
            if (j > i) {
                double difference = gsl_ran_gaussian_ziggurat(stream, 1);
                innovation[i] += difference;
                innovation[j] -= difference;
            }
        }
    }
    mi_gmrf_regular_times(gmrf, innovation, work, texture);
}

void mi_scene_draw_fill(const mi_scene *scene, gsl_rng *stream, mi_scene_draw *draw)
{
    const mi_gmrf *gmrf = scene->texture;
    size_t classes = scene->classes;
    draw->class = gsl_rng_uniform_int(stream, classes);
    draw->constant = gsl_ran_gaussian_ziggurat(stream, sqrt(gmrf->common));
    draw_texture(gmrf, stream, draw->innovation, draw->innovation + scene->sites, draw->texture);
    for (size_t i = 0; i < scene->sites; i++) {
        const double *templates = scene->templates + i * classes;
        for (size_t c = 0; c < classes; c++) {
            draw->differences[i * classes + c] =
                templates[draw->class] - templates[c] + draw->texture[i];
        }
    }
}

mi_code mi_scene_chain_create(const mi_scene *scene, size_t room, mi_scene_chain **ret_chain,
                              mi_status *status)
{
    size_t classes = scene->classes;
    mi_scene_chain *chain = NULL;
    mi_code code = mi_allocate(1, sizeof *chain, &chain, status);
    if (code != MI_OK) {
        return code;
    }
    if ((code = mi_allocate(room * room, sizeof *chain->factor, &chain->factor, status)) != MI_OK ||
        (code = mi_allocate((room + 2) * (classes + 2), sizeof *chain->residual, &chain->residual,
                            status)) != MI_OK) {
        mi_scene_chain_destroy(chain);
        return code;
    }
    chain->classes = classes;
    chain->start = 1 / scene->texture->common;
    chain->squares = chain->residual + room * classes;
    chain->cross = chain->squares + classes;
    chain->variance = chain->cross + classes;
    chain->drift = chain->variance + room;
    *ret_chain = chain;
    return MI_OK;
}

/* `residual` owns the block of the vectors after it. */
void mi_scene_chain_destroy(mi_scene_chain *chain)
{
    if (chain != NULL) {
        free(chain->factor);
        free(chain->residual);
        free(chain);
    }
}

mi_code mi_scene_chain_start(const mi_scene *scene, const mi_scene_draw *draw, const size_t *order,
                             size_t count, mi_scene_chain *chain, mi_status *status)
{
    size_t classes = chain->classes, n = scene->sites;
    const double *covariance = scene->texture->regular;
    chain->count = count;
    chain->revealed = 0;
    chain->gain = chain->start;
    chain->log_pivots = 0;
    for (size_t c = 0; c < classes; c++) {
        chain->squares[c] = 0;
        chain->cross[c] = -draw->constant * chain->start;
    }
    for (size_t j = 0; j < count; j++) {
        chain->variance[j] = covariance[order[j] * n + order[j]];
        chain->drift[j] = 1;
        for (size_t c = 0; c < classes; c++) {
            chain->residual[j * classes + c] = draw->differences[order[j] * classes + c];
        }
    }
    mi_gather_lower(covariance, n, order, count, 1, chain->factor);
    return mi_cholesky(chain->factor, count, status);
}

void mi_scene_chain_reveal(mi_scene_chain *chain)
{
    size_t k = chain->revealed++, classes = chain->classes;
    const double *column = chain->factor + k * chain->count;
    double *y = chain->residual + k * classes;
    double u = chain->drift[k] / column[k];
    for (size_t c = 0; c < classes; c++) {
        y[c] /= column[k];
        chain->squares[c] += y[c] * y[c];
        chain->cross[c] += u * y[c];
    }
    chain->gain += u * u;
    chain->log_pivots += 2 * log(column[k]);
    for (size_t j = k + 1; j < chain->count; j++) {
        double *residual = chain->residual + j * classes;
        chain->variance[j] -= column[j] * column[j];
        chain->drift[j] -= column[j] * u;
        for (size_t c = 0; c < classes; c++) {
            residual[c] -= column[j] * y[c];
        }
    }
}

void mi_scene_chain_weights(const mi_scene_chain *chain, double *weights)
{
    for (size_t c = 0; c < chain->classes; c++) {
        weights[c] = 0.5 * (chain->cross[c] * chain->cross[c] / chain->gain - chain->squares[c]);
    }
    mi_mixture_normalize(weights, chain->classes);
}

double mi_scene_chain_site(const mi_scene_chain *chain, size_t j, double *residuals)
{
    double share = chain->drift[j] / chain->gain;
    for (size_t c = 0; c < chain->classes; c++) {
        residuals[c] = chain->residual[j * chain->classes + c] - share * chain->cross[c];
    }
    return chain->variance[j] + share * chain->drift[j];
}

double mi_scene_chain_log_determinant(const mi_scene *scene, const mi_scene_chain *chain)
{
    return chain->log_pivots + log(chain->gain * scene->texture->common);
}
