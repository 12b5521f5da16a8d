/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "acl/policy.h"

enum class { CLASS_NONE, CLASS_MOBILE, CLASS_DESKTOP, CLASS_WEB, CLASSES };

static const enum class class_of[] = {
    [PLATFORM_OTHER] = CLASS_NONE,     [PLATFORM_IOS] = CLASS_MOBILE,      [PLATFORM_IPAD] = CLASS_MOBILE,
    [PLATFORM_ANDROID] = CLASS_MOBILE, [PLATFORM_WINDOWS] = CLASS_DESKTOP, [PLATFORM_MAC] = CLASS_DESKTOP,
    [PLATFORM_LINUX] = CLASS_DESKTOP,  [PLATFORM_WEB] = CLASS_WEB,         [PLATFORM_MINI] = CLASS_WEB,
    [PLATFORM_IOT] = CLASS_NONE,
};

enum limit { NO_LIMIT, ONE, INSTANCES, TABS };

/* With whom a newcomer of a class shares the limit. */
struct share {
    unsigned classes;   /* bits */
    bool same_platform; /* ... and of these only its own platform */
    enum limit limit;
};

#define MOBILE  (1U << CLASS_MOBILE)
#define DESKTOP (1U << CLASS_DESKTOP)
#define WEB     (1U << CLASS_WEB)
#define APPS    (MOBILE | DESKTOP)
#define ALL     (APPS | WEB)

/* clang-format off */
static const struct share shares[LOGIN_POLICIES][CLASSES] = {
    /*                 a newcomer that is mobile     desktop                     web */
    [LOGIN_SINGLE] = {{0}, {ALL, false, ONE},         {ALL, false, ONE},          {ALL, false, ONE}},
    [LOGIN_DUAL]   = {{0}, {APPS, false, ONE},        {APPS, false, ONE},         {WEB, false, TABS}},
    [LOGIN_TRIPLE] = {{0}, {MOBILE, false, ONE},      {DESKTOP, false, ONE},      {WEB, false, TABS}},
    [LOGIN_MULTI]  = {{0}, {MOBILE, true, INSTANCES}, {DESKTOP, true, INSTANCES}, {WEB, false, TABS}},
};
/* clang-format on */

bool policy_counts(enum platform platform)
{
    return class_of[platform] != CLASS_NONE;
}

static size_t limit_of(const struct policy *policy, enum limit limit)
{
    if (limit == INSTANCES)
        return (size_t)policy->instances_per_platform;
    return limit == TABS ? (size_t)policy->web_instances : 1;
}

static bool shares_with(const struct share *share, enum platform newcomer, enum platform other)
{
    return (share->classes & 1U << class_of[other]) && (!share->same_platform || newcomer == other);
}

/* The earliest `excess` of those that share and are connected, or away. */
static size_t displace(const struct share *share, enum platform newcomer, bool connected, size_t excess,
                       const struct policy_device *devices, size_t count, bool *displaced)
{
    size_t done = 0;
    for (size_t i = 0; i < count && done < excess; i++) {
        if (devices[i].connected != connected || !shares_with(share, newcomer, devices[i].platform))
            continue;
        displaced[i] = true;
        done++;
    }
    return done;
}

size_t policy_displace(const struct policy *policy, enum platform newcomer,
                       const struct policy_device *devices, size_t count, bool *displaced)
{
    const struct share *share = &shares[policy->login][class_of[newcomer]];
    size_t sharing = 0, limit = limit_of(policy, share->limit);
    for (size_t i = 0; i < count; i++) {
        displaced[i] = false;
        sharing += shares_with(share, newcomer, devices[i].platform);
    }
    if (sharing < limit)
        return 0;
    size_t excess = sharing + 1 - limit;
    size_t away = displace(share, newcomer, false, excess, devices, count, displaced);
    return away + displace(share, newcomer, true, excess - away, devices, count, displaced);
}
