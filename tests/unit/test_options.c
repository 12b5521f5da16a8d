/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/basics.h"
#include "lib/option_changes.h"
#include "lib/option_rows.h"
#include "lib/plugin_options.h"
#include "schema/store_config.h"

/* clang-format off */
#define REQUIRED {"sdkappid", "1400000000"}, {"secret_key_file", "/k"}, {"database", "/d.db"}
/* clang-format on */

/* strdup and strndup fail when the countdown reaches 0, so that every allocation of a call can fail in
 * turn. */
static int allocations_left = -1;

static bool allocation_fails(void)
{
    if (allocations_left < 0)
        return false;
    if (allocations_left == 0)
        return true;
    allocations_left--;
    return false;
}

char *strndup(const char *text, size_t max)
{
    size_t len = strnlen(text, max);
    char *copy = allocation_fails() ? NULL : malloc(len + 1);
    if (copy) {
        memcpy(copy, text, len);
        copy[len] = 0;
    }
    return copy;
}

char *strdup(const char *text)
{
    return strndup(text, strlen(text));
}

struct options_fixture {
    struct plugin_options options;
    struct option_changes changes; /* of the last reload */
    char error[512];
    char path[64];
};

static int set_up(void **state)
{
    struct options_fixture *f = calloc(1, sizeof *f);
    if (!f)
        return -1;
    strcpy(f->path, "/tmp/chat-options-XXXXXX");
    int fd = mkstemp(f->path);
    if (fd < 0) {
        free(f);
        return -1;
    }
    close(fd);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct options_fixture *f = *state;
    plugin_options_clear(&f->options);
    unlink(f->path);
    free(f);
    return 0;
}

