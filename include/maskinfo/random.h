/* Keyed random streams. A counter-based generator (Philox4x64-10; Salmon, Moraes, Dror and Shaw
 * 2011, "Parallel random numbers: as easy as 1, 2, 3", doi:10.1145/2063384.2063405; implementation:
 * Random123) behind GSL's interface, so that every gsl_ran_* function works. A stream is named by
 * (seed, purpose, index): a unit of work owns its stream, so results do not depend on threads or
 * on the order of the work. */
#ifndef MASKINFO_RANDOM_H
#define MASKINFO_RANDOM_H

#include <gsl/gsl_rng.h>
#include <stdint.h>

#include "maskinfo/status.h"

/* What a stream is for. Values are part of the results' identity: never renumber. */
typedef enum mi_purpose {
    MI_PURPOSE_ORDER = 1,  /* random orders of the sites */
    MI_PURPOSE_SAMPLE = 2, /* draws from a model */
    MI_PURPOSE_MASK = 3,   /* masks */
    MI_PURPOSE_CROP_FIT = 4,
    MI_PURPOSE_CROP_HELD_OUT = 5,
    MI_PURPOSE_DITHER = 6,    /* uniform noise of one grey level on quantised pixels */
    MI_PURPOSE_BOOTSTRAP = 7, /* resampling of replicates */
    MI_PURPOSE_MODEL = 8,     /* random parameters of a model */
    MI_PURPOSE_GAP = 9,       /* start words of the words model's gap entropies */
    MI_PURPOSE_CHAIN = 10,    /* Gibbs sampling */
    MI_PURPOSE_PAIRS = 11,    /* sets of points for sample estimators */
    MI_PURPOSE_HALVES = 12,   /* division of data in halves */
    MI_PURPOSE_WEIGHTS = 13,  /* initial weights of networks */
    MI_PURPOSE_EXAMPLE = 14,  /* training examples; index: step * batch + place */
    MI_PURPOSE_EXAMPLE_MASK = 15,
    MI_PURPOSE_CORRUPTION = 16, /* what stands in place of a masked symbol */
    MI_PURPOSE_DEPTH = 17,      /* stochastic depth */
    MI_PURPOSE_EVALUATION = 18, /* held-out examples */
    MI_PURPOSE_EVALUATION_MASK = 19,
    MI_PURPOSE_PROBE = 20,       /* examples and orders of probes */
    MI_PURPOSE_VIEW = 21,        /* crops and other changes of views */
    MI_PURPOSE_SHUFFLE = 22,     /* orders of patches */
    MI_PURPOSE_STREAM = 23,      /* simulated outputs of a teacher */
    MI_PURPOSE_MASKED_VIEW = 24, /* which views are masked at all */
    MI_PURPOSE_TEST = 100
} mi_purpose;

/* A new stream in *ret_stream; release with gsl_rng_free(). */
mi_code mi_stream_create(uint64_t seed, mi_purpose purpose, uint64_t index, gsl_rng **ret_stream,
                         mi_status *status);

/* A stream in memory of the caller: nothing is allocated, nothing to release.
 *
 *     mi_stream_room room;
 *     gsl_rng *stream = mi_stream_place(&room, seed, MI_PURPOSE_DEPTH, index);
 */
typedef struct mi_stream_room {
    _Alignas(16) unsigned char bytes[128];
} mi_stream_room;
gsl_rng *mi_stream_place(mi_stream_room *room, uint64_t seed, mi_purpose purpose, uint64_t index);

/* Put an existing stream (of mi_stream_create or mi_stream_place) at the start of another key,
 * without allocating. */
void mi_stream_set(gsl_rng *stream, uint64_t seed, mi_purpose purpose, uint64_t index);

/* order[0..count-1] becomes a uniformly random permutation of 0..count-1 (Fisher-Yates). */
void mi_random_order(gsl_rng *stream, size_t *order, size_t count);

#endif
