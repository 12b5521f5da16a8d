# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""What administrators send: sendMessage in somebody's name, broadcast and broadcastLive to everybody who is connected,
sendNotice to some."""
import json
import select

import pytest

from harness.settings import PATIENCE
from test_push import job, with_token, worker

CONTROL = "$CONTROL/chat/v1"


@pytest.fixture
def admin(broker):
    return broker.admin()


@pytest.fixture
def bob(broker):
    broker.create("alice")
    return broker.user("bob").subscribe("chat/user/bob/#")


def send(admin, **fields):
    return admin.command("sendMessage", **fields)


def send_many(admin, texts, **fields):
    """In one request: the responses."""
    listed = [{"command": "sendMessage", "text": text, **fields} for text in texts]
    admin.start_publish(CONTROL, {"commands": listed})
    found = admin.wait(lambda m: len(m.get("responses") or []) == len(listed), "no responses")
    return found.data["responses"]


def raw_send(admin, command):
    """A command as these very bytes; its response."""
    admin.start_publish(CONTROL, '{"commands":[%s]}' % command)
    return admin.wait(lambda m: m.get("responses") is not None, "no response").data["responses"][0]


def refusal(response, code, *words):
    assert response.get("code") == code, response
    assert all(word in response["error"] for word in words), response


# ---- sendMessage: what arrives


def test_a_private_message_arrives_as_from_its_sender(broker, admin, bob):
    data = send(admin, sender="alice", to="bob", text="hello")
    found = bob.text("hello")
    assert found.topic == "chat/user/bob"
    assert found.data == {"sender": "alice", "to": "bob", "text": "hello", **data}
    assert set(data) == {"id", "seq", "time"} and data["seq"] == 1


def test_a_group_message_arrives_as_from_its_sender(broker, admin, bob):
    bob.group("Public", "g1", ["alice"])
    data = send(admin, sender="alice", group="g1", text="hello")
    found = bob.text("hello")
    assert found.topic == "chat/user/bob/group/g1"
    assert found.data == {"sender": "alice", "group": "g1", "text": "hello", **data}


def test_all_devices_of_the_sender_get_it_as_from_another_device(broker, admin, bob):
    phone = broker.user("alice", "ios:1").subscribe("chat/user/alice/#")
    pad = broker.user("alice", "ipad:1").subscribe("chat/user/alice")
    bob.group("Public", "g1", ["alice"])
    send(admin, sender="alice", to="bob", text="m1")
    send(admin, sender="alice", group="g1", text="m2")
    assert [m.topic for m in phone.contents("m2")] == ["chat/user/alice", "chat/user/alice/group/g1"]
    assert pad.text("m1").topic == "chat/user/alice"


def test_an_administrator_may_send_as_himself_and_gets_it_too(broker, admin, bob):
    admin.subscribe("chat/user/admin/#")
    send(admin, sender="admin", to="bob", text="hello")
    bob.text("hello")
    admin.text("hello")


def test_it_goes_on_from_what_was_published(broker, admin, bob):
    alice = broker.user("alice", "ios:1")
    alice.send("bob", "m1")
    assert send(admin, sender="alice", to="bob", text="m2")["seq"] == 2
    alice.send("bob", "m3")
    found = bob.contents("m3")
    assert [m.get("seq") for m in found] == [1, 2, 3]
    assert [m.get("id") for m in found] == sorted(m.get("id") for m in found)


def test_who_is_away_gets_it_later_and_it_counts_as_unread(broker, admin, bob):
    bob.disconnect()
    send(admin, sender="alice", to="bob", text="hello")
    bob.connect().subscribe(bob.feed).text("hello")
    assert bob.command("getUnread")["totalUnread"] == 1
    assert [m["text"] for m in bob.synced()] == ["hello"]


def test_what_is_answered_survives_a_crash(broker, admin, bob):
    bob.disconnect()
    data = [send(admin, sender="alice", to="bob", text=f"m{n}") for n in range(20)]
    broker.restart(kill=True)
    found = bob.connect().synced()
    assert [(m["id"], m["seq"], m["text"]) for m in found] == [
        (d["id"], d["seq"], f"m{n}") for n, d in enumerate(data)
    ]


def test_it_is_pushed(broker, admin):
    broker.create("alice")
    with_token(broker, "bob")
    send(admin, sender="alice", to="bob", text="hello", push={"title": "T"})
    found = job(worker(broker))
    assert (found["title"], found["body"], found["collapse"]) == ("T", "hello", "user/alice")


def test_the_senders_own_unread_does_not_change(broker, admin, bob):
    bob.group("Public", "g1", ["alice"])
    send(admin, sender="alice", group="g1", text="hello")
    send(admin, sender="alice", to="bob", text="hello")
    assert broker.user("alice").command("getUnread")["totalUnread"] == 0


# ---- sendMessage: the message's own members


def test_the_members_are_passed_on_as_they_were_written(admin, bob):
    members = (
        '"custom" : { "data":"\\u00e4\\/", "n": 1.50 ,"big":12345678901234567890123}',
        '"x\\u0079" : [ 1,{ "sender":"}" } ]',
        '"cloudCustomData":"a\\"b"',
    )
    own = ('"command":"sendMessage"', '"s\\u0065nder": "alice"', '"to":"bob"', '"correlationData":"x"')
    mixed = (own[0], members[0], own[1], members[1], own[2], own[3], members[2])
    assert raw_send(admin, "{ " + " ,\n".join(mixed) + " }").get("code") is None
    found = bob.content()
    assert found.payload.decode().split(',"time":')[1].split(",", 1)[1] == ",".join(members) + "}"


CONTENTS = [
    {"image": {"url": "u"}},
    {"custom": {"data": "d"}, "cloudCustomData": "c"},
    {"text": "x", "priority": "high", "whatever": {"a": [None]}},
    {"text": "x", "at": ["bob"], "push": {"disabled": True}},
]


@pytest.mark.parametrize("members", CONTENTS, ids=json.dumps)
def test_every_content_may_be_sent(admin, bob, members):
    data = send(admin, sender="alice", to="bob", **members)
    assert bob.content().data == {"sender": "alice", "to": "bob", **data, **members}


@pytest.mark.parametrize(
    "members, code, word",
    [
        ({}, 90002, "content"),
        ({"text": 1}, 90002, "text"),
        ({"text": "a", "face": {}}, 90002, "face"),
        ({"image": {}}, 90002, "image"),
        ({"text": "a", "random": 0}, 90002, "random"),
        ({"text": "a", "id": 1}, 90010, "id"),
        ({"text": "a", "seq": 1}, 90010, "seq"),
        ({"text": "a", "time": 1}, 90010, "time"),
        ({"text": "a", "tips": {}}, 90010, "tips"),
        ({"text": "a", "notice": {}}, 90010, "notice"),
        ({"text": "a", "recall": {}}, 90010, "recall"),
        ({"text": "a", "recalled": True}, 90010, "recalled"),
        ({"text": "a", "edit": {}}, 90010, "edit"),
        ({"text": "a", "edited": 1}, 90010, "edited"),
        ({"text": "a" * 13000}, 93000, ""),
        ({"text": "a", "at": ["u%d" % n for n in range(31)]}, 10053, ""),
        ({"text": "a", "at": "@all"}, 10007, ""),
    ],
    ids=lambda value: json.dumps(value)[:40] if isinstance(value, dict) else None,
)
def test_a_message_that_would_be_refused_is_refused(admin, bob, members, code, word):
    refusal(admin.request("sendMessage", sender="alice", to="bob", **members), code, word)
    assert bob.silent() == [] and bob.synced() == []


@pytest.mark.parametrize(
    "fields, code, word",
    [
        ({"to": "bob"}, 10004, "sender"),
        ({"sender": "", "to": "bob"}, 10004, "sender"),
        ({"sender": "a b", "to": "bob"}, 10004, "sender"),
        ({"sender": "@system", "to": "bob"}, 10004, "sender"),
        ({"sender": "nobody", "to": "bob"}, 20003, ""),
        ({"sender": "alice"}, 10004, "to, group"),
        ({"sender": "alice", "to": "bob", "group": "g1"}, 10004, "to, group"),
        ({"sender": "alice", "to": "a b"}, 10004, "to"),
        ({"sender": "alice", "to": "nobody"}, 20003, ""),
        ({"sender": "bob", "to": "bob"}, 20003, ""),
        ({"sender": "alice", "group": "none"}, 10010, ""),
        ({"sender": "alice", "group": "a b"}, 10015, ""),
        ({"sender": "alice", "group": 1}, 10004, "group"),
    ],
)
def test_a_wrong_address_is_refused(admin, bob, fields, code, word):
    refusal(admin.request("sendMessage", text="x", **fields), code, word)
    assert bob.silent() == [] and bob.synced() == []


def test_the_same_random_is_the_same_message(broker, admin, bob):
    first = send(admin, sender="alice", to="bob", text="once", random=7)
    assert send(admin, sender="alice", to="bob", text="again", random=7) == first
    broker.user("alice", "ios:1").send("bob", {"text": "and again", "random": 7})
    broker.restart(kill=True)
    admin.connect()
    assert send(admin, sender="alice", to="bob", text="and again", random=7) == first
    assert [m["text"] for m in bob.connect().synced()] == ["once"]


def test_onlineOnly_is_not_stored(broker, admin, bob):
    bob.group("Public", "g1", ["alice"])
    for address in ({"to": "bob"}, {"group": "g1"}):
        data = send(admin, sender="alice", text="typing", onlineOnly=True, **address)
        assert set(data) == {"time"}
        found = bob.text("typing").data
        assert "id" not in found and "seq" not in found
    assert bob.synced() == []


# ---- sendMessage: who may


def test_the_sender_need_not_be_in_the_group(broker, admin, bob):
    for kind in ("Private", "Public", "ChatRoom"):
        bob.group(kind, kind)
        send(admin, sender="alice", group=kind, text=kind)
        assert bob.text(kind).get("sender") == "alice"


def test_mutes_do_not_bind_an_administrator(broker, admin, bob):
    bob.group("Public", "g1", ["alice"])
    bob.command("muteGroupMember", groupID="g1", userID="alice", seconds=60)
    bob.command("setGroupInfo", groupID="g1", allMuted=True)
    admin.command("muteUser", userID="alice", c2cSeconds=60, groupSeconds=60)
    send(admin, sender="alice", group="g1", text="m1")
    send(admin, sender="alice", to="bob", text="m2")
    assert [m.get("text") for m in bob.contents("m2")] == ["m1", "m2"]
    alice = broker.user("alice")
    assert alice.refusal("chat/user/bob", "x")["code"] == 20012


def test_an_administrator_may_name_all(broker, admin, bob):
    topic = bob.group("Public", "g1", ["alice"])
    assert topic and send(admin, sender="alice", group="g1", text="hello", at="@all")["seq"] == 1
    assert bob.text("hello").get("at") == "@all"


def test_a_dismissed_group_gets_nothing(admin, bob):
    bob.group("Public", "g1")
    bob.command("dismissGroup", groupID="g1")
    assert admin.code("sendMessage", sender="bob", group="g1", text="x") == 10010


@pytest.mark.options(user_rate=1, group_rate=3)
def test_the_rate_of_the_sender_does_not_count_the_groups_does(broker, admin, bob):
    bob.group("Public", "g1")
    private = send_many(admin, ["x"] * 20, sender="alice", to="bob")
    public = send_many(admin, ["x"] * 20, sender="alice", group="g1")
    assert [r.get("code", 0) for r in private] == [0] * 20
    assert [r.get("code", 0) for r in public] == [0] * 3 + [10023] * 17


# ---- sendMessage: live groups


def test_a_live_group_gets_it_as_from_anybody(broker, admin, bob):
    topic = bob.group("AVChatRoom", "live")
    bob.subscribe(topic)
    carol = broker.user("carol").subscribe(topic)
    data = send(admin, sender="alice", group="live", text="hello")
    assert set(data) == {"seq", "time"} and data["seq"] == 1
    for user in (bob, carol):
        found = user.text("hello")
        assert found.topic == topic
        assert found.data == {"sender": "alice", "group": "live", "text": "hello", **data}


def test_who_joins_a_live_group_later_is_given_it(broker, admin, bob):
    topic = bob.group("AVChatRoom", "live")
    send(admin, sender="alice", group="live", text="hello")
    broker.user("carol").subscribe(topic).text("hello")
    broker.user("alice", "ios:1").subscribe(topic).text("hello")


@pytest.mark.options(group_rate=4)
def test_a_busy_live_group_sheds_it_like_any_other(broker, admin, bob):
    bob.subscribe(bob.group("AVChatRoom", "live"))
    texts = [f"m{n}" for n in range(30)]
    responses = send_many(admin, texts, sender="alice", group="live", priority="low")
    send(admin, sender="alice", group="live", text="end", priority="high")
    assert ["seq" in r["data"] for r in responses] == [True] * 2 + [False] * 28
    assert [m.get("text") for m in bob.contents("end")] == ["m0", "m1", "end"]


# ---- sendMessage: order


def test_among_a_flood_of_publishes_ids_rise_for_everybody(broker, admin, bob):
    topic = bob.group("Public", "g1", ["alice"])
    alice = broker.user("alice", "ios:1").subscribe(topic)
    carol = broker.user("carol")
    mids = []
    for number in range(100):
        mids.append(carol.start_publish("chat/user/bob", f"c{number}"))
        admin.start_publish(
            CONTROL,
            {
                "commands": [
                    {"command": "sendMessage", "sender": "alice", "group": "g1", "text": f"a{number}"},
                    {"command": "sendMessage", "sender": "alice", "to": "bob", "text": f"b{number}"},
                ]
            },
        )
    assert {carol.wait_ack(mid) for mid in mids} <= {0, 0x10}
    admin.fence()
    send(admin, sender="carol", to="bob", text="end")
    found = bob.contents("end")
    ids = [m.get("id") for m in found]
    assert len(ids) == 301 and ids == sorted(set(ids))
    assert [m.get("text") for m in alice.contents("a99")] == [f"a{n}" for n in range(100)]


# ---- broadcast


def is_custom(message):
    return (message.get("notice") or {}).get("type") == "custom"


def test_everybody_who_is_connected_gets_a_notice(broker, admin, bob):
    carol = broker.user("carol").subscribe("chat/user/carol")
    admin.subscribe("chat/user/admin/#")
    assert admin.command("broadcast", text='we "close" at 8') == {}
    for user in (admin, bob, carol):
        found = user.notice("custom")
        assert found.pop("id") and found.pop("time")
        assert found == {
            "seq": 0,
            "sender": "@system",
            "to": user.name,
            "notice": {"type": "custom", "operator": "admin", "text": 'we "close" at 8'},
        }


def test_who_is_away_gets_none(broker, admin, bob):
    broker.create("carol")
    admin.command("broadcast", text="hello")
    bob.notice("custom")
    carol = broker.user("carol").subscribe("chat/user/carol/#")
    assert carol.silent(is_custom) == []


def test_all_devices_of_a_user_get_the_same_notice(broker, admin, bob):
    pad = broker.user("bob", "ipad:1").subscribe("chat/user/bob")
    phone = broker.user("bob", "ios:1")
    phone.subscribe("chat/user/bob/#").disconnect()
    admin.command("broadcast", text="hello")
    number = bob.notice("custom")["id"]
    assert pad.notice("custom")["id"] == number
    phone.connect()
    assert phone.subscribe(phone.feed).notice("custom")["id"] == number
    assert [user.silent(is_custom) for user in (bob, pad, phone)] == [[], [], []]


def test_who_was_connected_and_has_not_subscribed_finds_it_later(broker, admin):
    carol = broker.user("carol")
    admin.command("broadcast", text="hello")
    carol.subscribe("chat/user/carol/#").notice("custom")


def test_a_notice_is_not_unread_and_a_phone_in_the_background_is_pushed_to(broker, admin):
    with_token(broker, "bob")
    bob = broker.user("bob", "ios:1").subscribe("chat/user/bob/#")
    bob.command("setBackground", background=True)
    admin.command("broadcast", text="hello")
    bob.notice("custom")
    assert bob.command("getUnread")["totalUnread"] == 0
    assert job(worker(broker))["body"] == "hello"


def test_two_broadcasts_arrive_in_their_order(broker, admin, bob):
    for number in range(5):
        admin.command("broadcast", text=f"n{number}")
    assert [bob.notice("custom")["notice"]["text"] for _ in range(5)] == [f"n{n}" for n in range(5)]


def crowd(broker, count, device="iot:1"):
    """That many users, connected and subscribed."""
    clients = []
    for number in range(count):
        client = broker.raw()
        client.login(f"u{number}", f"u{number}:{device}")
        client.subscribe(f"chat/user/u{number}/#")
        clients.append(client)
    return clients


def notices(client):
    """What has come to a raw client up to now."""
    client.start_publish(CONTROL, {"commands": [{"command": "getUnread"}]})
    client.start_publish(CONTROL, {"commands": [{"command": "getUnread", "correlationData": "end"}]})
    found = client.messages_until(lambda m: b'"end"' in m.payload)
    return [m for m in found if b'"custom"' in m.payload]


def test_hundreds_are_told_each_once(broker, admin):
    """Several turns' worth; somebody leaves and somebody comes meanwhile."""
    clients = crowd(broker, 320)
    admin.command("broadcast", text="hello")
    clients[0].abort()
    late = broker.user("late").subscribe("chat/user/late/#")
    for client in clients[1:]:
        assert b'"custom"' in client.next_message().payload
    assert [len(notices(client)) for client in clients[1::40]] == [0] * 8
    assert late.silent(is_custom) == []
    back = broker.user("u0", "iot:1").subscribe("chat/user/u0/#")
    back.notice("custom")


