# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""What administrators do about users: importUsers, muteUser, getUser, getStats."""
import time

import pytest

from harness.settings import PATIENCE
from harness.views import stalled_store
from test_push import job, with_token, worker

FAILED, CREATED, EXISTS = 0, 1, 2


@pytest.fixture
def admin(broker):
    return broker.admin()


def refusal(response, code, *words):
    assert response.get("code") == code, response
    assert all(word in response["error"] for word in words), response


COMMANDS = {
    "importUsers": {"userIDs": ["dave"]},
    "muteUser": {"userID": "bob", "c2cSeconds": 60, "groupSeconds": 60},
    "getUser": {"userID": "bob"},
    "getUsers": {},
    "getGroups": {},
    "getStats": {},
    "getBackup": {},
    "startBackup": {"name": "x"},
    "sendMessage": {"sender": "bob", "to": "alice", "text": "forged"},
    "importMessages": {"messages": [{"sender": "bob", "to": "alice", "time": 1600000000000, "text": "forged"}]},
    "broadcast": {"text": "forged"},
    "sendNotice": {"userIDs": ["alice"], "text": "forged"},
    "broadcastLive": {"text": "forged"},
    "getPushJobs": {},
    "retryPushJobs": {"all": True},
    "dropPushJobs": {"all": True},
    "reviewed": {"review": 1, "action": "pass"},
}


@pytest.mark.parametrize("command", COMMANDS)
def test_it_is_for_administrators_only(broker, admin, command):
    broker.create("bob")
    alice = broker.user("alice").subscribe("chat/user/alice/#")
    assert alice.code(command, **COMMANDS[command]) == 60010
    assert alice.code(command) == 60010, "a stranger does not even learn what is missing"
    assert admin.code("getUser", userID="dave") == 20003
    broker.user("bob").send("alice", "not muted")
    assert [m["text"] for m in alice.synced()] == ["not muted"]


# ---- getUsers, getGroups


def pages(admin, command, limit=100, after=0):
    while True:
        data = admin.command(command, after=after, limit=limit)
        yield data[{"getUsers": "users", "getGroups": "groups"}[command]]
        if data["next"] == 0:
            return
        assert data["next"] > after
        after = data["next"]


def all_users(admin, **how):
    return [user["userID"] for page in pages(admin, "getUsers", **how) for user in page]


def all_groups(admin, **how):
    return [group["groupID"] for page in pages(admin, "getGroups", **how) for group in page]


@pytest.mark.parametrize("limit", [1, 2, 3, 500])
@pytest.mark.parametrize("how", ["in memory", "restart", "kill"])
def test_all_users_are_gone_through_in_the_order_in_which_they_came(broker, admin, limit, how):
    names = [f"u{n}" for n in (5, 3, 8, 1, 9)]
    for name in names:
        broker.create(name)
    if how != "in memory":
        broker.restart(kill=how == "kill")
        admin = broker.admin()
    assert all_users(admin, limit=limit) == ["admin", *names]
    broker.create("late")
    assert all_users(admin, limit=limit) == ["admin", *names, "late"]


def test_users_and_groups_of_a_moment_ago_are_there(broker, admin):
    broker.create("bob")
    bob = broker.user("bob")
    bob.group("Public", "old")
    with stalled_store(broker):
        names = [f"u{n}" for n in range(7)]
        imported(admin, *names)
        for n in range(5):
            bob.group("Public", f"g{n}")
        admin.command("deleteUser", userID="u3")
        bob.command("dismissGroup", groupID="g1")
        bob.command("setSelfInfo", nickname="Bob")
        names.remove("u3")
        assert all_users(admin, limit=2) == ["admin", "bob", *names]
        assert all_groups(admin, limit=2) == ["old", "g0", "g2", "g3", "g4"]
        found = [u for page in pages(admin, "getUsers") for u in page if u["userID"] == "bob"]
        assert [u["nickname"] for u in found] == ["Bob"]
    broker.restart(kill=True)
    admin = broker.admin()
    assert all_users(admin, limit=2) == ["admin", "bob", *names]
    assert all_groups(admin, limit=2) == ["old", "g0", "g2", "g3", "g4"]


def test_who_comes_while_users_are_gone_through_comes_at_the_end(broker, admin):
    broker.create("a", "b", "c")
    first = admin.command("getUsers", limit=2)
    admin.command("deleteUser", userID="a")
    broker.create("0")
    assert [u["userID"] for u in first["users"]] == ["admin", "a"]
    assert all_users(admin, after=first["next"]) == ["b", "c", "0"]


