/* libFuzzer target: whatever JSON a result.json holds, its figures, tables and page are made or
 * refused with a message. Mutations work on the tree of values as much as on the bytes: hardly one
 * of the latter is still JSON. */
#include "fuzz.h"

#include "../src/report/figure.h"
#include "maskinfo/document.h"
#include "maskinfo/html.h"
#include "maskinfo/table.h"

size_t LLVMFuzzerMutate(uint8_t *bytes, size_t size, size_t capacity);
size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t size, size_t capacity, unsigned seed);

static unsigned next_random(unsigned *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

static size_t count_nodes(const cJSON *node)
{
    size_t count = 1;
    for (const cJSON *child = node->child; child != NULL; child = child->next) {
        count += count_nodes(child);
    }
    return count;
}

/* The node at a place in the order of the text; *ret_parent is what holds it. */
static cJSON *node_at(cJSON *node, cJSON *parent, size_t *place, cJSON **ret_parent)
{
    *ret_parent = parent;
    if ((*place)-- == 0) {
        return node;
    }
    for (cJSON *child = node->child; child != NULL; child = child->next) {
        cJSON *found = node_at(child, node, place, ret_parent);
        if (found != NULL) {
            return found;
        }
    }
    return NULL;
}

/* What people and programs put into a file by mistake. */
static cJSON *another_value(cJSON *root, unsigned *state)
{
    static const char *const values[] = {"null", "0",    "-1", "1e308", "1e-308", "0.5",
                                         "1e9",  "\"\"", "[]", "{}",    "true",   "\"<'\\\\%s\\n\"",
                                         "[1]"};
    enum { VALUES = sizeof values / sizeof *values };
    unsigned choice = next_random(state) % (VALUES + 4);
    if (choice < VALUES) {
        return cJSON_Parse(values[choice]);
    }
    cJSON *parent = NULL;
    size_t place = next_random(state) % count_nodes(root);
    return cJSON_Duplicate(node_at(root, NULL, &place, &parent), 1);
}

static void change_tree(cJSON *root, unsigned *state)
{
    cJSON *parent = NULL;
    size_t place = next_random(state) % count_nodes(root);
    cJSON *node = node_at(root, NULL, &place, &parent);
    if (parent == NULL) {
        return;
    }
    if (next_random(state) % 4 == 0) {
        cJSON_Delete(cJSON_DetachItemViaPointer(parent, node));
        return;
    }
    cJSON *other = another_value(root, state);
    if (other != NULL && node->string != NULL) {
        free(other->string);
        other->string = strdup(node->string);
    }
    cJSON_ReplaceItemViaPointer(parent, node, other);
}

size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t size, size_t capacity, unsigned seed)
{
    cJSON *root = seed % 4 == 0 ? NULL : cJSON_ParseWithLength((const char *)bytes, size);
    if (root == NULL) {
        return LLVMFuzzerMutate(bytes, size, capacity);
    }
    for (unsigned changes = 1 + seed / 4 % 3; changes > 0; changes--) {
        change_tree(root, &seed);
    }
    char *text = cJSON_PrintUnformatted(root);
    size_t length = strlen(text);
    if (length <= capacity) {
        memcpy(bytes, text, length);
        size = length;
    }
    free(text);
    cJSON_Delete(root);
    return size;
}

static void compose(const mi_report *report, const mi_figure *figure)
{
    mi_sheet *sheet = NULL;
    char *plain = NULL, *markdown = NULL;
    mi_status status = {.code = MI_OK};
    require(mi_figure_compose(report, figure, &sheet, &status) == MI_OK);
    require(sheet->script_size > 0);
    mi_sheet_destroy(sheet);
    if (figure->tables != NULL) {
        require(figure->tables(report, &plain, &markdown, &status) == MI_OK);
    }
    free(plain);
    free(markdown);
}

static void draw(const cJSON *result)
{
    mi_report *report = NULL;
    mi_status status = {.code = MI_OK};
    mi_code code = mi_report_read(result, &report, &status);
    if (code != MI_OK) {
        require(report == NULL && code == MI_INPUT && status.message[0] != '\0');
        return;
    }
    for (size_t i = 0; mi_figure_at(i) != NULL; i++) {
        if (mi_figure_wanted(report, mi_figure_at(i))) {
            compose(report, mi_figure_at(i));
        }
    }
    mi_report_destroy(report);
}

static void tabulate(const cJSON *result)
{
    char *text = NULL;
    mi_status status = {.code = MI_OK};
    mi_code code = mi_table_text(result, &text, &status);
    require(code == MI_OK ? text != NULL : code == MI_INPUT && status.message[0] != '\0');
    free(text);
}

static void make_page(const cJSON *result)
{
    mi_page_result one = {.folder = "/nowhere", .opt_result = result};
    char *page = NULL;
    size_t size = 0;
    mi_status status = {.code = MI_OK};
    mi_code code = mi_html_page(&one, 1, &page, &size, &status);
    require(code == MI_OK ? size > 0 : code == MI_INPUT && status.message[0] != '\0');
    free(page);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    mi_faults faults = {.file = "fuzz"};
    cJSON *result = mi_document_parse((const char *)bytes, size, &faults);
    if (result != NULL) {
        draw(result);
        tabulate(result);
        make_page(result);
    }
    cJSON_Delete(result);
    mi_faults_clear(&faults);
    return 0;
}
