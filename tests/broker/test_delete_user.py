# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""deleteUser: a user ends, and his memberships with him; what he has written stays."""
import contextlib
import sqlite3
import time

import pytest

from harness import packets
from harness.settings import PATIENCE
from harness.user import CONTROL
from test_devices import devices
from test_kicking import answers, ask, commander, newer, refused
from test_login_policy import forced, is_forced, stays
from test_push import is_job, job, with_token, worker

STORED = ("Private", "Public", "ChatRoom")


@pytest.fixture
def alice(broker):
    broker.create("bob", "carol")
    return broker.user("alice").subscribe("chat/user/alice/#")


def delete(broker, name="bob"):
    assert broker.admin(f"iot:{name}").command("deleteUser", userID=name) == {}


def again(broker, device="ios:1", name="bob", **how):
    """bob, as the new user that a newer userSig makes."""
    return broker.user(name, device, sig=newer(broker, name), **how)


def again_after_a_while(broker, name="bob"):
    """The same, where so many memberships take a moment to end."""
    deadline = time.monotonic() + PATIENCE
    while broker.raw().connect(f"{name}:iot:1", name, newer(broker, name)).code != 0:
        assert time.monotonic() < deadline, f"{name} cannot log in again"
        time.sleep(0.05)
    return again(broker, name=name)


def members(user, group):
    return {m["userID"]: m["role"] for m in user.command("getGroupMembers", groupID=group)["members"]}


def groups(user):
    return {g["groupID"] for g in user.command("getJoinedGroups")["groups"]}


# ---- at once


def test_every_device_is_told_and_closed(broker, alice):
    found = [broker.user("bob", device) for device in ("ios:1", "web:1", "iot:1", None)]
    delete(broker)
    for device in found:
        assert forced(device) == {"event": "forceOffline", "reason": "deleted"}
    stays(alice)


@pytest.mark.parametrize("kill", [None, False, True])
def test_he_is_unknown_from_then_on(broker, alice, kill):
    old = broker.sig("bob")
    delete(broker)
    if kill is not None:
        broker.restart(kill=kill)
        alice.connect()
    assert alice.refusal("chat/user/bob", "hello")["code"] == 20003
    assert refused(broker, "bob", "bob:ios:1", old) == 5
    assert broker.admin().code("deleteUser", userID="bob") == 20003
    assert broker.admin("iot:2").code("kickUser", userID="bob") == 20003


def test_nobody_can_invite_him(broker, alice):
    alice.group("Private", "g1")
    delete(broker)
    answer = alice.command("inviteGroupMember", groupID="g1", members=["bob"])
    assert answer["members"] == [{"userID": "bob", "result": 0}]


def test_what_he_has_written_stays(broker, alice):
    topic = alice.group("Private", "g1", ["bob"])
    bob = broker.user("bob")
    bob.send("alice", "one")
    bob.send(topic, "two")
    delete(broker)
    assert [m["text"] for m in alice.synced()] == ["one", "two"]
    assert alice.command("getUnread")["totalUnread"] == 2


def test_what_a_device_of_his_still_sends_is_refused(broker, alice):
    """Between the event and the close there is a moment."""
    alice.group("Public", "g1", addOpt="FreeAccess")
    admin, bob, second = (commander(broker, name) for name in ("admin", "bob", "bob"))
    ask(admin, {"command": "deleteUser", "userID": "bob"})
    assert answers(admin) == [0]
    bob.send(packets.publish(5, "chat/user/alice", "too late", qos=1, mid=77))
    ask(second, {"command": "joinGroup", "groupID": "g1"})
    assert bob.expect(packets.PUBACK).code == 0x87
    assert answers(second) == [10007]
    assert members(alice, "g1") == {"alice": "owner"}
    assert alice.synced() == []


def test_it_is_refused_even_when_he_was_imported_anew_meanwhile(broker, alice):
    admin, bob = commander(broker, "admin"), commander(broker, "bob")
    ask(admin, {"command": "deleteUser", "userID": "bob"}, {"command": "importUsers", "userIDs": ["bob"]})
    assert answers(admin) == [0, 0]
    bob.send(packets.publish(5, "chat/user/alice", "too late", qos=1, mid=77))
    ask(bob, {"command": "setSelfInfo", "nickname": "still here"})
    assert bob.expect(packets.PUBACK).code == 0x87
    assert answers(bob) == [10007]
    assert alice.synced() == []


