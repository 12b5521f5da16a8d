/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What is stored about a user, kind by kind, in pages: profile, devices, ..., messages. Each kind has an order of its own
 * that no change disturbs, so that a place in it stands for what is behind it. Reads the database alone. Broker
 * thread only. */
#ifndef PLUGIN_COMMANDS_EXPORT_KINDS_H
#define PLUGIN_COMMANDS_EXPORT_KINDS_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

struct chat;

#define EXPORT_KEY_MAX  191                       /* bytes: a client id, a topic, a number */
#define EXPORT_TEXT_MAX (2 * EXPORT_KEY_MAX + 32) /* bytes of a place as a text */

/* Behind one item, or before all of them. */
struct export_place {
    size_t kind;
    char key[2][EXPORT_KEY_MAX + 1];
};

/* Before the first of all. */
struct export_place export_begin(void);
/* A place as a client has it: "device - alice:ios:1". false: that is none. */
bool export_place_parse(struct export_place *place, const char *text);
void export_place_print(char text[EXPORT_TEXT_MAX], const struct export_place *place);

/* A page: at most `limit` items, 256 KiB, and as many rows as a look may take; perhaps none. */
struct export_request {
    const char *user;
    struct export_place after;
    size_t limit;
};
/* Puts `items` into data, and `next` where there are more. What could not be read (store_reads_failed tells) is missing.
 * false: out of memory. */
__attribute__((warn_unused_result)) bool export_read(struct chat *chat, const struct export_request *request,
                                                     cJSON *data);

#endif
