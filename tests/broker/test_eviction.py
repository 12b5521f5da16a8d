# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""Who is not in use leaves memory, here at once. The stories of test_model.py say that nothing else is different."""
import pytest

pytestmark = pytest.mark.options(cache_seconds=0)


def turns(user, count=20):
    """So many turns of the broker's loop at least, and what was written before is in the database."""
    for _ in range(count):
        user.command("getUnread")


def test_who_has_unsubscribed_and_leaves_later_leaves_in_order(broker):
    admin, alice = broker.admin(), broker.user("alice")
    topic = alice.group("Public", "g1")
    alice.subscribe(topic).unsubscribe(topic)
    turns(admin)
    alice.disconnect()
    turns(admin)
    alice.connect().subscribe(topic)
    alice.send(topic, "hello")
    assert broker.user("alice", "iot:2").code("getGroupInfo", groupID="g1") == 0


def test_a_dismissed_group_leaves_memory_and_keeps_its_id(broker):
    admin, alice = broker.admin(), broker.user("alice")
    alice.group("Public", "g1")
    alice.command("dismissGroup", groupID="g1")
    turns(admin)
    assert alice.code("createGroup", groupType="Public", groupID="g1") == 10021
    assert alice.code("getGroupInfo", groupID="g1") == 10010


@pytest.mark.options(cache_seconds=0, command_rate=1)
def test_who_has_spent_all_does_not_get_it_back_by_going_away(broker):
    admin, alice = broker.admin(), broker.user("alice")
    while alice.code("getUnread") == 0:
        pass
    alice.disconnect()
    turns(admin)
    assert alice.connect().code("getHistory", to="admin") == 10023
