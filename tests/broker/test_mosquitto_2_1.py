# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""What only Mosquitto 2.1 has. MOSQUITTO_2_1 names one; skipped where it does not."""
import base64
import contextlib
import http.client
import socket
import struct
import threading

import pytest

from harness import packets, usersig
from harness.ports import Port
from harness.user import CONTROL
from harness.views import stalled_store
from test_bridges import certify, with_certificate
from test_coexistence import passwords

# ---- it tells plugins of its turns by the wall clock


def test_a_replay_comes_at_once_when_the_clock_was_set_back(newer):
    broker = newer(faults=True)
    broker.create("bob")
    alice = broker.user("alice")
    broker.faults.set_clock(wall=3600)
    alice.send_many("bob", [f"m{n}" for n in range(50)])
    broker.faults.set_clock()
    alice.send("bob", "end")
    assert len(broker.user("bob").subscribe("chat/user/bob").contents("end")) == 51


# ---- an http_api listener asks about logins on a thread of its own


class Http:
    """The http_api listener of a broker."""

    def __init__(self, port):
        self._port = port

    def status(self, user=None, password=""):
        connection = http.client.HTTPConnection("127.0.0.1", self._port.number, timeout=10)
        word = base64.b64encode(f"{user}:{password}".encode()).decode()
        headers = {"Authorization": f"Basic {word}"} if user is not None else {}
        with contextlib.closing(connection):
            connection.request("GET", "/api/v1/version", headers=headers)
            return connection.getresponse().status


@pytest.fixture
def api(newer):
    """api(option=value): a broker with an http_api listener, and that."""
    port = Port()

    def make(conf=(), **options):
        lines = [f"listener {port.number} 127.0.0.1", "protocol http_api"]
        broker = newer(start=False, conf=conf, listeners=lines, **options)
        broker.conf.append(f"password_file {passwords(broker, probe='pass')}")
        return broker.start(), Http(port)

    yield make
    port.release()


def test_a_userSig_does_not_open_the_http_api_and_leaves_no_device_online(api):
    broker, http_api = api()
    admin = broker.admin()
    broker.create("alice")
    for name in ("alice", "admin"):
        assert http_api.status(name, broker.sig(name)) == 401
    broker.await_log("http_api")
    found = admin.command("getStats")
    assert (found["connections"], found["usersOnline"]) == (1, 1)


def test_logins_succeed_while_the_http_api_is_asked(api):
    broker, http_api = api()
    over = threading.Event()
    codes = set()

    def ask():
        sig = broker.sig("alice")
        while not over.is_set():
            codes.add(http_api.status("alice", sig))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for number in range(300):
        client = broker.raw()
        client.login("alice", f"alice:iot:{number}")
        client.disconnect()
    over.set()
    for thread in threads:
        thread.join()
    assert codes == {401}


def test_a_user_of_the_password_file_may_have_the_http_api(api):
    broker, http_api = api(other_users="defer", other_topics="allow")
    assert http_api.status("probe", "pass") == 200
    assert http_api.status("probe", "wrong") == 401
    assert http_api.status("alice", broker.sig("alice")) == 401


def test_chat_topics_are_closed_to_the_http_api_whatever_is_asked(api):
    broker, http_api = api(other_users="defer", conf=["allow_anonymous true"])
    assert http_api.status() == 401  # nobody has allowed /api/v1/version
    broker.user("alice").fence()


# ---- a plugin that would be asked about one listener only


def test_a_plugin_below_one_listener_does_not_start(newer):
    broker = newer(start=False, conf=["per_listener_settings true"], per_listener=True)
    assert any("one listener only" in line for line in broker.start_refused())


@pytest.mark.parametrize("of", [1, 2])
def test_a_plugin_that_listeners_use_by_name_does_not_start(newer, of):
    """Not for all of them either: a listener that is added later would be forgotten."""
    port = Port()
    broker = newer(start=False, plugin=False, listeners=["plugin_use chat"])
    broker.conf += broker.plugin_lines("plugin_load chat")
    if of == 2:
        broker.conf += [f"listener {port.number} 127.0.0.1", "plugin_use chat"]
    assert any("one listener only" in line for line in broker.start_refused())
    port.release()


@pytest.mark.parametrize("persistence", ["true", "false"])
def test_a_global_plugin_serves_all_listeners_under_per_listener_settings(newer, persistence):
    conf = ["per_listener_settings true", f"persistence {persistence}"]
    broker = newer(start=False, plugin=False, conf=conf, listeners=["listener_allow_anonymous true"])
    broker.conf += [f"persistence_location {broker.folder}/", *broker.plugin_lines("global_plugin")]
    broker.start()
    outsider = broker.raw(port=broker.websocket.number)
    outsider.send(b"GET /mqtt HTTP/1.1\r\n\r\n")  # that listener is there, whatever it answers
    bob = broker.user("bob", clean=False).subscribe("chat/user/bob/#")
    broker.user("alice").send("bob", "hello")
    bob.text("hello")
    broker.restart()
    assert broker.admin().command("getStats")["connections"] == 1


