/* Model patches on arrays, and mask by mask: against direct summation, closed forms and its own
 * profile. */
#include "arrays.h"

#include <gsl/gsl_linalg.h>
#include <gsl/gsl_math.h>
#include <gsl/gsl_randist.h>

#include "../src/models/patch_masks.h"
#include "maskinfo/memory.h"
#include "maskinfo/model.h"
#include "maskinfo/random.h"
#include "maskinfo/statistics.h"

/* ---- one mask against direct summation over contrasts ---- */

enum { ROWS = 2, COLUMNS = 3, SITES = 6, BLOCK = 2, N = 12, SCALES = 3, CROPS = 7 };
static const double test_z[SCALES] = {0.31, 1.7, 6.2}, test_w[SCALES] = {0.25, 0.6, 0.15};
static const double log_unit = 0.37;

/* A fit with numbers of no special structure. */
static mi_patch_fit *make_fit(bool mixture)
{
    mi_patch_fit *fit = calloc(1, sizeof *fit);
    fit->dimension = N;
    fit->mean = calloc(N, sizeof *fit->mean);
    fit->covariance = calloc((size_t)N * N, sizeof *fit->covariance);
    for (size_t i = 0; i < N; i++) {
        fit->mean[i] = sin(2.1 * (double)i);
        for (size_t j = 0; j < N; j++) {
            double sum = i == j ? 0.4 : 0;
            for (size_t k = 0; k < N; k++) {
                sum += sin(1.3 * (double)(i * N + k) + 0.2) * sin(1.3 * (double)(j * N + k) + 0.2);
            }
            fit->covariance[i + j * N] = sum;
        }
    }
    size_t scales = mixture ? SCALES : 1;
    assert_int_equal(mi_scales_create(scales, 1, 1, mixture ? 2.3 : 0, &fit->scales, NULL), MI_OK);
    for (size_t z = 0; mixture && z < SCALES; z++) {
        fit->scales->log_scale[z] = log(test_z[z]);
        fit->scales->precision[z] = 1 / test_z[z];
        fit->scales->log_weight[z] = log(test_w[z]);
    }
    return fit;
}

static mi_crops *make_crops(void)
{
    mi_crops *crops = calloc(1, sizeof *crops);
    crops->count = CROPS;
    crops->dimension = N;
    crops->values = calloc((size_t)CROPS * N, sizeof *crops->values);
    crops->area = calloc(CROPS, sizeof *crops->area);
    crops->apart = calloc(CROPS, sizeof *crops->apart);
    for (size_t i = 0; i < (size_t)CROPS * N; i++) {
        crops->values[i] = (float)(2.5 * sin(0.7 * (double)(i * i) + 1));
    }
    return crops;
}

/* The coordinates of the sites of a set. */
static size_t coordinates_of(unsigned sites, size_t *chosen)
{
    size_t count = 0;
    for (size_t i = 0; i < N; i++) {
        if (sites >> (i / BLOCK) & 1) {
            chosen[count++] = i;
        }
    }
    return count;
}

static double covariance_of(const mi_patch_fit *fit, size_t z, size_t i, size_t j)
{
    return fit->covariance[i + j * N] / fit->scales->precision[z] + fit->scales->brightness;
}

/* log p(x_S, z) by GSL's factorisation, and C_SS^-1 (x - mean)_S in solved. */
static double log_joint(const mi_patch_fit *fit, size_t z, const size_t *chosen, size_t count,
                        const float *x, double *solved)
{
    double log_density = fit->scales->log_weight[z] - 0.5 * (double)count * log(2 * M_PI);
    if (count == 0) {
        return log_density;
    }
    gsl_matrix *c = gsl_matrix_alloc(count, count);
    gsl_vector *v = gsl_vector_alloc(count);
    for (size_t a = 0; a < count; a++) {
        gsl_vector_set(v, a, x[chosen[a]] - fit->mean[chosen[a]]);
        for (size_t b = 0; b < count; b++) {
            gsl_matrix_set(c, a, b, covariance_of(fit, z, chosen[a], chosen[b]));
        }
    }
    assert_int_equal(gsl_linalg_cholesky_decomp1(c), 0);
    gsl_linalg_cholesky_svx(c, v);
    for (size_t a = 0; a < count; a++) {
        solved[a] = gsl_vector_get(v, a);
        log_density -=
            log(gsl_matrix_get(c, a, a)) + 0.5 * (x[chosen[a]] - fit->mean[chosen[a]]) * solved[a];
    }
    gsl_matrix_free(c);
    gsl_vector_free(v);
    return log_density;
}

/* log p(x_S). */
static double log_density(const mi_patch_fit *fit, unsigned sites, const float *x)
{
    size_t chosen[N], count = coordinates_of(sites, chosen);
    double solved[N], sum = 0;
    for (size_t z = 0; z < fit->scales->count; z++) {
        sum += exp(log_joint(fit, z, chosen, count, x, solved));
    }
    return log(sum);
}

