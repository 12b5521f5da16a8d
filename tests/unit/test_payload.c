/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "acl/code.h"
#include "lib/basics.h"
#include "lib/json.h"
#include "lib/utf8.h"
#include "plugin/payload/notification.h"
#include "plugin/payload/payload.h"
#include "plugin/payload/stamp.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef SOURCE_DIR
#define SOURCE_DIR "."
#endif
#define MAX_BYTES 12288

static struct payload parsed;
static char reason[200];

static int parse_bytes(const char *text, size_t len)
{
    return payload_parse(&parsed, text, len, MAX_BYTES, reason, sizeof(reason));
}

static int parse(const char *text)
{
    return parse_bytes(text, strlen(text));
}

static int clear(void **state)
{
    (void)state;
    payload_clear(&parsed);
    return 0;
}

/* Stamp and body as they are delivered, NUL-terminated; the caller frees. */
static char *deliver(size_t *len)
{
    const struct stamp stamp = {917, 12, 1700000000123, "alice", "bob", NULL};
    char *message = malloc(STAMP_MAX + parsed.body_len + 1);
    assert_non_null(message);
    *len = stamp_write(message, &stamp);
    memcpy(message + *len, parsed.body, parsed.body_len);
    *len += parsed.body_len;
    message[*len] = '\0';
    return message;
}

/* Is what was accepted a message in which nobody but the server says who sent it? */
static bool delivers_well(void)
{
    size_t len;
    char *message = deliver(&len);
    cJSON *tree = json_read(message, len);
    const char *twice = NULL;
    bool good = tree && json_unique(tree, &twice) &&
                strcmp(cJSON_GetObjectItemCaseSensitive(tree, "sender")->valuestring, "alice") == 0 &&
                cJSON_GetObjectItemCaseSensitive(tree, "id")->valueint == 917;
    cJSON_Delete(tree);
    free(message);
    return good;
}

static void expect_delivery(const char *payload, size_t payload_len, const char *expected)
{
    assert_int_equal(parse_bytes(payload, payload_len), 0);
    size_t len;
    char *message = deliver(&len);
    assert_string_equal(message, expected);
    assert_true(delivers_well());
    free(message);
}

/* payloads.txt */

static int code_number(const char *name, size_t len)
{
    static const struct {
        const char *name;
        int number;
    } codes[] = {
#define X(name, number, text) {#name, number},
        CODE_LIST(X)
#undef X
    };
    for (size_t i = 0; i < COUNT(codes); i++)
        if (strlen(codes[i].name) == len && memcmp(codes[i].name, name, len) == 0)
            return codes[i].number;
    return -1;
}

/* Turns each <hh> into its byte, in place. Returns the new length. */
static size_t unescape(char *text)
{
    char *out = text;
    for (const char *in = text; *in; in++) {
        unsigned byte;
        if (in[0] == '<' && isxdigit((unsigned char)in[1]) && isxdigit((unsigned char)in[2]) &&
            in[3] == '>') {
            sscanf(in + 1, "%2x", &byte);
            *out++ = (char)byte;
            in += 3;
        } else {
            *out++ = *in;
        }
    }
    return (size_t)(out - text);
}

static bool row_holds(char *line, int number)
{
    size_t name_len = strcspn(line, " ");
    assert_int_equal(line[name_len], ' ');
    int expected = code_number(line, name_len);
    size_t len = unescape(line + name_len + 1);
    /* on the heap, exactly as long, so that a sanitizer sees a read behind the end */
    char *payload = malloc(len + 1);
    assert_non_null(payload);
    char *exact = realloc(payload, len ? len : 1);
    assert_non_null(exact);
    memcpy(exact, line + name_len + 1, len);
    int code = parse_bytes(exact, len);
    bool good = code == expected && (code == 0 ? delivers_well() && !reason[0] : reason[0] != '\0');
    if (!good)
        print_error("payloads.txt:%d: expected %d, got %d (%s)\n", number, expected, code, reason);
    payload_clear(&parsed);
    free(exact);
    return good;
}

static void every_payload_gets_its_code(void **state)
{
    (void)state;
    FILE *file = fopen(SOURCE_DIR "/tests/unit/payloads.txt", "r");
    assert_non_null(file);
    char line[1024];
    int number = 0, wrong = 0, rows = 0;
    while (fgets(line, sizeof(line), file)) {
        number++;
        line[strcspn(line, "\n")] = '\0';
        if (line[0] == '#' || line[0] == '\0')
            continue;
        rows++;
        wrong += !row_holds(line, number);
    }
    fclose(file);
    assert_true(rows > 200);
    assert_int_equal(wrong, 0);
}

