/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Who leaves memory, who does not, and that what comes back is what was there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <utlist.h>

#include "plugin/core/chat.h"
#include "plugin/people/application.h"
#include "plugin/people/blacklist.h"
#include "plugin/people/conversation.h"
#include "plugin/people/eviction.h"
#include "plugin/people/member.h"
#include "plugin/people/merge.h"
#include "plugin/people/profile.h"
#include "plugin/people/unread.h"
#include "plugin/people/user.h"
#include "plugin/people/visible.h"
#include "schema/log.h"
#include "tests/unit/store_fixture.h"

#define NOW 1700000000000

static struct chat chat;

static void begin(void)
{
    assert_true(store_begin(chat.store));
}

static void commit(void)
{
    store_commit(chat.store);
}

static struct user *create(const char *id)
{
    begin();
    struct user *user = user_create(&chat, id);
    commit();
    assert_non_null(user);
    return user;
}

static struct conversation *pair(const char *a, const char *b)
{
    begin();
    struct conversation *joined = pair_join(&chat, a, b);
    commit();
    assert_non_null(joined);
    return joined;
}

static struct conversation *start_group(struct user *owner, struct user *const *others, size_t count)
{
    const struct group group = {.id = "g", .type = GROUP_PUBLIC, .name = "friends", .created = NOW};
    begin();
    struct conversation *created = group_create(&chat, &group, owner, others, count);
    assert_non_null(created);
    for (size_t i = 0; i < count; i++)
        assert_non_null(member_add(&chat, created, others[i], ROLE_MEMBER));
    commit();
    return created;
}

static int set_up_memory(void **state)
{
    if (set_up(state))
        return -1;
    struct fixture *f = *state;
    open_store(f);
    chat = (struct chat){.store = f->store, .now = NOW, .steady = NOW}; /* cache_seconds 0 */
    return log_open(&chat.log, chat.store) || eviction_open(&chat) || users_open(&chat) ||
           conversations_open(&chat) || applications_open(&chat) || visible_open(&chat);
}

static int tear_down_memory(void **state)
{
    visible_close(&chat);
    applications_close(&chat);
    members_close(&chat);
    conversations_close(&chat);
    users_close(&chat);
    eviction_close(&chat);
    log_close(chat.log);
    return tear_down(state);
}

/* Several eras, unless the database has not what they wait for. */
static void wait_cold(void)
{
    for (int i = 0; i < 50; i++) {
        store_poll(chat.store);
        assert_false(eviction_tick(&chat));
    }
}

static void commit_and_wait(void)
{
    await_all(chat.store);
    wait_cold();
}

static bool is_empty(void)
{
    return !users_first(&chat) && !conversations_first(&chat);
}

static void test_what_nobody_uses_leaves_memory_and_comes_back_as_it_was(void **state)
{
    (void)state;
    struct user *alice = create("alice"), *bob = create("bob");
    struct conversation *group = start_group(alice, &bob, 1);
    (void)pair("bob", "alice");
    begin();
    user_set_profile(&chat, alice, profile_make("Alice", "", "hi"));
    assert_true(blacklist_add(&chat, alice, (const char *const[]){"bob"}, 1));
    user_count_group(&chat, alice);
    member_set_info(&chat, member_find(&chat, group, "bob"), "Bobby", RECEIVE_DISCARD);
    assert_non_null(member_mute(&chat, group, bob, NOW + 1000));
    commit();
    commit_and_wait();
    assert_true(is_empty());
    alice = user_find(&chat, "alice");
    assert_string_equal(user_name(alice), "Alice");
    assert_int_equal(user_groups_left(&chat, alice), 99);
    assert_int_equal(blacklist_check(&chat, alice, "bob"), 20007);
    group = conversation_group(&chat, "g");
    assert_int_equal(group->group->member_count, 2);
    struct member *member = member_find(&chat, group, "bob");
    assert_string_equal(member->name_card, "Bobby");
    assert_int_equal(member->muted_until, NOW + 1000);
    assert_int_equal(member_role(&chat, group, "alice"), ROLE_OWNER);
    assert_true(memberships_load(&chat, alice));
    assert_int_equal(alice->membership_count, 2);
    assert_ptr_equal(conversation_pair(&chat, "alice", "bob"), conversation_in_memory(&chat, group->id + 1));
}

static void test_what_the_database_has_not_stays(void **state)
{
    sqlite3 *db = look(*state);
    change_in(db, "BEGIN IMMEDIATE");
    (void)create("alice");
    (void)create("bob");
    (void)pair("alice", "bob");
    wait_cold();
    assert_non_null(user_in_memory(&chat, "alice"));
    assert_int_equal(conversations_first(&chat)->id, 1);
    change_in(db, "COMMIT");
    sqlite3_close(db);
    commit_and_wait();
    assert_true(is_empty());
}

