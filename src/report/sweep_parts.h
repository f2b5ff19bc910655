/* What the figures of a sweep share. A panel fixes the values of some axes; a series, for a line
 * figure, those of all others but x. */
#ifndef MASKINFO_REPORT_SWEEP_PARTS_H
#define MASKINFO_REPORT_SWEEP_PARTS_H

#include "figure.h"
#include "maskinfo/rows.h"
#include "swept.h"

enum { MI_SWEEP_LABEL = 240 };

/* All combinations of the values of some axes, row-major. */
typedef struct mi_combinations {
    size_t axes[MI_SWEEP_AXES], axis_count;
    size_t count; /* 1 where there is no axis */
} mi_combinations;

/* Take one more axis in. */
void mi_combinations_add(mi_combinations *combinations, const mi_swept *swept, size_t axis);

/* First cell (index 0 on all other axes) of a combination; and its labels, "0.1, free", or with the
 * names of the axes, "kappa 0.1, boundary free". */
size_t mi_combinations_cell(const mi_combinations *combinations, const mi_swept *swept,
                            size_t number);
void mi_combinations_label(const mi_combinations *combinations, const mi_swept *swept,
                           size_t number, bool named, char label[MI_SWEEP_LABEL]);

/* The value of a column in a cell. */
const mi_swept_value *mi_sweep_value(const mi_swept *swept, size_t cell, size_t column);

/* gnuplot's tics at `places` (NULL: 0, 1, 2, ...) with an axis's labels, cut; they are turned where
 * they do not fit in `width` pixels. Returns the characters of the longest. */
size_t mi_sweep_tics(mi_sheet *sheet, const mi_swept_axis *axis, char which,
                     const double *opt_places, int width);

/* The note of the figure, and how many units failed. */
void mi_sweep_notes(mi_sheet *sheet, const mi_swept_figure *figure, const char *general);

void mi_sweep_lines(mi_sheet *sheet, const mi_swept_figure *figure);
void mi_sweep_heat(mi_sheet *sheet, const mi_swept_figure *figure);

#endif
