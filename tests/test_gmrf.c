/* Gaussian Markov random field: the profile and the mask-by-mask route against direct inverses,
 * enumeration of all masks, and closed forms. */
#include "support.h"

#include <gsl/gsl_linalg.h>
#include <gsl/gsl_math.h>
#include <stdlib.h>
#include <string.h>

#include "../src/models/gmrf_band.h"
#include "maskinfo/memory.h"
#include "maskinfo/model.h"
#include "maskinfo/random.h"
#include "maskinfo/statistics.h"

typedef struct field {
    size_t rows, columns;
    long long neighbors;
    double kappa;
    bool torus;
    long long channels;
} field;

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

static mi_code try_field(const field *f, mi_model **ret_model, mi_status *status)
{
    const mi_model_class *class = mi_model_find("gmrf");
    mi_values *values = NULL;
    mi_run run = support_run(1);
    assert_non_null(class);
    assert_int_equal(mi_values_create(class->parameters, &values, NULL), MI_OK);
    item(values, "grid")->grid[0] = f->rows;
    item(values, "grid")->grid[1] = f->columns;
    item(values, "neighbors")->integer = f->neighbors;
    item(values, "kappa")->real = f->kappa;
    item(values, "channels")->integer = f->channels;
    const char *boundary = f->torus ? "torus" : "free";
    assert_int_equal(mi_copy_text(boundary, &item(values, "boundary")->text, NULL), MI_OK);
    mi_code code = mi_model_create(class, values, &run, ret_model, status);
    mi_values_destroy(values);
    return code;
}

static mi_model *make_field(const field *f)
{
    mi_model *model = NULL;
    mi_status status;
    if (try_field(f, &model, &status) != MI_OK) {
        fail_msg("%s: %s", status.place, status.message);
    }
    return model;
}

static mi_profile *make_profile(const mi_model *model, size_t orders, uint64_t seed, int threads)
{
    mi_run run = {.seed = seed, .threads = threads};
    mi_profile *profile = NULL;
    assert_int_equal(model->class->profile(model->state, orders, &run, &profile, NULL), MI_OK);
    assert_int_equal(profile->series[MI_ENTROPY].replicates, orders);
    assert_int_equal(profile->series[MI_MSE].replicates, orders);
    return profile;
}

/* S b by the band of Q against the matrix S, on tall, wide and narrow lattices and where Q is all
 * but singular. */
static void products_by_the_band(void **state)
{
    (void)state;
    const field fields[] = {{14, 14, 8, 0.1, false, 1}, {3, 17, 8, 0.1, false, 1},
                            {17, 3, 4, 2, false, 1},    {6, 7, 4, 1e-12, false, 1},
                            {9, 5, 8, 1e6, false, 1},   {2, 2, 8, 0.1, false, 1},
                            {6, 6, 8, 0.1, true, 1}};
    for (size_t f = 0; f < sizeof fields / sizeof *fields; f++) {
        mi_model *model = make_field(&fields[f]);
        const mi_gmrf *gmrf = model->state;
        size_t n = gmrf->lattice->sites;
        double b[196], work[196], product[196], largest = 0;
        assert_true((gmrf->band != NULL) == (f < 5));
        for (size_t i = 0; i < n; i++) {
            b[i] = sin((double)(i * i) + 1);
        }
        mi_gmrf_regular_times(gmrf, b, work, product);
        for (size_t i = 0; i < n; i++) {
            double expected = 0;
            for (size_t j = 0; j < n; j++) {
                expected += gmrf->regular[i * n + j] * b[j];
            }
            largest = fmax(largest, fabs(expected));
            assert_near(product[i], expected, 1e-12 * fmax(1, largest));
        }
        mi_model_destroy(model);
    }
}

/* Steps from a to b along a side of the given length. */
static size_t distance(size_t a, size_t b, size_t side, bool torus)
{
    size_t d = a > b ? a - b : b - a;
    return torus && side - d < d ? side - d : d;
}

static bool are_neighbors(const field *f, size_t i, size_t j)
{
    size_t down = distance(i / f->columns, j / f->columns, f->rows, f->torus);
    size_t across = distance(i % f->columns, j % f->columns, f->columns, f->torus);
    return f->neighbors == 4 ? down + across == 1 : i != j && down <= 1 && across <= 1;
}

/* Entry of Q straight from its definition. */
static double precision(const field *f, size_t i, size_t j)
{
    double diagonal = f->kappa;
    if (i != j) {
        return are_neighbors(f, i, j) ? -1 : 0;
    }
    for (size_t other = 0; other < f->rows * f->columns; other++) {
        diagonal += are_neighbors(f, i, other);
    }
    return diagonal;
}

