/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* How much room there is on the disks that the server writes to. One that several folders are on is one. statvfs may
 * wait for as long as a network disk does: for a thread that nobody waits for. */
#ifndef SCHEMA_DISKS_H
#define SCHEMA_DISKS_H

#include "schema/alarm.h"
#include "schema/lines.h"
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* What is on them. */
enum disk_use { DISK_DATABASE, DISK_RING, DISK_MEDIA, DISK_BACKUP, DISK_USES };

struct disk {
    char *path; /* a file or folder on it; NULL: none */
    dev_t device;
    bool known; /* it could be looked at */
    int64_t free;
    double percent; /* free */
    struct alarm alarm;
};

/* Begins as zeros. */
struct disks {
    struct disk all[DISK_USES];
};

/* `path_take`: malloc'ed; NULL: none. The same as before changes nothing. */
void disks_set(struct disks *disks, enum disk_use use, char *path_take);
void disks_clear(struct disks *disks);
/* Looks, and says which have become short of room, or are no more. `now` as in alarm.h. */
void disks_look(struct disks *disks, int64_t now, struct lines *lines);
/* Of those that are known, the one with the least room, in percent; 100 when none is. */
double disks_least(const struct disks *disks);

#endif
