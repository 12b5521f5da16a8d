/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The section [callback] of chatgate.conf. */
#ifndef GATE_HOOK_HOOK_CONFIG_H
#define GATE_HOOK_HOOK_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "gate/hook/callbacks.h"
#include "lib/daemon/conf.h"

struct hook_config {
    char *url; /* NULL: there are no hooks */
    char *token_file, *secret_file, *ca_file;
    char *commands; /* names with blanks between; NULL: all */
    char *before_default, *allow_http;
    int64_t timeout_seconds, retry;
};

extern const struct conf_option hook_options[];

/* NULL, or what is wrong with its texts. Opens no file. */
const char *hook_config_fault(const struct hook_config *config);
/* Is this callback called? Without a URL none is. */
bool hook_config_has(const struct hook_config *config, enum callback callback);
/* Is any of those called whose answer decides, or any other? */
bool hook_config_has_before(const struct hook_config *config);
bool hook_config_has_after(const struct hook_config *config);

#endif
