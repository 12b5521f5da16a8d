/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/delivery/message.h"

#include <stdlib.h>
#include <string.h>

#include "acl/code.h"
#include "acl/rules.h"
#include "acl/topic.h"
#include "plugin/core/broker.h"
#include "plugin/core/chat.h"
#include "plugin/core/until.h"
#include "plugin/delivery/deliver.h"
#include "plugin/delivery/event.h"
#include "plugin/delivery/happening.h"
#include "plugin/delivery/held.h"
#include "plugin/delivery/listeners.h"
#include "plugin/delivery/recent.h"
#include "plugin/delivery/reply.h"
#include "plugin/delivery/review.h"
#include "plugin/payload/payload.h"
#include "plugin/payload/stamp.h"
#include "plugin/people/blacklist.h"
#include "plugin/people/conversation.h"
#include "plugin/people/live_history.h"
#include "plugin/people/member.h"
#include "plugin/people/user.h"
#include "plugin/push/push_put.h"
#include "plugin/session/actor.h"
#include "plugin/session/subscription.h"
#include "schema/log.h"
#include "schema/store.h"

/* In whose name, and by whom: an app admin is neither muted nor filtered; a lent voice has no blacklist and no rate. */
enum voice {
    VOICE_USER,  /* one's own */
    VOICE_ADMIN, /* the same, of an app admin */
    VOICE_LENT   /* an app admin in the sender's */
};

/* A publish on its way through the steps. */
struct draft {
    struct chat *chat;
    enum voice voice;
    struct session *origin;      /* with which connection; NULL: with none */
    const char *client;          /* its client id; "": of nobody's device */
    const struct review *review; /* it has waited for this; NULL: it has just come */
    bool waits;                  /* it is to wait for one */
    struct user *sender;
    struct publish *publish;
    struct payload payload;
    struct topic topic;
    char name[GROUP_ID_MAX + 1];       /* the receiver: userID or groupID */
    struct conversation *conversation; /* NULL: a pair's first message */
    struct user *receiver;             /* of a private message */
    struct member *member; /* the sender in it, NULL for a pair's first message and for app admins */
    struct receipt receipt;
    char reason[REASON_BYTES];
};

/* Form */

static int check_form(struct draft *draft)
{
    const struct publish *publish = draft->publish;
    draft->topic = topic_parse(publish->topic);
    if (draft->topic.kind != TOPIC_INBOX && draft->topic.kind != TOPIC_GROUP)
        return CODE_NOT_ALLOWED;
    topic_copy_name(draft->name, &draft->topic);
    const size_t most = draft->review ? publish->len : (size_t)draft->chat->options.max_message_bytes;
    int code = payload_parse(&draft->payload, publish->payload, publish->len, most, draft->reason,
                             sizeof draft->reason);
    if (draft->review) /* whatever stands in what a reviewer has put in its place */
        draft->payload.random = draft->review->random;
    return code;
}

/* Who may send where */

static bool is_addressed(const struct draft *draft, const struct conversation *conversation)
{
    if ((draft->topic.kind == TOPIC_GROUP) != (conversation->group != NULL))
        return false;
    if (conversation->group) /* that of a dismissed one may be another's by now */
        return conversation->group->dismissed == 0 && strcmp(conversation->group->id, draft->name) == 0;
    return strcmp(conversation_peer(conversation, draft->sender->id), draft->name) == 0;
}

/* The one that the sender has published to before, if it is that again: most often it is. NULL: it is not. */
static struct conversation *find_again(const struct draft *draft)
{
    const int64_t id = draft->sender->published_to;
    struct conversation *conversation = id != 0 ? conversation_in_memory(draft->chat, id) : NULL;
    return conversation && is_addressed(draft, conversation) ? conversation : NULL;
}

/* What the topic names, a dismissed group too; NULL: nothing yet. */
static struct conversation *find_conversation(struct draft *draft)
{
    if (draft->conversation)
        return draft->conversation;
    if (draft->topic.kind == TOPIC_GROUP)
        draft->conversation = conversation_group_any(draft->chat, draft->name);
    else
        draft->conversation = conversation_pair(draft->chat, draft->sender->id, draft->name);
    if (draft->conversation)
        draft->sender->published_to = draft->conversation->id;
    return draft->conversation;
}

static struct user *find_receiver(const struct draft *draft)
{
    struct conversation *pair = draft->conversation;
    const struct member *member = pair ? member_find(draft->chat, pair, draft->name) : NULL;
    if (!member || !member->user)
        return user_find(draft->chat, draft->name);
    return member->user->deleted ? NULL : member->user;
}

