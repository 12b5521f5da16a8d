/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* chatctl check: lines of the configuration that Mosquitto refuses, or reads as something else than was meant. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/check.h"
#include "lib/basics.h"

#define NAME_SHOWN_MAX 40
#define KEY_SHOWN      8 /* of what is so long: it may be a key, of a file that was named by mistake */

#define SAY(check, level, setting, ...)                                                                      \
    report_say(&(check)->report, level, conf_place_of(setting), __VA_ARGS__)

static void say_unknown(struct conf_check *check, const struct conf_setting *setting)
{
    char hint[160] = "Remove the line, or write it as mosquitto.conf(5) has it";
    const struct broker_setting *near = broker_setting_near(setting->name);
    if (strchr(setting->name, '\t'))
        snprintf(hint, sizeof hint, "Put a blank in the place of the tab");
    else if (setting->name[0] == '#')
        snprintf(hint, sizeof hint, "Put the # of a comment into the first column");
    else if (near)
        snprintf(hint, sizeof hint, "Did you mean %s?", near->name);
    SAY(check, FINDING_ERROR, setting, hint, "Mosquitto knows no setting \"%.*s\" and does not start",
        strlen(setting->name) > NAME_SHOWN_MAX ? KEY_SHOWN : NAME_SHOWN_MAX, setting->name);
}

/* The first word, which is all that Mosquitto reads of it. */
static bool is_word(const char *value, const char *word)
{
    size_t len = strcspn(value, " ");
    return strlen(word) == len && strncmp(value, word, len) == 0;
}

static bool is_boolean(const char *value)
{
    return is_word(value, "true") || is_word(value, "false") || is_word(value, "1") || is_word(value, "0");
}

static bool is_number(const char *value)
{
    size_t len = strcspn(value, " "), sign = value[0] == '-';
    return len > sign && strspn(value + sign, "0123456789") >= len - sign;
}

static void check_number(struct conf_check *check, const struct conf_setting *setting)
{
    if (is_number(setting->value))
        return;
    if (check->version > 0 && check->version < 2001)
        SAY(check, FINDING_WARNING, setting, "Write a whole number, without unit",
            "%s: \"%.40s\" is not a number; Mosquitto 2.0 takes it for %ld without a word", setting->name,
            setting->value, strtol(setting->value, NULL, 10));
    else
        SAY(check, FINDING_ERROR, setting, "Write a whole number, without unit",
            "%s: \"%.40s\" is not a number; Mosquitto 2.1 does not start, 2.0 takes it for %ld",
            setting->name, setting->value, strtol(setting->value, NULL, 10));
}

/* What is a comment elsewhere is a part of the text here. */
static void check_text(struct conf_check *check, const struct conf_setting *setting)
{
    if (strstr(setting->value, " #"))
        SAY(check, FINDING_WARNING, setting, "Put the comment on a line of its own",
            "the value of %s goes to the end of the line, with what looks like a comment", setting->name);
}

/* Settings that take one of some words, with blanks around each. */
static const struct {
    const char *name, *words;
} choices[] = {
    {"log_dest", " none syslog stdout stderr topic dlt android file "},
    {"log_type",
     " none information notice warning error debug subscribe unsubscribe internal websockets all "},
    {"socket_domain", " ipv4 ipv6 "},
    {"start_type", " automatic lazy once "},
};

static void check_choice(struct conf_check *check, const struct conf_setting *setting)
{
    char word[42];
    snprintf(word, sizeof word, " %.*s ", (int)smaller((int64_t)strcspn(setting->value, " "), 39),
             setting->value);
    for (size_t i = 0; i < COUNT(choices); i++)
        if (strcmp(setting->name, choices[i].name) == 0 && !strstr(choices[i].words, word))
            SAY(check, FINDING_ERROR, setting, NULL,
                "%s: Mosquitto does not start with \"%.39s\"; it takes%s", setting->name, setting->value,
                choices[i].words);
}

/* Ranges outside of which Mosquitto does not start. */
static const struct {
    const char *name;
    long min, max; /* max 0: there is none */
    bool only_2_0;
} ranges[] = {
    {"listener", 0, 65535, false},        {"port", 1, 65535, false},
    {"max_keepalive", 10, 65535, true},   {"max_packet_size", 20, 0, false},
    {"sys_interval", 0, 65535, false},    {"max_qos", 0, 2, false},
    {"maximum_qos", 0, 2, false},         {"memory_limit", 0, 0, false},
    {"max_topic_alias", 0, 65535, false}, {"message_size_limit", 0, 268435455, false},
};

static void check_range(struct conf_check *check, const struct conf_setting *setting)
{
    long number = strtol(setting->value, NULL, 10);
    for (size_t i = 0; i < COUNT(ranges); i++) {
        if (strcmp(setting->name, ranges[i].name) != 0 || (ranges[i].only_2_0 && check->version >= 2001) ||
            (number >= ranges[i].min && (ranges[i].max == 0 || number <= ranges[i].max)))
            continue;
        if (ranges[i].max > 0)
            SAY(check, FINDING_ERROR, setting, NULL,
                "%s: Mosquitto does not start with %ld; it takes %ld to %ld", setting->name, number,
                ranges[i].min, ranges[i].max);
        else
            SAY(check, FINDING_ERROR, setting, NULL,
                "%s: Mosquitto does not start with %ld; it takes %ld and more", setting->name, number,
                ranges[i].min);
    }
}

