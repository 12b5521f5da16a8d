/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/life/purge.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "acl/identity.h"
#include "lib/basics.h"
#include "lib/clock.h"
#include "lib/keyed_hash.h"
#include "lib/text.h"
#include "plugin/core/chat.h"
#include "plugin/delivery/announce.h"
#include "plugin/delivery/event.h"
#include "plugin/people/conversation.h"
#include "plugin/people/member.h"
#include "plugin/push/push_badge.h"
#include "schema/log.h"
#include "schema/store.h"

/* What a step may take; and how far apart steps are, so that a busy broker, whose turns are short, makes no
 * more of them. */
#define STEP_US    1000
#define STEP_ROWS  5000
#define STEP_FOUND 100 /* messages that are recalled */
#define STEP_TELLS 20  /* pairs that are told, or one group */
#define STEP_MS    10

#define ROWS_A_CLOCK 32 /* rows between two looks at the clock */
#define SAVE_STEPS   100
#define WALKED_MAX   100 /* purges in one walk: they are saved in one frame */
#define RETRY_MS     1000

/* A conversation that knows of a purge of everything. */
struct purge_told {
    int64_t conversation;
    UT_hash_handle hh;
};

/* The key are the first two, without a gap; the user's id is padded with zeroes. */
struct purge {
    int64_t conversation; /* 0: all */
    char user[USER_ID_MAX + 1];
    int64_t upto;   /* this message and those before it */
    int64_t below;  /* at and above this id nothing is left */
    uint64_t mark;  /* of its frame: what it is about is in the database with it, at the latest */
    bool walked;    /* by the walk under way */
    int64_t badged; /* the conversation whose phones have been told last */
    struct purge_told *told;
    UT_hash_handle hh;
};

#define KEY_BYTES (offsetof(struct purge, user) + USER_ID_MAX + 1)

struct purges {
    struct purge *all;
    /* The walk. */
    bool under_way;
    int64_t conversation, below;
    int unsaved;     /* steps */
    uint64_t mark;   /* of its last frame, or that of the walk before */
    int64_t next_at; /* steady ms */
};

/* The list */

static struct purge *find(const struct purges *purges, int64_t conversation, const char *user)
{
    struct purge key = {.conversation = conversation}, *purge;
    text_copy(key.user, sizeof key.user, user);
    HASH_FIND(hh, purges->all, &key, KEY_BYTES, purge);
    return purge;
}

static void forget_told(struct purge *purge)
{
    struct purge_told *told, *next;
    HASH_ITER (hh, purge->told, told, next) {
        HASH_DEL(purge->told, told);
        free(told);
    }
}

static void forget(struct purges *purges, struct purge *purge)
{
    forget_told(purge);
    HASH_DEL(purges->all, purge);
    free(purge);
}

/* The one that is there already, or a new one; NULL: out of memory. */
static struct purge *obtain(struct purges *purges, int64_t conversation, const char *user)
{
    struct purge *purge = find(purges, conversation, user);
    if (purge)
        return purge;
    purge = calloc(1, sizeof *purge);
    if (!purge)
        return NULL;
    purge->conversation = conversation;
    text_copy(purge->user, sizeof purge->user, user);
    HASH_ADD(hh, purges->all, conversation, KEY_BYTES, purge);
    if (purge->hh.tbl)
        return purge;
    free(purge);
    return NULL;
}

/* For every read from now on. false: out of memory, and nothing has changed. */
static bool begin(struct chat *chat, int64_t conversation, const char *user, int64_t upto, int64_t below)
{
    struct purge *purge = obtain(chat->purges, conversation, user);
    if (!purge)
        return false;
    if (!log_purge_begin(chat->log, conversation, user, upto)) {
        if (purge->upto == 0)
            forget(chat->purges, purge);
        return false;
    }
    purge->upto = upto;
    purge->below = below;
    purge->mark = 0;
    purge->walked = false;
    purge->badged = 0;
    return true;
}

static bool note_told(struct purge *purge, int64_t conversation)
{
    struct purge_told *told = calloc(1, sizeof *told);
    if (!told)
        return false;
    told->conversation = conversation;
    HASH_ADD_NUMBER(hh, purge->told, conversation, told);
    if (told->hh.tbl)
        return true;
    free(told);
    return false;
}

static bool is_told(const struct purge *purge, int64_t conversation)
{
    struct purge_told *told;
    HASH_FIND_NUMBER(hh, purge->told, conversation, told);
    return told != NULL;
}

/* What the last life has left */

static bool read_purges(struct chat *chat)
{
    bool good = true;
    sqlite3_stmt *row = store_read(chat->store, R_PURGES);
    while (good && store_row(chat->store, row))
        good = begin(chat, sqlite3_column_int64(row, 0), store_text(row, 1), sqlite3_column_int64(row, 2),
                     sqlite3_column_int64(row, 3));
    store_done(row);
    return good;
}

