#include "zipf.h"

#include <math.h>
#include <stdlib.h>

#include "maskinfo/memory.h"

/* The rule. Symbols are cut into blocks of consecutive ranks over which t = log(1/pi - 1) grows by
 * at most 1. In a block with more than NODES symbols the sum over symbols is replaced by
 * interpolation of f at the NODES Chebyshev points of its range of t, the weights being the sums of
 * pi^2 times the Lagrange polynomials (through the moments of the Chebyshev polynomials).
 *
 * Accuracy: phi(lambda e^t) is analytic for |Im t| < pi, so on a block of half-width 1/2 the
 * interpolation error falls like rho^-NODES with rho = 2 pi + sqrt(4 pi^2 + 1) = 12.6 (Trefethen,
 * "Approximation Theory and Approximation Practice", theorem 8.2): 16 nodes give 3e-18 times the
 * largest |f| on the ellipse, which is below 100 times f on the block. */
enum { NODES = 16 };
static const double block_width = 1.0;

static double power(double exponent, size_t rank)
{
    return exponent == 0 ? 1 : pow((double)rank, -exponent);
}

double mi_zipf_probability(const mi_zipf *zipf, size_t symbol)
{
    return power(zipf->exponent, symbol + 1) / zipf->normalizer;
}

static double odds_of(const mi_zipf *zipf, size_t symbol)
{
    return 1 / mi_zipf_probability(zipf, symbol) - 1;
}

/* Smallest terms first, in extended precision: V terms lose no digit of a double. */
static void sum_law(mi_zipf *zipf)
{
    long double z = 0, logs = 0, squares = 0;
    for (size_t rank = zipf->vocabulary; rank >= 1; rank--) {
        double p = power(zipf->exponent, rank);
        z += p;
        logs += p * (zipf->exponent * log((double)rank));
        squares += p * p;
    }
    zipf->normalizer = (double)z;
    zipf->entropy = (double)(logl(z) + logs / z); /* -sum pi log pi, log pi = -s log u - log Z */
    zipf->collision = (double)(squares / (z * z));
}

/* First symbol after `first` whose t exceeds that of `first` by more than the block's width. */
static size_t block_end(const mi_zipf *zipf, size_t first)
{
    double limit = log(odds_of(zipf, first)) + block_width;
    size_t inside = first, outside = zipf->vocabulary;
    while (outside - inside > 1) {
        size_t middle = inside + (outside - inside) / 2;
        if (log(odds_of(zipf, middle)) <= limit) {
            inside = middle;
        } else {
            outside = middle;
        }
    }
    return outside;
}

static void add_node(mi_zipf *zipf, double odds, double weight)
{
    zipf->odds[zipf->nodes] = odds;
    zipf->weights[zipf->nodes] = weight;
    zipf->nodes++;
}

/* moments[i] = sum over the block of pi^2 T_i(x), x in [-1, 1] the place in the block. */
static void chebyshev_moments(const mi_zipf *zipf, size_t first, size_t end, double middle,
                              double half, double moments[NODES])
{
    long double sums[NODES] = {0};
    for (size_t u = end; u-- > first;) {
        double p = mi_zipf_probability(zipf, u);
        double x = (log(1 / p - 1) - middle) / half;
        double before = p * p, now = x * before;
        sums[0] += before;
        for (int i = 1; i < NODES; i++) {
            sums[i] += now;
            double next = 2 * x * now - before; /* T_{i+1} = 2 x T_i - T_{i-1} */
            before = now;
            now = next;
        }
    }
    for (int i = 0; i < NODES; i++) {
        moments[i] = (double)sums[i];
    }
}

/* Lagrange polynomial of node j: (2/n) sum'_i T_i(x_j) T_i(x), the first term halved. */
static void add_interpolated_block(mi_zipf *zipf, size_t first, size_t end)
{
    double low = log(odds_of(zipf, first)), high = log(odds_of(zipf, end - 1));
    double middle = (low + high) / 2, half = (high - low) / 2;
    double moments[NODES];
    chebyshev_moments(zipf, first, end, middle, half, moments);
    for (int j = 0; j < NODES; j++) {
        double angle = acos(-1.0) * (j + 0.5) / NODES;
        double weight = moments[0] / 2;
        for (int i = 1; i < NODES; i++) {
            weight += cos(i * angle) * moments[i];
        }
        add_node(zipf, exp(middle + half * cos(angle)), weight * 2 / NODES);
    }
}

static void add_block(mi_zipf *zipf, size_t first, size_t end)
{
    if (odds_of(zipf, first) == odds_of(zipf, end - 1)) {
        double p = mi_zipf_probability(zipf, first);
        add_node(zipf, odds_of(zipf, first), (double)(end - first) * p * p);
        return;
    }
    if (end - first > NODES) {
        add_interpolated_block(zipf, first, end);
        return;
    }
    for (size_t u = first; u < end; u++) {
        double p = mi_zipf_probability(zipf, u);
        add_node(zipf, odds_of(zipf, u), p * p);
    }
}

static size_t count_blocks(const mi_zipf *zipf)
{
    size_t blocks = 0;
    for (size_t first = 0; first < zipf->vocabulary; first = block_end(zipf, first)) {
        blocks++;
    }
    return blocks;
}

static mi_code build_rule(mi_zipf *zipf, mi_status *status)
{
    size_t room = count_blocks(zipf) * NODES;
    mi_code code = mi_allocate(room, sizeof *zipf->odds, &zipf->odds, status);
    if (code == MI_OK) {
        code = mi_allocate(room, sizeof *zipf->weights, &zipf->weights, status);
    }
    size_t end = 0;
    for (size_t first = 0; code == MI_OK && first < zipf->vocabulary; first = end) {
        end = block_end(zipf, first);
        add_block(zipf, first, end);
    }
    return code;
}

mi_code mi_zipf_create(size_t vocabulary, double exponent, mi_zipf **ret_zipf, mi_status *status)
{
    mi_zipf *zipf = NULL;
    mi_code code = mi_allocate(1, sizeof *zipf, &zipf, status);
    if (code != MI_OK) {
        return code;
    }
    zipf->vocabulary = vocabulary;
    zipf->exponent = exponent;
    sum_law(zipf);
    code = build_rule(zipf, status);
    if (code != MI_OK) {
        mi_zipf_destroy(zipf);
        return code;
    }
    *ret_zipf = zipf;
    return MI_OK;
}

void mi_zipf_destroy(mi_zipf *zipf)
{
    if (zipf != NULL) {
        free(zipf->odds);
        free(zipf->weights);
        free(zipf);
    }
}

mi_code mi_zipf_cumulative(const mi_zipf *zipf, double **ret_cumulative, mi_status *status)
{
    double *cumulative = NULL;
    mi_code code = mi_allocate(zipf->vocabulary, sizeof *cumulative, &cumulative, status);
    if (code != MI_OK) {
        return code;
    }
    long double sum = 0;
    for (size_t u = 0; u < zipf->vocabulary; u++) {
        sum += mi_zipf_probability(zipf, u);
        cumulative[u] = (double)sum;
    }
    cumulative[zipf->vocabulary - 1] = 1;
    *ret_cumulative = cumulative;
    return MI_OK;
}
