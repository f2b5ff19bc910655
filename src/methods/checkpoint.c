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

/* The blocks of a checkpoint and their names' prefixes. */
enum { BLOCKS = 4 };

typedef struct checkpoint_block {
    const char *prefix;
    mi_scalar *opt_values;
} checkpoint_block;

static void list_blocks(const mi_trainer *trainer, checkpoint_block blocks[BLOCKS])
{
    blocks[0] = (checkpoint_block){"", trainer->values};
    blocks[1] = (checkpoint_block){"adamw.first.", trainer->first};
    blocks[2] = (checkpoint_block){"adamw.second.", trainer->second};
    blocks[3] = (checkpoint_block){"average.", trainer->opt_average};
}

/* The items of all blocks in one array; their names belong to parts, one block each (free()). */
static mi_code list_items(const mi_trainer *trainer, mi_safetensor **ret_items, size_t *ret_count,
                          mi_safetensor *parts[BLOCKS], mi_status *status)
{
    checkpoint_block blocks[BLOCKS];
    const mi_tensors *tensors = trainer->parts->tensors;
    mi_code code = mi_allocate(BLOCKS * tensors->count, sizeof **ret_items, ret_items, status);
    list_blocks(trainer, blocks);
    for (int b = 0; b < BLOCKS && code == MI_OK; b++) {
        if (blocks[b].opt_values == NULL) {
            continue;
        }
        code = mi_tensors_items(tensors, blocks[b].prefix, blocks[b].opt_values, &parts[b], status);
        if (code == MI_OK) {
            memcpy(*ret_items + *ret_count, parts[b], tensors->count * sizeof **ret_items);
            *ret_count += tensors->count;
        }
    }
    return code;
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
    mi_code code = list_items(trainer, &items, &count, parts, status);
    if (code == MI_OK) {
        code = mi_safetensors_write(path, items, count, metadata, PAIRS, status);
    }
    for (int b = 0; b < BLOCKS; b++) {
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
    checkpoint_block blocks[BLOCKS];
    const mi_tensors *tensors = trainer->parts->tensors;
    mi_code code = MI_OK;
    list_blocks(trainer, blocks);
    for (int b = 0; b < BLOCKS && code == MI_OK; b++) {
        if (blocks[b].opt_values != NULL) {
            code = mi_tensors_check(tensors, file, blocks[b].prefix, status);
        }
    }
    for (int b = 0; b < BLOCKS && code == MI_OK; b++) {
        if (blocks[b].opt_values != NULL) {
            code = mi_tensors_load(tensors, file, blocks[b].prefix, blocks[b].opt_values, status);
        }
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
        mi_run quiet = mi_trainer_run(trainer, run);
        trainer->step = step;
        code = mi_tensors_transpose(trainer->parts->tensors, trainer->values, trainer->transposed,
                                    &quiet, status);
    }
    mi_safetensors_destroy(file);
    return code;
}
