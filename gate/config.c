/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "gate/config.h"

#include <string.h>

#include "lib/basics.h"

#define IN_HTTP(member)  offsetof(struct server_config, member)
#define IN_REST(member)  offsetof(struct rest_config, member)
#define IN_FILES(member) offsetof(struct files_config, member)

static const struct conf_option http_options[] = {
    {"address", CONF_TEXT, IN_HTTP(address), CONF_AT_START, "127.0.0.1", 0, 0},
    {"port", CONF_NUMBER, IN_HTTP(port), CONF_AT_START, "8080", 1, 65535},
    {"max_connections", CONF_NUMBER, IN_HTTP(max_connections), CONF_AT_START, "12000", 1, 1000000},
    {"timeout_seconds", CONF_NUMBER, IN_HTTP(timeout_seconds), 0, "30", 1, 3600},
    {"max_upload_bytes", CONF_NUMBER, IN_HTTP(max_upload_bytes), 0, "104857600", 1024, 1073741824},
    {"max_uploads", CONF_NUMBER, IN_HTTP(max_uploads), 0, "16", 1, 1000},
    {"trust_proxy", CONF_TEXT, IN_HTTP(trust_proxy), 0, NULL, 0, 0},
    {"allow_origin", CONF_TEXT, IN_HTTP(allow_origin), 0, NULL, 0, 0},
    {"temp_dir", CONF_TEXT, IN_HTTP(temp_dir), 0, NULL, 0, 0},
    {NULL, CONF_TEXT, 0, 0, NULL, 0, 0},
};

static const struct conf_option rest_options[] = {
    {"admins", CONF_TEXT, IN_REST(admins), 0, NULL, 0, 0},
    {"rate", CONF_NUMBER, IN_REST(rate), 0, "200", 0, 1000000},
    {NULL, CONF_TEXT, 0, 0, NULL, 0, 0},
};

static const struct conf_option files_options[] = {
    {"media_dir", CONF_TEXT, IN_FILES(media_dir), 0, NULL, 0, 0},
    {"web_dir", CONF_TEXT, IN_FILES(web_dir), 0, NULL, 0, 0},
    {"web_broker", CONF_TEXT, IN_FILES(web_broker), 0, NULL, 0, 0},
    {NULL, CONF_TEXT, 0, 0, NULL, 0, 0},
};

static const struct {
    const char *name;
    const struct conf_option *options;
    size_t offset;
} sections[] = {
    {"broker", link_options, offsetof(struct gate_config, broker)},
    {"http", http_options, offsetof(struct gate_config, http)},
    {"rest", rest_options, offsetof(struct gate_config, rest)},
    {"files", files_options, offsetof(struct gate_config, files)},
    {"callback", hook_options, offsetof(struct gate_config, hooks)},
};

static void *object_of(struct gate_config *config, size_t i)
{
    return (char *)config + sections[i].offset;
}

static int find(struct conf *conf, const char *section, struct conf_section *out)
{
    for (size_t i = 0; i < COUNT(sections); i++) {
        if (strcmp(sections[i].name, section) != 0)
            continue;
        *out = (struct conf_section){sections[i].options, object_of(conf->context, i)};
        return 0;
    }
    return conf_refuse(conf, "[%s]: a section is [broker], [http], [rest], [files] or [callback]", section);
}

static int read_sections(struct gate_config *config, const char *path)
{
    if (conf_read(&config->conf, path))
        return -1;
    for (size_t i = 0; i < COUNT(sections); i++)
        if (conf_complete(&config->conf, sections[i].name, sections[i].options, object_of(config, i)))
            return -1;
    const char *fault = link_config_fault(&config->broker);
    if (fault)
        return conf_refuse(&config->conf, "[broker] %s", fault);
    fault = server_config_fault(&config->http);
    if (fault)
        return conf_refuse(&config->conf, "[http] %s", fault);
    fault = hook_config_fault(&config->hooks);
    return fault ? conf_refuse(&config->conf, "[callback] %s", fault) : 0;
}

int gate_config_read(struct gate_config *config, const char *path)
{
    *config = (struct gate_config){.conf = {.find = find, .context = config}};
    for (size_t i = 0; i < COUNT(sections); i++)
        conf_init(sections[i].options, object_of(config, i));
    if (read_sections(config, path) == 0)
        return 0;
    conf_locate(path, config->conf.error, sizeof config->conf.error);
    return -1;
}

int gate_config_carry(const struct gate_config *before, struct gate_config *after, FILE *report)
{
    int result = 0;
    for (size_t i = 0; i < COUNT(sections); i++)
        result |= conf_carry(sections[i].name, sections[i].options, (const char *)before + sections[i].offset,
                             object_of(after, i), report);
    return result;
}

void gate_config_clear(struct gate_config *config)
{
    for (size_t i = 0; i < COUNT(sections); i++)
        conf_clear(sections[i].options, object_of(config, i));
}
