/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "gate/rest/call.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "acl/code.h"
#include "gate/broker/asks.h"
#include "gate/http/exchange.h"
#include "gate/rest/counts.h"
#include "lib/json.h"
#include "lib/text.h"

#define STEPS_MAX 200 /* of pages and the like; a call that goes on is not let go on for ever */

struct call {
    const struct rest_service *service;
    const struct rest_command *command;
    struct asks *asks;
    struct counts *counts;
    struct exchange *exchange;
    char *admin;
    cJSON *request, *answer;
    struct reply *replies; /* to what the last step asked */
    size_t reply_count;
    struct question *questions; /* of the present step */
    size_t question_count, waiting;
    unsigned steps;
    call_step *next;
    void *kept;
    void (*release)(void *kept);
    int code;
    char error[200];
    bool some_failed, out_of_memory;
};

/* What the present step asks: filled by the step, sent when it returns. */
struct question {
    struct call *call;
    cJSON *command;
    struct reply reply;
};

/* Reading */

static const cJSON *member(const cJSON *object, const char *name, const char *old)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
    if (!item && old)
        item = cJSON_GetObjectItemCaseSensitive(object, old);
    return cJSON_IsNull(item) ? NULL : item;
}

static const struct rest_field *field_named(const struct call *call, const char *name)
{
    const struct rest_field *field = call->command->fields;
    while (field->name && strcmp(field->name, name) != 0)
        field++;
    return field;
}

static const cJSON *find(const struct call *call, const char *name)
{
    const struct rest_field *field = field_named(call, name);
    return field->name ? member(call->request, name, field->old) : NULL;
}

static const char *text_of(const cJSON *item)
{
    return cJSON_IsString(item) && item->valuestring[0] != '\0' ? item->valuestring : NULL;
}

/* false: it is no whole number. */
static bool read_number(const cJSON *item, int64_t *out)
{
    if (cJSON_IsNumber(item)) {
        *out = json_number(item, 0);
        return (double)*out == item->valuedouble;
    }
    char *end;
    const char *text = text_of(item);
    if (!text)
        return false;
    errno = 0;
    *out = strtoll(text, &end, 10);
    return errno == 0 && *end == '\0' && *out >= -SAFE_INTEGER_MAX && *out <= SAFE_INTEGER_MAX;
}

const char *call_text(const struct call *call, const char *field)
{
    return text_of(find(call, field));
}

int64_t call_number(const struct call *call, const char *field, int64_t absent)
{
    int64_t number;
    return read_number(find(call, field), &number) ? number : absent;
}

const cJSON *call_list(const struct call *call, const char *field)
{
    const cJSON *item = find(call, field);
    return cJSON_IsArray(item) ? item : NULL;
}

const cJSON *call_object(const struct call *call, const char *field)
{
    const cJSON *item = find(call, field);
    return cJSON_IsObject(item) ? item : NULL;
}

const cJSON *call_body(const struct call *call)
{
    return call->request;
}

const char *call_admin(const struct call *call)
{
    return call->admin;
}

const char *object_text(const cJSON *object, const char *name, const char *old)
{
    return text_of(member(object, name, old));
}

int64_t object_number(const cJSON *object, const char *name, const char *old, int64_t absent)
{
    int64_t number;
    return read_number(member(object, name, old), &number) ? number : absent;
}

/* Checking */

static bool all_are(const cJSON *list, bool (*right)(const cJSON *item))
{
    const cJSON *item;
    cJSON_ArrayForEach (item, list)
        if (!right(item))
            return false;
    return true;
}

static bool is_text(const cJSON *item)
{
    return cJSON_IsString(item);
}

static bool is_object(const cJSON *item)
{
    return cJSON_IsObject(item);
}

static const char *list_fault(const cJSON *item, const struct rest_field *field)
{
    const bool texts = field->type == REST_TEXTS, objects = field->type == REST_OBJECTS;
    if (!cJSON_IsArray(item))
        return "must be a list";
    if (texts && !all_are(item, is_text))
        return "must be a list of texts";
    if (objects && !all_are(item, is_object))
        return "must be a list of objects";
    if (field->required && cJSON_GetArraySize(item) == 0)
        return "must not be empty";
    return field->most > 0 && cJSON_GetArraySize(item) > field->most ? "has too many entries" : NULL;
}

static const char *number_fault(const cJSON *item, const struct rest_field *field)
{
    int64_t number;
    if (!read_number(item, &number) || number < 0)
        return "must be a whole number, not below 0";
    return field->most > 0 && number > field->most ? "is too large" : NULL;
}

/* NULL: it is as it should be. */
static const char *field_fault(const cJSON *item, const struct rest_field *field)
{
    if (!item || (field->type == REST_TEXT && cJSON_IsString(item) && !text_of(item)))
        return field->required ? "is missing" : NULL;
    switch (field->type) {
    case REST_TEXT:
        return cJSON_IsString(item) ? NULL : "must be a text";
    case REST_NUMBER:
        return number_fault(item, field);
    case REST_OBJECT:
        return cJSON_IsObject(item) ? NULL : "must be an object";
    case REST_LIST:
    case REST_TEXTS:
    case REST_OBJECTS:
        break;
    }
    return list_fault(item, field);
}

