/* Methods that compare views, as they are trained: threads, checkpoints, monitors, what stops them.
 */
#include "siamese_support.h"

#include "../src/methods/ibot.h"
#include "maskinfo/safetensors.h"

enum { MOST = 16000 }; /* numbers of a block and its centres */

/* Teacher and centres, one behind the other. */
static size_t copy_kept(const trial *t, const mi_trainer *trainer, mi_scalar *to)
{
    const mi_method *method = &t->setting.method;
    size_t total = trainer->parts->tensors->total, used = total;
    mi_kept kept[MI_KEPT_ARRAYS];
    memcpy(to, method->class->teacher(method->state), total * sizeof *to);
    size_t count = method->class->kept != NULL ? method->class->kept(method->state, kept) : 0;
    for (size_t k = 0; k < count; k++) {
        memcpy(to + used, kept[k].values, kept[k].count * sizeof *to);
        used += kept[k].count;
    }
    return used;
}

static void same_bytes_at_any_thread_count(void **state)
{
    (void)state;
    for (int k = 0; k < SIAMESE_RECIPES; k++) {
        trial t = trial_of(&siamese_recipes[k], siamese_training);
        trial u = trial_of(&siamese_recipes[k], siamese_training);
        mi_trainer *one = trainer_of(&t, 1), *more = trainer_of(&u, 4);
        size_t bytes = block_bytes(one), size = bytes + 100 * sizeof(mi_scalar);
        mi_scalar *a = malloc(size), *b = malloc(size);
        for (size_t n = 1; n <= 4; n++) {
            steps(one, &t, n);
            steps(more, &u, n);
            assert_true(one->loss == more->loss && one->gradient_norm == more->gradient_norm);
            assert_memory_equal(one->monitors, more->monitors, sizeof one->monitors);
        }
        assert_memory_equal(one->values, more->values, bytes);
        size_t count = copy_kept(&t, one, a);
        assert_int_equal(copy_kept(&u, more, b), count);
        assert_memory_equal(a, b, count * sizeof *a);
        free(a);
        free(b);
        mi_trainer_destroy(one);
        mi_trainer_destroy(more);
        trial_free(&t);
        trial_free(&u);
    }
}

/* N steps are k steps, a checkpoint, another trainer, and N - k steps. */
static void goes_on_bit_for_bit(void **state)
{
    for (int k = 0; k < SIAMESE_RECIPES; k++) {
        char path[SCRATCH_PATH];
        trial t = trial_of(&siamese_recipes[k], siamese_training);
        trial u = trial_of(&siamese_recipes[k], siamese_training);
        mi_trainer *first = trainer_of(&t, 2), *second = trainer_of(&u, 1);
        size_t bytes = block_bytes(first), size = bytes + 100 * sizeof(mi_scalar);
        mi_scalar *a = malloc(size), *b = malloc(size);
        scratch_name(state, "checkpoint", path);
        steps(first, &t, 5);
        assert_int_equal(mi_trainer_save(first, &t.run, path, NULL), MI_OK);
        steps(first, &t, 9);
        steps(second, &u, 2);
        assert_int_equal(mi_trainer_load(second, &u.run, path, NULL), MI_OK);
        steps(second, &u, 9);
        assert_memory_equal(first->values, second->values, bytes);
        assert_memory_equal(first->monitors, second->monitors, sizeof first->monitors);
        size_t count = copy_kept(&t, first, a);
        copy_kept(&u, second, b);
        assert_memory_equal(a, b, count * sizeof *a);
        free(a);
        free(b);
        mi_trainer_destroy(first);
        mi_trainer_destroy(second);
        trial_free(&t);
        trial_free(&u);
    }
}

