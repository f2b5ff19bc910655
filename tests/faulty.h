/* Allocations that fail on request: those of the library and the program, whose symbols the
 * Makefile renames, and of the shared libraries that they call, for which malloc and its like are
 * defined here. Those of libxsmm, OpenBLAS and libgomp, which end the process where they get no
 * memory, are left alone. */
#ifndef MASKINFO_TESTS_FAULTY_H
#define MASKINFO_TESTS_FAULTY_H

#include <stdbool.h>

/* From now on count allocations, and let the one with this index fail; negative: none. `libraries`:
 * also those of the shared libraries, else only those of the library and the program. */
void faulty_arm(long index, bool libraries);

/* No longer. Returns how many there were since. */
long faulty_disarm(void);

/* The library ("/libgsl.", ""  for the program itself) whose allocation failed since the last
 * faulty_arm; NULL: none did. */
const char *faulty_where(void);

/* Blocks that are allocated and not yet freed, of the whole process. */
long faulty_live(void);

#endif
