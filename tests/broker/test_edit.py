# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""editMessage: a message gets other members, for everybody and everywhere."""
import contextlib
import json
import sqlite3
import time

import pytest

from harness.views import conversations, history, stalled_store, sync_all, texts

OLD, NEW = "correct horse battery staple", "wrong horse"
KINDS = ["Private", "Public", "ChatRoom"]


@pytest.fixture
def alice(broker):
    broker.create("bob", "carol", "admin")
    return broker.user("alice")


def send(user, to, text=OLD, **more):
    """Sends a message and returns its stamp, from the receipt."""
    random = time.monotonic_ns() % 2**52 + 1
    user.send(to, {"text": text, "random": random, **more})
    return user.event("sent", random=random)


def edit(user, sent, text=NEW, **more):
    return user.command("editMessage", id=sent["id"], text=text, **more)


def is_edit(message):
    return bool(message.get("edit"))


def edit_of(user):
    """Takes the next edit that arrives: the whole message."""
    return user.wait(is_edit, "no edit came").data


def edited_form(sent, sender="alice", **members):
    """A message as it is given after an edit, but for when that was."""
    left = ("id", "seq", "to", "group", "time")
    members = members or {"text": NEW}
    return {**{name: sent[name] for name in left if name in sent}, "sender": sender, **members}


def without_time(message):
    assert isinstance(message["edited"], int) and message["edited"] >= message["time"]
    return {name: value for name, value in message.items() if name != "edited"}


def group_of(owner, kind, *members):
    free = {} if kind == "Private" else {"addOpt": "FreeAccess", "inviteOpt": "FreeAccess"}
    return owner.group(kind, "g1", members, **free)


# ---- who


@pytest.mark.parametrize("device", ["ios:1", "web:1"])
def test_the_sender_edits_a_private_message_from_any_device(broker, alice, device):
    sent = send(alice, "bob")
    assert edit(broker.user("alice", device), sent) == {}
    for user, other in ((alice, "bob"), (broker.user("bob"), "alice")):
        assert without_time(history(user, to=other)[0]) == edited_form(sent)


@pytest.mark.parametrize("kind", KINDS)
def test_of_a_group_the_sender_and_app_admins_edit_a_message_and_nobody_else(broker, alice, kind):
    topic = group_of(alice, kind, "bob", "carol")
    bob = broker.user("bob")
    sent = send(bob, topic)
    assert alice.code("editMessage", id=sent["id"], text="mine") == 10007
    assert broker.user("carol").code("editMessage", id=sent["id"], text="mine") == 10007
    assert broker.user("dave").code("editMessage", id=sent["id"], text="mine") == 20022
    edit(bob, sent)
    assert texts(history(alice, group="g1")) == [NEW]
    edit(broker.admin(), sent, "by the admin")
    found = history(alice, group="g1")
    assert texts(found) == ["by the admin"]
    assert [m["edit"]["operator"] for m in found if "edit" in m] == ["bob", "admin"]


def test_nobody_edits_what_the_other_side_of_a_pair_has_sent(broker, alice):
    sent = send(alice, "bob")
    for user in (broker.user("bob"), broker.user("carol"), broker.admin()):
        assert user.code("editMessage", id=sent["id"], text="mine") == 20022
    assert texts(history(alice, to="bob")) == [OLD]


def test_who_has_left_or_is_muted_edits_nothing(broker, alice):
    topic = group_of(alice, "Public", "bob")
    bob = broker.user("bob")
    sent = send(bob, topic)
    alice.command("muteGroupMember", groupID="g1", userID="bob", seconds=600)
    assert bob.code("editMessage", id=sent["id"], text=NEW) == 10017
    alice.command("muteGroupMember", groupID="g1", userID="bob", seconds=0)
    bob.command("quitGroup", groupID="g1")
    assert bob.code("editMessage", group="g1", id=sent["id"], text=NEW) == 10007
    assert bob.code("editMessage", id=sent["id"], text=NEW) == 20022
    private = send(bob, "alice")
    broker.admin().command("muteUser", userID="bob", c2cSeconds=600)
    assert bob.code("editMessage", id=private["id"], text=NEW) == 20012
    assert texts(history(alice, group="g1")) == texts(history(alice, to="bob")) == [OLD]


