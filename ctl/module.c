/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* mosquitto_ctrl_chat.so: `mosquitto_ctrl [CONNECTION] chat COMMAND ...` is chatctl COMMAND ...
 *
 * mosquitto_ctrl (apps/mosquitto_ctrl/mosquitto_ctrl.c in Mosquitto 2.0.0 to 2.1.2) reads the options that stand before the
 * module's name and ~/.config/mosquitto_ctrl into a struct mosq_ctrl, opens "mosquitto_ctrl_chat.so" by that name, without a
 * folder, and calls ctrl_main with the words behind the module's name. Of what comes back
 * - < 0 makes exit code 0, and MOSQ_ERR_UNKNOWN itself: these two we give;
 * - 0 has it connect and send what we have put into the struct: that is not how we work;
 * - all else has it print an error of libmosquitto, which ours is not.
 *
 * The struct is declared in mosquitto_ctrl.h, which nobody installs. All releases from 2.0.0 to 2.1.2 begin it with the members
 * below, in this order, tls_engine_kpass_sha1 included; behind that they differ (tls_use_os_certs moves: 2.0.22, 2.1.0; others
 * depend on how it was built). The members from cafile on are there with WITH_TLS only, without which the tool is not built
 * (CMakeLists.txt and Makefile beside it). So these are read, and no others, and nothing is written; a release that we do not
 * know is refused, since it may have moved any.
 * What is told by later members is taken from where the tool has it from: the words of its command line and of its file
 * (/proc/self/cmdline, and not argv: where that begins is not told). TLS by the machine's certificates is heeded, and what would
 * be another connection than the one that was asked for is refused (foreign.h). The shell that 2.1 has knows no modules. */
#include <limits.h>
#include <mosquitto.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "ctl/chatctl.h"
#include "ctl/complain.h"
#include "ctl/foreign.h"
#include "ctl/options.h"
#include "ctl/tool.h"

/* What all releases have. */
struct mosq_config_head {
    char *id;
    int protocol_version;
    int keepalive;
    char *host;
    int port; /* -1: not given; 0: host is a socket file */
    int qos;
    char *bind_address;
    bool debug;
    bool quiet;
    char *username;
    char *password;
    char *options_file;
    char *cafile;
    char *capath;
    char *certfile;
    char *keyfile;
    char *ciphers;
    bool insecure;
    char *tls_alpn;
    char *tls_version;
    char *tls_engine;
    char *tls_engine_kpass_sha1;
};

/* It begins with its struct mosq_config. */
struct mosq_ctrl {
    struct mosq_config_head config;
};

#define EXPORT __attribute__((visibility("default")))

EXPORT int ctrl_main(int argc, char **argv, struct mosq_ctrl *ctrl);
EXPORT void ctrl_help(void);

static const struct tool mosquitto_ctrl = {
    .program = "mosquitto_ctrl",
    .word = "chat",
    .name = "mosquitto_ctrl chat",
    .presets = "CONNECTION stands before \"chat\", too, and in ~/.config/mosquitto_ctrl; what stands behind "
               "the command "
               "counts more.\n",
    .exits = "Exit code: 0 done, 13 not: mosquitto_ctrl tells no more.\n",
};

/* Which release it is. One and the same build makes the tool and its library. */
static int check_release(int *minor)
{
    int major, revision;
    mosquitto_lib_version(&major, minor, &revision);
    if (major == 2 && *minor <= 1)
        return EXIT_DONE;
    return complain(
        "Mosquitto %d.%d is not known here, 2.0 and 2.1 are: use chatctl, or a newer mosquitto-chat", major,
        *minor);
}

/* Words */

static int heed_word(const char **given, const char *word, const char *next)
{
    static const char tls[] = "mqtts://";
    const char *why = foreign_option_that_matters(word);
    const bool is_url = strcmp(word, "-L") == 0 || strcmp(word, "--url") == 0;
    if (why)
        return complain("%s: %s", word, why);
    if (strcmp(word, "--tls-use-os-certs") == 0 ||
        (is_url && next && strncasecmp(next, tls, strlen(tls)) == 0))
        given[OPTION_SYSTEM_CAS] = "";
    return EXIT_DONE;
}

/* `all` are texts, one behind the other; the last `behind` of them are not the tool's. */
static int heed_words(const char **given, const char *all, size_t len, int behind)
{
    const char *end = all + len;
    int count = 0, result = EXIT_DONE;
    for (const char *at = all; at < end; at += strlen(at) + 1)
        count++;
    for (int i = 0; i < count - behind && result == EXIT_DONE; i++) {
        const char *next = all + strlen(all) + 1;
        result = i == 0 ? EXIT_DONE : heed_word(given, all, i + 1 < count - behind ? next : NULL);
        all = next;
    }
    return result;
}

