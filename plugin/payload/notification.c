/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/payload/notification.h"

#include <stdlib.h>
#include <string.h>

#include "lib/basics.h"
#include "lib/json.h"
#include "lib/text.h"

#define BODY_CHARACTERS_MAX 100

static const struct {
    const char *member, *word;
} words[] = {
    {"image", "[Image]"}, {"sound", "[Voice]"},  {"video", "[Video]"},
    {"file", "[File]"},   {"face", "[Sticker]"}, {"location", "[Location]"},
};

static const char *find_word(const cJSON *message)
{
    for (size_t i = 0; i < COUNT(words); i++)
        if (cJSON_GetObjectItemCaseSensitive(message, words[i].member))
            return words[i].word;
    return "[Message]";
}

static const char *string_member(const cJSON *object, const char *name)
{
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
}

static const char *find_body(const cJSON *message)
{
    const char *text = string_member(message, "text");
    if (!text) /* a notice may have a text of its own */
        text = string_member(cJSON_GetObjectItemCaseSensitive(message, "notice"), "text");
    return text ? text : find_word(message);
}

/* Those of all elements, without a blank in between. */
static char *join_bodies(const cJSON *elements)
{
    const cJSON *element;
    size_t len = 0;
    cJSON_ArrayForEach (element, elements)
        len += strlen(find_body(element));
    char *body = malloc(len + 1), *end = body;
    if (!body)
        return NULL;
    *end = '\0';
    cJSON_ArrayForEach (element, elements)
        end = stpcpy(end, find_body(element));
    body[text_fit_characters(body, BODY_CHARACTERS_MAX)] = '\0';
    return body;
}

static char *make_body(const cJSON *message)
{
    const cJSON *elements = cJSON_GetObjectItemCaseSensitive(message, "elements");
    if (cJSON_IsArray(elements))
        return join_bodies(elements);
    const char *body = find_body(message);
    return strndup(body, text_fit_characters(body, BODY_CHARACTERS_MAX));
}

/* A string of `push` takes the place of *field; an empty one counts as absent. */
static bool override(char **field, const cJSON *push, const char *name)
{
    const char *text = string_member(push, name);
    if (!text || !*text)
        return true;
    free(*field);
    *field = strdup(text);
    return *field != NULL;
}

static bool fill(struct notification *out, const cJSON *message)
{
    const cJSON *push = cJSON_GetObjectItemCaseSensitive(message, "push");
    out->body = make_body(message);
    out->badge = !cJSON_IsFalse(cJSON_GetObjectItemCaseSensitive(push, "badge"));
    return out->body && override(&out->title, push, "title") && override(&out->body, push, "body") &&
           override(&out->ext, push, "ext") && override(&out->sound, push, "sound");
}

static cJSON *read_body(const char *body, size_t body_len)
{
    char *text = malloc(body_len + 1);
    if (!text)
        return NULL;
    text[0] = '{';
    memcpy(text + 1, body, body_len);
    cJSON *message = json_read(text, body_len + 1);
    free(text);
    return message;
}

int notification_read(struct notification *out, const char *body, size_t body_len)
{
    *out = (struct notification){0};
    cJSON *message = read_body(body, body_len);
    bool good = message && fill(out, message);
    cJSON_Delete(message);
    if (!good)
        notification_clear(out);
    return good ? 0 : -1;
}

void notification_clear(struct notification *notification)
{
    free(notification->title);
    free(notification->body);
    free(notification->ext);
    free(notification->sound);
    *notification = (struct notification){0};
}
