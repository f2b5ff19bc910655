#include "trained.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "maskinfo/memory.h"
#include "text.h"

static const char *const step_keys[MI_S_COLUMNS] = {"step",      "loss", "loss_low",
                                                    "loss_high", "rate", "gradient_norm"};
static const char *const point_keys[MI_P_READ] = {"ratio",
                                                  "loss",
                                                  "loss_se",
                                                  "floor",
                                                  "floor_se",
                                                  "gap",
                                                  "gap_se",
                                                  "conditional_entropy",
                                                  "conditional_entropy_se",
                                                  "exact_conditional_entropy",
                                                  "gap_nats",
                                                  "gap_nats_se",
                                                  "information",
                                                  "information_se",
                                                  "exact_information",
                                                  "objective",
                                                  "exact_objective",
                                                  "class_accuracy",
                                                  "class_accuracy_exact",
                                                  "reference_loss",
                                                  "exact_conditional_entropy_pooled"};
static const char *const exact_keys[MI_E_COLUMNS] = {"ratio", "conditional_entropy", "information",
                                                     "objective"};
static const char *const probe_names[MI_PROBES] = {"untrained", "raw", "trained"};
static const char *const curve_keys[MI_C_COLUMNS] = {"ratio", "knn", "knn_se", "linear",
                                                     "linear_se"};
static const char *const published_keys[] = {"ratio", "accuracy"};

static void derive_points(mi_reader *r, const mi_node *run, mi_number_rows *points)
{
    mi_node array = mi_get_array(r, run, "points");
    const cJSON *item = array.json == NULL ? NULL : array.json->child;
    for (size_t i = 0; i < points->rows && item != NULL; i++, item = item->next) {
        double *row = points->values + i * points->columns;
        mi_node element = mi_get_element(r, &array, item, i);
        row[MI_P_OBJECTIVE_SE] = row[MI_P_RATIO] * row[MI_P_INFORMATION_SE];
        row[MI_P_GAP_PERCENT] = row[MI_P_FLOOR] > 0 ? 100 * row[MI_P_GAP] / row[MI_P_FLOOR] : NAN;
        row[MI_P_LEAK] = mi_get_bool(r, &element, "leak");
        row[MI_P_POOLED_GAP] = row[MI_P_POOLED] - row[MI_P_EXACT_ENTROPY];
    }
}

static mi_best read_best(mi_reader *r, const mi_node *node, const char *key)
{
    mi_best best = {NAN, NAN, NAN, NAN, false};
    mi_node optimum = mi_get_object(r, node, key);
    if (optimum.json != NULL) {
        best.ratio = mi_get_in(r, &optimum, "ratio", 0, 1);
        best.low = mi_get_number(r, &optimum, "low");
        best.high = mi_get_number(r, &optimum, "high");
        best.objective = mi_get_number(r, &optimum, "objective");
        best.edge = mi_get_bool(r, &optimum, "edge");
    }
    return best;
}

static void read_evaluation(mi_reader *r, const mi_node *run, mi_evaluation *e)
{
    mi_node node = mi_get_object(r, run, "evaluation");
    if (node.json == NULL) {
        mi_reader_fault(r, run, "evaluation", "missing; a training result needs this object");
    }
    e->ratio = mi_get_number(r, &node, "ratio");
    e->loss = mi_get_number(r, &node, "loss");
    e->loss_se = mi_get_number(r, &node, "loss_se");
    e->floor = mi_get_number(r, &node, "floor");
    e->floor_se = mi_get_number(r, &node, "floor_se");
    e->gap = mi_get_number(r, &node, "gap");
    e->gap_se = mi_get_number(r, &node, "gap_se");
    e->gap_percent = mi_get_number(r, &node, "gap_percent");
    e->gap_nats = mi_get_number(r, &node, "gap_nats");
    e->gap_nats_se = mi_get_number(r, &node, "gap_nats_se");
    e->reference_loss = mi_get_number(r, &node, "reference_loss");
    e->knn = mi_get_number(r, &node, "knn_accuracy");
    e->linear = mi_get_number(r, &node, "linear_accuracy");
    e->class_accuracy = mi_get_number(r, &node, "class_accuracy");
    e->class_accuracy_exact = mi_get_number(r, &node, "class_accuracy_exact");
    e->leak = mi_get_bool(r, &node, "leak");
    e->floor_reason = mi_get_clean(r, &node, "floor_reason");
    e->leak_message = mi_get_clean(r, &node, "leak_message");
    e->loss_reason = mi_get_clean(r, &node, "loss_reason");
}

