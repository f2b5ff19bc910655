/* Means with errors over independent replicates. */
#ifndef MASKINFO_STATISTICS_H
#define MASKINFO_STATISTICS_H

#include <stdbool.h>
#include <stddef.h>

/* Mean of values[0], values[stride], ..., count of them, and the standard error of that mean,
 * sd/sqrt(count) with the unbiased variance; error 0 where count is 1 or the values are equal but
 * for rounding. opt_error may be NULL. */
void mi_mean_error(const double *values, size_t stride, size_t count, double *ret_mean,
                   double *opt_error);

/* Sum of an array, in an order that depends on count alone. (BLAS's dasum starts a vector loop
 * where the memory happens to be aligned, so that its last bits change from allocation to
 * allocation.) */
double mi_sum(const double *values, size_t count);

/* Quantile 0..1 of an increasing array, linear interpolation between order statistics (R type 7).
 */
double mi_quantile(const double *sorted, size_t count, double probability);

/* Sort in increasing order. */
void mi_sort(double *values, size_t count);

/* Spearman's rank correlation of two arrays, ties by mean ranks, in *ret_correlation; false where
 * it is not defined (fewer than 3 pairs, more than 1000, or a constant array). */
bool mi_rank_correlation(const double *x, const double *y, size_t count, double *ret_correlation);

/* Probability, were x and y unrelated, of a rank correlation at least as large in size as theirs:
 * over all orders of y where count is at most MI_PERMUTED, else by Student's t with count - 2
 * degrees of freedom. NAN where the correlation is not defined. */
enum { MI_PERMUTED = 10 };
double mi_rank_correlation_p(const double *x, const double *y, size_t count);

#endif
