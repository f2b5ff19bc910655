/* Checkpoints: streams are keyed by the step, so that weights, moments and the step are all that a
 * run goes on from. */
#include <errno.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "maskinfo/memory.h"
#include "maskinfo/safetensors.h"
#include "trainer.h"

/* The blocks of a checkpoint: names' prefix, table, numbers. */
enum { BLOCKS = 5 + MI_KEPT_ARRAYS };

typedef struct checkpoint_block {
    const char *prefix;
    const mi_tensors *tensors;
    mi_scalar *values;
} checkpoint_block;

typedef struct checkpoint_blocks {
    size_t count;
    checkpoint_block items[BLOCKS];
    mi_tensors tables[MI_KEPT_ARRAYS]; /* of one tensor each */
    mi_tensor tensors[MI_KEPT_ARRAYS];
} checkpoint_blocks;

static void list_block(checkpoint_blocks *blocks, const char *prefix, const mi_tensors *tensors,
                       mi_scalar *opt_values)
{
    if (opt_values != NULL) {
        blocks->items[blocks->count++] = (checkpoint_block){prefix, tensors, opt_values};
    }
}

/* Other arrays that the method keeps. */
static void list_kept(const mi_method *method, checkpoint_blocks *blocks)
{
    mi_kept kept[MI_KEPT_ARRAYS];
    size_t count = method->class->kept != NULL ? method->class->kept(method->state, kept) : 0;
    for (size_t k = 0; k < count; k++) {
        mi_tensor *tensor = &blocks->tensors[k];
        *tensor = (mi_tensor){.rank = 1, .shape = {kept[k].count}, .count = kept[k].count};
        snprintf(tensor->name, sizeof tensor->name, "%s", kept[k].name);
        blocks->tables[k] = (mi_tensors){.count = 1, .items = tensor, .total = kept[k].count};
        list_block(blocks, "state.", &blocks->tables[k], kept[k].values);
    }
}

/* The blocks point into *blocks. */
static void list_blocks(const mi_trainer *trainer, checkpoint_blocks *blocks)
{
    const mi_tensors *tensors = trainer->parts->tensors;
    const mi_method *method = &trainer->setting.method;
    blocks->count = 0;
    list_block(blocks, "", tensors, trainer->values);
    list_block(blocks, "adamw.first.", tensors, trainer->first);
    list_block(blocks, "adamw.second.", tensors, trainer->second);
    list_block(blocks, "average.", tensors, trainer->opt_average);
    if (method->class->teacher != NULL) {
        list_block(blocks, "teacher.", tensors, method->class->teacher(method->state));
    }
    list_kept(method, blocks);
}

/* The items of all blocks in one array; their names belong to parts, one block each (free()). */
static mi_code list_items(const checkpoint_blocks *blocks, mi_safetensor **ret_items,
                          size_t *ret_count, mi_safetensor *parts[BLOCKS], mi_status *status)
{
    size_t total = 0;
    for (size_t b = 0; b < blocks->count; b++) {
        total += blocks->items[b].tensors->count;
    }
    mi_code code = mi_allocate(total, sizeof **ret_items, ret_items, status);
    for (size_t b = 0; b < blocks->count && code == MI_OK; b++) {
        const checkpoint_block *block = &blocks->items[b];
        code = mi_tensors_items(block->tensors, block->prefix, block->values, &parts[b], status);
        if (code == MI_OK) {
            memcpy(*ret_items + *ret_count, parts[b], block->tensors->count * sizeof **ret_items);
            *ret_count += block->tensors->count;
        }
    }
    return code;
}

mi_code mi_trainer_check(const mi_trainer *trainer, mi_status *status)
{
    checkpoint_blocks blocks;
    list_blocks(trainer, &blocks);
    for (size_t b = 0; b < blocks.count; b++) {
        const checkpoint_block *block = &blocks.items[b];
        const char *bad = mi_first_bad_tensor(block->tensors, block->values);
        if (bad != NULL) {
            return mi_fail(status, MI_NUMERIC, "step %zu: \"%s%s\" is not finite", trainer->step,
                           block->prefix, bad);
        }
    }
    return MI_OK;
}

