/* Answers of estimators and of centring. */
#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "centered.h"
#include "html.h"
#include "trials.h"

/* Estimates within two standard errors of the truth; and the one that misses it by most. */
static void say_estimator(FILE *page, const char *name, const mi_trials *t, size_t truth,
                          size_t value, size_t error)
{
    size_t count = 0, good = 0;
    double worst = 0, estimate = NAN, known = NAN;
    for (size_t i = 0; i < t->rows; i++) {
        const double *row = t->values + i * t->columns;
        double miss = fabs(row[value] - row[truth]);
        if (isfinite(miss) && isfinite(row[error])) {
            count++;
            good += miss <= 2 * row[error];
            if (miss > worst) {
                worst = miss;
                estimate = row[value];
                known = row[truth];
            }
        }
    }
    if (count > 0) {
        mi_html_say(page,
                    "%s: within two standard errors of the truth in %zu of %zu settings; at worst "
                    "%.3g nats where the truth is %.3g.",
                    name, good, count, estimate, known);
    }
}

void mi_answer_estimators(const mi_section *section)
{
    mi_trials gaussian = {0}, discrete = {0};
    if (mi_trials_read(section->result, MI_TRIALS_GAUSSIAN, &gaussian, NULL) == MI_OK) {
        say_estimator(section->page, "Nearest neighbours", &gaussian, MI_T_TRUTH, MI_T_KSG,
                      MI_T_KSG_SE);
        say_estimator(section->page, "Log-determinants, their bias taken off", &gaussian,
                      MI_T_TRUTH, MI_T_CORRECTED, MI_T_GAUSSIAN_SE);
    }
    if (mi_trials_read(section->result, MI_TRIALS_DISCRETE, &discrete, NULL) == MI_OK) {
        say_estimator(section->page, "Plug-in counts", &discrete, MI_T_KNOWN, MI_T_PLUGIN,
                      MI_T_PLUGIN_SE);
        say_estimator(section->page, "Counts with the Miller-Madow correction", &discrete,
                      MI_T_KNOWN, MI_T_MILLER_MADOW, MI_T_MILLER_MADOW_SE);
    }
    free(gaussian.values);
    free(discrete.values);
}

static void say_published(const mi_section *section)
{
    size_t count = 0, agree = 0;
    const cJSON *item = NULL;
    cJSON_ArrayForEach(item, mi_centered_array(section->result, NULL, "published"))
    {
        const cJSON *stable = cJSON_GetObjectItemCaseSensitive(item, "satisfied");
        const cJSON *collapsed = cJSON_GetObjectItemCaseSensitive(item, "collapsed");
        if (cJSON_IsBool(stable) && cJSON_IsBool(collapsed) &&
            isfinite(mi_json_number(item, "law"))) {
            count++;
            agree += cJSON_IsTrue(stable) != cJSON_IsTrue(collapsed);
        }
    }
    if (count > 0) {
        mi_html_say(section->page,
                    "Of %zu published settings that the law speaks of, %zu did as it says%s.",
                    count, agree,
                    agree < count ? "; the table names what the others would need" : "");
    }
}

/* How often information survives in a condition, over the similarities. */
static void say_condition(const mi_section *section, const char *condition)
{
    double least = INFINITY, most = -INFINITY;
    const cJSON *item = NULL;
    cJSON_ArrayForEach(item, mi_centered_array(section->result, "loop", "counts"))
    {
        if (mi_centered_is(item, "condition", condition)) {
            least = fmin(least, mi_json_number(item, "survived"));
            most = fmax(most, mi_json_number(item, "survived"));
        }
    }
    if (isfinite(least)) {
        mi_html_say(section->page,
                    "With %s: information survives in %.0f %% to %.0f %% of the "
                    "starts, depending on how alike the inputs are.",
                    condition, 100 * least, 100 * most);
    }
}

static double count_scores(const cJSON *json)
{
    static const char ending[] = "_z";
    double count = 0;
    const cJSON *item = NULL;
    cJSON_ArrayForEach(item, json)
    {
        size_t length = item->string != NULL ? strlen(item->string) : 0;
        bool score = length > 2 && strcmp(item->string + length - 2, ending) == 0;
        count += cJSON_IsNumber(item) && score ? 1 : count_scores(item);
    }
    return count;
}

/* What the largest size of that many independent scores exceeds with a probability. */
static double largest_of(double count, double probability)
{
    return gsl_cdf_ugaussian_Qinv(-expm1(log1p(-probability) / count) / 2);
}

static void say_equilibrium(const mi_section *section, double z)
{
    double count = count_scores(mi_centered_array(section->result, NULL, "streams"));
    if (!isfinite(z) || count < 1) {
        return;
    }
    double most = largest_of(count, 0.05);
    mi_html_say(section->page,
                "The centre settles, moves and fluctuates %s the closed forms: of %.0f z-scores "
                "the largest is %.2f; of so many independent ones the largest is above %.2f in "
                "half of all cases and above %.2f in one of twenty.",
                z <= most ? "in agreement with" : "otherwise than predicted by", count, z,
                largest_of(count, 0.5), most);
}

void mi_answer_center(const mi_section *section)
{
    const cJSON *s = cJSON_GetObjectItemCaseSensitive(section->result, "stability");
    const cJSON *e = cJSON_GetObjectItemCaseSensitive(section->result, "equilibrium");
    static const char *const conditions[] = {"none", "center only", "sharpen only", "both"};
    say_equilibrium(section, mi_json_number(e, "largest_z"));
    if (isfinite(mi_json_number(s, "agreement"))) {
        mi_html_say(section->page,
                    "Simulated outputs do as predicted in %.1f %% of the settings of the map, and "
                    "grow or do not as predicted in %.1f %%.",
                    100 * mi_json_number(s, "agreement"),
                    100 * mi_json_number(s, "border_agreement"));
    }
    for (size_t i = 0; i < sizeof conditions / sizeof *conditions; i++) {
        say_condition(section, conditions[i]);
    }
    say_published(section);
}