/* A teacher and a centre that stay are a fixed problem. */
static void a_fixed_teacher_is_learned(void **state)
{
    (void)state;
    static const char *const fixed[] = {
        "{\"patch\":2,\"encoder\":{\"width\":16,\"depth\":2,\"heads\":2},\"head\":{" SIAMESE_HEAD
        "},\"teacher\":{\"momentum\":1,\"center_momentum\":1}}",
        "{\"patch\":2,\"encoder\":{\"width\":16,\"depth\":2,\"heads\":2},\"teacher\":{\"momentum\":"
        "1}}",
    };
    for (int k = 0; k < SIAMESE_RECIPES; k++) {
        recipe r = siamese_recipes[k];
        double early = 0, late = 0;
        r.parameters = fixed[k == 3];
        trial t = trial_of(&r, "{\"steps\":60,\"batch\":16,\"rate\":0.003}");
        mi_trainer *trainer = trainer_of(&t, 2);
        while (trainer->step < 60) {
            steps(trainer, &t, trainer->step + 1);
            early += trainer->step <= 5 ? trainer->loss / 5 : 0;
            late += trainer->step > 55 ? trainer->loss / 5 : 0;
        }
        print_message("%s: loss %.4f, then %.4f\n", r.method, early, late);
        assert_true(late < 0.95 * early);
        mi_trainer_destroy(trainer);
        trial_free(&t);
    }
}

/* ---- a step from its parts ---- */

static double length(size_t count, const mi_scalar *a, const mi_scalar *b)
{
    double square = 0;
    for (size_t i = 0; i < count; i++) {
        square += ((double)a[i] - (double)b[i]) * ((double)a[i] - (double)b[i]);
    }
    return sqrt(square);
}

/* Teacher and centre move as they should, and the monitors tell of what moved. */
static void teacher_and_centre_follow(void **state)
{
    (void)state;
    trial t = trial_of(&siamese_recipes[0], siamese_training);
    mi_trainer *trainer = trainer_of(&t, 2);
    const mi_ibot *dino = t.setting.method.state;
    size_t total = trainer->parts->tensors->total;
    mi_scalar *teacher = malloc(total * sizeof *teacher), center[12], zero[12] = {0};
    for (size_t n = 0; n < 4; n++) {
        double m = 1 - 0.004 * (1 + cos(3.14159265358979 * (double)n / 30)) / 2;
        memcpy(teacher, dino->siamese.teacher, total * sizeof *teacher);
        memcpy(center, dino->class.center, sizeof center);
        steps(trainer, &t, n + 1);
        for (size_t i = 0; i < total; i++) {
            double expected = m * (double)teacher[i] + (1 - m) * (double)trainer->values[i];
            assert_near((double)dino->siamese.teacher[i], expected, 1e-6);
        }
        const double *monitors = trainer->monitors;
        assert_near(monitors[2], monitors[1] - monitors[0], 1e-12);
        assert_near(monitors[3], trainer->loss - monitors[0], 1e-9);
        assert_true(monitors[0] >= 0 && monitors[2] >= 0 && monitors[3] >= 0);
        assert_true(monitors[1] <= log(12) + 1e-9);
        assert_near(monitors[4], length(12, center, zero), 1e-6);
        assert_near(monitors[5], length(12, dino->class.center, center) / 0.1, 1e-5);
        assert_true(monitors[6] > 0 && monitors[8] > 0 && monitors[8] <= 1);
    }
    free(teacher);
    mi_trainer_destroy(trainer);
    trial_free(&t);
}

/* Names and their order are what results are read by. */
static void monitors_have_their_names(void **state)
{
    (void)state;
    static const char *const names[] = {"teacher_entropy",
                                        "mean_entropy",
                                        "information",
                                        "divergence",
                                        "center_norm",
                                        "center_distance",
                                        "center_noise",
                                        "effective_rank",
                                        "feature_deviation",
                                        "patch_teacher_entropy",
                                        "patch_mean_entropy",
                                        "patch_information",
                                        "patch_divergence",
                                        "patch_center_norm",
                                        "koleo"};
    static const char *const byol_names[] = {"feature_deviation", "effective_rank", "cosine"};
    for (int k = 0; k < SIAMESE_RECIPES; k++) {
        const mi_method_class *class = mi_method_find(siamese_recipes[k].method);
        size_t count = k == 0 ? 9 : k == 3 ? 3 : 15;
        for (size_t m = 0; m < count; m++) {
            assert_string_equal(class->monitors[m].name, k == 3 ? byol_names[m] : names[m]);
            assert_non_null(class->monitors[m].unit);
            assert_true(strlen(class->monitors[m].help) > 10);
        }
        assert_null(class->monitors[count].name);
    }
}

