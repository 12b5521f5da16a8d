/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* openim: private messages of the past, and what of them has been read. Rows of the table in messages.c. */
#ifndef GATE_REST_ROAMING_H
#define GATE_REST_ROAMING_H

#include "gate/rest/call.h"

extern const struct rest_field roam_fields[], read_fields[], unread_fields[];
call_step roam, read_up_to, count_unread;

#endif
