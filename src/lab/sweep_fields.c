/* Fields of a sweep result, for docs/reference.md. */
#include "fields.h"

#include <stddef.h>

const mi_field_note mi_sweep_field_notes[] = {
    {"config", "the sweep with the experiments inside it, defaults filled in; itself an "
               "experiment file"},
    {"inner, first_units", "kind of the experiment inside; the resolved configuration of the first "
                           "unit of each case"},
    {"unit_count, done, failed", "units there are, and how many of them have values or failed"},
    {"axes[]", "name, label, unit, scale, set (JSON paths), numeric, values, labels; the axis of "
               "cases first"},
    {"seeds", "the replicates"},
    {"columns[]", "name, path, label, unit, numeric (no text among the values)"},
    {"figures[]", "name, kind, columns, x, y, title, note"},
    {"cells[]",
     "one object a combination of axis values: at (index into the values of each axis), done, "
     "failed, and in values for each column count, mean, deviation, low and high (95 % by "
     "Student's t over the seeds), or texts with how many times each; each: the value of each "
     "seed, "
     "up to 5000 units; null beyond 10000 cells, which cells.csv has"},
    {"failures[]", "the first 100 failed units: unit, at, seed, message"},
    {"files", "table.csv and table.json: one row a unit; cells.csv: one row a cell"},
    {"timing", "seconds; computed and resumed: units of this run and of earlier ones; threads"},
    {NULL, NULL},
};
