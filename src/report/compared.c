#include "compared.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "maskinfo/memory.h"

enum { MOST_ROWS = 256 };

static const char *const ways[MI_WAYS] = {"knn", "linear", "patch_linear"};
static const char *const bases[MI_BASES] = {"raw", "untrained"};

/* The array at a key with as many zeroed structs as it has elements. */
static mi_node open_array(mi_reader *r, const mi_node *node, const char *key, size_t size,
                          void *ret_items, size_t *ret_count)
{
    mi_node array = mi_get_array(r, node, key);
    int count = array.json == NULL ? 0 : cJSON_GetArraySize(array.json);
    if (count > MOST_ROWS) {
        mi_reader_fault(r, node, key, "%d elements; at most %d", count, MOST_ROWS);
    } else if (r->code == MI_OK) {
        r->code = mi_allocate((size_t)count, size, ret_items, r->status);
    }
    *ret_count = r->code == MI_OK ? (size_t)count : 0;
    return array;
}

static void read_method(mi_reader *r, const mi_node *row, mi_compared *m)
{
    m->label = mi_get_clean(r, row, "label");
    m->method = mi_get_clean(r, row, "method");
    m->target = mi_get_clean(r, row, "target");
    m->seed = mi_get_number(r, row, "seed");
    m->parameters = mi_get_number(r, row, "parameters");
    m->final_loss = mi_get_number(r, row, "final_loss");
    m->seconds = mi_get_number(r, row, "seconds");
    m->bytes = mi_get_number(r, row, "bytes");
    m->collapse = mi_verdict_read(r, row, "collapse");
    m->verdict = mi_get_clean(r, row, "collapse");
    for (int w = 0; w < MI_WAYS; w++) {
        char key[32];
        m->accuracy[w] = mi_get_number(r, row, ways[w]);
        snprintf(key, sizeof key, "%s_se", ways[w]);
        m->error[w] = mi_get_number(r, row, key);
        snprintf(key, sizeof key, "%s_reason", ways[w]);
        m->reasons[w] = mi_get_clean(r, row, key);
    }
}

static void read_outcome(mi_reader *r, const mi_node *row, mi_outcome *o)
{
    o->label = mi_get_clean(r, row, "label");
    o->seed = mi_get_number(r, row, "seed");
    o->verdict = mi_verdict_read(r, row, "verdict");
    o->step = mi_get_number(r, row, "step");
    o->information = mi_get_number(r, row, "information");
    o->teacher_entropy = mi_get_number(r, row, "teacher_entropy");
    o->log_prototypes = mi_get_number(r, row, "log_prototypes");
}

static void read_bases(mi_reader *r, const mi_node *top, mi_comparison *c)
{
    mi_node node = mi_get_object(r, top, "baselines"), patches = mi_get_object(r, &node, "patch");
    for (int b = 0; b < MI_BASES; b++) {
        mi_node base = mi_get_object(r, &node, bases[b]);
        for (int w = 0; w < MI_WAYS; w++) {
            c->base[b][w] = mi_get_number(r, &base, ways[w]);
        }
        /* Of single patches it stands apart, as in "probe" of a run. */
        base = mi_get_object(r, &patches, bases[b]);
        if (base.json != NULL) {
            c->base[b][MI_WAY_PATCH] = mi_get_number(r, &base, "linear");
        }
    }
}

void mi_comparison_read(mi_reader *r, const mi_node *top, mi_comparison *c)
{
    const char *view = mi_get_text(r, top, "view");
    c->collapse = view != NULL && strcmp(view, "collapse") == 0;
    if (view != NULL && !c->collapse && strcmp(view, "methods") != 0) {
        mi_reader_fault(r, top, "view", "must be \"methods\", \"collapse\" or null");
    }
    c->title = mi_get_clean(r, top, "title");
    mi_node table = open_array(r, top, "table", sizeof *c->methods, &c->methods, &c->count);
    const cJSON *item = c->count == 0 ? NULL : table.json->child;
    for (size_t i = 0; i < c->count; i++, item = item->next) {
        mi_node row = mi_get_element(r, &table, item, i);
        read_method(r, &row, &c->methods[i]);
    }
    mi_node outcomes =
        open_array(r, top, "outcomes", sizeof *c->outcomes, &c->outcomes, &c->outcome_count);
    item = c->outcome_count == 0 ? NULL : outcomes.json->child;
    for (size_t i = 0; i < c->outcome_count; i++, item = item->next) {
        mi_node row = mi_get_element(r, &outcomes, item, i);
        read_outcome(r, &row, &c->outcomes[i]);
    }
    read_bases(r, top, c);
}

void mi_comparison_free(mi_comparison *c)
{
    for (size_t i = 0; i < c->count; i++) {
        free(c->methods[i].label);
        free(c->methods[i].method);
        free(c->methods[i].target);
        free(c->methods[i].verdict);
        for (int w = 0; w < MI_WAYS; w++) {
            free(c->methods[i].reasons[w]);
        }
    }
    for (size_t i = 0; i < c->outcome_count; i++) {
        free(c->outcomes[i].label);
    }
    free(c->methods);
    free(c->outcomes);
    free(c->title);
}
