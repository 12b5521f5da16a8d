/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* chatctl restore: puts a backup in the place of the database of a broker that does not run. What was there stays, under
 * another name; there is a whole database under the configured name at any moment. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl/command.h"
#include "ctl/complain.h"
#include "ctl/config.h"
#include "lib/basics.h"
#include "lib/folder.h"

#define BEFORE ".before-restore"
#define PART   ".restoring"
#define ASIDE  ".aside"
#define HEADER                                                                                               \
    "SQLite format 3" /* with its NUL: the first 16 bytes, https://www.sqlite.org/fileformat.html */
#define CHUNK 1048576

struct restore {
    const char *backup, *config;
    bool ring_aside;
    struct ctl_paths paths;
    int lock; /* the database's, as the broker has it; -1: there is no database */
};

/* "", which is nowhere, when it is too long. */
static const char *join(char out[PATH_MAX], const char *path, const char *suffix)
{
    if (snprintf(out, PATH_MAX, "%s%s", path, suffix) >= PATH_MAX)
        out[0] = '\0';
    return out;
}

static int complain_of(const char *path)
{
    return complain("%s: %s", path, strerror(errno));
}

static int lock_database(struct restore *restore)
{
    restore->lock = open(restore->paths.database, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (restore->lock < 0)
        return errno == ENOENT ? EXIT_DONE : complain_of(restore->paths.database);
    if (flock(restore->lock, LOCK_EX | LOCK_NB) == 0)
        return EXIT_DONE;
    return errno == EWOULDBLOCK ? complain("%s is in use: stop the broker first (systemctl stop mosquitto)",
                                           restore->paths.database)
                                : complain_of(restore->paths.database);
}

/* A database of ours has a schema version (PRAGMA user_version, bytes 60 to 63). */
static int check_backup(const char *path, int *file)
{
    unsigned char head[100];
    static const unsigned char none[4];
    *file = open(path, O_RDONLY | O_CLOEXEC);
    if (*file < 0)
        return complain_of(path);
    if (pread(*file, head, sizeof head, 0) != (ssize_t)sizeof head ||
        memcmp(head, HEADER, sizeof HEADER) != 0 || memcmp(head + 60, none, sizeof none) == 0)
        return complain("%s is not a backup of a chat database", path);
    return EXIT_DONE;
}

/* The copy belongs to whom the database belongs to, or, without one, its folder. */
static bool give_to_owner(const char *database, int file)
{
    char folder[PATH_MAX];
    struct stat owner;
    folder_of(database, folder, sizeof folder);
    if (stat(database, &owner) != 0 && stat(folder, &owner) != 0)
        return false;
    return geteuid() != 0 || fchown(file, owner.st_uid, owner.st_gid) == 0;
}

static bool copy_bytes(int from, int to)
{
    ssize_t copied;
    do
        copied = sendfile(to, from, NULL, CHUNK);
    while (copied > 0);
    return copied == 0 && fsync(to) == 0;
}

static int copy_backup(const struct restore *restore, int from)
{
    char part[PATH_MAX];
    join(part, restore->paths.database, PART);
    unlink(part); /* of an attempt that was interrupted */
    int to = open(part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (to < 0)
        return complain_of(part);
    bool good = give_to_owner(restore->paths.database, to) && copy_bytes(from, to);
    int result = good ? EXIT_DONE : complain_of(part);
    close(to);
    if (!good)
        unlink(part);
    return result;
}

/* Moved where there is one. A log that stayed would be taken for the restored database's own. */
static int move_log(const char *database, const char *suffix)
{
    char from[PATH_MAX], to[PATH_MAX], before[PATH_MAX];
    join(from, database, suffix);
    join(to, join(before, database, BEFORE), suffix);
    return rename(from, to) == 0 || errno == ENOENT ? EXIT_DONE : complain_of(from);
}

static int keep_old(const char *database)
{
    char before[PATH_MAX];
    join(before, database, BEFORE);
    if (link(database, before) == 0)
        return EXIT_DONE;
    return errno == EEXIST
               ? complain("%s is there already: of an earlier restore; move it away first", before)
               : complain_of(before);
}

static int put_in_place(const struct restore *restore)
{
    char part[PATH_MAX];
    const char *database = restore->paths.database;
    int result = restore->lock < 0 ? EXIT_DONE : keep_old(database);
    if (result == EXIT_DONE)
        result = move_log(database, "-wal");
    if (result == EXIT_DONE)
        result = move_log(database, "-shm");
    if (result == EXIT_DONE && rename(join(part, database, PART), database) != 0)
        result = complain_of(database);
    if (result != EXIT_DONE)
        unlink(join(part, database, PART));
    return result;
}

static int put_ring_aside(const char *ring)
{
    char aside[PATH_MAX];
    if (rename(ring, join(aside, ring, ASIDE)) != 0)
        return errno == ENOENT ? EXIT_DONE : complain_of(ring);
    printf("ring      %s\n", aside);
    errno = folder_sync(ring);
    return errno == 0 ? EXIT_DONE : complain_of(ring);
}

static int put_back(const struct restore *restore, int backup)
{
    int result = copy_backup(restore, backup);
    if (result == EXIT_DONE)
        result = put_in_place(restore);
    if (result != EXIT_DONE)
        return result;
    printf("database  %s\n", restore->paths.database);
    if (restore->lock >= 0)
        printf("before    %s" BEFORE "\n", restore->paths.database);
    errno = folder_sync(restore->paths.database);
    if (errno != 0)
        return complain_of(restore->paths.database);
    return restore->ring_aside ? put_ring_aside(restore->paths.ring_file) : EXIT_DONE;
}

static int restore_from(struct restore *restore)
{
    int backup = -1, result = config_paths(&restore->paths, restore->config);
    if (result == EXIT_DONE)
        result = check_backup(restore->backup, &backup);
    if (result == EXIT_DONE)
        result = lock_database(restore);
    if (result == EXIT_DONE)
        result = put_back(restore, backup);
    if (backup >= 0)
        close(backup);
    if (restore->lock >= 0)
        close(restore->lock);
    paths_clear(&restore->paths);
    int written = finish_output();
    return result == EXIT_DONE ? written : result;
}

int command_restore(int argc, char **argv)
{
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'}, {"ring-aside", no_argument, NULL, 'r'}, {0}};
    struct restore restore = {.lock = -1};
    int option;
    opterr = 0;
    while ((option = getopt_long(argc, argv, ":", options, NULL)) != -1)
        if (option == 'c')
            restore.config = optarg;
        else if (option == 'r')
            restore.ring_aside = true;
        else
            return complain_usage("restore: %s %s", argv[optind - 1],
                                  option == ':' ? "needs a value" : "is not an option");
    if (argc - optind != 1)
        return complain_usage("restore: takes a file that backup has made");
    restore.backup = argv[optind];
    return restore_from(&restore);
}
