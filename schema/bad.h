/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The file of frames that can never be executed, <database>.bad: the writer appends to it, `chatctl bad` reads
 * it. An entry:
 *
 *   magic "CHATBAD\n", format u32, length of the reason u32, time i64 (milliseconds since 1970),
 *   position u64 (in the ring), records u32, length of the records u32, CRC-32 u32 of the whole with this field
 *   0, reserved u32 (0), reason, records as in the ring (schema/ring.h)
 *
 * Knows neither SQLite nor a thread. */
#ifndef SCHEMA_BAD_H
#define SCHEMA_BAD_H

#include "schema/ring.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Appends a frame, and returns when it is on the disk: 0, or an errno, and then the file is as it was. It is
 * made with mode 0600, and nobody else can read it afterwards; a symlink is not followed. */
__attribute__((warn_unused_result)) int bad_keep(const char *path, const struct ring_frame *frame,
                                                 int64_t time, const char *reason);

struct bad_entry {
    int64_t time;
    const char *reason; /* not terminated */
    size_t reason_len;
    struct ring_frame frame; /* without `end` */
    size_t skipped;          /* bytes in front of it that are no entry: one was torn */
};
/* The next entry of a file's bytes, at or behind *offset (0 at first), which moves behind it. false: there is
 * none; what is left behind *offset is no entry. What it gives points into `bytes`. */
bool bad_next(const uint8_t *bytes, size_t len, size_t *offset, struct bad_entry *entry);

#endif
