/* Loss and gradients of whole methods that compare views against PyTorch 1.13 on shared weights, a
 * shared teacher, views and masks. tests/torch/siamese.py tells how the recorded files are remade:
 * called with a folder, this program writes its side of them. */
#include "siamese_rig.h"

#include "../src/methods/byol.h"
#include "maskinfo/safetensors.h"

typedef struct recorded {
    const char *name, *method, *json;
} recorded;

#define VIEWS "\"views\":{\"local_crops\":2,\"local_size\":8}"
#define ENCODER(more) "\"encoder\":{\"width\":16,\"depth\":2,\"heads\":4,\"hidden\":32" more "}"
#define HEAD(more) "\"head\":{\"prototypes\":12,\"hidden\":10,\"bottleneck\":6" more "}"

static const recorded cases[] = {
    {"dino", "dino", "{" ENCODER("") "," HEAD("") "," VIEWS "}"},
    {"ibot-shared", "ibot",
     "{" ENCODER("") "," HEAD("") "," VIEWS ",\"teacher\":{\"center_update\":\"before\"},"
                                  "\"masked_views\":0.7,\"patch_weight\":1.5}"},
    {"ibot-separate", "ibot",
     "{" ENCODER("") "," HEAD(
         ",\"shared\":false,\"patch_prototypes\":9,\"layers\":2") ",\"teacher\":{\"patch_"
                                                                  "temperature\":0.07},\"masked_"
                                                                  "views\":0.7}"},
    {"dinov2", "dinov2",
     "{" ENCODER(",\"layer_scale\":0.3,\"stochastic_depth\":0") "," HEAD(
         "") "," VIEWS ",\"koleo_weight\":0.4,\"masked_views\":0.7}"},
    {"byol", "byol",
     "{" ENCODER("") ",\"projector\":{\"hidden\":10,\"size\":6},"
                     "\"predictor\":{\"hidden\":8}}"},
};
enum { CASES = 5 };

static const mi_siamese *siamese_of(const siamese_rig *r)
{
    return strcmp(r->method.class->name, "byol") == 0
               ? &((const mi_byol *)r->method.state)->siamese
               : &((const mi_ibot *)r->method.state)->siamese;
}

static siamese_rig ready(const recorded *c)
{
    mi_status status = {.code = MI_OK};
    siamese_rig r = rig_create(c->method, c->json);
    if (rig_settle(&r, &status) != MI_OK) {
        fail_msg("%s", status.message);
    }
    return r;
}

/* ---- writing ---- */

typedef struct list {
    size_t count;
    mi_safetensor items[400];
    mi_safetensor *blocks[2];
} list;

static void put_block(list *l, size_t block, const siamese_rig *r, const char *prefix,
                      const mi_scalar *values)
{
    assert_int_equal(mi_tensors_items(r->tensors, prefix, values, &l->blocks[block], NULL), MI_OK);
    memcpy(l->items + l->count, l->blocks[block], r->tensors->count * sizeof *l->items);
    l->count += r->tensors->count;
}

static void put(list *l, const char *name, const char *dtype, size_t size, const void *bytes,
                size_t a, size_t b, size_t c)
{
    l->items[l->count++] = (mi_safetensor){name, dtype, 3, {a, b, c}, bytes, a * b * c * size};
}

static void record(const recorded *c, const char *folder)
{
    static list l;
    char path[512];
    siamese_rig r = ready(c);
    const mi_siamese *s = siamese_of(&r);
    l.count = 0;
    put_block(&l, 0, &r, "weight.", r.values);
    put_block(&l, 1, &r, "teacher.", s->teacher);
    put(&l, "globals", "F32", 4, s->globals, RIG_BATCH, 2, s->pixels);
    put(&l, "locals", "F32", 4, s->locals, RIG_BATCH, s->crops, s->crop_pixels);
    if (r.method.class->kept != NULL) {
        const mi_ibot *ibot = r.method.state;
        put(&l, "center", "F32", 4, ibot->class.center, 1, 1, ibot->class.prototypes);
        if (ibot->patches) {
            put(&l, "patch_center", "F32", 4, ibot->patch.center, 1, 1, ibot->patch.prototypes);
            put(&l, "chosen", "U8", 1, ibot->chosen, 1, RIG_BATCH, 2);
            put(&l, "masked", "U8", 1, r.batch.masked, RIG_BATCH, 2, RIG_TOKENS);
        }
    }
    const char *metadata[] = {"method", c->method, "parameters", c->json};
    snprintf(path, sizeof path, "%s/siamese-%s.safetensors", folder, c->name);
    assert_int_equal(mi_safetensors_write(path, l.items, l.count, metadata, 2, NULL), MI_OK);
    free(l.blocks[0]);
    free(l.blocks[1]);
    rig_destroy(&r);
}

