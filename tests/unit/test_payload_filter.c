/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The words of messages. The list: "bad" refuses, "dirt" becomes "***", "\"q" becomes "\\", U+1F600 becomes ":)". */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "acl/code.h"
#include "lib/basics.h"
#include "lib/json.h"
#include "lib/words.h"
#include "plugin/payload/payload.h"

#define LIST                                                                                                 \
    "bad\ndirt=***\n\"q=\\\n\xf0\x9f\x98\x80=:)\ngone=\nlong=0123456789012345678901234567890123456789\n"
#define MAX_BYTES 400

static struct words *words;
static struct payload parsed;
static char reason[200];

static int set_up(void **state)
{
    char error[200];
    (void)state;
    return words_read(&words, LIST, strlen(LIST), NULL, error, sizeof error);
}

static int tear_down(void **state)
{
    (void)state;
    payload_clear(&parsed);
    words_free(words);
    return 0;
}

static int filter(const char *text)
{
    payload_clear(&parsed);
    reason[0] = '\0';
    assert_int_equal(payload_parse(&parsed, text, strlen(text), MAX_BYTES, reason, sizeof reason), 0);
    return payload_filter(&parsed, words, MAX_BYTES, reason, sizeof reason);
}

/* `expected` is the body, what follows the first brace. */
static void check(const char *text, const char *expected)
{
    assert_int_equal(filter(text), 0);
    assert_int_equal(parsed.body_len, strlen(expected));
    assert_memory_equal(parsed.body, expected, parsed.body_len);
}

static void refuse(const char *text, const char *where)
{
    char expected[100];
    assert_int_equal(filter(text), CODE_WORD);
    snprintf(expected, sizeof expected, "%s has a word that is not allowed", where);
    assert_string_equal(reason, expected);
}

/* Each place: as it is written, and the name in the reason. */
static const struct {
    const char *format, *where;
} places[] = {
    {"{\"text\":\"@\"}", "text"},
    {" { \"random\" : 5 , \"text\" : \"@\" , \"mine\" : { \"text\" : [ ] } } ", "text"},
    {"{\"te\\u0078t\":\"@\"}", "text"},
    {"{\"\\u0074\\u0065\\u0078\\u0074\":\"@\"}", "text"},
    {"{\"custom\":{\"data\":\"x\",\"desc\":\"@\"}}", "desc"},
    {"{\"merger\":{\"title\":\"@\",\"abstracts\":[\"x\"]}}", "title"},
    {"{\"merger\":{\"title\":\"x\",\"abstracts\":[ \"x\" , \"@\" ],\"messages\":[{\"text\":\"x\"}]}}",
     "abstracts"},
    {"{\"file\":{\"url\":\"u\",\"name\":\"@\"}}", "name"},
    {"{\"location\":{\"desc\":\"@\",\"latitude\":1}}", "desc"},
    {"{\"face\":{},\"push\":{\"title\":\"@\"}}", "title"},
    {"{\"face\":{},\"push\":{\"disabled\":false,\"body\":\"@\"}}", "body"},
    {"{\"elements\":[{\"face\":{}},{\"text\":\"@\"}]}", "text"},
    {"{\"elements\":[{\"text\":\"x\"},{\"mine\":[{}],\"file\":{\"url\":\"u\",\"name\":\"@\"}}]}", "name"},
    {"{\"elements\":[{\"custom\":{\"desc\":\"@\"}},{\"location\":{\"desc\":\"x\"}}]}", "desc"},
};

/* And where no text is looked at. */
static const char *const others[] = {
    "{\"text\":\"x\",\"mine\":\"@\"}",
    "{\"text\":\"x\",\"Text\":\"@\"}",
    "{\"text\":\"x\",\"@\":1}",
    "{\"text\":\"x\",\"cloudCustomData\":\"@\"}",
    "{\"text\":\"x\",\"mine\":{\"text\":\"@\",\"push\":{\"title\":\"@\"}}}",
    "{\"custom\":{\"data\":\"@\",\"ext\":\"@\"}}",
    "{\"custom\":{\"mine\":{\"desc\":\"@\"}}}",
    "{\"image\":{\"url\":\"@\",\"name\":\"@\"}}",
    "{\"file\":{\"url\":\"@\",\"name\":\"x\"}}",
    "{\"face\":{\"data\":\"@\"}}",
    "{\"merger\":{\"title\":\"x\",\"messages\":[{\"text\":\"@\"}]}}",
    "{\"text\":\"x\",\"push\":{\"ext\":\"@\",\"sound\":\"@\"}}",
    "{\"text\":\"x\",\"text\\ud83d\\ude00\":\"@\"}",
    "{\"elements\":[{\"text\":\"x\",\"push\":{\"title\":\"@\"}},{\"text\":\"y\"}]}",
};

/* The format with `text` for each @. */
static const char *fill(char *out, const char *format, const char *text)
{
    char *end = out;
    for (; *format; format++)
        end = *format == '@' ? stpcpy(end, text) : (*end = *format, end + 1);
    *end = '\0';
    return out;
}

/* As a body: without what is around the object. */
static const char *body_of(char *text)
{
    size_t len = strlen(text);
    while (text[len - 1] == ' ')
        text[--len] = '\0';
    return strchr(text, '{') + 1;
}

static void every_text_is_held_against_the_list(void **state)
{
    char text[500], expected[500];
    (void)state;
    for (size_t i = 0; i < COUNT(places); i++) {
        refuse(fill(text, places[i].format, "so BAD"), places[i].where);
        refuse(fill(text, places[i].format, "b\\u0061d"), places[i].where);
        fill(text, places[i].format, "a dirty dirt");
        fill(expected, places[i].format, "a ***y ***");
        check(text, body_of(expected));
        fill(text, places[i].format, "fine \\u0041 \\/");
        fill(expected, places[i].format, "fine \\u0041 \\/");
        check(text, body_of(expected));
    }
}

