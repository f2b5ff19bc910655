/* Units of a sweep: which values they have, their experiments and their keys. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "maskinfo/format.h"
#include "maskinfo/memory.h"
#include "sweep.h"
#include "training.h"

enum { NAME_LENGTH = 256, MOST_CHECKED = 64 /* values of an axis */ };

void mi_sweep_place(const mi_sweep *s, size_t unit, size_t *at, size_t *ret_seed)
{
    *ret_seed = unit % s->seed_count;
    unit /= s->seed_count;
    for (size_t i = s->axis_count; i-- > 0;) {
        at[i] = unit % s->axis[i].count;
        unit /= s->axis[i].count;
    }
}

static size_t *places(const mi_sweep *s, mi_status *status)
{
    size_t *at = NULL;
    mi_allocate(s->axis_count, sizeof *at, &at, status);
    return at;
}

char *mi_sweep_name_unit(const mi_sweep *s, size_t unit, char *text, size_t size)
{
    size_t *at = places(s, NULL), seed = 0, used = 0;
    text[0] = '\0';
    if (at == NULL) {
        mi_append(text, size, &used, "unit %zu", unit);
        return text;
    }
    mi_sweep_place(s, unit, at, &seed);
    for (size_t i = 0; i < s->axis_count; i++) {
        mi_append(text, size, &used, "%s=%s, ", s->axis[i].name, s->axis[i].labels[at[i]]);
    }
    mi_append(text, size, &used, "seed=%.0f", s->seed[seed]);
    free(at);
    return text;
}

/* Faults of a unit's experiment as those of the sweep, with the unit's name. */
static void name_faults(const mi_sweep *s, size_t unit, const mi_faults *found, mi_faults *faults)
{
    char name[NAME_LENGTH];
    mi_sweep_name_unit(s, unit, name, sizeof name);
    for (size_t i = 0; i < found->count && i < MI_FAULTS_KEPT; i++) {
        mi_faults_add(faults, "", "at %s: %s", name,
                      found->messages[i] != NULL ? found->messages[i] : "?");
    }
}

/* Does the message of a fault end with one that was found at a unit? */
static bool ends_with(const char *message, const char *found)
{
    size_t length = strlen(message), tail = strlen(found);
    return length > tail && strcmp(message + length - tail, found) == 0;
}

/* Move to `fresh` what no earlier unit had as well: a fault of the base or of "set" is in all. */
static void pick_fresh(const mi_faults *known, size_t since, mi_faults *found, mi_faults *fresh)
{
    for (size_t i = 0; i < found->count && i < MI_FAULTS_KEPT; i++) {
        bool old = false;
        for (size_t k = since; k < known->count && k < MI_FAULTS_KEPT && !old; k++) {
            old = known->messages[k] != NULL && found->messages[i] != NULL &&
                  ends_with(known->messages[k], found->messages[i]);
        }
        if (!old) {
            fresh->messages[fresh->count++] = found->messages[i];
            found->messages[i] = NULL;
        }
    }
    fresh->failure = found->failure;
}

static void name_fresh_faults(const mi_sweep *s, size_t unit, size_t since, mi_faults *found,
                              mi_faults *faults)
{
    mi_faults fresh = {.count = 0};
    pick_fresh(faults, since, found, &fresh);
    name_faults(s, unit, &fresh, faults);
    mi_faults_clear(&fresh);
}

static bool put_seed(const mi_sweep *s, double seed, cJSON *document, mi_faults *faults)
{
    bool list = s->kind == MI_KIND_METHODS;
    cJSON *value = list ? cJSON_CreateDoubleArray(&seed, 1) : cJSON_CreateNumber(seed);
    bool done = value != NULL && mi_document_put(document, list ? "seeds" : "seed", value, faults);
    cJSON_Delete(value);
    return done;
}

