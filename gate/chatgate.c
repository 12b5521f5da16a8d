/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "gate/check.h"
#include "gate/config.h"
#include "gate/gate.h"
#include "lib/say.h"

#define EXIT_USAGE   2
#define CONFIG_USUAL "/etc/mosquitto/chatgate.conf"

static const char usage[] =
    "usage: chatgate [-c FILE]              serve chat over HTTP until SIGTERM\n"
    "       chatgate [-c FILE] --check      check configuration, keys, broker, folders, hooks\n"
    "       chatgate --help | --version\n"
    "FILE is " CONFIG_USUAL " unless it is given.\n";

static int print(FILE *out, const char *text, int code)
{
    fputs(text, out);
    return code;
}

struct gate_arguments {
    const char *path;
    bool check;
};

/* false: that is no way to call it. */
static bool read_arguments(struct gate_arguments *arguments, int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "-c") == 0 && i + 1 < argc)
            arguments->path = argv[++i];
        else if (strcmp(argv[i], "--check") == 0)
            arguments->check = true;
        else
            return false;
    return true;
}

int main(int argc, char **argv)
{
    struct gate_arguments arguments = {.path = CONFIG_USUAL};
    struct gate_config config;
    if (argc == 2 && strcmp(argv[1], "--help") == 0)
        return print(stdout, usage, EXIT_SUCCESS);
    if (argc == 2 && strcmp(argv[1], "--version") == 0)
        return print(stdout, "chatgate " CHAT_VERSION "\n", EXIT_SUCCESS);
    if (!read_arguments(&arguments, argc, argv))
        return print(stderr, usage, EXIT_USAGE);
    signal(SIGPIPE, SIG_IGN); /* a connection that ends is an error of a write, no more */
    srandom((unsigned)getpid() ^ (unsigned)time(NULL));
    int result = EXIT_FAILURE;
    if (gate_config_read(&config, arguments.path) == 0) {
        result = arguments.check ? check_all(&config) : gate_run(&config, arguments.path);
    } else {
        say_safely(config.conf.error);
        fprintf(stderr, "chatgate: %s\n", config.conf.error);
    }
    gate_config_clear(&config);
    return result;
}
