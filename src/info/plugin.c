#include "maskinfo/plugin.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "maskinfo/memory.h"

static const size_t most_samples = (size_t)1 << 32;

/* Mean of log terms over samples with its standard error; `weight` samples share one term. */
typedef struct moments {
    double weight, mean, squares;
} moments;

/* West's update for weighted terms: no cancellation of large squares. */
static void add_term(moments *m, double weight, double term)
{
    double step = term - m->mean;
    m->weight += weight;
    m->mean += step * weight / m->weight;
    m->squares += weight * step * (term - m->mean);
}

static double error_of(const moments *m)
{
    return m->weight > 1 ? sqrt(m->squares / (m->weight - 1) / m->weight) : 0;
}

mi_code mi_plugin_entropy(const uint64_t *counts, size_t cells, mi_plugin *ret_plugin,
                          mi_status *status)
{
    double total = 0;
    size_t occupied = 0;
    moments m = {0, 0, 0};
    for (size_t k = 0; k < cells; k++) {
        total += (double)counts[k];
        occupied += counts[k] > 0;
    }
    if (occupied == 0) {
        return mi_fail(status, MI_INPUT,
                       "an entropy needs at least one sample; all %zu counts are 0", cells);
    }
    for (size_t k = 0; k < cells; k++) {
        if (counts[k] > 0) {
            add_term(&m, (double)counts[k], -log((double)counts[k] / total));
        }
    }
    *ret_plugin = (mi_plugin){.value = m.mean,
                              .correction = (double)(occupied - 1) / (2 * total),
                              .error = error_of(&m),
                              .cells = occupied};
    return MI_OK;
}

static int compare_symbols(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* Drop repetitions of a sorted array; returns how many are left. */
static size_t drop_repeated(uint64_t *sorted, size_t count)
{
    size_t kept = 1;
    for (size_t i = 1; i < count; i++) {
        if (sorted[i] != sorted[kept - 1]) {
            sorted[kept++] = sorted[i];
        }
    }
    return kept;
}

static mi_code check_count(size_t count, mi_status *status)
{
    if (count == 0 || count > most_samples) {
        return mi_fail(status, MI_INPUT, "%zu samples; must be in [1, %zu]", count, most_samples);
    }
    return MI_OK;
}

mi_code mi_plugin_rank(uint64_t *symbols, size_t count, uint64_t *ret_kinds, mi_status *status)
{
    uint64_t *kinds = NULL;
    mi_code code = check_count(count, status);
    if (code == MI_OK) {
        code = mi_allocate(count, sizeof *kinds, &kinds, status);
    }
    if (code != MI_OK) {
        return code;
    }
    memcpy(kinds, symbols, count * sizeof *kinds);
    qsort(kinds, count, sizeof *kinds, compare_symbols);
    size_t kept = drop_repeated(kinds, count);
    for (size_t i = 0; i < count; i++) {
        uint64_t *found = bsearch(&symbols[i], kinds, kept, sizeof *kinds, compare_symbols);
        symbols[i] = (uint64_t)(found - kinds);
    }
    *ret_kinds = kept;
    free(kinds);
    return MI_OK;
}

/* Ranked symbols with the number of samples of each. */
typedef struct variable {
    uint64_t *ranks;  /* (n) */
    uint64_t *counts; /* (kinds) */
    uint64_t kinds;
} variable;

static void variable_free(variable *v)
{
    free(v->ranks);
    free(v->counts);
}

static mi_code variable_count(variable *v, size_t count, mi_status *status)
{
    mi_code code = mi_plugin_rank(v->ranks, count, &v->kinds, status);
    if (code == MI_OK) {
        code = mi_allocate(v->kinds, sizeof *v->counts, &v->counts, status);
    }
    for (size_t i = 0; code == MI_OK && i < count; i++) {
        v->counts[v->ranks[i]]++;
    }
    return code;
}

static mi_code variable_init(variable *v, const uint64_t *symbols, size_t count, mi_status *status)
{
    mi_code code = mi_allocate(count, sizeof *v->ranks, &v->ranks, status);
    if (code != MI_OK) {
        return code;
    }
    memcpy(v->ranks, symbols, count * sizeof *symbols);
    return variable_count(v, count, status);
}

mi_code mi_plugin_entropy_of(const uint64_t *symbols, size_t count, mi_plugin *ret_plugin,
                             mi_status *status)
{
    variable v = {0};
    mi_code code = check_count(count, status);
    if (code == MI_OK) {
        code = variable_init(&v, symbols, count, status);
    }
    if (code == MI_OK) {
        code = mi_plugin_entropy(v.counts, v.kinds, ret_plugin, status);
    }
    variable_free(&v);
    return code;
}

static mi_code pair_init(variable *pair, const variable *x, const variable *y, size_t count,
                         mi_status *status)
{
    mi_code code = mi_allocate(count, sizeof *pair->ranks, &pair->ranks, status);
    if (code != MI_OK) {
        return code;
    }
    for (size_t i = 0; i < count; i++) {
        pair->ranks[i] = x->ranks[i] * y->kinds + y->ranks[i];
    }
    return variable_count(pair, count, status);
}

static mi_plugin information_of(const variable *x, const variable *y, const variable *pair,
                                size_t count)
{
    double n = (double)count;
    moments m = {0, 0, 0};
    for (size_t i = 0; i < count; i++) {
        double cx = (double)x->counts[x->ranks[i]], cy = (double)y->counts[y->ranks[i]];
        double cxy = (double)pair->counts[pair->ranks[i]];
        add_term(&m, 1, log(n * cxy / (cx * cy)));
    }
    double excess = (double)x->kinds + (double)y->kinds - (double)pair->kinds - 1;
    return (mi_plugin){.value = m.mean,
                       .correction = excess / (2 * n),
                       .error = error_of(&m),
                       .cells = (size_t)pair->kinds};
}

mi_code mi_plugin_information(const uint64_t *x, const uint64_t *y, size_t count,
                              mi_plugin *ret_plugin, mi_status *status)
{
    variable first = {0}, second = {0}, pair = {0};
    mi_code code = check_count(count, status);
    if (code == MI_OK) {
        code = variable_init(&first, x, count, status);
    }
    if (code == MI_OK) {
        code = variable_init(&second, y, count, status);
    }
    if (code == MI_OK) {
        code = pair_init(&pair, &first, &second, count, status);
    }
    if (code == MI_OK) {
        *ret_plugin = information_of(&first, &second, &pair, count);
    }
    variable_free(&first);
    variable_free(&second);
    variable_free(&pair);
    return code;
}
