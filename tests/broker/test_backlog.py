# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""Who asks and never reads: what waits for them is bounded, and in the end they are closed. Mosquitto 2.0 itself sets
no limit to what is at QoS 0, and never frees what it drops above its limits."""
import json
import re
import socket

import pytest

from harness import packets
from harness.settings import PRELOAD
from harness.user import CONTROL

MIB = 1 << 20
TEXT = "x" * 9000
# Answered by a quarter of a mebibyte.
ASK = {"command": "getHistory", "to": "alice", "limit": 100}


def private_memory(broker):
    with open(f"/proc/{broker.process.pid}/status") as status:
        return int(re.search(r"RssAnon:\s+(\d+)", status.read()).group(1)) * 1024


def deaf(broker, name, client_id, keepalive, buffer=4096):
    """Logs in, and reads nothing from then on."""
    client = broker.raw()
    client._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    client.login(name, client_id, keepalive=keepalive)
    return client


def request():
    return json.dumps({"commands": [ASK] * 3})


@pytest.fixture
def history(broker):
    broker.create("bob")
    alice = broker.user("alice")
    alice.send_many("bob", [TEXT] * 100)
    return alice


@pytest.mark.skipif(bool(PRELOAD), reason="a sanitizer keeps freed memory")
@pytest.mark.parametrize("qos", [0, 1])
def test_who_asks_and_never_reads_is_refused_and_closed(broker, history, qos):
    before = private_memory(broker)
    client = deaf(broker, "bob", "bob:iot:1", keepalive=2)
    client.send(b"".join(packets.publish(4, CONTROL, request(), qos, n if qos else None) for n in range(1, 100)))
    broker.await_log(r"client bob:iot:1 reads nothing: its connection is closed, with \d+ KiB for it")
    assert private_memory(broker) - before < 80 * MIB
    history.send("bob", "after")
    assert broker.user("bob", "iot:2").subscribe("chat/user/bob/#").contents("after")


def test_who_reads_is_never_refused_however_much_it_is(broker, history):
    bob = broker.user("bob")
    for _ in range(20):
        answers = bob.batch([ASK] * 3)
        assert all(len(answer["data"]["messages"]) == 28 for answer in answers)


@pytest.fixture
def stuck(broker_factory):
    """A phone of bob's that reads nothing, at QoS 0, where Mosquitto 2.0 would queue them all. alice, and the phone."""
    broker = broker_factory(conf=["max_queued_bytes 1000000"], ring_bytes=32 << 20)
    alice = broker.user("alice")
    client = deaf(broker, "bob", "bob:iot:1", keepalive=60, buffer=65536)
    client.start_subscribe("chat/user/bob", qos=0)
    for first in range(0, 1000, 200):
        alice.send_many("bob", [f"m{n} {TEXT}" for n in range(first, first + 200)])
    return alice, client


def test_a_phone_that_was_stuck_is_given_what_it_missed_when_it_reads_again(stuck):
    _, client = stuck
    found = []
    while not found or found[-1] != "m999":
        found.append(json.loads(client.next_message().payload)["text"].split()[0])
    assert found == [f"m{n}" for n in range(1000)]


def test_a_phone_that_was_stuck_is_told_what_was_deleted_meanwhile_when_it_reads_again(stuck):
    alice, client = stuck
    web = alice.broker.user("bob", "web:1")
    first = web.command("sync", after=0, limit=1)["messages"][0]["id"]
    web.command("deleteMessages", ids=[first])
    alice.send("bob", "end")
    found = []
    while not found or found[-1].get("text") != "end":
        found.append(json.loads(client.next_message().payload))
    assert [m["ids"] for m in found if m.get("event") == "deleted"] == [[first]]
