# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""chat/feed: administrators are told of everything."""
import contextlib
import json
import random
import sqlite3
import threading
import time

import pytest

from harness.raw import Closed
from harness.settings import ADMIN
from test_crash import Sender, crash_under_load

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


def test_what_was_in_flight_to_a_listener_of_a_kept_session_comes_again_once(broker, alice):
    ear = broker.raw()
    ear.login(ADMIN, "admin:other:ear", clean=False)
    assert ear.subscribe(FEED) == 1
    ear.ping()
    ear.auto_ack = False
    alice.send("bob", "hello")

    def text(message):
        return (json.loads(message.payload).get("message") or {}).get("text")

    ear.messages_until(lambda message: text(message) == "hello")
    ear.abort()
    broker.await_log(r"Client admin:other:ear .*(disconnected|closed)")
    again = broker.raw()
    assert again.login(ADMIN, "admin:other:ear", clean=False).session_present
    alice.send("bob", "and more")
    came = [text(message) for message in again.messages_until(lambda message: text(message) == "and more")]
    assert came.count("hello") == 1


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
    second.fence()
    second.take_all(is_item)
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
    second.take_all(is_item)
    second.connect()
    alice.connect()
    alice.send("bob", "secret, too")
    assert second.silent(is_item) == []


def test_unsubscribed_nothing_comes_and_subscribed_again_all_of_it(listener, alice):
    listener.unsubscribe(FEED)
    listener.fence()
    listener.take_all(is_item)
    alice.send("bob", "meanwhile")
    assert listener.silent(is_item) == []
    listener.subscribe(FEED)
    written(listener, text="meanwhile")


# ---- state: who comes and goes


def state(listener, action, **members):
    found = item(listener, "state", action=action, **members)
    assert isinstance(found.pop("time"), int)
    return found


def states(listener, client_id):
    """What has been told of a client id."""
    items = listener.take_all(lambda m: is_item(m, "state") and m.data["clientID"] == client_id)
    return [found.data["action"] for found in items]


def test_a_login_and_a_disconnect_are_told_with_the_device_and_its_address(broker, listener):
    carol = broker.user("carol", "ios:1")
    who = {"feed": "state", "userID": "carol", "clientID": "carol:ios:1", "platform": "ios", "address": "127.0.0.1"}
    assert state(listener, "login", userID="carol") == {**who, "action": "login"}
    carol.disconnect()
    assert state(listener, "disconnect", userID="carol") == {**who, "action": "disconnect"}


def test_a_logout_is_told_and_nothing_else_of_that_end(broker, listener, alice):
    carol = broker.user("carol", "ios:1")
    carol.command("logout")
    carol.wait_closed()
    end(listener, alice)
    assert states(listener, "carol:ios:1") == ["login", "logout"]


def test_a_takeover_by_the_same_client_id_is_one_login(broker, listener, alice):
    older = broker.user("carol", "ios:1")
    newer = broker.user("carol", "ios:1")
    older.wait_closed()
    newer.disconnect()
    end(listener, alice)
    assert states(listener, "carol:ios:1") == ["login", "login", "disconnect"]


def test_who_has_to_go_for_another_device_is_kicked_by_it(broker, listener, alice):
    older = broker.user("carol", "ios:1")
    broker.user("carol", "ios:2")
    older.wait_closed()
    found = state(listener, "kicked")
    assert (found["clientID"], found["reason"], found["by"]) == (
        "carol:ios:1", "otherDevice", {"clientID": "carol:ios:2", "platform": "ios"})
    end(listener, alice)
    assert states(listener, "carol:ios:1") == ["login"]


@pytest.mark.parametrize("command,reason,more", [
    ("kickUser", "admin", {}), ("deleteUser", "deleted", {}), ("banUser", "banned", {"seconds": 60})])
def test_who_an_administrator_sends_away_is_kicked_once_by_nobody(broker, listener, alice, command, reason, more):
    carol = broker.user("carol", "ios:1")
    listener.command(command, userID="carol", **more)
    listener.command("kickUser", userID="carol") if command == "kickUser" else None
    carol.wait_closed()
    found = state(listener, "kicked")
    assert (found["reason"], "by" in found) == (reason, False)
    end(listener, alice)
    assert states(listener, "carol:ios:1") == ["login"]


def test_who_was_away_when_another_device_took_its_place_is_kicked_when_it_hears_of_it(broker, listener, alice):
    older = broker.user("carol", "ios:1")
    older.disconnect()
    broker.user("carol", "ios:2")
    older.connect().wait_closed()
    end(listener, alice)
    assert states(listener, "carol:ios:1") == ["login", "disconnect", "kicked"]


