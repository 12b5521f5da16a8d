/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* chatgate.conf: the sections [broker], [http], [rest], [files] and [callback]. docs/gate.md lists the options. */
#ifndef GATE_CONFIG_H
#define GATE_CONFIG_H

#include "gate/hook/hook_config.h"
#include "gate/http/server.h"
#include "gate/rest/rest.h"
#include "lib/daemon/conf.h"
#include "lib/daemon/link.h"

struct files_config {
    char *media_dir, *web_dir; /* NULL: not served */
    char *web_broker;          /* what the page is told of the broker; NULL: its folder has a config.json */
};

struct gate_config {
    struct link_config broker;
    struct server_config http;
    struct rest_config rest;
    struct files_config files;
    struct hook_config hooks;
    struct conf conf; /* conf.error: what gate_config_read has found wrong */
};

/* Reads `path`. An unknown section or option, an option twice, a value out of range, a missing one: refused, with a
 * sentence in config->conf.error. Returns 0 or -1; gate_config_clear in both cases. */
__attribute__((warn_unused_result)) int gate_config_read(struct gate_config *config, const char *path);
/* For a reload: the two differ in these options, as conf_carry says it; of those that count at a start only `after` gets
 * what `before` has. -1: out of memory. */
__attribute__((warn_unused_result)) int gate_config_carry(const struct gate_config *before,
                                                          struct gate_config *after, FILE *report);
void gate_config_clear(struct gate_config *config);

#endif
