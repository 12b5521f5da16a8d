# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""chat/feed: administrators are told of everything."""
import os
import random
import signal

import pytest

from harness.settings import ADMIN

FEED = "chat/feed"


def is_item(message, kind=None):
    return message.topic == FEED and (kind is None or message.get("feed") == kind)


def item(listener, kind, **members):
    """Takes the first item of this kind with these members."""
    def wanted(message):
        return is_item(message, kind) and all(message.get(name) == value for name, value in members.items())

    return listener.wait(wanted, f"no {kind} {members}").data


def written(listener, **members):
    """Takes the first `message` whose message has these members."""
    def wanted(message):
        return is_item(message, "message") and members.items() <= message.get("message").items()

    return listener.wait(wanted, f"nothing written with {members}").data


def texts(listener):
    """Those of the messages that have come, in their order, as far as they have one."""
    items = listener.take_all(lambda message: is_item(message, "message"))
    return [found.data["message"]["text"] for found in items if "text" in found.data["message"]]


def listening(broker, device="other:feed", **how):
    return broker.admin(device, **how).subscribe(FEED)


def end(listener, sender, text="that is all"):
    """What came before a message that is sent now has come."""
    sender.send("bob", text)
    return written(listener, text=text)


@pytest.fixture
def listener(broker):
    return listening(broker)


@pytest.fixture
def alice(broker):
    broker.create("bob", "carol")
    return broker.user("alice", "ios:1")


# ---- who


def test_only_administrators_may_listen(broker, alice):
    assert alice.try_subscribe(FEED) >= 0x80


@pytest.mark.parametrize("filter", ["chat/feed/#", "chat/+", "$share/x/chat/feed", "chat/feed/x"])
def test_it_has_one_name(broker, filter):
    assert broker.admin("other:feed").try_subscribe(filter) >= 0x80


def test_nobody_publishes_there(broker, listener):
    assert broker.admin("other:2").refusal(FEED, "hello")["code"] == 10007


def test_who_is_no_administrator_any_more_hears_nothing_after_a_reload(broker_factory):
    broker = broker_factory(start=False)
    settings = broker.folder / "settings"
    settings.write_text(f"admins {ADMIN},second\n")
    broker.options.update(admins=None, settings_file=settings)
    broker.start()
    broker.create("bob")
    alice, second, first = broker.user("alice"), broker.user("second").subscribe(FEED), listening(broker)
    settings.write_text(f"admins {ADMIN}\n")
    broker.reload()
    end(first, alice)
    assert second.silent(is_item) == []


# ---- messages


def test_a_private_message_is_told_with_who_sent_it_from_where_and_what_its_receiver_has_unread(listener, alice):
    alice.send("bob", {"text": "one", "random": 5})
    alice.send("bob", {"text": "two"})
    first, second = written(listener, text="one"), written(listener, text="two")
    assert first["unread"], second["unread"] == (1, 2)
    message = first.pop("message")
    assert first == {"feed": "message", "clientID": "alice:ios:1", "platform": "ios", "address": "127.0.0.1", "unread": 1}
    assert list(message) == ["id", "seq", "sender", "to", "time", "text", "random"]


@pytest.mark.parametrize("kind", ["Private", "Public", "ChatRoom", "AVChatRoom"])
def test_a_group_message_is_told_with_the_type_of_the_group(listener, alice, kind):
    alice.send(alice.group(kind, "g1"), "hello")
    found = written(listener, text="hello")
    assert (found["groupType"], found["message"]["group"], "unread" in found) == (kind, "g1", False)
    assert ("id" in found["message"]) == (kind != "AVChatRoom")


@pytest.mark.parametrize("to", ["chat/user/bob", "chat/group/g1"])
def test_onlineOnly_is_told(listener, alice, to):
    alice.group("Public", "g1")
    alice.send(to, {"text": "now", "onlineOnly": True})
    assert not {"id", "seq"} & written(listener, text="now")["message"].keys()


