/* Values of arrays, from memory or from the disk. */
#include "array.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "maskinfo/memory.h"

static const size_t loaded_limit = (size_t)1 << 30;

/* Bytes that are read at once where the wanted values lie apart: fewer calls than one a value. */
enum { SPAN = 1 << 14 };

static uint64_t bits_of(const unsigned char *bytes, size_t width, bool big_endian)
{
    uint64_t bits = 0;
    for (size_t i = 0; i < width; i++) {
        bits = bits << 8 | bytes[big_endian ? i : width - 1 - i];
    }
    return bits;
}

/* IEEE 754 binary16: a sign, 5 bits of exponent (bias 15), 10 of fraction. */
static double half_value(uint64_t bits)
{
    int exponent = (int)(bits >> 10 & 31), fraction = (int)(bits & 1023);
    double value = exponent == 31  ? (fraction == 0 ? INFINITY : NAN)
                   : exponent == 0 ? ldexp(fraction, -24)
                                   : ldexp(1024 + fraction, exponent - 25);
    return bits >> 15 & 1 ? -value : value;
}

static double floating_value(uint64_t bits, size_t width)
{
    double wide = 0;
    float narrow = 0;
    uint32_t low = (uint32_t)bits;
    switch (width) {
    case 2:
        return half_value(bits);
    case 4:
        memcpy(&narrow, &low, sizeof narrow);
        return (double)narrow;
    default:
        memcpy(&wide, &bits, sizeof wide);
        return wide;
    }
}

/* Two's complement: the bits of a negative number are those of itself plus 2^(8 width). */
static double signed_value(uint64_t bits, size_t width)
{
    uint64_t sign = UINT64_C(1) << (8 * width - 1);
    return bits & sign ? -(double)(sign - (bits & (sign - 1))) : (double)bits;
}

static double value_of(const mi_array *a, const unsigned char *bytes)
{
    uint64_t bits = bits_of(bytes, a->width, a->big_endian);
    switch (a->number) {
    case MI_BOOLEAN:
        return bits != 0;
    case MI_SIGNED:
        return signed_value(bits, a->width);
    case MI_UNSIGNED:
        return (double)bits;
    case MI_FLOATING:
        break;
    }
    return floating_value(bits, a->width);
}

/* The index, axis by axis, of a position. */
static mi_code not_finite(const mi_array *a, size_t position, double value, mi_status *status)
{
    size_t index[MI_ARRAY_DIMENSIONS];
    char text[120];
    for (int d = 0; d < a->dimensions; d++) {
        index[d] = position / a->stride[d] % a->shape[d];
    }
    return mi_fail(status, MI_INPUT,
                   "%s: the value at %s (counted from 0) is %s, but every value must be finite",
                   a->name, mi_shape_text(index, a->dimensions, text, sizeof text),
                   isnan(value) ? "not a number" : "infinite");
}

static mi_code convert(const mi_array *a, const unsigned char *bytes, size_t first, size_t step,
                       size_t count, double *values, mi_status *status)
{
    for (size_t i = 0; i < count; i++) {
        values[i] = value_of(a, bytes + i * step * a->width);
        if (!isfinite(values[i])) {
            return not_finite(a, first + i * step, values[i], status);
        }
    }
    return MI_OK;
}

static mi_code read_disk(const mi_array *a, size_t at, unsigned char *bytes, size_t size,
                         mi_status *status)
{
    for (size_t done = 0; done < size;) {
        ssize_t got = pread(a->descriptor, bytes + done, size - done, (off_t)(at + done));
        if (got == 0 || (got < 0 && errno != EINTR)) {
            return mi_fail(status, MI_IO, "%s: %zu bytes at %zu can not be read: %s", a->name,
                           size - done, at + done, got == 0 ? "the file ends" : strerror(errno));
        }
        done += got > 0 ? (size_t)got : 0;
    }
    return MI_OK;
}

/* As many values at once as a span of the disk holds. */
static mi_code stream(const mi_array *a, size_t first, size_t step, size_t count, double *values,
                      mi_status *status)
{
    unsigned char span[SPAN];
    size_t apart = step * a->width; /* in bytes */
    size_t most = apart > SPAN - a->width ? 1 : (SPAN - a->width) / apart + 1;
    mi_code code = MI_OK;
    for (size_t done = 0; done < count && code == MI_OK; done += most) {
        size_t now = count - done < most ? count - done : most, at = first + done * step;
        code = read_disk(a, a->offset + at * a->width, span, (now - 1) * apart + a->width, status);
        if (code == MI_OK) {
            code = convert(a, span, at, step, now, values + done, status);
        }
    }
    return code;
}

mi_code mi_array_read(const mi_array *array, size_t first, size_t step, size_t count,
                      double *values, mi_status *status)
{
    if (array->opt_block == NULL) {
        return stream(array, first, step, count, values, status);
    }
    return convert(array, array->opt_block + array->offset + first * array->width, first, step,
                   count, values, status);
}

