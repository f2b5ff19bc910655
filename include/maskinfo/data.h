/* Text, images and IDX files, plain or .gz, read into arrays. All messages name the file. */
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

/* One grey image: luma 0..255 (ITU-R BT.601 for colour sources), row-major. */
typedef struct mi_image {
    size_t rows, columns;
    unsigned char *pixels; /* (rows, columns) */
} mi_image;

typedef struct mi_images {
    size_t count;
    mi_image *items;
    char **names; /* (count) file of origin; the images of one IDX file share theirs */
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

/* Parse an IDX file of unsigned bytes in memory (dimensions 3: count, rows, columns). `name` is for
 * messages. Separate from reading so that it can be fuzzed. */
mi_code mi_parse_idx(const char *name, const unsigned char *bytes, size_t size,
                     mi_images **ret_images, mi_status *status);

#endif
