/* The answer of a sweep: what its columns of texts say. */
#include <string.h>

#include "html_answer_sweep.h"

enum { MOST_TEXTS = 16, MOST_NAMED = 8 };

typedef struct tally {
    const char *texts[MOST_TEXTS];
    size_t times[MOST_TEXTS], count, others, total;
} tally;

static void count_text(tally *t, const char *text, size_t times)
{
    size_t k = 0;
    while (k < t->count && strcmp(t->texts[k], text) != 0) {
        k++;
    }
    t->total += times;
    if (k == MOST_TEXTS) {
        t->others += times;
        return;
    }
    if (k == t->count) {
        t->texts[t->count++] = text;
    }
    t->times[k] += times;
}

void mi_answer_texts(FILE *page, const mi_answer_place *p)
{
    tally t = {.count = 0};
    mi_answer_line l = {.used = 0};
    for (size_t i = p->part.first; i < p->part.first + p->part.count; i++) {
        const cJSON *item = NULL;
        cJSON_ArrayForEach(item, mi_answer_value(p, i)->opt_counts)
        {
            count_text(&t, item->string, (size_t)item->valuedouble);
        }
    }
    mi_answer_head(&l, p->swept->columns[p->column].label, p->part);
    for (size_t k = 0; k < t.count; k++) {
        ADD(&l, "%s%s in %zu", k > 0 ? ", " : ": ", t.texts[k], t.times[k]);
    }
    if (t.others > 0) {
        ADD(&l, ", others in %zu", t.others);
    }
    if (t.total > 0) {
        mi_html_say(page, "%s of %zu units.", l.text, t.total);
    }
}

/* Two columns of texts that a figure holds against each other. */
static bool find_texts(const mi_swept *s, const mi_swept_figure *f, size_t pair[2])
{
    size_t count = 0;
    for (size_t c = 0; c < f->count; c++) {
        if (!s->columns[f->columns[c]].numeric) {
            pair[count < 2 ? count : 1] = f->columns[c];
            count++;
        }
    }
    return count == 2;
}

static void say_agreement(FILE *page, const mi_swept *s, const size_t pair[2])
{
    const mi_answer_place p = {s, {0, s->cell_count, NULL}, pair[0]};
    size_t same = 0, both = 0, named = 0;
    mi_answer_line where = {.used = 0};
    for (size_t cell = 0; cell < s->cell_count; cell++) {
        size_t own = 0, of = 0;
        if (!mi_swept_agreement(s, pair[0], pair[1], cell, &own, &of)) {
            return;
        }
        same += own;
        both += of;
        if (own < of && named++ < MOST_NAMED) {
            ADD(&where, "%s", named == 1 ? "; they differ at " : "; ");
            for (size_t a = 0, n = 0; a < s->axis_count; a++) {
                if (mi_answer_counts(&p, a)) {
                    ADD(&where, "%s%s %s", n++ > 0 ? ", " : "", mi_answer_axis(&s->axes[a]),
                        s->axes[a].labels[mi_swept_at(s, cell, a)]);
                }
            }
            ADD(&where, " (%zu of %zu)", of - own, of);
        }
    }
    if (both > 0) {
        mi_html_say(page, "%s and %s agree in %zu of %zu units%s%s.", s->columns[pair[0]].label,
                    s->columns[pair[1]].label, same, both, where.text,
                    named > MOST_NAMED ? "; and elsewhere" : "");
    }
}

bool mi_answer_agreement(FILE *page, const mi_swept *s, size_t figure)
{
    size_t pair[2];
    bool found = find_texts(s, &s->figures[figure], pair);
    if (found) {
        say_agreement(page, s, pair);
    }
    return found;
}
