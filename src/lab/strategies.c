/* Published accuracies of masking strategies against the information that such masks leave. */
#include "maskinfo/strategies.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lab.h"
#include "maskinfo/result.h"
#include "maskinfo/statistics.h"

enum { MAX_ROWS = 64, METRICS = 2, SENTENCE = 2048 };

static const double SAME_RATIO = 1e-9;
static const double WIDEST_GAP = 0.1; /* that is interpolated over */
static const double TOLD_APART = 2;   /* standard errors */

static const struct {
    const char *key, *name;
} metrics[METRICS] = {{"fine_tune", "fine-tuned"}, {"linear_probe", "linear probe"}};

typedef struct mask_row {
    const char *strategy;
    double ratio, accuracy[METRICS];
    const cJSON *opt_curve; /* NULL: no curve, or none at this ratio */
    double information, error;
} mask_row;

typedef struct board {
    const char *source;
    size_t count;
    mask_row rows[MAX_ROWS];
    double ratio;                    /* that most rows with a curve share */
    size_t compared;                 /* of them */
    const mask_row *order[MAX_ROWS]; /* (compared) most predictable first */
} board;

static bool number(const cJSON *object, const char *name, double *ret_value)
{
    const cJSON *item = mi_lab_item(object, name);
    *ret_value = cJSON_IsNumber(item) ? item->valuedouble : 0;
    return cJSON_IsNumber(item) && isfinite(item->valuedouble);
}

static const char *text(const cJSON *object, const char *name)
{
    const cJSON *value = mi_lab_item(object, name);
    return cJSON_IsString(value) ? value->valuestring : "";
}

static bool is_misfit(const cJSON *curve)
{
    return cJSON_IsTrue(mi_lab_item(mi_lab_item(curve, "misfit"), "detected"));
}

/* ---- reading ---- */

static bool read_row(const cJSON *json, mask_row *row)
{
    bool good = number(json, "ratio", &row->ratio);
    row->strategy = text(json, "strategy");
    for (int m = 0; m < METRICS; m++) {
        good = number(json, metrics[m].key, &row->accuracy[m]) && good;
    }
    return good && row->strategy[0] != '\0' && row->ratio > 0 && row->ratio < 1;
}

static mi_code read_rows(const cJSON *published, board *b, mi_faults *faults)
{
    const cJSON *rows = mi_lab_item(published, "rows"), *json = NULL;
    size_t count = cJSON_IsArray(rows) ? (size_t)cJSON_GetArraySize(rows) : 0;
    bool good = count > 0 && count <= MAX_ROWS && text(published, "source")[0] != '\0';
    cJSON_ArrayForEach(json, rows)
    {
        good = good && read_row(json, &b->rows[b->count]);
        b->count += good;
    }
    if (!good) {
        mi_faults_add(faults, "published",
                      "mae_table1f: needs \"source\" and an array \"rows\" of 1 to %d objects with "
                      "\"strategy\", \"ratio\" in (0, 1), \"fine_tune\" and \"linear_probe\"",
                      MAX_ROWS);
    }
    return good ? MI_OK : MI_INPUT;
}

static const cJSON *find_curve(const cJSON *curves, const char *source, const char *strategy)
{
    const cJSON *curve = NULL;
    cJSON_ArrayForEach(curve, curves)
    {
        const cJSON *mask = mi_lab_item(mi_lab_item(curve, "config"), "mask");
        if (strcmp(text(curve, "source"), source) == 0 &&
            strcmp(text(mask, "strategy"), strategy) == 0) {
            return curve;
        }
    }
    return NULL;
}

typedef struct reading {
    double ratio, information, error;
} reading;

static bool read_point(const cJSON *point, reading *r)
{
    number(point, "information_se", &r->error);
    return number(point, "ratio", &r->ratio) && number(point, "information", &r->information);
}

/* i of a curve at a ratio: of its point there, else, unless it is a lattice's, between two. */
static bool read_at(const cJSON *curve, double ratio, bool between, reading *ret_reading)
{
    reading left = {.ratio = -1}, right = {.ratio = 2}, r;
    const cJSON *point = NULL;
    cJSON_ArrayForEach(point, mi_lab_item(curve, "points"))
    {
        if (!read_point(point, &r)) {
            continue;
        }
        if (fabs(r.ratio - ratio) < SAME_RATIO) {
            *ret_reading = r;
            return true;
        }
        if (r.ratio < ratio && r.ratio > left.ratio) {
            left = r;
        } else if (r.ratio > ratio && r.ratio < right.ratio) {
            right = r;
        }
    }
    double gap = right.ratio - left.ratio, weight = (ratio - left.ratio) / gap;
    *ret_reading = (reading){ratio, (1 - weight) * left.information + weight * right.information,
                             (1 - weight) * left.error + weight * right.error};
    return between && left.ratio > 0 && right.ratio < 1 && gap <= WIDEST_GAP + SAME_RATIO;
}

