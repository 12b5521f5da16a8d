# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""sent_after committed: receipts and the answers of commands mean that the database has it."""
import contextlib
import json
import shutil
import sqlite3
import time

import pytest

from harness.user import CONTROL, RESPONSE
from test_reload import reload

pytestmark = pytest.mark.options(sent_after="committed", max_message_bytes=100000)

BUSY = 10002


@pytest.fixture
def bob(broker):
    return broker.user("bob").subscribe("chat/user/bob/#")


@pytest.fixture
def alice(broker, bob):
    alice = broker.user("alice").subscribe("chat/user/alice/#")
    alice.command("setSelfInfo", nickname="Alice")
    return alice


def is_reply(message):
    return message.topic == RESPONSE or message.get("event") == "sent"


def mark(message):
    """`random` of a receipt, correlationData of an answer."""
    return message.get("random") or message.get("responses")[0]["correlationData"]


def ask(user, command, correlation, **fields):
    """Does not wait for the answer."""
    user.start_publish(CONTROL, {"commands": [{"command": command, "correlationData": correlation, **fields}]})


def heard(alice, bob, text):
    """What alice has been told when two of bob's messages have reached her: what was queued for her before, or by the TICK
    between the two, would have come."""
    for part in "12":
        bob.send("alice", {"text": text + part})
        alice.text(text + part)
    return [mark(message) for message in alice.pending(is_reply)]


def replies(user, last):
    """Takes the marks of all replies up to this one."""
    user._await(lambda: any(mark(m) == last for m in user.pending(is_reply)), f"no reply {last}")
    return [mark(message) for message in user.take_all(is_reply)]


def rows(database, text):
    with contextlib.closing(sqlite3.connect(database)) as db:
        return db.execute("SELECT count(*) FROM message WHERE body LIKE ?", (f"%{text}%",)).fetchone()[0]


# ---- what waits, and what does not


def test_a_receipt_comes_after_the_commit(broker, alice, bob):
    with broker.uncommitted():
        alice.send("bob", {"text": "hello", "random": 5})
        bob.text("hello")
        assert heard(alice, bob, "fence") == []
    assert replies(alice, 5) == [5]


def test_the_answer_of_a_command_comes_after_the_commit(broker, alice, bob):
    with broker.uncommitted():
        ask(alice, "createGroup", "made", groupType="Public", groupID="g")
        assert heard(alice, bob, "fence") == []
    assert replies(alice, "made") == ["made"]


def test_who_only_reads_waits_for_nothing(broker, alice, bob):
    with broker.uncommitted():
        alice.send("bob", {"text": "hello", "random": 5})
        assert bob.command("getUnread") == {"totalUnread": 1}


def test_a_refusal_of_what_might_have_been_done_waits_as_well(broker, alice, bob):
    with broker.uncommitted():
        ask(bob, "createGroup", "first", groupType="Public", groupID="g")
        ask(alice, "createGroup", "second", groupType="Public", groupID="g")
        assert heard(alice, bob, "fence") == []
    assert replies(alice, "second") == ["second"]


def test_the_receipt_of_a_repeated_random_waits_for_the_first(broker, alice, bob):
    with broker.uncommitted():
        alice.send("bob", {"text": "hello", "random": 5})
        other = broker.user("alice", "other:second").subscribe("chat/user/alice/#")
        other.send("bob", {"text": "hello", "random": 5})
        assert heard(other, bob, "fence") == []
    assert other.event("sent")["id"] == alice.event("sent")["id"]


def test_replies_of_a_client_keep_their_order(broker, alice, bob):
    with broker.uncommitted():
        alice.send("bob", {"text": "one", "random": 1})
        ask(alice, "setSelfInfo", "two", nickname="A")
        ask(alice, "getUnread", "three")
        alice.send("bob", {"text": "four", "random": 4})
        ask(alice, "getUnread", "five")
        assert heard(alice, bob, "fence") == []
    assert replies(alice, "five") == [1, "two", "three", 4, "five"]


def test_the_answer_of_logout_comes(broker, alice, bob):
    with broker.uncommitted():
        alice.send("bob", {"text": "one", "random": 1})
        ask(alice, "logout", "out")
        alice.wait_closed()
        assert [mark(message) for message in alice.pending(is_reply)] == ["out"]


def test_with_accepted_nothing_waits(broker_factory):
    broker = broker_factory(sent_after="accepted")
    bob = broker.user("bob")
    alice = broker.user("alice")
    with broker.uncommitted():
        alice.send("bob", {"text": "hello", "random": 5})
        alice.event("sent", random=5)
        alice.command("createGroup", groupType="Public")
        bob.fence()


def test_on_a_quiet_server_a_receipt_does_not_wait_for_the_next_turn(alice):
    """Mosquitto 2.0 rests for 100 ms when nothing comes."""

    def took(random):
        start = time.monotonic()
        alice.send("bob", {"text": "hello", "random": random})
        alice.event("sent", random=random)
        return time.monotonic() - start

    assert sorted(took(random) for random in range(1, 20))[5] < 0.08


# ---- what a reply means


@pytest.fixture
def faulty(broker_factory):
    broker = broker_factory(sent_after="committed", faults=True)
    broker.create("bob")
    return broker


def test_a_receipt_comes_after_the_fsync(faulty):
    alice = faulty.user("alice")
    alice.command("setSelfInfo", nickname="Alice")
    with faulty.faults.rule("sync", "chat.db-wal", error=None, delay=0.7):
        start = time.monotonic()
        alice.send("bob", {"text": "hello", "random": 5})
        alice.event("sent", random=5)
    assert time.monotonic() - start >= 0.7


