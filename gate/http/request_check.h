/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Is it a proper request? Two readers of a request that is not may see two different ones: a proxy in front and we.
 * libmicrohttpd lets some through (0.9.75: two Content-Lengths, Content-Length with Transfer-Encoding, a blank before
 * the colon, two Hosts, a path cut at %00). Pure but for the connection that is read. */
#ifndef GATE_HTTP_REQUEST_CHECK_H
#define GATE_HTTP_REQUEST_CHECK_H

#include <microhttpd.h>

/* NULL, or what is wrong with it (RFC 9112, section 3.2, 5.1, 6.1, 6.3). */
const char *request_fault(struct MHD_Connection *connection);
/* The path of a request target, which may have a query, with percent signs resolved: malloc'ed; NULL: it is none
 * (RFC 9112, section 3.2.1), has a control character or is no UTF-8, or memory is out. */
char *request_path(const char *target);

#endif