/* The document of a unit; NULL after a fault or for want of memory. */
static cJSON *unit_document(const mi_sweep *s, const size_t *at, size_t seed, mi_faults *faults)
{
    cJSON *document = cJSON_Duplicate(s->cases[s->has_cases ? at[0] : 0].document, 1);
    bool good = document != NULL;
    for (size_t i = 0; good && i < s->axis_count; i++) {
        const mi_sweep_axis *a = &s->axis[i];
        for (size_t p = 0; good && p < a->path_count; p++) {
            good = mi_document_put(document, a->paths[p], a->values[at[i]], faults);
        }
    }
    good = good && put_seed(s, s->seed[seed], document, faults);
    if (!good) {
        cJSON_Delete(document);
        return NULL;
    }
    return document;
}

static mi_code resolve_unit(const mi_sweep *s, size_t unit, mi_faults *found,
                            mi_experiment **ret_experiment, mi_status *status)
{
    size_t *at = places(s, status), seed = 0;
    if (at == NULL) {
        return MI_MEMORY;
    }
    mi_sweep_place(s, unit, at, &seed);
    found->file = s->cases[s->has_cases ? at[0] : 0].file;
    cJSON *document = unit_document(s, at, seed, found);
    mi_code code = MI_INPUT;
    if (document != NULL) {
        code = mi_experiment_scaled(document, s->effort, found, ret_experiment, status);
    } else if (found->count == 0) {
        code = mi_fail(status, MI_MEMORY, "out of memory for a unit");
    }
    cJSON_Delete(document);
    free(at);
    return code;
}

/* One of many: faults that others had, from `since` on, are not told again. */
static mi_code one_of_units(const mi_sweep *s, size_t unit, size_t since, mi_faults *faults,
                            mi_experiment **ret_experiment, mi_status *status)
{
    mi_faults found = {.count = 0};
    mi_code code = resolve_unit(s, unit, &found, ret_experiment, status);
    name_fresh_faults(s, unit, since, &found, faults);
    mi_faults_clear(&found);
    return code;
}

mi_code mi_sweep_unit(const mi_sweep *s, size_t unit, mi_faults *faults,
                      mi_experiment **ret_experiment, mi_status *status)
{
    mi_faults found = {.count = 0};
    mi_code code = resolve_unit(s, unit, &found, ret_experiment, status);
    name_faults(s, unit, &found, faults);
    mi_faults_clear(&found);
    return code;
}

static mi_code find_key(uint64_t columns, const mi_experiment *e, uint64_t *ret_key,
                        mi_status *status)
{
    cJSON *identity = mi_sweep_identity(e);
    char *text = identity != NULL ? cJSON_PrintUnformatted(identity) : NULL;
    mi_code code =
        text != NULL ? MI_OK : mi_fail(status, MI_MEMORY, "out of memory for the key of a unit");
    if (code == MI_OK) {
        *ret_key = mi_sweep_hash(columns, text);
    }
    cJSON_free(text);
    cJSON_Delete(identity);
    return code;
}

/* What the keys of all units begin with: the version, and what is taken from a result. */
static uint64_t hash_columns(const mi_sweep *s)
{
    uint64_t hash = mi_sweep_hash(MI_SWEEP_HASH, MI_VERSION);
    const cJSON *column = NULL;
    cJSON_ArrayForEach(column, s->columns)
    {
        hash = mi_sweep_hash(hash, "\n");
        hash = mi_sweep_hash(hash, mi_lab_item(column, "path")->valuestring);
    }
    return mi_sweep_hash(hash, "\n");
}

void mi_sweep_sum_keys(mi_sweep *s)
{
    uint64_t whole = MI_SWEEP_HASH;
    char text[MI_SWEEP_KEY];
    for (size_t unit = 0; unit < s->count; unit++) {
        snprintf(text, sizeof text, "%016llx", (unsigned long long)s->keys[unit]);
        whole = mi_sweep_hash(whole, text);
    }
    snprintf(s->key, sizeof s->key, "%016llx", (unsigned long long)whole);
}

