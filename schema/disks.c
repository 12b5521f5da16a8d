/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "schema/disks.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#define FULL_PERCENT 5.0
#define WELL_PERCENT 6.0
#define MIB          1048576

bool disks_add(struct disks *disks, const char *path, const char *what, const char *effect)
{
    if (!path || !*path || disks->count == DISKS_MAX)
        return true;
    char *copy = strdup(path);
    if (!copy)
        return false;
    disks->all[disks->count++] = (struct disk){.path = copy, .what = what, .effect = effect};
    return true;
}

void disks_clear(struct disks *disks)
{
    for (size_t i = 0; i < disks->count; i++)
        free(disks->all[i].path);
    disks->count = 0;
}

/* As `df` reckons: what is kept for root is not there. */
static void measure(struct disk *disk)
{
    struct stat found;
    struct statvfs room;
    disk->known = stat(disk->path, &found) == 0 && statvfs(disk->path, &room) == 0 && room.f_blocks > 0;
    if (!disk->known)
        return;
    const double used = (double)(room.f_blocks - room.f_bfree), left = (double)room.f_bavail;
    disk->device = found.st_dev;
    disk->free = (int64_t)room.f_bavail * (int64_t)room.f_frsize;
    disk->percent = used + left > 0 ? 100 * left / (used + left) : 0;
}

/* It is told of by the one before. */
static bool is_same_disk(const struct disks *disks, size_t i)
{
    for (size_t j = 0; j < i; j++)
        if (disks->all[j].known && disks->all[j].device == disks->all[i].device)
            return true;
    return false;
}

static void judge(struct disk *disk, int64_t now, struct lines *lines)
{
    const enum alarm_state state = disk->percent < FULL_PERCENT    ? ALARM_BAD
                                   : disk->percent >= WELL_PERCENT ? ALARM_WELL
                                                                   : ALARM_BETWEEN;
    const enum alarm_news news = alarm_look(&disk->alarm, state, now, 0);
    if (news == ALARM_BEGINS)
        lines_say(lines, STORE_WARNING,
                  "less than 5 %% of the disk with %s (%.150s) is free, %lld MiB: make room there; when it "
                  "is full, %s",
                  disk->what, disk->path, (long long)(disk->free / MIB), disk->effect);
    else if (news == ALARM_ENDS)
        lines_say(lines, STORE_INFO, "there is room again on the disk with %s (%.150s): %.0f %% is free",
                  disk->what, disk->path, disk->percent);
}

void disks_look(struct disks *disks, int64_t now, struct lines *lines)
{
    for (size_t i = 0; i < disks->count; i++) {
        measure(&disks->all[i]);
        if (disks->all[i].known && !is_same_disk(disks, i))
            judge(&disks->all[i], now, lines);
    }
}

double disks_least(const struct disks *disks)
{
    double least = 100;
    for (size_t i = 0; i < disks->count; i++)
        if (disks->all[i].known && disks->all[i].percent < least)
            least = disks->all[i].percent;
    return least;
}
