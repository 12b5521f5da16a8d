# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""What an administrator does as somebody: `as` beside `command`."""
import contextlib
import json
import pathlib
import re
import sqlite3

import pytest

DEFINITIONS = pathlib.Path(__file__).parents[2] / "acl" / "commands.def"
ROWS = dict(re.findall(r'^COMMAND\(\w+, "(\w+)", (\w+)', DEFINITIONS.read_text(), re.M))
CALLERS = {"EVERYONE", "ADMINS", "DEVICES", "UPLOADERS"}
OF_CONNECTIONS = [name for name, caller in ROWS.items() if caller in ("DEVICES", "UPLOADERS")]


@pytest.fixture
def admin(broker):
    return broker.admin()


def refusal(response, code, *words):
    assert response.get("code") == code, response
    assert all(word in response["error"] for word in words), response


# ---- every command: the same answer and the same effect as the user's own


# Of every command that users have: {} is what is left of its fields. In this order, on one scene.
STORY = [
    ("createGroup", {"groupType": "Public", "groupID": "made", "members": [{"userID": "bob"}]}),
    ("createGroup", {"groupType": "Public", "groupID": "old", "createTime": 1}),
    ("createGroup", {"groupType": "Public", "groupID": "made"}),
    ("setGroupInfo", {"groupID": "made", "groupName": "Hikers", "allMuted": True}),
    ("setGroupInfo", {"groupID": "bobs", "groupName": "Hikers"}),
    ("getGroupInfo", {"groupID": "made"}),
    ("joinGroup", {"groupID": "open"}),
    ("joinGroup", {"groupID": "asks", "message": "please"}),
    ("joinGroup", {"groupID": "bobs"}),
    ("quitGroup", {"groupID": "open"}),
    ("quitGroup", {"groupID": "made"}),
    ("inviteGroupMember", {"groupID": "friends", "members": ["carol", "nobody"]}),
    ("inviteGroupMember", {"groupID": "bobs", "members": ["carol"]}),
    ("deleteGroupMember", {"groupID": "made", "members": ["bob"], "reason": "go"}),
    ("getGroupMembers", {"groupID": "bobs"}),
    ("getGroupMembers", {"groupID": "open"}),
    ("setGroupMemberRole", {"groupID": "mine", "userID": "bob", "role": "admin"}),
    ("muteGroupMember", {"groupID": "mine", "userID": "carol", "seconds": 60}),
    ("muteGroupMember", {"groupID": "bobs", "userID": "bob", "seconds": 60}),
    ("setGroupMemberInfo", {"groupID": "bobs", "nameCard": "Al", "receiveOption": "AcceptNotNotify"}),
    ("setGroupAttributes", {"groupID": "mine", "set": {"seat": "alice"}}),
    ("setGroupAttributes", {"groupID": "stage", "set": {"seat": "alice"}}),
    ("getGroupAttributes", {"groupID": "mine"}),
    ("getGroupAttributes", {"groupID": "stage"}),
    ("banGroupMember", {"groupID": "mine", "userID": "dave", "seconds": 60}),
    ("getGroupBans", {"groupID": "mine"}),
    ("getGroupBans", {"groupID": "bobs"}),
    ("getJoinedGroups", {}),
    ("getGroupApplications", {}),
    ("handleGroupApplication", {"groupID": "mine", "userID": "eve", "accept": True}),
    ("transferGroupOwner", {"groupID": "mine", "userID": "bob"}),
    ("getHistory", {"group": "bobs"}),
    ("getHistory", {"group": "stage"}),
    ("getHistory", {"group": "open"}),
    ("getHistory", {"to": "bob"}),
    ("sync", {"after": 0}),
    ("getUnread", {}),
    ("markRead", {"to": "bob"}),
    ("markRead", {"group": "bobs"}),
    ("getConversations", {}),
    ("setConversation", {"to": "bob", "pinned": True}),
    ("editMessage", {"to": "bob", "seq": 1, "text": "bread"}),
    ("editMessage", {"to": "bob", "seq": 2, "text": "not mine"}),
    ("editMessage", {"group": "bobs", "seq": 2, "text": "damn"}),
    ("recallMessage", {"to": "bob", "seq": 1}),
    ("recallMessage", {"group": "bobs", "seq": 1}),
    ("deleteMessages", {"ids": ["an id"]}),
    ("getReadReceipts", {"group": "bobs", "ids": ["an id"]}),
    ("getMessageReaders", {"group": "bobs", "id": "an id"}),
    ("purgeMessages", {"group": "mine", "userID": "bob"}),
    ("purgeMessages", {"group": "bobs", "userID": "alice"}),
    ("deleteConversation", {"to": "bob"}),
    ("setSelfInfo", {"nickname": "Al"}),
    ("setSelfInfo", {"nickname": "damn"}),
    ("getUsersInfo", {"userIDs": ["alice", "bob"]}),
    ("addToBlacklist", {"userIDs": ["carol"]}),
    ("addToBlacklist", {"userIDs": ["alice"]}),
    ("getBlacklist", {}),
    ("removeFromBlacklist", {"userIDs": ["carol"]}),
    ("getStatus", {"userIDs": ["alice", "bob", "carol"]}),
    ("getDevices", {}),
    ("dismissGroup", {"groupID": "bobs"}),
    ("dismissGroup", {"groupID": "made"}),
    ("kickDevice", {"clientID": "alice:mac:gone"}),
    ("kickDevice", {"clientID": "bob"}),
]
STORY += [(name, {}) for name, caller in ROWS.items() if caller == "ADMINS"]
# What two brokers cannot have alike: where they are in the ring, what a device has had in a moment, the machine; and which
# device it was that sent another one away.
UNEQUAL_TABLES = {"state", "clock", "subscription"}
UNEQUAL_COLUMNS = {"displaced_by", "displaced_platform"}