/* ---- comparing ---- */

static double relative(size_t count, const mi_scalar *a, const mi_scalar *b)
{
    double difference = 0, size = 0;
    for (size_t i = 0; i < count; i++) {
        difference += ((double)a[i] - (double)b[i]) * ((double)a[i] - (double)b[i]);
        size += (double)b[i] * (double)b[i];
    }
    return sqrt(difference / size);
}

/* Keys' biases have no gradient but rounding. */
static double tensor_error(const mi_tensor *t, const mi_scalar *a, const mi_scalar *b)
{
    a += t->offset;
    b += t->offset;
    if (strstr(t->name, "attn.qkv.bias") == NULL) {
        return relative(t->count, a, b);
    }
    size_t third = t->count / 3;
    return fmax(relative(third, a, b), relative(third, a + 2 * third, b + 2 * third));
}

/* The views are drawn as they were when the file was written; else it must be remade. */
static void views_are_the_recorded(const siamese_rig *r, const mi_safetensors *file)
{
    const mi_siamese *s = siamese_of(r);
    const mi_safetensor *globals = mi_safetensors_find(file, "globals");
    size_t count = RIG_BATCH * 2 * s->pixels;
    assert_non_null(globals);
    assert_int_equal(globals->size, count * sizeof(mi_scalar));
    mi_scalar *recorded_views = malloc(globals->size);
    memcpy(recorded_views, globals->bytes, globals->size);
    assert_true(relative(count, s->globals, recorded_views) < 1e-5);
    free(recorded_views);
}

static void compare(const recorded *c)
{
    char path[512];
    double loss = 0, worst = 0;
    mi_safetensors *file = NULL;
    mi_status status = {.code = MI_OK};
    siamese_rig r = ready(c);
    snprintf(path, sizeof path, "tests/torch/data/siamese-%s.safetensors", c->name);
    if (mi_safetensors_read(path, &file, &status) != MI_OK) {
        fail_msg("%s", status.message);
    }
    mi_scalar *expected = block_of(r.method), *gradient = block_of(r.method);
    views_are_the_recorded(&r, file);
    assert_int_equal(mi_tensors_load(r.tensors, file, "gradient.", expected, &status), MI_OK);
    memcpy(&loss, mi_safetensors_find(file, "loss")->bytes, sizeof loss);
    double ours = loss_of(r.method, r.values, &r.batch, gradient);
    for (size_t t = 0; t < r.tensors->count; t++) {
        double error = tensor_error(&r.tensors->items[t], gradient, expected);
        worst = fmax(worst, error);
        if (!(error < 1e-4)) {
            fail_msg("%s, %s: relative error %.3g", c->name, r.tensors->items[t].name, error);
        }
    }
    print_message("%s: loss %.6f, relative error %.2g, of gradients at most %.2g\n", c->name, loss,
                  fabs(ours / loss - 1), worst);
    assert_near(ours / loss, 1, 1e-5);
    free(expected);
    free(gradient);
    mi_safetensors_destroy(file);
    rig_destroy(&r);
}

static void equals_pytorch(void **state)
{
    (void)state;
    for (int k = 0; k < CASES; k++) {
        compare(&cases[k]);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(equals_pytorch)};
    mi_start();
    for (int k = 0; k < CASES && argc == 2; k++) {
        record(&cases[k], argv[1]);
    }
    return argc == 2 ? 0 : cmocka_run_group_tests(tests, NULL, NULL);
}
