/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The codes a user can see, in one list: Tencent IM's numbers, our words. 0 is success everywhere. */
#ifndef ACL_CODE_H
#define ACL_CODE_H

#define CODE_LIST(X)                                                                                         \
    X(OK, 0, "ok")                                                                                           \
    X(SIG_EXPIRED, 70001, "the userSig has expired")                                                         \
    X(SIG_EMPTY, 70002, "the userSig is empty")                                                              \
    X(SIG_MALFORMED, 70003, "the password is not a userSig")                                                 \
    X(SIG_WRONG_KEY, 70009, "the userSig was made with another key")                                         \
    X(SIG_OTHER_USER, 70013, "the userSig belongs to another userID")                                        \
    X(SIG_OTHER_APP, 70014, "the userSig belongs to another sdkappid")                                       \
    X(BANNED, 70051, "the user is banned by an administrator")                                               \
    X(SIG_REVOKED, 70052, "the userSig was made before an admin ended it")                                   \
    X(DISPLACED, 6208, "another device of the user has just taken this one's place: wait, longer each time") \
    X(BAD_USER_ID, 7003, "the userID is not valid")                                                          \
    X(BAD_CLIENT_ID, 7004, "the client id does not belong to the userID")                                    \
    X(BUSY, 10002, "the server is busy, try again")                                                          \
    X(BAD_REQUEST, 10004, "the request is not valid")                                                        \
    X(TOO_MANY_MEMBERS, 10005, "too many members in one request")                                            \
    X(NOT_ALLOWED, 10007, "not allowed")                                                                     \
    X(OWNER_CANNOT_QUIT, 10009, "the owner cannot quit this group")                                          \
    X(NO_GROUP, 10010, "the group does not exist")                                                           \
    X(ALREADY_MEMBER, 10013, "already a member")                                                             \
    X(GROUP_FULL, 10014, "the group is full")                                                                \
    X(BAD_GROUP_ID, 10015, "the groupID is not valid")                                                       \
    X(GROUP_REFUSED, 10016, "refused by a reviewer")                                                         \
    X(MUTED, 10017, "muted in this group")                                                                   \
    X(GROUP_ID_TAKEN, 10021, "the groupID is taken")                                                         \
    X(TOO_FAST, 10023, "too much in too short a time")                                                       \
    X(APPLICATION_HANDLED, 10024, "the application has been handled already")                                \
    X(GROUP_ID_YOURS, 10025, "the groupID is taken by a group of yours")                                     \
    X(UNKNOWN_COMMAND, 10026, "the command is not known")                                                    \
    X(NO_GROUP_MESSAGE, 10030, "the message does not exist")                                                 \
    X(RECALL_TOO_LATE, 10031, "too late")                                                                    \
    X(LIVE_NOT_RECALLED, 10033, "messages of a live group stay as they are")                                 \
    X(TOO_MANY_GROUPS, 10037, "the user is in too many groups")                                              \
    X(TOO_MANY_ATTRIBUTES, 10045, "too many attributes")                                                     \
    X(ATTRIBUTE_KEY_TOO_LONG, 10046, "the key of an attribute is too long")                                  \
    X(ATTRIBUTE_TOO_LONG, 10047, "the value of an attribute is too long")                                    \
    X(ATTRIBUTES_TOO_LONG, 10048, "the attributes are too long together")                                    \
    X(TOO_MANY_AT, 10053, "too many users in at")                                                            \
    X(ATTRIBUTES_CHANGED, 10056, "the attributes have another version")                                      \
    X(NO_RECEIPTS, 10060, "this group has no read receipts")                                                 \
    X(NO_USER, 20003, "the user does not exist")                                                             \
    X(REFUSED, 20006, "refused by a reviewer")                                                               \
    X(BLACKLISTED, 20007, "the recipient does not accept messages from the sender")                          \
    X(SENDER_MUTED, 20012, "muted by an administrator")                                                      \
    X(C2C_RECALL_TOO_LATE, 20016, "too late")                                                                \
    X(NO_MESSAGE, 20022, "the message does not exist")                                                       \
    X(ALREADY_RECALLED, 20023, "the message has been recalled already")                                      \
    X(NOT_ADMIN, 60010, "only for administrators")                                                           \
    X(WORD, 80001, "a word in it is not allowed")                                                            \
    X(BAD_MESSAGE, 90002, "the message is not valid")                                                        \
    X(RESERVED_MEMBER, 90010, "the message has a member that only the server may set")                       \
    X(TOO_LONG, 93000, "the message is too long")

/* What a reviewer may refuse with, besides REFUSED and GROUP_REFUSED: Tencent's codes of callbacks. */
#define REVIEW_CODE_MIN       120001
#define REVIEW_CODE_MAX       130000
#define GROUP_REVIEW_CODE_MIN 10100
#define GROUP_REVIEW_CODE_MAX 10200

enum code {
#define X(name, number, text) CODE_##name = number,
    CODE_LIST(X)
#undef X
};

/* The sentence for a code; "unknown code" for a number that is not in the list. Never NULL, never to be
 * freed. */
const char *code_text(int code);

#endif
