# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""How many devices a user may have at the same time, and what the ones that have to go are told."""
import json
import time

import pytest

from harness import packets
from harness.raw import Closed
from harness.settings import PATIENCE
from harness.user import CONTROL
from test_push import jobs_before_carols, with_token, worker

VERSIONS = pytest.mark.parametrize("version", [4, 5])
POLICIES = ("single", "dual", "triple", "multi")
COUNTED = ("ios", "ipad", "android", "windows", "mac", "linux", "web", "mini")
CLASS = {name: "mobile" for name in COUNTED[:3]} | {name: "desktop" for name in COUNTED[3:6]}


def is_forced(message):
    return message.get("event") == "forceOffline"


def forced(device, timeout=None, **fields):
    """The event, and then the end of the connection."""
    found = device.event("forceOffline", **fields)
    device.wait_closed()
    return found


def stays(device):
    """It was told nothing and is still there."""
    assert device.silent(is_forced) == []


def await_places(*devices):
    """Everything before has been decided: the broker has turned a few times since."""
    for device in devices:
        device.fence()


# ---- who goes


def goes(policy, newcomer, other):
    """With one instance of each, as docs/rules.md has it."""
    if policy == "multi":
        web = {"web", "mini"}
        return newcomer == other or {newcomer, other} <= web
    one, two = CLASS.get(newcomer, "web"), CLASS.get(other, "web")
    if policy == "single" or one == two:
        return True
    return policy == "dual" and "web" not in (one, two)


@pytest.mark.parametrize("newcomer", COUNTED)
@pytest.mark.parametrize("policy", POLICIES)
def test_each_platform_sends_away_those_that_share_its_place_and_nobody_else(broker_factory, policy, newcomer):
    broker = broker_factory(login_policy=policy, web_instances=1)
    others = {name: broker.user(name, f"{name}:old") for name in COUNTED}
    for name in COUNTED:
        broker.user(name, f"{newcomer}:new")
    await_places(broker.user("anybody"))
    found = {}
    for name, device in others.items():
        if goes(policy, newcomer, name):
            forced(device)
        found[name] = device.connected
    assert found == {name: not goes(policy, newcomer, name) for name in COUNTED}
    for device in filter(lambda device: device.connected, others.values()):
        stays(device)


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("device", ["iot", "toaster", None])
def test_what_does_not_count_stays_and_sends_nobody_away(broker_factory, policy, device):
    broker = broker_factory(login_policy=policy)
    phone = broker.user("bob", "ios:1")
    things = [broker.user("bob", device and f"{device}:{n}", client_id=f"made_up_{n}" if not device else None) for n in range(3)]
    page = broker.user("bob", "ios:2")
    forced(phone)
    for thing in things + [page]:
        stays(thing)


def test_another_users_devices_are_not_in_the_way(broker_factory):
    broker = broker_factory(login_policy="single")
    bob, carol = broker.user("bob", "ios:1"), broker.user("carol", "ios:1")
    bob.fence()
    stays(bob)
    stays(carol)


def test_of_several_the_earliest_goes(broker_factory):
    broker = broker_factory(web_instances=3)
    pages = [broker.user("bob", f"web:{n}") for n in range(3)]
    broker.user("bob", "web:3")
    forced(pages[0])
    broker.user("bob", "mini:4")
    forced(pages[1])
    stays(pages[2])


def test_by_default_a_phone_of_each_platform_and_five_pages_are_connected(broker):
    devices = [broker.user("bob", f"{name}:1") for name in COUNTED[:6]]
    devices += [broker.user("bob", f"web:{n}") for n in range(5)]
    await_places(*devices)
    for device in devices:
        stays(device)


def test_coming_back_makes_a_device_the_latest(broker_factory):
    broker = broker_factory(web_instances=2)
    first, second = broker.user("bob", "web:1"), broker.user("bob", "web:2")
    first.disconnect()
    first.connect()
    broker.user("bob", "web:3")
    forced(second)
    stays(first)


# ---- what is told, and in which order


@VERSIONS
def test_the_event_names_the_newcomer_and_comes_before_the_close(broker, version):
    old = broker.raw(version)
    old.login("bob", "bob:ios:1")
    broker.user("bob", "ios:2")
    event = old.next_message()
    assert event.topic == "chat/user/bob/event"
    expected = b'{"event":"forceOffline","reason":"otherDevice","platform":"ios","clientID":"bob:ios:2"}'
    assert event.payload == expected
    with pytest.raises(Closed, match="DISCONNECT 0x98" if version == 5 else ""):
        old.expect(packets.DISCONNECT if version == 4 else -1)