static bool by_admin(const struct draft *draft)
{
    return draft->voice != VOICE_USER;
}

static bool is_muted(const struct draft *draft, int64_t until)
{
    return until_lasts(draft->chat, until) && !by_admin(draft);
}

static int check_pair(struct draft *draft)
{
    struct chat *chat = draft->chat;
    const char *self = draft->sender->id;
    draft->receiver = strcmp(draft->name, self) != 0 ? find_receiver(draft) : NULL;
    if (!draft->receiver)
        return CODE_NO_USER;
    if (is_muted(draft, draft->sender->c2c_muted_until))
        return CODE_SENDER_MUTED;
    int code = draft->voice == VOICE_LENT ? CODE_OK : blacklist_check(chat, draft->receiver, self);
    if (code != CODE_OK)
        return code;
    if (find_conversation(draft))
        draft->member = member_find(chat, draft->conversation, self);
    return draft->payload.at_all ? CODE_NOT_ALLOWED : CODE_OK;
}

static int check_group_sender(struct draft *draft, enum role role)
{
    const struct group *group = draft->conversation->group;
    bool admin = by_admin(draft);
    bool muted = is_muted(draft, draft->sender->group_muted_until) ||
                 (draft->member && is_muted(draft, draft->member->muted_until));
    int code = rules_may(group->type, role, admin, ACTION_SEND);
    if (code == CODE_OK)
        code = rules_send(role, admin, muted, group->all_muted);
    if (code == CODE_OK && draft->payload.at_all)
        code = rules_may(group->type, role, admin, ACTION_AT_ALL);
    return code;
}

/* Who has joined a live group in this connection, or had when it came for review. */
static bool has_joined(const struct draft *draft)
{
    if (draft->review)
        return group_check_ban(draft->chat, draft->conversation, draft->sender->id) == CODE_OK;
    return draft->origin && subscription_find(draft->origin, draft->conversation);
}

static int check_group(struct draft *draft)
{
    struct chat *chat = draft->chat;
    const struct conversation *group = find_conversation(draft);
    if (!group || group->group->dismissed != 0)
        return CODE_NO_GROUP;
    draft->member = member_find(chat, draft->conversation, draft->sender->id);
    enum role role = draft->member ? draft->member->role : ROLE_NONE;
    if (role == ROLE_NONE && !conversation_stored(draft->conversation) && has_joined(draft))
        role = ROLE_MEMBER;
    return check_group_sender(draft, role);
}

static int check_receiver(struct draft *draft)
{
    return draft->topic.kind == TOPIC_GROUP ? check_group(draft) : check_pair(draft);
}

/* How fast */

static int check_rates(struct draft *draft)
{
    struct chat *chat = draft->chat;
    int64_t rate = chat->options.user_rate;
    if (draft->voice != VOICE_LENT && !bucket_take(&draft->sender->rate, chat->steady, rate, rate * 5, 0))
        return CODE_TOO_FAST;
    rate = chat->options.group_rate;
    if (draft->topic.kind == TOPIC_GROUP && conversation_stored(draft->conversation) &&
        !bucket_take(&draft->conversation->rate, chat->steady, rate, rate, 0))
        return CODE_TOO_FAST;
    return CODE_OK;
}

/* Words, last: what is refused for another reason is not looked through */

static int check_words(struct draft *draft)
{
    const struct chat *chat = draft->chat;
    if (!chat->words || by_admin(draft))
        return CODE_OK;
    return payload_filter(&draft->payload, chat->words, (size_t)chat->options.max_message_bytes,
                          draft->reason, sizeof draft->reason);
}

static int check_rules(struct draft *draft)
{
    if (draft->origin && draft->origin->closing.silenced)
        return CODE_NOT_ALLOWED; /* in the moment before the close */
    int code = check_receiver(draft);
    if (draft->review) /* rates and words were looked at when it came */
        return code;
    if (code == CODE_OK)
        code = check_rates(draft);
    return code == CODE_OK ? check_words(draft) : code;
}

/* What goes out */

/* The payload the broker delivers: stamp and the client's own bytes. Ours until the publish is accepted. */
static bool make_payload(struct draft *draft, const struct message *message)
{
    char head[STAMP_MAX];
    size_t head_len = conversation_stamp(head, draft->conversation, message);
    const struct payload *payload = &draft->payload;
    draft->publish->new_payload = broker_payload(head, head_len, payload->body, payload->body_len);
    draft->publish->new_len = head_len + payload->body_len;
    return draft->publish->new_payload != NULL;
}

