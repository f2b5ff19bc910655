/* Masking strategies, and curves computed mask by mask. */
#include "brute_force.h"

#include <cjson/cJSON.h>

#include "maskinfo/document.h"
#include "maskinfo/masked.h"

static mi_values *bind(const mi_mask_class *class, const char *text)
{
    mi_faults faults = {.file = "test"};
    mi_binding binding = {&faults, 1};
    cJSON *object = cJSON_Parse(text), *resolved = NULL;
    mi_values *values = NULL;
    assert_non_null(object);
    assert_int_equal(
        mi_bind(&binding, object, "mask", class->parameters, NULL, &values, &resolved, NULL),
        MI_OK);
    assert_int_equal(faults.count, 0);
    cJSON_Delete(object);
    cJSON_Delete(resolved);
    return values;
}

static mi_masking masking_of(const char *name, const char *parameters)
{
    const mi_mask_class *class = mi_mask_find(name);
    assert_non_null(class);
    return (mi_masking){class, bind(class, parameters)};
}

static void release(mi_masking *masking)
{
    mi_values_destroy((mi_values *)masking->values);
}

static void draw(const mi_masking *m, mi_layout layout, double ratio, uint64_t index,
                 unsigned char *masked)
{
    assert_int_equal(m->class->check(m->values, layout, ratio, NULL), MI_OK);
    assert_int_equal(mi_masked_sample(m, layout, ratio, 11, index, masked, NULL), MI_OK);
}

static size_t count_of(const unsigned char *masked, size_t sites)
{
    size_t count = 0;
    for (size_t i = 0; i < sites; i++) {
        assert_true(masked[i] <= 1);
        count += masked[i];
    }
    return count;
}

/* Five sites, two hidden: ten sets, each with probability 1/10. Chi-square with 9 degrees of
 * freedom has mean 9 and standard deviation sqrt(18). */
static void every_random_set_is_as_likely(void **state)
{
    (void)state;
    enum { DRAWS = 20000 };
    mi_masking m = masking_of("random", "{}");
    mi_layout layout = {1, 1, 5};
    size_t seen[32] = {0};
    double chi = 0;
    for (uint64_t d = 0; d < DRAWS; d++) {
        unsigned char masked[5];
        draw(&m, layout, 0.4, d, masked);
        assert_int_equal(count_of(masked, 5), 2);
        seen[masked[0] + 2 * masked[1] + 4 * masked[2] + 8 * masked[3] + 16 * masked[4]]++;
    }
    for (unsigned set = 0; set < 32; set++) {
        if (__builtin_popcount(set) == 2) {
            chi += pow((double)seen[set] - DRAWS / 10.0, 2) / (DRAWS / 10.0);
        }
    }
    assert_true(chi > 1 && chi < 9 + 4 * sqrt(18));
    release(&m);
}

/* Seven sites at 0.35: 2.45 on average, so 3 with probability 0.45. */
static void the_mean_number_of_hidden_sites_is_exact(void **state)
{
    (void)state;
    enum { DRAWS = 20000 };
    static const char *const names[] = {"random", "span"};
    for (size_t s = 0; s < 2; s++) {
        mi_masking m = masking_of(names[s], s == 0 ? "{}" : "{\"longest\": 4}");
        size_t total = 0;
        for (uint64_t d = 0; d < DRAWS; d++) {
            unsigned char masked[7];
            draw(&m, (mi_layout){1, 1, 7}, 0.35, d, masked);
            size_t count = count_of(masked, 7);
            assert_true(count == 2 || count == 3);
            total += count;
        }
        assert_near((double)total / DRAWS, 2.45, 4 * sqrt(0.45 * 0.55 / DRAWS));
        release(&m);
    }
}

static void bernoulli_sites_are_independent(void **state)
{
    (void)state;
    enum { DRAWS = 20000 };
    mi_masking m = masking_of("random", "{\"count\": \"bernoulli\"}");
    double first = 0, both = 0;
    for (uint64_t d = 0; d < DRAWS; d++) {
        unsigned char masked[6];
        draw(&m, (mi_layout){2, 2, 3}, 0.3, d, masked);
        first += masked[0];
        both += masked[0] && masked[5];
    }
    assert_near(first / DRAWS, 0.3, 4 * sqrt(0.21 / DRAWS));
    assert_near(both / DRAWS, 0.09, 4 * sqrt(0.09 * 0.91 / DRAWS));
    release(&m);
}

