/* .npy arrays: every type and order, each kind of bad file, what is read from the disk, images and
 * series. Expected bytes are those of the format's description, not NumPy's own. */
#include "arrays.h"

#include <fcntl.h>
#include <sys/resource.h>

#include "maskinfo/data.h"

enum { MOST = 1 << 12 };

/* A block of exactly the size, so that the address sanitizer sees a byte too far. */
static mi_code parse(const unsigned char *bytes, size_t size, mi_array **ret_array,
                     mi_status *status)
{
    unsigned char *copy = malloc(size > 0 ? size : 1);
    assert_non_null(copy);
    memcpy(copy, bytes, size);
    mi_code code = mi_parse_npy("some.npy", copy, size, ret_array, status);
    free(copy);
    return code;
}

/* An array of a dictionary and values; version 1. */
static mi_array *array_of(const char *dictionary, const void *values, size_t size)
{
    unsigned char bytes[MOST];
    mi_array *array = NULL;
    mi_status status = {.code = MI_OK};
    size_t header = npy_header(bytes, 1, dictionary);
    memcpy(bytes + header, values, size);
    if (parse(bytes, header + size, &array, &status) != MI_OK) {
        fail_msg("%s", status.message);
    }
    return array;
}

static void reverse(unsigned char *bytes, size_t size)
{
    for (size_t i = 0; i < size / 2; i++) {
        unsigned char kept = bytes[i];
        bytes[i] = bytes[size - 1 - i];
        bytes[size - 1 - i] = kept;
    }
}

/* ---- types ---- */

/* Four values of a type as this machine holds them, and as doubles. */
typedef struct sample {
    const char *type;
    size_t width;
    const void *values;
    double expected[4];
} sample;

static bool is_little_endian(void)
{
    const uint16_t one = 1;
    unsigned char first;
    memcpy(&first, &one, 1);
    return first == 1;
}

static void check_sample(const sample *s, char order)
{
    char dictionary[100];
    unsigned char bytes[32];
    double values[4];
    memcpy(bytes, s->values, 4 * s->width);
    for (size_t i = 0; i < 4 && (order == '>') == is_little_endian(); i++) {
        reverse(bytes + i * s->width, s->width);
    }
    snprintf(dictionary, sizeof dictionary,
             "{'descr': '%c%s', 'fortran_order': False, 'shape': (2, 2), }", order, s->type);
    mi_array *array = array_of(dictionary, bytes, 4 * s->width);
    assert_int_equal(array->width, s->width);
    assert_int_equal(array->count, 4);
    assert_int_equal(mi_array_read(array, 0, 1, 4, values, NULL), MI_OK);
    for (size_t i = 0; i < 4; i++) {
        assert_true(values[i] == s->expected[i]);
    }
    mi_array_destroy(array);
}

static void every_type_of_either_order(void **state)
{
    (void)state;
    const int8_t i1[] = {-128, -1, 0, 127};
    const uint8_t u1[] = {0, 1, 200, 255}, b1[] = {0, 1, 1, 0};
    const int16_t i2[] = {INT16_MIN, -300, 2, INT16_MAX};
    const uint16_t u2[] = {0, 258, 40000, UINT16_MAX};
    const int32_t i4[] = {INT32_MIN, -70000, 3, INT32_MAX};
    const uint32_t u4[] = {0, 16909060, 3000000000U, UINT32_MAX};
    const int64_t i8[] = {INT64_MIN, -5000000000, 4, INT64_C(1) << 52};
    const uint64_t u8[] = {0, 72623859790382856, UINT64_C(1) << 63, 5};
    const uint16_t f2[] = {0x3c00, 0xc000, 0x0001, 0x3555}; /* by IEEE 754's definition */
    const float f4[] = {-1.5F, 3.1415927F, 1e-40F, 3e38F};
    const double f8[] = {-2.25, 3.141592653589793, 5e-324, 1e308};
    const sample samples[] = {
        {"i1", 1, i1, {-128, -1, 0, 127}},
        {"u1", 1, u1, {0, 1, 200, 255}},
        {"b1", 1, b1, {0, 1, 1, 0}},
        {"i2", 2, i2, {-32768, -300, 2, 32767}},
        {"u2", 2, u2, {0, 258, 40000, 65535}},
        {"i4", 4, i4, {-2147483648.0, -70000, 3, 2147483647.0}},
        {"u4", 4, u4, {0, 16909060, 3e9, 4294967295.0}},
        {"i8", 8, i8, {-0x1p63, -5e9, 4, 0x1p52}},
        {"u8", 8, u8, {0, 72623859790382856.0, 0x1p63, 5}},
        {"f2", 2, f2, {1, -2, 0x1p-24, 0.333251953125}},
        {"f4", 4, f4, {-1.5, 3.1415927F, 1e-40F, 3e38F}},
        {"f8", 8, f8, {-2.25, 3.141592653589793, 5e-324, 1e308}},
    };
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        check_sample(&samples[i], '<');
        check_sample(&samples[i], '>');
        if (samples[i].width == 1) {
            check_sample(&samples[i], '|');
        }
    }
}

