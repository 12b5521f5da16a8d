# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""Bridges, and others that come around the login: nothing reaches a chat topic without the server's stamp."""
import json
import shutil
import socket
import ssl
import subprocess

import pytest

from harness import packets
from harness.raw import RawClient


@pytest.fixture
def chat(broker_factory):
    return broker_factory()


def bridge_lines(to, *topics, user=None):
    """`user` is (userID, userSig) of the other side."""
    lines = [
        "connection link",
        f"address 127.0.0.1:{to.mqtt.number}",
        "notifications false",
        "bridge_protocol_version mqttv311",
        "restart_timeout 1",
        *(f"topic {topic}" for topic in topics),
    ]
    if user:
        lines += [
            f"remote_clientid {user[0]}:iot:bridge",
            f"remote_username {user[0]}",
            f"remote_password {user[1]}",
        ]
    return lines


@pytest.fixture
def plain(broker_factory):
    """plain(*conf): a mosquitto without the plugin, open to everyone."""

    def make(*conf):
        return broker_factory(plugin=False, conf=["allow_anonymous true", *conf])

    return make


def client_of(broker, client_id="local", *filters):
    client = broker.raw()
    assert client.connect(client_id).code == 0
    for name in filters:
        assert client.subscribe(name) < 0x80
    return client


# ---- a bridge of another broker, which logs in like anybody


def alices_bridge(chat, plain, *topics):
    far = plain(*bridge_lines(chat, *topics, user=("alice", chat.sig("alice"))), "try_private false")
    chat.await_log("New client connected.* as alice:iot:bridge ")
    return far


def test_a_bridge_that_logs_in_publishes_as_its_user(chat, plain):
    bob = chat.user("bob").subscribe("chat/user/bob/#")
    far = alices_bridge(chat, plain, "chat/user/bob out 1")
    client_of(far).publish("chat/user/bob", b"hello")
    found = bob.text("hello")
    assert (found.get("sender"), found.get("to"), found.get("seq")) == ("alice", "bob", 1)


def test_a_bridge_publishes_no_more_than_its_user_may(chat, plain):
    owner, bob = chat.user("carol"), chat.user("bob").subscribe("chat/user/bob/#")
    topic = owner.group("Private", "g1", ["bob"])
    far = alices_bridge(chat, plain, "chat/# out 1")
    sensor = client_of(far)
    for to in (topic, "chat/user/bob/event", "chat/push", "chat/user/alice"):
        sensor.publish(to, b"raw")
    sensor.publish("chat/user/bob", b"end")
    bob.text("end")
    assert bob.silent(lambda m: b"raw" in m.payload) == []


def test_a_bridge_reads_its_users_feed_and_nothing_else(chat, plain):
    chat.create("alice", "bob")
    carol = chat.user("carol")
    topic = carol.group("Private", "g1", ["alice"])
    far = alices_bridge(chat, plain, "chat/user/alice/# in 1")
    reader = client_of(far, "reader", "chat/#")
    carol.send("alice", "m1")
    carol.send("bob", "secret")
    carol.send(topic, "m2")
    found = reader.messages_until(lambda m: b'"m2"' in m.payload)
    content = [(m.topic, json.loads(m.payload)["text"]) for m in found if b'"text"' in m.payload]
    assert content == [("chat/user/alice", "m1")]


def test_a_bridge_with_a_wrong_userSig_stays_outside(chat, plain):
    bob = chat.user("bob").subscribe("chat/user/bob/#")
    far = plain(*bridge_lines(chat, "chat/user/bob out 1", user=("alice", chat.sig("bob"))))
    chat.await_log(r"login refused.*alice:iot:bridge.* 70013 ")
    client_of(far).publish("chat/user/bob", b"raw")
    assert bob.silent() == []


# ---- a bridge of the chat broker itself, which skips every check


def own_bridge(broker_factory, far, *topics, **options):
    chat = broker_factory(conf=["allow_anonymous false", *bridge_lines(far, *topics)], **options)
    far.await_log(r"New bridge connected.*\.link ")
    return chat


def bridged(sensor, reader):
    """Returns when what `sensor` publishes on open/... of the far broker arrives: the bridge has to subscribe
    first, which no log tells. All that was published before has been served then."""
    for number in range(100):
        topic = f"open/{number}"
        sensor.publish(topic, b"end")
        try:
            return reader.wait(lambda m: m.topic == topic, timeout=0.1)
        except AssertionError:
            continue
    raise AssertionError("nothing comes over the bridge")


FORGED = b'{"id":1,"seq":1,"sender":"carol","to":"bob","time":1,"text":"raw"}'


def raw_publishes(client, *topics):
    for topic in topics:
        client.publish(topic, b"raw")
        client.publish(topic, FORGED, retain=True)


