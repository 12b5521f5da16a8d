/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "schema/disks.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#define FULL_PERCENT 5.0
#define WELL_PERCENT 6.0
#define MIB          1048576

/* For people; when it is full: the rest of a sentence. */
static const struct {
    const char *what, *effect;
} uses[DISK_USES] = {
    [DISK_DATABASE] = {"the database", "messages are accepted until the ring is, too, and then no more"},
    [DISK_RING] = {"the ring", "a ring that has to be made anew finds no room"},
    [DISK_MEDIA] = {"media_dir", "uploads are refused"},
    [DISK_BACKUP] = {"backup_dir", "backups fail"},
};

void disks_set(struct disks *disks, enum disk_use use, char *path_take)
{
    struct disk *disk = &disks->all[use];
    if (path_take && disk->path && strcmp(path_take, disk->path) == 0) {
        free(path_take);
        return;
    }
    free(disk->path);
    *disk = (struct disk){.path = path_take};
}

void disks_clear(struct disks *disks)
{
    for (int i = 0; i < DISK_USES; i++)
        disks_set(disks, (enum disk_use)i, NULL);
}

/* As `df` reckons: what is kept for root is not there. */
static void measure(struct disk *disk)
{
    struct stat found;
    struct statvfs room;
    disk->known =
        disk->path && stat(disk->path, &found) == 0 && statvfs(disk->path, &room) == 0 && room.f_blocks > 0;
    if (!disk->known)
        return;
    const double used = (double)(room.f_blocks - room.f_bfree), left = (double)room.f_bavail;
    disk->device = found.st_dev;
    disk->free = (int64_t)room.f_bavail * (int64_t)room.f_frsize;
    disk->percent = used + left > 0 ? 100 * left / (used + left) : 0;
}

/* It is told of by the one before. */
static bool is_same_disk(const struct disks *disks, int i)
{
    for (int j = 0; j < i; j++)
        if (disks->all[j].known && disks->all[j].device == disks->all[i].device)
            return true;
    return false;
}

static void judge(struct disks *disks, int use, int64_t now, struct lines *lines)
{
    struct disk *disk = &disks->all[use];
    const enum alarm_state state = disk->percent < FULL_PERCENT    ? ALARM_BAD
                                   : disk->percent >= WELL_PERCENT ? ALARM_WELL
                                                                   : ALARM_BETWEEN;
    const enum alarm_news news = alarm_look(&disk->alarm, state, now, 0);
    if (news == ALARM_BEGINS)
        lines_say(lines, STORE_WARNING,
                  "less than 5 %% of the disk with %s (%.150s) is free, %lld MiB: make room there; when it "
                  "is full, %s",
                  uses[use].what, disk->path, (long long)(disk->free / MIB), uses[use].effect);
    else if (news == ALARM_ENDS)
        lines_say(lines, STORE_INFO, "there is room again on the disk with %s (%.150s): %.0f %% is free",
                  uses[use].what, disk->path, disk->percent);
}

void disks_look(struct disks *disks, int64_t now, struct lines *lines)
{
    for (int i = 0; i < DISK_USES; i++) {
        measure(&disks->all[i]);
        if (disks->all[i].known && !is_same_disk(disks, i))
            judge(disks, i, now, lines);
    }
}

double disks_least(const struct disks *disks)
{
    double least = 100;
    for (int i = 0; i < DISK_USES; i++)
        if (disks->all[i].known && disks->all[i].percent < least)
            least = disks->all[i].percent;
    return least;
}
