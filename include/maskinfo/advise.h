/* Advice for one's own data: which masking ratio and strategy to start from, how sure that is, and
 * a refusal where the data do not determine it. */
#ifndef MASKINFO_ADVISE_H
#define MASKINFO_ADVISE_H

#include <cjson/cJSON.h>

#include "maskinfo/run.h"

typedef enum mi_data_kind {
    MI_DATA_FOLDER,
    MI_DATA_JPEG,
    MI_DATA_PNG,
    MI_DATA_IDX,
    MI_DATA_NPY,
    MI_DATA_TEXT
} mi_data_kind;

const char *mi_data_kind_name(mi_data_kind kind);

/* What a path holds, by its first bytes (after decompression where it is gzip). MI_INPUT: missing,
 * empty, unreadable, or none of these (the bytes are named). */
mi_code mi_data_sniff(const char *path, mi_data_kind *ret_kind, mi_status *status);

/* A measured optimum with its 95 % interval. */
typedef struct mi_estimate {
    bool valid;
    double ratio, low, high;
} mi_estimate;

/* What the certainty of an advice is judged by. */
typedef struct mi_evidence {
    mi_estimate all;            /* of all data */
    const char *opt_none;       /* why it has none, where it is not valid */
    const char *opt_misfit;     /* what contradicts the fitted density; NULL: nothing does */
    bool first_edge, last_edge; /* the largest value lies at the first, last ratio computed */
    size_t replicates;          /* that the interval was taken from */
    mi_estimate halves[2];      /* of the halves of the data, where each is valid */
    size_t half_replicates[2];  /* that their intervals were taken from */
} mi_evidence;

typedef enum mi_certainty { MI_REFUSED, MI_WEAK, MI_FAIR, MI_FIRM } mi_certainty;

/* Why nothing is advised. */
typedef enum mi_refusal {
    MI_NOT_REFUSED,
    MI_NO_INFORMATION, /* no r has information beyond its error */
    MI_MISFIT,         /* the fitted density contradicts itself */
    MI_TOO_WIDE,       /* the interval is wider than 0.5 */
    MI_HALVES_DIFFER,  /* by more than 0.1 and three errors */
    MI_ONLY_AN_EDGE,   /* the optimum is the first or last ratio, and neither half has one */
    MI_TOO_LITTLE      /* data: there is no curve at all */
} mi_refusal;

typedef struct mi_judgement {
    mi_certainty certainty;
    mi_refusal refusal;
    bool has_difference;
    double difference, z; /* of the halves' optima, second less first; z: normal score of the
                             difference over the errors that their intervals stand for, by Student's
                             t, because those are taken from few replicates; at most 38 */
    char reason[900];     /* one clause after the other, for people */
} mi_judgement;

const char *mi_certainty_name(mi_certainty certainty);

/* The rules. Refused: as mi_refusal says, in that order. Else
 *
 *     firm   interval narrower than 0.1, both halves within 0.1 of each other, at least 16
 *            replicates, not at an edge of the ratios;
 *     fair   interval narrower than 0.25, both halves within 0.2 of each other or within two
 *            errors, at least 8 replicates, not at an edge;
 *     weak   everything else, and where a half has no optimum.
 */
void mi_advice_judge(const mi_evidence *evidence, mi_judgement *ret_judgement);

enum { MI_ADVICE_STRATEGIES = 8 };

typedef struct mi_advice_options {
    const char *path;
    size_t patch; /* side in pixels, 1..32 (of a series: steps in time); 0: chosen */
    size_t order; /* of the letters' model, 1..3; 0: chosen by held-out cross-entropy */
    const char *strategies[MI_ADVICE_STRATEGIES]; /* besides random */
    size_t strategy_count;                        /* 0: all that these sites take */
} mi_advice_options;

/* The advice as a result (experiment "advise", cJSON_Delete), without "files". A refusal is a
 * result: its "recommendation" is null, with "reason" and "what_would_help". Text is judged by a
 * letter model's cross-entropies on held-out text, images and arrays by a density's on held-out
 * crops; "config" is a comparison that `maskinfo run` computes again.
 *
 * MI_INPUT: the path can not be read, an option does not fit the data. */
mi_code mi_advise(const mi_advice_options *options, const mi_run *run, cJSON **ret_result,
                  mi_status *status);

/* The advice for a terminal, from its JSON; *ret_text: free(). MI_INPUT where it is none. */
mi_code mi_advice_text(const cJSON *result, char **ret_text, mi_status *status);

#endif
