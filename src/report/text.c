#include "text.h"

#include <string.h>

#include "maskinfo/memory.h"

/* Bytes of the well-formed UTF-8 sequence at s, 1..4, or 0 where it is none. Overlong forms and
 * surrogates count as none. */
static size_t sequence(const unsigned char *s)
{
    static const struct {
        unsigned char mask, lead, low, high;
    } forms[] = {{0x80, 0x00, 0, 0}, {0xe0, 0xc0, 0, 0}, {0xf0, 0xe0, 0, 0}, {0xf8, 0xf0, 0, 0}};
    size_t length = 0;
    while (length < 4 && (s[0] & forms[length].mask) != forms[length].lead) {
        length++;
    }
    if (length == 4) {
        return 0;
    }
    for (size_t i = 1; i <= length; i++) {
        if ((s[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    bool overlong = (length == 1 && s[0] < 0xc2) || (length == 2 && s[0] == 0xe0 && s[1] < 0xa0) ||
                    (length == 3 && s[0] == 0xf0 && s[1] < 0x90);
    bool surrogate = length == 2 && s[0] == 0xed && s[1] >= 0xa0;
    bool beyond = length == 3 && (s[0] > 0xf4 || (s[0] == 0xf4 && s[1] >= 0x90));
    return overlong || surrogate || beyond ? 0 : length + 1;
}

size_t mi_text_letter(const char *text, char letter[4], size_t *ret_bytes)
{
    const unsigned char *s = (const unsigned char *)text;
    size_t bytes = sequence(s);
    bool control = *s < 0x20 || *s == 0x7f || (bytes == 2 && s[0] == 0xc2 && s[1] < 0xa0);
    bool kept = !control && bytes > 0 && bytes < 4;
    if (kept) {
        memcpy(letter, text, bytes);
    } else {
        letter[0] = control ? ' ' : '?';
    }
    *ret_bytes = kept ? bytes : 1;
    return bytes == 0 ? 1 : bytes;
}

mi_code mi_text_clean(const char *text, char **ret_clean, mi_status *status)
{
    char *clean = NULL;
    if (mi_allocate(strlen(text) + 1, 1, &clean, status) != MI_OK) {
        return MI_MEMORY;
    }
    for (char *out = clean; *text != '\0';) {
        char letter[4];
        size_t bytes = 0;
        text += mi_text_letter(text, letter, &bytes);
        memcpy(out, letter, bytes);
        out += bytes;
    }
    *ret_clean = clean;
    return MI_OK;
}

static bool starts_character(char c)
{
    return ((unsigned char)c & 0xc0) != 0x80;
}

size_t mi_text_length(const char *clean)
{
    size_t length = 0;
    for (; *clean != '\0'; clean++) {
        length += starts_character(*clean);
    }
    return length;
}

size_t mi_text_bytes(const char *clean, size_t limit)
{
    size_t bytes = 0, seen = 0;
    for (; clean[bytes] != '\0'; bytes++) {
        seen += starts_character(clean[bytes]);
        if (seen > limit) {
            break;
        }
    }
    return bytes;
}

/* How text stands in a string: between double quotes gnuplot takes \ for an escape and runs what is
 * between backticks. */
static void put_escaped(FILE *file, char c, bool doubled, bool tic)
{
    if (doubled && (c == '"' || c == '\\' || c == '`')) {
        fprintf(file, "\\%03o", (unsigned)c);
    } else if (tic && c == '%') {
        fputs("%%", file);
    } else {
        putc(c, file);
    }
}

/* In single quotes nothing has a meaning, but gnuplot (5.4) misreads '' beside another quote there;
 * so text with an apostrophe goes in double quotes. */
static void put_string(FILE *file, const char *text, size_t bytes, const char *ending,
                       const char *suffix, bool tic)
{
    bool doubled = memchr(text, '\'', bytes) != NULL || strchr(suffix, '\'') != NULL;
    putc(doubled ? '"' : '\'', file);
    for (size_t i = 0; i < bytes; i++) {
        put_escaped(file, text[i], doubled, tic);
    }
    fputs(ending, file);
    for (; *suffix != '\0'; suffix++) {
        put_escaped(file, *suffix, doubled, tic);
    }
    putc(doubled ? '"' : '\'', file);
}

void mi_text_quote(FILE *file, const char *clean, size_t limit, const char *suffix)
{
    bool whole = mi_text_length(clean) <= limit;
    put_string(file, clean, mi_text_bytes(clean, whole ? limit : limit - 1), whole ? "" : "…",
               suffix, false);
}

void mi_text_quote_tic(FILE *file, const char *clean, size_t limit)
{
    bool whole = mi_text_length(clean) <= limit;
    put_string(file, clean, mi_text_bytes(clean, whole ? limit : limit - 1), whole ? "" : "…", "",
               true);
}

void mi_text_quote_bytes(FILE *file, const char *clean, size_t bytes)
{
    put_string(file, clean, bytes, "", "", false);
}

void mi_text_comment(FILE *file, const char *clean, size_t limit)
{
    size_t bytes = mi_text_bytes(clean, limit);
    bool joined = bytes > 0 && clean[bytes - 1] == '\\';
    fprintf(file, "# %.*s%s\n", (int)bytes, clean, joined ? "." : "");
}

void mi_text_fit(char *text, size_t size, const char *clean, size_t limit, const char *suffix)
{
    size_t end = mi_text_length(suffix);
    size_t room = limit > end + 1 ? limit - end : 1;
    bool whole = mi_text_length(clean) <= room;
    size_t bytes = mi_text_bytes(clean, whole ? room : room - 1);
    while (!whole && bytes > 0 && clean[bytes - 1] == ' ') {
        bytes--;
    }
    snprintf(text, size, "%.*s%s%s", (int)bytes, clean, whole ? "" : "…", suffix);
}

size_t mi_text_line(const char *clean, size_t limit)
{
    size_t bytes = mi_text_bytes(clean, limit);
    if (clean[bytes] == '\0') {
        return bytes;
    }
    size_t end = bytes;
    while (end > 0 && clean[end] != ' ') {
        end--;
    }
    return end > 0 ? end : bytes;
}

void mi_text_pad(FILE *file, const char *clean, size_t width)
{
    fprintf(file, "%s%*s", clean, (int)(width - mi_text_length(clean)), "");
}

void mi_text_markdown(FILE *file, const char *clean)
{
    for (; *clean != '\0'; clean++) {
        if (strchr("|\\`*_<>[]&", *clean) != NULL) {
            putc('\\', file);
        }
        putc(*clean, file);
    }
}
