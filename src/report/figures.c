#include "maskinfo/figures.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "figure.h"
#include "gnuplot.h"
#include "maskinfo/memory.h"
#include "maskinfo/output.h"

static const mi_figure *const registry[] = {
    &mi_figure_information, &mi_figure_curve,
    &mi_figure_vocabulary,  &mi_figure_joint,
    &mi_figure_fits,        &mi_figure_objective,
    &mi_figure_optimum,     &mi_figure_dichotomy,
    &mi_figure_published,   &mi_figure_masks,
    &mi_figure_strategies,  &mi_figure_predictability,
    &mi_figure_redundancy,  &mi_figure_approximations,
    &mi_figure_estimators,  &mi_figure_advice,
    &mi_figure_training,    &mi_figure_reconstructions,
    &mi_figure_network,     &mi_figure_probe,
    &mi_figure_checks,      &mi_figure_monitors,
    &mi_figure_maps,        &mi_figure_methods,
    &mi_figure_collapse,    &mi_figure_center_equilibrium,
    &mi_figure_center_map,  &mi_figure_center_law,
    &mi_figure_center_loop,
};
enum { FIGURES = sizeof registry / sizeof registry[0] };

/* A panel of "information" that a curve asks for by its own name. */
static const char families[] = "families";

static bool is_choice(size_t figure)
{
    return registry[figure]->compare;
}

bool mi_figures_known(const char *name)
{
    bool known = strcmp(name, families) == 0;
    for (size_t i = 0; i < FIGURES && !known; i++) {
        known = is_choice(i) && strcmp(name, registry[i]->name) == 0;
    }
    return known;
}

char *mi_figures_names(char *text, size_t size)
{
    size_t used = (size_t)snprintf(text, size, "%s", families);
    for (size_t i = 0; i < FIGURES && used < size; i++) {
        if (is_choice(i)) {
            used += (size_t)snprintf(text + used, size - used, ", %s", registry[i]->name);
        }
    }
    return text;
}

/* Where the files of a drawing go: made in `scratch`, renamed to `target`. */
typedef struct drawing {
    const mi_report *report;
    const char *target;
    char *scratch;
    bool missing; /* gnuplot is */
    cJSON *files;
} drawing;

/* "directory/name.ending" in *ret_path (free()). */
static mi_code join(const char *directory, const char *name, const char *ending, char **ret_path,
                    mi_status *status)
{
    size_t size = strlen(directory) + strlen(name) + strlen(ending) + 3;
    mi_code code = mi_allocate(size, 1, ret_path, status);
    if (code == MI_OK) {
        snprintf(*ret_path, size, "%s/%s.%s", directory, name, ending);
    }
    return code;
}

static mi_code list_file(cJSON *files, const char *name, const char *ending, mi_status *status)
{
    char file[96];
    const cJSON *item;
    snprintf(file, sizeof file, "%s.%s", name, ending);
    cJSON_ArrayForEach(item, files)
    {
        if (cJSON_IsString(item) && strcmp(item->valuestring, file) == 0) {
            return MI_OK;
        }
    }
    cJSON *added = cJSON_CreateString(file);
    if (added == NULL || !cJSON_AddItemToArray(files, added)) {
        cJSON_Delete(added);
        return mi_fail(status, MI_MEMORY, "no memory for the list of files");
    }
    return MI_OK;
}

static mi_code write_scratch(const drawing *d, const char *name, const char *ending,
                             const char *text, size_t size, mi_status *status)
{
    char *path = NULL;
    mi_code code = join(d->scratch, name, ending, &path, status);
    if (code == MI_OK) {
        code = mi_write_file(path, text, size, status);
    }
    free(path);
    return code;
}

/* Put a finished file in its place and on the list. */
static mi_code publish(const drawing *d, const char *name, const char *ending, mi_status *status)
{
    char *from = NULL, *to = NULL;
    mi_code code = join(d->scratch, name, ending, &from, status);
    if (code == MI_OK) {
        code = join(d->target, name, ending, &to, status);
    }
    if (code == MI_OK && rename(from, to) != 0) {
        code = mi_fail(status, MI_IO, "can not put %s in place: %s", to, strerror(errno));
    }
    if (code == MI_OK) {
        code = list_file(d->files, name, ending, status);
    }
    free(from);
    free(to);
    return code;
}

/* Remove a file that may or may not be there: what a failure left in the scratch directory, or a
 * picture in the target whose data are about to change. */
static void discard(const char *directory, const char *name, const char *ending)
{
    char *path = NULL;
    if (join(directory, name, ending, &path, NULL) == MI_OK) {
        unlink(path);
    }
    free(path);
}

