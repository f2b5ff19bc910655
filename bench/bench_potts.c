/* Speed of the exact sums of the model potts on the field of 8 neighbours, as `key value` lines:
 *
 *     bench_potts masks ROWS COLUMNS COUPLING RATIO MASKS
 *         Posteriors of all masked sites: the choice of the order and the sweep over the masked
 *         sites, against the plain sweep over all sites whose weights force the visible ones to
 *         their symbols. Medians over masks, and of the ratio; the largest difference of a
 *         probability.
 *     bench_potts curve ROWS COLUMNS COUPLING SAMPLES THREADS
 *         Posteriors and joint information of SAMPLES masks at each of 19 ratios .05 ... .95.
 *     bench_potts partition ROWS COLUMNS COUPLING REPEATS FILE
 *         log Z, the median time of its sum with the choice of the order, and the field as a Markov
 *         network in the format of the UAI competitions in FILE.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../src/models/potts.h"
#include "maskinfo/memory.h"
#include "maskinfo/model.h"
#include "maskinfo/random.h"
#include "maskinfo/statistics.h"

enum { STATES = 2, RATIOS = 19 };

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

typedef struct field {
    size_t rows, columns;
    double coupling;
    mi_lattice *lattice;
    mi_potts_sweep *sweep;
} field;

static mi_code field_open(field *f, char **argv, mi_status *status)
{
    f->rows = strtoull(argv[0], NULL, 10);
    f->columns = strtoull(argv[1], NULL, 10);
    f->coupling = atof(argv[2]);
    mi_code code = mi_potts_exact_fits(f->rows, f->columns, 8, STATES, status);
    if (code != MI_OK) {
        return code;
    }
    code = mi_lattice_create(f->rows, f->columns, 8, false, &f->lattice, status);
    return code == MI_OK
               ? mi_potts_sweep_create(f->lattice, mi_potts_frontier(f->rows, f->columns, 8),
                                       STATES, f->coupling, &f->sweep, status)
               : code;
}

static void field_close(field *f)
{
    mi_potts_sweep_destroy(f->sweep);
    mi_lattice_destroy(f->lattice);
}

/* --- masks --- */

/* Every site summed over; a visible one has the weight 1 at its symbol and 0 elsewhere. */
static double time_reference(mi_potts_sweep *sweep, const unsigned char *masked,
                             const unsigned char *symbols, double *posterior)
{
    double start = now();
    for (size_t p = 0; p < sweep->plan->count; p++) {
        size_t site = sweep->plan->site[p];
        for (size_t y = 0; y < STATES; y++) {
            sweep->field[p * STATES + y] = masked[site] || symbols[site] == y ? 1 : 0;
        }
    }
    mi_potts_sweep_forward(sweep);
    mi_potts_sweep_backward(sweep, posterior, NULL);
    return now() - start;
}

static mi_code time_ours(mi_potts_sweep *sweep, const unsigned char *masked,
                         const unsigned char *symbols, double *posterior, double *ret_seconds,
                         mi_status *status)
{
    double start = now();
    mi_code code = mi_potts_sweep_hide(sweep, masked, status);
    mi_potts_sweep_observe(sweep, symbols);
    mi_potts_sweep_forward(sweep);
    mi_potts_sweep_backward(sweep, posterior, NULL);
    *ret_seconds = now() - start;
    return code;
}

typedef struct study {
    unsigned char *masked, *symbols, *all; /* (sites) */
    size_t *order;                         /* (sites) */
    double *ours, *reference;              /* (sites, q) */
    double *time, *reference_time, *ratio; /* (masks) */
    double difference;
} study;

