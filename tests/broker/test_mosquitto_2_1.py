# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""What only Mosquitto 2.1 has. MOSQUITTO_2_1 names one; skipped where it does not."""
import base64
import contextlib
import http.client
import threading

import pytest

from harness import packets, usersig
from harness.ports import Port
from harness.user import CONTROL
from test_bridges import certify, with_certificate
from test_coexistence import passwords

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
