/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/life/reload.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "lib/basics.h"
#include "lib/option_changes.h"
#include "plugin/core/broker.h"
#include "plugin/core/chat.h"
#include "plugin/core/config_lines.h"
#include "plugin/delivery/filter.h"
#include "plugin/delivery/review.h"
#include "plugin/delivery/subscribe.h"
#include "plugin/people/user.h"
#include "plugin/push/push.h"
#include "plugin/session/session.h"
#include "schema/store.h"

/* Reading */

static int read_options(struct chat *chat, const char *plugin, struct plugin_options *next,
                        char error[CONFIG_ERROR_MAX])
{
    struct config_lines lines;
    const enum config_result found = config_lines_read(&lines, plugin, error);
    if (found == CONFIG_WRONG)
        return -1;
    if (found == CONFIG_UNREADABLE)
        broker_warn("reload: %s; so what mosquitto.conf says to this plugin stays as it was read before",
                    error);
    int result = plugin_options_reread(next, &chat->options, lines.pairs, lines.places, lines.count, error,
                                       CONFIG_ERROR_MAX);
    config_lines_clear(&lines);
    return result;
}

/* Another file must have keys, as at a start. */
static int read_new_keys(struct chat *chat, struct plugin_options *next, char error[CONFIG_ERROR_MAX])
{
    char reason[512];
    if (strcmp(next->secret_key_file, chat->options.secret_key_file) == 0 ||
        keys_load(&chat->keys, next->secret_key_file, reason, sizeof reason) == 0)
        return 0;
    snprintf(error, CONFIG_ERROR_MAX, "secret_key_file: %s", reason);
    plugin_options_clear(next);
    return -1;
}

/* A key that has to go goes, whatever is wrong with the options. */
static void read_keys(struct chat *chat)
{
    char reason[512];
    chat->keys_read++;
    if (keys_load(&chat->keys, chat->options.secret_key_file, reason, sizeof reason))
        broker_error("secret_key_file is not applied, the old keys stay: %s", reason);
}

/* Telling */

static void say_taken(uint64_t taken)
{
    char names[1024] = "";
    size_t len = 0;
    const char *name;
    while ((name = option_changes_next(&taken)) && len < sizeof names)
        len += (size_t)snprintf(names + len, sizeof names - len, "%s%s", len > 0 ? ", " : "", name);
    if (len > 0)
        broker_info("reload: %s changed", names);
}

static void say_written(const struct chat *chat, struct option_changes *changes)
{
    char shown[OPTION_SHOWN_MAX];
    const char *name;
    while ((name = option_changes_next(&changes->later))) {
        option_changes_show(&chat->options, name, shown);
        broker_warn("reload: plugin_opt_%s has changed to %s; it counts from the next start on", name, shown);
    }
    while ((name = option_changes_next(&changes->back)))
        broker_info("reload: plugin_opt_%s is again what is in force", name);
    while ((name = option_changes_next(&changes->hidden)))
        broker_warn("reload: plugin_opt_%s has changed, but settings_file (%s) says something else, and "
                    "counts",
                    name, chat->options.settings_file);
}

/* Telling those who have a copy, or hold a right */

static void tell_owners(struct chat *chat)
{
    filter_reload(chat);
    store_set_retention(chat->store, chat->options.retention_days * DAY_MS);
    store_set_clock_checked(chat->store, chat->options.clock_checked);
    store_set_backup_dir(chat->store, chat->options.backup_dir);
    store_set_sync(chat->store, (enum store_sync)chat->options.sync);
}

static void look_at_rights(struct chat *chat)
{
    struct session *session;
    for (session = sessions_first(chat); session; session = session->next) {
        session->admin = plugin_options_is_admin(&chat->options, session->user->id);
        if (session->push.worker && !session->admin)
            push_worker_remove(chat, session);
        subscription_check(chat, session);
        if (!session->admin)
            reviewer_remove(chat, session);
    }
}

static void take(struct chat *chat, struct plugin_options *next)
{
    struct option_changes changes;
    option_changes_take(&changes, &chat->options, next);
    say_taken(changes.taken);
    say_written(chat, &changes);
}

void reload(struct chat *chat, const char *plugin)
{
    struct plugin_options next;
    char error[CONFIG_ERROR_MAX];
    if (read_options(chat, plugin, &next, error) == 0 && read_new_keys(chat, &next, error) == 0)
        take(chat, &next);
    else
        broker_error("reload: no option is changed: %s", error);
    read_keys(chat);
    tell_owners(chat);
    look_at_rights(chat);
}
