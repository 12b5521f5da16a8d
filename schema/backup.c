/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "schema/backup.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/folder.h"

#define PAGES_AT_ONCE 64
#define PAGE_BYTES    4096
#define STEP_MS       5
#define SYNC_BYTES                                                                                           \
    4194304 /* so that the last sync has little to wait for, and none holds commits up for long */
#define NAMES_AT_ONCE 1000
#define SUFFIX_MAX    16

static const char MEDIA[] =
    "SELECT substr(file, 1, 2) || '/' || file || '.' || ext, size FROM media WHERE ext <> ''";

enum backup_stage backup_stage(const struct backup *backup)
{
    return (enum backup_stage)atomic_load(&backup->stage);
}

bool backup_is_under_way(enum backup_stage stage)
{
    return stage == BACKUP_ASKED || stage == BACKUP_COPYING || stage == BACKUP_LISTING;
}

static void pass_on(struct backup *backup, enum backup_stage stage)
{
    atomic_store(&backup->stage, (int)stage);
}

bool backup_ask(struct backup *backup, const char *path)
{
    if (backup_is_under_way(backup_stage(backup)) || strlen(path) >= sizeof backup->path - SUFFIX_MAX)
        return false;
    strcpy(backup->path, path);
    backup->reason[0] = '\0';
    backup->error = 0;
    backup->bytes = backup->media_files = backup->media_bytes = 0;
    backup->unsynced = 0;
    backup->file = -1;
    atomic_store(&backup->percent, 0);
    pass_on(backup, BACKUP_ASKED);
    return true;
}

/* The path with something behind it; backup_ask has left room. */
static const char *with(const struct backup *backup, const char *suffix, char out[PATH_MAX])
{
    stpcpy(stpcpy(out, backup->path), suffix);
    return out;
}

static void remove_with(const struct backup *backup, const char *suffix)
{
    char path[PATH_MAX];
    unlink(with(backup, suffix, path));
}

static bool is_there(const struct backup *backup, const char *suffix)
{
    char path[PATH_MAX];
    struct stat found;
    return lstat(with(backup, suffix, path), &found) == 0;
}

static void close_all(struct backup *backup)
{
    sqlite3_finalize(backup->names);
    sqlite3_backup_finish(backup->copy);
    sqlite3_close(backup->to);
    if (backup->list)
        fclose(backup->list);
    if (backup->file >= 0)
        close(backup->file); /* after SQLite, whose locks on the file would go with it */
    backup->names = NULL;
    backup->copy = NULL;
    backup->to = NULL;
    backup->list = NULL;
    backup->file = -1;
}

static void fail(struct backup *backup, int error, const char *what, const char *why)
{
    snprintf(backup->reason, sizeof backup->reason, "%.100s: %.180s", what, why);
    backup->error = error;
    close_all(backup);
    remove_with(backup, ".part");
    remove_with(backup, ".media.part");
    pass_on(backup, BACKUP_FAILED);
}

static void fail_with_errno(struct backup *backup, const char *what)
{
    int error = errno;
    fail(backup, error, what, strerror(error));
}

static void fail_with_sqlite(struct backup *backup, sqlite3 *db, int result)
{
    int error = sqlite3_system_errno(db);
    fail(backup, error, "copying", error ? strerror(error) : sqlite3_errstr(result));
}

