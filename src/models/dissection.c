#include "dissection.h"

/* Rectangles of at most this many sites are not divided further. */
enum { LEAF_SITES = 16 };

typedef struct rectangle {
    size_t row, column, rows, columns;
} rectangle;

typedef struct plan {
    size_t columns; /* of the lattice */
    size_t thickness;
    size_t *order;
    size_t count; /* sites in order so far */
} plan;

static void append(plan *p, rectangle r)
{
    for (size_t i = r.row; i < r.row + r.rows; i++) {
        for (size_t j = r.column; j < r.column + r.columns; j++) {
            p->order[p->count++] = i * p->columns + j;
        }
    }
}

/* Two halves and the separator between them; the depth is the logarithm of the sites. */
static void dissect(plan *p, rectangle r)
{
    bool across = r.rows >= r.columns; /* cut by rows */
    size_t length = across ? r.rows : r.columns;
    if (r.rows * r.columns <= LEAF_SITES || length <= p->thickness + 1) {
        append(p, r);
        return;
    }
    rectangle before = r, separator = r, after = r;
    size_t half = (length - p->thickness) / 2;
    if (across) {
        before.rows = half;
        separator.row = r.row + half;
        separator.rows = p->thickness;
        after.row = separator.row + p->thickness;
        after.rows = length - half - p->thickness;
    } else {
        before.columns = half;
        separator.column = r.column + half;
        separator.columns = p->thickness;
        after.column = separator.column + p->thickness;
        after.columns = length - half - p->thickness;
    }
    dissect(p, before);
    dissect(p, after);
    append(p, separator);
}

void mi_dissection_order(size_t rows, size_t columns, bool torus, size_t thickness, size_t *order)
{
    plan p = {.columns = columns, .thickness = thickness, .order = order};
    if (!torus || rows <= thickness || columns <= thickness) {
        dissect(&p, (rectangle){0, 0, rows, columns});
        return;
    }
    dissect(&p, (rectangle){thickness, thickness, rows - thickness, columns - thickness});
    append(&p, (rectangle){thickness, 0, rows - thickness, thickness});
    append(&p, (rectangle){0, 0, thickness, columns});
}
