# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""The bad disk and the wrong clock of harness/faults.py reach a running broker."""
import errno
import time

import pytest

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
    alice, bob = broker.user("alice"), broker.user("bob").subscribe("chat/user/bob")
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
