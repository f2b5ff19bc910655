/* What the pretext tasks share: an encoder of all patches and a head that reads its tokens. */
#ifndef MASKINFO_METHODS_PRETEXT_H
#define MASKINFO_METHODS_PRETEXT_H

#include "vit.h"

typedef struct mi_pretext {
    mi_source_shape source;
    size_t patch, tokens;
    mi_layout layout;
    mi_tensors tensors;
    mi_vit *vit;
    double monitor; /* the method's, of the last step */
} mi_pretext;

/* From the parameters "patch" and "encoder"; the encoder sees `channels` values of a pixel. `name`
 * is for messages: MI_INPUT as the class method.create says. */
mi_code mi_pretext_fill(const mi_values *values, const mi_source_shape *source, const char *name,
                        size_t channels, mi_pretext *p, mi_status *status);
void mi_pretext_empty(mi_pretext *p);

/* What the training of one shard needs. */
typedef struct mi_pretext_work {
    mi_vit_image *images; /* (samples); the method fills them */
    mi_scalar *keep;      /* (depth,2,samples) */
    mi_scalar *tokens;    /* (samples * tokens, width): encoded, without the class token; their
                             gradient */
    mi_vit_work vit;
} mi_pretext_work;

mi_pretext_work mi_pretext_carve(const mi_pretext *p, size_t samples, mi_arena *arena);

/* The images through the encoder, in work->tokens. */
void mi_pretext_forward(const mi_pretext *p, const mi_weights *weights, const mi_examples *batch,
                        const mi_shard *shard, mi_pretext_work *work);

/* From the gradient of work->tokens in its place. */
void mi_pretext_backward(const mi_pretext *p, const mi_weights *weights, mi_pretext_work *work,
                         mi_scalar *gradient);

/* The failure of a loss that is not finite: names the first layer at fault, or `head`. */
mi_code mi_pretext_not_finite(const mi_pretext *p, const mi_pretext_work *work, const char *head,
                              mi_status *status);

/* Callbacks of a state that begins with a mi_pretext. The sum that shards add beside the loss is
 * its monitor. */
enum { MI_SUM_PRETEXT = MI_SUM_OWN };
const mi_tensors *mi_pretext_tensors(const void *state);
mi_layout mi_pretext_layout(const void *state);
size_t mi_pretext_width(const void *state);
size_t mi_pretext_heads(const void *state);
mi_code mi_pretext_after_step(void *state, size_t t, const mi_scalar *values, const double *sums,
                              const mi_run *run, mi_status *status);
void mi_pretext_read_monitors(const void *state, double *values);

#define MI_PRETEXT_PARAMETERS                                                                      \
    {.name = "patch",                                                                              \
     .type = MI_INTEGER,                                                                           \
     .low = 1,                                                                                     \
     .high = 1024,                                                                                 \
     .fallback = "null",                                                                           \
     .unit = "pixels",                                                                             \
     .help = "Side of a token; must divide the image's sides; null: one site of the model"},       \
    {                                                                                              \
        .name = "encoder", .type = MI_GROUP, .fallback = "{}", .group = mi_encoder_parameters,     \
        .unit = "", .help = "Sees the class token and all tokens"                                  \
    }

#endif