/* QoS 2 is delivered by copies now; the broker would do it at PUBREL, if that ever comes. What comes by a
 * command, or after a review, is no publish of the broker's at all. */
static bool natively(const struct draft *draft)
{
    return draft->origin && draft->publish->qos < 2 && !draft->review;
}

/* Where it has come from, for who listens to everything. NULL: not known. */
static const char *address_of(const struct draft *draft)
{
    if (draft->review)
        return draft->review->address;
    return draft->origin && listeners_any(draft->chat) ? broker_address(draft->origin->client) : NULL;
}

static bool hand_out_message(struct draft *draft, int64_t id)
{
    const struct outgoing outgoing = {.conversation = draft->conversation,
                                      .sender = draft->sender->id,
                                      .receiver = draft->receiver ? draft->receiver->id : NULL,
                                      .origin = draft->origin,
                                      .client = draft->client,
                                      .address = address_of(draft),
                                      .id = id,
                                      .payload = draft->publish->new_payload,
                                      .len = draft->publish->new_len,
                                      .qos = draft->publish->qos};
    return deliver(draft->chat, &outgoing, natively(draft));
}

static void give_receipt(struct draft *draft, const struct conversation *conversation, struct receipt receipt)
{
    int64_t random = draft->payload.random;
    draft->receipt = receipt;
    if (draft->origin && random != 0)
        reply_sent(draft->chat, draft->origin, conversation, receipt.id, receipt.seq, receipt.time, random);
}

static void count_message(const struct draft *draft)
{
    draft->chat->count.messages[conversation_counts_as(draft->conversation)]++;
}

/* A message that is stored */

/* A pair's first message opens it; so does one after either of the two was deleted and has come again. */
static bool open_pair(struct draft *draft)
{
    struct chat *chat = draft->chat;
    const char *self = draft->sender->id;
    if (draft->topic.kind == TOPIC_GROUP)
        return true;
    if (draft->conversation) {
        bool came_again = draft->receiver->kicked != 0 || draft->sender->kicked != 0;
        return !came_again || pair_rejoin(chat, draft->conversation);
    }
    draft->conversation = pair_join(chat, self, draft->name);
    if (draft->conversation)
        draft->member = member_find(chat, draft->conversation, self);
    return draft->conversation != NULL;
}

static enum message_push push_of(const struct draft *draft)
{
    if (draft->payload.push_disabled || draft->payload.no_unread)
        return PUSH_NOBODY;
    if (draft->conversation->group && !conversation_traits(draft->conversation)->push)
        return PUSH_NOBODY;
    return draft->payload.at_all ? PUSH_EVERYBODY : PUSH_WILLING;
}

/* What does not count for others does not count here. */
static void count_sent(struct draft *draft, int64_t id)
{
    if (draft->member && !draft->payload.no_unread)
        member_sent(draft->chat, draft->member, id);
}

/* Inside the frame: the message and everything that goes with it, all or nothing. */
static bool put_message(struct draft *draft, struct message *message)
{
    struct chat *chat = draft->chat;
    struct conversation *conversation = draft->conversation;
    conversation_place(chat, conversation, message, true);
    message->push = push_of(draft);
    if (!make_payload(draft, message) || !conversation_append(chat, conversation, message))
        return false;
    count_sent(draft, message->id);
    push_put(chat, conversation, message, draft->payload.at, draft->payload.at_count);
    return true;
}

static enum publish_result close_publisher(struct draft *draft)
{
    broker_free(draft->publish->new_payload);
    draft->publish->new_payload = NULL;
    return PUBLISH_CLOSE;
}

/* Out of memory or out of ids. What was put so far (a new pair, an id mark) is whole in itself and is in
 * memory too. */
static enum publish_result close_after(struct draft *draft)
{
    store_commit(draft->chat->store);
    return close_publisher(draft);
}

