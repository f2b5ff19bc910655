/* Checkpoints: a run goes on from them bit for bit; others are refused; a crash keeps the old one.
 */
#include "trainer_support.h"

#include <sys/wait.h>

#include "maskinfo/safetensors.h"

/* The linker sends the library's calls here (-Wl,--wrap): a rename may be the end of the process.
 */
int __real_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to);
static bool crashes_at_rename = false;

int __wrap_rename(const char *from, const char *to)
{
    if (crashes_at_rename) {
        _exit(9);
    }
    return __real_rename(from, to);
}

/* N steps are k steps, a checkpoint, a new trainer, and N - k steps; on other thread counts. */
static void goes_on_from_a_checkpoint(void **state, const recipe *r)
{
    char path[SCRATCH_PATH];
    trial t = trial_of(r, training);
    mi_trainer *whole = trainer_of(&t, 2);
    steps(whole, &t, 11);
    scratch_name(state, "run/checkpoint.safetensors", path);
    mi_trainer *first = trainer_of(&t, 3);
    steps(first, &t, 5);
    assert_int_equal(mi_trainer_save(first, &t.run, path, NULL), MI_OK);
    mi_trainer *second = trainer_of(&t, 1);
    assert_int_equal(mi_trainer_load(second, &t.run, path, NULL), MI_OK);
    assert_same_state(first, second);
    steps(second, &t, 11);
    assert_same_state(whole, second);
    assert_true(whole->loss == second->loss && whole->rate == second->rate);
    mi_trainer_destroy(whole);
    mi_trainer_destroy(first);
    mi_trainer_destroy(second);
    trial_free(&t);
}

static void goes_on_bit_for_bit(void **state)
{
    goes_on_from_a_checkpoint(state, &mae);
    goes_on_from_a_checkpoint(state, &mlm);
}

/* The trainer refuses the file and stays as it was. */
static void is_refused(mi_trainer *trainer, const trial *t, const char *path, const char *message)
{
    size_t bytes = block_bytes(trainer);
    mi_status status = {.code = MI_OK};
    mi_scalar *values = memcpy(malloc(bytes), trainer->values, bytes);
    mi_scalar *first = memcpy(malloc(bytes), trainer->first, bytes);
    assert_failure(mi_trainer_load(trainer, &t->run, path, &status), MI_INPUT, status, message);
    assert_int_equal(strncmp(status.message, path, strlen(path)), 0);
    assert_int_equal(trainer->step, 2);
    assert_memory_equal(values, trainer->values, bytes);
    assert_memory_equal(first, trainer->first, bytes);
    free(values);
    free(first);
}

static void other_checkpoints_are_refused(void **state)
{
    char path[SCRATCH_PATH];
    trial t = trial_of(&mae, training);
    mi_trainer *trainer = trainer_of(&t, 2);
    steps(trainer, &t, 2);
    scratch_name(state, "checkpoint", path);
    assert_int_equal(mi_trainer_save(trainer, &t.run, path, NULL), MI_OK);
    trainer->setting.identity = "something else";
    is_refused(trainer, &t, path, "is a checkpoint of another configuration");
    trainer->setting.identity = t.setting.identity;
    t.run.seed = 6;
    is_refused(trainer, &t, path, "is a checkpoint of the seed 5; this run's is 6");
    t.run.seed = 5;
    trainer->setting.training.steps = 1;
    is_refused(trainer, &t, path, "is a checkpoint of step 2 of 1");
    trainer->setting.training.steps = 20;
    is_refused(trainer, &t, "tests/corpus/safetensors/python",
               "is no checkpoint: \"step\" of its metadata is missing");
    is_refused(trainer, &t, "data/photos/chelsea.png", "no safetensors file");
    is_refused(trainer, &t, "no such file", "can not be opened");
    assert_int_equal(truncate(path, 5000), 0);
    is_refused(trainer, &t, path, "truncated");
    mi_trainer_destroy(trainer);
    trial_free(&t);
}

/* A file of the trainer's weights with the metadata, without moments. */
static void write_weights(const mi_trainer *trainer, const char *step, const char *path)
{
    const char *metadata[] = {"identity", trainer->setting.identity, "step", step, "seed", "5"};
    const mi_tensors *tensors = trainer->parts->tensors;
    mi_safetensor *items = NULL;
    assert_int_equal(mi_tensors_items(tensors, "", trainer->values, &items, NULL), MI_OK);
    assert_int_equal(mi_safetensors_write(path, items, tensors->count, metadata, 3, NULL), MI_OK);
    free(items);
}

static void incomplete_checkpoints_are_refused(void **state)
{
    char path[SCRATCH_PATH];
    trial t = trial_of(&mae, training);
    mi_trainer *trainer = trainer_of(&t, 2), *other = trainer_of(&t, 2);
    steps(trainer, &t, 2);
    steps(other, &t, 4);
    scratch_name(state, "weights", path);
    write_weights(other, "4", path);
    is_refused(trainer, &t, path, "the tensor \"adamw.first.");
    const char *const numbers[] = {"four", "-1", "4x", "", "99999999999999999999"};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        write_weights(other, numbers[i], path);
        is_refused(trainer, &t, path, "\"step\" of its metadata is not a whole number");
    }
    mi_trainer_destroy(trainer);
    mi_trainer_destroy(other);
    trial_free(&t);
}

/* The process ends when the new file is written but has not its name yet. */
static void crash_keeps_the_old_checkpoint(void **state)
{
    char path[SCRATCH_PATH];
    trial t = trial_of(&mae, training);
    mi_trainer *trainer = trainer_of(&t, 1), *again = trainer_of(&t, 1);
    scratch_name(state, "checkpoint", path);
    steps(trainer, &t, 2);
    assert_int_equal(mi_trainer_save(trainer, &t.run, path, NULL), MI_OK);
    steps(trainer, &t, 3);
    pid_t child = fork();
    if (child == 0) {
        crashes_at_rename = true;
        mi_trainer_save(trainer, &t.run, path, NULL);
        _exit(0);
    }
    int result = 0;
    assert_int_equal(waitpid(child, &result, 0), child);
    assert_true(WIFEXITED(result) && WEXITSTATUS(result) == 9);
    assert_int_equal(mi_trainer_load(again, &t.run, path, NULL), MI_OK);
    assert_int_equal(again->step, 2);
    steps(again, &t, 3);
    assert_same_state(trainer, again);
    mi_trainer_destroy(trainer);
    mi_trainer_destroy(again);
    trial_free(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCRATCH_TEST(goes_on_bit_for_bit),
        SCRATCH_TEST(other_checkpoints_are_refused),
        SCRATCH_TEST(incomplete_checkpoints_are_refused),
        SCRATCH_TEST(crash_keeps_the_old_checkpoint),
    };
    mi_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
