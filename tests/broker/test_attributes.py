# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""What is attached to a group: setGroupAttributes, getGroupAttributes and the event."""
import pytest

from harness.groups import staffed_group

TYPES = ["Private", "Public", "ChatRoom", "AVChatRoom"]


@pytest.fixture
def alice(broker):
    return broker.user("alice")


def attach(user, **fields):
    return user.command("setGroupAttributes", groupID="g1", **fields)["version"]


def attached(user, **fields):
    return user.command("getGroupAttributes", groupID="g1", **fields)


@pytest.mark.parametrize("kind", TYPES)
def test_a_new_group_has_none_and_version_0(alice, kind):
    alice.group(kind, "g1")
    assert attached(alice) == {"attributes": {}, "version": 0}


@pytest.mark.parametrize("kind", TYPES)
def test_what_is_set_is_there_with_a_version_that_rises(alice, kind):
    alice.group(kind, "g1")
    assert [attach(alice, set={"seat1": "bob", "mode": ""}), attach(alice, set={"seat1": "carol"})] == [1, 2]
    assert attached(alice) == {"attributes": {"seat1": "carol", "mode": ""}, "version": 2}


def test_keys_can_be_asked_for_and_deleted(alice):
    alice.group("Public", "g1")
    attach(alice, set={"a": "1", "b": "2", "c": "3"})
    assert attach(alice, set={"d": "4"}, delete=["a", "never there"]) == 2
    assert attached(alice, keys=["a", "b", "d"])["attributes"] == {"b": "2", "d": "4"}


def test_to_say_what_is_so_already_changes_nothing(alice):
    alice.group("Public", "g1")
    attach(alice, set={"a": "1"})
    assert attach(alice, set={"a": "1"}, delete=["b"]) == 1


def test_who_comes_second_with_the_same_version_is_refused(alice):
    alice.group("Public", "g1")
    assert attach(alice, set={"seat": "bob"}, ifVersion=0) == 1
    assert alice.code("setGroupAttributes", groupID="g1", set={"seat": "carol"}, ifVersion=0) == 10056
    assert attached(alice)["attributes"] == {"seat": "bob"}


FULL = {f"k{n}": "v" for n in range(16)}
HEAVY = {f"k{n}": "v" * 3998 for n in range(4)}


@pytest.mark.parametrize(
    "fields,code",
    [
        ({"set": {"one more": "v"}}, 10045),
        ({"set": {"one more": "v"}, "delete": ["k0"]}, 0),
        ({"set": {"k0": "other"}}, 0),
    ],
)
def test_there_are_at_most_16_keys(alice, fields, code):
    alice.group("Public", "g1")
    attach(alice, set=FULL)
    assert alice.code("setGroupAttributes", groupID="g1", **fields) == code


@pytest.mark.parametrize(
    "values,code",
    [
        ({"k" * 32: "v"}, 0),
        ({"k" * 33: "v"}, 10046),
        ({"\u5ea7" * 11: "v"}, 10046),
        ({"k": "v" * 4000}, 0),
        ({"k": "v" * 4001}, 10047),
        ({"k": "\u5ea7" * 1334}, 10047),
        (HEAVY, 0),
        ({**HEAVY, "k": ""}, 10048),
    ],
)
def test_lengths_are_bytes(alice, values, code):
    alice.group("Public", "g1")
    assert alice.code("setGroupAttributes", groupID="g1", set=values) == code
    assert (attached(alice)["attributes"] == {}) == (code != 0), "what is refused changes nothing"


@pytest.mark.parametrize(
    "command,fields,name",
    [
        ("set", {}, "set"),
        ("set", {"set": []}, "set"),
        ("set", {"set": {"k": 1}}, "set"),
        ("set", {"set": {"k": None}}, "set"),
        ("set", {"set": {"": "v"}}, "set"),
        ("set", {"set": "k"}, "set"),
        ("set", {"delete": {}}, "delete"),
        ("set", {"delete": [1]}, "delete"),
        ("set", {"set": {"k": "v"}, "delete": ["k"]}, "delete"),
        ("set", {"set": {"k": "v"}, "ifVersion": "0"}, "ifVersion"),
        ("set", {"set": {"k": "v"}, "ifVersion": -1}, "ifVersion"),
        ("set", {"set": {"k": "v"}, "groupID": 7}, "groupID"),
        ("get", {"keys": "k"}, "keys"),
        ("get", {"keys": [{}]}, "keys"),
    ],
)
def test_a_wrong_field_is_named(alice, command, fields, name):
    alice.group("Public", "g1")
    response = alice.request(f"{command}GroupAttributes", **{"groupID": "g1", **fields})
    assert response["code"] == 10004 and name in response["error"]
    assert attached(alice)["version"] == 0


