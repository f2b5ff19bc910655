/* All pre-training methods by name. */
#include <string.h>

#include "methods.h"

static const mi_method_class *const classes[] = {
    &mi_mae_method,    &mi_mlm_method,      &mi_ibot_method,
    &mi_dino_method,   &mi_dinov2_method,   &mi_byol_method,
    &mi_jigsaw_method, &mi_colorize_method, NULL,
};

const mi_method_class *const *mi_method_classes(void)
{
    return classes;
}

const mi_method_class *mi_method_find(const char *name)
{
    for (const mi_method_class *const *class = classes; *class != NULL; class ++) {
        if (strcmp((*class)->name, name) == 0) {
            return *class;
        }
    }
    return NULL;
}
