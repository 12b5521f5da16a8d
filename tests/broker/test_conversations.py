# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""getConversations and setConversation: the list of what a user has, and what of it he has not read."""
import contextlib
import json
import sqlite3
import time

import pytest

from harness.settings import PATIENCE
from harness.views import conversations, history, stalled_store, where_of

SAFE_INTEGER_MAX = 2**53 - 1


@pytest.fixture
def alice(broker):
    broker.create("bob", "carol", "dave", "admin")
    return broker.user("alice")


@pytest.fixture
def bob(broker, alice):
    return broker.user("bob")


def names(user, limit=100):
    return list(conversations(user, limit))


def entry(user, name):
    return conversations(user)[name]


def total(user):
    return user.command("getUnread")["totalUnread"]


def newest(user, **where):
    """The id of the last message of a conversation."""
    return user.command("getHistory", limit=1, **where)["messages"][0]["id"]


def named_in(user, name):
    return entry(user, name)["atMe"]


def partners(broker, *wanted):
    """Users who have each written to bob, in this order."""
    made = {name: broker.user(name) for name in wanted}
    for name, user in made.items():
        user.send("bob", f"of {name}")
    return made


def pin(user, *wanted):
    for name in wanted:
        assert user.command("setConversation", **where_of(name), pinned=True) == {}


def unpin(user, name):
    user.command("setConversation", **where_of(name), pinned=False)


def chatrooms(alice, groups, text):
    """Groups with bob, with one message each."""
    for first in range(0, len(groups), 50):
        fields = {"command": "createGroup", "groupType": "ChatRoom", "members": [{"userID": "bob"}]}
        commands = [{**fields, "groupID": group} for group in groups[first : first + 50]]
        alice.start_publish("$CONTROL/chat/v1", {"commands": commands})
    for group in groups:
        alice.start_publish(f"chat/group/{group}", text)
    alice.send("carol", "end")


def check_sum(user):
    """What totalUnread promises, and that the last message is history's; the total."""
    page = user.command("getConversations", limit=500)
    assert page["complete"] is True
    for item in page["conversations"]:
        where = {key: item[key] for key in ("to", "group") if key in item}
        assert item["lastMessage"] == user.command("getHistory", limit=1, **where)["messages"][-1]
    assert page["totalUnread"] == total(user) == sum(item["unread"] for item in page["conversations"])
    return page["totalUnread"]


# ---- what an entry says


def test_who_has_no_conversation_has_an_empty_list(bob):
    assert bob.command("getConversations") == {"conversations": [], "complete": True, "totalUnread": 0}


def test_an_entry_of_a_pair_has_all_fields(alice, bob):
    alice.send_many("bob", ["a", "b"])
    page = bob.command("getConversations")
    (last,) = bob.command("getHistory", to="alice", limit=1)["messages"]
    first = bob.command("getHistory", to="alice", before=last["id"])["messages"][0]["id"]
    bob.command("markRead", to="alice", id=first)
    assert page.pop("conversations") == [
        {"to": "alice", "unread": 2, "atMe": False, "pinned": False, "readID": 0, "peerReadID": 0, "lastMessage": last}
    ]
    assert page == {"complete": True, "totalUnread": 2}
    found = bob.command("getConversations")["conversations"][0]
    assert (found["unread"], found["readID"], found["lastMessage"]["text"]) == (1, first, "b")


def test_an_entry_of_a_group_has_all_fields(alice, bob):
    topic = alice.group("Public", "g1", ["bob"])
    alice.send(topic, {"text": "a", "at": ["bob"]})
    pin(bob, "group:g1")
    (last,) = bob.command("getHistory", group="g1", limit=1)["messages"]
    (found,) = bob.command("getConversations")["conversations"]
    assert found.pop("readID") < last["id"]
    kind = {"groupType": "Public", "receiveOption": "AcceptAndNotify"}
    assert found == {"group": "g1", "unread": 1, "atMe": True, "pinned": True, "lastMessage": last, **kind}


def test_one_that_is_named_comes_alone(alice, bob):
    topic = alice.group("Public", "g1", ["bob"])
    alice.send(topic, "a")
    alice.send("bob", "b")
    page = bob.command("getConversations")
    for item in page["conversations"]:
        where = {key: item[key] for key in ("to", "group") if key in item}
        assert bob.command("getConversations", limit=1, before=1, **where) == {**page, "conversations": [item]}
    assert bob.command("getConversations", to="carol") == {**page, "conversations": []}
    assert bob.request("getConversations", group="nowhere")["code"] == 10010
    bob.command("deleteConversation", to="alice")
    assert bob.command("getConversations", to="alice")["conversations"] == []


