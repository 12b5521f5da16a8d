# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""Tips: what a group is told about itself, by the type of the group."""
import time

import pytest

TOPIC = "chat/group/g1"
ROSTER = ["owner", "bob", "carol", "dave"]


def is_tip(message):
    return message.get("tips") is not None


class Cast:
    """A group g1 with owner and members bob and carol; dave exists. Everyone has what the group sends."""

    def __init__(self, broker, kind, **options):
        self.kind, self.live = kind, kind == "AVChatRoom"
        broker.create(*ROSTER)
        self.users = {name: broker.user(name).subscribe(f"chat/user/{name}/#") for name in ROSTER}
        members = () if self.live else ("bob", "carol")
        self["owner"].group(kind, "g1", members, **options)
        if self.live:
            for name in ("owner", "bob", "carol"):
                self[name].subscribe(TOPIC)
                self[name].tip("join")

    def __getitem__(self, name):
        return self.users[name]

    def forget(self):
        """Whatever has come up to now is no matter."""
        for user in self.users.values():
            user.fence()
            user.take_all(is_tip)


@pytest.fixture
def cast(broker):
    return lambda kind, **options: Cast(broker, kind, **options)


# ---- the table of docs/rules.md

JOIN = ("join", "dave", "joinGroup", {}, "bob")
INVITE = ("invite", "owner", "inviteGroupMember", {"members": ["dave"]}, "bob")
QUIT = ("quit", "carol", "quitGroup", {}, "bob")
KICK = ("kick", "owner", "deleteGroupMember", {"members": ["carol"], "reason": "why"}, "bob")
NAME = ("info", "owner", "setGroupInfo", {"groupName": "new"}, "bob")
NOTIFICATION = ("info", "owner", "setGroupInfo", {"notification": "new"}, "bob")
INTRODUCTION = ("info", "owner", "setGroupInfo", {"introduction": "new"}, "bob")
FACE = ("info", "owner", "setGroupInfo", {"faceURL": "http://new"}, "bob")
OWNER = ("transfer", "owner", "transferGroupOwner", {"userID": "carol"}, "bob")
ADMIN = ("setAdmin", "owner", "setGroupMemberRole", {"userID": "carol", "role": "admin"}, "bob")
ALL_MUTED = (None, "owner", "setGroupInfo", {"allMuted": True}, "bob")
ADD_OPT = (None, "owner", "setGroupInfo", {"addOpt": "DisableApply"}, "bob")
INVITE_OPT = (None, "owner", "setGroupInfo", {"inviteOpt": "NeedPermission"}, "bob")

STORED, NONE, LIVE = "stored", "none", "live"
TABLE = [
    ("Private", STORED, [INVITE, QUIT, KICK, NAME, NOTIFICATION, INTRODUCTION, FACE, OWNER]),
    ("Private", NONE, [ALL_MUTED]),
    ("Public", STORED, [JOIN, INVITE, QUIT, KICK, NAME, NOTIFICATION, INTRODUCTION, FACE, OWNER, ADMIN]),
    ("Public", NONE, [ALL_MUTED, ADD_OPT, INVITE_OPT]),
    ("ChatRoom", STORED, [NAME, NOTIFICATION, INTRODUCTION, FACE, OWNER]),
    ("ChatRoom", NONE, [JOIN, INVITE, QUIT, KICK, ADMIN, ALL_MUTED, ADD_OPT, INVITE_OPT]),
    ("AVChatRoom", LIVE, [NAME, NOTIFICATION, INTRODUCTION, FACE]),
    ("AVChatRoom", NONE, [ALL_MUTED]),
]
ROWS = [(kind, how, row) for kind, how, rows in TABLE for row in rows]


def row_name(value):
    return f"{value[2]}-{'-'.join(value[3])}" if isinstance(value, tuple) else value


@pytest.mark.parametrize("kind,how,row", ROWS, ids=row_name)
def test_each_row_of_the_table(cast, kind, how, row):
    name, operator, command, fields, watcher = row
    open_to_all = {"addOpt": "FreeAccess", "inviteOpt": "FreeAccess"}
    group = cast(kind, **({} if kind in ("Private", "AVChatRoom") else open_to_all))
    group.forget()
    group[operator].command(command, groupID="g1", **fields)
    if how == NONE:
        assert group[watcher].silent(is_tip) == []
        return
    tip = group[watcher].tip(name)
    assert (tip["sender"], tip["tips"]["operator"], tip["group"]) == (operator, operator, "g1")
    assert ("id" in tip) == (how == STORED)
    assert tip["seq"] == 0
    if command == "setGroupInfo":
        assert tip["tips"]["info"] == fields


def test_a_tip_names_whom_it_is_about_and_why(cast):
    group = cast("Public")
    group.forget()
    group["owner"].command("deleteGroupMember", groupID="g1", members=["carol", "dave"], reason="spam")
    assert group["bob"].tip("kick")["tips"] == {
        "type": "kick",
        "operator": "owner",
        "members": ["carol"],
        "reason": "spam",
    }


def test_creating_with_members_is_a_tip_to_all_of_them(cast):
    group = cast("Private")
    for name in ("owner", "bob", "carol"):
        assert group[name].tip("invite")["tips"]["members"] == ["bob", "carol"]
    assert group["dave"].silent(is_tip) == []


def test_creating_alone_is_no_tip(broker):
    alice = broker.user("alice").subscribe("chat/user/alice/#")
    alice.group("Public", "g1")
    assert alice.silent(is_tip) == []


