/* Smooth random templates, one a class.
 *
 * Independent standard normal noise Z is smoothed with the kernel exp(-d^2/l^2), d the distance in
 * sites, whose autocorrelation is exp(-d^2 / (2 l^2)): l is the correlation length (0: the noise
 * itself). The kernel factorises, so that T = A Z B^T with one matrix for rows and one for columns.
 * On a free lattice the noise extends beyond the borders as far as the kernel reaches, so that the
 * field is stationary; on a torus it wraps around.
 *
 * Then the mean over classes is taken out at each site (it is known to whoever knows the model and
 * tells nothing), and everything is scaled to
 *
 *     mean over sites and classes of T_c(i)^2 = scale^2       exactly.
 */
#ifndef MASKINFO_MODELS_SCENE_TEMPLATES_H
#define MASKINFO_MODELS_SCENE_TEMPLATES_H

#include <stdbool.h>
#include <stdint.h>

#include "maskinfo/status.h"

typedef struct mi_template_law {
    size_t rows, columns, classes;
    bool torus;
    double smoothness; /* l, sites */
    double scale;      /* standard deviation over sites and classes; all zero for one class */
    uint64_t seed;     /* class c is drawn from the stream (seed, MI_PURPOSE_MODEL, c) */
} mi_template_law;

/* templates is (sites, classes). */
mi_code mi_templates_draw(const mi_template_law *law, double *templates, mi_status *status);

#endif
