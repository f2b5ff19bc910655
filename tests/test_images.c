/* PNG and JPEG files, folders, and the images that come with the program. */
#include "scratch.h"

#include <zlib.h>

#include "maskinfo/data.h"
#include "pictures.h"

enum { ROWS = 13, COLUMNS = 11, PIXELS = ROWS * COLUMNS };

/* Bytes over the whole range, without a pattern that a wrong stride would leave unseen. */
static void fill(unsigned char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        bytes[i] = (unsigned char)((i * i * 31 + i * 7) >> 2);
    }
}

static mi_images *read_one(const char *path)
{
    char *paths[] = {(char *)path};
    mi_images *images = NULL;
    mi_status status = {.message = ""};
    if (mi_read_images(paths, 1, &images, &status) != MI_OK) {
        fail_msg("%s", status.message);
    }
    assert_int_equal(images->count, 1);
    assert_string_equal(images->names[0], path);
    return images;
}

static void assert_refused(const char *path, const char *text)
{
    char *paths[] = {(char *)path};
    mi_images *images = NULL;
    mi_status status = {.code = MI_OK};
    assert_failure(mi_read_images(paths, 1, &images, &status), MI_INPUT, status, text);
    assert_non_null(strstr(status.message, path));
    assert_null(images);
}

/* Each grey value must be the nearest whole number. */
static void assert_pixels(const char *path, size_t rows, size_t columns, const double *expected,
                          double tolerance)
{
    mi_images *images = read_one(path);
    assert_int_equal(images->items[0].rows, rows);
    assert_int_equal(images->items[0].columns, columns);
    for (size_t i = 0; i < rows * columns; i++) {
        assert_near(images->items[0].pixels[i], expected[i], tolerance);
    }
    mi_images_destroy(images);
}

static const double nearest = 0.5 + 1e-9;

static void grey_png_of_each_depth(void **state)
{
    char path[SCRATCH_PATH];
    unsigned char samples[PIXELS];
    double expected[PIXELS];
    fill(samples, PIXELS);
    scratch_name(state, "grey.png", path);
    for (unsigned depth = 1; depth <= 8; depth *= 2) {
        unsigned top = (1u << depth) - 1;
        size_t stride = (COLUMNS * depth + 7) / 8;
        for (size_t i = 0; i < PIXELS; i++) {
            size_t bit = i % COLUMNS * depth;
            unsigned byte = samples[i / COLUMNS * stride + bit / 8];
            expected[i] = (byte >> (8 - depth - bit % 8) & top) * 255.0 / top;
        }
        png_picture p = {.rows = ROWS,
                         .columns = COLUMNS,
                         .depth = (int)depth,
                         .samples = samples,
                         .stride = stride};
        write_png(path, &p);
        assert_pixels(path, ROWS, COLUMNS, expected, 0);
    }
}

static void sixteen_bits_are_rounded_to_eight(void **state)
{
    char path[SCRATCH_PATH];
    unsigned char samples[2 * PIXELS];
    double expected[PIXELS];
    fill(samples, sizeof samples);
    for (size_t i = 0; i < PIXELS; i++) {
        expected[i] = (samples[2 * i] * 256.0 + samples[2 * i + 1]) / 257.0;
    }
    png_picture p = {
        .rows = ROWS, .columns = COLUMNS, .depth = 16, .samples = samples, .stride = 2 * COLUMNS};
    write_png(scratch_name(state, "deep.png", path), &p);
    assert_pixels(path, ROWS, COLUMNS, expected, nearest);
}

static void colour_png_becomes_luma(void **state)
{
    char path[SCRATCH_PATH];
    unsigned char samples[3 * PIXELS];
    double expected[PIXELS];
    fill(samples, sizeof samples);
    for (size_t i = 0; i < PIXELS; i++) {
        expected[i] = bt601(samples + 3 * i);
    }
    png_picture p = {.rows = ROWS,
                     .columns = COLUMNS,
                     .depth = 8,
                     .type = PNG_COLOR_TYPE_RGB,
                     .samples = samples,
                     .stride = 3 * COLUMNS};
    write_png(scratch_name(state, "colour.png", path), &p);
    assert_pixels(path, ROWS, COLUMNS, expected, nearest);
    p.interlaced = true;
    write_png(path, &p);
    assert_pixels(path, ROWS, COLUMNS, expected, nearest);
}

