# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""The feed: one subscription for the inbox, events and every stored group."""
import pytest

FILTERS = ["chat/user/bob", "chat/user/bob/#", "chat/user/bob/event", "chat/group/g1"]
ORDERS = pytest.mark.parametrize("order", [FILTERS, FILTERS[::-1]], ids=["feed first", "group first"])


@pytest.fixture
def alice(broker):
    broker.create("bob", "carol")
    return broker.user("alice")


def test_it_delivers_the_inbox_events_and_groups(broker, alice):
    topic = alice.group("Private", "g1", ["bob"])
    bob = broker.user("bob").subscribe("chat/user/bob/#")
    alice.send("bob", "private")
    alice.send(topic, "to all")
    bob.refusal("chat/user/nobody", "x")
    assert bob.text("private").topic == "chat/user/bob"
    assert bob.text("to all").topic == "chat/user/bob/group/g1"
    assert bob.silent() == []


def test_a_group_that_is_joined_later_comes_by_itself(broker, alice):
    bob = broker.user("bob").subscribe("chat/user/bob/#")
    topic = alice.group("Private", "g1", ["bob"])
    alice.send(topic, "hello")
    assert bob.text("hello").topic == "chat/user/bob/group/g1"


def test_groups_of_others_do_not_come(broker, alice):
    bob = broker.user("bob").subscribe("chat/user/bob/#")
    alice.send(alice.group("Private", "g1", ["carol"]), "not for bob")
    assert bob.silent() == []


@ORDERS
def test_every_live_message_comes_once_however_the_filters_overlap(broker, alice, order):
    topic = alice.group("Private", "g1", ["bob"])
    bob = broker.user("bob").subscribe(*order)
    alice.send(topic, "to all")
    alice.send("bob", "private")
    bob.refusal("chat/user/nobody", "x")
    assert bob.text("to all").topic == "chat/user/bob/group/g1"
    bob.text("private")
    assert bob.silent() == []
    assert bob.pending(lambda m: m.get("event") == "rejected") == []


@ORDERS
def test_every_missed_message_comes_once_however_the_filters_overlap(broker, alice, order):
    topic = alice.group("Private", "g1", ["bob"])
    for number in range(5):
        alice.send(topic, f"g{number}")
        alice.send("bob", f"p{number}")
    bob = broker.user("bob").subscribe(*order)
    alice.send("bob", "end")
    found = [m.get("text") for m in bob.contents("end")][:-1]
    assert sorted(found) == sorted([f"{kind}{n}" for kind in "gp" for n in range(5)])


def test_a_named_group_comes_on_its_own_topic_without_the_feed(broker, alice):
    topic = alice.group("Private", "g1", ["bob"])
    bob = broker.user("bob").subscribe(topic)
    alice.send(topic, "to all")
    alice.send("bob", "not subscribed")
    assert bob.text("to all").topic == topic
    assert bob.silent() == []


def test_after_unsubscribing_the_feed_a_named_group_goes_on(broker, alice):
    topic = alice.group("Private", "g1", ["bob"])
    bob = broker.user("bob").subscribe("chat/user/bob/#", topic)
    alice.send(topic, "one")
    bob.text("one")
    bob.unsubscribe("chat/user/bob/#")
    alice.send(topic, "two")
    assert bob.text("two").topic == topic


def test_after_unsubscribing_the_feed_nothing_comes(broker, alice):
    bob = broker.user("bob").subscribe("chat/user/bob/#")
    topic = alice.group("Private", "g1", ["bob"])
    bob.unsubscribe("chat/user/bob/#")
    alice.send(topic, "x")
    alice.send("bob", "y")
    assert bob.silent() == []


def test_what_was_missed_in_several_groups_comes_in_the_order_of_ids(broker, alice):
    first, second = alice.group("Private", "g1", ["bob"]), alice.group("Public", "g2", ["bob"])
    for number in range(10):
        for topic in (first, "bob", second):
            alice.send(topic, "x")
    alice.send("bob", "end")
    ids = [m.get("id") for m in broker.user("bob").subscribe("chat/user/bob/#").contents("end")]
    assert len(ids) == 31 and ids == sorted(ids)


@pytest.mark.parametrize("by", ["chat/user/bob/#", "chat/group/g1"])
def test_messages_of_a_private_group_are_replayed_only_from_joining_on(broker, alice, by):
    topic = alice.group("Private", "g1")
    alice.send(topic, "before")
    alice.command("inviteGroupMember", groupID="g1", members=["bob"])
    alice.send(topic, "after")
    assert [m.get("text") for m in broker.user("bob").subscribe(by).contents("after")] == ["after"]


def test_both_devices_of_a_user_get_a_group_message_on_their_feeds(broker, alice):
    topic = alice.group("Private", "g1", ["bob"])
    devices = [broker.user("bob", name).subscribe("chat/user/bob/#") for name in ("ios:1", "web:1")]
    alice.send(topic, "hello")
    for device in devices:
        device.text("hello")


def test_an_event_comes_without_any_subscription(broker, alice):
    assert alice.refusal("chat/user/nobody", "x")["code"] == 20003


@pytest.mark.parametrize("granted", [0, 1])
def test_events_have_the_qos_of_the_inbox(broker, granted):
    bob = broker.user("bob").subscribe("chat/user/bob", qos=granted)
    bob.publish("chat/user/nobody", "x")
    assert bob.wait(lambda m: m.get("event") == "rejected").qos == granted
