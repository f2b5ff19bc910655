/* "published" of a center result: settings of DINO and iBOT, and what the law says of them. */
#include <math.h>
#include <string.h>

#include "center.h"

/* Accuracy in per cent below which features are worthless: 0.1 is chance on 1000 classes. */
static const double CHANCE = 1;

typedef struct sheet {
    mi_writer *w;
    mi_faults *faults;
    cJSON *rows;
    mi_dynamics defaults;
} sheet;

typedef struct row {
    const char *table, *source, *setting, *metric;
    double accuracy;
    mi_dynamics dynamics;
    const char *opt_unknown; /* why the theory does not speak of it */
} row;

/* What gain makes theory and outcome agree. Below the law's momentum every gain is stable, above it
 * those below the critical one are. */
static void put_gain(mi_writer *w, cJSON *object, const mi_dynamics *d, bool collapsed)
{
    double critical = mi_critical_gain(d);
    if (!isfinite(critical)) {
        mi_add_null(w, object, "critical_gain", "stable at every gain");
        mi_add_text(w, object, "needs", collapsed ? "no gain gives this collapse" : "any gain");
        return;
    }
    mi_add_number(w, object, "critical_gain", critical);
    mi_add_text(w, object, "needs",
                collapsed      ? "a gain above the critical one"
                : critical > 0 ? "a gain below the critical one"
                               : "no gain is stable");
}

static void put_row(sheet *s, const row *r)
{
    cJSON *object = cJSON_CreateObject();
    const mi_dynamics *d = &r->dynamics;
    bool collapsed = r->accuracy < CHANCE;
    mi_add_text(s->w, object, "table", r->table);
    mi_add_text(s->w, object, "setting", r->setting);
    mi_add_text(s->w, object, "source", r->source);
    mi_add_number(s->w, object, "student_temperature", d->student_temperature);
    mi_add_number(s->w, object, "teacher_temperature", d->teacher_temperature);
    mi_add_number(s->w, object, "teacher_momentum", d->teacher_momentum);
    mi_add_number(s->w, object, "center_momentum", d->center_momentum);
    mi_add_text(s->w, object, "update", d->update_before ? "before" : "after");
    mi_add_text(s->w, object, "metric", r->metric);
    mi_add_number(s->w, object, "accuracy", r->accuracy);
    mi_add_bool(s->w, object, "collapsed", collapsed);
    if (r->opt_unknown != NULL) {
        mi_add_null(s->w, object, "law", r->opt_unknown);
        mi_add_null(s->w, object, "satisfied", r->opt_unknown);
        mi_add_null(s->w, object, "agrees", r->opt_unknown);
    } else {
        double law = mi_center_law(d, true);
        bool satisfied = d->center_momentum <= law;
        if (law >= 0) {
            mi_add_number(s->w, object, "law", law);
        } else {
            mi_add_null(s->w, object, "law", "no centre momentum is stable at every gain");
        }
        mi_add_bool(s->w, object, "satisfied", satisfied);
        mi_add_bool(s->w, object, "agrees", satisfied != collapsed);
        put_gain(s->w, object, d, collapsed);
    }
    mi_append_item(s->w, s->rows, object);
}

static double number_at(sheet *s, const cJSON *array, const char *key, const char *name, int index)
{
    const cJSON *item = cJSON_GetArrayItem(mi_lab_item(array, name), index);
    if (!cJSON_IsNumber(item)) {
        mi_faults_add(s->faults, "published", "%s.%s[%d] must be a number", key, name, index);
        return NAN;
    }
    return item->valuedouble;
}

/* Rows of a table with one array of a setting and one of k-NN accuracies. */
static void put_series(sheet *s, const cJSON *published, const char *key, const char *name,
                       bool is_momentum)
{
    const cJSON *table = mi_lab_item(published, key);
    int count = cJSON_GetArraySize(mi_lab_item(table, name));
    if (count == 0) {
        mi_faults_add(s->faults, "published", "must have %s.%s, an array that is not empty", key,
                      name);
    }
    for (int i = 0; i < count; i++) {
        double value = number_at(s, table, key, name, i);
        char setting[64];
        row r = {.table = key,
                 .source = cJSON_GetStringValue(mi_lab_item(table, "source")),
                 .setting = setting,
                 .metric = "knn",
                 .accuracy = number_at(s, table, key, "knn", i),
                 .dynamics = s->defaults};
        bool legal = is_momentum ? value >= 0 && value <= 1 : value >= 0;
        if (!legal) {
            mi_faults_add(s->faults, "published", "%s.%s[%d] is %g; must be %s", key, name, i,
                          value, is_momentum ? "in [0, 1]" : "at least 0");
            return;
        }
        *(is_momentum ? &r.dynamics.center_momentum : &r.dynamics.teacher_temperature) = value;
        snprintf(setting, sizeof setting, "%s %g",
                 is_momentum ? "centre momentum" : "teacher temperature", value);
        if (!is_momentum && value == 0) {
            r.opt_unknown = "temperature 0 takes the largest output, which has no linear regime";
        }
        put_row(s, &r);
    }
}

