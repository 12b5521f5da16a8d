/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/push/push_job.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/basics.h"
#include "lib/json.h"
#include "lib/text.h"
#include "plugin/core/chat.h"
#include "plugin/payload/notification.h"
#include "plugin/people/conversation.h"
#include "plugin/people/member.h"
#include "plugin/people/unread.h"
#include "plugin/people/user.h"
#include "plugin/people/visible.h"
#include "plugin/push/push_badge.h"
#include "plugin/session/cursor.h"
#include "plugin/session/session.h"
#include "plugin/session/subscription.h"
#include "schema/log.h"

#define SCAN_MAX 200 /* messages looked through for the newest one that is wanted */

static const char *text_or_null(sqlite3_stmt *s, int column)
{
    return (const char *)sqlite3_column_text(s, column);
}

void push_row_read(sqlite3_stmt *s, struct push_row *row)
{
    *row = (struct push_row){.job = sqlite3_column_int64(s, 0),
                             .client = store_text(s, 1),
                             .user = store_text(s, 2),
                             .conversation = sqlite3_column_int64(s, 3),
                             .message = sqlite3_column_int64(s, 4),
                             .only_this = sqlite3_column_int(s, 5) != 0,
                             .handed = sqlite3_column_int64(s, 6),
                             .due = sqlite3_column_int64(s, 7),
                             .attempt = sqlite3_column_int(s, 8),
                             .state = (enum push_state)sqlite3_column_int(s, 9),
                             .provider = text_or_null(s, 10),
                             .business = text_or_null(s, 11),
                             .token = text_or_null(s, 12),
                             .token_time = sqlite3_column_int64(s, 13),
                             .created = sqlite3_column_int64(s, 14)};
}

void push_target_clear(struct push_target *target)
{
    free(target->body);
    target->body = NULL;
}

/* What the row stands for */

struct message_search {
    struct chat *chat;
    const struct push_row *row;
    struct push_target *target;
    int64_t from; /* no message before it counts */
    int seen;
    bool found, no_memory;
};

static bool wanted(const struct message_search *search, const struct message *m)
{
    if (m->recalled || (m->kind != MESSAGE_CONTENT && m->kind != MESSAGE_NOTICE) ||
        strcmp(m->sender, search->row->user) == 0 ||
        visible_deleted(search->chat, search->target->member, m->id))
        return false;
    switch (search->target->member->receive_option) {
    case RECEIVE_AND_NOTIFY:
        return m->push != PUSH_NOBODY;
    case RECEIVE_NOT_NOTIFY:
        return m->push == PUSH_EVERYBODY || (search->row->only_this && m->id == search->row->message);
    default:
        return false;
    }
}

static void keep(struct message_search *search, const struct message *m)
{
    struct push_target *target = search->target;
    target->body = malloc(m->body_len + 1);
    if (!target->body || !text_copy(target->sender, sizeof target->sender, m->sender)) {
        search->no_memory = !target->body;
        return;
    }
    memcpy(target->body, m->body, m->body_len);
    target->body[m->body_len] = '\0';
    target->body_len = m->body_len;
    target->id = m->id;
    target->time = m->time;
    search->found = true;
}

static bool look_back(void *context, const struct message *m)
{
    struct message_search *search = context;
    if (m->id < search->from || ++search->seen > SCAN_MAX)
        return false;
    if (!wanted(search, m))
        return true;
    keep(search, m);
    return false;
}

static bool look_at_own(void *context, const struct message *m)
{
    struct message_search *search = context;
    if (m->id == search->row->message && m->id >= search->from && wanted(search, m))
        keep(search, m);
    return false;
}

/* The newest message he would be told about that he has not read. */
static enum push_verdict find_message(struct chat *chat, const struct push_row *row,
                                      struct push_target *target)
{
    const struct member *member = target->member;
    struct message_search search = {.chat = chat, .row = row, .target = target};
    search.from = larger(row->message, larger(member->read_id, visible_since(member)) + 1);
    bool read = log_before(chat->log, row->conversation, INT64_MAX, look_back, &search);
    if (read && search.seen > SCAN_MAX)
        read = log_after(chat->log, row->conversation, row->message - 1, look_at_own, &search);
    if (search.found)
        return PUSH_WANTED;
    return read && !search.no_memory ? PUSH_OVER : PUSH_LATER;
}

/* Whether it is still wanted */