def test_deleted_users_and_dismissed_groups_are_left_out(broker, admin):
    broker.create(*[f"u{n}" for n in range(6)])
    owner = broker.user("u0")
    for n in range(6):
        owner.group("Public", f"g{n}")
    for n in range(1, 5):
        admin.command("deleteUser", userID=f"u{n}")
        owner.command("dismissGroup", groupID=f"g{n}")
    assert all_users(admin, limit=2) == ["admin", "u0", "u5"]
    assert all_groups(admin, limit=2) == ["g0", "g5"]
    imported(admin, "u2")
    assert all_users(admin, limit=2) == ["admin", "u0", "u2", "u5"]


def test_what_is_said_of_users_and_groups(broker, admin):
    broker.create("bob", "carol")
    bob = broker.user("bob")
    bob.command("setSelfInfo", nickname="Bob")
    admin.command("banUser", userID="carol", seconds=600)
    topic = bob.group("Public", "g1", ["carol"], groupName="Hikers")
    bob.send(topic, "x")
    bob.group("AVChatRoom", "live")
    broker.user("dave").subscribe("chat/group/live")
    users = {u.pop("userID"): u for page in pages(admin, "getUsers") for u in page}
    assert users["bob"] == {"nickname": "Bob", "createTime": users["bob"]["createTime"], "bannedUntil": 0}
    assert users["carol"]["bannedUntil"] > users["carol"]["createTime"] > 0
    one, live = (group for page in pages(admin, "getGroups") for group in page)
    assert one == {"groupID": "g1", "groupType": "Public", "groupName": "Hikers", "owner": "bob", "memberCount": 2,
                   "lastSeq": 1, "createTime": one["createTime"]}  # fmt: skip
    assert (live["groupID"], live["groupType"], live["memberCount"]) == ("live", "AVChatRoom", 1)


@pytest.mark.parametrize("command", ["getUsers", "getGroups"])
@pytest.mark.parametrize(
    "fields", [{"after": -1}, {"after": "0"}, {"after": 1.5}, {"after": 2**53}, {"limit": 0}, {"limit": 501}]
)
def test_a_wrong_position_is_named(admin, command, fields):
    refusal(admin.request(command, **fields), 10004, *fields)
    assert admin.command(command, after=2**53 - 1)["next"] == 0


# ---- importUsers


def imported(admin, *names):
    return [(u["userID"], u["result"]) for u in admin.command("importUsers", userIDs=list(names))["users"]]


def test_an_imported_user_can_be_written_to_and_logs_in_later(broker, admin):
    alice = broker.user("alice")
    assert alice.refusal("chat/user/bob", "x")["code"] == 20003
    assert imported(admin, "bob") == [("bob", CREATED)]
    alice.send("bob", "hello")
    broker.user("bob").subscribe("chat/user/bob/#").text("hello")


def test_who_exists_already_is_told_apart(broker, admin):
    broker.create("alice")
    assert imported(admin, "alice", "bob", "bob") == [("alice", EXISTS), ("bob", CREATED), ("bob", EXISTS)]
    assert imported(admin, "bob") == [("bob", EXISTS)]


def test_what_is_no_userID_fails_and_the_others_do_not(broker, admin):
    names = ["", "a b", "a" * 33, "@system", "ok", "a/b", "ä"]
    assert imported(admin, *names) == [(n, CREATED if n == "ok" else FAILED) for n in names]


def test_at_most_100_are_imported_at_once(broker, admin):
    names = [f"u{n}" for n in range(101)]
    refusal(admin.request("importUsers", userIDs=names), 10005, "userIDs", "100")
    assert admin.code("getUser", userID="u0") == 20003
    assert imported(admin, *names[:100]) == [(name, CREATED) for name in names[:100]]


@pytest.mark.parametrize("ids", [None, [], "bob", ["ok", 1], {}])
def test_what_is_no_list_of_texts_is_refused(broker, admin, ids):
    fields = {} if ids is None else {"userIDs": ids}
    refusal(admin.request("importUsers", **fields), 10004, "userIDs")
    assert admin.code("getUser", userID="ok") == 20003


def test_imported_users_survive_a_crash(broker, admin):
    imported(admin, "bob", "carol")
    broker.restart(kill=True)
    admin.connect()
    assert imported(admin, "bob", "carol", "dave") == [("bob", EXISTS), ("carol", EXISTS), ("dave", CREATED)]


# ---- muteUser


@pytest.fixture
def talk(broker, admin):
    """bob, who can write to alice, to the group g1 and to the live group."""
    broker.create("alice")
    bob = broker.user("bob")
    bob.group("Public", "g1", ["alice"])
    bob.group("AVChatRoom", "live")
    return bob


