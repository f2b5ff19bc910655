/* Model patches: crops and their parts, the density, its fit, the held-out profile, misfit. */
#include "pictures.h"
#include "scratch.h"

#include <gsl/gsl_linalg.h>
#include <gsl/gsl_math.h>
#include <gsl/gsl_randist.h>

#include "../src/models/blocks.h"
#include "../src/models/crops.h"
#include "../src/models/dense.h"
#include "../src/models/patch_fit.h"
#include "maskinfo/memory.h"
#include "maskinfo/misfit.h"
#include "maskinfo/model.h"
#include "maskinfo/random.h"
#include "maskinfo/statistics.h"

/* ---- images ---- */

enum { MAX_IMAGES = 64 };

static mi_images make_images(size_t count, const size_t *rows, const size_t *columns)
{
    static char name[] = "synthetic";
    mi_images images = {.count = count, .channels = 1};
    images.items = calloc(count, sizeof *images.items);
    images.names = calloc(count, sizeof *images.names);
    for (size_t i = 0; i < count; i++) {
        images.items[i].rows = rows[i];
        images.items[i].columns = columns[i];
        images.items[i].pixels = calloc(rows[i] * columns[i], 1);
        images.names[i] = name;
    }
    return images;
}

static void free_images(mi_images *images)
{
    for (size_t i = 0; i < images->count; i++) {
        free(images->items[i].pixels);
    }
    free(images->items);
    free(images->names);
}

static void put_big_endian(unsigned char *bytes, size_t value)
{
    for (int i = 0; i < 4; i++) {
        bytes[i] = (unsigned char)(value >> (24 - 8 * i));
    }
}

/* An IDX file of images of one size. */
static void write_idx(const char *path, const mi_images *images)
{
    size_t rows = images->items[0].rows, columns = images->items[0].columns;
    size_t size = rows * columns;
    unsigned char *bytes = calloc(16 + images->count * size, 1);
    bytes[2] = 8;
    bytes[3] = 3;
    put_big_endian(bytes + 4, images->count);
    put_big_endian(bytes + 8, rows);
    put_big_endian(bytes + 12, columns);
    for (size_t i = 0; i < images->count; i++) {
        memcpy(bytes + 16 + i * size, images->items[i].pixels, size);
    }
    scratch_write(path, bytes, 16 + images->count * size);
    free(bytes);
}

/* A stationary field with covariance deviation^2 rho^(|rows| + |columns|): x = rho x_up + rho
 * x_left - rho^2 x_upleft + (1 - rho^2) e, started from stationary first row and column. */
static void draw_field(gsl_rng *stream, double rho, double deviation, mi_image *image)
{
    size_t columns = image->columns;
    double *x = calloc(image->rows * columns, sizeof *x), edge = sqrt(1 - rho * rho);
    for (size_t r = 0; r < image->rows; r++) {
        for (size_t c = 0; c < columns; c++) {
            double up = r > 0 ? x[(r - 1) * columns + c] : 0;
            double left = c > 0 ? x[r * columns + c - 1] : 0;
            double corner = r > 0 && c > 0 ? x[(r - 1) * columns + c - 1] : 0;
            double noise = (r > 0 ? edge : 1) * (c > 0 ? edge : 1);
            x[r * columns + c] = rho * up + rho * left - rho * rho * corner +
                                 noise * gsl_ran_gaussian(stream, deviation);
            double value = round(128 + x[r * columns + c]);
            image->pixels[r * columns + c] = (unsigned char)GSL_MAX(0, GSL_MIN(255, value));
        }
    }
    free(x);
}

static const double field_rho = 0.8, field_deviation = 25;

static void write_fields(const char *path, size_t count, size_t side)
{
    size_t sides[MAX_IMAGES] = {0};
    gsl_rng *stream = NULL;
    for (size_t i = 0; i < count; i++) {
        sides[i] = side;
    }
    mi_images images = make_images(count, sides, sides);
    assert_int_equal(mi_stream_create(11, MI_PURPOSE_TEST, 0, &stream, NULL), MI_OK);
    for (size_t i = 0; i < count; i++) {
        draw_field(stream, field_rho, field_deviation, &images.items[i]);
    }
    write_idx(path, &images);
    gsl_rng_free(stream);
    free_images(&images);
}

/* ---- the model ---- */

