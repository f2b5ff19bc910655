/* What the machinery of sweeps costs, as `key value` lines.
 *
 *     bench_sweep overhead UNITS ROUNDS FOLDER   units of about 10 ms on one thread: a sweep of
 * them with its journal, and the same units one after the other without a sweep; medians over
 *                                                interleaved rounds
 *     bench_sweep many SIDE SEEDS FOLDER         SIDE x SIDE x SEEDS units of microseconds: seconds
 *                                                of resolving, of a run, of its resumption when all
 *                                                is there, and of the journal alone; peak memory
 *
 * FOLDER is made and emptied.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "maskinfo/experiment.h"
#include "maskinfo/journal.h"
#include "maskinfo/statistics.h"

enum { MOST_ROUNDS = 31, TEXT = 2048 };

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void stop(const char *what, const mi_status *status, const mi_faults *faults)
{
    fprintf(stderr, "%s: %s\n", what, faults->count > 0 ? faults->messages[0] : status->message);
    exit(1);
}

static mi_experiment *create(const char *text)
{
    mi_faults faults = {.file = "bench"};
    mi_status status = {.code = MI_OK};
    mi_experiment *e = NULL;
    cJSON *document = mi_document_parse(text, strlen(text), &faults);
    if (document == NULL || mi_experiment_create(document, &faults, &e, &status) != MI_OK) {
        stop("create", &status, &faults);
    }
    cJSON_Delete(document);
    return e;
}

static void run(const mi_experiment *e, const char *opt_folder, bool resume)
{
    mi_faults faults = {.file = "bench"};
    mi_status status = {.code = MI_OK};
    cJSON *result = NULL;
    mi_run_options options = {.run = {.seed = 1, .threads = 1},
                              .opt_directory = opt_folder,
                              .resume = resume,
                              .fresh = !resume};
    if (mi_experiment_run(e, &options, &faults, &result, &status) != MI_OK) {
        stop("run", &status, &faults);
    }
    cJSON_Delete(result);
}

/* The experiment of a unit; %s stands for kappa. */
#define SMALL                                                                                      \
    "{\"experiment\": \"curve\", \"model\": {\"type\": \"gmrf\", \"grid\": [10, 10], "             \
    "\"neighbors\": 8, \"kappa\": %s}, \"estimator\": {\"samples\": 80}}"

static double time_sweep(size_t units, const char *folder)
{
    char text[TEXT];
    double start = now();
    snprintf(text, sizeof text,
             "{\"experiment\": \"sweep\", \"base\": " SMALL ", \"grid\": [{\"name\": \"kappa\", "
             "\"set\": \"model.kappa\", \"values\": {\"from\": 0.1, \"to\": 1, \"steps\": %zu}}]}",
             "0.1", units);
    mi_experiment *e = create(text);
    run(e, folder, false);
    mi_experiment_destroy(e);
    return now() - start;
}

static double time_loop(size_t units)
{
    double start = now();
    for (size_t i = 0; i < units; i++) {
        char text[TEXT], kappa[32];
        snprintf(kappa, sizeof kappa, "%.15g", 0.1 + 0.9 * (double)i / (double)(units - 1));
        snprintf(text, sizeof text, SMALL, kappa);
        mi_experiment *e = create(text);
        run(e, NULL, false);
        mi_experiment_destroy(e);
    }
    return now() - start;
}

