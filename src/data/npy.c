/* Headers of .npy files (NumPy Enhancement Proposal 1, "A simple file format for NumPy arrays", and
 * numpy.lib.format for the versions 2.0 and 3.0): the magic string \x93NUMPY, two bytes of version,
 * the length of the header (two bytes, from 2.0 on four, little-endian) and the header: a literal
 * Python dictionary with the keys descr, fortran_order and shape. Then the values. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "array.h"

static const unsigned char magic[MI_NPY_MAGIC] = {0x93, 'N', 'U', 'M', 'P', 'Y'};

typedef struct cursor {
    const char *name; /* of the file */
    const char *at, *end;
    mi_status *status;
} cursor;

enum { WORD = 32 };

/* What the dictionary says. */
typedef struct header {
    bool has_type, has_order, has_shape;
    char type[WORD];
    bool fortran_order;
    int dimensions;
    size_t shape[MI_ARRAY_DIMENSIONS];
} header;

bool mi_npy_magic(const unsigned char *bytes, size_t size)
{
    return size >= MI_NPY_MAGIC && memcmp(bytes, magic, MI_NPY_MAGIC) == 0;
}

static mi_code wrong(const cursor *c, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static mi_code wrong(const cursor *c, const char *format, ...)
{
    char text[300];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return mi_fail(c->status, MI_INPUT, "%s: the .npy header %s", c->name, text);
}

static void skip_space(cursor *c)
{
    while (c->at < c->end && (*c->at == ' ' || *c->at == '\n' || *c->at == '\t')) {
        c->at++;
    }
}

/* Step over a character, and the space before it, if it comes next. */
static bool take(cursor *c, char wanted)
{
    skip_space(c);
    if (c->at == c->end || *c->at != wanted) {
        return false;
    }
    c->at++;
    return true;
}

static mi_code expect(cursor *c, char wanted, const char *where)
{
    return take(c, wanted) ? MI_OK : wrong(c, "has no \"%c\" %s", wanted, where);
}

static mi_code read_string(cursor *c, const char *what, char text[WORD])
{
    skip_space(c);
    char quote = c->at < c->end ? *c->at : 0;
    size_t length = 0;
    if (quote != '\'' && quote != '"') {
        return wrong(c, "has no string for %s", what);
    }
    for (c->at++; c->at < c->end && *c->at != quote; c->at++) {
        if (length + 1 == WORD || *c->at < ' ' || *c->at > '~') {
            return wrong(c, "has a string for %s that is longer than %d characters or not ASCII",
                         what, WORD - 1);
        }
        text[length++] = *c->at;
    }
    text[length] = 0;
    return expect(c, quote, "at the end of a string");
}

static mi_code read_type(cursor *c, header *h)
{
    skip_space(c);
    if (c->at < c->end && (*c->at == '[' || *c->at == '(' || *c->at == '{')) {
        return wrong(c, "announces a structured dtype (several fields in a value); save one field, "
                        "as in numpy.save(\"x.npy\", a[\"field\"])");
    }
    return read_string(c, "\"descr\"", h->type);
}

static bool take_word(cursor *c, const char *word)
{
    size_t length = strlen(word);
    skip_space(c);
    if ((size_t)(c->end - c->at) < length || memcmp(c->at, word, length) != 0) {
        return false;
    }
    c->at += length;
    return true;
}

static mi_code read_order(cursor *c, header *h)
{
    h->fortran_order = take_word(c, "True");
    return h->fortran_order || take_word(c, "False")
               ? MI_OK
               : wrong(c, "has a \"fortran_order\" that is neither True nor False");
}

/* Digits, and Python 2's L behind a long one. */
static mi_code read_size(cursor *c, size_t *ret_size)
{
    size_t size = 0;
    skip_space(c);
    const char *start = c->at;
    if (start < c->end && *start == '-') {
        return wrong(c, "announces a negative size in \"shape\"");
    }
    for (; c->at < c->end && *c->at >= '0' && *c->at <= '9'; c->at++) {
        size_t digit = (size_t)(*c->at - '0');
        if (size > (SIZE_MAX - digit) / 10) {
            return wrong(c, "announces a size beyond %zu in \"shape\"", SIZE_MAX);
        }
        size = 10 * size + digit;
    }
    if (c->at == start) {
        return wrong(c, "has a \"shape\" that is not a tuple of whole numbers");
    }
    take(c, 'L');
    *ret_size = size;
    return MI_OK;
}

static mi_code read_shape(cursor *c, header *h)
{
    mi_code code = expect(c, '(', "before the sizes of \"shape\"");
    bool comma = true;
    h->dimensions = 0;
    while (code == MI_OK && !take(c, ')')) {
        if (!comma) {
            return wrong(c, "has a \"shape\" without \",\" between two sizes or \")\" at its end");
        }
        if (h->dimensions == MI_ARRAY_DIMENSIONS) {
            return wrong(c,
                         "announces more than %d dimensions; 1 (time), 2 (time x features), 3 "
                         "(images x rows x columns) and 4 (... x channels) are legal",
                         MI_ARRAY_DIMENSIONS);
        }
        code = read_size(c, &h->shape[h->dimensions++]);
        comma = take(c, ',');
    }
    return code;
}

static mi_code read_entry(cursor *c, header *h)
{
    static const struct {
        const char *key;
        size_t offset;
        mi_code (*read)(cursor *c, header *h);
    } entries[] = {
        {"descr", offsetof(header, has_type), read_type},
        {"fortran_order", offsetof(header, has_order), read_order},
        {"shape", offsetof(header, has_shape), read_shape},
    };
    char key[WORD];
    mi_code code = read_string(c, "a key", key);
    if (code == MI_OK) {
        code = expect(c, ':', "behind a key");
    }
    for (size_t i = 0; i < sizeof entries / sizeof entries[0] && code == MI_OK; i++) {
        bool *seen = (bool *)((char *)h + entries[i].offset);
        if (strcmp(key, entries[i].key) == 0) {
            bool twice = *seen;
            *seen = true;
            return twice ? wrong(c, "has the key \"%s\" twice", key) : entries[i].read(c, h);
        }
    }
    return code == MI_OK ? wrong(c,
                                 "has the key \"%s\"; legal are \"descr\", \"fortran_order\" and "
                                 "\"shape\"",
                                 key)
                         : code;
}

static mi_code read_dictionary(cursor *c, header *h)
{
    mi_code code = expect(c, '{', "at its beginning");
    bool comma = true;
    while (code == MI_OK && !take(c, '}')) {
        code = comma ? read_entry(c, h) : wrong(c, "has no \",\" between two entries");
        comma = take(c, ',');
    }
    skip_space(c);
    if (code == MI_OK && c->at != c->end) {
        code = wrong(c, "goes on behind its \"}\"");
    }
    if (code == MI_OK && !(h->has_type && h->has_order && h->has_shape)) {
        code = wrong(c, "has no \"%s\"",
                     !h->has_type    ? "descr"
                     : !h->has_order ? "fortran_order"
                                     : "shape");
    }
    return code;
}

/* What a type that is not read is called. */
static const char *kind_name(const char *type)
{
    static const struct {
        char letter;
        const char *name;
    } kinds[] = {{'O', "Python objects"},
                 {'c', "complex numbers"},
                 {'U', "Unicode text"},
                 {'S', "byte strings"},
                 {'a', "byte strings"},
                 {'V', "structured or raw bytes"},
                 {'M', "dates"},
                 {'m', "time differences"},
                 {'f', "of a width or order that is not read"},
                 {'i', "of a width or order that is not read"},
                 {'u', "of a width or order that is not read"}};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (type[0] != 0 && type[1] == kinds[i].letter) {
            return kinds[i].name;
        }
    }
    return "unknown here";
}

