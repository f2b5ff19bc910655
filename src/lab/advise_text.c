/* An advice for a terminal, from its JSON. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lab.h"
#include "maskinfo/advise.h"
#include "maskinfo/format.h"
#include "maskinfo/stream.h"

enum { WIDTH = 78, NAME_WIDTH = 12 };

static const char *text(const cJSON *object, const char *name)
{
    const char *value = cJSON_GetStringValue(mi_lab_item(object, name));
    return value != NULL ? value : "";
}

/* Bytes of the first line of words: at most `width`, cut at a space where there is one. */
static size_t line_of(const char *words, size_t width)
{
    size_t length = strlen(words);
    if (length <= width) {
        return length;
    }
    size_t cut = width;
    while (cut > 0 && words[cut] != ' ') {
        cut--;
    }
    return cut > 0 ? cut : width;
}

/* "name   words ...", broken into lines under each other; control bytes become spaces. */
static void put_entry(FILE *out, const char *name, const char *words)
{
    size_t room = WIDTH - NAME_WIDTH;
    fprintf(out, "%-*s", NAME_WIDTH, name);
    do {
        size_t line = line_of(words, room);
        for (size_t i = 0; i < line; i++) {
            putc((unsigned char)words[i] < ' ' ? ' ' : words[i], out);
        }
        words += line;
        words += *words == ' ';
        fprintf(out, "\n%*s", *words == '\0' ? 0 : NAME_WIDTH, "");
    } while (*words != '\0');
}

static void describe_images(const cJSON *data, char *words, size_t size)
{
    const cJSON *rows = mi_lab_item(data, "rows"), *columns = mi_lab_item(data, "columns");
    const cJSON *grid = mi_lab_item(data, "grid");
    double low[2], high[2], sides[2];
    for (int i = 0; i < 2; i++) {
        const cJSON *range = i == 0 ? rows : columns;
        low[i] = cJSON_GetNumberValue(cJSON_GetArrayItem(range, 0));
        high[i] = cJSON_GetNumberValue(cJSON_GetArrayItem(range, 1));
        sides[i] = cJSON_GetNumberValue(cJSON_GetArrayItem(grid, i));
    }
    size_t used = 0;
    mi_append(words, size, &used, "%s: %s, %.0f images of ", text(data, "path"), text(data, "kind"),
              mi_lab_number(data, "images"));
    if (low[0] < high[0] || low[1] < high[1]) {
        mi_append(words, size, &used, "%.0f x %.0f to %.0f x %.0f pixels", low[0], low[1], high[0],
                  high[1]);
    } else {
        mi_append(words, size, &used, "%.0f x %.0f pixels", low[0], low[1]);
    }
    mi_append(words, size, &used,
              ", %.0f channel%s; sites are patches of %.0f x %.0f pixels on a grid of %.0f x %.0f",
              mi_lab_number(data, "channels"), mi_lab_number(data, "channels") > 1 ? "s" : "",
              mi_lab_number(data, "patch"), mi_lab_number(data, "patch"), sides[0], sides[1]);
}

static void put_data(FILE *out, const cJSON *data)
{
    char words[5000];
    if (cJSON_IsNumber(mi_lab_item(data, "letters"))) {
        snprintf(words, sizeof words,
                 "%s: %s of %.0f letters (a-z and space); sites are letters, 64 in a window",
                 text(data, "path"), text(data, "kind"), mi_lab_number(data, "letters"));
    } else if (cJSON_IsNumber(mi_lab_item(data, "steps"))) {
        const cJSON *grid = mi_lab_item(data, "grid");
        snprintf(words, sizeof words,
                 "%s: %s, %.0f steps in time of %.0f features; a site is %.0f step%s, %.0f in a "
                 "window",
                 text(data, "path"), text(data, "kind"), mi_lab_number(data, "steps"),
                 mi_lab_number(data, "channels"), mi_lab_number(data, "patch"),
                 mi_lab_number(data, "patch") > 1 ? "s" : "",
                 cJSON_GetNumberValue(cJSON_GetArrayItem(grid, 1)));
    } else {
        describe_images(data, words, sizeof words);
    }
    put_entry(out, "data", words);
}

