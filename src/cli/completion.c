/* What the completions of all shells are made of. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "maskinfo/mask.h"
#include "maskinfo/memory.h"
#include "maskinfo/reference.h"
#include "pages.h"

/* The tables' own keys fit. */
static void join(char *path, const char *prefix, const char *name, const char *ending)
{
    int length = snprintf(path, CLI_PATH_SIZE, "%s%s%s", prefix, name, ending);
    assert(length > 0 && length < CLI_PATH_SIZE);
    (void)length;
}

static void count_or_add(cli_paths *paths, const char *prefix, const mi_parameter *table)
{
    for (const mi_parameter *p = table; p->name != NULL; p++) {
        char deeper[CLI_PATH_SIZE];
        join(deeper, prefix, p->name, ".");
        if (p->type == MI_GROUP) {
            count_or_add(paths, deeper, p->group);
            continue;
        }
        if (paths->items != NULL) {
            join(paths->items[paths->count], prefix, p->name, "=");
        }
        paths->count++;
    }
}

static void visit(void *context, const mi_reference_part *part)
{
    count_or_add(context, part->prefix, part->table);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* Models share names of parameters: each once. */
static void sort_unique(cli_paths *paths)
{
    size_t kept = 0;
    qsort(paths->items, paths->count, sizeof *paths->items, by_name);
    for (size_t i = 0; i < paths->count; i++) {
        if (i == 0 || strcmp(paths->items[i], paths->items[kept - 1]) != 0) {
            memmove(paths->items[kept++], paths->items[i], sizeof *paths->items);
        }
    }
    paths->count = kept;
}

static mi_code collect_paths(cli_paths *paths, mi_status *status)
{
    mi_reference_visit(visit, paths);
    mi_code code = mi_allocate(paths->count, sizeof *paths->items, &paths->items, status);
    if (code == MI_OK) {
        paths->count = 0;
        mi_reference_visit(visit, paths);
        sort_unique(paths);
    }
    return code;
}

void cli_print_quoted(const char *text)
{
    putchar('\'');
    for (; *text != '\0'; text++) {
        if (*text == '\'') {
            printf("'\\''");
        } else {
            putchar(*text);
        }
    }
    putchar('\'');
}

void cli_print_option_names(const cli_command *command)
{
    const char *between = "";
    for (const cli_option *o = cli_option_table; o->name != NULL; o++) {
        if ((o->commands & (int)command->id) != 0 && o->name[1] == '-') {
            printf("%s%s", between, o->name);
            between = " ";
        }
    }
}

void cli_print_topic_names(void)
{
    for (const cli_topic *t = cli_topics; t->name != NULL; t++) {
        printf("%s%s", t == cli_topics ? "" : " ", t->name);
    }
}

void cli_print_mask_names(void)
{
    const mi_mask_class *const *first = mi_mask_classes();
    for (const mi_mask_class *const *c = first; *c != NULL; c++) {
        printf("%s%s", c == first ? "" : " ", (*c)->name);
    }
}

void cli_print_command_names(void)
{
    for (const cli_command *const *c = cli_commands; *c != NULL; c++) {
        printf("%s%s", c == cli_commands ? "" : " ", (*c)->name);
    }
}

void cli_print_assignments(const cli_paths *assignments, const char *separator)
{
    for (size_t i = 0; i < assignments->count; i++) {
        printf("%s%s", i == 0 ? "" : separator, assignments->items[i]);
    }
}

bool cli_print_completion(const char *opt_shell)
{
    static const struct {
        const char *name;
        void (*print)(const cli_paths *assignments);
    } shells[] = {{"bash", cli_print_bash}, {"zsh", cli_print_zsh}, {"fish", cli_print_fish}};
    cli_paths paths = {.count = 0};
    mi_status status = {.code = MI_OK};
    for (size_t i = 0; i < sizeof shells / sizeof *shells; i++) {
        if (opt_shell == NULL || strcmp(shells[i].name, opt_shell) != 0) {
            continue;
        }
        if (collect_paths(&paths, &status) != MI_OK) {
            cli_report_failure(&status);
            return false;
        }
        shells[i].print(&paths);
        free(paths.items);
        return true;
    }
    fprintf(stderr, "maskinfo: list completion \"%s\": must be one of bash, zsh, fish\n",
            opt_shell == NULL ? "" : opt_shell);
    return false;
}