static void find_information(board *b, const cJSON *curves)
{
    for (size_t i = 0; i < b->count; i++) {
        mask_row *row = &b->rows[i];
        bool between = strcmp(row->strategy, "grid") != 0;
        const cJSON *curve = find_curve(curves, b->source, row->strategy);
        reading r;
        if (curve != NULL && read_at(curve, row->ratio, between, &r)) {
            row->opt_curve = curve;
            row->information = r.information;
            row->error = r.error;
        }
    }
}

/* ---- ordering ---- */

static size_t count_at(const board *b, double ratio)
{
    size_t count = 0;
    for (size_t i = 0; i < b->count; i++) {
        count += b->rows[i].opt_curve != NULL && fabs(b->rows[i].ratio - ratio) < SAME_RATIO;
    }
    return count;
}

/* By insertion, which keeps equal ones in the order of the file; metric -1: by information. */
static double value_of(const mask_row *row, int metric)
{
    return metric < 0 ? row->information : row->accuracy[metric];
}

static void sort_rows(const mask_row **rows, size_t count, int metric)
{
    for (size_t i = 1; i < count; i++) {
        const mask_row *row = rows[i];
        size_t k = i;
        for (; k > 0 && value_of(rows[k - 1], metric) < value_of(row, metric); k--) {
            rows[k] = rows[k - 1];
        }
        rows[k] = row;
    }
}

static void order_rows(board *b)
{
    for (size_t i = 0; i < b->count; i++) {
        size_t count = count_at(b, b->rows[i].ratio);
        if (count > b->compared) {
            b->compared = count;
            b->ratio = b->rows[i].ratio;
        }
    }
    size_t n = 0;
    for (size_t i = 0; i < b->count; i++) {
        if (b->rows[i].opt_curve != NULL && fabs(b->rows[i].ratio - b->ratio) < SAME_RATIO) {
            b->order[n++] = &b->rows[i];
        }
    }
    sort_rows(b->order, n, -1);
}

static double z_of(const mask_row *more, const mask_row *less)
{
    double difference = more->information - less->information;
    double error = hypot(more->error, less->error);
    if (difference == 0) {
        return 0;
    }
    return error > 0 ? fmax(-1e6, fmin(1e6, difference / error)) : copysign(1e6, difference);
}

/* Over pairs of the compared masks: +1 where every one is ordered alike by information and
 * accuracy, -1 where every one is ordered the other way, else 0. */
static int agreement(const board *b, int metric)
{
    size_t same = 0, opposite = 0, pairs = 0;
    for (size_t i = 0; i < b->compared; i++) {
        for (size_t k = i + 1; k < b->compared; k++) {
            double product = (b->order[i]->information - b->order[k]->information) *
                             (b->order[i]->accuracy[metric] - b->order[k]->accuracy[metric]);
            same += product > 0;
            opposite += product < 0;
            pairs++;
        }
    }
    return pairs == 0 ? 0 : same == pairs ? 1 : opposite == pairs ? -1 : 0;
}

static bool correlate(const board *b, int metric, double *ret_correlation, size_t *ret_pairs)
{
    double information[MAX_ROWS], accuracy[MAX_ROWS];
    size_t pairs = 0;
    for (size_t i = 0; i < b->count; i++) {
        if (b->rows[i].opt_curve != NULL) {
            information[pairs] = b->rows[i].information;
            accuracy[pairs++] = b->rows[i].accuracy[metric];
        }
    }
    *ret_pairs = pairs;
    return mi_rank_correlation(information, accuracy, pairs, ret_correlation);
}

/* ---- the sentence ---- */

typedef struct sentence {
    char text[SENTENCE];
    size_t used;
} sentence;

__attribute__((format(printf, 2, 3))) static void say(sentence *s, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(s->text + s->used, sizeof s->text - s->used, format, arguments);
    va_end(arguments);
    s->used += length > 0 ? (size_t)length : 0;
    s->used = s->used < sizeof s->text ? s->used : sizeof s->text - 1;
}

/* "grid (1.23) > random (1.1) > block (0.9)" */
static void say_order(sentence *s, const mask_row *const *rows, size_t count, int metric)
{
    for (size_t i = 0; i < count; i++) {
        bool tied = i > 0 && value_of(rows[i - 1], metric) == value_of(rows[i], metric);
        say(s, "%s%.20s ", i == 0 ? "" : tied ? " = " : " > ", rows[i]->strategy);
        say(s, metric < 0 ? "(%.4g)" : "(%.1f)", value_of(rows[i], metric));
    }
}

