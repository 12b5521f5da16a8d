/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What may be asked of the server: each command, who may call it, and its fields with types and limits. Plain
 * data from one list, commands.def, for whatever checks, completes or documents a command. Any thread. */
#ifndef ACL_COMMAND_TABLE_H
#define ACL_COMMAND_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "acl/rules.h"

/* The names of all fields, of the three that every command has (AS, COMMAND, CORRELATION_DATA) too. */
#define FIELD_LIST(X)                                                                                        \
    X(ACCEPT, "accept")                                                                                      \
    X(ACTION, "action")                                                                                      \
    X(ADD_OPT, "addOpt")                                                                                     \
    X(AFTER, "after")                                                                                        \
    X(AFTER_TIME, "afterTime")                                                                               \
    X(ALL, "all")                                                                                            \
    X(ALL_MUTED, "allMuted")                                                                                 \
    X(AS, "as")                                                                                              \
    X(BACKGROUND, "background")                                                                              \
    X(BEFORE, "before")                                                                                      \
    X(BEFORE_TIME, "beforeTime")                                                                             \
    X(BUSINESS_ID, "businessID")                                                                             \
    X(C2C_SECONDS, "c2cSeconds")                                                                             \
    X(CHUNK_BYTES, "chunkBytes")                                                                             \
    X(CLIENT_ID, "clientID")                                                                                 \
    X(CODE, "code")                                                                                          \
    X(COMMAND, "command")                                                                                    \
    X(CONTENT_TYPE, "contentType")                                                                           \
    X(CORRELATION_DATA, "correlationData")                                                                   \
    X(CREATE_TIME, "createTime")                                                                             \
    X(DEAD, "dead")                                                                                          \
    X(DELETE, "delete")                                                                                      \
    X(ERROR, "error")                                                                                        \
    X(FACE_URL, "faceURL")                                                                                   \
    X(GROUP, "group")                                                                                        \
    X(GROUP_ID, "groupID")                                                                                   \
    X(GROUP_NAME, "groupName")                                                                               \
    X(GROUP_SECONDS, "groupSeconds")                                                                         \
    X(GROUP_TYPE, "groupType")                                                                               \
    X(ID, "id")                                                                                              \
    X(IDS, "ids")                                                                                            \
    X(IF_VERSION, "ifVersion")                                                                               \
    X(INTRODUCTION, "introduction")                                                                          \
    X(INVALID_TOKEN, "invalidToken")                                                                         \
    X(INVITE_OPT, "inviteOpt")                                                                               \
    X(JOB, "job")                                                                                            \
    X(JOBS, "jobs")                                                                                          \
    X(JOIN_TIME, "joinTime")                                                                                 \
    X(KEEP_MESSAGES, "keepMessages")                                                                         \
    X(KEYS, "keys")                                                                                          \
    X(LIMIT, "limit")                                                                                        \
    X(MEMBERS, "members")                                                                                    \
    X(MESSAGE, "message")                                                                                    \
    X(MESSAGES, "messages")                                                                                  \
    X(MUTED, "muted")                                                                                        \
    X(NAME, "name")                                                                                          \
    X(NAME_CARD, "nameCard")                                                                                 \
    X(NICKNAME, "nickname")                                                                                  \
    X(NOTIFICATION, "notification")                                                                          \
    X(OFFSET, "offset")                                                                                      \
    X(OWNER, "owner")                                                                                        \
    X(PINNED, "pinned")                                                                                      \
    X(PROVIDER, "provider")                                                                                  \
    X(PURGE, "purge")                                                                                        \
    X(READ, "read")                                                                                          \
    X(REASON, "reason")                                                                                      \
    X(RECEIVE_OPTION, "receiveOption")                                                                       \
    X(REFUSED, "refused")                                                                                    \
    X(RETRY_AFTER_SECONDS, "retryAfterSeconds")                                                              \
    X(REVIEW, "review")                                                                                      \
    X(ROLE, "role")                                                                                          \
    X(SECONDS, "seconds")                                                                                    \
    X(SELF_SIGNATURE, "selfSignature")                                                                       \
    X(SENDER, "sender")                                                                                      \
    X(SEQ, "seq")                                                                                            \
    X(SET, "set")                                                                                            \
    X(SHA256, "sha256")                                                                                      \
    X(SILENT, "silent")                                                                                      \
    X(SIZE, "size")                                                                                          \
    X(STATE, "state")                                                                                        \
    X(TEXT, "text")                                                                                          \
    X(TIME, "time")                                                                                          \
    X(TO, "to")                                                                                              \
    X(TOKEN, "token")                                                                                        \
    X(UNCOUNTED, "uncounted")                                                                                \
    X(UNREAD, "unread")                                                                                      \
    X(UPLOAD_ID, "uploadID")                                                                                 \
    X(USER_ID, "userID")                                                                                     \
    X(USER_IDS, "userIDs")                                                                                   \
    X(USER_SIG, "userSig")

