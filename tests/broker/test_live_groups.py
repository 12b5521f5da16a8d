# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""Live groups (AVChatRoom): subscribing is joining, nothing is stored."""
import pytest

from harness import packets
from harness.user import CONTROL, RESPONSE

TOPIC = "chat/group/live"


@pytest.fixture
def owner(broker):
    broker.create("bob", "carol")
    owner = broker.user("owner")
    owner.group("AVChatRoom", "live")
    return owner


def watching(owner):
    return {m["userID"] for m in owner.command("getGroupMembers", groupID="live")["members"]}


def test_anyone_subscribes_and_gets_messages_without_id(broker, owner):
    bob = broker.user("bob").subscribe(TOPIC)
    owner.send(TOPIC, "one")
    owner.send(TOPIC, "two")
    found = bob.contents("two")
    assert [m.topic for m in found] == [TOPIC, TOPIC]
    assert all("id" not in m.data for m in found)
    assert [m.get("seq") for m in found] == [1, 2]
    assert (found[0].get("sender"), found[0].get("group")) == ("owner", "live")


def test_who_has_subscribed_may_send(broker, owner):
    owner.subscribe(TOPIC)
    bob = broker.user("bob").subscribe(TOPIC)
    bob.send(TOPIC, "hello")
    assert owner.text("hello").get("sender") == "bob"
    assert bob.silent() == [], "the sending client gets nothing back"


def test_who_has_not_joined_may_not_send(broker, owner):
    assert broker.user("bob").refusal(TOPIC, "x")["code"] == 10007


def test_joinGroup_is_enough_to_send_but_not_to_receive(broker, owner):
    bob, carol = broker.user("bob"), broker.user("carol").subscribe(TOPIC)
    assert bob.command("joinGroup", groupID="live")["status"] == "joined"
    bob.send(TOPIC, "hello")
    carol.text("hello")
    assert bob.silent() == []


def test_the_owner_sends_without_subscribing(broker, owner):
    bob = broker.user("bob").subscribe(TOPIC)
    owner.send(TOPIC, "hello")
    bob.text("hello")


@pytest.mark.parametrize("how", ["unsubscribe", "quitGroup", "disconnect", "drop"])
def test_leaving(broker, owner, how):
    bob = broker.user("bob").subscribe(TOPIC)
    assert "bob" in watching(owner)
    if how == "unsubscribe":
        bob.unsubscribe(TOPIC)
    elif how == "quitGroup":
        bob.command("quitGroup", groupID="live")
    else:
        getattr(bob, how)()
        bob.connect()
    assert "bob" not in watching(owner)
    owner.send(TOPIC, "x")
    assert bob.silent() == []
    assert bob.refusal(TOPIC, "x")["code"] == 10007


def test_who_left_may_come_again(broker, owner):
    bob = broker.user("bob").subscribe(TOPIC)
    bob.unsubscribe(TOPIC)
    bob.subscribe(TOPIC)
    owner.send(TOPIC, "again")
    bob.text("again")


def test_a_feed_does_not_have_live_groups(broker, owner):
    bob = broker.user("bob").subscribe("chat/user/bob/#")
    bob.command("joinGroup", groupID="live")
    owner.send(TOPIC, "x")
    assert bob.silent() == []


def test_a_feed_beside_a_live_group_changes_nothing(broker, owner):
    bob = broker.user("bob").subscribe("chat/user/bob/#", TOPIC)
    owner.send(TOPIC, "x")
    assert bob.text("x").topic == TOPIC
    assert bob.silent() == []


def test_nothing_is_stored(broker, owner):
    bob = broker.user("bob").subscribe(TOPIC)
    bob.send(TOPIC, {"text": "hello", "random": 5})
    assert bob.synced() == owner.synced() == []
    assert owner.command("getUnread")["totalUnread"] == 0
    assert bob.silent(lambda m: m.get("event") == "sent") == []


def test_the_group_itself_survives_a_restart(broker, owner):
    broker.restart()
    owner.connect()
    bob = broker.user("bob").subscribe(TOPIC)
    owner.send(TOPIC, "hello")
    bob.text("hello")


def test_only_the_owner_sees_who_is_there(broker, owner):
    bob = broker.user("bob").subscribe(TOPIC)
    assert bob.code("getGroupMembers", groupID="live") == 10007
    assert {"bob"} <= watching(owner)


