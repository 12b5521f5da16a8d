/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* How the plugin starts and stops, while memory ends. A start that fails leaves nothing open and nothing half
 * done: the next one, with memory, finds everything. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/memory/failing_malloc.h"
#include "tests/memory/scene.h"

/* Between its beginning and its end a start prepares more than a hundred statements: there it fails at one
 * allocation of so many. */
#define EACH_AT_BOTH_ENDS 300
#define STRIDE            97

#define SAID 3 /* messages that are there before */

static struct scene scene;

static int count_entries(const char *folder)
{
    int count = 0;
    memory_pause();
    DIR *entries = opendir(folder);
    assert_non_null(entries);
    while (readdir(entries))
        count++;
    closedir(entries);
    memory_resume();
    return count;
}

struct held {
    long blocks;
    int files, threads;
};

static struct held held(void)
{
    return (struct held){memory_blocks(), count_entries("/proc/self/fd"), count_entries("/proc/self/task")};
}

static void assert_holds_no_more_than(struct held before, unsigned long nth)
{
    const struct held now = held();
    if (now.blocks != before.blocks || now.files != before.files || now.threads != before.threads)
        fail_msg("allocation %lu: the start failed, and left %ld blocks, %d files, %d threads", nth,
                 now.blocks - before.blocks, now.files - before.files, now.threads - before.threads);
}

static void assert_said(int messages)
{
    char words[32];
    struct mosquitto *alice = scene_login(&scene, "alice@:ios:1");
    assert_non_null(alice);
    scene_request(&scene, alice, "{'command':'getHistory','group':'club@','limit':100}");
    fake_flush();
    snprintf(words, sizeof words, "\"seq\":%d,\"sender\":\"bob", messages);
    assert_non_null(strstr(fake_response(alice), words));
    snprintf(words, sizeof words, "\"seq\":%d,", messages + 1);
    assert_null(strstr(fake_response(alice), words));
}

static void say(int from, int to)
{
    struct mosquitto *bob = scene_login(&scene, "bob@:ios:1");
    for (int i = from; i <= to; i++)
        assert_int_equal(scene_publish(&scene, bob, "chat/group/club@", "hello", 1), FAKE_DONE);
    scene.sent = 0;
}

static unsigned long next(unsigned long nth, unsigned long total)
{
    bool in_between = nth >= EACH_AT_BOTH_ENDS && nth + STRIDE + EACH_AT_BOTH_ENDS < total;
    return nth + (in_between ? STRIDE : 1);
}

static bool start(enum memory_fault fault, unsigned long nth, unsigned long *failed)
{
    const struct held before = held();
    memory_fail(MEMORY_OF_THIS_THREAD, fault, nth);
    bool started = fake_start(town_options());
    *failed = memory_heal();
    if (!started)
        assert_holds_no_more_than(before, nth);
    return started;
}

/* A start with each allocation failing, until one succeeds that saw no failure: that one is running then.
 * `anew` (or NULL) undoes what a start has done. */
static void start_until_it_works(enum memory_fault fault, void (*anew)(void))
{
    unsigned long failed = 1, total;
    assert_true(start(fault, 0, &failed));
    total = memory_asked();
    for (unsigned long nth = 1;; nth = next(nth, total)) {
        town_stop();
        if (anew)
            anew();
        while (!start(fault, nth, &failed))
            nth = next(nth, total);
        if (failed == 0)
            break;
    }
    print_message("  %lu allocations\n", total);
}

static int found(void **state)
{
    (void)state;
    town_open(); /* libraries allocate once what they never give back */
    scene_build(&scene, 0);
    scene_forget(&scene);
    town_close();
    town_found();
    return 0;
}

static int raze(void **state)
{
    (void)state;
    town_stop();
    scene_forget(&scene);
    town_raze();
    return 0;
}

static void a_start_without_a_database(void **state)
{
    (void)state;
    start_until_it_works(MEMORY_FAILS_ONCE, town_empty);
    scene_build(&scene, 1);
}

static void a_start_without_a_database_and_without_memory(void **state)
{
    (void)state;
    start_until_it_works(MEMORY_IS_OUT, town_empty);
    scene_build(&scene, 1);
}

static void live_before(void)
{
    assert_true(fake_start(town_options()));
    scene_build(&scene, 1);
    say(2, SAID);
}

static void a_start_with_a_database(void **state)
{
    (void)state;
    live_before();
    town_stop();
    start_until_it_works(MEMORY_FAILS_ONCE, NULL);
    assert_said(SAID);
}

/* The writer cannot write, the broker dies, and the ring has what it did not come to. */
static void die_with_a_full_ring(void)
{
    sqlite3 *lock;
    assert_int_equal(sqlite3_open(town_database(), &lock), SQLITE_OK);
    sqlite3_busy_timeout(lock, 10000);
    assert_int_equal(sqlite3_exec(lock, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    say(SAID + 1, SAID + 5);
    town_copy("before");
    sqlite3_close(lock);
}

static void restore(void)
{
    town_restore("before");
}

static void a_start_with_messages_left_in_the_ring(void **state)
{
    (void)state;
    live_before();
    scene_await_commit();
    die_with_a_full_ring();
    town_stop();
    restore();
    start_until_it_works(MEMORY_FAILS_ONCE, restore);
    assert_said(SAID + 5);
}

/* Everything acked is there after it, and who has had what. */
static void a_stop(void **state)
{
    int messages = SAID;
    unsigned long failed = 1;
    (void)state;
    live_before();
    for (unsigned long nth = 1; failed > 0; nth++) {
        say(messages + 1, messages + 1);
        messages++;
        memory_fail(MEMORY_OF_THIS_THREAD, nth % 2 ? MEMORY_FAILS_ONCE : MEMORY_IS_OUT, nth);
        town_stop();
        failed = memory_heal();
        assert_true(fake_start(town_options()));
        assert_said(messages);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_start_without_a_database, found, raze),
        cmocka_unit_test_setup_teardown(a_start_without_a_database_and_without_memory, found, raze),
        cmocka_unit_test_setup_teardown(a_start_with_a_database, found, raze),
        cmocka_unit_test_setup_teardown(a_start_with_messages_left_in_the_ring, found, raze),
        cmocka_unit_test_setup_teardown(a_stop, found, raze),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
