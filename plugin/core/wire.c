/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/core/wire.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

#define ID_CLIENT 2 /* enum struct_ident of the broker */
/* The kernel's numbers. */
#define ESTABLISHED 1
#define CLOSE_WAIT  8 /* it sends no more, but still takes what comes */

/* As struct mosquitto begins. */
struct client_head {
    int ident;
    int socket;
};

/* -1: not to be found. */
static int socket_of(const struct mosquitto *client)
{
    struct client_head head;
    memcpy(&head, client, sizeof head);
    return head.ident == ID_CLIENT ? head.socket : -1;
}

bool wire_look(const struct mosquitto *client, struct wire *wire)
{
    struct tcp_info info;
    socklen_t len = sizeof info;
    int fd = socket_of(client);
    if (fd < 0 || getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) != 0 ||
        (info.tcpi_state != ESTABLISHED && info.tcpi_state != CLOSE_WAIT) ||
        len < offsetof(struct tcp_info, tcpi_notsent_bytes) + sizeof info.tcpi_notsent_bytes)
        return false;
    wire->acked = (int64_t)info.tcpi_bytes_acked;
    wire->received = (int64_t)info.tcpi_bytes_received;
    wire->idle = info.tcpi_unacked == 0 && info.tcpi_notsent_bytes == 0;
    return true;
}
