/* Sinkhorn and Knopp's iteration in logarithms. */
#include "distill.h"
#include "maskinfo/distill.h"

size_t mi_sinkhorn_room(size_t rows, size_t columns)
{
    return rows + 3 * columns;
}

/* h (rows,columns) becomes s = max((h - the row's largest) / t, -1e30). */
static void scale_rows(size_t rows, size_t columns, mi_scalar temperature, mi_scalar *h)
{
    const mi_scalar least = (mi_scalar)-1e30;
    for (size_t r = 0; r < rows; r++) {
        mi_scalar *row = h + r * columns, most = mi_largest_of(columns, row);
        for (size_t k = 0; k < columns; k++) {
            mi_scalar s = (row[k] - most) / temperature;
            row[k] = s < least ? least : s;
        }
    }
}

/* v_k = -log columns - log of sum_r exp(s_rk + u_r), s (rows,columns): the largest first. */
static void scale_columns(size_t rows, size_t columns, const mi_scalar *s, const mi_scalar *u,
                          mi_scalar *v, mi_scalar *most, mi_scalar *sum)
{
    for (size_t k = 0; k < columns; k++) {
        most[k] = s[k] + u[0];
        sum[k] = 0;
    }
    for (size_t r = 1; r < rows; r++) {
        const mi_scalar *row = s + r * columns;
        for (size_t k = 0; k < columns; k++) {
            mi_scalar x = row[k] + u[r];
            most[k] = x > most[k] ? x : most[k];
        }
    }
    for (size_t r = 0; r < rows; r++) {
        const mi_scalar *row = s + r * columns;
        for (size_t k = 0; k < columns; k += MI_LANES) {
            size_t left = columns - k;
            mi_lanes x = mi_load_left(row + k, left, 0) + u[r] - mi_load_left(most + k, left, 0);
            mi_store_left(sum + k, mi_load_left(sum + k, left, 0) + mi_exp_lanes(x), left);
        }
    }
    mi_scalar log_columns = (mi_scalar)log((double)columns);
    for (size_t k = 0; k < columns; k++) {
        v[k] = -log_columns - (most[k] + (mi_scalar)log((double)sum[k]));
    }
}

/* u_r = -log rows - log of sum_k exp(s_rk + v_k). */
static void scale_sums(size_t rows, size_t columns, const mi_scalar *s, const mi_scalar *v,
                       mi_scalar *u)
{
    mi_scalar log_rows = (mi_scalar)log((double)rows), none = -(mi_scalar)INFINITY;
    for (size_t r = 0; r < rows; r++) {
        const mi_scalar *row = s + r * columns;
        mi_lanes most = mi_splat(row[0] + v[0]), sum = {0};
        for (size_t k = 0; k < columns; k += MI_LANES) {
            size_t left = columns - k;
            most =
                mi_larger(mi_load_left(row + k, left, none) + mi_load_left(v + k, left, 0), most);
        }
        mi_scalar top = mi_largest_lane(most);
        for (size_t k = 0; k < columns; k += MI_LANES) {
            size_t left = columns - k;
            sum += mi_exp_lanes(mi_load_left(row + k, left, none) + mi_load_left(v + k, left, 0) -
                                top);
        }
        u[r] = -log_rows - (top + (mi_scalar)log((double)mi_sum_lanes(sum)));
    }
}

/* The last u is not needed: rows of sum 1 are the softmax of s + v. */
void mi_sinkhorn(size_t rows, size_t columns, double temperature, size_t iterations, mi_scalar *h,
                 mi_scalar *room, double *opt_entropies)
{
    mi_scalar *v = room, *most = v + columns, *sum = most + columns, *u = sum + columns;
    for (size_t k = 0; k < columns; k++) {
        v[k] = 0;
    }
    for (size_t r = 0; r < rows; r++) {
        u[r] = 0;
    }
    scale_rows(rows, columns, (mi_scalar)temperature, h);
    for (size_t i = 0; i < iterations && rows > 0; i++) {
        if (i > 0) {
            scale_sums(rows, columns, h, v, u);
        }
        scale_columns(rows, columns, h, u, v, most, sum);
    }
    for (size_t r = 0; r < rows; r++) {
        double entropy = mi_softmax_entropy(columns, 1, v, h + r * columns);
        if (opt_entropies != NULL) {
            opt_entropies[r] = entropy;
        }
    }
}
