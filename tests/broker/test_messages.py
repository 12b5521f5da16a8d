# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""What a publish becomes: stamp, sequence numbers, and who gets it."""
import json
import subprocess
import time

import pytest

VERSIONS = pytest.mark.parametrize("version", [4, 5])
DATA = "aGVsbG8="
THUMB = {"url": "http://x/t.jpg", "width": 10, "height": 20, "size": 3}

CONTENTS = [
    {"text": "hello"},
    {"text": ""},
    {
        "image": {
            "url": "http://x/a.jpg",
            "width": 1,
            "height": 2,
            "size": 3,
            "format": "jpg",
            "uuid": "u",
            "thumb": THUMB,
        }
    },
    {"image": {"data": DATA}},
    {"sound": {"url": "http://x/a.m4a", "seconds": 3, "size": 4, "uuid": "u"}},
    {"sound": {"data": DATA, "seconds": 3}},
    {
        "video": {
            "url": "http://x/a.mp4",
            "seconds": 3,
            "size": 4,
            "format": "mp4",
            "uuid": "u",
            "thumb": THUMB,
        }
    },
    {"file": {"url": "http://x/a.txt", "name": "a.txt", "size": 5, "uuid": "u"}},
    {"file": {"data": DATA, "name": "a.txt"}},
    {"face": {"index": 1, "data": "smile"}},
    {"location": {"desc": "here", "latitude": 31.2, "longitude": -121.5}},
    {"custom": {"data": "d", "desc": "e", "ext": "f", "sound": "g"}},
    {"merger": {"title": "t", "abstracts": ["a: b"], "messages": [{"sender": "a", "text": "b"}]}},
]
OPTIONAL = [
    {"random": 1},
    {"random": 2**53 - 1},
    {"onlineOnly": False},
    {"priority": "high"},
    {"priority": "normal"},
    {"priority": "low"},
    {"push": {"title": "t", "body": "b", "ext": "e", "sound": "s", "badge": True, "disabled": False}},
    {"cloudCustomData": "anything"},
    {"myOwn": {"deep": [1, 2.50, None]}},
    {"Text": 5},
]


@pytest.fixture
def pair(broker):
    """alice and bob, both with their feed."""
    bob = broker.user("bob").subscribe("chat/user/bob/#")
    return broker.user("alice").subscribe("chat/user/alice/#"), bob


@VERSIONS
def test_a_text_is_delivered_with_the_servers_stamp_in_front(broker, version):
    bob = broker.user("bob", version=version).subscribe("chat/user/bob/#")
    before = int(time.time() * 1000)
    broker.user("alice", version=version).send("bob", "hello")
    message = bob.content()
    assert message.topic == "chat/user/bob" and message.qos == 1
    data = message.data
    assert list(data) == ["id", "seq", "sender", "to", "time", "text"]
    assert (data["seq"], data["sender"], data["to"], data["text"]) == (1, "alice", "bob", "hello")
    assert isinstance(data["id"], int) and data["id"] > 0
    assert before - 1000 <= data["time"] <= time.time() * 1000 + 1000


def test_a_group_message_names_the_group(broker):
    bob = broker.user("bob")
    alice = broker.user("alice")
    bob.subscribe(bob.feed)
    alice.send(alice.group("Private", "g1", ["bob"]), {"text": "hello"})
    data = bob.content().data
    assert list(data) == ["id", "seq", "sender", "group", "time", "text"]
    assert (data["seq"], data["sender"], data["group"]) == (1, "alice", "g1")


def test_the_clients_own_bytes_are_carried_along_untouched(pair):
    alice, bob = pair
    bodies = [
        '{"text":"h\\u00e9llo","n":1.50,"big":12345678901234567890,"z":"\\u0000"}',
        '{ "x" : [1, 2],\n"text":"a" }',
        '  {"text":"Käse"}',
        '{"x":{"text":1,"sender":2},"text":"nested"}',
    ]
    for body in bodies:
        alice.send("bob", body.encode())
        payload = bob.content().payload
        assert payload.startswith(b'{"id":')
        assert payload.endswith(body.strip()[1:].strip().encode()), payload


def test_a_byte_order_mark_before_json_is_dropped(pair):
    alice, bob = pair
    alice.send("bob", b'\xef\xbb\xbf{"text":"hello","random":5}')
    assert bob.content().get("text") == "hello" and alice.event("sent", random=5)


def test_a_plain_text_with_a_nul_is_refused(pair):
    assert pair[0].refusal("chat/user/bob", b"a\0b")["code"] == 90002


def test_any_other_text_becomes_a_text_message(pair):
    alice, bob = pair
    texts = ["hello", "[1,2]", '"quoted"', "42", "null", 'say "hi"\\ \n\t', "Käse 🧀", "a\x01b"]
    for text in texts:
        alice.send("bob", text)
    assert [bob.content().get("text") for _ in texts] == texts


def test_every_kind_of_content_is_accepted(pair):
    alice, bob = pair
    refused = [c for c in CONTENTS if alice.publish("chat/user/bob", c) == 0x87]
    assert refused == []
    for content in CONTENTS:
        name, value = next(iter(content.items()))
        assert bob.content().get(name) == value


