# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""SIGHUP, which logrotate sends every night: keys and settings are read again, and nobody notices."""
import os
import re
import signal
import socket
import time

import pytest

from harness import packets
from harness.settings import KEY, PATIENCE
from test_coexistence import ACL, passwords

VERSIONS = pytest.mark.parametrize("version", [4, 5])
OTHER_KEY = "0123456789abcdef" * 4


def texts(messages):
    return [message.get("text") for message in messages]


def numbered(first, last):
    return [f"m{n}" for n in range(first, last + 1)]


def seqs(messages):
    return [message.get("seq") for message in messages]


# What Mosquitto 2.0 and 2.1 say of clients that never logged in.
OF_FENCES = re.compile(r"fence|Client (<unknown>|127\.0\.0\.1) |First packet not CONNECT")


def reload(broker):
    """SIGHUP; what the log had of it. Returns when the reload is over, which a login afterwards shows:
    Mosquitto forgets a SIGHUP that comes within a reload."""
    start = len(broker.process.lines)
    broker.reload()
    fence = broker.raw()
    fence.connect("fence", "fence", "")
    broker.await_log("fence.* 70002 ", start=start)
    lines = broker.process.find("", start)
    first = next(at for at, line in enumerate(lines) if "Reloading config" in line)
    return [line for line in lines[first:] if not OF_FENCES.search(line)]


def ends(lines):
    """Lines of a log that tell of somebody's end."""
    return [line for line in lines if any(word in line for word in ("disconnect", "closed its", "refused"))]


def persistent(broker):
    broker.conf += ["persistence true", f"persistence_location {broker.folder}/"]
    return broker


# ---- sessions


@VERSIONS
def test_nobody_who_is_connected_is_disconnected(broker, version):
    clients = [
        broker.user("alice", version=version),
        broker.user("alice", "ios:1", version=version, clean=False).subscribe("chat/user/alice/#"),
        broker.user("bob", version=version, transport="websockets").subscribe("chat/user/bob/#"),
        broker.user("carol", "web:1", version=version).subscribe("chat/user/carol"),
        broker.user("carol", client_id="" if version == 5 else "made_up", version=version),
    ]
    assert ends(reload(broker) + reload(broker)) == []
    for client in clients:
        client.command("getUnread")
    clients[0].send("bob", "hello")
    clients[2].text("hello")


@VERSIONS
@pytest.mark.parametrize("restart", [False, True])
def test_a_kept_session_that_is_away_stays(broker_factory, version, restart):
    broker = persistent(broker_factory(start=False)).start()
    alice = broker.user("alice")
    bob = broker.user("bob", "ios:1", version=version, clean=False).subscribe("chat/user/bob/#")
    alice.send("bob", "m1")
    bob.text("m1")
    bob.disconnect()
    alice.send("bob", "m2")
    if restart:
        broker.restart()
        alice.connect()
    assert ends(reload(broker)) == []
    alice.send("bob", "m3")
    bob.connect()
    assert bob.session_present
    assert texts(bob.contents("m3")) == numbered(2, 3)
    alice.send("bob", "m4")
    assert texts(bob.contents("m4")) == ["m4"]


def test_a_kept_session_of_a_bare_name_stays(broker):
    """No subscription, and no traffic: only that it is there."""
    bob = broker.user("bob", client_id="mqttjs_1a2b", clean=False).subscribe("chat/user/bob/event")
    bob.disconnect()
    reload(broker)
    assert bob.connect().session_present


def test_a_client_between_two_connections_misses_nothing(broker):
    bob = broker.user("bob", "ios:1").subscribe("chat/user/bob/#")
    alice = broker.user("alice")
    alice.send("bob", "m1")
    bob.text("m1")
    bob.disconnect()
    alice.send("bob", "m2")
    reload(broker)
    bob.connect().subscribe(bob.feed)
    assert texts(bob.contents("m2")) == ["m2"]


@VERSIONS
def test_nobody_gets_anything_twice(broker, version):
    broker.create("bob")
    alice = broker.user("alice")
    topic = alice.group("Private", "g1", ["bob"])
    alice.send_many("bob", numbered(1, 20))
    alice.send_many(topic, numbered(21, 40))
    devices = [
        broker.user("bob", "iot:clean", version=version).subscribe("chat/user/bob/#"),
        broker.user("bob", "iot:kept", version=version, clean=False).subscribe("chat/user/bob", topic),
    ]
    devices[0].contents("m40")
    reload(broker)
    alice.send("bob", "end")
    first = texts(devices[0].contents("end"))
    assert first == ["end"] and devices[0].silent() == []
    second = texts(devices[1].contents("end")) + [m.get("text") for m in devices[1].pending()]
    assert len(second) == len(set(second))


