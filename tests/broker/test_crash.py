# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""kill -9 at any moment: what was acknowledged is there, once."""
import collections
import json
import threading

import pytest

from harness.deeds import Sender
from harness.raw import Closed
from harness.settings import PATIENCE

ROUNDS = 10


def acknowledged(senders):
    return sum(len(sender.acked) for sender in senders)


def crash_under_load(broker, senders, progress, more):
    """All send until `more` messages are acknowledged; then the broker is killed, and started again."""
    goal = acknowledged(senders) + more
    for sender in senders:
        sender.start()
    with progress:
        reached = progress.wait_for(lambda: acknowledged(senders) >= goal, PATIENCE)
    broker.kill()
    for sender in senders:
        sender.join()
    assert reached, f"only {acknowledged(senders)} of {goal} messages were acknowledged"
    broker.start()


def test_ten_crashes_under_load_lose_and_repeat_nothing(broker):
    broker.create("alice", "carol", "dave")
    bob = broker.user("bob")
    topic = bob.group("Private", "g1", ["dave"])
    bob.disconnect()
    progress = threading.Condition()
    senders = [
        Sender(broker, "alice", "chat/user/bob", True, progress),
        Sender(broker, "carol", "chat/user/bob", False, progress),
        Sender(broker, "dave", topic, True, progress),
    ]
    for number in range(ROUNDS):
        crash_under_load(broker, senders, progress, 100 + 61 * number)
    assert all(sender.settle() for sender in senders)

    found = bob.connect().synced()
    count = collections.Counter(m["text"] for m in found)
    ids = [m["id"] for m in found]
    acked = set().union(*(sender.acked for sender in senders))
    assert acked - count.keys() == set(), "acknowledged and lost"
    assert {text: n for text, n in count.items() if n != 1} == {}, "stored twice"
    assert ids == sorted(set(ids)), "ids do not rise"
    for sender in senders:
        seqs = [m["seq"] for m in found if m["sender"] == sender.name]
        assert seqs == list(range(1, len(seqs) + 1)), f"a gap in the sequence of {sender.name}"


@pytest.mark.options(replay_limit=100000)
def test_a_device_gets_everything_over_crashes_while_it_comes_back_each_time(broker):
    broker.create("alice")
    bob = broker.user("bob", "iot:1")
    progress = threading.Condition()
    sender = Sender(broker, "alice", "chat/user/bob", True, progress)
    seen = {}
    for _ in range(3):
        bob.subscribe(bob.feed)
        crash_under_load(broker, [sender], progress, 300)
        bob.wait_closed()
        bob.connect()
    assert sender.settle()
    bob.subscribe(bob.feed)
    carol = broker.user("carol")
    carol.send("bob", "end")
    for message in bob.contents("end", timeout=30):
        seen.setdefault(message.get("text"), set()).add(message.get("id"))
    assert sender.acked - seen.keys() == set(), "acknowledged and never delivered"
    assert {text: ids for text, ids in seen.items() if len(ids) != 1} == {}, "one message under two ids"


def test_what_was_acknowledged_at_the_moment_of_the_kill_is_there(broker):
    broker.create("bob")
    alice = broker.raw()
    alice.login("alice")
    alice.publish("chat/user/bob", b"last words")
    broker.kill()
    broker.start()
    assert [m["text"] for m in broker.user("bob").synced()] == ["last words"]


def test_a_stop_keeps_what_was_acknowledged_and_a_second_start_finds_it_again(broker):
    broker.create("bob")
    broker.user("alice").send_many("bob", [f"m{n}" for n in range(500)])
    broker.restart()
    broker.restart()
    assert len(broker.user("bob").synced()) == 500


def test_ids_and_seqs_go_on_after_a_crash(broker):
    bob = broker.user("bob")
    alice = broker.user("alice")
    for number in range(1, 6):
        alice.send("bob", f"m{number}")
        broker.restart(kill=number % 2 == 0)
        alice.connect()
    found = bob.connect().synced()
    assert [m["seq"] for m in found] == [1, 2, 3, 4, 5]
    assert [m["id"] for m in found] == sorted({m["id"] for m in found})


class Stream:
    """dave's messages to a group, of which bob's feed never has more than ten to come. At QoS 0: a PUBACK that the
    broker has not read when it stops makes the kernel reset the connection, and what is under way is gone."""

    def __init__(self, broker, topic):
        self._topic, self._room = topic, threading.Semaphore(10)
        self._sender, self._receiver = broker.raw(), broker.raw()
        self._receiver.login("bob", "bob:ios:1")
        self._receiver.subscribe("chat/user/bob/#", qos=0)
        self._sender.login("dave")
        self.ids, self.enough, self._over = [], threading.Event(), False
        self._threads = [threading.Thread(target=run) for run in (self._send, self._receive)]
        for thread in self._threads:
            thread.start()

    def _send(self):
        try:
            while self._room.acquire(timeout=PATIENCE) and not self._over:
                self._sender.start_publish(self._topic, "x")
        except Closed:
            pass

    def _receive(self):
        try:
            while True:
                self.ids.append(json.loads(self._receiver.next_message().payload)["id"])
                self._room.release()
                if len(self.ids) == 300:
                    self.enough.set()
        except Closed:
            self._over = True  # the sender's connection may still be open, and nobody makes room any more
            self._room.release()

    def join(self):
        for thread in self._threads:
            thread.join()


@pytest.mark.options(replay_limit=100000)
def test_a_stop_in_the_middle_of_a_stream_takes_nothing_from_a_feed(broker):
    broker.create("bob", "dave")
    alice = broker.user("alice")
    topic, ids = alice.group("Private", "g1", ["bob", "dave"]), []
    for _ in range(6):
        stream = Stream(broker, topic)
        assert stream.enough.wait(PATIENCE)
        assert broker.stop() == 0
        stream.join()
        ids += stream.ids
        broker.start()
    alice.connect()
    bob = broker.user("bob", "ios:1").subscribe("chat/user/bob/#")
    alice.send(topic, "end")
    ids += [m.get("id") for m in bob.contents("end")]
    stored = {m["id"] for m in alice.synced()}
    assert stored - set(ids) == set()
    assert len(ids) == len(set(ids))
