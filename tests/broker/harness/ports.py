# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""Ports that stay ours while the broker restarts, also beside other tests."""
import socket


class Port:
    """A bound but not listening socket holds the number, on all addresses (Mosquitto 2.0's WebSocket listeners take all,
    whatever the configuration says); SO_REUSEADDR, set after the bind, lets the broker listen on it all the same, while
    nobody else's bind(0) or connect() is given it."""

    def __init__(self):
        self._holder = self._bound()
        self._holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.number = self._holder.getsockname()[1]

    @staticmethod
    def _bound():
        if socket.has_dualstack_ipv6():
            holder = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
            holder.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        else:
            holder = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        holder.bind(("", 0))
        return holder

    def release(self):
        self._holder.close()
