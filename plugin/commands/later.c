/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/commands/later.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "acl/code.h"
#include "plugin/commands/answer.h"
#include "plugin/commands/command.h"
#include "plugin/commands/request.h"
#include "plugin/delivery/reply.h"
#include "plugin/life/closing.h"
#include "plugin/session/session.h"

/* Of one connection. */
#define LATER_MAX       64
#define LATER_BYTES_MAX 1048576

struct later {
    struct session *session;                  /* NULL: it has ended */
    char *command, *correlation_data, *topic; /* in `texts`; correlation_data may be NULL */
    void *correlation;                        /* MQTT 5's, in `texts`; NULL: none */
    uint16_t correlation_len;
    int qos;
    bool safe; /* reply.h */
    size_t bytes;
    struct later *prev, *next; /* session->laters */
    char texts[];
};

static bool has_room(const struct session *session, size_t bytes)
{
    const struct later *later;
    size_t count = 0, sum = bytes;
    DL_FOREACH (session->laters, later) {
        count++;
        sum += later->bytes;
    }
    return count < LATER_MAX && sum <= LATER_BYTES_MAX;
}

/* Copies into the texts, and moves `at` on. NULL stays NULL. */
static void *keep(char **at, const void *from, size_t len)
{
    char *copy = *at;
    if (!from)
        return NULL;
    memcpy(copy, from, len);
    *at += len;
    return copy;
}

static size_t size_of(const char *text)
{
    return text ? strlen(text) + 1 : 0;
}

int later_begin(struct command *command, struct later **out)
{
    const struct control_request *request = command->from;
    const char *name = command_text(command, FIELD_COMMAND);
    const char *data = command_text(command, FIELD_CORRELATION_DATA);
    const char *topic = request_answer_topic(request);
    size_t bytes = size_of(name) + size_of(data) + size_of(topic) + request->correlation_len;
    if (!has_room(command->asker, bytes))
        return CODE_TOO_FAST;
    struct later *later = malloc(sizeof *later + bytes);
    if (!later)
        return CODE_BUSY;
    char *at = later->texts;
    *later =
        (struct later){.session = command->asker, .qos = request->qos, .safe = command->safe, .bytes = bytes};
    later->command = keep(&at, name, size_of(name));
    later->correlation_data = keep(&at, data, size_of(data));
    later->topic = keep(&at, topic, size_of(topic));
    later->correlation = keep(&at, request->correlation, request->correlation_len);
    later->correlation_len = request->correlation_len;
    DL_APPEND(command->asker->laters, later);
    *out = later;
    return CODE_OK;
}

struct session *later_session(const struct later *later)
{
    return later->session;
}

void later_drop(struct later *later)
{
    if (later && later->session)
        DL_DELETE(later->session->laters, later);
    free(later);
}

void later_fail(struct chat *chat, struct later *later)
{
    if (later->session)
        session_close_soon(chat, later->session);
    later_drop(later);
}

static bool respond(struct chat *chat, const struct later *later, struct answer *answer,
                    const struct response *response)
{
    if (!answer_add(answer, response) || !answer_end(answer))
        return false;
    const struct reply_answer reply = {.topic = later->topic,
                                       .text = answer->text,
                                       .len = answer->len,
                                       .correlation = later->correlation,
                                       .correlation_len = later->correlation_len,
                                       .qos = later->qos,
                                       .safe = later->safe};
    return reply_answer(chat, later->session, &reply);
}

void later_answer(struct chat *chat, struct later *later, int code, const char *error, cJSON *data)
{
    const struct response response = {.command = later->command,
                                      .correlation_data = later->correlation_data,
                                      .code = code,
                                      .error = error,
                                      .data_take = data};
    struct answer answer = {0};
    if (!later->session)
        cJSON_Delete(data);
    else if (!respond(chat, later, &answer, &response))
        session_close_soon(chat, later->session);
    free(answer.text);
    later_drop(later);
}

void laters_leave(struct session *session)
{
    while (session && session->laters) {
        struct later *later = session->laters;
        DL_DELETE(session->laters, later);
        later->session = NULL;
    }
}
