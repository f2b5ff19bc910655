/* What becomes of the outputs: predicted from eigenvalues, and simulated. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "maskinfo/dynamics.h"
#include "maskinfo/memory.h"

const char *mi_outcome_name(mi_outcome outcome)
{
    static const char *const names[MI_OUTCOMES] = {"stable", "uniform", "collapse", "oscillation"};
    return names[outcome];
}

mi_outcome mi_predict_outcome(const mi_dynamics *d)
{
    if (!mi_constant_stable(d, true)) {
        return mi_constant_mode(d, true).frequency > 0 ? MI_OUTCOME_OSCILLATION
                                                       : MI_OUTCOME_COLLAPSE;
    }
    return d->teacher_temperature < d->student_temperature ? MI_OUTCOME_STABLE : MI_OUTCOME_UNIFORM;
}

enum { QUARTERS = 4 };

/* Growth from the least size so far by which a run counts as growing. */
static const double GROWN = 10;
/* Decay by which a run counts as dead, and needs no more steps. */
static const double DEAD = 1e-8;

/* A cycle of small size grows no more, but is far above the start. */
static const double FAR = 1000;

/* What is seen of the constant part on the way. */
typedef struct watch {
    double first, least, largest[QUARTERS]; /* sizes */
    double *reference;                      /* (K) teacher's part at its last change of sign */
    size_t reversals, changes, saturated, top;
    bool full;      /* one prototype had more than half of the output */
    bool full_late; /* in the second half of the steps */
} watch;

static double mean_difference(const double *a, const double *opt_b, size_t k)
{
    double mean = 0;
    for (size_t i = 0; i < k; i++) {
        mean += (a[i] - (opt_b == NULL ? 0 : opt_b[i])) / (double)k;
    }
    return mean;
}

/* Length of student and of centred teacher, each over its temperature, less their means over the
 * prototypes. It does not vanish where the teacher's part changes its sign, as the student's does
 * so earlier. */
static double size_of(const mi_simulation *s, double *turn, const double *reference)
{
    const mi_dynamics *d = &s->dynamics;
    size_t k = d->prototypes;
    double student = mean_difference(s->student, NULL, k), sum = 0;
    double teacher = mean_difference(s->teacher, s->center, k);
    *turn = 0;
    for (size_t i = 0; i < k; i++) {
        double own = (s->student[i] - student) / d->student_temperature;
        double other = s->teacher[i] - s->center[i] - teacher;
        *turn += other * reference[i];
        other /= d->teacher_temperature;
        sum += own * own + other * other;
    }
    return sqrt(sum);
}

static void set_reference(const mi_simulation *s, double *reference)
{
    size_t k = s->dynamics.prototypes;
    double mean = mean_difference(s->teacher, s->center, k);
    for (size_t i = 0; i < k; i++) {
        reference[i] = s->teacher[i] - s->center[i] - mean;
    }
}

static void look_at_top(const mi_simulation *s, watch *w, size_t step, size_t steps)
{
    size_t top = 0;
    for (size_t i = 1; i < s->dynamics.prototypes; i++) {
        top = s->teacher_out[i] > s->teacher_out[top] ? i : top;
    }
    if (s->teacher_out[top] <= 0.5) {
        return;
    }
    w->full_late = w->full_late || step >= steps / 2;
    if (!w->full) {
        w->full = true;
        w->saturated = step;
    } else {
        w->changes += top != w->top;
    }
    w->top = top;
}

/* Returns the size. */
static double look(const mi_simulation *s, watch *w, size_t step, size_t steps)
{
    double turn = 0, size = size_of(s, &turn, w->reference);
    size_t quarter = step * QUARTERS / steps;
    w->largest[quarter] = fmax(w->largest[quarter], size);
    if (step == 0) {
        w->first = size;
    }
    if (step == 0 || size < w->least) {
        w->least = size;
    }
    if (size < GROWN * w->least && !w->full) {
        set_reference(s, w->reference);
    } else if (turn < 0 && !w->full) {
        w->reversals++;
        set_reference(s, w->reference);
    }
    look_at_top(s, w, step, steps);
    return size;
}

/* The constant part alone. Near the border it grows or decays slowly: what it did between the third
 * and the last quarter tells. */
