#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "maskinfo/advise.h"
#include "maskinfo/result.h"
#include "progress.h"

enum { PATH_LIMIT = 4096 };

static size_t given_or_zero(long number)
{
    return number == CLI_NOT_GIVEN ? 0 : (size_t)number;
}

static mi_advice_options read_options(const cli_options *o)
{
    mi_advice_options options = {.path = o->positional.items[0],
                                 .patch = given_or_zero(o->patch),
                                 .order = given_or_zero(o->order),
                                 .strategy_count = o->strategies.count};
    for (size_t i = 0; i < o->strategies.count; i++) {
        options.strategies[i] = o->strategies.items[i];
    }
    return options;
}

static mi_code print_advice(const char *folder, const cJSON *result, mi_status *status)
{
    char *text = NULL;
    mi_code code = mi_advice_text(result, &text, status);
    if (code == MI_OK) {
        printf("%s\nwritten to %s/:", text, folder);
        const cJSON *file;
        cJSON_ArrayForEach(file, cJSON_GetObjectItemCaseSensitive(result, "files"))
        {
            printf(" %s", file->valuestring);
        }
        printf("\n");
    }
    free(text);
    return code;
}

static int finish(const cli_options *o, const char *folder, cJSON *result)
{
    mi_status status = {.code = MI_OK};
    mi_writer w = {.failed = false};
    mi_code code = cli_describe(&cli_advise, o, result, &status);
    if (folder == NULL) {
        mi_add_item(&w, result, "files", cJSON_CreateArray());
    } else if (code == MI_OK) {
        code = cli_write_result(folder, result, &status);
    }
    int exit_status = code == MI_OK ? EXIT_DONE : cli_report_failure(&status);
    if (o->json) {
        int printed = cli_print_json(result);
        return exit_status != EXIT_DONE ? exit_status : printed;
    }
    if (!o->quiet && exit_status == EXIT_DONE && print_advice(folder, result, &status) != MI_OK) {
        return cli_report_failure(&status);
    }
    return exit_status;
}

/* The name of a path's last part, so that plots/advise-NAME is of a folder "data/photos/" too. */
static void strip_slashes(const char *path, char *name, size_t size)
{
    size_t length = strlen(path);
    while (length > 1 && path[length - 1] == '/') {
        length--;
    }
    snprintf(name, size, "%.*s", (int)length, path);
}

static int advise(const cli_options *o)
{
    char buffer[PATH_LIMIT + 16], name[PATH_LIMIT];
    cli_progress progress = {.heading = ""};
    mi_status status = {.code = MI_OK};
    cJSON *result = NULL;
    if (o->positional.count != 1) {
        fprintf(stderr, "maskinfo: advise takes one path; maskinfo advise --help\n");
        return EXIT_USAGE;
    }
    strip_slashes(o->positional.items[0], name, sizeof name);
    const char *folder = cli_result_folder(o, "advise-", name, ".gz", buffer, sizeof buffer);
    mi_run run = cli_circumstances(o);
    run.seed = o->seed != CLI_NOT_GIVEN ? (uint64_t)o->seed : 1;
    cli_watch(o, &progress, &run);
    mi_advice_options options = read_options(o);
    mi_code code = folder == NULL || cli_folder_usable(folder, &status) ? MI_OK : MI_INPUT;
    if (code == MI_OK) {
        code = mi_advise(&options, &run, &result, &status);
    }
    cli_progress_clear(&progress);
    if (code != MI_OK) {
        return cli_report_failure(&status);
    }
    int exit_status = finish(o, folder, result);
    cJSON_Delete(result);
    return exit_status;
}

const cli_command cli_advise = {
    .id = CLI_ADVISE,
    .name = "advise",
    .operands = "PATH [options]",
    .summary = "which masking ratio to start from, for one's own data",
    .help = "PATH is a folder or file of images (JPEG, PNG), an IDX file, a text, or a .npy array "
            "(time x features, or images x rows x columns [x channels]); files may be .gz. Where "
            "the data do not determine a ratio none is advised, and the exit status is 0 all the "
            "same. \"config\" of the result is an experiment file to go on from.",
    .words = CLI_WORDS_FILE,
    .run = advise,
};
