/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The server's stamp in front of a client's own bytes. Pure: no broker, no clock, any thread. */
#ifndef PLUGIN_PAYLOAD_STAMP_H
#define PLUGIN_PAYLOAD_STAMP_H

#include "acl/identity.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The server's part. id 0: no id. seq < 0: no seq. Exactly one of `to` and `group` is not NULL. */
struct stamp {
    int64_t id, seq, time;
    const char *sender, *to, *group;
};
#define STAMP_MAX 320

/* Writes `{"id":1,"seq":2,"sender":"a","to":"b","time":3,` (the order of PROTOCOL: id seq sender to|group
 * time), without NUL, into buf of at least STAMP_MAX bytes; the body follows it. Names are of valid shape and
 * need no escaping; sender may be "@system". Returns the length. */
size_t stamp_write(char *buf, const struct stamp *stamp);

/* What a stamp says about where its message belongs. */
struct stamp_place {
    int64_t id; /* 0: none */
    char sender[GROUP_ID_MAX + 1];
    bool group; /* `to` is a group, else a user */
    char to[GROUP_ID_MAX + 1];
};

/* Reads what stamp_write has written, at the beginning of the text. false: it does not begin like that. */
bool stamp_read(const char *text, size_t len, struct stamp_place *out);
/* How long such a stamp is: the body begins there. 0: it does not begin like that. */
size_t stamp_len(const char *text, size_t len);

#endif
