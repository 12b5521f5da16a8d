# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""Many clients at once, and clients that misbehave."""
import json
import os
import random

import pytest

from harness import packets
from harness.packets import SESSION_EXPIRY


def test_two_hundred_members_get_every_message_of_their_group_once(broker):
    names = [f"u{n}" for n in range(200)]
    broker.create(*names)
    alice = broker.user("alice")
    topic = alice.group("Public", "g1", names[:100])
    broker.admin().command("inviteGroupMember", groupID="g1", members=names[100:])
    clients = []
    for name in names:
        client = broker.raw()
        client.login(name)
        client.subscribe(f"chat/user/{name}/#")
        clients.append(client)
    alice.send_many(topic, [f"m{n}" for n in range(10)])
    for client in clients:
        found = [m for m in client.messages_until(lambda m: b'"m9"' in m.payload) if b'"text"' in m.payload]
        assert [json.loads(m.payload)["seq"] for m in found] == list(range(1, 10))


NAMES = [f"u{n}" for n in range(100)]


@pytest.fixture
def alice(broker):
    """Feeds of the others begin with much to read, so that no turn of the loop has time for all of them."""
    broker.create(*NAMES)
    alice = broker.user("alice")
    for number in range(30):
        alice.group("Public", f"g{number}", NAMES)
    broker.restart()
    return alice.connect()


def texts_until_later(client):
    """What a client gets until the message that was sent last, without events."""
    found = client.messages_until(lambda m: b'"later"' in m.payload)
    return [json.loads(m.payload)["text"] for m in found if b'"text"' in m.payload]


def test_feeds_that_many_subscribe_in_one_turn_begin_with_what_was_missed(broker, alice):
    clients = {name: broker.raw() for name in NAMES}
    for name, client in clients.items():
        alice.send(name, "missed")
        client.login(name, f"{name}:iot:1")
    with broker.one_turn():
        for name, client in clients.items():
            client.start_subscribe(f"chat/user/{name}/#")
    for name in NAMES:
        alice.send(name, "later")
    assert [texts_until_later(client) for client in clients.values()] == [["missed"]] * len(NAMES)


def test_what_comes_before_a_feed_has_begun_comes_to_a_new_device_too(broker, alice):
    """The user's phone has it by then: another device's feed may begin behind that."""
    for name in NAMES:
        phone = broker.raw()
        phone.login(name, f"{name}:ios:1")
        phone.subscribe(f"chat/user/{name}/#")
    clients = {name: broker.raw() for name in NAMES}
    for name, client in clients.items():
        client.login(name, f"{name}:iot:1")
    with broker.one_turn():
        for name, client in clients.items():
            client.start_subscribe(f"chat/user/{name}/#")
        mids = [alice.start_publish(f"chat/user/{name}", "later") for name in reversed(NAMES)]
    for mid in mids:
        alice.wait_ack(mid)
    assert [texts_until_later(client) for client in clients.values()] == [[]] * len(NAMES)


def test_kept_sessions_that_return_in_one_turn_get_what_they_missed(broker, alice):
    for name in NAMES:
        client = broker.raw()
        client.login(name, f"{name}:iot:1", clean=False)
        client.subscribe(f"chat/user/{name}/#")
        client.disconnect()
        alice.send(name, "missed")
    clients = [broker.raw() for _ in NAMES]
    with broker.one_turn():
        for name, client in zip(NAMES, clients):
            client.send(packets.connect(4, f"{name}:iot:1", name, broker.sig(name), clean=False))
    for name, client in zip(NAMES, clients):
        client.expect(packets.CONNACK)
        alice.send(name, "later")
    assert [texts_until_later(client) for client in clients] == [["missed"]] * len(NAMES)


