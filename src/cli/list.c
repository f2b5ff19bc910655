#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "maskinfo/reference.h"
#include "maskinfo/train.h"

static void list_models(void)
{
    for (const mi_model_class *const *c = mi_model_classes(); *c != NULL; c++) {
        printf("  %-10s %s\n", (*c)->name, (*c)->summary);
        mi_reference_print(stdout, MI_REFERENCE_TEXT, (*c)->parameters);
    }
}

static void list_masks(void)
{
    for (const mi_mask_class *const *c = mi_mask_classes(); *c != NULL; c++) {
        printf("  %-10s %s\n", (*c)->name, (*c)->summary);
        mi_reference_print(stdout, MI_REFERENCE_TEXT, (*c)->parameters);
    }
}

static void list_experiments(void)
{
    char **names = NULL;
    size_t count = 0;
    mi_status status = {.code = MI_OK};
    if (mi_experiment_names(&names, &count, &status) != MI_OK) {
        fprintf(stderr, "maskinfo: %s\n", status.message);
    }
    for (size_t i = 0; i < count; i++) {
        printf("  %s\n", names[i]);
        free(names[i]);
    }
    free(names);
}

static void list_methods(void)
{
    for (const mi_method_class *const *c = mi_method_classes(); *c != NULL; c++) {
        printf("  %-10s %s\n", (*c)->name, (*c)->summary);
        mi_reference_print(stdout, MI_REFERENCE_TEXT, (*c)->parameters);
    }
}

static void list_training(void)
{
    mi_reference_print(stdout, MI_REFERENCE_TEXT, mi_training_parameters);
    mi_reference_print(stdout, MI_REFERENCE_TEXT, mi_evaluation_parameters);
    mi_reference_print(stdout, MI_REFERENCE_TEXT, mi_train_probe_parameters);
}

static void list_estimators(void)
{
    mi_reference_print(stdout, MI_REFERENCE_TEXT, mi_estimator_parameters);
}

static const struct {
    const char *name;
    void (*print)(void);
} topics[] = {{"models", list_models},           {"masks", list_masks},
              {"experiments", list_experiments}, {"methods", list_methods},
              {"training", list_training},       {"estimators", list_estimators}};

static int list(const cli_options *o)
{
    size_t count = sizeof topics / sizeof *topics;
    if (o->positional.count > 1) {
        fprintf(stderr, "maskinfo: list takes at most one topic; maskinfo list --help\n");
        return EXIT_USAGE;
    }
    const char *wanted = o->positional.count > 0 ? o->positional.items[0] : NULL;
    bool found = false;
    for (size_t i = 0; i < count; i++) {
        if (wanted == NULL || strcmp(wanted, topics[i].name) == 0) {
            printf("%s\n", topics[i].name);
            topics[i].print();
            found = true;
        }
    }
    if (wanted != NULL && strcmp(wanted, "reference") == 0) {
        mi_reference_document(stdout);
        found = true;
    }
    if (!found) {
        fprintf(stderr,
                "maskinfo: list \"%s\": must be one of models, masks, experiments, methods, "
                "training, estimators, reference\n",
                wanted);
        return EXIT_USAGE;
    }
    return EXIT_DONE;
}

const cli_command cli_list = {
    .id = CLI_LIST,
    .name = "list",
    .operands = "[TOPIC]",
    .summary = "what there is, with every parameter",
    .help = "TOPIC is one of models, masks, methods: with their parameters; experiments: names for "
            "`maskinfo run`; training: how methods are trained, judged and probed; estimators: how "
            "the numbers of curves are had; reference: the whole reference page as Markdown.",
    .words = CLI_WORDS_TOPIC,
    .run = list,
};
