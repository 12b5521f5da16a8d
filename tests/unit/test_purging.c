/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Whose messages have no content any more. */
#include "schema/purging.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static void nobody_is_purged_at_first(void **state)
{
    (void)state;
    assert_false(purging_has(NULL, 1, "bob", 1));
}

static void in_one_conversation_up_to_an_id(void **state)
{
    struct purging *list = NULL;
    (void)state;
    assert_true(purging_add(&list, 5, "bob", 100));
    assert_true(purging_has(list, 5, "bob", 100));
    assert_false(purging_has(list, 5, "bob", 101));
    assert_false(purging_has(list, 6, "bob", 1));
    assert_false(purging_has(list, 5, "bo", 1));
    assert_false(purging_has(list, 5, "bobb", 1));
    purging_clear(&list);
    assert_null(list);
}

static void in_all_conversations(void **state)
{
    struct purging *list = NULL;
    (void)state;
    assert_true(purging_add(&list, 0, "bob", 100));
    assert_true(purging_has(list, 5, "bob", 100));
    assert_false(purging_has(list, 5, "bob", 101));
    assert_false(purging_has(list, 5, "carol", 1));
    purging_clear(&list);
}

static void of_two_for_the_same_the_higher_id_counts(void **state)
{
    struct purging *list = NULL;
    (void)state;
    assert_true(purging_add(&list, 5, "bob", 100));
    assert_true(purging_add(&list, 5, "bob", 50));
    assert_true(purging_has(list, 5, "bob", 100));
    assert_true(purging_add(&list, 5, "bob", 200));
    assert_true(purging_has(list, 5, "bob", 200));
    purging_remove(&list, 5, "bob");
    assert_null(list);
}

static void one_goes_and_the_others_stay(void **state)
{
    struct purging *list = NULL;
    char name[33];
    (void)state;
    for (int i = 0; i < 1000; i++) {
        snprintf(name, sizeof name, "a_user_with_a_long_name_%08d", i);
        assert_true(purging_add(&list, i % 7, name, 1));
    }
    purging_remove(&list, 500 % 7, "a_user_with_a_long_name_00000500");
    purging_remove(&list, 3, "nobody");
    for (int i = 0; i < 1000; i++) {
        snprintf(name, sizeof name, "a_user_with_a_long_name_%08d", i);
        assert_int_equal(purging_has(list, i % 7, name, 1), i != 500);
    }
    purging_clear(&list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_is_purged_at_first),
        cmocka_unit_test(in_one_conversation_up_to_an_id),
        cmocka_unit_test(in_all_conversations),
        cmocka_unit_test(of_two_for_the_same_the_higher_id_counts),
        cmocka_unit_test(one_goes_and_the_others_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
