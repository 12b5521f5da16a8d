# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""What only Mosquitto 2.1 has. MOSQUITTO_2_1 names one; skipped where it does not."""
import base64
import contextlib
import http.client
import threading

import pytest

from harness.ports import Port
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