def test_a_flood_goes_on_over_ten_reloads(broker):
    """By feed, inbox and the group's name: nothing lost, doubled or out of order."""
    broker.create("bob")
    alice = broker.user("alice")
    topic = alice.group("Private", "g1", ["bob"])
    feed = broker.user("bob", "iot:feed").subscribe("chat/user/bob/#")
    named = broker.user("bob", "iot:named", version=4, clean=False).subscribe("chat/user/bob", topic)
    mids = []
    for turn in range(10):
        for number in range(50):
            mids.append(alice.start_publish("chat/user/bob", f"c{turn}-{number}"))
            mids.append(alice.start_publish(topic, f"g{turn}-{number}"))
        reload(broker)
    assert {alice.wait_ack(mid) for mid in mids} <= {0, 0x10}
    alice.send("bob", "end")
    for device in (feed, named):
        device.text("end")
        found = device.pending()
        for group in (None, "g1"):
            of_one = [m for m in found if m.get("group") == group]
            assert seqs(of_one) == sorted(set(seqs(of_one))) and len(of_one) == 500, (device.client_id, group)


def test_a_replay_goes_on_over_reloads(broker):
    broker.create("bob")
    alice = broker.user("alice")
    alice.send_many("bob", numbered(1, 1000))
    bob = broker.user("bob").subscribe("chat/user/bob/#")
    for _ in range(3):
        reload(broker)
    assert texts(bob.contents("m1000")) == numbered(1, 1000)


def short_lived(broker, name, seconds=1):
    """A userSig that is valid for a second or two more."""
    return broker.sig(name, created=int(time.time()) - 100, expire=100 + seconds)


def until_expired(broker, name, sig):
    """Nothing happens in the broker at that moment: ask until it says no."""
    deadline = time.monotonic() + PATIENCE
    while broker.raw().connect(f"{name}:iot:probe", name, sig).code == 0:
        assert time.monotonic() < deadline
        time.sleep(0.05)


@VERSIONS
def test_renewed_and_kept_sessions_stay_when_their_first_userSig_has_expired(broker, version):
    kept_sig, renewed_sig = short_lived(broker, "bob"), short_lived(broker, "carol")
    bob = broker.user("bob", "ios:1", version=version, clean=False, sig=kept_sig)
    bob.subscribe("chat/user/bob/#").disconnect()
    carol = broker.user("carol", version=version, sig=renewed_sig).subscribe("chat/user/carol/#")
    carol.command("renewUserSig", userSig=broker.sig("carol"))
    until_expired(broker, "bob", kept_sig)
    until_expired(broker, "carol", renewed_sig)

    assert ends(reload(broker)) == []
    alice = broker.user("alice")
    alice.send_many("carol", ["hello"])
    carol.text("hello")
    alice.send_many("bob", ["hello"])
    bob._sig = broker.sig("bob")
    assert bob.connect().session_present
    bob.text("hello")


# ---- settings_file


@pytest.fixture
def set_to(broker_factory):
    """set_to("group_rate 5"): a broker whose settings_file has this; broker.set_to(...) changes it, with
    SIGHUP, and returns what the log said."""

    def make(text, **options):
        broker = broker_factory(start=False, **options)
        path = broker.options["settings_file"] = broker.folder / "settings"

        def change(text):
            path.write_text(text + "\n")
            return reload(broker)

        path.write_text(text + "\n")
        broker.set_to = change
        return broker.start()

    return make


def test_max_message_bytes_takes_effect(set_to):
    broker = set_to("max_message_bytes 300")
    bob = broker.user("bob").subscribe("chat/user/bob/#")
    alice = broker.user("alice")
    assert alice.refusal("chat/user/bob", "x" * 301)["code"] == 93000
    broker.set_to("max_message_bytes 400")
    alice.send("bob", "x" * 400)
    bob.text("x" * 400)
    assert alice.refusal("chat/user/bob", "x" * 401)["code"] == 93000


def test_an_option_that_is_no_longer_named_goes_back_to_mosquitto_conf(set_to):
    broker = set_to("max_message_bytes 300", max_message_bytes=500)
    broker.create("bob")
    alice = broker.user("alice")
    broker.set_to("# nothing")
    alice.send("bob", "x" * 500)
    assert alice.refusal("chat/user/bob", "x" * 501)["code"] == 93000


