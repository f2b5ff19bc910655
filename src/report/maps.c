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

static void read_explained(mi_reader *r, const mi_node *node, mi_maps *m)
{
    double *values = mi_get_values(r, node, "explained", COLORS, 0, 1);
    for (int c = 0; c < COLORS; c++) {
        m->explained[c] = values != NULL && r->code == MI_OK ? values[c] : NAN;
    }
    free(values);
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
            m->opt_attention = mi_get_values(r, &node, "attention", tokens * m->heads, 0, 1 + 1e-6);
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