/* E[x_i | x_S] - mean_i, the expectation over contrasts too. */
static void expect(const mi_patch_fit *fit, unsigned given, size_t site, const float *x,
                   double expected[BLOCK])
{
    size_t chosen[N], count = coordinates_of(given, chosen);
    double total = 0, mean[BLOCK] = {0}, solved[N];
    for (size_t z = 0; z < fit->scales->count; z++) {
        double joint = exp(log_joint(fit, z, chosen, count, x, solved));
        total += joint;
        for (size_t a = 0; a < BLOCK; a++) {
            for (size_t b = 0; b < count; b++) {
                mean[a] += joint * covariance_of(fit, z, site * BLOCK + a, chosen[b]) * solved[b];
            }
        }
    }
    for (size_t a = 0; a < BLOCK; a++) {
        expected[a] = mean[a] / total;
    }
}

/* |x_i - E[x_i | x_S]|^2. */
static double square_error(const mi_patch_fit *fit, unsigned given, size_t site, const float *x)
{
    double expected[BLOCK], error = 0;
    expect(fit, given, site, x, expected);
    for (size_t a = 0; a < BLOCK; a++) {
        size_t i = site * BLOCK + a;
        error += gsl_pow_2(x[i] - fit->mean[i] - expected[a]);
    }
    return error;
}

static bool are_neighbors(size_t a, size_t b)
{
    int row = (int)(a / COLUMNS) - (int)(b / COLUMNS);
    int column = (int)(a % COLUMNS) - (int)(b % COLUMNS);
    return a != b && abs(row) <= 1 && abs(column) <= 1;
}

/* Add one crop's sums over the masked sites. */
static void add_direct(const mi_patch_fit *fit, unsigned hidden, const float *x,
                       mi_mask_result *sum)
{
    unsigned all = (1U << SITES) - 1, visible = all & ~hidden;
    for (size_t i = 0; i < SITES; i++) {
        unsigned near = 0;
        for (size_t j = 0; j < SITES; j++) {
            near |= are_neighbors(i, j) ? visible & 1U << j : 0;
        }
        if (hidden >> i & 1) {
            sum->conditional_entropy +=
                log_density(fit, visible, x) - log_density(fit, visible | 1U << i, x);
            sum->neighbor_entropy +=
                log_density(fit, near, x) - log_density(fit, near | 1U << i, x);
            sum->marginal_entropy -= log_density(fit, 1U << i, x);
            sum->mse += square_error(fit, visible, i, x);
        }
    }
    sum->joint_information +=
        log_density(fit, all, x) - log_density(fit, visible, x) - log_density(fit, hidden, x);
}

static mi_mask_result direct(const mi_patch_fit *fit, const mi_crops *crops, unsigned hidden)
{
    mi_mask_result sum = {0};
    double sites = 0, variance = 0;
    for (size_t i = 0; i < SITES; i++) {
        sites += hidden >> i & 1;
    }
    for (size_t c = 0; c < CROPS; c++) {
        add_direct(fit, hidden, mi_crop(crops, c), &sum);
        for (size_t i = 0; i < N; i++) {
            variance += gsl_pow_2(mi_crop(crops, c)[i] - fit->mean[i]) / (N * CROPS);
        }
    }
    sum.conditional_entropy = sum.conditional_entropy / (sites * CROPS) + log_unit;
    sum.neighbor_entropy = sum.neighbor_entropy / (sites * CROPS) + log_unit;
    sum.marginal_entropy = sum.marginal_entropy / (sites * CROPS) + log_unit;
    sum.mse /= sites * CROPS * BLOCK * variance;
    sum.joint_information /= CROPS * SITES;
    return sum;
}

static void check_mask(const mi_patch_masks *masks, const mi_crops *crops, unsigned hidden,
                       gsl_rng *stream, void *scratch)
{
    unsigned char masked[SITES];
    mi_mask_result result, expected = direct(masks->fit, crops, hidden);
    for (size_t i = 0; i < SITES; i++) {
        masked[i] = hidden >> i & 1;
    }
    assert_int_equal(mi_patch_masks_evaluate(masks, masked, stream, true, scratch, &result, NULL),
                     MI_OK);
    assert_near(result.conditional_entropy, expected.conditional_entropy, 1e-11);
    assert_near(result.cross_entropy, expected.conditional_entropy, 1e-11);
    assert_near(result.marginal_entropy, expected.marginal_entropy, 1e-11);
    assert_near(result.neighbor_entropy, expected.neighbor_entropy, 1e-11);
    assert_near(result.joint_information, expected.joint_information, 1e-11);
    assert_near(result.mse, expected.mse, 1e-11);
}

static void every_mask_agrees_with_direct_summation(void **state)
{
    (void)state;
    const mi_crop_shape shape = {ROWS, COLUMNS, 1, BLOCK, 1};
    mi_run run = support_run(1);
    for (int mixture = 0; mixture < 2; mixture++) {
        mi_patch_fit *fit = make_fit(mixture);
        mi_crops *crops = make_crops();
        mi_patch_masks *masks = NULL;
        void *scratch = NULL;
        gsl_rng *stream = NULL;
        assert_int_equal(mi_stream_create(5, MI_PURPOSE_TEST, 0, &stream, NULL), MI_OK);
        assert_int_equal(mi_patch_masks_create(fit, shape, log_unit, crops, &run, &masks, NULL),
                         MI_OK);
        assert_int_equal(mi_patch_masks_scratch(masks, &scratch, NULL), MI_OK);
        for (unsigned hidden = 1; hidden < 1U << SITES; hidden++) {
            check_mask(masks, crops, hidden, stream, scratch);
        }
        mi_patch_masks_scratch_destroy(scratch);
        mi_patch_masks_destroy(masks);
        gsl_rng_free(stream);
        mi_crops_destroy(crops);
        mi_patch_fit_destroy(fit);
    }
}

