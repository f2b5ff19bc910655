#include <string.h>

#include "cli.h"
#include "maskinfo/figures.h"

enum { PATH_LIMIT = 4096 };

static int plot_file(const char *path, bool quiet)
{
    char folder[PATH_LIMIT];
    mi_faults faults = {.file = path};
    mi_status status = {.code = MI_OK};
    bool drawn = false;
    cJSON *result = mi_document_read(path, &faults);
    if (result == NULL) {
        int exit_status = cli_report_faults(&faults, false);
        mi_faults_clear(&faults);
        return exit_status;
    }
    const char *slash = strrchr(path, '/');
    snprintf(folder, sizeof folder, "%.*s", slash == NULL ? 1 : (int)(slash - path),
             slash == NULL ? "." : path);
    cJSON *files = cJSON_CreateArray();
    mi_code code =
        mi_figures_draw(result, folder[0] == '\0' ? "/" : folder, &drawn, files, &status);
    if (code == MI_OK && drawn && !quiet) {
        printf("%s:", path);
        const cJSON *file;
        cJSON_ArrayForEach(file, files)
        {
            printf(" %s", file->valuestring);
        }
        printf("\n");
    } else if (code == MI_OK && !drawn) {
        status.code = MI_IO;
        code = MI_IO;
    }
    cJSON_Delete(files);
    cJSON_Delete(result);
    if (code != MI_OK) {
        mi_status placed;
        mi_fail(&placed, code, "%s: %s%s%s", path, status.place,
                status.place[0] == '\0' ? "" : ": ", status.message);
        return cli_report_failure(&placed);
    }
    return EXIT_DONE;
}

static int plot(const cli_options *o)
{
    if (o->positional.count == 0) {
        fprintf(stderr, "maskinfo: plot takes one or more result.json; maskinfo plot --help\n");
        return EXIT_USAGE;
    }
    int worst = EXIT_DONE;
    for (size_t i = 0; i < o->positional.count; i++) {
        int exit_status = plot_file(o->positional.items[i], o->quiet);
        worst = exit_status > worst ? exit_status : worst;
    }
    return worst;
}

const cli_command cli_plot = {
    .id = CLI_PLOT,
    .name = "plot",
    .operands = "RESULT.json...",
    .summary = "redraw the figures of finished results",
    .help = "Draws the figures of each result into the folder that holds it, without computing "
            "anything again.",
    .words = CLI_WORDS_FILE,
    .run = plot,
};
