/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/commands/commands.h"

#include <stdlib.h>
#include <string.h>

#include "acl/code.h"
#include "acl/limits.h"
#include "lib/json.h"
#include "plugin/commands/fields.h"
#include "plugin/core/chat.h"
#include "plugin/delivery/happening.h"
#include "plugin/delivery/listeners.h"
#include "plugin/people/blacklist.h"
#include "plugin/people/profile.h"
#include "plugin/people/user.h"
#include "plugin/session/session.h"
#include "schema/store.h"

/* setSelfInfo */

static const char *either(const char *changed, const char *now)
{
    return changed ? changed : now;
}

int command_set_self_info(struct command *command)
{
    struct user *self = command->by.user;
    const struct profile *now = user_profile(self);
    struct profile *profile =
        profile_make(either(command_text(command, FIELD_NICKNAME), now->nickname),
                     either(command_text(command, FIELD_FACE_URL), now->face_url),
                     either(command_text(command, FIELD_SELF_SIGNATURE), now->self_signature));
    int code = profile ? command_begin(command) : CODE_BUSY;
    if (code != CODE_OK) {
        free(profile);
        return code;
    }
    struct profile *before =
        listeners_any(command->chat) ? profile_make(now->nickname, now->face_url, now->self_signature) : NULL;
    user_set_profile(command->chat, self, profile);
    command_commit(command);
    if (before)
        happening_profile(command->chat, self, before, user_profile(self));
    free(before);
    return CODE_OK;
}

/* getUsersInfo */

static bool add_user(cJSON *array, const struct user *user)
{
    const struct profile *profile = user_profile(user);
    cJSON *item = json_add_object(array);
    if (!item)
        return false;
    return cJSON_AddStringToObject(item, "userID", user->id) &&
           cJSON_AddStringToObject(item, "nickname", profile->nickname) &&
           cJSON_AddStringToObject(item, "faceURL", profile->face_url) &&
           cJSON_AddStringToObject(item, "selfSignature", profile->self_signature);
}

/* Who is named twice is answered once; NULL as well for who is not there. */
static const struct user *find_first(struct command *command, const cJSON *id)
{
    bool again = field_named_before(command_list(command, FIELD_USER_IDS), id);
    return again ? NULL : user_find(command->chat, id->valuestring);
}

int command_get_users_info(struct command *command)
{
    const cJSON *id;
    cJSON *array = cJSON_AddArrayToObject(command->data, "users");
    bool good = array != NULL;
    cJSON_ArrayForEach (id, command_list(command, FIELD_USER_IDS)) {
        const struct user *user = find_first(command, id);
        good = good && (!user || add_user(array, user));
    }
    /* Who could not be read is not somebody who is not there. */
    return store_reads_failed(command->chat->store) ? CODE_BUSY : command_answered(command, good);
}

/* The blacklist */

struct some_users {
    const char *list[USERS_MAX]; /* borrowed from the request */
    size_t count;
};

/* Of the users named, those who are on the caller's blacklist, or those who are not. */
static int read_ids(struct command *command, bool listed, struct some_users *out)
{
    struct user *self = command->by.user;
    const cJSON *id, *ids = command_list(command, FIELD_USER_IDS);
    if (!blacklist_load(command->chat, self))
        return CODE_BUSY;
    out->count = 0;
    cJSON_ArrayForEach (id, ids)
        if (!field_named_before(ids, id) && blacklist_has(self, id->valuestring) == listed)
            out->list[out->count++] = id->valuestring;
    return CODE_OK;
}

static int check_new(struct command *command, const struct some_users *added)
{
    const struct user *self = command->by.user;
    for (size_t i = 0; i < added->count; i++) {
        if (strcmp(added->list[i], self->id) == 0)
            return command_refuse(command, "userIDs: %s is yourself", self->id);
        if (!user_find(command->chat, added->list[i]))
            return CODE_NO_USER;
    }
    if (blacklist_count(self) + added->count > BLACKLIST_MAX)
        return command_refuse(command, "userIDs: at most %d on a blacklist", BLACKLIST_MAX);
    return CODE_OK;
}

int command_add_to_blacklist(struct command *command)
{
    struct chat *chat = command->chat;
    struct some_users added;
    int code = read_ids(command, false, &added);
    if (code == CODE_OK)
        code = check_new(command, &added);
    if (code != CODE_OK || added.count == 0)
        return code;
    code = command_begin(command);
    if (code != CODE_OK)
        return code;
    if (!blacklist_add(chat, command->by.user, added.list, added.count)) {
        store_abort(chat->store);
        return CODE_BUSY;
    }
    command_commit(command);
    happening_blacklist(chat, command->by.user, "add", added.list, added.count);
    return CODE_OK;
}

int command_remove_from_blacklist(struct command *command)
{
    struct some_users listed;
    int code = read_ids(command, true, &listed);
    if (code != CODE_OK || listed.count == 0)
        return code;
    code = command_begin(command);
    if (code != CODE_OK)
        return code;
    blacklist_remove(command->chat, command->by.user, listed.list, listed.count);
    command_commit(command);
    happening_blacklist(command->chat, command->by.user, "remove", listed.list, listed.count);
    return CODE_OK;
}

int command_get_blacklist(struct command *command)
{
    struct user *self = command->by.user;
    if (!blacklist_load(command->chat, self))
        return CODE_BUSY;
    cJSON *array = cJSON_AddArrayToObject(command->data, "userIDs");
    bool good = array != NULL;
    for (size_t i = 0; good && i < blacklist_count(self); i++) {
        cJSON *id = cJSON_CreateString(self->blacklist->ids[i]);
        good = id && cJSON_AddItemToArray(array, id);
        if (!good)
            cJSON_Delete(id);
    }
    return command_answered(command, good);
}
