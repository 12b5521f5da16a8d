/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/delivery/announce.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "lib/json.h"
#include "lib/text.h"
#include "plugin/core/broker.h"
#include "plugin/core/chat.h"
#include "plugin/delivery/deliver.h"
#include "plugin/payload/payload.h"
#include "plugin/payload/stamp.h"
#include "plugin/people/conversation.h"
#include "plugin/people/member.h"
#include "plugin/people/user.h"
#include "plugin/push/push_put.h"
#include "schema/log.h"
#include "schema/store.h"

/* A message that waits for its frame. */
struct announcement {
    struct conversation *conversation;
    char sender[USER_ID_MAX + 1];
    int64_t id;
    bool last, absent;
    size_t len;
    struct announcement *next;
    char payload[]; /* stamp and body */
};

static void out_of_memory(const char *type)
{
    broker_error("out of memory: a message about \"%s\" is not sent", type);
}

static bool add_text(cJSON *object, const char *name, const char *text)
{
    return !text || !*text || cJSON_AddStringToObject(object, name, text);
}

/* The body behind a stamp: `"tips":{...}}`, malloc'ed. `inner_take` is deleted. */
static char *print_body(const char *name, cJSON *inner_take)
{
    cJSON *outer = cJSON_CreateObject();
    char *text = NULL;
    if (outer && inner_take && cJSON_AddItemToObject(outer, name, inner_take))
        text = cJSON_PrintUnformatted(outer);
    else
        cJSON_Delete(inner_take);
    cJSON_Delete(outer);
    if (text)
        memmove(text, text + 1, strlen(text)); /* the stamp brings the first '{' */
    return text;
}

static void say_undelivered(const struct conversation *group)
{
    broker_error("out of memory: a message to the group %s is not delivered", group->group->id);
}

static const char *receiver_of(const struct conversation *conversation, const char *sender)
{
    return conversation->group ? NULL : conversation_peer(conversation, sender);
}

/* In a pair only who was deleted is purged. */
static bool is_absent(const struct conversation *conversation, const struct message *message)
{
    return message->kind == MESSAGE_PURGE && !conversation->group;
}

/* No memory for it: what is stored comes from the log, once the frame is there. */
static void hand_out_without(struct chat *chat, struct conversation *conversation,
                             const struct message *message)
{
    const struct outgoing outgoing = {.conversation = conversation,
                                      .sender = message->sender,
                                      .receiver = receiver_of(conversation, message->sender),
                                      .id = message->id,
                                      .qos = 1,
                                      .absent = is_absent(conversation, message)};
    if (message->id != 0)
        (void)deliver(chat, &outgoing, false);
    else
        say_undelivered(conversation);
}

static void remember_announcement(struct chat *chat, struct conversation *conversation,
                                  const struct message *message, bool last)
{
    char head[STAMP_MAX];
    size_t head_len = conversation_stamp(head, conversation, message);
    struct announcement *announcement = malloc(sizeof *announcement + head_len + message->body_len);
    if (!announcement) {
        hand_out_without(chat, conversation, message);
        return;
    }
    announcement->conversation = conversation;
    text_copy(announcement->sender, sizeof announcement->sender, message->sender);
    announcement->id = message->id;
    announcement->last = last;
    announcement->absent = is_absent(conversation, message);
    announcement->len = head_len + message->body_len;
    memcpy(announcement->payload, head, head_len);
    memcpy(announcement->payload + head_len, message->body, message->body_len);
    LL_APPEND(chat->announcements, announcement);
}

/* Tips and notices take an id, but repeat the conversation's last seq. */
static void put_stored(struct chat *chat, struct conversation *conversation, struct message *message)
{
    message->id = store_next_id(chat->store);
    message->client = "";
    conversation_place(chat, conversation, message, false);
    if (message->id == 0 || !conversation_append(chat, conversation, message)) {
        out_of_memory(message->body);
        return;
    }
    push_put(chat, conversation, message, NULL, 0);
    remember_announcement(chat, conversation, message, false);
}

static void put_unstored(struct chat *chat, struct conversation *conversation, struct message *message,
                         bool last)
{
    conversation_place(chat, conversation, message, false);
    remember_announcement(chat, conversation, message, last);
}

/* Tips */

static cJSON *tips_json(const struct tips *tips)
{
    cJSON *object = cJSON_CreateObject();
    cJSON *members =
        tips->member_count > 0 ? cJSON_CreateStringArray(tips->members, (int)tips->member_count) : NULL;
    cJSON *info = tips->info ? cJSON_Duplicate(tips->info, true) : NULL;
    bool good = object && cJSON_AddStringToObject(object, "type", tips->type) &&
                cJSON_AddStringToObject(object, "operator", tips->by);
    if (tips->count > 0)
        good = good && json_add_whole(object, "count", (int64_t)tips->count);
    if (members && !(good && cJSON_AddItemToObject(object, "members", members)))
        cJSON_Delete(members);
    if (info && !(good && cJSON_AddItemToObject(object, "info", info)))
        cJSON_Delete(info);
    if (good && add_text(object, "reason", tips->reason) && add_text(object, "text", tips->text))
        return object;
    cJSON_Delete(object);
    return NULL;
}

bool announce_tips_fit(const struct chat *chat, struct conversation *conversation)
{
    int64_t rate = chat->options.group_rate;
    bucket_fill(&conversation->tips_rate, chat->steady, rate, rate);
    return rate == 0 || conversation->tips_rate.tokens >= 1000;
}

