/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "push/config.h"

#include <errno.h>
#include <ini.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <utlist.h>

#include "acl/identity.h"

#define LINE_BYTES_MAX    4096
#define SECTION_BYTES_MAX 48 /* libinih cuts longer names without a word */
#define BROKER_SECTION    "broker"

const char *const PROVIDER_NAMES[PROVIDER_COUNT] = {"apns", "fcm", "webhook"};

enum type { TEXT, FILE_NAME, URL, BASE_URL, NUMBER }; /* a BASE_URL loses the slash at its end */

/* Of a section of any kind. Numbers have a default in `least` .. `most`; texts one or NULL. */
struct option {
    const char *name;
    enum type type;
    size_t offset;
    bool required;
    const char *preset;
    int64_t least, most;
};

#define IN_BROKER(member) offsetof(struct broker_config, member)
#define IN_APP(member)    offsetof(struct app_config, member)

static const struct option BROKER_OPTIONS[] = {
    {"host", TEXT, IN_BROKER(host), false, "127.0.0.1", 0, 0},
    {"port", NUMBER, IN_BROKER(port), false, "1883", 1, 65535},
    {"ca_file", FILE_NAME, IN_BROKER(ca_file), false, NULL, 0, 0},
    {"user", TEXT, IN_BROKER(user), true, NULL, 0, 0},
    {"sdkappid", NUMBER, IN_BROKER(sdkappid), true, NULL, 1, 4294967295},
    {"secret_key_file", TEXT, IN_BROKER(secret_key_file), true, NULL, 0, 0},
    {"name", TEXT, IN_BROKER(name), false, NULL, 0, 0},
    {"wake_milliseconds", NUMBER, IN_BROKER(wake_ms), false, "25", 0, 1000},
    {NULL, TEXT, 0, false, NULL, 0, 0},
};

static const struct option APNS_OPTIONS[] = {
    {"business_id", TEXT, IN_APP(business), false, NULL, 0, 0},
    {"key_file", TEXT, IN_APP(key_file), true, NULL, 0, 0},
    {"key_id", TEXT, IN_APP(key_id), true, NULL, 0, 0},
    {"team_id", TEXT, IN_APP(team_id), true, NULL, 0, 0},
    {"topic", TEXT, IN_APP(topic), true, NULL, 0, 0},
    {"sound", TEXT, IN_APP(sound), false, "default", 0, 0},
    {"url", BASE_URL, IN_APP(url), false, "https://api.push.apple.com", 0, 0},
    {"ca_file", FILE_NAME, IN_APP(ca_file), false, NULL, 0, 0},
    {"timeout_seconds", NUMBER, IN_APP(timeout_seconds), false, "10", 1, 20},
    {NULL, TEXT, 0, false, NULL, 0, 0},
};

static const struct option FCM_OPTIONS[] = {
    {"business_id", TEXT, IN_APP(business), false, NULL, 0, 0},
    {"service_account_file", TEXT, IN_APP(service_account_file), true, NULL, 0, 0},
    {"url", BASE_URL, IN_APP(url), false, "https://fcm.googleapis.com", 0, 0},
    {"ca_file", FILE_NAME, IN_APP(ca_file), false, NULL, 0, 0},
    {"timeout_seconds", NUMBER, IN_APP(timeout_seconds), false, "10", 1, 20},
    {NULL, TEXT, 0, false, NULL, 0, 0},
};

static const struct option WEBHOOK_OPTIONS[] = {
    {"business_id", TEXT, IN_APP(business), false, NULL, 0, 0},
    {"url", URL, IN_APP(url), true, NULL, 0, 0},
    {"secret_file", TEXT, IN_APP(secret_file), true, NULL, 0, 0},
    {"ca_file", FILE_NAME, IN_APP(ca_file), false, NULL, 0, 0},
    {"timeout_seconds", NUMBER, IN_APP(timeout_seconds), false, "5", 1, 20},
    {NULL, TEXT, 0, false, NULL, 0, 0},
};

