/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "schema/sentry.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/basics.h"
#include "lib/clock.h"
#include "schema/alarm.h"
#include "schema/disks.h"

#define LOOK_MS        200
#define LOOK_DISKS_MS  5000
#define SLOW_US        1000000
#define QUICK_US       500000
#define WELL_FOR_MS    10000
#define TENTHS(number) ((int64_t)((number)*10))

struct sentry {
    const struct ring *ring;
    const struct writer *writer;
    struct lines *lines;
    struct disks disks;
    int64_t disks_due;          /* ms, steady */
    _Atomic(char *) backup_dir; /* from now on; malloc'ed; "": none; NULL: as before */
    struct alarm ring_half, slow_commit;
    uint64_t commits;   /* seen */
    int64_t longest_us; /* commit while that alarm is on */

    pthread_t thread;
    bool started;
    int wake;                                                                /* an eventfd: it ends */
    atomic_int_fast64_t database_bytes, disk_free, disk_percent, disk_least; /* tenths of a percent */
};

static void look_at_ring(struct sentry *sentry, int64_t now)
{
    const uint64_t all = ring_capacity(sentry->ring);
    const uint64_t has = writer_committed(sentry->writer), used = ring_head(sentry->ring) - has;
    const enum alarm_state state = used > all / 2 ? ALARM_BAD : used < all / 4 ? ALARM_WELL : ALARM_BETWEEN;
    const enum alarm_news news = alarm_look(&sentry->ring_half, state, now, WELL_FOR_MS);
    if (news == ALARM_BEGINS)
        lines_say(
            sentry->lines, STORE_WARNING,
            "the ring is more than half full (%llu of %llu KiB wait for the database): the disk is too slow "
            "for "
            "what is written, or something holds the database up; when it is full, messages are refused. "
            "A larger ring_bytes gives more time",
            (unsigned long long)used / 1024, (unsigned long long)all / 1024);
    else if (news == ALARM_ENDS)
        lines_say(sentry->lines, STORE_INFO, "the ring has room again");
}

/* What the one that is under way has taken by now, or the last one since the look before; us. */
static int64_t slowest(struct sentry *sentry)
{
    const struct writer_commits commits = writer_commits(sentry->writer);
    const int64_t ended = commits.count != sentry->commits ? commits.us : 0;
    const int64_t running = commits.began != 0 ? clock_steady_us() - commits.began : 0;
    sentry->commits = commits.count;
    return larger(ended, running);
}

static void look_at_commits(struct sentry *sentry, int64_t now)
{
    const int64_t us = slowest(sentry);
    const enum alarm_state state = us > SLOW_US ? ALARM_BAD : us < QUICK_US ? ALARM_WELL : ALARM_BETWEEN;
    const enum alarm_news news = alarm_look(&sentry->slow_commit, state, now, WELL_FOR_MS);
    sentry->longest_us = news == ALARM_BEGINS ? us : larger(sentry->longest_us, us);
    if (news == ALARM_BEGINS)
        lines_say(
            sentry->lines, STORE_WARNING,
            "a commit to the database takes more than a second: its disk (%.200s) is slow, or busy with "
            "something else; what is accepted meanwhile waits in the ring",
            sentry->disks.all[DISK_DATABASE].path);
    else if (news == ALARM_ENDS)
        lines_say(sentry->lines, STORE_INFO,
                  "commits to the database are quick again; the longest took %.1f s",
                  (double)sentry->longest_us / 1e6);
}

/* What the broker thread has left for this one. */
static void take_backup_dir(struct sentry *sentry)
{
    char *path = atomic_exchange(&sentry->backup_dir, NULL);
    if (!path)
        return;
    if (!*path) {
        free(path);
        path = NULL;
    }
    disks_set(&sentry->disks, DISK_BACKUP, path);
}

static void look_at_disks(struct sentry *sentry, int64_t now)
{
    struct stat found;
    take_backup_dir(sentry);
    const struct disk *first = &sentry->disks.all[DISK_DATABASE];
    sentry->disks_due = now + LOOK_DISKS_MS;
    disks_look(&sentry->disks, now, sentry->lines);
    atomic_store(&sentry->disk_free, first->free);
    atomic_store(&sentry->disk_percent, TENTHS(first->percent));
    atomic_store(&sentry->disk_least, TENTHS(disks_least(&sentry->disks)));
    if (stat(first->path, &found) == 0)
        atomic_store(&sentry->database_bytes, found.st_size);
}

/* true: it ends. */
static bool rest(const struct sentry *sentry)
{
    struct pollfd wake = {.fd = sentry->wake, .events = POLLIN};
    return poll(&wake, 1, LOOK_MS) > 0;
}

static void *sentry_main(void *context)
{
    struct sentry *sentry = context;
    while (!rest(sentry)) {
        const int64_t now = clock_steady();
        look_at_ring(sentry, now);
        look_at_commits(sentry, now);
        if (now >= sentry->disks_due)
            look_at_disks(sentry, now);
    }
    return NULL;
}

/* `path` NULL or "": none. false: out of memory. */
static bool set_disk(struct sentry *sentry, enum disk_use use, const char *path)
{
    const bool none = !path || !*path;
    char *copy = none ? NULL : strdup(path);
    if (!none && !copy)
        return false;
    disks_set(&sentry->disks, use, copy);
    return true;
}

static bool set_disks(struct sentry *sentry, const struct store_config *config)
{
    return set_disk(sentry, DISK_DATABASE, config->database) &&
           set_disk(sentry, DISK_RING, config->ring_file) &&
           set_disk(sentry, DISK_MEDIA, config->media_dir) &&
           set_disk(sentry, DISK_BACKUP, config->backup_dir);
}

/* It blocks all signals. */
static bool start(struct sentry *sentry)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    sentry->started = pthread_create(&sentry->thread, NULL, sentry_main, sentry) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return sentry->started;
}

struct sentry *sentry_open(const struct store_config *config, const struct ring *ring,
                           const struct writer *writer, struct lines *lines)
{
    struct sentry *sentry = calloc(1, sizeof *sentry);
    if (!sentry)
        return NULL;
    sentry->ring = ring;
    sentry->writer = writer;
    sentry->lines = lines;
    sentry->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (sentry->wake >= 0 && set_disks(sentry, config)) {
        look_at_disks(sentry, clock_steady());
        if (start(sentry))
            return sentry;
    }
    sentry_close(sentry);
    return NULL;
}

void sentry_close(struct sentry *sentry)
{
    if (!sentry)
        return;
    if (sentry->started) {
        eventfd_write(sentry->wake, 1);
        pthread_join(sentry->thread, NULL);
    }
    if (sentry->wake >= 0)
        close(sentry->wake);
    disks_clear(&sentry->disks);
    free(atomic_load(&sentry->backup_dir));
    free(sentry);
}

void sentry_set_backup_dir(struct sentry *sentry, const char *path)
{
    char *copy = strdup(path ? path : "");
    if (copy) /* else it looks where it did */
        free(atomic_exchange(&sentry->backup_dir, copy));
}

struct sentry_figures sentry_figures(const struct sentry *sentry)
{
    return (struct sentry_figures){.database_bytes = atomic_load(&sentry->database_bytes),
                                   .disk_free = atomic_load(&sentry->disk_free),
                                   .disk_percent = (double)atomic_load(&sentry->disk_percent) / 10,
                                   .disk_least = (double)atomic_load(&sentry->disk_least) / 10};
}
