/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/push/push_token.h"

#include <string.h>
#include <utlist.h>

#include "acl/code.h"
#include "acl/identity.h"
#include "lib/text.h"
#include "plugin/core/chat.h"
#include "plugin/people/user.h"
#include "plugin/push/push_out.h"
#include "plugin/push/push_put.h"
#include "plugin/session/departed.h"
#include "plugin/session/session.h"
#include "schema/store.h"

void push_token_lost(struct chat *chat, const char *client)
{
    struct session *session = session_by_client_id(chat, client);
    if (session)
        session->device.has_token = false;
    departed_token_lost(chat, client);
    push_out_token_changed(chat->push, client, NULL, NULL);
}

void push_put_token_lost(struct chat *chat, const char *client)
{
    push_put_token_gone(chat, client);
    push_token_lost(chat, client);
}

void push_put_tokens_lost(struct chat *chat, const struct user *user)
{
    const struct session *session;
    store_put(chat->store, W_USER_JOBS_DROP, "t", user->id);
    DL_FOREACH2 (user->sessions, session, user_next)
        push_token_lost(chat, session->client_id);
    departed_tokens_lost(chat, user->id);
}

/* Who has had it since before the last commit. Who has changed tokens since then has got another one, or is
 * found by take_fresh. */
static void take_committed(struct chat *chat, const char *client, const char *provider, const char *token)
{
    sqlite3_stmt *s = store_read(chat->store, R_TOKEN_HOLDERS);
    sqlite3_bind_text(s, 1, provider, -1, SQLITE_STATIC);
    sqlite3_bind_text(s, 2, token, -1, SQLITE_STATIC);
    while (store_row(chat->store, s))
        if (strcmp(store_text(s, 0), client) != 0 && !push_out_token_fresh(chat->push, store_text(s, 0)))
            push_token_lost(chat, store_text(s, 0));
    store_done(s);
}

/* Who was given it a moment ago: a row of the database may show that before it shows that it was taken. */
static void take_fresh(struct chat *chat, const char *client, const char *provider, const char *token)
{
    char holder[CLIENT_ID_MAX + 1];
    const char *found = push_out_token_holder(chat->push, client, provider, token);
    if (found && text_copy(holder, sizeof holder, found))
        push_token_lost(chat, holder);
}

static void take_token(struct chat *chat, const char *client, const char *provider, const char *token)
{
    take_committed(chat, client, provider, token);
    take_fresh(chat, client, provider, token);
    store_put(chat->store, W_TOKEN_TAKE_JOBS, "ttt", provider, token, client);
    store_put(chat->store, W_TOKEN_TAKE, "ttt", provider, token, client);
}

int push_set_token(struct chat *chat, struct session *session, const char *provider, const char *business,
                   const char *token)
{
    const char *client = session->client_id;
    if (session->assigned_id)
        return CODE_BAD_REQUEST;
    if (!store_begin(chat->store))
        return CODE_BUSY;
    take_token(chat, client, provider, token);
    store_put(chat->store, W_TOKEN_SAY, "tttti", client, provider, business, token, chat->now);
    push_out_token_changed(chat->push, client, provider, token);
    store_commit(chat->store);
    session->device.has_token = true;
    if (strcmp(provider, "webhook") != 0)
        session->user->phones = PHONES_SOME;
    push_user_changed(chat, session->user);
    return CODE_OK;
}

int push_remove_token(struct chat *chat, struct session *session)
{
    if (!store_begin(chat->store))
        return CODE_BUSY;
    push_put_token_lost(chat, session->client_id);
    store_commit(chat->store);
    return CODE_OK;
}
