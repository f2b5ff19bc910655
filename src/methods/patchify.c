/* Pixels into tokens and back (He et al. 2021, patchify of their code). */
#include "maskinfo/method.h"

#include <string.h>

/* Rows of a token are `patch * channels` values that lie together in both arrangements. */
typedef struct lattice {
    size_t rows, columns, patch, channels;
} lattice;

static size_t token_row_in_pixels(const lattice *l, size_t image, size_t row, size_t token_column)
{
    return ((image * l->rows + row) * l->columns + token_column * l->patch) * l->channels;
}

static size_t token_row_in_tokens(const lattice *l, size_t image, size_t row, size_t token_column)
{
    size_t token_rows = l->rows / l->patch, token_columns = l->columns / l->patch;
    size_t token = (image * token_rows + row / l->patch) * token_columns + token_column;
    return (token * l->patch + row % l->patch) * l->patch * l->channels;
}

void mi_patchify(size_t count, size_t rows, size_t columns, size_t channels, size_t patch,
                 const mi_scalar *pixels, mi_scalar *tokens)
{
    lattice l = {rows, columns, patch, channels};
    for (size_t image = 0; image < count; image++) {
        for (size_t row = 0; row < rows; row++) {
            for (size_t c = 0; c < columns / patch; c++) {
                memcpy(tokens + token_row_in_tokens(&l, image, row, c),
                       pixels + token_row_in_pixels(&l, image, row, c),
                       patch * channels * sizeof *tokens);
            }
        }
    }
}

void mi_unpatchify(size_t count, size_t rows, size_t columns, size_t channels, size_t patch,
                   const mi_scalar *tokens, mi_scalar *pixels)
{
    lattice l = {rows, columns, patch, channels};
    for (size_t image = 0; image < count; image++) {
        for (size_t row = 0; row < rows; row++) {
            for (size_t c = 0; c < columns / patch; c++) {
                memcpy(pixels + token_row_in_pixels(&l, image, row, c),
                       tokens + token_row_in_tokens(&l, image, row, c),
                       patch * channels * sizeof *pixels);
            }
        }
    }
}
