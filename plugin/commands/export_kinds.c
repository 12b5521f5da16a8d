/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/commands/export_kinds.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "acl/identity.h"
#include "acl/rules.h"
#include "lib/basics.h"
#include "lib/json.h"
#include "lib/text.h"
#include "plugin/commands/page.h"
#include "plugin/core/chat.h"
#include "plugin/people/application.h"
#include "plugin/people/conversation.h"
#include "plugin/people/member.h"
#include "schema/log.h"
#include "schema/store.h"

#define ROWS_MAX 1000 /* that are looked at for one page: a few milliseconds */

/* What comes of a row */

struct export_reading {
    struct chat *chat;
    const struct export_request *request;
    struct page page;
    size_t given, looked_at;
    struct export_place place; /* how far it has come */
    bool more;                 /* there is something behind it */
};

/* Adds what is in the column, unless it is NULL. false: out of memory. */
typedef bool add_column(cJSON *item, const char *name, sqlite3_stmt *row, int column);

static bool add_text(cJSON *item, const char *name, sqlite3_stmt *row, int column)
{
    return cJSON_AddStringToObject(item, name, store_text(row, column));
}

static bool add_whole(cJSON *item, const char *name, sqlite3_stmt *row, int column)
{
    return json_add_whole(item, name, sqlite3_column_int64(row, column));
}

static bool add_bool(cJSON *item, const char *name, sqlite3_stmt *row, int column)
{
    return cJSON_AddBoolToObject(item, name, sqlite3_column_int(row, column) != 0);
}

static bool add_platform(cJSON *item, const char *name, sqlite3_stmt *row, int column)
{
    const int platform = sqlite3_column_int(row, column);
    return cJSON_AddStringToObject(item, name, platform_name((enum platform)platform));
}

static bool add_group_type(cJSON *item, const char *name, sqlite3_stmt *row, int column)
{
    const int type = sqlite3_column_int(row, column);
    return cJSON_AddStringToObject(item, name, group_traits((enum group_type)type)->name);
}

/* Who was in a group when it was dismissed is in it no more. */
static bool add_role(cJSON *item, const char *name, sqlite3_stmt *row, int column)
{
    const int role = sqlite3_column_int(row, column);
    return cJSON_AddStringToObject(item, name, role_name(role < 0 ? ROLE_NONE : (enum role)role));
}

static bool add_receive_option(cJSON *item, const char *name, sqlite3_stmt *row, int column)
{
    const int option = sqlite3_column_int(row, column);
    return cJSON_AddStringToObject(item, name, receive_option_name((enum receive_option)option));
}

static bool add_application(cJSON *item, const char *name, sqlite3_stmt *row, int column)
{
    const bool invited = sqlite3_column_int(row, column) == APPLICATION_INVITE;
    return cJSON_AddStringToObject(item, name, invited ? "invite" : "join");
}

/* Kinds */

struct export_kind;

/* Makes the item of a row: *item stays NULL where it is not the user's. false: out of memory. */
typedef bool describe_row(struct export_reading *reading, const struct export_kind *kind, sqlite3_stmt *row,
                          cJSON **item);
static describe_row describe_columns, describe_message;

#define KEYS        2 /* the first columns of each statement */
#define COLUMNS_MAX 12