def test_whose_userSig_expires_is_told(broker, listener, alice):
    carol = broker.user("carol", "ios:1", sig=broker.sig("carol", expire=1))
    carol.wait_closed()
    end(listener, alice)
    assert states(listener, "carol:ios:1") == ["login", "expired"]


def test_two_devices_that_come_in_one_turn_are_both_told_of(broker, listener, alice):
    first, second = broker.unconnected("carol", "ios:1"), broker.unconnected("carol", "ios:2")
    with broker.one_turn():
        first.start_connect()
        second.start_connect()
    for device in (first, second):
        device._await(lambda: device._connack is not None or device._closed, "no CONNACK")
    state(listener, "kicked")
    end(listener, alice)
    found = states(listener, "carol:ios:1") + states(listener, "carol:ios:2")
    assert found == ["login", "login"]


def test_a_connection_that_breaks_is_lost(newer):
    broker = newer()
    broker.create("bob")
    listener, carol = listening(broker), broker.raw()
    carol.login("carol", "carol:ios:1")
    state(listener, "login", userID="carol")
    carol.send(b"\xf0\x00\x00")
    assert state(listener, "lost")["clientID"] == "carol:ios:1"


# ---- groups


def happened(listener, action):
    """Takes the item of this action in a group; without what all of them have."""
    found = item(listener, "group", action=action)
    assert isinstance(found.pop("time"), int)
    assert (found.pop("feed"), found.pop("action"), found.pop("group")) == ("group", action, "g1")
    return found


def happenings(listener):
    return [m.data["action"] for m in listener.take_all(lambda m: is_item(m, "group"))]


TYPES = ["Private", "Public", "ChatRoom", "AVChatRoom"]
STORED = TYPES[:3]
MANAGED = TYPES[1:3]


@pytest.mark.parametrize("kind", STORED)
def test_a_new_group_is_told_with_its_members_who_have_not_joined(listener, alice, kind):
    alice.group(kind, "g1", ["bob", "carol", "nobody"], groupName="Hikers", introduction="on foot")
    found = happened(listener, "create")
    info = found.pop("info")
    assert found == {"groupType": kind, "operator": "alice", "members": ["bob", "carol"]}
    assert {name: info[name] for name in ("owner", "groupName", "introduction")} == {
        "owner": "alice", "groupName": "Hikers", "introduction": "on foot"}
    assert info.keys() == {"owner", "groupName", "introduction", "addOpt", "inviteOpt", "createTime"}
    end(listener, alice)
    assert happenings(listener) == []


def test_what_is_done_silently_is_told_here(broker, listener, alice):
    listener.command("createGroup", groupType="Public", groupID="g1", owner="alice", createTime=1600000000000)
    listener.command("inviteGroupMember", groupID="g1", members=["bob"], silent=True)
    listener.command("deleteGroupMember", groupID="g1", members=["bob"], silent=True)
    end(listener, alice)
    assert happenings(listener) == ["create", "join", "kick"]


def test_who_joins_is_told(broker, listener, alice):
    alice.group("ChatRoom", "g1")
    broker.user("bob").command("joinGroup", groupID="g1")
    assert happened(listener, "join") == {
        "groupType": "ChatRoom", "operator": "bob", "members": ["bob"], "reason": "apply"}


@pytest.mark.parametrize("ask", ["join", "invite"])
def test_who_is_let_in_is_told_with_who_decided(broker, listener, alice, ask):
    alice.group("Public", "g1", ["carol"], inviteOpt="NeedPermission")
    if ask == "join":
        broker.user("bob").command("joinGroup", groupID="g1")
    else:
        broker.user("carol").command("inviteGroupMember", groupID="g1", members=["bob"])
    alice.command("handleGroupApplication", groupID="g1", userID="bob", accept=True)
    assert happened(listener, "join") == {
        "groupType": "Public", "operator": "alice", "members": ["bob"], "reason": "approved"}
    end(listener, alice)
    assert happenings(listener) == ["create"]


def test_who_are_invited_are_told_together_without_those_who_were_not(broker, listener, alice):
    broker.create("dave")
    alice.group("Private", "g1", ["carol"])
    alice.command("inviteGroupMember", groupID="g1", members=["bob", "carol", "dave", "nobody"])
    assert happened(listener, "join") == {
        "groupType": "Private", "operator": "alice", "members": ["bob", "dave"], "reason": "invite"}


