#include "enumerate.h"

#include <math.h>
#include <stdlib.h>

#include "maskinfo/memory.h"

static const double operations_limit = 67108864; /* 2^26 */

mi_code mi_enumerate_allowed(size_t vocabulary, size_t sites, mi_status *status)
{
    double operations = pow((double)vocabulary + 1, (double)sites);
    if (operations > operations_limit) {
        return mi_fail(status, MI_INPUT,
                       "no exact answer for %zu sites of %zu symbols: enumeration would take "
                       "%zu^%zu = %.3g steps and %.3g are allowed; use the estimator method "
                       "\"posterior\" or a shorter sequence",
                       sites, vocabulary, vocabulary + 1, sites, operations, operations_limit);
    }
    return MI_OK;
}

/* A table holds p(x_S), S being the sites kept so far and those not yet decided on. Sites are
 * decided on in turn: keep one (the same table) or sum it out (a table V times smaller). Every
 * subset is reached once, and the tables of all of them hold (V+1)^N numbers together. */
typedef struct enumeration {
    size_t vocabulary, sites;
    double **tables; /* (sites+1): tables[j] holds V^(sites-j) numbers, j sites summed out */
    double *total;   /* (sites+1): sum of H(X_S) over the subsets of each size */
} enumeration;

static size_t power(size_t base, size_t exponent)
{
    size_t result = 1;
    for (size_t i = 0; i < exponent; i++) {
        result *= base;
    }
    return result;
}

static void enumeration_free(enumeration *e)
{
    for (size_t j = 0; e->tables != NULL && j <= e->sites; j++) {
        free(e->tables[j]);
    }
    free(e->tables);
    free(e->total);
}

static mi_code enumeration_init(enumeration *e, mi_status *status)
{
    mi_code code = mi_allocate(e->sites + 1, sizeof *e->tables, &e->tables, status);
    if (code == MI_OK) {
        code = mi_allocate(e->sites + 1, sizeof *e->total, &e->total, status);
    }
    for (size_t j = 0; code == MI_OK && j <= e->sites; j++) {
        code = mi_allocate(power(e->vocabulary, e->sites - j), sizeof **e->tables, &e->tables[j],
                           status);
    }
    return code;
}

/* Fill tables[0]; site 0 is the slowest index. symbols is (sites), zeroed. */
static void tabulate(enumeration *e, mi_log_probability log_probability, void *context,
                     size_t *symbols)
{
    size_t count = power(e->vocabulary, e->sites);
    for (size_t c = 0; c < count; c++) {
        size_t rest = c;
        for (size_t i = e->sites; i-- > 0; rest /= e->vocabulary) {
            symbols[i] = rest % e->vocabulary;
        }
        e->tables[0][c] = exp(log_probability(symbols, context));
    }
}

/* In extended precision: millions of equal terms would add up their rounding. */
static double entropy(const double *table, size_t count)
{
    long double sum = 0;
    for (size_t c = 0; c < count; c++) {
        if (table[c] > 0) {
            sum -= table[c] * log(table[c]);
        }
    }
    return (double)sum;
}

/* target (outer, inner) = sum over the middle index of source (outer, V, inner). */
static void sum_out(const double *source, size_t outer, size_t vocabulary, size_t inner,
                    double *target)
{
    for (size_t o = 0; o < outer; o++) {
        for (size_t i = 0; i < inner; i++) {
            double sum = 0;
            for (size_t v = 0; v < vocabulary; v++) {
                sum += source[(o * vocabulary + v) * inner + i];
            }
            target[o * inner + i] = sum;
        }
    }
}

/* Decide on sites `site` and later; `kept` of the earlier ones are in the table. */
static void decide(enumeration *e, size_t site, size_t kept)
{
    size_t dropped = site - kept;
    size_t outer = power(e->vocabulary, kept);
    if (site == e->sites) {
        e->total[kept] += entropy(e->tables[dropped], outer);
        return;
    }
    decide(e, site + 1, kept + 1);
    sum_out(e->tables[dropped], outer, e->vocabulary, power(e->vocabulary, e->sites - site - 1),
            e->tables[dropped + 1]);
    decide(e, site + 1, kept);
}

/* h_k = F_{k+1} - F_k, F_k the mean of H(X_S) over the k-subsets: docs/theory.md, section 1. */
static void differences(const enumeration *e, double *profile)
{
    double subsets = 1, before = 0; /* C(N, k), F_k */
    for (size_t k = 0; k < e->sites; k++) {
        subsets = subsets * (double)(e->sites - k) / (double)(k + 1);
        double now = e->total[k + 1] / subsets;
        profile[k] = now - before;
        before = now;
    }
}

static mi_code fill(enumeration *e, mi_log_probability log_probability, void *context,
                    mi_profile *profile, mi_status *status)
{
    size_t *symbols = NULL;
    mi_code code = mi_profile_add(profile, MI_ENTROPY, 1, status);
    if (code == MI_OK) {
        code = mi_allocate(e->sites, sizeof *symbols, &symbols, status);
    }
    if (code == MI_OK) {
        tabulate(e, log_probability, context, symbols);
        decide(e, 0, 0);
        differences(e, profile->series[MI_ENTROPY].values);
        profile->exact = true;
    }
    free(symbols);
    return code;
}

mi_code mi_enumerate_profile(size_t vocabulary, size_t sites, mi_log_probability log_probability,
                             void *context, mi_profile **ret_profile, mi_status *status)
{
    enumeration e = {.vocabulary = vocabulary, .sites = sites};
    mi_profile *profile = NULL;
    mi_code code = mi_enumerate_allowed(vocabulary, sites, status);
    if (code == MI_OK) {
        code = mi_profile_create(sites, &profile, status);
    }
    if (code == MI_OK) {
        code = enumeration_init(&e, status);
    }
    if (code == MI_OK) {
        code = fill(&e, log_probability, context, profile, status);
    }
    enumeration_free(&e);
    if (code != MI_OK) {
        mi_profile_destroy(profile);
        return code;
    }
    *ret_profile = profile;
    return MI_OK;
}