/* Of aspect 1 and one size, a block is one square of 8 x 8 at one of 13 x 13 places. */
static void a_block_of_one_size_is_a_square(void **state)
{
    (void)state;
    enum { DRAWS = 4000, SIDE = 20, SQUARE = 8, PLACES = 13 };
    mi_masking m = masking_of("block", "{\"min_size\": 64, \"aspect\": 1}");
    size_t corner_row[PLACES] = {0};
    for (uint64_t d = 0; d < DRAWS; d++) {
        unsigned char masked[SIDE * SIDE];
        draw(&m, (mi_layout){2, SIDE, SIDE}, 0.16, d, masked);
        size_t corner = 0;
        while (!masked[corner]) {
            corner++;
        }
        for (size_t i = 0; i < SIDE * SIDE; i++) {
            size_t row = i / SIDE - corner / SIDE, column = i % SIDE - corner % SIDE;
            assert_int_equal(masked[i], row < SQUARE && column < SQUARE);
        }
        corner_row[corner / SIDE]++;
    }
    for (size_t row = 0; row < PLACES; row++) {
        assert_near((double)corner_row[row] / DRAWS, 1.0 / PLACES, 4 * sqrt(12.0 / 169 / DRAWS));
    }
    release(&m);
}

/* Longest run of hidden sites in direction `step`, over all lines that lie `line` apart. */
static size_t longest_run(const unsigned char *masked, size_t step, size_t line, size_t side)
{
    size_t longest = 0;
    for (size_t l = 0; l < side; l++) {
        size_t run = 0;
        for (size_t i = 0; i < side; i++) {
            run = masked[l * line + i * step] ? run + 1 : 0;
            longest = run > longest ? run : longest;
        }
    }
    return longest;
}

/* Of aspect 1/4 to 4 and about 144 sites, a block has 6 to 24 columns, more rows than columns as
 * often as not. The longest runs of hidden sites show its sides, but for the few sites that
 * rounding leaves to hide elsewhere. */
static void blocks_have_their_aspects(void **state)
{
    (void)state;
    enum { DRAWS = 2000, SIDE = 100 };
    mi_masking m = masking_of("block", "{\"min_size\": 144, \"aspect\": 0.25}");
    size_t tall = 0, extreme = 0, beyond = 0;
    for (uint64_t d = 0; d < DRAWS; d++) {
        static unsigned char masked[SIDE * SIDE];
        draw(&m, (mi_layout){2, SIDE, SIDE}, 0.0144, d, masked);
        size_t rows = longest_run(masked, SIDE, 1, SIDE),
               columns = longest_run(masked, 1, SIDE, SIDE);
        tall += rows > columns;
        extreme += columns >= 18;
        beyond += columns < 6 || columns > 24;
    }
    assert_true(beyond < DRAWS / 20);
    assert_near((double)tall / DRAWS, 0.5, 0.06);
    /* 12 / sqrt(aspect) > 17.5: ln aspect below -0.755, of a range of +-1.386 */
    assert_near((double)extreme / DRAWS, (1.386 - 0.755) / 2.772, 0.05);
    release(&m);
}

/* A block of aspect a has at least sqrt(size a) rows, and is what its area says. */
static void blocks_hide_what_is_asked(void **state)
{
    (void)state;
    mi_masking m = masking_of("block", "{}");
    for (int percent = 1; percent < 100; percent += 7) {
        for (uint64_t d = 0; d < 20; d++) {
            unsigned char masked[14 * 14];
            draw(&m, (mi_layout){2, 14, 14}, percent / 100.0, d, masked);
            assert_true(fabs((double)count_of(masked, 196) - 1.96 * percent) < 1);
        }
    }
    release(&m);
}

