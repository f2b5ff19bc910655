/* What frozen features tell of labels, beside an untrained encoder and the raw values. */
#include <math.h>

#include "maskinfo/format.h"
#include "train_parts.h"

enum { TITLE_MARGIN = 34, HEIGHT = 300, BOTTOM_MARGIN = 52, MARGIN = 20, CLASSIFIERS = 3 };

static const double BAR = 0.26; /* width, where classifiers are 1 apart */

static const struct look {
    const char *name, *style;
} looks[MI_PROBES] = {
    [MI_PROBE_UNTRAINED] = {"untrained encoder",
                            "fc rgb '#bbbbbb' fs solid border lc rgb '#777777'"},
    [MI_PROBE_RAW] = {"raw pixels", "fc rgb '#e69f00' fs solid border lc rgb '#996a00'"},
    [MI_PROBE_TRAINED] = {"trained encoder", "fc rgb '#0072b2' fs solid border lc rgb '#004a75'"},
};

static bool has(const mi_probed *p, int k)
{
    return isfinite(p->knn[k]) || isfinite(p->linear[k]) || isfinite(p->patch[k]);
}

static bool any(const mi_report *report)
{
    const mi_trained *t = mi_report_run(report);
    return t != NULL && t->probed.there &&
           (has(&t->probed, MI_PROBE_TRAINED) || has(&t->probed, MI_PROBE_UNTRAINED) ||
            has(&t->probed, MI_PROBE_RAW));
}

/* The last one, of single patches, is not always there. */
static size_t classifiers(const mi_probed *p)
{
    bool patches = false;
    for (int k = 0; k < MI_PROBES; k++) {
        patches = patches || isfinite(p->patch[k]);
    }
    return patches ? CLASSIFIERS : CLASSIFIERS - 1;
}

static void put_bars(mi_sheet *sheet, const mi_probed *p, int k)
{
    double rows[CLASSIFIERS][3] = {{(k - 1) * BAR, p->knn[k], p->knn_se[k]},
                                   {1 + (k - 1) * BAR, p->linear[k], p->linear_se[k]},
                                   {2 + (k - 1) * BAR, p->patch[k], p->patch_se[k]}};
    int block = mi_sheet_block(sheet, looks[k].name, "place accuracy accuracy_se", rows[0], 3,
                               classifiers(p));
    mi_sheet_item(sheet, "data index %d using 1:2:(%g) with boxes %s lw 1", block, 0.92 * BAR,
                  looks[k].style);
    if (isfinite(p->knn_se[k]) || isfinite(p->linear_se[k]) || isfinite(p->patch_se[k])) {
        mi_sheet_item(sheet,
                      "data index %d using 1:($2-2*$3):(0):(4*$3) with vectors nohead lc rgb "
                      "'#000000' lw 1.8",
                      block);
    }
    /* Above the bars; an expression of gnuplot with a missing number is missing. */
    mi_sheet_item(sheet,
                  "data index %d using 1:($2+2*$3):(sprintf('%%.1f %%%%', 100*$2)) with labels "
                  "offset 0,0.7 font ',11'",
                  block);
    mi_sheet_item(sheet,
                  "data index %d using 1:(valid(3) ? 1/0 : $2):(sprintf('%%.1f %%%%', 100*$2)) "
                  "with labels offset 0,0.7 font ',11'",
                  block);
}

static void put_chance(mi_sheet *sheet, const mi_probed *p)
{
    if (p->classes >= 1) {
        fprintf(sheet->script,
                "set arrow from graph 0, first %.6g to graph 1, first %.6g nohead front lc rgb "
                "'#000000' lw 1 dt 2\nset label 'chance' at graph 0.005, first %.6g offset 0,0.6 "
                "left front font ',10'\n",
                1 / p->classes, 1 / p->classes, 1 / p->classes);
    }
}

static void draw_panel(mi_sheet *sheet, const mi_trained *t)
{
    const mi_probed *p = &t->probed;
    int top = sheet->bottom + TITLE_MARGIN;
    mi_box box = mi_sheet_cell(0, 1, top, HEIGHT);
    mi_sheet_panel(sheet, box, "", "", "share of held-out labels told");
    fprintf(sheet->script,
            "set xrange [-0.55:%zu-0.45]; set yrange [0:1.08]; set ytics 0.2\n"
            "set xtics ('k nearest neighbours' 0, 'linear classifier' 1, 'linear, of single "
            "patches' 2) scale 0\n",
            classifiers(p));
    put_chance(sheet, p);
    for (int k = 0; k < MI_PROBES; k++) {
        if (has(p, k)) {
            put_bars(sheet, p, k);
        }
    }
    mi_sheet_end(sheet);
    sheet->bottom = top + HEIGHT + BOTTOM_MARGIN - MARGIN;
}

static void draw(mi_sheet *sheet)
{
    const mi_trained *t = mi_report_run(sheet->report);
    const mi_probed *p = &t->probed;
    char note[320];
    size_t used = 0;
    mi_put_run_heading(sheet, t);
    draw_panel(sheet, t);
    mi_sheet_key(sheet, MARGIN, MI_SHEET_WIDTH, MI_PROBES, "");
    for (int k = 0; k < MI_PROBES; k++) {
        if (has(p, k)) {
            mi_sheet_item(sheet, "keyentry with boxes %s title '%s'", looks[k].style,
                          looks[k].name);
        }
    }
    mi_sheet_end(sheet);
    sheet->bottom += MI_PROBES * MI_LINE_HEIGHT + MARGIN;
    mi_append(note, sizeof note, &used,
              "Classifiers of features of whole images%s, the encoder frozen%s.",
              classifiers(p) == CLASSIFIERS ? " or of single patches" : "",
              isfinite(p->knn_se[MI_PROBE_TRAINED]) ? " (bars: two standard errors)" : "");
    if (isfinite(p->training) && isfinite(p->held_out)) {
        mi_append(note, sizeof note, &used,
                  " Learned from %.0f labelled examples, judged on %.0f others.", p->training,
                  p->held_out);
    }
    mi_sheet_note(sheet, note);
}

const mi_figure mi_figure_probe = {
    .name = "probe",
    .question = "What do the frozen features tell of labels?",
    .caption =
        "Share of held-out labels that simple classifiers tell from frozen features, for the "
        "trained encoder, the untrained one and raw values, with two standard errors. A trained "
        "encoder that does not beat raw values has learned nothing useful for these labels.",
    .train = true,
    .any = any,
    .draw = draw,
};
