#include "transpose.h"

#include "lanes.h"

/* One tile: y (columns,written) = x^T, of x (rows,columns), with 0 behind the first `rows` of each
 * row. None of the three sizes is above SIDE. */
#if defined(__AVX512F__) && !defined(MI_DOUBLE)

#include <immintrin.h>

enum { SIDE = 16 };

/* Stage by stage pairs, fours, eights and halves of the sixteen rows change places. */
static inline void turn(__m512 r[SIDE])
{
    __m512 t[SIDE];
#pragma GCC unroll 8
    for (int i = 0; i < SIDE; i += 2) {
        t[i] = _mm512_unpacklo_ps(r[i], r[i + 1]);
        t[i + 1] = _mm512_unpackhi_ps(r[i], r[i + 1]);
    }
#pragma GCC unroll 4
    for (int i = 0; i < SIDE; i += 4) {
#pragma GCC unroll 2
        for (int j = 0; j < 2; j++) {
            __m512d a = _mm512_castps_pd(t[i + j]), b = _mm512_castps_pd(t[i + j + 2]);
            r[i + 2 * j] = _mm512_castpd_ps(_mm512_unpacklo_pd(a, b));
            r[i + 2 * j + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(a, b));
        }
    }
#pragma GCC unroll 2
    for (int i = 0; i < SIDE; i += 8) {
#pragma GCC unroll 4
        for (int j = 0; j < 4; j++) {
            t[i + j] = _mm512_shuffle_f32x4(r[i + j], r[i + j + 4], 0x88);
            t[i + j + 4] = _mm512_shuffle_f32x4(r[i + j], r[i + j + 4], 0xdd);
        }
    }
#pragma GCC unroll 8
    for (int j = 0; j < 8; j++) {
        r[j] = _mm512_shuffle_f32x4(t[j], t[j + 8], 0x88);
        r[j + 8] = _mm512_shuffle_f32x4(t[j], t[j + 8], 0xdd);
    }
}

static void tile(size_t rows, size_t columns, const mi_scalar *x, size_t from, mi_scalar *y,
                 size_t to, size_t written)
{
    __mmask16 read = (__mmask16)((1u << columns) - 1), write = (__mmask16)((1u << written) - 1);
    __m512 r[SIDE];
#pragma GCC unroll 16
    for (size_t i = 0; i < SIDE; i++) {
        r[i] = i < rows ? _mm512_maskz_loadu_ps(read, x + i * from) : _mm512_setzero_ps();
    }
    turn(r);
#pragma GCC unroll 16
    for (size_t j = 0; j < SIDE; j++) {
        if (j < columns) {
            _mm512_mask_storeu_ps(y + j * to, write, r[j]);
        }
    }
}

#else

enum { SIDE = MI_LANES };

static void tile(size_t rows, size_t columns, const mi_scalar *x, size_t from, mi_scalar *y,
                 size_t to, size_t written)
{
    for (size_t c = 0; c < columns; c++) {
        for (size_t r = 0; r < rows; r++) {
            y[c * to + r] = x[r * from + c];
        }
        for (size_t r = rows; r < written; r++) {
            y[c * to + r] = 0;
        }
    }
}

#endif

/* Tiles in such an order that lines of x and y are finished while they are in the cache. */
static void tiles(size_t rows, size_t columns, const mi_scalar *x, size_t from, mi_scalar *y,
                  size_t to, size_t written)
{
    for (size_t r = 0; r < rows; r += SIDE) {
        size_t height = rows - r < SIDE ? rows - r : SIDE;
        size_t length = written - r < SIDE ? written - r : SIDE;
        for (size_t c = 0; c < columns; c += SIDE) {
            size_t width = columns - c < SIDE ? columns - c : SIDE;
            tile(height, width, x + r * from + c, from, y + c * to + r, to, length);
        }
    }
}

void mi_transpose(size_t rows, size_t columns, const mi_scalar *x, size_t from, mi_scalar *y,
                  size_t to)
{
    tiles(rows, columns, x, from, y, to, rows);
}

void mi_transpose_padded(size_t rows, size_t columns, const mi_scalar *x, size_t from, mi_scalar *y,
                         size_t to)
{
    tiles(rows, columns, x, from, y, to, mi_padded(rows));
}
