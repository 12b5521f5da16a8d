/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/say.h"
#include "push/check.h"
#include "push/config.h"
#include "push/worker.h"

#define EXIT_USAGE   2
#define CONFIG_USUAL "/etc/mosquitto/chatpushd.conf"

static const char usage[] =
    "usage: chatpushd [-c FILE]                          deliver push notifications until SIGTERM\n"
    "       chatpushd [-c FILE] --check                  check configuration, keys, broker, providers\n"
    "       chatpushd [-c FILE] --test SECTION TOKEN     send one notification, SECTION like apns:myapp\n"
    "       chatpushd --help | --version\n"
    "FILE is " CONFIG_USUAL " unless it is given.\n";

struct arguments {
    const char *path, *section, *token;
    int check, test;
};

static int print(FILE *out, const char *text, int code)
{
    fputs(text, out);
    return code;
}

/* false: that is no way to call it. */
static int read_arguments(struct arguments *arguments, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "-c") == 0 && i + 1 < argc) {
            arguments->path = argv[++i];
        } else if (strcmp(argv[i], "--check") == 0) {
            arguments->check = 1;
        } else if (strcmp(argv[i], "--test") == 0 && i + 2 < argc) {
            arguments->test = 1;
            arguments->section = argv[++i];
            arguments->token = argv[++i];
        } else {
            return 0;
        }
    }
    return !(arguments->check && arguments->test);
}

static int run(const struct arguments *arguments, const struct push_config *config)
{
    if (arguments->check)
        return check_all(config);
    if (arguments->test)
        return check_send(config, arguments->section, arguments->token);
    return worker_run(config, arguments->path);
}

int main(int argc, char **argv)
{
    struct arguments arguments = {.path = CONFIG_USUAL};
    struct push_config config;
    if (argc == 2 && strcmp(argv[1], "--help") == 0)
        return print(stdout, usage, EXIT_SUCCESS);
    if (argc == 2 && strcmp(argv[1], "--version") == 0)
        return print(stdout, "chatpushd " CHAT_VERSION "\n", EXIT_SUCCESS);
    if (!read_arguments(&arguments, argc, argv))
        return print(stderr, usage, EXIT_USAGE);
    signal(SIGPIPE, SIG_IGN); /* a connection that ends is an error of a write, no more */
    srandom((unsigned)getpid() ^ (unsigned)time(NULL));
    int result = EXIT_FAILURE;
    if (push_config_read(&config, arguments.path) == 0) {
        result = run(&arguments, &config);
    } else {
        say_safely(config.conf.error);
        fprintf(stderr, "chatpushd: %s\n", config.conf.error);
    }
    push_config_clear(&config);
    return result;
}
