/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* A copy of the database while it is in use, made by the writer thread between its commits. What it commits meanwhile
 * is in the copy as well (SQLite carries it over, since it is written by the connection that copies: sqlite3_backup_step),
 * so the copy is of the moment at which it is complete, and never begins anew.
 *
 * Beside FILE comes FILE.media, a line for each uploaded file that the copy names: where it is below media_dir, a blank,
 * its bytes. Both have other names (FILE.part, FILE.media.part) until all of it is on the disk. Neither replaces a file.
 *
 * One at a time, in a struct that both threads see: `stage` tells whose it is. */
#ifndef SCHEMA_BACKUP_H
#define SCHEMA_BACKUP_H

#include <limits.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum backup_stage { BACKUP_NONE, BACKUP_ASKED, BACKUP_COPYING, BACKUP_LISTING, BACKUP_DONE, BACKUP_FAILED };

struct backup {
    atomic_int stage; /* enum backup_stage: the broker thread's at NONE, DONE and FAILED, else the writer's */
    atomic_int percent;
    /* As long as it is theirs: */
    char path[PATH_MAX];
    char reason[300]; /* FAILED */
    int error;        /* FAILED: errno where there is one, EEXIST if FILE is there; 0 */
    int64_t bytes;    /* DONE: of the copy */
    int64_t media_files, media_bytes;
    /* The writer's own. */
    sqlite3 *to;
    sqlite3_backup *copy;
    sqlite3_stmt *names;
    FILE *list;
    int file;         /* the copy's */
    int64_t unsynced; /* bytes */
};

/* Broker thread: asks for a copy at `path`, of less than PATH_MAX - 16 bytes. false: one is under way. */
__attribute__((warn_unused_result)) bool backup_ask(struct backup *backup, const char *path);
/* Either thread. The broker's may read what is written above for DONE and FAILED until it asks again. */
enum backup_stage backup_stage(const struct backup *backup);
bool backup_is_under_way(enum backup_stage stage);

/* Writer thread, outside of a transaction: some milliseconds of what there is to do. true: there is more. */
bool backup_step(struct backup *backup, sqlite3 *from);
/* Writer thread, at its end: what is not complete is removed. */
void backup_abandon(struct backup *backup);

#endif