/* Inverse and log-determinant of the block of Q of the sites with masked[i] == want, by GSL's LU
 * decomposition. Returns NULL for an empty block. */
static gsl_matrix *invert_block(const field *f, const unsigned char *masked, unsigned char want,
                                double *ret_log_determinant)
{
    size_t sites[256], count = 0;
    int sign = 0;
    for (size_t i = 0; i < f->rows * f->columns; i++) {
        if (masked[i] == want) {
            sites[count++] = i;
        }
    }
    *ret_log_determinant = 0;
    if (count == 0) {
        return NULL;
    }
    gsl_matrix *block = gsl_matrix_alloc(count, count);
    gsl_permutation *pivots = gsl_permutation_alloc(count);
    for (size_t a = 0; a < count; a++) {
        for (size_t b = 0; b < count; b++) {
            gsl_matrix_set(block, a, b, precision(f, sites[a], sites[b]));
        }
    }
    gsl_linalg_LU_decomp(block, pivots, &sign);
    *ret_log_determinant = gsl_linalg_LU_lndet(block);
    gsl_linalg_LU_invx(block, pivots);
    gsl_permutation_free(pivots);
    return block;
}

static double gaussian_entropy(double variance)
{
    return 0.5 * log(2 * M_PI * M_E * variance);
}

/* Means over the masked sites of entropy and variance given the others. */
static void direct_means(const field *f, const unsigned char *masked, double *ret_entropy,
                         double *ret_variance)
{
    double log_determinant = 0, entropy = 0, variance = 0;
    gsl_matrix *inverse = invert_block(f, masked, 1, &log_determinant);
    double count = (double)inverse->size1;
    for (size_t a = 0; a < inverse->size1; a++) {
        entropy += gaussian_entropy(gsl_matrix_get(inverse, a, a)) / count;
        variance += gsl_matrix_get(inverse, a, a) / count;
    }
    gsl_matrix_free(inverse);
    *ret_entropy = entropy;
    *ret_variance = variance;
}

/* h_k over all k-subsets of visible sites, and the mean variances. */
static void enumerate(const field *f, double *h, double *variances)
{
    size_t n = f->rows * f->columns;
    double masks[16] = {0};
    for (size_t k = 0; k < n; k++) {
        h[k] = variances[k] = 0;
    }
    for (unsigned set = 1; set < 1U << n; set++) {
        unsigned char masked[16];
        size_t visible = 0;
        double entropy = 0, variance = 0;
        for (size_t i = 0; i < n; i++) {
            masked[i] = set >> i & 1;
            visible += !masked[i];
        }
        direct_means(f, masked, &entropy, &variance);
        h[visible] += entropy;
        variances[visible] += variance;
        masks[visible]++;
    }
    for (size_t k = 0; k < n; k++) {
        h[k] /= masks[k];
        variances[k] /= masks[k];
    }
}

static void check_enumeration(const field *f, size_t orders)
{
    double h[16], variances[16], mean[16], error[16];
    size_t n = f->rows * f->columns;
    mi_model *model = make_field(f);
    mi_profile *profile = make_profile(model, orders, 17, 2);
    enumerate(f, h, variances);
    mi_profile_mean(profile, MI_ENTROPY, mean, error);
    for (size_t k = 0; k < n; k++) {
        assert_near(mean[k], h[k], 4 * error[k] + 1e-12);
    }
    mi_profile_mean(profile, MI_MSE, mean, error);
    for (size_t k = 0; k < n; k++) {
        assert_near(mean[k], variances[k] / variances[0], 4 * error[k] + 1e-12);
    }
    mi_profile_destroy(profile);
    mi_model_destroy(model);
}

static void profile_is_the_mean_over_all_masks(void **state)
{
    (void)state;
    const field fields[] = {
        {2, 3, 4, 0.37, false, 1}, {2, 3, 8, 0.0145, false, 1}, {3, 3, 8, 0.1, false, 1},
        {3, 3, 4, 1.73, true, 1},  {3, 3, 8, 0.21, true, 1},    {1, 6, 8, 0.05, false, 1},
    };
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        check_enumeration(&fields[i], 3000);
    }
}

