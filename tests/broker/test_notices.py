# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""Notices: what a user is told, in his inbox, from @system."""
import json

import pytest

from harness.settings import PATIENCE
from harness.user import CONTROL


@pytest.fixture
def group(broker):
    """The Public group g1 of alice: bob is a member, chief an admin."""
    broker.create("bob", "carol", "chief")
    alice = broker.user("alice").subscribe("chat/user/alice")
    members = [{"userID": "bob"}, {"userID": "chief", "role": "admin"}]
    alice.command("createGroup", groupType="Public", groupID="g1", members=members)
    return alice


def is_notice(message):
    return message.get("notice") is not None


def notices(user):
    """Everything the user was ever told, by sync."""
    messages = user.command("sync", after=0, limit=500)["messages"]
    return [m["notice"] for m in messages if "notice" in m]


def told(type, operator="alice", **more):
    return {"type": type, "group": "g1", "operator": operator, **more}


# ---- who is told what


def test_who_was_added(broker, group):
    group.broker.admin().command("inviteGroupMember", groupID="g1", members=["carol"])
    assert notices(broker.user("bob")) == [told("invited")]
    assert notices(broker.user("carol")) == [told("invited", "admin")]
    assert notices(group) == []


def test_who_was_removed_with_the_reason(broker, group):
    bob = broker.user("bob").subscribe("chat/user/bob")
    group.command("deleteGroupMember", groupID="g1", members=["bob"], reason="spam")
    assert bob.notice("kicked")["notice"] == told("kicked", reason="spam")


def test_who_may_decide_about_a_request(broker, group):
    broker.user("carol").command("joinGroup", groupID="g1", message="let me in")
    expected = told("joinRequest", "carol", reason="let me in")
    assert group.notice("joinRequest")["notice"] == expected
    assert expected in notices(broker.user("chief"))
    assert expected not in notices(broker.user("bob"))


def test_who_may_decide_about_an_invitation(broker, group):
    group.command("setGroupInfo", groupID="g1", inviteOpt="NeedPermission")
    bob = broker.user("bob")
    data = bob.command("inviteGroupMember", groupID="g1", members=["carol"])
    assert [m["result"] for m in data["members"]] == [3]
    assert group.notice("joinRequest")["notice"] == told("joinRequest", "bob")
    assert notices(broker.user("carol")) == []


def test_who_becomes_an_admin_and_who_is_none_any_more(broker, group):
    bob = broker.user("bob")
    group.command("setGroupMemberRole", groupID="g1", userID="bob", role="admin")
    group.command("setGroupMemberRole", groupID="g1", userID="bob", role="member")
    assert notices(bob) == [told("invited"), told("adminGranted"), told("adminRevoked")]


def test_the_new_owner(broker, group):
    group.command("transferGroupOwner", groupID="g1", userID="bob")
    assert notices(broker.user("bob"))[-1] == told("ownerGranted")


def test_every_member_of_a_group_that_is_dismissed(broker, group):
    broker.admin().command("inviteGroupMember", groupID="g1", members=["carol"])
    group.command("deleteGroupMember", groupID="g1", members=["carol"])
    people = {name: broker.user(name).subscribe(f"chat/user/{name}") for name in ("bob", "chief")}
    group.command("dismissGroup", groupID="g1")
    for user in (*people.values(), group):
        assert user.notice("dismissed")["notice"] == told("dismissed")
    assert told("dismissed") not in notices(broker.user("carol")), "she was no member any more"


# ---- a notice is a message


@pytest.mark.parametrize("filter", ["chat/user/bob", "chat/user/bob/#"])
def test_a_notice_waits_in_the_inbox(broker, group, filter):
    notice = broker.user("bob").subscribe(filter).wait(is_notice)
    assert (notice.topic, notice.get("sender"), notice.get("to")) == ("chat/user/bob", "@system", "bob")
    assert notice.get("id") > 0 and notice.get("seq") == 0
    assert notice.get("notice") == told("invited")


def test_a_notice_comes_once(broker, group):
    bob = broker.user("bob").subscribe("chat/user/bob/#")
    bob.notice("invited")
    bob.disconnect()
    again = broker.user("bob").subscribe("chat/user/bob/#")
    assert again.silent(is_notice) == []


def test_a_notice_is_not_unread(broker, group):
    assert broker.user("bob").command("getUnread")["totalUnread"] == 0


def test_a_notice_is_pushed(broker, group):
    phone = broker.user("carol", "ios:1")
    phone.command("setPushToken", provider="apns", token="ca401e", businessID="b1")
    phone.disconnect()
    worker = broker.admin("web:1").subscribe("chat/push")
    broker.admin().command("inviteGroupMember", groupID="g1", members=["carol"])
    job = worker.wait(lambda m: m.topic == "chat/push").data
    assert (job["userID"], job["message"]["sender"]) == ("carol", "@system")


def test_the_longest_reason_reaches_a_hundred_at_once(broker):
    names = [f"u{number:03}" for number in range(100)]
    broker.create(*names)
    alice = broker.user("alice")
    alice.group("Private", "g1", names)
    reason = "\x01" * 256
    alice.command("deleteGroupMember", groupID="g1", members=names, reason=reason)
    for name in (names[0], names[-1]):
        assert notices(broker.user(name))[-1] == told("kicked", reason=reason)


def test_a_notice_survives_a_crash(broker, group):
    broker.restart(kill=True)
    assert notices(broker.user("bob")) == [told("invited")]


# ---- dismissing a large group


CROWD = [f"u{number:03}" for number in range(300)]


@pytest.fixture
def crowd(broker):
    broker.create(*CROWD)
    alice = broker.user("alice")
    alice.group("Public", "g1", inviteOpt="FreeAccess")
    for first in range(0, len(CROWD), 100):
        alice.command("inviteGroupMember", groupID="g1", members=CROWD[first : first + 100])
    return alice


def told_other_than_once(broker, names):
    """By raw clients: paho has no room for so many."""
    counts = {}
    for name in names:
        client = broker.raw()
        client.login(name, f"{name}:web:1")
        client.start_publish(CONTROL, {"commands": [{"command": "sync", "after": 0}]}, qos=0)
        (answer,) = json.loads(client.next_message().payload)["responses"]
        client.disconnect()
        found = [m["notice"] for m in answer["data"]["messages"] if "notice" in m]
        counts[name] = found.count(told("dismissed"))
    return {name: count for name, count in counts.items() if count != 1}


@pytest.mark.parametrize("told_before_the_crash", [0, 1, 60, 149])
def test_a_crash_during_a_dismissal_leaves_nobody_out_and_tells_nobody_twice(
    broker, crowd, told_before_the_crash
):
    if told_before_the_crash:
        watched = CROWD[told_before_the_crash - 1]
        watcher = broker.user(watched).subscribe(f"chat/user/{watched}")
    crowd.command("dismissGroup", groupID="g1")
    if told_before_the_crash:
        watcher.notice("dismissed")
    broker.restart(kill=True)
    broker.user(CROWD[-1]).subscribe(f"chat/user/{CROWD[-1]}").notice("dismissed", PATIENCE * 2)
    assert broker.user("alice", "web:1").code("getGroupInfo", groupID="g1") == 10010
    assert told_other_than_once(broker, CROWD) == {}


def test_a_dismissal_that_is_done_is_done(broker, crowd):
    crowd.command("dismissGroup", groupID="g1")
    broker.user(CROWD[-1]).subscribe(f"chat/user/{CROWD[-1]}").notice("dismissed")
    broker.restart()
    broker.restart(kill=True)
    assert told_other_than_once(broker, CROWD[::50]) == {}