@pytest.mark.parametrize("connected", [True, False])
def test_push_tokens_and_jobs_are_gone(broker, connected):
    phone = with_token(broker, "bob")
    with_token(broker, "carol")
    alice = broker.user("alice")
    topic = alice.group("Private", "g1", ["bob", "carol"])
    alice.send("bob", "before")
    if connected:
        phone.connect()
    delete(broker)
    alice.send(topic, "to the group")
    user = worker(broker)
    job(user, userID="carol", body="to the group")
    alice.send("carol", "sentinel")
    job(user, userID="carol", body="sentinel")
    assert [message.data for message in user.pending(is_job) if message.get("userID") == "bob"] == []


# ---- memberships


@pytest.mark.parametrize("kind", STORED)
@pytest.mark.parametrize("restart", [False, True])
def test_he_leaves_the_groups_he_is_in(broker, alice, kind, restart):
    alice.group(kind, "g1", ["bob", "carol"])
    delete(broker)
    if restart:
        broker.restart(kill=True)
        alice.connect()
    assert members(alice, "g1") == {"alice": "owner", "carol": "member"}
    assert alice.command("getGroupInfo", groupID="g1")["memberCount"] == 2


@pytest.mark.parametrize("kind", ["Private", "Public"])
def test_the_others_are_told_as_of_a_quit(broker, alice, kind):
    alice.group(kind, "g1", ["bob"])
    delete(broker)
    tip = alice.tip("quit")
    assert (tip["sender"], tip["tips"]["operator"], tip["tips"]["members"]) == ("bob", "bob", ["bob"])


def test_a_private_group_of_his_goes_on_without_an_owner(broker, alice):
    broker.user("bob").group("Private", "g1", ["alice", "carol"])
    delete(broker)
    assert members(alice, "g1") == {"alice": "member", "carol": "member"}
    assert alice.command("getGroupInfo", groupID="g1")["owner"] == ""


@pytest.mark.parametrize("kind", ["Public", "ChatRoom"])
@pytest.mark.parametrize("restart", [False, True])
def test_a_group_of_his_goes_to_the_admin_who_has_been_there_longest(broker, alice, kind, restart):
    broker.create("dave")
    bob = broker.user("bob")
    bob.group(kind, "g1", ["alice"])
    for name in ("carol", "dave"):
        broker.admin(f"iot:{name}").command("inviteGroupMember", groupID="g1", members=[name])
        bob.command("setGroupMemberRole", groupID="g1", userID=name, role="admin")
    if restart:
        broker.restart()
        alice.connect()
    delete(broker)
    assert members(alice, "g1") == {"alice": "member", "carol": "owner", "dave": "admin"}
    assert alice.command("getGroupInfo", groupID="g1")["owner"] == "carol"


@pytest.mark.parametrize("restart", [False, True])
def test_without_admins_it_goes_to_the_member_who_has_been_there_longest(broker, alice, restart):
    broker.user("bob").group("Public", "g1", ["carol"])
    time.sleep(0.002)  # the clock goes on: who came in the same millisecond is told apart by name
    broker.admin().command("inviteGroupMember", groupID="g1", members=["alice"])
    if restart:
        broker.restart()
        alice.connect()
    delete(broker)
    assert members(alice, "g1") == {"alice": "member", "carol": "owner"}


def test_the_heir_and_the_group_are_told(broker, alice):
    broker.user("bob").group("Public", "g1", ["alice"])
    delete(broker)
    assert alice.notice("ownerGranted")["notice"] == {
        "type": "ownerGranted",
        "group": "g1",
        "operator": "bob",
    }
    assert alice.tip("transfer")["tips"]["members"] == ["alice"]
    alice.tip("quit")
    alice.command("setGroupInfo", groupID="g1", introduction="mine now")


def test_somebody_of_whom_the_store_has_not_heard_inherits(broker, alice):
    broker.user("bob").group("Public", "g1", addOpt="FreeAccess")
    broker.restart()
    admin = broker.admin()
    with broker.uncommitted():
        admin.command("inviteGroupMember", groupID="g1", members=["carol"])
        delete(broker)
        assert members(admin, "g1") == {"carol": "owner"}


