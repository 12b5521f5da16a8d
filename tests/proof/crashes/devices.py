# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""Who is always there, and comes back after each end of the connection: devices of those who are written to, and reviewers."""
import collections
import contextlib
import threading

from harness import packets
from harness.deeds import ANSWER_SECONDS, Client
from harness.raw import Closed

from . import words

PING_SECONDS, KEEPALIVE = 1, 3  # after a crash what was handed over in 1.5 keepalives comes again
ACK_EVERY = 20


class Standing:
    """`filters` are subscribed to after each connect; told(client, topic, data) has what comes. `clean` False: a kept session."""

    def __init__(self, broker, user, device, filters, clean=True, version=4, qos=1):
        self.broker, self.user, self.client_id = broker, user, f"{user}:{device}"
        self.filters, self.clean, self.version, self.qos = filters, clean, version, qos
        self.connections, self.complaints = 0, []
        self._over, self._there = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._live, name=self.client_id)

    def told(self, client, topic, data):
        raise NotImplementedError

    def begun(self):
        """A new connection."""

    def start(self):
        self._thread.start()
        return self

    def await_there(self):
        """Until it has been subscribed for the first time: a new device begins where the user's others are."""
        if not self._there.wait(ANSWER_SECONDS):
            self.complaints.append(f"{self.client_id} could not subscribe")

    def stop(self):
        self._over.set()
        self._thread.join()

    def _live(self):
        while not self._over.is_set():
            try:
                self._connect()
            except (Closed, OSError):  # the crash; TimeoutError is one: a broker that is stopped
                self._over.wait(0.02)
            except Exception as error:  # whatever it is, the report says so
                self.complaints.append(f"{self.client_id}: {error!r}")
                return

    def _connect(self):
        client = Client(self.broker.mqtt.number, self.version, self.broker.sig,
                        lambda topic, data: self.told(client, topic, data))
        with contextlib.closing(client):
            self.begun()
            expiry = {"props": {packets.SESSION_EXPIRY: 3600}} if self.version == 5 and not self.clean else {}
            client.login(self.user, self.client_id, clean=self.clean, keepalive=KEEPALIVE, **expiry)
            self.connections += 1
            for name in self.filters:
                client.start_subscribe(name, self.qos)
            while not self._over.is_set():
                self._take(client)

    def _take(self, client):
        try:
            client.turn(PING_SECONDS)
        except TimeoutError:
            client.send(packets.packet(packets.PINGREQ, 0, b""))
        if len(client.granted) == len(self.filters):
            self._there.set()
        if any(code >= 0x80 for code in client.granted):
            raise AssertionError(f"refused: {dict(zip(self.filters, client.granted))}")


class Device(Standing):
    """`seen`: ids of all messages that came. `acks`: says now and then what it has had, and gets nothing of that again. Others
    may miss so many: 20 that are on the wire when the broker is stopped (docs/protocol.md, section 5)."""

    def __init__(self, *arguments, acks=True, **how):
        super().__init__(*arguments, **how)
        self.acks, self.seen, self.received = acks, set(), 0
        self.changed = threading.Condition()
        self._settled, self._since, self.may_miss = set(), 0, 0

    def begun(self):
        self._since = 0

    def told(self, client, topic, data):
        if "id" not in data or "sender" not in data:
            return
        if data["id"] in self._settled:
            self.complaints.append(f"{self.client_id} had acked {data['id']}, and was given it again")
        with self.changed:
            self.received += 1
            self.seen.add(data["id"])
            self.changed.notify_all()
        self._since += 1
        if self.acks and self._since % ACK_EVERY == 0:
            self._ack(client, data["id"])

    def _ack(self, client, number):
        had = set(self.seen)  # of several subscriptions one may not have come to what is before the number

        def answered(response):
            if response.get("code"):
                self.complaints.append(f"{self.client_id}: ack {number}: {response}")
            else:
                self._settled = had

        client.begin_command({"command": "ack", "id": number}, answered)

    def await_seen(self, ids, timeout):
        """Those that did not come in that time."""
        with self.changed:
            self.changed.wait_for(lambda: ids <= self.seen, timeout)
            return ids - self.seen


class Reviewer(Standing):
    """Decides what waits by its last word. `decided`: how often each was, by an answer without a code."""

    def __init__(self, broker, user, device):
        super().__init__(broker, user, device, ["chat/review"])
        self.decided = collections.Counter()

    def told(self, client, topic, data):
        if topic != "chat/review":
            return

        def answered(response):
            if not response.get("code"):
                self.decided[data["review"]] += 1

        client.begin_command(words.review_answer(data), answered)
