#include "sweep_journal.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "maskinfo/memory.h"
#include "maskinfo/output.h"

typedef struct mi_sweep_keyed {
    uint64_t key;
    size_t unit;
} mi_sweep_keyed;

static int by_key(const void *a, const void *b)
{
    const mi_sweep_keyed *x = a, *y = b;
    return x->key != y->key ? (x->key > y->key) - (x->key < y->key)
                            : (x->unit > y->unit) - (x->unit < y->unit);
}

mi_code mi_sweep_sort_keys(mi_sweep_book *book, mi_status *status)
{
    const mi_sweep *s = book->sweep;
    mi_code code = mi_allocate(s->count, sizeof *book->by_key, &book->by_key, status);
    for (size_t i = 0; code == MI_OK && i < s->count; i++) {
        book->by_key[i] = (mi_sweep_keyed){s->keys[i], i};
    }
    if (code == MI_OK) {
        qsort(book->by_key, s->count, sizeof *book->by_key, by_key);
    }
    return code;
}

/* The first place whose key is not below. */
static size_t first_of_key(const mi_sweep_book *book, uint64_t key)
{
    size_t low = 0, high = book->sweep->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (book->by_key[middle].key < key) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

long mi_sweep_find_unit(const mi_sweep_book *book, const mi_sweep_head *head,
                        const unsigned char *known)
{
    const mi_sweep *s = book->sweep;
    if (head->unit < s->count && s->keys[head->unit] == head->key) {
        return (long)head->unit;
    }
    long found = MI_LINE_FOREIGN;
    for (size_t i = first_of_key(book, head->key); i < s->count && book->by_key[i].key == head->key;
         i++) {
        if (known[book->by_key[i].unit] == MI_UNKNOWN) {
            return (long)book->by_key[i].unit;
        }
        found = MI_LINE_SPARE;
    }
    return found;
}

char *mi_sweep_journal_head(const mi_sweep *s)
{
    mi_writer w = {.failed = false};
    cJSON *head = cJSON_CreateObject();
    mi_add_text(&w, head, "maskinfo", MI_VERSION);
    mi_add_text(&w, head, "sweep", s->key);
    mi_add_number(&w, head, "units", (double)s->count);
    mi_add_item(&w, head, "config", cJSON_Duplicate(s->config, 1));
    char *text = w.failed ? NULL : cJSON_PrintUnformatted(head);
    cJSON_Delete(head);
    return text;
}

static bool is_other(const mi_sweep_book *book, const char *name)
{
    size_t part = 0, parts = 0;
    int length = 0;
    const char *own = strrchr(book->path, '/');
    bool of_part =
        sscanf(name, "journal-%zu-of-%zu%n", &part, &parts, &length) == 2 && name[length] == '\0';
    return strcmp(name, own + 1) != 0 && (of_part || strcmp(name, "journal") == 0);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static mi_code add_other(mi_sweep_book *book, const char *name, mi_status *status)
{
    char path[2 * MI_SWEEP_PATH];
    snprintf(path, sizeof path, "%s/%s", book->options->opt_directory, name);
    mi_code code = mi_resize(book->other_count + 1, sizeof *book->others, &book->others, status);
    if (code == MI_OK) {
        code = mi_copy_text(path, &book->others[book->other_count], status);
    }
    book->other_count += code == MI_OK;
    return code;
}

mi_code mi_sweep_find_others(mi_sweep_book *book, mi_status *status)
{
    const char *directory = book->options->opt_directory;
    DIR *stream = opendir(directory);
    mi_code code = MI_OK;
    if (stream == NULL && errno != ENOENT) {
        return mi_fail(status, MI_IO, "can not read the folder %s: %s", directory, strerror(errno));
    }
    for (const struct dirent *entry = stream != NULL ? readdir(stream) : NULL;
         code == MI_OK && entry != NULL; entry = readdir(stream)) {
        if (is_other(book, entry->d_name)) {
            code = add_other(book, entry->d_name, status);
        }
    }
    if (stream != NULL) {
        closedir(stream);
    }
    if (book->other_count > 1) {
        qsort(book->others, book->other_count, sizeof *book->others, by_name);
    }
    return code;
}

/* Where the line of a unit stands. */
typedef struct place {
    long offset;
    size_t source; /* 0: the own journal; 1 + index of another */
} place;

typedef struct rewriting {
    const mi_sweep_book *book;
    unsigned char *known; /* (units): mi_known */
    place *places;        /* (units) */
    size_t source;
} rewriting;

bool mi_sweep_is_record(const mi_sweep *s, const cJSON *opt_record)
{
    const cJSON *values = mi_lab_item(opt_record, "values"), *value = NULL;
    if (cJSON_IsString(mi_lab_item(opt_record, "failed"))) {
        return true;
    }
    bool good =
        cJSON_IsArray(values) && cJSON_GetArraySize(values) == cJSON_GetArraySize(s->columns);
    cJSON_ArrayForEach(value, values)
    {
        good = good && !cJSON_IsObject(value) && !cJSON_IsArray(value);
    }
    return good;
}

/* A line may have its checksum and the beginning of a record, and yet be none. */
static bool is_line_of(const mi_sweep *s, const char *text)
{
    cJSON *record = cJSON_Parse(text);
    bool good = mi_sweep_is_record(s, record);
    cJSON_Delete(record);
    return good;
}

static mi_code locate(void *context, const mi_journal_line *line, mi_status *status)
{
    rewriting *w = context;
    mi_sweep_head head;
    long unit = mi_sweep_read_head(line->text, &head) ? mi_sweep_find_unit(w->book, &head, w->known)
                                                      : MI_LINE_FOREIGN;
    (void)status;
    if (unit >= 0 && !(head.failed && w->known[unit] == MI_KNOWN_DONE) &&
        is_line_of(w->book->sweep, line->text)) {
        w->known[unit] = head.failed ? MI_KNOWN_FAILED : MI_KNOWN_DONE;
        w->places[unit] = (place){line->offset, w->source};
    }
    return MI_OK;
}

static const char *source_path(const mi_sweep_book *book, size_t source)
{
    return source == 0 ? book->path : book->others[source - 1];
}

/* Journals of parts belong to other processes while a part is computed. */
static size_t source_count(const mi_sweep_book *book)
{
    return book->options->parts > 0 ? 1 : 1 + book->other_count;
}

/* A line that can not be parsed is left out, but not one whose unit is in the rows: then there was
 * no memory for it. (Rows of a part come from the journals of others, too.) */
static mi_code check_located(const rewriting *w, mi_status *status)
{
    const mi_sweep_book *book = w->book;
    for (size_t unit = 0; book->options->parts == 0 && unit < book->sweep->count; unit++) {
        if (w->known[unit] == MI_UNKNOWN && mi_rows_status(book->rows, unit) != MI_ROW_MISSING) {
            return mi_fail(status, MI_MEMORY, "out of memory for putting %s in order", book->path);
        }
    }
    return MI_OK;
}

static mi_code locate_all(rewriting *w, mi_status *status)
{
    mi_code code = MI_OK;
    mi_journal_state state;
    for (w->source = 0; code == MI_OK && w->source < source_count(w->book); w->source++) {
        code = mi_journal_read(source_path(w->book, w->source), locate, w, &state, status);
    }
    return code == MI_OK ? check_located(w, status) : code;
}

/* A line with the unit's number of today. */
static bool renumber(const char *json, size_t unit, FILE *out)
{
    cJSON *record = cJSON_Parse(json), *number = cJSON_CreateNumber((double)unit);
    char *text = NULL;
    if (number != NULL && cJSON_ReplaceItemInObjectCaseSensitive(record, "unit", number)) {
        text = cJSON_PrintUnformatted(record);
    } else {
        cJSON_Delete(number);
    }
    if (text != NULL) {
        mi_journal_print(out, text);
    }
    bool good = text != NULL;
    cJSON_free(text);
    cJSON_Delete(record);
    return good;
}

typedef struct copier {
    FILE *source;
    size_t open; /* which one; SIZE_MAX: none */
    char *line;
    size_t room;
} copier;

static bool read_line(copier *c, const rewriting *w, size_t unit)
{
    const place *p = &w->places[unit];
    if (c->source == NULL || c->open != p->source) {
        if (c->source != NULL) {
            fclose(c->source);
        }
        c->source = fopen(source_path(w->book, p->source), "rb");
        c->open = p->source;
    }
    if (c->source == NULL ||
        (ftell(c->source) != p->offset && fseek(c->source, p->offset, SEEK_SET) != 0)) {
        return false;
    }
    ssize_t length = getline(&c->line, &c->room, c->source);
    if (length < 1 || c->line[length - 1] != '\n') {
        return false;
    }
    c->line[length - 1] = '\0';
    return true;
}

static bool copy_line(copier *c, const rewriting *w, size_t unit, FILE *out)
{
    mi_sweep_head head;
    if (!read_line(c, w, unit)) {
        return false;
    }
    const char *json = strchr(c->line, '{');
    if (json == NULL || !mi_sweep_read_head(json, &head)) {
        return false;
    }
    if (head.unit != unit) {
        return renumber(json, unit, out);
    }
    return fprintf(out, "%s\n", c->line) >= 0;
}

static mi_code write_all(const rewriting *w, FILE *out, mi_status *status)
{
    const mi_sweep *s = w->book->sweep;
    copier c = {.source = NULL};
    char *head = mi_sweep_journal_head(s);
    bool good = head != NULL;
    if (good) {
        mi_journal_print(out, head);
    }
    for (size_t unit = 0; good && unit < s->count; unit++) {
        good = w->known[unit] == MI_UNKNOWN || copy_line(&c, w, unit, out);
    }
    if (c.source != NULL) {
        fclose(c.source);
    }
    free(c.line);
    cJSON_free(head);
    return good ? MI_OK
                : mi_fail(status, MI_IO,
                          "can not put %s in order: it changed meanwhile, or there "
                          "is no memory left",
                          w->book->path);
}

static mi_code write_journal(const rewriting *w, mi_status *status)
{
    mi_output *output = NULL;
    mi_code code = mi_output_open(w->book->path, &output, status);
    if (code != MI_OK) {
        return code;
    }
    code = write_all(w, mi_output_file(output), status);
    mi_code closed = mi_output_close(output, code == MI_OK, status);
    return code == MI_OK ? closed : code;
}

mi_code mi_sweep_rewrite(const mi_sweep_book *book, mi_status *status)
{
    size_t count = book->sweep->count;
    rewriting w = {.book = book};
    mi_code code = mi_allocate(count, sizeof *w.known, &w.known, status);
    if (code == MI_OK) {
        code = mi_allocate(count, sizeof *w.places, &w.places, status);
    }
    if (code == MI_OK) {
        code = locate_all(&w, status);
    }
    if (code == MI_OK) {
        code = write_journal(&w, status);
    }
    for (size_t i = 1; code == MI_OK && i < source_count(book); i++) {
        unlink(source_path(book, i));
    }
    free(w.known);
    free(w.places);
    return code;
}
