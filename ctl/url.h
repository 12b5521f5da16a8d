/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* mqtt[s]://[USER[:PASSWORD]@]HOST[:PORT][/TOPIC], which mosquitto_pub -L takes. */
#ifndef CTL_URL_H
#define CTL_URL_H

#include <stdbool.h>

struct url {
    const char *host, *port;     /* there is always a port */
    const char *user, *password; /* NULL: none */
    bool tls;
};

/* Takes `text` to pieces, which `url` points to: it is written to. A topic is dropped. Returns what is wrong, or NULL. */
const char *url_split(char *text, struct url *url);

#endif
