/* What self-distillation is made of beside the networks: targets of a teacher, their cross-entropy
 * with a student's outputs, centres, Sinkhorn-Knopp, KoLeo, and the numbers that show a collapse.
 * Matrices are (rows, columns), row-major: a row is an output h or z of the head, a column a
 * prototype. Nothing is allocated but by mi_spread_create. All results depend on the order of rows
 * alone, not on threads. Inputs that are not finite give results that are not.
 *
 *     mi_distill_targets(rows, prototypes, center, 0.04, h, entropies);      // h becomes p
 *     loss = mi_distill_loss(rows, prototypes, 0.1, h, weights, true, z);    // z becomes dloss/dz
 *     mi_column_means(rows, prototypes, raw_h, means);
 *     mi_distill_center(prototypes, 0.9, means, center);
 */
#ifndef MASKINFO_DISTILL_H
#define MASKINFO_DISTILL_H

#include "maskinfo/run.h"
#include "maskinfo/scalar.h"

/* h becomes p = softmax((h - c) / temperature) of each row (Caron et al. 2021, eq. 1 and section
 * 3.1). opt_center (columns); NULL: 0. opt_entropies (rows): the entropy of each p, nats.
 * temperature > 0. */
void mi_distill_targets(size_t rows, size_t columns, const mi_scalar *opt_center,
                        double temperature, mi_scalar *h, double *opt_entropies);

/* sum_r w_r H(p_r, softmax(z_r / temperature)) with H(p, q) = -sum_k p_k log q_k, nats. z becomes
 * the gradient w_r (q_rk sum_k p_rk - p_rk) / temperature where `gradient`, else it becomes q.
 * opt_weights (rows); NULL: 1 each. Targets that are a mean over several teachers' views give the
 * mean of the losses, because H is linear in p. */
double mi_distill_loss(size_t rows, size_t columns, double temperature, const mi_scalar *targets,
                       const mi_scalar *opt_weights, bool gradient, mi_scalar *z);

/* Means of the columns, (columns), 0 of no rows: a teacher's batch mean, a mean output. */
void mi_column_means(size_t rows, size_t columns, const mi_scalar *x, double *means);

/* c <- momentum c + (1 - momentum) mean (Caron et al. 2021, eq. 4). */
void mi_distill_center(size_t columns, double momentum, const double *means, mi_scalar *center);

/* h becomes the targets of Sinkhorn and Knopp (Caron et al. 2020, arXiv 2006.09882, section 3.1
 * and appendix A.1; as in DINOv2's code): Q = exp(h / temperature), then `iterations` times:
 * columns divided by their sums and by their number, rows divided by their sums and by theirs; at
 * last rows of sum 1. Column sums approach rows / columns. All in logarithms: after h / temperature
 * - the row's largest, log Q = that + u_r + v_k, so that exp never overflows and no sum is 0; one
 * row and identical rows give uniform targets. Differences within a row beyond 1e30 temperatures
 * count as 1e30. iterations 0: plain softmax. room: mi_sinkhorn_room numbers. opt_entropies as
 * above. */
size_t mi_sinkhorn_room(size_t rows, size_t columns);
void mi_sinkhorn(size_t rows, size_t columns, double temperature, size_t iterations, mi_scalar *h,
                 mi_scalar *room, double *opt_entropies);

/* KoLeo (Sablayrolles et al. 2019, arXiv 1806.03198, eq. 2; as in DINOv2's code): with u = x / |x|
 * of each row and d_i the distance of u_i to its nearest other, -1/rows sum_i log(d_i + 1e-8).
 * scale times its gradient is added to opt_dx (rows, columns); it reaches both ends of each
 * distance, as PyTorch has it. Nearest by the largest product, the first of several. Defined
 * everywhere: fewer than two rows give 0 and no gradient; where d_i = 0 (identical features, log
 * 1e-8) the direction is not defined and no gradient passes; a zero vector stays at the origin and
 * gets none. room: mi_koleo_room numbers. */
size_t mi_koleo_room(size_t rows, size_t columns);
double mi_koleo(size_t rows, size_t columns, const mi_scalar *x, double scale, mi_scalar *opt_dx,
                mi_scalar *room);

/* -sum p log p of `count` probabilities, nats: of the mean of targets, for example. Less the mean
 * entropy it is the mutual information of image and prototype. */
double mi_entropy_of(size_t count, const double *p);

/* How far features (rows, columns) spread. */
typedef struct mi_spread mi_spread;

/* Room for at most so many rows and columns. */
mi_code mi_spread_create(size_t rows, size_t columns, mi_spread **ret_spread, mi_status *status);
void mi_spread_destroy(mi_spread *spread); /* accepts NULL */
size_t mi_spread_bytes(size_t rows, size_t columns);

/* exp(H) of the eigenvalues of the covariance divided by their sum (Roy and Vetterli 2007, "The
 * effective rank"), between 1 and min(rows - 1, columns); 0 where nothing varies (variance below
 * 1e-12 of the mean square) or rows < 2; NAN: not finite. Costs min(rows, columns)^3. */
double mi_effective_rank(mi_spread *spread, size_t rows, size_t columns, const mi_scalar *x);

/* sqrt(columns * mean over columns of the variance (of n) of x / |x|): 1 where directions are
 * uniform, 0 where all are the same (Chen and He 2021, "SimSiam", section 4.1, times the root of
 * the width). */
double mi_feature_deviation(mi_spread *spread, size_t rows, size_t columns, const mi_scalar *x);

#endif
