#include "potts_sweep.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "maskinfo/memory.h"
#include "maskinfo/statistics.h"

size_t mi_potts_frontier(size_t rows, size_t columns, int neighbors)
{
    size_t side = rows < columns ? rows : columns;
    return neighbors == 8 && side > 1 ? side + 1 : side;
}

mi_code mi_potts_sweep_create(const mi_lattice *lattice, size_t frontier, size_t states,
                              double coupling, mi_potts_sweep **ret_sweep, mi_status *status)
{
    mi_potts_sweep *s = NULL;
    mi_code code = mi_allocate(1, sizeof *s, &s, status);
    if (code != MI_OK) {
        return code;
    }
    s->lattice = lattice;
    s->states = states;
    for (int k = 0; k <= MI_MAX_NEIGHBORS; k++) {
        s->weight[k] = exp(coupling * k);
    }
    if ((code = mi_potts_order_create(lattice, states, frontier, &s->order, status)) != MI_OK ||
        (code = mi_potts_plan_create(lattice->sites, &s->plan, status)) != MI_OK ||
        (code = mi_allocate(lattice->sites * states, sizeof *s->field, &s->field, status)) !=
            MI_OK) {
        mi_potts_sweep_destroy(s);
        return code;
    }
    *ret_sweep = s;
    return MI_OK;
}

void mi_potts_sweep_destroy(mi_potts_sweep *sweep)
{
    if (sweep != NULL) {
        mi_potts_order_destroy(sweep->order);
        mi_potts_plan_destroy(sweep->plan);
        mi_potts_clique_free(&sweep->clique);
        free(sweep->field);
        free(sweep->message);
        free(sweep->outside);
        free(sweep);
    }
}

static size_t message_size(const mi_potts_plan *plan, size_t p)
{
    size_t end = p + 1 < plan->count ? plan->offset[p + 1] : plan->room;
    return end - plan->offset[p];
}

/* Numbers in the messages to all children of the clique that has most. */
static size_t largest_family(const mi_potts_plan *plan)
{
    size_t largest = 0;
    for (size_t p = 0; p < plan->count; p++) {
        size_t sum = 0;
        for (size_t c = plan->child[p]; c < plan->count; c = plan->sibling[c]) {
            sum += message_size(plan, c);
        }
        largest = sum > largest ? sum : largest;
    }
    return largest;
}

static mi_code grow(double **block, size_t *room, size_t needed, mi_status *status)
{
    mi_code code = needed > *room ? mi_resize(needed, sizeof **block, block, status) : MI_OK;
    if (code == MI_OK && needed > *room) {
        *room = needed;
    }
    return code;
}

static mi_code follow_order(mi_potts_sweep *s, mi_status *status)
{
    mi_potts_plan_make(s->plan, s->order);
    mi_code code = mi_potts_clique_fit(&s->clique, s->plan, s->states, status);
    if (code == MI_OK) {
        code = grow(&s->message, &s->message_room, s->plan->room, status);
    }
    if (code == MI_OK) {
        code = grow(&s->outside, &s->outside_room, largest_family(s->plan), status);
    }
    return code;
}

mi_code mi_potts_sweep_hide(mi_potts_sweep *sweep, const unsigned char *hidden, mi_status *status)
{
    mi_potts_order_choose(sweep->order, hidden);
    return follow_order(sweep, status);
}

mi_code mi_potts_sweep_hide_plain(mi_potts_sweep *sweep, const unsigned char *hidden,
                                  mi_status *status)
{
    mi_potts_order_sweep(sweep->order, hidden);
    return follow_order(sweep, status);
}

void mi_potts_sweep_observe(mi_potts_sweep *sweep, const unsigned char *symbols)
{
    const mi_lattice *lattice = sweep->lattice;
    const mi_potts_plan *plan = sweep->plan;
    size_t q = sweep->states;
    for (size_t p = 0; p < plan->count; p++) {
        size_t site = plan->site[p];
        double *field = sweep->field + p * q;
        for (size_t y = 0; y < q; y++) {
            field[y] = 1;
        }
        for (size_t e = 0; e < lattice->degree[site]; e++) {
            size_t other = lattice->neighbor[site][e];
            if (plan->place[other] == lattice->sites) {
                field[symbols[other]] *= sweep->weight[1];
            }
        }
    }
}

