/* Columns of rows, and what a run comes to in words. */
#include <math.h>
#include <string.h>

#include "maskinfo/format.h"
#include "text.h"
#include "trained.h"

bool mi_rows_have(const mi_number_rows *rows, size_t column)
{
    for (size_t i = 0; i < rows->rows; i++) {
        if (isfinite(mi_rows_at(rows, i, column))) {
            return true;
        }
    }
    return false;
}

void mi_rows_range(const mi_number_rows *rows, size_t column, double errors, size_t error_column,
                   double *low, double *high)
{
    for (size_t i = 0; i < rows->rows; i++) {
        double value = mi_rows_at(rows, i, column);
        double error = error_column < rows->columns ? mi_rows_at(rows, i, error_column) : 0;
        double width = isfinite(error) ? errors * error : 0;
        if (isfinite(value)) {
            *low = fmin(*low, value - width);
            *high = fmax(*high, value + width);
        }
    }
}

bool mi_trained_leaks(const mi_trained *t)
{
    bool leak = t->evaluation.leak;
    for (size_t i = 0; i < t->points.rows; i++) {
        leak = leak || mi_rows_at(&t->points, i, MI_P_LEAK) > 0;
    }
    return leak;
}

static void put_value(char *text, size_t size, size_t *used, double value)
{
    if (isfinite(value)) {
        mi_append(text, size, used, " %.5g", value);
    }
}

static void put_leak(const mi_trained *t, char *text, size_t size)
{
    const mi_evaluation *e = &t->evaluation;
    size_t used = 0, i = 0;
    while (i < t->points.rows && !(mi_rows_at(&t->points, i, MI_P_LEAK) > 0)) {
        i++;
    }
    bool point = i < t->points.rows;
    double loss = point ? mi_rows_at(&t->points, i, MI_P_LOSS) : e->loss;
    double floor = point ? mi_rows_at(&t->points, i, MI_P_FLOOR) : e->floor;
    double gap = point ? mi_rows_at(&t->points, i, MI_P_GAP) : e->gap;
    double error = point ? mi_rows_at(&t->points, i, MI_P_GAP_SE) : e->gap_se;
    mi_append(text, size, &used, "LEAK: the loss");
    put_value(text, size, &used, loss);
    mi_append(text, size, &used, " lies below the floor");
    put_value(text, size, &used, floor);
    if (point) {
        mi_append(text, size, &used, " at ratio %g", mi_rows_at(&t->points, i, MI_P_RATIO));
    }
    if (error > 0 && isfinite(gap)) {
        mi_append(text, size, &used, " by %.1f errors", -gap / error);
    }
    mi_append(text, size, &used,
              ". No predictor can do that: the network sees what it must not, or the floor is "
              "wrong.");
}

static void put_error(char *text, size_t size, size_t *used, double error)
{
    if (isfinite(error)) {
        mi_append(text, size, used, " ± %.2g", error);
    }
}

/* "Within" is true of no smaller number. */
static double round_up(double value, int decimals)
{
    double unit = pow(10, -decimals);
    return ceil(value / unit - 1e-9) * unit;
}

/* How far a loss is from its floor; both and the gap are there. */
static void put_gap(const mi_evaluation *e, char *text, size_t size, size_t *used)
{
    if (!(e->gap > 0) || !(e->gap_percent > 0)) {
        mi_append(text, size, used, ": at the floor %.5g within its error", e->floor);
    } else {
        int decimals = e->gap_percent < 1 ? 2 : e->gap_percent < 10;
        mi_append(text, size, used, ": within %.*f %% of the floor %.5g", decimals,
                  round_up(e->gap_percent, decimals), e->floor);
    }
    mi_append(text, size, used, ", the least that is possible (gap %.3g", e->gap);
    put_error(text, size, used, e->gap_se);
    if (isfinite(e->gap_nats)) {
        mi_append(text, size, used, "; %.3g", e->gap_nats);
        put_error(text, size, used, e->gap_nats_se);
        mi_append(text, size, used, " nats per site");
    }
    mi_append(text, size, used, ").");
}

char *mi_trained_verdict(const mi_trained *t, char *text, size_t size)
{
    const mi_evaluation *e = &t->evaluation;
    size_t used = 0;
    text[0] = '\0';
    if (mi_trained_leaks(t)) {
        put_leak(t, text, size);
        return text;
    }
    if (!isfinite(e->loss)) {
        bool reason = e->loss_reason[0] != '\0';
        if (isfinite(t->final_loss)) {
            mi_append(text, size, &used, "Loss of the last steps %.5g. ", t->final_loss);
        }
        mi_append(text, size, &used, "No held-out loss was measured%s%s%s.", reason ? " (" : "",
                  e->loss_reason, reason ? ")" : "");
        return text;
    }
    mi_append(text, size, &used, "Held-out loss %.5g", e->loss);
    put_error(text, size, &used, e->loss_se);
    if (!isfinite(e->floor)) {
        bool reason = e->floor_reason[0] != '\0';
        mi_append(text, size, &used, "; no exact floor%s%s%s.", reason ? " (" : "", e->floor_reason,
                  reason ? ")" : "");
        return text;
    }
    if (!isfinite(e->gap)) {
        mi_append(text, size, &used, "; floor %.5g, the least that is possible.", e->floor);
        return text;
    }
    put_gap(e, text, size, &used);
    return text;
}
