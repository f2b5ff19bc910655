/* The delete-a-block jackknife over replicates (Efron and Stein 1981, "The jackknife estimate of
 * variance", doi:10.1214/aos/1176345462), for errors of numbers that are no plain mean. */
#ifndef MASKINFO_INFO_JACKKNIFE_H
#define MASKINFO_INFO_JACKKNIFE_H

#include "maskinfo/status.h"

/* Number of blocks: the replicates, at most 32 (each block costs a refit, and 32 give the error
 * itself to about 13 %). */
size_t mi_jackknife_blocks(size_t replicates);

/* Row b of means (blocks, columns) is the mean of the rows of values (replicates, columns) that are
 * not in block b. At least 2 replicates. */
mi_code mi_jackknife_means(const double *values, size_t replicates, size_t columns, double *means,
                           mi_status *status);

/* sqrt((B-1)/B sum_b (e_b - mean e)^2) of the B estimates, one from each row of means. */
double mi_jackknife_error(const double *estimates, size_t blocks);

#endif