@pytest.mark.parametrize("command", ["setGroupAttributes", "getGroupAttributes"])
def test_a_group_that_is_not_there_is_10010(alice, command):
    assert alice.code(command, groupID="none", set={"k": "v"}) == 10010


def test_connected_members_hear_of_a_change_but_not_the_connection_that_made_it(broker):
    owner = staffed_group(broker)
    tablet, bob, dave = broker.user("owner", "ipad:1"), broker.user("bob"), broker.user("dave")
    attach(owner, set={"a": "1", "b": "2"})
    attach(owner, set={"b": "2", "c": "3"}, delete=["a", "x"])
    for user in (tablet, bob):
        user.event("attributes", version=1)
        told = user.event("attributes", version=2)
        assert told == {"event": "attributes", "group": "g1", "set": {"c": "3"}, "delete": ["a"], "version": 2}
    assert (owner.silent(is_about), dave.silent(is_about)) == ([], [])


def is_about(message):
    return message.get("event") == "attributes"


def test_in_a_live_group_it_comes_on_the_topic_of_the_group_once_for_all(broker, alice):
    alice.group("AVChatRoom", "g1")
    other = broker.user("alice", "ipad:1")
    listeners = [broker.user(name).subscribe("chat/group/g1") for name in ("bob", "carol", "dave")]
    attach(alice, set={"seat": "bob"})
    for listener in listeners:
        message = listener.wait(is_about)
        assert message.topic == "chat/group/g1"
        assert message.data == {"event": "attributes", "group": "g1", "set": {"seat": "bob"}, "delete": [], "version": 1}
        assert listener.silent(is_about) == []
    assert other.wait(is_about).topic == other.event_topic, "the owner is in it without a subscription"
    assert alice.silent(is_about) == []


def test_nobody_can_send_the_event_of_a_live_group_himself(broker, alice):
    topic = alice.group("AVChatRoom", "g1")
    bob = broker.user("bob").subscribe(topic)
    alice.send(topic, {"event": "attributes", "set": {}, "version": 9, "text": "x"})
    assert bob.wait(is_about).get("sender") == "alice"


@pytest.mark.parametrize("kind", ["Public", "AVChatRoom"])
def test_they_are_there_after_a_crash(broker, alice, kind):
    alice.group(kind, "g1")
    attach(alice, set={"a": "1", "b": "2"})
    attach(alice, delete=["a"])
    broker.restart(kill=True)
    alice = broker.user("alice", "web:2")
    assert attached(alice) == {"attributes": {"b": "2"}, "version": 2}
    assert attach(alice, set={"b": "3"}) == 3


def test_a_groupid_that_is_used_again_has_none_of_the_old_ones(broker_factory):
    broker = broker_factory(retention_days=1, faults=True)
    alice = broker.user("alice")
    alice.group("Public", "g1")
    attach(alice, set={"a": "1"})
    alice.command("dismissGroup", groupID="g1")
    assert alice.code("getGroupAttributes", groupID="g1") == 10010
    broker.faults.set_clock(wall=3 * 86400, steady=3 * 86400)
    alice = broker.user("alice", sig=broker.sig("alice", expire=30 * 86400))
    alice.group("Public", "g1")
    assert attached(alice) == {"attributes": {}, "version": 0}


@pytest.mark.options(group_rate=5)
def test_a_group_is_told_of_so_many_changes_a_second(alice):
    alice.group("Public", "g1")
    codes = [alice.code("setGroupAttributes", groupID="g1", set={"n": str(n)}) for n in range(20)]
    assert codes[:4] == [0] * 4 and 10023 in codes
    assert attached(alice)["version"] == codes.count(0)
