/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include <errno.h>
#include <limits.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "lib/basics.h"
#include "lib/clock.h"
#include "schema/recovery.h"
#include "schema/sentry.h"
#include "schema/store.h"
#include "schema/store_internal.h"

#define COME_BACK_MS 5000 /* after a start who was connected has so long to come back */

static void read_boot_id(char *out, size_t size)
{
    FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");
    out[0] = '\0';
    if (!file)
        return;
    if (!fgets(out, (int)size, file))
        out[0] = '\0';
    out[strcspn(out, "\n")] = '\0';
    fclose(file);
}

/* Where messages may be gone whose ids somebody has seen (a power loss, a ring that was removed, a frame in
 * the .bad file), only the mark is safe. It also tells where the last life began, a block below it: the next
 * one does not begin before that, even if the last stored nothing. */
static void choose_first_id(struct store *store)
{
    const struct database_state *state = &store->state;
    const struct ring_life life = ring_last_life(store->ring);
    int64_t newest = database_max_id(store->write_db);
    int64_t begun = state->id_mark - 1 - (life.epoch == state->epoch ? life.id_block : ID_BLOCK);
    bool same_boot = state->boot_id[0] != '\0' && strcmp(store->boot_id, state->boot_id) == 0;
    bool known = newest > 0 && !store->cut && (same_boot || (state->clean && state->boot_id[0] != '\0'));
    store->last_id = known || state->id_mark == 0 ? newest : state->id_mark - 1;
    if (store->last_id < newest)
        store->last_id = newest;
    if (store->last_id < begun)
        store->last_id = begun;
}

/* The new epoch is in the database before the ring is touched: whatever is in the ring is stale from here
 * on. */
static int save_life(struct store *store, char *error, size_t error_size)
{
    struct database_state now;
    store->epoch_before = store->state.epoch;
    /* Recovery may have moved the mark, or forgotten the boot id. */
    if (database_state_load(store->write_db, &now, error, error_size))
        return -1;
    store->state.id_mark = now.id_mark > store->ring_id_mark ? now.id_mark : store->ring_id_mark;
    memcpy(store->state.boot_id, now.boot_id, sizeof now.boot_id);
    choose_first_id(store);
    store->id_block = 2 * (int64_t)(ring_capacity(store->ring) / ID_BYTES);
    if (store->id_block < ID_BLOCK)
        store->id_block = ID_BLOCK;
    store->id_mark = store->last_id + 1 + store->id_block;
    store->state.id_mark = store->id_mark;
    store->state.clean = false;
    memcpy(store->state.boot_id, store->boot_id, sizeof store->boot_id);
    if (RAND_bytes((unsigned char *)&store->state.epoch, sizeof store->state.epoch) != 1) {
        snprintf(error, error_size, "no random numbers for the ring's epoch");
        return -1;
    }
    return database_state_save(store->write_db, &store->state, error, error_size);
}

/* Is there anything of the last life's connections? A start that finds none changes nothing. */
static const char any_left[] = "SELECT EXISTS (SELECT 1 FROM device WHERE online = 1) OR EXISTS (SELECT 1 "
                               "FROM push_job WHERE state = 1) "
                               "OR EXISTS (SELECT 1 FROM push_job WHERE state < 3 AND due > ?1)";

static int ask_any_left(struct store *store, int64_t now, bool *any)
{
    sqlite3_stmt *s;
    if (sqlite3_prepare_v2(store->write_db, any_left, -1, &s, NULL) != SQLITE_OK)
        return -1;
    sqlite3_bind_int64(s, 1, now);
    *any = sqlite3_step(s) == SQLITE_ROW && sqlite3_column_int(s, 0) != 0;
    return sqlite3_finalize(s) == SQLITE_OK ? 0 : -1;
}

/* The first frame of the life, executed before anybody looks. PUSH_ADD_UNSURE asks who was connected. Done twice, after
 * a crash in between, it is the same. */
static int forget_connections(struct store *store, char *error, size_t error_size)
{
    const int64_t now = clock_wall();
    bool any = false;
    if (ask_any_left(store, now, &any)) {
        snprintf(error, error_size, "database %s: %s", store->config.database,
                 sqlite3_errmsg(store->write_db));
        return -1;
    }
    if (!any)
        return 0;
    if (!ring_begin(store->ring, 8 * RING_RECORD_BYTES(32))) {
        snprintf(error, error_size, "ring_file %s: it is too small", store->config.ring_file);
        return -1;
    }
    store_put(store, W_JOBS_SHORTEN, "i", now);
    store_put(store, W_PUSH_ADD_UNSURE, "ii", now, now + COME_BACK_MS);
    store_put(store, W_DEVICES_FORGET, "i", now);
    store_put(store, W_JOBS_RETURN, "");
    ring_commit(store->ring);
    return writer_execute(store->writer, &store->committed, error, error_size);
}