# ---- who comes with a certificate alone, and names a user's client id


@pytest.mark.parametrize("version", [4, 5])
def test_who_comes_without_a_login_is_closed_with_a_users_client_id(newer, version):
    broker = certify(newer(start=False))
    alice, bob = broker.raw(), broker.raw()
    alice.login("alice", "alice:iot:1")
    bob.login("bob", "made-up", clean=False)
    for client, client_id in ((alice, "alice:iot:1"), (bob, "made-up")):
        outsider = with_certificate(broker, version)
        with broker.one_turn():
            client.start_publish(CONTROL, {"commands": [{"command": "getJoinedGroups"}]})
            outsider.send(packets.connect(version, client_id))
        outsider.wait_closed()
        assert list(outsider._messages) == []
        broker.await_log(f'closed: client "{client_id}"')
    outsider = with_certificate(broker, version)
    assert outsider.connect("alice:iot:2").code == 0
    outsider.wait_closed()
    outsider = with_certificate(broker, version)
    assert outsider.connect("outsider").code == 0
    outsider.ping()
    broker.raw().login("alice", "alice:iot:1")


# ---- a refused login says why


def test_a_refused_login_says_why_to_MQTT_5(newer):
    broker = newer()
    broker.create("bob", "carol")
    admin = broker.admin()
    old = broker.sig("carol")
    admin.command("kickUser", userID="carol")
    for user, client_id, sig, code in (
        ("bob", "bob", broker.sig("carol"), 0x86),
        ("bob", "bob", "no userSig", 0x86),
        ("bob", "bob", None, 0x86),
        ("no userID", "bob", broker.sig("bob"), 0x86),
        ("bob", "bob", usersig.expired("bob"), 0x87),
        ("carol", "carol", old, 0x87),
        ("bob", "carol:ios:1", broker.sig("bob"), 0x85),
    ):
        assert broker.raw(5).connect(client_id, user, sig).code == code, (user, client_id)
        assert broker.raw(4).connect(client_id, user, sig).code == 5


def test_a_client_id_that_is_not_free_yet_is_refused_as_busy(newer):
    broker = newer()
    broker.raw().login("alice", "bob")
    assert broker.raw(5).connect("bob", "bob", broker.sig("bob")).code == 0x89


# ---- subscription identifiers: what the server sends itself has them as well


IDENTIFIER = 0x0B


def test_replayed_live_and_copied_messages_have_the_identifier_of_their_subscription(newer):
    broker = newer()
    alice, bob = broker.user("alice"), broker.raw(5)
    bob.login("bob", "bob:iot:1")
    alice.group("Public", "g1", ["bob"])
    alice.send("bob", "before")
    bob.subscribe("chat/user/bob/#", props={IDENTIFIER: 7})
    alice.send("bob", "at once")
    alice.publish("chat/user/bob", "at QoS 2", qos=2)
    alice.publish("chat/group/g1", "in a group")
    found = [bob.next_message() for _ in range(4)]
    texts = (b"before", b"at once", b"at QoS 2", b"in a group")
    while not all(any(text in message.payload for message in found) for text in texts):
        found.append(bob.next_message())
    assert {message.properties.get(IDENTIFIER) for message in found} == {7}


def kept(broker):
    """bob, with a session that the broker keeps."""
    client = broker.raw(5)
    client.login("bob", "bob:iot:1", clean=False, props={packets.SESSION_EXPIRY: 3600})
    return client


@pytest.mark.parametrize("expected", [7, None])
@pytest.mark.parametrize("how", ["restart", "stalled"])
def test_a_kept_session_that_does_not_subscribe_again_has_its_identifiers(newer, how, expected):
    """Those of the last SUBSCRIBE, whether replayed or copied; from the database, or before they are there."""
    broker = newer(start=False, conf=["persistence true"])
    broker.conf.append(f"persistence_location {broker.folder}/")
    broker.start()
    broker.create("bob")
    alice = broker.user("alice")
    with stalled_store(broker) if how == "stalled" else contextlib.nullcontext():
        bob = kept(broker)
        bob.subscribe("chat/user/bob", props={IDENTIFIER: 7})
        if not expected:
            bob.subscribe("chat/user/bob")
        bob.disconnect()
        if how == "restart":
            broker.restart()
            alice.connect()
        alice.send("bob", "before")
        bob = kept(broker)
        found = [bob.next_message()]
        alice.publish("chat/user/bob", "at QoS 2", qos=2)
        found.append(bob.next_message())
    assert {m.properties.get(IDENTIFIER) for m in found} == {expected}


def identified(client, topic):
    """The identifier of the first message on this topic."""
    while (message := client.next_message()).topic != topic:
        pass
    return message.properties.get(IDENTIFIER)


def test_the_last_messages_of_a_live_group_have_the_identifier_of_the_subscription_that_asks_for_them(newer):
    broker = newer()
    alice, bob = broker.user("alice"), broker.raw(5)
    alice.publish(alice.group("AVChatRoom", "live"), "before")
    bob.login("bob")
    bob.subscribe("chat/group/live", props={IDENTIFIER: 7})
    assert identified(bob, "chat/group/live") == 7


