/* One figure under construction: its data file and its gnuplot script. Places are in pixels from
 * the top left corner of a sheet of MI_SHEET_WIDTH; the sheet grows downwards as rows are added. */
#ifndef MASKINFO_REPORT_SHEET_H
#define MASKINFO_REPORT_SHEET_H

#include "source.h"

enum { MI_SHEET_WIDTH = 1000, MI_PANEL_HEIGHT = 270, MI_LINE_HEIGHT = 16 /* of a legend */ };

typedef struct mi_box {
    int left, right, top, bottom; /* of the axes */
} mi_box;

typedef struct mi_sheet {
    const mi_report *report;
    const char *name;    /* of the figure */
    FILE *data, *script; /* memory streams; NULL once finished */
    char *data_text, *script_text;
    size_t data_size, script_size;
    int bottom;             /* pixels used so far */
    int blocks;             /* data blocks written so far */
    bool plotting;          /* the open plot command has an item */
    bool failed;            /* memory was short for a part: the figure is not to be finished */
    const mi_field *fields; /* columns of the sources' blocks, in order */
    size_t field_count;
    int *block_of; /* (report->count) data block of a source; -1: not in this figure */
} mi_sheet;

/* Curves of some sources over r. */
typedef struct mi_panel {
    const char *title;
    const char *y_label;
    bool per_site; /* "(nats per token)" or "... patch)" follows y_label */
    bool (*shows)(const mi_source *source);
    mi_field value, error;
    const char *settings; /* more gnuplot commands, each with its newline; "" for none */
} mi_panel;

/* Grey lines at BERT's and MAE's masking ratio, named inside the top of the panel. */
extern const char mi_reference_lines[];

/* Is there anything in the panel? */
bool mi_panel_shows(const mi_panel *panel, const mi_source *source);
bool mi_panel_any(const mi_panel *panel, const mi_report *report);

/* Write one data block for each source that one of the panels shows. */
void mi_sheet_blocks(mi_sheet *sheet, const mi_field *fields, size_t field_count,
                     const mi_panel *panels, size_t panel_count);

/* Write the block of one source; and a block of (rows, columns) numbers whose columns are named by
 * `heading` (space separated), returning its index. */
void mi_sheet_source_block(mi_sheet *sheet, const mi_source *source);
int mi_sheet_block(mi_sheet *sheet, const char *label, const char *heading, const double *numbers,
                   size_t columns, size_t rows);

/* Column of a field in the sources' blocks, from 1. */
int mi_sheet_column(const mi_sheet *sheet, mi_field field);

/* Begin a panel: all settings of the one before are forgotten, r from 0 to 1 is the x axis. */
void mi_sheet_panel(mi_sheet *sheet, mi_box box, const char *title, const char *x_label,
                    const char *y_label);

/* Characters of a name that have room below the x axis, and beside the y axis. */
size_t mi_sheet_across(mi_box box);
size_t mi_sheet_upright(mi_box box);

/* One element of the panel's plot command; the end closes the command, and draws empty axes where
 * there was no element. */
void mi_sheet_item(mi_sheet *sheet, const char *format, ...) __attribute__((format(printf, 2, 3)));
void mi_sheet_end(mi_sheet *sheet);

/* A source's curve: band of two standard errors (error may be MI_F_NONE), line, sparse markers. */
void mi_sheet_curve(mi_sheet *sheet, const mi_source *source, mi_field value, mi_field error);

/* Panels in rows of two (one alone takes the whole width), those without a curve left out. */
void mi_sheet_grid(mi_sheet *sheet, const mi_panel *panels, size_t count);

/* The number rounded up to one significant digit, at least 1e-12: the end of an axis. */
double mi_round_up(double positive);

/* One panel in a box. */
void mi_sheet_draw(mi_sheet *sheet, const mi_panel *panel, mi_box box);
/* The same without the curves of misfits. */
void mi_sheet_draw_sound(mi_sheet *sheet, const mi_panel *panel, mi_box box);

/* The axes of column `column` of `columns`, `height` pixels high below `top`. */
mi_box mi_sheet_cell(int column, int columns, int top, int height);

/* Names of the sources in this figure with their line and marker: texts left, images right. */
void mi_sheet_legend(mi_sheet *sheet);

/* Begin a legend of `entries` lines in the box from left to right at the sheet's bottom, which is
 * not moved; entries are items of the form "keyentry ...". */
void mi_sheet_key(mi_sheet *sheet, int left, int right, int entries, const char *heading);

/* A heading (clean text, cut where it is long) over the panels below. */
void mi_sheet_heading(mi_sheet *sheet, const char *text);

/* Small print (clean text) across the sheet, broken into lines. */
void mi_sheet_note(mi_sheet *sheet, const char *text);

/* For each source of this sheet that is a misfit, why it is one. */
void mi_sheet_misfits(mi_sheet *sheet);

/* The label of a source in the script, at most `limit` characters, with "(misfit)" and suffix. */
void mi_sheet_label(mi_sheet *sheet, const mi_source *source, size_t limit, const char *suffix);

/* A sheet for the figure `name`. Finished, data_text and script_text hold the two files. */
mi_code mi_sheet_create(const mi_report *report, const char *name, mi_sheet **ret_sheet,
                        mi_status *status);
mi_code mi_sheet_finish(mi_sheet *sheet, const char *question, mi_status *status);
void mi_sheet_destroy(mi_sheet *sheet); /* accepts NULL and half-built ones */

#endif
