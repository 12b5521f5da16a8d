# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""Who may log in, with which userSig."""
import json
import re
import time

import pytest

from harness import usersig
from harness.raw import Closed
from harness.settings import SDKAPPID

VERSIONS = pytest.mark.parametrize("version", [4, 5])
OTHER_KEY = "0123456789abcdef" * 4
NOW = int(time.time())


def reordered(user):
    return usersig.pack(json.dumps(dict(reversed(usersig.fields(user).items()))))


def twice(user, name):
    """A userSig that has one member twice."""
    text = json.dumps(usersig.fields(user))
    return usersig.pack(text[:-1] + f', "{name}": {json.dumps(usersig.fields(user)[name])}}}')


# what: (userID, userSig, code)
REFUSED = {
    "expired": ("alice", usersig.expired("alice"), 70001),
    "empty": ("alice", "", 70002),
    "missing": ("alice", None, 70002),
    "a plain password": ("alice", "secret", 70003),
    "base64 of no zlib stream": ("alice", "aGVsbG8_", 70003),
    "zlib of no JSON": ("alice", usersig.pack("hello"), 70003),
    "zlib of a JSON array": ("alice", usersig.pack("[1]"), 70003),
    "cut short": ("alice", usersig.mint("alice")[:-12], 70003),
    "too long when inflated": ("alice", usersig.mint("alice", extra={"x": "a" * 8192}), 70003),
    "the identifier twice": ("alice", twice("alice", "TLS.identifier"), 70003),
    "the signature twice": ("alice", twice("alice", "TLS.sig"), 70003),
    "a control character in the identifier": ("alice", usersig.mint("alice\x01"), 70003),
    "a negative time": ("alice", usersig.mint("alice", created=-1), 70003),
    "a number beyond 2^53": ("alice", usersig.mint("alice", expire=2**53 + 2), 70003),
    "another key": ("alice", usersig.mint("alice", key=OTHER_KEY), 70009),
    "a changed expiry": ("alice", usersig.mint("alice", extra={"TLS.expire": 99999999}), 70009),
    "a userbuf added afterwards": ("alice", usersig.mint("alice", extra={"TLS.userbuf": "eA=="}), 70009),
    "another user's": ("alice", usersig.mint("bob"), 70013),
    "another sdkappid": ("alice", usersig.mint("alice", sdkappid=SDKAPPID + 1), 70014),
    "another sdkappid, checked first": ("alice", usersig.mint("bob", sdkappid=1, created=0), 70014),
    "another user's and expired": ("alice", usersig.expired("bob"), 70013),
    "a space in the userID": ("al ice", usersig.mint("al ice"), 7003),
    "a userID too long": ("a" * 33, usersig.mint("a" * 33), 7003),
    "a userID that starts with a dash": ("-alice", usersig.mint("-alice"), 7003),
    "the userID of the system": ("@system", usersig.mint("@system"), 7003),
    "a slash in the userID": ("a/b", usersig.mint("a/b"), 7003),
}

ACCEPTED = {
    "stored blocks": usersig.mint("alice", level=0),
    "the fastest level": usersig.mint("alice", level=1),
    "the best level": usersig.mint("alice", level=9),
    "a userbuf": usersig.mint("alice", userbuf=b"\x00anything"),
    "members in another order": reordered("alice"),
    "white space after the JSON": usersig.pack(json.dumps(usersig.fields("alice")) + " \r\n\t"),
    "a few seconds to live": usersig.mint("alice", created=NOW - 100, expire=1000),
}

# A word that the meaning of the code can hardly do without.
MEANING = {
    70001: "expired",
    70002: "empty",
    70003: "not a userSig",
    70009: "key",
    70013: "user ?ID",
    70014: "sdkappid",
    7003: "user ?ID",
}


def lines_about(broker, code):
    return broker.process.find(rf"\b{code}\b")


@VERSIONS
@pytest.mark.parametrize("what", REFUSED)
def test_a_refused_login_gets_a_code_and_one_log_line(broker, version, what):
    user, sig, code = REFUSED[what]
    client = broker.raw(version)
    if sig:
        broker.secrets.append(sig)
    connack = client.connect("device1", user, sig)
    assert connack.code == broker.refused(version, 0x87 if code == 70001 else 0x86)
    client.wait_closed()
    broker.raw().login("fence")
    broker.await_log(" as fence ")
    found = lines_about(broker, code)
    assert len(found) == 1, found
    line = found[0]
    assert user in line and "device1" in line and "127.0.0.1" in line
    assert re.search(MEANING[code], line, re.IGNORECASE), f"no meaning beside the code: {line}"


@pytest.mark.parametrize("what", ACCEPTED)
def test_a_userSig_is_accepted_with(broker, what):
    assert broker.raw().connect("alice", "alice", ACCEPTED[what]).code == 0


@VERSIONS
def test_an_anonymous_connection_is_refused(broker, version):
    assert broker.raw(version).connect("device1").code == broker.refused(version, 0x86)


@VERSIONS
def test_an_anonymous_connection_is_refused_although_mosquitto_would_allow_it(broker_factory, version):
    broker = broker_factory(conf=["allow_anonymous true"])
    assert broker.raw(version).connect("device1").code == broker.refused(version, 0x86)


def test_the_longest_and_oddest_userID_may_log_in(broker):
    for user in ("a" * 32, "_", "7", "a.b-c@d", "A"):
        broker.raw().login(user)


def test_every_key_of_the_file_verifies(broker_factory):
    broker = broker_factory(start=False)
    broker.write_keys(OTHER_KEY, *broker.secrets[:1])
    broker.start()
    broker.raw().login("alice")
    assert broker.raw().connect("bob", "bob", broker.sig("bob", key=OTHER_KEY)).code == 0


