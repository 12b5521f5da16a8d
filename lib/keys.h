/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The secret keys of secret_key_file: one a line, the first signs, all verify. A key is the text of the line,
 * trimmed of white space at both ends; it is never decoded. Empty lines and lines starting with '#' are
 * skipped. */
#ifndef LIB_KEYS_H
#define LIB_KEYS_H

#include <stddef.h>

#define KEYS_MAX      16
#define KEY_BYTES_MAX 256

struct keys {
    size_t count;
    char key[KEYS_MAX][KEY_BYTES_MAX + 1];
};

/* Reads `path`. Refuses: not readable, not a regular file, any permission for "others" (mode & 007), no key,
 * more than KEYS_MAX keys, a longer key than KEY_BYTES_MAX, a NUL byte, a file over 64 KiB. Returns 0, or -1
 * with a sentence in `error` (which names the path and never a key). `keys` is changed only on success. */
__attribute__((warn_unused_result)) int keys_load(struct keys *keys, const char *path, char *error,
                                                  size_t error_size);
/* Overwrites the keys in memory. */
void keys_clear(struct keys *keys);

#endif
