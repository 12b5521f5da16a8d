/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "schema/checkpoint.h"

#include <stddef.h>

#include "schema/statements.h"

#define PAGE_BYTES   4096
#define LONG_PAGES   1000
#define CUT_EVERY_MS 2000
#define WAIT_MS      100 /* after the first that did not work, then twice as long each time */
#define WAIT_MS_MAX  10000
#define PATIENCE_MS  5000

static int count_pages(void *context, sqlite3 *db, const char *name, int pages)
{
    (void)db, (void)name;
    ((struct checkpoints *)context)->pages = pages;
    return SQLITE_OK;
}

void checkpoints_init(struct checkpoints *checkpoints, sqlite3 *db)
{
    *checkpoints = (struct checkpoints){.db = db};
    sqlite3_wal_hook(db, count_pages, checkpoints);
}

void checkpoints_note(struct checkpoints *checkpoints, uint16_t op)
{
    checkpoints->recalled = checkpoints->recalled || op == W_MESSAGE_RECALL;
}

/* A reader keeps what it sees in the log, and PASSIVE calls that a success. Ours see some commits less than there
 * are; who keeps more has been forgotten. */
static bool try_it(struct checkpoints *checkpoints, int mode)
{
    int pages = -1, taken = -1;
    checkpoints->result = sqlite3_wal_checkpoint_v2(checkpoints->db, NULL, mode, &pages, &taken);
    checkpoints->left = pages > taken ? pages - taken : 0;
    return checkpoints->result == SQLITE_OK && checkpoints->left < LONG_PAGES;
}

static enum checkpoint_news note_success(struct checkpoints *checkpoints)
{
    bool said = checkpoints->said;
    checkpoints->done++;
    checkpoints->pages = 0;
    checkpoints->wait = checkpoints->next_try = checkpoints->stuck_since = 0;
    checkpoints->said = false;
    return said ? CHECKPOINT_WELL : CHECKPOINT_NO_NEWS;
}

static enum checkpoint_news note_failure(struct checkpoints *checkpoints, int64_t now)
{
    checkpoints->wait = checkpoints->wait == 0 ? WAIT_MS : 2 * checkpoints->wait;
    if (checkpoints->wait > WAIT_MS_MAX)
        checkpoints->wait = WAIT_MS_MAX;
    checkpoints->next_try = now + checkpoints->wait;
    if (checkpoints->stuck_since == 0)
        checkpoints->stuck_since = now;
    if (checkpoints->said || now - checkpoints->stuck_since < PATIENCE_MS)
        return CHECKPOINT_NO_NEWS;
    checkpoints->said = true;
    return CHECKPOINT_STUCK;
}

enum checkpoint_news checkpoints_run(struct checkpoints *checkpoints, int64_t now)
{
    bool cut = checkpoints->recalled;
    bool due = cut ? now >= checkpoints->next_cut
                   : checkpoints->pages >= LONG_PAGES || checkpoints->stuck_since != 0;
    if (!due || now < checkpoints->next_try)
        return CHECKPOINT_NO_NEWS;
    bool done = try_it(checkpoints, cut ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE);
    if (cut) {
        checkpoints->recalled = !done;
        checkpoints->next_cut = now + CUT_EVERY_MS;
    }
    return done ? note_success(checkpoints) : note_failure(checkpoints, now);
}

uint64_t checkpoints_waiting(const struct checkpoints *checkpoints)
{
    int pages = checkpoints->pages > checkpoints->left ? checkpoints->pages : checkpoints->left;
    return (uint64_t)pages * PAGE_BYTES;
}

const char *checkpoints_reason(const struct checkpoints *checkpoints)
{
    bool reader = checkpoints->result == SQLITE_OK || (checkpoints->result & 0xff) == SQLITE_BUSY;
    return reader ? "another program has been reading it all the time" : sqlite3_errstr(checkpoints->result);
}
