/* What the lines of a figure of a sweep look like, and the range of a panel. */
#include <math.h>
#include <string.h>

#include "sweep_lines.h"

static const int dashes[MI_SWEEP_COLUMNS] = {1, 2, 4, 5, 3};

/* The strategy that a line is of; NULL where the lines are not told apart by strategies alone. */
static const mi_strategy *strategy_of(const mi_lines_plan *p, size_t series)
{
    const mi_strategy *own = NULL;
    if (p->series.axis_count != 1) {
        return NULL;
    }
    const mi_swept_axis *axis = &p->swept->axes[p->series.axes[0]];
    for (size_t i = 0; i < axis->count; i++) {
        const mi_strategy *m = mi_strategies;
        while (m->name != NULL && strcmp(m->name, axis->labels[i]) != 0) {
            m++;
        }
        if (m->name == NULL) {
            return NULL;
        }
        own = i == series ? m : own;
    }
    return own;
}

mi_look mi_lines_look(const mi_lines_plan *p, size_t series, size_t column)
{
    const mi_strategy *strategy = strategy_of(p, series);
    mi_look look = mi_look_of(p->series_shown > 1 ? series : column);
    if (strategy != NULL && p->series_shown > 1) {
        memcpy(look.color, strategy->color, sizeof look.color);
        look.point = strategy->full_point;
    }
    look.dash = dashes[column];
    return look;
}

/* Of means and seeds, and of intervals too. */
static void measure(const mi_lines_plan *p, size_t panel, mi_sweep_range *points,
                    mi_sweep_range *intervals)
{
    for (size_t series = 0; series < p->series_shown; series++) {
        for (size_t k = 0; k < p->x->count * p->column_count; k++) {
            const mi_swept_value *v =
                mi_sweep_value(p->swept, mi_lines_cell(p, panel, series, k / p->column_count),
                               p->columns[k % p->column_count]);
            points->low = fmin(points->low, v->mean);
            points->high = fmax(points->high, v->mean);
            intervals->low = fmin(intervals->low, fmin(v->mean, v->low));
            intervals->high = fmax(intervals->high, fmax(v->mean, v->high));
            for (size_t i = 0; v->opt_each != NULL && i < p->swept->seed_count; i++) {
                points->low = fmin(points->low, v->opt_each[i]);
                points->high = fmax(points->high, v->opt_each[i]);
            }
        }
    }
}

mi_lines_span mi_lines_span_of(const mi_lines_plan *p, size_t panel)
{
    const mi_sweep_range nothing = {.low = INFINITY, .high = -INFINITY};
    mi_sweep_range points = nothing, intervals = nothing;
    mi_lines_span s = {.range = {.low = NAN, .high = NAN}};
    measure(p, panel, &points, &intervals);
    double low = points.low, high = points.high, spread = high - low;
    if (p->logarithmic && low > 0 && isfinite(spread)) {
        s.range = (mi_sweep_range){low / 1.5, high * 1.5, true};
    } else if (spread > 1e-9 * fmax(fabs(high), fabs(low))) {
        s.range.low = fmax(low - 0.6 * spread, fmin(intervals.low, low) - 0.05 * spread);
        s.range.high = fmin(high + 0.6 * spread, fmax(intervals.high, high) + 0.05 * spread);
    } else if (isfinite(spread)) {
        double margin = high != 0 ? 0.1 * fabs(high) : 1;
        s.range = (mi_sweep_range){low - margin, high + margin, false};
    }
    s.cut = intervals.low < s.range.low || intervals.high > s.range.high;
    return s;
}

bool mi_lines_alone(const mi_lines_plan *p, size_t panel)
{
    bool any = false;
    for (size_t series = 0; series < p->series_shown && !any; series++) {
        for (size_t k = 0; k < p->x->count * p->column_count && !any; k++) {
            any = mi_swept_alone(
                p->swept,
                mi_sweep_value(p->swept, mi_lines_cell(p, panel, series, k / p->column_count),
                               p->columns[k % p->column_count]));
        }
    }
    return any;
}
