/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "acl/topic.h"

#include <string.h>

#define UPLOAD_NUMBER_MAX 9 /* digits: whoever reads the number need not fear an overflow */

/* Whatever is one of these or below it is ours, and closed unless a row of `shapes` opens it. */
static const char *const roots[] = {"chat", "$CONTROL/chat", "$SYS/broker/chat"};

/* <user> <group> <upload> <n> stand for one level, <rest> for all that remain. */
static const struct shape {
    const char *pattern;
    enum topic_kind kind;
} shapes[] = {
    {"chat/user/<user>", TOPIC_INBOX},       {"chat/user/<user>/#", TOPIC_FEED},
    {"chat/user/<user>/event", TOPIC_EVENT}, {"chat/user/<user>/group/<group>", TOPIC_FEED_GROUP},
    {"chat/group/<group>", TOPIC_GROUP},     {"chat/push", TOPIC_PUSH},
    {"chat/review", TOPIC_REVIEW},           {"chat/upload/<upload>/<n>", TOPIC_UPLOAD},
    {"$CONTROL/chat/v1", TOPIC_CONTROL},     {"$CONTROL/chat/v1/response", TOPIC_RESPONSE},
    {"$SYS/broker/chat/#", TOPIC_STATS},     {"$SYS/broker/chat/<rest>", TOPIC_STATS},
    {"chat/feed", TOPIC_EVERYTHING},
};

static bool number_valid(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (text[i] < '0' || text[i] > '9')
            return false;
    return len >= 1 && len <= UPLOAD_NUMBER_MAX;
}

/* Levels of a name, none empty, no wildcard. */
static bool rest_valid(const char *text, size_t len)
{
    char before = '/';
    for (size_t i = 0; i < len; before = text[i++])
        if (text[i] == '+' || text[i] == '#' || (text[i] == '/' && before == '/'))
            return false;
    return before != '/';
}

static const struct placeholder {
    const char *text;
    bool (*valid)(const char *text, size_t len);
    bool named;
    bool takes_rest;
} placeholders[] = {
    {"<user>", user_id_valid, true, false},     {"<group>", group_id_valid, true, false},
    {"<upload>", group_id_valid, false, false}, {"<n>", number_valid, false, false},
    {"<rest>", rest_valid, false, true},
};

static const struct placeholder *find_placeholder(const char *level, size_t len)
{
    if (*level != '<') /* most are not, and this runs for every publish */
        return NULL;
    for (size_t i = 0; i < sizeof placeholders / sizeof placeholders[0]; i++)
        if (strlen(placeholders[i].text) == len && memcmp(placeholders[i].text, level, len) == 0)
            return &placeholders[i];
    return NULL;
}

/* One level of the pattern against the text; returns how much of the text it takes, and through `name` the
 * first id. */
static bool match_level(const char *pattern, size_t pattern_len, const char *text, size_t *len,
                        struct topic *name)
{
    const struct placeholder *place = find_placeholder(pattern, pattern_len);
    *len = place && place->takes_rest ? strlen(text) : strcspn(text, "/");
    if (!place)
        return *len == pattern_len && memcmp(pattern, text, pattern_len) == 0;
    if (!place->valid(text, *len))
        return false;
    if (place->named && !name->name) {
        name->name = text;
        name->name_len = *len;
    }
    return true;
}

static bool match(const char *pattern, const char *text, struct topic *name)
{
    for (;;) {
        size_t pattern_len = strcspn(pattern, "/");
        size_t len;
        if (!match_level(pattern, pattern_len, text, &len, name))
            return false;
        pattern += pattern_len;
        text += len;
        if (!*pattern || !*text)
            return !*pattern && !*text;
        pattern++;
        text++;
    }
}

static bool is_ours(const char *text)
{
    for (size_t i = 0; i < sizeof roots / sizeof roots[0]; i++) {
        size_t len = strlen(roots[i]);
        if (strncmp(text, roots[i], len) == 0 && (!text[len] || text[len] == '/'))
            return true;
    }
    return false;
}

/* Not only in filters: Mosquitto 2.0 delivers what is published to $share/x/chat/group/g to who has
 * chat/group/g. */
static const char *skip_share(const char *text)
{
    static const char share[] = "$share/";
    if (strncmp(text, share, sizeof share - 1) != 0)
        return text;
    const char *slash = strchr(text + sizeof share - 1, '/');
    return slash ? slash + 1 : text;
}

struct topic filter_parse(const char *filter)
{
    if (!is_ours(skip_share(filter)))
        return (struct topic){.kind = TOPIC_OTHER};
    /* No shape begins with $share: what is ours and shared falls through. */
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        struct topic topic = {.kind = shapes[i].kind};
        if (match(shapes[i].pattern, filter, &topic))
            return topic;
    }
    return (struct topic){.kind = TOPIC_CLOSED};
}

struct topic topic_parse(const char *topic)
{
    struct topic parsed = filter_parse(topic);
    if (parsed.kind != TOPIC_OTHER && strpbrk(topic, "+#"))
        return (struct topic){.kind = TOPIC_CLOSED};
    return parsed;
}

bool topic_names(const struct topic *topic, const char *id)
{
    return strlen(id) == topic->name_len && memcmp(id, topic->name, topic->name_len) == 0;
}

void topic_copy_name(char out[GROUP_ID_MAX + 1], const struct topic *topic)
{
    memcpy(out, topic->name, topic->name_len); /* of valid shape: it fits */
    out[topic->name_len] = '\0';
}

/* Printing: by hand, not from the table, as it is done for every copy of a message. */

static const char inbox_prefix[] = "chat/user/";
static const char group_prefix[] = "chat/group/";

static char *put_inbox(char *out, const char *user)
{
    return stpcpy(stpcpy(out, inbox_prefix), user);
}

void topic_print_inbox(char *out, const char *user)
{
    put_inbox(out, user);
}

void topic_print_feed(char *out, const char *user)
{
    stpcpy(put_inbox(out, user), "/#");
}

void topic_print_feed_group(char *out, const char *user, const char *group)
{
    stpcpy(stpcpy(put_inbox(out, user), "/group/"), group);
}

void topic_print_event(char *out, const char *user)
{
    stpcpy(put_inbox(out, user), "/event");
}

void topic_print_group(char *out, const char *group)
{
    stpcpy(stpcpy(out, group_prefix), group);
}

bool topic_is_group(const char *topic, const char *group)
{
    return strncmp(topic, group_prefix, sizeof group_prefix - 1) == 0 &&
           strcmp(topic + sizeof group_prefix - 1, group) == 0;
}
