/* A "sweep" result, read from its JSON into plain numbers for figures and tables. */
#ifndef MASKINFO_REPORT_SWEPT_H
#define MASKINFO_REPORT_SWEPT_H

#include <cjson/cJSON.h>
#include <stdio.h>

#include "maskinfo/status.h"

enum { MI_SWEPT_NAME = 64 /* characters of a figure's name */ };

typedef struct mi_swept_axis {
    const char *name;   /* borrowed */
    char *bare, *label; /* clean (text.h), like all texts here; the second with the unit */
    bool numeric, logarithmic;
    size_t count;
    double *values; /* (count) of a numeric one; its numbers differ */
    char **labels;  /* (count) */
} mi_swept_axis;

typedef struct mi_swept_column {
    const char *name;   /* borrowed */
    char *bare, *label; /* the second with the unit */
    bool numeric;
} mi_swept_column;

/* What the units of a cell have in a column. NAN where there is nothing. */
typedef struct mi_swept_value {
    size_t count;
    double mean, low, high;
    double *opt_each;        /* (seeds) */
    char *texts;             /* of a column of texts: "redundant 2, mixed 1" */
    char *most;              /* the commonest of them */
    const cJSON *opt_counts; /* of texts: how often each; borrowed */
    const char **opt_said;   /* of texts: (seeds) that of each, or NULL; not clean, borrowed */
} mi_swept_value;

typedef struct mi_swept_figure {
    const char *name;   /* borrowed; made of a-z 0-9 _ - */
    char *title, *note; /* the title is a question where the file gives none */
    bool heat;
    size_t x, y;     /* axes; y of a heat map alone */
    size_t *columns; /* (count) */
    size_t count;
} mi_swept_figure;

typedef struct mi_swept {
    size_t axis_count, column_count, cell_count, seed_count, figure_count;
    size_t done, failed, units;
    mi_swept_axis *axes;
    mi_swept_column *columns;
    mi_swept_figure *figures;
    size_t *failed_units;   /* (cell_count); NULL with values where the result has no cells */
    mi_swept_value *values; /* (cell_count, column_count); cells are row-major over the axes */
    size_t *strides;        /* (axis_count) cells from one value of an axis to its next */
    const cJSON *opt_failures;
    char *cells_reason; /* why there are no cells */
} mi_swept;

/* MI_INPUT names the place that is not as it must be. */
mi_code mi_swept_read(const cJSON *result, mi_swept **ret_swept, mi_status *status);
void mi_swept_destroy(mi_swept *swept); /* accepts NULL */

/* Does any cell have an interval? */
bool mi_swept_has_intervals(const mi_swept *swept);

/* Index of a cell's value on an axis. */
size_t mi_swept_at(const mi_swept *swept, size_t cell, size_t axis);

/* "3 seeds (in 2 cells fewer, where units failed or have no value)": appended, of some of the
 * columns (NULL: the first `count`). And does a value rest on one of several seeds? */
void mi_swept_put_seeds(const mi_swept *swept, const size_t *opt_columns, size_t count, char *text,
                        size_t size, size_t *used);
bool mi_swept_alone(const mi_swept *swept, const mi_swept_value *value);

/* The cells as an aligned text for a terminal; free(). */
mi_code mi_swept_text(const mi_swept *swept, char **ret_text, mi_status *status);
/* The same as a part of an HTML page. */
mi_code mi_swept_html(const mi_swept *swept, FILE *page, mi_status *status);

#endif
