/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "gate/http/proxies.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BETWEEN ", \t"

static const unsigned char v4_prefix[12] = {[10] = 0xff, [11] = 0xff};

/* *bits: of an address of this kind. */
static bool read_address(const char *text, unsigned char out[16], unsigned *bits)
{
    const bool v4 = inet_pton(AF_INET, text, out + sizeof v4_prefix) == 1;
    if (!v4 && inet_pton(AF_INET6, text, out) != 1)
        return false;
    if (v4)
        memcpy(out, v4_prefix, sizeof v4_prefix);
    *bits = v4 ? 32 : 128;
    return true;
}

static void print_address(const unsigned char address[16], char out[ADDRESS_MAX])
{
    if (memcmp(address, v4_prefix, sizeof v4_prefix) == 0)
        (void)inet_ntop(AF_INET, address + sizeof v4_prefix, out, ADDRESS_MAX);
    else
        (void)inet_ntop(AF_INET6, address, out, ADDRESS_MAX);
}

static bool read_network(struct proxies *proxies, char *text)
{
    char *slash = strchr(text, '/');
    unsigned bits;
    if (slash)
        *slash = '\0';
    if (proxies->count == PROXIES_MAX || !read_address(text, proxies->list[proxies->count].address, &bits))
        return false;
    unsigned own = bits;
    if (slash && (sscanf(slash + 1, "%3u", &own) != 1 || own > bits ||
                  slash[1 + strspn(slash + 1, "0123456789")] != '\0'))
        return false;
    proxies->list[proxies->count++].bits = 128 - bits + own;
    return true;
}

bool proxies_read(struct proxies *proxies, const char *text)
{
    char *copy = strdup(text), *rest = copy, *word;
    *proxies = (struct proxies){0};
    bool good = copy != NULL;
    while (good && (word = strtok_r(rest, BETWEEN, &rest)))
        good = read_network(proxies, word);
    free(copy);
    return good;
}

static bool has_prefix(const unsigned char address[16], const unsigned char network[16], unsigned bits)
{
    const unsigned whole = bits / 8, more = bits % 8;
    if (memcmp(address, network, whole) != 0)
        return false;
    return more == 0 || (address[whole] ^ network[whole]) >> (8 - more) == 0;
}

static bool is_proxy(const struct proxies *proxies, const char *text)
{
    unsigned char address[16];
    unsigned bits;
    if (!read_address(text, address, &bits))
        return false;
    for (size_t i = 0; i < proxies->count; i++)
        if (has_prefix(address, proxies->list[i].address, proxies->list[i].bits))
            return true;
    return false;
}

/* One entry: an address, perhaps with a port. */
static bool read_entry(const char *start, size_t len, char out[ADDRESS_MAX])
{
    char text[ADDRESS_MAX + 8], *inner = text;
    unsigned char address[16];
    unsigned bits;
    if (len >= sizeof text)
        return false;
    memcpy(text, start, len);
    text[len] = '\0';
    char *colon = strchr(text, ':');
    if (*text == '[') {
        inner++;
        text[strcspn(text, "]")] = '\0';
    } else if (colon && !strchr(colon + 1, ':')) {
        *colon = '\0';
    }
    if (!read_address(inner, address, &bits))
        return false;
    print_address(address, out);
    return true;
}

bool proxies_go_back(const struct proxies *proxies, const char *forwarded, char address[ADDRESS_MAX])
{
    size_t end = strlen(forwarded);
    while (is_proxy(proxies, address)) {
        while (end > 0 && strchr(BETWEEN, forwarded[end - 1]))
            end--;
        size_t start = end;
        while (start > 0 && !strchr(BETWEEN, forwarded[start - 1]))
            start--;
        if (start == end)
            return true;
        if (!read_entry(forwarded + start, end - start, address))
            return false;
        end = start;
    }
    return false;
}
