/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/basics.h"
#include "lib/json.h"
#include "lib/json_quote.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct json_bytes {
    const char *bytes;
    size_t len;
};
#define T(literal) literal, sizeof(literal) - 1

static const struct json_bytes strict_texts[] = {
    {T("{}")},
    {T("[]")},
    {T("\"\"")},
    {T("0")},
    {T("-0")},
    {T("-0.0")},
    {T("1e5")},
    {T("1E+5")},
    {T("1.25e-10")},
    {T("true")},
    {T("false")},
    {T("null")},
    {T(" \t\r\n[ 1 , { \"a\" : [ ] } ] \n")},
    {T("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\"")},
    {T("\"\\ud83d\\ude00\"")},
    {T("\"\\uD83D\\uDE00\"")},
    {T("\"\\u0000\"")},
    {T("\"\x7f\"")},
    {T("\"\xc2\x80\"")},
    {T("\"\xef\xbf\xbf\"")},
    {T("\"\xf4\x8f\xbf\xbf\"")},
    {T("{\"a\":1,\"a\":2}")},
    {T("{\"\":{\"\":{}}}")},
    {T("123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890")}};

static const struct json_bytes broken_texts[] = {{T("")},
                                                 {T(" ")},
                                                 {T("\0")},
                                                 {T("{")},
                                                 {T("}")},
                                                 {T("[")},
                                                 {T("]")},
                                                 {T("{]")},
                                                 {T("[}")},
                                                 {T("[1,]")},
                                                 {T("[,1]")},
                                                 {T("[1 2]")},
                                                 {T("{\"a\":1,}")},
                                                 {T("{,}")},
                                                 {T("{\"a\"}")},
                                                 {T("{\"a\":}")},
                                                 {T("{a:1}")},
                                                 {T("{1:1}")},
                                                 {T("{'a':1}")},
                                                 {T("[1]]")},
                                                 {T("1 1")},
                                                 {T("[1]\0")},
                                                 {T("01")},
                                                 {T("-")},
                                                 {T("+1")},
                                                 {T(".5")},
                                                 {T("1.")},
                                                 {T("1.e5")},
                                                 {T("1e")},
                                                 {T("1e+")},
                                                 {T("--1")},
                                                 {T("0x1")},
                                                 {T("NaN")},
                                                 {T("Infinity")},
                                                 {T("-Infinity")},
                                                 {T("True")},
                                                 {T("nul")},
                                                 {T("nulll")},
                                                 {T("tru")},
                                                 {T("\"")},
                                                 {T("\"a")},
                                                 {T("\"\\\"")},
                                                 {T("\"\\x\"")},
                                                 {T("\"\\u\"")},
                                                 {T("\"\\u12\"")},
                                                 {T("\"\\u12g4\"")},
                                                 {T("\"\\U0041\"")},
                                                 {T("\"\\ud800\"")},
                                                 {T("\"\\ud800x\"")},
                                                 {T("\"\\ud800\\n\"")},
                                                 {T("\"\\ud800\\u0041\"")},
                                                 {T("\"\\udc00\"")},
                                                 {T("\"\\ude00\\ud83d\"")},
                                                 {T("\"\t\"")},
                                                 {T("\"\n\"")},
                                                 {T("\"\x1f\"")},
                                                 {T("\"\0\"")},
                                                 {T("\"\x80\"")},
                                                 {T("\"\xc0\x80\"")},
                                                 {T("\"\xc1\xbf\"")},
                                                 {T("\"\xe0\x9f\xbf\"")},
                                                 {T("\"\xed\xa0\x80\"")},
                                                 {T("\"\xf0\x8f\xbf\xbf\"")},
                                                 {T("\"\xf4\x90\x80\x80\"")},
                                                 {T("\"\xf5\x80\x80\x80\"")},
                                                 {T("\"\xe4\xbd\"")},
                                                 {T("\"\xe4\xbd")},
                                                 {T("\xef\xbb\xbf{}")},
                                                 {T("\xc2\xa0{}")},
                                                 {T("\v{}")},
                                                 {T("\f{}")},
                                                 {T("/**/{}")},
                                                 {T("{}//")},
                                                 {T("[1\xc2\xa0]")}};

