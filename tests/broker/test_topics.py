# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""An address is a topic: who may publish and subscribe what."""
import pytest

VERSIONS = pytest.mark.parametrize("version", [4, 5])

# code, topic: what becomes of alice's publish. She is in g1 with bob, and not in g2.
PUBLISH = [
    (0, "chat/user/bob"),
    (0, "chat/group/g1"),
    (20003, "chat/user/alice"),
    (20003, "chat/user/nobody"),
    (10007, "chat/group/g2"),
    (10010, "chat/group/none"),
    (10007, "chat/user/alice/event"),
    (10007, "chat/user/bob/event"),
    (10007, "chat/user/bob/group/g1"),
    (10007, "chat/user/alice/group/g1"),
    (10007, "chat/user/bob/x"),
    (10007, "chat/user"),
    (10007, "chat/user/"),
    (10007, "chat/group"),
    (10007, "chat/group/"),
    (10007, "chat/group/g1/x"),
    (10007, "chat/push"),
    (10007, "chat"),
    (10007, "chat/"),
    (10007, "chat//bob"),
    (10007, "chat/anything"),
    (10007, "$CONTROL/chat/v1/response"),
]

ALLOWED = [
    "chat/user/alice",
    "chat/user/alice/#",
    "chat/user/alice/event",
    "chat/group/g1",
    "$CONTROL/chat/v1/response",
]
REFUSED = [
    "chat/user/bob",
    "chat/user/bob/#",
    "chat/user/bob/event",
    "chat/user/nobody",
    "chat/user/alice/group/g1",
    "chat/user/alice/+",
    "chat/user/alice/event/#",
    "chat/user/alice/group/#",
    "chat/user/+",
    "chat/user/#",
    "chat/+/alice",
    "chat/#",
    "chat/+",
    "chat",
    "chat/",
    "chat/group/#",
    "chat/group/+",
    "chat/group/g2",
    "chat/group/none",
    "chat/group/g1/#",
    "chat/push",
    "chat/push/#",
    "chat/upload/x/0",
    "chat/upload/#",
    "$CONTROL/chat/v1",
    "$CONTROL/chat/#",
    "$CONTROL/chat/v1/#",
    "$share/x/chat/user/alice",
    "$share/x/chat/user/alice/#",
    "$share/x/chat/#",
    "$share/x/chat/group/g1",
    "$share/x/chat/push",
    "$share/x/$CONTROL/chat/v1/response",
    "$SYS/broker/chat/#",
]


@pytest.fixture
def world(broker_factory):
    """alice and bob in g1, admin alone in g2; the rest of the topics is open."""
    broker = broker_factory(other_topics="allow")
    broker.create("bob")
    broker.admin().group("Public", "g2")
    return broker


@VERSIONS
def test_each_topic_takes_publishes_as_the_table_says(world, version):
    alice = world.user("alice", version=version)
    alice.group("Private", "g1", ["bob"])
    found = []
    for expected, topic in PUBLISH:
        if expected:
            found.append((alice.refusal(topic, "hello")["code"], topic))
        else:
            alice.send(topic, "hello")
            found.append((0, topic))
    assert found == PUBLISH


@VERSIONS
def test_filters_of_ones_own_are_granted(world, version):
    alice = world.raw(version)
    alice.login("alice")
    world.user("alice", "web:1").group("Private", "g1", ["bob"])
    assert {name: alice.subscribe(name, 1) for name in ALLOWED} == dict.fromkeys(ALLOWED, 1)


@VERSIONS
def test_every_other_chat_filter_is_refused_in_suback(world, version):
    alice = world.raw(version)
    alice.login("alice")
    world.user("alice", "web:1").group("Private", "g1", ["bob"])
    expected = {4: 0x80, 5: 0x87}[version]
    assert {name: alice.subscribe(name, 1) for name in REFUSED} == dict.fromkeys(REFUSED, expected)


