/* Cholesky wrappers and lattices. */
#include "support.h"

#include <string.h>

#include "../src/models/dense.h"
#include "../src/models/lattice.h"

/* A = L L^T for a factor chosen by hand. */
static const double hand_factor[3][3] = {{1.5, 0, 0}, {-0.75, 2.25, 0}, {0.375, 1.125, 0.625}};

static void fill_product(double matrix[9])
{
    for (size_t i = 0; i < 3; i++) {
        for (size_t j = 0; j < 3; j++) {
            matrix[j * 3 + i] = 0;
            for (size_t l = 0; l < 3; l++) {
                matrix[j * 3 + i] += hand_factor[i][l] * hand_factor[j][l];
            }
        }
    }
}

static void cholesky_recovers_a_factor(void **state)
{
    (void)state;
    double matrix[9];
    fill_product(matrix);
    assert_int_equal(mi_cholesky(matrix, 3, NULL), MI_OK);
    for (size_t i = 0; i < 3; i++) {
        for (size_t j = 0; j <= i; j++) {
            assert_near(matrix[j * 3 + i], hand_factor[i][j], 1e-14);
        }
    }
    assert_near(mi_factor_log_determinant(matrix, 3), 2 * log(1.5 * 2.25 * 0.625), 1e-14);
}

static void cholesky_names_the_pivot(void **state)
{
    (void)state;
    mi_status status;
    double indefinite[9] = {1, 0, 0, 0, -2, 0, 0, 0, 3};
    assert_int_equal(mi_cholesky(indefinite, 3, &status), MI_NUMERIC);
    assert_non_null(strstr(status.message, "pivot 2"));
    double undefined[4] = {1, 0, 0, NAN};
    assert_int_equal(mi_cholesky(undefined, 2, &status), MI_NUMERIC);
}

static void triangular_solves_and_inverse(void **state)
{
    (void)state;
    double factor[9], right[6], x[2][3] = {{0.5, -1.25, 2}, {3, 0.125, -0.75}};
    fill_product(factor);
    assert_int_equal(mi_cholesky(factor, 3, NULL), MI_OK);
    for (size_t c = 0; c < 2; c++) {
        for (size_t i = 0; i < 3; i++) {
            right[c * 3 + i] = 0;
            for (size_t j = 0; j < 3; j++) {
                right[c * 3 + i] += hand_factor[i][j] * x[c][j];
            }
        }
    }
    mi_solve_lower(factor, 3, right, 2);
    for (size_t i = 0; i < 6; i++) {
        assert_near(right[i], x[i / 3][i % 3], 1e-14);
    }
    mi_solve_lower_transposed(factor, 3, right, 1);
    double last = x[0][2] / 0.625, middle = (x[0][1] - 1.125 * last) / 2.25;
    assert_near(right[2], last, 1e-14);
    assert_near(right[1], middle, 1e-14);
    assert_near(right[0], (x[0][0] + 0.75 * middle - 0.375 * last) / 1.5, 1e-14);
    assert_int_equal(mi_invert_lower(factor, 3, NULL), MI_OK);
    assert_near(factor[0], 1 / 1.5, 1e-15);
    assert_near(factor[1], 0.75 / 1.5 / 2.25, 1e-15); /* -L_10 / (L_00 L_11) */
}

/* Entries are 10 row + column made symmetric, so that each place of the result says where it came
 * from. */
