#include "potts_order.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "maskinfo/memory.h"

/* A trial costs about as much as this many additions of the sweep itself (measured: 0.1 ms). */
static const double trial_cost = 65536;

static const uint32_t gone = UINT32_MAX;

typedef enum rule { LEAST_FILL, NARROW_FRONT, SWEEP } rule;

mi_code mi_potts_order_create(const mi_lattice *lattice, size_t states, size_t width,
                              mi_potts_order **ret_order, mi_status *status)
{
    size_t n = lattice->sites, words = (n + 63) / 64, bits = 0;
    mi_potts_order *o = NULL;
    mi_code code = mi_product(n, words, &bits, status);
    if (code != MI_OK || (code = mi_allocate(1, sizeof *o, &o, status)) != MI_OK) {
        return code;
    }
    o->lattice = lattice;
    o->states = states;
    o->width = width;
    if ((code = mi_allocate(n, sizeof *o->site, &o->site, status)) != MI_OK ||
        (code = mi_allocate(bits, sizeof *o->adjacent, &o->adjacent, status)) != MI_OK ||
        (code = mi_allocate(n, sizeof *o->priority, &o->priority, status)) != MI_OK ||
        (code = mi_allocate(n, sizeof *o->degree, &o->degree, status)) != MI_OK ||
        (code = mi_allocate(n, sizeof *o->by_label, &o->by_label, status)) != MI_OK ||
        (code = mi_allocate(n, sizeof *o->label, &o->label, status)) != MI_OK ||
        (code = mi_allocate(n, sizeof *o->trial, &o->trial, status)) != MI_OK ||
        (code = mi_allocate(words, sizeof *o->affected, &o->affected, status)) != MI_OK) {
        mi_potts_order_destroy(o);
        return code;
    }
    *ret_order = o;
    return MI_OK;
}

void mi_potts_order_destroy(mi_potts_order *order)
{
    if (order != NULL) {
        free(order->site);
        free(order->adjacent);
        free(order->priority);
        free(order->degree);
        free(order->by_label);
        free(order->label);
        free(order->trial);
        free(order->affected);
        free(order);
    }
}

/* Site number k of the lattice read from one of its corners: by rows, by columns, each forwards
 * or backwards. */
static size_t read_from(const mi_lattice *lattice, unsigned corner, size_t k)
{
    size_t at = corner & 1 ? lattice->sites - 1 - k : k;
    return corner & 2 ? at % lattice->rows * lattice->columns + at / lattice->rows : at;
}

static uint64_t *row_of(const mi_potts_order *o, size_t label)
{
    return o->adjacent + label * o->words;
}

static size_t count_bits(const uint64_t *bits, size_t words)
{
    size_t count = 0;
    for (size_t w = 0; w < words; w++) {
        count += (size_t)__builtin_popcountll(bits[w]);
    }
    return count;
}

/* The lowest bit that is set at or after `from`; `64 words` where there is none. */
static size_t next_bit(const uint64_t *bits, size_t words, size_t from)
{
    for (size_t w = from / 64; w < words; w++) {
        uint64_t rest = w == from / 64 ? bits[w] & (~UINT64_C(0) << (from % 64)) : bits[w];
        if (rest != 0) {
            return w * 64 + (size_t)__builtin_ctzll(rest);
        }
    }
    return words * 64;
}

static void set_bit(uint64_t *bits, size_t at)
{
    bits[at / 64] |= UINT64_C(1) << (at % 64);
}

static void clear_bit(uint64_t *bits, size_t at)
{
    bits[at / 64] &= ~(UINT64_C(1) << (at % 64));
}

/* Twice the pairs of neighbours of a site that are not neighbours of each other. */
static size_t fill_of(const mi_potts_order *o, size_t label)
{
    const uint64_t *mine = row_of(o, label);
    size_t words = o->words, missing = 0;
    for (size_t s = next_bit(mine, words, 0); s < words * 64; s = next_bit(mine, words, s + 1)) {
        const uint64_t *theirs = row_of(o, s);
        for (size_t w = 0; w < words; w++) {
            missing += (size_t)__builtin_popcountll(mine[w] & ~theirs[w]);
        }
    }
    return missing - o->degree[label];
}

/* Lattice without visible sites, labelled from a corner. */
static void lay_out(mi_potts_order *o, const unsigned char *hidden, unsigned corner)
{
    const mi_lattice *lattice = o->lattice;
    o->count = 0;
    for (size_t k = 0; k < lattice->sites; k++) {
        size_t site = read_from(lattice, corner, k);
        o->label[site] = lattice->sites;
        if (hidden[site]) {
            o->label[site] = o->count;
            o->by_label[o->count++] = site;
        }
    }
    o->words = (o->count + 63) / 64;
    memset(o->adjacent, 0, o->count * o->words * sizeof *o->adjacent);
    for (size_t a = 0; a < o->count; a++) {
        size_t site = o->by_label[a];
        o->degree[a] = 0;
        for (size_t e = 0; e < lattice->degree[site]; e++) {
            size_t b = o->label[lattice->neighbor[site][e]];
            if (b < o->count) {
                set_bit(row_of(o, a), b);
                o->degree[a]++;
            }
        }
    }
}

