/* Text, images, IDX files and NumPy arrays, plain or .gz. All messages name the file. */
#ifndef MASKINFO_DATA_H
#define MASKINFO_DATA_H

#include <stdint.h>

#include "maskinfo/status.h"

/* The whole contents of a file, decompressed where it is gzip, in *ret_bytes (free()), with a zero
 * byte behind the last. MI_INPUT: missing, a directory, empty, truncated or corrupt gzip, or longer
 * than limit bytes once decompressed. */
mi_code mi_read_file(const char *path, size_t limit, unsigned char **ret_bytes, size_t *ret_size,
                     mi_status *status);

/* Letters of a text: a-z become 0..25, every run of other bytes (at the ends too) one space, 26;
 * upper case becomes lower case. *ret_symbols (free()). MI_INPUT: fewer than min_symbols of them,
 * or binary (a zero byte, or fewer than half of the bytes are ASCII letters, digits, punctuation or
 * white space). */
mi_code mi_read_letters(const char *path, size_t min_symbols, unsigned char **ret_symbols,
                        size_t *ret_count, mi_status *status);

enum { MI_LETTERS = 27 };

/* Words of a text (runs of letters, lower case) as indices into a vocabulary of at most `cap`
 * entries: index 0 is the unknown word, then the cap - 1 most frequent words of the first
 * `fit_share` (0..1] of the text, ties in order of first appearance. MI_INPUT: as for letters,
 * fewer than min_words (or none), cap 0, a share outside (0..1]. */
typedef struct mi_words {
    size_t count;      /* tokens */
    uint32_t *tokens;  /* (count) */
    size_t fit_count;  /* tokens [0, fit_count) made the vocabulary: fit_share * count,
                        * rounded, at least 1 */
    size_t vocabulary; /* entries in use, unknown word included; <= cap */
    char **spellings;  /* (vocabulary); spellings[0] is "<unknown>" */
} mi_words;

mi_code mi_read_words(const char *path, size_t cap, double fit_share, size_t min_words,
                      mi_words **ret_words, mi_status *status);
void mi_words_destroy(mi_words *words); /* accepts NULL */

/* A NumPy array of 1 to 4 dimensions, in memory or left in its file. */
typedef enum mi_number { MI_BOOLEAN, MI_SIGNED, MI_UNSIGNED, MI_FLOATING } mi_number;

enum { MI_ARRAY_DIMENSIONS = 4 };

typedef struct mi_array {
    char *name;       /* file of origin */
    mi_number number; /* what a value is */
    size_t width;     /* bytes of a value: 1, 2, 4 or 8 */
    bool big_endian;
    int dimensions;
    size_t shape[MI_ARRAY_DIMENSIONS];
    size_t stride[MI_ARRAY_DIMENSIONS]; /* in values, so that either order of axes is told by it */
    size_t count;                       /* values in all */
    unsigned char *opt_block;           /* the file's contents; NULL: read from descriptor */
    int descriptor;                     /* of the open file */
    size_t offset;                      /* in bytes, of the first value */
} mi_array;

/* Read a .npy file of format 1.0, 2.0 or 3.0. Types: b1, i1, i2, i4, i8, u1, u2, u4, u8, f2, f4, f8
 * of either byte order, axes in C or Fortran order. A plain file of more than `memory` bytes is not
 * loaded: its values are read from the disk where they are asked for. One that is gzip is always
 * loaded, up to 2^30 bytes. MI_INPUT: as for mi_read_file, another type (named), a header that can
 * not be read or does not fit the file, 0 or more than 4 dimensions, no values, and in what is
 * loaded a value that is not finite (its index is named). */
mi_code mi_read_array(const char *path, size_t memory, mi_array **ret_array, mi_status *status);

/* The same from bytes in memory, which are copied. `name` is for messages. */
mi_code mi_parse_npy(const char *name, const unsigned char *bytes, size_t size,
                     mi_array **ret_array, mi_status *status);
void mi_array_destroy(mi_array *array); /* accepts NULL */

/* The values at the positions first, first + step, ..., as doubles (whole numbers beyond 2^53 are
 * rounded). Positions count values as they lie in the file: index times stride. Threads may read at
 * once. MI_INPUT: a value that is not finite; MI_IO: the file can not be read. */
mi_code mi_array_read(const mi_array *array, size_t first, size_t step, size_t count,
                      double *values, mi_status *status);

