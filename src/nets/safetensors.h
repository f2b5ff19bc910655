/* What reading and writing of safetensors files share. */
#ifndef MASKINFO_NETS_SAFETENSORS_H
#define MASKINFO_NETS_SAFETENSORS_H

#include "maskinfo/safetensors.h"

enum { MI_SAFETENSORS_LENGTH = 8 }; /* bytes of the header's length */

/* The format's name for a type as a text that stays, and the bytes of a value; NULL: unknown. */
const char *mi_safetensors_dtype(const char *name, size_t *ret_width);

#endif
