/* k nearest neighbours by cosine similarity: a block of held-out examples against a block of
 * training examples is one matrix product, and each held-out example keeps its nearest so far.
 * Features are normalised block by block, so that no copy of them all is needed. */
#include <gsl/gsl_cblas.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "maskinfo/memory.h"
#include "probe_parts.h"

/* Of a product: fixed, so that its last bits do not depend on the threads. */
enum { HELD_OUT_BLOCK = 128, TRAINING_BLOCK = 512 };

static const double temperature = 0.07;

typedef struct neighbor {
    mi_scalar similarity;
    int label;
} neighbor;

/* Of one thread. */
typedef struct workspace {
    mi_scalar *held_out;     /* (HELD_OUT_BLOCK, size), of unit length */
    mi_scalar *training;     /* (TRAINING_BLOCK, size), of unit length */
    mi_scalar *similarities; /* (HELD_OUT_BLOCK, TRAINING_BLOCK) */
    neighbor *nearest;       /* (HELD_OUT_BLOCK, neighbors), decreasing similarity */
    double *votes;           /* (classes) */
} workspace;

typedef struct search {
    const mi_probe_data *training, *held_out;
    size_t classes, neighbors;
    workspace *workspaces;                         /* (threads) */
    double *training_inverses, *held_out_inverses; /* 1 / lengths of examples */
    unsigned char *right;                          /* (held_out->count) */
} search;

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* 1 / length of an example, 0 for zeros; the largest entry comes out of the squares, so that they
 * stay in range. */
static double inverse_length(const mi_scalar *x, size_t size)
{
    double top = 0, sum = 0;
    for (size_t j = 0; j < size; j++) {
        top = fmax(top, fabs((double)x[j]));
    }
    for (size_t j = 0; j < size && top > 0; j++) {
        sum += (x[j] / top) * (x[j] / top);
    }
    return top > 0 ? 1 / (top * sqrt(sum)) : 0;
}

static mi_code find_inverses(const mi_probe_data *data, double **ret_inverses, mi_status *status)
{
    mi_code code = mi_allocate(data->count, sizeof **ret_inverses, ret_inverses, status);
    for (size_t i = 0; code == MI_OK && i < data->count; i++) {
        (*ret_inverses)[i] = inverse_length(data->features + i * data->size, data->size);
    }
    return code;
}

/* unit (count, size) = examples first .. first+count-1 divided by their lengths. */
static void normalize(const mi_probe_data *data, const double *inverses, size_t first, size_t count,
                      mi_scalar *unit)
{
    for (size_t i = 0; i < count; i++) {
        const mi_scalar *x = data->features + (first + i) * data->size;
        double inverse = inverses[first + i];
        for (size_t j = 0; j < data->size; j++) {
            unit[i * data->size + j] = (mi_scalar)(x[j] * inverse);
        }
    }
}

/* c (m, n) = a (m, k) * b (n, k)^T; rows of c are ldc apart. */
static void products(size_t m, size_t n, size_t k, const mi_scalar *a, const mi_scalar *b,
                     mi_scalar *c, size_t ldc)
{
#ifdef MI_DOUBLE
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)m, (int)n, (int)k, 1, a, (int)k, b,
                (int)k, 0, c, (int)ldc);
#else
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)m, (int)n, (int)k, 1, a, (int)k, b,
                (int)k, 0, c, (int)ldc);
#endif
}

/* Put a neighbour behind all that are at least as similar; the least similar one falls out. */
static void insert(neighbor *nearest, size_t kept, size_t limit, neighbor new)
{
    size_t place = smaller(kept, limit - 1);
    while (place > 0 && nearest[place - 1].similarity < new.similarity) {
        nearest[place] = nearest[place - 1];
        place--;
    }
    nearest[place] = new;
}

/* Similarities of one held-out example to training examples first .. first+count-1. */
static void keep_nearest(const search *w, const mi_scalar *similarities, size_t first, size_t count,
                         neighbor *nearest)
{
    for (size_t i = 0; i < count; i++) {
        size_t kept = smaller(first + i, w->neighbors);
        if (kept == w->neighbors && !(similarities[i] > nearest[kept - 1].similarity)) {
            continue;
        }
        neighbor new = {similarities[i], w->training->labels[first + i]};
        insert(nearest, kept, w->neighbors, new);
    }
}

/* The class with the most votes exp(similarity / temperature), the smaller of equals. */
static int vote(const search *w, const neighbor *nearest, double *votes)
{
    memset(votes, 0, w->classes * sizeof *votes);
    for (size_t k = 0; k < w->neighbors; k++) {
        votes[nearest[k].label] += exp((double)nearest[k].similarity / temperature);
    }
    size_t best = 0;
    for (size_t c = 1; c < w->classes; c++) {
        if (votes[c] > votes[best]) {
            best = c;
        }
    }
    return (int)best;
}

