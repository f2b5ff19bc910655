#include "reduced.h"

#include <string.h>
#include <sys/stat.h>

#include "maskinfo/document.h"
#include "pictures.h"
#include "program.h"

enum { SIDE = 48, IMAGES = 40, IMAGE_SIDE = 28, CLASSES = 3, PATH = 300 };

/* 0..63, the same each time: MurmurHash3's finaliser. */
static unsigned noise(unsigned x)
{
    x = (x ^ x >> 16) * 0x85ebca6bu;
    x = (x ^ x >> 13) * 0xc2b2ae35u;
    return x >> 26;
}

static void write_photo(const char *folder, const char *name, unsigned seed)
{
    static unsigned char samples[SIDE][SIDE][3];
    char path[PATH];
    for (unsigned i = 0; i < SIDE; i++) {
        for (unsigned j = 0; j < SIDE; j++) {
            for (unsigned c = 0; c < 3; c++) {
                unsigned own = noise(((seed * SIDE + i) * SIDE + j) * 3 + c);
                samples[i][j][c] = (unsigned char)(2 * i + j + 20 * c + own);
            }
        }
    }
    png_picture picture = {.rows = SIDE,
                           .columns = SIDE,
                           .depth = 8,
                           .type = PNG_COLOR_TYPE_RGB,
                           .samples = &samples[0][0][0],
                           .stride = sizeof samples[0]};
    snprintf(path, sizeof path, "%s/photos/%s", folder, name);
    write_png(path, &picture);
}

/* Images whose brightness leans on their class, and their labels. */
static void write_classes(const char *folder, const char *part, unsigned seed)
{
    enum { PIXELS = IMAGE_SIDE * IMAGE_SIDE };
    static unsigned char images[16 + IMAGES * PIXELS], labels[8 + IMAGES];
    char path[PATH];
    memcpy(images, (unsigned char[]){0, 0, 8, 3, 0, 0, 0, IMAGES, 0, 0, 0, 28, 0, 0, 0, 28}, 16);
    memcpy(labels, (unsigned char[]){0, 0, 8, 1, 0, 0, 0, IMAGES}, 8);
    for (unsigned i = 0; i < IMAGES; i++) {
        labels[8 + i] = (unsigned char)(i % CLASSES);
        for (unsigned k = 0; k < PIXELS; k++) {
            unsigned own = noise((seed * IMAGES + i) * PIXELS + k);
            images[16 + i * PIXELS + k] = (unsigned char)(40 * (i % CLASSES) + k / 28 + own);
        }
    }
    snprintf(path, sizeof path, "%s/%s-images", folder, part);
    write_bytes(path, images, sizeof images);
    snprintf(path, sizeof path, "%s/%s-labels", folder, part);
    write_bytes(path, labels, sizeof labels);
}

void reduced_data(const char *folder)
{
    char path[PATH], text[4000] = "";
    snprintf(path, sizeof path, "%s/photos", folder);
    assert_int_equal(mkdir(path, 0777), 0);
    write_photo(folder, "a.png", 1);
    write_photo(folder, "b.png", 2);
    write_photo(folder, "c.png", 3);
    write_photo(folder, "d.png", 4);
    write_classes(folder, "train", 1);
    write_classes(folder, "test", 2);
    for (unsigned i = 0; i < 400; i++) {
        static const char *const words[] = {"the ",   "state ", "of ",  "a ",
                                            "union ", "is ",    "good "};
        strcat(text, words[(i * 2654435761u >> 16) % 7]);
    }
    snprintf(path, sizeof path, "%s/text.txt", folder);
    write_text(path, text);
}

static cJSON *item(const cJSON *object, const char *key)
{
    return cJSON_GetObjectItemCaseSensitive(object, key);
}

static const char *text_at(const cJSON *object, const char *key)
{
    return cJSON_IsString(item(object, key)) ? item(object, key)->valuestring : "";
}

static void put(cJSON *object, const char *key, const char *json)
{
    cJSON *value = cJSON_Parse(json);
    assert_non_null(value);
    if (item(object, key) != NULL) {
        assert_true(cJSON_ReplaceItemInObjectCaseSensitive(object, key, value));
    } else {
        assert_true(cJSON_AddItemToObject(object, key, value));
    }
}