static void write_bytes(const struct options_fixture *f, const char *bytes, size_t len)
{
    FILE *file = fopen(f->path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

static void write_settings(const struct options_fixture *f, const char *text)
{
    write_bytes(f, text, strlen(text));
}

static int parse(struct options_fixture *f, const struct option_pair *pairs, size_t count)
{
    f->error[0] = 0;
    plugin_options_clear(&f->options);
    return plugin_options_parse(&f->options, pairs, count, f->error, sizeof f->error);
}

/* The required options and one more. */
static int parse_one(struct options_fixture *f, const char *name, const char *value)
{
    const struct option_pair pairs[] = {REQUIRED, {name, value}};
    return parse(f, pairs, COUNT(pairs));
}

static void assert_says(const struct options_fixture *f, const char *words)
{
    if (!strstr(f->error, words))
        fail_msg("expected \"%s\" in: %s", words, f->error);
}

static void assert_cleared(const struct options_fixture *f)
{
    static const struct plugin_options nothing;
    assert_memory_equal(&f->options, &nothing, sizeof nothing);
}

static void assert_refused(struct options_fixture *f, const char *name, const char *value, const char *words)
{
    if (parse_one(f, name, value) == 0)
        fail_msg("%s \"%s\" was accepted", name, value);
    assert_says(f, words);
    assert_cleared(f);
}

static void start_with_file(struct options_fixture *f, const char *text)
{
    write_settings(f, text);
    if (parse_one(f, "settings_file", f->path))
        fail_msg("%s", f->error);
}

/* What a SIGHUP does where mosquitto.conf, which has these pairs now, is at /m.conf: the pair's number is its line.
 * NULL: it cannot be read. */
static int reload_pairs(struct options_fixture *f, const struct option_pair *pairs, size_t count)
{
    struct conf_place places[16];
    struct plugin_options next;
    f->error[0] = 0;
    memset(&f->changes, 0, sizeof f->changes);
    for (size_t i = 0; i < COUNT(places); i++)
        places[i] = (struct conf_place){.file = "/m.conf", .line = (int)i + 1};
    int result = plugin_options_reread(&next, &f->options, pairs, places, count, f->error, sizeof f->error);
    if (result == 0)
        option_changes_take(&f->changes, &f->options, &next);
    return result;
}

static int reload(struct options_fixture *f, const char *text)
{
    write_settings(f, text);
    return reload_pairs(f, NULL, 0);
}

/* --- the table, once more --- */

#define NONE INT64_MIN
/* clang-format off */
#define NUMBER(name, min, max, value, live) {#name, offsetof(struct plugin_options, name), min, max, value, live}
/* clang-format on */
static const struct number_row {
    const char *name;
    size_t offset;
    int64_t min, max, value; /* value: the default */
    bool running;
} numbers[] = {
    NUMBER(sdkappid, 1, INT64_C(4294967295), NONE, false),
    NUMBER(instances_per_platform, 1, 10, 1, true),
    NUMBER(web_instances, 1, 10, 5, true),
    NUMBER(user_rate, 0, 1000000, 100, true),
    NUMBER(group_rate, 0, 1000000, 40, true),
    NUMBER(command_rate, 0, 1000000, 200, true),
    NUMBER(cache_seconds, 0, 604800, 600, true),
    NUMBER(retention_days, 0, 36500, 7, true),
    NUMBER(clock_checked, 0, 99991231, 0, true),
    NUMBER(max_message_bytes, 256, 1048576, 12288, true),
    NUMBER(max_members_private, 1, 100000, 200, true),
    NUMBER(max_members_public, 1, 100000, 2000, true),
    NUMBER(max_members_chatroom, 1, 100000, 6000, true),
    NUMBER(recall_seconds, 0, 604800, 120, true),
    NUMBER(edit_seconds, 0, 604800, 86400, true),
    NUMBER(replay_limit, 0, 1000000, 1000, true),
    NUMBER(live_history, 0, 50, 20, true),
    NUMBER(device_rate, 1, 100000, 45, true),
    NUMBER(ring_bytes, 4194304, INT64_C(4294967296), 67108864, false),
    NUMBER(push_lease_seconds, 1, 3600, 30, true),
    NUMBER(push_ttl_seconds, 60, 604800, 86400, true),
    NUMBER(review_seconds, 1, 30, 5, true),
    NUMBER(max_media_bytes, 1024, 1073741824, 104857600, true),
    NUMBER(media_retention_days, -1, 36500, -1, true),
    NUMBER(media_user_bytes, 0, INT64_C(1) << 50, 0, true),
};

static const struct {
    const char *name;
    size_t offset;
    const char *word;
    int value;
    bool is_default, running;
} words[] = {
    {"other_users", offsetof(struct plugin_options, other_users), "refuse", OTHER_USERS_REFUSE, true, true},
    {"other_users", offsetof(struct plugin_options, other_users), "defer", OTHER_USERS_DEFER, false, true},
    {"other_topics", offsetof(struct plugin_options, other_topics), "defer", OTHER_TOPICS_DEFER, true, true},
    {"other_topics", offsetof(struct plugin_options, other_topics), "allow", OTHER_TOPICS_ALLOW, false, true},
    {"other_topics", offsetof(struct plugin_options, other_topics), "deny", OTHER_TOPICS_DENY, false, true},
    {"login_policy", offsetof(struct plugin_options, login_policy), "single", LOGIN_SINGLE, false, true},
    {"login_policy", offsetof(struct plugin_options, login_policy), "dual", LOGIN_DUAL, false, true},
    {"login_policy", offsetof(struct plugin_options, login_policy), "triple", LOGIN_TRIPLE, false, true},
    {"login_policy", offsetof(struct plugin_options, login_policy), "multi", LOGIN_MULTI, true, true},
    {"push_badge", offsetof(struct plugin_options, push_badge), "false", 0, false, true},
    {"push_badge", offsetof(struct plugin_options, push_badge), "true", 1, true, true},
    {"review_default", offsetof(struct plugin_options, review_default), "pass", REVIEW_DEFAULT_PASS, true,
     true},
    {"review_default", offsetof(struct plugin_options, review_default), "refuse", REVIEW_DEFAULT_REFUSE,
     false, true},
    {"sync", offsetof(struct plugin_options, sync), "full", SYNC_FULL, true, true},
    {"sync", offsetof(struct plugin_options, sync), "normal", SYNC_NORMAL, false, true},
    {"sync", offsetof(struct plugin_options, sync), "off", SYNC_OFF, false, true},
    {"sent_after", offsetof(struct plugin_options, sent_after), "accepted", SENT_AFTER_ACCEPTED, true, true},
    {"sent_after", offsetof(struct plugin_options, sent_after), "committed", SENT_AFTER_COMMITTED, false,
     true},
};

static const struct {
    const char *name;
    bool running;
} texts[] = {
    {"secret_key_file", true}, {"database", false},  {"ring_file", false}, {"words_file", true},
    {"settings_file", false},  {"media_dir", false}, {"backup_dir", true},
};

static int64_t number_of(const struct plugin_options *options, const struct number_row *row)
{
    return *(const int64_t *)((const char *)options + row->offset);
}

static int word_of(const struct plugin_options *options, size_t i)
{
    return *(const int *)((const char *)options + words[i].offset);
}

static const char *decimal(int64_t number)
{
    static char text[32];
    snprintf(text, sizeof text, "%" PRId64, number);
    return text;
}

/* sdkappid has its place among the required ones, all others come on top of them. */
static int parse_number(struct options_fixture *f, const struct number_row *row, int64_t number)
{
    if (row->value != NONE)
        return parse_one(f, row->name, decimal(number));
    const struct option_pair pairs[] = {
        {"sdkappid", decimal(number)}, {"secret_key_file", "/k"}, {"database", "/d.db"}};
    return parse(f, pairs, COUNT(pairs));
}

static void every_number_accepts_both_ends_of_its_range(void **state)
{
    struct options_fixture *f = *state;
    for (size_t i = 0; i < COUNT(numbers); i++) {
        const int64_t ends[] = {numbers[i].min, numbers[i].max};
        for (size_t k = 0; k < COUNT(ends); k++) {
            if (parse_number(f, &numbers[i], ends[k]))
                fail_msg("%s", f->error);
            assert_int_equal(number_of(&f->options, &numbers[i]), ends[k]);
        }
    }
}

static void every_number_refuses_what_is_just_outside_and_says_name_value_and_range(void **state)
{
    struct options_fixture *f = *state;
    for (size_t i = 0; i < COUNT(numbers); i++) {
        const int64_t outside[] = {numbers[i].min - 1, numbers[i].max + 1};
        for (size_t k = 0; k < COUNT(outside); k++) {
            char sentence[160];
            snprintf(sentence, sizeof sentence,
                     "plugin_opt_%s: \"%" PRId64 "\" is not a whole number from %" PRId64 " to %" PRId64,
                     numbers[i].name, outside[k], numbers[i].min, numbers[i].max);
            assert_int_equal(parse_number(f, &numbers[i], outside[k]), -1);
            assert_string_equal(f->error, sentence);
        }
    }
}

static void every_number_has_its_default(void **state)
{
    struct options_fixture *f = *state;
    assert_int_equal(parse_one(f, "admins", ""), 0);
    for (size_t i = 0; i < COUNT(numbers); i++)
        if (numbers[i].value != NONE && number_of(&f->options, &numbers[i]) != numbers[i].value)
            fail_msg("%s has another default", numbers[i].name);
}

static void every_word_is_its_enum(void **state)
{
    struct options_fixture *f = *state;
    for (size_t i = 0; i < COUNT(words); i++) {
        if (parse_one(f, words[i].name, words[i].word))
            fail_msg("%s", f->error);
        if (word_of(&f->options, i) != words[i].value)
            fail_msg("%s %s has the wrong value", words[i].name, words[i].word);
    }
}

static void every_word_has_its_default(void **state)
{
    struct options_fixture *f = *state;
    assert_int_equal(parse_one(f, "admins", ""), 0);
    for (size_t i = 0; i < COUNT(words); i++)
        if (words[i].is_default)
            assert_int_equal(word_of(&f->options, i), words[i].value);
}

static void the_required_ones_are_enough_and_the_ring_stands_beside_the_database(void **state)
{
    struct options_fixture *f = *state;
    const struct option_pair pairs[] = {REQUIRED};
    assert_int_equal(parse(f, pairs, COUNT(pairs)), 0);
    assert_int_equal(f->options.sdkappid, 1400000000);
    assert_string_equal(f->options.secret_key_file, "/k");
    assert_string_equal(f->options.database, "/d.db");
    assert_string_equal(f->options.ring_file, "/d.db.ring");
    assert_null(f->options.admins);
    assert_null(f->options.words_file);
    assert_null(f->options.settings_file);
}

/* --- refusals --- */

static void each_missing_required_option_is_named(void **state)
{
    struct options_fixture *f = *state;
    const struct option_pair all[] = {REQUIRED};
    for (size_t missing = 0; missing < COUNT(all); missing++) {
        struct option_pair pairs[] = {all[(missing + 1) % 3], all[(missing + 2) % 3]};
        assert_int_equal(parse(f, pairs, COUNT(pairs)), -1);
        char sentence[96];
        snprintf(sentence, sizeof sentence, "plugin_opt_%s is missing", all[missing].name);
        assert_says(f, sentence);
        assert_cleared(f);
    }
}

static void numbers_are_plain_decimal(void **state)
{
    static const char *const wrong[] = {
        "ten", "10.0", "1e3", "0x10",
        "+5",  "--5",  "-",   "5 6",
        "5,",  "5s",   "5#",  "9223372036854775808",
        "-0x", "٣",    "1_0", "1000000000000000000000005",
    };
    struct options_fixture *f = *state;
    for (size_t i = 0; i < COUNT(wrong); i++)
        assert_refused(f, "user_rate", wrong[i], "is not a whole number from 0 to 1000000");
}

static void an_unknown_word_is_refused_with_the_known_ones(void **state)
{
    struct options_fixture *f = *state;
    assert_refused(f, "login_policy", "quad",
                   "plugin_opt_login_policy: \"quad\" is not one of: single dual triple multi");
    assert_refused(f, "sync", "Full", "plugin_opt_sync: \"Full\" is not one of: full normal off");
    assert_refused(f, "sync", "ful", "not one of");
    assert_refused(f, "sync", "full normal", "not one of");
}

static void an_unknown_option_is_refused(void **state)
{
    assert_refused(*state, "colour", "red", "plugin_opt_colour is not an option");
    assert_null(strstr(((struct options_fixture *)*state)->error, "did you mean"));
}

static void files_are_kept_as_long_as_messages_unless_told_otherwise(void **state)
{
    struct options_fixture *f = *state;
    assert_int_equal(parse_one(f, "retention_days", "3"), 0);
    assert_int_equal(plugin_options_media_retention_days(&f->options), 3);
    assert_int_equal(parse_one(f, "media_retention_days", "0"), 0);
    assert_int_equal(plugin_options_media_retention_days(&f->options), 0);
}

static void there_are_no_uploads_unless_there_is_a_folder_for_them(void **state)
{
    struct options_fixture *f = *state;
    assert_int_equal(parse_one(f, "admins", ""), 0);
    assert_null(f->options.media_dir);
    assert_string_equal(f->options.media_url, "/media/");
}

static void a_name_one_or_two_edits_away_gets_a_suggestion(void **state)
{
    static const char *const typed[][2] = {
        {"grop_rate", "group_rate"},
        {"group_rates", "group_rate"},
        {"usr_rat", "user_rate"},
        {"admin", "admins"},
        {"datbaase", "database"},
        {"retention-days", "retention_days"},
        {"plugin_opt_admins", "admins"},
        {"max_member_private", "max_members_private"},
        {"max_members_publi", "max_members_public"},
    };
    for (size_t i = 0; i < COUNT(typed); i++) {
        char suggestion[96];
        snprintf(suggestion, sizeof suggestion, "did you mean plugin_opt_%s?", typed[i][1]);
        assert_refused(*state, typed[i][0], "1", suggestion);
    }
}

static void a_name_three_edits_away_gets_none(void **state)
{
    struct options_fixture *f = *state;
    assert_refused(f, "gr_rat", "1", "is not an option");
    assert_null(strstr(f->error, "did you mean"));
}

static void a_name_given_twice_is_refused(void **state)
{
    assert_refused(*state, "database", "/d.db", "plugin_opt_database is given twice");
}

static void required_options_and_numbers_and_words_need_a_value(void **state)
{
    struct options_fixture *f = *state;
    const struct option_pair key[] = {{"secret_key_file", " "}};
    assert_int_equal(parse(f, key, 1), -1);
    assert_string_equal(f->error, "plugin_opt_secret_key_file needs a value");
    assert_refused(f, "user_rate", "", "plugin_opt_user_rate needs a value");
    assert_refused(f, "sync", NULL, "plugin_opt_sync needs a value");
}

static void an_empty_optional_text_is_none(void **state)
{
    struct options_fixture *f = *state;
    const struct option_pair pairs[] = {
        REQUIRED, {"ring_file", ""}, {"words_file", ""}, {"settings_file", ""}, {"admins", " "}};
    assert_int_equal(parse(f, pairs, COUNT(pairs)), 0);
    assert_string_equal(f->options.ring_file, "/d.db.ring");
    assert_null(f->options.words_file);
    assert_null(f->options.settings_file);
    assert_null(f->options.admins);
}

static void what_is_reviewed_is_some_of_six_words(void **state)
{
    struct options_fixture *f = *state;
    assert_int_equal(parse_one(f, "review", ""), 0);
    assert_int_equal(f->options.review, 0);
    assert_int_equal(parse_one(f, "review", "c2c"), 0);
    assert_int_equal(f->options.review, REVIEW_C2C);
    assert_int_equal(parse_one(f, "review", " live , c2c,live"), 0);
    assert_int_equal(f->options.review, REVIEW_C2C | REVIEW_LIVE);
    assert_int_equal(parse_one(f, "review", "c2c,group,live,create,join,invite"), 0);
    assert_int_equal(f->options.review, 63);
    assert_refused(f, "review", "c2c,groups", "plugin_opt_review: \"groups\" is not one of: c2c group live");
    assert_refused(f, "review", "c2c,", "plugin_opt_review: \"\" is not one of");
    assert_refused(f, "review", "c2c group", "plugin_opt_review: \"c2c group\" is not one of");
    char text[300] = {0};
    memset(text, ',', 299);
    assert_refused(f, "review", text, "plugin_opt_review: the value has 299 bytes, at most 256");
}

static void what_is_reviewed_may_change_while_running(void **state)
{
    struct options_fixture *f = *state;
    start_with_file(f, "review group\n");
    assert_int_equal(f->options.review, REVIEW_GROUP);
    assert_int_equal(reload(f, "review c2c,group\nreview_seconds 9\n"), 0);
    assert_int_equal(f->options.review, REVIEW_C2C | REVIEW_GROUP);
    assert_int_equal(reload(f, ""), 0);
    assert_int_equal(f->options.review, 0);
}

static void a_ring_in_the_database_is_refused(void **state)
{
    assert_refused(*state, "ring_file", "/d.db", "plugin_opt_ring_file must be another file");
}

static void a_path_longer_than_the_system_takes_is_refused(void **state)
{
    char path[4097];
    memset(path, 'a', 4096);
    path[4096] = 0;
    assert_refused(*state, "ring_file", path, "plugin_opt_ring_file: the value has 4096 bytes, at most 4095");
    path[4095] = 0;
    assert_int_equal(parse_one(*state, "ring_file", path), 0);
}

static void white_space_around_a_value_does_not_count(void **state)
{
    struct options_fixture *f = *state;
    assert_int_equal(parse_one(f, "user_rate", " \t7\r"), 0);
    assert_int_equal(f->options.user_rate, 7);
}

static void a_short_error_buffer_is_not_overrun(void **state)
{
    struct options_fixture *f = *state;
    const struct option_pair pairs[] = {{"no_such_thing", "1"}};
    char error[16];
    memset(error, 'x', sizeof error);
    assert_int_equal(plugin_options_parse(&f->options, pairs, 1, error, 12), -1);
    assert_string_equal(error, "plugin_opt_");
    assert_int_equal(error[12], 'x');
    assert_int_equal(plugin_options_parse(&f->options, pairs, 1, error, 8), -1);
    assert_string_equal(error, "plugin_");
}

/* --- admins --- */

static void admins_are_found_by_their_whole_name(void **state)
{
    struct options_fixture *f = *state;
    assert_int_equal(parse_one(f, "admins", "root , a.b@c,\tlast"), 0);
    static const char *const yes[] = {"root", "a.b@c", "last"};
    static const char *const no[] = {"", "roo", "root2", "Root", "root ", "root , a.b@c", ",", "b"};
    for (size_t i = 0; i < COUNT(yes); i++)
        assert_true(plugin_options_is_admin(&f->options, yes[i]));
    for (size_t i = 0; i < COUNT(no); i++)
        assert_false(plugin_options_is_admin(&f->options, no[i]));
}

static void nobody_is_an_admin_without_admins(void **state)
{
    struct options_fixture *f = *state;
    assert_int_equal(parse_one(f, "admins", ""), 0);
    assert_false(plugin_options_is_admin(&f->options, "root"));
    assert_false(plugin_options_is_admin(&f->options, ""));
}

static void an_entry_of_admins_that_is_no_user_id_is_refused(void **state)
{
    static const char *const wrong[][2] = {
        {"root,,b", "\"\" is not a userID"},
        {"root,", "\"\" is not a userID"},
        {"root;b", "\"root;b\" is not a userID"},
        {"@system", "\"@system\" is not a userID"},
        {"a b", "\"a b\" is not a userID"},
        {"ok,a23456789012345678901234567890123", "\"a23456789012345678901234567890123\" is not a userID"},
    };
    for (size_t i = 0; i < COUNT(wrong); i++)
        assert_refused(*state, "admins", wrong[i][0], wrong[i][1]);
}

static void admins_end_at_4_kib(void **state)
{
    struct options_fixture *f = *state;
    char admins[4098];
    for (size_t i = 0; i < sizeof admins; i++)
        admins[i] = i % 16 == 15 ? ',' : 'a';
    admins[4097] = 0;
    assert_refused(f, "admins", admins, "plugin_opt_admins: the value has 4097 bytes, at most 4096");
    admins[4095] = 'a';
    admins[4096] = 0;
    assert_int_equal(parse_one(f, "admins", admins), 0);
}

/* --- settings_file --- */

static void the_settings_file_overrides_mosquitto_conf(void **state)
{
    struct options_fixture *f = *state;
    write_settings(f, "# limits\n\n  user_rate\t 5  \r\nadmins root, boss\n   # end\nlogin_policy dual");
    const struct option_pair pairs[] = {
        REQUIRED, {"settings_file", f->path}, {"user_rate", "9"}, {"group_rate", "8"}};
    assert_int_equal(parse(f, pairs, COUNT(pairs)), 0);
    assert_int_equal(f->options.user_rate, 5);
    assert_int_equal(f->options.group_rate, 8);
    assert_int_equal(f->options.login_policy, LOGIN_DUAL);
    assert_true(plugin_options_is_admin(&f->options, "boss"));
}

static void the_settings_file_can_take_all_admins_away(void **state)
{
    struct options_fixture *f = *state;
    write_settings(f, "admins\n");
    const struct option_pair pairs[] = {REQUIRED, {"settings_file", f->path}, {"admins", "root"}};
    assert_int_equal(parse(f, pairs, COUNT(pairs)), 0);
    assert_false(plugin_options_is_admin(&f->options, "root"));
}

static void the_settings_file_takes_exactly_what_may_change_while_running(void **state)
{
    struct options_fixture *f = *state;
    start_with_file(f, "");
    char line[96];
    for (size_t i = 0; i < COUNT(numbers); i++) {
        snprintf(line, sizeof line, "%s %" PRId64, numbers[i].name, numbers[i].max);
        if ((reload(f, line) == 0) != numbers[i].running)
            fail_msg("%s: %s", line, f->error);
        if (numbers[i].running)
            assert_int_equal(number_of(&f->options, &numbers[i]), numbers[i].max);
    }
    for (size_t i = 0; i < COUNT(words); i++) {
        snprintf(line, sizeof line, "%s %s", words[i].name, words[i].word);
        if ((reload(f, line) == 0) != words[i].running)
            fail_msg("%s: %s", line, f->error);
    }
    for (size_t i = 0; i < COUNT(texts); i++) {
        snprintf(line, sizeof line, "%s /x", texts[i].name);
        assert_int_equal(reload(f, line), texts[i].running ? 0 : -1);
    }
}

/* At the start and on SIGHUP alike: text, and what the error says after file and line. */
static const struct {
    const char *text, *line, *words;
} wrong_settings[] = {
    {"user_rate 5\ndatabase /x\n", ", line 2: ", "database cannot change while the broker runs"},
    {"\n#\nring_bytes 4194304", ", line 3: ", "it belongs into mosquitto.conf as plugin_opt_ring_bytes"},
    {"settings_file /other", ", line 1: ", "settings_file cannot change"},
    {"user_rate 5\n\nuser_rate 6\n", ", line 3: ", "user_rate is given twice"},
    {"user_rate many\n", ", line 1: ", "user_rate: \"many\" is not a whole number from 0 to 1000000"},
    {"user_rate = 5\n", ", line 1: ", "user_rate: \"= 5\" is not a whole number"},
    {"user_rate 5 # slow\n", ", line 1: ", "is not a whole number"},
    {"user_rate\n", ", line 1: ", "user_rate needs a value"},
    {"admins root;boss\n", ", line 1: ", "admins: \"root;boss\" is not a userID"},
    {"user_rat 5\n", ", line 1: ", "user_rat is not an option; did you mean user_rate?"},
    {"plugin_opt_user_rate 5\n", ", line 1: ", "did you mean user_rate?"},
    {"colour red\n", ", line 1: ", "colour is not an option"},
    {"media_dir /m\n", ", line 1: ", "media_dir cannot change while the broker runs"},
};

static void assert_names_file_line_and_reason(const struct options_fixture *f, size_t i)
{
    assert_says(f, f->path);
    assert_says(f, wrong_settings[i].line);
    assert_says(f, wrong_settings[i].words);
}

static void a_wrong_line_is_refused_at_the_start(void **state)
{
    struct options_fixture *f = *state;
    for (size_t i = 0; i < COUNT(wrong_settings); i++) {
        write_settings(f, wrong_settings[i].text);
        assert_refused(f, "settings_file", f->path, "settings_file");
        assert_names_file_line_and_reason(f, i);
    }
}

static void a_wrong_line_is_refused_on_reload_and_changes_nothing(void **state)
{
    struct options_fixture *f = *state;
    start_with_file(f, "user_rate 77\nadmins root\n");
    for (size_t i = 0; i < COUNT(wrong_settings); i++) {
        assert_int_equal(reload(f, wrong_settings[i].text), -1);
        assert_names_file_line_and_reason(f, i);
        assert_int_equal(f->options.user_rate, 77);
        assert_true(plugin_options_is_admin(&f->options, "root"));
    }
}

static void what_the_file_no_longer_names_goes_back_to_the_start(void **state)
{
    struct options_fixture *f = *state;
    write_settings(f, "user_rate 5\nadmins boss\nlogin_policy single\ngroup_rate 3\n");
    const struct option_pair pairs[] = {
        REQUIRED, {"settings_file", f->path}, {"user_rate", "9"}, {"admins", "root"}};
    assert_int_equal(parse(f, pairs, COUNT(pairs)), 0);
    assert_int_equal(reload(f, "group_rate 4\n"), 0);
    assert_int_equal(f->options.user_rate, 9);
    assert_true(plugin_options_is_admin(&f->options, "root"));
    assert_false(plugin_options_is_admin(&f->options, "boss"));
    assert_int_equal(f->options.login_policy, LOGIN_MULTI);
    assert_int_equal(f->options.group_rate, 4);
    assert_int_equal(reload(f, ""), 0);
    assert_int_equal(f->options.group_rate, 40);
}

static void a_reload_leaves_what_may_not_change(void **state)
{
    struct options_fixture *f = *state;
    start_with_file(f, "");
    const char *database = f->options.database;
    assert_int_equal(reload(f, "user_rate 5\n"), 0);
    assert_ptr_equal(f->options.database, database);
    assert_string_equal(f->options.settings_file, f->path);
    assert_string_equal(f->options.ring_file, "/d.db.ring");
}

static void a_reload_without_a_settings_file_does_nothing(void **state)
{
    struct options_fixture *f = *state;
    assert_int_equal(parse_one(f, "user_rate", "9"), 0);
    assert_int_equal(reload_pairs(f, NULL, 0), 0);
    assert_int_equal(f->options.user_rate, 9);
}

/* The names of a set, each with a blank. */
static const char *names_in(uint64_t set)
{
    static char names[1024];
    const char *name;
    names[0] = 0;
    while ((name = option_changes_next(&set)))
        strcat(strcat(names, name), " ");
    return names;
}

static void a_reload_takes_what_mosquitto_conf_says_now(void **state)
{
    struct options_fixture *f = *state;
    assert_int_equal(parse_one(f, "user_rate", "9"), 0);
    const struct option_pair pairs[] = {REQUIRED, {"group_rate", "3"}, {"admins", "boss"}, {"sync", "off"}};
    assert_int_equal(reload_pairs(f, pairs, COUNT(pairs)), 0);
    assert_int_equal(f->options.user_rate, 100);
    assert_int_equal(f->options.group_rate, 3);
    assert_true(plugin_options_is_admin(&f->options, "boss"));
    assert_string_equal(names_in(f->changes.taken), "admins user_rate group_rate sync ");
    assert_int_equal(reload_pairs(f, pairs, COUNT(pairs)), 0);
    assert_int_equal(f->changes.taken | f->changes.later | f->changes.back | f->changes.hidden, 0);
}

static void what_cannot_change_is_told_once_and_stays(void **state)
{
    struct options_fixture *f = *state;
    char shown[OPTION_SHOWN_MAX];
    assert_int_equal(parse_one(f, "media_dir", "/m"), 0);
    const struct option_pair pairs[] = {{"sdkappid", "5"}, {"secret_key_file", "/k"}, {"database", "/e.db"}};
    assert_int_equal(reload_pairs(f, pairs, COUNT(pairs)), 0);
    assert_string_equal(names_in(f->changes.later), "sdkappid database ring_file media_dir ");
    option_changes_show(&f->options, "sdkappid", shown);
    assert_string_equal(shown, "5");
    option_changes_show(&f->options, "ring_file", shown);
    assert_string_equal(shown, "/e.db.ring");
    option_changes_show(&f->options, "media_dir", shown);
    assert_string_equal(shown, "none");
    assert_int_equal(f->options.sdkappid, 1400000000);
    assert_string_equal(f->options.database, "/d.db");
    assert_string_equal(f->options.ring_file, "/d.db.ring");
    assert_string_equal(f->options.media_dir, "/m");
    assert_int_equal(f->changes.taken, 0);
    assert_int_equal(reload_pairs(f, pairs, COUNT(pairs)), 0);
    assert_int_equal(f->changes.later, 0);
}

static void what_is_written_again_as_it_is_in_force_is_told(void **state)
{
    struct options_fixture *f = *state;
    const struct option_pair before[] = {REQUIRED}, after[] = {REQUIRED, {"ring_bytes", "8388608"}};
    assert_int_equal(parse(f, before, COUNT(before)), 0);
    assert_int_equal(reload_pairs(f, after, COUNT(after)), 0);
    assert_string_equal(names_in(f->changes.later), "ring_bytes ");
    assert_int_equal(reload_pairs(f, before, COUNT(before)), 0);
    assert_string_equal(names_in(f->changes.back), "ring_bytes ");
    assert_int_equal(f->changes.later, 0);
}

static void what_the_settings_file_hides_is_told_when_it_is_written(void **state)
{
    struct options_fixture *f = *state;
    start_with_file(f, "user_rate 5\n");
    const struct option_pair pairs[] = {
        REQUIRED, {"settings_file", f->path}, {"user_rate", "7"}, {"group_rate", "6"}};
    assert_int_equal(reload_pairs(f, pairs, COUNT(pairs)), 0);
    assert_int_equal(f->options.user_rate, 5);
    assert_string_equal(names_in(f->changes.hidden), "user_rate ");
    assert_string_equal(names_in(f->changes.taken), "group_rate ");
    assert_int_equal(reload(f, ""), 0);
    assert_int_equal(f->options.user_rate, 7);
    assert_int_equal(f->options.group_rate, 6);
}

static void another_settings_file_counts_from_the_next_start_on(void **state)
{
    struct options_fixture *f = *state;
    start_with_file(f, "user_rate 5\n");
    const struct option_pair pairs[] = {REQUIRED, {"settings_file", "/nowhere"}};
    assert_int_equal(reload_pairs(f, pairs, COUNT(pairs)), 0);
    assert_string_equal(names_in(f->changes.later), "settings_file ");
    assert_int_equal(f->options.user_rate, 5);
    assert_string_equal(f->options.settings_file, f->path);
}

static void a_wrong_line_of_mosquitto_conf_is_named_and_changes_nothing(void **state)
{
    struct options_fixture *f = *state;
    start_with_file(f, "user_rate 77\n");
    const struct option_pair wrong[] = {REQUIRED, {"group_rate", "3"}, {"edit_seconds", "soon"}};
    write_settings(f, "user_rate 78\n");
    assert_int_equal(reload_pairs(f, wrong, COUNT(wrong)), -1);
    assert_string_equal(f->error,
                        "/m.conf, line 5: plugin_opt_edit_seconds: \"soon\" is not a whole number from 0 "
                        "to 604800");
    assert_int_equal(f->options.user_rate, 77);
    assert_int_equal(f->options.group_rate, 40);
    assert_int_equal(reload_pairs(f, wrong, 2), -1);
    assert_string_equal(f->error, "plugin_opt_database is missing; it has no default");
    assert_int_equal(f->options.user_rate, 77);
}

static void what_cannot_change_is_a_number_or_a_text(void **state)
{
    (void)state;
    for (size_t i = 0; i < OPTION_ROWS; i++)
        if (!(option_rows[i].flags & RUNNING) && option_rows[i].kind != NUMBER)
            assert_true(option_owns_text(&option_rows[i]));
}

static void a_settings_file_that_is_gone_stops_the_start(void **state)
{
    assert_refused(*state, "settings_file", "/nowhere/settings",
                   "plugin_opt_settings_file: cannot read /nowhere/settings: No such file");
}

static void a_settings_file_that_is_gone_at_a_reload_changes_nothing(void **state)
{
    struct options_fixture *f = *state;
    start_with_file(f, "user_rate 77\n");
    unlink(f->path);
    assert_int_equal(reload_pairs(f, NULL, 0), -1);
    assert_says(f, "cannot read");
    assert_int_equal(f->options.user_rate, 77);
}

static void a_fifo_as_settings_file_does_not_stop_the_broker(void **state)
{
    struct options_fixture *f = *state;
    unlink(f->path);
    assert_int_equal(mkfifo(f->path, 0600), 0);
    assert_refused(f, "settings_file", f->path, "is not a regular file");
}

static void a_directory_as_settings_file_is_refused(void **state)
{
    assert_refused(*state, "settings_file", "/tmp", "is not a regular file");
}

static void a_settings_file_with_a_nul_or_too_long_is_refused(void **state)
{
    struct options_fixture *f = *state;
    write_bytes(f, "user_rate 5\n\0user_rate 6\n", 25);
    assert_refused(f, "settings_file", f->path, "is no text of at most 65536 bytes");
    static char big[65537];
    memset(big, '\n', sizeof big);
    write_bytes(f, big, sizeof big);
    assert_refused(f, "settings_file", f->path, "is no text of at most 65536 bytes");
    write_bytes(f, big, sizeof big - 1);
    assert_int_equal(parse_one(f, "settings_file", f->path), 0);
}

static void a_key_file_named_by_mistake_does_not_show_its_key(void **state)
{
    static const char *const keys[] = {
        "5bd2850fff3ecb11d7c805251c51ee463a25727bddc2385f3fa8bfee1bb93b5e",
        "0123456789abcdef0123456789abcdef",
    };
    struct options_fixture *f = *state;
    for (size_t i = 0; i < COUNT(keys); i++) {
        write_settings(f, keys[i]);
        assert_refused(f, "settings_file", f->path, ", line 1: the first word is not an option");
        assert_null(strstr(f->error, "0123456789"));
        assert_null(strstr(f->error, "5bd2"));
    }
}

/* --- memory --- */

static void every_failing_allocation_is_an_error_at_the_start(void **state)
{
    struct options_fixture *f = *state;
    write_settings(f, "admins boss\n");
    const struct option_pair pairs[] = {REQUIRED, {"settings_file", f->path}, {"admins", "root"}};
    int result = -1, failures = 0;
    for (int n = 0; result && n < 50; n++) {
        allocations_left = n;
        result = parse(f, pairs, COUNT(pairs));
        allocations_left = -1;
        if (result) {
            assert_says(f, "out of memory");
            assert_cleared(f);
            failures++;
        }
    }
    assert_int_equal(result, 0);
    assert_true(failures >= 8);
}

static void every_failing_allocation_of_a_reload_changes_nothing(void **state)
{
    struct options_fixture *f = *state;
    start_with_file(f, "admins boss\n");
    int result = -1, failures = 0;
    write_settings(f, "admins chief\n");
    for (int n = 0; result && n < 50; n++) {
        allocations_left = n;
        result = reload_pairs(f, NULL, 0);
        allocations_left = -1;
        assert_true(plugin_options_is_admin(&f->options, result ? "boss" : "chief"));
        failures += result != 0;
    }
    assert_int_equal(result, 0);
    assert_true(failures >= 4);
}

/* --- the files that ship --- */

#define EXAMPLE_LINES_MAX 64

struct example {
    size_t count;
    char lines[EXAMPLE_LINES_MAX][256];
    struct option_pair pairs[EXAMPLE_LINES_MAX];
};

/* "plugin_opt_x y" and "#plugin_opt_x y" alike. */
static void read_example(struct example *example, const char *settings_file)
{
    FILE *file = fopen(SOURCE_DIR "/mosquitto.conf.example", "r");
    assert_non_null(file);
    example->count = 0;
    char *line = example->lines[0];
    while (example->count < EXAMPLE_LINES_MAX && fgets(line, sizeof example->lines[0], file)) {
        char *name = line + (line[0] == '#');
        if (strncmp(name, "plugin_opt_", 11))
            continue;
        char *space = strchr(name, ' ');
        assert_non_null(space);
        *space = 0;
        struct option_pair *pair = &example->pairs[example->count];
        *pair = (struct option_pair){name + 11, space + 1};
        if (strcmp(pair->name, "settings_file") == 0)
            pair->value = settings_file;
        line = example->lines[++example->count];
    }
    fclose(file);
}

static void the_example_shows_every_option_with_its_default(void **state)
{
    struct options_fixture *f = *state;
    struct example example;
    read_example(&example, f->path);
    if (parse(f, example.pairs, example.count))
        fail_msg("%s", f->error);
    for (size_t i = 0; i < COUNT(numbers); i++)
        if (numbers[i].value != NONE)
            assert_int_equal(number_of(&f->options, &numbers[i]), numbers[i].value);
    for (size_t i = 0; i < COUNT(words); i++)
        if (words[i].is_default)
            assert_int_equal(word_of(&f->options, i), words[i].value);
    assert_int_equal(example.count, COUNT(numbers) + 7 + COUNT(texts) + 3);
    assert_string_equal(f->options.ring_file, "/var/lib/mosquitto/chat.db.ring");
}

static bool file_has(const char *path, const char *name)
{
    char line[512], quoted[64];
    bool found = false;
    snprintf(quoted, sizeof quoted, "`%s`", name);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    while (!found && fgets(line, sizeof line, file))
        found = line[0] == '|' && strstr(line, quoted);
    fclose(file);
    return found;
}

static void the_manual_has_a_row_for_every_option(void **state)
{
    struct options_fixture *f = *state;
    struct example example;
    read_example(&example, f->path);
    for (size_t i = 0; i < example.count; i++)
        if (!file_has(SOURCE_DIR "/docs/configuration.md", example.pairs[i].name))
            fail_msg("docs/configuration.md has no row for %s", example.pairs[i].name);
}

static void keep_fault(void *context, size_t pair, const char *error)
{
    struct options_fixture *f = context;
    size_t len = strlen(f->error);
    snprintf(f->error + len, sizeof f->error - len, "%zu %s\n", pair, error);
}

static void a_check_tells_of_every_fault_and_keeps_what_is_right(void **state)
{
    struct options_fixture *f = *state;
    const struct option_pair pairs[] = {
        {"user_rate", "x"}, {"database", "/d.db"}, {"group_rat", "3"}, {"group_rate", "30"}};
    assert_int_equal(plugin_options_check(&f->options, pairs, COUNT(pairs), keep_fault, f), 4);
    assert_string_equal(f->error,
                        "0 plugin_opt_user_rate: \"x\" is not a whole number from 0 to 1000000\n"
                        "2 plugin_opt_group_rat is not an option; did you mean plugin_opt_group_rate?\n"
                        "4 plugin_opt_sdkappid is missing; it has no default\n"
                        "4 plugin_opt_secret_key_file is missing; it has no default\n");
    assert_string_equal(f->options.ring_file, "/d.db.ring");
    assert_int_equal(f->options.group_rate, 30);
    assert_int_equal(f->options.user_rate, 100);
}

static void a_check_finds_the_faults_of_what_belongs_together(void **state)
{
    struct options_fixture *f = *state;
    const struct option_pair pairs[] = {REQUIRED, {"ring_file", "/d.db"}};
    assert_int_equal(plugin_options_check(&f->options, pairs, COUNT(pairs), keep_fault, f), 1);
    assert_string_equal(f->error, "4 plugin_opt_ring_file must be another file than database\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_number_accepts_both_ends_of_its_range),
        TEST(every_number_refuses_what_is_just_outside_and_says_name_value_and_range),
        TEST(every_number_has_its_default),
        TEST(every_word_is_its_enum),
        TEST(every_word_has_its_default),
        TEST(the_required_ones_are_enough_and_the_ring_stands_beside_the_database),
        TEST(each_missing_required_option_is_named),
        TEST(numbers_are_plain_decimal),
        TEST(an_unknown_word_is_refused_with_the_known_ones),
        TEST(an_unknown_option_is_refused),
        TEST(files_are_kept_as_long_as_messages_unless_told_otherwise),
        TEST(there_are_no_uploads_unless_there_is_a_folder_for_them),
        TEST(a_name_one_or_two_edits_away_gets_a_suggestion),
        TEST(a_name_three_edits_away_gets_none),
        TEST(a_name_given_twice_is_refused),
        TEST(required_options_and_numbers_and_words_need_a_value),
        TEST(an_empty_optional_text_is_none),
        TEST(what_is_reviewed_is_some_of_six_words),
        TEST(what_is_reviewed_may_change_while_running),
        TEST(a_ring_in_the_database_is_refused),
        TEST(a_path_longer_than_the_system_takes_is_refused),
        TEST(white_space_around_a_value_does_not_count),
        TEST(a_short_error_buffer_is_not_overrun),
        TEST(admins_are_found_by_their_whole_name),
        TEST(nobody_is_an_admin_without_admins),
        TEST(an_entry_of_admins_that_is_no_user_id_is_refused),
        TEST(admins_end_at_4_kib),
        TEST(the_settings_file_overrides_mosquitto_conf),
        TEST(the_settings_file_can_take_all_admins_away),
        TEST(the_settings_file_takes_exactly_what_may_change_while_running),
        TEST(a_wrong_line_is_refused_at_the_start),
        TEST(a_wrong_line_is_refused_on_reload_and_changes_nothing),
        TEST(what_the_file_no_longer_names_goes_back_to_the_start),
        TEST(a_reload_leaves_what_may_not_change),
        TEST(a_reload_without_a_settings_file_does_nothing),
        TEST(a_reload_takes_what_mosquitto_conf_says_now),
        TEST(what_cannot_change_is_told_once_and_stays),
        TEST(what_is_written_again_as_it_is_in_force_is_told),
        TEST(what_the_settings_file_hides_is_told_when_it_is_written),
        TEST(another_settings_file_counts_from_the_next_start_on),
        TEST(a_wrong_line_of_mosquitto_conf_is_named_and_changes_nothing),
        TEST(what_cannot_change_is_a_number_or_a_text),
        TEST(a_settings_file_that_is_gone_stops_the_start),
        TEST(a_settings_file_that_is_gone_at_a_reload_changes_nothing),
        TEST(a_fifo_as_settings_file_does_not_stop_the_broker),
        TEST(a_directory_as_settings_file_is_refused),
        TEST(a_settings_file_with_a_nul_or_too_long_is_refused),
        TEST(a_key_file_named_by_mistake_does_not_show_its_key),
        TEST(a_check_tells_of_every_fault_and_keeps_what_is_right),
        TEST(a_check_finds_the_faults_of_what_belongs_together),
        TEST(every_failing_allocation_is_an_error_at_the_start),
        TEST(every_failing_allocation_of_a_reload_changes_nothing),
        TEST(the_example_shows_every_option_with_its_default),
        TEST(the_manual_has_a_row_for_every_option),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