static void set_clique(mi_potts_sweep *s, size_t p)
{
    mi_potts_clique_set(&s->clique, s->plan, s->lattice, s->weight[1], s->field + p * s->states, p);
}

/* Divide by the sum and return its logarithm. */
static double normalize(double *message, size_t count)
{
    double sum = mi_sum(message, count), factor = 1 / sum;
    for (size_t i = 0; i < count; i++) {
        message[i] *= factor;
    }
    return log(sum);
}

/* The product of the factors and the messages of all children but one at (x, h). */
static void form_row(mi_potts_sweep *s, const mi_potts_view *opt_except, size_t x, size_t h)
{
    mi_potts_clique *clique = &s->clique;
    mi_potts_clique_factors(clique, x, h);
    for (size_t v = 0; v < clique->children; v++) {
        const mi_potts_view *view = &clique->views[v];
        if (view != opt_except) {
            mi_potts_clique_multiply(clique, view, s->message + s->plan->offset[view->child], x, h);
        }
    }
}

/* M_p(x_S) = sum over x_p of factors(x_p, x_S) * product over children c of M_c. */
static double step_forward(mi_potts_sweep *s, size_t p)
{
    mi_potts_clique *clique = &s->clique;
    double *message = s->message + s->plan->offset[p];
    set_clique(s, p);
    memset(message, 0, message_size(s->plan, p) * sizeof *message);
    for (size_t h = 0; h < clique->high; h++) {
        double *restrict to = message + h * clique->low;
        for (size_t x = 0; x < s->states; x++) {
            form_row(s, NULL, x, h);
            const double *restrict row = clique->row;
            for (size_t l = 0; l < clique->low; l++) {
                to[l] += row[l];
            }
        }
    }
    return normalize(message, message_size(s->plan, p));
}

double mi_potts_sweep_forward(mi_potts_sweep *sweep)
{
    double log_sum = 0;
    for (size_t p = 0; p < sweep->plan->count; p++) {
        log_sum += step_forward(sweep, p);
    }
    return log_sum;
}

static void times_outside(mi_potts_sweep *s, size_t p, size_t h)
{
    const double *restrict outside = s->message + s->plan->offset[p] + h * s->clique.low;
    double *restrict row = s->clique.row;
    for (size_t l = 0; l < s->clique.low; l++) {
        row[l] *= outside[l];
    }
}

/* The message to a child, D_c = sum over the clique without c's scope of factors * D_p * product
 * over the other children of M. */
static void send_down(mi_potts_sweep *s, size_t p, const mi_potts_view *view, double *outside)
{
    const mi_potts_clique *clique = &s->clique;
    size_t size = message_size(s->plan, view->child);
    memset(outside, 0, size * sizeof *outside);
    for (size_t x = 0; x < s->states; x++) {
        for (size_t h = 0; h < clique->high; h++) {
            form_row(s, view, x, h);
            times_outside(s, p, h);
            mi_potts_clique_scatter(clique, view, outside, x, h);
        }
    }
    normalize(outside, size);
}

/* p(x_p) from both messages over the scope of a child c, which holds p: sums of M_c D_c. */
static void site_from_child(const mi_potts_sweep *s, size_t p, size_t c, const double *outside,
                            double *posterior)
{
    const double *message = s->message + s->plan->offset[c];
    size_t q = s->states, size = message_size(s->plan, c), stride = 1;
    for (size_t k = s->plan->width[c]; s->plan->scope[c][k - 1] != p; k--) {
        stride *= q;
    }
    for (size_t at = 0, x = 0; at < size; at += stride, x = (x + 1) % q) {
        for (size_t i = at; i < at + stride; i++) {
            posterior[x] += message[i] * outside[i];
        }
    }
}

/* p(x_p) where nothing was summed out into its clique. */
static void site_alone(mi_potts_sweep *s, size_t p, double *posterior)
{
    for (size_t x = 0; x < s->states; x++) {
        for (size_t h = 0; h < s->clique.high; h++) {
            form_row(s, NULL, x, h);
            times_outside(s, p, h);
            for (size_t l = 0; l < s->clique.low; l++) {
                posterior[x] += s->clique.row[l];
            }
        }
    }
}

