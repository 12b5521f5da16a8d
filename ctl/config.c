/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "ctl/config.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl/complain.h"
#include "lib/basics.h"
#include "lib/broker_conf.h"

#define SDKAPPID_MAX 4294967295LL

static const char *const places[] = {"./run/mosquitto.conf", "/etc/mosquitto/mosquitto.conf"};

/* What a configuration file says; strings are malloc'ed. */
struct settings {
    char *sdkappid;
    char *key_file;
    char *admins;
    int64_t port;
    bool port_fits; /* as far as has been read */
    bool port_last; /* of the listener that was read last */
};

static void clear(struct settings *settings)
{
    free(settings->sdkappid);
    free(settings->key_file);
    free(settings->admins);
}

const char *config_find(void)
{
    const char *named = getenv("CHAT_CONFIG");
    if (named && *named)
        return named;
    for (size_t i = 0; i < COUNT(places); i++)
        if (access(places[i], F_OK) == 0)
            return places[i];
    return NULL;
}

/* Keeps the value if the line is about `wanted`. The first line counts. */
static bool take(const char *name, const char *value, const char *wanted, char **kept)
{
    return *kept || strcmp(name, wanted) != 0 || (*kept = strdup(value));
}

/* What stands behind a listener is about that one. The first that fits is kept. */
static void take_listener(struct settings *settings, const char *name, const char *value)
{
    const bool begins = strcmp(name, "listener") == 0 || strcmp(name, "port") == 0;
    if (begins && !settings->port_fits) {
        settings->port = strtoll(value, NULL, 10);
        settings->port_fits = settings->port > 0;
        settings->port_last = true;
    } else if (begins) {
        settings->port_last = false;
    } else if (settings->port_last && ((strcmp(name, "protocol") == 0 && strcmp(value, "mqtt") != 0) ||
                                       strcmp(name, "certfile") == 0 || strcmp(name, "psk_hint") == 0)) {
        settings->port_fits = false;
    }
}

static bool take_line(void *context, const struct conf_place *place, const char *name, char *value)
{
    (void)place;
    struct settings *settings = context;
    take_listener(settings, name, value);
    return take(name, value, "plugin_opt_admins", &settings->admins) &&
           take(name, value, "plugin_opt_sdkappid", &settings->sdkappid) &&
           take(name, value, "plugin_opt_secret_key_file", &settings->key_file);
}

static int read_settings(const char *path, struct settings *settings)
{
    char fault[BROKER_CONF_FAULT_MAX];
    if (broker_conf_read(path, take_line, settings, fault) != 0)
        return complain("%s", fault);
    if (!settings->sdkappid || !settings->key_file)
        return complain("%s has no %s (--config names another file)", path,
                        settings->sdkappid ? "plugin_opt_secret_key_file" : "plugin_opt_sdkappid");
    return EXIT_DONE;
}

/* -1 when the text is not a number in 1..2^32-1. */
static int64_t parse_sdkappid(const char *text)
{
    size_t len = strlen(text);
    if (len == 0 || len > 10 || strspn(text, "0123456789") != len)
        return -1;
    int64_t number = strtoll(text, NULL, 10);
    return number >= 1 && number <= SDKAPPID_MAX ? number : -1;
}

static int fill(struct ctl_config *config, const char *sdkappid, const char *key_file)
{
    char error[512];
    config->sdkappid = parse_sdkappid(sdkappid);
    if (config->sdkappid < 0)
        return complain("the sdkappid \"%s\" is not a whole number from 1 to %lld", sdkappid, SDKAPPID_MAX);
    if (keys_load(&config->keys, key_file, error, sizeof error) != 0)
        return complain("%s", error);
    return EXIT_DONE;
}

/* The first of a list with commas; malloc'ed. NULL: there is none, or memory is out. */
static char *first_of(const char *list)
{
    list += strspn(list, " \t,");
    size_t len = strcspn(list, " \t,");
    return len > 0 ? strndup(list, len) : NULL;
}

static int fill_from_file(struct ctl_config *config, const char *path)
{
    struct settings settings = {0};
    if (!path)
        return complain("no configuration found: use --config, or --key-file and --sdkappid");
    int result = read_settings(path, &settings);
    if (result == EXIT_DONE)
        result = fill(config, settings.sdkappid, settings.key_file);
    if (result == EXIT_DONE && settings.admins)
        config->admin = first_of(settings.admins);
    config->port = settings.port_fits ? settings.port : 0;
    clear(&settings);
    return result;
}

int config_load(struct ctl_config *config, const struct config_source *source)
{
    *config = (struct ctl_config){0};
    if (!source->key_file != !source->sdkappid)
        return complain_usage("--key-file and --sdkappid go together");
    if (source->file && source->key_file)
        return complain_usage("either --config, or --key-file and --sdkappid");
    if (source->key_file)
        return fill(config, source->sdkappid, source->key_file);
    return fill_from_file(config, source->file ? source->file : config_find());
}

void config_clear(struct ctl_config *config)
{
    free(config->admin);
    config->admin = NULL;
    keys_clear(&config->keys);
}

static bool take_path(void *context, const struct conf_place *place, const char *name, char *value)
{
    (void)place;
    struct ctl_paths *paths = context;
    return take(name, value, "plugin_opt_database", &paths->database) &&
           take(name, value, "plugin_opt_ring_file", &paths->ring_file);
}

int config_paths(struct ctl_paths *paths, const char *file)
{
    char fault[BROKER_CONF_FAULT_MAX];
    const char *path = file ? file : config_find();
    *paths = (struct ctl_paths){0};
    if (!path)
        return complain("no configuration found: use --config");
    if (broker_conf_read(path, take_path, paths, fault) != 0)
        return complain("%s", fault);
    if (!paths->database)
        return complain("%s has no plugin_opt_database (--config names another file)", path);
    if (!paths->ring_file && asprintf(&paths->ring_file, "%s.ring", paths->database) < 0)
        return complain("out of memory");
    return EXIT_DONE;
}

void paths_clear(struct ctl_paths *paths)
{
    free(paths->database);
    free(paths->ring_file);
    *paths = (struct ctl_paths){0};
}
