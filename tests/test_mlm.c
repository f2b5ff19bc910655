/* The masked language model: against PyTorch, against an entropy, and what its corruption, head and
 * messages do. */
#include "brute_force.h"
#include "mlm_support.h"

#include "../src/methods/mlm.h"
#include "maskinfo/optimizer.h"
#include "maskinfo/safetensors.h"
#include "maskinfo/train.h"

static const char *const small = "{\"encoder\": {\"width\": 8, \"depth\": 2, \"heads\": 2}}";

/* ---- PyTorch ---- */

enum { STEPS = 20, BATCH = 6 };

typedef struct recorded {
    const char *name, *json;
    size_t rows, columns, vocabulary;
} recorded;

static const void *bytes_of(const mi_safetensors *file, const char *name, const char *what)
{
    char full[128];
    snprintf(full, sizeof full, "%s.%s", name, what);
    const mi_safetensor *tensor = mi_safetensors_find(file, full);
    if (tensor == NULL) {
        fail_msg("no %s", full);
    }
    return tensor->bytes;
}

/* A block of recorded tensors: "weights", "gradient" or "after". */
static mi_scalar *block_from(mi_method method, const mi_safetensors *file, const char *name,
                             const char *kind)
{
    char prefix[64];
    mi_status status = {.code = MI_OK};
    mi_scalar *block = block_of(method);
    snprintf(prefix, sizeof prefix, "%s.%s.", name, kind);
    if (mi_tensors_load(method.class->tensors(method.state), file, prefix, block, &status) !=
        MI_OK) {
        fail_msg("%s", status.message);
    }
    return block;
}

static mi_examples batch_from(const mi_safetensors *file, const recorded *r, size_t step)
{
    size_t sites = r->rows * r->columns, count = BATCH * sites;
    const unsigned char *symbols = bytes_of(file, r->name, "symbols");
    const unsigned char *masked = bytes_of(file, r->name, "masked");
    mi_examples batch = {.count = BATCH, .seed = 1};
    batch.symbols = malloc(count * sizeof *batch.symbols);
    batch.masked = malloc(count);
    for (size_t i = 0; i < count; i++) {
        batch.symbols[i] = symbols[step * count + i];
        batch.masked[i] = masked[step * count + i];
        batch.masked_total += batch.masked[i];
    }
    return batch;
}

/* Is this entry a key's bias? The loss does not depend on those: their gradients are rounding, of
 * which AdamW makes steps of full size. */
static bool is_key_bias(const mi_tensor *tensor, size_t i)
{
    size_t third = tensor->count / 3;
    return strstr(tensor->name, "attn.qkv.bias") != NULL && i >= third && i < 2 * third;
}

/* The largest deviation over the largest entry, of every tensor. */
static void blocks_near(mi_method method, const mi_scalar *actual, const mi_scalar *expected,
                        double tolerance)
{
    const mi_tensors *tensors = method.class->tensors(method.state);
    for (size_t t = 0; t < tensors->count; t++) {
        const mi_tensor *tensor = &tensors->items[t];
        double worst = 0, largest = 0;
        for (size_t i = 0; i < tensor->count; i++) {
            double a = (double)actual[tensor->offset + i], e = (double)expected[tensor->offset + i];
            worst = is_key_bias(tensor, i) ? worst : fmax(worst, fabs(a - e));
            largest = fmax(largest, fabs(e));
        }
        if (!(worst <= tolerance * largest)) {
            fail_msg("%s: off by %.3g of %.3g", tensor->name, worst, largest);
        }
    }
}

/* One step as torch.nn.utils.clip_grad_norm_ and torch.optim.AdamW. */
static void adamw_step(mi_method method, size_t t, const mi_scalar *gradient, mi_scalar *first,
                       mi_scalar *second, mi_scalar *values)
{
    static const mi_adamw adamw = {.beta1 = 0.9, .beta2 = 0.95, .epsilon = 1e-6, .decay = 0.05};
    const mi_tensors *tensors = method.class->tensors(method.state);
    mi_run run = support_run(1);
    double norm = mi_gradient_norm(tensors, gradient, &run);
    double rate = 0.003 * (1 - (double)(t - 1) / STEPS);
    assert_int_equal(mi_adamw_step(&adamw, tensors, t, rate, fmin(1, 1 / (norm + 1e-6)), gradient,
                                   first, second, values, &run, NULL),
                     MI_OK);
}

