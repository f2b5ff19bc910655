/* What a figure of lines of a sweep shows: which axes give panels and which lines, and the blocks
 * of numbers of a line. */
#ifndef MASKINFO_REPORT_SWEEP_LINES_H
#define MASKINFO_REPORT_SWEEP_LINES_H

#include "sweep_parts.h"

enum {
    MI_SWEEP_SERIES = 16,  /* in one panel: as many looks differ */
    MI_SWEEP_COLUMNS = 5,  /* as there are dashes */
    MI_SWEEP_DECADES = 100 /* a span that needs a logarithm */
};

typedef struct mi_lines_plan {
    const mi_swept *swept;
    const mi_swept_figure *figure;
    const mi_swept_axis *x;
    mi_combinations panels, series;
    size_t columns[MI_SWEEP_COLUMNS], column_count; /* the numeric ones */
    size_t series_shown, panels_shown;
    bool logarithmic;  /* the y axis */
    size_t idle_count; /* other axes on which nothing here depends */
    size_t idle[MI_SWEEP_AXES];
    double *rows; /* room for a block of all seeds */
} mi_lines_plan;

/* The plan of a figure; rows: free(). */
mi_code mi_lines_plan_make(const mi_swept *swept, const mi_swept_figure *figure,
                           mi_lines_plan *ret_plan);

/* Value `i` of the x axis on a line of a panel. */
size_t mi_lines_cell(const mi_lines_plan *plan, size_t panel, size_t series, size_t i);

/* The block of means of a line; -1 where it has none. *ret_band: is there an interval? */
int mi_lines_means(mi_sheet *sheet, const mi_lines_plan *plan, size_t panel, size_t series,
                   size_t column, bool *ret_band);

/* The block of single seeds of a line; -1 where there is at most one of each cell. */
int mi_lines_seeds(mi_sheet *sheet, const mi_lines_plan *plan, size_t panel, size_t series,
                   size_t column);

/* Colour, dash and point of a line: those of its strategy where the lines are strategies. */
mi_look mi_lines_look(const mi_lines_plan *plan, size_t series, size_t column);

/* The y axis of a panel: the range of means and seeds, and of intervals as far as they are not much
 * wider: Student's interval of two seeds would leave nothing else to be seen. */
typedef struct mi_lines_span {
    mi_sweep_range range;
    bool cut; /* intervals go on beyond it */
} mi_lines_span;

mi_lines_span mi_lines_span_of(const mi_lines_plan *plan, size_t panel);

/* Is there a mean of the panel that is one seed's alone? */
bool mi_lines_alone(const mi_lines_plan *plan, size_t panel);

/* Keys and notes below the panels. */
void mi_lines_legend(mi_sheet *sheet, const mi_lines_plan *plan);

#endif