/* Only where the key is there. */
static void shrink(cJSON *object, const char *key, const char *json)
{
    if (item(object, key) != NULL) {
        put(object, key, json);
    }
}

static void put_path(cJSON *object, const char *key, const char *folder, const char *name)
{
    char json[PATH];
    snprintf(json, sizeof json, "\"%s/%s\"", folder, name);
    shrink(object, key, json);
}

static void shrink_patches(cJSON *model, const char *folder)
{
    bool photos = strcmp(text_at(model, "images"), "data/photos") == 0;
    double side = cJSON_GetNumberValue(item(model, "patch"));
    put_path(model, "images", folder, photos ? "photos" : "train-images");
    /* Labelled images are whole examples of patches of 4 x 4 pixels; views are cropped from
     * colours.
     */
    bool color = cJSON_IsTrue(item(model, "color"));
    put(model, "grid", side < 4 || color ? "[4, 4]" : photos ? "[2, 2]" : "[7, 7]");
    put(model, "crops", "100");
    put(model, "held_out_crops", photos ? "24" : "60"); /* some of each image */
    put(model, "scales", "3");
    put(model, "iterations", "2");
}

static void shrink_model(cJSON *model, const char *folder)
{
    if (strcmp(text_at(model, "type"), "patches") == 0) {
        shrink_patches(model, folder);
        return;
    }
    double rows = cJSON_GetNumberValue(cJSON_GetArrayItem(item(model, "grid"), 0));
    put_path(model, "text", folder, "text.txt");
    if (item(model, "text") != NULL && cJSON_GetNumberValue(item(model, "order")) > 2) {
        put(model, "order", "2"); /* sums over 27^3 contexts take seconds */
    }
    shrink(model, "grid", rows > 20 ? "[8, 8]" : "[4, 4]");
    shrink(model, "sweeps", "8");
    if (cJSON_GetNumberValue(item(model, "vocab")) > 100) {
        put(model, "vocab", "50");
    }
    if (cJSON_GetNumberValue(item(model, "length")) > 12) {
        put(model, "length", "12");
    }
}

static void shrink_method(cJSON *method)
{
    shrink(method, "encoder", "{\"width\":4,\"depth\":1,\"heads\":2}");
    shrink(method, "decoder", "{\"width\":4,\"depth\":1,\"heads\":2}");
    if (strcmp(text_at(method, "type"), "ibot") == 0 ||
        strncmp(text_at(method, "type"), "dino", 4) == 0) {
        put(method, "head", "{\"prototypes\":4,\"hidden\":4,\"bottleneck\":3}");
    }
}

static void shrink_probe(cJSON *probe, const char *folder)
{
    put_path(probe, "images", folder, "train-images");
    put_path(probe, "labels", folder, "train-labels");
    put_path(probe, "held_out_images", folder, "test-images");
    put_path(probe, "held_out_labels", folder, "test-labels");
    put(probe, "count", "8");
    put(probe, "held_out_count", "6");
    put(probe, "neighbors", "2");
}

static void shrink_ratios(cJSON *object)
{
    shrink(object, "ratios",
           cJSON_IsArray(item(object, "ratios")) ? "[0.25, 0.5, 0.75]"
                                                 : "{\"from\": 0.3, \"to\": 0.7, \"steps\": 6}");
}

/* The parts that an experiment, each of its curves and runs, and a curve of probes may have. */
static void shrink_parts(cJSON *object, const char *folder)
{
    if (cJSON_IsObject(item(object, "probe"))) {
        shrink_probe(item(object, "probe"), folder);
    }
    shrink_model(item(object, "model"), folder);
    shrink_method(item(object, "method"));
    shrink_ratios(object);
    if (strcmp(text_at(item(object, "mask"), "strategy"), "block") == 0) {
        put(item(object, "mask"), "min_size", "2");
    }
    shrink(object, "training", "{\"steps\":4,\"batch\":4,\"shards\":2}");
    shrink(object, "evaluation", "{\"samples\":4,\"ratios\":[0.25,0.5,0.75],\"pictures\":1}");
    shrink(object, "maps", "{\"count\":1}");
    shrink(item(object, "estimator"), "samples", "4");
}

