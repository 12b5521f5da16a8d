# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""What is older than retention_days goes. Time cannot pass here: while the broker is away, everything in its
database is put back by some days."""
import contextlib
import sqlite3
import time

import pytest
from harness.settings import PATIENCE

DAY_MS = 86400000
TIMES = (
    ("message", "time"),
    ("conversation", "last_time"),
    ("device", "last_used"),
    ("chat_group", "dismissed"),
)


@contextlib.contextmanager
def database(broker):
    """Closed at the end, not when Python comes to it: the last to close a database locks it for a moment."""
    with contextlib.closing(sqlite3.connect(broker.database, timeout=PATIENCE)) as db, db:
        yield db


def ask(broker, sql):
    with database(broker) as db:
        return db.execute(sql).fetchone()[0]


def age(broker, days):
    """Everything there is has happened that much earlier. Ends the broker."""
    assert broker.stop() == 0
    with database(broker) as db:
        for table, column in TIMES:
            db.execute(f"UPDATE {table} SET {column} = {column} - {days * DAY_MS} WHERE {column} > 0")


def until(true):
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, "what is old does not go"


def start_again(broker, **options):
    """Returns when what is old has gone."""
    broker.restart(**options)
    begin = int((time.time() - 7 * 86400) * 1000)
    old = f"SELECT count(*) FROM message WHERE time < {begin} AND id < (SELECT max(id) FROM message)"
    until(lambda: ask(broker, old) == 0)
    return broker


def numbered(first, last):
    return [f"m{n}" for n in range(first, last + 1)]


def texts(user, **where):
    return [m.get("text") for m in user.command("getHistory", limit=100, **where)["messages"]]


@pytest.fixture
def aged(broker):
    """Of 30 messages to bob, twenty are too old; carol and he have not written to each other since then."""
    broker.create("bob", "carol")
    alice = broker.user("alice")
    alice.send_many("bob", numbered(1, 20))
    broker.user("carol").send("bob", "long ago")
    age(broker, 8)
    broker.restart(retention_days=0)
    broker.user("alice").send_many("bob", numbered(21, 30))
    assert broker.stop() == 0
    return start_again(broker, retention_days=7)


def test_history_has_the_messages_that_are_young_enough(aged):
    assert texts(aged.user("bob"), to="alice") == numbered(21, 30)


def test_history_that_ends_at_the_first_message_left_is_complete(aged):
    found = aged.user("bob").command("getHistory", to="alice", limit=10)
    assert len(found["messages"]) == 10 and found["complete"] is True


def test_replay_begins_with_the_first_message_left(aged):
    bob = aged.user("bob").subscribe("chat/user/bob/#")
    assert [m.get("text") for m in bob.contents("m30")] == numbered(21, 30)


def test_sync_begins_with_the_first_message_left(aged):
    assert [m["text"] for m in aged.user("bob").synced()] == numbered(21, 30)


def test_seq_and_id_go_on(aged):
    bob, alice = aged.user("bob").subscribe("chat/user/bob"), aged.user("alice")
    before = bob.contents("m30")[-1]
    alice.send("bob", "m31")
    after = bob.text("m31")
    assert after.get("seq") == before.get("seq") + 1 == 31
    assert after.get("id") > before.get("id")


def test_ids_go_on_when_everything_was_too_old(broker):
    broker.create("bob")
    alice = broker.user("alice")
    alice.send("bob", "old")
    last = alice.synced()[0]["id"]
    age(broker, 400)
    start_again(broker)
    bob = broker.user("bob").subscribe("chat/user/bob")
    broker.user("alice").send("bob", "new")
    assert bob.text("new").get("id") > last


def test_a_conversation_of_which_nothing_is_left_is_not_in_the_list(aged):
    found = aged.user("bob").command("getConversations")["conversations"]
    assert [entry["to"] for entry in found] == ["alice"]


def test_unread_counts_what_is_left(aged):
    assert aged.user("bob").command("getUnread")["totalUnread"] == 10


def test_reading_up_to_a_message_that_has_gone_leaves_the_others_unread(broker):
    """He has written himself: what he wrote must not be taken for others' messages."""
    broker.create("bob")
    alice, bob = broker.user("alice"), broker.user("bob")
    for n in range(3):
        bob.send("alice", f"mine {n}")
        alice.send("bob", f"old {n}")
    gone = bob.synced()[2]["id"]
    age(broker, 8)
    broker.restart(retention_days=0)
    broker.user("bob").send("alice", "mine now")
    broker.user("alice").send_many("bob", numbered(1, 4))
    assert broker.stop() == 0
    start_again(broker, retention_days=7)
    bob = broker.user("bob")
    bob.command("markRead", to="alice", id=gone)
    assert bob.command("getUnread")["totalUnread"] == 4


