/* The book of a sweep: which units are settled, in memory and on the disk. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "maskinfo/memory.h"
#include "maskinfo/output.h"
#include "sweep_journal.h"

static bool is_mine(const mi_sweep_book *book, size_t unit)
{
    const mi_run_options *o = book->options;
    return o->parts == 0 || unit % o->parts == o->part - 1;
}

mi_code mi_sweep_fill_row(const mi_sweep_book *book, size_t unit, const cJSON *record,
                          mi_status *status)
{
    const cJSON *failed = mi_lab_item(record, "failed");
    return cJSON_IsString(failed) ? mi_rows_failed(book->rows, unit, failed->valuestring, status)
                                  : mi_rows_done(book->rows, unit, mi_lab_item(record, "values"),
                                                 mi_lab_item(record, "reasons"), status);
}

static mi_code skip_line(void *context, const mi_journal_line *line, mi_status *status)
{
    (void)context;
    (void)line;
    (void)status;
    return MI_OK;
}

void mi_sweep_book_report(mi_sweep_book *book)
{
    const mi_run *run = &book->options->run;
    char stage[64] = "units";
    if (book->failed > 0) {
        snprintf(stage, sizeof stage, "units; %zu failed", book->failed);
    }
    if (run->opt_progress != NULL) {
        run->opt_progress(run->opt_progress_context, stage, book->resumed + book->finished,
                          book->share);
    }
}

/* Only now the unit counts as finished; its checkpoints are of no more use, unless it is to be
 * tried again. */
static void on_durable(void *context, size_t unit)
{
    mi_sweep_book *book = context;
    if (unit >= book->sweep->count) {
        return; /* the first line */
    }
    pthread_mutex_lock(&book->mutex);
    bool failed = mi_rows_status(book->rows, unit) == MI_ROW_FAILED;
    book->finished++;
    book->failed += failed;
    mi_sweep_book_report(book);
    pthread_mutex_unlock(&book->mutex);
    const char *directory = book->options->opt_directory;
    if (!failed && directory != NULL && mi_sweep_has_folders(book->sweep)) {
        mi_sweep_clear_unit(directory, unit, book->sweep->keep_results);
    }
}

static mi_code open_journal(mi_sweep_book *book, mi_status *status)
{
    mi_journal_state own;
    mi_code code = mi_journal_read(book->path, skip_line, NULL, &own, status);
    if (code == MI_OK) {
        code = mi_journal_open(book->path, own.whole, on_durable, book, &book->journal, status);
    }
    if (code == MI_OK && own.lines == 0) {
        char *head = mi_sweep_journal_head(book->sweep);
        code = head == NULL ? mi_fail(status, MI_MEMORY, "out of memory for the journal")
                            : mi_journal_put(book->journal, head, (size_t)-1, status);
        cJSON_free(head);
    }
    return code;
}

static mi_code take_locks(mi_sweep_book *book, mi_status *status)
{
    const mi_run_options *o = book->options;
    char path[MI_SWEEP_PATH + 64];
    snprintf(path, sizeof path, "%s/lock", o->opt_directory);
    mi_code code = mi_lock_take(path, o->parts > 0, &book->folder_lock, status);
    if (code == MI_OK && o->parts > 0) {
        snprintf(path, sizeof path, "%s/lock-%zu-of-%zu", o->opt_directory, o->part, o->parts);
        code = mi_lock_take(path, false, &book->part_lock, status);
    }
    return code;
}

static mi_code open_folder(mi_sweep_book *book, mi_status *status)
{
    const mi_run_options *o = book->options;
    int length = o->parts > 0
                     ? snprintf(book->path, sizeof book->path, "%s/journal-%zu-of-%zu",
                                o->opt_directory, o->part, o->parts)
                     : snprintf(book->path, sizeof book->path, "%s/journal", o->opt_directory);
    if (length >= MI_SWEEP_PATH - 64) {
        return mi_fail(status, MI_INPUT, "%.200s...: the path is too long", o->opt_directory);
    }
    mi_code code = mi_make_directory(o->opt_directory, status);
    if (code == MI_OK) {
        code = take_locks(book, status);
    }
    if (code == MI_OK) {
        code = mi_sweep_take_up(book, status);
    }
    return code == MI_OK ? open_journal(book, status) : code;
}

