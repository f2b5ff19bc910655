#include <gsl/gsl_cblas.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "divergence.h"
#include "markov.h"
#include "maskinfo/memory.h"

/* Rows of P^g evolve on their own, R_{g+1} = R_g P: a unit of work is a block of BLOCK rows carried
 * over a chunk of gaps, after which convergence is looked at. The blocks do not depend on the
 * threads, so neither do the sums. */
enum { BLOCK = 64, GAPS_LIMIT = 1 << 22 };

/* Gaps with less information than this, in nats, count as having none. */
static const double negligible = 1e-17;

typedef struct powers {
    const mi_markov *chain;
    size_t blocks;
    size_t chunk;  /* gaps between looks at convergence */
    double *rows;  /* (V, V) P^g */
    double *next;  /* (V, V) */
    double *parts; /* (blocks, chunk) each block's share of I_g */
} powers;

/* Part of I_g = sum_u pi_u KL(P^g(u, .) || pi) of `count` rows of P^g, the first being row `first`.
 */
static double block_information(const mi_markov *c, const double *rows, size_t first, size_t count)
{
    double sum = 0;
    for (size_t u = 0; u < count; u++) {
        double divergence = 0;
        for (size_t x = 0; x < c->states; x++) {
            double q = c->stationary[x];
            divergence += q * mi_divergence_term((rows[u * c->states + x] - q) / q);
        }
        sum += c->stationary[first + u] * divergence;
    }
    return sum;
}

static mi_code advance_block(size_t index, size_t thread, void *context, mi_status *status)
{
    (void)thread;
    (void)status;
    powers *p = context;
    const mi_markov *c = p->chain;
    size_t first = index * BLOCK, n = c->states;
    size_t count = n - first < BLOCK ? n - first : BLOCK;
    double *rows = p->rows + first * n, *next = p->next + first * n;
    for (size_t step = 0; step < p->chunk; step++) {
        p->parts[index * p->chunk + step] = block_information(c, rows, first, count);
        cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)count, (int)n, (int)n, 1, rows,
                    (int)n, c->transition, (int)n, 0, next, (int)n);
        memcpy(rows, next, count * n * sizeof *rows);
    }
    return MI_OK;
}

/* About a millisecond of work per chunk: large chains often converge in a handful of gaps, while
 * for small ones starting the parallel loop costs more than a gap does. */
static size_t choose_chunk(size_t states)
{
    double n = (double)states;
    return (size_t)fmin(256, fmax(2, 1e7 / (n * n * n)));
}

static mi_code powers_create(const mi_markov *chain, powers *p, mi_status *status)
{
    size_t entries = chain->states * chain->states;
    p->chain = chain;
    p->blocks = (chain->states + BLOCK - 1) / BLOCK;
    p->chunk = choose_chunk(chain->states);
    mi_code code = mi_allocate(entries, sizeof *p->rows, &p->rows, status);
    if (code == MI_OK) {
        code = mi_allocate(entries, sizeof *p->next, &p->next, status);
    }
    if (code == MI_OK) {
        code = mi_allocate(p->blocks * p->chunk, sizeof *p->parts, &p->parts, status);
    }
    if (code == MI_OK) {
        memcpy(p->rows, chain->transition, entries * sizeof *p->rows);
    }
    return code;
}

static void powers_destroy(powers *p)
{
    free(p->rows);
    free(p->next);
    free(p->parts);
}

/* Append the gap entropies of one chunk. */
static mi_code append_chunk(const powers *p, mi_gaps *gaps, mi_status *status)
{
    mi_code code =
        mi_resize(gaps->count + p->chunk, sizeof *gaps->conditional, &gaps->conditional, status);
    for (size_t step = 0; code == MI_OK && step < p->chunk; step++) {
        double information = 0;
        for (size_t block = 0; block < p->blocks; block++) {
            information += p->parts[block * p->chunk + step];
        }
        gaps->conditional[gaps->count++] = gaps->entropy - information;
    }
    return code;
}

static double last_information(const powers *p)
{
    double information = 0;
    for (size_t block = 0; block < p->blocks; block++) {
        information += p->parts[block * p->chunk + p->chunk - 1];
    }
    return information;
}

static mi_code too_slow(const mi_markov *chain, size_t gaps, double left, mi_status *status)
{
    return mi_fail(status, MI_NUMERIC,
                   "the chain of %zu states mixes too slowly: sites %zu apart still share %.3g "
                   "nats; set \"length\" to a finite number",
                   chain->states, gaps, left);
}

/* Would the table outgrow its limit? The decay of I_g from one chunk to the next only slows down
 * towards that of the slowest mode, so going on at the present pace is the best case; a factor of 2
 * is left for chains that are still settling. */
static bool is_hopeless(size_t gaps, size_t chunk, double before, double left)
{
    double chunks = log(left / negligible) / log(before / left);
    return gaps >= 1024 && (double)gaps + (double)chunk * chunks > 2.0 * GAPS_LIMIT;
}

static void tell_progress(const mi_run *run, size_t done, size_t total)
{
    if (run->opt_progress != NULL && total > 0) {
        run->opt_progress(run->opt_progress_context, "gap entropies", done < total ? done : total,
                          total);
    }
}

static mi_code fill_gaps(powers *p, const mi_run *run, mi_gaps *gaps, mi_status *status)
{
    size_t length = p->chain->length;
    size_t limit = length > 0 ? length - 1 : GAPS_LIMIT;
    mi_run quiet = *run; /* the loop over chunks tells the progress */
    quiet.opt_progress = NULL;
    double left = HUGE_VAL, before = HUGE_VAL;
    while (left > negligible && gaps->count < limit) {
        mi_code code =
            mi_parallel_for(&quiet, "gap entropies", p->blocks, advance_block, p, status);
        if (code == MI_OK) {
            code = append_chunk(p, gaps, status);
        }
        if (code != MI_OK) {
            return code;
        }
        before = left;
        left = last_information(p);
        if (length == 0 && left > negligible && is_hopeless(gaps->count, p->chunk, before, left)) {
            break;
        }
        tell_progress(run, gaps->count, length > 0 ? limit : 0);
    }
    if (length == 0 && left > negligible) {
        return too_slow(p->chain, gaps->count, left, status);
    }
    return MI_OK;
}

mi_code mi_markov_gaps(const mi_markov *chain, const mi_run *run, mi_gaps **ret_gaps,
                       mi_status *status)
{
    double entropy, information;
    powers p = {.chain = chain};
    mi_gaps *gaps = NULL;
    mi_markov_entropies(chain, &entropy, &information);
    mi_code code = mi_gaps_create(entropy, 1, &gaps, status);
    if (code == MI_OK) {
        gaps->count = 0;
        code = powers_create(chain, &p, status);
    }
    if (code == MI_OK) {
        code = fill_gaps(&p, run, gaps, status);
    }
    powers_destroy(&p);
    if (code != MI_OK) {
        mi_gaps_destroy(gaps);
        return code;
    }
    *ret_gaps = gaps;
    return MI_OK;
}

void mi_markov_entropies(const mi_markov *chain, double *ret_entropy, double *ret_information)
{
    double entropy = 0;
    for (size_t x = 0; x < chain->states; x++) {
        entropy -= chain->stationary[x] * log(chain->stationary[x]);
    }
    *ret_entropy = entropy;
    *ret_information = block_information(chain, chain->transition, 0, chain->states);
}
