/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/message.h"

#include <mosquitto_broker.h>
#include <stdio.h>
#include <string.h>

#include "acl/code.h"
#include "acl/rules.h"
#include "acl/topic.h"
#include "plugin/chat.h"
#include "plugin/conversation.h"
#include "plugin/deliver.h"
#include "plugin/event.h"
#include "plugin/live_history.h"
#include "plugin/payload.h"
#include "plugin/push.h"
#include "plugin/recent.h"
#include "plugin/session.h"
#include "plugin/subscription.h"
#include "plugin/user.h"
#include "schema/log.h"
#include "schema/store.h"

/* A publish on its way through the steps. */
struct draft {
    struct chat *chat;
    struct session *session;
    struct publish *publish;
    struct payload payload;
    struct topic topic;
    char name[GROUP_ID_MAX + 1];       /* the receiver: userID or groupID */
    struct conversation *conversation; /* NULL: a pair's first message */
    const struct user *receiver;       /* of a private message */
    struct member *member; /* the sender in it, NULL for a pair's first message and for app admins */
    char reason[200];
};

/* Who may send where */

static int check_pair(struct draft *draft)
{
    struct chat *chat = draft->chat;
    const char *self = draft->session->user->id;
    draft->receiver = strcmp(draft->name, self) == 0 ? NULL : user_find(chat, draft->name);
    if (!draft->receiver)
        return CODE_NO_USER;
    draft->conversation = conversation_pair(chat, self, draft->name);
    if (draft->conversation)
        draft->member = member_find(chat, draft->conversation, self);
    return draft->payload.at_all ? CODE_NOT_ALLOWED : CODE_OK;
}

static int check_group_sender(struct draft *draft, enum role role)
{
    const struct group *group = draft->conversation->group;
    bool admin = draft->session->admin;
    int code = rules_may(group->type, role, admin, ACTION_SEND);
    if (code == CODE_OK)
        code = rules_send(role, admin, draft->member && draft->member->muted_until > draft->chat->now,
                          group->all_muted);
    if (code == CODE_OK && draft->payload.at_all)
        code = rules_may(group->type, role, admin, ACTION_AT_ALL);
    return code;
}

static int check_group(struct draft *draft)
{
    struct chat *chat = draft->chat;
    draft->conversation = conversation_group(chat, draft->name);
    if (!draft->conversation)
        return CODE_NO_GROUP;
    draft->member = member_find(chat, draft->conversation, draft->session->user->id);
    enum role role = draft->member ? draft->member->role : ROLE_NONE;
    if (role == ROLE_NONE && !conversation_stored(draft->conversation) &&
        subscription_find(draft->session, draft->conversation))
        role = ROLE_MEMBER; /* who has joined a live group in this connection */
    return check_group_sender(draft, role);
}

static int check_receiver(struct draft *draft)
{
    if (draft->topic.kind == TOPIC_INBOX)
        return check_pair(draft);
    return draft->topic.kind == TOPIC_GROUP ? check_group(draft) : CODE_NOT_ALLOWED;
}

/* Rates */

/* Live groups shed by priority: low may use the first half of the bucket, normal three quarters, high all of
 * it. */
static bool sheds(struct draft *draft)
{
    static const int64_t quarters_kept[] = {[PRIORITY_LOW] = 2, [PRIORITY_NORMAL] = 1, [PRIORITY_HIGH] = 0};
    int64_t rate = draft->chat->options.group_rate;
    int64_t reserve = rate * quarters_kept[draft->payload.priority] / 4;
    return !bucket_take(&draft->conversation->rate, draft->chat->now, rate, rate, reserve);
}

static int check_rates(struct draft *draft)
{
    struct chat *chat = draft->chat;
    int64_t rate = chat->options.user_rate;
    if (!bucket_take(&draft->session->user->rate, chat->now, rate, rate * 5, 0))
        return CODE_TOO_FAST;
    rate = chat->options.group_rate;
    if (draft->topic.kind == TOPIC_GROUP && conversation_stored(draft->conversation) &&
        !bucket_take(&draft->conversation->rate, chat->now, rate, rate, 0))
        return CODE_TOO_FAST;
    return CODE_OK;
}

/* Stamp, log, delivery */

/* Time never goes back within a conversation, whatever the clock does. */
static int64_t next_time(const struct draft *draft)
{
    const struct conversation *conversation = draft->conversation;
    return conversation && conversation->last_time > draft->chat->now ? conversation->last_time
                                                                      : draft->chat->now;
}

