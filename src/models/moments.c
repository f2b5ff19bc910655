#include "moments.h"

#include <gsl/gsl_cblas.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "maskinfo/memory.h"

/* Coordinates a side of the square tile that is one unit of work, and crops that are multiplied at
 * once: two panels of TILE x BATCH doubles stay in the second-level cache, and converting them from
 * float costs a few per cent of the product. */
enum { TILE = 256, BATCH = 128 };

static size_t tiles_of(size_t dimension)
{
    return (dimension + TILE - 1) / TILE;
}

static size_t tile_end(size_t tile, size_t dimension)
{
    size_t end = (tile + 1) * TILE;
    return end < dimension ? end : dimension;
}

typedef struct averaging {
    const mi_crops *crops;
    const mi_role *roles;
    double *mean;
} averaging;

static mi_code average_tile(size_t index, size_t thread, void *context, mi_status *status)
{
    (void)thread, (void)status;
    const averaging *a = context;
    size_t begin = index * TILE, end = tile_end(index, a->crops->dimension);
    double total = 0;
    for (size_t c = 0; c < a->crops->count; c++) {
        const float *crop = mi_crop(a->crops, c);
        mi_role role = a->roles[c];
        total += role.weight;
        for (size_t i = begin; i < end; i++) {
            a->mean[i] += role.weight * (crop[i] - role.brightness);
        }
    }
    for (size_t i = begin; i < end; i++) {
        a->mean[i] /= total;
    }
    return MI_OK;
}

mi_code mi_crops_mean(const mi_crops *crops, const mi_role *roles, const mi_run *run, double *mean,
                      mi_status *status)
{
    averaging a = {crops, roles, mean};
    memset(mean, 0, crops->dimension * sizeof *mean);
    return mi_parallel_for(run, "averaging crops", tiles_of(crops->dimension), average_tile, &a,
                           status);
}

typedef struct product {
    const mi_crops *crops;
    const mi_role *roles;
    const double *mean;
    double *covariance;
    double share; /* 1/n */
} product;

/* panel (end - begin, BATCH) of up to BATCH crops with positive weight from *crop on; returns how
 * many and leaves *crop behind them. */
static size_t fill_panel(const product *p, size_t begin, size_t end, size_t *crop, double *panel)
{
    size_t filled = 0;
    for (; *crop < p->crops->count && filled < BATCH; (*crop)++) {
        mi_role role = p->roles[*crop];
        if (role.weight <= 0) {
            continue;
        }
        const float *values = mi_crop(p->crops, *crop);
        double *column = panel + filled++ * (end - begin);
        double root = sqrt(role.weight * p->share);
        for (size_t i = begin; i < end; i++) {
            column[i - begin] = root * (values[i] - role.brightness - p->mean[i]);
        }
    }
    return filled;
}

/* Tile (i, j) of the covariance, j <= i, and its mirror image. */
static void multiply_tile(const product *p, size_t i, size_t j, double *left, double *right)
{
    size_t n = p->crops->dimension;
    size_t i0 = i * TILE, i1 = tile_end(i, n), j0 = j * TILE, j1 = tile_end(j, n);
    double *tile = p->covariance + i0 + j0 * n;
    for (size_t crop = 0, other = 0, begun = 0; crop < p->crops->count; begun = 1) {
        size_t filled = fill_panel(p, i0, i1, &crop, left);
        fill_panel(p, j0, j1, &other, right);
        if (filled > 0 || begun == 0) {
            cblas_dgemm(CblasColMajor, CblasNoTrans, CblasTrans, (int)(i1 - i0), (int)(j1 - j0),
                        (int)filled, 1.0, left, (int)(i1 - i0), right, (int)(j1 - j0),
                        begun == 0 ? 0.0 : 1.0, tile, (int)n);
        }
    }
    for (size_t b = j0; i != j && b < j1; b++) {
        for (size_t a = i0; a < i1; a++) {
            p->covariance[b + a * n] = p->covariance[a + b * n];
        }
    }
}

static mi_code multiply_unit(size_t index, size_t thread, void *context, mi_status *status)
{
    (void)thread;
    const product *p = context;
    double *panels = NULL;
    mi_code code = mi_allocate((size_t)2 * TILE * BATCH, sizeof *panels, &panels, status);
    if (code != MI_OK) {
        return code;
    }
    size_t i = 0;
    while ((i + 1) * (i + 2) / 2 <= index) {
        i++;
    }
    multiply_tile(p, i, index - i * (i + 1) / 2, panels, panels + (size_t)TILE * BATCH);
    free(panels);
    return MI_OK;
}

