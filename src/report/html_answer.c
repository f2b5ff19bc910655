/* The answer of a result, computed from its numbers: what was found, how sure that is, and where it
 * is not what the exercise expects. */
#include <math.h>
#include <string.h>

#include "html.h"
#include "maskinfo/format.h"

/* What the exercise takes for granted: BERT's and MAE's masking ratios. */
static const double expected[MI_GROUPS] = {[MI_GROUP_TEXT] = 0.15, [MI_GROUP_IMAGE] = 0.75};
static const char *const group_names[MI_GROUPS] = {
    [MI_GROUP_TEXT] = "text", [MI_GROUP_IMAGE] = "images"};

enum { TEXT = 400 };

const char *mi_answer_ratios(double count, char text[MI_RATIOS])
{
    text[0] = '\0';
    if (isfinite(count)) {
        snprintf(text, MI_RATIOS, " (%.0f ratios)", count);
    }
    return text;
}

static bool has_interval(const mi_source *s)
{
    return isfinite(s->low) && isfinite(s->high) && s->high > s->low;
}

static void put_optimum(char *text, size_t size, const mi_source *s)
{
    size_t used = 0;
    mi_append(text, size, &used, "%.3g", s->optimum);
    if (has_interval(s)) {
        mi_append(text, size, &used, " (95 %% interval %.3g to %.3g)", s->low, s->high);
    }
    if (s->edge) {
        mi_append(text, size, &used, ", which is the %s ratio computed, so that it is only a bound",
                  s->optimum < 0.5 ? "first" : "last");
    }
}

static void say_expected(FILE *page, const mi_source *s)
{
    bool field = mi_json_number(s->json, "dimensions") == 2;
    mi_group group = field ? MI_GROUP_IMAGE : s->group;
    double ratio = expected[group];
    double low = has_interval(s) ? s->low : s->optimum;
    double high = has_interval(s) ? s->high : s->optimum;
    bool inside = low <= ratio && ratio <= high;
    mi_html_say(page,
                inside ? "The exercise expects about %.0f %% for %s: the measurement agrees."
                       : "The exercise expects about %.0f %% for %s: this source does not confirm "
                         "it; its optimum lies %s.",
                100 * ratio, group_names[group], high < ratio ? "lower" : "higher");
}

static void say_fits(FILE *page, const mi_source *s)
{
    if (s->exponential.valid && s->power.valid && s->opt_preferred != NULL) {
        mi_html_say(page,
                    "Of the two decays, the %s describes the curve better (smaller AICc): "
                    "I0 exp(-λ r) with λ = %.3g, R² = %.3f; I0 (1-r)^κ with κ = %.3g, R² = %.3f.",
                    strcmp(s->opt_preferred, "power") == 0 ? "power law" : "exponential",
                    s->exponential.exponent, s->exponential.r_squared, s->power.exponent,
                    s->power.r_squared);
    }
}

void mi_answer_curve(const mi_section *section)
{
    char optimum[TEXT];
    const mi_source *s = &section->report->sources[0];
    if (s->misfit) {
        mi_html_say(section->page,
                    "The model does not fit the data, so that nothing here is a "
                    "measurement of information: %s.",
                    s->misfit_message);
    }
    if (s->has_optimum) {
        put_optimum(optimum, sizeof optimum, s);
        mi_html_say(section->page, "r·i(r) is largest at r* = %s.", optimum);
        say_expected(section->page, s);
    } else {
        mi_html_say(section->page, "The result has no best ratio.");
    }
    say_fits(section->page, s);
    if (s->opt_regime != NULL) {
        mi_html_say(section->page, "The curve's regime: %s.", s->opt_regime);
    }
}

/* Sound measurements of a group: how many, where their optima lie, how many agree with what is
 * expected. */
typedef struct range {
    size_t count, sources, agree;
    double low, high;
} range;

static bool is_weighed(const mi_source *s)
{
    return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(s->json, "weighed"));
}

