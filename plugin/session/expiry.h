/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Whose userSig expires next: a binary heap of entries that live inside what they are about. Adding, moving
 * and removing take as many steps as the number of entries has binary digits, looking takes one. No clock, no
 * broker. */
#ifndef PLUGIN_SESSION_EXPIRY_H
#define PLUGIN_SESSION_EXPIRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct expiry_entry {
    int64_t at;   /* read it, do not write it: expiry_move */
    size_t index; /* private: 1 is the first in the heap, 0 is not in it */
};

/* All zero: empty. */
struct expiry {
    struct expiry_entry **heap; /* borrowed entries, from heap[1] on */
    size_t count, room;
};

/* Adds an entry that is in no heap. false: out of memory. */
__attribute__((warn_unused_result)) bool expiry_add(struct expiry *expiry, struct expiry_entry *entry,
                                                    int64_t at);
/* Both leave an entry alone that is not in the heap. */
void expiry_move(struct expiry *expiry, struct expiry_entry *entry, int64_t at);
void expiry_remove(struct expiry *expiry, struct expiry_entry *entry);
/* The entry that is due first, NULL when there is none; it stays in the heap. */
struct expiry_entry *expiry_first(const struct expiry *expiry);
/* Forgets every entry. */
void expiry_clear(struct expiry *expiry);

#endif
