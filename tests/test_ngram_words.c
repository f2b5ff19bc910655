/* Words: counts and vocabulary by hand, Bayes' rule and gap entropies against a dense matrix. */
#include "ngram_support.h"

#include "../src/models/ngram_vocabulary.h"
#include "../src/models/ngram_words_gaps.h"
#include "../src/models/ngram_words_pass.h"

enum { KINDS = 6, TEXT = 400 };

/* A law fitted to all of a text of words 1..kinds; the unknown word, 0, does not occur. */
static mi_words_law law_of(const uint32_t *words, size_t count, size_t vocabulary, double smoothing)
{
    mi_words_law law;
    mi_split split;
    assert_int_equal(mi_split_init(&split, count, 0, 2, NULL), MI_OK);
    assert_int_equal(mi_words_law_init(&law, words, &split, vocabulary, smoothing, NULL), MI_OK);
    mi_split_free(&split);
    return law;
}

static void random_words(uint64_t key, unsigned kinds, uint32_t *words, size_t count)
{
    unsigned char *symbols = malloc(count);
    random_symbols(key, kinds, symbols, count);
    for (size_t i = 0; i < count; i++) {
        words[i] = symbols[i] + 1u;
    }
    free(symbols);
}

/* The dense matrix of the law, from its formula, and the stationary law by plain iteration. */
typedef struct dense {
    size_t n;
    double *p, *start;
} dense;

static dense dense_of(const uint32_t *words, size_t count, size_t n, double smoothing)
{
    dense d = {n, calloc(n * n, sizeof(double)), calloc(n, sizeof(double))};
    double *next = calloc(n, sizeof *next);
    for (size_t t = 1; t < count; t++) {
        d.p[words[t - 1] * n + words[t]]++;
    }
    for (size_t a = 0; a < n; a++) {
        double total = smoothing;
        for (size_t b = 0; b < n; b++) {
            total += d.p[a * n + b];
        }
        for (size_t t = 0; t < count; t++) {
            d.p[a * n + words[t]] += smoothing / (double)count;
        }
        for (size_t b = 0; b < n; b++) {
            d.p[a * n + b] /= total;
        }
        d.start[a] = 1 / (double)n;
    }
    for (int i = 0; i < 2000; i++) {
        memset(next, 0, n * sizeof *next);
        for (size_t a = 0; a < n; a++) {
            for (size_t b = 0; b < n; b++) {
                next[b] += d.start[a] * d.p[a * n + b];
            }
        }
        double total = 0;
        for (size_t a = 0; a < n; a++) {
            total += next[a];
        }
        for (size_t a = 0; a < n; a++) {
            d.start[a] = next[a] / total;
        }
    }
    free(next);
    return d;
}

static void dense_free(dense *d)
{
    free(d->p);
    free(d->start);
}

static double chain_probability(const size_t *symbols, const void *context)
{
    const dense *d = context;
    double p = d->start[symbols[0]];
    for (size_t i = 1; i < 5; i++) {
        p *= d->p[symbols[i - 1] * d->n + symbols[i]];
    }
    return p;
}

static void law_equals_the_dense_matrix(void **state)
{
    (void)state;
    uint32_t words[TEXT];
    random_words(1, KINDS, words, TEXT);
    mi_words_law law = law_of(words, TEXT, KINDS + 1, 0.7);
    dense d = dense_of(words, TEXT, KINDS + 1, 0.7);
    double row[KINDS + 1], column[KINDS + 1], entropy = 0;
    assert_int_equal(law.fitted, TEXT - 1);
    for (uint32_t a = 0; a < d.n; a++) {
        double h = 0;
        mi_words_law_row(&law, a, row);
        mi_words_law_column(&law, a, column);
        for (uint32_t b = 0; b < d.n; b++) {
            double p = d.p[a * d.n + b];
            assert_near(mi_words_law_transition(&law, a, b), p, 1e-14);
            assert_near(row[b], p, 1e-14);
            assert_near(column[b], d.p[b * d.n + a], 1e-14);
            h -= p > 0 ? p * log(p) : 0;
        }
        assert_near(law.row_entropy[a], h, 1e-13);
        assert_near(law.stationary[a], d.start[a], 1e-13);
        entropy += d.start[a] * h;
    }
    assert_near(law.rate, entropy, 1e-13);
    mi_words_law_free(&law);
    dense_free(&d);
}

