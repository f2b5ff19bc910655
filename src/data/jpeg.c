#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#include <jerror.h>
#include <jpeglib.h>

#include "image.h"

/* Everything that lives across a longjmp is here and not in automatic variables. */
typedef struct reader {
    struct jpeg_decompress_struct jpeg;
    struct jpeg_error_mgr errors;
    jmp_buf jump;
    const char *name;
    size_t channels; /* wanted */
    mi_image *image;
    mi_code code;
    mi_status *status;
} reader;

static void on_error(j_common_ptr jpeg)
{
    char message[JMSG_LENGTH_MAX];
    reader *r = jpeg->client_data;
    r->errors.format_message(jpeg, message);
    r->code = r->errors.msg_code == JERR_OUT_OF_MEMORY
                  ? mi_fail(r->status, MI_MEMORY, "%s: no memory to decode JPEG", r->name)
                  : mi_fail(r->status, MI_INPUT, "%s: corrupt JPEG: %s", r->name, message);
    longjmp(r->jump, 1);
}

/* Levels below 0 are warnings: libjpeg would go on and fill what is missing with grey. */
static void on_message(j_common_ptr jpeg, int level)
{
    if (level < 0) {
        on_error(jpeg);
    }
}

/* The Y of a YCbCr file is luma by ITU-R BT.601 (JFIF) and is taken as it is coded; libjpeg
 * computes the same from RGB. */
static mi_code request_space(reader *r)
{
    J_COLOR_SPACE space = r->jpeg.jpeg_color_space;
    if (space != JCS_GRAYSCALE && space != JCS_YCbCr && space != JCS_RGB) {
        return mi_fail(r->status, MI_INPUT,
                       "%s: a JPEG of %d components in an unsupported colour space (CMYK?), grey, "
                       "YCbCr and RGB are legal",
                       r->name, r->jpeg.num_components);
    }
    if (r->channels > 1 && space == JCS_GRAYSCALE) {
        return mi_image_is_grey(r->name, r->status);
    }
    r->jpeg.out_color_space = r->channels > 1 ? JCS_RGB : JCS_GRAYSCALE;
    return MI_OK;
}

static void read_rows(reader *r)
{
    jpeg_start_decompress(&r->jpeg);
    while (r->jpeg.output_scanline < r->jpeg.output_height) {
        JSAMPROW row = r->image->pixels + r->jpeg.output_scanline * r->image->columns * r->channels;
        jpeg_read_scanlines(&r->jpeg, &row, 1);
    }
    jpeg_finish_decompress(&r->jpeg);
}

static mi_code decode(reader *r, const unsigned char *bytes, size_t size)
{
    if (setjmp(r->jump) != 0) {
        return r->code;
    }
    jpeg_create_decompress(&r->jpeg);
    jpeg_mem_src(&r->jpeg, bytes, size);
    jpeg_read_header(&r->jpeg, TRUE);
    mi_code code = request_space(r);
    if (code == MI_OK) {
        code = mi_image_allocate(r->name, r->jpeg.image_height, r->jpeg.image_width, r->channels,
                                 r->image, r->status);
    }
    if (code == MI_OK) {
        read_rows(r);
    }
    return code;
}

mi_code mi_parse_jpeg(const char *name, const unsigned char *bytes, size_t size, bool color,
                      mi_images **ret_images, mi_status *status)
{
    mi_images *images = NULL;
    mi_code code = mi_images_create(name, 1, &images, status);
    if (code != MI_OK) {
        return code;
    }
    images->channels = color ? MI_COLORS : 1;
    reader r = {
        .name = name, .channels = images->channels, .image = &images->items[0], .status = status};
    r.jpeg.err = jpeg_std_error(&r.errors);
    r.jpeg.client_data = &r;
    r.errors.error_exit = on_error;
    r.errors.emit_message = on_message;
    code = decode(&r, bytes, size);
    jpeg_destroy_decompress(&r.jpeg);
    if (code != MI_OK) {
        mi_images_destroy(images);
        return code;
    }
    *ret_images = images;
    return MI_OK;
}
