/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/session/device.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "acl/limits.h"
#include "acl/policy.h"
#include "lib/keyed_hash.h"
#include "lib/text.h"
#include "plugin/core/chat.h"
#include "plugin/people/user.h"
#include "plugin/session/departed.h"
#include "plugin/session/session.h"
#include "schema/store.h"
#include "schema/young.h"

/* No policy lets a user have more devices that count: 10 of each platform. */
#define COUNTED_MAX 160

struct young_device {
    struct young young;
    struct user *user;
    struct device_entry entry; /* place 0 or less: it holds none */
    struct displacement displacement;
    struct young_device *user_prev, *user_next; /* user->young_devices */
};

/* What is young */

static void forget(void *owner, struct young *young)
{
    struct young_device *device = (struct young_device *)young;
    (void)owner;
    DL_DELETE2(device->user->young_devices, device, user_prev, user_next);
    free(device);
}

int devices_open(struct chat *chat)
{
    return young_open(&chat->devices, chat->store, forget, NULL);
}

void devices_close(struct chat *chat)
{
    young_close(chat->devices);
    chat->devices = NULL;
}

static struct young_device *find_young(struct chat *chat, const char *client_id)
{
    return (struct young_device *)young_find(chat->devices, client_id, strlen(client_id));
}

static struct young_device *add_young(struct chat *chat, const struct device_entry *entry)
{
    struct young_device *young = malloc(sizeof *young);
    if (!young)
        return NULL;
    young->entry = *entry;
    const char *key = young->entry.client_id;
    return young_add_keyed(chat->devices, &young->young, key, strlen(key)) ? young : NULL;
}

/* Whose place is the only one */

static uint64_t hash_of(const char *client_id)
{
    return keyed_hash(client_id, strlen(client_id));
}

static void note_place(struct user *user, const struct device_entry *entry)
{
    const uint64_t hash = entry->place > 0 ? hash_of(entry->client_id) : user->only_place;
    user->places_known = user->places_known && (user->only_place == 0 || user->only_place == hash);
    user->only_place = hash;
}

/* `list` are all of the user's that count. */
static void note_places(struct user *user, const struct device_list *list)
{
    user->places_known = list->count <= 1;
    user->only_place = list->count == 1 ? hash_of(list->items[0].client_id) : 0;
}

/* Most users come back by the one device that they have: the store need not be asked. */
static bool is_alone(const struct user *user, const char *client_id)
{
    return user->places_known && (user->only_place == 0 || user->only_place == hash_of(client_id));
}

/* Remembers what the open frame tells the store. Out of memory: it counts a group commit later. */
static void remember(struct chat *chat, struct user *user, const struct device_entry *entry,
                     const struct displacement *displacement)
{
    struct young_device *young = find_young(chat, entry->client_id);
    note_place(user, entry);
    if (young) { /* a client id may have changed hands */
        young_renew(chat->devices, &young->young);
        DL_DELETE2(young->user->young_devices, young, user_prev, user_next);
    } else {
        young = add_young(chat, entry);
    }
    if (!young)
        return;
    young->user = user;
    young->entry = *entry;
    young->displacement = displacement ? *displacement : (struct displacement){.reason = OFFLINE_NONE};
    DL_APPEND2(user->young_devices, young, user_prev, user_next);
}

bool devices_stale(const struct chat *chat, const struct user *user)
{
    return !store_has(chat->store, user->devices_ended);
}

/* One device */

static void take_row(struct device *device, sqlite3_stmt *row)
{
    device->known = true;
    text_copy(device->user, sizeof device->user, store_text(row, 0));
    device->platform = (enum platform)sqlite3_column_int(row, 1);
    device->acks = sqlite3_column_int(row, 2) != 0;
    device->has_token = sqlite3_column_int(row, 3) != 0;
    device->place = sqlite3_column_int64(row, 4);
    device->displacement.reason = (enum offline_reason)sqlite3_column_int(row, 5);
    text_copy(device->displacement.client_id, sizeof device->displacement.client_id, store_text(row, 6));
    device->displacement.platform = (enum platform)sqlite3_column_int(row, 7);
}

static void read_row(struct chat *chat, const char *client_id, struct device *device)
{
    sqlite3_stmt *row = store_read(chat->store, R_DEVICE);
    sqlite3_bind_text(row, 1, client_id, -1, SQLITE_STATIC);
    if (store_row(chat->store, row))
        take_row(device, row);
    store_done(row);
}

/* A connected session with this client id, or one that left a moment ago, knows better than the store. */
static void take_session(struct chat *chat, const char *client_id, struct device *device)
{
    const struct session *connected = session_by_client_id(chat, client_id);
    const struct departed *departed = departed_find(chat, client_id);
    if (!connected && !departed)
        return;
    device->known = true;
    text_copy(device->user, sizeof device->user, connected ? connected->user->id : departed->user);
    device->acks = connected ? connected->device.acks : departed->acks;
    device->has_token = connected ? connected->device.has_token : departed->has_token;
}

