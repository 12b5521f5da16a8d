/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/payload/payload.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "acl/code.h"
#include "lib/basics.h"
#include "lib/json.h"
#include "lib/json_quote.h"
#include "lib/json_text.h"
#include "lib/utf8.h"
#include "plugin/payload/payload_flat.h"

/* Of a payload that is too long only so much is read, to find its `random`. */
#define PEEK_MAX             ((size_t)1048576)
#define REASON_ELEMENT_BYTES 100

/* Where the sentence for the sender goes. */
struct report {
    char *text;
    size_t size;
};

__attribute__((format(printf, 3, 4))) static int refuse(const struct report *report, int code,
                                                        const char *format, ...)
{
    va_list args;
    va_start(args, format);
    if (report->size)
        vsnprintf(report->text, report->size, format, args);
    va_end(args);
    return code;
}

/* Members by name; one that is not listed is carried along unseen. A row without name ends a table. */
struct field {
    const char *name;
    enum payload_kind kind;
    const struct field *fields; /* of an OBJECT */
};

static const struct field thumb_fields[] = {{"url", KIND_STRING, NULL},
                                            {"width", KIND_WHOLE, NULL},
                                            {"height", KIND_WHOLE, NULL},
                                            {"size", KIND_WHOLE, NULL},
                                            {0}};

static const struct field image_fields[] = {
    {"url", KIND_STRING, NULL},   {"data", KIND_BASE64, NULL},          {"width", KIND_WHOLE, NULL},
    {"height", KIND_WHOLE, NULL}, {"size", KIND_WHOLE, NULL},           {"format", KIND_LABEL, NULL},
    {"uuid", KIND_STRING, NULL},  {"thumb", KIND_OBJECT, thumb_fields}, {0}};

static const struct field sound_fields[] = {{"url", KIND_STRING, NULL},     {"data", KIND_BASE64, NULL},
                                            {"seconds", KIND_AMOUNT, NULL}, {"size", KIND_WHOLE, NULL},
                                            {"uuid", KIND_STRING, NULL},    {0}};

static const struct field video_fields[] = {{"url", KIND_STRING, NULL},           {"data", KIND_BASE64, NULL},
                                            {"seconds", KIND_AMOUNT, NULL},       {"size", KIND_WHOLE, NULL},
                                            {"format", KIND_LABEL, NULL},         {"uuid", KIND_STRING, NULL},
                                            {"thumb", KIND_OBJECT, thumb_fields}, {0}};

static const struct field file_fields[] = {{"url", KIND_STRING, NULL},  {"data", KIND_BASE64, NULL},
                                           {"name", KIND_STRING, NULL}, {"size", KIND_WHOLE, NULL},
                                           {"uuid", KIND_STRING, NULL}, {0}};

static const struct field face_fields[] = {{"index", KIND_WHOLE, NULL}, {"data", KIND_STRING, NULL}, {0}};

static const struct field location_fields[] = {
    {"desc", KIND_STRING, NULL}, {"latitude", KIND_NUMBER, NULL}, {"longitude", KIND_NUMBER, NULL}, {0}};

static const struct field custom_fields[] = {{"data", KIND_STRING, NULL},
                                             {"desc", KIND_STRING, NULL},
                                             {"ext", KIND_STRING, NULL},
                                             {"sound", KIND_STRING, NULL},
                                             {0}};

static const struct field merger_fields[] = {
    {"title", KIND_STRING, NULL}, {"abstracts", KIND_STRINGS, NULL}, {"messages", KIND_OBJECTS, NULL}, {0}};

static const struct field push_fields[] = {{"title", KIND_STRING, NULL},
                                           {"body", KIND_STRING, NULL},
                                           {"ext", KIND_STRING, NULL},
                                           {"sound", KIND_STRING, NULL},
                                           {"badge", KIND_BOOL, NULL},
                                           {"disabled", KIND_BOOL, NULL},
                                           {0}};

