# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""Who was away gets what he has not had: in order, no gap, no repeat."""
import contextlib
import json
import signal
import sqlite3
import threading
import time

import pytest

from harness import packets
from harness.settings import PATIENCE
from harness.user import CONTROL

VERSIONS = pytest.mark.parametrize("version", [4, 5])


def texts(messages):
    return [message.get("text") for message in messages]


def seqs(messages):
    return [message.get("seq") for message in messages]


def numbered(first, last):
    return [f"m{n}" for n in range(first, last + 1)]


@pytest.fixture
def alice(broker):
    broker.create("bob")
    return broker.user("alice")


def fill(alice, count, topic="bob"):
    alice.send_many(topic, numbered(1, count))


@VERSIONS
def test_messages_of_an_absence_come_in_order_at_the_first_subscribe(broker, alice, version):
    fill(alice, 50)
    bob = broker.user("bob", version=version).subscribe("chat/user/bob/#")
    found = bob.contents("m50")
    assert texts(found) == numbered(1, 50) and seqs(found) == list(range(1, 51))
    assert {(m.topic, m.qos, m.retain) for m in found} == {("chat/user/bob", 1, False)}


def test_the_inbox_alone_is_replayed_too(broker, alice):
    fill(alice, 5)
    assert texts(broker.user("bob").subscribe("chat/user/bob").contents("m5")) == numbered(1, 5)


def test_a_qos_0_subscription_is_replayed_at_qos_0(broker, alice):
    fill(alice, 5)
    bob = broker.user("bob").subscribe("chat/user/bob/#", qos=0)
    assert {m.qos for m in bob.contents("m5")} == {0}


def test_beyond_the_limit_an_event_more_comes_first_and_then_the_newest(broker, alice):
    fill(alice, 1500)
    bob = broker.raw()
    bob.login("bob")
    bob.subscribe("chat/user/bob/#")
    first = bob.next_message()
    assert first.topic == "chat/user/bob/event" and b'"more"' in first.payload
    alice.send("bob", "end")
    found = bob.messages_until(lambda m: b'"end"' in m.payload, timeout=20)
    ids = [m["id"] for m in broker.user("bob", "web:9").synced()]

    assert [json.loads(m.payload)["seq"] for m in found] == list(range(501, 1501))
    more = json.loads(first.payload)
    assert more["event"] == "more" and more["topic"] in ("chat/user/bob/#", "chat/user/bob")
    assert ids[499] < more["before"] <= ids[500]


@pytest.mark.options(replay_limit=3)
def test_what_is_not_delivered_does_not_count_for_the_limit(broker, alice):
    """A device's own messages, those its user has deleted, and those that came by a narrower filter."""
    bob = broker.user("bob", "ios:1")
    alice.send_many("bob", ["m1", "m2", "gone"])
    gone = bob.synced()[-1]["id"]
    bob.command("deleteMessages", ids=[gone])
    for _ in range(5):
        bob.send("alice", "own")
    alice.send("bob", "m3")
    bob.subscribe(bob.feed)
    assert texts(bob.contents("m3")) == numbered(1, 3)
    assert bob.silent(lambda m: m.get("event") == "more") == []


@pytest.mark.options(replay_limit=2000)
def test_within_the_limit_all_of_1500_come_in_order(broker, alice):
    fill(alice, 1500)
    bob = broker.user("bob").subscribe("chat/user/bob/#")
    assert texts(bob.contents("m1500", timeout=20)) == numbered(1, 1500)
    assert bob.silent(lambda m: m.get("event") == "more") == []


@pytest.mark.options(replay_limit=0)
def test_with_a_limit_of_0_nothing_is_replayed_but_told(broker, alice):
    fill(alice, 3)
    bob = broker.user("bob").subscribe("chat/user/bob/#")
    alice.send("bob", "live")
    assert texts(bob.contents("live")) == ["live"]
    bob.event("more")


