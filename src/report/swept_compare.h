/* What the cells of a sweep say of each other. Units of different cells share seeds, so that cells
 * are compared by the differences of units with the same seed. */
#ifndef MASKINFO_REPORT_SWEPT_COMPARE_H
#define MASKINFO_REPORT_SWEPT_COMPARE_H

#include "swept.h"

/* Cells first .. first + count - 1: those of one case where the first axis is "case" (cases may
 * differ in what their numbers are), else all. */
typedef struct mi_swept_part {
    size_t first, count;
    const char *opt_case; /* its label */
} mi_swept_part;
size_t mi_swept_parts(const mi_swept *swept);
mi_swept_part mi_swept_part_at(const mi_swept *swept, size_t number);

/* Numbers that differ by no more than rounding does. */
bool mi_swept_same(double a, double b);
/* Do the means of the part not depend on the axis? */
bool mi_swept_idle(const mi_swept *swept, mi_swept_part part, size_t column, size_t axis);
/* Is the value's interval there, and wider than rounding makes it? */
bool mi_swept_spreads(const mi_swept_value *value);

typedef enum mi_told {
    MI_TOLD_UNKNOWN, /* fewer than two common seeds, or no numbers of single seeds */
    MI_TOLD_FIXED,   /* the same difference with every seed */
    MI_TOLD_NOT,     /* the interval of the difference holds zero */
    MI_TOLD_APART
} mi_told;

/* to - from, over the common seeds; Student's interval, which is that of 95 % for all `pairs` that
 * it may have been chosen from together (Bonferroni). */
typedef struct mi_paired {
    size_t seeds;
    double difference, low, high;
    mi_told told;
} mi_paired;
mi_paired mi_swept_pair(const mi_swept *swept, size_t column, size_t from, size_t to, double pairs);

/* Units in which two columns of texts say the same, of those with both; false where the result does
 * not tell. opt_cell: that cell alone. */
bool mi_swept_agreement(const mi_swept *swept, size_t left, size_t right, size_t cell,
                        size_t *ret_same, size_t *ret_both);

#endif