/* Each masked view counts alike, and none where no view is masked. */
static void patches_are_monitored(void **state)
{
    (void)state;
    for (int k = 1; k < 3; k++) {
        trial t = trial_of(&siamese_recipes[k], siamese_training);
        mi_trainer *trainer = trainer_of(&t, 2);
        mi_ibot *ibot = t.setting.method.state;
        steps(trainer, &t, 3);
        for (size_t m = 9; m < 13; m++) {
            assert_true(trainer->monitors[m] > -1e-6);
        }
        assert_true(isnan(trainer->monitors[13]) == (k == 2)); /* Sinkhorn has no centre */
        assert_true(isnan(trainer->monitors[14]) == (k == 1)); /* ibot no KoLeo */
        ibot->masked_views = 0;
        steps(trainer, &t, 4);
        for (size_t m = 9; m < 13; m++) {
            assert_true(isnan(trainer->monitors[m]));
        }
        assert_true(isfinite(trainer->loss));
        mi_trainer_destroy(trainer);
        trial_free(&t);
    }
}

static double gradient_of(const mi_trainer *trainer, const char *name)
{
    const mi_tensor *tensor = mi_tensors_find(trainer->parts->tensors, name);
    double square = 0;
    for (size_t i = 0; i < tensor->count; i++) {
        double x = (double)trainer->gradient[tensor->offset + i];
        square += x * x;
    }
    return square;
}

static void last_layer_is_frozen(void **state)
{
    (void)state;
    recipe r = siamese_recipes[2];
    r.parameters = "{" SIAMESE_COMMON ",\"head\":{" SIAMESE_HEAD "},\"frozen_last_layer\":2,"
                   "\"masked_views\":1}";
    trial t = trial_of(&r, siamese_training);
    mi_trainer *trainer = trainer_of(&t, 2);
    for (size_t n = 1; n <= 3; n++) {
        steps(trainer, &t, n);
        assert_true((gradient_of(trainer, "head.last_layer.weight_v") == 0) == (n < 3));
        assert_true((gradient_of(trainer, "patch_head.last_layer.weight_v") == 0) == (n < 3));
        assert_true(gradient_of(trainer, "head.mlp.0.weight") > 0);
    }
    mi_trainer_destroy(trainer);
    trial_free(&t);
}

/* ---- what is refused, and what stops ---- */

static void create_fails(const char *method, const char *json, const char *place, const char *part)
{
    const mi_method_class *class = mi_method_find(method);
    const mi_source_shape shape = {.rows = 8, .columns = 6, .channels = 1, .site = 2};
    mi_values *values = values_from(class->parameters, json);
    mi_status status = {.code = MI_OK};
    void *made = NULL;
    assert_int_equal(class->create(values, &shape, &made, &status), MI_INPUT);
    assert_string_equal(status.place, place);
    if (strstr(status.message, part) == NULL) {
        fail_msg("%s is not in: %s", part, status.message);
    }
    mi_values_destroy(values);
}

static void sizes_that_do_not_fit_are_refused(void **state)
{
    (void)state;
    static const char *const methods[] = {"ibot", "dino", "dinov2", "byol"};
    for (int k = 0; k < 4; k++) {
        const char *m = methods[k];
        create_fails(m, "{\"patch\":4}", "patch", "must divide both sides of the 8x6 image");
        create_fails(m, "{\"encoder\":{\"heads\":5}}", "encoder.heads", "must divide the width");
        create_fails(m, "{\"encoder\":{\"width\":18}}", "encoder.width", "a multiple of 4");
        create_fails(m, "{\"views\":{\"local_crops\":1,\"local_size\":10}}", "views.local_size",
                     "more than the 8x6 image has");
        create_fails(m, "{\"views\":{\"local_crops\":1,\"local_size\":3}}", "views.local_size",
                     "a multiple of the patch, 2");
        create_fails(m, "{\"views\":{\"global_scale\":[0.5]}}", "views.global_scale", "two");
        create_fails(m, "{\"views\":{\"global_scale\":[0.9,0.5]}}", "views.global_scale", "");
    }
    create_fails("ibot", "{\"head\":{\"patch_prototypes\":7}}", "head.patch_prototypes",
                 "a shared head");
}

