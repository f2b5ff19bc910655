/* Fields that follow from the points and the fits: shares, sums, mirror images, residuals. */
#include <math.h>
#include <string.h>

#include "source.h"

/* Distance of two ratios that are meant to be the same. */
static const double SAME_RATIO = 1e-9;

/* The value at the smallest ratio that has one. */
static double first_value(const mi_source *s, mi_field field)
{
    double ratio = INFINITY, value = NAN;
    for (size_t i = 0; i < s->points; i++) {
        if (isfinite(s->values[field][i]) && s->values[MI_F_RATIO][i] < ratio) {
            ratio = s->values[MI_F_RATIO][i];
            value = s->values[field][i];
        }
    }
    return value;
}

static double largest_value(const mi_source *s, mi_field field)
{
    double largest = NAN;
    for (size_t i = 0; i < s->points; i++) {
        largest = fmax(largest, s->values[field][i]); /* fmax ignores a missing one */
    }
    return largest;
}

/* share = value / unit with its error; nothing where the unit is not positive. The error of the
 * unit itself is left out: the band says how well the shape is known at each ratio. */
static void derive_share(mi_source *s, mi_field value, mi_field share, double unit)
{
    if (!(unit > 0)) {
        return;
    }
    for (size_t i = 0; i < s->points; i++) {
        s->values[share][i] = s->values[value][i] / unit;
        s->values[share + 1][i] = s->values[value + 1][i] / unit;
    }
}

static double value_at(const mi_source *s, mi_field field, double ratio)
{
    for (size_t i = 0; i < s->points; i++) {
        if (fabs(s->values[MI_F_RATIO][i] - ratio) < SAME_RATIO) {
            return s->values[field][i];
        }
    }
    return NAN;
}

/* Only masks that are exchangeable have a mirror image: F(r) + F(1-r) - F(1) needs the visible set
 * of ratio r to be distributed like the masked one of 1-r. */
static void derive_mirror(mi_source *s)
{
    if (s->opt_strategy != NULL && strcmp(s->opt_strategy->name, "random") != 0) {
        return;
    }
    for (size_t i = 0; i < s->points; i++) {
        s->values[MI_F_MIRROR][i] =
            s->values[MI_F_JOINT][i] - value_at(s, MI_F_JOINT, 1 - s->values[MI_F_RATIO][i]);
    }
}

static void derive_fits(mi_source *s)
{
    for (size_t i = 0; i < s->points; i++) {
        double r = s->values[MI_F_RATIO][i], information = s->values[MI_F_INFORMATION][i];
        if (s->exponential.valid) {
            double fit = s->exponential.amplitude * exp(-s->exponential.exponent * r);
            s->values[MI_F_EXPONENTIAL][i] = fit;
            s->values[MI_F_EXPONENTIAL_RESIDUAL][i] = information - fit;
        }
        if (s->power.valid) {
            double fit = s->power.amplitude * pow(1 - r, s->power.exponent);
            s->values[MI_F_POWER][i] = fit;
            s->values[MI_F_POWER_RESIDUAL][i] = information - fit;
        }
    }
}

/* Parts of i(r) as shares of it, where it is more than two of its errors above zero; the error is
 * that of the part, as in derive_share. */
static void derive_parts(mi_source *s)
{
    static const mi_field parts[][2] = {{MI_F_INTERPOLATION, MI_F_INTERPOLATION_SHARE},
                                        {MI_F_FAR, MI_F_FAR_SHARE},
                                        {MI_F_SEMANTIC, MI_F_SEMANTIC_SHARE}};
    for (size_t i = 0; i < s->points; i++) {
        double whole = s->values[MI_F_INFORMATION][i], error = s->values[MI_F_INFORMATION_SE][i];
        if (!(whole > fmax(0, 2 * error))) { /* fmax ignores a missing error */
            continue;
        }
        for (size_t p = 0; p < sizeof parts / sizeof *parts; p++) {
            s->values[parts[p][1]][i] = s->values[parts[p][0]][i] / whole;
            s->values[parts[p][1] + 1][i] = s->values[parts[p][0] + 1][i] / whole;
        }
    }
}

/* Where both curves have the ratio; an error that is missing, unless both are, is that of a number
 * known exactly. */
void mi_source_derive_difference(mi_source *s)
{
    for (size_t i = 0; s->opt_reference != NULL && i < s->points; i++) {
        double ratio = s->values[MI_F_RATIO][i], own = s->values[MI_F_INFORMATION_SE][i];
        double other = value_at(s->opt_reference, MI_F_INFORMATION_SE, ratio);
        double difference =
            s->values[MI_F_INFORMATION][i] - value_at(s->opt_reference, MI_F_INFORMATION, ratio);
        s->values[MI_F_DIFFERENCE][i] = difference;
        if (isfinite(difference) && !(isnan(own) && isnan(other))) {
            s->values[MI_F_DIFFERENCE_SE][i] =
                hypot(isnan(own) ? 0 : own, isnan(other) ? 0 : other);
        }
    }
}

void mi_source_derive(mi_source *s)
{
    for (size_t i = 0; i < s->points; i++) {
        s->values[MI_F_TOTAL][i] = s->values[MI_F_UNIGRAM][i] + s->values[MI_F_INFORMATION][i];
    }
    derive_share(s, MI_F_INFORMATION, MI_F_INFORMATION_SHARE, first_value(s, MI_F_INFORMATION));
    derive_share(s, MI_F_JOINT, MI_F_JOINT_SHARE, largest_value(s, MI_F_JOINT));
    derive_share(s, MI_F_OBJECTIVE, MI_F_OBJECTIVE_SHARE, largest_value(s, MI_F_OBJECTIVE));
    derive_mirror(s);
    derive_fits(s);
    derive_parts(s);
}
