/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Codes: the broker's (acl/code.h) are Tencent's, but for what has another number in each of its services. Pure
 * tables. */
#ifndef GATE_REST_CODES_H
#define GATE_REST_CODES_H

/* Services whose codes are alike. */
enum rest_family {
    FAMILY_ACCOUNT,
    FAMILY_MESSAGE,
    FAMILY_GROUP,
    FAMILY_PROFILE,
    FAMILY_SNS,
    FAMILY_RECENT,
    FAMILY_MUTE
};

/* Of the frame of a request. */
#define REST_NOT_JSON    60003
#define REST_SDKAPPID    60006
#define REST_TOO_FAST    60007
#define REST_LOST        60008 /* the broker is away, or says nothing */
#define REST_NO_COMMAND  60009
#define REST_NOT_ADMIN   60010
#define REST_NO_SDKAPPID 60012
#define REST_TOO_LONG    80002

/* The broker's code, or ASK_LOST, as this service gives it. */
int rest_code(enum rest_family family, int code);
/* When a field is missing or wrong. */
int rest_field_code(enum rest_family family);
/* When memory is out. */
int rest_internal_code(enum rest_family family);

#endif