/* The outermost object: contents at their number in enum content, then the options. */
enum {
    TOP_RANDOM = CONTENT_ELEMENTS + 1,
    TOP_ONLINE_ONLY,
    TOP_PRIORITY,
    TOP_AT,
    TOP_PUSH,
    TOP_NO_UNREAD,
    TOP_CLOUD,
    TOP_COUNT
};

static const struct field top_fields[TOP_COUNT] = {
    [CONTENT_NONE] = {"", KIND_STRING, NULL},
    [CONTENT_TEXT] = {"text", KIND_STRING, NULL},
    [CONTENT_IMAGE] = {"image", KIND_OBJECT, image_fields},
    [CONTENT_SOUND] = {"sound", KIND_OBJECT, sound_fields},
    [CONTENT_VIDEO] = {"video", KIND_OBJECT, video_fields},
    [CONTENT_FILE] = {"file", KIND_OBJECT, file_fields},
    [CONTENT_FACE] = {"face", KIND_OBJECT, face_fields},
    [CONTENT_LOCATION] = {"location", KIND_OBJECT, location_fields},
    [CONTENT_CUSTOM] = {"custom", KIND_OBJECT, custom_fields},
    [CONTENT_MERGER] = {"merger", KIND_OBJECT, merger_fields},
    [CONTENT_ELEMENTS] = {"elements", KIND_OBJECTS, NULL},
    [TOP_RANDOM] = {"random", KIND_RANDOM, NULL},
    [TOP_ONLINE_ONLY] = {"onlineOnly", KIND_BOOL, NULL},
    [TOP_PRIORITY] = {"priority", KIND_PRIORITY, NULL},
    [TOP_AT] = {"at", KIND_AT, NULL},
    [TOP_PUSH] = {"push", KIND_OBJECT, push_fields},
    [TOP_NO_UNREAD] = {"noUnread", KIND_BOOL, NULL},
    [TOP_CLOUD] = {"cloudCustomData", KIND_STRING, NULL},
};

/* What only the server's stamp may say. */
static const char *const reserved[] = {"id",     "seq",    "sender",   "to",   "group",  "time", "tips",
                                       "notice", "recall", "recalled", "edit", "edited", "purge"};

/* strcmp behind a look at the first byte: a payload can have 100,000 names. */
static bool same(const char *a, const char *b)
{
    return a[0] == b[0] && strcmp(a, b) == 0;
}

static bool is_reserved(const char *name)
{
    for (size_t i = 0; i < COUNT(reserved); i++)
        if (same(name, reserved[i]))
            return true;
    return false;
}

/* Number in top_fields, 0 for a member that is not known. */
static size_t top_find(const char *name)
{
    size_t i = TOP_COUNT - 1;
    while (i > 0 && !same(name, top_fields[i].name))
        i--;
    return i;
}

/* Does a name at the top level mean anything to the server? */
static bool is_known(const char *name, size_t len)
{
    for (size_t i = 1; i < TOP_COUNT; i++)
        if (top_fields[i].name[0] == name[0] && strlen(top_fields[i].name) == len &&
            memcmp(top_fields[i].name, name, len) == 0)
            return true;
    for (size_t i = 0; i < COUNT(reserved); i++)
        if (reserved[i][0] == name[0] && strlen(reserved[i]) == len && memcmp(reserved[i], name, len) == 0)
            return true;
    return len == 0;
}

static const struct field *field_find(const struct field *fields, const char *name)
{
    while (fields->name && !same(name, fields->name))
        fields++;
    return fields->name ? fields : NULL;
}

static int check_fields(const struct field *fields, const cJSON *object, const char *parent,
                        const struct report *report)
{
    for (const cJSON *child = object->child; child; child = child->next) {
        const struct field *field = field_find(fields, child->string);
        if (!field)
            continue;
        if (!kind_fits(field->kind, child)) {
            return refuse(report, CODE_BAD_MESSAGE, "%s.%s must be %s", parent, field->name,
                          kind_words(field->kind));
        }
        if (field->fields && check_fields(field->fields, child, field->name, report) != 0)
            return CODE_BAD_MESSAGE;
    }
    return 0;
}

