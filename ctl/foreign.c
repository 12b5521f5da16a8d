/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "ctl/foreign.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "lib/basics.h"

#define OURS   "leave it out: it is always the right one for a chat"
#define NO_PSK "there is no TLS by a shared key here: use --cafile, --capath or --tls-use-os-certs"
#define NO_TLS                                                                                               \
    "is not possible here: what TLS has to be, the listener's tls_version and ciphers in mosquitto.conf say"
#define NO_PROXY "there are no proxies here"

static const struct {
    const char *word;
    bool matters;
    const char *why;
} foreign[] = {
    {"-A", true, "no address to connect from can be chosen here"},
    {"--ciphers", true, NO_TLS},
    {"-d", false, "leave it out"},
    {"--debug", false, "leave it out"},
    {"-i", false, OURS},
    {"--id", false, OURS},
    {"-k", false, OURS},
    {"--keepalive", false, OURS},
    {"--keyform", true, NO_TLS},
    {"--proxy", true, NO_PROXY},
    {"--psk", true, NO_PSK},
    {"--psk-identity", true, NO_PSK},
    {"-q", false, OURS},
    {"--qos", false, OURS},
    {"--quiet", false, "leave it out"},
    {"--tls-alpn", true, NO_TLS},
    {"--tls-engine", true, NO_TLS},
    {"--tls-engine-kpass-sha1", true, NO_TLS},
    {"--tls-version", true, NO_TLS},
    {"-V", false, OURS},
    {"--protocol-version", false, OURS},
};

static const char *look_up(const char *word, bool all)
{
    for (size_t i = 0; i < COUNT(foreign); i++)
        if (strcmp(foreign[i].word, word) == 0 && (all || foreign[i].matters))
            return foreign[i].why;
    return NULL;
}

const char *foreign_option(const char *word)
{
    return look_up(word, true);
}

const char *foreign_option_that_matters(const char *word)
{
    return look_up(word, false);
}
