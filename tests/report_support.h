/* What tests of the figures and tables of training results share: results with something else at a
 * place, drawing them, and looking at what was drawn. */
#ifndef REPORT_SUPPORT_H
#define REPORT_SUPPORT_H

#include "scratch.h"

#include <cjson/cJSON.h>
#include <ctype.h>
#include <stdbool.h>

#include "../src/report/figure.h"
#include "maskinfo/figures.h"
#include "maskinfo/table.h"

/* A result from its text, or any other JSON: the test's own. */
static cJSON *parse(const char *text);

/* The item at a path such as "pictures.masked[3]". */
static cJSON *at(cJSON *result, const char *path)
{
    char key[64];
    cJSON *item = result;
    while (*path != '\0') {
        if (*path == '[') {
            item = cJSON_GetArrayItem(item, atoi(path + 1));
            path = strchr(path, ']') + 1;
        } else {
            size_t length = strcspn(path, ".[");
            snprintf(key, sizeof key, "%.*s", (int)length, path);
            item = cJSON_GetObjectItemCaseSensitive(item, key);
            path += length;
        }
        path += *path == '.';
        assert_non_null(item);
    }
    return item;
}

/* The result with something else at a path: JSON, or "" for nothing. */
static cJSON *edited(const char *text, const char *path, const char *value)
{
    char parent_path[128];
    cJSON *result = parse(text), *item = at(result, path);
    size_t cut = strlen(path) - 1;
    while (cut > 0 && path[cut] != '.' && path[cut] != '[') {
        cut--;
    }
    snprintf(parent_path, sizeof parent_path, "%.*s", (int)cut, path);
    cJSON *parent = at(result, parent_path);
    if (value[0] == '\0') {
        cJSON_Delete(cJSON_DetachItemViaPointer(parent, item));
    } else if (cJSON_IsArray(parent)) {
        assert_true(cJSON_ReplaceItemViaPointer(parent, item, parse(value)));
    } else {
        assert_true(cJSON_ReplaceItemInObjectCaseSensitive(parent, path + cut + (path[cut] == '.'),
                                                           parse(value)));
    }
    return result;
}

/* ---- drawing ---- */

static mi_code draw(const cJSON *result, const char *folder, bool *ret_drawn, mi_status *status)
{
    cJSON *files = cJSON_CreateArray();
    status->message[0] = status->place[0] = '\0';
    mi_code code = mi_figures_draw(result, folder, ret_drawn, files, status);
    cJSON_Delete(files);
    return code;
}

/* Numbers and scripts alone: where PATH holds no gnuplot nothing is drawn. */
static mi_code draw_quickly(const cJSON *result, const char *folder, mi_status *status)
{
    char *path = strdup(getenv("PATH"));
    bool drawn = false;
    setenv("PATH", "/nowhere", 1);
    mi_code code = draw(result, folder, &drawn, status);
    setenv("PATH", path, 1);
    free(path);
    return code;
}

/* Takes the result. */
static void draw_numbers(cJSON *result, void **state)
{
    mi_status status = {.code = MI_OK};
    assert_int_equal(draw_quickly(result, *state, &status), MI_OK);
    cJSON_Delete(result);
}

static char *contents(void **state, const char *name)
{
    char path[SCRATCH_PATH];
    FILE *file = fopen(scratch_name(state, name, path), "rb");
    if (file == NULL) {
        return NULL;
    }
    fseek(file, 0, SEEK_END);
    size_t size = (size_t)ftell(file);
    rewind(file);
    char *text = calloc(size + 1, 1);
    assert_int_equal(fread(text, 1, size, file), size);
    fclose(file);
    return text;
}

static void text_holds(const char *text, const char *name, const char *const *lines)
{
    assert_non_null(text);
    for (; *lines != NULL; lines++) {
        if (strstr(text, *lines) == NULL) {
            fail_msg("%s does not hold\n%s\nbut\n%s", name, *lines, text);
        }
    }
}

static void assert_holds(void **state, const char *name, const char *const *lines)
{
    char *text = contents(state, name);
    text_holds(text, name, lines);
    free(text);
}

static void assert_lacks(void **state, const char *name, const char *words)
{
    char *text = contents(state, name);
    assert_non_null(text);
    if (strstr(text, words) != NULL) {
        fail_msg("%s holds %s", name, words);
    }
    free(text);
}