/* The payload the broker delivers: stamp and the client's own bytes. Ours until the publish is accepted. */
static bool make_payload(struct draft *draft, const struct stamp *stamp)
{
    char head[STAMP_MAX];
    size_t head_len = stamp_write(head, stamp);
    char *whole = mosquitto_malloc(head_len + draft->payload.body_len + 1);
    if (!whole)
        return false;
    memcpy(whole, head, head_len);
    memcpy(whole + head_len, draft->payload.body, draft->payload.body_len);
    whole[head_len + draft->payload.body_len] = '\0';
    draft->publish->new_payload = whole;
    draft->publish->new_len = head_len + draft->payload.body_len;
    return true;
}

static struct stamp stamp_of(const struct draft *draft, int64_t id, int64_t seq, int64_t time)
{
    bool group = draft->topic.kind == TOPIC_GROUP;
    return (struct stamp){.id = id,
                          .seq = seq,
                          .time = time,
                          .sender = draft->session->user->id,
                          .to = group ? NULL : draft->name,
                          .group = group ? draft->name : NULL};
}

static void hand_out(struct draft *draft, int64_t id, bool live)
{
    const struct outgoing outgoing = {.conversation = draft->conversation,
                                      .sender = draft->session->user->id,
                                      .origin = draft->session,
                                      .id = id,
                                      .payload = draft->publish->new_payload,
                                      .len = draft->publish->new_len,
                                      .qos = draft->publish->qos};
    deliver(draft->chat, &outgoing, live);
}

/* QoS 2 is delivered by copies now; the broker would do it at PUBREL, if that ever comes. */
static bool natively(const struct draft *draft)
{
    return draft->publish->qos < 2;
}

static enum message_push push_of(const struct draft *draft)
{
    if (draft->payload.push_disabled)
        return PUSH_NOBODY;
    if (draft->conversation->group && !conversation_traits(draft->conversation)->push)
        return PUSH_NOBODY;
    return draft->payload.at_all ? PUSH_EVERYBODY : PUSH_WILLING;
}

static bool open_pair(struct draft *draft)
{
    const char *self = draft->session->user->id;
    if (draft->conversation)
        return !draft->receiver || (draft->receiver->kicked == 0 && draft->session->user->kicked == 0) ||
               conversation_pair_rejoin(draft->chat, draft->conversation);
    draft->conversation = conversation_pair_create(draft->chat, self, draft->name);
    if (draft->conversation)
        draft->member = member_find(draft->chat, draft->conversation, self);
    return draft->conversation != NULL;
}

/* A pair whose first message is not stored. */
static bool open_pair_alone(struct draft *draft)
{
    if (!store_begin(draft->chat->store, 512))
        return false;
    bool opened = open_pair(draft);
    store_commit(draft->chat->store);
    return opened;
}

static void count_sent(struct draft *draft, int64_t id)
{
    struct member *member = draft->member;
    if (!member)
        return;
    member->sent++;
    member->sent_id = id;
    store_put(draft->chat->store, W_MEMBER_SENT, "itii", draft->conversation->id, member->user_id,
              member->sent, id);
}

/* Inside the frame: the message and everything that goes with it, all or nothing. */
static bool put_message(struct draft *draft, struct message *message)
{
    struct chat *chat = draft->chat;
    struct conversation *conversation = draft->conversation;
    message->conversation = conversation->id;
    message->seq = conversation->last_seq + 1;
    message->push = push_of(draft);
    const struct stamp stamp = stamp_of(draft, message->id, message->seq, message->time);
    if (!make_payload(draft, &stamp) || !log_append(chat->log, message, conversation->last_id))
        return false;
    conversation->last_seq = message->seq;
    conversation->last_id = message->id;
    conversation->last_time = message->time;
    store_put(chat->store, W_CONVERSATION_TOUCH, "iiii", conversation->id, message->seq, message->id,
              message->time);
    count_sent(draft, message->id);
    push_put(chat, conversation, message, draft->payload.at, draft->payload.at_count);
    return true;
}

/* Out of memory or out of ids. What was put so far (a new pair, an id mark) is whole in itself and is in
 * memory too. */
static enum publish_result close_after(struct draft *draft)
{
    store_commit(draft->chat->store);
    mosquitto_free(draft->publish->new_payload);
    draft->publish->new_payload = NULL;
    return PUBLISH_CLOSE;
}

static void remember_random(struct draft *draft, const struct message *message)
{
    const struct recent recent = {.random = message->random,
                                  .id = message->id,
                                  .seq = message->seq,
                                  .time = message->time,
                                  .conversation = message->conversation};
    if (message->random == 0)
        return;
    (void)recent_add(draft->chat, draft->session->user->id, &recent);
    event_sent(draft->session, draft->conversation, message->id, message->seq, message->time,
               message->random);
}

