/* Random masks: what MAE and BERT use, and what the entropy profile describes. */
#include "masks.h"

static const char *const counts[] = {"fixed", "bernoulli", NULL};

static const mi_parameter parameters[] = {
    {.name = "count",
     .type = MI_CHOICE,
     .fallback = "\"fixed\"",
     .choices = counts,
     .unit = "",
     .help = "fixed: rN masked sites in every mask; bernoulli: each site masked independently with "
             "probability r"},
    {.name = NULL},
};

static mi_code check(const mi_values *values, mi_layout layout, double ratio, mi_status *status)
{
    return mi_is(values, "count", "bernoulli")
               ? MI_OK
               : mi_mask_check_count(ratio, mi_layout_sites(layout), status);
}

/* Selection sampling (Knuth, The Art of Computer Programming 2, section 3.4.2, algorithm S): site i
 * is hidden with the number still to hide over the number still to come. */
static void draw_fixed(size_t sites, size_t hidden, gsl_rng *stream, unsigned char *masked)
{
    for (size_t i = 0; i < sites; i++) {
        masked[i] = gsl_rng_uniform(stream) * (double)(sites - i) < (double)hidden;
        hidden -= masked[i];
    }
}

static void draw(const mi_values *values, mi_layout layout, double ratio, gsl_rng *stream,
                 unsigned char *masked)
{
    size_t sites = mi_layout_sites(layout);
    if (mi_is(values, "count", "fixed")) {
        size_t hidden = mi_mask_draw_count(ratio, sites, stream);
        draw_fixed(sites, hidden, stream, masked);
        return;
    }
    for (size_t i = 0; i < sites; i++) {
        masked[i] = gsl_rng_uniform(stream) < ratio;
    }
}

const mi_mask_class mi_random_mask = {
    .name = "random",
    .summary = "every set of masked sites of a size is equally likely",
    .parameters = parameters,
    .exchangeable = true,
    .check = check,
    .draw = draw,
};
