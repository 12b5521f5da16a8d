# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""What a member sets for himself in a group: the name card, and how to receive."""
import pytest

from harness.groups import staffed_group

TOPIC = "chat/group/g1"


@pytest.fixture
def group(broker):
    return staffed_group(broker)


def change(user, **fields):
    return user.code("setGroupMemberInfo", groupID="g1", **fields)


def card(user, whom):
    found = user.command("getGroupMembers", groupID="g1")["members"]
    return next(m["nameCard"] for m in found if m["userID"] == whom)


# ---- nameCard


def test_every_member_sets_his_own_card(broker, group):
    bob = broker.user("bob")
    assert [change(bob, nameCard="Bobby"), change(group, userID="owner", nameCard="Boss")] == [0, 0]
    assert (card(bob, "bob"), card(bob, "owner"), card(bob, "carol")) == ("Bobby", "Boss", "")


def test_a_card_survives_a_restart(broker, group):
    change(group, nameCard="Boss")
    broker.restart(kill=True)
    assert card(group.connect(), "owner") == "Boss"


@pytest.mark.parametrize(
    "text,code", [("x" * 50, 0), ("x" * 51, 10004), ("ä" * 25, 0), ("ä" * 26, 10004), (7, 10004)]
)
def test_a_card_has_at_most_50_bytes(broker, group, text, code):
    response = group.request("setGroupMemberInfo", groupID="g1", nameCard=text)
    assert response.get("code", 0) == code
    assert code == 0 or "nameCard" in response["error"]


@pytest.mark.parametrize(
    "who,whom,code",
    [
        ("owner", "chief", 0),
        ("owner", "bob", 0),
        ("owner", "dave", 10007),
        ("chief", "bob", 0),
        ("chief", "deputy", 10007),
        ("chief", "owner", 10007),
        ("bob", "carol", 10007),
        ("dave", "bob", 10007),
        ("dave", "dave", 10007),
        ("admin", "bob", 0),
        ("admin", "chief", 0),
        ("admin", "admin", 10007),
    ],
)
def test_who_may_set_whose_card(broker, group, who, whom, code):
    user = group if who == "owner" else broker.user(who)
    assert change(user, userID=whom, nameCard="new") == code
    if whom in ("chief", "bob", "deputy", "carol"):
        assert card(group, whom) == ("" if code else "new")


@pytest.mark.parametrize("fields", [{}, {"nameCard": ""}, {"userID": "bob"}])
def test_nothing_to_set_is_10004(broker, group, fields):
    assert change(group, **fields) == 10004


def test_setting_how_to_receive_leaves_the_card(broker, group):
    bob = broker.user("bob")
    change(bob, nameCard="Bobby")
    change(bob, receiveOption="AcceptNotNotify")
    assert card(bob, "bob") == "Bobby"


@pytest.mark.parametrize("kill", [False, True])
def test_who_comes_back_has_no_card_and_receives(broker, group, kill):
    bob = broker.user("bob")
    change(bob, nameCard="Bobby", receiveOption="Discard")
    group.command("deleteGroupMember", groupID="g1", members=["bob"])
    broker.admin().command("inviteGroupMember", groupID="g1", members=["bob"])
    if kill:
        broker.restart(kill=True)
        group.connect()
        bob.connect()
    bob.subscribe("chat/user/bob/#")
    group.send(TOPIC, "welcome back")
    bob.text("welcome back")
    assert card(group, "bob") == ""


@pytest.mark.parametrize("option", ["accept", "discard", 1, True])
def test_a_wrong_receive_option_is_named(broker, group, option):
    response = group.request("setGroupMemberInfo", groupID="g1", receiveOption=option)
    assert response.get("code") == 10004 and "receiveOption" in response["error"]


# ---- receiveOption


@pytest.mark.parametrize("who", ["owner", "chief", "admin", "carol"])
def test_nobody_sets_how_another_receives(broker, group, who):
    user = group if who == "owner" else broker.user(who)
    assert change(user, userID="bob", receiveOption="Discard") == 10007
    assert change(user, userID="bob", nameCard="new", receiveOption="Discard") == 10007
    assert card(group, "bob") == ""


