#include "ngram_letters_gaps.h"

#include <math.h>
#include <string.h>

enum { V = MI_LETTERS, MOST_GAPS = 50000 };

/* H_g this near to H: the tail is rounding. Farther than the second number at the longest table:
 * the tail can not be closed. */
static const double settled = 1e-15, unsettled = 1e-10;

typedef struct matrix {
    double p[V][V];
} matrix;

static void multiply(const matrix *a, const matrix *b, matrix *product)
{
    memset(product, 0, sizeof *product);
    for (size_t i = 0; i < V; i++) {
        for (size_t k = 0; k < V; k++) {
            for (size_t j = 0; j < V; j++) {
                product->p[i][j] += a->p[i][k] * b->p[k][j];
            }
        }
    }
}

/* I_g = H - H_g = sum_a pi(a) sum_b P^g(a, b) log(P^g(a, b) / pi(b)), free of cancellation. */
static double gap_information(const mi_letters_law *law, const matrix *power)
{
    double information = 0;
    for (size_t a = 0; a < V; a++) {
        for (size_t b = 0; b < V; b++) {
            double p = power->p[a][b], q = law->stationary[b];
            if (p > 0) {
                /* The terms p - q add up to 0 and make each sum's terms positive. */
                information += law->stationary[a] * (p * log(p / q) - p + q);
            }
        }
    }
    return information;
}

/* Fill information (most) from I_1 on until it is settled; returns how many. */
static size_t find_information(const mi_letters_law *law, size_t most, double *information)
{
    matrix step, power, next;
    for (size_t a = 0; a < V; a++) {
        for (size_t b = 0; b < V; b++) {
            step.p[a][b] = mi_letters_law_transition(law, a, b);
        }
    }
    power = step;
    for (size_t count = 0;;) {
        information[count] = gap_information(law, &power);
        if (information[count++] < settled || count == most) {
            return count;
        }
        multiply(&power, &step, &next);
        power = next;
    }
}

mi_code mi_letters_gaps_create(const mi_letters_law *law, size_t longest, mi_gaps **ret_gaps,
                               mi_status *status)
{
    size_t most = longest > 0 && longest < MOST_GAPS ? longest : MOST_GAPS;
    double entropy = mi_letters_law_entropy(law, 1);
    mi_gaps *gaps = NULL;
    mi_code code = mi_gaps_create(entropy, most, &gaps, status);
    if (code != MI_OK) {
        return code;
    }
    gaps->count = find_information(law, most, gaps->conditional);
    double last = gaps->conditional[gaps->count - 1];
    for (size_t g = 0; g < gaps->count; g++) {
        gaps->conditional[g] = entropy - gaps->conditional[g];
    }
    if (longest == 0 && last > unsettled) {
        mi_gaps_destroy(gaps);
        return mi_fail(status, MI_NUMERIC,
                       "letters %d apart still share %g nats; raise smoothing, now %g, or give a "
                       "finite length",
                       MOST_GAPS, last, law->smoothing);
    }
    *ret_gaps = gaps;
    return MI_OK;
}
