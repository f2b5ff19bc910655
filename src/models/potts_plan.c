#include "potts_plan.h"

#include <stdlib.h>

#include "maskinfo/memory.h"

mi_code mi_potts_plan_create(size_t sites, mi_potts_plan **ret_plan, mi_status *status)
{
    mi_potts_plan *p = NULL;
    mi_code code = mi_allocate(1, sizeof *p, &p, status);
    if (code != MI_OK) {
        return code;
    }
    if ((code = mi_allocate(sites, sizeof *p->site, &p->site, status)) != MI_OK ||
        (code = mi_allocate(sites, sizeof *p->place, &p->place, status)) != MI_OK ||
        (code = mi_allocate(sites, sizeof *p->width, &p->width, status)) != MI_OK ||
        (code = mi_allocate(sites, sizeof *p->color, &p->color, status)) != MI_OK ||
        (code = mi_allocate(sites, sizeof *p->parent, &p->parent, status)) != MI_OK ||
        (code = mi_allocate(sites, sizeof *p->child, &p->child, status)) != MI_OK ||
        (code = mi_allocate(sites, sizeof *p->sibling, &p->sibling, status)) != MI_OK ||
        (code = mi_allocate(sites, sizeof *p->offset, &p->offset, status)) != MI_OK ||
        (code = mi_allocate(sites, sizeof *p->scope, &p->scope, status)) != MI_OK ||
        (code = mi_allocate(sites, sizeof *p->mark, &p->mark, status)) != MI_OK) {
        mi_potts_plan_destroy(p);
        return code;
    }
    *ret_plan = p;
    return MI_OK;
}

void mi_potts_plan_destroy(mi_potts_plan *plan)
{
    if (plan != NULL) {
        free(plan->site);
        free(plan->place);
        free(plan->width);
        free(plan->color);
        free(plan->parent);
        free(plan->child);
        free(plan->sibling);
        free(plan->offset);
        free(plan->scope);
        free(plan->mark);
        free(plan);
    }
}

static void copy_order(mi_potts_plan *plan, const mi_potts_order *order)
{
    plan->count = order->count;
    plan->cost = order->cost;
    for (size_t i = 0; i < order->lattice->sites; i++) {
        plan->place[i] = order->lattice->sites;
    }
    for (size_t p = 0; p < plan->count; p++) {
        plan->site[p] = order->site[p];
        plan->place[order->site[p]] = p;
        plan->child[p] = plan->sibling[p] = plan->parent[p] = plan->count;
        plan->width[p] = 0;
        plan->mark[p] = plan->count;
    }
}

/* Add `other` to the scope of p unless it is there or comes before p. */
static void join(mi_potts_plan *plan, size_t p, size_t other)
{
    if (other > p && other < plan->count && plan->mark[other] != p) {
        plan->mark[other] = p;
        plan->scope[p][plan->width[p]++] = other;
        if (plan->parent[p] > other) {
            plan->parent[p] = other;
        }
    }
}

/* Symbolic elimination: the scope of p are its later neighbours and those that its children hand
 * on. */
static void find_scopes(mi_potts_plan *plan, const mi_lattice *lattice)
{
    for (size_t p = 0; p < plan->count; p++) {
        size_t site = plan->site[p];
        for (size_t e = 0; e < lattice->degree[site]; e++) {
            join(plan, p, plan->place[lattice->neighbor[site][e]]);
        }
        for (size_t c = plan->child[p]; c < plan->count; c = plan->sibling[c]) {
            for (size_t k = 0; k < plan->width[c]; k++) {
                join(plan, p, plan->scope[c][k]);
            }
        }
        size_t parent = plan->parent[p];
        if (parent < plan->count) {
            plan->sibling[p] = plan->child[parent];
            plan->child[parent] = p;
        }
    }
}

/* Greedy colouring against the order of elimination needs no more colours than the largest clique
 * has sites. Scopes are sorted on the way. */
static void color_sites(mi_potts_plan *plan)
{
    for (size_t p = plan->count; p-- > 0;) {
        uint32_t taken = 0;
        size_t *scope = plan->scope[p];
        for (size_t k = 0; k < plan->width[p]; k++) {
            size_t moved = scope[k], at = k;
            taken |= UINT32_C(1) << plan->color[moved];
            for (; at > 0 && plan->color[scope[at - 1]] < plan->color[moved]; at--) {
                scope[at] = scope[at - 1];
            }
            scope[at] = moved;
        }
        plan->color[p] = (unsigned char)__builtin_ctz(~taken);
    }
}

static void place_messages(mi_potts_plan *plan, size_t states)
{
    plan->room = 0;
    for (size_t p = 0; p < plan->count; p++) {
        size_t size = 1;
        for (size_t k = 0; k < plan->width[p]; k++) {
            size *= states;
        }
        plan->offset[p] = plan->room;
        plan->room += size;
    }
}

void mi_potts_plan_make(mi_potts_plan *plan, const mi_potts_order *order)
{
    copy_order(plan, order);
    find_scopes(plan, order->lattice);
    color_sites(plan);
    place_messages(plan, order->states);
}