static void largest_half_and_its_infinity(void **state)
{
    (void)state;
    const unsigned char largest[] = {0xff, 0x7b}, infinite[] = {0x00, 0xfc};
    const char *dictionary = "{'descr': '<f2', 'fortran_order': False, 'shape': (1,), }";
    double value = 0;
    mi_array *array = array_of(dictionary, largest, 2);
    assert_int_equal(mi_array_read(array, 0, 1, 1, &value, NULL), MI_OK);
    assert_true(value == 65504);
    mi_array_destroy(array);
    unsigned char bytes[MOST];
    mi_status status = {.code = MI_OK};
    size_t header = npy_header(bytes, 1, dictionary);
    memcpy(bytes + header, infinite, 2);
    assert_failure(parse(bytes, header + 2, &array, &status), MI_INPUT, status,
                   "the value at (0,) (counted from 0) is infinite");
}

/* ---- shapes and orders of axes ---- */

/* Value at (i, j, k, l): its index in decimal digits. */
static void axes_in_either_order(void **state)
{
    (void)state;
    enum { N = 2, H = 3, W = 4, C = 5, ALL = N * H * W * C };
    for (int fortran = 0; fortran < 2; fortran++) {
        uint16_t values[ALL];
        char dictionary[100];
        double line[3 * C];
        mi_images *images = NULL;
        for (size_t at = 0; at < ALL; at++) {
            size_t i = fortran ? at % N : at / (H * W * C), l = fortran ? at / (N * H * W) : at % C;
            size_t j = fortran ? at / N % H : at / (W * C) % H;
            size_t k = fortran ? at / (N * H) % W : at / C % W;
            values[at] = (uint16_t)(1000 * i + 100 * j + 10 * k + l);
        }
        snprintf(dictionary, sizeof dictionary,
                 "{'descr': '<u2', 'fortran_order': %s, 'shape': (2, 3, 4, 5), }",
                 fortran ? "True" : "False");
        mi_array *array = array_of(dictionary, values, sizeof values);
        assert_int_equal(mi_array_images(array, 1, &images, NULL), MI_OK);
        assert_int_equal(images->count, N);
        assert_int_equal(images->channels, C);
        assert_false(images->series);
        assert_int_equal(images->items[1].rows, H);
        assert_int_equal(images->items[1].columns, W);
        assert_int_equal(mi_image_line(images, 1, 2, 1, 3, line, NULL), MI_OK);
        for (size_t k = 0; k < 3; k++) {
            for (size_t l = 0; l < C; l++) {
                assert_true(line[k * C + l] == (double)(1200 + 10 * (k + 1) + l));
            }
        }
        mi_images_destroy(images);
    }
}

