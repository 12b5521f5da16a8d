# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""Groups: creating, finding out, and the limits."""
import time

import pytest

TYPES = ["Private", "Public", "ChatRoom", "AVChatRoom"]
INFO = {
    "groupID",
    "groupName",
    "groupType",
    "introduction",
    "notification",
    "faceURL",
    "addOpt",
    "inviteOpt",
    "allMuted",
    "owner",
    "createTime",
    "memberCount",
    "onlineCount",
    "lastSeq",
    "lastID",
}


@pytest.fixture
def alice(broker):
    broker.create("bob", "carol")
    return broker.user("alice")


def member_ids(user, groupID, **page):
    return [m["userID"] for m in user.command("getGroupMembers", groupID=groupID, **page)["members"]]


@pytest.mark.parametrize(
    "kind,add,invite",
    [
        ("Private", "DisableApply", "FreeAccess"),
        ("Public", "NeedPermission", "DisableInvite"),
        ("ChatRoom", "FreeAccess", "DisableInvite"),
        ("AVChatRoom", "FreeAccess", "DisableInvite"),
    ],
)
def test_a_new_group_has_the_defaults_of_its_type(alice, kind, add, invite):
    assert alice.command("createGroup", groupType=kind, groupID="g1")["groupID"] == "g1"
    info = alice.command("getGroupInfo", groupID="g1")
    assert INFO <= info.keys()
    assert (info["groupType"], info["addOpt"], info["inviteOpt"]) == (kind, add, invite)
    assert (info["groupID"], info["groupName"], info["owner"], info["lastSeq"]) == ("g1", "g1", "alice", 0)
    assert kind == "AVChatRoom" or info["memberCount"] == 1


@pytest.mark.parametrize("new,old", [("Work", "Private"), ("Meeting", "ChatRoom")])
def test_the_newer_names_of_the_types_are_accepted(alice, new, old):
    alice.command("createGroup", groupType=new, groupID="g1")
    assert alice.command("getGroupInfo", groupID="g1")["groupType"] == old


def test_all_fields_can_be_given(alice):
    fields = {
        "groupName": "Name",
        "introduction": "Intro",
        "notification": "Note",
        "faceURL": "http://f",
        "addOpt": "FreeAccess",
        "inviteOpt": "NeedPermission",
    }
    alice.command("createGroup", groupType="Public", groupID="g1", **fields)
    info = alice.command("getGroupInfo", groupID="g1")
    assert {name: info[name] for name in fields} == fields


def test_without_a_groupID_the_server_makes_one(alice):
    made = [
        alice.command("createGroup", groupType="Public", **extra)["groupID"]
        for extra in ({}, {"groupID": ""})
    ]
    assert all(made) and len(set(made)) == 2
    for name in made:
        assert alice.command("getGroupInfo", groupID=name)["groupID"] == name


def test_members_can_be_given_with_their_results(alice):
    members = [{"userID": "bob"}, {"userID": "carol", "role": "admin"}, {"userID": "nobody"}]
    data = alice.command("createGroup", groupType="Public", groupID="g1", members=members)
    results = {m["userID"]: m["result"] for m in data["members"]}
    assert {name: results[name] for name in ("bob", "carol", "nobody")} == {"bob": 1, "carol": 1, "nobody": 0}
    found = {m["userID"]: m["role"] for m in alice.command("getGroupMembers", groupID="g1")["members"]}
    assert found == {"alice": "owner", "bob": "member", "carol": "admin"}


def test_members_have_all_their_fields(alice):
    alice.group("Public", "g1", ["bob"])
    for member in alice.command("getGroupMembers", groupID="g1")["members"]:
        assert {"userID", "role", "joinTime"} <= member.keys()


