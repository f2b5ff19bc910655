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
    for (size_t a = 0; a < V; a++) {
        w[a] = before[a * step->middle_count + j] * inverse[a];
        sum += w[a];
    }
    return sum;
}

/* Eight numbers in a vector of GCC's and clang's portable vector extension. Written out because
 * neither compiler keeps the 32 sums below in registers by itself. */
typedef double lanes __attribute__((vector_size(8 * sizeof(double))));
typedef int32_t counts __attribute__((vector_size(8 * sizeof(int32_t))));
enum { LANES = 8, VECTORS = PAD / LANES };

static inline lanes load_counts(const int32_t *row)
{
    counts c;
    memcpy(&c, row, sizeof c);
    return __builtin_convertvector(c, lanes);
}

/* sum(d) = base + sum over the rows of w(a) N(m, a, d), for d < PAD. */
static void add_rows(const mi_letters_law *law, size_t middle, const double *w, double base,
                     double *sum)
{
    lanes s0 = base - (lanes){0}, s1 = s0, s2 = s0, s3 = s0;
    for (size_t row = law->first[middle]; row < law->first[middle + 1]; row++) {
        const int32_t *from = law->rows + row * PAD;
        double weight = w[law->oldest[row]];
        s0 += weight * load_counts(from);
        s1 += weight * load_counts(from + LANES);
        s2 += weight * load_counts(from + 2 * LANES);
        s3 += weight * load_counts(from + 3 * LANES);
    }
    memcpy(sum, &s0, sizeof s0);
    memcpy(sum + LANES, &s1, sizeof s1);
    memcpy(sum + 2 * LANES, &s2, sizeof s2);
    memcpy(sum + 3 * LANES, &s3, sizeof s3);
}

static inline double total(lanes v)
{
    return ((v[0] + v[4]) + (v[2] + v[6])) + ((v[1] + v[5]) + (v[3] + v[7]));
}

/* dot(a) = sum over d < PAD of N(m, a, d) values(d), for the rows of the middle. */
static void dot_rows(const mi_letters_law *law, size_t middle, const double *values, double *dot)
{
    lanes v0, v1, v2, v3;
    memcpy(&v0, values, sizeof v0);
    memcpy(&v1, values + LANES, sizeof v1);
    memcpy(&v2, values + 2 * LANES, sizeof v2);
    memcpy(&v3, values + 3 * LANES, sizeof v3);
    for (size_t row = law->first[middle]; row < law->first[middle + 1]; row++) {
        const int32_t *from = law->rows + row * PAD;
        dot[law->oldest[row]] =
            total(v0 * load_counts(from) + v1 * load_counts(from + LANES) +
                  v2 * load_counts(from + 2 * LANES) + v3 * load_counts(from + 3 * LANES));
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
        for (size_t d = 0; d < V; d++) {
            sum += values[d];
        }
        double dot[V] = {0};
        dot_rows(law, m, values, dot);
        for (size_t a = 0; a < V; a++) {
            before[a * step->middle_count + j] = inverse[a] * (law->smoothing * sum + dot[a]);
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
