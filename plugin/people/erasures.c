/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/people/erasures.h"

#include <stdbool.h>
#include <stdlib.h>
#include <utlist.h>

#include "plugin/core/chat.h"
#include "plugin/people/member.h"
#include "plugin/people/user.h"
#include "plugin/people/visible.h"
#include "schema/store.h"

static int by_place(const void *a, const void *b)
{
    const struct erasure *x = a, *y = b;
    return x->at != y->at ? (x->at < y->at ? -1 : 1) : (x->id > y->id) - (x->id < y->id);
}

/* Leaves the first ERASURES_MAX, without those that were made at once with one that is left out. */
static void cut(struct erasures *all)
{
    qsort(all->list, all->count, sizeof *all->list, by_place);
    if (all->count <= ERASURES_MAX)
        return;
    all->count = ERASURES_MAX;
    while (all->count > 0 && all->list[all->count - 1].at == all->list[ERASURES_MAX].at)
        all->count--;
    all->end = all->list[ERASURES_MAX].at - 1;
}

static void add(struct erasures *all, struct erasure erasure)
{
    if (erasure.at > all->end)
        return;
    if (all->count == 2 * ERASURES_MAX)
        cut(all);
    if (erasure.at <= all->end)
        all->list[all->count++] = erasure;
}

static void take(void *context, int64_t at, int64_t id)
{
    add(context, (struct erasure){.at = at, .id = id});
}

/* Of what retention has taken nobody needs to hear. */
static bool is_left(struct chat *chat, int64_t id)
{
    return id >= store_first_id(chat->store);
}

void erasures_read(struct chat *chat, const struct user *user, int64_t since, struct erasures *out)
{
    const struct member *member;
    bool any = false;
    out->count = 0;
    out->end = INT64_MAX;
    if (since == 0)
        return;
    DL_FOREACH2 (user->memberships, member, user_next) {
        any = any || member->deleted_id != 0;
        if (member->role != ROLE_NONE && member->cleared_at > since && is_left(chat, member->cleared_id))
            add(out, (struct erasure){.at = member->cleared_at, .id = member->cleared_id, .cleared = member});
    }
    if (any)
        visible_deleted_since(chat, user->id, since, ERASURES_MAX + 1, take, out);
    cut(out);
}