@pytest.mark.parametrize("direction", ["in 1", "both 1", "in 2", "in 0"])
def test_what_a_bridge_of_the_chat_broker_brings_in_reaches_nobody(broker_factory, plain, direction):
    far = plain()
    raw_publishes(client_of(far, "early"), "chat/user/bob")
    chat = own_bridge(broker_factory, far, f"chat/# {direction}", "open/# in 1", other_topics="allow")
    bob = chat.user("bob").subscribe("chat/user/bob/#", "open/#")
    alice = chat.user("alice")
    live = alice.group("AVChatRoom", "live")
    bob.subscribe(live, alice.group("Public", "g1", ["bob"]))
    sensor = client_of(far)
    bridged(sensor, bob)
    inbox = "chat/user/bob"
    raw_publishes(sensor, inbox, f"{inbox}/event", f"{inbox}/group/g1", "chat/group/g1", live)
    bridged(sensor, bob)
    alice.send("bob", "end")
    bob.text("end")
    assert bob.silent(lambda m: b"raw" in m.payload) == []
    assert [m["text"] for m in bob.synced()] == ["end"]


def test_a_bridge_of_the_chat_broker_gives_no_commands(broker_factory, plain):
    far = plain()
    chat = own_bridge(broker_factory, far, 'v1 in 1 $CONTROL/chat/ ""', "open/# in 1", other_topics="allow")
    alice = chat.user("alice").subscribe("open/#")
    sensor = client_of(far)
    bridged(sensor, alice)
    command = {"command": "createGroup", "groupType": "Public", "groupID": "mine"}
    sensor.publish("v1", json.dumps({"commands": [command]}).encode())
    bridged(sensor, alice)
    assert alice.code("getGroupInfo", groupID="mine") == 10010


def test_a_bridge_of_the_chat_broker_reads_stamped_messages(broker_factory, plain):
    """Who configures `topic chat/# out` reads everything: that is said in the documentation."""
    far = plain()
    reader = client_of(far, "reader", "chat/#")
    chat = own_bridge(broker_factory, far, "chat/# out 1")
    chat.create("bob")
    chat.user("alice").send("bob", "hello")
    found = json.loads(reader.next_message().payload)
    assert (found["sender"], found["to"], found["text"]) == ("alice", "bob", "hello")


def test_chat_goes_on_beside_a_bridge_over_a_reload(broker_factory, plain):
    far = plain()
    chat = own_bridge(broker_factory, far, "chat/# in 1", "sensors/# out 1")
    bob = chat.user("bob").subscribe("chat/user/bob/#")
    alice = chat.user("alice")
    alice.send("bob", "m1")
    chat.reload()
    alice.send("bob", "m2")
    assert [m.get("text") for m in bob.contents("m2")] == ["m1", "m2"]


# ---- a certificate instead of a login


CERTIFICATES = (("cafile", "cert.pem"), ("certfile", "cert.pem"), ("keyfile", "key.pem"))


def openssl(folder, *arguments):
    subprocess.run(["openssl", *arguments], check=True, capture_output=True, cwd=folder)


def certify(broker):
    """A third listener: a certificate's name is the user name there, without any userSig."""
    if not shutil.which("openssl"):
        pytest.skip("needs openssl")
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", "key.pem")
    openssl(broker.folder, "req", "-x509", *key, "-days", "2", "-subj", "/CN=alice", "-out", "cert.pem")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        broker.tls_port = free.getsockname()[1]
    broker.conf += [
        f"listener {broker.tls_port} 127.0.0.1",
        *(f"{name} {broker.folder / file}" for name, file in CERTIFICATES),
        "require_certificate true",
        "use_identity_as_username true",
    ]
    return broker.start()


@pytest.fixture
def certified(broker_factory):
    return certify(broker_factory(start=False, other_topics="allow"))


def with_certificate(broker, version=4):
    client = RawClient(broker.tls_port, version)
    broker.raw_clients.append(client)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.load_cert_chain(broker.folder / "cert.pem", broker.folder / "key.pem")
    client._socket = context.wrap_socket(client._socket)
    return client


@pytest.mark.parametrize("version", [4, 5])
def test_who_comes_with_a_certificate_alone_is_no_chat_user(certified, version):
    broker = certified
    bob = broker.user("bob").subscribe("chat/user/bob/#")
    alice = broker.user("alice", "web:1")
    outsider = with_certificate(broker, version)
    assert outsider.connect("outsider").code == 0
    assert outsider.subscribe("#") < 0x80
    closed = ("chat/user/alice/#", "chat/user/alice", "chat/push")
    refused = {name: outsider.subscribe(name) for name in closed}
    assert min(refused.values()) >= 0x80, refused
    outsider.publish("chat/user/bob", b"raw")
    outsider.start_publish("$CONTROL/chat/v1", {"commands": [{"command": "getUnread"}]})
    bob.send("alice", "secret")
    alice.send("bob", "end")
    bob.text("end")
    assert bob.silent(lambda m: b"raw" in m.payload) == []
    assert [m.topic for m in outsider._messages] == []


def test_a_packet_of_a_bridge_is_known_by_its_protocol_and_still_has_to_log_in(chat):
    """try_private: the highest bit of the protocol level says "bridge"."""
    client = chat.raw()
    connect = bytearray(packets.connect(4, "alice:iot:bridge", "alice", chat.sig("bob")))
    connect[connect.index(b"MQTT") + 4] |= 0x80
    client.send(bytes(connect))
    assert client.expect(packets.CONNACK).code == 5
