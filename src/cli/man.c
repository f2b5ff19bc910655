/* maskinfo(1) in roff. */
#include <string.h>

#include "maskinfo/reference.h"
#include "pages.h"

enum { WIDTH = 72 };

/* One character as roff prints it literally. */
static int put_character(char c)
{
    static const struct {
        char c;
        const char *roff;
    } special[] = {{'\\', "\\e"},  {'-', "\\-"},   {'~', "\\(ti"},
                   {'^', "\\(ha"}, {'`', "\\(ga"}, {'\'', "\\(aq"}};
    for (size_t i = 0; i < sizeof special / sizeof *special; i++) {
        if (special[i].c == c) {
            return printf("%s", special[i].roff);
        }
    }
    return printf("%c", c);
}

/* A word that begins with a dot would be a request. */
static int put_literal(const char *text, size_t length)
{
    int used = text[0] == '.' ? printf("\\&") : 0;
    for (size_t i = 0; i < length; i++) {
        used += put_character(text[i]);
    }
    return used;
}

/* Filled text in short lines; a sentence ends its line. */
static void put_text(const char *text)
{
    int used = 0;
    while (*(text += strspn(text, " \n")) != '\0') {
        size_t length = strcspn(text, " \n");
        if (used > 0 && used + 1 + (int)length > WIDTH) {
            putchar('\n');
            used = 0;
        }
        used += used > 0 ? printf(" ") : 0;
        used += put_literal(text, length);
        text += length;
        if (text[-1] == '.' && text[0] == ' ') {
            putchar('\n');
            used = 0;
        }
    }
    putchar('\n');
}

static void put_bold(const char *text)
{
    printf("\\fB");
    put_literal(text, strlen(text));
    printf("\\fR");
}

static void put_italic(const char *text)
{
    printf("\\fI");
    put_literal(text, strlen(text));
    printf("\\fR");
}

static void section(const char *title)
{
    printf(".SH %s\n", title);
}

static void put_synopsis(void)
{
    section("SYNOPSIS");
    for (const cli_command *const *c = cli_commands; *c != NULL; c++) {
        printf("%s", c == cli_commands ? "" : ".br\n");
        put_bold("maskinfo");
        putchar(' ');
        put_bold((*c)->name);
        putchar(' ');
        put_italic((*c)->operands);
        putchar('\n');
    }
    printf(".br\n");
    put_bold("maskinfo");
    putchar(' ');
    put_bold("--version");
    putchar('\n');
}

static void put_commands(void)
{
    section("COMMANDS");
    for (const cli_command *const *c = cli_commands; *c != NULL; c++) {
        printf(".TP\n");
        put_bold((*c)->name);
        putchar(' ');
        put_italic((*c)->operands);
        putchar('\n');
        put_text((*c)->summary);
        printf(".IP\n");
        put_text((*c)->help);
    }
    printf(".PP\nTopics of ");
    put_bold("list");
    printf(":\n.PD 0\n");
    for (const cli_topic *t = cli_topics; t->name != NULL; t++) {
        printf(".TP\n");
        put_bold(t->name);
        if (t->argument != NULL) {
            putchar(' ');
            put_italic(t->argument);
        }
        putchar('\n');
        put_text(t->summary);
    }
    printf(".PD\n");
}

static void put_takers(int commands)
{
    const char *between = " (";
    for (const cli_command *const *c = cli_commands; *c != NULL && commands != CLI_EVERY; c++) {
        if ((commands & (int)(*c)->id) != 0) {
            printf("%s%s", between, (*c)->name);
            between = ", ";
        }
    }
    printf("%s\n", commands == CLI_EVERY ? "" : ")");
}

static void put_options(void)
{
    section("OPTIONS");
    printf("A value follows its option as the next argument, or after \"=\".\n");
    for (const cli_option *o = cli_option_table; o->name != NULL; o++) {
        printf(".TP\n");
        put_bold(o->name);
        if (o->argument != NULL) {
            putchar(' ');
            put_italic(o->argument);
        }
        put_takers(o->commands);
        put_text(o->help);
    }
}

static void put_parameter(const char *prefix, const mi_parameter *p)
{
    char range[256], text[512];
    bool none = p->fallback != NULL && strcmp(p->fallback, "null") == 0;
    mi_parameter_range(p, range, sizeof range);
    snprintf(text, sizeof text, "%s; %s%s%s%s", range,
             p->fallback == NULL ? "required"
             : none              ? "optional"
                                 : "default ",
             p->fallback == NULL || none ? "" : p->fallback, p->unit[0] != '\0' ? "; in " : "",
             p->unit);
    printf(".TP\n\\fB");
    put_literal(prefix, strlen(prefix));
    put_literal(p->name, strlen(p->name));
    printf("\\fR\n");
    put_text(p->help);
    printf(".br\n");
    put_text(text);
}

