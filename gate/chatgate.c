/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "gate/config.h"
#include "gate/gate.h"
#include "lib/say.h"

#define EXIT_USAGE   2
#define CONFIG_USUAL "/etc/mosquitto/chatgate.conf"

static const char usage[] = "usage: chatgate [-c FILE]              serve chat over HTTP until SIGTERM\n"
                            "       chatgate --help | --version\n"
                            "FILE is " CONFIG_USUAL " unless it is given.\n";

static int print(FILE *out, const char *text, int code)
{
    fputs(text, out);
    return code;
}

/* NULL: that is no way to call it. */
static const char *read_path(int argc, char **argv)
{
    if (argc == 1)
        return CONFIG_USUAL;
    return argc == 3 && strcmp(argv[1], "-c") == 0 ? argv[2] : NULL;
}

int main(int argc, char **argv)
{
    struct gate_config config;
    if (argc == 2 && strcmp(argv[1], "--help") == 0)
        return print(stdout, usage, EXIT_SUCCESS);
    if (argc == 2 && strcmp(argv[1], "--version") == 0)
        return print(stdout, "chatgate " CHAT_VERSION "\n", EXIT_SUCCESS);
    const char *path = read_path(argc, argv);
    if (!path)
        return print(stderr, usage, EXIT_USAGE);
    signal(SIGPIPE, SIG_IGN); /* a connection that ends is an error of a write, no more */
    srandom((unsigned)getpid() ^ (unsigned)time(NULL));
    int result = EXIT_FAILURE;
    if (gate_config_read(&config, path) == 0) {
        result = gate_run(&config);
    } else {
        say_safely(config.conf.error);
        fprintf(stderr, "chatgate: %s\n", config.conf.error);
    }
    gate_config_clear(&config);
    return result;
}
