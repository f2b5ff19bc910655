/* What "checks" makes of its runs: the table of optima, and probe accuracies beside published ones.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "maskinfo/memory.h"
#include "maskinfo/statistics.h"
#include "training.h"

/* Accuracies of the probe runs over their ratios. */
typedef struct probe_points {
    size_t count;
    double ratio[MI_LIST_LIMIT], knn[MI_LIST_LIMIT], linear[MI_LIST_LIMIT];
    double linear_se[MI_LIST_LIMIT];
} probe_points;

static void put_probe_point(mi_writer *w, cJSON *points, const cJSON *run, double ratio,
                            probe_points *p)
{
    const cJSON *trained = mi_lab_item(mi_lab_item(run, "probe"), "trained");
    const cJSON *evaluation = mi_lab_item(run, "evaluation");
    static const char *const losses[] = {"loss", "loss_se", "floor", "gap"};
    cJSON *point = cJSON_CreateObject();
    p->ratio[p->count] = ratio;
    p->knn[p->count] = mi_lab_number(trained, "knn");
    p->linear[p->count] = mi_lab_number(trained, "linear");
    p->linear_se[p->count] = mi_lab_number(trained, "linear_se");
    mi_add_number(w, point, "ratio", ratio);
    mi_add_number(w, point, "knn", p->knn[p->count]);
    mi_add_number(w, point, "knn_se", mi_lab_number(trained, "knn_se"));
    mi_add_number(w, point, "linear", p->linear[p->count]);
    mi_add_number(w, point, "linear_se", p->linear_se[p->count]);
    for (size_t i = 0; i < sizeof losses / sizeof *losses; i++) {
        mi_add_number(w, point, losses[i], mi_lab_number(evaluation, losses[i]));
    }
    p->count++;
    mi_append_item(w, points, point);
}

/* The best ratio, and the range of those whose accuracy does not differ from the best by more than
 * 1.96 errors of the difference. The examples are the same ones, so that this is wide. */
static void put_optimum(mi_writer *w, cJSON *curve, const probe_points *p)
{
    size_t best = p->count;
    for (size_t i = 0; i < p->count; i++) {
        if (isfinite(p->linear[i]) && (best == p->count || p->linear[i] > p->linear[best])) {
            best = i;
        }
    }
    if (p->count < 3 || best == p->count) {
        mi_add_null(w, curve, "optimum", "fewer than 3 ratios");
        return;
    }
    double low = p->ratio[best], high = low;
    for (size_t i = 0; i < p->count; i++) {
        double error = hypot(p->linear_se[i], p->linear_se[best]);
        if (p->linear[best] - p->linear[i] <= 1.96 * error) {
            low = fmin(low, p->ratio[i]);
            high = fmax(high, p->ratio[i]);
        }
    }
    cJSON *optimum = cJSON_CreateObject();
    mi_add_number(w, optimum, "ratio", p->ratio[best]);
    mi_add_number(w, optimum, "low", low);
    mi_add_number(w, optimum, "high", high);
    mi_add_number(w, optimum, "accuracy", p->linear[best]);
    mi_add_item(w, curve, "optimum", optimum);
}

/* Accuracy at a ratio between the runs', by linear interpolation; false outside of them. */
static bool accuracy_at(const probe_points *p, const double *accuracy, double ratio, double *ret)
{
    for (size_t i = 0; i < p->count; i++) {
        if (p->ratio[i] == ratio) {
            *ret = accuracy[i];
            return isfinite(*ret);
        }
        if (i > 0 && p->ratio[i - 1] < ratio && ratio < p->ratio[i]) {
            double share = (ratio - p->ratio[i - 1]) / (p->ratio[i] - p->ratio[i - 1]);
            *ret = accuracy[i - 1] + share * (accuracy[i] - accuracy[i - 1]);
            return isfinite(*ret);
        }
    }
    return false;
}

