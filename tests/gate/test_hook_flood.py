# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""More hooks than may wait: the feed is not read on, and nothing is lost."""
import collections
import contextlib
import re
import selectors
import socket
import threading
import time

from callbacks import Hookhouse
from gatehouse import make

AFTER = "C2C.CallbackAfterSendMsg"
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n{\"ErrorCode\":0}"
LENGTH = re.compile(rb"Content-Length: (\d+)", re.IGNORECASE)
BODY = re.compile(rb'"To_Account":"(\w+)","MsgSeq":(\d+)')
RECEIVERS, EACH = 64, 165  # 10,560


class Swift:
    """A server that answers thousands a second, once it is open."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}/"
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.listener, selectors.EVENT_READ)
        self.open, self.ended = threading.Event(), threading.Event()
        self.waiting, self.got = [], collections.defaultdict(list)
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        buffers = {}
        while not self.ended.is_set():
            for key, _ in self.selector.select(0.05):
                if key.fileobj is self.listener:
                    connection = self.listener.accept()[0]
                    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    self.selector.register(connection, selectors.EVENT_READ)
                    buffers[connection] = b""
                else:
                    self._read(key.fileobj, buffers)
            if self.open.is_set():
                for connection in self.waiting:
                    with contextlib.suppress(OSError):
                        connection.send(ANSWER)
                self.waiting = []

    def _read(self, connection, buffers):
        data = b""
        with contextlib.suppress(OSError):
            data = connection.recv(65536)
        if not data:
            self.selector.unregister(connection)
            connection.close()
            return
        data = buffers[connection] + data
        head, _, body = data.partition(b"\r\n\r\n")
        found = LENGTH.search(head)
        if not found or len(body) < int(found[1]):
            buffers[connection] = data
            return
        buffers[connection] = b""
        receiver, seq = BODY.search(body).groups()
        self.got[receiver].append(int(seq))
        self.waiting.append(connection)

    def count(self):
        return sum(map(len, self.got.values()))

    def close(self):
        self.ended.set()
        self.thread.join()
        self.selector.close()
        self.listener.close()


def waiting(house):
    text = house.gatehouse.ask("GET", "/metrics")[2].decode()
    return int(re.search(r"^mosquitto_chat_gate_hooks_waiting (\d+)", text, re.MULTILINE)[1])


def await_true(true, what):
    end = time.monotonic() + 20
    while not true():
        assert time.monotonic() < end, what
        time.sleep(0.05)


def test_the_feed_is_not_read_on_while_10000_wait_and_nothing_is_lost_or_told_twice(request):
    server = Swift()
    request.addfinalizer(server.close)
    house = Hookhouse(make(request), server, command=AFTER, timeout_seconds=29).start()
    names = [f"user{number}" for number in range(RECEIVERS)]
    house.broker.create(*names)
    alice = house.broker.user("alice")
    sent = [alice.start_publish(f"chat/user/{name}", "x") for _ in range(EACH) for name in names]
    alice.wait_ack(sent[-1], timeout=20)
    await_true(lambda: waiting(house) >= 10_000, "not so many wait")
    time.sleep(0.3)
    assert waiting(house) <= 10_100
    assert house.gatehouse.rest("im_open_login_svc/account_check", {"CheckItem": [{"UserID": "x"}]})["ErrorCode"] == 0
    server.open.set()
    await_true(lambda: server.count() >= RECEIVERS * EACH, "not all came")
    assert all(server.got[name.encode()] == list(range(1, EACH + 1)) for name in names)
    assert not house.gatehouse.process.find("the connection ended")