@pytest.mark.parametrize("transport", ["tcp", "websockets"])
@VERSIONS
def test_it_reaches_every_kind_of_connection(broker, version, transport):
    old = broker.user("bob", "ios:1", version=version, transport=transport, clean=False).subscribe("chat/user/bob")
    broker.user("bob", "ios:2", version=version, transport=transport)
    assert forced(old)["reason"] == "otherDevice"


def test_a_client_that_acknowledges_nothing_is_told_all_the_same(broker):
    """Twenty in flight is all that the broker lets wait: what comes then waits behind them."""
    old, alice = broker.raw(), broker.user("alice")
    old.login("bob", "bob:ios:1")
    old.subscribe("chat/user/bob/#")
    old.auto_ack = False
    alice.send_many("bob", [f"m{n}" for n in range(100)])
    broker.user("bob", "ios:2")
    while b"forceOffline" not in old.next_message().payload:
        pass
    old.wait_closed()


def test_what_was_sent_before_arrives_before_the_close(broker):
    old, alice = broker.user("bob", "ios:1").subscribe("chat/user/bob/#"), broker.user("alice")
    for number in range(20):
        alice.start_publish("chat/user/bob", f"m{number}")
    alice.send("bob", "last")
    broker.user("bob", "ios:2")
    forced(old)
    assert [m.get("text") for m in old.contents("last")] == [f"m{n}" for n in range(20)] + ["last"]


@VERSIONS
def test_a_device_that_was_told_and_comes_again_counts_as_new(broker, version):
    first = broker.user("bob", "ios:1", version=version, clean=False)
    second = broker.user("bob", "ios:2", version=version, clean=False)
    forced(first)
    first.connect()
    assert forced(second)["clientID"] == "bob:ios:1"
    stays(first)


def test_a_device_that_goes_by_itself_when_it_was_told_counts_as_new(broker):
    first, second = broker.user("bob", "ios:1"), broker.user("bob", "ios:2")
    first.event("forceOffline")
    first.disconnect()
    first.connect()
    assert forced(second)["clientID"] == "bob:ios:1"
    stays(first)


def test_a_device_that_comes_again_before_it_was_closed_counts_as_new(broker):
    """The same client id, on a second connection: it was told, and its user insists."""
    old, new = broker.raw(), broker.raw()
    old.login("bob", "bob:ios:1")
    second = broker.user("bob", "ios:2")
    assert b"forceOffline" in old.next_message().payload
    new.login("bob", "bob:ios:1")
    assert forced(second)["clientID"] == "bob:ios:1"
    new.subscribe("chat/user/bob")
    broker.user("alice").send("bob", "hello")
    assert b"hello" in new.next_message().payload


@VERSIONS
def test_devices_that_send_each_other_away_over_and_over_have_to_wait(broker, version):
    first, second = broker.user("bob", "ios:1", version=version), broker.user("bob", "ios:2", version=version)
    for _ in range(2):
        forced(first)
        gone, first = first, second
        second = gone.connect()
    forced(first)
    start = len(broker.process.lines)
    first.connect(code=broker.refused(version, 0x89))
    broker.await_log("bob:ios:1.* 6208 ", start=start)
    stays(second)
    patience = time.monotonic() + PATIENCE
    while not first.connected:
        assert time.monotonic() < patience
        time.sleep(0.2)
        first.start_connect()
        first._await(lambda: first._connack is not None or first._closed, "no CONNACK")
    forced(second)
    second.connect(code=broker.refused(version, 0x89))
    stays(first)


@VERSIONS
def test_the_same_client_id_is_a_takeover_and_nobody_is_told(broker, version):
    old, new = broker.raw(version), broker.raw(version)
    old.login("bob", "bob:ios:1")
    new.login("bob", "bob:ios:1")
    with pytest.raises(Closed):
        while old.receive().kind != packets.PUBLISH:
            pass
        pytest.fail("an event")
    new.subscribe("chat/user/bob")
    broker.user("alice").send("bob", "hello")
    assert b"hello" in new.next_message().payload


