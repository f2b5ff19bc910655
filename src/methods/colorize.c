/* Colorization: the colours of an image from its luminance (Zhang, Isola and Efros 2016, arXiv
 * 1603.08511; Larsson et al. 2016, arXiv 1603.06668), with squared error in the place of their
 * classes of colours. docs/task1b.md. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "encoder.h"
#include "maskinfo/memory.h"
#include "methods.h"
#include "pretext.h"

enum { COLORS = 3, DIFFERENCES = 2 };

typedef struct colorize {
    mi_pretext base; /* of one channel */
    mi_transformer *decoder;
    mi_linear predict; /* to the differences of a patch's pixels */
} colorize;

static const mi_parameter parameters[] = {
    MI_PRETEXT_PARAMETERS,
    {.name = "decoder_depth",
     .type = MI_INTEGER,
     .low = 0,
     .high = 64,
     .fallback = "1",
     .unit = "blocks",
     .help = "Blocks between the encoder and the prediction, as wide as the encoder's"},
    {.name = NULL},
};

static const mi_monitor monitors[] = {
    {"color_variance", "",
     "mean square of the colour differences of the batch: the loss of a prediction of no colour"},
    {NULL, NULL, NULL},
};

static void colorize_destroy(void *state)
{
    colorize *c = state;
    if (c != NULL) {
        mi_transformer_destroy(c->decoder);
        mi_pretext_empty(&c->base);
        free(c);
    }
}

static mi_code build(colorize *c, const mi_values *values, const mi_source_shape *source,
                     mi_status *status)
{
    mi_pretext *p = &c->base;
    mi_code code = mi_pretext_fill(values, source, "colorize", 1, p, status);
    if (code == MI_OK && source->channels != COLORS) {
        return mi_fail_at(status, "type",
                          "\"colorize\" predicts colours, and a pixel of the source has %zu "
                          "channel%s: it needs 3, red, green and blue (of photographs: model "
                          "patches with \"color\": true)",
                          source->channels, source->channels == 1 ? "" : "s");
    }
    if (code == MI_OK) {
        mi_transformer_config config = p->vit->encoder->config;
        config.depth = mi_count(values, "decoder_depth");
        code = mi_encoder_create(&config, "encoder", "decoder_", &p->tensors, &c->decoder, status);
    }
    return code == MI_OK
               ? mi_linear_add(&p->tensors, "decoder_pred", p->vit->encoder->config.width,
                               p->patch * p->patch * DIFFERENCES, true, &c->predict, status)
               : code;
}

static mi_code colorize_create(const mi_values *values, const mi_source_shape *source,
                               void **ret_state, mi_status *status)
{
    colorize *c = NULL;
    mi_code code = mi_allocate(1, sizeof *c, &c, status);
    if (code == MI_OK) {
        code = build(c, values, source, status);
    }
    if (code != MI_OK) {
        colorize_destroy(c);
        return code;
    }
    *ret_state = c;
    return MI_OK;
}

static void colorize_initialize(const void *state, uint64_t seed, mi_scalar *values)
{
    const colorize *c = state;
    const mi_tensors *tensors = &c->base.tensors;
    mi_stream_room room;
    gsl_rng *stream = mi_stream_place(&room, seed, MI_PURPOSE_WEIGHTS, 0);
    memset(values, 0, tensors->total * sizeof *values);
    mi_vit_initialize(c->base.vit, stream, values);
    mi_transformer_initialize(c->decoder, tensors, stream, values);
    size_t head = mi_tensors_index(tensors, "decoder_pred.weight");
    mi_initialize_uniform(tensors, head, stream, values);
}

static size_t colorize_token_size(const void *state)
{
    return ((const colorize *)state)->predict.out;
}

static size_t pixels_of(const colorize *c)
{
    return c->base.source.rows * c->base.source.columns;
}

/* Luma Y = 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601) of `count` pixels. All channels share one
 * mean and deviation, so that Y is the standardised luma. */
static void to_grey(size_t count, const mi_scalar *rgb, mi_scalar *grey)
{
    for (size_t i = 0; i < count; i++) {
        const mi_scalar *p = rgb + i * COLORS;
        grey[i] = (mi_scalar)0.299 * p[0] + (mi_scalar)0.587 * p[1] + (mi_scalar)0.114 * p[2];
    }
}

