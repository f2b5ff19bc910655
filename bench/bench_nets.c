/* Training steps of the networks, as `key value` lines; nets_peer.py has the same ones in PyTorch.
 *
 *     bench_nets steps CONFIG RATIO THREADS ROUNDS [SECONDS [SHARDS]]
 *     bench_nets limit CONFIG RATIO THREADS
 *
 * CONFIG: small, larger (masked autoencoders), mlm (a masked language model), small_ibot,
 * larger_ibot (self-distillation); their sizes are below. Batch 64, random data in memory, masks
 * and views drawn in each step.
 *
 * steps:
 *     round             milliseconds of a step in a stretch of SECONDS (default 0.5): ROUNDS times;
 *                       where ROUNDS is 0, once for each line of the standard input
 *     milliseconds, cpu_milliseconds      the median; the least processor time of all threads
 *     mebibytes         peak of the resident memory
 * limit:
 *     limit_milliseconds    what sgemm would take for the step's matrix products alone: THREADS
 *                           single-threaded calls side by side, each with its share of the rows
 *                           of a layer, or of the heads of attention
 *     linear_milliseconds   of it, the products of the linear layers
 *     gigaflop              of the products of a step
 *     kernel                of OpenBLAS
 */
#include <cblas.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "maskinfo/document.h"
#include "maskinfo/memory.h"
#include "maskinfo/statistics.h"
#include "maskinfo/train.h"

enum { BATCH = 64, EXAMPLES = 256 };

typedef struct config {
    const char *name, *method, *values; /* values: JSON of the method's table */
    size_t side, channels, patch;       /* images */
    size_t length, vocabulary;          /* text */
    size_t width, depth, heads, narrow, decoder_depth, decoder_heads;
    const char *mask, *mask_values; /* NULL: random ones */
    bool views;                     /* two of an image, a teacher, a head */
} config;

/* The head of ibot, and the share of views that are masked at all: its defaults. */
enum { VIEWS = 2, PROTOTYPES = 512, HIDDEN = 256, BOTTLENECK = 64 };
static const double masked_views = 0.5;

static const config configs[] = {
    {.name = "small",
     .method = "mae",
     .values = "{\"patch\": 4, \"target\": \"normalized\","
               " \"encoder\": {\"width\": 64, \"depth\": 4, \"heads\": 4},"
               " \"decoder\": {\"width\": 32, \"depth\": 1, \"heads\": 4}}",
     .side = 28,
     .channels = 1,
     .patch = 4,
     .width = 64,
     .depth = 4,
     .heads = 4,
     .narrow = 32,
     .decoder_depth = 1,
     .decoder_heads = 4},
    {.name = "larger",
     .method = "mae",
     .values = "{\"patch\": 4, \"target\": \"normalized\","
               " \"encoder\": {\"width\": 192, \"depth\": 6, \"heads\": 3},"
               " \"decoder\": {\"width\": 96, \"depth\": 2, \"heads\": 3}}",
     .side = 32,
     .channels = 3,
     .patch = 4,
     .width = 192,
     .depth = 6,
     .heads = 3,
     .narrow = 96,
     .decoder_depth = 2,
     .decoder_heads = 3},
    {.name = "mlm",
     .method = "mlm",
     .values = "{\"encoder\": {\"width\": 128, \"depth\": 4, \"heads\": 4}}",
     .length = 128,
     .vocabulary = 64,
     .width = 128,
     .depth = 4,
     .heads = 4},
    {.name = "small_ibot",
     .method = "ibot",
     .values = "{\"patch\": 4, \"encoder\": {\"width\": 64, \"depth\": 4, \"heads\": 4}}",
     .side = 28,
     .channels = 1,
     .patch = 4,
     .width = 64,
     .depth = 4,
     .heads = 4,
     .mask = "block",
     .mask_values = "{\"min_size\": 4}",
     .views = true},
    {.name = "larger_ibot",
     .method = "ibot",
     .values = "{\"patch\": 4, \"encoder\": {\"width\": 192, \"depth\": 6, \"heads\": 3}}",
     .side = 32,
     .channels = 3,
     .patch = 4,
     .width = 192,
     .depth = 6,
     .heads = 3,
     .mask = "block",
     .mask_values = "{\"min_size\": 4}",
     .views = true},
};

