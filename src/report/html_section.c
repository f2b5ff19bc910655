/* What a page says of one result. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "centered.h"
#include "figure.h"
#include "html.h"
#include "html_page.h"
#include "swept.h"
#include "table_train.h"
#include "trials.h"

static const struct {
    const char *kind, *title, *question;
} kinds[] = {
    {"curve", "Information over the masking ratio",
     "How much do the visible tokens tell about a masked one, and at which masking ratio is the "
     "most learned?"},
    {"compare", "Sources compared",
     "How does the information that visible tokens carry differ between these sources?"},
    {"estimators", "Estimators of mutual information",
     "Which estimates of mutual information from samples can be trusted?"},
    {"train", "A training run",
     "How close does the network come to the least possible loss, and what has it learned?"},
    {"checks", "Trained networks beside exact curves",
     "Do trained networks find the exact curves and their optima?"},
    {"methods", "Methods side by side", "What do the methods' features tell, at which price?"},
    {"center", "Centring and collapse",
     "When does centring keep self-distillation from collapsing?"},
    {"advise", "Advice for data of one's own",
     "Which masking ratio and strategy do these data suggest?"},
    {"sweep", "A sweep", "How do the results change with the settings?"},
};

static const char *of_kind(const cJSON *result, bool question)
{
    const char *kind = mi_json_text(result, "experiment");
    for (size_t i = 0; kind != NULL && i < sizeof kinds / sizeof *kinds; i++) {
        if (strcmp(kinds[i].kind, kind) == 0) {
            return question ? kinds[i].question : kinds[i].title;
        }
    }
    return question ? "" : "A result";
}

static const char *filled(const char *opt_text)
{
    return opt_text != NULL && opt_text[0] != '\0' ? opt_text : NULL;
}

const char *mi_html_title(const cJSON *result)
{
    const cJSON *data = cJSON_GetObjectItemCaseSensitive(result, "data");
    const cJSON *config = cJSON_GetObjectItemCaseSensitive(result, "config");
    const char *title = filled(mi_json_text(result, "title"));
    title = title != NULL ? title : filled(mi_json_text(config, "title"));
    title = title != NULL ? title : filled(mi_json_text(result, "label"));
    title = title != NULL ? title : filled(mi_json_text(data, "path"));
    return title != NULL ? title : of_kind(result, false);
}

static const char *question_of(const cJSON *result)
{
    const char *question = filled(mi_json_text(result, "question"));
    const char *view = mi_json_text(result, "view");
    if (question == NULL && view != NULL && strcmp(view, "collapse") == 0) {
        return mi_figure_collapse.question;
    }
    return question != NULL ? question : of_kind(result, true);
}

mi_code mi_html_tables(const mi_section *s, mi_status *status)
{
    const mi_report *r = s->report;
    if (r->opt_swept != NULL) {
        return mi_swept_html(r->opt_swept, s->page, status);
    }
    if (r->estimators) {
        return mi_trials_html(s->result, s->page, status);
    }
    if (r->center) {
        return mi_centered_html(s->result, s->page, status);
    }
    if (r->train) {
        return mi_train_html(r->opt_runs, s->page, status);
    }
    if (r->checks) {
        return mi_checks_html(r->opt_runs, s->page, status);
    }
    if (r->methods) {
        return mi_methods_html(r->opt_runs, s->page, status);
    }
    mi_code code = mi_fits_html(r, s->page, status);
    return code == MI_OK ? mi_strategies_html(r, s->page, status) : code;
}

static void put_heading(const mi_section *s, const char *name, const char *text)
{
    fprintf(s->page, "<h%d id=\"r%zu-%s\">%s</h%d>\n", s->level, s->index, name, text, s->level);
}

static mi_code put_config(const mi_section *s, mi_status *status)
{
    const cJSON *config = cJSON_GetObjectItemCaseSensitive(s->result, "config");
    char *text = config != NULL ? cJSON_Print(config) : NULL;
    if (config != NULL && text == NULL) {
        return mi_fail(status, MI_MEMORY, "no memory for the page");
    }
    put_heading(s, "configuration", "Configuration");
    mi_html_say(s->page, "%s",
                text == NULL ? "The result holds no configuration."
                             : "Every value used, defaults filled in; itself an experiment file.");
    if (text != NULL) {
        fputs("<details><summary>Show the configuration (JSON)</summary><pre tabindex=\"0\">",
              s->page);
        mi_html_text(s->page, text);
        fputs("</pre></details>\n", s->page);
    }
    cJSON_free(text);
    return MI_OK;
}

static void put_term(FILE *page, const char *name, const char *opt_text)
{
    if (opt_text != NULL) {
        fputs("<dt>", page);
        mi_html_text(page, name);
        fputs("</dt><dd>", page);
        mi_html_text(page, opt_text);
        fputs("</dd>\n", page);
    }
}

static void put_count(FILE *page, const char *name, const cJSON *object, const char *key,
                      const char *unit)
{
    char text[64];
    double value = mi_json_number(object, key);
    if (isfinite(value)) {
        snprintf(text, sizeof text, "%.6g%s", value, unit);
        put_term(page, name, text);
    }
}

/* The seconds of a run that went on from an earlier one are not those of all units. */
static void put_time(FILE *page, const cJSON *timing)
{
    char text[128];
    double resumed = mi_json_number(timing, "resumed");
    if (resumed > 0) {
        snprintf(text, sizeof text, "%.0f units computed in %.6g s, %.0f taken over from before",
                 mi_json_number(timing, "computed"), mi_json_number(timing, "seconds"), resumed);
        put_term(page, "Time", text);
    } else {
        put_count(page, "Time", timing, "seconds", " s");
    }
}

