/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "acl/identity.h"
#include "acl/topic.h"
#include "lib/basics.h"

#define CASES SOURCE_DIR "/tests/unit/topics.txt"
static const char *const kind_names[] = {
    [TOPIC_OTHER] = "other",       [TOPIC_INBOX] = "inbox",           [TOPIC_FEED] = "feed",
    [TOPIC_GROUP] = "group",       [TOPIC_EVENT] = "event",           [TOPIC_FEED_GROUP] = "feed_group",
    [TOPIC_PUSH] = "push",         [TOPIC_EVERYTHING] = "everything", [TOPIC_UPLOAD] = "upload",
    [TOPIC_REVIEW] = "review",     [TOPIC_CONTROL] = "control",       [TOPIC_STATS] = "stats",
    [TOPIC_RESPONSE] = "response", [TOPIC_CLOSED] = "closed",
};

struct topic_line {
    char how[16];
    char text[256];
    char kind[16];
    char name[64];
};

static bool known_kind(const char *name)
{
    for (size_t i = 0; i < COUNT(kind_names); i++)
        if (strcmp(name, kind_names[i]) == 0)
            return true;
    return false;
}

/* False for a line that is not a case at all: a misspelt one must not pass unseen. */
static bool read_line(const char *text, struct topic_line *line)
{
    char rest;
    memset(line, 0, sizeof *line);
    int fields =
        sscanf(text, "%15s %255s %15s %63s %c", line->how, line->text, line->kind, line->name, &rest);
    bool how = strcmp(line->how, "publish") == 0 || strcmp(line->how, "filter") == 0;
    return (fields == 3 || fields == 4) && how && known_kind(line->kind);
}

static struct topic parse(const struct topic_line *line)
{
    return line->how[0] == 'p' ? topic_parse(line->text) : filter_parse(line->text);
}

static bool as_expected(const struct topic_line *line, struct topic topic)
{
    if (strcmp(kind_names[topic.kind], line->kind) != 0)
        return false;
    if (!topic.name)
        return line->name[0] == '\0' && topic.name_len == 0;
    bool inside = topic.name > line->text && topic.name + topic.name_len <= line->text + strlen(line->text);
    return inside && strlen(line->name) == topic.name_len &&
           memcmp(line->name, topic.name, topic.name_len) == 0;
}

/* Calls `check` with every case of the file; returns how many lines were wrong, each named. */
static int walk(bool (*check)(const struct topic_line *line, void *context), void *context)
{
    FILE *file = fopen(CASES, "r");
    assert_non_null(file);
    char text[512];
    int wrong = 0;
    for (int number = 1; fgets(text, sizeof text, file); number++) {
        struct topic_line line;
        if (text[0] == '#' || text[0] == '\n')
            continue;
        if (!read_line(text, &line) || !check(&line, context)) {
            print_error("topics.txt:%d: %s", number, text);
            wrong++;
        }
    }
    fclose(file);
    return wrong;
}

static bool check_line(const struct topic_line *line, void *context)
{
    (void)context;
    struct topic topic = parse(line);
    if (as_expected(line, topic))
        return true;
    print_error("got %s %.*s\n", kind_names[topic.kind], (int)topic.name_len, topic.name ? topic.name : "");
    return false;
}

static void every_line_of_topics_txt_is_right(void **state)
{
    (void)state;
    assert_int_equal(walk(check_line, NULL), 0);
}

static bool count_kind(const struct topic_line *line, void *context)
{
    int(*seen)[COUNT(kind_names)] = context;
    for (size_t i = 0; i < COUNT(kind_names); i++)
        seen[line->how[0] == 'f'][i] += strcmp(line->kind, kind_names[i]) == 0;
    return true;
}

static void every_kind_occurs_as_topic_and_as_filter(void **state)
{
    (void)state;
    int seen[2][COUNT(kind_names)] = {{0}};
    walk(count_kind, seen);
    for (size_t i = 0; i < COUNT(kind_names); i++) {
        bool filter_only = i == TOPIC_FEED;
        if (!seen[1][i] || (seen[0][i] > 0) == filter_only)
            fail_msg("%s: %d topics, %d filters", kind_names[i], seen[0][i], seen[1][i]);
    }
}