static bool any_weighed(const mi_report *report)
{
    bool any = false;
    for (size_t i = 0; i < report->count; i++) {
        any = any || is_weighed(&report->sources[i]);
    }
    return any;
}

/* Where some sources are weighed as measurements, the others, which show what a law could do, are
 * left out. */
static bool takes(const mi_report *report, mi_group group, size_t index)
{
    const mi_source *s = &report->sources[index];
    return s->group == group && s->has_optimum && !s->misfit &&
           (!any_weighed(report) || is_weighed(s));
}

/* Does a curve before it belong to the same source? */
static bool shown_before(const mi_report *report, mi_group group, size_t index)
{
    const char *origin = report->sources[index].origin;
    bool before = false;
    for (size_t i = 0; i < index && origin[0] != '\0' && !before; i++) {
        before = takes(report, group, i) && strcmp(report->sources[i].origin, origin) == 0;
    }
    return before;
}

static range optima_of(const mi_report *report, mi_group group)
{
    range r = {.low = INFINITY, .high = -INFINITY};
    for (size_t i = 0; i < report->count; i++) {
        const mi_source *s = &report->sources[i];
        if (takes(report, group, i)) {
            double low = has_interval(s) ? s->low : s->optimum;
            double high = has_interval(s) ? s->high : s->optimum;
            r.count++;
            r.sources += !shown_before(report, group, i);
            r.agree += low <= expected[group] && expected[group] <= high;
            r.low = fmin(r.low, s->optimum);
            r.high = fmax(r.high, s->optimum);
        }
    }
    return r;
}

/* What the ratios are of: strategies of one source are several curves. */
static void put_what(char *text, size_t size, const mi_report *report, range r)
{
    const char *what = any_weighed(report) ? "measured sources" : "sources";
    if (r.sources < r.count) {
        snprintf(text, size, "%zu curves of %zu %s", r.count, r.sources, what);
    } else {
        snprintf(text, size, "%zu %s", r.count, what);
    }
}

static void say_groups(const mi_section *section)
{
    char what[80], group[40];
    for (int g = 0; g < MI_GROUPS; g++) {
        range r = optima_of(section->report, (mi_group)g);
        put_what(what, sizeof what, section->report, r);
        /* What is not measured may be neither text nor image, whatever it is drawn with. */
        snprintf(group, sizeof group, any_weighed(section->report) ? "%s" : "what is drawn as %s",
                 group_names[g]);
        if (r.count > 0) {
            mi_html_say(section->page,
                        "For %s, the best ratios of %s without a misfit lie from %.3g to %.3g. "
                        "The exercise expects about %.0f %% for %s: the intervals of %zu of %zu "
                        "contain it%s.",
                        group, what, r.low, r.high, 100 * expected[g], group_names[g], r.agree,
                        r.count,
                        r.agree > 0 ? ""
                        : r.low <= expected[g] && expected[g] <= r.high
                            ? ", although it lies among them"
                            : ", so that it is not confirmed here");
        }
    }
}

static void say_decays(const mi_section *section)
{
    size_t both = 0, power = 0;
    double lowest = INFINITY;
    for (size_t i = 0; i < section->report->count; i++) {
        const mi_source *s = &section->report->sources[i];
        if (s->exponential.valid && s->power.valid && s->opt_preferred != NULL && !s->misfit) {
            both++;
            power += strcmp(s->opt_preferred, "power") == 0;
            lowest = fmin(lowest, s->exponential.r_squared);
        }
    }
    if (both > 0) {
        mi_html_say(section->page,
                    "The exercise models the decay as exponential: a power law I0 (1-r)^κ "
                    "describes %zu of %zu curves better, and the exponential's R² falls to %.2f.",
                    power, both, lowest);
    }
}