static const struct option *const APP_OPTIONS[PROVIDER_COUNT] = {APNS_OPTIONS, FCM_OPTIONS, WEBHOOK_OPTIONS};

__attribute__((format(printf, 2, 3))) static int refuse(struct config *config, const char *format, ...)
{
    va_list args;
    if (config->error[0] != '\0')
        return -1; /* the first one counts */
    va_start(args, format);
    vsnprintf(config->error, sizeof config->error, format, args);
    va_end(args);
    return -1;
}

/* Values */

static int set_text(struct config *config, const char *section, const struct option *option, char **field,
                    const char *value)
{
    bool url = option->type == URL || option->type == BASE_URL;
    if (url && strncmp(value, "https://", strlen("https://")) != 0)
        return refuse(config, "[%s] %s: must begin with https://", section, option->name);
    if (option->type == FILE_NAME && access(value, R_OK) != 0)
        return refuse(config, "[%s] %s: %s cannot be read: %s", section, option->name, value,
                      strerror(errno));
    size_t len = strlen(value);
    while (option->type == BASE_URL && value[len - 1] == '/')
        len--;
    *field = strndup(value, len);
    return *field ? 0 : refuse(config, "out of memory");
}

static int set_number(struct config *config, const char *section, const struct option *option, int64_t *field,
                      const char *value)
{
    char *end;
    errno = 0;
    long long number = strtoll(value, &end, 10);
    if (errno || *end || end == value || number < option->least || number > option->most)
        return refuse(config, "[%s] %s: must be a whole number from %lld to %lld", section, option->name,
                      (long long)option->least, (long long)option->most);
    *field = number;
    return 0;
}

static bool is_set(const struct option *option, const void *object)
{
    const char *field = (const char *)object + option->offset;
    return option->type == NUMBER ? *(const int64_t *)field >= 0 : *(char *const *)field != NULL;
}

static int set(struct config *config, const char *section, const struct option *option, void *object,
               const char *value)
{
    void *field = (char *)object + option->offset;
    if (is_set(option, object))
        return refuse(config, "[%s] %s: given twice", section, option->name);
    if (!*value)
        return refuse(config, "[%s] %s: has no value", section, option->name);
    return option->type == NUMBER ? set_number(config, section, option, field, value)
                                  : set_text(config, section, option, field, value);
}

static int set_named(struct config *config, const char *section, const struct option *options, void *object,
                     const char *name, const char *value)
{
    for (const struct option *option = options; option->name; option++)
        if (strcmp(option->name, name) == 0)
            return set(config, section, option, object, value);
    return refuse(config, "[%s] %s: there is no such option", section, name);
}

static int set_presets(struct config *config, const char *section, const struct option *options, void *object)
{
    for (const struct option *option = options; option->name; option++) {
        if (is_set(option, object))
            continue;
        if (option->required)
            return refuse(config, "[%s] %s: is missing", section, option->name);
        if (option->preset && set(config, section, option, object, option->preset))
            return -1;
    }
    return 0;
}

/* No number may be below 0: -1 says that it was not given. */
static void unset_numbers(const struct option *options, void *object)
{
    for (const struct option *option = options; option->name; option++)
        if (option->type == NUMBER)
            *(int64_t *)((char *)object + option->offset) = -1;
}

static void free_texts(const struct option *options, void *object)
{
    for (const struct option *option = options; option->name; option++) {
        if (option->type == NUMBER)
            continue;
        char **field = (char **)((char *)object + option->offset);
        free(*field);
        *field = NULL;
    }
}

/* Sections */

/* PROVIDER_COUNT: of none. */
static enum provider_kind kind_of(const char *section)
{
    int kind = 0;
    size_t len = strcspn(section, ":");
    while (kind < PROVIDER_COUNT &&
           (strlen(PROVIDER_NAMES[kind]) != len || strncmp(PROVIDER_NAMES[kind], section, len) != 0))
        kind++;
    return (enum provider_kind)kind;
}

