#include "maskinfo/memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

mi_code mi_product(size_t a, size_t b, size_t *ret_product, mi_status *status)
{
    if (b != 0 && a > SIZE_MAX / b) {
        return mi_fail(status, MI_INPUT, "a size of %zu x %zu does not fit in memory", a, b);
    }
    *ret_product = a * b;
    return MI_OK;
}

/* The pointer argument is a `T **` of the caller's; it is copied in and out as bytes, because a
 * `T **` is not a `void **`. */
mi_code mi_allocate(size_t count, size_t size, void *ret_pointer, mi_status *status)
{
    void *block = NULL;
    if (count == 0 || size == 0) {
        count = size = 1;
    }
    block = calloc(count, size); /* checks the product itself */
    memcpy(ret_pointer, &block, sizeof block);
    if (block == NULL) {
        return mi_fail(status, MI_MEMORY, "can not allocate %zu x %zu bytes", count, size);
    }
    /* cppcheck-suppress memleak ; the caller has the block, through the copied pointer */
    return MI_OK;
}

mi_code mi_resize(size_t count, size_t size, void *pointer, mi_status *status)
{
    size_t bytes = 0;
    if (mi_product(count, size, &bytes, status) != MI_OK) {
        return MI_INPUT;
    }
    void *block = NULL;
    memcpy(&block, pointer, sizeof block);
    block = realloc(block, bytes == 0 ? 1 : bytes);
    if (block == NULL) {
        return mi_fail(status, MI_MEMORY, "can not allocate %zu bytes", bytes);
    }
    memcpy(pointer, &block, sizeof block);
    return MI_OK;
}

mi_code mi_copy_text(const char *text, char **ret_copy, mi_status *status)
{
    size_t size = strlen(text) + 1;
    if (mi_allocate(size, 1, ret_copy, status) != MI_OK) {
        return MI_MEMORY;
    }
    memcpy(*ret_copy, text, size);
    return MI_OK;
}