typedef struct setting {
    const char *images;
    size_t patch, rows, columns, crops, held_out;
    const char *family, *opt_split;
    double shrinkage; /* negative: absent */
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

static void set_text(mi_values *values, const char *name, const char *text)
{
    assert_int_equal(mi_copy_text(text, &item(values, name)->text, NULL), MI_OK);
}

static mi_values *values_of(const setting *s)
{
    mi_values *values = NULL;
    const mi_model_class *class = mi_model_find("patches");
    assert_non_null(class);
    assert_int_equal(mi_values_create(class->parameters, &values, NULL), MI_OK);
    mi_value *images = item(values, "images");
    assert_int_equal(mi_allocate(1, sizeof *images->paths, &images->paths, NULL), MI_OK);
    assert_int_equal(mi_copy_text(s->images, &images->paths[0], NULL), MI_OK);
    images->path_count = 1;
    item(values, "patch")->integer = (long long)s->patch;
    item(values, "grid")->grid[0] = s->rows;
    item(values, "grid")->grid[1] = s->columns;
    item(values, "crops")->integer = (long long)s->crops;
    item(values, "held_out_crops")->integer = (long long)s->held_out;
    item(values, "scales")->integer = 25;
    item(values, "iterations")->integer = 30;
    set_text(values, "family", s->family);
    set_text(values, "part", "all");
    if (s->opt_split != NULL) {
        set_text(values, "split", s->opt_split);
    }
    if (s->shrinkage >= 0) {
        item(values, "shrinkage")->real = s->shrinkage;
    }
    return values;
}

static mi_code try_model(const setting *s, const mi_run *run, mi_model **ret_model,
                         mi_status *status)
{
    mi_values *values = values_of(s);
    mi_code code = mi_model_create(mi_model_find("patches"), values, run, ret_model, status);
    mi_values_destroy(values);
    return code;
}

static mi_profile *profile_of(const setting *s, size_t samples, const mi_run *run)
{
    mi_model *model = NULL;
    mi_profile *profile = NULL;
    mi_status status = {.code = MI_OK};
    if (try_model(s, run, &model, &status) != MI_OK ||
        model->class->profile(model->state, samples, run, &profile, &status) != MI_OK) {
        fail_msg("%s: %s", status.place, status.message);
    }
    mi_model_destroy(model);
    return profile;
}

/* ---- parts ---- */

static const unsigned char levels[MI_PARTS] = {50, 100, 200};

/* Cuts at two and three fifths of the longer side. */
static mi_split_part part_of(size_t at, size_t length)
{
    return at < length * 2 / 5   ? MI_PART_FIT
           : at < length * 3 / 5 ? MI_PART_VALIDATION
                                 : MI_PART_EVALUATION;
}

static void paint_parts(mi_image *image)
{
    bool tall = image->rows > image->columns;
    for (size_t r = 0; r < image->rows; r++) {
        for (size_t c = 0; c < image->columns; c++) {
            mi_split_part part = tall ? part_of(r, image->rows) : part_of(c, image->columns);
            image->pixels[r * image->columns + c] = levels[part];
        }
    }
}

static bool all_near(const float *values, size_t count, double level)
{
    size_t i = 0;
    while (i < count && fabs(values[i] - level) <= 0.5) {
        i++;
    }
    return i == count;
}

static bool none_near(const float *values, size_t count, double level)
{
    size_t i = 0;
    while (i < count && fabs(values[i] - level) > 0.5) {
        i++;
    }
    return i == count;
}

static void check_part(const mi_crops *crops, mi_split_part part)
{
    size_t straddling = 0;
    for (size_t c = 0; c < crops->count; c++) {
        const float *values = mi_crop(crops, c);
        if (part == MI_PART_FIT) {
            assert_true(none_near(values, crops->dimension, levels[MI_PART_EVALUATION]));
            bool clean = all_near(values, crops->dimension, levels[MI_PART_FIT]);
            assert_int_equal(crops->apart[c], clean);
            straddling += !clean;
        } else {
            assert_true(all_near(values, crops->dimension, levels[part]));
        }
    }
    assert_true(part != MI_PART_FIT || straddling > 0);
}

static void crops_keep_to_their_part(void **state)
{
    (void)state;
    size_t rows[] = {61, 103, 35}, columns[] = {90, 40, 41};
    mi_crop_shape shape = {3, 4, 2, 2, 1};
    mi_run run = support_run(5);
    mi_images images = make_images(3, rows, columns);
    mi_split *split = NULL;
    for (size_t i = 0; i < images.count; i++) {
        paint_parts(&images.items[i]);
    }
    assert_int_equal(mi_split_create(&images, shape, MI_SPLIT_AUTO, &run, &split, NULL), MI_OK);
    assert_int_equal(split->kind, MI_SPLIT_REGION);
    for (mi_split_part part = 0; part < MI_PARTS; part++) {
        mi_crops *crops = NULL;
        assert_int_equal(mi_crops_draw(&images, split, part, shape, 901, &run, &crops, NULL),
                         MI_OK);
        size_t of_image[3] = {0};
        for (size_t c = 0; c < crops->count; c++) {
            of_image[crops->area[c]]++;
        }
        assert_int_equal(of_image[0], 300);
        assert_int_equal(of_image[1], 300);
        /* The third image's parts have (35-6+1) times 24-8+1, 8-8+1 and 17-8+1 places. */
        assert_int_equal(of_image[2], part == MI_PART_VALIDATION ? 30 : 300);
        check_part(crops, part);
        mi_crops_destroy(crops);
    }
    mi_split_destroy(split);
    free_images(&images);
}

static void images_keep_to_their_part(void **state)
{
    (void)state;
    enum { IMAGES = 20, SIDE = 6 };
    size_t sides[IMAGES];
    mi_crop_shape shape = {3, 3, 2, 2, 1};
    mi_run run = support_run(6);
    mi_split *split = NULL;
    for (size_t i = 0; i < IMAGES; i++) {
        sides[i] = SIDE;
    }
    mi_images images = make_images(IMAGES, sides, sides);
    assert_int_equal(mi_split_create(&images, shape, MI_SPLIT_AUTO, &run, &split, NULL), MI_OK);
    assert_int_equal(split->kind, MI_SPLIT_IMAGE);
    assert_int_equal(split->count[MI_PART_FIT], 12);
    assert_int_equal(split->count[MI_PART_VALIDATION], 4);
    assert_int_equal(split->count[MI_PART_EVALUATION], 8);
    unsigned parts[IMAGES] = {0};
    for (mi_split_part part = 0; part < MI_PARTS; part++) {
        for (size_t i = 0; i < split->count[part]; i++) {
            parts[split->areas[part][i].image] |= 1U << part;
        }
    }
    for (size_t i = 0; i < IMAGES; i++) { /* fitting alone, fitting with validation, evaluation */
        assert_true(parts[i] == 1 || parts[i] == 3 || parts[i] == 4);
    }
    mi_split_destroy(split);
    free_images(&images);
}

/* ---- the density ---- */

enum { SMALL = 6, SMALL_SCALES = 3 };
static const double small_z[SMALL_SCALES] = {0.31, 1.7, 6.2};
static const double small_w[SMALL_SCALES] = {0.25, 0.6, 0.15};
static const double small_beta = 2.3;

/* A covariance of no special structure: A A^T + 0.4 I of fixed numbers. */
static void small_covariance(double *matrix, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < n; j++) {
            double sum = i == j ? 0.4 : 0;
            for (size_t k = 0; k < n; k++) {
                sum += sin(1.3 * (double)(i * n + k) + 0.2) * sin(1.3 * (double)(j * n + k) + 0.2);
            }
            matrix[i + j * n] = sum;
        }
    }
}

/* log N(x; 0, C) and, if asked for, 1^T C^-1 x, by GSL's factorisation of the first n coordinates
 * of C = z Sigma + beta 1 1^T. */