mi_code mi_crops_covariance(const mi_crops *crops, const mi_role *roles, const double *mean,
                            const mi_run *run, double *covariance, mi_status *status)
{
    size_t positive = 0;
    for (size_t c = 0; c < crops->count; c++) {
        positive += roles[c].weight > 0;
    }
    product p = {crops, roles, mean, covariance, 1.0 / (double)positive};
    size_t tiles = tiles_of(crops->dimension);
    return mi_parallel_for(run, "covariance of crops", tiles * (tiles + 1) / 2, multiply_unit, &p,
                           status);
}

/* Where the displacement from coordinate j to coordinate i is kept: a displacement and its opposite
 * share an entry, that with rows >= 0 (columns >= 0 in the same row, channels in order in the same
 * pixel). */
static bool comes_before(const mi_stationary *s, size_t i, size_t j)
{
    if (s->row[i] != s->row[j]) {
        return s->row[i] < s->row[j];
    }
    return s->column[i] != s->column[j] ? s->column[i] < s->column[j]
                                        : s->channel[i] < s->channel[j];
}

static size_t displacement(const mi_stationary *s, size_t i, size_t j)
{
    size_t low = j, high = i;
    if (comes_before(s, i, j)) {
        low = i;
        high = j;
    }
    size_t pixel = (s->row[high] - s->row[low]) * (2 * s->width - 1) +
                   (s->width - 1 + s->column[high] - s->column[low]);
    return (pixel * s->channels + s->channel[low]) * s->channels + s->channel[high];
}

static size_t entries_of(const mi_stationary *s)
{
    return s->height * (2 * s->width - 1) * s->channels * s->channels;
}

static void average_displacements(const double *covariance, size_t dimension, mi_stationary *s,
                                  double *counts)
{
    for (size_t j = 0; j < dimension; j++) {
        for (size_t i = j; i < dimension; i++) {
            size_t d = displacement(s, i, j);
            s->values[d] += covariance[i + j * dimension];
            counts[d]++;
        }
    }
    for (size_t d = 0; d < entries_of(s); d++) {
        if (counts[d] > 0) {
            s->values[d] /= counts[d];
        }
    }
}

static void locate_pixels(mi_crop_shape shape, mi_stationary *s)
{
    for (size_t r = 0; r < s->height; r++) {
        for (size_t c = 0; c < s->width; c++) {
            size_t i = mi_crop_coordinate(shape, r, c);
            for (size_t channel = 0; channel < s->channels; channel++) {
                s->row[i + channel] = r;
                s->column[i + channel] = c;
                s->channel[i + channel] = channel;
            }
        }
    }
}

mi_code mi_stationary_create(const double *covariance, mi_crop_shape shape,
                             mi_stationary **ret_stationary, mi_status *status)
{
    mi_stationary *s = NULL;
    double *counts = NULL;
    size_t dimension = mi_crop_dimension(shape);
    mi_code code = mi_allocate(1, sizeof *s, &s, status);
    if (code == MI_OK) {
        s->height = mi_crop_height(shape);
        s->width = mi_crop_width(shape);
        s->channels = shape.channels;
        code = mi_allocate(dimension, sizeof *s->row, &s->row, status);
    }
    if (code == MI_OK) {
        code = mi_allocate(dimension, sizeof *s->column, &s->column, status);
    }
    if (code == MI_OK) {
        code = mi_allocate(dimension, sizeof *s->channel, &s->channel, status);
    }
    if (code == MI_OK) {
        code = mi_allocate(entries_of(s), sizeof *s->values, &s->values, status);
    }
    if (code == MI_OK) {
        code = mi_allocate(entries_of(s), sizeof *counts, &counts, status);
    }
    if (code == MI_OK) {
        locate_pixels(shape, s);
        average_displacements(covariance, dimension, s, counts);
        *ret_stationary = s;
    } else {
        mi_stationary_destroy(s);
    }
    free(counts);
    return code;
}

void mi_stationary_destroy(mi_stationary *stationary)
{
    if (stationary == NULL) {
        return;
    }
    free(stationary->row);
    free(stationary->column);
    free(stationary->channel);
    free(stationary->values);
    free(stationary);
}

void mi_shrink(const double *covariance, size_t dimension, const mi_stationary *stationary,
               double share, double floor, double *shrunk)
{
    double variance = 0;
    for (size_t i = 0; i < dimension; i++) {
        variance += covariance[i * dimension + i] / (double)dimension;
    }
    for (size_t j = 0; j < dimension; j++) {
        for (size_t i = 0; i < dimension; i++) {
            double target = stationary->values[displacement(stationary, i, j)];
            shrunk[i + j * dimension] =
                (1 - share) * covariance[i + j * dimension] + share * target;
        }
        shrunk[j + j * dimension] += floor * variance;
    }
}