/* Blocks leave a hidden site with more hidden neighbours than random masks do. */
static void blocks_are_compact(void **state)
{
    (void)state;
    mi_masking block = masking_of("block", "{}"), random = masking_of("random", "{}");
    double pairs[2] = {0};
    for (uint64_t d = 0; d < 200; d++) {
        const mi_masking *both[2] = {&random, &block};
        for (size_t s = 0; s < 2; s++) {
            unsigned char masked[196];
            draw(both[s], (mi_layout){2, 14, 14}, 0.5, d, masked);
            for (size_t i = 0; i < 195; i++) {
                pairs[s] += i % 14 < 13 && masked[i] && masked[i + 1];
            }
        }
    }
    /* of 182 pairs, 98 97 / (196 195) are hidden at random */
    assert_near(pairs[0] / 200, 182.0 * 98 * 97 / (196 * 195), 0.8);
    assert_true(pairs[1] / 200 > 65);
    release(&block);
    release(&random);
}

/* MAE's 75 %: exactly the sites of one parity in rows and columns are visible, each of the four
 * offsets as often. */
static void three_quarters_leave_one_of_each_square(void **state)
{
    (void)state;
    enum { DRAWS = 2000 };
    mi_masking m = masking_of("grid", "{}");
    size_t seen[4] = {0};
    for (uint64_t d = 0; d < DRAWS; d++) {
        unsigned char masked[14 * 14];
        draw(&m, (mi_layout){2, 14, 14}, 0.75, d, masked);
        size_t corner = !masked[0] ? 0 : !masked[1] ? 1 : !masked[14] ? 2 : 3;
        for (size_t i = 0; i < 196; i++) {
            bool visible = i / 14 % 2 == corner / 2 && i % 14 % 2 == corner % 2;
            assert_int_equal(masked[i], !visible);
        }
        seen[corner]++;
    }
    for (size_t c = 0; c < 4; c++) {
        assert_near((double)seen[c] / DRAWS, 0.25, 4 * sqrt(0.1875 / DRAWS));
    }
    release(&m);
}

static void half_is_a_chessboard(void **state)
{
    (void)state;
    mi_masking m = masking_of("grid", "{}");
    unsigned char masked[63];
    draw(&m, (mi_layout){2, 7, 9}, 0.5, 3, masked);
    for (size_t i = 0; i < 63; i++) {
        assert_int_equal(masked[i], (masked[0] + i / 9 + i % 9) % 2);
    }
    release(&m);
}

/* Squared distance of the two nearest sites of any lattice of index d: all pairs of vectors
 * (u, v), (x, y) with |u y - v x| = d and small entries. */
static int best_spacing(int d)
{
    int best = 0;
    for (int u = 0; u <= d; u++) {
        for (int v = -d; v <= d; v++) {
            for (int x = 0; x <= d; x++) {
                for (int y = 0; y <= d; y++) {
                    if (abs(u * y - v * x) != d) {
                        continue;
                    }
                    int shortest = 1 << 30;
                    for (int i = -4; i <= 4; i++) {
                        for (int j = -4; j <= 4; j++) {
                            int a = i * u + j * x, b = i * v + j * y, length = a * a + b * b;
                            shortest = (i || j) && length < shortest ? length : shortest;
                        }
                    }
                    best = shortest > best ? shortest : best;
                }
            }
        }
    }
    return best;
}

static void lattices_are_the_most_regular_ones(void **state)
{
    (void)state;
    enum { SIDE = 60 };
    mi_masking m = masking_of("grid", "{}");
    static unsigned char masked[SIDE * SIDE];
    for (int d = 2; d <= 12; d++) {
        draw(&m, (mi_layout){2, SIDE, SIDE}, 1.0 / d, 1, masked);
        int shortest = 1 << 30;
        for (int i = 0; i < SIDE * SIDE; i++) {
            for (int j = i + 1; masked[i] && j < SIDE * SIDE; j++) {
                int row = j / SIDE - i / SIDE, column = j % SIDE - i % SIDE;
                int length = row * row + column * column;
                shortest = masked[j] && length < shortest ? length : shortest;
            }
        }
        assert_int_equal(shortest, best_spacing(d));
        assert_near((double)count_of(masked, SIDE * SIDE), SIDE * SIDE / (double)d, SIDE / 2.0);
    }
    release(&m);
}

