/* Potts fields for tests, and their law by enumeration of all configurations. */
#ifndef MASKINFO_TESTS_POTTS_SUPPORT_H
#define MASKINFO_TESTS_POTTS_SUPPORT_H

#include "brute_force.h"

typedef struct potts_field {
    size_t rows, columns, states;
    double coupling;
    int neighbors;
    const char *inference;
    long long sweeps; /* 0: the default */
} potts_field;

static inline mi_values *potts_values(const potts_field *f)
{
    mi_values *values = values_for("potts");
    value_of(values, "grid")->grid[0] = f->rows;
    value_of(values, "grid")->grid[1] = f->columns;
    value_of(values, "states")->integer = (long long)f->states;
    value_of(values, "coupling")->real = f->coupling;
    value_of(values, "neighbors")->integer = f->neighbors;
    value_of(values, "sweeps")->integer = f->sweeps == 0 ? 400 : f->sweeps;
    assert_int_equal(mi_copy_text(f->inference, &value_of(values, "inference")->text, NULL), MI_OK);
    return values;
}

static inline mi_model *potts_model(const potts_field *f)
{
    return model_of("potts", potts_values(f));
}

/* Pairs of sites that touch, straight from the coordinates. */
static inline bool potts_touch(const potts_field *f, size_t a, size_t b)
{
    long dr = (long)(a / f->columns) - (long)(b / f->columns),
         dc = (long)(a % f->columns) - (long)(b % f->columns);
    return a != b && labs(dr) <= 1 && labs(dc) <= 1 && (f->neighbors == 8 || dr == 0 || dc == 0);
}

static inline size_t potts_equal_pairs(const potts_field *f, const unsigned char *x)
{
    size_t equal = 0, sites = f->rows * f->columns;
    for (size_t a = 0; a < sites; a++) {
        for (size_t b = a + 1; b < sites; b++) {
            equal += potts_touch(f, a, b) && x[a] == x[b];
        }
    }
    return equal;
}

/* p(x) of all configurations; site 0 is the fastest digit. */
typedef struct potts_law {
    size_t sites, states, count;
    unsigned char *symbols; /* (count, sites) */
    double *p;              /* (count) */
    double log_z;
} potts_law;

static inline potts_law potts_enumerate(const potts_field *f)
{
    potts_law law = {.sites = f->rows * f->columns, .states = f->states, .count = 1};
    double z = 0;
    for (size_t i = 0; i < law.sites; i++) {
        law.count *= law.states;
    }
    law.symbols = malloc(law.count * law.sites);
    law.p = malloc(law.count * sizeof *law.p);
    for (size_t c = 0; c < law.count; c++) {
        unsigned char *x = law.symbols + c * law.sites;
        for (size_t i = 0, rest = c; i < law.sites; i++, rest /= law.states) {
            x[i] = (unsigned char)(rest % law.states);
        }
        law.p[c] = exp(f->coupling * (double)potts_equal_pairs(f, x));
        z += law.p[c];
    }
    for (size_t c = 0; c < law.count; c++) {
        law.p[c] /= z;
    }
    law.log_z = log(z);
    return law;
}

static inline void potts_law_free(potts_law *law)
{
    free(law->symbols);
    free(law->p);
}

/* Do configurations agree on the sites of a set? */
static inline bool potts_agree(const potts_law *law, const unsigned char *x, const unsigned char *y,
                               unsigned set)
{
    for (; set != 0; set &= set - 1) {
        if (x[__builtin_ctz(set)] != y[__builtin_ctz(set)]) {
            return false;
        }
    }
    (void)law;
    return true;
}

/* By Bayes' rule: posterior (sites, q) of the masked sites, log p(x_v) and log p(x_m). */
static inline void potts_bayes(const potts_law *law, const unsigned char *x, unsigned mask,
                               double *posterior, double *log_visible, double *log_masked)
{
    unsigned all = (1u << law->sites) - 1;
    double visible = 0, masked = 0;
    memset(posterior, 0, law->sites * law->states * sizeof *posterior);
    for (size_t c = 0; c < law->count; c++) {
        const unsigned char *y = law->symbols + c * law->sites;
        masked += potts_agree(law, x, y, mask) ? law->p[c] : 0;
        if (potts_agree(law, x, y, all & ~mask)) {
            visible += law->p[c];
            for (size_t i = 0; i < law->sites; i++) {
                posterior[i * law->states + y[i]] += law->p[c];
            }
        }
    }
    for (size_t i = 0; i < law->sites * law->states; i++) {
        posterior[i] /= visible;
    }
    *log_visible = log(visible);
    *log_masked = log(masked);
}

/* The configuration that the stream (seed 7, SAMPLE, key) draws. */
static inline void potts_drawn(const mi_model *model, void *scratch, gsl_rng *draw, uint64_t key,
                               unsigned char *x)
{
    double values[4096];
    mi_stream_set(draw, 7, MI_PURPOSE_SAMPLE, key);
    assert_int_equal(model->class->sample(model->state, draw, scratch, values, NULL), MI_OK);
    for (size_t i = 0; i < model->class->shape(model->state).sites; i++) {
        x[i] = (unsigned char)values[i];
    }
}

/* evaluate on the configuration of that key. */
static inline mi_mask_result potts_evaluated(const mi_model *model, void *scratch, gsl_rng *draw,
                                             uint64_t key, const unsigned char *masked)
{
    mi_mask_result result;
    mi_stream_set(draw, 7, MI_PURPOSE_SAMPLE, key);
    assert_int_equal(model->class->evaluate(model->state, masked, MI_FROM_MODEL, draw, true,
                                            scratch, &result, NULL),
                     MI_OK);
    return result;
}

/* A model with what a thread needs to use it. */
typedef struct potts_seat {
    mi_model *model;
    void *scratch;
    gsl_rng *draw;
} potts_seat;

static inline potts_seat potts_sit(const potts_field *f)
{
    potts_seat seat = {.model = potts_model(f)};
    assert_int_equal(seat.model->class->scratch_create(seat.model->state, &seat.scratch, NULL),
                     MI_OK);
    assert_int_equal(mi_stream_create(7, MI_PURPOSE_SAMPLE, 0, &seat.draw, NULL), MI_OK);
    return seat;
}

static inline void potts_rise(potts_seat *seat)
{
    seat->model->class->scratch_destroy(seat->scratch);
    mi_model_destroy(seat->model);
    gsl_rng_free(seat->draw);
}

#endif
