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

/* What reading the journals of an earlier run found. */
typedef struct reading {
    mi_sweep_book *book;
    unsigned char *known; /* (units): mi_known */
    size_t foreign, moved, damaged;
    cJSON *theirs; /* the sweep of their first line, where it is there */
} reading;

/* Failures that may have been the machine's; all of them where that is asked for. */
static bool is_retried(const mi_sweep_book *book, const cJSON *record)
{
    const cJSON *code = mi_lab_item(record, "code");
    const char *word = cJSON_IsString(code) ? code->valuestring : "";
    return book->options->retry || strcmp(word, "memory") == 0 || strcmp(word, "io") == 0;
}

/* Put a record into the rows, of which `failed` is told apart from the rest. */
static mi_code fill_row(const mi_sweep_book *book, size_t unit, const cJSON *record,
                        mi_status *status)
{
    const cJSON *failed = mi_lab_item(record, "failed");
    return cJSON_IsString(failed) ? mi_rows_failed(book->rows, unit, failed->valuestring, status)
                                  : mi_rows_done(book->rows, unit, mi_lab_item(record, "values"),
                                                 mi_lab_item(record, "reasons"), status);
}

static bool is_settled(const mi_sweep_book *book, size_t unit, const mi_sweep_head *head,
                       const cJSON *record)
{
    if (head->failed) {
        return !is_retried(book, record);
    }
    return !book->sweep->keep_results || mi_sweep_has_result(book->options->opt_directory, unit);
}

static mi_code take_unit(reading *r, size_t unit, const mi_sweep_head *head, const char *text,
                         mi_status *status)
{
    if (head->failed && r->known[unit] == MI_KNOWN_DONE) {
        return MI_OK;
    }
    cJSON *record = cJSON_Parse(text);
    mi_code code = record == NULL ? MI_INPUT : fill_row(r->book, unit, record, status);
    if (code == MI_OK) {
        r->known[unit] = head->failed ? MI_KNOWN_FAILED : MI_KNOWN_DONE;
        r->book->settled[unit] = is_settled(r->book, unit, head, record);
    } else if (code == MI_INPUT) { /* checked, but not as we write it */
        r->damaged++;
        code = MI_OK;
    }
    cJSON_Delete(record);
    return code;
}

/* A line that is no unit's: the first one of a journal tells which sweep it is of. */
static void take_head(reading *r, const char *text)
{
    cJSON *head = r->theirs == NULL ? cJSON_Parse(text) : NULL;
    if (cJSON_IsObject(mi_lab_item(head, "config"))) {
        r->theirs = cJSON_DetachItemFromObjectCaseSensitive(head, "config");
    }
    cJSON_Delete(head);
}

static mi_code take_line(void *context, const mi_journal_line *line, mi_status *status)
{
    reading *r = context;
    mi_sweep_head head;
    if (!mi_sweep_read_head(line->text, &head)) {
        take_head(r, line->text);
        return MI_OK;
    }
    long unit = mi_sweep_find_unit(r->book, &head, r->known);
    r->foreign += unit == MI_LINE_FOREIGN;
    r->moved += unit == MI_LINE_SPARE || (unit >= 0 && (size_t)unit != head.unit);
    return unit >= 0 ? take_unit(r, (size_t)unit, &head, line->text, status) : MI_OK;
}

/* The own journal, and then the others. */
static mi_code read_all(reading *r, mi_status *status)
{
    mi_sweep_book *book = r->book;
    mi_journal_state state;
    mi_code code = mi_sweep_sort_keys(book, status);
    for (size_t i = 0; code == MI_OK && i <= book->other_count; i++) {
        const char *path = i == 0 ? book->path : book->others[i - 1];
        code = mi_journal_read(path, take_line, r, &state, status);
        r->damaged += state.damaged;
    }
    return code;
}

