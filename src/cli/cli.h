/* The command line: arguments in, exit status out. */
#ifndef MASKINFO_CLI_CLI_H
#define MASKINFO_CLI_CLI_H

#include <stdio.h>

#include "maskinfo/experiment.h"
#include "progress.h"

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_INTERRUPTED = 130 };
enum { CLI_TEXTS = 256 };
enum { CLI_NOT_GIVEN = -1 }; /* a number that was left out */

typedef struct cli_texts {
    const char *items[CLI_TEXTS];
    size_t count;
} cli_texts;

/* What was asked for. Every option of cli_option_table has a field. */
typedef struct cli_options {
    cli_texts positional;
    cli_texts assignments, strategies;
    const char *opt_out;
    long seed, threads, patch, order, silence;
    const char *opt_part;
    bool json, resume, changed, retry, fresh, quiet, progress, help;
} cli_options;

/* What a word on the command line names, for completion. */
typedef enum cli_words {
    CLI_WORDS_NONE,
    CLI_WORDS_EXPERIMENT, /* a name that `list experiments` shows, or a file */
    CLI_WORDS_FILE,
    CLI_WORDS_FOLDER,
    CLI_WORDS_ASSIGNMENT, /* PATH= of the parameter tables */
    CLI_WORDS_MASK,
    CLI_WORDS_TOPIC
} cli_words;

typedef enum cli_command_id {
    CLI_RUN = 1,
    CLI_CHECK = 2,
    CLI_PLOT = 4,
    CLI_LIST = 8,
    CLI_ADVISE = 16,
    CLI_REPORT = 32,
    CLI_EVERY = ~0
} cli_command_id;

typedef enum cli_kind {
    CLI_FLAG,    /* bool */
    CLI_NUMBER,  /* long: a whole number in [low, high], or CLI_NOT_GIVEN */
    CLI_TEXT,    /* const char *, or NULL */
    CLI_REPEATED /* cli_texts: at most `high` of them */
} cli_kind;

/* An option: single source for reading it, --help, the man page and the completions. */
typedef struct cli_option {
    const char *name;     /* with its dashes; NULL ends the table */
    const char *argument; /* "DIR"; NULL: a flag */
    int commands;         /* cli_command_id of those that take it, added up */
    cli_kind kind;
    size_t field; /* its offset in cli_options */
    long low, high;
    cli_words words;
    const char *help;
} cli_option;

/* In the order of --help. An option may have several rows, for different commands. */
extern const cli_option cli_option_table[];

/* A command: its name, what `--help` prints, and what it does. */
typedef struct cli_command {
    cli_command_id id;
    const char *name;
    const char *operands; /* of its synopsis */
    const char *summary;
    const char *help; /* sentences, in any line width */
    cli_words words;  /* what its operands are */
    int (*run)(const cli_options *options);
} cli_command;

extern const cli_command cli_run, cli_check, cli_plot, cli_list, cli_advise, cli_report;
extern const cli_command *const cli_commands[]; /* ends with NULL */

/* The option of that name that the command takes, or NULL. */
const cli_option *cli_find_option(const cli_command *command, const char *name);

/* Text in lines of at most 80 characters, each but the first after `indent` spaces. */
void cli_print_wrapped(FILE *out, const char *text, int indent);
void cli_print_help(FILE *out);
void cli_print_command_help(FILE *out, const cli_command *command);

/* Read a command's arguments; false after a message on standard error. */
bool cli_parse(const cli_command *command, int count, char **arguments, cli_options *ret_options);

/* Document named by the first positional argument with --seed and --set applied; NULL after adding
 * faults. *ret_path (free()) is the file found. */
cJSON *cli_document(const cli_options *options, char **ret_path, mi_faults *faults);

/* Seed from the experiment, threads, progress and interruption from the options. */
mi_run cli_circumstances(const cli_options *options);

/* Put the command and the machine into "timing" of a result. */
mi_code cli_describe(const cli_command *command, const cli_options *options, cJSON *result,
                     mi_status *status);

/* Write result.json and the figures of a result to a folder, "files" in it set. */
mi_code cli_write_result(const char *folder, cJSON *result, mi_status *status);
/* The result on standard output; its exit status. */
int cli_print_json(const cJSON *result);
/* Make the folder; MI_INPUT where it can not be written to. */
bool cli_folder_usable(const char *folder, mi_status *status);
/* Folder of the results: --out, or plots/PREFIX and the name of the file without its ending; NULL,
 * for standard output only, where there is --json without --out. */
const char *cli_result_folder(const cli_options *options, const char *prefix, const char *file,
                              const char *ending, char *buffer, size_t size);
/* Progress into the run, where it is wanted. progress is a cli_progress. */
void cli_watch(const cli_options *options, cli_progress *progress, mi_run *run);

/* Print faults (all, or the first and how many more) and give the exit status for them. */
int cli_report_faults(const mi_faults *faults, bool all);

/* Print a failure and give its exit status. */
int cli_report_failure(const mi_status *status);

/* Set by SIGINT and SIGTERM. */
extern volatile sig_atomic_t cli_interrupt;

#endif