/* Sorts the members of the outermost object into `top`, by their number in top_fields. */
static int collect(const cJSON *root, const cJSON *top[TOP_COUNT], const struct report *report)
{
    for (const cJSON *child = root->child; child; child = child->next) {
        if (is_reserved(child->string))
            return refuse(report, CODE_RESERVED_MEMBER, "%s is set by the server", child->string);
        top[top_find(child->string)] = child;
    }
    return 0;
}

static int check_types(const cJSON *const top[TOP_COUNT], const struct report *report)
{
    for (size_t i = 1; i < TOP_COUNT; i++) {
        const struct field *field = &top_fields[i];
        if (!top[i])
            continue;
        if (!kind_fits(field->kind, top[i]))
            return refuse(report, CODE_BAD_MESSAGE, "%s must be %s", field->name, kind_words(field->kind));
        if (field->fields && check_fields(field->fields, top[i], field->name, report) != 0)
            return CODE_BAD_MESSAGE;
    }
    return 0;
}

static bool is_media(enum content content)
{
    return content >= CONTENT_IMAGE && content <= CONTENT_FILE;
}

static bool has_source(const cJSON *media)
{
    const cJSON *url = cJSON_GetObjectItemCaseSensitive(media, "url");
    return (url && url->valuestring[0]) || cJSON_GetObjectItemCaseSensitive(media, "data");
}

static int find_content(enum content *out, const cJSON *const top[TOP_COUNT], const struct report *report)
{
    *out = CONTENT_NONE;
    for (int i = CONTENT_TEXT; i <= CONTENT_ELEMENTS; i++) {
        if (top[i] && *out != CONTENT_NONE) {
            return refuse(report, CODE_BAD_MESSAGE, "%s and %s: only one content member is allowed",
                          top_fields[*out].name, top_fields[i].name);
        }
        if (top[i])
            *out = (enum content)i;
    }
    if (*out == CONTENT_NONE)
        return refuse(report, CODE_BAD_MESSAGE, "no content member (text, image, ...)");
    if (is_media(*out) && !has_source(top[*out]))
        return refuse(report, CODE_BAD_MESSAGE, "%s needs url or data", top_fields[*out].name);
    return 0;
}

/* What beside its content is in an element means nothing there. */
static int check_element(const cJSON *element, const struct report *report)
{
    const cJSON *top[TOP_COUNT] = {NULL};
    enum content content;
    for (const cJSON *child = element->child; child; child = child->next) {
        size_t i = top_find(child->string);
        top[i <= CONTENT_ELEMENTS ? i : CONTENT_NONE] = child;
    }
    top[CONTENT_NONE] = NULL;
    if (top[CONTENT_MERGER] || top[CONTENT_ELEMENTS])
        return refuse(report, CODE_BAD_MESSAGE, "neither merger nor elements are allowed in it");
    int code = check_types(top, report);
    return code == 0 ? find_content(&content, top, report) : code;
}

static int check_elements(const cJSON *elements, const struct report *report)
{
    int count = cJSON_GetArraySize(elements), number = 0;
    if (count < ELEMENTS_MIN || count > ELEMENTS_MAX)
        return refuse(report, CODE_BAD_MESSAGE, "elements must be %d to %d objects", ELEMENTS_MIN,
                      ELEMENTS_MAX);
    for (const cJSON *element = elements->child; element; element = element->next, number++) {
        char text[REASON_ELEMENT_BYTES];
        const struct report inner = {text, sizeof text};
        int code = check_element(element, &inner);
        if (code != 0)
            return refuse(report, code, "elements[%d]: %s", number, text);
    }
    return 0;
}

static int read_content(struct payload *out, const cJSON *const top[TOP_COUNT], const struct report *report)
{
    int code = find_content(&out->content, top, report);
    return code == 0 && out->content == CONTENT_ELEMENTS ? check_elements(top[CONTENT_ELEMENTS], report)
                                                         : code;
}

