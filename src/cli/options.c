#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

const cli_option *cli_find_option(const cli_command *command, const char *name)
{
    for (const cli_option *o = cli_option_table; o->name != NULL; o++) {
        if ((o->commands & (int)command->id) != 0 && strcmp(o->name, name) == 0) {
            return o;
        }
    }
    return NULL;
}

static bool is_option_of_another(const char *name)
{
    for (const cli_option *o = cli_option_table; o->name != NULL; o++) {
        if (strcmp(o->name, name) == 0) {
            return true;
        }
    }
    return false;
}

static bool refuse_option(const cli_command *command, const char *name)
{
    if (!is_option_of_another(name)) {
        fprintf(stderr, "maskinfo: unknown option \"%s\"; maskinfo %s --help lists them\n", name,
                command->name);
        return false;
    }
    fprintf(stderr, "maskinfo: %s does not take %s; it takes ", command->name, name);
    const char *between = "";
    for (const cli_option *o = cli_option_table; o->name != NULL; o++) {
        if ((o->commands & (int)command->id) != 0) {
            fprintf(stderr, "%s%s", between, o->name);
            between = ", ";
        }
    }
    fputc('\n', stderr);
    return false;
}

static bool is_whole(const char *text, long low, long high, long *ret_value)
{
    char *end = NULL;
    errno = 0;
    *ret_value = strtol(text, &end, 10);
    return end != text && *end == '\0' && errno == 0 && *ret_value >= low && *ret_value <= high;
}

static bool add_text(cli_texts *texts, const char *text, size_t limit)
{
    if (texts->count == limit) {
        return false;
    }
    texts->items[texts->count++] = text;
    return true;
}

static bool store(const cli_option *option, const char *value, cli_options *o)
{
    char *field = (char *)o + option->field;
    if (option->kind == CLI_FLAG) {
        *(bool *)field = true;
    } else if (option->kind == CLI_TEXT) {
        *(const char **)field = value;
    } else if (option->kind == CLI_NUMBER) {
        long number;
        if (!is_whole(value, option->low, option->high, &number)) {
            fprintf(stderr, "maskinfo: %s %s: must be a whole number in [%ld, %ld]\n", option->name,
                    value, option->low, option->high);
            return false;
        }
        *(long *)field = number;
    } else if (!add_text((cli_texts *)field, value, (size_t)option->high)) {
        fprintf(stderr, "maskinfo: more than %ld %s\n", option->high, option->name);
        return false;
    }
    return true;
}

/* "--name VALUE", "--name=VALUE" or a flag at arguments[*index], which is moved to its last word.
 */
static bool read_option(const cli_command *command, int count, char **arguments, int *index,
                        cli_options *o)
{
    const char *argument = arguments[*index];
    char name[64];
    size_t length = strcspn(argument, "=");
    snprintf(name, sizeof name, "%.*s", (int)length, argument);
    const cli_option *option = cli_find_option(command, name);
    const char *value = argument[length] == '=' ? argument + length + 1 : NULL;
    if (option == NULL) {
        return refuse_option(command, name);
    }
    if (option->kind == CLI_FLAG && value != NULL) {
        fprintf(stderr, "maskinfo: %s takes no value\n", name);
        return false;
    }
    if (option->kind != CLI_FLAG && value == NULL) {
        if (*index + 1 == count) {
            fprintf(stderr, "maskinfo: %s needs a value\n", name);
            return false;
        }
        value = arguments[++*index];
    }
    return store(option, value, o);
}

bool cli_parse(const cli_command *command, int count, char **arguments, cli_options *o)
{
    *o = (cli_options){.opt_out = NULL};
    for (const cli_option *option = cli_option_table; option->name != NULL; option++) {
        if (option->kind == CLI_NUMBER) {
            *(long *)((char *)o + option->field) = CLI_NOT_GIVEN;
        }
    }
    for (int i = 0; i < count; i++) {
        if (arguments[i][0] == '-' && arguments[i][1] != '\0') {
            if (!read_option(command, count, arguments, &i, o)) {
                return false;
            }
        } else if (!add_text(&o->positional, arguments[i], CLI_TEXTS)) {
            fprintf(stderr, "maskinfo: too many arguments\n");
            return false;
        }
    }
    return true;
}

/* A result may stand for its experiment: its "config", every value of it, is one. */
static bool take_config(cJSON **document, mi_faults *faults)
{
    if (cJSON_GetObjectItemCaseSensitive(*document, "maskinfo") == NULL) {
        return true;
    }
    cJSON *config = cJSON_DetachItemFromObjectCaseSensitive(*document, "config");
    cJSON_Delete(*document);
    *document = config;
    if (config == NULL) {
        mi_faults_add(faults, "config", "the result has none, so that it can not be run again");
    }
    return config != NULL;
}

cJSON *cli_document(const cli_options *o, char **ret_path, mi_faults *faults)
{
    mi_status status = {.code = MI_OK};
    if (mi_experiment_find(o->positional.items[0], ret_path, &status) != MI_OK) {
        faults->file = "maskinfo";
        mi_faults_add(faults, "", "%s", status.message);
        return NULL;
    }
    faults->file = *ret_path;
    cJSON *document = mi_document_read(*ret_path, faults);
    bool good = document != NULL && take_config(&document, faults);
    if (good && o->seed != CLI_NOT_GIVEN) {
        char assignment[64];
        snprintf(assignment, sizeof assignment, "seed=%ld", o->seed);
        good = mi_document_set(document, assignment, faults);
    }
    for (size_t i = 0; good && i < o->assignments.count; i++) {
        good = mi_document_set(document, o->assignments.items[i], faults);
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
        fprintf(stderr, "%s%s",
                faults->messages[i] != NULL ? faults->messages[i] : "no memory for a message",
                i + 1 < shown ? "\n" : "");
    }
    if (faults->count > shown) {
        fprintf(stderr, all ? " (and %zu more)" : " (and %zu more; maskinfo check shows them)",
                faults->count - shown);
    }
    fputc('\n', stderr);
    return faults->failure != MI_OK ? EXIT_FAILED : EXIT_USAGE;
}

int cli_report_failure(const mi_status *status)
{
    const char *name = mi_code_name(status->code);
    bool twice = strcmp(name, status->message) == 0;
    fprintf(stderr, "maskinfo: %s%s%s\n", name, twice ? "" : ": ", twice ? "" : status->message);
    return status->code == MI_INTERRUPTED ? EXIT_INTERRUPTED
           : status->code == MI_INPUT     ? EXIT_USAGE
                                          : EXIT_FAILED;
}
