#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "maskinfo/figures.h"
#include "maskinfo/memory.h"
#include "maskinfo/output.h"
#include "maskinfo/ranks.h"
#include "maskinfo/result.h"
#include "maskinfo/table.h"
#include "progress.h"

enum { PATH_LIMIT = 4096 };

const char *cli_result_folder(const cli_options *o, const char *prefix, const char *file,
                              const char *ending, char *buffer, size_t size)
{
    if (o->opt_out != NULL || o->json) {
        return o->opt_out;
    }
    const char *slash = strrchr(file, '/');
    const char *base = slash == NULL ? file : slash + 1;
    size_t length = strlen(base);
    size_t tail = strlen(ending);
    if (length > tail && strcmp(base + length - tail, ending) == 0) {
        length -= tail;
    }
    snprintf(buffer, size, "plots/%s%.*s", prefix, (int)length, base);
    return buffer;
}

/* A loss below what is possible must not be overlooked. */
static void warn_of_leak(const cJSON *run)
{
    const cJSON *evaluation = cJSON_GetObjectItemCaseSensitive(run, "evaluation");
    const cJSON *message = cJSON_GetObjectItemCaseSensitive(evaluation, "leak_message");
    const cJSON *label = cJSON_GetObjectItemCaseSensitive(run, "label");
    if (cJSON_IsString(message)) {
        fprintf(stderr, "maskinfo: LEAK: %s%s%s\n", cJSON_IsString(label) ? label->valuestring : "",
                cJSON_IsString(label) ? ": " : "", message->valuestring);
    }
}

static void warn_of_leaks(const cJSON *result)
{
    const cJSON *run = NULL;
    warn_of_leak(result);
    cJSON_ArrayForEach(run, cJSON_GetObjectItemCaseSensitive(result, "runs"))
    {
        warn_of_leak(run);
    }
}

static mi_code add_files(cJSON *result, cJSON *files, mi_status *status)
{
    mi_writer w = {.failed = false};
    cJSON_DeleteItemFromObjectCaseSensitive(result, "files");
    mi_add_item(&w, result, "files", files);
    return w.failed ? mi_fail(status, MI_MEMORY, "out of memory for the result") : MI_OK;
}

static mi_code write_result(const char *folder, const cJSON *result, mi_status *status)
{
    char path[PATH_LIMIT + 16];
    char *text = cJSON_Print(result);
    if (text == NULL) {
        return mi_fail(status, MI_MEMORY, "out of memory for the result");
    }
    snprintf(path, sizeof path, "%s/result.json", folder);
    mi_code code = mi_write_file(path, text, strlen(text), status);
    cJSON_free(text);
    return code;
}

/* Those that were written while the result was computed. */
static cJSON *files_so_far(const cJSON *result)
{
    const cJSON *files = cJSON_GetObjectItemCaseSensitive(result, "files");
    return cJSON_IsArray(files) ? cJSON_Duplicate(files, 1) : cJSON_CreateArray();
}

/* "files" of the result that is in the folder; NULL where there is none that can be read. */
static cJSON *files_before(const char *folder)
{
    char path[PATH_LIMIT + 16];
    mi_faults faults = {.file = path};
    snprintf(path, sizeof path, "%s/result.json", folder);
    cJSON *result = access(path, R_OK) == 0 ? mi_document_read(path, &faults) : NULL;
    cJSON *files = cJSON_DetachItemFromObjectCaseSensitive(result, "files");
    cJSON_Delete(result);
    mi_faults_clear(&faults);
    return files;
}

/* The result is on disk before the figures are tried, so that nothing computed is lost; it is
 * written again with their names once they are drawn. */
mi_code cli_write_result(const char *folder, cJSON *result, mi_status *status)
{
    cJSON *files = files_so_far(result), *before = files_before(folder);
    mi_status drawing = {.code = MI_OK};
    bool drawn = false;
    mi_code code = files == NULL ? mi_fail(status, MI_MEMORY, "out of memory for the result")
                                 : write_result(folder, result, status);
    if (code != MI_OK) {
        cJSON_Delete(files);
        cJSON_Delete(before);
        return code;
    }
    mi_code drew = mi_figures_draw(result, folder, &drawn, files, &drawing);
    if (drew == MI_OK) {
        mi_figures_discard(folder, before, files);
    }
    cJSON_Delete(before);
    cJSON *own = cJSON_CreateString("result.json");
    if (own == NULL || !cJSON_InsertItemInArray(files, 0, own)) {
        cJSON_Delete(own);
        code = mi_fail(status, MI_MEMORY, "out of memory for the result");
    }
    if (code == MI_OK) {
        code = add_files(result, files, status);
    } else {
        cJSON_Delete(files);
    }
    if (code == MI_OK) {
        code = write_result(folder, result, status);
    }
    if (code == MI_OK && (drew != MI_OK || !drawn)) {
        *status = drawing;
        code = drew != MI_OK ? drew : MI_IO;
    }
    return code;
}

