/* Answers of training runs, checks of them, and methods side by side. */
#include <math.h>
#include <string.h>

#include "html.h"
#include "maskinfo/format.h"
#include "trained.h"

enum { TEXT = 512 };

static void say_collapse(FILE *page, const mi_trained *t)
{
    const mi_collapse *c = &t->collapse;
    if (c->verdict != MI_VERDICT_UNKNOWN) {
        mi_html_say(page, "Collapse of the outputs: %s%s%s.", mi_verdict_name(c->verdict),
                    c->verdict != MI_VERDICT_NONE && c->message[0] != '\0' ? "; " : "",
                    c->verdict != MI_VERDICT_NONE ? c->message : "");
    }
}

static void say_probe(FILE *page, const mi_probed *p)
{
    double trained = p->linear[MI_PROBE_TRAINED], raw = p->linear[MI_PROBE_RAW];
    if (p->there && isfinite(trained) && isfinite(raw)) {
        double error = hypot(p->linear_se[MI_PROBE_TRAINED], p->linear_se[MI_PROBE_RAW]);
        double z = (trained - raw) / error;
        mi_html_say(page,
                    "A linear classifier of the frozen features tells %.1f %% of held-out labels, "
                    "of raw values %.1f %%: the features are %s.",
                    100 * trained, 100 * raw,
                    z > 2    ? "better"
                    : z < -2 ? "worse, which is not what pre-training is for"
                             : "not told apart from raw values (within two standard errors)");
    }
}

static void put_best(char *text, size_t size, const mi_best *b)
{
    size_t used = 0;
    mi_append(text, size, &used, "%.3g", b->ratio);
    if (isfinite(b->low) && isfinite(b->high) && b->high > b->low) {
        mi_append(text, size, &used, " (95 %% interval %.3g to %.3g)", b->low, b->high);
    }
    mi_append(text, size, &used, "%s", b->edge ? ", at the edge of the ratios" : "");
}

void mi_answer_train(const mi_section *section)
{
    const mi_trained *t = &section->report->opt_runs->runs[0];
    char verdict[TEXT], network[TEXT], exact[TEXT];
    mi_html_say(section->page, "%s", mi_trained_verdict(t, verdict, sizeof verdict));
    say_collapse(section->page, t);
    if (isfinite(t->best.ratio) && isfinite(t->exact_best.ratio)) {
        put_best(network, sizeof network, &t->best);
        put_best(exact, sizeof exact, &t->exact_best);
        mi_html_say(section->page,
                    "The network's information is worth most at r* = %s; the %s curve's optimum "
                    "is %s.",
                    network, t->held_out ? "model" : "exact", exact);
    }
    say_probe(section->page, &t->probed);
}

static bool overlap(const mi_best *a, const mi_best *b)
{
    return a->low <= b->high && b->low <= a->high;
}

static bool has_interval(const mi_best *b)
{
    return isfinite(b->ratio) && isfinite(b->low) && isfinite(b->high);
}

static void say_gaps(const mi_section *section, const mi_runs *runs)
{
    double low = INFINITY, high = -INFINITY;
    size_t leaks = 0, count = 0;
    const char *worst = "";
    for (size_t i = 0; i < runs->count; i++) {
        double gap = runs->runs[i].evaluation.gap_percent;
        leaks += mi_trained_leaks(&runs->runs[i]);
        if (isfinite(gap)) {
            count++;
            low = fmin(low, gap);
            worst = gap > high ? runs->runs[i].label : worst;
            high = fmax(high, gap);
        }
    }
    if (count > 0) {
        mi_html_say(section->page,
                    "%zu of %zu runs have a floor; they end %.2g %% to %.2g %% above it, %s the "
                    "farthest.",
                    count, runs->count, low, high, worst);
    }
    if (leaks > 0) {
        mi_html_say(section->page,
                    "Below what is possible: %zu of %zu runs; a leak, which must be found.", leaks,
                    runs->count);
    } else if (count > 0) {
        mi_html_say(section->page, "None of the %zu runs with a floor is below what is possible.",
                    count);
    }
}

