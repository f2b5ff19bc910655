/* Parameters of methods that compare views. */
#include "siamese.h"

const char *const mi_pool_choices[] = {"class", "mean", NULL};

const mi_parameter mi_views_parameters[] = {
    {.name = "global_scale",
     .type = MI_LIST,
     .low = 0,
     .high = 1,
     .flags = MI_LOW_OPEN,
     .fallback = "[0.5, 1]",
     .unit = "",
     .help = "[smallest, largest] share of the image's area in a global crop, which is resized to "
             "the image"},
    {.name = "local_crops",
     .type = MI_INTEGER,
     .low = 0,
     .high = 16,
     .fallback = "0",
     .unit = "",
     .help = "Local crops of an image, which the student alone sees"},
    {.name = "local_scale",
     .type = MI_LIST,
     .low = 0,
     .high = 1,
     .flags = MI_LOW_OPEN,
     .fallback = "[0.15, 0.5]",
     .unit = "",
     .help = "[smallest, largest] share of the image's area in a local crop"},
    {.name = "local_size",
     .type = MI_INTEGER,
     .low = 1,
     .high = 1024,
     .fallback = "null",
     .unit = "pixels",
     .help = "Side to which local crops are resized, a multiple of the patch; null: half the image "
             "or the next smaller multiple"},
    {.name = "flip",
     .type = MI_FLAG,
     .fallback = "true",
     .unit = "",
     .help = "Is each view mirrored with probability 1/2?"},
    {.name = "jitter",
     .type = MI_REAL,
     .low = 0,
     .high = 10,
     .fallback = "0.2",
     .unit = "",
     .help = "Largest change of brightness, in standard deviations of the source, and of contrast, "
             "as a share"},
    {.name = NULL},
};
