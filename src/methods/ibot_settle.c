/* What depends on the whole batch: targets, centres, monitors. */
#include <math.h>
#include <string.h>

#include "ibot.h"

#define CLASS_MONITORS                                                                             \
    {"teacher_entropy", "nats", "mean entropy of the teacher's outputs of single images"},         \
        {"mean_entropy", "nats", "entropy of the mean of the teacher's outputs"},                  \
        {"information", "nats",                                                                    \
         "mean_entropy less teacher_entropy: what a prototype tells of the image; near 0 after a " \
         "collapse"},                                                                              \
        {"divergence", "nats",                                                                     \
         "mean KL of the student's outputs from the teacher's: the loss "                          \
         "less teacher_entropy"},                                                                  \
        {"center_norm", "", "length of the centre"},                                               \
        {"center_distance", "", "length of the batch's mean output less the centre"},              \
        {"center_noise", "",                                                                       \
         "center_distance of a stationary teacher whose centre is its mean "                       \
         "output"},                                                                                \
        {"effective_rank", "",                                                                     \
         "dimensions that the teacher's features fill: exp of the entropy "                        \
         "of their covariance's eigenvalues; each tenth step"},                                    \
    {                                                                                              \
        "feature_deviation", "",                                                                   \
            "deviation of the teacher's features, brought to length 1, "                           \
            "times the root of their number: 1 where they point everywhere"                        \
    }

#define PATCH_MONITORS                                                                             \
    {"patch_teacher_entropy", "nats", "teacher_entropy of masked patches"},                        \
        {"patch_mean_entropy", "nats", "mean_entropy of masked patches"},                          \
        {"patch_information", "nats", "information of masked patches"},                            \
        {"patch_divergence", "nats", "divergence of masked patches"},                              \
        {"patch_center_norm", "", "length of the patches' centre"},                                \
    {                                                                                              \
        "koleo", "", "the loss that keeps features of different images apart, without its weight"  \
    }

const mi_monitor mi_dino_monitors[] = {CLASS_MONITORS, {NULL, NULL, NULL}};
const mi_monitor mi_ibot_monitors[] = {CLASS_MONITORS, PATCH_MONITORS, {NULL, NULL, NULL}};

static double temperature_at(const mi_ibot *ibot, const mi_ibot_side *side, size_t t)
{
    if (t >= ibot->warmup_steps || isnan(ibot->warmup_temperature)) {
        return side->temperature;
    }
    double share = (double)t / (double)ibot->warmup_steps;
    return ibot->warmup_temperature + share * (side->temperature - ibot->warmup_temperature);
}

static double length_of(size_t count, const mi_scalar *x)
{
    double square = 0;
    for (size_t i = 0; i < count; i++) {
        square += (double)x[i] * (double)x[i];
    }
    return sqrt(square);
}

/* |mean - c|. */
static double distance_of(size_t count, const double *means, const mi_scalar *center)
{
    double square = 0;
    for (size_t i = 0; i < count; i++) {
        double difference = means[i] - (double)center[i];
        square += difference * difference;
    }
    return sqrt(square);
}

/* The centre of a stationary teacher is an average of batch means m with the variance V (1 -
 * lambda) / (1 + lambda), so that E|m - c|^2 = V 2 / (1 + lambda), where V, of a batch of B
 * independent images, is the trace of the covariance of an image's mean output over B. */
static double noise_of(const mi_ibot_side *side, size_t images)
{
    double squares = 0, n = (double)images, views = MI_GLOBALS;
    for (size_t s = 0; s < images; s++) {
        const mi_scalar *h = side->targets + s * MI_GLOBALS * side->prototypes;
        for (size_t k = 0; k < side->prototypes; k++) {
            double mean = ((double)h[k] + (double)h[side->prototypes + k]) / views;
            squares += (mean - side->means[k]) * (mean - side->means[k]);
        }
    }
    return images < 2 ? NAN : sqrt(squares / (n - 1) / n * 2 / (1 + side->center_momentum));
}

/* The centre of the next step, and the one that is used in this. */
static const mi_scalar *settle_center(const mi_ibot *ibot, size_t rows, mi_ibot_side *side)
{
    size_t prototypes = side->prototypes;
    side->center_norm = side->center_distance = NAN;
    if (ibot->centering != MI_CENTER) {
        return NULL;
    }
    memcpy(side->next_center, side->center, prototypes * sizeof *side->center);
    if (rows > 0) {
        side->center_distance = distance_of(prototypes, side->means, side->center);
        mi_distill_center(prototypes, side->center_momentum, side->means, side->next_center);
    }
    const mi_scalar *used = ibot->center_before ? side->next_center : side->center;
    side->center_norm = length_of(prototypes, used);
    return used;
}

/* Rows that one unit of the loop makes targets of. */
enum { CHUNK = 32 };

typedef struct softening {
    mi_ibot_side *side;
    const mi_scalar *opt_center;
    double temperature;
    size_t rows;
} softening;

static mi_code soften(size_t index, size_t thread, void *context, mi_status *status)
{
    (void)thread;
    (void)status;
    const softening *job = context;
    mi_ibot_side *side = job->side;
    size_t first = index * CHUNK, left = job->rows - first;
    mi_distill_targets(left < CHUNK ? left : CHUNK, side->prototypes, job->opt_center,
                       job->temperature, side->targets + first * side->prototypes,
                       side->entropies + first);
    return MI_OK;
}

