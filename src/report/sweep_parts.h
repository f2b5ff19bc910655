/* What the figures of a sweep share. A panel fixes the values of some axes; a series, for a line
 * figure, those of all others but x. */
#ifndef MASKINFO_REPORT_SWEEP_PARTS_H
#define MASKINFO_REPORT_SWEEP_PARTS_H

#include "figure.h"
#include "maskinfo/rows.h"
#include "swept.h"

enum { MI_SWEEP_LABEL = 800 };

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

/* The name of an axis or column in at most `limit` characters: its unit, in brackets, is kept. */
void mi_sweep_name(char text[MI_SWEEP_LABEL], const char *bare, const char *label, size_t limit);

/* Begin a panel whose y tics take `room` pixels more than the sheet leaves; the box is that of the
 * axes. */
void mi_sweep_panel(mi_sheet *sheet, mi_box box, int room, const char *title,
                    const mi_swept_axis *x, const char *y_label);

/* The ends of an axis; NAN: unknown. */
typedef struct mi_sweep_range {
    double low, high;
    bool logarithmic;
} mi_sweep_range;

/* Tics 0, 1, 2, ... with an axis's labels, cut; on an x axis they are turned where they do not fit
 * in `width` pixels. Returns the characters of the longest that is turned. */
size_t mi_sweep_tics(mi_sheet *sheet, const mi_swept_axis *axis, char which, int width);

/* The same for a numeric x axis, at its values; labels that would touch another are left out. On a
 * linear axis only labels that tell more than the values. */
size_t mi_sweep_places(mi_sheet *sheet, const mi_swept_axis *axis, mi_sweep_range range, int width);

/* The range and the tics of a y axis, and the characters of the widest; pixels that so many take
 * beyond what every panel leaves them, and that the labels of an axis do. */
void mi_sweep_put_range(mi_sheet *sheet, mi_sweep_range range);
size_t mi_sweep_characters(mi_sweep_range range);
int mi_sweep_room(size_t characters);
int mi_sweep_labels_room(const mi_swept_axis *axis);

/* The note of the figure, and how many units failed. */
void mi_sweep_notes(mi_sheet *sheet, const mi_swept_figure *figure, const char *general);

void mi_sweep_lines(mi_sheet *sheet, const mi_swept_figure *figure);
void mi_sweep_heat(mi_sheet *sheet, const mi_swept_figure *figure);

#endif
