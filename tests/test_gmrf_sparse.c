/* Large Gaussian fields: sparse factors against dense ones, the torus against its eigenvalues, what
 * visible neighbours tell against enumeration of all subsets. */
#include "support.h"

#include <gsl/gsl_linalg.h>
#include <gsl/gsl_math.h>
#include <stdlib.h>
#include <string.h>

#include "../src/models/dissection.h"
#include "../src/models/gmrf_large.h"
#include "../src/models/gmrf_torus.h"
#include "maskinfo/analysis.h"
#include "maskinfo/memory.h"
#include "maskinfo/random.h"
#include "maskinfo/statistics.h"

typedef struct field {
    size_t rows, columns;
    long long neighbors;
    double kappa;
    bool torus;
} field;

/* A field either way, its work space and streams. */
typedef struct probe {
    mi_model model;
    void *scratch;
    gsl_rng *draw;
} probe;

static mi_code try_field(const field *f, bool large, const mi_run *run, mi_gmrf **ret_gmrf,
                         mi_status *status)
{
    mi_values *values = NULL;
    assert_int_equal(mi_values_create(mi_model_find("gmrf")->parameters, &values, NULL), MI_OK);
    for (size_t i = 0; i < values->count; i++) {
        mi_value *v = &values->items[i];
        v->given = true;
        if (strcmp(v->parameter->name, "grid") == 0) {
            v->grid[0] = f->rows;
            v->grid[1] = f->columns;
        } else if (strcmp(v->parameter->name, "boundary") == 0) {
            assert_int_equal(mi_copy_text(f->torus ? "torus" : "free", &v->text, NULL), MI_OK);
        } else {
            v->integer = strcmp(v->parameter->name, "neighbors") == 0 ? f->neighbors : 1;
            v->real = f->kappa;
        }
    }
    mi_code code =
        mi_gmrf_create(values, mi_integer(values, "channels"), large, run, ret_gmrf, status);
    mi_values_destroy(values);
    return code;
}

static probe probe_make(const field *f, bool large)
{
    mi_run run = support_run(1);
    mi_gmrf *gmrf = NULL;
    mi_status status;
    probe p = {.model.class = mi_model_find("gmrf")};
    if (try_field(f, large, &run, &gmrf, &status) != MI_OK) {
        fail_msg("%s: %s", status.place, status.message);
    }
    p.model.state = gmrf;
    assert_int_equal(p.model.class->scratch_create(gmrf, &p.scratch, NULL), MI_OK);
    assert_int_equal(mi_stream_create(1, MI_PURPOSE_TEST, 0, &p.draw, NULL), MI_OK);
    return p;
}

static void probe_free(probe *p)
{
    p->model.class->scratch_destroy(p->scratch);
    p->model.class->destroy(p->model.state);
    gsl_rng_free(p->draw);
}

static mi_mask_result evaluate(const probe *p, const unsigned char *masked, uint64_t draw)
{
    mi_mask_result result;
    mi_status status;
    mi_stream_set(p->draw, 7, MI_PURPOSE_SAMPLE, draw);
    if (p->model.class->evaluate(p->model.state, masked, MI_FROM_MODEL, p->draw, true, p->scratch,
                                 &result, &status) != MI_OK) {
        fail_msg("%s", status.message);
    }
    return result;
}

enum { RANDOM, BLOCK, VISIBLE_LATTICE, HIDDEN_LATTICE, ALL, ALL_BUT_ONE, ONE, MASKS };

/* Masks of all strategies. */
static void set_mask(const field *f, int kind, gsl_rng *stream, unsigned char *masked)
{
    size_t n = f->rows * f->columns, only = n / 3;
    for (size_t i = 0; i < n; i++) {
        size_t row = i / f->columns, column = i % f->columns;
        bool on = row % 2 == 1 && column % 3 == 2;
        bool inside = row >= 2 && row < 8 && column >= 1 && column < 9;
        const bool hidden[MASKS] = {
            gsl_rng_uniform(stream) < 0.6, inside, !on, on, true, i != only, i == only};
        masked[i] = hidden[kind];
    }
}

