/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* plugin_opt_* of mosquitto.conf and the lines of settings_file: one table of name, type, range and default, and of
 * what may change while the broker runs, which is what settings_file may name.
 * Unknown names, values out of range and missing ones are refused with one sentence that names the option. */
#ifndef LIB_PLUGIN_OPTIONS_H
#define LIB_PLUGIN_OPTIONS_H

#include "acl/policy.h"
#include "lib/broker_conf.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum other_users { OTHER_USERS_REFUSE, OTHER_USERS_DEFER };
/* What a reviewer looks at before others see it. */
enum review_of {
    REVIEW_C2C = 1,
    REVIEW_GROUP = 2, /* all stored ones */
    REVIEW_LIVE = 4,
    REVIEW_CREATE = 8,
    REVIEW_JOIN = 16,
    REVIEW_INVITE = 32
};
/* What receipts and answers wait for: it is in the ring; it is in the database. */
enum sent_after { SENT_AFTER_ACCEPTED, SENT_AFTER_COMMITTED };
enum review_default { REVIEW_DEFAULT_PASS, REVIEW_DEFAULT_REFUSE };
enum other_topics { OTHER_TOPICS_DEFER, OTHER_TOPICS_ALLOW, OTHER_TOPICS_DENY };

/* All strings are owned by this struct. Numbers carry the option's own unit (its name says it). */
struct plugin_options {
    int64_t sdkappid;
    char *secret_key_file;
    char *database;
    char *ring_file; /* filled with "<database>.ring" when absent */
    char *admins;    /* as written; plugin_options_is_admin reads it */
    int other_users, other_topics, login_policy, sync,
        sent_after; /* the enums above, of policy.h and of store_config.h */
    int64_t instances_per_platform, web_instances;
    int64_t user_rate, group_rate, command_rate;
    int64_t cache_seconds;
    int64_t retention_days, clock_checked;
    int64_t max_message_bytes;
    int64_t max_members_private, max_members_public, max_members_chatroom;
    int64_t recall_seconds;
    int64_t edit_seconds;
    int64_t replay_limit, live_history;
    int64_t device_rate;
    int64_t ring_bytes;
    int64_t push_lease_seconds, push_ttl_seconds;
    int push_badge;   /* 0: false, 1: true */
    char *words_file; /* NULL: none */
    int review;       /* enum review_of, together; 0: nothing */
    int review_default;
    int64_t review_seconds;
    char *backup_dir;            /* NULL: there are no backups */
    char *media_dir, *media_url; /* media_dir NULL: there are no uploads */
    int64_t max_media_bytes, media_user_bytes;
    int64_t media_retention_days; /* as written: plugin_options_media_retention_days() reads it */
    char *settings_file;
    /* private to plugin_options.c and option_changes.c */
    struct plugin_options *conf; /* what plugin_opt_* and defaults gave when they were last read */
    uint64_t named;              /* by settings_file: a bit for each row of the table */
};

/* One name and value as Mosquitto hands them over (struct mosquitto_opt without its header). */
struct option_pair {
    const char *name;
    const char *value;
};

/* Fills `options` from defaults, the pairs, and settings_file if one is named. A name twice is refused.
 * Returns 0, or -1 with one sentence in `error`; then `options` is cleared. */
__attribute__((warn_unused_result)) int plugin_options_parse(struct plugin_options *options,
                                                             const struct option_pair *pairs, size_t count,
                                                             char *error, size_t error_size);

#define PLUGIN_OPTIONS_ERROR_MAX 512

/* `pair` is the number of the pair that is wrong; `count` for a fault that is about none of them. `error` is
 * lent. */
typedef void plugin_options_fault(void *context, size_t pair, const char *error);
/* Parses the same, tells of every fault and not only of the first, and goes on. Returns how many there are;
 * `options` has what is right, for plugin_options_clear: with faults, what is required may be NULL or 0. */
size_t plugin_options_check(struct plugin_options *options, const struct option_pair *pairs, size_t count,
                            plugin_options_fault *fault, void *context);

/* For a SIGHUP: fills `next` as options would be that are begun now, with these pairs, each from `places`, and with
 * the settings_file of `now` read again. Without pairs (NULL) those of last time stand. 0; or -1, one sentence in
 * `error`, and nothing to clear. What of it counts, option_changes.h tells. */
__attribute__((warn_unused_result)) int plugin_options_reread(struct plugin_options *next,
                                                              const struct plugin_options *now,
                                                              const struct option_pair *pairs,
                                                              const struct conf_place *places, size_t count,
                                                              char *error, size_t error_size);

/* Is this userID in `admins` (comma separated, white space around commas ignored)? */
bool plugin_options_is_admin(const struct plugin_options *options, const char *user);

/* After how many days files go; 0: never. */
int64_t plugin_options_media_retention_days(const struct plugin_options *options);

void plugin_options_clear(struct plugin_options *options);

#endif