# what createGroup is refused for: fields, code, a word of the error
REFUSED = [
    ({"groupType": None}, 10004, "groupType"),
    ({"groupType": ""}, 10004, "groupType"),
    ({"groupType": "Secret"}, 10004, "groupType"),
    ({"groupType": 1}, 10004, "groupType"),
    ({"groupID": "a" * 49}, 10015, ""),
    ({"groupID": "a b"}, 10015, ""),
    ({"groupID": "-a"}, 10015, ""),
    ({"groupID": "a/b"}, 10015, ""),
    ({"groupID": "a+"}, 10015, ""),
    ({"groupID": "@TGS#"}, 10015, ""),
    ({"groupID": "@TGS#_@TGS#cQVLVHIM62CJ"}, 10015, ""),
    ({"groupID": "@TGS#" + "a" * 45}, 10015, ""),
    ({"groupName": "x" * 31}, 10004, "groupName"),
    ({"groupName": "ä" * 16}, 10004, "groupName"),
    ({"groupName": 5}, 10004, "groupName"),
    ({"introduction": "x" * 241}, 10004, "introduction"),
    ({"notification": "x" * 301}, 10004, "notification"),
    ({"faceURL": "x" * 101}, 10004, "faceURL"),
    ({"addOpt": "Sometimes"}, 10004, "addOpt"),
    ({"inviteOpt": "Sometimes"}, 10004, "inviteOpt"),
    ({"members": "bob"}, 10004, "members"),
    ({"members": ["bob"]}, 10004, "members"),
    ({"members": [{"userID": "bob", "role": "king"}]}, 10004, "role"),
    ({"members": [{"userID": f"u{n}"} for n in range(101)]}, 10005, ""),
]


def test_a_wrong_field_is_refused_and_named(alice):
    wrong = []
    for number, (fields, code, word) in enumerate(REFUSED):
        request = {"groupType": "Public", "groupID": f"g{number}", **fields}
        response = alice.request("createGroup", **{k: v for k, v in request.items() if v is not None})
        if response.get("code") != code or word not in response.get("error", ""):
            wrong.append((fields, response))
    assert wrong == []
    assert alice.command("getJoinedGroups")["groups"] == []


TENCENTS = "@TGS#2J4SZEAEL"


def test_a_groupID_of_tencents_has_a_name_that_can_be_a_topic(broker, alice):
    bob = broker.user("bob").subscribe("chat/user/bob/#")
    data = alice.command("createGroup", groupType="Public", groupID=TENCENTS, members=[{"userID": "bob"}])
    assert data["groupID"] == "TGS-2J4SZEAEL"
    assert alice.code("createGroup", groupType="Public", groupID="TGS-2J4SZEAEL") == 10025
    alice.send("chat/group/TGS-2J4SZEAEL", "hello")
    assert bob.text("hello").data["group"] == "TGS-2J4SZEAEL"


def test_a_groupID_of_tencents_names_the_group_in_every_command(broker, alice):
    bob = broker.user("bob").subscribe("chat/user/bob/#")
    alice.group("Public", "TGS-2J4SZEAEL", ["bob"])
    alice.send("chat/group/TGS-2J4SZEAEL", "hello")
    id = bob.text("hello").data["id"]
    assert alice.command("getGroupInfo", groupID=TENCENTS)["groupID"] == "TGS-2J4SZEAEL"
    assert bob.command("getHistory", group=TENCENTS)["messages"][-1]["text"] == "hello"
    assert bob.code("markRead", group=TENCENTS) == 0
    assert alice.command("getReadReceipts", group=TENCENTS, ids=[id])["receipts"][0]["read"] == 1
    assert broker.admin().command("sendMessage", sender="alice", group=TENCENTS, text="m2")["seq"] == 2
    assert bob.text("m2").topic == "chat/user/bob/group/TGS-2J4SZEAEL"
    assert broker.admin().code("sendNotice", group=TENCENTS, text="hello") == 0
    old = {"sender": "alice", "group": TENCENTS, "time": int(time.time() * 1000), "text": "m3"}
    assert broker.admin().command("importMessages", messages=[old])["messages"][0]["seq"] == 3
    assert bob.code("getHistory", group="@TGS#_@TGS#cQVLVHIM62CJ") == 10015
    assert alice.code("dismissGroup", groupID=TENCENTS) == 0


def test_the_longest_fields_are_accepted(alice):
    alice.command(
        "createGroup",
        groupType="Public",
        groupID="a" * 48,
        groupName="x" * 30,
        introduction="x" * 240,
        notification="x" * 300,
        faceURL="x" * 100,
        members=[{"userID": f"u{n}"} for n in range(100)],
    )


