/* Scenes (class and texture): masks and profiles against dense inverses and direct densities, the
 * plain Gaussian field, two-dimensional quadrature, and the identities of the information. */
#include "support.h"

#include <gsl/gsl_linalg.h>
#include <gsl/gsl_math.h>
#include <stdlib.h>
#include <string.h>

#include "../src/models/scene.h"
#include "../src/models/scene_templates.h"
#include "maskinfo/analysis.h"
#include "maskinfo/mask.h"
#include "maskinfo/memory.h"
#include "maskinfo/posterior.h"
#include "maskinfo/random.h"
#include "maskinfo/statistics.h"

enum { MOST = 64 }; /* sites of the fields here */

typedef struct setting {
    size_t rows, columns;
    long long classes;
    double scale, smoothness, kappa;
    long long neighbors;
    bool torus;
    long long template_seed;
} setting;

static mi_value *item(mi_values *values, const char *name)
{
    mi_value *found = NULL;
    for (size_t i = 0; i < values->count; i++) {
        if (strcmp(values->items[i].parameter->name, name) == 0) {
            found = &values->items[i];
            found->given = true;
        }
    }
    return found;
}

/* A scene, or the field of its texture alone. */
static mi_code try_model(const char *name, const setting *f, mi_model **ret_model,
                         mi_status *status)
{
    const mi_model_class *class = mi_model_find(name);
    mi_values *values = NULL;
    mi_run run = support_run(1);
    assert_non_null(class);
    assert_int_equal(mi_values_create(class->parameters, &values, NULL), MI_OK);
    item(values, "grid")->grid[0] = f->rows;
    item(values, "grid")->grid[1] = f->columns;
    item(values, "neighbors")->integer = f->neighbors;
    item(values, "kappa")->real = f->kappa;
    const char *boundary = f->torus ? "torus" : "free";
    assert_int_equal(mi_copy_text(boundary, &item(values, "boundary")->text, NULL), MI_OK);
    if (item(values, "classes") != NULL) {
        item(values, "classes")->integer = f->classes;
        item(values, "template_scale")->real = f->scale;
        item(values, "template_smoothness")->real = f->smoothness;
        item(values, "template_seed")->integer = f->template_seed;
    } else {
        item(values, "channels")->integer = 1;
    }
    mi_code code = mi_model_create(class, values, &run, ret_model, status);
    mi_values_destroy(values);
    return code;
}

static mi_model *make_model(const char *name, const setting *f)
{
    mi_model *model = NULL;
    mi_status status;
    if (try_model(name, f, &model, &status) != MI_OK) {
        fail_msg("%s: %s", status.place, status.message);
    }
    return model;
}

typedef struct probe {
    mi_model *model;
    void *scratch;
    gsl_rng *stream;
} probe;

