/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What commands cost: each user, on all connections together, has an account in units, which gains command_rate
 * a second up to ten times that. A command begins if anything is left; what it took is known, and paid, when it
 * is over. A unit stands for about 40 us of the broker's thread. Broker thread only. */
#ifndef PLUGIN_COMMANDS_ACCOUNT_H
#define PLUGIN_COMMANDS_ACCOUNT_H

#include "schema/store.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct chat;
struct command;
struct session;

/* Is there anything left in the account of the session's user? Always for administrators, and without a
 * command_rate; but never while the client does not read what it is sent (session/backlog.h). */
bool account_open(struct chat *chat, struct session *session);

/* What had been done when a command began. */
struct account_meter {
    struct store_work store;
    uint64_t copies;
};
struct account_meter account_meter(const struct chat *chat);
/* The command is over: its user pays for what has been done since, for what the command says of itself, for
 * what it names, and for its request and answer, of so many bytes together. The account may be below zero then,
 * but never by more than it can hold. */
void account_pay(const struct command *command, const struct account_meter *before, size_t bytes);
/* The same for a request that has no commands. */
void account_pay_bytes(const struct chat *chat, const struct session *session, size_t bytes);

#endif
