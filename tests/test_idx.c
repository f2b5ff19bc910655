/* IDX files in memory: good ones and each kind of bad one. */
#include "scratch.h"

#include "maskinfo/data.h"

typedef struct idx {
    uint32_t magic, count, rows, columns;
    size_t values; /* bytes behind the header: 1, 2, 3, ... */
} idx;

static const idx good = {0x803, 3, 2, 5, 30};

static size_t idx_write(const idx *h, unsigned char *bytes)
{
    const uint32_t fields[] = {h->magic, h->count, h->rows, h->columns};
    for (size_t i = 0; i < 16; i++) {
        bytes[i] = (unsigned char)(fields[i / 4] >> (24 - 8 * (i % 4)));
    }
    for (size_t i = 0; i < h->values; i++) {
        bytes[16 + i] = (unsigned char)(i + 1);
    }
    return 16 + h->values;
}

/* A block of exactly the size, so that the address sanitizer sees a byte too far. */
static mi_code parse(const unsigned char *bytes, size_t size, mi_images **ret_images,
                     mi_status *status)
{
    unsigned char *copy = malloc(size > 0 ? size : 1);
    assert_non_null(copy);
    memcpy(copy, bytes, size);
    mi_code code = mi_parse_idx("some.idx", copy, size, ret_images, status);
    free(copy);
    return code;
}

static void images_of_an_idx_file(void **state)
{
    (void)state;
    unsigned char bytes[64];
    mi_images *images = NULL;
    size_t size = idx_write(&good, bytes);
    assert_int_equal(parse(bytes, size, &images, NULL), MI_OK);
    assert_int_equal(images->count, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(images->items[i].rows, 2);
        assert_int_equal(images->items[i].columns, 5);
        assert_memory_equal(images->items[i].pixels, bytes + 16 + 10 * i, 10);
        assert_string_equal(images->names[i], "some.idx");
    }
    mi_images_destroy(images);
    mi_images_destroy(NULL);
}

static void assert_bad(idx h, const char *text)
{
    unsigned char bytes[64];
    mi_images *images = NULL;
    mi_status status = {.code = MI_OK};
    size_t size = idx_write(&h, bytes);
    assert_failure(parse(bytes, size, &images, &status), MI_INPUT, status, text);
    assert_non_null(strstr(status.message, "some.idx: "));
    assert_null(images);
}

static void other_magic_numbers_are_named(void **state)
{
    (void)state;
    assert_bad((idx){0x801, 30, 0, 0, 30}, "0x00000801 (a file of labels)");
    assert_bad((idx){0x802, 3, 2, 5, 30}, "magic number is 0x00000802, an");
    assert_bad((idx){0xd03, 3, 2, 5, 30}, "magic number is 0x00000d03, an");
    assert_bad((idx){0x03080000, 3, 2, 5, 30}, "0x03080000"); /* little-endian */
}

static void counts_that_do_not_fit_are_refused(void **state)
{
    (void)state;
    assert_bad((idx){0x803, 3, 2, 5, 29}, "3 images of 2 x 5 = 30 bytes, but 29 bytes follow");
    assert_bad((idx){0x803, 3, 2, 5, 31}, "30 bytes, but 31 bytes");
    assert_bad((idx){0x803, 3, 2, 5, 0}, "30 bytes, but 0 bytes");
}

static void zero_sizes_are_refused(void **state)
{
    (void)state;
    assert_bad((idx){0x803, 0, 2, 5, 0}, "announces 0 images");
    assert_bad((idx){0x803, 3, 0, 5, 0}, "images of 0 x 5 pixels");
    assert_bad((idx){0x803, 3, 2, 0, 0}, "images of 2 x 0 pixels");
}

/* Products that are 0, 30 or 16 modulo 2^32 or 2^64. */
static void huge_sizes_are_refused(void **state)
{
    (void)state;
    assert_bad((idx){0x803, 1, 1u << 16, 1u << 16, 0}, "images of 65536 x 65536");
    assert_bad((idx){0x803, 30, 0xffffffff, 0xffffffff, 30}, "images of 4294967295 x 4294967295");
    assert_bad((idx){0x803, 1u << 31, 2, 1, 0}, "announces 2147483648 images, not 1 to 16777216");
    assert_bad((idx){0x803, 1u << 24, 1u << 13, 1u << 13, 0}, "= 1125899906842624 bytes");
    assert_bad((idx){0x803, 1, (1u << 13) + 1, 1u << 13, 30}, "1 to 67108864 pixels are legal");
}

static void headers_cut_anywhere_are_refused(void **state)
{
    (void)state;
    unsigned char bytes[64];
    idx_write(&good, bytes);
    for (size_t size = 0; size < 16; size++) {
        mi_images *images = NULL;
        mi_status status = {.code = MI_OK};
        assert_failure(parse(bytes, size, &images, &status), MI_INPUT, status, "header of 16");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(images_of_an_idx_file),
        cmocka_unit_test(other_magic_numbers_are_named),
        cmocka_unit_test(counts_that_do_not_fit_are_refused),
        cmocka_unit_test(zero_sizes_are_refused),
        cmocka_unit_test(huge_sizes_are_refused),
        cmocka_unit_test(headers_cut_anywhere_are_refused),
    };
    return cmocka_run_group_tests_name("idx", tests, NULL, NULL);
}
