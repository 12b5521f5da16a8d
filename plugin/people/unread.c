/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/people/unread.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "lib/basics.h"
#include "plugin/core/chat.h"
#include "plugin/people/conversation.h"
#include "plugin/people/findings.h"
#include "plugin/people/member.h"
#include "plugin/people/user.h"
#include "plugin/people/visible.h"
#include "schema/log.h"
#include "schema/store.h"

/* Of a member who has not read for longer than retention_days and yet writes, like a bot, no more rows than
 * these are looked at. */
#define OWN_COUNTED_MAX 20000

bool unread_counted(const struct conversation *conversation)
{
    if (conversation->group)
        return conversation->group->dismissed == 0 && conversation_traits(conversation)->unread;
    return strcmp(conversation->a, SYSTEM_USER) != 0;
}

/* To whom nothing of a group is delivered it is not unread either. */
static bool member_counts(const struct member *member)
{
    return member->receive_option != RECEIVE_DISCARD && unread_counted(member->conversation);
}

static int rising(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y ? 1 : 0;
}

static int64_t count_different(struct ids *ids)
{
    int64_t count = 0;
    if (ids->count > 0)
        qsort(ids->list, ids->count, sizeof *ids->list, rising);
    for (size_t i = 0; i < ids->count; i++)
        count += i == 0 || ids->list[i] != ids->list[i - 1];
    return count;
}

/* Recalled, deleted by the member, or both. */
static int64_t read_gone(struct chat *chat, const struct member *member, int64_t after)
{
    const struct conversation *conversation = member->conversation;
    struct ids ids = {0};
    if (conversation->recalled_id > after)
        log_recalled(chat->log, conversation->id, after, member->user_id, &ids);
    visible_deleted_after(chat, member, after, &ids);
    int64_t count = count_different(&ids);
    ids_clear(&ids);
    return count;
}

static int64_t count_gone(struct chat *chat, struct member *member, int64_t after)
{
    const struct conversation *conversation = member->conversation;
    if (conversation->recalled_id <= after && member->deleted_id <= after)
        return 0;
    struct findings *known = findings_of(member);
    if (known && known->gone_after == after && known->gone_recalls == conversation->recalls)
        return known->gone;
    int64_t gone = read_gone(chat, member, after);
    if (known && !store_reads_failed(chat->store)) {
        known->gone = gone;
        known->gone_after = after;
        known->gone_recalls = conversation->recalls;
    }
    return gone;
}

/* A place in a conversation: what counts is after it. */
struct mark {
    int64_t id;
    int64_t counted; /* messages up to it that count as unread, by number */
    int64_t own;     /* the member's own after it */
};

static bool take_first(void *context, const struct message *message)
{
    struct mark *first = context;
    first->id = message->id - 1;
    first->counted = message_counted(message) - (message->kind == MESSAGE_CONTENT);
    return false;
}

static struct mark read_first_left(struct chat *chat, const struct member *member, int64_t first_id)
{
    const struct conversation *conversation = member->conversation;
    struct mark first = {.id = conversation->last_id, .counted = conversation_counted(conversation)};
    if (conversation->last_id >= first_id)
        (void)log_after(chat->log, conversation->id, first_id - 1, take_first, &first);
    if (member->sent_id > first.id)
        first.own = log_count_sent(chat->log, conversation->id, member->user_id, first.id, member->sent_id,
                                   OWN_COUNTED_MAX);
    return first;
}

/* Where the conversation begins now that retention has taken the oldest messages. */
static struct mark first_left(struct chat *chat, struct member *member, int64_t first_id)
{
    struct findings *known = findings_of(member);
    if (known && known->left_id >= first_id)
        return (struct mark){known->left_id - 1, known->left_counted, member->sent - known->left_sent};
    const struct mark first = read_first_left(chat, member, first_id);
    if (known && !store_reads_failed(chat->store)) {
        known->left_id = first.id + 1;
        known->left_counted = first.counted;
        known->left_sent = member->sent - first.own;
    }
    return first;
}

/* What is gone for everybody is not unread. */
static struct mark counted_from(struct chat *chat, struct member *member)
{
    int64_t first_id = store_first_id(chat->store);
    if (member->read_id < first_id - 1) {
        const struct mark first = first_left(chat, member, first_id);
        if (first.id > member->read_id)
            return first;
    }
    return (struct mark){member->read_id, member->read_counted, member->sent - member->read_sent};
}