/* What an earlier attempt has left is in nobody's way. */
static bool make_files(struct backup *backup)
{
    char path[PATH_MAX];
    int list;
    if (is_there(backup, "") || is_there(backup, ".media")) {
        errno = EEXIST;
        return false;
    }
    remove_with(backup, ".part");
    remove_with(backup, ".media.part");
    backup->file =
        open(with(backup, ".part", path), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (backup->file < 0)
        return false;
    list =
        open(with(backup, ".media.part", path), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    backup->list = list < 0 ? NULL : fdopen(list, "w");
    if (list >= 0 && !backup->list)
        close(list);
    return backup->list;
}

static void begin(struct backup *backup, sqlite3 *from)
{
    char path[PATH_MAX];
    if (!make_files(backup)) {
        fail_with_errno(backup, "making the file");
        return;
    }
    int result = sqlite3_open_v2(with(backup, ".part", path), &backup->to,
                                 SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (result == SQLITE_OK) /* of a copy that is not complete nothing is left */
        result =
            sqlite3_exec(backup->to, "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF", NULL, NULL, NULL);
    if (result == SQLITE_OK && !(backup->copy = sqlite3_backup_init(backup->to, "main", from, "main")))
        result = sqlite3_errcode(backup->to);
    if (result != SQLITE_OK)
        fail_with_sqlite(backup, backup->to, result);
    else
        pass_on(backup, BACKUP_COPYING);
}

/* The copy's names are read from the copy, which nothing changes any more. */
static void begin_list(struct backup *backup)
{
    sqlite3_backup_finish(backup->copy);
    backup->copy = NULL;
    int result = sqlite3_prepare_v2(backup->to, MEDIA, -1, &backup->names, NULL);
    if (result != SQLITE_OK)
        fail_with_sqlite(backup, backup->to, result);
    else
        pass_on(backup, BACKUP_LISTING);
}

static int percent_of(const struct backup *backup)
{
    int pages = sqlite3_backup_pagecount(backup->copy), left = sqlite3_backup_remaining(backup->copy);
    return pages > 0 ? (int)(100 * (int64_t)(pages - left) / pages) : 0;
}

/* 4 MiB, then a sync: neither takes long. */
static void copy_pages(struct backup *backup, sqlite3 *from)
{
    int64_t until = clock_steady() + STEP_MS;
    int result;
    do {
        result = sqlite3_backup_step(backup->copy, PAGES_AT_ONCE);
        backup->unsynced += PAGES_AT_ONCE * PAGE_BYTES;
    } while (result == SQLITE_OK && backup->unsynced < SYNC_BYTES && clock_steady() < until);
    atomic_store(&backup->percent, percent_of(backup));
    if (result == SQLITE_DONE)
        begin_list(backup);
    else if (result != SQLITE_OK && result != SQLITE_BUSY && result != SQLITE_LOCKED)
        fail_with_sqlite(backup, sqlite3_errcode(backup->to) == result ? backup->to : from, result);
    else if (backup->unsynced >= SYNC_BYTES && fdatasync(backup->file) != 0)
        fail_with_errno(backup, "writing");
    else if (backup->unsynced >= SYNC_BYTES)
        backup->unsynced = 0;
}

static bool rename_part(const struct backup *backup, const char *part, const char *name)
{
    char from[PATH_MAX], to[PATH_MAX];
    return rename(with(backup, part, from), with(backup, name, to)) == 0;
}

/* Both have their names when all of both is on the disk; the list first, so that a copy is never without it. */
static bool name_files(struct backup *backup)
{
    struct stat found;
    if (fflush(backup->list) != 0 || fsync(fileno(backup->list)) != 0 || fsync(backup->file) != 0 ||
        fstat(backup->file, &found) != 0)
        return false;
    backup->bytes = found.st_size;
    if (!rename_part(backup, ".media.part", ".media") || !rename_part(backup, ".part", ""))
        return false;
    errno = folder_sync(backup->path);
    return errno == 0;
}

static void end(struct backup *backup)
{
    sqlite3_finalize(backup->names);
    backup->names = NULL;
    int result = sqlite3_close(backup->to);
    if (result == SQLITE_OK)
        backup->to = NULL;
    if (result != SQLITE_OK) {
        fail_with_sqlite(backup, backup->to, result);
        return;
    }
    if (!name_files(backup)) {
        fail_with_errno(backup, "writing");
        return;
    }
    close_all(backup);
    pass_on(backup, BACKUP_DONE);
}

static void list_names(struct backup *backup)
{
    int result = SQLITE_ROW;
    for (int i = 0; i < NAMES_AT_ONCE && (result = sqlite3_step(backup->names)) == SQLITE_ROW; i++) {
        int64_t size = sqlite3_column_int64(backup->names, 1);
        fprintf(backup->list, "%s %lld\n", (const char *)sqlite3_column_text(backup->names, 0),
                (long long)size);
        backup->media_files++;
        backup->media_bytes += size;
    }
    if (ferror(backup->list))
        fail_with_errno(backup, "the list of media");
    else if (result == SQLITE_DONE)
        end(backup);
    else if (result != SQLITE_ROW)
        fail_with_sqlite(backup, backup->to, result);
}

bool backup_step(struct backup *backup, sqlite3 *from)
{
    switch (backup_stage(backup)) {
    case BACKUP_ASKED:
        begin(backup, from);
        break;
    case BACKUP_COPYING:
        copy_pages(backup, from);
        break;
    case BACKUP_LISTING:
        list_names(backup);
        break;
    default:
        return false;
    }
    return true;
}

void backup_abandon(struct backup *backup)
{
    if (backup_is_under_way(backup_stage(backup)))
        fail(backup, 0, "given up", "the broker ends");
}
