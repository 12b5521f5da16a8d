/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The folder that a file is in. No state, any thread. */
#ifndef LIB_FOLDER_H
#define LIB_FOLDER_H

#include <stddef.h>

/* "." for a name without one. Cut at `size` bytes. */
void folder_of(const char *path, char *out, size_t size);
/* Has it on the disk what files there are: a new or another name of `path` is there only then. Where folders cannot be synced
 * (EINVAL of fsync) that is nobody's fault. Returns 0 or errno. */
int folder_sync(const char *path);

#endif
