/* Where training examples come from: any model (fresh at every step where it can be sampled, else
 * drawn from its data), as pixels or symbols. A source is a view of a model; example e of a part is
 * drawn from the stream (seed, purpose, e), so that it is the same in whatever order and on
 * whatever thread it is asked for. */
#ifndef MASKINFO_SOURCE_H
#define MASKINFO_SOURCE_H

#include "maskinfo/model.h"
#include "maskinfo/random.h"
#include "maskinfo/scalar.h"

typedef struct mi_source_shape {
    bool discrete;          /* symbols of a sequence or lattice, else pixels */
    size_t rows, columns;   /* of the lattice of values: pixels or symbols; rows 1: a sequence */
    size_t channels;        /* values of a pixel; 1 where discrete */
    size_t site;            /* pixels a side of one site of the model (patches: its patch; else
                               1): exact floors need tokens that are whole sites */
    size_t vocabulary;      /* 0: continuous */
    bool labelled;          /* examples have labels (a class of scene, of labelled images) */
    size_t classes;         /* of the labels; 0 where there are none */
    bool data;              /* examples are data, of which a part is held out, else fresh samples */
    double mean, deviation; /* of a pixel, over pixels: examples are (x - mean) / deviation */
} mi_source_shape;

/* Which part of the data. Models that are sampled give independent draws for both. */
typedef enum mi_part { MI_TRAINING, MI_HELD_OUT } mi_part;

typedef struct mi_source mi_source;

/* `model` stays the caller's and must outlive the source. gmrf, scene, potts, mixing, markov,
 * parity and ngram give fresh samples, ngram with "judged_by": "held-out" windows of its text:
 * training examples from where it was fitted, the others from the held-out blocks. patches gives
 * crops at uniformly random places, divided as its split says, without the noise that its density
 * needs. MI_INPUT: the model is infinite (give it a length), or can not be sampled. */
mi_code mi_source_create(const mi_model *model, const mi_run *run, mi_source **ret_source,
                         mi_status *status);
void mi_source_destroy(mi_source *source); /* accepts NULL */
mi_source_shape mi_source_shape_of(const mi_source *source);
const mi_model *mi_source_model(const mi_source *source);

/* Images with a label each, in their order: the source of probes. `paths` as mi_read_images takes
 * them (one IDX file, or images), `labels_path` an IDX file of labels or NULL. All images must have
 * one size. MI_INPUT: labels missing, of another number than images, sizes differ. Both files are
 * also accepted as .npy. */
mi_code mi_source_of_images(char *const *paths, size_t path_count, const char *opt_labels_path,
                            mi_source **ret_source, mi_status *status);
size_t mi_source_count(const mi_source *source); /* of images; 0: unlimited draws */

/* Standardise pixels as another source does: what a network was trained on, to probe it. */
void mi_source_scale_as(mi_source *source, const mi_source *other);

/* Memory that a thread needs to draw: an example, and the model's scratch. Destroy accepts NULL. */
mi_code mi_source_scratch_create(const mi_source *source, void **ret_scratch, mi_status *status);
void mi_source_scratch_destroy(const mi_source *source, void *scratch);

/* One example, standardised: pixels (rows, columns, channels) or symbols (columns*rows), the other
 * pointer is not used. `draw` is set to its key by the caller; where mi_source_count is not 0 image
 * `index` below that number is taken and `draw` is not read. *opt_label: class, or -1. The same key
 * draws the same configuration as the model's `evaluate` and `sample` draw. */
mi_code mi_source_draw(const mi_source *source, mi_part part, uint64_t index, gsl_rng *draw,
                       void *scratch, mi_scalar *opt_pixels, unsigned *opt_symbols, int *opt_label,
                       mi_status *status);

#endif
