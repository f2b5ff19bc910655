/* Heads of self-distillation. DINO's and iBOT's projection head (Caron et al. 2021, arXiv
 * 2104.14294, appendix C): an MLP with GELU between its linear layers, whose output ("bottleneck")
 * is brought to length 1, and K prototypes of length 1, one logit each:
 *
 *     z = MLP(x),   u = z / |z|,   logits_k = u . v_k / |v_k|
 *
 * (weight normalisation, Salimans and Kingma 2016, with its length g held at 1). And BYOL's
 * projector and predictor: linear, norm, activation, linear. Nothing is allocated in a pass.
 *
 *     mi_head_create(&config, "head.", &tensors, &head, &status);
 *     mi_head_pass *pass = mi_head_carve(&head, rows, true, &arena);
 *     mi_head_forward(&head, &weights, rows, x, pass, logits);
 *     mi_head_backward(&head, &weights, rows, x, pass, dlogits, dx, gradient);
 */
#ifndef MASKINFO_HEADS_H
#define MASKINFO_HEADS_H

#include "maskinfo/layers.h"

enum { MI_HEAD_LAYERS = 8 };

typedef struct mi_head_config {
    size_t in, hidden, bottleneck, prototypes;
    size_t layers; /* linear ones up to the bottleneck, 1 to MI_HEAD_LAYERS; 1: hidden plays no
                      part */
} mi_head_config;

typedef struct mi_head {
    mi_head_config config;
    mi_linear layers[MI_HEAD_LAYERS];
    size_t last; /* offset of v (prototypes, bottleneck); one gradient block of prototypes *
                    bottleneck numbers, which a frozen last layer sets to 0 */
} mi_head;

/* Adds PREFIXmlp.{0,2,4,...} and PREFIXlast_layer.weight_v, the names of DINO's checkpoints. The
 * head is a plain value: nothing to release. MI_INPUT: a size is 0, more layers than there may be,
 * or sizes overflow. */
mi_code mi_head_create(const mi_head_config *config, const char *prefix, mi_tensors *tensors,
                       mi_head *ret_head, mi_status *status);

/* As DINO: weights normal(0, 0.02) (its truncation at +-2 is 100 deviations away), biases 0; v
 * uniform on +-1/sqrt(bottleneck), PyTorch's default, of which only the direction counts. */
void mi_head_initialize(const mi_head *head, const mi_tensors *tensors, gsl_rng *stream,
                        mi_scalar *values);

/* What a pass over at most `rows` rows keeps; without `backward` it is smaller. */
typedef struct mi_head_pass mi_head_pass;
mi_head_pass *mi_head_carve(const mi_head *head, size_t rows, bool backward, mi_arena *arena);

/* logits (rows,prototypes) from x (rows,in), within [-1,1]. A bottleneck z with |z| <= 1e-12, or a
 * v_k of that length, counts as 0: logits 0, and no gradient passes. */
void mi_head_forward(const mi_head *head, const mi_weights *weights, size_t rows,
                     const mi_scalar *x, mi_head_pass *pass, mi_scalar *logits);

/* opt_dx (rows,in) is overwritten, the gradient added to; dlogits stays. After the forward pass of
 * the same rows, on a pass carved with `backward`. opt_dx may be x: x is read before. */
void mi_head_backward(const mi_head *head, const mi_weights *weights, size_t rows,
                      const mi_scalar *x, mi_head_pass *pass, const mi_scalar *dlogits,
                      mi_scalar *opt_dx, mi_scalar *gradient);

/* y = W2 gelu(LN(W1 x + b1)) + b2: BYOL's MLP (Grill et al. 2020, arXiv 2006.07733, section 3.2)
 * with LayerNorm in the place of its BatchNorm, so that examples stay independent of one another
 * (Richemond et al. 2020, arXiv 2010.10241: BYOL works without batch statistics). */
typedef struct mi_mlp {
    mi_linear first, second;
    mi_norm norm;
} mi_mlp;

/* Adds PREFIX0, PREFIX1 (the norm) and PREFIX3. */
mi_code mi_mlp_create(size_t in, size_t hidden, size_t out, const char *prefix, mi_tensors *tensors,
                      mi_mlp *ret_mlp, mi_status *status);

/* Weights by Glorot's uniform law, biases 0, norm 1 and 0. */
void mi_mlp_initialize(const mi_mlp *mlp, const mi_tensors *tensors, gsl_rng *stream,
                       mi_scalar *values);

typedef struct mi_mlp_pass mi_mlp_pass;
mi_mlp_pass *mi_mlp_carve(const mi_mlp *mlp, size_t rows, bool backward, mi_arena *arena);
void mi_mlp_forward(const mi_mlp *mlp, const mi_weights *weights, size_t rows, const mi_scalar *x,
                    mi_mlp_pass *pass, mi_scalar *y);

/* opt_dx (rows,in) is overwritten (it may be x), the gradient added to. */
void mi_mlp_backward(const mi_mlp *mlp, const mi_weights *weights, size_t rows, const mi_scalar *x,
                     mi_mlp_pass *pass, const mi_scalar *dy, mi_scalar *opt_dx,
                     mi_scalar *gradient);

/* y (rows,width) = x / |x| row by row, in place allowed, and 1/|x| (rows); a row with |x| <= 1e-12
 * becomes 0 with 1/|x| = 0. */
void mi_unit_rows(size_t rows, size_t width, const mi_scalar *x, mi_scalar *y, mi_scalar *inverse);

/* dx = (dy - y (y . dy)) / |x| of y = x / |x|; dx may be dy. */
void mi_unit_rows_backward(size_t rows, size_t width, const mi_scalar *y, const mi_scalar *inverse,
                           const mi_scalar *dy, mi_scalar *dx);

#endif
