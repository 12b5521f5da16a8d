/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "schema/checkpoint.h"

#include <stddef.h>

#include "schema/statements.h"

#define LONG_PAGES   1000
#define CUT_EVERY_MS 2000

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

void checkpoints_run(struct checkpoints *checkpoints, int64_t now)
{
    bool cut = checkpoints->recalled && now >= checkpoints->next_cut;
    if (!cut && checkpoints->pages < LONG_PAGES)
        return;
    checkpoints->pages = 0;
    int mode = cut ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE;
    bool done = sqlite3_wal_checkpoint_v2(checkpoints->db, NULL, mode, NULL, NULL) == SQLITE_OK;
    if (!cut)
        return;
    checkpoints->recalled = !done;
    checkpoints->next_cut = now + CUT_EVERY_MS;
}
