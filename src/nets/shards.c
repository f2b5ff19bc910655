#include "maskinfo/shards.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "maskinfo/memory.h"
#include "quiet.h"

/* The first shard's gradient is made where the sum goes, so that there is one block less. */
struct mi_shards {
    size_t count, total;
    int threads;
    mi_arena *arenas; /* (threads) */
    mi_arena block;
    mi_scalar *gradients; /* (count - 1, total) of the shards behind the first, in the block */
    double *sums;         /* (count, MI_SHARD_SUMS), in the block */
};

static void lay_out(mi_shards *shards, mi_arena *arena)
{
    shards->sums = mi_arena_take(arena, shards->count, MI_SHARD_SUMS * sizeof(double));
    shards->gradients = mi_arena_take(arena, shards->count - 1, shards->total * sizeof(mi_scalar));
}

static mi_code allocate_all(mi_shards *shards, size_t scratch, mi_status *status)
{
    mi_arena dry = {0};
    lay_out(shards, &dry);
    mi_code code = mi_arena_create(dry.used, &shards->block, status);
    if (code != MI_OK) {
        return code;
    }
    lay_out(shards, &shards->block);
    code = mi_allocate((size_t)shards->threads, sizeof *shards->arenas, &shards->arenas, status);
    for (int t = 0; t < shards->threads && code == MI_OK; t++) {
        code = mi_arena_create(scratch, &shards->arenas[t], status);
    }
    return code;
}

/* No more arenas than shards that could run at once. */
static int arena_count(size_t shards, int threads)
{
    return (size_t)threads < shards ? threads : (int)shards;
}

size_t mi_shards_bytes(size_t shards, int threads, size_t total, size_t scratch)
{
    mi_shards made = {.count = shards > 0 ? shards : 1, .total = total};
    mi_arena dry = {0};
    if (total > SIZE_MAX / sizeof(mi_scalar)) {
        return SIZE_MAX;
    }
    lay_out(&made, &dry);
    mi_arena_take(&dry, (size_t)arena_count(made.count, threads), scratch);
    return dry.used;
}

mi_code mi_shards_create(size_t shards, int threads, size_t total, size_t scratch,
                         mi_shards **ret_shards, mi_status *status)
{
    mi_shards *made = NULL;
    mi_code code = mi_allocate(1, sizeof *made, &made, status);
    if (code != MI_OK) {
        return code;
    }
    made->count = shards > 0 ? shards : 1;
    made->total = total;
    made->threads = arena_count(made->count, threads);
    code =
        total > SIZE_MAX / sizeof(mi_scalar)
            ? mi_fail(status, MI_INPUT, "a gradient of %zu numbers does not fit in memory", total)
            : allocate_all(made, scratch, status);
    if (code != MI_OK) {
        mi_shards_destroy(made);
        return code;
    }
    *ret_shards = made;
    return MI_OK;
}

void mi_shards_destroy(mi_shards *shards)
{
    if (shards == NULL) {
        return;
    }
    for (int t = 0; t < shards->threads && shards->arenas != NULL; t++) {
        mi_arena_destroy(&shards->arenas[t]);
    }
    free(shards->arenas);
    mi_arena_destroy(&shards->block);
    free(shards);
}

size_t mi_shards_largest(size_t shards, size_t batch)
{
    return shards > 0 ? (batch + shards - 1) / shards : batch;
}

typedef struct shard_job {
    mi_shards *shards;
    size_t batch, used; /* samples; shards that have some */
    mi_shard_work work;
    void *context;
    mi_scalar *opt_gradient;
} shard_job;

/* batch = quotient * shards + rest: the first `rest` shards hold one sample more, so that empty
 * ones stand at the end. */
static size_t shard_first(size_t shards, size_t batch, size_t index)
{
    size_t quotient = batch / shards, rest = batch % shards;
    return index * quotient + (index < rest ? index : rest);
}

static mi_scalar *shard_gradient(const shard_job *job, size_t index)
{
    if (job->opt_gradient == NULL || index == 0) {
        return job->opt_gradient;
    }
    return job->shards->gradients + (index - 1) * job->shards->total;
}

static mi_code run_shard(size_t index, size_t thread, void *context, mi_status *status)
{
    const shard_job *job = context;
    mi_shards *shards = job->shards;
    size_t first = shard_first(shards->count, job->batch, index);
    mi_shard shard = {
        .index = index,
        .first = first,
        .count = shard_first(shards->count, job->batch, index + 1) - first,
        .arena = &shards->arenas[thread],
        .opt_gradient = shard_gradient(job, index),
        .sums = shards->sums + index * MI_SHARD_SUMS,
    };
    mi_arena_reset(shard.arena, 0);
    memset(shard.sums, 0, MI_SHARD_SUMS * sizeof *shard.sums);
    if (shard.opt_gradient != NULL) {
        memset(shard.opt_gradient, 0, shards->total * sizeof *shard.opt_gradient);
    }
    return job->work(&shard, job->context, status);
}

/* Numbers of a gradient that one unit of the sum adds up: they stay in the first cache. */
enum { CHUNK = 4096 };

static mi_code add_chunk(size_t index, size_t thread, void *context, mi_status *status)
{
    (void)thread;
    (void)status;
    const shard_job *job = context;
    size_t first = index * CHUNK, total = job->shards->total;
    size_t count = total - first < CHUNK ? total - first : CHUNK;
    mi_scalar *restrict sum = job->opt_gradient + first;
    for (size_t s = 1; s < job->used; s++) {
        const mi_scalar *restrict part = shard_gradient(job, s) + first;
        for (size_t i = 0; i < count; i++) {
            sum[i] += part[i];
        }
    }
    return MI_OK;
}

static mi_code add_gradients(shard_job *job, const mi_run *run, mi_status *status)
{
    size_t total = job->shards->total;
    if (job->used == 0) {
        memset(job->opt_gradient, 0, total * sizeof *job->opt_gradient);
        return MI_OK;
    }
    return mi_parallel_for(run, "sum of gradients", (total + CHUNK - 1) / CHUNK, add_chunk, job,
                           status);
}

mi_code mi_shards_run(mi_shards *shards, const mi_run *run, size_t batch, mi_shard_work work,
                      void *context, mi_scalar *opt_gradient, double *sums, mi_status *status)
{
    shard_job job = {.shards = shards,
                     .batch = batch,
                     .used = batch < shards->count ? batch : shards->count,
                     .work = work,
                     .context = context,
                     .opt_gradient = opt_gradient};
    mi_run quiet = mi_quiet_run(run, true);
    quiet.threads = run->threads < shards->threads ? run->threads : shards->threads;
    mi_code code = mi_parallel_for(&quiet, "training", job.used, run_shard, &job, status);
    if (code != MI_OK) {
        return code;
    }
    memset(sums, 0, MI_SHARD_SUMS * sizeof *sums);
    for (size_t s = 0; s < job.used; s++) {
        for (size_t k = 0; k < MI_SHARD_SUMS; k++) {
            sums[k] += shards->sums[s * MI_SHARD_SUMS + k];
        }
    }
    return opt_gradient != NULL ? add_gradients(&job, &quiet, status) : MI_OK;
}
