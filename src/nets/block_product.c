#include "block_product.h"

#include "lanes.h"

/* Registers that hold a block of c: of 32 (AVX-512) or 16, less those of b and a. */
#ifdef __AVX512F__
enum { ACCUMULATORS = 24 };
#else
enum { ACCUMULATORS = 12 };
#endif

enum { MOST_ROWS = 16, MOST_VECTORS = 4 };

typedef struct operands {
    size_t depth;
    mi_strided a;
    const mi_scalar *b;
    size_t b_row;
    mi_scalar *c;
    size_t c_row;
} operands;

/* One block of c: `rows` rows of `vectors` vectors. Both are constants where this is inlined, so
 * that the block stays in registers while depth is gone through. */
static inline __attribute__((always_inline)) void block(size_t rows, size_t vectors,
                                                        const operands *o)
{
    mi_lanes sums[MOST_ROWS][MOST_VECTORS], row[MOST_VECTORS];
    const mi_scalar *a = o->a.values, *b = o->b;
    size_t a_row = o->a.row, a_step = o->a.step, b_row = o->b_row;
#pragma GCC unroll 16
    for (size_t i = 0; i < rows; i++) {
#pragma GCC unroll 4
        for (size_t j = 0; j < vectors; j++) {
            sums[i][j] = (mi_lanes){0};
        }
    }
    for (size_t k = 0; k < o->depth; k++) {
#pragma GCC unroll 4
        for (size_t j = 0; j < vectors; j++) {
            row[j] = mi_load(b + j * MI_LANES);
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
            mi_store(o->c + i * o->c_row + j * MI_LANES, sums[i][j]);
        }
    }
}

/* Functions one_R_V of R rows and V vectors; the largest use all registers. */
#define BLOCK(rows, vectors)                                                                       \
    static void one_##rows##_##vectors(const operands *o)                                          \
    {                                                                                              \
        block(rows, vectors, o);                                                                   \
    }
#define BLOCKS(rows) BLOCK(rows, 1) BLOCK(rows, 2)
#define WIDE_BLOCKS(rows) BLOCKS(rows) BLOCK(rows, 3) BLOCK(rows, 4)
WIDE_BLOCKS(1)
WIDE_BLOCKS(2)
WIDE_BLOCKS(3)
WIDE_BLOCKS(4)
WIDE_BLOCKS(5)
WIDE_BLOCKS(6)
BLOCKS(7)
BLOCK(7, 3)
BLOCKS(8)
BLOCK(8, 3)
BLOCKS(9)
BLOCKS(10)
BLOCKS(11)
BLOCKS(12)
BLOCK(13, 1)
BLOCK(14, 1)
BLOCK(15, 1)
BLOCK(16, 1)

typedef void (*block_function)(const operands *);

static const block_function blocks[MOST_VECTORS][MOST_ROWS] = {
    {one_1_1, one_2_1, one_3_1, one_4_1, one_5_1, one_6_1, one_7_1, one_8_1, one_9_1, one_10_1,
     one_11_1, one_12_1, one_13_1, one_14_1, one_15_1, one_16_1},
    {one_1_2, one_2_2, one_3_2, one_4_2, one_5_2, one_6_2, one_7_2, one_8_2, one_9_2, one_10_2,
     one_11_2, one_12_2},
    {one_1_3, one_2_3, one_3_3, one_4_3, one_5_3, one_6_3, one_7_3, one_8_3},
    {one_1_4, one_2_4, one_3_4, one_4_4, one_5_4, one_6_4},
};

/* The rows in blocks of nearly the same height: a last block of one row would wait for its own
 * sums. */
static void column_of_blocks(size_t rows, size_t vectors, operands o)
{
    size_t most = ACCUMULATORS / vectors < MOST_ROWS ? ACCUMULATORS / vectors : MOST_ROWS;
    size_t count = (rows + most - 1) / most;
    for (size_t i = 0; i < count; i++) {
        size_t height = rows / count + (i < rows % count);
        blocks[vectors - 1][height - 1](&o);
        o.a.values += height * o.a.row;
        o.c += height * o.c_row;
    }
}

void mi_block_product(size_t rows, size_t columns, size_t depth, mi_strided a, const mi_scalar *b,
                      size_t b_row, mi_scalar *c, size_t c_row)
{
    size_t vectors = mi_padded(columns) / MI_LANES;
    size_t strips = (vectors + MOST_VECTORS - 1) / MOST_VECTORS;
    for (size_t i = 0; i < strips; i++) {
        size_t width = vectors / strips + (i < vectors % strips);
        column_of_blocks(
            rows, width,
            (operands){.depth = depth, .a = a, .b = b, .b_row = b_row, .c = c, .c_row = c_row});
        b += width * MI_LANES;
        c += width * MI_LANES;
    }
}
