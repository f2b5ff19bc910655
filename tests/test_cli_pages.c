/* The man page and the completions name every command, option and parameter, and work. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "program.h"
#include "support.h"

enum { PAGE = 1 << 18, COMMANDS = 32 };

static char man[PAGE], bash[PAGE], zsh[PAGE], fish[PAGE];
static char commands[COMMANDS][32];
static size_t command_count;

static void keep(char *page, const char *arguments)
{
    const outcome *o = run_program("", arguments);
    assert_int_equal(o->status, 0);
    assert_string_equal(o->err, "");
    assert_true(strlen(o->out) < PAGE);
    strcpy(page, o->out);
}

/* "  maskinfo run EXPERIMENT ..." of `maskinfo --help`. */
static void read_commands(void)
{
    static const char before[] = "\n  maskinfo ";
    const outcome *o = run_program("", "--help");
    for (const char *p = o->out; (p = strstr(p, before)) != NULL;) {
        p += sizeof before - 1;
        if (islower((unsigned char)*p)) {
            assert_true(command_count < COMMANDS);
            sscanf(p, "%31[a-z]", commands[command_count++]);
        }
    }
    assert_true(command_count >= 5);
}

static int read_pages(void **state)
{
    (void)state;
    keep(man, "list man");
    keep(bash, "list completion bash");
    keep(zsh, "list completion zsh");
    keep(fish, "list completion fish");
    read_commands();
    return 0;
}

/* In roff a hyphen that is meant is escaped. */
static void roff(const char *text, char *out)
{
    for (; *text != '\0'; text++) {
        if (*text == '-') {
            *out++ = '\\';
        }
        *out++ = *text;
    }
    *out = '\0';
}

static void expect(const char *page, const char *where, const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    assert_in_range(length, 1, sizeof text - 1);
    if (strstr(page, text) == NULL) {
        fail_msg("%s does not have \"%s\"", where, text);
    }
}

static void expect_option(const char *command, const char *name)
{
    char escaped[128];
    roff(name, escaped);
    expect(man, "man", ".TP\n\\fB%s\\fR", escaped);
    expect(fish, "fish", "'__fish_seen_subcommand_from %s' -l %s ", command, name + 2);
}

/* The options that `--help` of a command shows, one after the other. */
static void read_options(const char *command, char *names, size_t size)
{
    char arguments[64];
    size_t used = 0;
    snprintf(arguments, sizeof arguments, "%.40s --help", command);
    const outcome *o = run_program("", arguments);
    assert_int_equal(o->status, 0);
    for (const char *p = o->out; (p = strstr(p, "\n  --")) != NULL; p++) {
        char name[32];
        assert_int_equal(sscanf(p, " %31[a-z-]", name), 1);
        expect_option(command, name);
        used += (size_t)snprintf(names + used, size - used, "%s%s", used == 0 ? "" : " ", name);
        assert_true(used < size);
    }
    assert_non_null(strstr(names, "--help"));
}

static void every_command_and_option(void **state)
{
    (void)state;
    for (size_t i = 0; i < command_count; i++) {
        char names[512];
        read_options(commands[i], names, sizeof names);
        expect(man, "man", ".TP\n\\fB%s\\fR ", commands[i]);
        expect(fish, "fish", "__fish_use_subcommand -a %s ", commands[i]);
        expect(bash, "bash",
               "    '%s '*)\n        if [[ $current == -* ]]; then\n"
               "            _maskinfo_words '%s' ",
               commands[i], names);
        expect(zsh, "zsh", "                compadd -- %s\n", names);
    }
}

/* Keys of the tables of docs/reference.md, whose order and places are written down apart. */
static void every_parameter(void **state)
{
    (void)state;
    static char page[1 << 20];
    size_t count = 0;
    strcpy(page, run_program("", "list reference")->out);
    char *end = strstr(page, "\n## Results");
    assert_non_null(end);
    *end = '\0';
    for (const char *p = page; (p = strstr(p, "\n| `")) != NULL; p++) {
        char key[64], escaped[128];
        assert_int_equal(sscanf(p, "\n| `%63[^`]`", key), 1);
        roff(key, escaped);
        expect(man, "man", "%s\\fR\n", escaped);
        bool object =
            strstr(p, "| an object |") != NULL && strstr(p, "| an object |") < strchr(p + 1, '\n');
        if (!object) {
            expect(bash, "bash", "%s=", key);
            expect(zsh, "zsh", "%s=", key);
            expect(fish, "fish", "%s=", key);
        }
        count++;
    }
    assert_true(count > 250);
}

static bool has(const char *program)
{
    char command[64];
    snprintf(command, sizeof command, "command -v %s >/dev/null 2>&1", program);
    return system(command) == 0;
}

