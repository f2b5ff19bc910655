/* Weighted least-squares fits of i(r): I0 exp(-lambda r), the exercise's model, and
 * I0 (1-r)^kappa, which respects i(1) = 0. docs/theory.md, section 5. */
#ifndef MASKINFO_FIT_H
#define MASKINFO_FIT_H

#include "maskinfo/curve.h"

typedef enum mi_fit_kind { MI_FIT_EXPONENTIAL, MI_FIT_POWER } mi_fit_kind;

/* Residual variance at a point is error^2 + misfit^2: the sampling error of the point and one
 * common misfit of the model, chosen so that the reduced chi-square is 1 (0 where the sampling
 * errors explain the residuals alone). */
typedef struct mi_fit {
    bool valid;
    char reason[128]; /* why not, where not valid */
    double amplitude, amplitude_error;
    double exponent, exponent_error; /* lambda or kappa, with the error of the weighted fit */
    double sampling_error; /* of the exponent, by jackknife over replicates; 0 where exact */
    double misfit;         /* nats */
    double r_squared;      /* weighted; 0 where the points do not vary */
    double aicc;           /* Gaussian likelihood; parameters: two and the misfit */
    double optimal_ratio;  /* min(1, 1/lambda) or min(1, 1/(1+kappa)) */
    bool corner;           /* lambda <= 1 or kappa <= 0: the optimum is the corner r = 1 */
} mi_fit;

/* One set of points; opt_error NULL: all equal and unknown, so that the misfit is all of it. A fit
 * that is not possible (fewer than 5 points, no information, no point beyond 3 of its errors) is no
 * failure: ret_fit->valid is false. */
mi_code mi_fit_points(mi_fit_kind kind, const double *ratios, const double *information,
                      const double *opt_error, size_t points, mi_fit *ret_fit, mi_status *status);

/* The information of a curve, with the jackknife error over its replicates. */
mi_code mi_fit_curve(mi_fit_kind kind, const mi_curve *curve, mi_fit *ret_fit, mi_status *status);

/* Value of a fit at a ratio. */
double mi_fit_value(mi_fit_kind kind, const mi_fit *fit, double ratio);

/* min(1, 1/lambda): argmax over (0, 1] of r exp(-lambda r). */
double mi_exponential_optimum(double rate);
/* min(1, 1/(1+kappa)): argmax over [0, 1] of r (1-r)^kappa. */
double mi_power_optimum(double exponent);

#endif