static void put_correlation(mi_writer *w, cJSON *object, const probe_points *p,
                            const double *accuracy, const double *ratios, const double *published,
                            size_t count)
{
    double own[MI_PUBLISHED_POINTS], theirs[MI_PUBLISHED_POINTS], correlation = 0;
    size_t pairs = 0;
    for (size_t i = 0; i < count; i++) {
        if (accuracy_at(p, accuracy, ratios[i], &own[pairs])) {
            theirs[pairs++] = published[i];
        }
    }
    if (mi_rank_correlation(own, theirs, pairs, &correlation)) {
        mi_add_number(w, object, "rank_correlation", correlation);
        mi_add_number(w, object, "rank_correlation_p", mi_rank_correlation_p(own, theirs, pairs));
    } else {
        mi_add_null(w, object, "rank_correlation", "fewer than three different points");
    }
    mi_add_number(w, object, "pairs", (double)pairs);
}

static void put_published(mi_writer *w, cJSON *curve, const cJSON *published, const probe_points *p,
                          mi_faults *faults)
{
    double ratios[MI_PUBLISHED_POINTS], values[MI_PUBLISHED_POINTS];
    size_t count =
        mi_published_series(published, "mae_fig5", "linear_probe", ratios, values, faults);
    if (count == 0) {
        return;
    }
    cJSON *points = cJSON_CreateArray(), *knn = cJSON_CreateObject();
    for (size_t i = 0; points != NULL && i < count; i++) {
        cJSON *point = cJSON_CreateObject();
        mi_add_number(w, point, "ratio", ratios[i]);
        mi_add_number(w, point, "accuracy", values[i] / 100);
        mi_append_item(w, points, point);
    }
    mi_add_item(w, curve, "published", points);
    mi_add_text(w, curve, "published_source",
                mi_lab_item(mi_lab_item(published, "mae_fig5"), "source")->valuestring);
    put_correlation(w, curve, p, p->linear, ratios, values, count);
    put_correlation(w, knn, p, p->knn, ratios, values, count);
    mi_add_item(w, curve, "knn", knn);
}

static void put_first(mi_writer *w, cJSON *curve, const cJSON *object, const char *name)
{
    const cJSON *item = mi_lab_item(object, name);
    if (item != NULL) {
        mi_add_item(w, curve, name, cJSON_Duplicate(item, 1));
    }
}

/* What all runs of the probe curve have in common. */
static void put_baselines(mi_writer *w, cJSON *curve, const cJSON *probes)
{
    const cJSON *probe = mi_lab_item(probes->child, "probe");
    put_first(w, curve, probe, "untrained");
    put_first(w, curve, probe, "raw");
    put_first(w, curve, mi_lab_item(probes->child, "evaluation"), "floor_reason");
}

mi_code mi_checks_put_probe_curve(const mi_experiment *e, const cJSON *probes, mi_faults *faults,
                                  cJSON *result, mi_status *status)
{
    mi_writer w = {.failed = false};
    probe_points p = {.count = 0};
    size_t index = e->train_count - e->probe_count, before = faults->count;
    const cJSON *run = NULL;
    if (e->probe_count == 0) {
        mi_add_null(&w, result, "probe_curve", "none was asked for");
        return w.failed ? mi_fail(status, MI_MEMORY, "out of memory for the result") : MI_OK;
    }
    cJSON *curve = cJSON_CreateObject(), *points = cJSON_CreateArray(), *published = NULL;
    mi_add_item(&w, curve, "label",
                cJSON_Duplicate(mi_lab_item(mi_lab_item(e->resolved, "probe_curve"), "label"), 1));
    cJSON_ArrayForEach(run, probes)
    {
        put_probe_point(&w, points, run, e->trains[index++].probe_ratio, &p);
    }
    mi_add_item(&w, curve, "points", points);
    put_optimum(&w, curve, &p);
    put_baselines(&w, curve, probes);
    if (mi_given(e->settings, "published")) {
        published = mi_published_read(e, faults);
    }
    if (published != NULL) {
        put_published(&w, curve, published, &p, faults);
    } else {
        mi_add_null(&w, curve, "published", "no file of published accuracies was given");
        mi_add_null(&w, curve, "rank_correlation", "no file of published accuracies was given");
    }
    cJSON_Delete(published);
    mi_add_item(&w, result, "probe_curve", curve);
    if (faults->count > before) {
        return mi_fail(status, MI_INPUT, "bad published file");
    }
    return w.failed ? mi_fail(status, MI_MEMORY, "out of memory for the result") : MI_OK;
}

