# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""What only administrators may say of groups: an owner, times of long ago, and that nobody is to be told."""
import time

import pytest

from harness.views import history

LONG_AGO, LATER = 1_500_000_000_000, 1_600_000_000_000


@pytest.fixture
def admin(broker):
    broker.create("alice", "bob", "carol")
    return broker.admin()


def create(admin, groupID="g1", kind="Public", **fields):
    return admin.command("createGroup", groupType=kind, groupID=groupID, **fields)


def info(admin, groupID="g1"):
    return admin.command("getGroupInfo", groupID=groupID)


def members(admin, groupID="g1"):
    listed = admin.command("getGroupMembers", groupID=groupID)["members"]
    return {m["userID"]: (m["role"], m["joinTime"]) for m in listed}


def roles(admin, groupID="g1"):
    return {name: role for name, (role, _) in members(admin, groupID).items()}


def told(user):
    """What the server has written to somebody."""
    user.fence()
    return [m.data for m in user.take_all(lambda m: m.get("tips") or m.get("notice"))]


@pytest.mark.parametrize("kind", ["Private", "Public", "ChatRoom", "AVChatRoom"])
@pytest.mark.parametrize("kill", [None, True])
def test_a_group_is_made_for_somebody_else(broker, admin, kind, kill):
    create(admin, kind=kind, owner="alice")
    if kill:
        broker.restart(kill=True)
        admin = broker.admin()
    assert info(admin)["owner"] == "alice"
    if kind != "AVChatRoom":
        assert roles(admin) == {"alice": "owner"}
    assert admin.command("getJoinedGroups")["groups"] == []
    assert [g["role"] for g in broker.user("alice").command("getJoinedGroups")["groups"]] == ["owner"]


@pytest.mark.parametrize("kind", ["Private", "Public", "ChatRoom", "AVChatRoom"])
@pytest.mark.parametrize("kill", [None, True])
def test_a_group_is_made_that_nobody_owns(broker, admin, kind, kill):
    named = {} if kind == "AVChatRoom" else {"members": [{"userID": "bob"}]}
    create(admin, kind=kind, owner="", **named)
    if kill:
        broker.restart(kill=True)
        admin = broker.admin()
    assert (info(admin)["owner"], roles(admin)) == ("", {"bob": "member"} if named else {})
    if named:
        admin.command("transferGroupOwner", groupID="g1", userID="bob")
        assert roles(admin) == {"bob": "owner"}
    else:
        broker.user("bob").subscribe("chat/group/g1").send("chat/group/g1", "hello")
    assert admin.code("dismissGroup", groupID="g1") == 0


def test_an_administrator_may_be_a_member_of_somebodys_group_and_the_owner_of_his_own(admin):
    result = create(admin, owner="alice", members=[{"userID": "admin"}, {"userID": "alice"}])
    assert [m["result"] for m in result["members"]] == [1, 2]
    assert roles(admin) == {"alice": "owner", "admin": "member"}
    create(admin, "g2", owner="admin")
    create(admin, "g3")
    assert roles(admin, "g2") == roles(admin, "g3") == {"admin": "owner"}


def test_a_silent_group_tells_nobody(broker, admin):
    users = [broker.user(name).subscribe(f"chat/user/{name}/#") for name in ("alice", "bob", "carol")]
    create(admin, owner="alice", members=[{"userID": "bob"}], silent=True)
    assert admin.command("inviteGroupMember", groupID="g1", members=["carol"], silent=True)["members"] == [
        {"userID": "carol", "result": 1}
    ]
    users[0].send("chat/group/g1", "hello")
    for user in users[1:]:
        user.text("hello")
    admin.command("deleteGroupMember", groupID="g1", members=["carol"], silent=True)
    assert [told(user) for user in users] == [[], [], []]
    assert [m.get("text") for m in history(admin, group="g1")] == ["hello"]
    assert roles(admin) == {"alice": "owner", "bob": "member"}
    admin.command("inviteGroupMember", groupID="g1", members=["carol"], silent=False)
    assert users[2].notice("invited")


@pytest.mark.parametrize("kill", [False, True])
def test_a_group_made_elsewhere_keeps_its_times_and_tells_nobody(broker, admin, kill):
    bob = broker.user("bob").subscribe("chat/user/bob/#")
    named = [{"userID": "bob", "role": "admin", "joinTime": LATER}, {"userID": "carol"}]
    create(admin, owner="alice", createTime=LONG_AGO, members=named)
    assert told(bob) == [] == history(admin, group="g1")
    expected = {"alice": ("owner", LONG_AGO), "bob": ("admin", LATER), "carol": ("member", LONG_AGO)}
    assert (info(admin)["createTime"], members(admin)) == (LONG_AGO, expected)
    broker.restart(kill=kill)
    admin = broker.admin()
    assert (info(admin)["createTime"], members(admin)) == (LONG_AGO, expected)
    broker.user("alice").send("chat/group/g1", "hello")
    assert [m.get("text") for m in history(broker.user("bob", "web:2"), group="g1")] == ["hello"]


