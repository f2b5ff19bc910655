/* Heads, losses and KoLeo in double precision: gradients against central differences. */
#include "gradients.h"

#include <string.h>

#include "maskinfo/distill.h"
#include "maskinfo/heads.h"

enum { ROWS = 6, IN = 5, HIDDEN = 9, BOTTLENECK = 4, PROTOTYPES = 11, BLOCK = 1024, MOST = 128 };

typedef struct head_case {
    mi_tensors tensors;
    mi_head head;
    mi_mlp mlp;
    mi_head_pass *pass;
    mi_mlp_pass *mlp_pass;
    mi_scalar values[BLOCK], transposed[BLOCK], gradient[BLOCK];
    mi_scalar x[MOST], y[MOST], dy[MOST], dx[MOST];
} head_case;

static mi_weights weights_of(head_case *c)
{
    mi_run run = {.seed = 1, .threads = 1};
    assert_int_equal(mi_tensors_transpose(&c->tensors, c->values, c->transposed, &run, NULL),
                     MI_OK);
    return (mi_weights){.values = c->values, .transposed = c->transposed};
}

static void fill(head_case *c)
{
    gsl_rng *stream;
    assert_int_equal(mi_stream_create(5, MI_PURPOSE_TEST, 1, &stream, NULL), MI_OK);
    assert_true(c->tensors.total <= BLOCK);
    gradients_fill(stream, c->tensors.total, 0.1, 0.7, c->values);
    gradients_fill(stream, MOST, 0.2, 1.3, c->x);
    gradients_fill(stream, MOST, 0, 1, c->dy);
    gsl_rng_free(stream);
}

static double head_loss(void *context)
{
    head_case *c = context;
    mi_weights weights = weights_of(c);
    mi_head_forward(&c->head, &weights, ROWS, c->x, c->pass, c->y);
    return gradients_weigh(ROWS * PROTOTYPES, c->dy, c->y);
}

static void check_head(size_t layers)
{
    static head_case c;
    c = (head_case){.tensors = {0}};
    mi_head_config config = {.in = IN,
                             .hidden = HIDDEN,
                             .bottleneck = BOTTLENECK,
                             .prototypes = PROTOTYPES,
                             .layers = layers};
    assert_int_equal(mi_head_create(&config, "head.", &c.tensors, &c.head, NULL), MI_OK);
    assert_int_equal(c.tensors.count, 2 * layers + 1);
    mi_arena dry = {0}, arena;
    mi_head_carve(&c.head, ROWS, true, &dry);
    assert_int_equal(mi_arena_create(dry.used, &arena, NULL), MI_OK);
    c.pass = mi_head_carve(&c.head, ROWS, true, &arena);
    assert_int_equal(arena.used, dry.used);
    fill(&c);
    head_loss(&c);
    mi_weights weights = weights_of(&c);
    mi_head_backward(&c.head, &weights, ROWS, c.x, c.pass, c.dy, c.dx, c.gradient);
    gradients_check_tensors(&c.tensors, c.values, c.gradient, head_loss, &c, 1e-6);
    gradients_check("x", ROWS * IN, c.x, c.dx, head_loss, &c, 1e-6);

    /* Gradients add up; dx in the place of x. */
    static mi_scalar once[BLOCK];
    memcpy(once, c.gradient, sizeof once);
    head_loss(&c);
    mi_head_backward(&c.head, &weights, ROWS, c.x, c.pass, c.dy, c.x, c.gradient);
    for (size_t i = 0; i < c.tensors.total; i++) {
        assert_near(c.gradient[i], 2 * once[i], 1e-12);
    }
    for (size_t i = 0; i < ROWS * IN; i++) {
        assert_near(c.x[i], c.dx[i], 1e-13);
    }
    mi_arena_destroy(&arena);
    mi_tensors_free(&c.tensors);
}

static void head(void **state)
{
    (void)state;
    check_head(1);
    check_head(2);
    check_head(3);
    check_head(4);
}

static double mlp_loss(void *context)
{
    head_case *c = context;
    mi_weights weights = weights_of(c);
    mi_mlp_forward(&c->mlp, &weights, ROWS, c->x, c->mlp_pass, c->y);
    return gradients_weigh(ROWS * c->mlp.second.out, c->dy, c->y);
}