def is_answer_with_one_notice(message):
    return b'"responses"' in message.payload and message.payload.count(b'"custom"') == 1


def test_after_a_crash_in_the_middle_everybody_is_told_once(broker, admin):
    """As soon as the first of them has his notice the broker is killed."""
    clients = crowd(broker, 320)
    first = select.poll()
    for client in clients:
        first.register(client._socket, select.POLLIN)
    admin.start_publish(CONTROL, {"commands": [{"command": "broadcast", "text": "hello"}]})
    assert first.poll(PATIENCE * 1000), "nobody was told"
    broker.kill()
    broker.restart()
    again = crowd(broker, len(clients), "iot:2")
    for client in again:
        assert b'"custom"' in client.next_message().payload
    for client in again:
        client.start_publish(CONTROL, {"commands": [{"command": "sync", "after": 0}]})
    for client in again:
        assert client.messages_until(is_answer_with_one_notice) == []


@pytest.mark.parametrize(
    "fields, code",
    [({}, 10004), ({"text": ""}, 10004), ({"text": 1}, 10004), ({"text": "x" * 13000}, 93000)],
)
def test_a_wrong_broadcast_reaches_nobody(admin, bob, fields, code):
    refusal(admin.request("broadcast", **fields), code, "text")
    admin.command("broadcast", text="right")
    assert bob.notice("custom")["notice"]["text"] == "right"
    assert bob.silent(is_custom) == []


