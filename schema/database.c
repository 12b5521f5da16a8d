/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "schema/database.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "lib/folder.h"

static int fail(sqlite3 *db, const char *what, char *error, size_t error_size)
{
    int result = sqlite3_errcode(db) & 0xff;
    bool damaged = result == SQLITE_CORRUPT || result == SQLITE_NOTADB;
    snprintf(error, error_size, "database %s: %s: %s%s", sqlite3_db_filename(db, "main"), what,
             sqlite3_errmsg(db),
             damaged ? "; it is damaged, or it or its -wal is another one's: put the right files back, or a "
                       "backup (chatctl restore)"
                     : "");
    return -1;
}

static int run(sqlite3 *db, const char *sql, const char *what, char *error, size_t error_size)
{
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK)
        return 0;
    return fail(db, what, error, error_size);
}

/* The first number a query gives; `missing` when it gives none or fails. */
static int64_t query_number(sqlite3 *db, const char *sql, int64_t missing)
{
    sqlite3_stmt *statement = NULL;
    int64_t number = missing;
    if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW && sqlite3_column_type(statement, 0) == SQLITE_INTEGER)
        number = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return number;
}

int database_version(sqlite3 *db)
{
    return (int)query_number(db, "PRAGMA user_version", -1);
}

bool database_is_unused(sqlite3 *db)
{
    return database_version(db) == 0 || query_number(db, "SELECT count(*) FROM state", -1) == 0;
}

int database_newest(void)
{
    return database_migrations[database_migration_count - 1].version;
}

int64_t database_max_id(sqlite3 *db)
{
    return query_number(db,
                        "SELECT max(ifnull((SELECT max(id) FROM message), 0), "
                        "ifnull((SELECT used_id FROM state), 0))",
                        0);
}

static int refuse_path(const char *path, const char *reason, char *error, size_t error_size)
{
    snprintf(error, error_size,
             "database %s: %s (file and folder must be writable by uid %d, the user the broker runs as)",
             path, reason, (int)geteuid());
    return -1;
}

/* SQLite would take the log for a new database's, and remove it. */
static bool is_log_alone(const char *path)
{
    char log[4096];
    struct stat found;
    snprintf(log, sizeof log, "%s-wal", path);
    return (stat(path, &found) != 0 ? errno == ENOENT : found.st_size == 0) && stat(log, &found) == 0 &&
           found.st_size > 0;
}

/* SQLite says "unable to open database file" for everything: look first, so that the line tells the
 * reason. */
int database_check_path(const char *path, char *error, size_t error_size)
{
    char folder[4096];
    folder_of(path, folder, sizeof folder);
    if (access(folder, W_OK | X_OK) != 0)
        return refuse_path(path, errno == ENOENT ? "its folder does not exist" : strerror(errno), error,
                           error_size);
    struct stat found;
    if (stat(path, &found) == 0 && !S_ISREG(found.st_mode))
        return refuse_path(path, "it is not a file", error, error_size);
    if (access(path, F_OK) == 0 && access(path, R_OK | W_OK) != 0)
        return refuse_path(path, strerror(errno), error, error_size);
    if (!is_log_alone(path))
        return 0;
    snprintf(error, error_size,
             "database %s is not there, or empty, but its log %s-wal is: put the database back, or, to begin "
             "a new one, move the log away",
             path, path);
    return -1;
}

/* The process that has a flock on the file; 0: not to be told. */
static int lock_holder(int fd)
{
    char line[200];
    struct stat file;
    int holder = 0;
    FILE *locks = fopen("/proc/locks", "re");
    if (!locks)
        return 0;
    if (fstat(fd, &file) == 0)
        while (holder == 0 && fgets(line, sizeof line, locks)) {
            int pid;
            unsigned major_number, minor_number;
            unsigned long long inode;
            if (sscanf(line, "%*d: FLOCK %*s %*s %d %x:%x:%llu", &pid, &major_number, &minor_number,
                       &inode) == 4 &&
                inode == file.st_ino && makedev(major_number, minor_number) == file.st_dev)
                holder = pid;
        }
    fclose(locks);
    return holder;
}

static void refuse_second(const char *path, int fd, char *error, size_t error_size)
{
    int holder = lock_holder(fd);
    if (holder > 0)
        snprintf(error, error_size, "database %s is in use by process %d: is another broker running?", path,
                 holder);
    else
        snprintf(error, error_size, "database %s is in use by another process: is another broker running?",
                 path);
}

