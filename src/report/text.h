/* Labels of a result, which may hold anything, as text in scripts, tables and comments. */
#ifndef MASKINFO_REPORT_TEXT_H
#define MASKINFO_REPORT_TEXT_H

#include <stdio.h>

#include "maskinfo/status.h"

/* The next letter of a text that is not at its end, as mi_text_clean has it, in letter (*ret_bytes
 * bytes). Returns how many bytes of the text it takes. */
size_t mi_text_letter(const char *text, char letter[4], size_t *ret_bytes);

/* A copy of text on one line of valid UTF-8: control characters become spaces, invalid bytes and
 * characters beyond the basic plane (no plot font has them all) become '?'. free(). */
mi_code mi_text_clean(const char *text, char **ret_clean, mi_status *status);

/* Characters (not bytes) of clean text. */
size_t mi_text_length(const char *clean);

/* Bytes of the first `limit` characters of clean text. */
size_t mi_text_bytes(const char *clean, size_t limit);

/* Write clean text and a suffix as one string of gnuplot: no command, escape or macro in it is
 * heeded. Text of more than `limit` characters is cut and ends in an ellipsis; the suffix is kept.
 */
void mi_text_quote(FILE *file, const char *clean, size_t limit, const char *suffix);

/* The same for the label of a tic, which gnuplot takes for a format. */
void mi_text_quote_tic(FILE *file, const char *clean, size_t limit);

/* The same for the first `bytes` of the text, whatever their number. */
void mi_text_quote_bytes(FILE *file, const char *clean, size_t bytes);

/* Write the first `limit` characters as a comment and its newline: a backslash at its end would
 * join the next line to it. */
void mi_text_comment(FILE *file, const char *clean, size_t limit);

/* Text cut so that it has at most `limit` characters with the suffix, which is kept: "a long na…
 * (s)". The room must hold them: four bytes a character. */
void mi_text_fit(char *text, size_t size, const char *clean, size_t limit, const char *suffix);

/* Write clean text and spaces up to `width` characters, which it must not exceed: printf's field
 * widths count bytes. */
void mi_text_pad(FILE *file, const char *clean, size_t width);

/* Write clean text so that Markdown takes no character of it for markup. */
void mi_text_markdown(FILE *file, const char *clean);

/* Bytes of the first line of text when it is broken at spaces into lines of at most `limit`
 * characters; a longer word is cut. 0 where the text is empty. */
size_t mi_text_line(const char *clean, size_t limit);

#endif
