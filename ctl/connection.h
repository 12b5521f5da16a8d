/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Where to connect, and as whom: what the options say, and what of a mosquitto.conf fills their gaps. */
#ifndef CTL_CONNECTION_H
#define CTL_CONNECTION_H

#include "ctl/options.h"
#include "lib/daemon/link.h"

/* Reads mosquitto.conf, unless there is a userSig, and makes one. Borrows nothing. Returns an exit code; what went
 * wrong has been said. connection_clear in either case. */
__attribute__((warn_unused_result)) int options_connection(const struct call_options *options,
                                                           struct link_config *out);
void connection_clear(struct link_config *config);

/* "broker HOST:PORT: WHY" and `more` on stderr. Returns EXIT_NO_BROKER. */
int complain_of_broker(const struct link_config *config, const char *why, const char *more);

#endif
