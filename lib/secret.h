/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* A file with a private key, as text. */
#ifndef LIB_SECRET_H
#define LIB_SECRET_H

#include <stddef.h>

#define SECRET_BYTES_MAX 65536

/* The whole of `path`, NUL-terminated, for secret_free. Refuses: not readable, not a regular file, any
 * permission for "others" (mode & 007), empty, over SECRET_BYTES_MAX, a NUL byte. NULL: `error` has a
 * sentence that names the path. */
char *secret_read(const char *path, char *error, size_t error_size);
/* Overwrites before freeing; NULL is fine. */
void secret_free(char *secret);

#endif