def test_an_entry_says_how_far_the_other_one_has_read(alice, bob):
    alice.send_many("bob", ["a", "b"])
    assert entry(alice, "bob")["peerReadID"] == 0
    bob.command("markRead", to="alice", seq=1)
    first = alice.command("getHistory", to="bob")["messages"][0]["id"]
    assert entry(alice, "bob")["peerReadID"] == first == entry(bob, "alice")["readID"]


# ---- the user's other devices


@pytest.fixture
def tablet(broker, bob):
    return broker.user("bob", client_id="bob:ipad:1").subscribe("chat/user/bob/#")


def told(device):
    """What the events say, and nothing else of theirs."""
    device.fence()
    return [m.data for m in device.pending(lambda m: m.get("event") == "conversation")]


def test_other_devices_are_told_of_a_pin_that_is_new(alice, bob, tablet):
    alice.send("bob", "a")
    pin(bob, "alice")
    pin(bob, "alice")
    unpin(bob, "alice")
    assert [e["pinned"] for e in told(tablet)] == [True, False]


def test_other_devices_are_told_how_a_group_is_received(alice, bob, tablet):
    alice.group("Public", "g1", ["bob"])
    for option in ("Discard", "Discard", "AcceptAndNotify"):
        bob.command("setGroupMemberInfo", groupID="g1", receiveOption=option)
    assert entry(bob, "group:g1")["receiveOption"] == "AcceptAndNotify"
    assert told(tablet) == [
        {"event": "conversation", "group": "g1", "receiveOption": option} for option in ("Discard", "AcceptAndNotify")
    ]


def test_other_devices_are_told_of_coming_and_going(alice, bob, tablet):
    alice.group("ChatRoom", "g1")
    bob.command("createGroup", groupType="Private", groupID="g2")
    bob.command("joinGroup", groupID="g1")
    bob.command("quitGroup", groupID="g1")
    assert [(e["group"], e["member"]) for e in told(tablet)] == [
        ("g2", True),
        ("g1", True),
        ("g1", False),
    ]


def test_devices_are_told_what_an_administrator_does_silently(broker, alice, bob, tablet):
    admin = broker.user("admin")
    admin.command("createGroup", groupType="Public", groupID="g1", owner="bob")
    alice.group("Public", "g2")
    admin.command("inviteGroupMember", groupID="g2", members=["bob", "carol"], silent=True)
    admin.command("deleteGroupMember", groupID="g2", members=["bob", "dave"], silent=True)
    assert [(e["group"], e["member"]) for e in told(tablet)] == [
        ("g1", True),
        ("g2", True),
        ("g2", False),
    ]


def test_both_sides_of_a_pair_see_the_other_one(alice, bob):
    alice.send("bob", "a")
    assert (names(alice), names(bob)) == (["bob"], ["alice"])
    assert (entry(alice, "bob")["unread"], entry(bob, "alice")["unread"]) == (0, 1)


def test_the_last_message_has_the_bytes_of_its_delivery(broker, alice):
    bob = broker.raw()
    bob.login("bob")
    bob.subscribe("chat/user/bob/#")
    alice.send("bob", '{"text":"\\u00e9","n":1.50, "x" : [ ]}')
    delivered = bob.next_message().payload
    bob.publish("$CONTROL/chat/v1", {"commands": [{"command": "getConversations"}]})
    response = bob.next_message().payload
    assert b'"lastMessage":' + delivered in response and json.loads(response)


@pytest.mark.parametrize("kind", ["tips", "recall"])
def test_the_last_message_may_be_one_without_content(alice, bob, kind):
    topic = alice.group("Public", "g1", ["bob"])
    alice.send(topic, "a")
    if kind == "tips":
        alice.command("setGroupInfo", groupID="g1", groupName="new")
    else:
        alice.command("recallMessage", id=newest(alice, group="g1"))
    found = entry(bob, "group:g1")
    assert kind in found["lastMessage"] and found["lastMessage"]["id"] == newest(bob, group="g1")
    check_sum(bob)


def test_what_was_online_only_makes_no_entry(alice, bob):
    bob.subscribe("chat/user/bob")
    alice.send("bob", {"text": "a", "onlineOnly": True})
    bob.text("a")
    assert names(bob) == names(alice) == []


# ---- what is not in the list


def test_notices_live_dismissed_and_left_groups_are_not_in_the_list(alice, bob):
    for kind, group in (("Private", "left"), ("Public", "over"), ("Private", "kicked"), ("Public", "stays")):
        alice.send(alice.group(kind, group, ["bob"]), "a")
    live = alice.group("AVChatRoom", "live")
    bob.subscribe(live)
    alice.send(live, "a")
    bob.command("quitGroup", groupID="left")
    alice.command("dismissGroup", groupID="over")
    alice.command("deleteGroupMember", groupID="kicked", members=["bob"])
    assert history(bob, to="@system") != []
    assert names(bob) == ["group:stays"]
    assert check_sum(bob) == 1
    assert "group:live" not in names(alice) and "group:over" not in names(alice)


