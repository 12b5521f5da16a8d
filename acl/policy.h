/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* How many devices of a user there may be at the same time, and who has to go for a newcomer: tables, to be
 * laid beside docs/rules.md. Pure: no memory, no clock, any thread. */
#ifndef ACL_POLICY_H
#define ACL_POLICY_H

#include "acl/identity.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum login_policy { LOGIN_SINGLE, LOGIN_DUAL, LOGIN_TRIPLE, LOGIN_MULTI, LOGIN_POLICIES };

/* The options that decide. */
struct policy {
    enum login_policy login;
    int64_t instances_per_platform, web_instances;
};

/* A device of the same user that holds a place. */
struct policy_device {
    enum platform platform;
    bool connected;
};

/* Platforms that count (iot and other never do) lie between these two. */
#define POLICY_PLATFORM_FIRST PLATFORM_IOS
#define POLICY_PLATFORM_LAST  PLATFORM_MINI
bool policy_counts(enum platform platform);

/* A device of this platform logs in beside `devices`, which are in the order of their logins, the earliest
 * first, and do not include the newcomer's own. Sets displaced[i] for those that have to go: as many as are
 * needed, first those that are away, then the connected ones, the earliest of each first. Returns how
 * many. */
size_t policy_displace(const struct policy *policy, enum platform newcomer,
                       const struct policy_device *devices, size_t count, bool *displaced);

#endif