/* Its statement (EXPORT_... in statements.def) gives the rows behind two keys, in the order of these. */
static const struct export_kind {
    const char *name;
    enum read_id read;
    const char *start[KEYS]; /* less than all keys */
    describe_row *describe;
    struct {
        const char *name;
        add_column *add;
    } columns[COLUMNS_MAX]; /* behind the keys */
} kinds[] = {
    {"profile",
     R_EXPORT_PROFILE,
     {"", ""},
     describe_columns,
     {{"userID", add_text},
      {"nickname", add_text},
      {"faceURL", add_text},
      {"selfSignature", add_text},
      {"createTime", add_whole},
      {"c2cMutedUntil", add_whole},
      {"groupMutedUntil", add_whole},
      {"bannedUntil", add_whole},
      {"kickedSeconds", add_whole},
      {"mediaBytes", add_whole}}},
    {"device",
     R_EXPORT_DEVICES,
     {"", ""},
     describe_columns,
     {{"clientID", add_text},
      {"platform", add_platform},
      {"online", add_bool},
      {"background", add_bool},
      {"lastUsed", add_whole},
      {"provider", add_text},
      {"businessID", add_text},
      {"token", add_text},
      {"tokenTime", add_whole}}},
    {"subscription",
     R_EXPORT_SUBSCRIPTIONS,
     {"", ""},
     describe_columns,
     {{"clientID", add_text},
      {"topic", add_text},
      {"qos", add_whole},
      {"active", add_bool},
      {"id", add_whole}}},
    {"blacklist", R_EXPORT_BLACKLIST, {"", ""}, describe_columns, {{"userID", add_text}}},
    {"conversation",
     R_EXPORT_CONVERSATIONS,
     {"0", ""},
     describe_columns,
     {{"to", add_text},
      {"group", add_text},
      {"groupType", add_group_type},
      {"role", add_role},
      {"joinTime", add_whole},
      {"receiveOption", add_receive_option},
      {"mutedUntil", add_whole},
      {"nameCard", add_text},
      {"pinned", add_bool},
      {"readID", add_whole},
      {"clearedID", add_whole}}},
    {"application",
     R_EXPORT_APPLICATIONS,
     {"0", ""},
     describe_columns,
     {{"group", add_text},
      {"type", add_application},
      {"inviter", add_text},
      {"message", add_text},
      {"time", add_whole},
      {"handled", add_bool}}},
    {"ban",
     R_EXPORT_BANS,
     {"0", ""},
     describe_columns,
     {{"group", add_text}, {"until", add_whole}, {"operator", add_text}, {"reason", add_text}}},
    {"deleted",
     R_EXPORT_DELETED,
     {"0", "0"},
     describe_columns,
     {{"to", add_text}, {"group", add_text}, {"id", add_whole}}},
    {"pushJob",
     R_EXPORT_PUSH_JOBS,
     {"", "0"},
     describe_columns,
     {{"job", add_whole},
      {"clientID", add_text},
      {"to", add_text},
      {"group", add_text},
      {"id", add_whole},
      {"time", add_whole},
      {"dead", add_bool},
      {"error", add_text}}},
    {"media",
     R_EXPORT_MEDIA,
     {"", ""},
     describe_columns,
     {{"file", add_text}, {"size", add_whole}, {"time", add_whole}}},
    {"message", R_EXPORT_MESSAGES, {"0", ""}, describe_message, {{NULL, NULL}}},
};

static bool describe_columns(struct export_reading *reading, const struct export_kind *kind,
                             sqlite3_stmt *row, cJSON **out)
{
    cJSON *item = cJSON_CreateObject();
    bool good = cJSON_AddStringToObject(item, "kind", kind->name) != NULL;
    (void)reading;
    *out = item;
    for (int i = 0; good && i < COLUMNS_MAX && kind->columns[i].name; i++)
        if (sqlite3_column_type(row, KEYS + i) != SQLITE_NULL)
            good = kind->columns[i].add(item, kind->columns[i].name, row, KEYS + i);
    return good;
}

struct found_message {
    const struct conversation *conversation;
    cJSON *item;
    bool failed;
};

static bool add_message(void *context, const struct message *message)
{
    struct found_message *found = context;
    cJSON *text = message_json(found->conversation, message);
    found->item = cJSON_CreateObject();
    found->failed = !cJSON_AddStringToObject(found->item, "kind", "message") ||
                    !cJSON_AddItemToObject(found->item, "message", text);
    if (found->failed)
        cJSON_Delete(text);
    return false;
}

/* A row has the conversation, and whether the message is the user's. Its text is the log's to give. */
static bool describe_message(struct export_reading *reading, const struct export_kind *kind,
                             sqlite3_stmt *row, cJSON **out)
{
    struct chat *chat = reading->chat;
    struct found_message found = {0};
    (void)kind;
    if (sqlite3_column_int(row, KEYS + 1) != 0)
        found.conversation = conversation_by_id(chat, sqlite3_column_int64(row, KEYS));
    if (found.conversation)
        (void)log_find(chat->log, sqlite3_column_int64(row, 0), add_message, &found);
    *out = found.item;
    return !found.failed;
}