@VERSIONS
def test_a_granted_filter_keeps_its_qos(world, version):
    alice = world.raw(version)
    alice.login("alice")
    assert [alice.subscribe("chat/user/alice/#", qos) for qos in (0, 1, 2)] == [0, 1, 2]


@VERSIONS
def test_an_admin_may_subscribe_push_and_counters(world, version):
    admin = world.raw(version)
    admin.login("admin", "admin:web:1")
    assert [admin.subscribe("chat/push"), admin.subscribe("$SYS/broker/chat/#")] == [1, 1]


@VERSIONS
@pytest.mark.parametrize(
    "wide",
    ["#", "+/#", "+/user/bob", "+/+/+", "+/group/g1", "$share/x/#", "$share/x/+/user/bob", "+/user/bob/#"],
)
def test_nobody_reads_chat_topics_through_a_wider_filter(world, version, wide):
    alice = world.user("alice", version=version)
    spy = world.user("spy", version=version)
    alice.group("Private", "g1", ["bob"])
    granted = spy.try_subscribe(wide)
    assert granted < 0x80, "a filter outside chat/ is none of our business"
    bob = world.user("bob").subscribe("chat/user/bob/#")
    alice.send("bob", "secret 1")
    alice.send("chat/group/g1", "secret 2")
    alice.send("bob", {"text": "secret 3", "random": 7})
    bob.send("alice", "secret 4")
    assert spy.silent(lambda message: "responses" not in (message.data or {})) == []
    assert [m.get("text") for m in bob.contents("secret 3")] == ["secret 1", "secret 2", "secret 3"]


def test_ones_own_messages_do_not_come_twice_through_a_wider_filter(world):
    bob = world.user("bob").subscribe("#", "chat/user/bob/#", "+/user/bob")
    world.user("alice").send("bob", "once")
    bob.text("once")
    assert bob.silent() == []


def test_a_wider_filter_still_reads_what_is_not_ours(world):
    bob = world.user("bob").subscribe("#")
    world.user("alice").publish("sensors/1", "21.5")
    assert bob.wait(lambda m: m.topic == "sensors/1").payload == b"21.5"


@VERSIONS
def test_retain_is_stripped(world, version):
    bob = world.user("bob", "ios:1", version=version).subscribe("chat/user/bob/#")
    world.user("alice", version=version).send("bob", "hello", retain=True)
    assert not bob.text("hello").retain
    later = world.user("bob", "web:1", version=version).subscribe("chat/user/bob")
    world.user("alice", version=version).send("bob", "after")
    assert [(m.get("text"), m.retain) for m in later.contents("after")][-1] == ("after", False)
    assert later.pending() == []


def test_a_retained_chat_message_of_older_times_reaches_nobody(broker_factory):
    """A message that was retained on a chat topic before the plugin was there."""
    broker = broker_factory(plugin=False, conf=["persistence true", "allow_anonymous true"], start=False)
    broker.conf.append(f"persistence_location {broker.folder}/")
    broker.start()
    old = broker.raw()
    old.connect("old")
    old.publish("chat/user/bob", b"raw", retain=True)
    broker.has_plugin = True
    broker.conf.remove("allow_anonymous true")
    broker.restart()
    bob = broker.user("bob").subscribe("chat/user/bob/#")
    assert bob.silent(lambda m: m.payload == b"raw") == []


@pytest.mark.parametrize("qos", [0, 1, 2])
def test_what_is_refused_reaches_nobody(world, qos):
    bob = world.user("bob").subscribe("chat/user/bob/#")
    alice = world.raw(4)
    alice.login("alice")
    for topic in ("chat/user/bob/event", "chat/user/bob/group/g1", "chat/user/bob/x"):
        alice.publish(topic, b'{"event":"forged"}', qos)
    alice.publish("chat/user/bob", b'{"sender":"admin","text":"forged"}', qos)
    alice.publish("chat/user/bob", b"", qos)
    alice.ping()
    assert bob.silent(lambda message: message.topic.startswith("chat/")) == []
