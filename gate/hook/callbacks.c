/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "gate/hook/callbacks.h"

#include <string.h>

static const char *const names[CALLBACK_COUNT] = {
    [CALLBACK_STATE_CHANGE] = "State.StateChange",
    [CALLBACK_AFTER_C2C_SEND] = "C2C.CallbackAfterSendMsg",
    [CALLBACK_AFTER_C2C_REPORT] = "C2C.CallbackAfterMsgReport",
    [CALLBACK_AFTER_C2C_WITHDRAW] = "C2C.CallbackAfterMsgWithDraw",
    [CALLBACK_AFTER_GROUP_SEND] = "Group.CallbackAfterSendMsg",
    [CALLBACK_AFTER_GROUP_RECALL] = "Group.CallbackAfterRecallMsg",
    [CALLBACK_AFTER_CREATE_GROUP] = "Group.CallbackAfterCreateGroup",
    [CALLBACK_AFTER_JOIN] = "Group.CallbackAfterNewMemberJoin",
    [CALLBACK_AFTER_EXIT] = "Group.CallbackAfterMemberExit",
    [CALLBACK_AFTER_FULL] = "Group.CallbackAfterGroupFull",
    [CALLBACK_AFTER_DESTROYED] = "Group.CallbackAfterGroupDestroyed",
    [CALLBACK_AFTER_INFO] = "Group.CallbackAfterGroupInfoChanged",
    [CALLBACK_MEMBER_STATE] = "Group.CallbackOnMemberStateChange",
    [CALLBACK_SEND_EXCEPTION] = "Group.CallbackSendMsgException",
    [CALLBACK_PORTRAIT_SET] = "Profile.CallbackPortraitSet",
    [CALLBACK_BLACKLIST_ADD] = "Sns.CallbackBlackListAdd",
    [CALLBACK_BLACKLIST_DELETE] = "Sns.CallbackBlackListDelete",
    [CALLBACK_BEFORE_C2C_SEND] = "C2C.CallbackBeforeSendMsg",
    [CALLBACK_BEFORE_GROUP_SEND] = "Group.CallbackBeforeSendMsg",
    [CALLBACK_BEFORE_CREATE_GROUP] = "Group.CallbackBeforeCreateGroup",
    [CALLBACK_BEFORE_APPLY_JOIN] = "Group.CallbackBeforeApplyJoinGroup",
    [CALLBACK_BEFORE_INVITE_JOIN] = "Group.CallbackBeforeInviteJoinGroup",
};

const char *callback_name(enum callback callback)
{
    return names[callback];
}

enum callback callback_named(const char *name, size_t len)
{
    int i = 0;
    while (i < CALLBACK_COUNT && (strlen(names[i]) != len || strncmp(names[i], name, len) != 0))
        i++;
    return (enum callback)i;
}

bool callback_decides(enum callback callback)
{
    return callback >= CALLBACK_BEFORE_C2C_SEND;
}
