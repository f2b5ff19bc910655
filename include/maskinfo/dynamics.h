/* Centring and collapse of self-distillation, without a network. docs/task4.md derives what stands
 * here.
 *
 * The model: n inputs, each with K student logits s_x and teacher logits t_x, and one centre c. One
 * step is
 *
 *     p_x = softmax((t_x - c)/tau_t),  q_x = softmax(s_x/tau_s)
 *     s_x <- s_x + (eta/tau_s) sum_y R_xy (p_y - q_y)          gradient of -sum_k p_k log q_k
 *     t_x <- m t_x + (1-m) s_x
 *     c   <- lambda c + (1-lambda) mean_x t_x                  of the teacher that made p
 *
 * with the centre moved after it is used, as DINO does, or before. R is what the inputs share in
 * the network: the kernel of its gradients, 1 on the diagonal and r beside it, over 1 + (n-1) r, so
 * that the part that all inputs have in common has the gain g = eta/(K tau_s) whatever r. Near the
 * uniform output that part obeys theory's three linear equations exactly (in discrete time). */
#ifndef MASKINFO_DYNAMICS_H
#define MASKINFO_DYNAMICS_H

#include "maskinfo/run.h"

typedef struct mi_dynamics {
    size_t prototypes;          /* K >= 2 */
    size_t inputs;              /* n >= 1; 1: the constant part alone */
    double learning_rate;       /* eta > 0 */
    double student_temperature; /* tau_s > 0 */
    double teacher_temperature; /* tau_t > 0 */
    double teacher_momentum;    /* m in [0, 1]; 1: the teacher never moves */
    double center_momentum;     /* lambda in [0, 1]; 1: the centre never moves, which is to have
                                   none */
    double similarity;          /* r in [0, 1) */
    bool update_before;         /* the centre is moved before it is used */
} mi_dynamics;

/* g = eta/(K tau_s); and the learning rate of a gain. */
double mi_dynamics_gain(const mi_dynamics *d);
double mi_dynamics_learning_rate(const mi_dynamics *d, double gain);

/* The fastest mode of the constant part: amplitudes go as exp(growth t) cos(frequency t), t in
 * steps. Neutral modes of what never moves (m = 1, lambda = 1) are left out. */
typedef struct mi_mode {
    double growth;    /* per step; -INFINITY: gone after one step */
    double frequency; /* radians per step; 0: no oscillation */
} mi_mode;

/* In continuous time the roots of w^3 + a2 w^2 + a1 w + a0, a2 = G + a + b, a1 = G (a+b) + a b -
 * G a rho, a0 = G a b with G = g/tau_s, a = 1-m, b = 1-lambda, rho = tau_s/tau_t. In discrete time
 * (the step above, exactly) w = z - 1 obeys (w+G)(w+a)(w+b) = a G rho w (1+w), where rho is
 * lambda tau_s/tau_t if the centre is moved before use. */
mi_mode mi_constant_mode(const mi_dynamics *d, bool discrete);

/* The same of the part whose mean over the inputs is 0, which the centre does not touch and whose
 * gain is g (1-r)/(1+(n-1)r): w^2 + (G+a) w + a G (1-rho), and in discrete time
 * (w+G)(w+a) = a G rho (1+w). */
mi_mode mi_feature_mode(const mi_dynamics *d, bool discrete);

/* Does the constant part decay (or stay)? By Routh and Hurwitz: a1 > 0 and a2 a1 > a0; in discrete
 * time
 *
 *     a b k + G k (e - 2 a b) + G^2 m lambda (e - a b) > 0,   k = 1 - m lambda, e = a + b - a rho
 *     2 (2-a)(2-b) > G (4 (1-a-b) + 2 e + a b)               (else the student overshoots)
 *
 * (Jury's conditions by the bilinear map). */
bool mi_constant_stable(const mi_dynamics *d, bool discrete);

/* The largest stable centre momentum at this gain, lambda of `d` aside: 0 to 1; NAN where none is
 * stable. To 1e-12. */
double mi_center_border(const mi_dynamics *d, bool discrete);

/* The largest centre momentum that is stable at every gain (in discrete time: at every gain with
 * G <= 1): 1 - (1-m)(rho-1); discrete, moved after use, (1 - (1-m) rho)/m; moved before use,
 * 1/(m + (1-m) rho), rho = tau_s/tau_t. Not clipped: below 0 none is. -INFINITY for m = 0 and
 * rho > 1 after use. */
double mi_center_law(const mi_dynamics *d, bool discrete);

/* The gain above which the constant part is unstable in discrete time, were the student's own step
 * (overshooting) no limit; INFINITY where there is none, 0 where it is unstable at any. */
double mi_critical_gain(const mi_dynamics *d);

/* -- the simulation ---------------------------------------------------------------------------- */

typedef struct mi_simulation {
    mi_dynamics dynamics;
    double *student, *teacher, *student_out, *teacher_out; /* (inputs, K) */
    double *center, *mean, *move;                          /* (K) */
} mi_simulation;

/* Student and teacher start at amplitude (sqrt(r) z_0 + sqrt(1-r) z_x), z standard Gaussian
 * K-vectors of the stream (seed, MI_PURPOSE_STREAM, index); the centre at 0. The outputs are those
 * of the first step. Release with mi_simulation_free, which accepts a zeroed one. */
mi_code mi_simulation_start(mi_simulation *s, const mi_dynamics *d, double amplitude, uint64_t seed,
                            uint64_t index, mi_status *status);
