#include "maskinfo/reference.h"

#include <string.h>

#include "fields.h"
#include "maskinfo/experiment.h"
#include "maskinfo/train.h"

static const char *fallback_text(const mi_parameter *p)
{
    return p->fallback == NULL                ? "required"
           : strcmp(p->fallback, "null") == 0 ? "none"
                                              : p->fallback;
}

static void print_row(FILE *out, mi_reference_form form, const char *prefix, const mi_parameter *p)
{
    char range[256];
    mi_parameter_range(p, range, sizeof range);
    if (form == MI_REFERENCE_MARKDOWN) {
        fprintf(out, "| `%s%s` | %s | %s%s%s | %s | %s |\n", prefix, p->name, range,
                p->fallback == NULL ? "" : "`", fallback_text(p), p->fallback == NULL ? "" : "`",
                p->unit, p->help);
    } else {
        fprintf(out, "    %s%-*s %s; default %s%s%s\n        %s\n", prefix,
                (int)(16 - strlen(prefix)), p->name, range, fallback_text(p),
                p->unit[0] != '\0' ? "; unit: " : "", p->unit, p->help);
    }
}

static void print_rows(FILE *out, mi_reference_form form, const char *prefix,
                       const mi_parameter *table)
{
    for (const mi_parameter *p = table; p->name != NULL; p++) {
        print_row(out, form, prefix, p);
        if (p->type == MI_GROUP) {
            char deeper[64];
            snprintf(deeper, sizeof deeper, "%s%s.", prefix, p->name);
            print_rows(out, form, deeper, p->group);
        }
    }
}

void mi_reference_print(FILE *out, mi_reference_form form, const mi_parameter *table)
{
    if (form == MI_REFERENCE_MARKDOWN) {
        fprintf(out, "\n| key | legal values | default | unit | meaning |\n"
                     "|---|---|---|---|---|\n");
    }
    print_rows(out, form, "", table);
}

static void print_section(FILE *out, const char *heading, const char *text,
                          const mi_parameter *table)
{
    fprintf(out, "\n%s\n\n%s\n", heading, text);
    mi_reference_print(out, MI_REFERENCE_MARKDOWN, table);
}

static void print_models(FILE *out)
{
    fprintf(out, "\n## Models\n\nThe object `model` holds `type`, one of the names below, and the "
                 "parameters of that type.\n");
    for (const mi_model_class *const *c = mi_model_classes(); *c != NULL; c++) {
        char heading[64];
        snprintf(heading, sizeof heading, "### %s", (*c)->name);
        print_section(out, heading, (*c)->summary, (*c)->parameters);
    }
}

static void print_masks(FILE *out)
{
    fprintf(out, "\n## Masks\n\nThe object `mask` holds `strategy` (default `\"random\"`) and the "
                 "parameters of that strategy.\n");
    for (const mi_mask_class *const *c = mi_mask_classes(); *c != NULL; c++) {
        char heading[64];
        snprintf(heading, sizeof heading, "### %s", (*c)->name);
        print_section(out, heading, (*c)->summary, (*c)->parameters);
    }
}

static void print_methods(FILE *out)
{
    fprintf(out, "\n## Methods\n\nThe object `method` of a training run holds `type` (default "
                 "`\"mlm\"` for models of symbols, else `\"mae\"`) and the parameters of that "
                 "type.\n");
    for (const mi_method_class *const *c = mi_method_classes(); *c != NULL; c++) {
        char heading[64];
        snprintf(heading, sizeof heading, "### %s", (*c)->name);
        print_section(out, heading, (*c)->summary, (*c)->parameters);
    }
}

static void print_training(FILE *out)
{
    print_section(
        out, "### train",
        "A training run has `model` and may have `method`, `mask`, `ratio`, `training`, "
        "`evaluation`, `probe`, `collapse`, `maps`, `estimator` (of the exact curve), `seed` and "
        "`title`. "
        "`ratio` is a number in (0, 1), `[low, high]` with a ratio drawn anew for every "
        "example, or `\"uniform\"`, which is `[0, 1]`; default 0.75 for pixels, 0.15 for "
        "symbols. A method that hides nothing (dino, byol, jigsaw, colorize) takes "
        "neither `mask` nor `ratio`: a run's own are refused, inherited ones play no "
        "part. `training`:",
        mi_training_parameters);
    print_section(out, "### train: evaluation", "On held-out examples:", mi_evaluation_parameters);
    print_section(out, "### train: probe",
                  "Labels told from the features of the frozen encoder; `null`: no probe.",
                  mi_train_probe_parameters);
    print_section(
        out, "### train: collapse",
        "When the outputs of self-distillation count as collapsed:", mi_collapse_parameters);
    print_section(out, "### train: maps", "Features of patches as pictures:", mi_maps_parameters);
    print_section(out, "### checks",
                  "Has `runs`, an array of training runs, may have `probe_curve`, and may have "
                  "`method`, `mask`, `ratio`, `training`, `evaluation`, `probe`, `estimator` and "
                  "`seed` for the runs that do not set their own. At the top:",
                  mi_checks_parameters);
    print_section(out, "### checks: each of `runs`",
                  "Beside the keys of a training run:", mi_train_entry_parameters);
    print_section(out, "### checks: probe_curve",
                  "Training runs that differ in their ratio alone, each with a probe; beside the "
                  "keys of a training run:",
                  mi_probe_curve_parameters);
    print_section(out, "### methods",
                  "Has `runs`, an array of training runs with a label each, done with each of "
                  "`seeds`, and may have `model`, `method`, `mask`, `ratio`, `training`, "
                  "`evaluation`, `probe`, `collapse`, `maps` and `estimator` for the runs that do "
                  "not set their own (`\"probe\": null`: none). At the top:",
                  mi_methods_parameters);
}