static void follow(const mi_safetensors *file, const recorded *r)
{
    mi_method method = method_of("mlm", r->json, symbols_of(r->rows, r->columns, r->vocabulary));
    mi_scalar *values = block_from(method, file, r->name, "weights");
    mi_scalar *expected = block_from(method, file, r->name, "gradient");
    mi_scalar *after = block_from(method, file, r->name, "after");
    mi_scalar *gradient = block_of(method), *first = block_of(method), *second = block_of(method);
    double losses[STEPS];
    memcpy(losses, bytes_of(file, r->name, "losses"), sizeof losses); /* not aligned in the file */
    for (size_t t = 0; t < STEPS; t++) {
        mi_examples batch = batch_from(file, r, t);
        double loss = loss_of(method, values, &batch, gradient);
        assert_near(loss, losses[t], 2e-6 * losses[t]);
        if (t == 0) {
            blocks_near(method, gradient, expected, 1e-5);
        }
        adamw_step(method, t + 1, gradient, first, second, values);
        symbols_free(&batch);
    }
    blocks_near(method, values, after, 2e-5);
    free(values);
    free(expected);
    free(after);
    free(gradient);
    free(first);
    free(second);
    method.class->destroy(method.state);
}

static void equals_pytorch(void **state)
{
    (void)state;
    static const recorded cases[] = {
        {"sequence", "{\"encoder\": {\"width\": 16, \"depth\": 2, \"heads\": 2, \"hidden\": 40}}",
         1, 12, 11},
        {"tied",
         "{\"encoder\": {\"width\": 12, \"depth\": 2, \"heads\": 3, \"hidden\": 24, "
         "\"layer_scale\": 1}, \"positions\": \"learned\", \"tied\": \"yes\"}",
         1, 10, 16},
        {"lattice", "{\"encoder\": {\"width\": 16, \"depth\": 1, \"heads\": 4, \"hidden\": 16}}", 3,
         4, 3},
    };
    mi_safetensors *file = NULL;
    assert_int_equal(mi_safetensors_read("tests/torch/data/mlm.safetensors", &file, NULL), MI_OK);
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        follow(file, &cases[c]);
    }
    mi_safetensors_destroy(file);
}

/* ---- corruption ---- */

static void z_near(double count, double trials, double p)
{
    double z = (count - trials * p) / sqrt(trials * p * (1 - p));
    if (!(fabs(z) < 4)) {
        fail_msg("%g of %g, expected a share of %g: z = %.2f", count, trials, p, z);
    }
}

/* Masked symbols show [MASK] with 0.8, the truth with 0.1 + 0.1/V, another one with 0.1 (V-1)/V,
 * all equally; visible ones stay. */
