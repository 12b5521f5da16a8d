# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""A message found by its seq, or by its time: getHistory, markRead and recallMessage."""
import contextlib
import sqlite3

import pytest

from harness.views import conversations, history, pages_on, stalled_store, texts

BEYOND = 2**53


@pytest.fixture
def alice(broker):
    broker.create("bob", "carol", "admin")
    return broker.user("alice")


@pytest.fixture
def bob(broker, alice):
    return broker.user("bob")


def asked(user, **how):
    return user.command("getHistory", limit=100, **how)["messages"]


def spread(broker, alice, bob):
    """A pair and a group whose ids are mixed, with tips and recalls, which repeat a seq; at several times."""
    topic = alice.group("Public", "g1", ["bob"])
    for n in range(12):
        broker.faults.set_clock(wall=n // 2 * 7)
        alice.send("bob", f"p{n}")
        bob.send(topic, f"g{n}")
        bob.send("alice", f"q{n}")
        if n % 3 == 0:
            alice.command("setGroupInfo", groupID="g1", introduction=str(n))
        if n % 4 == 0:
            alice.command("recallMessage", id=history(alice, to="bob")[-2]["id"])


def check_all(user, **where):
    """Every seq and every time, and those next to them, against counting by hand."""
    every = history(user, **where)
    for seq in range(1, every[-1]["seq"] + 2):
        bearer = next((m["id"] for m in every if m["seq"] == seq), None)
        expected = every if bearer is None else [m for m in every if m["id"] <= bearer]
        assert asked(user, seq=seq, **where) == expected, seq
    for time in {t + d for t in {m["time"] for m in every} for d in (-1, 0, 1)} | {0, BEYOND - 1}:
        assert asked(user, beforeTime=time, **where) == [m for m in every if m["time"] < time]
        assert asked(user, afterTime=time, **where) == [m for m in every if m["time"] > time]
    middle = every[len(every) // 2]["time"]
    both = asked(user, afterTime=every[0]["time"], beforeTime=middle, **where)
    assert both == [m for m in every if every[0]["time"] < m["time"] < middle]


def test_history_by_seq_and_time_is_what_counting_by_hand_gives(broker_factory):
    broker = broker_factory(faults=True)
    broker.create("bob")
    alice, bob = broker.user("alice"), broker.user("bob")
    with stalled_store(broker):
        spread(broker, alice, bob)
        check_all(bob, to="alice")
    check_all(alice, group="g1")
    broker.restart(kill=True)
    bob.connect()
    check_all(bob, to="alice")
    check_all(bob, group="g1")


def test_the_first_page_by_time_goes_on_by_ids(alice, bob):
    alice.send_many("bob", [f"m{n}" for n in range(30)])
    first = bob.command("getHistory", to="alice", afterTime=0, limit=10)
    assert texts(first["messages"]) == [f"m{n}" for n in range(10)] and first["complete"] is False
    rest = [m for page in pages_on(bob, after=first["messages"][-1]["id"], to="alice", limit=10) for m in page]
    assert first["messages"] + rest == history(bob, to="alice")


def test_a_time_or_seq_shows_nothing_that_ids_do_not(broker, alice, bob):
    topic = alice.group("Private", "g1", ["carol"])
    alice.send(topic, "before")
    alice.command("inviteGroupMember", groupID="g1", members=["bob"])
    alice.send(topic, "after")
    every = history(bob, group="g1")
    assert "before" not in texts(every)
    assert asked(bob, group="g1", afterTime=0) == every
    assert asked(bob, group="g1", seq=1) == [m for m in every if m["seq"] < 1]


def test_where_there_is_nothing_nothing_is_found(alice):
    assert asked(alice, to="bob", seq=5) == asked(alice, to="bob", afterTime=1, beforeTime=2) == []
    alice.group("AVChatRoom", "live")
    alice.subscribe("chat/group/live").send("chat/group/live", "here")
    for how in ({"seq": 1}, {"afterTime": BEYOND - 1}, {"beforeTime": 1}):
        assert texts(asked(alice, group="live", **how)) == ["here"]


def test_what_retention_has_taken_is_not_found(broker, alice, bob):
    alice.send_many("bob", [f"m{n}" for n in range(9)])
    every = history(bob, to="alice")
    assert broker.stop() == 0
    with contextlib.closing(sqlite3.connect(broker.database)) as database, database:
        database.execute("DELETE FROM message WHERE id <= ?", (every[3]["id"],))
    broker.start()
    bob.connect(), alice.connect()
    assert asked(bob, to="alice", seq=4) == []
    assert texts(asked(bob, to="alice", seq=6)) == ["m4", "m5"]
    assert alice.code("recallMessage", to="bob", seq=4) == 20022
    bob.command("markRead", to="alice", seq=3)
    assert conversations(bob)["alice"]["unread"] == 5


@pytest.mark.parametrize("where", ["bob", "chat/group/g1"])
def test_markRead_up_to_a_seq(broker, alice, bob, where):
    alice.group("Public", "g1", ["bob"])
    name, field = ("alice", {"to": "alice"}) if where == "bob" else ("group:g1", {"group": "g1"})
    alice.send_many(where, [f"m{n}" for n in range(5)])
    bearers = {m["seq"]: m["id"] for m in reversed(history(bob, **field))}
    for seq in (2, 1, 4):
        bob.command("markRead", **field, seq=seq)
        entry = conversations(bob)[name]
        assert (entry["unread"], entry["readID"] >= bearers[max(seq, 2)]) == (5 - max(seq, 2), True)
    bob.command("markRead", **field, seq=99)
    assert conversations(bob)[name]["unread"] == 0


def test_recall_by_seq(broker, alice, bob):
    topic = alice.group("Public", "g1", ["bob"])
    for to in (topic, "bob"):
        alice.send_many(to, ["one", "two", "three"])
    alice.command("recallMessage", group="g1", seq=2)
    assert texts(history(bob, group="g1")) == ["one", "three"]
    alice.command("recallMessage", to="bob", seq=3, reason="sorry")
    assert texts(history(bob, to="alice")) == ["one", "two"]
    assert alice.code("recallMessage", group="g1", seq=2) == 20023
    assert alice.code("recallMessage", group="g1", seq=4) == 10030
    assert alice.code("recallMessage", to="bob", seq=4) == 20022
    assert alice.code("recallMessage", to="carol", seq=1) == 20022
    assert bob.code("recallMessage", to="alice", seq=1) == 20022
    assert bob.code("recallMessage", group="g1", seq=1) == 10007
    alice.group("AVChatRoom", "live")
    assert alice.code("recallMessage", group="live", seq=1) == 10033


@pytest.mark.parametrize(
    "command,fields,named",
    [
        ("getHistory", {"to": "bob", "seq": 1, "before": 5}, "seq"),
        ("getHistory", {"to": "bob", "seq": 1, "beforeTime": 5}, "seq"),
        ("getHistory", {"to": "bob", "beforeTime": 1, "before": 5}, "beforeTime"),
        ("getHistory", {"to": "bob", "afterTime": 1, "after": 5}, "afterTime"),
        ("getHistory", {"to": "bob", "seq": 0}, "seq"),
        ("getHistory", {"to": "bob", "seq": "1"}, "seq"),
        ("getHistory", {"to": "bob", "afterTime": -1}, "afterTime"),
        ("getHistory", {"to": "bob", "beforeTime": 1.5}, "beforeTime"),
        ("getHistory", {"to": "bob", "beforeTime": BEYOND}, "beforeTime"),
        ("markRead", {"to": "bob", "seq": 1, "id": 1}, "seq"),
        ("markRead", {"to": "bob", "seq": 0}, "seq"),
        ("markRead", {"seq": 1}, "to"),
        ("recallMessage", {"to": "bob", "seq": 1, "id": 1}, "seq"),
        ("recallMessage", {"seq": 1}, "seq"),
        ("recallMessage", {"to": "bob", "seq": None}, "seq"),
        ("recallMessage", {"to": "bob"}, "id"),
    ],
)
def test_a_wrong_field_is_named(alice, command, fields, named):
    response = alice.request(command, **fields)
    assert (response.get("code"), named in response.get("error", "")) == (10004, True), response