enum field_name {
#define X(name, text) FIELD_##name,
    FIELD_LIST(X)
#undef X
        FIELDS
};

enum field_type {
    TYPE_NONE,     /* ends a list of fields */
    TYPE_TEXT,     /* at most `max` bytes */
    TYPE_WORD,     /* one of `words` */
    TYPE_USER_ID,  /* whether there is such a user or not */
    TYPE_GROUP_ID, /* whether there is such a group or not */
    TYPE_NUMBER,   /* whole, min..max */
    TYPE_BOOL,
    TYPE_OBJECT,           /* any */
    TYPE_NAMES,            /* a list of 1..max texts */
    TYPE_NUMBERS,          /* a list of 1..max whole numbers from 1 */
    TYPE_TEXTS,            /* an object whose members are texts */
    TYPE_OBJECTS,          /* a list of at most `max` objects with the fields `of` */
    TYPE_NAMES_OR_OBJECTS, /* a list of 1..max texts, or such objects */
    TYPE_ITEMS,            /* a list of 1..max such objects, which the command's function checks one by one */
    /* What is looked up. */
    TYPE_USER,             /* a user who exists */
    TYPE_GROUP,            /* a group that exists */
    TYPE_CONVERSATION,     /* either `to`, a userID or @system, or `group`: one that the caller may read */
    TYPE_OWN_CONVERSATION, /* the same, and the caller is in it */
    TYPE_ADDRESS           /* either `to`, a userID, or `group`: where a message may go */
};

enum field_need { NEED_OPTIONAL, NEED_REQUIRED, NEED_SOME /* of those with this, one at least */ };

struct command_field {
    enum field_name name; /* of those with two, `to` */
    enum field_type type;
    enum field_need need;
    int64_t min, max;
    int64_t otherwise; /* a number when it is not there */
    const char *words; /* "admin member"; "Private|Work Public": Work is understood for Private */
    const struct command_field *of; /* ended by TYPE_NONE */
    bool filtered;                  /* a text that the word filter looks at */
    bool counted;                   /* numbers: more than `max` are too many (10005), not a wrong request */
    bool admins;                    /* only app admins may give it */
    bool guarded;                   /* who gives it must have the right to `action` in the group */
    enum action action;
};

#define ANY_LENGTH         INT64_MAX
#define COMMAND_FIELDS_MAX 14 /* with the end */

enum command_caller {
    CALLER_EVERYONE,
    CALLER_ADMINS,
    CALLER_DEVICES,  /* everyone, for the connection that it comes on: not with `as` */
    CALLER_UPLOADERS /* the same, where there is a media_dir */
};

/* With `sent_after committed`: when is it answered? */
enum command_answer {
    ANSWER_WHEN_SAFE, /* when everything before is in the database: it may have changed something */
    ANSWER_AT_ONCE    /* it changes nothing that is stored, or ends the connection */
};

/* The rows have the order of commands.def. */
struct command_row {
    const char *name;
    enum command_caller caller;
    enum command_answer answer;
    struct command_field fields[COMMAND_FIELDS_MAX]; /* ended by TYPE_NONE */
};

enum command_number {
#define COMMAND(function, ...) COMMAND_##function,
#include "acl/commands.def"
#undef COMMAND
    COMMANDS
};
extern const struct command_row command_rows[COMMANDS];

/* NULL: there is no command of that name. */
const struct command_row *command_row_find(const char *name);

/* "groupID". */
const char *field_name(enum field_name name);

#endif
