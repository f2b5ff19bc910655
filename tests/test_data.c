/* Files, letters and words. */
#include "scratch.h"

#include <zlib.h>

#include "maskinfo/data.h"

static const size_t no_limit = (size_t)1 << 30;

static void write_gzip(const char *path, const char *mode, const void *bytes, size_t size)
{
    gzFile file = gzopen(path, mode);
    assert_non_null(file);
    assert_int_equal(gzwrite(file, bytes, (unsigned)size), (int)size);
    assert_int_equal(gzclose(file), Z_OK);
}

/* 200 000 bytes that are no multiple of any buffer size and do not compress to nothing. */
enum { LONG = 200001 };

static unsigned char *long_bytes(void)
{
    unsigned char *bytes = malloc(LONG);
    unsigned state = 12345;
    assert_non_null(bytes);
    for (size_t i = 0; i < LONG; i++) {
        state = state * 1664525u + 1013904223u;
        bytes[i] = (unsigned char)(state >> 28);
    }
    return bytes;
}

static void assert_contents(const char *path, const unsigned char *expected, size_t size)
{
    unsigned char *bytes = NULL;
    size_t count = 0;
    assert_int_equal(mi_read_file(path, no_limit, &bytes, &count, NULL), MI_OK);
    assert_int_equal(count, size);
    assert_memory_equal(bytes, expected, size);
    assert_int_equal(bytes[size], 0);
    free(bytes);
}

static void plain_and_gzip_files_give_the_same_bytes(void **state)
{
    char path[SCRATCH_PATH];
    unsigned char *bytes = long_bytes();
    scratch_write(scratch_name(state, "plain", path), bytes, LONG);
    assert_contents(path, bytes, LONG);
    write_gzip(scratch_name(state, "packed", path), "wb", bytes, LONG);
    assert_contents(path, bytes, LONG);
    free(bytes);
}

static void gzip_members_are_joined(void **state)
{
    char path[SCRATCH_PATH];
    write_gzip(scratch_name(state, "two.gz", path), "wb", "one ", 4);
    write_gzip(path, "ab", "two", 3);
    assert_contents(path, (const unsigned char *)"one two", 7);
}

static void assert_unreadable(const char *path, size_t limit, const char *text)
{
    unsigned char *bytes = NULL;
    size_t size = 0;
    mi_status status = {.code = MI_OK};
    assert_failure(mi_read_file(path, limit, &bytes, &size, &status), MI_INPUT, status, text);
    assert_non_null(strstr(status.message, path));
    assert_null(bytes);
}

static void missing_folder_and_empty_are_told(void **state)
{
    char path[SCRATCH_PATH];
    assert_unreadable(scratch_name(state, "none", path), no_limit, "No such file");
    assert_unreadable(*state, no_limit, "is a folder");
    scratch_write(scratch_name(state, "empty", path), "", 0);
    assert_unreadable(path, no_limit, "is empty");
    write_gzip(scratch_name(state, "empty.gz", path), "wb", "", 0);
    assert_unreadable(path, no_limit, "is empty");
}

static void gzip_cut_anywhere_is_refused(void **state)
{
    char whole[SCRATCH_PATH], cut[SCRATCH_PATH];
    unsigned char packed[400];
    write_gzip(scratch_name(state, "whole.gz", whole), "wb", "a text of 26 bytes, packed", 26);
    FILE *file = fopen(whole, "rb");
    size_t size = fread(packed, 1, sizeof packed, file);
    fclose(file);
    assert_in_range(size, 30, sizeof packed - 1);
    scratch_name(state, "cut.gz", cut);
    for (size_t length = 2; length < size; length++) {
        scratch_write(cut, packed, length);
        assert_unreadable(cut, no_limit, "truncated");
    }
    packed[size - 8] ^= 1; /* the checksum */
    scratch_write(cut, packed, size);
    assert_unreadable(cut, no_limit, "corrupt gzip");
}

