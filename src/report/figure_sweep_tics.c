/* Tics of the figures of a sweep. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sweep_parts.h"
#include "text.h"

enum {
    TIC_LIMIT = 18,
    CHARACTER = 7, /* pixels of a tic's */
    UPRIGHT = 14,  /* pixels along the axis of a turned label */
    ALL_TICS = 40,
    EASY = 5, /* characters that have room left of any axis */
    STEPS = 9,
    DIGITS = 6
};

static size_t cut_length(const char *label)
{
    size_t length = mi_text_length(label);
    return length < TIC_LIMIT ? length : TIC_LIMIT;
}

static size_t longest_label(const mi_swept_axis *axis)
{
    size_t longest = 0;
    for (size_t i = 0; i < axis->count; i++) {
        size_t length = cut_length(axis->labels[i]);
        longest = length > longest ? length : longest;
    }
    return longest;
}

int mi_sweep_room(size_t characters)
{
    return characters > EASY ? (int)(characters - EASY) * CHARACTER : 0;
}

int mi_sweep_labels_room(const mi_swept_axis *axis)
{
    return mi_sweep_room(longest_label(axis));
}

static void begin_tics(mi_sheet *sheet, char which, bool turned)
{
    fprintf(sheet->script, "set %ctics %s font ',10' (", which,
            turned ? "rotate by 40 right" : "norotate");
}

size_t mi_sweep_tics(mi_sheet *sheet, const mi_swept_axis *axis, char which, int width)
{
    size_t step = (axis->count + ALL_TICS - 1) / ALL_TICS, longest = longest_label(axis);
    bool turned = which == 'x' &&
                  (int)((longest + 1) * CHARACTER * ((axis->count + step - 1) / step)) > width;
    begin_tics(sheet, which, turned);
    for (size_t i = 0; i < axis->count; i += step) {
        fputs(i > 0 ? ", " : "", sheet->script);
        mi_text_quote_tic(sheet->script, axis->labels[i], TIC_LIMIT);
        fprintf(sheet->script, " %zu", i);
    }
    fputs(")\n", sheet->script);
    return turned ? longest : 0;
}

/* Are the labels more than the numbers? */
static bool own_labels(const mi_swept_axis *axis)
{
    bool own = false;
    for (size_t i = 0; i < axis->count && !own; i++) {
        char *end = NULL;
        double value = strtod(axis->labels[i], &end);
        own = end == axis->labels[i] || *end != '\0' ||
              !(fabs(value - axis->values[i]) <= 1e-4 * fabs(axis->values[i]));
    }
    return own;
}

/* Pixels from the left end of the axis. */
static double pixel(const mi_swept_axis *axis, mi_sweep_range range, int width, size_t i)
{
    double v = axis->values[i];
    double part = range.logarithmic ? log(v / range.low) / log(range.high / range.low)
                                    : (v - range.low) / (range.high - range.low);
    return part * width;
}

/* Would the label touch one of the first `count` that are shown? */
static bool touches(const mi_swept_axis *axis, mi_sweep_range range, int width, bool turned,
                    const size_t *shown, size_t count, size_t i)
{
    bool touching = false;
    for (size_t k = 0; k < count && !touching; k++) {
        size_t both = cut_length(axis->labels[i]) + cut_length(axis->labels[shown[k]]);
        double needed = turned ? UPRIGHT : (double)(both + 2) * CHARACTER / 2;
        touching =
            fabs(pixel(axis, range, width, i) - pixel(axis, range, width, shown[k])) < needed;
    }
    return touching;
}

/* The labels that do not touch one before them, in the order of the file. */
static size_t choose(const mi_swept_axis *axis, mi_sweep_range range, int width, bool turned,
                     size_t shown[ALL_TICS])
{
    size_t count = 0;
    for (size_t i = 0; i < axis->count && count < ALL_TICS; i++) {
        if (!touches(axis, range, width, turned, shown, count, i)) {
            shown[count++] = i;
        }
    }
    return count;
}

size_t mi_sweep_places(mi_sheet *sheet, const mi_swept_axis *axis, mi_sweep_range range, int width)
{
    enum { MANY = 12 };
    size_t shown[ALL_TICS], count = 0;
    bool turned = false, own = own_labels(axis);
    if (!own && (!range.logarithmic || axis->count > MANY)) {
        return 0;
    }
    count = choose(axis, range, width, false, shown);
    if (count < axis->count) {
        turned = true;
        count = choose(axis, range, width, true, shown);
    }
    begin_tics(sheet, 'x', turned);
    for (size_t k = 0; k < count; k++) {
        fputs(k > 0 ? ", " : "", sheet->script);
        mi_text_quote_tic(sheet->script, axis->labels[shown[k]], TIC_LIMIT);
        fprintf(sheet->script, " %.12g", axis->values[shown[k]]);
    }
    fputs(")\n", sheet->script);
    return turned ? longest_label(axis) : 0;
}

/* 1, 2 or 5 times a power of ten. */
static double step_of(mi_sweep_range range)
{
    double raw = (range.high - range.low) / STEPS, power = pow(10, floor(log10(raw)));
    double digit = raw / power;
    return power * (digit <= 1 ? 1 : digit <= 2 ? 2 : digit <= 5 ? 5 : 10);
}

/* Digits that tell neighbouring tics apart. */
static int digits_of(mi_sweep_range range)
{
    double most = fmax(fabs(range.low), fabs(range.high));
    int digits = (int)(floor(log10(most)) - floor(log10(step_of(range)) + 1e-9)) + 1;
    return digits < DIGITS ? DIGITS : digits > 15 ? 15 : digits;
}

/* Few decades are written out: 1, 10, 100. */
static bool written_out(mi_sweep_range range)
{
    return range.low >= 1e-4 && range.high < 1e6;
}

size_t mi_sweep_characters(mi_sweep_range range)
{
    char text[40];
    size_t longest = 0;
    if (!isfinite(range.low) || !(range.high > range.low)) {
        return 0;
    }
    if (range.logarithmic && !written_out(range)) {
        return strlen("1e+00");
    }
    double step = range.logarithmic ? 1 : step_of(range);
    double low = range.logarithmic ? log10(range.low) : range.low;
    double high = range.logarithmic ? log10(range.high) : range.high;
    for (double k = ceil(low / step); k <= floor(high / step); k++) {
        double value = range.logarithmic ? pow(10, k) : k * step;
        size_t length = (size_t)snprintf(text, sizeof text, "%.*g",
                                         range.logarithmic ? DIGITS : digits_of(range), value);
        longest = length > longest ? length : longest;
    }
    return longest;
}

void mi_sweep_put_range(mi_sheet *sheet, mi_sweep_range range)
{
    if (!isfinite(range.low) || !(range.high > range.low)) {
        return;
    }
    fprintf(sheet->script, "set yrange [%.6g:%.6g]\n", range.low, range.high);
    if (range.logarithmic) {
        fprintf(sheet->script, "set logscale y; set format y '%s'\n",
                written_out(range) ? "%g" : "%.0e");
    } else {
        fprintf(sheet->script, "set ytics %.6g; set format y '%%.%dg'\n", step_of(range),
                digits_of(range));
    }
}
