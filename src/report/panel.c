/* Panels: axes, curves and how they are laid out on a sheet. */
#include <math.h>
#include <stdarg.h>

#include "sheet.h"
#include "text.h"

enum {
    LEFT_MARGIN = 68, /* room for the y axis' name and tics */
    RIGHT_MARGIN = 16,
    TITLE_MARGIN = 34,  /* above the axes */
    BOTTOM_MARGIN = 52, /* below: tics and name of the x axis */
    LABEL_MARGIN = 52,  /* between the axes and the name of y */
    MARKERS = 8,        /* per curve */
    LABEL_WIDTH = 68,   /* tenths of pixels of a character of a label, of a title */
    TITLE_WIDTH = 75,
    NO_LIMIT = 400
};

const char mi_reference_lines[] =
    "set arrow from 0.15, graph 0 to 0.15, graph 1 nohead lc rgb '#aaaaaa' lw 1 back\n"
    "set arrow from 0.75, graph 0 to 0.75, graph 1 nohead lc rgb '#aaaaaa' lw 1 back\n"
    "set label 'BERT 15 %' at 0.16, graph 0.97 left tc rgb '#777777' font ',10'\n"
    "set label 'MAE 75 %' at 0.74, graph 0.97 right tc rgb '#777777' font ',10'\n";

bool mi_panel_shows(const mi_panel *panel, const mi_source *source)
{
    return panel->shows(source) && mi_source_has(source, panel->value);
}

bool mi_panel_any(const mi_panel *panel, const mi_report *report)
{
    for (size_t i = 0; i < report->count; i++) {
        if (mi_panel_shows(panel, &report->sources[i])) {
            return true;
        }
    }
    return false;
}

/* Characters that have room. */
static size_t fitting(int pixels, int tenths)
{
    return pixels > 2 * tenths / 10 ? (size_t)(10 * pixels / tenths) : 2;
}

size_t mi_sheet_across(mi_box box)
{
    return fitting(box.right - box.left + RIGHT_MARGIN, LABEL_WIDTH);
}

size_t mi_sheet_upright(mi_box box)
{
    return fitting(box.bottom - box.top + TITLE_MARGIN + BOTTOM_MARGIN, LABEL_WIDTH);
}

void mi_sheet_panel(mi_sheet *sheet, mi_box box, const char *title, const char *x_label,
                    const char *y_label)
{
    FILE *file = sheet->script;
    putc('\n', file);
    mi_text_comment(file, title, NO_LIMIT);
    fprintf(file,
            "eval(clean)\n"
            "set lmargin at screen X(%d); set rmargin at screen X(%d)\n"
            "set tmargin at screen Y(%d); set bmargin at screen Y(%d)\n",
            box.left, box.right, box.top, box.bottom);
    fputs("set title ", file);
    mi_text_quote(file, title, fitting(box.right - box.left + RIGHT_MARGIN, TITLE_WIDTH), "");
    fputs(" font ',13' offset 0,-0.4\nset xlabel ", file);
    mi_text_quote(file, x_label, mi_sheet_across(box), "");
    fputs(" offset 0,0.4\n", file);
    if (y_label[0] != '\0') {
        fputs("set label ", file);
        mi_text_quote(file, y_label, mi_sheet_upright(box), "");
        fprintf(file, " at screen X(%d), Y(%d) center rotate\n", box.left - LABEL_MARGIN,
                (box.top + box.bottom) / 2);
    }
    sheet->plotting = false;
}

void mi_sheet_item(mi_sheet *sheet, const char *format, ...)
{
    va_list arguments;
    fputs(sheet->plotting ? ", \\\n     " : "plot ", sheet->script);
    sheet->plotting = true;
    va_start(arguments, format);
    vfprintf(sheet->script, format, arguments);
    va_end(arguments);
}

void mi_sheet_end(mi_sheet *sheet)
{
    if (!sheet->plotting) {
        mi_sheet_item(sheet, "-1 notitle");
    }
    putc('\n', sheet->script);
    sheet->plotting = false;
}

static void put_band(mi_sheet *sheet, const mi_source *source, int y, int error)
{
    mi_sheet_item(sheet,
                  "data index %d using 1:($%d-2*$%d):($%d+2*$%d) with filledcurves "
                  "fc rgb '%s' fs transparent solid 0.2 noborder",
                  sheet->block_of[source->number], y, error, y, error, source->look.color);
}

static bool any_positive(const mi_source *source, mi_field field)
{
    for (size_t i = 0; i < source->points; i++) {
        if (source->values[field][i] > 0) {
            return true;
        }
    }
    return false;
}

void mi_sheet_curve(mi_sheet *sheet, const mi_source *source, mi_field value, mi_field error)
{
    int block = sheet->block_of[source->number], style = (int)source->number + 1;
    int y = mi_sheet_column(sheet, value);
    if (error != MI_F_NONE && any_positive(source, error) && !source->misfit) {
        put_band(sheet, source, y, mi_sheet_column(sheet, error));
    }
    mi_sheet_item(sheet, "data index %d using 1:%d with lines ls %d", block, y, style);
    /* Each source starts at another point, so that markers of curves that agree stay visible. */
    size_t step = source->points > MARKERS ? source->points / MARKERS : 1;
    mi_sheet_item(sheet, "data index %d using 1:%d every %zu::%zu with points ls %d", block, y,
                  step, source->number % step, style);
}

