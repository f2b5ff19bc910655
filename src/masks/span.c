/* Spans of a sequence: stretches of geometric length are hidden until enough tokens are (Joshi et
 * al. 2020, "SpanBERT", arXiv 1907.10529, section 3.1: p = 0.2, at most 10, which makes a mean of
 * 3.8). The last span is cut, so that every mask of a ratio hides the same number. */
#include "masks.h"

#include <gsl/gsl_math.h>
#include <string.h>

static const mi_parameter parameters[] = {
    {.name = "mean",
     .type = MI_REAL,
     .low = 1,
     .high = 1e6,
     .fallback = "5",
     .unit = "sites",
     .help = "mean 1/p of the geometric law of a span's length, before it is cut off at longest"},
    {.name = "longest",
     .type = MI_INTEGER,
     .low = 1,
     .high = 1e6,
     .fallback = "10",
     .unit = "sites",
     .help = "longest span: the law is cut off there and normalised; SpanBERT: mean 5, longest 10"},
    {.name = NULL},
};

static mi_code check(const mi_values *values, mi_layout layout, double ratio, mi_status *status)
{
    size_t longest = mi_count(values, "longest"), sites = mi_layout_sites(layout);
    mi_code code = mi_mask_check_dimensions("span", layout, 1, "\"block\"", status);
    if (code != MI_OK) {
        return code;
    }
    if (longest > sites) {
        return mi_fail_at(status, "longest",
                          "%zu sites are longer than the sequence: must be in [1, %zu]", longest,
                          sites);
    }
    return mi_mask_check_count(ratio, sites, status);
}

/* Inverse of the distribution function (1 - q^n) / (1 - q^longest), q = 1 - 1/mean. */
static size_t draw_length(double mean, size_t longest, gsl_rng *stream)
{
    double uniform = gsl_rng_uniform(stream);
    if (mean <= 1) {
        return 1;
    }
    double log_q = log1p(-1 / mean), share = -expm1((double)longest * log_q);
    double length = ceil(log1p(-uniform * share) / log_q);
    return (size_t)fmin(fmax(length, 1), (double)longest);
}

static void draw(const mi_values *values, mi_layout layout, double ratio, gsl_rng *stream,
                 unsigned char *masked)
{
    double mean = mi_real(values, "mean");
    size_t longest = mi_count(values, "longest"), sites = mi_layout_sites(layout);
    size_t left = mi_mask_draw_count(ratio, sites, stream);
    memset(masked, 0, sites);
    while (left > 0) {
        /* Spans may reach beyond both ends, so that every token is as likely to be hidden. */
        size_t length = draw_length(mean, longest, stream);
        size_t end = 1 + gsl_rng_uniform_int(stream, sites + length - 1);
        size_t start = end > length ? end - length : 0;
        for (size_t i = start; i < GSL_MIN(end, sites) && left > 0; i++) {
            left -= masked[i] == 0;
            masked[i] = 1;
        }
    }
}

const mi_mask_class mi_span_mask = {
    .name = "span",
    .summary = "stretches of a sequence, of geometric length, as in SpanBERT",
    .parameters = parameters,
    .check = check,
    .draw = draw,
};
