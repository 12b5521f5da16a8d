/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What store.c (frames, ids, reads) and store_open.c (the beginning and the end of a life) share. For nobody
 * else. */
#ifndef SCHEMA_STORE_INTERNAL_H
#define SCHEMA_STORE_INTERNAL_H

#include "schema/database.h"
#include "schema/ring.h"
#include "schema/statements.h"
#include "schema/store_config.h"
#include "schema/writer.h"
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

/* A mark is at least this far above the id in use when it is made. */
#define ID_BLOCK 100000
/* No frame with an id is shorter. */
#define ID_BYTES 128

struct store {
    struct store_config config;
    int lock; /* of the database; -1 */
    sqlite3 *write_db, *read_db;
    sqlite3_stmt *read[READS];
    struct ring *ring;
    struct writer *writer;
    struct sentry *sentry;
    struct database_state state; /* of this life */

    uint64_t committed;       /* as of the last poll */
    struct store_hook *hooks; /* utlist LL */
    time_t shrunk;            /* the second of the last ring_shrink */

    bool broken; /* the open frame has outgrown its reservation */
    const char *last_blob;
    bool read_failed;
    uint64_t reads, rows, records; /* store_work */
    uint64_t frames;               /* committed to the ring in this life */

    int64_t last_id;
    int64_t id_block;     /* a mark is so far above the id in use when it is made */
    int64_t id_mark;      /* ids below it may be used */
    int64_t id_mark_next; /* asked for; in force when id_mark_position is committed; 0: not asked */
    uint64_t id_mark_position;
    bool id_mark_in_frame;
    uint64_t id_mark_bad; /* bad frames when it was asked for: one more, and it may have been in that one */

    char boot_id[sizeof((struct database_state *)0)->boot_id]; /* of the machine, now */
    bool cut;                                                  /* frames of the last life may be missing */
    int64_t ring_id_mark;  /* what the ring of the last life, or one put aside, says */
    uint64_t epoch_before; /* of the last life */
};

__attribute__((format(printf, 3, 4))) void store_say(struct store *store, enum store_log priority,
                                                     const char *format, ...);

#endif