def test_somebody_of_whose_leaving_the_store_has_not_heard_does_not(broker, alice):
    broker.user("bob").group("Public", "g1", ["carol", "alice"])
    broker.restart()
    alice.connect()
    with broker.uncommitted():
        broker.user("carol").command("quitGroup", groupID="g1")
        delete(broker)
        assert members(alice, "g1") == {"alice": "owner"}


def test_an_heir_who_is_deleted_next_hands_it_on(broker, alice):
    broker.user("bob").group("Public", "g1", ["carol", "alice"])
    admin = broker.admin()
    commands = [{"command": "deleteUser", "userID": name} for name in ("carol", "bob")]
    admin.start_publish(CONTROL, {"commands": commands})
    admin.wait(lambda m: m.get("responses"))
    assert members(alice, "g1") == {"alice": "owner"}


@pytest.mark.parametrize("kind", STORED)
def test_a_group_with_nobody_else_in_it_ends(broker, alice, kind):
    broker.user("bob").group(kind, "g1")
    delete(broker)
    assert broker.admin().code("getGroupInfo", groupID="g1") == 10010


def test_a_live_group_of_his_is_dismissed_and_its_audience_is_told(broker, alice):
    topic = broker.user("bob").group("AVChatRoom", "live")
    alice.subscribe(topic)
    delete(broker)
    assert alice.tip("dismiss")["tips"]["operator"] == "bob"
    assert alice.code("getGroupInfo", groupID="live") == 10010


def test_he_leaves_a_live_group_he_listens_to(broker, alice):
    topic = alice.group("AVChatRoom", "live")
    alice.subscribe(topic)
    broker.user("bob").subscribe(topic)
    alice.wait(lambda m: "bob" in (m.get("tips") or {}).get("members", []))
    delete(broker)
    assert alice.tip("quit")["tips"]["members"] == ["bob"]
    assert members(alice, "live") == {"alice": "owner"}


def test_his_application_cannot_be_accepted_any_more(broker, alice):
    alice.group("Public", "g1")
    broker.user("bob").command("joinGroup", groupID="g1")
    delete(broker)
    again(broker).fence()
    assert alice.command("getGroupApplications")["applications"] == []
    assert alice.code("handleGroupApplication", groupID="g1", userID="bob", accept=True) == 10024


def create_groups(user, count, member, prefix="g"):
    for first in range(0, count, 50):
        creation = {"command": "createGroup", "groupType": "Public", "members": [{"userID": member}]}
        commands = [dict(creation, groupID=f"{prefix}{n}") for n in range(first, min(count, first + 50))]
        user.start_publish(CONTROL, {"commands": commands})
        answer = user.wait(lambda m: m.get("responses"), timeout=3 * PATIENCE).data["responses"]
        assert not [r for r in answer if "code" in r or r["data"]["members"][0]["result"] != 1]


def kill_while_deleting(broker, name, wanted):
    """Deletes this owner of so many groups and kills the broker. Was it in time, before the last one had ended?"""
    broker.create(name)
    create_groups(broker.user(name), wanted, "alice", name)
    delete(broker, name)
    broker.kill()
    left = query(broker, f"SELECT 1 FROM user WHERE user = '{name}' AND deleted < 2")
    broker.start()
    return bool(left)


def test_a_restart_in_between_goes_on_with_what_is_left(broker_factory):
    names, wanted = ["bob", "bert", "bill"], 300
    admins = ",".join(["admin", *names])  # who may make more than 100 groups a day
    broker = broker_factory(ring_bytes=64 << 20, admins=admins)
    broker.create("alice")
    name = next((name for name in names if kill_while_deleting(broker, name, wanted)), None)
    assert name, "always too late to interrupt it"
    alice = broker.user("alice")
    assert alice.refusal(f"chat/user/{name}", "hello")["code"] == 20003
    assert groups(again_after_a_while(broker, name)) == set()
    found = [g["role"] for g in alice.command("getJoinedGroups")["groups"] if g["groupID"].startswith(name)]
    assert found == ["owner"] * wanted
    assert set(members(alice, f"{name}0")) == {"alice"}


def test_until_the_last_membership_has_ended_he_cannot_come_again(broker_factory):
    broker = broker_factory(ring_bytes=64 << 20)
    broker.create("bob", "alice")
    create_groups(broker.admin("web:groups"), 300, "bob")
    delete(broker)
    assert broker.raw().connect("bob", "bob", newer(broker, "bob")).code == 5
    broker.await_log(r"bob.* 10002 ")
    assert groups(again_after_a_while(broker)) == set()


