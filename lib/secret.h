/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* A file that is nobody else's to read, as text: secret keys, a private key, a service account. */
#ifndef LIB_SECRET_H
#define LIB_SECRET_H

#define SECRET_BYTES_MAX 65536
#define SECRET_FAULT_MAX 100

/* The whole of `path`, NUL-terminated, for secret_free. Refuses: not readable, not a regular file, any
 * permission for "others" (mode & 007), empty, over SECRET_BYTES_MAX, a NUL byte. NULL: `fault` says what is
 * wrong with it, to stand behind its name: "is not a regular file". */
char *secret_read(const char *path, char fault[SECRET_FAULT_MAX]);
/* Overwrites before freeing; NULL is fine. */
void secret_free(char *secret);

#endif