static bool read_told(struct chat *chat)
{
    bool good = true;
    sqlite3_stmt *row = store_read(chat->store, R_PURGES_TOLD);
    while (good && store_row(chat->store, row)) {
        struct purge *purge = find(chat->purges, 0, store_text(row, 0));
        good = !purge || note_told(purge, sqlite3_column_int64(row, 1));
    }
    store_done(row);
    return good;
}

int purges_open(struct chat *chat)
{
    chat->purges = calloc(1, sizeof *chat->purges);
    if (!chat->purges || !read_purges(chat) || !read_told(chat))
        return -1;
    return store_reads_failed(chat->store) ? -1 : 0;
}

void purges_close(struct chat *chat)
{
    struct purge *purge, *next;
    if (!chat->purges)
        return;
    HASH_ITER (hh, chat->purges->all, purge, next)
        forget(chat->purges, purge);
    free(chat->purges);
    chat->purges = NULL;
}

bool purge_start(struct chat *chat, struct conversation *conversation, const char *user_id)
{
    const int64_t id = conversation ? conversation->id : 0;
    const int64_t upto = conversation ? conversation->last_id : store_last_id(chat->store);
    if (!begin(chat, id, user_id, upto, upto + 1))
        return false;
    struct purge *purge = find(chat->purges, id, user_id);
    purge->mark = store_mark(chat->store);
    store_put(chat->store, W_PURGE_SET, "itii", id, user_id, upto, upto + 1);
    if (purge->told) {
        forget_told(purge);
        store_put(chat->store, W_PURGE_TOLD_FORGET, "t", user_id);
    }
    if (conversation)
        conversation_recalled(chat, conversation, conversation->last_id);
    return true;
}

/* A look */

struct purge_find {
    struct message message; /* what log_recall wants to know */
    struct purge *purge;
    struct conversation *conversation; /* NULL: the group has lost its groupID */
    bool heard;                        /* there is somebody in it to be told */
};

struct purge_look {
    struct purge_find found[STEP_FOUND];
    size_t count;
    int64_t below; /* how far down it has come */
    bool end;
};

/* PURGE_COLUMNS of schema/statements.def. */
static void look_at(const struct purges *purges, sqlite3_stmt *row, struct purge_look *look)
{
    const struct message message = {.id = sqlite3_column_int64(row, 0),
                                    .kind = (enum message_kind)sqlite3_column_int(row, 2),
                                    .recalled = sqlite3_column_int(row, 3) != 0};
    look->below = message.id;
    if (message.recalled || !message_is_content(&message))
        return;
    struct purge *purge = find(purges, purges->conversation, store_text(row, 1));
    if (!purge || !purge->walked || message.id > purge->upto)
        return;
    struct purge_find *found = &look->found[look->count++];
    *found = (struct purge_find){.message = message, .purge = purge};
    found->message.sender = purge->user;
    found->message.conversation = sqlite3_column_int64(row, 4);
    found->message.edits = sqlite3_column_int64(row, 5);
}

/* Who was deleted, too, and has come again is in no pair before its next message. */
static bool is_heard(struct chat *chat, struct conversation *conversation, const char *sender)
{
    if (conversation->group)
        return conversation->group->dismissed == 0;
    return member_role(chat, conversation, conversation_peer(conversation, sender)) != ROLE_NONE;
}

static void find_place(struct chat *chat, struct purge_find *found)
{
    found->conversation = conversation_by_id(chat, found->message.conversation);
    found->heard = found->conversation && is_heard(chat, found->conversation, found->purge->user);
}

/* false: the store cannot be read. */
static bool look_down(struct chat *chat, struct purge_look *look)
{
    const struct purges *purges = chat->purges;
    const int64_t until = clock_steady_us() + STEP_US;
    sqlite3_stmt *row = store_read(chat->store, purges->conversation ? R_PURGE_CONVERSATION : R_PURGE_ALL);
    sqlite3_bind_int64(row, 1, purges->conversation);
    sqlite3_bind_int64(row, 2, purges->below);
    look->below = purges->below;
    for (int rows = 1; look->count < STEP_FOUND && rows <= STEP_ROWS; rows++) {
        look->end = !store_row(chat->store, row);
        if (look->end)
            break;
        look_at(purges, row, look);
        if (rows % ROWS_A_CLOCK == 0 && clock_steady_us() >= until)
            break;
    }
    store_done(row);
    for (size_t i = 0; i < look->count; i++)
        find_place(chat, &look->found[i]);
    return !store_reads_failed(chat->store);
}

/* Telling, where the purge is of everything */

static bool wants_to_know(const struct purge_find *found)
{
    return found->purge->conversation == 0 && found->heard && !is_told(found->purge, found->conversation->id);
}

static int tell_cost(const struct purge_find *found)
{
    return found->conversation->group ? STEP_TELLS : 1;
}

/* In the open frame, as the user. Out of memory: with the next message that is found there. */
static bool tell(struct chat *chat, const struct purge_find *found)
{
    struct purge *purge = found->purge;
    if (!note_told(purge, found->conversation->id))
        return false;
    store_put(chat->store, W_PURGE_TELL, "ti", purge->user, found->conversation->id);
    announce_purge(chat, found->conversation, purge->user, purge->user, purge->upto);
    return true;
}

