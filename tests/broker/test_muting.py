# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""Muting single members."""
import time

import pytest

from harness.groups import staffed_group

TOPIC = "chat/group/g1"


@pytest.fixture
def group(broker):
    return staffed_group(broker, addOpt="FreeAccess")


def mute(user, whom, seconds, group="g1"):
    return user.code("muteGroupMember", groupID=group, userID=whom, seconds=seconds)


def muted_until(user, whom, group="g1"):
    found = user.command("getGroupMembers", groupID=group)["members"]
    return next(m["mutedUntil"] for m in found if m["userID"] == whom)


def test_a_muted_member_cannot_send(broker, group):
    bob = broker.user("bob")
    assert mute(group, "bob", 60) == 0
    assert bob.refusal(TOPIC, "x")["code"] == 10017
    assert broker.user("carol").publish(TOPIC, "y") in (0, 0x10)


def test_a_mute_is_lifted_by_0_seconds(broker, group):
    mute(group, "bob", 60)
    assert mute(group, "bob", 0) == 0
    broker.user("bob").send(TOPIC, "x")
    assert muted_until(group, "bob") == 0


def test_a_mute_ends_by_itself(broker, group):
    bob = broker.user("bob")
    mute(group, "bob", 1)
    assert bob.refusal(TOPIC, "x")["code"] == 10017
    deadline = time.monotonic() + 10
    while (code := bob.publish(TOPIC, "x")) not in (0, 0x10):
        assert code == 0x87 and time.monotonic() < deadline


def test_the_members_list_says_until_when(broker, group):
    before = time.time() * 1000
    mute(group, "bob", 60)
    assert before + 59_000 < muted_until(group, "bob") < before + 70_000


@pytest.mark.parametrize("how", ["quitGroup", "deleteGroupMember"])
def test_a_mute_outlasts_leaving_and_coming_back(broker, group, how):
    bob = broker.user("bob")
    mute(group, "bob", 60)
    if how == "quitGroup":
        bob.command("quitGroup", groupID="g1")
    else:
        group.command("deleteGroupMember", groupID="g1", members=["bob"])
    assert bob.command("joinGroup", groupID="g1")["status"] == "joined"
    assert bob.refusal(TOPIC, "x")["code"] == 10017


@pytest.mark.parametrize("kill", [False, True])
def test_a_mute_survives_a_restart(broker, group, kill):
    mute(group, "bob", 60)
    broker.restart(kill=kill)
    assert broker.user("bob").refusal(TOPIC, "x")["code"] == 10017


def test_the_muted_user_is_told_by_an_event_on_every_device(broker, group):
    devices = [broker.user("bob", "ios:1"), broker.user("bob", "web:1")]
    carol = broker.user("carol")
    mute(group, "bob", 60)
    until = muted_until(group, "bob")
    for device in devices:
        assert device.event("info") == {"event": "info", "group": "g1", "mutedUntil": until}
    assert carol.silent(lambda m: m.get("event") == "info") == []


def test_lifting_is_told_as_0(broker, group):
    bob = broker.user("bob")
    mute(group, "bob", 60)
    mute(group, "bob", 0)
    bob.event("info", mutedUntil=0)


def test_lifting_what_is_not_muted_tells_nobody(broker, group):
    bob = broker.user("bob").subscribe("chat/user/bob/#")
    bob.tip("invite")
    assert mute(group, "bob", 0) == 0
    assert bob.silent(lambda m: m.get("tips") or m.get("event") == "info") == []


def test_a_public_group_sees_a_tip(broker, group):
    carol = broker.user("carol").subscribe("chat/user/carol/#")
    mute(group, "bob", 60)
    tips = carol.wait(lambda m: (m.get("tips") or {}).get("type") == "mute").data["tips"]
    assert (tips["operator"], tips["members"]) == ("owner", ["bob"])
    assert tips["info"] == {"mutedUntil": muted_until(group, "bob")}


def test_a_chatroom_sees_none(broker, group):
    carol = broker.user("carol").subscribe("chat/user/carol/#")
    group.group("ChatRoom", "g2", ["bob", "carol"])
    carol.take_all(lambda m: True)
    assert mute(group, "bob", 60, "g2") == 0
    assert carol.silent(lambda m: (m.get("tips") or {}).get("type") == "mute") == []


@pytest.mark.parametrize(
    "who,whom,code",
    [
        ("owner", "chief", 0),
        ("owner", "owner", 10007),
        ("owner", "dave", 10007),
        ("owner", "nobody", 10007),
        ("chief", "bob", 0),
        ("chief", "deputy", 10007),
        ("chief", "owner", 10007),
        ("chief", "chief", 10007),
        ("bob", "carol", 10007),
        ("dave", "bob", 10007),
        ("admin", "chief", 0),
        ("admin", "owner", 10007),
    ],
)
def test_who_may_mute_whom(broker, group, who, whom, code):
    assert mute(group if who == "owner" else broker.user(who), whom, 60) == code


