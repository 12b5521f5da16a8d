/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "schema/purging.h"

#include <stddef.h>
#include <stdlib.h>

#include "acl/identity.h"
#include "lib/keyed_hash.h"
#include "lib/text.h"

/* The key are the first two, without a gap; the sender's id is padded with zeroes. */
struct purging {
    int64_t conversation;
    char sender[USER_ID_MAX + 1];
    int64_t upto;
    UT_hash_handle hh;
};

#define KEY_BYTES (offsetof(struct purging, sender) + USER_ID_MAX + 1)

static struct purging *find(const struct purging *list, int64_t conversation, const char *sender)
{
    struct purging key = {.conversation = conversation}, *purging;
    text_copy(key.sender, sizeof key.sender, sender);
    HASH_FIND(hh, list, &key, KEY_BYTES, purging);
    return purging;
}

bool purging_add(struct purging **list, int64_t conversation, const char *sender, int64_t upto)
{
    struct purging *purging = find(*list, conversation, sender);
    if (purging) {
        purging->upto = upto > purging->upto ? upto : purging->upto;
        return true;
    }
    purging = calloc(1, sizeof *purging);
    if (!purging)
        return false;
    purging->conversation = conversation;
    purging->upto = upto;
    text_copy(purging->sender, sizeof purging->sender, sender);
    HASH_ADD(hh, *list, conversation, KEY_BYTES, purging);
    if (purging->hh.tbl)
        return true;
    free(purging);
    return false;
}

void purging_remove(struct purging **list, int64_t conversation, const char *sender)
{
    struct purging *purging = find(*list, conversation, sender);
    if (!purging)
        return;
    HASH_DEL(*list, purging);
    free(purging);
}

static bool covers(const struct purging *list, int64_t conversation, const char *sender, int64_t id)
{
    const struct purging *purging = find(list, conversation, sender);
    return purging && id <= purging->upto;
}

bool purging_has(const struct purging *list, int64_t conversation, const char *sender, int64_t id)
{
    return list && (covers(list, conversation, sender, id) || covers(list, 0, sender, id));
}

void purging_clear(struct purging **list)
{
    struct purging *purging, *next;
    HASH_ITER (hh, *list, purging, next) {
        HASH_DEL(*list, purging);
        free(purging);
    }
}