static double now(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double peak_mebibytes(void)
{
    char line[256];
    double kibibytes = 0;
    FILE *file = fopen("/proc/self/status", "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        if (sscanf(line, "VmHWM: %lf", &kibibytes) == 1) {
            break;
        }
    }
    if (file != NULL) {
        fclose(file);
    }
    return kibibytes / 1024;
}

/* --- a model that is random numbers in memory --- */

typedef struct memory {
    const config *config;
    size_t values;   /* of an example */
    double *numbers; /* (EXAMPLES, values) */
} memory;

static mi_shape memory_shape(const void *state)
{
    const config *c = ((const memory *)state)->config;
    if (c->vocabulary > 0) {
        return (mi_shape){.dimensions = 1,
                          .sites = c->length,
                          .rows = 1,
                          .columns = c->length,
                          .vocabulary = c->vocabulary};
    }
    return (mi_shape){
        .dimensions = 2, .sites = c->side * c->side, .rows = c->side, .columns = c->side};
}

static mi_code memory_example_shape(const void *state, mi_example_shape *ret_shape,
                                    mi_status *status)
{
    (void)status;
    const config *c = ((const memory *)state)->config;
    bool text = c->vocabulary > 0;
    *ret_shape = (mi_example_shape){.rows = text ? 1 : c->side,
                                    .columns = text ? c->length : c->side,
                                    .channels = text ? 1 : c->channels,
                                    .site_rows = 1,
                                    .site_columns = 1,
                                    .deviation = 1};
    return MI_OK;
}

static mi_code memory_example(const void *state, mi_origin origin, gsl_rng *draw, void *scratch,
                              double *values, int *ret_label, mi_status *status)
{
    (void)origin;
    (void)scratch;
    (void)status;
    const memory *m = state;
    size_t index = gsl_rng_uniform_int(draw, EXAMPLES);
    memcpy(values, m->numbers + index * m->values, m->values * sizeof *values);
    *ret_label = -1;
    return MI_OK;
}

static const mi_model_class memory_class = {.name = "memory",
                                            .shape = memory_shape,
                                            .example_shape = memory_example_shape,
                                            .example = memory_example};

static mi_code memory_open(memory *m, const config *c, mi_status *status)
{
    gsl_rng *stream = NULL;
    *m = (memory){.config = c,
                  .values = c->vocabulary > 0 ? c->length : c->side * c->side * c->channels};
    mi_code code = mi_allocate(EXAMPLES * m->values, sizeof *m->numbers, &m->numbers, status);
    if (code == MI_OK) {
        code = mi_stream_create(1, MI_PURPOSE_TEST, 0, &stream, status);
    }
    for (size_t i = 0; code == MI_OK && i < EXAMPLES * m->values; i++) {
        m->numbers[i] = c->vocabulary > 0 ? (double)gsl_rng_uniform_int(stream, c->vocabulary)
                                          : gsl_rng_uniform(stream) - 0.5;
    }
    gsl_rng_free(stream);
    return code;
}

/* --- the training step --- */

/* Values of a table from JSON text, with defaults. */
static mi_code bind_text(const char *text, const mi_parameter *table, mi_values **ret_values,
                         mi_status *status)
{
    mi_faults faults = {0};
    mi_binding binding = {.faults = &faults, .effort = 1};
    cJSON *object = cJSON_Parse(text), *resolved = NULL;
    mi_code code = mi_bind(&binding, object, "", table, NULL, ret_values, &resolved, status);
    if (code == MI_OK && faults.count > 0) {
        code = mi_fail(status, MI_INPUT, "%s does not fit the table", text);
    }
    mi_faults_clear(&faults);
    cJSON_Delete(object);
    cJSON_Delete(resolved);
    return code;
}

typedef struct work {
    memory data;
    mi_model model;
    mi_source *source;
    mi_values *method, *mask, *training;
    mi_setting setting;
    mi_trainer *trainer;
} work;