/* '<' or '>', a kind and a width; one byte has no order and may say '|'. */
static mi_code set_type(const cursor *c, const char *type, mi_array *array)
{
    static const struct {
        const char *code;
        mi_number number;
        size_t width;
    } types[] = {{"b1", MI_BOOLEAN, 1},  {"i1", MI_SIGNED, 1},   {"i2", MI_SIGNED, 2},
                 {"i4", MI_SIGNED, 4},   {"i8", MI_SIGNED, 8},   {"u1", MI_UNSIGNED, 1},
                 {"u2", MI_UNSIGNED, 2}, {"u4", MI_UNSIGNED, 4}, {"u8", MI_UNSIGNED, 8},
                 {"f2", MI_FLOATING, 2}, {"f4", MI_FLOATING, 4}, {"f8", MI_FLOATING, 8}};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        bool order = type[0] == '<' || type[0] == '>' || (type[0] == '|' && types[i].width == 1);
        if (order && strcmp(type + 1, types[i].code) == 0) {
            array->number = types[i].number;
            array->width = types[i].width;
            array->big_endian = type[0] == '>';
            return MI_OK;
        }
    }
    return wrong(c,
                 "announces the dtype \"%s\" (%s); legal are b1, i1, i2, i4, i8, u1, u2, u4, "
                 "u8, f2, f4 and f8 behind \"<\" or \">\" (\"|\" for one byte)",
                 type, kind_name(type));
}

