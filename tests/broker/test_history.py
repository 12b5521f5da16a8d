# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""getHistory: what was said in a conversation, for those who may see it."""
import contextlib
import json
import sqlite3
import time

import pytest

from harness.settings import PATIENCE
from harness.user import ChatError
from harness.views import conversations, history, pages_back, pages_on, stalled_store, sync_all, texts

BEYOND = 2**53


@pytest.fixture
def alice(broker):
    broker.create("bob", "carol", "admin")
    return broker.user("alice")


def ids_of(messages):
    return [message["id"] for message in messages]


def numbered(first, last):
    return [f"m{number}" for number in range(first, last + 1)]


# ---- what is given


def test_both_sides_of_a_pair_see_the_same_messages_in_the_order_of_their_ids(broker, alice):
    bob = broker.user("bob")
    alice.send("bob", "one")
    bob.send("alice", "two")
    alice.send("bob", "three")
    of_alice = alice.command("getHistory", to="bob")
    assert texts(of_alice["messages"]) == ["one", "two", "three"] and of_alice["complete"] is True
    assert ids_of(of_alice["messages"]) == sorted(ids_of(of_alice["messages"]))
    assert bob.command("getHistory", to="alice") == of_alice


def test_a_message_is_given_byte_for_byte_as_it_was_delivered(broker, alice):
    bob = broker.raw()
    bob.login("bob")
    bob.subscribe("chat/user/bob/#")
    alice.send("bob", '{"n":1.50, "text":"\\u00e9\\/\u4f60", "x" : [ {} ], "random": 5}')
    delivered = bob.next_message().payload
    bob.publish("$CONTROL/chat/v1", {"commands": [{"command": "getHistory", "to": "alice"}]})
    response = bob.next_message().payload
    assert delivered in response and json.loads(response)


def test_plain_text_is_given_as_it_was_delivered(broker, alice):
    bob = broker.user("bob").subscribe("chat/user/bob/#")
    alice.send("bob", 'say "hi" \\ \n\t')
    assert bob.command("getHistory", to="alice")["messages"] == [bob.content().data]


def test_a_pair_that_never_wrote_has_an_empty_history(alice):
    assert alice.command("getHistory", to="bob") == {"messages": [], "complete": True}


def test_onlineOnly_messages_are_not_in_it(alice):
    alice.send("bob", {"text": "now", "onlineOnly": True})
    alice.send("bob", "kept")
    assert texts(history(alice, to="bob")) == ["kept"]


def test_tips_are_in_the_history_of_their_group(broker, alice):
    topic = alice.group("Public", "g1", ["bob"])
    alice.send(topic, "a")
    alice.command("setGroupInfo", groupID="g1", groupName="new")
    found = history(alice, group="g1")
    assert [m.get("text") or m["tips"]["type"] for m in found[-2:]] == ["a", "info"]
    assert history(broker.user("bob"), group="g1") == found


def test_notices_are_the_conversation_with_the_server(broker, alice):
    alice.group("Private", "g1", ["bob"])
    bob = broker.user("bob")
    found = history(bob, to="@system")
    assert [m["notice"]["type"] for m in found] == ["invited"]
    assert (found[0]["sender"], found[0]["to"]) == ("@system", "bob")
    assert history(alice, to="@system") == []


def test_history_does_not_mark_as_read(broker, alice):
    alice.send("bob", "a")
    bob = broker.user("bob")
    history(bob, to="alice")
    assert bob.command("getUnread")["totalUnread"] == 1


# ---- pages


def test_20_are_given_unless_told_and_at_most_100(alice):
    alice.send_many("bob", numbered(1, 120))
    page = alice.command("getHistory", to="bob")
    assert texts(page["messages"]) == numbered(101, 120) and page["complete"] is False
    assert len(alice.command("getHistory", to="bob", limit=100)["messages"]) == 100
    assert alice.code("getHistory", to="bob", limit=101) == 10004


def test_pages_backwards_and_forwards_have_every_message_once(alice):
    alice.send_many("bob", numbered(1, 53))
    assert texts(history(alice, limit=7, to="bob")) == numbered(1, 53)
    forwards = [m for page in pages_on(alice, limit=7, to="bob") for m in page]
    assert texts(forwards) == numbered(1, 53)


