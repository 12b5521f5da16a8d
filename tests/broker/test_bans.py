# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""Bans: banGroupMember and getGroupBans, banUser."""
import contextlib
import sqlite3

import pytest

from harness.groups import staffed_group

FOR_EVER = 4294967295


def ban(user, whom, seconds=600, **fields):
    return user.command("banGroupMember", groupID="g1", userID=whom, seconds=seconds, **fields)


def banned(user, **fields):
    return user.command("getGroupBans", groupID="g1", **fields)


def members(user):
    return {m["userID"] for m in user.command("getGroupMembers", groupID="g1")["members"]}


# ---- of a stored group


@pytest.fixture
def owner(broker):
    return staffed_group(broker, addOpt="FreeAccess", inviteOpt="FreeAccess")


def test_who_is_banned_is_removed_like_one_who_is_kicked(broker, owner):
    bob, carol = (broker.user(name) for name in ("bob", "carol"))
    for user in (bob, carol):
        user.subscribe(user.feed)
    ban(owner, "bob", reason="spam")
    notice = bob.notice("kicked")["notice"]
    assert (notice["group"], notice["operator"], notice["reason"]) == ("g1", "owner", "spam")
    tips = carol.tip("kick")["tips"]
    assert (tips["operator"], tips["members"], tips["reason"]) == ("owner", ["bob"], "spam")
    assert "bob" not in members(owner)
    owner.send("chat/group/g1", "without bob")
    carol.text("without bob")
    assert bob.silent() == []


def test_who_is_banned_comes_in_by_no_door(broker, owner):
    bob = broker.user("bob")
    ban(owner, "bob")
    assert bob.code("joinGroup", groupID="g1") == 10007
    invited = owner.command("inviteGroupMember", groupID="g1", members=["bob", "dave"])["members"]
    assert [m["result"] for m in invited] == [0, 1]
    assert bob.try_subscribe("chat/group/g1") == 0x87
    assert members(owner) == {"owner", "chief", "deputy", "carol", "dave"}


def test_an_application_of_who_is_banned_cannot_be_accepted(broker):
    owner, dave = staffed_group(broker), broker.user("dave")
    dave.command("joinGroup", groupID="g1")
    ban(owner, "dave")
    assert owner.code("handleGroupApplication", groupID="g1", userID="dave", accept=True) == 10007
    ban(owner, "dave", seconds=0)
    assert owner.code("handleGroupApplication", groupID="g1", userID="dave", accept=True) == 0


def test_who_never_was_a_member_can_be_banned_and_is_told_nothing(broker, owner):
    dave = broker.user("dave")
    dave.subscribe(dave.feed)
    ban(owner, "dave")
    assert dave.code("joinGroup", groupID="g1") == 10007
    assert dave.silent(lambda m: m.get("notice")) == []


def test_a_ban_ends_when_it_is_lifted(broker, owner):
    bob = broker.user("bob")
    ban(owner, "bob", seconds=FOR_EVER)
    ban(owner, "bob", seconds=0)
    assert banned(owner)["bans"] == []
    assert bob.command("joinGroup", groupID="g1") == {"status": "joined"}


def test_a_ban_ends_by_itself(broker_factory):
    broker = broker_factory(faults=True)
    staffed_group(broker, addOpt="FreeAccess")
    owner, bob = broker.user("owner", "web:1", keepalive=0), broker.user("bob", keepalive=0)
    ban(owner, "bob", seconds=600)
    broker.faults.set_clock(wall=599, steady=599)
    assert bob.code("joinGroup", groupID="g1") == 10007
    broker.faults.set_clock(wall=601, steady=601)
    assert banned(owner)["bans"] == []
    assert bob.code("joinGroup", groupID="g1") == 0


def test_a_page_of_bans_ends_at_256_KiB(broker, owner):
    """Each letter of these reasons takes six in an answer."""
    names, admin = [f"user{n:03}" for n in range(300)], broker.admin()
    for at in range(0, 300, 100):
        admin.command("importUsers", userIDs=names[at : at + 100])
    for at in range(0, 300, 50):
        admin.batch(
            [
                {"command": "banGroupMember", "groupID": "g1", "userID": name, "seconds": 60, "reason": "\x01" * 256}
                for name in names[at : at + 50]
            ]
        )
    found, offset, pages = [], 0, 0
    while offset is not None:
        page = banned(owner, limit=500, offset=offset)
        found += [b["userID"] for b in page["bans"]]
        offset, pages = page.get("next"), pages + 1
    assert found == names and pages == 2


