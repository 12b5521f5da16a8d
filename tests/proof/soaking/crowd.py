# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""crowd.py PORT COUNT: so many users who are connected, subscribed to their feed, and do nothing but ping. A process of
its own. It says "ready COUNT SECONDS" when all are there; a line on its standard input is answered with "open COUNT
heard COUNT", and its end ends it."""
import pathlib
import selectors
import socket
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "broker"))
from harness import packets, usersig  # noqa: E402

AT_ONCE = 50  # that are on their way in
KEEPALIVE = 300


class Idler:
    def __init__(self, port, number):
        self.name, self.state, self.buffer, self.heard = f"idle{number:05}", "connecting", bytearray(), 0
        self.socket = socket.create_connection(("127.0.0.1", port))
        sig = usersig.mint(self.name, level=1)
        self.socket.sendall(packets.connect(4, self.name, self.name, sig, keepalive=KEEPALIVE))
        self.socket.setblocking(False)

    def read(self):
        """False: the connection is at its end."""
        try:
            data = self.socket.recv(65536)
        except OSError:
            data = b""
        self.buffer += data
        while len(self.buffer) >= 2 and len(self.buffer) >= 2 + self.buffer[1]:  # none is longer than 127 bytes
            self._handle(self.buffer[0] >> 4, self.buffer[2:2 + self.buffer[1]])
            del self.buffer[:2 + self.buffer[1]]
        return bool(data) and self.state != "refused"

    def _handle(self, kind, body):
        if kind == packets.CONNACK:
            self.state = "refused" if body[1] else "subscribing"
            self.socket.sendall(packets.subscribe(4, 1, [f"chat/user/{self.name}/#"]))
        elif kind == packets.SUBACK:
            self.state = "refused" if body[2] >= 0x80 else "there"
        elif kind != packets.PINGRESP:
            self.heard += 1

    def ping(self):
        self.socket.sendall(packets.packet(packets.PINGREQ, 0, b""))


class Crowd:
    def __init__(self, port, count):
        self.port, self.count, self.all = port, count, []
        self.selector, self.begun = selectors.DefaultSelector(), time.monotonic()
        self.there, self.pinged = 0, 0

    def _enter(self):
        while len(self.all) < self.count and len(self.all) - self.there < AT_ONCE:
            idler = Idler(self.port, len(self.all))
            self.all.append(idler)
            self.selector.register(idler.socket, selectors.EVENT_READ, idler)

    def _read(self, idler):
        before = idler.state
        if not idler.read():
            self.selector.unregister(idler.socket)
            idler.socket.close()
            idler.state = "gone"
        self.there += (idler.state == "there") - (before == "there")
        if before != "there" and self.there == self.count:
            print(f"ready {self.there} {time.monotonic() - self.begun:.1f}", flush=True)

    def _ping(self):
        """Each once in a third of its keepalive."""
        due = int((time.monotonic() - self.begun) * len(self.all) / (KEEPALIVE / 3))
        while self.pinged < due:
            idler = self.all[self.pinged % len(self.all)]
            self.pinged += 1
            if idler.state == "there":
                idler.ping()

    def _told(self):
        """False: nobody wants anything any more."""
        line = sys.stdin.buffer.readline()
        print(f"open {self.there} heard {sum(idler.heard for idler in self.all)}", flush=True)
        return bool(line)

    def run(self):
        self.selector.register(sys.stdin, selectors.EVENT_READ)
        while True:
            self._enter()
            self._ping()
            for key, _ in self.selector.select(0.5):
                if key.data:
                    self._read(key.data)
                elif not self._told():
                    return


if __name__ == "__main__":
    Crowd(*map(int, sys.argv[1:3])).run()