/* One row of the profile against a direct inverse for each number of visible sites. */
static void check_rows(const field *f, size_t orders, double tolerance)
{
    size_t n = f->rows * f->columns, order[256];
    unsigned char masked[256];
    double entropy = 0, variance = 0, marginal = 0;
    mi_model *model = make_field(f);
    mi_profile *profile = make_profile(model, orders, 5, 2);
    gsl_rng *stream = NULL;
    assert_int_equal(mi_stream_create(5, MI_PURPOSE_ORDER, 0, &stream, NULL), MI_OK);
    memset(masked, 1, n);
    direct_means(f, masked, &entropy, &marginal);
    for (size_t r = 0; r < orders; r++) {
        mi_stream_set(stream, 5, MI_PURPOSE_ORDER, r);
        mi_random_order(stream, order, n);
        memset(masked, 1, n);
        for (size_t k = 1; k < n - 1; k++) {
            masked[order[k - 1]] = 0;
            direct_means(f, masked, &entropy, &variance);
            assert_near(profile->series[MI_ENTROPY].values[r * n + k], entropy, tolerance);
            assert_near(profile->series[MI_MSE].values[r * n + k] * marginal, variance,
                        tolerance * variance);
        }
    }
    gsl_rng_free(stream);
    mi_profile_destroy(profile);
    mi_model_destroy(model);
}

static void rows_match_direct_inverses(void **state)
{
    (void)state;
    const double kappas[] = {1e-3, 0.0271, 0.1, 1, 10};
    for (size_t i = 0; i < sizeof kappas / sizeof *kappas; i++) {
        check_rows(&(field){5, 6, 8, kappas[i], false, 1}, 3, 1e-11);
        check_rows(&(field){6, 5, 4, kappas[i], false, 1}, 2, 1e-11);
        check_rows(&(field){4, 5, 8, kappas[i], true, 1}, 2, 1e-11);
    }
    check_rows(&(field){14, 14, 8, 1e-3, false, 1}, 1, 1e-11);
}

/* With at least one visible site Q_mm stays well conditioned however small kappa is, so that the
 * direct inverses can still judge the entropies. The variances of the mean square error are
 * relative to the marginal one, which the LU inverse does not know here. */
static void rows_survive_extreme_kappa(void **state)
{
    (void)state;
    const double kappas[] = {1e-6, 1e-12, 1e-200, 1e5, 1e9};
    for (size_t i = 0; i < sizeof kappas / sizeof *kappas; i++) {
        const field f = {5, 5, 8, kappas[i], false, 1};
        size_t order[25];
        unsigned char masked[25];
        mi_model *model = make_field(&f);
        mi_profile *profile = make_profile(model, 2, 5, 2);
        gsl_rng *stream = NULL;
        assert_int_equal(mi_stream_create(5, MI_PURPOSE_ORDER, 1, &stream, NULL), MI_OK);
        mi_random_order(stream, order, 25);
        memset(masked, 1, 25);
        for (size_t k = 1; k < 25; k++) {
            double entropy = 0, variance = 0;
            masked[order[k - 1]] = 0;
            direct_means(&f, masked, &entropy, &variance);
            if (k < 24) {
                assert_near(profile->series[MI_ENTROPY].values[25 + k], entropy, 1e-11);
            }
            assert_true(isfinite(profile->series[MI_MSE].values[25 + k]));
        }
        gsl_rng_free(stream);
        mi_profile_destroy(profile);
        mi_model_destroy(model);
    }
}

/* Logarithms are taken of products of variances. That of all 1599 masked sites at one visible one
 * is about 1e-9^1599 in the second field, far out of the range of a double, and as far out above in
 * the first one.
 */
static void products_of_variances_stay_finite(void **state)
{
    (void)state;
    const field fields[] = {
        {40, 40, 8, 1e-9, false, 1}, {40, 40, 8, 1e9, false, 1}, {1, 100, 4, 1e-9, false, 4096}};
    for (size_t i = 0; i < 3; i++) {
        size_t n = fields[i].rows * fields[i].columns;
        mi_model *model = make_field(&fields[i]);
        mi_profile *profile = make_profile(model, 2, 3, 2);
        for (size_t k = 0; k < 2 * n; k++) {
            assert_true(isfinite(profile->series[MI_ENTROPY].values[k]));
        }
        mi_profile_destroy(profile);
        mi_model_destroy(model);
    }
}

