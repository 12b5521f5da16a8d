# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""importMessages: what was written elsewhere is in history, sync and the list, and nobody is given it."""
import contextlib
import json
import sqlite3
import time

import pytest

from harness.broker import Broker
from harness.settings import PATIENCE
from harness.views import conversations, history, pages_on, sync_all, texts, where_of
from test_everything import item
from test_push import with_token, worker

DAY = 86400000


def now():
    return int(time.time() * 1000)


LONG_AGO = now() - 400 * DAY


@pytest.fixture
def admin(broker):
    broker.create("alice", "bob", "carol")
    return broker.admin()


def written(sender, to, text, when, **more):
    where = {"group": to.removeprefix("group:")} if to.startswith("group:") else {"to": to}
    return {"sender": sender, **where, "time": when, "text": text, **more}


def talk(count, sender="alice", to="bob", begin=LONG_AGO, step=60000):
    return [written(sender, to, f"m{n}", begin + n * step) for n in range(count)]


def bring(admin, messages, **fields):
    """Imports them; their places."""
    out = []
    for at in range(0, len(messages), 100):
        out += admin.command("importMessages", messages=messages[at : at + 100], **fields)["messages"]
    return out


def refused(admin, messages, code, index, *words, **fields):
    response = admin.request("importMessages", messages=messages, **fields)
    assert (response.get("code"), response.get("index")) == (code, index), response
    assert all(word in response["error"] for word in words), response


def ask(broker, sql):
    with contextlib.closing(sqlite3.connect(broker.database, timeout=PATIENCE)) as db:
        return db.execute(sql).fetchall()


# ---- where they are


def test_a_pair_has_them_in_history_sync_and_list_as_they_were_sent_there(broker, admin):
    places = bring(admin, [
        written("alice", "bob", "hello", LONG_AGO, random=7, extra={"kept": [1, 2]}),
        written("bob", "alice", "hi", LONG_AGO + 1000),
    ])
    assert [p["seq"] for p in places] == [1, 2] and places[0]["id"] < places[1]["id"]
    wanted = [
        {**places[0], "sender": "alice", "to": "bob", "time": LONG_AGO, "text": "hello", "random": 7, "extra": {"kept": [1, 2]}},
        {**places[1], "sender": "bob", "to": "alice", "time": LONG_AGO + 1000, "text": "hi"},
    ]
    for name, other in (("alice", "bob"), ("bob", "alice")):
        user = broker.user(name)
        assert history(user, to=other) == wanted
        assert sync_all(user) == wanted
        assert conversations(user)[other]["lastMessage"] == wanted[1]


@pytest.mark.parametrize("kind", ["Private", "Public", "ChatRoom"])
def test_a_group_of_any_stored_type_has_them(broker, admin, kind):
    alice = broker.user("alice")
    alice.group(kind, "g1", ["bob"] if kind != "ChatRoom" else [])
    places = bring(admin, [written("carol", "group:g1", "from outside", LONG_AGO)])
    found = history(alice, group="g1")[-1]
    assert found == {**places[0], "sender": "carol", "group": "g1", "time": LONG_AGO, "text": "from outside"}
    assert texts(sync_all(alice)) == ["from outside"]
    assert conversations(alice)["group:g1"]["lastMessage"]["text"] == "from outside"


def test_ids_rise_in_the_order_of_arrival(broker, admin):
    first = bring(admin, [written("alice", "bob", "newer", LONG_AGO + DAY)])[0]["id"]
    live = broker.user("carol").send("alice", "live")
    second = bring(admin, [written("alice", "carol", "imported after all", now())])[0]["id"]
    ids = [m["id"] for m in sync_all(broker.user("alice"))]
    assert len(ids) == 3 and ids == sorted(ids) and (ids[0], ids[2]) == (first, second)


def test_content_of_every_kind_and_its_bytes_stay(broker, admin):
    text = '{"command":"importMessages","messages":[{"sender":"alice" , "to":"bob","time":%d,' % LONG_AGO
    text += ' "image" : {"url":"http://x/\\u00e4.png", "width":1e1} , "more":[ 1 ]}]}'
    admin.start_publish("$CONTROL/chat/v1", '{"commands":[%s]}' % text)
    admin.wait(lambda m: m.get("responses") is not None, "no response")
    with contextlib.closing(sqlite3.connect(broker.database, timeout=PATIENCE)) as db:
        end = time.monotonic() + PATIENCE
        while not (rows := db.execute("SELECT body FROM message").fetchall()) and time.monotonic() < end:
            time.sleep(0.01)
    assert rows == [('"image" : {"url":"http://x/\\u00e4.png", "width":1e1},"more":[ 1 ]}',)]


