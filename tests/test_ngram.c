/* Letters: counts by hand, Bayes' rule by enumeration, a dense forward-backward, held-out blocks,
 * long sequences, bad values. */
#include "ngram_support.h"

#include "../src/models/ngram_letters_pass.h"

enum { V = MI_LETTERS, SPACE = 26, TEXT = 900 };

/* The law of a text, counted and normalised as the formula stands, in a dense table. */
typedef struct reference {
    size_t order, contexts;
    double *p;     /* (contexts, 27) */
    double *start; /* (contexts) stationary */
} reference;

static void reference_transitions(reference *r, const unsigned char *text, size_t count,
                                  double smoothing)
{
    for (size_t t = r->order; t < count; t++) {
        size_t context = 0;
        for (size_t i = t - r->order; i < t; i++) {
            context = context * V + text[i];
        }
        r->p[context * V + text[t]]++;
    }
    for (size_t c = 0; c < r->contexts; c++) {
        double total = V * smoothing;
        for (size_t d = 0; d < V; d++) {
            total += r->p[c * V + d];
        }
        for (size_t d = 0; d < V; d++) {
            r->p[c * V + d] = (r->p[c * V + d] + smoothing) / total;
        }
    }
}

/* Every context leads to every other within `order` steps, so plain iteration converges. */
static void reference_stationary(reference *r)
{
    double *next = malloc(r->contexts * sizeof *next);
    for (size_t c = 0; c < r->contexts; c++) {
        r->start[c] = 1 / (double)r->contexts;
    }
    for (int i = 0; i < 400; i++) {
        memset(next, 0, r->contexts * sizeof *next);
        for (size_t c = 0; c < r->contexts; c++) {
            for (size_t d = 0; d < V; d++) {
                next[c * V % r->contexts + d] += r->start[c] * r->p[c * V + d];
            }
        }
        memcpy(r->start, next, r->contexts * sizeof *next);
    }
    free(next);
}

static reference reference_of(const unsigned char *text, size_t count, size_t order,
                              double smoothing)
{
    reference r = {order, 1, NULL, NULL};
    for (size_t i = 0; i < order; i++) {
        r.contexts *= V;
    }
    r.p = calloc(r.contexts * V, sizeof *r.p);
    r.start = calloc(r.contexts, sizeof *r.start);
    reference_transitions(&r, text, count, smoothing);
    reference_stationary(&r);
    return r;
}

static void reference_free(reference *r)
{
    free(r->p);
    free(r->start);
}

/* p(x), x at least `order` long. */
static double reference_probability(const reference *r, const unsigned char *x, size_t length)
{
    size_t context = 0;
    for (size_t i = 0; i < r->order; i++) {
        context = context * V + x[i];
    }
    double p = r->start[context];
    for (size_t i = r->order; i < length; i++) {
        p *= r->p[context * V + x[i]];
        context = (context * V + x[i]) % r->contexts;
    }
    return p;
}

/* A law fitted to the whole of a text. */
static mi_letters_law law_of(const unsigned char *text, size_t count, size_t order,
                             double smoothing)
{
    mi_letters_law law;
    mi_split split;
    assert_int_equal(mi_split_init(&split, count, 0, order + 1, NULL), MI_OK);
    assert_int_equal(mi_letters_law_init(&law, text, &split, order, smoothing, NULL), MI_OK);
    mi_split_free(&split);
    return law;
}

static void counts_by_hand(void **state)
{
    (void)state;
    const unsigned char text[] = {0, 1, 2, 0, 1, SPACE, 0, 1, 2}; /* "abcab abc" */
    mi_letters_law one = law_of(text, 9, 1, 0.25), two = law_of(text, 9, 2, 0.25);
    assert_int_equal(one.fitted, 8);
    assert_int_equal(two.fitted, 7);
    assert_int_equal(one.seen, 4); /* a, b, c, space */
    assert_int_equal(two.seen, 5); /* ab, bc, ca, "b ", " a" */
    assert_near(mi_letters_law_transition(&one, 0, 1), 3.25 / 9.75, 1e-15);
    assert_near(mi_letters_law_transition(&one, 1, 2), 2.25 / 9.75, 1e-15);
    assert_near(mi_letters_law_transition(&one, 1, SPACE), 1.25 / 9.75, 1e-15);
    assert_near(mi_letters_law_transition(&one, 5, 7), 1 / 27.0, 1e-15);
    assert_near(mi_letters_law_transition(&two, 0 * V + 1, 2), 2.25 / 9.75, 1e-15);
    assert_near(mi_letters_law_transition(&two, 2 * V + 0, 1), 1.25 / 7.75, 1e-15);
    assert_near(mi_letters_law_transition(&two, 1 * V + 0, 1), 1 / 27.0, 1e-15);
    mi_letters_law_free(&one);
    mi_letters_law_free(&two);
}

