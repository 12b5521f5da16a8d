/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* chatctl check: tells what would stop a broker, or bite later, from its configuration and the machine. */
#include "ctl/check.h"

#include <errno.h>
#include <getopt.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl/command.h"
#include "ctl/complain.h"
#include "ctl/config.h"
#include "lib/basics.h"

#define BROKER_USER "mosquitto" /* when no `user` says another one */
#define LAST_USER   "nobody"    /* when there is no such user */

#define SAY(check, level, setting, ...)                                                                      \
    report_say(&(check)->report, level, conf_place_of(setting), __VA_ARGS__)

/* What the broker would be: as it does it itself, 2.0 and 2.1 alike. */

static const struct passwd *find_user(struct conf_check *check, const struct conf_setting *setting,
                                      const char *name)
{
    const struct passwd *user = getpwnam(name);
    if (user)
        return user;
    if (strcmp(name, BROKER_USER) != 0) {
        SAY(check, FINDING_ERROR, setting, "Name one that is there, or make it: adduser --system",
            "there is no user \"%s\", so the broker does not start", name);
        return NULL;
    }
    SAY(check, FINDING_WARNING, setting, "Install the package mosquitto, or name one with `user`",
        "there is no user \"%s\", so the broker runs as \"" LAST_USER "\", to whom nothing here belongs",
        name);
    return getpwnam(LAST_USER);
}

static void become(struct conf_check *check, const struct passwd *user, const char *name)
{
    if (initgroups(name, user->pw_gid) != 0 || setgid(user->pw_gid) != 0 || setuid(user->pw_uid) != 0)
        SAY(check, FINDING_WARNING, NULL, NULL,
            "cannot become the user %s, so files are looked at as root: %s", name, strerror(errno));
    else
        SAY(check, FINDING_OK, NULL, NULL, "looked at as the user %s, whom the broker becomes", name);
}

static void give_up_root(struct conf_check *check)
{
    const struct conf_setting *setting = conf_find(&check->conf, "user");
    const char *name = setting ? setting->value : BROKER_USER;
    if (geteuid() != 0) {
        const struct passwd *self = getpwuid(geteuid());
        SAY(check, FINDING_NOTE, NULL,
            "As root it is looked at as the user whom the broker becomes: sudo chatctl check",
            "looked at as the user %s", self ? self->pw_name : "?");
    } else if (strcmp(name, "root") == 0) {
        SAY(check, FINDING_WARNING, setting, "Name a user that has nothing else: mosquitto",
            "the broker runs as root: who finds a hole in it has the machine");
    } else {
        const struct passwd *user = find_user(check, setting, name);
        if (user)
            become(check, user, user->pw_name);
    }
}

/* The parts */

static const struct {
    const char *group;
    void (*run)(struct conf_check *check);
} parts[] = {
    {"Settings", check_settings},       {"The chat's options", check_plugin}, {"Files", check_files},
    {"Listeners", check_listeners},     {"Certificates", check_certificates}, {"Limits", check_limits},
    {"Other programs", check_programs},
};

static void run_parts(struct conf_check *check)
{
    check->report.group = parts[0].group;
    check_process(check);
    give_up_root(check);
    check_version(check);
    for (size_t i = 0; i < COUNT(parts); i++) {
        check->report.group = parts[i].group;
        parts[i].run(check);
    }
}

static void check_all(struct conf_check *check)
{
    char fault[BROKER_CONF_FAULT_MAX];
    check->plugin = NO_PLUGIN;
    check->report.group = parts[0].group;
    if (conf_load(&check->conf, check->path, fault) == 0)
        run_parts(check);
    else
        SAY(check, FINDING_ERROR, NULL,
            access(check->path, F_OK) == 0 && geteuid() != 0 ? "Try it as root" : NULL, "%s", fault);
}

/* The command */

struct check_arguments {
    const char *path;
    bool json, strict;
};

static int check_file(const struct check_arguments *arguments)
{
    struct conf_check check = {.path = arguments->path, .was_root = geteuid() == 0};
    check_all(&check);
    bool printed = !check.report.no_memory;
    if (printed && arguments->json)
        printed = report_print_json(&check.report, check.path);
    else if (printed)
        report_print(&check.report, check.path);
    size_t faults = check.report.counts[FINDING_ERROR];
    if (arguments->strict)
        faults += check.report.counts[FINDING_WARNING];
    plugin_options_clear(&check.options);
    conf_unload(&check.conf);
    report_clear(&check.report);
    if (!printed)
        return complain("out of memory");
    int written = finish_output();
    return written == EXIT_DONE && faults > 0 ? EXIT_FAILED : written;
}

int command_check(int argc, char **argv)
{
    static const struct option options[] = {{"json", no_argument, NULL, 'j'},
                                            {"strict", no_argument, NULL, 's'},
                                            {"config", required_argument, NULL, 'c'},
                                            {0}};
    struct check_arguments arguments = {0};
    int option;
    opterr = 0;
    while ((option = getopt_long(argc, argv, ":", options, NULL)) != -1)
        if (option == 'j')
            arguments.json = true;
        else if (option == 's')
            arguments.strict = true;
        else if (option == 'c')
            arguments.path = optarg;
        else
            return complain_usage("check: %s %s", argv[optind - 1],
                                  option == ':' ? "needs a value" : "is not an option");
    if (argc - optind > (arguments.path ? 0 : 1))
        return complain_usage("check: takes one mosquitto.conf");
    if (argc - optind == 1)
        arguments.path = argv[optind];
    if (!arguments.path)
        arguments.path = config_find();
    if (!arguments.path)
        return complain_usage("check: no mosquitto.conf found, so it needs a name");
    return check_file(&arguments);
}