def scene(broker):
    """The users of the story, connected. The first of alice's devices is the one that says her own commands."""
    admin = broker.admin()
    broker.create("carol", "dave")
    gone = broker.user("alice", "mac:gone")
    gone.disconnect()
    bob = broker.user("bob").subscribe("chat/user/bob/#")
    own = broker.user("alice", "linux:own").subscribe("chat/user/alice/#")
    phone = broker.user("alice", "ios:1").subscribe("chat/user/alice/#")
    own.group("Public", "mine", ["bob", "carol"])
    own.group("Private", "friends", ["bob"])
    bob.group("Public", "bobs", ["alice"], inviteOpt="DisableInvite")
    bob.group("Public", "open", addOpt="FreeAccess")
    bob.group("Public", "asks")
    bob.group("AVChatRoom", "stage")
    own.subscribe("chat/group/stage")
    broker.user("eve").command("joinGroup", groupID="mine")
    own.send("bob", "m1")
    bob.send("alice", "m2")
    bob.send("chat/group/bobs", "m3")
    own.send("chat/group/bobs", "m4")
    bob.send("chat/group/stage", "m5")
    own.fence()
    return admin, own, [phone, bob]


def even(data):
    """JSON without what two brokers cannot have alike: times."""
    text = json.dumps(data, sort_keys=True)
    return re.sub(r"\b1[0-9]{12}\b", '"now"', text)


