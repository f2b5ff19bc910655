#include "maskinfo/status.h"

#include <stdarg.h>
#include <stdio.h>

static void record(mi_status *opt_status, mi_code code, const char *place, const char *format,
                   va_list arguments)
{
    if (opt_status == NULL) {
        return;
    }
    opt_status->code = code;
    snprintf(opt_status->place, sizeof opt_status->place, "%s", place);
    vsnprintf(opt_status->message, sizeof opt_status->message, format, arguments);
}

mi_code mi_fail(mi_status *opt_status, mi_code code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    record(opt_status, code, "", format, arguments);
    va_end(arguments);
    return code;
}

mi_code mi_fail_at(mi_status *opt_status, const char *place, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    record(opt_status, MI_INPUT, place, format, arguments);
    va_end(arguments);
    return MI_INPUT;
}

const char *mi_code_name(mi_code code)
{
    switch (code) {
    case MI_OK:
        return "ok";
    case MI_INPUT:
        return "bad input";
    case MI_MEMORY:
        return "out of memory";
    case MI_NUMERIC:
        return "numerical failure";
    case MI_IO:
        return "input/output failure";
    case MI_INTERRUPTED:
        return "interrupted";
    }
    return "unknown";
}