@VERSIONS
def test_a_device_that_returns_gets_only_what_is_new(broker, alice, version):
    bob = broker.user("bob", "ios:1", version=version).subscribe("chat/user/bob/#")
    fill(alice, 3)
    bob.contents("m3")
    bob.disconnect()
    alice.send_many("bob", numbered(4, 6))
    bob.connect().subscribe(bob.feed)
    assert texts(bob.contents("m6")) == numbered(4, 6)


def test_every_device_has_a_cursor_of_its_own(broker, alice):
    phone = broker.user("bob", "ios:1").subscribe("chat/user/bob/#")
    laptop = broker.user("bob", "mac:1").subscribe("chat/user/bob/#")
    laptop.disconnect()
    fill(alice, 3)
    phone.contents("m3")
    laptop.connect().subscribe(laptop.feed)
    assert texts(laptop.contents("m3")) == numbered(1, 3)


def test_a_new_device_starts_where_the_users_other_devices_are(broker, alice):
    phone = broker.user("bob", "ios:1").subscribe("chat/user/bob/#")
    fill(alice, 3)
    phone.contents("m3")
    laptop = broker.user("bob", "mac:1").subscribe("chat/user/bob/#")
    alice.send("bob", "live")
    assert texts(laptop.contents("live")) == ["live"]


def test_a_new_device_starts_at_the_highest_of_the_others_also_when_they_are_away(broker, alice):
    phone = broker.user("bob", "ios:1").subscribe("chat/user/bob/#")
    fill(alice, 3)
    phone.contents("m3")
    phone.disconnect()
    alice.send_many("bob", numbered(4, 5))
    laptop = broker.user("bob", "mac:1").subscribe("chat/user/bob/#")
    assert texts(laptop.contents("m5")) == numbered(4, 5)


def test_an_inbox_after_a_feed_goes_on_where_the_feed_was(broker, alice):
    bob = broker.user("bob", "ios:1").subscribe("chat/user/bob/#")
    fill(alice, 3)
    bob.contents("m3")
    bob.disconnect()
    alice.send("bob", "m4")
    bob.connect().subscribe("chat/user/bob")
    assert texts(bob.contents("m4")) == ["m4"]


def test_subscribing_again_on_the_same_connection_repeats_nothing(broker, alice):
    fill(alice, 3)
    bob = broker.user("bob").subscribe("chat/user/bob/#")
    bob.contents("m3")
    bob.subscribe("chat/user/bob/#", "chat/user/bob")
    alice.send("bob", "m4")
    assert texts(bob.contents("m4")) == ["m4"]


def test_overlapping_filters_replay_every_message_once(broker, alice):
    topic = alice.group("Private", "g1", ["bob"])
    fill(alice, 20)
    alice.send_many(topic, [f"g{n}" for n in range(20)])
    bob = broker.user("bob").subscribe("chat/user/bob", "chat/user/bob/#", topic)
    alice.send("bob", "end")
    found = texts(bob.contents("end"))
    assert sorted(found) == sorted(numbered(1, 20) + [f"g{n}" for n in range(20)] + ["end"])


@pytest.mark.parametrize("kill", [False, True])
def test_what_was_sent_before_a_restart_comes_after_it(broker, alice, kill):
    fill(alice, 30)
    broker.restart(kill=kill)
    assert texts(broker.user("bob").subscribe("chat/user/bob/#").contents("m30")) == numbered(1, 30)


def test_cursors_survive_a_restart(broker, alice):
    bob = broker.user("bob", "ios:1").subscribe("chat/user/bob/#")
    fill(alice, 3)
    bob.contents("m3")
    broker.restart()
    alice.connect()
    alice.send("bob", "m4")
    bob.wait_closed()
    bob.connect().subscribe(bob.feed)
    assert texts(bob.contents("m4")) == ["m4"]


def test_after_a_crash_messages_come_twice_rather_than_never(broker, alice):
    bob = broker.user("bob", "ios:1").subscribe("chat/user/bob/#")
    fill(alice, 3)
    bob.contents("m3")
    broker.restart(kill=True)
    alice.connect()
    alice.send("bob", "m4")
    bob.wait_closed()
    bob.connect().subscribe(bob.feed)
    found = texts(bob.contents("m4"))
    assert found == numbered(5 - len(found), 4)


