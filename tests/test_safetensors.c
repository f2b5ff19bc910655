/* Safetensors files: written and read, made by Python, each kind of bad file, tables of tensors. */
#include "scratch.h"

#include <float.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "maskinfo/safetensors.h"

enum { MOST = 4096 };

/* A file of a header and `size` bytes of data 0, 1, 2, ... */
static size_t put_file(const char *header, size_t length, size_t size, unsigned char bytes[MOST])
{
    assert_true(8 + strlen(header) + size <= MOST);
    for (int i = 0; i < 8; i++) {
        bytes[i] = (unsigned char)(length >> (8 * i) & 0xff);
    }
    memcpy(bytes + 8, header, strlen(header));
    for (size_t i = 0; i < size; i++) {
        bytes[8 + strlen(header) + i] = (unsigned char)i;
    }
    return 8 + strlen(header) + size;
}

/* A block of exactly the size, so that the address sanitizer sees a byte too far. */
static mi_code parse(const unsigned char *bytes, size_t size, mi_safetensors **ret_file,
                     mi_status *status)
{
    unsigned char *copy = malloc(size > 0 ? size : 1);
    assert_non_null(copy);
    memcpy(copy, bytes, size);
    mi_code code = mi_safetensors_parse("some.file", copy, size, ret_file, status);
    free(copy);
    return code;
}

static mi_safetensors *parse_good(const char *header, size_t size)
{
    unsigned char bytes[MOST];
    mi_safetensors *file = NULL;
    mi_status status;
    size_t length = put_file(header, strlen(header), size, bytes);
    if (parse(bytes, length, &file, &status) != MI_OK) {
        fail_msg("%s", status.message);
    }
    return file;
}

/* ---- good files ---- */

static void tensors_in_any_order(void **state)
{
    (void)state;
    mi_safetensors *file =
        parse_good("{ \"b\":{\"dtype\":\"I16\",\"shape\":[2,1],\"data_offsets\":[5,9]},"
                   "\"__metadata__\":{\"x\":\"1\",\"y \\u00e9\":\"\"},"
                   "\"none\":{\"dtype\":\"F64\",\"shape\":[3,0],\"data_offsets\":[5,5]},"
                   "\"a\":{\"shape\":[5],\"dtype\":\"U8\",\"data_offsets\":[0,5]}} \n",
                   9);
    assert_int_equal(file->count, 3);
    const mi_safetensor *b = mi_safetensors_find(file, "b");
    assert_string_equal(b->dtype, "I16");
    assert_int_equal(b->rank, 2);
    assert_int_equal(b->shape[0], 2);
    assert_int_equal(b->shape[1], 1);
    assert_int_equal(b->size, 4);
    assert_memory_equal(b->bytes, "\5\6\7\10", 4);
    assert_memory_equal(mi_safetensors_find(file, "a")->bytes, "\0\1\2\3\4", 5);
    assert_int_equal(mi_safetensors_find(file, "none")->size, 0);
    assert_null(mi_safetensors_find(file, "c"));
    assert_string_equal(mi_safetensors_metadata(file, "x"), "1");
    assert_string_equal(mi_safetensors_metadata(file, "y \xc3\xa9"), "");
    assert_null(mi_safetensors_metadata(file, "z"));
    assert_string_equal(file->file, "some.file");
    mi_safetensors_destroy(file);
}

static double double_at(const mi_safetensor *item, size_t i)
{
    float narrow = 0;
    double wide = 0;
    if (strcmp(item->dtype, "F64") == 0) {
        memcpy(&wide, (const char *)item->bytes + i * sizeof wide, sizeof wide);
        return wide;
    }
    assert_string_equal(item->dtype, "F32");
    memcpy(&narrow, (const char *)item->bytes + i * sizeof narrow, sizeof narrow);
    return (double)narrow;
}

static mi_safetensors *read_good(const char *path)
{
    mi_safetensors *file = NULL;
    mi_status status;
    if (mi_safetensors_read(path, &file, &status) != MI_OK) {
        fail_msg("%s", status.message);
    }
    return file;
}

