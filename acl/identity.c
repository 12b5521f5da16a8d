/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "acl/identity.h"

#include <stdio.h>
#include <string.h>

#define PLATFORM_PART_MAX 32

static const char *const platform_names[] = {
    [PLATFORM_OTHER] = "other",     [PLATFORM_IOS] = "ios",         [PLATFORM_IPAD] = "ipad",
    [PLATFORM_ANDROID] = "android", [PLATFORM_WINDOWS] = "windows", [PLATFORM_MAC] = "mac",
    [PLATFORM_LINUX] = "linux",     [PLATFORM_WEB] = "web",         [PLATFORM_MINI] = "mini",
    [PLATFORM_IOT] = "iot",
};
#define PLATFORMS (sizeof platform_names / sizeof platform_names[0])

/* Not isalnum(): that follows the locale of the broker, and ids are the same everywhere. */
static bool is_word(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

static bool is_upper_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F');
}

/* Only word characters and those in `more`; memchr, because strchr would find the NUL too. */
static bool only_word_and(const char *text, size_t len, const char *more)
{
    for (size_t i = 0; i < len; i++)
        if (!is_word(text[i]) && !memchr(more, text[i], strlen(more)))
            return false;
    return true;
}

static bool id_valid(const char *text, size_t len, size_t max)
{
    return text && len >= 1 && len <= max && is_word(text[0]) && only_word_and(text, len, ".@-");
}

static bool part_valid(const char *text, size_t len, size_t max)
{
    return len >= 1 && len <= max && only_word_and(text, len, ".-");
}

bool user_id_valid(const char *text, size_t len)
{
    return id_valid(text, len, USER_ID_MAX);
}

bool group_id_valid(const char *text, size_t len)
{
    return id_valid(text, len, GROUP_ID_MAX);
}

static const char foreign_group[] = "@TGS#", own_group[] = "TGS-";

void group_id_translate(char *text)
{
    const size_t len = strlen(foreign_group);
    if (strncmp(text, foreign_group, len) != 0 || text[len] == '\0')
        return;
    memmove(text + strlen(own_group), text + len, strlen(text + len) + 1);
    memcpy(text, own_group, strlen(own_group));
}

void group_id_print_foreign(char out[GROUP_ID_MAX + 3], const char *id)
{
    const size_t len = strlen(own_group);
    const bool is_own = strncmp(id, own_group, len) == 0 && id[len] != '\0';
    snprintf(out, GROUP_ID_MAX + 3, "%s%s", is_own ? foreign_group : "", is_own ? id + len : id);
}

/* Not strncasecmp(), for the locale's sake. `name` is in lower case. */
static bool is_name(const char *name, const char *text, size_t len)
{
    if (strlen(name) != len)
        return false;
    for (size_t i = 0; i < len; i++)
        if (name[i] != (text[i] >= 'A' && text[i] <= 'Z' ? text[i] - 'A' + 'a' : text[i]))
            return false;
    return true;
}

enum platform platform_parse(const char *text, size_t len)
{
    for (size_t i = 0; text && i < PLATFORMS; i++)
        if (is_name(platform_names[i], text, len))
            return (enum platform)i;
    return PLATFORM_OTHER;
}

const char *platform_name(enum platform platform)
{
    return (size_t)platform < PLATFORMS ? platform_names[platform] : platform_names[PLATFORM_OTHER];
}

/* C0, DEL, and C1 as UTF-8 writes it (C2 80 .. C2 9F): such an id could forge a log line. */
static bool has_control(const char *text)
{
    const unsigned char *p = (const unsigned char *)text;
    for (; *p; p++)
        if (*p < 0x20 || *p == 0x7f || (*p == 0xc2 && p[1] >= 0x80 && p[1] <= 0x9f))
            return true;
    return false;
}

static bool id_sane(const char *client_id)
{
    return client_id[0] && strnlen(client_id, CLIENT_ID_MAX + 1) <= CLIENT_ID_MAX && !has_control(client_id);
}

/* What follows "user:" is a platform, or a platform, a colon and a device. */
static bool parts_valid(const char *parts, enum platform *platform)
{
    size_t len = strcspn(parts, ":");
    if (!part_valid(parts, len, PLATFORM_PART_MAX))
        return false;
    if (parts[len] && !part_valid(parts + len + 1, strlen(parts + len + 1), DEVICE_PART_MAX))
        return false;
    *platform = platform_parse(parts, len);
    return true;
}

enum client_id_kind client_id_parse(const char *client_id, const char *user, enum platform *platform)
{
    *platform = PLATFORM_OTHER;
    size_t len = user ? strlen(user) : 0;
    if (!client_id || !user_id_valid(user, len) || !id_sane(client_id))
        return CLIENT_ID_FOREIGN;
    if (strcmp(client_id, user) == 0)
        return CLIENT_ID_OWN;
    if (!strchr(client_id, ':'))
        return CLIENT_ID_NAMED;
    if (strncmp(client_id, user, len) != 0 || client_id[len] != ':')
        return CLIENT_ID_FOREIGN;
    return parts_valid(client_id + len + 1, platform) ? CLIENT_ID_OWN : CLIENT_ID_FOREIGN;
}

bool client_id_assigned(const char *client_id)
{
    static const char shape[] = "XXXXXXXX-XXXX-XXXX-XXXX-XXXXXXXXXXXX";
    size_t len = client_id ? strlen(client_id) : 0;
    if (len < sizeof shape - 1)
        return false;
    const char *uuid = client_id + len - (sizeof shape - 1);
    for (size_t i = 0; shape[i]; i++)
        if (shape[i] == '-' ? uuid[i] != '-' : !is_upper_hex(uuid[i]))
            return false;
    return true;
}