static double on_white(double luma, unsigned alpha)
{
    return (luma * alpha + 255.0 * (255 - alpha)) / 255.0;
}

static void transparent_png_lies_on_white(void **state)
{
    char path[SCRATCH_PATH];
    unsigned char samples[4 * PIXELS];
    double expected[PIXELS];
    fill(samples, sizeof samples);
    png_picture p = {.rows = ROWS, .columns = COLUMNS, .depth = 8, .samples = samples};
    scratch_name(state, "alpha.png", path);
    for (size_t i = 0; i < PIXELS; i++) {
        expected[i] = on_white(bt601(samples + 4 * i), samples[4 * i + 3]);
    }
    p.type = PNG_COLOR_TYPE_RGB_ALPHA;
    p.stride = 4 * COLUMNS;
    write_png(path, &p);
    assert_pixels(path, ROWS, COLUMNS, expected, nearest);
    for (size_t i = 0; i < PIXELS; i++) {
        expected[i] = on_white(samples[2 * i], samples[2 * i + 1]);
    }
    p.type = PNG_COLOR_TYPE_GRAY_ALPHA;
    p.stride = 2 * COLUMNS;
    write_png(path, &p);
    assert_pixels(path, ROWS, COLUMNS, expected, nearest);
}

static void palette_png_becomes_luma(void **state)
{
    static const png_color palette[] = {{255, 0, 0}, {0, 255, 0}, {0, 0, 255}, {10, 200, 90}};
    static const unsigned char alphas[] = {255, 255, 100, 0};
    static const unsigned char samples[] = {0x1b, 0xe4}; /* 0 1 2 3, 3 2 1 0 */
    static const double opaque[] = {76.245, 149.685, 29.07, 130.65};
    char path[SCRATCH_PATH];
    double expected[8];
    png_picture p = {.rows = 2,
                     .columns = 4,
                     .depth = 2,
                     .type = PNG_COLOR_TYPE_PALETTE,
                     .samples = samples,
                     .stride = 1,
                     .palette = palette,
                     .colours = 4};
    for (size_t i = 0; i < 4; i++) {
        expected[i] = expected[7 - i] = opaque[i];
    }
    write_png(scratch_name(state, "palette.png", path), &p);
    assert_pixels(path, 2, 4, expected, nearest);
    p.alphas = alphas;
    for (size_t i = 0; i < 4; i++) {
        expected[i] = expected[7 - i] = on_white(opaque[i], alphas[i]);
    }
    write_png(path, &p);
    assert_pixels(path, 2, 4, expected, nearest);
}

/* Four blocks of 8 x 8 and a margin in a fifth and sixth: JPEG at quality 100 keeps blocks of one
 * value exactly, up to the rounding of its colour transform. */
enum { BLOCKS = 6, TALL = 16, WIDE = 21 };

static const unsigned char colours[BLOCKS][3] = {{255, 0, 0},    {12, 250, 99}, {0, 0, 255},
                                                 {200, 200, 10}, {0, 0, 0},     {255, 255, 255}};

static const unsigned char *block_colour(size_t pixel)
{
    return colours[pixel / WIDE / 8 * 3 + pixel % WIDE / 8];
}

static void write_blocks(const char *path, int channels, J_COLOR_SPACE given, J_COLOR_SPACE coded,
                         bool progressive)
{
    unsigned char samples[TALL * WIDE * 4] = {0};
    for (size_t i = 0; i < TALL * WIDE; i++) {
        for (size_t c = 0; c < (size_t)channels && c < 3; c++) {
            samples[i * (size_t)channels + c] = block_colour(i)[c];
        }
    }
    jpeg_picture p = {TALL, WIDE, channels, given, coded, progressive, samples};
    write_jpeg(path, &p);
}

static void grey_jpeg_keeps_flat_blocks(void **state)
{
    char path[SCRATCH_PATH];
    double expected[TALL * WIDE];
    for (size_t i = 0; i < TALL * WIDE; i++) {
        expected[i] = block_colour(i)[0];
    }
    write_blocks(scratch_name(state, "grey.jpg", path), 1, JCS_GRAYSCALE, JCS_GRAYSCALE, false);
    assert_pixels(path, TALL, WIDE, expected, 0);
}

