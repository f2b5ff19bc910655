/* Sweeps run in the test's own process, in folders that are compared byte for byte. */
#ifndef MASKINFO_TESTS_SWEEP_SUPPORT_H
#define MASKINFO_TESTS_SWEEP_SUPPORT_H

#include "scratch.h"

#include "maskinfo/experiment.h"
#include "maskinfo/output.h"

/* Units of a millisecond or two: 2 x 2 x 2, of which the last two fail. */
#define GRID_SWEEP                                                                                 \
    "{\"experiment\": \"sweep\", \"base\": {\"experiment\": \"curve\", \"model\": {\"type\": "     \
    "\"gmrf\", \"grid\": [4, 4], \"neighbors\": 4, \"kappa\": 0.3}, \"ratios\": [0.25, 0.5], "     \
    "\"estimator\": {\"samples\": 8}}, \"grid\": [{\"name\": \"grid\", \"set\": \"model.grid\", "  \
    "\"values\": [[4, 4], [2, 2]], \"labels\": [\"4x4\", \"2x2\"]}, {\"name\": \"mask\", "         \
    "\"set\": \"mask\", \"values\": [{\"strategy\": \"random\"}, {\"strategy\": \"block\", "       \
    "\"min_size\": 7}], \"labels\": [\"random\", \"block\"]}], \"seeds\": [1, 2], \"columns\": "   \
    "[{\"name\": \"information\", \"path\": \"points[0].information\"}, {\"name\": \"rate\", "     \
    "\"path\": \"fits.exponential.rate\"}], \"figures\": []}"

static char sweep_folder[SCRATCH_PATH];

/* In memory where that is to be had: a disk takes its time to flush. */
static inline int sweep_set_up(void **state)
{
    (void)state;
    strcpy(sweep_folder, "/dev/shm/maskinfo-test-XXXXXX");
    if (mkdtemp(sweep_folder) == NULL) {
        strcpy(sweep_folder, "/tmp/maskinfo-test-XXXXXX");
        return mkdtemp(sweep_folder) != NULL ? 0 : -1;
    }
    return 0;
}

static inline int sweep_tear_down(void **state)
{
    (void)state;
    scratch_remove_folder(sweep_folder);
    return 0;
}

#define SWEEP_TEST(test) cmocka_unit_test_setup_teardown(test, sweep_set_up, sweep_tear_down)

static inline char *sweep_path(const char *name, char path[2 * SCRATCH_PATH])
{
    snprintf(path, 2 * SCRATCH_PATH, "%s/%s", sweep_folder, name);
    return path;
}

/* NULL, with the faults, where it can not be resolved. */
static inline mi_experiment *sweep_create(const char *text, mi_faults *faults)
{
    mi_experiment *e = NULL;
    mi_status status = {.code = MI_OK};
    cJSON *document = mi_document_parse(text, strlen(text), faults);
    if (document != NULL) {
        mi_experiment_create(document, faults, &e, &status);
    }
    cJSON_Delete(document);
    return e;
}

/* Run in the folder NAME; *opt_result (cJSON_Delete) and *opt_status are filled in. What the
 * command line would do is done as well: result.json is written. */
static inline mi_code sweep_run(const char *text, const char *name, mi_run_options options,
                                cJSON **opt_result, mi_status *opt_status)
{
    char folder[2 * SCRATCH_PATH], path[3 * SCRATCH_PATH];
    mi_faults faults = {.file = "sweep"};
    mi_status status = {.code = MI_OK};
    cJSON *result = NULL;
    options.opt_directory = sweep_path(name, folder);
    options.run.seed = 1;
    options.run.threads = options.run.threads > 0 ? options.run.threads : 1;
    mi_experiment *e = sweep_create(text, &faults);
    assert_non_null(e);
    mi_code code = mi_experiment_run(e, &options, &faults, &result, &status);
    mi_experiment_destroy(e);
    if (result != NULL) {
        cJSON *bare = cJSON_Duplicate(result, 1);
        cJSON_DeleteItemFromObjectCaseSensitive(bare, "timing");
        char *printed = cJSON_Print(bare);
        snprintf(path, sizeof path, "%s/result.json", folder);
        code = mi_write_file(path, printed, strlen(printed), &status);
        cJSON_free(printed);
        cJSON_Delete(bare);
    }
    if (opt_result != NULL) {
        *opt_result = result;
    } else {
        cJSON_Delete(result);
    }
    if (opt_status != NULL) {
        *opt_status = status;
    }
    mi_faults_clear(&faults);
    return code;
}

/* The bytes of a file, a zero behind them; free(). NULL: no such file. */
static inline char *sweep_bytes(const char *path, size_t *ret_size)
{
    FILE *file = fopen(path, "rb");
    char *bytes = NULL;
    if (file == NULL) {
        return NULL;
    }
    fseek(file, 0, SEEK_END);
    *ret_size = (size_t)ftell(file);
    rewind(file);
    bytes = calloc(*ret_size + 1, 1);
    assert_int_equal(fread(bytes, 1, *ret_size, file), *ret_size);
    fclose(file);
    return bytes;
}

/* Are the files of folder `a` in `b`, and the same? */
static inline bool sweep_contains(const char *a, const char *b)
{
    DIR *stream = opendir(a);
    bool same = stream != NULL;
    for (const struct dirent *entry = same ? readdir(stream) : NULL; same && entry != NULL;
         entry = readdir(stream)) {
        char here[4 * SCRATCH_PATH], there[4 * SCRATCH_PATH];
        size_t ours = 0, theirs = 0;
        int length = snprintf(here, sizeof here, "%s/%s", a, entry->d_name);
        int other = snprintf(there, sizeof there, "%s/%s", b, entry->d_name);
        if (entry->d_name[0] == '.' || length >= 4 * SCRATCH_PATH || other >= 4 * SCRATCH_PATH) {
            continue;
        }
        struct stat about;
        if (lstat(here, &about) == 0 && S_ISDIR(about.st_mode)) {
            same = sweep_contains(here, there);
            continue;
        }
        char *one = sweep_bytes(here, &ours), *two = sweep_bytes(there, &theirs);
        same = one != NULL && two != NULL && ours == theirs && memcmp(one, two, ours) == 0;
        if (!same) {
            print_error("%s differs from %s\n", here, there);
        }
        free(one);
        free(two);
    }
    if (stream != NULL) {
        closedir(stream);
    }
    return same;
}

static inline void assert_same_folders(const char *a, const char *b)
{
    char one[2 * SCRATCH_PATH], two[2 * SCRATCH_PATH];
    sweep_path(a, one);
    sweep_path(b, two);
    assert_true(sweep_contains(one, two));
    assert_true(sweep_contains(two, one));
}

static inline double sweep_timing(const cJSON *result, const char *name)
{
    const cJSON *timing = cJSON_GetObjectItemCaseSensitive(result, "timing");
    return cJSON_GetObjectItemCaseSensitive(timing, name)->valuedouble;
}

#endif
