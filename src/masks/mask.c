#include "maskinfo/mask.h"

#include <string.h>

static const char *const counts[] = {"fixed", "bernoulli", NULL};

static const mi_parameter random_parameters[] = {
    {.name = "count",
     .type = MI_CHOICE,
     .fallback = "\"fixed\"",
     .choices = counts,
     .unit = "",
     .help = "fixed: rN masked sites in every mask; bernoulli: each site masked independently with "
             "probability r"},
    {.name = NULL},
};

static const mi_mask_class random_class = {
    .name = "random",
    .summary = "every set of masked sites of a size is equally likely",
    .parameters = random_parameters,
};

static const mi_mask_class *const classes[] = {&random_class, NULL};

const mi_mask_class *const *mi_mask_classes(void)
{
    return classes;
}

const mi_mask_class *mi_mask_find(const char *name)
{
    for (const mi_mask_class *const *class = classes; *class != NULL; class ++) {
        if (strcmp((*class)->name, name) == 0) {
            return *class;
        }
    }
    return NULL;
}

void mi_mask_from_order(const size_t *order, size_t sites, size_t hidden, unsigned char *masked)
{
    for (size_t i = 0; i < sites; i++) {
        masked[order[i]] = i >= sites - hidden;
    }
}