int database_lock(const char *path, char *error, size_t error_size)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0600);
    if (fd < 0)
        return refuse_path(path, strerror(errno), error, error_size);
    if (flock(fd, LOCK_EX | LOCK_NB) == 0)
        return fd;
    if (errno == EWOULDBLOCK)
        refuse_second(path, fd, error, error_size);
    else
        snprintf(error, error_size, "database %s cannot be locked: %s", path, strerror(errno));
    close(fd);
    return -1;
}

void database_unlock(int fd)
{
    if (fd < 0)
        return;
    flock(fd, LOCK_UN); /* a forked child may still have the descriptor, and with it the lock */
    close(fd);
}

static int refuse_newer(sqlite3 *db, char *error, size_t error_size)
{
    int version = database_version(db);
    if (version <= database_newest())
        return 0;
    snprintf(error, error_size,
             "database %s has schema version %d, made by a newer release; this one knows up to %d",
             sqlite3_db_filename(db, "main"), version, database_newest());
    return -1;
}

/* Where shared memory does not work SQLite keeps the old mode and reports no error; readers would block the
 * writer. */
static int use_wal(sqlite3 *db, char *error, size_t error_size)
{
    sqlite3_stmt *statement = NULL;
    int result = sqlite3_prepare_v2(db, "PRAGMA journal_mode = WAL", -1, &statement, NULL);
    if (result == SQLITE_OK)
        result = sqlite3_step(statement);
    const char *mode = result == SQLITE_ROW ? (const char *)sqlite3_column_text(statement, 0) : NULL;
    bool wal = mode && strcmp(mode, "wal") == 0;
    sqlite3_finalize(statement);
    if (wal)
        return 0;
    if (result != SQLITE_ROW)
        return fail(db, "journal_mode", error, error_size);
    snprintf(error, error_size, "database %s: no write-ahead log is possible on this file system",
             sqlite3_db_filename(db, "main"));
    return -1;
}

static const char *const synchronous[] = {[SYNC_FULL] = "PRAGMA synchronous = FULL",
                                          [SYNC_NORMAL] = "PRAGMA synchronous = NORMAL",
                                          [SYNC_OFF] = "PRAGMA synchronous = OFF"};

static int configure_writer(sqlite3 *db, enum store_sync sync, char *error, size_t error_size)
{
    if (refuse_newer(db, error, error_size) ||
        (database_version(db) == 0 &&
         run(db, "PRAGMA auto_vacuum = INCREMENTAL", "auto_vacuum", error, error_size)) ||
        use_wal(db, error, error_size) ||
        run(db, "PRAGMA wal_autocheckpoint = 0", "wal_autocheckpoint", error, error_size) ||
        run(db, "PRAGMA journal_size_limit = 67108864", "journal_size_limit", error, error_size) ||
        /* What is recalled or too old is overwritten. Debian's SQLite does so by itself, others do not. */
        run(db, "PRAGMA secure_delete = ON", "secure_delete", error, error_size) ||
        run(db, "PRAGMA cache_size = -65536", "cache_size", error, error_size))
        return -1;
    return run(db, synchronous[sync], "synchronous", error, error_size);
}

int database_set_sync(sqlite3 *db, enum store_sync sync)
{
    return sqlite3_exec(db, synchronous[sync], NULL, NULL, NULL) == SQLITE_OK ? 0 : -1;
}

static int configure_reader(sqlite3 *db, char *error, size_t error_size)
{
    return run(db, "PRAGMA query_only = 1; PRAGMA cache_size = -16384", "reading", error, error_size);
}

void database_keep_log(sqlite3 *db, bool keep)
{
    sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, (int)keep, NULL);
}

int database_open(sqlite3 **out, const char *path, bool writes, enum store_sync sync, char *error,
                  size_t error_size)
{
    sqlite3 *db = NULL;
    mode_t mask = umask(077);
    int flags = writes ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY;
    int result = sqlite3_open_v2(path, &db, flags | SQLITE_OPEN_NOMUTEX, NULL);
    if (result == SQLITE_OK)
        sqlite3_busy_timeout(db, DATABASE_PATIENCE_MS);
    if (result == SQLITE_OK)
        database_keep_log(db, true);
    if (result != SQLITE_OK)
        (void)refuse_path(path, db ? sqlite3_errmsg(db) : "out of memory", error, error_size);
    else if (writes ? configure_writer(db, sync, error, error_size) : configure_reader(db, error, error_size))
        result = SQLITE_ERROR;
    umask(mask);
    if (result != SQLITE_OK) {
        sqlite3_close(db);
        return -1;
    }
    *out = db;
    return 0;
}