/* One that knows comes back on purpose, be it before it was closed, or before that could be written. */
static void take_told(struct chat *chat, const char *client_id, struct device *device)
{
    const struct session *connected = session_by_client_id(chat, client_id);
    const struct departed *departed = departed_find(chat, client_id);
    if (connected ? session_told(chat, connected) : departed && departed->mark == 0 && departed->ending.told)
        device->displacement.reason = OFFLINE_NONE;
}

static void take_young(struct chat *chat, const char *client_id, struct device *device)
{
    const struct young_device *young = find_young(chat, client_id);
    if (young) {
        device->platform = young->entry.platform;
        device->place = young->entry.place;
        device->displacement = young->displacement;
        return;
    }
    const struct user *user = device->known ? user_in_memory(chat, device->user) : NULL;
    if (!user || !devices_stale(chat, user))
        return;
    device->place = 0;
    device->displacement.reason = OFFLINE_NONE;
    device->has_token = false;
}

bool device_load(struct chat *chat, const char *client_id, struct device *out)
{
    memset(out, 0, sizeof *out);
    read_row(chat, client_id, out);
    take_session(chat, client_id, out);
    take_young(chat, client_id, out);
    take_told(chat, client_id, out);
    return !store_reads_failed(chat->store);
}

/* A user's devices */

/* A new one at the end; NULL: out of memory. */
static struct device_entry *append(struct device_list *list)
{
    if (list->count == list->room) {
        size_t room = 2 * list->room + 8;
        struct device_entry *grown = realloc(list->items, room * sizeof *grown);
        if (!grown)
            return NULL;
        list->items = grown;
        list->room = room;
    }
    return &list->items[list->count++];
}

struct range {
    enum platform first, last;
    int64_t limit;
};

/* `statement`: R_DEVICE_PLACES, or R_DEVICE_PLACES_ONLY, by which last_used is 0. */
static bool list_stored(struct chat *chat, enum read_id statement, const struct user *user,
                        struct range range, struct device_list *out)
{
    struct device_entry *entry;
    bool good = true;
    if (devices_stale(chat, user))
        return true;
    sqlite3_stmt *row = store_read(chat->store, statement);
    sqlite3_bind_text(row, 1, user->id, -1, SQLITE_STATIC);
    sqlite3_bind_int(row, 2, (int)range.first);
    sqlite3_bind_int(row, 3, (int)range.last);
    sqlite3_bind_int64(row, 4, range.limit);
    while (good && store_row(chat->store, row)) {
        if (find_young(chat, store_text(row, 0)))
            continue; /* memory knows better */
        good = (entry = append(out)) != NULL;
        if (!good)
            break;
        text_copy(entry->client_id, sizeof entry->client_id, store_text(row, 0));
        entry->platform = (enum platform)sqlite3_column_int(row, 1);
        entry->place = sqlite3_column_int64(row, 2);
        entry->last_used = sqlite3_column_int64(row, 3);
    }
    store_done(row);
    return good && !store_reads_failed(chat->store);
}

static bool list_young(const struct user *user, struct range range, struct device_list *out)
{
    const struct young_device *young;
    DL_FOREACH2 (user->young_devices, young, user_next) {
        if (young->entry.place <= 0 || young->entry.platform < range.first ||
            young->entry.platform > range.last)
            continue;
        struct device_entry *entry = append(out);
        if (!entry)
            return false;
        *entry = young->entry;
    }
    return true;
}

static int by_place(const void *a, const void *b)
{
    const struct device_entry *one = a, *two = b;
    return one->place < two->place ? -1 : one->place > two->place;
}

static int by_place_falling(const void *a, const void *b)
{
    return by_place(b, a);
}

static void sort(struct device_list *list, int (*order)(const void *, const void *))
{
    if (list->count > 1)
        qsort(list->items, list->count, sizeof *list->items, order);
}

/* The order of the store is by platform: of each the latest are read, or a user with thousands of client ids
 * would cost a long look. */
bool devices_of(struct chat *chat, const struct user *user, struct device_list *out)
{
    for (enum platform platform = PLATFORM_OTHER; platform <= PLATFORM_IOT; platform++)
        if (!list_stored(chat, R_DEVICE_PLACES, user, (struct range){platform, platform, DEVICES_LISTED},
                         out))
            return false;
    if (!list_young(user, (struct range){PLATFORM_OTHER, PLATFORM_IOT, 0}, out))
        return false;
    sort(out, by_place_falling);
    if (out->count > DEVICES_LISTED)
        out->count = DEVICES_LISTED;
    for (size_t i = 0; i < out->count; i++)
        if (session_by_client_id(chat, out->items[i].client_id) ||
            departed_find(chat, out->items[i].client_id))
            out->items[i].last_used = chat->now;
    return true;
}

static void drop_own(struct device_list *list, const char *client_id)
{
    size_t kept = 0;
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i].client_id, client_id) != 0)
            list->items[kept++] = list->items[i];
    list->count = kept < COUNTED_MAX ? kept : COUNTED_MAX;
}

