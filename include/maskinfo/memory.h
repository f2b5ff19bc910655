/* Checked allocation. Products are tested for overflow before anything is asked of the system. */
#ifndef MASKINFO_MEMORY_H
#define MASKINFO_MEMORY_H

#include "maskinfo/status.h"

/* count * size zeroed bytes in *ret_pointer, which the caller releases with free(). A zero product
 * gives a unique pointer. MI_MEMORY names the size that could not be had. */
mi_code mi_allocate(size_t count, size_t size, void *ret_pointer, mi_status *status);

/* Resize *pointer (may hold NULL) to count * size bytes; contents up to the old size are kept and
 * on failure the old block stays valid. */
mi_code mi_resize(size_t count, size_t size, void *pointer, mi_status *status);

/* *ret_product = a * b; MI_INPUT where it does not fit in size_t. */
mi_code mi_product(size_t a, size_t b, size_t *ret_product, mi_status *status);

/* A copy of text in *ret_copy, released with free(). */
mi_code mi_copy_text(const char *text, char **ret_copy, mi_status *status);

#endif
