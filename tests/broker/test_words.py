# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""words_file: what nobody gets to read, whoever writes it and wherever."""
import json
import random

import pytest

from harness.user import ChatError
from harness.views import history

LIST = "# a list\nbad\ndirt=***\n坏人=**\n\nlong={}\n".format("x" * 60)


@pytest.fixture
def broker(broker_factory):
    made = broker_factory(start=False)
    write(made, LIST)
    made.start()
    made.create("bob", "carol", "admin")
    return made


@pytest.fixture
def alice(broker):
    return broker.user("alice")


def write(broker, text):
    file = broker.folder / "words.txt"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    broker.options["words_file"] = file


def reload(broker, wanted):
    """SIGHUP; returns when the log has said what became of the list."""
    start = len(broker.process.lines)
    broker.reload()
    broker.await_log(wanted, start=start)


def code(user, topic, payload):
    topic = topic if "/" in topic else f"chat/user/{topic}"
    return user.refusal(topic, payload)["code"]


# ---- messages


def test_a_word_that_is_not_allowed_refuses_the_message(broker, alice):
    ear = broker.user("bob").subscribe("chat/user/bob/#")
    rejected = alice.refusal("chat/user/bob", {"text": "so BAD", "random": 5})
    assert (rejected["code"], rejected["random"]) == (80001, 5)
    assert "text" in rejected["error"] and "BAD" not in rejected["error"]
    assert code(alice, "bob", "simply bad") == 80001
    alice.send("bob", "fine")
    assert ear.content().data["text"] == "fine"
    assert [m["seq"] for m in history(alice, to="bob")] == [1]


def test_a_word_is_replaced_for_everybody_and_every_other_byte_stays(broker, alice):
    bob = broker.user("bob").subscribe("chat/user/bob/#")
    pad = broker.user("alice", "ipad:1").subscribe("chat/user/alice/#")
    raw = '{ "mine" : [ 1e2, "dirt\\/" ], "text":"some \\u0064irt, 大坏人", "random" : 7 }'
    alice.send("bob", raw)
    expected = ' "mine" : [ 1e2, "dirt\\/" ], "text":"some ***, 大**", "random" : 7 }'.encode()
    for listener in (bob, pad):
        assert listener.content().payload.endswith(b"," + expected)
    assert alice.event("sent", random=7)["seq"] == 1
    assert [m["text"] for m in history(bob, to="alice")] == ["some ***, 大**"]
    alice.send("bob", raw)  # the same message, whatever its text has become
    assert len(history(bob, to="alice")) == 1


PLACES = [
    {"text": "@"},
    {"custom": {"data": "x", "desc": "@"}},
    {"merger": {"title": "@", "abstracts": []}},
    {"merger": {"title": "x", "abstracts": ["y", "@"]}},
    {"file": {"url": "u", "name": "@"}},
    {"location": {"desc": "@", "latitude": 1, "longitude": 2}},
    {"elements": [{"text": "x"}, {"text": "@"}]},
    {"elements": [{"file": {"url": "u", "name": "@"}}, {"text": "x"}]},
    {"text": "x", "push": {"title": "@"}},
    {"text": "x", "push": {"body": "@"}},
]


@pytest.mark.parametrize("form", PLACES, ids=[json.dumps(form) for form in PLACES])
def test_each_text_of_a_message_is_looked_at(broker, alice, form):
    def filled(text):
        return json.loads(json.dumps(form).replace("@", text))

    bob = broker.user("bob").subscribe("chat/user/bob/#")
    assert code(alice, "bob", filled("it is bad")) == 80001
    alice.send("bob", filled("dirt"))
    got = bob.content().data
    assert {name: got[name] for name in form} == filled("***")


def test_what_is_no_text_is_not_looked_at(broker, alice):
    bob = broker.user("bob").subscribe("chat/user/bob/#")
    forms = [
        {"custom": {"data": "bad dirt", "ext": "bad"}},
        {"text": "x", "cloudCustomData": "bad", "more": {"text": "dirt"}},
        {"image": {"url": "https://bad"}},
        {"merger": {"title": "x", "messages": [{"text": "bad"}]}},
    ]
    for form in forms:
        alice.send("bob", form)
        got = bob.content().data
        assert {name: got[name] for name in form} == form


@pytest.mark.parametrize("kind", ["Public", "AVChatRoom"])
def test_groups_and_messages_that_are_not_stored_are_filtered_too(broker, alice, kind):
    topic = alice.group(kind, "g1", ["bob"] if kind == "Public" else [])
    bob = broker.user("bob").subscribe(topic)
    for more in ({}, {"onlineOnly": True}):
        assert code(alice, topic, {"text": "bad", **more}) == 80001
        alice.send(topic, {"text": "dirt", **more})
        assert bob.content().data["text"] == "***"


def test_qos_2_is_filtered_too(broker, alice):
    bob = broker.user("bob").subscribe("chat/user/bob/#", qos=2)
    alice.publish("chat/user/bob", {"text": "bad"}, qos=2)
    assert alice.event("rejected")["code"] == 80001
    alice.send("bob", {"text": "dirt"}, qos=2)
    assert bob.content().data["text"] == "***"


def test_a_push_says_what_was_left(broker, alice):
    phone = broker.user("bob", "ios:1")
    phone.command("setPushToken", provider="fcm", token="t")
    phone.disconnect()
    worker = broker.admin("web:1").subscribe("chat/push")
    alice.send("bob", {"text": "dirt", "push": {"title": "dirty"}})
    job = worker.wait(lambda m: m.topic == "chat/push", "no job").data
    assert (job["title"], job["body"]) == ("***y", "***")


def test_what_becomes_too_long_is_refused(broker, alice):
    alice.send("bob", "long" * 100)
    assert code(alice, "bob", "long" * 3000) == 80001


