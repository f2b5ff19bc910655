/* The figures of a result: of each its picture, what is seen, and the commands that make it. */
#include <stdlib.h>
#include <string.h>

#include "figure.h"
#include "html.h"
#include "maskinfo/data.h"
#include "maskinfo/stream.h"

enum { STEM = 64, MOST_FIGURES = 256, PATH = 4096 };
static const size_t most_svg = (size_t)1 << 20, most_png = (size_t)16 << 20;

typedef char stems[MOST_FIGURES][STEM];

/* "NAME" of NAME.svg, .png or .gp; false where it is another file, or no plain name: a result can
 * not make the program read elsewhere. */
static bool read_stem(const char *file, char stem[STEM])
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
    size_t length = strspn(file, plain);
    const char *ending = file + length;
    bool figure =
        strcmp(ending, ".svg") == 0 || strcmp(ending, ".png") == 0 || strcmp(ending, ".gp") == 0;
    if (length == 0 || length >= STEM || !figure) {
        return false;
    }
    memcpy(stem, file, length);
    stem[length] = '\0';
    return true;
}

static size_t list_stems(const cJSON *result, stems list)
{
    size_t count = 0;
    const cJSON *file = NULL;
    cJSON_ArrayForEach(file, cJSON_GetObjectItemCaseSensitive(result, "files"))
    {
        bool known = !cJSON_IsString(file) || count == MOST_FIGURES ||
                     !read_stem(file->valuestring, list[count]);
        for (size_t i = 0; i < count && !known; i++) {
            known = strcmp(list[i], list[count]) == 0;
        }
        count += !known;
    }
    return count;
}

static mi_code read_picture(const mi_section *s, const char *stem, const char *ending, size_t most,
                            unsigned char **ret_bytes, size_t *ret_size, mi_status *status)
{
    char path[PATH];
    if ((size_t)snprintf(path, sizeof path, "%s/%s.%s", s->folder, stem, ending) >= sizeof path) {
        return mi_fail(status, MI_INPUT, "the path is too long");
    }
    return mi_read_file(path, most, ret_bytes, ret_size, status);
}

/* The drawing goes to a stream of its own first: it is in the page as a whole or not at all. */
static bool put_svg(const mi_section *s, const char *stem, const mi_drawing *drawing,
                    char reason[96], mi_status *status)
{
    unsigned char *bytes = NULL;
    char *text = NULL;
    size_t size = 0, length = 0;
    bool good = false;
    if (read_picture(s, stem, "svg", most_svg, &bytes, &size, status) != MI_OK) {
        snprintf(reason, 96, "it can not be read, or is larger than 1 MB");
        return false;
    }
    FILE *file = mi_open_text(&text, &length);
    if (file != NULL) {
        good = mi_svg_inline(file, drawing, (const char *)bytes, size, reason);
        bool whole = ferror(file) == 0;
        whole = fclose(file) == 0 && whole;
        good = whole && good;
    }
    if (text == NULL) {
        mi_fail(status, MI_MEMORY, "no memory for the page");
    }
    if (good) {
        fwrite(text, 1, length, s->page);
    }
    free(text);
    free(bytes);
    return good;
}

static void put_base64(FILE *page, const unsigned char *bytes, size_t size)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < size; i += 3) {
        unsigned long word = (unsigned long)bytes[i] << 16 |
                             (i + 1 < size ? (unsigned long)bytes[i + 1] << 8 : 0) |
                             (i + 2 < size ? bytes[i + 2] : 0);
        putc(digits[word >> 18 & 63], page);
        putc(digits[word >> 12 & 63], page);
        putc(i + 1 < size ? digits[word >> 6 & 63] : '=', page);
        putc(i + 2 < size ? digits[word & 63] : '=', page);
    }
}

static unsigned long big_endian(const unsigned char *b)
{
    return (unsigned long)b[0] << 24 | (unsigned long)b[1] << 16 | (unsigned long)b[2] << 8 | b[3];
}

