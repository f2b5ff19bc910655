/* Fields that follow from the points and the fits: shares, sums, mirror images, residuals. */
#include <math.h>

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

static void derive_mirror(mi_source *s)
{
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
}
