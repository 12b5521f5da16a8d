/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* chatctl check: Mosquitto's own settings that no broker stumbles over, and a chat does; and the programs beside it. */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ctl/check.h"
#include "lib/basics.h"
#include "lib/folder.h"

#define REQUEST_BYTES_MAX  262144 /* of a request, and of a chunk of an upload (docs/protocol.md) */
#define TOPIC_ROOM         1024   /* what a packet has beside its payload */
#define MEMORY_LEAST       (32 << 20)
#define QUEUED_DEFAULT     1000
#define QUEUED_FEW         4000
#define QUEUED_GOOD        20000
#define INFLIGHT_DEFAULT   20
#define PACKET_DEFAULT_2_1 2000000
#define PACKET_GOOD        524288

#define SAY(check, level, setting, ...)                                                                      \
    report_say(&(check)->report, level, conf_place_of(setting), __VA_ARGS__)

/* What waits for a client */

static void check_queue(struct conf_check *check)
{
    const struct conf_setting *setting = conf_find(&check->conf, "max_queued_messages");
    int64_t number = conf_number(&check->conf, "max_queued_messages", QUEUED_DEFAULT);
    if (number == 0)
        SAY(check, FINDING_WARNING, setting, "max_queued_messages 20000",
            "max_queued_messages 0: nothing limits what the broker keeps in memory for a client that reads "
            "nothing");
    else if (number < QUEUED_FEW)
        SAY(check, FINDING_WARNING, setting, "max_queued_messages 20000",
            "max_queued_messages is %lld%s: who has missed more than %lld messages gets the others at %lld a "
            "second "
            "(device_rate)",
            (long long)number, setting ? "" : ", Mosquitto's default", (long long)(number * 3 / 4),
            (long long)check->options.device_rate);
}

static void check_queued_bytes(struct conf_check *check)
{
    const struct conf_setting *setting = conf_find(&check->conf, "max_queued_bytes");
    int64_t bytes = conf_number(&check->conf, "max_queued_bytes", 0);
    if (bytes > 0 && bytes < 8 * check->options.max_message_bytes)
        SAY(check, FINDING_WARNING, setting, "max_queued_bytes 33554432",
            "max_queued_bytes %lld is little for messages of up to %lld bytes: who is behind gets the rest "
            "at %lld a second",
            (long long)bytes, (long long)check->options.max_message_bytes,
            (long long)check->options.device_rate);
}

static void check_inflight(struct conf_check *check)
{
    const struct conf_setting *setting = conf_find(&check->conf, "max_inflight_messages");
    int64_t number = conf_number(&check->conf, "max_inflight_messages", INFLIGHT_DEFAULT);
    if (number == 0 || number > INFLIGHT_DEFAULT)
        SAY(check, FINDING_WARNING, setting, "max_inflight_messages 20",
            "max_inflight_messages %lld%s: when a connection is cut, more messages than the chat reckons "
            "with may be missing",
            (long long)number, number == 0 ? " (no limit)" : "");
}

static void check_expiration(struct conf_check *check)
{
    if (!conf_find(&check->conf, "persistent_client_expiration"))
        SAY(check, FINDING_WARNING, NULL, "persistent_client_expiration 7d",
            "persistent_client_expiration is not set: a kept session that nobody comes back to stays, with "
            "what is queued in "
            "it, for ever");
}

/* How large */

static void check_packets(struct conf_check *check)
{
    const struct conf_setting *setting = conf_find(&check->conf, "max_packet_size");
    int64_t fallback = check->version >= 2001 ? PACKET_DEFAULT_2_1 : 0;
    int64_t bytes = conf_number(&check->conf, "max_packet_size", fallback);
    int64_t needed = larger(REQUEST_BYTES_MAX, check->options.max_message_bytes) + TOPIC_ROOM;
    if (bytes == 0)
        SAY(check, FINDING_WARNING, setting, "max_packet_size 524288",
            "max_packet_size is not set: a packet of up to 256 MB is read from anybody, and holds everybody "
            "up");
    else if (bytes < needed)
        SAY(check, FINDING_WARNING, setting,
            "max_packet_size 524288, or more where max_message_bytes needs it",
            "max_packet_size %lld: who sends a request, a chunk of an upload or a message that is longer is "
            "closed without "
            "a word; they have up to %lld bytes",
            (long long)bytes, (long long)needed);
}

static void check_message_size(struct conf_check *check)
{
    const struct conf_setting *setting = conf_find(&check->conf, "message_size_limit");
    int64_t bytes = conf_number(&check->conf, "message_size_limit", 0);
    if (bytes > 0 && bytes < larger(REQUEST_BYTES_MAX, check->options.max_message_bytes))
        SAY(check, FINDING_WARNING, setting,
            "Remove the line: plugin_opt_max_message_bytes limits messages, and tells the sender why",
            "message_size_limit %lld: Mosquitto drops what is longer, and an MQTT 3.1.1 client takes it for "
            "accepted; requests "
            "and chunks of uploads have up to %d bytes",
            (long long)bytes, REQUEST_BYTES_MAX);
}