def test_members_are_invited_as_what_they_were(admin):
    create(admin, owner="alice")
    people = [{"userID": "bob", "role": "admin", "joinTime": LATER}, "carol", {"userID": "nobody"}]
    data = admin.command("inviteGroupMember", groupID="g1", members=people, silent=True)
    assert [m["result"] for m in data["members"]] == [1, 1, 0]
    found = members(admin)
    assert found["bob"] == ("admin", LATER) and found["carol"][0] == "member"
    assert abs(found["carol"][1] / 1000 - time.time()) < 60


SOON = int(time.time() * 1000) + 86_400_000


@pytest.mark.parametrize(
    "fields,code,name",
    [
        ({"owner": "nobody"}, 20003, ""),
        ({"owner": "a b"}, 10004, "owner"),
        ({"owner": 5}, 10004, "owner"),
        ({"createTime": 0}, 10004, "createTime"),
        ({"createTime": "1"}, 10004, "createTime"),
        ({"createTime": SOON}, 10004, "createTime"),
        ({"createTime": LONG_AGO, "owner": "nobody"}, 20003, ""),
        ({"silent": 1}, 10004, "silent"),
        ({"members": [{"userID": "bob", "joinTime": SOON}]}, 10004, "joinTime"),
        ({"members": [{"userID": "bob", "joinTime": -1}]}, 10004, "joinTime"),
    ],
)
def test_what_is_wrong_is_named_and_no_group_is_made(admin, fields, code, name):
    response = admin.request("createGroup", groupType="Public", groupID="g1", **fields)
    assert response.get("code") == code and name in response["error"]
    assert admin.code("getGroupInfo", groupID="g1") == 10010


@pytest.mark.parametrize(
    "people,code,name",
    [
        ([{"userID": "bob", "role": "owner"}], 10004, "role"),
        ([{"role": "admin"}], 10004, "userID"),
        (["carol", {"userID": "bob", "joinTime": SOON}], 10004, "joinTime"),
        (["carol", 5], 10004, "members"),
        ([{}] * 101, 10005, "members"),
    ],
)
def test_what_is_wrong_is_named_and_nobody_is_invited(admin, people, code, name):
    create(admin, owner="alice")
    response = admin.request("inviteGroupMember", groupID="g1", members=people)
    assert response.get("code") == code and name in response["error"]
    assert roles(admin) == {"alice": "owner"}
    create(admin, "home", kind="Private", owner="alice")
    people = [{"userID": "bob", "role": "admin"}]
    assert admin.code("inviteGroupMember", groupID="home", members=people) == 10004


@pytest.mark.parametrize(
    "command,fields",
    [
        ("createGroup", {"owner": "bob"}),
        ("createGroup", {"owner": "nobody"}),
        ("createGroup", {"createTime": LONG_AGO}),
        ("createGroup", {"silent": True}),
        ("createGroup", {"members": [{"userID": "bob", "joinTime": LATER}]}),
        ("inviteGroupMember", {"members": ["bob"], "silent": True}),
        ("inviteGroupMember", {"members": [{"userID": "bob"}]}),
        ("deleteGroupMember", {"members": ["carol"], "silent": True}),
    ],
)
def test_it_is_for_administrators_only(broker, admin, command, fields):
    create(admin, owner="alice", inviteOpt="FreeAccess", members=[{"userID": "carol"}])
    where = {"groupType": "Public", "groupID": "g2"} if command == "createGroup" else {"groupID": "g1"}
    assert broker.user("alice").code(command, **where, **fields) == 60010
    assert roles(admin) == {"alice": "owner", "carol": "member"}
    assert admin.code("getGroupInfo", groupID="g2") == 10010


def test_an_owner_of_a_thousand_groups_gets_no_more(admin):
    for first in range(0, 1000, 50):
        commands = [
            {"command": "createGroup", "groupType": "Public", "groupID": f"x{first + n}", "owner": "alice"}
            for n in range(50)
        ]
        assert all("data" in response for response in admin.batch(commands))
    assert admin.code("createGroup", groupType="Public", owner="alice") == 10037
    assert admin.code("createGroup", groupType="Public", owner="") == 0
