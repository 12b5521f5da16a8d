# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""Users whose private messages a user does not want."""
import json

import pytest

NOBODY = "nobody"


@pytest.fixture
def alice(broker):
    broker.create("bob", "carol", "dave")
    return broker.user("alice")


@pytest.fixture
def bob(broker, alice):
    """Has alice on his blacklist, and is there."""
    bob = broker.user("bob").subscribe("chat/user/bob/#")
    add(bob, "alice")
    return bob


def add(user, *names):
    assert user.command("addToBlacklist", userIDs=list(names)) == {}


def remove(user, *names):
    assert user.command("removeFromBlacklist", userIDs=list(names)) == {}


def blacklist(user):
    return user.command("getBlacklist")["userIDs"]


# ---- the list


def test_it_is_empty_at_first(alice):
    assert blacklist(alice) == []


def test_it_has_who_was_put_on_it_in_the_order_of_userIDs(alice):
    add(alice, "dave", "bob")
    add(alice, "carol")
    assert blacklist(alice) == ["bob", "carol", "dave"]


def test_it_is_the_users_on_all_devices_and_nobody_elses(broker, alice, bob):
    assert blacklist(broker.user("bob", "web:1")) == ["alice"]
    assert blacklist(alice) == []


def test_who_is_on_it_already_may_be_put_on_it_again(alice):
    add(alice, "bob")
    add(alice, "bob", "carol")
    assert blacklist(alice) == ["bob", "carol"]


def test_who_is_taken_off_is_off_it(alice):
    add(alice, "bob", "carol", "dave")
    remove(alice, "dave", "bob")
    assert blacklist(alice) == ["carol"]
    remove(alice, "carol")
    assert blacklist(alice) == []


def test_who_is_not_on_it_may_be_taken_off(alice):
    remove(alice, "bob", NOBODY, "alice")
    add(alice, "bob")
    remove(alice, NOBODY, "carol", "bob")
    assert blacklist(alice) == []


def test_who_is_named_twice_is_on_it_once(alice):
    add(alice, "bob", "carol", "bob")
    assert blacklist(alice) == ["bob", "carol"]
    remove(alice, "bob", "no userID", "bob")
    assert blacklist(alice) == ["carol"]


@pytest.mark.parametrize("names,code", [(["bob", NOBODY], 20003), (["bob", "no userID"], 20003), (["bob", "alice"], 10004)])
def test_one_wrong_name_and_nothing_changes(alice, names, code):
    add(alice, "carol")
    assert alice.code("addToBlacklist", userIDs=names) == code
    assert blacklist(alice) == ["carol"]


@pytest.mark.parametrize("kill", [False, True])
def test_it_survives_a_restart(broker, alice, kill):
    add(alice, "dave", "bob", "carol")
    remove(alice, "bob")
    broker.restart(kill=kill)
    assert blacklist(alice.connect()) == ["carol", "dave"]


@pytest.mark.parametrize("kill", [False, True])
def test_what_was_there_before_a_restart_can_be_changed_after_it(broker, alice, kill):
    add(alice, "bob", "dave")
    broker.restart(kill=kill)
    alice.connect()
    remove(alice, "dave")
    add(alice, "carol")
    assert blacklist(alice) == ["bob", "carol"]


def test_it_is_seen_at_once_in_the_same_request(broker, alice):
    """Before any commit: memory answers."""
    raw = broker.raw()
    raw.login("alice", "alice:web")
    commands = [
        {"command": "addToBlacklist", "userIDs": ["bob", "carol"]},
        {"command": "getBlacklist"},
        {"command": "removeFromBlacklist", "userIDs": ["bob"]},
        {"command": "getBlacklist"},
    ]
    raw.publish("$CONTROL/chat/v1", {"commands": commands}, 1)
    answers = json.loads(raw.next_message().payload)["responses"]
    assert [answers[1]["data"], answers[3]["data"]] == [{"userIDs": ["bob", "carol"]}, {"userIDs": ["carol"]}]


def test_it_has_a_thousand_users_at_most(broker, alice):
    names = [f"{n:032}" for n in range(1000)]
    broker.create(*names)
    for first in range(0, 1000, 100):
        add(alice, *names[first : first + 100])
    response = alice.request("addToBlacklist", userIDs=["bob"])
    assert (response.get("code"), response.get("error")) == (10004, "userIDs: at most 1000 on a blacklist")
    add(alice, *names[:100])
    assert blacklist(alice) == names
    broker.restart(kill=True)
    assert blacklist(alice.connect()) == names
    remove(alice, names[500])
    add(alice, "bob")
    assert blacklist(alice) == [*names[:500], *names[501:], "bob"]


