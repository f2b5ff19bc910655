/* Where in an experiment file the parameters of which table stand. */
#include <string.h>

#include "maskinfo/experiment.h"
#include "maskinfo/reference.h"
#include "maskinfo/train.h"

/* Keys that choose a table, and so stand in none. */
static const mi_parameter model_keys[] = {
    {.name = "type", .type = MI_TEXT, .unit = "", .help = "one of the models below"},
    {.name = NULL},
};
static const mi_parameter mask_keys[] = {
    {.name = "strategy",
     .type = MI_TEXT,
     .fallback = "\"random\"",
     .unit = "",
     .help = "one of the masks below"},
    {.name = NULL},
};
static const mi_parameter method_keys[] = {
    {.name = "type",
     .type = MI_TEXT,
     .fallback = "\"mae\", of symbols \"mlm\"",
     .unit = "",
     .help = "one of the methods below"},
    {.name = NULL},
};
static const mi_parameter ratio_keys[] = {
    {.name = "ratio",
     .type = MI_REAL,
     .low = 0,
     .high = 1,
     .flags = MI_LOW_OPEN | MI_HIGH_OPEN,
     .fallback = "0.75, of symbols 0.15",
     .unit = "",
     .help = "of a training run; also [low, high], or \"uniform\""},
    {.name = NULL},
};

static const mi_reference_part parts[] = {
    {"of all kinds", "", mi_experiment_parameters},
    {"ratios of a curve (or an increasing array)", "ratios.", mi_ratio_parameters},
    {"estimator of a curve", "estimator.", mi_estimator_parameters},
    {"kind compare", "", mi_compare_parameters},
    {"kind compare: each of curves", "curves[*].", mi_compare_curve_parameters},
    {"kind estimators", "", mi_estimators_parameters},
    {"kind train", "", ratio_keys},
    {"kind train: training", "training.", mi_training_parameters},
    {"kind train: evaluation", "evaluation.", mi_evaluation_parameters},
    {"kind train: probe", "probe.", mi_train_probe_parameters},
    {"kind train: collapse", "collapse.", mi_collapse_parameters},
    {"kind train: maps", "maps.", mi_maps_parameters},
    {"kind checks", "", mi_checks_parameters},
    {"kinds checks and methods: each of runs", "runs[*].", mi_train_entry_parameters},
    {"kind checks: probe_curve", "probe_curve.", mi_probe_curve_parameters},
    {"kind methods", "", mi_methods_parameters},
    {"kind center", "", mi_center_parameters},
    {"kind sweep", "", mi_sweep_parameters},
    {"kind sweep: each of cases", "cases[*].", mi_sweep_case_parameters},
    {"kind sweep: each of grid", "grid[*].", mi_sweep_grid_parameters},
    {"kind sweep: values", "grid[*].values.", mi_sweep_values_parameters},
    {"kind sweep: each of columns", "columns[*].", mi_sweep_column_parameters},
    {"kind sweep: each of figures", "figures[*].", mi_sweep_figure_parameters},
};

static const char *const kinds[][2] = {
    {"curve", "one source"},
    {"compare", "several in one set of figures"},
    {"estimators", "estimators from samples against known truths"},
    {"train", "a network against the exact floor"},
    {"checks", "several of those"},
    {"methods", "methods beside each other"},
    {"center", "centring and collapse of self-distillation"},
    {"sweep", "another experiment many times"},
};

char *mi_reference_kinds(const char *tick, char *text, size_t size)
{
    size_t count = sizeof kinds / sizeof *kinds, used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < count && used < size; i++) {
        const char *before = i == 0 ? "" : i + 1 == count ? " or " : ", ";
        used += (size_t)snprintf(text + used, size - used, "%s%s\"%s\"%s (%s)", before, tick,
                                 kinds[i][0], tick, kinds[i][1]);
    }
    return text;
}

static mi_reference_part class_part(const char *what, const char *name, const char *prefix,
                                    const mi_parameter *table)
{
    mi_reference_part part = {.prefix = prefix, .table = table};
    snprintf(part.heading, sizeof part.heading, "%s %s", what, name);
    return part;
}

void mi_reference_visit(void (*visit)(void *context, const mi_reference_part *part), void *context)
{
    mi_reference_part part;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        visit(context, &parts[i]);
    }
    visit(context, &(mi_reference_part){"model", "model.", model_keys});
    for (const mi_model_class *const *c = mi_model_classes(); *c != NULL; c++) {
        part = class_part("model", (*c)->name, "model.", (*c)->parameters);
        visit(context, &part);
    }
    visit(context, &(mi_reference_part){"mask", "mask.", mask_keys});
    for (const mi_mask_class *const *c = mi_mask_classes(); *c != NULL; c++) {
        part = class_part("mask", (*c)->name, "mask.", (*c)->parameters);
        visit(context, &part);
    }
    visit(context, &(mi_reference_part){"method", "method.", method_keys});
    for (const mi_method_class *const *c = mi_method_classes(); *c != NULL; c++) {
        part = class_part("method", (*c)->name, "method.", (*c)->parameters);
        visit(context, &part);
    }
}