def test_a_group_is_in_the_list_again_for_who_comes_back(alice, bob):
    topic = alice.group("Private", "g1", ["bob"])
    alice.send_many(topic, ["a", "b"])
    bob.command("quitGroup", groupID="g1")
    alice.send(topic, "while away")
    alice.command("inviteGroupMember", groupID="g1", members=["bob"])
    assert entry(bob, "group:g1")["lastMessage"]["tips"]["type"] == "invite"
    assert check_sum(bob) == 0
    alice.send(topic, "c")
    assert entry(bob, "group:g1")["unread"] == check_sum(bob) == 1


def test_who_came_later_has_no_entry_for_what_he_cannot_see(alice, bob):
    topic = alice.group("Private", "g1", ["carol"])
    alice.send(topic, "before")
    assert names(bob) == []


def test_a_chatroom_shows_what_was_before_joining_and_counts_nothing(alice, bob):
    topic = alice.group("ChatRoom", "g1")
    alice.send(topic, "before")
    assert names(bob) == []
    bob.command("joinGroup", groupID="g1")
    assert entry(bob, "group:g1")["lastMessage"]["text"] == "before"
    alice.send(topic, "after")
    found = entry(bob, "group:g1")
    assert (found["unread"], found["lastMessage"]["text"]) == (0, "after")
    assert check_sum(bob) == 0


# ---- order and pages


def test_the_newest_comes_first_and_a_new_message_moves_its_conversation_up(broker, bob):
    made = partners(broker, "p1", "p2", "p3")
    assert names(bob) == ["p3", "p2", "p1"]
    made["p1"].send("bob", "again")
    assert names(bob) == ["p1", "p3", "p2"]
    bob.send("p2", "an answer")
    assert names(bob) == ["p2", "p1", "p3"]


def test_pinned_ones_come_first_each_part_newest_first(broker, bob):
    made = partners(broker, "p1", "p2", "p3", "p4")
    pin(bob, "p1", "p3")
    assert names(bob) == ["p3", "p1", "p4", "p2"]
    made["p1"].send("bob", "again")
    assert names(bob) == ["p1", "p3", "p4", "p2"]
    unpin(bob, "p3")
    assert names(bob) == ["p1", "p4", "p3", "p2"]


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 5, 6])
def test_pages_meet_at_every_place_also_between_pinned_and_others(broker, bob, limit):
    partners(broker, "p1", "p2", "p3", "p4", "p5")
    pin(bob, "p1", "p4")
    assert names(bob, limit) == ["p4", "p1", "p5", "p3", "p2"]


def test_complete_is_true_on_the_last_page_only(broker, bob):
    partners(broker, "p1", "p2", "p3")
    first = bob.command("getConversations", limit=2)
    assert [e["to"] for e in first["conversations"]] == ["p3", "p2"] and first["complete"] is False
    before = first["conversations"][-1]["lastMessage"]["id"]
    rest = bob.command("getConversations", limit=1, before=before)
    assert [e["to"] for e in rest["conversations"]] == ["p1"] and rest["complete"] is True
    assert first["totalUnread"] == rest["totalUnread"] == 3
    before = rest["conversations"][-1]["lastMessage"]["id"]
    over = bob.command("getConversations", before=before)
    assert over == {"conversations": [], "complete": True, "totalUnread": 3}


@pytest.mark.parametrize("moving", ["p1", "p2", "p3", "p4", "p5", "p6"])
def test_nothing_comes_twice_and_what_does_not_move_comes_when_one_moves_up_between_pages(
    broker, bob, moving
):
    made = partners(broker, "p1", "p2", "p3", "p4", "p5", "p6")
    pin(bob, "p1", "p2", "p3")
    for limit in (1, 2, 3, 4, 5):
        first = bob.command("getConversations", limit=limit)
        made[moving].send("bob", "again")
        before = first["conversations"][-1]["lastMessage"]["id"]
        rest = bob.command("getConversations", before=before)
        seen = [e["to"] for e in first["conversations"] + rest["conversations"]]
        assert len(seen) == len(set(seen)), "one came twice"
        assert set(seen) | {moving} == set(made)


def test_the_last_message_of_a_page_may_go_meanwhile(broker, bob):
    made = partners(broker, "p1", "p2", "p3", "p4")
    pin(bob, "p1", "p2")
    first = bob.command("getConversations", limit=1)["conversations"][0]
    before = first["lastMessage"]["id"]
    made["p2"].command("recallMessage", id=before)
    bob.command("deleteMessages", ids=[before])
    rest = bob.command("getConversations", before=before)
    assert [e["to"] for e in rest["conversations"]] == ["p1", "p4", "p3"]


