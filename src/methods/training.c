/* The parameters of training, and masks of drawn ratios. */
#include <math.h>

#include "maskinfo/train.h"

/* Defaults for runs of minutes: AdamW and decay as MAE has them (He et al. 2021, table 8), a rate
 * that small networks bear, as there is no batch of thousands to average over. The rate ends at 0,
 * which does for the last weights what averaging does, so none is the default. */
const mi_parameter mi_training_parameters[] = {
    {.name = "steps",
     .type = MI_INTEGER,
     .low = 1,
     .high = 1e8,
     .flags = MI_EFFORT,
     .fallback = "2000",
     .unit = "steps",
     .help = "Steps of the optimiser"},
    {.name = "batch",
     .type = MI_INTEGER,
     .low = 1,
     .high = 65536,
     .fallback = "64",
     .unit = "examples",
     .help = "Examples of a step"},
    {.name = "shards",
     .type = MI_INTEGER,
     .low = 1,
     .high = 256,
     .fallback = "4",
     .unit = "",
     .help = "Parts of a batch whose gradients are computed at once and added in order: at most "
             "that many threads are used, and results depend on it, not on the threads"},
    {.name = "rate",
     .type = MI_REAL,
     .low = 0,
     .high = 10,
     .flags = MI_LOW_OPEN,
     .fallback = "0.001",
     .unit = "",
     .help = "Learning rate at the end of the warm-up, the largest"},
    {.name = "final_rate",
     .type = MI_REAL,
     .low = 0,
     .high = 10,
     .fallback = "0",
     .unit = "",
     .help = "Learning rate of the last step, reached along half a cosine"},
    {.name = "warmup",
     .type = MI_REAL,
     .low = 0,
     .high = 1,
     .fallback = "0.05",
     .unit = "",
     .help = "Share of the steps in which the rate rises from 0"},
    {.name = "decay",
     .type = MI_REAL,
     .low = 0,
     .high = 100,
     .fallback = "0.05",
     .unit = "",
     .help = "Weight decay of the matrices: a step multiplies them by 1 - rate * decay"},
    {.name = "beta1",
     .type = MI_REAL,
     .low = 0,
     .high = 1,
     .flags = MI_HIGH_OPEN,
     .fallback = "0.9",
     .unit = "",
     .help = "Momentum of AdamW's first moment"},
    {.name = "beta2",
     .type = MI_REAL,
     .low = 0,
     .high = 1,
     .flags = MI_HIGH_OPEN,
     .fallback = "0.95",
     .unit = "",
     .help = "Momentum of AdamW's second moment"},
    {.name = "epsilon",
     .type = MI_REAL,
     .low = 1e-30,
     .high = 1,
     .fallback = "1e-8",
     .unit = "",
     .help = "Added to the root of AdamW's second moment"},
    {.name = "clip",
     .type = MI_REAL,
     .low = 0,
     .high = 1e9,
     .fallback = "1",
     .unit = "",
     .help = "Largest norm of the gradient, which is scaled down to it; 0: none"},
    {.name = "momentum",
     .type = MI_REAL,
     .low = 0,
     .high = 1,
     .flags = MI_HIGH_OPEN,
     .fallback = "0",
     .unit = "",
     .help = "Momentum of the averaged weights that are evaluated; 0: the last weights are"},
    {.name = "checkpoint_every",
     .type = MI_INTEGER,
     .low = 0,
     .high = 1e8,
     .fallback = "500",
     .unit = "steps",
     .help =
         "Steps between two checkpoints, from which an interrupted run goes on; 0: only where it "
         "is interrupted and at the end"},
    {.name = "memory",
     .type = MI_REAL,
     .low = 0,
     .high = 1e6,
     .flags = MI_LOW_OPEN,
     .fallback = "8",
     .unit = "GiB",
     .help = "More than that is refused before anything is computed"},
    {.name = NULL},
};

mi_training mi_training_of(const mi_values *values)
{
    size_t steps = mi_count(values, "steps");
    return (mi_training){
        .steps = steps,
        .batch = mi_count(values, "batch"),
        .shards = mi_count(values, "shards"),
        .schedule = {.peak = mi_real(values, "rate"),
                     .final = mi_real(values, "final_rate"),
                     .warmup = (size_t)round(mi_real(values, "warmup") * (double)steps),
                     .steps = steps},
        .adamw = {.beta1 = mi_real(values, "beta1"),
                  .beta2 = mi_real(values, "beta2"),
                  .epsilon = mi_real(values, "epsilon"),
                  .decay = mi_real(values, "decay")},
        .clip = mi_real(values, "clip"),
        .momentum = mi_real(values, "momentum"),
        .checkpoint_every = mi_count(values, "checkpoint_every"),
        .memory = (size_t)(mi_real(values, "memory") * 0x1p30),
    };
}

/* One of the strategy's ratios in the range; its lower end where there is none. */
static double draw_possible(mi_ratio ratio, const mi_masking *masking, mi_layout layout,
                            gsl_rng *stream)
{
    double possible[MI_MASK_RATIOS];
    size_t count = masking->class->ratios(masking->values, layout, possible), inside = 0;
    for (size_t i = 0; i < count; i++) {
        if (possible[i] >= ratio.low && possible[i] <= ratio.high) {
            possible[inside++] = possible[i];
        }
    }
    return inside > 0 ? possible[gsl_rng_uniform_int(stream, inside)] : ratio.low;
}

void mi_ratio_mask(mi_ratio ratio, const mi_masking *masking, mi_layout layout, gsl_rng *stream,
                   unsigned char *masked)
{
    double share = ratio.low;
    if (ratio.low < ratio.high && masking->class->ratios != NULL) {
        share = draw_possible(ratio, masking, layout, stream);
    } else if (ratio.low < ratio.high) {
        share = ratio.low + (ratio.high - ratio.low) * gsl_rng_uniform(stream);
    }
    masking->class->draw(masking->values, layout, share, stream, masked);
}