static void assert_same(const mi_mask_result *a, const mi_mask_result *b)
{
    assert_near(a->marginal_entropy, b->marginal_entropy, 1e-9);
    assert_near(a->conditional_entropy, b->conditional_entropy, 1e-9);
    assert_near(a->neighbor_entropy, b->neighbor_entropy, 1e-9);
    assert_near(a->joint_information, b->joint_information, 1e-9);
    assert_near(a->mse / b->mse, 1, 1e-9);
    assert_near(a->cross_entropy, b->cross_entropy, 1e-9 * fmax(1, fabs(b->cross_entropy)));
}

static void compare_ways(const field *f, double tolerance)
{
    probe dense = probe_make(f, false), large = probe_make(f, true);
    const mi_gmrf *a = dense.model.state, *b = large.model.state;
    unsigned char masked[256];
    assert_null(a->large);
    assert_non_null(b->large);
    assert_near(b->log_determinant, a->log_determinant, 1e-9);
    assert_near(b->mean_variance / a->mean_variance, 1, tolerance);
    assert_near(b->log_variance, a->log_variance, tolerance);
    for (size_t i = 0; i < a->lattice->sites; i++) {
        assert_near(mi_gmrf_variance(b, i) / mi_gmrf_variance(a, i), 1, tolerance);
    }
    for (int kind = 0; kind < MASKS; kind++) {
        set_mask(f, kind, large.draw, masked);
        mi_mask_result sparse = evaluate(&large, masked, (uint64_t)kind);
        mi_mask_result full = evaluate(&dense, masked, (uint64_t)kind);
        assert_same(&sparse, &full);
    }
    probe_free(&dense);
    probe_free(&large);
}

static void sparse_is_dense(void **state)
{
    (void)state;
    static const double kappas[] = {1e-6, 1e-3, 0.1, 1, 10};
    for (size_t k = 0; k < sizeof kappas / sizeof *kappas; k++) {
        for (int kind = 0; kind < 4; kind++) {
            field f = {12, 17, kind % 2 ? 4 : 8, kappas[k], kind / 2 == 1};
            compare_ways(&f, 1e-9);
        }
    }
}

static void narrow_grids_are_dense(void **state)
{
    (void)state;
    static const field fields[] = {{1, 2, 4, 0.5, false},  {1, 40, 8, 0.01, false},
                                   {40, 1, 4, 0.1, false}, {2, 60, 8, 1, false},
                                   {3, 3, 8, 0.1, true},   {3, 50, 4, 1e-4, true},
                                   {4, 5, 8, 2, true},     {2, 2, 8, 1e-9, false}};
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        probe dense = probe_make(&fields[i], false), large = probe_make(&fields[i], true);
        const mi_gmrf *a = dense.model.state, *b = large.model.state;
        unsigned char masked[256];
        assert_near(b->log_determinant, a->log_determinant, 1e-9);
        set_mask(&fields[i], RANDOM, large.draw, masked);
        masked[0] = 1;
        mi_mask_result sparse = evaluate(&large, masked, i), full = evaluate(&dense, masked, i);
        assert_same(&sparse, &full);
        probe_free(&dense);
        probe_free(&large);
    }
}

/* Both draw the same configuration, and it has the covariance of the field. */
static void samples_agree(void **state)
{
    (void)state;
    for (int torus = 0; torus < 2; torus++) {
        field f = {5, 6, 8, 0.3, torus == 1};
        probe dense = probe_make(&f, false), large = probe_make(&f, true);
        double x[30], y[30], products[2] = {0}, squares[2] = {0};
        enum { DRAWS = 4000 };
        for (uint64_t d = 0; d < DRAWS; d++) {
            mi_stream_set(dense.draw, 3, MI_PURPOSE_SAMPLE, d);
            mi_stream_set(large.draw, 3, MI_PURPOSE_SAMPLE, d);
            dense.model.class->sample(dense.model.state, dense.draw, dense.scratch, x, NULL);
            large.model.class->sample(large.model.state, large.draw, large.scratch, y, NULL);
            for (size_t i = 0; i < 30; i++) {
                assert_near(y[i], x[i], 1e-9);
            }
            const double now[2] = {x[0] * x[0], x[0] * x[7]};
            for (size_t q = 0; q < 2; q++) {
                products[q] += now[q] / DRAWS;
                squares[q] += now[q] * now[q] / DRAWS;
            }
        }
        const mi_gmrf *gmrf = dense.model.state;
        for (size_t q = 0; q < 2; q++) {
            double expected = mi_gmrf_regular(gmrf, 0, 7 * q) + gmrf->common;
            double error = sqrt((squares[q] - products[q] * products[q]) / DRAWS);
            assert_true(fabs(products[q] - expected) < 4 * error);
        }
        probe_free(&dense);
        probe_free(&large);
    }
}