static void expect_strict(const struct json_bytes *texts, size_t count, bool expected)
{
    size_t wrong = 0;
    for (size_t i = 0; i < count; i++) {
        /* on the heap, so that a sanitizer sees a read behind the end */
        char *copy = malloc(texts[i].len + 1);
        assert_non_null(copy);
        char *exact = realloc(copy, texts[i].len ? texts[i].len : 1);
        assert_non_null(exact);
        memcpy(exact, texts[i].bytes, texts[i].len);
        if (json_scan(exact, texts[i].len, &(struct json_facts){0}) != expected) {
            print_error("row %zu: %s\n", i, texts[i].bytes);
            wrong++;
        }
        free(exact);
    }
    assert_int_equal(wrong, 0);
}

static void strict_text_is_accepted(void **state)
{
    (void)state;
    expect_strict(strict_texts, COUNT(strict_texts), true);
}

static void broken_text_is_refused(void **state)
{
    (void)state;
    expect_strict(broken_texts, COUNT(broken_texts), false);
}

static bool nested_is_strict(size_t depth, const char *open, const char *middle, char close)
{
    char text[1024] = "";
    for (size_t i = 0; i < depth; i++)
        strcat(text, open);
    strcat(text, middle);
    size_t len = strlen(text);
    memset(text + len, close, depth);
    return json_scan(text, len + depth, &(struct json_facts){0});
}

static void nesting_ends_at_64(void **state)
{
    (void)state;
    assert_true(nested_is_strict(64, "[", "", ']'));
    assert_false(nested_is_strict(65, "[", "", ']'));
    assert_true(nested_is_strict(64, "{\"a\":", "1", '}'));
    assert_false(nested_is_strict(65, "{\"a\":", "1", '}'));
}

static void a_million_brackets_do_not_exhaust_the_stack(void **state)
{
    (void)state;
    size_t len = 1000000;
    char *text = malloc(len);
    assert_non_null(text);
    memset(text, '[', len);
    assert_false(json_scan(text, len, &(struct json_facts){0}));
    free(text);
}

static void siblings_do_not_count_as_nesting(void **state)
{
    (void)state;
    char text[1024] = "[[]";
    for (int i = 0; i < 200; i++)
        strcat(text, ",[]");
    strcat(text, "]");
    assert_true(json_scan(text, strlen(text), &(struct json_facts){0}));
}

/* A long string is read several bytes at a time. */
static void every_byte_means_the_same_wherever_it_is_in_a_string(void **state)
{
    (void)state;
    static const char fillings[] = {'a', ' ', '!', '#', '[', ']', '~', '\x7f'};
    char text[24] = "";
    for (size_t fill = 0; fill < sizeof fillings; fill++)
        for (size_t place = 1; place < sizeof text - 1; place++)
            for (int byte = 0; byte < 256; byte++) {
                memset(text, fillings[fill], sizeof text);
                text[0] = text[sizeof text - 1] = '"';
                text[place] = (char)byte;
                const bool strict = byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';
                assert_int_equal(json_scan(text, sizeof text, &(struct json_facts){0}), strict);
            }
}

static void assert_span(struct json_span span, const char *expected)
{
    assert_int_equal(span.len, strlen(expected));
    assert_memory_equal(span.at, expected, span.len);
}

static void the_first_members_of_the_outermost_object_are_noted_as_they_were_written(void **state)
{
    (void)state;
    const char text[] = " { \"a\" : {\"in\":[{\"side\":1}]} ,\"\\u0062\":\"x\\n\",\"\":-1.5e3 }";
    struct json_facts facts = {0};
    assert_true(json_scan(text, sizeof(text) - 1, &facts));
    assert_int_equal(facts.member_count, 3);
    assert_span(facts.members[0].name, "a");
    assert_span(facts.members[0].value, "{\"in\":[{\"side\":1}]}");
    assert_span(facts.members[1].name, "\\u0062");
    assert_span(facts.members[1].value, "\"x\\n\"");
    assert_span(facts.members[2].name, "");
    assert_span(facts.members[2].value, "-1.5e3");
}

