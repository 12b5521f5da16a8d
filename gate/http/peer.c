/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "gate/http/peer.h"

#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#define FORWARDED_MAX 8

int peer_socket(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    return info ? info->connect_fd : -1;
}

/* The last headers of this name, the newest at the end. */
struct forwarded {
    const char *lines[FORWARDED_MAX];
    size_t count;
};

static enum MHD_Result note_forwarded(void *context, enum MHD_ValueKind kind, const char *name,
                                      const char *value)
{
    struct forwarded *forwarded = context;
    (void)kind;
    if (!value || strcasecmp(name, "X-Forwarded-For") != 0)
        return MHD_YES;
    if (forwarded->count == FORWARDED_MAX)
        memmove(forwarded->lines, forwarded->lines + 1, --forwarded->count * sizeof *forwarded->lines);
    forwarded->lines[forwarded->count++] = value;
    return MHD_YES;
}

static void print_peer(struct MHD_Connection *connection, char out[ADDRESS_MAX])
{
    struct sockaddr_storage address;
    socklen_t len = sizeof address;
    if (getpeername(peer_socket(connection), (struct sockaddr *)&address, &len) ||
        getnameinfo((struct sockaddr *)&address, len, out, ADDRESS_MAX, NULL, 0, NI_NUMERICHOST))
        snprintf(out, ADDRESS_MAX, "-"); /* it has gone */
}

void peer_address(struct MHD_Connection *connection, const struct proxies *proxies, char out[ADDRESS_MAX])
{
    struct forwarded forwarded = {.count = 0};
    print_peer(connection, out);
    (void)MHD_get_connection_values(connection, MHD_HEADER_KIND, note_forwarded, &forwarded);
    while (forwarded.count > 0)
        if (!proxies_go_back(proxies, forwarded.lines[--forwarded.count], out))
            return;
}

bool peer_is_gone(struct MHD_Connection *connection)
{
    struct pollfd end = {.fd = peer_socket(connection), .events = POLLRDHUP};
    return poll(&end, 1, 0) > 0 && end.revents != 0;
}