static bool check(struct call *call)
{
    for (const struct rest_field *field = call->command->fields; field && field->name; field++) {
        const char *fault = field_fault(member(call->request, field->name, field->old), field);
        if (!fault)
            continue;
        int code = field->code ? field->code : rest_field_code(call->service->family);
        call_fail(call, code, "%s %s", field->name, fault);
        return false;
    }
    return true;
}

/* Filling */

static void hold(struct call *call, const cJSON *item)
{
    if (!item)
        call->out_of_memory = true;
}

void put_text(struct call *call, cJSON *object, const char *name, const char *text)
{
    if (text)
        hold(call, cJSON_AddStringToObject(object, name, text));
}

void put_number(struct call *call, cJSON *object, const char *name, int64_t number)
{
    if (!json_add_whole(object, name, number))
        call->out_of_memory = true;
}

void put_bool(struct call *call, cJSON *object, const char *name, bool value)
{
    hold(call, cJSON_AddBoolToObject(object, name, value));
}

void put_item(struct call *call, cJSON *object, const char *name, cJSON *item_take)
{
    if (!item_take || cJSON_AddItemToObject(object, name, item_take))
        return;
    cJSON_Delete(item_take);
    call->out_of_memory = true;
}

void put_copy(struct call *call, cJSON *object, const char *name, const cJSON *item)
{
    cJSON *copy = item ? cJSON_Duplicate(item, true) : NULL;
    if (item)
        hold(call, copy);
    put_item(call, object, name, copy);
}

cJSON *put_list(struct call *call, cJSON *object, const char *name)
{
    cJSON *list = cJSON_AddArrayToObject(object, name);
    hold(call, list);
    return list;
}

cJSON *put_object(struct call *call, cJSON *object, const char *name)
{
    cJSON *inner = cJSON_AddObjectToObject(object, name);
    hold(call, inner);
    return inner;
}

static void add_item(struct call *call, cJSON *list, cJSON *item_take)
{
    if (item_take && cJSON_AddItemToArray(list, item_take))
        return;
    cJSON_Delete(item_take);
    call->out_of_memory = true;
}

void add_text(struct call *call, cJSON *list, const char *text)
{
    add_item(call, list, cJSON_CreateString(text));
}

void add_number(struct call *call, cJSON *list, int64_t number)
{
    add_item(call, list, json_create_whole(number));
}

cJSON *add_object(struct call *call, cJSON *list)
{
    cJSON *object = json_add_object(list);
    hold(call, object);
    return object;
}

/* The answer */

cJSON *call_answer(struct call *call)
{
    return call->answer;
}

void call_fail(struct call *call, int code, const char *format, ...)
{
    va_list args;
    call->code = code;
    va_start(args, format);
    vsnprintf(call->error, sizeof call->error, format, args);
    va_end(args);
    text_mend(call->error); /* it may be cut within a character */
}

int call_code(const struct call *call, int code)
{
    return rest_code(call->service->family, code);
}

void call_refuse(struct call *call, int code, const char *error)
{
    call_fail(call, call_code(call, code), "%s", error);
}

bool call_refused(struct call *call, const struct reply *reply)
{
    if (reply->code != 0)
        call_refuse(call, reply->code, reply->error);
    return reply->code != 0;
}

void call_some_failed(struct call *call)
{
    call->some_failed = true;
}

/* {"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0}; `ErrorDisplay` is what some of Tencent's services have. */
static bool put_outcome(cJSON *answer, const char *status, int code, const char *error)
{
    return cJSON_AddStringToObject(answer, "ActionStatus", status) &&
           cJSON_AddStringToObject(answer, "ErrorInfo", error) &&
           cJSON_AddStringToObject(answer, "ErrorDisplay", error) &&
           json_add_whole(answer, "ErrorCode", code);
}

void call_answer_error(struct exchange *exchange, int code, const char *error)
{
    cJSON *answer = cJSON_CreateObject();
    if (answer && !put_outcome(answer, "FAIL", code, error)) {
        cJSON_Delete(answer);
        answer = NULL;
    }
    exchange_answer_json(exchange, 200, answer);
}

/* The life of a call */

static void replies_clear(struct call *call)
{
    for (size_t i = 0; i < call->reply_count; i++) {
        free(call->replies[i].error);
        cJSON_Delete(call->replies[i].data);
    }
    free(call->replies);
    call->replies = NULL;
    call->reply_count = 0;
}

static void questions_clear(struct call *call)
{
    for (size_t i = 0; i < call->question_count; i++)
        cJSON_Delete(call->questions[i].command);
    free(call->questions);
    call->questions = NULL;
    call->question_count = 0;
}