def test_a_message_reaches_all_of_many(broker, owner):
    watchers = []
    for number in range(100):
        client = broker.raw()
        client.login(f"w{number}")
        assert client.subscribe(TOPIC, 0) == 0
        watchers.append(client)
    owner.send(TOPIC, "to everybody")
    found = {
        b'"to everybody"' in next(m for m in iter(w.next_message, None) if b"tips" not in m.payload).payload
        for w in watchers
    }
    assert found == {True}


def test_a_qos_0_subscription_gets_it_at_qos_0(broker, owner):
    bob = broker.user("bob").subscribe(TOPIC, qos=0)
    owner.send(TOPIC, "x")
    assert bob.text("x").qos == 0


@pytest.mark.options(group_rate=8)
def test_a_shed_message_is_acknowledged_like_any_other(broker, owner):
    bob = broker.user("bob").subscribe(TOPIC)
    owner.send_many(TOPIC, [{"text": f"low{n}", "priority": "low"} for n in range(50)])
    owner.send(TOPIC, {"text": "high", "priority": "high"})
    found = bob.contents("high")
    assert 1 <= len(found) <= 12
    assert owner.silent(lambda m: m.get("event") == "rejected") == []


@pytest.mark.options(live_history=3)
def test_who_comes_is_given_the_last_messages_and_then_the_live_ones_in_order(broker, owner):
    for number in range(5):
        owner.send(TOPIC, f"m{number}")
    viewer = broker.user("viewer").subscribe(TOPIC)
    owner.send(TOPIC, "now")
    assert [m.get("text") for m in viewer.contents("now")] == ["m2", "m3", "m4", "now"]


@pytest.mark.options(live_history=0)
def test_without_a_live_history_a_newcomer_starts_with_what_comes(broker, owner):
    owner.send(TOPIC, "before")
    viewer = broker.user("viewer").subscribe(TOPIC)
    owner.send(TOPIC, "now")
    assert [m.get("text") for m in viewer.contents("now")] == ["now"]


def test_who_comes_back_is_not_given_his_own_messages(broker, owner):
    viewer = broker.user("viewer").subscribe(TOPIC)
    viewer.send(TOPIC, "mine")
    viewer.unsubscribe(TOPIC)
    viewer.subscribe(TOPIC)
    owner.send(TOPIC, "now")
    assert [m.get("text") for m in viewer.contents("now")] == ["now"]


def test_subscribing_again_repeats_no_live_history(broker, owner):
    viewer = broker.user("viewer").subscribe(TOPIC)
    owner.send(TOPIC, "one")
    viewer.text("one")
    viewer.subscribe(TOPIC)
    owner.send(TOPIC, "two")
    assert [m.get("text") for m in viewer.contents("two")] == ["two"]


def test_what_was_sent_at_qos_2_just_before_the_end_arrives_before_the_last_tip(broker, owner):
    carol = broker.user("carol").subscribe(TOPIC)
    with broker.one_turn():
        owner.start_publish(TOPIC, "last words", qos=2)
        owner.start_publish("$CONTROL/chat/v1", {"commands": [{"command": "dismissGroup", "groupID": "live"}]})
    carol.text("last words")
    carol.tip("dismiss")


def test_a_dismissed_live_group_is_gone(broker, owner):
    bob = broker.user("bob").subscribe(TOPIC)
    owner.command("dismissGroup", groupID="live")
    assert bob.refusal(TOPIC, "x")["code"] == 10010
    assert broker.user("carol").try_subscribe(TOPIC) == 0x87


def test_a_connection_joins_so_many_live_groups_and_no_more(broker):
    admin, names = broker.admin(), [f"live{n}" for n in range(1001)]
    broker.create("owner1", "owner2", "bob")
    for at in range(0, 1001, 50):
        made = admin.batch([{"command": "createGroup", "groupType": "AVChatRoom", "groupID": name,
                             "owner": "owner1" if name < "live5" else "owner2"} for name in names[at : at + 50]])
        assert {answer.get("code", 0) for answer in made} == {0}
    bob = broker.raw()
    bob.login("bob")
    for name in names[:1000]:
        bob.start_subscribe(f"chat/group/{name}")
    assert {bob.expect(packets.SUBACK).code for _ in range(1000)} == {1}
    assert bob.subscribe("chat/group/live1000") >= 0x80
    assert bob.subscribe("chat/group/live0") == 1
    bob.unsubscribe("chat/group/live0")
    assert bob.subscribe("chat/group/live1000") == 1
    bob.publish(CONTROL, {"commands": [{"command": "joinGroup", "groupID": "live0"}]})
    answer = next(message for message in iter(bob.next_message, None) if message.topic == RESPONSE)
    assert b'"code":10037' in answer.payload
