#include "potts_belief.h"

#include <math.h>
#include <stdlib.h>

#include "maskinfo/memory.h"
#include "potts_plan.h"

enum { UNDAMPED = 100, ITERATIONS = 1000 };
static const double settled = 1e-12, damping = 0.5;

static void find_reverse(mi_potts_belief *belief)
{
    const mi_lattice *lattice = belief->lattice;
    for (size_t i = 0; i < lattice->sites; i++) {
        for (size_t e = 0; e < lattice->degree[i]; e++) {
            size_t j = lattice->neighbor[i][e];
            unsigned char r = 0;
            while (lattice->neighbor[j][r] != i) {
                r++;
            }
            belief->reverse[i * MI_MAX_NEIGHBORS + e] = r;
        }
    }
}

mi_code mi_potts_belief_create(const mi_lattice *lattice, size_t states, double coupling,
                               mi_potts_belief **ret_belief, mi_status *status)
{
    mi_potts_belief *b = NULL;
    size_t ends = lattice->sites * MI_MAX_NEIGHBORS;
    mi_code code = mi_allocate(1, sizeof *b, &b, status);
    if (code != MI_OK) {
        return code;
    }
    b->lattice = lattice;
    b->states = states;
    b->weight = exp(coupling);
    if ((code = mi_allocate(ends, 1, &b->reverse, status)) != MI_OK ||
        (code = mi_allocate(lattice->sites, 1, &b->hidden, status)) != MI_OK ||
        (code = mi_allocate(lattice->sites * states, sizeof *b->field, &b->field, status)) !=
            MI_OK ||
        (code = mi_allocate(ends * states, sizeof *b->message, &b->message, status)) != MI_OK) {
        mi_potts_belief_destroy(b);
        return code;
    }
    find_reverse(b);
    *ret_belief = b;
    return MI_OK;
}

void mi_potts_belief_destroy(mi_potts_belief *belief)
{
    if (belief != NULL) {
        free(belief->reverse);
        free(belief->hidden);
        free(belief->field);
        free(belief->message);
        free(belief);
    }
}

static double *message_at(const mi_potts_belief *b, size_t site, size_t e)
{
    return b->message + (site * MI_MAX_NEIGHBORS + e) * b->states;
}

/* Fields of visible neighbours, uniform messages from hidden ones. */
static void start(mi_potts_belief *b, const unsigned char *hidden, const unsigned char *symbols)
{
    const mi_lattice *lattice = b->lattice;
    size_t q = b->states;
    for (size_t i = 0; i < lattice->sites; i++) {
        double *field = b->field + i * q;
        b->hidden[i] = hidden[i];
        for (size_t y = 0; y < q; y++) {
            field[y] = 1;
        }
        for (size_t e = 0; e < lattice->degree[i]; e++) {
            size_t j = lattice->neighbor[i][e];
            if (!hidden[j]) {
                field[symbols[j]] *= b->weight;
            }
            for (size_t y = 0; y < q; y++) {
                message_at(b, i, e)[y] = hidden[j] ? 1 + (b->weight - 1) / (double)q : 1;
            }
        }
    }
}

/* law[y] = field * product of the messages to the site but that of neighbour `except`, normalised;
 * returns the log of its sum. */
static double law_of(const mi_potts_belief *b, size_t site, size_t except, double *law)
{
    size_t q = b->states;
    double sum = 0;
    for (size_t y = 0; y < q; y++) {
        law[y] = b->field[site * q + y];
    }
    for (size_t e = 0; e < b->lattice->degree[site]; e++) {
        const double *message = message_at(b, site, e);
        for (size_t y = 0; e != except && y < q; y++) {
            law[y] *= message[y];
        }
    }
    for (size_t y = 0; y < q; y++) {
        sum += law[y];
    }
    for (size_t y = 0; y < q; y++) {
        law[y] /= sum;
    }
    return log(sum);
}

/* Send new messages from a site to its hidden neighbours; the largest change of a law. */
static double send_from(mi_potts_belief *b, size_t site, double keep)
{
    double law[MI_POTTS_STATES], gain = b->weight - 1, change = 0;
    for (size_t e = 0; e < b->lattice->degree[site]; e++) {
        size_t to = b->lattice->neighbor[site][e];
        if (!b->hidden[to]) {
            continue;
        }
        double *message = message_at(b, to, b->reverse[site * MI_MAX_NEIGHBORS + e]);
        law_of(b, site, e, law);
        for (size_t y = 0; y < b->states; y++) {
            double next = 1 + gain * law[y];
            change = fmax(change, fabs(next - message[y]));
            message[y] = keep * message[y] + (1 - keep) * next;
        }
    }
    return change;
}

void mi_potts_belief_propagate(mi_potts_belief *belief, const unsigned char *hidden,
                               const unsigned char *symbols)
{
    size_t sites = belief->lattice->sites;
    double scale = fmax(fabs(belief->weight - 1), 1e-3);
    start(belief, hidden, symbols);
    belief->converged = false;
    for (size_t t = 0; t < ITERATIONS && !belief->converged; t++) {
        double change = 0;
        for (size_t k = 0; k < sites; k++) {
            size_t site = t % 2 == 0 ? k : sites - 1 - k;
            if (hidden[site]) {
                change = fmax(change, send_from(belief, site, t < UNDAMPED ? 0 : damping));
            }
        }
        belief->iterations = t + 1;
        belief->change = change / scale;
        belief->converged = belief->change < settled;
    }
}

void mi_potts_belief_posterior(const mi_potts_belief *belief, double *posterior)
{
    for (size_t i = 0; i < belief->lattice->sites; i++) {
        if (belief->hidden[i]) {
            law_of(belief, i, MI_MAX_NEIGHBORS, posterior + i * belief->states);
        }
    }
}

/* log of sum over both symbols of weight^[equal] c_i(y) c_j(y'), from the messages 1 + gain c. */
static double edge_term(const mi_potts_belief *b, size_t site, size_t e)
{
    const double *in = message_at(b, site, e);
    const double *out =
        message_at(b, b->lattice->neighbor[site][e], b->reverse[site * MI_MAX_NEIGHBORS + e]);
    double gain = b->weight - 1, sum = 0;
    for (size_t y = 0; y < b->states; y++) {
        sum += (in[y] - 1) * (out[y] - 1);
    }
    return gain == 0 ? 0 : log1p(sum / gain);
}

/* Sum over sites of log Z_i less the sum over edges of log Z_ij. */
double mi_potts_belief_log_sum(const mi_potts_belief *belief)
{
    const mi_lattice *lattice = belief->lattice;
    double law[MI_POTTS_STATES], log_sum = 0;
    for (size_t i = 0; i < lattice->sites; i++) {
        if (!belief->hidden[i]) {
            continue;
        }
        log_sum += law_of(belief, i, MI_MAX_NEIGHBORS, law);
        for (size_t e = 0; e < lattice->degree[i]; e++) {
            size_t j = lattice->neighbor[i][e];
            log_sum -= j > i && belief->hidden[j] ? edge_term(belief, i, e) : 0;
        }
    }
    return log_sum;
}
