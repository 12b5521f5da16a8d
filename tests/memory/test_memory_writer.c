/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The writer's thread, while memory ends for it: it tries again, nothing is lost, and no frame is taken for a
 * bad one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/memory/failing_malloc.h"
#include "tests/memory/scene.h"

/* What comes later is the same statements again. */
#define EACH   100
#define STRIDE 13

static char *healthy; /* how a scene looks when all went well */

static int open_town(void **state)
{
    (void)state;
    town_open();
    return 0;
}

static int close_town(void **state)
{
    (void)state;
    town_close();
    free(healthy);
    healthy = NULL;
    return 0;
}

/* Frames of many kinds, in one life and seen in the next. */
static void live(struct scene *scene, int number, enum memory_fault fault, unsigned long nth)
{
    memory_fail(MEMORY_OF_THE_OTHERS, fault, nth);
    scene_build(scene, number);
    scene_gather(scene);
    scene_command(scene, scene->clients[ALICE], "{'command':'setSelfInfo','nickname':'Alice'}");
    scene_command(scene, scene->clients[BOB], "{'command':'markRead','to':'alice@'}");
    scene_chat(scene);
    scene_leave(scene);
}

static char *look(struct scene *scene)
{
    scene->sent = 0;
    scene_gather(scene);
    char *picture = scene_picture(scene);
    scene_leave(scene);
    scene_forget(scene);
    return picture;
}

static void assert_no_bad_frame(void)
{
    struct scene scene = {0};
    assert_int_equal(scene_command(&scene, town_root(), "{'command':'getStats'}"), FAKE_DONE);
    assert_non_null(strstr(fake_response(town_root()), "\"ringBad\":0"));
}

static void each_allocation_fails_once(void **state)
{
    unsigned long failed = 1, nth;
    (void)state;
    for (nth = 0; failed > 0; nth += nth < EACH ? 1 : STRIDE) {
        struct scene scene;
        live(&scene, (int)nth, MEMORY_FAILS_ONCE, nth);
        scene_await_commit(); /* it comes to its end by itself */
        failed = nth == 0 ? 1 : memory_heal();
        assert_no_bad_frame();
        town_restart();
        char *picture = look(&scene);
        if (!healthy)
            healthy = picture;
        assert_string_equal(picture, healthy);
        if (picture != healthy)
            free(picture);
    }
    print_message("  about %lu allocations\n", nth);
}

static void await_failures(void)
{
    for (int i = 0; i < 10000 && !fake_log_find("the database cannot be written"); i++) {
        fake_turn();
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    assert_non_null(fake_log_find("the database cannot be written (out of memory)"));
}

/* Everything is acked meanwhile, and waits in the ring. */
static void memory_is_out_for_a_while(void **state)
{
    struct scene scene;
    (void)state;
    live(&scene, 0, MEMORY_FAILS_ONCE, 0);
    memory_heal();
    town_restart();
    healthy = look(&scene);
    for (unsigned long nth = 1; nth < 20; nth++) {
        live(&scene, (int)nth, MEMORY_IS_OUT, nth);
        await_failures();
        memory_heal();
        scene_await_commit();
        assert_no_bad_frame();
        town_restart();
        char *picture = look(&scene);
        assert_string_equal(picture, healthy);
        free(picture);
    }
}

/* A few seconds later the writer gives up; the ring keeps what it did not come to, and the next start
 * executes it. */
static void memory_is_out_until_the_broker_stops(void **state)
{
    struct scene scene;
    (void)state;
    live(&scene, 0, MEMORY_FAILS_ONCE, 0);
    memory_heal();
    town_restart();
    healthy = look(&scene);
    live(&scene, 1, MEMORY_IS_OUT, 1);
    town_stop();
    assert_true(memory_heal() > 0);
    assert_true(fake_start(town_options()));
    char *picture = look(&scene);
    assert_string_equal(picture, healthy);
    free(picture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_allocation_fails_once, open_town, close_town),
        cmocka_unit_test_setup_teardown(memory_is_out_for_a_while, open_town, close_town),
        cmocka_unit_test_setup_teardown(memory_is_out_until_the_broker_stops, open_town, close_town),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
