/* The palette: what a source looks like in every figure. */
#include <stdlib.h>
#include <string.h>

#include "source.h"

enum { COLORS = 8, POINTS = 6, DASHES = 3, DASH_TYPES = 5, DOTTED = 3 };

/* Warm and cool, neighbours far apart in luminance, so that a pair stays distinct where hues
 * collapse (deuteranopia, grey print); dash and marker repeat the distinction. */
static const char *const colors[MI_GROUPS][COLORS] = {
    [MI_GROUP_TEXT] = {"#d55e00", "#661100", "#e69f00", "#cc3377", "#8c6d1f", "#f0837a", "#aa2222",
                       "#d9b44a"},
    [MI_GROUP_IMAGE] = {"#0072b2", "#332288", "#56b4e9", "#009e73", "#5566aa", "#44c0b0", "#0b5345",
                        "#8899dd"},
};

/* Filled for text, open for images: circle, square, triangle up, down, diamond, pentagon. */
static const int points[MI_GROUPS][POINTS] = {
    [MI_GROUP_TEXT] = {7, 5, 9, 11, 13, 15},
    [MI_GROUP_IMAGE] = {6, 4, 8, 10, 12, 14},
};

/* Solid, dash-dot, dash-dot-dot; dashed (2) is the file's, dotted (3) a misfit's. */
static const int dashes[DASHES] = {1, 4, 5};

static bool is_color(const char *text)
{
    if (text == NULL || text[0] != '#' || strlen(text) != 7) {
        return false;
    }
    return strspn(text + 1, "0123456789abcdefABCDEF") == 6;
}

/* Half way from the colour to mid grey. */
static void fade(char color[8])
{
    unsigned long rgb = strtoul(color + 1, NULL, 16);
    unsigned long faded = ((rgb & 0xfefefe) >> 1) + 0x4d4d4d;
    color[0] = '#';
    for (int i = 6; i >= 1; i--, faded >>= 4) {
        color[i] = "0123456789abcdef"[faded & 0xf];
    }
}

void mi_source_dress(mi_source *s, size_t rank)
{
    const char *color = mi_json_text(s->json, "color");
    double dash = mi_json_number(s->json, "dash");
    memcpy(s->look.color, is_color(color) ? color : colors[s->group][rank % COLORS], 8);
    s->look.dash = dashes[rank % DASHES];
    if (dash >= 1 && dash <= DASH_TYPES) {
        s->look.dash = (int)dash;
    }
    s->look.point = points[s->group][rank % POINTS];
    if (s->misfit) {
        fade(s->look.color);
        s->look.dash = DOTTED;
    }
}
