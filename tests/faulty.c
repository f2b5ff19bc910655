#define _GNU_SOURCE /* dl_iterate_phdr */
#include "faulty.h"

#include <errno.h>
#include <link.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* What stands behind the names that are defined below. */
#ifdef __SANITIZE_ADDRESS__
#define REAL(name) __interceptor_##name
#else
#define REAL(name) __libc_##name
#endif
void *REAL(malloc)(size_t size);
void *REAL(calloc)(size_t count, size_t size);
void *REAL(realloc)(void *block, size_t size);
void REAL(free)(void *block);

void *faulty_malloc(size_t size);
void *faulty_calloc(size_t count, size_t size);
void *faulty_realloc(void *block, size_t size);

static const char *const libraries[] = {"/libcjson.",      "/libgsl.", "/libcholmod.",
                                        "/libsuitesparse", "/libpng",  "/libjpeg.",
                                        "/libz.",          "/libc."};
enum { LIBRARIES = sizeof libraries / sizeof *libraries };

typedef struct range {
    uintptr_t from, to;
    const char *name;
} range;

/* The count lives in the test program. */
static range counted[LIBRARIES];
static size_t counted_ranges;
static atomic_bool armed, libraries_too;
static atomic_long seen, failing, live;
static const char *_Atomic failed_in;

static bool fails_now(const char *caller)
{
    if (!atomic_load(&armed) || atomic_fetch_add(&seen, 1) != atomic_load(&failing)) {
        return false;
    }
    atomic_store(&failed_in, caller);
    errno = ENOMEM;
    return true;
}

/* The library that calls, NULL where it is to be left alone. */
static const char *library_of(const void *caller)
{
    uintptr_t at = (uintptr_t)caller;
    for (size_t i = 0; i < counted_ranges; i++) {
        if (at >= counted[i].from && at < counted[i].to) {
            return counted[i].name;
        }
    }
    return NULL;
}

static bool call_fails(const void *caller)
{
    const char *library = atomic_load(&libraries_too) ? library_of(caller) : NULL;
    return library != NULL && fails_now(library);
}

static void *note(void *block)
{
    if (block != NULL) {
        atomic_fetch_add(&live, 1);
    }
    return block;
}

static void *resize(void *block, size_t size)
{
    void *moved = REAL(realloc)(block, size);
    return block == NULL ? note(moved) : moved;
}

/* Calls of the library and the program. */
void *faulty_malloc(size_t size)
{
    return fails_now("") ? NULL : note(REAL(malloc)(size));
}

void *faulty_calloc(size_t count, size_t size)
{
    return fails_now("") ? NULL : note(REAL(calloc)(count, size));
}

void *faulty_realloc(void *block, size_t size)
{
    return fails_now("") ? NULL : resize(block, size);
}

/* Calls of all others. */
void *malloc(size_t size)
{
    return call_fails(__builtin_return_address(0)) ? NULL : note(REAL(malloc)(size));
}

void *calloc(size_t count, size_t size)
{
    return call_fails(__builtin_return_address(0)) ? NULL : note(REAL(calloc)(count, size));
}

void *realloc(void *block, size_t size)
{
    return call_fails(__builtin_return_address(0)) ? NULL : resize(block, size);
}

void free(void *block)
{
    if (block != NULL) {
        atomic_fetch_sub(&live, 1);
    }
    REAL(free)(block);
}

static int add_library(struct dl_phdr_info *info, size_t size, void *context)
{
    (void)size;
    (void)context;
    for (size_t i = 0; i < LIBRARIES; i++) {
        const char *found = strstr(info->dlpi_name, libraries[i]);
        for (int k = 0; found != NULL && k < info->dlpi_phnum; k++) {
            const ElfW(Phdr) *part = &info->dlpi_phdr[k];
            if (part->p_type == PT_LOAD && (part->p_flags & PF_X) != 0 &&
                counted_ranges < LIBRARIES) {
                uintptr_t from = info->dlpi_addr + part->p_vaddr;
                counted[counted_ranges++] = (range){from, from + part->p_memsz, libraries[i]};
            }
        }
    }
    return 0;
}

void faulty_arm(long index, bool libraries_as_well)
{
    if (counted_ranges == 0) {
        dl_iterate_phdr(add_library, NULL);
    }
    atomic_store(&seen, 0);
    atomic_store(&libraries_too, libraries_as_well);
    atomic_store(&failing, index);
    atomic_store(&failed_in, NULL);
    atomic_store(&armed, true);
}

long faulty_disarm(void)
{
    atomic_store(&armed, false);
    return atomic_load(&seen);
}

const char *faulty_where(void)
{
    return atomic_load(&failed_in);
}

long faulty_live(void)
{
    return atomic_load(&live);
}

/* For LeakSanitizer: GSL leaves behind what its own failed allocations of compound things had
 * already gathered. What of GSL's we forget to free shows in faulty_live(). */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libgsl.so\n";
}
