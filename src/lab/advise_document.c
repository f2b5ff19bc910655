/* The experiment file of an advice. */
#include <gsl/gsl_math.h>
#include <string.h>

#include "advise.h"
#include "maskinfo/mask.h"

const char mi_advice_first[] = "first half", mi_advice_second[] = "second half";
const char mi_advice_model[] = "entropies of the letter model";

enum {
    LETTER_SAMPLES = 128,
    ORDERS = 240,       /* random orders of the sites of crops */
    HALF_ORDERS = 120,  /* the same of a half of the data */
    MASK_SAMPLES = 16,  /* mask by mask */
    MODEL_SAMPLES = 64, /* the letter model's own entropies, which vary little */
    BLOCK_LEAST = 16    /* BEiT's smallest block, of 196 sites */
};

/* Ratios of the strategies; of a grid those that a lattice has. */
static const double coarse[] = {0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.9, 0.95};
static const double lattices[] = {1 / 8.0, 1 / 6.0, 1 / 5.0, 1 / 4.0, 1 / 3.0, 1 / 2.0, 2 / 3.0,
                                  3 / 4.0, 4 / 5.0, 5 / 6.0, 7 / 8.0, 9 / 10., 15 / 16.};

typedef struct builder {
    const mi_subject *subject;
    const mi_advice_choice *choice;
    mi_layout layout;
    mi_writer writer;
    cJSON *curves;
} builder;

static size_t samples_of(const builder *b, bool half)
{
    if (!b->subject->text) {
        return half ? HALF_ORDERS : ORDERS;
    }
    /* Windows are drawn with replacement: half as many draws as there are windows share little. */
    size_t windows = b->subject->held_out_windows / (half ? 4 : 2);
    return GSL_MAX((size_t)2, GSL_MIN((size_t)LETTER_SAMPLES, windows));
}

static void put_grid(mi_writer *w, cJSON *model, const size_t *grid)
{
    const double sides[2] = {(double)grid[0], (double)grid[1]};
    mi_add_numbers(w, model, "grid", sides, 2);
}

static cJSON *model_of(builder *b, const char *part, bool held_out)
{
    const mi_subject *s = b->subject;
    mi_writer *w = &b->writer;
    cJSON *model = cJSON_CreateObject();
    mi_add_text(w, model, "type", s->text ? "ngram" : "patches");
    mi_add_text(w, model, s->text ? "text" : "images", s->path);
    if (s->text) {
        mi_add_number(w, model, "order", (double)b->choice->order);
        mi_add_number(w, model, "length", MI_ADVICE_LENGTH);
        mi_add_number(w, model, "held_out", mi_advice_held_out);
        mi_add_text(w, model, "judged_by", held_out ? "held-out" : "model");
    } else {
        mi_add_number(w, model, "patch", (double)s->patch);
        put_grid(w, model, s->grid);
        mi_add_text(w, model, "family", b->choice->family);
    }
    mi_add_text(w, model, "part", part);
    return model;
}

static cJSON *fine_ratios(builder *b)
{
    double ratios[64], sites = (double)(b->layout.rows * b->layout.columns);
    size_t count = 0;
    for (int percent = 2; percent < 100; percent++) {
        double ratio = mi_result_round(percent / 100.0);
        bool wanted = percent % 2 == 0 || percent == 75;
        if (wanted && ratio * sites >= 1 && (1 - ratio) * sites >= 1) {
            ratios[count++] = ratio;
        }
    }
    cJSON *array = cJSON_CreateDoubleArray(ratios, (int)count);
    b->writer.failed = b->writer.failed || array == NULL;
    return array;
}

static cJSON *mask_of(builder *b, const char *strategy)
{
    size_t sites = b->layout.rows * b->layout.columns;
    cJSON *mask = cJSON_CreateObject();
    mi_add_text(&b->writer, mask, "strategy", strategy);
    if (strcmp(strategy, "block") == 0) {
        size_t least = GSL_MIN((size_t)BLOCK_LEAST, sites / 4);
        mi_add_number(&b->writer, mask, "min_size", (double)GSL_MAX((size_t)1, least));
    }
    if (strcmp(strategy, "span") == 0 && sites < 10) {
        mi_add_number(&b->writer, mask, "longest", (double)sites);
    }
    return mask;
}

