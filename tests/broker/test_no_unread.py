# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""Messages with `noUnread`: like any other, but that nobody is to be made to look."""
import contextlib
import sqlite3

import pytest

from harness.settings import PATIENCE
from harness.views import conversations, history, stalled_store, where_of

SOUND, QUIET = {"text": "loud"}, {"text": "quiet", "noUnread": True}


@pytest.fixture
def alice(broker):
    broker.create("bob", "carol", "dave", "admin")
    return broker.user("alice")


@pytest.fixture
def bob(broker, alice):
    return broker.user("bob")


def unread(user, name):
    """As the list says it; every other way to ask says the same."""
    listed = conversations(user)
    assert user.command("getUnread")["totalUnread"] == sum(entry["unread"] for entry in listed.values())
    return listed[name]["unread"]


def ids_of(user, **where):
    return [m["id"] for m in history(user, **where) if "text" in m]


def counted(messages, reader, after=0):
    """By hand."""
    return len(
        [m for m in messages if m["id"] > after and "text" in m and m["sender"] != reader and "noUnread" not in m]
    )


def test_it_is_delivered_and_stored_with_a_seq_like_any_other(broker, alice, bob):
    ear = broker.user("bob", "web:1").subscribe("chat/user/bob/#")
    alice.send_many("bob", [SOUND, QUIET, SOUND])
    got = [ear.content().data for _ in range(3)]
    assert [m["seq"] for m in got] == [1, 2, 3]
    assert got[1]["noUnread"] is True
    assert history(bob, to="alice") == bob.synced() == got


@pytest.mark.parametrize("where", ["bob", "chat/group/g1"])
def test_it_is_not_unread_and_names_nobody(alice, bob, where):
    alice.group("Public", "g1", ["bob"])
    name = "alice" if where == "bob" else "group:g1"
    alice.send(where, {**QUIET, "at": ["bob"]})
    assert unread(bob, name) == 0
    assert conversations(bob)[name]["lastMessage"]["text"] == "quiet"
    alice.send_many(where, [SOUND, {**QUIET, "at": ["bob"]}])
    assert (unread(bob, name), conversations(bob)[name]["atMe"]) == (1, False)


def test_false_is_as_if_it_were_not_there(alice, bob):
    alice.send("bob", {"text": "x", "noUnread": False})
    assert unread(bob, "alice") == 1


def test_at_all_in_it_is_still_for_those_who_may(alice, bob):
    topic = alice.group("Public", "g1", ["bob"])
    assert bob.refusal(topic, {**QUIET, "at": "@all"})["code"] == 10007
    alice.send(topic, {**QUIET, "at": "@all"})
    assert conversations(bob)["group:g1"]["atMe"] is False


def test_it_makes_no_push(broker, alice, bob):
    topic = alice.group("Public", "g1", ["bob"])
    phone = broker.user("bob", "ios:1")
    phone.command("setPushToken", provider="fcm", token="t")
    phone.disconnect()
    worker = broker.admin("web:1").subscribe("chat/push")
    alice.send("bob", QUIET)
    alice.send(topic, {**QUIET, "at": ["bob"]})
    broker.user("carol").send("bob", "sentinel")
    jobs = []
    while not jobs or jobs[-1]["body"] != "sentinel":
        jobs.append(worker.wait(lambda m: m.topic == "chat/push", "no job").data)
        worker.command("pushDone", jobs=[jobs[-1]["job"]])
    assert [(job["body"], job["badge"]) for job in jobs] == [("sentinel", 1)]


@pytest.mark.parametrize("where", ["bob", "chat/group/g1"])
def test_wherever_one_has_read_what_is_left_is_counted(broker, alice, bob, where):
    """Sound and quiet ones of both sides; the read position at each of them, over a restart too."""
    alice.group("Public", "g1", ["bob"])
    name, back = ("alice", "alice") if where == "bob" else ("group:g1", where)
    for form in (QUIET, SOUND, QUIET, QUIET, SOUND):
        alice.send(where, form)
        bob.send(back, {**form, "text": "own"})
    messages = history(bob, **where_of(name))
    assert unread(bob, name) == counted(messages, "bob") == 2
    for n, message in enumerate(messages):
        bob.command("markRead", **where_of(name), id=message["id"])
        assert unread(bob, name) == counted(messages, "bob", message["id"]), n
        if n == 5:
            broker.restart(kill=True)
            alice.connect(), bob.connect()
            assert unread(bob, name) == counted(messages, "bob", message["id"])
    alice.send(where, SOUND)
    assert unread(bob, name) == 1


