/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "ctl/url.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

/* Cuts at the character: what is behind it, or NULL. */
static char *cut(char *at)
{
    if (!at)
        return NULL;
    *at = '\0';
    return at + 1;
}

/* What is behind the scheme, or NULL. */
static char *split_scheme(char *text, struct url *url)
{
    static const char plain[] = "mqtt://", tls[] = "mqtts://";
    url->tls = strncasecmp(text, tls, strlen(tls)) == 0;
    url->port = url->tls ? "8883" : "1883";
    if (url->tls)
        return text + strlen(tls);
    return strncasecmp(text, plain, strlen(plain)) == 0 ? text + strlen(plain) : NULL;
}

/* What is behind the user. A userID may have an "@". */
static char *split_user(char *text, struct url *url)
{
    char *host = cut(strrchr(text, '@'));
    if (!host)
        return text;
    url->user = text;
    url->password = cut(strchr(text, ':'));
    return host;
}

/* "[::1]:1883" */
static char *split_brackets(char *text, struct url *url)
{
    char *end = strchr(text, ']');
    url->host = text + 1;
    return end ? cut(end) : NULL;
}

const char *url_split(char *text, struct url *url)
{
    *url = (struct url){0};
    char *rest = split_scheme(text, url);
    if (!rest)
        return "a URL begins with mqtt:// or mqtts://";
    cut(strchr(rest, '/'));
    rest = split_user(rest, url);
    url->host = rest;
    if (*rest == '[' && !(rest = split_brackets(rest, url)))
        return "the ] of the URL's address is missing";
    char *port = cut(strchr(rest, ':'));
    if (port)
        url->port = port;
    if (!*url->host)
        return "the URL has no host";
    return NULL;
}
