/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "lib/basics.h"
#include "lib/keyed_hash.h"

/* Of the bytes 0, 1, 2 ..., as many as said, with a key of zeroes: from CPython 3.11, which has the same function. */
static const struct {
    size_t len;
    uint64_t hash;
} known[] = {
    {1, 0x68a914128e01e473},  {5, 0x5abe2169dff36275},  {7, 0x2f098ab0c751325a},  {8, 0xead411e67ebe2eea},
    {9, 0x75927f9d95124362},  {15, 0xf30eb725bb91c9ea}, {16, 0x8972188433a5c5b7}, {31, 0x169739443111d49b},
    {32, 0x31ef8061c910629b}, {47, 0x8485f7f5ae725a0d},
};

static void test_it_is_siphash_1_3(void **state)
{
    const struct keyed_hash_secret secret = keyed_hash_secret;
    unsigned char bytes[64];
    (void)state;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)i;
    keyed_hash_secret = (struct keyed_hash_secret){0};
    for (size_t i = 0; i < COUNT(known); i++)
        assert_int_equal(keyed_hash(bytes, known[i].len), known[i].hash);
    keyed_hash_secret = secret;
}

static void test_there_is_a_secret_from_the_start(void **state)
{
    (void)state;
    assert_true(keyed_hash_secret.first != 0 && keyed_hash_secret.second != 0);
    assert_true(keyed_hash_secret.first != keyed_hash_secret.second);
}

#define NAMES 1000

struct named_entry {
    char name[16];
    UT_hash_handle hh;
};

static unsigned jenkins(const char *name)
{
    unsigned hash;
    HASH_JEN(name, strlen(name), hash);
    return hash;
}

/* Names that uthash's own function puts into one bucket of 1,024. */
static struct named_entry *choose_names(void)
{
    struct named_entry *entries = calloc(NAMES, sizeof *entries);
    assert_non_null(entries);
    unsigned number = 0;
    for (size_t i = 0; i < NAMES; i++)
        do
            snprintf(entries[i].name, sizeof entries[i].name, "g%u", number++);
        while ((jenkins(entries[i].name) & 1023) != 0);
    return entries;
}

static unsigned longest_chain(const UT_hash_table *table)
{
    unsigned longest = 0;
    for (unsigned i = 0; i < table->num_buckets; i++)
        longest = table->buckets[i].count > longest ? table->buckets[i].count : longest;
    return longest;
}

static void test_nobody_can_choose_names_that_share_a_bucket(void **state)
{
    struct named_entry *entries = choose_names(), *table = NULL;
    (void)state;
    for (size_t i = 0; i < NAMES; i++)
        HASH_ADD_STR(table, name, &entries[i]);
    assert_int_equal(HASH_COUNT(table), NAMES);
    assert_in_range(longest_chain(table->hh.tbl), 2, 25);
    HASH_CLEAR(hh, table);
    free(entries);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_it_is_siphash_1_3),
        cmocka_unit_test(test_there_is_a_secret_from_the_start),
        cmocka_unit_test(test_nobody_can_choose_names_that_share_a_bucket),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
