#include "maps.h"

#include <math.h>
#include <stdlib.h>

enum {
    COLORS = 3,
    MOST_IMAGES = 1000,
    MOST_SIDE = 4096,
    MOST_CHANNELS = 4096,
    MOST_HEADS = 256,
    MOST_VALUES = 20000000
};

/* Of rounded shares. */
static const double SLACK = 1e-6;

static void read_sizes(mi_reader *r, const mi_node *node, mi_maps *m)
{
    m->count = mi_get_whole(r, node, "count", 1, MOST_IMAGES);
    m->rows = mi_get_whole(r, node, "rows", 1, MOST_SIDE);
    m->columns = mi_get_whole(r, node, "columns", 1, MOST_SIDE);
    m->channels = mi_get_whole(r, node, "channels", 1, MOST_CHANNELS);
    m->token_rows = mi_get_whole(r, node, "token_rows", 1, MOST_SIDE);
    m->token_columns = mi_get_whole(r, node, "token_columns", 1, MOST_SIDE);
    m->low = mi_get_number(r, node, "low");
    m->high = mi_get_number(r, node, "high");
    if (m->count * m->rows * m->columns > MOST_VALUES / m->channels) {
        mi_reader_fault(r, node, "count", "%zu images of %zu x %zu x %zu are too many", m->count,
                        m->rows, m->columns, m->channels);
    }
    if (m->rows % m->token_rows != 0 || m->columns % m->token_columns != 0) {
        mi_reader_fault(r, node, "token_rows", "%zu x %zu tokens do not divide %zu x %zu pixels",
                        m->token_rows, m->token_columns, m->rows, m->columns);
    }
    if (!(m->low <= m->high)) {
        mi_reader_fault(r, node, "high", "must be a number, at least \"low\"");
    }
}

/* A component that does not exist has no share: null. */
static void read_explained(mi_reader *r, const mi_node *node, mi_maps *m)
{
    mi_node array = mi_get_array(r, node, "explained");
    const cJSON *item = array.json == NULL ? NULL : array.json->child;
    if (array.json != NULL && cJSON_GetArraySize(array.json) != COLORS) {
        mi_reader_fault(r, node, "explained", "%d numbers; must be %d",
                        cJSON_GetArraySize(array.json), COLORS);
    }
    for (int c = 0; c < COLORS; c++, item = item == NULL ? NULL : item->next) {
        m->explained[c] = cJSON_IsNumber(item) ? item->valuedouble : NAN;
        if (item != NULL && !cJSON_IsNull(item) &&
            !(m->explained[c] >= 0 && m->explained[c] <= 1 + SLACK)) {
            mi_reader_fault(r, node, "explained", "must be numbers in [0, 1], or null");
        }
    }
}

void mi_maps_read(mi_reader *r, const mi_node *run, mi_maps *m)
{
    mi_node node = mi_get_object(r, run, "maps");
    if (node.json == NULL) {
        return;
    }
    read_sizes(r, &node, m);
    if (r->code == MI_OK) {
        size_t tokens = m->count * m->token_rows * m->token_columns;
        m->original = mi_get_values(r, &node, "original",
                                    m->count * m->rows * m->columns * m->channels, -1e100, 1e100);
        if (m->original == NULL) {
            mi_reader_fault(r, &node, "original", "missing; maps need this array");
        }
        m->opt_rgb = mi_get_values(r, &node, "rgb", tokens * COLORS, 0, 1);
        if (mi_get_array(r, &node, "attention").json != NULL) {
            m->heads = mi_get_whole(r, &node, "heads", 1, MOST_HEADS);
            m->opt_attention =
                mi_get_values(r, &node, "attention", tokens * m->heads, 0, 1 + SLACK);
        }
        read_explained(r, &node, m);
    }
    if (r->code != MI_OK) {
        m->count = 0;
    }
}

void mi_maps_free(mi_maps *m)
{
    free(m->original);
    free(m->opt_rgb);
    free(m->opt_attention);
}
