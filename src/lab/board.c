/* Reading and ordering the masks of published accuracies. */
#include "board.h"

#include <math.h>
#include <string.h>

#include "maskinfo/statistics.h"

static const double SAME_RATIO = 1e-9;
static const double WIDEST_GAP = 0.1; /* that is interpolated over */

const mi_metric mi_metrics[MI_METRICS] = {{"fine_tune", "fine-tuned"},
                                          {"linear_probe", "linear probe"}};

static bool number(const cJSON *object, const char *name, double *ret_value)
{
    const cJSON *item = mi_lab_item(object, name);
    *ret_value = cJSON_IsNumber(item) ? item->valuedouble : 0;
    return cJSON_IsNumber(item) && isfinite(item->valuedouble);
}

const char *mi_lab_text(const cJSON *object, const char *name)
{
    const cJSON *value = mi_lab_item(object, name);
    return cJSON_IsString(value) ? value->valuestring : "";
}

bool mi_mask_misfit(const mi_mask_row *row)
{
    return cJSON_IsTrue(mi_lab_item(mi_lab_item(row->opt_curve, "misfit"), "detected"));
}

static bool read_row(const cJSON *json, mi_mask_row *row)
{
    bool good = number(json, "ratio", &row->ratio);
    row->strategy = mi_lab_text(json, "strategy");
    for (int m = 0; m < MI_METRICS; m++) {
        good = number(json, mi_metrics[m].key, &row->accuracy[m]) && good;
    }
    return good && row->strategy[0] != '\0' && row->ratio > 0 && row->ratio < 1;
}

static mi_code read_rows(const cJSON *published, mi_board *b, mi_faults *faults)
{
    const cJSON *rows = mi_lab_item(published, "rows"), *json = NULL;
    size_t count = cJSON_IsArray(rows) ? (size_t)cJSON_GetArraySize(rows) : 0;
    bool good = count > 0 && count <= MI_MAX_ROWS && mi_lab_text(published, "source")[0] != '\0';
    cJSON_ArrayForEach(json, rows)
    {
        good = good && read_row(json, &b->rows[b->count]);
        b->count += good;
    }
    if (!good) {
        mi_faults_add(faults, "published",
                      "mae_table1f: needs \"source\" and an array \"rows\" of 1 to %d objects with "
                      "\"strategy\", \"ratio\" in (0, 1), \"fine_tune\" and \"linear_probe\"",
                      MI_MAX_ROWS);
    }
    return good ? MI_OK : MI_INPUT;
}

static const cJSON *find_curve(const cJSON *curves, const char *source, const char *strategy)
{
    const cJSON *curve = NULL;
    cJSON_ArrayForEach(curve, curves)
    {
        const cJSON *mask = mi_lab_item(mi_lab_item(curve, "config"), "mask");
        if (strcmp(mi_lab_text(curve, "source"), source) == 0 &&
            strcmp(mi_lab_text(mask, "strategy"), strategy) == 0) {
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

static void find_information(mi_board *b, const cJSON *curves)
{
    for (size_t i = 0; i < b->count; i++) {
        mi_mask_row *row = &b->rows[i];
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

static size_t count_at(const mi_board *b, double ratio)
{
    size_t count = 0;
    for (size_t i = 0; i < b->count; i++) {
        count += b->rows[i].opt_curve != NULL && fabs(b->rows[i].ratio - ratio) < SAME_RATIO;
    }
    return count;
}

double mi_mask_value(const mi_mask_row *row, int metric)
{
    return metric < 0 ? row->information : row->accuracy[metric];
}

/* By insertion. */
void mi_mask_sort(const mi_mask_row **rows, size_t count, int metric)
{
    for (size_t i = 1; i < count; i++) {
        const mi_mask_row *row = rows[i];
        size_t k = i;
        for (; k > 0 && mi_mask_value(rows[k - 1], metric) < mi_mask_value(row, metric); k--) {
            rows[k] = rows[k - 1];
        }
        rows[k] = row;
    }
}

static void order_rows(mi_board *b)
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
    mi_mask_sort(b->order, n, -1);
}

double mi_mask_z(const mi_mask_row *more, const mi_mask_row *less)
{
    double difference = more->information - less->information;
    double error = hypot(more->error, less->error);
    if (difference == 0) {
        return 0;
    }
    return error > 0 ? fmax(-1e6, fmin(1e6, difference / error)) : copysign(1e6, difference);
}

int mi_board_agreement(const mi_board *b, int metric)
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

bool mi_board_correlate(const mi_board *b, int metric, double *ret_correlation, size_t *ret_pairs)
{
    double information[MI_MAX_ROWS], accuracy[MI_MAX_ROWS];
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

mi_code mi_board_fill(mi_board *b, const cJSON *curves, const cJSON *published, mi_faults *faults)
{
    mi_code code = read_rows(published, b, faults);
    if (code == MI_OK) {
        find_information(b, curves);
        order_rows(b);
    }
    return code;
}