def persistent(broker_factory, **options):
    """A broker that keeps Mosquitto's own sessions over a restart."""
    broker = broker_factory(start=False, conf=["persistence true"], **options)
    broker.conf.append(f"persistence_location {broker.folder}/")
    broker.start()
    broker.create("bob")
    return broker


@VERSIONS
@pytest.mark.parametrize("restart", [False, True])
def test_a_kept_session_gets_the_same_without_subscribing_again(broker_factory, version, restart):
    broker = persistent(broker_factory)
    alice = broker.user("alice")
    bob = broker.user("bob", "ios:1", version=version, clean=False).subscribe("chat/user/bob/#")
    fill(alice, 2)
    bob.contents("m2")
    bob.disconnect()
    alice.send_many("bob", numbered(3, 40))
    if restart:
        broker.restart()
        alice.connect()
        alice.send_many("bob", numbered(41, 50))
    bob.connect()
    assert bob.session_present
    last = 50 if restart else 40
    assert texts(bob.contents(f"m{last}")) == numbered(3, last)
    alice.send("bob", "live")
    assert texts(bob.contents("live")) == ["live"]


@VERSIONS
@pytest.mark.parametrize("filters", [["chat/user/bob", "chat/group/g1"], ["chat/user/bob/#"]])
def test_a_kept_session_gets_what_the_broker_has_forgotten_its_filters_for(broker_factory, version, filters):
    """A broker saves sessions seldom: after a crash one is there without its younger filters."""
    broker = persistent(broker_factory)
    alice = broker.user("alice")
    topic = alice.group("Private", "g1", ["bob"])
    bob = broker.user("bob", "ios:1", version=version, clean=False).subscribe("chat/user/bob/event")
    start = len(broker.process.lines)
    broker.process.signal(signal.SIGUSR1)
    broker.await_log("Saving in-memory database", start=start)
    bob.subscribe(*filters)
    bob.fence()  # what was saved is written
    broker.restart(kill=True)
    alice.connect()

    def check(word):
        alice.send("bob", f"{word} to bob")
        alice.send("bob", {"text": f"{word} only online", "onlineOnly": True})
        alice.send(topic, f"{word} to all")
        expected = [f"{word} to bob", f"{word} only online", f"{word} to all"]
        assert texts(bob.contents(expected[-1])) == expected
        assert bob.silent() == []

    bob.connect()
    assert bob.session_present
    check("first")
    bob.disconnect()
    bob.connect()  # the broker has them no more than before
    check("second")
    bob.subscribe(*filters)
    check("third")
    bob.disconnect()
    bob.connect()
    check("fourth")


def test_a_kept_session_gets_the_groups_it_is_subscribed_to(broker, alice):
    topic = alice.group("Private", "g1", ["bob"])
    bob = broker.user("bob", "ios:1", clean=False).subscribe(topic)
    bob.disconnect()
    alice.send_many(topic, numbered(1, 5))
    alice.send("bob", "not subscribed")
    bob.connect()
    alice.send(topic, "end")
    found = bob.contents("end")
    assert texts(found) == numbered(1, 5) + ["end"] and {m.topic for m in found} == {topic}


def test_a_kept_session_that_unsubscribed_gets_nothing(broker, alice):
    bob = broker.user("bob", "ios:1", clean=False).subscribe("chat/user/bob/#")
    bob.unsubscribe("chat/user/bob/#")
    bob.disconnect()
    fill(alice, 3)
    bob.connect()
    assert bob.session_present and bob.silent() == []


def test_a_clean_start_ends_what_the_kept_session_was_subscribed_to(broker, alice):
    bob = broker.user("bob", "ios:1", clean=False).subscribe("chat/user/bob/#")
    bob.disconnect()
    fill(alice, 3)
    again = broker.user("bob", "ios:1", clean=True)
    assert not again.session_present and again.silent() == []