def test_a_last_page_that_is_exactly_full_is_complete(alice):
    alice.send_many("bob", numbered(1, 10))
    for fields in ({}, {"after": 0}):
        page = alice.command("getHistory", to="bob", limit=10, **fields)
        assert texts(page["messages"]) == numbered(1, 10) and page["complete"] is True


def test_pages_backwards_do_not_move_while_new_messages_arrive(broker, alice):
    bob = broker.user("bob")
    alice.send_many("bob", numbered(1, 30))
    seen = []
    for number, page in enumerate(pages_back(alice, limit=4, to="bob")):
        seen = texts(page) + seen
        bob.send("alice", f"late {number}")
    assert seen == numbered(1, 30)


def test_pages_forwards_come_to_the_messages_that_arrive_meanwhile(broker, alice):
    bob = broker.user("bob")
    alice.send_many("bob", numbered(1, 12))
    seen = []
    for page in pages_on(alice, limit=5, to="bob"):
        seen += texts(page)
        if len(seen) < 14:
            bob.send("alice", f"late {len(seen)}")
    assert seen == numbered(1, 12) + ["late 5", "late 10"]


def test_after_and_before_together_give_the_newest_in_between(alice):
    alice.send_many("bob", numbered(1, 10))
    ids = ids_of(history(alice, to="bob"))
    page = alice.command("getHistory", to="bob", after=ids[1], before=ids[8])
    assert texts(page["messages"]) == numbered(3, 8) and page["complete"] is True
    page = alice.command("getHistory", to="bob", after=ids[1], before=ids[8], limit=2)
    assert texts(page["messages"]) == numbered(7, 8) and page["complete"] is False


@pytest.mark.parametrize("after,before", [(3, 3), (5, 2), (3, 4)])
def test_nothing_lies_between_ids_that_leave_no_room(alice, after, before):
    alice.send_many("bob", numbered(1, 6))
    ids = ids_of(history(alice, to="bob"))
    page = alice.command("getHistory", to="bob", after=ids[after], before=ids[before])
    assert page == {"messages": [], "complete": True}


def test_ids_at_the_edges_are_fine(alice):
    alice.send_many("bob", numbered(1, 3))
    assert texts(alice.command("getHistory", to="bob", before=BEYOND - 1)["messages"]) == numbered(1, 3)
    assert texts(alice.command("getHistory", to="bob", after=0)["messages"]) == numbered(1, 3)
    for fields in ({"before": 0}, {"before": 1}, {"after": BEYOND - 1}):
        assert alice.command("getHistory", to="bob", **fields) == {"messages": [], "complete": True}


def test_an_id_of_another_conversation_is_a_position_like_any_other(broker, alice):
    carol = broker.user("carol")
    alice.send("bob", "before")
    carol.send("bob", "elsewhere")
    alice.send("bob", "after")
    elsewhere = carol.synced()[0]["id"]
    assert texts(alice.command("getHistory", to="bob", before=elsewhere)["messages"]) == ["before"]
    assert texts(alice.command("getHistory", to="bob", after=elsewhere)["messages"]) == ["after"]


@pytest.mark.parametrize("way", ["back", "on"])
def test_an_answer_is_cut_at_256_KiB_and_says_so(alice, way):
    alice.send_many("bob", ["x" * 12000] * 60)
    pages = list((pages_back if way == "back" else pages_on)(alice, to="bob"))
    assert all(1 <= len(page) < 30 for page in pages) and len(pages) >= 3
    ids = [i for page in (reversed(pages) if way == "back" else pages) for i in ids_of(page)]
    assert len(ids) == 60 and ids == sorted(set(ids))


@pytest.mark.options(max_message_bytes=1048576)
@pytest.mark.parametrize("way", ["back", "on"])
def test_at_least_one_message_is_given_however_long(alice, way):
    alice.send_many("bob", ["x" * 400000, "y" * 400000, "z"])
    pages = list((pages_back if way == "back" else pages_on)(alice, to="bob"))
    assert sorted(len(page) for page in pages) in ([1, 1, 1], [1, 2])