def test_a_long_text_reaches_everybody(broker, admin):
    clients = crowd(broker, 60)
    admin.command("broadcast", text="ä" * 6000)
    for client in clients:
        assert json.loads(client.next_message(PATIENCE).payload)["notice"]["text"] == "ä" * 6000


# ---- sendNotice


def note(user, text):
    return user.wait(lambda m: (m.get("notice") or {}).get("text") == text).data


def noted(user):
    user.fence()
    return [m.data["notice"].get("text") for m in user.take_all(lambda m: m.get("notice"))]


def test_a_notice_reaches_the_users_named_once_and_nobody_else(broker, admin, bob):
    broker.create("carol")
    other = broker.user("bob", "web:2").subscribe("chat/user/bob/#")
    carol = broker.user("carol").subscribe("chat/user/carol/#")
    data = admin.command("sendNotice", userIDs=["bob", "nobody", "alice", "bob", "a b"], text='we "close"')
    assert [(u["userID"], u["result"]) for u in data["users"]] == [
        ("bob", 1), ("nobody", 0), ("alice", 1), ("bob", 2), ("a b", 0),
    ]  # fmt: skip
    found = note(bob, 'we "close"')
    assert (found["sender"], found["to"]) == ("@system", "bob")
    assert found["notice"] == {"type": "custom", "operator": "admin", "text": 'we "close"'}
    note(other, 'we "close"')
    assert noted(bob) == noted(carol) == []
    note(broker.user("alice").subscribe("chat/user/alice/#"), 'we "close"')


