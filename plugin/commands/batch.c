/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/commands/batch.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "acl/code.h"
#include "lib/clock.h"
#include "lib/json_text.h"
#include "plugin/commands/account.h"
#include "plugin/commands/answer.h"
#include "plugin/commands/command.h"
#include "plugin/commands/control.h"
#include "plugin/commands/request.h"
#include "plugin/core/chat.h"
#include "plugin/delivery/reply.h"
#include "plugin/life/closing.h"
#include "plugin/session/backlog.h"
#include "plugin/session/session.h"
#include "schema/store.h"

#define TURN_US    4000  /* of a turn of the loop, for all clients together */
#define UNPAID_MAX 16384 /* a larger request of who has nothing left is not even read */
/* More than this is not kept of one client: the oldest is executed to its end then. */
#define WAITING_MAX       16
#define WAITING_BYTES_MAX 1048576

/* A request, and how far it is. */
struct command_batch {
    struct control_request request;
    cJSON *tree;
    const cJSON *item; /* the command to be executed next; NULL: none is left */
    const char *at;    /* in the payload: behind the command before it */
    struct answer answer;
    bool begun;
    bool safe; /* what has been executed may have changed something: reply.h */
    struct command_batch *next;
    char copy[]; /* of what the request points to, when it waits */
};

/* What waits of one client, the oldest first. */
struct batch_queue {
    struct session *session;
    struct command_batch *first;
    size_t count, bytes;
    struct batch_queue *prev, *next;
};

struct batches {
    struct batch_queue *queues; /* who waits, in turn */
    uint64_t tick;              /* the turn in which `spent_us` was spent */
    int64_t spent_us;
};

int batches_open(struct chat *chat)
{
    chat->batches = calloc(1, sizeof *chat->batches);
    return chat->batches ? 0 : -1;
}

/* Time */

static bool time_is_up(const struct chat *chat)
{
    return chat->batches->tick == chat->tick && chat->batches->spent_us >= TURN_US;
}

static void spend(const struct chat *chat, int64_t since_us)
{
    struct batches *all = chat->batches;
    if (all->tick != chat->tick)
        all->spent_us = 0;
    all->tick = chat->tick;
    all->spent_us += clock_steady_us() - since_us;
}

/* One request */

/* false: out of memory. */
static bool begin(struct command_batch *batch, struct chat *chat, struct session *session)
{
    const struct control_request *request = &batch->request;
    const cJSON *commands = NULL;
    const char *error = "";
    bool open = account_open(chat, session);
    batch->begun = true;
    int code = open || request->len <= UNPAID_MAX ? request_read(request, &batch->tree, &commands, &error)
                                                  : CODE_TOO_FAST;
    if (code != CODE_OK) {
        if (open)
            account_pay_bytes(chat, session, request->len);
        return answer_add(&batch->answer, &(struct response){.code = code, .error = error});
    }
    batch->item = commands->child;
    batch->at = json_text_of_child(request->payload, batch->tree, commands) + 1;
    return true;
}

static bool execute_next(struct command_batch *batch, struct chat *chat, struct session *session)
{
    struct json_span span;
    int64_t start = clock_steady_us();
    if (!json_next_item(&batch->at, &span))
        return false;
    struct command command = {.chat = chat,
                              .by = actor_of(session),
                              .asker = session,
                              .from = &batch->request,
                              .request = batch->item,
                              .text = span.at};
    bool good = control_answer(&batch->answer, &command, span.len);
    batch->safe = batch->safe || command.safe;
    batch->item = batch->item->next;
    spend(chat, start);
    return good;
}

/* Where all commands are answered later, nothing is left to be said. */
static bool respond(struct command_batch *batch, struct chat *chat, struct session *session)
{
    const struct control_request *request = &batch->request;
    if (batch->answer.len == 0)
        return true;
    if (!answer_end(&batch->answer))
        return false;
    const struct reply_answer reply = {.topic = request_answer_topic(request),
                                       .text = batch->answer.text,
                                       .len = batch->answer.len,
                                       .correlation = request->correlation,
                                       .correlation_len = request->correlation_len,
                                       .qos = request->qos,
                                       .safe = batch->safe};
    return reply_answer(chat, session, &reply);
}

enum batch_state { BATCH_FAILED, BATCH_WAITS, BATCH_OVER };

/* Executes at least one command; then, unless it is `urgent`, as long as there is time. */
static enum batch_state go_on(struct command_batch *batch, struct chat *chat, struct session *session,
                              bool urgent)
{
    if (!batch->begun && !begin(batch, chat, session))
        return BATCH_FAILED;
    while (batch->item) {
        if (!execute_next(batch, chat, session))
            return BATCH_FAILED;
        if (batch->item && !urgent && time_is_up(chat))
            return BATCH_WAITS;
    }
    return respond(batch, chat, session) ? BATCH_OVER : BATCH_FAILED;
}

