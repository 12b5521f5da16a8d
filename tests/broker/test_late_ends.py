# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""Sessions that end while the ring is full are written later, with all that their end would have done."""
import contextlib
import time

import pytest

from harness.raw import Closed
from harness.settings import PATIENCE

pytestmark = pytest.mark.options(ring_bytes=4 << 20, max_members_private=300)
PHONES = 200


def phones(broker, count=PHONES):
    """So many users' phones, with a push token and their inbox, connected."""
    out = []
    for n in range(count):
        phone = broker.raw()
        phone.login(f"u{n}", f"u{n}:ios:1")
        token = {"command": "setPushToken", "provider": "fcm", "token": f"token-{n}"}
        phone.publish("$CONTROL/chat/v1", {"commands": [token]})
        phone.subscribe(f"chat/user/u{n}")
        out.append(phone)
    return out


def fill_ring(broker):
    """Until not even a login finds room."""
    alice = broker.raw()
    alice.login("alice", "alice:other:filler")
    with contextlib.suppress(Closed):
        while True:
            alice.publish("chat/user/bob", {"text": "x" * 3000})
    while True:
        client = broker.raw()
        connack = client.connect("bob:other:filler", "bob", broker.sig("bob"))
        if connack.code != 0:
            return
        client.close()


def end_all(broker, clients):
    """Returns when the broker has taken note of it."""
    for client in clients:
        client.drop()


def jobs(worker, body):
    """The users for whom a job with this body has come, when no more come."""
    found, patience = set(), time.monotonic() + PATIENCE
    while len(found) < PHONES and time.monotonic() < patience:
        mine = worker.take_all(lambda m: m.topic == "chat/push" and m.get("body") == body)
        found |= {message.data["userID"] for message in mine}
        if mine:
            done = [message.data["job"] for message in mine]
            worker.command("pushDone", jobs=done)
        time.sleep(0.02)
    return found


def test_two_hundred_phones_that_go_while_the_ring_is_full_are_pushed_to(broker):
    broker.create("alice", "bob")
    connected, alice = phones(broker), broker.user("alice")
    group = alice.group("Private", "g1", [f"u{n}" for n in range(100)])
    alice.command("inviteGroupMember", groupID="g1", members=[f"u{n}" for n in range(100, PHONES)])
    alice.send(group, "handed to nobody")
    with broker.uncommitted() as database:
        fill_ring(broker)
        end_all(broker, connected)
        database.execute("COMMIT")
    worker = broker.admin("web:1").subscribe("chat/push")
    everybody = {f"u{n}" for n in range(PHONES)}
    assert jobs(worker, "handed to nobody") == everybody
    alice.connect().send(group, "later")
    assert jobs(worker, "later") == everybody
