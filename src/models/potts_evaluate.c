#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "maskinfo/memory.h"
#include "maskinfo/random.h"
#include "potts.h"

/* What one thread owns. The configuration is kept for the key that named it, because posterior
 * Monte Carlo asks for the same one with every mask. */
typedef struct scratch {
    bool drawn;
    uint64_t key[2];
    gsl_rng *stream;         /* of the key */
    unsigned char *symbols;  /* (sites) the configuration of the key */
    unsigned char *hidden;   /* (sites) of the present sum */
    unsigned char *walker;   /* (sites) of Gibbs sampling */
    double *posterior;       /* (sites, q) */
    mi_potts_sweep *sweep;   /* exact inference, else NULL */
    mi_potts_belief *belief; /* approximations, else NULL */
} scratch;

void mi_potts_scratch_destroy(void *opaque)
{
    scratch *s = opaque;
    if (s != NULL) {
        gsl_rng_free(s->stream);
        free(s->symbols);
        free(s->hidden);
        free(s->walker);
        free(s->posterior);
        mi_potts_sweep_destroy(s->sweep);
        mi_potts_belief_destroy(s->belief);
        free(s);
    }
}

static mi_code open_inference(const mi_potts *potts, scratch *s, mi_status *status)
{
    return potts->inference == MI_POTTS_EXACT
               ? mi_potts_sweep_create(potts->lattice, potts->frontier, potts->states,
                                       potts->coupling, &s->sweep, status)
               : mi_potts_belief_create(potts->lattice, potts->states, potts->coupling, &s->belief,
                                        status);
}

mi_code mi_potts_scratch_create(const void *state, void **ret_scratch, mi_status *status)
{
    const mi_potts *potts = state;
    size_t sites = potts->lattice->sites;
    scratch *s = NULL;
    mi_code code = mi_allocate(1, sizeof *s, &s, status);
    if (code != MI_OK) {
        return code;
    }
    if ((code = mi_stream_create(0, MI_PURPOSE_SAMPLE, 0, &s->stream, status)) != MI_OK ||
        (code = mi_allocate(sites, 1, &s->symbols, status)) != MI_OK ||
        (code = mi_allocate(sites, 1, &s->hidden, status)) != MI_OK ||
        (code = mi_allocate(sites, 1, &s->walker, status)) != MI_OK ||
        (code = mi_allocate(sites * potts->states, sizeof *s->posterior, &s->posterior, status)) !=
            MI_OK ||
        (code = open_inference(potts, s, status)) != MI_OK) {
        mi_potts_scratch_destroy(s);
        return code;
    }
    *ret_scratch = s;
    return MI_OK;
}

/* The configuration that the next two numbers of `draw` name. */
static void configure(const mi_potts *potts, gsl_rng *draw, scratch *s)
{
    uint64_t first = gsl_rng_get(draw), second = gsl_rng_get(draw);
    if (s->drawn && s->key[0] == first && s->key[1] == second) {
        return;
    }
    s->drawn = true;
    s->key[0] = first;
    s->key[1] = second;
    mi_stream_set(s->stream, first, MI_PURPOSE_SAMPLE, second);
    mi_potts_draw(potts, s->stream, s->symbols);
}

mi_code mi_potts_sample(const void *state, gsl_rng *draw, void *opaque, double *values,
                        mi_status *status)
{
    (void)status;
    const mi_potts *potts = state;
    scratch *s = opaque;
    configure(potts, draw, s);
    for (size_t i = 0; i < potts->lattice->sites; i++) {
        values[i] = s->symbols[i];
    }
    return MI_OK;
}

/* hidden = the masked sites, or inverted the others; their number. */
static size_t hide(const mi_potts *potts, const unsigned char *masked, bool inverted, scratch *s)
{
    size_t count = 0;
    for (size_t i = 0; i < potts->lattice->sites; i++) {
        s->hidden[i] = (masked[i] != 0) != inverted;
        count += s->hidden[i];
    }
    return count;
}

/* log of the sum over s->hidden of the weights of the edges that touch it. */
static mi_code sum_hidden(const mi_potts *potts, scratch *s, double *ret_log_sum, mi_status *status)
{
    if (potts->inference != MI_POTTS_EXACT) {
        mi_potts_belief_propagate(s->belief, s->hidden, s->symbols);
        *ret_log_sum = mi_potts_belief_log_sum(s->belief);
        return MI_OK;
    }
    mi_code code = mi_potts_sweep_hide(s->sweep, s->hidden, status);
    if (code == MI_OK) {
        mi_potts_sweep_observe(s->sweep, s->symbols);
        *ret_log_sum = mi_potts_sweep_forward(s->sweep);
    }
    return code;
}