static mi_code bind_all(work *w, const config *c, size_t shards, mi_status *status)
{
    char text[128];
    snprintf(text, sizeof text, "{\"steps\": 100000, \"batch\": %d, \"shards\": %zu}", BATCH,
             shards);
    w->setting.method.class = mi_method_find(c->method);
    w->setting.masking.class = mi_mask_find(c->mask != NULL ? c->mask : "random");
    mi_code code = bind_text(c->values, w->setting.method.class->parameters, &w->method, status);
    if (code == MI_OK) {
        code = bind_text(c->mask != NULL ? c->mask_values : "{}",
                         w->setting.masking.class->parameters, &w->mask, status);
    }
    if (code == MI_OK) {
        code = bind_text(shards > 0 ? text : "{\"steps\": 100000}", mi_training_parameters,
                         &w->training, status);
    }
    return code;
}

static mi_code work_open(work *w, const config *c, double ratio, size_t shards, const mi_run *run,
                         mi_status *status)
{
    mi_code code = memory_open(&w->data, c, status);
    w->model = (mi_model){.class = &memory_class, .state = &w->data};
    if (code == MI_OK) {
        code = mi_source_create(&w->model, run, &w->source, status);
    }
    if (code == MI_OK) {
        code = bind_all(w, c, shards, status);
    }
    if (code == MI_OK) {
        mi_source_shape shape = mi_source_shape_of(w->source);
        code = w->setting.method.class->create(w->method, &shape, &w->setting.method.state, status);
    }
    if (code == MI_OK) {
        w->setting.source = w->source;
        w->setting.masking.values = w->mask;
        w->setting.ratio = (mi_ratio){ratio, ratio};
        w->setting.training = mi_training_of(w->training);
        code = mi_trainer_create(&w->setting, run, &w->trainer, status);
    }
    return code;
}

static void work_close(work *w)
{
    mi_trainer_destroy(w->trainer);
    if (w->setting.method.state != NULL) {
        w->setting.method.class->destroy(w->setting.method.state);
    }
    mi_values_destroy(w->method);
    mi_values_destroy(w->mask);
    mi_values_destroy(w->training);
    mi_source_destroy(w->source);
    free(w->data.numbers);
}

/* Mean milliseconds of a step, by the clock and of the processor, over about `seconds`. */
static mi_code stretch(work *w, const mi_run *run, double seconds, double *ret_milliseconds,
                       double *ret_cpu, mi_status *status)
{
    double start = now(CLOCK_MONOTONIC), cpu = now(CLOCK_PROCESS_CPUTIME_ID);
    size_t steps = 0;
    mi_code code = MI_OK;
    while (code == MI_OK && (steps == 0 || now(CLOCK_MONOTONIC) - start < seconds)) {
        code = mi_trainer_step(w->trainer, run, status);
        steps++;
    }
    *ret_milliseconds = 1e3 * (now(CLOCK_MONOTONIC) - start) / (double)steps;
    *ret_cpu = 1e3 * (now(CLOCK_PROCESS_CPUTIME_ID) - cpu) / (double)steps;
    return code;
}

enum { MOST_ROUNDS = 1000 };

/* Is there another round? */
static bool next_round(size_t done, size_t rounds)
{
    char line[16];
    return done < MOST_ROUNDS &&
           (rounds > 0 ? done < rounds : fgets(line, sizeof line, stdin) != NULL);
}

static mi_code time_steps(work *w, const mi_run *run, size_t rounds, double seconds,
                          mi_status *status)
{
    double times[MOST_ROUNDS], cpu[MOST_ROUNDS];
    size_t done = 0;
    mi_code code = MI_OK;
    for (int warm = 0; code == MI_OK && warm < 3; warm++) {
        code = mi_trainer_step(w->trainer, run, status);
    }
    while (code == MI_OK && next_round(done, rounds)) {
        code = stretch(w, run, seconds, &times[done], &cpu[done], status);
        printf("round %.3f\n", times[done++]);
        fflush(stdout);
    }
    if (code == MI_OK && done > 0) {
        mi_sort(times, done);
        mi_sort(cpu, done);
        printf("milliseconds %.3f\n", mi_quantile(times, done, 0.5));
        printf("cpu_milliseconds %.3f\n", cpu[0]);
    }
    return code;
}

/* --- the limit --- */

typedef struct limit {
    int threads;
    double linear, attention; /* seconds */
    double flops;
} limit;