/* What is delivered */

#define STAMP "{\"id\":917,\"seq\":12,\"sender\":\"alice\",\"to\":\"bob\",\"time\":1700000000123,"

#define EXPECT_DELIVERY(payload, rest) expect_delivery(payload, sizeof(payload) - 1, STAMP rest)

static void members_follow_the_stamp_untouched(void **state)
{
    (void)state;
    EXPECT_DELIVERY("{\"text\":\"h\\u0069\", \"n\":1.50e1}", "\"text\":\"h\\u0069\", \"n\":1.50e1}");
}

static void white_space_around_the_object_is_cut_and_inside_kept(void **state)
{
    (void)state;
    EXPECT_DELIVERY(" \n{ \"text\":\"x\" }\r\n\t ", " \"text\":\"x\" }");
}

static void a_long_number_and_a_nul_are_delivered_as_sent(void **state)
{
    (void)state;
#define ODD                                                                                                  \
    "\"text\":\"a\\u0000b\",\"n\":1234567890123456789012345678901234567890123456789012345678901234567890}"
    EXPECT_DELIVERY("{" ODD, ODD);
}

static void plain_text_becomes_a_text_member(void **state)
{
    (void)state;
    EXPECT_DELIVERY("hello", "\"text\":\"hello\"}");
}

static void plain_text_is_escaped(void **state)
{
    (void)state;
    EXPECT_DELIVERY("a\1\"\\\n\xc3\xa9", "\"text\":\"a\\u0001\\\"\\\\\\n\xc3\xa9\"}");
}

static void a_byte_order_mark_before_json_is_dropped(void **state)
{
    (void)state;
    EXPECT_DELIVERY("\xEF\xBB\xBF {\"text\":\"hi\"}", "\"text\":\"hi\"}");
}

static void plain_text_cannot_break_out_of_its_string(void **state)
{
    (void)state;
    EXPECT_DELIVERY("x\",\"sender\":\"eve", "\"text\":\"x\\\",\\\"sender\\\":\\\"eve\"}");
}

static void an_array_is_plain_text(void **state)
{
    (void)state;
    EXPECT_DELIVERY("[{\"id\":1}]", "\"text\":\"[{\\\"id\\\":1}]\"}");
}

/* Lengths */

static int parse_of_length(char fill, size_t len)
{
    char *text = malloc(len);
    assert_non_null(text);
    memset(text, fill, len);
    int code = parse_bytes(text, len);
    free(text);
    return code;
}

static void the_limit_is_on_the_bytes_as_published(void **state)
{
    (void)state;
    assert_int_equal(parse_of_length('\n', MAX_BYTES), 0);
    assert_int_equal(parsed.body_len, strlen("\"text\":\"\"}") + 2 * MAX_BYTES);
    payload_clear(&parsed);
    assert_int_equal(parse_of_length('\n', MAX_BYTES + 1), CODE_TOO_LONG);
}

static void too_long_comes_before_every_other_complaint(void **state)
{
    (void)state;
    assert_int_equal(parse_of_length('{', MAX_BYTES + 1), CODE_TOO_LONG);
    assert_int_equal(parse_of_length('\xff', MAX_BYTES + 1), CODE_TOO_LONG);
    assert_int_equal(parse_of_length('{', MAX_BYTES), CODE_BAD_MESSAGE);
}

static void an_empty_payload_without_address_is_refused(void **state)
{
    (void)state;
    assert_int_equal(payload_parse(&parsed, NULL, 0, MAX_BYTES, NULL, 0), CODE_BAD_MESSAGE);
}

static void a_short_reason_buffer_is_not_overrun(void **state)
{
    (void)state;
    char small[4] = {'x', 'x', 'x', 'x'};
    assert_int_equal(payload_parse(&parsed, "{", 1, MAX_BYTES, small, 3), CODE_BAD_MESSAGE);
    assert_string_equal(small, "no");
    assert_int_equal(small[3], 'x');
}