/* ---- the posterior of one crop of the data ---- */

/* The crop that the key draws: a place of the image, then noise of one level. */
static void crop_of(const mi_patch_data *data, uint64_t key, gsl_rng *stream, float *crop)
{
    const mi_image *image = &data->images->items[0];
    mi_stream_set(stream, 5, MI_PURPOSE_TEST, key);
    size_t area = gsl_rng_uniform_int(stream, 1), row = gsl_rng_uniform_int(stream, 2);
    size_t column = gsl_rng_uniform_int(stream, 3);
    assert_int_equal(area, 0);
    for (size_t r = 0; r < ROWS; r++) {
        for (size_t c = 0; c < (size_t)COLUMNS * BLOCK; c++) {
            size_t from = (row + r) * image->columns + 4 + column + c;
            crop[r * COLUMNS * BLOCK + c] =
                (float)(image->pixels[from] + gsl_rng_uniform(stream) - 0.5);
        }
    }
}

static void check_crop(const mi_patch_masks *masks, const mi_patch_data *data, unsigned hidden,
                       gsl_rng *stream, void *scratch)
{
    unsigned char masked[SITES];
    float crop[N];
    double values[N], mean[N], expected[BLOCK], entropy = 0, sites = 0;
    mi_mask_posterior posterior = {.values = values, .mean = mean};
    unsigned visible = ((1U << SITES) - 1) & ~hidden;
    for (size_t i = 0; i < SITES; i++) {
        masked[i] = hidden >> i & 1;
        sites += masked[i];
    }
    crop_of(data, hidden, stream, crop);
    mi_stream_set(stream, 5, MI_PURPOSE_TEST, hidden);
    assert_int_equal(
        mi_patch_masks_posterior(masks, data, masked, stream, scratch, &posterior, NULL), MI_OK);
    for (size_t i = 0; i < N; i++) {
        size_t site = i / BLOCK;
        assert_true(fabs(values[i] - (double)crop[i]) <= 0.5 && values[i] == floor(values[i]));
        expect(masks->fit, visible, site, crop, expected);
        assert_near(mean[i], masked[site] ? masks->fit->mean[i] + expected[i % BLOCK] : values[i],
                    1e-9);
    }
    for (size_t i = 0; i < SITES; i++) {
        entropy += masked[i] ? log_density(masks->fit, visible, crop) -
                                   log_density(masks->fit, visible | 1U << i, crop)
                             : 0;
    }
    assert_near(posterior.result.cross_entropy, entropy / sites + log_unit, 1e-10);
}

static void posteriors_of_one_crop(void **state)
{
    (void)state;
    const mi_crop_shape shape = {ROWS, COLUMNS, 1, BLOCK, 1};
    enum { TALL = 3, WIDE = 14 };
    unsigned char pixels[TALL * WIDE];
    mi_image image = {.rows = TALL, .columns = WIDE, .pixels = pixels};
    mi_images images = {.count = 1, .items = &image, .channels = 1};
    mi_area area = {.column = 4, .rows = TALL, .columns = 8};
    mi_split split = {.count = {0, 0, 1}, .areas = {NULL, NULL, &area}};
    const mi_patch_data data = {&images, &images, &split, shape, 0, 1};
    mi_run run = support_run(1);
    mi_patch_fit *fit = make_fit(true);
    mi_crops *crops = make_crops();
    mi_patch_masks *masks = NULL;
    void *scratch = NULL;
    gsl_rng *stream = NULL;
    for (size_t i = 0; i < sizeof pixels; i++) {
        pixels[i] = (unsigned char)(i * i * 7 % 5);
    }
    assert_int_equal(mi_stream_create(5, MI_PURPOSE_TEST, 0, &stream, NULL), MI_OK);
    assert_int_equal(mi_patch_masks_create(fit, shape, log_unit, crops, &run, &masks, NULL), MI_OK);
    assert_int_equal(mi_patch_masks_scratch(masks, &scratch, NULL), MI_OK);
    for (unsigned hidden = 1; hidden < 1U << SITES; hidden++) {
        check_crop(masks, &data, hidden, stream, scratch);
    }
    mi_patch_masks_scratch_destroy(scratch);
    mi_patch_masks_destroy(masks);
    gsl_rng_free(stream);
    mi_crops_destroy(crops);
    mi_patch_fit_destroy(fit);
}

/* ---- channels in the stationary average ---- */

/* Pair by pair: two crops' coordinates share an entry where displacement and both channels agree.
 */
