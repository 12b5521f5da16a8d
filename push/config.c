/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "push/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#define BROKER_SECTION "broker"

const char *const provider_names[PROVIDER_COUNT] = {"apns", "fcm", "webhook"};

#define IN_APP(member) offsetof(struct app_config, member)

static const struct conf_option apns_options[] = {
    {"business_id", CONF_TEXT, IN_APP(business), 0, NULL, 0, 0},
    {"key_file", CONF_TEXT, IN_APP(key_file), CONF_REQUIRED, NULL, 0, 0},
    {"key_id", CONF_TEXT, IN_APP(key_id), CONF_REQUIRED, NULL, 0, 0},
    {"team_id", CONF_TEXT, IN_APP(team_id), CONF_REQUIRED, NULL, 0, 0},
    {"topic", CONF_TEXT, IN_APP(topic), CONF_REQUIRED, NULL, 0, 0},
    {"sound", CONF_TEXT, IN_APP(sound), 0, "default", 0, 0},
    {"token_file", CONF_TEXT, IN_APP(token_file), 0, NULL, 0, 0},
    {"url", CONF_BASE_URL, IN_APP(url), 0, "https://api.push.apple.com", 0, 0},
    {"ca_file", CONF_FILE, IN_APP(ca_file), 0, NULL, 0, 0},
    {"timeout_seconds", CONF_NUMBER, IN_APP(timeout_seconds), 0, "10", 1, 20},
    {NULL, CONF_TEXT, 0, 0, NULL, 0, 0},
};

static const struct conf_option fcm_options[] = {
    {"business_id", CONF_TEXT, IN_APP(business), 0, NULL, 0, 0},
    {"service_account_file", CONF_TEXT, IN_APP(service_account_file), CONF_REQUIRED, NULL, 0, 0},
    {"url", CONF_BASE_URL, IN_APP(url), 0, "https://fcm.googleapis.com", 0, 0},
    {"ca_file", CONF_FILE, IN_APP(ca_file), 0, NULL, 0, 0},
    {"timeout_seconds", CONF_NUMBER, IN_APP(timeout_seconds), 0, "10", 1, 20},
    {NULL, CONF_TEXT, 0, 0, NULL, 0, 0},
};

static const struct conf_option webhook_options[] = {
    {"business_id", CONF_TEXT, IN_APP(business), 0, NULL, 0, 0},
    {"url", CONF_URL, IN_APP(url), CONF_REQUIRED, NULL, 0, 0},
    {"secret_file", CONF_TEXT, IN_APP(secret_file), CONF_REQUIRED, NULL, 0, 0},
    {"ca_file", CONF_FILE, IN_APP(ca_file), 0, NULL, 0, 0},
    {"timeout_seconds", CONF_NUMBER, IN_APP(timeout_seconds), 0, "5", 1, 20},
    {NULL, CONF_TEXT, 0, 0, NULL, 0, 0},
};

static const struct conf_option *const app_options[PROVIDER_COUNT] = {apns_options, fcm_options,
                                                                      webhook_options};

/* Sections */

/* PROVIDER_COUNT: of none. */
static enum provider_kind kind_of(const char *section)
{
    int kind = 0;
    size_t len = strcspn(section, ":");
    while (kind < PROVIDER_COUNT &&
           (strlen(provider_names[kind]) != len || strncmp(provider_names[kind], section, len) != 0))
        kind++;
    return (enum provider_kind)kind;
}

static struct app_config *add_app(struct push_config *config, enum provider_kind kind, const char *section)
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
    conf_init(app_options[kind], app);
    DL_APPEND(config->apps, app);
    return app;
}

static struct app_config *find_section(const struct push_config *config, const char *section)
{
    struct app_config *app = config->apps;
    while (app && strcmp(app->section, section) != 0)
        app = app->next;
    return app;
}

static int find_app(struct push_config *config, const char *section, struct conf_section *out)
{
    enum provider_kind kind = kind_of(section);
    if (kind == PROVIDER_COUNT)
        return conf_refuse(&config->conf, "[%s]: a section is [broker], [apns:ID], [fcm:ID] or [webhook:ID]",
                           section);
    if (strlen(section) > CONF_SECTION_MAX)
        return conf_refuse(&config->conf, "[%s...]: at most %d bytes; use business_id for a longer one",
                           section, CONF_SECTION_MAX);
    struct app_config *app = find_section(config, section);
    if (!app)
        app = add_app(config, kind, section);
    *out = (struct conf_section){app_options[kind], app};
    return app ? 0 : conf_refuse(&config->conf, "out of memory");
}

