/* Journals: text files that only grow, one checked line a record, whole up to the last line that
 * was finished whatever happens to the process or the machine.
 *
 * A line is "CRC JSON\n": eight hexadecimal digits, the CRC-32 (that of zlib) of the JSON, and the
 * JSON itself on one line. A line that is cut short, or of which any byte is another, is known. */
#ifndef MASKINFO_JOURNAL_H
#define MASKINFO_JOURNAL_H

#include <stdio.h>

#include "maskinfo/status.h"

/* A record as it stands in a file; text is the JSON, ended by a zero, and lasts for the call. */
typedef struct mi_journal_line {
    const char *text;
    size_t size;
    long offset; /* of the whole line in the file */
} mi_journal_line;

/* Called for each line that can be trusted, in the order of the file. Anything but MI_OK ends the
 * reading with it. */
typedef mi_code (*mi_journal_take)(void *context, const mi_journal_line *line, mi_status *status);

typedef struct mi_journal_state {
    bool there;     /* is there such a file? */
    size_t lines;   /* that can be trusted */
    size_t damaged; /* lines that can not */
    bool half;      /* is there a last line without its end? It may be in the writing */
    long whole;     /* bytes up to the end of the last line that has one */
} mi_journal_state;

/* Read a journal; one that is not there has no lines. MI_IO: can not be read;
 * MI_MEMORY: a line does not fit. */
mi_code mi_journal_read(const char *path, mi_journal_take take, void *context,
                        mi_journal_state *ret_state, mi_status *status);

/* Print a record as a line. */
void mi_journal_print(FILE *file, const char *json);

typedef struct mi_journal mi_journal;

/* Called by the journal's own thread once a record, named by `tag`, can not be lost any more,
 * whatever happens to the machine. */
typedef void (*mi_journal_durable)(void *context, size_t tag);

/* Open for appending behind the first `whole` bytes; what stands behind them (a half line) is cut
 * off. The file is made where missing. A thread of the journal writes what has come together at
 * once, so that records outlive the process, and flushes it to the disk at once or, where records
 * come quickly, every tenth of a second, so that they outlive a power cut; nobody waits for the
 * disk. */
mi_code mi_journal_open(const char *path, long whole, mi_journal_durable opt_durable, void *context,
                        mi_journal **ret_journal, mi_status *status);

/* Append a record; any number of threads at a time. Returns when it stands in the queue, which is
 * soon, unless the disk can not follow. After a failure to write (disk full) the file is cut back
 * to its last whole line, after one to flush to the last flushed line (what the disk has of the
 * rest is not known), and every call gives the message of that failure. */
mi_code mi_journal_put(mi_journal *journal, const char *json, size_t tag, mi_status *status);

/* Write what is queued, and end; accepts NULL. The failure, where there was one. */
mi_code mi_journal_close(mi_journal *journal, mi_status *status);

#endif
