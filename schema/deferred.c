/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "schema/deferred.h"

#include <string.h>

#include "lib/basics.h"
#include "schema/record.h"
#include "schema/statements.h"

/* Kinds that may wait, the parameters that they have, and how many of these name the row. */
static const struct deferred_kind {
    uint16_t op;
    const char *format;
    int names;
} kinds[] = {{W_CONVERSATION_TOUCH, "iiii", 1}, {W_MEMBER_SENT, "ibii", 2}, {W_CONVERSATION_QUIET, "ii", 1}};

_Static_assert(COUNT(kinds) == DEFERRED_KINDS, "a table for each");

/* COUNT(kinds): none. */
static size_t kind_of(uint16_t op)
{
    size_t kind = 0;
    while (kind < COUNT(kinds) && kinds[kind].op != op)
        kind++;
    return kind;
}

bool deferred_may_wait(uint16_t op)
{
    return kind_of(op) < COUNT(kinds);
}

bool deferred_may_pass(uint16_t op)
{
    return op == W_MESSAGE_ADD || op == W_MESSAGE_ADD_QUIET;
}

/* Bytes of the parameters that name the row; 0: the record is not as its statement wants it. */
static size_t key_of(const struct deferred_kind *kind, const struct ring_record *record)
{
    struct record_parameter parameter;
    size_t offset = 0, key = 0;
    for (int i = 0; kind->format[i]; i++) {
        if (!record_next(record->bytes, record->len, &offset, &parameter) ||
            parameter.kind != kind->format[i])
            return 0;
        if (i + 1 == kind->names)
            key = offset;
    }
    return offset == record->len ? key : 0;
}

bool deferred_keep(struct deferrals *deferrals, const struct ring_record *record)
{
    const size_t kind = kind_of(record->op);
    const size_t key_len = kind < COUNT(kinds) ? key_of(&kinds[kind], record) : 0;
    struct deferred *deferred = NULL;
    if (key_len == 0)
        return false;
    HASH_FIND(hh, deferrals->by_key[kind], record->bytes, key_len, deferred);
    if (deferred) {
        deferred->record = *record;
        return true;
    }
    if (deferrals->count == DEFERRED_MAX)
        return false;
    deferred = &deferrals->pool[deferrals->count];
    memset(deferred, 0, sizeof *deferred);
    *deferred = (struct deferred){.key = record->bytes, .key_len = key_len, .record = *record};
    HASH_ADD_KEYPTR(hh, deferrals->by_key[kind], deferred->key, key_len, deferred);
    if (!deferred->hh.tbl)
        return false;
    deferrals->count++;
    return true;
}

void deferred_clear(struct deferrals *deferrals)
{
    for (size_t i = 0; i < COUNT(kinds); i++)
        HASH_CLEAR(hh, deferrals->by_key[i]);
    deferrals->count = 0;
}