static void describe_order(const cJSON *result, char *words, size_t size)
{
    size_t used = 0;
    mi_append(words, size, &used, "letters of order %.0f", mi_lab_number(result, "order"));
    const cJSON *order = NULL;
    const char *before = ": held-out cross-entropy ";
    cJSON_ArrayForEach(order, mi_lab_item(result, "orders"))
    {
        mi_append(words, size, &used, "%s%.3f +- %.3f (order %.0f)", before,
                  mi_lab_number(order, "cross_entropy"), mi_lab_number(order, "cross_entropy_se"),
                  mi_lab_number(order, "order"));
        before = ", ";
    }
    mi_append(words, size, &used, "%s; judged by held-out text",
              cJSON_GetArraySize(mi_lab_item(result, "orders")) > 0 ? " nats per letter"
                                                                    : ", as asked for");
}

static void put_model(FILE *out, const cJSON *result)
{
    char words[1600];
    const cJSON *curve = cJSON_GetArrayItem(mi_lab_item(result, "curves"), 0), *tried = NULL;
    if (curve == NULL) {
        return;
    }
    if (cJSON_IsNumber(mi_lab_item(result, "order"))) {
        describe_order(result, words, sizeof words);
    } else {
        snprintf(words, sizeof words, "%s; %s", text(result, "family"), text(curve, "remark"));
    }
    put_entry(out, "model", words);
    cJSON_ArrayForEach(tried, mi_lab_item(result, "tried"))
    {
        snprintf(words, sizeof words, "not %s, patches of %.0f x %.0f: contradicts itself%s: %s",
                 text(tried, "family"), mi_lab_number(tried, "patch"),
                 mi_lab_number(tried, "patch"),
                 cJSON_IsTrue(mi_lab_item(tried, "of_a_half")) ? " on a half of the data" : "",
                 text(tried, "misfit"));
        put_entry(out, "", words);
    }
}

static void put_advice(FILE *out, const cJSON *result)
{
    const cJSON *advice = mi_lab_item(result, "recommendation");
    char words[1200];
    if (!cJSON_IsObject(advice)) {
        put_entry(out, "advice", "none: the data do not determine it");
        put_entry(out, "because", text(result, "reason"));
        put_entry(out, "would help", text(result, "what_would_help"));
        return;
    }
    snprintf(words, sizeof words, "start from a masking ratio of %.2f [%.2f, %.2f], at random",
             mi_lab_number(advice, "ratio"), mi_lab_number(advice, "low"),
             mi_lab_number(advice, "high"));
    put_entry(out, "advice", words);
    snprintf(words, sizeof words, "%s: %s", text(advice, "certainty"), text(advice, "reason"));
    put_entry(out, "certainty", words);
}

static void put_cell(FILE *out, const char *format, int width, double value)
{
    if (isfinite(value)) {
        fprintf(out, format, width, value);
    } else {
        fprintf(out, "%*s", width, "-");
    }
}

static void put_strategy(FILE *out, const cJSON *strategy)
{
    const cJSON *optimum = mi_lab_item(strategy, "optimum");
    fprintf(out, "  %-8s", text(strategy, "name"));
    for (int i = 0; i < 2; i++) {
        const cJSON *at = cJSON_GetArrayItem(mi_lab_item(strategy, "at"), i);
        put_cell(out, "%*.3f", 8, mi_lab_number(at, "information"));
        put_cell(out, "%*.3f", 8, mi_lab_number(at, "joint_information"));
        put_cell(out, "%*.3f", 8, mi_lab_number(at, "mse_floor"));
    }
    if (cJSON_IsObject(optimum)) {
        fprintf(out, "   %.2f [%.2f, %.2f]%s\n", mi_lab_number(optimum, "ratio"),
                mi_lab_number(optimum, "low"), mi_lab_number(optimum, "high"),
                cJSON_IsTrue(mi_lab_item(optimum, "edge")) ? " (edge)" : "");
    } else {
        fprintf(out, "   none\n");
    }
}