static void members_behind_the_eighth_are_counted_and_not_noted(void **state)
{
    (void)state;
    const char text[] = "{\"a\":0,\"b\":1,\"c\":2,\"d\":3,\"e\":4,\"f\":5,\"g\":6,\"h\":7,\"i\":8,\"j\":9}";
    struct json_facts facts = {0};
    assert_true(json_scan(text, sizeof(text) - 1, &facts));
    assert_int_equal(facts.member_count, 10);
    assert_span(facts.members[JSON_MEMBERS_NOTED - 1].value, "7");
}

static void a_watched_member_is_found_in_the_outermost_object_only(void **state)
{
    (void)state;
    const char text[] =
        "{\"a\":{\"random\":1},\"b\":[{\"random\":2}],\"r\\u0061ndom\" : 33 ,\"xrandom\":4,\"rando\":5}";
    struct json_facts facts = {.watch = "random"};
    assert_true(json_scan(text, sizeof(text) - 1, &facts));
    assert_int_equal(facts.watched_count, 1);
    assert_int_equal(facts.watched_len, 2);
    assert_memory_equal(facts.watched, "33", 2);
}

static void a_watched_member_is_counted(void **state)
{
    (void)state;
    const char text[] = "{\"random\":1,\"\\u0072andom\":2,\"random\\u0000\":3,\"random\\n\":4}";
    struct json_facts facts = {.watch = "random"};
    assert_true(json_scan(text, sizeof(text) - 1, &facts));
    assert_int_equal(facts.watched_count, 2);
}

static void a_nul_in_a_name_is_told_from_one_in_a_value(void **state)
{
    (void)state;
    struct json_facts value = {0}, name = {0}, both = {0};
    assert_true(json_scan("{\"a\":\"\\u0000\",\"b\":1}", 20, &value));
    assert_true(value.nul && !value.nul_name);
    assert_true(json_scan("{\"\\u0000\":1}", 12, &name));
    assert_true(name.nul && name.nul_name);
    assert_true(json_scan("[\"\\u0000\",{\"b\":1}]", 18, &both));
    assert_true(both.nul && !both.nul_name);
}

static void parsing_shows_a_nul_as_a_replacement_character(void **state)
{
    (void)state;
    const char text[] = "[\"bob\\u0000x\",\"\\\\u0000\"]";
    cJSON *tree = json_read(text, sizeof(text) - 1);
    assert_non_null(tree);
    assert_string_equal(cJSON_GetArrayItem(tree, 0)->valuestring, "bob\xef\xbf\xbdx");
    assert_string_equal(cJSON_GetArrayItem(tree, 1)->valuestring, "\\u0000");
    cJSON_Delete(tree);
}

static void parsing_survives_a_number_of_any_length(void **state)
{
    (void)state;
    char text[256];
    for (int digits = 60; digits < 70; digits++) {
        int len = snprintf(text, sizeof(text), "[1%0*d,\"%0*d\",7]", digits, 0, 99, 0);
        cJSON *tree = json_read(text, (size_t)len);
        assert_non_null(tree);
        assert_true((cJSON_GetArrayItem(tree, 0)->valuedouble < 0) == (digits + 1 > 63));
        assert_int_equal(strlen(cJSON_GetArrayItem(tree, 1)->valuestring), 99);
        assert_int_equal(cJSON_GetArrayItem(tree, 2)->valueint, 7);
        cJSON_Delete(tree);
    }
}

static void reading_refuses_what_is_not_strict(void **state)
{
    (void)state;
    assert_null(json_read("{\"a\":1} x", 9));
    assert_null(json_read("[01]", 4));
}

static bool unique(const char *text)
{
    cJSON *tree = json_read(text, strlen(text));
    assert_non_null(tree);
    const char *twice = NULL;
    bool good = json_unique(tree, &twice);
    assert_true(good == (twice == NULL));
    cJSON_Delete(tree);
    return good;
}