static int apply(sqlite3 *db, const struct migration *migration, char *error, size_t error_size)
{
    char version[64];
    snprintf(version, sizeof version, "PRAGMA user_version = %d", migration->version);
    if (run(db, "BEGIN IMMEDIATE", migration->name, error, error_size))
        return -1;
    if (run(db, migration->sql, migration->name, error, error_size) ||
        run(db, version, migration->name, error, error_size) ||
        run(db, "COMMIT", migration->name, error, error_size)) {
        sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
        return -1;
    }
    return 0;
}

int database_migrate(sqlite3 *db, char *error, size_t error_size)
{
    int version = database_version(db);
    if (version < 0)
        return fail(db, "not a database", error, error_size);
    if (refuse_newer(db, error, error_size))
        return -1;
    for (size_t i = 0; i < database_migration_count; i++)
        if (database_migrations[i].version > version && apply(db, &database_migrations[i], error, error_size))
            return -1;
    return 0;
}

static int state_new(sqlite3 *db, struct database_state *state, char *error, size_t error_size)
{
    memset(state, 0, sizeof *state);
    state->clean = true;
    if (RAND_bytes(state->database_id, sizeof state->database_id) != 1) {
        snprintf(error, error_size, "no random numbers for the database id");
        return -1;
    }
    return database_state_save(db, state, error, error_size);
}

int database_state_load(sqlite3 *db, struct database_state *state, char *error, size_t error_size)
{
    sqlite3_stmt *s = NULL;
    const char *sql = database_version(db) < DATABASE_NUMBERED
                          ? "SELECT database_id, position, epoch, id_mark, boot_id, clean, 0 FROM state"
                          : "SELECT database_id, position, epoch, id_mark, boot_id, clean, number FROM state";
    if (sqlite3_prepare_v2(db, sql, -1, &s, NULL))
        return fail(db, "state", error, error_size);
    int result = sqlite3_step(s);
    if (result == SQLITE_ROW) {
        memset(state, 0, sizeof *state);
        if (sqlite3_column_bytes(s, 0) == DATABASE_ID_BYTES)
            memcpy(state->database_id, sqlite3_column_blob(s, 0), DATABASE_ID_BYTES);
        state->position = (uint64_t)sqlite3_column_int64(s, 1);
        state->epoch = (uint64_t)sqlite3_column_int64(s, 2);
        state->id_mark = sqlite3_column_int64(s, 3);
        snprintf(state->boot_id, sizeof state->boot_id, "%s", (const char *)sqlite3_column_text(s, 4));
        state->clean = sqlite3_column_int(s, 5) != 0;
        state->number = (uint64_t)sqlite3_column_int64(s, 6);
    }
    sqlite3_finalize(s);
    if (result == SQLITE_ROW)
        return 0;
    return result == SQLITE_DONE ? state_new(db, state, error, error_size)
                                 : fail(db, "state", error, error_size);
}

int database_state_save(sqlite3 *db, const struct database_state *state, char *error, size_t error_size)
{
    static const char sql[] =
        "INSERT INTO state (one, database_id, position, epoch, id_mark, boot_id, clean, number) "
        "VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (one) DO UPDATE SET "
        "database_id = excluded.database_id, position = excluded.position, "
        "epoch = excluded.epoch, id_mark = excluded.id_mark, boot_id = excluded.boot_id, "
        "clean = excluded.clean, number = excluded.number";
    sqlite3_stmt *s = NULL;
    if (sqlite3_prepare_v2(db, sql, -1, &s, NULL))
        return fail(db, "state", error, error_size);
    sqlite3_bind_blob(s, 1, state->database_id, DATABASE_ID_BYTES, SQLITE_STATIC);
    sqlite3_bind_int64(s, 2, (int64_t)state->position);
    sqlite3_bind_int64(s, 3, (int64_t)state->epoch);
    sqlite3_bind_int64(s, 4, state->id_mark);
    sqlite3_bind_text(s, 5, state->boot_id, -1, SQLITE_STATIC);
    sqlite3_bind_int(s, 6, state->clean);
    sqlite3_bind_int64(s, 7, (int64_t)state->number);
    int result = sqlite3_step(s);
    sqlite3_finalize(s);
    return result == SQLITE_DONE ? 0 : fail(db, "state", error, error_size);
}