static cJSON *strategy_ratios(builder *b, const char *strategy, const mi_values *opt_values)
{
    bool grid = strcmp(strategy, "grid") == 0;
    size_t sites = b->layout.rows * b->layout.columns;
    const double *all = grid ? lattices : coarse;
    size_t most = grid ? sizeof lattices / sizeof *lattices : sizeof coarse / sizeof *coarse;
    cJSON *array = cJSON_CreateArray();
    for (size_t i = 0; i < most; i++) {
        const mi_mask_class *class = mi_mask_find(strategy);
        bool possible = all[i] * (double)sites >= 1 && (1 - all[i]) * (double)sites >= 1 &&
                        (!grid || class->check(opt_values, b->layout, all[i], NULL) == MI_OK);
        cJSON *number = possible ? cJSON_CreateNumber(mi_result_round(all[i])) : NULL;
        if (possible && (number == NULL || !cJSON_AddItemToArray(array, number))) {
            cJSON_Delete(number);
            b->writer.failed = true;
        }
    }
    return array;
}

static void put_curve(builder *b, const char *label, cJSON *model, cJSON *mask, cJSON *ratios,
                      size_t samples)
{
    mi_writer *w = &b->writer;
    cJSON *curve = cJSON_CreateObject(), *estimator = cJSON_CreateObject();
    mi_add_text(w, curve, "label", label);
    mi_add_text(w, curve, "group", b->subject->text ? "text" : "image");
    mi_add_item(w, curve, "model", model);
    mi_add_item(w, curve, "mask", mask);
    mi_add_item(w, curve, "ratios", ratios);
    mi_add_number(w, estimator, "samples", (double)samples);
    mi_add_item(w, curve, "estimator", estimator);
    if (curve == NULL || !cJSON_AddItemToArray(b->curves, curve)) {
        cJSON_Delete(curve);
        w->failed = true;
    }
}

static void put_strategies(builder *b)
{
    size_t samples = b->subject->text ? samples_of(b, false) : MASK_SAMPLES;
    for (size_t i = 0; i < b->choice->strategy_count; i++) {
        const char *name = b->choice->strategies[i];
        put_curve(b, name, model_of(b, "all", true), mask_of(b, name),
                  strategy_ratios(b, name, NULL), samples);
    }
}

static void put_curves(builder *b)
{
    put_curve(b, "random", model_of(b, "all", true), mask_of(b, "random"), fine_ratios(b),
              samples_of(b, false));
    put_strategies(b);
    if (b->subject->text) {
        put_curve(b, mi_advice_model, model_of(b, "all", false), mask_of(b, "random"),
                  fine_ratios(b), MODEL_SAMPLES);
    }
    put_curve(b, mi_advice_first, model_of(b, "first", true), mask_of(b, "random"), fine_ratios(b),
              samples_of(b, true));
    put_curve(b, mi_advice_second, model_of(b, "second", true), mask_of(b, "random"),
              fine_ratios(b), samples_of(b, true));
}

mi_code mi_advice_document(const mi_subject *subject, const mi_advice_choice *choice,
                           cJSON **ret_document, mi_status *status)
{
    builder b = {.subject = subject, .choice = choice, .curves = cJSON_CreateArray()};
    bool sequence = subject->text || subject->series;
    size_t length = subject->text ? MI_ADVICE_LENGTH : subject->grid[1];
    b.layout =
        sequence ? (mi_layout){1, 1, length} : (mi_layout){2, subject->grid[0], subject->grid[1]};
    cJSON *document = cJSON_CreateObject();
    mi_add_text(&b.writer, document, "experiment", "compare");
    mi_add_number(&b.writer, document, "seed", (double)choice->seed);
    put_curves(&b);
    mi_add_item(&b.writer, document, "curves", b.curves);
    if (b.writer.failed) {
        cJSON_Delete(document);
        return mi_fail(status, MI_MEMORY, "out of memory for the experiment");
    }
    *ret_document = document;
    return MI_OK;
}