void mi_simulation_free(mi_simulation *s);

/* One step, from outputs to the outputs of the next. Nothing is allocated. */
void mi_simulation_step(mi_simulation *s);

/* Of the teacher's outputs, nats. */
typedef struct mi_outputs {
    double entropy;         /* mean over the inputs of H(p_x) */
    double entropy_of_mean; /* H(mean p_x) */
    double information;     /* their difference: between input and prototype */
    double divergence;      /* mean KL(p_x | q_x) */
    double spread;          /* root mean square over inputs and prototypes of the teacher's centred
                               logits less their mean over the prototypes */
    double constant;        /* the same of their mean over the inputs */
    size_t top;             /* prototype that has most of the mean output */
    double top_share;       /* what it has */
} mi_outputs;
mi_outputs mi_simulation_outputs(const mi_simulation *s);

/* -- outcomes and the map ---------------------------------------------------------------------- */

typedef enum mi_outcome {
    MI_OUTCOME_STABLE,      /* the constant part decays, features grow */
    MI_OUTCOME_UNIFORM,     /* everything decays to the uniform output */
    MI_OUTCOME_COLLAPSE,    /* the constant part grows straight into one prototype */
    MI_OUTCOME_OSCILLATION, /* it grows while its sign changes */
    MI_OUTCOMES
} mi_outcome;
const char *mi_outcome_name(mi_outcome outcome);

/* From the eigenvalues of the discrete step: unstable if the constant part grows, an oscillation if
 * its fastest mode has a frequency; else stable where tau_t < tau_s, uniform elsewhere. */
mi_outcome mi_predict_outcome(const mi_dynamics *d);

typedef struct mi_trial_outcome {
    mi_outcome outcome;
    bool grows;       /* the constant part did */
    double entropy;   /* of the constant part's output over ln K, mean of the last quarter */
    size_t reversals; /* of the constant part's sign while it grew, before one prototype had
                         half of the output */
    size_t changes;   /* of the prototype on top after that */
    size_t saturated; /* step at which it had; `steps` where never */
} mi_trial_outcome;

/* Simulate the constant part (one input), and two dissimilar inputs (r = 0) for what the features
 * do. Both start small: `amplitude` is in units of tau_t. Streams index and index + 1. */
mi_code mi_simulate_outcome(const mi_dynamics *d, double amplitude, size_t steps, uint64_t seed,
                            uint64_t index, mi_trial_outcome *ret_outcome, mi_status *status);

/* The outcomes of `count` settings, in parallel. */
mi_code mi_simulate_outcomes(const mi_dynamics *settings, size_t count, double amplitude,
                             size_t steps, const mi_run *run, mi_trial_outcome *outcomes,
                             mi_status *status);

/* Mean over the last quarter of the steps of the information between input and prototype, nats, of
 * `count` runs of the streams index, index + 1, ... */
mi_code mi_simulate_information(const mi_dynamics *d, double amplitude, size_t steps, size_t count,
                                uint64_t index, const mi_run *run, double *information,
                                mi_status *status);

/* -- equilibrium of the centre ----------------------------------------------------------------- */

/* A stream of batch means m_t with mean mu + v t and variance sigma^2/B, independent or with
 * correlation phi from one to the next, and the centre c_t = lambda c_(t-1) + (1-lambda) m_t. */
typedef struct mi_stream_setting {
    double momentum;    /* lambda in [0, 1) */
    size_t batch;       /* B */
    double mean;        /* mu at step 0 */
    double deviation;   /* sigma of one output */
    double start;       /* c_0 */
    double drift;       /* v, per step */
    double correlation; /* phi in (-1, 1); 0: independent */
    bool update_before; /* c_t is used with m_t; else c_(t-1) is, as DINO does */
    size_t replicates;  /* independent streams, at least 2 */
    size_t window;      /* steps that are averaged, after a start of 16/(1-lambda) steps */
    uint64_t index;     /* first of the keys (seed, MI_PURPOSE_STREAM, index + replicate) */
} mi_stream_setting;

/* A number with its standard error over the replicates and what is predicted. */
typedef struct mi_predicted {
    double value, error, predicted;
} mi_predicted;

/* (value - predicted)/error; NAN where the error is 0 or there is no prediction. */
double mi_z_score(const mi_predicted *p);

enum { MI_STREAM_POINTS = 13 };

typedef struct mi_stream_result {
    mi_predicted variance; /* of c: sigma^2/B (1-lambda)/(1+lambda) (1+lambda phi)/(1-lambda phi) */
    mi_predicted lag;      /* of the centre in use behind the mean: v lambda/(1-lambda) where it is
                              moved before use, v/(1-lambda) where after */
    mi_predicted distance; /* mean square of m_t less the centre in use, less the lag squared:
                              sigma^2/B 2 (1-phi)/((1+lambda)(1-lambda phi)), times lambda^2 where
                              it is moved before use */
    mi_predicted rate;     /* at which the mean error dies out, per step: -ln lambda */
    size_t points;         /* of the way to the equilibrium */
    size_t step[MI_STREAM_POINTS];
    mi_predicted error[MI_STREAM_POINTS]; /* mean of c_t - (mu + v t): lambda^t (c_0 - mu) - lag */
} mi_stream_result;

/* MI_INTERRUPTED as mi_parallel_for. Variances are about the known means. */
mi_code mi_stream_simulate(const mi_stream_setting *s, const mi_run *run, mi_stream_result *ret,
                           mi_status *status);

#endif
