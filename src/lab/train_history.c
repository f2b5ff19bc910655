/* Loss, gradient norm, learning rate and monitors of every step, kept beside the checkpoint, so
 * that a run that is resumed ends in the same result as one that was not interrupted. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "maskinfo/memory.h"
#include "maskinfo/safetensors.h"
#include "training.h"

enum { SERIES = 3, NAME = 96 };
static const char *const names[SERIES] = {"loss", "gradient_norm", "rate"};

static size_t series_count(const mi_history *h)
{
    return SERIES + h->monitors;
}

static double **series_of(mi_history *h, size_t index)
{
    double **all[SERIES] = {&h->loss, &h->norm, &h->rate};
    return index < SERIES ? all[index] : &h->monitor[index - SERIES];
}

/* Its name in the file. */
static const char *series_name(const mi_history *h, size_t index, char name[NAME])
{
    if (index < SERIES) {
        return names[index];
    }
    snprintf(name, NAME, "monitor.%s", h->monitored[index - SERIES].name);
    return name;
}

mi_code mi_history_create(size_t capacity, const mi_monitor *opt_monitored, mi_history *h,
                          mi_status *status)
{
    mi_code code = MI_OK;
    *h = (mi_history){.capacity = capacity, .monitored = opt_monitored};
    while (opt_monitored != NULL && h->monitors < MI_MONITORS &&
           opt_monitored[h->monitors].name != NULL) {
        h->monitors++;
    }
    for (size_t i = 0; code == MI_OK && i < series_count(h); i++) {
        code = mi_allocate(capacity, sizeof(double), series_of(h, i), status);
    }
    return code;
}

void mi_history_free(mi_history *h)
{
    for (size_t i = 0; i < series_count(h); i++) {
        free(*series_of(h, i));
    }
    *h = (mi_history){.steps = 0};
}

const double *mi_history_find(const mi_history *h, const char *name)
{
    for (size_t i = 0; i < h->monitors; i++) {
        if (strcmp(h->monitored[i].name, name) == 0) {
            return h->monitor[i];
        }
    }
    return NULL;
}

double mi_history_mean(const double *values, size_t from, size_t to)
{
    double sum = 0;
    size_t count = 0;
    for (size_t i = from; i < to; i++) {
        if (isfinite(values[i])) {
            sum += values[i];
            count++;
        }
    }
    return count > 0 ? sum / (double)count : NAN;
}

mi_code mi_history_save(const mi_history *h, const char *identity, const char *path,
                        mi_status *status)
{
    const char *const metadata[] = {"maskinfo", MI_VERSION, "identity", identity};
    mi_history from = *h;
    mi_safetensor items[SERIES + MI_MONITORS];
    char room[SERIES + MI_MONITORS][NAME];
    for (size_t i = 0; i < series_count(h); i++) {
        items[i] = (mi_safetensor){.name = series_name(h, i, room[i]),
                                   .dtype = "F64",
                                   .rank = 1,
                                   .shape = {h->steps},
                                   .bytes = *series_of(&from, i),
                                   .size = h->steps * sizeof(double)};
    }
    return mi_safetensors_write(path, items, series_count(h), metadata, 2, status);
}

static mi_code take(mi_history *h, const mi_safetensors *file, size_t steps, mi_status *status)
{
    char room[NAME];
    for (size_t i = 0; i < series_count(h); i++) {
        const char *name = series_name(h, i, room);
        const mi_safetensor *item = mi_safetensors_find(file, name);
        if (item == NULL || strcmp(item->dtype, "F64") != 0 || item->rank != 1 ||
            item->shape[0] < steps) {
            return mi_fail(status, MI_INPUT,
                           "%s: \"%s\" is not there for the %zu steps of the checkpoint beside it",
                           file->file, name, steps);
        }
        memcpy(*series_of(h, i), item->bytes, steps * sizeof(double));
    }
    h->steps = steps;
    return MI_OK;
}

mi_code mi_history_load(mi_history *h, const char *identity, size_t steps, const char *path,
                        mi_status *status)
{
    mi_safetensors *file = NULL;
    mi_code code = mi_safetensors_read(path, &file, status);
    if (code == MI_OK) {
        const char *own = mi_safetensors_metadata(file, "identity");
        code = own != NULL && strcmp(own, identity) == 0 && steps <= h->capacity
                   ? take(h, file, steps, status)
                   : mi_fail(status, MI_INPUT, "%s: of another configuration", path);
    }
    mi_safetensors_destroy(file);
    return code;
}
