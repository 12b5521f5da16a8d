/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* All settings of a mosquitto.conf with their places, and to which listener and plugin each belongs, as Mosquitto sees it: in
 * each file anew, what stands before a `listener` is about the listener that nobody names, and an option is the plugin's that
 * stands before it in the same file. */
#ifndef CTL_CHECK_CONF_H
#define CTL_CHECK_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ctl/check_report.h"
#include "lib/broker_conf.h"

#define NO_PLUGIN        (-1)
#define DEFAULT_LISTENER 0

enum setting_kind { OTHER, YES_NO, NUMBER, TEXT };
enum setting_scope { GLOBAL, LISTENER, BRIDGE };
enum setting_since { IN_2_0, IN_2_1 };
enum setting_twice { MAY_BE_TWICE, ONCE_IN_2_0, ONCE };

struct broker_setting {
    const char *name;
    enum setting_kind kind;
    enum setting_scope scope;
    enum setting_since since;
    enum setting_twice twice;
};

struct conf_setting {
    struct finding_place place; /* its file is the conf's */
    char *name, *value;
    const struct broker_setting *known; /* NULL: no setting of Mosquitto's; an option of a plugin's */
    int listener;                       /* DEFAULT_LISTENER, or counted from 1 on */
    int plugin;                         /* counted from 0 on; NO_PLUGIN: none yet, in its file */
};

struct check_conf {
    struct conf_setting *settings;
    size_t count, room;
    char **files;
    size_t file_count;
    int listeners, plugins; /* how many there are; the default one is not counted */
    int listener_of_first, plugin_of_first;
};

/* Returns 0; -1 with a sentence in `fault`: what has been read is there. conf_unload in either case. */
__attribute__((warn_unused_result)) int conf_load(struct check_conf *conf, const char *path,
                                                  char fault[BROKER_CONF_FAULT_MAX]);
void conf_unload(struct check_conf *conf);

/* The last one of this name, which is the one that counts; NULL: there is none. */
const struct conf_setting *conf_find(const struct check_conf *conf, const char *name);
/* The last one that is about the listener. */
const struct conf_setting *conf_find_of(const struct check_conf *conf, int listener, const char *name);
/* As Mosquitto reads numbers and booleans; `fallback` where there is none. */
int64_t conf_number(const struct check_conf *conf, const char *name, int64_t fallback);
bool conf_says(const struct conf_setting *setting, bool fallback);
/* Its place; none for NULL. */
struct finding_place conf_place_of(const struct conf_setting *setting);

bool conf_is_plugin(const struct conf_setting *setting);
/* What of a plugin's option's name is behind plugin_opt_ or auth_opt_; NULL: it is none. */
const char *conf_option_name(const struct conf_setting *setting);
/* The file that the plugin's line names. */
const char *conf_plugin_file(const struct conf_setting *setting);

/* Of Mosquitto's own settings, the one of this name, and the one whose name is nearest; NULL: there is none. */
const struct broker_setting *broker_setting_find(const char *name);
const struct broker_setting *broker_setting_near(const char *name);

#endif
