/* The numbers of masks and accuracies in words. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "board.h"
#include "maskinfo/format.h"

static const double TOLD_APART = 2; /* standard errors */

enum { NAME = 20, SOURCE = 100 }; /* bytes of them that are shown */

typedef struct sentence {
    char *text; /* (MI_SENTENCE) */
    size_t used;
} sentence;

#define say(s, ...) mi_append((s)->text, MI_SENTENCE, &(s)->used, __VA_ARGS__)

/* Bytes of the first characters of a name, at most `limit`, so that none is cut in two. */
static int whole(const char *name, int limit)
{
    int bytes = (int)strnlen(name, (size_t)limit + 1);
    if (bytes <= limit) {
        return bytes;
    }
    while (limit > 0 && ((unsigned char)name[limit] & 0xc0) == 0x80) {
        limit--;
    }
    return limit;
}

/* "grid (1.23) > random (1.1) > block (0.9)" */
static void say_order(sentence *s, const mi_mask_row *const *rows, size_t count, int metric)
{
    for (size_t i = 0; i < count; i++) {
        bool tied = i > 0 && mi_mask_value(rows[i - 1], metric) == mi_mask_value(rows[i], metric);
        say(s, "%s%.*s ",
            i == 0 ? ""
            : tied ? " = "
                   : " > ",
            whole(rows[i]->strategy, NAME), rows[i]->strategy);
        say(s, metric < 0 ? "(%.4g)" : "(%.1f)", mi_mask_value(rows[i], metric));
    }
}

/* Neighbours in the order that their errors do not tell apart; true where there are none. */
static bool say_certainty(sentence *s, const mi_board *b)
{
    double least = INFINITY;
    bool certain = true;
    for (size_t i = 0; i + 1 < b->compared; i++) {
        double z = mi_mask_z(b->order[i], b->order[i + 1]);
        least = fmin(least, z);
        if (z < TOLD_APART) {
            say(s, "%s%.*s and %.*s are not told apart (z = %.1f)", certain ? "; " : ", ",
                whole(b->order[i]->strategy, NAME), b->order[i]->strategy,
                whole(b->order[i + 1]->strategy, NAME), b->order[i + 1]->strategy, z);
            certain = false;
        }
    }
    if (certain && least < 1e6) {
        say(s, ", each difference at least %.1f standard errors", least);
    }
    return certain;
}

static void say_misfits(sentence *s, const mi_board *b)
{
    for (size_t i = 0; i < b->compared; i++) {
        if (mi_mask_misfit(b->order[i])) {
            say(s, "; the curve of %.*s is a misfit, so its place says nothing",
                whole(b->order[i]->strategy, NAME), b->order[i]->strategy);
        }
    }
}

static void say_accuracies(sentence *s, const mi_board *b)
{
    for (int m = 0; m < MI_METRICS; m++) {
        const mi_mask_row *rows[MI_MAX_ROWS];
        memcpy(rows, b->order, b->compared * sizeof *rows);
        mi_mask_sort(rows, b->compared, m);
        say(s, "%s%s ", m == 0 ? ". Published accuracy: " : "; ", mi_metrics[m].name);
        say_order(s, rows, b->compared, m);
    }
}

static void say_correlations(sentence *s, const mi_board *b)
{
    double correlation[MI_METRICS] = {0, 0};
    size_t pairs = 0;
    bool known = true;
    for (int m = 0; m < MI_METRICS; m++) {
        known = mi_board_correlate(b, m, &correlation[m], &pairs) && known;
    }
    if (known) {
        say(s, ". Rank correlation over %zu masks: %.2f %s, %.2f %s", pairs, correlation[0],
            mi_metrics[0].name, correlation[1], mi_metrics[1].name);
    }
}

/* Is there a better accuracy than that of the most predictable masks, of every kind? */
static bool best_elsewhere(const mi_board *b)
{
    bool all = true;
    for (int m = 0; m < MI_METRICS; m++) {
        bool better = false;
        for (size_t i = 1; i < b->compared; i++) {
            better = better || b->order[i]->accuracy[m] > b->order[0]->accuracy[m];
        }
        all = all && better;
    }
    return all;
}

static void say_conclusion(sentence *s, const mi_board *b, bool certain)
{
    int fine_tune = mi_board_agreement(b, 0), linear = mi_board_agreement(b, 1);
    say(s, certain ? ". So accuracies " : ". As far as the order is known, accuracies ");
    if (fine_tune > 0 && linear > 0) {
        say(s, "follow predictability here.");
    } else if (fine_tune < 0 && linear < 0) {
        say(s, "go against predictability: the harder the masks are to predict, the better.");
    } else if (fine_tune > 0 || linear > 0) {
        say(s, "follow predictability only %s.",
            fine_tune > 0 ? "when fine-tuned" : "by the linear probe");
    } else if (certain && best_elsewhere(b)) {
        say(s,
            "do not follow predictability: %.*s masks are the most predictable and not the "
            "best to learn from.",
            whole(b->order[0]->strategy, NAME), b->order[0]->strategy);
    } else {
        say(s, "do not follow predictability.");
    }
}

void mi_board_sentence(const mi_board *b, char text[MI_SENTENCE])
{
    sentence buffer = {.text = text}, *s = &buffer;
    text[0] = '\0';
    if (b->compared < 2) {
        say(s,
            "On \"%.*s\" fewer than two of the published masking strategies have a curve at the "
            "same ratio.",
            whole(b->source, SOURCE), b->source);
        return;
    }
    say(s, "On \"%.*s\" at %.3g %%, most predictable first, i in nats: ", whole(b->source, SOURCE),
        b->source, 100 * b->ratio);
    say_order(s, b->order, b->compared, -1);
    bool certain = say_certainty(s, b);
    say_misfits(s, b);
    say_accuracies(s, b);
    say_correlations(s, b);
    say_conclusion(s, b, certain);
    text[whole(text, MI_SENTENCE - 2)] = '\0';
}
