# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""The form of commands and responses."""
import json

import pytest

from harness import packets
from harness.user import CONTROL, RESPONSE

VERSIONS = pytest.mark.parametrize("version", [4, 5])


@pytest.fixture
def raw(broker):
    client = broker.raw(5)
    client.login("alice", "alice:web:raw")
    return client


def answer(client):
    return json.loads(client.next_message().payload)["responses"]


def ask(client, commands, **how):
    payload = commands if isinstance(commands, (bytes, str)) else json.dumps({"commands": commands})
    client.start_publish(CONTROL, payload, **how)
    return answer(client)


@VERSIONS
def test_a_command_is_answered_on_the_response_topic_without_a_subscription(broker, version):
    client = broker.raw(version)
    client.login("alice")
    client.start_publish(CONTROL, {"commands": [{"command": "getUnread", "correlationData": "x"}]})
    message = client.next_message()
    assert message.topic == RESPONSE and not message.retain
    expected = {"command": "getUnread", "correlationData": "x", "data": {"totalUnread": 0}}
    assert json.loads(message.payload) == {"responses": [expected]}


def test_a_subscription_of_the_response_topic_brings_it_once(broker):
    alice = broker.user("alice").subscribe(RESPONSE)
    alice.command("getUnread")
    assert alice.silent(lambda m: m.topic == RESPONSE) == []


def test_nobody_else_sees_the_response(broker):
    other = broker.user("alice", "web:1").subscribe(RESPONSE, "chat/user/alice/#")
    bob = broker.user("bob").subscribe(RESPONSE)
    broker.user("alice").command("getUnread")
    assert (other.silent(lambda m: True), bob.silent(lambda m: True)) == ([], [])


@pytest.mark.parametrize("qos", [0, 1, 2])
def test_the_response_has_the_qos_of_the_request(broker, qos):
    client = broker.raw(4)
    client.login("alice")
    client.publish(CONTROL, {"commands": [{"command": "getUnread"}]}, qos)
    assert client.next_message().qos == qos


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"{",
        b"hello",
        b"[]",
        b"{}",
        b'{"commands":{}}',
        b'{"commands":"x"}',
        b"\xff",
        b'{"commands":[{"command":"getUnread"}]} x',
    ],
)
def test_a_broken_request_gets_one_response_with_10004(raw, payload):
    responses = ask(raw, payload)
    assert [r.get("code") for r in responses] == [10004]
    assert ask(raw, [{"command": "getUnread"}])[0]["data"] == {"totalUnread": 0}


def test_a_byte_order_mark_before_a_request_is_dropped(raw):
    (response,) = ask(raw, b'\xef\xbb\xbf{"commands":[{"command":"getUnread"}]}')
    assert response["data"] == {"totalUnread": 0}


@pytest.mark.parametrize("name", ["doesNotExist", "getunread", "", "x" * 1000])
def test_an_unknown_command_is_10026(broker, name):
    if name:
        assert broker.user("alice").code(name) == 10026
    else:
        assert broker.user("alice").code(name) in (10004, 10026)


@pytest.mark.parametrize("item", [{}, {"command": 5}, {"command": None}, "getUnread", None, []])
def test_a_command_without_a_name_is_refused(raw, item):
    responses = ask(raw, [item])
    assert len(responses) == 1 and responses[0]["code"] in (10004, 10026)


def test_an_error_has_a_text_and_no_data(broker):
    response = broker.user("alice").request("joinGroup", groupID="none")
    assert response.pop("correlationData")
    assert (response["command"], response["code"]) == ("joinGroup", 10010)
    assert isinstance(response["error"], str) and response["error"] and "data" not in response


def test_correlation_data_is_returned_as_it_was_and_left_out_where_there_was_none(raw):
    odd = 'say "hi" \\ \u00e9 \n'
    responses = ask(raw, [{"command": "getUnread", "correlationData": odd}, {"command": "getUnread"}])
    assert responses[0]["correlationData"] == odd and "correlationData" not in responses[1]


@pytest.mark.parametrize("wrong", [{"correlationData": 7}, {"correlationData": ["x"]}, {"correlationData": {}}])
def test_a_correlationData_of_a_wrong_type_is_answered_with_the_name_of_the_command(raw, wrong):
    (response,) = ask(raw, [{"command": "getUnread", **wrong}])
    assert (response["command"], response["code"]) == ("getUnread", 10004)
    assert "correlationData" in response["error"] and "correlationData" not in response


def test_a_command_of_a_wrong_type_is_answered_with_its_correlationData(raw):
    (response,) = ask(raw, [{"command": 7, "correlationData": "x"}])
    assert (response["correlationData"], response["code"]) == ("x", 10004)
    assert "command" in response["error"] and "command" not in response


def test_several_commands_are_answered_in_order(raw):
    commands = [
        {"command": "createGroup", "groupType": "Public", "groupID": f"g{n}", "correlationData": str(n)}
        for n in range(49)
    ] + [{"command": "getJoinedGroups", "correlationData": "49"}]
    found = ask(raw, commands)
    while len(found) < 50:
        found += answer(raw)
    assert [r["correlationData"] for r in found] == [str(n) for n in range(50)]
    assert len(found[-1]["data"]["groups"]) == 49


