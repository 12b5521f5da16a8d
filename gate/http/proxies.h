/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Which servers in front are believed when they say for whom they ask (X-Forwarded-For). Pure. */
#ifndef GATE_HTTP_PROXIES_H
#define GATE_HTTP_PROXIES_H

#include <stdbool.h>
#include <stddef.h>

#define PROXIES_MAX 32
#define ADDRESS_MAX 46 /* bytes of one as a text, with the NUL */

/* In all, an IPv4 address is the IPv6 one that stands for it. */
struct proxies {
    size_t count;
    struct {
        unsigned char address[16];
        unsigned bits; /* that count */
    } list[PROXIES_MAX];
};

/* Addresses, or networks like 10.0.0.0/8, with blanks or commas between. false: it is no such list. */
__attribute__((warn_unused_result)) bool proxies_read(struct proxies *proxies, const char *text);

/* Goes back along one X-Forwarded-For, from its end, for as long as `address`, which is changed, is one of a proxy's. Of
 * several headers the last comes first. false: it is no use to look into an earlier one. */
bool proxies_go_back(const struct proxies *proxies, const char *forwarded, char address[ADDRESS_MAX]);

#endif