/* Whatever pointer it is changed with. */
static void test_a_change_keeps_it_until_the_database_has_that(void **state)
{
    struct user *alice = create("alice"), *bob = create("bob");
    struct conversation *group = start_group(alice, &bob, 1);
    struct member *member = member_find(&chat, group, "bob");
    await_all(chat.store);
    store_poll(chat.store);
    sqlite3 *db = look(*state);
    change_in(db, "BEGIN IMMEDIATE");
    alice->sessions = (struct session *)&chat;
    group->holders++;
    chat.era += 10; /* while it was in use it was not looked up */
    begin();
    user_set_profile(&chat, alice, profile_make("Alice", "", ""));
    member_set_role(&chat, member, ROLE_ADMIN);
    commit();
    alice->sessions = NULL;
    group->holders--;
    wait_cold();
    assert_string_equal(user_name(user_find(&chat, "alice")), "Alice");
    assert_int_equal(member_role(&chat, group, "bob"), ROLE_ADMIN);
    change_in(db, "COMMIT");
    sqlite3_close(db);
}

static void test_who_is_connected_watched_or_deleted_just_now_stays(void **state)
{
    (void)state;
    struct user *here = create("here"), *watched = create("watched"), *leaving = create("leaving");
    struct user *stale = create("stale"), *uploads = create("uploads");
    (void)create("gone");
    here->sessions = (struct session *)&chat;
    watched->watched = (struct watched *)&chat;
    leaving->leaving = true;
    stale->devices_ended = UINT64_MAX;
    uploads->uploads.open = 1;
    commit_and_wait();
    assert_int_equal(HASH_COUNT(users_first(&chat)), 5);
    assert_null(user_in_memory(&chat, "gone"));
    here->sessions = NULL;
    watched->watched = NULL;
    leaving->leaving = false;
    stale->devices_ended = 0;
    uploads->uploads.open = 0;
    wait_cold();
    assert_true(is_empty());
}

static void test_an_account_that_is_not_full_again_is_not_forgotten(void **state)
{
    (void)state;
    struct user *alice = create("alice");
    assert_true(bucket_take(&alice->rate, chat.steady, 1, 5, 0));
    commit_and_wait();
    assert_int_equal(user_in_memory(&chat, "alice")->rate.tokens, 4000);
    chat.steady += BUCKET_REST_MS + 1;
    wait_cold();
    assert_true(is_empty());
    struct user *bob = create("bob");
    struct conversation *group = start_group(create("owner"), &bob, 1);
    assert_true(bucket_take(&group->tips_rate, chat.steady, 1, 1, 0));
    commit_and_wait();
    assert_ptr_equal(conversations_first(&chat), group);
}

static void test_a_conversation_that_somebody_is_given_stays_and_so_do_those_of_a_merge(void **state)
{
    (void)state;
    struct user *alice = create("alice"), *bob = create("bob");
    struct conversation *group = start_group(alice, &bob, 1);
    struct conversation *talk = pair("alice", "bob");
    group->holders++;
    struct merge *merge = merge_open(&chat, alice, MERGE_ALL, NULL, 0);
    commit_and_wait();
    assert_non_null(group->members);
    assert_ptr_equal(conversation_in_memory(&chat, talk->id), talk);
    assert_ptr_equal(talk->members->user, alice);
    merge_close(merge);
    group->holders--;
    wait_cold();
    assert_true(is_empty());
}

static void test_members_of_a_conversation_in_use_go_on_without_their_user(void **state)
{
    (void)state;
    struct user *alice = create("alice"), *bob = create("bob");
    struct conversation *group = start_group(alice, &bob, 1);
    group->holders++;
    commit_and_wait();
    assert_null(users_first(&chat));
    assert_int_equal(HASH_COUNT(group->members), 2);
    bob = user_find(&chat, "bob");
    assert_int_equal(memberships_count_groups(&chat, bob), 1);
    assert_true(memberships_load(&chat, bob));
    assert_ptr_equal(bob->memberships, member_find(&chat, group, "bob"));
    group->holders--;
}

static void test_a_step_is_small_however_much_there_is(void **state)
{
    (void)state;
    struct user *users[500];
    char id[16];
    for (size_t i = 0; i < 500; i++) {
        snprintf(id, sizeof id, "u%zu", i);
        users[i] = create(id);
    }
    (void)start_group(users[0], users + 1, 499);
    await_all(chat.store);
    store_poll(chat.store);
    for (size_t left = 1001, now; !is_empty(); left = now) {
        now = HASH_COUNT(users_first(&chat));
        if (conversations_first(&chat))
            now += 1 + HASH_COUNT(conversations_first(&chat)->members);
        assert_in_range(left - now, 0, 200);
        (void)eviction_tick(&chat);
    }
}

#define MEMORY(test) cmocka_unit_test_setup_teardown(test, set_up_memory, tear_down_memory)

int main(void)
{
    const struct CMUnitTest tests[] = {
        MEMORY(test_what_nobody_uses_leaves_memory_and_comes_back_as_it_was),
        MEMORY(test_what_the_database_has_not_stays),
        MEMORY(test_a_change_keeps_it_until_the_database_has_that),
        MEMORY(test_who_is_connected_watched_or_deleted_just_now_stays),
        MEMORY(test_an_account_that_is_not_full_again_is_not_forgotten),
        MEMORY(test_a_conversation_that_somebody_is_given_stays_and_so_do_those_of_a_merge),
        MEMORY(test_members_of_a_conversation_in_use_go_on_without_their_user),
        MEMORY(test_a_step_is_small_however_much_there_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
