/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Topics, filters and client ids. What must hold: a topic or filter that names somebody is printed back to the same;
 * nothing below chat/ is none of our business, with $share in front or without; a filter without a wildcard is what the
 * topic is, or closed. */
#include "acl/topic.h"
#include "tests/fuzz/fuzz.h"

static void stays_in(const char *text, const struct topic *topic)
{
    HOLDS(!topic->name == (topic->name_len == 0));
    if (topic->name)
        HOLDS(topic->name >= text && topic->name + topic->name_len <= text + strlen(text));
}

static void print(char out[TOPIC_MAX], const struct topic *topic, const char *text)
{
    char name[GROUP_ID_MAX + 1] = "";
    topic_copy_name(name, topic);
    HOLDS(topic_names(topic, name));
    if (topic->kind == TOPIC_GROUP) {
        HOLDS(group_id_valid(name, strlen(name)) && topic_is_group(text, name));
        topic_print_group(out, name);
        return;
    }
    HOLDS(user_id_valid(name, strlen(name)));
    if (topic->kind == TOPIC_INBOX)
        topic_print_inbox(out, name);
    else if (topic->kind == TOPIC_FEED)
        topic_print_feed(out, name);
    else if (topic->kind == TOPIC_FEED_GROUP)
        topic_print_feed_group(out, name, strstr(text + strlen("chat/user/"), "/group/") + strlen("/group/"));
    else
        topic_print_event(out, name);
}

static void comes_back(const struct topic *topic, const char *text)
{
    char out[TOPIC_MAX];
    if (!topic->name || topic->kind > TOPIC_EVENT || topic->kind == TOPIC_OTHER)
        return;
    print(out, topic, text);
    HOLDS(strcmp(out, text) == 0);
}

static void try_topic(const char *text)
{
    const struct topic topic = topic_parse(text);
    HOLDS(topic.kind != TOPIC_FEED);
    HOLDS(topic.kind != TOPIC_OTHER || strncmp(text, "chat/", 5) != 0);
    stays_in(text, &topic);
    comes_back(&topic, text);
}

static void try_filter(const char *text)
{
    const struct topic filter = filter_parse(text), topic = topic_parse(text);
    HOLDS(filter.kind != TOPIC_OTHER || strncmp(text, "chat/", 5) != 0);
    if (!strpbrk(text, "+#") && strncmp(text, "$share", 6) != 0)
        HOLDS(filter.kind == topic.kind || filter.kind == TOPIC_CLOSED);
    stays_in(text, &filter);
    comes_back(&filter, text);
}

static void try_shared(const char *text)
{
    char *shared = malloc(strlen(text) + sizeof "$share/name/");
    HOLDS(shared); /* of two the second is a level like others to Mosquitto, too */
    strcpy(stpcpy(shared, "$share/name/"), text);
    if (filter_parse(text).kind != TOPIC_OTHER && strncmp(text, "$share/", 7) != 0)
        HOLDS(filter_parse(shared).kind == TOPIC_CLOSED);
    free(shared);
}

static void try_client_id(const char *text)
{
    enum platform platform;
    const enum client_id_kind kind = client_id_parse(text, "bob", &platform);
    HOLDS(kind == CLIENT_ID_OWN || platform == PLATFORM_OTHER);
    HOLDS(kind != CLIENT_ID_OWN || strncmp(text, "bob", 3) == 0);
    HOLDS(kind != CLIENT_ID_NAMED || !strchr(text, ':'));
    HOLDS(kind == CLIENT_ID_FOREIGN || strlen(text) <= CLIENT_ID_MAX);
    (void)client_id_assigned(text);
    HOLDS(platform_name(platform_parse(text, strlen(text))));
}

static void try_group_id(char *text)
{
    char foreign[GROUP_ID_MAX + 3];
    group_id_translate(text);
    if (!group_id_valid(text, strlen(text)))
        return;
    char *ours = strdup(text);
    HOLDS(ours);
    group_id_print_foreign(foreign, ours);
    group_id_translate(foreign);
    HOLDS(strcmp(foreign, ours) == 0);
    free(ours);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_text(data, size);
    try_topic(text);
    try_filter(text);
    try_shared(text);
    try_client_id(text);
    try_group_id(text);
    free(text);
    return 0;
}