def test_what_is_before_no_message_yet_is_the_whole_list(broker, bob):
    partners(broker, "p1", "p2")
    pin(bob, "p1")
    for before in (newest(bob, to="p2") + 1000, SAFE_INTEGER_MAX):
        found = bob.command("getConversations", before=before)["conversations"]
        assert [e["to"] for e in found] == ["p1", "p2"]


def test_the_list_has_100_unless_told_and_at_most_500(broker, alice, bob):
    chatrooms(broker.admin(), [f"g{n}" for n in range(131)], "a")
    page = bob.command("getConversations")
    assert len(page["conversations"]) == 100 and page["complete"] is False
    assert len(bob.command("getConversations", limit=500)["conversations"]) == 131
    assert len(names(bob)) == 131


def test_a_page_is_cut_at_256_KiB_and_the_rest_comes_with_the_next(alice, bob):
    groups = [f"g{n}" for n in range(60)]
    chatrooms(alice, groups, "x" * 12000)
    page = bob.command("getConversations", limit=500)
    assert page["complete"] is False and 15 <= len(page["conversations"]) <= 21
    assert set(names(bob, 500)) == {f"group:{group}" for group in groups}


def test_an_answer_with_many_small_entries_is_no_larger_than_256_KiB(broker, alice):
    chatrooms(broker.admin(), ["g" * 44 + f"{n:04}" for n in range(300)], "x" * 700)
    bob = broker.raw()
    bob.login("bob")
    bob.publish("$CONTROL/chat/v1", {"commands": [{"command": "getConversations", "limit": 500}]})
    response = bob.next_message().payload
    assert json.loads(response)["responses"][0]["data"]["complete"] is False
    assert len(response) <= 256 * 1024 + 200


@pytest.mark.options(max_message_bytes=1048576)
def test_an_entry_is_given_however_long_its_message(alice, bob):
    alice.send("bob", "x" * 400000)
    (found,) = bob.command("getConversations")["conversations"]
    assert len(found["lastMessage"]["text"]) == 400000


@pytest.mark.parametrize(
    "fields,name",
    [
        ({"before": "1"}, "before"),
        ({"before": 0}, "before"),
        ({"before": -1}, "before"),
        ({"before": 1.5}, "before"),
        ({"limit": 0}, "limit"),
        ({"limit": 501}, "limit"),
        ({"limit": "x"}, "limit"),
    ],
)
def test_a_wrong_field_is_named(bob, fields, name):
    response = bob.request("getConversations", **fields)
    assert response.get("code") == 10004 and name in response["error"]


# ---- setConversation


def test_pinning_outlasts_the_broker_and_is_seen_by_the_other_devices_only(broker, alice, bob):
    alice.send("bob", "a")
    pin(bob, "alice")
    assert entry(broker.user("bob", "web:1"), "alice")["pinned"] is True
    assert entry(alice, "bob")["pinned"] is False
    broker.restart(kill=True)
    assert entry(bob.connect(), "alice")["pinned"] is True
    unpin(bob, "alice")
    broker.restart()
    assert entry(bob.connect(), "alice")["pinned"] is False


def test_without_a_field_nothing_is_set(alice, bob):
    alice.send("bob", "a")
    pin(bob, "alice")
    assert bob.command("setConversation", to="alice") == {}
    assert entry(bob, "alice")["pinned"] is True


def test_pinning_twice_is_fine(alice, bob):
    alice.send("bob", "a")
    for _ in range(2):
        pin(bob, "alice")
    for _ in range(2):
        unpin(bob, "alice")
    assert entry(bob, "alice")["pinned"] is False


@pytest.mark.parametrize(
    "fields,code",
    [
        ({}, 10004),
        ({"pinned": True}, 10004),
        ({"to": "alice", "group": "g1", "pinned": True}, 10004),
        ({"to": "alice", "pinned": "yes"}, 10004),
        ({"to": "alice", "pinned": 1}, 10004),
        ({"to": "nobody", "pinned": True}, 20003),
        ({"to": "bob", "pinned": True}, 20003),
        ({"to": "carol", "pinned": True}, 10004),
        ({"to": "@system", "pinned": True}, 10004),
        ({"group": "none", "pinned": True}, 10010),
        ({"group": "g1", "pinned": True}, 10007),
        ({"group": "live", "pinned": True}, 10004),
    ],
)
def test_a_wrong_setConversation_is_refused(alice, bob, fields, code):
    alice.send("bob", "a")
    alice.group("Private", "g1")
    alice.group("Private", "g2", ["bob"])
    bob.subscribe(alice.group("AVChatRoom", "live"))
    assert bob.code("setConversation", **fields) == code