static void every_ratio_of_the_list_is_possible(void **state)
{
    (void)state;
    mi_masking m = masking_of("grid", "{}");
    const mi_layout layouts[] = {{2, 14, 14}, {1, 1, 64}, {2, 2, 3}, {1, 1, 2}};
    for (size_t l = 0; l < 4; l++) {
        double ratios[MI_MASK_RATIOS], last = 0;
        size_t count = m.class->ratios(m.values, layouts[l], ratios);
        assert_true(count >= 1 && count <= MI_MASK_RATIOS);
        for (size_t i = 0; i < count; i++) {
            unsigned char masked[196];
            assert_true(ratios[i] > last);
            draw(&m, layouts[l], ratios[i], i, masked);
            size_t sites = layouts[l].rows * layouts[l].columns, hidden = count_of(masked, sites);
            assert_true(hidden > 0 && hidden < sites);
            last = ratios[i];
        }
    }
    release(&m);
}

/* Spans on a long sequence, hardly any of which meet: a geometric law of p = 0.2 cut off at 10 has
 * the mean sum l q^(l-1) / sum q^(l-1), and a share 1 / sum q^(l-1) of single sites. */
static void span_lengths_follow_their_law(void **state)
{
    (void)state;
    enum { SITES = 1000000, DRAWS = 40 };
    mi_masking m = masking_of("span", "{}");
    unsigned char *masked = malloc(SITES);
    double sum = 0, norm = 0, q = 1;
    for (int l = 1; l <= 10; l++, q *= 0.8) {
        sum += l * q;
        norm += q;
    }
    size_t spans = 0, singles = 0, sites = 0;
    for (uint64_t d = 0; d < DRAWS; d++) {
        draw(&m, (mi_layout){1, 1, SITES}, 0.001, d, masked);
        size_t length = 0;
        for (size_t i = 0; i < SITES; i++) {
            length += masked[i];
            if (length > 0 && (!masked[i] || i + 1 == SITES)) {
                spans++;
                singles += length == 1;
                sites += length;
                length = 0;
            }
        }
    }
    assert_int_equal(sites, DRAWS * SITES / 1000);
    assert_near((double)sites / (double)spans, sum / norm, 0.01 * sum / norm);
    assert_near((double)singles / (double)spans, 1 / norm, 4 * sqrt(0.225 * 0.775 / (double)spans));
    free(masked);
    release(&m);
}

static void every_token_is_as_likely_in_a_span(void **state)
{
    (void)state;
    enum { SITES = 12, DRAWS = 20000 };
    mi_masking m = masking_of("span", "{\"mean\": 4, \"longest\": 6}");
    size_t seen[SITES] = {0};
    for (uint64_t d = 0; d < DRAWS; d++) {
        unsigned char masked[SITES];
        draw(&m, (mi_layout){1, 1, SITES}, 1.0 / SITES, d, masked);
        for (size_t i = 0; i < SITES; i++) {
            seen[i] += masked[i];
        }
    }
    /* One site alone is hidden: the first of a span, or the first site where the span began
     * before it, of which there are mean length - 1 more places. */
    for (size_t i = 1; i + 1 < SITES; i++) {
        double expected = (double)(DRAWS - seen[0]) / (SITES - 1);
        assert_near((double)seen[i], expected, 4.5 * sqrt(expected));
    }
    release(&m);
}

static void refused(const char *name, const char *parameters, mi_layout layout, double ratio,
                    const char *place, const char *part)
{
    mi_masking m = masking_of(name, parameters);
    mi_status status = {.code = MI_OK};
    assert_int_equal(m.class->check(m.values, layout, ratio, &status), MI_INPUT);
    assert_string_equal(status.place, place);
    if (strstr(status.message, part) == NULL) {
        fail_msg("\"%s\" is not in \"%s\"", part, status.message);
    }
    release(&m);
}

static void bad_masks_are_refused(void **state)
{
    (void)state;
    mi_layout grid = {2, 14, 14}, line = {1, 1, 64};
    refused("grid", "{}", grid, 0.4, "ratio", "the nearest are 0.333333 and 0.5");
    refused("grid", "{}", grid, 0.99, "ratio", "the nearest is 0.96875");
    refused("grid", "{}", (mi_layout){2, 2, 2}, 0.9, "ratio", "the nearest is 0.75");
    refused("block", "{}", line, 0.5, "strategy", "use \"span\"");
    refused("block", "{\"min_size\": 197}", grid, 0.5, "min_size",
            "larger than the grid of 14 x 14");
    refused("block", "{\"max_size\": 15}", grid, 0.5, "max_size", "must be in [16, 196]");
    refused("block", "{\"min_size\": 1}", grid, 0.001, "ratio", "the smallest is 0.00510204");
    refused("span", "{}", grid, 0.5, "strategy", "use \"block\"");
    refused("span", "{\"longest\": 65}", line, 0.5, "longest", "must be in [1, 64]");
    refused("random", "{}", line, 0.01, "ratio", "less than one of 64 sites");
}

