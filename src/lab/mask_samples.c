/* Masks to look at: one sample of the strategy at 50 % and at 75 %. */
#include <stdlib.h>

#include "lab.h"
#include "maskinfo/memory.h"

enum { MAX_SHOWN = 4096 /* sites; more can not be told apart in a figure */ };

static const double shown_ratios[] = {0.5, 0.75};

static cJSON *sample_json(mi_writer *w, mi_layout layout, double ratio, unsigned char *masked)
{
    cJSON *sample = cJSON_CreateObject();
    size_t sites = layout.rows * layout.columns;
    for (size_t i = 0; i < sites; i++) {
        masked[i] = masked[i] ? '1' : '0';
    }
    masked[sites] = '\0';
    mi_add_number(w, sample, "ratio", ratio);
    mi_add_number(w, sample, "rows", (double)layout.rows);
    mi_add_number(w, sample, "columns", (double)layout.columns);
    mi_add_text(w, sample, "masked", (const char *)masked);
    return sample;
}

mi_code mi_mask_samples_add(const mi_masking *masking, mi_shape shape, uint64_t seed, cJSON *result,
                            mi_status *status)
{
    mi_writer w = {.failed = false};
    mi_layout layout = mi_layout_of(shape);
    unsigned char *masked = NULL;
    if (shape.sites == 0 || shape.sites > MAX_SHOWN) {
        return MI_OK;
    }
    mi_code code = mi_allocate(shape.sites + 1, sizeof *masked, &masked, status);
    cJSON *samples = cJSON_CreateArray();
    for (size_t i = 0; code == MI_OK && i < sizeof shown_ratios / sizeof *shown_ratios; i++) {
        double ratio = shown_ratios[i];
        if (masking->class->check(masking->values, layout, ratio, NULL) != MI_OK) {
            continue;
        }
        code = mi_masked_sample(masking, layout, ratio, seed, 0, masked, status);
        cJSON *sample = code == MI_OK ? sample_json(&w, layout, ratio, masked) : NULL;
        if (code == MI_OK && (sample == NULL || !cJSON_AddItemToArray(samples, sample))) {
            cJSON_Delete(sample);
            w.failed = true;
        }
    }
    mi_add_item(&w, result, "mask_samples", samples);
    free(masked);
    return code == MI_OK && w.failed ? mi_fail(status, MI_MEMORY, "out of memory for the masks")
                                     : code;
}
