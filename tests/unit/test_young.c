/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Lists of what the database does not have yet. */
#include "schema/young.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store_fixture.h"

struct thing {
    struct young young;
    int number;
};

static struct young_list *list;
static int forgotten; /* the sum of their numbers */

static void forget(void *owner, struct young *young)
{
    assert_ptr_equal(owner, &forgotten);
    forgotten += ((struct thing *)young)->number;
    free(young);
}

/* A list, and a database that cannot be written until commit_all. */
static sqlite3 *open_list(struct fixture *f)
{
    open_store(f);
    forgotten = 0;
    assert_int_equal(young_open(&list, f->store, forget, &forgotten), 0);
    sqlite3 *db = hold_writes(f);
    return db;
}

static void commit_all(struct fixture *f, sqlite3 *db)
{
    let_writes(db);
    await_all(f->store);
}

static void close_list(struct fixture *f)
{
    young_close(list);
    close_store(f);
}

static struct thing *add(int number)
{
    struct thing *thing = calloc(1, sizeof *thing);
    assert_non_null(thing);
    thing->number = number;
    assert_true(young_add_keyed(list, &thing->young, &thing->number, sizeof thing->number));
    return thing;
}

static struct thing *find(int number)
{
    return (struct thing *)young_find(list, &number, sizeof number);
}

static void begin(struct fixture *f)
{
    assert_true(store_begin(f->store));
    store_put(f->store, W_GROUP_FORGET, "i", (int64_t)0);
}

static void add_in_frame(struct fixture *f, int number)
{
    begin(f);
    add(number);
    store_commit(f->store);
}

static void test_a_thing_is_there_until_the_database_has_its_frame(void **state)
{
    struct fixture *f = *state;
    sqlite3 *db = open_list(f);
    begin(f);
    struct thing *thing = add(1);
    assert_ptr_equal(find(1), thing);
    store_commit(f->store);
    store_poll(f->store);
    assert_ptr_equal(find(1), thing);
    commit_all(f, db);
    assert_null(find(1));
    assert_int_equal(forgotten, 1);
    close_list(f);
}

static void test_an_aborted_frame_takes_its_things_along_and_no_others(void **state)
{
    struct fixture *f = *state;
    sqlite3 *db = open_list(f);
    add_in_frame(f, 1);
    begin(f);
    add(2);
    add(4);
    store_abort(f->store);
    assert_int_equal(forgotten, 6);
    assert_non_null(find(1));
    commit_all(f, db);
    close_list(f);
}

static void test_a_thing_that_is_changed_stays_until_the_database_has_the_change(void **state)
{
    struct fixture *f = *state;
    sqlite3 *db = open_list(f);
    add_in_frame(f, 1);
    add_in_frame(f, 2);
    begin(f);
    young_renew(list, &find(1)->young);
    store_commit(f->store);
    begin(f);
    assert_true(find(1)->young.mark < store_mark(f->store) && find(1)->young.mark > find(2)->young.mark);
    assert_ptr_equal(list->oldest, &find(2)->young);
    store_abort(f->store);
    assert_int_equal(forgotten, 0);
    commit_all(f, db);
    assert_int_equal(forgotten, 3);
    close_list(f);
}

static void test_a_thing_taken_off_the_list_is_not_found_and_not_forgotten(void **state)
{
    struct fixture *f = *state;
    sqlite3 *db = open_list(f);
    begin(f);
    struct thing *kept = add(1);
    add(2);
    young_remove(list, &kept->young);
    young_forget(list, &find(2)->young);
    assert_null(find(1));
    store_commit(f->store);
    commit_all(f, db);
    assert_int_equal(forgotten, 2);
    free(kept);
    close_list(f);
}

static void test_a_thing_without_a_key_is_forgotten_like_others(void **state)
{
    struct fixture *f = *state;
    sqlite3 *db = open_list(f);
    struct thing *thing = malloc(sizeof *thing); /* with whatever was there */
    assert_non_null(thing);
    memset(thing, 0xff, sizeof *thing);
    thing->number = 1;
    begin(f);
    young_add(list, &thing->young);
    assert_null(find(1));
    store_commit(f->store);
    commit_all(f, db);
    assert_int_equal(forgotten, 1);
    close_list(f);
}

static void test_closing_forgets_all_and_the_store_goes_on_without_the_list(void **state)
{
    struct fixture *f = *state;
    sqlite3 *db = open_list(f);
    add_in_frame(f, 1);
    young_close(list);
    assert_int_equal(forgotten, 1);
    commit_all(f, db);
    assert_true(store_begin(f->store));
    store_abort(f->store);
    close_store(f);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_thing_is_there_until_the_database_has_its_frame),
        TEST(test_an_aborted_frame_takes_its_things_along_and_no_others),
        TEST(test_a_thing_that_is_changed_stays_until_the_database_has_the_change),
        TEST(test_a_thing_taken_off_the_list_is_not_found_and_not_forgotten),
        TEST(test_a_thing_without_a_key_is_forgotten_like_others),
        TEST(test_closing_forgets_all_and_the_store_goes_on_without_the_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
