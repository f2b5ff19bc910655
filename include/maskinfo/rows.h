/* The long table of a sweep: one row a unit, with what was taken from the unit's result; and its
 * aggregates over seeds. Memory is O(units x columns) whatever the texts, of which equal ones are
 * kept once. */
#ifndef MASKINFO_ROWS_H
#define MASKINFO_ROWS_H

#include <cjson/cJSON.h>

#include "maskinfo/result.h"
#include "maskinfo/status.h"

/* What a sweep may have. An axis of cases is there beside those of the grid. */
enum { MI_SWEEP_UNITS = 1000000, MI_SWEEP_GRID = 16, MI_SWEEP_AXES = MI_SWEEP_GRID + 1 };

/* In a result; the files hold them all. MI_MOST_EACH is a number of units: beyond, the numbers of
 * the single seeds are left out. */
enum { MI_MOST_CELLS = 10000, MI_MOST_FAILURES = 100, MI_MOST_EACH = 5000 };

typedef struct mi_rows mi_rows;

typedef enum mi_row_status { MI_ROW_MISSING, MI_ROW_DONE, MI_ROW_FAILED } mi_row_status;

/* A table without a row filled in. The three arrays are those of the sweep's result and must
 * outlive the table:
 *
 *     axes     [{"name", "numeric", "values": [any], "labels": [text], ...}]
 *              may be empty
 *     seeds    [1, 2, ...]
 *              at least one
 *     columns  [{"name", ...}]
 *              at least one
 *
 * Units are numbered row-major over the axes, the first one slowest, seeds fastest.
 * MI_INPUT: an array or a name is missing, or an axis has no values. */
mi_code mi_rows_create(const cJSON *axes, const cJSON *seeds, const cJSON *columns,
                       mi_rows **ret_rows, mi_status *status);
void mi_rows_destroy(mi_rows *rows); /* accepts NULL */

/* Fill in (or replace) the row of a unit: "values" and "reasons" as the journal has them. Each
 * value is a number, a string, a bool or null; opt_reasons holds at the places of nulls a string
 * that says why, and may be shorter or NULL. MI_INPUT where there are not as many values as
 * columns, or one is something else. */
mi_code mi_rows_done(mi_rows *rows, size_t unit, const cJSON *values, const cJSON *opt_reasons,
                     mi_status *status);
mi_code mi_rows_failed(mi_rows *rows, size_t unit, const char *message, mi_status *status);

size_t mi_rows_units(const mi_rows *rows);
mi_row_status mi_rows_status(const mi_rows *rows, size_t unit);
size_t mi_rows_count(const mi_rows *rows, mi_row_status status); /* units of that status */

/* Has the column no text (nor bool) in any row? One without any value is numeric. */
bool mi_rows_numeric(const mi_rows *rows, size_t column);

/* Why no unit that is done has a value in the column: what the first of them says ("" where it says
 * nothing). NULL where some have one, or none is done. */
const char *mi_rows_why_empty(const mi_rows *rows, size_t column);

/* Where a unit stands: an index into each axis's values, `at` has room for all axes; and its place
 * among the seeds. */
void mi_rows_place(const mi_rows *rows, size_t unit, size_t *at, size_t *ret_seed);

/* The long table. CSV as RFC 4180 has it, but with newlines for ends of lines: "unit", one column
 * an axis (the value of a numeric one, else the label), "seed", "status" (done, failed, missing),
 * one column a column (empty for null), and "note" (why values are null, or the failure). Numbers
 * have the digits that JSON gives them. JSON: an array of objects with the same keys. */
mi_code mi_rows_write_csv(const mi_rows *rows, const char *path, mi_status *status);
mi_code mi_rows_write_json(const mi_rows *rows, const char *path, mi_status *status);

/* One row a cell, that is a combination of axis values: the axes, "done", "failed", then of a
 * numeric column NAME its NAME_mean, NAME_deviation, NAME_low, NAME_high, NAME_count, of another
 * one NAME_texts ("healthy: 2; collapsed: 1", in the order of seeds). What a column is, is known
 * from its values alone: one without a value in any unit (all failed) has NAME only, and is empty.
 * No two headings are equal where no axis is named like one of a column's. */
mi_code mi_rows_write_cells_csv(const mi_rows *rows, const char *path, mi_status *status);

/* Add to the result: "cells", with "cells_reason" and null beyond MI_MOST_CELLS of them, and
 * "failures", the first MI_MOST_FAILURES of the failed units:
 *
 *     cells     [{"at": [index..], "done", "failed", "values": {NAME: V}}]
 *     V         {"count": numbers, "mean", "deviation", "low", "high", "each"}
 *               or {"count", "texts": {text: times}, "each"} where the column has texts
 *     failures  [{"unit", "at", "seed", "message"}]
 *
 * "deviation" is that of one seed, unbiased; "low" and "high" bound Student's 95 % interval of the
 * mean; what there is not is null, and "reason" says why. "each" has the number (or text) or null
 * of each seed, where there are at most MI_MOST_EACH units. */
mi_code mi_rows_put_cells(const mi_rows *rows, cJSON *result, mi_status *status);

#endif
