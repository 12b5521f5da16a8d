# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""Who may join, leave, invite, remove, appoint and dismiss: the rules as data, type by type."""
import pytest

STORED = ["Private", "Public", "ChatRoom"]
CAST = ["owner", "chief", "deputy", "bob", "carol", "outsider"]


class Cast:
    """A group g1: its owner, the admins chief and deputy (if the type has any), the members bob and carol."""

    def __init__(self, broker, kind, **options):
        broker.create(*CAST[1:])
        self.kind, self._broker, self._clients = kind, broker, {}
        roles = {} if kind == "Private" else {"chief": "admin", "deputy": "admin"}
        members = [{"userID": name, "role": roles.get(name, "member")} for name in CAST[1:5]]
        if kind == "AVChatRoom":
            self["owner"].command("createGroup", groupType=kind, groupID="g1")
            for name in ("bob", "carol"):
                self[name].subscribe("chat/group/g1")
        else:
            self["owner"].command("createGroup", groupType=kind, groupID="g1", members=members, **options)

    def __getitem__(self, name):
        if name not in self._clients:
            self._clients[name] = self._broker.user(name)
        return self._clients[name]

    def code(self, who, command, **fields):
        return self[who].code(command, groupID="g1", **fields)

    def results(self, who, command, *members):
        data = self[who].command(command, groupID="g1", members=list(members))
        return [m["result"] for m in data["members"]]

    def members(self):
        data = self["admin"].command("getGroupMembers", groupID="g1")
        return {m["userID"]: m["role"] for m in data["members"]}


@pytest.fixture
def cast(broker):
    return lambda kind, **options: Cast(broker, kind, **options)


# ---- joinGroup


@pytest.mark.parametrize(
    "kind,option,expected",
    [
        ("Private", None, 10007),
        ("Public", None, "pending"),
        ("Public", "FreeAccess", "joined"),
        ("Public", "DisableApply", 10007),
        ("ChatRoom", None, "joined"),
        ("ChatRoom", "NeedPermission", "pending"),
        ("ChatRoom", "DisableApply", 10007),
        ("AVChatRoom", None, "joined"),
    ],
)
def test_joining(cast, kind, option, expected):
    group = cast(kind, **({"addOpt": option} if option else {}))
    response = group["outsider"].request("joinGroup", groupID="g1", message="please")
    assert response.get("code") or response["data"]["status"] == expected
    assert response.get("code") in (None, expected)
    assert ("outsider" in group.members()) == (expected == "joined")


@pytest.mark.parametrize("kind", ["Public", "ChatRoom"])
def test_joining_twice_is_10013(cast, kind):
    assert cast(kind, addOpt="FreeAccess").code("bob", "joinGroup") == 10013


def test_joining_a_group_that_is_not_there_is_10010(broker):
    assert broker.user("bob").code("joinGroup", groupID="none") == 10010


# ---- quitGroup


@pytest.mark.parametrize(
    "kind,owner", [("Private", 0), ("Public", 10009), ("ChatRoom", 10009), ("AVChatRoom", 10009)]
)
def test_leaving(cast, kind, owner):
    group = cast(kind)
    assert [group.code(who, "quitGroup") for who in ("bob", "owner", "outsider")] == [0, owner, 10007]
    assert "bob" not in group.members()


def test_a_private_group_stays_without_owner_and_ends_with_its_last_member(broker):
    broker.create("bob")
    alice, bob, admin = broker.user("alice"), broker.user("bob"), broker.admin()
    topic = alice.group("Private", "g1", ["bob"])
    alice.command("quitGroup", groupID="g1")
    bob.send(topic, "still here")
    assert not admin.command("getGroupInfo", groupID="g1").get("owner")
    bob.command("quitGroup", groupID="g1")
    assert admin.code("getGroupInfo", groupID="g1") == 10010


# ---- inviteGroupMember


@pytest.mark.parametrize("kind", STORED)
def test_inviting_where_everyone_may(cast, kind):
    group = cast(kind, **({} if kind == "Private" else {"inviteOpt": "FreeAccess"}))
    assert group.results("bob", "inviteGroupMember", "outsider", "carol", "nobody") == [1, 2, 0]
    assert group.members()["outsider"] == "member"
    assert group.code("outsider", "quitGroup") == 0
    assert group.code("outsider", "inviteGroupMember", members=["outsider"]) == 10007


@pytest.mark.parametrize("kind", ["Public", "ChatRoom"])
def test_inviting_where_it_is_disabled(cast, kind):
    group = cast(kind)
    assert group.code("bob", "inviteGroupMember", members=["outsider"]) == 10007
    assert group.results("admin", "inviteGroupMember", "outsider") == [1]


@pytest.mark.parametrize("kind", ["Public", "ChatRoom"])
def test_inviting_where_owner_or_admin_must_agree(cast, kind):
    group = cast(kind, inviteOpt="NeedPermission")
    assert group.results("bob", "inviteGroupMember", "outsider", "carol") == [3, 2]
    assert "outsider" not in group.members()
    assert group.results("owner", "inviteGroupMember", "outsider") == [1]


def test_nobody_is_invited_into_a_live_group(cast):
    group = cast("AVChatRoom")
    assert [
        group.code(who, "inviteGroupMember", members=["outsider"]) for who in ("owner", "bob", "admin")
    ] == [10007] * 3


@pytest.mark.parametrize("command", ["inviteGroupMember", "deleteGroupMember"])
def test_at_most_100_members_are_named_at_once(cast, command):
    group = cast("Public", inviteOpt="FreeAccess")
    many = [f"u{n}" for n in range(101)]
    assert group.code("owner", command, members=many) == 10005
    assert group.code("owner", command, members=many[:100]) == 0


