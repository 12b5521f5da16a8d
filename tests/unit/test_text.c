/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "lib/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/basics.h"

static void a_text_that_fits_stays_whole(void **state)
{
    (void)state;
    assert_int_equal(text_fit_json("hello", 5), 5);
    assert_int_equal(text_fit_bytes("hello", 5), 5);
    assert_int_equal(text_fit_characters("hello", 5), 5);
    assert_int_equal(text_fit_bytes("hello", SIZE_MAX), 5);
    assert_int_equal(text_fit_bytes("", 0), 0);
}

static void a_cut_never_goes_through_a_character(void **state)
{
    (void)state;
    static const char text[] = "a\xe2\x82\xac"
                               "b\xf0\x9f\x98\x80";
    static const size_t wanted[] = {0, 1, 1, 1, 4, 5, 5, 5, 5, 9};
    for (size_t room = 0; room < COUNT(wanted); room++) {
        assert_int_equal(text_fit_json(text, room), wanted[room]);
        assert_int_equal(text_fit_bytes(text, room), wanted[room]);
    }
}

static void characters_are_counted_whole(void **state)
{
    (void)state;
    static const char text[] = "a\xe2\x82\xac"
                               "b\xf0\x9f\x98\x80";
    static const size_t wanted[] = {0, 1, 4, 5, 9, 9};
    for (size_t room = 0; room < COUNT(wanted); room++)
        assert_int_equal(text_fit_characters(text, room), wanted[room]);
}

static void what_json_escapes_counts_as_printed(void **state)
{
    (void)state;
    assert_int_equal(text_fit_json("\"\"\"", 5), 2);
    assert_int_equal(text_fit_json("\n\n\n", 5), 2);
    assert_int_equal(text_fit_json("\x01\x01\x01", 17), 2);
}

struct long_payload {
    cJSON *tree;
    struct text_cuts cuts;
};

static struct long_payload payload(const char *title, const char *body, const char *ext)
{
    cJSON *tree = cJSON_CreateObject();
    struct long_payload made = {.tree = tree, .cuts = {.parent = tree, .whole = "ext"}};
    made.cuts.second = cJSON_AddStringToObject(tree, "title", title);
    made.cuts.first = cJSON_AddStringToObject(tree, "body", body);
    if (ext)
        cJSON_AddStringToObject(tree, "ext", ext);
    return made;
}

static void assert_printed(struct long_payload payload, size_t max, const char *wanted)
{
    char *text = text_print_within(payload.tree, max, &payload.cuts);
    assert_non_null(text);
    assert_string_equal(text, wanted);
    cJSON_free(text);
    cJSON_Delete(payload.tree);
}

static void a_payload_that_fits_is_printed_as_it_is(void **state)
{
    (void)state;
    const char *wanted = "{\"title\":\"t\",\"body\":\"hello\",\"ext\":\"e\"}";
    assert_printed(payload("t", "hello", "e"), strlen(wanted), wanted);
}

static void the_body_is_cut_first(void **state)
{
    (void)state;
    const char *wanted = "{\"title\":\"title\",\"body\":\"hel\"}";
    assert_printed(payload("title", "hello", NULL), strlen(wanted), wanted);
}

static void the_title_is_cut_when_the_body_is_not_enough(void **state)
{
    (void)state;
    const char *wanted = "{\"title\":\"tit\",\"body\":\"\"}";
    assert_printed(payload("title", "hello", NULL), strlen(wanted), wanted);
}

static void a_cut_may_end_a_little_short_at_a_character(void **state)
{
    (void)state;
    const char *wanted = "{\"title\":\"t\",\"body\":\"a\"}";
    assert_printed(payload("t",
                           "a\xe2\x82\xac"
                           "b",
                           NULL),
                   strlen(wanted) + 2, wanted);
}

static void an_ext_that_fills_half_of_the_room_goes_as_a_whole(void **state)
{
    (void)state;
    assert_printed(payload("t", "hello", "012345678901234567890123456789"), 60,
                   "{\"title\":\"t\",\"body\":\"hello\"}");
}

static void a_payload_that_cannot_be_cut_enough_is_refused(void **state)
{
    (void)state;
    struct long_payload made = payload("t", "b", NULL);
    assert_null(text_print_within(made.tree, 10, &made.cuts));
    cJSON_Delete(made.tree);
}

static void assert_mended(const char *text, const char *wanted)
{
    char mended[20];
    strcpy(mended, text);
    text_mend(mended);
    assert_string_equal(mended, wanted);
}

static void what_is_no_whole_character_is_mended(void **state)
{
    (void)state;
    assert_mended("a\xe2\x82\xac\xf0\x9f\x98\x80", "a\xe2\x82\xac\xf0\x9f\x98\x80");
    assert_mended("a\xe2\x82", "a??");
    assert_mended("\xf0\x9f\x98", "???");
    assert_mended("\xc3\xc3\xa9", "?\xc3\xa9");
    assert_mended("\x82z", "?z");
    assert_mended("", "");
}

static void a_copy_that_does_not_fit_is_cut_and_says_so(void **state)
{
    (void)state;
    char out[6] = "xxxxx";
    assert_true(text_copy(out, sizeof out, "hello"));
    assert_string_equal(out, "hello");
    assert_false(text_copy(out, sizeof out, "hello!"));
    assert_string_equal(out, "hello");
    assert_true(text_copy(out, sizeof out, ""));
    assert_string_equal(out, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_copy_that_does_not_fit_is_cut_and_says_so),
        cmocka_unit_test(a_text_that_fits_stays_whole),
        cmocka_unit_test(a_cut_never_goes_through_a_character),
        cmocka_unit_test(characters_are_counted_whole),
        cmocka_unit_test(what_json_escapes_counts_as_printed),
        cmocka_unit_test(a_payload_that_fits_is_printed_as_it_is),
        cmocka_unit_test(the_body_is_cut_first),
        cmocka_unit_test(the_title_is_cut_when_the_body_is_not_enough),
        cmocka_unit_test(a_cut_may_end_a_little_short_at_a_character),
        cmocka_unit_test(an_ext_that_fills_half_of_the_room_goes_as_a_whole),
        cmocka_unit_test(a_payload_that_cannot_be_cut_enough_is_refused),
        cmocka_unit_test(what_is_no_whole_character_is_mended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