def test_a_refused_command_does_not_stop_the_ones_after_it(raw):
    found = ask(raw, [{"command": "joinGroup"}, {"command": "nonsense"}, {"command": "getUnread"}])
    while len(found) < 3:
        found += answer(raw)
    assert [r.get("code", 0) for r in found] == [10004, 10026, 0]


def test_more_than_50_commands_are_refused_as_a_whole(raw):
    commands = [{"command": "createGroup", "groupType": "Public", "groupID": f"g{n}"} for n in range(51)]
    assert {r["code"] for r in ask(raw, commands)} == {10004}
    (listed,) = ask(raw, [{"command": "getJoinedGroups"}])
    assert listed["data"]["groups"] == []


def test_pipelined_requests_are_answered_in_order(raw):
    for number in range(200):
        raw.start_publish(CONTROL, {"commands": [{"command": "getUnread", "correlationData": str(number)}]})
    assert [answer(raw)[0]["correlationData"] for _ in range(200)] == [str(n) for n in range(200)]


def test_a_response_topic_of_mqtt_5_is_used_instead(raw):
    props = {packets.RESPONSE_TOPIC: "my/answers", packets.CORRELATION_DATA: b"\x00\xffx"}
    raw.start_publish(CONTROL, {"commands": [{"command": "getUnread"}]}, props=props)
    message = raw.next_message()
    assert message.topic == "my/answers"
    assert message.properties[packets.CORRELATION_DATA] == b"\x00\xffx"
    assert json.loads(message.payload)["responses"][0]["data"] == {"totalUnread": 0}


def test_correlation_data_of_mqtt_5_is_returned_on_the_usual_topic(raw):
    raw.start_publish(
        CONTROL, {"commands": [{"command": "getUnread"}]}, props={packets.CORRELATION_DATA: b"id"}
    )
    message = raw.next_message()
    assert (message.topic, message.properties[packets.CORRELATION_DATA]) == (RESPONSE, b"id")


@pytest.mark.options(other_topics="allow")
def test_a_response_topic_reaches_only_the_requester(broker):
    broker.create("bob")
    spy = broker.user("spy").subscribe("my/#", "#")
    bob = broker.user("bob").subscribe("chat/user/bob/#")
    alice = broker.raw(5)
    alice.login("alice")
    for topic in ("my/answers", "chat/user/bob", "chat/user/bob/event", "$CONTROL/chat/v1"):
        alice.start_publish(
            CONTROL, {"commands": [{"command": "getUnread"}]}, props={packets.RESPONSE_TOPIC: topic}
        )
        assert b"responses" in alice.next_message().payload
    anything = lambda m: b"responses" in m.payload  # noqa: E731
    assert (spy.silent(anything), bob.silent(anything)) == ([], [])


@pytest.mark.parametrize(
    "command,fields,name",
    [
        ("createGroup", {}, "groupType"),
        ("joinGroup", {}, "groupID"),
        ("joinGroup", {"groupID": ""}, "groupID"),
        ("joinGroup", {"groupID": ["g"]}, "groupID"),
        ("inviteGroupMember", {"groupID": "g"}, "members"),
        ("inviteGroupMember", {"groupID": "g", "members": [1]}, "members"),
        ("setGroupMemberRole", {"groupID": "g"}, "userID"),
        ("getGroupMembers", {"groupID": "g", "offset": -1}, "offset"),
        ("getGroupMembers", {"groupID": "g", "limit": "x"}, "limit"),
        ("setPushToken", {"token": "t"}, "provider"),
        ("setPushToken", {"provider": "fcm"}, "token"),
        ("setPushToken", {"provider": "pigeon", "token": "t"}, "provider"),
        ("setPushToken", {"provider": "fcm", "token": ""}, "token"),
        ("setPushToken", {"provider": "apns", "token": "abc"}, "token"),
        ("ack", {}, "id"),
        ("sync", {}, "after"),
    ],
)
def test_a_missing_or_wrong_field_is_named(broker, command, fields, name):
    alice = broker.user("alice")
    alice.group("Public", "g")
    response = alice.request(command, **fields)
    assert response.get("code") == 10004 and name in response["error"]


@pytest.mark.parametrize(
    "command,fields", [("pushDone", {"jobs": [1]}), ("pushFailed", {"job": 1, "error": "x"})]
)
def test_the_workers_commands_are_for_admins(broker, command, fields):
    assert broker.user("alice").code(command, **fields) == 60010


def test_a_command_by_an_admin_of_a_group_is_no_server_admins(broker):
    broker.create("bob")
    broker.user("alice").group("Public", "g1", ["bob"])
    assert broker.user("bob").code("dismissGroup", groupID="g1") == 10007


def test_a_command_is_kept_once_its_response_is_there(broker):
    alice = broker.user("alice")
    alice.group("Public", "g1")
    broker.restart(kill=True)
    alice.connect()
    assert [g["groupID"] for g in alice.command("getJoinedGroups")["groups"]] == ["g1"]


def test_a_long_and_deep_request_is_refused_and_the_broker_lives(raw):
    for payload in (
        b"[" * 100000,
        b'{"commands":[' + b"[" * 5000 + b"]" * 5000 + b"]}",
        b'{"commands":[' + b"0," * 50000 + b"0]}",
    ):
        assert ask(raw, payload)[0]["code"] == 10004