static probe probe_make(const char *name, const setting *f)
{
    probe p = {.model = make_model(name, f)};
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

static mi_mask_result evaluate(const probe *p, const unsigned char *masked, uint64_t draw)
{
    mi_mask_result result;
    mi_stream_set(p->stream, 21, MI_PURPOSE_SAMPLE, draw);
    assert_int_equal(p->model->class->evaluate(p->model->state, masked, MI_FROM_MODEL, p->stream,
                                               true, p->scratch, &result, NULL),
                     MI_OK);
    return result;
}

/* The configuration that evaluate draws. */
static void sample(const probe *p, uint64_t draw, double *values)
{
    mi_stream_set(p->stream, 21, MI_PURPOSE_SAMPLE, draw);
    assert_int_equal(p->model->class->sample(p->model->state, p->stream, p->scratch, values, NULL),
                     MI_OK);
}

static void random_mask(size_t sites, size_t hidden, uint64_t index, unsigned char *masked)
{
    size_t order[MOST];
    gsl_rng *stream = NULL;
    assert_int_equal(mi_stream_create(8, MI_PURPOSE_MASK, index, &stream, NULL), MI_OK);
    mi_random_order(stream, order, sites);
    for (size_t i = 0; i < sites; i++) {
        masked[order[i]] = i < hidden;
    }
    gsl_rng_free(stream);
}

/* Steps from a to b along a side of the given length. */
static size_t distance(size_t a, size_t b, size_t side, bool torus)
{
    size_t d = a > b ? a - b : b - a;
    return torus && side - d < d ? side - d : d;
}

static bool are_neighbors(const setting *f, size_t i, size_t j)
{
    size_t down = distance(i / f->columns, j / f->columns, f->rows, f->torus);
    size_t across = distance(i % f->columns, j % f->columns, f->columns, f->torus);
    return f->neighbors == 4 ? down + across == 1 : i != j && down <= 1 && across <= 1;
}

/* Sigma of the texture: the inverse of Q, by its definition. */
static gsl_matrix *dense_covariance(const setting *f)
{
    size_t n = f->rows * f->columns;
    int sign = 0;
    gsl_matrix *matrix = gsl_matrix_calloc(n, n);
    gsl_permutation *pivots = gsl_permutation_alloc(n);
    for (size_t i = 0; i < n; i++) {
        double diagonal = f->kappa;
        for (size_t j = 0; j < n; j++) {
            diagonal += are_neighbors(f, i, j);
            gsl_matrix_set(matrix, i, j, are_neighbors(f, i, j) ? -1 : 0);
        }
        gsl_matrix_set(matrix, i, i, diagonal);
    }
    gsl_linalg_LU_decomp(matrix, pivots, &sign);
    gsl_linalg_LU_invx(matrix, pivots);
    gsl_permutation_free(pivots);
    return matrix;
}

/* What direct densities say of a set of visible sites. */
typedef struct direct {
    const mi_scene *scene;
    const gsl_matrix *covariance;
    const double *x;
    size_t visible[MOST], count;
    double weights[MI_MIXTURE_COMPONENTS]; /* p(c | x_v) */
    double log_density;                    /* log p(x_v) */
    double log_determinant;                /* log|Sigma_vv| */
    gsl_matrix *inverse;                   /* Sigma_vv^-1; NULL where nothing is visible */
} direct;

static double template_at(const mi_scene *scene, size_t site, size_t class)
{
    return scene->templates[site * scene->classes + class];
}

/* (x - T_c)_v^T Sigma_vv^-1 (x - T_c)_v. */
static double quadratic(const direct *d, size_t class)
{
    double sum = 0;
    for (size_t a = 0; a < d->count; a++) {
        for (size_t b = 0; b < d->count; b++) {
            size_t i = d->visible[a], j = d->visible[b];
            sum += (d->x[i] - template_at(d->scene, i, class)) * gsl_matrix_get(d->inverse, a, b) *
                   (d->x[j] - template_at(d->scene, j, class));
        }
    }
    return sum;
}

static void direct_invert(direct *d)
{
    int sign = 0;
    if (d->count == 0) {
        return;
    }
    gsl_permutation *pivots = gsl_permutation_alloc(d->count);
    d->inverse = gsl_matrix_alloc(d->count, d->count);
    for (size_t a = 0; a < d->count; a++) {
        for (size_t b = 0; b < d->count; b++) {
            gsl_matrix_set(d->inverse, a, b,
                           gsl_matrix_get(d->covariance, d->visible[a], d->visible[b]));
        }
    }
    gsl_linalg_LU_decomp(d->inverse, pivots, &sign);
    d->log_determinant = gsl_linalg_LU_lndet(d->inverse);
    gsl_linalg_LU_invx(d->inverse, pivots);
    gsl_permutation_free(pivots);
}

/* Sites with hidden[i] == want are the visible ones. */
static direct direct_make(const mi_scene *scene, const gsl_matrix *covariance, const double *x,
                          const unsigned char *hidden, unsigned char want)
{
    direct d = {.scene = scene, .covariance = covariance, .x = x};
    double sum = 0, least = HUGE_VAL;
    for (size_t i = 0; i < scene->sites; i++) {
        if (hidden[i] == want) {
            d.visible[d.count++] = i;
        }
    }
    direct_invert(&d);
    for (size_t c = 0; c < scene->classes; c++) {
        d.weights[c] = quadratic(&d, c);
        least = fmin(least, d.weights[c]);
    }
    for (size_t c = 0; c < scene->classes; c++) {
        d.weights[c] = exp(-0.5 * (d.weights[c] - least));
        sum += d.weights[c];
    }
    for (size_t c = 0; c < scene->classes; c++) {
        d.weights[c] /= sum;
    }
    d.log_density = -0.5 * (least + d.log_determinant + (double)d.count * log(2 * M_PI)) +
                    log(sum / (double)scene->classes);
    return d;
}

/* log K - H(C | x_v). */
static double direct_class(const direct *d)
{
    double sum = log((double)d->scene->classes);
    for (size_t c = 0; c < d->scene->classes; c++) {
        sum += d->weights[c] > 0 ? d->weights[c] * log(d->weights[c]) : 0;
    }
    return sum;
}

/* Means under each class and the variance of a site given the visible ones. */
static double direct_site(const direct *d, size_t site, double *means)
{
    double variance = gsl_matrix_get(d->covariance, site, site);
    for (size_t c = 0; c < d->scene->classes; c++) {
        means[c] = template_at(d->scene, site, c);
    }
    for (size_t a = 0; a < d->count; a++) {
        double weight = 0;
        for (size_t b = 0; b < d->count; b++) {
            weight += gsl_matrix_get(d->covariance, site, d->visible[b]) *
                      gsl_matrix_get(d->inverse, a, b);
        }
        variance -= weight * gsl_matrix_get(d->covariance, site, d->visible[a]);
        for (size_t c = 0; c < d->scene->classes; c++) {
            means[c] += weight * (d->x[d->visible[a]] - template_at(d->scene, d->visible[a], c));
        }
    }
    return variance;
}

static double gaussian_density(double x, double variance)
{
    return exp(-0.5 * x * x / variance) / sqrt(2 * M_PI * variance);
}

static double direct_density(const direct *d, const double *means, double variance, double x)
{
    double sum = 0;
    for (size_t c = 0; c < d->scene->classes; c++) {
        sum += d->weights[c] * gaussian_density(x - means[c], variance);
    }
    return sum;
}

/* - integral of f log f: 4000 points over all means and 10 standard deviations beyond. */
static double direct_entropy(const direct *d, const double *means, double variance)
{
    enum { POINTS = 4000 };
    double low = means[0], high = means[0], sum = 0;
    for (size_t c = 0; c < d->scene->classes; c++) {
        low = fmin(low, means[c] - 10 * sqrt(variance));
        high = fmax(high, means[c] + 10 * sqrt(variance));
    }
    for (size_t i = 0; i <= POINTS; i++) {
        double f = direct_density(d, means, variance, low + (high - low) * (double)i / POINTS);
        sum -= f > 0 ? f * log(f) : 0;
    }
    return sum * (high - low) / POINTS;
}

static void direct_free(direct *d)
{
    gsl_matrix_free(d->inverse);
}

/* Entropy of p(x_site | its visible neighbours). */
static double direct_neighbors(const setting *f, const direct *d, const unsigned char *masked,
                               size_t site)
{
    unsigned char far[MOST];
    double means[MI_MIXTURE_COMPONENTS];
    for (size_t i = 0; i < d->scene->sites; i++) {
        far[i] = masked[i] || !are_neighbors(f, site, i);
    }
    direct near = direct_make(d->scene, d->covariance, d->x, far, 0);
    double variance = direct_site(&near, site, means);
    double entropy = direct_entropy(&near, means, variance);
    direct_free(&near);
    return entropy;
}

static mi_mask_result direct_result(const setting *f, const direct *d, const direct *nothing,
                                    const unsigned char *masked)
{
    mi_mask_result r = {.class_information = direct_class(d)};
    size_t n = d->scene->sites;
    double means[MI_MIXTURE_COMPONENTS], count = (double)(n - d->count), total = 0;
    for (size_t i = 0; i < n; i++) {
        double marginal = direct_site(nothing, i, means), second = 0, first = 0;
        double alone = direct_entropy(nothing, means, marginal);
        for (size_t c = 0; c < d->scene->classes; c++) {
            total += (marginal + means[c] * means[c]) / (double)(d->scene->classes * n);
        }
        if (!masked[i]) {
            continue;
        }
        double variance = direct_site(d, i, means), left = direct_entropy(d, means, variance);
        for (size_t c = 0; c < d->scene->classes; c++) {
            first += d->weights[c] * means[c];
            second += d->weights[c] * means[c] * means[c];
        }
        r.marginal_entropy += alone / count;
        r.conditional_entropy += left / count;
        r.cross_entropy -= log(direct_density(d, means, variance, d->x[i])) / count;
        r.mse += (variance + second - first * first) / count;
        r.neighbor_entropy += direct_neighbors(f, d, masked, i) / count;
        r.semantic_information += (alone - left - 0.5 * log(marginal / variance)) / count;
    }
    r.mse /= total;
    return r;
}

static void check_mask(const setting *f, const probe *p, const gsl_matrix *covariance,
                       size_t hidden, uint64_t draw)
{
    const mi_scene *scene = p->model->state;
    unsigned char masked[MOST], all[MOST];
    double x[MOST], n = (double)scene->sites;
    memset(all, 1, sizeof all);
    random_mask(scene->sites, hidden, draw, masked);
    sample(p, draw, x);
    mi_mask_result r = evaluate(p, masked, draw);
    direct d = direct_make(scene, covariance, x, masked, 0);
    direct rest = direct_make(scene, covariance, x, masked, 1);
    direct whole = direct_make(scene, covariance, x, all, 1);
    direct nothing = direct_make(scene, covariance, x, all, 0);
    mi_mask_result e = direct_result(f, &d, &nothing, masked);
    double joint = 0.5 * (d.log_determinant + rest.log_determinant - whole.log_determinant) +
                   direct_class(&d) + direct_class(&rest) - direct_class(&whole);
    assert_near(r.marginal_entropy, e.marginal_entropy, 1e-9);
    assert_near(r.conditional_entropy, e.conditional_entropy, 1e-9);
    assert_near(r.cross_entropy, e.cross_entropy, 1e-9);
    assert_near(r.mse, e.mse, 1e-9);
    assert_near(r.neighbor_entropy, e.neighbor_entropy, 1e-9);
    assert_near(r.class_information, e.class_information, 1e-9);
    assert_near(r.semantic_information, e.semantic_information, 1e-9);
    assert_near(r.joint_information, joint / n, 1e-9);
    direct_free(&d);
    direct_free(&rest);
    direct_free(&whole);
    direct_free(&nothing);
}

static const setting varied[] = {
    {4, 5, 3, 1.1, 1.5, 0.1, 8, false, 1},  {4, 4, 8, 0.4, 0, 2.3, 4, false, 7},
    {3, 4, 2, 2.7, 3, 0.02, 8, true, 3},    {1, 9, 5, 0.8, 2, 0.4, 4, false, 2},
    {4, 4, 64, 1.3, 2.2, 0.7, 4, true, 11}, {3, 3, 4, 0.05, 1, 0.3, 8, false, 5},
};

static void masks_match_direct_densities(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof varied / sizeof *varied; i++) {
        const setting *f = &varied[i];
        size_t n = f->rows * f->columns;
        probe p = probe_make("scene", f);
        gsl_matrix *covariance = dense_covariance(f);
        for (size_t hidden = 1; hidden <= n; hidden += 3) {
            check_mask(f, &p, covariance, hidden, 10 * i + hidden);
        }
        check_mask(f, &p, covariance, n, i);
        gsl_matrix_free(covariance);
        probe_free(&p);
    }
}

