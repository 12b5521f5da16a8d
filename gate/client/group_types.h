/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Which groups are live ones: the broker gives no receipts for their messages. What was asked is remembered for a
 * while. One thread. */
#ifndef GATE_CLIENT_GROUP_TYPES_H
#define GATE_CLIENT_GROUP_TYPES_H

#include <stdbool.h>

struct asks;
struct group_types;

/* The asks are borrowed. NULL: out of memory. */
struct group_types *group_types_open(struct asks *asks);
/* The asks are closed before. NULL is fine. */
void group_types_close(struct group_types *types);

/* Calls back, now or later, once. A group that is not there, or of which nothing is known, is not live: the broker will
 * say what is wrong with it. */
void group_types_ask(struct group_types *types, const char *group, void (*known)(void *context, bool live),
                     void *context);

#endif
