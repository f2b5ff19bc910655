#include "maskinfo/document.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "maskinfo/data.h"

enum { MAX_DEPTH = 32, MAX_KEYS = 1000, MAX_MESSAGE = 900, MAX_SHOWN = 60 };
static const size_t max_bytes = (size_t)256 << 20;

void mi_faults_add(mi_faults *faults, const char *path, const char *format, ...)
{
    char message[MAX_MESSAGE];
    va_list arguments;
    int used =
        snprintf(message, sizeof message, "%s: %s%s", faults->file != NULL ? faults->file : "input",
                 path, path[0] == '\0' ? "" : ": ");
    size_t start = used < 0 || (size_t)used >= sizeof message ? sizeof message - 1 : (size_t)used;
    va_start(arguments, format);
    vsnprintf(message + start, sizeof message - start, format, arguments);
    va_end(arguments);
    if (faults->count < MI_FAULTS_KEPT) {
        faults->messages[faults->count] = strdup(message);
    }
    faults->count++;
}

void mi_faults_clear(mi_faults *faults)
{
    for (size_t i = 0; i < faults->count && i < MI_FAULTS_KEPT; i++) {
        free(faults->messages[i]);
    }
    faults->count = 0;
    faults->failure = MI_OK;
}

char *mi_document_show(const cJSON *value, char *text, size_t size)
{
    char *printed = cJSON_PrintUnformatted(value);
    size_t limit = size < MAX_SHOWN ? size : MAX_SHOWN;
    snprintf(text, limit, "%s", printed == NULL ? "?" : printed);
    if (printed != NULL && strlen(printed) >= limit && limit > 4) {
        snprintf(text + limit - 4, 4, "...");
    }
    cJSON_free(printed);
    return text;
}

/* Bytes that two texts have in common and that need not be shown: all but the last few, to the
 * beginning of a character. */
static size_t common_length(const char *a, const char *b)
{
    enum { SHOWN_BEFORE = 12, SHORT = 40 };
    size_t length = 0;
    while (a[length] != '\0' && a[length] == b[length]) {
        length++;
    }
    size_t left_out = length > SHOWN_BEFORE ? length - SHOWN_BEFORE : 0;
    while (left_out > 0 && ((unsigned char)a[left_out] & 0xC0) == 0x80) {
        left_out--;
    }
    return strlen(a) <= SHORT && strlen(b) <= SHORT ? 0 : left_out;
}

static void show(const cJSON *value, const cJSON *other, char *text, size_t size)
{
    if (value == NULL) {
        snprintf(text, size, "nothing");
        return;
    }
    size_t left_out = cJSON_IsString(value) && cJSON_IsString(other)
                          ? common_length(value->valuestring, other->valuestring)
                          : 0;
    cJSON *rest = left_out > 0 ? cJSON_CreateString(value->valuestring + left_out) : NULL;
    size_t used = rest != NULL ? (size_t)snprintf(text, size, "...") : 0;
    mi_document_show(rest != NULL ? rest : value, text + used, size - used);
    cJSON_Delete(rest);
}

static void say_difference(const cJSON *ours, const cJSON *theirs, const char *path, char *text,
                           size_t size)
{
    char here[64], there[64];
    show(ours, theirs, here, sizeof here);
    show(theirs, ours, there, sizeof there);
    snprintf(text, size, "%s%s%s here, %s there", path, path[0] == '\0' ? "" : ": ", here, there);
}

static void find_difference(const cJSON *ours, const cJSON *theirs, const char *path, char *text,
                            size_t size);

static void find_in_arrays(const cJSON *ours, const cJSON *theirs, const char *path, char *text,
                           size_t size)
{
    const cJSON *a = ours->child, *b = theirs->child;
    for (size_t i = 0; text[0] == '\0' && (a != NULL || b != NULL); i++) {
        char deeper[MI_PATH_SIZE];
        mi_path_index(deeper, path, i);
        find_difference(a, b, deeper, text, size);
        a = a != NULL ? a->next : NULL;
        b = b != NULL ? b->next : NULL;
    }
}

