#include <math.h>
#include <stdlib.h>

#include "maskinfo/memory.h"
#include "mixing.h"
#include "sequence.h"

/* One drawn sequence. */
typedef struct draft {
    size_t *symbols;     /* (length) */
    double *probability; /* (length) pi of each */
    size_t *previous;    /* (length) nearest visible site to the left, `length` where none */
} draft;

void mi_mixing_scratch_destroy(void *scratch)
{
    draft *d = scratch;
    if (d != NULL) {
        free(d->symbols);
        free(d->probability);
        free(d->previous);
        free(d);
    }
}

mi_code mi_mixing_scratch_create(const void *state, void **ret_scratch, mi_status *status)
{
    const mi_mixing *m = state;
    draft *d = NULL;
    mi_code code = mi_allocate(1, sizeof *d, &d, status);
    if (code != MI_OK) {
        return code;
    }
    code = mi_allocate(m->length, sizeof *d->symbols, &d->symbols, status);
    if (code == MI_OK) {
        code = mi_allocate(m->length, sizeof *d->probability, &d->probability, status);
    }
    if (code == MI_OK) {
        code = mi_allocate(m->length, sizeof *d->previous, &d->previous, status);
    }
    if (code != MI_OK) {
        mi_mixing_scratch_destroy(d);
        return code;
    }
    *ret_scratch = d;
    return MI_OK;
}

/* Smallest symbol whose cumulative probability exceeds a uniform number. */
static size_t draw_symbol(const mi_mixing *m, gsl_rng *draw)
{
    double uniform = gsl_rng_uniform(draw);
    size_t low = 0, high = m->law->vocabulary - 1;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (m->cumulative[middle] > uniform) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}

static void draw_sequence(const mi_mixing *m, gsl_rng *draw, draft *d)
{
    for (size_t i = 0; i < m->length; i++) {
        bool repeats = i > 0 && gsl_rng_uniform(draw) < m->rho;
        d->symbols[i] = repeats ? d->symbols[i - 1] : draw_symbol(m, draw);
        d->probability[i] = mi_zipf_probability(m->law, d->symbols[i]);
    }
}

static double plogp(double p)
{
    return p > 0 ? p * log(p) : 0;
}

/* What is visible around a masked site: lambda = rho^distance and the symbol's site, on each side.
 * A side without a visible site has lambda 0, which makes its symbol irrelevant. */
typedef struct neighbours {
    double left_lambda, right_lambda;
    size_t left, right;
} neighbours;

/* The posterior p(x) ~ P^a(u,x) P^b(x,w) / pi_w with A = rho^a, B = rho^b is proportional to pi_x,
 * up to the factor (1-A)(1-B), at every symbol but u and w. */
typedef struct local_posterior {
    double scale;                 /* p(x) = scale pi_x elsewhere */
    double left_mass, right_mass; /* p(u), p(w); right_mass 0 where u = w */
} local_posterior;

static local_posterior posterior_of(const draft *d, const neighbours *n)
{
    double a = n->left_lambda, b = n->right_lambda;
    double pu = d->probability[n->left], pw = d->probability[n->right];
    local_posterior p;
    double elsewhere;
    if (d->symbols[n->left] == d->symbols[n->right]) {
        p.left_mass = (a + (1 - a) * pu) * (b / pu + 1 - b);
        p.right_mass = 0;
        elsewhere = 1 - pu;
    } else {
        p.left_mass = (a + (1 - a) * pu) * (1 - b);
        p.right_mass = (1 - a) * (b + (1 - b) * pw);
        elsewhere = 1 - pu - pw;
    }
    double total = (1 - a) * (1 - b) * elsewhere + p.left_mass + p.right_mass;
    p.scale = (1 - a) * (1 - b) / total;
    p.left_mass /= total;
    p.right_mass /= total;
    return p;
}

/* Elsewhere -sum p log p = -scale (log scale sum pi + sum pi log pi), the sums without u and w. */
static double posterior_entropy(const mi_mixing *m, const draft *d, const neighbours *n,
                                const local_posterior *p)
{
    double pu = d->probability[n->left], pw = d->probability[n->right];
    double mass = 1 - pu, logs = -m->law->entropy - plogp(pu);
    if (d->symbols[n->left] != d->symbols[n->right]) {
        mass -= pw;
        logs -= plogp(pw);
    }
    return -p->scale * (log(p->scale) * mass + logs) - plogp(p->left_mass) - plogp(p->right_mass);
}

