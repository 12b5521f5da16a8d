/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What the database may not have yet.
 *
 * Reads of the store show what is committed. Who changes a row and wants it found changed at once keeps the
 * change in memory, on a list of this kind, and looks there first. Each thing on it bears the mark of its
 * frame, and is forgotten by itself when the store has that frame, or the frame is aborted: in store_poll,
 * and in store_begin, store_commit and store_abort. No pointer to one is kept over those.
 *
 * A thing has `struct young` as its first member, and comes from malloc. Broker thread only. */
#ifndef SCHEMA_YOUNG_H
#define SCHEMA_YOUNG_H

#include "lib/keyed_hash.h"
#include "schema/store.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct young {
    uint64_t mark; /* of its frame, or of the last one that changed it */
    struct young *prev, *next;
    UT_hash_handle hh;
};

/* Takes a thing out of whatever it is in besides the list, which it has left already, and frees it. */
typedef void young_forget_function(void *owner, struct young *young);

struct young_list {
    struct young *oldest; /* utlist DL, by mark; oldest->prev is the youngest */
    /* private */
    struct young *by_key;
    struct store *store;
    struct store_hook hook;
    young_forget_function *forget;
    void *owner;
};

/* `forget` NULL: things are in nothing else, and are freed. -1: out of memory. */
__attribute__((warn_unused_result)) int young_open(struct young_list **out, struct store *store,
                                                   young_forget_function *forget, void *owner);
void young_close(struct young_list *list); /* forgets all; NULL is fine */

/* In the open frame, which makes the thing. */
void young_add(struct young_list *list, struct young *young);
/* The same, to be found by a key that no other thing on the list has; its bytes are the thing's own. false: out
 * of memory, the thing has been freed. */
bool young_add_keyed(struct young_list *list, struct young *young_take, const void *key, size_t key_len);
struct young *young_find(const struct young_list *list, const void *key, size_t key_len);
/* In the open frame, which must not be aborted any more and changes the thing. */
void young_renew(struct young_list *list, struct young *young);
/* The thing goes on without the list. */
void young_remove(struct young_list *list, struct young *young);
/* The thing is forgotten before its time. */
void young_forget(struct young_list *list, struct young *young);

#endif
