/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/delivery/broadcast.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "acl/code.h"
#include "lib/text.h"
#include "plugin/core/chat.h"
#include "plugin/delivery/announce.h"
#include "plugin/people/user.h"
#include "plugin/session/session.h"
#include "schema/store.h"

#define PART_USERS   50     /* told in one turn */
#define PART_BYTES   262144 /* ... or fewer, if the notice is long */
#define RETRY_MS     1000
#define RECORD_BYTES 64   /* of a part, besides its users */
#define NOTICE_BYTES 2048 /* of a notice, besides its body */

/* Some of those who are to be told. */
struct part {
    int64_t number;
    size_t count;
    char ids[PART_USERS][USER_ID_MAX + 1];
    struct part *next;
};

struct broadcast {
    int64_t id; /* from the row of message ids */
    char *body;
    struct part *parts; /* LL, those that wait */
    int64_t retry_at;
    struct broadcast *prev, *next;
};

static void part_done(struct broadcast *broadcast)
{
    struct part *part = broadcast->parts;
    LL_DELETE(broadcast->parts, part);
    free(part);
}

static void broadcast_free(struct broadcast *broadcast)
{
    while (broadcast && broadcast->parts)
        part_done(broadcast);
    if (broadcast)
        free(broadcast->body);
    free(broadcast);
}

static void forget_broadcast(struct chat *chat, struct broadcast *broadcast)
{
    DL_DELETE(chat->broadcasts, broadcast);
    broadcast_free(broadcast);
}

void broadcasts_close(struct chat *chat)
{
    while (chat->broadcasts)
        forget_broadcast(chat, chat->broadcasts);
}

static struct broadcast *broadcast_make(int64_t id, const char *body)
{
    struct broadcast *broadcast = calloc(1, sizeof *broadcast);
    if (!broadcast || !(broadcast->body = strdup(body))) {
        free(broadcast);
        return NULL;
    }
    broadcast->id = id;
    return broadcast;
}

/* In front: the order of parts does not matter. */
static struct part *part_add(struct broadcast *broadcast, int64_t number)
{
    struct part *part = calloc(1, sizeof *part);
    if (!part)
        return NULL;
    part->number = number;
    LL_PREPEND(broadcast->parts, part);
    return part;
}

/* What the last life has left */

static void part_read(struct part *part, const char *users)
{
    while (*users && part->count < PART_USERS) {
        size_t len = strcspn(users, " ");
        if (len <= USER_ID_MAX)
            memcpy(part->ids[part->count++], users, len); /* the rest is 0 */
        users += len + (users[len] == ' ');
    }
}

static bool read_parts(struct chat *chat, struct broadcast *broadcast)
{
    struct part *part = NULL;
    bool good = true;
    sqlite3_stmt *row = store_read(chat->store, R_BROADCAST_PARTS);
    sqlite3_bind_int64(row, 1, broadcast->id);
    while (good && store_row(chat->store, row)) {
        part = part_add(broadcast, sqlite3_column_int64(row, 0));
        good = part != NULL;
        if (good)
            part_read(part, store_text(row, 1));
    }
    store_done(row);
    return good;
}

int broadcasts_open(struct chat *chat)
{
    struct broadcast *broadcast;
    bool good = true;
    sqlite3_stmt *row = store_read(chat->store, R_BROADCASTS);
    while (good && store_row(chat->store, row)) {
        broadcast = broadcast_make(sqlite3_column_int64(row, 0), store_text(row, 1));
        good = broadcast != NULL;
        if (good)
            DL_APPEND(chat->broadcasts, broadcast);
    }
    store_done(row);
    DL_FOREACH (chat->broadcasts, broadcast)
        good = good && read_parts(chat, broadcast);
    return good && !store_reads_failed(chat->store) ? 0 : -1;
}

/* The command */

static size_t notice_bytes(const char *body)
{
    return NOTICE_BYTES + strlen(body);
}

static size_t part_size(const char *body)
{
    size_t fit = PART_BYTES / notice_bytes(body);
    if (fit == 0)
        return 1;
    return fit < PART_USERS ? fit : PART_USERS;
}

static bool add_receiver(struct broadcast *broadcast, size_t size, const char *user_id)
{
    struct part *part = broadcast->parts;
    if ((!part || part->count == size) && !(part = part_add(broadcast, part ? part->number + 1 : 0)))
        return false;
    text_copy(part->ids[part->count++], sizeof *part->ids, user_id);
    return true;
}

