/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/people/user.h"

#include <stdlib.h>
#include <string.h>

#include "acl/limits.h"
#include "lib/basics.h"
#include "lib/text.h"
#include "plugin/core/chat.h"
#include "plugin/people/profile.h"
#include "schema/store.h"

#define SIGNER_MS 3600000 /* for how long a clock that was ahead is taken to be it */

struct users {
    struct user *by_id;
};

int users_open(struct chat *chat)
{
    chat->users = calloc(1, sizeof *chat->users);
    return chat->users ? 0 : -1;
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

struct user *user_create(struct chat *chat, const char *id)
{
    struct user *user = remember(chat, id);
    if (!user)
        return NULL;
    user->created = chat->now;
    user->memberships_complete = true; /* nobody can have added it to anything */
    store_put(chat->store, W_USER_ADD, "ti", id, user->created);
    return user;
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
    int64_t second = chat->now / 1000 + (ahead ? chat->signer_ahead.seconds : 0);
    user->used = chat->era;
    if (second > user->kicked)
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