# ---- messages


@pytest.mark.parametrize("fields", [{}, {"onlineOnly": True}, {"random": 7}])
def test_who_is_on_it_is_refused_with_20007(alice, bob, fields):
    refused = alice.refusal("chat/user/bob", {"text": "hello", **fields})
    assert (refused["code"], refused.get("random")) == (20007, fields.get("random"))


def test_a_refused_message_is_neither_delivered_nor_stored_nor_counted(alice, bob):
    alice.refusal("chat/user/bob", "one")
    alice.refusal("chat/user/bob", {"text": "two", "onlineOnly": True})
    assert (bob.silent(), bob.synced(), bob.command("getUnread")["totalUnread"]) == ([], [], 0)


def test_others_are_not_held_up(broker, alice, bob):
    broker.user("carol").send("bob", "hello")
    bob.text("hello")


def test_the_other_way_is_open(broker, alice, bob):
    alice.subscribe("chat/user/alice/#")
    bob.send("alice", "hello")
    alice.text("hello")


def test_who_was_taken_off_may_write_again(alice, bob):
    alice.refusal("chat/user/bob", "one")
    remove(bob, "alice")
    alice.send("bob", "two")
    assert [m.get("text") for m in bob.contents("two")] == ["two"]


def test_a_conversation_that_was_there_is_closed_too_and_goes_on_where_it_was(alice, bob):
    remove(bob, "alice")
    alice.send("bob", "one")
    add(bob, "alice")
    alice.refusal("chat/user/bob", "two")
    remove(bob, "alice")
    alice.send("bob", "three")
    assert [(m.get("text"), m.get("seq")) for m in bob.contents("three")] == [("one", 1), ("three", 2)]


def test_what_was_sent_before_is_delivered(broker, alice):
    alice.send("bob", "before")
    bob = broker.user("bob")
    add(bob, "alice")
    bob.subscribe("chat/user/bob/#").text("before")


def test_the_receipt_of_what_was_sent_before_is_repeated(broker, alice):
    alice.send("bob", {"text": "before", "random": 5})
    first = alice.event("sent")
    add(broker.user("bob"), "alice")
    alice.send("bob", {"text": "before", "random": 5})
    assert alice.event("sent") == first


@pytest.mark.parametrize("kill", [False, True])
def test_it_holds_after_a_restart_while_its_owner_is_away(broker, alice, bob, kill):
    broker.restart(kill=kill)
    assert alice.connect().refusal("chat/user/bob", "hello")["code"] == 20007
    broker.user("carol").send("bob", "hello")
    assert alice.refusal("chat/user/bob", {"text": "hello", "onlineOnly": True})["code"] == 20007


def test_nobody_is_pushed_to(broker, alice, bob):
    bob.command("setPushToken", provider="apns", token="b0b5")
    bob.disconnect()
    worker = broker.admin("web:1").subscribe("chat/push")
    alice.refusal("chat/user/bob", "one")
    broker.user("carol").send("bob", "two")
    assert worker.wait(lambda m: m.topic == "chat/push").get("body") == "two"


def test_an_app_admin_is_refused_as_well(broker, alice):
    admin = broker.admin()
    add(alice, "admin")
    assert admin.refusal("chat/user/alice", "hello")["code"] == 20007


# ---- everything else goes on


def test_a_group_of_both_goes_on(alice, bob):
    topic = alice.group("Public", "g1", addOpt="FreeAccess")
    bob.command("joinGroup", groupID="g1")
    alice.send(topic, "hello")
    assert bob.text("hello").topic == "chat/user/bob/group/g1"


def test_notices_of_what_the_other_does_come(alice, bob):
    alice.group("Public", "g1", addOpt="FreeAccess")
    bob.command("joinGroup", groupID="g1")
    alice.command("setGroupMemberRole", groupID="g1", userID="bob", role="admin")
    assert bob.notice("adminGranted")["notice"]["operator"] == "alice"


def test_the_other_may_see_the_profile(alice, bob):
    bob.command("setSelfInfo", nickname="Bobby")
    assert alice.command("getUsersInfo", userIDs=["bob"])["users"][0]["nickname"] == "Bobby"
