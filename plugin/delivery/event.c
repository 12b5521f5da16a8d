/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/delivery/event.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "acl/code.h"
#include "acl/limits.h"
#include "acl/topic.h"
#include "lib/json.h"
#include "plugin/core/broker.h"
#include "plugin/core/chat.h"
#include "plugin/delivery/happening.h"
#include "plugin/delivery/live_publish.h"
#include "plugin/people/conversation.h"
#include "plugin/people/erasures.h"
#include "plugin/people/member.h"
#include "plugin/people/unread.h"
#include "plugin/people/user.h"
#include "plugin/session/backlog.h"
#include "plugin/session/device.h"
#include "plugin/session/handover.h"
#include "plugin/session/subscription.h"

static bool send_at(struct session *session, const char *text, int qos)
{
    char topic[TOPIC_MAX];
    topic_print_event(topic, session->user->id);
    backlog_add(session, strlen(text));
    proof_given(session, strlen(topic), strlen(text));
    return broker_send(session->client_id, topic, text, strlen(text), NULL, 0, qos,
                       session->feed ? session->feed->identifier : session->identifiers.events);
}

bool event_is_heard(const struct session *session)
{
    return session->backlog.over_since == 0;
}

static int event_qos(const struct session *session)
{
    return session->inbox && session->inbox->qos == 0 ? 0 : 1;
}

static uint64_t shed;

uint64_t events_shed(void)
{
    return shed;
}

void event_send(struct session *session, const char *text)
{
    if (event_is_heard(session))
        send_at(session, text, event_qos(session));
    else
        shed++;
}

/* To all devices of the user but this one (NULL: none is left out). */
static void send_to_all_but(const struct user *user, const struct session *self, const char *text)
{
    for (struct session *session = user->sessions; session; session = session->user_next)
        if (session != self)
            event_send(session, text);
}

static void send_to_user(const struct user *user, const char *text)
{
    send_to_all_but(user, NULL, text);
}

/* Their devices but this one. */
static void send_to_others(const struct actor *self, const char *text)
{
    send_to_all_but(self->user, self->device, text);
}

static bool has_others(const struct actor *self)
{
    const struct session *first = self->user->sessions;
    return first && (first != self->device || first->user_next);
}

void event_read(struct chat *chat, const struct user *reader, const struct conversation *conversation,
                int64_t id)
{
    char text[200];
    const struct user *peer =
        conversation->group ? NULL : user_in_memory(chat, conversation_peer(conversation, reader->id));
    snprintf(text, sizeof text, "{\"event\":\"read\",\"user\":\"%s\",\"id\":%lld,\"time\":%lld}", reader->id,
             (long long)id, (long long)chat->now);
    if (peer)
        send_to_user(peer, text);
}

void event_unread(struct chat *chat, const struct actor *reader, struct member *member)
{
    char text[300];
    if (!has_others(reader))
        return; /* nobody to tell, nothing to count */
    snprintf(text, sizeof text,
             "{\"event\":\"unread\",\"%s\":\"%s\",\"unread\":%lld,\"totalUnread\":%lld,\"readID\":%lld}",
             conversation_kind(member->conversation),
             conversation_name(member->conversation, reader->user->id),
             (long long)member_unread(chat, member), (long long)user_total_unread(chat, reader->user),
             (long long)member_read_id(member));
    send_to_others(reader, text);
}

void event_conversation(const struct actor *by, const struct user *user,
                        const struct conversation *conversation, const char *name, const char *value)
{
    char text[200];
    snprintf(text, sizeof text, "{\"event\":\"conversation\",\"%s\":\"%s\",\"%s\":%s}",
             conversation_kind(conversation), conversation_name(conversation, user->id), name, value);
    send_to_all_but(user, by->device, text);
}

void event_member(const struct actor *by, const struct user *user, const struct conversation *group,
                  bool member)
{
    event_conversation(by, user, group, "member", member ? "true" : "false");
}

/* Cursors pass a deletion: like a message, it may wait in the broker's queue, and be lost with it. */
static bool send_counted(struct chat *chat, struct session *session, const char *text)
{
    const int qos = event_qos(session);
    if (!send_at(session, text, qos))
        return false;
    session_handed(chat, session, strlen(text), qos);
    return true;
}

static void send_deleted(struct chat *chat, const struct actor *deleter, const char *text)
{
    for (struct session *session = deleter->user->sessions; session; session = session->user_next)
        if (session != deleter->device && event_is_heard(session))
            send_counted(chat, session, text);
}

