/* What methods share that compare two views of an image: a student and a teacher of one
 * architecture, whose weights follow the student's (Tarvainen and Valpola 2017, eq. 1), two global
 * views and optional smaller crops (Caron et al. 2020, "SwAV", section 3.2), and encoded features.
 * docs/distill.md. */
#ifndef MASKINFO_METHODS_SIAMESE_H
#define MASKINFO_METHODS_SIAMESE_H

#include "maskinfo/distill.h"
#include "maskinfo/train.h"
#include "maskinfo/views.h"
#include "vit.h"

enum { MI_GLOBALS = 2 }; /* global views of an image */

typedef struct mi_siamese {
    mi_source_shape source;
    size_t patch, tokens, pixels; /* tokens and numbers of a global view: of a whole image */
    mi_layout layout;
    mi_tensors tensors;
    mi_vit *vit;
    mi_view global, local;
    size_t crops, crop_size;         /* local crops of an image; pixels a side */
    size_t crop_tokens, crop_pixels; /* tokens, numbers of one */
    mi_scalar *crop_positions;       /* (crop_tokens+1, width); NULL: no crops */
    bool class_pooled;               /* features: the class token, else the mean of tokens */
    mi_schedule momentum;            /* of the teacher */

    /* From `begin` on, in one block. B samples of a batch. */
    size_t batch; /* B */
    mi_arena block;
    mi_scalar *teacher, *teacher_transposed; /* (total) */
    mi_scalar *globals;                      /* (B, 2, pixels) */
    mi_scalar *locals;                       /* (B, crops, crop_pixels) */
    mi_scalar *features;                     /* (B, 2, width): the teacher's class tokens */
    mi_spread *spread;                       /* room of its monitors */
} mi_siamese;

/* Parameters of the group "views", choices of "pool"; and the momenta of the group "teacher". */
extern const mi_parameter mi_views_parameters[];
extern const char *const mi_pool_choices[];

#define MI_TEACHER_MOMENTUM                                                                        \
    {.name = "momentum",                                                                           \
     .type = MI_REAL,                                                                              \
     .low = 0,                                                                                     \
     .high = 1,                                                                                    \
     .fallback = "0.996",                                                                          \
     .unit = "",                                                                                   \
     .help = "What a step keeps of the teacher's weights, at the first step; the rest comes from " \
             "the student's"},                                                                     \
    {                                                                                              \
        .name = "final_momentum", .type = MI_REAL, .low = 0, .high = 1, .fallback = "1",           \
        .unit = "", .help = "The same at the end, reached along half a cosine"                     \
    }

/* Fill a fresh one from a method's parameters (patch, encoder, views, teacher, pool) and the
 * source: what stands before the head. `name` and `mask_token` are the method's. MI_INPUT at the
 * parameter. */
mi_code mi_siamese_fill(const mi_values *values, const mi_source_shape *source, const char *name,
                        bool mask_token, mi_siamese *siamese, mi_status *status);
void mi_siamese_empty(mi_siamese *siamese); /* releases what it holds */

/* Carve what is kept between steps; then set it up for a trainer: the teacher is the student. */
void mi_siamese_lay_out(mi_siamese *siamese, size_t batch, mi_arena *arena);
mi_code mi_siamese_start(mi_siamese *siamese, const mi_training *training, const mi_scalar *values,
                         const mi_run *run, mi_status *status);

size_t mi_siamese_spread_bytes(const mi_siamese *siamese, size_t batch); /* beside the block */

mi_weights mi_siamese_teacher(const mi_siamese *siamese);
/* After step t: teacher = momentum teacher + (1 - momentum) values, with the momentum of t. */
mi_code mi_siamese_follow(mi_siamese *siamese, size_t t, const mi_scalar *values, const mi_run *run,
                          mi_status *status);

/* The views of the group "views", after crop_size is set. */
mi_code mi_siamese_views(const mi_values *group, mi_siamese *siamese, mi_status *status);

/* Of the teacher's class tokens of a batch of `count` samples, at step t: mi_feature_deviation and
 * mi_effective_rank, which is taken each tenth step and NAN at the others. */
void mi_siamese_measure(const mi_siamese *siamese, size_t count, size_t t, double *ret_deviation,
                        double *ret_rank);

/* Draw the views of the shard's samples into globals and locals. */
void mi_siamese_draw(const mi_siamese *siamese, const mi_examples *batch, const mi_shard *shard);

/* One pass of a shard: image s * views + v is view v of sample s, the global ones first. */
typedef struct mi_siamese_work {
    size_t views, count; /* of a sample: 2 (teacher) or 2 + crops (student); images */
    mi_vit_image *images;
    mi_scalar *keep; /* NULL: all branches are kept */
    mi_vit_work vit;
} mi_siamese_work;

mi_siamese_work mi_siamese_carve(const mi_siamese *siamese, size_t samples, bool student,
                                 mi_arena *arena);
/* The images of the shard's samples, without masks. */
void mi_siamese_images(const mi_siamese *siamese, const mi_shard *shard, mi_siamese_work *work);
/* work->vit.latent, with stochastic depth for the student. */
void mi_siamese_encode(const mi_siamese *siamese, const mi_weights *weights,
                       const mi_examples *batch, const mi_shard *shard, mi_siamese_work *work);

/* rows (count, width) = class tokens of the images; and back: gradient rows of work->vit.gradient,
 * which is 0 before, += rows. */
void mi_siamese_class_rows(const mi_siamese *siamese, const mi_siamese_work *work, mi_scalar *rows);
void mi_siamese_add_class_rows(const mi_siamese *siamese, const mi_scalar *rows,
                               mi_siamese_work *work);

/* Callbacks of a state that begins with a mi_siamese. */
const mi_tensors *mi_siamese_tensors(const void *state);
mi_layout mi_siamese_tokens(const void *state);
size_t mi_siamese_token_size(const void *state);
size_t mi_siamese_width(const void *state);
size_t mi_siamese_heads(const void *state);
mi_scalar *mi_siamese_teacher_values(void *state);
/* The teacher's transposed weights, after its weights were changed. */
mi_code mi_siamese_refresh(void *state, const mi_run *run, mi_status *status);
mi_code mi_siamese_features(const void *state, const mi_weights *weights, const mi_examples *batch,
                            const mi_shard *shard, mi_scalar *features, mi_status *status);
mi_code mi_siamese_patches(const void *state, const mi_weights *weights, const mi_examples *batch,
                           const mi_shard *shard, mi_scalar *features, mi_scalar *opt_attention,
                           mi_status *status);

/* MI_NUMERIC: "the WHOSE loss/outputs are not finite, from LAYER on". */
mi_code mi_siamese_not_finite(const mi_siamese *siamese, const mi_siamese_work *work,
                              const char *what, const char *behind, mi_status *status);

#endif