/* One step of random messages, one by one and eight at once. */
static void steps_equal_the_dense_matrix(void **state)
{
    (void)state;
    enum { N = KINDS + 1, LANES = MI_PAIR_LANES };
    uint32_t words[TEXT];
    double lanes[N * LANES], lanes_work[N * LANES], lanes_to[N * LANES];
    random_words(2, KINDS, words, TEXT);
    mi_words_law law = law_of(words, TEXT, N, 3);
    dense d = dense_of(words, TEXT, N, 3);
    for (size_t i = 0; i < N * LANES; i++) {
        lanes[i] = 0.1 + (double)(i * i % 31);
    }
    mi_words_law_forward_lanes(&law, lanes, lanes_work, lanes_to);
    for (size_t lane = 0; lane < LANES; lane++) {
        double from[N], work[N], forward[N], backward[N];
        for (size_t a = 0; a < N; a++) {
            from[a] = lanes[a * LANES + lane];
        }
        mi_words_law_forward(&law, from, work, forward);
        mi_words_law_backward(&law, from, backward);
        for (size_t b = 0; b < N; b++) {
            double to = 0, back = 0;
            for (size_t a = 0; a < N; a++) {
                to += from[a] * d.p[a * N + b];
                back += from[a] * d.p[b * N + a];
            }
            assert_near(forward[b], to, 1e-12);
            assert_near(lanes_to[b * LANES + lane], to, 1e-12);
            assert_near(backward[b], back, 1e-12);
        }
    }
    mi_words_law_free(&law);
    dense_free(&d);
}

/* Every mask of several sequences, in an order that splits, joins and shifts runs. */
static void posteriors_match_enumeration(void **state)
{
    (void)state;
    enum { LENGTH = 5, N = KINDS + 1 };
    uint32_t words[TEXT];
    unsigned char hidden[16];
    mi_words_pass pass;
    random_words(3, KINDS, words, TEXT);
    mi_words_law law = law_of(words, TEXT, N, 0.7);
    dense d = dense_of(words, TEXT, N, 0.7);
    table t = table_of(N, LENGTH, chain_probability, &d);
    assert_int_equal(mi_words_pass_init(&pass, &law, LENGTH, NULL), MI_OK);
    for (size_t from = 0; from < 3 * LENGTH; from += LENGTH) {
        size_t x = 0;
        for (size_t i = LENGTH; i-- > 0;) {
            x = x * N + words[from + i];
        }
        mi_words_pass_set(&pass, from / LENGTH % 2, words + from);
        for (unsigned step = 0; step < 62; step++) {
            unsigned mask = 1 + step * 7 % 31;
            mi_words_sums sums;
            unpack_mask(mask, hidden);
            mi_words_pass_run(&pass, hidden, &sums);
            mi_mask_result truth = bayes(&t, mask, x);
            double joint = mi_words_pass_log_all(&pass) - sums.log_visible -
                           mi_words_pass_log_hidden(&pass, hidden);
            assert_int_equal(sums.sites, __builtin_popcount(mask));
            assert_near(sums.entropy / (double)sums.sites, truth.conditional_entropy, 1e-11);
            assert_near(sums.surprise / (double)sums.sites, truth.cross_entropy, 1e-11);
            assert_near(joint / LENGTH, truth.joint_information, 1e-11);
        }
    }
    mi_words_pass_free(&pass);
    free(t.p);
    mi_words_law_free(&law);
    dense_free(&d);
}