def test_who_quits_and_who_is_removed_are_told(broker, listener, alice):
    alice.group("Public", "g1", ["bob", "carol"])
    broker.user("bob").command("quitGroup", groupID="g1")
    alice.command("deleteGroupMember", groupID="g1", members=["carol", "bob"], reason="spam")
    assert happened(listener, "quit") == {
        "groupType": "Public", "operator": "bob", "members": ["bob"], "reason": "quit"}
    assert happened(listener, "kick") == {
        "groupType": "Public", "operator": "alice", "members": ["carol"], "reason": "spam"}


def test_a_private_group_that_ends_with_its_last_member_is_dismissed(listener, alice):
    alice.group("Private", "g1")
    alice.command("quitGroup", groupID="g1")
    end(listener, alice)
    assert happenings(listener) == ["create", "quit", "dismiss"]


@pytest.mark.parametrize("kind", TYPES)
def test_a_dismissal_is_told_with_who_was_in_the_group(listener, alice, kind):
    alice.group(kind, "g1", ["bob"] if kind != "AVChatRoom" else [], groupName="Hikers")
    listener.command("dismissGroup", groupID="g1")
    found = happened(listener, "dismiss")
    assert sorted(found.pop("members", [])) == (["alice", "bob"] if kind != "AVChatRoom" else [])
    assert found == {"groupType": kind, "operator": ADMIN, "info": {"owner": "alice", "groupName": "Hikers"}}


@pytest.mark.parametrize("kind", MANAGED)
def test_a_ban_is_told_and_that_it_has_removed_somebody(listener, alice, kind):
    alice.group(kind, "g1", ["bob"])
    alice.command("banGroupMember", groupID="g1", userID="bob", seconds=60, reason="spam")
    assert happened(listener, "kick") == {
        "groupType": kind, "operator": "alice", "members": ["bob"], "reason": "spam"}
    found = happened(listener, "ban")
    assert found.pop("info")["bannedUntil"] > 1600000000000
    assert found == {"groupType": kind, "operator": "alice", "members": ["bob"], "reason": "spam"}
    alice.command("banGroupMember", groupID="g1", userID="bob", seconds=0)
    assert happened(listener, "ban")["info"] == {"bannedUntil": 0}
    alice.command("banGroupMember", groupID="g1", userID="carol", seconds=60)
    end(listener, alice)
    assert happenings(listener) == ["create", "ban"]


@pytest.mark.parametrize("kind", TYPES)
def test_new_settings_are_told_those_that_really_changed(listener, alice, kind):
    alice.group(kind, "g1", groupName="Hikers")
    alice.command("setGroupInfo", groupID="g1", groupName="Hikers", notification="rain", allMuted=True)
    assert happened(listener, "info") == {
        "groupType": kind, "operator": "alice", "info": {"notification": "rain", "allMuted": True}}


def test_a_role_and_a_new_owner_are_told(listener, alice):
    alice.group("Public", "g1", ["bob"])
    alice.command("setGroupMemberRole", groupID="g1", userID="bob", role="admin")
    alice.command("transferGroupOwner", groupID="g1", userID="bob")
    who = {"groupType": "Public", "operator": "alice", "members": ["bob"]}
    assert happened(listener, "role") == {**who, "info": {"role": "admin"}}
    assert happened(listener, "transfer") == who


def test_a_mute_is_told(listener, alice):
    alice.group("Public", "g1", ["bob"])
    alice.command("muteGroupMember", groupID="g1", userID="bob", seconds=60)
    found = happened(listener, "mute")
    assert found.pop("info")["mutedUntil"] > 1600000000000
    assert found == {"groupType": "Public", "operator": "alice", "members": ["bob"]}
    alice.command("muteGroupMember", groupID="g1", userID="bob", seconds=0)
    assert happened(listener, "mute")["info"] == {"mutedUntil": 0}


@pytest.mark.parametrize("kind", TYPES)
def test_attributes_are_told(listener, alice, kind):
    alice.group(kind, "g1")
    alice.command("setGroupAttributes", groupID="g1", set={"seat1": "bob"})
    assert happened(listener, "attributes") == {
        "groupType": kind, "operator": "alice", "info": {"set": {"seat1": "bob"}, "delete": [], "version": 1}}


@pytest.mark.options(max_members_public=2)
@pytest.mark.parametrize("how", ["create", "invite"])
def test_a_group_that_is_full_is_told_when_it_becomes_so(listener, alice, how):
    alice.group("Public", "g1", ["bob"] if how == "create" else [], inviteOpt="FreeAccess")
    if how == "invite":
        alice.command("inviteGroupMember", groupID="g1", members=["bob", "carol"])
    assert happened(listener, "full") == {"groupType": "Public"}
    end(listener, alice)
    assert "full" not in happenings(listener)


