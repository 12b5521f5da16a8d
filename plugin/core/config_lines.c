/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/core/config_lines.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/basics.h"
#include "lib/text.h"
#include "plugin/core/config_files.h"

#define BYTES_MAX 1048576 /* the broker's thread reads them */

/* Where we are: a file that is included ends the section of another plugin for itself only. */
struct section {
    char file[PATH_MAX];
    int line;
    bool ours;
};

struct collecting {
    struct config_lines *lines;
    const char *plugin;
    struct section main, included;
    size_t bytes;
    int loads; /* lines that load this plugin */
    const char *fault;
};

/* Sections */

static bool is_file(const char *path, const struct stat *file)
{
    struct stat about;
    return stat(path, &about) == 0 && about.st_dev == file->st_dev && about.st_ino == file->st_ino;
}

/* Of an upgrade the path is left, and not the file that was loaded. */
static bool is_ours(const char *plugin, const char *path)
{
    struct stat file;
    return strcmp(plugin, path) == 0 || (stat(plugin, &file) == 0 && is_file(path, &file));
}

static struct section *section_at(struct collecting *all, const struct conf_place *place)
{
    if (!all->main.file[0])
        text_copy(all->main.file, sizeof all->main.file, place->file);
    if (strcmp(all->main.file, place->file) == 0)
        return &all->main;
    if (strcmp(all->included.file, place->file) != 0 || place->line <= all->included.line) {
        text_copy(all->included.file, sizeof all->included.file, place->file);
        all->included.ours = false;
    }
    all->included.line = place->line;
    return &all->included;
}

/* Each begins the lines of another plugin. Where `plugin_use` names ours, it does not start. */
static bool loads_plugin(const char *name)
{
    static const char *const words[] = {"plugin", "auth_plugin", "global_plugin", "plugin_load",
                                        "plugin_use"};
    for (size_t i = 0; i < COUNT(words); i++)
        if (strcmp(name, words[i]) == 0)
            return true;
    return false;
}

/* The option's name; NULL: it is none. */
static const char *option_of(const char *name)
{
    static const char *const prefixes[] = {"plugin_opt_", "auth_opt_"};
    for (size_t i = 0; i < COUNT(prefixes); i++)
        if (strncmp(name, prefixes[i], strlen(prefixes[i])) == 0)
            return name + strlen(prefixes[i]);
    return NULL;
}

/* Lines */

static bool make_room(struct config_lines *lines)
{
    if (lines->count < lines->room)
        return true;
    size_t room = lines->room > 0 ? 2 * lines->room : 64;
    struct option_pair *pairs = realloc(lines->pairs, room * sizeof *pairs);
    if (pairs)
        lines->pairs = pairs;
    struct conf_place *places = realloc(lines->places, room * sizeof *places);
    if (places)
        lines->places = places;
    if (pairs && places)
        lines->room = room;
    return pairs && places;
}

static bool keep(struct config_lines *lines, const struct conf_place *place, const char *name,
                 const char *value)
{
    if (!make_room(lines))
        return false;
    const struct option_pair pair = {.name = strdup(name), .value = strdup(value)};
    const struct conf_place at = {.file = strdup(place->file), .line = place->line};
    lines->pairs[lines->count] = pair;
    lines->places[lines->count++] = at;
    return pair.name && pair.value && at.file;
}

static bool take_line(void *context, const struct conf_place *place, const char *name, char *value)
{
    struct collecting *all = context;
    struct section *section = section_at(all, place);
    const char *option = option_of(name);
    all->bytes += strlen(name) + strlen(value) + 2;
    if (all->bytes > BYTES_MAX) {
        all->fault = "is too long to be read while the broker runs";
        return false;
    }
    if (loads_plugin(name)) {
        section->ours = is_ours(all->plugin, value);
        all->loads += section->ours;
        return !section->ours || make_room(all->lines);
    }
    return !section->ours || !option || keep(all->lines, place, option, value);
}

static enum config_result judge(const struct collecting *all, int files, const char *fault,
                                char error[CONFIG_ERROR_MAX])
{
    if (all->fault)
        snprintf(error, CONFIG_ERROR_MAX, "%.300s %s", all->main.file, all->fault);
    else if (files < 0)
        snprintf(error, CONFIG_ERROR_MAX, "%s", fault);
    else if (files == 0)
        snprintf(error, CONFIG_ERROR_MAX, "the broker's command line names no configuration file");
    else if (all->loads == 0)
        snprintf(error, CONFIG_ERROR_MAX, "%.300s has no line that loads %.300s", all->main.file,
                 all->plugin);
    else if (all->loads > 1)
        snprintf(error, CONFIG_ERROR_MAX, "%.300s loads %.300s twice", all->main.file, all->plugin);
    else
        return CONFIG_READ;
    return all->fault || files > 0 ? CONFIG_WRONG : CONFIG_UNREADABLE;
}

static enum config_result end(const struct collecting *all, int files, const char *fault,
                              char error[CONFIG_ERROR_MAX])
{
    enum config_result result = judge(all, files, fault, error);
    if (result != CONFIG_READ)
        config_lines_clear(all->lines);
    return result;
}

enum config_result config_lines_read(struct config_lines *lines, const char *plugin,
                                     char error[CONFIG_ERROR_MAX])
{
    char fault[BROKER_CONF_FAULT_MAX];
    struct collecting all = {.lines = lines, .plugin = plugin};
    memset(lines, 0, sizeof *lines);
    return end(&all, config_files_read(take_line, &all, fault), fault, error);
}

enum config_result config_lines_read_of(struct config_lines *lines, const char *plugin, const char *arguments,
                                        size_t len, char error[CONFIG_ERROR_MAX])
{
    char fault[BROKER_CONF_FAULT_MAX];
    struct collecting all = {.lines = lines, .plugin = plugin};
    memset(lines, 0, sizeof *lines);
    return end(&all, config_files_read_of(arguments, len, take_line, &all, fault), fault, error);
}

void config_lines_clear(struct config_lines *lines)
{
    for (size_t i = 0; i < lines->count; i++) {
        free((char *)lines->pairs[i].name);
        free((char *)lines->pairs[i].value);
        free((char *)lines->places[i].file);
    }
    free(lines->pairs);
    free(lines->places);
    memset(lines, 0, sizeof *lines);
}