/* The last column of answers that a pass remembers must not serve another sequence. */
static void answers_belong_to_their_sequence(void **state)
{
    (void)state;
    enum { LENGTH = 5 };
    uint32_t words[TEXT];
    const unsigned char hidden[LENGTH] = {0, 1, 1, 0, 1};
    mi_words_pass used, fresh;
    random_words(4, KINDS, words, TEXT);
    mi_words_law law = law_of(words, TEXT, KINDS + 1, 0.7);
    assert_int_equal(mi_words_pass_init(&used, &law, LENGTH, NULL), MI_OK);
    for (size_t from = 0; from < 40; from++) {
        mi_words_sums a, b;
        assert_int_equal(mi_words_pass_init(&fresh, &law, LENGTH, NULL), MI_OK);
        mi_words_pass_set(&used, 0, words + from);
        mi_words_pass_set(&fresh, 0, words + from);
        mi_words_pass_run(&used, hidden, &a);
        mi_words_pass_run(&fresh, hidden, &b);
        assert_true(a.surprise == b.surprise && a.entropy == b.entropy);
        mi_words_pass_free(&fresh);
    }
    mi_words_pass_free(&used);
    mi_words_law_free(&law);
}

/* H_g = H(X_g | X_0) by powers of the dense matrix. */
static void dense_gaps(const dense *d, double *gap, size_t count)
{
    size_t n = d->n;
    double *power = calloc(n * n, sizeof *power), *next = calloc(n * n, sizeof *next);
    memcpy(power, d->p, n * n * sizeof *power);
    for (size_t g = 0; g < count; g++) {
        gap[g] = 0;
        memset(next, 0, n * n * sizeof *next);
        for (size_t a = 0; a < n; a++) {
            for (size_t b = 0; b < n; b++) {
                double p = power[a * n + b];
                gap[g] -= p > 0 ? d->start[a] * p * log(p) : 0;
                for (size_t c = 0; c < n; c++) {
                    next[a * n + c] += p * d->p[b * n + c];
                }
            }
        }
        memcpy(power, next, n * n * sizeof *power);
    }
    free(power);
    free(next);
}

static void sampled_gap_entropies_match_dense_powers(void **state)
{
    (void)state;
    enum { MANY = 60, COUNT = 1500, REPLICATES = 24, GAPS = 6 };
    uint32_t words[COUNT];
    double exact[GAPS];
    mi_gaps *gaps[REPLICATES] = {NULL};
    mi_run run = support_run(3);
    random_words(5, MANY, words, COUNT);
    mi_words_law law = law_of(words, COUNT, MANY + 1, 0.7);
    dense d = dense_of(words, COUNT, MANY + 1, 0.7);
    dense_gaps(&d, exact, GAPS);
    assert_int_equal(mi_words_gaps_create(&law, 0, REPLICATES, 8, &run, gaps, NULL), MI_OK);
    for (size_t g = 0; g < GAPS; g++) {
        double values[REPLICATES];
        for (size_t r = 0; r < REPLICATES; r++) {
            values[r] = gaps[r]->conditional[g];
            assert_true(g == 0 || values[r] >= gaps[r]->conditional[g - 1] - 0.05);
        }
        check_mean(values, 1, REPLICATES, exact[g], "gap entropy");
    }
    assert_near(gaps[0]->conditional[0], exact[0], 1e-12);
    assert_near(gaps[0]->entropy, gaps[0]->conditional[gaps[0]->count - 1], 1e-8);
    for (size_t r = 0; r < REPLICATES; r++) {
        mi_gaps_destroy(gaps[r]);
    }
    mi_words_law_free(&law);
    dense_free(&d);
}

