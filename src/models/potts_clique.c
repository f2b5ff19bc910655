#include "potts_clique.h"

#include <stdlib.h>

#include "maskinfo/memory.h"

enum {
    FAST = 128 /* a row of so many numbers stays in the first cache with its messages and maps */
};

static size_t power(size_t base, size_t exponent)
{
    size_t result = 1;
    while (exponent-- > 0) {
        result *= base;
    }
    return result;
}

/* Sites of a scope of `width` that are fast. */
static size_t fast_sites(size_t states, size_t width)
{
    size_t fast = 0;
    for (size_t extent = states; fast < width && extent <= FAST; extent *= states) {
        fast++;
    }
    return fast;
}

static size_t count_children(const mi_potts_plan *plan, size_t p)
{
    size_t children = 0;
    for (size_t c = plan->child[p]; c < plan->count; c = plan->sibling[c]) {
        children++;
    }
    return children;
}

static mi_code fit_factors(mi_potts_clique *clique, size_t room, mi_status *status)
{
    if (room <= clique->factor_room) {
        return MI_OK;
    }
    mi_code code = mi_resize(room, sizeof(double), &clique->low_factor, status);
    if (code == MI_OK) {
        code = mi_resize(room, sizeof(double), &clique->high_factor, status);
    }
    if (code == MI_OK) {
        code = mi_resize(room, sizeof(double), &clique->row, status);
    }
    for (size_t v = 0; code == MI_OK && v < clique->view_room; v++) {
        code = mi_resize(room, sizeof(uint32_t), &clique->views[v].low_map, status);
        if (code == MI_OK) {
            code = mi_resize(room, sizeof(uint32_t), &clique->views[v].high_map, status);
        }
    }
    if (code == MI_OK) {
        clique->factor_room = room;
    }
    return code;
}

static mi_code fit_views(mi_potts_clique *clique, size_t children, mi_status *status)
{
    if (children <= clique->view_room) {
        return MI_OK;
    }
    mi_code code = mi_resize(children, sizeof *clique->views, &clique->views, status);
    while (code == MI_OK && clique->view_room < children) {
        mi_potts_view *view = &clique->views[clique->view_room++];
        *view = (mi_potts_view){0};
        code = mi_allocate(clique->factor_room, sizeof(uint32_t), &view->low_map, status);
        if (code == MI_OK) {
            code = mi_allocate(clique->factor_room, sizeof(uint32_t), &view->high_map, status);
        }
    }
    return code;
}

mi_code mi_potts_clique_fit(mi_potts_clique *clique, const mi_potts_plan *plan, size_t states,
                            mi_status *status)
{
    size_t room = states, children = 0;
    clique->states = states;
    for (size_t p = 0; p < plan->count; p++) {
        size_t fast = fast_sites(states, plan->width[p]), slow = plan->width[p] - fast;
        size_t here = power(states, 1 + (fast > slow ? fast : slow)),
               links = count_children(plan, p);
        room = here > room ? here : room;
        children = links > children ? links : children;
    }
    mi_code code = fit_factors(clique, room, status);
    return code == MI_OK ? fit_views(clique, children, status) : code;
}

void mi_potts_clique_free(mi_potts_clique *clique)
{
    for (size_t v = 0; v < clique->view_room; v++) {
        free(clique->views[v].low_map);
        free(clique->views[v].high_map);
    }
    free(clique->views);
    free(clique->low_factor);
    free(clique->high_factor);
    free(clique->row);
}

/* map (q^sites) = base + sum over the sites of symbol * stride, the last site fastest. */
static void fill_map(uint32_t *map, size_t states, const size_t *stride, size_t sites, size_t base)
{
    size_t size = 1;
    map[0] = (uint32_t)base;
    for (size_t k = 0; k < sites; k++, size *= states) {
        for (size_t i = size; i-- > 0;) {
            uint32_t before = map[i];
            for (size_t y = states; y-- > 0;) {
                map[i * states + y] = before + (uint32_t)(y * stride[k]);
            }
        }
    }
}