static void file_of_python(void **state)
{
    (void)state;
    mi_safetensors *file = read_good("tests/corpus/safetensors/python");
    const mi_safetensor *weight = mi_safetensors_find(file, "weight");
    assert_int_equal(file->count, 5);
    assert_int_equal(weight->rank, 2);
    assert_int_equal(weight->shape[1], 3);
    for (size_t i = 0; i < 6; i++) {
        assert_near(double_at(weight, i), (double)(float)((double)i * 0.37 - 1), 0);
    }
    assert_near(double_at(mi_safetensors_find(file, "model.bias"), 1), -2.0 / 7, 0);
    assert_memory_equal(mi_safetensors_find(file, "count")->bytes, "\51\0\0\0\0\0\0\0", 8);
    assert_memory_equal(mi_safetensors_find(file, "bytes")->bytes, "\1\2\377", 3);
    assert_int_equal(mi_safetensors_find(file, "nothing")->shape[1], 4);
    assert_string_equal(mi_safetensors_metadata(file, "\xc3\xa9t\xc3\xa9"), "a \"quoted\" word");
    mi_safetensors_destroy(file);
    file = read_good("tests/corpus/safetensors/odd");
    assert_near(double_at(mi_safetensors_find(file, "late"), 1), -3.5, 0);
    assert_near(double_at(mi_safetensors_find(file, "one"), 0), 0.7, 0);
    assert_int_equal(mi_safetensors_find(file, "one")->rank, 0);
    mi_safetensors_destroy(file);
    file = read_good("tests/corpus/safetensors/empty");
    assert_int_equal(file->count, 0);
    mi_safetensors_destroy(file);
}

/* What Python wrote, read and written by the program, says the same; the bytes of the header are
 * spelled out, as tests/torch/safetensors_check.py reads them. */
static void written_and_read_again(void **state)
{
    char path[SCRATCH_PATH];
    unsigned char bytes[MOST];
    static const char expected[] =
        "{\"__metadata__\":{\"maker\":\"us all\"},"
        "\"late\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},"
        "\"one\":{\"dtype\":\"F64\",\"shape\":[],\"data_offsets\":[8,16]},"
        "\"early\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[16,19]}}";
    static const char *const metadata[] = {"maker", "us all"};
    mi_safetensors *odd = read_good("tests/corpus/safetensors/odd");
    scratch_name(state, "folder/again", path);
    assert_int_equal(mi_safetensors_write(path, odd->items, odd->count, metadata, 1, NULL), MI_OK);
    FILE *stream = fopen(path, "rb");
    size_t size = fread(bytes, 1, sizeof bytes, stream), length = strlen(expected);
    fclose(stream);
    size_t padded = (length + 7) / 8 * 8;
    assert_true(padded > length);
    assert_int_equal(size, 8 + padded + 19);
    assert_int_equal(bytes[0], padded & 0xff);
    assert_int_equal(bytes[1], padded >> 8);
    assert_memory_equal(bytes + 8, expected, length);
    for (size_t i = length; i < padded; i++) {
        assert_int_equal(bytes[8 + i], ' ');
    }
    mi_safetensors *again = read_good(path);
    assert_int_equal(again->count, odd->count);
    for (size_t i = 0; i < odd->count; i++) {
        assert_string_equal(again->items[i].name, odd->items[i].name);
        assert_int_equal(again->items[i].size, odd->items[i].size);
        assert_memory_equal(again->items[i].bytes, odd->items[i].bytes, odd->items[i].size);
    }
    assert_string_equal(mi_safetensors_metadata(again, "maker"), "us all");
    mi_safetensors_destroy(again);
    mi_safetensors_destroy(odd);
}

/* ---- bad files ---- */

#define ENTRY(name, dtype, shape, offsets)                                                         \
    "\"" name "\":{\"dtype\":\"" dtype "\",\"shape\":[" shape "],\"data_offsets\":[" offsets "]}"