static void ends_are_exact(void **state)
{
    (void)state;
    const field fields[] = {{4, 5, 8, 0.1, false, 1}, {4, 5, 4, 0.013, true, 1}};
    for (size_t i = 0; i < 2; i++) {
        const field *f = &fields[i];
        double first = 0, variance = 0, last = 0, last_variance = 0, mean[20], error[20];
        unsigned char masked[20];
        memset(masked, 1, 20);
        direct_means(f, masked, &first, &variance);
        for (size_t s = 0; s < 20; s++) {
            last += gaussian_entropy(1 / precision(f, s, s)) / 20;
            last_variance += 1 / precision(f, s, s) / 20;
        }
        mi_model *model = make_field(f);
        mi_profile *profile = make_profile(model, 7, 2, 2);
        mi_profile_mean(profile, MI_ENTROPY, mean, error);
        assert_near(mean[0], first, 1e-12);
        assert_near(mean[19], last, 1e-12);
        assert_near(error[0] + error[19], 0, 1e-15);
        mi_profile_mean(profile, MI_MSE, mean, error);
        assert_near(mean[0], 1, 1e-15);
        assert_near(mean[19], last_variance / variance, 1e-12);
        assert_near(error[0] + error[19], 0, 1e-15);
        mi_profile_destroy(profile);
        mi_model_destroy(model);
    }
}

static void profile_falls_and_sums_to_the_total(void **state)
{
    (void)state;
    const field f = {6, 7, 8, 0.08, false, 2};
    enum { N = 42, ORDERS = 400 };
    double marginal = 0, total = 0, sums[ORDERS], sum = 0, error = 0, mean[N], errors[N];
    mi_model *model = make_field(&f);
    mi_profile *profile = make_profile(model, ORDERS, 11, 2);
    mi_profile_mean(profile, MI_ENTROPY, mean, errors);
    for (size_t k = 1; k < N; k++) {
        assert_true(mean[k] <= mean[k - 1] + 4 * (errors[k] + errors[k - 1]));
    }
    for (size_t r = 0; r < ORDERS; r++) {
        sums[r] = 0;
        for (size_t k = 0; k < N; k++) {
            sums[r] += profile->series[MI_ENTROPY].values[r * N + k];
        }
    }
    mi_mean_error(sums, 1, ORDERS, &sum, &error);
    assert_int_equal(model->class->known_entropies(model->state, &marginal, &total, NULL), MI_OK);
    assert_near(sum, total, 4 * error);
    assert_true(error < 0.01 * fabs(total));
    assert_near(mean[0], marginal, 1e-12);
    mi_profile_destroy(profile);
    mi_model_destroy(model);
}

static void results_do_not_depend_on_threads(void **state)
{
    (void)state;
    const field f = {7, 6, 8, 0.3, false, 3};
    mi_model *model = make_field(&f);
    mi_profile *one = make_profile(model, 25, 9, 1), *two = make_profile(model, 25, 9, 2);
    mi_profile *other = make_profile(model, 25, 10, 2);
    for (int kind = MI_ENTROPY; kind <= MI_MSE; kind++) {
        const double *values = one->series[kind].values;
        assert_memory_equal(values, two->series[kind].values, 25 * 42 * sizeof(double));
        assert_true(values[20] != other->series[kind].values[20]);
    }
    mi_profile_destroy(one);
    mi_profile_destroy(two);
    mi_profile_destroy(other);
    mi_model_destroy(model);
}

/* Mode (a, b) of a torus: kappa + sum over neighbours of 1 - cos of the phase of the step. */
static double torus_eigenvalue(const field *f, size_t a, size_t b)
{
    double down = 2 * M_PI * (double)a / (double)f->rows;
    double across = 2 * M_PI * (double)b / (double)f->columns, sum = f->kappa;
    for (int y = -1; y <= 1; y++) {
        for (int x = -1; x <= 1; x++) {
            if (f->neighbors == 8 || x * x + y * y == 1) {
                sum += 1 - cos(y * down + x * across);
            }
        }
    }
    return sum;
}

static void torus_has_its_closed_form(void **state)
{
    (void)state;
    const field fields[] = {{5, 4, 8, 0.1, true, 1},   {5, 4, 4, 0.73, true, 1},
                            {7, 9, 8, 1e-7, true, 1},  {3, 3, 4, 12.5, true, 1},
                            {6, 8, 4, 1e-14, true, 1}, {3, 10, 8, 2e6, true, 1}};
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        const field *f = &fields[i];
        double n = (double)(f->rows * f->columns), variance = 0, logs = 0;
        double marginal = 0, total = 0;
        for (size_t a = 0; a < f->rows; a++) {
            for (size_t b = 0; b < f->columns; b++) {
                variance += 1 / torus_eigenvalue(f, a, b) / n;
                logs += log(torus_eigenvalue(f, a, b));
            }
        }
        mi_model *model = make_field(f);
        assert_int_equal(model->class->known_entropies(model->state, &marginal, &total, NULL),
                         MI_OK);
        assert_near(marginal, gaussian_entropy(variance), 1e-10);
        assert_near(total, 0.5 * (n * log(2 * M_PI * M_E) - logs), 1e-10);
        mi_model_destroy(model);
    }
}