static void corruption_is_80_10_10(void **state)
{
    (void)state;
    enum { COUNT = 400, SITES = 100, VOCABULARY = 7 };
    mi_source_shape shape = symbols_of(1, SITES, VOCABULARY);
    mi_method method = method_of(
        "mlm",
        "{\"encoder\": {\"width\": 4, \"depth\": 0, \"heads\": 1}, \"corruption\": \"bert\"}",
        shape);
    mi_examples batch = symbols_draw(COUNT, shape, 0.5, 21);
    unsigned *ids = malloc(COUNT * SITES * sizeof *ids);
    mi_mlm_work work = {.ids = ids};
    mi_shard shard = {.count = COUNT};
    mi_mlm_corrupt(method.state, &batch, &shard, true, &work);
    double masks = 0, kept = 0, shifted[VOCABULARY] = {0}, trials = (double)batch.masked_total;
    for (size_t i = 0; i < COUNT * SITES; i++) {
        if (batch.masked[i] == 0) {
            assert_int_equal(ids[i], batch.symbols[i]);
        } else if (ids[i] == VOCABULARY) {
            masks++;
        } else {
            kept += ids[i] == batch.symbols[i];
            shifted[(ids[i] + VOCABULARY - batch.symbols[i]) % VOCABULARY]++;
        }
    }
    z_near(masks, trials, 0.8);
    z_near(kept, trials, 0.1 + 0.1 / VOCABULARY);
    for (size_t d = 1; d < VOCABULARY; d++) {
        z_near(shifted[d], trials, 0.1 / VOCABULARY);
    }

    unsigned alone[SITES]; /* sample 3 draws the same on its own */
    mi_mlm_work other = {.ids = alone};
    mi_mlm_corrupt(method.state, &batch, &(mi_shard){.first = 3, .count = 1}, true, &other);
    assert_memory_equal(alone, ids + 3 * SITES, sizeof alone);
    mi_mlm_corrupt(method.state, &batch, &(mi_shard){.first = 3, .count = 1}, false, &other);
    for (size_t i = 0; i < SITES; i++) {
        size_t at = 3 * SITES + i;
        assert_int_equal(alone[i], batch.masked[at] != 0 ? VOCABULARY : batch.symbols[at]);
    }
    free(ids);
    symbols_free(&batch);
    method.class->destroy(method.state);
}

/* ---- what the parts agree on ---- */

typedef struct outputs {
    method_pass pass;
    mi_scalar *to;
} outputs;

static mi_code predict_shard(const mi_shard *shard, void *context, mi_status *status)
{
    const outputs *o = context;
    return o->pass.method.class->predict(o->pass.method.state, &o->pass.weights, o->pass.batch,
                                         shard, o->to, status);
}

static mi_code features_shard(const mi_shard *shard, void *context, mi_status *status)
{
    const outputs *o = context;
    return o->pass.method.class->features(o->pass.method.state, &o->pass.weights, o->pass.batch,
                                          shard, o->to, status);
}

/* predict or features of a batch in `shards` shards. */
static void outputs_of(mi_method method, const mi_scalar *values, const mi_examples *batch,
                       size_t shards, mi_shard_work work, mi_scalar *to)
{
    const mi_tensors *tensors = method.class->tensors(method.state);
    mi_run run = support_run(1);
    mi_arena dry = {0};
    mi_shards *made = NULL;
    double sums[MI_SHARD_SUMS];
    mi_scalar *transposed = block_of(method);
    assert_int_equal(mi_tensors_transpose(tensors, values, transposed, &run, NULL), MI_OK);
    method.class->carve(method.state, mi_shards_largest(shards, batch->count), false, &dry);
    assert_int_equal(mi_shards_create(shards, 2, 0, dry.used, &made, NULL), MI_OK);
    outputs o = {{method, {values, transposed}, batch}, to};
    assert_int_equal(mi_shards_run(made, &run, batch->count, work, &o, NULL, sums, NULL), MI_OK);
    mi_shards_destroy(made);
    free(transposed);
}

static mi_scalar *fresh(mi_method method)
{
    mi_scalar *values = block_of(method);
    method.class->initialize(method.state, 3, values);
    return values;
}

/* predict's log-probabilities sum to 1 and have the loss as their mean; visible symbols get 0. */
static void predictions_give_the_loss(void **state)
{
    (void)state;
    static const char *const heads[] = {
        "{\"encoder\": {\"width\": 8, \"depth\": 2, \"heads\": 2}}",
        "{\"encoder\": {\"width\": 8, \"depth\": 2, \"heads\": 2}, \"tied\": \"yes\"}",
    };
    enum { COUNT = 5, SITES = 9, VOCABULARY = 6 };
    mi_source_shape shape = symbols_of(1, SITES, VOCABULARY);
    mi_examples batch = symbols_draw(COUNT, shape, 0.5, 8);
    for (size_t h = 0; h < 2; h++) {
        mi_method method = method_of("mlm", heads[h], shape);
        mi_scalar *values = fresh(method);
        mi_scalar predicted[COUNT * SITES * VOCABULARY];
        outputs_of(method, values, &batch, 3, predict_shard, predicted);
        double loss = 0;
        for (size_t i = 0; i < COUNT * SITES; i++) {
            double sum = 0;
            for (size_t v = 0; v < VOCABULARY; v++) {
                sum += exp((double)predicted[i * VOCABULARY + v]);
            }
            assert_near(sum, batch.masked[i] != 0 ? 1 : VOCABULARY, 1e-5);
            loss -= (double)predicted[i * VOCABULARY + batch.symbols[i]];
        }
        assert_near(loss / (double)batch.masked_total, loss_of(method, values, &batch, NULL), 1e-6);
        free(values);
        method.class->destroy(method.state);
    }
    symbols_free(&batch);
}