/* Without templates a scene is its texture, at every coupling. */
static void one_class_is_the_texture(void **state)
{
    (void)state;
    const setting fields[] = {
        {5, 6, 1, 3, 2, 0.1, 8, false, 1}, {5, 6, 8, 0, 2, 0.1, 4, false, 1},
        {4, 5, 64, 0, 0, 1.7, 8, true, 1}, {5, 5, 3, 0, 1, 1e-9, 8, false, 1},
        {5, 5, 3, 0, 1, 1e9, 8, false, 1},
    };
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        size_t n = fields[i].rows * fields[i].columns;
        unsigned char masked[MOST];
        probe scene = probe_make("scene", &fields[i]), field = probe_make("gmrf", &fields[i]);
        for (size_t hidden = 1; hidden <= n; hidden++) {
            random_mask(n, hidden, hidden, masked);
            mi_mask_result a = evaluate(&scene, masked, hidden);
            mi_mask_result b = evaluate(&field, masked, hidden);
            assert_near(a.conditional_entropy, b.conditional_entropy, 1e-11);
            assert_near(a.joint_information, b.joint_information, 1e-11);
            assert_near(a.mse, b.mse, 1e-11);
            assert_near(a.class_information, 0, 1e-13);
            assert_near(a.semantic_information, 0, 1e-13);
        }
        probe_free(&scene);
        probe_free(&field);
    }
}

