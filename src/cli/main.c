#include <signal.h>
#include <string.h>

#include "cli.h"

/* A signal handler can reach nothing but a static object. */
volatile sig_atomic_t cli_interrupt = 0;

const cli_command *const cli_commands[] = {&cli_run,    &cli_check,  &cli_plot, &cli_list,
                                           &cli_advise, &cli_report, NULL};

static void on_signal(int signal_number)
{
    (void)signal_number;
    cli_interrupt = 1;
}

/* The first signal asks for an orderly stop; a second one, with the handler gone, ends at once. A
 * file grown beyond the user's limit shall be a failed write with a message, not a death. */
static void catch_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal};
    action.sa_flags = (int)SA_RESETHAND;
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    signal(SIGXFSZ, SIG_IGN);
}

static const cli_command *find_command(const char *name)
{
    for (const cli_command *const *c = cli_commands; *c != NULL; c++) {
        if (strcmp((*c)->name, name) == 0) {
            return *c;
        }
    }
    return NULL;
}

static int refuse_command(const char *name)
{
    fprintf(stderr, "maskinfo: unknown command \"%s\"; must be one of ", name);
    for (const cli_command *const *c = cli_commands; *c != NULL; c++) {
        fprintf(stderr, "%s%s", c == cli_commands ? "" : ", ", (*c)->name);
    }
    fputc('\n', stderr);
    return EXIT_USAGE;
}

int main(int argc, char **argv)
{
    cli_options options;
    if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        cli_print_help(argc < 2 ? stderr : stdout);
        return argc < 2 ? EXIT_USAGE : EXIT_DONE;
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("maskinfo %s\n", MI_VERSION);
        return EXIT_DONE;
    }
    const cli_command *command = find_command(argv[1]);
    if (command == NULL) {
        return refuse_command(argv[1]);
    }
    if (!cli_parse(command, argc - 2, argv + 2, &options)) {
        return EXIT_USAGE;
    }
    if (options.help) {
        cli_print_command_help(stdout, command);
        return EXIT_DONE;
    }
    mi_start();
    catch_signals();
    return command->run(&options);
}
