# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""A will on a chat topic is never published."""
import json

import pytest

from harness.packets import SESSION_EXPIRY, WILL_DELAY, Will
from harness.raw import Closed

VERSIONS = pytest.mark.parametrize("version", [4, 5])
RAW = json.dumps({"id": 1, "seq": 1, "sender": "admin", "to": "bob", "time": 1, "text": "forged"}).encode()
TOPICS = [
    "chat/user/bob",
    "chat/user/bob/event",
    "chat/user/bob/group/g1",
    "chat/group/g1",
    "$CONTROL/chat/v1/response",
]


@pytest.fixture
def world(broker_factory):
    broker = broker_factory(other_topics="allow")
    broker.create("alice")
    broker.carol = broker.user("carol")
    broker.bob = broker.user("bob")
    broker.bob.group("Private", "g1", ["alice", "carol"])
    broker.bob.subscribe("chat/user/bob/#", "chat/group/g1", "$CONTROL/chat/v1/response")
    return broker


def dies(broker, topic, version=4, retain=False, name="alice:ios:1", payload=RAW, **knobs):
    """A session of alice that leaves a will on this topic and breaks."""
    client = broker.raw(version)
    will = Will(topic, payload, qos=1, retain=retain, properties=knobs.pop("will_properties", {}))
    if no_such_will(broker, topic):
        with pytest.raises(Closed):
            client.login("alice", name, will=will, **knobs)
        return
    client.login("alice", name, will=will, **knobs)
    client.abort()


def no_such_will(broker, topic):
    """From 2.0.16 on the broker itself closes a connection with a will on a command topic."""
    return broker.version >= (2, 0, 16) and topic.startswith("$CONTROL/")


def forged(message):
    return b"forged" in message.payload


def after_all_deaths(broker):
    """A sensor's will is published; all wills of who broke before are due then."""
    witness = broker.user("carol", "iot:1").subscribe("sensors/will")
    last = broker.raw(4)
    last.login("alice", "alice:iot:last", will=Will("sensors/will", b"gone"))
    last.abort()
    witness.wait(lambda m: m.topic == "sensors/will")


@VERSIONS
@pytest.mark.parametrize("retain", [False, True])
def test_a_plain_will_is_not_published(world, version, retain):
    for topic in TOPICS:
        dies(world, topic, version, retain)
    after_all_deaths(world)
    world.carol.send("bob", "after")
    world.bob.text("after")
    assert world.bob.silent(forged) == []
    again = world.user("bob", "web:2").subscribe("chat/user/bob/#")
    assert again.silent(forged) == []


@VERSIONS
def test_a_will_on_the_command_topic_is_no_command(world, version):
    create = b'{"commands":[{"command":"createGroup","groupType":"Public","groupID":"w"}]}'
    dies(world, "$CONTROL/chat/v1", version, payload=create)
    after_all_deaths(world)
    assert world.carol.code("getGroupInfo", groupID="w") == 10010


def test_a_delayed_will_is_not_published(world):
    witness = world.user("carol", "iot:1").subscribe("sensors/will")
    delayed = {"props": {SESSION_EXPIRY: 60}, "will_properties": {WILL_DELAY: 1}}
    for number, topic in enumerate(TOPICS):
        dies(world, topic, 5, name=f"alice:iot:{number}", **delayed)
    dies(world, "sensors/will", 5, name="alice:iot:last", **delayed)
    witness.wait(lambda m: m.topic == "sensors/will")
    assert world.bob.silent(forged) == []


def test_a_delayed_will_is_not_published_when_its_session_is_resumed(world):
    delayed = {"props": {SESSION_EXPIRY: 60}, "will_properties": {WILL_DELAY: 600}}
    dies(world, "chat/user/bob", 5, clean=False, **delayed)
    again = world.raw(5)
    again.login("alice", "alice:ios:1", clean=True)
    again.ping()
    assert world.bob.silent(forged) == []


@VERSIONS
def test_a_will_is_not_published_at_a_takeover(world, version):
    """Many times over, among real messages of the same size: a freed payload's address may come back."""
    old = None
    real = {"text": "real " + "x" * (len(RAW) - 20)}
    for number in range(20):
        client = world.raw(version)
        client.login("alice", "alice:ios:1", will=Will("chat/user/bob", RAW, qos=1))
        if old:
            old.wait_closed()
        world.carol.send("bob", real)
        client.publish("chat/user/bob", real)
        old = client
    world.carol.send("bob", "last")
    found = world.bob.contents("last")
    assert world.bob.silent(forged) == []
    assert len(found) == 41 and all(m.payload.startswith(b'{"id":') for m in found)


def test_a_will_outside_chat_is_published_as_always(world):
    after_all_deaths(world)


def test_a_will_that_gets_the_address_of_a_message_just_delivered_is_not_taken_for_it(world):
    """A message that all have at QoS 0 is freed at once; the next allocation of its size gets its address. Three guards stand
    in the way (WRITE of who is gone, the end of READ's leave at each event, once per client and message): without them 19
    of 20 came through."""
    eve = world.user("bob", "iot:1").subscribe("chat/user/bob", qos=0)
    carol = world.raw()
    carol.login("carol", "carol:iot:1")
    carol.publish("chat/user/bob", b"x" * 404, qos=0)
    size = len(eve.text("x" * 404).payload)
    for number in range(20):
        text = f"{number:04d}" + "x" * 400
        will = b'{"forged":"' + b"y" * (size - 13) + b'"}'
        victim = world.raw()
        victim.login("alice", f"alice:iot:{number}", will=Will("chat/user/bob", will))
        with world.one_turn():
            carol.start_publish("chat/user/bob", text.encode(), qos=0)
            victim.abort()
        eve.text(text)
    after_all_deaths(world)
    eve.fence()
    assert eve.pending(forged) == []
