/* Whole transformers over ragged batches in double precision: gradients against central
 * differences, outputs and attention maps against plain loops, non-finite blocks found. */
#include "gradients.h"

#include <stdlib.h>
#include <string.h>

#include "maskinfo/memory.h"
#include "maskinfo/transformer.h"

enum { SAMPLES = 5, ROWS = 11, LONGEST = 5, WIDTH = 12, HEADS = 3, HIDDEN = 20, DEPTH = 2 };

static const size_t starts[SAMPLES + 1] = {0, 3, 4, 4, 9, 11};

typedef struct stack {
    mi_tensors tensors;
    mi_transformer *transformer;
    mi_scalar *values, *transposed, *gradient;
    mi_arena arena;
    mi_tape *tape;
    mi_ragged batch;
    mi_scalar x[ROWS * WIDTH], y[ROWS * WIDTH], dy[ROWS * WIDTH], dx[ROWS * WIDTH];
    mi_scalar keep[DEPTH * 2 * SAMPLES], *opt_keep;
} stack;

static void create(stack *s, double layer_scale, size_t depth, bool depth_drops)
{
    mi_transformer_config config = {.width = WIDTH,
                                    .depth = depth,
                                    .heads = HEADS,
                                    .hidden = HIDDEN,
                                    .layer_scale = layer_scale};
    mi_ragged_limits limits = {.samples = SAMPLES, .rows = ROWS, .length = LONGEST};
    mi_arena dry = {0};
    gsl_rng *stream;
    memset(s, 0, sizeof *s);
    s->batch = (mi_ragged){.samples = SAMPLES, .starts = starts};
    assert_int_equal(mi_transformer_create(&config, "decoder_", &s->tensors, &s->transformer, NULL),
                     MI_OK);
    size_t total = s->tensors.total;
    assert_int_equal(mi_allocate(total, sizeof(mi_scalar), &s->values, NULL), MI_OK);
    assert_int_equal(mi_allocate(total, sizeof(mi_scalar), &s->transposed, NULL), MI_OK);
    assert_int_equal(mi_allocate(total, sizeof(mi_scalar), &s->gradient, NULL), MI_OK);
    assert_null(mi_tape_carve(s->transformer, limits, true, &dry));
    assert_int_equal(mi_arena_create(dry.used, &s->arena, NULL), MI_OK);
    s->tape = mi_tape_carve(s->transformer, limits, true, &s->arena);
    assert_int_equal(s->arena.used, dry.used);

    assert_int_equal(mi_stream_create(9, MI_PURPOSE_TEST, depth, &stream, NULL), MI_OK);
    gradients_fill(stream, total, 0.1, 0.5, s->values);
    gradients_fill(stream, ROWS * WIDTH, 0.2, 1, s->x);
    gradients_fill(stream, ROWS * WIDTH, 0, 1, s->dy);
    for (size_t i = 0; depth_drops && i < DEPTH * 2 * SAMPLES; i++) {
        s->keep[i] = i % 3 == 1 ? 0 : (mi_scalar)1.25;
        s->opt_keep = s->keep;
    }
    gsl_rng_free(stream);
}

static void destroy(stack *s)
{
    mi_arena_destroy(&s->arena);
    mi_transformer_destroy(s->transformer);
    mi_tensors_free(&s->tensors);
    free(s->values);
    free(s->transposed);
    free(s->gradient);
}

static mi_weights weights_of(stack *s)
{
    mi_run run = {.seed = 1, .threads = 1};
    assert_int_equal(mi_tensors_transpose(&s->tensors, s->values, s->transposed, &run, NULL),
                     MI_OK);
    return (mi_weights){.values = s->values, .transposed = s->transposed};
}

static double loss(void *context)
{
    stack *s = context;
    mi_weights weights = weights_of(s);
    memcpy(s->y, s->x, sizeof s->y);
    mi_transformer_forward(s->transformer, &weights, s->batch, s->y, s->opt_keep, s->tape);
    return gradients_weigh(ROWS * WIDTH, s->dy, s->y);
}

static void check_gradient(double layer_scale, size_t depth, bool drops)
{
    static stack s;
    create(&s, layer_scale, depth, drops);
    loss(&s);
    mi_weights weights = weights_of(&s);
    memcpy(s.dx, s.dy, sizeof s.dx);
    mi_transformer_backward(s.transformer, &weights, s.batch, s.tape, s.dx, s.gradient);
    gradients_check_tensors(&s.tensors, s.values, s.gradient, loss, &s, 1e-6);
    gradients_check("x", ROWS * WIDTH, s.x, s.dx, loss, &s, 1e-6);
    destroy(&s);
}

