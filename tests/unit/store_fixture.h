/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What the tests of the store share: a folder of their own, the lines the store has logged, a second
 * connection to look at the database with. Include after cmocka.h. */
#ifndef TESTS_STORE_FIXTURE_H
#define TESTS_STORE_FIXTURE_H

#include <signal.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "schema/store.h"

#define UNUSED    __attribute__((unused))
#define LINES_MAX 64

struct fixture {
    char folder[64];
    struct store_config config;
    char database[96], ring[96], bad[128];
    char error[1024];
    struct store *store;
};

static struct {
    enum store_log priority;
    char text[512];
} lines[LINES_MAX];
static int line_count;

UNUSED static void take_line(enum store_log priority, const char *line)
{
    if (line_count == LINES_MAX)
        return;
    lines[line_count].priority = priority;
    snprintf(lines[line_count++].text, sizeof lines[0].text, "%s", line);
}

UNUSED static int count_lines(enum store_log priority, const char *words)
{
    int found = 0;
    for (int i = 0; i < line_count; i++)
        found += lines[i].priority == priority && strstr(lines[i].text, words);
    return found;
}

UNUSED static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    if (!f)
        return -1;
    strcpy(f->folder, "/tmp/test_store.XXXXXX");
    if (!mkdtemp(f->folder))
        return -1;
    snprintf(f->database, sizeof f->database, "%s/db", f->folder);
    snprintf(f->ring, sizeof f->ring, "%s/ring", f->folder);
    snprintf(f->bad, sizeof f->bad, "%s.bad", f->database);
    f->config = (struct store_config){.database = f->database,
                                      .ring_file = f->ring,
                                      .ring_bytes = 262144,
                                      .sync = SYNC_OFF,
                                      .log = take_line};
    line_count = 0;
    *state = f;
    return 0;
}

UNUSED static int tear_down(void **state)
{
    struct fixture *f = *state;
    char command[128];
    store_close(f->store);
    snprintf(command, sizeof command, "rm -rf '%s'", f->folder);
    int result = system(command);
    free(f);
    return result;
}

UNUSED static void open_store(struct fixture *f)
{
    if (store_open(&f->store, &f->config, f->error, sizeof f->error) != 0)
        fail_msg("%s", f->error);
}

UNUSED static void close_store(struct fixture *f)
{
    store_close(f->store);
    f->store = NULL;
}

UNUSED static void reopen_store(struct fixture *f)
{
    close_store(f);
    open_store(f);
}

UNUSED static void assert_says(const char *text, const char *words)
{
    if (!strstr(text, words))
        fail_msg("no '%s' in '%s'", words, text);
}

UNUSED static void assert_refused(struct fixture *f, const char *words)
{
    struct store *store = NULL;
    f->error[0] = '\0';
    assert_int_equal(store_open(&store, &f->config, f->error, sizeof f->error), -1);
    assert_null(store);
    assert_says(f->error, words);
}

UNUSED static sqlite3 *look(const struct fixture *f)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(f->database, &db), SQLITE_OK);
    sqlite3_busy_timeout(db, 5000);
    return db;
}

UNUSED static void change_in(sqlite3 *db, const char *sql)
{
    char *why = NULL;
    if (sqlite3_exec(db, sql, NULL, NULL, &why) != SQLITE_OK)
        fail_msg("%s: %s", sql, why);
}

UNUSED static void change(const struct fixture *f, const char *sql)
{
    sqlite3 *db = look(f);
    change_in(db, sql);
    sqlite3_close(db);
}

/* The writer cannot write until let_writes. */
UNUSED static sqlite3 *hold_writes(const struct fixture *f)
{
    sqlite3 *db = look(f);
    change_in(db, "BEGIN IMMEDIATE");
    return db;
}

UNUSED static void let_writes(sqlite3 *db)
{
    change_in(db, "COMMIT");
    sqlite3_close(db);
}