static void say_misfits(const mi_section *section)
{
    char names[4 * TEXT] = "";
    size_t used = 0, count = 0;
    for (size_t i = 0; i < section->report->count; i++) {
        const mi_source *s = &section->report->sources[i];
        if (s->misfit) {
            mi_append(names, sizeof names, &used, "%s%.80s", count++ > 0 ? "; " : "", s->label);
        }
    }
    if (count > 0) {
        mi_html_say(section->page,
                    "Not measurements of information, because the fitted model contradicts "
                    "itself (%zu): %s.",
                    count, names);
    }
}

void mi_answer_compare(const mi_section *section)
{
    const mi_report *r = section->report;
    const cJSON *verdict = cJSON_GetObjectItemCaseSensitive(section->result, "verdict");
    if (r->verdict[0] != '\0' && mi_json_number(verdict, "pairs_weighed") > 0) {
        mi_html_say(section->page, "%s.", r->verdict);
    }
    if (r->opt_comparison != NULL && r->opt_comparison->sentence[0] != '\0') {
        mi_html_say(section->page, "%s", r->opt_comparison->sentence);
    }
    say_groups(section);
    say_decays(section);
    for (size_t i = 0; i < r->overlay_count; i++) {
        const mi_overlay *o = &r->overlays[i];
        if (isfinite(o->rank_correlation) && o->opt_against != NULL) {
            char ratios[MI_RATIOS];
            mi_html_say(section->page,
                        "Rank correlation of r·i(r) of %s with published accuracies (%s): %.2f%s.",
                        o->opt_against->label, o->label, o->rank_correlation,
                        mi_answer_ratios(o->pairs, ratios));
        }
    }
    say_misfits(section);
}

void mi_answer_advice(const mi_section *section)
{
    const cJSON *advice = cJSON_GetObjectItemCaseSensitive(section->result, "recommendation");
    const cJSON *regime = cJSON_GetObjectItemCaseSensitive(section->result, "regime"), *item = NULL;
    const char *why = mi_json_text(advice, "reason"), *sure = mi_json_text(advice, "certainty");
    double ratio = mi_json_number(advice, "ratio");
    if (isfinite(ratio)) {
        mi_html_say(section->page, "Start from r = %.2g (95 %% interval %.2g to %.2g); %s: %s.",
                    ratio, mi_json_number(advice, "low"), mi_json_number(advice, "high"),
                    sure != NULL ? sure : "certainty not known", why != NULL ? why : "");
    } else {
        const char *reason = mi_json_text(section->result, "recommendation_reason");
        const char *help = mi_json_text(section->result, "what_would_help");
        reason = why != NULL ? why : reason;
        help = help != NULL ? help : mi_json_text(advice, "what_would_help");
        mi_html_say(section->page, "No ratio is advised: %s.%s%s",
                    reason != NULL ? reason : "the data do not determine one",
                    help != NULL ? " What would help: " : "", help != NULL ? help : "");
    }
    if (mi_json_text(regime, "sentence") != NULL) {
        mi_html_say(section->page, "Regime: %s.", mi_json_text(regime, "sentence"));
    }
    cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(section->result, "strategies"))
    {
        const char *name = mi_json_text(item, "name"), *said = mi_json_text(item, "sentence");
        if (name != NULL && said != NULL && strcmp(name, "random") != 0) {
            mi_html_say(section->page, "Masks of strategy %s: %s.", name, said);
        }
    }
}

mi_code mi_html_answer(const mi_section *section, mi_status *status)
{
    const mi_report *r = section->report;
    (r->opt_swept != NULL ? mi_answer_sweep
     : r->center          ? mi_answer_center
     : r->train           ? mi_answer_train
     : r->checks          ? mi_answer_checks
     : r->methods         ? mi_answer_methods
     : r->estimators      ? mi_answer_estimators
     : r->advice          ? mi_answer_advice
     : r->compare         ? mi_answer_compare
                          : mi_answer_curve)(section);
    return ferror(section->page) == 0 ? MI_OK
                                      : mi_fail(status, MI_MEMORY, "no memory for the page");
}
