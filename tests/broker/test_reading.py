# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""sync, markRead and getUnread."""
import json

import pytest


@pytest.fixture
def alice(broker):
    broker.create("bob", "carol")
    return broker.user("alice")


def total(user):
    return user.command("getUnread")["totalUnread"]


# ---- sync


def test_sync_has_all_conversations_by_id(broker, alice):
    topic = alice.group("Private", "g1", ["bob"])
    carol = broker.user("carol")
    carol.send("bob", "1")
    alice.send(topic, "2")
    bob = broker.user("bob")
    bob.send("alice", "3")
    alice.send("bob", "4")
    found = bob.synced()
    assert [m["text"] for m in found] == ["1", "2", "3", "4"]
    assert [m["id"] for m in found] == sorted(m["id"] for m in found)


def test_sync_has_nothing_of_others(broker, alice):
    alice.send("carol", "for carol")
    alice.send(alice.group("Private", "g1", ["carol"]), "for the group")
    assert broker.user("bob").synced() == []


def test_sync_goes_on_after_an_id_in_pages(broker, alice):
    alice.send_many("bob", [f"m{n}" for n in range(25)])
    bob = broker.user("bob")
    first = bob.command("sync", after=0, limit=10)
    assert len(first["messages"]) == 10 and first["complete"] is False
    rest = bob.command("sync", after=first["messages"][-1]["id"], limit=15)
    assert [m["text"] for m in rest["messages"]] == [f"m{n}" for n in range(10, 25)]
    assert rest["complete"] is True
    assert bob.command("sync", after=rest["messages"][-1]["id"]) == {"messages": [], "complete": True}


def test_sync_gives_100_unless_told_and_at_most_500(broker, alice):
    alice.send_many("bob", [f"m{n}" for n in range(520)])
    bob = broker.user("bob")
    assert len(bob.command("sync", after=0)["messages"]) == 100
    assert len(bob.command("sync", after=0, limit=500)["messages"]) == 500


def test_sync_is_cut_at_256_KiB_and_says_so(broker, alice):
    alice.send_many("bob", ["x" * 12000] * 60)
    bob = broker.user("bob")
    page = bob.command("sync", after=0, limit=500)
    assert page["complete"] is False and 1 <= len(page["messages"]) < 30
    assert [m["seq"] for m in bob.synced()] == list(range(1, 61))


@pytest.mark.options(max_message_bytes=1048576)
def test_at_least_one_message_is_given_however_long(broker, alice):
    alice.send_many("bob", ["x" * 400000, "y"])
    bob = broker.user("bob")
    page = bob.command("sync", after=0)
    assert len(page["messages"]) == 1 and page["complete"] is False
    assert len(bob.synced()) == 2


def test_sync_sees_what_was_acknowledged_a_moment_ago(broker, alice):
    """Not yet written to the database, perhaps: it must be there all the same."""
    bob = broker.user("bob")
    for number in range(100):
        alice.send("bob", f"m{number}")
        assert bob.command("sync", after=0, limit=500)["messages"][-1]["text"] == f"m{number}"


def test_sync_after_a_restart_is_the_same(broker, alice):
    alice.send_many("bob", [f"m{n}" for n in range(30)])
    bob = broker.user("bob")
    before = bob.synced()
    broker.restart(kill=True)
    bob.connect()
    assert bob.synced() == before and len(before) == 30


def test_sync_starts_where_a_private_group_was_joined(broker, alice):
    topic = alice.group("Private", "g1")
    alice.send(topic, "before")
    alice.command("inviteGroupMember", groupID="g1", members=["bob"])
    alice.send(topic, "after")
    assert [m["text"] for m in broker.user("bob").synced()] == ["after"]


@pytest.mark.parametrize(
    "fields,name",
    [
        ({}, "after"),
        ({"after": "0"}, "after"),
        ({"after": -1}, "after"),
        ({"after": 0, "limit": "x"}, "limit"),
    ],
)
def test_a_wrong_field_of_sync_is_named(broker, fields, name):
    response = broker.user("bob").request("sync", **fields)
    assert response.get("code") == 10004 and name in response["error"]


# ---- unread


def test_unread_counts_others_messages_of_all_conversations(broker, alice):
    topic = alice.group("Private", "g1", ["bob"])
    alice.send_many("bob", ["a", "b"])
    broker.user("carol").send("bob", "c")
    alice.send(topic, "d")
    bob = broker.user("bob")
    bob.send("alice", "mine")
    bob.send(topic, "mine")
    assert (total(bob), total(alice)) == (4, 2)


