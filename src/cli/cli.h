/* The command line: arguments in, exit status out. */
#ifndef MASKINFO_CLI_CLI_H
#define MASKINFO_CLI_CLI_H

#include <stdio.h>

#include "maskinfo/experiment.h"
#include "progress.h"

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_INTERRUPTED = 130 };
enum { MAX_ASSIGNMENTS = 256, MAX_STRATEGIES = 8 };

typedef struct cli_options {
    const char *positional[256];
    size_t positional_count;
    const char *assignments[MAX_ASSIGNMENTS];
    size_t assignment_count;
    const char *opt_out;
    const char *opt_seed;
    long seed;   /* its value, where it is given */
    int threads; /* 0: as many as the machine has */
    const char *strategies[MAX_STRATEGIES];
    size_t strategy_count;
    long patch, order; /* 0: not given */
    bool json, resume, quiet, progress, help;
} cli_options;

/* A command: its name, what `--help` prints, and what it does. */
typedef struct cli_command {
    const char *name;
    const char *usage;
    const char *summary;
    const char *help;
    int (*run)(const cli_options *options);
} cli_command;

extern const cli_command cli_run, cli_check, cli_plot, cli_list, cli_advise;

/* Read arguments; false after a message on standard error. */
bool cli_parse(int count, char **arguments, cli_options *ret_options);

/* Document named by the first positional argument with --seed and --set applied; NULL after adding
 * faults. *ret_path (free()) is the file found. */
cJSON *cli_document(const cli_options *options, char **ret_path, mi_faults *faults);

/* Seed from the experiment, threads, progress and interruption from the options. */
mi_run cli_circumstances(const cli_options *options);

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