def burst(alice, topic, count):
    """How many of `count` messages, sent as fast as possible, are accepted."""
    topic = topic if "/" in topic else f"chat/user/{topic}"
    codes = [alice.wait_ack(mid) for mid in [alice.start_publish(topic, f"m{n}") for n in range(count)]]
    return sum(code in (0, 0x10) for code in codes)


def test_user_rate_takes_effect(set_to):
    broker = set_to("user_rate 0")
    broker.create("bob")
    alice = broker.user("alice")
    assert burst(alice, "bob", 30) == 30
    broker.set_to("user_rate 1")
    assert 5 <= burst(alice, "bob", 30) < 15
    broker.set_to("user_rate 0")
    assert burst(alice, "bob", 30) == 30


def test_group_rate_takes_effect(set_to):
    broker = set_to("group_rate 0")
    alice = broker.user("alice")
    topic = alice.group("Private", "g1")
    assert burst(alice, topic, 30) == 30
    broker.set_to("group_rate 3")
    assert 3 <= burst(alice, topic, 30) < 15
    broker.set_to("group_rate 0")
    assert burst(alice, topic, 30) == 30


def test_replay_limit_takes_effect(set_to):
    broker = set_to("replay_limit 0")
    broker.create("bob")
    alice = broker.user("alice")
    alice.send_many("bob", numbered(1, 5))
    broker.set_to("replay_limit 2")
    bob = broker.user("bob").subscribe("chat/user/bob/#")
    assert texts(bob.contents("m5")) == numbered(4, 5)
    bob.event("more")


def test_who_becomes_an_admin_may_give_admin_commands_at_once(set_to):
    broker = set_to("admins admin")
    boss = broker.user("boss")
    assert boss.code("pushDone", jobs=[1]) == 60010
    broker.set_to("admins admin,boss")
    assert boss.code("pushDone", jobs=[1]) == 0


def push_jobs(client):
    return [m.payload for m in client.pending(lambda m: m.topic == "chat/push")]


def test_who_is_no_admin_any_more_gives_no_admin_commands_and_gets_no_pushes(set_to):
    broker = set_to("admins admin,boss")
    bob = broker.user("bob", "ios:1")
    bob.command("setPushToken", provider="fcm", token="token-1")
    bob.disconnect()
    boss = broker.user("boss").subscribe("chat/push")
    broker.set_to("admins admin")
    assert boss.code("pushDone", jobs=[1]) == 60010
    assert boss.try_subscribe("chat/push") >= 0x80
    broker.user("alice").send("bob", "hello")
    admin = broker.admin().subscribe("chat/push")
    admin.wait(lambda m: m.topic == "chat/push", "no push job for who is still an admin")
    boss.fence()
    assert push_jobs(boss) == []


@pytest.mark.parametrize(
    "wrong",
    [
        "colour red",
        "group_rate many",
        "sdkappid 5",
        "group_rate 5\ngroup_rate 6",
        "group_rate",
        "admins bad user",
    ],
)
def test_a_wrong_settings_file_changes_nothing_and_logs_one_line(set_to, wrong):
    broker = set_to("max_message_bytes 300\nadmins admin")
    alice = broker.user("alice")
    lines = broker.set_to(f"max_message_bytes 9000\nadmins alice\n{wrong}")
    assert len([line for line in lines if "settings" in line]) == 1, lines
    assert ends(lines) == []
    assert alice.refusal("chat/user/bob", "x" * 301)["code"] == 93000
    assert alice.code("pushDone", jobs=[1]) == 60010
    assert broker.admin().code("pushDone", jobs=[1]) == 0


def test_a_settings_file_that_is_gone_changes_nothing_and_logs_one_line(set_to):
    broker = set_to("max_message_bytes 300")
    alice = broker.user("alice")
    broker.options["settings_file"].unlink()
    lines = reload(broker)
    assert len([line for line in lines if "settings" in line]) == 1, lines
    assert alice.refusal("chat/user/bob", "x" * 301)["code"] == 93000


def test_a_right_settings_file_logs_no_error(set_to):
    lines = set_to("max_message_bytes 300").set_to("max_message_bytes 400")
    assert [line for line in lines if "rror" in line or "not applied" in line] == []


# ---- keys


def logs_in(broker, name, key):
    return broker.raw().connect(name, name, broker.sig(name, key=key)).code == 0


@VERSIONS
def test_keys_change_hands_while_everyone_stays(broker, version):
    alice = broker.user("alice", version=version)
    bob = broker.user("bob", version=version, clean=False).subscribe("chat/user/bob/#")
    found = []
    for keys in ([OTHER_KEY, KEY], [OTHER_KEY]):
        broker.write_keys(*keys)
        assert ends(reload(broker)) == []
        found.append((logs_in(broker, "carol", KEY), logs_in(broker, "dave", OTHER_KEY)))
    assert found == [(True, True), (False, True)]
    alice.send("bob", "still here")
    bob.text("still here")