static void stationary_average_keeps_channels_apart(void **state)
{
    (void)state;
    enum { W = 3, C = 2, ALL = W * C };
    const mi_crop_shape shape = {1, W, 1, 1, C};
    double sigma[ALL * ALL], shrunk[ALL * ALL];
    mi_stationary *stationary = NULL;
    for (size_t i = 0; i < ALL; i++) {
        for (size_t j = 0; j < ALL; j++) {
            sigma[i + j * ALL] = sin((double)(i * j + 1)) + cos((double)(i + j));
        }
    }
    assert_int_equal(mi_stationary_create(sigma, shape, &stationary, NULL), MI_OK);
    mi_shrink(sigma, ALL, stationary, 1, 0, shrunk);
    for (size_t i = 0; i < ALL; i++) {
        for (size_t j = 0; j < ALL; j++) {
            double sum = 0, pairs = 0;
            for (size_t a = 0; a < ALL; a++) {
                for (size_t b = 0; b < ALL; b++) {
                    if (a / C + j / C == b / C + i / C && a % C == i % C && b % C == j % C) {
                        sum += sigma[a + b * ALL];
                        pairs++;
                    }
                }
            }
            assert_near(shrunk[i + j * ALL], sum / pairs, 1e-12);
        }
    }
    mi_stationary_destroy(stationary);
}

/* ---- the model on arrays ---- */

typedef struct setting {
    const char *path;
    size_t patch, rows, columns, crops, held_out;
    const char *family;
} setting;

static mi_value *item(mi_values *values, const char *name)
{
    mi_value *found = NULL;
    for (size_t i = 0; i < values->count; i++) {
        if (strcmp(values->items[i].parameter->name, name) == 0) {
            found = &values->items[i];
        }
    }
    assert_non_null(found);
    found->given = true;
    return found;
}

static mi_code try_model(const setting *s, mi_model **ret_model, mi_status *status)
{
    mi_values *values = NULL;
    mi_run run = support_run(7);
    const mi_model_class *class = mi_model_find("patches");
    assert_int_equal(mi_values_create(class->parameters, &values, NULL), MI_OK);
    mi_value *images = item(values, "images");
    assert_int_equal(mi_allocate(1, sizeof *images->paths, &images->paths, NULL), MI_OK);
    assert_int_equal(mi_copy_text(s->path, &images->paths[0], NULL), MI_OK);
    images->path_count = 1;
    item(values, "patch")->integer = (long long)s->patch;
    item(values, "grid")->grid[0] = s->rows;
    item(values, "grid")->grid[1] = s->columns;
    item(values, "crops")->integer = (long long)s->crops;
    item(values, "held_out_crops")->integer = (long long)s->held_out;
    item(values, "scales")->integer = 15;
    item(values, "iterations")->integer = 10;
    assert_int_equal(mi_copy_text(s->family, &item(values, "family")->text, NULL), MI_OK);
    assert_int_equal(mi_copy_text("all", &item(values, "part")->text, NULL), MI_OK);
    mi_code code = mi_model_create(class, values, &run, ret_model, status);
    mi_values_destroy(values);
    return code;
}

static mi_model *model_of(const setting *s)
{
    mi_model *model = NULL;
    mi_status status = {.code = MI_OK};
    if (try_model(s, &model, &status) != MI_OK) {
        fail_msg("%s: %s", status.place, status.message);
    }
    return model;
}

static mi_profile *profile_of(const mi_model *model, size_t samples)
{
    mi_run run = support_run(7);
    mi_profile *profile = NULL;
    assert_int_equal(model->class->profile(model->state, samples, &run, &profile, NULL), MI_OK);
    return profile;
}

/* x = rho x_up + rho x_left - rho^2 x_upleft + noise: covariance deviation^2 rho^(|rows| +
 * |columns|) around 128. */
static void draw_field(gsl_rng *stream, double rho, double deviation, size_t rows, size_t columns,
                       double *x)
{
    double edge = sqrt(1 - rho * rho);
    for (size_t r = 0; r < rows; r++) {
        for (size_t c = 0; c < columns; c++) {
            double up = r > 0 ? x[(r - 1) * columns + c] : 0;
            double left = c > 0 ? x[r * columns + c - 1] : 0;
            double corner = r > 0 && c > 0 ? x[(r - 1) * columns + c - 1] : 0;
            double noise = (r > 0 ? edge : 1) * (c > 0 ? edge : 1);
            x[r * columns + c] = rho * up + rho * left - rho * rho * corner +
                                 noise * gsl_ran_gaussian(stream, deviation);
        }
    }
}

enum { IMAGES = 24, SIDE = 60 };
static const double rho = 0.8, deviation = 25;

/* Bytes, images x SIDE x SIDE. */
static unsigned char *draw_levels(void)
{
    size_t size = (size_t)SIDE * SIDE;
    unsigned char *levels = calloc(IMAGES * size, 1);
    double *x = calloc(size, sizeof *x);
    gsl_rng *stream = NULL;
    assert_int_equal(mi_stream_create(12, MI_PURPOSE_TEST, 0, &stream, NULL), MI_OK);
    for (size_t i = 0; i < IMAGES; i++) {
        draw_field(stream, rho, deviation, SIDE, SIDE, x);
        for (size_t p = 0; p < size; p++) {
            double value = round(128 + x[p]);
            levels[i * size + p] = (unsigned char)GSL_MAX(0, GSL_MIN(255, value));
        }
    }
    gsl_rng_free(stream);
    free(x);
    return levels;
}