/* Posteriors and log probability that a pass hands out, for comparison. */
typedef struct answers {
    double posterior[256][V];
    int visits;
} answers;

static void keep(size_t site, const double *posterior, void *context)
{
    answers *a = context;
    memcpy(a->posterior[site], posterior, V * sizeof *posterior);
    a->visits++;
}

/* Sum p(x) over all values of the open sites; totals (27) per value of site i. */
static double sum_over(const reference *r, const unsigned char *open, size_t length, size_t i,
                       double *totals)
{
    unsigned char x[16];
    size_t values[16], count = 1;
    double sum = 0;
    for (size_t j = 0; j < length; j++) {
        count *= open[j] == MI_OPEN ? V : 1;
    }
    memset(totals, 0, V * sizeof *totals);
    for (size_t c = 0; c < count; c++) {
        size_t rest = c;
        for (size_t j = 0; j < length; j++) {
            values[j] = open[j] == MI_OPEN ? rest % V : open[j];
            rest /= open[j] == MI_OPEN ? V : 1;
            x[j] = (unsigned char)values[j];
        }
        double p = reference_probability(r, x, length);
        totals[x[i]] += p;
        sum += p;
    }
    return sum;
}

static void check_pass(const reference *r, mi_letters_pass *pass, const unsigned char *open,
                       size_t length)
{
    static answers a;
    double totals[V], logs = mi_letters_pass_forward(pass, open), sum = 0;
    int hidden = 0;
    a.visits = 0;
    mi_letters_pass_backward(pass, keep, &a);
    for (size_t i = 0; i < length; i++) {
        sum = sum_over(r, open, length, i, totals);
        assert_near(logs, log(sum), 1e-10);
        for (size_t v = 0; v < V && open[i] == MI_OPEN; v++) {
            assert_near(a.posterior[i][v], totals[v] / sum, 1e-10);
        }
        hidden += open[i] == MI_OPEN;
    }
    assert_int_equal(a.visits, hidden);
}

/* Every mask of five letters with at most three hidden, each order. */
static void posteriors_match_enumeration(void **state)
{
    (void)state;
    enum { LENGTH = 5 };
    unsigned char text[TEXT], open[LENGTH];
    random_symbols(1, 6, text, TEXT);
    for (size_t i = 0; i < TEXT; i++) { /* the last symbols of the alphabet, space among them */
        text[i] = (unsigned char)(text[i] % 2 == 0 ? SPACE - text[i] : text[i]);
    }
    for (size_t order = 1; order <= 3; order++) {
        reference r = reference_of(text, TEXT, order, 0.3);
        mi_letters_law law = law_of(text, TEXT, order, 0.3);
        mi_letters_pass *pass = NULL;
        assert_int_equal(mi_letters_pass_create(&law, LENGTH, &pass, NULL), MI_OK);
        for (unsigned mask = 0; mask < 1u << LENGTH; mask++) {
            if (__builtin_popcount(mask) > 3) {
                continue;
            }
            for (size_t i = 0; i < LENGTH; i++) {
                open[i] = mask >> i & 1u ? MI_OPEN : text[10 * mask + i];
            }
            check_pass(&r, pass, open, LENGTH);
        }
        mi_letters_pass_destroy(pass);
        mi_letters_law_free(&law);
        reference_free(&r);
    }
}

/* Dense forward-backward of order 2 as the textbook has it, over all 729 pairs of letters:
 * message t is on letters t and t+1. */
