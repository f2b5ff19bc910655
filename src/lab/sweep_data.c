/* The data files that units of a sweep read: what is in them is a part of what the units are. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

#include "maskinfo/memory.h"
#include "maskinfo/stream.h"
#include "sweep.h"
#include "training.h"

/* Sets of files: each unit reads the files of one. There are few, units many. */
typedef struct file_set {
    char *paths; /* each ended by a newline */
    uint64_t hash;
} file_set;

typedef struct known_file {
    char *path;
    uint64_t hash;
} known_file;

typedef struct mi_sweep_data {
    file_set *sets;
    size_t set_count;
    uint32_t *set_of; /* (units) */
    uint64_t *bare;   /* (units): keys without the files; NULL until they were folded in */
    known_file *files;
    size_t file_count;
} mi_sweep_data;

static void forget_files(mi_sweep_data *d)
{
    for (size_t i = 0; i < d->file_count; i++) {
        free(d->files[i].path);
    }
    free(d->files);
    d->files = NULL;
    d->file_count = 0;
}

void mi_sweep_data_destroy(mi_sweep_data *d)
{
    if (d == NULL) {
        return;
    }
    for (size_t i = 0; i < d->set_count; i++) {
        free(d->sets[i].paths);
    }
    forget_files(d);
    free(d->sets);
    free(d->set_of);
    free(d->bare);
    free(d);
}

static void list_values(const mi_values *opt_values, FILE *out)
{
    for (size_t i = 0; opt_values != NULL && i < opt_values->count; i++) {
        const mi_value *v = &opt_values->items[i];
        bool is_file = (v->parameter->flags & MI_FILE) && v->given;
        list_values(v->group, out);
        if (is_file && v->parameter->type == MI_TEXT) {
            fprintf(out, "%s\n", v->text);
        }
        for (size_t f = 0; is_file && v->parameter->type == MI_PATHS && f < v->path_count; f++) {
            fprintf(out, "%s\n", v->paths[f]);
        }
    }
}

static void list_curve(const mi_curve_config *c, FILE *out)
{
    list_values(c->model, out);
    list_values(c->mask, out);
    list_values(c->estimator, out);
    list_values(c->entry, out);
}

static void list_all(const mi_experiment *e, FILE *out)
{
    list_values(e->settings, out);
    for (size_t i = 0; i < e->count; i++) {
        list_curve(&e->curves[i], out);
    }
    for (size_t i = 0; i < e->train_count; i++) {
        const mi_train_config *t = &e->trains[i];
        const mi_values *parts[] = {t->method,    t->training, t->evaluation,
                                    t->opt_probe, t->collapse, t->maps};
        list_curve(&t->curve, out);
        for (size_t p = 0; p < sizeof parts / sizeof *parts; p++) {
            list_values(parts[p], out);
        }
    }
}

static mi_code list_files(const mi_experiment *e, char **ret_paths, mi_status *status)
{
    size_t size = 0;
    FILE *out = mi_open_text(ret_paths, &size);
    if (out != NULL) {
        list_all(e, out);
    }
    return out != NULL && fclose(out) == 0 ? MI_OK
                                           : mi_fail(status, MI_MEMORY, "out of memory for names");
}

/* The number of a set, which is new or known; takes over *paths. */
static mi_code find_set(mi_sweep_data *d, char **paths, uint32_t *ret_set, mi_status *status)
{
    for (size_t i = d->set_count; i-- > 0;) { /* neighbours read the same */
        if (strcmp(d->sets[i].paths, *paths) == 0) {
            *ret_set = (uint32_t)i;
            return MI_OK;
        }
    }
    mi_code code = mi_resize(d->set_count + 1, sizeof *d->sets, &d->sets, status);
    if (code == MI_OK) {
        *ret_set = (uint32_t)d->set_count;
        d->sets[d->set_count++] = (file_set){.paths = *paths};
        *paths = NULL;
    }
    return code;
}

/* With the set of no files, which is that of all units before. */
static mi_code begin(mi_sweep *s, mi_status *status)
{
    char *none = NULL;
    uint32_t set = 0;
    mi_code code = mi_allocate(1, sizeof *s->opt_data, &s->opt_data, status);
    if (code == MI_OK) {
        code = mi_allocate(s->count, sizeof *s->opt_data->set_of, &s->opt_data->set_of, status);
    }
    if (code == MI_OK) {
        code = mi_copy_text("", &none, status);
    }
    if (code == MI_OK) {
        code = find_set(s->opt_data, &none, &set, status);
    }
    free(none);
    return code;
}

