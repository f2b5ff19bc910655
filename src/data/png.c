#include <errno.h>
#include <png.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include "image.h"
#include "maskinfo/memory.h"

/* Everything that lives across a longjmp of libpng's is here and not in automatic variables. */
typedef struct reader {
    const char *name;
    const unsigned char *bytes;
    size_t size, position;
    png_structp png;
    png_infop info;
    unsigned char *raster; /* (rows, columns, channels) */
    size_t wanted;         /* channels */
    mi_image *image;
    mi_code code;
    mi_status *status;
} reader;

static void on_error(png_structp png, png_const_charp message)
{
    reader *r = png_get_error_ptr(png);
    /* libpng has but texts; malloc tells why it gave nothing. */
    r->code = errno == ENOMEM
                  ? mi_fail(r->status, MI_MEMORY, "%s: no memory to decode PNG", r->name)
                  : mi_fail(r->status, MI_INPUT, "%s: corrupt PNG: %s", r->name, message);
    png_longjmp(png, 1);
}

/* libpng warns of oddities that leave the samples whole. */
static void on_warning(png_structp png, png_const_charp message)
{
    (void)png;
    (void)message;
}

static void read_bytes(png_structp png, png_bytep target, size_t count)
{
    reader *r = png_get_io_ptr(png);
    if (count > r->size - r->position) {
        png_error(png, "the data end too early (truncated file)");
    }
    memcpy(target, r->bytes + r->position, count);
    r->position += count;
}

/* Any colour type becomes 8-bit grey or RGB, with alpha where the file has it. */
static void request_bytes(reader *r)
{
    png_set_expand(r->png);
    png_set_scale_16(r->png);
}

/* Over a white ground, where `weighted` is 1000 times the luma; rounded once. */
static unsigned char over_white(unsigned weighted, unsigned alpha)
{
    return (unsigned char)((weighted * alpha + 255000 * (255 - alpha) + 127500) / 255000);
}

/* Colours over white, (columns, MI_COLORS), of rows with 3 or 4 channels. */
static void blend_row(const unsigned char *row, size_t channels, size_t columns,
                      unsigned char *pixels)
{
    for (size_t i = 0; i < columns; i++) {
        const unsigned char *p = row + i * channels;
        for (size_t c = 0; c < MI_COLORS; c++) {
            pixels[i * MI_COLORS + c] = over_white(1000u * p[c], channels == 4 ? p[3] : 255);
        }
    }
}

static void fold_row(const unsigned char *row, size_t channels, size_t columns,
                     unsigned char *pixels)
{
    bool colour = channels >= 3, alpha = channels % 2 == 0;
    for (size_t i = 0; i < columns; i++) {
        const unsigned char *p = row + i * channels;
        /* 0.299 R + 0.587 G + 0.114 B, ITU-R BT.601 */
        unsigned weighted = colour ? 299u * p[0] + 587u * p[1] + 114u * p[2] : 1000u * p[0];
        pixels[i] = over_white(weighted, alpha ? p[channels - 1] : 255);
    }
}

/* An interlaced image comes in passes that each fill some pixels, so all rows are held at once. */
static mi_code read_rows(reader *r)
{
    mi_image *image = r->image;
    int passes = png_set_interlace_handling(r->png);
    png_read_update_info(r->png, r->info);
    size_t stride = png_get_rowbytes(r->png, r->info);
    mi_code code = mi_allocate(image->rows, stride, &r->raster, r->status);
    if (code != MI_OK) {
        return code;
    }
    for (int pass = 0; pass < passes; pass++) {
        for (size_t row = 0; row < image->rows; row++) {
            png_read_row(r->png, r->raster + row * stride, NULL);
        }
    }
    png_read_end(r->png, NULL);
    void (*convert)(const unsigned char *, size_t, size_t, unsigned char *) =
        r->wanted > 1 ? blend_row : fold_row;
    for (size_t row = 0; row < image->rows; row++) {
        convert(r->raster + row * stride, png_get_channels(r->png, r->info), image->columns,
                image->pixels + row * image->columns * r->wanted);
    }
    return MI_OK;
}

/* The legal sizes are ours to check and to name. Ancillary chunks except transparency are passed
 * over, though their checksums count: samples are taken as they are coded, and a chunk of text that
 * promises gigabytes would have libpng allocate them. */
static void set_limits(reader *r)
{
    png_set_user_limits(r->png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
    png_set_crc_action(r->png, PNG_CRC_ERROR_QUIT, PNG_CRC_ERROR_QUIT);
    png_set_keep_unknown_chunks(r->png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
}

static mi_code decode(reader *r)
{
    if (setjmp(png_jmpbuf(r->png)) != 0) {
        return r->code;
    }
    errno = 0;
    png_set_read_fn(r->png, r, read_bytes);
    set_limits(r);
    png_read_info(r->png, r->info);
    if (r->wanted > 1 && (png_get_color_type(r->png, r->info) & PNG_COLOR_MASK_COLOR) == 0) {
        return mi_image_is_grey(r->name, r->status);
    }
    mi_code code =
        mi_image_allocate(r->name, png_get_image_height(r->png, r->info),
                          png_get_image_width(r->png, r->info), r->wanted, r->image, r->status);
    if (code != MI_OK) {
        return code;
    }
    request_bytes(r);
    return read_rows(r);
}

static mi_code create_reader(reader *r)
{
    r->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, r, on_error, on_warning);
    r->info = r->png == NULL ? NULL : png_create_info_struct(r->png);
    return r->info == NULL ? mi_fail(r->status, MI_MEMORY, "%s: no memory to decode PNG", r->name)
                           : MI_OK;
}

mi_code mi_parse_png(const char *name, const unsigned char *bytes, size_t size, bool color,
                     mi_images **ret_images, mi_status *status)
{
    mi_images *images = NULL;
    mi_code code = mi_images_create(name, 1, &images, status);
    if (code != MI_OK) {
        return code;
    }
    images->channels = color ? MI_COLORS : 1;
    reader r = {.name = name,
                .bytes = bytes,
                .size = size,
                .wanted = images->channels,
                .image = &images->items[0],
                .status = status};
    code = create_reader(&r);
    if (code == MI_OK) {
        code = decode(&r);
    }
    png_destroy_read_struct(&r.png, &r.info, NULL);
    free(r.raster);
    if (code != MI_OK) {
        mi_images_destroy(images);
        return code;
    }
    *ret_images = images;
    return MI_OK;
}