def test_while_the_disk_fails_receipts_wait_and_the_chat_goes_on(faulty):
    alice, bob = faulty.user("alice").subscribe("chat/user/alice"), faulty.user("bob").subscribe("chat/user/bob")
    alice.command("setSelfInfo", nickname="Alice")
    with faulty.faults.rule("sync", "chat.db-wal"):
        alice.send("bob", {"text": "hello", "random": 5})
        bob.text("hello")
        faulty.await_log("the database cannot be written")
        assert heard(alice, bob, "fence") == []
    alice.event("sent", random=5)


def test_what_has_its_receipt_is_in_the_database_without_the_ring(broker, alice, tmp_path):
    for random in range(1, 11):
        alice.send("bob", {"text": f"m{random}", "random": random})
        alice.event("sent", random=random)
        shutil.copytree(broker.folder, tmp_path / "copy", dirs_exist_ok=True)
        assert rows(tmp_path / "copy" / broker.database.name, f'"m{random}"') == 1


def test_killed_while_it_waits_there_is_no_receipt_and_the_message_is_known_when_it_comes_again(broker, alice, bob):
    with broker.uncommitted():
        alice.send("bob", {"text": "hello", "random": 5})
        ask(alice, "setSelfInfo", "named", nickname="A")
        assert heard(alice, bob, "fence") == []
        broker.kill()
        alice.wait_closed()
    assert alice.pending(is_reply) == []
    broker.start()
    alice.connect()
    alice.send("bob", {"text": "hello", "random": 5})
    receipt = alice.event("sent", random=5)
    assert [m["id"] for m in bob.connect().synced() if m.get("text") == "hello"] == [receipt["id"]]


# ---- ends, bounds, reloads


def test_what_waits_goes_with_its_connection(broker, alice, bob):
    """Several times: memory of a session that is gone is not always used for the next one."""
    with broker.uncommitted():
        for number in range(1, 9):
            alice.send("bob", {"text": "hello", "random": number})
            ask(alice, "setSelfInfo", "named", nickname="A")
            assert heard(alice, bob, f"fence {number}") == []
            alice.drop()
            alice.connect().subscribe("chat/user/alice/#")
    assert alice.silent(is_reply) == []


def test_what_waits_of_one_client_is_bounded(broker, alice, bob):
    """Its receipts are missing then, its commands are refused, and at last its connection is closed; others go on."""
    history = broker.user("alice", "other:writer")
    history.send_many("bob", [{"text": "x" * 90000} for _ in range(4)])
    with broker.uncommitted():
        alice.send("bob", {"text": "in time", "random": 1})
        for number in range(12):
            ask(alice, "getHistory", f"page {number}", to="bob", limit=100)
        alice.send("bob", {"text": "too late", "random": 2})
        bob.text("too late")
        history.send("bob", {"text": "another", "random": 3})
    pages = [m for m in [alice.wait(is_reply) for _ in range(13)] if m.topic == RESPONSE]
    codes = [m.data["responses"][0].get("code", 0) for m in pages]
    assert codes == sorted(codes) and set(codes) == {0, BUSY}
    assert not [m for m in alice.silent(is_reply) if "sent" in m]
    history.event("sent", random=3)
    alice.send("bob", {"text": "too late", "random": 2})
    alice.event("sent", random=2)


def test_who_asks_on_is_closed_at_last(broker, alice, bob):
    history = broker.user("alice", "other:writer")
    history.send_many("bob", [{"text": "x" * 90000} for _ in range(4)])
    with broker.uncommitted():
        alice.send("bob", {"text": "hello", "random": 1})
        for number in range(12):
            ask(alice, "getHistory", f"page {number}", to="bob", limit=100)
        with contextlib.suppress(AssertionError):
            for number in range(2000):
                if not alice.connected:
                    break
                commands = [{"command": "getUnread", "correlationData": "x" * 200}] * 50
                alice.wait_ack(alice.start_publish(CONTROL, {"commands": commands}), timeout=1)
        alice.wait_closed()
        assert bob.command("getUnread")["totalUnread"] > 0


def test_what_waits_of_all_clients_is_bounded(broker, alice, bob):
    """64 connections of an administrator have all there is room for: others are refused what they ask for meanwhile."""
    writer = broker.user("alice", "other:writer")
    writer.send_many("bob", [{"text": "x" * 90000} for _ in range(4)])
    change = {"command": "setSelfInfo", "as": "alice", "nickname": "A"}
    page = {"command": "getHistory", "as": "alice", "to": "bob", "limit": 100}
    with broker.uncommitted():
        clients = [broker.raw() for _ in range(66)]
        for number, client in enumerate(clients):
            client.login("admin", f"admin:other:{number}")
            for command in [change, *[page] * 8]:
                client.publish(CONTROL, {"commands": [command]})
            if number == 0:
                assert bob.code("getUnread") == 0
        assert bob.code("getUnread") == BUSY
    clients[0].next_message()  # what waits goes
    assert bob.code("getUnread") == 0


def test_with_accepted_again_what_waits_goes_at_once(broker, alice, bob):
    with broker.uncommitted():
        alice.send("bob", {"text": "one", "random": 1})
        ask(alice, "setSelfInfo", "two", nickname="A")
        assert heard(alice, bob, "fence") == []
        broker.write_config(sent_after="accepted")
        assert any("sent_after changed" in line for line in reload(broker))
        alice.send("bob", {"text": "three", "random": 3})
        assert replies(alice, 3) == [1, "two", 3]


def test_json_of_a_receipt_is_the_same(broker, alice):
    alice.send("bob", {"text": "hello", "random": 5})
    message = alice.wait(is_reply)
    assert json.loads(message.payload).keys() == {"event", "id", "seq", "time", "to", "random"}
