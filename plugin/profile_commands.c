/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/profile_commands.h"

#include <stdlib.h>

#include "acl/code.h"
#include "plugin/chat.h"
#include "plugin/profile.h"
#include "plugin/session.h"
#include "plugin/user.h"
#include "schema/store.h"

#define USERS_MAX 100 /* in one command. An answer about so many is just less than the 400 KiB of control.c */

/* setSelfInfo */

struct changes {
    const char *nickname, *face_url, *self_signature; /* NULL: stays as it is */
};

static int read_changes(struct command *command, struct changes *changes)
{
    int code = field_text(command, "nickname", FIELD_OPTIONAL, NICKNAME_MAX, &changes->nickname);
    if (code == CODE_OK)
        code = field_text(command, "faceURL", FIELD_OPTIONAL, FACE_URL_MAX, &changes->face_url);
    if (code == CODE_OK)
        code = field_text(command, "selfSignature", FIELD_OPTIONAL, SELF_SIGNATURE_MAX,
                          &changes->self_signature);
    if (code == CODE_OK && !changes->nickname && !changes->face_url && !changes->self_signature)
        code = command_refuse(command, "nickname, faceURL, selfSignature: one of them at least");
    return code;
}

static const char *either(const char *changed, const char *now)
{
    return changed ? changed : now;
}

int command_set_self_info(struct command *command)
{
    struct user *self = command->session->user;
    const struct profile *now = profile_of(self);
    struct changes changes;
    int code = read_changes(command, &changes);
    if (code != CODE_OK)
        return code;
    struct profile *profile =
        profile_make(either(changes.nickname, now->nickname), either(changes.face_url, now->face_url),
                     either(changes.self_signature, now->self_signature));
    code = profile ? command_begin(command, PROFILE_BYTES) : CODE_BUSY;
    if (code != CODE_OK) {
        free(profile);
        return code;
    }
    profile_set(command->chat, self, profile);
    store_commit(command->chat->store);
    return CODE_OK;
}

/* getUsersInfo */

static bool add_user(cJSON *array, const struct user *user)
{
    const struct profile *profile = profile_of(user);
    cJSON *item = cJSON_CreateObject();
    if (!item || !cJSON_AddItemToArray(array, item)) {
        cJSON_Delete(item);
        return false;
    }
    return cJSON_AddStringToObject(item, "userID", user->id) &&
           cJSON_AddStringToObject(item, "nickname", profile->nickname) &&
           cJSON_AddStringToObject(item, "faceURL", profile->face_url) &&
           cJSON_AddStringToObject(item, "selfSignature", profile->self_signature);
}

int command_get_users_info(struct command *command)
{
    const cJSON *ids, *id;
    int code = field_users(command, "userIDs", USERS_MAX, &ids);
    if (code != CODE_OK)
        return code;
    cJSON *array = cJSON_AddArrayToObject(command->data, "users");
    bool good = array != NULL;
    cJSON_ArrayForEach(id, ids)
    {
        const struct user *user = user_find(command->chat, id->valuestring);
        good = good && (!user || add_user(array, user));
    }
    /* Who could not be read is not somebody who is not there. */
    return store_failed(command->chat->store) ? CODE_BUSY : command_answered(command, good);
}
