# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""`random` makes a message that is sent again the same message; its sender gets a receipt."""
import json

import pytest

from harness import packets

VERSIONS = pytest.mark.parametrize("version", [4, 5])
HELLO = {"text": "hello", "random": 4711}


@VERSIONS
def test_the_sender_gets_a_receipt(broker, version):
    bob = broker.user("bob").subscribe("chat/user/bob/#")
    alice = broker.user("alice", version=version)
    alice.send("bob", HELLO)
    stamp = bob.content().data
    expected = {"event": "sent", "to": "bob", "random": 4711, **{k: stamp[k] for k in ("id", "seq", "time")}}
    assert alice.event("sent") == expected


def test_the_receipt_of_a_group_message_names_the_group(broker):
    broker.create("bob")
    alice = broker.user("alice")
    alice.send(alice.group("Private", "g1", ["bob"]), HELLO)
    assert alice.event("sent")["group"] == "g1"


def test_only_the_sending_client_gets_the_receipt(broker):
    broker.create("bob")
    other = broker.user("alice", "web:1").subscribe("chat/user/alice/#")
    alice = broker.user("alice")
    alice.subscribe(alice.feed)
    alice.send("bob", HELLO)
    alice.event("sent")
    is_receipt = lambda m: m.get("event") == "sent"  # noqa: E731
    assert (alice.silent(is_receipt), other.silent(is_receipt)) == ([], [])


def test_without_random_there_is_no_receipt(broker):
    broker.create("bob")
    alice = broker.user("alice")
    alice.send("bob", "hello")
    assert alice.silent(lambda m: m.get("event") == "sent") == []


@pytest.mark.parametrize("between", ["nothing", "restart", "kill"])
def test_a_message_sent_again_is_stored_and_delivered_once_and_the_receipt_is_repeated(broker, between):
    bob = broker.user("bob").subscribe("chat/user/bob/#")
    alice = broker.user("alice")
    alice.send("bob", HELLO)
    first = alice.event("sent")
    bob.text("hello")
    if between != "nothing":
        broker.restart(kill=between == "kill")
        alice.connect()
        bob.wait_closed()
        bob.connect().subscribe(bob.feed)
    alice.send("bob", HELLO)
    assert alice.event("sent") == first
    alice.send("bob", "after")
    again = [m.get("id") for m in bob.contents("after")[:-1]]
    assert again == [] or between == "kill", "delivered again"
    assert [(m["text"], m["seq"]) for m in bob.synced()] == [("hello", 1), ("after", 2)]


def test_another_device_of_the_sender_sends_the_same_message(broker):
    bob = broker.user("bob")
    alice, other = broker.user("alice"), broker.user("alice", "web:1")
    alice.send("bob", HELLO)
    other.send("bob", HELLO)
    assert other.event("sent") == alice.event("sent")
    assert len(bob.synced()) == 1


def test_the_same_random_of_another_sender_is_another_message(broker):
    bob = broker.user("bob")
    broker.user("alice").send("bob", HELLO)
    broker.user("carol").send("bob", HELLO)
    assert [m["sender"] for m in bob.synced()] == ["alice", "carol"]


def test_the_same_random_to_somebody_else_is_another_message(broker):
    bob, carol, alice = broker.user("bob"), broker.user("carol"), broker.user("alice")
    topic = alice.group("Private", "g1", ["bob", "carol"])
    for to in ("bob", "carol", topic, "bob", "carol", topic):
        alice.send(to, HELLO)
    receipts = [alice.event("sent") for _ in range(6)]
    assert [r.get("to", r.get("group")) for r in receipts] == ["bob", "carol", "g1"] * 2
    assert receipts[:3] == receipts[3:] and len({r["id"] for r in receipts}) == 3
    assert [len(user.synced()) for user in (bob, carol)] == [2, 2]


def test_a_message_sent_again_is_the_same_one_although_its_sender_is_out_of_the_group_by_now(broker):
    broker.create("bob")
    alice, owner = broker.user("alice"), broker.user("owner")
    topic = owner.group("Private", "g1", ["alice", "bob"])
    alice.send(topic, HELLO)
    first = alice.event("sent")
    owner.command("deleteGroupMember", groupID="g1", members=["alice"])
    alice.send(topic, HELLO)
    assert alice.event("sent") == first


def test_a_refused_message_is_not_remembered(broker):
    alice = broker.user("alice")
    assert alice.refusal("chat/user/bob", HELLO)["random"] == 4711
    broker.create("bob")
    alice.send("bob", HELLO)
    assert alice.event("sent")["to"] == "bob"


def test_onlineOnly_messages_are_not_remembered_and_have_no_receipt(broker):
    bob = broker.user("bob").subscribe("chat/user/bob/#")
    alice = broker.user("alice")
    for _ in range(2):
        alice.send("bob", {**HELLO, "onlineOnly": True})
    alice.send("bob", "after")
    assert [m.get("text") for m in bob.contents("after")] == ["hello", "hello", "after"]
    assert alice.silent(lambda m: m.get("event") == "sent") == []


def test_many_messages_sent_twice_and_pipelined_are_stored_once(broker):
    bob = broker.user("bob").subscribe("chat/user/bob/#")
    alice = broker.user("alice")
    messages = [{"text": f"m{n}", "random": n + 1} for n in range(200) for _ in range(2)]
    alice.send_many("bob", messages)
    assert [m.get("text") for m in bob.contents("m199")] == [f"m{n}" for n in range(200)]
    assert bob.silent() == []


def test_a_publish_with_DUP_and_a_new_random_is_a_new_message(broker):
    bob = broker.user("bob")
    alice = broker.raw()
    alice.login("alice")
    for number in (1, 2):
        alice.start_publish("chat/user/bob", {"text": "x", "random": number}, mid=5, dup=True)
        alice.expect(packets.PUBACK)
    assert [m["random"] for m in bob.synced()] == [1, 2]


def test_the_repeat_of_a_message_does_not_slip_to_a_kept_session_that_is_just_returning(broker):
    alice, bob, again = broker.raw(), broker.raw(), broker.raw()
    alice.login("alice")
    bob.login("bob", "bob:iot:1", clean=False)
    bob.subscribe("chat/user/bob")
    bob.disconnect()
    alice.publish("chat/user/bob", HELLO)
    with broker.one_turn():
        again.send(packets.connect(4, "bob:iot:1", "bob", broker.sig("bob"), clean=False))
        alice.start_publish("chat/user/bob", {"text": "unstamped", "random": 4711})
    alice.expect(packets.PUBACK)
    alice.publish("chat/user/bob", "end")
    found = again.messages_until(lambda m: b'"end"' in m.payload)
    assert [json.loads(m.payload).get("text") for m in found] == ["hello"]
