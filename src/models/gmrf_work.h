/* What one thread works with on draws and masks of a field, and the steps that evaluation and
 * examples share. */
#ifndef MASKINFO_MODELS_GMRF_WORK_H
#define MASKINFO_MODELS_GMRF_WORK_H

#include "gmrf.h"
#include "sparse.h"

typedef struct mi_gmrf_work {
    double *matrix;     /* (N,N); NULL where the lattice is large */
    mi_sparse *solver;  /* NULL where it is not */
    size_t *sites;      /* (N) those of the block in use */
    size_t *position;   /* (N) of each of them in the block */
    double *innovation; /* (N) b = Q x */
    double *residual;   /* (N) x_m - E(x_m | x_v) */
    double *variance;   /* (N) */
} mi_gmrf_work;

/* b = Q x of the next configuration. */
void mi_gmrf_draw(const mi_gmrf *gmrf, gsl_rng *draw, mi_gmrf_work *work);

/* x itself in work->residual. Uses work->innovation up. */
mi_code mi_gmrf_configuration(const mi_gmrf *gmrf, mi_gmrf_work *work, mi_status *status);

/* What the visible sites tell of the masked ones: work->residual and variance of the *ret_count
 * sites listed in work->sites, summed up in result but for the joint information; log|Q_mm|. Where
 * no site is visible residual is x, and innovation is used up. */
mi_code mi_gmrf_judge(const mi_gmrf *gmrf, const unsigned char *masked, mi_gmrf_work *work,
                      size_t *ret_count, double *ret_log_masked, mi_mask_result *result,
                      mi_status *status);

#endif