@pytest.mark.parametrize("kind", ["Private", "AVChatRoom"])
def test_fixed_options_cannot_be_given(alice, kind):
    add = "FreeAccess" if kind == "Private" else "NeedPermission"
    assert alice.code("createGroup", groupType=kind, groupID="g1", addOpt=add) == 10007


def test_a_live_group_takes_no_members_at_its_creation(alice, broker):
    fields = {"groupType": "AVChatRoom", "groupID": "g1", "members": [{"userID": "bob"}]}
    assert alice.code("createGroup", **fields) == 10007
    assert broker.admin().code("createGroup", **fields) == 10007


def test_a_groupID_is_taken_once(broker, alice):
    alice.group("Public", "g1")
    assert alice.code("createGroup", groupType="Public", groupID="g1") == 10025
    assert broker.user("bob").code("createGroup", groupType="Public", groupID="g1") == 10021


def test_groups_and_members_survive_a_restart(broker, alice):
    topic = alice.group("Public", "g1", ["bob"], groupName="Name", addOpt="FreeAccess")
    alice.send(topic, "x")
    before = alice.command("getGroupInfo", groupID="g1")
    members = alice.command("getGroupMembers", groupID="g1")
    broker.restart(kill=True)
    alice.connect()
    after = alice.command("getGroupInfo", groupID="g1")
    assert {k: v for k, v in after.items() if k != "onlineCount"} == {
        k: v for k, v in before.items() if k != "onlineCount"
    }
    assert alice.command("getGroupMembers", groupID="g1") == members
    assert alice.code("createGroup", groupType="Public", groupID="g1") == 10025


@pytest.mark.parametrize("kind", TYPES)
def test_info_is_for_members_of_a_private_group_and_for_anyone_else_otherwise(broker, alice, kind):
    alice.group(kind, "g1")
    expected = 10007 if kind == "Private" else 0
    assert broker.user("bob").code("getGroupInfo", groupID="g1") == expected
    assert broker.admin().code("getGroupInfo", groupID="g1") == 0


@pytest.mark.parametrize("kind", TYPES)
def test_the_list_of_members_is_for_members(broker, alice, kind):
    alice.group(kind, "g1")
    assert broker.user("bob").code("getGroupMembers", groupID="g1") == 10007
    assert alice.code("getGroupMembers", groupID="g1") == 0
    assert broker.admin().code("getGroupMembers", groupID="g1") == 0


def test_the_list_of_members_comes_in_pages(broker, alice):
    names = [f"u{n}" for n in range(7)]
    broker.create(*names)
    alice.group("Public", "g1", names)
    found, offset, sizes = [], 0, []
    while offset is not None:
        data = alice.command("getGroupMembers", groupID="g1", offset=offset, limit=3)
        sizes.append(len(data["members"]))
        found += [m["userID"] for m in data["members"]]
        offset = data.get("next")
    assert sorted(found) == sorted(["alice", *names]) and sizes == [3, 3, 2]


def test_members_are_looked_up_by_their_names(broker, alice):
    alice.group("Public", "g1", ["bob", "carol"])
    ask = lambda *names: alice.command("getGroupMembers", groupID="g1", userIDs=[*names], limit=1, offset=9)  # noqa: E731
    everybody = {m["userID"]: m for m in alice.command("getGroupMembers", groupID="g1")["members"]}
    found = ask("carol", "nobody", "alice", "a b", "", "carol")
    assert found == {"members": [everybody["carol"], everybody["alice"]]}
    alice.command("deleteGroupMember", groupID="g1", members=["carol"])
    assert ask("carol") == {"members": []}


def test_who_is_in_a_live_group_is_looked_up_by_name(broker, alice):
    alice.group("AVChatRoom", "live")
    broker.user("bob").subscribe("chat/group/live")
    broker.create("carol")
    data = alice.command("getGroupMembers", groupID="live", userIDs=["carol", "bob", "alice", "nobody"])
    assert [(m["userID"], m["role"]) for m in data["members"]] == [("bob", "member"), ("alice", "owner")]


