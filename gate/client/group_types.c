/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "gate/client/group_types.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "acl/identity.h"
#include "gate/broker/asks.h"
#include "lib/clock.h"
#include "lib/keyed_hash.h"

#define KNOWN_MAX 10000
#define KNOWN_MS  60000 /* a groupID may come again, for a group of another type */

struct known_type {
    char group[GROUP_ID_MAX + 1];
    bool live;
    int64_t until;
    UT_hash_handle hh; /* in the order in which they were asked */
};

struct group_types {
    struct asks *asks;
    struct known_type *known;
};

struct type_question {
    struct group_types *types;
    char group[GROUP_ID_MAX + 1];
    void (*known)(void *context, bool live);
    void *context;
};

static void forget(struct group_types *types, struct known_type *type)
{
    HASH_DEL(types->known, type);
    free(type);
}

static void remember(struct group_types *types, const char *group, bool live)
{
    struct known_type *type;
    HASH_FIND_STR(types->known, group, type);
    if (type)
        forget(types, type);
    if (HASH_COUNT(types->known) >= KNOWN_MAX)
        forget(types, types->known);
    type = calloc(1, sizeof *type);
    if (!type)
        return;
    snprintf(type->group, sizeof type->group, "%s", group);
    type->live = live;
    type->until = clock_steady() + KNOWN_MS;
    HASH_ADD_STR(types->known, group, type);
    if (!type->hh.tbl)
        free(type);
}

static void on_info(void *context, struct ask_answer *answer)
{
    struct type_question *question = context;
    const cJSON *type = cJSON_GetObjectItemCaseSensitive(answer->data, "groupType");
    const bool live = cJSON_IsString(type) && strcmp(type->valuestring, "AVChatRoom") == 0;
    if (answer->code == 0)
        remember(question->types, question->group, live);
    question->known(question->context, live);
    free(question);
}

/* false: it cannot be asked. */
static bool ask(struct group_types *types, const char *group, void (*known)(void *, bool), void *context)
{
    struct type_question *question = malloc(sizeof *question);
    cJSON *command = cJSON_CreateObject();
    if (!question || !command || !cJSON_AddStringToObject(command, "command", "getGroupInfo") ||
        !cJSON_AddStringToObject(command, "groupID", group)) {
        free(question);
        cJSON_Delete(command);
        return false;
    }
    *question = (struct type_question){.types = types, .known = known, .context = context};
    snprintf(question->group, sizeof question->group, "%s", group);
    if (asks_send(types->asks, command, on_info, question))
        return true;
    free(question);
    return false;
}

void group_types_ask(struct group_types *types, const char *group, void (*known)(void *context, bool live),
                     void *context)
{
    const struct known_type *type;
    HASH_FIND_STR(types->known, group, type);
    if (type && type->until > clock_steady())
        known(context, type->live);
    else if (!ask(types, group, known, context))
        known(context, false);
}

struct group_types *group_types_open(struct asks *asks)
{
    struct group_types *types = calloc(1, sizeof *types);
    if (types)
        types->asks = asks;
    return types;
}

void group_types_close(struct group_types *types)
{
    if (!types)
        return;
    while (types->known)
        forget(types, types->known);
    free(types);
}