def test_what_was_recalled_and_has_gone_is_not_unread_again(broker):
    broker.create("bob")
    alice = broker.user("alice")
    alice.send("bob", "taken back")
    alice.command("recallMessage", id=alice.synced()[0]["id"])
    age(broker, 8)
    broker.restart(retention_days=0)
    broker.user("alice").send_many("bob", numbered(1, 3))
    assert broker.stop() == 0
    start_again(broker, retention_days=7)
    assert broker.user("bob").command("getUnread")["totalUnread"] == 3


def test_the_file_shrinks(broker):
    broker.create("bob")
    alice = broker.user("alice")
    alice.send_many("bob", ["x" * 4000] * 1000)
    age(broker, 8)
    before = broker.database.stat().st_size
    assert before > 4000 * 1000
    start_again(broker)
    broker.user("alice").send("bob", "one more")
    until(lambda: ask(broker, "PRAGMA page_count") * 4096 < before / 4)
    assert broker.stop() == 0
    assert broker.database.stat().st_size < before / 4


def test_messages_that_come_while_old_ones_go_are_all_there(broker):
    broker.create("bob")
    alice = broker.user("alice")
    alice.send_many("bob", ["old"] * 3000)
    age(broker, 8)
    broker.restart()
    bob = broker.user("bob").subscribe("chat/user/bob")
    broker.user("alice").send_many("bob", numbered(1, 500))
    assert [m.get("text") for m in bob.contents("m500") if m.get("text") != "old"] == numbered(1, 500)
    start_again(broker)
    assert [m["text"] for m in broker.user("bob").synced()] == numbered(1, 500)


# ---- groups


@pytest.fixture
def dismissed(broker):
    broker.create("bob")
    alice = broker.user("alice")
    topic = alice.group("Public", "hikers", ["bob"])
    alice.send(topic, "to the old group")
    alice.command("dismissGroup", groupID="hikers")
    broker.user("bob").subscribe("chat/user/bob").notice("dismissed")
    return broker


def rows_of_groups(broker):
    of_groups = "conversation IN (SELECT id FROM conversation WHERE user_a IS NULL)"
    return sum(
        ask(broker, f"SELECT count(*) FROM {table} WHERE {of_groups}") for table in ("chat_group", "member")
    )


def test_the_name_of_a_group_dismissed_long_ago_is_free(dismissed):
    age(dismissed, 8)
    start_again(dismissed)
    alice = dismissed.user("alice")
    alice.group("Public", "hikers")
    assert alice.command("getGroupInfo", groupID="hikers")["memberCount"] == 1
    assert texts(alice, group="hikers") == []


def test_of_a_group_dismissed_long_ago_nothing_is_left(dismissed):
    dismissed.user("alice").group("Public", "another")
    own = rows_of_groups(dismissed)
    age(dismissed, 8)
    dismissed.restart()
    until(lambda: ask(dismissed, "SELECT count(*) FROM chat_group") == 1)
    assert rows_of_groups(dismissed) == 2 < own


def test_a_group_dismissed_lately_keeps_its_name(dismissed):
    age(dismissed, 6)
    start_again(dismissed)
    assert dismissed.user("alice").code("createGroup", groupType="Public", groupID="hikers") == 10021


# ---- devices

MADE_UP = "mqttjs_1a2b"


@pytest.mark.parametrize("days, free", [(6, False), (8, True)])
def test_a_made_up_client_id_is_free_when_it_was_unused_for_long(broker, days, free):
    broker.create("bob")
    broker.user("alice", client_id=MADE_UP).disconnect()
    age(broker, days)
    broker.restart()
    if free:
        until(lambda: ask(broker, f"SELECT count(*) FROM device WHERE client = '{MADE_UP}'") == 0)
    broker.unconnected("bob", client_id=MADE_UP).connect(0 if free else broker.refused(5, 0x85))


def test_a_device_that_was_connected_for_long_keeps_its_cursor_over_a_crash(broker):
    broker.create("bob")
    bob, alice = broker.user("bob", "ios:1").subscribe("chat/user/bob"), broker.user("alice")
    alice.send("bob", "had")
    bob.text("had")
    bob.command("ack", id=bob.synced()[-1]["id"])
    cursor = "SELECT ifnull(max(cursor), 0) FROM subscription WHERE client = 'bob:ios:1'"
    until(lambda: ask(broker, cursor) > 0)
    broker.kill()
    with database(broker) as db:
        db.execute(f"UPDATE device SET last_used = last_used - {30 * DAY_MS}")
    broker.restart()
    # what the test has made with broker.create goes, and with it would this one
    until(lambda: ask(broker, "SELECT count(*) FROM device WHERE client LIKE 'bob:other:%'") == 0)
    broker.user("alice").send("bob", "new")
    assert broker.user("bob", "ios:1").subscribe("chat/user/bob").content().get("text") == "new"