static const struct {
    const char *header;
    size_t size;
    const char *message;
} bad_headers[] = {
    {"[1,2]", 0, "not a JSON object"},
    {"7     ", 0, "not a JSON object"},
    {" {}", 0, "not a JSON object"},
    {"{\"a\":", 0, "not a JSON object"},
    {"{} x", 0, "not a JSON object"},
    {"{}", 3, "3 bytes behind the last tensor"},
    {"{\"a\":3}", 0, "\"a\" of the header must be an object"},
    {"{\"config\":{\"layers\":3}}", 0, "\"config\" has no \"shape\""},
    {"{" ENTRY("a", "F32", "1", "0,4") "}", 3,
     "\"a\" ends at byte 4 of the data, of which there are "
     "3 (truncated file?)"},
    {"{" ENTRY("a", "F32", "1", "0,4") "}", 5, "1 bytes behind the last tensor"},
    {"{" ENTRY("a", "F32", "2", "0,4") "}", 4, "\"a\" has 4 bytes; its shape and type F32 need 8"},
    {"{" ENTRY("a", "F64", "1", "0,4") "}", 4, "\"a\" has 4 bytes; its shape and type F64 need 8"},
    {"{" ENTRY("a", "C64", "1", "0,8") "}", 8, "\"a\" is of the unknown type \"C64\""},
    {"{" ENTRY("a", "f32", "1", "0,4") "}", 4, "unknown type \"f32\""},
    {"{" ENTRY("a", "U8", "1,1,1,1,1", "0,1") "}", 1, "\"a\" has more than 4 dimensions"},
    {"{" ENTRY("a", "U8", "-1", "0,1") "}", 1, "must hold whole numbers"},
    {"{" ENTRY("a", "U8", "0.5", "0,1") "}", 1, "must hold whole numbers"},
    {"{" ENTRY("a", "U8", "\"1\"", "0,1") "}", 1, "must hold whole numbers"},
    {"{" ENTRY("a", "U8", "1e300", "0,1") "}", 1, "must hold whole numbers"},
    {"{" ENTRY("a", "F32", "4294967296,4294967296", "0,4") "}", 4,
     "shape of the tensor \"a\" is too "
     "large"},
    {"{" ENTRY("a", "F64", "2305843009213693952", "0,4") "}", 4, "must hold whole numbers"},
    {"{" ENTRY("a", "F64", "4503599627370496,1024", "0,4") "}", 4, "too large"},
    {"{" ENTRY("a", "U8", "2", "0,2") "," ENTRY("b", "U8", "2", "1,3") "}", 3, "\"b\" overlaps"},
    {"{" ENTRY("a", "U8", "2", "0,2") "," ENTRY("b", "U8", "2", "0,2") "}", 2, "overlaps"},
    {"{" ENTRY("a", "U8", "2", "0,2") "," ENTRY("b", "U8", "2", "3,5") "}", 5,
     "\"b\" leaves a gap"},
    {"{" ENTRY("a", "U8", "2", "1,3") "}", 3, "\"a\" leaves a gap"},
    {"{" ENTRY("a", "U8", "2", "2,0") "}", 2, "no \"data_offsets\""},
    {"{" ENTRY("a", "U8", "2", "0,2,4") "}", 2, "no \"data_offsets\""},
    {"{" ENTRY("a", "U8", "2", "-2,0") "}", 2, "no \"data_offsets\""},
    {"{" ENTRY("a", "U8", "0", "18446744073709551616,18446744073709551616") "}", 2,
     "no \"data_offsets\""},
    {"{" ENTRY("a", "U8", "1", "0,1") "," ENTRY("b", "U8", "1", "1,2") "," ENTRY("a", "U8", "1",
                                                                                 "2,3") "}",
     3, "two tensors \"a\""},
    {"{\"a\":{\"dtype\":\"U8\",\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}", 1,
     "no \"dtype\""},
    {"{\"a\":{\"dtype\":8,\"shape\":[1],\"data_offsets\":[0,1]}}", 1, "no \"dtype\""},
    {"{\"a\":{\"dtype\":\"U8\",\"shape\":1,\"data_offsets\":[0,1]}}", 1, "no \"shape\""},
    {"{\"a\":{\"dtype\":\"U8\",\"shape\":[1]}}", 1, "no \"data_offsets\""},
    {"{\"__metadata__\":[]}", 0, "\"__metadata__\" must be one object"},
    {"{\"__metadata__\":{},\"__metadata__\":{}}", 0, "\"__metadata__\" must be one object"},
    {"{\"__metadata__\":{\"step\":3}}", 0, "must hold strings"},
};

