/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "gate/hook/hook_config.h"

#include <string.h>

#define BLANKS           " "
#define IN_HOOKS(member) offsetof(struct hook_config, member)

const struct conf_option hook_options[] = {
    {"url", CONF_TEXT, IN_HOOKS(url), 0, NULL, 0, 0},
    {"token_file", CONF_FILE, IN_HOOKS(token_file), 0, NULL, 0, 0},
    {"secret_file", CONF_FILE, IN_HOOKS(secret_file), 0, NULL, 0, 0},
    {"ca_file", CONF_FILE, IN_HOOKS(ca_file), 0, NULL, 0, 0},
    {"command", CONF_WORDS, IN_HOOKS(commands), 0, NULL, 0, 0},
    {"timeout_seconds", CONF_NUMBER, IN_HOOKS(timeout_seconds), 0, "2", 1, 29},
    {"before_default", CONF_TEXT, IN_HOOKS(before_default), 0, "pass", 0, 0},
    {"retry", CONF_NUMBER, IN_HOOKS(retry), 0, "0", 0, 100},
    {"allow_http", CONF_TEXT, IN_HOOKS(allow_http), 0, "no", 0, 0},
    {NULL, CONF_TEXT, 0, 0, NULL, 0, 0},
};

static bool is_one_of(const char *text, const char *first, const char *second)
{
    return strcmp(text, first) == 0 || strcmp(text, second) == 0;
}

static bool url_is_fit(const struct hook_config *config)
{
    const char *secure = "https://", *plain = "http://", *url = config->url;
    const bool allowed = strcmp(config->allow_http, "yes") == 0;
    return strncmp(url, secure, strlen(secure)) == 0 || (allowed && strncmp(url, plain, strlen(plain)) == 0);
}

/* Steps over the next word of the list; 0: there is none. */
static size_t next_word(const char **at)
{
    *at += strspn(*at, BLANKS);
    return strcspn(*at, BLANKS);
}

static bool names_are_known(const char *list)
{
    size_t len;
    for (const char *at = list; at && (len = next_word(&at)) > 0; at += len)
        if (callback_named(at, len) == CALLBACK_COUNT)
            return false;
    return true;
}

const char *hook_config_fault(const struct hook_config *config)
{
    if (!is_one_of(config->allow_http, "yes", "no"))
        return "allow_http: must be yes or no";
    if (!is_one_of(config->before_default, "pass", "refuse"))
        return "before_default: must be pass or refuse";
    if (config->url && !url_is_fit(config))
        return "url: must begin with https:// (or http://, where allow_http is yes)";
    if (config->url && strchr(config->url, '#'))
        return "url: must not have a #";
    return names_are_known(config->commands) ? NULL : "command: there is no such callback";
}

bool hook_config_has(const struct hook_config *config, enum callback callback)
{
    size_t len;
    if (!config->url)
        return false;
    for (const char *at = config->commands; at && (len = next_word(&at)) > 0; at += len)
        if (callback_named(at, len) == callback)
            return true;
    return !config->commands;
}

static bool has_any(const struct hook_config *config, bool decides)
{
    for (int i = 0; i < CALLBACK_COUNT; i++)
        if (callback_decides((enum callback)i) == decides && hook_config_has(config, (enum callback)i))
            return true;
    return false;
}

bool hook_config_has_before(const struct hook_config *config)
{
    return has_any(config, true);
}

bool hook_config_has_after(const struct hook_config *config)
{
    return has_any(config, false);
}
