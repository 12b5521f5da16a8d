/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What who listens to everything (listeners.h) is told of a message: an item `message` of chat/feed, now (deliver.h) or
 * by the replay of all that is stored (replay.h). Broker thread only. */
#ifndef PLUGIN_DELIVERY_EVERYTHING_H
#define PLUGIN_DELIVERY_EVERYTHING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct chat;
struct conversation;
struct subscription;

/* Borrowed. */
struct everything_message {
    struct conversation *conversation;
    const char *sender, *client_id; /* client_id "": no device has sent it */
    const char *address;            /* NULL: not known */
    const char *head, *tail; /* together they are the message as it is stamped; the body begins in the tail */
    size_t head_len, tail_len;
};

/* The item, malloc'ed, NULL: out of memory. May read the log and the store. */
char *everything_print(struct chat *chat, const struct everything_message *message, size_t *len);
/* The same for one whose stamp and body are in one piece. */
char *everything_print_stamped(struct chat *chat, const struct everything_message *message,
                               const char *payload, size_t payload_len, size_t *len);
/* The id of the message in such an item; 0: it has none, or this is another item. */
int64_t everything_read_id(const char *text, size_t len);

enum everything_progress {
    EVERYTHING_DONE,  /* there is nothing more: from this very moment on it is live */
    EVERYTHING_MORE,  /* some was sent, or passed over, and there is more */
    EVERYTHING_FULL,  /* nothing was sent: the broker's queue may be full */
    EVERYTHING_STUCK, /* nothing was sent: the store cannot be read, or memory is out */
};
/* Sends the next page of what is stored, all conversations in the order of ids, at most `limit` messages. */
enum everything_progress everything_page(struct chat *chat, struct subscription *listener, size_t limit);

#endif