# ---- who hears of them


def test_nobody_is_given_them_now_or_by_a_replay(broker, admin):
    bob = broker.user("bob", "ios:1").subscribe("chat/user/bob/#")
    away = broker.user("bob", "web:1").subscribe("chat/user/bob/#")
    away.disconnect()
    bring(admin, talk(20))
    bring(admin, talk(20, begin=LONG_AGO + DAY), unread=True)
    assert bob.silent() == []
    broker.user("carol").send("bob", "live")
    assert [m.data["text"] for m in bob.contents("live")] == ["live"]
    away.connect().subscribe("chat/user/bob/#")
    assert [m.data["text"] for m in away.contents("live")] == ["live"]
    new = broker.user("alice", "android:new").subscribe("chat/user/alice/#")
    broker.user("carol").send("alice", "live")
    assert [m.data["text"] for m in new.contents("live")] == ["live"]


@pytest.mark.parametrize("filter", ["chat/user/bob/#", "chat/group/g1"])
def test_a_replay_brings_what_is_between_them(broker, admin, filter):
    alice = broker.user("alice")
    alice.group("Public", "g1", ["bob"])
    for number in range(3):
        bring(admin, talk(1, to="group:g1", begin=now()), unread=number == 1)
        alice.send("chat/group/g1", f"live {number}")
    bob = broker.user("bob").subscribe(filter)
    assert [m.data["text"] for m in bob.contents("live 2")] == ["live 0", "live 1", "live 2"]


def test_they_count_for_no_replay_limit(broker_factory):
    broker = broker_factory(replay_limit=10)
    broker.create("alice", "bob")
    admin = broker.admin()
    bring(admin, talk(2100))  # more than are looked at one by one
    bring(admin, talk(40, begin=LONG_AGO + 10 * DAY), unread=True)
    alice = broker.user("alice")
    alice.send_many("bob", [f"live {n}" for n in range(10)])
    bob = broker.user("bob").subscribe("chat/user/bob/#")
    assert [m.data["text"] for m in bob.contents("live 9")] == [f"live {n}" for n in range(10)]
    assert not bob.pending(lambda m: m.get("event") == "more")


def test_they_are_not_pushed_and_leave_no_job_when_a_device_goes(broker, admin):
    workers = worker(broker)
    phone = with_token(broker, "bob").connect()
    phone.subscribe("chat/user/bob/#")
    bring(admin, talk(3))
    phone.disconnect()
    bring(admin, talk(3, begin=LONG_AGO + DAY), unread=True)
    with_token(broker, "carol")
    broker.user("alice").send("carol", "this one is")
    found = workers.wait(lambda m: m.get("job") is not None, "no job")
    assert found.data["userID"] == "carol" and not workers.pending(lambda m: m.get("job") is not None)
    assert ask(broker, "SELECT count(*) FROM push_job WHERE user = 'bob'") == [(0,)]


def test_the_feed_of_everything_has_none_of_them_now_or_by_a_replay(broker, admin):
    listener = broker.admin("other:feed").subscribe("chat/feed")
    bring(admin, talk(3))
    broker.user("alice").send("bob", "first")
    item(listener, "message")
    listener.disconnect()
    bring(admin, talk(3, begin=now()), unread=True)
    broker.user("alice").send("bob", "second")
    listener.connect().subscribe("chat/feed")
    assert item(listener, "message")["message"]["text"] == "second"


# ---- read and unread


def test_by_default_they_are_read(broker, admin):
    places = bring(admin, talk(5))
    bob = broker.user("bob")
    entry = conversations(bob)["alice"]
    assert (entry["unread"], entry["readID"], entry["atMe"]) == (0, places[-1]["id"], False)
    broker.user("alice").send("bob", "live")
    entry = conversations(bob)["alice"]
    assert (entry["unread"], entry["readID"]) == (1, places[-1]["id"])
    assert bob.command("getUnread")["totalUnread"] == 1


