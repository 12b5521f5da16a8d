/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/people/position.h"

#include <stdbool.h>

#include "plugin/core/chat.h"
#include "plugin/people/conversation.h"
#include "schema/log.h"
#include "schema/store.h"

#define SECOND_ROWS 1000 /* looked at, of one second */
#define AHEAD_ROWS  1000 /* passed over, of a time to come */

struct sight {
    int64_t id, seq, time;
    bool content, seen;
};

static const struct sight nowhere = {.id = INT64_MAX};

static bool see(void *context, const struct message *message)
{
    *(struct sight *)context =
        (struct sight){message->id, message->seq, message->time, message_is_content(message), true};
    return false;
}

/* Times rise, but for those of a clock that was ahead: these are passed over. */
struct look {
    const struct chat *chat;
    enum position_by by;
    int rows;
    struct sight first;
};

static bool look(void *context, const struct message *message)
{
    struct look *look = context;
    if (look->by == POSITION_TIME && conversation_time_is_ahead(look->chat, message->time) &&
        look->rows++ < AHEAD_ROWS)
        return true;
    return see(&look->first, message);
}

/* The first message after the id `low` whose seq, or time, is at least `value`. */
static struct sight search(struct chat *chat, const struct conversation *conversation, int64_t low,
                           enum position_by by, int64_t value)
{
    struct sight best = nowhere;
    int64_t end = conversation->last_id + 1; /* low < id < end */
    while (low + 1 < end && !store_reads_failed(chat->store)) {
        const int64_t middle = low + (end - low) / 2;
        struct look at = {.chat = chat, .by = by};
        (void)log_after(chat->log, conversation->id, middle - 1, look, &at);
        const struct sight first = at.first;
        if (first.seen && first.id < end && (by == POSITION_SEQ ? first.seq : first.time) < value) {
            low = first.id;
            continue;
        }
        if (first.seen && first.id < end)
            best = first;
        end = middle;
    }
    return best;
}

static int64_t before_all(const struct chat *chat)
{
    return store_first_id(chat->store) - 1;
}

/* The past */

static int64_t second(int64_t time)
{
    return time / 1000;
}

static struct sight look_at_seq(struct chat *chat, const struct conversation *conversation, int64_t seq)
{
    return search(chat, conversation, before_all(chat), POSITION_SEQ, seq);
}

/* The first message up to the last imported one that is not from before this second. */
static struct sight find_second(struct chat *chat, const struct conversation *conversation, int64_t time)
{
    struct sight best = nowhere, last = {0};
    (void)log_find(chat->log, conversation->imported_id, see, &last);
    int64_t low = 0, end = last.seq + 1; /* low < seq < end */
    while (low + 1 < end && !store_reads_failed(chat->store)) {
        const int64_t middle = low + (end - low) / 2;
        const struct sight first = look_at_seq(chat, conversation, middle);
        if (first.id <= conversation->imported_id && second(first.time) < second(time)) {
            low = first.seq;
            continue;
        }
        if (first.id <= conversation->imported_id)
            best = first;
        end = middle;
    }
    return best;
}

struct second_walk {
    int64_t time, upto;
    int rows;
    struct sight found;
};

/* Within it they stand in the order in which they came. */
static bool walk(void *context, const struct message *message)
{
    struct second_walk *walk = context;
    if (message->id > walk->upto || walk->rows++ == SECOND_ROWS)
        return false;
    if (!message_is_content(message) || message->time < walk->time)
        return true;
    return see(&walk->found, message);
}

static struct sight find_past(struct chat *chat, const struct conversation *conversation, int64_t time)
{
    const struct sight first = find_second(chat, conversation, time);
    struct second_walk past = {.time = time, .upto = conversation->imported_id, .found = nowhere};
    if (first.id != INT64_MAX)
        (void)log_after(chat->log, conversation->id, first.id - 1, walk, &past);
    return past.found;
}

struct position position_find(struct chat *chat, const struct conversation *conversation, enum position_by by,
                              int64_t value)
{
    struct sight found = nowhere;
    int64_t after = before_all(chat);
    if (by == POSITION_TIME && conversation->imported_id > after) {
        found = find_past(chat, conversation, value);
        after = conversation->imported_id;
    }
    if (found.id == INT64_MAX)
        found = search(chat, conversation, after, by, value);
    return (struct position){found.id, found.seq};
}

int64_t position_last_time(struct chat *chat, const struct conversation *conversation)
{
    const struct sight last = look_at_seq(chat, conversation, conversation->last_seq);
    return last.content ? last.time : 0;
}