def test_sending_marks_nothing_as_read(broker, alice):
    alice.send("bob", "a")
    bob = broker.user("bob")
    bob.send("alice", "b")
    assert total(bob) == 1


def test_receiving_marks_nothing_as_read(broker, alice):
    bob = broker.user("bob").subscribe("chat/user/bob/#")
    alice.send("bob", "a")
    bob.command("ack", id=bob.text("a").get("id"))
    assert total(bob) == 1


def test_markRead_of_everything(broker, alice):
    topic = alice.group("Private", "g1", ["bob"])
    alice.send_many("bob", ["a", "b"])
    alice.send(topic, "c")
    bob = broker.user("bob")
    bob.command("markRead", to="alice")
    assert total(bob) == 1
    bob.command("markRead", group="g1")
    assert total(bob) == 0
    alice.send("bob", "d")
    assert total(bob) == 1


def test_markRead_up_to_an_id_and_never_back(broker, alice):
    alice.send_many("bob", ["a", "b", "c"])
    bob = broker.user("bob")
    ids = [m["id"] for m in bob.synced()]
    bob.command("markRead", to="alice", id=ids[1])
    assert total(bob) == 1
    bob.command("markRead", to="alice", id=ids[0])
    assert total(bob) == 1


def test_what_is_read_is_still_read_after_a_restart(broker, alice):
    alice.send_many("bob", ["a", "b", "c"])
    bob = broker.user("bob")
    bob.command("markRead", to="alice", id=bob.synced()[1]["id"])
    broker.restart(kill=True)
    bob.connect()
    assert total(bob) == 1


def test_messages_from_before_joining_do_not_count(broker, alice):
    topic = alice.group("Private", "g1")
    alice.send_many(topic, ["a", "b"])
    alice.command("inviteGroupMember", groupID="g1", members=["bob"])
    alice.send(topic, "c")
    assert total(broker.user("bob")) == 1


def test_a_chatroom_counts_nothing(broker, alice):
    topic = alice.group("ChatRoom", "g1", ["bob"])
    alice.send_many(topic, ["a", "b"])
    assert total(broker.user("bob")) == 0


def test_the_sender_learns_that_his_messages_were_read(broker, alice):
    bob = broker.user("bob")
    alice.send_many("bob", ["a", "b"])
    last = bob.synced()[-1]["id"]
    bob.command("markRead", to="alice", id=last)
    event = alice.event("read")
    assert (event["user"], event["id"]) == ("bob", last) and isinstance(event["time"], int)


def test_nobody_is_told_of_reading_in_a_group(broker, alice):
    topic = alice.group("Private", "g1", ["bob"])
    alice.send(topic, "a")
    broker.user("bob").command("markRead", group="g1")
    assert alice.silent(lambda m: m.get("event") == "read") == []


def test_the_readers_other_devices_learn_it_too(broker, alice):
    bob, other = broker.user("bob"), broker.user("bob", "web:1")
    alice.send_many("bob", ["a", "b"])
    broker.user("carol").send("bob", "c")
    ids = [m["id"] for m in bob.synced()]
    bob.command("markRead", to="alice", id=ids[0])
    event = other.event("unread")
    assert (event["to"], event["unread"], event["totalUnread"], event["readID"]) == ("alice", 1, 2, ids[0])
    assert bob.silent(lambda m: m.get("event") == "unread") == []


@pytest.mark.parametrize(
    "fields,code",
    [
        ({}, 10004),
        ({"to": "alice", "group": "g1"}, 10004),
        ({"to": 5}, 10004),
        ({"to": "alice", "id": "x"}, 10004),
        ({"group": "none"}, 10010),
    ],
)
def test_a_wrong_markRead_is_refused(alice, fields, code):
    alice.group("Private", "g1")
    assert alice.code("markRead", **fields) == code


def test_an_outsider_cannot_mark_a_group_as_read(broker, alice):
    alice.group("Private", "g1")
    assert broker.user("bob").code("markRead", group="g1") == 10007


def test_the_bytes_of_sync_are_those_of_the_delivery(broker, alice):
    bob = broker.raw()
    bob.login("bob")
    bob.subscribe("chat/user/bob/#")
    alice.send("bob", '{"text":"\\u00e9","n":1.50, "x" : [ ]}')
    delivered = bob.next_message().payload
    bob.publish("$CONTROL/chat/v1", {"commands": [{"command": "sync", "after": 0}]})
    response = bob.next_message().payload
    assert delivered in response and json.loads(response)
