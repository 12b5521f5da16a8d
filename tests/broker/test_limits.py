# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""What too much does: rates, and a receiver that does not read."""
import json
import re
import socket
import time

import pytest

from harness import packets
from harness.settings import PRELOAD

VERSIONS = pytest.mark.parametrize("version", [4, 5])
ACCEPTED = (0, 0x10)
MIB = 1 << 20


def texts(messages):
    return [message.get("text") for message in messages]


def numbered(first, last):
    return [f"m{n}" for n in range(first, last + 1)]


def burst(alice, topic, payloads, **how):
    """The codes of the acks of what is sent as fast as possible."""
    return [alice.wait_ack(mid) for mid in [alice.start_publish(topic, text, **how) for text in payloads]]


def rejected(client):
    client.fence()
    return [m.get("code") for m in client.take_all(lambda m: m.get("event") == "rejected")]


# ---- rates. A bucket fills while the test runs, so numbers have an upper bound as well: seconds times rate


@VERSIONS
@pytest.mark.options(user_rate=4)
def test_a_user_may_send_a_burst_of_five_times_the_rate(broker, version):
    broker.create("bob")
    alice = broker.user("alice", version=version)
    start = time.monotonic()
    codes = burst(alice, "chat/user/bob", numbered(1, 60))
    most = 20 + 4 * (time.monotonic() - start + 1)
    accepted = len(broker.user("bob").synced())
    assert 20 <= accepted <= most
    refusals = rejected(alice)
    assert refusals == [10023] * (60 - accepted)
    if version == 5:
        assert codes.count(0x87) == len(refusals)


@pytest.mark.options(user_rate=2)
def test_a_refused_message_is_named_in_the_event(broker):
    broker.create("bob")
    alice = broker.user("alice")
    burst(alice, "chat/user/bob", numbered(1, 40))
    rejected(alice)
    refusal = alice.refusal("chat/user/bob", {"text": "too much", "random": 17})
    assert (refusal["code"], refusal["random"]) == (10023, 17) and refusal["error"]


@pytest.mark.options(user_rate=2)
def test_all_devices_and_receivers_of_a_sender_share_the_rate(broker):
    broker.create("bob", "carol")
    devices = [broker.user("alice", f"iot:{n}") for n in range(3)]
    topic = devices[0].group("Private", "g1", ["bob"])
    start = time.monotonic()
    places = ("chat/user/bob", "chat/user/carol", topic)
    codes = [code for device, to in zip(devices, places) for code in burst(device, to, numbered(1, 20))]
    accepted = sum(code in ACCEPTED for code in codes)
    assert 10 <= accepted <= 10 + 2 * (time.monotonic() - start + 1)


@pytest.mark.options(user_rate=1)
def test_one_senders_haste_does_not_slow_another(broker):
    bob = broker.user("bob").subscribe("chat/user/bob/#")
    burst(broker.user("alice"), "chat/user/bob", numbered(1, 20))
    broker.user("carol").send("bob", "in time")
    bob.text("in time")


@pytest.mark.options(user_rate=1)
def test_commands_do_not_count(broker):
    broker.create("bob")
    alice = broker.user("alice")
    for _ in range(15):
        alice.command("getUnread")
    assert [code in ACCEPTED for code in burst(alice, "chat/user/bob", numbered(1, 5))] == [True] * 5


@pytest.mark.options(user_rate=1)
def test_beyond_the_rate_commands_are_answered_all_the_same(broker):
    broker.create("bob")
    alice = broker.user("alice")
    burst(alice, "chat/user/bob", numbered(1, 20))
    for _ in range(10):
        alice.command("getUnread")


@pytest.mark.options(user_rate=2)
def test_onlineOnly_counts_as_well(broker):
    broker.user("bob").subscribe("chat/user/bob/#")
    alice = broker.user("alice")
    payloads = [json.dumps({"text": "x", "onlineOnly": True})] * 40
    assert burst(alice, "chat/user/bob", payloads).count(0x87) >= 20


@pytest.mark.options(user_rate=2)
def test_a_message_that_is_sent_again_does_not_count(broker):
    """It is the same message; a client that repeats after a reconnect must not be punished."""
    broker.create("bob")
    alice = broker.user("alice")
    again = json.dumps({"text": "x", "random": 5})
    assert set(burst(alice, "chat/user/bob", [again] * 50)) <= set(ACCEPTED)


