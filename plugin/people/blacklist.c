/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/people/blacklist.h"

#include <stdlib.h>
#include <string.h>

#include "acl/code.h"
#include "lib/text.h"
#include "plugin/core/chat.h"
#include "plugin/people/user.h"
#include "schema/store.h"

/* Elements of a list, or the text looked for. */
static int compare(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* Room for `more` at the end. false: out of memory, nothing has changed. */
static bool reserve(struct blacklist **list, size_t more)
{
    size_t count = *list ? (*list)->count : 0;
    struct blacklist *grown = realloc(*list, sizeof *grown + (count + more) * sizeof grown->ids[0]);
    if (!grown)
        return false;
    grown->count = count;
    *list = grown;
    return true;
}

static void append(struct blacklist *list, const char *id)
{
    text_copy(list->ids[list->count], sizeof list->ids[0], id);
    list->count++;
}

bool blacklist_load(struct chat *chat, struct user *owner)
{
    struct blacklist *list = NULL;
    bool good = true;
    if (!owner->blacklist_unread)
        return true;
    sqlite3_stmt *row = store_read(chat->store, R_BLACKLIST);
    sqlite3_bind_text(row, 1, owner->id, -1, SQLITE_STATIC);
    while (good && store_row(chat->store, row)) {
        good = reserve(&list, 1);
        if (good)
            append(list, store_text(row, 0));
    }
    store_done(row);
    if (!good || store_reads_failed(chat->store)) {
        free(list);
        return false;
    }
    owner->blacklist = list;
    owner->blacklist_unread = false;
    return true;
}

int blacklist_check(struct chat *chat, struct user *owner, const char *sender)
{
    if (!owner->blacklist && !owner->blacklist_unread) /* nearly everybody, nearly always */
        return CODE_OK;
    if (!blacklist_load(chat, owner))
        return CODE_BUSY;
    return blacklist_has(owner, sender) ? CODE_BLACKLISTED : CODE_OK;
}

size_t blacklist_count(const struct user *owner)
{
    return owner->blacklist ? owner->blacklist->count : 0;
}

static char *find(const struct user *owner, const char *id)
{
    struct blacklist *list = owner->blacklist;
    return list ? bsearch(id, list->ids, list->count, sizeof list->ids[0], compare) : NULL;
}

bool blacklist_has(const struct user *owner, const char *id)
{
    return find(owner, id) != NULL;
}

bool blacklist_add(struct chat *chat, struct user *owner, const char *const *ids, size_t count)
{
    if (!reserve(&owner->blacklist, count))
        return false;
    struct blacklist *list = owner->blacklist;
    owner->used = chat->era;
    for (size_t i = 0; i < count; i++) {
        append(list, ids[i]);
        store_put(chat->store, W_BLACKLIST_ADD, "tt", owner->id, ids[i]);
    }
    qsort(list->ids, list->count, sizeof list->ids[0], compare);
    return true;
}

static void take_out(struct user *owner, const char *id)
{
    struct blacklist *list = owner->blacklist;
    char *place = find(owner, id), *behind = place + sizeof list->ids[0];
    memmove(place, behind, (size_t)(list->ids[list->count] - behind));
    if (--list->count > 0)
        return;
    free(list);
    owner->blacklist = NULL;
}

void blacklist_remove(struct chat *chat, struct user *owner, const char *const *ids, size_t count)
{
    owner->used = chat->era;
    for (size_t i = 0; i < count; i++) {
        take_out(owner, ids[i]);
        store_put(chat->store, W_BLACKLIST_REMOVE, "tt", owner->id, ids[i]);
    }
}