static void headers_that_are_read(void **state)
{
    (void)state;
    static const char *const dictionaries[] = {
        "{'descr': '<u2', 'fortran_order': False, 'shape': (3, 2), }",
        "{\"shape\": (3L, 2L), \"fortran_order\": False, \"descr\": \"<u2\"}",
        "  { 'fortran_order' :False,'descr':'<u2' , 'shape':(  3 ,2,) , }  ",
    };
    const uint16_t values[] = {1, 2, 3, 4, 5, 6};
    for (int major = 1; major <= 3; major++) {
        for (size_t i = 0; i < 3; i++) {
            unsigned char bytes[MOST];
            char text[60];
            double value = 0;
            mi_array *array = NULL;
            size_t header = npy_header(bytes, major, dictionaries[i]);
            memcpy(bytes + header, values, sizeof values);
            assert_int_equal(parse(bytes, header + sizeof values, &array, NULL), MI_OK);
            assert_string_equal(mi_array_text(array, text, sizeof text), "(3, 2) u2");
            assert_int_equal(mi_array_read(array, 5, 1, 1, &value, NULL), MI_OK);
            assert_true(value == 6);
            mi_array_destroy(array);
        }
    }
}

/* ---- bad files ---- */

static void assert_bad(int major, const char *dictionary, size_t values, const char *text)
{
    unsigned char bytes[MOST] = {0};
    mi_array *array = NULL;
    mi_status status = {.code = MI_OK};
    size_t header = npy_header(bytes, major, dictionary);
    assert_failure(parse(bytes, header + values, &array, &status), MI_INPUT, status, text);
    assert_non_null(strstr(status.message, "some.npy: "));
    assert_null(array);
}

#define TYPE(type) "{'descr': " type ", 'fortran_order': False, 'shape': (2,), }"
#define SHAPE(shape) "{'descr': '<f4', 'fortran_order': False, 'shape': " shape ", }"

static void other_types_are_named(void **state)
{
    (void)state;
    assert_bad(1, TYPE("'|O'"), 16, "the dtype \"|O\" (Python objects); legal are b1, i1");
    assert_bad(1, TYPE("'<c16'"), 32, "\"<c16\" (complex numbers)");
    assert_bad(1, TYPE("'<U7'"), 56, "\"<U7\" (Unicode text)");
    assert_bad(1, TYPE("'|S3'"), 6, "\"|S3\" (byte strings)");
    assert_bad(1, TYPE("'<M8[ns]'"), 16, "(dates)");
    assert_bad(1, TYPE("'<m8[s]'"), 16, "(time differences)");
    assert_bad(1, TYPE("'|V8'"), 16, "(structured or raw bytes)");
    assert_bad(1, TYPE("'<f16'"), 32, "\"<f16\" (of a width or order that is not read)");
    assert_bad(1, TYPE("'|f4'"), 8, "\"|f4\" (of a width or order");
    assert_bad(1, TYPE("'f4'"), 8, "\"f4\" (unknown here)");
    assert_bad(1, TYPE("''"), 8, "\"\" (unknown here)");
    assert_bad(1, TYPE("[('a', '<f4'), ('b', '<i2')]"), 12, "structured dtype");
    assert_bad(1, TYPE("'<f4aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'"), 8, "longer than 31");
    assert_bad(1, TYPE("4"), 8, "has no string for \"descr\"");
}

static void shapes_that_lie_are_refused(void **state)
{
    (void)state;
    assert_bad(1, SHAPE("(3, 5)"), 59,
               "announces the shape (3, 5) of 4-byte values = 60 bytes, but 59 bytes follow it");
    assert_bad(1, SHAPE("(3, 5)"), 61, "but 61 bytes follow");
    assert_bad(1, SHAPE("(3, 5)"), 0, "but 0 bytes follow");
    assert_bad(1, SHAPE("(3, -5)"), 60, "announces a negative size");
    assert_bad(1, SHAPE("(3, 0)"), 0, "announces the shape (3, 0), which holds no values");
    assert_bad(1, SHAPE("()"), 4, "announces 0 dimensions; 1 to 4");
    assert_bad(1, SHAPE("(1, 1, 1, 1, 1)"), 4, "more than 4 dimensions");
    assert_bad(1, SHAPE("(4294967296, 4294967296)"), 0, "more than 18446744073709551615 bytes");
    assert_bad(1, SHAPE("(4611686018427387905,)"), 4, "more than 18446744073709551615 bytes");
    assert_bad(1, SHAPE("(99999999999999999999,)"), 4, "a size beyond 18446744073709551615");
    assert_bad(1, SHAPE("(3.0,)"), 12, "without \",\"");
    assert_bad(1, SHAPE("(a,)"), 12, "not a tuple of whole numbers");
    assert_bad(1, SHAPE("3"), 12, "has no \"(\"");
    assert_bad(1, SHAPE("(3"), 12, "not a tuple of whole numbers");
    assert_bad(1, SHAPE("(3 4)"), 12, "without \",\" between two sizes");
}