/* What a shell command prints. */
static const char *said(const char *command)
{
    static char text[PAGE];
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    text[fread(text, 1, sizeof text - 1, pipe)] = '\0';
    assert_int_equal(pclose(pipe), 0);
    return text;
}

static void man_page_renders(void **state)
{
    (void)state;
    if (has("groff")) {
        assert_string_equal(
            said(MI_BUILD "/maskinfo list man | groff -man -ww -Tascii 2>&1 >/dev/null"), "");
    }
    if (has("mandoc")) {
        assert_string_equal(said(MI_BUILD "/maskinfo list man | mandoc -T lint 2>&1 || true"), "");
        const char *text = said(MI_BUILD "/maskinfo list man | mandoc -T ascii | col -b");
        expect(text, "the page", "%s", "\n       --set PATH=VALUE (run, check");
        expect(text, "the page", "%s", "\n       estimator.method\n");
        expect(text, "the page", "%s", "\nEXIT STATUS\n       0");
    }
    if (!has("groff") && !has("mandoc")) {
        skip();
    }
}

/* The candidates for a line, as bash is given them. */
static const char *completed(const char *prelude, const char *line)
{
    char command[1024];
    snprintf(command, sizeof command,
             "bash -c 'set -u; source <(" MI_BUILD "/maskinfo list completion bash); %s "
             "COMP_LINE=\"" MI_BUILD "/maskinfo %s\"; COMP_POINT=${#COMP_LINE}; _maskinfo; "
             "[[ ${#COMPREPLY[@]} -eq 0 ]] || printf \"%%s \" \"${COMPREPLY[@]}\"' 2>&1",
             prelude, line);
    return said(command);
}

static void bash_completes(void **state)
{
    (void)state;
    static const struct {
        const char *prelude, *line, *candidates;
    } cases[] = {
        {"", "che", "check "},
        {"", "--v", "--version "},
        {"", "run task4", "task4-run task4a task4b "},
        {"", "check mae-g", "mae-gmrf "},
        {"", "run experiments/task1", "experiments/task1c.json "},
        {"", "run task2 --se", "--set --seed "},
        {"", "plot --", "--quiet --help "},
        {"", "run task2 --set model.kap", "model.kappa= "},
        {"", "run task2 --set=model.kap", "model.kappa= "},
        {"COMP_WORDBREAKS=\" \";", "run task2 --set=model.kap", "--set=model.kappa= "},
        {"", "run task2 --set model.kappa=0.", ""},
        {"", "run x --set curves[",
         "curves[*].color= curves[*].dash= curves[*].figures= "
         "curves[*].group= curves[*].label= curves[*].reference= "
         "curves[*].source= curves[*].verdict= "},
        {"", "run x --set training.ema", ""},
        {"", "run x --threads ", ""},
        {"", "run x --out include/", "include/maskinfo "},
        {"", "advise x --strategy ", "random block grid span "},
        {"", "advise data/sotu", "data/sotu.txt.gz "},
        {"", "list ma", "masks man "},
        {"", "list completion ", "bash zsh fish "},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *got = completed(cases[i].prelude, cases[i].line);
        if (strcmp(got, cases[i].candidates) != 0) {
            fail_msg("\"%s\": \"%s\", not \"%s\"", cases[i].line, got, cases[i].candidates);
        }
    }
}

/* Every name that the program lists, and those alone. */
static void bash_completes_experiments(void **state)
{
    (void)state;
    char names[4096] = "";
    const outcome *o = run_program("", "list experiments");
    for (const char *p = o->out; (p = strstr(p, "\n  ")) != NULL; p++) {
        sscanf(p, "%255s", names + strlen(names));
        strcat(names, " ");
    }
    assert_true(strlen(names) > 100);
    assert_string_equal(completed("", "run "), names);
}

/* A folder with experiments whose names a shell could take for more than names. */
static const char *hostile_folder(void)
{
    static const char *const names[] = {
        "$(touch PWNED)", "`touch PWNED`", "a b",       "it's",        "q\"$(touch PWNED)\"",
        ";touch PWNED;",  "-rf",           "plain-1.5", "new\n  line", "*"};
    static char folder[64];
    strcpy(folder, fresh_folder());
    char path[256];
    snprintf(path, sizeof path, "%s/experiments", folder);
    assert_int_equal(mkdir(path, 0700), 0);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s/experiments/%s.json", folder, names[i]);
        FILE *file = fopen(path, "w");
        assert_non_null(file);
        fclose(file);
    }
    return folder;
}

/* What a shell command prints in the folder, with the program in the path; it leaves no file. */
static const char *said_in(const char *folder, const char *shell)
{
    char command[2048];
    snprintf(command, sizeof command, "export PATH=\"$PWD/" MI_BUILD ":$PATH\"; cd %s && { %s; }",
             folder, shell);
    const char *text = said(command);
    snprintf(command, sizeof command, "%s/PWNED", folder);
    assert_int_equal(access(command, F_OK), -1);
    return text;
}

