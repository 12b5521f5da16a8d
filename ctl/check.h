/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* chatctl check: what all its parts look at, and what each is about. A part reads the configuration and says what it finds to the
 * report. All of them run as the broker's user, like the broker, which gives up root as soon as it has read its configuration. */
#ifndef CTL_CHECK_H
#define CTL_CHECK_H

#include <sys/types.h>

#include "ctl/check_conf.h"
#include "ctl/check_report.h"
#include "lib/plugin_options.h"

#define OWNERS_MAX 32

/* Who listens on a port of the configuration. */
struct port_owner {
    int port;
    pid_t pid; /* 0: nobody, or it cannot be seen */
    char name[32];
};

struct conf_check {
    struct check_report report;
    struct check_conf conf;
    const char *path;              /* of the configuration */
    bool was_root;                 /* so that it is looked at as the broker's user */
    int plugin;                    /* ours among the plugins of the configuration; NO_PLUGIN */
    struct plugin_options options; /* what of ours is right; all of it when `options_good` */
    bool options_good;
    pid_t pid;            /* of the broker that runs with this configuration; 0: none is seen */
    int version;          /* of the broker: 2000 for 2.0, 2001 for 2.1; 0: not known */
    int64_t files;        /* that it may have open; 0: not known */
    const char *files_by; /* who says so */
    struct port_owner owners[OWNERS_MAX];
    size_t owner_count;
};

/* The setting that gives the option of ours; NULL: it is not given. */
const struct conf_setting *check_option(const struct conf_check *check, const char *name);

/* The brokers and ports of this machine: while still root, who sees more. */
void check_process(struct conf_check *check);
/* ... and the version of the broker, which tells it itself: not as root. */
void check_version(struct conf_check *check);

void check_settings(struct conf_check *check);  /* what Mosquitto refuses to read */
void check_plugin(struct conf_check *check);    /* that it is loaded, and its options */
void check_files(struct conf_check *check);     /* keys, database, ring, folders, room on the disk */
void check_listeners(struct conf_check *check); /* addresses, ports, encryption, connections */
void check_certificates(
    struct conf_check *check);                 /* whether they can be read, belong together, and until when */
void check_limits(struct conf_check *check);   /* what of Mosquitto's own settings bites a chat */
void check_programs(struct conf_check *check); /* that chatgate and chatpushd have a check of their own */

/* Says whether the process may use the file or folder, `mode` as access(2) has it; and, where not, on which folder of its path
 * that fails. `what` is what it is for. */
bool check_access(struct conf_check *check, struct finding_place place, const char *what, const char *path,
                  int mode);

#endif