static void call_free(struct call *call)
{
    replies_clear(call);
    questions_clear(call);
    call_keep(call, NULL, NULL);
    cJSON_Delete(call->request);
    cJSON_Delete(call->answer);
    free(call->admin);
    free(call);
}

static void answer_well(struct call *call)
{
    cJSON *answer = call->answer;
    call->answer = NULL;
    if (!put_outcome(answer, call->some_failed ? "SomeError" : "OK", 0, "")) {
        cJSON_Delete(answer);
        answer = NULL;
    }
    exchange_answer_json(call->exchange, 200, answer);
}

static void finish(struct call *call)
{
    if (call->out_of_memory)
        call_fail(call, rest_internal_code(call->service->family), "out of memory");
    counts_add(call->counts, call->service->name, call->command->name, call->code);
    if (call->code != 0)
        call_answer_error(call->exchange, call->code, call->error);
    else
        answer_well(call);
    call_free(call);
}

static void run(struct call *call);

/* All that the last step asked is answered: the next one sees it. */
static void go_on(struct call *call)
{
    replies_clear(call);
    call->replies = calloc(call->question_count, sizeof *call->replies);
    if (call->replies)
        call->reply_count = call->question_count;
    else
        call->out_of_memory = true;
    for (size_t i = 0; i < call->reply_count; i++)
        call->replies[i] = call->questions[i].reply;
    questions_clear(call);
    run(call);
}

static void on_answer(void *context, struct ask_answer *answer)
{
    struct question *question = context;
    struct call *call = question->call;
    question->reply = (struct reply){answer->code, strdup(answer->error), answer->data};
    answer->data = NULL;
    if (!question->reply.error)
        call->out_of_memory = true;
    if (answer->code == ASK_LOST)
        call_refuse(call, ASK_LOST, answer->error); /* no part of it is known */
    if (--call->waiting == 0)
        go_on(call);
}

/* false: nothing is on its way. */
static bool send(struct call *call)
{
    for (size_t i = 0; i < call->question_count; i++) {
        struct question *question = &call->questions[i];
        cJSON *command = question->command;
        question->command = NULL;
        if (asks_send(call->asks, command, on_answer, question))
            call->waiting++;
        else
            call->out_of_memory = true;
    }
    return call->waiting > 0;
}

/* Steps, until one has asked something. */
static void run(struct call *call)
{
    while (call->next && call->code == 0 && !call->out_of_memory) {
        call_step *step = call->next;
        call->next = NULL;
        if (call->steps++ == STEPS_MAX)
            call_refuse(call, CODE_BUSY, "too much for one request");
        else
            step(call);
        if (call->code == 0 && !call->out_of_memory && call->question_count > 0 && send(call))
            return;
    }
    finish(call);
}

void call_begin(const struct call_request *request)
{
    struct call *call = calloc(1, sizeof *call);
    char *admin = strdup(request->admin);
    cJSON *answer = cJSON_CreateObject();
    if (!call || !admin || !answer) {
        call_answer_error(request->exchange, rest_internal_code(request->service->family), "out of memory");
        free(call);
        free(admin);
        cJSON_Delete(answer);
        cJSON_Delete(request->body_take);
        return;
    }
    *call = (struct call){.service = request->service,
                          .command = request->command,
                          .asks = request->asks,
                          .counts = request->counts,
                          .exchange = request->exchange,
                          .admin = admin,
                          .request = request->body_take,
                          .answer = answer,
                          .next = request->command->begin};
    (void)check(call);
    run(call);
}

/* Steps ask, look at the replies, and keep something */

static struct question *add_question(struct call *call)
{
    struct question *more = realloc(call->questions, (call->question_count + 1) * sizeof *more);
    if (!more)
        return NULL;
    call->questions = more;
    more += call->question_count;
    *more = (struct question){.call = call, .command = cJSON_CreateObject()};
    if (more->command)
        call->question_count++;
    return more->command ? more : NULL;
}

cJSON *call_ask(struct call *call, const char *command)
{
    struct question *question = add_question(call);
    if (!question) {
        call->out_of_memory = true;
        return NULL;
    }
    put_text(call, question->command, "command", command);
    return question->command;
}

cJSON *call_ask_as(struct call *call, const char *user, const char *command)
{
    cJSON *object = call_ask(call, command);
    put_text(call, object, "as", user);
    return object;
}

void call_then(struct call *call, call_step *next)
{
    call->next = next;
}

size_t call_replies(const struct call *call)
{
    return call->reply_count;
}

const struct reply *call_reply(const struct call *call, size_t i)
{
    return &call->replies[i];
}

const cJSON *reply_member(const struct reply *reply, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(reply->data, name);
}

void call_keep(struct call *call, void *kept, void (*release)(void *kept))
{
    if (call->release)
        call->release(call->kept);
    call->kept = kept;
    call->release = release;
}

void *call_kept(const struct call *call)
{
    return call->kept;
}
