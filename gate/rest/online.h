/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* openim: who is online. A row of the table in messages.c. */
#ifndef GATE_REST_ONLINE_H
#define GATE_REST_ONLINE_H

#include "gate/rest/call.h"

extern const struct rest_field status_fields[];
call_step ask_status;

#endif
