/* Fault injection: the k-th allocation fails, for k = 0, 1, 2, ... until all succeed. Each time the
 * way from a document to a result must end in MI_MEMORY, and (under the sanitizers) leak nothing.
 */
#include "arrays.h"
#include "faulty.h"

#include <stdlib.h>
#include <string.h>

#include "maskinfo/experiment.h"

static mi_code whole_way(const char *text, mi_status *status)
{
    mi_faults faults = {.file = "test"};
    mi_experiment *experiment = NULL;
    mi_run_options options = {.run = {.seed = 1, .threads = 1}};
    cJSON *document = mi_document_parse(text, strlen(text), &faults), *result = NULL;
    assert_non_null(document);
    mi_code code = mi_experiment_create(document, &faults, &experiment, status);
    if (code == MI_OK) {
        code = mi_experiment_run(experiment, &options, &faults, &result, status);
    }
    cJSON_Delete(result);
    mi_experiment_destroy(experiment);
    cJSON_Delete(document);
    mi_faults_clear(&faults);
    return code;
}

static void every_allocation_may_fail(const char *text)
{
    mi_code code = MI_MEMORY;
    long failures = 0;
    for (; code != MI_OK; failures++) {
        mi_status status = {.code = MI_OK};
        faulty_arm(failures, false);
        code = whole_way(text, &status);
        bool failed = faulty_disarm() > failures;
        if (code != (failed ? MI_MEMORY : MI_OK)) {
            print_error("allocation %ld: code %d, \"%s\"\n", failures, code, status.message);
            fail();
        }
    }
    assert_true(failures > 20);
}

#define TRAIN(more)                                                                                \
    "{\"experiment\":\"train\",\"training\":{\"steps\":2,\"batch\":3,\"shards\":2},"               \
    "\"evaluation\":{\"samples\":4,\"ratios\":[0.25,0.5,0.75],\"pictures\":1},"                    \
    "\"estimator\":{\"samples\":2},\"ratio\":0.5," more "}"
#define SMALL "\"encoder\":{\"width\":4,\"depth\":1,\"heads\":2}"

static void trained_on_pixels(void **state)
{
    (void)state;
    every_allocation_may_fail(TRAIN("\"method\":{\"type\":\"mae\"," SMALL "},"
                                    "\"model\":{\"type\":\"gmrf\",\"grid\":[2,3]}"));
}

static void trained_on_symbols(void **state)
{
    (void)state;
    every_allocation_may_fail(
        TRAIN("\"method\":{\"type\":\"mlm\"," SMALL "},"
              "\"model\":{\"type\":\"mixing\",\"vocab\":3,\"rho\":0.5,\"length\":4}"));
}

static void trained_and_probed(void **state)
{
    (void)state;
    every_allocation_may_fail(
        TRAIN("\"method\":{\"type\":\"mae\"," SMALL "},"
              "\"model\":{\"type\":\"scene\",\"grid\":[2,3],\"classes\":2},"
              "\"probe\":{\"count\":6,\"held_out_count\":4,\"neighbors\":2}"));
}

static void checked(void **state)
{
    (void)state;
    every_allocation_may_fail(
        "{\"experiment\":\"checks\",\"training\":{\"steps\":2,\"batch\":3,\"shards\":2},"
        "\"evaluation\":{\"samples\":4},\"estimator\":{\"samples\":2},\"ratio\":0.5,"
        "\"runs\":[{\"label\":\"a\",\"method\":{\"type\":\"mae\"," SMALL "},"
        "\"model\":{\"type\":\"gmrf\",\"grid\":[2,3]}}],"
        "\"linear_mae\":{\"label\":\"a\",\"rank\":2,\"count\":8,\"steps\":2},"
        "\"probe_curve\":{\"label\":\"a\",\"ratios\":[0.5],\"method\":{\"type\":\"mae\"," SMALL "},"
        "\"model\":{\"type\":\"scene\",\"grid\":[2,3],\"classes\":2},"
        "\"probe\":{\"count\":6,\"held_out_count\":4,\"neighbors\":2}}}");
}

#define CURVE(model)                                                                               \
    "{\"experiment\":\"curve\",\"ratios\":{\"from\":0.3,\"to\":0.7,\"steps\":6},"                  \
    "\"estimator\":{\"samples\":4},\"model\":{" model "}}"