/* A unit that can not be resolved is a fault of its whole cell: its other seeds are passed over. */
static mi_code resolve_keys(mi_resolver *r, mi_sweep *s)
{
    uint64_t columns = hash_columns(s);
    size_t since = r->faults->count;
    mi_code code = MI_OK;
    for (size_t unit = 0; code == MI_OK && unit < s->count; unit++) {
        mi_experiment *inner = NULL;
        code = r->opt_run != NULL && mi_interrupted(r->opt_run)
                   ? mi_fail(r->status, MI_INTERRUPTED, "interrupted")
                   : one_of_units(s, unit, since, r->faults, &inner, r->status);
        if (code == MI_OK) {
            code = find_key(columns, inner, &s->keys[unit], r->status);
            code = code == MI_OK ? mi_sweep_note_data(s, unit, inner, r->status) : code;
        } else if (code == MI_INPUT && r->faults->count < MI_FAULTS_KEPT) {
            unit += s->seed_count - 1 - unit % s->seed_count;
            code = MI_OK;
        }
        mi_experiment_destroy(inner);
    }
    mi_sweep_sum_keys(s);
    return code == MI_INPUT ? MI_OK : code;
}

mi_code mi_sweep_resolve_units(mi_resolver *r, mi_sweep *s)
{
    mi_code code = mi_allocate(s->count, sizeof *s->keys, &s->keys, r->status);
    return code == MI_OK ? resolve_keys(r, s) : code;
}

static mi_code check_unit(const mi_sweep *s, size_t unit, const mi_run *run, mi_faults *faults,
                          mi_status *status)
{
    mi_experiment *inner = NULL;
    mi_faults found = {.count = 0};
    mi_status local = {.code = MI_OK};
    mi_code code = mi_interrupted(run) ? mi_fail(&local, MI_INTERRUPTED, "interrupted")
                                       : resolve_unit(s, unit, &found, &inner, &local);
    if (code == MI_OK) {
        code = mi_experiment_check(inner, run, &found, &local);
    }
    name_fresh_faults(s, unit, 0, &found, faults);
    if (code == MI_INPUT && found.count == 0) {
        char name[NAME_LENGTH];
        mi_faults_add(faults, "", "at %s: %s", mi_sweep_name_unit(s, unit, name, sizeof name),
                      local.message);
    }
    mi_faults_clear(&found);
    mi_experiment_destroy(inner);
    if (code == MI_MEMORY || code == MI_INTERRUPTED) {
        return mi_fail(status, code, "%s", local.message);
    }
    return MI_OK; /* other failures are the unit's own, and recorded as such */
}

/* Along each axis from the first unit of each case; of an axis of very many values some, the first
 * and the last among them. */
static mi_code check_axis(const mi_sweep *s, size_t base, size_t axis, const mi_run *run,
                          mi_faults *faults, mi_status *status)
{
    size_t count = s->axis[axis].count, stride = s->seed_count;
    size_t checked = count < MOST_CHECKED ? count : MOST_CHECKED;
    mi_code code = MI_OK;
    for (size_t i = axis + 1; i < s->axis_count; i++) {
        stride *= s->axis[i].count;
    }
    for (size_t i = 1; code == MI_OK && i < checked; i++) {
        size_t value = checked == count ? i : i * (count - 1) / (checked - 1);
        code = check_unit(s, base + value * stride, run, faults, status);
    }
    return code;
}

mi_code mi_sweep_check(const mi_sweep *s, const mi_run *run, mi_faults *faults, mi_status *status)
{
    mi_run quiet = *run;
    mi_code code = MI_OK;
    size_t before = faults->count;
    quiet.opt_progress = NULL;
    for (size_t c = 0; code == MI_OK && c < s->case_count; c++) {
        size_t base = c * (s->count / s->case_count);
        code = check_unit(s, base, &quiet, faults, status);
        for (size_t axis = s->has_cases; code == MI_OK && axis < s->axis_count; axis++) {
            code = check_axis(s, base, axis, &quiet, faults, status);
        }
    }
    return code == MI_OK && faults->count > before ? mi_fail(status, MI_INPUT, "bad input") : code;
}