def test_a_deleted_user_quits_and_hands_on(broker, listener, alice):
    broker.user("carol").group("Public", "g1", ["alice"])
    listener.command("deleteUser", userID="carol")
    assert happened(listener, "transfer") == {"groupType": "Public", "operator": "carol", "members": ["alice"]}
    assert happened(listener, "quit")["members"] == ["carol"]


def test_who_comes_to_a_live_group_and_goes_is_gathered_by_how(broker, listener, alice):
    topic = alice.group("AVChatRoom", "g1")
    bob, carol, dave = broker.user("bob"), broker.user("carol"), broker.user("dave")
    happened(listener, "create")
    with broker.one_turn():
        for user in (bob, carol):
            user._paho.subscribe(topic, 1)
        dave.start_publish("$CONTROL/chat/v1", {"commands": [{"command": "joinGroup", "groupID": "g1"}]})
    found = []
    while len(found) < 3:  # in one item for each reason, or more where they came in two turns
        came = happened(listener, "join")
        assert (came["groupType"], came["count"]) == ("AVChatRoom", len(came["members"]))
        found += [(name, came["reason"]) for name in came["members"]]
    assert sorted(found) == [("bob", "subscribe"), ("carol", "subscribe"), ("dave", "apply")]
    bob.unsubscribe(topic)
    went = happened(listener, "quit")
    assert (went["members"], went["reason"], went["operator"]) == (["bob"], "unsubscribe", "bob")
    carol.disconnect()
    assert happened(listener, "quit")["reason"] == "disconnect"
    dave.command("quitGroup", groupID="g1")
    assert happened(listener, "quit")["reason"] == "quit"


# ---- users


def test_what_is_read_is_told_with_what_is_left(broker, listener, alice):
    bob = broker.user("bob")
    alice.send_many("bob", ["one", "two", "three"])
    bob.command("markRead", to="alice", seq=2)
    found = item(listener, "read")
    assert found.keys() == {"feed", "userID", "to", "id", "unread", "time"}
    assert (found["userID"], found["to"], found["unread"]) == ("bob", "alice", 1)
    alice.send(alice.group("Public", "g1", ["bob"]), "four")
    bob.command("markRead", group="g1")
    assert (item(listener, "read")["group"]) == "g1"


def test_a_profile_is_told_as_far_as_it_has_changed(listener, alice):
    alice.command("setSelfInfo", nickname="Al", faceURL="http://x")
    alice.command("setSelfInfo", nickname="Al", selfSignature="hi")
    alice.command("setSelfInfo", nickname="Al")
    first, second = item(listener, "profile"), item(listener, "profile")
    del first["time"], second["time"]
    assert first == {"feed": "profile", "userID": "alice", "nickname": "Al", "faceURL": "http://x"}
    assert second == {"feed": "profile", "userID": "alice", "selfSignature": "hi"}
    end(listener, alice)
    assert listener.pending(lambda m: is_item(m, "profile")) == []


def test_a_blacklist_is_told_as_far_as_it_has_changed(listener, alice):
    alice.command("addToBlacklist", userIDs=["bob"])
    alice.command("addToBlacklist", userIDs=["bob", "carol"])
    alice.command("removeFromBlacklist", userIDs=["bob"])
    found = [item(listener, "blacklist") for _ in range(3)]
    assert [(f["userID"], f["action"], f["users"]) for f in found] == [
        ("alice", "add", ["bob"]), ("alice", "add", ["carol"]), ("alice", "remove", ["bob"])]


def test_a_refused_publish_is_told(listener, alice):
    alice.refusal("chat/user/nobody", {"text": "hello", "random": 7})
    found = item(listener, "rejected")
    assert isinstance(found.pop("time"), int)
    assert found.pop("error")
    assert found == {"feed": "rejected", "userID": "alice", "clientID": "alice:ios:1", "platform": "ios",
                     "address": "127.0.0.1", "topic": "chat/user/nobody", "code": 20003, "random": 7}


def test_of_refused_publishes_a_hundred_a_second_are_told(broker, listener, alice):
    for _ in range(600):
        alice.start_publish("chat/user/nobody", "hello", qos=0)
    alice.fence()
    end(listener, alice)
    assert 100 <= len(listener.pending(lambda m: is_item(m, "rejected"))) < 400


