/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Tencent's services, a file and a table of commands each. */
#ifndef GATE_REST_SERVICES_H
#define GATE_REST_SERVICES_H

#include "gate/rest/call.h"

extern const struct rest_service service_account;    /* im_open_login_svc */
extern const struct rest_service service_message;    /* openim */
extern const struct rest_service service_group;      /* group_open_http_svc */
extern const struct rest_service service_attributes; /* group_open_attr_http_svc */
extern const struct rest_service service_profile;
extern const struct rest_service service_sns;
extern const struct rest_service service_recent;   /* recentcontact */
extern const struct rest_service service_mute;     /* openconfigsvr */
extern const struct rest_service service_push_all; /* all_member_push */

#endif
