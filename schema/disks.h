/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* How much room there is on the disks that the server writes to. One that several folders are on is one. statvfs may
 * wait for as long as a network disk does: for a thread that nobody waits for. */
#ifndef SCHEMA_DISKS_H
#define SCHEMA_DISKS_H

#include "schema/alarm.h"
#include "schema/lines.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define DISKS_MAX 4

struct disk {
    char *path;         /* a file or folder on it; NULL: none */
    const char *what;   /* is there: for people */
    const char *effect; /* of its being full: the rest of a sentence */
    dev_t device;
    bool known; /* it could be looked at */
    int64_t free;
    double percent; /* free */
    struct alarm alarm;
};

/* The first is the database's. */
struct disks {
    struct disk all[DISKS_MAX];
    size_t count;
};

/* Copies the path; `what` and `effect` are kept. NULL or "" is no path, and one too many is not looked at. false: out
 * of memory. */
__attribute__((warn_unused_result)) bool disks_add(struct disks *disks, const char *path, const char *what,
                                                   const char *effect);
void disks_clear(struct disks *disks);
/* Looks, and says which have become short of room, or are no more. `now` as in alarm.h. */
void disks_look(struct disks *disks, int64_t now, struct lines *lines);
/* Of those that are known, the one with the least room, in percent; 100 when none is. */
double disks_least(const struct disks *disks);

#endif