def test_with_unread_they_count_for_all_but_their_sender(broker, admin):
    alice = broker.user("alice")
    alice.group("Public", "g1", ["bob"])
    bring(admin, talk(5, to="group:g1"))
    bring(admin, [
        written("alice", "group:g1", "look", LONG_AGO + DAY, at=["bob"]),
        written("carol", "group:g1", "who is no member", LONG_AGO + DAY),
        written("alice", "group:g1", "quiet", LONG_AGO + DAY, noUnread=True),
    ], unread=True)
    bob = broker.user("bob")
    assert [conversations(u)["group:g1"]["unread"] for u in (alice, bob)] == [1, 2]
    assert [conversations(u)["group:g1"]["atMe"] for u in (alice, bob)] == [False, True]
    bob.command("markRead", group="g1")
    alice.send("chat/group/g1", "live")
    assert conversations(bob)["group:g1"]["unread"] == 1


def test_what_was_unread_before_them_stays_unread(broker, admin):
    broker.user("alice").send("bob", "live")
    bring(admin, talk(3, begin=now()))
    assert conversations(broker.user("bob"))["alice"]["unread"] == 1


def test_receipts_of_imported_messages_say_that_all_have_read_them(broker, admin):
    alice = broker.user("alice")
    alice.group("Public", "g1", ["bob", "carol"])
    read = bring(admin, talk(1, to="group:g1"))[0]["id"]
    unread = bring(admin, talk(1, to="group:g1", begin=LONG_AGO + DAY), unread=True)[0]["id"]
    broker.user("bob").command("markRead", group="g1")
    found = alice.command("getReadReceipts", group="g1", ids=[read, unread])["receipts"]
    assert found == [{"id": read, "read": 2, "unread": 0}, {"id": unread, "read": 1, "unread": 1}]
    assert alice.command("getMessageReaders", group="g1", id=read)["users"] == ["bob", "carol"]


# ---- what is refused: those before it are done


def test_the_order_of_time_is_kept_by_the_second(broker, admin):
    begin = LONG_AGO // 1000 * 1000
    same_second = [written("alice", "bob", "a", begin + 900), written("alice", "bob", "b", begin + 100)]
    bring(admin, same_second)
    refused(admin, [
        written("alice", "bob", "c", begin + 1000),
        written("alice", "carol", "another conversation has its own order", begin - DAY),
        written("alice", "bob", "d", begin + 999),
        written("alice", "bob", "e", begin + 2000),
    ], 10004, 2, "time", "last message")
    alice = broker.user("alice")
    assert texts(history(alice, to="bob")) == ["a", "b", "c"]
    assert [m["time"] for m in history(alice, to="bob")] == [begin + 900, begin + 100, begin + 1000]
    assert len(history(alice, to="carol")) == 1


def test_nothing_is_imported_before_what_was_written_here(broker, admin):
    broker.user("alice").send("bob", "live")
    refused(admin, talk(1), 10004, 0, "time")
    assert bring(admin, talk(1, begin=now() + 1000))[0]["seq"] == 2


def test_tips_and_notices_and_recalls_do_not_count_as_the_last(broker, admin):
    alice = broker.user("alice")
    alice.group("Public", "g1", ["bob"])
    places = bring(admin, talk(3, to="group:g1"))
    alice.command("setGroupInfo", groupID="g1", notification="a tip of now")
    admin.command("recallMessage", id=places[0]["id"])
    refused(admin, talk(1, to="group:g1"), 10004, 0, "time")
    bring(admin, talk(3, to="group:g1", begin=LONG_AGO + DAY))
    assert texts(history(alice, group="g1")) == ["m1", "m2", "m0", "m1", "m2"]


def test_what_is_more_than_five_minutes_ahead_is_refused(broker, admin):
    refused(admin, [*talk(1), written("alice", "bob", "x", now() + 310000)], 10004, 1, "time")
    bring(admin, [written("alice", "bob", "x", now() + 290000)])
    broker.user("bob").send("alice", "live")
    assert texts(history(broker.user("alice"), to="bob")) == ["m0", "x", "live"]