static mi_profile *make_profile(const mi_model *model, size_t samples, uint64_t seed, int threads)
{
    mi_run run = {.seed = seed, .threads = threads};
    mi_profile *profile = NULL;
    assert_int_equal(mi_posterior_profile(model, samples, &run, &profile, NULL), MI_OK);
    return profile;
}

static void profile_is_that_of_nested_masks(void **state)
{
    (void)state;
    const setting f = {5, 6, 5, 0.9, 2, 0.2, 8, false, 4};
    enum { N = 30 };
    size_t order[N];
    unsigned char masked[N];
    probe p = probe_make("scene", &f);
    const mi_scene *scene = p.model->state;
    mi_profile *profile = make_profile(p.model, 3, 21, 2);
    const mi_series *s = profile->series;
    for (size_t j = 0; j < 3; j++) {
        mi_stream_set(p.stream, 21, MI_PURPOSE_ORDER, j);
        mi_random_order(p.stream, order, N);
        assert_near(s[MI_ENTROPY].values[j * N], scene->mean_marginal, 0);
        assert_near(s[MI_MSE].values[j * N], 1, 0);
        for (size_t k = 0; k < N; k++) {
            mi_mask_from_order(order, N, N - k, masked);
            mi_mask_result r = evaluate(&p, masked, j);
            assert_near(s[MI_ENTROPY].values[j * N + k], r.conditional_entropy, 1e-11);
            assert_near(s[MI_MSE].values[j * N + k], r.mse, 1e-11);
            assert_near(s[MI_NEIGHBORS].values[j * N + k], r.neighbor_entropy, 1e-11);
            assert_near(s[MI_CLASS].values[j * N + k], r.class_information, 1e-11);
            assert_near(s[MI_SEMANTIC].values[j * N + k], r.semantic_information, 1e-11);
        }
    }
    mi_profile_destroy(profile);
    probe_free(&p);
}

/* Mean of differences between two series at one k, in units of its error. */
static double paired_z(const mi_profile *profile, mi_series_kind a, size_t ka, mi_series_kind b,
                       size_t kb)
{
    double differences[1000], mean = 0, error = 0;
    size_t n = profile->sites, replicates = profile->series[a].replicates;
    for (size_t j = 0; j < replicates; j++) {
        differences[j] =
            profile->series[a].values[j * n + ka] - profile->series[b].values[j * n + kb];
    }
    mi_mean_error(differences, 1, replicates, &mean, &error);
    return mean / error;
}

