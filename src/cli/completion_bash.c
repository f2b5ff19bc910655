#include "pages.h"

static const char *const kinds[] = {
    [CLI_WORDS_NONE] = "none",     [CLI_WORDS_EXPERIMENT] = "experiment", [CLI_WORDS_FILE] = "file",
    [CLI_WORDS_FOLDER] = "folder", [CLI_WORDS_ASSIGNMENT] = "assignment", [CLI_WORDS_MASK] = "mask",
    [CLI_WORDS_TOPIC] = "topic",
};

/* Experiments are asked for at completion time: the user's own folder has some too. Their names are
 * files' names, so nothing may expand them: not `compgen -W`, which does, nor the user's line,
 * where a candidate is put as it is. Hence names that need no quotes alone; the others are
 * completed as files are, which readline quotes. */
static void print_kinds(const cli_paths *assignments)
{
    printf("_maskinfo_words() {\n"
           "    local list=() item IFS=$' \\t\\n'\n"
           "    COMPREPLY=()\n"
           "    read -r -d '' -a list <<<\"$1\"\n"
           "    for item in \"${list[@]}\"; do\n"
           "        [[ $item != \"$2\"* ]] || COMPREPLY+=(\"$item\")\n"
           "    done\n"
           "}\n\n"
           "_maskinfo_kind() {\n"
           "    case $1 in\n"
           "    experiment)\n"
           "        _maskinfo_words \"$(\"${words[0]}\" list experiments 2>/dev/null |\n"
           "            sed -n 's/^  \\([A-Za-z0-9_][A-Za-z0-9_.-]*\\)$/\\1/p')\" \"$2\"\n"
           "        [[ ${#COMPREPLY[@]} -gt 0 ]] || _maskinfo_kind file \"$2\" ;;\n"
           "    file)\n"
           "        compopt -o filenames 2>/dev/null\n"
           "        mapfile -t COMPREPLY < <(compgen -f -- \"$2\") ;;\n"
           "    folder)\n"
           "        compopt -o filenames 2>/dev/null\n"
           "        mapfile -t COMPREPLY < <(compgen -d -- \"$2\") ;;\n"
           "    assignment)\n"
           "        compopt -o nospace 2>/dev/null\n"
           "        _maskinfo_words '");
    cli_print_assignments(assignments, " ");
    printf("' \"$2\" ;;\n"
           "    mask) _maskinfo_words '");
    cli_print_mask_names();
    printf("' \"$2\" ;;\n"
           "    topic) _maskinfo_words '");
    cli_print_topic_names();
    printf("' \"$2\" ;;\n"
           "    esac\n"
           "}\n\n");
}

/* "run --set") _maskinfo_kind assignment ... */
static void print_values(const cli_command *command)
{
    for (const cli_option *o = cli_option_table; o->name != NULL; o++) {
        if ((o->commands & (int)command->id) != 0 && o->kind != CLI_FLAG) {
            printf("    '%s %s') _maskinfo_kind %s \"$current\" ;;\n", command->name, o->name,
                   kinds[o->words]);
        }
    }
}

static void print_operands(const cli_command *command)
{
    printf("    '%s '*)\n"
           "        if [[ $current == -* ]]; then\n"
           "            _maskinfo_words '",
           command->name);
    cli_print_option_names(command);
    printf("' \"$current\"\n"
           "        else\n"
           "            _maskinfo_kind %s \"$current\"\n"
           "        fi ;;\n",
           kinds[command->words]);
}

static void print_topic_values(void)
{
    for (const cli_topic *t = cli_topics; t->name != NULL; t++) {
        if (t->argument != NULL) {
            printf("    'list %s') local values='%s'\n"
                   "        _maskinfo_words \"${values//|/ }\" \"$current\" ;;\n",
                   t->name, t->argument);
        }
    }
}

/* readline replaces the word: what follows "=" where "=" divides words, as it does by default. */
static void print_end(void)
{
    printf("    esac\n"
           "    if [[ $glued == yes && $COMP_WORDBREAKS != *=* ]]; then\n"
           "        COMPREPLY=(\"${COMPREPLY[@]/#/$option=}\")\n"
           "    fi\n"
           "}\n\n"
           "complete -F _maskinfo maskinfo\n");
}

void cli_print_bash(const cli_paths *assignments)
{
    printf("# Completion of maskinfo for bash, made by `maskinfo list completion bash`.\n\n");
    print_kinds(assignments);
    printf("_maskinfo() {\n"
           "    local line=${COMP_LINE:0:COMP_POINT} words current option glued=no\n"
           "    COMPREPLY=()\n"
           "    read -ra words <<<\"$line\"\n"
           "    [[ $line == *[[:space:]] ]] && words+=('')\n"
           "    current=${words[-1]}\n"
           "    if [[ ${#words[@]} -le 2 ]]; then\n"
           "        _maskinfo_words '");
    cli_print_command_names();
    printf(" --help --version' \"$current\"\n"
           "        return\n"
           "    fi\n"
           "    option=${words[-2]}\n"
           "    if [[ $current == --*=* ]]; then\n"
           "        glued=yes option=${current%%%%=*} current=${current#*=}\n"
           "    fi\n"
           "    case \"${words[1]} $option\" in\n");
    for (const cli_command *const *c = cli_commands; *c != NULL; c++) {
        print_values(*c);
    }
    print_topic_values();
    for (const cli_command *const *c = cli_commands; *c != NULL; c++) {
        print_operands(*c);
    }
    print_end();
}