static void put_strategies(FILE *out, const cJSON *result)
{
    const cJSON *strategies = mi_lab_item(result, "strategies"), *strategy = NULL;
    fprintf(out, "\n  %-8s%24s%24s\n  %-8s%8s%8s%8s%8s%8s%8s   %s\n", "", "at 50 %", "at 75 %",
            "strategy", "i", "joint", "mse", "i", "joint", "mse", "optimum of r i(r)");
    cJSON_ArrayForEach(strategy, strategies)
    {
        if (cJSON_IsTrue(mi_lab_item(strategy, "available"))) {
            put_strategy(out, strategy);
        } else {
            fprintf(out, "  %-8s   not available: %s\n", text(strategy, "name"),
                    text(strategy, "reason"));
        }
    }
    fprintf(out, "\n");
    cJSON_ArrayForEach(strategy, strategies)
    {
        if (cJSON_IsTrue(mi_lab_item(strategy, "available")) &&
            strcmp(text(strategy, "name"), "random") != 0) {
            put_entry(out, text(strategy, "name"), text(strategy, "sentence"));
        }
    }
}

static void put_half(FILE *out, const cJSON *half)
{
    char words[1200];
    size_t used = 0;
    const cJSON *optimum = mi_lab_item(half, "optimum");
    if (cJSON_IsObject(optimum)) {
        mi_append(words, sizeof words, &used, "%s half: optimum %.2f [%.2f, %.2f]",
                  text(half, "part"), mi_lab_number(optimum, "ratio"),
                  mi_lab_number(optimum, "low"), mi_lab_number(optimum, "high"));
        if (isfinite(mi_lab_number(half, "rate"))) {
            mi_append(words, sizeof words, &used, ", rate of the exponential fit %.2f +- %.2f",
                      mi_lab_number(half, "rate"), mi_lab_number(half, "rate_se"));
        }
        if (text(half, "misfit")[0] != '\0') {
            mi_append(words, sizeof words, &used, "; it contradicts itself: %s",
                      text(half, "misfit"));
        }
    } else {
        snprintf(words, sizeof words, "%s half: none, %s%s", text(half, "part"),
                 text(half, "reason"), text(half, "optimum_reason"));
    }
    put_entry(out, "", words);
}

static void put_halves(FILE *out, const cJSON *result)
{
    const cJSON *half = NULL, *agreement = mi_lab_item(result, "agreement");
    char words[200] = "no comparison";
    if (isfinite(mi_lab_number(agreement, "optimum_difference"))) {
        size_t used = 0;
        mi_append(words, sizeof words, &used, "optima differ by %+.2f (z = %.1f)",
                  mi_lab_number(agreement, "optimum_difference"),
                  mi_lab_number(agreement, "optimum_z"));
        if (isfinite(mi_lab_number(agreement, "rate_z"))) {
            mi_append(words, sizeof words, &used, ", rates by %+.2f (z = %.1f)",
                      mi_lab_number(agreement, "rate_difference"),
                      mi_lab_number(agreement, "rate_z"));
        }
    }
    put_entry(out, "halves", words);
    cJSON_ArrayForEach(half, mi_lab_item(result, "halves"))
    {
        put_half(out, half);
    }
}

static const char caution[] =
    "The ratio maximises the nats that visible sites tell about masked ones, r i(r); it is not "
    "the ratio of the best accuracy. Predictability is not quality: of MAE's masks at 75 % grid "
    "ones are easiest to predict and random ones reach the best accuracy (He et al. 2021, table "
    "1f). Published practice often differs: BERT 15 %, MAE 75 %, VideoMAE 90 %.";

static void put_all(FILE *out, const cJSON *result)
{
    const cJSON *regime = mi_lab_item(result, "regime");
    char words[400];
    put_data(out, mi_lab_item(result, "data"));
    put_model(out, result);
    put_advice(out, result);
    snprintf(words, sizeof words, "%s: %s", text(regime, "verdict"), text(regime, "sentence"));
    put_entry(out, "regime", words);
    if (cJSON_IsObject(mi_lab_item(result, "recommendation"))) {
        put_strategies(out, result);
        put_halves(out, result);
        put_entry(out, "caution", caution);
    }
}

mi_code mi_advice_text(const cJSON *result, char **ret_text, mi_status *status)
{
    if (strcmp(text(result, "experiment"), "advise") != 0) {
        return mi_fail(status, MI_INPUT, "the result is no advice");
    }
    char *buffer = NULL;
    size_t size = 0;
    FILE *out = mi_open_text(&buffer, &size);
    if (out != NULL) {
        put_all(out, result);
    }
    if (out == NULL || fclose(out) != 0) {
        free(buffer);
        return mi_fail(status, MI_MEMORY, "out of memory for the advice");
    }
    *ret_text = buffer;
    return MI_OK;
}
