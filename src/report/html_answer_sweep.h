/* What the sentences about a sweep are made with. */
#ifndef MASKINFO_REPORT_HTML_ANSWER_SWEEP_H
#define MASKINFO_REPORT_HTML_ANSWER_SWEEP_H

#include "html.h"
#include "maskinfo/format.h"
#include "swept_compare.h"
#include "text.h"

enum { MI_ANSWER_TEXT = 4000, MI_ANSWER_LABEL = 28 };

/* A text under construction. */
typedef struct mi_answer_line {
    char text[MI_ANSWER_TEXT];
    size_t used;
} mi_answer_line;

#define ADD(l, ...) mi_append((l)->text, sizeof(l)->text, &(l)->used, __VA_ARGS__)

/* A label of a figure may be a sentence: then the axis's name. */
static inline const char *mi_answer_axis(const mi_swept_axis *axis)
{
    return mi_text_length(axis->bare) <= MI_ANSWER_LABEL ? axis->bare : axis->name;
}

/* What a column is, and of which case. */
static inline void mi_answer_head(mi_answer_line *l, const char *label, mi_swept_part part)
{
    if (part.opt_case != NULL) {
        ADD(l, "%s, ", part.opt_case);
    }
    ADD(l, "%s", label);
}

/* Axes of more than one value but the cases, as far as the column depends on them. */
typedef struct mi_answer_place {
    const mi_swept *swept;
    mi_swept_part part;
    size_t column;
} mi_answer_place;

static inline bool mi_answer_counts(const mi_answer_place *p, size_t axis)
{
    return p->swept->axes[axis].count > 1 && !(axis == 0 && p->part.opt_case != NULL);
}

static inline const mi_swept_value *mi_answer_value(const mi_answer_place *p, size_t cell)
{
    return &p->swept->values[cell * p->swept->column_count + p->column];
}

/* How often which text came, of a column of texts in a part; and where two columns of texts that a
 * figure holds against each other differ: false where it has no such two. */
void mi_answer_texts(FILE *page, const mi_answer_place *place);
bool mi_answer_agreement(FILE *page, const mi_swept *swept, size_t figure);

#endif
