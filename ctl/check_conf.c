/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "ctl/check_conf.h"

#include <stdlib.h>
#include <string.h>

#include "lib/basics.h"
#include "lib/edits.h"

#define FIRST_ROOM 64

static const struct broker_setting known_settings[] = {
#define BROKER_SETTING(name, kind, scope, since, twice) {name, kind, scope, since, twice},
#include "ctl/broker_settings.def"
#undef BROKER_SETTING
};

const struct broker_setting *broker_setting_find(const char *name)
{
    for (size_t i = 0; i < COUNT(known_settings); i++)
        if (strcmp(known_settings[i].name, name) == 0)
            return &known_settings[i];
    return NULL;
}

const struct broker_setting *broker_setting_near(const char *name)
{
    const struct broker_setting *nearest = NULL;
    int64_t least = EDITS_MAX + 1;
    for (size_t i = 0; i < COUNT(known_settings); i++) {
        int64_t edits = edits_between(name, strlen(name), known_settings[i].name);
        if (edits < least) {
            least = edits;
            nearest = &known_settings[i];
        }
    }
    return nearest;
}

bool conf_is_plugin(const struct conf_setting *setting)
{
    static const char *const names[] = {"plugin", "auth_plugin", "global_plugin", "plugin_load"};
    for (size_t i = 0; i < COUNT(names); i++)
        if (strcmp(setting->name, names[i]) == 0)
            return true;
    return false;
}

const char *conf_option_name(const struct conf_setting *setting)
{
    static const char *const prefixes[] = {"plugin_opt_", "auth_opt_"};
    for (size_t i = 0; i < COUNT(prefixes); i++)
        if (strncmp(setting->name, prefixes[i], strlen(prefixes[i])) == 0)
            return setting->name + strlen(prefixes[i]);
    return NULL;
}

/* plugin_load has a name before it. */
const char *conf_plugin_file(const struct conf_setting *setting)
{
    const char *value = setting->value;
    if (strcmp(setting->name, "plugin_load") == 0)
        value += strcspn(value, " ");
    return value + strspn(value, " ");
}

/* Reading */

static bool make_room(struct check_conf *conf)
{
    if (conf->count < conf->room)
        return true;
    size_t room = conf->room ? conf->room * 2 : FIRST_ROOM;
    struct conf_setting *more = realloc(conf->settings, room * sizeof *more);
    if (!more)
        return false;
    conf->settings = more;
    conf->room = room;
    return true;
}

/* The conf's own copy of the file's name; NULL: out of memory. */
static char *keep_file(struct check_conf *conf, const char *file)
{
    if (conf->file_count > 0 && strcmp(conf->files[conf->file_count - 1], file) == 0)
        return conf->files[conf->file_count - 1];
    if (conf->file_count > 0 && strcmp(conf->files[0], file) == 0)
        return conf->files[0];
    char **more = realloc(conf->files, (conf->file_count + 1) * sizeof *more);
    if (!more)
        return NULL;
    conf->files = more;
    char *copy = strdup(file);
    if (copy)
        conf->files[conf->file_count++] = copy;
    return copy;
}

/* What it goes on from: an included file begins with none, and the first one then goes on with its own. */
static void find_owners(struct check_conf *conf, struct conf_setting *setting)
{
    const struct conf_setting *before = conf->count > 0 ? &conf->settings[conf->count - 1] : NULL;
    bool is_first = setting->place.file == conf->files[0];
    setting->listener = DEFAULT_LISTENER;
    setting->plugin = NO_PLUGIN;
    if (is_first) {
        setting->listener = conf->listener_of_first;
        setting->plugin = conf->plugin_of_first;
    } else if (before && before->place.file == setting->place.file) {
        setting->listener = before->listener;
        setting->plugin = before->plugin;
    }
    if (strcmp(setting->name, "listener") == 0)
        setting->listener = ++conf->listeners;
    if (conf_is_plugin(setting))
        setting->plugin = conf->plugins++;
    if (is_first) {
        conf->listener_of_first = setting->listener;
        conf->plugin_of_first = setting->plugin;
    }
}

static bool take_line(void *context, const struct conf_place *place, const char *name, char *value)
{
    struct check_conf *conf = context;
    char *file = keep_file(conf, place->file);
    if (!file || !make_room(conf))
        return false;
    struct conf_setting setting = {.place = {file, place->line},
                                   .name = strdup(name),
                                   .value = strdup(value),
                                   .known = broker_setting_find(name)};
    if (!setting.name || !setting.value) {
        free(setting.name);
        free(setting.value);
        return false;
    }
    find_owners(conf, &setting);
    conf->settings[conf->count++] = setting;
    return true;
}

int conf_load(struct check_conf *conf, const char *path, char fault[BROKER_CONF_FAULT_MAX])
{
    *conf = (struct check_conf){.listener_of_first = DEFAULT_LISTENER, .plugin_of_first = NO_PLUGIN};
    if (!keep_file(conf, path)) {
        strcpy(fault, "out of memory");
        return -1;
    }
    return broker_conf_read(path, take_line, conf, fault);
}

void conf_unload(struct check_conf *conf)
{
    for (size_t i = 0; i < conf->count; i++) {
        free(conf->settings[i].name);
        free(conf->settings[i].value);
    }
    for (size_t i = 0; i < conf->file_count; i++)
        free(conf->files[i]);
    free(conf->settings);
    free(conf->files);
    *conf = (struct check_conf){0};
}

/* Finding */

const struct conf_setting *conf_find(const struct check_conf *conf, const char *name)
{
    for (size_t i = conf->count; i-- > 0;)
        if (strcmp(conf->settings[i].name, name) == 0)
            return &conf->settings[i];
    return NULL;
}

const struct conf_setting *conf_find_of(const struct check_conf *conf, int listener, const char *name)
{
    for (size_t i = conf->count; i-- > 0;)
        if (conf->settings[i].listener == listener && strcmp(conf->settings[i].name, name) == 0)
            return &conf->settings[i];
    return NULL;
}

int64_t conf_number(const struct check_conf *conf, const char *name, int64_t fallback)
{
    const struct conf_setting *setting = conf_find(conf, name);
    return setting ? strtoll(setting->value, NULL, 10) : fallback;
}

bool conf_says(const struct conf_setting *setting, bool fallback)
{
    if (!setting)
        return fallback;
    size_t len = strcspn(setting->value, " ");
    return (len == 4 && strncmp(setting->value, "true", len) == 0) || (len == 1 && setting->value[0] == '1');
}

struct finding_place conf_place_of(const struct conf_setting *setting)
{
    return setting ? setting->place : (struct finding_place){0};
}
