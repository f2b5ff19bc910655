/* Arrays under construction. */
#ifndef MASKINFO_DATA_ARRAY_H
#define MASKINFO_DATA_ARRAY_H

#include "maskinfo/data.h"

/* Read the header that `available` first bytes of a .npy file of `size` bytes hold, and check that
 * the values fit the file. Sets all of the array but name, opt_block and descriptor. */
mi_code mi_npy_header(const char *name, const unsigned char *bytes, size_t available, size_t size,
                      mi_array *array, mi_status *status);

/* Longest header that is looked at: NumPy itself refuses to parse more than 10 000 characters. */
enum { MI_NPY_HEADER = 1 << 16, MI_NPY_MAGIC = 6 };

bool mi_npy_magic(const unsigned char *bytes, size_t size);

/* "(3, 28, 28)" or "(3,)" written to text; returns text. */
char *mi_shape_text(const size_t *shape, int dimensions, char *text, size_t size);

#endif