/* Sites that the front has not reached come behind all others, in the order of their labels. */
static void first_priorities(mi_potts_order *o, rule by)
{
    for (size_t a = 0; a < o->count; a++) {
        size_t priority = by == LEAST_FILL ? fill_of(o, a) * 64 + o->degree[a] : (1u << 20) + a;
        o->priority[a] = (uint32_t)priority;
    }
}

static size_t lowest(const mi_potts_order *o)
{
    uint32_t least = gone;
    for (size_t a = 0; a < o->count; a++) {
        least = o->priority[a] < least ? o->priority[a] : least;
    }
    for (size_t a = 0; a < o->count; a++) {
        if (o->priority[a] == least) {
            return a;
        }
    }
    return o->count;
}

/* Join the neighbours of a site to one another and take it away. */
static void sum_out(mi_potts_order *o, size_t label)
{
    const uint64_t *scope = row_of(o, label);
    size_t words = o->words;
    for (size_t s = next_bit(scope, words, 0); s < words * 64; s = next_bit(scope, words, s + 1)) {
        uint64_t *row = row_of(o, s);
        for (size_t w = 0; w < words; w++) {
            row[w] |= scope[w];
        }
        clear_bit(row, s);
        clear_bit(row, label);
        o->degree[s] = count_bits(row, words);
    }
    o->priority[label] = gone;
}

/* Fill changes for the scope and for the neighbours of two of its sites, hence of any. */
static void update_fill(mi_potts_order *o, size_t label)
{
    const uint64_t *scope = row_of(o, label);
    size_t words = o->words;
    memcpy(o->affected, scope, words * sizeof *scope);
    for (size_t s = next_bit(scope, words, 0); s < words * 64; s = next_bit(scope, words, s + 1)) {
        for (size_t w = 0; w < words; w++) {
            o->affected[w] |= row_of(o, s)[w];
        }
    }
    for (size_t s = next_bit(o->affected, words, 0); s < words * 64;
         s = next_bit(o->affected, words, s + 1)) {
        o->priority[s] = (uint32_t)(fill_of(o, s) * 64 + o->degree[s]);
    }
}

static void update_front(mi_potts_order *o, size_t label)
{
    const uint64_t *scope = row_of(o, label);
    size_t words = o->words;
    for (size_t s = next_bit(scope, words, 0); s < words * 64; s = next_bit(scope, words, s + 1)) {
        o->priority[s] = (uint32_t)o->degree[s];
    }
}

/* Follow one rule to its end; false where it becomes wider than allowed or dearer than the best.
 */
static bool follow(mi_potts_order *o, rule by, double *ret_cost)
{
    *ret_cost = 0;
    first_priorities(o, by);
    for (size_t p = 0; p < o->count; p++) {
        size_t label = by == SWEEP ? p : lowest(o);
        *ret_cost += pow((double)o->states, 1 + (double)o->degree[label]);
        if (o->degree[label] > o->width || *ret_cost >= o->cost) {
            return false;
        }
        o->trial[p] = o->by_label[label];
        sum_out(o, label);
        if (by == LEAST_FILL) {
            update_fill(o, label);
        } else if (by == NARROW_FRONT) {
            update_front(o, label);
        }
    }
    return true;
}

static void attempt(mi_potts_order *o, const unsigned char *hidden, rule by, unsigned corner)
{
    double cost = 0;
    lay_out(o, hidden, corner);
    if (follow(o, by, &cost)) {
        memcpy(o->site, o->trial, o->count * sizeof *o->site);
        o->cost = cost;
    }
}

/* Rows are summed out one after another where they are the shorter lines. */
static unsigned along_longer_side(const mi_lattice *lattice)
{
    return lattice->columns <= lattice->rows ? 0 : 2;
}

void mi_potts_order_sweep(mi_potts_order *order, const unsigned char *hidden)
{
    order->cost = INFINITY;
    attempt(order, hidden, SWEEP, along_longer_side(order->lattice));
}

void mi_potts_order_choose(mi_potts_order *order, const unsigned char *hidden)
{
    order->cost = INFINITY;
    attempt(order, hidden, LEAST_FILL, 0);
    if (order->cost > trial_cost) {
        attempt(order, hidden, SWEEP, along_longer_side(order->lattice));
    }
    for (unsigned corner = 0; corner < 4 && order->cost > trial_cost; corner++) {
        attempt(order, hidden, NARROW_FRONT, corner);
        if (corner > 0) {
            attempt(order, hidden, LEAST_FILL, corner);
        }
    }
}