static int check_at(const cJSON *at, const struct report *report)
{
    if (cJSON_GetArraySize(at) > AT_MAX)
        return refuse(report, CODE_TOO_MANY_AT, "at has more than %d users", AT_MAX);
    for (const cJSON *child = at->child; child; child = child->next) {
        const char *user = cJSON_IsString(child) ? child->valuestring : "";
        if (!user_id_valid(user, strlen(user)))
            return refuse(report, CODE_BAD_MESSAGE, "at must be %s", kind_words(KIND_AT));
    }
    return 0;
}

static void add_at(struct payload *out, const char *user)
{
    for (size_t i = 0; i < out->at_count; i++)
        if (strcmp(out->at[i], user) == 0)
            return;
    strcpy(out->at[out->at_count++], user);
}

static int read_at(struct payload *out, const cJSON *at, const struct report *report)
{
    if (!cJSON_IsArray(at)) {
        out->at_all = at != NULL;
        return 0;
    }
    int code = check_at(at, report);
    if (code != 0 || !at->child)
        return code;
    out->at = malloc(AT_MAX * sizeof *out->at);
    if (!out->at)
        return refuse(report, CODE_BUSY, "out of memory");
    for (const cJSON *child = at->child; child; child = child->next)
        add_at(out, child->valuestring);
    return 0;
}

static void read_options(struct payload *out, const cJSON *const top[TOP_COUNT])
{
    if (top[TOP_PRIORITY])
        out->priority = (enum priority)kind_priority(top[TOP_PRIORITY]);
    out->online_only = cJSON_IsTrue(top[TOP_ONLINE_ONLY]);
    out->no_unread = cJSON_IsTrue(top[TOP_NO_UNREAD]);
    out->push_disabled = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(top[TOP_PUSH], "disabled"));
}

static int read_message(struct payload *out, const cJSON *root, const struct report *report)
{
    const cJSON *top[TOP_COUNT] = {NULL};
    int code = collect(root, top, report);
    if (code == 0)
        code = check_types(top, report);
    if (code == 0 && top[TOP_RANDOM] && !out->random)
        code = refuse(report, CODE_BAD_MESSAGE, "random must be %s", kind_words(KIND_RANDOM));
    if (code == 0)
        code = read_content(out, top, report);
    if (code == 0)
        code = read_at(out, top[TOP_AT], report);
    if (code == 0)
        read_options(out, top);
    return code;
}

/* Only digits count: a double can tell neither 5 from 5.0 nor 2^53 from 2^53+1. 0: not a valid one. */
static int64_t read_random(const struct json_facts *facts)
{
    if (facts->watched_count != 1 || facts->watched_len > 16)
        return 0;
    int64_t value = 0;
    for (size_t i = 0; i < facts->watched_len; i++) {
        int digit = facts->watched[i] - '0';
        if (digit < 0 || digit > 9)
            return 0;
        value = value * 10 + digit;
    }
    return value <= SAFE_INTEGER_MAX ? value : 0;
}

/* The name goes into a log and an event: only when it is harmless there. */
static int refuse_twice(const struct report *report, const char *name)
{
    if (!name)
        return refuse(report, CODE_BUSY, "out of memory");
    size_t harmless = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-");
    if (name[harmless] || harmless > 40)
        return refuse(report, CODE_BAD_MESSAGE, "a member is there twice");
    return refuse(report, CODE_BAD_MESSAGE, "the member %s is there twice", name);
}

static int read_tree(struct payload *out, const char *text, size_t len, const struct json_facts *facts,
                     const struct report *report)
{
    cJSON *root = json_parse(text, len, facts);
    if (!root)
        return refuse(report, CODE_BUSY, "out of memory");
    const char *twice;
    int code = json_unique(root, &twice) ? read_message(out, root, report) : refuse_twice(report, twice);
    cJSON_Delete(root);
    return code;
}

