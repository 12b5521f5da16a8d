/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/commands/commands.h"
#include "plugin/push/push_token.h"

#include "acl/code.h"
#include "lib/usersig.h"
#include "plugin/core/chat.h"
#include "plugin/life/closing.h"
#include "plugin/life/news.h"
#include "plugin/people/user.h"
#include "plugin/session/device.h"
#include "plugin/session/session.h"
#include "schema/store.h"

int command_renew_user_sig(struct command *command)
{
    struct chat *chat = command->chat;
    struct session *session = command->by.device;
    struct usersig sig;
    int code = usersig_verify(command_text(command, FIELD_USER_SIG), session->user->id,
                              chat->options.sdkappid, &chat->keys, chat->now / 1000, &sig);
    if (code != CODE_OK)
        return code;
    if (user_check_ban(chat, session->user) != CODE_OK)
        return CODE_BANNED;
    if (session->user->kicked != 0 && sig.created <= session->user->kicked)
        return CODE_SIG_REVOKED;
    user_note_sig(chat, sig.created);
    if (session_leaves(session))
        return CODE_NOT_ALLOWED;
    expiry_renew(command->chat, session, sig.expires);
    return CODE_OK;
}

/* The answer is queued before the connection is closed, so it arrives. Cursors stay: the device may come
 * back. */
int command_logout(struct command *command)
{
    struct chat *chat = command->chat;
    int code = command_begin(command);
    if (code != CODE_OK)
        return code;
    push_put_token_lost(chat, command->by.device->client_id);
    device_leave_place(chat, command->by.device);
    command_commit(command);
    news_closing(chat, command->by.device, "logout");
    session_close_soon(chat, command->by.device);
    return CODE_OK;
}