def test_every_optional_member_is_accepted_and_carried_along(pair):
    alice, bob = pair
    refused = [o for o in OPTIONAL if alice.publish("chat/user/bob", {"text": "x", **o}) == 0x87]
    assert refused == []
    for optional in OPTIONAL:
        name, value = next(iter(optional.items()))
        assert bob.content().get(name) == value


def test_the_longest_message_is_accepted(pair):
    alice, bob = pair
    alice.send("bob", "x" * 12288)
    assert len(bob.content().get("text")) == 12288


def test_ids_rise_over_all_conversations(broker):
    broker.create("bob", "carol")
    alice = broker.user("alice")
    topic = alice.group("Private", "g1", ["bob"])
    for _ in range(5):
        for to in ("bob", "carol", topic):
            alice.send(to, "x")
    ids = [m["id"] for m in alice.synced()]
    assert len(ids) == 15 and ids == sorted(set(ids))


def test_both_directions_share_the_sequence_of_their_conversation(broker):
    broker.create("carol")
    bob = broker.user("bob")
    alice = broker.user("alice")
    for _ in range(3):
        alice.send("bob", "x")
        bob.send("alice", "y")
        alice.send("carol", "z")
    found = [(m["to"], m["seq"]) for m in alice.synced()]
    assert [seq for to, seq in found if to != "carol"] == [1, 2, 3, 4, 5, 6]
    assert [seq for to, seq in found if to == "carol"] == [1, 2, 3]


def test_a_group_has_a_sequence_of_its_own(broker):
    bob, alice = broker.user("bob"), broker.user("alice")
    bob.subscribe(bob.feed)
    topic = alice.group("Public", "g1", ["bob"])
    for _ in range(3):
        alice.send(topic, "x")
        bob.send(topic, "y")
    bob.send(topic, "last")
    assert [m["seq"] for m in alice.synced()] == [1, 2, 3, 4, 5, 6, 7]


def test_refused_messages_leave_no_gap(pair):
    alice, bob = pair
    for _ in range(3):
        alice.send("bob", "x")
        alice.refusal("chat/user/bob", '{"text":1}')
        alice.refusal("chat/user/nobody", "x")
    assert [bob.content().get("seq") for _ in range(3)] == [1, 2, 3]


def test_time_never_goes_back(pair):
    alice, bob = pair
    alice.send_many("bob", [f"m{n}" for n in range(200)])
    times = [m.get("time") for m in bob.contents("m199")]
    assert times == sorted(times)


def test_the_sending_client_does_not_get_its_message_back(broker):
    bob, alice = broker.user("bob"), broker.user("alice")
    alice.subscribe(alice.feed)
    topic = alice.group("Private", "g1", ["bob"])
    alice.subscribe(topic)
    alice.send("bob", "private")
    alice.send(topic, "to all")
    bob.send("alice", "fence")
    assert alice.content().get("text") == "fence"
    assert alice.silent() == []


def test_the_senders_other_devices_get_what_he_sent(broker):
    broker.create("bob")
    alice, tablet = broker.user("alice"), broker.user("alice", "ipad:1")
    tablet.subscribe(tablet.feed)
    topic = alice.group("Private", "g1", ["bob"])
    alice.send("bob", "private")
    alice.send(topic, "to all")
    private, group = tablet.text("private"), tablet.text("to all")
    assert (private.topic, private.get("sender"), private.get("to")) == ("chat/user/alice", "alice", "bob")
    assert (group.topic, group.get("group")) == ("chat/user/alice/group/g1", "g1")
    assert tablet.silent() == []


def test_the_senders_device_that_was_away_gets_what_he_sent_when_it_returns(broker):
    broker.create("bob")
    tablet = broker.user("alice", "ipad:1")
    tablet.subscribe(tablet.feed)
    tablet.disconnect()
    alice = broker.user("alice")
    topic = alice.group("Private", "g1", ["bob"])
    alice.send("bob", "private")
    alice.send(topic, "to all")
    tablet.connect().subscribe(tablet.feed)
    assert (tablet.text("private").get("to"), tablet.text("to all").get("group")) == ("bob", "g1")


def test_a_device_is_not_replayed_what_it_sent_itself(broker):
    broker.create("bob")
    alice = broker.user("alice").subscribe("chat/user/alice/#")
    alice.send("bob", "mine")
    alice.disconnect()
    alice.connect().subscribe(alice.feed)
    bob = broker.user("bob")
    bob.send("alice", "fence")
    assert alice.content().get("text") == "fence"


def test_all_devices_of_the_recipient_get_a_message(broker):
    bob = [broker.user("bob", device).subscribe("chat/user/bob/#") for device in ("ios:1", "web:1", "mac:1")]
    broker.user("alice").send("bob", "hello")
    assert {device.text("hello").get("id") for device in bob} and all(device.silent() == [] for device in bob)