BAD = [
    (10004, "sender", {"sender": None}),
    (10004, "sender", {"sender": ""}),
    (10004, "sender", {"sender": 7}),
    (10004, "sender", {"sender": "no user id!"}),
    (10004, "sender", {"sender": "a" * 33}),
    (20003, "", {"sender": "nobody"}),
    (10004, "to, group", {"to": None}),
    (10004, "to, group", {"to": ""}),
    (10004, "to", {"to": 7}),
    (10004, "to", {"to": "no user id!"}),
    (20003, "", {"to": "nobody"}),
    (20003, "", {"to": "alice"}),
    (10004, "to, group", {"group": "g1"}),
    (10004, "group", {"to": None, "group": 7}),
    (10010, "", {"to": None, "group": "nowhere"}),
    (10015, "", {"to": None, "group": "no group!"}),
    (10033, "", {"to": None, "group": "live"}),
    (10004, "time", {"time": None}),
    (10004, "time", {"time": 0}),
    (10004, "time", {"time": 1.5}),
    (10004, "time", {"time": "1600000000000"}),
    (10004, "time", {"time": 2**60}),
    (90002, "", {"text": None}),
    (90002, "", {"text": 7}),
    (90002, "", {"image": {"url": "http://x/"}}),
    (90002, "onlineOnly", {"onlineOnly": True}),
    (90002, "", {"random": -1}),
    (90010, "id", {"id": 5}),
    (90010, "tips", {"tips": {}}),
    (93000, "", {"text": "x" * 12288}),
    (10053, "", {"at": [f"u{n}" for n in range(31)]}),
]


@pytest.fixture(scope="module")
def town():
    """Nothing is changed in it but by what is good."""
    broker = Broker().start()
    broker.create("alice", "bob")
    alice = broker.user("alice")
    alice.group("AVChatRoom", "live")
    alice.group("Public", "g1")
    yield broker.admin()
    broker.close()


@pytest.mark.parametrize("number", range(len(BAD)))
def test_a_message_that_is_none_is_refused_by_its_index(town, number):
    code, words, change = BAD[number]
    message = {**written("alice", "bob", "x", now()), **change}
    message = {name: value for name, value in message.items() if value is not None}
    refused(town, [written("alice", "bob", "good", now()), message], code, 1, *words.split(", "))


@pytest.mark.parametrize("fields", [
    {}, {"messages": None}, {"messages": []}, {"messages": {}}, {"messages": "x"}, {"messages": [{}] * 101},
    {"messages": [{}], "unread": 1},
])
def test_a_list_that_is_none_is_refused_as_a_whole(town, fields):
    response = town.request("importMessages", **fields)
    assert response["code"] == 10004 and "index" not in response
    assert ("unread" if "unread" in fields else "messages") in response["error"]


def test_an_item_that_is_no_object_is_refused(town):
    for item in (7, "x", [], None):
        refused(town, [item], 10004, 0, "messages")


def test_only_administrators_import(broker, admin):
    alice = broker.user("alice")
    assert alice.code("importMessages", messages=talk(1)) == 60010
    assert history(alice, to="bob") == []


def test_words_mutes_and_blacklists_do_not_count(broker_factory, tmp_path):
    (tmp_path / "words").write_text("spam\n")
    broker = broker_factory(words_file=tmp_path / "words")
    broker.create("alice", "bob")
    admin = broker.admin()
    broker.user("bob").command("addToBlacklist", userIDs=["alice"])
    admin.command("muteUser", userID="alice", c2cSeconds=1000)
    bring(admin, [written("alice", "bob", "spam", LONG_AGO)])
    assert texts(history(broker.user("bob"), to="alice")) == ["spam"]


# ---- again


def test_the_same_random_is_the_same_message(broker, admin):
    messages = [{**m, "random": 100 + n} for n, m in enumerate(talk(5))]
    first = bring(admin, messages)
    assert bring(admin, messages) == first
    broker.user("carol").send("alice", "of now")
    broker.restart(kill=True)
    admin = broker.admin()
    assert bring(admin, messages) == first
    assert len(history(broker.user("alice"), to="bob")) == 5


