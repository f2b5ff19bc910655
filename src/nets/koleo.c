/* The KoLeo regulariser. */
#include <string.h>

#include "distill.h"
#include "maskinfo/distill.h"
#include "maskinfo/heads.h"

static const double epsilon = 1e-8;

size_t mi_koleo_room(size_t rows, size_t columns)
{
    return 2 * rows * columns + rows;
}

static mi_scalar product(size_t count, const mi_scalar *x, const mi_scalar *y)
{
    mi_lanes sum = {0};
    for (size_t k = 0; k < count; k += MI_LANES) {
        sum += mi_load_left(x + k, count - k, 0) * mi_load_left(y + k, count - k, 0);
    }
    return mi_sum_lanes(sum);
}

/* The row nearest to row i of the unit rows u (rows,columns), the first of several. */
static size_t nearest(size_t rows, size_t columns, const mi_scalar *u, size_t i)
{
    size_t best = i == 0 ? 1 : 0;
    mi_scalar most = -2;
    for (size_t j = 0; j < rows; j++) {
        mi_scalar along = j == i ? -2 : product(columns, u + i * columns, u + j * columns);
        if (along > most) {
            most = along;
            best = j;
        }
    }
    return best;
}

/* |x - y|. (PyTorch's pairwise distance adds epsilon to each difference too, which can not be seen
 * but for identical rows.) */
static double distance(size_t count, const mi_scalar *x, const mi_scalar *y)
{
    double sum = 0;
    for (size_t k = 0; k < count; k++) {
        double d = (double)x[k] - (double)y[k];
        sum += d * d;
    }
    return sqrt(sum);
}

/* L = -1/n sum_i log(d_i + epsilon) with d = |u_i - u_j|: du_i = -(u_i - u_j) / (n d (d +
 * epsilon)), du_j = -du_i. */
static double pull(size_t rows, size_t columns, const mi_scalar *u, double scale, mi_scalar *opt_du)
{
    double loss = 0;
    for (size_t i = 0; i < rows; i++) {
        size_t j = nearest(rows, columns, u, i);
        const mi_scalar *x = u + i * columns, *y = u + j * columns;
        double d = distance(columns, x, y);
        loss -= log(d + epsilon);
        double factor = d > 0 ? -scale / ((double)rows * d * (d + epsilon)) : 0;
        for (size_t k = 0; opt_du != NULL && k < columns; k++) {
            mi_scalar part = (mi_scalar)(factor * ((double)x[k] - (double)y[k]));
            opt_du[i * columns + k] += part;
            opt_du[j * columns + k] -= part;
        }
    }
    return loss / (double)rows;
}

double mi_koleo(size_t rows, size_t columns, const mi_scalar *x, double scale, mi_scalar *opt_dx,
                mi_scalar *room)
{
    if (rows < 2) {
        return 0;
    }
    mi_scalar *u = room, *du = u + rows * columns, *inverse = du + rows * columns;
    mi_unit_rows(rows, columns, x, u, inverse);
    memset(du, 0, rows * columns * sizeof *du);
    double loss = pull(rows, columns, u, scale, opt_dx == NULL ? NULL : du);
    if (opt_dx != NULL) {
        mi_unit_rows_backward(rows, columns, u, inverse, du, du);
        for (size_t i = 0; i < rows * columns; i++) {
            opt_dx[i] += du[i];
        }
    }
    return loss;
}