def test_who_is_blacklisted_edits_nothing(broker, alice):
    sent = send(alice, "bob")
    broker.user("bob").command("addToBlacklist", userIDs=["alice"])
    assert alice.code("editMessage", id=sent["id"], text=NEW) == 20007


@pytest.mark.options(edit_seconds=0)
def test_with_edit_seconds_0_only_app_admins_edit(broker, alice):
    topic = group_of(alice, "Public", "bob")
    private, group = send(alice, "bob"), send(alice, topic)
    assert alice.code("editMessage", id=private["id"], text=NEW) == 20016
    assert alice.code("editMessage", id=group["id"], text=NEW) == 10031
    admin = broker.admin()
    edit(admin, group)
    edit(admin, send(admin, "bob"))


@pytest.mark.options(edit_seconds=2)
def test_a_message_is_edited_in_time_and_not_later(broker, alice):
    early, late = send(alice, "bob"), send(alice, "bob")
    edit(alice, early)
    time.sleep(2.1)
    assert alice.code("editMessage", id=late["id"], text=NEW) == 20016
    assert alice.code("editMessage", id=early["id"], text="again") == 20016


# ---- which


def test_a_message_is_named_by_its_seq_too(broker, alice):
    topic = group_of(alice, "Public", "bob")
    send(alice, "bob", "first"), send(alice, "bob", "second"), send(alice, topic, "third")
    alice.command("editMessage", to="bob", seq=2, text=NEW)
    alice.command("editMessage", group="g1", seq=1, text=NEW)
    assert texts(history(alice, to="bob")) == ["first", NEW]
    assert texts(history(alice, group="g1")) == [NEW]


def test_what_is_no_message_of_people_is_not_there(broker, alice):
    topic = group_of(alice, "Public", "bob")
    sent = send(alice, topic)
    edit(alice, sent)
    alice.command("recallMessage", id=send(alice, topic)["id"])
    others = [m["id"] for m in history(alice, group="g1") if {"tips", "edit", "recall"} & m.keys()]
    assert len(others) >= 2
    for number in [*others, others[-1] + 1000]:
        assert alice.code("editMessage", group="g1", id=number, text=NEW) == 10030
    assert alice.code("editMessage", to="bob", id=sent["id"], text=NEW) == 20022
    assert alice.code("editMessage", to="bob", seq=9, text=NEW) == 20022


def test_in_a_live_group_nothing_is_edited(alice):
    alice.command("createGroup", groupType="AVChatRoom", groupID="g1")
    assert alice.code("editMessage", group="g1", id=1, text=NEW) == 10033


def test_what_is_recalled_is_not_edited(broker, alice):
    sent = send(alice, "bob")
    alice.command("recallMessage", id=sent["id"])
    assert alice.code("editMessage", id=sent["id"], text=NEW) == 20023


WRONG = [
    ({"text": NEW}, 10004, "id"),
    ({"id": "1", "text": NEW}, 10004, "id"),
    ({"id": 0, "text": NEW}, 10004, "id"),
    ({"seq": 1, "text": NEW}, 10004, "seq"),
    ({"seq": 1, "id": 1, "to": "bob", "text": NEW}, 10004, "seq"),
    ({"seq": "1", "to": "bob", "text": NEW}, 10004, "seq"),
    ({"id": 1, "to": "bob", "group": "g1", "text": NEW}, 10004, "to"),
    ({"id": 1, "to": 5, "text": NEW}, 10004, "to"),
    ({"id": 1, "to": "nobody", "text": NEW}, 20003, ""),
    ({"id": 1, "group": "none", "text": NEW}, 10010, ""),
]


@pytest.mark.parametrize("fields, code, name", WRONG)
def test_a_message_that_is_named_wrongly_is_refused(alice, fields, code, name):
    response = alice.request("editMessage", **fields)
    assert (response["code"], name in response["error"]) == (code, True)