/* From side->means, those of the logits: side->targets become probabilities. */
static mi_code make_targets(const mi_ibot *ibot, size_t t, size_t rows, mi_ibot_side *side,
                            const mi_run *run, mi_status *status)
{
    const mi_scalar *opt_center = settle_center(ibot, rows, side);
    softening job = {side, opt_center, temperature_at(ibot, side, t), rows};
    if (ibot->centering == MI_SINKHORN) {
        mi_sinkhorn(rows, side->prototypes, job.temperature, ibot->iterations, side->targets,
                    ibot->room, side->entropies);
        return MI_OK;
    }
    return mi_parallel_for(run, "targets", (rows + CHUNK - 1) / CHUNK, soften, &job, status);
}

/* Weighted means over rows: of entropies, and of the targets, of which then the entropy is taken.
 * weights sum to 1. */
static void measure(size_t row, double weight, mi_ibot_side *side)
{
    const mi_scalar *p = side->targets + row * side->prototypes;
    side->teacher_entropy += weight * side->entropies[row];
    for (size_t k = 0; k < side->prototypes; k++) {
        side->means[k] += weight * (double)p[k];
    }
}

static void clear(mi_ibot_side *side)
{
    memset(side->means, 0, side->prototypes * sizeof *side->means);
    side->teacher_entropy = 0;
    side->divergence = NAN;
}

static void measure_classes(const mi_ibot *ibot, mi_ibot_side *side)
{
    size_t rows = ibot->siamese.batch * MI_GLOBALS;
    clear(side);
    for (size_t r = 0; r < rows; r++) {
        measure(r, 1 / (double)rows, side);
    }
    side->mean_entropy = mi_entropy_of(side->prototypes, side->means);
}

/* Global views of which tokens are masked. */
static size_t masked_views(const mi_ibot *ibot)
{
    size_t views = 0;
    for (size_t v = 0; v < ibot->siamese.batch * MI_GLOBALS; v++) {
        views += ibot->row_counts[v] > 0;
    }
    return views;
}

/* Each masked view counts the same, as in the loss. */
static void measure_patches(const mi_ibot *ibot, mi_ibot_side *side)
{
    size_t views = masked_views(ibot), row = 0;
    clear(side);
    for (size_t v = 0; v < ibot->siamese.batch * MI_GLOBALS; v++) {
        for (size_t i = 0; i < ibot->row_counts[v]; i++, row++) {
            measure(row, 1 / ((double)ibot->row_counts[v] * (double)views), side);
        }
    }
    side->mean_entropy = views > 0 ? mi_entropy_of(side->prototypes, side->means) : NAN;
    side->teacher_entropy = views > 0 ? side->teacher_entropy : NAN;
}

mi_code mi_ibot_settle(void *state, const mi_examples *batch, size_t t, const mi_run *run,
                       mi_status *status)
{
    mi_ibot *ibot = state;
    size_t rows = batch->count * MI_GLOBALS;
    ibot->step = t;
    mi_column_means(rows, ibot->class.prototypes, ibot->class.targets, ibot->class.means);
    ibot->class.center_noise =
        ibot->centering == MI_CENTER ? noise_of(&ibot->class, batch->count) : NAN;
    mi_code code = make_targets(ibot, t, rows, &ibot->class, run, status);
    if (code == MI_OK && ibot->patches) {
        size_t patches = ibot->first_rows[rows - 1] + ibot->row_counts[rows - 1];
        mi_column_means(patches, ibot->patch.prototypes, ibot->patch.targets, ibot->patch.means);
        code = make_targets(ibot, t, patches, &ibot->patch, run, status);
    }
    if (code == MI_OK) {
        measure_classes(ibot, &ibot->class);
        mi_siamese_measure(&ibot->siamese, batch->count, t, &ibot->deviation,
                           &ibot->effective_rank);
    }
    if (code == MI_OK && ibot->patches) {
        measure_patches(ibot, &ibot->patch);
    }
    return code;
}

static void keep_center(const mi_ibot *ibot, mi_ibot_side *side)
{
    if (ibot->centering == MI_CENTER) {
        memcpy(side->center, side->next_center, side->prototypes * sizeof *side->center);
    }
}

mi_code mi_ibot_after_step(void *state, size_t t, const mi_scalar *values, const double *sums,
                           const mi_run *run, mi_status *status)
{
    mi_ibot *ibot = state;
    keep_center(ibot, &ibot->class);
    ibot->class.divergence = sums[MI_SUM_CLASS] - ibot->class.teacher_entropy;
    ibot->koleo = ibot->koleo_weight > 0 ? sums[MI_SUM_KOLEO] : NAN;
    if (ibot->patches) {
        double views = (double)masked_views(ibot), all = (double)ibot->siamese.batch * MI_GLOBALS;
        keep_center(ibot, &ibot->patch);
        ibot->patch.divergence =
            views > 0 ? sums[MI_SUM_PATCH] * all / views - ibot->patch.teacher_entropy : NAN;
    }
    return mi_siamese_follow(&ibot->siamese, t, values, run, status);
}

void mi_ibot_read_monitors(const void *state, double *values)
{
    const mi_ibot *ibot = state;
    const mi_ibot_side *class = &ibot->class, *patch = &ibot->patch;
    const double all[] = {
        class->teacher_entropy, class->mean_entropy,  class->mean_entropy - class->teacher_entropy,
        class->divergence,      class->center_norm,   class->center_distance,
        class->center_noise,    ibot->effective_rank, ibot->deviation,
        patch->teacher_entropy, patch->mean_entropy,  patch->mean_entropy - patch->teacher_entropy,
        patch->divergence,      patch->center_norm,   ibot->koleo};
    size_t count = ibot->patches ? sizeof all / sizeof *all : 9;
    memcpy(values, all, count * sizeof *all);
}