enum { RATE_MICROSECONDS = 15000 };

/* Seconds that `threads` calls of sgemm side by side take for C (m,n) = op(A) op(B). */
static double time_product(int threads, CBLAS_TRANSPOSE opa, CBLAS_TRANSPOSE opb, int m, int n,
                           int k)
{
    double flops = 2.0 * m * n * k, best = 1e9;
    int repeats = 1 + (int)(RATE_MICROSECONDS * 1e-6 * 1e11 / flops / 4);
#pragma omp parallel num_threads(threads) reduction(min : best)
    {
        size_t sizes[] = {(size_t)m * (size_t)k, (size_t)k * (size_t)n, (size_t)m * (size_t)n};
        float *a = calloc(sizes[0], sizeof *a), *b = calloc(sizes[1], sizeof *b);
        float *c = calloc(sizes[2], sizeof *c);
        for (int round = 0; a != NULL && b != NULL && c != NULL && round < 5; round++) {
#pragma omp barrier
            double start = now(CLOCK_MONOTONIC);
            for (int i = 0; i < repeats; i++) {
                cblas_sgemm(CblasRowMajor, opa, opb, m, n, k, 1, a, opa == CblasTrans ? m : k, b,
                            opb == CblasTrans ? k : n, 0, c, n);
            }
            best = fmin(best, (now(CLOCK_MONOTONIC) - start) / repeats);
        }
        free(a);
        free(b);
        free(c);
    }
    return best;
}

/* Which products of a layer a step needs: the way forward alone; that of the weights too; that of
 * the input too. */
typedef enum needed { FORWARD, WEIGHTS, ALL } needed;

/* The products of a linear layer, its rows split over the threads. */
static void add_linear(limit *l, size_t count, size_t rows, size_t in, size_t out, needed what)
{
    int m = (int)(rows / (size_t)l->threads), i = (int)in, o = (int)out;
    double seconds = time_product(l->threads, CblasNoTrans, CblasTrans, m, o, i);
    if (what != FORWARD) {
        seconds += time_product(l->threads, CblasTrans, CblasNoTrans, o, i, m);
    }
    if (what == ALL) {
        seconds += time_product(l->threads, CblasNoTrans, CblasNoTrans, m, i, o);
    }
    l->linear += (double)count * seconds;
    l->flops += 2.0 * (1.0 + (double)what) * (double)(count * rows * in * out);
}

/* q k^T, p v and their four gradients. */
static void add_attention(limit *l, size_t heads, size_t length, size_t size, needed what)
{
    int t = (int)length, d = (int)size;
    double seconds = time_product(l->threads, CblasNoTrans, CblasTrans, t, t, d) +
                     time_product(l->threads, CblasNoTrans, CblasNoTrans, t, d, t);
    if (what == ALL) {
        seconds = 2 * seconds + 2 * time_product(l->threads, CblasTrans, CblasNoTrans, t, d, t);
    }
    l->attention += (double)heads / l->threads * seconds;
    l->flops += (what == ALL ? 12.0 : 4.0) * (double)(heads * length * length * size);
}

static void add_stack(limit *l, size_t samples, size_t length, size_t width, size_t depth,
                      size_t heads, needed what)
{
    size_t rows = samples * length;
    add_linear(l, depth, rows, width, 3 * width, what);
    add_linear(l, depth, rows, width, width, what);
    add_linear(l, depth, rows, width, 4 * width, what);
    add_linear(l, depth, rows, 4 * width, width, what);
    add_attention(l, depth * heads * samples, length, width / heads, what);
}

/* Encoder and head of the teacher (FORWARD) or the student (ALL); only class tokens and masked
 * tokens go to the head, and the teacher alone embeds what is masked. */
static void add_ibot(limit *l, const config *c, double ratio, needed what)
{
    size_t tokens = c->side / c->patch * (c->side / c->patch), views = VIEWS * BATCH;
    size_t masked = (size_t)((double)(views * tokens) * masked_views * ratio);
    size_t seen = views * tokens - (what == FORWARD ? 0 : masked), rows = views + masked;
    add_linear(l, 1, seen, c->patch * c->patch * c->channels, c->width,
               what == FORWARD ? FORWARD : WEIGHTS);
    add_stack(l, views, 1 + tokens, c->width, c->depth, c->heads, what);
    add_linear(l, 1, rows, c->width, HIDDEN, what);
    add_linear(l, 1, rows, HIDDEN, HIDDEN, what);
    add_linear(l, 1, rows, HIDDEN, BOTTLENECK, what);
    add_linear(l, 1, rows, BOTTLENECK, PROTOTYPES, what);
}