/* What was found */

/* Whoever has not read the newest of them has less to read; older ones change nothing about who that is. */
static void tell_phones(struct chat *chat, const struct purge_find *found)
{
    if (found->message.kind != MESSAGE_CONTENT || found->purge->badged == found->conversation->id)
        return;
    badge_put_recalled(chat, found->conversation, &found->message);
    found->purge->badged = found->conversation->id;
}

static void recalled(struct chat *chat, const struct purge_find *found)
{
    if (!found->conversation)
        return;
    conversation_recalled(chat, found->conversation, found->message.id);
    tell_phones(chat, found);
}

/* In the open frame. As many as one step may tell of; *told are those to have the event, too. Returns how
 * many have been recalled. */
static size_t recall(struct chat *chat, const struct purge_look *look,
                     const struct purge_find *told[STEP_TELLS], size_t *told_count)
{
    int left = STEP_TELLS;
    for (size_t i = 0; i < look->count; i++) {
        const struct purge_find *found = &look->found[i];
        const bool wanted = wants_to_know(found);
        if (wanted && left < tell_cost(found))
            return i;
        if (!log_recall(chat->log, &found->message))
            return i;
        recalled(chat, found);
        if (!wanted || !tell(chat, found))
            continue;
        left -= tell_cost(found);
        told[(*told_count)++] = found;
    }
    return look->count;
}

/* false: not now. */
static bool recall_found(struct chat *chat, struct purge_look *look)
{
    const struct purge_find *told[STEP_TELLS];
    size_t told_count = 0;
    if (look->count == 0)
        return true;
    if (!store_begin_command(chat->store, 0))
        return false;
    size_t count = recall(chat, look, told, &told_count);
    announce_commit(chat);
    chat->purges->mark = store_last_mark(chat->store);
    for (size_t i = 0; i < told_count; i++)
        event_purged(chat, told[i]->conversation, told[i]->purge->user, told[i]->purge->upto);
    if (count < look->count) { /* the others in the next step */
        look->below = look->found[count].message.id + 1;
        look->end = false;
    }
    return count > 0;
}

/* The walk */

/* What an earlier walk has recalled is to be seen as such. */
static bool begin_walk(struct chat *chat)
{
    struct purges *purges = chat->purges;
    int count = 0;
    if (!store_has(chat->store, purges->mark))
        return false;
    for (struct purge *purge = purges->all; purge && count < WALKED_MAX; purge = purge->hh.next) {
        if (!store_has(chat->store, purge->mark) ||
            (count > 0 && purge->conversation != purges->conversation))
            continue;
        purges->conversation = purge->conversation;
        purges->below = count > 0 ? larger(purges->below, purge->below) : purge->below;
        purge->walked = true;
        count++;
    }
    purges->under_way = count > 0;
    purges->unsaved = 0;
    return purges->under_way;
}

/* false: not now. */
static bool save(struct chat *chat)
{
    struct purges *purges = chat->purges;
    if (!store_begin_command(chat->store, 0))
        return false;
    for (const struct purge *purge = purges->all; purge; purge = purge->hh.next)
        if (purge->walked)
            store_put(chat->store, W_PURGE_MOVE, "iti", purge->conversation, purge->user, purges->below);
    store_commit(chat->store);
    purges->unsaved = 0;
    return true;
}

/* false: not now. */
static bool end_walk(struct chat *chat)
{
    struct purges *purges = chat->purges;
    struct purge *purge, *next;
    if (!store_begin_command(chat->store, 0))
        return false;
    HASH_ITER (hh, purges->all, purge, next) {
        if (!purge->walked)
            continue;
        store_put(chat->store, W_PURGE_END, "it", purge->conversation, purge->user);
        if (purge->told)
            store_put(chat->store, W_PURGE_TOLD_FORGET, "t", purge->user);
        log_purge_end(chat->log, purge->conversation, purge->user);
        forget(purges, purge);
    }
    store_commit(chat->store);
    purges->under_way = false;
    return true;
}

/* false: not now. */
static bool step(struct chat *chat)
{
    struct purges *purges = chat->purges;
    struct purge_look look = {.count = 0};
    if (!look_down(chat, &look) || !recall_found(chat, &look))
        return false;
    purges->below = look.below;
    if (look.end)
        return end_walk(chat);
    return ++purges->unsaved < SAVE_STEPS || save(chat);
}

bool purges_tick(struct chat *chat)
{
    struct purges *purges = chat->purges;
    if (!purges->all)
        return false;
    if (chat->steady < purges->next_at)
        return purges->next_at - chat->steady <= STEP_MS;
    if (!purges->under_way && !begin_walk(chat))
        return true;
    store_reads_begin(chat->store);
    purges->next_at = chat->steady + (step(chat) ? STEP_MS : RETRY_MS);
    return true;
}