/* Without blocks the features are the mean of the normalised embeddings; masks do not matter. */
static void features_are_means(void **state)
{
    (void)state;
    enum { SITES = 4, WIDTH = 6 };
    mi_source_shape shape = symbols_of(1, SITES, 5);
    mi_method method =
        method_of("mlm", "{\"encoder\": {\"width\": 6, \"depth\": 0, \"heads\": 1}}", shape);
    const mi_mlm *m = method.state;
    mi_examples batch = symbols_draw(2, shape, 0, 8);
    batch.masked[SITES + 1] = 1;
    mi_scalar *values = fresh(method), features[2 * WIDTH];
    outputs_of(method, values, &batch, 2, features_shard, features);
    double expected[2][WIDTH] = {{0}};
    for (size_t i = 0; i < 2 * SITES; i++) {
        double x[WIDTH], mean = 0, square = 0;
        for (size_t j = 0; j < WIDTH; j++) {
            x[j] = (double)values[m->embedding + batch.symbols[i] * WIDTH + j] +
                   (double)m->opt_fixed[i % SITES * WIDTH + j];
            mean += x[j] / WIDTH;
        }
        for (size_t j = 0; j < WIDTH; j++) {
            square += (x[j] - mean) * (x[j] - mean) / WIDTH;
        }
        for (size_t j = 0; j < WIDTH; j++) {
            expected[i / SITES][j] += (x[j] - mean) / sqrt(square + 1e-6) / SITES;
        }
    }
    for (size_t j = 0; j < 2 * WIDTH; j++) {
        assert_near(features[j], expected[j / WIDTH][j % WIDTH], 1e-5);
    }
    free(values);
    symbols_free(&batch);
    method.class->destroy(method.state);
}

/* 80-10-10 is for training alone: predictions are made with plain [MASK], as those of a network
 * that has the same weights and is trained with it; so are branches left out of training steps
 * alone. */
static void predictions_are_made_without_noise(void **state)
{
    (void)state;
    enum { COUNT = 5, SITES = 9, VOCABULARY = 6, SIZE = COUNT * SITES * VOCABULARY };
    mi_source_shape shape = symbols_of(1, SITES, VOCABULARY);
    mi_examples batch = symbols_draw(COUNT, shape, 0.5, 8);
    mi_method plain = method_of("mlm", small, shape);
    mi_method noisy = method_of("mlm",
                                "{\"encoder\": {\"width\": 8, \"depth\": 2, \"heads\": 2, "
                                "\"stochastic_depth\": 0.5}, \"corruption\": \"bert\"}",
                                shape);
    mi_method dropped = method_of("mlm",
                                  "{\"encoder\": {\"width\": 8, \"depth\": 2, \"heads\": 2, "
                                  "\"stochastic_depth\": 0.5}}",
                                  shape);
    mi_scalar *values = fresh(plain), *gradient = block_of(plain), one[SIZE], two[SIZE];
    outputs_of(plain, values, &batch, 3, predict_shard, one);
    outputs_of(noisy, values, &batch, 3, predict_shard, two);
    assert_memory_equal(one, two, sizeof one);
    double loss = loss_of(plain, values, &batch, NULL);
    assert_true(loss_of(noisy, values, &batch, NULL) != loss);
    assert_true(loss_of(dropped, values, &batch, NULL) == loss);
    assert_true(loss_of(dropped, values, &batch, gradient) != loss);
    free(values);
    free(gradient);
    symbols_free(&batch);
    plain.class->destroy(plain.state);
    noisy.class->destroy(noisy.state);
    dropped.class->destroy(dropped.state);
}

