/* The palette: what a source looks like in every figure. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

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

static const char *own_color(const mi_source *s)
{
    const char *color = mi_json_text(s->json, "color");
    return is_color(color) ? color : NULL;
}

static bool is_claimed(const mi_report *report, const char *color)
{
    for (size_t i = 0; i < report->count; i++) {
        const char *own = own_color(&report->sources[i]);
        if (own != NULL && strcasecmp(own, color) == 0) {
            return true;
        }
    }
    return false;
}

/* The next colour of the palette that no curve has claimed for itself; any, where all are. */
static const char *next_color(const mi_report *report, mi_group group, size_t *next)
{
    for (size_t tries = 0; tries < COLORS; tries++) {
        const char *color = colors[group][(*next)++ % COLORS];
        if (!is_claimed(report, color)) {
            return color;
        }
    }
    return colors[group][(*next)++ % COLORS];
}

static int dash_of(const mi_source *s, size_t rank)
{
    double dash = mi_json_number(s->json, "dash");
    if (dash >= 1 && dash <= DASH_TYPES) {
        return (int)dash;
    }
    return own_color(s) != NULL ? dashes[0] : dashes[rank % DASHES];
}

void mi_report_dress(mi_report *report)
{
    size_t ranks[MI_GROUPS] = {0}, next[MI_GROUPS] = {0};
    for (size_t i = 0; i < report->count; i++) {
        mi_source *s = &report->sources[i];
        size_t rank = ranks[s->group]++;
        const char *color = own_color(s);
        memcpy(s->look.color, color != NULL ? color : next_color(report, s->group, &next[s->group]),
               sizeof s->look.color);
        s->look.dash = dash_of(s, rank);
        s->look.point = points[s->group][rank % POINTS];
        if (s->misfit) {
            fade(s->look.color);
            s->look.dash = DOTTED;
        }
    }
}

mi_look mi_look_of(size_t number)
{
    mi_group group = number % 2 == 0 ? MI_GROUP_IMAGE : MI_GROUP_TEXT;
    size_t rank = number / 2;
    mi_look look = {.dash = 1, .point = points[(group + rank) % MI_GROUPS][rank % POINTS]};
    memcpy(look.color, colors[group][rank % COLORS], sizeof look.color);
    return look;
}