@pytest.mark.options(user_rate=20)
def test_the_bucket_fills_again(broker):
    broker.create("bob")
    alice = broker.user("alice")
    assert 0x87 in burst(alice, "chat/user/bob", numbered(1, 150))
    deadline = time.monotonic() + 5
    while burst(alice, "chat/user/bob", ["again"])[0] == 0x87:
        assert time.monotonic() < deadline


@VERSIONS
@pytest.mark.options(group_rate=10)
def test_a_group_takes_no_more_than_its_rate_from_all_of_its_members(broker, version):
    broker.create("bob")
    alice, bob = broker.user("alice", version=version), broker.user("bob", version=version)
    topic = alice.group("Private", "g1", ["bob"])
    start = time.monotonic()
    for member in (alice, bob):
        burst(member, topic, numbered(1, 30))
    most = 10 + 10 * (time.monotonic() - start + 1)
    refusals = rejected(alice) + rejected(bob)
    assert set(refusals) == {10023}
    assert 10 <= 60 - len(refusals) <= most


@pytest.mark.options(group_rate=2)
def test_a_busy_group_does_not_slow_another_nor_private_messages(broker):
    broker.create("bob")
    alice = broker.user("alice")
    busy, calm = alice.group("Private", "busy"), alice.group("Private", "calm")
    assert 0x87 in burst(alice, busy, numbered(1, 20))
    alice.send(calm, "x")
    alice.send("bob", "x")


@pytest.mark.options(group_rate=2)
def test_a_full_live_group_sheds_without_an_error(broker):
    owner = broker.user("alice")
    topic = owner.group("AVChatRoom", "live")
    bob = broker.user("bob").subscribe(topic)
    assert set(burst(owner, topic, numbered(1, 30))) <= set(ACCEPTED)
    assert rejected(owner) == []
    bob.fence()
    assert 1 <= len(bob.take_all()) < 15


# ---- a receiver that does not read


def private_memory(broker):
    """Bytes of the broker's own memory; the mapped ring is a file and does not count."""
    with open(f"/proc/{broker.process.pid}/status") as status:
        return int(re.search(r"RssAnon:\s+(\d+)", status.read()).group(1)) * 1024


def deaf(broker, name, client_id, qos=1, **how):
    """Logs in, subscribes, and reads nothing from then on."""
    client = broker.raw()
    client._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.login(name, client_id, **how)
    client.subscribe(f"chat/user/{name}/#", qos)
    return client


def flood(sender, topic, count, size=10, qos=1, first=1):
    """Pipelined, so that it takes little time: m<first>... filled up to `size`, each acknowledged."""
    for at in range(first, first + count, 250):
        block = range(at, min(at + 250, first + count))
        sender.send(
            b"".join(
                packets.publish(4, topic, f"m{n} ".ljust(size, "."), qos, n % 60000 + 1 if qos else None)
                for n in block
            )
        )
        if qos:
            for _ in block:
                sender.expect(packets.PUBACK)
        else:
            sender.ping()


@pytest.fixture
def alice(broker):
    broker.create("bob")
    client = broker.raw()
    client.login("alice")
    return client


def round_trip(carol, dave, text):
    start = time.monotonic()
    carol.send("dave", text)
    dave.text(text)
    return time.monotonic() - start


@pytest.mark.skipif(bool(PRELOAD), reason="a sanitizer keeps freed memory")
@pytest.mark.parametrize("qos", [0, 1])
def test_a_receiver_that_never_reads_costs_bounded_memory_and_slows_nobody(broker_factory, qos):
    """20,000 messages, 80 MB, of which Mosquitto queues 4 MB; SQLite's cache takes up to 64 MiB whoever
    reads. The ring has room for all, so that no publish is turned away."""
    conf = ["max_queued_messages 1000", "max_queued_bytes 4194304"]
    broker = broker_factory(conf=conf, ring_bytes=128 << 20, sync="off")
    alice, carol = broker.raw(), broker.user("carol")
    alice.login("alice")
    dave = broker.user("dave").subscribe("chat/user/dave/#")
    deaf(broker, "bob", "bob:iot:deaf", qos)
    before = private_memory(broker)
    slowest = 0
    for turn in range(20):
        flood(alice, "chat/user/bob", 1000, 4096, first=1000 * turn + 1)
        slowest = max(slowest, round_trip(carol, dave, f"t{turn}"))
    assert private_memory(broker) - before < 100 * MIB
    assert slowest < 1


