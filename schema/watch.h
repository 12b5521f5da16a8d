/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Are the files in use still those that their paths lead to? Somebody may remove or replace them while the broker
 * runs: what is written then is gone with the process. Looks once a second; writer thread only. */
#ifndef SCHEMA_WATCH_H
#define SCHEMA_WATCH_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum watched_kind { WATCH_RING, WATCH_DATABASE, WATCH_LOG, WATCH_INDEX, WATCHED };

struct watched_file {
    char *path; /* NULL: not watched */
    dev_t device;
    ino_t inode;
    bool gone, changed; /* since the look before */
};

struct file_watch {
    struct watched_file files[WATCHED];
    int64_t next; /* look, on the steady clock */
};

/* When all files are open: the database with its write-ahead log and the log's index. false: out of memory, or one
 * is not there. watch_clear in either case. */
__attribute__((warn_unused_result)) bool watch_init(struct file_watch *watch, const char *database,
                                                    const char *ring);
void watch_clear(struct file_watch *watch);
/* Looks again when a second is over; true when something has changed since. `now` is clock_steady's. */
bool watch_look(struct file_watch *watch, int64_t now);

#endif