/* Two sites and two classes, where T_2 = -T_1: all informations by quadrature over the plane. */
static void two_sites_match_quadrature(void **state)
{
    (void)state;
    const setting f = {1, 2, 2, 1.4, 0, 0.6, 4, false, 9};
    enum { POINTS = 400, DRAWS = 800 };
    probe p = probe_make("scene", &f);
    const mi_scene *scene = p.model->state;
    gsl_matrix *covariance = dense_covariance(&f);
    const unsigned char all[2] = {1, 1}, one[2] = {1, 0};
    double both = 0, first = 0, second = 0, given = 0, span = 9, cell = 2 * span / POINTS;
    for (size_t i = 0; i < POINTS; i++) {
        for (size_t j = 0; j < POINTS; j++) {
            double x[2] = {-span + ((double)i + 0.5) * cell, -span + ((double)j + 0.5) * cell};
            direct d = direct_make(scene, covariance, x, all, 1);
            both -= cell * cell * exp(d.log_density) * d.log_density;
            direct_free(&d);
        }
    }
    for (size_t i = 0; i < POINTS; i++) {
        double x[2] = {-span + ((double)i + 0.5) * cell, -span + ((double)i + 0.5) * cell};
        direct d = direct_make(scene, covariance, x, one, 1),
               e = direct_make(scene, covariance, x, one, 0);
        first -= cell * exp(d.log_density) * d.log_density;
        second -= cell * exp(e.log_density) * e.log_density;
        given += cell * exp(e.log_density) * direct_class(&e);
        direct_free(&d);
        direct_free(&e);
    }
    static double entropies[DRAWS], joints[DRAWS], classes[DRAWS];
    double mean = 0, error = 0;
    for (uint64_t draw = 0; draw < DRAWS; draw++) {
        mi_mask_result r = evaluate(&p, one, draw);
        entropies[draw] = r.conditional_entropy;
        joints[draw] = 2 * r.joint_information;
        classes[draw] = r.class_information;
        assert_near(r.marginal_entropy, first, 1e-9);
    }
    mi_mean_error(entropies, 1, DRAWS, &mean, &error);
    assert_near(mean, both - second, 4 * error);
    assert_true(error < 0.01);
    mi_mean_error(joints, 1, DRAWS, &mean, &error);
    assert_near(mean, first + second - both, 4 * error);
    assert_true(error < 0.03);
    mi_mean_error(classes, 1, DRAWS, &mean, &error);
    assert_near(mean, given, 4 * error);
    gsl_matrix_free(covariance);
    probe_free(&p);
}

/* Second moments of drawn configurations: of each pair of sites, and of the sum over all sites,
 * Var = 1^T Sigma 1 = N / kappa, plus those of the templates. */
static void draws_have_the_covariance(void **state)
{
    (void)state;
    const setting f = {2, 3, 3, 0.8, 1, 1.9, 8, false, 2};
    enum { N = 6, DRAWS = 20000 };
    static double products[N + 1][N][DRAWS];
    probe p = probe_make("scene", &f);
    const mi_scene *scene = p.model->state;
    gsl_matrix *covariance = dense_covariance(&f);
    for (uint64_t draw = 0; draw < DRAWS; draw++) {
        double x[N], sum = 0;
        sample(&p, draw, x);
        for (size_t i = 0; i < N; i++) {
            sum += x[i];
            for (size_t j = 0; j < N; j++) {
                products[i][j][draw] = x[i] * x[j];
            }
        }
        products[N][0][draw] = sum * sum;
    }
    double total = N / f.kappa, mean = 0, error = 0;
    for (size_t i = 0; i < N; i++) {
        for (size_t j = 0; j < N; j++) {
            double templates = 0;
            for (size_t c = 0; c < 3; c++) {
                templates += template_at(scene, i, c) * template_at(scene, j, c) / 3;
            }
            total += templates;
            mi_mean_error(products[i][j], 1, DRAWS, &mean, &error);
            assert_near(mean, gsl_matrix_get(covariance, i, j) + templates, 4 * error);
        }
    }
    mi_mean_error(products[N][0], 1, DRAWS, &mean, &error);
    assert_near(mean, total, 4 * error);
    gsl_matrix_free(covariance);
    probe_free(&p);
}

/* The estimate of the joint information has the mean of log p(x) - log p(x_m) - log p(x_v), and the
 * cross-entropy that of the conditional entropy. */
static void estimates_have_the_right_means(void **state)
{
    (void)state;
    const setting f = {3, 4, 3, 0.7, 1, 0.3, 8, false, 6};
    enum { N = 12, DRAWS = 3000 };
    static double joints[DRAWS], excess[DRAWS];
    unsigned char masked[N], all[N];
    double x[N], mean = 0, error = 0;
    probe p = probe_make("scene", &f);
    gsl_matrix *covariance = dense_covariance(&f);
    memset(all, 1, N);
    random_mask(N, 7, 2, masked);
    for (uint64_t draw = 0; draw < DRAWS; draw++) {
        mi_mask_result r = evaluate(&p, masked, draw);
        sample(&p, draw, x);
        direct v = direct_make(p.model->state, covariance, x, masked, 0);
        direct m = direct_make(p.model->state, covariance, x, masked, 1);
        direct w = direct_make(p.model->state, covariance, x, all, 1);
        joints[draw] = N * r.joint_information - (w.log_density - m.log_density - v.log_density);
        excess[draw] = r.cross_entropy - r.conditional_entropy;
        direct_free(&v);
        direct_free(&m);
        direct_free(&w);
    }
    mi_mean_error(joints, 1, DRAWS, &mean, &error);
    assert_near(mean, 0, 4 * error);
    mi_mean_error(excess, 1, DRAWS, &mean, &error);
    assert_near(mean, 0, 4 * error);
    assert_true(error < 0.02);
    gsl_matrix_free(covariance);
    probe_free(&p);
}