static enum publish_result store_message(struct draft *draft)
{
    struct chat *chat = draft->chat;
    char mentions[MENTIONS_MAX];
    struct message message = {.random = draft->payload.random,
                              .sender = draft->sender->id,
                              .client = draft->client,
                              .kind = draft->payload.no_unread ? MESSAGE_QUIET : MESSAGE_CONTENT,
                              .body = draft->payload.body,
                              .body_len = draft->payload.body_len,
                              .mentions = payload_mentions(&draft->payload, mentions)};
    if (message.random != 0 && !recent_expect(chat))
        return PUBLISH_CLOSE; /* sent again it would not be known for the same */
    if (!store_begin_sized(chat->store, draft->payload.body_len + MENTIONS_MAX + 512))
        return PUBLISH_CLOSE;
    message.id = store_next_id(chat->store);
    if (message.id == 0 || !open_pair(draft) || !put_message(draft, &message))
        return close_after(draft);
    if (draft->review)
        review_put_end(chat, draft->review);
    store_commit(chat->store);
    chat->count.stored++;
    count_message(draft);
    recent_note(chat, &message);
    give_receipt(draft, draft->conversation, (struct receipt){message.id, message.seq, message.time});
    (void)hand_out_message(draft, message.id); /* it is stored */
    return PUBLISH_ACCEPT;
}

/* One that is not: in a live group, or `onlineOnly` */

/* A pair whose first message is not stored. */
static bool open_pair_alone(struct draft *draft)
{
    if (!store_begin(draft->chat->store))
        return false;
    bool opened = open_pair(draft);
    store_commit(draft->chat->store);
    return opened;
}

/* Live groups shed by priority: low may use the first half of the bucket, normal three quarters, high all of
 * it. */
static bool sheds(struct draft *draft)
{
    static const int64_t quarters_kept[] = {[PRIORITY_LOW] = 2, [PRIORITY_NORMAL] = 1, [PRIORITY_HIGH] = 0};
    int64_t rate = draft->chat->options.group_rate;
    int64_t reserve = rate * quarters_kept[draft->payload.priority] / 4;
    return !bucket_take(&draft->conversation->rate, draft->chat->steady, rate, rate, reserve);
}

static void add_history(struct draft *draft)
{
    live_history_add(&draft->conversation->live_history, draft->chat->options.live_history, draft->client,
                     draft->publish->new_payload, draft->publish->new_len);
}

/* Live groups count in memory only; `onlineOnly` has neither id nor seq. */
static enum publish_result pass_on(struct draft *draft)
{
    bool counts = !draft->payload.online_only;
    struct message message = {.sender = draft->sender->id};
    if (counts && sheds(draft)) {
        draft->chat->count.shed.rate++;
        happening_shed(draft->chat, draft->conversation);
        return PUBLISH_ACCEPT; /* READ lets nothing pass that deliver() was not called for */
    }
    if (!draft->conversation && !open_pair_alone(draft))
        return PUBLISH_CLOSE;
    conversation_place(draft->chat, draft->conversation, &message, counts);
    if (!counts)
        message.seq = -1;
    if (!make_payload(draft, &message))
        return PUBLISH_CLOSE;
    if (!hand_out_message(draft, 0))
        return close_publisher(draft);
    count_message(draft);
    draft->receipt = (struct receipt){.seq = message.seq, .time = message.time};
    conversation_advance(draft->conversation, &message);
    if (counts)
        add_history(draft);
    return PUBLISH_ACCEPT;
}

/* What somebody is to look at first: review.h */

static bool is_stored(const struct draft *draft)
{
    return !draft->payload.online_only && (!draft->conversation || conversation_stored(draft->conversation));
}

static enum review_of review_of_draft(const struct draft *draft)
{
    if (draft->topic.kind != TOPIC_GROUP)
        return REVIEW_C2C;
    return conversation_stored(draft->conversation) ? REVIEW_GROUP : REVIEW_LIVE;
}

/* Accepted by the rules: may it go on? What administrators send does, in whoever's name. */
static int check_review(struct draft *draft)
{
    const struct chat *chat = draft->chat;
    if (!(chat->options.review & (int)review_of_draft(draft)) || by_admin(draft) || !draft->origin ||
        draft->review)
        return CODE_OK;
    return review_check(chat, &message_review, draft->sender->id, draft->publish->topic, &draft->waits);
}

/* The payload as an object, malloc'ed: a text may have come without. */
static char *print_object(const struct payload *payload)
{
    char *text = malloc(payload->body_len + 2);
    if (!text)
        return NULL;
    text[0] = '{';
    memcpy(text + 1, payload->body, payload->body_len);
    text[payload->body_len + 1] = '\0';
    return text;
}