void mi_answer_checks(const mi_section *section)
{
    const mi_runs *runs = section->report->opt_runs;
    size_t both = 0, agree = 0;
    for (size_t i = 0; i < runs->count; i++) {
        const mi_trained *t = &runs->runs[i];
        if (has_interval(&t->best) && has_interval(&t->exact_best)) {
            both++;
            agree += overlap(&t->best, &t->exact_best);
        }
    }
    say_gaps(section, runs);
    if (both > 0) {
        mi_html_say(section->page,
                    "In %zu of %zu runs the 95 %% intervals of the network's best ratio and of the "
                    "exact one overlap; where they do not, the network, which gains less from its "
                    "context at some ratios than at others, has moved the optimum.",
                    agree, both);
    }
    if (runs->curve.there && isfinite(runs->curve.rank_correlation)) {
        char ratios[MI_RATIOS];
        mi_html_say(section->page,
                    "Over the masking ratio, accuracies of linear probes (%s) and the published "
                    "ones have a rank correlation of %.2f%s.",
                    runs->curve.label, runs->curve.rank_correlation,
                    mi_answer_ratios(runs->curve.pairs, ratios));
    }
}

/* The linear accuracy where there is one, else that of k nearest neighbours. */
static void say_accuracies(const mi_section *section, const mi_comparison *c)
{
    static const char *const ways[MI_WAYS] = {"k nearest neighbours", "a linear classifier",
                                              "a classifier of patches"};
    for (int w = MI_WAY_KNN; w <= MI_WAY_LINEAR; w++) {
        const mi_compared *best = NULL;
        size_t above = 0, count = 0;
        double raw = c->base[MI_BASE_RAW][w];
        for (size_t i = 0; i < c->count; i++) {
            const mi_compared *m = &c->methods[i];
            if (isfinite(m->accuracy[w])) {
                count++;
                above += m->accuracy[w] - 2 * m->error[w] > raw;
                best = best == NULL || m->accuracy[w] > best->accuracy[w] ? m : best;
            }
        }
        if (best != NULL && isfinite(raw)) {
            mi_html_say(section->page,
                        "By %s, %s is best: %.1f %% ± %.1f %% (one standard error) of held-out "
                        "labels; raw pixels give %.1f %%, which %zu of %zu methods pass by more "
                        "than two standard errors.",
                        ways[w], best->label, 100 * best->accuracy[w], 100 * best->error[w],
                        100 * raw, above, count);
        }
    }
}

/* Seeds of a label with a verdict. */
static size_t count_of(const mi_comparison *c, const char *label, mi_verdict verdict)
{
    size_t count = 0;
    for (size_t i = 0; i < c->outcome_count; i++) {
        count += c->outcomes[i].verdict == verdict && strcmp(c->outcomes[i].label, label) == 0;
    }
    return count;
}

static bool is_first(const mi_comparison *c, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (strcmp(c->outcomes[i].label, c->outcomes[index].label) == 0) {
            return false;
        }
    }
    return true;
}

static void say_outcomes(const mi_section *section, const mi_comparison *c)
{
    for (size_t i = 0; i < c->outcome_count; i++) {
        char text[TEXT] = "";
        size_t used = 0;
        for (int v = 0; v < MI_VERDICT_UNKNOWN && is_first(c, i); v++) {
            size_t count = count_of(c, c->outcomes[i].label, (mi_verdict)v);
            if (count > 0) {
                mi_append(text, sizeof text, &used, "%s%s (%zu)", used > 0 ? ", " : "",
                          mi_verdict_name((mi_verdict)v), count);
            }
        }
        if (used > 0) {
            mi_html_say(section->page, "%s: %s.", c->outcomes[i].label, text);
        }
    }
}

/* Do runs without centring collapse, as the exercise says? */
static void say_expected(const mi_section *section)
{
    size_t without = 0, collapsed = 0;
    const cJSON *run = NULL;
    cJSON_ArrayForEach(run, cJSON_GetObjectItemCaseSensitive(section->result, "runs"))
    {
        const cJSON *config = cJSON_GetObjectItemCaseSensitive(run, "config");
        const cJSON *method = cJSON_GetObjectItemCaseSensitive(config, "method");
        const cJSON *teacher = cJSON_GetObjectItemCaseSensitive(method, "teacher");
        const char *centering = mi_json_text(teacher, "centering");
        const cJSON *collapse = cJSON_GetObjectItemCaseSensitive(run, "collapse");
        const char *verdict = mi_json_text(collapse, "verdict");
        if (centering != NULL && verdict != NULL && strcmp(centering, "none") == 0) {
            without++;
            collapsed += strcmp(verdict, "none") != 0;
        }
    }
    if (without > 0) {
        mi_html_say(section->page,
                    "The exercise says that outputs collapse without centring: of %zu runs "
                    "without it %zu did%s.",
                    without, collapsed, collapsed < without ? ", so that it is not always so" : "");
    }
}

void mi_answer_methods(const mi_section *section)
{
    const mi_comparison *c = &section->report->opt_runs->comparison;
    say_accuracies(section, c);
    say_outcomes(section, c);
    say_expected(section);
}
