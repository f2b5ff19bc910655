#include "maskinfo/arena.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "maskinfo/memory.h"

/* A cache line, and the widest vector. */
enum { ALIGNMENT = 64 };

/* The block begins at the first aligned address behind a pointer to what has to be freed. */
mi_code mi_arena_create(size_t size, mi_arena *ret_arena, mi_status *status)
{
    *ret_arena = (mi_arena){0};
    if (size > SIZE_MAX - 2 * ALIGNMENT) {
        return mi_fail(status, MI_INPUT, "a block of %zu bytes does not fit in memory", size);
    }
    unsigned char *raw = NULL;
    mi_code code = mi_allocate(size + 2 * ALIGNMENT, 1, &raw, status);
    if (code != MI_OK) {
        return code;
    }
    unsigned char *block = raw + 2 * ALIGNMENT - (uintptr_t)raw % ALIGNMENT;
    memcpy(block - sizeof raw, &raw, sizeof raw);
    *ret_arena = (mi_arena){.block = block, .size = size};
    return MI_OK;
}

void mi_arena_destroy(mi_arena *arena)
{
    if (arena->block != NULL) {
        unsigned char *raw = NULL;
        memcpy(&raw, arena->block - sizeof raw, sizeof raw);
        free(raw);
    }
    *arena = (mi_arena){0};
}

/* *end = the end of count * size bytes that begin at the next aligned place; false where that does
 * not fit in size_t. */
static bool piece_end(size_t used, size_t count, size_t size, size_t *start, size_t *end)
{
    size_t fill = (ALIGNMENT - used % ALIGNMENT) % ALIGNMENT;
    if ((size != 0 && count > SIZE_MAX / size) || used > SIZE_MAX - fill ||
        count * size > SIZE_MAX - fill - used) {
        return false;
    }
    *start = used + fill;
    *end = *start + count * size;
    return true;
}

void *mi_arena_take(mi_arena *arena, size_t count, size_t size)
{
    size_t start = 0, end = 0;
    bool fits = piece_end(arena->used, count, size, &start, &end);
    if (arena->block == NULL) {
        arena->used = fits ? end : SIZE_MAX;
        return NULL;
    }
    assert(fits && end <= arena->size);
    arena->used = end;
    return arena->block + start;
}