static void the_reason_names_the_member(void **state)
{
    (void)state;
    assert_int_equal(parse("{\"image\":{\"url\":\"u\",\"thumb\":{\"width\":-1}}}"), CODE_BAD_MESSAGE);
    assert_string_equal(reason, "thumb.width must be a whole number from 0 to 2^53-1");
    assert_int_equal(parse("{\"text\":\"x\",\"\\u0069d\":1}"), CODE_RESERVED_MEMBER);
    assert_string_equal(reason, "id is set by the server");
    assert_int_equal(parse("{\"text\":\"x\",\"a\":1,\"a\":1}"), CODE_BAD_MESSAGE);
    assert_string_equal(reason, "the member a is there twice");
}

static void the_reason_never_repeats_a_name_that_could_forge_a_log_line(void **state)
{
    (void)state;
    assert_int_equal(parse("{\"text\":\"x\",\"a\\nb\":1,\"a\\nb\":1}"), CODE_BAD_MESSAGE);
    assert_string_equal(reason, "a member is there twice");
}

/* What is read out */

static void options_have_their_defaults(void **state)
{
    (void)state;
    assert_int_equal(parse("{\"text\":\"x\"}"), 0);
    assert_int_equal(parsed.content, CONTENT_TEXT);
    assert_int_equal(parsed.random, 0);
    assert_int_equal(parsed.priority, PRIORITY_NORMAL);
    assert_false(parsed.online_only || parsed.push_disabled || parsed.at_all || parsed.at_count);
}

static void options_are_read(void **state)
{
    (void)state;
    assert_int_equal(parse("{\"file\":{\"url\":\"u\"},\"random\":9007199254740991,\"onlineOnly\":true,"
                           "\"priority\":\"low\",\"push\":{\"disabled\":true},\"at\":\"@all\"}"),
                     0);
    assert_int_equal(parsed.content, CONTENT_FILE);
    assert_true(parsed.random == SAFE_INTEGER_MAX);
    assert_int_equal(parsed.priority, PRIORITY_LOW);
    assert_true(parsed.online_only && parsed.push_disabled && parsed.at_all);
}

static void at_keeps_a_user_once_and_the_order(void **state)
{
    (void)state;
    assert_int_equal(parse("{\"text\":\"x\",\"at\":[\"bob\",\"carol\",\"bob\",\"Bob\"]}"), 0);
    assert_int_equal(parsed.at_count, 3);
    assert_string_equal(parsed.at[0], "bob");
    assert_string_equal(parsed.at[1], "carol");
    assert_string_equal(parsed.at[2], "Bob");
    assert_false(parsed.at_all);
}

static void every_content_is_told_from_the_others(void **state)
{
    (void)state;
    static const char *const names[] = {"text", "image",    "sound",  "video",  "file",
                                        "face", "location", "custom", "merger", "elements"};
    static const char *const values[] = {"\"x\"", "{\"url\":\"u\"}", "[{\"text\":\"x\"},{\"face\":{}}]"};
    for (size_t i = 0; i < COUNT(names); i++) {
        char text[80];
        snprintf(text, sizeof(text), "{\"%s\":%s}", names[i],
                 values[i == 0                  ? 0
                        : i == COUNT(names) - 1 ? 2
                                                : 1]);
        assert_int_equal(parse(text), 0);
        assert_int_equal(parsed.content, CONTENT_TEXT + (int)i);
    }
}

static void what_is_wrong_with_an_element_is_said_with_its_place(void **state)
{
    (void)state;
    assert_int_equal(parse("{\"elements\":[{\"text\":\"x\"},{\"image\":{\"width\":1}}]}"), CODE_BAD_MESSAGE);
    assert_string_equal(reason, "elements[1]: image needs url or data");
    assert_int_equal(parse("{\"elements\":[{\"merger\":{}},{\"text\":\"x\"}]}"), CODE_BAD_MESSAGE);
    assert_string_equal(reason, "elements[0]: neither merger nor elements are allowed in it");
}

static void what_is_not_to_be_unread_is_told(void **state)
{
    (void)state;
    assert_int_equal(parse("{\"text\":\"x\",\"noUnread\":true}"), 0);
    assert_true(parsed.no_unread);
    assert_int_equal(parse("{\"text\":\"x\",\"no\\u0055nread\":false}"), 0);
    assert_false(parsed.no_unread);
}

/* A refused message's random */

static int64_t random_of(const char *text, int expected)
{
    assert_int_equal(parse(text), expected);
    return parsed.random;
}

