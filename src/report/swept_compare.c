#include "swept_compare.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <string.h>

static const double rounding = 1e-9, level = 0.05;

static bool has_cases(const mi_swept *s)
{
    return s->axis_count > 0 && strcmp(s->axes[0].name, "case") == 0 && s->axes[0].count > 1;
}

size_t mi_swept_parts(const mi_swept *s)
{
    return has_cases(s) ? s->axes[0].count : 1;
}

mi_swept_part mi_swept_part_at(const mi_swept *s, size_t number)
{
    if (!has_cases(s)) {
        return (mi_swept_part){0, s->cell_count, NULL};
    }
    return (mi_swept_part){number * s->strides[0], s->strides[0], s->axes[0].labels[number]};
}

static const mi_swept_value *value_of(const mi_swept *s, size_t cell, size_t column)
{
    return &s->values[cell * s->column_count + column];
}

bool mi_swept_same(double a, double b)
{
    return isfinite(a) && isfinite(b) && fabs(a - b) <= rounding * fmax(fabs(a), fabs(b));
}

bool mi_swept_idle(const mi_swept *s, mi_swept_part part, size_t column, size_t axis)
{
    for (size_t cell = part.first; cell < part.first + part.count; cell++) {
        double low = INFINITY, high = -INFINITY;
        for (size_t i = 0; mi_swept_at(s, cell, axis) == 0 && i < s->axes[axis].count; i++) {
            double mean = value_of(s, cell + i * s->strides[axis], column)->mean;
            low = fmin(low, mean); /* which passes over NAN */
            high = fmax(high, mean);
        }
        if (high > low && !mi_swept_same(low, high)) {
            return false;
        }
    }
    return true;
}

bool mi_swept_spreads(const mi_swept_value *value)
{
    return isfinite(value->low) && isfinite(value->high) && !mi_swept_same(value->low, value->high);
}

/* Mean and squared deviations of the differences. */
static void sum_differences(const mi_swept *s, const double *from, const double *to, mi_paired *p,
                            double *ret_squares)
{
    for (size_t i = 0; i < s->seed_count; i++) {
        double d = to[i] - from[i];
        if (isfinite(d)) {
            double step = d - p->difference;
            p->difference += step / (double)++p->seeds;
            *ret_squares += step * (d - p->difference);
        }
    }
}

mi_paired mi_swept_pair(const mi_swept *s, size_t column, size_t from, size_t to, double pairs)
{
    const mi_swept_value *a = value_of(s, from, column), *b = value_of(s, to, column);
    mi_paired p = {.low = NAN, .high = NAN, .told = MI_TOLD_UNKNOWN};
    double squares = 0;
    if (a->opt_each != NULL && b->opt_each != NULL) {
        sum_differences(s, a->opt_each, b->opt_each, &p, &squares);
    }
    if (p.seeds < 2) {
        return p;
    }
    double freedom = (double)p.seeds - 1;
    double error = sqrt(squares / freedom / (double)p.seeds);
    if (error <= rounding * fmax(fabs(a->mean), fabs(b->mean))) {
        p.told = MI_TOLD_FIXED;
        return p;
    }
    double half = error * gsl_cdf_tdist_Qinv(level / 2 / fmax(pairs, 1), freedom);
    p.low = p.difference - half;
    p.high = p.difference + half;
    p.told = p.low <= 0 && p.high >= 0 ? MI_TOLD_NOT : MI_TOLD_APART;
    return p;
}

/* The only text of a cell; NULL where there are several, or none. */
static const char *only_text(const mi_swept_value *value)
{
    const cJSON *first = value->opt_counts != NULL ? value->opt_counts->child : NULL;
    return first != NULL && first->next == NULL ? first->string : NULL;
}

static bool by_seed(const mi_swept *s, const mi_swept_value *a, const mi_swept_value *b,
                    size_t *same, size_t *both)
{
    if (a->opt_said == NULL || b->opt_said == NULL) {
        return false;
    }
    for (size_t i = 0; i < s->seed_count; i++) {
        if (a->opt_said[i] != NULL && b->opt_said[i] != NULL) {
            ++*both;
            *same += strcmp(a->opt_said[i], b->opt_said[i]) == 0;
        }
    }
    return true;
}

bool mi_swept_agreement(const mi_swept *s, size_t left, size_t right, size_t cell, size_t *ret_same,
                        size_t *ret_both)
{
    const mi_swept_value *a = value_of(s, cell, left), *b = value_of(s, cell, right);
    const char *one = only_text(a), *other = only_text(b);
    if (by_seed(s, a, b, ret_same, ret_both) || a->count == 0 || b->count == 0) {
        return true;
    }
    /* Where all units of a cell say one thing, it is known without their seeds. */
    if (one == NULL || other == NULL || a->count != b->count) {
        return false;
    }
    *ret_both += a->count;
    *ret_same += strcmp(one, other) == 0 ? a->count : 0;
    return true;
}
