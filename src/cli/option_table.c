#include <stddef.h>

#include "cli.h"
#include "maskinfo/advise.h"

#define FIELD(name) offsetof(cli_options, name)

const cli_option cli_option_table[] = {
    {"--set", "PATH=VALUE", CLI_RUN | CLI_CHECK, CLI_REPEATED, FIELD(assignments), 0, CLI_TEXTS,
     CLI_WORDS_ASSIGNMENT,
     "override a value of the file (model.kappa=0.3, curves[2].estimator.samples=50, "
     "curves[*].seed=7); may be repeated"},
    {"--patch", "P", CLI_ADVISE, CLI_NUMBER, FIELD(patch), 1, 32, CLI_WORDS_NONE,
     "side of a patch in pixels, 1..32 (of a series: steps in time); default 2 where a grid of "
     "14 x 14 of them fits, else 1"},
    {"--order", "K", CLI_ADVISE, CLI_NUMBER, FIELD(order), 1, 3, CLI_WORDS_NONE,
     "of the letter model of a text, 1..3; default: the one that predicts held-out text best"},
    {"--strategy", "NAME", CLI_ADVISE, CLI_REPEATED, FIELD(strategies), 0, MI_ADVICE_STRATEGIES,
     CLI_WORDS_MASK,
     "compare this strategy with random masks; may be repeated; default: all that suit the data "
     "(block, grid; of sequences span, grid)"},
    {"--out", "DIR", CLI_RUN, CLI_TEXT, FIELD(opt_out), 0, 0, CLI_WORDS_FOLDER,
     "folder for result.json and the figures (default plots/NAME)"},
    {"--out", "DIR", CLI_ADVISE, CLI_TEXT, FIELD(opt_out), 0, 0, CLI_WORDS_FOLDER,
     "folder for result.json and the figure (default plots/advise-NAME)"},
    {"--out", "FILE", CLI_REPORT, CLI_TEXT, FIELD(opt_out), 0, 0, CLI_WORDS_FILE,
     "the page (default DIR/report.html)"},
    {"--json", NULL, CLI_RUN | CLI_ADVISE, CLI_FLAG, FIELD(json), 0, 0, CLI_WORDS_NONE,
     "print the result to standard output, and only it; without --out no file is written (and a "
     "sweep keeps no journal)"},
    {"--seed", "N", CLI_RUN | CLI_CHECK, CLI_NUMBER, FIELD(seed), 0, 9007199254740991,
     CLI_WORDS_NONE, "the same as --set seed=N"},
    {"--seed", "N", CLI_ADVISE, CLI_NUMBER, FIELD(seed), 0, 9007199254740991, CLI_WORDS_NONE,
     "of the random numbers; default 1"},
    {"--threads", "N", CLI_RUN | CLI_CHECK | CLI_ADVISE, CLI_NUMBER, FIELD(threads), 1, 1024,
     CLI_WORDS_NONE, "default: as many as the machine has; results do not depend on it"},
    {"--resume", NULL, CLI_RUN, CLI_FLAG, FIELD(resume), 0, 0, CLI_WORDS_NONE,
     "go on from the finished curves of an interrupted comparison, from the checkpoint of a "
     "training run, from both of checks and methods, from the journal of a sweep"},
    {"--changed", NULL, CLI_RUN, CLI_FLAG, FIELD(changed), 0, 0, CLI_WORDS_NONE,
     "sweep: --resume although the experiment has changed, with the units that are still of it"},
    {"--retry", NULL, CLI_RUN, CLI_FLAG, FIELD(retry), 0, 0, CLI_WORDS_NONE,
     "sweep: --resume, and compute failed units again (those that failed for want of memory or "
     "disk are in any case)"},
    {"--fresh", NULL, CLI_RUN, CLI_FLAG, FIELD(fresh), 0, 0, CLI_WORDS_NONE,
     "sweep: start again, forgetting the journal in the folder"},
    {"--part", "K/N", CLI_RUN, CLI_TEXT, FIELD(opt_part), 0, 0, CLI_WORDS_NONE,
     "sweep: compute the K-th of N parts of the units (K from 1), into DIR/journal-K-of-N; when "
     "all parts are there, --resume without --part makes the result of them"},
    {"--silence", "S", CLI_RUN, CLI_NUMBER, FIELD(silence), 2, 86400, CLI_WORDS_NONE,
     "sweep under mpirun: a process that is silent for S seconds is taken for dead, and its unit "
     "computed by another; default 30"},
    {"--quiet", NULL, CLI_RUN | CLI_CHECK | CLI_PLOT | CLI_ADVISE | CLI_REPORT, CLI_FLAG,
     FIELD(quiet), 0, 0, CLI_WORDS_NONE, "no table, no progress"},
    {"--progress", NULL, CLI_RUN | CLI_ADVISE, CLI_FLAG, FIELD(progress), 0, 0, CLI_WORDS_NONE,
     "progress even where standard error is no terminal"},
    {"--help", NULL, CLI_EVERY, CLI_FLAG, FIELD(help), 0, 0, CLI_WORDS_NONE, "this text"},
    {"-h", NULL, CLI_EVERY, CLI_FLAG, FIELD(help), 0, 0, CLI_WORDS_NONE, "this text"},
    {NULL, NULL, 0, CLI_FLAG, 0, 0, 0, CLI_WORDS_NONE, NULL}};
