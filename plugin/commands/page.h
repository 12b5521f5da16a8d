/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Messages in an answer: an array that ends at 256 KiB, with at least one in it. */
#ifndef PLUGIN_COMMANDS_PAGE_H
#define PLUGIN_COMMANDS_PAGE_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

struct conversation;
struct message;

#define PAGE_BYTES_MAX 262144

struct page {
    cJSON *array; /* borrowed */
    size_t bytes;
    bool full;   /* the next one did not fit */
    bool failed; /* out of memory: no answer is to be given */
};

/* The message as it was delivered, byte for byte: nothing of the client's is printed anew. NULL: out of
 * memory. */
cJSON *message_json(const struct conversation *conversation, const struct message *message);
/* Takes `bytes` more. false: they do not fit any more, page->full is set. */
bool page_take(struct page *page, size_t bytes);
/* Appends the message, or (falling = true) puts it in front. false: full or failed. */
bool page_add(struct page *page, const struct conversation *conversation, const struct message *message,
              bool falling);
/* The same for what is JSON already. */
bool page_add_text(struct page *page, const char *text, size_t len, bool falling);

#endif
