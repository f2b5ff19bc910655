#include <string.h>

#include "pages.h"

enum { WIDTH = 80, COLUMN = 22 };

void cli_print_wrapped(FILE *out, const char *text, int indent)
{
    int used = indent;
    const char *between = "";
    while (*(text += strspn(text, " \n")) != '\0') {
        int length = (int)strcspn(text, " \n");
        if (used > indent && used + 1 + length > WIDTH) {
            fprintf(out, "\n%*s", indent, "");
            used = indent;
            between = "";
        }
        used += fprintf(out, "%s%.*s", between, length, text);
        between = " ";
        text += length;
    }
    fputc('\n', out);
}

void cli_print_help(FILE *out)
{
    fprintf(out, "maskinfo: how much a masked pre-training task can teach\n\n");
    for (const cli_command *const *c = cli_commands; *c != NULL; c++) {
        char synopsis[80];
        snprintf(synopsis, sizeof synopsis, "%s %s", (*c)->name, (*c)->operands);
        fprintf(out, "  maskinfo %-30s %s\n", synopsis, (*c)->summary);
    }
    fprintf(out,
            "\n  maskinfo COMMAND --help, maskinfo --version\n\n"
            "Try: maskinfo list experiments; maskinfo run task2; maskinfo list man | man -l -\n");
}

static void print_topics(FILE *out)
{
    for (const cli_topic *t = cli_topics; t->name != NULL; t++) {
        char head[64];
        snprintf(head, sizeof head, "  %s %s", t->name, t->argument != NULL ? t->argument : "");
        fprintf(out, "%-*s  ", COLUMN + 4, head);
        cli_print_wrapped(out, t->summary, COLUMN + 6);
    }
    fputc('\n', out);
}

static void print_option(FILE *out, const cli_option *o)
{
    char head[64];
    snprintf(head, sizeof head, "  %s%s%s", o->name, o->argument != NULL ? " " : "",
             o->argument != NULL ? o->argument : "");
    fprintf(out, "%-*s", COLUMN, head);
    cli_print_wrapped(out, o->help, COLUMN);
}

void cli_print_command_help(FILE *out, const cli_command *command)
{
    fprintf(out, "maskinfo %s %s\n\n", command->name, command->operands);
    cli_print_wrapped(out, command->help, 0);
    fputc('\n', out);
    if (command->words == CLI_WORDS_TOPIC) {
        print_topics(out);
    }
    for (const cli_option *o = cli_option_table; o->name != NULL; o++) {
        if ((o->commands & (int)command->id) != 0 && o->name[1] == '-') {
            print_option(out, o);
        }
    }
    fputc('\n', out);
    cli_print_wrapped(out,
                      "Exit status: 0 done; 1 failed (numerics, memory, input/output); 2 bad usage "
                      "or bad input; 130 interrupted.",
                      0);
}
