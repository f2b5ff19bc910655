/* "equilibrium" and "streams" of a center result. */
#include <math.h>

#include "center.h"

typedef struct kind {
    const char *name;
    bool drifts, correlated;
} kind;

static const kind kinds[] = {
    {"stationary", false, false}, {"drifting", true, false}, {"correlated", false, true}};
enum { KINDS = sizeof kinds / sizeof *kinds, ORDERS = 2 };

static const char *const orders[ORDERS] = {"after", "before"};

/* NAME, NAME_se, NAME_predicted, NAME_z. */
static void put_predicted(mi_writer *w, cJSON *object, const char *name, const mi_predicted *p,
                          const char *reason)
{
    char key[48];
    mi_add_number_or(w, object, name, p->value, reason);
    snprintf(key, sizeof key, "%s_se", name);
    mi_add_number(w, object, key, p->error);
    snprintf(key, sizeof key, "%s_predicted", name);
    mi_add_number(w, object, key, p->predicted);
    snprintf(key, sizeof key, "%s_z", name);
    mi_add_number(w, object, key, isfinite(p->value) ? mi_z_score(p) : NAN);
}

static cJSON *way_json(mi_writer *w, const mi_stream_result *r)
{
    cJSON *way = cJSON_CreateArray();
    for (size_t i = 0; i < r->points; i++) {
        cJSON *point = cJSON_CreateObject();
        mi_add_number(w, point, "step", (double)r->step[i]);
        put_predicted(w, point, "mean_error", &r->error[i], "");
        mi_append_item(w, way, point);
    }
    return way;
}

static cJSON *stream_json(mi_writer *w, const mi_stream_setting *s, const kind *k,
                          const mi_stream_result *r)
{
    cJSON *stream = cJSON_CreateObject();
    mi_add_text(w, stream, "kind", k->name);
    mi_add_text(w, stream, "update", orders[s->update_before]);
    mi_add_number(w, stream, "center_momentum", s->momentum);
    mi_add_number(w, stream, "drift", s->drift);
    mi_add_number(w, stream, "correlation", s->correlation);
    put_predicted(w, stream, "variance", &r->variance, "");
    put_predicted(w, stream, "drift_lag", &r->lag, "");
    put_predicted(w, stream, "distance", &r->distance, "");
    put_predicted(w, stream, "rate", &r->rate,
                  s->momentum == 0 ? "at momentum 0 nothing of the start is left after one step"
                                   : "the start is lost in the noise after one time constant");
    mi_add_item(w, stream, "way", way_json(w, r));
    return stream;
}

/* The largest z-score of a stream's numbers that are not 0 by construction. */
static double largest_z(const mi_stream_result *r)
{
    const mi_predicted *const all[] = {&r->variance, &r->lag, &r->distance, &r->rate};
    double largest = 0;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        largest = fmax(largest, fabs(mi_z_score(all[i]))); /* fmax passes over NAN */
    }
    for (size_t i = 0; i < r->points; i++) {
        largest = fmax(largest, fabs(mi_z_score(&r->error[i])));
    }
    return largest;
}

/* The numbers that the exercise asks for, of the first momentum, moved after use: mean error at the
 * end of the way and rate and variance of the stationary stream, lag of the drifting one. */
static cJSON *equilibrium_json(mi_writer *w, const mi_stream_setting *s,
                               const mi_stream_result first[KINDS])
{
    cJSON *equilibrium = cJSON_CreateObject();
    mi_add_number(w, equilibrium, "center_momentum", s->momentum);
    mi_add_text(w, equilibrium, "update", "after");
    mi_add_number(w, equilibrium, "mean_error_step", (double)first[0].step[first[0].points - 1]);
    put_predicted(w, equilibrium, "mean_error", &first[0].error[first[0].points - 1], "");
    put_predicted(w, equilibrium, "variance", &first[0].variance, "");
    put_predicted(w, equilibrium, "rate", &first[0].rate, "the start can not be told from noise");
    put_predicted(w, equilibrium, "drift_lag", &first[1].lag, "");
    put_predicted(w, equilibrium, "correlated_variance", &first[2].variance, "");
    return equilibrium;
}

static mi_stream_setting setting_of(const mi_values *v, size_t momentum, size_t order,
                                    const kind *k)
{
    return (mi_stream_setting){
        .momentum = mi_values_find(v, "center_momenta")->matrix.values[momentum],
        .batch = mi_count(v, "batch"),
        .mean = mi_real(v, "mean"),
        .deviation = mi_real(v, "deviation"),
        .start = mi_real(v, "start"),
        .drift = k->drifts ? mi_real(v, "drift") : 0,
        .correlation = k->correlated ? mi_real(v, "correlation") : 0,
        .update_before = order == 1,
        .replicates = mi_count(v, "replicates"),
        .window = mi_count(v, "window"),
        .index = (momentum * ORDERS * KINDS + order * KINDS + (size_t)(k - kinds)) << 32};
}

mi_code mi_center_add_streams(const mi_values *v, const mi_run *run, cJSON *result,
                              mi_status *status)
{
    size_t momenta = mi_values_find(v, "center_momenta")->matrix.columns;
    mi_writer w = {.failed = false};
    mi_stream_result first[KINDS], r;
    cJSON *streams = cJSON_CreateArray();
    double worst = 0;
    mi_code code = MI_OK;
    for (size_t i = 0; code == MI_OK && i < momenta * ORDERS * KINDS; i++) {
        const kind *k = &kinds[i % KINDS];
        mi_stream_setting s = setting_of(v, i / (ORDERS * KINDS), i / KINDS % ORDERS, k);
        code = mi_stream_simulate(&s, run, &r, status);
        if (code == MI_OK) {
            mi_append_item(&w, streams, stream_json(&w, &s, k, &r));
            worst = fmax(worst, largest_z(&r));
        }
        if (code == MI_OK && i < KINDS) {
            first[i] = r;
        }
    }
    if (code == MI_OK) {
        mi_stream_setting s = setting_of(v, 0, 0, &kinds[0]);
        cJSON *equilibrium = equilibrium_json(&w, &s, first);
        mi_add_number(&w, equilibrium, "largest_z", worst);
        mi_add_item(&w, result, "equilibrium", equilibrium);
    }
    mi_add_item(&w, result, "streams", streams);
    return code == MI_OK && w.failed ? mi_fail(status, MI_MEMORY, "out of memory") : code;
}