def test_a_displaced_device_has_no_push_token_any_more(broker):
    with_token(broker, "carol")
    phone = broker.user("bob", "ios:1")
    phone.command("setPushToken", provider="apns", token="aa", businessID="b")
    broker.user("bob", "ios:2").disconnect()
    forced(phone)
    alice = broker.user("alice")
    alice.send("bob", "hello")
    assert jobs_before_carols(alice, worker(broker)) == []


def test_no_token_can_be_set_behind_the_event(broker):
    """Between it and the close there is a moment."""
    phone = broker.raw(5)
    phone.login("bob", "bob:ios:1")
    broker.user("bob", "ios:2")
    assert b"forceOffline" in phone.next_message().payload
    command = {"command": "setPushToken", "provider": "apns", "token": "aa"}
    phone.send(packets.publish(5, CONTROL, json.dumps({"commands": [command]})))
    assert json.loads(phone.next_message().payload)["responses"][0]["code"] == 10007


# ---- away


def away(broker, name, device, **how):
    user = broker.user(name, device, **how)
    user.disconnect()
    return user


@pytest.mark.parametrize("how", ["at once", "later", "killed", "restarted"])
@VERSIONS
def test_who_was_displaced_while_away_is_told_at_his_next_login_once(broker, version, how):
    first = away(broker, "bob", "ios:1", version=version)
    if how != "at once":
        broker.create("somebody")
    second = broker.user("bob", "ios:2", version=version)
    if how in ("killed", "restarted"):
        broker.restart(kill=how == "killed")
        second.connect()
    first.connect()
    assert forced(first) == {
        "event": "forceOffline",
        "reason": "otherDevice",
        "platform": "ios",
        "clientID": "bob:ios:2",
    }
    stays(second)
    first.connect()
    assert forced(second)["clientID"] == "bob:ios:1"
    stays(first)


def test_who_is_only_let_in_to_be_told_sends_nobody_away(broker):
    first = away(broker, "bob", "ios:1")
    second = broker.user("bob", "ios:2")
    first.connect()
    forced(first)
    stays(second)


def test_who_breaks_off_before_he_was_told_is_told_the_next_time(broker):
    first = away(broker, "bob", "ios:1")
    second = broker.user("bob", "ios:2")
    with broker.one_turn():
        client = broker.raw()
        client.send(packets.connect(4, "bob:ios:1", "bob", broker.sig("bob")) + packets.disconnect())
    client.wait_closed()
    first.connect()
    forced(first)
    stays(second)


def test_who_lost_its_place_in_the_brokers_last_turn_is_told_after_its_restart(broker):
    """2.0 gives nobody any more what its last turn has queued."""
    phone = broker.user("bob", "ios:1")
    newcomer, busy = broker.raw(5), broker.raw(5)
    busy.login("carol")
    unknown = {"command": "unwatchStatus", "userIDs": [f"nobody{n}" for n in range(200)]}
    long_turn = packets.publish(5, CONTROL, json.dumps({"commands": [unknown] * 50}))
    start = len(broker.process.lines)
    with broker.one_turn():
        newcomer.send(packets.connect(5, "bob:ios:2", "bob", broker.sig("bob")))
        busy.send(long_turn)
    broker.await_log("as bob:ios:2", start=start)
    assert broker.stop() == 0
    phone.wait_closed()
    told = phone.pending(is_forced)
    broker.start()
    phone.connect()
    assert told or forced(phone)["clientID"] == "bob:ios:2"


def test_who_was_displaced_while_away_has_lost_his_push_token(broker):
    with_token(broker, "bob", "ios:1")
    with_token(broker, "carol")
    broker.user("bob", "ios:2").disconnect()
    alice = broker.user("alice")
    alice.send("bob", "hello")
    assert jobs_before_carols(alice, worker(broker)) == []


def test_jobs_that_waited_for_a_displaced_device_are_gone(broker):
    with_token(broker, "bob", "ios:1")
    with_token(broker, "carol")
    alice = broker.user("alice")
    alice.send("bob", "hello")
    broker.user("bob", "ios:2").disconnect()
    assert jobs_before_carols(alice, worker(broker)) == []


def test_a_device_that_logged_out_is_not_counted(broker):
    first = broker.user("bob", "ios:1")
    first.command("logout")
    first.wait_closed()
    second = broker.user("bob", "ios:2")
    first.connect()
    forced(second)
    stays(first)


