/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "schema/recovery.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "schema/store_internal.h"

/* A ring belongs to one database: mixing them would execute somebody else's frames. */
int recovery_check_pair(struct store *store, char *error, size_t error_size)
{
    static const uint8_t none[RING_ID_BYTES];
    const uint8_t *id = ring_database_id(store->ring);
    store->cut = memcmp(id, none, sizeof none) == 0; /* a new one; what it replaces may have held frames */
    if (store->cut || memcmp(id, store->state.database_id, RING_ID_BYTES) == 0)
        return 0;
    snprintf(error, error_size,
             "ring_file %s belongs to another database than %s; name the ring that belongs to it, or remove "
             "the ring if its last messages are not needed",
             store->config.ring_file, store->config.database);
    return -1;
}

/* Where the next frame begins. */
static uint64_t round_up(uint64_t position)
{
    return (position + 7) & ~(uint64_t)7;
}

/* Has the ring been used by a life that the database has never heard of? */
static bool is_of_another_life(const struct store *store, const struct ring_life *life)
{
    return life->epoch != 0 && life->epoch != store->state.epoch;
}

/* Are all frames there from where the database ends up to this position? */
static bool reaches(const struct store *store, uint64_t first)
{
    uint64_t position = store->state.position;
    struct ring_frame frame;
    if (ring_overwrote(store->ring, position))
        return false;
    while (round_up(position) < first && ring_verify(store->ring, position, store->state.epoch, &frame))
        position = frame.end;
    return round_up(position) == first;
}

/* Has that life begun with just this database, or with what comes of it by what the life before has left in the ring?
 * A backup of before the last start, and the ring goes on where it ends. */
static bool goes_on(const struct store *store, const struct ring_life *life)
{
    bool follows =
        life->before == store->state.epoch || (life->written != 0 && life->written == store->state.epoch);
    return is_of_another_life(store, life) && follows && reaches(store, life->first);
}

/* Space in the ring is used again only after a commit, so a database that far behind has lost commits; and so
 * has one that does not know the life that has written what is there. */
static bool is_older(const struct store *store, const struct ring_life *life)
{
    uint64_t position = store->state.position;
    return ring_overwrote(store->ring, position) ||
           (is_of_another_life(store, life) && !goes_on(store, life) &&
            ring_head_hint(store->ring) > position);
}

/* On the machine that has not been down since, the ring is never behind the database. */
static bool is_older_ring(const struct store *store, const struct ring_life *life)
{
    return life->boot_id[0] != '\0' && strcmp(life->boot_id, store->boot_id) == 0 &&
           round_up(ring_head_hint(store->ring)) < store->state.position;
}

/* Where no power loss can have taken the commits, it is not the file that was there. */
static int refuse_older(const struct store *store, char *error, size_t error_size)
{
    bool synced = store->config.sync == SYNC_FULL;
    if (!synced && strcmp(store->boot_id, store->state.boot_id) != 0)
        return 0;
    snprintf(
        error, error_size,
        "database %s is older than its ring_file %s (a restored backup?), which has messages that do not "
        "follow "
        "on it; restore a newer one, or, to go on without them, rename the ring to %s.aside and leave it "
        "there, so that their ids do not come again",
        store->config.database, store->config.ring_file, store->config.ring_file);
    return -1;
}

/* Frames behind a damaged place, and their bytes. */
static void count_frames(const struct store *store, uint64_t position, uint64_t end, uint64_t epoch,
                         uint64_t *frames, uint64_t *bytes)
{
    struct ring_frame frame;
    *frames = *bytes = 0;
    while (position < end) {
        if (!ring_verify(store->ring, position, epoch, &frame)) {
            position += 8;
            continue;
        }
        ++*frames;
        *bytes += frame.end - frame.position;
        position = frame.end;
    }
}

/* On the machine that has not been down since, everything up to the head must be there. What is behind a place
 * that is not right is not executed, because it may build on what was there; but it was acked, and is kept. */
