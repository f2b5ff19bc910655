#include "jackknife.h"

#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>

#include "maskinfo/memory.h"

enum { MAX_BLOCKS = 32 };

size_t mi_jackknife_blocks(size_t replicates)
{
    return replicates < MAX_BLOCKS ? replicates : MAX_BLOCKS;
}

/* sum += rows [first, end) of values. */
static void add_rows(const double *values, size_t columns, size_t first, size_t end, double *sum)
{
    for (size_t j = first; j < end; j++) {
        for (size_t c = 0; c < columns; c++) {
            sum[c] += values[j * columns + c];
        }
    }
}

mi_code mi_jackknife_means(const double *values, size_t replicates, size_t columns, double *means,
                           mi_status *status)
{
    size_t blocks = mi_jackknife_blocks(replicates);
    double *total = NULL;
    mi_code code = mi_allocate(columns, sizeof *total, &total, status);
    if (code != MI_OK) {
        return code;
    }
    add_rows(values, columns, 0, replicates, total);
    for (size_t b = 0; b < blocks; b++) {
        size_t first = b * replicates / blocks, end = (b + 1) * replicates / blocks;
        double *row = means + b * columns;
        for (size_t c = 0; c < columns; c++) {
            row[c] = 0;
        }
        add_rows(values, columns, first, end, row);
        for (size_t c = 0; c < columns; c++) {
            row[c] = (total[c] - row[c]) / (double)(replicates - (end - first));
        }
    }
    free(total);
    return MI_OK;
}

double mi_jackknife_error(const double *estimates, size_t blocks)
{
    double b = (double)blocks;
    /* gsl_stats_variance divides by B - 1. */
    return sqrt((b - 1) * (b - 1) / b * gsl_stats_variance(estimates, 1, blocks));
}
