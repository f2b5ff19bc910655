/* The journals of a sweep: which lines are of this sweep, and all of them in the order of units. */
#ifndef MASKINFO_LAB_SWEEP_JOURNAL_H
#define MASKINFO_LAB_SWEEP_JOURNAL_H

#include "sweep.h"

/* What is known of a unit. */
typedef enum mi_known { MI_UNKNOWN, MI_KNOWN_FAILED, MI_KNOWN_DONE } mi_known;

enum { MI_LINE_FOREIGN = -1, MI_LINE_SPARE = -2 };

/* The unit that a line is about: the one it names, if the key is that one's; else one of the same
 * key of which nothing is known, because the sweep has got other values. MI_LINE_FOREIGN: no unit
 * has that key; MI_LINE_SPARE: those that have it are known. */
long mi_sweep_find_unit(const mi_sweep_book *book, const mi_sweep_head *head,
                        const unsigned char *known);
mi_code mi_sweep_sort_keys(mi_sweep_book *book, mi_status *status);

/* Is it a record as we write it, of a unit that is done or failed? Accepts NULL. */
bool mi_sweep_is_record(const mi_sweep *s, const cJSON *opt_record);
/* Put it into the rows. */
mi_code mi_sweep_fill_row(const mi_sweep_book *book, size_t unit, const cJSON *record,
                          mi_status *status);

/* What an earlier run left is taken up, forgotten (--fresh), or a reason to refuse; so are files
 * that are no journals and have the name of one. */
mi_code mi_sweep_take_up(mi_sweep_book *book, mi_status *status);

/* The first line of a journal, as JSON text (cJSON_free). */
char *mi_sweep_journal_head(const mi_sweep *s);

/* The other journals in the folder, sorted: of a whole run those of parts, of a part all. */
mi_code mi_sweep_find_others(mi_sweep_book *book, mi_status *status);

/* Write the own journal anew: its first line, and each known unit once, in order. Of a whole run,
 * journals of parts are taken in and removed. */
mi_code mi_sweep_rewrite(const mi_sweep_book *book, mi_status *status);

#endif