static void gather_permutes_blocks(void **state)
{
    (void)state;
    enum { BLOCK = 2, SITES = 3, N = BLOCK * SITES };
    const size_t order[SITES] = {2, 0, 1};
    double matrix[N * N], lower[N * N], plain[SITES * SITES];
    for (size_t i = 0; i < N; i++) {
        for (size_t j = 0; j < N; j++) {
            matrix[i * N + j] = (double)(i > j ? 10 * i + j : 10 * j + i);
        }
    }
    for (size_t count = 1; count <= SITES; count++) {
        size_t size = count * BLOCK;
        mi_gather_lower(matrix, N, order, count, BLOCK, lower);
        for (size_t column = 0; column < size; column++) {
            for (size_t row = column; row < size; row++) {
                size_t from_row = order[row / BLOCK] * BLOCK + row % BLOCK;
                size_t from_column = order[column / BLOCK] * BLOCK + column % BLOCK;
                assert_near(lower[column * size + row], matrix[from_column * N + from_row], 0);
            }
        }
    }
    mi_gather_lower(matrix, N, (const size_t[]){5, 1, 3}, 3, 1, plain);
    assert_near(plain[1], 51, 0);
    assert_near(plain[2], 53, 0);
    assert_near(plain[5], 31, 0);
}

/* Var(x_2 | x_0) and Var(x_1 | x_0) by the formula for one condition, Var(x_2 | x_0, x_1) = L_22^2.
 */
static void variances_run_backwards(void **state)
{
    (void)state;
    double a[9], factor[9], v[3] = {0};
    fill_product(a);
    fill_product(factor);
    assert_int_equal(mi_cholesky(factor, 3, NULL), MI_OK);
    mi_variances_step_back(factor, 3, 2, v);
    assert_near(v[2], 0.625 * 0.625, 1e-14);
    mi_variances_step_back(factor, 3, 1, v);
    assert_near(v[1], a[4] - a[1] * a[1] / a[0], 1e-14);
    assert_near(v[2], a[8] - a[2] * a[2] / a[0], 1e-14);
    mi_variances_step_back(factor, 3, 0, v);
    for (size_t i = 0; i < 3; i++) {
        assert_near(v[i], a[4 * i], 1e-14);
    }
}

/* Edges of h rows and w columns: h (w-1) + w (h-1) sides, 2 (h-1) (w-1) corners; 2 and 4 to a site
 * of a torus. */
static void lattices_have_the_right_edges(void **state)
{
    (void)state;
    const size_t expected[2][2] = {{4 * 6 + 7 * 3, 2 * 28}, {4 * 6 + 7 * 3 + 2 * 3 * 6, 4 * 28}};
    for (int eight = 0; eight < 2; eight++) {
        for (int torus = 0; torus < 2; torus++) {
            mi_lattice *lattice = NULL;
            assert_int_equal(mi_lattice_create(4, 7, eight ? 8 : 4, torus, &lattice, NULL), MI_OK);
            assert_int_equal(lattice->sites, 28);
            assert_int_equal(lattice->edges, expected[eight][torus]);
            mi_lattice_destroy(lattice);
        }
    }
}

static bool are_linked(const mi_lattice *lattice, size_t i, size_t j)
{
    size_t links = 0;
    for (size_t e = 0; e < lattice->degree[i]; e++) {
        links += lattice->neighbor[i][e] == j;
    }
    assert_true(links <= 1);
    return links == 1;
}

static void neighbours_are_mutual(void **state)
{
    (void)state;
    for (int torus = 0; torus < 2; torus++) {
        mi_lattice *lattice = NULL;
        assert_int_equal(mi_lattice_create(3, 5, 8, torus, &lattice, NULL), MI_OK);
        for (size_t i = 0; i < lattice->sites; i++) {
            assert_false(are_linked(lattice, i, i));
            for (size_t j = 0; j < lattice->sites; j++) {
                assert_int_equal(are_linked(lattice, i, j), are_linked(lattice, j, i));
            }
        }
        mi_lattice_destroy(lattice);
    }
    mi_lattice_destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cholesky_recovers_a_factor),
        cmocka_unit_test(cholesky_names_the_pivot),
        cmocka_unit_test(triangular_solves_and_inverse),
        cmocka_unit_test(gather_permutes_blocks),
        cmocka_unit_test(variances_run_backwards),
        cmocka_unit_test(lattices_have_the_right_edges),
        cmocka_unit_test(neighbours_are_mutual),
    };
    mi_start();
    return cmocka_run_group_tests_name("dense", tests, NULL, NULL);
}
