/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/people/application.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "lib/text.h"
#include "plugin/core/chat.h"
#include "plugin/people/conversation.h"
#include "plugin/people/user.h"
#include "schema/store.h"
#include "schema/young.h"

/* Conversation and user, which begin struct application without a gap; the user's id is padded with
 * zeroes. */
#define KEY_BYTES (sizeof(int64_t) + USER_ID_MAX + 1)

struct young_application {
    struct young young;
    struct application application;
};

_Static_assert(offsetof(struct application, user) + USER_ID_MAX + 1 == KEY_BYTES, "the key has no gap");

/* What is young */

int applications_open(struct chat *chat)
{
    return young_open(&chat->applications, chat->store, NULL, NULL);
}

void applications_close(struct chat *chat)
{
    young_close(chat->applications);
    chat->applications = NULL;
}

static struct young_application *find_young(struct chat *chat, int64_t conversation, const char *user)
{
    struct application key = {.conversation = conversation};
    text_copy(key.user, sizeof key.user, user);
    return (struct young_application *)young_find(chat->applications, &key, KEY_BYTES);
}

/* What the open frame tells the store. */
static void remember(struct chat *chat, const struct application *application)
{
    struct young_application *known = find_young(chat, application->conversation, application->user);
    struct young_application *young = known ? known : malloc(sizeof *young);
    if (!young)
        return;
    young->application = *application;
    if (known)
        young_renew(chat->applications, &young->young);
    else
        young_add_keyed(chat->applications, &young->young, &young->application, KEY_BYTES);
}

/* Reading */

/* The user's applications were ended by a frame that is not committed yet. */
static bool ended(struct chat *chat, const char *user_id)
{
    const struct user *user = user_in_memory(chat, user_id);
    return user && !store_has(chat->store, user->applications_ended);
}

static void fill(struct chat *chat, struct application *out, sqlite3_stmt *row)
{
    memset(out, 0, sizeof *out);
    out->conversation = sqlite3_column_int64(row, 0);
    text_copy(out->user, sizeof out->user, store_text(row, 1));
    out->kind = (enum application_kind)sqlite3_column_int(row, 2);
    text_copy(out->inviter, sizeof out->inviter, store_text(row, 3));
    text_copy(out->message, sizeof out->message, store_text(row, 4));
    out->time = sqlite3_column_int64(row, 5);
    out->handled = sqlite3_column_int(row, 6) != 0 || ended(chat, out->user);
}

bool application_find(struct chat *chat, const struct conversation *conversation, const char *user,
                      struct application *out)
{
    const struct young_application *young = find_young(chat, conversation->id, user);
    if (young) {
        *out = young->application;
        return true;
    }
    sqlite3_stmt *row = store_read(chat->store, R_APPLICATION);
    sqlite3_bind_int64(row, 1, conversation->id);
    sqlite3_bind_text(row, 2, user, -1, SQLITE_STATIC);
    bool found = store_row(chat->store, row);
    if (found)
        fill(chat, out, row);
    store_done(row);
    return found;
}

/* Room for one more at the end; NULL: out of memory. */
static struct application *append(struct application_list *list)
{
    if (list->count == list->room) {
        size_t room = 2 * list->room + 16;
        struct application *grown = realloc(list->items, room * sizeof *grown);
        if (!grown)
            return NULL;
        list->items = grown;
        list->room = room;
    }
    return &list->items[list->count++];
}

static bool list_stored(struct chat *chat, const struct conversation *conversation,
                        struct application_list *out)
{
    bool good = true;
    sqlite3_stmt *row = store_read(chat->store, R_APPLICATIONS);
    sqlite3_bind_int64(row, 1, conversation->id);
    sqlite3_bind_int64(row, 2, APPLICATIONS_LISTED);
    while (good && store_row(chat->store, row)) {
        if (find_young(chat, conversation->id, store_text(row, 1)) || ended(chat, store_text(row, 1)))
            continue; /* memory knows better */
        struct application *application = append(out);
        good = application != NULL;
        if (good)
            fill(chat, application, row);
    }
    store_done(row);
    return good && !store_reads_failed(chat->store);
}

bool application_list(struct chat *chat, const struct conversation *conversation,
                      struct application_list *out)
{
    const struct young *young;
    bool good = list_stored(chat, conversation, out);
    DL_FOREACH (chat->applications->oldest, young) {
        const struct application *application = &((const struct young_application *)young)->application;
        if (!good || application->conversation != conversation->id || application->handled)
            continue;
        struct application *copy = append(out);
        good = copy != NULL;
        if (good)
            *copy = *application;
    }
    return good;
}

/* Changing */

/* It waits as it stands here. */
static void put(struct chat *chat, const struct application *application)
{
    const char *inviter = application->inviter[0] ? application->inviter : NULL;
    store_put(chat->store, W_APPLICATION_SET, "ititti", application->conversation, application->user,
              (int64_t)application->kind, inviter, application->message, application->time);
    remember(chat, application);
}

void application_put(struct chat *chat, const struct conversation *conversation, const char *user,
                     const char *inviter, const char *message)
{
    struct application application;
    bool waits = application_find(chat, conversation, user, &application) && !application.handled;
    if (inviter && waits && application.inviter[0])
        return;
    if (!waits)
        application = (struct application){.conversation = conversation->id};
    if (!waits || !inviter) {
        application.kind = inviter ? APPLICATION_INVITE : APPLICATION_JOIN;
        application.time = chat->now;
        text_copy(application.message, sizeof application.message, message);
    }
    if (inviter)
        text_copy(application.inviter, sizeof application.inviter, inviter);
    text_copy(application.user, sizeof application.user, user);
    put(chat, &application);
}

void applications_end(struct chat *chat, struct user *user)
{
    struct young *young;
    store_put(chat->store, W_USER_APPLICATIONS_END, "t", user->id);
    user->applications_ended = store_mark(chat->store);
    DL_FOREACH (chat->applications->oldest, young) {
        struct application *application = &((struct young_application *)young)->application;
        if (strcmp(application->user, user->id) == 0)
            application->handled = true;
    }
}

void application_handled(struct chat *chat, const struct conversation *conversation, const char *user)
{
    struct application application;
    bool found = application_find(chat, conversation, user, &application);
    if (found ? application.handled : !store_reads_failed(chat->store))
        return;
    if (!found) { /* one may wait, for all that can be told */
        application = (struct application){.conversation = conversation->id};
        text_copy(application.user, sizeof application.user, user);
    }
    application.handled = true;
    store_put(chat->store, W_APPLICATION_HANDLED, "it", conversation->id, user);
    remember(chat, &application);
}
