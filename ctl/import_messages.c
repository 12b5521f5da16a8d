/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Messages: importMessages, a hundred at once and one request after the other, since each must come behind those before it in
 * its conversation. Each has a `random`, its own or one that is made from the row: by that it is known again. Of each
 * conversation is asked first how far it goes: what is not newer is looked for, so that nothing is there twice, however long ago
 * it was imported. */
#include <stdlib.h>
#include <string.h>

#include "acl/code.h"
#include "acl/limits.h"
#include "ctl/import_batch.h"
#include "ctl/import_known.h"
#include "lib/json.h"
#include "lib/json_text.h"

#define LAST_ONES     20 /* messages, of which one has content, it is to be hoped */
#define PAGES_AT_ONCE 20 /* an answer has 1 MiB */

enum message_step {
    STEP_KNOW, /* how far the conversation goes */
    STEP_FIND, /* is it there? */
    STEP_SEND
};

static const struct command_field *item_fields(void)
{
    return command_rows[COMMAND_import_messages].fields[0].of;
}

static void columns(struct command_field out[COMMAND_FIELDS_MAX])
{
    for (const struct command_field *field = item_fields(); field->type != TYPE_NONE; field++)
        column_add(out, item_fields(), field->name, field->need);
}

/* Rows */

static bool to_group(const struct import_item *item)
{
    return item_has(item, FIELD_GROUP);
}

static uint64_t conversation_of(const struct import_item *item)
{
    return to_group(item) ? known_key("", item_text(item, FIELD_GROUP))
                          : known_key(item_text(item, FIELD_SENDER), item_text(item, FIELD_TO));
}

/* From all that the row says: the same each time. */
static int64_t make_random(const char *text)
{
    const uint64_t hash = source_hash(SOURCE_HASH_BEGIN, text, strlen(text));
    return (int64_t)(hash % SAFE_INTEGER_MAX) + 1;
}

/* The text goes out as it is, with the random in front. */
static bool give_random(struct import_item *item)
{
    char *with = NULL;
    const char *members = json_skip_space(item->row.text + 1);
    item->random = make_random(item->row.text);
    if (asprintf(&with, "{\"random\":%lld%s%s", (long long)item->random, *members == '}' ? "" : ",",
                 members) < 0)
        return false;
    free(item->row.text);
    item->row.text = with;
    return true;
}

/* Of CSV it is text that reads as JSON. 0: it is none. */
static int64_t read_random(const cJSON *random)
{
    const bool is_digits =
        cJSON_IsRaw(random) && random->valuestring[strspn(random->valuestring, "0123456789")] == '\0';
    const double number = cJSON_IsNumber(random) ? random->valuedouble
                          : is_digits            ? strtod(random->valuestring, NULL)
                                                 : 0;
    const bool good = number >= 1 && number <= ID_MAX && number == (double)(int64_t)number;
    return good ? (int64_t)number : 0;
}

static void prepare(struct import_batch *batch, struct import_item *item)
{
    const cJSON *random = cJSON_GetObjectItemCaseSensitive(item->row.object, "random");
    item->time = number_of(item->row.object, "time");
    item->random = read_random(random);
    if (random && item->random == 0)
        item_refuse(batch, item, "random must be a whole number from 1 to %lld", (long long)ID_MAX);
    if (!item->row.text)
        item->row.text = cJSON_PrintUnformatted(item->row.object);
    if (item->state == ITEM_OPEN && (!item->row.text || (!random && !give_random(item))))
        item_refuse(batch, item, "out of memory");
    if (item->state == ITEM_OPEN && strlen(item->row.text) > ROW_BYTES_MAX)
        item_refuse(batch, item, "the message is longer than %d bytes", ROW_BYTES_MAX);
    item->conversation = conversation_of(item);
}

/* Asking */

/* What the reader of a conversation sees: of a group the administrator, of a pair who wrote this. */
static cJSON *ask_history(const struct import_item *item, int limit)
{
    cJSON *command = command_new(COMMAND_get_history);
    command_copy(command, item, FIELD_GROUP);
    command_copy(command, item, FIELD_TO);
    if (!to_group(item))
        cJSON_AddStringToObject(command, "as", item_text(item, FIELD_SENDER));
    json_add_whole(command, "limit", limit);
    return command;
}

static cJSON *ask_page(const struct import_item *item, const struct known *known)
{
    cJSON *command = ask_history(item, KNOWN_PAGE);
    const int64_t after = known_page_after(known, item->time);
    if (after > 0)
        json_add_whole(command, "after", after);
    else
        json_add_whole(command, "afterTime", item->time / 1000 * 1000 - 1);
    return command;
}

/* Does an earlier row ask about this conversation already? */
static bool is_asked(const struct import_batch *batch, int before, uint64_t conversation)
{
    for (int i = 0; i < before; i++)
        if (batch->items[i].command >= 0 && batch->items[i].conversation == conversation)
            return true;
    return false;
}