static void names_that_differ_behind_the_eighth_byte_are_two(void **state)
{
    (void)state;
    assert_true(unique("{\"a\":1,\"b\":1,\"c\":1,\"d\":1,\"e\":1,\"f\":1,\"g\":1,\"h\":1,"
                       "\"12345678\":1,\"123456789\":1,\"12345678a\":1,\"1234567\":1}"));
}

static void a_name_twice_among_many_is_found(void **state)
{
    (void)state;
    assert_false(unique("{\"a\":1,\"b\":1,\"c\":1,\"d\":1,\"e\":1,\"f\":1,\"g\":1,\"h\":1,"
                        "\"12345678a\":1,\"i\":1,\"12345678a\":1}"));
}

static void a_name_twice_in_an_object_in_an_array_is_found(void **state)
{
    (void)state;
    assert_false(unique("[0,[{\"x\":{\"a\":1,\"a\":2}}]]"));
    assert_true(unique("[{\"a\":1},{\"a\":2}]"));
}

static bool fits_as_a_part(int levels, const char *inside)
{
    char text[400] = "";
    for (int i = 0; i < levels; i++)
        strcat(text, "[");
    strcat(text, inside);
    for (int i = 0; i < levels; i++)
        strcat(text, "]");
    cJSON *tree = json_read_part(text, strlen(text));
    cJSON_Delete(tree);
    return tree != NULL;
}

static void a_part_leaves_levels_to_what_is_around_it_and_has_no_name_twice(void **state)
{
    (void)state;
    assert_true(fits_as_a_part(JSON_DEPTH_PART, "1"));
    assert_false(fits_as_a_part(JSON_DEPTH_PART, "{}"));
    assert_false(fits_as_a_part(JSON_DEPTH_PART + 1, "1"));
    assert_true(fits_as_a_part(3, "{\"a\":1,\"b\":{\"a\":2}}"));
    assert_false(fits_as_a_part(3, "{\"a\":1,\"a\":2}"));
    assert_false(fits_as_a_part(0, "[1"));
}

/* malloc'ed and NUL-terminated. */
static char *quote(const char *text, size_t len)
{
    size_t quoted_len = json_quoted_len(text, len);
    char *quoted = malloc(quoted_len + 1);
    assert_non_null(quoted);
    json_quote_write(quoted, quoted_len, text, len);
    quoted[quoted_len] = '\0';
    return quoted;
}

static void check_quote(const char *text, size_t len, const char *expected)
{
    char *quoted = quote(text, len);
    assert_string_equal(quoted, expected);
    assert_int_equal(json_quoted_len(text, len), strlen(expected));
    free(quoted);
}

static void quoting_escapes_what_must_be(void **state)
{
    (void)state;
    check_quote("", 0, "\"\"");
    check_quote(NULL, 0, "\"\"");
    check_quote("hello", 5, "\"hello\"");
    check_quote("a\"b\\c/d", 7, "\"a\\\"b\\\\c/d\"");
    check_quote("\b\f\n\r\t", 5, "\"\\b\\f\\n\\r\\t\"");
    check_quote("\0\x01\x0b\x1f\x7f", 5, "\"\\u0000\\u0001\\u000b\\u001f\x7f\"");
    check_quote("\xe4\xbd\xa0", 3, "\"\xe4\xbd\xa0\"");
}

static void what_is_quoted_reads_back(void **state)
{
    (void)state;
    char text[128];
    for (int i = 1; i < 128; i++)
        text[i - 1] = (char)i;
    text[127] = '\0';
    char *quoted = quote(text, 127);
    cJSON *tree = json_read(quoted, strlen(quoted));
    free(quoted);
    assert_non_null(tree);
    assert_string_equal(tree->valuestring, text);
    cJSON_Delete(tree);
}

static void check_unquote(const char *raw, const char *expected, size_t len)
{
    char text[100];
    assert_int_equal(json_unquote(text, raw, strlen(raw)), len);
    assert_memory_equal(text, expected, len);
    strcpy(text, raw);
    assert_int_equal(json_unquote(text, text, strlen(raw)), len); /* in its own place */
    assert_memory_equal(text, expected, len);
}