static mi_code study_open(study *s, size_t sites, size_t masks, mi_status *status)
{
    mi_code code = mi_allocate(sites, 1, &s->masked, status);
    code = code == MI_OK ? mi_allocate(sites, 1, &s->symbols, status) : code;
    code = code == MI_OK ? mi_allocate(sites, 1, &s->all, status) : code;
    code = code == MI_OK ? mi_allocate(sites, sizeof *s->order, &s->order, status) : code;
    code = code == MI_OK ? mi_allocate(sites * STATES, sizeof(double), &s->ours, status) : code;
    code =
        code == MI_OK ? mi_allocate(sites * STATES, sizeof(double), &s->reference, status) : code;
    code = code == MI_OK ? mi_allocate(masks, sizeof(double), &s->time, status) : code;
    code = code == MI_OK ? mi_allocate(masks, sizeof(double), &s->reference_time, status) : code;
    return code == MI_OK ? mi_allocate(masks, sizeof(double), &s->ratio, status) : code;
}

static void study_close(study *s)
{
    free(s->masked);
    free(s->symbols);
    free(s->all);
    free(s->order);
    free(s->ours);
    free(s->reference);
    free(s->time);
    free(s->reference_time);
    free(s->ratio);
}

/* One mask on a draw of the field: `whole` holds the messages of the unconditional sum. */
static mi_code one_mask(const field *f, const mi_potts_sweep *whole, mi_potts_sweep *plain,
                        double ratio, gsl_rng *stream, study *s, size_t j, mi_status *status)
{
    size_t sites = f->lattice->sites, hidden = (size_t)lround(ratio * (double)sites);
    mi_random_order(stream, s->order, sites);
    for (size_t k = 0; k < sites; k++) {
        s->masked[s->order[k]] = k < hidden;
    }
    mi_potts_sweep_sample(whole, stream, s->symbols);
    s->reference_time[j] = time_reference(plain, s->masked, s->symbols, s->reference);
    mi_code code = time_ours(f->sweep, s->masked, s->symbols, s->ours, &s->time[j], status);
    s->ratio[j] = s->reference_time[j] / s->time[j];
    for (size_t i = 0; i < sites * STATES; i++) {
        double d = s->masked[i / STATES] ? fabs(s->ours[i] - s->reference[i]) : 0;
        s->difference = d > s->difference ? d : s->difference;
    }
    return code;
}

static double median(double *values, size_t count)
{
    mi_sort(values, count);
    return mi_quantile(values, count, 0.5);
}

static mi_code compare_masks(field *f, mi_potts_sweep *whole, mi_potts_sweep *plain, double ratio,
                             size_t masks, mi_status *status)
{
    study s = {0};
    gsl_rng *stream = NULL;
    mi_code code = study_open(&s, f->lattice->sites, masks, status);
    if (code == MI_OK) {
        code = mi_stream_create(1, MI_PURPOSE_MASK, 0, &stream, status);
    }
    if (code == MI_OK) {
        memset(s.all, 1, f->lattice->sites);
        code = mi_potts_sweep_hide(whole, s.all, status);
    }
    if (code == MI_OK) {
        mi_potts_sweep_observe(whole, s.symbols);
        mi_potts_sweep_forward(whole);
        code = mi_potts_sweep_hide_plain(plain, s.all, status);
    }
    for (size_t j = 0; code == MI_OK && j < masks; j++) {
        code = one_mask(f, whole, plain, ratio, stream, &s, j, status);
    }
    if (code == MI_OK) {
        printf("seconds %.4e\nreference_seconds %.4e\nratio %.1f\ndifference %.1e\n",
               median(s.time, masks), median(s.reference_time, masks), median(s.ratio, masks),
               s.difference);
    }
    gsl_rng_free(stream);
    study_close(&s);
    return code;
}

static mi_code run_masks(char **argv, mi_status *status)
{
    field f = {0}, whole = {0}, plain = {0};
    size_t masks = strtoull(argv[4], NULL, 10);
    mi_code code = field_open(&f, argv, status);
    code = code == MI_OK ? field_open(&whole, argv, status) : code;
    code = code == MI_OK ? field_open(&plain, argv, status) : code;
    if (code == MI_OK) {
        code = compare_masks(&f, whole.sweep, plain.sweep, atof(argv[3]), masks, status);
    }
    field_close(&f);
    field_close(&whole);
    field_close(&plain);
    return code;
}