/* The sum of the profile is H(X_1..X_N), estimated apart by the mean of -log p(x). */
static void profile_adds_up_to_the_entropy(void **state)
{
    (void)state;
    const setting f = {4, 4, 4, 0.6, 1.5, 0.2, 8, false, 8};
    enum { N = 16, DRAWS = 1000 };
    static double logs[DRAWS], sums[DRAWS];
    unsigned char all[N];
    double x[N], direct_mean = 0, direct_error = 0, mean = 0, error = 0;
    probe p = probe_make("scene", &f);
    gsl_matrix *covariance = dense_covariance(&f);
    mi_profile *profile = make_profile(p.model, DRAWS, 5, 2);
    memset(all, 1, N);
    for (size_t j = 0; j < DRAWS; j++) {
        sample(&p, 5000 + j, x);
        direct w = direct_make(p.model->state, covariance, x, all, 1);
        logs[j] = -w.log_density;
        sums[j] = 0;
        for (size_t k = 0; k < N; k++) {
            sums[j] += profile->series[MI_ENTROPY].values[j * N + k];
        }
        direct_free(&w);
    }
    mi_mean_error(logs, 1, DRAWS, &direct_mean, &direct_error);
    mi_mean_error(sums, 1, DRAWS, &mean, &error);
    assert_near(mean, direct_mean, 4 * hypot(error, direct_error));
    assert_true(hypot(error, direct_error) < 0.2);
    mi_profile_destroy(profile);
    gsl_matrix_free(covariance);
    probe_free(&p);
}

/* More visible sites tell more of the class, never more than log K; neighbours never tell more than
 * all visible sites; the class carries i(r) less that of the texture. */
static void informations_are_ordered(void **state)
{
    (void)state;
    const setting f = {6, 6, 6, 0.5, 2, 0.5, 8, false, 2};
    enum { N = 36, DRAWS = 300 };
    double semantic[N], error[N], h[N], h_error[N], texture[N], texture_error[N];
    mi_model *model = make_model("scene", &f), *plain = make_model("gmrf", &f);
    mi_run run = support_run(77);
    mi_profile *profile = make_profile(model, DRAWS, 3, 2), *field = NULL;
    assert_int_equal(plain->class->profile(plain->state, DRAWS, &run, &field, NULL), MI_OK);
    for (size_t j = 0; j < DRAWS * N; j++) {
        assert_true(profile->series[MI_CLASS].values[j] <= log(6) + 1e-12);
        assert_true(profile->series[MI_CLASS].values[j] >= -1e-12);
    }
    for (size_t k = 4; k < N; k += 4) {
        assert_true(paired_z(profile, MI_CLASS, k, MI_CLASS, k - 4) > 3);
        assert_true(paired_z(profile, MI_ENTROPY, k, MI_ENTROPY, k - 4) < 2);
        assert_true(paired_z(profile, MI_NEIGHBORS, k, MI_ENTROPY, k) > 3);
    }
    mi_profile_mean(profile, MI_SEMANTIC, semantic, error);
    mi_profile_mean(profile, MI_ENTROPY, h, h_error);
    mi_profile_mean(field, MI_ENTROPY, texture, texture_error);
    for (size_t k = 0; k < N; k++) {
        double part = (h[0] - h[k]) - (texture[0] - texture[k]);
        assert_near(semantic[k], part, 4 * (error[k] + h_error[k] + texture_error[k]) + 1e-12);
    }
    mi_profile_destroy(profile);
    mi_profile_destroy(field);
    mi_model_destroy(model);
    mi_model_destroy(plain);
}

/* Where all that is visible is next to the masked site, its neighbours are everything. */
static void neighbors_are_everything_nearby(void **state)
{
    (void)state;
    const setting f = {3, 3, 5, 1.2, 1, 0.2, 8, false, 3},
                  wide = {5, 5, 5, 0.4, 1, 0.2, 8, false, 3};
    unsigned char masked[25] = {0};
    probe p = probe_make("scene", &f), q = probe_make("scene", &wide);
    masked[4] = 1;
    for (uint64_t draw = 0; draw < 20; draw++) {
        mi_mask_result r = evaluate(&p, masked, draw);
        assert_near(r.neighbor_entropy, r.conditional_entropy, 1e-10);
    }
    double farther = 0;
    masked[4] = 0;
    masked[12] = 1;
    for (uint64_t draw = 0; draw < 20; draw++) {
        mi_mask_result r = evaluate(&q, masked, draw);
        farther += fabs(r.neighbor_entropy - r.conditional_entropy) / 20;
    }
    assert_true(farther > 1e-3); /* other sites speak of the class, and through it of this one */
    probe_free(&p);
    probe_free(&q);
}

