/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/people/user.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "acl/code.h"
#include "acl/limits.h"
#include "lib/basics.h"
#include "lib/text.h"
#include "plugin/core/chat.h"
#include "plugin/core/until.h"
#include "plugin/people/profile.h"
#include "schema/store.h"
#include "schema/young.h"

#define SIGNER_MS 3600000 /* for how long a clock that was ahead is taken to be it */

struct users {
    struct user *by_id;
    int64_t last_number; /* of those that were given */
    struct young_list *newcomers;
};

/* A user made a moment ago. */
struct newcomer {
    struct young young;
    int64_t number;
    char id[USER_ID_MAX + 1];
};

int users_open(struct chat *chat)
{
    struct users *all = chat->users = calloc(1, sizeof *all);
    if (!all || young_open(&all->newcomers, chat->store, NULL, NULL))
        return -1;
    sqlite3_stmt *row = store_read(chat->store, R_USER_NUMBER_MAX);
    if (store_row(chat->store, row))
        all->last_number = sqlite3_column_int64(row, 0);
    store_done(row);
    return store_reads_failed(chat->store) ? -1 : 0;
}

void user_unload(struct chat *chat, struct user *user)
{
    HASH_DEL(chat->users->by_id, user);
    free(user->profile);
    free(user->blacklist);
    free(user->rivals);
    free(user);
}

struct user *users_first(const struct chat *chat)
{
    return chat->users ? chat->users->by_id : NULL;
}

void users_close(struct chat *chat)
{
    struct user *user, *next;
    if (!chat->users)
        return;
    HASH_ITER (hh, chat->users->by_id, user, next)
        user_unload(chat, user);
    young_close(chat->users->newcomers);
    free(chat->users);
    chat->users = NULL;
}

struct user *user_in_memory(struct chat *chat, const char *id)
{
    struct user *user;
    HASH_FIND_STR(chat->users->by_id, id, user);
    if (user)
        user->used = chat->era;
    return user;
}

static struct user *remember(struct chat *chat, const char *id)
{
    struct user *user = calloc(1, sizeof *user);
    if (!user || !text_copy(user->id, sizeof user->id, id)) {
        free(user);
        return NULL;
    }
    user->used = chat->era;
    HASH_ADD_STR(chat->users->by_id, id, user);
    if (user->hh.tbl)
        return user;
    free(user);
    return NULL;
}

static struct user *meet(struct chat *chat, const char *id, sqlite3_stmt *row)
{
    struct profile *profile;
    if (!profile_read(row, 3, &profile))
        return NULL;
    struct user *user = remember(chat, id);
    if (!user) {
        free(profile);
        return NULL;
    }
    user->created = sqlite3_column_int64(row, 0);
    user->kicked = sqlite3_column_int64(row, 1);
    user->deleted = sqlite3_column_int(row, 2) != 0;
    user->profile = profile;
    user->blacklist_unread = sqlite3_column_int(row, 6) != 0;
    user->c2c_muted_until = sqlite3_column_int64(row, 7);
    user->group_muted_until = sqlite3_column_int64(row, 8);
    user->groups_day = sqlite3_column_int64(row, 9);
    user->groups_made = sqlite3_column_int64(row, 10);
    user->banned_until = sqlite3_column_int64(row, 11);
    return user;
}

static struct user *load(struct chat *chat, const char *id)
{
    struct user *user = NULL;
    sqlite3_stmt *row = store_read(chat->store, R_USER);
    sqlite3_bind_text(row, 1, id, -1, SQLITE_STATIC);
    if (store_row(chat->store, row) && !(user = meet(chat, id, row)))
        store_row_lost(chat->store);
    store_done(row);
    return user;
}

struct user *user_find_any(struct chat *chat, const char *id)
{
    if (!user_id_valid(id, strlen(id)))
        return NULL;
    struct user *user = user_in_memory(chat, id);
    return user ? user : load(chat, id);
}

struct user *user_find(struct chat *chat, const char *id)
{
    struct user *user = user_find_any(chat, id);
    return user && !user->deleted ? user : NULL;
}

/* In the open frame. NULL: out of memory. */
static struct newcomer *add_newcomer(struct users *all, const char *id)
{
    struct newcomer *newcomer = calloc(1, sizeof *newcomer);
    if (!newcomer)
        return NULL;
    newcomer->number = ++all->last_number;
    text_copy(newcomer->id, sizeof newcomer->id, id);
    young_add(all->newcomers, &newcomer->young);
    return newcomer;
}

struct user *user_create(struct chat *chat, const char *id)
{
    struct user *user = remember(chat, id);
    const struct newcomer *newcomer = user ? add_newcomer(chat->users, id) : NULL;
    if (!newcomer) {
        if (user)
            user_unload(chat, user);
        return NULL;
    }
    user->created = chat->now;
    user->memberships_complete = true; /* nobody can have added it to anything */
    user->places_known = true;         /* and no device can be its */
    store_put(chat->store, W_USER_ADD_NUMBERED, "tii", id, user->created, newcomer->number);
    return user;
}