static void limit_counts_decompressed_bytes(void **state)
{
    char path[SCRATCH_PATH];
    unsigned char *bytes = calloc(1, 1 << 24), *read = NULL;
    size_t size = 0;
    write_gzip(scratch_name(state, "bomb.gz", path), "wb", bytes, 1 << 24);
    free(bytes);
    assert_unreadable(path, 1000, "limit of 1000 bytes");
    assert_unreadable(path, (1 << 24) - 1, "limit of 16777215 bytes");
    assert_int_equal(mi_read_file(path, 1 << 24, &read, &size, NULL), MI_OK);
    assert_int_equal(size, 1 << 24);
    free(read);
}

static void reported_sizes_are_not_trusted(void **state)
{
    (void)state;
    unsigned char *bytes = NULL;
    size_t size = 0;
    assert_unreadable("/dev/zero", 100000, "limit"); /* endless */
    assert_int_equal(mi_read_file("/proc/self/status", no_limit, &bytes, &size, NULL), MI_OK);
    assert_true(size > 100); /* though stat says 0 */
    free(bytes);
}

static void assert_letters(void **state, const void *text, size_t size,
                           const unsigned char *expected, size_t expected_count)
{
    char path[SCRATCH_PATH];
    unsigned char *symbols = NULL;
    size_t count = 0;
    scratch_write(scratch_name(state, "text", path), text, size);
    assert_int_equal(mi_read_letters(path, expected_count, &symbols, &count, NULL), MI_OK);
    assert_int_equal(count, expected_count);
    assert_memory_equal(symbols, expected, expected_count);
    free(symbols);
}

static void letters_of_a_text(void **state)
{
    static const char text[] = "Ab,  c-D\n\n\xc3\x89zZ 9";
    static const unsigned char expected[] = {0, 1, 26, 2, 26, 3, 26, 25, 25, 26};
    assert_letters(state, text, sizeof text - 1, expected, sizeof expected);
    static const unsigned char one[] = {26, 23};
    assert_letters(state, "  x", 3, one, sizeof one);
}

/* Every byte but zero, and white space so that it counts as text: A-Z, the run between, a-z. */
static void letters_of_every_byte(void **state)
{
    unsigned char text[400], expected[55];
    for (size_t i = 0; i < sizeof text; i++) {
        text[i] = i < 255 ? (unsigned char)(i + 1) : ' ';
    }
    for (size_t i = 0; i < sizeof expected; i++) {
        expected[i] = (unsigned char)((i + 26) % 27);
    }
    assert_letters(state, text, sizeof text, expected, sizeof expected);
}

static void assert_no_letters(void **state, const void *text, size_t size, size_t least,
                              const char *message)
{
    char path[SCRATCH_PATH];
    unsigned char *symbols = NULL;
    size_t count = 0;
    mi_status status = {.code = MI_OK};
    scratch_write(scratch_name(state, "text", path), text, size);
    assert_failure(mi_read_letters(path, least, &symbols, &count, &status), MI_INPUT, status,
                   message);
    assert_non_null(strstr(status.message, path));
}

static void unfit_texts_are_refused(void **state)
{
    static const unsigned char half[] = {0, 26};
    assert_no_letters(state, "abc\0def", 7, 1, "byte 3 of 7 is zero");
    assert_no_letters(state, "a\x01\x02", 3, 1, "1 of 3 bytes");
    assert_letters(state, "a\xff", 2, half, 2); /* just enough */
    assert_letters(state, "\t\n\v\f\r\1\2\3\4\5", 10, half + 1, 1);
    assert_no_letters(state, "one two", 7, 8, "7 letters and spaces where at least 8");
    unsigned char *symbols = NULL;
    size_t count = 0;
    mi_status status = {.code = MI_OK};
    assert_failure(mi_read_letters(*state, 1, &symbols, &count, &status), MI_INPUT, status,
                   "is a folder");
}

static mi_words *words_of(void **state, const char *text, size_t cap, double share)
{
    char path[SCRATCH_PATH];
    mi_words *words = NULL;
    scratch_write(scratch_name(state, "words", path), text, strlen(text));
    assert_int_equal(mi_read_words(path, cap, share, 1, &words, NULL), MI_OK);
    return words;
}

static void assert_words(void **state, const char *text, size_t cap, double share,
                         const uint32_t *tokens, size_t count, const char *const *spellings,
                         size_t vocabulary)
{
    mi_words *words = words_of(state, text, cap, share);
    assert_int_equal(words->count, count);
    assert_memory_equal(words->tokens, tokens, count * sizeof *tokens);
    assert_int_equal(words->vocabulary, vocabulary);
    for (size_t i = 0; i < vocabulary; i++) {
        assert_string_equal(words->spellings[i], spellings[i]);
    }
    mi_words_destroy(words);
}

