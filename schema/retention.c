/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "schema/retention.h"

#include <stdio.h>
#include <stdlib.h>

#include "lib/clock.h"

#define ROWS        100
#define ROWS_A_STEP 500
#define STEP_US     10000  /* commits wait for a step: on a disk that must look for each page it does less */
#define LOOK_AHEAD  "2000" /* rows, past messages of a time to come */
/* Free pages that stay, for what comes next: an eighth of the file, not more than */
#define FREE_PAGES_KEPT 1000

#define QUOTE(number) #number
#define TEXT(number)  QUOTE(number)
#define AT_MOST       "LIMIT " TEXT(ROWS)

enum statement {
    OLDEST_MESSAGES,
    DELETE_MESSAGES,
    FIRST_MESSAGE,
    DELETE_DELETED,
    DELETE_SUBSCRIPTIONS,
    DELETE_JOBS,
    DELETE_DEVICES,
    FIND_GROUP,
    DELETE_APPLICATIONS,
    DELETE_MEMBERS,
    DELETE_BANS,
    DELETE_ATTRIBUTES,
    DELETE_CONVERSATION,
    DELETE_GROUP,
    FREE_PAGES,
    ALL_PAGES,
    STATEMENTS
};

#define OLD_DEVICES                                                                                          \
    "(SELECT client FROM device WHERE online = 0 AND last_used < ?1 ORDER BY last_used, client " AT_MOST ")"

/* Each changes a few rows at most. */
static const char *const sql[STATEMENTS] = {
    [OLDEST_MESSAGES] =
        "SELECT id, iif(imported = 0, time, imported) FROM message ORDER BY id LIMIT " LOOK_AHEAD,
    [DELETE_MESSAGES] = "DELETE FROM message WHERE id <= ?1 AND id < (SELECT max(id) FROM message)",
    [FIRST_MESSAGE] = "SELECT min(id) FROM message",
    [DELETE_DELETED] = "DELETE FROM deleted WHERE (user, conversation, id) IN "
                       "(SELECT user, conversation, id FROM deleted WHERE id < ?1 ORDER BY id " AT_MOST ")",
    [DELETE_SUBSCRIPTIONS] = "DELETE FROM subscription WHERE client IN " OLD_DEVICES,
    [DELETE_JOBS] = "DELETE FROM push_job WHERE client IN " OLD_DEVICES,
    [DELETE_DEVICES] = "DELETE FROM device WHERE client IN " OLD_DEVICES,
    /* Whose messages have gone, and whose members have all been told. */
    [FIND_GROUP] =
        "SELECT g.conversation FROM chat_group AS g JOIN conversation AS c ON c.id = g.conversation "
        "WHERE g.dismissed < ?1 AND NOT EXISTS (SELECT 1 FROM message WHERE id <= c.last_id) "
        "AND NOT EXISTS (SELECT 1 FROM notice_task AS n WHERE n.conversation = g.conversation) "
        "ORDER BY g.dismissed LIMIT 1",
    [DELETE_APPLICATIONS] = "DELETE FROM application WHERE conversation = ?1 AND user IN "
                            "(SELECT user FROM application WHERE conversation = ?1 " AT_MOST ")",
    [DELETE_MEMBERS] = "DELETE FROM member WHERE conversation = ?1 AND user IN "
                       "(SELECT user FROM member WHERE conversation = ?1 " AT_MOST ")",
    [DELETE_BANS] = "DELETE FROM group_ban WHERE conversation = ?1 AND user IN "
                    "(SELECT user FROM group_ban WHERE conversation = ?1 " AT_MOST ")",
    [DELETE_ATTRIBUTES] = "DELETE FROM group_attribute WHERE conversation = ?1",
    /* The newest stays: its number must not come again. */
    [DELETE_CONVERSATION] =
        "DELETE FROM conversation WHERE id = ?1 AND id < (SELECT max(id) FROM conversation)",
    [DELETE_GROUP] = "DELETE FROM chat_group WHERE conversation = ?1",
    [FREE_PAGES] = "PRAGMA freelist_count",
    [ALL_PAGES] = "PRAGMA page_count",
};

struct retention {
    sqlite3 *db;
    sqlite3_stmt *statement[STATEMENTS];
    int64_t first_id;
};

static int prepare_all(struct retention *r, char *error, size_t error_size)
{
    for (size_t i = 0; i < STATEMENTS; i++)
        if (sqlite3_prepare_v3(r->db, sql[i], -1, SQLITE_PREPARE_PERSISTENT, &r->statement[i], NULL)) {
            snprintf(error, error_size, "statement retention: %s", sqlite3_errmsg(r->db));
            return -1;
        }
    return 0;
}

/* The number a query gives; 0 when it gives none. */
static int64_t query_number(const struct retention *r, enum statement id)
{
    int64_t number =
        sqlite3_step(r->statement[id]) == SQLITE_ROW ? sqlite3_column_int64(r->statement[id], 0) : 0;
    sqlite3_reset(r->statement[id]);
    return number;
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
    r->first_id = query_number(r, FIRST_MESSAGE);
    *out = r;
    return 0;
}

