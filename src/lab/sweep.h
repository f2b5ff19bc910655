/* The "sweep" experiment: another experiment for all combinations of values of its axes, each with
 * several seeds. One combination with one seed is a unit. What the files sweep*.c share, and how
 * units get from where they are computed to the journal:
 *
 *     book_open -> (book_next -> sweep_compute -> book_accept)* -> book_close -> sweep_result
 *
 * sweep_compute needs no book, so that it may be called in another process than the rest. */
#ifndef MASKINFO_LAB_SWEEP_H
#define MASKINFO_LAB_SWEEP_H

#include <pthread.h>

#include "maskinfo/journal.h"
#include "maskinfo/lock.h"
#include "maskinfo/rows.h"
#include "resolve.h"

enum { MI_SWEEP_KEY = 17 /* 16 hexadecimal digits and the end */ };

/* One axis; everything in it belongs to the sweep's `axes`. */
typedef struct mi_sweep_axis {
    const char *name;
    const char **paths; /* (path_count): what each value is put at; none of the axis of cases */
    size_t path_count;
    const cJSON **values; /* (count) */
    const char **labels;  /* (count) */
    size_t count;
} mi_sweep_axis;

/* The experiment inside, with "set" of the sweep and of the case applied. */
typedef struct mi_sweep_case {
    char *file; /* where it comes from, for messages */
    cJSON *document;
} mi_sweep_case;

typedef struct mi_sweep {
    cJSON *config; /* the sweep file, the experiments inside included; defaults filled in */
    cJSON *axes, *seeds, *columns; /* as in the result */
    cJSON *opt_figures;            /* likewise; NULL: one a numeric column */
    mi_sweep_axis *axis;           /* (axis_count); the first one that of cases, where there are */
    size_t axis_count;
    mi_sweep_case *cases; /* (case_count): at least one */
    size_t case_count;
    bool has_cases;
    double *seed; /* (seed_count) */
    size_t seed_count;
    mi_experiment_kind kind; /* of the experiment inside */
    double effort;
    bool keep_results;
    size_t count;                   /* units */
    uint64_t *keys;                 /* (count) */
    char key[MI_SWEEP_KEY];         /* of the whole */
    struct mi_sweep_data *opt_data; /* the data files of units; NULL: there are none */
} mi_sweep;

void mi_sweep_destroy(mi_sweep *sweep); /* accepts NULL */

/* The kind's part of the functions in experiment.h. */
mi_code mi_sweep_resolve(mi_resolver *r, const cJSON *document, mi_experiment *e);
mi_code mi_sweep_check(const mi_sweep *sweep, const mi_run *run, mi_faults *faults,
                       mi_status *status);
mi_code mi_sweep_run(const mi_experiment *e, const mi_run_options *options, mi_faults *faults,
                     cJSON **ret_result, mi_status *status);

/* Parts of the resolving. */
mi_code mi_sweep_resolve_axes(mi_resolver *r, const cJSON *document, mi_sweep *s);
mi_code mi_sweep_resolve_columns(mi_resolver *r, const cJSON *document, mi_sweep *s);
mi_code mi_sweep_resolve_figures(mi_resolver *r, const cJSON *document, mi_sweep *s);
/* A name that becomes a heading and a file's name; false after adding a fault. `taken` are objects
 * with a "name". */
bool mi_sweep_name_good(mi_resolver *r, const char *name, const char *path, const cJSON *taken);
/* What has no effect is refused: what an axis or "set" puts where a later axis or the seed goes. */
mi_code mi_sweep_check_paths(mi_resolver *r, const cJSON *document, mi_sweep *s);
/* Equal items of a list are a fault at `path`. */
mi_code mi_sweep_refuse_twins(mi_resolver *r, const cJSON *list, const char *path);
/* Find the key of each unit; units that can not be resolved are faults. */
mi_code mi_sweep_resolve_units(mi_resolver *r, mi_sweep *s);

/* Keep which data files a unit's experiment names, while keys are found. */
mi_code mi_sweep_note_data(mi_sweep *s, size_t unit, const mi_experiment *e, mi_status *status);
/* Fold size and checksum of these files into the keys: once a run, for they may have changed. Files
 * that can not be read are as good as empty here; the units will fail of them. */
mi_code mi_sweep_read_data(mi_sweep *s, mi_status *status);
void mi_sweep_data_destroy(struct mi_sweep_data *data); /* accepts NULL */
/* Find the key of the whole from those of the units. */
void mi_sweep_sum_keys(mi_sweep *s);

/* Where a unit stands on each axis (s->axis_count) and among the seeds. */
void mi_sweep_place(const mi_sweep *s, size_t unit, size_t *at, size_t *ret_seed);
/* "kappa=0.3, seed=1", in text (size bytes); returns text. */
char *mi_sweep_name_unit(const mi_sweep *s, size_t unit, char *text, size_t size);
/* The experiment of a unit. Faults name the unit. *ret_experiment: mi_experiment_destroy. */
mi_code mi_sweep_unit(const mi_sweep *s, size_t unit, mi_faults *faults,
                      mi_experiment **ret_experiment, mi_status *status);
/* What the numbers of a resolved experiment depend on, but the contents of data files; and its
 * configuration for people, defaults filled in. cJSON_Delete; NULL for want of memory. */
cJSON *mi_sweep_identity(const mi_experiment *e);
cJSON *mi_sweep_configuration(const mi_experiment *e);

/* The first difference of two configurations of a sweep that may be one of its units, as
 * mi_document_difference has it: titles, labels and figures are passed over. Returns text. */
char *mi_sweep_difference(const cJSON *ours, const cJSON *theirs, char *text, size_t size);

