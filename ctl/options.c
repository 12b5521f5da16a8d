/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "ctl/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "acl/identity.h"
#include "ctl/complain.h"
#include "ctl/config.h"
#include "lib/usersig.h"

#define FIRST_OPTION  256 /* out of the way of letters */
#define PRESET_MAX    100 /* words in ~/.config/chatctl */
#define SIG_SECONDS   600
#define DEFAULT_PORT  1883
#define WAKE_EVERY_MS 25

static const struct option names[] = {
    {"as", required_argument, NULL, FIRST_OPTION + OPTION_AS},
    {"json", no_argument, NULL, FIRST_OPTION + OPTION_JSON},
    {"file", required_argument, NULL, FIRST_OPTION + OPTION_FILE},
    {"host", required_argument, NULL, FIRST_OPTION + OPTION_HOST},
    {"port", required_argument, NULL, FIRST_OPTION + OPTION_PORT},
    {"username", required_argument, NULL, FIRST_OPTION + OPTION_USER},
    {"pw", required_argument, NULL, FIRST_OPTION + OPTION_PASSWORD},
    {"cafile", required_argument, NULL, FIRST_OPTION + OPTION_CAFILE},
    {"config", required_argument, NULL, FIRST_OPTION + OPTION_CONFIG},
    {"key-file", required_argument, NULL, FIRST_OPTION + OPTION_KEY_FILE},
    {"sdkappid", required_argument, NULL, FIRST_OPTION + OPTION_SDKAPPID},
    {0},
};

const char *const option_names[] = {"--as", "--json",   "--file",   "--host",     "--port",     "--username",
                                    "--pw", "--cafile", "--config", "--key-file", "--sdkappid", NULL};

/* ~/.config/chatctl */

static FILE *open_preset(char *path, size_t size)
{
    const char *folder = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    if (folder && *folder)
        snprintf(path, size, "%s/chatctl", folder);
    else if (home && *home)
        snprintf(path, size, "%s/.config/chatctl", home);
    else
        return NULL;
    return fopen(path, "re");
}

static int keep(struct call_options *options, int *count, const char *word, size_t len)
{
    if (*count > PRESET_MAX)
        return complain("~/.config/chatctl has more than %d words", PRESET_MAX);
    options->memory[*count] = strndup(word, len);
    return options->memory[(*count)++] ? EXIT_DONE : complain("out of memory");
}

/* "-h chat.example.org": an option, and what is left of the line. */
static int take_line(struct call_options *options, int *count, const char *line)
{
    static const char white[] = " \t\r\n";
    line += strspn(line, white);
    const char *value = line + strcspn(line, white);
    const size_t name_len = (size_t)(value - line);
    if (*line == '\0' || *line == '#')
        return EXIT_DONE;
    if (*line != '-')
        return complain("~/.config/chatctl: \"%.*s\" is not an option", (int)name_len, line);
    value += strspn(value, white);
    size_t len = strlen(value);
    while (len > 0 && strchr(white, value[len - 1]))
        len--;
    int result = keep(options, count, line, name_len);
    return result == EXIT_DONE && len > 0 ? keep(options, count, value, len) : result;
}

static int take_preset(struct call_options *options, int *count)
{
    char path[4096] = "";
    char *line = NULL;
    size_t size = 0;
    int result = EXIT_DONE;
    FILE *file = open_preset(path, sizeof path);
    if (!file)
        return !*path || errno == ENOENT || errno == ENOTDIR ? EXIT_DONE
                                                             : complain("%s: %s", path, strerror(errno));
    while (result == EXIT_DONE && getline(&line, &size, file) >= 0)
        result = take_line(options, count, line);
    free(line);
    fclose(file);
    return result;
}

/* The command line */

/* The letters are those of mosquitto_pub. */
static enum call_option option_of(int letter)
{
    switch (letter) {
    case 'h':
        return OPTION_HOST;
    case 'p':
        return OPTION_PORT;
    case 'u':
        return OPTION_USER;
    case 'P':
        return OPTION_PASSWORD;
    default:
        return (enum call_option)(letter - FIRST_OPTION);
    }
}