/* Block l of 4 leaves a branch out with probability 0.6 l/3 and weighs the others by the inverse of
 * what is kept, each sample by its own stream. */
static void branches_are_left_out_by_depth(void **state)
{
    (void)state;
    enum { DEPTH = 4, COUNT = 4000 };
    mi_examples batch = {.count = COUNT, .seed = 3, .first = 100};
    mi_shard shard = {.count = COUNT}, late = {.first = 7, .count = 1};
    mi_scalar *keep = malloc(DEPTH * 2 * COUNT * sizeof *keep), alone[DEPTH * 2];
    mi_stochastic_depth(0.6, DEPTH, &batch, &shard, keep);
    mi_stochastic_depth(0.6, DEPTH, &batch, &late, alone);
    for (size_t branch = 0; branch < DEPTH * 2; branch++) {
        double left_out = 0, drop = 0.6 * (double)(branch / 2) / 3;
        for (size_t s = 0; s < COUNT; s++) {
            mi_scalar k = keep[branch * COUNT + s];
            left_out += k == 0;
            assert_near(k, k == 0 ? 0 : 1 / (1 - drop), 1e-6);
        }
        if (branch < 2) {
            assert_true(left_out == 0);
        } else {
            z_near(left_out, COUNT, drop);
        }
        assert_true(alone[branch] == keep[branch * COUNT + 7]);
    }
    mi_stochastic_depth(0.6, 1, &batch, &shard, keep); /* a single block drops at the full rate */
    double left_out = 0;
    for (size_t s = 0; s < COUNT; s++) {
        left_out += keep[s] == 0;
    }
    z_near(left_out, COUNT, 0.6);
    free(keep);
}

static void same_bytes_at_any_thread_count(void **state)
{
    (void)state;
    mi_source_shape shape = symbols_of(1, 16, 6);
    mi_method method = method_of("mlm",
                                 "{\"encoder\": {\"width\": 8, \"depth\": 2, \"heads\": 2, "
                                 "\"stochastic_depth\": 0.3}, \"corruption\": \"bert\"}",
                                 shape);
    mi_examples batch = symbols_draw(13, shape, 0.4, 8);
    size_t bytes = method.class->tensors(method.state)->total * sizeof(mi_scalar);
    mi_scalar *values = fresh(method), *one = block_of(method), *other = block_of(method);
    double loss = 0, again = 0;
    assert_int_equal(method_loss(method, values, &batch, 8, 1, one, &loss, NULL), MI_OK);
    for (int threads = 2; threads <= 8; threads *= 2) {
        assert_int_equal(method_loss(method, values, &batch, 8, threads, other, &again, NULL),
                         MI_OK);
        assert_memory_equal(one, other, bytes);
        assert_true(loss == again);
    }
    free(values);
    free(one);
    free(other);
    symbols_free(&batch);
    method.class->destroy(method.state);
}

/* A vocabulary whose logits are computed in several pieces: 4 samples in one shard, or one each. */
static void large_vocabularies_go_in_pieces(void **state)
{
    (void)state;
    mi_source_shape shape = symbols_of(1, 12, 20000);
    mi_method method =
        method_of("mlm", "{\"encoder\": {\"width\": 4, \"depth\": 1, \"heads\": 1}}", shape);
    mi_examples batch = symbols_draw(4, shape, 0.9, 8);
    assert_true(batch.masked_total > 32);
    mi_scalar *values = fresh(method), *one = block_of(method), *other = block_of(method);
    double loss = 0, again = 0;
    assert_int_equal(method_loss(method, values, &batch, 1, 1, one, &loss, NULL), MI_OK);
    assert_int_equal(method_loss(method, values, &batch, 4, 1, other, &again, NULL), MI_OK);
    assert_near(loss, again, 1e-6 * loss);
    blocks_near(method, one, other, 1e-5);
    free(values);
    free(one);
    free(other);
    symbols_free(&batch);
    method.class->destroy(method.state);
}

