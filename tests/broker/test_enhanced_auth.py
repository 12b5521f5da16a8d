# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""MQTT 5 enhanced authentication is no way in: a userSig is a password, and nothing else."""
import pytest

from harness import packets
from harness.packets import CONNACK, DISCONNECT
from harness.raw import Closed

METHOD, DATA = 0x15, 0x16
AUTH = 15
BAD_METHOD, PROTOCOL_ERROR, NOT_AUTHORIZED = 0x8C, 0x82, 0x87


@pytest.fixture
def client(broker):
    return broker.raw(5)


def auth(code, method=None, data=None):
    values = {key: value for key, value in ((METHOD, method), (DATA, data)) if value is not None}
    return packets.packet(AUTH, 0, bytes([code]) + packets.properties(5, values))


def first_answer(client):
    """The code of the first CONNACK or DISCONNECT; None: closed without one."""
    try:
        while True:
            found = client.receive()
            if found.kind in (CONNACK, DISCONNECT):
                return found.code
            assert found.kind != AUTH, "the broker goes on with it"
    except Closed:
        return None


@pytest.mark.parametrize("method", ["usersig", "SCRAM-SHA-1", "x" * 1000])
def test_a_method_is_refused_although_the_password_is_right(broker, client, method):
    props = {METHOD: method}
    client.send(packets.connect(5, "bob", "bob", broker.sig("bob"), props=props))
    assert first_answer(client) in (BAD_METHOD, PROTOCOL_ERROR, None)
    client.wait_closed()
    assert broker.user("alice").refusal("chat/user/bob", "x")["code"] == 20003, "there is a bob"


def test_a_userSig_in_its_data_is_refused(broker, client):
    props = {METHOD: "usersig", DATA: broker.sig("bob")}
    client.send(packets.connect(5, "bob", "bob", props=props))
    assert first_answer(client) in (BAD_METHOD, None)
    client.wait_closed()
    assert broker.user("alice").refusal("chat/user/bob", "x")["code"] == 20003, "there is a bob"


def test_a_userSig_in_data_without_a_method_is_no_password(broker, client):
    client.send(packets.connect(5, "bob", "bob", props={DATA: broker.sig("bob")}))
    assert first_answer(client) in (NOT_AUTHORIZED, PROTOCOL_ERROR)
    client.wait_closed()
    assert broker.user("alice").refusal("chat/user/bob", "x")["code"] == 20003, "there is a bob"


def test_what_is_refused_leaves_the_session_of_the_same_client_alone(broker, client):
    bob = broker.user("bob", "ios:1").subscribe("chat/user/bob/#")
    props = {METHOD: "usersig", DATA: broker.sig("bob")}
    client.send(packets.connect(5, "bob:ios:1", "bob", broker.sig("bob"), props=props))
    client.wait_closed()
    broker.user("alice").send("bob", "hello")
    bob.text("hello")
    assert bob.connected


@pytest.mark.parametrize("code", [0x00, 0x18, 0x19])
def test_an_AUTH_packet_first_is_no_login(client, broker, code):
    client.send(auth(code, "usersig", broker.sig("bob")))
    client.wait_closed()


@pytest.mark.parametrize("code", [0x18, 0x19])
def test_an_AUTH_packet_of_who_is_logged_in_changes_nobody(broker, code):
    """Re-authentication as somebody else, or with an expired userSig renewed: the connection ends."""
    bob = broker.raw(5)
    bob.login("bob")
    bob.send(auth(code, "usersig", broker.sig("alice")))
    bob.wait_closed()
    broker.create("alice")
    again = broker.user("bob").subscribe("chat/user/bob/#")
    broker.user("alice").send("bob", "hello")
    again.text("hello")


def test_an_AUTH_packet_of_3_1_1_is_refused(broker):
    client = broker.raw(4)
    client.login("bob")
    client.send(packets.packet(AUTH, 0, b"\x18\x00"))
    client.wait_closed()
