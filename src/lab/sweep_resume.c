/* Going on from the journals of earlier runs: which of their lines are of this sweep. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "maskinfo/figures.h"
#include "maskinfo/memory.h"
#include "sweep_journal.h"

/* What reading the journals of an earlier run found. */
typedef struct reading {
    mi_sweep_book *book;
    unsigned char *known; /* (units): mi_known */
    size_t foreign, moved;
    size_t damaged; /* in the journal that is read */
    bool untidy;    /* is anything to be put in order? */
    cJSON *theirs;  /* the sweep of their first line, where it is there */
} reading;

/* Failures that may have been the machine's; all of them where that is asked for. */
static bool is_retried(const mi_sweep_book *book, const cJSON *record)
{
    const cJSON *code = mi_lab_item(record, "code");
    const char *word = cJSON_IsString(code) ? code->valuestring : "";
    return book->options->retry || strcmp(word, "memory") == 0 || strcmp(word, "io") == 0;
}

static bool is_settled(const mi_sweep_book *book, size_t unit, const mi_sweep_head *head,
                       const cJSON *record)
{
    if (head->failed) {
        return !is_retried(book, record);
    }
    return !book->sweep->keep_results ||
           mi_sweep_has_result(book->sweep, book->options->opt_directory, unit);
}

static mi_code take_unit(reading *r, size_t unit, const mi_sweep_head *head, const char *text,
                         mi_status *status)
{
    if (head->failed && r->known[unit] == MI_KNOWN_DONE) {
        return MI_OK;
    }
    cJSON *record = cJSON_Parse(text);
    mi_code code = MI_OK;
    bool good = mi_sweep_is_record(r->book->sweep, record);
    if (good) {
        code = mi_sweep_fill_row(r->book, unit, record, status);
    } else {
        r->damaged++; /* checked, but not as we write it */
    }
    if (good && code == MI_OK) {
        r->known[unit] = head->failed ? MI_KNOWN_FAILED : MI_KNOWN_DONE;
        r->book->settled[unit] = is_settled(r->book, unit, head, record);
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

static void say_damaged(const mi_run *run, const char *path, size_t lines)
{
    char text[MI_SWEEP_PATH + 160];
    snprintf(text, sizeof text,
             "%s: %zu damaged line%s not trusted; what stood there is computed again", path, lines,
             lines == 1 ? " is" : "s are");
    if (run->opt_notice != NULL) {
        run->opt_notice(run->opt_notice_context, text);
    }
}

/* One journal. In that of another part, which may be at work, a line without its end is one that is
 * being written. */
static mi_code read_one(reading *r, const char *path, bool live, mi_status *status)
{
    mi_journal_state state;
    r->damaged = 0;
    mi_code code = mi_journal_read(path, take_line, r, &state, status);
    r->damaged += state.damaged + (state.half && !live);
    if (code == MI_OK && r->damaged > 0) {
        say_damaged(&r->book->options->run, path, r->damaged);
    }
    return code;
}

/* The own journal, and then the others. */
static mi_code read_all(reading *r, mi_status *status)
{
    mi_sweep_book *book = r->book;
    bool part = book->options->parts > 0;
    mi_code code = mi_sweep_sort_keys(book, status);
    if (code == MI_OK) {
        code = read_one(r, book->path, false, status);
        r->untidy = r->damaged > 0 || r->foreign > 0 || r->moved > 0;
    }
    for (size_t i = 0; code == MI_OK && i < book->other_count; i++) {
        code = read_one(r, book->others[i], part, status);
        r->untidy = r->untidy || !part;
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
        r->book->path, where[0] != '\0' ? "" : " or a data file or the program",
        where[0] != '\0' ? " (" : "", where, where[0] != '\0' ? ")" : "", r->foreign);
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
    if (code == MI_OK && r.untidy) {
        code = mi_sweep_rewrite(book, status);
    }
    if (code == MI_OK && book->options->parts == 0) {
        mi_sweep_tidy(book->options->opt_directory, book);
    }
    free(r.known);
    cJSON_Delete(r.theirs);
    return code;
}

/* One trusted line is enough. */
static mi_code find_line(void *context, const mi_journal_line *line, mi_status *status)
{
    bool *found = context;
    (void)line;
    (void)status;
    *found = true;
    return MI_INPUT;
}

/* Bytes of which none can be trusted may be anything, also what is dear to somebody. */
static mi_code refuse_stranger(const char *path, mi_status *status)
{
    bool found = false;
    mi_journal_state state;
    mi_code code = mi_journal_read(path, find_line, &found, &state, status);
    if (code == MI_OK && (state.damaged > 0 || state.half)) {
        code = mi_fail(status, MI_INPUT,
                       "%s: is no journal of a sweep, or no line of it can be trusted any more; it "
                       "is not touched: move it away, or choose another folder",
                       path);
    }
    return found ? MI_OK : code;
}

/* All that would be written to or removed. */
static mi_code refuse_strangers(const mi_sweep_book *book, mi_status *status)
{
    mi_code code = refuse_stranger(book->path, status);
    for (size_t i = 0; book->options->parts == 0 && code == MI_OK && i < book->other_count; i++) {
        code = refuse_stranger(book->others[i], status);
    }
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

/* The figures that the result in the folder names. */
static void remove_figures(const char *directory)
{
    char path[MI_SWEEP_PATH + 16];
    mi_faults faults = {.file = path};
    snprintf(path, sizeof path, "%s/result.json", directory);
    cJSON *result = access(path, R_OK) == 0 ? mi_document_read(path, &faults) : NULL;
    mi_figures_discard(directory, mi_lab_item(result, "files"), NULL);
    cJSON_Delete(result);
    mi_faults_clear(&faults);
}

static void forget(mi_sweep_book *book)
{
    const char *directory = book->options->opt_directory;
    bool whole = book->options->parts == 0;
    if (whole && has_journal(book)) { /* an interrupted run must not leave them to a new journal */
        remove_figures(directory);
        mi_sweep_remove_results(directory);
        mi_sweep_tidy(directory, NULL);
    }
    unlink(book->path);
    for (size_t i = 0; i < book->other_count; i++) {
        if (whole) {
            unlink(book->others[i]);
        }
        free(book->others[i]);
    }
    book->other_count = 0;
}

mi_code mi_sweep_take_up(mi_sweep_book *book, mi_status *status)
{
    mi_code code = mi_sweep_find_others(book, status);
    if (code == MI_OK) {
        code = refuse_strangers(book, status);
    }
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
