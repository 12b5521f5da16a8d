/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What the last life has left in the ring, at the beginning of the next one: whether it belongs to the database at
 * all, and into the database with it. Part of store_open, on the broker thread. */
#ifndef SCHEMA_RECOVERY_H
#define SCHEMA_RECOVERY_H

#include <stddef.h>

struct store;

/* Do ring and database belong together? -1: a sentence in `error`. */
__attribute__((warn_unused_result)) int recovery_check_pair(struct store *store, char *error,
                                                            size_t error_size);
/* Executes what is left, and moves store->state (position, number) to where the next life begins; store->cut tells whether
 * frames may be missing. -1: a sentence in `error`, which says what to do, and the ring is as it was: the database
 * is older than it, or cannot take it, or what is damaged cannot be kept. */
__attribute__((warn_unused_result)) int recovery_run(struct store *store, char *error, size_t error_size);

#endif