static void write_levels_npy(const char *path)
{
    unsigned char *levels = draw_levels();
    npy_write(path, "|u1", "(24, 60, 60)", levels, (size_t)IMAGES * SIDE * SIDE);
    free(levels);
}

static void assert_same_profile(const mi_profile *a, const mi_profile *b)
{
    for (size_t kind = 0; kind < MI_SERIES_KINDS; kind++) {
        size_t count = a->series[kind].replicates * a->sites;
        assert_int_equal(a->series[kind].replicates, b->series[kind].replicates);
        if (count > 0) {
            assert_memory_equal(a->series[kind].values, b->series[kind].values,
                                count * sizeof(double));
        }
    }
}

static void bytes_in_an_array_are_grey_levels(void **state)
{
    char array[SCRATCH_PATH], idx[SCRATCH_PATH], remark[600];
    unsigned char *levels = draw_levels();
    size_t size = (size_t)IMAGES * SIDE * SIDE;
    unsigned char *bytes = calloc(16 + size, 1);
    const unsigned char header[16] = {0, 0, 8, 3, 0, 0, 0, IMAGES, 0, 0, 0, SIDE, 0, 0, 0, SIDE};
    memcpy(bytes, header, 16);
    memcpy(bytes + 16, levels, size);
    scratch_write(scratch_name(state, "idx", idx), bytes, 16 + size);
    write_levels_npy(scratch_name(state, "a.npy", array));
    setting s = {array, 2, 3, 2, 500, 200, "scale-mixture"};
    mi_model *a = model_of(&s);
    s.path = idx;
    mi_model *b = model_of(&s);
    mi_profile *of_array = profile_of(a, 30), *of_idx = profile_of(b, 30);
    assert_same_profile(of_array, of_idx);
    assert_true(of_array->series[MI_NEIGHBORS].replicates == IMAGES);
    assert_true(a->class->remark(a->state, remark, sizeof remark));
    assert_non_null(strstr(remark, "array (24, 60, 60) u1; 24 images split by region"));
    mi_profile_destroy(of_array);
    mi_profile_destroy(of_idx);
    mi_model_destroy(a);
    mi_model_destroy(b);
    free(bytes);
    free(levels);
}

/* Means of `draws` random masks that leave k sites visible. */
typedef struct averages {
    double entropy, entropy_error, neighbors, neighbors_error, mse, mse_error;
} averages;

static averages average_masks(const mi_model *model, size_t sites, size_t k, size_t draws)
{
    averages a;
    double *values = calloc(3 * draws, sizeof *values);
    size_t order[64];
    unsigned char masked[64];
    gsl_rng *draw = NULL, *orders = NULL;
    void *scratch = NULL;
    assert_int_equal(mi_stream_create(3, MI_PURPOSE_SAMPLE, 0, &draw, NULL), MI_OK);
    assert_int_equal(mi_stream_create(3, MI_PURPOSE_ORDER, 0, &orders, NULL), MI_OK);
    assert_int_equal(model->class->scratch_create(model->state, &scratch, NULL), MI_OK);
    for (size_t j = 0; j < draws; j++) {
        mi_mask_result result;
        mi_random_order(orders, order, sites);
        for (size_t i = 0; i < sites; i++) {
            masked[order[i]] = i >= k;
        }
        assert_int_equal(model->class->evaluate(model->state, masked, MI_FROM_MODEL, draw, false,
                                                scratch, &result, NULL),
                         MI_OK);
        values[3 * j] = result.conditional_entropy;
        values[3 * j + 1] = result.neighbor_entropy;
        values[3 * j + 2] = result.mse;
    }
    mi_mean_error(values, 3, draws, &a.entropy, &a.entropy_error);
    mi_mean_error(values + 1, 3, draws, &a.neighbors, &a.neighbors_error);
    mi_mean_error(values + 2, 3, draws, &a.mse, &a.mse_error);
    model->class->scratch_destroy(scratch);
    gsl_rng_free(draw);
    gsl_rng_free(orders);
    free(values);
    return a;
}

static void assert_same_mean(double a, double a_error, double b, double b_error)
{
    assert_true(a_error > 0 && b_error > 0);
    assert_near((a - b) / hypot(a_error, b_error), 0, 4);
}

/* Mask by mask and along orders: the same crops, estimated in two ways. */
static void random_masks_agree_with_the_profile(void **state)
{
    enum { L = 4, SITE_COUNT = L * L };
    char path[SCRATCH_PATH];
    double entropy[SITE_COUNT], neighbors[SITE_COUNT], mse[SITE_COUNT], e[3][SITE_COUNT];
    write_levels_npy(scratch_name(state, "a.npy", path));
    setting s = {path, 2, L, L, 1500, 1200, "scale-mixture"};
    mi_model *model = model_of(&s);
    mi_profile *profile = profile_of(model, 480);
    mi_profile_mean(profile, MI_ENTROPY, entropy, e[0]);
    mi_profile_mean(profile, MI_NEIGHBORS, neighbors, e[1]);
    mi_profile_mean(profile, MI_MSE, mse, e[2]);
    assert_near(neighbors[0], entropy[0], 0);
    const size_t visible[] = {0, 1, 4, 8, 12, 15};
    for (size_t i = 0; i < sizeof visible / sizeof visible[0]; i++) {
        size_t k = visible[i];
        averages a = average_masks(model, SITE_COUNT, k, 480);
        assert_same_mean(a.entropy, a.entropy_error, entropy[k], e[0][k]);
        assert_same_mean(a.neighbors, a.neighbors_error, neighbors[k], e[1][k]);
        assert_same_mean(a.mse, a.mse_error, mse[k], e[2][k]);
        assert_true(neighbors[k] >= entropy[k] - 4 * hypot(e[0][k], e[1][k]));
    }
    mi_profile_destroy(profile);
    mi_model_destroy(model);
}