static int find(struct conf *conf, const char *section, struct conf_section *out)
{
    struct push_config *config = conf->context;
    if (strcmp(section, BROKER_SECTION) != 0)
        return find_app(config, section, out);
    *out = (struct conf_section){link_options, &config->broker};
    return 0;
}

static int check_broker(struct push_config *config)
{
    if (conf_complete(&config->conf, BROKER_SECTION, link_options, &config->broker))
        return -1;
    const char *fault = link_config_fault(&config->broker);
    return fault ? conf_refuse(&config->conf, "[broker] %s", fault) : 0;
}

static int name_business(struct push_config *config, struct app_config *app)
{
    const char *colon = strchr(app->section, ':');
    if (!app->business)
        app->business = strdup(colon ? colon + 1 : "");
    return app->business ? 0 : conf_refuse(&config->conf, "out of memory");
}

/* systemd names a folder of the service's own; without one, and without the option, a token ends with us. */
static int name_token_file(struct push_config *config, struct app_config *app)
{
    const char *folder = getenv("STATE_DIRECTORY");
    if (app->kind != PROVIDER_APNS || app->token_file || !folder || !*folder)
        return 0;
    if (asprintf(&app->token_file, "%s/apns-%s.token", folder, app->key_id) >= 0)
        return 0;
    app->token_file = NULL;
    return conf_refuse(&config->conf, "out of memory");
}

static int check_apps(struct push_config *config)
{
    struct app_config *app, *other;
    DL_FOREACH (config->apps, app) {
        if (conf_complete(&config->conf, app->section, app_options[app->kind], app) ||
            name_business(config, app) || name_token_file(config, app))
            return -1;
        for (other = config->apps; other != app; other = other->next)
            if (other->kind == app->kind && strcmp(other->business, app->business) == 0)
                return conf_refuse(&config->conf, "[%s]: has the businessID of [%s]", app->section,
                                   other->section);
    }
    return config->apps
               ? 0
               : conf_refuse(&config->conf, "there is no section [apns:ID], [fcm:ID] or [webhook:ID]");
}

int push_config_read(struct push_config *config, const char *path)
{
    *config = (struct push_config){.conf = {.find = find, .context = config}};
    conf_init(link_options, &config->broker);
    if (conf_read(&config->conf, path) == 0 && check_broker(config) == 0 && check_apps(config) == 0)
        return 0;
    conf_locate(path, config->conf.error, sizeof config->conf.error);
    return -1;
}

void push_config_clear(struct push_config *config)
{
    struct app_config *app, *next;
    conf_clear(link_options, &config->broker);
    DL_FOREACH_SAFE (config->apps, app, next) {
        app_config_clear(app);
        free(app);
    }
    config->apps = NULL;
}

/* Sections on their own */

bool app_config_copy(struct app_config *to, const struct app_config *from)
{
    *to = *from;
    to->prev = to->next = NULL;
    to->section = strdup(from->section);
    return conf_own(app_options[from->kind], to) == 0 && to->section;
}

void app_config_clear(struct app_config *app)
{
    conf_clear(app_options[app->kind], app);
    free(app->section);
    app->section = NULL;
}

bool app_config_same(const struct app_config *a, const struct app_config *b)
{
    return conf_same(app_options[a->kind], a, b);
}

/* Changes */

static int carry_app(const struct push_config *before, struct app_config *app, FILE *report)
{
    const struct app_config *old = find_section(before, app->section);
    if (old)
        return conf_carry(app->section, app_options[app->kind], old, app, report);
    fprintf(report, "reload: [%s] is new\n", app->section);
    return 0;
}

int push_config_carry(const struct push_config *before, struct push_config *after, FILE *report)
{
    struct app_config *app;
    int result = conf_carry(BROKER_SECTION, link_options, &before->broker, &after->broker, report);
    DL_FOREACH (after->apps, app)
        result |= carry_app(before, app, report);
    DL_FOREACH (before->apps, app)
        if (!find_section(after, app->section))
            fprintf(report, "reload: [%s] is gone\n", app->section);
    return result;
}
