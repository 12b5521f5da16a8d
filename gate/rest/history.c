/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "gate/rest/history.h"

#include <stdlib.h>

#include "acl/code.h"
#include "lib/basics.h"

struct collection {
    struct history found; /* first: it is what others see */
    struct history_query query;
    call_step *then;
};

static void release(void *kept)
{
    struct collection *collection = kept;
    cJSON_Delete(collection->found.messages);
    free(collection);
}

static bool is_content(const cJSON *message)
{
    static const char *const others[] = {"tips", "notice", "recall", "edit"};
    for (size_t i = 0; i < COUNT(others); i++)
        if (cJSON_HasObjectItem(message, others[i]))
            return false;
    return true;
}

static bool is_full(const struct collection *collection)
{
    return cJSON_GetArraySize(collection->found.messages) >= collection->query.wanted;
}

/* The page from its end on, as far as it is wanted. false: out of memory. */
static bool take_page(struct collection *collection, const cJSON *messages)
{
    for (int i = cJSON_GetArraySize(messages) - 1; i >= 0; i--) {
        const cJSON *message = cJSON_GetArrayItem(messages, i);
        if (!is_content(message))
            continue;
        if (is_full(collection)) {
            collection->found.complete = false;
            return true;
        }
        cJSON *copy = cJSON_Duplicate(message, true);
        if (!copy || !cJSON_AddItemToArray(collection->found.messages, copy)) {
            cJSON_Delete(copy);
            return false;
        }
    }
    return true;
}

static void ask(struct call *call, const struct collection *collection, int64_t before);

/* Where the next page ends: the first message of this one, or, where all of it has been deleted, what the broker says. */
static int64_t next_before(const struct reply *reply)
{
    const cJSON *messages = reply_member(reply, "messages");
    if (messages && messages->child)
        return object_number(messages->child, "id", NULL, 0);
    return object_number(reply->data, "before", NULL, 0);
}

/* Before the first message there may be tips, which nobody asks for. */
static bool has_first(const struct collection *collection)
{
    const cJSON *messages = collection->found.messages;
    const cJSON *oldest = cJSON_GetArrayItem(messages, cJSON_GetArraySize(messages) - 1);
    return oldest && object_number(oldest, "seq", NULL, 0) == 1;
}

static void page_came(struct call *call)
{
    struct collection *collection = call_kept(call);
    const struct reply *reply = call_reply(call, 0);
    if (call_refused(call, reply))
        return;
    const bool more = cJSON_IsFalse(reply_member(reply, "complete")) && next_before(reply) > 0;
    collection->found.complete = !more;
    if (!take_page(collection, reply_member(reply, "messages")))
        call_refuse(call, CODE_BUSY, "out of memory");
    if (has_first(collection))
        collection->found.complete = true;
    if (more && !collection->found.complete && !is_full(collection))
        ask(call, collection, next_before(reply));
    else
        call_then(call, collection->then);
}

/* `before`: an id; 0: as the query says. */
static void ask(struct call *call, const struct collection *collection, int64_t before)
{
    const struct history_query *query = &collection->query;
    cJSON *command = query->as ? call_ask_as(call, query->as, "getHistory") : call_ask(call, "getHistory");
    put_text(call, command, "to", query->to);
    put_text(call, command, "group", query->group);
    put_number(call, command, "limit", larger(1, query->wanted));
    if (query->after_ms > 0)
        put_number(call, command, "afterTime", query->after_ms - 1);
    if (before > 0)
        put_number(call, command, "before", before);
    else if (query->seq > 0)
        put_number(call, command, "seq", query->seq);
    else if (query->before_ms > 0)
        put_number(call, command, "beforeTime", query->before_ms + 1);
    call_then(call, page_came);
}

void history_collect(struct call *call, const struct history_query *query, call_step *then)
{
    struct collection *collection = calloc(1, sizeof *collection);
    cJSON *messages = cJSON_CreateArray();
    if (!collection || !messages) {
        call_refuse(call, CODE_BUSY, "out of memory");
        free(collection);
        cJSON_Delete(messages);
        return;
    }
    *collection = (struct collection){.found = {messages, true}, .query = *query, .then = then};
    collection->query.wanted = smaller(query->wanted, HISTORY_PAGE_MAX);
    call_keep(call, collection, release);
    ask(call, collection, 0);
}

const struct history *history_found(const struct call *call)
{
    return call_kept(call);
}
