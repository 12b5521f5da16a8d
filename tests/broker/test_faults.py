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