/* The step of a row, as far as is known. */
static void look_up(const struct import_batch *batch, struct import_item *item)
{
    const struct known *known = known_find(item->conversation);
    const char *sender = item_text(item, FIELD_SENDER);
    if (!known) {
        item->step = STEP_KNOW;
        return;
    }
    if (!item->proving && !known_reaches(known, item->time)) {
        item->step = STEP_SEND;
        return;
    }
    switch (known_has(known, sender, item->time, item->random)) {
    case KNOWN_THERE:
        item->state = item->sent && !item->proving ? ITEM_NEW : ITEM_THERE;
        break;
    case KNOWN_NOT_THERE:
        item->step = STEP_SEND;
        if (item->proving)
            item_refuse(batch, item, "random: %lld is that of another message of this sender there",
                        (long long)item->random);
        break;
    case KNOWN_NOT_SEEN:
        item->step = STEP_FIND;
        break;
    }
}

/* Of each conversation once, as many as the broker's answer has room for. */
static void ask_step(struct import_batch *batch, struct import_request *request, enum message_step step,
                     int most)
{
    for (int i = 0; i < batch->count && request->commands < most; i++) {
        struct import_item *item = &batch->items[i];
        if (item->state != ITEM_OPEN || item->step != (int)step || is_asked(batch, i, item->conversation))
            continue;
        cJSON *command =
            step == STEP_KNOW ? ask_history(item, LAST_ONES) : ask_page(item, known_find(item->conversation));
        item->command = request_add(batch, request, command, (int)step);
    }
}

static void send(struct import_batch *batch, struct import_request *request)
{
    bool some = false;
    for (int i = 0; i < batch->count; i++) {
        struct import_item *item = &batch->items[i];
        if (item->state != ITEM_OPEN)
            continue;
        fputs(some ? "," : "{\"command\":\"importMessages\",\"messages\":[", request->out);
        fputs(item->row.text, request->out);
        item->sent = some = true;
    }
    if (!some)
        return;
    fputs(batch->unread ? "],\"unread\":true}" : "]}", request->out);
    batch->what[request->commands++] = STEP_SEND;
}

static void ask(struct import_batch *batch, struct import_request *request)
{
    for (int i = 0; i < batch->count; i++) {
        batch->items[i].command = -1;
        if (batch->items[i].state == ITEM_OPEN && batch->items[i].step != STEP_SEND)
            look_up(batch, &batch->items[i]);
    }
    ask_step(batch, request, STEP_KNOW, REQUEST_COMMANDS);
    if (request->commands == 0)
        ask_step(batch, request, STEP_FIND, PAGES_AT_ONCE);
    if (request->commands == 0 && !batch->proof)
        send(batch, request);
}

/* Hearing */

/* The row for which it was asked. */
static struct import_item *asker(struct import_batch *batch, int number)
{
    for (int i = 0; i < batch->count; i++)
        if (batch->items[i].command == number)
            return &batch->items[i];
    return NULL;
}

/* A place behind all before it is a new one. */
static void hear_place(struct import_item *item, const cJSON *place)
{
    static int64_t highest; /* id */
    const int64_t id = number_of(place, "id");
    if (id > highest) {
        highest = id;
        item->state = ITEM_NEW;
    } else {
        struct known *known = known_find(item->conversation);
        item->step = STEP_KNOW;
        item->proving = true;
        if (known)
            known_drop_page(known);
    }
}

/* Up to `index` they have been stored. */
static void hear_sent(struct import_batch *batch, const cJSON *answer)
{
    const cJSON *list = answer_list(answer, "messages"), *place = list ? list->child : NULL;
    const bool good = answer_code(answer) == 0;
    int64_t left = good ? INT64_MAX : number_of(answer, "index");
    for (int i = 0; i < batch->count && left >= 0; i++) {
        struct import_item *item = &batch->items[i];
        if (item->state != ITEM_OPEN)
            continue;
        if (left == 0 && !answer_is_busy(batch, answer))
            item_refuse_for(batch, item, answer);
        else if (left > 0 && good)
            hear_place(item, place);
        else if (left > 0)
            item->state = ITEM_NEW;
        place = place ? place->next : NULL;
        left--;
    }
}

/* Answers are 1 MiB at most: what had no room is asked again. */
static bool had_no_room(int number, const cJSON *answer)
{
    return number > 0 && answer_code(answer) == CODE_BAD_REQUEST;
}

static void hear(struct import_batch *batch, int number, const cJSON *answer)
{
    if (batch->what[number] == STEP_SEND) {
        hear_sent(batch, answer);
        return;
    }
    const struct import_item *item = asker(batch, number);
    struct known *known = item ? known_find(item->conversation) : NULL;
    if (!item || had_no_room(number, answer) || answer_is_busy(batch, answer))
        return;
    if (batch->what[number] == STEP_KNOW)
        known_put(item->conversation, answer_list(answer, "messages"));
    else if (known)
        known_take_page(known, item->time, cJSON_GetObjectItemCaseSensitive(answer, "data"));
}

static void forget(struct import_batch *batch)
{
    known_clear();
    for (int i = 0; i < batch->count; i++)
        batch->items[i].step = STEP_KNOW;
}

const struct import_kind import_messages = {.name = "messages",
                                            .under_way = 1,
                                            .open = true,
                                            .columns = columns,
                                            .prepare = prepare,
                                            .ask = ask,
                                            .hear = hear,
                                            .forget = forget};