@pytest.mark.options(ring_bytes=32 << 20)
def test_a_kept_session_and_more_messages_than_mosquitto_would_queue(broker, alice):
    bob = broker.user("bob", "ios:1", clean=False).subscribe("chat/user/bob/#")
    bob.disconnect()
    for _ in range(3):
        alice.send_many("bob", ["x" * 12000] * 300)
    alice.send("bob", "end")
    bob.connect()
    found = bob.contents("end", timeout=20)
    assert seqs(found) == list(range(1, 902))


def test_ack_moves_the_cursor_by_hand(broker, alice):
    bob = broker.user("bob", "ios:1").subscribe("chat/user/bob/#")
    fill(alice, 5)
    found = bob.contents("m5")
    bob.command("ack", id=found[2].get("id"))
    bob.disconnect()
    bob.connect().subscribe(bob.feed)
    again = bob.contents("m5")
    assert texts(again) == ["m4", "m5"]
    assert [m.get("id") for m in again] == [m.get("id") for m in found[3:]]


def test_after_an_ack_of_everything_nothing_comes_again(broker, alice):
    bob = broker.user("bob", "ios:1").subscribe("chat/user/bob/#")
    fill(alice, 5)
    bob.command("ack", id=bob.contents("m5")[-1].get("id"))
    broker.restart()
    alice.connect()
    alice.send("bob", "m6")
    bob.wait_closed()
    bob.connect().subscribe(bob.feed)
    assert texts(bob.contents("m6")) == ["m6"]


@pytest.mark.parametrize("field", [{}, {"id": "5"}, {"id": -1}, {"id": 1.5}])
def test_ack_wants_an_id(broker, field):
    response = broker.user("bob").request("ack", **field)
    assert response.get("code") == 10004 and "id" in response["error"]


def test_a_takeover_brings_messages_twice_rather_than_never(broker, alice):
    bob = broker.user("bob", "ios:1", version=4).subscribe("chat/user/bob/#")
    fill(alice, 3)
    before = bob.contents("m3")
    again = broker.user("bob", "ios:1", version=4)
    bob.wait_closed()
    again.subscribe(again.feed)
    found = again.contents("m3")
    assert [m.get("id") for m in found] == [m.get("id") for m in before]


class Flood:
    """Somebody who sends without pause until told to stop."""

    def __init__(self, sender, topic, count):
        self._thread = threading.Thread(target=self._run, args=(sender, topic, count))
        self.half = threading.Event()
        self.failed = None
        self._thread.start()

    def _run(self, sender, topic, count):
        try:
            for first in range(1, count, 50):
                sender.send_many(topic, numbered(first, min(first + 49, count)))
                if first > count // 3:
                    self.half.set()
        except AssertionError as error:
            self.failed = error
        finally:
            self.half.set()

    def join(self):
        self._thread.join()
        if self.failed:
            raise self.failed


@pytest.mark.options(replay_limit=100000)
@VERSIONS
def test_replay_and_live_meet_without_gap_or_repeat_while_a_sender_floods(broker, alice, version):
    flood = Flood(alice, "chat/user/bob", 3000)
    flood.half.wait()
    devices = [broker.user("bob", f"iot:{n}", version=version).subscribe("chat/user/bob/#") for n in range(3)]
    flood.join()
    alice.send("bob", "end")
    # The first has all; the later ones start where the first was and have all from there on.
    for number, device in enumerate(devices):
        found = seqs(device.contents("end", timeout=30))
        assert found == list(range(found[0], 3002))
        assert number or found[0] == 1


@pytest.mark.options(replay_limit=100000)
def test_replay_and_live_meet_for_a_group_and_for_kept_sessions(broker, alice):
    topic = alice.group("Private", "g1", ["bob"])
    kept = broker.user("bob", "iot:kept", clean=False).subscribe(topic)
    kept.disconnect()
    flood = Flood(alice, topic, 2000)
    flood.half.wait()
    kept.connect()
    fresh = broker.user("bob", "iot:feed").subscribe("chat/user/bob/#")
    flood.join()
    alice.send(topic, "end")
    for device in (kept, fresh):
        assert seqs(device.contents("end", timeout=30)) == list(range(1, 2002))


