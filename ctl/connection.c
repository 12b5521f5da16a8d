/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "ctl/connection.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "acl/identity.h"
#include "ctl/complain.h"
#include "ctl/config.h"
#include "lib/basics.h"
#include "lib/usersig.h"

#define SIG_SECONDS   600
#define DEFAULT_PORT  1883
#define TLS_PORT      8883
#define WAKE_EVERY_MS 25

/* As whom */

static int set_user(struct link_config *out, const char *user)
{
    if (!user)
        return complain_usage("as whom? -u USER is missing, and there is no plugin_opt_admins");
    if (!user_id_valid(user, strlen(user)))
        return complain_usage("-u: \"%s\" is not a userID", user);
    out->user = strdup(user);
    return out->user ? EXIT_DONE : complain("out of memory");
}

static int set_user_sig(struct link_config *out, char *user_sig_take)
{
    out->user_sig = user_sig_take;
    return user_sig_take ? EXIT_DONE : complain("out of memory");
}

/* From keys, and who else is named where they are. */
static int make_user_sig(const struct call_options *options, struct link_config *out)
{
    struct ctl_config config;
    const struct config_source source = {options->value[OPTION_CONFIG], options->value[OPTION_KEY_FILE],
                                         options->value[OPTION_SDKAPPID]};
    const char *user = options->value[OPTION_USER];
    int result = config_load(&config, &source);
    if (result == EXIT_DONE)
        result = set_user(out, user ? user : config.admin);
    if (result == EXIT_DONE)
        result = set_user_sig(out, usersig_mint(out->user, config.sdkappid, time(NULL),
                                                options->sig_seconds > 0 ? options->sig_seconds : SIG_SECONDS,
                                                NULL, 0, &config.keys));
    if (result == EXIT_DONE && config.port > 0 && !options->value[OPTION_HOST])
        out->port = config.port;
    config_clear(&config);
    return result;
}

static int set_identity(const struct call_options *options, struct link_config *out)
{
    const char *user_sig = options->value[OPTION_PASSWORD];
    if (!user_sig)
        return make_user_sig(options, out);
    int result = set_user(out, options->value[OPTION_USER]);
    return result == EXIT_DONE ? set_user_sig(out, strdup(user_sig)) : result;
}

/* A second connection of the process is another device: the answer to the first one's logout may be under way still. */
static int set_name(struct link_config *out)
{
    static int count;
    const int len = count++ == 0 ? asprintf(&out->name, "chatctl-%ld", (long)getpid())
                                 : asprintf(&out->name, "chatctl-%ld-%d", (long)getpid(), count);
    return len > 0 ? EXIT_DONE : complain("out of memory");
}

/* Where */

static int parse_port(const char *text, int64_t *port)
{
    char *end;
    *port = strtoll(text, &end, 10);
    return *text && !*end && *port >= 1 && *port <= 65535
               ? EXIT_DONE
               : complain_usage("-p: must be a whole number from 1 to 65535");
}

/* libmosquitto takes a host with port 0 for the path of a socket. */
static int set_host(const struct call_options *options, struct link_config *out)
{
    const char *host = options->value[OPTION_HOST], *socket = options->value[OPTION_UNIX];
    if (socket && access(socket, W_OK) != 0)
        return complain("--unix: %s: %s", socket, strerror(errno));
    out->host = strdup(socket ? socket : host ? host : "127.0.0.1");
    return out->host ? EXIT_DONE : complain("out of memory");
}

static int set_port(const struct call_options *options, struct link_config *out)
{
    const char *port = options->value[OPTION_PORT];
    if (port)
        return parse_port(port, &out->port);
    if (options->value[OPTION_UNIX])
        out->port = 0;
    else if (out->ca_file || out->ca_path || out->system_cas)
        out->port = TLS_PORT;
    return EXIT_DONE;
}

/* TLS, by mosquitto_pub's rules */

static const struct {
    enum call_option option;
    size_t offset;
} files[] = {
    {OPTION_CAFILE, offsetof(struct link_config, ca_file)},
    {OPTION_CAPATH, offsetof(struct link_config, ca_path)},
    {OPTION_CERT, offsetof(struct link_config, own_cert)},
    {OPTION_KEY, offsetof(struct link_config, own_key)},
};

static int set_files(const struct call_options *options, struct link_config *out)
{
    for (size_t i = 0; i < COUNT(files); i++) {
        const char *path = options->value[files[i].option];
        if (!path)
            continue;
        if (access(path, R_OK) != 0)
            return complain("%s: %s: %s", option_names[files[i].option], path, strerror(errno));
        if (!(*(char **)((char *)out + files[i].offset) = strdup(path)))
            return complain("out of memory");
    }
    return EXIT_DONE;
}

static int check_files(const struct link_config *config)
{
    if (!config->own_cert != !config->own_key)
        return complain_usage("--cert and --key go together");
    if (config->own_cert && !config->ca_file && !config->ca_path)
        return complain_usage(
            "--cert: goes with --cafile FILE or --capath FOLDER, which say whom to believe");
    return EXIT_DONE;
}

static int set_address(const struct call_options *options, struct link_config *out)
{
    int result = set_files(options, out);
    out->system_cas = options->value[OPTION_SYSTEM_CAS];
    out->insecure = options->value[OPTION_INSECURE];
    if (result == EXIT_DONE)
        result = check_files(out);
    if (result == EXIT_DONE)
        result = set_port(options, out);
    if (out->port == TLS_PORT && !out->ca_file && !out->ca_path)
        out->system_cas = true;
    return result == EXIT_DONE ? set_host(options, out) : result;
}

int options_connection(const struct call_options *options, struct link_config *out)
{
    *out = (struct link_config){.port = DEFAULT_PORT, .wake_ms = WAKE_EVERY_MS, .quiet = true};
    int result = set_identity(options, out);
    if (result == EXIT_DONE)
        result = set_address(options, out);
    return result == EXIT_DONE ? set_name(out) : result;
}

void connection_clear(struct link_config *config)
{
    free(config->host);
    free(config->user);
    free(config->user_sig);
    for (size_t i = 0; i < COUNT(files); i++)
        free(*(char **)((char *)config + files[i].offset));
    free(config->name);
}

int complain_of_broker(const struct link_config *config, const char *why, const char *more)
{
    if (config->port > 0)
        complain("broker %s:%lld: %s%s", config->host, (long long)config->port, why, more);
    else
        complain("broker %s: %s%s", config->host, why, more);
    return EXIT_NO_BROKER;
}
