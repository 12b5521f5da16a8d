/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/core/until.h"

#include "plugin/core/chat.h"
#include "schema/store.h"

int64_t until_now(const struct chat *chat)
{
    return store_expected_time(chat->store, chat->now);
}

int64_t until_after(const struct chat *chat, int64_t seconds)
{
    return seconds > 0 ? until_now(chat) + seconds * 1000 : 0;
}

bool until_lasts(const struct chat *chat, int64_t end)
{
    return end != 0 && end > until_now(chat);
}
