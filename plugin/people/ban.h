/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Who may not come (back) into a group, and until when. A group's are in memory from the first time that somebody asks;
 * authoritative then. Broker thread only. */
#ifndef PLUGIN_PEOPLE_BAN_H
#define PLUGIN_PEOPLE_BAN_H

#include "acl/identity.h"
#include "acl/limits.h"
#include "lib/keyed_hash.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct chat;

struct ban {
    char user[USER_ID_MAX + 1];
    int64_t until; /* ms */
    char by[USER_ID_MAX + 1];
    char reason[REASON_MAX + 1]; /* "": none was given */
    UT_hash_handle hh;
};

/* Of one group. */
struct bans {
    struct ban *by_user; /* uthash; the next one is its hh.next */
    bool swept;          /* the database has none that was over when these were loaded */
};

/* Those of a group (its conversation's id) that are not over, to be kept by it and freed. NULL: out of memory, or the
 * store cannot be read (store_reads_failed tells). */
struct bans *bans_load(struct chat *chat, int64_t group);
void bans_free(struct bans *bans); /* NULL is fine */

/* NULL: the user is not banned at `now` (ms). */
const struct ban *ban_find(const struct bans *bans, const char *user, int64_t now);
/* Is there room for one more? Those that are over do not count. */
bool bans_have_room(const struct bans *bans, int64_t now);

/* In the open frame: begins a ban, or changes it; forgets those that are over. false: out of memory, and nothing has
 * changed. */
__attribute__((warn_unused_result)) bool ban_put(struct chat *chat, int64_t group, struct bans *bans,
                                                 const struct ban *ban);
/* In the open frame: lifts it. Who is not banned is fine. */
void ban_lift(struct chat *chat, int64_t group, struct bans *bans, const char *user);

#endif