char *mi_array_text(const mi_array *array, char *text, size_t size)
{
    static const char letters[] = {'b', 'i', 'u', 'f'};
    mi_shape_text(array->shape, array->dimensions, text, size);
    size_t used = strlen(text);
    snprintf(text + used, size - used, " %c%zu", letters[array->number], array->width);
    return text;
}

static mi_code check_finite(const mi_array *a, mi_status *status)
{
    double values[256];
    size_t most = sizeof values / sizeof values[0];
    mi_code code = MI_OK;
    for (size_t at = 0; a->number == MI_FLOATING && at < a->count && code == MI_OK; at += most) {
        code = mi_array_read(a, at, 1, a->count - at < most ? a->count - at : most, values, status);
    }
    return code;
}

static mi_code array_create(const char *name, mi_array **ret_array, mi_status *status)
{
    mi_code code = mi_allocate(1, sizeof **ret_array, ret_array, status);
    if (code == MI_OK) {
        (*ret_array)->descriptor = -1;
        code = mi_copy_text(name, &(*ret_array)->name, status);
    }
    return code;
}

/* *block becomes the array's where it is read. */
static mi_code adopt(unsigned char **block, size_t size, mi_array *array, mi_status *status)
{
    mi_code code = mi_npy_header(array->name, *block, size, size, array, status);
    if (code == MI_OK) {
        array->opt_block = *block;
        *block = NULL;
        code = check_finite(array, status);
    }
    return code;
}

mi_code mi_parse_npy(const char *name, const unsigned char *bytes, size_t size,
                     mi_array **ret_array, mi_status *status)
{
    mi_array *array = NULL;
    unsigned char *copy = NULL;
    mi_code code = array_create(name, &array, status);
    if (code == MI_OK) {
        code = mi_allocate(size, 1, &copy, status);
    }
    if (code == MI_OK) {
        memcpy(copy, bytes, size);
        code = adopt(&copy, size, array, status);
    }
    free(copy);
    if (code != MI_OK) {
        mi_array_destroy(array);
        return code;
    }
    *ret_array = array;
    return MI_OK;
}

/* Is this a plain .npy file too large to load? Whatever else it is, loading it tells. */
static bool is_large(int descriptor, size_t memory, size_t *ret_size)
{
    struct stat about;
    unsigned char start[MI_NPY_MAGIC];
    if (descriptor < 0 || fstat(descriptor, &about) != 0 || !S_ISREG(about.st_mode) ||
        (uintmax_t)about.st_size <= memory) {
        return false;
    }
    *ret_size = (size_t)about.st_size;
    return pread(descriptor, start, sizeof start, 0) == (ssize_t)sizeof start &&
           mi_npy_magic(start, sizeof start);
}

static mi_code open_streamed(size_t size, mi_array *array, mi_status *status)
{
    unsigned char *start = NULL;
    size_t available = size < MI_NPY_HEADER ? size : MI_NPY_HEADER;
    mi_code code = mi_allocate(available, 1, &start, status);
    if (code == MI_OK) {
        code = read_disk(array, 0, start, available, status);
    }
    if (code == MI_OK) {
        code = mi_npy_header(array->name, start, available, size, array, status);
    }
    free(start);
    return code;
}

static mi_code load(const char *path, mi_array *array, mi_status *status)
{
    unsigned char *block = NULL;
    size_t size = 0;
    mi_code code = mi_read_file(path, loaded_limit, &block, &size, status);
    if (code == MI_OK) {
        code = adopt(&block, size, array, status);
    }
    free(block);
    return code;
}

mi_code mi_read_array(const char *path, size_t memory, mi_array **ret_array, mi_status *status)
{
    mi_array *array = NULL;
    size_t size = 0;
    mi_code code = array_create(path, &array, status);
    if (code == MI_OK) {
        array->descriptor = open(path, O_RDONLY | O_CLOEXEC);
        code = is_large(array->descriptor, memory, &size) ? open_streamed(size, array, status)
                                                          : load(path, array, status);
    }
    if (code != MI_OK) {
        mi_array_destroy(array);
        return code;
    }
    *ret_array = array;
    return MI_OK;
}

void mi_array_destroy(mi_array *array)
{
    if (array == NULL) {
        return;
    }
    if (array->descriptor >= 0) {
        close(array->descriptor);
    }
    free(array->opt_block);
    free(array->name);
    free(array);
}

/* What can not be read twice, like a pipe, is left alone. */
bool mi_is_npy(const char *path)
{
    unsigned char start[MI_NPY_MAGIC];
    struct stat about;
    gzFile file = stat(path, &about) == 0 && S_ISREG(about.st_mode) ? gzopen(path, "rb") : NULL;
    int got = file == NULL ? 0 : gzread(file, start, sizeof start);
    if (file != NULL) {
        gzclose_r(file);
    }
    return got == (int)sizeof start && mi_npy_magic(start, sizeof start);
}
