/* The answer of a result, computed from its numbers: what was found, how sure that is, and where it
 * is not what the exercise expects. */
#include <math.h>
#include <string.h>

#include "html.h"
#include "maskinfo/format.h"
#include "swept.h"

/* What the exercise takes for granted: BERT's and MAE's masking ratios. */
static const double expected[MI_GROUPS] = {[MI_GROUP_TEXT] = 0.15, [MI_GROUP_IMAGE] = 0.75};
static const char *const group_names[MI_GROUPS] = {
    [MI_GROUP_TEXT] = "text", [MI_GROUP_IMAGE] = "images"};

enum { TEXT = 400 };

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
    size_t count, agree;
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
static range optima_of(const mi_report *report, mi_group group)
{
    range r = {.low = INFINITY, .high = -INFINITY};
    bool weighed = any_weighed(report);
    for (size_t i = 0; i < report->count; i++) {
        const mi_source *s = &report->sources[i];
        if (s->group == group && s->has_optimum && !s->misfit && (!weighed || is_weighed(s))) {
            double low = has_interval(s) ? s->low : s->optimum;
            double high = has_interval(s) ? s->high : s->optimum;
            r.count++;
            r.agree += low <= expected[group] && expected[group] <= high;
            r.low = fmin(r.low, s->optimum);
            r.high = fmax(r.high, s->optimum);
        }
    }
    return r;
}

static void say_groups(const mi_section *section)
{
    const char *what = any_weighed(section->report) ? "measured sources" : "curves";
    for (int g = 0; g < MI_GROUPS; g++) {
        range r = optima_of(section->report, (mi_group)g);
        if (r.count > 0) {
            mi_html_say(section->page,
                        "For %s, the best ratios of %zu %s without a misfit lie from %.3g to %.3g. "
                        "The exercise expects about %.0f %%: the intervals of %zu of %zu contain "
                        "it%s.",
                        group_names[g], r.count, what, r.low, r.high, 100 * expected[g], r.agree,
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
            mi_html_say(section->page,
                        "Rank correlation of r·i(r) of %s with published accuracies (%s): %.2f.",
                        o->opt_against->label, o->label, o->rank_correlation);
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

/* "0.91 (95 % interval 0.9 to 0.92) at side 28, kappa 0.003". */
static void put_cell(char *text, size_t size, const mi_swept *s, size_t cell, size_t column)
{
    const mi_swept_value *value = &s->values[cell * s->column_count + column];
    size_t used = 0;
    mi_append(text, size, &used, "%.4g", value->mean);
    if (isfinite(value->low) && isfinite(value->high)) {
        mi_append(text, size, &used, " (95 %% interval %.4g to %.4g)", value->low, value->high);
    }
    for (size_t a = 0; a < s->axis_count; a++) {
        const mi_swept_axis *axis = &s->axes[a];
        mi_append(text, size, &used, "%s%s %s", a == 0 ? " at " : ", ", axis->bare,
                  axis->labels[mi_swept_at(s, cell, a)]);
    }
}

/* The cells of the smallest and the largest mean of a column; false where no cell has one. */
static bool find_extremes(const mi_swept *s, size_t column, size_t *ret_low, size_t *ret_high)
{
    double low = INFINITY, high = -INFINITY;
    for (size_t i = 0; s->values != NULL && i < s->cell_count; i++) {
        double mean = s->values[i * s->column_count + column].mean;
        if (isfinite(mean) && mean < low) {
            low = mean;
            *ret_low = i;
        }
        if (isfinite(mean) && mean > high) {
            high = mean;
            *ret_high = i;
        }
    }
    return isfinite(low);
}

static void say_column(FILE *page, const mi_swept *s, size_t column)
{
    char least[TEXT], most[TEXT];
    size_t low = 0, high = 0;
    if (!find_extremes(s, column, &low, &high)) {
        return;
    }
    const mi_swept_value *a = &s->values[low * s->column_count + column];
    const mi_swept_value *b = &s->values[high * s->column_count + column];
    bool known = isfinite(a->high) && isfinite(b->low);
    put_cell(least, sizeof least, s, low, column);
    put_cell(most, sizeof most, s, high, column);
    mi_html_say(page, "%s: from %s to %s%s.", s->columns[column].label, least, most,
                !known             ? ""
                : a->high < b->low ? "; the intervals of these two are apart"
                                   : "; the intervals of these two overlap, so that the sweep "
                                     "does not tell them apart");
}

void mi_answer_sweep(const mi_section *section)
{
    const mi_swept *s = section->report->opt_swept;
    const char *answer = mi_json_text(section->result, "answer");
    if (answer != NULL) {
        mi_html_say(section->page, "%s", answer);
    }
    mi_html_say(section->page, "%zu of %zu units were computed, %zu failed.", s->done, s->units,
                s->failed);
    for (size_t c = 0; c < s->column_count; c++) {
        say_column(section->page, s, c);
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
