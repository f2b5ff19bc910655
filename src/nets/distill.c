/* Targets, their cross-entropy with a student's outputs, centres. */
#include "maskinfo/distill.h"

#include "distill.h"

/* x (count) becomes softmax((x + v) / t): with e = exp((x + v - largest) / t) and S = sum e,
 * H = log S - sum e log e / S. */
double mi_softmax_entropy(size_t count, mi_scalar temperature, const mi_scalar *opt_v, mi_scalar *x)
{
    for (size_t k = 0; opt_v != NULL && k < count; k++) {
        x[k] += opt_v[k];
    }
    mi_scalar most = mi_largest_of(count, x);
    mi_lanes sum = {0}, product = {0};
    for (size_t k = 0; k < count; k += MI_LANES) {
        size_t left = count - k;
        mi_lanes s = (mi_load_left(x + k, left, -(mi_scalar)INFINITY) - most) / temperature;
        mi_lanes e = mi_exp_lanes(s);
        sum += e;
        product += mi_product_or_zero(s, e);
        mi_store_left(x + k, e, left);
    }
    mi_scalar total = mi_sum_lanes(sum), share = 1 / total;
    for (size_t k = 0; k < count; k++) {
        x[k] *= share;
    }
    return log((double)total) - (double)mi_sum_lanes(product) / (double)total;
}

/* h is (rows,columns). */
void mi_distill_targets(size_t rows, size_t columns, const mi_scalar *opt_center,
                        double temperature, mi_scalar *h, double *opt_entropies)
{
    for (size_t r = 0; r < rows; r++) {
        mi_scalar *row = h + r * columns;
        for (size_t k = 0; opt_center != NULL && k < columns; k++) {
            row[k] -= opt_center[k];
        }
        double entropy = mi_softmax_entropy(columns, (mi_scalar)temperature, NULL, row);
        if (opt_entropies != NULL) {
            opt_entropies[r] = entropy;
        }
    }
}

/* With q = softmax(x / t): -sum_k p_k log q_k = P log sum_k exp((x_k - m) / t)
 * - sum_k p_k (x_k - m) / t, where m is the largest of x and P = sum_k p_k. x becomes
 * exp((x - m) / t), whose sum is *ret_sum. */
static double cross_entropy(size_t count, mi_scalar temperature, const mi_scalar *p, mi_scalar *x,
                            mi_scalar *ret_sum, mi_scalar *ret_total)
{
    mi_scalar most = mi_largest_of(count, x);
    mi_lanes sum = {0}, product = {0}, total = {0};
    for (size_t k = 0; k < count; k += MI_LANES) {
        size_t left = count - k;
        mi_lanes s = (mi_load_left(x + k, left, -(mi_scalar)INFINITY) - most) / temperature;
        mi_lanes target = mi_load_left(p + k, left, 0), e = mi_exp_lanes(s);
        sum += e;
        total += target;
        product += mi_product_or_zero(s, target);
        mi_store_left(x + k, e, left);
    }
    *ret_sum = mi_sum_lanes(sum);
    *ret_total = mi_sum_lanes(total);
    return (double)*ret_total * log((double)*ret_sum) - (double)mi_sum_lanes(product);
}

/* L = sum_r w_r H(p_r, q_r) with q = softmax(z / t) = e / sum e: dz = w (q sum p - p) / t. */
double mi_distill_loss(size_t rows, size_t columns, double temperature, const mi_scalar *targets,
                       const mi_scalar *opt_weights, bool gradient, mi_scalar *z)
{
    double loss = 0;
    for (size_t r = 0; r < rows; r++) {
        const mi_scalar *p = targets + r * columns;
        mi_scalar *row = z + r * columns, sum = 0, total = 0;
        double weight = opt_weights == NULL ? 1 : (double)opt_weights[r];
        loss += weight * cross_entropy(columns, (mi_scalar)temperature, p, row, &sum, &total);
        mi_scalar scale = gradient ? (mi_scalar)(weight / temperature) : 0;
        mi_scalar share = gradient ? scale * total / sum : 1 / sum;
        for (size_t k = 0; k < columns; k++) {
            row[k] = row[k] * share - scale * p[k];
        }
    }
    return loss;
}

void mi_column_means(size_t rows, size_t columns, const mi_scalar *x, double *means)
{
    for (size_t k = 0; k < columns; k++) {
        means[k] = 0;
    }
    for (size_t r = 0; r < rows; r++) {
        for (size_t k = 0; k < columns; k++) {
            means[k] += (double)x[r * columns + k];
        }
    }
    for (size_t k = 0; k < columns && rows > 0; k++) {
        means[k] /= (double)rows;
    }
}

void mi_distill_center(size_t columns, double momentum, const double *means, mi_scalar *center)
{
    for (size_t k = 0; k < columns; k++) {
        center[k] = (mi_scalar)(momentum * (double)center[k] + (1 - momentum) * means[k]);
    }
}

double mi_entropy_of(size_t count, const double *p)
{
    double sum = 0;
    for (size_t k = 0; k < count; k++) {
        sum -= p[k] > 0 ? p[k] * log(p[k]) : 0;
    }
    return sum;
}