void event_deleted(struct chat *chat, const struct actor *deleter, const cJSON *ids)
{
    char *list = cJSON_PrintUnformatted(ids), *text = list ? malloc(strlen(list) + 32) : NULL;
    if (text) {
        sprintf(text, "{\"event\":\"deleted\",\"ids\":%s}", list);
        send_deleted(chat, deleter, text);
    }
    free(text);
    cJSON_free(list);
}

static bool send_erased_ids(struct chat *chat, struct session *session, const struct erasure *first,
                            size_t count)
{
    char text[64 + DELETE_MAX * 21];
    size_t len = (size_t)sprintf(text, "{\"event\":\"deleted\",\"ids\":");
    for (size_t i = 0; i < count && i < DELETE_MAX; i++)
        len += (size_t)sprintf(text + len, "%c%lld", i == 0 ? '[' : ',', (long long)first[i].id);
    strcpy(text + len, "]}");
    return send_counted(chat, session, text);
}

static bool send_erased_conversation(struct chat *chat, struct session *session,
                                     const struct erasure *erasure)
{
    char text[200];
    const struct conversation *conversation = erasure->cleared->conversation;
    snprintf(text, sizeof text, "{\"event\":\"deleted\",\"%s\":\"%s\",\"id\":%lld}",
             conversation_kind(conversation), conversation_name(conversation, session->user->id),
             (long long)erasure->id);
    return send_counted(chat, session, text);
}

bool event_erased(struct chat *chat, struct session *session, const struct erasure *first, size_t count)
{
    return first->cleared ? send_erased_conversation(chat, session, first)
                          : send_erased_ids(chat, session, first, count);
}

void event_deleted_conversation(struct chat *chat, const struct actor *deleter,
                                const struct conversation *conversation, bool kept)
{
    char text[200];
    snprintf(text, sizeof text, "{\"event\":\"deleted\",\"%s\":\"%s\"%s}", conversation_kind(conversation),
             conversation_name(conversation, deleter->user->id), kept ? ",\"keepMessages\":true" : "");
    send_deleted(chat, deleter, text);
}

static void send_until(const struct user *user, const struct conversation *group, const char *name,
                       int64_t until)
{
    char text[200];
    snprintf(text, sizeof text, "{\"event\":\"info\",\"group\":\"%s\",\"%s\":%lld}", group->group->id, name,
             (long long)until);
    send_to_user(user, text);
}

void event_muted(const struct user *user, const struct conversation *group, int64_t until)
{
    send_until(user, group, "mutedUntil", until);
}

void event_banned(const struct user *user, const struct conversation *group, int64_t until)
{
    send_until(user, group, "bannedUntil", until);
}

void event_status(struct session *session, const struct user *user, const char *status, int64_t time)
{
    char text[200];
    snprintf(text, sizeof text, "{\"event\":\"status\",\"user\":\"%s\",\"status\":\"%s\",\"time\":%lld}",
             user->id, status, (long long)time);
    event_send(session, text);
}

static void send_to_members(struct chat *chat, struct conversation *group, const struct session *but,
                            const char *text)
{
    const struct member *member;
    if (!members_load(chat, group))
        return;
    for (member = group->members; member; member = member->hh.next) {
        const struct user *user = member->role == ROLE_NONE ? NULL : user_in_memory(chat, member->user_id);
        if (user)
            send_to_all_but(user, but, text);
    }
}

/* The owner is in it on every device, the others where they have joined. */
static void send_to_audience(struct chat *chat, const struct conversation *group, const char *text)
{
    const struct subscription *subscription;
    const struct user *owner = user_in_memory(chat, group->group->owner);
    if (owner)
        send_to_user(owner, text);
    DL_FOREACH2 (group->subscriptions, subscription, group_next)
        if (subscription->session->user != owner)
            event_send(subscription->session, text);
}

void event_purged(struct chat *chat, struct conversation *conversation, const char *sender, int64_t id)
{
    char text[300];
    const bool group = conversation->group != NULL;
    const struct user *peer = group ? NULL : user_in_memory(chat, conversation_peer(conversation, sender));
    snprintf(text, sizeof text, "{\"event\":\"purged\",\"%s\":\"%s\",\"sender\":\"%s\",\"id\":%lld}",
             conversation_kind(conversation), group ? conversation->group->id : sender, sender,
             (long long)id);
    if (group)
        send_to_members(chat, conversation, NULL, text);
    else if (peer)
        send_to_user(peer, text);
}