/* Without an EMA teacher (m = 0) and with it. A softmax over the batch takes each prototype's batch
 * mean out at once: a centre of momentum 0 that is moved before use. */
static void put_normalisations(sheet *s, const cJSON *published)
{
    const cJSON *table = mi_lab_item(published, "dino_without_teacher"), *entry = NULL;
    int index = 0;
    if (!cJSON_IsArray(mi_lab_item(table, "rows"))) {
        mi_faults_add(s->faults, "published", "must have dino_without_teacher.rows, an array");
    }
    cJSON_ArrayForEach(entry, mi_lab_item(table, "rows"))
    {
        const char *name = cJSON_GetStringValue(mi_lab_item(entry, "normalisation"));
        const cJSON *linear = mi_lab_item(entry, "linear");
        bool ema = cJSON_IsTrue(mi_lab_item(entry, "ema"));
        char setting[96];
        if (name == NULL || !cJSON_IsNumber(linear)) {
            mi_faults_add(s->faults, "published",
                          "dino_without_teacher.rows[%d] must have normalisation and linear",
                          index);
            return;
        }
        row r = {.table = "dino_without_teacher",
                 .source = cJSON_GetStringValue(mi_lab_item(table, "source")),
                 .setting = setting,
                 .metric = "linear",
                 .accuracy = linear->valuedouble,
                 .dynamics = s->defaults};
        snprintf(setting, sizeof setting, "%.60s, %s", name, ema ? "EMA teacher" : "no EMA");
        r.dynamics.teacher_momentum = ema ? r.dynamics.teacher_momentum : 0;
        if (strcmp(name, "softmax over the batch") == 0) {
            r.dynamics.center_momentum = 0;
            r.dynamics.update_before = true;
        } else if (strcmp(name, "centering") != 0) {
            r.opt_unknown = "balanced assignments are not a centre";
        }
        put_row(s, &r);
        index++;
    }
}

static double setting(sheet *s, const cJSON *published, const char *name, double high)
{
    double value = mi_lab_number(mi_lab_item(published, "dino_settings"), name);
    if (!(value > 0 && value <= high)) {
        mi_faults_add(s->faults, "published", "dino_settings.%s must be a number in (0, %g]", name,
                      high);
    }
    return value;
}

static void put_rows(sheet *s, const cJSON *published)
{
    size_t before = s->faults->count;
    s->defaults =
        (mi_dynamics){.prototypes = 65536,
                      .inputs = 1,
                      .learning_rate = 1,
                      .student_temperature = setting(s, published, "student_temperature", 1e6),
                      .teacher_temperature = setting(s, published, "teacher_temperature", 1e6),
                      .teacher_momentum = setting(s, published, "teacher_momentum", 1),
                      .center_momentum = setting(s, published, "center_momentum", 1)};
    if (s->faults->count > before) {
        return;
    }
    put_series(s, published, "dino_center_momentum", "momentum", true);
    put_series(s, published, "dino_teacher_temperature", "temperature", false);
    put_normalisations(s, published);
    put_series(s, published, "ibot_patch_center_momentum", "momentum", true);
}

mi_code mi_center_add_published(const mi_experiment *e, mi_faults *faults, cJSON *result,
                                mi_status *status)
{
    mi_writer w = {.failed = false};
    sheet s = {.w = &w, .faults = faults};
    size_t before = faults->count;
    if (!mi_given(e->settings, "published")) {
        mi_add_null(&w, result, "published", "the experiment names no file");
        return w.failed ? mi_fail(status, MI_MEMORY, "out of memory") : MI_OK;
    }
    s.rows = cJSON_CreateArray();
    cJSON *published = mi_published_read(e, faults);
    if (published != NULL) {
        put_rows(&s, published);
    }
    cJSON_Delete(published);
    mi_add_item(&w, result, "published", s.rows);
    if (faults->count > before) {
        return mi_fail(status, MI_INPUT, "bad published file");
    }
    return w.failed ? mi_fail(status, MI_MEMORY, "out of memory") : MI_OK;
}