/* That of mosquitto_ctrl -L has its "/", "@" and ":" overwritten by the tool, so there may be more words than there were:
 * ours are counted from the end. */
static int heed_command_line(const char **given, int argc)
{
    char *all = NULL;
    size_t size = 0;
    FILE *file = fopen("/proc/self/cmdline", "re");
    FILE *memory = open_memstream(&all, &size);
    for (int c; file && memory && (c = getc(file)) != EOF;)
        putc(c, memory);
    bool good = file && memory && !ferror(file);
    if (file)
        fclose(file);
    good = memory && fclose(memory) == 0 && good;
    int result = good ? heed_words(given, all, size, argc + 1)
                      : complain("/proc/self/cmdline cannot be read, in which options would stand");
    free(all);
    return result;
}

/* As client_config_load: of a line the first two words. */
static int heed_line(const char **given, char *line)
{
    char *rest;
    const char *word = *line == '#' ? NULL : strtok_r(line, " \r\n", &rest);
    return word ? heed_word(given, word, strtok_r(NULL, " \r\n", &rest)) : EXIT_DONE;
}

/* 2.0 reads the file before it knows of -o, which therefore is without effect. */
static FILE *open_file(const struct mosq_config_head *config, int minor)
{
    char path[PATH_MAX];
    const char *folder = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    if (minor > 0 && config->options_file)
        return fopen(config->options_file, "re");
    if (!folder && !home)
        return NULL;
    snprintf(path, sizeof path, "%s%s/mosquitto_ctrl", folder ? folder : home, folder ? "" : "/.config");
    return fopen(path, "re");
}

/* One that is not there the tool does not miss, either. */
static int heed_file(const char **given, const struct mosq_config_head *config, int minor)
{
    char *line = NULL;
    size_t size = 0;
    int result = EXIT_DONE;
    FILE *file = open_file(config, minor);
    while (file && result == EXIT_DONE && getline(&line, &size, file) >= 0)
        result = heed_line(given, line);
    free(line);
    if (file)
        fclose(file);
    return result;
}

/* The connection */

/* The tool says "localhost" where nobody has named a host: as if it was not named, so that mosquitto.conf is asked for the
 * port. It has none at all where it has found a fault, which 2.0 goes on after. */
static int take_host(const char **given, const struct mosq_config_head *config, char port[12])
{
    if (!config->host)
        return complain("what stands before \"chat\", or in ~/.config/mosquitto_ctrl, is not complete");
    if (config->port == 0) {
        given[OPTION_UNIX] = config->host;
        return EXIT_DONE;
    }
    if (strcmp(config->host, "localhost") != 0)
        given[OPTION_HOST] = config->host;
    if (config->port > 0) {
        snprintf(port, 12, "%d", config->port);
        given[OPTION_PORT] = port;
    }
    return EXIT_DONE;
}

static void take_rest(const char **given, const struct mosq_config_head *config)
{
    given[OPTION_USER] = config->username;
    given[OPTION_PASSWORD] = config->password;
    given[OPTION_CAFILE] = config->cafile;
    given[OPTION_CAPATH] = config->capath;
    given[OPTION_CERT] = config->certfile;
    given[OPTION_KEY] = config->keyfile;
    given[OPTION_INSECURE] = config->insecure ? "" : NULL;
}

static int run(const char **given, int argc, char **argv, const struct mosq_config_head *config)
{
    int minor;
    char port[12];
    int result = check_release(&minor);
    if (result == EXIT_DONE)
        result = heed_command_line(given, argc);
    if (result == EXIT_DONE)
        result = heed_file(given, config, minor);
    if (result == EXIT_DONE)
        result = take_host(given, config, port);
    if (result != EXIT_DONE)
        return result;
    take_rest(given, config);
    return chatctl_run(argc, argv);
}

int ctrl_main(int argc, char **argv, struct mosq_ctrl *ctrl)
{
    const char *given[CALL_OPTIONS] = {NULL};
    tool_set(&mosquitto_ctrl);
    options_preset(given);
    int result = run(given, argc, argv, &ctrl->config);
    options_preset(NULL);
    tool_set(NULL);
    return result == EXIT_DONE ? -1 : MOSQ_ERR_UNKNOWN;
}

/* Called by no release. */
void ctrl_help(void)
{
    puts("mosquitto_ctrl [CONNECTION] chat COMMAND: commands for a chat server; mosquitto_ctrl chat help "
         "lists them.");
}
