/* Held-out examples with what was predicted of them. */
#include "reconstructed.h"

const char mi_hidden_style[] = "fc rgb '#33415c' fs solid border lc rgb '#51607d' lw 0.6",
           mi_seen_style[] = "fc rgb '#e4e4e4' fs solid noborder";

static bool any(const mi_report *report)
{
    const mi_trained *t = mi_report_run(report);
    return t != NULL && t->shown.count > 0;
}

void mi_put_color_bar(mi_sheet *sheet, int left, int width, int top, const char *label)
{
    enum { HEIGHT = 12, LABEL = 40 };
    fprintf(sheet->script,
            "set colorbox horizontal user origin screen X(%d), Y(%d) size screen X(%d), "
            "real(%d)/height\n"
            "set cbtics out nomirror scale 0.5 offset 0,0.4 font ',10'\n"
            "set label '%s' at screen X(%d), Y(%d) center font ',11'\n",
            left, top + HEIGHT, width, HEIGHT, label, left + width / 2, top + LABEL);
}

static void draw(mi_sheet *sheet)
{
    const mi_trained *t = mi_report_run(sheet->report);
    if (t->discrete && t->shown.rows == 1) {
        mi_reconstruct_text(sheet, t);
    } else {
        mi_reconstruct_pictures(sheet, t);
    }
    fputs("unset colorbox\n", sheet->script);
    mi_put_verdict(sheet, t);
}

const mi_figure mi_figure_reconstructions = {
    .name = "reconstructions",
    .question = "What does the network make of what it does not see?",
    .caption = "Held-out examples: what was hidden, what the network made of it, the best that is "
               "possible where that is known, and the errors. A reconstruction as blurred as the "
               "best possible one is no fault of the network.",
    .train = true,
    .any = any,
    .draw = draw,
};