static void bad_headers_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bad_headers / sizeof *bad_headers; i++) {
        unsigned char bytes[MOST];
        mi_safetensors *file = NULL;
        mi_status status = {.code = MI_OK};
        const char *header = bad_headers[i].header;
        size_t size = put_file(header, strlen(header), bad_headers[i].size, bytes);
        assert_failure(parse(bytes, size, &file, &status), MI_INPUT, status,
                       bad_headers[i].message);
        assert_null(file);
        assert_int_equal(strncmp(status.message, "some.file: ", 11), 0);
    }
}

static void lengths_that_lie(void **state)
{
    (void)state;
    static const char header[] = "{" ENTRY("a", "U8", "2", "0,2") "}";
    const size_t right = sizeof header - 1;
    const size_t lies[] = {0, 1, right - 1, right + 1, right + 3, SIZE_MAX, (size_t)1 << 63};
    unsigned char bytes[MOST];
    mi_safetensors *file = NULL;
    mi_status status;
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
        size_t size = put_file(header, lies[i], 2, bytes);
        assert_int_equal(parse(bytes, size, &file, &status), MI_INPUT);
        assert_null(file);
    }
    put_file(header, right, 2, bytes);
    for (size_t size = 0; size < 8 + right + 2; size++) { /* truncated anywhere */
        assert_int_equal(parse(bytes, size, &file, &status), MI_INPUT);
        assert_null(file);
    }
    assert_int_equal(parse(bytes, 8 + right + 2, &file, &status), MI_OK);
    mi_safetensors_destroy(file);
}

static void header_of_more_than_100_megabytes(void **state)
{
    char path[SCRATCH_PATH];
    unsigned char length[8] = {0};
    mi_safetensors *file = NULL;
    mi_status status;
    for (int i = 0; i < 8; i++) {
        length[i] = (unsigned char)((uint64_t)100000001 >> (8 * i) & 0xff);
    }
    scratch_write(scratch_name(state, "sparse", path), length, sizeof length);
    assert_int_equal(truncate(path, 200000000), 0);
    assert_failure(mi_safetensors_read(path, &file, &status), MI_INPUT, status,
                   "the header would have 100000001 bytes");
}

static void files_that_are_none(void **state)
{
    char path[SCRATCH_PATH];
    mi_safetensors *file = NULL;
    mi_status status;
    assert_failure(mi_safetensors_read(*state, &file, &status), MI_INPUT, status, "is not a file");
    scratch_name(state, "missing", path);
    assert_failure(mi_safetensors_read(path, &file, &status), MI_INPUT, status, path);
    scratch_write(path, "abc", 3);
    assert_failure(mi_safetensors_read(path, &file, &status), MI_INPUT, status,
                   "3 bytes are no safetensors file");
    const char *photo = "data/photos/chelsea.png";
    assert_failure(mi_safetensors_read(photo, &file, &status), MI_INPUT, status, photo);
}

