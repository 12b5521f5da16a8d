/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* SIGHUP: mosquitto.conf, settings_file, the keys and the words are read again, and what may change changes. The log
 * says by name what has changed, and what counts from the next start on. All options or none: where one is wrong, an
 * error line says which, and they all stay. What is in the key file and in the words file counts all the same, each for
 * itself. Broker thread only. */
#ifndef PLUGIN_LIFE_RELOAD_H
#define PLUGIN_LIFE_RELOAD_H

struct chat;

/* `plugin` is the file that this plugin was loaded from. */
void reload(struct chat *chat, const char *plugin);

#endif