static void a_refused_message_still_tells_its_random(void **state)
{
    (void)state;
    assert_true(random_of("{\"random\":7,\"text\":1}", CODE_BAD_MESSAGE) == 7);
    assert_true(random_of("{\"random\":7,\"text\":\"x\",\"id\":1}", CODE_RESERVED_MEMBER) == 7);
    assert_true(random_of("{\"random\":7,\"text\":\"x\",\"text\":\"x\"}", CODE_BAD_MESSAGE) == 7);
    assert_true(random_of("{\"random\":7,\"text\":", CODE_BAD_MESSAGE) == 7);
}

static void a_random_that_is_there_twice_or_wrong_is_none(void **state)
{
    (void)state;
    assert_true(random_of("{\"random\":7,\"random\":8,\"text\":\"x\"}", CODE_BAD_MESSAGE) == 0);
    assert_true(random_of("{\"random\":7.0,\"text\":\"x\"}", CODE_BAD_MESSAGE) == 0);
    assert_true(random_of("hello \"random\":7<ff>", 0) == 0);
}

static void a_message_too_long_still_tells_its_random(void **state)
{
    (void)state;
    size_t len = 3000000;
    char *text = malloc(len);
    assert_non_null(text);
    memset(text, 'x', len);
    memcpy(text, "{\"random\":7,\"text\":\"", 20);
    memcpy(text + len - 2, "\"}", 2);
    assert_int_equal(parse_bytes(text, len), CODE_TOO_LONG);
    assert_true(parsed.random == 7);
    free(text);
}

/* The stamp */

static void expect_stamp(const struct stamp *stamp, const char *expected)
{
    char buf[STAMP_MAX];
    size_t len = stamp_write(buf, stamp);
    assert_int_equal(len, strlen(expected));
    assert_memory_equal(buf, expected, len);
}

static void a_stamp_has_the_order_of_the_protocol(void **state)
{
    (void)state;
    expect_stamp(&(struct stamp){1, 2, 3, "a", "b", NULL},
                 "{\"id\":1,\"seq\":2,\"sender\":\"a\",\"to\":\"b\",\"time\":3,");
    expect_stamp(&(struct stamp){INT64_MAX, 0, 0, "a", NULL, "g"},
                 "{\"id\":9223372036854775807,\"seq\":0,\"sender\":\"a\",\"group\":\"g\",\"time\":0,");
}

static void a_stamp_leaves_out_what_it_does_not_have(void **state)
{
    (void)state;
    expect_stamp(&(struct stamp){0, 5, 3, "a", NULL, "g"},
                 "{\"seq\":5,\"sender\":\"a\",\"group\":\"g\",\"time\":3,");
    expect_stamp(&(struct stamp){0, -1, 3, "@system", "b", NULL},
                 "{\"sender\":\"@system\",\"to\":\"b\",\"time\":3,");
}

static void what_is_written_as_a_stamp_is_read_from_it(void **state)
{
    static const struct stamp stamps[] = {{1, 2, 3, "a", "b", NULL},
                                          {999999999999999999, 0, 0, "@system", "b", NULL},
                                          {0, 5, 3, "a", NULL, "g"},
                                          {0, -1, 3, "a", NULL, "g"}};
    (void)state;
    for (size_t i = 0; i < COUNT(stamps); i++) {
        char buf[STAMP_MAX];
        struct stamp_place place;
        size_t len = stamp_write(buf, &stamps[i]);
        assert_true(stamp_read(buf, len, &place));
        assert_int_equal(stamp_len(buf, len), len);
        assert_true(place.id == stamps[i].id);
        assert_string_equal(place.sender, stamps[i].sender);
        assert_true(place.group == !stamps[i].to);
        assert_string_equal(place.to, stamps[i].to ? stamps[i].to : stamps[i].group);
    }
}

static void what_does_not_begin_with_a_stamp_is_none_however_it_is_cut(void **state)
{
    static const char whole[] = "{\"id\":1,\"seq\":2,\"sender\":\"a\",\"group\":\"g\",\"time\":";
    struct stamp_place place;
    (void)state;
    for (size_t len = 0; len < strlen(whole); len++) {
        char *cut = strndup(whole, len); /* of its very size, for the sanitizer */
        assert_false(stamp_read(cut, len, &place));
        free(cut);
    }
    assert_true(stamp_read(whole, strlen(whole), &place));
    char name[GROUP_ID_MAX + 2], text[STAMP_MAX];
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    int len = snprintf(text, sizeof text, "{\"sender\":\"a\",\"to\":\"%s\",\"time\":", name);
    assert_false(stamp_read(text, (size_t)len, &place));
}

