#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "folder.h"
#include "image.h"

static const size_t file_limit = (size_t)1 << 30;

/* A kind of file, told by its first bytes. */
typedef struct format {
    size_t size;
    unsigned char bytes[8];
    mi_code (*parse)(const char *name, const unsigned char *bytes, size_t size, bool color,
                     mi_images **ret_images, mi_status *status);
} format;

static mi_code parse_idx(const char *name, const unsigned char *bytes, size_t size, bool color,
                         mi_images **ret_images, mi_status *status)
{
    return color ? mi_image_is_grey(name, status)
                 : mi_parse_idx(name, bytes, size, ret_images, status);
}

/* All IDX files of unsigned bytes go to mi_parse_idx, which tells labels from images. */
static const format formats[] = {
    {3, {0xff, 0xd8, 0xff}, mi_parse_jpeg},
    {8, {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'}, mi_parse_png},
    {3, {0, 0, 8}, parse_idx},
};

static const format *find_format(const unsigned char *bytes, size_t size)
{
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        const format *f = &formats[i];
        if (size >= f->size && memcmp(bytes, f->bytes, f->size) == 0) {
            return f;
        }
    }
    return NULL;
}

static mi_code unknown_format(const char *path, const unsigned char *bytes, size_t size,
                              mi_status *status)
{
    unsigned char start[4] = {0};
    if (mi_npy_magic(bytes, size)) {
        return mi_fail(status, MI_INPUT,
                       "%s: a .npy array beside other files; an array must be the only path", path);
    }
    memcpy(start, bytes, size < sizeof start ? size : sizeof start);
    return mi_fail(
        status, MI_INPUT,
        "%s: begins with the bytes %02x %02x %02x %02x, neither JPEG (ff d8 ff), PNG (89 "
        "50 4e 47), IDX images (00 00 08 03) nor .npy (93 4e 55 4d)",
        path, start[0], start[1], start[2], start[3]);
}

static mi_code read_file(mi_images *images, const char *path, mi_status *status)
{
    unsigned char *bytes = NULL;
    size_t size = 0;
    mi_images *found = NULL;
    mi_code code = mi_read_file(path, file_limit, &bytes, &size, status);
    if (code != MI_OK) {
        return code;
    }
    const format *f = find_format(bytes, size);
    if (f == NULL) {
        code = unknown_format(path, bytes, size, status);
    } else {
        code = f->parse(path, bytes, size, images->channels > 1, &found, status);
    }
    free(bytes);
    if (code == MI_OK) {
        code = mi_images_move(images, found, status);
    }
    mi_images_destroy(found);
    return code;
}

static mi_code read_folder(mi_images *images, const char *path, mi_status *status)
{
    mi_folder *folder = NULL;
    mi_code code = mi_folder_create(path, &folder, status);
    for (size_t i = 0; code == MI_OK && i < folder->count; i++) {
        code = read_file(images, folder->paths[i], status);
    }
    mi_folder_destroy(folder);
    return code;
}

static mi_code read_images(char *const *paths, size_t path_count, size_t channels,
                           mi_images **ret_images, mi_status *status)
{
    mi_images *images = NULL;
    if (path_count == 0) {
        return mi_fail(status, MI_INPUT, "no image files or folders are named, 1 is the least");
    }
    mi_code code = mi_images_create("", 0, &images, status);
    if (code == MI_OK) {
        images->channels = channels;
    }
    for (size_t i = 0; i < path_count && code == MI_OK; i++) {
        code = mi_is_folder(paths[i]) ? read_folder(images, paths[i], status)
                                      : read_file(images, paths[i], status);
    }
    if (code != MI_OK) {
        mi_images_destroy(images);
        return code;
    }
    *ret_images = images;
    return MI_OK;
}

mi_code mi_read_images(char *const *paths, size_t path_count, mi_images **ret_images,
                       mi_status *status)
{
    return read_images(paths, path_count, 1, ret_images, status);
}

mi_code mi_read_color_images(char *const *paths, size_t path_count, mi_images **ret_images,
                             mi_status *status)
{
    return read_images(paths, path_count, MI_COLORS, ret_images, status);
}