/* The same draw for every mask: what a mask and its complement tell of each other is one number. */
static void joint_information_is_symmetric(void **state)
{
    char path[SCRATCH_PATH];
    unsigned char masked[9] = {1, 0, 0, 1, 1, 0, 1, 0, 0}, other[9];
    mi_mask_result a, b;
    gsl_rng *draw = NULL;
    void *scratch = NULL;
    write_levels_npy(scratch_name(state, "a.npy", path));
    setting s = {path, 1, 3, 3, 500, 2400, "scale-mixture"};
    mi_model *model = model_of(&s);
    assert_int_equal(mi_stream_create(3, MI_PURPOSE_SAMPLE, 8, &draw, NULL), MI_OK);
    assert_int_equal(model->class->scratch_create(model->state, &scratch, NULL), MI_OK);
    for (size_t i = 0; i < 9; i++) {
        other[i] = !masked[i];
    }
    assert_int_equal(model->class->evaluate(model->state, masked, MI_FROM_HELD_OUT, draw, true,
                                            scratch, &a, NULL),
                     MI_OK);
    mi_stream_set(draw, 3, MI_PURPOSE_SAMPLE, 8);
    assert_int_equal(model->class->evaluate(model->state, other, MI_FROM_HELD_OUT, draw, true,
                                            scratch, &b, NULL),
                     MI_OK);
    assert_true(a.joint_information > 0.05);
    assert_near(a.joint_information, b.joint_information, 1e-12);
    model->class->scratch_destroy(scratch);
    gsl_rng_free(draw);
    mi_model_destroy(model);
}

/* ---- closed forms ---- */

static double log_determinant(const double *covariance, size_t n, const size_t *chosen,
                              size_t count)
{
    double sum = 0;
    if (count == 0) {
        return 0;
    }
    gsl_matrix *c = gsl_matrix_alloc(count, count);
    for (size_t a = 0; a < count; a++) {
        for (size_t b = 0; b < count; b++) {
            gsl_matrix_set(c, a, b, covariance[chosen[a] * n + chosen[b]]);
        }
    }
    assert_int_equal(gsl_linalg_cholesky_decomp1(c), 0);
    for (size_t a = 0; a < count; a++) {
        sum += 2 * log(gsl_matrix_get(c, a, a));
    }
    gsl_matrix_free(c);
    return sum;
}

/* h_k of a Gaussian from the determinants of all subsets of its sites. */
static void exact_profile(const double *covariance, size_t sites, size_t block, double *entropy)
{
    enum { LARGEST = 32 };
    double counts[LARGEST] = {0};
    for (size_t k = 0; k < sites; k++) {
        entropy[k] = 0;
    }
    for (unsigned visible = 0; visible < 1U << sites; visible++) {
        size_t chosen[LARGEST], count = 0, k = 0;
        for (size_t site = 0; site < sites; site++) {
            k += visible >> site & 1;
            for (size_t a = 0; a < block && (visible >> site & 1); a++) {
                chosen[count++] = site * block + a;
            }
        }
        double before = log_determinant(covariance, sites * block, chosen, count);
        for (size_t site = 0; site < sites; site++) {
            if (visible >> site & 1) {
                continue;
            }
            for (size_t a = 0; a < block; a++) {
                chosen[count + a] = site * block + a;
            }
            double after = log_determinant(covariance, sites * block, chosen, count + block);
            entropy[k] += 0.5 * (after - before + (double)block * log(2 * M_PI * M_E));
            counts[k]++;
        }
    }
    for (size_t k = 0; k < sites; k++) {
        entropy[k] /= counts[k];
    }
}

static void check_profile(const setting *s, size_t samples, const double *exact, size_t sites,
                          double excess)
{
    double mean[32], error[32];
    mi_model *model = model_of(s);
    mi_profile *profile = profile_of(model, samples);
    mi_profile_mean(profile, MI_ENTROPY, mean, error);
    for (size_t k = 0; k < sites; k++) {
        assert_true(error[k] > 0 && error[k] < 0.08);
        assert_near(mean[k], exact[k], 4 * error[k] + excess);
    }
    for (size_t k = 0; k < sites; k += 3) {
        averages a = average_masks(model, sites, k, 300);
        assert_near(a.entropy, exact[k], 4 * hypot(a.entropy_error, error[k]) + excess);
    }
    mi_profile_destroy(profile);
    mi_model_destroy(model);
}

/* Two features of an autoregression of order 1, y = 1000 (0.6 x + independent noise), x of rho 0.9;
 * sites of two steps. Units of 1000 must be in the entropies. */