int64_t member_unread(struct chat *chat, struct member *member)
{
    const struct conversation *conversation = member->conversation;
    if (member->role == ROLE_NONE || !member_counts(member))
        return 0;
    const struct mark from = counted_from(chat, member);
    int64_t unread = conversation_counted(conversation) - from.counted - from.own;
    if (unread > 0)
        unread -= count_gone(chat, member, from.id);
    return larger(unread, 0);
}

struct naming {
    struct chat *chat;
    const struct member *member;
    int64_t id;
};

static bool take_naming(void *context, const struct message *message)
{
    struct naming *naming = context;
    if (message->recalled || visible_deleted(naming->chat, naming->member, message->id))
        return true;
    naming->id = message->id;
    return false;
}

static int64_t last_naming(struct chat *chat, const struct member *member, int64_t after)
{
    struct naming naming = {.chat = chat, .member = member};
    log_mentioning(chat->log, member->conversation->id, after, member->user_id, take_naming, &naming);
    return naming.id;
}

static int64_t find_naming(struct chat *chat, struct member *member)
{
    const struct conversation *conversation = member->conversation;
    struct findings *known = findings_of(member);
    int64_t after = larger(member->read_id, store_first_id(chat->store) - 1);
    if (!known)
        return last_naming(chat, member, after);
    if (known->named_recalls != conversation->recalls)
        known->named_id = known->named_upto = 0; /* an edit names others */
    bool unread = known->named_id > after;
    if (unread && member->deleted_id < known->named_id)
        return known->named_id;
    int64_t id = last_naming(chat, member, unread ? after : larger(after, known->named_upto));
    if (store_reads_failed(chat->store))
        return 0;
    known->named_recalls = conversation->recalls;
    known->named_upto = conversation->last_id;
    known->named_id = id;
    return id;
}

bool member_at_me(struct chat *chat, struct member *member)
{
    if (member->role == ROLE_NONE)
        return false;
    return (!member_counts(member) || member_unread(chat, member) > 0) && find_naming(chat, member) != 0;
}

static bool take_counted(void *context, const struct message *message)
{
    ((struct mark *)context)->counted = message_counted(message);
    return false;
}

/* Of the last message up to this id. Where retention has taken all of those: of what was before the first
 * that is left. */
static int64_t counted_at(struct chat *chat, const struct conversation *conversation, int64_t id)
{
    struct mark at = {.counted = -1};
    (void)log_before(chat->log, conversation->id, id + 1, take_counted, &at);
    if (at.counted >= 0)
        return at.counted;
    at.counted = conversation_counted(conversation);
    (void)log_after(chat->log, conversation->id, id, take_first, &at);
    return at.counted;
}

/* Own messages with content up to `id`, from whichever side has less to look through. */
static int64_t sent_up_to(struct chat *chat, const struct member *member, int64_t id)
{
    struct log *log = chat->log;
    int64_t conversation = member->conversation->id;
    if (member->sent_id <= id)
        return member->sent;
    bool whole = member->read_id >= store_first_id(chat->store) - 1;
    if (whole && id - member->read_id < member->sent_id - id)
        return member->read_sent +
               log_count_sent(log, conversation, member->user_id, member->read_id, id, -1);
    return member->sent - log_count_sent(log, conversation, member->user_id, id, member->sent_id, -1);
}

bool member_read(struct chat *chat, struct member *member, int64_t id)
{
    struct conversation *conversation = member->conversation;
    if (id > conversation->last_id)
        id = conversation->last_id;
    if (id <= member->read_id)
        return false;
    int64_t counted = conversation_counted(conversation), sent = member->sent;
    if (id < conversation->last_id) {
        counted = counted_at(chat, conversation, id);
        sent = sent_up_to(chat, member, id);
    }
    conversation->used = chat->era;
    member->read_id = id;
    member->read_counted = larger(counted, member->read_counted);
    member->read_sent = larger(sent, member->read_sent);
    store_put(chat->store, W_MEMBER_READ, "itiii", conversation->id, member->user_id, member->read_id,
              member->read_counted, member->read_sent);
    return true;
}

int64_t member_read_id(const struct member *member)
{
    return larger(member->read_id, member->conversation->past_id);
}

int64_t user_total_unread(struct chat *chat, struct user *user)
{
    struct member *member;
    int64_t total = 0;
    if (!memberships_load(chat, user))
        return 0;
    DL_FOREACH2 (user->memberships, member, user_next)
        total += member_unread(chat, member);
    return total;
}
