/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/session_commands.h"

#include <stdint.h>

#include "acl/code.h"
#include "plugin/chat.h"
#include "plugin/push.h"
#include "plugin/session.h"
#include "plugin/user.h"
#include "plugin/usersig.h"

int command_renew_user_sig(struct command *command)
{
    const struct chat *chat = command->chat;
    struct session *session = command->session;
    const char *text;
    struct usersig sig;
    int code = field_text(command, "userSig", FIELD_REQUIRED, SIZE_MAX, &text);
    if (code == CODE_OK)
        code = usersig_verify(text, session->user->id, chat->options.sdkappid, &chat->keys, chat->now / 1000,
                              &sig);
    if (code != CODE_OK)
        return code;
    if (session->user->kicked != 0 && sig.created <= session->user->kicked)
        return CODE_SIG_REVOKED;
    session->expires_seconds = sig.expires;
    return CODE_OK;
}

/* The answer is queued before the connection is closed, so it arrives. Cursors stay: the device may come
 * back. */
int command_logout(struct command *command)
{
    int code = push_remove_token(command->chat, command->session);
    if (code == CODE_OK)
        session_close_soon(command->chat, command->session);
    return code;
}