/* Lives that have written nothing are passed over. */
static uint64_t last_written(const struct store *store)
{
    const struct ring_life last = ring_last_life(store->ring);
    bool idle = last.epoch == store->epoch_before && ring_head_hint(store->ring) == last.first;
    return idle ? last.written : store->epoch_before;
}

/* A new ring gets its id last: until then the next start must see that it is new. */
static void start_ring(struct store *store)
{
    struct ring_life life = {.epoch = store->state.epoch,
                             .before = store->epoch_before,
                             .first = store->state.position,
                             .id_block = store->id_block,
                             .id_mark = store->id_mark,
                             .written = last_written(store)};
    snprintf(life.boot_id, sizeof life.boot_id, "%s", store->boot_id);
    ring_set_life(store->ring, &life);
    if (memcmp(ring_database_id(store->ring), store->state.database_id, RING_ID_BYTES) != 0)
        ring_set_database_id(store->ring, store->state.database_id);
    ring_start(store->ring, store->state.position, store->state.epoch, store->state.number);
}

/* Nothing in the ring is needed any more: a size that was changed in the configuration is taken now, while a start
 * that cannot have it changes nothing. */
static int begin_life(struct store *store, char *error, size_t error_size)
{
    if (ring_resize(store->ring, store->config.ring_bytes, error, error_size) ||
        save_life(store, error, error_size))
        return -1;
    /* With `sync normal` only a checkpoint reaches the disk; mark and boot id must be there before an id is
     * used. */
    sqlite3_wal_checkpoint_v2(store->write_db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    store->committed = store->state.position;
    start_ring(store);
    if (forget_connections(store, error, error_size))
        return -1;
    ring_release(store->ring, store->committed);
    sqlite3_db_release_memory(store->write_db); /* forget_connections has gone through all devices */
    return 0;
}

static int prepare_reads(struct store *store, char *error, size_t error_size)
{
    static const struct {
        const char *name, *sql;
    } reads[] = {
#define WRITE(op, name, sql)
#define READ(name, sql) {#name, sql},
#include "schema/statements.def"
#undef WRITE
#undef READ
    };
    for (size_t i = 0; i < READS; i++)
        if (sqlite3_prepare_v3(store->read_db, reads[i].sql, -1, SQLITE_PREPARE_PERSISTENT, &store->read[i],
                               NULL)) {
            snprintf(error, error_size, "statement %s: %s", reads[i].name, sqlite3_errmsg(store->read_db));
            return -1;
        }
    return 0;
}

static int open_ring(struct store *store, char *error, size_t error_size)
{
    char reason[512];
    if (ring_open(&store->ring, store->config.ring_file, store->config.ring_bytes, reason, sizeof reason) ==
        0)
        return 0;
    snprintf(error, error_size, "ring_file: %s", reason);
    return -1;
}

/* What is ours alone, and may hold what people have written, is not for other users of the machine. */
static int close_to_others(struct store *store, const char *path, const char *suffix, char *error,
                           size_t error_size)
{
    char name[PATH_MAX];
    struct stat found;
    snprintf(name, sizeof name, "%s%s", path, suffix);
    if (lstat(name, &found) != 0 || !(found.st_mode & 007))
        return 0;
    if (S_ISLNK(found.st_mode)) {
        snprintf(error, error_size, "%s is a symbolic link: not followed", name);
        return -1;
    }
    if (chmod(name, found.st_mode & 0770) != 0) {
        snprintf(error, error_size, "%s can be read by other users, and its mode cannot be changed: %s", name,
                 strerror(errno));
        return -1;
    }
    store_say(store, STORE_WARNING, "%s was open to other users; it is not any more", name);
    return 0;
}

/* The files beside the database are beside the file that a link leads to. */
static int close_all_to_others(struct store *store, char *error, size_t error_size)
{
    static const char *const suffixes[] = {"", "-wal", "-shm"};
    char *real = realpath(store->config.database, NULL);
    int result = 0;
    if (!real) {
        snprintf(error, error_size, "database %s: %s", store->config.database, strerror(errno));
        return -1;
    }
    for (size_t i = 0; i < COUNT(suffixes) && result == 0; i++)
        result = close_to_others(store, real, suffixes[i], error, error_size);
    free(real);
    return result || close_to_others(store, store->config.database, ".bad", error, error_size) ||
                   close_to_others(store, store->config.ring_file, "", error, error_size)
               ? -1
               : 0;
}

static int lock_files(struct store *store, char *error, size_t error_size)
{
    const char *database = store->config.database;
    if (database_check_path(database, error, error_size))
        return -1;
    store->lock = database_lock(database, error, error_size);
    if (store->lock < 0 || close_all_to_others(store, error, error_size))
        return -1;
    return open_ring(store, error, error_size);
}

/* The locks come first, that of the database before that of its ring, which another configuration may call by
 * another name: a second broker must not touch anything. */
static int open_files(struct store *store, char *error, size_t error_size)
{
    const struct store_config *config = &store->config;
    if (lock_files(store, error, error_size) ||
        database_open(&store->write_db, config->database, true, config->sync, error, error_size))
        return -1;
    bool fresh = database_is_unused(store->write_db);
    if ((fresh && database_migrate(store->write_db, error, error_size)) ||
        database_state_load(store->write_db, &store->state, error, error_size))
        return -1;
    return recovery_check_pair(store, error, error_size);
}

/* What an earlier release has left in the ring was written for its schema: executed first, migrated then. */
static int bring_up_to_date(struct store *store, char *error, size_t error_size)
{
    const struct writer_config writer = {.db = store->write_db,
                                         .ring = store->ring,
                                         .database = store->config.database,
                                         .retention_ms = store->config.retention_ms,
                                         .clock_checked = store->config.clock_checked,
                                         .sync = store->config.sync,
                                         .boot_id = store->boot_id,
                                         .number = store->state.number};
    if (writer_create(&store->writer, &writer, error, error_size) || recovery_run(store, error, error_size) ||
        database_migrate(store->write_db, error, error_size))
        return -1;
    return writer_prepare(store->writer, error, error_size);
}

static int open_all(struct store *store, char *error, size_t error_size)
{
    const struct store_config *config = &store->config;
    if (open_files(store, error, error_size) || bring_up_to_date(store, error, error_size) ||
        begin_life(store, error, error_size) ||
        database_open(&store->read_db, config->database, false, config->sync, error, error_size) ||
        prepare_reads(store, error, error_size))
        return -1;
    database_keep_log(store->write_db, false);
    /* Who serves waits for nobody. */
    sqlite3_busy_timeout(store->write_db, 0);
    sqlite3_busy_timeout(store->read_db, 0);
    if (writer_start(store->writer, store->committed)) {
        snprintf(error, error_size, "the writer thread cannot be started");
        return -1;
    }
    store->sentry = sentry_open(config, store->ring, store->writer, writer_lines(store->writer));
    if (store->sentry)
        return 0;
    snprintf(error, error_size, "out of memory, or of threads");
    return -1;
}

static void close_all(struct store *store)
{
    for (size_t i = 0; i < READS; i++)
        sqlite3_finalize(store->read[i]);
    sqlite3_close(store->read_db);
    sentry_close(store->sentry);
    writer_free(store->writer);
    sqlite3_close(store->write_db);
    ring_close(store->ring);
    database_unlock(store->lock);
    free((char *)store->config.database);
    free((char *)store->config.ring_file);
    free(store);
}

int store_open(struct store **out, const struct store_config *config, char *error, size_t error_size)
{
    struct store *store = calloc(1, sizeof *store);
    if (!store) {
        snprintf(error, error_size, "out of memory");
        return -1;
    }
    store->config = *config;
    store->lock = -1;
    read_boot_id(store->boot_id, sizeof store->boot_id);
    store->config.database = strdup(config->database);
    store->config.ring_file = strdup(config->ring_file);
    if (!store->config.database || !store->config.ring_file) {
        snprintf(error, error_size, "out of memory");
        close_all(store);
        return -1;
    }
    if (open_all(store, error, error_size)) {
        close_all(store);
        return -1;
    }
    *out = store;
    return 0;
}

/* The end in order: everything executed, the next start may trust the last id. */
static void end_life(struct store *store)
{
    char error[512];
    struct database_state now;
    if (writer_committed(store->writer) != ring_head(store->ring)) {
        store_say(store, STORE_ERROR,
                  "the database could not take the last messages; they stay in the ring for the next start");
        return;
    }
    if (database_state_load(store->write_db, &now, error, sizeof error) == 0) {
        now.clean = true;
        if (database_state_save(store->write_db, &now, error, sizeof error) == 0)
            sqlite3_wal_checkpoint_v2(store->write_db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    }
}

void store_close(struct store *store)
{
    if (!store)
        return;
    writer_stop(store->writer);
    store_poll(store);
    for (size_t i = 0; i < READS; i++)
        sqlite3_reset(store->read[i]);
    end_life(store);
    close_all(store);
}
