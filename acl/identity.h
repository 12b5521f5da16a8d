/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Shapes of names: userID, groupID, client id. Pure: no memory, no broker, any thread. */
#ifndef ACL_IDENTITY_H
#define ACL_IDENTITY_H

#include <stdbool.h>
#include <stddef.h>

#define USER_ID_MAX     32
#define GROUP_ID_MAX    48
#define DEVICE_PART_MAX 64
#define CLIENT_ID_MAX   160

#define SYSTEM_USER "@system" /* the sender of notices; no userID can look like it */

enum platform {
    PLATFORM_OTHER,
    PLATFORM_IOS,
    PLATFORM_IPAD,
    PLATFORM_ANDROID,
    PLATFORM_WINDOWS,
    PLATFORM_MAC,
    PLATFORM_LINUX,
    PLATFORM_WEB,
    PLATFORM_MINI,
    PLATFORM_IOT
};

/* 1..32 bytes [A-Za-z0-9_][A-Za-z0-9_.@-]* ; text need not end in NUL. */
bool user_id_valid(const char *text, size_t len);
/* 1..48 bytes of the same shape. */
bool group_id_valid(const char *text, size_t len);
/* A groupID that Tencent IM has made, "@TGS#X", cannot be a topic: "TGS-X" takes its place, here as everywhere. All
 * else stays as it is. Ends in NUL. */
void group_id_translate(char *text);
/* And back, for those who know Tencent's. */
void group_id_print_foreign(char out[GROUP_ID_MAX + 3], const char *id);
/* "ios", "web", ..., in small or capital letters; what is not known is "other" and PLATFORM_OTHER. */
enum platform platform_parse(const char *text, size_t len);
const char *platform_name(enum platform platform);

enum client_id_kind {
    CLIENT_ID_OWN,    /* "user", "user:platform", "user:platform:device" of the user who logs in */
    CLIENT_ID_NAMED,  /* no colon: a library's or the broker's name; whose it is must be looked up (see
                         client_id_parse) */
    CLIENT_ID_FOREIGN /* everything else: refuse */
};

/* Sorts a client id as seen from userID `user`. `platform` is set for CLIENT_ID_OWN (PLATFORM_OTHER when
 * absent) and PLATFORM_OTHER otherwise. A CLIENT_ID_NAMED one may still be somebody else's userID: the caller
 * looks that up. Control characters, an id longer than 160 bytes, "user:" with an empty platform, an empty or
 * malformed device part (1..64 bytes [A-Za-z0-9_.-]) are CLIENT_ID_FOREIGN. The platform part is 1..32 bytes
 * of [A-Za-z0-9_.-]. */
enum client_id_kind client_id_parse(const char *client_id, const char *user, enum platform *platform);

/* True for ids as the broker assigns them: anything, then an upper-case UUID (8-4-4-4-12 hex digits). */
bool client_id_assigned(const char *client_id);

#endif