# ---- who may see what


@pytest.mark.parametrize("kind,seen", [("Private", []), ("Public", []), ("ChatRoom", ["before"])])
def test_what_was_said_before_joining_is_there_by_the_groups_type(broker, alice, kind, seen):
    topic = alice.group(kind, "g1", inviteOpt="FreeAccess") if kind != "Private" else alice.group(kind, "g1")
    alice.send(topic, "before")
    alice.command("inviteGroupMember", groupID="g1", members=["bob"])
    alice.send(topic, "after")
    bob = broker.user("bob")
    assert texts(history(bob, group="g1")) == [*seen, "after"]
    assert texts(m for page in pages_on(bob, group="g1") for m in page) == [*seen, "after"]


def invite(owner, *names):
    owner.command("inviteGroupMember", groupID="g1", members=list(names))


@pytest.mark.parametrize("kind,seen", [("Private", ["third"]), ("ChatRoom", ["first", "second", "third"])])
def test_who_left_and_came_back_sees_it_as_if_he_joined_for_the_first_time(broker, alice, kind, seen):
    topic = alice.group(kind, "g1", ["bob"], **({} if kind == "Private" else {"inviteOpt": "FreeAccess"}))
    bob = broker.user("bob")
    alice.send(topic, "first")
    bob.command("quitGroup", groupID="g1")
    alice.send(topic, "second")
    assert bob.code("getHistory", group="g1") == 10007
    invite(alice, "bob")
    alice.send(topic, "third")
    assert texts(history(bob, group="g1")) == seen


def test_who_was_kicked_sees_nothing_any_more(broker, alice):
    topic = alice.group("Public", "g1", ["bob"])
    alice.send(topic, "a")
    bob = broker.user("bob")
    assert texts(history(bob, group="g1")) == ["a"]
    alice.command("deleteGroupMember", groupID="g1", members=["bob"])
    assert bob.code("getHistory", group="g1") == 10007


@pytest.mark.parametrize("kind", ["Private", "Public", "ChatRoom", "AVChatRoom"])
def test_who_is_no_member_sees_nothing_of_a_group(broker, alice, kind):
    alice.group(kind, "g1")
    assert broker.user("bob").code("getHistory", group="g1") == 10007


def test_a_group_that_is_not_there_and_one_that_was_dismissed_look_the_same(broker, alice):
    topic = alice.group("Public", "g1", ["bob"])
    alice.send(topic, "a")
    alice.command("dismissGroup", groupID="g1")
    bob = broker.user("bob")
    assert bob.request("getHistory", group="g1")["code"] == 10010
    assert bob.request("getHistory", group="g2")["code"] == 10010


@pytest.mark.parametrize("kind", ["Private", "Public", "ChatRoom"])
def test_an_app_admin_reads_every_group_without_being_a_member(broker, alice, kind):
    topic = alice.group(kind, "g1")
    alice.send(topic, "a")
    assert texts(history(broker.admin(), group="g1")) == ["a"]


def test_an_app_admin_who_joins_a_group_still_reads_what_was_before(broker, alice):
    alice.send(alice.group("Private", "g1"), "before")
    admin = broker.admin()
    admin.command("joinGroup", groupID="g1")
    assert texts(history(admin, group="g1")) == ["before"]
    admin.command("deleteConversation", group="g1")
    assert history(admin, group="g1") == []


def test_an_app_admin_does_not_read_other_peoples_private_messages(broker, alice):
    alice.send("bob", "secret")
    admin = broker.admin()
    assert history(admin, to="alice") == history(admin, to="bob") == []
    assert admin.synced() == []


def test_nothing_tells_a_pair_of_others_from_no_pair_at_all(broker, alice):
    alice.send("bob", "secret")
    carol = broker.user("carol")
    assert carol.command("getHistory", to="alice") == carol.command("getHistory", to="admin")