/* In a block of its exact size, so that the sanitizer sees a read past the end. */
static bool check_cut(const struct topic_line *line, void *context)
{
    (void)context;
    for (size_t len = 0; len <= strlen(line->text); len++) {
        char *copy = malloc(len + 1);
        assert_non_null(copy);
        memcpy(copy, line->text, len);
        copy[len] = '\0';
        (void)topic_parse(copy);
        (void)filter_parse(copy);
        free(copy);
    }
    return true;
}

static void a_topic_cut_anywhere_is_read_within_its_bounds(void **state)
{
    (void)state;
    assert_int_equal(walk(check_cut, NULL), 0);
}

static void an_empty_topic_is_not_ours(void **state)
{
    (void)state;
    assert_int_equal(topic_parse("").kind, TOPIC_OTHER);
    assert_int_equal(filter_parse("").kind, TOPIC_OTHER);
}

static void control_characters_and_blanks_in_an_id_close_the_topic(void **state)
{
    (void)state;
    static const char *const topics[] = {"chat/user/bo b",  "chat/user/bob ",  "chat/user/ bob",
                                         "chat/user/b\tob", "chat/user/b\nob", "chat/group/g\x7f",
                                         "chat/user/\x01",  "chat/ user/bob",  "chat/push "};
    for (size_t i = 0; i < COUNT(topics); i++)
        if (topic_parse(topics[i]).kind != TOPIC_CLOSED || filter_parse(topics[i]).kind != TOPIC_CLOSED)
            fail_msg("\"%s\" is not closed", topics[i]);
}

static void check_printed(struct topic topic, enum topic_kind kind, const char *name)
{
    assert_int_equal(topic.kind, kind);
    assert_int_equal(topic.name_len, strlen(name));
    assert_memory_equal(topic.name, name, topic.name_len);
}

static void check_names(const char *user, const char *group)
{
    char topic[TOPIC_MAX];
    topic_print_inbox(topic, user);
    check_printed(topic_parse(topic), TOPIC_INBOX, user);
    topic_print_feed(topic, user);
    check_printed(filter_parse(topic), TOPIC_FEED, user);
    topic_print_feed_group(topic, user, group);
    check_printed(topic_parse(topic), TOPIC_FEED_GROUP, user);
    assert_string_equal(strrchr(topic, '/') + 1, group);
    topic_print_event(topic, user);
    check_printed(topic_parse(topic), TOPIC_EVENT, user);
    topic_print_group(topic, group);
    check_printed(topic_parse(topic), TOPIC_GROUP, group);
    assert_true(topic_is_group(topic, group));
}

static void what_is_printed_parses_back(void **state)
{
    (void)state;
    char user[USER_ID_MAX + 1] = "", group[GROUP_ID_MAX + 1] = "";
    check_names("bob", "g1");
    check_names("a", "b");
    check_names(memset(user, 'u', USER_ID_MAX), memset(group, 'g', GROUP_ID_MAX));
    assert_int_equal(topic_parse(PUSH_TOPIC).kind, TOPIC_PUSH);
    assert_int_equal(topic_parse(CONTROL_TOPIC).kind, TOPIC_CONTROL);
    assert_int_equal(topic_parse(RESPONSE_TOPIC).kind, TOPIC_RESPONSE);
    assert_int_equal(topic_parse(STATS_TOPIC "users").kind, TOPIC_STATS);
}

static void a_group_is_told_by_its_whole_topic(void **state)
{
    (void)state;
    static const char *const others[] = {"",
                                         "chat/group",
                                         "chat/group/",
                                         "chat/group/g",
                                         "chat/group/g10",
                                         "chat/group/g1/x",
                                         "chat/user/g1",
                                         "xchat/group/g1"};
    assert_true(topic_is_group("chat/group/g1", "g1"));
    for (size_t i = 0; i < COUNT(others); i++)
        if (topic_is_group(others[i], "g1"))
            fail_msg("\"%s\" is taken for chat/group/g1", others[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_line_of_topics_txt_is_right),
        cmocka_unit_test(every_kind_occurs_as_topic_and_as_filter),
        cmocka_unit_test(a_topic_cut_anywhere_is_read_within_its_bounds),
        cmocka_unit_test(an_empty_topic_is_not_ours),
        cmocka_unit_test(control_characters_and_blanks_in_an_id_close_the_topic),
        cmocka_unit_test(what_is_printed_parses_back),
        cmocka_unit_test(a_group_is_told_by_its_whole_topic),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
