/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/media/stock.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "lib/basics.h"
#include "lib/text.h"
#include "plugin/core/broker.h"
#include "plugin/core/chat.h"
#include "plugin/media/media_thread.h"
#include "schema/store.h"
#include "schema/young.h"

#define OLD_A_STEP 32    /* files */
#define CHECK_MS   60000 /* for old ones, when there were none */
#define LIST_MS    1000  /* between two looks at what is there */
#define PURGE_MS   1000  /* for somebody whose uploads have to go */

/* How much a user has, as a frame says that the database may not have yet. */
struct young_total {
    struct young young;
    int64_t bytes;
    char user[USER_ID_MAX + 1];
};

struct stock {
    struct young_list *totals;
    struct media_remove *removed; /* by the thread; their rows are still there */
    int out;                      /* removals that the thread has */
    uint64_t mark;                /* of the last row that went */
    int64_t due;                  /* of the next look for old files; steady, ms */
    int64_t purge_due;            /* of the next look for who is purged; the same */
    bool failed;                  /* a file could not be removed: said once */
    int64_t begun;                /* this life; ms since 1970 */
    struct media_list *list;      /* the next look at what is there; NULL: the thread has it, or it is over */
    int64_t list_due;             /* steady, ms */
    int adopted;
};

/* Totals */

static struct young_total *find_young(const struct stock *stock, const char *user)
{
    return (struct young_total *)young_find(stock->totals, user, strlen(user));
}

int64_t stock_used(struct chat *chat, const char *user)
{
    const struct young_total *young = find_young(chat->stock, user);
    if (young)
        return young->bytes;
    sqlite3_stmt *row = store_read(chat->store, R_MEDIA_USER);
    sqlite3_bind_text(row, 1, user, -1, SQLITE_STATIC);
    int64_t bytes = store_row(chat->store, row) ? sqlite3_column_int64(row, 0) : 0;
    store_done(row);
    return bytes;
}

static bool remember(struct stock *stock, const char *user, int64_t bytes)
{
    struct young_total *young = find_young(stock, user);
    if (young) {
        young_renew(stock->totals, &young->young);
    } else {
        young = malloc(sizeof *young);
        if (!young)
            return false;
        text_copy(young->user, sizeof young->user, user);
        if (!young_add_keyed(stock->totals, &young->young, young->user, strlen(young->user)))
            return false;
    }
    young->bytes = bytes;
    return true;
}

static bool count(struct chat *chat, const char *user, int64_t more)
{
    int64_t bytes = larger(0, stock_used(chat, user) + more);
    if (store_reads_failed(chat->store) || !remember(chat->stock, user, bytes))
        return false;
    store_put(chat->store, W_MEDIA_USER, "ti", user, bytes);
    return true;
}

/* Rows */

bool stock_promise(struct chat *chat, const char *file, const char *user, int64_t size)
{
    if (!count(chat, user, size))
        return false;
    store_put(chat->store, W_MEDIA_ADD, "ttii", file, user, size, chat->now);
    return true;
}

void stock_keep(struct chat *chat, const char *file, const char *ext)
{
    store_put(chat->store, W_MEDIA_KEEP, "tt", file, ext);
}

bool stock_forget(struct chat *chat, const char *file, const char *user, int64_t size)
{
    if (!count(chat, user, -size))
        return false;
    store_put(chat->store, W_MEDIA_REMOVE, "t", file);
    return true;
}

/* What has to go */

/* file, ext, user, size. false: out of memory. */
static bool remove_row(struct chat *chat, sqlite3_stmt *row)
{
    struct media_remove *removal = calloc(1, sizeof *removal);
    if (!removal)
        return false;
    removal->job.task = MEDIA_REMOVE;
    text_copy(removal->file, sizeof removal->file, store_text(row, 0));
    text_copy(removal->ext, sizeof removal->ext, store_text(row, 1));
    text_copy(removal->user, sizeof removal->user, store_text(row, 2));
    removal->size = sqlite3_column_int64(row, 3);
    chat->stock->out++;
    media_thread_give(chat->media, &removal->job);
    return true;
}

/* How many have been given to the thread. */
static int remove_rows(struct chat *chat, sqlite3_stmt *row)
{
    int given = 0;
    while (store_row(chat->store, row)) {
        if (!remove_row(chat, row)) {
            store_row_lost(chat->store);
            break;
        }
        given++;
    }
    store_done(row);
    return given;
}

/* What was under way when the last life ended. */
static int remove_unfinished(struct chat *chat)
{
    int given = remove_rows(chat, store_read(chat->store, R_MEDIA_UNFINISHED));
    if (given > 0)
        broker_info("media_dir: %d uploads were not quite finished when the broker ended; they are removed",
                    given);
    return store_reads_failed(chat->store) ? -1 : 0;
}

static void remove_old(struct chat *chat)
{
    struct stock *stock = chat->stock;
    int64_t days = plugin_options_media_retention_days(&chat->options);
    stock->due = chat->steady + CHECK_MS;
    if (days == 0 || !store_believes_clock(chat->store))
        return;
    sqlite3_stmt *row = store_read(chat->store, R_MEDIA_OLD);
    sqlite3_bind_int64(row, 1, chat->now - days * DAY_MS);
    sqlite3_bind_int64(row, 2, OLD_A_STEP);
    if (remove_rows(chat, row) == OLD_A_STEP)
        stock->due = 0;
}

/* Who was deleted, purge and all. */
static bool find_purged(struct chat *chat, char user[USER_ID_MAX + 1], int64_t *until)
{
    sqlite3_stmt *row = store_read(chat->store, R_MEDIA_PURGES);
    bool found = store_row(chat->store, row);
    if (found) {
        text_copy(user, USER_ID_MAX + 1, store_text(row, 0));
        *until = sqlite3_column_int64(row, 1);
    }
    store_done(row);
    return found;
}