static void count_units(mi_sweep_book *book)
{
    for (size_t unit = 0; unit < book->sweep->count; unit++) {
        bool mine = is_mine(book, unit);
        book->share += mine;
        book->resumed += mine && book->settled[unit];
        book->failed +=
            mine && book->settled[unit] && mi_rows_status(book->rows, unit) == MI_ROW_FAILED;
    }
}

mi_code mi_sweep_book_open(const mi_sweep *s, const mi_run_options *options, mi_sweep_book *book,
                           mi_status *status)
{
    *book = (mi_sweep_book){.sweep = s, .options = options};
    pthread_mutex_init(&book->mutex, NULL);
    mi_code code = mi_rows_create(s->axes, s->seeds, s->columns, &book->rows, status);
    if (code == MI_OK) {
        code = mi_allocate(s->count, sizeof *book->settled, &book->settled, status);
    }
    if (code == MI_OK && options->opt_directory != NULL) {
        code = open_folder(book, status);
    }
    if (code != MI_OK) {
        mi_status ignored;
        mi_sweep_book_close(book, false, &ignored);
        mi_sweep_book_free(book);
        return code;
    }
    count_units(book);
    return MI_OK;
}

bool mi_sweep_book_next(mi_sweep_book *book, size_t *ret_unit)
{
    bool found = false;
    pthread_mutex_lock(&book->mutex);
    for (; !found && book->next < book->sweep->count; book->next++) {
        if (!book->settled[book->next] && is_mine(book, book->next)) {
            book->settled[book->next] = 1;
            *ret_unit = book->next;
            found = true;
        }
    }
    pthread_mutex_unlock(&book->mutex);
    return found;
}

void mi_sweep_book_return(mi_sweep_book *book, size_t unit)
{
    pthread_mutex_lock(&book->mutex);
    book->settled[unit] = 0;
    book->next = unit < book->next ? unit : book->next;
    pthread_mutex_unlock(&book->mutex);
}

size_t mi_sweep_book_pending(const mi_sweep_book *book)
{
    return book->share - book->resumed;
}

static mi_code enter_row(mi_sweep_book *book, const mi_sweep_head *head, const cJSON *record,
                         mi_status *status)
{
    pthread_mutex_lock(&book->mutex);
    mi_code code = mi_sweep_fill_row(book, head->unit, record, status);
    pthread_mutex_unlock(&book->mutex);
    return code;
}

/* The row is there before the journal's thread may ask for it. */
mi_code mi_sweep_book_accept(mi_sweep_book *book, const char *text, mi_status *status)
{
    mi_sweep_head head;
    if (!mi_sweep_read_head(text, &head) || head.unit >= book->sweep->count ||
        book->sweep->keys[head.unit] != head.key) {
        return mi_fail(status, MI_INPUT, "a record is not of a unit of this sweep: %.80s", text);
    }
    cJSON *record = cJSON_Parse(text);
    mi_code code = record == NULL ? mi_fail(status, MI_MEMORY, "out of memory for a record")
                                  : enter_row(book, &head, record, status);
    cJSON_Delete(record);
    if (code == MI_OK && book->journal != NULL) {
        return mi_journal_put(book->journal, text, head.unit, status);
    }
    if (code == MI_OK) {
        on_durable(book, head.unit);
    }
    return code;
}

static void remove_empty(const char *directory)
{
    char folder[MI_SWEEP_PATH];
    snprintf(folder, sizeof folder, "%s/units", directory);
    rmdir(folder);
}

mi_code mi_sweep_book_close(mi_sweep_book *book, bool whole, mi_status *status)
{
    const char *directory = book->options->opt_directory;
    bool opened = book->journal != NULL;
    mi_code code = mi_journal_close(book->journal, status);
    if (code == MI_OK && opened && whole) {
        code = mi_sweep_rewrite(book, status);
    }
    if (opened) {
        remove_empty(directory);
    }
    mi_lock_release(book->part_lock);
    for (size_t i = 0; i < book->other_count; i++) {
        free(book->others[i]);
    }
    free(book->others);
    free(book->settled);
    free(book->by_key);
    pthread_mutex_destroy(&book->mutex);
    book->journal = NULL;
    book->others = NULL;
    book->other_count = 0;
    book->settled = NULL;
    book->by_key = NULL;
    book->part_lock = NULL;
    return code;
}

void mi_sweep_book_free(mi_sweep_book *book)
{
    mi_rows_destroy(book->rows);
    mi_lock_release(book->folder_lock);
    book->rows = NULL;
    book->folder_lock = NULL;
}