static void mlp(void **state)
{
    (void)state;
    static head_case c;
    c = (head_case){.tensors = {0}};
    assert_int_equal(mi_mlp_create(IN, HIDDEN, 7, "predictor.", &c.tensors, &c.mlp, NULL), MI_OK);
    mi_arena dry = {0}, arena;
    mi_mlp_carve(&c.mlp, ROWS, true, &dry);
    assert_int_equal(mi_arena_create(dry.used, &arena, NULL), MI_OK);
    c.mlp_pass = mi_mlp_carve(&c.mlp, ROWS, true, &arena);
    fill(&c);
    mlp_loss(&c);
    mi_weights weights = weights_of(&c);
    mi_mlp_backward(&c.mlp, &weights, ROWS, c.x, c.mlp_pass, c.dy, c.dx, c.gradient);
    gradients_check_tensors(&c.tensors, c.values, c.gradient, mlp_loss, &c, 1e-6);
    gradients_check("x", ROWS * IN, c.x, c.dx, mlp_loss, &c, 1e-6);
    mi_arena_destroy(&arena);
    mi_tensors_free(&c.tensors);
}

/* Rows of some numbers, weighted, and their targets. */
typedef struct loss_case {
    mi_scalar z[ROWS * PROTOTYPES], p[ROWS * PROTOTYPES], q[ROWS * PROTOTYPES];
    mi_scalar weights[ROWS];
} loss_case;

static double cross_entropy(void *context)
{
    loss_case *c = context;
    memcpy(c->q, c->z, sizeof c->q);
    return mi_distill_loss(ROWS, PROTOTYPES, 0.1, c->p, c->weights, false, c->q);
}

static void distill(void **state)
{
    (void)state;
    static loss_case c;
    gsl_rng *stream;
    assert_int_equal(mi_stream_create(6, MI_PURPOSE_TEST, 1, &stream, NULL), MI_OK);
    gradients_fill(stream, ROWS * PROTOTYPES, 0, 0.1, c.z);
    gradients_fill(stream, ROWS * PROTOTYPES, 0, 0.1, c.p);
    gradients_fill(stream, ROWS, 1, 0.5, c.weights);
    gsl_rng_free(stream);
    mi_distill_targets(ROWS, PROTOTYPES, NULL, 0.07, c.p, NULL);
    for (size_t k = 0; k < PROTOTYPES; k++) {
        c.p[k] *= (mi_scalar)1.7; /* targets need not have sum 1 */
    }
    static mi_scalar gradient[ROWS * PROTOTYPES];
    memcpy(gradient, c.z, sizeof gradient);
    double loss = mi_distill_loss(ROWS, PROTOTYPES, 0.1, c.p, c.weights, true, gradient);
    assert_near(loss, cross_entropy(&c), 1e-13);
    gradients_check("z", ROWS * PROTOTYPES, c.z, gradient, cross_entropy, &c, 1e-6);

    cross_entropy(&c); /* -sum w p log q */
    double expected = 0;
    for (size_t i = 0; i < ROWS * PROTOTYPES; i++) {
        expected -= c.weights[i / PROTOTYPES] * c.p[i] * log(c.q[i]);
    }
    assert_near(loss, expected, 1e-12);
}

typedef struct koleo_case {
    mi_scalar x[MOST], dx[MOST], room[4 * MOST];
} koleo_case;

static double koleo_loss(void *context)
{
    koleo_case *c = context;
    return 0.7 * mi_koleo(9, 5, c->x, 1, NULL, c->room);
}

/* The nearest ones do not change within the differences. */
static void koleo(void **state)
{
    (void)state;
    static koleo_case c;
    gsl_rng *stream;
    assert_int_equal(mi_stream_create(7, MI_PURPOSE_TEST, 1, &stream, NULL), MI_OK);
    gradients_fill(stream, MOST, 0.2, 1, c.x);
    gsl_rng_free(stream);
    assert_true(mi_koleo_room(9, 5) <= 4 * MOST);
    mi_koleo(9, 5, c.x, 0.7, c.dx, c.room);
    gradients_check("x", 45, c.x, c.dx, koleo_loss, &c, 1e-6);
}

int main(void)
{
    mi_start();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(head),
        cmocka_unit_test(mlp),
        cmocka_unit_test(distill),
        cmocka_unit_test(koleo),
    };
    return cmocka_run_group_tests_name("heads and losses in double precision", tests, NULL, NULL);
}
