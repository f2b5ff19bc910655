#include "maskinfo/random.h"

#include <Random123/philox.h>
#include <string.h>

/* Counter layout: word 0 counts blocks of four outputs, word 1 is the index; the key is (seed,
 * purpose). Two streams share no (key, counter) pair unless seed, purpose and index all agree. */
typedef struct philox_state {
    philox4x64_ctr_t counter;
    philox4x64_key_t key;
    philox4x64_ctr_t block;
    unsigned used; /* outputs of `block` handed out; 4: a new block is due */
} philox_state;

static void philox_set(void *state, unsigned long seed)
{
    philox_state *s = state;
    memset(s, 0, sizeof *s);
    s->key.v[0] = seed;
    s->used = 4;
}

static unsigned long philox_get(void *state)
{
    philox_state *s = state;
    if (s->used == 4) {
        s->block = philox4x64(s->counter, s->key);
        s->counter.v[0]++;
        s->used = 0;
    }
    return s->block.v[s->used++];
}

static double philox_get_double(void *state)
{
    return (double)(philox_get(state) >> 11) * 0x1p-53;
}

static const gsl_rng_type philox_type = {
    .name = "philox4x64-10",
    .max = ~0UL,
    .min = 0,
    .size = sizeof(philox_state),
    .set = philox_set,
    .get = philox_get,
    .get_double = philox_get_double,
};

mi_code mi_stream_create(uint64_t seed, mi_purpose purpose, uint64_t index, gsl_rng **ret_stream,
                         mi_status *status)
{
    *ret_stream = gsl_rng_alloc(&philox_type);
    if (*ret_stream == NULL) {
        return mi_fail(status, MI_MEMORY, "can not allocate a random stream");
    }
    mi_stream_set(*ret_stream, seed, purpose, index);
    return MI_OK;
}

/* A gsl_rng and its state in one piece. */
typedef struct placed_stream {
    gsl_rng stream;
    philox_state state;
} placed_stream;

_Static_assert(sizeof(placed_stream) <= sizeof(mi_stream_room), "a stream fits its room");

gsl_rng *mi_stream_place(mi_stream_room *room, uint64_t seed, mi_purpose purpose, uint64_t index)
{
    /* cppcheck-suppress ctuuninitvar ; the room is written to, not read */
    placed_stream *placed = (void *)room->bytes;
    placed->stream = (gsl_rng){.type = &philox_type, .state = &placed->state};
    mi_stream_set(&placed->stream, seed, purpose, index);
    return &placed->stream;
}

void mi_stream_set(gsl_rng *stream, uint64_t seed, mi_purpose purpose, uint64_t index)
{
    philox_state *s = stream->state;
    memset(s, 0, sizeof *s);
    s->key.v[0] = seed;
    s->key.v[1] = (uint64_t)purpose;
    s->counter.v[1] = index;
    s->used = 4;
}

void mi_random_order(gsl_rng *stream, size_t *order, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t j = gsl_rng_uniform_int(stream, (unsigned long)i + 1);
        order[i] = order[j];
        order[j] = i;
    }
}