/* libjpeg's colour transform is fixed-point with 16 bits. */
static void colour_jpeg_becomes_luma(void **state)
{
    char path[SCRATCH_PATH];
    double expected[TALL * WIDE];
    for (size_t i = 0; i < TALL * WIDE; i++) {
        expected[i] = bt601(block_colour(i));
    }
    scratch_name(state, "colour.jpg", path);
    write_blocks(path, 3, JCS_RGB, JCS_YCbCr, false);
    assert_pixels(path, TALL, WIDE, expected, 0.51);
    write_blocks(path, 3, JCS_RGB, JCS_YCbCr, true);
    assert_pixels(path, TALL, WIDE, expected, 0.51);
    write_blocks(path, 3, JCS_RGB, JCS_RGB, false);
    assert_pixels(path, TALL, WIDE, expected, 0.51);
}

/* Colours within `tolerance`, and the lines of pixels as other rooms read them. */
static void assert_colours(const char *path, size_t rows, size_t columns, const double *expected,
                           double tolerance)
{
    char *paths[] = {(char *)path};
    double line[3 * 64];
    mi_images *images = NULL;
    assert_int_equal(mi_read_color_images(paths, 1, &images, NULL), MI_OK);
    assert_int_equal(images->channels, 3);
    for (size_t r = 0; r < rows; r++) {
        assert_int_equal(mi_image_line(images, 0, r, 1, columns - 1, line, NULL), MI_OK);
        for (size_t i = 0; i < 3 * (columns - 1); i++) {
            assert_near(line[i], expected[3 * (r * columns + 1) + i], tolerance);
        }
    }
    mi_images_destroy(images);
}

static void colours_of_jpeg_are_kept(void **state)
{
    char path[SCRATCH_PATH];
    double expected[3 * TALL * WIDE];
    for (size_t i = 0; i < 3 * TALL * WIDE; i++) {
        expected[i] = block_colour(i / 3)[i % 3];
    }
    scratch_name(state, "kept.jpg", path);
    write_blocks(path, 3, JCS_RGB, JCS_RGB, true);
    assert_colours(path, TALL, WIDE, expected, 1);
}

static void colours_of_png_are_kept(void **state)
{
    char path[SCRATCH_PATH];
    unsigned char samples[4 * PIXELS];
    double shown[3 * PIXELS];
    fill(samples, sizeof samples);
    for (size_t i = 0; i < 3 * PIXELS; i++) {
        shown[i] = samples[i];
    }
    png_picture p = {.rows = ROWS,
                     .columns = COLUMNS,
                     .depth = 8,
                     .type = PNG_COLOR_TYPE_RGB,
                     .samples = samples,
                     .stride = 3 * COLUMNS};
    write_png(scratch_name(state, "kept.png", path), &p);
    assert_colours(path, ROWS, COLUMNS, shown, 0);
    for (size_t i = 0; i < 3 * PIXELS; i++) {
        unsigned alpha = samples[i / 3 * 4 + 3];
        shown[i] = (samples[i / 3 * 4 + i % 3] * alpha + 255.0 * (255 - alpha)) / 255;
    }
    p.type = PNG_COLOR_TYPE_RGB_ALPHA;
    p.stride = 4 * COLUMNS;
    write_png(path, &p);
    assert_colours(path, ROWS, COLUMNS, shown, nearest);
}

static void assert_grey(const char *path)
{
    char *paths[] = {(char *)path};
    mi_images *images = NULL;
    mi_status status = {.code = MI_OK};
    assert_failure(mi_read_color_images(paths, 1, &images, &status), MI_INPUT, status,
                   "a grey image");
    assert_non_null(strstr(status.message, path));
}

static void grey_files_hold_no_colour(void **state)
{
    char path[SCRATCH_PATH];
    write_blocks(scratch_name(state, "grey.jpg", path), 1, JCS_GRAYSCALE, JCS_GRAYSCALE, false);
    assert_grey(path);
    unsigned char samples[PIXELS];
    fill(samples, PIXELS);
    png_picture p = {
        .rows = ROWS, .columns = COLUMNS, .depth = 8, .samples = samples, .stride = COLUMNS};
    write_png(scratch_name(state, "grey.png", path), &p);
    assert_grey(path);
    assert_grey("data/fashion-test-images-idx3-ubyte.gz");
}