/* Neighbours in the order that their errors do not tell apart; true where there are none. */
static bool say_certainty(sentence *s, const board *b)
{
    double least = INFINITY;
    bool certain = true;
    for (size_t i = 0; i + 1 < b->compared; i++) {
        double z = z_of(b->order[i], b->order[i + 1]);
        least = fmin(least, z);
        if (z < TOLD_APART) {
            say(s, "%s%.20s and %.20s are not told apart (z = %.1f)", certain ? "; " : ", ",
                b->order[i]->strategy, b->order[i + 1]->strategy, z);
            certain = false;
        }
    }
    if (certain && least < 1e6) {
        say(s, ", each difference at least %.1f standard errors", least);
    }
    return certain;
}

static void say_misfits(sentence *s, const board *b)
{
    for (size_t i = 0; i < b->compared; i++) {
        if (is_misfit(b->order[i]->opt_curve)) {
            say(s, "; the curve of %.20s is a misfit, so its place says nothing",
                b->order[i]->strategy);
        }
    }
}

static void say_accuracies(sentence *s, const board *b)
{
    for (int m = 0; m < METRICS; m++) {
        const mask_row *rows[MAX_ROWS];
        memcpy(rows, b->order, b->compared * sizeof *rows);
        sort_rows(rows, b->compared, m);
        say(s, "%s%s ", m == 0 ? ". Published accuracy: " : "; ", metrics[m].name);
        say_order(s, rows, b->compared, m);
    }
}

static void say_correlations(sentence *s, const board *b)
{
    double correlation[METRICS] = {0, 0};
    size_t pairs = 0;
    bool known = true;
    for (int m = 0; m < METRICS; m++) {
        known = correlate(b, m, &correlation[m], &pairs) && known;
    }
    if (known) {
        say(s, ". Rank correlation over %zu masks: %.2f %s, %.2f %s", pairs, correlation[0],
            metrics[0].name, correlation[1], metrics[1].name);
    }
}

/* Is there a better accuracy than that of the most predictable masks, of every kind? */
static bool best_elsewhere(const board *b)
{
    bool all = true;
    for (int m = 0; m < METRICS; m++) {
        bool better = false;
        for (size_t i = 1; i < b->compared; i++) {
            better = better || b->order[i]->accuracy[m] > b->order[0]->accuracy[m];
        }
        all = all && better;
    }
    return all;
}

static void say_conclusion(sentence *s, const board *b, bool certain)
{
    int fine_tune = agreement(b, 0), linear = agreement(b, 1);
    say(s, certain ? ". So accuracies " : ". As far as the order is known, accuracies ");
    if (fine_tune > 0 && linear > 0) {
        say(s, "follow predictability here.");
    } else if (fine_tune < 0 && linear < 0) {
        say(s, "go against predictability: the harder the masks are to predict, the better.");
    } else if (fine_tune > 0 || linear > 0) {
        say(s, "follow predictability only %s.",
            fine_tune > 0 ? "when fine-tuned" : "by the linear probe");
    } else if (certain && best_elsewhere(b)) {
        say(s,
            "do not follow predictability: %.20s masks are the most predictable and not the "
            "best to learn from.",
            b->order[0]->strategy);
    } else {
        say(s, "do not follow predictability.");
    }
}

static void make_sentence(sentence *s, const board *b)
{
    if (b->compared < 2) {
        say(s,
            "On \"%.100s\" fewer than two of the published masking strategies have a curve at the "
            "same ratio.",
            b->source);
        return;
    }
    say(s, "On \"%.100s\" at %.3g %%, most predictable first, i in nats: ", b->source,
        100 * b->ratio);
    say_order(s, b->order, b->compared, -1);
    bool certain = say_certainty(s, b);
    say_misfits(s, b);
    say_accuracies(s, b);
    say_correlations(s, b);
    say_conclusion(s, b, certain);
}

/* ---- the object ---- */

static void add_to_array(mi_writer *w, cJSON *array, cJSON *item)
{
    if (item == NULL || !cJSON_AddItemToArray(array, item)) {
        cJSON_Delete(item);
        w->failed = true;
    }
}

static cJSON *names_json(mi_writer *w, const mask_row *const *rows, size_t count)
{
    cJSON *names = cJSON_CreateArray();
    for (size_t i = 0; i < count; i++) {
        add_to_array(w, names, cJSON_CreateString(rows[i]->strategy));
    }
    return names;
}

