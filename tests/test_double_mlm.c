/* The gradient of the whole masked language model in double precision against differences. */
#include "mlm_support.h"

/* Fresh weights are too regular (biases 0, norms 1, embeddings small): add noise. */
static mi_scalar *rough_weights(mi_method method)
{
    mi_scalar *values = block_of(method);
    const mi_tensors *tensors = method.class->tensors(method.state);
    mi_stream_room room;
    gsl_rng *stream = mi_stream_place(&room, 11, MI_PURPOSE_TEST, 1);
    method.class->initialize(method.state, 3, values);
    for (size_t t = 0; t < tensors->count; t++) {
        for (size_t i = 0; i < tensors->items[t].count; i++) {
            values[tensors->items[t].offset + i] += 0.4 * (gsl_rng_uniform(stream) - 0.5);
        }
    }
    return values;
}

static void check(const char *json, size_t rows, size_t columns)
{
    mi_source_shape shape = symbols_of(rows, columns, 5);
    mi_method method = method_of("mlm", json, shape);
    mi_examples batch = symbols_draw(3, shape, 0.5, 7);
    mi_scalar *values = rough_weights(method);
    gradients_equal_differences(method, values, &batch, 60, 1e-6);
    free(values);
    symbols_free(&batch);
    method.class->destroy(method.state);
}

static void fixed_positions_and_mask(void **state)
{
    (void)state;
    check("{\"encoder\": {\"width\": 8, \"depth\": 2, \"heads\": 2, \"hidden\": 12}}", 1, 6);
}

static void learned_positions_tied_head_and_80_10_10(void **state)
{
    (void)state;
    check(
        "{\"encoder\": {\"width\": 8, \"depth\": 2, \"heads\": 2, \"hidden\": 12}, \"positions\": "
        "\"learned\", \"tied\": \"yes\", \"corruption\": \"bert\"}",
        1, 7);
}

static void layer_scale_and_stochastic_depth(void **state)
{
    (void)state;
    check("{\"encoder\": {\"width\": 6, \"depth\": 3, \"heads\": 3, \"layer_scale\": 0.3, "
          "\"stochastic_depth\": 0.5}, \"positions\": \"learned\"}",
          1, 5);
}

static void lattice(void **state)
{
    (void)state;
    check("{\"encoder\": {\"width\": 8, \"depth\": 1, \"heads\": 4}, \"tied\": \"yes\"}", 2, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fixed_positions_and_mask),
        cmocka_unit_test(learned_positions_tied_head_and_80_10_10),
        cmocka_unit_test(layer_scale_and_stochastic_depth),
        cmocka_unit_test(lattice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