@pytest.mark.parametrize(
    "fields,code,name",
    [
        ({}, 10004, "to, group"),
        ({"to": "bob", "group": "g1"}, 10004, "to, group"),
        ({"to": 5}, 10004, "to"),
        ({"to": "b b"}, 10004, "to"),
        ({"to": "@other"}, 10004, "to"),
        ({"to": "nobody"}, 20003, ""),
        ({"to": "alice"}, 20003, ""),
        ({"group": "nothing"}, 10010, ""),
        ({"group": "a b"}, 10015, ""),
        ({"group": ["g1"]}, 10004, "group"),
        *(
            ({"to": "bob", field: value}, 10004, field)
            for field in ("before", "after")
            for value in (-1, BEYOND, 1e300, 1.5, "5", None, True, [])
        ),
        *(({"to": "bob", "limit": value}, 10004, "limit") for value in (0, -1, 101, 1.5, "x", None)),
    ],
)
def test_a_wrong_field_is_refused(alice, fields, code, name):
    alice.send("bob", "a")
    response = alice.request("getHistory", **fields)
    assert response.get("code") == code and name in response["error"]


# ---- live groups


@pytest.fixture
def room(alice):
    return alice.group("AVChatRoom", "live")


def test_a_live_group_gives_its_last_messages_from_memory(broker, alice, room):
    alice.send_many(room, numbered(1, 25))
    bob = broker.user("bob").subscribe(room)
    page = bob.command("getHistory", group="live")
    assert texts(page["messages"]) == numbered(6, 25) and page["complete"] is True
    assert bob.contents("m25")[-1].data == page["messages"][-1]


def test_a_limit_leaves_the_newest_of_a_live_group_and_says_so(alice, room):
    alice.send_many(room, numbered(1, 5))
    page = alice.command("getHistory", group="live", limit=2)
    assert texts(page["messages"]) == numbered(4, 5) and page["complete"] is False


@pytest.mark.options(live_history=50)
def test_256_KiB_of_a_live_group_are_its_newest_messages(alice, room):
    alice.send_many(room, [f"{number:02}" + "x" * 12000 for number in range(40)])
    page = alice.command("getHistory", group="live", limit=100)
    seen = [m["text"][:2] for m in page["messages"]]
    assert 15 < len(seen) < 30 and seen == [f"{n:02}" for n in range(40 - len(seen), 40)]
    assert page["complete"] is False


@pytest.mark.options(live_history=0)
def test_a_live_group_without_live_history_has_none(alice, room):
    alice.send(room, "a")
    assert alice.command("getHistory", group="live") == {"messages": [], "complete": True}


def test_a_live_group_forgets_with_the_broker(broker, alice, room):
    alice.send(room, "a")
    broker.restart()
    alice.connect()
    assert alice.command("getHistory", group="live")["messages"] == []


# ---- what was said a moment ago, and long ago


def test_history_has_what_was_acknowledged_a_moment_ago(broker, alice):
    bob = broker.user("bob")
    for number in range(1, 60):
        alice.send("bob", f"m{number}")
        assert texts(bob.command("getHistory", to="alice", limit=2)["messages"])[-1] == f"m{number}"


def test_history_has_everything_while_the_store_cannot_write(broker, alice):
    bob = broker.user("bob")
    alice.send_many("bob", numbered(1, 20))
    broker.restart()
    alice.connect(), bob.connect()
    with stalled_store(broker):
        alice.send_many("bob", numbered(21, 40))
        assert texts(history(bob, limit=7, to="alice")) == numbered(1, 40)
        assert texts(m for page in pages_on(bob, limit=7, to="alice") for m in page) == numbered(1, 40)
        ids = ids_of(history(bob, to="alice"))
        between = bob.command("getHistory", to="alice", after=ids[15], before=ids[25])["messages"]
        assert texts(between) == numbered(17, 25)


def test_a_new_pair_and_a_new_group_have_a_history_while_the_store_cannot_write(broker, alice):
    bob = broker.user("bob")
    with stalled_store(broker):
        alice.send("bob", "a")
        alice.send(alice.group("Private", "g1", ["bob"]), "b")
        assert texts(history(bob, to="alice")) == ["a"]
        assert texts(history(bob, group="g1")) == ["b"]


