/* Small recipes of the methods that compare views, and a pass through all that a step does. */
#ifndef MASKINFO_TESTS_SIAMESE_SUPPORT_H
#define MASKINFO_TESTS_SIAMESE_SUPPORT_H

#include "trainer_support.h"

/* 8x6 pixels in patches of 2: 4x3 tokens, local crops of 4x4: 2x2. */
#define SIAMESE_COMMON                                                                             \
    "\"patch\":2,\"views\":{\"local_crops\":2,\"local_size\":4},"                                  \
    "\"encoder\":{\"width\":16,\"depth\":2,\"heads\":2,\"stochastic_depth\":0.2}"
#define SIAMESE_HEAD "\"prototypes\":12,\"hidden\":10,\"bottleneck\":6"
#define SIAMESE_MODEL                                                                              \
    .model = "gmrf", .model_parameters = "{\"grid\":[8,6]}", .mask = "block", .ratio = {0.2, 0.6}

static const recipe siamese_recipes[] = {
    {.method = "dino",
     .parameters = "{" SIAMESE_COMMON ",\"head\":{" SIAMESE_HEAD "}}",
     SIAMESE_MODEL},
    {.method = "ibot",
     .parameters = "{" SIAMESE_COMMON ",\"head\":{" SIAMESE_HEAD "},\"teacher\":{"
                   "\"patch_temperature\":0.07,\"center_update\":\"before\"}}",
     SIAMESE_MODEL},
    {.method = "dinov2",
     .parameters = "{" SIAMESE_COMMON ",\"head\":{" SIAMESE_HEAD ",\"patch_prototypes\":9}}",
     SIAMESE_MODEL},
    {.method = "byol",
     .parameters = "{" SIAMESE_COMMON ",\"projector\":{\"hidden\":10,\"size\":6},"
                   "\"predictor\":{\"hidden\":8}}",
     SIAMESE_MODEL},
};
enum { SIAMESE_RECIPES = 4 };

static const char *const siamese_training = "{\"steps\":30,\"batch\":10,\"rate\":0.003}";

#endif