static double rule(const size_t *symbols, const void *context)
{
    /* Three symbols; how much a site resembles the two before it depends on where it is. */
    const double *norm = context;
    double p = 1;
    for (size_t i = 0; i < 6; i++) {
        p *= i > 0 && symbols[i] == symbols[i - 1] ? 0.15 * (double)(i * i) : 1.1;
        p *= i > 1 && symbols[i] == symbols[i - 2] ? 2.2 : 0.7;
        p *= 1 + 0.4 * (double)(symbols[i] * (i + 1) % 3);
    }
    return p / *norm;
}

/* A model that knows its law as a table: everything by Bayes' rule. */
static mi_shape table_shape(const void *state)
{
    const table *t = state;
    return (mi_shape){1, t->sites, 1, t->sites, t->vocabulary};
}

static mi_code table_evaluate(const void *state, const unsigned char *masked, mi_origin origin,
                              gsl_rng *stream, bool wants_joint, void *scratch,
                              mi_mask_result *result, mi_status *status)
{
    (void)origin;
    (void)wants_joint;
    (void)scratch;
    (void)status;
    const table *t = state;
    unsigned mask = 0;
    size_t x = 0;
    double left = gsl_rng_uniform(stream);
    while (x + 1 < t->count && left >= t->p[x]) {
        left -= t->p[x++];
    }
    for (unsigned i = 0; i < t->sites; i++) {
        mask |= masked[i] ? 1u << i : 0;
    }
    *result = bayes(t, mask, x);
    return MI_OK;
}

static const mi_model_class table_class = {
    .name = "table", .shape = table_shape, .evaluate = table_evaluate};

static table small_table(void)
{
    double norm = 1, sum = 0;
    table t = table_of(3, 6, rule, &norm);
    for (size_t c = 0; c < t.count; c++) {
        sum += t.p[c];
    }
    for (size_t c = 0; c < t.count; c++) {
        t.p[c] /= sum;
    }
    return t;
}

/* Mean over masked sites of H(X_i) - H(X_i | x_v), and I(x_m; x_v)/N, of one mask. */
static void information_of(const table *t, unsigned mask, double *ret_site, double *ret_joint)
{
    unsigned all = (1u << t->sites) - 1, visible = all & ~mask;
    *ret_site = 0;
    for (unsigned i = 0; i < t->sites; i++) {
        if (mask >> i & 1u) {
            *ret_site +=
                entropy_of(t, 1u << i) + entropy_of(t, visible) - entropy_of(t, visible | 1u << i);
        }
    }
    *ret_site /= __builtin_popcount(mask);
    *ret_joint =
        (entropy_of(t, mask) + entropy_of(t, visible) - entropy_of(t, all)) / (double)t->sites;
}

static mi_curve *masked_curve(const table *t, const mi_masking *m, double ratio, size_t samples,
                              int threads)
{
    mi_run run = {.seed = 5, .threads = threads};
    mi_model model = {&table_class, (void *)t};
    mi_curve *curve = NULL;
    assert_int_equal(mi_masked_curve(&model, m, &ratio, 1, samples, &run, &curve, NULL), MI_OK);
    return curve;
}

static void near_within_error(const mi_curve *curve, mi_quantity q, double expected)
{
    assert_true(curve->error[q][0] > 0 && curve->error[q][0] < 0.02);
    assert_near(curve->mean[q][0], expected, 4 * curve->error[q][0]);
}

/* Grid of 1/2 on six sites: the even ones hidden or the odd ones, with probability 1/2 each. */
static void a_curve_of_lattices_is_the_mean_over_offsets(void **state)
{
    (void)state;
    table t = small_table();
    mi_masking m = masking_of("grid", "{}");
    double even[2], odd[2];
    information_of(&t, 0x15, &even[0], &even[1]);
    information_of(&t, 0x2a, &odd[0], &odd[1]);
    assert_true(fabs(even[0] - odd[0]) > 0.01); /* else the test could not tell */
    mi_curve *curve = masked_curve(&t, &m, 0.5, 4000, 2);
    near_within_error(curve, MI_Q_INFORMATION, (even[0] + odd[0]) / 2);
    near_within_error(curve, MI_Q_JOINT, (even[1] + odd[1]) / 2);
    near_within_error(curve, MI_Q_OBJECTIVE, (even[0] + odd[0]) / 4);
    mi_curve_destroy(curve);
    release(&m);
    free(t.p);
}

