/* A block of scratch memory that is sized once and handed out piece by piece: nothing is allocated
 * while a network trains. A dry arena has no memory and only counts, so that the code which carves
 * a piece is the code that sizes it:
 *
 *     mi_arena dry = {0};
 *     lay_out(config, &dry);                                // counts
 *     mi_arena arena;
 *     mi_arena_create(dry.used, &arena, &status);           // allocates
 *     lay_out(config, &arena);                              // carves the same pieces
 *     mi_arena_destroy(&arena);
 */
#ifndef MASKINFO_ARENA_H
#define MASKINFO_ARENA_H

#include "maskinfo/scalar.h"
#include "maskinfo/status.h"

typedef struct mi_arena {
    unsigned char *block; /* NULL: dry */
    size_t size, used;    /* in bytes; used of a dry arena grows without limit and stays at
                             SIZE_MAX once it has overflowed */
} mi_arena;

/* `size` bytes aligned to 64. Release with mi_arena_destroy. */
mi_code mi_arena_create(size_t size, mi_arena *ret_arena, mi_status *status);
void mi_arena_destroy(mi_arena *arena); /* accepts a dry one */

/* The next count * size bytes, aligned to 64, not cleared; NULL from a dry arena. A piece beyond
 * the end is a fault of the program (assert). */
void *mi_arena_take(mi_arena *arena, size_t count, size_t size);
static inline mi_scalar *mi_arena_scalars(mi_arena *arena, size_t count)
{
    return mi_arena_take(arena, count, sizeof(mi_scalar));
}

/* Give back everything taken since `used` was read from arena->used. */
static inline void mi_arena_reset(mi_arena *arena, size_t used)
{
    arena->used = used;
}

#endif