def test_who_was_added_sees_the_tip_and_who_was_removed_does_not(broker, cast):
    group = cast("Public")
    group.forget()
    group["owner"].command("deleteGroupMember", groupID="g1", members=["carol"])
    group["bob"].tip("kick")
    assert group["carol"].silent(is_tip) == []
    broker.admin().command("inviteGroupMember", groupID="g1", members=["carol"])
    assert group["carol"].tip("invite")["tips"]["members"] == ["carol"]


def test_who_quits_does_not_get_the_tip(cast):
    group = cast("Private")
    group.forget()
    group["carol"].command("quitGroup", groupID="g1")
    group["bob"].tip("quit")
    assert group["carol"].silent(is_tip) == []


def test_who_joins_sees_his_own_tip(cast):
    group = cast("Public", addOpt="FreeAccess")
    group["dave"].command("joinGroup", groupID="g1")
    assert group["dave"].tip("join")["tips"]["members"] == ["dave"]


def test_the_operator_gets_the_tip_too(cast):
    group = cast("Public")
    group["owner"].command("setGroupInfo", groupID="g1", groupName="new")
    assert group["owner"].tip("info")["tips"]["info"] == {"groupName": "new"}


def test_setting_a_role_back_is_a_tip(cast):
    group = cast("Public")
    group["owner"].command("setGroupMemberRole", groupID="g1", userID="bob", role="admin")
    group["owner"].command("setGroupMemberRole", groupID="g1", userID="bob", role="member")
    assert group["carol"].tip("cancelAdmin")["tips"]["members"] == ["bob"]


def test_nothing_done_is_no_tip(cast):
    group = cast("Public")
    group.forget()
    group["owner"].command("deleteGroupMember", groupID="g1", members=["dave"])
    group["owner"].command("setGroupMemberRole", groupID="g1", userID="bob", role="member")
    group["owner"].command("setGroupInfo", groupID="g1", groupName="g1")
    assert group["bob"].silent(is_tip) == []


def test_a_stored_tip_waits_for_who_is_away(broker, cast):
    group = cast("Public")
    group.forget()
    group["bob"].disconnect()
    group["owner"].command("setGroupInfo", groupID="g1", groupName="new")
    tip = broker.user("bob").subscribe("chat/user/bob/#").tip("info")
    assert tip["tips"]["info"] == {"groupName": "new"}


def test_tips_take_no_seq_and_are_not_unread(cast):
    group = cast("Public")
    owner, bob = group["owner"], group["bob"]
    for number in range(3):
        owner.send(TOPIC, f"n{number}")
        owner.command("setGroupInfo", groupID="g1", groupName=f"name{number}")
    found = bob.contents("n2")
    assert [m.get("seq") for m in found] == [1, 2, 3]
    assert [bob.tip("info")["seq"] for _ in range(3)] == [1, 2, 3]
    assert bob.command("getUnread")["totalUnread"] == 3
    ids = [m.get("id") for m in found]
    assert ids == sorted(ids)


def test_tips_are_part_of_sync(cast):
    group = cast("Public")
    group["owner"].command("setGroupInfo", groupID="g1", groupName="new")
    messages = group["bob"].command("sync", after=0)["messages"]
    assert [m["tips"]["type"] for m in messages if "tips" in m] == ["invite", "info"]


# ---- live groups


def test_joins_of_a_live_group_are_gathered(broker, cast):
    group = cast("AVChatRoom")
    group["bob"].wait(lambda m: is_tip(m) and m.get("tips")["members"][-1] == "carol")
    for number in range(30):
        broker.user(f"viewer{number}").subscribe(TOPIC)
    count, names, started = 0, [], time.monotonic()
    tips = []
    while count < 30:
        tips.append(group["bob"].wait(is_tip).data["tips"])
        assert tips[-1]["type"] == "join" and 1 <= len(tips[-1]["members"]) <= 20
        count += tips[-1]["count"]
        names += tips[-1]["members"]
    assert count == 30
    assert len(names) == len(set(names))
    assert len(tips) <= time.monotonic() - started + 3


@pytest.mark.parametrize("how", ["unsubscribe", "quitGroup", "disconnect"])
def test_leaving_a_live_group_is_a_tip(cast, how):
    group = cast("AVChatRoom")
    carol = group["carol"]
    if how == "unsubscribe":
        carol.unsubscribe(TOPIC)
    elif how == "quitGroup":
        carol.command("quitGroup", groupID="g1")
    else:
        carol.disconnect()
    tips = group["bob"].tip("quit")["tips"]
    assert (tips["members"], tips["count"], tips["operator"]) == (["carol"], 1, "carol")


def test_a_second_device_in_a_live_group_is_no_tip(broker, cast):
    group = cast("AVChatRoom")
    group.forget()
    second = broker.user("bob", "web:1").subscribe(TOPIC)
    broker.user("dave", "web:1").subscribe(TOPIC)
    assert group["owner"].tip("join")["tips"]["members"] == ["dave"]
    second.disconnect()
    broker.user("erin").subscribe(TOPIC)
    group["owner"].tip("join")
    assert group["owner"].silent(is_tip) == []


def test_dismissing_a_live_group_is_a_tip(cast):
    group = cast("AVChatRoom")
    group["owner"].command("dismissGroup", groupID="g1")
    for name in ("owner", "bob", "carol"):
        assert group[name].tip("dismiss")["tips"] == {"type": "dismiss", "operator": "owner"}
    assert group["bob"].silent(lambda m: m.get("notice")) == []