UNUSED static int64_t ask_in(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *s = NULL;
    if (sqlite3_prepare_v2(db, sql, -1, &s, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    int64_t number = sqlite3_step(s) == SQLITE_ROW ? sqlite3_column_int64(s, 0) : -1;
    sqlite3_finalize(s);
    return number;
}

UNUSED static int64_t ask(const struct fixture *f, const char *sql)
{
    sqlite3 *db = look(f);
    int64_t number = ask_in(db, sql);
    sqlite3_close(db);
    return number;
}

UNUSED static void pause_ms(long ms)
{
    nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

/* Polls until the condition holds, ten seconds at most. */
#define AWAIT(store, condition)                                                                              \
    do {                                                                                                     \
        int tries_ = 0;                                                                                      \
        for (store_poll(store); !(condition); store_poll(store)) {                                           \
            if (++tries_ > 10000)                                                                            \
                fail_msg("waited in vain for %s", #condition);                                               \
            pause_ms(1);                                                                                     \
        }                                                                                                    \
    } while (0)

UNUSED static void put_message_at(struct store *store, int64_t id, int64_t time, const char *body)
{
    store_put(store, W_MESSAGE_ADD, "iiittiiiitt", id, (int64_t)1, id, "alice", "alice:ios", time, (int64_t)0,
              (int64_t)0, (int64_t)1, NULL, body);
}

/* A frame of its own. false: the ring is full. */
UNUSED static bool add_message(struct store *store, int64_t id, const char *body)
{
    if (!store_begin_sized(store, strlen(body) + 100))
        return false;
    put_message_at(store, id, 1, body);
    store_commit(store);
    return true;
}

UNUSED static void add_messages(struct store *store, int64_t from, int64_t to)
{
    char body[32];
    for (int64_t id = from; id <= to; id++) {
        snprintf(body, sizeof body, "body %lld", (long long)id);
        AWAIT(store, add_message(store, id, body));
    }
}

UNUSED static void await_all(struct store *store)
{
    AWAIT(store, store_has(store, store_last_mark(store)));
}

UNUSED static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* A child opens the store, does something, and dies by SIGKILL. What it has to say comes through a pipe. */
struct child {
    pid_t pid;
    int said, go; /* read from it; let it go on */
};

typedef void child_body(struct store *store, int say);

UNUSED static void child_main(struct fixture *f, child_body *body, int say, int go)
{
    struct store *store;
    char byte;
    if (store_open(&store, &f->config, f->error, sizeof f->error) != 0 || write(say, "o", 1) != 1)
        _exit(1);
    if (read(go, &byte, 1) != 1)
        _exit(1);
    body(store, say);
    raise(SIGKILL);
}

UNUSED static struct child start_child(struct fixture *f, child_body *body)
{
    struct child child;
    int said[2], go[2];
    char byte;
    assert_int_equal(pipe(said), 0);
    assert_int_equal(pipe(go), 0);
    child.pid = fork();
    assert_true(child.pid >= 0);
    if (child.pid == 0) {
        close(said[0]);
        close(go[1]);
        child_main(f, body, said[1], go[0]);
    }
    close(said[1]);
    close(go[0]);
    child.said = said[0];
    child.go = go[1];
    assert_int_equal(read(child.said, &byte, 1), 1);
    return child;
}

UNUSED static void let_go(const struct child *child)
{
    assert_int_equal(write(child->go, "g", 1), 1);
}

UNUSED static bool hear(const struct child *child, void *number)
{
    return read(child->said, number, sizeof(int64_t)) == sizeof(int64_t);
}

UNUSED static void await_kill(const struct child *child)
{
    int status;
    assert_int_equal(waitpid(child->pid, &status, 0), child->pid);
    close(child->said);
    close(child->go);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGKILL);
}

UNUSED static void die_in_child(struct fixture *f, child_body *body)
{
    struct child child = start_child(f, body);
    let_go(&child);
    await_kill(&child);
}

/* Nothing of what it did is in the database: all of it is in the ring. */
UNUSED static void die_in_child_unwritten(struct fixture *f, child_body *body)
{
    struct child child = start_child(f, body);
    sqlite3 *db = hold_writes(f);
    let_go(&child);
    await_kill(&child);
    let_writes(db);
}

UNUSED static void tell(int say, int64_t number)
{
    if (write(say, &number, sizeof number) != sizeof number)
        _exit(1);
}

/* The message's id is its body too; two records, so that half a frame would show. 0: the ring is full. */
UNUSED static int64_t write_pair(struct store *store)
{
    char body[32];
    if (!store_begin(store))
        return 0;
    int64_t id = store_next_id(store);
    snprintf(body, sizeof body, "%lld", (long long)id);
    put_message_at(store, id, 1, body);
    store_put(store, W_CONVERSATION_ADD, "itt", id, NULL, NULL);
    store_commit(store);
    return id;
}

#endif