/* Free boundary, 4 neighbours: the Laplacian is the sum of those of two paths, of the eigenvalues
 * 4 sin^2(pi a / 2 n). */
static void large_free_lattice_has_its_closed_form(void **state)
{
    (void)state;
    static const double kappas[] = {1e-9, 1e-3, 1};
    for (size_t k = 0; k < 3; k++) {
        const field f = {90, 110, 4, kappas[k], false};
        probe p = probe_make(&f, false); /* beyond the dense sizes by itself */
        const mi_gmrf *gmrf = p.model.state;
        double logs = 0, trace = 0, variances = 0;
        assert_non_null(gmrf->large);
        for (size_t i = 0; i < f.rows * f.columns; i++) {
            double u = sin(M_PI * (double)(i / f.columns) / 2 / (double)f.rows);
            double v = sin(M_PI * (double)(i % f.columns) / 2 / (double)f.columns);
            double lambda = f.kappa + 4 * (u * u + v * v);
            logs += log(lambda);
            trace += 1 / lambda;
            variances += mi_gmrf_variance(gmrf, i);
        }
        assert_near(gmrf->log_determinant / logs, 1, 1e-12);
        assert_near(variances / trace, 1, 1e-9);
        probe_free(&p);
    }
}

static void torus_covariances_are_the_inverse(void **state)
{
    (void)state;
    static const field fields[] = {{6, 7, 8, 0.1, true}, {4, 9, 4, 1e-3, true}, {3, 5, 8, 3, true}};
    for (size_t k = 0; k < 3; k++) {
        probe p = probe_make(&fields[k], false);
        const mi_gmrf *gmrf = p.model.state;
        size_t n = gmrf->lattice->sites, columns = fields[k].columns;
        double covariances[64];
        assert_int_equal(mi_torus_covariances(gmrf, covariances, NULL), MI_OK);
        for (size_t j = 0; j < n; j++) {
            double dense = mi_gmrf_regular(gmrf, columns + 1, j) + gmrf->common;
            size_t down = (j / columns + fields[k].rows - 1) % fields[k].rows;
            size_t across = (j % columns + columns - 1) % columns;
            assert_near(covariances[down * columns + across] + 1 / (gmrf->kappa * (double)n), dense,
                        1e-11 * (1 + 1 / gmrf->kappa / (double)n));
        }
        probe_free(&p);
    }
}

/* I by aliasing against that by two dense factors. */
static void aliases_are_dense(void **state)
{
    (void)state;
    static const size_t steps[][2] = {{2, 2}, {1, 3}, {4, 1}, {2, 3}, {12, 1}, {4, 5}};
    for (size_t k = 0; k < sizeof steps / sizeof *steps; k++) {
        for (int kind = 0; kind < 4; kind++) {
            const field f = {12, 15, kind % 2 ? 4 : 8, kind / 2 ? 1e-4 : 0.2, true};
            size_t down = steps[k][0], across = steps[k][1];
            unsigned char masked[180];
            mi_sublattice found;
            if (f.columns % across != 0) {
                continue;
            }
            for (size_t i = 0; i < 180; i++) {
                masked[i] = i / f.columns % down == down - 1 && i % f.columns % across == 0;
            }
            probe p = probe_make(&f, false);
            assert_true(mi_torus_find_sublattice(p.model.state, masked, 1, &found));
            assert_int_equal(found.down, down);
            assert_int_equal(found.across, across);
            mi_mask_result full = evaluate(&p, masked, 1);
            assert_near(mi_torus_sublattice_information(p.model.state, found) / 180,
                        full.joint_information, 1e-10);
            probe_free(&p);
        }
    }
}