/* A failed read never ends a job. */
static enum push_verdict over_unless_failed(struct chat *chat)
{
    return store_reads_failed(chat->store) ? PUSH_LATER : PUSH_OVER;
}

static bool replaced(struct chat *chat, const struct push_row *row)
{
    if (row->state == JOB_WAITS)
        return false;
    sqlite3_stmt *s = store_read(chat->store, R_PUSH_NEWER);
    sqlite3_bind_text(s, 1, row->client, -1, SQLITE_STATIC);
    sqlite3_bind_int64(s, 2, row->conversation);
    sqlite3_bind_int64(s, 3, row->job);
    bool newer = store_row(chat->store, s);
    store_done(s);
    return newer;
}

static int64_t stored_cursor(struct chat *chat, const struct push_row *row,
                             const struct conversation *conversation)
{
    char topic[STORED_TOPIC_MAX];
    subscription_topic(topic, conversation->group ? SUBSCRIPTION_GROUP : SUBSCRIPTION_INBOX, conversation);
    sqlite3_stmt *s = store_read(chat->store, R_DEVICE_CURSOR);
    sqlite3_bind_text(s, 1, row->client, -1, SQLITE_STATIC);
    sqlite3_bind_text(s, 2, topic, -1, SQLITE_STATIC);
    int64_t cursor = store_row(chat->store, s) ? sqlite3_column_int64(s, 0) : 0;
    store_done(s);
    return cursor;
}

static int64_t live_position(struct chat *chat, const struct session *session,
                             const struct conversation *conversation)
{
    struct subscription *named = subscription_named(session, conversation);
    int64_t position = session->feed ? subscription_position(chat, session->feed) : 0;
    return named ? larger(position, subscription_position(chat, named)) : position;
}

/* A device in the background has it on its connection, but nobody looks: its cursor does not count. */
static bool received(struct chat *chat, const struct push_row *row, const struct push_target *target)
{
    const struct session *session = session_by_client_id(chat, row->client);
    if (session && session->presence.background)
        return false;
    if (!session)
        return target->id > row->handed && stored_cursor(chat, row, target->conversation) >= target->id;
    int64_t position = live_position(chat, session, target->conversation);
    return position >= target->id || stored_cursor(chat, row, target->conversation) >= target->id;
}

/* A clock that may be wrong ends nothing. */
static bool too_old(const struct chat *chat, int64_t time)
{
    return time + chat->options.push_ttl_seconds * 1000 <= chat->now && store_believes_clock(chat->store);
}

/* Until when a worker is to try: it goes by the same clock, wrong or not. */
static int64_t expires(const struct chat *chat, int64_t time)
{
    const int64_t ttl = chat->options.push_ttl_seconds * 1000;
    return (time + ttl <= chat->now || time > chat->now ? chat->now : time) + ttl;
}

/* Who looks at the device sees what is unread. */
static bool is_looked_at(struct chat *chat, const char *client)
{
    const struct session *session = session_by_client_id(chat, client);
    return session && !session->presence.background;
}

static enum push_verdict find_badge(struct chat *chat, const struct push_row *row, struct push_target *target)
{
    target->time = row->created;
    bool over = !row->token || strcmp(row->provider, "webhook") == 0 || !chat->options.push_badge ||
                replaced(chat, row) || too_old(chat, row->created) || is_looked_at(chat, row->client);
    return over ? PUSH_OVER : PUSH_WANTED;
}

enum push_verdict push_job_find(struct chat *chat, const struct push_row *row, struct push_target *target)
{
    *target = (struct push_target){0};
    store_reads_begin(chat->store);
    if (row->conversation == BADGE_CONVERSATION)
        return find_badge(chat, row, target);
    target->conversation = conversation_by_id(chat, row->conversation);
    if (!target->conversation)
        return over_unless_failed(chat);
    if (!row->token || replaced(chat, row))
        return PUSH_OVER;
    target->member = member_find(chat, target->conversation, row->user);
    if (!target->member || target->member->role == ROLE_NONE)
        return over_unless_failed(chat);
    enum push_verdict verdict = find_message(chat, row, target);
    if (verdict != PUSH_WANTED)
        return verdict;
    if (too_old(chat, target->time) || received(chat, row, target))
        return PUSH_OVER;
    return PUSH_WANTED;
}

/* As a worker gets it */

static bool add_text(cJSON *object, const char *name, const char *text)
{
    return !text || cJSON_AddStringToObject(object, name, text);
}

static bool add_number(cJSON *object, const char *name, int64_t number)
{
    return json_add_whole(object, name, number);
}