static mi_code refuse_foreign(const reading *r, mi_status *status)
{
    char where[256] = "";
    if (r->theirs != NULL) {
        mi_sweep_difference(r->book->sweep->config, r->theirs, where, sizeof where);
    }
    return mi_fail(
        status, MI_INPUT,
        "%s: the experiment%s has changed%s%.255s%s, and %zu finished units are not of it; "
        "--changed goes on with those that still are, --fresh starts again",
        r->book->path, where[0] != '\0' ? "" : " or the program", where[0] != '\0' ? " (" : "",
        where, where[0] != '\0' ? ")" : "", r->foreign);
}

static void say_damaged(const mi_sweep_book *book, size_t lines)
{
    char text[MI_SWEEP_PATH + 160];
    const mi_run *run = &book->options->run;
    snprintf(text, sizeof text,
             "%s: %zu damaged line%s not trusted; what stood there is computed again", book->path,
             lines, lines == 1 ? " is" : "s are");
    if (run->opt_notice != NULL) {
        run->opt_notice(run->opt_notice_context, text);
    }
}

/* Go on from what an earlier run left. */
static mi_code resume(mi_sweep_book *book, mi_status *status)
{
    reading r = {.book = book};
    mi_code code = mi_allocate(book->sweep->count, sizeof *r.known, &r.known, status);
    if (code == MI_OK) {
        code = read_all(&r, status);
    }
    if (code == MI_OK && r.foreign > 0 && !book->options->changed) {
        code = refuse_foreign(&r, status);
    }
    if (code == MI_OK && r.damaged > 0) {
        say_damaged(book, r.damaged);
    }
    bool untidy = r.damaged > 0 || r.foreign > 0 || r.moved > 0 ||
                  (book->options->parts == 0 && book->other_count > 0);
    if (code == MI_OK && untidy) {
        code = mi_sweep_rewrite(book, status);
    }
    free(r.known);
    cJSON_Delete(r.theirs);
    return code;
}

static bool has_journal(const mi_sweep_book *book)
{
    bool there = access(book->path, F_OK) == 0;
    for (size_t i = 0; i < book->other_count; i++) {
        /* Other parts may well be there before this one begins. */
        const char *name = strrchr(book->others[i], '/') + 1;
        there = there || book->options->parts == 0 || strcmp(name, "journal") == 0;
    }
    return there;
}

static void forget(mi_sweep_book *book)
{
    unlink(book->path);
    for (size_t i = 0; i < book->other_count; i++) {
        if (book->options->parts == 0) {
            unlink(book->others[i]);
        }
        free(book->others[i]);
    }
    book->other_count = 0;
    if (book->options->parts == 0) {
        mi_sweep_remove_units(book->options->opt_directory);
    }
}

/* What an earlier run left is taken up, forgotten, or a reason to refuse. */
static mi_code take_up(mi_sweep_book *book, mi_status *status)
{
    mi_code code = mi_sweep_find_others(book, status);
    if (code == MI_OK && book->options->fresh) {
        forget(book);
    }
    if (code != MI_OK || (!has_journal(book) && book->other_count == 0)) {
        return code;
    }
    if (!book->options->resume && !book->options->changed && has_journal(book)) {
        return mi_fail(status, MI_INPUT,
                       "%s: there is a journal of an earlier run; --resume goes on from it, "
                       "--fresh starts again",
                       book->options->opt_directory);
    }
    return resume(book, status);
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
    if (!failed && book->has_folders) {
        mi_sweep_clear_unit(book->options->opt_directory, unit);
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
        code = take_up(book, status);
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
    book->has_folders = s->kind == MI_KIND_TRAIN || s->kind == MI_KIND_COMPARE ||
                        s->kind == MI_KIND_CHECKS || s->kind == MI_KIND_METHODS;
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
    mi_code code = fill_row(book, head->unit, record, status);
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
    mi_lock_release(book->folder_lock);
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
    book->part_lock = book->folder_lock = NULL;
    return code;
}

void mi_sweep_book_free(mi_sweep_book *book)
{
    mi_rows_destroy(book->rows);
    book->rows = NULL;
}
