/* Parameter tables: the single source for parsing, validation and its messages, `list`, `--help`,
 * the resolved configuration of a result, and docs/reference.md. */
#ifndef MASKINFO_PARAMETER_H
#define MASKINFO_PARAMETER_H

#include "maskinfo/status.h"

typedef enum mi_type {
    MI_REAL,    /* finite double in [low, high] */
    MI_INTEGER, /* whole number in [low, high] */
    MI_FLAG,    /* true or false */
    MI_CHOICE,  /* one of `choices` */
    MI_TEXT,    /* string */
    MI_PATHS,   /* string or array of strings: files or folders to read */
    MI_GRID,    /* [rows, columns], each in [low, high] */
    MI_MATRIX,  /* array of rows of equal length; entries finite, in [low, high] */
    MI_LIST, /* array of 1 to MI_LIST_LIMIT numbers in [low, high]; kept as a matrix of one row */
    MI_GROUP /* object with the parameters of `group` */
} mi_type;

enum {
    MI_LOW_OPEN = 1,  /* low itself is not allowed */
    MI_HIGH_OPEN = 2, /* high itself is not allowed */
    MI_EFFORT = 4,    /* a size of computation: scaled by a compare experiment's "effort" */
    MI_FILE = 8,      /* names files to read: looked for as mi_data_find says */
    MI_WHOLE = 16     /* MI_LIST: whole numbers */
};

enum { MI_LIST_LIMIT = 64 };

typedef struct mi_parameter {
    const char *name; /* NULL ends a table */
    mi_type type;
    double low, high;
    unsigned flags;
    const char *fallback;             /* default as JSON text; NULL: required; "null": optional */
    const char *const *choices;       /* NULL-terminated; MI_CHOICE only */
    const struct mi_parameter *group; /* MI_GROUP only */
    const char *unit;                 /* "" where none */
    const char *help;                 /* one line */
} mi_parameter;

typedef struct mi_matrix {
    size_t rows, columns;
    double *values; /* (rows, columns), row-major */
} mi_matrix;

/* The value of one parameter, tagged by its table entry's type. */
typedef struct mi_value {
    const mi_parameter *parameter;
    bool given; /* false: the parameter is optional and absent */
    double real;
    long long integer; /* MI_FLAG: 0 or 1 */
    char *text;        /* MI_TEXT, MI_CHOICE */
    char **paths;
    size_t path_count;
    size_t grid[2];
    mi_matrix matrix;
    struct mi_values *group;
} mi_value;

/* The values of a whole table, in its order. */
typedef struct mi_values {
    size_t count;
    mi_value *items;
} mi_values;

/* Number of entries before the terminator. */
size_t mi_parameter_count(const mi_parameter *table);

/* "a whole number in [2, 10000000]", "one of: a, b" ... written to text; returns text. */
char *mi_parameter_range(const mi_parameter *parameter, char *text, size_t size);

/* All values absent; release with mi_values_destroy (which accepts NULL and half-filled ones). */
mi_code mi_values_create(const mi_parameter *table, mi_values **ret_values, mi_status *status);
void mi_values_destroy(mi_values *values);

/* Access by name. The name must be in the table and of that type: anything else is a fault of the
 * program and stops it by assert. */
const mi_value *mi_values_find(const mi_values *values, const char *name);
bool mi_given(const mi_values *values, const char *name);
double mi_real(const mi_values *values, const char *name);
long long mi_integer(const mi_values *values, const char *name);
bool mi_true(const mi_values *values, const char *name);        /* MI_FLAG */
size_t mi_count(const mi_values *values, const char *name);     /* MI_INTEGER known to be >= 0 */
const char *mi_text(const mi_values *values, const char *name); /* MI_TEXT or MI_CHOICE */
bool mi_is(const mi_values *values, const char *name, const char *choice);

#endif