static bool has_figure(void **state, const char *name)
{
    char file[64], path[SCRATCH_PATH];
    snprintf(file, sizeof file, "%s.gp", name);
    return access(scratch_name(state, file, path), F_OK) == 0;
}

#define LINES(...) ((const char *const[]){__VA_ARGS__, NULL})

static void check_pictures(void **state, const char *name)
{
    static const char *const endings[] = {"dat", "gp", "svg", "png"};
    for (int k = 0; k < 4; k++) {
        char file[64], path[SCRATCH_PATH];
        struct stat about;
        snprintf(file, sizeof file, "%s.%s", name, endings[k]);
        assert_int_equal(stat(scratch_name(state, file, path), &about), 0);
        assert_true(about.st_size > 100);
    }
    char file[64];
    snprintf(file, sizeof file, "%s.svg", name);
    assert_lacks(state, file, "nan");
}

static void draw_whole(cJSON *result, void **state)
{
    mi_status status = {.code = MI_OK};
    bool drawn = false;
    mi_code code = draw(result, *state, &drawn, &status);
    cJSON_Delete(result);
    assert_string_equal(status.message, "");
    assert_int_equal(code, MI_OK);
    assert_true(drawn);
}

static void table_holds(cJSON *result, const char *const *lines)
{
    char *text = NULL;
    mi_status status = {.code = MI_OK};
    assert_int_equal(mi_table_text(result, &text, &status), MI_OK);
    cJSON_Delete(result);
    text_holds(text, "the table", lines);
    free(text);
}

/* Whatever stands at any place, the result is drawn and told, or refused with a place. Sheets are
 * composed in memory: thousands of files take too long. */

static void assert_finite(const char *script)
{
    static const char *const words[] = {"nan", "inf"};
    for (int i = 0; i < 2; i++) {
        for (const char *c = script; (c = strstr(c, words[i])) != NULL; c++) {
            if (!isalpha((unsigned char)c[-1]) && !isalpha((unsigned char)c[3])) {
                fail_msg("a number is not finite: %.200s", c - 100);
            }
        }
    }
}

static void compose(const mi_report *report, const mi_figure *figure)
{
    mi_sheet *sheet = NULL;
    if (figure->any(report)) {
        assert_int_equal(mi_sheet_create(report, figure->name, &sheet, NULL), MI_OK);
        figure->draw(sheet);
        assert_int_equal(mi_sheet_finish(sheet, figure->question, NULL), MI_OK);
        assert_finite(sheet->script_text);
        mi_sheet_destroy(sheet);
    }
}

static void compose_all(const mi_report *report)
{
    static const mi_figure *const figures[] = {
        &mi_figure_training, &mi_figure_reconstructions, &mi_figure_network,
        &mi_figure_probe,    &mi_figure_checks,          &mi_figure_monitors,
        &mi_figure_maps,     &mi_figure_methods,         &mi_figure_collapse};
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++) {
        compose(report, figures[i]);
    }
    for (size_t i = 0; i < mi_sweep_figures(report); i++) {
        mi_figure figure = mi_sweep_figure(report, i);
        compose(report, &figure);
    }
}

static void try_result(const cJSON *result)
{
    mi_status status = {.code = MI_OK};
    mi_report *report = NULL;
    char *text = NULL;
    mi_code code = mi_report_read(result, &report, &status);
    if (code == MI_OK) {
        compose_all(report);
    } else {
        assert_int_equal(code, MI_INPUT);
        assert_true(status.place[0] != '\0');
    }
    assert_int_equal(mi_table_text(result, &text, &status), code);
    free(text);
    mi_report_destroy(report);
}

static void try_children(cJSON *result, cJSON *parent)
{
    static const char *const values[] = {"null", "\"x\"", "[]", "{}", "true", "-3", "0.3", "1e99"};
    for (cJSON *child = parent->child; child != NULL; child = child->next) {
        if (child == result->child) {
            continue; /* "experiment" */
        }
        int type = child->type;
        cJSON *inside = child->child;
        char *string = child->valuestring;
        double number = child->valuedouble;
        for (size_t v = 0; v < sizeof values / sizeof *values; v++) {
            cJSON *value = parse(values[v]);
            child->type = value->type;
            child->child = value->child;
            child->valuestring = value->valuestring;
            child->valuedouble = value->valuedouble;
            try_result(result);
            child->child = inside;
            child->valuestring = string;
            cJSON_Delete(value);
        }
        child->type = type;
        child->valuedouble = number;
        try_children(result, child);
    }
}

#endif