@pytest.mark.parametrize("kill", [False, True])
def test_a_notice_to_a_group_reaches_all_its_members_over_a_restart_too(broker, admin, kill):
    names = [f"u{n}" for n in range(120)]
    admin.command("importUsers", userIDs=names[:60])
    admin.command("importUsers", userIDs=names[60:])
    broker.create("alice", "carol")
    alice = broker.user("alice")
    alice.group("Public", "g1", names[:60])
    admin.command("inviteGroupMember", groupID="g1", members=names[60:], silent=True)
    alice.command("deleteGroupMember", groupID="g1", members=["u7"])
    assert admin.command("sendNotice", group="g1", text="moved") == {}
    broker.restart(kill=kill)
    expected = {"type": "custom", "group": "g1", "operator": "admin", "text": "moved"}
    for name in ["alice", "u0", "u59", "u119"]:
        assert note(broker.user(name).subscribe(f"chat/user/{name}/#"), "moved")["notice"] == expected
    for name in ["carol", "u7"]:
        assert "moved" not in noted(broker.user(name).subscribe(f"chat/user/{name}/#"))


def test_a_notice_to_a_live_group_is_a_tip_to_who_is_there(broker, admin, bob):
    broker.user("alice").group("AVChatRoom", "live")
    bob.subscribe("chat/group/live")
    assert admin.command("sendNotice", group="live", text="be kind") == {}
    assert bob.tip("custom")["tips"] == {"type": "custom", "operator": "admin", "text": "be kind"}
    bob.disconnect()
    bob.connect().subscribe(bob.feed, "chat/group/live")
    assert noted(bob) == [] == bob.take_all(lambda m: (m.get("tips") or {}).get("type") == "custom")