def mute(admin, **fields):
    admin.command("muteUser", userID="bob", **fields)


def outcome(user):
    """Codes of a message to alice, to the group, to the live group; 0 for an accepted one."""
    found = []
    for topic in ("chat/user/alice", "chat/group/g1", "chat/group/live"):
        accepted = user.publish(topic, "x") in (0, 0x10)
        found.append(0 if accepted else user.event("rejected", topic=topic)["code"])
    return found


@pytest.mark.parametrize(
    "seconds, expected",
    [
        ({"c2cSeconds": 60, "groupSeconds": 60}, [20012, 10017, 10017]),
        ({"c2cSeconds": 60, "groupSeconds": 0}, [20012, 0, 0]),
        ({"c2cSeconds": 0, "groupSeconds": 60}, [0, 10017, 10017]),
        ({"c2cSeconds": 4294967295, "groupSeconds": 0}, [20012, 0, 0]),
    ],
)
def test_who_is_muted_cannot_send(admin, talk, seconds, expected):
    mute(admin, **seconds)
    assert outcome(talk) == expected


def test_what_is_not_named_stays_as_it_was(admin, talk):
    mute(admin, c2cSeconds=60)
    mute(admin, groupSeconds=60)
    assert outcome(talk) == [20012, 10017, 10017]
    mute(admin, c2cSeconds=0)
    assert outcome(talk) == [0, 10017, 10017]


def test_0_seconds_end_it(admin, talk):
    mute(admin, c2cSeconds=60, groupSeconds=60)
    mute(admin, c2cSeconds=0, groupSeconds=0)
    assert outcome(talk) == [0, 0, 0]


def test_it_ends_by_itself(admin, talk):
    mute(admin, c2cSeconds=1, groupSeconds=1)
    assert outcome(talk) == [20012, 10017, 10017]
    deadline = time.monotonic() + PATIENCE
    while outcome(talk) != [0, 0, 0]:
        assert time.monotonic() < deadline


@pytest.mark.parametrize("kill", [True, False])
def test_it_survives_a_restart(broker, admin, talk, kill):
    mute(admin, c2cSeconds=600, groupSeconds=600)
    broker.restart(kill=kill)
    talk.connect()
    assert outcome(talk)[:2] == [20012, 10017]


def test_who_is_away_is_muted_when_he_comes(broker, admin, talk):
    talk.disconnect()
    mute(admin, c2cSeconds=60, groupSeconds=60)
    assert outcome(talk.connect()) == [20012, 10017, 10017]


def test_onlineOnly_messages_are_no_way_around_it(admin, talk):
    mute(admin, c2cSeconds=60, groupSeconds=60)
    typing = {"text": "typing", "onlineOnly": True}
    assert talk.refusal("chat/user/alice", typing)["code"] == 20012
    assert talk.refusal("chat/group/g1", typing)["code"] == 10017


def test_a_muted_user_still_receives(broker, admin, talk):
    mute(admin, c2cSeconds=60, groupSeconds=60)
    talk.subscribe("chat/user/bob/#")
    broker.user("alice").send("bob", "hello")
    talk.text("hello")


def test_an_administrator_is_never_muted(broker, admin):
    broker.create("bob")
    admin.command("muteUser", userID="admin", c2cSeconds=60, groupSeconds=60)
    admin.send("bob", "hello")
    admin.send(admin.group("Public", "g1", ["bob"]), "hello")


def test_a_mute_of_the_user_and_one_of_the_member_end_apart(broker, admin, talk):
    carol = broker.user("carol")
    topic = carol.group("Public", "g3", ["bob"])
    carol.command("muteGroupMember", groupID="g3", userID="bob", seconds=60)
    mute(admin, groupSeconds=60)
    carol.command("muteGroupMember", groupID="g3", userID="bob", seconds=0)
    assert talk.refusal(topic, "x")["code"] == 10017
    mute(admin, groupSeconds=0)
    talk.send(topic, "y")


@pytest.mark.parametrize(
    "fields, code, word",
    [
        ({}, 10004, "c2cSeconds"),
        ({"c2cSeconds": -1}, 10004, "c2cSeconds"),
        ({"c2cSeconds": 0.5}, 10004, "c2cSeconds"),
        ({"groupSeconds": "60"}, 10004, "groupSeconds"),
        ({"groupSeconds": 4294967296}, 10004, "groupSeconds"),
        ({"c2cSeconds": 1, "userID": "nobody"}, 20003, ""),
        ({"c2cSeconds": 1, "userID": "a b"}, 10004, "userID"),
        ({"c2cSeconds": 1, "userID": None}, 10004, "userID"),
    ],
)
def test_a_wrong_muteUser_changes_nothing(admin, talk, fields, code, word):
    refusal(admin.request("muteUser", **{"userID": "bob", **fields}), code, word)
    assert outcome(talk) == [0, 0, 0]


