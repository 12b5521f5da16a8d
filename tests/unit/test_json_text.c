/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "lib/basics.h"
#include "lib/json.h"
#include "lib/json_text.h"

/* Every value here, spaced as it likes, is what the walk must give back to the byte. */
static const char *const values[] = {
    "1",
    "-1.5e+300",
    "123456789012345678901234567890",
    "true",
    "null",
    "\"\"",
    "\"a\"",
    "\"\\\"\"",
    "\"\\\\\"",
    "\"\\\\\\\"]},\"",
    "\"{[,:\"",
    "[]",
    "{}",
    "[1,[2,{\"a\":\"]\"}],3]",
    "{\"a\":{\"b\":[\"}\",{}]},\"c\":1}",
    "[ 1 ,\t2\r\n]",
    "{ \"a\" : \"\\u0022}\" }",
};
#define VALUES COUNT(values)

static void make(char *out, const char *format, const char *value)
{
    char *p = out;
    for (const char *f = format; *f; f++)
        p = *f == '@' ? stpcpy(p, value) : (*p = *f, p + 1);
    *p = '\0';
    assert_true(json_scan(out, strlen(out), &(struct json_facts){0}));
}

static void assert_span(struct json_span span, const char *expected)
{
    assert_int_equal(span.len, strlen(expected));
    assert_memory_equal(span.at, expected, span.len);
}

static void the_items_of_an_array_are_found(void **state)
{
    static const char *const formats[] = {"[@,@]", " [ @ , @ ] ", "[\n@\t,\r@\n]"};
    char text[500];
    (void)state;
    for (size_t i = 0; i < VALUES * 3; i++) {
        struct json_span span;
        make(text, formats[i % 3], values[i / 3]);
        const char *p = json_skip_space(text) + 1;
        for (int n = 0; n < 2; n++) {
            assert_true(json_next_item(&p, &span));
            assert_span(span, values[i / 3]);
        }
        assert_false(json_next_item(&p, &span));
    }
}

static void the_members_of_an_object_are_found(void **state)
{
    char text[500], expected[200];
    (void)state;
    for (size_t i = 0; i < VALUES; i++) {
        struct json_span span;
        make(text, "{\"a\\\"\":@, \"}\" : @ }", values[i]);
        const char *p = text + 1;
        assert_true(json_next_member(&p, &span));
        assert_span(span, strcat(strcpy(expected, "\"a\\\"\":"), values[i]));
        assert_true(json_next_member(&p, &span));
        assert_span(span, strcat(strcpy(expected, "\"}\" : "), values[i]));
        assert_false(json_next_member(&p, &span));
    }
}

static void what_is_empty_has_nothing(void **state)
{
    struct json_span span;
    (void)state;
    const char *array = " ]", *object = "}";
    assert_false(json_next_item(&array, &span));
    assert_false(json_next_member(&object, &span));
}

static void a_child_of_the_tree_is_found_in_the_text(void **state)
{
    const char *text = " {\"x\":[1],\"\\u0062\" : 2.50,\"c\":\"\"}";
    (void)state;
    cJSON *tree = json_read(text, strlen(text));
    assert_non_null(tree);
    const char *at = json_text_of_child(text, tree, cJSON_GetObjectItemCaseSensitive(tree, "b"));
    assert_int_equal(strncmp(at, "2.50,", 5), 0);
    at = json_text_of_child(text, tree, cJSON_GetObjectItemCaseSensitive(tree, "x"));
    assert_int_equal(strncmp(at, "[1],", 4), 0);
    assert_null(json_text_of_child(text, tree, tree));
    cJSON_Delete(tree);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_items_of_an_array_are_found),
        cmocka_unit_test(the_members_of_an_object_are_found),
        cmocka_unit_test(what_is_empty_has_nothing),
        cmocka_unit_test(a_child_of_the_tree_is_found_in_the_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
