#include "maskinfo/parameter.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "maskinfo/memory.h"

size_t mi_parameter_count(const mi_parameter *table)
{
    size_t count = 0;
    while (table[count].name != NULL) {
        count++;
    }
    return count;
}

static void interval_text(const mi_parameter *p, char *text, size_t size)
{
    snprintf(text, size, "%c%.16g, %.16g%c", (p->flags & MI_LOW_OPEN) ? '(' : '[', p->low, p->high,
             (p->flags & MI_HIGH_OPEN) ? ')' : ']');
}

static void choice_text(const mi_parameter *p, char *text, size_t size)
{
    size_t used = (size_t)snprintf(text, size, "one of");
    for (const char *const *choice = p->choices; *choice != NULL && used < size; choice++) {
        used += (size_t)snprintf(text + used, size - used, "%s \"%s\"",
                                 choice == p->choices ? "" : ",", *choice);
    }
}

char *mi_parameter_range(const mi_parameter *p, char *text, size_t size)
{
    char interval[64];
    interval_text(p, interval, sizeof interval);
    switch (p->type) {
    case MI_REAL:
        snprintf(text, size, "a number in %s", interval);
        break;
    case MI_INTEGER:
        snprintf(text, size, "a whole number in %s", interval);
        break;
    case MI_FLAG:
        snprintf(text, size, "true or false");
        break;
    case MI_CHOICE:
        choice_text(p, text, size);
        break;
    case MI_TEXT:
        snprintf(text, size, "a string");
        break;
    case MI_PATHS:
        snprintf(text, size, "a string or an array of strings");
        break;
    case MI_GRID:
        snprintf(text, size, "[rows, columns], whole numbers in %s", interval);
        break;
    case MI_MATRIX:
        snprintf(text, size, "an array of rows of numbers in %s", interval);
        break;
    case MI_LIST:
        snprintf(text, size, "an array of 1 to %d %snumbers in %s", MI_LIST_LIMIT,
                 (p->flags & MI_WHOLE) ? "whole " : "", interval);
        break;
    case MI_GROUP:
        snprintf(text, size, "an object");
        break;
    }
    return text;
}

static void value_free(mi_value *value)
{
    free(value->text);
    for (size_t i = 0; i < value->path_count; i++) {
        free(value->paths[i]);
    }
    free(value->paths);
    free(value->matrix.values);
    mi_values_destroy(value->group);
}

mi_code mi_values_create(const mi_parameter *table, mi_values **ret_values, mi_status *status)
{
    mi_values *values = NULL;
    size_t count = mi_parameter_count(table);
    if (mi_allocate(1, sizeof *values, &values, status) != MI_OK) {
        return MI_MEMORY;
    }
    if (mi_allocate(count, sizeof *values->items, &values->items, status) != MI_OK) {
        free(values);
        return MI_MEMORY;
    }
    values->count = count;
    for (size_t i = 0; i < count; i++) {
        values->items[i].parameter = &table[i];
    }
    *ret_values = values;
    return MI_OK;
}

void mi_values_destroy(mi_values *values)
{
    if (values == NULL) {
        return;
    }
    for (size_t i = 0; i < values->count; i++) {
        value_free(&values->items[i]);
    }
    free(values->items);
    free(values);
}

const mi_value *mi_values_find(const mi_values *values, const char *name)
{
    const mi_value *found = NULL;
    for (size_t i = 0; i < values->count && found == NULL; i++) {
        if (strcmp(values->items[i].parameter->name, name) == 0) {
            found = &values->items[i];
        }
    }
    assert(found != NULL);
    return found;
}

bool mi_given(const mi_values *values, const char *name)
{
    return mi_values_find(values, name)->given;
}

double mi_real(const mi_values *values, const char *name)
{
    const mi_value *value = mi_values_find(values, name);
    assert(value->parameter->type == MI_REAL && value->given);
    return value->real;
}

long long mi_integer(const mi_values *values, const char *name)
{
    const mi_value *value = mi_values_find(values, name);
    assert(value->parameter->type == MI_INTEGER && value->given);
    return value->integer;
}

bool mi_true(const mi_values *values, const char *name)
{
    const mi_value *value = mi_values_find(values, name);
    assert(value->parameter->type == MI_FLAG && value->given);
    return value->integer != 0;
}

size_t mi_count(const mi_values *values, const char *name)
{
    long long count = mi_integer(values, name);
    assert(count >= 0);
    return (size_t)count;
}

const char *mi_text(const mi_values *values, const char *name)
{
    const mi_value *value = mi_values_find(values, name);
    assert((value->parameter->type == MI_TEXT || value->parameter->type == MI_CHOICE) &&
           value->given);
    return value->text;
}

bool mi_is(const mi_values *values, const char *name, const char *choice)
{
    return strcmp(mi_text(values, name), choice) == 0;
}
