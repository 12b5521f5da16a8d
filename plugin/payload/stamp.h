/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The server's stamp in front of a client's own bytes. Pure: no broker, no clock, any thread. */
#ifndef PLUGIN_PAYLOAD_STAMP_H
#define PLUGIN_PAYLOAD_STAMP_H

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

#endif
