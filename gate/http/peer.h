/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Who is at the other end of a connection. */
#ifndef GATE_HTTP_PEER_H
#define GATE_HTTP_PEER_H

#include <microhttpd.h>
#include <stdbool.h>

#include "gate/http/proxies.h"

/* -1: it has none any more. */
int peer_socket(struct MHD_Connection *connection);
/* The address that connected, or the one that a trusted proxy says it asks for; "-" when it has gone. */
void peer_address(struct MHD_Connection *connection, const struct proxies *proxies, char out[ADDRESS_MAX]);
/* Has it closed its side? */
bool peer_is_gone(struct MHD_Connection *connection);

#endif