def test_an_app_admin_who_is_no_member_has_nothing_to_pin(broker, alice):
    alice.send(alice.group("Public", "g1"), "a")
    admin = broker.admin()
    assert admin.code("setConversation", group="g1", pinned=True) == 10007
    assert names(admin) == []


# ---- atMe


@pytest.fixture
def group(alice, bob):
    """A group of alice's, with bob and carol."""
    return alice.group("Public", "g1", ["bob", "carol"])


@pytest.mark.parametrize(
    "at,named", [(["bob"], True), (["carol", "bob"], True), ("@all", True), (["carol"], False)]
)
def test_a_message_names_a_user(alice, bob, group, at, named):
    alice.send(group, {"text": "a", "at": at})
    alice.send(group, "b")
    assert named_in(bob, "group:g1") is named


def test_a_message_names_a_user_in_a_chat_room_too_until_he_has_read_it(alice, bob):
    topic = alice.group("ChatRoom", "g1", ["bob"])
    alice.send(topic, {"text": "a", "at": ["bob"]})
    found = entry(bob, "group:g1")
    assert (found["unread"], found["atMe"]) == (0, True)
    bob.command("markRead", group="g1")
    assert named_in(bob, "group:g1") is False


def test_a_name_inside_another_one_is_nobodys(broker, alice, bob):
    broker.create("bobby", "bob.b", "bo", "a.bob")
    topic = alice.group("Public", "g1", ["bob", "bobby"])
    alice.send(topic, {"text": "a", "at": ["bobby", "bob.b", "bo", "a.bob"]})
    assert named_in(bob, "group:g1") is False
    assert named_in(broker.user("bobby"), "group:g1") is True


def test_a_message_names_the_other_side_of_a_pair(alice, bob):
    alice.send("bob", {"text": "a", "at": ["bob"]})
    assert (named_in(bob, "alice"), named_in(alice, "bob")) == (True, False)


@pytest.mark.parametrize("at", ["@all", ["alice", "bob"]])
def test_nobody_names_himself(alice, bob, group, at):
    alice.send(group, {"text": "a", "at": at})
    bob.send(group, "b")
    assert named_in(alice, "group:g1") is False


def test_what_was_read_names_nobody_any_more(alice, bob, group):
    alice.send(group, {"text": "a", "at": ["bob"]})
    named = newest(bob, group="g1")
    alice.send(group, "b")
    bob.command("markRead", group="g1", id=named - 1)
    assert named_in(bob, "group:g1") is True
    bob.command("markRead", group="g1", id=named)
    assert named_in(bob, "group:g1") is False and entry(bob, "group:g1")["unread"] == 1


@pytest.mark.parametrize("how", ["recallMessage", "deleteMessages"])
def test_as_long_as_one_of_several_is_there_one_is_named(alice, bob, group, how):
    ids = []
    for at in (["bob"], "@all", ["carol", "bob"]):
        alice.send(group, {"text": "a", "at": at})
        ids.append(newest(alice, group="g1"))
    alice.send(group, "b")
    for number in (ids[1], ids[2], ids[0]):
        assert named_in(bob, "group:g1") is True
        if how == "recallMessage":
            alice.command(how, id=number)
        else:
            bob.command(how, ids=[number])
    assert named_in(bob, "group:g1") is False
    assert entry(bob, "group:g1")["unread"] == check_sum(bob) == 1


def test_a_deleted_conversation_names_nobody(alice, bob, group):
    alice.send(group, {"text": "a", "at": "@all"})
    bob.command("deleteConversation", group="g1")
    alice.send(group, "b")
    assert named_in(bob, "group:g1") is False


def test_what_was_before_joining_names_nobody(broker, alice, group):
    alice.send(group, {"text": "a", "at": ["dave"]})
    alice.send(group, {"text": "b", "at": "@all"})
    alice.command("setGroupInfo", groupID="g1", inviteOpt="FreeAccess")
    alice.command("inviteGroupMember", groupID="g1", members=["dave"])
    alice.send(group, "c")
    assert named_in(broker.user("dave"), "group:g1") is False


def test_a_name_is_remembered_over_a_restart(broker, alice, bob, group):
    alice.send(group, {"text": "a", "at": ["bob"]})
    broker.restart(kill=True)
    assert named_in(bob.connect(), "group:g1") is True


