/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The limits of what a request says, to be laid beside docs/protocol.md, section 12. Those of names are in
 * identity.h. */
#ifndef ACL_LIMITS_H
#define ACL_LIMITS_H

/* Texts, in bytes of UTF-8, without a NUL. */
#define BUSINESS_ID_MAX        64
#define CONTENT_TYPE_MAX       255
#define FACE_URL_MAX           100
#define FILE_NAME_MAX          255
#define GROUP_FACE_URL_MAX     100
#define GROUP_INTRODUCTION_MAX 240
#define GROUP_NAME_MAX         30
#define GROUP_NOTIFICATION_MAX 300
#define NAME_CARD_MAX          50
#define NICKNAME_MAX           64
#define REASON_MAX             256 /* of a join, a kick, a decision, a recall */
#define SELF_SIGNATURE_MAX     500
#define TOKEN_MAX              4096

/* What is attached to a group. Texts, too: a key, a value, and all of both together. */
#define ATTRIBUTE_KEY_MAX    32
#define ATTRIBUTE_VALUE_MAX  4000
#define ATTRIBUTES_BYTES_MAX 16000
#define ATTRIBUTES_MAX       16 /* keys */

/* Ids of messages, positions and numbers of jobs: 2^53 - 1, what JSON carries exactly. */
#define ID_MAX 9007199254740991

/* Groups that one user makes in a day (of UTC): as many as nobody makes by hand. */
#define GROUPS_PER_DAY 100

/* Connections at a time of one user who is no administrator. */
#define CONNECTIONS_MAX 50
#define LIVE_MAX        1000 /* live groups that a connection has joined */
#define RECEIPT_MEMBERS 200  /* of a group that has read receipts */
#define BANS_MAX        2000 /* of a group, at the same time */

/* Of an upload: bytes of a chunk, and how many may be open. */
#define CHUNK_BYTES_MIN    1024
#define CHUNK_BYTES_MAX    262144
#define DEVICE_UPLOADS_MAX 4

/* How often one message may be edited: all of it goes with a recall. */
#define EDITS_MAX 100

/* How many there may be in one command. */
#define CANDIDATES_MAX   100 /* members to be */
#define BANS_PAGE_MAX    500
#define DELETE_MAX       100 /* messages */
#define EVERY_PAGE_MAX   500 /* of all users, or of all groups */
#define IMPORT_MAX       100 /* messages */
#define JOBS_MAX         500
#define MEMBERS_PAGE_MAX 500
#define PUSH_PAGE_MAX    100 /* push jobs in an answer: the same as USERS_MAX */
#define RECEIPTS_MAX     30  /* messages */
#define USERS_MAX        100 /* an answer about so many is just less than the 400 KiB of control.c */
#define WATCHED_MAX      200 /* and by one session */

#endif