/* the 3, cat 2, then dog, a, end once each in that order. */
static const char cats[] = "\"The cat... the dog, a cat; THE\nend.";
static const char *const cat_words[] = {"<unknown>", "the", "cat", "dog", "a", "end"};

static void words_are_ranked_by_count_then_appearance(void **state)
{
    static const uint32_t tokens[] = {1, 2, 1, 3, 4, 2, 1, 5};
    assert_words(state, cats, 100, 1.0, tokens, 8, cat_words, 6);
    assert_words(state, cats, 6, 1.0, tokens, 8, cat_words, 6);
}

static void words_beyond_the_cap_are_unknown(void **state)
{
    static const uint32_t four[] = {1, 2, 1, 3, 0, 2, 1, 0}, none[8] = {0};
    assert_words(state, cats, 4, 1.0, four, 8, cat_words, 4);
    assert_words(state, cats, 1, 1.0, none, 8, cat_words, 1);
}

/* By the first three of seven words "a" leads and "c" does not exist, though the whole text has c
 * four times. */
static void vocabulary_is_fitted_to_the_first_share(void **state)
{
    static const uint32_t tokens[] = {2, 1, 1, 0, 0, 0, 0};
    static const char *const spellings[] = {"<unknown>", "a", "b"};
    assert_words(state, "b a a c c c c", 100, 3.0 / 7.0, tokens, 7, spellings, 3);
}

/* 0.29 * 100 is 28.999999999999996 in binary. */
static void fitted_share_is_rounded(void **state)
{
    char text[201] = "";
    for (int i = 0; i < 100; i++) {
        memcpy(text + 2 * (size_t)i, "w ", 3);
    }
    const struct {
        double share;
        size_t expected;
    } cases[] = {{0.29, 29}, {1.0, 100}, {0.001, 1}, {0.994, 99}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mi_words *words = words_of(state, text, 10, cases[i].share);
        assert_int_equal(words->fit_count, cases[i].expected);
        mi_words_destroy(words);
    }
}

/* Word i of 5000 stands 1 + i % 3 times in a row, spelled with three letters. */
enum { MANY = 5000 };

static void spell_number(size_t i, char spelling[4])
{
    spelling[0] = (char)('a' + i / 676 % 26);
    spelling[1] = (char)('a' + i / 26 % 26);
    spelling[2] = (char)('a' + i % 26);
    spelling[3] = 0;
}

/* Rank 1 and up: numbers 2, 5, 8, ... come first, then 1, 4, 7, ..., then 0, 3, 6, ... */
static uint32_t expected_index(size_t i)
{
    const size_t twos = 1666, ones = 1667; /* of the numbers below 5000 */
    const size_t before[] = {twos + ones, twos, 0};
    return (uint32_t)(before[i % 3] + i / 3 + 1);
}

static void many_words(void **state)
{
    char *text = malloc(MANY * 2 * 4 + 1), spelling[4];
    size_t used = 0, token = 0;
    for (size_t i = 0; i < MANY; i++) {
        spell_number(i, spelling);
        for (size_t k = 0; k <= i % 3; k++) {
            used += (size_t)sprintf(text + used, "%s ", spelling);
        }
    }
    mi_words *words = words_of(state, text, MANY, 1.0); /* the last rank does not fit */
    assert_int_equal(words->vocabulary, MANY);
    for (size_t i = 0; i < MANY; i++) {
        uint32_t index = expected_index(i);
        spell_number(i, spelling);
        for (size_t k = 0; k <= i % 3; k++) {
            assert_int_equal(words->tokens[token++], index < MANY ? index : 0);
        }
        if (index < MANY) {
            assert_string_equal(words->spellings[index], spelling);
        }
    }
    assert_int_equal(words->count, token);
    mi_words_destroy(words);
    free(text);
}

