/* A figure answers one question. The registry is in figures.c. */
#ifndef MASKINFO_REPORT_FIGURE_H
#define MASKINFO_REPORT_FIGURE_H

#include "sheet.h"

typedef struct mi_figure {
    const char *name;     /* of its files, and in "figures" of a result */
    const char *question; /* its title */
    const char *caption;  /* what is seen and how to read it; for pages */
    bool compare, curve, estimators, advice, train, checks, methods,
        center;                           /* experiments that have it */
    bool (*any)(const mi_report *report); /* is there anything to draw? */
    void (*draw)(mi_sheet *sheet);        /* failures of the streams show when they are closed */

    /* NAME.txt and NAME.md, each released with free(); NULL: the figure has none. */
    mi_code (*tables)(const mi_report *report, char **ret_plain, char **ret_markdown,
                      mi_status *status);
} mi_figure;

/* The figures in order; NULL beyond the last. */
const mi_figure *mi_figure_at(size_t index);

/* Does the result have this figure, and ask for it? */
bool mi_figure_wanted(const mi_report *report, const mi_figure *figure);

/* Its numbers and its script in the sheet's texts; nothing is written. *ret_sheet:
 * mi_sheet_destroy. */
mi_code mi_figure_compose(const mi_report *report, const mi_figure *figure, mi_sheet **ret_sheet,
                          mi_status *status);

/* The figure of that name that results of this kind have; its name is NULL where there is none. */
mi_figure mi_figure_find(const mi_report *report, const char *name);

extern const mi_figure mi_figure_information; /* several sources */
extern const mi_figure mi_figure_curve;       /* one source, with its fits */
extern const mi_figure mi_figure_vocabulary;
extern const mi_figure mi_figure_joint;
extern const mi_figure mi_figure_fits;
extern const mi_figure mi_figure_objective;
extern const mi_figure mi_figure_optimum;
extern const mi_figure mi_figure_dichotomy;
extern const mi_figure mi_figure_published;
extern const mi_figure mi_figure_advice;
extern const mi_figure mi_figure_masks;
extern const mi_figure mi_figure_strategies;
extern const mi_figure mi_figure_predictability;
extern const mi_figure mi_figure_redundancy;
extern const mi_figure mi_figure_approximations;
extern const mi_figure mi_figure_estimators;
extern const mi_figure mi_figure_training;
extern const mi_figure mi_figure_reconstructions;
extern const mi_figure mi_figure_network;
extern const mi_figure mi_figure_probe;
extern const mi_figure mi_figure_checks;
extern const mi_figure mi_figure_monitors;
extern const mi_figure mi_figure_maps;
extern const mi_figure mi_figure_methods;
extern const mi_figure mi_figure_collapse;

extern const mi_figure mi_figure_center_equilibrium;
extern const mi_figure mi_figure_center_map;
extern const mi_figure mi_figure_center_law;
extern const mi_figure mi_figure_center_loop;

/* The figures that a sweep result has of its own, by their number among those of its file; 0 of
 * them in other results. */
size_t mi_sweep_figures(const mi_report *report);
mi_figure mi_sweep_figure(const mi_report *report, size_t number);

/* fits.txt and fits.md: what was fitted to each curve, and the optima, as tables. */
mi_code mi_fits_tables(const mi_report *report, char **ret_plain, char **ret_markdown,
                       mi_status *status);

/* The same two as parts of an HTML page; of strategies nothing where there is nothing to tell. */
mi_code mi_fits_html(const mi_report *report, FILE *page, mi_status *status);
mi_code mi_strategies_html(const mi_report *report, FILE *page, mi_status *status);

/* strategies.txt and strategies.md: each source under each of its strategies. */
mi_code mi_strategies_tables(const mi_report *report, char **ret_plain, char **ret_markdown,
                             mi_status *status);

/* Is the source one of several strategies of its origin that are shown together? And its place
 * among the shown curves of that origin, from 0, or among those of its strategy there. */
bool mi_strategies_show(const mi_report *report, const mi_source *source);
size_t mi_strategies_rank(const mi_report *report, const mi_source *source, bool within_strategy);

#endif