static void dictionaries_that_are_none_are_refused(void **state)
{
    (void)state;
    assert_bad(1, "", 8, "has no \"{\" at its beginning");
    assert_bad(1, "{'descr': '<f4', 'shape': (2,), }", 8, "has no \"fortran_order\"");
    assert_bad(1, "{'fortran_order': False, 'shape': (2,), }", 8, "has no \"descr\"");
    assert_bad(1, "{'descr': '<f4', 'fortran_order': True, }", 8, "has no \"shape\"");
    assert_bad(1, "{'descr': '<f4', 'descr': '<f4', }", 8, "has the key \"descr\" twice");
    assert_bad(1, "{'colour': 'red', }", 8, "has the key \"colour\"; legal are");
    assert_bad(1, "{'descr': '<f4', 'fortran_order': Perhaps, 'shape': (2,), }", 8,
               "neither True nor False");
    assert_bad(1, "{'descr': '<f4' 'shape': (2,), }", 8, "has no \",\" between two entries");
    assert_bad(1, "{'descr' '<f4', }", 8, "has no \":\" behind a key");
    assert_bad(1, "{'descr': '<f4", 8, "is longer than 31 characters or not ASCII");
    assert_bad(1, TYPE("'<f4'") " x", 8, "goes on behind its \"}\"");
    assert_bad(4, TYPE("'<f4'"), 8, "has the version 4.0; 1.0, 2.0 and 3.0");
}

static void lengths_that_lie_are_refused(void **state)
{
    (void)state;
    unsigned char bytes[MOST] = {0};
    mi_array *array = NULL;
    mi_status status = {.code = MI_OK};
    size_t header = npy_header(bytes, 2, TYPE("'<f4'"));
    bytes[11] = 0xff;
    assert_failure(parse(bytes, header + 8, &array, &status), MI_INPUT, status,
                   "announces a length of 4278190");
    bytes[11] = 0;
    bytes[8] = 10;
    assert_failure(parse(bytes, header + 8, &array, &status), MI_INPUT, status, "the .npy header");
}

static void files_cut_anywhere_are_refused(void **state)
{
    (void)state;
    unsigned char bytes[MOST] = {0};
    size_t all = npy_header(bytes, 2, TYPE("'<f4'")) + 8;
    for (size_t size = 0; size < all; size++) {
        mi_array *array = NULL;
        mi_status status = {.code = MI_OK};
        assert_failure(parse(bytes, size, &array, &status), MI_INPUT, status, "some.npy: ");
        assert_null(array);
    }
}

static void values_that_are_not_finite_are_named(void **state)
{
    (void)state;
    float values[24] = {0};
    unsigned char bytes[MOST];
    mi_array *array = NULL;
    mi_status status = {.code = MI_OK};
    size_t header = npy_header(bytes, 1, SHAPE("(2, 3, 4)"));
    values[1 * 12 + 2 * 4 + 3] = NAN;
    memcpy(bytes + header, values, sizeof values);
    assert_failure(parse(bytes, header + sizeof values, &array, &status), MI_INPUT, status,
                   "the value at (1, 2, 3) (counted from 0) is not a number");
    header = npy_header(bytes, 1, "{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3, 4), }");
    values[23] = 0;
    values[1 + 2 * 2 + 0 * 6] = INFINITY;
    memcpy(bytes + header, values, sizeof values);
    assert_failure(parse(bytes, header + sizeof values, &array, &status), MI_INPUT, status,
                   "the value at (1, 2, 0) (counted from 0) is infinite");
}