/* Position of the '{' of a JSON object, `len` when the payload is plain text. */
static size_t find_brace(const char *text, size_t len)
{
    size_t i = 0;
    while (i < len && json_is_space(text[i]))
        i++;
    return i < len && text[i] == '{' ? i : len;
}

static void set_body(struct payload *out, const char *text, size_t len, size_t brace)
{
    while (json_is_space(text[len - 1]))
        len--;
    out->body = text + brace + 1;
    out->body_len = len - brace - 1;
}

static bool read_flat(struct payload *out, const struct json_facts *facts)
{
    bool has_random;
    if (!payload_is_flat_text(facts, is_known, &has_random) || (has_random && out->random == 0))
        return false;
    out->content = CONTENT_TEXT;
    return true;
}

static int read_object(struct payload *out, const char *text, size_t len, size_t brace, size_t max_bytes,
                       const struct report *report)
{
    struct json_facts facts = {.watch = "random"};
    bool too_long = len > max_bytes;
    bool strict = json_scan(text, too_long && len > PEEK_MAX ? PEEK_MAX : len, &facts);
    out->random = read_random(&facts);
    if (too_long)
        return refuse(report, CODE_TOO_LONG, "more than %zu bytes", max_bytes);
    if (!strict)
        return refuse(report, CODE_BAD_MESSAGE, "not valid JSON");
    if (facts.nul_name)
        return refuse(report, CODE_BAD_MESSAGE, "a member's name has a NUL in it");
    int code = read_flat(out, &facts) ? 0 : read_tree(out, text, len, &facts, report);
    if (code == 0)
        set_body(out, text, len, brace);
    return code;
}

#define TEXT_MEMBER "\"text\":"

static int read_text(struct payload *out, const char *text, size_t len, size_t max_bytes,
                     const struct report *report)
{
    if (len > max_bytes)
        return refuse(report, CODE_TOO_LONG, "more than %zu bytes", max_bytes);
    if (!utf8_valid(text, len))
        return refuse(report, CODE_BAD_MESSAGE, "not valid UTF-8");
    if (memchr(text, '\0', len))
        return refuse(report, CODE_BAD_MESSAGE, "a NUL in a text");
    size_t prefix = strlen(TEXT_MEMBER), quoted = json_quoted_len(text, len);
    char *body = quoted ? malloc(prefix + quoted + 1) : NULL;
    if (!body)
        return refuse(report, CODE_BUSY, "out of memory");
    memcpy(body, TEXT_MEMBER, prefix);
    json_quote_write(body + prefix, quoted, text, len);
    body[prefix + quoted] = '}';
    out->content = CONTENT_TEXT;
    out->body = out->owned = body;
    out->body_len = prefix + quoted + 1;
    return 0;
}

int payload_parse(struct payload *out, const void *data, size_t len, size_t max_bytes, char *reason,
                  size_t reason_size)
{
    struct report report = {reason, reason_size};
    *out = (struct payload){.priority = PRIORITY_NORMAL};
    if (reason_size)
        reason[0] = '\0';
    if (len == 0)
        return refuse(&report, CODE_BAD_MESSAGE, "empty");
    const char *text = (const char *)data + json_mark_len(data, len);
    size_t left = len - (size_t)(text - (const char *)data), brace = find_brace(text, left);
    return brace < left ? read_object(out, text, left, brace, max_bytes, &report)
                        : read_text(out, data, len, max_bytes, &report);
}

const char *payload_mentions(const struct payload *payload, char out[MENTIONS_MAX])
{
    char *end = stpcpy(out, ",");
    if (payload->no_unread)
        return NULL;
    if (payload->at_all)
        return "@all";
    for (size_t i = 0; i < payload->at_count; i++)
        end = stpcpy(stpcpy(end, payload->at[i]), ",");
    return payload->at_count > 0 ? out : NULL;
}

void payload_clear(struct payload *payload)
{
    free(payload->owned);
    free(payload->at);
    *payload = (struct payload){0};
}
