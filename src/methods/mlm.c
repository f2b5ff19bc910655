/* Masked language model (Devlin et al. 2018, BERT, section 3.1): symbols hidden at random are
 * predicted from those around them. Pre-LN blocks, no next-sentence task, a linear head. */
#include "mlm.h"

#include <gsl/gsl_randist.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "maskinfo/memory.h"

static const char *const position_choices[] = {"fixed", "learned", NULL};
static const char *const corruption_choices[] = {"mask", "bert", NULL};
static const char *const tied_choices[] = {"yes", "no", NULL};

static const mi_parameter parameters[] = {
    {.name = "encoder",
     .type = MI_GROUP,
     .fallback = "{}",
     .group = mi_encoder_parameters,
     .unit = "",
     .help = "The stack of transformer blocks"},
    {.name = "positions",
     .type = MI_CHOICE,
     .choices = position_choices,
     .fallback = "\"fixed\"",
     .unit = "",
     .help = "Positions added to the embeddings: sines and cosines, or learned"},
    {.name = "corruption",
     .type = MI_CHOICE,
     .choices = corruption_choices,
     .fallback = "\"mask\"",
     .unit = "",
     .help = "In the place of a symbol to be predicted: [MASK], or as BERT [MASK], a random symbol "
             "and the true one with probabilities 0.8, 0.1 and 0.1"},
    {.name = "tied",
     .type = MI_CHOICE,
     .choices = tied_choices,
     .fallback = "\"no\"",
     .unit = "",
     .help = "Is the head's matrix that of the embedding?"},
    {.name = NULL},
};

static void mlm_destroy(void *state)
{
    mi_mlm *m = state;
    if (m != NULL) {
        mi_transformer_destroy(m->encoder);
        mi_tensors_free(&m->tensors);
        free(m->opt_fixed);
        free(m);
    }
}

/* mi_positions asks for it. */
static mi_code width_fits(const mi_mlm *m, size_t width, mi_status *status)
{
    size_t multiple = m->rows > 1 ? 4 : 2;
    if (m->learned == MI_NOT_LEARNED && width % multiple != 0) {
        return mi_fail_at(status, "encoder.width",
                          "is %zu; with fixed positions on %zu x %zu symbols it must be a multiple "
                          "of %zu",
                          width, m->rows, m->columns, multiple);
    }
    return MI_OK;
}

static mi_code add_positions(mi_mlm *m, size_t width, bool learned, mi_status *status)
{
    if (learned) {
        return mi_tensors_add(&m->tensors, "pos_embed", 3, (size_t[]){1, m->sites, width}, false,
                              &m->learned, status);
    }
    m->learned = MI_NOT_LEARNED;
    size_t count = 0;
    mi_code code = width_fits(m, width, status);
    if (code == MI_OK) {
        code = mi_product(m->sites, width, &count, status);
    }
    if (code == MI_OK) {
        code = mi_allocate(count, sizeof *m->opt_fixed, &m->opt_fixed, status);
    }
    if (code == MI_OK) {
        mi_positions(m->rows, m->columns, width, m->opt_fixed);
    }
    return code;
}

static mi_code add_head(mi_mlm *m, size_t width, mi_status *status)
{
    mi_code code = MI_OK;
    if (m->tied) {
        m->head = (mi_linear){width, m->vocabulary + 1, m->embedding, MI_NO_BIAS};
    } else {
        code = mi_linear_add(&m->tensors, "head", width, m->vocabulary, false, &m->head, status);
    }
    if (code == MI_OK) {
        code = mi_tensors_add(&m->tensors, "head.bias", 1, &m->vocabulary, false, &m->bias, status);
    }
    return code;
}

static mi_code mlm_fill(mi_mlm *m, const mi_values *values, mi_status *status)
{
    const mi_values *encoder = mi_values_find(values, "encoder")->group;
    mi_transformer_config config = mi_encoder_config(encoder);
    m->stochastic_depth = mi_real(encoder, "stochastic_depth");
    m->bert = mi_is(values, "corruption", "bert");
    m->tied = mi_is(values, "tied", "yes");
    size_t shape[] = {m->vocabulary + 1, config.width};
    mi_code code =
        mi_tensors_add(&m->tensors, "token_embed.weight", 2, shape, true, &m->embedding, status);
    if (code == MI_OK) {
        code = add_positions(m, config.width, mi_is(values, "positions", "learned"), status);
    }
    if (code == MI_OK) {
        code = mi_encoder_create(&config, "encoder", "", &m->tensors, &m->encoder, status);
    }
    if (code == MI_OK) {
        code = add_head(m, config.width, status);
    }
    return code;
}