/* ---- files ---- */

static void write_gzip(const char *path, const void *bytes, size_t size)
{
    gzFile file = gzopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(gzwrite(file, bytes, (unsigned)size), size);
    assert_int_equal(gzclose(file), Z_OK);
}

/* Loaded, from the disk and from gzip; single values, runs and steps. */
static void same_values_from_the_disk(void **state)
{
    enum { COUNT = 20000 };
    char path[SCRATCH_PATH], packed[SCRATCH_PATH];
    static unsigned char bytes[400 + 8 * COUNT];
    static double values[COUNT], a[COUNT], b[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        values[i] = sin((double)i);
    }
    size_t header = npy_header(bytes, 1,
                               "{'descr': '<f8', 'fortran_order': False, 'shape': "
                               "(20000,), }");
    memcpy(bytes + header, values, sizeof values);
    scratch_write(scratch_name(state, "a.npy", path), bytes, header + sizeof values);
    write_gzip(scratch_name(state, "a.npy.gz", packed), bytes, header + sizeof values);
    mi_array *loaded = NULL, *disk = NULL, *unpacked = NULL;
    assert_int_equal(mi_read_array(path, 1 << 20, &loaded, NULL), MI_OK);
    assert_int_equal(mi_read_array(path, 1000, &disk, NULL), MI_OK);
    assert_int_equal(mi_read_array(packed, 1000, &unpacked, NULL), MI_OK);
    assert_true(loaded->opt_block != NULL && disk->opt_block == NULL && unpacked->opt_block);
    assert_true(mi_is_npy(path) && mi_is_npy(packed) && !mi_is_npy("README.md"));
    const size_t steps[] = {1, 2, 7, 3000, 19999};
    for (size_t s = 0; s < sizeof steps / sizeof steps[0]; s++) {
        size_t count = (COUNT - 1) / steps[s];
        assert_int_equal(mi_array_read(disk, 1, steps[s], count, a, NULL), MI_OK);
        assert_int_equal(mi_array_read(unpacked, 1, steps[s], count, b, NULL), MI_OK);
        for (size_t i = 0; i < count; i++) {
            assert_true(a[i] == values[1 + i * steps[s]] && b[i] == a[i]);
        }
    }
    mi_array_destroy(loaded);
    mi_array_destroy(disk);
    mi_array_destroy(unpacked);
    mi_array_destroy(NULL);
}

static void bad_files_are_named(void **state)
{
    char path[SCRATCH_PATH];
    float values[200] = {0};
    double value = 0;
    mi_array *array = NULL;
    mi_status status = {.code = MI_OK};
    values[150] = NAN;
    npy_write(scratch_name(state, "nan.npy", path), "<f4", "(100, 2)", values, sizeof values);
    assert_failure(mi_read_array(path, 1 << 20, &array, &status), MI_INPUT, status,
                   "nan.npy: the value at (75, 0)");
    assert_int_equal(mi_read_array(path, 100, &array, NULL), MI_OK);
    assert_failure(mi_array_read(array, 150, 1, 1, &value, &status), MI_INPUT, status, "(75, 0)");
    assert_int_equal(truncate(path, 800), 0);
    assert_failure(mi_array_read(array, 199, 1, 1, &value, &status), MI_IO, status,
                   "can not be read: the file ends");
    mi_array_destroy(array);
    assert_failure(mi_read_array(path, 100, &array, &status), MI_INPUT, status,
                   "= 800 bytes, but 672 bytes follow");
    assert_failure(mi_read_array("/nowhere.npy", 100, &array, &status), MI_INPUT, status,
                   "/nowhere.npy: can not be opened");
    assert_failure(mi_read_array("README.md", 0, &array, &status), MI_INPUT, status, "README.md: ");
}