@pytest.mark.parametrize("kill", [False, True], ids=["restart", "kill"])
def test_history_is_the_same_after_the_broker_was_away(broker, alice, kill):
    bob = broker.user("bob")
    topic = alice.group("Private", "g1", ["bob"])
    alice.send_many("bob", numbered(1, 30))
    alice.send_many(topic, numbered(1, 30))
    before = history(bob, to="alice"), history(bob, group="g1"), history(bob, to="@system")
    broker.restart(kill=kill)
    bob.connect()
    assert (history(bob, to="alice"), history(bob, group="g1"), history(bob, to="@system")) == before
    assert texts(before[0]) == texts(before[1]) == numbered(1, 30)


def test_many_histories_in_one_request_are_answered_in_order(alice):
    alice.send_many("bob", numbered(1, 3))
    topic = alice.group("Private", "g1")
    alice.send(topic, "group")
    commands = [{"command": "getHistory", "to": "bob"}, {"command": "getHistory", "group": "g1"}]
    alice.start_publish("$CONTROL/chat/v1", {"commands": commands})
    found = alice.wait(lambda m: m.get("responses")).data["responses"]
    assert [texts(r["data"]["messages"]) for r in found] == [numbered(1, 3), ["group"]]


def test_a_refused_history_has_no_data(alice):
    with pytest.raises(ChatError):
        alice.command("getHistory", to="nobody")
    assert "data" not in alice.request("getHistory", to="nobody")


# ---- what has become too old


def age(broker, user, last):
    """Makes everything up to this id too old, and returns when it has been removed."""
    assert broker.stop() == 0
    with contextlib.closing(sqlite3.connect(broker.database)) as database, database:
        database.execute("UPDATE message SET time = time - 8 * 86400000 WHERE id <= ?", [last])
    broker.start()
    user.connect()
    deadline = time.monotonic() + PATIENCE
    while min(ids_of(sync_all(user))) <= last and time.monotonic() < deadline:
        time.sleep(0.05)


@pytest.fixture
def aged(broker, alice):
    """carol's three messages to bob are too old and have been removed, alice's two, which are younger, have not."""
    bob, carol = broker.user("bob"), broker.user("carol")
    carol.send_many("bob", numbered(1, 3))
    last = bob.synced()[-1]["id"]
    alice.send_many("bob", numbered(4, 5))
    age(broker, bob, last)
    return bob


def test_what_is_too_old_is_gone_from_history_and_sync(aged):
    assert history(aged, to="carol") == []
    assert texts(sync_all(aged)) == texts(history(aged, to="alice")) == numbered(4, 5)


def test_a_conversation_of_which_everything_is_too_old_is_not_in_the_list(aged):
    assert list(conversations(aged)) == ["alice"]


def test_what_is_too_old_is_not_unread(aged):
    assert aged.command("getUnread")["totalUnread"] == 2


@pytest.mark.parametrize("read", [0, 2, 5])
def test_unread_is_what_is_left_of_it_as_messages_become_too_old(broker, alice, read):
    """Own ones, recalled and deleted ones among them, and a tip; whatever was read before."""
    bob = broker.user("bob")
    topic = alice.group("Private", "g1", ["bob"])
    for number in range(1, 9):
        (bob if number in (3, 6) else alice).send(topic, f"m{number}")
    alice.command("setGroupInfo", groupID="g1", groupName="new")
    alice.send(topic, "m9")
    ids = {m["text"]: m["id"] for m in history(bob, group="g1") if "text" in m}
    alice.command("recallMessage", id=ids["m2"])
    alice.command("recallMessage", id=ids["m7"])
    bob.command("deleteMessages", ids=[ids["m1"], ids["m8"]])
    if read:
        bob.command("markRead", group="g1", id=ids[f"m{read}"])
    unread = {4, 5, 9}
    for gone in (0, 1, 3, 4, 6, 8):
        if gone:
            age(broker, bob, ids[f"m{gone}"])
        expected = len([number for number in unread if number > max(read, gone)])
        assert bob.command("getUnread")["totalUnread"] == expected, f"m{gone} and before are too old"
    bob.command("markRead", group="g1", id=ids["m8"])
    assert bob.command("getUnread")["totalUnread"] == 1
    bob.command("markRead", group="g1")
    assert bob.command("getUnread")["totalUnread"] == 0
