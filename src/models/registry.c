#include <stdlib.h>
#include <string.h>

#include "maskinfo/memory.h"
#include "maskinfo/model.h"
#include "models.h"

static const mi_model_class *const classes[] = {
    &mi_mixing_class, &mi_markov_class,  &mi_ngram_class,
    &mi_parity_class, &mi_gmrf_class,    &mi_scene_class,
    &mi_potts_class,  &mi_patches_class, NULL,
};

const mi_model_class *const *mi_model_classes(void)
{
    return classes;
}

const mi_model_class *mi_model_find(const char *name)
{
    for (const mi_model_class *const *class = classes; *class != NULL; class ++) {
        if (strcmp((*class)->name, name) == 0) {
            return *class;
        }
    }
    return NULL;
}

mi_code mi_model_create(const mi_model_class *class, const mi_values *values, const mi_run *run,
                        mi_model **ret_model, mi_status *status)
{
    mi_model *model = NULL;
    mi_code code = mi_allocate(1, sizeof *model, &model, status);
    if (code != MI_OK) {
        return code;
    }
    model->class = class;
    code = class->create(values, run, &model->state, status);
    if (code != MI_OK) {
        free(model);
        return code;
    }
    *ret_model = model;
    return MI_OK;
}

void mi_model_destroy(mi_model *model)
{
    if (model != NULL) {
        model->class->destroy(model->state);
        free(model);
    }
}
