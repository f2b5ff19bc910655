/* The MLP of BYOL's projector and predictor. */
#include <stdio.h>

#include "elementwise.h"
#include "maskinfo/heads.h"

struct mi_mlp_pass {
    mi_scalar *inner;        /* (rows,hidden) behind the first layer */
    mi_scalar *slopes;       /* (rows,hidden) behind the norm, then the slopes of the GELU */
    mi_scalar *active;       /* (rows,hidden) behind it */
    mi_scalar *mean, *scale; /* (rows) of the norm */
    mi_scalar *wide;         /* (rows,hidden) gradient */
};

mi_code mi_mlp_create(size_t in, size_t hidden, size_t out, const char *prefix, mi_tensors *tensors,
                      mi_mlp *ret_mlp, mi_status *status)
{
    char name[MI_TENSOR_NAME];
    if (in == 0 || hidden == 0 || out == 0) {
        return mi_fail(status, MI_INPUT, "a size of the MLP is 0");
    }
    snprintf(name, sizeof name, "%s0", prefix);
    mi_code code = mi_linear_add(tensors, name, in, hidden, true, &ret_mlp->first, status);
    if (code == MI_OK) {
        snprintf(name, sizeof name, "%s1", prefix);
        code = mi_norm_add(tensors, name, hidden, &ret_mlp->norm, status);
    }
    if (code == MI_OK) {
        snprintf(name, sizeof name, "%s3", prefix);
        code = mi_linear_add(tensors, name, hidden, out, true, &ret_mlp->second, status);
    }
    return code;
}

void mi_mlp_initialize(const mi_mlp *mlp, const mi_tensors *tensors, gsl_rng *stream,
                       mi_scalar *values)
{
    for (size_t i = 0; i < tensors->count; i++) {
        size_t offset = tensors->items[i].offset;
        if (offset == mlp->first.weight || offset == mlp->second.weight) {
            mi_initialize_uniform(tensors, i, stream, values);
        } else if (offset == mlp->first.bias || offset == mlp->second.bias ||
                   offset == mlp->norm.bias) {
            mi_initialize_constant(tensors, i, 0, values);
        } else if (offset == mlp->norm.weight) {
            mi_initialize_constant(tensors, i, 1, values);
        }
    }
}

static mi_scalar *take(mi_arena *arena, size_t rows, size_t columns)
{
    return mi_arena_take(arena, rows, columns * sizeof(mi_scalar));
}

mi_mlp_pass *mi_mlp_carve(const mi_mlp *mlp, size_t rows, bool backward, mi_arena *arena)
{
    mi_mlp_pass *ret = mi_arena_take(arena, 1, sizeof *ret);
    mi_mlp_pass pass = {.inner = take(arena, rows, mlp->first.out)};
    pass.slopes = take(arena, rows, mlp->first.out);
    pass.active = take(arena, rows, mlp->first.out);
    pass.mean = take(arena, rows, 1);
    pass.scale = take(arena, rows, 1);
    pass.wide = backward ? take(arena, rows, mlp->first.out) : NULL;
    if (ret != NULL) {
        *ret = pass;
    }
    return ret;
}

/* x (rows,in), y (rows,out). */
void mi_mlp_forward(const mi_mlp *mlp, const mi_weights *weights, size_t rows, const mi_scalar *x,
                    mi_mlp_pass *pass, mi_scalar *y)
{
    mi_linear_forward(&mlp->first, weights, rows, x, pass->inner);
    mi_norm_forward(&mlp->norm, weights->values, rows, pass->inner, pass->slopes, pass->mean,
                    pass->scale);
    mi_gelu_slopes(rows * mlp->first.out, pass->slopes, pass->active);
    mi_linear_forward(&mlp->second, weights, rows, pass->active, y);
}

/* y = W2 gelu(LN(W1 x + b1)) + b2, from the last to the first. */
void mi_mlp_backward(const mi_mlp *mlp, const mi_weights *weights, size_t rows, const mi_scalar *x,
                     mi_mlp_pass *pass, const mi_scalar *dy, mi_scalar *opt_dx, mi_scalar *gradient)
{
    mi_linear_backward(&mlp->second, weights, rows, pass->active, dy, pass->wide, gradient);
    mi_times(rows * mlp->first.out, pass->slopes, pass->wide);
    mi_norm_backward(&mlp->norm, weights->values, rows, pass->inner, pass->mean, pass->scale,
                     pass->wide, pass->wide, gradient);
    mi_linear_backward(&mlp->first, weights, rows, x, pass->wide, opt_dx, gradient);
}