/* Many tensors take no quadratic time: 200000 would need minutes. */
static void long_header(void **state)
{
    (void)state;
    enum { COUNT = 200000, WIDTH = 64 };
    char *header = malloc((size_t)COUNT * WIDTH + 16);
    size_t used = 0;
    for (size_t i = 0; i < COUNT; i++) {
        used += (size_t)sprintf(header + used,
                                "%c\"%zu\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}",
                                i == 0 ? '{' : ',', i);
    }
    used += (size_t)sprintf(header + used, "}");
    unsigned char *bytes = malloc(8 + used);
    memcpy(bytes + 8, header, used);
    for (int i = 0; i < 8; i++) {
        bytes[i] = (unsigned char)(used >> (8 * i) & 0xff);
    }
    mi_safetensors *file = NULL;
    assert_int_equal(mi_safetensors_parse("long", bytes, 8 + used, &file, NULL), MI_OK);
    assert_int_equal(file->count, COUNT);
    mi_safetensors_destroy(file);
    free(bytes);
    free(header);
}

/* ---- failures of writing ---- */

/* With a limit of 100 bytes on files, in a process of its own, the old file stays. */
static void failed_write_keeps_the_old_file(void **state)
{
    char path[SCRATCH_PATH];
    static const unsigned char values[1000];
    mi_safetensor item = {.name = "a", .dtype = "U8", .rank = 1, .shape = {1000}};
    item.bytes = values;
    item.size = sizeof values;
    scratch_name(state, "kept", path);
    assert_int_equal(mi_safetensors_write(path, &item, 1, NULL, 0, NULL), MI_OK);
    item.name = "b";
    pid_t child = fork();
    if (child == 0) {
        struct rlimit limit = {.rlim_cur = 100, .rlim_max = 100};
        signal(SIGXFSZ, SIG_IGN);
        bool limited = setrlimit(RLIMIT_FSIZE, &limit) == 0;
        _exit(limited ? (int)mi_safetensors_write(path, &item, 1, NULL, 0, NULL) : 99);
    }
    int result = 0;
    assert_int_equal(waitpid(child, &result, 0), child);
    assert_true(WIFEXITED(result) && WEXITSTATUS(result) == MI_IO);
    mi_safetensors *file = read_good(path);
    assert_string_equal(file->items[0].name, "a");
    mi_safetensors_destroy(file);
}

/* ---- tables of tensors ---- */

static mi_tensors some_tensors(void)
{
    mi_tensors tensors = {0};
    size_t offset = 0;
    const size_t weight[] = {2, 3}, token[] = {1, 1, 5};
    assert_int_equal(mi_tensors_add(&tensors, "weight", 2, weight, true, &offset, NULL), MI_OK);
    assert_int_equal(mi_tensors_add(&tensors, "token", 3, token, false, &offset, NULL), MI_OK);
    return tensors;
}

static void tables_go_and_come_back(void **state)
{
    char path[SCRATCH_PATH];
    mi_tensors tensors = some_tensors();
    mi_scalar values[32] = {0}, again[32] = {0};
    mi_safetensor *items = NULL;
    for (size_t i = 0; i < 11; i++) {
        values[i < 6 ? i : i + 10] = (mi_scalar)(cos((double)i) * 1e-3);
    }
    assert_int_equal(mi_tensors_items(&tensors, "net.", values, &items, NULL), MI_OK);
    scratch_name(state, "table", path);
    assert_int_equal(mi_safetensors_write(path, items, tensors.count, NULL, 0, NULL), MI_OK);
    free(items);
    mi_safetensors *file = read_good(path);
    assert_non_null(mi_safetensors_find(file, "net.token"));
    assert_int_equal(mi_safetensors_find(file, "net.token")->shape[2], 5);
    assert_int_equal(mi_tensors_load(&tensors, file, "net.", again, NULL), MI_OK);
    assert_memory_equal(values, again, sizeof values);
    mi_status status;
    assert_failure(mi_tensors_load(&tensors, file, "", again, &status), MI_INPUT, status,
                   "the tensor \"weight\" is missing");
    mi_safetensors_destroy(file);
    mi_tensors_free(&tensors);
}

