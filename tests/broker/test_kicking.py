# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""kickUser: an administrator ends everything a user is logged in with."""
import itertools
import json
import pathlib
import re
import time

import pytest

from harness import packets, usersig
from harness.raw import RawClient
from harness.settings import PRELOAD
from harness.user import CONTROL, RESPONSE
from test_devices import devices
from test_login_policy import forced, is_forced, stays
from test_push import is_job, job, jobs_before_carols, with_token, worker

numbers = itertools.count()
VERSIONS = pytest.mark.parametrize("version", [4, 5])


def newer(broker, name):
    """A userSig of a second that has not been yet: no kick of now ends it."""
    return broker.sig(name, created=int(time.time()) + 2)


def refused(broker, name, client_id, sig):
    """The CONNACK of a login that the log must explain with 70052."""
    start = len(broker.process.lines)
    code = broker.raw().connect(client_id, name, sig).code
    broker.await_log(rf"{client_id}.* 70052 ", start=start)
    return code


def commander(broker, name):
    """A bare socket: what it sends is with the broker at once, and in order."""
    client = broker.raw(5)
    client.login(name, f"{name}:iot:{next(numbers)}")
    return client


def ask(client, *commands):
    client.send(packets.publish(5, CONTROL, json.dumps({"commands": commands})))


def answers(client):
    """The codes of the next response."""
    while True:
        message = client.next_message()
        if message.topic == RESPONSE:
            return [r.get("code", 0) for r in json.loads(message.payload)["responses"]]


@VERSIONS
def test_every_device_is_told_and_closed(broker, version):
    found = [broker.user("bob", device, version=version) for device in ("ios:1", "web:1", "iot:1", None)]
    carol = broker.user("carol", "ios:1")
    assert broker.admin().command("kickUser", userID="bob") == {}
    for device in found:
        assert forced(device) == {"event": "forceOffline", "reason": "admin"}
    stays(carol)


def test_in_5_0_the_close_says_administrative_action(broker):
    bob = broker.raw(5)
    bob.login("bob")
    broker.admin().command("kickUser", userID="bob")
    assert b"forceOffline" in bob.next_message().payload
    while (last := bob.receive()).kind != packets.DISCONNECT:
        pass
    assert last.code == 0x98


@pytest.mark.parametrize("kill", [None, False, True])
def test_user_sigs_made_up_to_this_second_are_dead(broker, kill):
    old = broker.sig("bob", created=int(time.time()) - 1000)
    broker.user("bob", "ios:1")
    broker.admin().command("kickUser", userID="bob")
    this_second = broker.sig("bob", created=int(time.time()) - 1)
    later = newer(broker, "bob")
    if kill is not None:
        broker.restart(kill=kill)
    for sig in (old, this_second):
        assert refused(broker, "bob", "bob:ios:1", sig) == 5
    assert broker.raw().connect("bob:ios:1", "bob", later).code == 0


def test_a_user_sig_of_a_clock_that_is_ahead_does_not_survive_the_kick(broker):
    """Made before it, and one made by the same clock after it is good at once."""
    sig = broker.sig("bob", created=int(time.time()) + 200)
    broker.user("bob", "ios:1", sig=sig)
    admin = broker.admin()
    admin.command("kickUser", userID="bob")
    assert refused(broker, "bob", "bob:ios:1", sig) == 5
    unseen = broker.sig("bob", created=int(time.time()) + 198)
    assert refused(broker, "bob", "bob:ios:1", unseen) == 5
    assert broker.raw().connect("bob:ios:1", "bob", broker.sig("bob", created=int(time.time()) + 203)).code == 0


def test_a_later_kick_counts_too(broker):
    broker.create("bob")
    admin, sig = broker.admin(), newer(broker, "bob")
    admin.command("kickUser", userID="bob")
    assert broker.raw().connect("bob", "bob", sig).code == 0
    made = int(time.time()) + 2
    while time.time() < made + 0.01:
        time.sleep(0.05)
    admin.command("kickUser", userID="bob")
    assert refused(broker, "bob", "bob", sig) == 5


def test_who_comes_with_a_newer_user_sig_is_as_before(broker):
    alice = broker.user("alice")
    topic = alice.group("Private", "g1", ["bob"]) if broker.create("bob") is None else None
    phone = broker.user("bob", "ios:1").subscribe("chat/user/bob/#")
    alice.send("bob", "one")
    phone.text("one")
    broker.admin().command("kickUser", userID="bob")
    forced(phone)
    alice.send("bob", "two")
    alice.send(topic, "three")
    phone._sig = newer(broker, "bob")
    phone.connect().subscribe("chat/user/bob/#")
    assert [m.get("text") for m in phone.contents("three")] == ["two", "three"]
    stays(phone)
    phone.send("alice", "here again")


