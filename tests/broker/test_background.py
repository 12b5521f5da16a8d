# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""setBackground: a device that is connected while nobody looks is pushed to as well."""
import pytest

from test_push import is_job, job, jobs_before_carols, with_token, worker

PHONE = "ios:1"


@pytest.fixture
def alice(broker):
    with_token(broker, "bob", PHONE)
    with_token(broker, "carol", PHONE)
    return broker.user("alice")


def phone_of_bob(broker, background=None, **how):
    phone = broker.user("bob", PHONE, **how).subscribe("chat/user/bob/#")
    if background is not None:
        phone.command("setBackground", background=background)
    return phone


def test_a_device_in_the_background_gets_the_message_and_a_push(broker, alice):
    phone = phone_of_bob(broker, background=True)
    alice.send("bob", "hello")
    phone.text("hello")
    found = job(worker(broker), userID="bob")
    assert (found["body"], found["clientID"]) == ("hello", "bob:ios:1")


def test_a_device_in_the_foreground_gets_no_push(broker, alice):
    phone = phone_of_bob(broker, background=True)
    phone.command("setBackground", background=False)
    alice.send("bob", "hello")
    assert jobs_before_carols(alice, worker(broker)) == []


def test_a_push_that_waits_is_dropped_when_the_device_comes_to_the_foreground(broker, alice):
    phone = phone_of_bob(broker, background=True)
    alice.send("bob", "hello")
    phone.text("hello")
    phone.command("setBackground", background=False)
    assert jobs_before_carols(alice, worker(broker)) == []


@pytest.mark.parametrize("kind", ["Private", "Public"])
def test_a_group_message_is_pushed_to_the_background(broker, alice, kind):
    topic = alice.group(kind, "g1", ["bob"])
    phone_of_bob(broker, background=True)
    alice.send(topic, "hello")
    assert job(worker(broker), userID="bob", collapse="group/g1")["body"] == "hello"


def test_who_goes_to_the_background_is_pushed_to_although_jobs_of_others_wait(broker, alice):
    """A conversation in which everybody's jobs wait already makes no new ones: the phone's is still missing."""
    dave = with_token(broker, "dave", PHONE)
    topic = alice.group("Public", "g1", ["bob", "dave"])
    phone = phone_of_bob(broker)
    alice.send(topic, "one")
    alice.send(topic, "two")
    phone.text("two")
    phone.command("setBackground", background=True)
    alice.send(topic, "three")
    user = worker(broker)
    assert job(user, userID="bob", collapse="group/g1")["body"] == "three"
    assert job(user, userID=dave.name, collapse="group/g1")["body"] == "three"


def test_each_message_in_the_background_is_pushed_once_the_last_one_is_out(broker, alice):
    user = worker(broker)
    phone_of_bob(broker, background=True)
    for text in ("one", "two", "three"):
        alice.send("bob", text)
        found = job(user, userID="bob")
        assert found["body"] == text
        user.command("pushDone", jobs=[found["job"]])


def test_a_token_that_is_set_in_the_background_is_pushed_to(broker, alice):
    phone = broker.user("bob", "android:1").subscribe("chat/user/bob/#")
    phone.command("setBackground", background=True)
    phone.command("setPushToken", provider="fcm", token="new")
    alice.send("bob", "hello")
    assert job(worker(broker), token="new")["body"] == "hello"


def test_a_login_is_in_the_foreground(broker, alice):
    phone_of_bob(broker, background=True).disconnect()
    phone = phone_of_bob(broker)
    alice.send("bob", "hello")
    phone.text("hello")
    phone.fence()
    assert jobs_before_carols(alice, worker(broker)) == []


def test_a_takeover_is_in_the_foreground(broker, alice):
    phone_of_bob(broker, background=True)
    phone = phone_of_bob(broker)
    alice.send("bob", "hello")
    phone.text("hello")
    assert [j for j in jobs_before_carols(alice, worker(broker)) if j["body"] == "hello"] == []


@pytest.mark.parametrize("background", [True, False])
def test_a_reload_changes_nothing(broker, alice, background):
    phone = phone_of_bob(broker, background=background)
    broker.reload()
    phone.fence()
    alice.send("bob", "hello")
    phone.text("hello")
    bodies = [j["body"] for j in jobs_before_carols(alice, worker(broker))]
    assert bodies == (["hello"] if background else [])


def test_only_the_device_that_says_so_is_in_the_background(broker, alice):
    with_token(broker, "bob", "ipad:1", token="bada")
    pad = broker.user("bob", "ipad:1").subscribe("chat/user/bob/#")
    phone_of_bob(broker, background=True)
    alice.send("bob", "hello")
    pad.text("hello")
    pad.fence()
    assert [j["clientID"] for j in jobs_before_carols(alice, worker(broker))] == ["bob:ios:1"]


def test_saying_it_twice_is_fine(broker, alice):
    phone = phone_of_bob(broker, background=True)
    phone.command("setBackground", background=True)
    alice.send("bob", "hello")
    user = worker(broker)
    job(user, userID="bob")
    assert jobs_before_carols(alice, user) == []
    assert user.silent(is_job) == []


@pytest.mark.parametrize("fields", [{}, {"background": "yes"}, {"background": 1}, {"background": None}])
def test_what_is_no_boolean_is_refused(alice, fields):
    response = alice.request("setBackground", **fields)
    assert response["code"] == 10004 and response["error"].startswith("background")
