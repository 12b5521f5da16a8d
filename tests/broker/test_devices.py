# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""getDevices and kickDevice: a user looks after his own devices."""
import json
import time

import pytest

from harness import packets
from test_login_policy import forced, is_forced, stays
from test_push import jobs_before_carols, with_token, worker

VERSIONS = pytest.mark.parametrize("version", [4, 5])


def devices(user):
    """By client id, without when they were last used."""
    found = user.command("getDevices")["devices"]
    assert all(set(device) == {"clientID", "platform", "online", "lastUsed"} for device in found)
    return {device["clientID"]: (device["platform"], device["online"]) for device in found}


def last_used(user, client_id):
    found = user.command("getDevices")["devices"]
    return next(device["lastUsed"] for device in found if device["clientID"] == client_id)


# ---- getDevices


def test_a_user_sees_his_devices_connected_or_not(broker):
    bob = broker.user("bob", "ios:1")
    broker.user("bob", "web:1")
    broker.user("bob", "mac:1").disconnect()
    broker.user("carol", "ios:1")
    assert devices(bob) == {
        "bob:ios:1": ("ios", True),
        "bob:web:1": ("web", True),
        "bob:mac:1": ("mac", False),
    }


def test_devices_without_a_platform_are_there_too(broker):
    bob = broker.user("bob")
    broker.user("bob", client_id="mqttjs_1a2b")
    broker.user("bob", "toaster:1").disconnect()
    broker.user("bob", "iot:1")
    assert devices(bob) == {
        "bob": ("other", True),
        "mqttjs_1a2b": ("other", True),
        "bob:toaster:1": ("other", False),
        "bob:iot:1": ("iot", True),
    }


def test_a_name_that_must_be_quoted_is(broker):
    name = 'a "quoted\\ name'
    bob = broker.user("bob", client_id=name)
    assert devices(bob) == {name: ("other", True)}


@pytest.mark.parametrize("kill", [False, True])
def test_it_is_the_same_after_a_restart(broker, kill):
    bob = broker.user("bob", "ios:1")
    broker.user("bob", "web:1")
    broker.user("bob", "mac:1").disconnect()
    broker.restart(kill=kill)
    bob.connect()
    assert devices(bob) == {
        "bob:ios:1": ("ios", True),
        "bob:web:1": ("web", False),
        "bob:mac:1": ("mac", False),
    }


def test_what_came_and_went_before_the_store_has_heard_of_it_is_exact(broker):
    bob = broker.user("bob", "ios:1")
    broker.user("bob", "mac:1").disconnect()
    with broker.uncommitted():
        broker.user("bob", "web:0").disconnect()
        broker.user("bob", "web:1")
        out = broker.user("bob", "linux:1")
        out.command("logout")
        out.wait_closed()
        bob.command("kickDevice", clientID="bob:mac:1")
        expected = {
            "bob:ios:1": ("ios", True),
            "bob:web:0": ("web", False),
            "bob:web:1": ("web", True),
        }
        assert devices(bob) == expected
        assert bob.code("kickDevice", clientID="bob:web:2") == 10004
    assert devices(bob) == expected
    broker.restart()
    bob.connect()
    assert set(devices(bob)) == set(expected)


def test_a_connected_device_is_used_now_and_one_that_is_away_was_when_it_left(broker):
    bob = broker.user("bob", "ios:1")
    before = int(time.time() * 1000)
    broker.user("bob", "web:1").disconnect()
    after = int(time.time() * 1000)
    broker.restart()
    bob.connect()
    assert before <= last_used(bob, "bob:web:1") <= after + 1000
    assert last_used(bob, "bob:ios:1") > after


def test_a_device_that_logged_out_or_had_to_go_is_not_among_them(broker):
    bob = broker.user("bob", "web:1")
    phone = broker.user("bob", "ios:1")
    broker.user("bob", "ios:2")
    forced(phone)
    mac = broker.user("bob", "mac:1")
    mac.command("logout")
    mac.wait_closed()
    assert devices(bob) == {"bob:web:1": ("web", True), "bob:ios:2": ("ios", True)}


def test_of_very_many_the_hundred_that_logged_in_last_are_given(broker):
    for number in range(130):
        client = broker.raw()
        client.login("bob", f"browser_{number}")
        client.disconnect()
    bob = broker.user("bob", "ios:1")
    found = list(devices(bob))
    assert found == ["bob:ios:1"] + [f"browser_{n}" for n in range(129, 30, -1)]


# ---- kickDevice


