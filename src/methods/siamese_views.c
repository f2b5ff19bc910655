/* The views of a batch. */
#include <stdio.h>

#include "siamese.h"

/* [low, high] of a list; MI_INPUT at views.NAME where it has not two. */
static mi_code read_scale(const mi_values *group, const char *name, mi_view *view,
                          mi_status *status)
{
    const mi_matrix *list = &mi_values_find(group, name)->matrix;
    if (list->columns != 2) {
        char place[64];
        snprintf(place, sizeof place, "views.%s", name);
        return mi_fail_at(status, place,
                          "has %zu numbers; two are needed, the smallest and the largest share",
                          list->columns);
    }
    view->low = list->values[0];
    view->high = list->values[1];
    return MI_OK;
}

mi_code mi_siamese_views(const mi_values *group, mi_siamese *s, mi_status *status)
{
    size_t rows = s->source.rows, columns = s->source.columns;
    s->global = (mi_view){.rows = rows,
                          .columns = columns,
                          .flip = mi_true(group, "flip"),
                          .jitter = mi_real(group, "jitter")};
    s->local = s->global;
    s->local.rows = s->local.columns = s->crop_size;
    mi_code code = read_scale(group, "global_scale", &s->global, status);
    if (code == MI_OK) {
        code = read_scale(group, "local_scale", &s->local, status);
    }
    if (code == MI_OK) {
        code = mi_view_check(&s->global, rows, columns, "views.global_scale", "views", status);
    }
    return code == MI_OK && s->crops > 0
               ? mi_view_check(&s->local, rows, columns, "views.local_scale", "views.local_size",
                               status)
               : code;
}

void mi_siamese_draw(const mi_siamese *s, const mi_examples *batch, const mi_shard *shard)
{
    mi_stream_room room;
    const mi_source_shape *shape = &s->source;
    gsl_rng *stream = mi_stream_place(&room, batch->seed, MI_PURPOSE_VIEW, 0);
    for (size_t i = shard->first; i < shard->first + shard->count; i++) {
        const mi_scalar *pixels = batch->pixels + i * s->pixels;
        mi_stream_set(stream, batch->seed, MI_PURPOSE_VIEW, batch->first + i);
        for (size_t v = 0; v < MI_GLOBALS; v++) {
            mi_view_draw(&s->global, shape->rows, shape->columns, shape->channels, pixels, stream,
                         s->globals + (i * MI_GLOBALS + v) * s->pixels);
        }
        for (size_t v = 0; v < s->crops; v++) {
            mi_view_draw(&s->local, shape->rows, shape->columns, shape->channels, pixels, stream,
                         s->locals + (i * s->crops + v) * s->crop_pixels);
        }
    }
}
