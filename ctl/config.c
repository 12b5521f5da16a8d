/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "ctl/config.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl/complain.h"
#include "lib/basics.h"

#define SDKAPPID_MAX 4294967295LL
#define BLANKS       " \t\r\n"

static const char *const places[] = {"./run/mosquitto.conf", "/etc/mosquitto/mosquitto.conf"};

/* What a configuration file says; strings are malloc'ed. */
struct settings {
    char *sdkappid;
    char *key_file;
};

static void clear(struct settings *settings)
{
    free(settings->sdkappid);
    free(settings->key_file);
}

/* The file to read, or NULL when there is none. */
static const char *find_file(void)
{
    const char *named = getenv("CHAT_CONFIG");
    if (named && *named)
        return named;
    for (size_t i = 0; i < COUNT(places); i++)
        if (access(places[i], F_OK) == 0)
            return places[i];
    return NULL;
}

/* The value of a line `name value`, trimmed, in place; NULL when the line is about something else. */
static char *line_value(char *line, const char *name)
{
    size_t len = strlen(name);
    line += strspn(line, BLANKS);
    if (strncmp(line, name, len) != 0 || !line[len] || !strchr(BLANKS, line[len]))
        return NULL;
    line += len + strspn(line + len, BLANKS);
    for (len = strlen(line); len > 0 && strchr(BLANKS, line[len - 1]); len--)
        line[len - 1] = '\0';
    return line;
}

/* Keeps the value if the line is about `name`. The first line counts. */
static bool take(char *line, const char *name, char **value)
{
    char *text = *value ? NULL : line_value(line, name);
    return !text || (*value = strdup(text));
}

static int read_lines(FILE *file, struct settings *settings)
{
    char *line = NULL;
    size_t size = 0;
    bool taken = true;
    while (taken && getline(&line, &size, file) >= 0) {
        taken = take(line, "plugin_opt_sdkappid", &settings->sdkappid) &&
                take(line, "plugin_opt_secret_key_file", &settings->key_file);
    }
    free(line);
    return taken && !ferror(file) ? EXIT_DONE : EXIT_FAILED;
}

static int read_file(const char *path, struct settings *settings)
{
    FILE *file = fopen(path, "re");
    if (!file)
        return complain("%s cannot be opened: %s", path, strerror(errno));
    int result = read_lines(file, settings);
    fclose(file);
    if (result != EXIT_DONE)
        return complain("%s cannot be read", path);
    if (!settings->sdkappid || !settings->key_file) {
        return complain("%s has no %s (--config names another file)", path,
                        settings->sdkappid ? "plugin_opt_secret_key_file" : "plugin_opt_sdkappid");
    }
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

static int fill_from_file(struct ctl_config *config, const char *path)
{
    struct settings settings = {0};
    if (!path)
        return complain("no configuration found: use --config, or --key-file and --sdkappid");
    int result = read_file(path, &settings);
    if (result == EXIT_DONE)
        result = fill(config, settings.sdkappid, settings.key_file);
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
    return fill_from_file(config, source->file ? source->file : find_file());
}