@VERSIONS
def test_a_connected_device_is_told_and_closed(broker, version):
    bob = broker.user("bob", "ios:1", version=version)
    page = broker.user("bob", "web:1", version=version)
    assert bob.command("kickDevice", clientID="bob:web:1") == {}
    assert forced(page) == {
        "event": "forceOffline",
        "reason": "kickDevice",
        "platform": "ios",
        "clientID": "bob:ios:1",
    }
    assert devices(bob) == {"bob:ios:1": ("ios", True)}
    page.connect()
    stays(page)
    stays(bob)


def test_the_name_of_who_kicks_is_quoted(broker):
    name = 'a "quoted\\ name'
    page = broker.user("bob", "web:1")
    broker.user("bob", client_id=name).command("kickDevice", clientID="bob:web:1")
    assert forced(page)["clientID"] == name


@pytest.mark.parametrize("device", ["web:1", "iot:1", "toaster"])
@pytest.mark.parametrize("kill", [None, False, True])
def test_a_device_that_is_away_is_told_at_its_next_login_once(broker, kill, device):
    bob, away = broker.user("bob", "ios:1"), broker.user("bob", device)
    away.disconnect()
    bob.command("kickDevice", clientID=f"bob:{device}")
    assert devices(bob) == {"bob:ios:1": ("ios", True)}
    if kill is not None:
        broker.restart(kill=kill)
        bob.connect()
    away.connect()
    assert forced(away)["reason"] == "kickDevice"
    away.connect()
    stays(away)


def test_a_device_may_kick_itself(broker):
    bob = broker.user("bob", "ios:1")
    assert bob.command("kickDevice", clientID="bob:ios:1") == {}
    assert forced(bob)["reason"] == "kickDevice"


def test_a_kicked_device_has_no_push_token_and_no_jobs_any_more(broker):
    with_token(broker, "bob", "mac:1")
    with_token(broker, "carol")
    alice, bob = broker.user("alice"), broker.user("bob", "ios:1")
    alice.send("bob", "before")
    bob.command("kickDevice", clientID="bob:mac:1")
    alice.send("bob", "after")
    assert jobs_before_carols(alice, worker(broker)) == []


def test_to_kick_what_has_gone_already_is_fine_and_tells_nobody(broker):
    bob, mac = broker.user("bob", "ios:1"), broker.user("bob", "mac:1")
    mac.command("logout")
    mac.wait_closed()
    assert bob.command("kickDevice", clientID="bob:mac:1") == {}
    mac.connect()
    stays(mac)


@pytest.mark.parametrize(
    "client_id",
    ["carol:ios:1", "carol", "hers", "bob:ios:2", "bob", "", "x" * 65536, "bob:ios:1\n", "a\x01b", 5, None, ["bob:ios:1"]],
)
def test_what_is_no_device_of_his_is_refused_and_the_field_named(broker, client_id):
    hers = [broker.user("carol", "ios:1"), broker.user("carol"), broker.user("carol", client_id="hers")]
    bob = broker.user("bob", "ios:1")
    refused = bob.request("kickDevice", clientID=client_id)
    assert refused["code"] == 10004 and "clientID" in refused["error"]
    for device in [bob, *hers]:
        stays(device)


def test_without_a_field_the_refusal_names_it(broker):
    refused = broker.user("bob").request("kickDevice")
    assert refused["code"] == 10004 and "clientID" in refused["error"]


def test_an_admin_is_no_exception(broker):
    bob = broker.user("bob", "ios:1")
    assert broker.admin().code("kickDevice", clientID="bob:ios:1") == 10004
    stays(bob)


def test_a_name_that_falls_to_another_user_brings_him_no_kick(broker):
    """carol was kicked under a made-up name that then turns out to be a user's."""
    carol, away = broker.user("carol", "ios:1"), broker.user("carol", client_id="dave")
    away.disconnect()
    carol.command("kickDevice", clientID="dave")
    for _ in range(2):
        dave = broker.user("dave")
        stays(dave)
        dave.disconnect()


def test_commands_in_one_publish_see_what_the_ones_before_have_done(broker):
    bob = broker.user("bob", "ios:1")
    broker.user("bob", "mac:1").disconnect()
    commands = [{"command": "kickDevice", "clientID": "bob:mac:1"}, {"command": "getDevices"}]
    bob.start_publish("$CONTROL/chat/v1", json.dumps({"commands": commands}))
    found = bob.wait(lambda m: m.get("responses")).data["responses"][1]["data"]["devices"]
    assert [device["clientID"] for device in found] == ["bob:ios:1"]
    assert bob.silent(is_forced) == []
