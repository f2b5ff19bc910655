/* The gradient of a batch over threads: the batch is cut into a fixed number of shards, each with a
 * gradient of its own, and these are added in the order of the shards. So the same bytes come out
 * at any thread count. */
#ifndef MASKINFO_SHARDS_H
#define MASKINFO_SHARDS_H

#include "maskinfo/arena.h"
#include "maskinfo/run.h"

enum { MI_SHARD_SUMS = 16 };

/* The samples first .. first+count-1 of the batch; scratch memory of the thread (reset before each
 * shard); where the shard's gradient goes (cleared before; NULL where none is wanted) and sums. */
typedef struct mi_shard {
    size_t index, first, count;
    mi_arena *arena;
    mi_scalar *opt_gradient;
    double *sums; /* (MI_SHARD_SUMS), cleared before */
} mi_shard;

typedef mi_code (*mi_shard_work)(const mi_shard *shard, void *context, mi_status *status);

typedef struct mi_shards mi_shards;

/* `total` numbers of a gradient (0: never wanted), one arena of `scratch` bytes for each of at most
 * `shards` threads; 0 shards are taken for 1. MI_INPUT: the sizes do not fit in size_t. */
mi_code mi_shards_create(size_t shards, int threads, size_t total, size_t scratch,
                         mi_shards **ret_shards, mi_status *status);
void mi_shards_destroy(mi_shards *shards); /* accepts NULL */

/* Bytes that they take; SIZE_MAX where these do not fit in size_t. */
size_t mi_shards_bytes(size_t shards, int threads, size_t total, size_t scratch);

/* Samples of the largest shard of a batch. */
size_t mi_shards_largest(size_t shards, size_t batch);

/* Run work on all shards of a batch of `batch` samples. opt_gradient (total) becomes the sum over
 * the shards, sums (MI_SHARD_SUMS) likewise. Empty shards are left out. */
mi_code mi_shards_run(mi_shards *shards, const mi_run *run, size_t batch, mi_shard_work work,
                      void *context, mi_scalar *opt_gradient, double *sums, mi_status *status);

#endif
