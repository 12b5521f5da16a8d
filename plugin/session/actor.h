/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Who does something: a user, with one of their devices or with none. Borrowed, for one event. Broker thread only. */
#ifndef PLUGIN_SESSION_ACTOR_H
#define PLUGIN_SESSION_ACTOR_H

#include <stdbool.h>

#include "plugin/session/session.h"

struct actor {
    struct user *user;
    struct session *device; /* NULL: none: an administrator acts in the user's name */
    bool admin;             /* the user is an app admin */
};

static inline struct actor actor_of(struct session *session)
{
    return (struct actor){.user = session->user, .device = session, .admin = session->admin};
}

#endif
