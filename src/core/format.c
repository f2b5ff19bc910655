#include "maskinfo/format.h"

#include <stdarg.h>
#include <stdio.h>

void mi_append(char *text, size_t size, size_t *used, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text + *used, size - *used, format, arguments);
    va_end(arguments);
    *used += length > 0 ? (size_t)length : 0;
    *used = *used < size ? *used : size - 1;
}