/* As below, at a path; keys that only theirs has are looked for where ours are all there. */
static void find_difference(const cJSON *ours, const cJSON *theirs, const char *path, char *text,
                            size_t size)
{
    char deeper[MI_PATH_SIZE];
    if (cJSON_IsArray(ours) && cJSON_IsArray(theirs)) {
        find_in_arrays(ours, theirs, path, text, size);
        return;
    }
    if (!cJSON_IsObject(ours) || !cJSON_IsObject(theirs)) {
        if (!cJSON_Compare(ours, theirs, 1)) {
            say_difference(ours, theirs, path, text, size);
        }
        return;
    }
    const cJSON *item = NULL;
    cJSON_ArrayForEach(item, ours)
    {
        mi_path_key(deeper, path, item->string);
        find_difference(item, cJSON_GetObjectItemCaseSensitive(theirs, item->string), deeper, text,
                        size);
        if (text[0] != '\0') {
            return;
        }
    }
    cJSON_ArrayForEach(item, theirs)
    {
        if (cJSON_GetObjectItemCaseSensitive(ours, item->string) == NULL) {
            mi_path_key(deeper, path, item->string);
            say_difference(NULL, item, deeper, text, size);
            return;
        }
    }
}

char *mi_document_difference(const cJSON *ours, const cJSON *theirs, char *text, size_t size)
{
    text[0] = '\0';
    find_difference(ours, theirs, "", text, size);
    return text;
}

/* Deepest nesting of brackets outside strings, and whether a bracket or quote is left open. A depth
 * test before parsing keeps the parser's recursion, and ours, shallow whatever the file holds. */
static size_t nesting(const char *text, size_t size, bool *ret_open)
{
    size_t depth = 0, deepest = 0;
    bool quoted = false;
    for (size_t i = 0; i < size; i++) {
        char c = text[i];
        if (quoted) {
            i += c == '\\';
            quoted = c != '"';
        } else if (c == '"') {
            quoted = true;
        } else if (c == '{' || c == '[') {
            depth++;
            deepest = depth > deepest ? depth : deepest;
        } else if ((c == '}' || c == ']') && depth > 0) {
            depth--;
        }
    }
    *ret_open = quoted || depth > 0;
    return deepest;
}

/* Is there what other programs write for what is no number? */
static bool is_not_a_number(const char *text, const char *end)
{
    static const char *const words[] = {"nan", "inf"};
    text += text < end && (*text == '-' || *text == '+');
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (end - text >= 3 && strncasecmp(text, words[i], 3) == 0) {
            return true;
        }
    }
    return false;
}

static void syntax_fault(const char *text, size_t size, const char *end, bool open,
                         mi_faults *faults)
{
    size_t line = 1, column = 1;
    for (const char *c = text; c < end && c < text + size; c++) {
        column = *c == '\n' ? 1 : column + 1;
        line += *c == '\n';
    }
    mi_faults_add(faults, "", "line %zu, column %zu: malformed JSON%s", line, column,
                  is_not_a_number(end, text + size) ? "; JSON has neither NaN nor Infinity"
                  : open ? "; it ends too early, with a bracket or quote left open"
                         : "");
}

static void mark_cut(char path[MI_PATH_SIZE], int length)
{
    if (length >= MI_PATH_SIZE) {
        memcpy(path + MI_PATH_SIZE - 4, "...", 4);
    }
}

void mi_path_key(char path[MI_PATH_SIZE], const char *parent, const char *key)
{
    const char *dot = parent[0] == '\0' ? "" : ".";
    mark_cut(path, snprintf(path, MI_PATH_SIZE, "%s%s%s", parent, dot, key));
}