def test_bans_are_listed_by_userid_in_pages(broker, owner):
    names = sorted(f"u{n}" for n in range(7))
    broker.create(*names)
    for name in reversed(names):
        ban(owner, name, reason=f"of {name}")
    first, second = banned(owner, limit=4), banned(owner, offset=4, limit=4)
    assert [b["userID"] for b in first["bans"]] == names[:4] and first["next"] == 4
    assert [b["userID"] for b in second["bans"]] == names[4:] and "next" not in second
    assert (first["bans"][0]["operator"], first["bans"][0]["reason"]) == ("owner", "of u0")
    assert banned(owner, offset=7) == {"bans": []}


def test_the_later_ban_of_a_user_counts(broker, owner):
    ban(owner, "bob", seconds=600)
    ban(owner.broker.user("chief"), "bob", seconds=60, reason="again")
    (only,) = banned(owner)["bans"]
    assert (only["operator"], only["reason"]) == ("chief", "again")


@pytest.mark.parametrize("kill", [False, True])
def test_bans_are_there_after_a_restart(broker, owner, kill):
    ban(owner, "bob", seconds=FOR_EVER)
    broker.restart(kill=kill)
    assert [b["userID"] for b in banned(broker.user("owner"))["bans"]] == ["bob"]
    assert broker.user("bob").code("joinGroup", groupID="g1") == 10007


def test_an_administrator_of_the_server_is_neither_banned_nor_kept_out(broker, owner):
    admin = broker.admin()
    assert owner.code("banGroupMember", groupID="g1", userID="admin", seconds=60) == 10007
    assert admin.code("banGroupMember", groupID="g1", userID="chief", seconds=60) == 0
    assert admin.code("joinGroup", groupID="g1") == 0


# ---- of a live group


@pytest.fixture
def live(broker):
    owner = broker.user("owner")
    owner.group("AVChatRoom", "g1")
    return owner


def test_a_ban_ends_delivery_on_all_devices_of_a_listener(broker, live):
    devices = [broker.user("bob", device).subscribe("chat/group/g1") for device in ("ios:1", "web:1")]
    carol = broker.user("carol").subscribe("chat/group/g1")
    ban(live, "bob")
    for device in devices:
        assert device.event("info", group="g1")["bannedUntil"] > 0
    tips = carol.tip("kick")["tips"]
    assert (tips["operator"], tips["members"]) == ("owner", ["bob"])
    live.send("chat/group/g1", "without bob")
    carol.text("without bob")
    for device in devices:
        assert device.silent() == []
        assert device.refusal("chat/group/g1", "x")["code"] == 10007
        assert device.try_subscribe("chat/group/g1") == 0x87
        assert device.code("joinGroup", groupID="g1") == 10007


def test_who_is_let_in_again_is_told_and_may_subscribe(broker, live):
    bob = broker.user("bob").subscribe("chat/group/g1")
    ban(live, "bob")
    assert bob.event("info")["bannedUntil"] > 0
    ban(live, "bob", seconds=0)
    assert bob.event("info") == {"event": "info", "group": "g1", "bannedUntil": 0}
    bob.subscribe("chat/group/g1")
    live.send("chat/group/g1", "welcome")
    bob.text("welcome")


# ---- what is wrong


@pytest.mark.parametrize(
    "command,fields,code",
    [
        ("banGroupMember", {"userID": None}, 10004),
        ("banGroupMember", {"userID": "nobody"}, 20003),
        ("banGroupMember", {"userID": "a b"}, 10004),
        ("banGroupMember", {"seconds": None}, 10004),
        ("banGroupMember", {"seconds": -1}, 10004),
        ("banGroupMember", {"seconds": FOR_EVER + 1}, 10004),
        ("banGroupMember", {"seconds": "60"}, 10004),
        ("banGroupMember", {"reason": "x" * 257}, 10004),
        ("banGroupMember", {"groupID": "none"}, 10010),
        ("getGroupBans", {"offset": -1}, 10004),
        ("getGroupBans", {"limit": 501}, 10004),
        ("getGroupBans", {"groupID": "none"}, 10010),
    ],
)
def test_a_wrong_field_changes_nothing(broker, owner, command, fields, code):
    usual = {"groupID": "g1", "userID": "bob", "seconds": 60} if command == "banGroupMember" else {"groupID": "g1"}
    given = {name: value for name, value in {**usual, **fields}.items() if value is not None}
    response = owner.request(command, **given)
    assert response["code"] == code
    assert code != 10004 or next(iter(fields)) in response["error"]
    assert banned(owner)["bans"] == [] and "bob" in members(owner)