static void print_limit(const config *c, double ratio, int threads)
{
    limit l = {.threads = threads};
    if (c->views) {
        add_ibot(&l, c, ratio, FORWARD);
        add_ibot(&l, c, ratio, ALL);
    } else if (c->vocabulary > 0) {
        add_stack(&l, BATCH, c->length, c->width, c->depth, c->heads, ALL);
        add_linear(&l, 1, (size_t)((double)(BATCH * c->length) * ratio), c->width, c->vocabulary,
                   ALL);
    } else {
        size_t tokens = c->side / c->patch * (c->side / c->patch);
        size_t values = c->patch * c->patch * c->channels;
        size_t visible = tokens - (size_t)((double)tokens * ratio + 0.5);
        add_linear(&l, 1, BATCH * visible, values, c->width, WEIGHTS);
        add_stack(&l, BATCH, 1 + visible, c->width, c->depth, c->heads, ALL);
        add_linear(&l, 1, BATCH * (1 + visible), c->width, c->narrow, ALL);
        add_stack(&l, BATCH, 1 + tokens, c->narrow, c->decoder_depth, c->decoder_heads, ALL);
        add_linear(&l, 1, BATCH * (tokens - visible), c->narrow, values, ALL);
    }
    printf("limit_milliseconds %.3f\n", 1e3 * (l.linear + l.attention));
    printf("linear_milliseconds %.3f\n", 1e3 * l.linear);
    printf("gigaflop %.3f\n", 1e-9 * l.flops);
    printf("kernel %s\n", openblas_get_corename());
}

static mi_code run_steps(const config *c, int argc, char **argv, mi_status *status)
{
    mi_run run = {.seed = 1, .threads = atoi(argv[1])};
    size_t shards = argc > 4 ? strtoull(argv[4], NULL, 10) : 0;
    work w = {0};
    mi_code code = work_open(&w, c, atof(argv[0]), shards, &run, status);
    if (code == MI_OK) {
        const mi_tensors *tensors = w.setting.method.class->tensors(w.setting.method.state);
        printf("parameters %zu\n", tensors->parameters);
        code = time_steps(&w, &run, strtoull(argv[2], NULL, 10), argc > 3 ? atof(argv[3]) : 0.5,
                          status);
        printf("mebibytes %.0f\nloss %.5f\nkernel %s\n", peak_mebibytes(), w.trainer->loss,
               openblas_get_corename());
    }
    work_close(&w);
    return code;
}

static const config *find_config(const char *name)
{
    for (size_t i = 0; i < sizeof configs / sizeof *configs; i++) {
        if (strcmp(configs[i].name, name) == 0) {
            return &configs[i];
        }
    }
    return NULL;
}

int main(int argc, char **argv)
{
    mi_status status = {.code = MI_OK};
    const config *c = argc > 2 ? find_config(argv[2]) : NULL;
    mi_code code = MI_OK;
    mi_start();
    if (c != NULL && strcmp(argv[1], "steps") == 0 && argc >= 6 && argc <= 8) {
        code = run_steps(c, argc - 3, argv + 3, &status);
    } else if (c != NULL && strcmp(argv[1], "limit") == 0 && argc == 5) {
        print_limit(c, atof(argv[3]), atoi(argv[4]));
    } else {
        fprintf(stderr, "usage: bench_nets steps CONFIG RATIO THREADS ROUNDS [SECONDS [SHARDS]]\n"
                        "       bench_nets limit CONFIG RATIO THREADS\n"
                        "CONFIG: small, larger, mlm, small_ibot, larger_ibot\n");
        return 2;
    }
    if (code != MI_OK) {
        fprintf(stderr, "bench_nets: %s %s\n", status.place, status.message);
    }
    return code == MI_OK ? 0 : 1;
}