static void other_masks_are_no_lattice(void **state)
{
    (void)state;
    const field f = {6, 8, 8, 0.1, true};
    probe p = probe_make(&f, false);
    mi_sublattice found;
    unsigned char masked[48] = {0};
    assert_false(mi_torus_find_sublattice(p.model.state, masked, 1, &found));
    assert_false(mi_torus_find_sublattice(p.model.state, masked, 0, &found)); /* all */
    masked[5] = 1;
    assert_false(mi_torus_find_sublattice(p.model.state, masked, 1, &found)); /* a single site */
    for (size_t i = 0; i < 48; i++) {
        masked[i] = i / 8 % 2 == 0 && i % 8 % 2 == 0;
    }
    assert_true(mi_torus_find_sublattice(p.model.state, masked, 1, &found));
    masked[47] = 1; /* one too many */
    assert_false(mi_torus_find_sublattice(p.model.state, masked, 1, &found));
    masked[47] = masked[36] = 0; /* one too few */
    assert_false(mi_torus_find_sublattice(p.model.state, masked, 1, &found));
    for (size_t i = 0; i < 48; i++) {
        masked[i] = i % 8 % 3 == 0; /* 3 does not divide 8 */
    }
    assert_false(mi_torus_find_sublattice(p.model.state, masked, 1, &found));
    probe_free(&p);
}

/* log Var(x_i | x_T) by LU on the covariance of i and the sites of T, i last. */
static double direct_log_variance(const mi_gmrf *gmrf, const size_t *sites, size_t count)
{
    double logs[2] = {0};
    for (size_t drop = 0; drop < 2; drop++) {
        size_t size = count - drop;
        if (size == 0) {
            continue;
        }
        gsl_matrix *block = gsl_matrix_alloc(size, size);
        gsl_permutation *pivots = gsl_permutation_alloc(size);
        int sign = 0;
        for (size_t a = 0; a < size; a++) {
            for (size_t b = 0; b < size; b++) {
                gsl_matrix_set(block, a, b,
                               mi_gmrf_regular(gmrf, sites[a], sites[b]) + gmrf->common);
            }
        }
        gsl_linalg_LU_decomp(block, pivots, &sign);
        logs[drop] = gsl_linalg_LU_lndet(block);
        gsl_matrix_free(block);
        gsl_permutation_free(pivots);
    }
    return logs[0] - logs[1];
}

static bool are_neighbors(const mi_gmrf *gmrf, size_t i, size_t j)
{
    bool near = false;
    for (size_t e = 0; e < gmrf->lattice->degree[i]; e++) {
        near = near || gmrf->lattice->neighbor[i][e] == j;
    }
    return near;
}

/* Mean over all sites and all subsets of the others, of each size, by their number. */
static void enumerate_neighbors(const mi_gmrf *gmrf, double *h)
{
    size_t n = gmrf->lattice->sites, counts[16] = {0};
    memset(h, 0, n * sizeof *h);
    for (size_t i = 0; i < n; i++) {
        for (size_t set = 0; set < (size_t)1 << n; set++) {
            size_t sites[16], near = 0, size = 0;
            if (set >> i & 1) {
                continue;
            }
            for (size_t j = 0; j < n; j++) {
                size += set >> j & 1;
                if ((set >> j & 1) && are_neighbors(gmrf, i, j)) {
                    sites[near++] = j;
                }
            }
            sites[near] = i;
            h[size] += mi_gaussian_entropy(direct_log_variance(gmrf, sites, near + 1));
            counts[size]++;
        }
    }
    for (size_t k = 0; k < n; k++) {
        h[k] /= (double)counts[k];
    }
}

static mi_profile *make_profile(const probe *p, size_t samples, int threads)
{
    mi_run run = {.seed = 5, .threads = threads};
    mi_profile *profile = NULL;
    assert_int_equal(p->model.class->profile(p->model.state, samples, &run, &profile, NULL), MI_OK);
    return profile;
}

static void neighbors_are_the_mean_over_all_subsets(void **state)
{
    (void)state;
    static const field fields[] = {{3, 3, 8, 0.1, false},  {3, 3, 4, 1, false},
                                   {2, 5, 8, 1e-3, false}, {3, 3, 4, 0.2, true},
                                   {1, 6, 4, 2, false},    {3, 3, 8, 0.1, true}};
    for (size_t k = 0; k < sizeof fields / sizeof *fields; k++) {
        probe p = probe_make(&fields[k], false);
        mi_profile *profile = make_profile(&p, 3, 2);
        const mi_series *series = &profile->series[MI_NEIGHBORS];
        double h[16];
        enumerate_neighbors(p.model.state, h);
        assert_int_equal(series->replicates, 3);
        for (size_t at = 0; at < 3 * profile->sites; at++) {
            assert_near(series->values[at], h[at % profile->sites], 1e-10);
        }
        mi_profile_destroy(profile);
        probe_free(&p);
    }
}