/* table (q^sites) = base * weight^(coupled sites of symbol x), the last site fastest. */
static void fill_factor(double *table, size_t states, const bool *coupled, size_t sites, size_t x,
                        double weight, double base)
{
    size_t size = 1;
    table[0] = base;
    for (size_t k = 0; k < sites; k++, size *= states) {
        for (size_t i = size; i-- > 0;) {
            double before = table[i];
            for (size_t y = states; y-- > 0;) {
                table[i * states + y] = coupled[k] && y == x ? before * weight : before;
            }
        }
    }
}

/* Where the symbol of `place` counts in the message of c; 0 where it does not. */
static size_t stride_in(const mi_potts_plan *plan, size_t states, size_t c, size_t place)
{
    size_t stride = 1;
    for (size_t k = plan->width[c]; k-- > 0; stride *= states) {
        if (plan->scope[c][k] == place) {
            return stride;
        }
    }
    return 0;
}

static void set_view(mi_potts_clique *clique, const mi_potts_plan *plan, size_t p, size_t slow,
                     size_t c, mi_potts_view *view)
{
    size_t stride[MI_POTTS_WIDTH], width = plan->width[p], q = clique->states, natural = 1;
    size_t own = stride_in(plan, q, c, p);
    view->child = c;
    view->plain = true;
    for (size_t k = width; k-- > 0; natural *= q) {
        stride[k] = stride_in(plan, q, c, plan->scope[p][k]);
        view->plain = view->plain && (k < slow || stride[k] == natural);
    }
    fill_map(view->low_map, q, stride + slow, width - slow, 0);
    for (size_t x = 0; x < q; x++) {
        fill_map(view->high_map + x * clique->high, q, stride, slow, x * own);
    }
}

static bool are_neighbors(const mi_lattice *lattice, size_t a, size_t b)
{
    for (size_t e = 0; e < lattice->degree[a]; e++) {
        if (lattice->neighbor[a][e] == b) {
            return true;
        }
    }
    return false;
}

void mi_potts_clique_set(mi_potts_clique *clique, const mi_potts_plan *plan,
                         const mi_lattice *lattice, double weight, const double *field, size_t p)
{
    bool coupled[MI_POTTS_WIDTH];
    size_t q = clique->states, width = plan->width[p], fast = fast_sites(q, width),
           slow = width - fast;
    clique->low = power(q, fast);
    clique->high = power(q, slow);
    clique->children = 0;
    for (size_t k = 0; k < width; k++) {
        coupled[k] = are_neighbors(lattice, plan->site[p], plan->site[plan->scope[p][k]]);
    }
    for (size_t x = 0; x < q; x++) {
        fill_factor(clique->high_factor + x * clique->high, q, coupled, slow, x, weight, field[x]);
        fill_factor(clique->low_factor + x * clique->low, q, coupled + slow, fast, x, weight, 1);
    }
    for (size_t c = plan->child[p]; c < plan->count; c = plan->sibling[c]) {
        set_view(clique, plan, p, slow, c, &clique->views[clique->children++]);
    }
}

void mi_potts_clique_factors(mi_potts_clique *clique, size_t x, size_t h)
{
    const double *restrict low = clique->low_factor + x * clique->low;
    double *restrict row = clique->row, high = clique->high_factor[x * clique->high + h];
    for (size_t l = 0; l < clique->low; l++) {
        row[l] = high * low[l];
    }
}

void mi_potts_clique_multiply(mi_potts_clique *clique, const mi_potts_view *view,
                              const double *message, size_t x, size_t h)
{
    const double *restrict from = message + view->high_map[x * clique->high + h];
    const uint32_t *restrict map = view->low_map;
    double *restrict row = clique->row;
    if (view->plain) {
        for (size_t l = 0; l < clique->low; l++) {
            row[l] *= from[l];
        }
        return;
    }
    for (size_t l = 0; l < clique->low; l++) {
        row[l] *= from[map[l]];
    }
}

void mi_potts_clique_scatter(const mi_potts_clique *clique, const mi_potts_view *view,
                             double *message, size_t x, size_t h)
{
    double *restrict to = message + view->high_map[x * clique->high + h];
    const uint32_t *restrict map = view->low_map;
    const double *restrict row = clique->row;
    if (view->plain) {
        for (size_t l = 0; l < clique->low; l++) {
            to[l] += row[l];
        }
        return;
    }
    for (size_t l = 0; l < clique->low; l++) {
        to[map[l]] += row[l];
    }
}