static double direct_log_density(const double *sigma, size_t size, size_t n, double z, double beta,
                                 const double *x, double *opt_sum)
{
    gsl_matrix *c = gsl_matrix_alloc(n, n);
    gsl_vector *solved = gsl_vector_alloc(n);
    for (size_t i = 0; i < n; i++) {
        gsl_vector_set(solved, i, x[i]);
        for (size_t j = 0; j < n; j++) {
            gsl_matrix_set(c, i, j, z * sigma[i + j * size] + beta);
        }
    }
    assert_int_equal(gsl_linalg_cholesky_decomp1(c), 0);
    double log_density = -0.5 * (double)n * log(2 * M_PI), sum = 0;
    for (size_t i = 0; i < n; i++) {
        log_density -= log(gsl_matrix_get(c, i, i));
    }
    gsl_linalg_cholesky_svx(c, solved);
    for (size_t i = 0; i < n; i++) {
        log_density -= 0.5 * x[i] * gsl_vector_get(solved, i);
        sum += gsl_vector_get(solved, i);
    }
    if (opt_sum != NULL) {
        *opt_sum = sum;
    }
    gsl_vector_free(solved);
    gsl_matrix_free(c);
    return log_density;
}

static mi_scales *small_scales(void)
{
    mi_scales *scales = NULL;
    assert_int_equal(mi_scales_create(SMALL_SCALES, 1, 2, small_beta, &scales, NULL), MI_OK);
    for (size_t j = 0; j < SMALL_SCALES; j++) {
        scales->log_scale[j] = log(small_z[j]);
        scales->precision[j] = 1 / small_z[j];
        scales->log_weight[j] = log(small_w[j]);
    }
    return scales;
}

/* log p(x_1..k) for every k, the posterior of z and the expected brightness, from the running sums
 * and by direct summation over z. */
static void density_agrees_with_direct_summation(void **state)
{
    (void)state;
    double sigma[SMALL * SMALL], factor[SMALL * SMALL], y[SMALL], u[SMALL];
    const double x[SMALL] = {1.9, -0.7, 2.6, 0.4, 3.1, 1.2};
    mi_scales *scales = small_scales();
    small_covariance(sigma, SMALL);
    memcpy(factor, sigma, sizeof factor);
    assert_int_equal(mi_cholesky(factor, SMALL, NULL), MI_OK);
    memcpy(y, x, sizeof y);
    mi_solve_lower(factor, SMALL, y, 1);
    for (size_t i = 0; i < SMALL; i++) {
        u[i] = 1;
    }
    mi_solve_lower(factor, SMALL, u, 1);
    mi_norm norm = {0};
    double s = 0, log_root = 0;
    for (size_t k = 0; k < SMALL; k++) {
        double terms[2 * SMALL_SCALES], posterior[SMALL_SCALES], joint[SMALL_SCALES], total = 0;
        double brightness = 0, expected_term = 0, inverse = 0;
        norm.q += y[k] * y[k];
        norm.t += u[k] * y[k];
        s += u[k] * u[k];
        log_root += log(factor[k + k * SMALL]);
        for (size_t j = 0; j < SMALL_SCALES; j++) {
            joint[j] = small_w[j] * exp(direct_log_density(sigma, SMALL, k + 1, small_z[j],
                                                           small_beta, x, &inverse));
            total += joint[j];
            brightness += joint[j] * small_beta * inverse;
        }
        mi_scales_terms(scales, k + 1, s, terms);
        double constant = log_root + 0.5 * (double)(k + 1) * log(2 * M_PI);
        assert_near(mi_scales_log_density(scales, terms, norm) - constant, log(total), 1e-12);
        mi_scales_posterior(scales, terms, norm, posterior);
        for (size_t j = 0; j < SMALL_SCALES; j++) {
            assert_near(posterior[j], joint[j] / total, 1e-12);
            expected_term += joint[j] / total * (log(joint[j]) + constant);
        }
        assert_near(mi_scales_expected_brightness(scales, terms, norm, posterior),
                    brightness / total, 1e-12);
        assert_near(mi_scales_expected_term(scales, terms, norm, posterior), expected_term, 1e-11);
    }
    mi_scales_destroy(scales);
}

static double direct_log_determinant(const double *covariance, size_t n, const size_t *chosen,
                                     size_t count)
{
    gsl_matrix *c = gsl_matrix_alloc(GSL_MAX(count, 1), GSL_MAX(count, 1));
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < count; j++) {
            gsl_matrix_set(c, i, j, covariance[chosen[i] + chosen[j] * n]);
        }
    }
    if (count > 0) {
        assert_int_equal(gsl_linalg_cholesky_decomp1(c), 0);
    }
    for (size_t i = 0; i < count; i++) {
        sum += 2 * log(gsl_matrix_get(c, i, i));
    }
    gsl_matrix_free(c);
    return sum;
}

/* tr and log-determinant of a block of two given the first 2k variables, as differences of direct
 * determinants. */
static void remaining_blocks_agree_with_determinants(void **state)
{
    (void)state;
    enum { SITES = 4, BLOCK = 2, N = SITES * BLOCK };
    double sigma[N * N], factor[N * N], log_root[SITES], trace[SITES], next[SITES];
    size_t chosen[N];
    small_covariance(sigma, N);
    memcpy(factor, sigma, sizeof factor);
    assert_int_equal(mi_cholesky(factor, N, NULL), MI_OK);
    assert_int_equal(mi_remaining_blocks(factor, SITES, BLOCK, log_root, trace, next, NULL), MI_OK);
    for (size_t k = 0; k < SITES; k++) {
        double log_sum = 0, trace_sum = 0, first_trace = 0;
        for (size_t v = 0; v < BLOCK * k; v++) {
            chosen[v] = v;
        }
        double before = direct_log_determinant(sigma, N, chosen, BLOCK * k);
        for (size_t i = k; i < SITES; i++) {
            chosen[BLOCK * k] = BLOCK * i;
            double first = direct_log_determinant(sigma, N, chosen, BLOCK * k + 1) - before;
            chosen[BLOCK * k + 1] = BLOCK * i + 1;
            log_sum += 0.5 * (direct_log_determinant(sigma, N, chosen, BLOCK * k + 2) - before);
            chosen[BLOCK * k] = BLOCK * i + 1;
            double second = direct_log_determinant(sigma, N, chosen, BLOCK * k + 1) - before;
            trace_sum += exp(first) + exp(second);
            first_trace = i == k ? exp(first) + exp(second) : first_trace;
        }
        assert_near(log_root[k], log_sum / (double)(SITES - k), 1e-11);
        assert_near(trace[k], trace_sum / (double)(SITES - k), 1e-11);
        assert_near(next[k], first_trace, 1e-11);
    }
}