/* The ends are those of the entropy, and what is known between lies above it. */
static void neighbors_tell_no_more_than_all(void **state)
{
    (void)state;
    const field f = {9, 11, 8, 1e-4, false};
    probe p = probe_make(&f, false);
    mi_profile *profile = make_profile(&p, 60, 2);
    size_t n = profile->sites;
    double mean[99], error[99], near[99];
    mi_profile_mean(profile, MI_ENTROPY, mean, error);
    mi_profile_mean(profile, MI_NEIGHBORS, near, NULL);
    assert_near(near[0], mean[0], 1e-12);
    assert_near(near[n - 1], mean[n - 1], 1e-12);
    for (size_t k = 1; k < n - 1; k++) {
        assert_true(near[k] > mean[k] - 4 * error[k]);
        assert_true(near[k] < near[k - 1]);
    }
    mi_profile_destroy(profile);
    probe_free(&p);
}

/* Closed form against random masks, mask by mask, both ways of evaluation. */
static void neighbors_agree_with_masks(void **state)
{
    (void)state;
    enum { MASKS_DRAWN = 400 };
    for (int large = 0; large < 2; large++) {
        const field f = {6, 7, 8, 0.05, false};
        probe dense = probe_make(&f, false), p = probe_make(&f, large == 1);
        mi_profile *profile = make_profile(&dense, 1, 1);
        for (size_t k = 4; k < 42; k += 12) {
            double values[MASKS_DRAWN], mean = 0, error = 0;
            for (size_t m = 0; m < MASKS_DRAWN; m++) {
                size_t order[42];
                unsigned char masked[42] = {0};
                mi_stream_set(p.draw, 11, MI_PURPOSE_ORDER, m);
                mi_random_order(p.draw, order, 42);
                for (size_t i = k; i < 42; i++) {
                    masked[order[i]] = 1;
                }
                values[m] = evaluate(&p, masked, m).neighbor_entropy;
            }
            mi_mean_error(values, 1, MASKS_DRAWN, &mean, &error);
            double z = (mean - profile->series[MI_NEIGHBORS].values[k]) / error;
            if (!(fabs(z) < 4)) {
                fail_msg("k = %zu: z = %g", k, z);
            }
        }
        mi_profile_destroy(profile);
        probe_free(&dense);
        probe_free(&p);
    }
}

/* An order that is a permutation, and one whose separators separate. */
static void dissection_separates(void **state)
{
    (void)state;
    for (size_t thickness = 1; thickness <= 2; thickness++) {
        for (int torus = 0; torus < 2; torus++) {
            size_t order[13 * 17], place[13 * 17], n = 13 * 17;
            memset(place, 0xff, sizeof place);
            mi_dissection_order(13, 17, torus == 1, thickness, order);
            for (size_t k = 0; k < n; k++) {
                assert_true(order[k] < n && place[order[k]] == SIZE_MAX);
                place[order[k]] = k;
            }
            if (torus == 0) { /* columns 8 (and 9) are the last: halves of 13 rows before it */
                size_t half = 13 * ((17 - thickness) / 2);
                for (size_t k = 0; k < n - 13 * thickness; k++) {
                    size_t column = order[k] % 17, cut = (17 - thickness) / 2;
                    assert_true(k < half ? column < cut : column >= cut + thickness);
                }
            }
        }
    }
}

typedef struct job {
    const probe *probes; /* one per thread */
    mi_mask_result *results;
} job;

static mi_code one_mask(size_t index, size_t thread, void *context, mi_status *status)
{
    (void)status;
    const job *j = context;
    const field f = {110, 103, 8, 0.02, false};
    unsigned char *masked = calloc(f.rows * f.columns, 1);
    mi_stream_set(j->probes[thread].draw, 9, MI_PURPOSE_MASK, index);
    set_mask(&f, index % 3 == 1 ? ALL : RANDOM, j->probes[thread].draw, masked);
    j->results[index] = evaluate(&j->probes[thread], masked, index);
    free(masked);
    return MI_OK;
}