def comes_and_goes(broker, bob, times=8):
    """bob's device returns again and again while alice floods him: alice's messages as it saw them."""
    alice, carol = broker.user("alice", "iot:flood"), broker.user("carol")
    flood = Flood(alice, "chat/user/bob", 2000)
    found = []
    for number in range(times):
        if not bob.connected:
            bob.connect()
        if not bob.session_present:
            bob.subscribe(bob.feed)
        carol.send("bob", f"cycle {number}")
        found += bob.contents(f"cycle {number}", timeout=30)
        yield found[-1]
        bob.disconnect()
        found += bob.take_all()
    flood.join()
    bob.connect()
    if not bob.session_present:
        bob.subscribe(bob.feed)
    carol.send("bob", "end")
    found += bob.contents("end", timeout=30)
    bob.seen = [m.get("seq") for m in found if m.get("sender") == "alice"]


@pytest.mark.options(replay_limit=100000)
def test_a_device_that_comes_and_goes_under_a_flood_misses_no_more_than_was_on_the_wire(broker):
    """It does not use `ack`: what crosses its DISCONNECT, twenty at most, counts as had."""
    bob = broker.user("bob", "iot:1")
    for _ in comes_and_goes(broker, bob):
        pass
    seen = sorted(set(bob.seen))
    gaps = [after - before - 1 for before, after in zip([0, *seen], [*seen, 2001])]
    assert max(gaps) <= 20 and sum(gap > 0 for gap in gaps) <= 8, "more than one end each can have cost"


@VERSIONS
@pytest.mark.options(replay_limit=100000)
def test_a_kept_session_that_comes_and_goes_under_a_flood_misses_nothing(broker, version):
    bob = broker.user("bob", "iot:1", version=version, clean=False)
    for _ in comes_and_goes(broker, bob):
        pass
    assert sorted(set(bob.seen)) == list(range(1, 2001))


@pytest.mark.options(replay_limit=100000)
def test_a_device_that_acks_comes_and_goes_under_a_flood_and_misses_nothing(broker):
    bob = broker.user("bob", "iot:1")
    for last in comes_and_goes(broker, bob):
        bob.command("ack", id=last.get("id"))
    assert sorted(set(bob.seen)) == list(range(1, 2001))


def test_two_users_with_the_same_text_topic_do_not_get_each_others_messages(broker, alice):
    broker.create("carol")
    alice.send("carol", "for carol")
    alice.send("bob", "for bob")
    assert texts(broker.user("bob").subscribe("chat/user/bob/#").contents("for bob")) == ["for bob"]


def test_a_slow_reader_gets_everything_in_the_end(broker, alice):
    """Its acks are withheld for a while: the broker's own window is full, the rest waits."""
    fill(alice, 400)
    bob = broker.raw()
    bob.login("bob")
    bob.auto_ack = False
    bob.subscribe("chat/user/bob/#")
    held = [bob.next_message() for _ in range(20)]
    alice.send("bob", "end")
    bob.auto_ack = True
    for message in held:
        bob.send(b"\x40\x02" + message.mid.to_bytes(2, "big"))
    rest = bob.messages_until(lambda m: b'"end"' in m.payload, timeout=20)
    assert len(held + rest) == 400


def test_unacknowledged_deliveries_of_a_kept_session_come_again_once(broker, alice):
    bob = broker.raw()
    bob.login("bob", "bob:iot:1", clean=False)
    bob.subscribe("chat/user/bob/#")
    bob.auto_ack = False
    fill(alice, 3)
    first = [bob.next_message() for _ in range(3)]
    bob.abort()
    again = broker.raw()
    again.login("bob", "bob:iot:1", clean=False)
    alice.send("bob", "end")
    found = again.messages_until(lambda m: b'"end"' in m.payload)
    assert [m.payload for m in found] == [m.payload for m in first]


