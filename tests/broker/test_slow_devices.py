# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""A device that takes fifty messages a second has most of what was handed to it in the broker's queue, which is gone
when anything ends. It misses nothing all the same."""
import contextlib
import json
import random
import threading
import time

import pytest

from harness import packets
from harness.raw import Closed
from harness.settings import MOSQUITTO_2_1, PATIENCE
from harness.user import CONTROL

PACE = 0.02  # seconds a message
MESSAGES = 400


def numbered(first, last):
    return [f"m{n}" for n in range(first, last + 1)]


class SlowDevice:
    """Takes a message, works on it, acknowledges it, takes the next one."""

    def __init__(self, broker, client_id="bob:iot:1", clean=True, pace=PACE):
        self.client, self.taken, self._pace = broker.raw(), [], pace
        self.client.auto_ack = False
        self._enough, self._wanted, self._leaving = threading.Event(), None, False
        self.client.login("bob", client_id, clean=clean)

    def subscribe(self, *filters):
        for name in filters:
            self.client.subscribe(name)
        self._thread = threading.Thread(target=self._work)
        self._thread.start()
        return self

    def _work(self):
        with contextlib.suppress(Closed):
            while not self._leaving:
                try:
                    message = self.client.next_message(timeout=0.1)
                except TimeoutError:
                    continue
                time.sleep(self._pace)
                self.taken.append(json.loads(message.payload).get("text"))
                if message.qos:
                    self.client.send(packets.ack(packets.PUBACK, message.mid))
                if len(self.taken) == self._wanted:
                    self._enough.set()

    def take(self, count):
        """Returns when it has taken so many in all."""
        self._wanted = count
        assert len(self.taken) >= count or self._enough.wait(PATIENCE), f"only {len(self.taken)} of {count}"

    def stop(self):
        """It works no more. What it has not taken by now, it never will."""
        self._leaving = True
        self._thread.join()
        return self.taken


def missing(broker, device, clean=True):
    """What neither was taken by the slow device nor comes when it has returned as a fast one."""
    alice = broker.user("alice", "iot:after")
    bob = broker.user("bob", "iot:1", version=4, clean=clean)
    if not bob.session_present:
        bob.subscribe(bob.feed)
    alice.send("bob", "end")
    again = [message.get("text") for message in bob.contents("end", timeout=30)]
    return set(numbered(1, MESSAGES)) - set(device.taken) - set(again)


def end_by_stop(broker, device):
    assert broker.stop() == 0
    device.stop()
    broker.start()


def end_by_kill(broker, device):
    broker.kill()
    device.stop()
    broker.start()


def end_by_disconnect(broker, device):
    device.stop()
    device.client.disconnect()


def end_by_cut(broker, device):
    device.stop()
    device.client.drop()


def end_by_takeover(broker, device):
    device.stop()


ENDS = pytest.mark.parametrize("end", [end_by_stop, end_by_kill, end_by_disconnect, end_by_cut, end_by_takeover])


@pytest.fixture
def alice(broker):
    broker.create("bob")
    return broker.user("alice")


def take_until_the_end(device, end):
    """A crash takes what of the cursors was written: two seconds old at least."""
    device.take(250 if end is end_by_kill else 120)


@ENDS
def test_in_the_middle_of_a_replay_nothing_is_lost_with_the_queue(broker, alice, end):
    alice.send_many("bob", numbered(1, MESSAGES))
    device = SlowDevice(broker).subscribe("chat/user/bob/#")
    take_until_the_end(device, end)
    end(broker, device)
    assert missing(broker, device) == set()


@ENDS
def test_nothing_that_was_sent_at_once_is_lost_with_the_queue(broker, alice, end):
    device = SlowDevice(broker).subscribe("chat/user/bob/#")
    alice.send_many("bob", numbered(1, MESSAGES))
    take_until_the_end(device, end)
    end(broker, device)
    assert missing(broker, device) == set()


@pytest.mark.parametrize("end", [end_by_stop, end_by_disconnect, end_by_cut])
def test_nothing_is_lost_with_the_queue_when_a_device_leaves_at_once(broker, alice, end):
    alice.send_many("bob", numbered(1, MESSAGES))
    device = SlowDevice(broker).subscribe("chat/user/bob/#")
    device.take(3)
    end(broker, device)
    assert missing(broker, device) == set()


def test_what_was_given_by_a_filter_that_was_unsubscribed_is_not_lost_with_the_queue(broker, alice):
    alice.send_many("bob", numbered(1, MESSAGES))
    device = SlowDevice(broker).subscribe("chat/user/bob/#")
    device.take(60)
    device.stop()
    device.client.unsubscribe("chat/user/bob/#")
    device.client.disconnect()
    assert missing(broker, device) == set()


def test_what_was_given_before_a_filter_was_subscribed_again_is_not_lost_with_the_queue(broker, alice):
    alice.send_many("bob", numbered(1, MESSAGES))
    device = SlowDevice(broker).subscribe("chat/user/bob/#")
    device.take(60)
    device.stop()
    device.client.unsubscribe("chat/user/bob/#")
    device.client.subscribe("chat/user/bob/#")
    device.client.disconnect()
    assert missing(broker, device) == set()


# ---- kept sessions


@pytest.mark.parametrize("persistence", [False, True])
@pytest.mark.parametrize("end", [end_by_stop, end_by_kill, end_by_cut])
def test_a_kept_session_loses_nothing_with_the_queue(broker_factory, persistence, end):
    broker = broker_factory(start=False, conf=["persistence true"] if persistence else [])
    broker.conf.append(f"persistence_location {broker.folder}/")
    broker.start()
    broker.create("bob")
    alice = broker.user("alice")
    device = SlowDevice(broker, clean=False).subscribe("chat/user/bob/#")
    alice.send_many("bob", numbered(1, MESSAGES))
    take_until_the_end(device, end)
    end(broker, device)
    assert missing(broker, device, clean=False) == set()


def test_a_kept_session_that_is_away_when_the_broker_stops_loses_nothing_with_the_queue(broker, alice):
    device = SlowDevice(broker, clean=False).subscribe("chat/user/bob/#")
    alice.send_many("bob", numbered(1, MESSAGES))
    device.take(60)
    end_by_cut(broker, device)
    broker.restart()
    assert missing(broker, device, clean=False) == set()


# ---- more than the broker can queue


def test_what_the_broker_has_no_room_for_waits_in_the_database(broker_factory):
    """Live: five times as much as the broker would queue, all at once. Twice as fast as usual."""
    broker = broker_factory(conf=["max_queued_messages 100"], device_rate=90)
    broker.create("bob")
    alice = broker.user("alice")
    device = SlowDevice(broker, pace=0.01).subscribe("chat/user/bob/#")
    alice.send_many("bob", numbered(1, 500))
    device.take(500)
    assert device.stop() == numbered(1, 500)


def test_a_client_that_rests_before_it_takes_what_waited_in_three_subscriptions_misses_nothing(broker_factory):
    """With the limits Mosquitto has by default. Ten times as fast as usual: what would be three seconds is
    0.3 here."""
    broker = broker_factory(conf=["max_queued_messages 1000", "max_queued_bytes 0"], device_rate=450)
    alice = broker.user("alice")
    broker.create("bob")
    topics = ["chat/user/bob", *(alice.group("Private", name, ["bob"]) for name in ("g1", "g2"))]
    for topic in topics:
        alice.send_many(topic, [f"{topic} {n}" for n in range(990)])
    bob = broker.raw()
    bob.login("bob")
    for topic in topics:
        bob.start_subscribe(topic)
    time.sleep(0.3)
    expected = {f"{topic} {n}" for topic in topics for n in range(990)}
    found = set()
    while found < expected:
        message = json.loads(bob.next_message().payload)
        found |= {message["text"]} if "text" in message else set()
        assert message.get("event") != "more"


def test_what_the_broker_has_no_room_for_in_bytes_waits_too(broker_factory):
    """It queues 400 kB: forty of these."""
    broker = broker_factory(conf=["max_queued_bytes 400000"], device_rate=90)
    broker.create("bob")
    alice, text = broker.user("alice"), "x" * 10000
    bob = broker.raw()
    bob.login("bob")
    bob.subscribe("chat/user/bob/#")
    for first in range(0, 150, 50):
        alice.send_many("bob", [f"{n} {text}" for n in range(first, first + 50)])
    found = [json.loads(bob.next_message().payload)["text"].split()[0] for _ in range(150)]
    assert found == [str(n) for n in range(150)]


# ---- ack


def acking(broker, seen, random_numbers):
    """bob comes with filters drawn at random, acks some of what comes as it comes, and breaks off somewhere."""
    bob = broker.raw()
    bob.login("bob", "bob:iot:acks")
    filters = ["chat/user/bob", "chat/group/g1", "chat/group/g2"]
    random_numbers.shuffle(filters)
    for name in filters:
        bob.start_subscribe(name)
    with contextlib.suppress(TimeoutError):
        for _ in range(random_numbers.randint(1, 150)):
            data = json.loads(bob.next_message(timeout=1).payload)
            if "id" in data:
                seen.add(data.get("text"))
            if "id" in data and random_numbers.random() < 0.5:
                bob.start_publish(CONTROL, {"commands": [{"command": "ack", "id": data["id"]}]}, qos=0)
    if random_numbers.random() < 0.5:
        bob.disconnect()
    else:
        bob.ping()
        bob.abort()


@pytest.mark.parametrize("seed", range(3))
def test_who_acks_what_comes_as_it_comes_misses_nothing_whatever_breaks(broker, alice, seed):
    """Groups are older than the inbox, which is often replayed first."""
    expected = set()
    for topic in (alice.group("Private", name, ["bob"]) for name in ("g1", "g2")):
        expected |= {f"{topic} {n}" for n in range(100)}
        alice.send_many(topic, [f"{topic} {n}" for n in range(100)])
    expected |= {f"inbox {n}" for n in range(100)}
    alice.send_many("bob", [f"inbox {n}" for n in range(100)])
    seen, random_numbers = set(), random.Random(seed)
    for _ in range(40):
        if seen >= expected:
            break
        acking(broker, seen, random_numbers)
    assert expected - seen == set()


def test_an_ack_of_less_in_a_later_connection_goes_back_to_it(broker, alice):
    bob = broker.user("bob", "ios:1").subscribe("chat/user/bob/#")
    alice.send_many("bob", numbered(1, 6))
    ids = [message.get("id") for message in bob.contents("m6")]
    bob.disconnect()
    bob.connect().subscribe(bob.feed)
    bob.command("ack", id=ids[2])
    bob.disconnect()
    bob.connect().subscribe(bob.feed)
    assert [message.get("text") for message in bob.contents("m6")] == numbered(4, 6)


# ---- who takes more than 45 a second: known with Mosquitto 2.1 only


@pytest.fixture
def knowing(broker_factory):
    """Makes a broker with bob and alice, or skips: (broker, alice)."""

    def make(conf=(), **options):
        broker = broker_factory(conf=list(conf), **options)
        if broker.version < (2, 1):
            if not MOSQUITTO_2_1:
                pytest.skip("MOSQUITTO_2_1 names no Mosquitto 2.1")
            broker = broker_factory(conf=list(conf), mosquitto=MOSQUITTO_2_1, **options)
        broker.create("bob")
        return broker, broker.user("alice")

    return make


class Reader:
    """Takes what comes at once, and notes the texts."""

    def __init__(self, client):
        self.client, self.texts = client, []
        self._thread = threading.Thread(target=self._work)
        self._thread.start()

    def _work(self):
        while "end" not in self.texts:
            data = json.loads(self.client.next_message().payload)
            if "text" in data:
                self.texts.append(data["text"])

    def wait(self):
        self._thread.join()
        return self.texts


@pytest.mark.parametrize(("version", "queued"), [(4, 100), (5, 300)])
def test_a_fast_client_is_never_paced_however_much_it_is_sent_for_how_long(knowing, version, queued):
    """It would have three quarters of `queued` at once, and 20 a second then. How many messages at a time an MQTT 5
    client takes nobody knows, so more of them may wait."""
    broker, alice = knowing([f"max_queued_messages {queued}"], device_rate=20)
    bob = broker.raw(version)
    bob.login("bob")
    bob.subscribe("chat/user/bob/#")
    reader = Reader(bob)
    start = time.monotonic()
    for first in range(1, 1000, 20):
        alice.send_many("bob", numbered(first, first + 19))
    alice.send("bob", "end")
    assert reader.wait() == [*numbered(1, 1000), "end"]
    assert time.monotonic() - start < 1000 / 20 / 4


def test_what_a_fast_client_has_missed_comes_fast_to_its_end(knowing):
    broker, alice = knowing(["max_queued_messages 100"], device_rate=20)
    alice.send_many("bob", [*numbered(1, 900), "end"])
    bob = broker.raw()
    bob.login("bob")
    start = time.monotonic()
    bob.start_subscribe("chat/user/bob/#")
    assert Reader(bob).wait() == [*numbered(1, 900), "end"]
    assert time.monotonic() - start < 900 / 20 / 4


def test_a_fast_client_that_leaves_within_a_second_gets_nothing_twice(knowing):
    broker, alice = knowing()
    bob = broker.raw()
    bob.login("bob", "bob:iot:1")
    bob.subscribe("chat/user/bob/#")
    alice.send_many("bob", [*(f"{n} of more than the wire takes" for n in range(299)), "end"])
    assert Reader(bob).wait()[-1] == "end"
    bob.ping()
    bob.disconnect()
    again = broker.user("bob", "iot:1", version=4).subscribe("chat/user/bob/#")
    alice.send("bob", "after")
    assert [message.get("text") for message in again.contents("after")] == ["after"]


def test_what_comes_to_a_WebSocket_may_come_twice(knowing):
    """How much of it is MQTT nobody knows, so it is reckoned with device_rate."""
    broker, alice = knowing()
    bob = broker.user("bob", "iot:1", version=4, transport="websockets").subscribe("chat/user/bob/#")
    alice.send_many("bob", [*numbered(1, 299), "end"])
    bob.contents("end")
    bob.disconnect()
    bob.connect().subscribe("chat/user/bob/#")
    alice.send("bob", "after")
    assert "m299" in [message.get("text") for message in bob.contents("after")]