static long peak_kilobytes(void)
{
    struct rusage usage;
    assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);
    return usage.ru_maxrss;
}

/* 4 GiB of zeros that take no room on the disk, and one value near the end. */
static void four_gibibytes_are_not_loaded(void **state)
{
    char path[SCRATCH_PATH];
    unsigned char bytes[400];
    double value = 0;
    const unsigned char mark = 77;
    mi_array *array = NULL;
    long before = peak_kilobytes();
    size_t header = npy_header(
        bytes, 1, "{'descr': '|u1', 'fortran_order': False, 'shape': (1048576, 64, 64), }");
    scratch_write(scratch_name(state, "large.npy", path), bytes, header);
    off_t size = (off_t)header + ((off_t)1 << 32);
    int file = open(path, O_WRONLY);
    assert_true(file >= 0);
    if (ftruncate(file, size) != 0) {
        close(file);
        skip(); /* a file system without holes */
    }
    assert_int_equal(pwrite(file, &mark, 1, size - 2), 1);
    close(file);
    assert_int_equal(mi_read_array(path, 1 << 28, &array, NULL), MI_OK);
    assert_int_equal(mi_array_read(array, ((size_t)1 << 32) - 2, 1, 1, &value, NULL), MI_OK);
    assert_true(value == 77);
    mi_images *images = NULL;
    assert_int_equal(mi_array_images(array, 1, &images, NULL), MI_OK);
    assert_int_equal(images->count, 1 << 18);
    assert_int_equal(images->items[3].first, 12 * 4096); /* every fourth image */
    mi_images_destroy(images);
    assert_true(peak_kilobytes() - before < 100000);
}

/* ---- images and series ---- */

static mi_code images_of(const char *shape, const double *values, size_t count, size_t stretch,
                         mi_images **ret_images, mi_status *status)
{
    char dictionary[200];
    snprintf(dictionary, sizeof dictionary,
             "{'descr': '<f8', 'fortran_order': False, 'shape': %s, }", shape);
    mi_array *array = array_of(dictionary, values, count * sizeof *values);
    mi_code code = mi_array_images(array, stretch, ret_images, status);
    if (code != MI_OK) {
        return code;
    }
    code = mi_images_standardise(*ret_images, status);
    if (code != MI_OK) {
        mi_images_destroy(*ret_images);
    }
    return code;
}

static void series_are_cut_into_stretches(void **state)
{
    (void)state;
    double values[200], line[10];
    mi_images *images = NULL;
    mi_status status = {.code = MI_OK};
    for (size_t i = 0; i < 200; i++) {
        values[i] = (double)(i * i % 101);
    }
    assert_int_equal(images_of("(100, 2)", values, 200, 30, &images, NULL), MI_OK);
    assert_true(images->series && !mi_images_whole(images));
    assert_int_equal(images->count, 3);
    assert_int_equal(images->channels, 2);
    assert_int_equal(images->items[2].rows, 1);
    assert_int_equal(images->items[2].columns, 33);
    assert_int_equal(mi_image_line(images, 2, 0, 4, 5, line, NULL), MI_OK);
    assert_memory_equal(line, values + 2 * (66 + 4), sizeof line);
    mi_images_destroy(images);
    assert_int_equal(images_of("(200,)", values, 200, 3, &images, NULL), MI_OK);
    assert_int_equal(images->count, 20);
    assert_int_equal(images->channels, 1);
    mi_images_destroy(images);
    assert_failure(images_of("(100, 2)", values, 200, 51, &images, &status), MI_INPUT, status,
                   "some.npy: 100 steps in time; at least 102 are needed, two stretches of 51");
}