void event_group_info(struct chat *chat, struct conversation *group, const cJSON *changed)
{
    cJSON *event = cJSON_Duplicate(changed, true);
    char *text = NULL;
    if (cJSON_AddStringToObject(event, "event", "info") &&
        cJSON_AddStringToObject(event, "group", group->group->id))
        text = cJSON_PrintUnformatted(event);
    cJSON_Delete(event);
    if (text && conversation_stored(group))
        send_to_members(chat, group, NULL, text);
    else if (text)
        send_to_audience(chat, group, text);
    cJSON_free(text);
}

/* The owner's devices are in it wherever they listen. */
static void send_to_owner_elsewhere(struct chat *chat, const struct conversation *group,
                                    const struct session *but, const char *text)
{
    const struct user *owner = user_in_memory(chat, group->group->owner);
    for (struct session *session = owner ? owner->sessions : NULL; session; session = session->user_next) {
        const struct subscription *subscription = subscription_find(session, group);
        if (session != but && !(subscription && subscription->subscribed))
            event_send(session, text);
    }
}

void event_attributes(struct chat *chat, const struct session *writer, struct conversation *group,
                      cJSON *changed, int64_t version)
{
    char *text = NULL;
    if (cJSON_AddStringToObject(changed, "event", "attributes") &&
        cJSON_AddStringToObject(changed, "group", group->group->id) &&
        json_add_whole(changed, "version", version))
        text = cJSON_PrintUnformatted(changed);
    if (text && conversation_stored(group)) {
        send_to_members(chat, group, writer, text);
    } else if (text) {
        send_to_owner_elsewhere(chat, group, writer, text);
        if (!live_publish_send(chat, group, writer, text, strlen(text), 1))
            broker_error("out of memory: the attributes of %s are not told", group->group->id);
    }
    cJSON_free(text);
}

/* The last words are sent at QoS 0: they do not wait behind what is in flight while the connection is closed,
 * and the broker does not send them again to a kept session that comes back. */

void event_sig_expired(struct session *session)
{
    send_at(session, "{\"event\":\"sigExpired\"}", 0);
}

static const char *const reasons[] = {
    [OFFLINE_NONE] = "",       [OFFLINE_OTHER_DEVICE] = "otherDevice", [OFFLINE_KICK_DEVICE] = "kickDevice",
    [OFFLINE_ADMIN] = "admin", [OFFLINE_DELETED] = "deleted",          [OFFLINE_BANNED] = "banned"};

const char *event_reason(enum offline_reason reason)
{
    return reasons[reason];
}

/* A client id is whatever a client wrote: it must be quoted. */
void event_force_offline(struct session *session, const struct displacement *why)
{
    cJSON *event = cJSON_CreateObject();
    cJSON_AddStringToObject(event, "event", "forceOffline");
    cJSON_AddStringToObject(event, "reason", reasons[why->reason]);
    if (why->client_id[0]) {
        cJSON_AddStringToObject(event, "platform", platform_name(why->platform));
        cJSON_AddStringToObject(event, "clientID", why->client_id);
    }
    char *text = cJSON_PrintUnformatted(event);
    if (text)
        send_at(session, text, 0);
    cJSON_free(text);
    cJSON_Delete(event);
}

/* The topic is whatever a client wrote: it must be quoted. */
void event_rejected(struct chat *chat, struct session *session, const char *topic, int code,
                    const char *reason, int64_t random)
{
    const char *error = reason && *reason ? reason : code_text(code);
    cJSON *event = cJSON_CreateObject();
    chat->count.rejected++;
    happening_rejected(chat, &(struct rejection){.user = session->user->id,
                                                 .client = session->client_id,
                                                 .platform = platform_name(session->platform),
                                                 .address = broker_address(session->client),
                                                 .topic = topic,
                                                 .error = error,
                                                 .code = code,
                                                 .random = random});
    cJSON_AddStringToObject(event, "event", "rejected");
    cJSON_AddStringToObject(event, "topic", topic);
    json_add_whole(event, "code", code);
    cJSON_AddStringToObject(event, "error", error);
    if (random != 0)
        json_add_whole(event, "random", random);
    char *text = cJSON_PrintUnformatted(event);
    (void)backlog_over(chat, session); /* whoever is refused again and again is looked at */
    if (text)
        event_send(session, text);
    cJSON_free(text);
    cJSON_Delete(event);
}

void event_more(struct session *session, const char *topic, int64_t before)
{
    char text[300];
    snprintf(text, sizeof text, "{\"event\":\"more\",\"topic\":\"%s\",\"before\":%lld}", topic,
             (long long)before);
    event_send(session, text);
}
