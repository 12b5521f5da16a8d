# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""What members get, and what they no longer get."""
import pytest

HOW = pytest.mark.parametrize("by", ["feed", "group"])


@pytest.fixture
def world(broker):
    broker.create("bob", "carol")
    broker.alice = broker.user("alice")
    broker.topic = broker.alice.group("Private", "g1", ["bob", "carol"])
    return broker


def subscribed(world, name, by):
    user = world.user(name)
    return user.subscribe(user.feed if by == "feed" else world.topic)


@HOW
def test_all_members_who_are_connected_get_a_message(world, by):
    members = [subscribed(world, name, by) for name in ("bob", "carol")]
    world.alice.send(world.topic, "hello")
    expected = {"feed": ["chat/user/bob/group/g1", "chat/user/carol/group/g1"], "group": [world.topic] * 2}
    assert [m.text("hello").topic for m in members] == expected[by]


@HOW
def test_a_removed_member_gets_nothing_more_and_may_not_send(world, by):
    bob, carol = subscribed(world, "bob", by), subscribed(world, "carol", by)
    world.alice.command("deleteGroupMember", groupID="g1", members=["bob"])
    world.alice.send(world.topic, "secret")
    carol.text("secret")
    assert bob.silent() == []
    assert bob.refusal(world.topic, "x")["code"] == 10007
    assert bob.try_subscribe(world.topic) == 0x87
    bob.disconnect()
    bob.connect().subscribe(bob.feed)
    assert bob.silent() == []
    assert bob.synced() == []


@HOW
def test_delivery_resumes_when_a_removed_member_is_invited_again(world, by):
    bob = subscribed(world, "bob", by)
    world.alice.command("deleteGroupMember", groupID="g1", members=["bob"])
    world.alice.send(world.topic, "secret")
    world.alice.command("inviteGroupMember", groupID="g1", members=["bob"])
    world.alice.send(world.topic, "welcome back")
    assert bob.content().get("text") == "welcome back"


def test_who_left_gets_nothing_more(world):
    bob = subscribed(world, "bob", "feed")
    bob.command("quitGroup", groupID="g1")
    world.alice.send(world.topic, "secret")
    assert bob.silent() == []


@HOW
def test_a_dismissed_group_delivers_nothing_more(world, by):
    bob = subscribed(world, "bob", by)
    admin = world.admin()
    admin.command("dismissGroup", groupID="g1")
    assert world.alice.refusal(world.topic, "x")["code"] == 10010
    assert bob.silent() == []


def test_a_removed_member_does_not_get_what_was_sent_while_he_was_out_even_after_returning(world):
    bob = subscribed(world, "bob", "feed")
    bob.disconnect()
    world.alice.send(world.topic, "before")
    world.alice.command("deleteGroupMember", groupID="g1", members=["bob"])
    world.alice.send(world.topic, "secret")
    world.alice.command("inviteGroupMember", groupID="g1", members=["bob"])
    world.alice.send(world.topic, "after")
    bob.connect().subscribe(bob.feed)
    assert "secret" not in [m.get("text") for m in bob.contents("after")]
    assert "secret" not in [m["text"] for m in bob.synced()]


def test_an_outsider_sends_and_gets_nothing(world):
    eve = world.user("eve")
    eve.subscribe(eve.feed)
    assert eve.try_subscribe(world.topic) == 0x87
    assert eve.refusal(world.topic, "x")["code"] == 10007
    world.alice.send(world.topic, "secret")
    assert eve.silent() == []


def test_a_server_admin_may_send_to_any_group(world):
    bob = subscribed(world, "bob", "feed")
    world.admin().send(world.topic, "from the house")
    assert bob.text("from the house").get("sender") == "admin"


def test_who_joins_a_chatroom_gets_what_is_sent_from_then_on(world):
    topic = world.alice.group("ChatRoom", "room")
    bob = subscribed(world, "bob", "feed")
    world.alice.send(topic, "before")
    bob.command("joinGroup", groupID="room")
    world.alice.send(topic, "after")
    assert bob.content().get("text") == "after"


def test_members_away_get_the_groups_messages_when_they_return(world):
    world.alice.send_many(world.topic, [f"m{n}" for n in range(100)])
    for name in ("bob", "carol"):
        found = subscribed(world, name, "feed").contents("m99")
        assert [m.get("seq") for m in found] == list(range(1, 101))


def test_everybody_talking_at_once_is_in_the_same_order_for_all(world):
    talkers = [subscribed(world, name, "feed") for name in ("bob", "carol")]
    listener = world.user("alice", "web:1").subscribe("chat/user/alice/#")
    mids = [(t, t.start_publish(world.topic, f"{t.name}{n}")) for n in range(100) for t in talkers]
    for talker, mid in mids:
        talker.wait_ack(mid)
    world.alice.send(world.topic, "end")
    orders = {}
    for user in (*talkers, listener):
        found = user.contents("end")
        orders[user.name] = [m.get("seq") for m in found]
        assert orders[user.name] == sorted(orders[user.name])
    assert orders["alice"] == list(range(1, 202))
    assert (len(orders["bob"]), len(orders["carol"])) == (101, 101)


def test_a_kept_session_that_returned_while_out_of_the_group_gets_it_again_after_an_invitation(world):
    bob, again = world.raw(), world.raw()
    bob.login("bob", "bob:iot:1", clean=False)
    bob.subscribe(world.topic)
    bob.disconnect()
    world.alice.command("deleteGroupMember", groupID="g1", members=["bob"])
    again.login("bob", "bob:iot:1", clean=False)
    world.alice.send(world.topic, "while he is out")
    world.alice.command("inviteGroupMember", groupID="g1", members=["bob"])
    world.alice.send(world.topic, "back again")
    found = again.messages_until(lambda m: b'"back again"' in m.payload)
    assert [m for m in found if b"while he is out" in m.payload] == []