/* Places */

static void go_to(struct export_place *place, size_t kind)
{
    place->kind = kind;
    for (size_t i = 0; i < KEYS; i++)
        text_copy(place->key[i], sizeof place->key[i], kind < COUNT(kinds) ? kinds[kind].start[i] : "");
}

struct export_place export_begin(void)
{
    struct export_place place;
    go_to(&place, 0);
    return place;
}

/* The second key has no blank, the first one may. */
void export_place_print(char text[EXPORT_TEXT_MAX], const struct export_place *place)
{
    snprintf(text, EXPORT_TEXT_MAX, "%s %s %s", kinds[place->kind].name, place->key[1], place->key[0]);
}

bool export_place_parse(struct export_place *place, const char *text)
{
    const size_t name = strcspn(text, " ");
    const char *second = text + name + (text[name] != '\0');
    const size_t len = strcspn(second, " ");
    const char *first = second + len + 1;
    if (second[len] == '\0' || len > EXPORT_KEY_MAX || strlen(first) > EXPORT_KEY_MAX)
        return false;
    for (place->kind = 0; place->kind < COUNT(kinds); place->kind++)
        if (strlen(kinds[place->kind].name) == name && strncmp(kinds[place->kind].name, text, name) == 0)
            break;
    snprintf(place->key[0], sizeof place->key[0], "%s", first);
    snprintf(place->key[1], sizeof place->key[1], "%.*s", (int)len, second);
    return place->kind < COUNT(kinds);
}

/* Pages */

static bool is_full(const struct export_reading *reading)
{
    return reading->given >= reading->request->limit || reading->looked_at >= ROWS_MAX;
}

/* false: the page is full, or memory is. */
static bool give(struct export_reading *reading, const cJSON *item)
{
    char *text = cJSON_PrintUnformatted(item);
    bool given = text && page_add_text(&reading->page, text, strlen(text), false);
    reading->page.failed = reading->page.failed || !text;
    reading->more = reading->page.full;
    reading->given += given;
    cJSON_free(text);
    return given;
}

static bool take_row(struct export_reading *reading, sqlite3_stmt *row)
{
    const struct export_kind *kind = &kinds[reading->place.kind];
    cJSON *item = NULL;
    reading->more = is_full(reading);
    if (reading->more)
        return false;
    reading->page.failed = !kind->describe(reading, kind, row, &item);
    bool taken = !reading->page.failed && (!item || give(reading, item));
    cJSON_Delete(item);
    if (!taken)
        return false;
    reading->looked_at++;
    for (int i = 0; i < KEYS; i++)
        text_copy(reading->place.key[i], sizeof reading->place.key[i], store_text(row, i));
    return true;
}

/* What is behind the place, of its kind. */
static void read_kind(struct export_reading *reading)
{
    const struct export_place from = reading->place;
    struct store *store = reading->chat->store;
    sqlite3_stmt *row = store_read(store, kinds[from.kind].read);
    sqlite3_bind_text(row, 1, reading->request->user, -1, SQLITE_STATIC);
    sqlite3_bind_text(row, 2, from.key[0], -1, SQLITE_STATIC);
    sqlite3_bind_text(row, 3, from.key[1], -1, SQLITE_STATIC);
    while (store_row(store, row) && take_row(reading, row))
        continue;
    store_done(row);
}

static bool has_ended(const struct export_reading *reading)
{
    return reading->more || reading->page.failed || reading->place.kind == COUNT(kinds);
}

bool export_read(struct chat *chat, const struct export_request *request, cJSON *data)
{
    char next[EXPORT_TEXT_MAX];
    struct export_reading reading = {.chat = chat, .request = request, .place = request->after};
    reading.page.array = cJSON_AddArrayToObject(data, "items");
    if (!reading.page.array)
        return false;
    while (!has_ended(&reading)) {
        read_kind(&reading);
        if (!has_ended(&reading))
            go_to(&reading.place, reading.place.kind + 1);
    }
    if (!reading.more || reading.page.failed)
        return !reading.page.failed;
    export_place_print(next, &reading.place);
    return cJSON_AddStringToObject(data, "next", next) != NULL;
}
