/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/delivery/held.h"

#include <stdint.h>
#include <string.h>

#include "acl/topic.h"
#include "plugin/core/chat.h"
#include "plugin/delivery/everything.h"
#include "plugin/payload/stamp.h"
#include "plugin/people/conversation.h"
#include "plugin/people/member.h"
#include "plugin/people/user.h"
#include "plugin/people/visible.h"
#include "plugin/session/handover.h"
#include "plugin/session/session.h"
#include "schema/log.h"
#include "schema/store.h"

/* No payload of ours ends like this: a body ends where its last brace does. */
#define RELEASED ' '

size_t held_mark_released(char *payload, size_t len)
{
    payload[len] = RELEASED;
    return len + 1;
}

static bool is_message_topic(const struct topic *topic)
{
    return topic->kind == TOPIC_INBOX || topic->kind == TOPIC_FEED || topic->kind == TOPIC_FEED_GROUP ||
           topic->kind == TOPIC_GROUP;
}

/* Is it one of ours? Somebody's PUBREL, which is no event, may bring what they published natively at this moment
 * too: their own bytes, or what held_mark_released has marked. */
static bool is_ours(const char *payload, size_t len, struct stamp_place *place)
{
    return len > 0 && payload[len - 1] != RELEASED && stamp_read(payload, len, place);
}

/* By the topic alone. */
static bool is_own_topic(struct chat *chat, const struct session *session, const struct topic *topic)
{
    char id[GROUP_ID_MAX + 1];
    if (topic->kind == TOPIC_PUSH || topic->kind == TOPIC_REVIEW || topic->kind == TOPIC_EVERYTHING)
        return session->admin;
    if (topic->kind != TOPIC_GROUP)
        return topic_names(topic, session->user->id);
    topic_copy_name(id, topic);
    struct conversation *conversation = conversation_group_any(chat, id);
    return conversation && (!conversation_stored(conversation) ||
                            member_find(chat, conversation, session->user->id)); /* also who was one */
}

/* What is held, beside what the message is now. */
struct held_message {
    const char *payload;
    size_t len;
    bool recalled, edited;
};

static bool compare_held(void *context, const struct message *message)
{
    struct held_message *held = context;
    const bool has_body =
        held->len >= message->body_len &&
        memcmp(held->payload + held->len - message->body_len, message->body, message->body_len) == 0;
    held->recalled = message->recalled;
    held->edited = !message->recalled && message->edits > 0 && !has_body;
    return false;
}

/* Recalled, purged, or edited since it was sent. */
static bool is_outdated(struct chat *chat, const struct conversation *conversation, int64_t id,
                        struct held_message *held)
{
    return (id <= conversation->recalled_id || log_is_purging(chat->log)) &&
           log_find(chat->log, id, compare_held, held) && (held->recalled || held->edited);
}

static bool is_visible(struct chat *chat, struct conversation *conversation, const struct member *member,
                       int64_t id, struct held_message *held)
{
    if (!member || member->role == ROLE_NONE)
        return false;
    return id == 0 || (id > visible_from(member) && !visible_deleted(chat, member, id) &&
                       !is_outdated(chat, conversation, id, held));
}

/* As replay and history would say today. */
static bool is_there(struct chat *chat, const struct session *session, const struct stamp_place *place,
                     struct held_message *held)
{
    struct conversation *conversation = place->group ? conversation_group_any(chat, place->to)
                                                     : conversation_pair(chat, place->sender, place->to);
    if (!conversation || (conversation->group && conversation->group->dismissed != 0))
        return false;
    return !conversation_stored(conversation) ||
           is_visible(chat, conversation, member_find(chat, conversation, session->user->id), place->id,
                      held);
}

static bool is_withheld(struct chat *chat, const struct session *session, const struct stamp_place *place,
                        struct held_message *held)
{
    if (session->held.passed + session->held.withheld >= HELD_LOOKED_AT)
        return false;
    return !is_there(chat, session, place, held) && !store_reads_failed(chat->store);
}

/* What it was is not sent again, and what it is now comes by a replay. */
static void note_withheld(struct session *session, const struct stamp_place *place,
                          const struct held_message *held)
{
    session->held.withheld++;
    if (session->held.passed == 0)
        session->held.blocked = true;
    if (held->edited && (session->held.edited == 0 || place->id < session->held.edited))
        session->held.edited = place->id;
}

bool held_may_read(struct chat *chat, struct session *session, const char *topic, const void *payload,
                   size_t len)
{
    const struct topic parsed = topic_parse(topic);
    struct stamp_place place = {0};
    struct held_message held = {.payload = payload, .len = len};
    if (!is_own_topic(chat, session, &parsed))
        return false;
    if (is_message_topic(&parsed)) {
        if (!is_ours(payload, len, &place))
            return false;
        if (is_withheld(chat, session, &place, &held)) {
            note_withheld(session, &place, &held);
            return false;
        }
    }
    session->held.passed++;
    if (parsed.kind == TOPIC_EVERYTHING)
        place.id = -everything_read_id(payload, len);
    if (place.id != 0) {
        ids_add(&session->delivery.in_flight, place.id);
        session_handed(chat, session, len, 1);
    }
    return true;
}

/* What is on its way comes first, then what waits behind it, which costs no place: where the first one was let
 * through there is one place at least. */
bool held_narrows(const struct session *session)
{
    return session->held.blocked || session->held.withheld > session->held.passed;
}
