/* The linear masked autoencoder (Bisulco et al. 2025, arXiv
 * 2508.15404). Data X (n,d), whose columns are tokens of p consecutive values; a mask R keeps each
 * token of each row with probability 1 - m; an encoder A (d,k) and a decoder B (k,d) predict all
 * of X from what is left. With S = X^T X, and D its blocks of tokens alone,
 *
 *     E |X - (X R) A B|^2 = |X - (1-m) X W|^2 + m (1-m) tr W^T D W,                W = A B,
 *
 * a ridge of the data's own shape. Its least value over all W of rank k is closed: with
 * M = (1-m)^2 S + m (1-m) D = L L^T and K = (1-m) L^-1 S = U s V^T,
 *
 *     W = L^-T U_k s_k V_k^T,    least loss = tr S - sum_{i<=k} s_i^2.          docs/mae.md
 *
 * All losses here are per value of X: divided by n d. */
#ifndef MASKINFO_LINEAR_H
#define MASKINFO_LINEAR_H

#include "maskinfo/run.h"

typedef struct mi_linear_data {
    size_t count, size;   /* n, d */
    size_t token;         /* p, values of a token; divides d */
    const double *values; /* (n,d) */
} mi_linear_data;

typedef struct mi_linear_setting {
    double ratio; /* m, in (0, 1) */
    size_t rank;  /* k, 1 .. d */

    /* Of the training: AdamW without decay on rows drawn at random, masked afresh at each step,
     * the rate falling from `rate` to 0 along half a cosine. */
    size_t steps, batch;
    double rate;
} mi_linear_setting;

typedef struct mi_linear_result {
    double closed;  /* the least expected loss */
    double trained; /* the expected loss of the trained network */
    double initial; /* and before its first step */
    size_t steps;
} mi_linear_result;

/* The minimiser W (d,d) in opt_product, and its expected loss. */
mi_code mi_linear_solve(const mi_linear_data *data, const mi_linear_setting *setting,
                        double *opt_product, double *ret_loss, mi_status *status);

/* Expected loss of any W (d,d). */
mi_code mi_linear_expected(const mi_linear_data *data, double ratio, const double *product,
                           double *ret_loss, mi_status *status);

/* Solve, and train a network of the engine's linear layers from random weights. MI_INPUT: a size
 * of 0, a token that does not divide d, a rank beyond d, a ratio outside (0, 1). MI_NUMERIC: data
 * that are not finite, or training that left the finite numbers. */
mi_code mi_linear_mae(const mi_linear_data *data, const mi_linear_setting *setting,
                      const mi_run *run, mi_linear_result *result, mi_status *status);

#endif