/* What one site is called: by the groups that the panel shows. */
static const char *site_name(const mi_panel *panel, const mi_report *report)
{
    bool seen[MI_GROUPS] = {false};
    for (size_t i = 0; i < report->count; i++) {
        if (mi_panel_shows(panel, &report->sources[i])) {
            seen[report->sources[i].group] = true;
        }
    }
    if (seen[MI_GROUP_TEXT] && seen[MI_GROUP_IMAGE]) {
        return "site";
    }
    return seen[MI_GROUP_TEXT] ? "token" : "patch";
}

/* Widen [*low, *high] by the values of a source and their bands. */
static void widen(const mi_source *source, const mi_panel *panel, double *low, double *high)
{
    for (size_t i = 0; i < source->points; i++) {
        double value = source->values[panel->value][i];
        double band = panel->error == MI_F_NONE ? 0 : 2 * source->values[panel->error][i];
        if (isfinite(value)) {
            *low = fmin(*low, isfinite(band) ? value - band : value);
            *high = fmax(*high, isfinite(band) ? value + band : value);
        }
    }
}

/* A density that contradicts itself gives numbers of any size; the axis is that of the others. */
static void put_range_without_misfits(mi_sheet *sheet, const mi_panel *panel)
{
    double low = 0, high = 0;
    bool misfits = false;
    for (size_t i = 0; i < sheet->report->count; i++) {
        const mi_source *source = &sheet->report->sources[i];
        if (mi_panel_shows(panel, source) && source->misfit) {
            misfits = true;
        } else if (mi_panel_shows(panel, source)) {
            widen(source, panel, &low, &high);
        }
    }
    if (misfits && high > low) {
        fprintf(sheet->script, "set yrange [%.6g:%.6g]\n", low, high + 0.05 * (high - low));
    }
}

static void draw_panel(mi_sheet *sheet, const mi_panel *panel, mi_box box, bool misfits)
{
    const mi_report *report = sheet->report;
    char y_label[128];
    snprintf(y_label, sizeof y_label, "%s%s%s%s", panel->y_label,
             panel->per_site ? " (nats per " : "", panel->per_site ? site_name(panel, report) : "",
             panel->per_site ? ")" : "");
    mi_sheet_panel(sheet, box, panel->title, "masking ratio r", y_label);
    put_range_without_misfits(sheet, panel);
    fputs(panel->settings, sheet->script);
    for (size_t i = 0; i < report->count; i++) {
        bool hidden = !misfits && report->sources[i].misfit;
        if (mi_panel_shows(panel, &report->sources[i]) && !hidden) {
            mi_sheet_curve(sheet, &report->sources[i], panel->value, panel->error);
        }
    }
    mi_sheet_end(sheet);
}

void mi_sheet_draw(mi_sheet *sheet, const mi_panel *panel, mi_box box)
{
    draw_panel(sheet, panel, box, true);
}

void mi_sheet_draw_sound(mi_sheet *sheet, const mi_panel *panel, mi_box box)
{
    draw_panel(sheet, panel, box, false);
}

mi_box mi_sheet_cell(int column, int columns, int top, int height)
{
    int width = MI_SHEET_WIDTH / columns;
    return (mi_box){.left = column * width + LEFT_MARGIN,
                    .right = (column + 1) * width - RIGHT_MARGIN,
                    .top = top,
                    .bottom = top + height};
}

double mi_round_up(double positive)
{
    if (!(positive > 1e-12)) {
        return 1e-12;
    }
    double digit = pow(10, floor(log10(positive)));
    return ceil(positive / digit) * digit;
}

/* Index of the next panel from `from` that has a curve; count where there is none. */
static size_t next_panel(const mi_report *report, const mi_panel *panels, size_t count, size_t from)
{
    while (from < count && !mi_panel_any(&panels[from], report)) {
        from++;
    }
    return from;
}

void mi_sheet_grid(mi_sheet *sheet, const mi_panel *panels, size_t count)
{
    size_t left = next_panel(sheet->report, panels, count, 0);
    while (left < count) {
        size_t right = next_panel(sheet->report, panels, count, left + 1);
        int columns = right < count ? 2 : 1, top = sheet->bottom + TITLE_MARGIN;
        mi_sheet_draw(sheet, &panels[left], mi_sheet_cell(0, columns, top, MI_PANEL_HEIGHT));
        if (columns == 2) {
            mi_sheet_draw(sheet, &panels[right], mi_sheet_cell(1, 2, top, MI_PANEL_HEIGHT));
        }
        sheet->bottom = top + MI_PANEL_HEIGHT + BOTTOM_MARGIN;
        left = next_panel(sheet->report, panels, count, right + (columns == 2));
    }
}