def test_after_a_kill_all_that_was_answered_is_there(broker, admin):
    with broker.uncommitted():
        places = bring(admin, talk(150))
        bring(admin, talk(5, to="carol"), unread=True)
        assert [m["id"] for m in history(broker.user("alice"), to="bob")] == [p["id"] for p in places]
        broker.kill()
    broker.start()
    alice = broker.user("alice")
    assert [m["id"] for m in history(alice, to="bob")] == [p["id"] for p in places]
    assert conversations(broker.user("carol"))["alice"]["unread"] == 5
    assert conversations(broker.user("bob"))["alice"]["readID"] == places[-1]["id"]
    new = broker.user("bob", "ios:new").subscribe("chat/user/bob/#")
    assert new.silent() == []


def test_with_a_full_ring_it_says_where_to_go_on(broker_factory):
    broker = broker_factory(ring_bytes=4 << 20)
    broker.create("alice", "bob")
    admin = broker.admin()
    messages = [{**m, "text": "x" * 2000} for m in talk(100)]
    with broker.uncommitted():
        done = 0
        while (response := admin.request("importMessages", messages=messages[done:])).get("code") is None:
            messages = [{**m, "time": m["time"] + DAY} for m in messages]
        assert response["code"] == 10002
        count = len(history(broker.user("alice"), to="bob"))
        assert count % 100 == response["index"]
        broker.user("bob").send("alice", "there is room for messages")
    assert len(history(broker.user("alice"), to="bob")) == count + 1


# ---- by time


def by_time(user, **fields):
    return [m["text"] for m in user.command("getHistory", limit=100, **fields)["messages"] if "text" in m]


def test_history_by_time_finds_its_way_through_them(broker, admin):
    alice = broker.user("alice")
    alice.group("Public", "g1", ["bob"])  # with tips of now
    bring(admin, talk(50, to="group:g1"))
    alice.command("setGroupInfo", groupID="g1", notification="a tip in between")
    bring(admin, talk(50, to="group:g1", begin=LONG_AGO + 50 * 60000))
    alice.send("chat/group/g1", "live")
    every = [f"m{n}" for n in range(50)] * 2
    for number in (0, 1, 37, 49, 50, 98, 99):
        at = LONG_AGO + number * 60000
        after = by_time(alice, group="g1", afterTime=at)
        assert after == [*every[number + 1 :], "live"][: len(after)] and len(after) >= 99 - number, number
        assert by_time(alice, group="g1", beforeTime=at) == every[:number], number
    assert by_time(alice, group="g1", afterTime=LONG_AGO + 101 * 60000) == ["live"]
    assert by_time(alice, group="g1", afterTime=now() + 1000) == []


def test_history_by_time_within_a_second_goes_by_the_order_of_arrival(broker, admin):
    begin = LONG_AGO // 1000 * 1000
    bring(admin, [written("alice", "bob", f"m{n}", begin + at) for n, at in enumerate((0, 900, 300, 600, 1000))])
    alice = broker.user("alice")
    assert by_time(alice, to="bob", afterTime=begin) == ["m1", "m2", "m3", "m4"]
    assert by_time(alice, to="bob", afterTime=begin + 999) == ["m4"]


def test_pages_go_through_all_of_them(broker, admin):
    bring(admin, talk(250))
    alice = broker.user("alice")
    wanted = [f"m{n}" for n in range(250)]
    assert texts(history(alice, to="bob")) == wanted
    assert texts([m for page in pages_on(alice, to="bob") for m in page]) == wanted
    assert texts(sync_all(alice)) == wanted


# ---- what is done to them later


def test_they_are_recalled_edited_and_deleted_like_others(broker, admin):
    alice, bob = broker.user("alice"), broker.user("bob")
    alice.group("Private", "g1", ["bob"])
    places = bring(admin, talk(4, to="group:g1"), unread=True)
    assert alice.code("recallMessage", id=places[0]["id"]) == 10031  # too late: it is old
    admin.command("recallMessage", id=places[0]["id"])
    admin.command("editMessage", id=places[1]["id"], text="edited")
    bob.command("deleteMessages", ids=[places[2]["id"]])
    assert texts(history(bob, group="g1")) == ["edited", "m3"]
    assert conversations(bob)["group:g1"]["unread"] == 2


# ---- age


