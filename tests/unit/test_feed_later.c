/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/clock.h"
#include "plugin/core/chat.h"
#include "plugin/delivery/feed_later.h"
#include "plugin/session/session.h"

#define MORE_THAN_A_TURN_HAS 2001 /* us */

/* Feeds have begun for so long. */
static void spend(struct chat *chat, int64_t us)
{
    feed_begun(chat, clock_steady_us() - us);
}

static void feeds_begin_for_two_milliseconds_of_a_turn(void **state)
{
    struct chat chat = {.tick = 7};
    (void)state;
    assert_true(feed_may_begin(&chat));
    spend(&chat, 0);
    assert_true(feed_may_begin(&chat));
    spend(&chat, MORE_THAN_A_TURN_HAS);
    assert_false(feed_may_begin(&chat));
    chat.tick++;
    assert_true(feed_may_begin(&chat));
}

static void who_waits_begins_before_who_comes(void **state)
{
    struct chat chat = {.tick = 7};
    struct session first = {0}, second = {0};
    (void)state;
    assert_true(feed_put_off(&chat, &first, 1));
    assert_true(feed_put_off(&chat, &second, 0));
    assert_false(feed_may_begin(&chat));
    assert_ptr_equal(feed_next(&chat), &first);
    feed_wait_ends(&chat, &first);
    assert_ptr_equal(feed_next(&chat), &second);
    feed_wait_ends(&chat, &second);
    assert_null(feed_next(&chat));
    assert_true(feed_may_begin(&chat));
}

static void nobody_is_next_in_a_turn_that_has_no_time_left(void **state)
{
    struct chat chat = {.tick = 7};
    struct session session = {0};
    (void)state;
    assert_true(feed_put_off(&chat, &session, 1));
    spend(&chat, MORE_THAN_A_TURN_HAS);
    assert_null(feed_next(&chat));
    chat.tick++;
    assert_ptr_equal(feed_next(&chat), &session);
    feed_wait_ends(&chat, &session);
}

static void who_subscribes_again_waits_once_with_the_last_qos(void **state)
{
    struct chat chat = {.tick = 7};
    struct session session = {0};
    (void)state;
    assert_true(feed_put_off(&chat, &session, 1));
    assert_true(feed_put_off(&chat, &session, 0));
    assert_int_equal(feed_later(&chat, &session)->qos, 0);
    feed_wait_ends(&chat, &session);
    feed_wait_ends(&chat, &session);
    assert_null(feed_next(&chat));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(feeds_begin_for_two_milliseconds_of_a_turn),
        cmocka_unit_test(who_waits_begins_before_who_comes),
        cmocka_unit_test(nobody_is_next_in_a_turn_that_has_no_time_left),
        cmocka_unit_test(who_subscribes_again_waits_once_with_the_last_qos),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
