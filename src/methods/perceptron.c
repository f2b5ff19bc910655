#include "perceptron.h"

#include <stdio.h>

mi_code mi_perceptron_add(mi_tensors *tensors, const char *prefix, size_t in, size_t hidden,
                          size_t out, mi_perceptron *ret_perceptron, mi_status *status)
{
    char name[MI_TENSOR_NAME];
    snprintf(name, sizeof name, "%s.fc1", prefix);
    mi_code code = mi_linear_add(tensors, name, in, hidden, true, &ret_perceptron->fc1, status);
    if (code == MI_OK) {
        snprintf(name, sizeof name, "%s.norm", prefix);
        code = mi_norm_add(tensors, name, hidden, &ret_perceptron->norm, status);
    }
    if (code == MI_OK) {
        snprintf(name, sizeof name, "%s.fc2", prefix);
        code = mi_linear_add(tensors, name, hidden, out, true, &ret_perceptron->fc2, status);
    }
    return code;
}

/* Index of the tensor at an offset. */
static size_t at(const mi_tensors *tensors, size_t offset)
{
    size_t index = 0;
    while (tensors->items[index].offset != offset) {
        index++;
    }
    return index;
}

void mi_perceptron_initialize(const mi_perceptron *p, const mi_tensors *tensors, gsl_rng *stream,
                              mi_scalar *values)
{
    mi_initialize_uniform(tensors, at(tensors, p->fc1.weight), stream, values);
    mi_initialize_constant(tensors, at(tensors, p->norm.weight), 1, values);
    mi_initialize_uniform(tensors, at(tensors, p->fc2.weight), stream, values);
}

mi_perceptron_tape mi_perceptron_carve(const mi_perceptron *p, size_t rows, mi_arena *arena)
{
    size_t hidden = p->fc1.out * sizeof(mi_scalar);
    return (mi_perceptron_tape){
        .first = mi_arena_take(arena, rows, hidden),
        .normed = mi_arena_take(arena, rows, hidden),
        .active = mi_arena_take(arena, rows, hidden),
        .slope = mi_arena_take(arena, rows, hidden),
        .mean = mi_arena_scalars(arena, rows),
        .scale = mi_arena_scalars(arena, rows),
        .y = mi_arena_take(arena, rows, p->fc2.out * sizeof(mi_scalar)),
        .dx = mi_arena_take(arena, rows, p->fc1.in * sizeof(mi_scalar)),
    };
}

void mi_perceptron_forward(const mi_perceptron *p, const mi_weights *weights, size_t rows,
                           const mi_scalar *x, mi_perceptron_tape *tape)
{
    tape->x = x;
    mi_linear_forward(&p->fc1, weights, rows, x, tape->first);
    mi_norm_forward(&p->norm, weights->values, rows, tape->first, tape->normed, tape->mean,
                    tape->scale);
    mi_gelu_forward(rows * p->fc1.out, tape->normed, tape->active);
    mi_linear_forward(&p->fc2, weights, rows, tape->active, tape->y);
}

void mi_perceptron_backward(const mi_perceptron *p, const mi_weights *weights, size_t rows,
                            const mi_scalar *dy, mi_perceptron_tape *tape, mi_scalar *gradient)
{
    /* y = fc2(active), active = gelu(normed), normed = norm(first), first = fc1(x) */
    mi_linear_backward(&p->fc2, weights, rows, tape->active, dy, tape->slope, gradient);
    mi_gelu_backward(rows * p->fc1.out, tape->normed, tape->slope, tape->slope);
    mi_norm_backward(&p->norm, weights->values, rows, tape->first, tape->mean, tape->scale,
                     tape->slope, tape->slope, gradient);
    mi_linear_backward(&p->fc1, weights, rows, tape->x, tape->slope, tape->dx, gradient);
}