/* A free lattice of 4 neighbours: the eigenvalues of two paths, 4 sin(pi a / 2n)^2, added. */
static void free_lattice_has_its_closed_form(void **state)
{
    (void)state;
    const field fields[] = {{6, 9, 4, 0.1, false, 1}, {1, 37, 4, 1e-11, false, 1}};
    for (size_t i = 0; i < 2; i++) {
        const field *f = &fields[i];
        double logs = 0, marginal = 0, total = 0, n = (double)(f->rows * f->columns);
        for (size_t a = 0; a < f->rows; a++) {
            for (size_t b = 0; b < f->columns; b++) {
                double down = sin(M_PI * (double)a / (double)(2 * f->rows));
                double across = sin(M_PI * (double)b / (double)(2 * f->columns));
                logs += log(f->kappa + 4 * down * down + 4 * across * across);
            }
        }
        mi_model *model = make_field(f);
        assert_int_equal(model->class->known_entropies(model->state, &marginal, &total, NULL),
                         MI_OK);
        assert_near(total, 0.5 * (n * log(2 * M_PI * M_E) - logs), 1e-10);
        mi_model_destroy(model);
    }
}

/* What a test of the mask-by-mask route works with. */
typedef struct probe {
    mi_model *model;
    void *scratch;
    gsl_rng *stream;
} probe;

static probe probe_make(const field *f)
{
    probe p = {.model = make_field(f)};
    assert_int_equal(p.model->class->scratch_create(p.model->state, &p.scratch, NULL), MI_OK);
    assert_int_equal(mi_stream_create(1, MI_PURPOSE_TEST, 0, &p.stream, NULL), MI_OK);
    return p;
}

static void probe_free(probe *p)
{
    gsl_rng_free(p->stream);
    p->model->class->scratch_destroy(p->scratch);
    mi_model_destroy(p->model);
}

/* Evaluate a mask on the draw-th configuration. */
static mi_mask_result evaluate(const probe *p, const unsigned char *masked, uint64_t draw)
{
    mi_mask_result result;
    mi_stream_set(p->stream, 21, MI_PURPOSE_SAMPLE, draw);
    assert_int_equal(p->model->class->evaluate(p->model->state, masked, MI_FROM_MODEL, p->stream,
                                               true, p->scratch, &result, NULL),
                     MI_OK);
    return result;
}

/* The index-th random mask of `hidden` sites. */
static void random_mask(size_t sites, size_t hidden, uint64_t index, unsigned char *masked)
{
    size_t order[256];
    gsl_rng *stream = NULL;
    assert_int_equal(mi_stream_create(8, MI_PURPOSE_MASK, index, &stream, NULL), MI_OK);
    mi_random_order(stream, order, sites);
    for (size_t i = 0; i < sites; i++) {
        masked[order[i]] = i < hidden;
    }
    gsl_rng_free(stream);
}

/* (log|Q_mm| + log|Q_vv| - log|Q|) / 2 per site. */
static double direct_joint(const field *f, const unsigned char *masked)
{
    size_t n = f->rows * f->columns;
    unsigned char all[256];
    double hidden = 0, visible = 0, whole = 0;
    memset(all, 1, n);
    gsl_matrix_free(invert_block(f, masked, 1, &hidden));
    gsl_matrix *inverse = invert_block(f, masked, 0, &visible);
    if (inverse != NULL) {
        gsl_matrix_free(inverse);
    }
    gsl_matrix_free(invert_block(f, all, 1, &whole));
    return 0.5 * (hidden + visible - whole) / (double)n;
}

static void masks_match_direct_inverses(void **state)
{
    (void)state;
    const field fields[] = {{5, 6, 8, 0.1, false, 1},
                            {4, 5, 4, 0.029, false, 1},
                            {4, 5, 8, 2.7, true, 1},
                            {3, 4, 4, 1e-3, true, 1}};
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        const field *f = &fields[i];
        size_t n = f->rows * f->columns;
        unsigned char masked[256];
        double entropy = 0, variance = 0, marginal = 0;
        probe p = probe_make(f);
        random_mask(n, n, 0, masked);
        direct_means(f, masked, &entropy, &marginal);
        for (size_t hidden = 1; hidden <= n; hidden++) {
            random_mask(n, hidden, hidden, masked);
            mi_mask_result result = evaluate(&p, masked, hidden);
            direct_means(f, masked, &entropy, &variance);
            assert_near(result.conditional_entropy, entropy, 1e-11);
            assert_near(result.mse, variance / marginal, 1e-11);
            assert_near(result.joint_information, direct_joint(f, masked), 1e-11);
        }
        probe_free(&p);
    }
}