/* ---- the fit ---- */

static const mi_crop_shape fit_shape = {2, 2, 2, 2, 1};
enum { FIT_DIMENSION = 16, FIT_CROPS = 20000, TEST_CROPS = 4000 };
static const double true_z[2] = {0.2, 5.0}, true_share = 0.3, true_beta = 900;

static void true_covariance(double *matrix)
{
    for (size_t i = 0; i < FIT_DIMENSION; i++) {
        for (size_t j = 0; j < FIT_DIMENSION; j++) {
            double distance = fabs((double)i - (double)j);
            matrix[i + j * FIT_DIMENSION] = 40 * exp(-0.3 * distance) + (i == j ? 2 : 0);
        }
    }
}

static void draw_crop(gsl_rng *stream, const double *factor, float *values)
{
    double white[FIT_DIMENSION];
    double z = true_z[gsl_rng_uniform(stream) >= true_share];
    double level = 100 + gsl_ran_gaussian(stream, sqrt(true_beta));
    for (size_t i = 0; i < FIT_DIMENSION; i++) {
        white[i] = gsl_ran_gaussian(stream, sqrt(z));
    }
    for (size_t i = 0; i < FIT_DIMENSION; i++) {
        double sum = level;
        for (size_t j = 0; j <= i; j++) {
            sum += factor[i + j * FIT_DIMENSION] * white[j];
        }
        values[i] = (float)sum;
    }
}

static mi_crops *draw_crops(size_t count, uint64_t index)
{
    double factor[FIT_DIMENSION * FIT_DIMENSION];
    gsl_rng *stream = NULL;
    mi_crops *crops = calloc(1, sizeof *crops);
    true_covariance(factor);
    assert_int_equal(mi_cholesky(factor, FIT_DIMENSION, NULL), MI_OK);
    assert_int_equal(mi_stream_create(21, MI_PURPOSE_TEST, index, &stream, NULL), MI_OK);
    crops->count = count;
    crops->dimension = FIT_DIMENSION;
    crops->values = calloc(count * FIT_DIMENSION, sizeof *crops->values);
    crops->area = calloc(count, sizeof *crops->area);
    crops->apart = calloc(count, sizeof *crops->apart);
    for (size_t c = 0; c < count; c++) {
        crops->apart[c] = true;
        draw_crop(stream, factor, crops->values + c * FIT_DIMENSION);
    }
    gsl_rng_free(stream);
    return crops;
}

static mi_patch_fit *fit_crops(size_t count, double shrinkage, size_t iterations)
{
    mi_crops *fitting = draw_crops(count, 0), *validation = draw_crops(300, 1);
    mi_patch_options options = {fit_shape, 25, iterations, 0, shrinkage};
    mi_run run = support_run(1);
    mi_patch_fit *fit = NULL;
    assert_int_equal(mi_patch_fit_create(fitting, validation, &options, &run, &fit, NULL), MI_OK);
    mi_crops_destroy(fitting);
    mi_crops_destroy(validation);
    return fit;
}

static double fitted_log_density(const mi_patch_fit *fit, const float *values)
{
    double x[FIT_DIMENSION], sum = 0;
    for (size_t i = 0; i < FIT_DIMENSION; i++) {
        x[i] = values[i] - fit->mean[i];
    }
    for (size_t j = 0; j < fit->scales->count; j++) {
        sum += exp(fit->scales->log_weight[j] +
                   direct_log_density(fit->covariance, FIT_DIMENSION, FIT_DIMENSION,
                                      1 / fit->scales->precision[j], fit->scales->brightness, x,
                                      NULL));
    }
    return log(sum);
}

static double true_log_density(const double *sigma, const float *values)
{
    double x[FIT_DIMENSION], sum = 0;
    for (size_t i = 0; i < FIT_DIMENSION; i++) {
        x[i] = values[i] - 100;
    }
    for (size_t j = 0; j < 2; j++) {
        sum += (j == 0 ? true_share : 1 - true_share) *
               exp(direct_log_density(sigma, FIT_DIMENSION, FIT_DIMENSION, true_z[j], true_beta, x,
                                      NULL));
    }
    return log(sum);
}

/* The divergence of the fit from the truth, on new points. The loss expected from 136 + 16 + 26
 * fitted numbers and 20 000 points is 178/40 000 = 0.0045 nats a point; four times that is allowed
 * beside the error of the mean. A start that is never updated loses 0.2. */
static void mixture_is_recovered(void **state)
{
    (void)state;
    double sigma[FIT_DIMENSION * FIT_DIMENSION], losses[TEST_CROPS], mean = 0, error = 0;
    mi_patch_fit *fit = fit_crops(FIT_CROPS, 0, 12);
    mi_crops *fresh = draw_crops(TEST_CROPS, 2);
    true_covariance(sigma);
    for (size_t c = 0; c < TEST_CROPS; c++) {
        losses[c] =
            true_log_density(sigma, mi_crop(fresh, c)) - fitted_log_density(fit, mi_crop(fresh, c));
    }
    mi_mean_error(losses, 1, TEST_CROPS, &mean, &error);
    assert_near(mean, 0.0045, 4 * error + 3 * 0.0045);
    assert_near(fit->scales->brightness, true_beta, 4 * true_beta * sqrt(2.0 / FIT_CROPS) + 10);
    mi_crops_destroy(fresh);
    mi_patch_fit_destroy(fit);
}