def test_who_was_away_is_refused_and_is_told_nothing_later(broker):
    phone = broker.user("bob", "ios:1")
    phone.disconnect()
    broker.admin().command("kickUser", userID="bob")
    assert refused(broker, "bob", "bob:ios:1", broker.sig("bob", created=int(time.time()) - 1)) == 5
    stays(broker.user("bob", "ios:1", sig=newer(broker, "bob")))


def test_it_ends_what_a_device_still_had_to_be_told(broker):
    phone = broker.user("bob", "ios:1")
    phone.disconnect()
    broker.user("bob", "ios:2").disconnect()
    broker.admin().command("kickUser", userID="bob")
    phone._sig = newer(broker, "bob")
    phone.connect()
    stays(phone)


@pytest.mark.parametrize("restart", [False, True])
def test_no_device_of_before_is_in_the_way_or_in_the_list(broker, restart):
    for device in ("ios:1", "mac:1", "iot:1"):
        broker.user("bob", device).disconnect()
    broker.admin().command("kickUser", userID="bob")
    if restart:
        broker.restart()
    page = broker.user("bob", "web:1", sig=newer(broker, "bob"))
    assert devices(page) == {"bob:web:1": ("web", True)}


def test_before_the_store_has_heard_of_it_no_device_is_in_the_way_either(broker):
    for device in ("ios:1", "mac:1"):
        broker.user("bob", device).disconnect()
    broker.user("bob", "ios:2").disconnect()  # ios:1 is to be told
    sig = newer(broker, "bob")
    with broker.uncommitted():
        broker.admin().command("kickUser", userID="bob")
        phone = broker.user("bob", "ios:3", sig=sig)
        assert devices(phone) == {"bob:ios:3": ("ios", True)}
        phone.disconnect()
        first = broker.user("bob", "ios:1", sig=sig)
        assert devices(first) == {"bob:ios:1": ("ios", True)}
        stays(first)
    third = broker.user("bob", "ios:3", sig=sig)
    assert forced(third)["clientID"] == "bob:ios:1"


@pytest.mark.parametrize("connected", [True, False])
def test_push_tokens_and_jobs_are_gone(broker, connected):
    with_token(broker, "bob", "ios:1")
    phone = with_token(broker, "bob", "mac:1", token="a2")
    with_token(broker, "carol")
    alice = broker.user("alice")
    alice.send("bob", "before")
    if connected:
        phone.connect()
    broker.admin().command("kickUser", userID="bob")
    alice.send("bob", "after")
    assert jobs_before_carols(alice, worker(broker)) == []


def test_before_the_store_has_heard_of_it_no_job_goes_out_either(broker):
    with_token(broker, "bob", "ios:1")
    with_token(broker, "carol")
    alice = broker.user("alice")
    alice.send("bob", "before")
    alice.send("carol", "sentinel")
    broker.restart()
    with broker.uncommitted():
        broker.admin().command("kickUser", userID="bob")
        user = worker(broker)
        job(user, userID="carol")
        assert user.silent(is_job) == []


@pytest.mark.parametrize("age", [10, -10])
def test_a_session_that_was_kicked_cannot_be_renewed(broker, age):
    """Neither with a userSig that the kick has ended nor with another one: it is being closed."""
    bob, admin = commander(broker, "bob"), commander(broker, "admin")
    sig = broker.sig("bob", created=int(time.time()) - age)
    ask(admin, {"command": "kickUser", "userID": "bob"})
    assert answers(admin) == [0]
    ask(bob, {"command": "renewUserSig", "userSig": sig})
    assert answers(bob) == [10007]
    bob.wait_closed()


@pytest.mark.parametrize("end", [{"command": "kickUser"}, {"command": "banUser", "seconds": 60}], ids=lambda end: end["command"])
def test_what_a_device_still_sends_before_it_is_closed_is_refused(broker, end):
    """Half a second is long enough for a last word, or to come back into a group."""
    alice, bob, admin = broker.user("alice"), commander(broker, "bob"), commander(broker, "admin")
    alice.group("Public", "g1", addOpt="FreeAccess")
    ask(admin, {**end, "userID": "bob"})
    assert answers(admin) == [0]
    bob.send(packets.publish(5, "chat/user/alice", "too late", qos=1, mid=77))
    assert bob.expect(packets.PUBACK).code == 0x87
    ask(bob, {"command": "joinGroup", "groupID": "g1"})
    assert answers(bob) == [10007]
    assert alice.synced() == []
    bob.wait_closed()