@pytest.mark.parametrize("clean", [True, False])
def test_what_is_on_its_way_to_a_connection_that_is_taken_over_comes_to_the_new_one_once(broker, alice, clean):
    alice.group("Public", "g1", ["bob"])
    bob, again, sender = broker.raw(), broker.raw(), broker.raw()
    bob.login("bob", "bob:ios:1", clean=clean)
    bob.subscribe("chat/user/bob/#")
    sender.login("alice", "alice:web:1")
    sig = broker.sig("bob")
    with broker.one_turn():
        sender.start_publish("chat/group/g1", "m1")
        again.send(packets.connect(4, "bob:ios:1", "bob", sig, clean=clean))
    assert again.expect(packets.CONNACK).code == 0
    if clean:
        again.subscribe("chat/user/bob/#")
    alice.send("bob", "end")
    found = [json.loads(m.payload) for m in again.messages_until(lambda m: b'"end"' in m.payload)]
    assert [m["text"] for m in found if not {"tips", "notice"} & m.keys()] == ["m1"]


def raw_texts(client, last="end"):
    found = client.messages_until(lambda m: json.loads(m.payload).get("text") == last)
    return [json.loads(m.payload).get("text") for m in found]


def test_unsubscribing_and_subscribing_again_in_the_middle_of_a_replay_repeats_nothing(broker, alice):
    fill(alice, 900)
    bob, feed = broker.raw(), ["chat/user/bob/#"]
    bob.login("bob")
    bob.send(
        packets.subscribe(4, 1, feed)
        + packets.unsubscribe(4, 2, feed)
        + packets.subscribe(4, 3, feed)
        + packets.unsubscribe(4, 4, feed)
        + packets.subscribe(4, 5, feed)
    )
    alice.send("bob", "end")
    assert raw_texts(bob) == numbered(1, 900)


def test_a_feed_after_an_inbox_on_one_connection_repeats_nothing(broker, alice):
    fill(alice, 50)
    bob = broker.raw()
    bob.login("bob")
    bob.subscribe("chat/user/bob")
    found = [json.loads(bob.next_message().payload)["text"] for _ in range(50)]
    bob.unsubscribe("chat/user/bob")
    bob.subscribe("chat/user/bob/#")
    alice.send("bob", "end")
    assert found == numbered(1, 50) and raw_texts(bob) == []


def test_an_inbox_goes_on_where_a_feed_was_unsubscribed_in_the_middle_of_its_replay(broker, alice):
    fill(alice, 900)
    bob, feed = broker.raw(), ["chat/user/bob/#"]
    bob.login("bob")
    bob.send(
        packets.subscribe(4, 1, ["chat/user/bob"])
        + packets.subscribe(4, 2, feed)
        + packets.unsubscribe(4, 3, feed)
    )
    alice.send("bob", "end")
    assert raw_texts(bob) == numbered(1, 900)


def test_a_kept_session_that_connects_twice_at_once_gets_what_it_missed(broker, alice):
    bob, first, second = broker.raw(), broker.raw(), broker.raw()
    bob.login("bob", "bob:iot:1", clean=False)
    bob.subscribe("chat/user/bob/#")
    bob.disconnect()
    alice.send("bob", "m1")
    connect = packets.connect(4, "bob:iot:1", "bob", broker.sig("bob"), clean=False)
    with broker.one_turn():
        first.send(connect)
        second.send(connect)
    alice.send("bob", "end")
    assert raw_texts(second) == ["m1"]


def test_a_cursor_is_written_when_the_connection_has_lived_on_for_one_and_a_half_keepalives(broker, alice):
    bob, again = broker.raw(), broker.raw()
    bob.login("bob", "bob:ios:1", keepalive=2)
    bob.subscribe("chat/user/bob/#")
    fill(alice, 3)
    first = [bob.next_message() for _ in range(3)]
    began = time.monotonic()
    await_cursor(broker, "bob:ios:1", json.loads(first[-1].payload)["id"], pings=bob)
    assert time.monotonic() - began > 2.9
    alice.send("bob", "m4")
    bob.next_message()
    again.send(
        packets.connect(4, "bob:ios:1", "bob", broker.sig("bob"))
        + packets.subscribe(4, 1, ["chat/user/bob/#"])
    )
    alice.send("bob", "end")
    assert raw_texts(again) == ["m4"]


