/* What the readers of letters and of words share. */
#ifndef MASKINFO_DATA_TEXT_H
#define MASKINFO_DATA_TEXT_H

#include "maskinfo/status.h"

enum { MI_SPACE = 26 };

/* 0..25 for a letter of either case, MI_SPACE for any other byte. ASCII whatever the locale, so
 * that a text gives the same symbols everywhere. */
static inline unsigned char mi_letter(unsigned char byte)
{
    unsigned lower = byte | 0x20u;
    return lower >= 'a' && lower <= 'z' ? (unsigned char)(lower - 'a') : MI_SPACE;
}

/* The bytes of a text file, free(), with a zero byte behind the last; MI_INPUT where it is binary
 * as maskinfo/data.h has it. */
mi_code mi_read_text(const char *path, unsigned char **ret_bytes, size_t *ret_size,
                     mi_status *status);

#endif