static void print_center(FILE *out)
{
    print_section(out, "### center",
                  "Centring and collapse of self-distillation, without a network (docs/task4.md). "
                  "Has `title`, `seed` and any of `equilibrium`, `stability` and `loop`, each an "
                  "object whose keys all have defaults; all three where none is named. At the top:",
                  mi_center_parameters);
}

static void print_sweep(FILE *out)
{
    print_section(
        out, "### sweep",
        "Another experiment for all combinations of values, each with several seeds "
        "(docs/sweeps.md). Has `base`, the experiment inside (a name, the path of a file, or an "
        "object), or `cases`, or both; `grid`, an array of axes; `seeds`, an array of whole "
        "numbers, default `[1]`, put at `seed` (of methods: `seeds`) of the experiment; `columns`, "
        "an array of what is taken from each result (curve, train and center have usual ones); "
        "`figures`, an array, or `null`: one a column of numbers; `title`. At the top:",
        mi_sweep_parameters);
    print_section(out, "### sweep: each of `cases`",
                  "Each may have a `base` of its own; with them `case` is the first axis.",
                  mi_sweep_case_parameters);
    print_section(out, "### sweep: each of `grid`",
                  "Beside `values`, an array of any JSON values, or an object, below:",
                  mi_sweep_grid_parameters);
    print_section(out, "### sweep: values", "Equally spaced ones:", mi_sweep_values_parameters);
    print_section(out, "### sweep: each of `columns`", "What is taken from each unit's result.",
                  mi_sweep_column_parameters);
    print_section(out, "### sweep: each of `figures`", "What is drawn.",
                  mi_sweep_figure_parameters);
}

static void print_notes(FILE *out, const char *heading, const mi_field_note *notes)
{
    fprintf(out, "\n%s\n\n| field | meaning |\n|---|---|\n", heading);
    for (const mi_field_note *note = notes; note->name != NULL; note++) {
        fprintf(out, "| `%s` | %s |\n", note->name, note->meaning);
    }
}

void mi_reference_document(FILE *out)
{
    char kinds[1024];
    fprintf(out,
            "# Reference\n\nMade by `maskinfo list reference` from the tables that the program "
            "reads its input by.\n\n## Experiment files\n\nA JSON object. `\"experiment\"` is "
            "%s. A curve has "
            "`model` and may have `mask`, `ratios`, `estimator`, `seed` and `title`. A comparison "
            "has `curves`, an array of such objects with a label and a style each, and may have "
            "`mask`, `ratios`, `estimator` and `seed` for the curves that do not set their own.\n",
            mi_reference_kinds("`", kinds, sizeof kinds));
    print_section(out, "### At the top", "In all kinds.", mi_experiment_parameters);
    print_section(out, "### ratios",
                  "An increasing array of numbers in (0, 1), or an object:", mi_ratio_parameters);
    print_section(out, "### estimator", "How the numbers are had.", mi_estimator_parameters);
    print_section(out, "### compare", "At the top of a comparison:", mi_compare_parameters);
    print_section(out, "### compare: each of `curves`",
                  "Beside `model`, `mask`, `ratios`, "
                  "`estimator` and `seed`:",
                  mi_compare_curve_parameters);
    print_section(out, "### estimators",
                  "At the top of an experiment of the kind `\"estimators\"`, beside `title` and "
                  "`seed`: no curve, but estimates against known truths.",
                  mi_estimators_parameters);
    print_training(out);
    print_center(out);
    print_sweep(out);
    print_models(out);
    print_masks(out);
    print_methods(out);
    fprintf(
        out,
        "\n## Results\n\n`result.json`, also what `--json` prints. Every number is finite, or "
        "null with a reason in `NAME_reason` beside it (for nulls in `points`: at the head of "
        "the curve, in `steps` of `monitors`: at their head). The same file, seed and build give "
        "the same bytes at any number of threads, `timing` aside (and what tables take from "
        "it: `seconds`, `bytes`).\n");
    print_notes(out, "### Of a curve or comparison", mi_result_notes);
    print_notes(out, "### Each of `points`", mi_point_notes);
    print_notes(out, "### Of estimators", mi_estimators_notes);
    print_notes(out, "### Of a training run", mi_train_notes);
    print_notes(out, "### Of checks", mi_checks_notes);
    print_notes(out, "### Of methods", mi_methods_notes);
    print_notes(out, "### Of center", mi_center_notes);
    print_notes(out, "### Of a sweep", mi_sweep_field_notes);
    fprintf(
        out,
        "\n## Files\n\nData files and experiments named by a relative path are looked for in the "
        "current folder, then beside the program (`build/..`, `PREFIX/share/maskinfo`).\n");
}
