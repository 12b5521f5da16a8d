/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Updates of which only the last in a commit counts: where a conversation ends, how much somebody has
 * written. A hundred messages to one conversation are a hundred rows, but one such update. Writer thread
 * only. */
#ifndef SCHEMA_DEFERRED_H
#define SCHEMA_DEFERRED_H

#include "lib/keyed_hash.h"
#include "schema/ring.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DEFERRED_MAX   1024
#define DEFERRED_KINDS 3

struct deferred {
    const uint8_t *key; /* the parameters that name the row, inside the record */
    size_t key_len;
    struct ring_record record;
    UT_hash_handle hh;
};

struct deferrals {
    size_t count;
    struct deferred *by_key[DEFERRED_KINDS]; /* records of different kinds may have the same key */
    struct deferred pool[DEFERRED_MAX];
};

/* May a record of this kind wait at all? */
bool deferred_may_wait(uint16_t op);
/* May a record of this kind be executed while others wait, because it neither reads nor writes what they
 * change? */
bool deferred_may_pass(uint16_t op);
/* Keeps the record, in place of an older one for the same row. false: there is no room, or its parameters are not
 * those of its statement, and then it must fail in its own frame, whatever comes later. */
bool deferred_keep(struct deferrals *deferrals, const struct ring_record *record);
void deferred_clear(struct deferrals *deferrals);

#endif