static double posterior_probability(const draft *d, const neighbours *n, const local_posterior *p,
                                    size_t site)
{
    if (d->symbols[site] == d->symbols[n->left]) {
        return p->left_mass;
    }
    if (d->symbols[site] == d->symbols[n->right]) {
        return p->right_mass;
    }
    return p->scale * d->probability[site];
}

/* log P^(j-i)(x_i, x_j). */
static double log_step(const mi_mixing *m, const draft *d, size_t i, size_t j)
{
    double lambda = pow(m->rho, (double)(j - i));
    double fresh = (1 - lambda) * d->probability[j];
    return log(d->symbols[i] == d->symbols[j] ? lambda + fresh : fresh);
}

/* log p of the sites with masked[i] == wanted, by steps over the sites between them. */
static double log_likelihood(const mi_mixing *m, const draft *d, const unsigned char *masked,
                             bool wanted)
{
    double sum = 0;
    size_t last = m->length;
    for (size_t i = 0; i < m->length; i++) {
        if ((masked[i] != 0) == wanted) {
            sum += last == m->length ? log(d->probability[i]) : log_step(m, d, last, i);
            last = i;
        }
    }
    return sum;
}

static double full_log_likelihood(const mi_mixing *m, const draft *d)
{
    double sum = log(d->probability[0]);
    for (size_t i = 1; i < m->length; i++) {
        sum += log_step(m, d, i - 1, i);
    }
    return sum;
}

static void find_previous(const mi_mixing *m, const unsigned char *masked, draft *d)
{
    size_t last = m->length;
    for (size_t i = 0; i < m->length; i++) {
        d->previous[i] = last;
        if (!masked[i]) {
            last = i;
        }
    }
}

static neighbours neighbours_of(const mi_mixing *m, const draft *d, size_t site, size_t next)
{
    neighbours n = {0, 0, 0, 0};
    if (d->previous[site] < m->length) {
        n.left = d->previous[site];
        n.left_lambda = pow(m->rho, (double)(site - n.left));
    }
    if (next < m->length) {
        n.right = next;
        n.right_lambda = pow(m->rho, (double)(next - site));
    }
    return n;
}

static void evaluate_masked(const mi_mixing *m, const draft *d, const unsigned char *masked,
                            mi_mask_result *result)
{
    size_t count = 0, next = m->length;
    for (size_t i = m->length; i-- > 0;) {
        if (!masked[i]) {
            next = i;
            continue;
        }
        neighbours n = neighbours_of(m, d, i, next);
        local_posterior p = posterior_of(d, &n);
        result->conditional_entropy += posterior_entropy(m, d, &n, &p);
        result->cross_entropy -= log(posterior_probability(d, &n, &p, i));
        count++;
    }
    result->conditional_entropy /= (double)count;
    result->cross_entropy /= (double)count;
}

mi_code mi_mixing_evaluate(const void *state, const unsigned char *masked, mi_origin origin,
                           gsl_rng *draw, bool wants_joint, void *scratch, mi_mask_result *result,
                           mi_status *status)
{
    (void)origin;
    const mi_mixing *m = state;
    draft *d = scratch;
    mi_code code = mi_sequence_is_finite(m->length, status);
    if (code != MI_OK) {
        return code;
    }
    *result = (mi_mask_result){.marginal_entropy = m->law->entropy};
    draw_sequence(m, draw, d);
    find_previous(m, masked, d);
    evaluate_masked(m, d, masked, result);
    if (wants_joint) {
        double joint = full_log_likelihood(m, d) - log_likelihood(m, d, masked, false) -
                       log_likelihood(m, d, masked, true);
        result->joint_information = joint / (double)m->length;
    }
    return MI_OK;
}

mi_code mi_mixing_sample(const void *state, gsl_rng *draw, void *scratch, double *values,
                         mi_status *status)
{
    const mi_mixing *m = state;
    draft *d = scratch;
    mi_code code = mi_sequence_is_finite(m->length, status);
    if (code == MI_OK) {
        draw_sequence(m, draw, d);
        mi_sequence_values(d->symbols, m->length, values);
    }
    return code;
}