typedef struct work {
    mi_scalar *grey; /* (samples, rows, columns) */
    mi_pretext_work base;
    size_t *starts; /* (samples+1) */
    mi_tape *decoder;
    mi_scalar *decoded;   /* (samples * tokens, width); its gradient */
    mi_scalar *predicted; /* (samples * tokens, differences of a patch); their gradient */
} work;

static work carve(const colorize *c, size_t samples, mi_arena *arena)
{
    const mi_pretext *p = &c->base;
    size_t rows = samples * p->tokens, width = p->vit->encoder->config.width;
    mi_ragged_limits limits = {.samples = samples, .rows = rows, .length = p->tokens};
    work w = {.grey = mi_arena_take(arena, samples, pixels_of(c) * sizeof(mi_scalar))};
    w.base = mi_pretext_carve(p, samples, arena);
    w.starts = mi_arena_take(arena, samples + 1, sizeof *w.starts);
    w.decoder = mi_tape_carve(c->decoder, limits, true, arena);
    w.decoded = mi_arena_take(arena, rows, width * sizeof(mi_scalar));
    w.predicted = mi_arena_take(arena, rows, c->predict.out * sizeof(mi_scalar));
    return w;
}

static void colorize_carve(const void *state, size_t samples, bool backward, mi_arena *arena)
{
    const colorize *c = state;
    if (backward) {
        carve(c, samples, arena);
    } else {
        mi_arena_take(arena, samples, pixels_of(c) * sizeof(mi_scalar));
        mi_vit_carve_whole(c->base.vit, samples, arena);
    }
}

static const mi_scalar *colors_of(const colorize *c, const mi_examples *batch,
                                  const mi_shard *shard)
{
    return batch->pixels + shard->first * pixels_of(c) * COLORS;
}

static void forward(const colorize *c, const mi_weights *weights, const mi_examples *batch,
                    const mi_shard *shard, work *w)
{
    const mi_pretext *p = &c->base;
    size_t rows = shard->count * p->tokens, width = p->vit->encoder->config.width;
    to_grey(shard->count * pixels_of(c), colors_of(c, batch, shard), w->grey);
    for (size_t s = 0; s < shard->count; s++) {
        w->base.images[s] = (mi_vit_image){.pixels = w->grey + s * pixels_of(c),
                                           .rows = p->source.rows,
                                           .columns = p->source.columns,
                                           .opt_positions = p->vit->positions};
    }
    for (size_t s = 0; s <= shard->count; s++) {
        w->starts[s] = s * p->tokens;
    }
    mi_pretext_forward(p, weights, batch, shard, &w->base);
    memcpy(w->decoded, w->base.tokens, rows * width * sizeof *w->decoded);
    mi_transformer_forward(c->decoder, weights, (mi_ragged){shard->count, w->starts}, w->decoded,
                           NULL, w->decoder);
    mi_linear_forward(&c->predict, weights, rows, w->decoded, w->predicted);
}

/* Values of one patch, whose first pixel is *rgb and *grey: L += factor e^2 with e = predicted -
 * (R - Y, B - Y), and predicted becomes 2 factor e. The targets' own squares are added up, too. */
static double compare(const colorize *c, double factor, const mi_scalar *rgb, const mi_scalar *grey,
                      mi_scalar *predicted, double *ret_variance)
{
    size_t patch = c->base.patch, columns = c->base.source.columns;
    double loss = 0;
    for (size_t i = 0; i < patch * patch; i++) {
        size_t pixel = i / patch * columns + i % patch;
        for (size_t k = 0; k < DIFFERENCES; k++) {
            double target = (double)rgb[pixel * COLORS + 2 * k] - (double)grey[pixel];
            double error = (double)predicted[i * DIFFERENCES + k] - target;
            loss += factor * error * error;
            *ret_variance += factor * target * target;
            predicted[i * DIFFERENCES + k] = (mi_scalar)(2 * factor * error);
        }
    }
    return loss;
}

static double loss_of(const colorize *c, const mi_examples *batch, const mi_shard *shard, work *w,
                      double *ret_variance)
{
    const mi_pretext *p = &c->base;
    const mi_scalar *rgb = colors_of(c, batch, shard);
    size_t across = p->layout.columns, columns = p->source.columns;
    double loss = 0;
    double factor = 1 / ((double)batch->count * (double)pixels_of(c) * DIFFERENCES);
    for (size_t s = 0; s < shard->count; s++) {
        for (size_t t = 0; t < p->tokens; t++) {
            size_t corner = s * pixels_of(c) + (t / across * columns + t % across) * p->patch;
            loss += compare(c, factor, rgb + corner * COLORS, w->grey + corner,
                            w->predicted + (s * p->tokens + t) * c->predict.out, ret_variance);
        }
    }
    return loss;
}

