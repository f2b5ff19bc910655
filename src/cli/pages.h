/* Pages made from the tables of commands, options and parameters. */
#ifndef MASKINFO_CLI_PAGES_H
#define MASKINFO_CLI_PAGES_H

#include "cli.h"

/* A topic of `list`. */
typedef struct cli_topic {
    const char *name;
    const char *argument; /* "bash|zsh|fish"; NULL: takes none */
    const char *summary;
    bool page;                            /* a whole page: not part of a bare `list` */
    bool (*print)(const char *opt_value); /* false after a message; the value is NULL without
                                             argument */
} cli_topic;

extern const cli_topic cli_topics[]; /* the last has no name */

/* maskinfo(1). */
bool cli_print_man(const char *opt_value);

/* The completion of a shell: "bash", "zsh", "fish". */
bool cli_print_completion(const char *opt_shell);

enum { CLI_PATH_SIZE = 96 };

/* The shells' scripts; `assignments` are the sorted paths of --set with "=". */
typedef struct cli_paths {
    size_t count;
    char (*items)[CLI_PATH_SIZE];
} cli_paths;
void cli_print_bash(const cli_paths *assignments);
void cli_print_zsh(const cli_paths *assignments);
void cli_print_fish(const cli_paths *assignments);

/* Text in single quotes of a shell. */
void cli_print_quoted(const char *text);
/* "--set --out" of a command, "models masks" of list, "random block" of --strategy, "run check". */
void cli_print_option_names(const cli_command *command);
void cli_print_topic_names(void);
void cli_print_mask_names(void);
void cli_print_command_names(void);
void cli_print_assignments(const cli_paths *assignments, const char *separator);

#endif
