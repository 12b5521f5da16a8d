/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/commands/commands.h"

#include "acl/code.h"
#include "plugin/core/chat.h"
#include "plugin/life/closing.h"
#include "plugin/life/deletion.h"
#include "plugin/people/user.h"
#include "plugin/session/device.h"

/* Devices that are away need not be told: nothing they have lets them in again. */
int command_kick_user(struct command *command)
{
    struct chat *chat = command->chat;
    struct user *user = command->access.user;
    int code = command_begin(command);
    if (code != CODE_OK)
        return code;
    user_kick(chat, user);
    devices_lose_all(chat, user);
    command_commit(command);
    sessions_force_offline(chat, user, OFFLINE_ADMIN);
    return CODE_OK;
}

int command_delete_user(struct command *command)
{
    const bool purge = command_bool(command, FIELD_PURGE);
    return deletion_start(command->chat, command->access.user, purge) ? CODE_OK : CODE_BUSY;
}
