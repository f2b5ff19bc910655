/* Parameters of the methods that match a student's outputs to a teacher's: one family of tables, in
 * which defaults differ. */
#include "encoder.h"
#include "ibot.h"

static const char *const centering_choices[] = {"center", "sinkhorn", "none", NULL};
static const char *const order_choices[] = {"after", "before", NULL};

#define INTEGER(name_, low_, high_, fallback_, unit_, help_)                                       \
    {                                                                                              \
        .name = name_, .type = MI_INTEGER, .low = low_, .high = high_, .fallback = fallback_,      \
        .unit = unit_, .help = help_                                                               \
    }
#define REAL(name_, low_, high_, flags_, fallback_, unit_, help_)                                  \
    {                                                                                              \
        .name = name_, .type = MI_REAL, .low = low_, .high = high_, .flags = flags_,               \
        .fallback = fallback_, .unit = unit_, .help = help_                                        \
    }
#define CHOICE(name_, choices_, fallback_, help_)                                                  \
    {                                                                                              \
        .name = name_, .type = MI_CHOICE, .fallback = fallback_, .choices = choices_, .unit = "",  \
        .help = help_                                                                              \
    }
#define FLAG(name_, fallback_, help_)                                                              \
    {                                                                                              \
        .name = name_, .type = MI_FLAG, .fallback = fallback_, .unit = "", .help = help_           \
    }
#define GROUP(name_, table_, help_)                                                                \
    {                                                                                              \
        .name = name_, .type = MI_GROUP, .fallback = "{}", .group = table_, .unit = "",            \
        .help = help_                                                                              \
    }
#define END                                                                                        \
    {                                                                                              \
        .name = NULL                                                                               \
    }

#define HEAD                                                                                       \
    INTEGER("prototypes", 2, 1048576, "512", "",                                                   \
            "Outputs K: the classes that the teacher invents"),                                    \
        INTEGER("hidden", 1, 16384, "256", "", "Width of the head's hidden layers"),               \
        INTEGER("bottleneck", 1, 16384, "64", "",                                                  \
                "Width of the vector of length 1 that is compared with the prototypes"),           \
        INTEGER("layers", 1, 8, "3", "", "Linear layers before the prototypes")

#define PATCH_HEAD(shared_)                                                                        \
    HEAD,                                                                                          \
        FLAG("shared", shared_,                                                                    \
             "Do patches use the head of the class token? else one of their own"),                 \
        INTEGER("patch_prototypes", 2, 1048576, "null", "",                                        \
                "Outputs of the patches' head; null: as many as prototypes")

#define TEMPERATURES                                                                               \
    MI_TEACHER_MOMENTUM,                                                                           \
        REAL("temperature", 0, 100, MI_LOW_OPEN, "0.04", "",                                       \
             "Temperature of the teacher's softmax; low ones sharpen"),                            \
        REAL("warmup_temperature", 0, 100, MI_LOW_OPEN, "null", "",                                \
             "Temperature at the first step, from which it goes linearly to its value"),           \
        INTEGER("warmup_steps", 0, 100000000, "0", "steps", "Steps in which it does")

#define CENTERING(centering_)                                                                      \
    CHOICE("centering", centering_choices, centering_,                                             \
           "Against collapse to one prototype: subtract a running mean of the outputs (center), "  \
           "or give all prototypes equal shares of a batch (sinkhorn), or nothing"),               \
        REAL("center_momentum", 0, 1, 0, "0.9", "", "What a step keeps of the running mean"),      \
        CHOICE("center_update", order_choices, "\"after\"",                                        \
               "Is the running mean brought up to date after or before it is used?"),              \
        INTEGER("sinkhorn_iterations", 1, 1000, "3", "", "Rounds of Sinkhorn and Knopp")

#define PATCH_TEACHER                                                                              \
    REAL("patch_temperature", 0, 100, MI_LOW_OPEN, "null", "",                                     \
         "Temperature for patches; null: as for the class token"),                                 \
        REAL("patch_center_momentum", 0, 1, 0, "null", "",                                         \
             "Of the patches' running mean; null: as the class token's")

static const mi_parameter dino_head[] = {HEAD, END};
static const mi_parameter ibot_head[] = {PATCH_HEAD("true"), END};
static const mi_parameter dinov2_head[] = {PATCH_HEAD("false"), END};
static const mi_parameter dino_teacher[] = {TEMPERATURES, CENTERING("\"center\""), END};
static const mi_parameter ibot_teacher[] = {TEMPERATURES, CENTERING("\"center\""), PATCH_TEACHER,
                                            END};
static const mi_parameter dinov2_teacher[] = {TEMPERATURES, CENTERING("\"sinkhorn\""),
                                              PATCH_TEACHER, END};

#define COMMON(encoder_, head_, teacher_, koleo_)                                                  \
    INTEGER("patch", 1, 1024, "null", "pixels",                                                    \
            "Side of a token; must divide the image's sides; null: one site of the model"),        \
        GROUP("encoder", encoder_, "Sees the class token and all tokens"),                         \
        GROUP("views", mi_views_parameters, "Crops and other changes of an image"),                \
        GROUP("head", head_, "From features to prototypes"),                                       \
        GROUP("teacher", teacher_, "Whose outputs are the targets"),                               \
        REAL("student_temperature", 0, 100, MI_LOW_OPEN, "0.1", "",                                \
             "Temperature of the student's softmax"),                                              \
        REAL("class_weight", 0, 1e6, 0, "1", "", "Weight of the class token's loss"),              \
        REAL("koleo_weight", 0, 1e6, 0, koleo_, "",                                                \
             "Weight of the loss that keeps features of different images apart (KoLeo)"),          \
        INTEGER("frozen_last_layer", 0, 100000000, "0", "steps",                                   \
                "Steps at the start in which the prototypes do not learn"),                        \
        CHOICE("pool", mi_pool_choices, "\"class\"",                                               \
               "Features of an example: the encoded class token, or the mean of its encoded "      \
               "tokens")

#define PATCHES                                                                                    \
    REAL("patch_weight", 0, 1e6, 0, "1", "", "Weight of the masked patches' loss"),                \
        REAL("masked_views", 0, 1, 0, "0.5", "",                                                   \
             "Share of the global views of which tokens are masked for the student")

const mi_parameter mi_dino_parameters[] = {
    COMMON(mi_encoder_parameters, dino_head, dino_teacher, "0"), END};
const mi_parameter mi_ibot_parameters[] = {
    COMMON(mi_encoder_parameters, ibot_head, ibot_teacher, "0"), PATCHES, END};
const mi_parameter mi_dinov2_parameters[] = {
    COMMON(mi_encoder_regularised_parameters, dinov2_head, dinov2_teacher, "0.1"), PATCHES, END};
