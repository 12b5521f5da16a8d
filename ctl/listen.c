/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* chatctl listen: what comes for a user, or everything that happens, a line each, until it is ended. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ctl/command.h"
#include "ctl/complain.h"
#include "ctl/connection.h"
#include "ctl/ending.h"
#include "lib/basics.h"
#include "lib/clock.h"
#include "lib/json.h"
#include "lib/say.h"

#define TURN_MS   200
#define TOPIC_MAX 200
#define WEEK      604800 /* seconds */

struct listening {
    bool as_json, was_up;
    struct link *link;
};

/* Words */

static const cJSON *member(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

static const char *text_of(const cJSON *object, const char *name)
{
    const char *text = cJSON_GetStringValue(member(object, name));
    return text ? text : "";
}

/* As a person reads it; what is neither text nor number as JSON. Safe for a terminal. */
static void put_value(const cJSON *item)
{
    char *text = cJSON_IsString(item) ? strdup(item->valuestring) : cJSON_PrintUnformatted(item);
    if (text)
        say_safely(text);
    fputs(text ? text : "?", stdout);
    free(text); /* cJSON's is malloc'ed, too */
}

static void put_members(const cJSON *object)
{
    const cJSON *item;
    cJSON_ArrayForEach (item, object) {
        printf(" %s=", item->string);
        put_value(item);
    }
}

/* What of a content tells most, beside its kind. */
static const struct {
    const char *content, *first, *second;
} contents[] = {
    {"text", NULL, NULL},        {"image", "url", NULL},     {"sound", "seconds", "url"},
    {"video", "seconds", "url"}, {"file", "name", "url"},    {"face", "index", NULL},
    {"location", "desc", NULL},  {"custom", "data", "desc"}, {"merger", "title", NULL},
};

static void put_of(const cJSON *content, const char *name)
{
    const cJSON *item = name ? member(content, name) : NULL;
    if (item)
        putchar(' '), put_value(item);
}

static bool put_content(const cJSON *message)
{
    bool some = false;
    const cJSON *element;
    for (size_t i = 0; i < COUNT(contents); i++) {
        const cJSON *content = member(message, contents[i].content);
        if (!content)
            continue;
        some = true;
        putchar(' ');
        if (cJSON_IsString(content)) {
            put_value(content);
            continue;
        }
        printf("[%s", contents[i].content);
        put_of(content, contents[i].first);
        put_of(content, contents[i].second);
        putchar(']');
    }
    cJSON_ArrayForEach (element, member(message, "elements"))
        some = put_content(element) || some;
    return some;
}

/* What the server has to say of a conversation. */
static void put_rest(const cJSON *message)
{
    static const char *const kinds[] = {"tips", "notice", "recall", "edit", "purge"};
    for (size_t i = 0; i < COUNT(kinds); i++)
        if (member(message, kinds[i])) {
            printf(" * %s", kinds[i]);
            put_members(member(message, kinds[i]));
        }
    if (cJSON_IsTrue(member(message, "recalled")))
        fputs(" * recalled", stdout);
}

static void put_time(const cJSON *object)
{
    char text[32] = "--:--:--";
    const cJSON *ms = member(object, "time");
    time_t seconds = cJSON_IsNumber(ms) ? (time_t)(json_number(ms, 0) / 1000) : time(NULL);
    struct tm local;
    if (localtime_r(&seconds, &local))
        strftime(text, sizeof text, "%H:%M:%S", &local);
    fputs(text, stdout);
}

static void put_message(const cJSON *message)
{
    const bool to_group = member(message, "group");
    put_time(message);
    putchar(' ');
    put_value(member(message, "sender"));
    fputs(to_group ? " -> group:" : " -> ", stdout);
    put_value(member(message, to_group ? "group" : "to"));
    if (!put_content(message))
        put_rest(message);
    putchar('\n');
}

/* An event, or an item of chat/feed that is no message: its kind, and what else is in it. */
static void put_happening(cJSON *object, const char *kind)
{
    put_time(object);
    fputs(" * ", stdout);
    put_value(member(object, kind));
    cJSON_DeleteItemFromObjectCaseSensitive(object, kind);
    cJSON_DeleteItemFromObjectCaseSensitive(object, "time");
    put_members(object);
    putchar('\n');
}

static void put_item(cJSON *tree)
{
    if (strcmp(text_of(tree, "feed"), "message") == 0)
        put_message(member(tree, "message"));
    else if (member(tree, "feed"))
        put_happening(tree, "feed");
    else if (member(tree, "event"))
        put_happening(tree, "event");
    else
        put_message(tree);
}

static void on_message(void *context, const char *topic, const char *payload, size_t len)
{
    const struct listening *listening = context;
    cJSON *tree = listening->as_json ? NULL : json_read(payload, len);
    (void)topic;
    if (tree)
        put_item(tree);
    else
        printf("%.*s\n", (int)len, payload);
    fflush(stdout);
    cJSON_Delete(tree);
}

/* The connection */

/* Once it has been there it comes again by itself. Who reads no more what is printed has ended it. */
static int listen_until_ended(struct listening *listening, const struct link_config *config)
{
    while (!ending_asked() && !ferror(stdout)) {
        struct pollfd fd;
        link_tick(listening->link, clock_steady());
        listening->was_up = listening->was_up || link_up(listening->link);
        if (!listening->was_up && *link_fault(listening->link))
            return complain_of_broker(config, link_fault(listening->link), "");
        bool some = link_wants(listening->link, &fd);
        if (poll(&fd, some ? 1 : 0, link_pause(listening->link, TURN_MS)) > 0)
            link_serve(listening->link, &fd);
    }
    return finish_output();
}

static int listen_to(const char *topic, const struct link_config *config, bool as_json)
{
    static const char leave[] = "{\"commands\":[{\"command\":\"logout\"}]}";
    const char *const topics[] = {topic, NULL};
    struct listening listening = {.as_json = as_json};
    const struct link_handlers handlers = {.context = &listening, .message = on_message};
    char error[400];
    listening.link = link_open(config, topics, &handlers, error, sizeof error);
    if (!listening.link)
        return complain("%s", error);
    ending_begin();
    int result = listen_until_ended(&listening, config);
    (void)link_command(listening.link, leave, strlen(leave)); /* so that it is in no list of devices */
    link_close(listening.link);
    ending_end();
    return result;
}

static int listen_as(struct call_options *options)
{
    struct link_config config = {0};
    char topic[TOPIC_MAX];
    const char *user = options->word_count > 0 ? options->words[0] : NULL;
    if (options->word_count > 1 || options->value[OPTION_AS])
        return complain_usage("listen: takes a USER, or nobody: then everything is told");
    options->sig_seconds = WEEK;
    if (user)
        options->value[OPTION_USER] = user;
    int result = options_connection(options, &config);
    if (result == EXIT_DONE) {
        snprintf(topic, sizeof topic, user ? "chat/user/%s/#" : "chat/feed", user);
        result = listen_to(topic, &config, options->value[OPTION_JSON] != NULL);
    }
    connection_clear(&config);
    return result;
}

int command_listen(int argc, char **argv)
{
    return options_run(argc, argv, listen_as);
}