@pytest.mark.parametrize("qos", [0, 1, 2])
def test_a_message_of_any_QoS_is_told_once_at_the_listeners_QoS(listener, alice, qos):
    alice.send("bob", "hello", qos=qos)
    end(listener, alice)
    found = listener.take_all(lambda m: is_item(m, "message") and m.data["message"].get("text") == "hello")
    assert [message.qos for message in found] == [1]


def test_what_an_administrator_sends_is_told_to_the_same_client_too(broker, listener):
    broker.create("bob")
    listener.send("bob", "mine")
    assert written(listener, text="mine")["clientID"] == listener.client_id


def test_a_message_that_comes_by_no_publish_has_no_device(listener, alice):
    listener.command("sendMessage", sender="alice", to="bob", text="for her")
    assert not {"clientID", "platform", "address"} & written(listener, text="for her").keys()


def test_a_repeated_random_is_told_once_and_a_refused_message_never(listener, alice):
    alice.send("bob", {"text": "again", "random": 7})
    alice.send("bob", {"text": "again", "random": 7})
    alice.refusal("chat/user/nobody", "lost")
    end(listener, alice)
    assert texts(listener) == ["again"]


def test_tips_and_notices_are_told(listener, alice):
    alice.group("Public", "g1", ["bob"])
    alice.command("deleteGroupMember", groupID="g1", members=["bob"])
    listener.wait(lambda m: is_item(m, "message") and "tips" in m.data["message"], "no tip")
    found = listener.wait(lambda m: is_item(m, "message") and "notice" in m.data["message"], "no notice")
    assert found.data["message"]["to"] == "bob"


@pytest.mark.parametrize("command,fields,member", [
    ("recallMessage", {}, "recall"), ("editMessage", {"text": "hello, world"}, "edit")])
def test_a_recall_and_an_edit_are_told_with_what_they_are_about(listener, alice, command, fields, member):
    alice.send("bob", {"text": "hello", "random": 7})
    message = written(listener, text="hello")["message"]
    alice.command(command, id=message["id"], **fields)
    found = listener.wait(lambda m: is_item(m, "message") and member in m.data["message"], f"no {member}").data
    assert found["of"] == {"seq": 1, "random": 7, "time": message["time"], "sender": "alice"}
    assert found["unread"] == (0 if member == "recall" else 1)


def test_without_random_there_is_none_in_what_a_recall_is_about(listener, alice):
    topic = alice.group("Public", "g1")
    alice.send(topic, "hello")
    alice.command("recallMessage", id=written(listener, text="hello")["message"]["id"])
    found = listener.wait(lambda m: is_item(m, "message") and "recall" in m.data["message"], "no recall").data
    assert found["of"].keys() == {"seq", "time", "sender"}


# ---- being away


def test_a_new_device_begins_with_what_comes_then(broker, alice):
    alice.send("bob", "before")
    listener = listening(broker)
    end(listener, alice)
    assert texts(listener) == []


def test_a_second_device_begins_with_what_comes_then_wherever_the_first_one_is(broker, listener, alice):
    alice.send("bob", "before")
    written(listener, text="before")
    other = listening(broker, "other:feed2")
    end(other, alice)
    assert texts(other) == []


@pytest.mark.parametrize("how", ["stop", "kill", "stay"])
@pytest.mark.options(replay_limit=2)
def test_who_comes_back_gets_everything_that_was_stored_meanwhile_in_order(broker, how):
    broker.create("bob")
    listener, alice = listening(broker), broker.user("alice", "ios:1")
    alice.send("bob", "had")
    written(listener, text="had")
    listener.disconnect()
    topic = alice.group("Public", "g1")
    live = alice.group("AVChatRoom", "live")
    alice.send(live, "not stored")
    for number in range(130):
        alice.send(topic if number % 2 else "bob", f"m{number}")
    if how != "stay":
        broker.restart(kill=how == "kill")
        alice.connect()
    listener.connect().subscribe(FEED)
    end(listener, alice)
    assert texts(listener) == [f"m{number}" for number in range(130)]


