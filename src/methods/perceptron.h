/* Two linear layers with a LayerNorm and a GELU between them: BYOL's projector and predictor (Grill
 * et al. 2020, section 3.3) without statistics over the batch, which the method does not need
 * (Richemond et al. 2020, arXiv 2010.10241). */
#ifndef MASKINFO_METHODS_PERCEPTRON_H
#define MASKINFO_METHODS_PERCEPTRON_H

#include "maskinfo/layers.h"

typedef struct mi_perceptron {
    mi_linear fc1, fc2; /* in -> hidden -> out */
    mi_norm norm;
} mi_perceptron;

/* Adds PREFIX.{fc1,norm,fc2}. */
mi_code mi_perceptron_add(mi_tensors *tensors, const char *prefix, size_t in, size_t hidden,
                          size_t out, mi_perceptron *ret_perceptron, mi_status *status);
void mi_perceptron_initialize(const mi_perceptron *perceptron, const mi_tensors *tensors,
                              gsl_rng *stream, mi_scalar *values);

/* What the way forward keeps, for at most `rows` rows. */
typedef struct mi_perceptron_tape {
    const mi_scalar *x;               /* (rows,in), the caller's */
    mi_scalar *first, *normed;        /* (rows,hidden) before and behind the LayerNorm */
    mi_scalar *active, *slope;        /* (rows,hidden) behind the GELU; gradients */
    mi_scalar *mean, *scale;          /* (rows) */
    mi_scalar *y;                     /* (rows,out) */
    mi_scalar *dx;                    /* (rows,in) */
} mi_perceptron_tape;

mi_perceptron_tape mi_perceptron_carve(const mi_perceptron *perceptron, size_t rows,
                                       mi_arena *arena);
/* tape->y (rows,out) of x (rows,in), which outlives the way back. */
void mi_perceptron_forward(const mi_perceptron *perceptron, const mi_weights *weights, size_t rows,
                           const mi_scalar *x, mi_perceptron_tape *tape);
/* tape->dx from dy (rows,out); adds to the gradient. */
void mi_perceptron_backward(const mi_perceptron *perceptron, const mi_weights *weights, size_t rows,
                            const mi_scalar *dy, mi_perceptron_tape *tape, mi_scalar *gradient);

#endif