static void dense_pass(const reference *r, const unsigned char *open, size_t length, answers *a)
{
    size_t n = r->contexts;
    double *forward = calloc(length * n, sizeof *forward);
    double *backward = calloc(length * n, sizeof *backward);
    for (size_t t = 0; t + 1 < length; t++) {
        double total = 0, *f = forward + t * n;
        for (size_t c = 0; c < n; c++) {
            for (size_t b = 0; t > 0 && b < V; b++) {
                size_t before = b * V + c / V;
                f[c] += f[before - n] * r->p[before * V + c % V];
            }
            f[c] = t == 0 ? r->start[c] : f[c];
            f[c] *= (open[t] == MI_OPEN || open[t] == c / V) &&
                    (open[t + 1] == MI_OPEN || open[t + 1] == c % V);
            total += f[c];
        }
        for (size_t c = 0; c < n; c++) {
            f[c] /= total;
        }
    }
    for (size_t t = length - 1; t-- > 0;) {
        double total = 0, *b = backward + t * n;
        for (size_t c = 0; c < n; c++) {
            b[c] = t + 2 == length;
            for (size_t d = 0; t + 2 < length && d < V; d++) {
                bool fits = open[t + 2] == MI_OPEN || open[t + 2] == d;
                b[c] += fits ? r->p[c * V + d] * b[n + c % V * V + d] : 0;
            }
            total += b[c];
        }
        for (size_t c = 0; c < n; c++) {
            b[c] /= total;
        }
    }
    for (size_t i = 0; i < length; i++) {
        size_t t = i == 0 ? 0 : i - 1;
        double total = 0;
        memset(a->posterior[i], 0, sizeof a->posterior[i]);
        for (size_t c = 0; c < n; c++) {
            double q = forward[t * n + c] * backward[t * n + c];
            a->posterior[i][i == 0 ? c / V : c % V] += q;
            total += q;
        }
        for (size_t v = 0; v < V; v++) {
            a->posterior[i][v] /= total;
        }
    }
    free(forward);
    free(backward);
}

/* Over several blocks of kept messages. */
static void long_sequences_match_a_dense_pass(void **state)
{
    (void)state;
    enum { LENGTH = 200 };
    static answers dense, ours;
    unsigned char text[TEXT], open[LENGTH];
    random_symbols(2, 9, text, TEXT);
    reference r = reference_of(text, TEXT, 2, 0.3);
    mi_letters_law law = law_of(text, TEXT, 2, 0.3);
    mi_letters_pass *pass = NULL;
    assert_int_equal(mi_letters_pass_create(&law, LENGTH, &pass, NULL), MI_OK);
    for (unsigned share = 1; share <= 3; share++) {
        for (size_t i = 0; i < LENGTH; i++) {
            open[i] = text[i * 7 % 4 + i] % 4 < share ? MI_OPEN : text[i];
        }
        dense_pass(&r, open, LENGTH, &dense);
        mi_letters_pass_forward(pass, open);
        mi_letters_pass_backward(pass, keep, &ours);
        for (size_t i = 0; i < LENGTH; i++) {
            for (size_t v = 0; v < V && open[i] == MI_OPEN; v++) {
                assert_near(ours.posterior[i][v], dense.posterior[i][v], 1e-11);
            }
        }
    }
    mi_letters_pass_destroy(pass);
    mi_letters_law_free(&law);
    reference_free(&r);
}

/* log p of 4096 letters is near -10^4, far below the smallest double's logarithm. */
static void very_long_sequences_do_not_underflow(void **state)
{
    (void)state;
    enum { LENGTH = 4096 };
    static unsigned char text[LENGTH], open[LENGTH];
    random_symbols(3, 20, text, LENGTH);
    for (size_t order = 1; order <= 3; order++) {
        mi_letters_law law = law_of(text, 50, order, 0.01);
        mi_letters_pass *pass = NULL;
        assert_int_equal(mi_letters_pass_create(&law, LENGTH, &pass, NULL), MI_OK);
        size_t context = 0;
        for (size_t i = 0; i < order; i++) {
            context = context * V + text[i];
        }
        double expected = log(law.stationary[context]);
        for (size_t i = order; i < LENGTH; i++) {
            expected += log(mi_letters_law_transition(&law, context, text[i]));
            context = context % law.middles * V + text[i];
        }
        assert_true(expected < -5000);
        assert_near(mi_letters_pass_forward(pass, text), expected, 1e-8);
        memset(open, MI_OPEN, LENGTH);
        assert_near(mi_letters_pass_forward(pass, open), 0, 1e-8);
        mi_letters_pass_destroy(pass);
        mi_letters_law_free(&law);
    }
}