static mi_code find_posterior(const mi_potts *potts, scratch *s, double *ret_log_sum,
                              mi_status *status)
{
    if (potts->inference == MI_POTTS_GIBBS) {
        memcpy(s->walker, s->symbols, potts->lattice->sites);
        mi_stream_set(s->stream, s->key[0], MI_PURPOSE_CHAIN, s->key[1]);
        mi_potts_gibbs_posterior(&potts->bath, s->hidden, potts->sweeps, s->stream, s->walker,
                                 s->posterior);
        return MI_OK;
    }
    mi_code code = sum_hidden(potts, s, ret_log_sum, status);
    if (code == MI_OK && potts->inference == MI_POTTS_EXACT) {
        mi_potts_sweep_backward(s->sweep, s->posterior, NULL);
    } else if (code == MI_OK) {
        mi_potts_belief_posterior(s->belief, s->posterior);
    }
    return code;
}

/* Means over the hidden sites. */
static void summarise(const mi_potts *potts, size_t count, const scratch *s, mi_mask_result *result)
{
    size_t q = potts->states;
    for (size_t i = 0; i < potts->lattice->sites; i++) {
        if (!s->hidden[i]) {
            continue;
        }
        const double *p = s->posterior + i * q;
        for (size_t y = 0; y < q; y++) {
            result->conditional_entropy -= p[y] > 0 ? p[y] * log(p[y]) : 0;
        }
        result->cross_entropy -= log(p[s->symbols[i]]);
    }
    result->marginal_entropy = log((double)q);
    result->conditional_entropy /= (double)count;
    result->cross_entropy /= (double)count;
}

/* Edges with equal ends both of which are masked (or, inverted, visible). */
static size_t equal_inside(const mi_potts *potts, const scratch *s, const unsigned char *masked,
                           bool of_masked)
{
    const mi_lattice *lattice = potts->lattice;
    size_t ends = 0;
    for (size_t i = 0; i < lattice->sites; i++) {
        for (size_t e = 0; e < lattice->degree[i]; e++) {
            size_t j = lattice->neighbor[i][e];
            ends += (masked[i] != 0) == of_masked && (masked[j] != 0) == of_masked &&
                    s->symbols[i] == s->symbols[j];
        }
    }
    return ends / 2;
}

/* log p(x) - log p(x_v) - log p(x_m), where p(x_v) Z is the sum over the masked sites times the
 * weight of the edges inside the visible ones, and p(x_m) Z the other way round. */
static mi_code joint_information(const mi_potts *potts, const unsigned char *masked,
                                 double sum_over_masked, scratch *s, double *ret_information,
                                 mi_status *status)
{
    double sum_over_visible = 0,
           log_z = potts->inference == MI_POTTS_EXACT ? potts->log_z : potts->bethe_log_z;
    if (hide(potts, masked, true, s) > 0) {
        mi_code code = sum_hidden(potts, s, &sum_over_visible, status);
        if (code != MI_OK) {
            return code;
        }
    }
    double all = (double)mi_potts_equal_edges(potts->lattice, s->symbols),
           inside = (double)equal_inside(potts, s, masked, true) +
                    (double)equal_inside(potts, s, masked, false);
    *ret_information =
        (log_z + potts->coupling * (all - inside) - sum_over_masked - sum_over_visible) /
        (double)potts->lattice->sites;
    return MI_OK;
}

mi_code mi_potts_evaluate(const void *state, const unsigned char *masked, mi_origin origin,
                          gsl_rng *draw, bool wants_joint, void *opaque, mi_mask_result *result,
                          mi_status *status)
{
    (void)origin; /* there is no held-out data */
    const mi_potts *potts = state;
    scratch *s = opaque;
    double log_sum = 0;
    *result = (mi_mask_result){0};
    configure(potts, draw, s);
    size_t count = hide(potts, masked, false, s);
    mi_code code = find_posterior(potts, s, &log_sum, status);
    if (code != MI_OK) {
        return code;
    }
    summarise(potts, count, s, result);
    if (wants_joint && potts->inference == MI_POTTS_GIBBS) {
        code = sum_hidden(potts, s, &log_sum, status);
    }
    return wants_joint && code == MI_OK
               ? joint_information(potts, masked, log_sum, s, &result->joint_information, status)
               : code;
}