/* A full disk can leave gnuplot content with half a file: the last bytes tell. */
static mi_code check_whole(const drawing *d, const char *name, const char *ending, const char *end,
                           mi_status *status)
{
    char *path = NULL, tail[16] = "";
    mi_code code = join(d->scratch, name, ending, &path, status);
    if (code != MI_OK) {
        return code;
    }
    FILE *file = fopen(path, "rb");
    bool whole = false;
    if (file != NULL) {
        size_t got = 0;
        if (fseek(file, -(long)(sizeof tail - 1), SEEK_END) == 0) {
            got = fread(tail, 1, sizeof tail - 1, file);
        }
        for (size_t i = 0; i + strlen(end) <= got; i++) {
            whole = whole || memcmp(tail + i, end, strlen(end)) == 0;
        }
        fclose(file);
    }
    free(path);
    return whole ? MI_OK
                 : mi_fail(status, MI_IO, "gnuplot left %s.%s in %s incomplete: is the disk full?",
                           name, ending, d->target);
}

static mi_code draw_pictures(drawing *d, const char *name, mi_status *status)
{
    char script[96];
    snprintf(script, sizeof script, "%s.gp", name);
    mi_code code = mi_gnuplot_run(d->scratch, script, &d->missing, status);
    if (code == MI_OK && !d->missing) {
        code = check_whole(d, name, "svg", "</svg>", status);
    }
    if (code == MI_OK && !d->missing) {
        code = check_whole(d, name, "png", "IEND", status);
    }
    return code;
}

/* The numbers and the script go in place even where gnuplot fails, so that a person can look. */
static mi_code publish_figure(drawing *d, const char *name, mi_code drawn, mi_status *status)
{
    mi_code code = publish(d, name, "dat", drawn == MI_OK ? status : NULL);
    if (code == MI_OK) {
        code = publish(d, name, "gp", drawn == MI_OK ? status : NULL);
    }
    discard(d->target, name, "svg");
    discard(d->target, name, "png");
    if (drawn != MI_OK || code != MI_OK || d->missing) {
        return drawn != MI_OK ? drawn : code;
    }
    code = publish(d, name, "svg", status);
    return code == MI_OK ? publish(d, name, "png", status) : code;
}

mi_code mi_figure_compose(const mi_report *report, const mi_figure *figure, mi_sheet **ret_sheet,
                          mi_status *status)
{
    mi_sheet *sheet = NULL;
    mi_code code = mi_sheet_create(report, figure->name, &sheet, status);
    if (code != MI_OK) {
        return code;
    }
    figure->draw(sheet);
    code = mi_sheet_finish(sheet, figure->question, status);
    if (code != MI_OK) {
        mi_sheet_destroy(sheet);
        return code;
    }
    *ret_sheet = sheet;
    return MI_OK;
}

static mi_code compose(const drawing *d, const mi_figure *figure, mi_status *status)
{
    mi_sheet *sheet = NULL;
    mi_code code = mi_figure_compose(d->report, figure, &sheet, status);
    if (code == MI_OK) {
        code = write_scratch(d, figure->name, "dat", sheet->data_text, sheet->data_size, status);
    }
    if (code == MI_OK) {
        code = write_scratch(d, figure->name, "gp", sheet->script_text, sheet->script_size, status);
    }
    mi_sheet_destroy(sheet);
    return code;
}

static mi_code draw_tables(const drawing *d, const mi_figure *figure, mi_status *status)
{
    char *plain = NULL, *markdown = NULL;
    mi_code code = figure->tables(d->report, &plain, &markdown, status);
    if (code == MI_OK) {
        code = write_scratch(d, figure->name, "txt", plain, strlen(plain), status);
    }
    if (code == MI_OK) {
        code = write_scratch(d, figure->name, "md", markdown, strlen(markdown), status);
    }
    if (code == MI_OK) {
        code = publish(d, figure->name, "txt", status);
    }
    if (code == MI_OK) {
        code = publish(d, figure->name, "md", status);
    }
    free(plain);
    free(markdown);
    return code;
}

static void discard_figure(const char *directory, const mi_figure *figure)
{
    static const char *const endings[] = {"dat", "gp", "svg", "png", "txt", "md"};
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        discard(directory, figure->name, endings[i]);
    }
}

