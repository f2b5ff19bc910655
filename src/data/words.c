#include <stdlib.h>
#include <string.h>

#include "dictionary.h"
#include "maskinfo/data.h"
#include "maskinfo/memory.h"
#include "text.h"

/* A text in lower case, read word by word. */
typedef struct scanner {
    const unsigned char *bytes;
    size_t size, position;
} scanner;

static bool next_word(scanner *s, const unsigned char **ret_word, size_t *ret_length)
{
    while (s->position < s->size && mi_letter(s->bytes[s->position]) == MI_SPACE) {
        s->position++;
    }
    size_t start = s->position;
    while (s->position < s->size && mi_letter(s->bytes[s->position]) != MI_SPACE) {
        s->position++;
    }
    *ret_word = s->bytes + start;
    *ret_length = s->position - start;
    return *ret_length > 0;
}

static size_t count_words(scanner s)
{
    size_t count = 0, length = 0;
    const unsigned char *word = NULL;
    while (next_word(&s, &word, &length)) {
        count++;
    }
    return count;
}

static void lower(unsigned char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (mi_letter(bytes[i]) != MI_SPACE) {
            bytes[i] |= 0x20;
        }
    }
}

/* Tokens become 1 + the number in the dictionary, which knows the words of the fitting part only;
 * 0 stands for any other word. */
static mi_code number_words(scanner s, mi_words *words, mi_dictionary *dictionary,
                            mi_status *status)
{
    const unsigned char *word = NULL;
    size_t length = 0;
    for (size_t i = 0; next_word(&s, &word, &length); i++) {
        uint32_t number = 0;
        bool known = true;
        if (i < words->fit_count) {
            mi_code code = mi_dictionary_add(dictionary, word, length, &number, status);
            if (code != MI_OK) {
                return code;
            }
        } else {
            known = mi_dictionary_find(dictionary, word, length, &number);
        }
        words->tokens[i] = known ? number + 1 : 0;
    }
    return MI_OK;
}

/* The more frequent first, then the one that appeared first: entries stand in that order. */
static int compare_entries(const void *a, const void *b)
{
    const mi_entry *x = *(const mi_entry *const *)a, *y = *(const mi_entry *const *)b;
    if (x->count != y->count) {
        return x->count > y->count ? -1 : 1;
    }
    return (x > y) - (x < y);
}

static mi_code rank_entries(const mi_dictionary *dictionary, const mi_entry ***ret_ranking,
                            mi_status *status)
{
    const mi_entry **ranking = NULL;
    mi_code code = mi_allocate(dictionary->count, sizeof(mi_entry *), &ranking, status);
    if (code != MI_OK) {
        return code;
    }
    for (size_t i = 0; i < dictionary->count; i++) {
        ranking[i] = &dictionary->entries[i];
    }
    qsort(ranking, dictionary->count, sizeof(mi_entry *), compare_entries);
    *ret_ranking = ranking;
    return MI_OK;
}

static mi_code spell(const mi_entry *entry, char **ret_spelling, mi_status *status)
{
    mi_code code = mi_allocate(entry->length + 1, 1, ret_spelling, status);
    if (code == MI_OK) {
        memcpy(*ret_spelling, entry->word, entry->length);
    }
    return code;
}

/* ranking[0 .. vocabulary - 2] are the words with an index of their own, 1 and up. */
static mi_code spell_vocabulary(mi_words *words, const mi_entry *const *ranking, mi_status *status)
{
    mi_code code = mi_allocate(words->vocabulary, sizeof(char *), &words->spellings, status);
    if (code == MI_OK) {
        code = mi_copy_text("<unknown>", &words->spellings[0], status);
    }
    for (size_t i = 1; i < words->vocabulary && code == MI_OK; i++) {
        code = spell(ranking[i - 1], &words->spellings[i], status);
    }
    return code;
}

/* From numbers in the dictionary to indices into the vocabulary. */
static mi_code index_tokens(mi_words *words, const mi_dictionary *dictionary,
                            const mi_entry *const *ranking, mi_status *status)
{
    uint32_t *index = NULL; /* by number + 1; zeroed, which is the unknown word */
    mi_code code = mi_allocate(dictionary->count + 1, sizeof *index, &index, status);
    if (code != MI_OK) {
        return code;
    }
    for (size_t i = 1; i < words->vocabulary; i++) {
        index[ranking[i - 1] - dictionary->entries + 1] = (uint32_t)i;
    }
    for (size_t i = 0; i < words->count; i++) {
        words->tokens[i] = index[words->tokens[i]];
    }
    free(index);
    return MI_OK;
}

static mi_code fill_words(scanner s, size_t cap, mi_words *words, mi_status *status)
{
    mi_dictionary dictionary = {.entries = NULL};
    const mi_entry **ranking = NULL;
    mi_code code = mi_allocate(words->count, sizeof *words->tokens, &words->tokens, status);
    if (code == MI_OK) {
        code = number_words(s, words, &dictionary, status);
    }
    if (code == MI_OK) {
        code = rank_entries(&dictionary, &ranking, status);
    }
    if (code == MI_OK) {
        words->vocabulary = dictionary.count < cap ? dictionary.count + 1 : cap;
        code = spell_vocabulary(words, ranking, status);
    }
    if (code == MI_OK) {
        code = index_tokens(words, &dictionary, ranking, status);
    }
    free(ranking);
    mi_dictionary_free(&dictionary);
    return code;
}

/* The nearest whole number of words, at least one. */
static size_t share_of(size_t count, double share)
{
    size_t part = (size_t)(share * (double)count + 0.5);
    part = part < 1 ? 1 : part;
    return part < count ? part : count;
}

static mi_code words_from_text(const char *path, scanner s, size_t cap, double fit_share,
                               size_t min_words, mi_words **ret_words, mi_status *status)
{
    mi_words *words = NULL;
    size_t count = count_words(s);
    if (count < min_words || count == 0) {
        return mi_fail(status, MI_INPUT, "%s: too short, %zu words where at least %zu are needed",
                       path, count, min_words > 0 ? min_words : 1);
    }
    mi_code code = mi_allocate(1, sizeof *words, &words, status);
    if (code != MI_OK) {
        return code;
    }
    words->count = count;
    words->fit_count = share_of(count, fit_share);
    code = fill_words(s, cap, words, status);
    if (code != MI_OK) {
        mi_words_destroy(words);
        return code;
    }
    *ret_words = words;
    return MI_OK;
}

mi_code mi_read_words(const char *path, size_t cap, double fit_share, size_t min_words,
                      mi_words **ret_words, mi_status *status)
{
    if (cap < 1) {
        return mi_fail(status, MI_INPUT, "%s: a vocabulary of %zu words, at least 1 is needed",
                       path, cap);
    }
    if (!(fit_share > 0 && fit_share <= 1)) {
        return mi_fail(status, MI_INPUT,
                       "%s: the share of the text that makes the vocabulary is %g, not in (0, 1]",
                       path, fit_share);
    }
    unsigned char *bytes = NULL;
    size_t size = 0;
    mi_code code = mi_read_text(path, &bytes, &size, status);
    if (code != MI_OK) {
        return code;
    }
    lower(bytes, size);
    scanner s = {.bytes = bytes, .size = size};
    code = words_from_text(path, s, cap, fit_share, min_words, ret_words, status);
    free(bytes);
    return code;
}

void mi_words_destroy(mi_words *words)
{
    if (words == NULL) {
        return;
    }
    for (size_t i = 0; words->spellings != NULL && i < words->vocabulary; i++) {
        free(words->spellings[i]);
    }
    free(words->spellings);
    free(words->tokens);
    free(words);
}