static void split_holds_out_the_share(void **state)
{
    (void)state;
    const double shares[] = {0.03, 0.1, 0.25, 0.5};
    for (int i = 0; i < 4; i++) {
        mi_split split;
        size_t fitted = 0, from = 0, to = 0;
        assert_int_equal(mi_split_init(&split, 100000, shares[i], 64, NULL), MI_OK);
        for (size_t run = 0; run <= split.blocks; run++) {
            mi_split_fitted(&split, run, &from, &to);
            assert_true(from < to || run == split.blocks); /* no two held-out blocks touch */
            fitted += to - from;
        }
        assert_int_equal(to, 100000);
        assert_int_equal(fitted + split.blocks * split.block, 100000);
        assert_near((double)fitted, (1 - shares[i]) * 100000, (double)split.block);
        mi_split_free(&split);
    }
}

/* Held-out blocks of nothing but q, in a text that has no q elsewhere. */
static void held_out_blocks_are_not_fitted(void **state)
{
    (void)state;
    enum { COUNT = 5000, WINDOW = 20, Q = 16 };
    static unsigned char text[COUNT];
    mi_split split;
    gsl_rng *draw = NULL;
    random_symbols(4, 5, text, COUNT);
    assert_int_equal(mi_split_init(&split, COUNT, 0.2, WINDOW, NULL), MI_OK);
    for (size_t i = 0; i < split.blocks; i++) {
        memset(text + split.starts[i], Q, split.block);
    }
    assert_int_equal(mi_stream_create(5, MI_PURPOSE_TEST, 0, &draw, NULL), MI_OK);
    for (int i = 0; i < 2000; i++) {
        size_t from = mi_split_draw(&split, WINDOW, draw);
        for (size_t j = from; j < from + WINDOW; j++) {
            assert_int_equal(text[j], Q);
        }
    }
    for (size_t order = 1; order <= 3; order++) {
        mi_letters_law law;
        assert_int_equal(mi_letters_law_init(&law, text, &split, order, 0.5, NULL), MI_OK);
        /* The last block ends the text: as many fitted runs as held-out blocks. */
        assert_int_equal(split.starts[split.blocks - 1] + split.block, COUNT);
        assert_int_equal(law.fitted, COUNT - split.blocks * (split.block + order));
        for (size_t c = 0; c < law.contexts; c++) {
            double p = mi_letters_law_transition(&law, c, Q);
            double other = mi_letters_law_transition(&law, c, Q + 1);
            assert_true(p == other); /* neither occurs */
        }
        mi_letters_law_free(&law);
    }
    gsl_rng_free(draw);
    mi_split_free(&split);
}

/* A text file of symbols 0..25 as letters and 26 as space. */
static char *write_symbols(void **state, const unsigned char *symbols, size_t count,
                           char path[SCRATCH_PATH])
{
    char *bytes = malloc(count);
    for (size_t i = 0; i < count; i++) {
        bytes[i] = symbols[i] == SPACE ? ' ' : (char)('a' + symbols[i]);
    }
    scratch_write(scratch_name(state, "text.txt", path), bytes, count);
    free(bytes);
    return path;
}

static mi_model *letters_model(void **state, size_t order, size_t length, double held_out)
{
    unsigned char text[TEXT];
    char path[SCRATCH_PATH];
    random_symbols(6, 7, text, TEXT);
    return model_of("ngram", ngram_values(write_symbols(state, text, TEXT, path), "letters",
                                          (long long)order, (long long)length, 0.1, held_out));
}

/* The mean over a window of q of -log posterior, with all but the window's site i visible: by
 * Bayes' rule over the transitions that contain the site. */