/* ratio, low and high of an optimum, with a prefix; null with the reason of the run. */
static void put_ratio(mi_writer *w, cJSON *row, const char *prefix, const cJSON *holder,
                      const char *name)
{
    static const char *const ends[] = {"ratio", "low", "high"};
    const cJSON *optimum = mi_lab_item(holder, name);
    char field[64], reason[64];
    for (size_t i = 0; i < 3; i++) {
        snprintf(field, sizeof field, "%s_%s", prefix, ends[i]);
        mi_add_number(w, row, field, mi_lab_number(optimum, ends[i]));
    }
    if (!cJSON_IsObject(optimum)) {
        snprintf(field, sizeof field, "%s_ratio_reason", prefix);
        snprintf(reason, sizeof reason, "%s_reason", name);
        const cJSON *why = mi_lab_item(holder, reason);
        mi_add_text(w, row, field,
                    cJSON_IsString(why) ? why->valuestring : "no probe curve of this source");
    }
}

static cJSON *table_row(mi_writer *w, const cJSON *run, const cJSON *probe_curve)
{
    static const char *const fields[] = {"loss", "floor", "gap", "gap_percent", "gap_nats"};
    cJSON *row = cJSON_CreateObject();
    const char *label = mi_lab_item(run, "label")->valuestring;
    const cJSON *probed = mi_lab_item(probe_curve, "label");
    bool is_probed = cJSON_IsString(probed) && strcmp(probed->valuestring, label) == 0;
    mi_add_text(w, row, "label", label);
    mi_add_item(w, row, "group", cJSON_Duplicate(mi_lab_item(run, "group"), 1));
    put_ratio(w, row, "exact", run, "exact_optimum");
    put_ratio(w, row, "network", run, "optimum");
    put_ratio(w, row, "probe", is_probed ? probe_curve : NULL, "optimum");
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        mi_add_number(w, row, fields[i], mi_lab_number(mi_lab_item(run, "evaluation"), fields[i]));
    }
    mi_add_item(w, row, "leak",
                cJSON_Duplicate(mi_lab_item(mi_lab_item(run, "evaluation"), "leak"), 1));
    return row;
}

mi_code mi_checks_put_table(cJSON *result, mi_status *status)
{
    mi_writer w = {.failed = false};
    cJSON *table = cJSON_CreateArray();
    const cJSON *run = NULL;
    cJSON_ArrayForEach(run, mi_lab_item(result, "runs"))
    {
        cJSON *row = table_row(&w, run, mi_lab_item(result, "probe_curve"));
        mi_append_item(&w, table, row);
    }
    mi_add_item(&w, result, "table", table);
    return w.failed ? mi_fail(status, MI_MEMORY, "out of memory for the result") : MI_OK;
}

mi_code mi_checks_check(const mi_experiment *e, const mi_run *run, mi_faults *faults,
                        mi_status *status)
{
    double ratios[MI_PUBLISHED_POINTS], values[MI_PUBLISHED_POINTS];
    cJSON *published = mi_given(e->settings, "published") ? mi_published_read(e, faults) : NULL;
    if (published != NULL) {
        mi_published_series(published, "mae_fig5", "linear_probe", ratios, values, faults);
    }
    cJSON_Delete(published);
    mi_code code = mi_checks_linear_check(e, run, faults, status);
    return code == MI_INPUT ? MI_OK : code;
}