mi_code mi_sweep_note_data(mi_sweep *s, size_t unit, const mi_experiment *e, mi_status *status)
{
    char *paths = NULL;
    mi_code code = list_files(e, &paths, status);
    bool any = code == MI_OK && paths[0] != '\0';
    if (any && s->opt_data == NULL) {
        code = begin(s, status);
    }
    if (code == MI_OK && s->opt_data != NULL) {
        code = find_set(s->opt_data, &paths, &s->opt_data->set_of[unit], status);
    }
    free(paths);
    return code;
}

static uint64_t hash_number(uint64_t hash, unsigned long long number)
{
    char text[32];
    snprintf(text, sizeof text, "%llu,", number);
    return mi_sweep_hash(hash, text);
}

/* Size and CRC-32 of what can be read. */
static uint64_t hash_file(uint64_t hash, const char *path)
{
    unsigned char block[1 << 16];
    unsigned long check = crc32_z(0, NULL, 0);
    unsigned long long size = 0;
    FILE *file = fopen(path, "rb");
    for (size_t length = 1; file != NULL && length > 0;) {
        length = fread(block, 1, sizeof block, file);
        check = crc32_z(check, block, length);
        size += length;
    }
    if (file != NULL) {
        fclose(file);
    }
    return hash_number(hash_number(hash, size), check);
}

static int is_seen(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static bool is_regular(const char *path)
{
    struct stat about;
    return stat(path, &about) == 0 && S_ISREG(about.st_mode);
}

/* Names and contents of the files in a folder, in order of their names. */
static uint64_t hash_folder(uint64_t hash, const char *path)
{
    struct dirent **entries = NULL;
    int count = scandir(path, &entries, is_seen, by_bytes);
    for (int i = 0; i < count; i++) {
        char file[2 * MI_SWEEP_PATH];
        snprintf(file, sizeof file, "%s/%s", path, entries[i]->d_name);
        if (is_regular(file)) {
            hash = hash_file(mi_sweep_hash(hash, entries[i]->d_name), file);
        }
        free(entries[i]);
    }
    free(entries);
    return hash;
}

static mi_code hash_path(mi_sweep_data *d, const char *path, uint64_t *ret_hash, mi_status *status)
{
    struct stat about;
    for (size_t i = 0; i < d->file_count; i++) {
        if (strcmp(d->files[i].path, path) == 0) {
            *ret_hash = d->files[i].hash;
            return MI_OK;
        }
    }
    char *copy = NULL;
    mi_code code = mi_copy_text(path, &copy, status);
    if (code == MI_OK) {
        code = mi_resize(d->file_count + 1, sizeof *d->files, &d->files, status);
    }
    if (code != MI_OK) {
        free(copy);
        return code;
    }
    if (stat(path, &about) == 0 && S_ISDIR(about.st_mode)) {
        *ret_hash = hash_folder(MI_SWEEP_HASH, path);
    } else {
        *ret_hash = is_regular(path) ? hash_file(MI_SWEEP_HASH, path) : 0;
    }
    d->files[d->file_count++] = (known_file){copy, *ret_hash};
    return MI_OK;
}

/* Where a file is does not matter beyond what the configuration says, only what is in it. */
static mi_code hash_set(mi_sweep_data *d, file_set *set, mi_status *status)
{
    mi_code code = MI_OK;
    set->hash = MI_SWEEP_HASH;
    for (char *path = set->paths; code == MI_OK && *path != '\0';) {
        uint64_t hash = 0;
        char *end = strchr(path, '\n');
        *end = '\0';
        code = hash_path(d, path, &hash, status);
        set->hash = hash_number(set->hash, hash);
        *end = '\n';
        path = end + 1;
    }
    return code;
}

/* The keys as they were found first. */
static mi_code keep_bare(mi_sweep *s, mi_status *status)
{
    mi_sweep_data *d = s->opt_data;
    if (d->bare != NULL) {
        return MI_OK;
    }
    mi_code code = mi_allocate(s->count, sizeof *d->bare, &d->bare, status);
    if (code == MI_OK) {
        memcpy(d->bare, s->keys, s->count * sizeof *d->bare);
    }
    return code;
}

mi_code mi_sweep_read_data(mi_sweep *s, mi_status *status)
{
    mi_sweep_data *d = s->opt_data;
    if (d == NULL) {
        return MI_OK;
    }
    mi_code code = keep_bare(s, status);
    for (size_t i = 0; code == MI_OK && i < d->set_count; i++) {
        code = hash_set(d, &d->sets[i], status);
    }
    for (size_t unit = 0; code == MI_OK && unit < s->count; unit++) {
        const file_set *set = &d->sets[d->set_of[unit]];
        s->keys[unit] =
            set->paths[0] != '\0' ? hash_number(d->bare[unit], set->hash) : d->bare[unit];
    }
    forget_files(d);
    mi_sweep_sum_keys(s);
    return code;
}
