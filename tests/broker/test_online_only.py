# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""`onlineOnly`: to whoever is connected now, and nothing else."""
import pytest

TYPING = {"custom": {"data": "typing"}, "onlineOnly": True}


def is_typing(message):
    return message.get("custom") is not None


@pytest.fixture
def pair(broker):
    return broker.user("alice"), broker.user("bob").subscribe("chat/user/bob/#")


def test_it_is_delivered_without_id_and_seq(pair):
    alice, bob = pair
    alice.send("bob", TYPING)
    data = bob.wait(is_typing).data
    assert list(data)[:3] == ["sender", "to", "time"] and "id" not in data and "seq" not in data


def test_it_takes_no_seq(pair):
    alice, bob = pair
    alice.send("bob", TYPING)
    alice.send("bob", "x")
    assert bob.text("x").get("seq") == 1


def test_it_reaches_group_members_who_are_connected(broker, pair):
    alice, bob = pair
    alice.send(alice.group("Private", "g1", ["bob"]), TYPING)
    assert bob.wait(is_typing).topic == "chat/user/bob/group/g1"


def test_nobody_gets_it_later(pair):
    alice, bob = pair
    bob.disconnect()
    alice.send("bob", TYPING)
    alice.send("bob", "after")
    bob.connect().subscribe(bob.feed)
    assert [m.data.get("text") for m in bob.contents("after")] == ["after"]


def test_it_is_neither_found_by_sync_nor_counted(pair):
    alice, bob = pair
    alice.send("bob", TYPING)
    assert (bob.synced(), bob.command("getUnread")["totalUnread"]) == ([], 0)


def test_the_senders_other_device_gets_it_too(broker, pair):
    alice, _ = pair
    tablet = broker.user("alice", "ipad:1").subscribe("chat/user/alice/#")
    alice.send("bob", TYPING)
    assert tablet.wait(is_typing).get("to") == "bob"
