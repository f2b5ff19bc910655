/* Block-wise masks: rectangles are hidden one after the other until enough sites are (Bao, Dong,
 * Piao and Wei 2022, "BEiT", arXiv 2106.08254, algorithm 1). There the mask stops short of its
 * target where the next rectangle would go beyond it; here the last rectangle is cut, row by row,
 * so that every mask of a ratio hides the same number of sites, as under the other strategies. */
#include "masks.h"

#include <gsl/gsl_math.h>
#include <string.h>

static const mi_parameter parameters[] = {
    {.name = "min_size",
     .type = MI_INTEGER,
     .low = 1,
     .high = 1e6,
     .fallback = "16",
     .unit = "sites",
     .help = "a rectangle's area is uniform between this and the sites still to hide (where fewer "
             "are left, it is that number)"},
    {.name = "max_size",
     .type = MI_INTEGER,
     .low = 1,
     .high = 1e9,
     .fallback = "null",
     .unit = "sites",
     .help = "largest area of a rectangle; absent: the sites still to hide"},
    {.name = "aspect",
     .type = MI_REAL,
     .low = 0,
     .high = 1,
     .flags = MI_LOW_OPEN,
     .fallback = "0.3",
     .unit = "",
     .help = "height over width of a rectangle lies between this and its inverse, uniform in the "
             "logarithm"},
    {.name = NULL},
};

static mi_code check(const mi_values *values, mi_layout layout, double ratio, mi_status *status)
{
    size_t least = mi_count(values, "min_size"), sites = mi_layout_sites(layout);
    mi_code code = mi_mask_check_dimensions("block", layout, 2, "\"span\"", status);
    if (code != MI_OK) {
        return code;
    }
    if (least > sites) {
        return mi_fail_at(status, "min_size",
                          "%zu sites are a block larger than the grid of %zu x %zu: must be in "
                          "[1, %zu]",
                          least, layout.rows, layout.columns, sites);
    }
    if (mi_given(values, "max_size") &&
        (mi_count(values, "max_size") < least || mi_count(values, "max_size") > sites)) {
        return mi_fail_at(status, "max_size",
                          "%zu; must be in [%zu, %zu], from min_size to the grid of %zu x %zu",
                          mi_count(values, "max_size"), least, sites, layout.rows, layout.columns);
    }
    return mi_mask_check_count(ratio, sites, status);
}

static size_t side(double length, size_t limit)
{
    return (size_t)fmin(fmax(round(length), 1), (double)limit);
}

typedef struct rectangle {
    size_t row, column, rows, columns;
} rectangle;

static rectangle draw_rectangle(const mi_values *values, mi_layout layout, size_t left,
                                gsl_rng *stream)
{
    double most = (double)left, bound = log(mi_real(values, "aspect"));
    if (mi_given(values, "max_size")) {
        most = fmin(most, (double)mi_count(values, "max_size"));
    }
    double least = fmin((double)mi_count(values, "min_size"), most);
    double area = least + (most - least) * gsl_rng_uniform(stream);
    double aspect = exp(bound * (2 * gsl_rng_uniform(stream) - 1));
    rectangle r = {.rows = side(sqrt(area * aspect), layout.rows),
                   .columns = side(sqrt(area / aspect), layout.columns)};
    r.row = gsl_rng_uniform_int(stream, layout.rows - r.rows + 1);
    r.column = gsl_rng_uniform_int(stream, layout.columns - r.columns + 1);
    return r;
}

/* Hide what the rectangle adds, at most `left` sites; how many are left then. */
static size_t hide(const rectangle *r, mi_layout layout, size_t left, unsigned char *masked)
{
    for (size_t row = r->row; row < r->row + r->rows; row++) {
        for (size_t column = r->column; column < r->column + r->columns && left > 0; column++) {
            unsigned char *site = &masked[row * layout.columns + column];
            left -= *site == 0;
            *site = 1;
        }
    }
    return left;
}

static void draw(const mi_values *values, mi_layout layout, double ratio, gsl_rng *stream,
                 unsigned char *masked)
{
    size_t left = mi_mask_draw_count(ratio, mi_layout_sites(layout), stream);
    memset(masked, 0, mi_layout_sites(layout));
    while (left > 0) {
        rectangle r = draw_rectangle(values, layout, left, stream);
        left = hide(&r, layout, left, masked);
    }
}

const mi_mask_class mi_block_mask = {
    .name = "block",
    .summary = "rectangles of random area and aspect ratio, as in BEiT and iBOT",
    .parameters = parameters,
    .check = check,
    .draw = draw,
};