def test_who_is_named_is_known_while_the_store_cannot_write(broker, alice, bob, group):
    """Messages and recalls that are in the database, in memory, and in both."""
    alice.send(group, {"text": "a", "at": ["bob"]})
    old = newest(alice, group="g1")
    alice.send(group, "still unread")
    broker.restart()
    alice.connect(), bob.connect()
    with stalled_store(broker):
        assert named_in(bob, "group:g1") is True
        alice.command("recallMessage", id=old)
        assert named_in(bob, "group:g1") is False
        alice.send(group, {"text": "b", "at": "@all"})
        assert named_in(bob, "group:g1") is True
        bob.command("deleteMessages", ids=[newest(bob, group="g1")])
        assert named_in(bob, "group:g1") is False
        assert entry(bob, "group:g1")["unread"] == check_sum(bob) == 1


# ---- unread


def test_unread_of_a_page_is_not_the_whole(broker, bob):
    partners(broker, "p1", "p2", "p3")
    page = bob.command("getConversations", limit=1)
    assert page["conversations"][0]["unread"] == 1 and page["totalUnread"] == 3


def test_own_messages_are_not_unread_wherever_one_has_read(alice, bob):
    for text in "abc":
        alice.send("bob", text)
        bob.send("alice", f"own {text}")
    for found in history(bob, to="alice"):
        bob.command("markRead", to="alice", id=found["id"])
        left = [m for m in history(bob, to="alice") if m["id"] > found["id"] and m["sender"] == "alice"]
        assert entry(bob, "alice")["unread"] == check_sum(bob) == len(left)


def test_unread_is_the_same_by_every_path_after_recalls_and_deletions(broker, alice, bob):
    topic = alice.group("Public", "g1", ["bob"])
    carol = broker.user("carol")
    for to in ("bob", topic):
        alice.send_many(to, [f"m{n}" for n in range(6)])
    carol.send("bob", "of carol")
    for where in ({"to": "alice"}, {"group": "g1"}):
        ids = [m["id"] for m in history(bob, **where) if "text" in m]
        bob.command("markRead", **where, id=ids[1])
        for number in (ids[0], ids[2], ids[3]):
            alice.command("recallMessage", id=number)
        bob.command("deleteMessages", ids=[ids[1], ids[3], ids[4]])
    assert check_sum(bob) == 3
    assert {name: e["unread"] for name, e in conversations(bob).items()} == {
        "alice": 1,
        "group:g1": 1,
        "carol": 1,
    }
    broker.restart()
    assert check_sum(bob.connect()) == 3


def test_the_list_follows_every_step(broker, alice, bob):
    """Each answer is asked for between two changes: what an earlier one found out must not outlast them."""
    topic = alice.group("Public", "g1", ["bob"])
    alice.send_many(topic, [f"m{n}" for n in range(12)])
    ids = [m["id"] for m in history(bob, group="g1") if "text" in m]

    def seen():
        found = entry(bob, "group:g1")
        assert check_sum(bob) == found["unread"]
        last = found["lastMessage"]
        return found["unread"], last["text"] if "text" in last else "recall" if "recall" in last else None

    def delete(*places):
        bob.command("deleteMessages", ids=[ids[place] for place in places])

    def delete_last():
        bob.command("deleteMessages", ids=[newest(bob, group="g1")])

    assert seen() == (12, "m11")
    delete(11), delete(3)
    assert seen() == (10, "m10")
    delete(9)
    assert seen() == (9, "m10")
    delete(10)
    assert seen() == (8, "m8")
    alice.command("recallMessage", id=ids[7])
    assert seen() == (7, "recall")
    delete(7)
    assert seen() == (7, "recall")
    delete_last()
    assert seen() == (7, "m8")
    alice.command("recallMessage", id=ids[3])
    delete_last()
    assert seen() == (7, "m8")
    delete(8)
    assert seen() == (6, "m6")
    bob.command("markRead", group="g1", id=ids[4])
    assert seen() == (2, "m6")
    delete(2)
    assert seen() == (2, "m6")
    alice.send(topic, "new")
    assert seen() == (3, "new")
    delete_last()
    assert seen() == (2, "m6")
    bob.send(topic, "own")
    assert seen() == (2, "own")
    bob.command("markRead", group="g1")
    assert seen() == (0, "own")


def test_thousands_of_deleted_messages_are_passed_over_and_not_unread(broker, alice, bob):
    count = 5300
    alice.send_many("bob", [f"m{n}" for n in range(count)])
    ids = [m["id"] for m in history(bob, to="alice")]
    gone = ids[1:]
    for first in range(0, len(gone), 100):
        bob.command("deleteMessages", ids=gone[first : first + 100])
    for _ in range(2):
        found = entry(bob, "alice")
        assert (found["unread"], found["lastMessage"]["text"], total(bob)) == (1, "m0", 1)
        settled(broker)
        broker.restart()
        bob.connect()


def badge_for(worker, sender):
    """The badge of a push that sender's message to bob makes; bob has no device connected."""
    sender.send("bob", "push")

    def wanted(m):
        return m.topic == "chat/push" and (m.get("title"), m.get("body")) == (sender.name, "push")

    return worker.wait(wanted, "no job").data["badge"]


