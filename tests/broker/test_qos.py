# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""QoS 0, 1 and 2: every message once, at the lower of publish and subscription, and accepted at PUBLISH."""
import itertools
import os
import signal

import pytest

from harness import packets

VERSIONS = pytest.mark.parametrize("version", [4, 5])
SENT_AT = pytest.mark.parametrize("sent_at", [0, 1, 2])
PLACES = pytest.mark.parametrize("place", ["inbox", "feed", "group", "group feed", "live"])


def texts(messages):
    return [message.get("text") for message in messages]


def found_at(device, count=1):
    """(text, QoS) of `count` messages and of whatever else came. A client library hands out what comes at
    QoS 2 at PUBREL, so it may come behind what was sent later: sorted."""
    found = [device.content() for _ in range(count + 1)]
    device.fence()
    found += device.take_all()
    return sorted((m.get("text"), m.qos) for m in found if m.get("text") != "end")


class Scene:
    """alice, and bob's devices that are subscribed at QoS 0, 1 and 2 where `place` says."""

    def __init__(self, broker, place, version):
        broker.create("bob")
        self.alice = broker.user("alice", version=version)
        if place in ("inbox", "feed"):
            self.to = "chat/user/bob"
        else:
            kind = "AVChatRoom" if place == "live" else "Private"
            self.to = self.alice.group(kind, "g1", () if place == "live" else ["bob"])
        self.name = "chat/user/bob/#" if "feed" in place else self.to
        self.bobs = [
            broker.user("bob", f"iot:{qos}", version=version).subscribe(self.name, qos=qos)
            for qos in (0, 1, 2)
        ]
        for bob in self.bobs:
            bob.fence()


@pytest.fixture
def scene(broker):
    return lambda place, version=4: Scene(broker, place, version)


@VERSIONS
@PLACES
def test_every_combination_is_delivered_once_at_the_lower_qos(scene, place, version):
    one = scene(place, version)
    for sent_at in (0, 1, 2):
        one.alice.publish(one.to, f"at {sent_at}", qos=sent_at)
    one.alice.send(one.to, "end")
    for granted, bob in enumerate(one.bobs):
        expected = [(f"at {qos}", min(qos, granted)) for qos in (0, 1, 2)]
        assert found_at(bob, len(expected)) == expected, f"granted {granted}"


@pytest.mark.parametrize("inbox, feed", [(1, 0), (0, 1), (2, 0), (0, 2), (1, 2)])
@pytest.mark.parametrize("first", ["inbox", "feed"])
def test_a_private_message_comes_once_at_the_higher_of_inbox_and_feed(broker, inbox, feed, first):
    """Stored or not."""
    alice, bob = broker.user("alice"), broker.user("bob")
    filters = [("chat/user/bob", inbox), ("chat/user/bob/#", feed)]
    for name, qos in filters if first == "inbox" else reversed(filters):
        bob.subscribe(name, qos=qos)
    alice.send("bob", "live", qos=2)
    alice.send("bob", {"text": "passing", "onlineOnly": True}, qos=2)
    alice.send("bob", "end")
    assert found_at(bob, 2) == [("live", max(inbox, feed)), ("passing", max(inbox, feed))]


@PLACES
def test_a_burst_of_mixed_qos_keeps_its_order(scene, place):
    """A publish at QoS 2 goes another way to the receiver than the others. The order is MQTT's: among what
    is delivered at one QoS. Fewer than 20 at QoS 2: beyond that, Mosquitto drops publishes at QoS 1 before
    the PUBRELs come."""
    one = scene(place)
    # Live messages wait for nobody, and Mosquitto 2.1 reads several packets a turn.
    ways = ({0, 1}, {2}) if place == "live" else ({0, 1, 2},)
    qos_of = {f"m{n}": (2, 1, 0)[n % 3] for n in range(48)}
    for text, qos in qos_of.items():
        one.alice.start_publish(one.to, text, qos=qos)
    for granted, bob in enumerate(one.bobs):
        found = texts(bob.content() for _ in qos_of)
        for way, delivered_at in itertools.product(ways, range(granted + 1)):
            among = [text for text, qos in qos_of.items() if qos in way and min(qos, granted) == delivered_at]
            assert [text for text in found if text in among] == among, bob.client_id


@SENT_AT
def test_what_was_sent_at_any_qos_is_replayed_at_most_at_qos_1(broker, sent_at):
    broker.create("bob")
    alice = broker.user("alice")
    alice.publish("chat/user/bob", "hello", qos=sent_at)
    alice.send("bob", "end")
    for granted in (0, 1, 2):
        bob = broker.user("bob", f"iot:{granted}").subscribe("chat/user/bob/#", qos=granted)
        if granted == 0:
            assert found_at(bob) == [("hello", 0)]
    kept = broker.user("bob", "iot:kept", clean=False).subscribe("chat/user/bob/#", qos=2)
    kept.disconnect()
    alice.publish("chat/user/bob", "again", qos=sent_at)
    alice.send("bob", "end")
    kept.connect()
    assert found_at(kept) == [("again", 1)]


