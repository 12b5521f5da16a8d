/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "ctl/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/complain.h"
#include "ctl/foreign.h"
#include "ctl/url.h"
#include "lib/basics.h"

#define FIRST_OPTION 256 /* out of the way of letters */
#define PRESET_MAX   100 /* words in ~/.config/chatctl */

static const struct option names[] = {
    {"as", required_argument, NULL, FIRST_OPTION + OPTION_AS},
    {"json", no_argument, NULL, FIRST_OPTION + OPTION_JSON},
    {"file", required_argument, NULL, FIRST_OPTION + OPTION_FILE},
    {"host", required_argument, NULL, FIRST_OPTION + OPTION_HOST},
    {"port", required_argument, NULL, FIRST_OPTION + OPTION_PORT},
    {"username", required_argument, NULL, FIRST_OPTION + OPTION_USER},
    {"pw", required_argument, NULL, FIRST_OPTION + OPTION_PASSWORD},
    {"url", required_argument, NULL, FIRST_OPTION + OPTION_URL},
    {"unix", required_argument, NULL, FIRST_OPTION + OPTION_UNIX},
    {"cafile", required_argument, NULL, FIRST_OPTION + OPTION_CAFILE},
    {"capath", required_argument, NULL, FIRST_OPTION + OPTION_CAPATH},
    {"tls-use-os-certs", no_argument, NULL, FIRST_OPTION + OPTION_SYSTEM_CAS},
    {"cert", required_argument, NULL, FIRST_OPTION + OPTION_CERT},
    {"key", required_argument, NULL, FIRST_OPTION + OPTION_KEY},
    {"insecure", no_argument, NULL, FIRST_OPTION + OPTION_INSECURE},
    {"config", required_argument, NULL, FIRST_OPTION + OPTION_CONFIG},
    {"key-file", required_argument, NULL, FIRST_OPTION + OPTION_KEY_FILE},
    {"sdkappid", required_argument, NULL, FIRST_OPTION + OPTION_SDKAPPID},
    {"dry-run", no_argument, NULL, FIRST_OPTION + OPTION_DRY_RUN},
    {"unread", no_argument, NULL, FIRST_OPTION + OPTION_UNREAD},
    {"output", required_argument, NULL, FIRST_OPTION + OPTION_OUTPUT},
    {0},
};

const char *const option_names[] = {"--as",       "--json",     "--file",     "--host",
                                    "--port",     "--username", "--pw",       "--url",
                                    "--unix",     "--cafile",   "--capath",   "--tls-use-os-certs",
                                    "--cert",     "--key",      "--insecure", "--config",
                                    "--key-file", "--sdkappid", NULL};

/* What is there before */

static const char *const *preset; /* NULL: ~/.config/chatctl */

void options_preset(const char *const *values)
{
    preset = values;
}

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
    case 'L':
        return OPTION_URL;
    default:
        return (enum call_option)(letter - FIRST_OPTION);
    }
}

/* Of a socket file and a host the one that is named last. */
static void put(struct call_options *options, enum call_option option, const char *value)
{
    options->value[option] = value;
    if (option == OPTION_UNIX)
        options->value[OPTION_HOST] = options->value[OPTION_PORT] = NULL;
    else if (option == OPTION_HOST || option == OPTION_PORT)
        options->value[OPTION_UNIX] = NULL;
}

/* A URL stands for several options. */
static int put_url(struct call_options *options, char *text)
{
    struct url url;
    const char *fault = url_split(text, &url);
    if (fault)
        return complain_usage("-L: %s", fault);
    put(options, OPTION_HOST, url.host);
    put(options, OPTION_PORT, url.port);
    if (url.tls)
        put(options, OPTION_SYSTEM_CAS, "");
    if (url.user)
        put(options, OPTION_USER, url.user);
    if (url.password)
        put(options, OPTION_PASSWORD, url.password);
    return EXIT_DONE;
}

/* `letter` is ':' or '?'. */
static int refuse(const char *command, const char *word, int letter)
{
    const char *why = foreign_option(word);
    if (letter == ':')
        return complain_usage("%s: %s needs a value", command, word);
    if (why)
        return complain_usage("%s: %s: %s", command, word, why);
    return complain_usage("%s: %s is not an option", command, word);
}

static int sort(struct call_options *options, int argc, char **argv)
{
    int letter, result = EXIT_DONE;
    opterr = 0;
    while (result == EXIT_DONE && (letter = getopt_long(argc, argv, ":h:p:u:P:L:", names, NULL)) != -1) {
        if (letter == ':' || letter == '?')
            return refuse(argv[0], argv[optind - 1], letter);
        if (option_of(letter) == OPTION_URL)
            result = put_url(options, optarg);
        else
            put(options, option_of(letter), optarg ? optarg : "");
    }
    options->words = argv + optind;
    options->word_count = argc - optind;
    return result;
}

/* What one command takes, and no other. */
static int refuse_others(const struct call_options *options, const char *command)
{
    static const struct {
        enum call_option option;
        const char *name, *command;
    } own[] = {{OPTION_FILE, "--file", "send"},
               {OPTION_DRY_RUN, "--dry-run", "import"},
               {OPTION_UNREAD, "--unread", "import"},
               {OPTION_OUTPUT, "--output", "export"}};
    for (size_t i = 0; i < COUNT(own); i++)
        if (options->value[own[i].option] && strcmp(own[i].command, command) != 0)
            return complain_usage("%s: is for %s", own[i].name, own[i].command);
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
    if (preset)
        memcpy(options->value, preset, sizeof options->value);
    else if (result == EXIT_DONE)
        result = take_preset(options, &count);
    for (int i = 1; i < argc && result == EXIT_DONE; i++) {
        options->memory[count] = strdup(argv[i]);
        result = options->memory[count++] ? EXIT_DONE : complain("out of memory");
    }
    if (result == EXIT_DONE)
        result = sort(options, count, options->memory);
    return result == EXIT_DONE ? refuse_others(options, argv[0]) : result;
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