def test_a_feed_that_is_given_back_or_lost_before_it_has_begun_does_no_harm(broker, alice):
    clients = {name: broker.raw() for name in NAMES}
    for name, client in clients.items():
        client.login(name, f"{name}:iot:1")
    with broker.one_turn():
        for number, (name, client) in enumerate(clients.items()):
            client.start_subscribe(f"chat/user/{name}/#")
            if number % 3 == 1:
                client.send(packets.unsubscribe(4, client.next_mid(), [f"chat/user/{name}/#"]))
            elif number % 3 == 2:
                client.close()
    for number, (name, client) in enumerate(clients.items()):
        alice.send(name, "later")
        if number % 3 == 0:
            assert texts_until_later(client) == []
        elif number % 3 == 1:
            client.expect(packets.UNSUBACK)
            client.ping()
            assert client.subscribe(f"chat/user/{name}/#") == 1
            assert texts_until_later(client) == []


def test_everyone_writes_to_everyone(broker):
    names = [f"u{n}" for n in range(12)]
    users = {name: broker.user(name).subscribe(f"chat/user/{name}/#") for name in names}
    mids = [
        (users[a], users[a].start_publish(f"chat/user/{b}", f"{a} to {b}"))
        for a in names
        for b in names
        if a != b
    ]
    for user, mid in mids:
        assert user.wait_ack(mid) in (0, 0x10)
    for name, user in users.items():
        found = sorted(user.content().get("text") for _ in range(11))
        assert found == sorted(f"{other} to {name}" for other in names if other != name)
        assert user.silent() == []


def test_three_hundred_clients_come_and_go(broker):
    for number in range(300):
        client = broker.raw(4 + number % 2)
        client.login(f"u{number % 50}", f"u{number % 50}:iot:{number}")
        client.subscribe(f"chat/user/u{number % 50}/#")
        if number % 3:
            client.abort()
    broker.user("alice").send("u0", "still here")
    assert broker.user("u0").synced()[-1]["text"] == "still here"


def test_kept_sessions_that_never_return_do_not_disturb_the_others(broker):
    for number in range(50):
        client = broker.raw(5)
        client.login("bob", f"bob:iot:{number}", clean=False, props={SESSION_EXPIRY: 3600})
        client.subscribe("chat/user/bob/#")
        client.abort()
    bob = broker.user("bob", "web:1").subscribe("chat/user/bob/#")
    broker.user("alice").send_many("bob", [f"m{n}" for n in range(100)])
    assert [m.get("seq") for m in bob.contents("m99")] == list(range(1, 101))


def test_clients_that_break_off_in_the_middle_of_a_replay(broker):
    broker.create("bob")
    alice = broker.user("alice")
    alice.send_many("bob", [f"m{n}" for n in range(900)])
    for _ in range(10):
        alice.send("bob", "one more")  # what the broker had taken for itself does not come again
        client = broker.raw()
        client.login("bob", "bob:iot:1")
        client.subscribe("chat/user/bob/#")
        client.next_message()
        client.abort()
    alice.send("bob", "end")
    assert broker.user("bob", "web:1").synced()[-1]["text"] == "end"


@pytest.mark.parametrize("seed", range(3))
def test_noise_instead_of_mqtt_leaves_the_broker_well(broker, seed):
    noise = random.Random(seed)
    for _ in range(30):
        client = broker.raw(noise.choice((4, 5)))
        if noise.random() < 0.5:
            client.login("bob", f"bob:iot:{seed}")
        try:
            client.send(noise.randbytes(noise.randrange(1, 400)))
        except Exception:
            pass
        client.abort()
    broker.user("alice").send("bob", "still here")


def test_no_memory_of_clients_is_left_in_file_descriptors(broker):
    folder = f"/proc/{broker.process.pid}/fd"
    broker.create("alice", "bob")
    before = len(os.listdir(folder))
    for number in range(30):
        broker.create(f"u{number}")
        assert broker.raw().connect("x", "x", "wrong").code == 5
    for client in broker.raw_clients:
        client.close()
    broker.create("last")
    assert len(os.listdir(folder)) <= before + 2