static void put_table(const char *prefix, const mi_parameter *table)
{
    for (const mi_parameter *p = table; p->name != NULL; p++) {
        put_parameter(prefix, p);
        if (p->type == MI_GROUP) {
            char deeper[96];
            snprintf(deeper, sizeof deeper, "%s%s.", prefix, p->name);
            put_table(deeper, p->group);
        }
    }
}

static void put_part(void *context, const mi_reference_part *part)
{
    (void)context;
    if (part->table->name == NULL) {
        return;
    }
    printf(".SS ");
    put_literal(part->heading, strlen(part->heading));
    putchar('\n');
    put_table(part->prefix, part->table);
}

static void put_files_of_experiments(void)
{
    section("EXPERIMENT FILES");
    char kinds[1024];
    put_text("A JSON object. Its key \"experiment\" names the kind:");
    mi_reference_kinds("", kinds, sizeof kinds - 1);
    put_text(strcat(kinds, "."));
    put_text(
        "The other keys are the parameters below, written as --set names them: model.kappa is "
        "the key \"kappa\" of the object \"model\". The seed, the file and the build determine "
        "every byte of the result but its timing, at any number of threads.");
    section("PARAMETERS");
    printf(".PD 0\n");
    mi_reference_visit(put_part, NULL);
    printf(".PD\n");
}

static void put_pairs(const char *title, const char *const (*pairs)[2], size_t count)
{
    section(title);
    for (size_t i = 0; i < count; i++) {
        printf(".TP\n");
        put_bold(pairs[i][0]);
        putchar('\n');
        put_text(pairs[i][1]);
    }
}

static const char *const exit_codes[][2] = {
    {"0", "done"},
    {"1", "failed: numerics, memory, input or output"},
    {"2", "bad usage or bad input"},
    {"130", "interrupted (the first SIGINT or SIGTERM stops in good order, a second one at once)"}};

static const char *const files[][2] = {
    {"experiments/NAME.json", "experiments by name: looked for in the current folder, then beside "
                              "the program (build/.., PREFIX/share/maskinfo), as are data files "
                              "of relative paths"},
    {"plots/NAME/result.json", "the result of `maskinfo run NAME`; beside it the figures, each "
                               "with its data and gnuplot script"},
    {"plots/NAME/journal", "the finished units of a sweep, one checked line each, for --resume; of "
                           "--part K/N: journal-K-of-N"},
    {"plots/NAME/partial/", "finished curves and runs of an experiment that is not finished, for "
                            "--resume"},
    {"plots/NAME/checkpoint.safetensors", "weights and state of a training run, for --resume"},
    {"plots/advise-NAME/result.json", "the result of `maskinfo advise NAME`"}};

static const char *const examples[][2] = {
    {"maskinfo run task2", "the figures of Task 2: which ratio maximises r i(r)"},
    {"maskinfo run gmrf --set model.kappa=0.01", "one Gaussian field, correlated farther"},
    {"maskinfo check my.json", "what is wrong with a file, all of it"},
    {"maskinfo run mae-gmrf --set training.steps=500 --out quick", "a shorter training"},
    {"maskinfo run sweep.json --resume", "go on with a sweep that was interrupted"},
    {"maskinfo advise data/photos", "which ratio to start from for a folder of images"},
    {"maskinfo list man | man -l -", "this page"},
    {"source <(maskinfo list completion bash)", "completion in this shell"}};

bool cli_print_man(const char *opt_value)
{
    (void)opt_value;
    printf(
        ".\\\" Made by `maskinfo list man`.\n.TH MASKINFO 1 %s \"maskinfo %s\" \"User Commands\"\n"
        ".nh\n.ad l\n.SH NAME\nmaskinfo \\- measure how much a masked pre\\-training task can "
        "teach\n",
        MI_RELEASED, MI_VERSION);
    put_synopsis();
    section("DESCRIPTION");
    put_text("Measures, as a function of the masking ratio r, how much the visible tokens or "
             "patches tell about a masked one: for chains, n-grams and words, Gaussian and Potts "
             "fields, scenes and patches of photographs; exactly where that is possible, else with "
             "standard errors. Trains small networks against these floors, and compares methods of "
             "self-supervised pre-training. Results are JSON files with figures beside them.");
    put_commands();
    put_options();
    put_files_of_experiments();
    put_pairs("EXIT STATUS", exit_codes, sizeof exit_codes / sizeof *exit_codes);
    put_pairs("FILES", files, sizeof files / sizeof *files);
    put_pairs("EXAMPLES", examples, sizeof examples / sizeof *examples);
    section("SEE ALSO");
    printf("\\fBgnuplot\\fR(1)\n.PP\n");
    put_text("`maskinfo list reference` prints the keys and the fields of results as Markdown.");
    return true;
}
