#include "block_product.h"

#include <stdbool.h>

#include "lanes.h"

/* Registers that hold a block of c: of 32 (AVX-512) or 16, less those of b and a. */
#ifdef __AVX512F__
enum { ACCUMULATORS = 24 };
#else
enum { ACCUMULATORS = 12 };
#endif

enum { MOST_VECTORS = 4, MOST_ROWS = 16, MOST_STRIDED_ROWS = 8 };

typedef struct operands {
    size_t depth;
    mi_some last; /* lanes of the last vector of each row */
    mi_strided a;
    mi_dense_rows b, start;
    mi_scalar *c;
    size_t c_row;
} operands;

/* A vector of a row; of the last one the lanes that there are. */
static inline __attribute__((always_inline)) mi_lanes load(const operands *o, const mi_scalar *x,
                                                           bool last)
{
    return last ? mi_load_some(x, o->last, 0) : mi_load(x);
}

/* One block of c: `rows` rows of `vectors` vectors. Both are constants where this is inlined, so
 * that the block stays in registers while depth is gone through. `next`: a.row is 1, and the
 * addresses of all rows of a are known distances from one; else they are sums of few multiples of
 * a.row as long as there are no more than eight. */
static inline __attribute__((always_inline)) void block(size_t rows, size_t vectors, bool next,
                                                        const operands *o)
{
    mi_lanes sums[MOST_ROWS][MOST_VECTORS], row[MOST_VECTORS];
    const mi_scalar *a = o->a.values, *b = o->b.values, *start = o->start.values;
    size_t a_row = next ? 1 : o->a.row, a_step = o->a.step, b_row = o->b.row;
#pragma GCC unroll 16
    for (size_t i = 0; i < rows; i++) {
#pragma GCC unroll 4
        for (size_t j = 0; j < vectors; j++) {
            sums[i][j] = start != NULL
                             ? load(o, start + i * o->start.row + j * MI_LANES, j + 1 == vectors)
                             : (mi_lanes){0};
        }
    }
    for (size_t k = 0; k < o->depth; k++) {
#pragma GCC unroll 4
        for (size_t j = 0; j < vectors; j++) {
            row[j] = load(o, b + j * MI_LANES, j + 1 == vectors);
        }
#pragma GCC unroll 16
        for (size_t i = 0; i < rows; i++) {
#pragma GCC unroll 4
            for (size_t j = 0; j < vectors; j++) {
                sums[i][j] += a[i * a_row] * row[j];
            }
        }
        a += a_step;
        b += b_row;
    }
#pragma GCC unroll 16
    for (size_t i = 0; i < rows; i++) {
#pragma GCC unroll 4
        for (size_t j = 0; j < vectors; j++) {
            mi_scalar *c = o->c + i * o->c_row + j * MI_LANES;
            if (j + 1 == vectors) {
                mi_store_some(c, sums[i][j], o->last);
            } else {
                mi_store(c, sums[i][j]);
            }
        }
    }
}

/* Functions next_R_V and strided_R_V of R rows and V vectors. */
#define NEXT(rows, vectors)                                                                        \
    static void next_##rows##_##vectors(const operands *o)                                         \
    {                                                                                              \
        block(rows, vectors, true, o);                                                             \
    }
#define STRIDED(rows, vectors)                                                                     \
    static void strided_##rows##_##vectors(const operands *o)                                      \
    {                                                                                              \
        block(rows, vectors, false, o);                                                            \
    }
#define BOTH(rows, vectors) NEXT(rows, vectors) STRIDED(rows, vectors)
#define ALL(rows) BOTH(rows, 1) BOTH(rows, 2) BOTH(rows, 3) BOTH(rows, 4)
#define NARROW(rows) NEXT(rows, 1) NEXT(rows, 2)
ALL(1)
ALL(2)
ALL(3)
ALL(4)
ALL(5)
ALL(6)
BOTH(7, 1)
BOTH(7, 2)
BOTH(7, 3)
BOTH(8, 1)
BOTH(8, 2)
BOTH(8, 3)
NARROW(9)
NARROW(10)
NARROW(11)
NARROW(12)
NEXT(13, 1)
NEXT(14, 1)
NEXT(15, 1)
NEXT(16, 1)

typedef void (*block_function)(const operands *);

static const block_function next_blocks[MOST_VECTORS][MOST_ROWS] = {
    {next_1_1, next_2_1, next_3_1, next_4_1, next_5_1, next_6_1, next_7_1, next_8_1, next_9_1,
     next_10_1, next_11_1, next_12_1, next_13_1, next_14_1, next_15_1, next_16_1},
    {next_1_2, next_2_2, next_3_2, next_4_2, next_5_2, next_6_2, next_7_2, next_8_2, next_9_2,
     next_10_2, next_11_2, next_12_2},
    {next_1_3, next_2_3, next_3_3, next_4_3, next_5_3, next_6_3, next_7_3, next_8_3},
    {next_1_4, next_2_4, next_3_4, next_4_4, next_5_4, next_6_4},
};
static const block_function strided_blocks[MOST_VECTORS][MOST_STRIDED_ROWS] = {
    {strided_1_1, strided_2_1, strided_3_1, strided_4_1, strided_5_1, strided_6_1, strided_7_1,
     strided_8_1},
    {strided_1_2, strided_2_2, strided_3_2, strided_4_2, strided_5_2, strided_6_2, strided_7_2,
     strided_8_2},
    {strided_1_3, strided_2_3, strided_3_3, strided_4_3, strided_5_3, strided_6_3, strided_7_3,
     strided_8_3},
    {strided_1_4, strided_2_4, strided_3_4, strided_4_4, strided_5_4, strided_6_4},
};

/* The rows in blocks of nearly the same height: a last block of one row would wait for its own
 * sums. */
static void column_of_blocks(size_t rows, unsigned vectors, operands *o)
{
    bool next = o->a.row == 1;
    const block_function *blocks = next ? next_blocks[vectors - 1] : strided_blocks[vectors - 1];
    unsigned most = ACCUMULATORS / vectors, limit = next ? MOST_ROWS : MOST_STRIDED_ROWS;
    most = most < limit ? most : limit;
    unsigned left = (unsigned)rows, count = (left + most - 1) / most;
    for (; count > 0; count--) {
        unsigned height = (left + count - 1) / count;
        blocks[height - 1](o);
        o->a.values += height * o->a.row;
        o->c += height * o->c_row;
        o->start.values += o->start.values != NULL ? height * o->start.row : 0;
        left -= height;
    }
}

void mi_block_product(size_t rows, size_t columns, size_t depth, mi_strided a, mi_dense_rows b,
                      mi_dense_rows opt_start, mi_scalar *c, size_t c_row)
{
    unsigned left = (unsigned)(mi_padded(columns) / MI_LANES);
    for (unsigned strips = (left + MOST_VECTORS - 1) / MOST_VECTORS; strips > 0; strips--) {
        unsigned vectors = (left + strips - 1) / strips;
        size_t width = vectors * MI_LANES;
        operands o = {.depth = depth,
                      .last = mi_first(columns - (width - MI_LANES)),
                      .a = a,
                      .b = b,
                      .start = opt_start,
                      .c = c,
                      .c_row = c_row};
        column_of_blocks(rows, vectors, &o);
        b.values += width;
        c += width;
        opt_start.values += opt_start.values != NULL ? width : 0;
        columns -= width;
        left -= vectors;
    }
}