static void nothing_masked_costs_nothing(void **state)
{
    (void)state;
    mi_source_shape shape = symbols_of(1, 6, 5);
    mi_method method = method_of("mlm", small, shape);
    mi_examples batch = symbols_draw(3, shape, 0, 8);
    mi_scalar *values = fresh(method), *gradient = block_of(method);
    mi_run run = support_run(1);
    assert_true(loss_of(method, values, &batch, gradient) == 0);
    assert_true(mi_gradient_norm(method.class->tensors(method.state), gradient, &run) == 0);
    free(values);
    free(gradient);
    symbols_free(&batch);
    method.class->destroy(method.state);
}

/* ---- initial weights ---- */

/* Score q k / sqrt(d) of one head of the first block, of inputs x and y (width). */
static double score(const mi_mlm *m, const mi_scalar *values, size_t head, const double *x,
                    const double *y)
{
    size_t width = m->encoder->config.width, d = width / m->encoder->config.heads;
    const mi_scalar *queries = values + m->encoder->blocks[0].qkv.weight;
    double sum = 0;
    for (size_t r = head * d; r < (head + 1) * d; r++) {
        double q = 0, k = 0;
        for (size_t j = 0; j < width; j++) {
            q += (double)queries[r * width + j] * x[j];
            k += (double)queries[(width + r) * width + j] * y[j];
        }
        sum += q * k;
    }
    return sum / sqrt((double)d);
}

/* The scores of a place with itself are 12 on average over heads and places, and fall off with the
 * distance, in both directions alike. */
static void fresh_queries_look_about_themselves(void **state)
{
    (void)state;
    enum { WIDTH = 64, SITES = 16, HEADS = 4 };
    mi_method method =
        method_of("mlm", "{\"encoder\": {\"width\": 64, \"depth\": 1, \"heads\": 4}}",
                  symbols_of(1, SITES, 5));
    const mi_mlm *m = method.state;
    mi_scalar *values = fresh(method);
    double x[SITES][WIDTH], mean[SITES] = {0};
    for (size_t i = 0; i < SITES; i++) {
        double sum = 0, square = 0;
        for (size_t j = 0; j < WIDTH; j++) {
            x[i][j] = (double)m->opt_fixed[i * WIDTH + j];
            sum += x[i][j];
            square += x[i][j] * x[i][j];
        }
        double deviation = sqrt(square / WIDTH - sum / WIDTH * sum / WIDTH);
        for (size_t j = 0; j < WIDTH; j++) {
            x[i][j] = (x[i][j] - sum / WIDTH) / deviation;
        }
    }
    for (size_t distance = 0; distance < 4; distance++) {
        for (size_t i = 0; i + distance < SITES; i++) {
            for (size_t h = 0; h < HEADS; h++) {
                double there = score(m, values, h, x[i], x[i + distance]);
                assert_near(there, score(m, values, h, x[i + distance], x[i]), 1e-5);
                mean[distance] += there / (double)((SITES - distance) * HEADS);
            }
        }
    }
    assert_near(mean[0], 12, 1.2);
    assert_true(mean[1] < mean[0] - 0.5);
    assert_true(mean[2] < mean[1] - 0.5);
    assert_true(mean[3] < mean[2] - 0.5);
    free(values);
    method.class->destroy(method.state);
}

/* ---- symbols without context ---- */

enum { IID_VOCABULARY = 8, IID_SITES = 12, IID_EVALUATED = 64 };

/* Zipf's law with exponent 1. */
static double zipf(size_t symbol)
{
    double sum = 0;
    for (size_t v = 1; v <= IID_VOCABULARY; v++) {
        sum += 1 / (double)v;
    }
    return 1 / ((double)symbol + 1) / sum;
}

static mi_model *iid_model(void)
{
    mi_values *values = values_for("mixing");
    value_of(values, "vocab")->integer = IID_VOCABULARY;
    value_of(values, "rho")->real = 0;
    value_of(values, "zipf")->real = 1;
    value_of(values, "length")->integer = IID_SITES;
    return model_of("mixing", values);
}