static int keep_damaged(struct store *store, uint64_t position, uint64_t end, uint64_t epoch, char *error,
                        size_t error_size)
{
    uint64_t frames, bytes;
    char path[PATH_MAX], reason[300];
    snprintf(path, sizeof path, "%s.damaged-%llu", store->config.ring_file, (unsigned long long)position);
    count_frames(store, position, end, epoch, &frames, &bytes);
    if (ring_copy(store->ring, path, position, end, reason, sizeof reason)) {
        snprintf(error, error_size,
                 "the ring %s is damaged at position %llu, and a copy for you cannot be kept: %s",
                 store->config.ring_file, (unsigned long long)position, reason);
        return -1;
    }
    store_say(
        store, STORE_ERROR,
        "the ring is damaged at position %llu: %llu bytes from there on were accepted and are not in the "
        "database; %llu whole frames of %llu bytes are among them; a copy of the ring is %s",
        (unsigned long long)position, (unsigned long long)(end - position), (unsigned long long)frames,
        (unsigned long long)bytes, path);
    return 0;
}

static int execute_left(struct store *store, const struct ring_life *life, uint64_t *position, char *error,
                        size_t error_size)
{
    char reason[512];
    bool both = goes_on(store, life);
    uint64_t more = 0, frames = 0, end = ring_head_hint(store->ring);
    uint64_t epoch = both ? life->epoch : store->state.epoch;
    int result = writer_recover(store->writer, position, store->state.epoch, &frames, reason, sizeof reason);
    if (result == 0 && both) {
        *position = life->first;
        result = writer_recover(store->writer, position, epoch, &more, reason, sizeof reason);
    }
    if (result != 0) {
        snprintf(error, error_size, "ring_file %s: %s", store->config.ring_file, reason);
        return -1;
    }
    frames += more;
    if (frames > 0)
        store_say(store, STORE_INFO, "executed %llu frames that the last run had left in the ring",
                  (unsigned long long)frames);
    if (*position >= end)
        return 0;
    if (life->boot_id[0] != '\0' && strcmp(life->boot_id, store->boot_id) == 0)
        return keep_damaged(store, *position, end, epoch, error, error_size);
    store_say(store, STORE_WARNING, "the ring ends at position %llu; what came after it did not survive",
              (unsigned long long)*position);
    return 0;
}

/* The last run has not ended in order, and the ring has nothing more: is that all there was? */
static void say_what_is_missing(struct store *store, const struct ring_life *life, bool is_new)
{
    const struct database_state *state = &store->state;
    bool other_boot = state->boot_id[0] != '\0' && strcmp(store->boot_id, state->boot_id) != 0;
    if (state->clean)
        return;
    if (is_new)
        store_say(
            store, STORE_ERROR,
            "the ring %s is a new one, and the last run was not ended: what it had accepted and not yet "
            "put into the database is lost",
            store->config.ring_file);
    else if (is_older_ring(store, life))
        store_say(
            store, STORE_ERROR,
            "the ring %s is older than the database: what the last run had accepted and not yet put into "
            "the database is lost",
            store->config.ring_file);
    else if (other_boot)
        store_say(store, STORE_WARNING,
                  "the machine went down while the broker ran: the newest messages may be missing");
}

/* Ids never come again, whatever was restored: marks are in the database, in the ring, and in one that was put
 * aside. */
static void raise_id_mark(struct store *store, const struct ring_life *life)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s.aside", store->config.ring_file);
    int64_t aside = ring_peek_id_mark(path, store->state.database_id);
    if (store->cut && aside > store->state.id_mark)
        store_say(store, STORE_INFO, "ids go on behind those of %s", path);
    store->ring_id_mark = aside > life->id_mark ? aside : life->id_mark;
}

int recovery_run(struct store *store, char *error, size_t error_size)
{
    const struct ring_life life = ring_last_life(store->ring);
    uint64_t position = store->state.position, hint = ring_head_hint(store->ring);
    bool older = is_older(store, &life), is_new = store->cut;
    if (older && refuse_older(store, error, error_size))
        return -1;
    if (older)
        store_say(
            store, STORE_ERROR,
            "the database ends at position %llu, the ring begins later: what was in between is lost, the "
            "ring starts empty",
            (unsigned long long)position);
    else if (execute_left(store, &life, &position, error, error_size))
        return -1;
    if (!older && position >= hint)
        say_what_is_missing(store, &life, is_new);
    store->cut =
        store->cut || position < hint || is_of_another_life(store, &life) || is_older_ring(store, &life);
    raise_id_mark(store, &life);
    /* Positions only rise, also over a power loss that took the last bytes. */
    store->state.position = round_up(position > hint ? position : hint);
    store->state.number = writer_number(store->writer);
    return 0;
}