@pytest.mark.parametrize(
    "fields,code,name",
    [
        ({"userIDs": []}, 10004, "userIDs"),
        ({"userIDs": "bob"}, 10004, "userIDs"),
        ({"userIDs": [1]}, 10004, "userIDs"),
        ({"userIDs": ["u"] * 101}, 10005, "userIDs"),
        ({"muted": "yes"}, 10004, "muted"),
        ({"userIDs": ["bob"], "muted": True}, 10004, "userIDs"),
    ],
)
def test_a_wrong_choice_of_members_is_named(alice, fields, code, name):
    alice.group("Public", "g1")
    response = alice.request("getGroupMembers", groupID="g1", **fields)
    assert response.get("code") == code and name in response["error"]


@pytest.mark.parametrize(
    "kind,most", [("Private", 200), ("Public", 2000), ("ChatRoom", 6000), ("AVChatRoom", 0)]
)
def test_info_says_how_many_members_there_may_be(alice, kind, most):
    alice.group(kind, "g1")
    assert alice.command("getGroupInfo", groupID="g1")["maxMembers"] == most


def test_info_counts_members_and_who_is_connected(broker, alice):
    topic = alice.group("Public", "g1", ["bob", "carol"])
    broker.user("bob")
    alice.send(topic, "x")
    info = alice.command("getGroupInfo", groupID="g1")
    assert (info["memberCount"], info["onlineCount"], info["lastSeq"]) == (3, 2, 1)


def test_joined_groups_are_listed_with_role_and_last_message(broker, alice):
    topic = alice.group("Public", "g1", ["bob"], groupName="First")
    alice.group("Private", "g2", ["bob"])
    alice.group("Private", "g3")
    alice.send(topic, "x")
    listed = {g["groupID"]: g for g in broker.user("bob").command("getJoinedGroups")["groups"]}
    assert set(listed) == {"g1", "g2"}
    first = listed["g1"]
    assert (first["groupName"], first["groupType"], first["role"], first["lastSeq"]) == (
        "First",
        "Public",
        "member",
        1,
    )
    assert first["unread"] == 1 and first["lastID"] >= alice.synced()[0]["id"]
    assert {g["role"] for g in alice.command("getJoinedGroups")["groups"]} == {"owner"}


def test_joined_groups_say_what_a_member_has_set_there(broker, alice):
    alice.group("Public", "g1", ["bob"], faceURL="https://example.org/hikers.png", inviteOpt="FreeAccess")
    bob = broker.user("bob")
    (before,) = bob.command("getJoinedGroups")["groups"]
    assert (before["faceURL"], before["owner"]) == ("https://example.org/hikers.png", "alice")
    assert (before["nameCard"], before["receiveOption"], before["mutedUntil"]) == ("", "AcceptAndNotify", 0)
    bob.command("setGroupMemberInfo", groupID="g1", nameCard="Bobby", receiveOption="AcceptNotNotify")
    alice.command("muteGroupMember", groupID="g1", userID="bob", seconds=60)
    alice.command("inviteGroupMember", groupID="g1", members=["carol"])
    alice.command("setGroupInfo", groupID="g1", allMuted=True)
    (after,) = bob.command("getJoinedGroups")["groups"]
    (listed,) = alice.command("getGroupMembers", groupID="g1", userIDs=["bob"])["members"]
    assert {name: after[name] for name in ("role", "nameCard", "joinTime", "mutedUntil")} == {
        name: listed[name] for name in ("role", "nameCard", "joinTime", "mutedUntil")
    }
    assert (after["nameCard"], after["receiveOption"]) == ("Bobby", "AcceptNotNotify")
    assert [(g["memberCount"], g["allMuted"]) for g in (before, after)] == [(2, False), (3, True)]


@pytest.mark.options(max_members_public=3)
def test_a_full_group_takes_nobody(broker, alice):
    broker.create("dave")
    members = [{"userID": name} for name in ("bob", "carol", "dave")]
    data = alice.command(
        "createGroup",
        groupType="Public",
        groupID="g1",
        members=members,
        addOpt="FreeAccess",
        inviteOpt="FreeAccess",
    )
    assert [m["result"] for m in data["members"] if m["userID"] != "alice"] == [1, 1, 4]
    assert alice.command("inviteGroupMember", groupID="g1", members=["dave"])["members"][0]["result"] == 4
    assert broker.user("dave").code("joinGroup", groupID="g1") == 10014