def test_a_muted_admin_is_muted_as_well(broker, group):
    mute(group, "chief", 60)
    assert broker.user("chief").refusal(TOPIC, "x")["code"] == 10017


@pytest.mark.parametrize("seconds", [None, -1, 1.5, "60", 2**32])
def test_wrong_seconds_are_named(broker, group, seconds):
    fields = {} if seconds is None else {"seconds": seconds}
    response = group.request("muteGroupMember", groupID="g1", userID="bob", **fields)
    assert response.get("code") == 10004 and "seconds" in response["error"]


@pytest.mark.parametrize("kill", [False, True])
def test_seconds_go_up_to_what_is_for_ever(broker, group, kill):
    assert mute(group, "bob", 2**32 - 1) == 0
    until = muted_until(group, "bob")
    assert until > (2**32 - 1) * 1000
    broker.restart(kill=kill)
    assert muted_until(broker.user("admin"), "bob") == until


def muted(user, group="g1", **page):
    data = user.command("getGroupMembers", groupID=group, muted=True, **page)
    return [m["userID"] for m in data["members"]], data.get("next")


def test_the_muted_members_are_listed_by_themselves(broker, group):
    assert muted(group) == ([], None)
    for name in ("bob", "carol", "chief"):
        mute(group, name, 2**32 - 1)
    mute(group, "carol", 0)
    assert muted(broker.user("deputy")) == (["bob", "chief"], None)
    assert muted(group, limit=1) == (["bob"], 1) and muted(group, limit=1, offset=1) == (["chief"], None)
    broker.user("bob").command("quitGroup", groupID="g1")
    assert muted(group) == (["chief"], None)
    everybody = group.command("getGroupMembers", groupID="g1", muted=False)
    assert len(everybody["members"]) == 4


def test_whose_mute_is_over_is_not_listed(broker, group):
    mute(group, "bob", 1)
    deadline = time.monotonic() + 10
    while muted(group) != ([], None):
        assert time.monotonic() < deadline


# ---- live groups


@pytest.fixture
def live(broker, group):
    group.group("AVChatRoom", "live")
    return group


def test_who_has_joined_a_live_group_can_be_muted(broker, live):
    bob = broker.user("bob").subscribe("chat/group/live")
    assert mute(live, "bob", 60, "live") == 0
    assert bob.refusal("chat/group/live", "x")["code"] == 10017
    found = live.command("getGroupMembers", groupID="live")["members"]
    assert [(m["role"], m["mutedUntil"] > 0) for m in found if m["userID"] == "bob"] == [("member", True)]


def test_in_a_live_group_a_mute_outlasts_leaving_and_coming_back(broker, live):
    bob = broker.user("bob").subscribe("chat/group/live")
    mute(live, "bob", 60, "live")
    bob.unsubscribe("chat/group/live")
    bob.subscribe("chat/group/live")
    assert bob.refusal("chat/group/live", "x")["code"] == 10017


def test_the_muted_of_a_live_group_are_listed_whether_there_or_not(broker, live):
    bob = broker.user("bob").subscribe("chat/group/live")
    broker.user("carol").subscribe("chat/group/live")
    mute(live, "bob", 60, "live")
    assert muted(live, "live") == (["bob"], None)
    bob.unsubscribe("chat/group/live")
    assert muted(live, "live") == (["bob"], None)


def test_in_a_live_group_a_mute_survives_a_restart(broker, live):
    broker.user("bob").subscribe("chat/group/live")
    mute(live, "bob", 60, "live")
    broker.restart()
    bob = broker.user("bob", "web:2").subscribe("chat/group/live")
    assert bob.refusal("chat/group/live", "x")["code"] == 10017


def test_in_a_live_group_a_mute_can_be_lifted_from_who_is_away(broker, live):
    bob = broker.user("bob").subscribe("chat/group/live")
    mute(live, "bob", 60, "live")
    bob.unsubscribe("chat/group/live")
    assert mute(live, "bob", 0, "live") == 0
    bob.subscribe("chat/group/live")
    bob.send("chat/group/live", "x")


def test_who_is_not_in_the_live_group_cannot_be_muted(broker, live):
    assert mute(live, "bob", 60, "live") == 10007


def test_muting_in_a_live_group_makes_nobody_a_member(broker, live):
    bob = broker.user("bob").subscribe("chat/group/live")
    mute(live, "bob", 60, "live")
    assert "live" not in [g["groupID"] for g in bob.command("getJoinedGroups")["groups"]]
    bob.unsubscribe("chat/group/live")
    assert bob.refusal("chat/group/live", "x")["code"] == 10007


def test_only_the_owner_mutes_in_a_live_group(broker, live):
    bob, carol = (broker.user(name).subscribe("chat/group/live") for name in ("bob", "carol"))
    assert [mute(bob, "carol", 60, "live"), mute(carol, "owner", 60, "live")] == [10007, 10007]
    assert mute(broker.admin(), "carol", 60, "live") == 0
