# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""Clients that go on over crashes of the broker, and know of each thing that they did whether it was answered."""
import itertools
import json
import random
import threading
import time

from harness import packets
from harness.raw import Closed, RawClient
from harness.settings import PATIENCE
from harness.user import CONTROL, RESPONSE

ANSWER_SECONDS = 3 * PATIENCE  # others are served, too
NEW, OPEN, DONE, REFUSED, UNSURE = "new", "open", "done", "refused", "unsure"

_numbers = itertools.count(1)


class Client(RawClient):
    """Begins many things before the first is answered; turn() takes one packet, and calls who waits for it."""

    def __init__(self, port, version, sig, told=lambda topic, data: None):
        super().__init__(port, version, sig)
        self._acks, self._answers, self._told = {}, {}, told
        self.granted = []  # codes of SUBACK

    def begin_publish(self, topic, payload, qos, done):
        """done(code of PUBACK or PUBREC)"""
        self._acks[self.start_publish(topic, payload, qos)] = done

    def begin_command(self, command, done):
        """done(response)"""
        mark = f"d{next(_numbers)}"
        self._answers[mark] = done
        self.start_publish(CONTROL, {"commands": [{**command, "correlationData": mark}]}, 0)

    def turn(self, timeout=ANSWER_SECONDS):
        packet = self.receive(timeout)
        if packet.kind in (packets.PUBACK, packets.PUBREC):
            if packet.kind == packets.PUBREC and packet.code < 0x80:
                self.send(packets.ack(packets.PUBREL, packet.mid))
            self._acks.pop(packet.mid)(packet.code)
        elif packet.kind == packets.PUBLISH:
            self._take_message(packet.topic, json.loads(packet.payload))
        elif packet.kind == packets.SUBACK:
            self.granted.append(packet.code)
        elif packet.kind == packets.DISCONNECT:
            raise Closed(f"DISCONNECT {packet.code:#x}")

    def _take_message(self, topic, data):
        if topic != RESPONSE:
            self._told(topic, data)
            return
        for response in data["responses"]:
            self._answers.pop(response["correlationData"])(response)


class Deed:
    """Something that is done and answered. What was not, when the connection ended, is UNSURE: it may have been done.
    `again`: then it is done once more, which changes nothing if it has been done."""

    again = False

    def __init__(self):
        self.state = NEW

    def begin(self, client, done):
        """done() when it was answered, with self.state set."""
        raise NotImplementedError


class Message(Deed):
    """A publish. With a `random` it is known again. `id` is what the receipt has said."""

    def __init__(self, sender, topic, text, qos=1, number=None, **members):
        super().__init__()
        self.sender, self.topic, self.text, self.qos, self.id = sender, topic, text, qos, None
        self.members = members | ({"random": number} if number else {})
        self.again = number is not None

    def begin(self, client, done):
        def acked(code):
            self.state = REFUSED if code >= 0x80 else DONE
            done()

        client.begin_publish(self.topic, {"text": self.text, **self.members}, self.qos, acked)


class Command(Deed):
    """`response` is the answer."""

    def __init__(self, again=False, **command):
        super().__init__()
        self.command, self.again, self.response = command, again, {}

    @property
    def code(self):
        return self.response.get("code", 0)

    def begin(self, client, done):
        def answered(response):
            self.response = response
            self.state = REFUSED if self.code else DONE
            done()

        client.begin_command(self.command, answered)


class Actor:
    """A user's client that does what deeds() gives, `window` at a time: as fast as it is answered, or, with `rate`, so
    many a second on average. After a crash start() connects again, and what was unsure is done again first."""

    def __init__(self, broker, name, device=None, window=100, rate=None, version=4, chance=None):
        self.broker, self.name, self.version = broker, name, version
        self.client_id = f"{name}:{device}" if device else name
        self.window, self._rate, self._chance = window, rate, chance or random.Random(name)
        self._open, self._unsure = {}, []  # in the order in which they were begun
        self._over, self._thread, self._deeds = threading.Event(), None, None
        self.complaints = []

    def deeds(self):
        """What there is to do, without an end; None: nothing at the moment."""
        raise NotImplementedError

    def done(self, deed):
        """One of them was answered."""

    def told(self, topic, data):
        """A message or an event has come."""

    # ---- a connection

    def connect(self):
        client = Client(self.broker.mqtt.number, self.version, self.broker.sig, self.told)
        try:
            client.login(self.name, self.client_id)
        except BaseException:
            client.close()
            raise
        return client

    def _begin(self, client, deed):
        def done():
            del self._open[deed]
            self.done(deed)

        self._open[deed] = True
        deed.state = OPEN
        deed.begin(client, done)

    def _rest(self, client):
        """Until the next deed is due."""
        due = time.monotonic() + (self._chance.expovariate(self._rate) if self._rate else 0)
        while (left := due - time.monotonic()) > 0 and not self._over.is_set():
            try:
                client.turn(left)
            except TimeoutError:
                return

    def _do(self, client, deeds, open_at_most):
        for deed in deeds:
            if deed:
                self._begin(client, deed)
            while len(self._open) > open_at_most:
                client.turn()
            self._rest(client)

    def _until_over(self):
        self._deeds = self._deeds or self.deeds()  # those of the rounds before are not begun again
        while not self._over.is_set():
            yield next(self._deeds)

    def _work(self, deeds):
        client = None
        try:
            client = self.connect()
            again, self._unsure = self._unsure, []
            self._unsure += again  # until each is open it is unsure still
            self._do(client, self._repeated(again), self.window - 1)
            self._do(client, deeds, self.window - 1)
            while self._open:
                client.turn()
        except TimeoutError:
            self.complaints.append(f"{self.client_id}: a broker that runs has not answered")
        except (Closed, OSError):
            pass  # the crash
        finally:
            if client:
                client.close()
        self._close_books()

    def _repeated(self, deeds):
        for deed in deeds:
            self._unsure.remove(deed)
            yield deed

    def _close_books(self):
        for deed in self._open:
            deed.state = UNSURE
        self._unsure = [deed for deed in self._open if deed.again] + self._unsure
        self._open = {}

    # ---- its life

    def start(self):
        self._over.clear()
        self._thread = threading.Thread(target=self._work, args=(self._until_over(),))
        self._thread.start()

    def stop(self):
        """What is open is waited for, and nothing begun any more."""
        self._over.set()

    def join(self):
        self._thread.join()

    def settle(self):
        """Does again what is unsure, and waits for all of it."""
        self._over.clear()
        self._work(())
        return not self._unsure


class Sender(Actor):
    """Sends numbered texts. `acked` are those that were acknowledged. `again`: each has a `random`."""

    def __init__(self, broker, name, topic, again, progress, **how):
        super().__init__(broker, name, **how)
        self.topic, self.again, self.progress, self.acked = topic, again, progress, set()

    def deeds(self):
        for number in itertools.count(1):
            yield Message(self.name, self.topic, f"{self.name} {number}", number=number if self.again else None)

    def done(self, deed):
        with self.progress:
            self.acked.add(deed.text)
            self.progress.notify_all()