@pytest.mark.parametrize("filter", ["chat/user/bob/#", TOPIC])
def test_who_discards_gets_nothing_live(broker, group, filter):
    bob = broker.user("bob").subscribe(filter)
    assert change(bob, receiveOption="Discard") == 0
    group.send(TOPIC, "one")
    group.send(TOPIC, {"text": "two", "onlineOnly": True})
    assert bob.silent() == []


@pytest.mark.parametrize("filter", ["chat/user/bob/#", TOPIC])
def test_who_discards_gets_nothing_later_but_finds_it(broker, group, filter):
    bob = broker.user("bob").subscribe(filter)
    change(bob, receiveOption="Discard")
    bob.disconnect()
    group.send(TOPIC, "one")
    bob.connect().subscribe(filter)
    assert bob.silent() == []
    assert [m["text"] for m in bob.synced()] == ["one"]


@pytest.mark.parametrize("option", ["AcceptAndNotify", "AcceptNotNotify"])
def test_who_accepts_again_gets_what_is_sent_from_then_on(broker, group, option):
    bob = broker.user("bob").subscribe("chat/user/bob/#")
    change(bob, receiveOption="Discard")
    group.send(TOPIC, "one")
    assert change(bob, receiveOption=option) == 0
    group.send(TOPIC, "two")
    assert [m.get("text") for m in bob.contents("two")] == ["two"]


def test_others_go_on_receiving(broker, group):
    change(broker.user("bob"), receiveOption="Discard")
    carol = broker.user("carol").subscribe("chat/user/carol/#")
    group.send(TOPIC, "one")
    carol.text("one")


def test_it_survives_a_restart(broker, group):
    bob = broker.user("bob").subscribe(TOPIC)
    change(bob, receiveOption="Discard")
    broker.restart(kill=True)
    group.connect().send(TOPIC, "one")
    assert bob.connect().subscribe(TOPIC).silent() == []


def test_who_discards_has_nothing_unread(broker, group):
    bob = broker.user("bob")
    group.send(TOPIC, "before")
    assert bob.command("getUnread")["totalUnread"] == 1
    change(bob, receiveOption="Discard")
    group.send(TOPIC, "hello")
    group.send("bob", "to bob alone")
    assert bob.command("getUnread")["totalUnread"] == 1
    (joined,) = bob.command("getJoinedGroups")["groups"]
    assert joined["unread"] == 0
    found = {c.get("group"): c["unread"] for c in bob.command("getConversations")["conversations"]}
    assert found == {"g1": 0, None: 1}


@pytest.mark.parametrize(
    "option,pushed", [("AcceptAndNotify", True), ("AcceptNotNotify", False), ("Discard", False)]
)
def test_a_push_wants_AcceptAndNotify(broker, group, option, pushed):
    worker = broker.admin("other:worker").subscribe("chat/push")
    bob = broker.user("bob")
    bob.command("setPushToken", provider="webhook", token="bobs")
    change(bob, receiveOption=option)
    bob.disconnect()
    group.send(TOPIC, "one")
    group.send("bob", "private")
    bodies = {worker.wait(lambda m: m.topic == "chat/push").data["body"] for _ in range(1 + pushed)}
    assert bodies == ({"one", "private"} if pushed else {"private"})


def test_accepting_again_brings_pushes_again(broker, group):
    bob = broker.user("bob")
    bob.command("setPushToken", provider="webhook", token="bobs")
    phone = broker.user("bob", "web:1")
    change(phone, receiveOption="AcceptNotNotify")
    bob.disconnect()
    group.send(TOPIC, "one")
    change(phone, receiveOption="AcceptAndNotify")
    group.send(TOPIC, "two")
    worker = broker.admin("other:worker").subscribe("chat/push")
    assert worker.wait(lambda m: m.topic == "chat/push").data["body"] == "two"


def test_in_a_live_group_only_the_owner_has_a_card(broker, group):
    group.group("AVChatRoom", "live")
    bob = broker.user("bob").subscribe("chat/group/live")
    assert group.code("setGroupMemberInfo", groupID="live", nameCard="Host") == 0
    assert group.code("setGroupMemberInfo", groupID="live", receiveOption="Discard") == 10007
    assert bob.code("setGroupMemberInfo", groupID="live", nameCard="x") == 10007