@pytest.mark.parametrize("how", ["empty", "open to others", "gone", "a folder", "garbage"])
def test_a_broken_key_file_keeps_the_old_keys_and_logs_one_line(broker, how):
    alice = broker.user("alice")
    broker.write_keys(OTHER_KEY, mode=0o644 if how == "open to others" else 0o600)
    if how in ("gone", "a folder"):
        broker.key_file.unlink()
    if how == "a folder":
        broker.key_file.mkdir(mode=0o700)
    if how in ("empty", "garbage"):
        broker.key_file.write_bytes(b"" if how == "empty" else b"\x00\xff" * 40 + b"\n")
    lines = reload(broker)
    assert len([line for line in lines if "secret_key_file" in line]) == 1, lines
    assert ends(lines) == []
    assert (logs_in(broker, "bob", KEY), logs_in(broker, "carol", OTHER_KEY)) == (True, False)
    alice.command("getUnread")


# ---- a login in the very turn of the reload

HANDSHAKE = (
    b"GET /mqtt HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Protocol: mqtt\r\n\r\n"
)


class WebSocket:
    """As little of a WebSocket as a CONNECT needs."""

    def __init__(self, port):
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self._socket.sendall(HANDSHAKE)
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += self._socket.recv(1)
        assert b" 101 " in head

    def send(self, data):
        mask = bytes(4)
        assert len(data) < 65536
        self._socket.sendall(b"\x82\xfe" + len(data).to_bytes(2, "big") + mask + data)

    def connack(self):
        """The code of the CONNACK of MQTT 3.1.1."""
        frame = b""
        while len(frame) < 6:
            frame += self._socket.recv(6 - len(frame))
        assert frame[:4] == b"\x82\x04\x20\x02"
        return frame[5]

    def close(self):
        self._socket.close()


def connack_within_a_reload(broker, *credentials):
    """The CONNECT is there when the broker, which was stopped, sees the SIGHUP."""
    client = WebSocket(broker.websocket.number)
    os.kill(broker.process.pid, signal.SIGSTOP)
    try:
        client.send(packets.connect(4, *credentials))
        broker.process.signal(signal.SIGHUP)
    finally:
        os.kill(broker.process.pid, signal.SIGCONT)
    try:
        return client.connack()
    finally:
        client.close()


def test_a_login_in_the_turn_of_a_reload_is_checked_like_any(broker):
    bob = broker.raw()
    bob.login("bob", "bob:ios:1")
    for _ in range(3):
        assert connack_within_a_reload(broker, "bob:ios:1", "bob", "guess") == 5
        assert connack_within_a_reload(broker, "alice", "alice", broker.sig("alice")) == 0
    bob.ping()


# ---- beside others


@pytest.fixture
def mixed(broker_factory):
    broker = persistent(broker_factory(start=False, other_users="defer"))
    broker.passwords = passwords(broker, probe="pass", second="pass")
    (broker.folder / "acl").write_text(ACL)
    broker.conf += [f"password_file {broker.passwords}", f"acl_file {broker.folder / 'acl'}"]
    return broker.start()


def sensor(broker, client_id="probe-1", name="probe", version=4, **how):
    client = broker.raw(version)
    connack = client.connect(client_id, name, "pass", **how)
    assert connack.code == 0
    client.session_present = connack.session_present
    return client


@VERSIONS
def test_a_sensor_stays_connected(mixed, version):
    client = sensor(mixed, version=version)
    client.subscribe("sensors/#")
    assert ends(reload(mixed)) == []
    client.publish("sensors/1", b"21.5")
    assert client.next_message().payload == b"21.5"


def test_a_sensor_without_password_any_more_is_disconnected(mixed):
    first, second = sensor(mixed), sensor(mixed, "second", "second")
    passwords(mixed, probe="another")
    mixed.reload()
    first.wait_closed()
    second.ping()


@pytest.mark.parametrize("restart", [False, True])
def test_a_kept_session_of_a_sensor_that_is_away_stays(mixed, restart):
    first = sensor(mixed, clean=False)
    first.subscribe("sensors/#")
    first.disconnect()
    if restart:
        mixed.restart()
    assert ends(reload(mixed)) == []
    sensor(mixed, "other").publish("sensors/1", b"while away")
    again = sensor(mixed, clean=False)
    assert again.session_present and again.next_message().payload == b"while away"


