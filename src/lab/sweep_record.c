/* One unit of a sweep: computed, and told as a line of the journal. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "maskinfo/output.h"
#include "sweep.h"

static char *record_text(cJSON *record, const mi_writer *w, mi_status *status)
{
    char *text = w->failed ? NULL : cJSON_PrintUnformatted(record);
    cJSON_Delete(record);
    if (text == NULL) {
        mi_fail(status, MI_MEMORY, "out of memory for the record of a unit");
    }
    return text;
}

static cJSON *record_head(mi_writer *w, const mi_sweep *s, size_t unit)
{
    char key[MI_SWEEP_KEY];
    cJSON *record = cJSON_CreateObject();
    snprintf(key, sizeof key, "%016llx", (unsigned long long)s->keys[unit]);
    mi_add_number(w, record, "unit", (double)unit);
    mi_add_text(w, record, "key", key);
    return record;
}

bool mi_sweep_read_head(const char *record, mi_sweep_head *ret_head)
{
    static const char first[] = "{\"unit\":", second[] = ",\"key\":\"", third[] = "\",\"";
    char *end = NULL;
    if (strncmp(record, first, sizeof first - 1) != 0) {
        return false;
    }
    ret_head->unit = strtoul(record + sizeof first - 1, &end, 10);
    if (strncmp(end, second, sizeof second - 1) != 0) {
        return false;
    }
    const char *key = end + sizeof second - 1;
    size_t digits = strspn(key, "0123456789abcdef");
    if (digits != MI_SWEEP_KEY - 1 || strncmp(key + digits, third, sizeof third - 1) != 0) {
        return false;
    }
    ret_head->key = strtoull(key, &end, 16);
    ret_head->failed = strncmp(key + digits + sizeof third - 1, "failed\"", 7) == 0;
    return true;
}

/* The columns of a result. */
static mi_code put_values(mi_writer *w, const mi_sweep *s, const cJSON *result, cJSON *record,
                          mi_status *status)
{
    cJSON *values = cJSON_CreateArray(), *reasons = cJSON_CreateArray();
    const cJSON *column = NULL;
    bool any = false;
    mi_code code = MI_OK;
    cJSON_ArrayForEach(column, s->columns)
    {
        cJSON *value = NULL;
        char *reason = NULL;
        const char *path = mi_lab_item(column, "path")->valuestring;
        if (code == MI_OK) {
            code = mi_sweep_extract(result, path, &value, &reason, status);
        }
        mi_append_item(w, values, value);
        mi_append_item(w, reasons,
                       reason != NULL ? cJSON_CreateString(reason) : cJSON_CreateNull());
        any = any || reason != NULL;
        free(reason);
    }
    mi_add_item(w, record, "values", values);
    if (any) {
        mi_add_item(w, record, "reasons", reasons);
    } else {
        cJSON_Delete(reasons);
    }
    return code;
}

static mi_code record_result(const mi_sweep *s, size_t unit, const cJSON *result, char **ret_record,
                             mi_status *status)
{
    mi_writer w = {.failed = false};
    cJSON *record = record_head(&w, s, unit);
    mi_code code = put_values(&w, s, result, record, status);
    if (code != MI_OK) {
        cJSON_Delete(record);
        return code;
    }
    *ret_record = record_text(record, &w, status);
    return *ret_record != NULL ? MI_OK : MI_MEMORY;
}

static const char *code_word(mi_code code)
{
    switch (code) {
    case MI_INPUT:
        return "input";
    case MI_MEMORY:
        return "memory";
    case MI_IO:
        return "io";
    default:
        return "numerics";
    }
}

static mi_code record_failure(const mi_sweep *s, size_t unit, const mi_faults *faults, mi_code why,
                              const mi_status *failure, char **ret_record, mi_status *status)
{
    mi_writer w = {.failed = false};
    cJSON *record = record_head(&w, s, unit);
    bool said = faults->count > 0 && faults->messages[0] != NULL;
    mi_add_text(&w, record, "failed", said ? faults->messages[0] : failure->message);
    mi_add_text(&w, record, "code", code_word(why));
    *ret_record = record_text(record, &w, status);
    return *ret_record != NULL ? MI_OK : MI_MEMORY;
}

