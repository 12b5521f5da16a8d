/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "ctl/command.h"
#include "ctl/complain.h"
#include "lib/basics.h"

#define SOURCE_USAGE "[--config FILE | --key-file FILE --sdkappid N]"

static int command_help(int argc, char **argv);

static const struct ctl_command commands[] = {
    {"usersig", "USER [--expire 7d] [--userbuf TEXT] " SOURCE_USAGE,
     "Prints a userSig for USER. --expire takes a number with s, m, h or d.", command_usersig},
    {"verify", "USER USERSIG " SOURCE_USAGE,
     "Tells whether USER could log in with USERSIG now: \"ok\" and when it expires, or the code and why not.",
     command_verify},
    {"bad", "[--sql] FILE",
     "Prints what is in FILE, the <database>.bad of a broker: changes it could not make, and why. With --sql "
     "as\n"
     "      statements for sqlite3, which a stopped broker's database may be given once the reason is gone.",
     command_bad},
    {"help", "[COMMAND]", "Prints this text.", command_help},
};

#define COMMAND_COUNT COUNT(commands)

static const struct ctl_command *find(const char *name)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

static void print_command(FILE *out, const struct ctl_command *command)
{
    fprintf(out, "  chatctl %s %s\n      %s\n", command->name, command->usage, command->help);
}

static void print_help(FILE *out)
{
    fputs("Usage: chatctl COMMAND [ARGUMENT]...\n\n", out);
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        print_command(out, &commands[i]);
    fputs("\nWithout --config the sdkappid and the keys are those of mosquitto.conf: $CHAT_CONFIG, or the "
          "first that is\n"
          "there of ./run/mosquitto.conf and /etc/mosquitto/mosquitto.conf.\n"
          "Exit code: 0 done, 1 failed or refused, 2 wrong usage.\n",
          out);
}

static int command_help(int argc, char **argv)
{
    if (argc < 2) {
        print_help(stdout);
        return finish_output();
    }
    const struct ctl_command *command = find(argv[1]);
    if (!command)
        return complain_usage("there is no command \"%s\"", argv[1]);
    print_command(stdout, command);
    return finish_output();
}

static bool is_help(const char *word)
{
    return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

static bool asks_for_help(int argc, char **argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (is_help(argv[i]))
            return true;
    return false;
}

static int run(const struct ctl_command *command, int argc, char **argv)
{
    if (asks_for_help(argc, argv)) {
        print_command(stdout, command);
        return finish_output();
    }
    return command->run(argc, argv);
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        print_help(stderr);
        return EXIT_USAGE;
    }
    if (is_help(argv[1])) {
        print_help(stdout);
        return finish_output();
    }
    const struct ctl_command *command = find(argv[1]);
    if (!command)
        return complain_usage("there is no command \"%s\"", argv[1]);
    return run(command, argc - 1, argv + 1);
}