static cJSON *differences_json(mi_writer *w, const board *b)
{
    cJSON *differences = cJSON_CreateArray();
    for (size_t i = 0; i < b->compared; i++) {
        for (size_t k = i + 1; k < b->compared; k++) {
            const mask_row *more = b->order[i], *less = b->order[k];
            cJSON *item = cJSON_CreateObject();
            mi_add_text(w, item, "more", more->strategy);
            mi_add_text(w, item, "less", less->strategy);
            mi_add_number(w, item, "difference", more->information - less->information);
            mi_add_number(w, item, "difference_se", hypot(more->error, less->error));
            mi_add_number(w, item, "z", z_of(more, less));
            add_to_array(w, differences, item);
        }
    }
    return differences;
}

static cJSON *accuracy_orders_json(mi_writer *w, const board *b)
{
    cJSON *orders = cJSON_CreateObject();
    for (int m = 0; m < METRICS; m++) {
        const mask_row *rows[MAX_ROWS];
        memcpy(rows, b->order, b->compared * sizeof *rows);
        sort_rows(rows, b->compared, m);
        mi_add_item(w, orders, metrics[m].key, names_json(w, rows, b->compared));
    }
    return orders;
}

static cJSON *follows_json(mi_writer *w, const board *b)
{
    cJSON *follows = cJSON_CreateObject();
    for (int m = 0; m < METRICS; m++) {
        mi_add_bool(w, follows, metrics[m].key, agreement(b, m) > 0);
    }
    return follows;
}

static cJSON *correlations_json(mi_writer *w, const board *b)
{
    cJSON *correlations = cJSON_CreateObject();
    size_t pairs = 0;
    for (int m = 0; m < METRICS; m++) {
        double correlation = 0;
        bool known = correlate(b, m, &correlation, &pairs);
        mi_add_number(w, correlations, metrics[m].key, known ? correlation : NAN);
    }
    mi_add_number(w, correlations, "pairs", (double)pairs);
    return correlations;
}

static cJSON *row_json(mi_writer *w, const mask_row *row)
{
    cJSON *item = cJSON_CreateObject();
    mi_add_text(w, item, "strategy", row->strategy);
    mi_add_number(w, item, "ratio", row->ratio);
    for (int m = 0; m < METRICS; m++) {
        mi_add_number(w, item, metrics[m].key, row->accuracy[m]);
    }
    if (row->opt_curve != NULL) {
        mi_add_text(w, item, "curve", text(row->opt_curve, "label"));
        mi_add_number(w, item, "information", row->information);
        mi_add_number(w, item, "information_se", row->error);
        mi_add_bool(w, item, "misfit", is_misfit(row->opt_curve));
    } else {
        mi_add_number(w, item, "information", NAN);
        mi_add_text(w, item, "information_reason",
                    "the source has no curve of this strategy at this ratio");
    }
    return item;
}

static cJSON *board_json(mi_writer *w, const board *b, const char *origin)
{
    cJSON *object = cJSON_CreateObject(), *rows = cJSON_CreateArray();
    sentence s = {.used = 0};
    make_sentence(&s, b);
    for (size_t i = 0; i < b->count; i++) {
        add_to_array(w, rows, row_json(w, &b->rows[i]));
    }
    mi_add_text(w, object, "source", b->source);
    mi_add_text(w, object, "published_source", origin);
    mi_add_number(w, object, "ratio", b->compared > 0 ? b->ratio : NAN);
    mi_add_item(w, object, "order", names_json(w, b->order, b->compared));
    mi_add_item(w, object, "differences", differences_json(w, b));
    mi_add_item(w, object, "accuracy_order", accuracy_orders_json(w, b));
    mi_add_item(w, object, "follows", follows_json(w, b));
    mi_add_item(w, object, "rank_correlation", correlations_json(w, b));
    mi_add_item(w, object, "published", rows);
    mi_add_text(w, object, "sentence", s.text);
    return object;
}

mi_code mi_strategies_compare(const cJSON *curves, const cJSON *published, const char *source,
                              mi_faults *faults, cJSON **ret_object, mi_status *status)
{
    mi_writer w = {.failed = false};
    board b = {.source = source};
    if (read_rows(published, &b, faults) != MI_OK) {
        return mi_fail(status, MI_INPUT, "bad published file");
    }
    find_information(&b, curves);
    order_rows(&b);
    cJSON *object = board_json(&w, &b, text(published, "source"));
    if (w.failed) {
        cJSON_Delete(object);
        return mi_fail(status, MI_MEMORY, "out of memory for the strategies");
    }
    *ret_object = object;
    return MI_OK;
}
