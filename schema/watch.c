/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "schema/watch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define EVERY_MS 1000

static bool remember(struct watched_file *file)
{
    struct stat found;
    if (!file->path || stat(file->path, &found) != 0)
        return false;
    file->device = found.st_dev;
    file->inode = found.st_ino;
    return true;
}

static char *beside(const char *path, const char *suffix)
{
    char *joined;
    return asprintf(&joined, "%s%s", path, suffix) < 0 ? NULL : joined;
}

bool watch_init(struct file_watch *watch, const char *database, const char *ring)
{
    char *real = realpath(database, NULL); /* SQLite's other files are beside what a link leads to */
    *watch = (struct file_watch){.files[WATCH_RING].path = strdup(ring), .files[WATCH_DATABASE].path = real};
    if (real) {
        watch->files[WATCH_LOG].path = beside(real, "-wal");
        watch->files[WATCH_INDEX].path = beside(real, "-shm");
    }
    bool complete = true;
    for (int i = 0; i < WATCHED; i++)
        complete = remember(&watch->files[i]) && complete;
    return complete;
}

void watch_clear(struct file_watch *watch)
{
    for (int i = 0; i < WATCHED; i++)
        free(watch->files[i].path);
    *watch = (struct file_watch){0};
}

/* An error that says nothing about the file changes nothing. */
static bool is_gone(const struct watched_file *file)
{
    struct stat found;
    if (stat(file->path, &found) != 0)
        return errno == ENOENT || errno == ENOTDIR || file->gone;
    return found.st_dev != file->device || found.st_ino != file->inode || found.st_nlink == 0;
}

bool watch_look(struct file_watch *watch, int64_t now)
{
    bool changed = false;
    if (now < watch->next)
        return false;
    watch->next = now + EVERY_MS;
    for (int i = 0; i < WATCHED; i++) {
        struct watched_file *file = &watch->files[i];
        bool gone = file->path && is_gone(file);
        file->changed = gone != file->gone;
        changed = changed || file->changed;
        file->gone = gone;
    }
    return changed;
}
