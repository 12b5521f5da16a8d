/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* trust_proxy and allow_origin: which lists are ones, and what they let through. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "gate/http/origins.h"
#include "gate/http/proxies.h"
#include "lib/basics.h"

static void test_what_is_no_list_of_addresses_is_refused(void **state)
{
    static const char *const bad[] = {
        "x",          "1.2.3",       "10.0.0.0/33", "10.0.0.0/",      "10.0.0.0/x",
        "::1/129",    "1.2.3.4/8/8", "1.2.3.4;::1", "1.2.3.4 nobody", "10.0.0.0/-1",
        "fe80::1%lo", "1.2.3.4:80",  "10.0.0.0/8x"};
    static const char *const good[] = {"",          "127.0.0.1", "::1", "127.0.0.1, ::1 10.0.0.0/8",
                                       "0.0.0.0/0", "fd00::/8"};
    struct proxies proxies;
    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_false(proxies_read(&proxies, bad[i]));
    for (size_t i = 0; i < COUNT(good); i++)
        assert_true(proxies_read(&proxies, good[i]));
}

static void test_more_proxies_than_there_is_room_for_are_refused(void **state)
{
    char list[PROXIES_MAX * 10 + 20] = "";
    struct proxies proxies;
    (void)state;
    for (size_t i = 0; i < PROXIES_MAX; i++)
        snprintf(list + strlen(list), sizeof list - strlen(list), "10.0.0.%zu ", i);
    assert_true(proxies_read(&proxies, list));
    snprintf(list + strlen(list), sizeof list - strlen(list), "10.1.0.1");
    assert_false(proxies_read(&proxies, list));
}

static const struct {
    const char *trusted, *peer, *forwarded, *client;
} hops[] = {
    {"", "127.0.0.1", "1.2.3.4", "127.0.0.1"},
    {"127.0.0.1", "127.0.0.1", "1.2.3.4", "1.2.3.4"},
    {"127.0.0.1", "9.9.9.9", "1.2.3.4", "9.9.9.9"},
    {"127.0.0.1", "127.0.0.1", "", "127.0.0.1"},
    {"127.0.0.1", "127.0.0.1", " , ", "127.0.0.1"},
    /* What a client has written itself is before what the proxy has added. */
    {"127.0.0.1", "127.0.0.1", "6.6.6.6, 1.2.3.4", "1.2.3.4"},
    {"127.0.0.1, 10.0.0.0/8", "127.0.0.1", "6.6.6.6, 1.2.3.4, 10.1.2.3", "1.2.3.4"},
    {"127.0.0.1, 10.0.0.0/8", "127.0.0.1", "6.6.6.6,1.2.3.4,10.1.2.3", "1.2.3.4"},
    {"127.0.0.1, 10.0.0.0/9", "127.0.0.1", "6.6.6.6, 10.200.0.1", "10.200.0.1"},
    {"127.0.0.1, 10.0.0.0/8", "127.0.0.1", "10.1.2.3", "10.1.2.3"},
    {"127.0.0.1", "127.0.0.1", "1.2.3.4, unknown", "127.0.0.1"},
    {"127.0.0.1", "127.0.0.1", "1.2.3.4:5678", "1.2.3.4"},
    {"127.0.0.1", "127.0.0.1", "[2001:db8::7]:443", "2001:db8::7"},
    {"127.0.0.1", "127.0.0.1", "2001:DB8:0::7", "2001:db8::7"},
    {"::1", "::1", "2001:db8::7", "2001:db8::7"},
    {"127.0.0.1", "::ffff:127.0.0.1", "1.2.3.4", "1.2.3.4"},
    {"10.0.0.0/8", "10.0.0.1", "::ffff:1.2.3.4", "1.2.3.4"},
    {"127.0.0.1", "127.0.0.1", "1.2.3.4\n", "127.0.0.1"},
    {"127.0.0.1", "127.0.0.1", "1111111111111111111111111111111111111111111111111111111111111111",
     "127.0.0.1"},
};

static void test_the_client_is_the_last_one_that_no_proxy_is(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(hops); i++) {
        struct proxies proxies;
        char address[ADDRESS_MAX];
        assert_true(proxies_read(&proxies, hops[i].trusted));
        snprintf(address, sizeof address, "%s", hops[i].peer);
        (void)proxies_go_back(&proxies, hops[i].forwarded, address);
        assert_string_equal(address, hops[i].client);
    }
}

static void test_an_earlier_header_is_looked_into_only_if_the_later_ends_at_a_proxy(void **state)
{
    struct proxies proxies;
    char address[ADDRESS_MAX] = "127.0.0.1";
    (void)state;
    assert_true(proxies_read(&proxies, "127.0.0.1 10.0.0.0/8"));
    assert_true(proxies_go_back(&proxies, "10.0.0.1", address));
    assert_false(proxies_go_back(&proxies, "6.6.6.6, 1.2.3.4", address));
    assert_string_equal(address, "1.2.3.4");
    assert_false(proxies_go_back(&proxies, "7.7.7.7", address));
    assert_string_equal(address, "1.2.3.4");
}

static const struct {
    const char *list, *origin, *allowed; /* NULL: not */
} pages[] = {
    {"*", "https://a.example", "*"},
    {"*", "null", "*"},
    {"https://a.example", "https://a.example", "https://a.example"},
    {"https://a.example", "http://a.example", NULL},
    {"https://a.example", "https://a.example:8443", NULL},
    {"https://a.example", "https://a.example.evil", NULL},
    {"https://a.example", "https://a.exampl", NULL},
    {"https://a.example", "", NULL},
    {"https://a.example", "null", NULL},
    {"https://a.example, http://localhost:5173", "http://localhost:5173", "http://localhost:5173"},
};

static void test_a_page_may_call_if_its_origin_is_listed(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(pages); i++) {
        const char *allowed = origins_allow(pages[i].list, pages[i].origin);
        assert_true(origins_valid(pages[i].list));
        if (pages[i].allowed)
            assert_string_equal(allowed, pages[i].allowed);
        else
            assert_null(allowed);
    }
}

static void test_what_is_no_list_of_origins_is_refused(void **state)
{
    static const char *const bad[] = {"",     ",",           "a.example",           "https://",
                                      "://a", "https://a/",  "https://a.example/x", "* https://a.example",
                                      "null", "https://A.b", "https://a\x01",       "https://a https"};
    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_false(origins_valid(bad[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_no_list_of_addresses_is_refused),
        cmocka_unit_test(test_more_proxies_than_there_is_room_for_are_refused),
        cmocka_unit_test(test_the_client_is_the_last_one_that_no_proxy_is),
        cmocka_unit_test(test_an_earlier_header_is_looked_into_only_if_the_later_ends_at_a_proxy),
        cmocka_unit_test(test_a_page_may_call_if_its_origin_is_listed),
        cmocka_unit_test(test_what_is_no_list_of_origins_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