def test_who_is_away_goes_before_who_is_connected(broker_factory):
    broker = broker_factory(web_instances=2)
    page = broker.user("bob", "web:1")
    tab = away(broker, "bob", "web:2")
    new = broker.user("bob", "web:3")
    tab.connect()
    assert forced(tab)["clientID"] == "bob:web:3"
    stays(page)
    stays(new)


def test_pages_that_were_closed_cost_a_connected_one_nothing(broker):
    page = broker.user("bob", "web:first")
    for number in range(12):
        away(broker, "bob", f"web:{number}")
    stays(page)


def test_a_kept_session_that_hears_it_at_its_return_goes_on_afterwards_with_what_it_missed(broker):
    phone = broker.user("bob", "ios:1", clean=False).subscribe("chat/user/bob/#")
    phone.disconnect()
    broker.user("bob", "ios:2").disconnect()
    alice = broker.user("alice")
    alice.send("bob", "one")
    phone.connect()
    forced(phone)
    alice.send("bob", "two")
    phone.connect()
    assert phone.session_present
    assert [m.get("text") for m in phone.contents("two")] == ["one", "two"]


def test_before_the_store_has_heard_of_it_everything_is_as_afterwards(broker):
    with broker.uncommitted():
        first = away(broker, "bob", "ios:1")
        second = away(broker, "bob", "ios:2")  # first is to be told
        first.connect()
        assert forced(first)["clientID"] == "bob:ios:2"
        first.connect()  # and now second is
        first.fence()
        second.connect()
        assert forced(second)["clientID"] == "bob:ios:1"
        stays(first)
        first.command("logout")
        first.wait_closed()
        third = broker.user("bob", "ios:3")
        first.connect()
        forced(third)
        stays(first)


@pytest.mark.parametrize("order", [("ios:1", "ios:2"), ("ios:2", "ios:1")])
def test_of_two_that_come_in_one_turn_one_stays(broker, order):
    clients = [broker.raw(5) for _ in order]
    broker.create("bob")
    with broker.one_turn():
        for client, device in zip(clients, order):
            client.send(packets.connect(5, f"bob:{device}", "bob", broker.sig("bob")))
    told = []
    for client, device in zip(clients, order):
        client.expect(packets.CONNACK)
    for client in clients:
        try:
            told.append(b"forceOffline" in client.next_message(timeout=1).payload)
        except TimeoutError:
            told.append(False)
    assert sorted(told) == [False, True]


# ---- phones that come back by themselves


class Phone:
    """Comes back whenever it was cut off, unless it was told to stay away."""

    def __init__(self, broker, device):
        self.client, self.logins = broker.unconnected("bob", device), 0

    def run(self, turns):
        for _ in range(turns):
            if self.client.connected:
                return
            if self.client.pending(is_forced):
                return
            self.client.connect()
            self.logins += 1


def test_two_phones_that_come_back_by_themselves_stop(broker):
    """The first is cut off by the network while the second logs in, and comes back."""
    first, second = Phone(broker, "ios:1"), Phone(broker, "ios:2")
    first.run(1)
    first.client.drop()
    second.run(1)
    for _ in range(10):
        first.run(1)
        second.run(1)
        await_places(broker.user("anybody"))
    first.client.wait_closed()
    assert (first.logins, second.logins) == (2, 1)
    assert second.client.connected and len(first.client.pending(is_forced)) == 1


def test_two_connected_phones_end_with_one(broker):
    phones = [Phone(broker, f"ios:{n}") for n in (1, 2)]
    for _ in range(5):
        for phone in phones:
            phone.run(1)
    phones[0].client.wait_closed()
    assert [phone.logins for phone in phones] == [1, 1]
    stays(phones[1].client)


# ---- changes while running


def settings(broker, **options):
    broker.settings.write_text("".join(f"{name} {value}\n" for name, value in options.items()))
    broker.reload()


@pytest.fixture
def changeable(broker_factory):
    broker = broker_factory(start=False)
    broker.settings = broker.folder / "settings"
    broker.settings.write_text("")
    broker.options["settings_file"] = broker.settings
    return broker.start()


def test_a_new_policy_touches_nobody_who_is_connected(changeable):
    devices = [changeable.user("bob", f"{name}:1") for name in ("ios", "mac", "web")]
    settings(changeable, login_policy="single", web_instances=1)
    await_places(*devices)
    for device in devices:
        stays(device)