void announce_tip_taken(const struct chat *chat, struct conversation *conversation)
{
    int64_t rate = chat->options.group_rate;
    (void)bucket_take(&conversation->tips_rate, chat->steady, rate, rate, 0);
}

void announce_tips(struct chat *chat, struct conversation *conversation, const struct tips *tips)
{
    enum tips_delivery delivery = rules_tips(conversation->group->type, tips->kind);
    if (delivery == TIPS_NONE)
        return;
    announce_tip_taken(chat, conversation);
    char *body = print_body("tips", tips_json(tips));
    if (!body) {
        out_of_memory(tips->type);
        return;
    }
    struct message message = {.sender = tips->by,
                              .kind = MESSAGE_TIPS,
                              .push = PUSH_NOBODY,
                              .body = body,
                              .body_len = strlen(body)};
    if (delivery == TIPS_STORED)
        put_stored(chat, conversation, &message);
    else
        put_unstored(chat, conversation, &message, tips->last);
    free(body);
}

/* Notices */

static cJSON *notice_json(const struct notice *notice)
{
    cJSON *object = cJSON_CreateObject();
    if (object && cJSON_AddStringToObject(object, "type", notice->type) &&
        add_text(object, "group", notice->group) && add_text(object, "operator", notice->by) &&
        add_text(object, "reason", notice->reason) && add_text(object, "text", notice->text))
        return object;
    cJSON_Delete(object);
    return NULL;
}

char *announce_body(const struct notice *notice)
{
    return print_body("notice", notice_json(notice));
}

void announce_expect(struct chat *chat, const char *user_id)
{
    (void)conversation_pair(chat, SYSTEM_USER, user_id);
}

void announce_notice_body(struct chat *chat, struct user *to, const char *body)
{
    struct message message = {.sender = SYSTEM_USER,
                              .kind = MESSAGE_NOTICE,
                              .push = PUSH_WILLING,
                              .body = body,
                              .body_len = strlen(body)};
    struct conversation *conversation = conversation_pair(chat, SYSTEM_USER, to->id);
    if (!conversation)
        conversation = pair_join(chat, SYSTEM_USER, to->id);
    else if (to->kicked != 0 && !pair_rejoin(chat, conversation))
        conversation = NULL;
    if (conversation)
        put_stored(chat, conversation, &message);
    else
        out_of_memory(body);
}

void announce_notice(struct chat *chat, struct user *to, const struct notice *notice)
{
    char *body = announce_body(notice);
    if (body)
        announce_notice_body(chat, to, body);
    else
        out_of_memory(notice->type);
    free(body);
}

/* Recalls, edits and purges */

static cJSON *recall_json(const char *by, int64_t id, const char *reason)
{
    cJSON *object = cJSON_CreateObject();
    if (object && json_add_whole(object, "id", id) && add_text(object, "operator", by) &&
        add_text(object, "reason", reason))
        return object;
    cJSON_Delete(object);
    return NULL;
}

void announce_recall(struct chat *chat, struct conversation *conversation, const char *by, int64_t id,
                     const char *reason)
{
    char *body = print_body("recall", recall_json(by, id, reason));
    struct message message = {.sender = by, .kind = MESSAGE_RECALL, .push = PUSH_NOBODY, .body = body};
    if (!body) {
        out_of_memory("recall");
        return;
    }
    message.body_len = strlen(body);
    put_stored(chat, conversation, &message);
    free(body);
}

void announce_edit(struct chat *chat, struct conversation *conversation, const char *by, int64_t id,
                   const char *body)
{
    struct message message = {.sender = by,
                              .kind = MESSAGE_EDIT,
                              .push = PUSH_NOBODY,
                              .body = body,
                              .body_len = strlen(body),
                              .edit_of = id};
    put_stored(chat, conversation, &message);
}

static cJSON *purge_json(const char *by, const char *sender, int64_t id)
{
    cJSON *object = cJSON_CreateObject();
    if (object && add_text(object, "sender", sender) && json_add_whole(object, "id", id) &&
        add_text(object, "operator", by))
        return object;
    cJSON_Delete(object);
    return NULL;
}

void announce_purge(struct chat *chat, struct conversation *conversation, const char *by, const char *sender,
                    int64_t id)
{
    char *body = print_body("purge", purge_json(by, sender, id));
    struct message message = {.sender = by, .kind = MESSAGE_PURGE, .push = PUSH_NOBODY, .body = body};
    if (!body) {
        out_of_memory("purge");
        return;
    }
    message.body_len = strlen(body);
    put_stored(chat, conversation, &message);
    free(body);
}

/* The end of the frame */

static void hand_out_announcement(struct chat *chat, const struct announcement *announcement)
{
    const struct outgoing outgoing = {.conversation = announcement->conversation,
                                      .sender = announcement->sender,
                                      .receiver =
                                          receiver_of(announcement->conversation, announcement->sender),
                                      .id = announcement->id,
                                      .payload = announcement->payload,
                                      .len = announcement->len,
                                      .qos = 1,
                                      .last = announcement->last,
                                      .absent = announcement->absent};
    if (!deliver(chat, &outgoing, false))
        say_undelivered(announcement->conversation);
}

void announce_hand_out(struct chat *chat)
{
    struct announcement *announcement;
    if (!chat->announcements)
        return;
    while ((announcement = chat->announcements)) {
        LL_DELETE(chat->announcements, announcement);
        hand_out_announcement(chat, announcement);
        free(announcement);
    }
    deliver_reset(chat);
}

void announce_commit(struct chat *chat)
{
    store_commit(chat->store);
    announce_hand_out(chat);
}
