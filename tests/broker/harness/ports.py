# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""Ports that stay ours while the broker restarts, also beside other tests."""
import socket


class Port:
    """A bound but not listening socket holds the number; SO_REUSEADDR, set after the bind, lets the broker
    listen on it all the same, while nobody else's bind(0) or connect() is given it."""

    def __init__(self):
        self._holder = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._holder.bind(("127.0.0.1", 0))
        self._holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.number = self._holder.getsockname()[1]

    def release(self):
        self._holder.close()
