/* How a result was made: the command and the machine. They stand in "timing", the one part of a
 * result that may differ from run to run. */
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "cli.h"
#include "maskinfo/result.h"

#ifdef __clang__
static const char compiler[] = "clang " __clang_version__;
#else
static const char compiler[] = "gcc " __VERSION__;
#endif

/* The processor's name where the system tells it (Linux does), else its architecture. */
static void read_processor(char *text, size_t size, const char *architecture)
{
    char line[256];
    FILE *file = fopen("/proc/cpuinfo", "r");
    snprintf(text, size, "%s", architecture);
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        const char *colon = strchr(line, ':');
        if (strncmp(line, "model name", 10) == 0 && colon != NULL) {
            colon += 1 + strspn(colon + 1, " \t");
            snprintf(text, size, "%.*s", (int)strcspn(colon, "\n"), colon);
            break;
        }
    }
    if (file != NULL) {
        fclose(file);
    }
}

static cJSON *machine(mi_writer *w, int threads)
{
    char processor[128], system[256];
    struct utsname name;
    cJSON *object = cJSON_CreateObject();
    bool known = uname(&name) == 0;
    read_processor(processor, sizeof processor, known ? name.machine : "unknown");
    snprintf(system, sizeof system, "%s %s %s", known ? name.sysname : "unknown",
             known ? name.release : "", known ? name.machine : "");
    mi_add_text(w, object, "processor", processor);
    mi_add_number(w, object, "cores", (double)sysconf(_SC_NPROCESSORS_ONLN));
    mi_add_number(w, object, "threads", threads);
    mi_add_text(w, object, "system", system);
    mi_add_text(w, object, "compiler", compiler);
    return object;
}

static void put_option(mi_writer *w, cJSON *words, const char *option, const char *value)
{
    mi_append_item(w, words, cJSON_CreateString(option));
    mi_append_item(w, words, cJSON_CreateString(value));
}

static void put_number(mi_writer *w, cJSON *words, const char *option, long value)
{
    char text[32];
    if (value != CLI_NOT_GIVEN) {
        snprintf(text, sizeof text, "%ld", value);
        put_option(w, words, option, text);
    }
}

/* What the result depends on: not the folder, not the threads. */
static cJSON *command_words(mi_writer *w, const cli_command *command, const cli_options *o)
{
    cJSON *words = cJSON_CreateArray();
    mi_append_item(w, words, cJSON_CreateString("maskinfo"));
    mi_append_item(w, words, cJSON_CreateString(command->name));
    for (size_t i = 0; i < o->positional.count; i++) {
        mi_append_item(w, words, cJSON_CreateString(o->positional.items[i]));
    }
    put_number(w, words, "--seed", o->seed);
    put_number(w, words, "--patch", o->patch);
    put_number(w, words, "--order", o->order);
    for (size_t i = 0; i < o->strategies.count; i++) {
        put_option(w, words, "--strategy", o->strategies.items[i]);
    }
    for (size_t i = 0; i < o->assignments.count; i++) {
        put_option(w, words, "--set", o->assignments.items[i]);
    }
    return words;
}

mi_code cli_describe(const cli_command *command, const cli_options *o, cJSON *result,
                     mi_status *status)
{
    mi_writer w = {.failed = false};
    cJSON *timing = cJSON_GetObjectItemCaseSensitive(result, "timing");
    if (cJSON_IsObject(timing)) {
        cJSON *words = command_words(&w, command, o);
        mi_add_item(&w, timing, "command", words);
        cJSON *object = machine(&w, cli_circumstances(o).threads);
        mi_add_item(&w, timing, "machine", object);
    }
    return w.failed ? mi_fail(status, MI_MEMORY, "out of memory for the result") : MI_OK;
}