static void gradient(void **state)
{
    (void)state;
    check_gradient(0, DEPTH, false);
}

static void gradient_layer_scale(void **state)
{
    (void)state;
    check_gradient(0.1, DEPTH, false);
}

static void gradient_stochastic_depth(void **state)
{
    (void)state;
    check_gradient(0, DEPTH, true);
    check_gradient(0.1, DEPTH, true);
}

static void gradient_of_the_norm_alone(void **state)
{
    (void)state;
    check_gradient(0.1, 0, false);
}

/* --- The whole stack again in plain loops -------------------------------------------------- */

static const mi_scalar *tensor(const stack *s, size_t block, const char *part)
{
    char name[MI_TENSOR_NAME];
    snprintf(name, sizeof name, "decoder_blocks.%zu.%s", block, part);
    const mi_tensor *t = mi_tensors_find(&s->tensors, name);
    assert_non_null(t);
    return s->values + t->offset;
}

static void plain_linear(const mi_scalar *w, const mi_scalar *b, size_t in, size_t out,
                         const mi_scalar *x, mi_scalar *y)
{
    for (size_t r = 0; r < ROWS; r++) {
        for (size_t o = 0; o < out; o++) {
            y[r * out + o] = b[o];
            for (size_t i = 0; i < in; i++) {
                y[r * out + o] += w[o * in + i] * x[r * in + i];
            }
        }
    }
}

static void plain_norm(const mi_scalar *g, const mi_scalar *b, const mi_scalar *x, mi_scalar *y)
{
    for (size_t r = 0; r < ROWS; r++) {
        mi_scalar mean = 0, variance = 0;
        for (size_t i = 0; i < WIDTH; i++) {
            mean += x[r * WIDTH + i] / WIDTH;
        }
        for (size_t i = 0; i < WIDTH; i++) {
            variance += (x[r * WIDTH + i] - mean) * (x[r * WIDTH + i] - mean) / WIDTH;
        }
        for (size_t i = 0; i < WIDTH; i++) {
            y[r * WIDTH + i] =
                (x[r * WIDTH + i] - mean) / sqrt(variance + (mi_scalar)1e-6) * g[i] + b[i];
        }
    }
}

/* Softmax weights of row i (of the whole batch) on the rows from..to-1. */
static void plain_weights(const mi_scalar *qkv, size_t i, size_t h, size_t from, size_t to,
                          mi_scalar *p)
{
    mi_scalar sum = 0;
    for (size_t j = from; j < to; j++) {
        mi_scalar product = 0;
        for (size_t t = h * (WIDTH / HEADS); t < (h + 1) * (WIDTH / HEADS); t++) {
            product += qkv[i * 3 * WIDTH + t] * qkv[j * 3 * WIDTH + WIDTH + t];
        }
        p[j - from] = exp(product / sqrt((mi_scalar)(WIDTH / HEADS)));
        sum += p[j - from];
    }
    for (size_t j = 0; j < to - from; j++) {
        p[j] /= sum;
    }
}

static void plain_attention(const mi_scalar *qkv, mi_scalar *out)
{
    for (size_t s = 0; s < SAMPLES; s++) {
        for (size_t i = starts[s]; i < starts[s + 1]; i++) {
            for (size_t t = 0; t < WIDTH; t++) {
                mi_scalar p[LONGEST];
                plain_weights(qkv, i, t / (WIDTH / HEADS), starts[s], starts[s + 1], p);
                out[i * WIDTH + t] = 0;
                for (size_t j = starts[s]; j < starts[s + 1]; j++) {
                    out[i * WIDTH + t] += p[j - starts[s]] * qkv[j * 3 * WIDTH + 2 * WIDTH + t];
                }
            }
        }
    }
}

static void plain_add(const stack *s, size_t branch, const mi_scalar *gamma, const mi_scalar *y,
                      mi_scalar *x)
{
    for (size_t n = 0; n < SAMPLES; n++) {
        for (size_t i = starts[n] * WIDTH; i < starts[n + 1] * WIDTH; i++) {
            x[i] += s->keep[branch * SAMPLES + n] * gamma[i % WIDTH] * y[i];
        }
    }
}