static void put_machine(FILE *page, const cJSON *timing)
{
    const cJSON *machine = cJSON_GetObjectItemCaseSensitive(timing, "machine");
    if (!cJSON_IsObject(machine)) {
        put_term(page, "Machine", "not recorded in this result");
        return;
    }
    put_term(page, "Processor", mi_json_text(machine, "processor"));
    put_count(page, "Cores", machine, "cores", "");
    put_count(page, "Threads used", machine, "threads", "");
    put_term(page, "System", mi_json_text(machine, "system"));
    put_term(page, "Compiler", mi_json_text(machine, "compiler"));
}

static void put_making(const mi_section *s)
{
    const cJSON *timing = cJSON_GetObjectItemCaseSensitive(s->result, "timing");
    put_heading(s, "making", "How it was made");
    fputs("<dl>\n<dt>Command</dt><dd><code>", s->page);
    bool recorded = mi_html_command(s->page, s);
    fprintf(s->page, "</code>%s</dd>\n",
            recorded ? ""
                     : " (the original command was not recorded; this one computes the same "
                       "configuration again)");
    put_term(s->page, "Version", mi_json_text(s->result, "maskinfo"));
    put_term(s->page, "Experiment", mi_json_text(s->result, "experiment"));
    put_term(s->page, "Units of information", mi_json_text(s->result, "units"));
    put_time(s->page, timing);
    put_machine(s->page, timing);
    fputs("</dl>\n", s->page);
}

static mi_code put_body(const mi_section *s, mi_status *status)
{
    fputs("<p class=\"question\">", s->page);
    mi_html_text(s->page, question_of(s->result));
    fputs("</p>\n<div class=\"answer\">\n", s->page);
    put_heading(s, "answer", "Answer");
    mi_code code = mi_html_answer(s, status);
    fputs("</div>\n", s->page);
    if (code == MI_OK) {
        put_heading(s, "figures", "Figures");
        code = mi_html_figures(s, status);
    }
    if (code == MI_OK) {
        put_heading(s, "tables", "Tables");
        code = mi_html_tables(s, status);
    }
    if (code == MI_OK) {
        put_making(s);
        code = put_config(s, status);
    }
    return code;
}

mi_code mi_html_section(FILE *page, const mi_page_result *result, size_t index, int level,
                        mi_status *status)
{
    mi_report *report = NULL;
    mi_code code = mi_report_read(result->opt_result, &report, status);
    if (code == MI_OK) {
        const mi_section section = {.page = page,
                                    .report = report,
                                    .result = result->opt_result,
                                    .folder = result->folder,
                                    .index = index,
                                    .level = level};
        code = put_body(&section, status);
    }
    mi_report_destroy(report);
    return code;
}

mi_code mi_html_check(const cJSON *result, mi_status *status)
{
    mi_report *report = NULL;
    mi_code code = mi_report_read(result, &report, status);
    mi_report_destroy(report);
    return code;
}