@pytest.mark.parametrize("until, code", [(2**60, 10004), (1, 0)], ids=["bans that last", "bans that are over"])
def test_two_thousand_may_be_banned_from_a_group_and_bans_that_are_over_make_room(broker, owner, until, code):
    owner.close()
    broker.stop()
    rows = [(f"banned{number}", until) for number in range(2000)]
    with contextlib.closing(sqlite3.connect(broker.database)) as database, database:
        database.executemany("INSERT INTO group_ban SELECT conversation, ?, ?, 'owner', '' FROM chat_group", rows)
    broker.start()
    owner = broker.user("owner")
    assert owner.code("banGroupMember", groupID="g1", userID="bob", seconds=600) == code
    broker.stop()
    with contextlib.closing(sqlite3.connect(broker.database)) as database:
        left = {user for user, in database.execute("SELECT user FROM group_ban")}
    assert left == ({"bob"} if code == 0 else {user for user, _ in rows})


# ---- banUser


@pytest.fixture
def admin(broker):
    broker.create("bob")
    return broker.admin()


def test_a_banned_user_is_sent_away_and_does_not_get_in(broker, admin):
    devices = [broker.user("bob", device) for device in ("ios:1", "web:1")]
    admin.command("banUser", userID="bob", seconds=600)
    for device in devices:
        assert device.event("forceOffline")["reason"] == "banned"
        device.wait_closed()
    broker.unconnected("bob").connect(code=broker.refused(5, why=0x8A))
    assert broker.await_log("70051")


def test_what_is_written_to_a_banned_user_waits(broker, admin):
    bob = broker.user("bob").subscribe("chat/user/bob")
    bob.disconnect()
    admin.command("banUser", userID="bob", seconds=FOR_EVER)
    broker.user("alice").send("bob", "later")
    admin.command("banUser", userID="bob", seconds=0)
    bob = broker.user("bob").subscribe("chat/user/bob")
    bob.text("later")


@pytest.mark.parametrize("kill", [False, True])
def test_a_banned_user_is_banned_after_a_restart(broker, admin, kill):
    admin.command("banUser", userID="bob", seconds=600)
    assert admin.command("getUser", userID="bob")["bannedUntil"] > 0
    broker.restart(kill=kill)
    broker.unconnected("bob").connect(code=broker.refused(5, why=0x8A))


def test_a_ban_of_a_user_ends_by_itself(broker_factory):
    broker = broker_factory(faults=True)
    broker.create("bob")
    broker.admin().command("banUser", userID="bob", seconds=60)
    broker.faults.set_clock(wall=61, steady=61)
    broker.user("bob")


def test_a_ban_takes_the_push_token(broker, admin):
    bob = broker.user("bob", "ios:1")
    bob.command("setPushToken", provider="fcm", token="t")
    bob.disconnect()
    admin.command("banUser", userID="bob", seconds=60)
    worker = admin.subscribe("chat/push")
    broker.user("alice").send("bob", "no push")
    assert worker.silent(lambda m: m.topic == "chat/push") == []


@pytest.mark.parametrize(
    "fields,code",
    [
        ({"userID": "nobody"}, 20003),
        ({"userID": "admin"}, 10007),
        ({"seconds": -1}, 10004),
        ({"seconds": FOR_EVER + 1}, 10004),
        ({"reason": 5}, 10004),
    ],
)
def test_banUser_refuses_what_is_wrong(admin, fields, code):
    assert admin.code("banUser", **{"userID": "bob", "seconds": 60, **fields}) == code
    assert admin.command("getUser", userID="bob")["bannedUntil"] == 0


def test_only_administrators_ban_users(broker, admin):
    assert broker.user("alice").code("banUser", userID="bob", seconds=60) == 60010
