/* The non-linear step of dynamics.h. */
#include <gsl/gsl_randist.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "maskinfo/dynamics.h"
#include "maskinfo/memory.h"
#include "maskinfo/random.h"

void mi_simulation_free(mi_simulation *s)
{
    free(s->student); /* owner of all arrays */
    memset(s, 0, sizeof *s);
}

static mi_code place_arrays(mi_simulation *s, mi_status *status)
{
    size_t k = s->dynamics.prototypes, rows = 4 * s->dynamics.inputs + 3, count = 0;
    mi_code code = mi_product(rows, k, &count, status);
    if (code == MI_OK) {
        code = mi_allocate(count, sizeof *s->student, &s->student, status);
    }
    if (code != MI_OK) {
        return code;
    }
    size_t block = s->dynamics.inputs * k;
    s->teacher = s->student + block;
    s->student_out = s->teacher + block;
    s->teacher_out = s->student_out + block;
    s->center = s->teacher_out + block;
    s->mean = s->center + k;
    s->move = s->mean + k;
    return MI_OK;
}

/* out = softmax((logits - opt_center)/temperature), all (K). */
static void softmax(const double *logits, const double *opt_center, double temperature, size_t k,
                    double *out)
{
    double most = -INFINITY, sum = 0;
    for (size_t i = 0; i < k; i++) {
        out[i] = (logits[i] - (opt_center == NULL ? 0 : opt_center[i])) / temperature;
        most = fmax(most, out[i]);
    }
    for (size_t i = 0; i < k; i++) {
        out[i] = exp(out[i] - most);
        sum += out[i];
    }
    for (size_t i = 0; i < k; i++) {
        out[i] /= sum;
    }
}

/* mean (K) of rows (inputs, K). */
static void mean_row(const double *rows, size_t inputs, size_t k, double *mean)
{
    memset(mean, 0, k * sizeof *mean);
    for (size_t x = 0; x < inputs; x++) {
        for (size_t i = 0; i < k; i++) {
            mean[i] += rows[x * k + i] / (double)inputs;
        }
    }
}

/* c = lambda c + (1-lambda) mean t */
static void move_center(mi_simulation *s)
{
    const mi_dynamics *d = &s->dynamics;
    mean_row(s->teacher, d->inputs, d->prototypes, s->mean);
    for (size_t i = 0; i < d->prototypes; i++) {
        s->center[i] += (1 - d->center_momentum) * (s->mean[i] - s->center[i]);
    }
}

static void make_outputs(mi_simulation *s)
{
    const mi_dynamics *d = &s->dynamics;
    size_t k = d->prototypes;
    if (d->update_before) {
        move_center(s);
    }
    for (size_t x = 0; x < d->inputs; x++) {
        softmax(s->teacher + x * k, s->center, d->teacher_temperature, k, s->teacher_out + x * k);
        softmax(s->student + x * k, NULL, d->student_temperature, k, s->student_out + x * k);
    }
}

void mi_simulation_step(mi_simulation *s)
{
    const mi_dynamics *d = &s->dynamics;
    size_t k = d->prototypes, n = d->inputs;
    double scale =
        d->learning_rate / (d->student_temperature * (1 + ((double)n - 1) * d->similarity));
    double own = scale * (1 - d->similarity), shared = scale * d->similarity;
    if (!d->update_before) {
        move_center(s); /* the outputs are made already */
    }
    memset(s->move, 0, k * sizeof *s->move);
    for (size_t x = 0; x < n * k; x += k) {
        for (size_t i = 0; i < k; i++) {
            s->move[i] += s->teacher_out[x + i] - s->student_out[x + i];
        }
    }
    for (size_t x = 0; x < n * k; x += k) {
        for (size_t i = 0; i < k; i++) {
            double pull = s->teacher_out[x + i] - s->student_out[x + i];
            s->student[x + i] += own * pull + shared * s->move[i];
            s->teacher[x + i] +=
                (1 - d->teacher_momentum) * (s->student[x + i] - s->teacher[x + i]);
        }
    }
    make_outputs(s);
}

mi_code mi_simulation_start(mi_simulation *s, const mi_dynamics *d, double amplitude, uint64_t seed,
                            uint64_t index, mi_status *status)
{
    mi_stream_room room;
    gsl_rng *stream = mi_stream_place(&room, seed, MI_PURPOSE_STREAM, index);
    size_t k = d->prototypes;
    memset(s, 0, sizeof *s);
    s->dynamics = *d;
    mi_code code = place_arrays(s, status);
    if (code != MI_OK) {
        return code;
    }
    for (size_t i = 0; i < k; i++) {
        s->mean[i] = amplitude * sqrt(d->similarity) * gsl_ran_gaussian_ziggurat(stream, 1);
    }
    for (size_t x = 0; x < d->inputs * k; x++) {
        double own = sqrt(1 - d->similarity) * gsl_ran_gaussian_ziggurat(stream, 1);
        s->student[x] = s->teacher[x] = s->mean[x % k] + amplitude * own;
    }
    make_outputs(s);
    return MI_OK;
}

static double entropy(const double *p, size_t k)
{
    double sum = 0;
    for (size_t i = 0; i < k; i++) {
        sum -= p[i] > 0 ? p[i] * log(p[i]) : 0;
    }
    return sum;
}

/* KL(p | q); where both are 0 by underflow there is nothing to add. */
static double divergence(const double *p, const double *q, size_t k)
{
    double sum = 0;
    for (size_t i = 0; i < k; i++) {
        sum += p[i] > 0 ? p[i] * log(p[i] / fmax(q[i], 1e-300)) : 0;
    }
    return fmax(sum, 0);
}

/* Sum over the prototypes of (logits - center - their mean)^2. */
static double squares(const double *logits, const double *center, size_t k)
{
    double mean = 0, sum = 0;
    for (size_t i = 0; i < k; i++) {
        mean += (logits[i] - center[i]) / (double)k;
    }
    for (size_t i = 0; i < k; i++) {
        double off = logits[i] - center[i] - mean;
        sum += off * off;
    }
    return sum;
}

mi_outputs mi_simulation_outputs(const mi_simulation *s)
{
    size_t k = s->dynamics.prototypes, n = s->dynamics.inputs;
    double size = (double)k, share = 1 / (double)n;
    mi_outputs o = {0};
    for (size_t x = 0; x < n; x++) {
        o.entropy += share * entropy(s->teacher_out + x * k, k);
        o.divergence += share * divergence(s->teacher_out + x * k, s->student_out + x * k, k);
        o.spread += share * squares(s->teacher + x * k, s->center, k) / size;
    }
    mean_row(s->teacher, n, k, s->mean);
    o.constant = sqrt(squares(s->mean, s->center, k) / size);
    o.spread = sqrt(o.spread);
    mean_row(s->teacher_out, n, k, s->mean);
    o.entropy_of_mean = entropy(s->mean, k);
    o.information = fmax(o.entropy_of_mean - o.entropy, 0); /* Jensen; rounding may leave -1e-16 */
    for (size_t i = 0; i < k; i++) {
        o.top = s->mean[i] > s->mean[o.top] ? i : o.top;
    }
    o.top_share = s->mean[o.top];
    return o;
}
