/* Words numbered in order of first appearance, with their counts: an open-addressing hash table. */
#ifndef MASKINFO_DATA_DICTIONARY_H
#define MASKINFO_DATA_DICTIONARY_H

#include <stdint.h>

#include "maskinfo/status.h"

typedef struct mi_entry {
    const unsigned char *word; /* borrowed, not terminated */
    size_t length;
    size_t count; /* times added */
} mi_entry;

/* All zero is the empty dictionary. */
typedef struct mi_dictionary {
    mi_entry *entries; /* (count) by number */
    size_t count, capacity;
    uint32_t *slots;   /* (slot_count) entry number + 1; 0: free */
    size_t slot_count; /* 0 or a power of two, at least 2 count */
} mi_dictionary;

/* Count one appearance of a word; its number in *ret_number. The word's bytes must outlive the
 * dictionary. */
mi_code mi_dictionary_add(mi_dictionary *dictionary, const unsigned char *word, size_t length,
                          uint32_t *ret_number, mi_status *status);

/* Whether the word was ever added; then its number in *ret_number. */
bool mi_dictionary_find(const mi_dictionary *dictionary, const unsigned char *word, size_t length,
                        uint32_t *ret_number);

void mi_dictionary_free(mi_dictionary *dictionary);

#endif
