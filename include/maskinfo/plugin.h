/* Plug-in (maximum-likelihood) entropy and mutual information of discrete samples: frequencies put
 * in the place of probabilities. docs/theory.md, section 6.
 *
 *     uint64_t x[] = {0, 0, 1, 1}, y[] = {5, 5, 7, 5};
 *     mi_plugin estimate;
 *     if (mi_plugin_information(x, y, 4, &estimate, &status) == MI_OK) {
 *         printf("%g nats, %g corrected\n", estimate.value, estimate.value + estimate.correction);
 *     }
 */
#ifndef MASKINFO_PLUGIN_H
#define MASKINFO_PLUGIN_H

#include <stdint.h>

#include "maskinfo/status.h"

/* With n samples and K occupied cells an entropy is too low by (K-1)/2n + O(1/n^2) on average,
 * where K is the number of cells that can occur (Miller 1955, "Note on the bias of information
 * estimates"). The correction with the cells that did occur is kept apart, so that both numbers can
 * be shown: it is short wherever many cells are empty for want of samples. */
typedef struct mi_plugin {
    double value;      /* nats, uncorrected */
    double correction; /* Miller-Madow: corrected value = value + correction */
    double error;      /* standard error by the delta method: sd(log p-hat of the samples) / sqrt(n)
                          of the entropy, the same with the log ratio of the information. Sampling
                          alone: the bias is not in it */
    size_t cells;      /* K: occupied cells, of pairs where there are two variables */
} mi_plugin;

/* H = -sum_k (c_k/n) log(c_k/n) from the counts of `cells` cells; empty cells are passed over.
 * MI_INPUT where all are empty. */
mi_code mi_plugin_entropy(const uint64_t *counts, size_t cells, mi_plugin *ret_plugin,
                          mi_status *status);

/* The same from n samples of symbols, any numbers. */
mi_code mi_plugin_entropy_of(const uint64_t *symbols, size_t count, mi_plugin *ret_plugin,
                             mi_status *status);

/* I = sum_xy (c_xy/n) log(n c_xy / (c_x c_y)) from n pairs (x[i], y[i]) of symbols, any numbers;
 * correction (K_x + K_y - K_xy - 1)/2n. MI_INPUT where n is 0 or above 2^32. */
mi_code mi_plugin_information(const uint64_t *x, const uint64_t *y, size_t count,
                              mi_plugin *ret_plugin, mi_status *status);

/* Replace each of the symbols, any numbers, by its rank among those that occur, 0..*ret_kinds-1. A
 * tuple of symbols becomes one symbol by ranks[i] * kinds + next[i], ranked again: it never
 * overflows, however many cells there could be. */
mi_code mi_plugin_rank(uint64_t *symbols, size_t count, uint64_t *ret_kinds, mi_status *status);

#endif
