/* Methods that need no training: predictors of pixels with the dense covariance of their field, or
 * of symbols by enumeration, made right, biased or dishonest. */
#ifndef MASKINFO_TESTS_FAKE_METHOD_H
#define MASKINFO_TESTS_FAKE_METHOD_H

#include "models.h"

#include <gsl/gsl_linalg.h>
#include <stdlib.h>

#include "maskinfo/method.h"

typedef struct fake {
    size_t rows, columns, channels, patch; /* of the example; pixels a side of a token */
    double scale;                          /* of a standardised pixel, in the field's units */
    /* Pixels: mixture over classes of means (classes, sites), zero where NULL, and a covariance. */
    const gsl_matrix *covariance; /* (sites, sites) */
    size_t classes;
    const double *opt_means;
    /* Symbols. */
    size_t vocabulary, count; /* configurations */
    const double *p;          /* (count), site 0 the fastest digit */
    /* What is wrong. */
    double bias;  /* added to every prediction; symbols: share of the uniform law in it */
    double tilt;  /* added to the first pixel of each token */
    double cheat; /* share of the truth in it */
    bool normalized;
} fake;

static inline mi_layout fake_tokens(const void *state)
{
    const fake *f = state;
    return (mi_layout){f->rows > 1 ? 2 : 1, f->rows / f->patch, f->columns / f->patch};
}

static inline size_t fake_token_size(const void *state)
{
    const fake *f = state;
    return f->vocabulary > 0 ? f->vocabulary : f->patch * f->patch * f->channels;
}

static inline bool fake_normalized(const void *state)
{
    return ((const fake *)state)->normalized;
}

static inline void fake_carve(const void *state, size_t samples, bool backward, mi_arena *arena)
{
    (void)state, (void)samples, (void)backward, (void)arena;
}

/* Is the site under a masked token? */
static inline bool fake_hidden(const fake *f, const unsigned char *masked, size_t site)
{
    size_t row = site / f->columns / f->patch, column = site % f->columns / f->patch;
    return masked[row * (f->columns / f->patch) + column] != 0;
}

/* mean (sites) of the masked ones given the others, by Sigma_mv Sigma_vv^-1, and log p(x_v), both
 * under one class. */
static inline double fake_conditional(const fake *f, const bool *hidden, const double *x,
                                      const double *center, double *mean)
{
    size_t n = f->rows * f->columns, known = 0, site[64];
    int sign = 0;
    for (size_t i = 0; i < n; i++) {
        site[known] = i;
        known += !hidden[i];
        mean[i] = center == NULL ? 0 : center[i];
    }
    if (known == 0) {
        return 0;
    }
    gsl_matrix *vv = gsl_matrix_alloc(known, known);
    gsl_vector *y = gsl_vector_alloc(known), *w = gsl_vector_alloc(known);
    gsl_permutation *p = gsl_permutation_alloc(known);
    for (size_t a = 0; a < known; a++) {
        gsl_vector_set(y, a, x[site[a]] - mean[site[a]]);
        for (size_t b = 0; b < known; b++) {
            gsl_matrix_set(vv, a, b, gsl_matrix_get(f->covariance, site[a], site[b]));
        }
    }
    gsl_linalg_LU_decomp(vv, p, &sign);
    gsl_linalg_LU_solve(vv, p, y, w);
    double square = 0;
    for (size_t a = 0; a < known; a++) {
        square += gsl_vector_get(y, a) * gsl_vector_get(w, a);
        for (size_t i = 0; i < n; i++) {
            if (hidden[i]) {
                mean[i] += gsl_matrix_get(f->covariance, i, site[a]) * gsl_vector_get(w, a);
            }
        }
    }
    double log_density = -0.5 * (square + gsl_linalg_LU_lndet(vv));
    gsl_matrix_free(vv);
    gsl_vector_free(y);
    gsl_vector_free(w);
    gsl_permutation_free(p);
    return log_density;
}

/* mean (sites) of one channel x (sites) and the weights (classes) of the classes. */
static inline void fake_mean(const fake *f, const bool *hidden, const double *x, double *mean,
                             double *weights)
{
    size_t n = f->rows * f->columns, classes = f->opt_means == NULL ? 1 : f->classes;
    double *under = malloc(n * classes * sizeof *under), total = 0, top = -INFINITY;
    assert_non_null(under);
    for (size_t c = 0; c < classes; c++) {
        weights[c] = fake_conditional(
            f, hidden, x, f->opt_means == NULL ? NULL : f->opt_means + c * n, under + c * n);
        top = fmax(top, weights[c]);
    }
    for (size_t c = 0; c < classes; c++) {
        weights[c] = exp(weights[c] - top);
        total += weights[c];
    }
    for (size_t i = 0; i < n; i++) {
        mean[i] = 0;
        for (size_t c = 0; c < classes; c++) {
            mean[i] += weights[c] / total * under[c * n + i];
        }
    }
    for (size_t c = 0; c < classes; c++) {
        weights[c] /= total;
    }
    free(under);
}