WRONG_MEMBERS = [
    ({}, 90002, ""),
    ({"text": 5}, 90002, "text"),
    ({"text": "a", "image": {"url": "https://x"}}, 90002, ""),
    ({"text": "a", "onlineOnly": True}, 90002, "onlineOnly"),
    ({"text": "x" * 20000}, 93000, ""),
    ({"text": "a", "at": [f"u{n}" for n in range(31)]}, 10053, ""),
    ({"text": "a", "at": "@all"}, 10007, ""),
    ({"text": "a", "sender": "bob"}, 90010, "sender"),
    ({"text": "a", "time": 1}, 90010, "time"),
    ({"text": "a", "edit": {}}, 90010, "edit"),
    ({"text": "a", "edited": 1}, 90010, "edited"),
]


@pytest.mark.parametrize("members, code, name", WRONG_MEMBERS)
def test_members_that_are_no_message_are_refused_and_nothing_changes(broker, alice, members, code, name):
    sent = send(alice, "bob")
    before = history(alice, to="bob")
    response = alice.request("editMessage", id=sent["id"], **members)
    assert (response["code"], name in response["error"]) == (code, True)
    assert history(alice, to="bob") == before


def test_a_message_is_edited_a_hundred_times_and_no_more(alice):
    sent = send(alice, "bob")
    commands = [{"command": "editMessage", "id": sent["id"], "text": str(n)} for n in range(101)]
    answers = [r for at in (0, 50, 100) for r in alice.batch(commands[at : at + 50])]
    assert [r.get("code", 0) for r in answers] == [0] * 100 + [10004]
    assert texts(history(alice, to="bob")) == ["99"]


# ---- what comes


def test_everybody_connected_gets_the_edit(broker, alice):
    bob, inbox = broker.user("bob", "ios:1"), broker.user("bob", "web:1")
    bob.subscribe(bob.feed), inbox.subscribe("chat/user/bob"), alice.subscribe(alice.feed)
    sent = send(alice, "bob")
    edit(alice, sent, at=["bob"], cloudCustomData="x")
    found = edit_of(bob)
    message = {"text": NEW, "at": ["bob"], "cloudCustomData": "x"}
    assert found["edit"] == {"id": sent["id"], "operator": "alice", "message": message}
    assert (found["sender"], found["to"], found["seq"]) == ("alice", "bob", sent["seq"])
    assert edit_of(inbox) == edit_of(alice) == found
    assert bob.silent(is_edit) == inbox.silent(is_edit) == alice.silent(is_edit) == []


@pytest.mark.parametrize("topic", ["chat/user/bob/#", "chat/user/bob"])
def test_who_was_away_gets_the_new_members_and_the_edit(broker, alice, topic):
    sent = send(alice, "bob", cloudCustomData=OLD)
    edit(alice, sent)
    bob = broker.user("bob").subscribe(topic)
    found = edit_of(bob)
    (message,) = [m for m in bob.take_all() if not is_edit(m)]
    assert without_time(message.data) == edited_form(sent) and message.data["edited"] == found["time"]
    assert OLD.encode() not in message.payload


def test_who_had_it_before_gets_only_the_edit(broker, alice):
    bob = broker.user("bob", "ios:1").subscribe("chat/user/bob/#")
    sent = send(alice, "bob")
    bob.text(OLD)
    bob.disconnect()
    edit(alice, sent)
    bob.connect().subscribe(bob.feed)
    assert edit_of(bob)["edit"]["id"] == sent["id"]
    assert bob.silent() == []


def test_the_members_are_given_byte_for_byte(broker, alice):
    sent = send(alice, "bob")
    bob = broker.user("bob").subscribe("chat/user/bob/#")
    members = '"text" : "caf\\u00e9 \\/","mine":[1.50, 2e3]'
    payload = '{"commands":[{"command":"editMessage",%s,"id":%d}]}' % (members, sent["id"])
    alice.send("$CONTROL/chat/v1", payload)
    found = bob.wait(is_edit)
    assert ('"message":{%s}}}' % members).encode() in found.payload
    assert json.loads(found.payload)["edit"]["message"]["text"] == "café /"


# ---- what is seen of it


