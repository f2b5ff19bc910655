/* What the figures of training runs share. */
#ifndef MASKINFO_REPORT_TRAIN_PARTS_H
#define MASKINFO_REPORT_TRAIN_PARTS_H

#include "figure.h"
#include "trained.h"

/* Colours of what is exactly possible, of a floor, and of a network (by its group). */
extern const char mi_exact_color[], mi_floor_color[];
const char *mi_network_color(const mi_trained *trained);

/* The run of a train result; NULL in other reports. */
const mi_trained *mi_report_run(const mi_report *report);

/* Data blocks of the points and of the exact curve; -1 where there are none. */
int mi_points_block(mi_sheet *sheet, const mi_trained *trained);
int mi_exact_block(mi_sheet *sheet, const mi_trained *trained);

/* An item: the points' column with bars of two standard errors (error < 0: none), columns from 0.
 */
void mi_put_points(mi_sheet *sheet, const mi_trained *trained, int block, int value, int error);

/* Before the items of a panel over r: a vertical line at an optimum, its 95 % interval as a band,
 * and its name in line `row` 0, 1 ... of the top of the panel, left or right; the range of y should
 * leave a quarter of the values' own above them. */
void mi_put_best(mi_sheet *sheet, const mi_best *best, const char *name, const char *color, int row,
                 bool left);

/* "set yrange" around [low, high], with room for `top` more of it above and `bottom` below; nothing
 * where low > high. */
void mi_put_range(mi_sheet *sheet, double low, double high, double bottom, double top);

/* The verdict as small print, a leak as a red heading. */
void mi_put_verdict(mi_sheet *sheet, const mi_trained *trained);

/* The title of the run and its ratio, as a heading. */
void mi_put_run_heading(mi_sheet *sheet, const mi_trained *trained);

#endif
