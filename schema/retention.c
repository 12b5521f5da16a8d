/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "schema/retention.h"

#include <stdio.h>
#include <stdlib.h>

#define ROWS            "500"
#define FREE_PAGES_KEPT 1000

/* The newest message stays, it tells the next start how far the ids are. */
#define OLD_MESSAGES                                                                                         \
    "(SELECT id FROM (SELECT id, time FROM message ORDER BY id LIMIT " ROWS ") "                             \
    "WHERE time < ?1 AND id < (SELECT max(id) FROM message))"

/* Each a few rows at most: ?1 is the time before which things go. What is counted of messages is counted before they
 * go. */
static const char *const steps[] = {
    "UPDATE conversation SET gone_seq = old.seq FROM (SELECT conversation, max(seq) AS seq FROM message "
    "WHERE id IN " OLD_MESSAGES " GROUP BY conversation) AS old WHERE conversation.id = old.conversation",
    "UPDATE member SET gone_sent = gone_sent + old.sent FROM (SELECT conversation, sender, count(*) AS sent "
    "FROM message WHERE kind = 0 AND id IN " OLD_MESSAGES " GROUP BY conversation, sender) AS old "
    "WHERE member.conversation = old.conversation AND member.user = old.sender",
    "DELETE FROM deleted WHERE id IN " OLD_MESSAGES,
    "DELETE FROM message WHERE id IN " OLD_MESSAGES,
    "DELETE FROM subscription WHERE client IN (SELECT client FROM device WHERE online = 0 AND last_used < ?1 "
    "LIMIT " ROWS ")",
    "DELETE FROM push_job WHERE client IN (SELECT client FROM device WHERE online = 0 AND last_used < ?1 "
    "LIMIT " ROWS ")",
    "DELETE FROM device WHERE client IN (SELECT client FROM device WHERE online = 0 AND last_used < ?1 "
    "LIMIT " ROWS ")",
};
#define STEPS (sizeof steps / sizeof *steps)

struct retention {
    sqlite3 *db;
    sqlite3_stmt *step[STEPS];
    sqlite3_stmt *free_pages;
};

static int prepare(sqlite3 *db, sqlite3_stmt **out, const char *sql, char *error, size_t error_size)
{
    if (sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, out, NULL) == SQLITE_OK)
        return 0;
    snprintf(error, error_size, "statement retention: %s", sqlite3_errmsg(db));
    return -1;
}

static int prepare_all(struct retention *r, char *error, size_t error_size)
{
    for (size_t i = 0; i < STEPS; i++)
        if (prepare(r->db, &r->step[i], steps[i], error, error_size))
            return -1;
    return prepare(r->db, &r->free_pages, "PRAGMA freelist_count", error, error_size);
}

int retention_open(struct retention **out, sqlite3 *db, char *error, size_t error_size)
{
    struct retention *r = calloc(1, sizeof *r);
    if (!r) {
        snprintf(error, error_size, "out of memory");
        return -1;
    }
    r->db = db;
    if (prepare_all(r, error, error_size)) {
        retention_free(r);
        return -1;
    }
    *out = r;
    return 0;
}

void retention_free(struct retention *r)
{
    if (!r)
        return;
    for (size_t i = 0; i < STEPS; i++)
        sqlite3_finalize(r->step[i]);
    sqlite3_finalize(r->free_pages);
    free(r);
}

static int64_t free_pages(const struct retention *r)
{
    int64_t pages = sqlite3_step(r->free_pages) == SQLITE_ROW ? sqlite3_column_int64(r->free_pages, 0) : 0;
    sqlite3_reset(r->free_pages);
    return pages;
}

static bool run_sql(const struct retention *r, const char *sql)
{
    return sqlite3_exec(r->db, sql, NULL, NULL, NULL) == SQLITE_OK;
}

/* Rows that went, -1: an error. */
static int run_step(const struct retention *r, sqlite3_stmt *step, int64_t before)
{
    sqlite3_bind_int64(step, 1, before);
    sqlite3_step(step);
    return sqlite3_reset(step) == SQLITE_OK ? sqlite3_changes(r->db) : -1;
}

/* All kinds or none: a device must not go without its subscriptions. -1: an error. */
static int delete_old(const struct retention *r, int64_t before)
{
    int all = 0, changed = 0;
    if (!run_sql(r, "BEGIN IMMEDIATE"))
        return -1;
    for (size_t i = 0; i < STEPS && changed >= 0; i++) {
        changed = run_step(r, r->step[i], before);
        all += changed;
    }
    if (changed >= 0 && run_sql(r, "COMMIT"))
        return all;
    if (!sqlite3_get_autocommit(r->db))
        run_sql(r, "ROLLBACK");
    return -1;
}

bool retention_step(struct retention *r, int64_t before)
{
    int changed = delete_old(r, before);
    int64_t pages = free_pages(r);
    if (changed < 0 || (changed == 0 && pages <= FREE_PAGES_KEPT))
        return false;
    run_sql(r, "PRAGMA incremental_vacuum(100)");
    return changed > 0 || free_pages(r) < pages;
}
