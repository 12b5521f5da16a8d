/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/delivery/listeners.h"

#include <utlist.h>

#include "acl/topic.h"
#include "plugin/delivery/copy.h"
#include "plugin/session/backlog.h"
#include "plugin/session/subscription.h"

void listener_add(struct chat *chat, struct subscription *subscription)
{
    DL_APPEND2(chat->listeners, subscription, group_prev, group_next);
}

void listener_remove(struct chat *chat, struct subscription *subscription)
{
    struct subscription *listener;
    DL_FOREACH2 (chat->listeners, listener, group_next)
        if (listener == subscription)
            break;
    if (listener)
        DL_DELETE2(chat->listeners, listener, group_prev, group_next);
}

void listeners_close(struct chat *chat)
{
    chat->listeners = NULL;
}

int listener_qos(const struct subscription *listener)
{
    return listener->qos > 0 ? 1 : 0;
}

bool listener_send(struct chat *chat, const struct subscription *listener, const char *text, size_t len)
{
    return copy_send(chat, listener, EVERYTHING_TOPIC, text, len, NULL, 0, listener_qos(listener));
}

bool listener_sheds(struct chat *chat, const struct subscription *listener)
{
    if (!backlog_over(chat, listener->session))
        return false;
    chat->count.shed.feed++;
    return true;
}

void listeners_tell(struct chat *chat, const char *text, size_t len)
{
    const struct subscription *listener;
    DL_FOREACH2 (chat->listeners, listener, group_next)
        if (!listener_sheds(chat, listener))
            (void)listener_send(chat, listener, text, len);
}
