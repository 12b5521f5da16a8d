# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""One MQTT 3.1.1 connection that waits for every answer: for figures of a single client."""
import socket
import struct
import subprocess
import time

import brokers

TIMEOUT = 60


def user_sig(broker, user):
    """The key is the broker's own."""
    command = [brokers.BUILD_DIR / "chatctl", "usersig", user, "--key-file", broker.key_file,
               "--sdkappid", brokers.SDKAPPID]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def _text(text):
    return struct.pack(">H", len(text)) + text.encode()


def _packet(kind, body):
    head, left = bytes([kind]), len(body)
    while True:
        head += bytes([left % 128 | (128 if left > 127 else 0)])
        left //= 128
        if left == 0:
            return head + body


class Client:
    """Tries to connect until there is a broker; `sig` so that it need not be made while a clock runs."""

    def __init__(self, broker, user, sig=None):
        sig = sig or user_sig(broker, user)
        self.socket = self._connect(broker)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        body = _text("MQTT") + b"\x04\xc2\x00\x00" + _text(user + ":linux:single") + _text(user) + _text(sig)
        self.socket.sendall(_packet(0x10, body))
        answer = self._read(4)
        if answer != b"\x20\x02\x00\x00":
            raise RuntimeError(f"login of {user} answered {answer.hex()}: {broker.errors()}")

    @staticmethod
    def _connect(broker):
        end = time.monotonic() + TIMEOUT
        while True:
            try:
                return socket.create_connection(("127.0.0.1", broker.port), timeout=TIMEOUT)
            except ConnectionRefusedError:
                if time.monotonic() > end or broker.process.poll() is not None:
                    raise RuntimeError("the broker did not start: " + broker.errors()) from None
                time.sleep(0.002)

    def _read(self, count):
        data = b""
        while len(data) < count:
            more = self.socket.recv(count - len(data))
            if not more:
                raise RuntimeError("the broker closed the connection")
            data += more
        return data

    def publish(self, topic, payload):
        """QoS 1; returns when it is acked."""
        self.socket.sendall(_packet(0x32, _text(topic) + b"\x00\x01" + payload.encode()))
        while self._read(2)[0] != 0x40:
            raise RuntimeError("something else than an ack")
        self._read(2)
