/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/commands/page.h"

#include <stdlib.h>
#include <string.h>

#include "plugin/payload/stamp.h"
#include "plugin/people/conversation.h"
#include "schema/log.h"

static cJSON *raw(char *text_take, size_t len)
{
    text_take[len] = '\0';
    cJSON *item = cJSON_CreateRaw(text_take);
    free(text_take);
    return item;
}

cJSON *message_json(const struct conversation *conversation, const struct message *message)
{
    char *text = malloc(STAMP_MAX + message->body_len + 1);
    if (!text)
        return NULL;
    size_t len = conversation_stamp(text, conversation, message);
    memcpy(text + len, message->body, message->body_len);
    return raw(text, len + message->body_len);
}

bool page_take(struct page *page, size_t bytes)
{
    page->full = page->full || (page->bytes > 0 && page->bytes + bytes > PAGE_BYTES_MAX);
    page->bytes += page->full ? 0 : bytes;
    return !page->full;
}

static bool add(struct page *page, cJSON *item_take, bool in_front)
{
    if (item_take && (in_front ? cJSON_InsertItemInArray(page->array, 0, item_take)
                               : cJSON_AddItemToArray(page->array, item_take)))
        return true;
    cJSON_Delete(item_take);
    page->failed = true;
    return false;
}

bool page_add(struct page *page, const struct conversation *conversation, const struct message *message,
              bool falling)
{
    return page_take(page, STAMP_MAX + message->body_len) &&
           add(page, message_json(conversation, message), falling);
}

bool page_add_text(struct page *page, const char *text, size_t len, bool falling)
{
    char *copy = page_take(page, len) ? malloc(len + 1) : NULL;
    if (!copy) {
        page->failed = !page->full;
        return false;
    }
    memcpy(copy, text, len);
    return add(page, raw(copy, len), falling);
}
