/* What a heat map of a sweep shows: its range, its texts, and the boxes of its panels. */
#ifndef MASKINFO_REPORT_SWEEP_HEAT_H
#define MASKINFO_REPORT_SWEEP_HEAT_H

#include "sweep_parts.h"

enum { MI_HEAT_TEXTS = 12, MI_HEAT_NUMBER = 40 /* bytes of a number in a box */ };

/* What a box shows. */
typedef enum mi_heat_shown {
    MI_HEAT_NUMBERS,
    MI_HEAT_WORDS,
    MI_HEAT_FAILED,
    MI_HEAT_EMPTY
} mi_heat_shown;

typedef struct mi_heat_map {
    const mi_swept *swept;
    const mi_swept_figure *figure;
    const mi_swept_axis *x, *y;
    mi_combinations panels;
    size_t column;
    bool numeric;
    double low, high; /* of all panels of the column */
    int decimals;     /* of the numbers of the column */
    size_t longest;   /* characters of one of them */
    size_t text_count;
    const char
        *texts[MI_HEAT_TEXTS]; /* the commonest of a cell, each once; more share the last look */
    bool any_failed, any_empty;
    bool any_numbers, any_words, any_alone; /* in the columns so far */
    double *rows;                           /* room for all boxes of a panel */
} mi_heat_map;

enum { MI_HEAT_BOX = 7 /* numbers of a box */ };

/* The cell of a panel at value i of x and j of y; and what its box shows. */
size_t mi_heat_cell(const mi_heat_map *map, size_t panel, size_t i, size_t j);
mi_heat_shown mi_heat_show(const mi_heat_map *map, size_t cell);

/* The range of a column; texts and greys are those of all columns so far, which share a key. */
void mi_heat_measure(mi_heat_map *map);

/* The boxes of a kind (of texts: those of one text); -1 where there are none. */
int mi_heat_boxes(mi_sheet *sheet, const mi_heat_map *map, size_t panel, mi_heat_shown what,
                  size_t text);

/* The mean as it stands in a box, with a star where it is one seed's alone; its length. */
size_t mi_heat_print(const mi_heat_map *map, const mi_swept_value *value,
                     char text[MI_HEAT_NUMBER]);

/* Values on both sides of zero have a palette that is white there. */
bool mi_heat_diverges(const mi_heat_map *map);

/* Is the palette bright there, so that text must be dark? */
bool mi_heat_bright(const mi_heat_map *map, double value);

#endif