/* Processor time of all threads: what other processes do hardly shows in it. */
static double processor(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void overhead(size_t units, size_t rounds, const char *folder)
{
    double sweep[MOST_ROUNDS], loop[MOST_ROUNDS], ratio[MOST_ROUNDS], work[MOST_ROUNDS];
    time_loop(2);
    for (size_t i = 0; i < rounds; i++) {
        double start = processor();
        loop[i] = time_loop(units);
        double middle = processor();
        sweep[i] = time_sweep(units, folder);
        ratio[i] = sweep[i] / loop[i];
        work[i] = (processor() - middle) / (middle - start);
    }
    mi_sort(work, rounds);
    printf("processor_overhead_percent %.2f\n", 100 * (mi_quantile(work, rounds, 0.5) - 1));
    mi_sort(sweep, rounds);
    mi_sort(loop, rounds);
    mi_sort(ratio, rounds);
    double median = mi_quantile(loop, rounds, 0.5);
    printf("unit_milliseconds %.3f\n", 1e3 * median / (double)units);
    printf("loop_seconds %.4f\nsweep_seconds %.4f\n", median, mi_quantile(sweep, rounds, 0.5));
    printf("overhead_percent %.2f\n", 100 * (mi_quantile(ratio, rounds, 0.5) - 1));
    printf("overhead_low_percent %.2f\noverhead_high_percent %.2f\n", 100 * (ratio[0] - 1),
           100 * (ratio[rounds - 1] - 1));
}

static double peak_megabytes(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)usage.ru_maxrss / 1024;
}

static char *many_text(size_t side, size_t seeds)
{
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);
    fprintf(file,
            "{\"experiment\": \"sweep\", \"base\": {\"experiment\": \"curve\", \"model\": "
            "{\"type\": \"mixing\", \"vocab\": 2, \"rho\": 0.5}, \"ratios\": [0.5]}, \"grid\": ["
            "{\"name\": \"rho\", \"set\": \"model.rho\", \"values\": {\"from\": 0.1, \"to\": "
            "0.9, \"steps\": %zu}}, {\"name\": \"zipf\", \"set\": \"model.zipf\", \"values\": "
            "{\"from\": 0, \"to\": 2, \"steps\": %zu}}], \"columns\": [{\"name\": \"i\", "
            "\"path\": \"points[0].information\"}], \"figures\": [], \"seeds\": [",
            side, side);
    for (size_t i = 0; i < seeds; i++) {
        fprintf(file, "%s%zu", i > 0 ? ", " : "", i + 1);
    }
    fprintf(file, "]}");
    fclose(file);
    return text;
}

static void time_journal(size_t lines, const char *folder)
{
    char path[TEXT], text[TEXT];
    mi_journal *journal = NULL;
    mi_status status = {.code = MI_OK};
    mi_faults none = {.count = 0};
    snprintf(path, sizeof path, "%s/journal-alone", folder);
    double start = now();
    if (mi_journal_open(path, 0, NULL, NULL, &journal, &status) != MI_OK) {
        stop("journal", &status, &none);
    }
    for (size_t i = 0; i < lines; i++) {
        snprintf(text, sizeof text,
                 "{\"unit\":%zu,\"key\":\"0123456789abcdef\",\"values\":[0.680201076953598]}", i);
        mi_journal_put(journal, text, i, &status);
    }
    if (mi_journal_close(journal, &status) != MI_OK) {
        stop("journal", &status, &none);
    }
    printf("journal_seconds %.3f\n", now() - start);
    remove(path);
}

static void many(size_t side, size_t seeds, const char *folder)
{
    char *text = many_text(side, seeds);
    double start = now();
    mi_experiment *e = create(text);
    printf("units %zu\nresolve_seconds %.3f\n", side * side * seeds, now() - start);
    start = now();
    run(e, folder, false);
    printf("run_seconds %.3f\n", now() - start);
    start = now();
    run(e, folder, true);
    printf("resume_seconds %.3f\n", now() - start);
    mi_experiment_destroy(e);
    free(text);
    printf("peak_megabytes %.1f\n", peak_megabytes());
    time_journal(side * side * seeds, folder);
}

int main(int argc, char **argv)
{
    mi_start();
    if (argc == 5 && strcmp(argv[1], "overhead") == 0) {
        size_t rounds = strtoul(argv[3], NULL, 10);
        overhead(strtoul(argv[2], NULL, 10), rounds < MOST_ROUNDS ? rounds : MOST_ROUNDS, argv[4]);
        return 0;
    }
    if (argc == 5 && strcmp(argv[1], "many") == 0) {
        many(strtoul(argv[2], NULL, 10), strtoul(argv[3], NULL, 10), argv[4]);
        return 0;
    }
    fprintf(stderr, "bench_sweep overhead UNITS ROUNDS FOLDER | many SIDE SEEDS FOLDER\n");
    return 2;
}