@pytest.mark.skipif(bool(PRELOAD), reason="a sanitizer keeps freed memory")
@pytest.mark.options(replay_limit=100000, ring_bytes=64 << 20)
def test_a_replay_to_who_never_reads_costs_bounded_memory_and_slows_nobody(broker, alice):
    flood(alice, "chat/user/bob", 10000, 1024)
    carol, dave = broker.user("carol"), broker.user("dave").subscribe("chat/user/dave/#")
    before = private_memory(broker)
    for number in range(3):
        deaf(broker, "bob", f"bob:iot:{number}")
    times = [round_trip(carol, dave, f"t{n}") for n in range(50)]
    assert max(times) < 1
    assert private_memory(broker) - before < 3 * 32 * MIB + 64 * MIB


def read_on(client):
    """The texts from now on up to "end", without what fills them up."""
    client._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    found = client.messages_until(lambda m: b'"text":"end"' in m.payload, timeout=30)
    return [json.loads(m.payload)["text"].split()[0] for m in found if b'"text"' in m.payload]


@VERSIONS
@pytest.mark.parametrize("clean", [True, False])
def test_a_device_that_acks_has_no_gap_although_it_stopped_reading(broker_factory, version, clean):
    """max_queued_messages is too small for what is sent meanwhile: that waits in the database. (At QoS 0, where a
    replay does not depend on how fast a client acknowledges.)"""
    broker = broker_factory(conf=["max_queued_messages 600"], replay_limit=100000, ring_bytes=64 << 20)
    broker.create("bob")
    alice = broker.raw()
    alice.login("alice")
    phone = broker.user("bob", "iot:1", version=version, clean=clean).subscribe("chat/user/bob/#", qos=0)
    alice.publish("chat/user/bob", "m0 ")
    phone.command("ack", id=phone.content().get("id"))
    phone.disconnect()
    client = deaf(broker, "bob", "bob:iot:1", qos=0, clean=clean)
    flood(alice, "chat/user/bob", 1500, 8192)
    client.abort()
    again = broker.raw(version)
    props = {packets.SESSION_EXPIRY: 3600} if version == 5 else None
    again.login("bob", "bob:iot:1", clean=clean, props=props)
    if clean:
        again.subscribe("chat/user/bob/#", 0)
    alice.publish("chat/user/bob", "end")
    assert read_on(again) == numbered(1, 1500)
    assert "being dropped" not in broker.log()


def test_a_kept_session_within_the_limits_gets_everything_once_and_in_order(broker, alice):
    client = deaf(broker, "bob", "bob:iot:1", clean=False)
    flood(alice, "chat/user/bob", 2000, 512)
    client.abort()
    flood(alice, "chat/user/bob", 500, 64, first=2001)
    again = broker.raw()
    assert again.login("bob", "bob:iot:1", clean=False).session_present
    alice.publish("chat/user/bob", "end")
    assert read_on(again) == numbered(1, 2500)


def test_who_reads_again_after_a_while_has_everything_in_order(broker, alice):
    client = deaf(broker, "bob", "bob:iot:1")
    flood(alice, "chat/user/bob", 3000, 512)
    alice.publish("chat/user/bob", "end")
    assert read_on(client) == numbered(1, 3000)


# ---- with the limits that Mosquitto has by default


@pytest.mark.parametrize("qos", [0, 1, 2])
@VERSIONS
def test_a_replay_of_1000_fits_mosquittos_own_limits(broker_factory, version, qos):
    conf = ["max_queued_messages 1000", "allow_duplicate_messages false"]
    broker = broker_factory(conf=conf, device_rate=1000)
    broker.create("bob")
    alice = broker.raw()
    alice.login("alice")
    flood(alice, "chat/user/bob", 1000, 200)
    bob = broker.user("bob", version=version).subscribe("chat/user/bob/#", qos=qos)
    found = [bob.content() for _ in range(1000)]
    assert [text.split()[0] for text in texts(found)] == numbered(1, 1000)
    assert bob.silent() == []


def test_a_replay_of_more_than_mosquitto_queues_is_paced(broker_factory):
    broker = broker_factory(conf=["max_queued_messages 2000"], replay_limit=5000, device_rate=1000)
    broker.create("bob")
    alice = broker.raw()
    alice.login("alice")
    flood(alice, "chat/user/bob", 5000, 200)
    bob = broker.raw()
    bob.login("bob")
    bob.subscribe("chat/user/bob/#")
    found = [json.loads(bob.next_message().payload)["text"].split()[0] for _ in range(5000)]
    assert found == numbered(1, 5000)
