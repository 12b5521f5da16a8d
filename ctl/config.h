/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Where chatctl learns the sdkappid and the keys, and who and where the broker is: from mosquitto.conf, or from
 * the command line. */
#ifndef CTL_CONFIG_H
#define CTL_CONFIG_H

#include <stdint.h>

#include "lib/keys.h"

/* What the command line says; NULL where it says nothing. */
struct config_source {
    const char *file;     /* --config */
    const char *key_file; /* --key-file */
    const char *sdkappid; /* --sdkappid */
};

struct ctl_config {
    int64_t sdkappid;
    struct keys keys;
    char *admin; /* the first of plugin_opt_admins; NULL: none, or no mosquitto.conf was read */
    int64_t
        port; /* of its first listener that is neither WebSockets nor TLS nor a socket file; 0: there is none */
};

/* The mosquitto.conf that is meant where none is named: $CHAT_CONFIG, or the first that is there of ./run/mosquitto.conf and
 * /etc/mosquitto/mosquitto.conf. NULL: there is none. Borrowed. */
const char *config_find(void);

/* Without --config and --key-file the file is that of config_find. Its plugin_opt_sdkappid and
 * plugin_opt_secret_key_file are read, there or in a file of its include_dir. Returns an exit code; what went
 * wrong has been said. */
__attribute__((warn_unused_result)) int config_load(struct ctl_config *config,
                                                    const struct config_source *source);
/* Overwrites the keys, too. After config_load, whatever it has returned. */
void config_clear(struct ctl_config *config);

/* Where a broker's files are; malloc'ed. */
struct ctl_paths {
    char *database, *ring_file;
};

/* Of the --config `file`, NULL: as above. Returns an exit code; what went wrong has been said. paths_clear in either case. */
__attribute__((warn_unused_result)) int config_paths(struct ctl_paths *paths, const char *file);
void paths_clear(struct ctl_paths *paths);

#endif
