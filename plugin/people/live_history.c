/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/people/live_history.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "plugin/commands/page.h"
#include "plugin/core/chat.h"
#include "plugin/people/conversation.h"
#include "plugin/session/session.h"

struct live_history {
    int count;
    struct live_message *oldest; /* utlist DL */
};

static void drop_oldest(struct live_history *history)
{
    struct live_message *message = history->oldest;
    DL_DELETE(history->oldest, message);
    history->count--;
    free(message->client_id);
    free(message);
}

static struct live_history *history_of(struct conversation *conversation)
{
    if (!conversation->live_history)
        conversation->live_history = calloc(1, sizeof *conversation->live_history);
    return conversation->live_history;
}

static struct live_message *make(const struct session *origin, const void *payload, size_t len)
{
    struct live_message *message = malloc(sizeof *message + len);
    if (!message || !(message->client_id = strdup(origin ? origin->client_id : ""))) {
        free(message);
        return NULL;
    }
    message->len = len;
    memcpy(message->payload, payload, len);
    return message;
}

void live_history_add(struct chat *chat, struct conversation *conversation, const struct session *origin,
                      const void *payload, size_t len)
{
    struct live_history *history = history_of(conversation);
    struct live_message *message =
        history && chat->options.live_history > 0 ? make(origin, payload, len) : NULL;
    if (message) {
        DL_APPEND(history->oldest, message);
        history->count++;
    }
    while (history && history->count > chat->options.live_history)
        drop_oldest(history);
}

const struct live_message *live_history_oldest(const struct conversation *conversation)
{
    return conversation->live_history ? conversation->live_history->oldest : NULL;
}

bool live_history_read(const struct conversation *conversation, size_t limit, struct page *page)
{
    const struct live_history *history = conversation->live_history;
    const struct live_message *oldest = history ? history->oldest : NULL;
    for (const struct live_message *message = oldest ? oldest->prev : NULL; message;
         message = message->prev) {
        if (limit-- == 0 || !page_add_text(page, message->payload, message->len))
            return false;
        if (message == oldest)
            break;
    }
    return true;
}

void live_history_free(struct conversation *conversation)
{
    struct live_history *history = conversation->live_history;
    while (history && history->oldest)
        drop_oldest(history);
    free(history);
    conversation->live_history = NULL;
}
