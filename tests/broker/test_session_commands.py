# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""What a running session says about itself: renewUserSig and logout."""
import time

import pytest

from harness import usersig
from test_push import jobs_before_carols, with_token, worker


def test_a_running_session_takes_a_new_user_sig(broker):
    bob = broker.user("bob")
    assert bob.command("renewUserSig", userSig=broker.sig("bob", expire=60)) == {}


@pytest.mark.parametrize(
    "knobs, code",
    [
        ({"user": "carol"}, 70013),
        ({"sdkappid": 1}, 70014),
        ({"key": "another key"}, 70009),
        ({"created": int(time.time()) - 100, "expire": 10}, 70001),
    ],
)
def test_a_renewal_that_would_not_log_in_is_refused_with_its_code(broker, knobs, code):
    bob = broker.user("bob")
    assert bob.code("renewUserSig", userSig=usersig.mint(knobs.pop("user", "bob"), **knobs)) == code
    assert bob.command("getUnread") == {"totalUnread": 0}


@pytest.mark.parametrize("text, code", [("no userSig", 70003), ("", 10004), (5, 10004)])
def test_a_renewal_must_be_a_user_sig(broker, text, code):
    assert broker.user("bob").code("renewUserSig", userSig=text) == code


@pytest.mark.parametrize("version", [4, 5])
def test_logout_is_answered_and_then_the_connection_is_closed(broker, version):
    bob = broker.user("bob", "ios:1", version=version)
    assert bob.command("logout") == {}
    bob.wait_closed()


def test_logout_leaves_the_users_other_devices_connected(broker):
    phone, page = broker.user("bob", "ios:1"), broker.user("bob", "web:1")
    phone.command("logout")
    phone.wait_closed()
    page.fence()


def test_a_device_that_logged_out_gets_no_push_and_its_waiting_jobs_are_gone(broker):
    with_token(broker, "bob")
    with_token(broker, "carol")
    alice = broker.user("alice")
    alice.send("bob", "before")
    phone = broker.user("bob", "ios:1")
    phone.command("logout")
    phone.wait_closed()
    alice.send("bob", "after")
    assert jobs_before_carols(alice, worker(broker)) == []


def test_who_logs_in_again_after_a_logout_gets_what_he_missed_once(broker):
    alice, phone = broker.user("alice"), broker.user("bob", "ios:1").subscribe("chat/user/bob/#")
    alice.send("bob", "one")
    phone.text("one")
    phone.command("logout")
    phone.wait_closed()
    alice.send("bob", "two")
    phone.connect()
    phone.subscribe("chat/user/bob/#")
    assert [m.get("text") for m in phone.contents("two")] == ["two"]


@pytest.mark.parametrize("version", [4, 5])
def test_a_kept_session_that_logged_out_still_has_the_qos_it_subscribed_with(broker, version):
    """The broker asks about its subscriptions again as it closes it, at QoS 0."""
    alice = broker.user("alice")
    bob = broker.user("bob", "ios:1", version=version, clean=False).subscribe("chat/user/bob/#")
    bob.command("logout")
    bob.wait_closed()
    alice.send("bob", "hello")
    assert bob.connect().session_present
    assert bob.text("hello").qos == 1
