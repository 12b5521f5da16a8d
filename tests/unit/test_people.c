/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Users, conversations and members when memory is out: each change is made whole or not at all, and nobody
 * takes what could not be read for what is not there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "plugin/core/chat.h"
#include "plugin/people/application.h"
#include "plugin/people/conversation.h"
#include "plugin/people/member.h"
#include "plugin/people/profile.h"
#include "plugin/people/user.h"
#include "tests/unit/failing_memory.h"
#include "tests/unit/store_fixture.h"

#define NOW 1700000000000

static struct chat chat;
static struct user *alice, *bob;
static struct conversation *group;

static void open_memory(struct fixture *f)
{
    chat = (struct chat){.store = f->store, .now = NOW};
    assert_int_equal(users_open(&chat) || conversations_open(&chat) || applications_open(&chat), 0);
}

static void close_memory(void)
{
    applications_close(&chat);
    members_close(&chat);
    conversations_close(&chat);
    users_close(&chat);
}

/* Nothing is in memory after it. */
static void read_anew(struct fixture *f)
{
    await_all(f->store);
    close_memory();
    open_memory(f);
}

static void begin(void)
{
    assert_true(store_begin(chat.store));
}

static struct user *create(const char *id)
{
    begin();
    struct user *user = user_create(&chat, id);
    store_commit(chat.store);
    assert_non_null(user);
    return user;
}

static int set_up_people(void **state)
{
    if (set_up(state))
        return -1;
    open_store(*state);
    open_memory(*state);
    alice = create("alice");
    bob = create("bob");
    return 0;
}

static int tear_down_people(void **state)
{
    close_memory();
    return tear_down(state);
}

/* Pairs */

static bool open_pair(void *context)
{
    (void)context;
    begin();
    bool done = pair_join(&chat, "bob", "alice") != NULL;
    store_commit(chat.store); /* also of what has failed: there is nothing in it */
    return done;
}

static bool no_pair(void *context)
{
    (void)context;
    return !conversation_pair(&chat, "alice", "bob") && !conversations_first(&chat) && !alice->memberships &&
           !bob->memberships && !store_reads_failed(chat.store);
}

static void test_a_pair_is_opened_whole_or_not_at_all(void **state)
{
    assert_int_equal(fail_each(open_pair, no_pair, NULL),
                     7); /* the pair, two members, two of each of two tables */
    struct conversation *pair = conversation_pair(&chat, "alice", "bob");
    assert_ptr_equal(alice->memberships->conversation, pair);
    assert_ptr_equal(bob->memberships->conversation, pair);
    await_all(chat.store);
    assert_int_equal(ask(*state, "SELECT count(*) FROM conversation"), 1);
    assert_int_equal(ask(*state, "SELECT count(*) FROM member WHERE role = 1"), 2);
    assert_int_equal(store_counters(chat.store).frames_bad, 0);
}

static void test_a_pair_that_cannot_be_read_is_not_opened_again(void **state)
{
    assert_true(open_pair(NULL));
    read_anew(*state);
    assert_non_null(user_find(&chat, "alice"));
    assert_non_null(user_find(&chat, "bob"));
    memory_left = 0;
    assert_null(conversation_pair(&chat, "alice", "bob"));
    assert_int_equal(memory_left, -1);
    assert_false(open_pair(NULL));
    assert_true(store_reads_failed(chat.store));
    assert_null(conversations_first(&chat));
}

/* Groups */

static struct conversation *start_group(void)
{
    const struct group wanted = {.id = "g", .type = GROUP_PUBLIC, .owner = "alice", .created = NOW};
    begin();
    struct conversation *conversation = group_create(&chat, &wanted, alice, NULL, 0);
    store_commit(chat.store);
    return conversation;
}

static bool create_group(void *context)
{
    (void)context;
    return start_group() != NULL;
}

static bool no_group(void *context)
{
    (void)context;
    return !conversation_group_any(&chat, "g") && !conversations_first(&chat) && !alice->memberships;
}

static void test_a_group_is_created_with_its_owner_or_not_at_all(void **state)
{
    assert_true(fail_each(create_group, no_group, NULL) > 0);
    group = conversation_group(&chat, "g");
    assert_int_equal(group->group->member_count, 1);
    assert_int_equal(member_role(&chat, group, "alice"), ROLE_OWNER);
    await_all(chat.store);
    assert_int_equal(ask(*state, "SELECT member_count FROM chat_group WHERE group_id = 'g'"), 1);
    assert_int_equal(ask(*state, "SELECT count(*) FROM member WHERE role = 3"), 1);
    assert_int_equal(store_counters(chat.store).frames_bad, 0);
}

static bool holds_its_id(void *old)
{
    return conversation_group_any(&chat, "g") == old;
}

static void test_a_dismissed_group_keeps_its_id_until_another_has_it(void **state)
{
    struct conversation *old = start_group();
    begin();
    group_dismiss(&chat, old);
    store_commit(chat.store);
    await_all(chat.store);
    assert_true(fail_each(create_group, holds_its_id, old) > 0);
    assert_ptr_not_equal(conversation_group(&chat, "g"), old);
    assert_ptr_equal(conversation_by_id(&chat, old->id), old);
    await_all(chat.store);
    assert_int_equal(
        ask(*state, "SELECT count(*) FROM chat_group WHERE group_id = 'g' AND dismissed IS NULL"), 1);
    assert_int_equal(store_counters(chat.store).frames_bad, 0);
}

