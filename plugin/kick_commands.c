/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/kick_commands.h"

#include "acl/code.h"
#include "plugin/chat.h"
#include "plugin/closing.h"
#include "plugin/deletion.h"
#include "plugin/device.h"
#include "plugin/push.h"
#include "plugin/user.h"

/* Devices that are away need not be told: nothing they have lets them in again. */
int command_kick_user(struct command *command)
{
    struct chat *chat = command->chat;
    struct user *user;
    int code = field_known_user(command, "userID", &user);
    if (code == CODE_OK)
        code = command_begin(command, DISPLACE_BYTES);
    if (code != CODE_OK)
        return code;
    user_kick(chat, user);
    devices_end(chat, user);
    push_commit(chat);
    sessions_force_offline(chat, user, OFFLINE_ADMIN);
    return CODE_OK;
}

int command_delete_user(struct command *command)
{
    struct user *user;
    int code = field_known_user(command, "userID", &user);
    if (code != CODE_OK)
        return code;
    return deletion_start(command->chat, user) ? CODE_OK : CODE_BUSY;
}
