/* Bad input: exit status 2, one message with file, JSON path, value and legal range, nothing
 * written. The program is run as a user runs it. */
#include "support.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "program.h"

/* One bad experiment: what is written to the file, and what the message must name. */
typedef struct bad_case {
    const char *content;
    const char *says[4];
} bad_case;

static char folder[64], file[128], target[128];

static int set_up(void **state)
{
    (void)state;
    strcpy(folder, fresh_folder());
    snprintf(file, sizeof file, "%s/bad.json", folder);
    snprintf(target, sizeof target, "%s/out", folder);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    char command[256];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

static void expect_refusal(const outcome *o, const char *const *says, const char *what)
{
    bool good = o->status == 2 && strchr(o->err, '\n') == o->err + strlen(o->err) - 1 &&
                count_entries(target) == 0;
    for (int i = 0; i < 4 && says[i] != NULL; i++) {
        good = good && strstr(o->err, says[i]) != NULL;
    }
    if (!good) {
        print_error("%s\nstatus %d, entries %zu, message:\n%s\nexpected to name:", what, o->status,
                    count_entries(target), o->err);
        for (int i = 0; i < 4 && says[i] != NULL; i++) {
            print_error(" <%s>", says[i]);
        }
        print_error("\n");
        fail();
    }
}

static void expect_refused_file(const bad_case *c)
{
    char arguments[512];
    write_text(file, c->content);
    snprintf(arguments, sizeof arguments, "run %s --out %s", file, target);
    const outcome *o = run_program("", arguments);
    assert_non_null(strstr(o->err, "bad.json"));
    expect_refusal(o, c->says, c->content);
}

#define GMRF "{\"experiment\":\"curve\",\"model\":{\"type\":\"gmrf\",\"grid\":[4,4]"

static void json_that_is_no_experiment(void **state)
{
    (void)state;
    static const bad_case cases[] = {
        {"", {"empty"}},
        {"{\"experiment\": \"curve\",\n \"model\": }", {"line 2, column 11", "malformed"}},
        {"{\"experiment\": \"curve\", \"model\": {\"type\"", {"malformed", "ends too early"}},
        {"[1, 2]", {"no object"}},
        {"42", {"no object"}},
        {GMRF "}} trailing", {"malformed"}},
        {GMRF "},\"seed\":1,\"seed\":2}", {"seed", "twice"}},
        {GMRF ",\"kappa\":1,\"kappa\":1}}", {"model.kappa", "twice"}},
        {GMRF ",\"kappa\":1e999}}", {"model.kappa", "finite"}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        expect_refused_file(&cases[i]);
    }
}

static void json_nested_a_million_deep(void **state)
{
    (void)state;
    enum { DEPTH = 1000000 };
    char *text = malloc(DEPTH), arguments[512];
    assert_non_null(text);
    memset(text, '[', DEPTH);
    write_bytes(file, text, DEPTH);
    free(text);
    snprintf(arguments, sizeof arguments, "run %s --out %s", file, target);
    expect_refusal(run_program("", arguments), (const char *const[4]){"nested", "at most 32"},
                   "a million brackets");
}

static void keys_and_types(void **state)
{
    (void)state;
    static const bad_case cases[] = {
        {"{}", {"experiment", "missing"}},
        {"{\"experiment\":\"curv\"}", {"experiment", "curv", "\"compare\""}},
        {"{\"experiment\":\"curve\"}", {"model", "missing"}},
        {"{\"experiment\":\"curve\",\"model\":{\"type\":\"gmrff\"}}",
         {"model.type", "gmrff", "\"gmrf\""}},
        {"{\"experiment\":\"curve\",\"model\":7}", {"model", "7", "object"}},
        {GMRF ",\"kapa\":1}}", {"model.kapa", "unknown key", "kappa"}},
        {GMRF "},\"rations\":[0.5]}", {"rations", "unknown key", "ratios"}},
        {GMRF ",\"kappa\":\"big\"}}", {"model.kappa", "\"big\"", "(0, "}},
        {GMRF ",\"boundary\":\"closed\"}}", {"model.boundary", "closed", "torus"}},
        {GMRF "},\"seed\":1.5}", {"seed", "1.5", "whole number"}},
        {GMRF "},\"seed\":-1}", {"seed", "-1"}},
        {GMRF "},\"estimator\":{\"method\":\"guess\"}}",
         {"estimator.method", "guess", "posterior"}},
        {GMRF "},\"estimator\":{\"samples\":0}}", {"estimator.samples", "0", "[2, "}},
        {GMRF "},\"mask\":{\"strategy\":\"stripes\"}}", {"mask.strategy", "stripes", "random"}},
        {GMRF "},\"mask\":{\"count\":\"some\"}}", {"mask.count", "some", "bernoulli"}},
        {GMRF "},\"title\":3}", {"title", "3", "string"}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        expect_refused_file(&cases[i]);
    }
}

static void ratios(void **state)
{
    (void)state;
    static const bad_case cases[] = {
        {GMRF "},\"ratios\":[]}", {"ratios", "0 ratios"}},
        {GMRF "},\"ratios\":[0,0.5]}", {"ratios[0]", "0", "(0, 1)"}},
        {GMRF "},\"ratios\":[0.5,1]}", {"ratios[1]", "1", "(0, 1)"}},
        {GMRF "},\"ratios\":[0.5,1.5]}", {"ratios[1]", "1.5", "(0, 1)"}},
        {GMRF "},\"ratios\":[-0.5]}", {"ratios[0]", "-0.5", "(0, 1)"}},
        {GMRF "},\"ratios\":[0.5,0.25]}", {"ratios[1]", "0.25", "increasing"}},
        {GMRF "},\"ratios\":[0.5,\"x\"]}", {"ratios[1]", "\"x\""}},
        {GMRF "},\"ratios\":0.5}", {"ratios", "0.5", "array"}},
        {GMRF "},\"ratios\":{\"from\":0.6,\"to\":0.4}}", {"ratios", "0.6", "0.4", "below"}},
        {GMRF "},\"ratios\":{\"from\":0,\"to\":0.4}}", {"ratios.from", "0", "(0, 1)"}},
        {GMRF "},\"ratios\":{\"steps\":1}}", {"ratios.steps", "1", "[2, "}},
        {GMRF "},\"ratios\":[0.01,0.5]}", {"ratios", "0.01", "16 sites", "0.0625"}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        expect_refused_file(&cases[i]);
    }
}

#define MODEL(text) "{\"experiment\":\"curve\",\"model\":{" text "}}"

static void models(void **state)
{
    (void)state;
    static const bad_case cases[] = {
        {MODEL("\"type\":\"mixing\",\"vocab\":0"), {"model.vocab", "0", "[2, "}},
        {MODEL("\"type\":\"mixing\",\"vocab\":1"), {"model.vocab", "1", "[2, "}},
        {MODEL("\"type\":\"mixing\",\"vocab\":-5"), {"model.vocab", "-5", "[2, "}},
        {MODEL("\"type\":\"mixing\",\"vocab\":1000000000000"), {"model.vocab", "[2, "}},
        {MODEL("\"type\":\"markov\",\"transition\":[[0.5,0.4],[0.5,0.5]]"),
         {"model.transition[0]", "0.9", "1"}},
        {MODEL("\"type\":\"markov\",\"transition\":[[1.5,-0.5],[0.5,0.5]]"),
         {"model.transition[0]", "1.5", "[0, 1]"}},
        {MODEL("\"type\":\"markov\",\"transition\":[[NaN,1],[0.5,0.5]]"), {"malformed"}},
        {MODEL("\"type\":\"markov\",\"transition\":[[null,1],[0.5,0.5]]"),
         {"model.transition[0][0]", "null", "number"}},
        {MODEL("\"type\":\"markov\",\"transition\":[[0.5,0.5],[1]]"), {"model.transition[1]", "2"}},
        {MODEL("\"type\":\"markov\",\"transition\":[[1,0],[0,1]]"), {"model.transition"}},
        {MODEL("\"type\":\"markov\",\"transition\":[[0,1],[1,0]]"), {"model.transition", "period"}},
        {MODEL("\"type\":\"gmrf\",\"grid\":[4,4],\"boundary\":\"torus\",\"kappa\":0"),
         {"model.kappa", "0", "(0, "}},
        {MODEL("\"type\":\"gmrf\",\"grid\":[4,4],\"boundary\":\"torus\",\"kappa\":-1"),
         {"model.kappa", "-1", "(0, "}},
        {MODEL("\"type\":\"gmrf\",\"grid\":[1,1]"), {"model.grid"}},
        {MODEL("\"type\":\"gmrf\",\"grid\":[1000000,1000000]"), {"model.grid", "1000000"}},
        {MODEL("\"type\":\"gmrf\",\"grid\":[4]"), {"model.grid", "[4]", "rows"}},
        {MODEL("\"type\":\"gmrf\",\"grid\":[4,4],\"neighbors\":5"), {"model.neighbors", "5"}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        expect_refused_file(&cases[i]);
    }
}

static void text_files(void **state)
{
    (void)state;
    char content[512], text[128];
    const struct {
        const char *bytes;
        size_t size;
        const char *says;
    } cases[] = {{"", 0, "empty"}, {"\0\1\2\3 abc def", 12, "not a text"}, {"a", 1, "letter"}};
    bad_case c = {content, {"model.text", "text.txt"}};
    snprintf(text, sizeof text, "%s/text.txt", folder);
    snprintf(content, sizeof content, MODEL("\"type\":\"ngram\",\"order\":3,\"text\":\"%s\""),
             text);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        write_bytes(text, cases[i].bytes, cases[i].size);
        c.says[2] = cases[i].says;
        expect_refused_file(&c);
    }
    remove(text);
    c.says[2] = NULL;
    expect_refused_file(&c);
    snprintf(content, sizeof content, MODEL("\"type\":\"ngram\",\"text\":\"%s\""), folder);
    expect_refused_file(&(bad_case){content, {"model.text", folder, "folder"}});
}

/* Copies of the first `size` bytes of a shipped file. */
static void copy_head(const char *from, const char *to, size_t size)
{
    char command[512];
    snprintf(command, sizeof command, "head -c %zu %s >%s", size, from, to);
    assert_int_equal(system(command), 0);
}

static void image_files(void **state)
{
    (void)state;
    char content[512], image[128];
    bad_case c = {content, {"model.images", "image"}};
    snprintf(image, sizeof image, "%s/image", folder);
    snprintf(content, sizeof content, MODEL("\"type\":\"patches\",\"images\":\"%s\""), image);
    expect_refused_file(&c);
    copy_head("data/photos/chelsea.png", image, 100000);
    expect_refused_file(&c);
    copy_head("data/photos/nagasaki-boats.jpg", image, 100000);
    expect_refused_file(&c);
    write_bytes(image, "\0\0\10\1\0\0\0\1\7", 9);
    expect_refused_file(&c);
    write_bytes(image, "\0\0\10\3\0\0\0\2\0\0\0\2\0\0\0\2\1\2\3\4", 20);
    expect_refused_file(&c);
    write_bytes(image, "\0\0\10\3\0\0\0\1\0\0\0\2\0\0\0\2\1\2\3\4", 20);
    expect_refused_file(&c);
    write_bytes(image, "hello, world", 12);
    expect_refused_file(&c);
}

static void assignments(void **state)
{
    (void)state;
    char arguments[512];
    static const struct {
        const char *set;
        const char *says[4];
    } cases[] = {
        {"model.kapa=1", {"model.kapa", "unknown key"}},
        {"modell.kappa=1", {"modell", "unknown key"}},
        {"model.kappa", {"--set model.kappa", "PATH=VALUE"}},
        {"model.kappa=-2", {"model.kappa", "-2", "(0, "}},
        {"model.grid[7]=3", {"--set model.grid[7]=3", "beyond the end"}},
        {"model.kappa.x=3", {"--set model.kappa.x=3", "no object"}},
        {"model[0]=3", {"--set model[0]=3", "no array"}},
        {"=3", {"--set =3", "PATH=VALUE"}},
        {"model..kappa=3", {"--set model..kappa=3", "empty"}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        snprintf(arguments, sizeof arguments, "run gmrf --out %s --set '%s'", target, cases[i].set);
        expect_refusal(run_program("", arguments), cases[i].says, cases[i].set);
    }
}

/* A comparison's own faults are found before anything is computed. */
static void comparisons(void **state)
{
    (void)state;
    char arguments[512];
    static const struct {
        const char *set;
        const char *says[4];
    } cases[] = {
        {"published=nofile", {"published", "nofile"}},
        {"overlay_on=[\"x\"]", {"overlay_on", "\"x\"", "label of a curve"}},
        {"curves=[]", {"curves", "1 to"}},
        {"curves[1].label=letters, order 2", {"label", "taken by curves[1]"}},
        {"curves[0].color=red", {"curves[0].color", "red", "#rrggbb"}},
        {"curves[0].figures=[\"pie\"]", {"curves[0].figures", "pie", "objective"}},
        {"curves[0].dash=7", {"curves[0].dash", "7", "[1, 5]"}},
        {"curves[0].ratios=[2]", {"curves[0].ratios[0]", "2", "(0, 1)"}},
        {"effort=0", {"effort", "0", "(0, 100]"}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        snprintf(arguments, sizeof arguments, "run task2 --out %s --set '%s'", target,
                 cases[i].set);
        expect_refusal(run_program("", arguments), cases[i].says, cases[i].set);
    }
}

static void usage(void **state)
{
    (void)state;
    static const struct {
        const char *arguments;
        const char *says[4];
    } cases[] = {
        {"walk", {"walk", "run, check, plot, list, advise"}},
        {"run", {"one experiment"}},
        {"run a b", {"one experiment"}},
        {"run no-such-experiment", {"no-such-experiment", "list experiments"}},
        {"run /no/such/file.json", {"/no/such/file.json"}},
        {"run gmrf --fast", {"--fast", "unknown option"}},
        {"run gmrf --threads 0", {"--threads", "0", "[1, "}},
        {"run gmrf --threads two", {"--threads", "two"}},
        {"run gmrf --seed", {"--seed", "value"}},
        {"run gmrf --seed x", {"--seed", "x"}},
        {"run gmrf --json=1", {"--json", "no value"}},
        {"plot x --set a=1", {"plot does not take --set", "takes --quiet, --help"}},
        {"check gmrf --json", {"check does not take --json", "--set", "--seed", "--threads"}},
        {"check gmrf --resume", {"check does not take --resume"}},
        {"advise data --set a=1", {"advise does not take --set", "--patch", "--strategy"}},
        {"run gmrf --patch=2", {"run does not take --patch", "--resume"}},
        {"list models --quiet", {"list does not take --quiet", "--help"}},
        {"list nothing", {"nothing", "models, masks", "man, completion"}},
        {"plot", {"result.json"}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        expect_refusal(run_program("", cases[i].arguments), cases[i].says, cases[i].arguments);
    }
}

static void output_folder_below_a_file(void **state)
{
    (void)state;
    char arguments[512];
    write_text(file, "not a folder");
    snprintf(arguments, sizeof arguments, "run gmrf --out %s/deeper", file);
    expect_refusal(run_program("", arguments), (const char *const[4]){"bad.json"}, "--out");
}

static void check_names_every_fault(void **state)
{
    (void)state;
    char arguments[512];
    write_text(file, GMRF ",\"kappa\":0,\"kapa\":1},\"seed\":-1,\"ratios\":[2]}");
    snprintf(arguments, sizeof arguments, "check %s", file);
    const outcome *o = run_program("", arguments);
    assert_int_equal(o->status, 2);
    assert_non_null(strstr(o->err, "bad.json: model.kappa: 0; must be"));
    assert_non_null(strstr(o->err, "bad.json: model.kapa: unknown key"));
    assert_non_null(strstr(o->err, "bad.json: seed: -1; must be"));
    assert_non_null(strstr(o->err, "bad.json: ratios[0]: 2; "));
    snprintf(arguments, sizeof arguments, "run %s --out %s", file, target);
    assert_non_null(strstr(run_program("", arguments)->err, "3 more"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(json_that_is_no_experiment, set_up, tear_down),
        cmocka_unit_test_setup_teardown(json_nested_a_million_deep, set_up, tear_down),
        cmocka_unit_test_setup_teardown(keys_and_types, set_up, tear_down),
        cmocka_unit_test_setup_teardown(ratios, set_up, tear_down),
        cmocka_unit_test_setup_teardown(models, set_up, tear_down),
        cmocka_unit_test_setup_teardown(text_files, set_up, tear_down),
        cmocka_unit_test_setup_teardown(image_files, set_up, tear_down),
        cmocka_unit_test_setup_teardown(assignments, set_up, tear_down),
        cmocka_unit_test_setup_teardown(comparisons, set_up, tear_down),
        cmocka_unit_test_setup_teardown(usage, set_up, tear_down),
        cmocka_unit_test_setup_teardown(output_folder_below_a_file, set_up, tear_down),
        cmocka_unit_test_setup_teardown(check_names_every_fault, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("bad input", tests, NULL, NULL);
}