static mi_code simulate_constant(const mi_dynamics *d, double amplitude, size_t steps,
                                 uint64_t seed, uint64_t index, mi_trial_outcome *o,
                                 mi_status *status)
{
    mi_dynamics one = *d;
    mi_simulation s;
    watch w = {.saturated = steps};
    double entropy = 0;
    size_t counted = 0;
    one.inputs = 1;
    mi_code code = mi_simulation_start(&s, &one, amplitude, seed, index, status);
    if (code == MI_OK) {
        code = mi_allocate(d->prototypes, sizeof *w.reference, &w.reference, status);
    }
    bool dead = false;
    for (size_t step = 0; code == MI_OK && step < steps && !dead; step++) {
        dead = look(&s, &w, step, steps) < DEAD * w.first;
        if (step >= steps - steps / QUARTERS) {
            entropy += mi_simulation_outputs(&s).entropy;
            counted++;
        }
        mi_simulation_step(&s);
    }
    mi_simulation_free(&s);
    free(w.reference);
    o->grows =
        !dead && (w.full_late || w.largest[3] > w.largest[2] || w.largest[3] > FAR * w.first);
    o->entropy = counted > 0 ? entropy / (double)counted / log((double)d->prototypes) : 1;
    o->reversals = w.reversals;
    o->changes = w.changes;
    o->saturated = w.saturated;
    return code;
}

/* How far two inputs' teachers are apart, their means over the prototypes, which no output shows,
 * aside. */
static double distance(const mi_simulation *s)
{
    size_t k = s->dynamics.prototypes;
    double mean = mean_difference(s->teacher, s->teacher + k, k), sum = 0;
    for (size_t i = 0; i < k; i++) {
        sum += fabs(s->teacher[i] - s->teacher[k + i] - mean);
    }
    return sum;
}

/* Two dissimilar inputs: do they come apart? Decided once the distance is a hundredfold or gone, or
 * by its growth from the third to the last quarter. */
static mi_code simulate_features(const mi_dynamics *d, double amplitude, size_t steps,
                                 uint64_t seed, uint64_t index, bool *ret_grow, mi_status *status)
{
    mi_dynamics two = *d;
    mi_simulation s;
    double apart[QUARTERS] = {0}, first = 0, now = 0;
    two.inputs = 2;
    two.similarity = 0;
    mi_code code = mi_simulation_start(&s, &two, amplitude, seed, index, status);
    if (code == MI_OK) {
        now = first = distance(&s);
    }
    for (size_t step = 0; code == MI_OK && step < steps && now < 100 * first && now > DEAD * first;
         step++) {
        double *largest = &apart[step * QUARTERS / steps];
        *largest = fmax(*largest, now);
        mi_simulation_step(&s);
        now = distance(&s);
    }
    mi_simulation_free(&s);
    *ret_grow = now >= 100 * first || (now > DEAD * first && apart[3] > apart[2]);
    return code;
}

mi_code mi_simulate_outcome(const mi_dynamics *d, double amplitude, size_t steps, uint64_t seed,
                            uint64_t index, mi_trial_outcome *o, mi_status *status)
{
    double small = amplitude * d->teacher_temperature;
    bool apart = false;
    memset(o, 0, sizeof *o);
    mi_code code = simulate_constant(d, small, steps, seed, index, o, status);
    if (code == MI_OK) {
        code = simulate_features(d, small, steps, seed, index + 1, &apart, status);
    }
    if (o->grows) {
        o->outcome = o->reversals > 0 || o->saturated == steps ? MI_OUTCOME_OSCILLATION
                                                               : MI_OUTCOME_COLLAPSE;
    } else {
        o->outcome = apart ? MI_OUTCOME_STABLE : MI_OUTCOME_UNIFORM;
    }
    return code;
}

typedef struct outcomes {
    const mi_dynamics *settings;
    double amplitude;
    size_t steps;
    uint64_t seed;
    mi_trial_outcome *outcomes;
} outcomes;

static mi_code simulate_one(size_t index, size_t thread, void *context, mi_status *status)
{
    const outcomes *o = context;
    (void)thread;
    return mi_simulate_outcome(&o->settings[index], o->amplitude, o->steps, o->seed, 2 * index,
                               &o->outcomes[index], status);
}

mi_code mi_simulate_outcomes(const mi_dynamics *settings, size_t count, double amplitude,
                             size_t steps, const mi_run *run, mi_trial_outcome *trials,
                             mi_status *status)
{
    outcomes o = {settings, amplitude, steps, run->seed, trials};
    return mi_parallel_for(run, "simulating the teacher", count, simulate_one, &o, status);
}
