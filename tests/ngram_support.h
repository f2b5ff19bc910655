/* What the tests of the two kinds of n-gram model share: texts and values. */
#ifndef MASKINFO_TESTS_NGRAM_SUPPORT_H
#define MASKINFO_TESTS_NGRAM_SUPPORT_H

#include "brute_force.h"
#include "scratch.h"

static inline void set_text(mi_values *values, const char *name, const char *text)
{
    mi_value *value = value_of(values, name);
    free(value->text);
    assert_int_equal(mi_copy_text(text, &value->text, NULL), MI_OK);
}

static inline mi_values *ngram_values(const char *path, const char *alphabet, long long order,
                                      long long length, double smoothing, double held_out)
{
    mi_values *values = values_for("ngram");
    set_text(values, "text", path);
    set_text(values, "alphabet", alphabet);
    set_text(values, "part", "all");
    set_text(values, "judged_by", "model");
    value_of(values, "order")->integer = order;
    value_of(values, "length")->integer = length;
    value_of(values, "vocab")->integer = 30000;
    value_of(values, "smoothing")->real = smoothing;
    value_of(values, "held_out")->real = held_out;
    return values;
}

/* A text of `count` symbols 0..kinds-1, each with probability 3/4 the successor (plus one, modulo
 * kinds) of one of the two before it, else any: order 2 matters. */
static inline void random_symbols(uint64_t key, unsigned kinds, unsigned char *symbols,
                                  size_t count)
{
    gsl_rng *stream = NULL;
    assert_int_equal(mi_stream_create(17, MI_PURPOSE_TEST, key, &stream, NULL), MI_OK);
    for (size_t i = 0; i < count; i++) {
        size_t back = 1 + gsl_rng_uniform_int(stream, 2);
        bool any = i < 2 || gsl_rng_uniform_int(stream, 4) == 0;
        unsigned fresh = (unsigned)gsl_rng_uniform_int(stream, kinds);
        symbols[i] = (unsigned char)(any ? fresh : (symbols[i - back] + 1u) % kinds);
    }
    gsl_rng_free(stream);
}

/* Fail unless the mean over replicates is within 4 standard errors, or rounding, of `expected`. */
static inline void check_mean(const double *values, size_t stride, size_t count, double expected,
                              const char *what)
{
    sample s = {0, 0, 0};
    for (size_t i = 0; i < count; i++) {
        sample_add(&s, values[i * stride]);
    }
    sample_check(&s, expected, what);
}

#endif