@SENT_AT
def test_senders_other_devices_have_it_once_as_well(broker, sent_at):
    broker.create("bob")
    other = broker.user("alice", "web:1").subscribe("chat/user/alice/#")
    alice = broker.user("alice")
    alice.publish("chat/user/bob", "hello", qos=sent_at)
    alice.send("bob", "end")
    assert texts(other.contents("end")) == ["hello", "end"]


@SENT_AT
def test_onlineOnly_is_delivered_once_at_the_lower_qos(scene, sent_at):
    one = scene("feed")
    one.alice.publish(one.to, {"text": "now", "onlineOnly": True}, qos=sent_at)
    one.alice.send(one.to, "end")
    for granted, bob in enumerate(one.bobs):
        assert found_at(bob) == [("now", min(sent_at, granted))]


# ---- QoS 2 by hand


@pytest.fixture
def pair(broker):
    """bob, and alice on a bare socket."""
    bob = broker.user("bob").subscribe("chat/user/bob/#")
    alice = broker.raw()
    alice.login("alice")
    alice.broker = broker
    return alice, bob


def release(alice, mid):
    alice.send(packets.ack(packets.PUBREL, mid))
    alice.expect(packets.PUBCOMP)


def end(alice, bob):
    """Everything bob got up to a message sent now."""
    alice.publish("chat/user/bob", "end")
    found = texts(bob.contents("end"))[:-1]
    return found + bob.silent()


def test_a_publish_whose_PUBREL_never_comes_is_delivered(pair):
    alice, bob = pair
    alice.start_publish("chat/user/bob", "hello", qos=2)
    bob.text("hello")
    alice.expect(packets.PUBREC)
    alice.abort()
    assert bob.silent() == []
    assert [m["text"] for m in bob.synced()] == ["hello"]


def test_a_late_PUBREL_delivers_nothing_again(pair):
    alice, bob = pair
    mids = [alice.start_publish("chat/user/bob", f"m{n}", qos=2) for n in range(3)]
    for _ in mids:
        alice.expect(packets.PUBREC)
    alice.publish("chat/user/bob", "between")
    assert texts(bob.contents("between")) == ["m0", "m1", "m2", "between"]
    for mid in mids:
        release(alice, mid)
    assert end(alice, bob) == []


def test_a_late_PUBREL_in_a_group_delivers_nothing_again(broker):
    broker.create("bob")
    owner = broker.user("alice", "web:1")
    topic = owner.group("Private", "g1", ["bob"])
    named = broker.user("bob", "iot:1").subscribe(topic)
    alice = broker.raw()
    alice.login("alice")
    mid = alice.start_publish(topic, "hello", qos=2)
    alice.expect(packets.PUBREC)
    named.text("hello")
    release(alice, mid)
    alice.publish(topic, "end")
    assert texts(named.contents("end")) == ["end"] and named.silent() == []


def test_a_refused_publish_at_qos_2_is_delivered_to_nobody(pair):
    alice, bob = pair
    mid = alice.start_publish("chat/user/bob", b"", qos=2)
    alice.expect(packets.PUBREC)
    release(alice, mid)
    assert end(alice, bob) == []
    assert len(bob.synced()) == 1


def test_a_publish_at_qos_2_sent_again_with_DUP_is_a_second_message(pair):
    alice, bob = pair
    for dup in (False, True):
        alice.start_publish("chat/user/bob", "hello", qos=2, mid=7, dup=dup)
    for _ in range(2):
        assert alice.expect(packets.PUBREC).mid == 7
    release(alice, 7)
    assert end(alice, bob) == ["hello", "hello"]


@pytest.mark.parametrize("qos,acknowledged", [(1, packets.PUBACK), (2, packets.PUBREC)])
def test_a_publish_sent_again_with_DUP_and_its_random_is_the_same_message(pair, qos, acknowledged):
    alice, bob = pair
    for dup in (False, True):
        alice.start_publish("chat/user/bob", {"text": "hello", "random": 5}, qos=qos, mid=7, dup=dup)
    for _ in range(2):
        assert alice.expect(acknowledged).mid == 7
    if qos == 2:
        release(alice, 7)
    assert end(alice, bob) == ["hello"]
    assert [m["text"] for m in bob.synced()] == ["hello", "end"]


@pytest.mark.parametrize("qos", [1, 2])
def test_a_publish_sent_again_on_the_next_connection_of_a_kept_session_is_the_same_message(pair, qos):
    first, bob = pair
    broker = first.broker
    for dup in (False, True):
        alice = broker.raw()
        alice.login("alice", "alice:iot:1", clean=False)
        alice.start_publish("chat/user/bob", {"text": "hello", "random": 5}, qos=qos, mid=7, dup=dup)
        alice.expect(packets.PUBACK if qos == 1 else packets.PUBREC)
        alice.abort()
    alice = broker.raw()
    alice.login("alice", "alice:iot:1", clean=False)
    if qos == 2:
        release(alice, 7)
    assert end(alice, bob) == ["hello"]