def test_a_takeover_goes_back_for_what_was_unsubscribed_as_well(broker, alice):
    bob, again = broker.raw(), broker.raw()
    bob.login("bob", "bob:ios:1")
    bob.subscribe("chat/user/bob/#")
    fill(alice, 3)
    assert [json.loads(bob.next_message().payload)["text"] for _ in range(3)] == numbered(1, 3)
    bob.unsubscribe("chat/user/bob/#")
    again.login("bob", "bob:ios:1")
    again.subscribe("chat/user/bob/#")
    alice.send("bob", "end")
    assert raw_texts(again) == numbered(1, 3)


def settle(client):
    """What has come is counted as had a turn of the broker later."""
    for _ in range(2):
        client.publish(CONTROL, {"commands": [{"command": "getUnread"}]})
        client.next_message()


@pytest.mark.parametrize("who", ["the same device", "a new device"])
def test_what_was_had_before_an_UNSUBSCRIBE_does_not_come_again_a_moment_later(broker, alice, who):
    for number in range(10):
        device = f"bob:ios:{number}"
        bob, again = broker.raw(), broker.raw()
        bob.login("bob", device)
        bob.subscribe("chat/user/bob/#")
        fill(alice, 3)
        assert [json.loads(bob.next_message().payload)["text"] for _ in range(3)] == numbered(1, 3)
        settle(bob)
        end = packets.disconnect() if who == "the same device" else b""
        again_id = device if who == "the same device" else f"bob:web:{number}"
        begin = packets.connect(4, again_id, "bob", broker.sig("bob"))
        if who == "the same device":
            bob.unsubscribe("chat/user/bob/#")  # 2.0 reads one packet a turn, and this is no takeover
        with broker.one_turn():
            bob.send(end or packets.unsubscribe(4, 9, ["chat/user/bob/#"]))
            again.send(begin + packets.subscribe(4, 1, ["chat/user/bob/#"]))
        again.expect(packets.SUBACK)
        alice.send("bob", "end")
        assert raw_texts(again) == []
        again.disconnect()
        if who == "a new device":
            bob.disconnect()


@pytest.mark.parametrize("who", ["the same device", "a new device"])
def test_a_session_that_subscribes_to_nothing_hides_no_cursor_of_the_one_before(broker, alice, who):
    for number in range(10):
        device = f"bob:ios:{number}"
        bob, between, again = broker.raw(), broker.raw(), broker.raw()
        bob.login("bob", device)
        bob.subscribe("chat/user/bob/#")
        fill(alice, 3)
        assert [json.loads(bob.next_message().payload)["text"] for _ in range(3)] == numbered(1, 3)
        settle(bob)
        login = packets.connect(4, device, "bob", broker.sig("bob"))
        again_id = device if who == "the same device" else f"bob:web:{number}"
        with broker.one_turn():
            bob.send(packets.disconnect())
            between.send(login + packets.packet(packets.PINGREQ, 0, b"") + packets.disconnect())
        between.wait_closed()
        again.login("bob", again_id)
        again.subscribe("chat/user/bob/#")
        alice.send("bob", "end")
        assert raw_texts(again) == []
        again.disconnect()


def await_cursor(broker, client_id, cursor, pings, topic="feed"):
    """Returns when the database has this cursor of the client's subscription."""
    deadline = time.monotonic() + PATIENCE
    query = "SELECT cursor FROM subscription WHERE client = ? AND topic = ?"
    with contextlib.closing(sqlite3.connect(broker.database)) as database:
        while database.execute(query, [client_id, topic]).fetchone() != (cursor,):
            assert time.monotonic() < deadline, "the cursor was not written"
            pings.ping()
            time.sleep(0.05)
