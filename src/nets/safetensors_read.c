/* Files and bytes of them into memory. */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "maskinfo/memory.h"
#include "safetensors.h"

static const size_t longest_header = 100000000; /* of the format's own readers */

/* A file with room for `size` bytes of data and the texts of a header of `header_size` bytes. */
static mi_code begin(const char *name, size_t header_size, size_t size, mi_reading *r,
                     mi_status *status)
{
    mi_safetensors *file = NULL;
    mi_code code = mi_allocate(1, sizeof *file, &file, status);
    if (code != MI_OK) {
        return code;
    }
    code = mi_copy_text(name, &file->file, status);
    if (code == MI_OK) {
        code = mi_allocate(size + header_size, 1, &file->block, status);
    }
    if (code != MI_OK) {
        mi_safetensors_destroy(file);
        return code;
    }
    *r = (mi_reading){.file = file, .size = size, .texts = (char *)file->block + size};
    return MI_OK;
}

/* The rest, from the header. *ret_file is r->file, or that is destroyed. */
static mi_code finish(mi_reading *r, const char *header, size_t size, mi_safetensors **ret_file,
                      mi_status *status)
{
    mi_code code = mi_safetensors_header(r, header, size, status);
    if (code != MI_OK) {
        mi_safetensors_destroy(r->file);
        return code;
    }
    *ret_file = r->file;
    return MI_OK;
}

/* Length of the header of a file of `size` bytes that begins with `bytes`. */
static mi_code header_length(const char *name, const unsigned char *bytes, size_t size,
                             size_t *ret_length, mi_status *status)
{
    uint64_t length = 0;
    if (size < MI_SAFETENSORS_LENGTH) {
        return mi_fail(status, MI_INPUT, "%s: %zu bytes are no safetensors file", name, size);
    }
    for (int i = MI_SAFETENSORS_LENGTH - 1; i >= 0; i--) {
        length = length << 8 | bytes[i];
    }
    size_t left = size - MI_SAFETENSORS_LENGTH;
    if (length < 2 || length > left || length > longest_header) {
        return mi_fail(status, MI_INPUT,
                       "%s: no safetensors file, or truncated: the header would have %llu bytes, "
                       "%zu follow, at most %zu are read",
                       name, (unsigned long long)length, left, longest_header);
    }
    *ret_length = (size_t)length;
    return MI_OK;
}

mi_code mi_safetensors_parse(const char *name, const unsigned char *bytes, size_t size,
                             mi_safetensors **ret_file, mi_status *status)
{
    mi_reading r;
    size_t length = 0;
    mi_code code = header_length(name, bytes, size, &length, status);
    if (code != MI_OK) {
        return code;
    }
    const unsigned char *header = bytes + MI_SAFETENSORS_LENGTH, *data = header + length;
    code = begin(name, length, size - MI_SAFETENSORS_LENGTH - length, &r, status);
    if (code != MI_OK) {
        return code;
    }
    memcpy(r.file->block, data, r.size);
    return finish(&r, (const char *)header, length, ret_file, status);
}

static mi_code read_bytes(const char *path, FILE *stream, void *bytes, size_t size,
                          mi_status *status)
{
    if (fread(bytes, 1, size, stream) == size) {
        return MI_OK;
    }
    return ferror(stream) ? mi_fail(status, MI_IO, "%s: can not be read: %s", path, strerror(errno))
                          : mi_fail(status, MI_INPUT, "%s: the file ends too early", path);
}

/* The header, and then the data to where they stay. */
static mi_code read_parts(const char *path, FILE *stream, size_t size, mi_safetensors **ret_file,
                          mi_status *status)
{
    unsigned char start[MI_SAFETENSORS_LENGTH] = {0};
    char *header = NULL;
    size_t length = 0;
    mi_reading r = {.file = NULL};
    mi_code code =
        read_bytes(path, stream, start, size < sizeof start ? size : sizeof start, status);
    if (code == MI_OK) {
        code = header_length(path, start, size, &length, status);
    }
    if (code == MI_OK) {
        code = mi_allocate(length, 1, &header, status);
    }
    if (code == MI_OK) {
        code = read_bytes(path, stream, header, length, status);
    }
    if (code == MI_OK) {
        code = begin(path, length, size - sizeof start - length, &r, status);
    }
    if (code == MI_OK) {
        code = read_bytes(path, stream, r.file->block, r.size, status);
        if (code == MI_OK) {
            code = finish(&r, header, length, ret_file, status);
        } else {
            mi_safetensors_destroy(r.file);
        }
    }
    free(header);
    return code;
}

mi_code mi_safetensors_read(const char *path, mi_safetensors **ret_file, mi_status *status)
{
    struct stat about;
    FILE *stream = fopen(path, "rb");
    if (stream == NULL) {
        return mi_fail(status, MI_INPUT, "%s: can not be opened: %s", path, strerror(errno));
    }
    mi_code code = MI_OK;
    if (fstat(fileno(stream), &about) != 0 || !S_ISREG(about.st_mode)) {
        code = mi_fail(status, MI_INPUT, "%s: is not a file", path);
    } else {
        code = read_parts(path, stream, (size_t)about.st_size, ret_file, status);
    }
    fclose(stream);
    return code;
}