def test_the_badge_is_the_total_with_the_new_message(broker, alice):
    phone = broker.user("bob", "ios:1")
    phone.command("setPushToken", provider="apns", token="aa")
    topic = alice.group("Public", "g1", ["bob"])
    room = alice.group("ChatRoom", "g2", ["bob"])
    left = alice.group("Public", "g3", ["bob"])
    over = alice.group("Public", "g4", ["bob"])
    for to in ("bob", topic, room, left, over):
        alice.send_many(to, [f"m{n}" for n in range(6)])
    phone.command("quitGroup", groupID="g3")
    alice.command("dismissGroup", groupID="g4")
    ids = [m["id"] for m in history(phone, group="g1") if "text" in m]
    phone.command("markRead", group="g1", id=ids[0])
    phone.command("deleteMessages", ids=ids[:3])
    for number in ids[2:4]:
        alice.command("recallMessage", id=number)
    phone.send(topic, "own")
    assert check_sum(phone) == 6 + 2
    phone.disconnect()
    settled(broker)
    worker = broker.admin("web:1").subscribe("chat/push")
    assert badge_for(worker, broker.user("carol")) == 6 + 2 + 1
    assert badge_for(worker, alice) == 6 + 2 + 2
    assert check_sum(phone.connect()) == 10


def settled(broker):
    """Everything written so far is in the database: a message sent now is, and frames keep their order."""
    fence = broker.user("dave")
    fence.send("admin", "fence")
    fence.disconnect()
    with contextlib.closing(sqlite3.connect(broker.database)) as database:
        while not database.execute("SELECT 1 FROM message WHERE body = '\"text\":\"fence\"}'").fetchone():
            pass


# ---- markRead


def test_notices_can_be_marked_as_read_and_count_nowhere(broker, alice, bob):
    alice.group("Private", "g1", ["bob"])
    other = broker.user("bob", "web:1")
    last = newest(bob, to="@system")
    bob.command("markRead", to="@system")
    event = other.event("unread")
    assert event == {"event": "unread", "to": "@system", "unread": 0, "totalUnread": 0, "readID": last}
    assert check_sum(bob) == 0


def test_the_event_unread_says_what_the_list_says(broker, alice, bob):
    topic = alice.group("Public", "g1", ["bob"])
    other = broker.user("bob", "web:1")
    alice.send_many(topic, ["a", "b", "c"])
    alice.send("bob", "d")
    ids = [m["id"] for m in history(bob, group="g1") if "text" in m]
    alice.command("recallMessage", id=ids[2])
    bob.command("markRead", group="g1", id=ids[0])
    event = other.event("unread", group="g1")
    found = entry(bob, "group:g1")
    assert event == {
        "event": "unread",
        "group": "g1",
        "unread": found["unread"],
        "totalUnread": total(bob),
        "readID": found["readID"],
    }
    assert (event["unread"], event["totalUnread"], event["readID"]) == (1, 2, ids[0])


def test_marking_what_is_read_tells_nobody(broker, alice, bob):
    alice.send_many("bob", ["a", "b"])
    bob.command("markRead", to="alice")
    other = broker.user("bob", "web:1")
    alice.event("read")
    bob.command("markRead", to="alice")
    bob.command("markRead", to="alice", id=newest(bob, to="alice") - 1)

    def told(message):
        return message.get("event") in ("read", "unread")

    assert alice.silent(told) == other.silent(told) == []


def test_a_read_position_beyond_the_newest_is_the_newest(alice, bob):
    alice.send("bob", "a")
    bob.command("markRead", to="alice", id=SAFE_INTEGER_MAX)
    assert entry(bob, "alice")["readID"] == newest(bob, to="alice")
    alice.send("bob", "b")
    assert entry(bob, "alice")["unread"] == check_sum(bob) == 1


def test_a_position_between_two_messages_reads_the_first(broker, alice, bob):
    alice.send("bob", "a")
    first = newest(bob, to="alice")
    broker.user("carol").send("bob", "between")
    alice.send("bob", "b")
    bob.command("markRead", to="alice", id=first + 1)
    found = entry(bob, "alice")
    assert (found["unread"], found["readID"]) == (1, first + 1)


# ---- the same for everybody who looks


