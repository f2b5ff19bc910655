/* Figures of a finished result, from its JSON alone: nothing is computed again. */
#ifndef MASKINFO_FIGURES_H
#define MASKINFO_FIGURES_H

#include <cjson/cJSON.h>

#include "maskinfo/status.h"

/* Runs of a "checks" or "methods" result that there may be, those of all seeds. */
enum { MI_MOST_RUNS = 96 };

/* Draw the figures of a "curve", "compare", "estimators", "train", "checks", "center" or "sweep"
 * result (a sweep names its own) in `directory` (made where missing). A figure NAME is four files:
 *
 *     NAME.dat   the numbers: one block per curve, two blank lines between blocks, columns named
 *                with their units; "?" stands for a number that the result does not have
 *     NAME.gp    the gnuplot script; `gnuplot NAME.gp` in that directory draws the next two again
 *     NAME.svg, NAME.png
 *
 * and "fits" of a compare result has its numbers in fits.txt and fits.md as well. Everything is
 * made in a temporary sub-directory and renamed into place when it is complete. A figure that would
 * show nothing is left out, and its files of an earlier result are removed (of a sweep, where its
 * file still names it; else mi_figures_discard does). The names of the files, relative to
 * `directory`, are appended to the array `files`.
 *
 * Without gnuplot the result is MI_OK with *ret_drawn = false, a hint in status->message, and .dat
 * and .gp in place. MI_INPUT: the JSON is not a result that has figures (status->place says where);
 * MI_IO: a file can not be written, or gnuplot failed (its last words are in the message).
 *
 * In a compare result a curve appears in the figures named by its "figures" (absent: in all but
 * "families" and "dichotomy", which a curve must ask for), and the figures named by the result's
 * own "figures" are drawn (absent: all). Colour, dash and marker of a curve are the same in every
 * figure: by its place among the curves of its "group" ("text": warm colours, filled markers;
 * "image": cool colours, open markers), or from its "color" ("#rrggbb") and "dash" (gnuplot's dash
 * types 1..5). Dash types 2 and 3 are never given by default: 2 is left for the file, 3 (dotted)
 * marks a misfit.
 *
 *     mi_status status = {0};
 *     bool drawn = false;
 *     cJSON *files = cJSON_AddArrayToObject(result, "files");
 *     if (mi_figures_draw(result, "plots/task2", &drawn, files, &status) == MI_OK && !drawn) {
 *         fprintf(stderr, "%s\n", status.message);
 *     }
 */
mi_code mi_figures_draw(const cJSON *result, const char *directory, bool *ret_drawn, cJSON *files,
                        mi_status *status);

/* Remove the files of figures that `earlier`, "files" of the result that was in the directory,
 * names and the new result's `files` do not. Each may be NULL; other files than those of figures
 * stay. */
void mi_figures_discard(const char *directory, const cJSON *earlier, const cJSON *files);

/* May a curve's "figures" hold this name? And all such names, "information, vocabulary, ...", in
 * text (size bytes); returns text. */
bool mi_figures_known(const char *name);
char *mi_figures_names(char *text, size_t size);

#endif
