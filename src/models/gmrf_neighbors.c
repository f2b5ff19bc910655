#include "gmrf_neighbors.h"

#include <math.h>

enum { MOST = MI_MAX_NEIGHBORS + 1 };

/* Covariance of the neighbours not yet decided and, last, of the site itself:
 * regular_ab + common response_a response_b. The second part may be far larger than the first, so
 * that it is kept apart until a site that shows it is conditioned on. */
typedef struct clique {
    size_t size;
    double regular[MOST][MOST];
    double response[MOST];
    double common;
} clique;

static clique clique_of(const mi_gmrf *gmrf, size_t site)
{
    const mi_lattice *lattice = gmrf->lattice;
    clique c = {.size = lattice->degree[site] + 1, .common = gmrf->common};
    size_t sites[MOST];
    for (size_t e = 0; e < lattice->degree[site]; e++) {
        sites[e] = lattice->neighbor[site][e];
    }
    sites[c.size - 1] = site;
    for (size_t a = 0; a < c.size; a++) {
        c.response[a] = mi_gmrf_response(gmrf, sites[a]);
        for (size_t b = 0; b <= a; b++) {
            c.regular[a][b] = c.regular[b][a] = mi_gmrf_regular(gmrf, sites[a], sites[b]);
        }
    }
    return c;
}

/* Drop the first member. */
static clique without_first(const clique *c)
{
    clique next = {.size = c->size - 1, .common = c->common};
    for (size_t a = 0; a < next.size; a++) {
        next.response[a] = c->response[a + 1];
        for (size_t b = 0; b < next.size; b++) {
            next.regular[a][b] = c->regular[a + 1][b + 1];
        }
    }
    return next;
}

/* Condition on the first member. With S the regular part, g the response and c the common factor,
 * the terms of c^2 of
 *
 *     S_ab + c g_a g_b - (S_at + c g_a g_t) (S_bt + c g_b g_t) / (S_tt + c g_t^2)
 *
 * cancel exactly and are left out. */
static clique given_first(const clique *c)
{
    clique next = {.size = c->size - 1};
    double own = c->regular[0][0], g = c->response[0], variance = own + c->common * g * g;
    for (size_t a = 0; a < next.size; a++) {
        double to_a = c->regular[0][a + 1], g_a = c->response[a + 1];
        for (size_t b = 0; b < next.size; b++) {
            double to_b = c->regular[0][b + 1], g_b = c->response[b + 1];
            double both = c->regular[a + 1][b + 1];
            double shared = both * g * g + own * g_a * g_b - g * (to_a * g_b + to_b * g_a);
            next.regular[a][b] = (both * own - to_a * to_b + c->common * shared) / variance;
        }
    }
    return next;
}

static double log_variance(const clique *c)
{
    return log(c->regular[0][0] + c->common * c->response[0] * c->response[0]);
}

double mi_gmrf_log_variance_given_neighbors(const mi_gmrf *gmrf, size_t site,
                                            const unsigned char *masked)
{
    clique c = clique_of(gmrf, site);
    for (size_t e = 0; e < gmrf->lattice->degree[site]; e++) {
        c = masked[gmrf->lattice->neighbor[site][e]] ? without_first(&c) : given_first(&c);
    }
    return log_variance(&c);
}

/* Add log Var(x_i | x_T) to sums[|T|], over all subsets T of the neighbours in the clique; at most
 * MI_MAX_NEIGHBORS deep. */
static void add_subsets(const clique *c, size_t seen, double *sums)
{
    if (c->size == 1) {
        sums[seen] += log_variance(c);
        return;
    }
    clique next = without_first(c);
    add_subsets(&next, seen, sums);
    next = given_first(c);
    add_subsets(&next, seen + 1, sums);
}

/* (k)_t (others-k)_(d-t) / (others)_d */
static double chance(size_t others, size_t d, size_t k, size_t t)
{
    double p = 1;
    for (size_t i = 0; i < d; i++) {
        double left = i < t ? (double)k - (double)i : (double)(others - k) - (double)(i - t);
        p *= left / (double)(others - i);
    }
    return p;
}

void mi_gmrf_neighbor_profile(const mi_gmrf *gmrf, double *h)
{
    size_t n = gmrf->lattice->sites;
    double sums[MOST][MOST] = {{0}}; /* by the number of neighbours, and of those visible */
    for (size_t i = 0; i < n; i++) {
        clique c = clique_of(gmrf, i);
        add_subsets(&c, 0, sums[c.size - 1]);
    }
    for (size_t k = 0; k < n; k++) {
        double logs = 0;
        for (size_t d = 0; d < MOST; d++) {
            for (size_t t = 0; t <= d && d < n; t++) {
                logs += chance(n - 1, d, k, t) * sums[d][t];
            }
        }
        h[k] = gmrf->channels * mi_gaussian_entropy(logs / (double)n);
    }
}