/* --- curve --- */

typedef struct curve {
    const mi_model *model;
    size_t sites, samples;
    void **scratch;    /* (threads) */
    gsl_rng **stream;  /* (threads) */
    double *entropies; /* (19, samples) */
    unsigned char **masked;
} curve;

static mi_code one_evaluation(size_t index, size_t thread, void *context, mi_status *status)
{
    const curve *c = context;
    size_t order[4096], hidden = (index / c->samples + 1) * c->sites / (RATIOS + 1);
    mi_mask_result result;
    gsl_rng *stream = c->stream[thread];
    mi_stream_set(stream, 1, MI_PURPOSE_MASK, index);
    mi_random_order(stream, order, c->sites);
    for (size_t k = 0; k < c->sites; k++) {
        c->masked[thread][order[k]] = k < hidden;
    }
    mi_code code = c->model->class->evaluate(c->model->state, c->masked[thread], MI_FROM_MODEL,
                                             stream, true, c->scratch[thread], &result, status);
    c->entropies[index] = result.conditional_entropy;
    return code;
}

static mi_code make_model(char **argv, const mi_run *run, mi_model **ret_model, mi_status *status)
{
    const mi_model_class *class = mi_model_find("potts");
    mi_values *values = NULL;
    mi_code code = mi_values_create(class->parameters, &values, status);
    for (size_t i = 0; code == MI_OK && i < values->count; i++) {
        mi_value *v = &values->items[i];
        const char *name = v->parameter->name;
        v->given = true;
        v->grid[0] = strtoull(argv[0], NULL, 10);
        v->grid[1] = strtoull(argv[1], NULL, 10);
        v->real = atof(argv[2]);
        v->integer = strcmp(name, "states") == 0 ? STATES : 8;
        code = strcmp(name, "inference") == 0 ? mi_copy_text("exact", &v->text, status) : MI_OK;
    }
    if (code == MI_OK) {
        code = mi_model_create(class, values, run, ret_model, status);
    }
    mi_values_destroy(values);
    return code;
}

static mi_code curve_open(curve *c, size_t threads, mi_status *status)
{
    mi_code code = mi_allocate(threads, sizeof *c->scratch, &c->scratch, status);
    code = code == MI_OK ? mi_allocate(threads, sizeof *c->stream, &c->stream, status) : code;
    code = code == MI_OK ? mi_allocate(threads, sizeof *c->masked, &c->masked, status) : code;
    code = code == MI_OK
               ? mi_allocate(RATIOS * c->samples, sizeof *c->entropies, &c->entropies, status)
               : code;
    for (size_t t = 0; code == MI_OK && t < threads; t++) {
        code = mi_stream_create(1, MI_PURPOSE_MASK, 0, &c->stream[t], status);
        code = code == MI_OK ? mi_allocate(c->sites, 1, &c->masked[t], status) : code;
        code = code == MI_OK
                   ? c->model->class->scratch_create(c->model->state, &c->scratch[t], status)
                   : code;
    }
    return code;
}

static void curve_close(curve *c, size_t threads)
{
    for (size_t t = 0; t < threads; t++) {
        c->model->class->scratch_destroy(c->scratch[t]);
        gsl_rng_free(c->stream[t]);
        free(c->masked[t]);
    }
    free(c->scratch);
    free(c->stream);
    free(c->masked);
    free(c->entropies);
}

