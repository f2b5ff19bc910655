/* Sentences of an advice. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "advise.h"

const char *mi_advice_regime(const char *verdict)
{
    static const struct {
        const char *verdict, *sentence;
    } sentences[] = {
        {"redundant", "visible sites repeat each other, so that hiding more of them costs little "
                      "at first (i(r) is concave, and its optimum at least 1/2)"},
        {"synergistic", "several visible sites are needed together, so that hiding a few of them "
                        "costs much at once (i(r) is convex, and its optimum at most 1/2)"},
        {"mixed", "visible sites repeat each other at some ratios and are needed together at "
                  "others"},
        {"undetermined", "the curvature of i(r) is within its error"},
    };
    for (size_t i = 0; i < sizeof sentences / sizeof *sentences; i++) {
        if (strcmp(verdict, sentences[i].verdict) == 0) {
            return sentences[i].sentence;
        }
    }
    return "";
}

static const char *more_data(const mi_subject *s)
{
    return s->text     ? "a longer text"
           : s->series ? "a longer series"
                       : "more images (their number counts, not their size)";
}

static const char *other_model(const mi_study *s)
{
    return s->subject.text ? "another --order" : "another --patch (a smaller one first)";
}

void mi_advice_help(const mi_study *s, char *text, size_t size)
{
    const char *more = more_data(&s->subject), *other = other_model(s);
    switch (s->judgement.refusal) {
    case MI_NO_INFORMATION:
    case MI_ONLY_AN_EDGE:
        snprintf(text, size,
                 "%s, if there is dependence that these are too few to show; %s; data whose sites "
                 "depend on each other at all",
                 more, other);
        break;
    case MI_MISFIT:
        snprintf(text, size, "%s; more alike data; a model that describes them", other);
        break;
    case MI_TOO_WIDE:
    case MI_TOO_LITTLE:
        snprintf(text, size, "%s%s%s", more, s->subject.text ? "" : "; ",
                 s->subject.text ? "" : other);
        break;
    case MI_HALVES_DIFFER:
        snprintf(text, size, "advice for each kind of data in it apart; %s", more);
        break;
    case MI_NOT_REFUSED:
        text[0] = '\0';
        break;
    }
}

static const char *site_of(const mi_subject *s)
{
    return s->text ? "letter" : s->series ? "step" : "patch";
}

void mi_advice_strategy(const mi_study *s, const mi_finding *f, char *text, size_t size)
{
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < 2 && used < size; i++) {
        if (!f->compared[i]) {
            continue;
        }
        double difference = f->difference[i], error = f->difference_error[i];
        bool clear = fabs(difference) > 2 * error;
        used +=
            (size_t)snprintf(text + used, size - used,
                             "%sat %.0f %% a masked %s is %s than under random masks%s: "
                             "%+.3f +- %.3f nats of information",
                             used > 0 ? "; " : "", 100 * mi_advice_ratios[i], site_of(&s->subject),
                             difference < 0 ? "harder to predict" : "easier to predict",
                             clear ? "" : ", within the error", difference, error);
    }
}
