# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""A client on a bare socket, for what a library hides: refusals, wills, withheld acks, pipelined packets."""
import collections
import json
import socket
import struct
import time

from harness import packets
from harness.settings import PATIENCE


class Closed(Exception):
    """The broker closed the connection."""


class RawClient:
    """Synchronous. PUBLISH packets that arrive while something else is awaited are kept, in order, for
    next_message(). With auto_ack QoS 1 and 2 deliveries are acknowledged as they are read."""

    def __init__(self, port, version=4, sig=None):
        self.version, self._sig, self.auto_ack = version, sig, True
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffer = bytearray()
        self._messages = collections.deque()
        self._mid = 0

    # ---- bytes

    def fileno(self):
        return self._socket.fileno()

    def send(self, data):
        try:
            self._socket.sendall(data)
        except OSError as error:
            raise Closed(str(error)) from error

    def _fill(self, deadline):
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("nothing more from the broker")
        self._socket.settimeout(left)
        try:
            data = self._socket.recv(65536)
        except socket.timeout as error:
            raise TimeoutError("nothing more from the broker") from error
        except OSError as error:
            raise Closed(str(error)) from error
        if not data:
            raise Closed("end of file")
        self._buffer += data

    def receive(self, timeout=PATIENCE):
        """The next packet, whatever it is. Raises TimeoutError or Closed."""
        deadline = time.monotonic() + timeout
        while True:
            found = packets.take(self._buffer, self.version)
            if found:
                self._acknowledge(found)
                return found
            self._fill(deadline)

    def _acknowledge(self, found):
        if not self.auto_ack:
            return
        if found.kind == packets.PUBLISH and found.qos:
            self.send(packets.ack(packets.PUBACK if found.qos == 1 else packets.PUBREC, found.mid))
        elif found.kind == packets.PUBREL:
            self.send(packets.ack(packets.PUBCOMP, found.mid))

    def expect(self, kind, timeout=PATIENCE):
        """The next packet of this kind. Messages that come first are kept; anything else is passed over."""
        deadline = time.monotonic() + timeout
        while True:
            found = self.receive(deadline - time.monotonic())
            if found.kind == packets.PUBLISH:
                self._messages.append(found)
            elif found.kind == kind:
                return found
            elif found.kind == packets.DISCONNECT:
                raise Closed(f"DISCONNECT {found.code:#x}")

    def wait_closed(self, timeout=PATIENCE):
        """Returns once the broker has closed the connection."""
        try:
            while True:
                self.expect(-1, timeout)
        except Closed:
            return

    # ---- verbs

    def next_mid(self):
        self._mid = self._mid % 65535 + 1
        return self._mid

    def connect(self, client_id, username=None, password=None, **how):
        """The CONNACK."""
        self.send(packets.connect(self.version, client_id, username, password, **how))
        return self.expect(packets.CONNACK)

    def login(self, user, client_id=None, password=None, **how):
        """Logs a chat user in; fails when that is refused."""
        connack = self.connect(
            user if client_id is None else client_id, user, password or self._sig(user), **how
        )
        assert connack.code == 0, f"login of {user} refused with {connack.code}"
        self.client_id = client_id or connack.properties.get(packets.ASSIGNED_CLIENT_ID, user)
        return connack

    def start_subscribe(self, name, qos=1, **how):
        """Sends a SUBSCRIBE without waiting."""
        self.send(packets.subscribe(self.version, self.next_mid(), [name], qos, **how))

    def subscribe(self, name, qos=1, **how):
        """The code of the SUBACK: the granted QoS, or 0x80 and above."""
        self.start_subscribe(name, qos, **how)
        return self.expect(packets.SUBACK).code

    def unsubscribe(self, name):
        self.send(packets.unsubscribe(self.version, self.next_mid(), [name]))
        return self.expect(packets.UNSUBACK).code

    def start_publish(self, topic, payload, qos=1, **how):
        """Sends a PUBLISH and returns its id without waiting."""
        mid = how.pop("mid", None) or (self.next_mid() if qos else None)
        payload = json.dumps(payload) if isinstance(payload, dict) else payload
        self.send(packets.publish(self.version, topic, payload, qos, mid, **how))
        return mid

    def publish(self, topic, payload, qos=1, **how):
        """The code of the PUBACK, or of the PUBREC (the rest of QoS 2 is done as well); None for QoS 0."""
        mid = self.start_publish(topic, payload, qos, **how)
        if qos == 0:
            return None
        answer = self.expect(packets.PUBACK if qos == 1 else packets.PUBREC)
        assert answer.mid == mid
        if qos == 2 and answer.code < 0x80:
            self.send(packets.ack(packets.PUBREL, mid))
            self.expect(packets.PUBCOMP)
        return answer.code

    def next_message(self, timeout=PATIENCE):
        """The next PUBLISH. Raises TimeoutError."""
        if self._messages:
            return self._messages.popleft()
        deadline = time.monotonic() + timeout
        while True:
            found = self.receive(deadline - time.monotonic())
            if found.kind == packets.PUBLISH:
                return found

    def messages_until(self, is_last, timeout=PATIENCE):
        """All messages up to the one for which is_last is true, which is not part of the list."""
        out = []
        while not is_last(message := self.next_message(timeout)):
            out.append(message)
        return out

    def ping(self):
        """Everything the broker had written to us before is read when this returns."""
        self.send(packets.packet(packets.PINGREQ, 0, b""))
        self.expect(packets.PINGRESP)

    # ---- ends

    def disconnect(self):
        """A proper end; returns when the broker has closed its side as well."""
        self.send(packets.disconnect())
        self.wait_closed()
        self.close()

    def drop(self):
        """An end without DISCONNECT; returns when the broker has closed its side as well."""
        self._socket.shutdown(socket.SHUT_WR)
        self.wait_closed()
        self.close()

    def abort(self):
        """An end without DISCONNECT, as of a lost network: wills are due."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()

    def close(self):
        self._socket.close()
