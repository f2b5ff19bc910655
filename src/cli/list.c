#include <stdlib.h>
#include <string.h>

#include "maskinfo/reference.h"
#include "maskinfo/train.h"
#include "pages.h"

static bool list_models(const char *opt_value)
{
    (void)opt_value;
    for (const mi_model_class *const *c = mi_model_classes(); *c != NULL; c++) {
        printf("  %-10s %s\n", (*c)->name, (*c)->summary);
        mi_reference_print(stdout, MI_REFERENCE_TEXT, (*c)->parameters);
    }
    return true;
}

static bool list_masks(const char *opt_value)
{
    (void)opt_value;
    for (const mi_mask_class *const *c = mi_mask_classes(); *c != NULL; c++) {
        printf("  %-10s %s\n", (*c)->name, (*c)->summary);
        mi_reference_print(stdout, MI_REFERENCE_TEXT, (*c)->parameters);
    }
    return true;
}

static bool has_control(const char *text)
{
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text < 0x20 || *text == 0x7f) {
            return true;
        }
    }
    return false;
}

/* One name a line: one that would break lines, or command the terminal, is only counted. */
static bool list_experiments(const char *opt_value)
{
    (void)opt_value;
    char **names = NULL;
    size_t count = 0, left_out = 0;
    mi_status status = {.code = MI_OK};
    if (mi_experiment_names(&names, &count, &status) != MI_OK) {
        fprintf(stderr, "maskinfo: %s\n", status.message);
    }
    for (size_t i = 0; i < count; i++) {
        if (has_control(names[i])) {
            left_out++;
        } else {
            printf("  %s\n", names[i]);
        }
        free(names[i]);
    }
    free(names);
    if (left_out > 0) {
        fprintf(stderr,
                "maskinfo: left out: %zu files in experiments/ with control characters in their "
                "names; `maskinfo run` takes their paths\n",
                left_out);
    }
    return true;
}

static bool list_methods(const char *opt_value)
{
    (void)opt_value;
    for (const mi_method_class *const *c = mi_method_classes(); *c != NULL; c++) {
        printf("  %-10s %s\n", (*c)->name, (*c)->summary);
        mi_reference_print(stdout, MI_REFERENCE_TEXT, (*c)->parameters);
    }
    return true;
}

static bool list_training(const char *opt_value)
{
    (void)opt_value;
    mi_reference_print(stdout, MI_REFERENCE_TEXT, mi_training_parameters);
    mi_reference_print(stdout, MI_REFERENCE_TEXT, mi_evaluation_parameters);
    mi_reference_print(stdout, MI_REFERENCE_TEXT, mi_train_probe_parameters);
    return true;
}

static bool list_estimators(const char *opt_value)
{
    (void)opt_value;
    mi_reference_print(stdout, MI_REFERENCE_TEXT, mi_estimator_parameters);
    return true;
}

static bool print_reference(const char *opt_value)
{
    (void)opt_value;
    mi_reference_document(stdout);
    return true;
}

const cli_topic cli_topics[] = {
    {"models", NULL, "sources, with their parameters", false, list_models},
    {"masks", NULL, "strategies of masking, with their parameters", false, list_masks},
    {"experiments", NULL, "names for `maskinfo run`", false, list_experiments},
    {"methods", NULL, "methods of pre-training, with their parameters", false, list_methods},
    {"training", NULL, "how methods are trained, judged and probed", false, list_training},
    {"estimators", NULL, "how the numbers of curves are had", false, list_estimators},
    {"reference", NULL, "the whole reference page as Markdown", true, print_reference},
    {"man", NULL, "the man page (maskinfo list man | man -l -)", true, cli_print_man},
    {"completion", "bash|zsh|fish", "the completion for a shell, to be sourced", true,
     cli_print_completion},
    {NULL, NULL, NULL, false, NULL}};

static const cli_topic *find_topic(const char *name)
{
    for (const cli_topic *t = cli_topics; t->name != NULL; t++) {
        if (strcmp(t->name, name) == 0) {
            return t;
        }
    }
    return NULL;
}

static int refuse_topic(const char *name)
{
    fprintf(stderr, "maskinfo: list \"%s\": must be one of ", name);
    for (const cli_topic *t = cli_topics; t->name != NULL; t++) {
        fprintf(stderr, "%s%s", t == cli_topics ? "" : ", ", t->name);
    }
    fputc('\n', stderr);
    return EXIT_USAGE;
}

static int list_all(void)
{
    for (const cli_topic *t = cli_topics; t->name != NULL; t++) {
        if (!t->page) {
            printf("%s\n", t->name);
            t->print(NULL);
        }
    }
    return EXIT_DONE;
}

static int list(const cli_options *o)
{
    if (o->positional.count == 0) {
        return list_all();
    }
    const char *const *words = o->positional.items;
    const cli_topic *topic = find_topic(words[0]);
    if (topic == NULL) {
        return refuse_topic(words[0]);
    }
    if (o->positional.count > (topic->argument != NULL ? 2 : 1)) {
        fprintf(stderr, "maskinfo: list takes at most one topic; maskinfo list --help\n");
        return EXIT_USAGE;
    }
    if (!topic->page) {
        printf("%s\n", topic->name);
    }
    return topic->print(words[1]) ? EXIT_DONE : EXIT_USAGE;
}

const cli_command cli_list = {
    .id = CLI_LIST,
    .name = "list",
    .operands = "[TOPIC]",
    .summary = "what there is, with every parameter",
    .help = "Without a topic: models, masks, experiments, methods, training and estimators.",
    .words = CLI_WORDS_TOPIC,
    .run = list,
};