static mi_trainer *iid_trained(mi_method method, const mi_source *source)
{
    mi_values *masking = NULL;
    const mi_mask_class *random = mi_mask_find("random");
    mi_trainer *trainer = NULL;
    mi_run run = support_run(1);
    mi_status status = {.code = MI_OK};
    assert_int_equal(mi_values_create(random->parameters, &masking, NULL), MI_OK);
    value_of(masking, "count")->text = strdup("fixed");
    mi_setting setting = {.method = method,
                          .source = source,
                          .masking = {random, masking},
                          .ratio = {0, 1},
                          .training = {.steps = 300,
                                       .batch = 32,
                                       .shards = 4,
                                       .schedule = {0.01, 0, 20, 300},
                                       .adamw = {0.9, 0.95, 1e-8, 0},
                                       .clip = 1},
                          .identity = "test"};
    if (mi_trainer_create(&setting, &run, &trainer, &status) != MI_OK) {
        fail_msg("%s", status.message);
    }
    while (trainer->step < setting.training.steps) {
        assert_int_equal(mi_trainer_step(trainer, &run, &status), MI_OK);
    }
    mi_values_destroy(masking);
    return trainer;
}

/* Nothing is to be learned but the law of one symbol: at every masked place of new sequences, and
 * whatever is visible, the prediction is off that law by a divergence of at most 0.001 nats on
 * average (the loss above the entropy), and the mean surprise is the entropy within its error. */
static void symbols_without_context_cost_their_entropy(void **state)
{
    (void)state;
    mi_model *model = iid_model();
    mi_run run = support_run(1);
    mi_source *source = NULL;
    assert_int_equal(mi_source_create(model, &run, &source, NULL), MI_OK);
    mi_method method = method_of("mlm", "{\"encoder\": {\"width\": 8, \"depth\": 1, \"heads\": 2}}",
                                 mi_source_shape_of(source));
    mi_trainer *trainer = iid_trained(method, source);
    mi_examples batch =
        symbols_draw(IID_EVALUATED, symbols_of(1, IID_SITES, IID_VOCABULARY), 0.5, 9);
    gsl_rng *stream = NULL;
    assert_int_equal(mi_stream_create(5, MI_PURPOSE_TEST, 0, &stream, NULL), MI_OK);
    for (size_t i = 0; i < IID_EVALUATED * IID_SITES; i++) {
        double u = gsl_rng_uniform(stream);
        unsigned v = 0;
        for (; v + 1 < IID_VOCABULARY && u >= zipf(v); v++) {
            u -= zipf(v);
        }
        batch.symbols[i] = v;
    }
    mi_scalar *predicted = malloc(IID_EVALUATED * IID_SITES * IID_VOCABULARY * sizeof *predicted);
    outputs_of(method, trainer->values, &batch, 4, predict_shard, predicted);
    double entropy = 0, square = 0, divergence = 0, loss = 0, n = (double)batch.masked_total;
    for (size_t v = 0; v < IID_VOCABULARY; v++) {
        entropy -= zipf(v) * log(zipf(v));
        square += zipf(v) * pow(log(zipf(v)), 2);
    }
    for (size_t i = 0; i < IID_EVALUATED * IID_SITES; i++) {
        for (size_t v = 0; v < IID_VOCABULARY && batch.masked[i] != 0; v++) {
            divergence += zipf(v) * (log(zipf(v)) - (double)predicted[i * IID_VOCABULARY + v]) / n;
        }
        loss -= (double)predicted[i * IID_VOCABULARY + batch.symbols[i]] / n;
    }
    assert_true(divergence > 0);
    assert_true(divergence < 0.001);
    assert_near(loss, entropy, 4 * sqrt((square - entropy * entropy) / n));
    gsl_rng_free(stream);
    free(predicted);
    symbols_free(&batch);
    mi_trainer_destroy(trainer);
    method.class->destroy(method.state);
    mi_source_destroy(source);
    mi_model_destroy(model);
}

/* ---- refusals ---- */