static void shrink_each(cJSON *list, const char *folder)
{
    cJSON *object;
    cJSON_ArrayForEach(object, list)
    {
        shrink_parts(object, folder);
    }
}

static void shrink_center(cJSON *experiment)
{
    shrink(experiment, "equilibrium", "{\"center_momenta\":[0,0.5],\"replicates\":8,\"window\":2}");
    shrink(experiment, "stability",
           "{\"grid\":[2,3],\"steps\":1000,\"gains\":[0.1],\"points\":[[1,1],[0.04,0.99]]}");
    shrink(experiment, "loop",
           "{\"steps\":100,\"prototypes\":2,\"replicates\":1,\"similarities\":[0]}");
}

static void shrink_estimators(cJSON *experiment)
{
    shrink(experiment, "gaussian", "{\"samples\":[5],\"dimensions\":[1],\"sets\":4}");
    shrink(experiment, "discrete", "{\"samples\":[4],\"contexts\":[1],\"sets\":4}");
}

static void shrink_linear_mae(cJSON *part)
{
    shrink(part, "rank", "2");
    shrink(part, "count", "8");
    shrink(part, "steps", "4");
}

/* Sizes that an experiment has without naming them. */
static void add_sizes(cJSON *experiment)
{
    const char *kind = text_at(experiment, "experiment");
    if (strcmp(kind, "curve") == 0) {
        put(experiment, "ratios", "{\"from\":0.3,\"to\":0.7,\"steps\":6}");
    }
    if (strcmp(kind, "train") == 0 || strcmp(kind, "checks") == 0 || strcmp(kind, "methods") == 0) {
        put(experiment, "estimator", "{\"samples\":2}");
        put(experiment, "evaluation", "{}");
    }
}

static void shrink_experiment(cJSON *experiment, const char *folder)
{
    add_sizes(experiment);
    shrink_parts(experiment, folder);
    shrink_each(item(experiment, "curves"), folder);
    shrink_each(item(experiment, "runs"), folder);
    shrink_parts(item(experiment, "probe_curve"), folder);
    shrink_linear_mae(item(experiment, "linear_mae"));
    shrink_center(experiment);
    shrink_estimators(experiment);
}

/* The first values of each axis that a reduced experiment still has. */
static void shrink_axes(cJSON *grid, int count)
{
    cJSON *axis;
    cJSON_ArrayForEach(axis, grid)
    {
        const cJSON *lists[] = {item(axis, "values"), item(axis, "labels")};
        for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
            while (cJSON_GetArraySize(lists[i]) > count) {
                cJSON_DeleteItemFromArray((cJSON *)lists[i], count);
            }
        }
    }
}

/* An experiment inside keeps the lists that the axes and columns point into. */
static void shrink_base(cJSON *holder, const char *folder)
{
    cJSON *base = item(holder, "base");
    if (!cJSON_IsObject(base)) {
        return;
    }
    cJSON *ratios = cJSON_Duplicate(item(base, "ratios"), 1);
    cJSON *points = cJSON_Duplicate(item(item(base, "stability"), "points"), 1);
    shrink_experiment(base, folder);
    if (ratios != NULL) {
        assert_true(cJSON_ReplaceItemInObjectCaseSensitive(base, "ratios", ratios));
    }
    if (points != NULL) {
        assert_true(
            cJSON_ReplaceItemInObjectCaseSensitive(item(base, "stability"), "points", points));
    }
}

static void shrink_sweep(cJSON *sweep, const char *folder)
{
    cJSON *one;
    shrink_base(sweep, folder);
    cJSON_ArrayForEach(one, item(sweep, "cases"))
    {
        shrink_base(one, folder);
    }
    shrink_axes(item(sweep, "grid"), 2);
    put(sweep, "seeds", "[1]");
}

cJSON *reduced_experiment(const char *file, const char *folder)
{
    mi_faults faults = {.file = file};
    cJSON *experiment = mi_document_read(file, &faults);
    assert_non_null(experiment);
    if (strcmp(text_at(experiment, "experiment"), "sweep") == 0) {
        shrink_sweep(experiment, folder);
    } else {
        shrink_experiment(experiment, folder);
    }
    return experiment;
}
