# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""$SYS/broker/chat/...: counters for admins."""
import pytest

from harness.settings import PATIENCE

PREFIX = "$SYS/broker/chat/"


def is_counter(message):
    return message.topic.startswith(PREFIX)


@pytest.mark.options(other_topics="allow")
def test_counters_are_retained_numbers_for_admins_only(broker):
    bob = broker.user("bob").subscribe("chat/user/bob/#")
    alice = broker.user("alice")
    assert alice.try_subscribe("$SYS/broker/chat/#") == 0x87
    assert alice.try_subscribe("$SYS/broker/chat/messages") == 0x87
    alice.subscribe("$SYS/#", "#")
    alice.send("bob", "hello")
    bob.text("hello")
    admin = broker.admin().subscribe("$SYS/broker/chat/#")
    first = admin.wait(is_counter, "no counter came", PATIENCE + 10)
    later = broker.admin("web:2").subscribe("$SYS/broker/chat/#")
    assert later.wait(is_counter).retain, "a counter is retained"
    later.fence()
    found = {m.topic: m.payload for m in [first, *later.pending(is_counter)]}
    assert len(found) >= 8
    assert all(float(value) >= 0 for value in found.values())
    assert alice.silent(is_counter) == [], "seen through a wider filter"