static mi_code draw_figure(drawing *d, const mi_figure *figure, mi_status *status)
{
    mi_code code = compose(d, figure, status);
    if (code == MI_OK) {
        mi_code drawn = d->missing ? MI_OK : draw_pictures(d, figure->name, status);
        code = publish_figure(d, figure->name, drawn, status);
    }
    if (code == MI_OK && figure->tables != NULL) {
        code = draw_tables(d, figure, status);
    }
    discard_figure(d->scratch, figure);
    return code;
}

const mi_figure *mi_figure_at(size_t index)
{
    return index < FIGURES ? registry[index] : NULL;
}

/* Do results of this kind have the figure? */
static bool suits(const mi_report *report, const mi_figure *figure)
{
    return report->opt_swept != NULL ? false
           : report->center          ? figure->center
           : report->train           ? figure->train
           : report->checks          ? figure->checks
           : report->methods         ? figure->methods
           : report->estimators      ? figure->estimators
           : report->advice          ? figure->advice
           : report->compare         ? figure->compare
                                     : figure->curve;
}

mi_figure mi_figure_find(const mi_report *report, const char *name)
{
    for (size_t i = 0; i < FIGURES; i++) {
        if (suits(report, registry[i]) && strcmp(registry[i]->name, name) == 0) {
            return *registry[i];
        }
    }
    for (size_t i = 0; i < mi_sweep_figures(report); i++) {
        mi_figure figure = mi_sweep_figure(report, i);
        if (strcmp(figure.name, name) == 0) {
            return figure;
        }
    }
    return (mi_figure){.name = NULL};
}

bool mi_figure_wanted(const mi_report *report, const mi_figure *figure)
{
    if (!suits(report, figure) || !figure->any(report)) {
        return false;
    }
    const cJSON *names = cJSON_GetObjectItemCaseSensitive(report->result, "figures");
    if (!report->compare || !cJSON_IsArray(names)) {
        return true;
    }
    const cJSON *name;
    cJSON_ArrayForEach(name, names)
    {
        if (cJSON_IsString(name) && strcmp(name->valuestring, figure->name) == 0) {
            return true;
        }
    }
    return false;
}

/* The figures that the file of a sweep asks for. */
static mi_code draw_own(drawing *d, mi_status *status)
{
    mi_code code = MI_OK;
    for (size_t i = 0; i < mi_sweep_figures(d->report) && code == MI_OK; i++) {
        mi_figure figure = mi_sweep_figure(d->report, i);
        if (figure.any(d->report)) {
            code = draw_figure(d, &figure, status);
        } else {
            discard_figure(d->target, &figure);
        }
    }
    return code;
}

static mi_code draw_all(drawing *d, mi_status *status)
{
    mi_code code = MI_OK;
    /* Figures that an earlier result left in the directory and this one does not have. */
    for (size_t i = 0; i < FIGURES; i++) {
        if (!mi_figure_wanted(d->report, registry[i])) {
            discard_figure(d->target, registry[i]);
        }
    }
    for (size_t i = 0; i < FIGURES && code == MI_OK; i++) {
        if (mi_figure_wanted(d->report, registry[i])) {
            code = draw_figure(d, registry[i], status);
        }
    }
    if (code == MI_OK) {
        code = draw_own(d, status);
    }
    if (code == MI_OK && d->missing) {
        mi_fail(status, MI_OK,
                "gnuplot is not installed, so no pictures were drawn: install the package "
                "gnuplot-nox, then `maskinfo plot %s/result.json` draws them",
                d->target);
    }
    return code;
}

static mi_code make_scratch(drawing *d, mi_status *status)
{
    mi_code code = mi_make_directory(d->target, status);
    if (code == MI_OK) {
        code = join(d->target, ".drawing", "XXXXXX", &d->scratch, status);
    }
    if (code == MI_OK && mkdtemp(d->scratch) == NULL) {
        code = mi_fail(status, MI_IO, "can not make a directory in %s: %s", d->target,
                       strerror(errno));
        free(d->scratch);
        d->scratch = NULL;
    }
    return code;
}

mi_code mi_figures_draw(const cJSON *result, const char *directory, bool *ret_drawn, cJSON *files,
                        mi_status *status)
{
    mi_report *report = NULL;
    drawing d = {.target = directory[0] == '\0' ? "." : directory, .files = files};
    *ret_drawn = false;
    mi_code code = mi_report_read(result, &report, status);
    if (code == MI_OK) {
        d.report = report;
        code = make_scratch(&d, status);
    }
    if (code == MI_OK) {
        code = draw_all(&d, status);
        rmdir(d.scratch);
        *ret_drawn = code == MI_OK && !d.missing;
    }
    free(d.scratch);
    mi_report_destroy(report);
    return code;
}