/* No EM step is taken back, and the last likelihood is that of the fit as it is handed out. */
static void likelihood_never_decreases(void **state)
{
    (void)state;
    enum { COUNT = 400, ITERATIONS = 25 };
    mi_patch_fit *fit = fit_crops(COUNT, 0, ITERATIONS);
    mi_crops *crops = draw_crops(COUNT, 0);
    assert_int_equal(fit->steps, ITERATIONS + 1);
    assert_true(fit->log_likelihood[1] > fit->log_likelihood[0] + 1e-3);
    for (size_t i = 1; i < fit->steps; i++) {
        assert_true(fit->log_likelihood[i] >= fit->log_likelihood[i - 1]);
    }
    double sum = 0;
    for (size_t c = 0; c < COUNT; c++) {
        sum += fitted_log_density(fit, mi_crop(crops, c));
    }
    for (size_t j = 0; j < fit->scales->count; j++) {
        sum += fit->scales->log_weight[j] / (double)fit->scales->count;
    }
    assert_near(fit->log_likelihood[fit->steps - 1], sum / COUNT, 1e-9);
    mi_crops_destroy(crops);
    mi_patch_fit_destroy(fit);
}

/* The stationary average of a covariance of 2 x 2 patches of 2 x 2 pixels, pair by pair. */
static void shrinkage_is_towards_the_stationary_average(void **state)
{
    (void)state;
    enum { N = FIT_DIMENSION };
    double sigma[N * N], shrunk[N * N], variance = 0;
    int row[N], column[N];
    mi_stationary *stationary = NULL;
    small_covariance(sigma, N);
    for (int i = 0; i < N; i++) {
        row[i] = i / 8 * 2 + i % 4 / 2;
        column[i] = i / 4 % 2 * 2 + i % 2;
        variance += sigma[i * N + i] / N;
    }
    assert_int_equal(mi_stationary_create(sigma, fit_shape, &stationary, NULL), MI_OK);
    mi_shrink(sigma, N, stationary, 0.3, 0.01, shrunk);
    for (int i = 0; i < N; i++) {
        for (int j = 0; j < N; j++) {
            double sum = 0, pairs = 0;
            for (int a = 0; a < N * N; a++) {
                int down = row[a / N] - row[a % N], right = column[a / N] - column[a % N];
                if (down == row[i] - row[j] && right == column[i] - column[j]) {
                    sum += sigma[a];
                    pairs++;
                }
            }
            assert_near(shrunk[i + j * N],
                        0.7 * sigma[i + j * N] + 0.3 * sum / pairs + (i == j) * 0.01 * variance,
                        1e-12);
        }
    }
    mi_stationary_destroy(stationary);
}

static void contrasts_have_geometric_mean_one(void **state)
{
    (void)state;
    mi_patch_fit *fit = fit_crops(1000, -1, 2);
    double mean = 0, total = 0;
    for (size_t j = 0; j < fit->scales->count; j++) {
        mean += exp(fit->scales->log_weight[j]) * fit->scales->log_scale[j];
        total += exp(fit->scales->log_weight[j]);
    }
    assert_near(mean, 0, 1e-12);
    assert_near(total, 1, 1e-12);
    assert_true(fit->shrinkage >= 0 && fit->shrinkage <= 1);
    mi_patch_fit_destroy(fit);
}

/* ---- the profile ---- */

enum { SITES = 6, ROWS = 2, COLUMNS = 3, PATCH = 2, PIXELS = SITES * PATCH * PATCH };

/* Covariance of one crop of the synthetic fields; rounding and dither add 1/12 each. */
static void field_covariance(double *covariance)
{
    for (size_t i = 0; i < PIXELS; i++) {
        for (size_t j = 0; j < PIXELS; j++) {
            size_t a = i / 4, b = j / 4;
            double row =
                (double)(a / COLUMNS * 2 + i % 4 / 2) - (double)(b / COLUMNS * 2 + j % 4 / 2);
            double column = (double)(a % COLUMNS * 2 + i % 2) - (double)(b % COLUMNS * 2 + j % 2);
            covariance[i + j * PIXELS] =
                gsl_pow_2(field_deviation) * pow(field_rho, fabs(row) + fabs(column)) +
                (i == j ? 1.0 / 6 : 0);
        }
    }
}

static size_t pixels_of(unsigned sites, size_t *pixels)
{
    size_t count = 0;
    for (size_t i = 0; i < PIXELS; i++) {
        if (sites >> (i / 4) & 1) {
            pixels[count++] = i;
        }
    }
    return count;
}

/* h_k = sum over site sets of H(S + i) - H(S), from the log-determinants of all subsets, and the
 * mean conditional variance of a pixel. */
static void exact_profile(double *entropy, double *mse)
{
    double covariance[PIXELS * PIXELS], counts[SITES] = {0};
    field_covariance(covariance);
    for (unsigned visible = 0; visible < 1U << SITES; visible++) {
        size_t pixels[PIXELS], count = pixels_of(visible, pixels), k = count / 4;
        double before = direct_log_determinant(covariance, PIXELS, pixels, count);
        for (unsigned site = 0; site < SITES; site++) {
            if (visible >> site & 1) {
                continue;
            }
            for (size_t a = 0; a < 4; a++) {
                pixels[count] = site * 4 + a;
                mse[k] +=
                    exp(direct_log_determinant(covariance, PIXELS, pixels, count + 1) - before) / 4;
            }
            for (size_t a = 0; a < 4; a++) {
                pixels[count + a] = site * 4 + a;
            }
            entropy[k] +=
                0.5 * (direct_log_determinant(covariance, PIXELS, pixels, count + 4) - before) +
                2 * log(2 * M_PI * M_E);
            counts[k]++;
        }
    }
    for (size_t k = 0; k < SITES; k++) {
        entropy[k] /= counts[k];
        mse[k] /= counts[k] * covariance[0];
    }
}

/* Cross-entropy of a Gaussian of the right moments is the closed form whatever the noise; the
 * excess of a fit of 300 covariances to 8 000 crops is 300/16 000/6 = 0.003 nats a site. */