def test_what_is_replayed_has_the_device_and_no_address(broker, listener, alice):
    listener.disconnect()
    alice.send("bob", {"text": "hello", "random": 7})
    alice.command("editMessage", to="bob", seq=1, text="hello, world")
    listener.connect().subscribe(FEED)
    found = written(listener, text="hello, world")
    assert {name: found[name] for name in ("clientID", "platform", "unread")} == {
        "clientID": "alice:ios:1", "platform": "ios", "unread": 1}
    assert "address" not in found
    edit = listener.wait(lambda m: is_item(m, "message") and "edit" in m.data["message"], "no edit").data
    assert (edit["of"]["seq"], edit["of"]["random"], "clientID" in edit) == (1, 7, False)


def test_it_is_had_by_itself_and_has_nothing_for_the_users_own_feed(broker, alice):
    listener = broker.admin("other:feed").subscribe(FEED, f"chat/user/{ADMIN}/#")
    alice.send("bob", "for bob")
    written(listener, text="for bob")
    listener.disconnect()
    alice.send(ADMIN, "for the administrator")
    listener.connect().subscribe(f"chat/user/{ADMIN}/#")
    listener.text("for the administrator")
    listener.subscribe(FEED)
    written(listener, text="for the administrator")


def test_what_was_not_acked_comes_again(broker, listener, alice):
    for number in range(5):
        alice.send("bob", f"m{number}")
    ids = [written(listener, text=f"m{number}")["message"]["id"] for number in range(5)]
    listener.command("ack", id=ids[2])
    listener.disconnect()
    listener.connect().subscribe(FEED)
    end(listener, alice)
    assert texts(listener) == ["m3", "m4"]


def test_an_ack_of_what_came_by_the_users_own_feed_too_is_one_of_the_item(broker, alice):
    listener = broker.admin("other:feed").subscribe(f"chat/user/{ADMIN}/#", FEED)
    alice.send("bob", "one")
    alice.send(ADMIN, "two")
    alice.send("bob", "three")
    two = written(listener, text="two")["message"]["id"]
    written(listener, text="three")
    assert texts(listener) == ["one"]
    listener.text("two")
    listener.command("ack", id=two)
    listener.disconnect()
    listener.connect().subscribe(f"chat/user/{ADMIN}/#", FEED)
    end(listener, alice)
    assert texts(listener) == ["three"]


def test_a_kept_session_gets_what_it_has_missed_without_another_SUBSCRIBE(broker, alice):
    listener = listening(broker, clean=False)
    alice.send("bob", "had")
    written(listener, text="had")
    listener.fence()
    listener.drop()
    for number in range(30):
        alice.send("bob", f"m{number}")
    listener.connect()
    end(listener, alice)
    assert texts(listener) == [f"m{number}" for number in range(30)]


def test_a_kept_session_of_who_is_no_administrator_any_more_gets_nothing(broker_factory):
    broker = broker_factory(start=False)
    broker.conf += ["persistence true", f"persistence_location {broker.folder}/"]
    broker.options["admins"] = f"{ADMIN},second"
    broker.start()
    broker.create("bob")
    second, alice = broker.user("second", clean=False).subscribe(FEED), broker.user("alice")
    second.drop()
    alice.send("bob", "secret")
    broker.restart(admins=ADMIN)
    second.connect()
    alice.connect()
    alice.send("bob", "secret, too")
    assert second.silent(is_item) == []


def test_unsubscribed_nothing_comes_and_subscribed_again_all_of_it(listener, alice):
    listener.unsubscribe(FEED)
    alice.send("bob", "meanwhile")
    assert listener.silent(is_item) == []
    listener.subscribe(FEED)
    written(listener, text="meanwhile")
