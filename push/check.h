/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What an operator wants to know before the daemon runs. Lines to stdout; exit codes are returned. */
#ifndef PUSH_CHECK_H
#define PUSH_CHECK_H

#include "push/config.h"

/* Configuration, keys, the login to the broker, and each provider: with a token that no device has, or, for a
 * web hook, a HEAD request. Takes no jobs. */
int check_all(const struct push_config *config);

/* Sends one notification. `section` is that of the configuration: "apns:com.example.app". */
int check_send(const struct push_config *config, const char *section, const char *token);

#endif