static mi_code tell_block(size_t block, size_t thread, void *context, mi_status *status)
{
    (void)status;
    search *w = context;
    workspace *space = &w->workspaces[thread];
    size_t size = w->training->size, first = block * HELD_OUT_BLOCK;
    size_t count = smaller(HELD_OUT_BLOCK, w->held_out->count - first);
    normalize(w->held_out, w->held_out_inverses, first, count, space->held_out);
    for (size_t start = 0; start < w->training->count; start += TRAINING_BLOCK) {
        size_t width = smaller(TRAINING_BLOCK, w->training->count - start);
        normalize(w->training, w->training_inverses, start, width, space->training);
        products(count, width, size, space->held_out, space->training, space->similarities,
                 TRAINING_BLOCK);
        for (size_t i = 0; i < count; i++) {
            keep_nearest(w, space->similarities + i * TRAINING_BLOCK, start, width,
                         space->nearest + i * w->neighbors);
        }
    }
    for (size_t i = 0; i < count; i++) {
        int told = vote(w, space->nearest + i * w->neighbors, space->votes);
        w->right[first + i] = told == w->held_out->labels[first + i];
    }
    return MI_OK;
}

static mi_code allocate_workspace(const search *w, workspace *space, mi_status *status)
{
    size_t row = w->training->size * sizeof(mi_scalar);
    mi_code code = mi_allocate(HELD_OUT_BLOCK, row, &space->held_out, status);
    if (code == MI_OK) {
        code = mi_allocate(TRAINING_BLOCK, row, &space->training, status);
    }
    if (code == MI_OK) {
        code = mi_allocate((size_t)HELD_OUT_BLOCK * TRAINING_BLOCK, sizeof *space->similarities,
                           &space->similarities, status);
    }
    if (code == MI_OK) {
        code = mi_allocate(w->neighbors, HELD_OUT_BLOCK * sizeof *space->nearest, &space->nearest,
                           status);
    }
    return code != MI_OK ? code
                         : mi_allocate(w->classes, sizeof *space->votes, &space->votes, status);
}

static void free_workspace(workspace *space)
{
    free(space->held_out);
    free(space->training);
    free(space->similarities);
    free(space->nearest);
    free(space->votes);
}

static mi_code run_search(search *w, const mi_run *run, double *ret_accuracy, mi_status *status)
{
    mi_code code = mi_allocate(w->held_out->count, 1, &w->right, status);
    if (code == MI_OK) {
        code = find_inverses(w->training, &w->training_inverses, status);
    }
    if (code == MI_OK) {
        code = find_inverses(w->held_out, &w->held_out_inverses, status);
    }
    for (int t = 0; t < run->threads && code == MI_OK; t++) {
        code = allocate_workspace(w, &w->workspaces[t], status);
    }
    if (code == MI_OK) {
        size_t blocks = (w->held_out->count + HELD_OUT_BLOCK - 1) / HELD_OUT_BLOCK;
        code = mi_parallel_for(run, "nearest neighbours", blocks, tell_block, w, status);
    }
    if (code == MI_OK) {
        size_t right = 0;
        for (size_t i = 0; i < w->held_out->count; i++) {
            right += w->right[i];
        }
        *ret_accuracy = (double)right / (double)w->held_out->count;
    }
    return code;
}

mi_code mi_probe_neighbors(const mi_probe_data *training, const mi_probe_data *held_out,
                           size_t classes, size_t neighbors, const mi_run *run,
                           double *ret_accuracy, mi_status *status)
{
    mi_code code = mi_probe_check(training, held_out, classes, status);
    if (code != MI_OK) {
        return code;
    }
    if (neighbors == 0) {
        return mi_fail_at(status, "neighbors", "neighbors is 0; there must be at least 1");
    }
    search w = {.training = training,
                .held_out = held_out,
                .classes = classes,
                .neighbors = smaller(neighbors, training->count)};
    code = mi_allocate((size_t)run->threads, sizeof *w.workspaces, &w.workspaces, status);
    if (code == MI_OK) {
        code = run_search(&w, run, ret_accuracy, status);
        for (int t = 0; t < run->threads; t++) {
            free_workspace(&w.workspaces[t]);
        }
    }
    free(w.workspaces);
    free(w.training_inverses);
    free(w.held_out_inverses);
    free(w.right);
    return code;
}