static bool put_png(const mi_section *s, const char *stem, const mi_drawing *drawing,
                    mi_status *status)
{
    static const unsigned char signature[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    unsigned char *bytes = NULL;
    size_t size = 0;
    bool good = read_picture(s, stem, "png", most_png, &bytes, &size, status) == MI_OK &&
                size > 24 && memcmp(bytes, signature, sizeof signature) == 0;
    if (good) {
        fputs("<img alt=\"", s->page);
        mi_html_text(s->page, drawing->label);
        fprintf(s->page, "\" width=\"%lu\" height=\"%lu\" src=\"data:image/png;base64,",
                big_endian(bytes + 16), big_endian(bytes + 20));
        put_base64(s->page, bytes, size);
        fputs("\">", s->page);
    }
    free(bytes);
    return good;
}

/* A picture that is not there is told of in the page; want of memory is a failure. */
static mi_code put_picture(const mi_section *s, const char *stem, const mi_drawing *drawing,
                           mi_status *status)
{
    char reason[96] = "";
    mi_status svg = {.code = MI_OK}, png = {.code = MI_OK};
    fputs("<div class=\"scroll picture\" role=\"group\" tabindex=\"0\" aria-label=\"Figure: ",
          s->page);
    mi_html_text(s->page, stem);
    fputs("\">", s->page);
    if (!put_svg(s, stem, drawing, reason, &svg) && !put_png(s, stem, drawing, &png)) {
        fputs("<p class=\"note\">", s->page);
        mi_html_text(s->page, "The picture is missing: neither ");
        mi_html_text(s->page, stem);
        mi_html_text(s->page, ".svg nor .png could be used (");
        mi_html_text(s->page, reason);
        mi_html_text(s->page, "). The command below draws it.");
        fputs("</p>", s->page);
    }
    fputs("</div>\n", s->page);
    return svg.code == MI_MEMORY || png.code == MI_MEMORY
               ? mi_fail(status, MI_MEMORY, "no memory for the page")
               : MI_OK;
}

/* A word of a command for a shell. */
static void put_word(FILE *page, const char *word)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./=:,+%";
    if (word[0] != '\0' && word[strspn(word, plain)] == '\0') {
        mi_html_text(page, word);
        return;
    }
    fputs("&#39;", page);
    for (; *word != '\0'; word++) {
        char one[2] = {*word, '\0'};
        size_t more = 0;
        if (*word == '\'') {
            fputs("&#39;\\&#39;&#39;", page);
        } else if (((unsigned char)*word & 0x80) == 0) {
            mi_html_text(page, one);
        } else {
            char sequence[5] = {*word};
            while (more < 3 && ((unsigned char)word[1] & 0xc0) == 0x80) {
                sequence[++more] = *++word;
            }
            mi_html_text(page, sequence);
        }
    }
    fputs("&#39;", page);
}

bool mi_html_command(FILE *page, const mi_section *s)
{
    const cJSON *timing = cJSON_GetObjectItemCaseSensitive(s->result, "timing");
    const cJSON *command = cJSON_GetObjectItemCaseSensitive(timing, "command"), *word = NULL;
    if (!cJSON_IsArray(command) || command->child == NULL) {
        fputs("maskinfo run ", page);
        put_word(page, s->folder);
        fputs("/result.json --out again", page);
        return false;
    }
    cJSON_ArrayForEach(word, command)
    {
        fputs(word == command->child ? "" : " ", page);
        put_word(page, cJSON_IsString(word) ? word->valuestring : "?");
    }
    return true;
}

static mi_code put_figure(const mi_section *s, const char *stem, size_t number, mi_status *status)
{
    char prefix[64], label[512];
    const mi_figure figure = mi_figure_find(s->report, stem);
    const char *question = figure.name != NULL ? figure.question : stem;
    const char *caption = figure.caption != NULL ? figure.caption : "";
    snprintf(prefix, sizeof prefix, "r%zu-f%zu-", s->index, number);
    snprintf(label, sizeof label, "Plots that answer: %s What is seen stands in the caption below.",
             question);
    const mi_drawing drawing = {prefix, label};
    fprintf(s->page, "<figure id=\"r%zu-%s\">\n", s->index, stem);
    mi_code code = put_picture(s, stem, &drawing, status);
    fprintf(s->page, "<figcaption>Figure %zu. <strong>", number + 1);
    mi_html_text(s->page, question);
    fputs("</strong> ", s->page);
    mi_html_text(s->page, caption);
    fputs("<br><span class=\"made\">Made by <code>", s->page);
    mi_html_command(s->page, s);
    fputs("</code>; drawn again by <code>maskinfo plot ", s->page);
    put_word(s->page, s->folder);
    fprintf(s->page, "/result.json</code>; numbers in <code>%s.dat</code>, script ", stem);
    fprintf(s->page, "<code>%s.gp</code>.</span></figcaption>\n</figure>\n", stem);
    return code;
}

mi_code mi_html_figures(const mi_section *s, mi_status *status)
{
    stems list;
    size_t count = list_stems(s->result, list);
    if (count == 0) {
        mi_html_say(s->page, "The result lists no figures: `maskinfo plot` draws them.");
    }
    mi_code code = MI_OK;
    for (size_t i = 0; i < count && code == MI_OK; i++) {
        code = put_figure(s, list[i], i, status);
    }
    return code;
}