static void plain_block(const stack *s, size_t l, mi_scalar *x, mi_scalar *qkv)
{
    mi_scalar normed[ROWS * WIDTH], out[ROWS * WIDTH], hidden[ROWS * HIDDEN];
    plain_norm(tensor(s, l, "norm1.weight"), tensor(s, l, "norm1.bias"), x, normed);
    plain_linear(tensor(s, l, "attn.qkv.weight"), tensor(s, l, "attn.qkv.bias"), WIDTH, 3 * WIDTH,
                 normed, qkv);
    plain_attention(qkv, normed);
    plain_linear(tensor(s, l, "attn.proj.weight"), tensor(s, l, "attn.proj.bias"), WIDTH, WIDTH,
                 normed, out);
    plain_add(s, 2 * l, tensor(s, l, "ls1.gamma"), out, x);
    plain_norm(tensor(s, l, "norm2.weight"), tensor(s, l, "norm2.bias"), x, normed);
    plain_linear(tensor(s, l, "mlp.fc1.weight"), tensor(s, l, "mlp.fc1.bias"), WIDTH, HIDDEN,
                 normed, hidden);
    for (size_t i = 0; i < ROWS * HIDDEN; i++) {
        hidden[i] *= 0.5 * erfc(-hidden[i] / sqrt(2));
    }
    plain_linear(tensor(s, l, "mlp.fc2.weight"), tensor(s, l, "mlp.fc2.bias"), HIDDEN, WIDTH,
                 hidden, out);
    plain_add(s, 2 * l + 1, tensor(s, l, "ls2.gamma"), out, x);
}

static void forward_and_attention(void **state)
{
    (void)state;
    static stack s;
    mi_scalar x[ROWS * WIDTH], y[ROWS * WIDTH], qkv[ROWS * 3 * WIDTH], p[LONGEST];
    mi_scalar attention[HEADS * LONGEST];
    create(&s, 0.1, DEPTH, true);
    loss(&s);
    memcpy(x, s.x, sizeof x);
    for (size_t l = 0; l < DEPTH; l++) {
        plain_block(&s, l, x, qkv);
        for (size_t n = 0; n < SAMPLES; n++) {
            size_t length = starts[n + 1] - starts[n];
            for (size_t i = 0; i < length; i++) {
                mi_transformer_attention(s.transformer, s.batch, s.tape, l, n, i, attention);
                for (size_t h = 0; h < HEADS; h++) {
                    plain_weights(qkv, starts[n] + i, h, starts[n], starts[n + 1], p);
                    double sum = 0;
                    for (size_t j = 0; j < length; j++) {
                        assert_near(attention[h * length + j], p[j], 1e-13);
                        sum += attention[h * length + j];
                    }
                    assert_near(sum, 1, 1e-14);
                }
            }
        }
    }
    const mi_tensor *g = mi_tensors_find(&s.tensors, "decoder_norm.weight");
    const mi_tensor *b = mi_tensors_find(&s.tensors, "decoder_norm.bias");
    plain_norm(s.values + g->offset, s.values + b->offset, x, y);
    for (size_t i = 0; i < ROWS * WIDTH; i++) {
        assert_near(s.y[i], y[i], 1e-12);
    }
    destroy(&s);
}

/* A tape for inference gives the same output from less memory, and the last block's attention. */
static void inference(void **state)
{
    (void)state;
    static stack s;
    mi_ragged_limits limits = {.samples = SAMPLES, .rows = ROWS, .length = LONGEST};
    mi_scalar y[ROWS * WIDTH], expected[HEADS * LONGEST], attention[HEADS * LONGEST];
    for (size_t depth = 0; depth <= DEPTH; depth += DEPTH) {
        create(&s, 0.1, depth, true);
        loss(&s);
        mi_arena dry = {0}, arena;
        mi_tape_carve(s.transformer, limits, false, &dry);
        assert_true(dry.used < s.arena.used * 2 / 3);
        assert_int_equal(mi_arena_create(dry.used, &arena, NULL), MI_OK);
        mi_tape *tape = mi_tape_carve(s.transformer, limits, false, &arena);
        mi_weights weights = weights_of(&s);
        memcpy(y, s.x, sizeof y);
        mi_transformer_forward(s.transformer, &weights, s.batch, y, s.opt_keep, tape);
        assert_memory_equal(y, s.y, sizeof y);
        if (depth > 0) {
            mi_transformer_attention(s.transformer, s.batch, s.tape, depth - 1, 3, 2, expected);
            mi_transformer_attention(s.transformer, s.batch, tape, depth - 1, 3, 2, attention);
            assert_memory_equal(attention, expected, sizeof attention);
        }
        mi_arena_destroy(&arena);
        destroy(&s);
    }
}

