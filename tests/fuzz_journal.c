/* libFuzzer target: whatever the bytes of a sweep's journal, the sweep goes on from it or refuses
 * it with a message, and takes over no line but checked ones of its own units.
 *
 * So that inputs come behind checksum and key, "mendmend" at the beginning of a line stands for its
 * checksum, and "unit-key-000000N" for the key of unit N. */
#include "fuzz.h"

#include <sys/stat.h>
#include <zlib.h>

#include "../src/lab/sweep.h"

enum { KEY = MI_SWEEP_KEY - 1, SUM = 8, PATH = 64 };
static const char place[] = "unit-key-000000", mend[] = "mendmend";

static const char text[] =
    "{\"experiment\":\"sweep\",\"base\":{\"experiment\":\"curve\",\"model\":{\"type\":\"gmrf\","
    "\"grid\":[2,2]}},\"grid\":[{\"name\":\"kappa\",\"set\":\"model.kappa\",\"values\":[1,2]}],"
    "\"seeds\":[1,2]}";

static mi_experiment *make_sweep(void)
{
    mi_faults faults = {.file = "fuzz"};
    mi_experiment *experiment = NULL;
    cJSON *document = mi_document_parse(text, sizeof text - 1, &faults);
    require(mi_experiment_create(document, &faults, &experiment, NULL) == MI_OK);
    cJSON_Delete(document);
    return experiment;
}

static void put_keys(const mi_sweep *s, char *bytes, size_t size)
{
    for (size_t i = 0; i + KEY <= size; i++) {
        size_t unit = (size_t)(bytes[i + KEY - 1] - '0');
        if (memcmp(bytes + i, place, sizeof place - 1) == 0 && unit < s->count) {
            char key[MI_SWEEP_KEY];
            snprintf(key, sizeof key, "%016llx", (unsigned long long)s->keys[unit]);
            memcpy(bytes + i, key, KEY);
        }
    }
}

static void put_sums(char *bytes, size_t size)
{
    for (size_t start = 0; start < size;) {
        char *end = memchr(bytes + start, '\n', size - start);
        size_t next = end == NULL ? size : (size_t)(end - bytes);
        if (next - start > SUM && memcmp(bytes + start, mend, SUM) == 0) {
            char sum[SUM + 1];
            snprintf(
                sum, sizeof sum, "%08lx",
                crc32(0, (const Bytef *)bytes + start + SUM + 1, (uInt)(next - start - SUM - 1)));
            memcpy(bytes + start, sum, SUM);
        }
        start = next + 1;
    }
}

static void write_journal(const char *folder, const char *bytes, size_t size)
{
    char path[PATH];
    snprintf(path, sizeof path, "%s/journal", folder);
    FILE *file = fopen(path, "wb");
    require(file != NULL && fwrite(bytes, 1, size, file) == size && fclose(file) == 0);
}

/* What is settled has a row, and the rest is still to be computed. */
static void check_book(const mi_sweep_book *book)
{
    size_t settled = 0;
    for (size_t unit = 0; unit < book->sweep->count; unit++) {
        settled += book->settled[unit];
        require(!book->settled[unit] || mi_rows_status(book->rows, unit) != MI_ROW_MISSING);
    }
    require(settled == book->resumed &&
            mi_sweep_book_pending(book) == book->sweep->count - settled);
}

static void go_on(const mi_sweep *s, const char *folder, bool changed)
{
    mi_run_options options = {.run = {.seed = 1, .threads = 1},
                              .opt_directory = folder,
                              .resume = true,
                              .changed = changed};
    mi_sweep_book book;
    mi_status status = {.code = MI_OK};
    mi_code code = mi_sweep_book_open(s, &options, &book, &status);
    if (code != MI_OK) {
        require_refusal(code, &status, "journal");
        return;
    }
    check_book(&book);
    require(mi_sweep_book_close(&book, false, &status) == MI_OK);
    mi_sweep_book_free(&book);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static mi_experiment *experiment;
    static char folder[] = "/dev/shm/maskinfo-fuzz-XXXXXX";
    if (experiment == NULL) {
        experiment = make_sweep();
        require(mkdtemp(folder) != NULL);
    }
    char *copy = malloc(size + 1);
    require(copy != NULL);
    memcpy(copy, bytes, size);
    put_keys(experiment->sweep, copy, size);
    put_sums(copy, size);
    write_journal(folder, copy, size);
    go_on(experiment->sweep, folder, false);
    go_on(experiment->sweep, folder, true);
    free(copy);
    return 0;
}
