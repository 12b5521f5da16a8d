/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The callbacks that there are, by Tencent's names. Pure. */
#ifndef GATE_HOOK_CALLBACKS_H
#define GATE_HOOK_CALLBACKS_H

#include <stdbool.h>
#include <stddef.h>

enum callback {
    CALLBACK_STATE_CHANGE,
    CALLBACK_AFTER_C2C_SEND,
    CALLBACK_AFTER_C2C_REPORT,
    CALLBACK_AFTER_C2C_WITHDRAW,
    CALLBACK_AFTER_GROUP_SEND,
    CALLBACK_AFTER_GROUP_RECALL,
    CALLBACK_AFTER_CREATE_GROUP,
    CALLBACK_AFTER_JOIN,
    CALLBACK_AFTER_EXIT,
    CALLBACK_AFTER_FULL,
    CALLBACK_AFTER_DESTROYED,
    CALLBACK_AFTER_INFO,
    CALLBACK_MEMBER_STATE,
    CALLBACK_SEND_EXCEPTION,
    CALLBACK_PORTRAIT_SET,
    CALLBACK_BLACKLIST_ADD,
    CALLBACK_BLACKLIST_DELETE,
    CALLBACK_BEFORE_C2C_SEND, /* from here on: those whose answer decides */
    CALLBACK_BEFORE_GROUP_SEND,
    CALLBACK_BEFORE_CREATE_GROUP,
    CALLBACK_BEFORE_APPLY_JOIN,
    CALLBACK_BEFORE_INVITE_JOIN,
    CALLBACK_COUNT
};

const char *callback_name(enum callback callback);
/* CALLBACK_COUNT: there is none of this name (`len` bytes). */
enum callback callback_named(const char *name, size_t len);
bool callback_decides(enum callback callback);

#endif
