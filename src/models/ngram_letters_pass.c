#include "ngram_letters_pass.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "maskinfo/memory.h"

/* Messages of one block of windows are kept at a time, and one message at the start of each block:
 * a long sequence costs a second forward pass instead of a message of 27^k numbers a letter. */
enum { V = MI_LETTERS, BLOCK = 64 };

struct mi_letters_pass {
    const mi_letters_law *law;
    size_t length;
    size_t windows;             /* length - order + 1; window u covers letters u .. u+order-1 */
    const unsigned char *open;  /* (length), not owned */
    double *starts;             /* (blocks, contexts) forward message at the start of each block */
    double *block;              /* (BLOCK, contexts) forward messages of the current block */
    double *backward, *earlier; /* (contexts) each */
    uint32_t *values;           /* (contexts) open values of a window or middle */
};

static size_t block_count(const mi_letters_pass *pass)
{
    return (pass->windows + BLOCK - 1) / BLOCK;
}

mi_code mi_letters_pass_create(const mi_letters_law *law, size_t length, mi_letters_pass **ret_pass,
                               mi_status *status)
{
    mi_letters_pass *p = NULL;
    size_t size = law->contexts, number = sizeof(double);
    mi_code code = mi_allocate(1, sizeof *p, &p, status);
    if (code != MI_OK) {
        return code;
    }
    *p = (mi_letters_pass){.law = law, .length = length, .windows = length - law->order + 1};
    if ((code = mi_allocate(block_count(p) * size, number, &p->starts, status)) != MI_OK ||
        (code = mi_allocate(BLOCK * size, number, &p->block, status)) != MI_OK ||
        (code = mi_allocate(size, number, &p->backward, status)) != MI_OK ||
        (code = mi_allocate(size, number, &p->earlier, status)) != MI_OK ||
        (code = mi_allocate(size, sizeof *p->values, &p->values, status)) != MI_OK) {
        mi_letters_pass_destroy(p);
        return code;
    }
    *ret_pass = p;
    return MI_OK;
}

void mi_letters_pass_destroy(mi_letters_pass *pass)
{
    if (pass == NULL) {
        return;
    }
    free(pass->starts);
    free(pass->block);
    free(pass->backward);
    free(pass->earlier);
    free(pass->values);
    free(pass);
}

/* Number of states of `count` letters from `from`. */
static size_t state_count(const unsigned char *open, size_t from, size_t count)
{
    size_t states = 1;
    for (size_t i = from; i < from + count; i++) {
        states *= open[i] == MI_OPEN ? V : 1;
    }
    return states;
}

/* Scale to sum 1 and return the log of the sum: messages never underflow, however long. */
static double rescale(double *message, size_t count)
{
    double sum = message[0];
#pragma omp simd reduction(+ : sum)
    for (size_t i = 1; i < count; i++) {
        sum += message[i];
    }
    double factor = 1 / sum;
    for (size_t i = 0; i < count; i++) {
        message[i] *= factor;
    }
    return log(sum);
}

static mi_window_step step_from(mi_letters_pass *pass, size_t window)
{
    size_t order = pass->law->order;
    return (mi_window_step){
        .law = pass->law,
        .oldest = pass->open[window],
        .newest = pass->open[window + order],
        .middle_count = mi_window_values(pass->open + window + 1, order - 1, pass->values),
        .middles = pass->values,
    };
}

/* The message of window u+1 from that of window u; returns the log of its scale. */
static double advance(mi_letters_pass *pass, size_t window, const double *from, double *to)
{
    mi_window_step step = step_from(pass, window);
    mi_window_forward(&step, from, to);
    return rescale(to, state_count(pass->open, window + 1, pass->law->order));
}

/* The first window has the stationary law. */
static double start(mi_letters_pass *pass)
{
    size_t count = mi_window_values(pass->open, pass->law->order, pass->values);
    for (size_t i = 0; i < count; i++) {
        pass->starts[i] = pass->law->stationary[pass->values[i]];
    }
    return rescale(pass->starts, count);
}

/* Messages of all windows of a block, from the one at its start; returns the log of their scales.
 */