/* Correlation of template values at a displacement along a row, over many draws of templates. */
static double template_correlation(const mi_template_law *law, size_t from, size_t to,
                                   double *ret_error)
{
    enum { SEEDS = 40 };
    double values[SEEDS], mean = 0;
    static double templates[MOST * MI_MIXTURE_COMPONENTS];
    mi_template_law own = *law;
    for (size_t s = 0; s < SEEDS; s++) {
        double products = 0, squares = 0;
        own.seed = s;
        assert_int_equal(mi_templates_draw(&own, templates, NULL), MI_OK);
        for (size_t row = 0; row < law->rows; row++) {
            for (size_t c = 0; c < law->classes; c++) {
                double a = templates[(row * law->columns + from) * law->classes + c];
                double b = templates[(row * law->columns + to) * law->classes + c];
                products += a * b;
                squares += (a * a + b * b) / 2;
            }
        }
        values[s] = products / squares;
    }
    mi_mean_error(values, 1, SEEDS, &mean, ret_error);
    return mean;
}

static void templates_are_scaled_and_smooth(void **state)
{
    (void)state;
    static double templates[MOST * MI_MIXTURE_COMPONENTS];
    mi_template_law law = {6, 8, 16, false, 1.7, 0.83, 5};
    double squares = 0, error = 0;
    assert_int_equal(mi_templates_draw(&law, templates, NULL), MI_OK);
    for (size_t i = 0; i < 48; i++) {
        double sum = 0;
        for (size_t c = 0; c < 16; c++) {
            sum += templates[i * 16 + c];
            squares += templates[i * 16 + c] * templates[i * 16 + c] / (48 * 16);
        }
        assert_near(sum, 0, 1e-13);
    }
    assert_near(squares, 0.83 * 0.83, 1e-13);
    for (size_t d = 1; d < 8; d++) {
        double expected = exp(-(double)(d * d) / (2 * 1.7 * 1.7));
        double found = template_correlation(&law, 0, d, &error);
        assert_near(found, expected, 4 * error + 2e-3);
        assert_true(error < 0.03);
    }
    law.torus = true;
    assert_near(template_correlation(&law, 0, 7, &error), exp(-1 / (2 * 1.7 * 1.7)),
                4 * error + 2e-2);
    law.smoothness = 0;
    assert_near(template_correlation(&law, 2, 3, &error), 0, 4 * error);
}

/* In units of the texture's own deviation: the templates' share of the variance is s^2/(1+s^2). */
static void scale_is_relative_to_the_texture(void **state)
{
    (void)state;
    const setting f = {4, 5, 3, 1.5, 2, 0.03, 8, false, 2};
    mi_model *model = make_model("scene", &f);
    const mi_scene *scene = model->state;
    gsl_matrix *covariance = dense_covariance(&f);
    double texture = 0;
    for (size_t i = 0; i < 20; i++) {
        texture += gsl_matrix_get(covariance, i, i) / 20;
    }
    assert_near(scene->mean_variance, texture * (1 + 1.5 * 1.5), 1e-10);
    gsl_matrix_free(covariance);
    mi_model_destroy(model);
}

static void results_do_not_depend_on_threads(void **state)
{
    (void)state;
    const setting f = {4, 6, 5, 0.9, 2, 0.2, 8, false, 4};
    mi_model *model = make_model("scene", &f);
    mi_profile *a = make_profile(model, 9, 6, 1), *b = make_profile(model, 9, 6, 2);
    mi_profile *c = make_profile(model, 9, 7, 2);
    size_t size = 9 * 24 * sizeof(double);
    const mi_series_kind kinds[] = {MI_ENTROPY, MI_MSE, MI_NEIGHBORS, MI_CLASS, MI_SEMANTIC};
    for (size_t i = 0; i < 5; i++) {
        const double *values = a->series[kinds[i]].values;
        assert_memory_equal(values, b->series[kinds[i]].values, size);
        assert_memory_not_equal(values, c->series[kinds[i]].values, size);
    }
    mi_profile_destroy(a);
    mi_profile_destroy(b);
    mi_profile_destroy(c);
    mi_model_destroy(model);
}

