/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The bytes of a file to import, one after the other: where they are, and a hash of all that has been read, by which a file
 * is known again up to there. Small memory, whatever the file has. */
#ifndef CTL_IMPORT_SOURCE_H
#define CTL_IMPORT_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#define SOURCE_CHUNK 65536

struct import_source {
    int fd;
    const char *path; /* borrowed */
    int64_t size;     /* when it was opened */
    int64_t offset;   /* of the next byte */
    int64_t line;     /* in which that is, from 1 */
    uint64_t hash;    /* of all before it: FNV-1a */
    int error;        /* errno of a read that failed, which looks like the end */
    unsigned at, len;
    unsigned char chunk[SOURCE_CHUNK];
};

/* Skips a byte order mark. Returns an exit code; what is wrong has been said. */
__attribute__((warn_unused_result)) int source_open(struct import_source *source, const char *path);
void source_close(struct import_source *source);

/* The next byte, which stays; -1: there is none. */
int source_peek(struct import_source *source);
int source_next(struct import_source *source);
/* Reads on until `offset`. false: the file ends before. */
__attribute__((warn_unused_result)) bool source_skip_to(struct import_source *source, int64_t offset);

/* The hash's next value, of `len` bytes more; it begins with SOURCE_HASH_BEGIN. */
#define SOURCE_HASH_BEGIN UINT64_C(14695981039346656037)
uint64_t source_hash(uint64_t hash, const void *bytes, unsigned long len);

#endif