static void refused(const char *json, mi_source_shape shape, const char *place, const char *part)
{
    mi_faults faults = {.file = "test"};
    mi_binding binding = {&faults, 1};
    mi_status status = {.code = MI_OK};
    mi_values *values = NULL;
    void *state = NULL;
    cJSON *object = mi_document_parse(json, strlen(json), &faults), *resolved = NULL;
    assert_int_equal(mi_bind(&binding, object, "method", mi_mlm_method.parameters, NULL, &values,
                             &resolved, NULL),
                     MI_OK);
    assert_int_equal(faults.count, 0);
    assert_int_equal(mi_mlm_method.create(values, &shape, &state, &status), MI_INPUT);
    assert_string_equal(status.place, place);
    assert_non_null(strstr(status.message, part));
    mi_values_destroy(values);
    cJSON_Delete(object);
    cJSON_Delete(resolved);
}

static void faults_name_their_parameter(void **state)
{
    (void)state;
    refused("{\"encoder\": {\"width\": 10, \"heads\": 4}}", symbols_of(1, 8, 3), "encoder.heads",
            "is 4; it must divide the width, 10");
    refused("{\"encoder\": {\"width\": 10, \"heads\": 2}}", symbols_of(4, 8, 3), "encoder.width",
            "must be a multiple of 4");
    refused("{\"encoder\": {\"width\": 3, \"heads\": 3}}", symbols_of(1, 8, 3), "encoder.width",
            "must be a multiple of 2");
    refused("{}", (mi_source_shape){.rows = 4, .columns = 4, .channels = 1}, "type",
            "gives pixels");
}

static void fill(mi_method method, mi_scalar *values, const char *name, double value)
{
    const mi_tensor *tensor = mi_tensors_find(method.class->tensors(method.state), name);
    for (size_t i = 0; i < tensor->count; i++) {
        values[tensor->offset + i] = (mi_scalar)value;
    }
}

/* The message for weights with `value` in two tensors. */
static void bad(const char *one, const char *two, double value, const char *part)
{
    mi_source_shape shape = symbols_of(1, 6, 5);
    mi_method method = method_of("mlm", small, shape);
    mi_examples batch = symbols_draw(3, shape, 0.5, 8);
    mi_scalar *values = fresh(method), *gradient = block_of(method);
    fill(method, values, one, value);
    fill(method, values, two, value);
    double loss = 0;
    mi_status status = {.code = MI_OK};
    assert_int_equal(method_loss(method, values, &batch, 2, 1, gradient, &loss, &status),
                     MI_NUMERIC);
    if (strstr(status.message, part) == NULL) {
        fail_msg("%s", status.message);
    }
    free(values);
    free(gradient);
    symbols_free(&batch);
    method.class->destroy(method.state);
}

static void losses_that_are_not_finite_name_a_layer(void **state)
{
    (void)state;
    static const double huge = 3e38; /* twice that is no float */
    bad("head.bias", "blocks.1.mlp.fc2.bias", NAN, "the weights blocks.1.mlp.fc2.bias are not");
    bad("blocks.0.attn.proj.bias", "blocks.0.mlp.fc2.bias", huge, "the output of blocks.0 is not");
    bad("blocks.1.attn.proj.bias", "blocks.1.mlp.fc2.bias", huge, "the output of blocks.1 is not");
    bad("head.weight", "head.bias", huge, "those of head are not");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equals_pytorch),
        cmocka_unit_test(corruption_is_80_10_10),
        cmocka_unit_test(predictions_give_the_loss),
        cmocka_unit_test(features_are_means),
        cmocka_unit_test(predictions_are_made_without_noise),
        cmocka_unit_test(branches_are_left_out_by_depth),
        cmocka_unit_test(same_bytes_at_any_thread_count),
        cmocka_unit_test(large_vocabularies_go_in_pieces),
        cmocka_unit_test(nothing_masked_costs_nothing),
        cmocka_unit_test(fresh_queries_look_about_themselves),
        cmocka_unit_test(symbols_without_context_cost_their_entropy),
        cmocka_unit_test(faults_name_their_parameter),
        cmocka_unit_test(losses_that_are_not_finite_name_a_layer),
    };
    mi_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
