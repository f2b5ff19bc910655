#include "maskinfo/ksg.h"

#include <gsl/gsl_sf_psi.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "maskinfo/memory.h"

enum { BATCH = 64 /* points of a unit of work */ };

/* What one thread owns. */
typedef struct desk {
    double *x, *y;   /* (N) distances of all points to the current one */
    double *nearest; /* (k+1) smallest joint distances, increasing */
} desk;

typedef struct search {
    const mi_points *points;
    size_t neighbors;
    desk *desks; /* (threads) */
    size_t threads;
    double *terms;       /* (N) psi(n_x + 1) + psi(n_y + 1) */
    unsigned char *tied; /* (N) */
} search;

static void search_close(search *s)
{
    for (size_t t = 0; s->desks != NULL && t < s->threads; t++) {
        free(s->desks[t].x);
        free(s->desks[t].y);
        free(s->desks[t].nearest);
    }
    free(s->desks);
    free(s->terms);
    free(s->tied);
}

static mi_code desk_open(const search *s, desk *d, mi_status *status)
{
    mi_code code = mi_allocate(s->points->count, sizeof *d->x, &d->x, status);
    if (code == MI_OK) {
        code = mi_allocate(s->points->count, sizeof *d->y, &d->y, status);
    }
    if (code == MI_OK) {
        code = mi_allocate(s->neighbors + 1, sizeof *d->nearest, &d->nearest, status);
    }
    return code;
}

static mi_code search_open(search *s, mi_status *status)
{
    mi_code code = mi_allocate(s->threads, sizeof *s->desks, &s->desks, status);
    for (size_t t = 0; code == MI_OK && t < s->threads; t++) {
        code = desk_open(s, &s->desks[t], status);
    }
    if (code == MI_OK) {
        code = mi_allocate(s->points->count, sizeof *s->terms, &s->terms, status);
    }
    if (code == MI_OK) {
        code = mi_allocate(s->points->count, sizeof *s->tied, &s->tied, status);
    }
    return code;
}

/* distance[j] = max over coordinates of |v_j - v_point|; values (dimensions, count). */
static void find_distances(const double *restrict values, size_t dimensions, size_t count,
                           size_t point, double *restrict distance)
{
    memset(distance, 0, count * sizeof *distance);
    for (size_t c = 0; c < dimensions; c++) {
        const double *restrict row = values + c * count;
        double here = row[point];
        for (size_t j = 0; j < count; j++) {
            double apart = fabs(row[j] - here);
            distance[j] = apart > distance[j] ? apart : distance[j];
        }
    }
}

/* nearest[0..k] become the k+1 smallest of max(x, y) without the point itself. */
static void find_nearest(const desk *d, size_t count, size_t point, size_t neighbors)
{
    double *nearest = d->nearest;
    for (size_t i = 0; i <= neighbors; i++) {
        nearest[i] = INFINITY;
    }
    for (size_t j = 0; j < count; j++) {
        double apart = d->x[j] > d->y[j] ? d->x[j] : d->y[j];
        if (apart >= nearest[neighbors] || j == point) {
            continue;
        }
        size_t place = neighbors;
        for (; place > 0 && nearest[place - 1] > apart; place--) {
            nearest[place] = nearest[place - 1];
        }
        nearest[place] = apart;
    }
}

/* Points nearer than eps, the point itself (at distance 0 < eps) not counted. */
static size_t count_nearer(const double *distance, size_t count, double eps)
{
    size_t nearer = 0;
    for (size_t j = 0; j < count; j++) {
        nearer += distance[j] < eps;
    }
    return nearer - 1;
}

static mi_code do_point(const search *s, const desk *d, size_t i, mi_status *status)
{
    const mi_points *p = s->points;
    find_distances(p->x, p->x_dimensions, p->count, i, d->x);
    find_distances(p->y, p->y_dimensions, p->count, i, d->y);
    find_nearest(d, p->count, i, s->neighbors);
    double eps = d->nearest[s->neighbors - 1];
    if (eps == 0) {
        return mi_fail(status, MI_INPUT,
                       "point %zu coincides with its %zu nearest ones: the samples are discrete or "
                       "rounded, and nearest neighbours need a density; use plug-in counts",
                       i, s->neighbors);
    }
    s->tied[i] = d->nearest[s->neighbors] == eps;
    s->terms[i] = gsl_sf_psi_int((int)count_nearer(d->x, p->count, eps) + 1) +
                  gsl_sf_psi_int((int)count_nearer(d->y, p->count, eps) + 1);
    return MI_OK;
}

static mi_code do_batch(size_t batch, size_t thread, void *context, mi_status *status)
{
    const search *s = context;
    size_t end = (batch + 1) * BATCH < s->points->count ? (batch + 1) * BATCH : s->points->count;
    mi_code code = MI_OK;
    for (size_t i = batch * BATCH; code == MI_OK && i < end; i++) {
        code = do_point(s, &s->desks[thread], i, status);
    }
    return code;
}

static bool all_finite(const double *values, size_t count)
{
    bool finite = true;
    for (size_t i = 0; i < count; i++) {
        finite = finite && isfinite(values[i]);
    }
    return finite;
}

static mi_code check(const mi_points *p, size_t neighbors, mi_status *status)
{
    size_t x_size = 0, y_size = 0;
    if (p->x_dimensions == 0 || p->y_dimensions == 0 ||
        mi_product(p->count, p->x_dimensions, &x_size, status) != MI_OK ||
        mi_product(p->count, p->y_dimensions, &y_size, status) != MI_OK) {
        return mi_fail(status, MI_INPUT, "%zu points of %zu + %zu dimensions", p->count,
                       p->x_dimensions, p->y_dimensions);
    }
    if (p->count > INT32_MAX) {
        return mi_fail(status, MI_INPUT, "%zu points; must be at most %d", p->count, INT32_MAX);
    }
    if (neighbors < 1 || neighbors >= p->count) {
        return mi_fail_at(status, "neighbors",
                          "%zu nearest neighbours of %zu samples; must be in [1, samples - 1]",
                          neighbors, p->count);
    }
    if (!all_finite(p->x, x_size) || !all_finite(p->y, y_size)) {
        return mi_fail(status, MI_INPUT, "a sample is not finite");
    }
    return MI_OK;
}

/* In the order of the points, whatever thread had them. */
static mi_ksg summarise(const search *s)
{
    size_t count = s->points->count;
    mi_ksg ksg = {0, 0};
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += s->terms[i];
        ksg.tied += s->tied[i];
    }
    ksg.information =
        gsl_sf_psi_int((int)s->neighbors) + gsl_sf_psi_int((int)count) - sum / (double)count;
    return ksg;
}

mi_code mi_ksg_information(const mi_points *points, size_t neighbors, const mi_run *run,
                           mi_ksg *ret_ksg, mi_status *status)
{
    search s = {.points = points, .neighbors = neighbors, .threads = (size_t)run->threads};
    mi_code code = check(points, neighbors, status);
    if (code == MI_OK) {
        code = search_open(&s, status);
    }
    if (code == MI_OK) {
        code = mi_parallel_for(run, "nearest neighbours", (points->count + BATCH - 1) / BATCH,
                               do_batch, &s, status);
    }
    if (code == MI_OK) {
        *ret_ksg = summarise(&s);
    }
    search_close(&s);
    return code;
}