def test_events_answers_and_push_jobs_have_the_identifier_of_their_subscription_until_it_ends(newer):
    broker = newer()
    alice, bob = broker.user("alice"), broker.raw(5)
    bob.login("bob", "bob:iot:1")
    topics = {"chat/user/bob/event": 7, "$CONTROL/chat/v1/response": 8}
    for topic, identifier in topics.items():
        bob.subscribe(topic, props={IDENTIFIER: identifier})
    for random, expected in enumerate((topics, dict.fromkeys(topics)), 1):
        bob.publish("chat/user/alice", {"text": "hello", "random": random})
        bob.start_publish(CONTROL, {"commands": [{"command": "getUnread"}]})
        for topic in topics:
            assert identified(bob, topic) == expected[topic]
            bob.unsubscribe(topic)
    alice.fence()


def test_push_jobs_have_the_identifier_of_the_workers_subscription(newer):
    broker = newer()
    bob, worker = broker.user("bob", "ios:1"), broker.raw(5)
    bob.command("setPushToken", provider="webhook", businessID="1", token="x")
    bob.disconnect()
    worker.login("admin", "admin:iot:worker")
    worker.subscribe("chat/push", props={IDENTIFIER: 9})
    broker.user("alice").send("bob", "hello")
    assert identified(worker, "chat/push") == 9


# ---- behind a proxy that tells who the client is


@pytest.fixture
def proxied(newer):
    """proxied(version, *lines): a broker with a listener for such a proxy, and that listener's port."""
    port = Port()

    def make(version, *lines, **options):
        listener = [f"listener {port.number} 127.0.0.1", f"enable_proxy_protocol {version}", *lines]
        return newer(listeners=listener, **options), port.number

    yield make
    port.release()


FIRST = b"PROXY TCP4 192.0.2.7 192.0.2.1 50000 1883\r\n"


def second(family, addresses, *, local=False, more=b""):
    """The header of version 2 of the protocol."""
    body = addresses + more
    kind = bytes((0x20 if local else 0x21, family))
    return b"\r\n\r\n\0\r\nQUIT\n" + kind + struct.pack("!H", len(body)) + body


def inet(family, address):
    return socket.inet_pton(family, address) * 2 + struct.pack("!HH", 50000, 1883)


HEADERS = {
    "192.0.2.7": ((1, FIRST), (2, second(0x11, inet(socket.AF_INET, "192.0.2.7")))),
    "2001:db8::7": (
        (1, b"PROXY TCP6 2001:db8::7 2001:db8::1 50000 1883\r\n"),
        (2, second(0x21, inet(socket.AF_INET6, "2001:db8::7"))),
    ),
}


@pytest.mark.parametrize("version", [1, 2])
def test_who_comes_by_a_proxy_chats_and_is_named_by_their_own_address_in_the_log(proxied, version):
    broker, port = proxied(version)
    bob = broker.user("bob").subscribe("chat/user/bob/#")
    for address, headers in HEADERS.items():
        header = dict(headers)[version]
        alice = broker.raw(port=port)
        alice.send(header)
        alice.login("alice")
        alice.publish("chat/user/bob", address.encode())
        bob.text(address)
        refused = broker.raw(port=port)
        refused.send(header)
        assert refused.connect("alice", "alice", "no userSig").code == 5
        broker.await_log(f'login refused: user "alice".*address {address}:')


def test_an_address_that_a_proxy_tells_cannot_break_a_line_of_the_log(proxied):
    broker, port = proxied(2)
    client = broker.raw(port=port)
    client.send(second(0x31, b"x\nforged line\0"))
    assert client.connect("alice", "alice", "no userSig").code == 5
    broker.await_log('login refused: user "alice".*address x.forged line: 70003 ')


@pytest.mark.parametrize("version", [1, 2])
def test_who_comes_without_a_proxys_header_does_not_log_in(proxied, version):
    broker, port = proxied(version)
    alice = broker.raw(port=port)
    alice.send(packets.connect(4, "alice", "alice", broker.sig("alice")))
    alice.wait_closed()
    health = broker.raw(port=port)
    health.send(second(0, b"", local=True))
    health.wait_closed()
    assert broker.admin().command("getStats")["connections"] == 1


def test_a_certificate_that_a_proxy_has_seen_is_no_userSig(proxied):
    broker, port = proxied(2, "require_certificate true", "use_identity_as_username true")
    name = b"\x22" + struct.pack("!H", 5) + b"alice"
    tls = b"\x05" + struct.pack("!I", 0) + name  # over TLS, with a certificate, verified
    header = second(0x11, inet(socket.AF_INET, "192.0.2.7"), more=b"\x20" + struct.pack("!H", len(tls)) + tls)
    alice = broker.raw(port=port)
    alice.send(header)
    assert alice.connect("alice", "alice", broker.sig("alice")).code == 5
    broker.await_log('login refused: user "alice".* 70002 ')