static void masks_do_not_depend_on_threads(void **state)
{
    (void)state;
    const field f = {110, 103, 8, 0.02, false};
    probe probes[2] = {probe_make(&f, false), probe_make(&f, false)};
    mi_mask_result one[6], two[6];
    mi_run run = {.seed = 1, .threads = 1};
    job j = {.probes = probes, .results = one};
    assert_int_equal(mi_parallel_for(&run, "masks", 6, one_mask, &j, NULL), MI_OK);
    run.threads = 2;
    j.results = two;
    assert_int_equal(mi_parallel_for(&run, "masks", 6, one_mask, &j, NULL), MI_OK);
    assert_memory_equal(one, two, sizeof one);
    probe_free(&probes[0]);
    probe_free(&probes[1]);
}

static void assert_says(const mi_status *status, const char *place, const char *says)
{
    assert_string_equal(status->place, place);
    if (strstr(status->message, says) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", status->message, says);
    }
}

static void too_large_grids_are_named(void **state)
{
    (void)state;
    const field beyond = {3000, 10, 8, 0.1, false}, much = {2000, 2000, 8, 0.1, false};
    mi_run run = {.seed = 1, .threads = 1 << 20};
    mi_gmrf *gmrf = NULL;
    mi_status status;
    assert_int_equal(try_field(&beyond, false, &run, &gmrf, &status), MI_INPUT);
    assert_says(&status, "grid", "GiB): [rows, columns], whole numbers in [1, 2000]");
    assert_int_equal(try_field(&much, false, &run, &gmrf, &status), MI_INPUT);
    assert_says(&status, "grid", "4000000 sites need about");
    assert_says(&status, "grid", "of 1048576 threads");
    assert_null(gmrf);
}

static void large_fields_are_evaluated_by_masks(void **state)
{
    (void)state;
    const field large = {101, 2, 4, 0.1, false}, small = {100, 2, 4, 0.1, false};
    volatile sig_atomic_t interrupt = 1;
    probe p = probe_make(&large, false), q = probe_make(&small, false);
    const mi_model_class *class = p.model.class;
    mi_status status;
    mi_estimator method;
    const mi_masking random = {mi_mask_find("random"), NULL};
    assert_true(class->masks_only(p.model.state));
    assert_false(class->masks_only(q.model.state));
    assert_int_equal(class->exact_allowed(q.model.state, &status), MI_OK);
    assert_int_equal(mi_estimator_resolve(&p.model, &random, MI_ESTIMATOR_EXACT, &method, &status),
                     MI_INPUT);
    assert_says(&status, "method", "[101, 2]; use \"posterior\"");
    assert_int_equal(mi_estimator_resolve(&p.model, &random, MI_ESTIMATOR_AUTO, &method, &status),
                     MI_OK);
    assert_int_equal(method, MI_ESTIMATOR_POSTERIOR);
    mi_run run = {.seed = 1, .threads = 1, .opt_interrupt = &interrupt};
    mi_gmrf *gmrf = NULL;
    assert_int_equal(try_field(&large, false, &run, &gmrf, &status), MI_INTERRUPTED);
    run.validate_only = true;
    assert_int_equal(try_field(&large, false, &run, &gmrf, &status), MI_OK);
    assert_int_equal(class->shape(gmrf).sites, 202);
    assert_true(class->masks_only(gmrf));
    class->destroy(gmrf);
    probe_free(&p);
    probe_free(&q);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sparse_is_dense),
        cmocka_unit_test(narrow_grids_are_dense),
        cmocka_unit_test(samples_agree),
        cmocka_unit_test(large_free_lattice_has_its_closed_form),
        cmocka_unit_test(torus_covariances_are_the_inverse),
        cmocka_unit_test(aliases_are_dense),
        cmocka_unit_test(other_masks_are_no_lattice),
        cmocka_unit_test(neighbors_are_the_mean_over_all_subsets),
        cmocka_unit_test(neighbors_tell_no_more_than_all),
        cmocka_unit_test(neighbors_agree_with_masks),
        cmocka_unit_test(dissection_separates),
        cmocka_unit_test(masks_do_not_depend_on_threads),
        cmocka_unit_test(too_large_grids_are_named),
        cmocka_unit_test(large_fields_are_evaluated_by_masks),
    };
    mi_start();
    return cmocka_run_group_tests_name("gmrf_sparse", tests, NULL, NULL);
}
