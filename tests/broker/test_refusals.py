# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""Messages that are refused: the code, and how the sender learns of it."""
import json

import pytest

VERSIONS = pytest.mark.parametrize("version", [4, 5])
RESERVED = "id seq sender to group time tips notice recall recalled edit edited".split()

BROKEN = [
    b"",
    b"\xff\xfe",
    b"\xc0\x80",
    b"\xed\xa0\x80",
    b'{"text":"\xff"}',
    b'{"text":"a"',
    b'{"text":"a"} x',
    b'{"text":"a"}{}',
    b'{"text":"a",}',
    b"{'text':'a'}",
    b'{"text":"a","text":"b"}',
    b'{"text":"a","te\\u0078t":"b"}',
    b'{"text":"a","x":1,"x":2}',
    b"{}",
    b'{"cloudCustomData":"a"}',
    b'{"Text":"a"}',
    b'{"text":"a","face":{"index":1,"data":""}}',
    b'{"text":1}',
    b'{"text":null}',
    b'{"text":"\\ud800"}',
    b'{"text":"raw \n line"}',
    b'{"text":"a","n":01}',
    b'{"text":"a","n":NaN}',
    b'{"image":{}}',
    b'{"image":"http://x"}',
    b'{"image":{"url":1}}',
    b'{"image":{"url":"u","width":"wide"}}',
    b'{"sound":{"seconds":1}}',
    b'{"video":[]}',
    b'{"file":{"name":"a"}}',
    b'{"file":{"url":"u","name":5}}',
    b'{"face":{"index":"one","data":""}}',
    b'{"location":{"desc":"x","latitude":"north","longitude":1}}',
    b'{"custom":"x"}',
    b'{"custom":{"data":1}}',
    b'{"merger":{"title":"t","abstracts":"a","messages":[]}}',
    b'{"merger":{"title":"t","abstracts":[1],"messages":[]}}',
    b'{"text":"a","random":0}',
    b'{"text":"a","random":1.5}',
    b'{"text":"a","random":-1}',
    b'{"text":"a","random":"1"}',
    b'{"text":"a","random":9007199254740992}',
    b'{"text":"a","onlineOnly":"yes"}',
    b'{"text":"a","onlineOnly":1}',
    b'{"text":"a","priority":"urgent"}',
    b'{"text":"a","priority":1}',
    b'{"text":"a","push":"no"}',
    b'{"text":"a","push":{"title":1}}',
    b'{"text":"a","push":{"badge":1}}',
    b'{"text":"a","cloudCustomData":1}',
    b'{"text":"a","at":"bob"}',
    b'{"text":"a","at":[1]}',
    b'{"text":"a","x":' + b"[" * 100 + b"]" * 100 + b"}",
]


def escaped(name):
    """The name with its first letter as \\u00XX."""
    return f"\\u{ord(name[0]):04x}{name[1:]}"


FORGED = [f'{{"text":"a","{name}":1}}' for name in RESERVED]
FORGED += [f'{{"{escaped(name)}":1,"text":"a"}}' for name in RESERVED]
FORGED += [
    '{"sender":"admin","sender":"bob","text":"a"}',
    '{"text":"a","sender":null}',
    '{"text":"a","recalled":true}',
    '{"text":"a","edited":1}',
    '{"tips":{"type":"join"}}',
    '{"notice":{"type":"custom"}}',
    '{"recall":{"id":1}}',
]


@pytest.fixture
def alice(broker):
    broker.create("bob")
    return broker.user("alice")


def codes_of(sender, payloads):
    """{payload: code of its `rejected` event}; 0 for what was accepted."""
    found = {}
    for payload in payloads:
        code = sender.publish("chat/user/bob", payload)
        if sender.version == 5 and code != 0x87:
            found[payload] = 0
        else:
            found[payload] = sender.event("rejected")["code"]
    return found


def test_a_broken_message_is_90002(alice):
    assert codes_of(alice, BROKEN) == dict.fromkeys(BROKEN, 90002)


def test_a_forged_stamp_is_refused_however_it_is_written(alice):
    found = codes_of(alice, FORGED)
    assert {p: c for p, c in found.items() if c != 90010 and "admin" not in p} == {}
    assert found[FORGED[20]] in (90002, 90010), "a reserved member twice"


def test_a_message_too_long_is_93000(alice):
    payloads = [b"x" * 12289, json.dumps({"text": "x" * 12288}).encode()]
    assert codes_of(alice, payloads) == dict.fromkeys(payloads, 93000)


@VERSIONS
@pytest.mark.parametrize("qos", [0, 1, 2])
def test_the_sender_is_told_by_an_event_at_every_qos(broker, version, qos):
    raw = broker.raw(version)
    raw.login("alice")
    code = raw.publish("chat/user/nobody", {"text": "x", "random": 5}, qos)
    if qos:
        assert code == (0x87 if version == 5 else 0)
    message = raw.next_message()
    assert message.topic == "chat/user/alice/event"
    data = json.loads(message.payload)
    assert isinstance(data.pop("error"), str)
    assert data == {"event": "rejected", "topic": "chat/user/nobody", "code": 20003, "random": 5}


def test_the_event_has_no_random_where_the_message_had_none(alice):
    assert "random" not in alice.refusal("chat/user/nobody", "x")


def test_the_event_reaches_only_the_client_that_sent(broker):
    other = broker.user("alice", "web:1").subscribe("chat/user/alice/#")
    alice = broker.user("alice")
    alice.subscribe(alice.feed)
    alice.refusal("chat/user/nobody", "x")
    assert other.silent(lambda m: m.get("event") == "rejected") == []
    assert alice.silent(lambda m: m.get("event") == "rejected") == [], "told twice"


def test_a_refused_message_is_neither_delivered_nor_stored(broker, alice):
    bob = broker.user("bob").subscribe("chat/user/bob/#")
    codes_of(alice, BROKEN[:20] + FORGED)
    alice.send("bob", "fence")
    assert [m.get("text") for m in bob.contents("fence")] == ["fence"]
    assert [m["text"] for m in bob.synced()] == ["fence"]


def test_nobody_writes_to_himself(alice):
    assert alice.refusal("chat/user/alice", "x")["code"] == 20003


def test_a_refusal_does_not_close_the_connection(alice):
    for payload in BROKEN[:10]:
        alice.publish("chat/user/bob", payload)
    alice.send("bob", "still here")


@pytest.mark.parametrize("random", [10**15, 45 * 10**14, 2**53 - 1])
def test_a_large_random_is_repeated_digit_by_digit(broker, random):
    alice = broker.user("alice")
    alice.start_publish("chat/user/nobody", {"text": "x", "random": random})
    found = alice.wait(lambda message: message.get("event") == "rejected", "not rejected")
    assert f'"random":{random}'.encode() in found.payload
