/* Files of named arrays that Python reads (safetensors format, version 0.3: an 8-byte little-endian
 * header length, a JSON header, the bytes). Written under a temporary name and renamed. */
#ifndef MASKINFO_SAFETENSORS_H
#define MASKINFO_SAFETENSORS_H

#include <stdint.h>

#include "maskinfo/tensors.h"

typedef struct mi_safetensor {
    const char *name;
    const char *dtype; /* "F32", "F64", "I64", "U8" ... */
    int rank;
    size_t shape[MI_TENSOR_RANK];
    const void *bytes;
    size_t size; /* of bytes */
} mi_safetensor;

typedef struct mi_safetensors {
    char *file; /* for messages */
    size_t count;
    mi_safetensor *items;
    size_t metadata_count; /* of the pairs in "__metadata__" */
    char **metadata;       /* (2 * metadata_count) key, value */
    unsigned char *block;  /* what the items, the names and the metadata point to */
} mi_safetensors;

/* Write items, one behind the other, and metadata (key, value pairs). MI_IO: as mi_write_file; the
 * old file is then as it was. */
mi_code mi_safetensors_write(const char *path, const mi_safetensor *items, size_t count,
                             const char *const *metadata, size_t metadata_count, mi_status *status);

/* Read a file, or bytes of one (copied). MI_INPUT names what is wrong: missing, truncated, a header
 * length beyond the file (or 100 MB), a header that is no JSON object, an unknown dtype, a rank
 * above 4, offsets that overlap, leave gaps or do not fit the shape, a name that is there twice. */
mi_code mi_safetensors_read(const char *path, mi_safetensors **ret_file, mi_status *status);
mi_code mi_safetensors_parse(const char *name, const unsigned char *bytes, size_t size,
                             mi_safetensors **ret_file, mi_status *status);
void mi_safetensors_destroy(mi_safetensors *file); /* accepts NULL */

const mi_safetensor *mi_safetensors_find(const mi_safetensors *file, const char *name);
const char *mi_safetensors_metadata(const mi_safetensors *file, const char *key); /* NULL: none */

/* Copy every tensor of the table, under "PREFIX" + its name, from a file into the block `values`
 * (F32 and F64 are converted). MI_INPUT: missing, another shape (both named), another dtype, a
 * value that is not finite; `values` is then as it was. Tensors of the file that the table does not
 * have are ignored. mi_tensors_check says the same and copies nothing. */
mi_code mi_tensors_check(const mi_tensors *tensors, const mi_safetensors *file, const char *prefix,
                         mi_status *status);
mi_code mi_tensors_load(const mi_tensors *tensors, const mi_safetensors *file, const char *prefix,
                        mi_scalar *values, mi_status *status);

/* Items for mi_safetensors_write that point into the block; names are made with the prefix.
 * *ret_items and its names are one block (free()). */
mi_code mi_tensors_items(const mi_tensors *tensors, const char *prefix, const mi_scalar *values,
                         mi_safetensor **ret_items, mi_status *status);

#endif
