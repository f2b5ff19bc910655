#include "pages.h"

/* What completes a word of each kind. */
static const char *const actions[] = {
    [CLI_WORDS_NONE] = "_message value",
    [CLI_WORDS_EXPERIMENT] = "_maskinfo_experiments",
    [CLI_WORDS_FILE] = "_files",
    [CLI_WORDS_FOLDER] = "_files -/",
    [CLI_WORDS_ASSIGNMENT] = "_maskinfo_assignments",
    [CLI_WORDS_MASK] = "_maskinfo_masks",
    [CLI_WORDS_TOPIC] = "_maskinfo_topics",
};

static void print_kinds(const cli_paths *assignments)
{
    printf(
        "_maskinfo_experiments() {\n"
        "    compadd -- ${(f)\"$($words[1] list experiments 2>/dev/null | sed -n 's/^  //p')\"}\n"
        "    _files\n"
        "}\n\n"
        "_maskinfo_assignments() {\n"
        "    compadd -S '' -- ");
    for (size_t i = 0; i < assignments->count; i++) {
        printf("%s'%s'", i == 0 ? "" : " ", assignments->items[i]);
    }
    printf("\n}\n\n_maskinfo_masks() {\n    compadd -- ");
    cli_print_mask_names();
    printf("\n}\n\n_maskinfo_topics() {\n    case $words[CURRENT-1] in\n");
    for (const cli_topic *t = cli_topics; t->name != NULL; t++) {
        if (t->argument != NULL) {
            printf("    %s) compadd -- ${(s:|:):-'%s'} ;;\n", t->name, t->argument);
        }
    }
    printf("    *) compadd -- ");
    cli_print_topic_names();
    printf(" ;;\n    esac\n}\n\n");
}

static void print_command(const cli_command *command)
{
    printf("    %s)\n        case $option in\n", command->name);
    for (const cli_option *o = cli_option_table; o->name != NULL; o++) {
        if ((o->commands & (int)command->id) != 0 && o->kind != CLI_FLAG) {
            printf("        %s) %s ;;\n", o->name, actions[o->words]);
        }
    }
    printf("        *)\n"
           "            if [[ $PREFIX == -* ]]; then\n"
           "                compadd -- ");
    cli_print_option_names(command);
    printf("\n"
           "            else\n"
           "                %s\n"
           "            fi ;;\n"
           "        esac ;;\n",
           actions[command->words]);
}

void cli_print_zsh(const cli_paths *assignments)
{
    printf("#compdef maskinfo\n"
           "# Completion of maskinfo for zsh, made by `maskinfo list completion zsh`.\n\n");
    print_kinds(assignments);
    printf("_maskinfo() {\n"
           "    local option=$words[CURRENT-1]\n"
           "    if (( CURRENT == 2 )); then\n"
           "        compadd -- ");
    cli_print_command_names();
    printf(" --help --version\n"
           "        return\n"
           "    fi\n"
           "    if [[ $PREFIX == --*=* ]]; then\n"
           "        option=${PREFIX%%%%=*}\n"
           "        compset -P 1 '*='\n"
           "    fi\n"
           "    case $words[2] in\n");
    for (const cli_command *const *c = cli_commands; *c != NULL; c++) {
        print_command(*c);
    }
    printf("    esac\n"
           "}\n\n"
           "if [[ $funcstack[1] == _maskinfo ]]; then\n"
           "    _maskinfo \"$@\"\n"
           "else\n"
           "    compdef _maskinfo maskinfo\n"
           "fi\n");
}