@pytest.mark.parametrize(
    "fields,code,word",
    [
        ({"text": "x"}, 10004, "userIDs"),
        ({"text": "x", "userIDs": ["bob"], "group": "g1"}, 10004, "userIDs"),
        ({"userIDs": ["bob"]}, 10004, "text"),
        ({"text": "", "userIDs": ["bob"]}, 10004, "text"),
        ({"text": 5, "userIDs": ["bob"]}, 10004, "text"),
        ({"text": "x" * 12288, "userIDs": ["bob"]}, 93000, "text"),
        ({"text": "x" * 12288, "group": "g1"}, 93000, "text"),
        ({"text": "x", "userIDs": []}, 10004, "userIDs"),
        ({"text": "x", "userIDs": "bob"}, 10004, "userIDs"),
        ({"text": "x", "userIDs": ["u"] * 101}, 10005, "userIDs"),
        ({"text": "x", "group": "none"}, 10010, ""),
        ({"text": "x", "group": "a b"}, 10015, ""),
        ({"text": "x", "group": 5}, 10004, "group"),
    ],
)
def test_a_wrong_notice_reaches_nobody(admin, bob, fields, code, word):
    bob.group("Public", "g1")
    response = admin.request("sendNotice", **fields)
    assert response.get("code") == code and word in response["error"]
    assert noted(bob) == []


