/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/people/ban.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "lib/text.h"
#include "plugin/core/chat.h"
#include "plugin/core/until.h"
#include "schema/store.h"

static void forget_ban(struct bans *bans, struct ban *ban)
{
    HASH_DELETE(hh, bans->by_user, ban);
    free(ban);
}

void bans_free(struct bans *bans)
{
    struct ban *ban, *next;
    if (!bans)
        return;
    HASH_ITER (hh, bans->by_user, ban, next)
        forget_ban(bans, ban);
    free(bans);
}

/* NULL: out of memory. */
static struct ban *remember_ban(struct bans *bans, const struct ban *ban)
{
    struct ban *copy = calloc(1, sizeof *copy);
    if (!copy)
        return NULL;
    *copy = *ban;
    memset(&copy->hh, 0, sizeof copy->hh);
    HASH_ADD_STR(bans->by_user, user, copy);
    if (copy->hh.tbl)
        return copy;
    free(copy);
    return NULL;
}

static bool read_ban(struct bans *bans, sqlite3_stmt *row)
{
    struct ban ban = {.until = sqlite3_column_int64(row, 1)};
    text_copy(ban.user, sizeof ban.user, store_text(row, 0));
    text_copy(ban.by, sizeof ban.by, store_text(row, 2));
    text_copy(ban.reason, sizeof ban.reason, store_text(row, 3));
    return remember_ban(bans, &ban) != NULL;
}

struct bans *bans_load(struct chat *chat, int64_t group)
{
    struct bans *bans = calloc(1, sizeof *bans);
    bool good = bans != NULL;
    sqlite3_stmt *row = store_read(chat->store, R_BANS);
    sqlite3_bind_int64(row, 1, group);
    sqlite3_bind_int64(row, 2, until_now(chat));
    while (good && store_row(chat->store, row))
        good = read_ban(bans, row);
    store_done(row);
    if (!good)
        store_row_lost(chat->store);
    if (good && !store_reads_failed(chat->store))
        return bans;
    bans_free(bans);
    return NULL;
}

static struct ban *find_ban(const struct bans *bans, const char *user)
{
    struct ban *ban;
    HASH_FIND_STR(bans->by_user, user, ban);
    return ban;
}

const struct ban *ban_find(const struct bans *bans, const char *user, int64_t now)
{
    const struct ban *ban = find_ban(bans, user);
    return ban && ban->until > now ? ban : NULL;
}

static unsigned count_over(const struct bans *bans, int64_t now)
{
    unsigned over = 0;
    for (const struct ban *ban = bans->by_user; ban; ban = ban->hh.next)
        over += ban->until <= now;
    return over;
}

bool bans_have_room(const struct bans *bans, int64_t now)
{
    const unsigned count = HASH_COUNT(bans->by_user);
    return count < BANS_MAX || count - count_over(bans, now) < BANS_MAX;
}

/* Also those that ended while nobody had them in memory. */
static void forget_over(struct chat *chat, int64_t group, struct bans *bans)
{
    struct ban *ban, *next;
    const int64_t now = until_now(chat);
    if (count_over(bans, now) == 0 && bans->swept)
        return;
    HASH_ITER (hh, bans->by_user, ban, next)
        if (ban->until <= now)
            forget_ban(bans, ban);
    store_put(chat->store, W_BANS_FORGET, "ii", group, now);
    bans->swept = true;
}

bool ban_put(struct chat *chat, int64_t group, struct bans *bans, const struct ban *ban)
{
    struct ban *known = find_ban(bans, ban->user);
    if (!known && !(known = remember_ban(bans, ban)))
        return false;
    known->until = ban->until;
    text_copy(known->by, sizeof known->by, ban->by);
    text_copy(known->reason, sizeof known->reason, ban->reason);
    store_put(chat->store, W_BAN_SET, "ititt", group, ban->user, ban->until, ban->by, ban->reason);
    forget_over(chat, group, bans);
    return true;
}

void ban_lift(struct chat *chat, int64_t group, struct bans *bans, const char *user)
{
    struct ban *ban = find_ban(bans, user);
    if (!ban)
        return;
    store_put(chat->store, W_BAN_LIFT, "it", group, user);
    forget_ban(bans, ban);
}
