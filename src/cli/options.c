#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

enum { MAX_THREADS = 1024 };

/* "--name VALUE" or "--name=VALUE": *ret_value set, *index moved past it; false where the argument
 * is another option. *ret_missing where the value is not there. */
static bool takes_value(const char *name, int count, char **arguments, int *index,
                        const char **ret_value, bool *ret_missing)
{
    const char *argument = arguments[*index];
    size_t length = strlen(name);
    if (strncmp(argument, name, length) != 0 ||
        (argument[length] != '\0' && argument[length] != '=')) {
        return false;
    }
    if (argument[length] == '=') {
        *ret_value = argument + length + 1;
    } else if (*index + 1 < count) {
        *ret_value = arguments[++*index];
    } else {
        fprintf(stderr, "maskinfo: %s needs a value\n", name);
        *ret_missing = true;
    }
    return true;
}

static bool is_whole(const char *text, long low, long high, long *ret_value)
{
    char *end = NULL;
    errno = 0;
    *ret_value = strtol(text, &end, 10);
    return end != text && *end == '\0' && errno == 0 && *ret_value >= low && *ret_value <= high;
}

static bool set_flag(const char *argument, cli_options *o)
{
    const struct {
        const char *name;
        bool *flag;
    } flags[] = {{"--json", &o->json},         {"--resume", &o->resume}, {"--quiet", &o->quiet},
                 {"--progress", &o->progress}, {"--help", &o->help},     {"-h", &o->help}};
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        if (strcmp(argument, flags[i].name) == 0) {
            *flags[i].flag = true;
            return true;
        }
    }
    return false;
}

static bool add_positional(const char *argument, cli_options *o)
{
    if (argument[0] == '-' && argument[1] != '\0') {
        fprintf(stderr, "maskinfo: unknown option \"%s\"; maskinfo --help lists them\n", argument);
        return false;
    }
    if (o->positional_count == sizeof o->positional / sizeof *o->positional) {
        fprintf(stderr, "maskinfo: too many arguments\n");
        return false;
    }
    o->positional[o->positional_count++] = argument;
    return true;
}

/* A whole number of an option that may be left out (then *ret_value stays). */
static bool read_number(const char *name, const char *opt_text, long high, long *ret_value)
{
    if (opt_text != NULL && !is_whole(opt_text, 1, high, ret_value)) {
        fprintf(stderr, "maskinfo: %s %s: must be a whole number in [1, %ld]\n", name, opt_text,
                high);
        return false;
    }
    return true;
}

static bool add_strategy(const char *name, cli_options *o)
{
    if (o->strategy_count == MAX_STRATEGIES) {
        fprintf(stderr, "maskinfo: more than %d --strategy\n", MAX_STRATEGIES);
        return false;
    }
    o->strategies[o->strategy_count++] = name;
    return true;
}

static bool check_numbers(const char *opt_threads, cli_options *o)
{
    long value = 0;
    if (opt_threads != NULL && !is_whole(opt_threads, 1, MAX_THREADS, &value)) {
        fprintf(stderr, "maskinfo: --threads %s: must be a whole number in [1, %d]\n", opt_threads,
                MAX_THREADS);
        return false;
    }
    o->threads = (int)value;
    if (o->opt_seed != NULL && !is_whole(o->opt_seed, 0, 9007199254740992L, &o->seed)) {
        fprintf(stderr, "maskinfo: --seed %s: must be a whole number in [0, 9007199254740992]\n",
                o->opt_seed);
        return false;
    }
    return true;
}

bool cli_parse(int count, char **arguments, cli_options *o)
{
    const char *opt_threads = NULL, *assignment = NULL, *strategy = NULL;
    const char *opt_patch = NULL, *opt_order = NULL;
    bool missing = false;
    for (int i = 0; i < count && !missing; i++) {
        if (takes_value("--set", count, arguments, &i, &assignment, &missing)) {
            if (o->assignment_count == MAX_ASSIGNMENTS) {
                fprintf(stderr, "maskinfo: more than %d --set\n", MAX_ASSIGNMENTS);
                return false;
            }
            o->assignments[o->assignment_count++] = assignment;
        } else if (takes_value("--strategy", count, arguments, &i, &strategy, &missing)) {
            if (!missing && !add_strategy(strategy, o)) {
                return false;
            }
        } else if (!takes_value("--out", count, arguments, &i, &o->opt_out, &missing) &&
                   !takes_value("--seed", count, arguments, &i, &o->opt_seed, &missing) &&
                   !takes_value("--threads", count, arguments, &i, &opt_threads, &missing) &&
                   !takes_value("--patch", count, arguments, &i, &opt_patch, &missing) &&
                   !takes_value("--order", count, arguments, &i, &opt_order, &missing) &&
                   !set_flag(arguments[i], o) && !add_positional(arguments[i], o)) {
            return false;
        }
    }
    return !missing && check_numbers(opt_threads, o) &&
           read_number("--patch", opt_patch, 32, &o->patch) &&
           read_number("--order", opt_order, 3, &o->order);
}

cJSON *cli_document(const cli_options *o, char **ret_path, mi_faults *faults)
{
    mi_status status = {.code = MI_OK};
    if (mi_experiment_find(o->positional[0], ret_path, &status) != MI_OK) {
        faults->file = "maskinfo";
        mi_faults_add(faults, "", "%s", status.message);
        return NULL;
    }
    faults->file = *ret_path;
    cJSON *document = mi_document_read(*ret_path, faults);
    bool good = document != NULL;
    if (good && o->opt_seed != NULL) {
        char assignment[64];
        snprintf(assignment, sizeof assignment, "seed=%ld", o->seed);
        good = mi_document_set(document, assignment, faults);
    }
    for (size_t i = 0; good && i < o->assignment_count; i++) {
        good = mi_document_set(document, o->assignments[i], faults);
    }
    if (!good) {
        cJSON_Delete(document);
        return NULL;
    }
    return document;
}

int cli_report_faults(const mi_faults *faults, bool all)
{
    size_t kept = faults->count < MI_FAULTS_KEPT ? faults->count : MI_FAULTS_KEPT;
    size_t shown = all ? kept : 1;
    for (size_t i = 0; i < shown && i < kept; i++) {
        fprintf(stderr, "%s%s", faults->messages[i] != NULL ? faults->messages[i] : "?",
                i + 1 < shown ? "\n" : "");
    }
    if (faults->count > shown) {
        fprintf(stderr, all ? " (and %zu more)" : " (and %zu more; maskinfo check shows them)",
                faults->count - shown);
    }
    fputc('\n', stderr);
    return EXIT_USAGE;
}

int cli_report_failure(const mi_status *status)
{
    fprintf(stderr, "maskinfo: %s: %s\n", mi_code_name(status->code), status->message);
    return status->code == MI_INTERRUPTED ? EXIT_INTERRUPTED
           : status->code == MI_INPUT     ? EXIT_USAGE
                                          : EXIT_FAILED;
}
