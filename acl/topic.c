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

/* The one that the pattern begins with; each shape's are in the table. */
static const struct placeholder *placeholder_of(const char *pattern)
{
    const struct placeholder *place = placeholders;
    while (strncmp(pattern, place->text, strlen(place->text)) != 0)
        place++;
    return place;
}

/* Behind the level, or all levels, that it stands for; NULL: that is none. Through `name` the first id. */
static const char *fill(const struct placeholder *place, const char *text, struct topic *name)
{
    const char *end = place->takes_rest ? text + strlen(text) : strchrnul(text, '/');
    const size_t len = (size_t)(end - text);
    if (!place->valid(text, len))
        return NULL;
    if (place->named && !name->name) {
        name->name = text;
        name->name_len = len;
    }
    return end;
}

static bool match(const char *pattern, const char *text, struct topic *name)
{
    while (*pattern) {
        if (*pattern != '<') {
            if (*pattern++ != *text++)
                return false;
            continue;
        }
        const struct placeholder *place = placeholder_of(pattern);
        text = fill(place, text, name);
        if (!text)
            return false;
        pattern += strlen(place->text);
    }
    return *text == '\0';
}

/* What follows on the prefix; NULL: the text does not begin with it. */
static const char *behind(const char *text, const char *prefix)
{
    while (*prefix && *text == *prefix)
        text++, prefix++;
    return *prefix ? NULL : text;
}

static bool is_ours(const char *text)
{
    for (size_t i = 0; i < sizeof roots / sizeof roots[0]; i++) {
        const char *rest = behind(text, roots[i]);
        if (rest && (!*rest || *rest == '/'))
            return true;
    }
    return false;
}

/* Not only in filters: Mosquitto 2.0 delivers what is published to $share/x/chat/group/g to who has
 * chat/group/g. */
static const char *skip_share(const char *text)
{
    const char *name = behind(text, "$share/");
    const char *slash = name ? strchr(name, '/') : NULL;
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

/* No shape has another wildcard, and an id has none. */
static bool ends_in_wildcard(const char *topic)
{
    const size_t len = strlen(topic);
    return len > 0 && topic[len - 1] == '#';
}

struct topic topic_parse(const char *topic)
{
    struct topic parsed = filter_parse(topic);
    if (parsed.kind != TOPIC_OTHER && ends_in_wildcard(topic))
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