static void check_memory(struct conf_check *check)
{
    const struct conf_setting *setting = conf_find(&check->conf, "memory_limit");
    int64_t limit = conf_number(&check->conf, "memory_limit", 0);
    int64_t here = (int64_t)sysconf(_SC_PHYS_PAGES) * (int64_t)sysconf(_SC_PAGESIZE);
    if (limit > 0 && here > 0 && limit > here / 10 * 9)
        SAY(check, FINDING_WARNING, setting, "Leave room for the plugin, about as much again",
            "memory_limit %lld MB is no limit on this machine, which has %lld MB: the kernel ends the broker "
            "before",
            (long long)(limit >> 20), (long long)(here >> 20));
    if (limit > 0 && limit < MEMORY_LEAST)
        SAY(check, FINDING_WARNING, setting, "memory_limit 1073741824",
            "memory_limit %lld bytes: with that the broker does not start, or ends with its first clients",
            (long long)limit);
    if (here > 0 && check->options.ring_bytes > here / 2)
        SAY(check, FINDING_WARNING, check_option(check, "ring_bytes"),
            "67108864, the default, is enough for most",
            "ring_bytes: %lld MB are mapped into memory, of %lld MB that this machine has",
            (long long)(check->options.ring_bytes >> 20), (long long)(here >> 20));
}

/* Who decides */

static void check_anonymous(struct conf_check *check)
{
    const struct conf_setting *setting = conf_find(&check->conf, "allow_anonymous");
    if (conf_says(setting, false) && check->options.other_users == OTHER_USERS_DEFER)
        SAY(check, FINDING_WARNING, setting, "allow_anonymous false",
            "allow_anonymous true with plugin_opt_other_users defer: everybody gets in without a name, and "
            "the topics that "
            "are not the chat's are theirs%s",
            check->options.other_topics == OTHER_TOPICS_ALLOW ? "" : ", as far as acl_file lets them");
}

static void check_unasked(struct conf_check *check)
{
    const struct conf_setting *passwords = conf_find(&check->conf, "password_file");
    const struct conf_setting *rights = conf_find(&check->conf, "acl_file");
    if (passwords && check->options.other_users == OTHER_USERS_REFUSE)
        SAY(check, FINDING_NOTE, passwords, "plugin_opt_other_users defer",
            "password_file is never asked: the plugin refuses whoever has no userSig");
    if (rights && check->options.other_topics != OTHER_TOPICS_DEFER)
        SAY(check, FINDING_NOTE, rights, "plugin_opt_other_topics defer",
            "acl_file is never asked: the plugin decides about all topics (plugin_opt_other_topics)");
}

static void check_prefixes(struct conf_check *check)
{
    const struct conf_setting *setting = conf_find(&check->conf, "clientid_prefixes");
    if (setting)
        SAY(check, FINDING_WARNING, setting, "Remove the line",
            "clientid_prefixes %s: client ids of the chat begin with the userID, so that only such users get "
            "in",
            setting->value);
}

/* How fast, and what one gets to know */

static void check_duplicates(struct conf_check *check)
{
    const struct conf_setting *setting = conf_find(&check->conf, "allow_duplicate_messages");
    if (!conf_says(setting, check->version >= 2001))
        SAY(check, FINDING_WARNING, setting,
            "allow_duplicate_messages true: the plugin itself sees to it that nothing comes twice",
            "allow_duplicate_messages %s: each delivery is compared with all earlier ones, which is slow in "
            "large groups",
            setting ? "false" : "is not set");
}

static void check_nodelay(struct conf_check *check)
{
    if (!conf_says(conf_find(&check->conf, "set_tcp_nodelay"), false))
        SAY(check, FINDING_NOTE, NULL, "set_tcp_nodelay true",
            "set_tcp_nodelay is not set: small packets may wait some 40 ms for company");
}

static void check_log(struct conf_check *check)
{
    const struct conf_setting *setting = conf_find(&check->conf, "log_dest");
    if (setting && strcmp(setting->value, "none") == 0)
        SAY(check, FINDING_WARNING, setting, "log_dest syslog, or file",
            "log_dest none: when something is wrong, nobody will know what");
}

void check_limits(struct conf_check *check)
{
    static void (*const checks[])(struct conf_check *) = {
        check_queue,        check_queued_bytes, check_inflight,  check_expiration, check_packets,
        check_message_size, check_memory,       check_anonymous, check_unasked,    check_prefixes,
        check_duplicates,   check_nodelay,      check_log,
    };
    if (check->plugin == NO_PLUGIN)
        return;
    for (size_t i = 0; i < COUNT(checks); i++)
        checks[i](check);
    if (report_faults(&check->report) == 0)
        SAY(check, FINDING_OK, NULL, NULL, "limits and rights of the broker are fit for a chat");
}

/* Programs beside the broker */

void check_programs(struct conf_check *check)
{
    static const char *const programs[] = {"chatpushd", "chatgate"};
    char folder[PATH_MAX], path[2 * PATH_MAX];
    folder_of(check->path, folder, sizeof folder);
    for (size_t i = 0; i < COUNT(programs); i++) {
        snprintf(path, sizeof path, "%s/%s.conf", folder, programs[i]);
        if (access(path, F_OK) == 0)
            report_say(&check->report, FINDING_NOTE, (struct finding_place){path, 0}, NULL,
                       "%s checks its own configuration, and its way to the broker: %s -c %s --check",
                       programs[i], programs[i], path);
    }
}