/* "(3, 28, 28) u1" written to text; returns text. */
char *mi_array_text(const mi_array *array, char *text, size_t size);

/* Does the file begin like a .npy file, plain or .gz? */
bool mi_is_npy(const char *path);

/* One image: its pixels, or where they begin in an array. Pixels are luma 0..255 (ITU-R BT.601 for
 * colour sources) or red, green, blue, row-major. */
typedef struct mi_image {
    size_t rows, columns;
    unsigned char *pixels; /* (rows, columns, channels); NULL: in the list's array */
    size_t first;          /* position of the upper left value there */
} mi_image;

/* The unit that a channel's values are given in: (value - offset) / scale. */
typedef struct mi_unit {
    double offset, scale;
} mi_unit;

typedef struct mi_images {
    size_t count;
    mi_image *items;
    char **names; /* (count) file of origin; the images of one IDX file share theirs */

    size_t channels;     /* values of a pixel; without an array 1, or MI_COLORS */
    bool series;         /* the images are stretches, one row each, of one series in time */
    mi_array *opt_array; /* owned */
    size_t row_step, column_step, channel_step; /* between its values */
    mi_unit *opt_units;                         /* (channels); NULL: as they are */
} mi_images;

/* Read all images named by `paths`: JPEG, PNG and IDX files (told apart by their first bytes, .gz
 * allowed), or folders whose *.jpg, *.jpeg and *.png files (of any case, not hidden) are read in
 * order of name by bytes. Transparent PNG pixels are composited on white; 16 bits are rounded to 8.
 * MI_INPUT: missing, folder without images, unknown kind of file, truncated or corrupt file (JPEG
 * warnings count as corruption), more than 2^26 pixels, CMYK JPEG, IDX with a wrong magic number,
 * counts that do not fit the file or more than 2^24 images. */
mi_code mi_read_images(char *const *paths, size_t path_count, mi_images **ret_images,
                       mi_status *status);
void mi_images_destroy(mi_images *images); /* accepts NULL */

/* The same with red, green and blue (0..255, as they are coded) as three channels of each pixel.
 * MI_INPUT also: a file of grey values (it is named), which IDX files are. */
enum { MI_COLORS = 3 };
mi_code mi_read_color_images(char *const *paths, size_t path_count, mi_images **ret_images,
                             mi_status *status);

/* An array as images, which own it from then on (also where this fails). N x rows x columns and
 * N x rows x columns x channels are N images; of more than 2^18, as many evenly spaced ones are
 * taken. time and time x features are a series, cut into stretches of equal length: 20, or as many
 * as are `stretch` steps long, and at least 2. MI_INPUT: images of more than 2^26 pixels, more than
 * 4096 channels, fewer than 2 stretches. */
mi_code mi_array_images(mi_array *array, size_t stretch, mi_images **ret_images, mi_status *status);

/* Give each channel of an array the offset and scale that make mean 0 and variance 1 of some lines
 * of some of the images, spread evenly: so that channels in different units weigh alike and single
 * precision holds them. Values of type u1 stay as they are, like grey levels. MI_INPUT names a
 * channel that is constant there, or that is a linear function of those before it up to 1e-8 of its
 * variance (noise of one level counted in where the values are whole numbers). */
mi_code mi_images_standardise(mi_images *images, mi_status *status);

/* Are the values whole numbers, so that noise of one level makes them continuous? */
bool mi_images_whole(const mi_images *images);

/* `count` pixels of a line: values is (count, channels), not in units. */
mi_code mi_image_line(const mi_images *images, size_t image, size_t row, size_t column,
                      size_t count, double *values, mi_status *status);

/* Parse an IDX file of unsigned bytes in memory (dimensions 3: count, rows, columns). `name` is for
 * messages. Separate from reading so that it can be fuzzed. */
mi_code mi_parse_idx(const char *name, const unsigned char *bytes, size_t size,
                     mi_images **ret_images, mi_status *status);

/* Classes of images, whole numbers from 0 on: an IDX file of unsigned bytes in one dimension (magic
 * number 0x00000801, plain or .gz), or a .npy array of one dimension. *ret_labels (free()),
 * *ret_classes one more than the largest. MI_INPUT: as for the file; values that are not whole
 * numbers from 0 to MI_CLASS_LIMIT - 1 (the index is named). */
enum { MI_CLASS_LIMIT = 65536 };
mi_code mi_read_labels(const char *path, int **ret_labels, size_t *ret_count, size_t *ret_classes,
                       mi_status *status);

#endif
