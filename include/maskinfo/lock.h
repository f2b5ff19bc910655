/* Locks between processes: who works in a folder. */
#ifndef MASKINFO_LOCK_H
#define MASKINFO_LOCK_H

#include "maskinfo/status.h"

typedef struct mi_lock mi_lock;

/* Take the lock `path` (a file, made where missing), alone or together with others that share it;
 * without waiting, but for the moment (a tenth of a second) in which another one may be giving it
 * back. It is the kernel's lock on the file (fcntl), which ends with the process however
 * that ends, and which a network file system carries to the other machines; within one process it
 * excludes nobody: all locks of a process on one file are one, which the first to be given back
 * (and any other closing of that file) ends. So nothing else may open the file, and a process takes
 * it once. MI_INPUT: another process has it, which the message names as well as it can;
 * MI_IO: the file can not be made or locked. */
mi_code mi_lock_take(const char *path, bool shared, mi_lock **ret_lock, mi_status *status);

/* Give it back; the file goes with the last one who had it. Accepts NULL. */
void mi_lock_release(mi_lock *lock);

#endif
