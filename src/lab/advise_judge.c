/* How sure an advice is: rules on numbers, and nothing else. */
#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "maskinfo/advise.h"

/* Widths of the interval, and differences of the halves, up to which an advice is firm or fair, or
 * is refused beyond. A masking ratio is chosen in steps of about 0.1 in practice. */
static const double firm_width = 0.1, fair_width = 0.25, widest = 0.5;
static const double firm_difference = 0.1, fair_difference = 0.2, fair_z = 2;
static const double refused_difference = 0.1, refused_z = 3;
enum { FIRM_REPLICATES = 16, FAIR_REPLICATES = 8 };

/* The quantile of a p-value of 0, so that the score stays a finite number. */
static const double largest_z = 38;
/* Half the width of a normal law's 95 % interval, in standard deviations. */
static const double half_width = 1.959964;

const char *mi_certainty_name(mi_certainty certainty)
{
    switch (certainty) {
    case MI_REFUSED:
        return "refused";
    case MI_WEAK:
        return "weak";
    case MI_FAIR:
        return "fair";
    case MI_FIRM:
        return "firm";
    }
    return "unknown";
}

static void add_clause(mi_judgement *j, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void add_clause(mi_judgement *j, const char *format, ...)
{
    size_t used = 0;
    while (used + 1 < sizeof j->reason && j->reason[used] != '\0') {
        used++;
    }
    if (used > 0 && used + 3 < sizeof j->reason) {
        j->reason[used++] = ';';
        j->reason[used++] = ' ';
    }
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(j->reason + used, sizeof j->reason - used, format, arguments);
    va_end(arguments);
}

/* The bootstrap of R replicates has (R-1)/R of the unbiased variance. */
static double error_of(const mi_estimate *e, size_t replicates)
{
    double error = (e->high - e->low) / (2 * half_width);
    return replicates > 1 ? error * sqrt((double)replicates / (double)(replicates - 1)) : error;
}

/* Normal score of a difference over its error, of Student's t with as many degrees of freedom as
 * both sets of replicates leave. */
static double score(double difference, double error, size_t replicates)
{
    if (difference == 0) {
        return 0;
    }
    double t = error > 0 ? fabs(difference) / error : largest_z * largest_z;
    double tail =
        replicates > 2 ? gsl_cdf_tdist_Q(t, (double)(replicates - 2)) : gsl_cdf_ugaussian_Q(t);
    double z = tail > 0 ? fmin(gsl_cdf_ugaussian_Qinv(tail), largest_z) : largest_z;
    return copysign(z, difference);
}

static void compare_halves(const mi_evidence *e, mi_judgement *j)
{
    const mi_estimate *first = &e->halves[0], *second = &e->halves[1];
    const size_t *count = e->half_replicates;
    j->has_difference = first->valid && second->valid;
    if (j->has_difference) {
        j->difference = second->ratio - first->ratio;
        j->z = score(j->difference, hypot(error_of(first, count[0]), error_of(second, count[1])),
                     count[0] + count[1]);
    }
}

static mi_refusal refusal_of(const mi_evidence *e, const mi_judgement *j)
{
    if (!e->all.valid) {
        return MI_NO_INFORMATION;
    }
    if (e->opt_misfit != NULL) {
        return MI_MISFIT;
    }
    if (e->all.high - e->all.low > widest) {
        return MI_TOO_WIDE;
    }
    if ((e->first_edge || e->last_edge) && !e->halves[0].valid && !e->halves[1].valid) {
        return MI_ONLY_AN_EDGE;
    }
    bool differ =
        j->has_difference && fabs(j->difference) > refused_difference && fabs(j->z) > refused_z;
    return differ ? MI_HALVES_DIFFER : MI_NOT_REFUSED;
}

static void explain_refusal(const mi_evidence *e, mi_judgement *j)
{
    switch (j->refusal) {
    case MI_NO_INFORMATION:
        add_clause(j,
                   "what is visible tells nothing about what is masked that is larger than its "
                   "error: %s",
                   e->opt_none != NULL ? e->opt_none : "no optimum");
        break;
    case MI_MISFIT:
        add_clause(j, "the fitted density contradicts itself: %s", e->opt_misfit);
        break;
    case MI_TOO_WIDE:
        add_clause(j, "the interval [%.2f, %.2f] is wider than %g", e->all.low, e->all.high,
                   widest);
        break;
    case MI_HALVES_DIFFER:
        add_clause(j, "the halves of the data contradict each other: %.2f and %.2f (z = %.1f)",
                   e->halves[0].ratio, e->halves[1].ratio, j->z);
        break;
    case MI_ONLY_AN_EDGE:
        add_clause(j,
                   "r i(r) is largest at the %s ratio computed, and neither half of the data has "
                   "an optimum",
                   e->first_edge ? "first" : "last");
        break;
    case MI_NOT_REFUSED:
    case MI_TOO_LITTLE:
        break;
    }
}

static mi_certainty smaller(mi_certainty a, mi_certainty b)
{
    return a < b ? a : b;
}

static mi_certainty by_width(const mi_evidence *e, mi_judgement *j)
{
    double width = e->all.high - e->all.low;
    add_clause(j, "the interval is %.2f wide", width);
    return width < firm_width ? MI_FIRM : width < fair_width ? MI_FAIR : MI_WEAK;
}

static mi_certainty by_halves(const mi_evidence *e, mi_judgement *j)
{
    if (!j->has_difference) {
        add_clause(j, "no optimum of both halves to compare");
        return MI_WEAK;
    }
    add_clause(j, "the halves say %.2f and %.2f", e->halves[0].ratio, e->halves[1].ratio);
    double size = fabs(j->difference);
    return size < firm_difference                           ? MI_FIRM
           : size < fair_difference || fabs(j->z) <= fair_z ? MI_FAIR
                                                            : MI_WEAK;
}

static mi_certainty by_replicates(const mi_evidence *e, mi_judgement *j)
{
    if (e->replicates < FIRM_REPLICATES) {
        add_clause(j, "its error comes from %zu independent pieces of data alone", e->replicates);
    }
    return e->replicates >= FIRM_REPLICATES   ? MI_FIRM
           : e->replicates >= FAIR_REPLICATES ? MI_FAIR
                                              : MI_WEAK;
}

static mi_certainty by_edge(const mi_evidence *e, mi_judgement *j)
{
    if (e->first_edge || e->last_edge) {
        add_clause(j, "it is the %s ratio computed, so that the top may lie beyond",
                   e->first_edge ? "first" : "last");
        return MI_WEAK;
    }
    return MI_FIRM;
}

void mi_advice_judge(const mi_evidence *e, mi_judgement *ret_judgement)
{
    mi_judgement *j = ret_judgement;
    *j = (mi_judgement){.certainty = MI_REFUSED};
    compare_halves(e, j);
    j->refusal = refusal_of(e, j);
    if (j->refusal != MI_NOT_REFUSED) {
        explain_refusal(e, j);
        return;
    }
    j->certainty = smaller(by_width(e, j), by_halves(e, j));
    j->certainty = smaller(j->certainty, by_replicates(e, j));
    j->certainty = smaller(j->certainty, by_edge(e, j));
}
