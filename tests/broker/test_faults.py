# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""The bad disk and the wrong clock of harness/faults.py reach a running broker."""
import errno
import time

import pytest


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