def test_a_user_in_a_thousand_groups_holds_nobody_up(broker_factory):
    broker = broker_factory(ring_bytes=64 << 20)
    broker.create("alice", "bob")
    create_groups(broker.admin("web:groups"), 1000, "bob")
    sender = broker.user("sender")
    delete(broker)
    longest = 0
    while query(broker, "SELECT conversation FROM member WHERE user = 'bob' AND role > 0"):
        before = time.monotonic()
        sender.send("alice", "still quick")
        longest = max(longest, time.monotonic() - before)
    assert longest < 0.5
    assert groups(again_after_a_while(broker)) == set()


def query(broker, sql):
    with contextlib.closing(sqlite3.connect(f"file:{broker.database}?mode=ro", uri=True)) as db:
        return db.execute(sql).fetchall()


# ---- coming again


@pytest.mark.parametrize("restart", [False, True])
def test_who_comes_again_has_said_nothing_about_himself_and_refuses_nobody(broker, alice, restart):
    old = broker.user("bob")
    old.command("setSelfInfo", nickname="Bobby", selfSignature="hi")
    old.command("addToBlacklist", userIDs=["alice"])
    broker.admin("iot:mute").command("muteUser", userID="bob", c2cSeconds=600)
    delete(broker)
    bob = again(broker)
    if restart:
        broker.restart(kill=True)
        alice.connect()
        bob.connect()
    assert alice.command("getUsersInfo", userIDs=["bob"])["users"] == [
        {"userID": "bob", "nickname": "", "faceURL": "", "selfSignature": ""}
    ]
    assert bob.command("getBlacklist")["userIDs"] == []
    alice.send("bob", "welcome")
    bob.send("alice", "thanks")


def test_a_deleted_user_can_be_imported_anew(broker, alice):
    delete(broker)
    assert alice.request("getUsersInfo", userIDs=["bob"])["data"]["users"] == []
    imported = broker.admin("iot:import").command("importUsers", userIDs=["bob"])
    assert imported["users"] == [{"userID": "bob", "result": 1}]
    alice.send("bob", "welcome")
    assert [m["text"] for m in again(broker).synced()] == ["welcome"]


@pytest.mark.parametrize("device", ["ios:1", "mac:9"])
@pytest.mark.parametrize("restart", [False, True])
def test_a_newer_user_sig_makes_a_new_user(broker, alice, device, restart):
    """Neither on a device of before nor on a new one does he see anything of the old one."""
    alice.group("Private", "g1", ["bob"])
    old = broker.user("bob", "ios:1").subscribe("chat/user/bob/#")
    alice.send("bob", "for the old one")
    alice.send("chat/group/g1", "for the old one")
    old.disconnect()
    delete(broker)
    if restart:
        broker.restart()
        alice.connect()
    bob = again(broker, device).subscribe("chat/user/bob/#")
    stays(bob)
    assert groups(bob) == set() and bob.command("getUnread")["totalUnread"] == 0
    assert devices(bob) == {f"bob:{device}": (device.split(":")[0], True)}
    alice.send("bob", "for the new one")
    assert [m.get("text") for m in bob.contents("for the new one")] == ["for the new one"]
    assert [m["text"] for m in bob.synced()] == ["for the new one"]
    assert bob.command("getUnread")["totalUnread"] == 1


@pytest.mark.parametrize("restart", [False, True])
def test_the_new_user_cannot_read_what_the_old_one_wrote_with_others(broker, alice, restart):
    alice.send("bob", "for the old one")
    broker.user("bob").send("alice", "by the old one")
    delete(broker)
    if restart:
        broker.restart()
        alice.connect()
    bob = again(broker)
    assert bob.command("getHistory", to="alice") == {"messages": [], "complete": True}
    assert bob.code("setConversation", to="alice", pinned=True) == 10004
    bob.command("markRead", to="alice")
    alice.send("bob", "for the new one")
    assert [m["text"] for m in bob.command("getHistory", to="alice")["messages"]] == ["for the new one"]
    assert alice.silent(lambda m: m.get("event") == "read") == []