static mi_code write_result(const char *directory, size_t unit, const cJSON *result,
                            mi_status *status)
{
    char folder[MI_SWEEP_PATH], path[MI_SWEEP_PATH + 16];
    char *text = cJSON_Print(result);
    mi_sweep_unit_folder(directory, unit, folder);
    snprintf(path, sizeof path, "%s/result.json", folder);
    mi_code code = text != NULL ? mi_write_file(path, text, strlen(text), status)
                                : mi_fail(status, MI_MEMORY, "out of memory for %s", path);
    cJSON_free(text);
    return code;
}

/* Run the unit, from what is kept of it where that is of use. */
static mi_code run_unit(const mi_sweep *s, size_t unit, const mi_experiment *inner,
                        const char *opt_directory, const mi_run *run, mi_faults *faults,
                        cJSON **ret_result, mi_status *status)
{
    char folder[MI_SWEEP_PATH];
    mi_run_options options = {.run = *run, .resume = true};
    bool old = false;
    mi_code code = MI_OK;
    if (opt_directory != NULL && mi_sweep_has_folders(s)) {
        code = mi_sweep_prepare_unit(s, opt_directory, unit, &old, status);
    }
    if (opt_directory != NULL && mi_sweep_keeps_parts(s->kind)) {
        mi_sweep_unit_folder(opt_directory, unit, folder);
        options.opt_directory = folder;
    }
    if (code == MI_OK) {
        code = mi_experiment_run(inner, &options, faults, ret_result, status);
    }
    if (old && options.opt_directory != NULL && (code == MI_INPUT || code == MI_IO)) {
        mi_faults_clear(faults); /* perhaps what is kept is damaged */
        mi_sweep_clear_unit(opt_directory, unit, false);
        code = mi_sweep_prepare_unit(s, opt_directory, unit, &old, status);
        if (code == MI_OK) {
            code = mi_experiment_run(inner, &options, faults, ret_result, status);
        }
    }
    return code;
}

/* Did writing in the folders of units fail? The next unit would fare no better. A data file that
 * can not be read is the unit's own affair. */
static bool folder_failed(const char *opt_directory, mi_code code, const mi_status *failure)
{
    char folder[MI_SWEEP_PATH];
    if (opt_directory == NULL || code != MI_IO) {
        return false;
    }
    int length = snprintf(folder, sizeof folder, "%s/units", opt_directory);
    return length < MI_SWEEP_PATH && strstr(failure->message, folder) != NULL;
}

/* Files of training are named in a result that is kept although they are not. */
static mi_code finish_unit(const mi_sweep *s, size_t unit, const char *opt_directory, cJSON *result,
                           char **ret_record, mi_status *status)
{
    mi_code code = MI_OK;
    if (opt_directory != NULL && s->keep_results) {
        cJSON_DeleteItemFromObjectCaseSensitive(result, "files");
        code = write_result(opt_directory, unit, result, status);
    }
    return code == MI_OK ? record_result(s, unit, result, ret_record, status) : code;
}

mi_code mi_sweep_compute(const mi_sweep *s, size_t unit, const char *opt_directory,
                         const mi_run *run, char **ret_record, mi_status *status)
{
    mi_experiment *inner = NULL;
    mi_faults faults = {.file = "experiment"};
    mi_status failure = {.code = MI_OK};
    mi_run quiet = *run;
    cJSON *result = NULL;
    quiet.opt_progress = NULL;
    quiet.opt_notice = NULL;
    mi_code code = mi_sweep_unit(s, unit, &faults, &inner, &failure);
    if (code == MI_OK) {
        code = run_unit(s, unit, inner, opt_directory, &quiet, &faults, &result, &failure);
    }
    if (code == MI_OK) {
        code = finish_unit(s, unit, opt_directory, result, ret_record, &failure);
    }
    if (code == MI_INTERRUPTED || folder_failed(opt_directory, code, &failure)) {
        mi_fail(status, code, "%s", failure.message);
    } else if (code != MI_OK) {
        if (opt_directory != NULL && code != MI_IO && code != MI_MEMORY) {
            mi_sweep_clear_unit(opt_directory, unit, false);
        }
        code = record_failure(s, unit, &faults, code, &failure, ret_record, status);
    }
    cJSON_Delete(result);
    mi_faults_clear(&faults);
    mi_experiment_destroy(inner);
    return code;
}
