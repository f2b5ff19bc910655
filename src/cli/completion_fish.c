#include "pages.h"

static void print_operands(const cli_command *command)
{
    static const char *const candidates[] = {
        [CLI_WORDS_EXPERIMENT] =
            "(maskinfo list experiments 2>/dev/null | string replace -f -r \"^  \" \"\")",
        [CLI_WORDS_TOPIC] = "(__maskinfo_topics)",
    };
    if (command->words == CLI_WORDS_EXPERIMENT || command->words == CLI_WORDS_TOPIC) {
        printf("complete -c maskinfo -n '__fish_seen_subcommand_from %s' %s -a '%s'\n",
               command->name, command->words == CLI_WORDS_TOPIC ? "-f" : "",
               candidates[command->words]);
    }
}

static void print_options(const cli_command *command)
{
    static const char *const values[] = {
        [CLI_WORDS_NONE] = " -x",
        [CLI_WORDS_FILE] = " -r",
        [CLI_WORDS_FOLDER] = " -x -a '(__fish_complete_directories)'",
        [CLI_WORDS_ASSIGNMENT] = " -x -a '(__maskinfo_assignments)'",
        [CLI_WORDS_MASK] = " -x -a '(__maskinfo_masks)'",
        [CLI_WORDS_EXPERIMENT] = " -r",
        [CLI_WORDS_TOPIC] = " -x",
    };
    for (const cli_option *o = cli_option_table; o->name != NULL; o++) {
        if ((o->commands & (int)command->id) != 0 && o->name[1] == '-') {
            printf("complete -c maskinfo -n '__fish_seen_subcommand_from %s' -l %s%s -d ",
                   command->name, o->name + 2, o->kind == CLI_FLAG ? "" : values[o->words]);
            cli_print_quoted(o->help);
            putchar('\n');
        }
    }
}

static void print_topics(void)
{
    printf("function __maskinfo_topics\n"
           "    switch (commandline -opc)[-1]\n");
    for (const cli_topic *t = cli_topics; t->name != NULL; t++) {
        if (t->argument != NULL) {
            printf("    case %s\n        string split '|' '%s'\n", t->name, t->argument);
        }
    }
    printf("    case '*'\n        string split ' ' '");
    cli_print_topic_names();
    printf("'\n    end\nend\n\n");
}

void cli_print_fish(const cli_paths *assignments)
{
    printf("# Completion of maskinfo for fish, made by `maskinfo list completion fish`.\n\n"
           "function __maskinfo_assignments\n    string split ' ' '");
    cli_print_assignments(assignments, " ");
    printf("'\nend\n\nfunction __maskinfo_masks\n    string split ' ' '");
    cli_print_mask_names();
    printf("'\nend\n\n");
    print_topics();
    printf("complete -c maskinfo -n __fish_use_subcommand -l help -d 'how to use it'\n"
           "complete -c maskinfo -n __fish_use_subcommand -l version\n");
    for (const cli_command *const *c = cli_commands; *c != NULL; c++) {
        printf("complete -c maskinfo -f -n __fish_use_subcommand -a %s -d ", (*c)->name);
        cli_print_quoted((*c)->summary);
        putchar('\n');
        print_operands(*c);
        print_options(*c);
    }
}