static void check_against_closed_form(void **state, const char *family)
{
    char path[SCRATCH_PATH];
    double exact[SITES] = {0}, mse[SITES] = {0}, mean[SITES], error[SITES];
    mi_run run = support_run(3);
    write_fields(scratch_name(state, "fields", path), 40, 100);
    setting s = {path, PATCH, ROWS, COLUMNS, 8000, 4000, family, NULL, -1};
    mi_profile *profile = profile_of(&s, 400, &run);
    exact_profile(exact, mse);
    assert_int_equal(profile->series[MI_ENTROPY].replicates, 40);
    mi_profile_mean(profile, MI_ENTROPY, mean, error);
    for (size_t k = 0; k < SITES; k++) {
        assert_true(error[k] > 0 && error[k] < 0.06);
        assert_near(mean[k], exact[k], 4 * error[k] + 0.003);
    }
    mi_profile_mean(profile, MI_MSE, mean, error);
    assert_near(mean[0], 1, 1e-12);
    for (size_t k = 1; k < SITES; k++) {
        assert_true(error[k] < 0.1 * mse[k]);
        assert_near(mean[k], mse[k], 4 * error[k]);
    }
    mi_profile_destroy(profile);
}

static void gaussian_agrees_with_closed_form(void **state)
{
    check_against_closed_form(state, "gaussian");
}

static void mixture_of_gaussian_data_agrees_with_closed_form(void **state)
{
    check_against_closed_form(state, "scale-mixture");
}

static void same_bytes_at_any_thread_count(void **state)
{
    char path[SCRATCH_PATH];
    write_fields(scratch_name(state, "fields", path), 8, 60);
    setting s = {path, 1, 5, 4, 1000, 200, "scale-mixture", "image", -1};
    mi_run one = support_run(9), two = support_run(9);
    one.threads = 1;
    mi_profile *a = profile_of(&s, 20, &one), *b = profile_of(&s, 20, &two);
    for (size_t kind = 0; kind < MI_SERIES_KINDS; kind++) {
        size_t count = a->series[kind].replicates * a->sites;
        assert_int_equal(a->series[kind].replicates, b->series[kind].replicates);
        if (count > 0) {
            assert_memory_equal(a->series[kind].values, b->series[kind].values,
                                count * sizeof(double));
        }
    }
    assert_int_equal(a->series[MI_CROSS_ENTROPY].replicates, 0);
    assert_true(a->series[MI_GIVEN_SCALE].replicates == 4); /* of eight images, two fifths and up */
    mi_profile_destroy(a);
    mi_profile_destroy(b);
}

/* One grey level everywhere: the dither alone is left, of variance 1/12, and nothing informs. */
static void constant_images_have_no_information(void **state)
{
    char path[SCRATCH_PATH];
    size_t sides[6] = {40, 40, 40, 40, 40, 40};
    mi_images images = make_images(6, sides, sides);
    mi_run run = support_run(4);
    double mean[4], error[4];
    write_idx(scratch_name(state, "flat", path), &images);
    free_images(&images);
    const char *const families[] = {"gaussian", "scale-mixture"};
    for (size_t f = 0; f < 2; f++) {
        setting s = {path, 1, 2, 2, 6000, 3000, families[f], NULL, -1};
        mi_profile *profile = profile_of(&s, 30, &run);
        mi_profile_mean(profile, MI_ENTROPY, mean, error);
        for (size_t k = 0; k < 4; k++) {
            assert_near(mean[k], 0.5 * log(2 * M_PI * M_E / 12), 4 * error[k] + 0.005);
        }
        mi_profile_destroy(profile);
    }
}

/* Images of one level each, with noise: from k visible pixels the level is known to noise/k, so
 * that the error of another pixel is noise (1 + 1/k). */
static void brightness_predicts(void **state)
{
    enum { IMAGES = 40, SIDE = 30 };
    char path[SCRATCH_PATH];
    size_t sides[IMAGES] = {0};
    double mean[4], error[4], level[IMAGES], average = 0, spread = 0;
    const double noise = 9 + 1.0 / 6;
    gsl_rng *stream = NULL;
    mi_run run = support_run(8);
    for (size_t i = 0; i < IMAGES; i++) {
        sides[i] = SIDE;
    }
    mi_images images = make_images(IMAGES, sides, sides);
    assert_int_equal(mi_stream_create(41, MI_PURPOSE_TEST, 0, &stream, NULL), MI_OK);
    for (size_t i = 0; i < IMAGES; i++) {
        level[i] = 30 + 190 * gsl_rng_uniform(stream);
        average += level[i] / IMAGES;
        for (size_t at = 0; at < (size_t)SIDE * SIDE; at++) {
            images.items[i].pixels[at] =
                (unsigned char)round(level[i] + gsl_ran_gaussian(stream, 3));
        }
    }
    for (size_t i = 0; i < IMAGES; i++) {
        spread += gsl_pow_2(level[i] - average) / IMAGES;
    }
    write_idx(scratch_name(state, "levels", path), &images);
    gsl_rng_free(stream);
    free_images(&images);
    setting s = {path, 1, 2, 2, 4000, 4000, "scale-mixture", NULL, -1};
    mi_profile *profile = profile_of(&s, 400, &run);
    mi_profile_mean(profile, MI_MSE, mean, error);
    for (size_t k = 1; k < 4; k++) {
        double expected = noise * (1 + 1 / (double)k) / (spread + noise);
        assert_near(mean[k], expected, 4 * error[k] + 0.01 * expected);
    }
    mi_profile_destroy(profile);
}

/* ---- misfit ---- */

static mi_misfit misfit_of(const setting *s)
{
    mi_run run = support_run(2);
    mi_misfit misfit;
    mi_profile *profile = profile_of(s, 40, &run);
    assert_int_equal(mi_misfit_find(profile, &misfit, NULL), MI_OK);
    mi_profile_destroy(profile);
    return misfit;
}

static void tiny_sample_is_over_fitted(void **state)
{
    char path[SCRATCH_PATH];
    write_fields(scratch_name(state, "fields", path), 10, 60);
    setting s = {path, 1, 6, 6, 100, 500, "gaussian", NULL, 0};
    mi_misfit tiny = misfit_of(&s);
    assert_true(tiny.detected && tiny.over_fitted);
    assert_true(tiny.held_out < 0.8 * tiny.in_sample);
    assert_non_null(strstr(tiny.sentence, "over-fitted"));
    s.crops = 20000;
    mi_misfit large = misfit_of(&s);
    assert_false(large.detected);
    assert_string_equal(large.sentence, "");
}

enum { PROFILE_SITES = 30, REPLICATES = 12 };