@pytest.mark.parametrize("where", ["pair", *KINDS])
def test_every_view_has_the_stamp_and_the_new_members(broker, alice, where):
    topic = "bob" if where == "pair" else group_of(alice, where, "bob")
    place = ("bob", {"to": "bob"}) if where == "pair" else ("group:g1", {"group": "g1"})
    sent = send(alice, topic, custom_field=OLD)
    alice.send(topic, "next")
    edit(alice, sent, "first")
    edit(alice, sent)
    found = [m for m in history(alice, **place[1]) if "tips" not in m]
    assert without_time(found[0]) == edited_form(sent)
    assert [m["edit"]["message"]["text"] for m in found if "edit" in m] == ["first", NEW]
    assert found[0]["edited"] == found[-1]["time"]
    assert [m for m in sync_all(alice) if "tips" not in m] == found
    assert conversations(alice)[place[0]]["lastMessage"] == found[-1]


def test_the_last_message_of_the_list_has_the_new_members_too(broker, alice):
    sent = send(alice, "bob")
    edit(alice, sent)
    alice.command("deleteMessages", ids=[history(alice, to="bob")[-1]["id"]])
    assert without_time(conversations(alice)["bob"]["lastMessage"]) == edited_form(sent)


def test_an_edit_is_not_unread_and_has_no_seq_of_its_own(broker, alice):
    sent, bob = send(alice, "bob"), broker.user("bob")
    edit(alice, sent)
    assert bob.command("getUnread")["totalUnread"] == 1
    bob.command("markRead", to="alice")
    edit(alice, sent, "again")
    assert bob.command("getUnread")["totalUnread"] == 0
    assert [m["seq"] for m in history(bob, to="alice")] == [1, 1, 1]
    alice.send("bob", "next")
    assert (history(bob, to="alice")[-1]["seq"], bob.command("getUnread")["totalUnread"]) == (2, 1)


def test_a_message_that_does_not_count_stays_so(broker, alice):
    quiet, loud = send(alice, "bob", noUnread=True), send(alice, "bob")
    bob = broker.user("bob")
    edit(alice, quiet, at=["bob"])
    edit(alice, loud, noUnread=True)
    entry = conversations(bob)["alice"]
    assert (entry["unread"], entry["atMe"]) == (1, False)


def test_noUnread_in_an_edit_changes_nothing(broker, alice):
    sent = send(alice, "bob")
    edit(alice, sent, noUnread=True, at=["bob"])
    entry = conversations(broker.user("bob"))["alice"]
    assert (entry["unread"], entry["atMe"]) == (1, True), "it counts still, and so does whom it names"


@pytest.mark.parametrize("state", ["stored", "young"])
def test_who_is_named_follows_the_edit(broker, alice, state):
    first, second = send(alice, "bob"), send(alice, "bob", at=["bob"])
    bob = broker.user("bob")
    broker.restart()
    alice.connect(), bob.connect()

    def at_me():
        return conversations(bob)["alice"]["atMe"]

    with stalled_store(broker) if state == "young" else contextlib.nullcontext():
        assert at_me()
        edit(alice, second)
        assert not at_me()
        edit(alice, first, at=["carol", "bob"])
        assert at_me()
        edit(alice, second, at=["bob"])
        bob.command("markRead", to="alice", id=first["id"])
        assert at_me()
        edit(alice, second, "for nobody")
        assert not at_me()


def test_a_waiting_push_job_gets_the_new_body_and_an_edit_makes_none(broker, alice):
    for name in ("bob", "carol"):
        phone = broker.user(name, "ios:1")
        phone.command("setPushToken", provider="fcm", token=f"token-of-{name}")
        phone.disconnect()
    sent = send(alice, "bob")
    edit(alice, sent)
    worker = broker.admin("web:1").subscribe("chat/push")
    job = worker.wait(lambda m: m.topic == "chat/push").data
    assert (job["body"], job["badge"], job["message"]["id"]) == (NEW, 1, sent["id"])
    worker.command("pushDone", jobs=[job["job"]])
    edit(alice, sent, "again")
    alice.send("carol", "sentinel")
    worker.wait(lambda m: m.topic == "chat/push" and m.get("body") == "sentinel")
    assert [m.data for m in worker.pending(lambda m: m.topic == "chat/push")] == []


