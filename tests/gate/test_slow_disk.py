# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""sent_after committed: what is asked over HTTP is answered when the broker's database has it, and not before."""
import concurrent.futures

import pytest


@pytest.fixture
def gate(gatehouse):
    gatehouse.broker.options["sent_after"] = "committed"
    gatehouse.start()
    gatehouse.broker.create("alice", "bob")
    return gatehouse


@pytest.fixture
def pool():
    with concurrent.futures.ThreadPoolExecutor(1) as made:
        yield made


def test_a_message_over_http_has_its_receipt_after_the_commit(gate, pool):
    alice, bob = gate.client("alice"), gate.broker.user("bob", "ios:1")
    bob.subscribe(bob.feed)
    alice.send("bob", "first")
    with gate.broker.uncommitted():
        sent = pool.submit(alice.send, "bob", "second")
        message = bob.text("second").data
        bob.fence()
        assert not sent.done()
    assert sent.result()["id"] == message["id"]


def test_a_rest_request_is_answered_after_the_commit(gate, pool):
    bob = gate.broker.user("bob", "ios:1")
    group = {"Type": "Public", "Name": "g", "GroupId": "g1", "Owner_Account": "bob", "MemberList": []}
    with gate.broker.uncommitted():
        made = pool.submit(gate.rest, "group_open_http_svc/create_group", group)
        while "g1" not in [each["groupID"] for each in bob.command("getJoinedGroups")["groups"]]:
            pass
        bob.fence()
        assert not made.done()
    assert made.result()["ErrorCode"] == 0
