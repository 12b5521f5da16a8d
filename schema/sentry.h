/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Looks after the store from a thread of its own, which nobody waits for: not the broker, and not the writer, who may be
 * the one that hangs. Says in the broker's log, once when it begins and once when it is over, that the ring is more than
 * half full, that a commit takes more than a second (while it does), or that a disk has less than 5 % free. */
#ifndef SCHEMA_SENTRY_H
#define SCHEMA_SENTRY_H

#include "schema/lines.h"
#include "schema/ring.h"
#include "schema/store_config.h"
#include "schema/writer.h"
#include <stdint.h>

struct sentry;

struct sentry_figures {
    int64_t database_bytes;          /* of the file */
    int64_t disk_free;               /* bytes, on its disk */
    double disk_percent, disk_least; /* free: on its disk; on the fullest of all */
};

/* Looks at the disks, then starts the thread. What is borrowed, all but the paths in `config`, must outlive it. NULL:
 * out of memory, or of threads. */
__attribute__((warn_unused_result)) struct sentry *sentry_open(const struct store_config *config,
                                                               const struct ring *ring,
                                                               const struct writer *writer,
                                                               struct lines *lines);
/* Ends the thread. Where that looks at a disk that does not answer, it is waited for. NULL is fine. */
void sentry_close(struct sentry *sentry);
/* From now on; NULL: there is none. Broker thread. */
void sentry_set_backup_dir(struct sentry *sentry, const char *path);
/* As of some seconds ago at most. Any thread. */
struct sentry_figures sentry_figures(const struct sentry *sentry);

#endif