# ---- getUser


def test_getUser_tells_until_when_a_user_is_muted(admin, talk):
    admin.command("muteUser", userID="bob", c2cSeconds=60)
    found = admin.command("getUser", userID="bob")
    assert found["c2cMutedUntil"] > found["createTime"] and found["groupMutedUntil"] == 0


def test_a_user_as_administrators_see_him(broker, admin):
    before = time.time() * 1000
    bob = broker.user("bob", "ios:1")
    broker.user("bob", "web:1").disconnect()
    bob.group("Public", "g1", groupName="Friends")
    bob.group("AVChatRoom", "live")
    broker.user("alice").group("Public", "g2")
    found = admin.command("getUser", userID="bob")
    assert {"userID", "status", "createTime", "devices", "groups"} <= found.keys()
    assert (found["userID"], found["status"]) == ("bob", "online")
    assert before - 1000 <= found["createTime"] <= time.time() * 1000 + 1000
    assert [(g["groupID"], g["groupName"], g["groupType"], g["role"]) for g in found["groups"]] == [
        ("g1", "Friends", "Public", "owner"),
        ("live", "live", "AVChatRoom", "owner"),
    ]


def devices(admin, name):
    found = admin.command("getUser", userID=name)["devices"]
    assert all(set(device) == {"clientID", "platform", "online", "lastUsed"} for device in found)
    assert all(abs(device["lastUsed"] - time.time() * 1000) < 60_000 for device in found)
    return [(device["clientID"], device["platform"], device["online"]) for device in found]


def test_devices_are_told_with_those_that_are_away(broker, admin):
    broker.user("bob", "android:2").disconnect()
    broker.user("bob", "ios:1")
    deadline = time.monotonic() + PATIENCE
    while len(found := devices(admin, "bob")) < 2 and time.monotonic() < deadline:
        pass  # a device that has just come and gone is known a commit later
    assert found == [("bob:ios:1", "ios", True), ("bob:android:2", "android", False)]


def test_a_device_that_was_taken_over_is_one_device(broker, admin):
    broker.user("bob", "ios:1")
    broker.user("bob", "ios:1")
    assert devices(admin, "bob") == [("bob:ios:1", "ios", True)]


@pytest.mark.parametrize("background, expected", [(True, "background"), (False, "online")])
def test_the_status_is_that_of_watchStatus(broker, admin, background, expected):
    broker.user("bob", "ios:1").command("setBackground", background=background)
    assert admin.command("getUser", userID="bob")["status"] == expected


def test_an_imported_user_has_no_devices_and_is_offline(broker, admin):
    imported(admin, "bob")
    found = admin.command("getUser", userID="bob")
    assert (found["status"], found["devices"], found["groups"]) == ("offline", [], [])


def test_a_wrong_getUser_is_refused(admin):
    refusal(admin.request("getUser"), 10004, "userID")
    refusal(admin.request("getUser", userID="a b"), 10004, "userID")
    refusal(admin.request("getUser", userID="nobody"), 20003)


# ---- getStats


def test_the_counters_of_the_server_are_told(broker, admin):
    bob = broker.user("bob").subscribe("chat/user/bob/#")
    alice, tablet = broker.user("alice"), broker.user("alice", "ipad:1")
    alice.send("bob", "one")
    bob.text("one")
    alice.refusal("chat/user/nobody", "x")
    found = admin.command("getStats")
    counters = {name: value for name, value in found.items() if name != "dead"}
    assert all(isinstance(value, (int, float)) and value >= 0 for value in counters.values())
    assert (counters["connections"], counters["usersOnline"]) == (4, 3)
    assert (counters["messagesStored"], counters["messagesRejected"], counters["ringBad"]) == (1, 1, 0)
    assert counters["stalled"] == 0
    assert tablet.connected and found["dead"] == []


def test_dead_push_jobs_are_told(broker, admin):
    with_token(broker, "bob")
    alice = broker.user("alice")
    user = worker(broker)
    alice.send("bob", "hello")
    for attempt in range(1, 9):
        found = job(user, attempt=attempt)
        user.command("pushFailed", job=found["job"], retryAfterSeconds=0, error=f"broken \"{attempt}\"")
    deadline = time.monotonic() + PATIENCE
    while not (dead := admin.command("getStats")["dead"]):
        assert time.monotonic() < deadline, "the job did not die"
    assert dead == [{"job": found["job"], "userID": "bob", "provider": "apns", "error": 'broken "8"'}]
