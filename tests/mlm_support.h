/* Batches of symbols. */
#ifndef MASKINFO_TESTS_MLM_SUPPORT_H
#define MASKINFO_TESTS_MLM_SUPPORT_H

#include "method_support.h"

static inline mi_source_shape symbols_of(size_t rows, size_t columns, size_t vocabulary)
{
    return (mi_source_shape){.discrete = true,
                             .rows = rows,
                             .columns = columns,
                             .channels = 1,
                             .site = 1,
                             .vocabulary = vocabulary,
                             .deviation = 1};
}

/* Uniform symbols, each masked with probability `ratio`. symbols_free(). */
static inline mi_examples symbols_draw(size_t count, mi_source_shape shape, double ratio,
                                       uint64_t seed)
{
    size_t sites = shape.rows * shape.columns;
    mi_examples batch = {.count = count, .seed = seed, .first = 5};
    batch.symbols = malloc(count * sites * sizeof *batch.symbols);
    batch.masked = malloc(count * sites);
    mi_stream_room room;
    gsl_rng *stream = mi_stream_place(&room, seed, MI_PURPOSE_TEST, 0);
    for (size_t i = 0; i < count * sites; i++) {
        batch.symbols[i] = (unsigned)gsl_rng_uniform_int(stream, shape.vocabulary);
        batch.masked[i] = gsl_rng_uniform(stream) < ratio;
        batch.masked_total += batch.masked[i];
    }
    return batch;
}

static inline void symbols_free(mi_examples *batch)
{
    free(batch->symbols);
    free(batch->masked);
}

#endif
