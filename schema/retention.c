/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "schema/retention.h"

#include <stdio.h>
#include <stdlib.h>

#include "schema/statements.h"

#define ROWS       100
#define STEP_MOST  500 /* messages */
#define STEP_LEAST 20
#define STEP_US    10000  /* commits wait for a step: on a disk that must look for each page it does less */
#define LOOK_AHEAD "2000" /* rows, past messages of a time to come */
/* Free pages that stay, for what comes next: an eighth of the file, not more than */
#define FREE_PAGES_KEPT 1000

enum statement {
    OLDEST_MESSAGES,
    FIRST_MESSAGE,
    ANY_DELETED,
    ANY_DEVICES,
    FIND_GROUP,
    FREE_PAGES,
    ALL_PAGES,
    STATEMENTS
};

static const char *const sql[STATEMENTS] = {
    [OLDEST_MESSAGES] = "SELECT id, iif(imported = 0, time, imported) FROM message "
                        "WHERE id < (SELECT max(id) FROM message) ORDER BY id LIMIT " LOOK_AHEAD,
    [FIRST_MESSAGE] = "SELECT min(id) FROM message",
    [ANY_DELETED] = "SELECT EXISTS (SELECT 1 FROM deleted WHERE id < (SELECT min(id) FROM message))",
    [ANY_DEVICES] = "SELECT EXISTS (SELECT 1 FROM device WHERE online = 0 AND last_used < ?1)",
    /* Whose messages have gone, and whose members have all been told. */
    [FIND_GROUP] =
        "SELECT g.conversation FROM chat_group AS g JOIN conversation AS c ON c.id = g.conversation "
        "WHERE g.dismissed < ?1 AND NOT EXISTS (SELECT 1 FROM message WHERE id <= c.last_id) "
        "AND NOT EXISTS (SELECT 1 FROM notice_task AS n WHERE n.conversation = g.conversation) "
        "ORDER BY g.dismissed LIMIT 1",
    [FREE_PAGES] = "PRAGMA freelist_count",
    [ALL_PAGES] = "PRAGMA page_count",
};

struct retention {
    sqlite3 *db;
    sqlite3_stmt *statement[STATEMENTS];
    int64_t first_id;
    int step; /* messages that go in one */
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

int64_t retention_first_id(struct retention *r)
{
    int64_t first = query_number(r, FIRST_MESSAGE);
    if (first > r->first_id)
        r->first_id = first;
    return r->first_id;
}

int retention_open(struct retention **out, sqlite3 *db, char *error, size_t error_size)
{
    struct retention *r = calloc(1, sizeof *r);
    if (!r) {
        snprintf(error, error_size, "out of memory");
        return -1;
    }
    r->db = db;
    r->step = STEP_MOST;
    if (prepare_all(r, error, error_size)) {
        retention_free(r);
        return -1;
    }
    (void)retention_first_id(r);
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

/* How far the oldest messages may go: the last of some that are old, with none before it that is young. 0:
 * none may. */
static int64_t last_old(const struct retention *r, int64_t now, int64_t before)
{
    sqlite3_stmt *row = r->statement[OLDEST_MESSAGES];
    int64_t last = 0;
    for (int seen = 0; (seen < r->step || last == 0) && sqlite3_step(row) == SQLITE_ROW; seen++) {
        int64_t time = sqlite3_column_int64(row, 1);
        if (time < before)
            last = sqlite3_column_int64(row, 0);
        else if (time <= now)
            break;
    }
    sqlite3_reset(row);
    return last;
}

static void add(struct retention_plan *plan, enum write_op op, int64_t parameter)
{
    if (plan->count == RETENTION_RECORDS)
        return;
    plan->records[plan->count].op = (uint16_t)op;
    plan->records[plan->count++].parameter = parameter;
}

/* A device must not go without its subscriptions. */
static void add_devices(struct retention_plan *plan, int64_t before)
{
    add(plan, W_OLD_SUBSCRIPTIONS_GO, before);
    add(plan, W_OLD_JOBS_GO, before);
    add(plan, W_OLD_DEVICES_GO, before);
}

/* What hangs on it first, a step at a time; the group itself when there is nothing of that any more. */
static void add_group(struct retention_plan *plan, int64_t conversation)
{
    add(plan, W_OLD_APPLICATIONS_GO, conversation);
    add(plan, W_OLD_MEMBERS_GO, conversation);
    add(plan, W_OLD_BANS_GO, conversation);
    add(plan, W_OLD_ATTRIBUTES_GO, conversation);
    add(plan, W_OLD_CONVERSATION_GO, conversation);
    add(plan, W_OLD_GROUP_GO, conversation);
}

bool retention_next(struct retention *r, int64_t now, int64_t keep, struct retention_plan *plan)
{
    const int64_t before = now - keep, last = last_old(r, now, before);
    plan->count = 0;
    if (last != 0)
        add(plan, W_OLD_MESSAGES_GO, last);
    if (last != 0 || query_number(r, ANY_DELETED) != 0)
        add(plan, W_OLD_DELETED_GO, ROWS);
    sqlite3_bind_int64(r->statement[ANY_DEVICES], 1, before);
    if (query_number(r, ANY_DEVICES) != 0)
        add_devices(plan, before);
    sqlite3_bind_int64(r->statement[FIND_GROUP], 1, before);
    const int64_t conversation = query_number(r, FIND_GROUP);
    if (conversation != 0)
        add_group(plan, conversation);
    return plan->count > 0;
}

void retention_note(struct retention *r, int64_t us)
{
    if (us > STEP_US && r->step > STEP_LEAST)
        r->step = r->step / 2 > STEP_LEAST ? r->step / 2 : STEP_LEAST;
    else if (us < STEP_US / 2 && r->step < STEP_MOST)
        r->step = 2 * r->step < STEP_MOST ? 2 * r->step : STEP_MOST;
}

static int64_t free_pages_kept(const struct retention *r)
{
    int64_t share = query_number(r, ALL_PAGES) / 8;
    return share < FREE_PAGES_KEPT ? share : FREE_PAGES_KEPT;
}

/* The last pages of the file move into its holes. */
bool retention_give_back(const struct retention *r)
{
    int64_t pages = query_number(r, FREE_PAGES);
    if (pages <= free_pages_kept(r))
        return false;
    bool done = sqlite3_exec(r->db, "PRAGMA incremental_vacuum(100)", NULL, NULL, NULL) == SQLITE_OK;
    return done && query_number(r, FREE_PAGES) < pages;
}