static void series_agrees_with_closed_form(void **state)
{
    enum { STEPS = 40000, L = 5, WIDTH = 2, FEATURES = 2, B = WIDTH * FEATURES, ALL = L * B };
    const double r = 0.9, share = 0.6, scale = 1000, other = 0.5;
    char path[SCRATCH_PATH], remark[600];
    static float values[STEPS * FEATURES];
    double covariance[ALL * ALL], exact[L], x = 0, y = 0;
    gsl_rng *stream = NULL;
    assert_int_equal(mi_stream_create(51, MI_PURPOSE_TEST, 0, &stream, NULL), MI_OK);
    x = gsl_ran_gaussian(stream, 1);
    y = gsl_ran_gaussian(stream, 1);
    for (size_t t = 0; t < STEPS; t++) {
        values[2 * t] = (float)(3 + x);
        values[2 * t + 1] = (float)(scale * (7 + share * x + y));
        x = r * x + gsl_ran_gaussian(stream, sqrt(1 - r * r));
        y = other * y + gsl_ran_gaussian(stream, sqrt(1 - other * other));
    }
    for (size_t i = 0; i < ALL; i++) {
        for (size_t j = 0; j < ALL; j++) {
            double lag = fabs((double)(i / 2) - (double)(j / 2));
            double weight = (i % 2 ? scale * share : 1) * (j % 2 ? scale * share : 1);
            covariance[i * ALL + j] =
                weight * pow(r, lag) + (i % 2 && j % 2 ? scale * scale * pow(other, lag) : 0);
        }
    }
    npy_write(scratch_name(state, "s.npy", path), "<f4", "(40000, 2)", values, sizeof values);
    exact_profile(covariance, L, B, exact);
    setting s = {path, WIDTH, 1, L, 8000, 4000, "gaussian"};
    check_profile(&s, 400, exact, L, 0.006);
    s.family = "scale-mixture";
    check_profile(&s, 400, exact, L, 0.006);
    mi_model *model = model_of(&s);
    mi_shape shape = model->class->shape(model->state);
    assert_int_equal(shape.dimensions, 1);
    assert_int_equal(shape.sites, L);
    assert_true(model->class->remark(model->state, remark, sizeof remark));
    assert_non_null(
        strstr(remark, "array (40000, 2) f4; 20 stretches of it split by region; fitted on"));
    mi_model_destroy(model);
    gsl_rng_free(stream);
}

/* Images of three channels with covariance K (x) C: a field for each of three sources, mixed. */
static void channels_agree_with_closed_form(void **state)
{
    enum { H = 2, W = 2, C = 3, ALL = H * W * C, SIZE = SIDE * SIDE };
    const double mix[C][C] = {{1, 0, 0}, {0.8, 0.5, 0}, {20, -30, 40}};
    char path[SCRATCH_PATH];
    double covariance[ALL * ALL], exact[H * W];
    double *fields = calloc((size_t)C * SIZE, sizeof *fields);
    double *values = calloc((size_t)IMAGES * SIZE * C, sizeof *values);
    gsl_rng *stream = NULL;
    assert_int_equal(mi_stream_create(52, MI_PURPOSE_TEST, 0, &stream, NULL), MI_OK);
    for (size_t i = 0; i < IMAGES; i++) {
        for (size_t c = 0; c < C; c++) {
            draw_field(stream, rho, 1, SIDE, SIDE, fields + c * SIZE);
        }
        for (size_t p = 0; p < (size_t)SIZE * C; p++) {
            for (size_t k = 0; k < C; k++) {
                values[i * SIZE * C + p] += mix[p % C][k] * fields[k * SIZE + p / C];
            }
        }
    }
    for (size_t i = 0; i < ALL; i++) {
        for (size_t j = 0; j < ALL; j++) {
            size_t a = i / C, b = j / C;
            double distance =
                fabs((double)(a / W) - (double)(b / W)) + fabs((double)(a % W) - (double)(b % W));
            covariance[i * ALL + j] = 0;
            for (size_t k = 0; k < C; k++) {
                covariance[i * ALL + j] += mix[i % C][k] * mix[j % C][k] * pow(rho, distance);
            }
        }
    }
    npy_write(scratch_name(state, "c.npy", path), "<f8", "(24, 60, 60, 3)", values,
              (size_t)IMAGES * SIZE * C * sizeof *values);
    exact_profile(covariance, H * W, C, exact);
    setting s = {path, 1, H, W, 8000, 4000, "gaussian"};
    check_profile(&s, 400, exact, H * W, 0.004);
    gsl_rng_free(stream);
    free(fields);
    free(values);
}

/* ---- streaming ---- */

static mi_crops *crops_of(const char *path, size_t memory)
{
    const mi_crop_shape shape = {3, 3, 2, 2, 1};
    mi_array *array = NULL;
    mi_images *images = NULL;
    mi_split *split = NULL;
    mi_crops *crops = NULL;
    mi_run run = support_run(4);
    assert_int_equal(mi_read_array(path, memory, &array, NULL), MI_OK);
    assert_int_equal(array->opt_block == NULL, memory == 0);
    assert_int_equal(mi_array_images(array, 1, &images, NULL), MI_OK);
    assert_int_equal(mi_images_standardise(images, NULL), MI_OK);
    assert_int_equal(mi_split_create(images, shape, MI_SPLIT_AUTO, &run, &split, NULL), MI_OK);
    assert_int_equal(mi_crops_draw(images, split, MI_PART_FIT, shape, 600, &run, &crops, NULL),
                     MI_OK);
    mi_split_destroy(split);
    mi_images_destroy(images);
    return crops;
}