def test_a_key_that_is_added_counts_after_SIGHUP(broker):
    old = broker.secrets[0]
    assert broker.raw().connect("bob", "bob", broker.sig("bob", key=OTHER_KEY)).code == 5
    broker.write_keys(OTHER_KEY, old)
    broker.reload()
    assert broker.raw().connect("bob", "bob", broker.sig("bob", key=OTHER_KEY)).code == 0


def test_a_login_right_after_a_reload_is_checked_like_any_other(broker):
    broker.create("alice")
    broker.reload()
    assert broker.raw().connect("alice", "alice", "wrong").code == 5


def test_a_reload_leaves_connected_users_alone_although_their_key_is_gone(broker):
    alice, bob = broker.user("alice"), broker.user("bob").subscribe("chat/user/bob/#")
    broker.write_keys(OTHER_KEY)
    broker.reload()
    alice.send("bob", "still here")
    assert bob.text("still here").get("sender") == "alice"
    assert broker.raw().connect("carol", "carol", broker.sig("carol")).code == 5


def code_of(broker, user, sig):
    return broker.raw().connect(user, user, sig).code


def test_the_same_userSig_is_good_again_and_again(broker):
    sig = broker.sig("alice")
    assert [code_of(broker, "alice", sig) for _ in range(3)] == [0, 0, 0]


def test_one_that_is_known_by_now_is_nobody_elses(broker):
    sig = broker.sig("alice")
    assert (code_of(broker, "alice", sig), code_of(broker, "bob", sig)) == (0, 5)
    assert code_of(broker, "alice", broker.sig("bob")) == 5
    assert code_of(broker, "alice", sig) == 0


def test_one_that_is_known_is_refused_once_its_key_is_gone(broker):
    sig = broker.sig("alice")
    assert code_of(broker, "alice", sig) == 0
    broker.write_keys(OTHER_KEY)
    broker.reload()
    assert code_of(broker, "alice", sig) == 5


def test_one_that_is_known_is_refused_once_it_has_expired(broker_factory):
    broker = broker_factory(faults=True)
    sig = broker.sig("alice", expire=300)
    assert code_of(broker, "alice", sig) == 0
    broker.faults.set_clock(wall=301, steady=301)
    assert code_of(broker, "alice", sig) == 5
    assert "70001" in broker.await_log("login refused")


def test_one_that_is_known_is_refused_by_a_clock_of_long_before_it(broker_factory):
    broker = broker_factory(faults=True)
    sig = broker.sig("alice")
    assert code_of(broker, "alice", sig) == 0
    broker.faults.set_clock(wall=-3600)
    assert code_of(broker, "alice", sig) == 5
    assert "from the future" in broker.await_log("login refused")


def test_one_that_is_known_is_refused_once_an_administrator_has_ended_it(broker):
    sig = broker.sig("alice")
    assert code_of(broker, "alice", sig) == 0
    broker.admin().command("kickUser", userID="alice")
    assert code_of(broker, "alice", sig) == 5


def test_a_reload_with_an_unreadable_key_file_keeps_the_old_keys(broker):
    broker.key_file.write_text("")
    broker.reload()
    broker.raw().login("alice")


def test_a_login_creates_the_user(broker):
    alice = broker.user("alice")
    assert alice.refusal("chat/user/bob", "hello")["code"] == 20003
    broker.create("bob")
    alice.send("bob", "hello")


def test_a_refused_login_creates_no_user(broker):
    broker.raw().connect("bob", "bob", usersig.expired("bob"))
    assert broker.user("alice").refusal("chat/user/bob", "hello")["code"] == 20003


def test_users_survive_a_restart(broker):
    broker.create("bob")
    broker.restart()
    broker.user("alice").send("bob", "hello")


def test_a_flood_of_refused_logins_locks_nobody_out(broker):
    for _ in range(50):
        assert broker.raw().connect("alice", "alice", "guess").code == 5
    broker.raw().login("alice")


@VERSIONS
def test_the_same_client_id_again_takes_the_session_over(broker, version):
    first = broker.raw(version)
    first.login("alice")
    second = broker.raw(version)
    second.login("alice")
    first.wait_closed()
    second.ping()


def test_a_refused_login_does_not_disturb_the_session_it_names(broker):
    alice = broker.raw()
    alice.login("alice", "alice:web:1")
    assert broker.raw().connect("alice:web:1", "alice", usersig.expired("alice")).code == 5
    assert broker.raw().connect("alice:web:1", "bob", broker.sig("bob")).code == 5
    try:
        alice.ping()
    except Closed:
        pytest.fail("the session was taken over by a refused login")


def test_a_user_sig_from_more_than_five_minutes_in_the_future_is_refused_and_the_log_says_why(broker):
    ahead = broker.sig("alice", created=int(time.time()) + 310)
    assert broker.raw().connect("alice:ios:1", "alice", ahead).code == 5
    broker.await_log("70003 the userSig is from the future: the clock")
    assert broker.raw().connect("alice:ios:1", "alice", broker.sig("alice", created=int(time.time()) + 290)).code == 0


def test_of_a_flood_of_refused_logins_ten_a_second_are_in_the_log_and_then_their_count(broker):
    for _ in range(60):
        assert broker.raw().connect("alice:ios:1", "alice", "nonsense").code == 5
    broker.await_log("more logins were refused in a second")
    said = broker.log().count("login refused")
    time.sleep(1.1)
    unsaid = sum(int(n) for n in re.findall(r"(\d+) more logins were refused", broker.log()))
    assert said + unsaid == 60 and said <= 50
