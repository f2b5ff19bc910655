#include "interned.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "maskinfo/memory.h"

enum { FIRST_ROOM = 32 };

/* The slot of a text: where it is, or the empty one where it belongs. */
static size_t find(const mi_interned *interned, const char *text)
{
    size_t last = interned->slots - 1;
    size_t slot = crc32(0, (const unsigned char *)text, (unsigned)strlen(text)) & last;
    while (interned->table[slot] != 0 &&
           strcmp(interned->texts[interned->table[slot] - 1], text) != 0) {
        slot = (slot + 1) & last;
    }
    return slot;
}

/* Twice the room; the table stays at most half full. */
static mi_code grow(mi_interned *interned, mi_status *status)
{
    size_t room = interned->room == 0 ? FIRST_ROOM : 2 * interned->room;
    uint32_t *table = NULL;
    mi_code code = room >= UINT32_MAX / 2
                       ? mi_fail(status, MI_MEMORY, "too many different texts in one table")
                       : mi_resize(room, sizeof *interned->texts, &interned->texts, status);
    if (code == MI_OK) {
        code = mi_allocate(2 * room, sizeof *table, &table, status);
    }
    if (code != MI_OK) {
        return code;
    }
    free(interned->table);
    interned->table = table;
    interned->slots = 2 * room;
    interned->room = room;
    for (size_t i = 0; i < interned->count; i++) {
        table[find(interned, interned->texts[i])] = (uint32_t)i + 1;
    }
    return MI_OK;
}

static mi_code add(mi_interned *interned, const char *text, uint32_t *ret_number, mi_status *status)
{
    mi_code code = interned->count == interned->room ? grow(interned, status) : MI_OK;
    if (code == MI_OK) {
        code = mi_copy_text(text, &interned->texts[interned->count], status);
    }
    if (code == MI_OK) {
        interned->table[find(interned, text)] = (uint32_t)interned->count + 1;
        *ret_number = (uint32_t)interned->count++;
    }
    return code;
}

mi_code mi_intern(mi_interned *interned, const char *text, uint32_t *ret_number, mi_status *status)
{
    mi_code code = interned->count == 0 ? add(interned, "", ret_number, status) : MI_OK;
    if (code != MI_OK) {
        return code;
    }
    uint32_t found = interned->table[find(interned, text)];
    if (found == 0) {
        return add(interned, text, ret_number, status);
    }
    *ret_number = found - 1;
    return MI_OK;
}

void mi_interned_clear(mi_interned *interned)
{
    for (size_t i = 0; i < interned->count; i++) {
        free(interned->texts[i]);
    }
    free(interned->texts);
    free(interned->table);
    *interned = (mi_interned){.count = 0};
}