static void joint_information_is_symmetric(void **state)
{
    (void)state;
    const field f = {5, 5, 8, 0.07, false, 1};
    unsigned char masked[25], swapped[25];
    probe p = probe_make(&f);
    for (uint64_t index = 0; index < 20; index++) {
        random_mask(25, 1 + index, index, masked);
        for (size_t i = 0; i < 25; i++) {
            swapped[i] = !masked[i];
        }
        double joint = evaluate(&p, masked, 0).joint_information;
        assert_true(joint > 1e-3);
        assert_near(evaluate(&p, swapped, 0).joint_information, joint, 1e-12);
    }
    memset(masked, 1, 25);
    assert_near(evaluate(&p, masked, 0).joint_information, 0, 1e-15);
    probe_free(&p);
}

/* The k-th number of a row of the profile is what evaluate gives for the mask of all but the first
 * k sites of its order. */
static void routes_agree_on_nested_masks(void **state)
{
    (void)state;
    const field f = {5, 7, 8, 0.1, false, 3};
    enum { N = 35 };
    size_t order[N];
    unsigned char masked[N];
    probe p = probe_make(&f);
    mi_profile *profile = make_profile(p.model, 3, 13, 2);
    for (size_t r = 0; r < 3; r++) {
        mi_stream_set(p.stream, 13, MI_PURPOSE_ORDER, r);
        mi_random_order(p.stream, order, N);
        for (size_t k = 1; k + 1 < N; k++) {
            for (size_t i = 0; i < N; i++) {
                masked[order[i]] = i >= k;
            }
            mi_mask_result result = evaluate(&p, masked, 0);
            assert_near(profile->series[MI_ENTROPY].values[r * N + k], result.conditional_entropy,
                        1e-10);
            assert_near(profile->series[MI_MSE].values[r * N + k], result.mse, 1e-12);
        }
    }
    mi_profile_destroy(profile);
    probe_free(&p);
}

static void routes_agree_on_independent_masks(void **state)
{
    (void)state;
    const field f = {6, 6, 8, 0.02, false, 1};
    enum { N = 36, MASKS = 400 };
    double values[MASKS], mean[N], error[N], other = 0, other_error = 0;
    unsigned char masked[N];
    probe p = probe_make(&f);
    mi_profile *profile = make_profile(p.model, MASKS, 4, 2);
    mi_profile_mean(profile, MI_ENTROPY, mean, error);
    for (size_t hidden = 3; hidden < N; hidden += 8) {
        for (uint64_t i = 0; i < MASKS; i++) {
            random_mask(N, hidden, 1000 * hidden + i, masked);
            values[i] = evaluate(&p, masked, i).conditional_entropy;
        }
        mi_mean_error(values, 1, MASKS, &other, &other_error);
        assert_near(mean[N - hidden], other, 4 * hypot(error[N - hidden], other_error));
    }
    mi_profile_destroy(profile);
    probe_free(&p);
}

/* Cross-entropy and conditional entropy of a mask have the same mean over draws. */
static void cross_entropy_is_calibrated(void **state)
{
    (void)state;
    const field fields[] = {{4, 5, 8, 0.1, false, 2}, {3, 4, 4, 1e-9, true, 1}};
    enum { DRAWS = 4000 };
    static double excess[DRAWS];
    for (size_t i = 0; i < 2; i++) {
        size_t n = fields[i].rows * fields[i].columns;
        unsigned char masked[256];
        double mean = 0, error = 0;
        probe p = probe_make(&fields[i]);
        for (size_t hidden = 1; hidden <= n; hidden += n - 1) {
            random_mask(n, hidden, hidden, masked);
            for (uint64_t d = 0; d < DRAWS; d++) {
                mi_mask_result result = evaluate(&p, masked, d);
                excess[d] = result.cross_entropy - result.conditional_entropy;
            }
            mi_mean_error(excess, 1, DRAWS, &mean, &error);
            assert_near(mean, 0, 4 * error);
            assert_true(error > 1e-3);
        }
        probe_free(&p);
    }
}