static void the_longest_stamp_fits(void **state)
{
    (void)state;
    char name[1000];
    memset(name, 'n', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    char buf[STAMP_MAX];
    assert_true(stamp_write(buf, &(struct stamp){INT64_MAX, INT64_MAX, INT64_MAX, name, NULL, name}) <=
                STAMP_MAX);
}

/* The notification */

static struct notification noted;

static const char *note(const char *body)
{
    notification_clear(&noted);
    assert_int_equal(notification_read(&noted, body, strlen(body)), 0);
    return noted.body;
}

static int clear_note(void **state)
{
    (void)state;
    notification_clear(&noted);
    return 0;
}

static void each_content_has_its_word(void **state)
{
    (void)state;
    static const char *const words[][2] = {
        {"image", "[Image]"},    {"sound", "[Voice]"},    {"video", "[Video]"},
        {"file", "[File]"},      {"face", "[Sticker]"},   {"custom", "[Message]"},
        {"merger", "[Message]"}, {"notice", "[Message]"}, {"location", "[Location]"},
    };
    for (size_t i = 0; i < COUNT(words); i++) {
        char body[64];
        snprintf(body, sizeof(body), "\"%s\":{\"url\":\"u\"}}", words[i][0]);
        assert_string_equal(note(body), words[i][1]);
    }
}

static void a_text_is_shown(void **state)
{
    (void)state;
    assert_string_equal(note("\"text\":\"he\\u006clo\"}"), "hello");
    assert_string_equal(note("\"text\":\"a\\u0000b\"}"), "a\xef\xbf\xbd"
                                                         "b");
    assert_string_equal(note("\"text\":\"\"}"), "");
    assert_string_equal(note("\"notice\":{\"type\":\"custom\",\"text\":\"maintenance\"}}"), "maintenance");
}

static void elements_are_shown_joined(void **state)
{
    (void)state;
    assert_string_equal(note("\"elements\":[{\"text\":\"a \"},{\"sound\":{\"url\":\"u\"}},{\"custom\":{}},"
                             "{\"text\":\"b\"}]}"),
                        "a [Voice][Message]b");
    assert_string_equal(note("\"elements\":[{\"text\":\"\"},{\"text\":\"\"}],\"push\":{\"body\":\"\"}}"), "");
}

static char *body_of(const char *character, size_t count)
{
    char *body = calloc(1, strlen(character) * count + 20);
    assert_non_null(body);
    strcpy(body, "\"text\":\"");
    for (size_t i = 0; i < count; i++)
        strcat(body, character);
    return strcat(body, "\"}");
}

static void a_text_is_cut_at_100_characters_not_bytes(void **state)
{
    (void)state;
    static const char *const characters[] = {"a", "\xc3\xa9", "\xe4\xbd\xa0", "\xf0\x9f\x98\x80"};
    for (size_t i = 0; i < COUNT(characters); i++) {
        for (size_t count = 99; count <= 101; count++) {
            char *body = body_of(characters[i], count);
            const char *shown = note(body);
            assert_int_equal(strlen(shown), strlen(characters[i]) * (count < 100 ? count : 100));
            assert_true(utf8_valid(shown, strlen(shown)));
            free(body);
        }
    }
}

static void push_overrides_the_notification(void **state)
{
    (void)state;
    note("\"text\":\"x\",\"push\":{\"title\":\"t\",\"body\":\"b\",\"ext\":\"e\",\"sound\":\"s\",\"badge\":"
         "false}}");
    assert_string_equal(noted.title, "t");
    assert_string_equal(noted.body, "b");
    assert_string_equal(noted.ext, "e");
    assert_string_equal(noted.sound, "s");
    assert_false(noted.badge);
}

static void without_push_only_body_and_badge_are_given(void **state)
{
    (void)state;
    note("\"text\":\"x\",\"push\":{\"title\":\"\",\"body\":\"\"}}");
    assert_string_equal(noted.body, "x");
    assert_true(noted.badge);
    assert_true(!noted.title && !noted.ext && !noted.sound);
}

static void a_body_that_is_none_gives_no_notification(void **state)
{
    (void)state;
    assert_int_equal(notification_read(&noted, "\"text\":", 7), -1);
    assert_null(noted.body);
    assert_int_equal(notification_read(&noted, "", 0), -1);
}

/* Out of memory */

static int allocations_left;

static void *scarce_malloc(size_t size)
{
    return allocations_left-- > 0 ? malloc(size) : NULL;
}

static void every_failing_allocation_of_cjson_is_a_refusal(void **state)
{
    (void)state;
    cJSON_Hooks hooks = {scarce_malloc, free};
    cJSON_InitHooks(&hooks);
    int needed = 0, code;
    do {
        allocations_left = needed++;
        code = parse("{\"text\":\"x\",\"at\":[\"bob\"],\"push\":{\"title\":\"t\"},\"n\":{\"a\":[1,2,{}]}}");
        assert_true(code == 0 || code == CODE_BUSY);
    } while (code != 0 && needed < 1000);
    cJSON_InitHooks(NULL);
    assert_true(needed > 10);
    assert_int_equal(code, 0);
}

/* Whatever is accepted is delivered well */

static uint64_t seed = 88172645463325252U;

static size_t pick(size_t below)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (size_t)(seed % below);
}