static inline void fake_pixels(const fake *f, const mi_scalar *pixels, const unsigned char *masked,
                               mi_scalar *predicted)
{
    size_t n = f->rows * f->columns, d = f->channels;
    double x[64], mean[64], weights[8];
    bool hidden[64];
    mi_scalar *raster = calloc(n * d, sizeof *raster);
    assert_true(raster != NULL && n <= 64);
    for (size_t c = 0; c < d; c++) {
        for (size_t i = 0; i < n; i++) {
            hidden[i] = fake_hidden(f, masked, i);
            x[i] = (double)pixels[i * d + c] * f->scale;
        }
        fake_mean(f, hidden, x, mean, weights);
        for (size_t i = 0; i < n; i++) {
            bool first = i / f->columns % f->patch == 0 && i % f->columns % f->patch == 0;
            double value = (mean[i] + f->cheat * (x[i] - mean[i])) / f->scale + f->bias;
            /* Of visible tokens nothing is said. */
            raster[i * d + c] = hidden[i] ? (mi_scalar)(first ? value + f->tilt : value) : 0;
        }
    }
    mi_patchify(1, f->rows, f->columns, d, f->patch, raster, predicted);
    free(raster);
}

/* log p(x_i = v | x_v) by summing the table; the truth's share is mixed in. */
static inline void fake_symbols(const fake *f, const unsigned *symbols, const unsigned char *masked,
                                mi_scalar *predicted)
{
    size_t n = f->rows * f->columns, v = f->vocabulary;
    double *sums = calloc(n * v, sizeof *sums);
    assert_non_null(sums);
    for (size_t c = 0; c < f->count; c++) {
        size_t rest = c, digits[16];
        bool agrees = true;
        for (size_t i = 0; i < n; i++, rest /= v) {
            digits[i] = rest % v;
            agrees = agrees && (masked[i] || digits[i] == symbols[i]);
        }
        for (size_t i = 0; i < n && agrees; i++) {
            sums[i * v + digits[i]] += f->p[c];
        }
    }
    for (size_t i = 0; i < n * v; i++) {
        double total = 0, truth = symbols[i / v] == i % v;
        for (size_t y = 0; y < v; y++) {
            total += sums[i / v * v + y];
        }
        double share = total > 0 ? sums[i] / total : 0;
        double honest = (1 - f->bias) * share + f->bias / (double)v;
        double mixed = (1 - f->cheat) * honest + f->cheat * truth;
        predicted[i] = masked[i / v] ? (mi_scalar)log(mixed) : 0;
    }
    free(sums);
}

static inline mi_code fake_predict(const void *state, const mi_weights *weights,
                                   const mi_examples *batch, const mi_shard *shard,
                                   mi_scalar *predicted, mi_status *status)
{
    (void)weights, (void)status;
    const fake *f = state;
    mi_layout layout = fake_tokens(f);
    size_t tokens = layout.rows * layout.columns, values = f->rows * f->columns * f->channels;
    for (size_t s = shard->first; s < shard->first + shard->count; s++) {
        const unsigned char *masked = batch->masked + s * tokens;
        mi_scalar *to = predicted + s * tokens * fake_token_size(f);
        if (f->vocabulary > 0) {
            fake_symbols(f, batch->symbols + s * values, masked, to);
        } else {
            fake_pixels(f, batch->pixels + s * values, masked, to);
        }
    }
    return MI_OK;
}

static const mi_method_class fake_class = {
    .name = "fake",
    .tokens = fake_tokens,
    .token_size = fake_token_size,
    .normalized = fake_normalized,
    .carve = fake_carve,
    .predict = fake_predict,
};

/* Sigma = Q^-1 of a field by the definition of Q, with 8 neighbours. */
static inline gsl_matrix *fake_covariance(size_t rows, size_t columns, double kappa)
{
    size_t n = rows * columns;
    int sign = 0;
    gsl_matrix *q = gsl_matrix_calloc(n, n), *inverse = gsl_matrix_alloc(n, n);
    gsl_permutation *p = gsl_permutation_alloc(n);
    for (size_t i = 0; i < n; i++) {
        *gsl_matrix_ptr(q, i, i) += kappa;
        for (size_t j = 0; j < n; j++) {
            long down = (long)(i / columns) - (long)(j / columns);
            long across = (long)(i % columns) - (long)(j % columns);
            if (i != j && labs(down) <= 1 && labs(across) <= 1) {
                *gsl_matrix_ptr(q, i, i) += 1;
                *gsl_matrix_ptr(q, i, j) -= 1;
            }
        }
    }
    gsl_linalg_LU_decomp(q, p, &sign);
    gsl_linalg_LU_invert(q, p, inverse);
    gsl_permutation_free(p);
    gsl_matrix_free(q);
    return inverse;
}

#endif
