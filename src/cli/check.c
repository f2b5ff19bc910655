#include <stdlib.h>

#include "cli.h"

static mi_code check_document(const cli_options *o, const cJSON *document, mi_faults *faults,
                              mi_status *status)
{
    mi_experiment *experiment = NULL;
    mi_run run = cli_circumstances(o);
    mi_code code = mi_experiment_create_for(document, &run, faults, &experiment, status);
    if (code == MI_OK) {
        code = mi_experiment_check(experiment, &run, faults, status);
    }
    mi_experiment_destroy(experiment);
    return code;
}

static int check(const cli_options *o)
{
    if (o->positional.count != 1) {
        fprintf(stderr, "maskinfo: check takes one experiment; maskinfo check --help\n");
        return EXIT_USAGE;
    }
    char *path = NULL;
    mi_faults faults = {.file = ""};
    mi_status status = {.code = MI_OK};
    int exit_status = EXIT_DONE;
    cJSON *document = cli_document(o, &path, &faults);
    mi_code code = document == NULL ? MI_INPUT : check_document(o, document, &faults, &status);
    if (faults.count > 0) {
        exit_status = cli_report_faults(&faults, true);
    } else if (code != MI_OK) {
        exit_status = cli_report_failure(&status);
    } else if (!o->quiet) {
        printf("%s: good\n", path);
    }
    cJSON_Delete(document);
    mi_faults_clear(&faults);
    free(path);
    return exit_status;
}

const cli_command cli_check = {
    .id = CLI_CHECK,
    .name = "check",
    .operands = "EXPERIMENT [options]",
    .summary = "validate only, naming every fault",
    .help = "Reads the experiment and its data files and prints every fault with its file, JSON "
            "path, value and legal range. Computes nothing, writes nothing.",
    .words = CLI_WORDS_EXPERIMENT,
    .run = check,
};