/* Mean over the masked sites of -log density at the residuals (Q_mm)^-1 b_m, b given. */
static double direct_cross_entropy(const field *f, const unsigned char *masked, const double *b)
{
    double log_determinant = 0, sum = 0, masked_b[16];
    size_t count = 0;
    gsl_matrix *inverse = invert_block(f, masked, 1, &log_determinant);
    for (size_t i = 0; i < f->rows * f->columns; i++) {
        if (masked[i]) {
            masked_b[count++] = b[i];
        }
    }
    for (size_t a = 0; a < count; a++) {
        double residual = 0, variance = gsl_matrix_get(inverse, a, a);
        for (size_t c = 0; c < count; c++) {
            residual += gsl_matrix_get(inverse, a, c) * masked_b[c];
        }
        sum += 0.5 * (log(2 * M_PI * variance) + residual * residual / variance);
    }
    gsl_matrix_free(inverse);
    return sum / (double)count;
}

/* All masks of one draw speak of the same configuration x: single-site masks give |(Q x)_i|, and
 * one choice of the signs must explain every other mask. */
static void masks_share_the_configuration(void **state)
{
    (void)state;
    const field f = {2, 3, 8, 0.3, false, 1};
    double b[6], signed_b[6], best = HUGE_VAL;
    unsigned char masked[6];
    probe p = probe_make(&f);
    for (size_t i = 0; i < 6; i++) {
        memset(masked, 0, 6);
        masked[i] = 1;
        double q = precision(&f, i, i), entropy = 0.5 * log(2 * M_PI / q);
        b[i] = sqrt(2 * q * (evaluate(&p, masked, 6).cross_entropy - entropy));
    }
    for (unsigned signs = 0; signs < 64; signs++) {
        double worst = 0;
        for (size_t i = 0; i < 6; i++) {
            signed_b[i] = signs >> i & 1 ? -b[i] : b[i];
        }
        for (unsigned set = 1; set < 64; set++) {
            for (size_t i = 0; i < 6; i++) {
                masked[i] = set >> i & 1;
            }
            worst = fmax(worst, fabs(evaluate(&p, masked, 6).cross_entropy -
                                     direct_cross_entropy(&f, masked, signed_b)));
        }
        best = fmin(best, worst);
    }
    assert_near(best, 0, 1e-10);
    probe_free(&p);
}

static void channels_multiply_entropies(void **state)
{
    (void)state;
    const field single = {4, 4, 8, 0.2, false, 1}, many = {4, 4, 8, 0.2, false, 7};
    unsigned char masked[16];
    double marginal[2], total[2];
    probe one = probe_make(&single), seven = probe_make(&many);
    mi_profile *a = make_profile(one.model, 4, 6, 2), *b = make_profile(seven.model, 4, 6, 2);
    for (size_t i = 0; i < 64; i++) {
        assert_near(b->series[MI_ENTROPY].values[i], 7 * a->series[MI_ENTROPY].values[i], 1e-12);
        assert_near(b->series[MI_MSE].values[i], a->series[MI_MSE].values[i], 1e-15);
    }
    random_mask(16, 6, 3, masked);
    mi_mask_result x = evaluate(&one, masked, 5), y = evaluate(&seven, masked, 5);
    assert_near(y.conditional_entropy, 7 * x.conditional_entropy, 1e-12);
    assert_near(y.cross_entropy, 7 * x.cross_entropy, 1e-12);
    assert_near(y.joint_information, 7 * x.joint_information, 1e-12);
    assert_near(y.mse, x.mse, 1e-15);
    one.model->class->known_entropies(one.model->state, &marginal[0], &total[0], NULL);
    seven.model->class->known_entropies(seven.model->state, &marginal[1], &total[1], NULL);
    assert_near(marginal[1], 7 * marginal[0], 1e-12);
    assert_near(total[1], 7 * total[0], 1e-12);
    mi_profile_destroy(a);
    mi_profile_destroy(b);
    probe_free(&one);
    probe_free(&seven);
}