static enum publish_result wait_for_review(struct draft *draft)
{
    char *text = print_object(&draft->payload);
    const char *address = broker_address(draft->origin->client);
    const struct review plan = {.kind = &message_review,
                                .sender = draft->sender->id,
                                .client = draft->client,
                                .platform = platform_name(draft->origin->platform),
                                .address = address ? address : "",
                                .topic = draft->publish->topic,
                                .text = text,
                                .time = draft->chat->now,
                                .random = draft->payload.random,
                                .qos = draft->publish->qos};
    bool waits = text && review_begin(draft->chat, &plan);
    free(text);
    return waits ? PUBLISH_ACCEPT : PUBLISH_CLOSE;
}

/* The whole way */

/* What is not stored: then it does not wait any more. */
static bool end_unstored(const struct draft *draft)
{
    return !draft->review || is_stored(draft) || review_end(draft->chat, draft->review);
}

static enum publish_result accept_message(struct draft *draft)
{
    if (draft->waits)
        return wait_for_review(draft);
    if (!end_unstored(draft))
        return PUBLISH_CLOSE;
    return is_stored(draft) ? store_message(draft) : pass_on(draft);
}

/* The same sender, conversation and random is the same message, whatever has become of the sender there. */
static const struct recent *same_as(struct draft *draft)
{
    if (draft->payload.random == 0 || draft->review)
        return NULL;
    const struct conversation *conversation = find_conversation(draft);
    if (!conversation)
        return NULL;
    return recent_find(draft->chat, draft->sender->id, conversation->id, draft->payload.random);
}

static enum publish_result repeat_receipt(struct draft *draft, const struct recent *recent)
{
    const struct conversation *conversation = conversation_by_id(draft->chat, recent->conversation);
    if (conversation)
        give_receipt(draft, conversation, (struct receipt){recent->id, recent->seq, recent->time});
    return PUBLISH_ACCEPT;
}

/* Does it wait for a reviewer already? */
static bool is_waiting(const struct draft *draft)
{
    return draft->chat->reviewing > 0 && draft->payload.random != 0 && !draft->review &&
           review_is_waiting(draft->chat, draft->sender->id, draft->publish->topic, draft->payload.random);
}

/* *code says why it is refused. */
static enum publish_result send_draft(struct draft *draft, int *code)
{
    struct chat *chat = draft->chat;
    const struct recent *recent = NULL;
    draft->publish->new_payload = NULL;
    *code = check_form(draft);
    if (*code == CODE_OK)
        draft->conversation = find_again(draft);
    if (*code == CODE_OK && is_waiting(draft))
        return PUBLISH_ACCEPT;
    if (*code == CODE_OK && !(recent = same_as(draft)))
        *code = check_rules(draft);
    if (*code == CODE_OK && !recent && chat->options.review != 0)
        *code = check_review(draft);
    if (store_reads_failed(chat->store) || *code == CODE_BUSY)
        return PUBLISH_CLOSE; /* an answer that rests on something unread is none */
    if (*code != CODE_OK)
        return PUBLISH_REFUSE;
    return recent ? repeat_receipt(draft, recent) : accept_message(draft);
}

static struct draft draft_of(struct chat *chat, const struct actor *actor, struct publish *publish)
{
    return (struct draft){.chat = chat,
                          .voice = actor->admin ? VOICE_ADMIN : VOICE_USER,
                          .origin = actor->device,
                          .client = actor->device ? actor->device->client_id : "",
                          .sender = actor->user,
                          .publish = publish};
}

enum publish_result message_publish(struct chat *chat, struct session *session, struct publish *publish)
{
    const struct actor actor = actor_of(session);
    struct draft draft = draft_of(chat, &actor, publish);
    int code;
    enum publish_result result = send_draft(&draft, &code);
    if (publish->new_payload && !natively(&draft))
        publish->new_len = held_mark_released(publish->new_payload, publish->new_len);
    if (result == PUBLISH_REFUSE)
        event_rejected(chat, session, publish->topic, code, draft.reason, draft.payload.random);
    payload_clear(&draft.payload);
    return result;
}

int message_check(struct chat *chat, struct publish *publish, char reason[REASON_BYTES])
{
    struct draft draft = {.chat = chat, .client = "", .publish = publish};
    int code = check_form(&draft);
    payload_clear(&draft.payload);
    memcpy(reason, draft.reason, REASON_BYTES);
    return code;
}

