/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/delivery/everything.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "acl/identity.h"
#include "lib/json.h"
#include "plugin/core/chat.h"
#include "plugin/delivery/listeners.h"
#include "plugin/payload/stamp.h"
#include "plugin/people/conversation.h"
#include "plugin/people/member.h"
#include "plugin/people/unread.h"
#include "plugin/session/cursor.h"
#include "plugin/session/handover.h"
#include "plugin/session/session.h"
#include "plugin/session/subscription.h"
#include "schema/log.h"
#include "schema/store.h"

#define PAGE_BYTES 262144

/* The message itself comes last, as it is: with this in front. In no other member can it stand, their quotes are
 * escaped. */
static const char message_member[] = ",\"message\":";

/* Printing */

/* The id of the message that a recall or an edit is about; 0: it is neither. Names of members are the server's. */
static int64_t about(const struct everything_message *message)
{
    static const char *const begins[] = {"\"recall\":{\"id\":", "\"edit\":{\"id\":"};
    for (size_t i = 0; i < sizeof begins / sizeof begins[0]; i++) {
        const size_t len = strlen(begins[i]);
        if (message->tail_len > len && memcmp(message->tail, begins[i], len) == 0)
            return strtoll(message->tail + len, NULL, 10);
    }
    return 0;
}

struct original {
    cJSON *item;
    bool good;
};

static bool take_original(void *context, const struct message *message)
{
    struct original *original = context;
    cJSON *of = cJSON_AddObjectToObject(original->item, "of");
    original->good = of && json_add_whole(of, "seq", message->seq) &&
                     (message->random == 0 || json_add_whole(of, "random", message->random)) &&
                     json_add_whole(of, "time", message->time) &&
                     cJSON_AddStringToObject(of, "sender", message->sender);
    return false;
}

/* One that has been removed for its age has nothing to say. */
static bool add_original(struct chat *chat, cJSON *item, const struct everything_message *message)
{
    struct original original = {.item = item, .good = true};
    const int64_t id = about(message);
    if (id != 0)
        (void)log_find(chat->log, id, take_original, &original);
    return original.good;
}

/* The receiver's, in that conversation. */
static bool add_unread(struct chat *chat, cJSON *item, const struct everything_message *message)
{
    struct conversation *conversation = message->conversation;
    struct member *member =
        conversation->group
            ? NULL
            : member_find(chat, conversation, conversation_peer(conversation, message->sender));
    return !member || json_add_whole(item, "unread", member_unread(chat, member));
}

static bool add_device(cJSON *item, const struct everything_message *message)
{
    enum platform platform;
    if (!message->client_id[0])
        return true;
    (void)client_id_parse(message->client_id, message->sender, &platform);
    return cJSON_AddStringToObject(item, "clientID", message->client_id) &&
           cJSON_AddStringToObject(item, "platform", platform_name(platform)) &&
           (!message->address || cJSON_AddStringToObject(item, "address", message->address));
}

/* All but the message. */
static char *print_head(struct chat *chat, const struct everything_message *message)
{
    const struct group *group = message->conversation->group;
    cJSON *item = cJSON_CreateObject();
    char *text = NULL;
    if (cJSON_AddStringToObject(item, "feed", "message") && add_device(item, message) &&
        (!group || cJSON_AddStringToObject(item, "groupType", group_traits(group->type)->name)) &&
        add_unread(chat, item, message) && add_original(chat, item, message))
        text = cJSON_PrintUnformatted(item);
    cJSON_Delete(item);
    return text;
}

char *everything_print(struct chat *chat, const struct everything_message *message, size_t *len)
{
    char *head = print_head(chat, message);
    const size_t head_len = head ? strlen(head) - 1 : 0; /* without its last brace */
    char *text =
        head ? malloc(head_len + sizeof message_member + message->head_len + message->tail_len + 1) : NULL;
    if (text) {
        char *at = mempcpy(text, head, head_len);
        at = mempcpy(at, message_member, sizeof message_member - 1);
        at = mempcpy(at, message->head, message->head_len);
        at = mempcpy(at, message->tail, message->tail_len);
        *at++ = '}';
        *len = (size_t)(at - text);
    }
    cJSON_free(head);
    return text;
}

char *everything_print_stamped(struct chat *chat, const struct everything_message *message,
                               const char *payload, size_t payload_len, size_t *len)
{
    struct everything_message whole = *message;
    whole.head = payload;
    whole.head_len = stamp_len(payload, payload_len);
    whole.tail = payload + whole.head_len;
    whole.tail_len = payload_len - whole.head_len;
    return everything_print(chat, &whole, len);
}

