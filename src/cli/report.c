#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"
#include "maskinfo/html.h"
#include "maskinfo/memory.h"
#include "maskinfo/output.h"

enum { PATH_LIMIT = 4096, MOST_RESULTS = 1000 };

/* The results of a page, and what they own. */
typedef struct collection {
    mi_page_result items[MOST_RESULTS];
    char *folders[MOST_RESULTS], *faults[MOST_RESULTS];
    cJSON *documents[MOST_RESULTS];
    size_t count, damaged;
} collection;

static bool has_result(const char *folder)
{
    char path[PATH_LIMIT + 16];
    struct stat info;
    snprintf(path, sizeof path, "%s/result.json", folder);
    return stat(path, &info) == 0;
}

/* The result in a file; NULL and what is wrong with it (free()) where there is none. */
static cJSON *read_result(const char *path, char **ret_fault)
{
    mi_faults faults = {.file = path};
    mi_status status = {.code = MI_OK};
    cJSON *document = mi_document_read(path, &faults);
    if (document != NULL && mi_html_check(document, &status) != MI_OK) {
        mi_faults_add(&faults, status.place, "%s", status.message);
        cJSON_Delete(document);
        document = NULL;
    }
    *ret_fault = faults.count > 0 ? faults.messages[0] : NULL;
    faults.messages[0] = NULL;
    mi_faults_clear(&faults);
    return document;
}

/* A result that can not be read has its fault in its place. */
static mi_code add(collection *c, const char *folder, mi_status *status)
{
    char path[PATH_LIMIT + 16];
    size_t i = c->count;
    if (i == MOST_RESULTS) {
        return mi_fail(status, MI_INPUT, "more than %d results", MOST_RESULTS);
    }
    snprintf(path, sizeof path, "%s/result.json", folder);
    mi_code code = mi_copy_text(folder, &c->folders[i], status);
    if (code == MI_OK) {
        c->documents[i] = read_result(path, &c->faults[i]);
        c->damaged += c->documents[i] == NULL;
        c->items[i] = (mi_page_result){c->folders[i], c->documents[i], c->faults[i]};
        c->count++;
    }
    return code;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static mi_code add_folders(collection *c, const char *folder, mi_status *status)
{
    struct dirent **entries = NULL;
    int count = scandir(folder, &entries, NULL, by_name);
    mi_code code = MI_OK;
    if (count < 0) {
        return mi_fail(status, MI_INPUT, "%s: can not be read: %s", folder, strerror(errno));
    }
    for (int i = 0; i < count; i++) {
        char path[PATH_LIMIT];
        int length = snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
        if (code == MI_OK && entries[i]->d_name[0] != '.' && length < PATH_LIMIT &&
            has_result(path)) {
            code = add(c, path, status);
        }
        free(entries[i]);
    }
    free(entries);
    if (code == MI_OK && c->count == 0) {
        code = mi_fail(status, MI_INPUT,
                       "%s: neither it nor a folder in it holds a result.json; `maskinfo run` "
                       "writes one",
                       folder);
    }
    return code;
}

static void forget(collection *c)
{
    for (size_t i = 0; i < c->count; i++) {
        free(c->folders[i]);
        free(c->faults[i]);
        cJSON_Delete(c->documents[i]);
    }
    free(c);
}

static mi_code write_page(const collection *c, const char *file, mi_status *status)
{
    char *page = NULL;
    size_t size = 0;
    mi_code code = mi_html_page(c->items, c->count, &page, &size, status);
    if (code == MI_OK) {
        code = mi_write_file(file, page, size, status);
    }
    free(page);
    return code;
}

/* As for `run`: a folder that can not be written is bad input. */
static bool folder_usable(const char *file)
{
    char folder[PATH_LIMIT + 16] = ".";
    struct stat info;
    const char *slash = strrchr(file, '/');
    if (slash != NULL) {
        snprintf(folder, sizeof folder, "%.*s", slash == file ? 1 : (int)(slash - file), file);
    }
    bool there = stat(folder, &info) == 0 && S_ISDIR(info.st_mode);
    bool usable = there && access(folder, W_OK | X_OK) == 0;
    if (!usable) {
        fprintf(stderr, "maskinfo: %s: %s\n", folder,
                there ? "the folder can not be written to" : "there is no such folder");
    }
    return usable;
}

/* One damaged result among several is a note in the page and a failure; alone it is bad input. */
static int finish(const cli_options *o, const collection *c, const char *folder)
{
    char file[PATH_LIMIT + 16];
    mi_status status = {.code = MI_OK};
    if (c->count == 1 && c->damaged == 1) {
        fprintf(stderr, "%s\n", c->faults[0] != NULL ? c->faults[0] : "?");
        return EXIT_USAGE;
    }
    snprintf(file, sizeof file, "%s/report.html", folder);
    const char *target = o->opt_out != NULL ? o->opt_out : file;
    if (!folder_usable(target)) {
        return EXIT_USAGE;
    }
    if (write_page(c, target, &status) != MI_OK) {
        return cli_report_failure(&status);
    }
    for (size_t i = 0; i < c->count; i++) {
        if (c->documents[i] == NULL) {
            fprintf(stderr, "maskinfo: left out: %s\n", c->faults[i] != NULL ? c->faults[i] : "?");
        }
    }
    if (!o->quiet) {
        printf("written to %s\n", target);
    }
    return c->damaged > 0 ? EXIT_FAILED : EXIT_DONE;
}

static int report(const cli_options *o)
{
    char folder[PATH_LIMIT];
    mi_status status = {.code = MI_OK};
    collection *c = NULL;
    if (o->positional.count != 1) {
        fprintf(stderr, "maskinfo: report takes one folder; maskinfo report --help\n");
        return EXIT_USAGE;
    }
    size_t length = strlen(o->positional.items[0]);
    if (length == 0 || length >= sizeof folder) {
        fprintf(stderr, "maskinfo: report \"%.60s\": no folder\n", o->positional.items[0]);
        return EXIT_USAGE;
    }
    memcpy(folder, o->positional.items[0], length + 1);
    while (length > 1 && folder[length - 1] == '/') {
        folder[--length] = '\0';
    }
    mi_code code = mi_allocate(1, sizeof *c, &c, &status);
    if (code == MI_OK) {
        code = has_result(folder) ? add(c, folder, &status) : add_folders(c, folder, &status);
    }
    int exit_status =
        code == MI_OK && c != NULL ? finish(o, c, folder) : cli_report_failure(&status);
    if (c != NULL) {
        forget(c);
    }
    return exit_status;
}

const cli_command cli_report = {
    .id = CLI_REPORT,
    .name = "report",
    .operands = "DIR",
    .summary = "one HTML page of a result, or of all results in a folder",
    .help = "Reads DIR/result.json and its figures, or those of each folder in DIR, and writes one "
            "HTML file that needs nothing else: the question, the answer, figures with captions "
            "and commands, tables, configuration, version and machine. Computes nothing.",
    .words = CLI_WORDS_FOLDER,
    .run = report,
};