static double fill_block(mi_letters_pass *pass, size_t block)
{
    size_t size = pass->law->contexts, from = block * BLOCK;
    double logs = 0;
    memcpy(pass->block, pass->starts + block * size,
           state_count(pass->open, from, pass->law->order) * sizeof *pass->block);
    for (size_t i = 1; i < BLOCK && from + i < pass->windows; i++) {
        double *previous = pass->block + (i - 1) * size;
        logs += advance(pass, from + i - 1, previous, previous + size);
    }
    return logs;
}

double mi_letters_pass_forward(mi_letters_pass *pass, const unsigned char *open)
{
    size_t size = pass->law->contexts, blocks = block_count(pass);
    pass->open = open;
    double logs = start(pass);
    for (size_t b = 0; b < blocks; b++) {
        logs += fill_block(pass, b);
        if (b + 1 < blocks) {
            logs += advance(pass, (b + 1) * BLOCK - 1, pass->block + (BLOCK - 1) * size,
                            pass->starts + (b + 1) * size);
        }
    }
    return logs;
}

/* sum over the states before and after a letter of forward * backward. */
static void marginal(size_t before, size_t after, const double *restrict forward,
                     const double *restrict backward, double *restrict posterior)
{
    for (size_t p = 0; p < before; p++) {
        for (size_t v = 0; v < V; v++) {
            size_t at = (p * V + v) * after;
            for (size_t q = at; q < at + after; q++) {
                posterior[v] += forward[q] * backward[q];
            }
        }
    }
}

/* The same with no letter after: the case of all windows but the first, in vectors. */
static void marginal_newest(size_t before, const double *restrict forward,
                            const double *restrict backward, double *restrict posterior)
{
    for (size_t at = 0; at < before * V; at += V) {
        for (size_t v = 0; v < V; v++) {
            posterior[v] += forward[at + v] * backward[at + v];
        }
    }
}

/* Posterior of letter i of a window from its two messages. */
static void find_posterior(const mi_letters_pass *pass, size_t window, size_t i,
                           const double *forward, double *posterior)
{
    size_t later = pass->law->order - i - 1;
    size_t before = state_count(pass->open, window, i);
    size_t after = state_count(pass->open, window + i + 1, later);
    memset(posterior, 0, V * sizeof *posterior);
    if (later == 0) {
        marginal_newest(before, forward, pass->backward, posterior);
    } else {
        marginal(before, after, forward, pass->backward, posterior);
    }
    rescale(posterior, V);
}

/* Posteriors of the letters that window u is the last to see: its newest, and for the first window
 * all. */
static void visit_window(const mi_letters_pass *pass, size_t window, const double *forward,
                         mi_letters_visit visit, void *context)
{
    double posterior[V];
    size_t order = pass->law->order;
    for (size_t i = order; i-- > (window == 0 ? 0 : order - 1);) {
        if (pass->open[window + i] == MI_OPEN) {
            find_posterior(pass, window, i, forward, posterior);
            visit(window + i, posterior, context);
        }
    }
}

/* The backward message of window u from that of window u+1. */
static void retreat(mi_letters_pass *pass, size_t window)
{
    mi_window_step step = step_from(pass, window);
    mi_window_backward(&step, pass->backward, pass->earlier);
    double *swap = pass->backward;
    pass->backward = pass->earlier;
    pass->earlier = swap;
    rescale(pass->backward, state_count(pass->open, window, pass->law->order));
}

void mi_letters_pass_backward(mi_letters_pass *pass, mi_letters_visit visit, void *context)
{
    size_t size = pass->law->contexts, blocks = block_count(pass), last = pass->windows - 1;
    for (size_t i = 0; i < size; i++) {
        pass->backward[i] = 1;
    }
    for (size_t window = pass->windows; window-- > 0;) {
        size_t block = window / BLOCK;
        if (window % BLOCK == BLOCK - 1 && block + 1 < blocks) {
            fill_block(pass, block);
        }
        if (window < last) {
            retreat(pass, window);
        }
        visit_window(pass, window, pass->block + window % BLOCK * size, visit, context);
    }
}