/* FNV-1a with 64 bits, over a text and what was hashed before (start with MI_SWEEP_HASH). */
#define MI_SWEEP_HASH 0xcbf29ce484222325ull
uint64_t mi_sweep_hash(uint64_t hash, const char *text);

/* The value of a column in a result, by its path; null, and *ret_reason (free()) says why, where
 * there is none. Where the result does not account for it, the reason begins with: */
#define MI_SWEEP_NO_VALUE "the result has no value at "
mi_code mi_sweep_extract(const cJSON *result, const char *path, cJSON **ret_value,
                         char **ret_reason, mi_status *status);
/* Is it a path ("a.b[2].c")? */
bool mi_sweep_path_good(const char *path);

/* What a unit leaves in DIRECTORY/units/NNNNNN: the result, where results are kept, checkpoints
 * until the unit is finished, and its key, by which both are known to be of this unit. */
enum { MI_SWEEP_PATH = 4096 };
bool mi_sweep_keeps_parts(mi_experiment_kind kind); /* checkpoints or finished parts */
bool mi_sweep_has_folders(const mi_sweep *s);       /* do its units leave anything? */
void mi_sweep_unit_folder(const char *directory, size_t unit, char path[MI_SWEEP_PATH]);
/* Is there a result, and of the unit's key? */
bool mi_sweep_has_result(const mi_sweep *s, const char *directory, size_t unit);
/* Make the folder the unit's: what is there goes when it is of another key. *ret_old: something of
 * this very unit is there. */
mi_code mi_sweep_prepare_unit(const mi_sweep *s, const char *directory, size_t unit, bool *ret_old,
                              mi_status *status);
/* Remove what units write from the unit's folder; files that are not ours stay. */
void mi_sweep_clear_unit(const char *directory, size_t unit, bool keep_result);

/* Compute one unit; *ret_record (free()) is its line for the journal, of a unit that failed too.
 * run->threads are for this unit. Fails itself only where the unit is to be given up without a
 * record: interrupted, or no memory even for that. */
mi_code mi_sweep_compute(const mi_sweep *s, size_t unit, const char *opt_directory,
                         const mi_run *run, char **ret_record, mi_status *status);

/* Read the head of a record: false where it is none. */
typedef struct mi_sweep_head {
    size_t unit;
    uint64_t key;
    bool failed;
} mi_sweep_head;
bool mi_sweep_read_head(const char *record, mi_sweep_head *ret_head);

/* What is known of the units, in memory and in the folder. */
typedef struct mi_sweep_book {
    const mi_sweep *sweep;
    const mi_run_options *options;
    mi_rows *rows;
    mi_lock *folder_lock, *part_lock;
    mi_journal *journal;      /* NULL without a folder */
    char path[MI_SWEEP_PATH]; /* of the own journal */
    char **others;            /* journals of parts, read only */
    size_t other_count;
    pthread_mutex_t mutex;         /* for all below, and the rows */
    unsigned char *settled;        /* (units): 1 where nothing is to be computed */
    size_t share;                  /* units that this run is about: all, or its part */
    size_t resumed;                /* of them, settled before it began */
    size_t finished;               /* and since, in the journal for good */
    size_t failed;                 /* of both */
    bool told;                     /* of columns that the first unit has no value of */
    size_t next;                   /* where to look for the next unit */
    struct mi_sweep_keyed *by_key; /* (units) units by key; NULL until it is needed */
} mi_sweep_book;

/* Take the lock, read the journals, and open the own one. MI_INPUT, with a message: the folder is
 * in use; there is a journal and neither --resume nor --fresh; there are units of another sweep. */
mi_code mi_sweep_book_open(const mi_sweep *s, const mi_run_options *options, mi_sweep_book *book,
                           mi_status *status);
/* The next unit that is to be computed; false where there is none. Any thread. */
bool mi_sweep_book_next(mi_sweep_book *book, size_t *ret_unit);
/* Give one back, which is then the next. Any thread. */
void mi_sweep_book_return(mi_sweep_book *book, size_t unit);
/* How many there are. */
size_t mi_sweep_book_pending(const mi_sweep_book *book);
/* Tell the progress how far it is. Not while another thread accepts. */
void mi_sweep_book_report(mi_sweep_book *book);
/* Take over a record from mi_sweep_compute: into the rows and the journal. Any thread. */
mi_code mi_sweep_book_accept(mi_sweep_book *book, const char *record, mi_status *status);
/* Write what is queued. With `whole` the journal is then rewritten in the order of units, and those
 * of parts go. Releases everything but the rows and the lock of the folder, in any case. */
mi_code mi_sweep_book_close(mi_sweep_book *book, bool whole, mi_status *status);
void mi_sweep_book_free(mi_sweep_book *book); /* the rest; after closing */

/* Remove from DIRECTORY, of which nobody else makes use, what killed processes had half written,
 * and from DIRECTORY/units, without a book, all that units wrote; else what is of other keys, and
 * checkpoints of units that are done. */
void mi_sweep_tidy(const char *directory, const mi_sweep_book *opt_book);
/* Remove result and tables. */
void mi_sweep_remove_results(const char *directory);

/* Notices: of columns that the first finished unit has no value of, given its record (any thread);
 * of failures; and, of a whole sweep, of columns without values and figures that are not drawn. */
void mi_sweep_notice_first(mi_sweep_book *book, const char *record);
void mi_sweep_notice_failures(const mi_sweep_book *book);
void mi_sweep_notice_gaps(const mi_sweep_book *book, const cJSON *result);

/* Compute all pending units on threads of this process. */
mi_code mi_sweep_threads(mi_sweep_book *book, mi_status *status);

/* The result of a sweep whose units are all settled, without "timing"; tables go to the folder. */
mi_code mi_sweep_result(const mi_experiment *e, const mi_sweep_book *book, cJSON **ret_result,
                        mi_status *status);

#endif
