#include "context.h"

/* The nearest on each side, the nearer of the two first, then the second on each side, ... */
static size_t from_sequence(size_t sites, const unsigned char *masked, size_t site, size_t wanted,
                            size_t *chosen)
{
    size_t count = 0, left = site, right = site; /* all between them is masked or chosen */
    while (count < wanted) {
        while (left > 0 && masked[left - 1]) {
            left--;
        }
        while (right + 1 < sites && masked[right + 1]) {
            right++;
        }
        bool has_left = left > 0, has_right = right + 1 < sites;
        bool left_first = has_left && (!has_right || site - left <= right - site);
        if (!has_left && !has_right) {
            break;
        }
        chosen[count++] = left_first ? --left : ++right;
        if (has_left && has_right && count < wanted) {
            chosen[count++] = left_first ? ++right : --left;
        }
    }
    return count;
}

static size_t distance2(const mi_shape *shape, size_t a, size_t b)
{
    size_t ra = a / shape->columns, ca = a % shape->columns;
    size_t rb = b / shape->columns, cb = b % shape->columns;
    size_t rows = ra > rb ? ra - rb : rb - ra, columns = ca > cb ? ca - cb : cb - ca;
    return rows * rows + columns * columns;
}

/* By insertion; sites equally far in the order of their index. */
static size_t from_grid(const mi_shape *shape, const unsigned char *masked, size_t site,
                        size_t wanted, size_t *chosen)
{
    size_t count = 0;
    for (size_t i = 0; i < shape->sites; i++) {
        size_t far = distance2(shape, i, site);
        if (masked[i] || (count == wanted && far >= distance2(shape, chosen[count - 1], site))) {
            continue;
        }
        count += count < wanted;
        size_t place = count - 1;
        for (; place > 0 && distance2(shape, chosen[place - 1], site) > far; place--) {
            chosen[place] = chosen[place - 1];
        }
        chosen[place] = i;
    }
    return count;
}

size_t mi_context_find(const mi_shape *shape, const unsigned char *masked, size_t site,
                       size_t wanted, size_t *chosen)
{
    size_t most = wanted == 0 || wanted > shape->sites ? shape->sites : wanted;
    return shape->dimensions == 1 ? from_sequence(shape->sites, masked, site, most, chosen)
                                  : from_grid(shape, masked, site, most, chosen);
}
