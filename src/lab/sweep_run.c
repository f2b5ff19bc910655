/* The "sweep" experiment: its units, what is left of a run that ends early, and its result. */
#include <stdio.h>

#include "ranks.h"

/* Say behind the reason of an early end what there is. That a run was interrupted is its code. */
static mi_code say_what_is_kept(const mi_sweep_book *book, mi_code code, mi_status *status)
{
    char reason[sizeof status->message], failed[64] = "";
    size_t kept = book->resumed + book->finished - book->failed;
    snprintf(reason, sizeof reason, "%.400s%s", code == MI_INTERRUPTED ? "" : status->message,
             code == MI_INTERRUPTED ? "" : "; ");
    if (book->options->opt_directory == NULL) {
        return mi_fail(status, code, "%swithout --out nothing is kept", reason);
    }
    if (book->failed > 0) {
        snprintf(failed, sizeof failed, ", %zu failed", book->failed);
    }
    return mi_fail(status, code, "%s%zu of %zu units are kept in %.100s%s; --resume goes on",
                   reason, kept, book->share, book->path, failed);
}

static void put_timing(const mi_sweep_book *book, const struct timespec *start, cJSON *result)
{
    mi_writer w = {.failed = false};
    cJSON *timing = cJSON_CreateObject();
    mi_add_number(&w, timing, "seconds", mi_lab_seconds_since(start));
    mi_add_number(&w, timing, "computed", (double)book->finished);
    mi_add_number(&w, timing, "resumed", (double)book->resumed);
    mi_add_number(&w, timing, "threads", book->options->run.threads);
    mi_add_item(&w, result, "timing", timing);
}

static mi_code check_options(const mi_run_options *o, mi_status *status)
{
    if (o->parts > 0 && (o->part < 1 || o->part > o->parts)) {
        return mi_fail(status, MI_INPUT, "part %zu of %zu; must be in [1, %zu]", o->part, o->parts,
                       o->parts);
    }
    if (o->parts > 0 && o->opt_directory == NULL) {
        return mi_fail(status, MI_INPUT,
                       "a part of a sweep needs a folder (--out) for its journal");
    }
    return MI_OK;
}

/* The book, once it is known that the other processes, where there are any, are there too. */
static mi_code open_book(const mi_sweep *s, const mi_run_options *options, mi_sweep_book *book,
                         int *ret_ranks, mi_status *status)
{
    *ret_ranks = 1;
    mi_code code = options->ranks > 1 ? mi_ranks_open(ret_ranks, status) : MI_OK;
    if (code == MI_OK) {
        code = mi_sweep_book_open(s, options, book, status);
        if (code != MI_OK && options->ranks > 1) {
            mi_ranks_dismiss();
        }
    }
    return code;
}

static mi_code compute(mi_sweep_book *book, int ranks, mi_status *status)
{
    mi_sweep_book_report(book);
    if (ranks > 1) {
        return mi_ranks_compute(book, status);
    }
    if (book->options->ranks > 1) {
        mi_ranks_dismiss(); /* the launcher's variables told of others that MPI does not know */
    }
    return mi_sweep_threads(book, status);
}

static void hand_over_lock(mi_sweep_book *book)
{
    if (book->options->opt_lock != NULL) {
        *book->options->opt_lock = book->folder_lock;
        book->folder_lock = NULL;
    }
}

mi_code mi_sweep_run(const mi_experiment *e, const mi_run_options *options, mi_faults *faults,
                     cJSON **ret_result, mi_status *status)
{
    mi_sweep_book book;
    struct timespec start;
    int ranks = 1;
    (void)faults;
    *ret_result = NULL;
    mi_code code = mi_sweep_read_data(e->sweep, status);
    if (options->rank > 0) { /* where that failed too: rank 0 waits for it, and will see the key */
        return mi_ranks_work(e->sweep, options, status);
    }
    clock_gettime(CLOCK_MONOTONIC, &start);
    code = code == MI_OK ? check_options(options, status) : code;
    if (code == MI_OK) {
        code = open_book(e->sweep, options, &book, &ranks, status);
    }
    if (code != MI_OK) {
        return code;
    }
    code = compute(&book, ranks, status);
    mi_status closing = {.code = MI_OK};
    mi_code closed = mi_sweep_book_close(&book, code == MI_OK && options->parts == 0, &closing);
    if (closed != MI_OK && (code == MI_OK || code == MI_INTERRUPTED)) {
        code = mi_fail(status, closed, "%s", closing.message);
    }
    if (code != MI_OK) {
        say_what_is_kept(&book, code, status);
    } else {
        mi_sweep_notice_failures(&book);
    }
    if (code == MI_OK && options->parts == 0) {
        code = mi_sweep_result(e, &book, ret_result, status);
    }
    if (code == MI_OK && *ret_result != NULL) {
        mi_sweep_notice_gaps(&book, *ret_result);
        put_timing(&book, &start, *ret_result);
        hand_over_lock(&book);
    }
    mi_sweep_book_free(&book);
    return code;
}
