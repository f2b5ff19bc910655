/* Methods that compare views, as they are trained: threads, checkpoints, monitors, what stops them.
 */
#include "siamese_support.h"

#include <stdatomic.h>

#include "../src/methods/ibot.h"
#include "maskinfo/safetensors.h"

enum { MOST = 4000 };

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_bytes_at_any_thread_count),
        cmocka_unit_test(goes_on_bit_for_bit),
        cmocka_unit_test(a_fixed_teacher_is_learned),
    };
    mi_start();
    return cmocka_run_group_tests(tests, scratch_create, scratch_remove);
}