def test_a_new_policy_counts_from_the_next_login_on(changeable):
    devices = [changeable.user("bob", f"{name}:1") for name in ("ios", "mac", "web", "iot")]
    settings(changeable, login_policy="single")
    newcomer = changeable.user("bob", "android:1")
    for device in devices[:3]:
        forced(device)
    stays(devices[3])
    stays(newcomer)


def test_lower_limits_send_as_many_away_as_needed(changeable):
    settings(changeable, instances_per_platform=4)
    phones = [changeable.user("bob", f"ios:{n}") for n in range(4)]
    settings(changeable, instances_per_platform=2)
    changeable.user("bob", "ios:new")
    for phone in phones[:3]:
        forced(phone)
    stays(phones[3])


def test_who_was_displaced_before_the_policy_was_loosened_is_told_all_the_same(changeable):
    phone = away(changeable, "bob", "ios:1")
    changeable.user("bob", "ios:2")
    settings(changeable, instances_per_platform=5)
    phone.connect()
    forced(phone)


@pytest.mark.parametrize("policy", ["none", "SINGLE", ""])
def test_a_policy_that_there_is_not_changes_nothing(changeable, policy):
    settings(changeable, login_policy=policy)
    changeable.await_log("no option is changed: settings_file .*login_policy")
    phone = changeable.user("bob", "ios:1")
    changeable.user("bob", "mac:1").fence()
    stays(phone)


@pytest.mark.parametrize("limit", [0, 11, -1, "many"])
@pytest.mark.parametrize("option", ["instances_per_platform", "web_instances"])
def test_a_limit_that_is_out_of_range_stops_the_start(broker_factory, option, limit):
    lines = broker_factory(start=False, **{option: limit}).start_refused()
    assert any(f"plugin_opt_{option}" in line for line in lines)


def test_a_reload_asks_about_everybody_again_and_displaces_nobody(broker):
    """Those who are away included: the broker hands their old logins over as if they were new."""
    kept = broker.user("bob", "ios:1", clean=False).subscribe("chat/user/bob/#")
    kept.disconnect()
    phone = broker.user("bob", "ios:2", clean=False)
    mac = broker.user("bob", "mac:1")
    for _ in range(3):
        broker.reload()
        await_places(phone, mac)
    stays(phone)
    stays(mac)
    kept.connect()
    assert forced(kept)["clientID"] == "bob:ios:2"
    stays(phone)


# ---- names


@pytest.mark.parametrize("version", [4, 5])
def test_an_assigned_client_id_counts_for_nothing(broker_factory, version):
    broker = broker_factory(login_policy="single")
    phone = broker.user("bob", "ios:1")
    nameless = [broker.user("bob", client_id="", version=version) for _ in range(3)]
    await_places(phone)
    for device in [phone, *nameless]:
        stays(device)


def test_a_kept_session_without_a_name_is_refused_and_displaces_nobody(broker):
    phone = broker.user("bob", "ios:1")
    code = broker.raw(4).connect("", "bob", broker.sig("bob"), clean=False).code
    assert code == 2
    stays(phone)


@pytest.mark.parametrize(
    "client_id", ["carol:ios:1", "bob:ios:" + "x" * 65000, "bob:ios:a b", "bob:ios:", ":ios:1", "bob:ios:1:2"]
)
def test_a_client_id_that_is_refused_displaces_nobody(broker, client_id):
    broker.create("carol")
    phone, hers = broker.user("bob", "ios:1"), broker.user("carol", "ios:1")
    assert broker.raw().connect(client_id, "bob", broker.sig("bob")).code == 5
    stays(phone)
    stays(hers)


@pytest.mark.parametrize("character", ["\n", "\x01", "\x7f", "\u0085"])
def test_a_client_id_with_a_control_character_displaces_nobody_and_writes_no_line_of_log(broker, character):
    phone = broker.user("bob", "ios:1")
    client = broker.raw()
    client.send(packets.connect(4, f"bob:ios:{character}forged", "bob", broker.sig("bob")))
    with pytest.raises(Closed):
        assert client.expect(packets.CONNACK).code != 0
        client.expect(-1)
    stays(phone)
    assert not [line for line in broker.process.lines if line.startswith("forged")]


def test_a_refused_user_sig_displaces_nobody(broker):
    phone = broker.user("bob", "ios:1")
    assert broker.raw().connect("bob:ios:2", "bob", broker.sig("bob", key="another")).code == 5
    stays(phone)