int cli_print_json(const cJSON *result)
{
    char *text = cJSON_Print(result);
    bool good = text != NULL && puts(text) >= 0 && fflush(stdout) == 0;
    cJSON_free(text);
    if (!good) {
        fprintf(stderr, "maskinfo: the result can not be written to standard output\n");
    }
    return good ? EXIT_DONE : EXIT_FAILED;
}

static void print_verdict(const cJSON *result)
{
    const cJSON *verdict = cJSON_GetObjectItemCaseSensitive(result, "verdict");
    const cJSON *sentence = cJSON_GetObjectItemCaseSensitive(verdict, "sentence");
    const cJSON *pairs = cJSON_GetObjectItemCaseSensitive(verdict, "pairs_weighed");
    if (cJSON_IsString(sentence) && cJSON_IsNumber(pairs) && pairs->valuedouble > 0) {
        printf("%s\n\n", sentence->valuestring);
    }
}

static mi_code print_summary(const char *folder, const cJSON *result, mi_status *status)
{
    char *table = NULL;
    mi_code code = mi_table_text(result, &table, status);
    if (code == MI_OK) {
        print_verdict(result);
        printf("%s\nwritten to %s/:", table, folder);
        const cJSON *file;
        cJSON_ArrayForEach(file, cJSON_GetObjectItemCaseSensitive(result, "files"))
        {
            printf(" %s", file->valuestring);
        }
        printf("\n");
    }
    free(table);
    return code;
}

static int finish(const cli_options *o, const char *folder, cJSON *result)
{
    mi_status status = {.code = MI_OK};
    mi_code code = cli_describe(&cli_run, o, result, &status);
    if (code == MI_OK && folder != NULL) {
        code = cli_write_result(folder, result, &status);
    }
    int exit_status = code == MI_OK ? EXIT_DONE : cli_report_failure(&status);
    warn_of_leaks(result);
    if (folder == NULL) {
        cJSON *none = cJSON_CreateArray();
        if (add_files(result, none, &status) != MI_OK) {
            return cli_report_failure(&status);
        }
    }
    if (o->json) {
        int printed = cli_print_json(result);
        return exit_status != EXIT_DONE ? exit_status : printed;
    }
    if (!o->quiet && print_summary(folder, result, &status) != MI_OK) {
        return cli_report_failure(&status);
    }
    return exit_status;
}

/* A folder that can not be written is found before minutes of computing, and is bad input. */
bool cli_folder_usable(const char *folder, mi_status *status)
{
    bool usable = mi_make_directory(folder, status) == MI_OK;
    if (usable && access(folder, W_OK | X_OK) != 0) {
        mi_fail(status, MI_INPUT, "--out %s: the folder can not be written to", folder);
        usable = false;
    }
    status->code = usable ? MI_OK : MI_INPUT;
    return usable;
}

void cli_watch(const cli_options *o, cli_progress *progress, mi_run *run)
{
    if (!o->quiet && (o->progress || isatty(STDERR_FILENO))) {
        run->opt_progress = cli_progress_report;
        run->opt_progress_context = progress;
    }
}

/* Whether or not progress is shown: what is wrong is to be known before hours have passed. */
static void notice(void *context, const char *text)
{
    cli_progress_clear(context);
    fprintf(stderr, "maskinfo: WARNING: %s\n", text);
}

static void say_what_is_kept(mi_experiment_kind kind)
{
    const char *kept = kind == MI_KIND_COMPARE ? "finished curves are kept; "
                       : kind == MI_KIND_CHECKS || kind == MI_KIND_METHODS
                           ? "finished runs are kept; "
                           : "";
    if (kind == MI_KIND_COMPARE || kind == MI_KIND_CHECKS || kind == MI_KIND_METHODS ||
        kind == MI_KIND_TRAIN) {
        fprintf(stderr, "maskinfo: %s--resume goes on from there\n", kept);
    }
}

/* "K/N"; false after a message. */
static bool read_part(const char *text, mi_run_options *options)
{
    int length = 0;
    bool good = sscanf(text, "%6zu/%6zu%n", &options->part, &options->parts, &length) == 2 &&
                text[length] == '\0' && strspn(text, "0123456789/") == strlen(text) &&
                options->part >= 1 && options->part <= options->parts;
    if (!good) {
        fprintf(stderr, "maskinfo: --part %s: must be K/N with 1 <= K <= N <= 999999\n", text);
    }
    return good;
}

/* How a run goes on from an earlier one; false after a message. */
static bool set_resumption(const cli_options *o, const mi_experiment *e, const char *folder,
                           mi_run_options *options)
{
    bool of_sweep = o->changed || o->retry || o->fresh || o->opt_part != NULL;
    if (of_sweep && e->kind != MI_KIND_SWEEP) {
        fprintf(stderr, "maskinfo: --changed, --retry, --fresh and --part are for sweeps\n");
        return false;
    }
    if (o->fresh && (o->resume || o->changed || o->retry)) {
        fprintf(stderr, "maskinfo: --fresh forgets what --resume, --changed and --retry go on "
                        "from; give one or the other\n");
        return false;
    }
    if (of_sweep && folder == NULL) {
        fprintf(stderr, "maskinfo: --json without --out keeps no journal: --changed, --retry, "
                        "--fresh and --part need --out\n");
        return false;
    }
    if (o->resume && folder == NULL) {
        fprintf(stderr, "maskinfo: --json without --out keeps nothing that --resume could go on "
                        "from: give --out\n");
        return false;
    }
    options->resume = o->resume || o->changed || o->retry;
    options->changed = o->changed;
    options->retry = o->retry;
    options->fresh = o->fresh;
    return o->opt_part == NULL || read_part(o->opt_part, options);
}