/* One parameter that is not finite, and where it is found. */
static void first_bad(void **state)
{
    (void)state;
    static stack s;
    const struct {
        const char *name;
        size_t expected;
    } cases[] = {{"decoder_blocks.0.attn.qkv.weight", 0}, {"decoder_blocks.0.mlp.fc2.bias", 0},
                 {"decoder_blocks.1.norm1.bias", 1},      {"decoder_blocks.1.mlp.fc1.weight", 1},
                 {"decoder_norm.weight", DEPTH},          {"decoder_norm.bias", DEPTH}};
    create(&s, 0, DEPTH, false);
    loss(&s);
    assert_int_equal(mi_transformer_first_bad(s.transformer, s.batch, s.tape), DEPTH + 1);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mi_scalar *value = s.values + mi_tensors_find(&s.tensors, cases[i].name)->offset + 3;
        mi_scalar held = *value;
        *value = i % 2 == 0 ? NAN : INFINITY;
        loss(&s);
        assert_int_equal(mi_transformer_first_bad(s.transformer, s.batch, s.tape),
                         cases[i].expected);
        *value = held;
    }
    destroy(&s);
}

static void refused(void **state)
{
    (void)state;
    const mi_transformer_config cases[] = {
        {.width = 10, .depth = 1, .heads = 3, .hidden = 5},
        {.width = 0, .depth = 1, .heads = 1, .hidden = 5},
        {.width = 8, .depth = 1, .heads = 0, .hidden = 5},
        {.width = 8, .depth = 1, .heads = 2, .hidden = 0},
    };
    const char *places[] = {"heads", "width", "heads", "hidden"};
    for (size_t i = 0; i < 4; i++) {
        mi_tensors tensors = {0};
        mi_transformer *transformer = NULL;
        mi_status status = {0};
        assert_int_equal(mi_transformer_create(&cases[i], "", &tensors, &transformer, &status),
                         MI_INPUT);
        assert_string_equal(status.place, places[i]);
        assert_null(transformer);
        mi_tensors_free(&tensors);
    }
}

/* timm's names, shapes and initial values. */
static void initial(void **state)
{
    (void)state;
    static stack s;
    create(&s, 0.25, DEPTH, false);
    gsl_rng *stream;
    assert_int_equal(mi_stream_create(9, MI_PURPOSE_WEIGHTS, 0, &stream, NULL), MI_OK);
    mi_transformer_initialize(s.transformer, &s.tensors, stream, s.values);
    gsl_rng_free(stream);
    assert_int_equal(s.tensors.count, DEPTH * 14 + 2);
    const mi_tensor *qkv = mi_tensors_find(&s.tensors, "decoder_blocks.1.attn.qkv.weight");
    assert_int_equal(qkv->shape[0], 3 * WIDTH);
    assert_int_equal(qkv->shape[1], WIDTH);
    double most = 0;
    for (size_t i = 0; i < qkv->count; i++) {
        most = fmax(most, fabs((double)s.values[qkv->offset + i]));
    }
    double bound = sqrt(6.0 / (4 * WIDTH));
    assert_true(most <= bound && most > 0.95 * bound);
    for (size_t i = 0; i < WIDTH; i++) {
        assert_near(tensor(&s, 1, "ls2.gamma")[i], 0.25, 0);
        assert_near(tensor(&s, 0, "norm2.weight")[i], 1, 0);
        assert_near(tensor(&s, 0, "norm2.bias")[i], 0, 0);
        assert_near(tensor(&s, 0, "attn.proj.bias")[i], 0, 0);
    }
    destroy(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradient),
        cmocka_unit_test(gradient_layer_scale),
        cmocka_unit_test(gradient_stochastic_depth),
        cmocka_unit_test(gradient_of_the_norm_alone),
        cmocka_unit_test(forward_and_attention),
        cmocka_unit_test(inference),
        cmocka_unit_test(first_bad),
        cmocka_unit_test(refused),
        cmocka_unit_test(initial),
    };
    mi_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
