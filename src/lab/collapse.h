/* Has self-distillation collapsed? Read from the monitors of a run (docs/task3.md).
 *
 * Constant outputs. With p the teacher's output on an image and E the mean over images,
 *     information = H(E p) - E H(p) = I(image; prototype) >= 0,
 * so that information <= ln K - E H(p) and information <= H(E p): where the outputs are uniform on
 * every image (E H(p) near ln K), and where all images take one prototype (H(E p) near 0), it is
 * near 0. One number tells both, and every constant output between them; the entropy of the mean
 * tells which it is. (Caron et al. 2021, section 3.1, name the two forms.)
 *
 * Dimensional. The outputs may differ while the features hardly do: all lie at a point (their
 * deviation is near 0; Chen and He 2021, section 4.1) or on a line (their effective rank is near 1;
 * Roy and Vetterli 2007; Jing et al. 2022). */
#ifndef MASKINFO_LAB_COLLAPSE_H
#define MASKINFO_LAB_COLLAPSE_H

#include "training.h"

typedef struct mi_collapse_limits {
    double information; /* share of ln K */
    double deviation, rank;
    size_t window; /* steps that are averaged */
    double hold;   /* share of the planned steps for which it must have lasted */
} mi_collapse_limits;

mi_collapse_limits mi_collapse_limits_of(const mi_values *values);

typedef enum mi_collapse { MI_SOUND, MI_UNIFORM, MI_ONE_PROTOTYPE, MI_DIMENSIONAL } mi_collapse;

typedef struct mi_collapse_verdict {
    mi_collapse kind;
    bool line;   /* dimensional: a line, else a point */
    size_t step; /* first step of the windows from which on it lasted; 0 where sound */
    /* Of the last window, NAN where they are not monitored. */
    double information, teacher_entropy, mean_entropy, deviation, rank;
    double threshold; /* nats, that the information must exceed; NAN: no prototypes */
} mi_collapse_verdict;

/* "none", "uniform", "one prototype", "dimensional". */
const char *mi_collapse_name(mi_collapse kind);

/* Which outputs: of the class token, or of patches, whose monitors are named "patch_...". Features
 * are judged with the class token's. */
typedef enum mi_outputs { MI_CLASS_OUTPUTS, MI_PATCH_OUTPUTS } mi_outputs;

/* Can anything be told of them from what is monitored? */
bool mi_collapse_is_watched(const mi_history *history, mi_outputs outputs);

/* The verdict after history->steps of `steps` planned steps. log_prototypes is ln K, NAN where
 * there are none. */
mi_collapse_verdict mi_collapse_find(const mi_history *history, mi_outputs outputs,
                                     const mi_collapse_limits *limits, double log_prototypes,
                                     size_t steps);

/* The verdict as a sentence; returns text. */
const char *mi_collapse_text(const mi_collapse_verdict *verdict, double log_prototypes, char *text,
                             size_t size);

/* ln K of the class token's and of the patches' outputs, from the resolved configuration; NAN where
 * the method has no such prototypes. */
double mi_log_prototypes(const mi_train_config *config, mi_outputs outputs);

/* Says so where a loss lies within 1 % of what a student gets that tells nothing: ln K, nats, or
 *
 *     class_weight ln K + patch_weight masked_views ln K_patch
 *
 * where there are patches, on average over which views are masked. Else NULL is returned. */
const char *mi_collapse_loss(const mi_train_config *config, double loss, char *text, size_t size);

#endif