static void infinite_chain(void **state)
{
    (void)state;
    every_allocation_may_fail(CURVE("\"type\":\"mixing\",\"vocab\":50,\"rho\":0.5,\"zipf\":1"));
}

static void random_chain(void **state)
{
    (void)state;
    every_allocation_may_fail(
        CURVE("\"type\":\"markov\",\"random\":{\"vocab\":3,\"concentration\":1},\"length\":5"));
}

static void parity_rule(void **state)
{
    (void)state;
    every_allocation_may_fail(CURVE("\"type\":\"parity\",\"length\":20"));
}

static void gaussian_field(void **state)
{
    (void)state;
    every_allocation_may_fail(CURVE("\"type\":\"gmrf\",\"grid\":[3,4]"));
}

static void potts_field(void **state)
{
    (void)state;
    every_allocation_may_fail(CURVE("\"type\":\"potts\",\"grid\":[4,5],\"states\":3"));
    every_allocation_may_fail(CURVE("\"type\":\"potts\",\"grid\":[2,3],\"inference\":\"belief\""));
}

static void class_and_texture(void **state)
{
    (void)state;
    every_allocation_may_fail(CURVE("\"type\":\"scene\",\"grid\":[3,4]"));
}

static void real_patches(void **state)
{
    (void)state;
    every_allocation_may_fail(CURVE("\"type\":\"patches\",\"patch\":1,\"grid\":[2,2],"
                                    "\"images\":[\"data/photos/chelsea.png\","
                                    "\"data/photos/coffee.png\"],\"crops\":100,"
                                    "\"held_out_crops\":24"));
}

static void array_of_a_series(void **state)
{
    char path[SCRATCH_PATH], text[1000];
    float values[100];
    for (size_t i = 0; i < 100; i++) {
        values[i] = (float)sin((double)(i * i));
    }
    npy_write(scratch_name(state, "a.npy", path), "<f4", "(50, 2)", values, sizeof values);
    snprintf(text, sizeof text,
             CURVE("\"type\":\"patches\",\"patch\":1,\"grid\":[1,4],\"images\":\"%s\","
                   "\"crops\":100,\"held_out_crops\":24"),
             path);
    every_allocation_may_fail(text);
}

static void real_letters(void **state)
{
    (void)state;
    every_allocation_may_fail(
        CURVE("\"type\":\"ngram\",\"text\":\"README.md\",\"order\":2,\"length\":6"));
}

static void plug_in_counts(void **state)
{
    (void)state;
    every_allocation_may_fail(
        "{\"experiment\":\"curve\",\"ratios\":[0.25,0.5],\"estimator\":{\"method\":\"plugin\","
        "\"samples\":5,\"masks\":1},\"model\":{\"type\":\"mixing\",\"vocab\":3,\"rho\":0.5,"
        "\"length\":4}}");
}

static void estimators(void **state)
{
    (void)state;
    every_allocation_may_fail(
        "{\"experiment\":\"estimators\",\"gaussian\":{\"samples\":[5],\"dimensions\":[1],"
        "\"sets\":4},\"discrete\":{\"samples\":[4],\"contexts\":[1],\"sets\":4}}");
}

static void centre(void **state)
{
    (void)state;
    every_allocation_may_fail(
        "{\"experiment\":\"center\",\"equilibrium\":{"
        "\"center_momenta\":[0],\"replicates\":8,\"window\":1},\"stability\":{\"grid\":[2,2],"
        "\"steps\":1000,\"gains\":[0.1],\"points\":[[1,1]]},\"loop\":{\"steps\":100,"
        "\"prototypes\":2,\"replicates\":1,\"similarities\":[0]}}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trained_on_pixels),
        cmocka_unit_test(trained_on_symbols),
        cmocka_unit_test(trained_and_probed),
        cmocka_unit_test(checked),
        cmocka_unit_test(infinite_chain),
        cmocka_unit_test(random_chain),
        cmocka_unit_test(parity_rule),
        cmocka_unit_test(gaussian_field),
        cmocka_unit_test(potts_field),
        cmocka_unit_test(class_and_texture),
        cmocka_unit_test(real_patches),
        cmocka_unit_test(real_letters),
        cmocka_unit_test(plug_in_counts),
        cmocka_unit_test(estimators),
        cmocka_unit_test(centre),
        SCRATCH_TEST(array_of_a_series),
    };
    mi_start();
    return cmocka_run_group_tests_name("failing allocations", tests, NULL, NULL);
}