static void nothing_else_is(void **state)
{
    char text[500], expected[500];
    (void)state;
    for (size_t i = 0; i < COUNT(others); i++) {
        fill(text, others[i], "bad dirt");
        fill(expected, others[i], "bad dirt");
        check(text, body_of(expected));
    }
}

static void a_string_that_is_replaced_in_is_written_anew_and_no_other(void **state)
{
    (void)state;
    check("{\"text\":\"\\u0064irt \\/ \\u00e9 \\\" \\n \\u0000 \\u001f\",\"mine\" : \"\\u0041\\/\"}",
          "\"text\":\"*** / \xc3\xa9 \\\" \\n \\u0000 \\u001f\",\"mine\" : \"\\u0041\\/\"}");
    check("{\"text\":\"a \\\"quote, \\ud83d\\ude00\"}", "\"text\":\"a \\\\uote, :)\"}");
    check("{\"text\":\"\xf0\x9f\x98\x80\"}", "\"text\":\":)\"}");
    check("{\"text\":\"gone\"}", "\"text\":\"\"}");
    check("{\"merger\":{\"abstracts\":[\"dirt\",\"\\u0041\",\"dirt\"],\"title\":\"dirt\"} }",
          "\"merger\":{\"abstracts\":[\"***\",\"\\u0041\",\"***\"],\"title\":\"***\"} }");
}

static void a_plain_text_is_looked_at_too(void **state)
{
    (void)state;
    check("just dirt", "\"text\":\"just ***\"}");
    check("\"dirt\"", "\"text\":\"\\\"***\\\"\"}");
    refuse("bad", "text");
}

static void what_becomes_too_long_is_refused(void **state)
{
    char text[MAX_BYTES + 1] = "";
    (void)state;
    while (strlen(text) < MAX_BYTES - 20)
        strcat(text, "x");
    strcat(text, " gone");
    assert_int_equal(filter(text), 0);
    strcpy(strstr(text, "gone"), "long");
    refuse(text, "text");
    strcpy(text, "longlonglonglonglonglonglonglonglonglong");
    refuse(text, "text");
    text[strlen(text) - 8] = '\0';
    assert_int_equal(filter(text), 0);
}

static void the_first_place_that_is_refused_is_named(void **state)
{
    (void)state;
    refuse("{\"push\":{\"title\":\"dirt\",\"body\":\"bad\"},\"text\":\"bad\"}", "body");
}

/* Whatever is written around it and however: what is read afterwards is what was replaced, and the rest is the
 * same to the byte. */

static uint64_t seed = 88172645463325252U;

static size_t pick(size_t below)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (size_t)(seed % below);
}

/* A character of a word in one of the ways to write it. */
static char *put(char *out, unsigned char c)
{
    if (pick(3) == 0)
        return out + sprintf(out, pick(2) ? "\\u%04x" : "\\u%04X", c);
    *out++ = pick(2) && c >= 'a' && c <= 'z' ? (char)(c - 32) : (char)c;
    return out;
}

static void make_string(char *raw, char *expected)
{
    static const char *const plain[] = {" ",    "x",  "\xc3\xa9",       "\\n",
                                        "\\\\", "di", "\\ud83d\\udE01", "\\u0000"};
    static const char *const read[] = {" ",  "x",  "\xc3\xa9",         "\n",
                                       "\\", "di", "\xf0\x9f\x98\x81", "\xef\xbf\xbd"};
    for (size_t n = pick(8); n > 0; n--) {
        size_t i = pick(COUNT(plain) + 3);
        if (i < COUNT(plain)) {
            raw = stpcpy(raw, plain[i]);
            expected = stpcpy(expected, read[i]);
        } else {
            for (const char *p = "dirt"; *p; p++)
                raw = put(raw, (unsigned char)*p);
            expected = stpcpy(expected, "***");
        }
    }
    *raw = *expected = '\0';
}

static void random_writing_reads_back(void **state)
{
    (void)state;
    for (int round = 0; round < 20000; round++) {
        char raw[2][400], expected[2][400], text[1000], rest[100];
        make_string(raw[0], expected[0]);
        make_string(raw[1], expected[1]);
        sprintf(rest, "\"n\":%zu,\"m\\u0065\" :[\"dirt\\/\"] ,", pick(1000));
        snprintf(text, sizeof text, "{%s\"text\":\"%s\",\"push\":{\"title\":\"%s\"}}", rest, raw[0], raw[1]);
        if (strlen(text) > MAX_BYTES)
            continue;
        assert_int_equal(filter(text), 0);
        assert_memory_equal(parsed.body, rest, strlen(rest));
        char *whole = calloc(1, parsed.body_len + 2);
        assert_non_null(whole);
        memcpy(whole + 1, parsed.body, parsed.body_len);
        whole[0] = '{';
        cJSON *tree = json_read(whole, strlen(whole));
        assert_non_null(tree);
        assert_string_equal(cJSON_GetObjectItem(tree, "text")->valuestring, expected[0]);
        assert_string_equal(cJSON_GetObjectItem(cJSON_GetObjectItem(tree, "push"), "title")->valuestring,
                            expected[1]);
        cJSON_Delete(tree);
        free(whole);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_text_is_held_against_the_list),
        TEST(nothing_else_is),
        TEST(a_string_that_is_replaced_in_is_written_anew_and_no_other),
        TEST(a_plain_text_is_looked_at_too),
        TEST(what_becomes_too_long_is_refused),
        TEST(the_first_place_that_is_refused_is_named),
        TEST(random_writing_reads_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
