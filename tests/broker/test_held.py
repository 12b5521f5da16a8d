# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""What the broker still holds for a kept session: nothing of it that may not be seen any more when it returns."""
import json

import pytest

WINDOW = 20  # max_inflight_messages


@pytest.fixture
def alice(broker):
    broker.create("bob", "carol")
    return broker.user("alice")


@pytest.fixture
def return_of(broker):
    """return_of(version): bob's kept session, connected anew."""

    def connect(version=4):
        bob = broker.raw(version)
        expiry = {"props": {0x11: 3600}} if version == 5 else {}
        bob.login("bob", "bob:ios:1", clean=False, **expiry)
        return bob

    return connect


def hold(alice, bob, to, count=1):
    """Messages that are on their way to bob when his connection breaks: their ids."""
    bob.auto_ack = False
    for number in range(count):
        alice.publish(to, f"secret {number}")
    found = [json.loads(bob.next_message().payload) for _ in range(min(count, WINDOW))]
    bob.abort()
    return [message["id"] for message in found]


def texts_until(bob, last):
    found = bob.messages_until(lambda m: json.loads(m.payload).get("text") == last)
    return [json.loads(m.payload).get("text") for m in found]


def left_in(alice, return_of, version=4, closed=False):
    """What of the held messages comes to bob; `closed`: on the second connection, for the first one is closed."""
    bob, held = return_of(version), []
    if closed:
        bob.wait_closed()
        held = [json.loads(m.payload).get("text") for m in bob._messages]
        bob = return_of(version)
    alice.send("bob", "end")
    return [text for text in held + texts_until(bob, "end") if text and text.startswith("secret")]


@pytest.mark.parametrize("version", [4, 5])
@pytest.mark.parametrize("recalled", [0, 1, 2])
def test_a_recalled_message_that_was_on_its_way_is_not_sent_again(broker, alice, return_of, version, recalled):
    bob = return_of(version)
    bob.subscribe("chat/user/bob/#")
    ids = hold(alice, bob, "chat/user/bob", 3)
    alice.command("recallMessage", id=ids[recalled])
    left = [f"secret {number}" for number in range(3) if number != recalled]
    assert left_in(alice, return_of, version, closed=recalled == 0) == left


@pytest.mark.parametrize("version", [4, 5])
@pytest.mark.parametrize("edited", [0, 2])
def test_what_an_edited_message_was_is_not_sent_again_but_what_it_is(broker, alice, return_of, version, edited):
    bob = return_of(version)
    bob.subscribe("chat/user/bob/#")
    ids = hold(alice, bob, "chat/user/bob", 3)
    alice.command("editMessage", id=ids[edited], text="secret edited")
    expected = [f"secret {number}" for number in range(3) if number != edited] + ["secret edited"]
    found = left_in(alice, return_of, version, closed=edited == 0)
    assert sorted(found) == sorted(expected)


def test_an_edited_message_is_sent_again_if_it_came_edited(broker, alice, return_of):
    alice.send("chat/user/bob", {"text": "secret 0", "random": 1})
    alice.command("editMessage", id=alice.event("sent", random=1)["id"], text="secret edited")
    bob = return_of()
    bob.auto_ack = False
    bob.subscribe("chat/user/bob/#")
    assert json.loads(bob.next_message().payload)["text"] == "secret edited"
    bob.abort()
    assert left_in(alice, return_of) == ["secret edited"]


@pytest.mark.parametrize("name", ["chat/user/bob/#", "chat/group/g1"])
@pytest.mark.parametrize("end", ["recalled", "deleted", "dismissed", "left", "removed", "removed and invited again"])
def test_a_group_message_that_bob_may_not_see_any_more_is_not_sent_again(broker, alice, return_of, name, end):
    topic = alice.group("Public", "g1", ["bob"], inviteOpt="FreeAccess")
    bob = return_of()
    bob.subscribe(name)
    alice.publish(topic, "ready")
    texts_until(bob, "ready")
    (held,) = hold(alice, bob, topic)
    other = broker.user("bob", "web:1")
    if end == "recalled":
        alice.command("recallMessage", id=held)
    elif end == "deleted":
        other.command("deleteMessages", ids=[held])
    elif end == "dismissed":
        alice.command("dismissGroup", groupID="g1")
    elif end == "left":
        other.command("quitGroup", groupID="g1")
    else:
        alice.command("deleteGroupMember", groupID="g1", members=["bob"])
    if end == "removed and invited again":
        alice.command("inviteGroupMember", groupID="g1", members=["bob"])
    bob = return_of()
    bob.wait_closed()
    assert b"secret" not in b"".join(m.payload for m in bob._messages)
    bob = return_of()
    bob.subscribe("chat/user/bob/#")
    alice.send("bob", "end")
    assert not [text for text in texts_until(bob, "end") if text and text.startswith("secret")]


def test_a_conversation_that_bob_has_deleted_is_not_sent_again(broker, alice, return_of):
    bob = return_of()
    bob.subscribe("chat/user/bob/#")
    hold(alice, bob, "chat/user/bob", 2)
    broker.user("bob", "web:1").command("deleteConversation", to="alice")
    assert left_in(alice, return_of, closed=True) == []


def test_of_more_messages_than_fit_into_the_window_the_recalled_ones_are_not_sent(broker, alice, return_of):
    bob = return_of()
    bob.subscribe("chat/user/bob/#")
    hold(alice, bob, "chat/user/bob", WINDOW + 10)
    sent = [m["id"] for m in alice.command("getHistory", to="bob", limit=100)["messages"]]
    gone = (3, WINDOW + 5)
    for number in gone:
        alice.command("recallMessage", id=sent[number])
    expected = [f"secret {number}" for number in range(WINDOW + 10) if number not in gone]
    assert left_in(alice, return_of) == expected


def test_a_window_full_of_recalled_messages_does_not_block_what_comes_later(broker, alice, return_of):
    bob = return_of()
    bob.subscribe("chat/user/bob/#")
    for held in hold(alice, bob, "chat/user/bob", WINDOW):
        alice.command("recallMessage", id=held)
    assert left_in(alice, return_of, closed=True) == []
    bob = return_of()
    bob.auto_ack = False
    for number in range(WINDOW):
        alice.publish("chat/user/bob", f"later {number}")
    assert len([bob.next_message() for _ in range(WINDOW)]) == WINDOW


def test_who_had_nothing_on_the_way_that_is_gone_is_not_closed(broker, alice, return_of):
    bob = return_of()
    bob.subscribe("chat/user/bob/#")
    hold(alice, bob, "chat/user/bob", 2)
    alice.publish("chat/user/bob", "recalled while bob is away")
    newest = alice.command("getHistory", to="bob", limit=1)["messages"][0]["id"]
    alice.command("recallMessage", id=newest)
    bob = return_of()
    alice.send("bob", "end")
    assert texts_until(bob, "end")[:2] == ["secret 0", "secret 1"]
    bob.ping()
