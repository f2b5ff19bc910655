/* Image files written for the tests, by libpng and libjpeg themselves. */
#ifndef MASKINFO_TESTS_PICTURES_H
#define MASKINFO_TESTS_PICTURES_H

#include "support.h"

#include <jpeglib.h>
#include <png.h>
#include <stdlib.h>

/* Samples as the file holds them: rows of `stride` bytes. */
typedef struct png_picture {
    unsigned rows, columns;
    int depth, type; /* PNG_COLOR_TYPE_... */
    bool interlaced;
    const unsigned char *samples;
    size_t stride;
    const png_color *palette; /* (colours), PNG_COLOR_TYPE_PALETTE only */
    int colours;
    const unsigned char *alphas; /* (colours) or NULL */
} png_picture;

static inline void write_png(const char *path, const png_picture *p)
{
    FILE *file = fopen(path, "wb");
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png_create_info_struct(png);
    assert_non_null(file);
    png_init_io(png, file);
    png_set_IHDR(png, info, p->columns, p->rows, p->depth, p->type,
                 p->interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_BASE, PNG_FILTER_TYPE_BASE);
    if (p->palette != NULL) {
        png_set_PLTE(png, info, p->palette, p->colours);
    }
    if (p->alphas != NULL) {
        png_set_tRNS(png, info, p->alphas, p->colours, NULL);
    }
    png_set_gAMA(png, info, 0.7); /* a reader that applied it would change the samples */
    png_write_info(png, info);
    int passes = png_set_interlace_handling(png);
    for (int pass = 0; pass < passes; pass++) {
        for (unsigned row = 0; row < p->rows; row++) {
            png_write_row(png, p->samples + row * p->stride);
        }
    }
    png_write_end(png, info);
    png_destroy_write_struct(&png, &info);
    assert_int_equal(fclose(file), 0);
}

/* Quality 100 without chroma subsampling, so that a block of one value survives exactly. */
typedef struct jpeg_picture {
    unsigned rows, columns;
    int channels;
    J_COLOR_SPACE given, coded;
    bool progressive;
    const unsigned char *samples; /* (rows, columns, channels) */
} jpeg_picture;

static inline void write_jpeg(const char *path, const jpeg_picture *p)
{
    struct jpeg_compress_struct jpeg;
    struct jpeg_error_mgr errors;
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    jpeg.err = jpeg_std_error(&errors);
    jpeg_create_compress(&jpeg);
    jpeg_stdio_dest(&jpeg, file);
    jpeg.image_height = p->rows;
    jpeg.image_width = p->columns;
    jpeg.input_components = p->channels;
    jpeg.in_color_space = p->given;
    jpeg_set_defaults(&jpeg);
    jpeg_set_colorspace(&jpeg, p->coded);
    jpeg_set_quality(&jpeg, 100, TRUE);
    jpeg.comp_info[0].h_samp_factor = jpeg.comp_info[0].v_samp_factor = 1;
    if (p->progressive) {
        jpeg_simple_progression(&jpeg);
    }
    jpeg_start_compress(&jpeg, TRUE);
    while (jpeg.next_scanline < jpeg.image_height) {
        size_t stride = (size_t)p->columns * (size_t)p->channels;
        unsigned char *row = (unsigned char *)p->samples + jpeg.next_scanline * stride;
        jpeg_write_scanlines(&jpeg, &row, 1);
    }
    jpeg_finish_compress(&jpeg);
    jpeg_destroy_compress(&jpeg);
    assert_int_equal(fclose(file), 0);
}

/* 0.299 R + 0.587 G + 0.114 B, ITU-R BT.601. */
static inline double bt601(const unsigned char *rgb)
{
    return 0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2];
}

#endif