static enum publish_result store_message(struct draft *draft)
{
    struct chat *chat = draft->chat;
    struct message message = {.time = next_time(draft),
                              .random = draft->payload.random,
                              .sender = draft->session->user->id,
                              .client = draft->session->client_id,
                              .kind = MESSAGE_CONTENT,
                              .body = draft->payload.body,
                              .body_len = draft->payload.body_len};
    if (!store_begin(chat->store, draft->payload.body_len + 512))
        return PUBLISH_CLOSE;
    message.id = store_next_id(chat->store);
    if (message.id == 0 || !open_pair(draft) || !put_message(draft, &message))
        return close_after(draft);
    store_commit(chat->store);
    chat->count.stored++;
    remember_random(draft, &message);
    hand_out(draft, message.id, natively(draft));
    return PUBLISH_ACCEPT;
}

/* Live groups count in memory only; `onlineOnly` has neither id nor seq. */
static enum publish_result pass_on(struct draft *draft)
{
    bool live = !draft->payload.online_only;
    int64_t time = next_time(draft);
    if (live && sheds(draft))
        return PUBLISH_ACCEPT; /* READ lets nothing pass that deliver() was not called for */
    if (!draft->conversation && !open_pair_alone(draft))
        return PUBLISH_CLOSE;
    const struct stamp stamp = stamp_of(draft, 0, live ? draft->conversation->last_seq + 1 : -1, time);
    if (!make_payload(draft, &stamp))
        return PUBLISH_CLOSE;
    if (live)
        draft->conversation->last_seq++;
    draft->conversation->last_time = time;
    hand_out(draft, 0, natively(draft));
    if (live)
        live_history_add(draft->chat, draft->conversation, draft->session, draft->publish->new_payload,
                         draft->publish->new_len);
    return PUBLISH_ACCEPT;
}

static enum publish_result repeat_receipt(struct draft *draft, const struct recent *recent)
{
    const struct conversation *conversation = conversation_by_id(draft->chat, recent->conversation);
    if (conversation)
        event_sent(draft->session, conversation, recent->id, recent->seq, recent->time, recent->random);
    return PUBLISH_ACCEPT;
}

static enum publish_result accept_message(struct draft *draft)
{
    bool stored =
        !draft->payload.online_only && (!draft->conversation || conversation_stored(draft->conversation));
    return stored ? store_message(draft) : pass_on(draft);
}

/* The same sender and random is the same message, whatever it is addressed to now. */
static const struct recent *same_as(const struct draft *draft)
{
    if (draft->payload.random == 0)
        return NULL;
    return recent_find(draft->chat, draft->session->user->id, draft->payload.random);
}

static int check_form(struct draft *draft)
{
    const struct publish *publish = draft->publish;
    draft->topic = topic_parse(publish->topic);
    if (draft->topic.kind != TOPIC_INBOX && draft->topic.kind != TOPIC_GROUP)
        return CODE_NOT_ALLOWED;
    memcpy(draft->name, draft->topic.name,
           draft->topic.name_len); /* of valid shape: it fits; the rest is 0 */
    return payload_parse(&draft->payload, publish->payload, publish->len,
                         (size_t)draft->chat->options.max_message_bytes, draft->reason, sizeof draft->reason);
}

static int check_rules(struct draft *draft)
{
    if (draft->session->user->deleted)
        return CODE_NOT_ALLOWED; /* in the moment before the close */
    int code = check_receiver(draft);
    return code == CODE_OK ? check_rates(draft) : code;
}

enum publish_result message_publish(struct chat *chat, struct session *session, struct publish *publish)
{
    struct draft draft = {.chat = chat, .session = session, .publish = publish};
    enum publish_result result = PUBLISH_REFUSE;
    publish->new_payload = NULL;
    const struct recent *recent = NULL;
    (void)store_failed(chat->store); /* whatever failed before is not about this message */
    int code = check_form(&draft);
    if (code == CODE_OK && !(recent = same_as(&draft)))
        code = check_rules(&draft);
    if (store_failed(chat->store))
        result = PUBLISH_CLOSE; /* an answer that rests on something unread is none */
    else if (code == CODE_OK)
        result = recent ? repeat_receipt(&draft, recent) : accept_message(&draft);
    else
        event_rejected(chat, session, publish->topic, code, draft.reason, draft.payload.random);
    payload_clear(&draft.payload);
    return result;
}
