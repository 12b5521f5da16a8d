# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""The end of a userSig while its session runs: told, then closed, unless it was renewed."""
import time

import pytest

from harness import packets
from harness.raw import Closed
from harness.settings import PATIENCE
from harness.user import CONTROL, RESPONSE
from test_push import jobs_before_carols, with_token, worker

VERSIONS = pytest.mark.parametrize("version", [4, 5])


def short(broker, name, seconds=1):
    """A userSig that is valid to the end of the second that many seconds from now; and that moment."""
    created = int(time.time()) - 100
    return broker.sig(name, created=created, expire=100 + seconds), created + 100 + seconds + 1


def expired(message):
    return message.get("event") == "sigExpired"


@VERSIONS
@pytest.mark.parametrize("transport", ["tcp", "websockets"])
def test_who_has_expired_is_told_within_two_seconds_and_then_closed(broker, version, transport):
    sig, end = short(broker, "bob")
    bob = broker.user("bob", "ios:1", version=version, sig=sig, transport=transport)
    bob.event("sigExpired")
    told = time.time()
    bob.wait_closed()
    assert end <= told < end + 2


@VERSIONS
def test_the_event_comes_before_the_close_and_says_nothing_else(broker, version):
    sig, _ = short(broker, "bob", 0)
    bob = broker.raw(version)
    bob.login("bob", password=sig)
    event = bob.next_message()
    assert (event.topic, event.payload) == ("chat/user/bob/event", b'{"event":"sigExpired"}')
    with pytest.raises(Closed, match="DISCONNECT 0x98" if version == 5 else ""):
        bob.expect(-1)


def test_who_expires_without_acknowledging_anything_is_told_all_the_same(broker):
    sig, _ = short(broker, "bob")
    alice, bob = broker.user("alice"), broker.raw()
    bob.login("bob", password=sig)
    bob.subscribe("chat/user/bob/#")
    bob.auto_ack = False
    alice.send_many("bob", [f"m{n}" for n in range(60)])
    while b"sigExpired" not in bob.next_message().payload:
        pass
    bob.wait_closed()


def test_a_renewal_in_time_prevents_it(broker):
    sig, end = short(broker, "bob")
    bob = broker.user("bob", sig=sig)
    sentinel = broker.user("sentinel", sig=short(broker, "sentinel", 2)[0])
    bob.command("renewUserSig", userSig=broker.sig("bob"))
    sentinel.event("sigExpired")
    assert time.time() >= end
    assert bob.silent(expired) == []


def test_a_renewal_is_for_one_session_only(broker):
    sig, _ = short(broker, "bob")
    phone, page = broker.user("bob", "ios:1", sig=sig), broker.user("bob", "web:1", sig=sig)
    phone.command("renewUserSig", userSig=broker.sig("bob"))
    page.event("sigExpired")
    assert phone.silent(expired) == []


def test_the_renewed_user_sig_expires_as_well(broker):
    bob = broker.user("bob")
    sig, end = short(broker, "bob")
    bob.command("renewUserSig", userSig=sig)
    bob.event("sigExpired")
    assert end <= time.time() < end + 2
    bob.wait_closed()


@pytest.mark.parametrize("whose", ["carol", "bob"])
def test_a_renewal_that_is_refused_changes_nothing(broker, whose):
    """Another user's, and one with another key."""
    sig, _ = short(broker, "bob")
    bob = broker.user("bob", sig=sig)
    knobs = {"key": "another key"} if whose == "bob" else {}
    assert bob.code("renewUserSig", userSig=broker.sig(whose, **knobs)) == (70009 if knobs else 70013)
    bob.event("sigExpired")
    bob.wait_closed()


def test_a_session_that_is_being_closed_cannot_be_renewed(broker):
    bob = broker.user("bob", "ios:1")
    bob.start_publish(
        CONTROL, {"commands": [{"command": "logout"}, {"command": "renewUserSig", "userSig": broker.sig("bob")}]}
    )
    logout, renewal = bob.wait(lambda m: m.topic == RESPONSE).data["responses"]
    assert "code" not in logout and renewal["code"] == 10007


def test_others_go_on(broker):
    sig, _ = short(broker, "bob", 0)
    bob, alice = broker.user("bob", sig=sig), broker.user("alice")
    bob.wait_closed()
    assert alice.silent(expired) == []
    alice.send("bob", "hello")
    again = broker.user("bob", "web:1").subscribe("chat/user/bob/#")
    again.text("hello")


def test_an_expired_device_keeps_its_place_and_comes_back_with_a_new_user_sig(broker):
    """It is away like any other: nobody is sent away for it, and it is told nothing."""
    sig, _ = short(broker, "bob", 0)
    bob = broker.user("bob", "ios:1", sig=sig)
    bob.wait_closed()
    assert broker.raw().connect("bob:ios:1", "bob", sig).code == 5
    bob._sig = broker.sig("bob")
    bob.connect()
    assert bob.silent(lambda m: m.get("event") == "forceOffline") == []


def test_an_expired_device_gets_no_pushes_any_more(broker):
    with_token(broker, "carol")
    alice = broker.user("alice")
    sig, _ = short(broker, "bob")
    phone = broker.user("bob", "ios:1", sig=sig).subscribe("chat/user/bob")
    phone.command("setPushToken", provider="fcm", token="token-of-bob")
    alice.send("bob", "before")
    phone.event("sigExpired")
    phone.wait_closed()
    alice.send("bob", "after")
    assert jobs_before_carols(alice, worker(broker)) == []


def test_a_reload_does_not_put_it_off(broker):
    sig, end = short(broker, "bob")
    bob = broker.user("bob", sig=sig)
    broker.reload()
    bob.event("sigExpired")
    assert time.time() < end + 2


def test_a_user_sig_of_the_far_future_never_ends(broker):
    bob = broker.user("bob", sig=broker.sig("bob", created=1, expire=2**53))
    sig, _ = short(broker, "carol", 0)
    broker.user("carol", sig=sig).event("sigExpired")
    assert bob.silent(expired) == []


def test_a_thousand_that_expire_at_once_are_all_told_in_time(broker):
    clients, wanted = [], 1000
    end = int(time.time()) + 6
    for number in range(wanted):
        client = broker.raw(4)
        sig = broker.sig(f"u{number}", created=end - 1000, expire=999)
        client.send(packets.connect(4, f"u{number}", f"u{number}", sig))
        clients.append(client)
    for client in clients:
        assert client.expect(packets.CONNACK).code == 0
    assert time.time() < end, "the machine is too slow for this test"
    for client in clients:
        assert client.next_message(timeout=end + 2 - time.time()).payload == b'{"event":"sigExpired"}'
    assert end <= time.time() < end + 2
    for client in clients:
        client.wait_closed(PATIENCE)