/* Members */

static bool add(void *user)
{
    begin();
    const struct member *member = member_add(&chat, group, user, ROLE_MEMBER);
    store_commit(chat.store);
    return member != NULL;
}

static bool is_outside(void *user)
{
    return !((struct user *)user)->memberships &&
           member_role(&chat, group, ((struct user *)user)->id) == ROLE_NONE;
}

static void test_a_member_is_added_or_not(void **state)
{
    char id[USER_ID_MAX + 1];
    int failures = 0;
    group = start_group();
    for (int i = 0; i < 500; i++) { /* so many that tables grow */
        snprintf(id, sizeof id, "u%d", i);
        AWAIT(chat.store, store_counters(chat.store).ring_used < 100000);
        failures += fail_each(add, is_outside, create(id));
    }
    assert_true(failures > 500);
    assert_int_equal(group->group->member_count, 501);
    await_all(chat.store);
    assert_int_equal(ask(*state, "SELECT count(*) FROM member"), 501);
}

static bool mute(void *user)
{
    begin();
    const struct member *member = member_mute(&chat, group, user, NOW + 1000);
    store_commit(chat.store);
    return member != NULL;
}

static void test_a_user_is_muted_or_not(void **state)
{
    (void)state;
    group = start_group();
    assert_true(fail_each(mute, is_outside, bob) > 0);
    assert_int_equal(bob->memberships->muted_until, NOW + 1000);
}

static void test_a_member_row_that_cannot_be_read_is_not_made_anew(void **state)
{
    group = start_group();
    assert_true(mute(bob));
    read_anew(*state);
    group = conversation_group(&chat, "g");
    bob = user_find(&chat, "bob");
    memory_left = 0;
    assert_false(add(bob));
    assert_int_equal(memory_left, -1);
    assert_true(store_reads_failed(chat.store));
    assert_true(add(bob));
    assert_int_equal(bob->memberships->muted_until, NOW + 1000);
}

/* Reading */

/* The next attempt is a piece of work of its own. */
static bool says_failed(void *context)
{
    bool failed = store_reads_failed(chat.store);
    (void)context;
    store_reads_begin(chat.store);
    return failed;
}

static bool find_user(void *context)
{
    (void)context;
    return user_find(&chat, "alice") != NULL;
}

static bool find_pair(void *context)
{
    (void)context;
    return conversation_pair(&chat, "alice", "bob") != NULL;
}

static bool find_group(void *context)
{
    (void)context;
    return conversation_group(&chat, "g") != NULL;
}

static bool find_member(void *conversation)
{
    return member_find(&chat, conversation, "bob") != NULL;
}

static bool load_members(void *conversation)
{
    return members_load(&chat, conversation);
}

static bool load_memberships(void *user)
{
    return memberships_load(&chat, user);
}

static void test_what_memory_is_out_for_counts_as_unread(void **state)
{
    assert_true(open_pair(NULL));
    begin();
    user_set_profile(&chat, alice, profile_make("Alice", "", ""));
    store_commit(chat.store);
    group = start_group();
    assert_true(add(bob));
    read_anew(*state);
    assert_true(fail_each(find_user, says_failed, NULL) > 0);
    assert_true(fail_each(find_pair, says_failed, NULL) > 0);
    assert_true(fail_each(find_group, says_failed, NULL) > 0);
    assert_true(fail_each(find_member, says_failed, conversation_group(&chat, "g")) > 0);
    read_anew(*state);
    group = conversation_group(&chat, "g");
    assert_true(fail_each(load_members, says_failed, group) > 0);
    read_anew(*state);
    assert_true(fail_each(load_memberships, says_failed, user_find(&chat, "bob")) > 0);
    assert_int_equal(memberships_count_groups(&chat, user_find(&chat, "bob")), 1);
}

static bool create_user(void *context)
{
    (void)context;
    begin();
    bool done = user_create(&chat, "carol") != NULL;
    store_commit(chat.store);
    return done;
}

static bool no_user(void *context)
{
    (void)context;
    return !user_find(&chat, "carol");
}

static void test_a_user_is_created_or_not(void **state)
{
    (void)state;
    assert_true(fail_each(create_user, no_user, NULL) > 0);
    assert_non_null(user_find(&chat, "carol"));
}

#define PEOPLE(test) cmocka_unit_test_setup_teardown(test, set_up_people, tear_down_people)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PEOPLE(test_a_pair_is_opened_whole_or_not_at_all),
        PEOPLE(test_a_pair_that_cannot_be_read_is_not_opened_again),
        PEOPLE(test_a_group_is_created_with_its_owner_or_not_at_all),
        PEOPLE(test_a_dismissed_group_keeps_its_id_until_another_has_it),
        PEOPLE(test_a_member_is_added_or_not),
        PEOPLE(test_a_user_is_muted_or_not),
        PEOPLE(test_a_member_row_that_cannot_be_read_is_not_made_anew),
        PEOPLE(test_what_memory_is_out_for_counts_as_unread),
        PEOPLE(test_a_user_is_created_or_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