def test_recalled_or_deleted_it_takes_nothing_from_the_count(alice, bob):
    alice.send_many("bob", [SOUND, QUIET, SOUND, QUIET])
    first, second, third, fourth = ids_of(bob, to="alice")
    alice.command("recallMessage", id=second)
    assert unread(bob, "alice") == 2
    bob.command("deleteMessages", ids=[fourth])
    assert unread(bob, "alice") == 2
    bob.command("deleteMessages", ids=[third])
    assert unread(bob, "alice") == 1
    alice.command("recallMessage", id=first)
    assert unread(bob, "alice") == 0


def test_who_joins_after_quiet_ones_has_read_them_too(broker, alice, bob):
    topic = alice.group("Public", "g1", [], inviteOpt="FreeAccess")
    alice.send_many(topic, [QUIET, SOUND, QUIET])
    alice.command("inviteGroupMember", groupID="g1", members=["bob"])
    alice.send_many(topic, [QUIET, SOUND])
    assert unread(bob, "group:g1") == 1
    broker.restart()
    assert unread(bob.connect(), "group:g1") == 1


def test_the_count_holds_while_the_store_cannot_write(broker, alice, bob):
    with stalled_store(broker):
        alice.send_many("bob", [QUIET, SOUND, QUIET])
        bob.send("alice", QUIET)
        assert unread(bob, "alice") == 1
        quiet, loud, _, _ = ids_of(bob, to="alice")
        alice.command("recallMessage", id=quiet)
        assert unread(bob, "alice") == 1
        bob.command("markRead", to="alice", id=loud)
        assert unread(bob, "alice") == 0
        alice.send("bob", SOUND)
    assert unread(bob, "alice") == 1


def test_what_retention_takes_of_them_was_never_counted(broker, alice, bob):
    alice.send_many("bob", [QUIET, SOUND, QUIET])
    bob.send_many("alice", [SOUND, QUIET])
    alice.send_many("bob", [QUIET, SOUND, QUIET, SOUND])
    left = history(bob, to="alice")
    assert broker.stop() == 0
    for _ in range(3):
        with contextlib.closing(sqlite3.connect(broker.database)) as database, database:
            database.execute("DELETE FROM message WHERE id <= ?", (left[1]["id"],))
        del left[:2]
        broker.start()
        bob.connect()
        assert unread(bob, "alice") == counted(left, "bob")
        assert broker.stop() == 0


@pytest.mark.parametrize("kill", [False, True])
def test_the_badge_counts_them_out_for_who_is_away(broker, alice, kill):
    phone = broker.user("bob", "ios:1")
    phone.command("setPushToken", provider="fcm", token="t")
    topic = alice.group("Public", "g1", ["bob"])
    alice.send_many("bob", [QUIET, SOUND, QUIET, SOUND])
    alice.send_many(topic, [QUIET, SOUND])
    phone.send(topic, QUIET)
    alice.command("recallMessage", id=ids_of(phone, to="alice")[0])
    phone.disconnect()
    broker.restart(kill=kill)
    broker.user("carol").send("bob", "hello")
    worker = broker.admin("web:1").subscribe("chat/push")
    job = worker.wait(lambda m: m.topic == "chat/push" and m.get("body") == "hello", "no job", PATIENCE)
    assert job.data["badge"] == 4
    assert unread(phone.connect(), "carol") == 1


@pytest.mark.parametrize("value", ["true", 1, None, []])
def test_it_is_true_or_false(alice, value):
    assert alice.refusal("chat/user/bob", {"text": "x", "noUnread": value})["code"] == 90002
