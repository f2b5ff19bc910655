#include "ngram_pairs.h"

#include <stdlib.h>

#include "maskinfo/memory.h"

enum { LANES = MI_PAIR_LANES };

static int compare_codes(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static size_t count_distinct(const uint64_t *sorted, size_t count)
{
    size_t distinct = 0;
    for (size_t i = 0; i < count; i++) {
        distinct += i == 0 || sorted[i] != sorted[i - 1];
    }
    return distinct;
}

static mi_code allocate(mi_pairs *pairs, size_t rows, size_t entries, mi_status *status)
{
    *pairs = (mi_pairs){.rows = rows};
    mi_code code = mi_allocate(rows + 1, sizeof *pairs->first, &pairs->first, status);
    if (code == MI_OK) {
        code = mi_allocate(entries, sizeof *pairs->entries, &pairs->entries, status);
    }
    return code;
}

/* first[a + 1] holds the entries of row a: make them running sums. */
static void sum_rows(mi_pairs *pairs)
{
    for (size_t a = 0; a < pairs->rows; a++) {
        pairs->first[a + 1] += pairs->first[a];
    }
}

mi_code mi_pairs_init(mi_pairs *pairs, size_t rows, uint64_t *codes, size_t count,
                      mi_status *status)
{
    qsort(codes, count, sizeof *codes, compare_codes);
    mi_code code = allocate(pairs, rows, count_distinct(codes, count), status);
    if (code != MI_OK) {
        return code;
    }
    size_t entries = 0;
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || codes[i] != codes[i - 1]) {
            pairs->entries[entries++].column = (uint32_t)codes[i];
            pairs->first[(codes[i] >> 32) + 1]++;
        }
        pairs->entries[entries - 1].count++;
    }
    sum_rows(pairs);
    return MI_OK;
}

mi_code mi_pairs_init_transposed(mi_pairs *pairs, const mi_pairs *from, mi_status *status)
{
    size_t entries = from->first[from->rows];
    size_t *next = NULL;
    mi_code code = allocate(pairs, from->rows, entries, status);
    if (code == MI_OK) {
        code = mi_allocate(from->rows, sizeof *next, &next, status);
    }
    if (code != MI_OK) {
        return code;
    }
    for (size_t i = 0; i < entries; i++) {
        pairs->first[from->entries[i].column + 1]++;
    }
    sum_rows(pairs);
    for (size_t a = 0; a < from->rows; a++) {
        for (size_t i = from->first[a]; i < from->first[a + 1]; i++) {
            size_t b = from->entries[i].column;
            pairs->entries[pairs->first[b] + next[b]++] =
                (mi_pair){.column = (uint32_t)a, .count = from->entries[i].count};
        }
    }
    free(next);
    return MI_OK;
}

void mi_pairs_free(mi_pairs *pairs)
{
    free(pairs->first);
    free(pairs->entries);
}

void mi_pairs_multiply(const mi_pairs *pairs, const double *vector, double *product)
{
    for (size_t a = 0; a < pairs->rows; a++) {
        double sum = 0;
        for (size_t i = pairs->first[a]; i < pairs->first[a + 1]; i++) {
            sum += pairs->entries[i].count * vector[pairs->entries[i].column];
        }
        product[a] = sum;
    }
}

void mi_pairs_multiply_lanes(const mi_pairs *pairs, const double *vector, double *product)
{
    for (size_t a = 0; a < pairs->rows; a++) {
        double sum[LANES] = {0};
        for (size_t i = pairs->first[a]; i < pairs->first[a + 1]; i++) {
            const double *from = vector + (size_t)pairs->entries[i].column * LANES;
            double count = pairs->entries[i].count;
            for (size_t lane = 0; lane < LANES; lane++) {
                sum[lane] += count * from[lane];
            }
        }
        for (size_t lane = 0; lane < LANES; lane++) {
            product[a * LANES + lane] = sum[lane];
        }
    }
}

uint32_t mi_pairs_count(const mi_pairs *pairs, size_t row, uint32_t column)
{
    size_t low = pairs->first[row], high = pairs->first[row + 1];
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (pairs->entries[middle].column < column) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    bool found = low < pairs->first[row + 1] && pairs->entries[low].column == column;
    return found ? pairs->entries[low].count : 0;
}
