/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The database file: opening it with the right settings, bringing its schema up to date, its `state` row. */
#ifndef SCHEMA_DATABASE_H
#define SCHEMA_DATABASE_H

#include "schema/store_config.h"
#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DATABASE_ID_BYTES 16

struct database_state {
    uint8_t database_id[DATABASE_ID_BYTES];
    uint64_t position;
    uint64_t number; /* of the last frame that was executed; 0: none that has one */
    uint64_t epoch;
    int64_t id_mark;
    char boot_id[64];
    bool clean;
};

/* migrations.c, where a test can put others in their place; versions rise. */
struct migration {
    int version;
    const char *name;
    const char *sql;
};
extern const struct migration database_migrations[];
extern const size_t database_migration_count;

/* Is there a folder that we may write in, and a file, if there is one, that we may write? -1: says why
 * not. */
__attribute__((warn_unused_result)) int database_check_path(const char *path, char *error, size_t error_size);
/* Locks the file for the process, whatever name or link it is called by; makes it when it is not there. Returns a
 * descriptor for database_unlock. -1: one sentence in `error`, with the process that has it if that can be told.
 * Before anything else is done with the database; and unlocked when SQLite has closed it, because the end of any
 * descriptor of a file ends the process's other locks on it, too. */
__attribute__((warn_unused_result)) int database_lock(const char *path, char *error, size_t error_size);
void database_unlock(int fd); /* -1 is fine */

/* Opens for writing (auto_vacuum incremental, WAL, no automatic checkpoints) or for reading only. What somebody
 * else's lock is in the way of waits for DATABASE_PATIENCE_MS, until sqlite3_busy_timeout says otherwise. -1: one
 * sentence in `error` that names the path and, for permissions, the broker's uid. */
#define DATABASE_PATIENCE_MS 10000
__attribute__((warn_unused_result)) int database_open(sqlite3 **out, const char *path, bool writes,
                                                      enum store_sync sync, char *error, size_t error_size);
/* Closed while it keeps the log, a connection leaves it beside the database. So it begins: what a start refuses may be
 * another database's log, and taking it over would be the end of this one. */
void database_keep_log(sqlite3 *db, bool keep);
/* Of a connection that writes and has no transaction open. */
__attribute__((warn_unused_result)) int database_set_sync(sqlite3 *db, enum store_sync sync);
/* Schema version of the file, 0 for a new one; -1 when it cannot be read. */
int database_version(sqlite3 *db);
int database_newest(void);
/* A new one, or one that nobody has used yet because the first start died between two migrations. */
bool database_is_unused(sqlite3 *db);
/* From this version on `state` has the number of the last frame. */
#define DATABASE_NUMBERED 6
/* Runs the migrations above the file's version, each in one transaction with its user_version inside. A file
 * newer than this program is refused. */
__attribute__((warn_unused_result)) int database_migrate(sqlite3 *db, char *error, size_t error_size);
/* The state row; a fresh one (random id, everything 0, clean) is made for a new database. */
__attribute__((warn_unused_result)) int database_state_load(sqlite3 *db, struct database_state *state,
                                                            char *error, size_t error_size);
__attribute__((warn_unused_result)) int database_state_save(sqlite3 *db, const struct database_state *state,
                                                            char *error, size_t error_size);
/* Largest message id, 0 when there is none. */
int64_t database_max_id(sqlite3 *db);

#endif