mi_code mi_trainer_save(const mi_trainer *trainer, const mi_run *run, const char *path,
                        mi_status *status)
{
    enum { PAIRS = 4, DIGITS = 24 };
    char step[DIGITS], seed[DIGITS];
    snprintf(step, sizeof step, "%zu", trainer->step);
    snprintf(seed, sizeof seed, "%" PRIu64, run->seed);
    const char *metadata[2 * PAIRS] = {
        "maskinfo", MI_VERSION, "identity", trainer->setting.identity, "step", step, "seed", seed};
    mi_safetensor *items = NULL, *parts[BLOCKS] = {NULL};
    size_t count = 0;
    checkpoint_blocks blocks;
    list_blocks(trainer, &blocks);
    mi_code code = list_items(&blocks, &items, &count, parts, status);
    if (code == MI_OK) {
        code = mi_safetensors_write(path, items, count, metadata, PAIRS, status);
    }
    for (size_t b = 0; b < blocks.count; b++) {
        free(parts[b]);
    }
    free(items);
    return code;
}

/* A whole number in the metadata. */
static mi_code read_number(const mi_safetensors *file, const char *key, uint64_t *ret_number,
                           mi_status *status)
{
    const char *text = mi_safetensors_metadata(file, key);
    char *end = NULL;
    errno = 0;
    unsigned long long number = text != NULL ? strtoull(text, &end, 10) : 0;
    if (text == NULL || text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0) {
        return mi_fail(status, MI_INPUT, "%s: is no checkpoint: \"%s\" of its metadata is %s",
                       file->file, key, text == NULL ? "missing" : "not a whole number");
    }
    *ret_number = number;
    return MI_OK;
}

/* Is the file a checkpoint of this run? */
static mi_code check_origin(const mi_trainer *trainer, const mi_run *run,
                            const mi_safetensors *file, size_t *ret_step, mi_status *status)
{
    uint64_t step = 0, seed = 0;
    const char *identity = mi_safetensors_metadata(file, "identity");
    mi_code code = read_number(file, "step", &step, status);
    if (code == MI_OK) {
        code = read_number(file, "seed", &seed, status);
    }
    if (code != MI_OK) {
        return code;
    }
    if (identity == NULL || strcmp(identity, trainer->setting.identity) != 0) {
        return mi_fail(status, MI_INPUT, "%s: is a checkpoint of another configuration",
                       file->file);
    }
    if (seed != run->seed) {
        return mi_fail(status, MI_INPUT,
                       "%s: is a checkpoint of the seed %" PRIu64 "; this run's is %" PRIu64,
                       file->file, seed, run->seed);
    }
    if (step > trainer->setting.training.steps) {
        return mi_fail(status, MI_INPUT, "%s: is a checkpoint of step %" PRIu64 " of %zu",
                       file->file, step, trainer->setting.training.steps);
    }
    *ret_step = (size_t)step;
    return MI_OK;
}

/* All blocks are checked before the first is copied. */
static mi_code load_blocks(mi_trainer *trainer, const mi_safetensors *file, mi_status *status)
{
    checkpoint_blocks blocks;
    mi_code code = MI_OK;
    list_blocks(trainer, &blocks);
    for (size_t b = 0; b < blocks.count && code == MI_OK; b++) {
        const checkpoint_block *block = &blocks.items[b];
        code = mi_tensors_check(block->tensors, file, block->prefix, status);
    }
    for (size_t b = 0; b < blocks.count && code == MI_OK; b++) {
        const checkpoint_block *block = &blocks.items[b];
        code = mi_tensors_load(block->tensors, file, block->prefix, block->values, status);
    }
    return code;
}

/* What follows from the blocks. */
static mi_code renew(mi_trainer *trainer, const mi_run *run, mi_status *status)
{
    const mi_method *method = &trainer->setting.method;
    mi_run quiet = mi_trainer_run(trainer, run);
    mi_code code = mi_tensors_transpose(trainer->parts->tensors, trainer->values,
                                        trainer->transposed, &quiet, status);
    if (code == MI_OK && method->class->refresh != NULL) {
        code = method->class->refresh(method->state, &quiet, status);
    }
    return code;
}

mi_code mi_trainer_load(mi_trainer *trainer, const mi_run *run, const char *path, mi_status *status)
{
    mi_safetensors *file = NULL;
    size_t step = 0;
    mi_code code = mi_safetensors_read(path, &file, status);
    if (code == MI_OK) {
        code = check_origin(trainer, run, file, &step, status);
    }
    if (code == MI_OK) {
        code = load_blocks(trainer, file, status);
    }
    if (code == MI_OK) {
        trainer->step = step;
        code = renew(trainer, run, status);
    }
    mi_safetensors_destroy(file);
    return code;
}