def test_their_age_counts_from_the_import(broker_factory):
    broker = broker_factory(retention_days=7)
    broker.create("alice", "bob")
    bring(broker.admin(), talk(20))
    broker.user("alice").send("bob", "live")
    assert broker.stop() == 0
    with contextlib.closing(sqlite3.connect(broker.database)) as db, db:
        db.execute(f"UPDATE message SET imported = imported - {8 * DAY} WHERE seq <= 10")
        db.execute("UPDATE clock SET boot_id = ''")
    broker.restart()
    end = time.monotonic() + PATIENCE
    while (found := texts(history(broker.user("alice"), to="bob"))) != [f"m{n}" for n in range(10, 20)] + ["live"]:
        assert time.monotonic() < end and len(found) > 10, found
        time.sleep(0.02)


# ---- members who were there before


MINUTE = 60000


def move_group(admin, kind="Public", members=(), **fields):
    listed = [{"userID": name, **({"joinTime": joined} if joined else {})} for name, joined in members]
    admin.command("createGroup", groupType=kind, groupID="g1", owner="alice", createTime=LONG_AGO, members=listed, **fields)


def invite(admin, name, joined):
    members = [{"userID": name, "joinTime": joined}]
    admin.command("inviteGroupMember", groupID="g1", members=members, silent=True)


def seen(broker, name):
    user = broker.user(name, "web:1")
    found = texts(history(user, group="g1")), texts(sync_all(user))
    user.disconnect()
    return found


@pytest.mark.parametrize("kind", ["Private", "Public", "ChatRoom"])
@pytest.mark.parametrize("first", ["the member", "the messages", "half of them"])
def test_who_joined_later_sees_what_was_written_since(broker, admin, kind, first):
    joined = LONG_AGO + 5 * MINUTE
    every = [f"m{n}" for n in range(10)]
    move_group(admin, kind, [("bob", None), *([("carol", joined)] if first == "the member" else [])])
    messages = talk(10, to="group:g1")
    if first == "half of them":
        bring(admin, messages[:7])
        invite(admin, "carol", joined)
        bring(admin, messages[7:])
    else:
        bring(admin, messages)
    if first == "the messages":
        invite(admin, "carol", joined)
    for _ in range(2):
        assert seen(broker, "alice") == seen(broker, "bob") == (every, every)
        assert seen(broker, "carol") == (every if kind == "ChatRoom" else every[5:], every[5:])
        broker.restart(kill=True)


def test_as_long_as_none_of_their_time_is_there_they_see_nothing(broker, admin):
    move_group(admin, members=[("bob", LONG_AGO + 5 * MINUTE), ("carol", LONG_AGO + DAY)])
    bring(admin, talk(4, to="group:g1"))
    assert seen(broker, "bob") == seen(broker, "carol") == ([], [])
    broker.restart(kill=True)
    admin = broker.admin()
    bring(admin, talk(4, to="group:g1", begin=LONG_AGO + 4 * MINUTE))
    assert seen(broker, "bob")[0] == ["m1", "m2", "m3"] and seen(broker, "carol")[0] == []
    broker.user("alice").send("chat/group/g1", "live")
    assert seen(broker, "bob")[0] == ["m1", "m2", "m3", "live"] and seen(broker, "carol") == (["live"], ["live"])


def test_what_is_not_for_them_is_not_unread_for_them(broker, admin):
    move_group(admin, members=[("bob", None), ("carol", LONG_AGO + 5 * MINUTE)])
    bring(admin, talk(10, to="group:g1"), unread=True)

    def unread():
        return [conversations(broker.user(name, "web:1"))["group:g1"]["unread"] for name in ("alice", "bob", "carol")]

    assert unread() == [0, 10, 5]
    broker.user("bob", "ios:1").send("chat/group/g1", "live")
    assert unread() == [1, 10, 6]
    broker.restart(kill=True)
    assert unread() == [1, 10, 6]


def test_receipts_count_who_was_there_by_then(broker, admin):
    move_group(admin, members=[("bob", None), ("carol", LONG_AGO + 5 * MINUTE)])
    ids = [p["id"] for p in bring(admin, talk(10, to="group:g1"))]
    found = broker.user("alice").command("getReadReceipts", group="g1", ids=[ids[4], ids[5]])["receipts"]
    assert found == [{"id": ids[4], "read": 1, "unread": 0}, {"id": ids[5], "read": 2, "unread": 0}]