/* Grid of 3/4 on six sites: sites 0 and 4, 1 and 5, 2, or 3 stay visible; every hidden site counts
 * the same, so that masks weigh by the 4, 4, 5, 5 that they hide. */
static void lattices_weigh_by_their_hidden_sites(void **state)
{
    (void)state;
    table t = small_table();
    mi_masking m = masking_of("grid", "{}");
    const unsigned visible[] = {0x11, 0x22, 0x04, 0x08};
    double sum = 0, hidden = 0, plain = 0;
    for (size_t offset = 0; offset < 4; offset++) {
        unsigned mask = 0x3f & ~visible[offset];
        double one[2];
        information_of(&t, mask, &one[0], &one[1]);
        sum += __builtin_popcount(mask) * one[0];
        plain += one[0] / 4;
        hidden += __builtin_popcount(mask);
    }
    mi_curve *curve = masked_curve(&t, &m, 0.75, 40000, 2);
    near_within_error(curve, MI_Q_INFORMATION, sum / hidden);
    /* and the test can tell */
    assert_true(fabs(plain - sum / hidden) > 6 * curve->error[MI_Q_INFORMATION][0]);
    mi_curve_destroy(curve);
    release(&m);
    free(t.p);
}

/* Random masks of both counts, mask by mask, against the sums over all masks. */
static void random_masks_agree_with_all_subsets(void **state)
{
    (void)state;
    table t = small_table();
    for (int bernoulli = 0; bernoulli < 2; bernoulli++) {
        mi_masking m = masking_of("random", bernoulli ? "{\"count\": \"bernoulli\"}"
                                                      : "{\"count\": \"fixed\"}");
        double ratio = bernoulli ? 0.2 : 1.0 / 3, site = 0, joint = 0, weight = 0;
        for (unsigned mask = 1; mask < 64; mask++) {
            int hidden = __builtin_popcount(mask);
            double one[2];
            double p = bernoulli ? pow(ratio, hidden) * pow(1 - ratio, 6 - hidden)
                                 : (hidden == 2 ? 1.0 / 15 : 0);
            information_of(&t, mask, &one[0], &one[1]);
            site += p * hidden * one[0];
            weight += p * hidden;
            joint += p * one[1];
        }
        mi_curve *curve = masked_curve(&t, &m, ratio, 20000, 2);
        near_within_error(curve, MI_Q_INFORMATION, site / weight);
        near_within_error(curve, MI_Q_JOINT, joint);
        mi_curve_destroy(curve);
        release(&m);
    }
    free(t.p);
}

static void threads_do_not_matter(void **state)
{
    (void)state;
    table t = small_table();
    mi_masking m = masking_of("span", "{\"longest\": 3}");
    mi_curve *one = masked_curve(&t, &m, 0.5, 50, 1), *two = masked_curve(&t, &m, 0.5, 50, 2);
    for (size_t q = 0; q < MI_QUANTITIES; q++) {
        assert_int_equal(one->replicates[q], two->replicates[q]);
        if (one->replicates[q] > 0) {
            assert_memory_equal(one->values[q], two->values[q], 50 * sizeof(double));
        }
    }
    assert_memory_equal(&one->entropy, &two->entropy, sizeof one->entropy);
    mi_curve_destroy(one);
    mi_curve_destroy(two);
    release(&m);
    free(t.p);
}

/* Samples of two units of data: the error is that of two replicates, whatever the samples. */
static mi_code unit_evaluate(const void *state, const unsigned char *masked, mi_origin origin,
                             gsl_rng *stream, bool wants_joint, void *scratch,
                             mi_mask_result *result, mi_status *status)
{
    (void)state, (void)masked, (void)origin, (void)wants_joint, (void)scratch, (void)status;
    *result = (mi_mask_result){.unit = 3 + 4 * gsl_rng_uniform_int(stream, 2)};
    result->marginal_entropy = 2;
    result->conditional_entropy = result->unit == 3 ? 1.25 : 0.5;
    return MI_OK;
}