static struct app_config *add_app(struct config *config, enum provider_kind kind, const char *section)
{
    struct app_config *app = calloc(1, sizeof *app);
    char *name = strdup(section);
    if (!app || !name) {
        free(app);
        free(name);
        return NULL;
    }
    app->kind = kind;
    app->section = name;
    unset_numbers(APP_OPTIONS[kind], app);
    DL_APPEND(config->apps, app);
    return app;
}

static struct app_config *find_section(struct config *config, const char *section)
{
    struct app_config *app = config->apps;
    while (app && strcmp(app->section, section) != 0)
        app = app->next;
    return app;
}

static int set_app(struct config *config, const char *section, const char *name, const char *value)
{
    enum provider_kind kind = kind_of(section);
    if (kind == PROVIDER_COUNT)
        return refuse(config, "[%s]: a section is [broker], [apns:ID], [fcm:ID] or [webhook:ID]", section);
    if (strlen(section) > SECTION_BYTES_MAX)
        return refuse(config, "[%s...]: at most %d bytes; use business_id for a longer one", section,
                      SECTION_BYTES_MAX);
    struct app_config *app = find_section(config, section);
    if (!app)
        app = add_app(config, kind, section);
    return app ? set_named(config, section, APP_OPTIONS[kind], app, name, value)
               : refuse(config, "out of memory");
}

/* For libinih: 1 is good. */
static int on_line(void *context, const char *section, const char *name, const char *value)
{
    struct config *config = context;
    if (strcmp(section, BROKER_SECTION) == 0)
        return set_named(config, section, BROKER_OPTIONS, &config->broker, name, value) == 0;
    return set_app(config, section, name, value) == 0;
}

static int check_broker(struct config *config)
{
    const struct broker_config *broker = &config->broker;
    if (set_presets(config, BROKER_SECTION, BROKER_OPTIONS, &config->broker))
        return -1;
    if (!user_id_valid(broker->user, strlen(broker->user)))
        return refuse(config, "[broker] user: is no userID");
    if (broker->name &&
        (strlen(broker->name) > DEVICE_PART_MAX ||
         broker->name[strspn(broker->name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                           "0123456789_.-")]))
        return refuse(config, "[broker] name: at most 64 of A-Z a-z 0-9 _ . -");
    return 0;
}

static int name_business(struct config *config, struct app_config *app)
{
    const char *colon = strchr(app->section, ':');
    if (!app->business)
        app->business = strdup(colon ? colon + 1 : "");
    return app->business ? 0 : refuse(config, "out of memory");
}

static int check_apps(struct config *config)
{
    struct app_config *app, *other;
    DL_FOREACH (config->apps, app) {
        if (set_presets(config, app->section, APP_OPTIONS[app->kind], app) || name_business(config, app))
            return -1;
        for (other = config->apps; other != app; other = other->next)
            if (other->kind == app->kind && strcmp(other->business, app->business) == 0)
                return refuse(config, "[%s]: has the businessID of [%s]", app->section, other->section);
    }
    return config->apps ? 0 : refuse(config, "there is no section [apns:ID], [fcm:ID] or [webhook:ID]");
}

int config_read(struct config *config, const char *path)
{
    *config = (struct config){0};
    unset_numbers(BROKER_OPTIONS, &config->broker);
    ini_max_line = LINE_BYTES_MAX;
    ini_use_stack = false;
    ini_allow_multiline = false;
    int line = ini_parse(path, on_line, config);
    if (line < 0)
        return refuse(config, "%s cannot be read: %s", path, strerror(errno));
    if (line > 0)
        return refuse(config, "%s, line %d: neither [section] nor name = value", path, line);
    return check_broker(config) || check_apps(config) ? -1 : 0;
}

void config_clear(struct config *config)
{
    struct app_config *app, *next;
    free_texts(BROKER_OPTIONS, &config->broker);
    DL_FOREACH_SAFE (config->apps, app, next) {
        free_texts(APP_OPTIONS[app->kind], app);
        free(app->section);
        free(app);
    }
    config->apps = NULL;
}