@pytest.mark.parametrize("restart", [False, True])
def test_the_pair_goes_on_for_the_other_side(broker, alice, restart):
    broker.user("bob").send("alice", "one")
    delete(broker)
    bob = again(broker)
    bob.send("alice", "two")
    if restart:
        broker.restart()
        alice.connect()
    assert [(m["text"], m["seq"]) for m in alice.synced()] == [("one", 1), ("two", 2)]


def test_the_new_user_gets_what_comes_while_he_is_away(broker, alice):
    alice.send("bob", "for the old one")
    delete(broker)
    bob = again(broker)
    bob.disconnect()
    alice.send("bob", "for the new one")
    bob.connect().subscribe("chat/user/bob/#")
    assert [m.get("text") for m in bob.contents("for the new one")] == ["for the new one"]


def test_the_new_user_gets_notices_of_his_own_only(broker, alice):
    alice.group("Public", "g1")
    invite = dict(groupID="g1", members=["bob"])
    broker.admin().command("inviteGroupMember", **invite)
    delete(broker)
    bob = again(broker).subscribe("chat/user/bob/#")
    assert bob.silent(lambda m: m.get("notice")) == []
    broker.admin("iot:2").command("inviteGroupMember", **invite)
    assert bob.notice("invited")["notice"]["group"] == "g1"
    assert bob.silent(lambda m: m.get("notice")) == []


def test_the_new_user_can_have_a_push_token(broker):
    alice = broker.user("alice")
    phone = with_token(broker, "bob")
    delete(broker)
    bob = again(broker)
    bob.command("setPushToken", provider="apns", token="aa")
    bob.disconnect()
    alice.send("bob", "hello")
    assert job(worker(broker), userID="bob")["token"] == "aa"
    assert phone.pending(is_forced) == []


def test_he_can_be_deleted_again(broker, alice):
    for ahead in (100, 200):
        delete(broker)
        bob = broker.unconnected("bob", sig=broker.sig("bob", created=int(time.time()) + ahead))
        bob.connect()
        alice.send("bob", "hello")
        bob.disconnect()
    delete(broker)
    assert alice.refusal("chat/user/bob", "hello")["code"] == 20003


def test_a_kept_session_of_the_old_user_brings_the_new_one_nothing_of_its_groups(broker, alice):
    topic = alice.group("Private", "g1", ["bob"])
    old = broker.user("bob", "ios:1", clean=False).subscribe("chat/user/bob/#", topic)
    old.disconnect()
    delete(broker)
    alice.send(topic, "for members")
    bob = again(broker, clean=False)
    assert bob.session_present
    alice.send(topic, "for members too")
    alice.send("bob", "end")
    assert [m.get("text") for m in bob.contents("end")] == ["end"]


def test_a_deleted_administrator_is_one_again_when_he_comes_again(broker):
    admin = broker.admin("ios:1")
    assert admin.command("deleteUser", userID="admin") == {}
    assert forced(admin)["reason"] == "deleted"
    new = broker.user("admin", "ios:1", sig=newer(broker, "admin"))
    assert new.code("kickUser", userID="nobody") == 20003


def test_before_the_store_has_heard_of_it_he_is_a_new_user_as_well(broker, alice):
    alice.group("Private", "g1", ["bob"])
    alice.group("Public", "g2")
    old = broker.user("bob", "ios:1")
    old.command("joinGroup", groupID="g2")
    old.disconnect()
    with broker.uncommitted():
        delete(broker)
        bob = again(broker, "ios:2").subscribe("chat/user/bob/#")
        alice.send("bob", "hello")
        bob.text("hello")
        assert devices(bob) == {"bob:ios:2": ("ios", True)}
        assert groups(bob) == set()
        assert alice.command("getGroupApplications")["applications"] == []
        assert alice.code("handleGroupApplication", groupID="g2", userID="bob", accept=True) == 10024
    bob.disconnect()
    first = again(broker)
    stays(first)
    assert groups(first) == set()


def test_who_is_there_with_a_newer_user_sig_is_deleted_all_the_same(broker, alice):
    bob = broker.raw()
    bob.login("bob", "bob:ios:2", newer(broker, "bob"))
    delete(broker)
    assert b'"deleted"' in bob.next_message().payload
    bob.wait_closed()
    assert alice.refusal("chat/user/bob", "hello")["code"] == 20003
