#include "mae_parameters.h"

#include <stddef.h>

#include "encoder.h"

static const char *const position_choices[] = {"fixed", "learned", NULL};
static const char *const target_choices[] = {"raw", "normalized", NULL};
static const char *const pool_choices[] = {"mean", "class", NULL};

/* Of the light decoder: as an encoder's, without LayerScale and stochastic depth. */
static const mi_parameter decoder_parameters[] = {
    {.name = "width",
     .type = MI_INTEGER,
     .low = 2,
     .high = 4096,
     .fallback = "32",
     .unit = "",
     .help = "Numbers of a token"},
    {.name = "depth",
     .type = MI_INTEGER,
     .low = 0,
     .high = 64,
     .fallback = "1",
     .unit = "blocks",
     .help = "Blocks of attention and MLP"},
    {.name = "heads",
     .type = MI_INTEGER,
     .low = 1,
     .high = 256,
     .fallback = "4",
     .unit = "",
     .help = "Heads of attention; they divide the width"},
    {.name = "hidden",
     .type = MI_INTEGER,
     .low = 1,
     .high = 16384,
     .fallback = "null",
     .unit = "",
     .help = "Width of the MLP inside; 4 times the width where it is not given"},
    {.name = NULL},
};

const mi_parameter mi_mae_parameters[] = {
    {.name = "patch",
     .type = MI_INTEGER,
     .low = 1,
     .high = 1024,
     .fallback = "null",
     .unit = "pixels",
     .help = "Side of a token; must divide the image's sides; null: one site of the model"},
    {.name = "encoder",
     .type = MI_GROUP,
     .fallback = "{}",
     .group = mi_encoder_parameters,
     .unit = "",
     .help = "Sees the class token and the visible tokens"},
    {.name = "decoder",
     .type = MI_GROUP,
     .fallback = "{}",
     .group = decoder_parameters,
     .unit = "",
     .help = "Sees all tokens, a learned one in place of each masked one"},
    {.name = "positions",
     .type = MI_CHOICE,
     .fallback = "\"fixed\"",
     .choices = position_choices,
     .unit = "",
     .help = "fixed: sines and cosines; learned: parameters that start from them"},
    {.name = "target",
     .type = MI_CHOICE,
     .fallback = "\"raw\"",
     .choices = target_choices,
     .unit = "",
     .help = "What is predicted: raw pixels, or those of each token less its mean and divided by "
             "its deviation"},
    {.name = "pool",
     .type = MI_CHOICE,
     .fallback = "\"mean\"",
     .choices = pool_choices,
     .unit = "",
     .help = "Features of an example: the mean of its encoded tokens, or the encoded class token"},
    {.name = NULL},
};