def tables(broker):
    """Every row of the database, but for its times."""
    with contextlib.closing(sqlite3.connect(broker.database)) as database:
        names = {row[0] for row in database.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
        out = set()
        for name in names - UNEQUAL_TABLES:
            cursor = database.execute(f"SELECT * FROM {name}")
            columns = [column[0] for column in cursor.description]
            for row in cursor:
                cells = {c: str(v) for c, v in zip(columns, row) if c not in UNEQUAL_COLUMNS}
                out.add(f"{name}: {even(cells)}")
        return out


def tell(broker, by_admin):
    """The story on a scene of its own: the answers, what the others were told, and what is stored in the end."""
    admin, own, others = scene(broker)
    answers = []
    last = {"id": own.synced()[-1]["id"]}
    for command, fields in STORY:
        fields = json.loads(json.dumps(fields).replace('"an id"', str(last["id"])))
        response = admin.request(command, **{"as": "alice"}, **fields) if by_admin else own.request(command, **fields)
        del response["correlationData"]
        answers.append(f"{command} {fields}: {even(response)}")
    others[0].notice("dismissed")
    for user in others:
        user.fence()
    told = [sorted(even(m.data) for m in user.pending(lambda m: "responses" not in m.data)) for user in others]
    assert broker.stop() == 0
    return answers, told, tables(broker)


def test_the_story_has_every_command_of_users_and_of_administrators():
    assert set(ROWS.values()) == CALLERS
    assert {command for command, _ in STORY} == {
        name for name, caller in ROWS.items() if caller in ("EVERYONE", "ADMINS")
    }


@pytest.mark.timeout(120)
def test_every_command_does_and_answers_what_it_does_for_the_user(broker_factory, tmp_path):
    words = tmp_path / "words"
    words.write_text("damn\n")
    own, lent = (tell(broker_factory(words_file=words), by_admin) for by_admin in (False, True))
    assert lent[0] == own[0]
    assert lent[1] == own[1]
    assert sorted(lent[2] - own[2]) == sorted(own[2] - lent[2])


# ---- from no device


def as_alice(admin, command, **fields):
    return admin.request(command, **{"as": "alice"}, **fields)


@pytest.fixture
def pair(broker):
    """alice on two devices, and bob."""
    bob = broker.user("bob").subscribe("chat/user/bob/#")
    devices = [broker.user("alice", name).subscribe("chat/user/alice/#") for name in ("linux:1", "ios:1")]
    return devices, bob


def test_all_devices_of_the_user_hear_what_others_of_hers_would(admin, pair):
    devices, bob = pair
    bob.send("alice", "hello")
    id = devices[0].text("hello").data["id"]
    devices[0].group("Public", "g1", ["bob"])
    for command, fields in [
        ("markRead", {"to": "bob"}),
        ("deleteMessages", {"ids": [id]}),
        ("deleteConversation", {"to": "bob"}),
        ("setGroupAttributes", {"groupID": "g1", "set": {"k": "v"}}),
    ]:
        assert "code" not in as_alice(admin, command, **fields)
    for device in devices:
        assert device.event("unread", to="bob")["unread"] == 0
        assert device.event("deleted", ids=[id])
        assert device.event("deleted", to="bob")
        assert device.event("attributes", group="g1")["set"] == {"k": "v"}
    assert bob.event("read", user="alice")["id"] == id


def test_the_administrator_hears_nothing_but_the_answer(admin, pair):
    admin.subscribe("chat/user/admin/#")
    pair[0][0].group("Public", "g1", ["bob"])
    as_alice(admin, "setGroupInfo", groupID="g1", groupName="Hikers")
    as_alice(admin, "markRead", group="g1")
    assert admin.silent(lambda m: "responses" not in m.data) == []


def test_somebody_who_is_away_stays_away_and_misses_nothing(broker, admin):
    alice = broker.user("alice").subscribe("chat/user/alice/#")
    bob = broker.user("bob").subscribe("chat/user/bob/#")
    bob.command("watchStatus", userIDs=["alice"])
    alice.disconnect()
    bob.event("status", user="alice", status="offline")
    bob.send("alice", "m1")
    as_alice(admin, "createGroup", groupType="Public", groupID="g1", members=[{"userID": "bob"}])
    as_alice(admin, "getUnread")
    found = admin.command("getUser", userID="alice")
    assert (found["status"], [d["clientID"] for d in found["devices"]]) == ("offline", ["alice"])
    assert bob.silent(lambda m: m.get("event") == "status") == []
    alice.connect().subscribe("chat/user/alice/#")
    assert alice.text("m1")
    assert alice.tip("invite")["sender"] == "alice"


def test_somebody_is_in_a_live_group_on_whatever_device(broker, admin, pair):
    devices, bob = pair
    bob.group("AVChatRoom", "stage")
    assert as_alice(admin, "getGroupAttributes", groupID="stage")["code"] == 10007
    devices[1].subscribe("chat/group/stage")
    assert as_alice(admin, "getGroupAttributes", groupID="stage")["data"]["attributes"] == {}


def test_a_live_group_is_neither_joined_nor_left(broker, admin, pair):
    devices, bob = pair
    bob.group("AVChatRoom", "stage")
    refusal(as_alice(admin, "joinGroup", groupID="stage"), 10004, "as", "connection")
    devices[0].subscribe("chat/group/stage")
    refusal(as_alice(admin, "quitGroup", groupID="stage"), 10004, "as", "connection")
    bob.send("chat/group/stage", "m1")
    assert devices[0].text("m1")


@pytest.mark.parametrize("command", OF_CONNECTIONS)
def test_what_is_about_a_connection_is_refused(broker_factory, tmp_path, command):
    broker = broker_factory(media_dir=tmp_path)
    alice, admin = broker.user("alice"), broker.admin()
    before = alice.command("getDevices")["devices"][0]["clientID"]
    refusal(as_alice(admin, command), 10004, "as", command)
    assert alice.connected and admin.connected
    assert [d["clientID"] for d in alice.command("getDevices")["devices"]] == [before]


def test_a_device_that_is_sent_away_is_not_told_by_which(admin, pair):
    devices, _ = pair
    assert "code" not in as_alice(admin, "kickDevice", clientID="alice:ios:1")
    assert devices[1].event("forceOffline") == {"event": "forceOffline", "reason": "kickDevice"}
    devices[1].wait_closed()
    assert devices[0].connected


# ---- with that user's rights


def test_it_gives_no_right_that_the_user_has_not(broker, admin, pair):
    _, bob = pair
    bob.group("Public", "g1")
    assert as_alice(admin, "getHistory", group="g1")["code"] == 10007
    assert as_alice(admin, "dismissGroup", groupID="g1")["code"] == 10007
    assert as_alice(admin, "getStats")["code"] == 60010
    assert as_alice(admin, "createGroup", groupType="Public", owner="bob")["code"] == 60010
    assert admin.code("dismissGroup", groupID="g1") == 0


def test_as_another_administrator_one_has_the_rights_of_an_administrator(broker_factory):
    broker = broker_factory(admins="admin,chief")
    admin = broker.admin()
    broker.create("chief", "alice")
    alice = broker.user("alice").subscribe("chat/user/alice/#")
    assert admin.code("broadcast", text="hello", **{"as": "chief"}) == 0
    assert alice.notice("custom")["notice"]["operator"] == "chief"


def test_an_edit_is_held_to_what_holds_for_the_user(broker, admin, pair):
    (alice, _), bob = pair
    alice.send("bob", "m1")
    edit = {"to": "bob", "seq": 1, "text": "m2"}
    bob.command("addToBlacklist", userIDs=["alice"])
    assert as_alice(admin, "editMessage", **edit)["code"] == 20007
    bob.command("removeFromBlacklist", userIDs=["alice"])
    admin.command("muteUser", userID="alice", c2cSeconds=60)
    assert as_alice(admin, "editMessage", **edit)["code"] == 20012
    admin.command("muteUser", userID="alice", c2cSeconds=0)
    assert "code" not in as_alice(admin, "editMessage", **edit)
    assert [m["text"] for m in bob.synced()] == ["m2"]


@pytest.mark.options(command_rate=1)
def test_the_users_account_does_not_pay(broker, admin):
    alice = broker.user("alice")
    responses = admin.batch([{"command": "getJoinedGroups", "as": "alice"}] * 50)
    assert [r.get("code") for r in responses] == [None] * 50
    assert alice.code("getJoinedGroups") == 0


def test_a_banned_user_can_be_spoken_for(broker, admin):
    broker.create("alice")
    admin.command("banUser", userID="alice", seconds=60)
    assert as_alice(admin, "setSelfInfo", nickname="Al").get("code") is None
    assert admin.command("getUser", userID="alice")["nickname"] == "Al"


# ---- the field itself


@pytest.mark.parametrize("name", ["alice", "admin", "nobody", 5, None, ["alice"], "x" * 100])
def test_it_is_for_administrators_only(broker, name):
    broker.create("admin", "bob")
    response = broker.user("alice").request("setSelfInfo", nickname="Al", **{"as": name})
    refusal(response, 60010)
    assert broker.user("bob").command("getUsersInfo", userIDs=["alice"])["users"][0]["nickname"] == ""


@pytest.mark.parametrize("name", [5, None, True, ["alice"], {"a": 1}, "not a userID", "x" * 33])
def test_what_is_no_userID_is_refused(admin, name):
    refusal(admin.request("getUnread", **{"as": name}), 10004, "as")


def test_who_is_not_there_is_20003(broker, admin):
    broker.create("alice")
    admin.command("deleteUser", userID="alice")
    for name in ("nobody", "alice"):
        assert admin.code("getUnread", **{"as": name}) == 20003


def test_an_empty_one_is_none(broker, admin):
    assert broker.user("alice").code("getUnread", **{"as": ""}) == 0
    assert admin.code("getStats", **{"as": ""}) == 0


def test_each_command_of_a_request_has_its_own(broker, admin):
    broker.create("alice", "bob")
    names = ["alice", "", "bob", "nobody"]
    admin.batch([{"command": "setSelfInfo", "nickname": name or "self", "as": name} for name in names])
    users = admin.command("getUsersInfo", userIDs=["admin", "alice", "bob"])["users"]
    assert [u["nickname"] for u in users] == ["self", "alice", "bob"]


def test_it_is_no_part_of_a_message(broker, admin, pair):
    (alice, _), bob = pair
    alice.send("bob", "m1")
    as_alice(admin, "editMessage", to="bob", seq=1, text="m2", more="x")
    (message,) = bob.synced()
    assert message["more"] == "x" and "as" not in message
