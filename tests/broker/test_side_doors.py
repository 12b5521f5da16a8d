# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""Sessions that are older than the plugin: nothing they left behind is a way around the message path. (Wills:
test_wills.py. Retained messages and wide filters: test_topics.py. Bridges: test_bridges.py. Sensors:
test_coexistence.py.)"""
import pytest

from harness.packets import SESSION_EXPIRY

VERSIONS = pytest.mark.parametrize("version", [4, 5])
FORGED = b'{"id":1,"seq":1,"sender":"admin","to":"bob","time":1,"text":"forged"}'
OLD_FILTERS = (
    "chat/#",
    "#",
    "chat/user/bob",
    "chat/user/bob/#",
    "chat/user/carol",
    "chat/user/carol/#",
    "chat/group/+",
    "chat/push",
    "$CONTROL/chat/v1/response",
    "$share/x/chat/#",
    "+/user/+",
)


def is_forged(message):
    return b"forged" in message.payload


def is_chat(message):
    return message.topic.startswith("chat/")


@pytest.fixture
def before(broker_factory):
    """A broker without the plugin that keeps its sessions."""
    broker = broker_factory(plugin=False, conf=["persistence true"], start=False, other_topics="allow")
    broker.conf += [f"persistence_location {broker.folder}/", "allow_anonymous true"]
    return broker.start()


def with_plugin(broker):
    broker.has_plugin = True
    broker.conf.remove("allow_anonymous true")
    return broker.restart()


def old_session(broker, client_id, version):
    """Subscribed to everything, then away; ten messages wait for it. (When more than twenty are denied, Mosquitto
    2.0 sends such a client nothing ever again: docs/configuration.md.)"""
    client = broker.raw(version)
    props = {SESSION_EXPIRY: 3600} if version == 5 else None
    assert client.connect(client_id, clean=False, props=props).code == 0
    for name in OLD_FILTERS:
        client.subscribe(name)
    client.disconnect()
    other = broker.raw()
    other.connect("other")
    for topic in ("chat/user/bob", "chat/group/g1"):
        other.publish(topic, FORGED)
    other.ping()


@VERSIONS
@pytest.mark.parametrize("client_id", ["bob", "bob:ios:1", "mqttjs_1"])
def test_what_waited_for_an_old_session_does_not_reach_its_user(before, version, client_id):
    old_session(before, client_id, version)
    broker = with_plugin(before)
    bob = broker.user("bob", client_id=client_id, version=version, clean=False)
    assert bob.session_present
    assert bob.silent(is_forged) == []


@VERSIONS
@pytest.mark.parametrize("client_id", ["bob:ios:1", "mqttjs_1"])
def test_the_filters_of_an_old_session_show_no_chat_of_others(before, version, client_id):
    old_session(before, client_id, version)
    broker = with_plugin(before)
    broker.create("alice", "carol")
    bob = broker.user("bob", client_id=client_id, version=version, clean=False)
    assert bob.session_present
    alice = broker.user("alice")
    worker = broker.admin("web:1")
    group = alice.group("Public", "g1", ["carol"])
    live = alice.group("AVChatRoom", "live")
    for topic in ("chat/user/carol", group, live):
        alice.send(topic, "secret")
    worker.command("sendMessage", sender="carol", to="alice", text="secret")
    found = [m for m in bob.take_all(is_chat)] + bob.silent(is_chat)
    assert found == []


@VERSIONS
def test_an_old_session_that_is_away_gets_no_chat_queued(before, version):
    """It comes back without the plugin, as an operator who gives up on it would see."""
    old_session(before, "spy", version)
    broker = with_plugin(before)
    broker.create("bob")
    alice = broker.user("alice")
    alice.send("bob", "secret")
    alice.fence()
    assert broker.stop() == 0
    broker.has_plugin = False
    broker.conf.append("allow_anonymous true")
    broker.start()
    spy = broker.raw(version)
    assert spy.connect("spy", clean=False).session_present
    sentinel = broker.raw()
    sentinel.connect("sentinel")
    sentinel.publish("sentinel", b"end")
    found = spy.messages_until(lambda m: m.topic == "sentinel")
    assert found and [m for m in found if b"secret" in m.payload] == []


@VERSIONS
def test_who_logs_in_with_an_old_session_chats_like_anybody(before, version):
    old_session(before, "bob:ios:1", version)
    broker = with_plugin(before)
    bob = broker.user("bob", "ios:1", version=version, clean=False).subscribe("chat/user/bob/#")
    alice = broker.user("alice")
    alice.send("bob", "m1")
    alice.send(alice.group("Public", "g1", ["bob"]), "m2")
    assert [m.topic for m in bob.contents("m2")] == ["chat/user/bob", "chat/user/bob/group/g1"]
    assert bob.silent() == []


def test_who_was_removed_while_his_kept_session_was_away_gets_nothing(broker):
    broker.create("alice")
    bob = broker.user("bob", "ios:1", clean=False)
    alice = broker.user("alice")
    topic = alice.group("Public", "g1", ["bob"])
    bob.subscribe(topic, "chat/user/bob")
    bob.disconnect()
    alice.send(topic, "m1")
    alice.command("deleteGroupMember", groupID="g1", members=["bob"])
    alice.send(topic, "m2")
    bob.connect()
    alice.send(topic, "m3")
    alice.send("bob", "end")
    found = [m.get("text") for m in bob.contents("end")]
    assert not {"m2", "m3"} & set(found)