/* Held out: words 3, 4. Fitted: "e b b c c c a" by whole-text numbers 5 2 2 1 1 1 6. */
static void vocabulary_by_hand(void **state)
{
    (void)state;
    uint32_t tokens[] = {5, 2, 2, 3, 4, 1, 1, 1, 6};
    size_t starts[] = {3}, size = 0;
    mi_split split = {.count = 9, .block = 2, .blocks = 1, .starts = starts};
    mi_words words = {.count = 9, .tokens = tokens, .vocabulary = 7};
    const uint32_t expected[] = {3, 2, 2, 0, 0, 1, 1, 1, 0};
    assert_int_equal(mi_vocabulary_restrict(&words, &split, 4, &size, NULL), MI_OK);
    assert_int_equal(size, 4);
    assert_memory_equal(tokens, expected, sizeof expected);
}

/* Two words once each, one three times, and a held-out part: the unknown word has count 2 of 7. */
static void unknown_word_has_the_share_of_words_seen_once(void **state)
{
    (void)state;
    const uint32_t tokens[] = {1, 1, 1, 2, 3, 0, 0};
    size_t starts[] = {5};
    mi_split split = {.count = 7, .block = 2, .blocks = 1, .starts = starts};
    mi_words_law law;
    assert_int_equal(mi_words_law_init(&law, tokens, &split, 4, 0.5, NULL), MI_OK);
    assert_near(law.unigram[0], 2 / 7.0, 1e-15);
    assert_near(law.unigram[1], 3 / 7.0, 1e-15);
    assert_near(mi_words_law_transition(&law, 1, 0), 0.5 * 2 / 7.0 / 3.5, 1e-15);
    mi_words_law_free(&law);
}

/* A text of `count` two-letter words. */
static char *write_words(void **state, uint64_t key, unsigned kinds, size_t count,
                         char path[SCRATCH_PATH])
{
    uint32_t *words = malloc(count * sizeof *words);
    char *bytes = malloc(3 * count);
    random_words(key, kinds, words, count);
    for (size_t i = 0; i < count; i++) {
        bytes[3 * i] = (char)('a' + words[i] / 26);
        bytes[3 * i + 1] = (char)('a' + words[i] % 26);
        bytes[3 * i + 2] = i % 9 == 8 ? '\n' : ' ';
    }
    scratch_write(scratch_name(state, "words.txt", path), bytes, 3 * count);
    free(words);
    free(bytes);
    return path;
}

static mi_model *words_model(void **state, size_t length, double held_out)
{
    char path[SCRATCH_PATH];
    return model_of("ngram", ngram_values(write_words(state, 6, 40, 3000, path), "words", 1,
                                          (long long)length, 2, held_out));
}

/* The profile through gap entropies against evaluate, and its sum against the chain rule. */
static void profile_and_sampled_posteriors_agree(void **state)
{
    enum { LENGTH = 10 };
    double mean[LENGTH], error[LENGTH], sum = 0, marginal = 0, total = 0;
    mi_run run = support_run(1);
    mi_profile *profile = NULL;
    mi_model *model = words_model(state, LENGTH, 0);
    assert_int_equal(model->class->exact_allowed(model->state, NULL), MI_OK);
    assert_int_equal(model->class->profile(model->state, 4000, &run, &profile, NULL), MI_OK);
    assert_false(profile->exact);
    assert_int_equal(model->class->known_entropies(model->state, &marginal, &total, NULL), MI_OK);
    mi_profile_mean(profile, MI_ENTROPY, mean, error);
    for (size_t k = 0; k < LENGTH; k++) {
        assert_true(error[k] < 2e-3);
        sum += mean[k];
    }
    assert_near(mean[0], marginal, 1e-12);
    assert_near(sum, total, 1e-9); /* H_1 alone decides the sum */
    check_sampled(model, mean, 3, 3000);
    check_sampled(model, mean, 7, 3000);
    mi_profile_destroy(profile);
    mi_model_destroy(model);
}

