/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "schema/deferred.h"

#include <string.h>

#include "lib/basics.h"
#include "schema/record.h"
#include "schema/statements.h"

/* Kinds that may wait, and how many of their first parameters name the row. */
static const struct {
    uint16_t op;
    int names;
} kinds[] = {{W_CONVERSATION_TOUCH, 1}, {W_MEMBER_SENT, 2}, {W_CONVERSATION_QUIET, 1}};

static int names_of(uint16_t op)
{
    for (size_t i = 0; i < COUNT(kinds); i++)
        if (kinds[i].op == op)
            return kinds[i].names;
    return 0;
}

bool deferred_may_wait(uint16_t op)
{
    return names_of(op) > 0;
}

bool deferred_may_pass(uint16_t op)
{
    return op == W_MESSAGE_ADD || op == W_MESSAGE_ADD_QUIET;
}

/* The op is part of the key: its records have a layout of their own. */
static struct deferred *find(struct deferrals *deferrals, const struct ring_record *record, size_t key_len)
{
    struct deferred *found;
    HASH_FIND(hh, deferrals->by_key, record->bytes, key_len, found);
    return found && found->record.op == record->op ? found : NULL;
}

bool deferred_keep(struct deferrals *deferrals, const struct ring_record *record)
{
    size_t key_len = record_prefix(record->bytes, record->len, names_of(record->op));
    struct deferred *deferred = key_len > 0 ? find(deferrals, record, key_len) : NULL;
    if (deferred) {
        deferred->record = *record;
        return true;
    }
    if (key_len == 0 || deferrals->count == DEFERRED_MAX)
        return false;
    deferred = &deferrals->pool[deferrals->count];
    memset(deferred, 0, sizeof *deferred);
    *deferred = (struct deferred){.key = record->bytes, .key_len = key_len, .record = *record};
    HASH_ADD_KEYPTR(hh, deferrals->by_key, deferred->key, key_len, deferred);
    if (!deferred->hh.tbl)
        return false;
    deferrals->count++;
    return true;
}

void deferred_clear(struct deferrals *deferrals)
{
    HASH_CLEAR(hh, deferrals->by_key);
    deferrals->count = 0;
}