/* h_k = 5 - fall * k/N, each replicate with its own level and independent noise. */
static mi_profile *sloping_profile(double fall, double noise, uint64_t index)
{
    mi_profile *profile = NULL;
    gsl_rng *stream = NULL;
    assert_int_equal(mi_profile_create(PROFILE_SITES, &profile, NULL), MI_OK);
    assert_int_equal(mi_profile_add(profile, MI_ENTROPY, REPLICATES, NULL), MI_OK);
    assert_int_equal(mi_stream_create(31, MI_PURPOSE_TEST, index, &stream, NULL), MI_OK);
    for (size_t g = 0; g < REPLICATES; g++) {
        double level = 5 + gsl_ran_gaussian(stream, 1);
        for (size_t k = 0; k < PROFILE_SITES; k++) {
            profile->series[MI_ENTROPY].values[g * PROFILE_SITES + k] =
                level - fall * (double)k / PROFILE_SITES + gsl_ran_gaussian(stream, noise);
        }
    }
    gsl_rng_free(stream);
    return profile;
}

static mi_misfit slope_misfit(double fall, uint64_t index)
{
    mi_misfit misfit;
    mi_profile *profile = sloping_profile(fall, 0.1, index);
    assert_int_equal(mi_misfit_find(profile, &misfit, NULL), MI_OK);
    mi_profile_destroy(profile);
    return misfit;
}

static void rising_curve_is_flagged(void **state)
{
    (void)state;
    mi_misfit rising = slope_misfit(-0.7, 0);
    assert_true(rising.detected && rising.rises && rising.increase_z > rising.critical);
    assert_true(rising.lower_ratio < rising.higher_ratio);
    assert_true(rising.increase > 0.3 && rising.increase < 0.8);
    mi_misfit falling = slope_misfit(0.7, 0);
    assert_false(falling.detected);
    assert_near(falling.increase_z, 0, falling.critical);
}

/* A level profile is flagged at most once in a hundred: of 200, more than 7 have a probability of
 * 0.0013 even at that rate. */
static void level_curve_is_seldom_flagged(void **state)
{
    (void)state;
    int flagged = 0;
    for (uint64_t i = 0; i < 200; i++) {
        flagged += slope_misfit(0, i).detected;
    }
    assert_true(flagged <= 7);
}

static void known_contrast_must_not_hurt(void **state)
{
    (void)state;
    mi_misfit misfit;
    mi_profile *profile = sloping_profile(0.7, 0.1, 5);
    const double *entropy = profile->series[MI_ENTROPY].values;
    assert_int_equal(mi_profile_add(profile, MI_GIVEN_SCALE, REPLICATES, NULL), MI_OK);
    for (int better = 0; better < 2; better++) {
        for (size_t i = 0; i < REPLICATES * PROFILE_SITES; i++) {
            profile->series[MI_GIVEN_SCALE].values[i] =
                entropy[i] + (better ? -0.4 : 0.4) + 0.01 * (double)(i % 7);
        }
        assert_int_equal(mi_misfit_find(profile, &misfit, NULL), MI_OK);
        assert_int_equal(misfit.contrast_varies, !better);
        assert_int_equal(misfit.detected, !better);
    }
    mi_profile_destroy(profile);
}

/* All visible sites must not predict worse than the neighbours among them. */
static void far_sites_must_not_hurt(void **state)
{
    (void)state;
    mi_misfit misfit;
    mi_profile *profile = sloping_profile(0.7, 0.1, 6);
    const double *entropy = profile->series[MI_ENTROPY].values;
    assert_int_equal(mi_profile_add(profile, MI_NEIGHBORS, REPLICATES, NULL), MI_OK);
    assert_int_equal(mi_profile_add(profile, MI_IN_SAMPLE, REPLICATES, NULL), MI_OK);
    memcpy(profile->series[MI_IN_SAMPLE].values, entropy,
           REPLICATES * PROFILE_SITES * sizeof *entropy);
    for (int better = 0; better < 2; better++) {
        for (size_t i = 0; i < REPLICATES * PROFILE_SITES; i++) {
            double gain = i % PROFILE_SITES > PROFILE_SITES / 2 ? 0.3 : 0;
            profile->series[MI_NEIGHBORS].values[i] =
                entropy[i] + (better ? gain : -gain) + 0.01 * (double)(i % 7);
        }
        assert_int_equal(mi_misfit_find(profile, &misfit, NULL), MI_OK);
        assert_int_equal(misfit.far_misleads, !better);
        assert_int_equal(misfit.detected, !better);
        if (!better) {
            assert_near(misfit.far_loss, 0.3 - 0.03, 0.02);
            assert_true(misfit.far_ratio < 0.5);
            assert_non_null(strstr(misfit.sentence, "beyond the visible neighbours"));
        }
    }
    mi_profile_destroy(profile);
}

/* The same sign in a curve computed mask by mask: 12 images, a loss of 0.3 or a gain. */
static void far_sites_must_not_hurt_mask_by_mask(void **state)
{
    (void)state;
    for (int better = 0; better < 2; better++) {
        double ratio = 0.25, information = 2, far[12];
        mi_misfit misfit;
        mi_curve curve = {.points = 1, .ratios = &ratio};
        for (size_t j = 0; j < 12; j++) {
            far[j] = (better ? 0.3 : -0.3) + 0.05 * (double)(j % 3) - 0.05;
        }
        curve.replicates[MI_Q_FAR] = 12;
        curve.values[MI_Q_FAR] = far;
        curve.mean[MI_Q_INFORMATION] = &information;
        assert_int_equal(mi_misfit_of_curve(&curve, &misfit, NULL), MI_OK);
        assert_int_equal(misfit.detected, !better);
        assert_int_equal(misfit.far_misleads, !better);
        assert_near(misfit.far_loss, better ? 0 : 0.3, 1e-12);
        information = 7; /* below 5 % of what there is, it is let pass */
        assert_int_equal(mi_misfit_of_curve(&curve, &misfit, NULL), MI_OK);
        assert_false(misfit.detected);
    }
}

/* ---- bad input ---- */

static void refused(const setting *s, const char *place, const char *text)
{
    mi_run run = support_run(1);
    mi_model *model = NULL;
    mi_status status = {.code = MI_OK};
    assert_failure(try_model(s, &run, &model, &status), MI_INPUT, status, text);
    assert_string_equal(status.place, place);
}