def test_an_admin_can_kick_himself(broker):
    admin = broker.admin("ios:1")
    assert admin.command("kickUser", userID="admin") == {}
    assert forced(admin)["reason"] == "admin"


def test_a_reload_lets_nobody_back_in_and_nobody_else_out(broker):
    bob = broker.user("bob", "ios:1", clean=False)
    bob.disconnect()
    carol = broker.user("carol", "ios:1", clean=False)
    broker.admin().command("kickUser", userID="bob")
    broker.reload()
    assert refused(broker, "bob", "bob:ios:1", broker.sig("bob", created=int(time.time()) - 1)) == 5
    stays(carol)


@pytest.mark.parametrize("command", ["kickUser", "deleteUser"])
def test_only_administrators_may(broker, command):
    bob = broker.user("bob", "ios:1")
    assert broker.user("carol").code(command, userID="bob") == 60010
    assert bob.code(command, userID="bob") == 60010
    stays(bob)


@pytest.mark.parametrize("command", ["kickUser", "deleteUser"])
def test_a_user_that_there_is_not(broker, command):
    assert broker.admin().code(command, userID="nobody") == 20003


@pytest.mark.parametrize("command", ["kickUser", "deleteUser"])
@pytest.mark.parametrize("user", ["", "a b", "x" * 33, "@system", 5, None, ["bob"], "x" * 65536])
def test_a_field_that_is_wrong_is_named(broker, command, user):
    found = broker.admin().request(command, userID=user)
    assert found["code"] == 10004 and "userID" in found["error"]


def test_ten_in_one_publish_are_one_kick(broker):
    bob, admin = broker.user("bob", "ios:1"), broker.admin()
    admin.start_publish(CONTROL, {"commands": [{"command": "kickUser", "userID": "bob"}] * 10})
    found = admin.wait(lambda m: m.get("responses")).data["responses"]
    assert [r.get("code", 0) for r in found] == [0] * 10
    bob.wait_closed()
    assert {m.get("reason") for m in bob.pending(is_forced)} == {"admin"}


# ---- nothing is left behind


def resident_kib(broker):
    status = pathlib.Path(f"/proc/{broker.process.pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+) kB", status).group(1))


class Churn:
    """Fifty users at once, because each close takes the broker a few turns."""

    def __init__(self, broker):
        self.broker, self.admin, self.logins, self.rounds = broker, broker.admin(), 0, 0
        self.names = [f"u{n}" for n in range(50)]

    def login(self, device):
        clients = [RawClient(self.broker.mqtt.number, 4 + n % 2) for n in range(len(self.names))]
        for name, client in zip(self.names, clients):
            # Newer than the kicks of the round before, by the same clock.
            sig = usersig.mint(name, created=int(time.time()) + 20 * self.rounds)
            client.login(name, f"{name}:{device}", password=sig)
        self.logins += len(clients)
        return clients

    @staticmethod
    def closed(clients):
        for client in clients:
            client.wait_closed()
            client.close()

    def round(self):
        self.rounds += 1  # with the same devices they would have to wait
        one, two = f"ios:1.{self.rounds}", f"ios:2.{self.rounds}"
        first = self.login(one)
        second = self.login(two)
        self.closed(first)
        third = self.login(two)  # a takeover
        self.closed(second)
        for client in third:
            client.send(packets.disconnect())
        self.closed(third)
        fourth = self.login(one)
        self.closed(self.login(two))  # told that it was displaced while it was away
        for name in self.names:
            self.admin.start_publish(CONTROL, {"commands": [{"command": "kickUser", "userID": name}]})
        self.closed(fourth)


@pytest.mark.skipif(bool(PRELOAD), reason="a sanitizer keeps freed memory")
def test_two_thousand_logins_displacements_and_kicks_leak_nothing(broker):
    churn = Churn(broker)
    for _ in range(3):
        churn.round()
    before = resident_kib(broker)
    while churn.logins < 2000 + 3 * 250:
        churn.round()
    assert resident_kib(broker) - before < 1024
