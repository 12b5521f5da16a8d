/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/people/live_history.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

struct live_history {
    int64_t count;
    struct live_message *oldest; /* utlist DL */
};

static struct live_message *make(const char *client_id, const void *payload, size_t len)
{
    size_t id_bytes = strlen(client_id) + 1;
    struct live_message *message = malloc(sizeof *message + id_bytes + len);
    if (!message)
        return NULL;
    message->client_id = memcpy(message->bytes, client_id, id_bytes);
    message->payload = memcpy(message->bytes + id_bytes, payload, len);
    message->len = len;
    return message;
}

static void append(struct live_history *history, const char *client_id, const void *payload, size_t len)
{
    struct live_message *message = make(client_id, payload, len);
    if (!message)
        return;
    DL_APPEND(history->oldest, message);
    history->count++;
}

static void drop_oldest(struct live_history *history)
{
    struct live_message *message = history->oldest;
    DL_DELETE(history->oldest, message);
    history->count--;
    free(message);
}

void live_history_add(struct live_history **history, int64_t max, const char *client_id, const void *payload,
                      size_t len)
{
    if (!*history && max > 0)
        *history = calloc(1, sizeof **history);
    if (!*history)
        return;
    if (max > 0)
        append(*history, client_id, payload, len);
    while ((*history)->count > max)
        drop_oldest(*history);
}

const struct live_message *live_history_after(const struct live_history *history,
                                              const struct live_message *message)
{
    if (message)
        return message->next;
    return history ? history->oldest : NULL;
}

const struct live_message *live_history_before(const struct live_history *history,
                                               const struct live_message *message)
{
    const struct live_message *oldest = history ? history->oldest : NULL;
    if (!message)
        return oldest ? oldest->prev : NULL; /* a DL's first knows its last */
    return message != oldest ? message->prev : NULL;
}

void live_history_free(struct live_history *history)
{
    while (history && history->oldest)
        drop_oldest(history);
    free(history);
}