static void read_probed(mi_reader *r, const mi_node *run, mi_probed *p)
{
    mi_node node = mi_get_object(r, run, "probe");
    p->there = node.json != NULL;
    p->classes = mi_get_number(r, &node, "classes");
    p->training = mi_get_number(r, &node, "training");
    p->held_out = mi_get_number(r, &node, "held_out");
    mi_node patches = mi_get_object(r, &node, "patch");
    for (int k = 0; k < MI_PROBES; k++) {
        mi_node probe = mi_get_object(r, &node, probe_names[k]);
        p->knn[k] = mi_get_number(r, &probe, "knn");
        p->knn_se[k] = mi_get_number(r, &probe, "knn_se");
        p->linear[k] = mi_get_number(r, &probe, "linear");
        p->linear_se[k] = mi_get_number(r, &probe, "linear_se");
        mi_node patch = mi_get_object(r, &patches, probe_names[k]);
        p->patch[k] = mi_get_number(r, &patch, "linear");
        p->patch_se[k] = mi_get_number(r, &patch, "linear_se");
    }
}

static void read_source(mi_reader *r, const mi_node *run, mi_trained *t)
{
    mi_node source = mi_get_object(r, run, "source");
    if (source.json == NULL) {
        mi_reader_fault(r, run, "source", "missing; a training result needs this object");
    }
    t->discrete = mi_get_bool(r, &source, "discrete");
    t->rows = mi_get_number(r, &source, "rows");
    t->columns = mi_get_number(r, &source, "columns");
    t->channels = mi_get_number(r, &source, "channels");
    t->vocabulary = mi_get_number(r, &source, "vocabulary");
    t->token_rows = mi_get_number(r, &source, "token_rows");
    t->token_columns = mi_get_number(r, &source, "token_columns");
    const char *group = mi_get_text(r, run, "group");
    bool text = group != NULL ? strcmp(group, "text") == 0 : t->discrete && !(t->rows > 1);
    t->group = text ? MI_GROUP_TEXT : MI_GROUP_IMAGE;
}

static const char *loss_name(mi_reader *r, const mi_node *run, const mi_trained *t)
{
    static const struct {
        const char *method, *name;
    } own[] = {{"ibot", "loss (nats)"},
               {"dino", "loss (nats)"},
               {"dinov2", "loss (nats)"},
               {"byol", "loss (2 - 2 cosine)"},
               {"jigsaw", "loss (nats per patch)"}};
    mi_node config = mi_get_object(r, run, "config");
    mi_node method = mi_get_object(r, &config, "method");
    const char *target = mi_get_text(r, &method, "target");
    for (size_t i = 0; t->method != NULL && i < sizeof own / sizeof *own; i++) {
        if (strcmp(t->method, own[i].method) == 0) {
            return own[i].name;
        }
    }
    if (t->discrete) {
        return "loss (nats per masked symbol)";
    }
    if (target != NULL && strcmp(target, "normalized") == 0) {
        return "loss (1 - R² of patches)";
    }
    return "loss (squared error / variance)";
}

/* The cross-entropy with uniform outputs, nats: of the class token and of patches, weighted. Global
 * views without masked patches count 0 in the mean over views: on average masked_views of it. */