static void bad_input_is_named(void **state)
{
    char missing[SCRATCH_PATH], exact[SCRATCH_PATH], one[SCRATCH_PATH];
    scratch_name(state, "nowhere", missing);
    write_fields(scratch_name(state, "exact", exact), 9, 28);
    write_fields(scratch_name(state, "one", one), 1, 200);
    setting s = {missing, 2, 14, 14, 100, 24, "gaussian", NULL, -1};
    refused(&s, "images", "nowhere");
    s.images = exact;
    s.opt_split = "region";
    refused(&s, "split", "only be split by \"image\"");
    s.patch = 3;
    refused(&s, "images", "at least 42 x 42");
    s.patch = 5;
    refused(&s, "patch", "a patch of at most 4 fits");
    s.images = one;
    s.patch = 2;
    refused(&s, "images", "at least 2");
    s.opt_split = "image";
    refused(&s, "images", "at least 4");
    s.patch = 3;
    s.opt_split = "region";
    refused(&s, "split", "210 x 42");
}

static void auto_split_takes_images_of_one_crop(void **state)
{
    char path[SCRATCH_PATH], remark[512];
    mi_run run = support_run(1);
    mi_model *model = NULL;
    write_fields(scratch_name(state, "exact", path), 60, 6);
    setting s = {path, 2, 3, 3, 100, 24, "gaussian", NULL, -1};
    assert_int_equal(try_model(&s, &run, &model, NULL), MI_OK);
    assert_true(model->class->remark(model->state, remark, sizeof remark));
    assert_non_null(
        strstr(remark, "60 images split by image; fitted on 36 crops, evaluated on 24 others"));
    assert_int_equal(model->class->shape(model->state).sites, 9);
    mi_model_destroy(model);
}

/* A folder of grey PNG files; names are a, b, c ... */
static void write_folder(const char *folder, size_t count, const size_t *sides, bool constant)
{
    char path[SCRATCH_PATH + 10];
    unsigned char samples[100 * 100];
    assert_int_equal(mkdir(folder, 0700), 0);
    for (size_t i = 0; i < count; i++) {
        for (size_t p = 0; p < sides[i] * sides[i]; p++) {
            samples[p] = constant ? 90 : (unsigned char)(128 + 100 * sin((double)(p * p + i)));
        }
        snprintf(path, sizeof path, "%s/%c.png", folder, (char)('a' + i));
        write_png(path, &(png_picture){.rows = (unsigned)sides[i],
                                       .columns = (unsigned)sides[i],
                                       .depth = 8,
                                       .type = PNG_COLOR_TYPE_GRAY,
                                       .samples = samples,
                                       .stride = sides[i]});
    }
}

/* Images of several sizes are taken as they are, while each holds a crop. */
static void sizes_may_be_mixed(void **state)
{
    char folder[SCRATCH_PATH];
    mi_run run = support_run(1);
    mi_model *model = NULL;
    const size_t good[] = {100, 60, 80}, small[] = {100, 60, 15};
    write_folder(scratch_name(state, "good", folder), 3, good, false);
    setting s = {folder, 2, 6, 6, 100, 24, "gaussian", NULL, -1};
    assert_int_equal(try_model(&s, &run, &model, NULL), MI_OK);
    mi_model_destroy(model);
    s.patch = 3; /* 60 pixels are not five crops of 18, so that whole images are held out */
    refused(&s, "images", "3 images for a split by image, which needs at least 4");
    s.patch = 2;
    write_folder(scratch_name(state, "small", folder), 2, small, false);
    assert_int_equal(try_model(&s, &run, &model, NULL), MI_OK);
    mi_model_destroy(model);
    write_folder(scratch_name(state, "tiny", folder), 3, small, false);
    refused(&s, "images", "3 images for a split by image");
    s.columns = s.rows = 8;
    refused(&s, "images", "tiny/c.png, has 15 x 15 pixels (rows x columns), but a crop");
}

static void constant_images_are_told(void **state)
{
    char folder[SCRATCH_PATH], remark[512];
    mi_run run = support_run(1);
    mi_model *model = NULL;
    const size_t sides[] = {40, 40, 40};
    write_folder(scratch_name(state, "flat", folder), 3, sides, true);
    setting s = {folder, 1, 3, 3, 100, 24, "gaussian", NULL, -1};
    assert_int_equal(try_model(&s, &run, &model, NULL), MI_OK);
    assert_true(model->class->remark(model->state, remark, sizeof remark));
    assert_non_null(strstr(remark, "3 of 3 images are of one grey level (the first: image 1, "));
    mi_model_destroy(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(crops_keep_to_their_part),
        cmocka_unit_test(images_keep_to_their_part),
        cmocka_unit_test(density_agrees_with_direct_summation),
        cmocka_unit_test(remaining_blocks_agree_with_determinants),
        cmocka_unit_test(mixture_is_recovered),
        cmocka_unit_test(likelihood_never_decreases),
        cmocka_unit_test(shrinkage_is_towards_the_stationary_average),
        cmocka_unit_test(contrasts_have_geometric_mean_one),
        SCRATCH_TEST(gaussian_agrees_with_closed_form),
        SCRATCH_TEST(mixture_of_gaussian_data_agrees_with_closed_form),
        SCRATCH_TEST(same_bytes_at_any_thread_count),
        SCRATCH_TEST(constant_images_have_no_information),
        SCRATCH_TEST(brightness_predicts),
        SCRATCH_TEST(tiny_sample_is_over_fitted),
        cmocka_unit_test(rising_curve_is_flagged),
        cmocka_unit_test(level_curve_is_seldom_flagged),
        cmocka_unit_test(known_contrast_must_not_hurt),
        cmocka_unit_test(far_sites_must_not_hurt),
        cmocka_unit_test(far_sites_must_not_hurt_mask_by_mask),
        SCRATCH_TEST(bad_input_is_named),
        SCRATCH_TEST(auto_split_takes_images_of_one_crop),
        SCRATCH_TEST(sizes_may_be_mixed),
        SCRATCH_TEST(constant_images_are_told),
    };
    mi_start();
    return cmocka_run_group_tests_name("patches", tests, NULL, NULL);
}