static void check_expiration(struct conf_check *check, const struct conf_setting *setting)
{
    size_t digits = strspn(setting->value, "0123456789");
    if (strcmp(setting->name, "persistent_client_expiration") == 0 &&
        (digits == 0 || !strchr("hdwmy", setting->value[digits]) || !setting->value[digits] ||
         atoi(setting->value) == 0))
        SAY(check, FINDING_ERROR, setting, "Write 7d",
            "persistent_client_expiration: Mosquitto does not start with \"%.40s\"; it takes a number with "
            "h, d, w, "
            "m or y",
            setting->value);
}

static void check_value(struct conf_check *check, const struct conf_setting *setting)
{
    if (!*setting->value && strcmp(setting->name, "retry_interval") != 0) {
        SAY(check, FINDING_ERROR, setting, "Write one, or remove the line", "%s has no value", setting->name);
        return;
    }
    if (setting->known->kind == YES_NO && !is_boolean(setting->value))
        SAY(check, FINDING_ERROR, setting, "Write true or false",
            "%s: \"%.40s\" is neither true nor false, and Mosquitto does not start", setting->name,
            setting->value);
    else if (setting->known->kind == NUMBER)
        check_number(check, setting);
    else if (setting->known->kind == TEXT)
        check_text(check, setting);
    check_choice(check, setting);
    check_range(check, setting);
    check_expiration(check, setting);
}

static void check_release(struct conf_check *check, const struct conf_setting *setting)
{
    if (setting->known->since == IN_2_1 && check->version > 0 && check->version < 2001)
        SAY(check, FINDING_ERROR, setting, "Remove the line, or take 2.1",
            "%s is a setting of Mosquitto 2.1: this one does not know it and does not start", setting->name);
}

static bool is_log_file(const struct conf_setting *setting)
{
    return strcmp(setting->name, "log_dest") == 0 && is_word(setting->value, "file");
}

static bool is_again(const struct conf_setting *one, const struct conf_setting *other)
{
    if (is_log_file(one))
        return is_log_file(other);
    return strcmp(one->name, other->name) == 0 &&
           (one->known->scope == GLOBAL || one->listener == other->listener);
}

static void check_twice(struct conf_check *check, const struct conf_setting *setting)
{
    bool refused =
        is_log_file(setting) ||
        (setting->known->scope != BRIDGE &&
         (setting->known->twice == ONCE || (setting->known->twice == ONCE_IN_2_0 && check->version < 2001)));
    for (const struct conf_setting *other = check->conf.settings; refused && other < setting; other++)
        if (is_again(setting, other)) {
            SAY(check, FINDING_ERROR, setting, "Keep one of them",
                "%s is given twice, also in %s:%d, and Mosquitto%s does not start", setting->name,
                other->place.file, other->place.line, setting->known->twice == ONCE_IN_2_0 ? " 2.0" : "");
            return;
        }
}

/* Options before the plugin are refused, those of another file than its line, too. */
static void check_owner(struct conf_check *check, const struct conf_setting *setting)
{
    if (setting->plugin == NO_PLUGIN)
        SAY(check, FINDING_ERROR, setting, "Put it below the plugin's line, in the same file",
            "%s stands before any plugin, and Mosquitto does not start", setting->name);
    else if (!*setting->value)
        SAY(check, FINDING_ERROR, setting,
            strchr(setting->name, '\t') ? "Put a blank in the place of the tab"
                                        : "Write one, or remove the line",
            "%s has no value, and Mosquitto does not start", setting->name);
}

static bool needs_listener(const struct conf_setting *setting)
{
    return setting->listener == DEFAULT_LISTENER && strcmp(setting->name, "mount_point") == 0;
}

static void check_setting(struct conf_check *check, const struct conf_setting *setting)
{
    if (conf_option_name(setting)) {
        check_owner(check, setting);
        return;
    }
    if (!setting->known) {
        say_unknown(check, setting);
        return;
    }
    check_release(check, setting);
    check_value(check, setting);
    check_twice(check, setting);
    if (needs_listener(setting))
        SAY(check, FINDING_ERROR, setting, "Put it below the listener that it is about",
            "%s stands before any listener, and Mosquitto does not start", setting->name);
}

void check_settings(struct conf_check *check)
{
    for (size_t i = 0; i < check->conf.count; i++)
        check_setting(check, &check->conf.settings[i]);
    if (report_faults(&check->report) == 0)
        SAY(check, FINDING_OK, NULL, NULL, "Mosquitto can read all %zu settings in %zu file%s",
            check->conf.count, check->conf.file_count, check->conf.file_count == 1 ? "" : "s");
}