static sqlite3_stmt *read_of_user(struct chat *chat, enum read_id read, const char *user, int64_t until)
{
    sqlite3_stmt *row = store_read(chat->store, read);
    sqlite3_bind_text(row, 1, user, -1, SQLITE_STATIC);
    sqlite3_bind_int64(row, 2, until);
    return row;
}

/* What is just being finished goes a moment later. */
static bool is_any_left(struct chat *chat, const char *user, int64_t until)
{
    sqlite3_stmt *row = read_of_user(chat, R_MEDIA_PURGE_LEFT, user, until);
    bool left = store_row(chat->store, row);
    store_done(row);
    return left || store_reads_failed(chat->store);
}

/* The uploads of one of them. */
static void remove_purged(struct chat *chat)
{
    struct stock *stock = chat->stock;
    char user[USER_ID_MAX + 1];
    int64_t until;
    stock->purge_due = chat->steady + PURGE_MS;
    if (!find_purged(chat, user, &until))
        return;
    sqlite3_stmt *row = read_of_user(chat, R_MEDIA_PURGED, user, until);
    sqlite3_bind_int64(row, 3, OLD_A_STEP);
    const int given = remove_rows(chat, row);
    if (given == OLD_A_STEP)
        stock->purge_due = 0;
    if (given > 0 || is_any_left(chat, user, until))
        return;
    if (store_write(chat->store, W_MEDIA_PURGE_END, "t", user)) {
        stock->mark = store_last_mark(chat->store);
        stock->purge_due = 0; /* the next one */
    }
}

/* In a frame of its own. false: not now. */
static bool forget_removed(struct chat *chat, const struct media_remove *removal)
{
    if (!store_begin(chat->store))
        return false;
    if (!stock_forget(chat, removal->file, removal->user, removal->size)) {
        store_abort(chat->store);
        return false;
    }
    chat->stock->mark = store_commit(chat->store);
    return true;
}

static void forget_all_removed(struct chat *chat)
{
    struct stock *stock = chat->stock;
    while (stock->removed && forget_removed(chat, stock->removed)) {
        struct media_remove *removal = stock->removed;
        stock->removed = removal->next;
        stock->out--;
        free(removal);
    }
}

void stock_removed(struct chat *chat, struct media_remove *removal)
{
    struct stock *stock = chat->stock;
    if (removal->job.error == 0) {
        removal->next = stock->removed;
        stock->removed = removal;
        return;
    }
    if (!stock->failed)
        broker_warn("media_dir: cannot remove %s.%s: %s; it is tried again each minute (said once)",
                    removal->file, removal->ext, strerror(removal->job.error));
    stock->failed = true;
    stock->out--;
    stock->due = stock->purge_due = chat->steady + CHECK_MS;
    free(removal);
}

/* What is there, and not known */

static bool is_known(struct chat *chat, const struct media_entry *entry)
{
    sqlite3_stmt *row = store_read(chat->store, R_MEDIA);
    sqlite3_bind_text(row, 1, entry->file, -1, SQLITE_STATIC);
    bool known = store_row(chat->store, row) || store_reads_failed(chat->store);
    store_done(row);
    return known;
}

/* Of an earlier life: what this one has made may not be in the database yet. With the ring full, or reads that fail,
 * the next life will see it. */
static void adopt(struct chat *chat, const struct media_entry *entry)
{
    if (entry->time >= chat->stock->begun || is_known(chat, entry) ||
        !store_write(chat->store, W_MEDIA_ADOPT, "ttii", entry->file, entry->ext, entry->size, entry->time))
        return;
    chat->stock->adopted++;
}

void stock_listed(struct chat *chat, struct media_list *list)
{
    struct stock *stock = chat->stock;
    for (int i = 0; i < list->count; i++)
        adopt(chat, &list->entries[i]);
    if (list->more) {
        stock->list = list;
        stock->list_due = chat->steady + LIST_MS;
        return;
    }
    free(list);
    if (stock->adopted > 0)
        broker_warn("media_dir: %d files were not in the database, after a power loss or with an older one: "
                    "now they are",
                    stock->adopted);
}

static void look_around(struct chat *chat)
{
    struct stock *stock = chat->stock;
    if (!stock->list || chat->steady < stock->list_due)
        return;
    media_thread_give(chat->media, &stock->list->job);
    stock->list = NULL;
}

/* What has been read once must not be read again before its row is gone. */
void stock_tick(struct chat *chat)
{
    struct stock *stock = chat->stock;
    forget_all_removed(chat);
    look_around(chat);
    if (stock->out > 0 || !store_has(chat->store, stock->mark))
        return;
    if (chat->steady >= stock->purge_due)
        remove_purged(chat);
    else if (chat->steady >= stock->due)
        remove_old(chat);
}

int stock_open(struct chat *chat)
{
    struct stock *stock = chat->stock = calloc(1, sizeof *stock);
    if (!stock || !(stock->list = calloc(1, sizeof *stock->list)) ||
        young_open(&stock->totals, chat->store, NULL, NULL))
        return -1;
    stock->list->job.task = MEDIA_LIST;
    stock->list_due = chat->steady + LIST_MS;
    stock->begun = chat->now;
    return remove_unfinished(chat);
}

void stock_close(struct chat *chat)
{
    struct stock *stock = chat->stock;
    if (!stock)
        return;
    while (stock->removed) {
        struct media_remove *removal = stock->removed;
        stock->removed = removal->next;
        free(removal);
    }
    young_close(stock->totals);
    free(stock->list);
    free(stock);
    chat->stock = NULL;
}