static void remove_folder(const char *folder)
{
    char command[256];
    snprintf(command, sizeof command, "rm -r %s", folder);
    assert_int_equal(system(command), 0);
}

static void names_of_files_are_not_run(void **state)
{
    (void)state;
    static const char *const words[] = {"", "$", "p", "\\$(", "experiments/", "experiments/\\$"};
    const char *folder = hostile_folder();
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        char shell[1024];
        snprintf(shell, sizeof shell,
                 "bash -c 'source <(maskinfo list completion bash); COMP_LINE=\"maskinfo run $1\"; "
                 "COMP_POINT=${#COMP_LINE}; _maskinfo; printf \"%%s \" \"${COMPREPLY[@]}\"' - "
                 "'%s' 2>&1",
                 words[i]);
        const char *got = said_in(folder, shell);
        if (i == 0 || i == 2) {
            assert_string_equal(got, "plain-1.5 ");
        }
    }
    remove_folder(folder);
}

static void names_of_files_are_quoted(void **state)
{
    (void)state;
    const char *folder = hostile_folder();
    assert_string_equal(
        said_in(folder, "maskinfo list experiments 2>&1 >/dev/null"),
        "maskinfo: left out: 1 files in experiments/ with control characters in their names; "
        "`maskinfo run` takes their paths\n");
    if (has("fish")) {
        const char *text =
            said_in(folder, "fish -c 'maskinfo list completion fish | source; complete -C "
                            "\"maskinfo run \" | cut -f1'");
        expect(text, "fish", "%s", "$(touch PWNED)\n");
        expect(text, "fish", "%s", "a b\n");
        expect(text, "fish", "%s", "plain-1.5\n");
    }
    remove_folder(folder);
}

static void fish_and_zsh(void **state)
{
    (void)state;
    char command[512];
    if (has("fish")) {
        snprintf(command, sizeof command,
                 "PATH=$PWD/" MI_BUILD ":$PATH fish -c 'maskinfo list completion fish | source; "
                 "for l in \"run task4\" \"run x --set model.kap\" \"list completion \"; "
                 "complete -C \"maskinfo $l\" | cut -f1; end'");
        assert_string_equal(said(command),
                            "task4a\ntask4b\ntask4-run\nmodel.kappa=\nbash\nfish\nzsh\n");
    }
    if (has("zsh")) {
        assert_string_equal(said(MI_BUILD "/maskinfo list completion zsh | zsh -n 2>&1"), "");
    }
    if (!has("fish") && !has("zsh")) {
        skip();
    }
}

static void refusals(void **state)
{
    (void)state;
    static const char *const cases[][2] = {{"list completion", "bash, zsh, fish"},
                                           {"list completion csh", "\"csh\""},
                                           {"list completion bash zsh", "one topic"},
                                           {"list man page", "one topic"},
                                           {"list woman", "man, completion"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const outcome *o = run_program("", cases[i][0]);
        assert_int_equal(o->status, 2);
        expect(o->err, cases[i][0], "%s", cases[i][1]);
        assert_string_equal(o->out, "");
    }
}

static void installs(void **state)
{
    (void)state;
    static const char *const files[][2] = {
        {"share/man/man1/maskinfo.1", "list man"},
        {"share/bash-completion/completions/maskinfo", "list completion bash"},
        {"share/zsh/site-functions/_maskinfo", "list completion zsh"},
        {"share/fish/vendor_completions.d/maskinfo.fish", "list completion fish"}};
    char folder[64], command[512];
    strcpy(folder, fresh_folder());
    snprintf(command, sizeof command,
             "make -s BUILD=" MI_BUILD " CFLAGS='" MI_SANITIZE "' install DESTDIR=%s PREFIX=/usr "
             ">/dev/null 2>&1",
             folder);
    assert_int_equal(system(command), 0);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        snprintf(command, sizeof command, MI_BUILD "/maskinfo %s | cmp - %s/usr/%s", files[i][1],
                 folder, files[i][0]);
        assert_int_equal(system(command), 0);
    }
    snprintf(command, sizeof command, "rm -r %s", folder);
    assert_int_equal(system(command), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_command_and_option),
        cmocka_unit_test(every_parameter),
        cmocka_unit_test(man_page_renders),
        cmocka_unit_test(bash_completes),
        cmocka_unit_test(bash_completes_experiments),
        cmocka_unit_test(names_of_files_are_not_run),
        cmocka_unit_test(names_of_files_are_quoted),
        cmocka_unit_test(fish_and_zsh),
        cmocka_unit_test(refusals),
        cmocka_unit_test(installs),
    };
    return cmocka_run_group_tests(tests, read_pages, NULL);
}