/* With this message, committed or not: this conversation is reckoned from memory, the others, as all of them for a
 * badge, only if they are there. */
static int64_t count_unread(struct chat *chat, const struct push_row *row, const struct push_target *target)
{
    struct user *user = user_in_memory(chat, row->user);
    if (user && user->sessions)
        return user_total_unread(chat, user);
    sqlite3_stmt *s = store_read(chat->store, R_PUSH_UNREAD);
    sqlite3_bind_text(s, 1, row->user, -1, SQLITE_STATIC);
    sqlite3_bind_int64(s, 2, row->conversation);
    sqlite3_bind_int64(s, 3, store_first_id(chat->store));
    int64_t elsewhere = store_row(chat->store, s) ? sqlite3_column_int64(s, 0) : 0;
    store_done(s);
    return elsewhere + (target->member ? member_unread(chat, target->member) : 0);
}

static bool add_title(struct chat *chat, cJSON *job, const struct push_target *target, const char *given)
{
    char title[NICKNAME_MAX + GROUP_NAME_MAX + 3];
    const struct group *group = target->conversation->group;
    if (given)
        return add_text(job, "title", given);
    const struct user *sender = user_find(chat, target->sender); /* none: @system, or a deleted one */
    const char *name = sender ? user_name(sender) : target->sender;
    if (!group)
        return add_text(job, "title", name);
    snprintf(title, sizeof title, "%s(%s)", name, group->name);
    return add_text(job, "title", title);
}

static bool add_notification(struct chat *chat, cJSON *job, const struct push_row *row,
                             const struct push_target *target)
{
    struct notification notification;
    /* A body that cannot be read as one is a notice all the same: somebody wrote. */
    if (notification_read(&notification, target->body, target->body_len))
        notification = (struct notification){.badge = true};
    bool added = add_title(chat, job, target, notification.title) &&
                 add_text(job, "body", notification.body ? notification.body : "[Message]") &&
                 add_text(job, "ext", notification.ext) && add_text(job, "sound", notification.sound) &&
                 (!notification.badge || add_number(job, "badge", count_unread(chat, row, target)));
    notification_clear(&notification);
    return added;
}

static bool add_message(cJSON *job, const struct push_row *row, const struct push_target *target)
{
    const struct group *group = target->conversation->group;
    char collapse[sizeof "group/" + GROUP_ID_MAX];
    snprintf(collapse, sizeof collapse, "%s/%s", group ? "group" : "user",
             group ? group->id : target->sender);
    if (!add_text(job, "collapse", collapse))
        return false;
    cJSON *message = cJSON_AddObjectToObject(job, "message");
    return message && add_number(message, "id", target->id) && add_text(message, "sender", target->sender) &&
           add_text(message, group ? "group" : "to", group ? group->id : row->user);
}

/* Nothing else is told: a number that is guessed is worse than none. */
static bool add_badge(struct chat *chat, cJSON *job, const struct push_row *row,
                      const struct push_target *target)
{
    const int64_t badge = count_unread(chat, row, target);
    return !store_reads_failed(chat->store) && cJSON_AddTrueToObject(job, "silent") &&
           add_number(job, "badge", badge) && add_text(job, "collapse", "badge");
}

static bool add_content(struct chat *chat, cJSON *job, const struct push_row *row,
                        const struct push_target *target)
{
    if (row->conversation == BADGE_CONVERSATION)
        return add_badge(chat, job, row, target);
    return add_notification(chat, job, row, target) && add_message(job, row, target);
}

static bool add_address(cJSON *job, const struct push_row *row, int attempt)
{
    return add_number(job, "job", row->job) && add_number(job, "attempt", attempt) &&
           add_text(job, "provider", row->provider) && add_text(job, "businessID", row->business) &&
           add_text(job, "token", row->token) &&
           (row->token_time == 0 || add_number(job, "tokenTime", row->token_time)) &&
           add_text(job, "userID", row->user) && add_text(job, "clientID", row->client);
}

char *push_job_print(struct chat *chat, const struct push_row *row, const struct push_target *target,
                     int attempt)
{
    char *text = NULL;
    cJSON *job = cJSON_CreateObject();
    if (job && add_address(job, row, attempt) && add_content(chat, job, row, target) &&
        add_number(job, "time", target->time) && add_number(job, "expire", expires(chat, target->time)))
        text = cJSON_PrintUnformatted(job);
    cJSON_Delete(job);
    return text;
}