static void what_is_between_quotes_is_read(void **state)
{
    (void)state;
    check_unquote("", "", 0);
    check_unquote("hello \xe4\xbd\xa0", "hello \xe4\xbd\xa0", 9);
    check_unquote("\\\"\\\\\\/\\b\\f\\n\\r\\t", "\"\\/\b\f\n\r\t", 8);
    check_unquote("\\u0041\\u00e9\\u4F60\\u0000.", "A\xc3\xa9\xe4\xbd\xa0\0.", 8);
    check_unquote("\\u007f\\u0080\\u07ff\\u0800\\uffff", "\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf", 11);
    check_unquote("x\\ud83d\\uDE00\\ud800\\udc00\\uDBFF\\udfff",
                  "x\xf0\x9f\x98\x80\xf0\x90\x80\x80\xf4\x8f\xbf\xbf", 13);
}

static void quoting_a_length_that_overflows_fails(void **state)
{
    (void)state;
    assert_int_equal(json_quoted_len("", SIZE_MAX / 2), 0);
}

static void whole_numbers_are_written_digit_by_digit(void **state)
{
    (void)state;
    const int64_t numbers[] = {0, -1, 1000000000000000, 4500000000000000, SAFE_INTEGER_MAX};
    for (size_t i = 0; i < COUNT(numbers); i++) {
        char wanted[40];
        cJSON *object = cJSON_CreateObject();
        assert_true(json_add_whole(object, "n", numbers[i]));
        char *text = cJSON_PrintUnformatted(object);
        snprintf(wanted, sizeof wanted, "{\"n\":%lld}", (long long)numbers[i]);
        assert_string_equal(text, wanted);
        cJSON_free(text);
        cJSON_Delete(object);
    }
}

static void a_number_that_no_integer_has_room_for_is_none(void **state)
{
    (void)state;
    static const char text[] = "[7.9,-5,1e300,-1e300,9007199254740992,\"7\"]";
    cJSON *numbers = json_read(text, strlen(text));
    const int64_t wanted[] = {7, -5, -1, -1, -1, -1, -1};
    assert_non_null(numbers);
    for (int i = 0; i < (int)COUNT(wanted); i++)
        assert_int_equal(json_number(cJSON_GetArrayItem(numbers, i), -1), wanted[i]);
    cJSON_Delete(numbers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_number_that_no_integer_has_room_for_is_none),
        cmocka_unit_test(whole_numbers_are_written_digit_by_digit),
        cmocka_unit_test(strict_text_is_accepted),
        cmocka_unit_test(broken_text_is_refused),
        cmocka_unit_test(nesting_ends_at_64),
        cmocka_unit_test(a_million_brackets_do_not_exhaust_the_stack),
        cmocka_unit_test(siblings_do_not_count_as_nesting),
        cmocka_unit_test(every_byte_means_the_same_wherever_it_is_in_a_string),
        cmocka_unit_test(the_first_members_of_the_outermost_object_are_noted_as_they_were_written),
        cmocka_unit_test(members_behind_the_eighth_are_counted_and_not_noted),
        cmocka_unit_test(a_watched_member_is_found_in_the_outermost_object_only),
        cmocka_unit_test(a_watched_member_is_counted),
        cmocka_unit_test(a_nul_in_a_name_is_told_from_one_in_a_value),
        cmocka_unit_test(parsing_shows_a_nul_as_a_replacement_character),
        cmocka_unit_test(parsing_survives_a_number_of_any_length),
        cmocka_unit_test(reading_refuses_what_is_not_strict),
        cmocka_unit_test(names_that_differ_behind_the_eighth_byte_are_two),
        cmocka_unit_test(a_name_twice_among_many_is_found),
        cmocka_unit_test(a_name_twice_in_an_object_in_an_array_is_found),
        cmocka_unit_test(quoting_escapes_what_must_be),
        cmocka_unit_test(a_part_leaves_levels_to_what_is_around_it_and_has_no_name_twice),
        cmocka_unit_test(what_is_quoted_reads_back),
        cmocka_unit_test(what_is_between_quotes_is_read),
        cmocka_unit_test(quoting_a_length_that_overflows_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