static double uniform_loss(mi_reader *r, const mi_node *run, const mi_monitored *m)
{
    mi_node config = mi_get_object(r, run, "config");
    mi_node method = mi_get_object(r, &config, "method");
    double class = mi_get_number(r, &method, "class_weight");
    double patch = mi_get_number(r, &method, "patch_weight");
    double masked = mi_get_number(r, &method, "masked_views");
    double loss = (isfinite(class) ? class : 1) * m->log_prototypes;
    if (isfinite(m->log_patch_prototypes)) {
        loss += (isfinite(patch) ? patch : 1) * (isfinite(masked) ? masked : 1) *
                m->log_patch_prototypes;
    }
    return loss > 0 ? loss : NAN;
}

/* A checks result names its runs by labels, a training result itself by its title. */
static char *read_label(mi_reader *r, const mi_node *run, const char *fallback)
{
    const char *label = mi_get_text(r, run, "label"), *title = mi_get_text(r, run, "title");
    char *clean = NULL;
    mi_code code = mi_text_clean(label != NULL && label[0] != '\0'   ? label
                                 : title != NULL && title[0] != '\0' ? title
                                                                     : fallback,
                                 &clean, r->status);
    if (r->code == MI_OK) {
        r->code = code;
    }
    return clean;
}

static void read_run(mi_reader *r, const mi_node *run, const char *fallback, mi_trained *t)
{
    t->label = read_label(r, run, fallback);
    t->method = mi_get_clean(r, run, "method");
    t->parameters = mi_get_number(r, run, "parameters");
    t->seed = mi_get_number(r, run, "seed");
    t->final_loss = mi_get_number(r, run, "final_loss");
    read_source(r, run, t);
    t->loss_name = loss_name(r, run, t);
    t->steps = mi_get_rows(r, run, "steps", step_keys, MI_S_COLUMNS, 0, 0, 1e15);
    t->points =
        mi_get_rows(r, run, "points", point_keys, MI_P_READ, MI_P_COLUMNS - MI_P_READ, 0, 1);
    derive_points(r, run, &t->points);
    mi_node curve = mi_get_object(r, run, "exact_curve");
    const char *kind = mi_get_text(r, &curve, "kind");
    t->exact = mi_get_rows(r, &curve, "points", exact_keys, MI_E_COLUMNS, 0, 0, 1);
    read_evaluation(r, run, &t->evaluation);
    t->held_out =
        (kind != NULL && strcmp(kind, "held-out") == 0) || isfinite(t->evaluation.reference_loss);
    t->best = read_best(r, run, "optimum");
    t->best_reason = mi_get_clean(r, run, "optimum_reason");
    t->exact_best = read_best(r, run, "exact_optimum");
    read_probed(r, run, &t->probed);
    mi_shown_read(r, run, t, &t->shown);
    mi_monitored_read(r, run, &t->monitored);
    t->uniform_loss = uniform_loss(r, run, &t->monitored);
    mi_collapse_read(r, run, "collapse", &t->collapse);
    mi_node collapse = mi_get_object(r, run, "collapse");
    mi_collapse_read(r, &collapse, "patch", &t->patch_collapse);
    mi_maps_read(r, run, &t->maps);
}

static void free_run(mi_trained *t)
{
    free(t->label);
    free(t->method);
    free(t->steps.values);
    free(t->points.values);
    free(t->exact.values);
    free(t->best_reason);
    free(t->evaluation.floor_reason);
    free(t->evaluation.leak_message);
    free(t->evaluation.loss_reason);
    mi_monitored_free(&t->monitored);
    mi_collapse_free(&t->collapse);
    mi_collapse_free(&t->patch_collapse);
    mi_maps_free(&t->maps);
    mi_shown_free(&t->shown);
}

static void read_curve(mi_reader *r, const mi_node *top, mi_probe_curve *c)
{
    mi_node node = mi_get_object(r, top, "probe_curve");
    c->there = node.json != NULL;
    c->label = mi_get_clean(r, &node, "label");
    c->origin = mi_get_clean(r, &node, "published_source");
    c->points = mi_get_rows(r, &node, "points", curve_keys, MI_C_COLUMNS, 0, 0, 1);
    c->published = mi_get_rows(r, &node, "published", published_keys, 2, 0, 0, 1);
    c->rank_correlation = mi_get_number(r, &node, "rank_correlation");
    c->pairs = mi_get_number(r, &node, "pairs");
    c->best = read_best(r, &node, "optimum");
}

