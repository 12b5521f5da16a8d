# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""The bad disk and the wrong clock of harness/faults.py reach a running broker."""
import contextlib
import errno
import time

import pytest

from harness.raw import Closed
from harness.settings import PATIENCE


@pytest.fixture
def broker(broker_factory):
    return broker_factory(faults=True)


def test_a_disk_that_fails_to_write_is_noticed_and_well_again(broker):
    broker.create("bob")
    alice = broker.user("alice")
    with broker.faults.rule("write", "chat.db", errno.EIO):
        alice.send("bob", "hello")
        broker.await_log("the database cannot be written")
    broker.await_log("the database can be written again")


def test_what_was_acked_while_the_database_cannot_be_read_is_there_afterwards(broker):
    alice, bob = broker.user("alice"), broker.user("bob")
    alice.send_many("bob", [f"early {n}" for n in range(3000)])
    broker.restart()  # the writer knows little by heart
    bob.connect()
    alice.connect().command("getHistory", to="bob")  # the plugin knows whom this is about
    with broker.faults.rule("read", "chat.db") as reads:
        alice.send_many("bob", [f"late {n}" for n in range(200)])
        broker.await_log("the database cannot be written")
        failed, patience = reads(), time.monotonic() + PATIENCE
        while reads() < failed + 3:  # it tries again, and again
            assert time.monotonic() < patience
            time.sleep(0.01)
    broker.await_log("the database can be written again")
    found = [m["text"] for m in bob.synced() if m["text"].startswith("late")]
    assert found == [f"late {n}" for n in range(200)]
    assert not broker.database.with_name("chat.db.bad").exists()


def test_a_clock_that_is_ahead_stamps_messages_ahead(broker):
    alice, bob = broker.user("alice", keepalive=0), broker.user("bob", keepalive=0).subscribe("chat/user/bob")
    broker.faults.set_clock(wall=3600)
    alice.send("bob", "from the future")
    assert bob.content().data["time"] > (time.time() + 3500) * 1000


def test_a_replay_that_cannot_read_waits_and_loses_nothing(broker_factory):
    broker = broker_factory(faults=True, replay_limit=4000)
    broker.create("bob")
    texts = [f"{n} {'x' * 1000}" for n in range(4000)]
    broker.user("alice").send_many("bob", texts)
    broker.restart()  # nothing is in memory, of the database neither
    bob = broker.user("bob").subscribe("chat/user/bob/#")
    first = bob.content()
    with broker.faults.rule("read", "chat.db"):
        broker.await_log("database read failed")
        time.sleep(2)
    assert [message.get("text") for message in (first, *bob.contents(texts[-1]))] == texts
    assert broker.log().count("database read failed") < 10


def send_until_closed(broker, name, to):
    """Sends as fast as it can; the texts that were acknowledged before the broker closed the connection."""
    client, acked = broker.raw(), []
    client.login(name)
    with contextlib.suppress(Closed):
        while True:
            text = f"{name} {len(acked)} {'x' * 3000}"
            client.publish(f"chat/user/{to}", {"text": text})
            acked.append(text)
    return acked


def texts(broker, name):
    return [m["text"] for m in broker.user(name).synced(limit=100)]


def await_empty_ring(admin):
    patience = time.monotonic() + PATIENCE
    while admin.command("getStats")["ringBytes"] > 0:
        assert time.monotonic() < patience
        time.sleep(0.05)


@pytest.mark.parametrize("suffix", [".ring", "", "-wal"])
def test_a_file_that_is_removed_stops_acks_and_nothing_acked_is_lost(broker, suffix):
    broker.create("bob", "alice")
    file = broker.database.with_name("chat.db" + suffix)
    away = file.with_name("away")
    broker.user("carol").send("bob", "before")
    file.rename(away)
    acked = send_until_closed(broker, "alice", "bob")
    broker.await_log("was removed or replaced while it is in use")
    admin = broker.admin()
    assert admin.command("getStats")["stalled"] == 1
    if suffix == ".ring":
        await_empty_ring(admin)  # what was in it is in the database
    broker.kill()
    if suffix != ".ring":
        away.rename(file)
    broker.start()
    assert texts(broker, "bob") == ["before", *acked]


@pytest.mark.options(ring_bytes=4 << 20)
def test_while_the_ring_is_full_an_admin_comes_in_and_is_told_so(broker):
    broker.create("bob", "alice")
    with broker.uncommitted() as database:
        acked = send_until_closed(broker, "alice", "bob")
        assert len(acked) > 1000
        assert send_until_closed(broker, "alice", "bob") == []  # logging in finds room still
        admin = broker.admin()
        stats = admin.command("getStats")
        assert stats["stalled"] == 1 and stats["ringBytes"] > 3 << 20
        database.execute("COMMIT")
    broker.await_log("the database can be written again")
    assert texts(broker, "bob") == acked
    assert admin.command("getStats")["stalled"] == 0


@pytest.mark.options(ring_bytes=4 << 20)
def test_while_the_writer_is_stalled_commands_fill_no_more_than_their_part_of_the_ring(broker):
    broker.create("bob")
    alice, admin = broker.user("alice"), broker.admin()
    rename = {"command": "setSelfInfo", "selfSignature": "x" * 500}
    with broker.uncommitted() as database:
        while 10002 not in [response.get("code") for response in alice.batch([rename] * 50)]:
            pass
        assert len(alice.batch([rename] * 50)) == 50  # refused, and not disconnected
        for number in range(300):
            alice.send("bob", f"m{number}")
        assert admin.code("setSelfInfo", nickname="still here") == 0
        database.execute("COMMIT")
    broker.await_log("the database can be written again")
    assert [m["text"] for m in broker.user("bob").synced()] == [f"m{number}" for number in range(300)]