/* predicted = W decoder(tokens) + b. */
static void backward(const colorize *c, const mi_weights *weights, size_t samples, work *w,
                     mi_scalar *gradient)
{
    size_t rows = samples * c->base.tokens, width = c->base.vit->encoder->config.width;
    mi_linear_backward(&c->predict, weights, rows, w->decoded, w->predicted, w->decoded, gradient);
    mi_transformer_backward(c->decoder, weights, (mi_ragged){samples, w->starts}, w->decoder,
                            w->decoded, gradient);
    memcpy(w->base.tokens, w->decoded, rows * width * sizeof *w->decoded);
    mi_pretext_backward(&c->base, weights, &w->base, gradient);
}

static mi_code colorize_shard(const void *state, const mi_weights *weights,
                              const mi_examples *batch, const mi_shard *shard, mi_status *status)
{
    const colorize *c = state;
    work w = carve(c, shard->count, shard->arena);
    double variance = 0;
    forward(c, weights, batch, shard, &w);
    double loss = loss_of(c, batch, shard, &w, &variance);
    if (!isfinite(loss)) {
        return mi_pretext_not_finite(&c->base, &w.base, "the decoder", status);
    }
    shard->sums[MI_SUM_LOSS] += loss;
    shard->sums[MI_SUM_PRETEXT] += variance;
    if (shard->opt_gradient != NULL) {
        backward(c, weights, shard->count, &w, shard->opt_gradient);
    }
    return MI_OK;
}

/* The shard's images in grey, as a batch of their own. */
static mi_examples grey_batch(const colorize *c, const mi_examples *batch, const mi_shard *shard)
{
    mi_examples grey = {.count = shard->count, .seed = batch->seed};
    grey.pixels = mi_arena_take(shard->arena, shard->count, pixels_of(c) * sizeof(mi_scalar));
    to_grey(shard->count * pixels_of(c), colors_of(c, batch, shard), grey.pixels);
    return grey;
}

/* The class token is trained by no loss: the mean of the tokens. */
static mi_code colorize_features(const void *state, const mi_weights *weights,
                                 const mi_examples *batch, const mi_shard *shard,
                                 mi_scalar *features, mi_status *status)
{
    (void)status;
    const colorize *c = state;
    mi_examples grey = grey_batch(c, batch, shard);
    mi_shard own = *shard;
    own.first = 0;
    mi_vit_features(c->base.vit, weights, &grey, &own, false,
                    features + shard->first * mi_pretext_width(state));
    return MI_OK;
}

static mi_code colorize_patches(const void *state, const mi_weights *weights,
                                const mi_examples *batch, const mi_shard *shard,
                                mi_scalar *features, mi_scalar *opt_attention, mi_status *status)
{
    (void)status;
    const colorize *c = state;
    mi_examples grey = grey_batch(c, batch, shard);
    mi_shard own = *shard;
    own.first = 0;
    size_t tokens = c->base.tokens, before = shard->first * tokens;
    mi_vit_patches(c->base.vit, weights, &grey, &own, features + before * mi_pretext_width(state),
                   opt_attention == NULL ? NULL : opt_attention + before * mi_pretext_heads(state));
    return MI_OK;
}

const mi_method_class mi_colorize_method = {
    .name = "colorize",
    .summary =
        "the colours of an image from its luminance: an encoder of the grey patches, a small "
        "decoder, squared error of two colour differences of each pixel",
    .parameters = parameters,
    .discrete = false,
    .create = colorize_create,
    .destroy = colorize_destroy,
    .tensors = mi_pretext_tensors,
    .initialize = colorize_initialize,
    .tokens = mi_pretext_layout,
    .token_size = colorize_token_size,
    .carve = colorize_carve,
    .shard = colorize_shard,
    .feature_size = mi_pretext_width,
    .features = colorize_features,
    .target = "red and blue less the luminance of every pixel",
    .unmasked = true,
    .monitors = monitors,
    .after_step = mi_pretext_after_step,
    .read_monitors = mi_pretext_read_monitors,
    .patch_size = mi_pretext_width,
    .heads = mi_pretext_heads,
    .patches = colorize_patches,
};