void retention_free(struct retention *r)
{
    if (!r)
        return;
    for (size_t i = 0; i < STATEMENTS; i++)
        sqlite3_finalize(r->statement[i]);
    free(r);
}

int64_t retention_first_id(const struct retention *r)
{
    return r->first_id;
}

static bool run_sql(const struct retention *r, const char *text)
{
    return sqlite3_exec(r->db, text, NULL, NULL, NULL) == SQLITE_OK;
}

/* Adds the rows that went to *gone. false: an error. */
static bool delete_rows(const struct retention *r, enum statement id, int64_t parameter, int *gone)
{
    sqlite3_bind_int64(r->statement[id], 1, parameter);
    sqlite3_step(r->statement[id]);
    if (sqlite3_reset(r->statement[id]) != SQLITE_OK)
        return false;
    *gone += sqlite3_changes(r->db);
    return true;
}

/* How far the oldest messages may go: the last of some that are old, with none before it that is young. 0:
 * none may. */
static int64_t last_old(const struct retention *r, int64_t now, int64_t before)
{
    sqlite3_stmt *row = r->statement[OLDEST_MESSAGES];
    int64_t last = 0;
    for (int seen = 0; (seen < ROWS || last == 0) && sqlite3_step(row) == SQLITE_ROW; seen++) {
        int64_t time = sqlite3_column_int64(row, 1);
        if (time < before)
            last = sqlite3_column_int64(row, 0);
        else if (time <= now)
            break;
    }
    sqlite3_reset(row);
    return last;
}

static bool delete_messages(const struct retention *r, int64_t now, int64_t before, int *gone)
{
    const int64_t until = clock_steady_us() + STEP_US;
    int already;
    do {
        int64_t last = last_old(r, now, before);
        already = *gone;
        if (last != 0 && !delete_rows(r, DELETE_MESSAGES, last, gone))
            return false;
    } while (*gone > already && *gone < ROWS_A_STEP && clock_steady_us() < until);
    return delete_rows(r, DELETE_DELETED, query_number(r, FIRST_MESSAGE), gone);
}

/* A device must not go without its subscriptions. */
static bool delete_devices(const struct retention *r, int64_t before, int *gone)
{
    return delete_rows(r, DELETE_SUBSCRIPTIONS, before, gone) && delete_rows(r, DELETE_JOBS, before, gone) &&
           delete_rows(r, DELETE_DEVICES, before, gone);
}

/* What hangs on the oldest of them first, a step at a time, at last the group itself. */
static bool delete_group(const struct retention *r, int64_t before, int *gone)
{
    sqlite3_bind_int64(r->statement[FIND_GROUP], 1, before);
    int64_t conversation = query_number(r, FIND_GROUP);
    const int already = *gone;
    if (conversation == 0)
        return true;
    if (!delete_rows(r, DELETE_APPLICATIONS, conversation, gone) ||
        !delete_rows(r, DELETE_MEMBERS, conversation, gone) ||
        !delete_rows(r, DELETE_BANS, conversation, gone))
        return false;
    return *gone > already || (delete_rows(r, DELETE_ATTRIBUTES, conversation, gone) &&
                               delete_rows(r, DELETE_CONVERSATION, conversation, gone) &&
                               delete_rows(r, DELETE_GROUP, conversation, gone));
}

static int64_t free_pages_kept(const struct retention *r)
{
    int64_t share = query_number(r, ALL_PAGES) / 8;
    return share < FREE_PAGES_KEPT ? share : FREE_PAGES_KEPT;
}

/* The last pages of the file move into its holes, a few at a time. */
static bool give_back(const struct retention *r, int *gone)
{
    int64_t pages = query_number(r, FREE_PAGES);
    if (pages <= free_pages_kept(r))
        return true;
    bool done = run_sql(r, "PRAGMA incremental_vacuum(100)");
    *gone += (int)(pages - query_number(r, FREE_PAGES));
    return done;
}

/* In one transaction. Rows that went and pages that were given back are added up in *gone. */
static bool change(const struct retention *r, int64_t now, int64_t before, int *gone)
{
    return delete_messages(r, now, before, gone) && delete_devices(r, before, gone) &&
           delete_group(r, before, gone) && give_back(r, gone) && run_sql(r, "COMMIT");
}

bool retention_step(struct retention *r, int64_t now, int64_t keep)
{
    int gone = 0;
    if (!run_sql(r, "BEGIN IMMEDIATE"))
        return false;
    if (change(r, now, now - keep, &gone)) {
        r->first_id = query_number(r, FIRST_MESSAGE);
        return gone > 0;
    }
    if (!sqlite3_get_autocommit(r->db))
        run_sql(r, "ROLLBACK");
    return false;
}
