#include "dictionary.h"

#include <stdlib.h>
#include <string.h>

#include "maskinfo/memory.h"

enum { FIRST_SLOTS = 1024 };

/* FNV-1a, 64 bits. */
static uint64_t hash(const unsigned char *word, size_t length)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < length; i++) {
        h = (h ^ word[i]) * UINT64_C(0x100000001b3);
    }
    return h;
}

/* The slot that holds the word, or the free one where it belongs. Ends because half of the slots
 * are free. */
static size_t slot_of(const mi_dictionary *d, const unsigned char *word, size_t length)
{
    size_t mask = d->slot_count - 1;
    size_t slot = (size_t)hash(word, length) & mask;
    while (d->slots[slot] != 0) {
        const mi_entry *entry = &d->entries[d->slots[slot] - 1];
        if (entry->length == length && memcmp(entry->word, word, length) == 0) {
            break;
        }
        slot = (slot + 1) & mask;
    }
    return slot;
}

static mi_code double_slots(mi_dictionary *d, mi_status *status)
{
    size_t slot_count = d->slot_count == 0 ? FIRST_SLOTS : 2 * d->slot_count;
    uint32_t *slots = NULL;
    mi_code code = mi_allocate(slot_count, sizeof *slots, &slots, status);
    if (code != MI_OK) {
        return code;
    }
    free(d->slots);
    d->slots = slots;
    d->slot_count = slot_count;
    for (size_t i = 0; i < d->count; i++) {
        slots[slot_of(d, d->entries[i].word, d->entries[i].length)] = (uint32_t)i + 1;
    }
    return MI_OK;
}

/* Room for one more entry, and a free slot for each one in use. */
static mi_code make_room(mi_dictionary *d, mi_status *status)
{
    mi_code code = MI_OK;
    if (2 * (d->count + 1) > d->slot_count) {
        code = double_slots(d, status);
    }
    if (code == MI_OK && d->count == d->capacity) {
        size_t capacity = d->slot_count / 2;
        code = mi_resize(capacity, sizeof *d->entries, &d->entries, status);
        d->capacity = code == MI_OK ? capacity : d->capacity;
    }
    return code;
}

mi_code mi_dictionary_add(mi_dictionary *dictionary, const unsigned char *word, size_t length,
                          uint32_t *ret_number, mi_status *status)
{
    mi_code code = make_room(dictionary, status);
    if (code != MI_OK) {
        return code;
    }
    size_t slot = slot_of(dictionary, word, length);
    if (dictionary->slots[slot] == 0) {
        dictionary->entries[dictionary->count] = (mi_entry){.word = word, .length = length};
        dictionary->slots[slot] = (uint32_t)++dictionary->count;
    }
    *ret_number = dictionary->slots[slot] - 1;
    dictionary->entries[*ret_number].count++;
    return MI_OK;
}

bool mi_dictionary_find(const mi_dictionary *dictionary, const unsigned char *word, size_t length,
                        uint32_t *ret_number)
{
    if (dictionary->count == 0) {
        return false;
    }
    uint32_t holder = dictionary->slots[slot_of(dictionary, word, length)];
    if (holder == 0) {
        return false;
    }
    *ret_number = holder - 1;
    return true;
}

void mi_dictionary_free(mi_dictionary *dictionary)
{
    free(dictionary->entries);
    free(dictionary->slots);
    *dictionary = (mi_dictionary){.entries = NULL};
}