static const char *const seeds[] = {
    "{\"text\":\"hi\",\"random\":5,\"at\":[\"bob\",\"carol\"],\"n\":-1.5e3}",
    "{\"image\":{\"url\":\"u\",\"data\":\"QUJD\",\"width\":1,\"thumb\":{\"size\":2}},\"id2\":1,\"i\\u0064x\":"
    "2}",
    " { \"merger\" : {\"title\":\"t\",\"abstracts\":[\"\\u00e9\"],\"messages\":[{\"id\":1}]} , "
    "\"priority\":\"low\" } ",
    "{\"custom\":{\"data\":\"\\ud83d\\ude00\"},\"push\":{\"badge\":true},\"onlineOnly\":false,\"sende\":1,"
    "\"x\":null}",
    "plain \"text\" \xe4\xbd\xa0 \xf0\x9f\x98\x80",
};
static const char *const tokens[] = {"{",
                                     "}",
                                     "[",
                                     "]",
                                     ",",
                                     ":",
                                     "\"",
                                     "\\",
                                     "\\u0000",
                                     "\\u0069",
                                     "id",
                                     "\"id\":1,",
                                     "\"sender\":\"eve\",",
                                     "text",
                                     "\xc3",
                                     "\xff",
                                     " ",
                                     "0",
                                     "e9",
                                     "null",
                                     "\n"};

static size_t mutate(char *text, size_t len, size_t size)
{
    size_t at = pick(len + 1);
    const char *token = tokens[pick(COUNT(tokens))];
    size_t token_len = strlen(token);
    switch (pick(4)) {
    case 0: /* drop */
        if (at < len) {
            memmove(text + at, text + at + 1, len - at - 1);
            len--;
        }
        return len;
    case 1: /* change */
        if (at < len)
            text[at] = (char)pick(256);
        return len;
    case 2: /* copy a piece to another place of the same length */
        if (at < len) {
            size_t from = pick(len), most = len - (at > from ? at : from);
            memmove(text + at, text + from, pick(most + 1));
        }
        return len;
    default: /* insert */
        if (len + token_len > size)
            return len;
        memmove(text + at + token_len, text + at, len - at);
        memcpy(text + at, token, token_len);
        return len + token_len;
    }
}

static bool accepted_is_delivered_well(const char *text, size_t len, size_t *accepted)
{
    char *exact = malloc(len ? len : 1);
    assert_non_null(exact);
    memcpy(exact, text, len);
    int code = parse_bytes(exact, len);
    bool good = code != 0 || delivers_well();
    if (!good)
        print_error("accepted: %.*s\n", (int)len, text);
    *accepted += code == 0;
    payload_clear(&parsed);
    free(exact);
    return good;
}

static void mutated_messages_are_refused_or_delivered_well(void **state)
{
    (void)state;
    size_t accepted = 0;
    for (int round = 0; round < 60000; round++) {
        char text[400];
        const char *start = seeds[pick(COUNT(seeds))];
        size_t len = strlen(start);
        memcpy(text, start, len);
        for (size_t i = pick(4) + 1; i > 0; i--)
            len = mutate(text, len, sizeof(text));
        assert_true(accepted_is_delivered_well(text, len, &accepted));
    }
    assert_true(accepted > 5000);
}