static mi_code mlm_create(const mi_values *values, const mi_source_shape *source, void **ret_state,
                          mi_status *status)
{
    if (!source->discrete) {
        return mi_fail_at(status, "type",
                          "is \"mlm\", which predicts symbols; the model gives pixels: take "
                          "\"mae\", or a model of symbols");
    }
    mi_mlm *m = NULL;
    mi_code code = mi_allocate(1, sizeof *m, &m, status);
    if (code != MI_OK) {
        return code;
    }
    m->rows = source->rows;
    m->columns = source->columns;
    m->sites = source->rows * source->columns;
    m->vocabulary = source->vocabulary;
    code = mlm_fill(m, values, status);
    if (code != MI_OK) {
        mlm_destroy(m);
        return code;
    }
    *ret_state = m;
    return MI_OK;
}

static const mi_tensors *mlm_tensors(const void *state)
{
    const mi_mlm *m = state;
    return &m->tensors;
}

/* A query is to look about itself from the start: K = Q, so that a score is largest where the
 * inputs are alike, and with sine-cosine positions those of neighbours are (Trockman and Kolter
 * 2023, "Mimetic initialization of self-attention layers", section 3: Q K^T near a multiple of the
 * identity). A normalised input x has |x|^2 = width, so entries of variance v give the score of a
 * place with itself the mean v width sqrt(width/heads), which is set to SELF_SCORE. From Glorot's
 * law the loss stays at the entropy of single symbols for thousands of steps (docs/mlm.md). */
static void look_about(const mi_mlm *m, size_t block, gsl_rng *stream, mi_scalar *values)
{
    static const double self_score = 12;
    const mi_transformer_config *config = &m->encoder->config;
    size_t square = config->width * config->width;
    double width = (double)config->width, heads = (double)config->heads;
    double deviation = sqrt(self_score / (width * sqrt(width / heads)));
    mi_scalar *queries = values + m->encoder->blocks[block].qkv.weight;
    for (size_t i = 0; i < square; i++) {
        queries[i] = (mi_scalar)gsl_ran_gaussian_ziggurat(stream, deviation);
    }
    memcpy(queries + square, queries, square * sizeof *queries);
}

static void mlm_initialize(const void *state, uint64_t seed, mi_scalar *values)
{
    static const double deviation = 0.3, tied_deviation = 0.1, place_deviation = 0.3;
    const mi_mlm *m = state;
    mi_stream_room room;
    gsl_rng *stream = mi_stream_place(&room, seed, MI_PURPOSE_WEIGHTS, 0);
    mi_initialize_normal(&m->tensors, mi_tensors_index(&m->tensors, "token_embed.weight"),
                         m->tied ? tied_deviation : deviation, stream, values);
    if (m->learned != MI_NOT_LEARNED) {
        mi_initialize_normal(&m->tensors, mi_tensors_index(&m->tensors, "pos_embed"),
                             place_deviation, stream, values);
    }
    mi_transformer_initialize(m->encoder, &m->tensors, stream, values);
    for (size_t block = 0; block < m->encoder->config.depth; block++) {
        look_about(m, block, stream, values);
    }
    if (!m->tied) {
        mi_initialize_uniform(&m->tensors, mi_tensors_index(&m->tensors, "head.weight"), stream,
                              values);
    }
    mi_initialize_constant(&m->tensors, mi_tensors_index(&m->tensors, "head.bias"), 0, values);
}

static mi_layout mlm_tokens(const void *state)
{
    const mi_mlm *m = state;
    return (mi_layout){m->rows > 1 ? 2 : 1, m->rows, m->columns};
}

static size_t mlm_token_size(const void *state)
{
    const mi_mlm *m = state;
    return m->vocabulary;
}

static size_t mlm_feature_size(const void *state)
{
    const mi_mlm *m = state;
    return m->encoder->config.width;
}

const mi_method_class mi_mlm_method = {
    .name = "mlm",
    .summary = "masked language model: predict hidden symbols from those around them (BERT)",
    .parameters = parameters,
    .discrete = true,
    .create = mlm_create,
    .destroy = mlm_destroy,
    .tensors = mlm_tensors,
    .initialize = mlm_initialize,
    .tokens = mlm_tokens,
    .token_size = mlm_token_size,
    .carve = mi_mlm_carve,
    .shard = mi_mlm_shard,
    .predict = mi_mlm_predict,
    .feature_size = mlm_feature_size,
    .features = mi_mlm_features,
};