@pytest.mark.parametrize("published,subscribed", [(0, 0), (0, 1), (1, 0), (1, 1), (2, 1), (1, 2), (2, 0)])
def test_a_delivery_has_the_lower_qos(broker, published, subscribed):
    bob = broker.raw()
    bob.login("bob")
    bob.subscribe("chat/user/bob/#", subscribed)
    alice = broker.raw()
    alice.login("alice")
    alice.publish("chat/user/bob", b"hello", published)
    assert bob.next_message().qos == min(published, subscribed)


def test_a_qos_2_message_goes_on_when_it_arrives_and_once_however_often_it_is_sent(broker):
    bob = broker.user("bob").subscribe("chat/user/bob/#")
    alice = broker.raw()
    alice.login("alice", "alice:iot:1")
    payload = {"text": "two", "random": 99}
    for dup in (False, True, True):
        alice.start_publish("chat/user/bob", payload, 2, mid=7, dup=dup)
        alice.expect(5)  # PUBREC
    assert bob.text("two").qos == 1
    alice.start_publish("chat/user/bob", {"text": "after"}, 1)
    assert [m.get("text") for m in bob.contents("after")] == ["after"]


def test_a_stored_qos_0_message_is_found_after_a_restart(broker):
    broker.create("bob")
    alice = broker.user("alice")
    alice.publish("chat/user/bob", "hello", qos=0)
    alice.fence()
    broker.restart()
    assert [m["text"] for m in broker.user("bob").synced()] == ["hello"]


def test_pipelined_messages_keep_their_order(broker):
    bob = broker.user("bob").subscribe("chat/user/bob/#")
    alice = broker.raw()
    alice.login("alice")
    for number in range(300):
        alice.start_publish("chat/user/bob", f"m{number}")
    found = bob.contents("m299")
    assert [m.get("text") for m in found] == [f"m{n}" for n in range(300)]
    assert [m.get("seq") for m in found] == list(range(1, 301))


def test_what_is_delivered_is_what_sync_returns(pair):
    alice, bob = pair
    alice.send("bob", '{"text":"h\\u00e9","n":1.50,"custom_":{"a":[]}}')
    assert bob.synced() == [bob.content().data]


@pytest.mark.options(max_message_bytes=256)
def test_the_limit_of_length_is_an_option(broker):
    broker.create("bob")
    alice = broker.user("alice")
    alice.send("bob", "x" * 256)
    assert alice.refusal("chat/user/bob", "x" * 257)["code"] == 93000


@pytest.mark.options(user_rate=10)
def test_a_sender_has_a_burst_and_is_refused_beyond_it(broker):
    broker.create("bob")
    alice = broker.user("alice")
    mids = [alice.start_publish("chat/user/bob", f"m{n}") for n in range(100)]
    codes = [alice.wait_ack(mid) for mid in mids]
    assert 0x87 not in codes[:50] and 0x87 in codes[50:]
    assert alice.event("rejected")["code"] == 10023
    broker.user("carol").send("bob", "another sender has his own")


@pytest.mark.options(group_rate=10)
def test_a_group_has_a_rate(broker):
    broker.create("bob")
    alice = broker.user("alice")
    topic = alice.group("Private", "g1", ["bob"])
    codes = {alice.publish(topic, f"m{n}") for n in range(60)}
    assert 0x87 in codes
    assert alice.event("rejected", topic=topic)["code"] == 10023


def test_mosquitto_pub_is_enough_to_send(broker):
    bob = broker.user("bob").subscribe("chat/user/bob/#")
    subprocess.run(
        [
            "mosquitto_pub",
            "-h",
            "127.0.0.1",
            "-p",
            str(broker.mqtt.number),
            "-u",
            "alice",
            "-P",
            broker.sig("alice"),
            "-t",
            "chat/user/bob",
            "-m",
            "hello",
            "-q",
            "1",
        ],
        check=True,
        timeout=10,
    )
    assert bob.text("hello").get("sender") == "alice"


def test_mentions_are_carried_along_in_a_group(broker):
    bob, alice = broker.user("bob"), broker.user("alice")
    bob.subscribe(bob.feed)
    topic = alice.group("Private", "g1", ["bob"])
    alice.send(topic, {"text": "you", "at": ["bob"]})
    alice.send(topic, {"text": "all", "at": "@all"})
    assert (bob.text("you").get("at"), bob.text("all").get("at")) == (["bob"], "@all")


def test_only_owner_and_admins_may_mention_all(broker):
    bob, alice = broker.user("bob"), broker.user("alice")
    topic = alice.group("Public", "g1", ["bob"])
    assert bob.refusal(topic, {"text": "all", "at": "@all"})["code"] == 10007
    alice.command("setGroupMemberRole", groupID="g1", userID="bob", role="admin")
    bob.send(topic, {"text": "all", "at": "@all"})


def test_at_most_thirty_users_are_mentioned(broker):
    broker.create("bob")
    alice = broker.user("alice")
    topic = alice.group("Private", "g1", ["bob"])
    alice.send(topic, {"text": "x", "at": [f"u{n}" for n in range(30)]})
    assert (
        alice.refusal(topic, json.dumps({"text": "x", "at": [f"u{n}" for n in range(31)]}))["code"] == 10053
    )
