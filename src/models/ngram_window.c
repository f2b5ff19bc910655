#include "ngram_window.h"

#include <string.h>

enum { V = MI_LETTERS, PAD = MI_LETTER_PAD };

/* With w(a) = before(a, m) / (n(a, m) + 27 s) and N the table of counts,
 *
 *     after(m, d) = s sum_a w(a) + sum_{a seen} w(a) N(m, a, d):
 *
 * the smoothing is one sum for all contexts, and only contexts that occurred have a row. */

/* Weights w of all 27 values of a, and their sum. */
static double weigh(const mi_window_step *step, const double *before, size_t j, double *w)
{
    const double *inverse = step->law->inverse + (size_t)step->middles[j] * V;
    double sum = 0;
    const double *from = before + j;
    for (size_t a = 0; a < V; a++, from += step->middle_count) {
        w[a] = *from * inverse[a];
        sum += w[a];
    }
    return sum;
}

/* Four numbers in a vector of GCC's and clang's portable vector extension. Written out because
 * neither compiler keeps the 28 sums below in registers by itself; loaded entry by entry because
 * both make one conversion of that, and GCC 12 two and a merge of __builtin_convertvector. */
typedef double lanes __attribute__((vector_size(4 * sizeof(double))));
enum { LANES = 4, VECTORS = PAD / LANES };

static inline lanes load_counts(const int32_t *row)
{
    return (lanes){row[0], row[1], row[2], row[3]};
}

/* sum(d) = base + sum over the rows of w(a) N(m, a, d), for d < PAD. */
static void add_rows(const mi_letters_law *law, size_t middle, const double *w, double base,
                     double *sum)
{
    lanes sums[VECTORS];
    for (size_t i = 0; i < VECTORS; i++) {
        sums[i] = base - (lanes){0};
    }
    for (size_t row = law->first[middle]; row < law->first[middle + 1]; row++) {
        const int32_t *from = law->rows + row * PAD;
        double weight = w[law->oldest[row]];
        for (size_t i = 0; i < VECTORS; i++) {
            sums[i] += weight * load_counts(from + i * LANES);
        }
    }
    memcpy(sum, sums, sizeof sums);
}

/* dot(a) = sum over d < PAD of N(m, a, d) values(d), for the rows of the middle. */
static void dot_rows(const mi_letters_law *law, size_t middle, const double *values, double *dot)
{
    lanes v[VECTORS];
    memcpy(v, values, sizeof v);
    for (size_t row = law->first[middle]; row < law->first[middle + 1]; row++) {
        const int32_t *from = law->rows + row * PAD;
        lanes sum = v[0] * load_counts(from);
        for (size_t i = 1; i < VECTORS; i++) {
            sum += v[i] * load_counts(from + i * LANES);
        }
        dot[law->oldest[row]] = (sum[0] + sum[2]) + (sum[1] + sum[3]);
    }
}

static const int32_t *row_of(const mi_letters_law *law, size_t middle, size_t a)
{
    return law->rows + (size_t)law->row[middle * V + a] * PAD;
}

static void forward_open_open(const mi_window_step *step, const double *before, double *after)
{
    const mi_letters_law *law = step->law;
    for (size_t j = 0; j < step->middle_count; j++) {
        double w[V], sum[PAD];
        size_t m = step->middles[j];
        double base = law->smoothing * weigh(step, before, j, w);
        add_rows(law, m, w, base, sum);
        memcpy(after + j * V, sum, V * sizeof *sum);
    }
}

static void forward_open_letter(const mi_window_step *step, const double *before, double *after)
{
    const mi_letters_law *law = step->law;
    for (size_t j = 0; j < step->middle_count; j++) {
        double w[V];
        size_t m = step->middles[j];
        double sum = law->smoothing * weigh(step, before, j, w);
        for (size_t row = law->first[m]; row < law->first[m + 1]; row++) {
            sum += w[law->oldest[row]] * law->rows[row * PAD + step->newest];
        }
        after[j] = sum;
    }
}