int message_send_as(struct chat *chat, struct user *sender, struct publish *publish, struct receipt *receipt,
                    char reason[REASON_BYTES])
{
    struct draft draft = {
        .chat = chat, .voice = VOICE_LENT, .client = "", .sender = sender, .publish = publish};
    int code;
    enum publish_result result = send_draft(&draft, &code);
    broker_free(publish->new_payload);
    publish->new_payload = NULL;
    payload_clear(&draft.payload);
    *receipt = draft.receipt;
    memcpy(reason, draft.reason, REASON_BYTES);
    return result == PUBLISH_CLOSE ? CODE_BUSY : code;
}

int message_try(struct chat *chat, const struct actor *actor, const struct review *review,
                const struct publish *publish, struct payload *payload, char reason[REASON_BYTES])
{
    struct publish copy = *publish;
    struct draft draft = draft_of(chat, actor, &copy);
    draft.review = review;
    int code = check_form(&draft);
    if (code == CODE_OK)
        code = check_rules(&draft);
    if (store_reads_failed(chat->store))
        code = CODE_BUSY;
    memcpy(reason, draft.reason, REASON_BYTES);
    *payload = draft.payload;
    return code;
}

/* After a review */

/* Whose device is away. */
static void tell_rejected(struct chat *chat, const struct review *review, int code, const char *error)
{
    const struct rejection rejection = {.user = review->sender,
                                        .client = review->client,
                                        .platform = review->platform,
                                        .address = review->address,
                                        .topic = review->topic,
                                        .error = error[0] ? error : code_text(code),
                                        .code = code,
                                        .random = review->random};
    chat->count.rejected++;
    happening_rejected(chat, &rejection);
}

static bool refuse_reviewed(struct chat *chat, const struct review *review, int code, const char *error)
{
    struct session *session = review_device(chat, review);
    if (!review_end(chat, review))
        return false;
    if (session)
        event_rejected(chat, session, review->topic, code, error, review->random);
    else
        tell_rejected(chat, review, code, error);
    return true;
}

/* As if it were published now, but that it was in time and had good words when it came. */
static bool pass_reviewed(struct chat *chat, const struct review *review, const char *text)
{
    struct publish publish = {
        .topic = review->topic, .payload = text, .len = strlen(text), .qos = review->qos};
    struct draft draft = {.chat = chat,
                          .voice = VOICE_USER,
                          .origin = review_device(chat, review),
                          .client = review->client,
                          .review = review,
                          .sender = user_find(chat, review->sender),
                          .publish = &publish};
    int code = CODE_NO_USER;
    enum publish_result result = PUBLISH_REFUSE;
    if (draft.sender)
        result = send_draft(&draft, &code);
    else if (store_reads_failed(chat->store))
        result = PUBLISH_CLOSE;
    broker_free(publish.new_payload);
    payload_clear(&draft.payload);
    return result == PUBLISH_REFUSE ? refuse_reviewed(chat, review, code, draft.reason)
                                    : result == PUBLISH_ACCEPT;
}

/* Would its sender get the receipt? */
static bool has_receipt(struct chat *chat, const struct review *review)
{
    const struct conversation *group = review->group ? conversation_group(chat, review->to) : NULL;
    struct publish publish = {.topic = review->topic, .payload = review->text, .len = strlen(review->text)};
    struct draft draft = {.chat = chat, .client = "", .review = review, .publish = &publish};
    bool receipt = review->random != 0 && (!group || conversation_stored(group)) &&
                   check_form(&draft) == CODE_OK && !draft.payload.online_only;
    payload_clear(&draft.payload);
    return receipt;
}

static bool drop_reviewed(struct chat *chat, const struct review *review)
{
    struct session *session = review_device(chat, review);
    if (!review_end(chat, review))
        return false;
    if (session && has_receipt(chat, review))
        reply_sent_to_nobody(chat, session, review->group ? "group" : "to", review->to, review->random);
    return true;
}

static bool end_reviewed(struct chat *chat, struct review *review, const struct review_verdict *verdict)
{
    switch (verdict->action) {
    case REVIEW_PASS:
        return pass_reviewed(chat, review, review->text);
    case REVIEW_REPLACE:
        return pass_reviewed(chat, review, verdict->text);
    case REVIEW_REFUSE:
        return refuse_reviewed(chat, review, verdict->code, verdict->error);
    case REVIEW_DROP:
        return drop_reviewed(chat, review);
    }
    return false;
}

const struct review_kind message_review = {
    .number = 0, .name = "message", .ordered = true, .replaceable = true, .end = end_reviewed};