static mi_code run_curve(char **argv, mi_status *status)
{
    mi_run run = {.seed = 1, .threads = atoi(argv[4])};
    curve c = {.samples = strtoull(argv[3], NULL, 10)};
    mi_model *model = NULL;
    double start = now(), mean = 0, error = 0;
    mi_code code = make_model(argv, &run, &model, status);
    if (code != MI_OK) {
        return code;
    }
    c.model = model;
    c.sites = model->class->shape(model->state).sites;
    code = curve_open(&c, (size_t)run.threads, status);
    if (code == MI_OK) {
        code = mi_parallel_for(&run, "curve", RATIOS * c.samples, one_evaluation, &c, status);
    }
    if (code == MI_OK) {
        printf("seconds %.3f\n", now() - start);
        for (size_t r = 4; r < RATIOS; r += 5) {
            mi_mean_error(c.entropies + r * c.samples, 1, c.samples, &mean, &error);
            printf("entropy_%.2f %.5f +- %.5f\n", (double)(r + 1) / (RATIOS + 1), mean, error);
        }
        curve_close(&c, (size_t)run.threads);
    }
    mi_model_destroy(model);
    return code;
}

/* --- log Z --- */

static mi_code write_network(const field *f, const char *path, mi_status *status)
{
    const mi_lattice *lattice = f->lattice;
    double w = exp(f->coupling);
    FILE *file = fopen(path, "w");
    if (file == NULL) {
        return mi_fail(status, MI_IO, "can not write %s", path);
    }
    fprintf(file, "MARKOV\n%zu\n", lattice->sites);
    for (size_t i = 0; i < lattice->sites; i++) {
        fprintf(file, "%d ", STATES);
    }
    fprintf(file, "\n%zu\n", lattice->edges);
    for (size_t i = 0; i < lattice->sites; i++) {
        for (size_t e = 0; e < lattice->degree[i]; e++) {
            if (lattice->neighbor[i][e] > i) {
                fprintf(file, "2 %zu %zu\n", i, lattice->neighbor[i][e]);
            }
        }
    }
    for (size_t e = 0; e < lattice->edges; e++) {
        fprintf(file, "4\n %.17g 1 1 %.17g\n", w, w);
    }
    return fclose(file) == 0 ? MI_OK : mi_fail(status, MI_IO, "can not write %s", path);
}

static mi_code run_partition(char **argv, mi_status *status)
{
    size_t repeats = strtoull(argv[3], NULL, 10);
    field f = {0};
    unsigned char *all = NULL;
    double *seconds = NULL, log_z = 0;
    mi_code code = field_open(&f, argv, status);
    code = code == MI_OK ? mi_allocate(f.lattice->sites, 1, &all, status) : code;
    code = code == MI_OK ? mi_allocate(repeats, sizeof *seconds, &seconds, status) : code;
    for (size_t j = 0; code == MI_OK && j < repeats; j++) {
        double start = now();
        memset(all, 1, f.lattice->sites);
        code = mi_potts_sweep_hide(f.sweep, all, status);
        mi_potts_sweep_observe(f.sweep, all);
        log_z = mi_potts_sweep_forward(f.sweep);
        seconds[j] = now() - start;
    }
    if (code == MI_OK) {
        printf("seconds %.4e\nlog_z %.10g\n", median(seconds, repeats), log_z);
        code = write_network(&f, argv[4], status);
    }
    free(all);
    free(seconds);
    field_close(&f);
    return code;
}

int main(int argc, char **argv)
{
    mi_status status = {.code = MI_OK};
    mi_code code = MI_INPUT;
    mi_start();
    if (argc == 7 && strcmp(argv[1], "masks") == 0) {
        code = run_masks(argv + 2, &status);
    } else if (argc == 7 && strcmp(argv[1], "curve") == 0) {
        code = run_curve(argv + 2, &status);
    } else if (argc == 7 && strcmp(argv[1], "partition") == 0) {
        code = run_partition(argv + 2, &status);
    } else {
        fprintf(stderr, "usage: bench_potts masks ROWS COLUMNS COUPLING RATIO MASKS\n"
                        "       bench_potts curve ROWS COLUMNS COUPLING SAMPLES THREADS\n"
                        "       bench_potts partition ROWS COLUMNS COUPLING REPEATS FILE\n");
        return 2;
    }
    if (code != MI_OK) {
        fprintf(stderr, "bench_potts: %s %s\n", status.place, status.message);
    }
    return code == MI_OK ? 0 : 1;
}
