#define _GNU_SOURCE /* fopencookie */
#include "maskinfo/stream.h"

#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include "maskinfo/memory.h"

typedef struct text {
    char *bytes;
    size_t size, capacity;
    bool failed;
    char **ret_text;
    size_t *ret_size;
} text;

/* Room for `more` bytes and the zero behind them. */
static bool make_room(text *t, size_t more)
{
    size_t needed = t->size + more + 1;
    if (needed > t->capacity) {
        size_t capacity = needed > 2 * t->capacity ? needed : 2 * t->capacity;
        if (mi_resize(capacity, 1, &t->bytes, NULL) != MI_OK) {
            return false;
        }
        t->capacity = capacity;
    }
    return true;
}

/* 0 is how a stream is told that it failed. */
static ssize_t append(void *cookie, const char *bytes, size_t size)
{
    text *t = cookie;
    t->failed = t->failed || !make_room(t, size);
    if (t->failed) {
        return 0;
    }
    memcpy(t->bytes + t->size, bytes, size);
    t->size += size;
    return (ssize_t)size;
}

static int finish(void *cookie)
{
    text *t = cookie;
    bool whole = !t->failed && make_room(t, 0);
    if (whole) {
        t->bytes[t->size] = '\0';
        *t->ret_text = t->bytes;
        *t->ret_size = t->size;
    } else {
        free(t->bytes);
    }
    free(t);
    return whole ? 0 : EOF;
}

FILE *mi_open_text(char **ret_text, size_t *ret_size)
{
    text *t = NULL;
    *ret_text = NULL;
    *ret_size = 0;
    if (mi_allocate(1, sizeof *t, &t, NULL) != MI_OK) {
        return NULL;
    }
    t->ret_text = ret_text;
    t->ret_size = ret_size;
    cookie_io_functions_t functions = {.write = append, .close = finish};
    FILE *file = fopencookie(t, "w", functions);
    if (file == NULL) {
        free(t);
    }
    return file;
}
