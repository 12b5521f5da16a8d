/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/commands/account.h"

#include "lib/basics.h"
#include "plugin/commands/command.h"
#include "plugin/core/broker.h"
#include "plugin/core/chat.h"
#include "plugin/people/user.h"
#include "plugin/session/backlog.h"
#include "plugin/session/session.h"

#define BURST_SECONDS 10

/* Thousandths of a unit, which docs/configuration.md has under command_rate. */
enum price {
    PRICE_COMMAND = 1000,
    PRICE_READ = 100,    /* a look-up in the database */
    PRICE_ROW = 30,      /* found by it */
    PRICE_RECORD = 1000, /* to be stored: a notice or a tip has three */
    PRICE_NAME = 250,    /* a user or message that is named */
    PRICE_WALKED = 5,    /* a conversation or member that was looked at in memory */
    PRICE_COPY = 60,     /* a message to one client */
    PRICE_KIB = 125
};

static bool is_free(const struct chat *chat, const struct session *session)
{
    return session->admin || chat->options.command_rate == 0;
}

static int64_t burst(const struct chat *chat)
{
    return chat->options.command_rate * BURST_SECONDS;
}

bool account_open(struct chat *chat, struct session *session)
{
    if (backlog_over(chat, session))
        return false;
    if (is_free(chat, session))
        return true;
    bucket_fill(&session->user->account, chat->steady, chat->options.command_rate, burst(chat));
    return session->user->account.tokens > 0;
}

struct account_meter account_meter(const struct chat *chat)
{
    return (struct account_meter){.store = store_work(chat->store), .copies = broker_queued()};
}

static int64_t price_of_bytes(size_t bytes)
{
    return (int64_t)bytes * PRICE_KIB / 1024;
}

static void pay(const struct chat *chat, const struct session *session, int64_t price)
{
    struct bucket *account = &session->user->account;
    if (!is_free(chat, session))
        account->tokens = larger(account->tokens - price, -1000 * burst(chat));
}

static int64_t count_named(const struct command *command)
{
    int64_t named = 0;
    for (int name = 0; name < FIELDS; name++)
        if (cJSON_IsArray(command->fields[name].item))
            named += cJSON_GetArraySize(command->fields[name].item);
    return named;
}

void account_pay(const struct command *command, const struct account_meter *before, size_t bytes)
{
    const struct account_meter now = account_meter(command->chat);
    int64_t records = (int64_t)(now.store.records - before->store.records) + (int64_t)command->records_later;
    int64_t price = PRICE_COMMAND + records * PRICE_RECORD + price_of_bytes(bytes) +
                    (int64_t)(now.store.reads - before->store.reads) * PRICE_READ +
                    (int64_t)(now.store.rows - before->store.rows) * PRICE_ROW +
                    (int64_t)(now.copies - before->copies) * PRICE_COPY +
                    (int64_t)command->walked * PRICE_WALKED + count_named(command) * PRICE_NAME;
    pay(command->chat, command->asker, price);
}

void account_pay_bytes(const struct chat *chat, const struct session *session, size_t bytes)
{
    pay(chat, session, PRICE_COMMAND + price_of_bytes(bytes));
}