# ---- in the very turn in which a receiver returns


class Frozen:
    """What is sent while the broker stands still is served in one turn of its loop, in that order."""

    def __init__(self, broker):
        self._pid = broker.process.pid

    def __enter__(self):
        os.kill(self._pid, signal.SIGSTOP)

    def __exit__(self, *_):
        os.kill(self._pid, signal.SIGCONT)


def returning(broker, user, filters, version=4):
    """A kept session that is away; returns the client to come back with, and how."""
    client = broker.raw(version)
    client.login(user, f"{user}:iot:1", clean=False)
    for name in filters:
        client.subscribe(name, 2)
    client.disconnect()
    back = broker.raw(version)
    return back, packets.connect(version, f"{user}:iot:1", user, broker.sig(user), clean=False)


def received(client, alice):
    """Payloads up to a message sent now."""
    alice.publish("chat/user/bob", "end")
    alice.ping()
    return [m.payload for m in client.messages_until(lambda m: b'"text":"end"' in m.payload)]


@pytest.mark.parametrize("qos", [1, 2])
def test_a_duplicate_does_not_reach_who_returns_in_the_same_turn(pair, qos):
    alice, _ = pair
    message = {"text": "hello", "random": 5}
    alice.publish("chat/user/bob", message)
    back, connect = returning(alice.broker, "bob", ["chat/user/bob"])
    with Frozen(alice.broker):
        back.send(connect)
        alice.start_publish("chat/user/bob", message, qos=qos, mid=7)
        if qos == 2:
            alice.send(packets.ack(packets.PUBREL, 7))
    alice.expect(packets.PUBACK if qos == 1 else packets.PUBCOMP)
    found = received(back, alice)
    assert [b"sender" in payload for payload in found] in ([], [True])


def test_a_PUBREL_gives_who_returns_in_the_same_turn_nothing_twice(pair):
    alice, _ = pair
    back, connect = returning(alice.broker, "bob", ["chat/user/bob"])
    alice.start_publish("chat/user/bob", "hello", qos=2, mid=7)
    alice.expect(packets.PUBREC)
    with Frozen(alice.broker):
        back.send(connect)
        alice.send(packets.ack(packets.PUBREL, 7))
    assert len(received(back, alice)) == 1


@pytest.mark.parametrize("kind", ["Public", "AVChatRoom"])
def test_who_was_removed_and_returns_in_the_same_turn_reads_nothing_that_is_released(pair, kind):
    alice, bob = pair
    boss = alice.broker.user("boss")
    alice.broker.create("eve")
    boss.group(kind, "g1", ["eve", "alice"] if kind == "Public" else ())
    eve = alice.broker.user("eve")
    if kind == "AVChatRoom":
        for user in (eve, alice.broker.user("alice", "iot:9")):
            user.command("joinGroup", groupID="g1")
    back, connect = returning(alice.broker, "eve", ["chat/user/eve", "chat/group/g1"])
    if kind == "AVChatRoom":
        eve.command("quitGroup", groupID="g1")
    else:
        boss.command("deleteGroupMember", groupID="g1", members=["eve"])
    alice.start_publish("chat/group/g1", "secret", qos=2, mid=7)
    alice.expect(packets.PUBREC)
    with Frozen(alice.broker):
        back.send(connect)
        alice.send(packets.ack(packets.PUBREL, 7))
    alice.publish("chat/user/eve", "end")
    found = [m.payload for m in back.messages_until(lambda m: b'"text":"end"' in m.payload)]
    assert [payload for payload in found if b"secret" in payload] == []


@pytest.mark.options(other_topics="allow")
@pytest.mark.parametrize("qos", [1, 2])
def test_who_returns_with_a_wide_filter_in_the_same_turn_reads_nothing_of_others(pair, qos):
    alice, bob = pair
    back, connect = returning(alice.broker, "eve", ["#"])
    alice.start_publish("chat/user/bob", "secret", qos=2, mid=7)
    alice.expect(packets.PUBREC)
    with Frozen(alice.broker):
        back.send(connect)
        alice.send(packets.ack(packets.PUBREL, 7))
        for _ in range(2):
            alice.start_publish("chat/user/bob", {"text": "secret", "random": 5}, qos=qos)
    bob.text("secret")
    for _ in range(2):
        alice.expect(packets.PUBACK if qos == 1 else packets.PUBREC)
    alice.publish("elsewhere", b"end")
    assert [m.payload for m in back.messages_until(lambda m: m.topic == "elsewhere")] == []
