/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* How a store is opened. */
#ifndef SCHEMA_STORE_CONFIG_H
#define SCHEMA_STORE_CONFIG_H

#include <stddef.h>
#include <stdint.h>

/* When the disk is waited for: at each commit of a group of frames; at checkpoints, so that a power loss may take
 * the last minutes; never. */
enum store_sync { SYNC_FULL, SYNC_NORMAL, SYNC_OFF };

enum store_log { STORE_ERROR, STORE_WARNING, STORE_INFO };

struct store_config {
    const char *database;  /* path */
    const char *ring_file; /* path */
    size_t ring_bytes;
    const char *media_dir,
        *backup_dir; /* others write there, the store looks at the room; NULL: nobody does */
    enum store_sync sync;
    int64_t retention_ms; /* 0 keeps for ever */
    int64_t
        clock_checked; /* the date, as YYYYMMDD, on which somebody has found the clock right; 0: nobody has */
    /* One line for the broker's log; on the broker thread only (what the writer has to say waits for
     * store_poll). */
    void (*log)(enum store_log priority, const char *line);
};

#endif
