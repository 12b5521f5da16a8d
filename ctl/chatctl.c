/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "ctl/chatctl.h"

#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "ctl/command.h"
#include "ctl/complain.h"
#include "ctl/manual.h"
#include "ctl/options.h"
#include "ctl/tool.h"

#define SOURCE_USAGE "[--config FILE | --key-file FILE --sdkappid N]"

static int command_help(int argc, char **argv);

const struct ctl_command ctl_commands[] = {
    {"usersig", "USER [--expire 7d] [--userbuf TEXT] " SOURCE_USAGE,
     "Prints a userSig for USER. --expire takes a number with s, m, h or d.", command_usersig, false},
    {"verify", "USER USERSIG " SOURCE_USAGE,
     "Tells whether USER could log in with USERSIG now: \"ok\" and when it expires, or the code and why not. "
     "With\n"
     "      USERSIG alone USER is whom it names.",
     command_verify, false},
    {"bad", "[--sql] FILE",
     "Prints what is in FILE, the <database>.bad of a broker: changes it could not make, and why. With --sql "
     "as\n"
     "      statements for sqlite3, which a stopped broker's database may be given once the reason is gone.",
     command_bad, false},
    {"send", "USER|group:ID TEXT|--file FILE " OPTIONS_USAGE,
     "Sends a text, or a file, which is uploaded, from the administrator or whom --as names.", command_send,
     true},
    {"backup", "NAME [--json] [CONNECTION]",
     "Has the broker copy its database into the file NAME of its backup_dir, while it runs, and waits for "
     "the end.",
     command_backup, true},
    {"restore", "FILE [--ring-aside] [--config FILE]",
     "Puts a backup in the place of the database of a broker that is stopped. What was there stays, as\n"
     "      <database>.before-restore. --ring-aside renames the ring, too: where it does not follow on the "
     "backup.",
     command_restore, false},
    {"check", "[--json] [--strict] [mosquitto.conf]",
     "Tells what of a mosquitto.conf, and of the files, ports and certificates that it names, would stop "
     "the\n"
     "      broker, or bite later. Exit code 1: there is an error, or, with --strict, a warning.",
     command_check, false},
    {"listen", "[USER] [--json] [CONNECTION]",
     "Prints what comes for USER, as one more device, until Ctrl-C; without USER all that happens "
     "(chat/feed).",
     command_listen, true},
    {"import",
     "users|groups|members|messages FILE.csv|FILE.json [--dry-run] [--unread] [--json] [CONNECTION]",
     "Brings in what was in another system. What is there stays, so an import that was interrupted goes on "
     "with\n"
     "      the same command. --dry-run only checks the file; --unread has messages count as unread.",
     command_import, true},
    {"export", "user ID [--output FILE] [CONNECTION]",
     "Writes all that the broker has about a user, as JSON.", command_export, true},
    {"stats", "[--json] [CONNECTION]", "Prints the broker's counters: getStats.", command_stats, true},
    {"top", "[--every SECONDS] [--count N] [--json] [CONNECTION]",
     "Shows live numbers of the broker every second, on a terminal in place, else a line each, until Ctrl-C "
     "or q.",
     command_top, true},
    {"push",
     "list|retry|drop [ID...|--user USER|--all] [--state waiting|out|dead] [--provider apns|fcm|webhook] "
     "[--limit N] [--json] [CONNECTION]",
     "The push queue: lists its jobs, has dead ones tried again, drops them.\n"
     "        push list [--user USER] [--state waiting|out|dead] [--provider P] [--limit N]\n"
     "        push retry ID...|--user USER|--all [--provider P]     dead jobs, with all their attempts; of "
     "those\n"
     "            named by ID also such as wait for their next attempt\n"
     "        push drop ID...|--user USER|--all [--state dead|waiting] [--provider P]     dead jobs, unless\n"
     "            --state says waiting; by ID whatever their state",
     command_push, true},
    {"complete", "[-- WORD...]",
     "Prints what completes words in bash, for ~/.bashrc: eval \"$(chatctl complete)\". With words, what the "
     "last\n"
     "      may become.",
     command_complete, false},
    {"help", "[COMMAND]", "Prints this text, or what it says of COMMAND and its fields.", command_help,
     false},
    {NULL, NULL, NULL, NULL, false},
};

static const struct ctl_command *find(const char *name)
{
    for (const struct ctl_command *command = ctl_commands; command->name; command++)
        if (strcmp(command->name, name) == 0)
            return command;
    return NULL;
}

static void print_command(FILE *out, const struct ctl_command *command)
{
    fprintf(out, "  %s %s %s\n      ", tool()->name, command->name, command->usage);
    tool_print(out, command->help);
    fputc('\n', out);
}

static void print_options(FILE *out)
{
    fprintf(out, "\n" OPTIONS_HELP "%s", tool()->presets);
}

static void print_help(FILE *out)
{
    fprintf(out, "Usage: %s COMMAND [ARGUMENT]...\n\n", tool()->name);
    for (const struct ctl_command *command = ctl_commands; command->name; command++)
        print_command(out, command);
    tool_print(out,
               "\n  chatctl COMMAND [FIELD=VALUE]... " OPTIONS_USAGE "\n"
               "      Gives a command to the broker; chatctl help COMMAND tells its fields. There are:\n");
    manual_print_all(out);
    print_options(out);
    fprintf(out,
            "\nWithout --config the sdkappid and the keys are those of mosquitto.conf: $CHAT_CONFIG, or the "
            "first that "
            "is\n"
            "there of ./run/mosquitto.conf and /etc/mosquitto/mosquitto.conf.\n%s",
            tool()->exits);
}

static void print_command_and_more(const struct ctl_command *command)
{
    print_command(stdout, command);
    if (command->run == command_import)
        import_print_columns(stdout);
}

/* Of ours, or of the broker's. */
static int print_help_for(const char *name)
{
    const struct ctl_command *command = find(name);
    const struct command_row *row = command_row_find(name);
    if (command)
        print_command_and_more(command);
    else if (row)
        manual_print(stdout, row, " " OPTIONS_USAGE);
    else
        return complain_usage("there is no command \"%s\"", name);
    if (row || command->connects)
        print_options(stdout);
    return finish_output();
}

static int command_help(int argc, char **argv)
{
    if (argc >= 2)
        return print_help_for(argv[1]);
    print_help(stdout);
    return finish_output();
}

/* -h may be the host. */
static bool asks_for_help(int argc, char **argv, bool connects)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "--help") == 0 || (!connects && strcmp(argv[i], "-h") == 0))
            return true;
    return false;
}

static int run(int argc, char **argv)
{
    const struct ctl_command *command = find(argv[0]);
    const struct command_row *row = command ? NULL : command_row_find(argv[0]);
    if (!command && !row)
        return complain_usage(argv[0][0] == '-' ? "%s: options stand behind the command"
                                                : "there is no command \"%s\"",
                              argv[0]);
    if (asks_for_help(argc, argv, row || command->connects))
        return print_help_for(argv[0]);
    return row ? command_call(row, argc, argv) : command->run(argc, argv);
}

int chatctl_run(int argc, char **argv)
{
    optind = 0; /* getopt begins anew, also when it was used before in this process */
    if (argc < 1) {
        print_help(stderr);
        return EXIT_USAGE;
    }
    if (strcmp(argv[0], "--help") == 0 || (argc == 1 && strcmp(argv[0], "-h") == 0)) {
        print_help(stdout);
        return finish_output();
    }
    return run(argc, argv);
}