static int sort(struct call_options *options, int argc, char **argv)
{
    int option;
    opterr = 0;
    while ((option = getopt_long(argc, argv, ":h:p:u:P:", names, NULL)) != -1) {
        if (option == ':' || option == '?')
            return complain_usage("%s: %s %s", argv[0], argv[optind - 1],
                                  option == ':' ? "needs a value" : "is not an option");
        options->value[option_of(option)] = optarg ? optarg : "";
    }
    options->words = argv + optind;
    options->word_count = argc - optind;
    return EXIT_DONE;
}

int options_parse(struct call_options *options, int argc, char **argv)
{
    int count = 0;
    *options = (struct call_options){0};
    options->memory = calloc((size_t)argc + PRESET_MAX + 2, sizeof *options->memory);
    if (!options->memory)
        return complain("out of memory");
    int result = keep(options, &count, argv[0], strlen(argv[0]));
    if (result == EXIT_DONE)
        result = take_preset(options, &count);
    for (int i = 1; i < argc && result == EXIT_DONE; i++) {
        options->memory[count] = strdup(argv[i]);
        result = options->memory[count++] ? EXIT_DONE : complain("out of memory");
    }
    return result == EXIT_DONE ? sort(options, count, options->memory) : result;
}

int options_run(int argc, char **argv, int (*run)(struct call_options *options))
{
    struct call_options options;
    int result = options_parse(&options, argc, argv);
    if (result == EXIT_DONE)
        result = run(&options);
    options_clear(&options);
    return result;
}

/* getopt has changed the order, and dropped none. */
void options_clear(struct call_options *options)
{
    for (char **word = options->memory; word && *word; word++)
        free(*word);
    free(options->memory);
}

/* The connection */

static int parse_port(const char *text, int64_t *port)
{
    char *end;
    *port = strtoll(text, &end, 10);
    return *text && !*end && *port >= 1 && *port <= 65535
               ? EXIT_DONE
               : complain_usage("-p: must be a whole number from 1 to 65535");
}

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

static int set_name(struct link_config *out)
{
    return asprintf(&out->name, "chatctl-%ld", (long)getpid()) > 0 ? EXIT_DONE : complain("out of memory");
}

static int set_host(struct link_config *out, const char *host)
{
    out->host = strdup(host ? host : "127.0.0.1");
    return out->host ? EXIT_DONE : complain("out of memory");
}

static int set_ca_file(struct link_config *out, const char *file)
{
    if (!file)
        return EXIT_DONE;
    if (access(file, R_OK) != 0)
        return complain("--cafile: %s: %s", file, strerror(errno));
    out->ca_file = strdup(file);
    return out->ca_file ? EXIT_DONE : complain("out of memory");
}

static int set_identity(const struct call_options *options, struct link_config *out)
{
    const char *user_sig = options->value[OPTION_PASSWORD];
    if (!user_sig)
        return make_user_sig(options, out);
    int result = set_user(out, options->value[OPTION_USER]);
    return result == EXIT_DONE ? set_user_sig(out, strdup(user_sig)) : result;
}

int options_connection(const struct call_options *options, struct link_config *out)
{
    const char *port = options->value[OPTION_PORT];
    *out = (struct link_config){.port = DEFAULT_PORT, .wake_ms = WAKE_EVERY_MS, .quiet = true};
    int result = set_identity(options, out);
    if (result == EXIT_DONE && port)
        result = parse_port(port, &out->port);
    if (result == EXIT_DONE)
        result = set_host(out, options->value[OPTION_HOST]);
    if (result == EXIT_DONE)
        result = set_ca_file(out, options->value[OPTION_CAFILE]);
    return result == EXIT_DONE ? set_name(out) : result;
}

void connection_clear(struct link_config *config)
{
    free(config->host);
    free(config->user);
    free(config->user_sig);
    free(config->ca_file);
    free(config->name);
}
