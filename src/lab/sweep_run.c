/* The "sweep" experiment: its units, what is left of a run that ends early, and its result. */
#include <stdio.h>

#include "ranks.h"

/* Say behind the reason of an early end what there is. */
static mi_code say_what_is_kept(const mi_sweep_book *book, mi_code code, mi_status *status)
{
    char message[sizeof status->message];
    size_t kept = book->resumed + book->finished;
    snprintf(message, sizeof message, "%s", status->message);
    if (book->options->opt_directory == NULL) {
        return mi_fail(status, code, "%.400s; without --out nothing is kept", message);
    }
    return mi_fail(status, code, "%.400s; %zu of %zu units are kept in %.100s, --resume goes on",
                   message, kept, book->share, book->path);
}

static void warn_of_failures(const mi_sweep_book *book)
{
    const mi_run *run = &book->options->run;
    char text[160];
    if (book->failed > 0 && run->opt_notice != NULL) {
        snprintf(text, sizeof text,
                 "%zu of %zu units failed; their messages are in the table's column \"note\"",
                 book->failed, book->share);
        run->opt_notice(run->opt_notice_context, text);
    }
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
        warn_of_failures(&book);
    }
    if (code == MI_OK && options->parts == 0) {
        code = mi_sweep_result(e, &book, ret_result, status);
    }
    if (code == MI_OK && *ret_result != NULL) {
        put_timing(&book, &start, *ret_result);
        hand_over_lock(&book);
    }
    mi_sweep_book_free(&book);
    return code;
}