static void crops_from_the_disk_are_the_same(void **state)
{
    char path[SCRATCH_PATH];
    write_levels_npy(scratch_name(state, "a.npy", path));
    mi_crops *loaded = crops_of(path, 1 << 28), *disk = crops_of(path, 0);
    assert_int_equal(loaded->count, 600);
    assert_int_equal(loaded->count, disk->count);
    assert_memory_equal(loaded->values, disk->values, 600 * loaded->dimension * sizeof(float));
    mi_crops_destroy(loaded);
    mi_crops_destroy(disk);
}

/* ---- bad input ---- */

static void refused(const setting *s, const char *place, const char *text)
{
    mi_model *model = NULL;
    mi_status status = {.code = MI_OK};
    assert_failure(try_model(s, &model, &status), MI_INPUT, status, text);
    assert_string_equal(status.place, place);
}

static void grids_that_do_not_fit_the_data_are_named(void **state)
{
    char images[SCRATCH_PATH], series[SCRATCH_PATH];
    static float values[2000 * 3];
    for (size_t i = 0; i < 6000; i++) {
        values[i] = (float)sin((double)(i * i));
    }
    npy_write(scratch_name(state, "s.npy", series), "<f4", "(2000, 3)", values, sizeof values);
    write_levels_npy(scratch_name(state, "a.npy", images));
    setting s = {series, 2, 2, 14, 500, 200, "gaussian"};
    refused(&s, "grid", "[2, 14], but ");
    s.rows = 1;
    s.columns = 101;
    refused(&s, "images", "2000 steps in time; at least 2020 are needed");
    s.columns = 14;
    s.patch = 32;
    refused(&s, "images", "2000 steps in time; at least 4480");
    s = (setting){images, 1, 1, 5, 500, 200, "gaussian"};
    refused(&s, "grid", "[1, 5]: of images at least [2, 2] is legal");
    s.rows = s.columns = 65;
    refused(&s, "grid", "[65, 65] makes 4225 dimensions (1 values at a place), at most 4096");
}

/* A frame of zeros around every image, and images that are planes. */
static void data_that_determine_nothing_are_refused(void **state)
{
    enum { SMALL = 12, HALF = SMALL / 2, COUNT = 200 };
    char path[SCRATCH_PATH];
    static double values[COUNT * SMALL * SMALL];
    gsl_rng *stream = NULL;
    assert_int_equal(mi_stream_create(61, MI_PURPOSE_TEST, 0, &stream, NULL), MI_OK);
    for (size_t i = 0; i < COUNT * SMALL * SMALL; i++) {
        size_t row = i / SMALL % SMALL, column = i % SMALL;
        bool inside = row % (SMALL - 1) && column % (SMALL - 1);
        values[i] = inside ? gsl_ran_gaussian(stream, 1) : 0;
    }
    npy_write(scratch_name(state, "a.npy", path), "<f8", "(200, 12, 12)", values, sizeof values);
    setting s = {path, 1, SMALL, SMALL, 120, 80, "gaussian"};
    refused(&s, "images",
            "the value at row 0, column 0, channel 0 of a crop (counted from 0) is the same in all "
            "120 crops");
    for (size_t i = 0; i < COUNT; i++) {
        double level = gsl_ran_gaussian(stream, 1), down = gsl_ran_gaussian(stream, 1);
        double right = gsl_ran_gaussian(stream, 1);
        for (size_t at = 0; at < SMALL * SMALL; at++) {
            values[i * SMALL * SMALL + at] =
                level + down * (double)(at / SMALL) + right * (double)(at % SMALL);
        }
    }
    npy_write(path, "<f8", "(200, 12, 12)", values, sizeof values);
    s = (setting){path, 1, HALF, HALF, 1000, 200, "gaussian"};
    refused(&s, "images", "the noise floor: the data do not determine an information");
    gsl_rng_free(stream);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_mask_agrees_with_direct_summation),
        cmocka_unit_test(posteriors_of_one_crop),
        cmocka_unit_test(stationary_average_keeps_channels_apart),
        SCRATCH_TEST(bytes_in_an_array_are_grey_levels),
        SCRATCH_TEST(random_masks_agree_with_the_profile),
        SCRATCH_TEST(joint_information_is_symmetric),
        SCRATCH_TEST(series_agrees_with_closed_form),
        SCRATCH_TEST(channels_agree_with_closed_form),
        SCRATCH_TEST(crops_from_the_disk_are_the_same),
        SCRATCH_TEST(grids_that_do_not_fit_the_data_are_named),
        SCRATCH_TEST(data_that_determine_nothing_are_refused),
    };
    mi_start();
    return cmocka_run_group_tests_name("patch masks", tests, NULL, NULL);
}