/* Everybody once, however many devices he has. One look at each session, some nanoseconds, no more. */
static bool add_everybody(struct chat *chat, struct broadcast *broadcast)
{
    const struct session *session;
    const size_t size = part_size(broadcast->body);
    DL_FOREACH (sessions_first(chat), session)
        if (session->user->sessions == session && !add_receiver(broadcast, size, session->user->id))
            return false;
    return true;
}

static bool add_these(struct broadcast *broadcast, const char *const *user_ids, size_t count)
{
    const size_t size = part_size(broadcast->body);
    for (size_t i = 0; i < count; i++)
        if (!add_receiver(broadcast, size, user_ids[i]))
            return false;
    return true;
}

static void put_part(struct chat *chat, const struct broadcast *broadcast, const struct part *part)
{
    char users[PART_USERS * (USER_ID_MAX + 1) + 1] = "";
    char *end = users;
    for (size_t i = 0; i < part->count; i++)
        end = stpcpy(stpcpy(end, i > 0 ? " " : ""), part->ids[i]);
    store_put(chat->store, W_BROADCAST_PART_ADD, "iit", broadcast->id, part->number, users);
}

static size_t frame_bytes(const struct broadcast *broadcast)
{
    const struct part *part;
    size_t bytes = strlen(broadcast->body);
    LL_FOREACH (broadcast->parts, part)
        bytes += RECORD_BYTES + part->count * sizeof *part->ids;
    return bytes;
}

/* `addressed`: everybody is in its parts. */
static int start(struct chat *chat, struct broadcast *broadcast, bool addressed)
{
    const struct part *part;
    if (!addressed || !store_begin_sized(chat->store, frame_bytes(broadcast))) {
        broadcast_free(broadcast);
        return CODE_BUSY;
    }
    broadcast->id = store_next_place(chat->store);
    if (broadcast->id == 0) {
        store_commit(chat->store); /* the mark is on its way */
        broadcast_free(broadcast);
        return CODE_BUSY;
    }
    store_put(chat->store, W_BROADCAST_ADD, "it", broadcast->id, broadcast->body);
    LL_FOREACH (broadcast->parts, part)
        put_part(chat, broadcast, part);
    store_commit(chat->store);
    DL_APPEND(chat->broadcasts, broadcast);
    return CODE_OK;
}

int broadcast_start(struct chat *chat, const char *body)
{
    struct broadcast *broadcast = broadcast_make(0, body);
    return start(chat, broadcast, broadcast && add_everybody(chat, broadcast));
}

int broadcast_start_to(struct chat *chat, const char *body, const char *const *user_ids, size_t count)
{
    struct broadcast *broadcast = broadcast_make(0, body);
    return start(chat, broadcast, broadcast && add_these(broadcast, user_ids, count));
}

/* The notices */

/* Reads what the notices will need. Who was deleted meanwhile is NULL. */
static bool find_users(struct chat *chat, const struct part *part, struct user *users[PART_USERS])
{
    store_reads_begin(chat->store);
    for (size_t i = 0; i < part->count; i++) {
        users[i] = user_find(chat, part->ids[i]);
        announce_expect(chat, part->ids[i]);
    }
    return !store_reads_failed(chat->store);
}

static bool tell_part(struct chat *chat, struct broadcast *broadcast)
{
    const struct part *part = broadcast->parts;
    struct user *users[PART_USERS];
    if (!find_users(chat, part, users) ||
        !store_begin_sized(chat->store, part->count * notice_bytes(broadcast->body)))
        return false;
    for (size_t i = 0; i < part->count; i++)
        if (users[i])
            announce_notice_body(chat, users[i], broadcast->body);
    store_put(chat->store, W_BROADCAST_PART_END, "ii", broadcast->id, part->number);
    if (!part->next)
        store_put(chat->store, W_BROADCAST_END, "i", broadcast->id);
    announce_commit(chat);
    return true;
}

bool broadcasts_tick(struct chat *chat)
{
    struct broadcast *broadcast = chat->broadcasts;
    if (!broadcast || chat->steady < broadcast->retry_at)
        return false;
    if (broadcast->parts && !tell_part(chat, broadcast)) {
        broadcast->retry_at = chat->steady + RETRY_MS;
        return false;
    }
    if (broadcast->parts)
        part_done(broadcast);
    if (!broadcast->parts)
        forget_broadcast(chat, broadcast);
    return chat->broadcasts != NULL;
}
