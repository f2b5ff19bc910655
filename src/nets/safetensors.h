/* What reading and writing of safetensors files share. */
#ifndef MI_NETS_SAFETENSORS_H
#define MI_NETS_SAFETENSORS_H

#include "maskinfo/safetensors.h"

enum { MI_SAFETENSORS_LENGTH = 8 }; /* bytes of the header's length */

/* The format's name for a type as a text that stays, and the bytes of a value; NULL: unknown. */
const char *mi_safetensors_dtype(const char *name, size_t *ret_width);

/* Where a file is being read to. */
typedef struct mi_reading {
    mi_safetensors *file;
    size_t size; /* bytes of data, behind the header */
    char *texts; /* next place for a name, in the block behind the data */
} mi_reading;

/* Fill the file from its header. MI_INPUT: as mi_safetensors_read says. */
mi_code mi_safetensors_header(mi_reading *r, const char *header, size_t size, mi_status *status);

#endif
