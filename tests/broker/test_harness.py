# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""The harness itself, against a mosquitto without the plugin."""
import pytest

from harness import packets, usersig
from harness.packets import Will
from harness.settings import KEY
from harness.user import Message

OPEN = ["allow_anonymous true"]
VERSIONS = pytest.mark.parametrize("version", [4, 5])


@pytest.fixture
def plain(broker_factory):
    return broker_factory(plugin=False, conf=OPEN)


def test_the_signature_is_that_of_tencents_own_example():
    members = usersig.fields("xiaojun", key=KEY, created=1700000000, expire=15552000)
    assert members["TLS.sig"] == "LvA7d/Iw7gSsnskvVzBDPOCCDbuNCw4GHwTC0bip+B4="


@VERSIONS
@pytest.mark.parametrize("qos", [0, 1, 2])
def test_a_raw_client_gets_what_it_publishes(plain, version, qos):
    client = plain.raw(version)
    assert client.connect("a").code == 0
    assert client.subscribe("x/#", qos) == qos
    client.publish("x/y", "hello", qos)
    message = client.next_message()
    assert (message.topic, message.payload, message.qos) == ("x/y", b"hello", qos)
    client.disconnect()


def test_a_raw_client_reads_mqtt_5_properties(plain):
    client = plain.raw(5)
    assert client.connect("", props={packets.SESSION_EXPIRY: 10}).properties[packets.ASSIGNED_CLIENT_ID]
    client.subscribe("x")
    client.publish("x", b"1", props={packets.RESPONSE_TOPIC: "r", packets.CORRELATION_DATA: b"\0c"})
    found = client.next_message().properties
    assert (found[packets.RESPONSE_TOPIC], found[packets.CORRELATION_DATA]) == ("r", b"\0c")


@VERSIONS
def test_the_will_of_an_aborted_raw_client_is_published(plain, version):
    witness, dying = plain.raw(version), plain.raw(version)
    witness.connect("w")
    witness.subscribe("will")
    dying.connect("d", will=Will("will", b"gone"))
    dying.abort()
    assert witness.next_message().payload == b"gone"


@VERSIONS
@pytest.mark.parametrize("transport", ["tcp", "websockets"])
def test_a_paho_client_gets_what_it_publishes(plain, version, transport):
    user = plain.user("a", version=version, transport=transport, sig="x").subscribe("x/#")
    assert user.publish("x/y", "hello") == 0
    assert user.wait(lambda m: m.topic == "x/y").payload == b"hello"
    user.unsubscribe("x/#")
    assert user.publish("x/y", "hello") == (0x10 if version == 5 else 0)
    user.disconnect()


@pytest.mark.parametrize("transport", ["tcp", "websockets"])
@pytest.mark.parametrize("end", ["disconnect", "drop"])
@pytest.mark.parametrize("client_id", ["a", ""])
def test_an_end_is_over_when_the_broker_knows_of_it(plain, transport, end, client_id):
    user = plain.user("a", client_id=client_id, transport=transport, sig="x")
    getattr(user, end)()
    assert plain.process.find("disconnected|closed its connection")


def test_a_client_notices_that_the_broker_is_killed_and_meets_it_again_on_the_same_port(plain):
    user = plain.user("a", sig="x")
    plain.kill()
    user.wait_closed()
    plain.restart()
    user.connect().disconnect()


def test_a_refused_login_is_told_by_its_code(broker_factory):
    closed = broker_factory(plugin=False)
    closed.unconnected("a", version=4, sig="x").connect(code=5)
    closed.unconnected("a", version=5, sig="x").connect(code=0x87)


def test_the_log_can_be_waited_for_and_the_broker_reloads(plain):
    plain.reload()
    plain.user("a", sig="x")
    assert "New client connected" in plain.await_log(r" as a ")


def test_tips_events_and_responses_are_no_content():
    def message(topic, text):
        return Message(topic, text.encode(), 0, False, None).is_content()

    assert message("chat/user/a", '{"id":1,"sender":"b","text":"x"}')
    assert not message("chat/group/g", '{"id":1,"sender":"b","tips":{}}')
    assert not message("chat/user/a/event", '{"event":"sent"}')
    assert not message("$CONTROL/chat/v1/response", '{"responses":[]}')