static void cmyk_jpeg_is_refused(void **state)
{
    char path[SCRATCH_PATH];
    write_blocks(scratch_name(state, "print.jpg", path), 4, JCS_CMYK, JCS_CMYK, false);
    assert_refused(path, "CMYK");
}

static size_t load(const char *path, unsigned char *bytes, size_t capacity)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t size = fread(bytes, 1, capacity, file);
    fclose(file);
    assert_in_range(size, 20, capacity - 1);
    return size;
}

static void write_small_png(const char *path, bool interlaced)
{
    unsigned char samples[3 * PIXELS];
    fill(samples, sizeof samples);
    png_picture p = {.rows = ROWS,
                     .columns = COLUMNS,
                     .depth = 8,
                     .type = PNG_COLOR_TYPE_RGB,
                     .interlaced = interlaced,
                     .samples = samples,
                     .stride = 3 * COLUMNS};
    write_png(path, &p);
}

static void assert_every_cut_refused(void **state, const char *whole)
{
    char cut[SCRATCH_PATH];
    unsigned char bytes[4096];
    size_t size = load(whole, bytes, sizeof bytes);
    scratch_name(state, "cut", cut);
    for (size_t length = 1; length < size; length++) {
        scratch_write(cut, bytes, length);
        assert_refused(cut, "");
    }
}

static void images_cut_anywhere_are_refused(void **state)
{
    char path[SCRATCH_PATH];
    scratch_name(state, "whole", path);
    write_small_png(path, false);
    assert_every_cut_refused(state, path);
    write_small_png(path, true);
    assert_every_cut_refused(state, path);
    write_blocks(path, 3, JCS_RGB, JCS_YCbCr, false);
    assert_every_cut_refused(state, path);
    write_blocks(path, 3, JCS_RGB, JCS_YCbCr, true);
    assert_every_cut_refused(state, path);
}

/* Of a flat picture the decoder may have the last bits in hand long before the last bytes. */
static void flat_jpeg_without_its_end_is_refused(void **state)
{
    static const unsigned char samples[8 * 128] = {0};
    char path[SCRATCH_PATH];
    unsigned char bytes[4096];
    scratch_name(state, "flat.jpg", path);
    for (unsigned columns = 8; columns <= 128; columns += 8) {
        jpeg_picture p = {8, columns, 1, JCS_GRAYSCALE, JCS_GRAYSCALE, false, samples};
        write_jpeg(path, &p);
        size_t size = load(path, bytes, sizeof bytes);
        scratch_write(path, bytes, size - 2);
        assert_refused(path, "corrupt JPEG");
    }
}

/* Any byte of a PNG file is under a checksum, is one, is a length, or is the signature. */
static void png_with_a_flipped_byte_is_refused(void **state)
{
    char path[SCRATCH_PATH];
    unsigned char bytes[4096];
    write_small_png(scratch_name(state, "flip.png", path), false);
    size_t size = load(path, bytes, sizeof bytes);
    for (size_t i = 0; i < size; i++) {
        bytes[i] ^= 0x10;
        scratch_write(path, bytes, size);
        assert_refused(path, "");
        bytes[i] ^= 0x10;
    }
}

/* A marker in the midst of the coded data: libjpeg itself only warns. */
static void jpeg_warning_is_corruption(void **state)
{
    char path[SCRATCH_PATH];
    unsigned char bytes[4096];
    write_blocks(scratch_name(state, "bad.jpg", path), 1, JCS_GRAYSCALE, JCS_GRAYSCALE, false);
    size_t size = load(path, bytes, sizeof bytes);
    bytes[size - 8] = 0xff;
    bytes[size - 7] = 0xd9;
    scratch_write(path, bytes, size);
    assert_refused(path, "corrupt JPEG");
}

static void big_endian(unsigned char *bytes, unsigned long value, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        bytes[i] = (unsigned char)(value >> (8 * (count - 1 - i)));
    }
}

/* IHDR stands at bytes 8 to 32: width at 16, height at 20, checksum of 12..28 at 29. */
static void png_that_promises_too_much_is_refused(void **state)
{
    char path[SCRATCH_PATH];
    unsigned char bytes[4096];
    write_small_png(scratch_name(state, "huge.png", path), false);
    size_t size = load(path, bytes, sizeof bytes);
    big_endian(bytes + 16, 2000001, 4);
    big_endian(bytes + 20, 2000000000, 4);
    big_endian(bytes + 29, crc32(0, bytes + 12, 17), 4);
    scratch_write(path, bytes, size);
    assert_refused(path, "2000000000 x 2000001 pixels (rows x columns), 1 to 67108864");
}

