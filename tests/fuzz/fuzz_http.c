/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* What an HTTP request is made of: the first line of the input is its target, the rest its headers, "Name: value". They
 * stand in memory as libmicrohttpd leaves them, whose function for walking them is here. What must hold: a path begins
 * with '/', is UTF-8 and has no control character; a range is within the file; a page from elsewhere is allowed only
 * where it is listed; an address is one; a body is what came. */
#include <arpa/inet.h>

#include "gate/files/range.h"
#include "gate/http/body.h"
#include "gate/http/origins.h"
#include "gate/http/proxies.h"
#include "gate/http/request_check.h"
#include "lib/utf8.h"
#include "tests/fuzz/fuzz.h"

/* As much of a connection as request_fault sees. */
struct MHD_Connection {
    char *headers, *end;
};

/* Of the end of each line a NUL is left, where the CR was, and the LF. */
static struct MHD_Connection lay_out(const char *text)
{
    char *out = malloc(2 * strlen(text) + 2);
    struct MHD_Connection connection = {out, out};
    HOLDS(out);
    for (; *text; text++) {
        if (*text == '\n')
            *out++ = '\0';
        *out++ = *text;
    }
    *out++ = '\0';
    *out++ = '\n';
    connection.end = out;
    return connection;
}

/* Name, NUL, blanks, value, NUL. */
static bool tell_header(char *line, MHD_KeyValueIteratorN look, void *context)
{
    char *colon = strchr(line, ':');
    const size_t name_len = colon ? (size_t)(colon - line) : strlen(line);
    char *value = colon ? colon + 1 + strspn(colon + 1, " \t") : NULL;
    if (colon)
        *colon = '\0';
    return look(context, MHD_HEADER_KIND, line, name_len, value, value ? strlen(value) : 0) == MHD_YES;
}

int MHD_get_connection_values_n(struct MHD_Connection *connection, enum MHD_ValueKind kind,
                                MHD_KeyValueIteratorN look, void *context)
{
    int count = 0;
    (void)kind;
    for (char *line = connection->headers, *next; line < connection->end; line = next, count++) {
        next = line + strlen(line) + 2;
        if (!tell_header(line, look, context))
            break;
    }
    return count;
}

static void try_target(const char *target)
{
    char *path = request_path(target);
    if (path) {
        HOLDS(path[0] == '/' && utf8_valid(path, strlen(path)));
        for (const char *c = path; *c; c++)
            HOLDS((unsigned char)*c >= ' ' || *c == '\t');
    }
    free(path);
}

static void try_headers(const char *text)
{
    struct MHD_Connection connection = lay_out(text);
    const char *fault = request_fault(&connection);
    HOLDS(!fault || fault[0]);
    free(connection.headers);
}

static void try_range(const char *text, uint64_t size)
{
    uint64_t first = 0, count = 0;
    if (range_read(text, size, &first, &count) == RANGE_PART)
        HOLDS(count > 0 && first < size && count <= size - first);
}

static void try_origin(const char *list, const char *origin)
{
    if (!origins_valid(list))
        return;
    const char *allowed = origins_allow(list, origin);
    HOLDS(!allowed || strcmp(allowed, "*") == 0 || strcmp(allowed, origin) == 0);
    HOLDS(!allowed || strstr(list, allowed));
}

static bool is_address(const char *text)
{
    unsigned char bytes[16];
    return inet_pton(AF_INET, text, bytes) == 1 || inet_pton(AF_INET6, text, bytes) == 1;
}

static void try_proxies(const char *list, const char *forwarded)
{
    struct proxies proxies;
    char address[ADDRESS_MAX] = "127.0.0.1";
    if (!proxies_read(&proxies, list) && !proxies_read(&proxies, "127.0.0.0/8 ::1 10.0.0.0/8"))
        HOLDS(false);
    (void)proxies_go_back(&proxies, forwarded, address);
    HOLDS(is_address(address));
}

/* In pieces of the sizes that its own bytes say. */
static void try_body(const char *text, size_t len)
{
    struct body body = {.most = 4096, .fd = -1};
    for (size_t taken = 0, piece; taken < len; taken += piece) {
        piece = (unsigned char)text[taken] % 64 + 1;
        if (piece > len - taken)
            piece = len - taken;
        HOLDS(body_take(&body, text + taken, piece));
    }
    HOLDS(body.len == len);
    if (len > 0 && len <= body.most)
        HOLDS(memcmp(body.text, text, len) == 0 && body.text[len] == '\0');
    body_clear(&body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *target = fuzz_line(&data, &size), *headers = fuzz_text(data, size);
    try_target(target);
    try_headers(headers);
    try_range(target, 1000);
    try_range(target, UINT64_MAX);
    try_range(target, 0);
    try_origin(target, headers);
    try_proxies(target, headers);
    try_body(headers, size);
    free(target);
    free(headers);
    return 0;
}
