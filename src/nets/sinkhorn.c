/* Sinkhorn and Knopp's iteration in logarithms. */
#include "distill.h"
#include "maskinfo/distill.h"

size_t mi_sinkhorn_room(size_t rows, size_t columns)
{
    return rows + 3 * columns;
}

/* max(difference / t, -1e30). */
static mi_scalar scaled(mi_scalar difference, mi_scalar temperature)
{
    const mi_scalar least = (mi_scalar)-1e30;
    mi_scalar s = difference / temperature;
    return s < least ? least : s;
}

/* h (rows,columns) becomes s = (h - the row's largest) / t, and u (rows) what makes up for it but
 * for a constant: (the row's largest - the largest of all) / t. */
static void scale_rows(size_t rows, size_t columns, mi_scalar temperature, mi_scalar *h,
                       mi_scalar *u)
{
    for (size_t r = 0; r < rows; r++) {
        mi_scalar *row = h + r * columns;
        u[r] = mi_largest_of(columns, row);
        for (size_t k = 0; k < columns; k++) {
            row[k] = scaled(row[k] - u[r], temperature);
        }
    }
    mi_scalar most = rows > 0 ? mi_largest_of(rows, u) : 0;
    for (size_t r = 0; r < rows; r++) {
        u[r] = scaled(u[r] - most, temperature);
    }
}

/* v_k = -log of sum_r exp(s_rk + u_r), s (rows,columns): the largest first. Constants, such as the
 * number of columns, cancel in the next sum. */
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
    for (size_t k = 0; k < columns; k++) {
        v[k] = -(most[k] + (mi_scalar)log((double)sum[k]));
    }
}

/* u_r = -log of sum_k exp(s_rk + v_k). */
static void scale_sums(size_t rows, size_t columns, const mi_scalar *s, const mi_scalar *v,
                       mi_scalar *u)
{
    const mi_scalar none = -(mi_scalar)INFINITY;
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
        u[r] = -(top + (mi_scalar)log((double)mi_sum_lanes(sum)));
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
    scale_rows(rows, columns, (mi_scalar)temperature, h, u);
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