char *mi_shape_text(const size_t *shape, int dimensions, char *text, size_t size)
{
    size_t used = (size_t)snprintf(text, size, "(");
    for (int d = 0; d < dimensions && used < size; d++) {
        used += (size_t)snprintf(text + used, size - used, d == 0 ? "%zu" : ", %zu", shape[d]);
    }
    if (used < size) {
        snprintf(text + used, size - used, dimensions == 1 ? ",)" : ")");
    }
    return text;
}

static void set_strides(bool fortran_order, mi_array *array)
{
    size_t stride = 1;
    for (int d = 0; d < array->dimensions; d++) {
        int axis = fortran_order ? d : array->dimensions - 1 - d;
        array->stride[axis] = stride;
        stride *= array->shape[axis];
    }
    array->count = stride;
}

/* Shape and strides; their product fits in the `room` bytes behind the header, exactly. */
static mi_code set_shape(const cursor *c, const header *h, size_t room, mi_array *array)
{
    char text[120];
    size_t bytes = array->width;
    mi_shape_text(h->shape, h->dimensions, text, sizeof text);
    if (h->dimensions == 0) {
        return wrong(c, "announces 0 dimensions; 1 to %d are legal", MI_ARRAY_DIMENSIONS);
    }
    for (int d = 0; d < h->dimensions; d++) {
        if (h->shape[d] == 0) {
            return wrong(c, "announces the shape %s, which holds no values", text);
        }
        if (bytes > SIZE_MAX / h->shape[d]) {
            return wrong(c, "announces the shape %s: more than %zu bytes", text, SIZE_MAX);
        }
        bytes *= h->shape[d];
    }
    if (bytes != room) {
        return wrong(c,
                     "announces the shape %s of %zu-byte values = %zu bytes, but %zu bytes "
                     "follow it",
                     text, array->width, bytes, room);
    }
    array->dimensions = h->dimensions;
    memcpy(array->shape, h->shape, sizeof array->shape);
    set_strides(h->fortran_order, array);
    return MI_OK;
}

/* Where the dictionary begins and how long it is. */
static mi_code find_dictionary(const cursor *c, const unsigned char *bytes, size_t available,
                               size_t size, size_t *ret_begin, size_t *ret_length)
{
    size_t begin = 0, length = 0;
    if (!mi_npy_magic(bytes, available) || available < 10) {
        return mi_fail(c->status, MI_INPUT,
                       "%s: %zu bytes that do not begin like a .npy file (93 4e 55 4d 50 59, two "
                       "bytes of version, two of length)",
                       c->name, size);
    }
    if (bytes[6] < 1 || bytes[6] > 3 || bytes[7] != 0) {
        return wrong(c, "has the version %d.%d; 1.0, 2.0 and 3.0 are legal", bytes[6], bytes[7]);
    }
    begin = bytes[6] == 1 ? 10 : 12;
    if (available < begin) {
        return wrong(c, "ends within its length (%zu bytes in all)", size);
    }
    for (size_t i = begin; i > 8; i--) {
        length = length << 8 | bytes[i - 1];
    }
    if (length > size - begin) {
        return wrong(c, "announces a length of %zu bytes, but %zu bytes follow", length,
                     size - begin);
    }
    if (length > available - begin) {
        return wrong(c, "has a length of %zu bytes, at most %d are legal", length, MI_NPY_HEADER);
    }
    *ret_begin = begin;
    *ret_length = length;
    return MI_OK;
}

mi_code mi_npy_header(const char *name, const unsigned char *bytes, size_t available, size_t size,
                      mi_array *array, mi_status *status)
{
    cursor c = {.name = name, .status = status};
    header h = {.has_type = false};
    size_t begin = 0, length = 0;
    mi_code code = find_dictionary(&c, bytes, available, size, &begin, &length);
    if (code == MI_OK) {
        c.at = (const char *)bytes + begin;
        c.end = c.at + length;
        code = read_dictionary(&c, &h);
    }
    if (code == MI_OK) {
        code = set_type(&c, h.type, array);
    }
    if (code == MI_OK) {
        array->offset = begin + length;
        code = set_shape(&c, &h, size - array->offset, array);
    }
    return code;
}