def test_other_reasons_come_first(broker, alice):
    assert code(alice, "nobody", "bad") == 20003
    assert code(alice, "chat/group/none", "bad") == 10010
    assert code(alice, "bob", {"text": "bad", "id": 1}) == 90010


def test_administrators_are_not_filtered(broker, alice):
    bob = broker.user("bob").subscribe("chat/user/bob/#")
    admin = broker.admin()
    admin.send("bob", "bad dirt")
    admin.command("sendMessage", sender="alice", to="bob", text="bad dirt too")
    admin.command("setSelfInfo", nickname="bad")
    assert [bob.content().data["text"] for _ in range(2)] == ["bad dirt", "bad dirt too"]
    assert bob.command("getUsersInfo", userIDs=["admin"])["users"][0]["nickname"] == "bad"


# ---- what commands write


def test_a_nickname(broker, alice):
    with pytest.raises(ChatError, match="80001: nickname"):
        alice.command("setSelfInfo", nickname="Bad alice", faceURL="x")
    alice.command("setSelfInfo", nickname="dirt alice", selfSignature="bad dirt")
    (found,) = alice.command("getUsersInfo", userIDs=["alice"])["users"]
    assert (found["nickname"], found["selfSignature"], found["faceURL"]) == ("*** alice", "bad dirt", "")


TEXTS = ("groupName", "introduction", "notification")


@pytest.mark.parametrize("field", TEXTS)
def test_the_texts_of_a_group(broker, alice, field):
    assert alice.code("createGroup", groupType="Public", groupID="g0", **{field: "bad"}) == 80001
    assert alice.code("getGroupInfo", groupID="g0") == 10010
    alice.command("createGroup", groupType="Public", groupID="g1", **{field: "a dirt"})
    assert alice.command("getGroupInfo", groupID="g1")[field] == "a ***"
    assert alice.code("setGroupInfo", groupID="g1", **{field: "worse, bad"}) == 80001
    alice.subscribe("chat/user/alice/#")
    alice.command("setGroupInfo", groupID="g1", **{field: "b dirt"})
    assert alice.tip("info")["tips"]["info"] == {field: "b ***"}
    assert alice.command("getGroupInfo", groupID="g1")[field] == "b ***"


def test_a_name_card(broker, alice):
    alice.group("Public", "g1", ["bob"])
    bob = broker.user("bob")
    assert bob.code("setGroupMemberInfo", groupID="g1", nameCard="bad bob") == 80001
    bob.command("setGroupMemberInfo", groupID="g1", nameCard="dirt bob")
    members = alice.command("getGroupMembers", groupID="g1")["members"]
    assert {m["userID"]: m["nameCard"] for m in members}["bob"] == "*** bob"


def test_a_text_that_becomes_too_long_or_nothing_is_refused(broker, alice):
    assert alice.code("createGroup", groupType="Public", groupID="g1", groupName="long") == 80001
    write(broker, "gone=\n")
    reload(broker, "words_file: 1 words")
    assert alice.code("setSelfInfo", nickname="gone") == 80001
    alice.command("setSelfInfo", nickname="gone x")


def test_who_may_not_is_told_so_whatever_is_written(broker, alice):
    alice.group("Private", "g1")
    assert broker.user("bob").code("setGroupInfo", groupID="g1", groupName="bad") == 10007


# ---- the list


def test_a_new_list_is_in_force_after_SIGHUP(broker, alice):
    write(broker, "good\n")
    alice.send("bob", "good")
    reload(broker, "words_file: 1 words")
    assert code(alice, "bob", "good") == 80001
    alice.send("bob", "bad")


@pytest.mark.parametrize(
    "text,why",
    [
        (b"good\n=x\n", "line 2: the word before = is missing"),
        (b"good\n\n\xff\n", "line 3: it is not a text in UTF-8"),
        (None, "No such file or directory"),
    ],
)
def test_a_list_that_cannot_be_read_changes_nothing_and_is_said_once(broker, alice, text, why):
    start = len(broker.process.lines)
    if text is None:
        broker.options["words_file"].unlink()
    else:
        write(broker, text)
    reload(broker, "words_file is not applied, the old list stays: .*" + why)
    assert len(broker.process.find("words_file", start)) == 1
    assert code(alice, "bob", "bad") == 80001
    alice.send("bob", "good")


@pytest.mark.parametrize("text,why", [(b"a\n=b\n", "line 2: "), (None, "No such file"), ("folder", "regular")])
def test_a_list_that_cannot_be_read_stops_the_start(broker_factory, text, why):
    broker = broker_factory(start=False)
    if text == "folder":
        broker.options["words_file"] = broker.folder
    elif text is None:
        broker.options["words_file"] = broker.folder / "nothing"
    else:
        write(broker, text)
    (line,) = [line for line in broker.start_refused() if "words_file" in line]
    assert why in line


def test_a_large_list_is_read_beside_what_goes_on(broker, alice):
    """And a second SIGHUP meanwhile is not forgotten; nor does a stop wait for long."""
    chars = random.Random(1)
    words = {"".join(chr(chars.randrange(0x4E00, 0x4E00 + 3000)) for _ in range(4)) for _ in range(100000)}
    last = words.pop()
    write(broker, "\n".join(words))
    start = len(broker.process.lines)
    broker.reload()
    for n in range(50):
        alice.send("bob", f"m{n}")
    broker.await_log(rf"words_file: {len(words)} words", start=start)
    write(broker, "\n".join([*words, last]))
    reload(broker, rf"words_file: {len(words) + 1} words")
    assert code(alice, "bob", f"是{last}吗") == 80001
    broker.reload()
    assert broker.stop() == 0
