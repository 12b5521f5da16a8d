# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""Receipts of groups: getReadReceipts and getMessageReaders, from read positions."""
import pytest

from harness.groups import staffed_group


@pytest.fixture
def owner(broker):
    return staffed_group(broker, addOpt="FreeAccess", inviteOpt="FreeAccess")


def send(user, text="hello", **more):
    """Writes to g1 and returns the message's id."""
    random = sum(map(ord, text)) + 1
    user.send("chat/group/g1", {"text": text, "random": random, **more})
    return user.event("sent", random=random)["id"]


def receipts(user, *ids):
    found = user.command("getReadReceipts", group="g1", ids=list(ids))["receipts"]
    return {r["id"]: (r["read"], r["unread"]) for r in found}


def readers(user, number, **fields):
    return user.command("getMessageReaders", group="g1", id=number, **fields)


def test_who_has_read_up_to_a_message_has_read_it(broker, owner):
    first, second = send(owner, "first"), send(owner, "second")
    assert receipts(owner, first, second) == {first: (0, 4), second: (0, 4)}
    broker.user("bob").command("markRead", group="g1", id=first)
    broker.user("chief").command("markRead", group="g1")
    assert receipts(owner, second, first) == {first: (2, 2), second: (1, 3)}
    assert readers(owner, first) == {"users": ["bob", "chief"]}
    assert readers(owner, first, read=False) == {"users": ["carol", "deputy"]}
    assert readers(owner, second, read=True) == {"users": ["chief"]}


def test_names_come_in_pages(broker, owner):
    number = send(owner)
    assert readers(owner, number, read=False, limit=3) == {"users": ["bob", "carol", "chief"], "next": 3}
    assert readers(owner, number, read=False, offset=3, limit=3) == {"users": ["deputy"]}
    assert readers(owner, number, read=False, offset=2, limit=2) == {"users": ["chief", "deputy"]}
    assert readers(owner, number, offset=9) == {"users": []}


def test_members_of_now_who_had_joined_by_then_count(broker, owner):
    before = send(owner, "before")
    broker.user("dave").command("joinGroup", groupID="g1")
    after = send(owner, "after")
    owner.command("deleteGroupMember", groupID="g1", members=["carol"])
    assert receipts(owner, before, after) == {before: (0, 3), after: (0, 4)}
    broker.user("bob").command("quitGroup", groupID="g1")
    broker.user("bob").command("joinGroup", groupID="g1")
    assert receipts(owner, before, after) == {before: (0, 2), after: (0, 3)}


def test_the_sender_and_administrators_of_the_server_are_told_and_nobody_else(broker, owner):
    bob, admin = broker.user("bob"), broker.admin()
    number = send(bob)
    assert receipts(bob, number) == receipts(admin, number) == {number: (0, 4)}
    for other in (owner, broker.user("carol")):
        assert other.code("getReadReceipts", group="g1", ids=[number]) == 10007
        assert other.code("getMessageReaders", group="g1", id=number) == 10007
    assert readers(admin, number, read=False)["users"] == ["carol", "chief", "deputy", "owner"]
    assert broker.user("dave").code("getReadReceipts", group="g1", ids=[number]) == 10007
    bob.command("quitGroup", groupID="g1")
    assert bob.code("getReadReceipts", group="g1", ids=[number]) == 10007


def test_what_is_recalled_or_does_not_count_is_left_out(broker, owner):
    kept, gone, quiet = send(owner, "kept"), send(owner, "gone"), send(owner, "quiet", noUnread=True)
    owner.command("recallMessage", id=gone)
    assert receipts(owner, kept, gone, quiet) == {kept: (0, 4)}
    assert owner.code("getMessageReaders", group="g1", id=gone) == 20023
    assert owner.code("getMessageReaders", group="g1", id=quiet) == 10030


def test_ids_that_are_no_messages_of_the_group_are_refused_by_name(broker, owner):
    number = send(owner)
    owner.send("chat/user/bob", {"text": "private", "random": 5})
    private = owner.event("sent", random=5)["id"]
    owner.command("setGroupInfo", groupID="g1", groupName="tip")
    tip = owner.synced()[-1]["id"]
    for wrong in (private, tip, tip + 1000):
        response = owner.request("getReadReceipts", group="g1", ids=[number, wrong])
        assert (response["code"], str(wrong) in response["error"]) == (10030, True)
        assert owner.code("getMessageReaders", group="g1", id=wrong) == 10030


@pytest.mark.parametrize("kind", ["ChatRoom", "AVChatRoom"])
def test_other_types_have_none(broker, kind):
    alice = broker.user("alice")
    alice.command("createGroup", groupType=kind, groupID="g1")
    assert alice.code("getReadReceipts", group="g1", ids=[1]) == 10060
    assert alice.code("getMessageReaders", group="g1", id=1) == 10060


def test_a_group_of_more_than_200_has_none(broker, owner):
    number = send(owner)
    names = [f"m{i}" for i in range(196)]
    broker.create(*names)
    for at in range(0, 195, 100):
        owner.command("inviteGroupMember", groupID="g1", members=names[: 195][at : at + 100])
    assert receipts(owner, number) == {number: (0, 4)}
    owner.command("inviteGroupMember", groupID="g1", members=names[195:])
    assert owner.code("getReadReceipts", group="g1", ids=[number]) == 10060
    owner.command("deleteGroupMember", groupID="g1", members=names[:1])
    assert receipts(owner, number) == {number: (0, 4)}


def test_receipts_are_the_same_after_a_crash(broker, owner):
    number = send(owner)
    broker.user("bob").command("markRead", group="g1")
    broker.kill()
    broker.start()
    assert receipts(owner.connect(), number) == {number: (1, 3)}


WRONG = [
    ({"ids": [1]}, 10004, "group"),
    ({"group": 5, "ids": [1]}, 10004, "group"),
    ({"group": "", "ids": [1]}, 10004, "group"),
    ({"group": "g2", "ids": [1]}, 10010, ""),
    ({"group": "not valid", "ids": [1]}, 10015, ""),
    ({"group": "g1"}, 10004, "ids"),
    ({"group": "g1", "ids": []}, 10004, "ids"),
    ({"group": "g1", "ids": 1}, 10004, "ids"),
    ({"group": "g1", "ids": [1, "2"]}, 10004, "ids"),
    ({"group": "g1", "ids": [0]}, 10004, "ids"),
    ({"group": "g1", "ids": [1.5]}, 10004, "ids"),
    ({"group": "g1", "ids": [1] * 31}, 10005, "ids"),
]


@pytest.mark.parametrize("fields, code, name", WRONG)
def test_wrong_questions_about_receipts_are_refused_by_name(owner, fields, code, name):
    response = owner.request("getReadReceipts", **fields)
    assert (response["code"], name in response["error"]) == (code, True)


WRONG_READERS = [
    ({"group": "g1"}, 10004, "id"),
    ({"group": "g1", "id": "1"}, 10004, "id"),
    ({"group": "g1", "id": 0}, 10004, "id"),
    ({"group": "g1", "id": 1, "read": 1}, 10004, "read"),
    ({"group": "g1", "id": 1, "offset": -1}, 10004, "offset"),
    ({"group": "g1", "id": 1, "limit": 501}, 10004, "limit"),
    ({"id": 1}, 10004, "group"),
    ({"group": "g2", "id": 1}, 10010, ""),
]


@pytest.mark.parametrize("fields, code, name", WRONG_READERS)
def test_wrong_questions_about_readers_are_refused_by_name(owner, fields, code, name):
    response = owner.request("getMessageReaders", **fields)
    assert (response["code"], name in response["error"]) == (code, True)
