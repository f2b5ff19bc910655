#include <math.h>
#include <stdlib.h>

#include "maskinfo/data.h"
#include "maskinfo/memory.h"

/* http://yann.lecun.com/exdb/mnist: magic number, count (big-endian, 32 bits each), then bytes. */
enum { MAGIC = 0x00000801, HEADER = 8, NPY_MEMORY = 1 << 28 };

static const size_t file_limit = (size_t)1 << 30;

static uint32_t big_endian(const unsigned char *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static mi_code check_idx(const char *path, const unsigned char *bytes, size_t size,
                         mi_status *status)
{
    if (size < HEADER || big_endian(bytes) != MAGIC) {
        return mi_fail(status, MI_INPUT,
                       "%s: not an IDX file of labels (magic number 0x%08x), nor .npy", path,
                       MAGIC);
    }
    if (big_endian(bytes + 4) != size - HEADER || size == HEADER) {
        return mi_fail(status, MI_INPUT,
                       "%s: the IDX header announces %u labels, but %zu bytes follow it", path,
                       big_endian(bytes + 4), size - HEADER);
    }
    return MI_OK;
}

static mi_code read_idx(const char *path, int **ret_labels, size_t *ret_count, mi_status *status)
{
    unsigned char *bytes = NULL;
    size_t size = 0;
    mi_code code = mi_read_file(path, file_limit, &bytes, &size, status);
    if (code != MI_OK) {
        return code;
    }
    code = check_idx(path, bytes, size, status);
    if (code == MI_OK) {
        *ret_count = size - HEADER;
        code = mi_allocate(*ret_count, sizeof **ret_labels, ret_labels, status);
    }
    for (size_t i = 0; code == MI_OK && i < *ret_count; i++) {
        (*ret_labels)[i] = bytes[HEADER + i];
    }
    free(bytes);
    return code;
}

static mi_code copy_whole(const mi_array *array, const double *values, int *labels,
                          mi_status *status)
{
    for (size_t i = 0; i < array->count; i++) {
        if (!(values[i] >= 0 && values[i] < MI_CLASS_LIMIT) || values[i] != floor(values[i])) {
            return mi_fail(status, MI_INPUT,
                           "%s: label %zu is %g, whole numbers in [0, %d] are legal", array->name,
                           i, values[i], MI_CLASS_LIMIT - 1);
        }
        labels[i] = (int)values[i];
    }
    return MI_OK;
}

static mi_code read_npy(const char *path, int **ret_labels, size_t *ret_count, mi_status *status)
{
    mi_array *array = NULL;
    double *values = NULL;
    char text[120];
    mi_code code = mi_read_array(path, NPY_MEMORY, &array, status);
    if (code == MI_OK && array->dimensions != 1) {
        code = mi_fail(status, MI_INPUT, "%s: an array %s, labels have one dimension", path,
                       mi_array_text(array, text, sizeof text));
    }
    if (code == MI_OK) {
        code = mi_allocate(array->count, sizeof *values, &values, status);
    }
    if (code == MI_OK) {
        code = mi_array_read(array, 0, array->stride[0], array->count, values, status);
    }
    if (code == MI_OK) {
        *ret_count = array->count;
        code = mi_allocate(*ret_count, sizeof **ret_labels, ret_labels, status);
    }
    if (code == MI_OK) {
        code = copy_whole(array, values, *ret_labels, status);
    }
    free(values);
    mi_array_destroy(array);
    return code;
}

mi_code mi_read_labels(const char *path, int **ret_labels, size_t *ret_count, size_t *ret_classes,
                       mi_status *status)
{
    int *labels = NULL, most = 0;
    mi_code code = mi_is_npy(path) ? read_npy(path, &labels, ret_count, status)
                                   : read_idx(path, &labels, ret_count, status);
    if (code != MI_OK) {
        free(labels);
        return code;
    }
    for (size_t i = 0; i < *ret_count; i++) {
        most = labels[i] > most ? labels[i] : most;
    }
    *ret_labels = labels;
    *ret_classes = (size_t)most + 1;
    return MI_OK;
}