def busy_life(broker, alice, bob):
    """Something of everything in bob's list."""
    topic = alice.group("Public", "g1", ["bob", "carol"])
    room = alice.group("ChatRoom", "g2", ["bob"])
    partners(broker, "p1", "p2", "p3")
    for to in (topic, room, "bob"):
        alice.send_many(to, [{"text": f"m{n}", "at": ["bob"]} if n == 1 else f"m{n}" for n in range(4)])
    bob.send(topic, "own")
    pin(bob, "p1", "group:g2")
    for name in ("alice", "group:g1"):
        ids = [m["id"] for m in history(bob, **where_of(name)) if "text" in m]
        alice.command("recallMessage", id=ids[3])
        bob.command("deleteMessages", ids=[ids[2]])
        bob.command("markRead", **where_of(name), id=ids[0])
    bob.command("deleteMessages", ids=[newest(bob, group="g2")])
    bob.command("deleteConversation", to="p2")
    assert names(bob) == ["group:g2", "p1", "group:g1", "alice", "p3"]
    return conversations(bob)


def test_a_fresh_device_sees_what_the_first_one_sees(broker, alice, bob):
    seen = busy_life(broker, alice, bob)
    fresh = broker.user("bob", "web:1")
    assert list(conversations(fresh).items()) == list(seen.items())
    assert check_sum(fresh) == check_sum(bob)


@pytest.mark.parametrize("kill", [False, True], ids=["restart", "kill"])
def test_the_list_is_the_same_after_the_broker_has_started_again(broker, alice, bob, kill):
    seen = busy_life(broker, alice, bob)
    count = check_sum(bob)
    broker.restart(kill=kill)
    fresh = broker.user("bob", "web:1")
    assert list(conversations(fresh).items()) == list(seen.items()) and check_sum(fresh) == count


def test_the_list_is_the_same_while_the_store_cannot_write_and_afterwards(broker, alice, bob):
    broker.user("dave").send("bob", "old")
    broker.restart()
    for user in (alice, bob):
        user.connect()
    with stalled_store(broker):
        seen = busy_life_and_old(broker, alice, bob)
        count = check_sum(bob)
    settled(broker)
    assert list(conversations(bob).items()) == list(seen.items()) and check_sum(bob) == count


def busy_life_and_old(broker, alice, bob):
    bob.command("deleteConversation", to="dave")
    return busy_life(broker, alice, bob)


def test_the_list_follows_what_retention_takes(broker, alice, bob):
    """Some has gone before, more goes while the broker runs: what an answer found out holds until then."""
    alice.send_many("bob", ["m1", {"text": "m2", "at": ["bob"]}])
    bob.send_many("alice", ["own 1", "own 2"])
    alice.send_many("bob", ["m3", {"text": "m4", "at": ["bob"]}])
    bob.send("alice", "own 3")
    alice.send_many("bob", ["m5", "m6"])
    ids = {m["text"]: m["id"] for m in history(bob, to="alice")}
    bob.command("deleteMessages", ids=[ids["m6"]])
    assert broker.stop() == 0
    settings = broker.folder / "settings"
    settings.write_text("retention_days 0\n")
    broker.options["settings_file"] = settings
    with contextlib.closing(sqlite3.connect(broker.database)) as database:
        with database:
            database.execute("DELETE FROM message WHERE id <= ?", (ids["m1"],))
            database.execute("UPDATE message SET time = time - 864000000 WHERE id <= ?", (ids["m4"],))
        broker.start()
        bob.connect()
        found = entry(bob, "alice")
        assert (found["unread"], found["atMe"], check_sum(bob)) == (4, True, 4)
        settings.write_text("retention_days 7\n")
        broker.reload()
        while database.execute("SELECT count(*) FROM message WHERE id <= ?", (ids["m4"],)).fetchone()[0]:
            pass
    deadline = time.monotonic() + PATIENCE
    while (found := entry(bob, "alice"))["unread"] != 1 and time.monotonic() < deadline:
        pass  # the plugin is told a moment later
    assert (found["unread"], found["atMe"], check_sum(bob)) == (1, False, 1)
    assert found["lastMessage"]["text"] == "m5"
    bob.command("markRead", to="alice", id=ids["m5"])
    assert check_sum(bob) == 0
    bob.command("markRead", to="alice", id=ids["m5"])
    assert check_sum(bob) == 0


def test_own_messages_that_retention_has_taken_are_not_counted_as_others(broker, alice, bob):
    """The read position is before them, and the message that is marked is soon after them."""
    bob.send_many("alice", [f"old {n}" for n in range(6)])
    alice.send("bob", "m1")
    bob.send_many("alice", [f"own {n}" for n in range(20)])
    alice.send("bob", "m2")
    ids = {m["text"]: m["id"] for m in history(bob, to="alice")}
    assert broker.stop() == 0
    with contextlib.closing(sqlite3.connect(broker.database)) as database, database:
        database.execute("DELETE FROM message WHERE id <= ?", (ids["old 5"],))
    broker.start()
    bob.connect()
    assert check_sum(bob) == 2
    bob.command("markRead", to="alice", id=ids["m1"])
    assert check_sum(bob) == 1