int64_t everything_read_id(const char *text, size_t len)
{
    const char *found = memmem(text, len, message_member, sizeof message_member - 1);
    struct stamp_place place;
    if (!found)
        return 0;
    found += sizeof message_member - 1;
    return stamp_read(found, len - (size_t)(found - text), &place) ? place.id : 0;
}

/* Replay. Whoever reads the log may not read it again before the end: a page is copied first. */

struct excerpt_message {
    struct message message;
    struct excerpt_message *next;
    char texts[]; /* sender, client, body */
};

struct excerpt {
    struct excerpt_message *first, *last;
    size_t count, limit, bytes;
    bool more, failed; /* there are others behind them; out of memory */
};

static struct excerpt_message *copy(const struct message *message)
{
    const size_t sender_size = strlen(message->sender) + 1, client_size = strlen(message->client) + 1;
    struct excerpt_message *kept = malloc(sizeof *kept + sender_size + client_size + message->body_len);
    if (!kept)
        return NULL;
    char *at = kept->texts;
    kept->message = *message;
    kept->next = NULL;
    kept->message.sender = at;
    at = mempcpy(at, message->sender, sender_size);
    kept->message.client = at;
    at = mempcpy(at, message->client, client_size);
    kept->message.body = at;
    memcpy(at, message->body, message->body_len);
    return kept;
}

static bool keep(void *context, const struct message *message)
{
    struct excerpt *excerpt = context;
    excerpt->more = excerpt->count == excerpt->limit || excerpt->bytes >= PAGE_BYTES;
    struct excerpt_message *kept = excerpt->more ? NULL : copy(message);
    if (!kept) {
        excerpt->failed = !excerpt->more;
        return false;
    }
    *(excerpt->last ? &excerpt->last->next : &excerpt->first) = kept;
    excerpt->last = kept;
    excerpt->count++;
    excerpt->bytes += message->body_len;
    return true;
}

static void excerpt_clear(struct excerpt *excerpt)
{
    struct excerpt_message *next;
    for (struct excerpt_message *kept = excerpt->first; kept; kept = next) {
        next = kept->next;
        free(kept);
    }
}

static bool send_item(struct chat *chat, struct subscription *listener, struct conversation *conversation,
                      const struct message *message)
{
    char stamp[STAMP_MAX];
    size_t len;
    const struct everything_message item = {.conversation = conversation,
                                            .sender = message->sender,
                                            .client_id = message->client,
                                            .head = stamp,
                                            .head_len = conversation_stamp(stamp, conversation, message),
                                            .tail = message->body,
                                            .tail_len = message->body_len};
    char *text = everything_print(chat, &item, &len);
    const bool sent = text && listener_send(chat, listener, text, len);
    free(text);
    if (!sent)
        return false;
    session_handed(chat, listener->session, len, listener_qos(listener));
    listener->session->replay.sent++;
    chat->count.replayed++;
    return true;
}

/* false: not now; *progress says why. */
static bool send_one(struct chat *chat, struct subscription *listener, const struct message *message,
                     enum everything_progress *progress)
{
    struct session *session = listener->session;
    struct conversation *conversation = conversation_by_id(chat, message->conversation);
    const bool full = session_full(chat, session);
    const bool over = !conversation || message->imported != 0 ||
                      ids_have(&session->delivery.in_flight, -message->id); /* none of it, or had already */
    if (store_reads_failed(chat->store) || full ||
        (!over && !send_item(chat, listener, conversation, message))) {
        if (*progress != EVERYTHING_MORE)
            *progress = full ? EVERYTHING_FULL : EVERYTHING_STUCK;
        return false;
    }
    subscription_hand(chat, listener, message->id, true);
    *progress = EVERYTHING_MORE;
    return true;
}

enum everything_progress everything_page(struct chat *chat, struct subscription *listener, size_t limit)
{
    struct excerpt excerpt = {.limit = limit};
    enum everything_progress progress = EVERYTHING_STUCK;
    const bool read = log_all_after(chat->log, subscription_given(chat, listener), keep, &excerpt);
    const bool whole = read && !excerpt.more && !excerpt.failed;
    const struct excerpt_message *kept = excerpt.first;
    while (kept && send_one(chat, listener, &kept->message, &progress))
        kept = kept->next;
    if (!kept && whole) {
        subscription_hand(chat, listener, store_last_id(chat->store), true);
        progress = EVERYTHING_DONE;
    }
    excerpt_clear(&excerpt);
    return progress;
}
