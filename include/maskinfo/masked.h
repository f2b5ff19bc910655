/* Curves computed mask by mask: for strategies whose masks are not exchangeable, so that the
 * entropy profile does not describe them, and for models whose profile is out of reach. */
#ifndef MASKINFO_MASKED_H
#define MASKINFO_MASKED_H

#include "maskinfo/curve.h"

/* Must a curve of this model under this strategy be computed mask by mask? */
bool mi_masked_only(const mi_model *model, const mi_masking *masking);

/* Replicate j draws one configuration and, for every ratio, one mask from the same stream (so that
 * the points of a replicate vary together and their differences are sharp), and evaluates the
 * masked sites by the model's exact posterior. With the means over the masked sites of a mask
 *
 *     i(r) = H(X_i) - H(X_i | x_v),     J(r) = r i(r),     I(x_m; x_v) / N,
 *
 * H(X_i) being that of the sites that are masked, which need not be all alike. Masks of the count
 * "bernoulli" and lattices, of which the number of masked sites varies, weigh by that number over
 * its mean, so that every masked site counts the same. Fills also MI_Q_MSE (continuous models) and
 * what the model tells beyond. Where the model draws from units of data (images), the samples of
 * one unit are one replicate. At least 2 samples.
 *
 * MI_INPUT: the model has no finite length or no posterior; the strategy can not have one of the
 * ratios (status->place says "strategy", a parameter of it or "ratio"). MI_NUMERIC: a posterior is
 * not finite. */
mi_code mi_masked_curve(const mi_model *model, const mi_masking *masking, const double *ratios,
                        size_t points, size_t samples, const mi_run *run, mi_curve **ret_curve,
                        mi_status *status);

/* The mask that replicate `index` has at a ratio, for pictures: (sites). `check` has passed. */
mi_code mi_masked_sample(const mi_masking *masking, mi_layout layout, double ratio, uint64_t seed,
                         uint64_t index, unsigned char *masked, mi_status *status);

mi_layout mi_layout_of(mi_shape shape);

#endif