# ---- broadcastLive


def live_text(user, text, group):
    return user.wait(lambda m: m.get("text") == text and m.get("group") == group).data


def test_a_message_to_all_live_groups_reaches_everybody_who_is_in_one(broker, admin, bob):
    alice = broker.user("alice").subscribe("chat/user/alice/#")
    groups = [f"l{n}" for n in range(50)]
    for name in groups:
        alice.group("AVChatRoom", name)
        alice.subscribe(f"chat/group/{name}")
    alice.group("AVChatRoom", "empty")
    alice.group("Public", "g1", ["bob"])
    bob.subscribe("chat/group/l7", "chat/group/l8")
    data = admin.command("broadcastLive", text="hello", priority="high", cloudCustomData="x")
    assert data == {"groups": 50}
    for name in groups:
        found = live_text(alice, "hello", name)
        assert (found["sender"], found["seq"], found["cloudCustomData"]) == ("admin", 1, "x")
        assert "id" not in found
    for name in ("l7", "l8"):
        live_text(bob, "hello", name)
    assert [m for m in bob.take_all(lambda m: m.get("text") == "hello")] == []
    late = broker.user("alice", "web:9").subscribe("chat/group/l3")
    assert live_text(late, "hello", "l3")["seq"] == 1


def test_live_groups_hear_of_one_message_a_second(broker, admin, bob):
    bob.group("AVChatRoom", "live")
    bob.subscribe("chat/group/live")
    assert admin.command("broadcastLive", text="one") == {"groups": 1}
    refusal(admin.request("broadcastLive", text="two"), 10023)
    live_text(bob, "one", "live")
    while (code := admin.code("broadcastLive", text="three")) != 0:
        assert code == 10023
        select.select([], [], [], 0.1)
    live_text(bob, "three", "live")
    assert bob.take_all(lambda m: m.get("text") == "two") == []


@pytest.mark.parametrize(
    "fields,code",
    [
        ({}, 90002),
        ({"text": 1}, 90002),
        ({"text": "x", "image": {"url": "u"}}, 90002),
        ({"text": "x", "tips": {}}, 90010),
        ({"text": "x" * 12300}, 93000),
    ],
)
def test_a_wrong_message_to_all_live_groups_reaches_nobody(admin, bob, fields, code):
    bob.group("AVChatRoom", "live")
    bob.subscribe("chat/group/live")
    assert admin.code("broadcastLive", **fields) == code
    assert admin.command("broadcastLive", text="right") == {"groups": 1}
    live_text(bob, "right", "live")
    assert bob.take_all(lambda m: m.get("group") == "live" and not m.get("tips")) == []


def test_without_a_live_group_nobody_hears(admin):
    assert admin.command("broadcastLive", text="hello") == {"groups": 0}