/* The ratios of the probes stand in the table alone, by the labels of the runs. */
static void read_table(mi_reader *r, const mi_node *top, mi_runs *runs)
{
    mi_node table = mi_get_array(r, top, "table");
    const cJSON *item = table.json == NULL ? NULL : table.json->child;
    for (size_t i = 0; i < runs->count; i++) {
        runs->probe_ratios[i] = NAN;
    }
    for (size_t i = 0; item != NULL; i++, item = item->next) {
        mi_node row = mi_get_element(r, &table, item, i);
        char *label = mi_get_clean(r, &row, "label");
        double ratio = mi_get_number(r, &row, "probe_ratio");
        for (size_t k = 0; k < runs->count && label != NULL; k++) {
            if (strcmp(runs->runs[k].label, label) == 0) {
                runs->probe_ratios[k] = ratio;
            }
        }
        free(label);
    }
}

static void read_runs(mi_reader *r, const mi_node *array, mi_runs *runs)
{
    const cJSON *item = array->json->child;
    for (size_t i = 0; i < runs->count && r->code == MI_OK; i++, item = item->next) {
        char fallback[32];
        snprintf(fallback, sizeof fallback, "run %zu", i + 1);
        mi_node run = mi_get_element(r, array, item, i);
        read_run(r, &run, fallback, &runs->runs[i]);
    }
}

static void read_kind(mi_reader *r, const mi_node *top, const mi_node *array, mi_runs_kind kind,
                      mi_runs *runs)
{
    if (kind == MI_RUNS_TRAIN) {
        read_run(r, top, "training", &runs->runs[0]);
        return;
    }
    read_runs(r, array, runs);
    if (kind == MI_RUNS_METHODS) {
        mi_comparison_read(r, top, &runs->comparison);
        return;
    }
    read_curve(r, top, &runs->curve);
    if (r->code == MI_OK) {
        read_table(r, top, runs);
    }
}

mi_code mi_runs_read(const cJSON *result, mi_runs_kind kind, mi_runs **ret_runs, mi_status *status)
{
    mi_reader r = {MI_OK, status};
    mi_node top = {.json = result}, array = {.json = NULL};
    mi_runs *runs = NULL;
    r.code = mi_allocate(1, sizeof *runs, &runs, status);
    if (r.code != MI_OK) {
        return r.code;
    }
    size_t count = 1;
    if (kind != MI_RUNS_TRAIN) {
        array = mi_get_array(&r, &top, "runs");
        count = array.json == NULL ? 0 : (size_t)cJSON_GetArraySize(array.json);
    }
    if (count < 1 || count > MI_MOST_RUNS) {
        mi_reader_fault(&r, &top, "runs", "must be an array of 1 to %d runs", MI_MOST_RUNS);
    }
    if (r.code == MI_OK) {
        r.code = mi_allocate(count, sizeof *runs->runs, &runs->runs, status);
    }
    if (r.code == MI_OK) {
        runs->count = count;
        r.code = mi_allocate(count, sizeof *runs->probe_ratios, &runs->probe_ratios, status);
    }
    if (r.code == MI_OK) {
        read_kind(&r, &top, &array, kind, runs);
    }
    if (r.code != MI_OK) {
        mi_runs_destroy(runs);
        return r.code;
    }
    *ret_runs = runs;
    return MI_OK;
}

void mi_runs_destroy(mi_runs *runs)
{
    if (runs == NULL) {
        return;
    }
    for (size_t i = 0; i < runs->count; i++) {
        free_run(&runs->runs[i]);
    }
    free(runs->runs);
    free(runs->probe_ratios);
    mi_comparison_free(&runs->comparison);
    free(runs->curve.label);
    free(runs->curve.origin);
    free(runs->curve.points.values);
    free(runs->curve.published.values);
    free(runs);
}
