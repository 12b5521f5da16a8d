/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/people/position.h"

#include <stdbool.h>

#include "plugin/core/chat.h"
#include "plugin/people/conversation.h"
#include "schema/log.h"
#include "schema/store.h"

struct sight {
    int64_t id, seq, time;
    bool seen;
};

static bool see(void *context, const struct message *message)
{
    *(struct sight *)context = (struct sight){message->id, message->seq, message->time, true};
    return false;
}

struct position position_find(struct chat *chat, const struct conversation *conversation, enum position_by by,
                              int64_t value)
{
    struct position best = {INT64_MAX, 0};
    int64_t low = store_first_id(chat->store) - 1, end = conversation->last_id + 1; /* low < id < end */
    while (low + 1 < end && !store_reads_failed(chat->store)) {
        const int64_t middle = low + (end - low) / 2;
        struct sight first = {0};
        (void)log_after(chat->log, conversation->id, middle - 1, see, &first);
        if (first.seen && first.id < end && (by == POSITION_SEQ ? first.seq : first.time) < value) {
            low = first.id;
            continue;
        }
        if (first.seen && first.id < end)
            best = (struct position){first.id, first.seq};
        end = middle;
    }
    return best;
}