/* The mean of log factors(x_p, x_S) under the posterior of the clique. */
static double mean_log_factor(mi_potts_sweep *s, size_t p)
{
    const mi_potts_clique *clique = &s->clique;
    double sum = 0, weighted = 0;
    for (size_t x = 0; x < s->states; x++) {
        for (size_t h = 0; h < clique->high; h++) {
            double slow = log(clique->high_factor[x * clique->high + h]);
            form_row(s, NULL, x, h);
            times_outside(s, p, h);
            for (size_t l = 0; l < clique->low; l++) {
                sum += clique->row[l];
                weighted += clique->row[l] * (slow + log(clique->low_factor[x * clique->low + l]));
            }
        }
    }
    return weighted / sum;
}

/* Posterior of p, and D_c of all its children in the place of M_c. */
static void step_backward(mi_potts_sweep *s, size_t p, double *posterior)
{
    const mi_potts_clique *clique = &s->clique;
    double *outside = s->outside;
    memset(posterior, 0, s->states * sizeof *posterior);
    if (clique->children == 0) {
        site_alone(s, p, posterior);
    }
    for (size_t v = 0; v < clique->children; v++) {
        size_t c = clique->views[v].child;
        send_down(s, p, &clique->views[v], outside);
        if (v == 0) {
            site_from_child(s, p, c, outside, posterior);
        }
        outside += message_size(s->plan, c);
    }
    outside = s->outside;
    for (size_t v = 0; v < clique->children; v++) {
        size_t c = clique->views[v].child, size = message_size(s->plan, c);
        memcpy(s->message + s->plan->offset[c], outside, size * sizeof *outside);
        outside += size;
    }
    normalize(posterior, s->states);
}

void mi_potts_sweep_backward(mi_potts_sweep *sweep, double *posterior, double *opt_log_factor)
{
    const mi_potts_plan *plan = sweep->plan;
    double log_factor = 0;
    for (size_t p = plan->count; p-- > 0;) {
        if (plan->width[p] == 0) {
            sweep->message[plan->offset[p]] = 1; /* nothing lies beyond the end of a component */
        }
        set_clique(sweep, p);
        log_factor += opt_log_factor != NULL ? mean_log_factor(sweep, p) : 0;
        step_backward(sweep, p, posterior + plan->site[p] * sweep->states);
    }
    if (opt_log_factor != NULL) {
        *opt_log_factor = log_factor;
    }
}

/* weights[y] *= M_c at the symbols drawn so far and y at p. */
static void weigh_by_child(const mi_potts_sweep *s, size_t p, size_t c,
                           const unsigned char *symbols, double *weights)
{
    const mi_potts_plan *plan = s->plan;
    const double *message = s->message + plan->offset[c];
    size_t q = s->states, stride = 1, base = 0, own = 0;
    for (size_t k = plan->width[c]; k-- > 0; stride *= q) {
        size_t place = plan->scope[c][k];
        if (place == p) {
            own = stride;
        } else {
            base += symbols[plan->site[place]] * stride;
        }
    }
    for (size_t y = 0; y < q; y++) {
        weights[y] *= message[base + y * own];
    }
}

static unsigned char draw_symbol(const double *weights, size_t states, gsl_rng *stream)
{
    double sum = 0;
    for (size_t y = 0; y < states; y++) {
        sum += weights[y];
    }
    double rest = gsl_rng_uniform(stream) * sum;
    size_t y = 0;
    while (y + 1 < states && (rest -= weights[y]) >= 0) {
        y++;
    }
    return (unsigned char)y;
}

/* Against the order of elimination: p(x_p | x_S) is factors(x_p, x_S) * product of M_c, normalised.
 */
void mi_potts_sweep_sample(const mi_potts_sweep *sweep, gsl_rng *stream, unsigned char *symbols)
{
    const mi_potts_plan *plan = sweep->plan;
    double weights[MI_POTTS_STATES];
    for (size_t p = plan->count; p-- > 0;) {
        size_t site = plan->site[p];
        memcpy(weights, sweep->field + p * sweep->states, sweep->states * sizeof *weights);
        for (size_t e = 0; e < sweep->lattice->degree[site]; e++) {
            size_t other = sweep->lattice->neighbor[site][e], place = plan->place[other];
            if (place > p && place < plan->count) {
                weights[symbols[other]] *= sweep->weight[1];
            }
        }
        for (size_t c = plan->child[p]; c < plan->count; c = plan->sibling[c]) {
            weigh_by_child(sweep, p, c, symbols, weights);
        }
        symbols[site] = draw_symbol(weights, sweep->states, stream);
    }
}