static void held_out_cross_entropy_of_a_known_window(void **state)
{
    enum { COUNT = 5000, LENGTH = 9, Q = 16 };
    static unsigned char text[COUNT];
    unsigned char masked[LENGTH] = {0, 0, 0, 0, 1, 0, 0, 0, 0};
    char path[SCRATCH_PATH];
    mi_split split;
    mi_letters_law law;
    random_symbols(7, 5, text, COUNT);
    assert_int_equal(mi_split_init(&split, COUNT, 0.2, LENGTH, NULL), MI_OK);
    for (size_t i = 0; i < split.blocks; i++) {
        memset(text + split.starts[i], Q, split.block);
    }
    assert_int_equal(mi_letters_law_init(&law, text, &split, 1, 0.5, NULL), MI_OK);
    double total = 0, truth = 0;
    for (size_t v = 0; v < V; v++) {
        double p = mi_letters_law_transition(&law, Q, v) * mi_letters_law_transition(&law, v, Q);
        total += p;
        truth = v == Q ? p : truth;
    }
    mi_model *model = model_of("ngram", ngram_values(write_symbols(state, text, COUNT, path),
                                                     "letters", 1, LENGTH, 0.5, 0.2));
    gsl_rng *draw = NULL;
    void *scratch = NULL;
    mi_mask_result result;
    assert_true(model->class->has_held_out(model->state));
    assert_int_equal(mi_stream_create(5, MI_PURPOSE_TEST, 0, &draw, NULL), MI_OK);
    assert_int_equal(model->class->scratch_create(model->state, &scratch, NULL), MI_OK);
    assert_int_equal(model->class->evaluate(model->state, masked, MI_FROM_HELD_OUT, draw, false,
                                            scratch, &result, NULL),
                     MI_OK);
    assert_near(result.cross_entropy, -log(truth / total), 1e-12);
    model->class->scratch_destroy(scratch);
    gsl_rng_free(draw);
    mi_model_destroy(model);
    mi_letters_law_free(&law);
    mi_split_free(&split);
}

/* The profile, its sum (the chain rule) and the sampled posteriors tell one story, for sequences
 * longer and shorter than the order. */
static void exact_and_sampled_profiles_agree(void **state)
{
    const size_t orders[] = {1, 2, 3, 3, 3}, lengths[] = {12, 4, 4, 3, 2};
    for (int i = 0; i < 5; i++) {
        double profile[12], sum = 0, marginal = 0, total = 0;
        mi_model *model = letters_model(state, orders[i], lengths[i], 0);
        assert_false(model->class->has_held_out(model->state));
        assert_int_equal(model->class->exact_allowed(model->state, NULL), MI_OK);
        exact_profile(model, profile);
        assert_int_equal(model->class->known_entropies(model->state, &marginal, &total, NULL),
                         MI_OK);
        for (size_t k = 0; k < lengths[i]; k++) {
            sum += profile[k];
        }
        assert_near(profile[0], marginal, 1e-10);
        assert_near(sum, total, 1e-10);
        check_sampled(model, profile, lengths[i] / 2, 3000);
        check_sampled(model, profile, lengths[i] - 1, 3000);
        mi_model_destroy(model);
    }
}

/* A pass of order 3 needs three letters; the third of a sequence of two must stay unknown. */
static void letters_past_a_short_sequence_stay_hidden(void **state)
{
    const unsigned char masked[] = {1, 1, 0, 0};
    double marginal = 0, total = 0;
    gsl_rng *draw = NULL;
    void *scratch = NULL;
    mi_mask_result result;
    mi_model *model = letters_model(state, 3, 2, 0);
    assert_int_equal(model->class->known_entropies(model->state, &marginal, &total, NULL), MI_OK);
    assert_int_equal(mi_stream_create(5, MI_PURPOSE_TEST, 0, &draw, NULL), MI_OK);
    assert_int_equal(model->class->scratch_create(model->state, &scratch, NULL), MI_OK);
    assert_int_equal(model->class->evaluate(model->state, masked, MI_FROM_MODEL, draw, true,
                                            scratch, &result, NULL),
                     MI_OK);
    assert_near(result.conditional_entropy, marginal, 1e-12);
    assert_near(result.joint_information, 0, 1e-12);
    model->class->scratch_destroy(scratch);
    gsl_rng_free(draw);
    mi_model_destroy(model);
}

static void long_sequences_of_high_order_are_refused_an_exact_profile(void **state)
{
    mi_model *model = letters_model(state, 2, 64, 0);
    mi_status status;
    assert_failure(model->class->exact_allowed(model->state, &status), MI_INPUT, status,
                   "posterior");
    mi_model_destroy(model);
}

/* H_g by repeated multiplication, and docs/theory.md, section 2.2 summed term by term. */
static double infinite_conditional_entropy(const reference *r, double ratio)
{
    enum { GAPS = 300 };
    static double gap[GAPS + 1];
    double power[V][V], next[V][V], h = 0;
    for (size_t a = 0; a < V; a++) {
        for (size_t b = 0; b < V; b++) {
            power[a][b] = a == b;
        }
    }
    for (size_t g = 1; g <= GAPS; g++) {
        memset(next, 0, sizeof next);
        gap[g] = 0;
        for (size_t a = 0; a < V; a++) {
            for (size_t b = 0; b < V; b++) {
                for (size_t c = 0; c < V; c++) {
                    next[a][b] += power[a][c] * r->p[c * V + b];
                }
                gap[g] -= r->start[a] * next[a][b] * log(next[a][b]);
            }
        }
        memcpy(power, next, sizeof next);
    }
    for (int g = GAPS; g >= 1; g--) {
        double v = 1 - ratio;
        h += 2 * v * pow(ratio, g - 1) * gap[g];
        h -= g > 1 ? (g - 1) * v * v * pow(ratio, g - 2) * gap[g] : 0;
    }
    return h;
}

