/* Gradients of whole methods that compare views against central differences, in double precision:
 * teacher, views and targets stay. */
#include "siamese_rig.h"

#define VIEWS "\"views\":{\"local_crops\":2,\"local_size\":8}"
#define ENCODER(more) "\"encoder\":{\"width\":8,\"depth\":2,\"heads\":2,\"hidden\":12" more "}"
#define HEAD(more) "\"head\":{\"prototypes\":7,\"hidden\":9,\"bottleneck\":5" more "}"

static void check(const char *name, const char *json)
{
    enum { ENTRIES = 12 };
    mi_status status = {.code = MI_OK};
    siamese_rig r = rig_create(name, json);
    if (rig_settle(&r, &status) != MI_OK) {
        fail_msg("%s", status.message);
    }
    gradients_equal_differences(r.method, r.values, &r.batch, ENTRIES, 1e-6);
    rig_destroy(&r);
}

static void dino(void **state)
{
    (void)state;
    check("dino", "{" ENCODER("") "," HEAD("") ",\"class_weight\":0.7}");
}

static void dino_with_crops_and_stochastic_depth(void **state)
{
    (void)state;
    check("dino", "{" ENCODER(",\"stochastic_depth\":0.3") "," HEAD(",\"layers\":2") "," VIEWS "}");
}

static void ibot_with_a_shared_head(void **state)
{
    (void)state;
    check("ibot", "{" ENCODER("") "," HEAD("") "," VIEWS ",\"patch_weight\":1.3}");
}

static void ibot_with_separate_heads(void **state)
{
    (void)state;
    check("ibot",
          "{" ENCODER("") "," HEAD(
              ",\"shared\":false,\"patch_prototypes\":6") ",\"teacher\":{\"patch_temperature\":0."
                                                          "07},\"masked_views\":0.8}");
}

static void dinov2(void **state)
{
    (void)state;
    check("dinov2", "{" ENCODER(",\"layer_scale\":0.5,\"stochastic_depth\":0.2") "," HEAD(
                        "") "," VIEWS ",\"koleo_weight\":0.4,\"masked_views\":1}");
}

static void byol(void **state)
{
    (void)state;
    check("byol", "{" ENCODER("") ",\"projector\":{\"hidden\":9,\"size\":5},"
                                  "\"predictor\":{\"hidden\":6}," VIEWS "}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dino),
        cmocka_unit_test(dino_with_crops_and_stochastic_depth),
        cmocka_unit_test(ibot_with_a_shared_head),
        cmocka_unit_test(ibot_with_separate_heads),
        cmocka_unit_test(dinov2),
        cmocka_unit_test(byol),
    };
    mi_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