def test_who_leaves_and_comes_back_comes_as_anybody_else(broker, admin):
    move_group(admin, members=[("carol", LONG_AGO + 5 * MINUTE)], addOpt="FreeAccess")
    bring(admin, talk(10, to="group:g1"))
    carol = broker.user("carol")
    carol.command("quitGroup", groupID="g1")
    carol.command("joinGroup", groupID="g1")
    bring(admin, talk(2, to="group:g1", begin=LONG_AGO + DAY))
    assert seen(broker, "carol") == (["m0", "m1"], ["m0", "m1"])
    broker.restart(kill=True)
    assert seen(broker, "carol") == (["m0", "m1"], ["m0", "m1"])


# ---- the whole move


def test_a_whole_company_moves_in_and_goes_on_talking(broker):
    admin = broker.admin()
    names = ["alice", "bob", "carol", "dave"]
    admin.command("importUsers", userIDs=names)
    for name in names:
        admin.command("setSelfInfo", **{"as": name}, nickname=name.title())
    members = [("bob", LONG_AGO + MINUTE), ("carol", LONG_AGO + 20 * MINUTE)]
    move_group(admin, "Public", members, groupName="Team", notification="be kind")
    admin.command("setGroupMemberRole", groupID="g1", userID="bob", role="admin")
    admin.command("setGroupAttributes", groupID="g1", set={"color": "red"})
    admin.command("banGroupMember", groupID="g1", userID="dave", seconds=2**32 - 1)
    admin.command("muteGroupMember", groupID="g1", userID="carol", seconds=2**32 - 1)
    # In the order of time over all conversations.
    every = talk(30, to="group:g1") + talk(30, begin=LONG_AGO + 1) + talk(30, "carol", "alice", LONG_AGO + 2)
    bring(admin, sorted(every, key=lambda m: m["time"]))
    bring(admin, [written("bob", "alice", "are you there?", now() - DAY, random=99)], unread=True)

    users = {name: broker.user(name).subscribe(f"chat/user/{name}/#") for name in names}
    alice, bob, carol, dave = users.values()
    assert all(user.silent() == [] for user in users.values())
    wanted = {"alice": [31, 30, 30], "bob": [31, 29], "carol": [30, 10], "dave": []}
    for name, counts in wanted.items():
        found = [texts(history(users[name], **where_of(other))) for other in conversations(users[name])]
        assert [len(list_of_texts) for list_of_texts in found] == counts
    assert [u.command("getUnread")["totalUnread"] for u in users.values()] == [1, 0, 0, 0]
    assert dave.code("joinGroup", groupID="g1") == 10007
    info = alice.command("getGroupInfo", groupID="g1")
    assert (info["owner"], info["createTime"], info["memberCount"], info["lastSeq"]) == ("alice", LONG_AGO, 3, 30)
    assert bob.command("getGroupAttributes", groupID="g1")["attributes"] == {"color": "red"}

    assert carol.refusal("chat/group/g1", "hi")["code"] == 10017
    alice.send("chat/group/g1", "welcome")
    bob.send("alice", {"text": "so here we are", "random": 99})
    assert bob.text("welcome").data["seq"] == carol.text("welcome").data["seq"] == 31
    assert alice.silent() == []  # the same random: it is the message that was imported
    alice.send("bob", "yes")
    assert bob.text("yes").data["seq"] == 32
    assert [u.command("getUnread")["totalUnread"] for u in users.values()] == [1, 2, 1, 0]
    alice.command("markRead", to="bob")
    assert alice.command("getUnread")["totalUnread"] == 0


def test_ten_thousand_are_imported_within_three_seconds(broker):
    users = [f"u{n}" for n in range(50)]
    broker.create(*users)
    admin = broker.admin()
    for number in range(50):
        admin.command("createGroup", groupType="Public", groupID=f"g{number}", owner=users[number], createTime=LONG_AGO,
                      members=[{"userID": u, "joinTime": LONG_AGO + n * 1000} for n, u in enumerate(users[:20])])

    def message(n):
        to = f"group:g{n % 50}" if n % 2 else users[n % 49 + 1]
        return written(users[n % 49], to, f"the message number {n}", LONG_AGO + n * 10)

    every = [message(n) for n in range(10000)]
    begin = time.monotonic()
    bring(admin, every)
    assert time.monotonic() - begin < 3
    page = broker.user("u0").command("getHistory", group="g1", limit=1, afterTime=LONG_AGO + 50000)["messages"]
    assert page[0]["text"] == "the message number 5001"