static void infinite_sequence_of_order_one(void **state)
{
    const double ratios[] = {0.15, 0.6, 0.9};
    unsigned char text[TEXT];
    mi_run run = support_run(1);
    mi_rates *rates = NULL;
    size_t replicates = 0;
    double marginal = 0, total = 0;
    random_symbols(6, 7, text, TEXT);
    reference r = reference_of(text, TEXT, 1, 0.1);
    mi_model *model = letters_model(state, 1, 0, 0);
    assert_int_equal(model->class->rates(model->state, ratios, 3, &run, &rates, &replicates, NULL),
                     MI_OK);
    assert_int_equal(replicates, 1);
    for (int i = 0; i < 3; i++) {
        assert_near(rates[i].conditional_entropy, infinite_conditional_entropy(&r, ratios[i]),
                    1e-11);
    }
    assert_int_equal(model->class->known_entropies(model->state, &marginal, &total, NULL),
                     MI_NUMERIC);
    assert_int_equal(model->class->shape(model->state).sites, 0);
    free(rates);
    mi_model_destroy(model);
    reference_free(&r);
}

static void remark_counts_the_fit(void **state)
{
    char text[640];
    mi_model *model = letters_model(state, 3, 8, 0);
    assert_true(model->class->remark(model->state, text, sizeof text));
    assert_non_null(strstr(text, "897 letters")); /* 900 less the first context */
    assert_non_null(strstr(text, "overfits"));
    mi_model_destroy(model);
}

static void unusable_texts_are_refused(void **state)
{
    char path[SCRATCH_PATH];
    const char *folder = *state;
    scratch_name(state, "missing.txt", path);
    check_refused("ngram", ngram_values(path, "letters", 2, 8, 0.5, 0), "text", "missing.txt");
    check_refused("ngram", ngram_values(folder, "letters", 2, 8, 0.5, 0), "text", folder);
    scratch_write(scratch_name(state, "short.txt", path), "abc", 3);
    check_refused("ngram", ngram_values(path, "letters", 3, 8, 0.5, 0), "text", "at least 4");
    check_refused("ngram", ngram_values(path, "words", 1, 8, 0.5, 0), "text", "at least 2");
    check_refused("ngram", ngram_values(path, "letters", 2, 8, 0.5, 0.1), "held_out", "0.1");
}

static void impossible_values_are_refused(void **state)
{
    char path[SCRATCH_PATH];
    scratch_write(scratch_name(state, "text.txt", path), "some words of text", 18);
    check_refused("ngram", ngram_values(path, "letters", 2, 0, 0.5, 0), "length", "order 1");
    check_refused("ngram", ngram_values(path, "letters", 1, 1, 0.5, 0), "length", "[2, 4096]");
    check_refused("ngram", ngram_values(path, "words", 2, 8, 0.5, 0), "order", "must be 1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_by_hand),
        cmocka_unit_test(posteriors_match_enumeration),
        cmocka_unit_test(long_sequences_match_a_dense_pass),
        cmocka_unit_test(very_long_sequences_do_not_underflow),
        cmocka_unit_test(split_holds_out_the_share),
        cmocka_unit_test(held_out_blocks_are_not_fitted),
        SCRATCH_TEST(held_out_cross_entropy_of_a_known_window),
        SCRATCH_TEST(exact_and_sampled_profiles_agree),
        SCRATCH_TEST(letters_past_a_short_sequence_stay_hidden),
        SCRATCH_TEST(long_sequences_of_high_order_are_refused_an_exact_profile),
        SCRATCH_TEST(infinite_sequence_of_order_one),
        SCRATCH_TEST(remark_counts_the_fit),
        SCRATCH_TEST(unusable_texts_are_refused),
        SCRATCH_TEST(impossible_values_are_refused),
    };
    mi_start();
    return cmocka_run_group_tests_name("ngram letters", tests, NULL, NULL);
}