/* Of all values, as there are no more than 16 rows. */
static void units_make_mean_zero_and_variance_one(void **state)
{
    (void)state;
    double values[96], mean[2] = {0}, variance[2] = {0};
    mi_images *images = NULL;
    for (size_t i = 0; i < 48; i++) {
        values[2 * i] = 1e9 + cos((double)i);
        values[2 * i + 1] = 1e-9 * sin(3 * (double)i);
    }
    for (size_t i = 0; i < 96; i++) {
        mean[i % 2] += values[i] / 48;
    }
    for (size_t i = 0; i < 96; i++) {
        variance[i % 2] += (values[i] - mean[i % 2]) * (values[i] - mean[i % 2]) / 48;
    }
    assert_int_equal(images_of("(2, 8, 3, 2)", values, 96, 1, &images, NULL), MI_OK);
    for (size_t c = 0; c < 2; c++) {
        assert_near(images->opt_units[c].offset, mean[c], 1e-6 * sqrt(variance[c]));
        assert_near(images->opt_units[c].scale / sqrt(variance[c]), 1, 1e-6);
    }
    mi_images_destroy(images);
}

static void constant_and_repeated_features_are_named(void **state)
{
    (void)state;
    double values[400];
    mi_images *images = NULL;
    mi_status status = {.code = MI_OK};
    for (size_t i = 0; i < 100; i++) {
        double *v = values + 4 * i;
        v[0] = sin((double)(i * i));
        v[1] = cos((double)(3 * i * i));
        v[2] = 5 + v[0] - 3 * v[1];
        v[3] = 7;
    }
    assert_failure(images_of("(100, 4)", values, 400, 5, &images, &status), MI_INPUT, status,
                   "some.npy: feature 3 (counted from 0) is 7 in all of 100 values");
    for (size_t i = 0; i < 100; i++) {
        values[4 * i + 3] = cos((double)(5 * i * i));
    }
    assert_failure(images_of("(100, 4)", values, 400, 5, &images, &status), MI_INPUT, status,
                   "feature 2 (counted from 0) is a linear function of those before it (its "
                   "correlation with feature 1 is -0.9");
    for (size_t i = 0; i < 100; i++) {
        values[4 * i + 2] += 1e-3 * sin((double)(7 * i * i));
    }
    assert_int_equal(images_of("(100, 4)", values, 400, 5, &images, &status), MI_OK);
    mi_images_destroy(images);
    assert_failure(images_of("(5, 5, 4, 4)", (const double[400]){0}, 400, 5, &images, &status),
                   MI_INPUT, status, "channel 0 (counted from 0) is 0 in all of 100 values");
}

static void sizes_of_images_are_checked(void **state)
{
    (void)state;
    mi_images *images = NULL;
    mi_status status = {.code = MI_OK};
    static unsigned char bytes[6000];
    char dictionary[] = "{'descr': '|u1', 'fortran_order': False, 'shape': (1, 1, 1, 5000), }";
    size_t header = npy_header(bytes, 1, dictionary);
    mi_array *array = NULL;
    assert_int_equal(parse(bytes, header + 5000, &array, NULL), MI_OK);
    assert_failure(mi_array_images(array, 1, &images, &status), MI_INPUT, status,
                   "some.npy: 5000 channels, at most 4096");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_of_either_order),
        cmocka_unit_test(largest_half_and_its_infinity),
        cmocka_unit_test(axes_in_either_order),
        cmocka_unit_test(headers_that_are_read),
        cmocka_unit_test(other_types_are_named),
        cmocka_unit_test(shapes_that_lie_are_refused),
        cmocka_unit_test(dictionaries_that_are_none_are_refused),
        cmocka_unit_test(lengths_that_lie_are_refused),
        cmocka_unit_test(files_cut_anywhere_are_refused),
        cmocka_unit_test(values_that_are_not_finite_are_named),
        SCRATCH_TEST(same_values_from_the_disk),
        SCRATCH_TEST(bad_files_are_named),
        SCRATCH_TEST(four_gibibytes_are_not_loaded),
        cmocka_unit_test(series_are_cut_into_stretches),
        cmocka_unit_test(units_make_mean_zero_and_variance_one),
        cmocka_unit_test(constant_and_repeated_features_are_named),
        cmocka_unit_test(sizes_of_images_are_checked),
    };
    return cmocka_run_group_tests_name("npy", tests, NULL, NULL);
}