static void keep_displaced(struct chat *chat, enum platform newcomer, struct device_list *list)
{
    const struct plugin_options *options = &chat->options;
    const struct policy policy = {.login = (enum login_policy)options->login_policy,
                                  .instances_per_platform = options->instances_per_platform,
                                  .web_instances = options->web_instances};
    struct policy_device devices[COUNTED_MAX];
    bool displaced[COUNTED_MAX];
    size_t kept = 0;
    for (size_t i = 0; i < list->count; i++)
        devices[i] =
            (struct policy_device){.platform = list->items[i].platform,
                                   .connected = session_by_client_id(chat, list->items[i].client_id) != NULL};
    policy_displace(&policy, newcomer, devices, list->count, displaced);
    for (size_t i = 0; i < list->count; i++)
        if (displaced[i])
            list->items[kept++] = list->items[i];
    list->count = kept;
}

bool devices_in_way(struct chat *chat, struct user *user, const char *client_id, enum platform platform,
                    struct device_list *out)
{
    const struct range counted = {POLICY_PLATFORM_FIRST, POLICY_PLATFORM_LAST, COUNTED_MAX};
    if (!user || !policy_counts(platform) || is_alone(user, client_id))
        return true;
    if (!list_stored(chat, R_DEVICE_PLACES_ONLY, user, counted, out) || !list_young(user, counted, out))
        return false;
    note_places(user, out);
    sort(out, by_place);
    drop_own(out, client_id);
    keep_displaced(chat, platform, out);
    return true;
}

static bool has_entry(const struct device_list *list, const char *client_id)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i].client_id, client_id) == 0)
            return true;
    return false;
}

/* Will it be there when the others have gone? A takeover takes its own place. */
static bool stays(const struct session *session, const char *client_id, const struct device_list *in_way)
{
    return !session_closing(session) && !session->taken_over && !session->login.farewell &&
           strcmp(session->client_id, client_id) != 0 && !has_entry(in_way, session->client_id);
}

bool devices_too_many(const struct user *user, const char *client_id, struct device_list *out)
{
    const struct session *session;
    size_t count = 1;
    DL_FOREACH2 (user ? user->sessions : NULL, session, user_next)
        count += stays(session, client_id, out);
    DL_FOREACH2 (user ? user->sessions : NULL, session, user_next) {
        if (count <= CONNECTIONS_MAX)
            break;
        if (!stays(session, client_id, out))
            continue;
        struct device_entry *entry = append(out);
        if (!entry)
            return false;
        *entry = (struct device_entry){.platform = session->platform};
        text_copy(entry->client_id, sizeof entry->client_id, session->client_id);
        count--;
    }
    return true;
}

/* Changes */

static struct device_entry entry_of(const struct chat *chat, const struct session *session, int64_t place)
{
    struct device_entry entry = {.platform = session->platform, .place = place, .last_used = chat->now};
    text_copy(entry.client_id, sizeof entry.client_id, session->client_id);
    return entry;
}

/* Marks of frames rise for ever, over restarts too: they number the logins. */
void device_take_place(struct chat *chat, const struct session *session)
{
    const struct device_entry entry = entry_of(chat, session, (int64_t)store_mark(chat->store));
    store_put(chat->store, session->login.past == ID_OWN ? W_DEVICE_RETURNS : W_DEVICE_COMES, "ttiii",
              session->client_id, session->user->id, (int64_t)session->platform, chat->now, entry.place);
    remember(chat, session->user, &entry, NULL);
}

void device_leave_place(struct chat *chat, const struct session *session)
{
    const struct device_entry entry = entry_of(chat, session, PLACE_LOGGED_OUT);
    store_put(chat->store, W_DEVICE_PLACE, "ti", session->client_id, entry.place);
    remember(chat, session->user, &entry, NULL);
}

void device_displace(struct chat *chat, struct user *user, const struct device_entry *device,
                     const struct displacement *why)
{
    struct device_entry gone = *device;
    struct session *session = session_by_client_id(chat, device->client_id);
    gone.place = 0;
    store_put(chat->store, W_DEVICE_DISPLACED, "titi", gone.client_id, (int64_t)why->reason, why->client_id,
              (int64_t)why->platform);
    remember(chat, user, &gone, why);
    if (session)
        session->device.untold = true;
}

void device_told(struct chat *chat, struct user *user, const char *client_id, enum platform platform)
{
    struct device_entry entry = {.platform = platform, .last_used = chat->now};
    text_copy(entry.client_id, sizeof entry.client_id, client_id);
    store_put(chat->store, W_DEVICE_TOLD, "t", client_id);
    remember(chat, user, &entry, NULL);
}

void devices_end(struct chat *chat, struct user *user)
{
    struct session *session;
    store_put(chat->store, W_USER_DEVICES_END, "t", user->id);
    user->devices_ended = store_mark(chat->store);
    while (user->young_devices)
        young_forget(chat->devices, &user->young_devices->young);
    DL_FOREACH2 (user->sessions, session, user_next)
        session->device.untold = false;
}
