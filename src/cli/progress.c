/* Progress on standard error: a bar with rate and time left, on one line of a terminal. */
#include "progress.h"

#include <string.h>
#include <time.h>

enum { WIDTH = 24 };

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void draw(const cli_progress *p, const char *stage, size_t done, size_t total,
                 double elapsed)
{
    char bar[WIDTH + 1];
    size_t filled = done * WIDTH / total;
    memset(bar, '.', WIDTH);
    memset(bar, '#', filled);
    bar[WIDTH] = '\0';
    double rate = elapsed > 0 ? (double)(done - p->first_done) / elapsed : 0;
    fprintf(stderr, "\r\033[K%s%s%s [%s] %zu/%zu", p->heading, p->heading[0] != '\0' ? ": " : "",
            stage, bar, done, total);
    if (rate > 0) {
        fprintf(stderr, "  %.3g/s  ETA %.0f s", rate, (double)(total - done) / rate);
    }
    fflush(stderr);
}

void cli_progress_report(void *context, const char *stage, size_t done, size_t total)
{
    cli_progress *p = context;
    double time = now();
    if (total == 0) {
        snprintf(p->heading, sizeof p->heading, "%s", stage);
        return;
    }
    int length = (int)strcspn(stage, ";");
    if (strncmp(p->stage, stage, (size_t)length) != 0 || p->stage[length] != '\0' ||
        done < p->last_done) {
        snprintf(p->stage, sizeof p->stage, "%.*s", length, stage);
        p->first_done = done;
        p->started = time;
        p->drawn = 0;
    }
    p->last_done = done;
    if (time - p->drawn > 0.1 || done == total) {
        p->drawn = time;
        draw(p, stage, done, total, time - p->started);
    }
}

void cli_progress_clear(const cli_progress *p)
{
    if (p->drawn > 0) {
        fprintf(stderr, "\r\033[K");
        fflush(stderr);
    }
}