/* One member that is an object takes a message off the short path: the answer must be the same. */
static void the_short_path_and_the_long_one_agree(void **state)
{
    static const char *const names[] = {"text",       "random",     "x", "id", "image",
                                        "onlineOnly", "te\\u0078t", "",  "tex"};
    static const char *const values[] = {
        "\"a\"", "5", "0", "\"\\\"}\"", "true", "null", "1.5", "9007199254740992", "\"\""};
    (void)state;
    size_t accepted = 0;
    for (int round = 0; round < 40000; round++) {
        char members[400] = "", brief[420], full[440];
        for (size_t i = pick(3) + 1; i > 0; i--) {
            size_t len = strlen(members);
            snprintf(members + len, sizeof(members) - len, "%s\"%s\"%s:%s%s", len ? "," : "",
                     names[pick(COUNT(names))], pick(2) ? " " : "", pick(2) ? " " : "",
                     values[pick(COUNT(values))]);
        }
        snprintf(brief, sizeof(brief), "{%s}", members);
        snprintf(full, sizeof(full), "{%s,\"zz\":{}}", members);
        int code = parse(brief);
        int64_t random = parsed.random;
        enum content content = parsed.content;
        payload_clear(&parsed);
        int same = parse(full);
        if (code != same || parsed.random != random || (code == 0 && parsed.content != content))
            fail_msg("%s: %d, the long path says %d", brief, code, same);
        accepted += code == 0;
        payload_clear(&parsed);
    }
    assert_true(accepted > 1000);
}

static void random_bytes_are_refused_or_delivered_well(void **state)
{
    (void)state;
    size_t accepted = 0;
    for (int round = 0; round < 30000; round++) {
        char text[64];
        size_t len = pick(sizeof(text)), range = round % 2 ? 256 : 128;
        for (size_t i = 0; i < len; i++)
            text[i] = (char)pick(range);
        if (len && round % 3 == 0)
            text[0] = '{';
        assert_true(accepted_is_delivered_well(text, len, &accepted));
    }
    assert_true(accepted > 5000);
}

#define PARSING(test) cmocka_unit_test_teardown(test, clear)
#define NOTING(test)  cmocka_unit_test_teardown(test, clear_note)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PARSING(every_payload_gets_its_code),
        PARSING(members_follow_the_stamp_untouched),
        PARSING(white_space_around_the_object_is_cut_and_inside_kept),
        PARSING(a_long_number_and_a_nul_are_delivered_as_sent),
        PARSING(plain_text_becomes_a_text_member),
        PARSING(plain_text_is_escaped),
        PARSING(a_byte_order_mark_before_json_is_dropped),
        PARSING(plain_text_cannot_break_out_of_its_string),
        PARSING(an_array_is_plain_text),
        PARSING(the_limit_is_on_the_bytes_as_published),
        PARSING(too_long_comes_before_every_other_complaint),
        PARSING(an_empty_payload_without_address_is_refused),
        PARSING(a_short_reason_buffer_is_not_overrun),
        PARSING(the_reason_names_the_member),
        PARSING(the_reason_never_repeats_a_name_that_could_forge_a_log_line),
        PARSING(options_have_their_defaults),
        PARSING(options_are_read),
        PARSING(at_keeps_a_user_once_and_the_order),
        PARSING(every_content_is_told_from_the_others),
        PARSING(what_is_wrong_with_an_element_is_said_with_its_place),
        PARSING(what_is_not_to_be_unread_is_told),
        PARSING(a_refused_message_still_tells_its_random),
        PARSING(a_random_that_is_there_twice_or_wrong_is_none),
        PARSING(a_message_too_long_still_tells_its_random),
        PARSING(a_stamp_has_the_order_of_the_protocol),
        PARSING(a_stamp_leaves_out_what_it_does_not_have),
        PARSING(what_is_written_as_a_stamp_is_read_from_it),
        PARSING(what_does_not_begin_with_a_stamp_is_none_however_it_is_cut),
        PARSING(the_longest_stamp_fits),
        NOTING(each_content_has_its_word),
        NOTING(a_text_is_shown),
        NOTING(elements_are_shown_joined),
        NOTING(a_text_is_cut_at_100_characters_not_bytes),
        NOTING(push_overrides_the_notification),
        NOTING(without_push_only_body_and_badge_are_given),
        NOTING(a_body_that_is_none_gives_no_notification),
        PARSING(every_failing_allocation_of_cjson_is_a_refusal),
        PARSING(mutated_messages_are_refused_or_delivered_well),
        PARSING(the_short_path_and_the_long_one_agree),
        PARSING(random_bytes_are_refused_or_delivered_well),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