static void rates_are_the_limit_of_long_profiles(void **state)
{
    enum { LENGTH = 2000 };
    const double ratio = 0.4;
    double *mean = malloc(LENGTH * sizeof *mean);
    mi_run run = support_run(1);
    mi_rates *rates = NULL;
    mi_profile *profile = NULL;
    size_t replicates = 0;
    mi_model *finite = words_model(state, LENGTH, 0), *infinite = words_model(state, 0, 0);
    assert_int_equal(finite->class->profile(finite->state, 1024, &run, &profile, NULL), MI_OK);
    assert_int_equal(
        infinite->class->rates(infinite->state, &ratio, 1, &run, &rates, &replicates, NULL), MI_OK);
    mi_profile_mean(profile, MI_ENTROPY, mean, NULL);
    double sum = 0;
    for (size_t r = 0; r < replicates; r++) {
        sum += rates[r].conditional_entropy / (double)replicates;
    }
    /* The ends of the sequence and the fixed count are both a matter of order 1/N. */
    assert_near(sum, mean[LENGTH - (size_t)(ratio * LENGTH)], 3e-3);
    free(mean);
    free(rates);
    mi_profile_destroy(profile);
    mi_model_destroy(finite);
    mi_model_destroy(infinite);
}

/* The same numbers whatever the threads, and finite on held-out text with unknown words. */
static void held_out_words_are_evaluated(void **state)
{
    enum { LENGTH = 8 };
    const unsigned char masked[LENGTH] = {1, 0, 1, 1, 0, 0, 1, 1};
    char path[SCRATCH_PATH], text[640];
    gsl_rng *draw = NULL;
    void *scratch = NULL;
    mi_values *values =
        ngram_values(write_words(state, 6, 40, 3000, path), "words", 1, LENGTH, 2, 0.2);
    value_of(values, "vocab")->integer = 20;
    mi_model *model = model_of("ngram", values);
    sample cross = {0, 0, 0}, entropy = {0, 0, 0};
    assert_true(model->class->has_held_out(model->state));
    assert_int_equal(model->class->shape(model->state).vocabulary, 20);
    assert_int_equal(mi_stream_create(5, MI_PURPOSE_TEST, 0, &draw, NULL), MI_OK);
    assert_int_equal(model->class->scratch_create(model->state, &scratch, NULL), MI_OK);
    for (int i = 0; i < 500; i++) {
        mi_mask_result result;
        assert_int_equal(model->class->evaluate(model->state, masked, MI_FROM_HELD_OUT, draw, true,
                                                scratch, &result, NULL),
                         MI_OK);
        sample_add(&cross, result.cross_entropy);
        sample_add(&entropy, result.conditional_entropy);
    }
    assert_true(cross.sum > 0.8 * entropy.sum && cross.sum < 1.5 * entropy.sum);
    assert_true(model->class->remark(model->state, text, sizeof text));
    assert_non_null(strstr(text, "vocabulary of 20 (cap 20)"));
    assert_non_null(strstr(text, "% of the held-out words are unknown"));
    model->class->scratch_destroy(scratch);
    gsl_rng_free(draw);
    mi_model_destroy(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(law_equals_the_dense_matrix),
        cmocka_unit_test(steps_equal_the_dense_matrix),
        cmocka_unit_test(posteriors_match_enumeration),
        cmocka_unit_test(answers_belong_to_their_sequence),
        cmocka_unit_test(sampled_gap_entropies_match_dense_powers),
        cmocka_unit_test(vocabulary_by_hand),
        cmocka_unit_test(unknown_word_has_the_share_of_words_seen_once),
        SCRATCH_TEST(profile_and_sampled_posteriors_agree),
        SCRATCH_TEST(rates_are_the_limit_of_long_profiles),
        SCRATCH_TEST(held_out_words_are_evaluated),
    };
    mi_start();
    return cmocka_run_group_tests_name("ngram words", tests, NULL, NULL);
}