/* The first fault of binding the parameters. */
static void binding_fails(const char *method, const char *json, const char *part)
{
    mi_faults faults = {.file = "test"};
    mi_binding binding = {&faults, 1};
    mi_values *values = NULL;
    cJSON *object = mi_document_parse(json, strlen(json), &faults), *resolved = NULL;
    mi_status status = {.code = MI_OK};
    assert_int_equal(mi_bind(&binding, object, "method", mi_method_find(method)->parameters, NULL,
                             &values, &resolved, &status),
                     MI_OK);
    assert_true(faults.count > 0);
    if (strstr(faults.messages[0], part) == NULL) {
        fail_msg("%s is not in: %s", part, faults.messages[0]);
    }
    mi_faults_clear(&faults);
    mi_values_destroy(values);
    cJSON_Delete(object);
    cJSON_Delete(resolved);
}

static void values_out_of_range_are_refused(void **state)
{
    (void)state;
    static const char *const methods[] = {"ibot", "dino", "dinov2"};
    for (int k = 0; k < 3; k++) {
        binding_fails(methods[k], "{\"teacher\":{\"temperature\":0}}", "teacher.temperature");
        binding_fails(methods[k], "{\"teacher\":{\"warmup_temperature\":-1}}", "(0, 100]");
        binding_fails(methods[k], "{\"student_temperature\":0}", "student_temperature");
        binding_fails(methods[k], "{\"teacher\":{\"center_momentum\":1.01}}", "center_momentum");
        binding_fails(methods[k], "{\"head\":{\"prototypes\":1}}", "head.prototypes");
        binding_fails(methods[k], "{\"views\":{\"flip\":1}}", "true or false");
    }
    binding_fails("byol", "{\"teacher\":{\"momentum\":-0.1}}", "teacher.momentum");
    binding_fails("ibot", "{\"teacher\":{\"patch_temperature\":0}}", "patch_temperature");
    binding_fails("ibot", "{\"masked_views\":1.5}", "masked_views");
}

static void begin_fails(const recipe *r, const char *settings, const char *part)
{
    trial t = trial_of(r, settings);
    mi_trainer *trainer = NULL;
    mi_status status = {.code = MI_OK};
    assert_failure(mi_trainer_create(&t.setting, &t.run, &trainer, &status), MI_INPUT, status,
                   part);
    trial_free(&t);
}

static void batches_that_are_too_small_are_refused(void **state)
{
    (void)state;
    recipe sinkhorn = siamese_recipes[0], koleo = siamese_recipes[0];
    sinkhorn.parameters = "{\"patch\":2,\"teacher\":{\"centering\":\"sinkhorn\"}}";
    koleo.parameters = "{\"patch\":2,\"koleo_weight\":0.1}";
    begin_fails(&sinkhorn, "{\"batch\":1}", "needs at least 2");
    begin_fails(&koleo, "{\"batch\":7,\"shards\":4}", "training.batch is 7 in 4 shards");
    for (int k = 0; k < SIAMESE_RECIPES; k++) { /* one image is enough for the others */
        trial t = trial_of(&siamese_recipes[k], "{\"batch\":1}");
        if (k != 2) {
            mi_trainer *trainer = trainer_of(&t, 2);
            steps(trainer, &t, 2);
            assert_true(isfinite(trainer->loss));
            mi_trainer_destroy(trainer);
        }
        trial_free(&t);
    }
}