static void jpeg_that_promises_too_much_is_refused(void **state)
{
    char path[SCRATCH_PATH];
    unsigned char bytes[4096];
    write_blocks(scratch_name(state, "huge.jpg", path), 1, JCS_GRAYSCALE, JCS_GRAYSCALE, false);
    size_t size = load(path, bytes, sizeof bytes), frame = 0;
    while (bytes[frame] != 0xff || bytes[frame + 1] != 0xc0) {
        frame++;
        assert_true(frame + 9 < size);
    }
    big_endian(bytes + frame + 5, 8193, 2);
    big_endian(bytes + frame + 7, 8192, 2);
    scratch_write(path, bytes, size);
    assert_refused(path, "8193 x 8192 pixels");
}

static void unknown_kinds_are_named(void **state)
{
    char path[SCRATCH_PATH];
    scratch_write(scratch_name(state, "text.png", path), "no image", 8);
    assert_refused(path, "6e 6f 20 69");
    scratch_write(path, "G", 1);
    assert_refused(path, "47 00 00 00");
    scratch_write(path, "", 0);
    assert_refused(path, "is empty");
    assert_refused(scratch_name(state, "none.png", path), "No such file");
    assert_refused("data/fashion-test-labels-idx1-ubyte.gz", "file of labels");
}

static void make_folder(void **state, const char *name, char path[SCRATCH_PATH])
{
    assert_int_equal(mkdir(scratch_name(state, name, path), 0700), 0);
}

static void folder_is_read_in_order_of_name(void **state)
{
    static const char *const names[] = {"C.JPEG", "a.jpg", "b.png"};
    char folder[SCRATCH_PATH], path[SCRATCH_PATH];
    mi_images *images = NULL;
    make_folder(state, "f", folder);
    write_small_png(scratch_name(state, "f/b.png", path), false);
    write_blocks(scratch_name(state, "f/C.JPEG", path), 1, JCS_GRAYSCALE, JCS_GRAYSCALE, false);
    write_small_png(scratch_name(state, "f/a.jpg", path), true); /* its ending is wrong */
    scratch_write(scratch_name(state, "f/notes.txt", path), "text", 4);
    scratch_write(scratch_name(state, "f/._b.png", path), "text", 4);
    char *paths[] = {folder};
    assert_int_equal(mi_read_images(paths, 1, &images, NULL), MI_OK);
    assert_int_equal(images->count, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_string_equal(strrchr(images->names[i], '/') + 1, names[i]);
        assert_int_equal(images->items[i].columns, i == 0 ? WIDE : COLUMNS);
    }
    mi_images_destroy(images);
}

static void folder_without_images_is_refused(void **state)
{
    char folder[SCRATCH_PATH], path[SCRATCH_PATH];
    make_folder(state, "f", folder);
    assert_refused(folder, "folder without *.jpg");
    scratch_write(scratch_name(state, "f/png", path), "text", 4);
    assert_refused(folder, "folder without *.jpg");
}

static void one_bad_file_in_a_folder_is_named(void **state)
{
    char folder[SCRATCH_PATH], path[SCRATCH_PATH];
    mi_images *images = NULL;
    mi_status status = {.code = MI_OK};
    make_folder(state, "f", folder);
    write_small_png(scratch_name(state, "f/a.png", path), false);
    scratch_write(scratch_name(state, "f/b.png", path), "text", 4);
    write_small_png(scratch_name(state, "f/c.png", path), false);
    char *paths[] = {folder};
    assert_failure(mi_read_images(paths, 1, &images, &status), MI_INPUT, status, "/f/b.png: ");
    assert_null(images);
    assert_failure(mi_read_images(paths, 0, &images, &status), MI_INPUT, status, "no image");
}