static void bad_values_are_named(void **state)
{
    (void)state;
    const struct {
        setting setting;
        const char *place, *says;
    } cases[] = {
        {{4, 4, 0, 1, 1, 0.1, 8, false, 1}, "classes", "0 is not a whole number in [1, 64]"},
        {{4, 4, 65, 1, 1, 0.1, 8, false, 1}, "classes", "65 is not"},
        {{4, 4, 3, -0.5, 1, 0.1, 8, false, 1},
         "template_scale",
         "-0.5 is not a number in [0, 1000]"},
        {{4, 4, 3, NAN, 1, 0.1, 8, false, 1}, "template_scale", "nan"},
        {{4, 4, 3, 1001, 1, 0.1, 8, false, 1}, "template_scale", "1001"},
        {{4, 4, 3, 1, -1, 0.1, 8, false, 1},
         "template_smoothness",
         "-1 is not a number in [0, 100]"},
        {{4, 4, 3, 1, 101, 0.1, 8, false, 1}, "template_smoothness", "101"},
        {{4, 4, 3, 1, 1, 0.1, 8, false, -1}, "template_seed", "-1 is not a whole number"},
        {{4, 4, 3, 1, 1, 0, 8, false, 1}, "kappa", "0 is not a number in [1e-09, 1e+09]"},
        {{4, 4, 3, 1, 1, 2e9, 8, false, 1}, "kappa", "2e+09"},
        {{65, 4, 3, 1, 1, 0.1, 8, false, 1}, "grid", "[65, 4] is too large"},
        {{SIZE_MAX, 4, 3, 1, 1, 0.1, 8, false, 1}, "grid", "in [1, 64]"},
        {{1, 1, 3, 1, 1, 0.1, 8, false, 1}, "grid", "one site"},
        {{2, 4, 3, 1, 1, 0.1, 8, true, 1}, "grid", "torus"},
        {{4, 4, 3, 1, 1, 0.1, 6, false, 1}, "neighbors", "6 is neither 4 nor 8"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mi_status status;
        mi_model *model = NULL;
        assert_int_equal(try_model("scene", &cases[i].setting, &model, &status), MI_INPUT);
        assert_null(model);
        assert_string_equal(status.place, cases[i].place);
        if (strstr(status.message, cases[i].says) == NULL) {
            fail_msg("case %zu: \"%s\" does not say \"%s\"", i, status.message, cases[i].says);
        }
    }
}

/* Large templates and extreme couplings leave every number finite. */
static void extremes_stay_finite(void **state)
{
    (void)state;
    const setting fields[] = {
        {4, 5, 64, 1000, 100, 1e-9, 8, false, 1},
        {4, 5, 64, 1000, 0, 1e9, 4, true, 1},
        {1, 2, 2, 1e-300, 4, 1e-9, 8, false, 1},
        {4, 5, 7, 1000, 3, 1e-9, 8, true, 1},
    };
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        size_t n = fields[i].rows * fields[i].columns;
        mi_model *model = make_model("scene", &fields[i]);
        mi_profile *profile = make_profile(model, 2, 6, 2);
        for (size_t at = 0; at < 2 * n; at++) {
            assert_true(isfinite(profile->series[MI_ENTROPY].values[at]));
            assert_true(isfinite(profile->series[MI_NEIGHBORS].values[at]));
            assert_true(isfinite(profile->series[MI_SEMANTIC].values[at]));
        }
        mi_profile_destroy(profile);
        mi_model_destroy(model);
    }
}

static void refusals_and_remarks(void **state)
{
    (void)state;
    const setting f = {3, 4, 3, 1, 1, 0.1, 8, false, 1}, plain = {3, 4, 1, 1, 1, 0.1, 8, false, 1};
    volatile sig_atomic_t interrupt = 1;
    mi_run run = support_run(1);
    mi_model *model = make_model("scene", &f), *alone = make_model("scene", &plain);
    mi_profile *profile = NULL;
    mi_status status;
    mi_estimator method = MI_ESTIMATOR_AUTO;
    const mi_masking random = {.class = mi_mask_find("random")};
    char text[512];
    mi_shape shape = model->class->shape(model->state);
    assert_int_equal(shape.sites, 12);
    assert_int_equal(shape.rows, 3);
    assert_int_equal(shape.vocabulary, 0);
    assert_int_equal(mi_estimator_resolve(model, &random, MI_ESTIMATOR_AUTO, &method, &status),
                     MI_OK);
    assert_int_equal(method, MI_ESTIMATOR_POSTERIOR);
    assert_int_equal(mi_estimator_resolve(model, &random, MI_ESTIMATOR_EXACT, &method, &status),
                     MI_INPUT);
    assert_non_null(strstr(status.message, "scene has no exact answer"));
    assert_int_equal(mi_posterior_profile(model, 1, &run, &profile, &status), MI_INPUT);
    run.opt_interrupt = &interrupt;
    assert_int_equal(mi_posterior_profile(model, 9, &run, &profile, &status), MI_INTERRUPTED);
    assert_null(profile);
    assert_true(model->class->remark(model->state, text, sizeof text));
    assert_non_null(strstr(text, "The 3 templates are one draw"));
    assert_false(alone->class->remark(alone->state, text, sizeof text));
    mi_model_destroy(model);
    mi_model_destroy(alone);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(masks_match_direct_densities),
        cmocka_unit_test(one_class_is_the_texture),
        cmocka_unit_test(profile_is_that_of_nested_masks),
        cmocka_unit_test(two_sites_match_quadrature),
        cmocka_unit_test(draws_have_the_covariance),
        cmocka_unit_test(estimates_have_the_right_means),
        cmocka_unit_test(profile_adds_up_to_the_entropy),
        cmocka_unit_test(informations_are_ordered),
        cmocka_unit_test(neighbors_are_everything_nearby),
        cmocka_unit_test(templates_are_scaled_and_smooth),
        cmocka_unit_test(scale_is_relative_to_the_texture),
        cmocka_unit_test(results_do_not_depend_on_threads),
        cmocka_unit_test(bad_values_are_named),
        cmocka_unit_test(extremes_stay_finite),
        cmocka_unit_test(refusals_and_remarks),
    };
    mi_start();
    return cmocka_run_group_tests_name("scene", tests, NULL, NULL);
}