void mi_path_index(char path[MI_PATH_SIZE], const char *parent, size_t index)
{
    mark_cut(path, snprintf(path, MI_PATH_SIZE, "%s[%zu]", parent, index));
}

static bool repeats_earlier_key(const cJSON *parent, const cJSON *child)
{
    for (const cJSON *other = parent->child; other != child; other = other->next) {
        if (strcmp(other->string, child->string) == 0) {
            return true;
        }
    }
    return false;
}

/* Duplicate keys, objects of absurdly many keys (which would make the search for duplicates slow)
 * and numbers beyond the range of double, anywhere in the tree. */
static void inspect(const cJSON *node, const char *path, mi_faults *faults)
{
    if (cJSON_IsObject(node) && cJSON_GetArraySize(node) > MAX_KEYS) {
        mi_faults_add(faults, path, "an object of %d keys; at most %d are allowed",
                      cJSON_GetArraySize(node), MAX_KEYS);
        return;
    }
    if (cJSON_IsNumber(node) && !isfinite(node->valuedouble)) {
        mi_faults_add(faults, path, "a number beyond +-1.8e308; numbers must be finite");
    }
    size_t index = 0;
    for (const cJSON *child = node->child; child != NULL; child = child->next, index++) {
        char deeper[MI_PATH_SIZE];
        if (child->string != NULL) {
            mi_path_key(deeper, path, child->string);
        } else {
            mi_path_index(deeper, path, index);
        }
        if (cJSON_IsObject(node) && repeats_earlier_key(node, child)) {
            mi_faults_add(faults, deeper, "the key is there twice; each key may stand once");
        }
        inspect(child, deeper, faults);
    }
}

/* The reason is not in the document. */
static void add_failure(mi_faults *faults, mi_code code, const char *message)
{
    mi_faults_add(faults, "", "%s", message);
    faults->failure = code;
}

cJSON *mi_document_parse(const char *text, size_t size, mi_faults *faults)
{
    bool open = false;
    size_t depth = nesting(text, size, &open);
    if (depth > MAX_DEPTH) {
        mi_faults_add(faults, "", "nested %zu levels deep; at most %d are allowed", depth,
                      MAX_DEPTH);
        return NULL;
    }
    const char *end = text;
    errno = 0; /* the parser does not tell why it gave up, malloc does */
    cJSON *document = cJSON_ParseWithLengthOpts(text, size, &end, 0);
    if (document == NULL && errno == ENOMEM) {
        add_failure(faults, MI_MEMORY, "no memory to read it");
        return NULL;
    }
    if (document == NULL) {
        syntax_fault(text, size, end, open, faults);
        return NULL;
    }
    const char *rest = end;
    while (rest < text + size && strchr(" \t\r\n", *rest) != NULL && *rest != '\0') {
        rest++;
    }
    size_t before = faults->count;
    if (rest != text + size) {
        syntax_fault(text, size, rest, open, faults);
    } else if (!cJSON_IsObject(document)) {
        mi_faults_add(faults, "", "the file holds no object; an experiment is { ... }");
    } else {
        inspect(document, "", faults);
    }
    if (faults->count > before) {
        cJSON_Delete(document);
        return NULL;
    }
    return document;
}

cJSON *mi_document_read(const char *path, mi_faults *faults)
{
    unsigned char *bytes = NULL;
    size_t size = 0;
    mi_status status = {.code = MI_OK};
    mi_code code = mi_read_file(path, max_bytes, &bytes, &size, &status);
    if (code != MI_OK) {
        /* The reader's message names the file already. */
        const char *prefix = strstr(status.message, ": ");
        bool named = strncmp(status.message, path, strlen(path)) == 0 && prefix != NULL;
        add_failure(faults, code == MI_INPUT ? MI_OK : code,
                    named ? status.message + strlen(path) + 2 : status.message);
        return NULL;
    }
    cJSON *document = mi_document_parse((const char *)bytes, size, faults);
    free(bytes);
    return document;
}
