#include "ngram_split.h"

#include <math.h>
#include <stdlib.h>

#include "maskinfo/memory.h"

/* Long enough for words and phrases of the held-out part to be whole, yet many over the text. */
enum { BLOCK_LONGEST = 20000, BLOCKS_WANTED = 200 };

static size_t block_length(size_t count, size_t window)
{
    size_t block = count / BLOCKS_WANTED;
    block = block > BLOCK_LONGEST ? BLOCK_LONGEST : block;
    return block < window ? window : block;
}

/* Blocks held out among the first `blocks`; the small term absorbs the rounding of the product. */
static size_t held_out_among(size_t blocks, double share)
{
    return (size_t)floor((double)blocks * share + 1e-9);
}

mi_code mi_split_init(mi_split *split, size_t count, double share, size_t window, mi_status *status)
{
    size_t block = block_length(count, window);
    *split = (mi_split){.count = count, .block = block};
    size_t held_out = held_out_among(count / block, share);
    if (share > 0 && held_out == 0) {
        return mi_fail_at(status, "held_out",
                          "is %g, but a text of %zu symbols has no such share in blocks of %zu; "
                          "give a longer text, a larger share or 0",
                          share, count, block);
    }
    mi_code code = mi_allocate(held_out, sizeof *split->starts, &split->starts, status);
    if (code != MI_OK) {
        return code;
    }
    for (size_t i = 0; split->blocks < held_out; i++) {
        if (held_out_among(i + 1, share) > split->blocks) {
            split->starts[split->blocks++] = i * block;
        }
    }
    return MI_OK;
}

void mi_split_free(mi_split *split)
{
    free(split->starts);
}

void mi_split_fitted(const mi_split *split, size_t run, size_t *ret_from, size_t *ret_to)
{
    *ret_from = run == 0 ? 0 : split->starts[run - 1] + split->block;
    *ret_to = run == split->blocks ? split->count : split->starts[run];
}

size_t mi_split_draw(const mi_split *split, size_t length, gsl_rng *draw)
{
    size_t block = gsl_rng_uniform_int(draw, split->blocks);
    return split->starts[block] + gsl_rng_uniform_int(draw, split->block - length + 1);
}

/* Places of a window in one run, whose start is in *ret_from. */
static size_t places_of_run(const mi_split *split, size_t run, size_t length, size_t *ret_from)
{
    size_t to = 0;
    mi_split_fitted(split, run, ret_from, &to);
    return to >= *ret_from + length ? to - *ret_from - length + 1 : 0;
}

size_t mi_split_places(const mi_split *split, size_t length)
{
    size_t places = 0, from = 0;
    for (size_t run = 0; run <= split->blocks; run++) {
        places += places_of_run(split, run, length, &from);
    }
    return places;
}

size_t mi_split_draw_fitted(const mi_split *split, size_t length, gsl_rng *draw)
{
    size_t place = gsl_rng_uniform_int(draw, mi_split_places(split, length)), from = 0, run = 0;
    size_t places = places_of_run(split, 0, length, &from);
    while (place >= places) {
        place -= places;
        places = places_of_run(split, ++run, length, &from);
    }
    return from + place;
}