@pytest.mark.parametrize("state", ["stored", "young"])
def test_a_recall_takes_the_content_of_the_edits(broker, alice, state):
    sent = send(alice, "bob")
    other = send(alice, "bob", "other")
    edit(alice, sent, "first"), edit(alice, other, "stays")
    broker.restart()
    alice.connect()
    with stalled_store(broker) if state == "young" else contextlib.nullcontext():
        edit(alice, sent, "second")
        alice.command("recallMessage", id=sent["id"])
        found = history(alice, to="bob")
        assert found[0]["recalled"] and "text" not in found[0]
        bare = {"id": sent["id"], "operator": "alice"}
        stays = {"id": other["id"], "operator": "alice", "message": {"text": "stays"}}
        assert [m["edit"] for m in found if "edit" in m] == [bare, stays, bare]
        assert alice.code("editMessage", id=sent["id"], text=NEW) == 20023
    broker.restart(kill=True)
    assert history(alice.connect(), to="bob") == found


def test_the_words_of_the_list_are_not_edited_in(broker_factory, tmp_path):
    words = tmp_path / "words"
    words.write_text("dirt\nmud=***\n")
    broker = broker_factory(words_file=words)
    broker.create("bob")
    alice = broker.user("alice")
    sent = send(alice, "bob")
    assert alice.code("editMessage", id=sent["id"], text="some dirt") == 80001
    edit(alice, sent, "some mud")
    found = history(alice, to="bob")
    assert (found[0]["text"], found[1]["edit"]["message"]["text"]) == ("some ***", "some ***")


def test_edits_count_as_messages_in_the_rates(broker_factory):
    broker = broker_factory(user_rate=2)
    broker.create("bob")
    alice = broker.user("alice")
    sent = send(alice, "bob")
    answers = alice.batch([{"command": "editMessage", "id": sent["id"], "text": "x"}] * 20)
    assert 10023 in [r.get("code") for r in answers]


# ---- how it lasts


@pytest.mark.parametrize("kill", [False, True], ids=["restart", "kill"])
def test_an_edit_outlasts_the_broker(broker, alice, kill):
    sent = send(alice, "bob")
    edit(alice, sent)
    before = history(alice, to="bob")
    broker.restart(kill=kill)
    assert history(alice.connect(), to="bob") == before and texts(before) == [NEW]
    edit(alice, sent, "again")
    assert texts(history(alice, to="bob")) == ["again"]


@pytest.mark.parametrize("stored", [False, True], ids=["young", "stored"])
def test_an_edit_is_seen_while_the_store_cannot_write_and_after_a_kill(broker, alice, stored):
    """The message itself is in the database, or it is not there yet either."""
    bob = broker.user("bob")
    sent = send(alice, "bob") if stored else None
    if stored:
        broker.restart()
        alice.connect(), bob.connect()
    with stalled_store(broker):
        sent = sent or send(alice, "bob")
        edit(alice, sent, "first")
        edit(alice, sent)
        left = history(bob, to="alice")
        assert sync_all(bob) == left and without_time(left[0]) == edited_form(sent)
        fresh = broker.user("bob", "web:1").subscribe("chat/user/bob/#")
        assert [edit_of(fresh)["edit"]["id"], fresh.wait(lambda m: m.get("edited")).data] == [sent["id"], left[0]]
        broker.kill()
    broker.start()
    assert history(bob.connect(), to="alice") == left


def test_an_edit_reaches_a_replay_that_has_begun(broker, alice):
    """The replay is paced: what is far behind in it is edited before it comes there."""
    alice.send_many("bob", [f"m{n}" for n in range(900)])
    sent = send(alice, "bob")
    bob = broker.user("bob").subscribe("chat/user/bob/#")
    edit(alice, sent)
    assert edit_of(bob)["edit"]["id"] == sent["id"]
    assert OLD not in [m.get("text") for m in bob.take_all()]


def test_nothing_of_an_edited_message_is_left_in_the_database(broker, alice):
    sent = send(alice, "bob")
    edit(alice, sent)
    broker.stop()
    with contextlib.closing(sqlite3.connect(broker.database)) as database:
        bodies = [row[0] for row in database.execute("SELECT body FROM message ORDER BY id")]
    assert len(bodies) == 2 and not [body for body in bodies if OLD in body]