static void bad_values_are_named(void **state)
{
    (void)state;
    const struct {
        field field;
        const char *place, *says;
    } cases[] = {
        {{4, 4, 8, 0, false, 1}, "kappa", "singular"},
        {{4, 4, 8, 0, true, 1}, "kappa", "(0, 1e+09]"},
        {{4, 4, 4, -0.25, true, 1}, "kappa", "-0.25"},
        {{4, 4, 4, -0.25, false, 1}, "kappa", "-0.25"},
        {{4, 4, 8, NAN, false, 1}, "kappa", "nan"},
        {{4, 4, 8, 1e-310, false, 1}, "kappa", "finite"},
        {{4, 4, 8, 2e9, false, 1}, "kappa", "2e+09"},
        {{1, 1, 8, 0.1, false, 1}, "grid", "one site"},
        {{0, 5, 8, 0.1, false, 1}, "grid", "[0, 5]"},
        {{1000000, 1000000, 8, 0.1, false, 1}, "grid", "[1000000, 1000000]"},
        {{SIZE_MAX, 2, 8, 0.1, false, 1}, "grid", "at most 4000000"},
        {{SIZE_MAX / 2 + 1, 2, 8, 0.1, false, 1}, "grid", "at most 4000000"},
        {{1, 2001, 8, 0.1, false, 1}, "grid", "[1, 2000]"},
        {{2001, 1, 8, 0.1, false, 1}, "grid", "[1, 2000]"},
        {{2, 5, 8, 0.1, true, 1}, "grid", "[3, 2000]"},
        {{5, 2, 4, 0.1, true, 1}, "grid", "torus"},
        {{4, 4, 5, 0.1, false, 1}, "neighbors", "5 is neither 4 nor 8"},
        {{4, 4, 8, 0.1, false, 0}, "channels", "[1, 4096]"},
        {{4, 4, 8, 0.1, false, 4097}, "channels", "4097"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mi_status status;
        mi_model *model = NULL;
        assert_int_equal(try_field(&cases[i].field, &model, &status), MI_INPUT);
        assert_null(model);
        assert_string_equal(status.place, cases[i].place);
        if (strstr(status.message, cases[i].says) == NULL) {
            fail_msg("case %zu: \"%s\" does not say \"%s\"", i, status.message, cases[i].says);
        }
    }
}

static void small_and_stopped_runs(void **state)
{
    (void)state;
    const field f = {1, 2, 4, 0.5, false, 1};
    volatile sig_atomic_t interrupt = 1;
    mi_run run = support_run(1);
    mi_profile *profile = NULL;
    mi_status status;
    mi_model *model = make_field(&f);
    mi_shape shape = model->class->shape(model->state);
    assert_int_equal(shape.dimensions, 2);
    assert_int_equal(shape.sites, 2);
    assert_int_equal(shape.rows, 1);
    assert_int_equal(shape.columns, 2);
    assert_int_equal(shape.vocabulary, 0);
    /* Q = [[1.5, -1], [-1, 1.5]]: Sigma_ii = 1.5 / 1.25 */
    profile = make_profile(model, 1, 1, 1);
    assert_near(profile->series[MI_ENTROPY].values[0], gaussian_entropy(1.2), 1e-14);
    assert_near(profile->series[MI_ENTROPY].values[1], gaussian_entropy(1 / 1.5), 1e-14);
    mi_profile_destroy(profile);
    profile = NULL;
    assert_int_equal(model->class->profile(model->state, 0, &run, &profile, &status), MI_INPUT);
    run.opt_interrupt = &interrupt;
    assert_int_equal(model->class->profile(model->state, 9, &run, &profile, &status),
                     MI_INTERRUPTED);
    assert_null(profile);
    mi_model_destroy(model);
    model = NULL;
    mi_model_destroy(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(profile_is_the_mean_over_all_masks),
        cmocka_unit_test(rows_match_direct_inverses),
        cmocka_unit_test(rows_survive_extreme_kappa),
        cmocka_unit_test(products_of_variances_stay_finite),
        cmocka_unit_test(ends_are_exact),
        cmocka_unit_test(profile_falls_and_sums_to_the_total),
        cmocka_unit_test(results_do_not_depend_on_threads),
        cmocka_unit_test(torus_has_its_closed_form),
        cmocka_unit_test(free_lattice_has_its_closed_form),
        cmocka_unit_test(products_by_the_band),
        cmocka_unit_test(masks_match_direct_inverses),
        cmocka_unit_test(joint_information_is_symmetric),
        cmocka_unit_test(routes_agree_on_nested_masks),
        cmocka_unit_test(routes_agree_on_independent_masks),
        cmocka_unit_test(cross_entropy_is_calibrated),
        cmocka_unit_test(masks_share_the_configuration),
        cmocka_unit_test(channels_multiply_entropies),
        cmocka_unit_test(bad_values_are_named),
        cmocka_unit_test(small_and_stopped_runs),
    };
    mi_start();
    return cmocka_run_group_tests_name("gmrf", tests, NULL, NULL);
}