static void forward_letter(const mi_window_step *step, const double *before, double *after)
{
    const mi_letters_law *law = step->law;
    size_t from = step->newest == MI_OPEN ? 0 : step->newest;
    size_t count = step->newest == MI_OPEN ? V : 1;
    for (size_t j = 0; j < step->middle_count; j++) {
        size_t m = step->middles[j];
        const int32_t *row = row_of(law, m, step->oldest) + from;
        double weight = before[j] * law->inverse[m * V + step->oldest];
        for (size_t d = 0; d < count; d++) {
            after[j * count + d] = weight * (law->smoothing + row[d]);
        }
    }
}

void mi_window_forward(const mi_window_step *step, const double *before, double *after)
{
    if (step->oldest != MI_OPEN) {
        forward_letter(step, before, after);
    } else if (step->newest == MI_OPEN) {
        forward_open_open(step, before, after);
    } else {
        forward_open_letter(step, before, after);
    }
}

/* before(a, m) = (s sum_d after(m, d) + sum_d N(m, a, d) after(m, d)) / (n(a, m) + 27 s). */
static void backward_open_open(const mi_window_step *step, const double *after, double *before)
{
    const mi_letters_law *law = step->law;
    for (size_t j = 0; j < step->middle_count; j++) {
        double values[PAD] = {0}, sum = 0;
        size_t m = step->middles[j];
        const double *inverse = law->inverse + m * V;
        memcpy(values, after + j * V, V * sizeof *values);
#pragma omp simd reduction(+ : sum)
        for (size_t d = 0; d < PAD; d++) {
            sum += values[d];
        }
        double dot[V] = {0}, base = law->smoothing * sum;
        dot_rows(law, m, values, dot);
        double *to = before + j;
        for (size_t a = 0; a < V; a++, to += step->middle_count) {
            *to = inverse[a] * (base + dot[a]);
        }
    }
}

static void backward_open_letter(const mi_window_step *step, const double *after, double *before)
{
    const mi_letters_law *law = step->law;
    for (size_t j = 0; j < step->middle_count; j++) {
        size_t m = step->middles[j];
        for (size_t a = 0; a < V; a++) {
            double count = row_of(law, m, a)[step->newest];
            before[a * step->middle_count + j] =
                (law->smoothing + count) * law->inverse[m * V + a] * after[j];
        }
    }
}

static void backward_letter(const mi_window_step *step, const double *after, double *before)
{
    const mi_letters_law *law = step->law;
    size_t from = step->newest == MI_OPEN ? 0 : step->newest;
    size_t count = step->newest == MI_OPEN ? V : 1;
    for (size_t j = 0; j < step->middle_count; j++) {
        size_t m = step->middles[j];
        const int32_t *row = row_of(law, m, step->oldest) + from;
        double sum = 0;
        for (size_t d = 0; d < count; d++) {
            sum += (law->smoothing + row[d]) * after[j * count + d];
        }
        before[j] = sum * law->inverse[m * V + step->oldest];
    }
}

void mi_window_backward(const mi_window_step *step, const double *after, double *before)
{
    if (step->oldest != MI_OPEN) {
        backward_letter(step, after, before);
    } else if (step->newest == MI_OPEN) {
        backward_open_open(step, after, before);
    } else {
        backward_open_letter(step, after, before);
    }
}

size_t mi_window_values(const unsigned char *letters, size_t count, uint32_t *values)
{
    size_t found = 1;
    values[0] = 0;
    for (size_t i = 0; i < count; i++) {
        if (letters[i] != MI_OPEN) {
            for (size_t j = 0; j < found; j++) {
                values[j] = values[j] * V + letters[i];
            }
            continue;
        }
        /* From the last, so that values not yet read are not overwritten. */
        for (size_t j = found; j-- > 0;) {
            for (size_t v = V; v-- > 0;) {
                values[j * V + v] = values[j] * V + (uint32_t)v;
            }
        }
        found *= V;
    }
    return found;
}
