/* Held-out examples of a training result: their sizes must agree before anything is drawn. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "trained.h"

enum { MOST_EXAMPLES = 1000, MOST_SIDE = 4096, MOST_CHANNELS = 4096, MOST_VALUES = 20000000 };

/* Printable, and nothing that a data file of gnuplot takes for more than itself. */
static bool is_plain(char c)
{
    return c > ' ' && c < 0x7f && strchr("\"'#?\\", c) == NULL;
}

static const char *read_alphabet(mi_reader *r, const mi_node *node, const mi_trained *t)
{
    const char *alphabet = mi_get_text(r, node, "alphabet");
    size_t length = alphabet == NULL ? 0 : strlen(alphabet);
    if (alphabet != NULL && isfinite(t->vocabulary) && (double)length < t->vocabulary) {
        mi_reader_fault(r, node, "alphabet", "%zu characters; must be one for each of %g symbols",
                        length, t->vocabulary);
    }
    for (size_t i = 0; i < length; i++) {
        if (alphabet[i] != ' ' && !is_plain(alphabet[i])) {
            mi_reader_fault(r, node, "alphabet",
                            "character %zu; must be a space or printable ASCII without quotes, "
                            "hashes, question marks and backslashes",
                            i);
        }
    }
    return alphabet;
}

/* Pixels or symbols of a side of a token. */
static size_t patch_side(mi_reader *r, const mi_node *node, const char *key, size_t side,
                         double tokens)
{
    double patch = isfinite(tokens) ? (double)side / tokens : 1;
    if (!(patch >= 1 && patch == floor(patch))) {
        mi_reader_fault(r, node, key, "%zu does not hold the source's %g tokens", side, tokens);
        return 1;
    }
    return (size_t)patch;
}

/* All pixels of a token are masked, or none. */
static void check_tokens(mi_reader *r, const mi_node *node, const mi_shown *s)
{
    size_t pixels = s->rows * s->columns;
    for (size_t i = 0; i < s->count * pixels; i++) {
        size_t example = i / pixels, row = i % pixels / s->columns, column = i % s->columns;
        size_t first = example * pixels + row / s->patch_rows * s->patch_rows * s->columns +
                       column / s->patch_columns * s->patch_columns;
        if (s->masked[i] != s->masked[first] || (s->masked[i] != 0 && s->masked[i] != 1)) {
            char key[48];
            snprintf(key, sizeof key, "masked[%zu]", i);
            mi_reader_fault(r, node, key, "must be 0 or 1, and the same all over a token");
            return;
        }
    }
}

static void check_symbols(mi_reader *r, const mi_node *node, const char *key, const double *values,
                          size_t count)
{
    for (size_t i = 0; values != NULL && i < count; i++) {
        if (values[i] != floor(values[i])) {
            char place[48];
            snprintf(place, sizeof place, "%s[%zu]", key, i);
            mi_reader_fault(r, node, place, "must be a whole number");
            return;
        }
    }
}

static double *read_needed(mi_reader *r, const mi_node *node, const char *key, size_t count,
                           double low, double high)
{
    double *values = mi_get_values(r, node, key, count, low, high);
    if (values == NULL) {
        mi_reader_fault(r, node, key, "missing; pictures need this array");
    }
    return values;
}

static void read_values(mi_reader *r, const mi_node *node, const mi_trained *t, mi_shown *s)
{
    size_t places = s->count * s->rows * s->columns, values = places * s->channels;
    double low = t->discrete ? 0 : -1e100, high = 1e100;
    if (t->discrete) {
        high = s->opt_alphabet != NULL   ? (double)strlen(s->opt_alphabet) - 1
               : isfinite(t->vocabulary) ? t->vocabulary - 1
                                         : 1e9;
    }
    s->original = read_needed(r, node, "original", values, low, high);
    s->masked = read_needed(r, node, "masked", places, 0, 1);
    s->predicted = read_needed(r, node, "predicted", values, low, high);
    s->opt_exact = mi_get_values(r, node, "exact", values, low, high);
    s->opt_surprise = mi_get_values(r, node, "surprise", places, -1e100, 1e100);
    if (r->code == MI_OK) {
        check_tokens(r, node, s);
    }
    if (r->code == MI_OK && t->discrete) {
        check_symbols(r, node, "original", s->original, values);
        check_symbols(r, node, "predicted", s->predicted, values);
    }
}

void mi_shown_read(mi_reader *r, const mi_node *run, const mi_trained *t, mi_shown *s)
{
    mi_node node = mi_get_object(r, run, "pictures");
    if (node.json == NULL) {
        return;
    }
    s->count = mi_get_whole(r, &node, "count", 1, MOST_EXAMPLES);
    s->rows = mi_get_whole(r, &node, "rows", 1, MOST_SIDE);
    s->columns = mi_get_whole(r, &node, "columns", 1, MOST_SIDE);
    s->channels = mi_get_whole(r, &node, "channels", 1, t->discrete ? 1 : MOST_CHANNELS);
    s->ratio = mi_get_in(r, &node, "ratio", 0, 1);
    s->patch_rows = patch_side(r, &node, "rows", s->rows, t->token_rows);
    s->patch_columns = patch_side(r, &node, "columns", s->columns, t->token_columns);
    s->opt_alphabet = read_alphabet(r, &node, t);
    s->low = mi_get_number(r, &node, "low");
    s->high = mi_get_number(r, &node, "high");
    if (s->count * s->rows * s->columns > MOST_VALUES / s->channels) {
        mi_reader_fault(r, &node, "count", "%zu pictures of %zu x %zu x %zu are too many", s->count,
                        s->rows, s->columns, s->channels);
    }
    if (!t->discrete && !(s->low <= s->high)) {
        mi_reader_fault(r, &node, "high", "must be a number, at least \"low\"");
    }
    if (r->code == MI_OK) {
        read_values(r, &node, t, s);
    }
    if (r->code != MI_OK) {
        s->count = 0;
    }
}

void mi_shown_free(mi_shown *s)
{
    free(s->original);
    free(s->predicted);
    free(s->masked);
    free(s->opt_exact);
    free(s->opt_surprise);
}
