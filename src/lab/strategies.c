/* Published accuracies of masking strategies against the information that such masks leave. */
#include "maskinfo/strategies.h"

#include <math.h>
#include <string.h>

#include "board.h"
#include "maskinfo/result.h"

static cJSON *names_json(mi_writer *w, const mi_mask_row *const *rows, size_t count)
{
    cJSON *names = cJSON_CreateArray();
    for (size_t i = 0; i < count; i++) {
        mi_append_item(w, names, cJSON_CreateString(rows[i]->strategy));
    }
    return names;
}

static cJSON *differences_json(mi_writer *w, const mi_board *b)
{
    cJSON *differences = cJSON_CreateArray();
    for (size_t i = 0; i < b->compared; i++) {
        for (size_t k = i + 1; k < b->compared; k++) {
            const mi_mask_row *more = b->order[i], *less = b->order[k];
            cJSON *item = cJSON_CreateObject();
            mi_add_text(w, item, "more", more->strategy);
            mi_add_text(w, item, "less", less->strategy);
            mi_add_number(w, item, "difference", more->information - less->information);
            mi_add_number(w, item, "difference_se", hypot(more->error, less->error));
            mi_add_number(w, item, "z", mi_mask_z(more, less));
            mi_append_item(w, differences, item);
        }
    }
    return differences;
}

static cJSON *accuracy_orders_json(mi_writer *w, const mi_board *b)
{
    cJSON *orders = cJSON_CreateObject();
    for (int m = 0; m < MI_METRICS; m++) {
        const mi_mask_row *rows[MI_MAX_ROWS];
        memcpy(rows, b->order, b->compared * sizeof *rows);
        mi_mask_sort(rows, b->compared, m);
        mi_add_item(w, orders, mi_metrics[m].key, names_json(w, rows, b->compared));
    }
    return orders;
}

static cJSON *follows_json(mi_writer *w, const mi_board *b)
{
    cJSON *follows = cJSON_CreateObject();
    for (int m = 0; m < MI_METRICS; m++) {
        mi_add_bool(w, follows, mi_metrics[m].key, mi_board_agreement(b, m) > 0);
    }
    return follows;
}

static cJSON *correlations_json(mi_writer *w, const mi_board *b)
{
    cJSON *correlations = cJSON_CreateObject();
    size_t pairs = 0;
    for (int m = 0; m < MI_METRICS; m++) {
        double correlation = 0;
        bool known = mi_board_correlate(b, m, &correlation, &pairs);
        mi_add_number(w, correlations, mi_metrics[m].key, known ? correlation : NAN);
    }
    mi_add_number(w, correlations, "pairs", (double)pairs);
    return correlations;
}

static cJSON *row_json(mi_writer *w, const mi_mask_row *row)
{
    cJSON *item = cJSON_CreateObject();
    mi_add_text(w, item, "strategy", row->strategy);
    mi_add_number(w, item, "ratio", row->ratio);
    for (int m = 0; m < MI_METRICS; m++) {
        mi_add_number(w, item, mi_metrics[m].key, row->accuracy[m]);
    }
    if (row->opt_curve != NULL) {
        mi_add_text(w, item, "curve", mi_lab_text(row->opt_curve, "label"));
        mi_add_number(w, item, "information", row->information);
        mi_add_number(w, item, "information_se", row->error);
        mi_add_bool(w, item, "misfit", mi_mask_misfit(row));
    } else {
        mi_add_number(w, item, "information", NAN);
        mi_add_text(w, item, "information_reason",
                    "the source has no curve of this strategy at this ratio");
    }
    return item;
}

static cJSON *board_json(mi_writer *w, const mi_board *b, const char *origin)
{
    cJSON *object = cJSON_CreateObject(), *rows = cJSON_CreateArray();
    char sentence[MI_SENTENCE];
    mi_board_sentence(b, sentence);
    for (size_t i = 0; i < b->count; i++) {
        mi_append_item(w, rows, row_json(w, &b->rows[i]));
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
    mi_add_text(w, object, "sentence", sentence);
    return object;
}

mi_code mi_strategies_compare(const cJSON *curves, const cJSON *published, const char *source,
                              mi_faults *faults, cJSON **ret_object, mi_status *status)
{
    mi_writer w = {.failed = false};
    mi_board b = {.source = source};
    if (mi_board_fill(&b, curves, published, faults) != MI_OK) {
        return mi_fail(status, MI_INPUT, "bad published file");
    }
    cJSON *object = board_json(&w, &b, mi_lab_text(published, "source"));
    if (w.failed) {
        cJSON_Delete(object);
        return mi_fail(status, MI_MEMORY, "out of memory for the strategies");
    }
    *ret_object = object;
    return MI_OK;
}
