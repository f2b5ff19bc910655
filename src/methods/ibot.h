/* Self-distillation with no labels: DINO (Caron et al. 2021, arXiv 2104.14294), iBOT (Zhou et al.
 * 2022, arXiv 2111.07832) and DINOv2 (Oquab et al. 2023, arXiv 2304.07193), one implementation.
 * docs/distill.md. */
#ifndef MASKINFO_METHODS_IBOT_H
#define MASKINFO_METHODS_IBOT_H

#include "maskinfo/heads.h"
#include "siamese.h"

typedef enum mi_centering { MI_CENTER, MI_SINKHORN, MI_NO_CENTERING } mi_centering;

/* Sums of a step beside MI_SUM_LOSS: the parts of the loss without their weights. */
enum { MI_SUM_CLASS = MI_SUM_OWN, MI_SUM_PATCH, MI_SUM_KOLEO };

/* The teacher's outputs of one kind, class tokens or masked patches. */
typedef struct mi_ibot_side {
    double temperature, center_momentum;
    size_t prototypes;      /* K */
    mi_scalar *center;      /* (K), kept between steps */
    mi_scalar *next_center; /* (K), of the step, kept by after_step */
    mi_scalar *targets;     /* (rows,K): logits, after settle probabilities */
    double *entropies;      /* (rows) */
    double *means;          /* (K) of the logits, then of the targets */
    double teacher_entropy, mean_entropy, divergence, center_norm, center_distance, center_noise;
} mi_ibot_side;

typedef struct mi_ibot {
    mi_siamese siamese; /* the first, for its callbacks; its tensors hold the heads' too */
    bool patches;       /* are masked patches predicted? */
    bool shared;        /* by the class token's head? */
    mi_head head, patch_head;
    double student_temperature, class_weight, patch_weight, koleo_weight, masked_views;
    double warmup_temperature; /* NAN: none */
    size_t warmup_steps, frozen, iterations;
    mi_centering centering;
    bool center_before; /* is the center brought up to date before it is used? */

    /* From `begin` on; B samples, M masked tokens of a batch. */
    mi_ibot_side class, patch;
    unsigned char *chosen; /* (B,2): is the view masked at all? */
    size_t *first_rows;    /* (B*2) of the view's masked tokens in patch.targets */
    size_t *row_counts;    /* (B*2) how many */
    mi_scalar *room;       /* of Sinkhorn-Knopp */
    size_t step;           /* that was settled last */
    double effective_rank, deviation, koleo;
} mi_ibot;

extern const mi_parameter mi_dino_parameters[], mi_ibot_parameters[], mi_dinov2_parameters[];

/* What a pass of one shard needs. C class tokens: all views for the student, the global ones for
 * the teacher; P masked patches. */
typedef struct mi_ibot_work {
    mi_siamese_work siamese;
    size_t class_count, patch_count; /* C, P */
    size_t *picked;                  /* (P) their rows in siamese.vit.latent */
    mi_scalar *rows, *patch_rows; /* (C,width), (P,width); their gradients. P differs from batch to
                                     batch: zeros up to mi_linear_rows(P) */
    mi_head_pass *pass, *patch_pass;
    /* The student's alone. */
    mi_scalar *logits, *patch_logits;               /* (C,K), (P,patch K); their gradients */
    mi_scalar *targets;                             /* (C,K) */
    mi_scalar *weights;                             /* (C), then (P) */
    mi_scalar *koleo, *koleo_gradient, *koleo_room; /* (samples,width) */
} mi_ibot_work;

mi_ibot_work mi_ibot_carve(const mi_ibot *ibot, size_t samples, bool student, mi_arena *arena);

/* The shard's views encoded: rows and patch_rows. Masks are the student's alone; the rows of masked
 * patches are picked for both. */
void mi_ibot_encode(const mi_ibot *ibot, const mi_weights *weights, const mi_examples *batch,
                    const mi_shard *shard, bool student, mi_ibot_work *work);

/* First row of the shard's masked patches in patch.targets. */
size_t mi_ibot_first_row(const mi_ibot *ibot, const mi_shard *shard);

/* Callbacks: ibot_pass.c, ibot_loss.c, ibot_settle.c. */
mi_code mi_ibot_prepare(const void *state, const mi_weights *weights, const mi_examples *batch,
                        size_t t, const mi_shard *shard, mi_status *status);
mi_code mi_ibot_shard(const void *state, const mi_weights *weights, const mi_examples *batch,
                      const mi_shard *shard, mi_status *status);
mi_code mi_ibot_settle(void *state, const mi_examples *batch, size_t t, const mi_run *run,
                       mi_status *status);
mi_code mi_ibot_after_step(void *state, size_t t, const mi_scalar *values, const double *sums,
                           const mi_run *run, mi_status *status);
void mi_ibot_read_monitors(const void *state, double *values);
extern const mi_monitor mi_dino_monitors[], mi_ibot_monitors[];

#endif