def in_groups(broker, name, count):
    """An administrator brings the user into so many groups."""
    admin = broker.admin("web:groups")
    command = {"command": "createGroup", "groupType": "Private", "members": [{"userID": name}]}
    for first in range(0, count, 50):
        for response in admin.batch([command] * min(50, count - first)):
            assert response["data"]["members"] == [{"userID": name, "result": 1}]


def test_a_user_is_in_at_most_1000_groups(broker, alice):
    in_groups(broker, "alice", 1000)
    assert alice.code("createGroup", groupType="Private", groupID="one.more") == 10037


@pytest.mark.parametrize("restart", [False, True])
def test_who_is_in_500_groups_is_brought_into_no_more_by_others_but_goes_into_500_more(broker, alice, restart):
    broker.create("bob")
    in_groups(broker, "bob", 499)
    if restart:
        broker.restart()
        alice.connect()
    members = [{"userID": "bob"}]
    found = alice.batch([{"command": "createGroup", "groupType": "Private", "members": members}] * 2)
    assert [response["data"]["members"][0]["result"] for response in found] == [1, 4]
    alice.group("Public", "open", addOpt="FreeAccess", inviteOpt="FreeAccess")
    answer = alice.command("inviteGroupMember", groupID="open", members=["bob"])
    assert answer["members"] == [{"userID": "bob", "result": 4}]
    bob = broker.user("bob")
    assert bob.command("joinGroup", groupID="open")["status"] == "joined"
    assert bob.code("createGroup", groupType="Private") == 0


def test_who_has_the_caller_on_the_blacklist_is_not_brought_into_groups(broker, alice):
    broker.user("bob").command("addToBlacklist", userIDs=["alice"])
    members = [{"userID": "bob"}, {"userID": "carol"}]
    broker.create("carol")
    answer = alice.command("createGroup", groupType="Private", groupID="g1", members=members)
    assert [member["result"] for member in answer["members"]] == [0, 1]
    answer = alice.command("inviteGroupMember", groupID="g1", members=["bob"])
    assert answer["members"] == [{"userID": "bob", "result": 0}]
    answer = broker.user("carol").command("inviteGroupMember", groupID="g1", members=["bob"])
    assert answer["members"] == [{"userID": "bob", "result": 1}]


def test_a_user_makes_at_most_100_groups_a_day_an_administrator_more(broker, alice):
    command = {"command": "createGroup", "groupType": "Private"}

    def made(user):
        return [response.get("code", 0) for _ in range(3) for response in user.batch([command] * 50)]

    assert made(alice) == [0] * 100 + [10023] * 50
    broker.restart(kill=True)
    alice.connect()
    assert alice.code(**command) == 10023
    assert made(broker.admin()) == [0] * 150


def test_groups_that_were_dismissed_count_among_those_made_in_a_day(broker, alice):
    for number in range(10):
        name = f"g{number}"
        alice.batch([{"command": "createGroup", "groupType": "Public", "groupID": f"{name}.{n}"} for n in range(10)])
        alice.batch([{"command": "dismissGroup", "groupID": f"{name}.{n}"} for n in range(10)])
    assert alice.code("createGroup", groupType="Public") == 10023


def results(answer):
    return [(member["userID"], member["result"]) for member in answer["members"]]


def test_one_odd_entry_in_members_costs_the_others_nothing(broker):
    broker.create("bob", "carol", "dave")
    alice = broker.user("alice")
    named = ["alice", "bob", "bob", "no userID", "nobody", "carol"]
    answer = alice.command("createGroup", groupType="Public", groupID="g1", inviteOpt="FreeAccess",
                           members=[{"userID": n} for n in named])
    assert results(answer) == [("alice", 2), ("bob", 1), ("bob", 2), ("no userID", 0), ("nobody", 0), ("carol", 1)]
    answer = alice.command("inviteGroupMember", groupID="g1", members=["alice", "dave", "dave", "x" * 33])
    assert results(answer) == [("alice", 2), ("dave", 1), ("dave", 2), ("x" * 33, 0)]
    answer = alice.command("deleteGroupMember", groupID="g1", members=["bob", "@", "bob", "dave", "nobody"])
    assert results(answer) == [("bob", 1), ("@", 0), ("bob", 2), ("dave", 1), ("nobody", 0)]
    members = alice.command("getGroupMembers", groupID="g1")["members"]
    assert [member["userID"] for member in members] == ["alice", "carol"]