static void samples_of_a_unit_are_one_replicate(void **state)
{
    (void)state;
    mi_masking m = masking_of("random", "{}");
    mi_run run = support_run(1);
    mi_status status = {.code = MI_OK};
    mi_model_class class = {
        .name = "units", .tells = MI_TELLS_UNIT, .shape = table_shape, .evaluate = unit_evaluate};
    table t = {.vocabulary = 3, .sites = 6};
    mi_model model = {&class, &t};
    double half = 0.5;
    mi_curve *curve = NULL;
    assert_int_equal(mi_masked_curve(&model, &m, &half, 1, 100, &run, &curve, &status), MI_OK);
    assert_int_equal(curve->replicates[MI_Q_INFORMATION], 2);
    assert_near(curve->mean[MI_Q_INFORMATION][0], (0.75 + 1.5) / 2, 1e-12);
    assert_near(curve->error[MI_Q_INFORMATION][0], 0.75 / 2, 1e-12);
    mi_curve_destroy(curve);
    class.evaluate = table_evaluate; /* tells no unit: all samples are of unit 0 */
    table whole = small_table();
    model.state = &whole;
    assert_int_equal(mi_masked_curve(&model, &m, &half, 1, 10, &run, &curve, &status), MI_INPUT);
    assert_non_null(strstr(status.message, "all 10 samples are of one image"));
    release(&m);
    free(whole.p);
}

static mi_code broken_evaluate(const void *state, const unsigned char *masked, mi_origin origin,
                               gsl_rng *stream, bool wants_joint, void *scratch,
                               mi_mask_result *result, mi_status *status)
{
    mi_code code =
        table_evaluate(state, masked, origin, stream, wants_joint, scratch, result, status);
    result->joint_information = NAN;
    return code;
}

static void bad_curves_are_refused(void **state)
{
    (void)state;
    table t = small_table();
    mi_masking m = masking_of("grid", "{}");
    mi_run run = support_run(1);
    mi_status status = {.code = MI_OK};
    mi_curve *curve = NULL;
    mi_model model = {&table_class, &t};
    double half = 0.5, odd = 0.41;
    assert_int_equal(mi_masked_curve(&model, &m, &odd, 1, 8, &run, &curve, &status), MI_INPUT);
    assert_string_equal(status.place, "ratio");
    assert_int_equal(mi_masked_curve(&model, &m, &half, 1, 1, &run, &curve, &status), MI_INPUT);
    assert_non_null(strstr(status.message, "at least 2 samples"));
    mi_model_class broken = table_class;
    broken.evaluate = broken_evaluate;
    model.class = &broken;
    assert_int_equal(mi_masked_curve(&model, &m, &half, 1, 8, &run, &curve, &status), MI_NUMERIC);
    assert_null(curve);
    release(&m);
    free(t.p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_random_set_is_as_likely),
        cmocka_unit_test(the_mean_number_of_hidden_sites_is_exact),
        cmocka_unit_test(bernoulli_sites_are_independent),
        cmocka_unit_test(a_block_of_one_size_is_a_square),
        cmocka_unit_test(blocks_have_their_aspects),
        cmocka_unit_test(blocks_hide_what_is_asked),
        cmocka_unit_test(blocks_are_compact),
        cmocka_unit_test(three_quarters_leave_one_of_each_square),
        cmocka_unit_test(half_is_a_chessboard),
        cmocka_unit_test(lattices_are_the_most_regular_ones),
        cmocka_unit_test(every_ratio_of_the_list_is_possible),
        cmocka_unit_test(span_lengths_follow_their_law),
        cmocka_unit_test(every_token_is_as_likely_in_a_span),
        cmocka_unit_test(bad_masks_are_refused),
        cmocka_unit_test(a_curve_of_lattices_is_the_mean_over_offsets),
        cmocka_unit_test(lattices_weigh_by_their_hidden_sites),
        cmocka_unit_test(random_masks_agree_with_all_subsets),
        cmocka_unit_test(threads_do_not_matter),
        cmocka_unit_test(samples_of_a_unit_are_one_replicate),
        cmocka_unit_test(bad_curves_are_refused),
    };
    return cmocka_run_group_tests_name("masks", tests, NULL, NULL);
}