static void clear(struct command_batch *batch)
{
    cJSON_Delete(batch->tree);
    free(batch->answer.text);
}

/* Those that wait */

/* Takes tree and answer over. NULL: out of memory, nothing has been taken. */
static struct command_batch *copy_batch(const struct command_batch *batch)
{
    const struct control_request *request = &batch->request;
    const char *topic = request_answer_topic(request);
    size_t topic_size = strlen(topic) + 1;
    struct command_batch *copy = malloc(sizeof *copy + request->len + topic_size + request->correlation_len);
    if (!copy)
        return NULL;
    *copy = *batch;
    char *correlation = copy->copy + request->len + topic_size;
    memcpy(copy->copy, request->payload, request->len);
    copy->request.payload = copy->copy;
    copy->request.response_topic = memcpy(copy->copy + request->len, topic, topic_size);
    if (request->correlation)
        copy->request.correlation = memcpy(correlation, request->correlation, request->correlation_len);
    if (batch->at)
        copy->at = copy->copy + (batch->at - (const char *)request->payload);
    return copy;
}

static struct batch_queue *queue_of(struct chat *chat, struct session *session)
{
    struct batch_queue *queue = session->batches ? session->batches : calloc(1, sizeof *queue);
    if (!queue || session->batches)
        return queue;
    queue->session = session;
    session->batches = queue;
    DL_APPEND(chat->batches->queues, queue);
    return queue;
}

static void shift(struct batch_queue *queue)
{
    struct command_batch *first = queue->first;
    LL_DELETE(queue->first, first);
    queue->count--;
    queue->bytes -= first->request.len;
    clear(first);
    free(first);
}

static void free_queue(struct chat *chat, struct batch_queue *queue)
{
    while (queue->first)
        shift(queue);
    DL_DELETE(chat->batches->queues, queue);
    free(queue);
}

static void drop_queue(struct chat *chat, struct batch_queue *queue)
{
    queue->session->batches = NULL;
    free_queue(chat, queue);
}

void batches_drop(struct chat *chat, struct session *session)
{
    if (session && session->batches)
        drop_queue(chat, session->batches);
}

/* The oldest of the queue, which is gone when it is over, and so is the queue with its last one. */
static enum batch_state go_on_with_first(struct chat *chat, struct batch_queue *queue, bool urgent)
{
    enum batch_state state = go_on(queue->first, chat, queue->session, urgent);
    if (state == BATCH_OVER)
        shift(queue);
    if (!queue->first)
        drop_queue(chat, queue);
    return state;
}

static bool make_room(struct chat *chat, struct session *session, size_t bytes)
{
    struct batch_queue *queue;
    while ((queue = session->batches) &&
           (queue->count >= WAITING_MAX || queue->bytes + bytes > WAITING_BYTES_MAX))
        if (go_on_with_first(chat, queue, true) == BATCH_FAILED)
            return false;
    return true;
}

/* false: out of memory. */
static bool enqueue(struct chat *chat, struct session *session, const struct command_batch *batch)
{
    struct command_batch *copy = copy_batch(batch);
    struct batch_queue *queue = copy ? queue_of(chat, session) : NULL;
    if (!queue) {
        free(copy);
        return false;
    }
    LL_APPEND(queue->first, copy);
    queue->count++;
    queue->bytes += copy->request.len;
    return true;
}

bool batch_execute(struct chat *chat, struct session *session, const struct control_request *request)
{
    struct command_batch batch = {.request = *request};
    if (backlog_far_over(chat, session) || replies_far_over(chat, session) ||
        !make_room(chat, session, request->len))
        return false;
    if (session->batches)
        return enqueue(chat, session, &batch);
    enum batch_state state = go_on(&batch, chat, session, false);
    if (state == BATCH_WAITS && enqueue(chat, session, &batch))
        return true;
    if (state == BATCH_WAITS)
        state = go_on(&batch, chat, session, true); /* no memory to wait with */
    clear(&batch);
    return state == BATCH_OVER;
}

/* TICK */

/* Who has had a turn is the last in the next one. */
static void rotate(struct chat *chat, struct batch_queue *queue)
{
    DL_DELETE(chat->batches->queues, queue);
    DL_APPEND(chat->batches->queues, queue);
}

bool batches_tick(struct chat *chat)
{
    struct batches *all = chat->batches;
    while (all->queues && !time_is_up(chat)) {
        struct session *session = all->queues->session;
        store_reads_begin(chat->store);
        rotate(chat, all->queues);
        if (go_on_with_first(chat, session->batches, false) != BATCH_FAILED)
            continue;
        batches_drop(chat, session);
        session_close_soon(chat, session);
    }
    return all->queues != NULL;
}

void batches_close(struct chat *chat)
{
    if (!chat->batches)
        return;
    while (chat->batches->queues)
        free_queue(chat, chat->batches->queues); /* whose sessions have ended */
    free(chat->batches);
    chat->batches = NULL;
}