static void lists_join_files_of_all_kinds(void **state)
{
    static const unsigned char idx[] = {0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 1, 77, 99};
    char first[SCRATCH_PATH], second[SCRATCH_PATH];
    mi_images *images = NULL;
    scratch_write(scratch_name(state, "two", first), idx, sizeof idx);
    write_small_png(scratch_name(state, "one", second), false);
    char *paths[] = {first, second, first};
    assert_int_equal(mi_read_images(paths, 3, &images, NULL), MI_OK);
    assert_int_equal(images->count, 5);
    for (size_t i = 0; i < 5; i++) {
        assert_string_equal(images->names[i], i == 2 ? second : first);
    }
    assert_int_equal(images->items[1].pixels[0], 99);
    assert_int_equal(images->items[2].rows, ROWS);
    assert_int_equal(images->items[3].pixels[0], 77);
    mi_images_destroy(images);
}

static unsigned long total(const mi_image *image)
{
    unsigned long sum = 0;
    for (size_t i = 0; i < image->rows * image->columns; i++) {
        sum += image->pixels[i];
    }
    return sum;
}

/* Sizes (columns x rows) as file(1) tells them. */
static void shipped_photos_are_read(void **state)
{
    (void)state;
    static const size_t sizes[12][2] = {{790, 1024}, {1024, 717}, {807, 1024}, {512, 512},
                                        {1024, 750}, {451, 300},  {600, 400},  {1024, 788},
                                        {1024, 484}, {1024, 510}, {1024, 498}, {1024, 819}};
    char folder[] = "data/photos/", *paths[] = {folder};
    mi_images *images = NULL;
    assert_int_equal(mi_read_images(paths, 1, &images, NULL), MI_OK);
    assert_int_equal(images->count, 12);
    for (size_t i = 0; i < 12; i++) {
        assert_int_equal(images->items[i].columns, sizes[i][0]);
        assert_int_equal(images->items[i].rows, sizes[i][1]);
    }
    assert_string_equal(images->names[5], "data/photos/chelsea.png");
    /* Decoded and folded by a script that shares nothing with libpng. */
    assert_int_equal(total(&images->items[5]), 16166008);
    mi_images_destroy(images);
}

/* Totals by a script. */
static void shipped_idx_file_is_read(void **state)
{
    (void)state;
    char path[] = "data/fashion-test-images-idx3-ubyte.gz", *paths[] = {path};
    mi_images *images = NULL;
    unsigned long sum = 0;
    assert_int_equal(mi_read_images(paths, 1, &images, NULL), MI_OK);
    assert_int_equal(images->count, 5000);
    for (size_t i = 0; i < images->count; i++) {
        assert_int_equal(images->items[i].rows * images->items[i].columns, 784);
        sum += total(&images->items[i]);
    }
    assert_int_equal(sum, 288151117);
    assert_int_equal(total(&images->items[4999]), 54322);
    mi_images_destroy(images);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCRATCH_TEST(grey_png_of_each_depth),
        SCRATCH_TEST(sixteen_bits_are_rounded_to_eight),
        SCRATCH_TEST(colour_png_becomes_luma),
        SCRATCH_TEST(transparent_png_lies_on_white),
        SCRATCH_TEST(palette_png_becomes_luma),
        SCRATCH_TEST(grey_jpeg_keeps_flat_blocks),
        SCRATCH_TEST(colour_jpeg_becomes_luma),
        SCRATCH_TEST(colours_of_jpeg_are_kept),
        SCRATCH_TEST(colours_of_png_are_kept),
        SCRATCH_TEST(grey_files_hold_no_colour),
        SCRATCH_TEST(cmyk_jpeg_is_refused),
        SCRATCH_TEST(images_cut_anywhere_are_refused),
        SCRATCH_TEST(flat_jpeg_without_its_end_is_refused),
        SCRATCH_TEST(png_with_a_flipped_byte_is_refused),
        SCRATCH_TEST(jpeg_warning_is_corruption),
        SCRATCH_TEST(png_that_promises_too_much_is_refused),
        SCRATCH_TEST(jpeg_that_promises_too_much_is_refused),
        SCRATCH_TEST(unknown_kinds_are_named),
        SCRATCH_TEST(folder_is_read_in_order_of_name),
        SCRATCH_TEST(folder_without_images_is_refused),
        SCRATCH_TEST(one_bad_file_in_a_folder_is_named),
        SCRATCH_TEST(lists_join_files_of_all_kinds),
        cmocka_unit_test(shipped_photos_are_read),
        cmocka_unit_test(shipped_idx_file_is_read),
    };
    return cmocka_run_group_tests_name("images", tests, NULL, NULL);
}
