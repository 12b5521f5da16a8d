/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* exportUser: a page is read from the database, which has what was accepted before the command a moment later. Until then
 * the command waits here. Broker thread only. */
#ifndef PLUGIN_COMMANDS_EXPORT_H
#define PLUGIN_COMMANDS_EXPORT_H

#include <stdbool.h>

struct chat;

/* What waits is dropped. */
void exports_close(struct chat *chat);
/* true: somebody waits for the next commit. */
bool exports_tick(struct chat *chat);

#endif
