/* libFuzzer target: whatever the bytes of a file, plain or gzip, the readers of letters and of
 * words refuse it with a message, or give the symbols and tokens that spell its text. */
#include "fuzz.h"

#include "maskinfo/data.h"

enum { SPACE = MI_LETTERS - 1, CHECKED_WORDS = 2000 };

static unsigned char symbol_of(unsigned char byte)
{
    static const char alphabet[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    const char *found = byte == 0 ? NULL : strchr(alphabet, byte);
    return found == NULL ? SPACE : (unsigned char)((found - alphabet) % SPACE);
}

static void check_letters(const unsigned char *text, size_t size, const unsigned char *symbols,
                          size_t count)
{
    size_t used = 0;
    for (size_t i = 0; i < size; i++) {
        unsigned char symbol = symbol_of(text[i]);
        if (i == 0 || symbol != SPACE || symbol_of(text[i - 1]) != SPACE) {
            require(used < count && symbols[used] == symbol);
            used++;
        }
    }
    require(used == count);
}

static bool spells(const char *spelling, const unsigned char *word, size_t length)
{
    bool same = strlen(spelling) == length;
    for (size_t i = 0; i < length && same; i++) {
        same = spelling[i] == "abcdefghijklmnopqrstuvwxyz"[symbol_of(word[i])];
    }
    return same;
}

/* The token of a word is its entry, or that of the unknown word where it has none. */
static void check_word(const mi_words *words, uint32_t token, const unsigned char *word,
                       size_t length)
{
    require(token < words->vocabulary);
    for (uint32_t i = 1; i < words->vocabulary; i++) {
        require(spells(words->spellings[i], word, length) == (i == token));
    }
}

static void check_words(const unsigned char *text, size_t size, const mi_words *words)
{
    size_t count = 0, start = 0;
    for (size_t i = 0; i <= size; i++) {
        bool letter = i < size && symbol_of(text[i]) != SPACE;
        if (!letter && i > start) {
            require(count < words->count);
            check_word(words, words->tokens[count++], text + start, i - start);
        }
        start = letter ? start : i + 1;
    }
    require(count == words->count && words->fit_count >= 1 && words->fit_count <= count);
}

static void read_letters(const char *path, size_t least, const unsigned char *text, size_t size)
{
    unsigned char *symbols = NULL;
    size_t count = 0;
    mi_status status = {.code = MI_OK};
    mi_code code = mi_read_letters(path, least, &symbols, &count, &status);
    if (code == MI_OK) {
        require(text != NULL && count >= least);
        check_letters(text, size, symbols, count);
    } else {
        require_refusal(code, &status, path);
    }
    free(symbols);
}

static void read_words(const char *path, size_t cap, double share, const unsigned char *text,
                       size_t size)
{
    mi_words *words = NULL;
    mi_status status = {.code = MI_OK};
    mi_code code = mi_read_words(path, cap, share, 1, &words, &status);
    if (code == MI_OK) {
        require(text != NULL && words->vocabulary <= cap);
        if (words->count < CHECKED_WORDS) {
            check_words(text, size, words);
        }
    } else {
        require_refusal(code, &status, path);
    }
    mi_words_destroy(words);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    unsigned char *text = NULL;
    size_t length = 0;
    const char *path = fuzz_file(bytes, size);
    mi_status status = {.code = MI_OK};
    mi_code code = mi_read_file(path, (size_t)1 << 24, &text, &length, &status);
    if (code == MI_OK) {
        require(length > 0 && text[length] == 0);
    } else {
        require_refusal(code, &status, path);
    }
    read_letters(path, size % 5, text, length);
    read_words(path, 1 + size % 7, (double)(1 + size % 4) / 4, text, length);
    free(text);
    return 0;
}