/* Memory knows better than the row. */
static bool show_user(struct chat *chat, struct user_brief *brief, user_brief_function *function,
                      void *context)
{
    const struct user *user = user_in_memory(chat, brief->id);
    if (user) {
        brief->nickname = user_profile(user)->nickname;
        brief->created = user->created;
        brief->banned_until = user->banned_until;
        brief->deleted = user->deleted;
    }
    return function(context, brief);
}

static bool show_row(struct chat *chat, sqlite3_stmt *row, user_brief_function *function, void *context)
{
    struct user_brief brief = {.number = sqlite3_column_int64(row, 0),
                               .id = store_text(row, 1),
                               .created = sqlite3_column_int64(row, 2),
                               .deleted = sqlite3_column_int(row, 3) != 0,
                               .nickname = store_text(row, 4),
                               .banned_until = sqlite3_column_int64(row, 5)};
    return show_user(chat, &brief, function, context);
}

void users_after(struct chat *chat, int64_t after, size_t limit, user_brief_function *function, void *context)
{
    const struct young *young;
    bool more = true;
    sqlite3_stmt *row = store_read(chat->store, R_USERS_AFTER);
    sqlite3_bind_int64(row, 1, after);
    sqlite3_bind_int64(row, 2, (int64_t)limit);
    while (more && store_row(chat->store, row)) {
        after = sqlite3_column_int64(row, 0);
        more = show_row(chat, row, function, context);
        limit--;
    }
    store_done(row);
    DL_FOREACH (chat->users->newcomers->oldest, young) {
        const struct newcomer *newcomer = (const struct newcomer *)young;
        struct user_brief brief = {.number = newcomer->number, .id = newcomer->id, .nickname = ""};
        if (more && limit > 0 && newcomer->number > after) {
            more = show_user(chat, &brief, function, context);
            limit--;
        }
    }
}

void user_mute(struct chat *chat, struct user *user, int64_t c2c_until, int64_t group_until)
{
    user->used = chat->era;
    user->c2c_muted_until = c2c_until;
    user->group_muted_until = group_until;
    store_put(chat->store, W_USER_MUTE, "tii", user->id, c2c_until, group_until);
}

void user_ban(struct chat *chat, struct user *user, int64_t until)
{
    user->used = chat->era;
    user->banned_until = until;
    store_put(chat->store, W_USER_BAN, "ti", user->id, until);
}

int user_check_ban(struct chat *chat, const struct user *user)
{
    if (!until_lasts(chat, user->banned_until))
        return CODE_OK;
    chat->count.bans.refused++;
    return CODE_BANNED;
}

int64_t user_groups_left(const struct chat *chat, const struct user *user)
{
    return GROUPS_PER_DAY - (user->groups_day == chat->now / DAY_MS ? user->groups_made : 0);
}

void user_count_group(struct chat *chat, struct user *user)
{
    user->groups_made = GROUPS_PER_DAY - user_groups_left(chat, user) + 1;
    user->used = chat->era;
    user->groups_day = chat->now / DAY_MS;
    store_put(chat->store, W_USER_GROUPS, "tii", user->id, user->groups_day, user->groups_made);
}

void user_note_sig(struct chat *chat, int64_t created_seconds)
{
    int64_t ahead = created_seconds - chat->now / 1000;
    if (ahead <= 0 ||
        (ahead < chat->signer_ahead.seconds && chat->steady - chat->signer_ahead.seen < SIGNER_MS))
        return;
    chat->signer_ahead.seconds = ahead;
    chat->signer_ahead.seen = chat->steady;
}

void user_kick(struct chat *chat, struct user *user)
{
    bool ahead = chat->steady - chat->signer_ahead.seen < SIGNER_MS;
    int64_t second = until_now(chat) / 1000 + (ahead ? chat->signer_ahead.seconds : 0);
    user->used = chat->era;
    if (second > user->kicked || user->kicked - second > DAY_MS / 1000) /* of a clock that was ahead */
        user->kicked = second;
    store_put(chat->store, W_USER_KICK, "ti", user->id, user->kicked);
}

void user_revive(struct chat *chat, struct user *user)
{
    user->used = chat->era;
    user->deleted = false;
    user->created = chat->now;
    free(user->profile);
    user->profile = NULL;
    free(user->blacklist);
    user->blacklist = NULL;
    user->blacklist_unread = false;
    user->c2c_muted_until = user->group_muted_until = 0;
    store_put(chat->store, W_USER_REVIVE, "ti", user->id, user->created);
    store_put(chat->store, W_BLACKLIST_END, "t", user->id);
}

const struct profile *user_profile(const struct user *user)
{
    static const struct profile none = {.nickname = "", .face_url = "", .self_signature = ""};
    return user->profile ? user->profile : &none;
}

const char *user_name(const struct user *user)
{
    const char *nickname = user_profile(user)->nickname;
    return nickname[0] ? nickname : user->id;
}

void user_set_profile(struct chat *chat, struct user *user, struct profile *profile_take)
{
    store_put(chat->store, W_USER_PROFILE, "tttt", user->id, profile_take->nickname, profile_take->face_url,
              profile_take->self_signature);
    user->used = chat->era;
    free(user->profile);
    user->profile = profile_take;
}