/* The beginnings of one long word, the longest first: so many that some meet in the table. */
static void words_that_begin_alike_differ(void **state)
{
    enum { LONGEST = 300 };
    char *text = malloc(LONGEST * (LONGEST + 3) / 2 + 1);
    size_t used = 0;
    for (size_t length = LONGEST; length > 0; length--) {
        for (size_t i = 0; i < length; i++) {
            text[used + i] = (char)('a' + i * i / 3 % 26);
        }
        text[used + length] = ' ';
        used += length + 1;
    }
    text[used] = 0;
    mi_words *words = words_of(state, text, 1000, 1.0);
    assert_int_equal(words->count, LONGEST);
    assert_int_equal(words->vocabulary, LONGEST + 1);
    for (size_t i = 0; i < LONGEST; i++) {
        assert_int_equal(words->tokens[i], i + 1);
        assert_int_equal(strlen(words->spellings[i + 1]), LONGEST - i);
    }
    mi_words_destroy(words);
    free(text);
}

static void assert_no_words(void **state, const char *text, size_t cap, double share, size_t least,
                            const char *message)
{
    char path[SCRATCH_PATH];
    mi_words *words = NULL;
    mi_status status = {.code = MI_OK};
    scratch_write(scratch_name(state, "words", path), text, strlen(text));
    assert_failure(mi_read_words(path, cap, share, least, &words, &status), MI_INPUT, status,
                   message);
    assert_non_null(strstr(status.message, path));
    assert_null(words);
}

static void bad_requests_for_words_are_refused(void **state)
{
    assert_no_words(state, "a b", 0, 1.0, 1, "at least 1");
    assert_no_words(state, "a b", 5, 0.0, 1, "is 0, not in (0, 1]");
    assert_no_words(state, "a b", 5, 1.25, 1, "is 1.25, not in (0, 1]");
    assert_no_words(state, "a b", 5, (double)NAN, 1, "not in (0, 1]");
    assert_no_words(state, "a b", 5, 1.0, 3, "2 words where at least 3");
    assert_no_words(state, "1 2 3", 5, 1.0, 0, "0 words where at least 1");
    assert_no_words(state, "\x01\x02", 5, 1.0, 1, "not a text");
    mi_words_destroy(NULL);
}

/* Counts by tr, sort and uniq. */
static void shipped_text_is_read(void **state)
{
    (void)state;
    unsigned char *symbols = NULL;
    size_t count = 0;
    mi_words *words = NULL;
    assert_int_equal(mi_read_letters("data/sotu.txt.gz", 10000000, &symbols, &count, NULL), MI_OK);
    assert_int_equal(count, 10503292);
    free(symbols);
    assert_int_equal(mi_read_words("data/sotu.txt.gz", 1000, 1.0, 1, &words, NULL), MI_OK);
    assert_int_equal(words->count, 1794355);
    assert_int_equal(words->vocabulary, 1000);
    assert_string_equal(words->spellings[1], "the");
    size_t the = 0;
    for (size_t i = 0; i < words->count; i++) {
        the += words->tokens[i] == 1;
    }
    assert_int_equal(the, 151266);
    mi_words_destroy(words);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCRATCH_TEST(plain_and_gzip_files_give_the_same_bytes),
        SCRATCH_TEST(gzip_members_are_joined),
        SCRATCH_TEST(missing_folder_and_empty_are_told),
        SCRATCH_TEST(gzip_cut_anywhere_is_refused),
        SCRATCH_TEST(limit_counts_decompressed_bytes),
        cmocka_unit_test(reported_sizes_are_not_trusted),
        SCRATCH_TEST(letters_of_a_text),
        SCRATCH_TEST(letters_of_every_byte),
        SCRATCH_TEST(unfit_texts_are_refused),
        SCRATCH_TEST(words_are_ranked_by_count_then_appearance),
        SCRATCH_TEST(words_beyond_the_cap_are_unknown),
        SCRATCH_TEST(vocabulary_is_fitted_to_the_first_share),
        SCRATCH_TEST(fitted_share_is_rounded),
        SCRATCH_TEST(many_words),
        SCRATCH_TEST(words_that_begin_alike_differ),
        SCRATCH_TEST(bad_requests_for_words_are_refused),
        cmocka_unit_test(shipped_text_is_read),
    };
    return cmocka_run_group_tests_name("data", tests, NULL, NULL);
}