/* A file of "weight" (2,3) of the type and shape, and "token" F32 (1,1,5) of ones but the last. */
static mi_safetensors *weights_file(const char *dtype, const char *shape, const void *weight,
                                    size_t size, float last)
{
    char header[400];
    unsigned char bytes[MOST];
    mi_safetensors *file = NULL;
    float token[] = {1, 1, 1, 1, last};
    snprintf(header, sizeof header,
             "{\"weight\":{\"dtype\":\"%s\",\"shape\":%s,\"data_offsets\":[0,%zu]},"
             "\"token\":{\"dtype\":\"F32\",\"shape\":[1,1,5],\"data_offsets\":[%zu,%zu]}}",
             dtype, shape, size, size, size + sizeof token);
    size_t end = put_file(header, strlen(header), size + sizeof token, bytes);
    memcpy(bytes + end - sizeof token - size, weight, size);
    memcpy(bytes + end - sizeof token, token, sizeof token);
    assert_int_equal(parse(bytes, end, &file, NULL), MI_OK);
    return file;
}

static void load_is_refused(const char *dtype, const char *shape, const void *weight, size_t size,
                            float last, const char *message)
{
    mi_tensors tensors = some_tensors();
    mi_scalar values[32] = {0};
    const mi_scalar untouched[32] = {0};
    mi_status status;
    mi_safetensors *file = weights_file(dtype, shape, weight, size, last);
    assert_failure(mi_tensors_load(&tensors, file, "", values, &status), MI_INPUT, status, message);
    assert_memory_equal(values, untouched, sizeof values);
    mi_safetensors_destroy(file);
    mi_tensors_free(&tensors);
}

static void other_weights_are_refused(void **state)
{
    (void)state;
    const float narrow[] = {1, 2, 3, 4, 5, (float)NAN};
    const double wide[] = {1, 2, 3, 4, (double)FLT_MAX * 2, 6};
    const double fine[] = {1, 2, 3, 4, 5, 6};
    const int64_t whole[6] = {0};
    load_is_refused("F32", "[3,2]", narrow, 24, 1,
                    "some.file: the tensor \"weight\" has the shape (3, 2); it must be (2, 3)");
    load_is_refused("F32", "[6]", narrow, 24, 1, "has the shape (6)");
    load_is_refused("F32", "[2,3,1]", narrow, 24, 1, "has the shape (2, 3, 1)");
    load_is_refused("I64", "[2,3]", whole, 48, 1,
                    "\"weight\" is of type I64; it must be F32 or F64");
    load_is_refused("F32", "[2,3]", narrow, 24, 1,
                    "number 5 of the tensor \"weight\" is not finite");
    load_is_refused("F64", "[2,3]", wide, 48, 1, "number 4 of the tensor \"weight\" is not finite");
    load_is_refused("F64", "[2,3]", fine, 48, (float)INFINITY,
                    "number 4 of the tensor \"token\" is not finite");
}

static void double_precision_is_converted(void **state)
{
    (void)state;
    mi_tensors tensors = some_tensors();
    mi_scalar values[32] = {0};
    const double wide[] = {1.0 / 3, -2, 3, 4, (double)FLT_MAX, 1e-60};
    mi_safetensors *file = weights_file("F64", "[2,3]", wide, sizeof wide, 9);
    assert_int_equal(mi_tensors_load(&tensors, file, "", values, NULL), MI_OK);
    for (size_t i = 0; i < 6; i++) {
        assert_near((double)values[i], (double)(mi_scalar)wide[i], 0);
    }
    assert_near((double)values[20], 9, 0);
    mi_safetensors_destroy(file);
    mi_tensors_free(&tensors);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tensors_in_any_order),
        cmocka_unit_test(file_of_python),
        SCRATCH_TEST(written_and_read_again),
        cmocka_unit_test(bad_headers_are_refused),
        cmocka_unit_test(lengths_that_lie),
        SCRATCH_TEST(header_of_more_than_100_megabytes),
        SCRATCH_TEST(files_that_are_none),
        cmocka_unit_test(long_header),
        SCRATCH_TEST(failed_write_keeps_the_old_file),
        SCRATCH_TEST(tables_go_and_come_back),
        cmocka_unit_test(other_weights_are_refused),
        cmocka_unit_test(double_precision_is_converted),
    };
    mi_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