# ---- deleteGroupMember


def test_in_a_private_group_only_the_owner_removes(cast):
    group = cast("Private")
    assert [group.code(who, "deleteGroupMember", members=["carol"]) for who in ("bob", "outsider")] == [
        10007,
        10007,
    ]
    assert group.results("owner", "deleteGroupMember", "carol", "outsider", "owner") == [1, 2, 0]
    assert "carol" not in group.members()


@pytest.mark.parametrize("kind", ["Public", "ChatRoom"])
def test_removing_in_groups_with_admins(cast, kind):
    group = cast(kind)
    assert [group.code(who, "deleteGroupMember", members=["carol"]) for who in ("bob", "outsider")] == [
        10007,
        10007,
    ]
    assert group.results("chief", "deleteGroupMember", "carol", "deputy", "owner", "chief", "outsider") == [
        1,
        0,
        0,
        0,
        2,
    ]
    assert group.results("owner", "deleteGroupMember", "deputy", "owner", "nobody") == [1, 0, 0]
    assert group.members() == {"owner": "owner", "chief": "admin", "bob": "member"}


def test_nobody_is_removed_from_a_live_group(cast):
    group = cast("AVChatRoom")
    assert [group.code(who, "deleteGroupMember", members=["bob"]) for who in ("owner", "admin")] == [
        10004
    ] * 2


def test_a_reason_has_a_limit(cast):
    group = cast("Public")
    response = group["owner"].request("deleteGroupMember", groupID="g1", members=["bob"], reason="x" * 257)
    assert response.get("code") == 10004 and "reason" in response["error"]
    assert group.code("owner", "deleteGroupMember", members=["bob"], reason="x" * 256) == 0


# ---- setGroupMemberRole


@pytest.mark.parametrize("kind", ["Public", "ChatRoom"])
def test_appointing_admins(cast, kind):
    group = cast(kind)
    refused = [
        group.code(who, "setGroupMemberRole", userID=whom, role="admin")
        for who, whom in (
            ("chief", "bob"),
            ("bob", "bob"),
            ("outsider", "bob"),
            ("owner", "outsider"),
            ("owner", "owner"),
        )
    ]
    assert refused == [10007] * 5
    assert group.code("owner", "setGroupMemberRole", userID="bob", role="admin") == 0
    assert group.code("owner", "setGroupMemberRole", userID="chief", role="member") == 0
    assert group.code("admin", "setGroupMemberRole", userID="carol", role="admin") == 0
    roles = group.members()
    assert (roles["bob"], roles["chief"], roles["carol"]) == ("admin", "member", "admin")


@pytest.mark.parametrize("kind", ["Private", "AVChatRoom"])
def test_types_without_admins(cast, kind):
    group = cast(kind)
    assert group.code("owner", "setGroupMemberRole", userID="bob", role="admin") == 10007


@pytest.mark.parametrize("role", ["owner", "king", "", 1, None])
def test_a_role_is_admin_or_member(cast, role):
    response = cast("Public")["owner"].request("setGroupMemberRole", groupID="g1", userID="bob", role=role)
    assert response.get("code") == 10004 and "role" in response["error"]


# ---- dismissGroup


@pytest.mark.parametrize(
    "kind,owner", [("Private", 10007), ("Public", 0), ("ChatRoom", 0), ("AVChatRoom", 0)]
)
def test_dismissing(cast, kind, owner):
    group = cast(kind)
    assert [group.code(who, "dismissGroup") for who in ("bob", "outsider")] == [10007, 10007]
    assert group.code("owner", "dismissGroup") == owner
    if owner:
        assert group.code("admin", "dismissGroup") == 0
    assert [group.code(who, "getGroupInfo") for who in ("owner", "bob", "admin")] == [10010] * 3
    assert group.code("bob", "joinGroup") == 10010
    assert group["bob"].command("getJoinedGroups")["groups"] == []
    assert group["bob"].refusal("chat/group/g1", "x")["code"] == 10010


def test_an_admin_of_the_group_does_not_dismiss_it(cast):
    assert cast("Public").code("chief", "dismissGroup") == 10007


def test_the_name_of_a_dismissed_group_is_not_free_yet(broker):
    alice = broker.user("alice")
    alice.group("Public", "g1")
    alice.command("dismissGroup", groupID="g1")
    assert broker.user("bob").code("createGroup", groupType="Public", groupID="g1") == 10021


# ---- all of them


@pytest.mark.parametrize(
    "command,fields",
    [
        ("dismissGroup", {}),
        ("joinGroup", {}),
        ("quitGroup", {}),
        ("inviteGroupMember", {"members": ["bob"]}),
        ("deleteGroupMember", {"members": ["bob"]}),
        ("setGroupMemberRole", {"userID": "bob", "role": "admin"}),
        ("getGroupInfo", {}),
        ("getGroupMembers", {}),
    ],
)
def test_group_commands_want_a_group_that_is_there(broker, command, fields):
    bob = broker.user("bob")
    missing = bob.request(command, **fields)
    assert missing.get("code") == 10004 and "groupID" in missing["error"]
    assert bob.code(command, groupID=7, **fields) == 10004
    assert bob.code(command, groupID="none", **fields) == 10010


@pytest.mark.parametrize("kind", STORED)
def test_a_server_admin_acts_in_any_group_without_being_a_member(cast, kind):
    group = cast(kind)
    assert group.results("admin", "inviteGroupMember", "outsider") == [1]
    assert group.results("admin", "deleteGroupMember", "carol") == [1]
    assert group.code("admin", "getGroupInfo") == 0
    assert "admin" not in group.members()
    assert group.code("admin", "dismissGroup") == 0