@pytest.mark.options(group_rate=2)
def test_what_a_busy_live_group_drops_is_counted(listener, alice):
    topic = alice.group("AVChatRoom", "g1")
    for _ in range(12):
        alice.send(topic, "hello")
    found = item(listener, "shed")
    assert (found["group"], 8 <= found["count"] <= 11) == ("g1", True)


def test_without_a_listener_nothing_is_kept(broker, listener, alice):
    listener.unsubscribe(FEED)
    alice.command("setSelfInfo", nickname="Al")
    listener.subscribe(FEED)
    end(listener, alice)
    assert listener.pending(lambda m: is_item(m, "profile")) == []


# ---- whatever breaks


class Archive(threading.Thread):
    """A listener that keeps what comes, acks some of it, and breaks off somewhere, over and over. `runs` has the ids that
    each of its connections was given."""

    def __init__(self, broker, seed):
        super().__init__()
        self._broker, self._random = broker, random.Random(seed)
        self._done = threading.Event()
        self.runs, self.texts = [], set()

    def _take(self, client, run, timeout):
        data = json.loads(client.next_message(timeout=timeout).payload)
        if data.get("feed") != "message":
            return
        run.append(data["message"]["id"])
        self.texts.add(data["message"].get("text"))
        if self._random.random() < 0.2:
            ack = {"command": "ack", "id": run[-1]}
            client.start_publish("$CONTROL/chat/v1", {"commands": [ack]}, qos=0)

    def listen(self, most, timeout=0.5):
        """Until so many have come, or none comes, or the connection breaks."""
        run = []
        self.runs.append(run)
        with contextlib.suppress(Closed, OSError, TimeoutError):
            client = self._broker.raw()
            client.login(ADMIN, f"{ADMIN}:other:archive")
            client.start_subscribe(FEED)
            while len(run) < most:
                self._take(client, run, timeout)
            client.abort() if self._random.random() < 0.7 else client.disconnect()

    def run(self):
        while not self._done.wait(0.02):
            self.listen(self._random.randint(1, 400))

    def stop(self):
        self._done.set()
        self.join()


def split(run):
    """What was on its way to the connection before comes first to one that is made in the same turn; and the rest."""
    falls = [at for at in range(1, len(run)) if run[at] < run[at - 1]]
    assert len(falls) <= 1, "out of order"
    return (run[: falls[0]], run[falls[0] :]) if falls else ([], run)


@pytest.mark.parametrize("seed", range(2))
def test_whatever_breaks_who_acks_misses_nothing_and_has_it_in_order(broker, seed):
    broker.create("alice", "bob", "dave")
    topic = broker.user("bob").group("Private", "g1", ["dave"])
    archive, progress = Archive(broker, seed), threading.Condition()
    archive.listen(1)  # from here on
    senders = [Sender(broker, "alice", "chat/user/bob", True, progress), Sender(broker, "dave", topic, False, progress)]
    archive.start()
    for more in (100, 300, 600):
        crash_under_load(broker, senders, progress, more)
    archive.stop()
    broker.user("carol").send("bob", "that is all")
    while "that is all" not in archive.texts:
        archive.listen(100000)
    assert set().union(*(sender.acked for sender in senders)) - archive.texts == set(), "acknowledged and not told"
    broker.stop()
    with contextlib.closing(sqlite3.connect(broker.database)) as db:
        stored = [id for id, in db.execute("SELECT id FROM message ORDER BY id")]
    for run in filter(None, archive.runs):
        strays, rest = split(run)
        expected = [id for id in stored[stored.index(rest[0]) :] if id not in strays]
        assert rest == expected[: len(rest)], "out of order, or with a gap"


@pytest.mark.options(conf=["max_queued_messages 100"])
def test_who_acks_is_given_what_comes_as_fast_as_that(broker):
    """Without it: 45 a second, where TCP tells nothing, after the 75 for which the broker has room."""
    broker.create("bob")
    listener, alice = broker.raw(), broker.user("alice")
    listener.login(ADMIN, f"{ADMIN}:other:archive")
    listener.subscribe(FEED)
    alice.send_many("bob", [f"m{number}" for number in range(600)])
    began, got = time.monotonic(), []
    while len(got) < 600:
        data = json.loads(listener.next_message().payload)
        if data.get("feed") == "message":
            got.append(data["message"]["text"])
            if len(got) % 20 == 0:
                ack = {"command": "ack", "id": data["message"]["id"]}
                listener.start_publish("$CONTROL/chat/v1", {"commands": [ack]}, qos=0)
    assert got == [f"m{number}" for number in range(600)]
    assert time.monotonic() - began < 8
