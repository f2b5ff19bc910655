/* Loops that the functions of maskinfo/distill.h share. */
#ifndef MI_NETS_DISTILL_H
#define MI_NETS_DISTILL_H

#include "lanes.h"

/* The largest of a row x (count), count > 0. */
static inline mi_scalar mi_largest_of(size_t count, const mi_scalar *x)
{
    mi_lanes most = mi_splat(x[0]);
    for (size_t k = 0; k < count; k += MI_LANES) {
        most = mi_larger(mi_load_left(x + k, count - k, x[0]), most);
    }
    return mi_largest_lane(most);
}

/* a b, where b = 0 leaves it out: a may be infinite there. */
static inline mi_lanes mi_product_or_zero(mi_lanes a, mi_lanes b)
{
    return mi_select(b == 0, mi_splat(0), a * b);
}

/* x (count) becomes softmax((x + v) / temperature), opt_v NULL: 0; returns its entropy, nats. */
double mi_softmax_entropy(size_t count, mi_scalar temperature, const mi_scalar *opt_v,
                          mi_scalar *x);

#endif