/* One number of a block that is not finite stops the step; everything stays as it was. */
static void stops(trial *t, mi_trainer *trainer, mi_scalar *number, const char *part)
{
    mi_scalar kept = *number, before[MOST], after[MOST];
    mi_status status = {.code = MI_OK};
    size_t step = trainer->step, count = trainer->parts->tensors->total;
    char where[32];
    snprintf(where, sizeof where, "step %zu: ", step);
    *number = (mi_scalar)INFINITY;
    mi_tensors_transpose(trainer->parts->tensors, trainer->values, trainer->transposed, &t->run,
                         NULL);
    t->setting.method.class->refresh(t->setting.method.state, &t->run, NULL);
    copy_kept(t, trainer, before);
    mi_scalar weight = trainer->values[16];
    assert_failure(mi_trainer_step(trainer, &t->run, &status), MI_NUMERIC, status, where);
    if (strstr(status.message, part) == NULL) {
        fail_msg("%s is not in: %s", part, status.message);
    }
    copy_kept(t, trainer, after);
    assert_memory_equal(before, after, count * sizeof *before);
    assert_true(trainer->step == step && trainer->values[16] == weight);
    *number = kept;
}

static void what_is_not_finite_stops(void **state)
{
    (void)state;
    for (int k = 0; k < SIAMESE_RECIPES; k++) {
        trial t = trial_of(&siamese_recipes[k], siamese_training);
        mi_trainer *trainer = trainer_of(&t, 2);
        const mi_tensors *tensors = trainer->parts->tensors;
        mi_scalar *teacher = t.setting.method.class->teacher(t.setting.method.state);
        size_t block = mi_tensors_find(tensors, "blocks.1.mlp.fc2.bias")->offset;
        size_t head =
            mi_tensors_find(tensors, k == 3 ? "projector.0.bias" : "head.mlp.0.bias")->offset;
        assert_true(tensors->total + 100 < MOST);
        steps(trainer, &t, 3);
        stops(&t, trainer, &trainer->values[block], "the loss is not finite, from blocks.1 on");
        stops(&t, trainer, &teacher[block], "not finite, from blocks.1 on");
        stops(&t, trainer, &trainer->values[head],
              k == 3 ? "from the projector on" : "from the head on");
        stops(&t, trainer, &teacher[head], "the teacher's ");
        mi_trainer_destroy(trainer);
        trial_free(&t);
    }
}

/* A checkpoint of another architecture under the same identity. */
static void weights_of_another_architecture_are_refused(void **state)
{
    char path[SCRATCH_PATH];
    recipe other = siamese_recipes[0];
    other.parameters = "{\"patch\":2,\"encoder\":{\"width\":16,\"depth\":2,\"heads\":2},"
                       "\"head\":{\"prototypes\":13,\"hidden\":10,\"bottleneck\":6}}";
    trial t = trial_of(&siamese_recipes[0], siamese_training),
          u = trial_of(&other, siamese_training);
    u.setting.identity = t.setting.identity;
    mi_trainer *first = trainer_of(&t, 2), *second = trainer_of(&u, 2);
    mi_status status = {.code = MI_OK};
    scratch_name(state, "checkpoint", path);
    steps(first, &t, 1);
    assert_int_equal(mi_trainer_save(first, &t.run, path, NULL), MI_OK);
    assert_failure(mi_trainer_load(second, &u.run, path, &status), MI_INPUT, status,
                   "head.last_layer.weight_v");
    assert_int_equal(second->step, 0);
    mi_trainer_destroy(first);
    mi_trainer_destroy(second);
    trial_free(&t);
    trial_free(&u);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_bytes_at_any_thread_count),
        cmocka_unit_test(goes_on_bit_for_bit),
        cmocka_unit_test(a_fixed_teacher_is_learned),
        cmocka_unit_test(teacher_and_centre_follow),
        cmocka_unit_test(monitors_have_their_names),
        cmocka_unit_test(patches_are_monitored),
        cmocka_unit_test(last_layer_is_frozen),
        cmocka_unit_test(sizes_that_do_not_fit_are_refused),
        cmocka_unit_test(values_out_of_range_are_refused),
        cmocka_unit_test(batches_that_are_too_small_are_refused),
        cmocka_unit_test(what_is_not_finite_stops),
        cmocka_unit_test(weights_of_another_architecture_are_refused),
    };
    mi_start();
    return cmocka_run_group_tests(tests, scratch_create, scratch_remove);
}