/* A part of a sweep has no result. */
static int finish_part(const cli_options *o, const mi_run_options *options)
{
    if (!o->quiet && options->parts > 0) {
        printf("part %zu of %zu is done, in %s/journal-%zu-of-%zu; when all are, --resume without "
               "--part makes the result\n",
               options->part, options->parts, options->opt_directory, options->part,
               options->parts);
    }
    return EXIT_DONE;
}

/* Of a sweep, that is: the others fail as a whole. */
static bool none_succeeded(const cJSON *result)
{
    const cJSON *done = cJSON_GetObjectItemCaseSensitive(result, "done");
    return cJSON_IsNumber(done) && done->valuedouble == 0;
}

/* Of processes that a launcher started only the first speaks. False where this one has nothing to
 * do: only sweeps can be shared. */
static bool takes_part(const mi_experiment *e)
{
    bool silent = mi_ranks_read().rank > 0;
    if (silent &&
        (freopen("/dev/null", "w", stdout) == NULL || freopen("/dev/null", "w", stderr) == NULL)) {
        return false;
    }
    return !silent || e->kind == MI_KIND_SWEEP;
}

static int compute(const cli_options *o, const mi_experiment *e, const char *folder,
                   mi_faults *faults)
{
    cli_progress progress = {.heading = ""};
    mi_ranks ranks = mi_ranks_read();
    mi_lock *lock = NULL;
    mi_run_options options = {.run = cli_circumstances(o),
                              .opt_directory = folder,
                              .opt_lock = &lock,
                              .rank = ranks.rank,
                              .ranks = ranks.count,
                              .silence = o->silence > 0 ? (double)o->silence : 0};
    mi_status status = {.code = MI_OK};
    cJSON *result = NULL;
    if (!set_resumption(o, e, folder, &options)) {
        return EXIT_USAGE;
    }
    cli_watch(o, &progress, &options.run);
    options.run.opt_notice = notice;
    options.run.opt_notice_context = &progress;
    mi_code code = mi_experiment_check(e, &options.run, faults, &status);
    if (code == MI_OK && folder != NULL && !cli_folder_usable(folder, &status)) {
        code = MI_INPUT;
    }
    if (code == MI_OK) {
        code = mi_experiment_run(e, &options, faults, &result, &status);
    }
    cli_progress_clear(&progress);
    if (faults->count > 0) {
        return cli_report_faults(faults, false);
    }
    if (code != MI_OK) {
        int exit_status = cli_report_failure(&status);
        if (exit_status == EXIT_INTERRUPTED && folder != NULL) {
            say_what_is_kept(e->kind);
        }
        return exit_status;
    }
    if (result == NULL) {
        return finish_part(o, &options);
    }
    int exit_status = finish(o, folder, result);
    mi_lock_release(lock);
    exit_status = exit_status == EXIT_DONE && none_succeeded(result) ? EXIT_FAILED : exit_status;
    cJSON_Delete(result);
    return exit_status;
}

static int run(const cli_options *o)
{
    if (o->positional.count != 1) {
        fprintf(stderr, "maskinfo: run takes one experiment; maskinfo run --help\n");
        return EXIT_USAGE;
    }
    char *path = NULL, buffer[PATH_LIMIT];
    mi_faults faults = {.file = ""};
    mi_status status = {.code = MI_OK};
    mi_experiment *experiment = NULL;
    cJSON *document = cli_document(o, &path, &faults);
    int exit_status = EXIT_USAGE;
    mi_run circumstances = cli_circumstances(o);
    mi_code code = document == NULL ? MI_INPUT
                                    : mi_experiment_create_for(document, &circumstances, &faults,
                                                               &experiment, &status);
    if (code == MI_OK && !takes_part(experiment)) {
        exit_status = EXIT_DONE;
    } else if (code == MI_OK) {
        exit_status = compute(
            o, experiment, cli_result_folder(o, "", path, ".json", buffer, sizeof buffer), &faults);
    } else if (faults.count > 0) {
        exit_status = cli_report_faults(&faults, false);
    } else {
        exit_status = cli_report_failure(&status);
    }
    mi_experiment_destroy(experiment);
    cJSON_Delete(document);
    mi_faults_clear(&faults);
    free(path);
    mi_ranks_end(exit_status);
    return exit_status;
}

const cli_command cli_run = {
    .id = CLI_RUN,
    .name = "run",
    .operands = "EXPERIMENT [options]",
    .summary = "compute an experiment, write its result and figures",
    .help =
        "EXPERIMENT is a path to a JSON file, or a name that `maskinfo list experiments` shows.",
    .words = CLI_WORDS_EXPERIMENT,
    .run = run,
};
