/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* chatctl check: that the plugin is loaded, for all clients, before others, and what its own reader says of its options. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl/check.h"
#include "lib/basics.h"

#define PLUGIN_NAME "mosquitto_chat"

#define SAY(check, level, setting, ...)                                                                      \
    report_say(&(check)->report, level, conf_place_of(setting), __VA_ARGS__)

const struct conf_setting *check_option(const struct conf_check *check, const char *name)
{
    for (size_t i = check->conf.count; i-- > 0;) {
        const struct conf_setting *setting = &check->conf.settings[i];
        const char *option = conf_option_name(setting);
        if (option && setting->plugin == check->plugin && strcmp(option, name) == 0)
            return setting;
    }
    return NULL;
}

static const struct conf_setting *line_of(const struct check_conf *conf, int plugin)
{
    for (size_t i = 0; i < conf->count; i++)
        if (conf->settings[i].plugin == plugin && conf_is_plugin(&conf->settings[i]))
            return &conf->settings[i];
    return NULL;
}

/* By its file's name, or, where that is another one, by what only ours needs. */
static bool is_ours(const struct check_conf *conf, int plugin)
{
    const struct conf_setting *line = line_of(conf, plugin);
    if (line && strstr(conf_plugin_file(line), PLUGIN_NAME))
        return true;
    for (size_t i = 0; i < conf->count; i++) {
        const char *option = conf_option_name(&conf->settings[i]);
        if (option && conf->settings[i].plugin == plugin && strcmp(option, "sdkappid") == 0)
            return true;
    }
    return false;
}

static void find_ours(struct conf_check *check)
{
    for (int i = 0; i < check->conf.plugins; i++) {
        if (!is_ours(&check->conf, i))
            continue;
        if (check->plugin == NO_PLUGIN)
            check->plugin = i;
        else
            SAY(check, FINDING_ERROR, line_of(&check->conf, i), "Keep one of them",
                "the plugin is loaded a second time: the database is in use then, and the broker does not "
                "start");
    }
}

static void check_order(struct conf_check *check)
{
    for (int i = 0; i < check->plugin; i++)
        SAY(check, FINDING_WARNING, line_of(&check->conf, i), "Put the chat's plugin first",
            "this plugin is asked before the chat's: whom it lets in, or lets read, the chat cannot refuse");
}

/* About the clients of one listener only. */
static void check_scope(struct conf_check *check, const struct conf_setting *line)
{
    const struct conf_setting *per_listener = conf_find(&check->conf, "per_listener_settings");
    if (strcmp(line->name, "global_plugin") == 0)
        return;
    if (conf_says(per_listener, false))
        SAY(check, FINDING_ERROR, per_listener, "Set it to false",
            "per_listener_settings true: the plugin would be asked about the clients of one listener only, "
            "and who comes by "
            "another one would read all messages, so the broker does not start, or starts without the chat");
    if (strcmp(line->name, "plugin_load") == 0)
        SAY(check, FINDING_ERROR, line, "Write global_plugin FILE in the place of plugin_load and plugin_use",
            "plugin_load: the plugin would be asked about the clients of one listener only, or not at all");
}

/* Options */

struct given_options {
    struct conf_check *check;
    struct option_pair *pairs;
    const struct conf_setting **settings; /* that each of them is from */
    const struct conf_setting *line;      /* of the plugin */
    size_t count;
};

static void say_fault(void *context, size_t pair, const char *error)
{
    struct given_options *given = context;
    SAY(given->check, FINDING_ERROR, pair < given->count ? given->settings[pair] : given->line, NULL, "%s",
        error);
}

static void parse(struct given_options *given)
{
    struct conf_check *check = given->check;
    for (size_t i = 0; i < check->conf.count; i++) {
        const struct conf_setting *setting = &check->conf.settings[i];
        const char *option = conf_option_name(setting);
        if (!option || setting->plugin != check->plugin)
            continue;
        given->settings[given->count] = setting;
        given->pairs[given->count++] = (struct option_pair){option, setting->value};
    }
    check->options_good =
        plugin_options_check(&check->options, given->pairs, given->count, say_fault, given) == 0;
}

static void check_options(struct conf_check *check, const struct conf_setting *line)
{
    struct given_options given = {.check = check, .line = line};
    given.pairs = calloc(check->conf.count, sizeof *given.pairs);
    given.settings = calloc(check->conf.count, sizeof *given.settings);
    if (given.pairs && given.settings)
        parse(&given);
    else
        check->report.no_memory = true;
    free(given.pairs);
    free(given.settings);
    if (check->options_good)
        SAY(check, FINDING_OK, line, NULL, "all %zu options are as the plugin takes them", given.count);
}

static void check_admins(struct conf_check *check)
{
    if (check->options_good && !check->options.admins)
        SAY(check, FINDING_WARNING, check_option(check, "admins"), "plugin_opt_admins administrator",
            "nobody is an administrator: chatctl, chatpushd and chatgate cannot give commands");
}

/* The service is started in /, and who starts it by hand is somewhere else. */
static void check_relative(struct conf_check *check)
{
    static const char *const names[] = {"secret_key_file", "database",  "ring_file",    "words_file",
                                        "backup_dir",      "media_dir", "settings_file"};
    for (size_t i = 0; i < COUNT(names); i++) {
        const struct conf_setting *setting = check_option(check, names[i]);
        if (setting && *setting->value && setting->value[0] != '/')
            SAY(check, FINDING_WARNING, setting, "Write the whole path",
                "%s: %s is looked for in the folder that the broker is started in, which for a service is /",
                names[i], setting->value);
    }
}

/* The plugin reads them, too, and the broker has given up root by then. */
static void check_readable(struct conf_check *check)
{
    for (size_t i = 0; i < check->conf.file_count; i++)
        if (access(check->conf.files[i], R_OK) != 0)
            report_say(&check->report, FINDING_WARNING, (struct finding_place){check->conf.files[i], 0},
                       "chgrp mosquitto and chmod g+r",
                       "the broker's user cannot read it: the plugin reckons with Mosquitto's default limits "
                       "then, and a "
                       "reload changes no option");
}

void check_plugin(struct conf_check *check)
{
    find_ours(check);
    const struct conf_setting *line = line_of(&check->conf, check->plugin);
    if (!line) {
        report_say(&check->report, FINDING_ERROR, (struct finding_place){check->path, 0},
                   "Add `plugin .../" PLUGIN_NAME ".so` and its options: mosquitto.conf.example has them all",
                   "no plugin line names " PLUGIN_NAME ".so: this broker is no chat");
        return;
    }
    check_scope(check, line);
    check_order(check);
    check_options(check, line);
    check_relative(check);
    check_readable(check);
    check_admins(check);
}
