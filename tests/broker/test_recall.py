# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""recallMessage: a message loses its content, for everybody and everywhere."""
import contextlib
import sqlite3
import time

import pytest

from harness.settings import PATIENCE
from harness.views import conversations, history, stalled_store, sync_all, texts

SECRET = "correct horse battery staple"


@pytest.fixture
def alice(broker):
    broker.create("bob", "carol", "admin")
    return broker.user("alice")


def is_recall(message):
    return bool(message.get("recall"))


def recall_of(user):
    """Takes the next recall that arrives: the whole message."""
    return user.wait(is_recall, "no recall came").data


def send(user, to, text=SECRET, **more):
    """Sends a message and returns its stamp, from the receipt."""
    random = time.monotonic_ns() % 2**52 + 1
    user.send(to, {"text": text, "random": random, **more})
    return user.event("sent", random=random)


def recalled_form(message):
    """What is left of a message."""
    left = ("id", "seq", "sender", "to", "group", "time")
    return {**{name: message[name] for name in left if name in message}, "recalled": True}


def group_of(owner, kind, *members):
    free = {} if kind == "Private" else {"addOpt": "FreeAccess", "inviteOpt": "FreeAccess"}
    return owner.group(kind, "g1", members, **free)


# ---- who


def test_the_sender_recalls_a_private_message(broker, alice):
    sent = send(alice, "bob")
    assert alice.command("recallMessage", id=sent["id"]) == {}
    assert history(alice, to="bob")[0]["recalled"] is True


def test_the_sender_recalls_from_another_device(broker, alice):
    sent = send(alice, "bob")
    broker.user("alice", "web:1").command("recallMessage", id=sent["id"])
    assert texts(history(alice, to="bob")) == []


@pytest.mark.parametrize("kind", ["Private", "Public", "ChatRoom"])
def test_the_sender_recalls_a_group_message_whatever_his_role(broker, alice, kind):
    topic = group_of(alice, kind, "bob")
    bob = broker.user("bob")
    sent = send(bob, topic)
    bob.command("recallMessage", id=sent["id"])
    assert texts(history(alice, group="g1")) == []


def test_nobody_recalls_what_the_other_side_of_a_pair_has_sent(broker, alice):
    sent = send(alice, "bob")
    for user in (broker.user("bob"), broker.user("carol"), broker.admin()):
        assert user.code("recallMessage", id=sent["id"]) == 20022
    assert texts(history(alice, to="bob")) == [SECRET]


MAY_RECALL_OTHERS = [
    ("Private", "owner", 0),
    ("Private", "member", 10007),
    ("Private", "app admin", 0),
    ("Private", "outsider", 20022),
    ("Public", "owner", 0),
    ("Public", "admin", 0),
    ("Public", "member", 10007),
    ("Public", "app admin", 0),
    ("Public", "outsider", 20022),
    ("ChatRoom", "owner", 0),
    ("ChatRoom", "admin", 0),
    ("ChatRoom", "member", 10007),
    ("ChatRoom", "app admin", 0),
]


@pytest.mark.parametrize("kind,role,code", MAY_RECALL_OTHERS)
def test_who_recalls_others_messages_in_a_group(broker, alice, kind, role, code):
    members = ["bob"] + (["carol"] if role in ("admin", "member") else [])
    topic = group_of(alice, kind, *members)
    if role == "admin":
        alice.command("setGroupMemberRole", groupID="g1", userID="carol", role="admin")
    sent = send(broker.user("bob"), topic)
    caller = {"owner": lambda: alice, "app admin": broker.admin}.get(role, lambda: broker.user("carol"))()
    assert caller.code("recallMessage", id=sent["id"]) == code
    assert texts(history(alice, group="g1")) == ([] if code == 0 else [SECRET])


def test_who_has_left_recalls_nothing(broker, alice):
    topic = group_of(alice, "Public", "bob")
    bob = broker.user("bob")
    sent = send(bob, topic)
    bob.command("quitGroup", groupID="g1")
    assert bob.code("recallMessage", id=sent["id"]) == 20022
    assert bob.code("recallMessage", group="g1", id=sent["id"]) == 10007
    assert texts(history(alice, group="g1")) == [SECRET]


def test_a_muted_member_recalls_his_message(broker, alice):
    topic = group_of(alice, "Public", "bob")
    bob = broker.user("bob")
    sent = send(bob, topic)
    alice.command("muteGroupMember", groupID="g1", userID="bob", seconds=100)
    assert bob.code("recallMessage", id=sent["id"]) == 0


@pytest.mark.parametrize("kind,code", [("Private", 10030), ("ChatRoom", 0)])
def test_an_owner_recalls_what_was_said_before_he_joined_where_he_can_see_it(broker, alice, kind, code):
    topic = group_of(alice, kind, "bob")
    sent = send(broker.user("bob"), topic)
    alice.command("inviteGroupMember", groupID="g1", members=["carol"])
    alice.command("transferGroupOwner", groupID="g1", userID="carol")
    assert broker.user("carol").code("recallMessage", group="g1", id=sent["id"]) == code


# ---- what not


def test_an_id_that_is_not_there_is_not_found(broker, alice):
    alice.group("Private", "g1")
    for unknown in (1, 10**12, 2**53 - 1):
        assert alice.code("recallMessage", id=unknown) == 20022
        assert alice.code("recallMessage", to="bob", id=unknown) == 20022
        assert alice.code("recallMessage", group="g1", id=unknown) == 10030


def test_a_message_is_not_found_in_another_conversation_than_it_is_in(broker, alice):
    alice.group("Private", "g1")
    private, group = send(alice, "bob"), send(alice, "chat/group/g1")
    assert alice.code("recallMessage", group="g1", id=private["id"]) == 10030
    assert alice.code("recallMessage", to="bob", id=group["id"]) == 20022
    assert alice.code("recallMessage", to="carol", id=private["id"]) == 20022
    assert alice.code("recallMessage", to="@system", id=private["id"]) == 20022
    assert texts(sync_all(alice)) == [SECRET, SECRET]
    assert alice.code("recallMessage", to="bob", id=private["id"]) == 0
    assert alice.code("recallMessage", group="g1", id=group["id"]) == 0


def test_what_others_say_to_each_other_looks_like_what_is_not_there(broker, alice):
    topic = alice.group("Private", "g1")
    ids = [send(alice, "bob")["id"], send(alice, topic)["id"], history(alice, group="g1")[0]["id"]]
    carol = broker.user("carol")
    answers = []
    for number in [*ids, 10**12]:
        answer = carol.request("recallMessage", id=number)
        answer.pop("correlationData")
        answers.append(answer)
    assert all(answer == answers[-1] for answer in answers), answers


def test_tips_notices_and_recalls_are_not_recalled(broker, alice):
    alice.group("Public", "g1", ["bob"])
    bob = broker.user("bob")
    for message in [*history(alice, group="g1"), *history(bob, group="g1")]:
        assert alice.code("recallMessage", group="g1", id=message["id"]) == 10030
    (notice,) = history(bob, to="@system")
    assert bob.code("recallMessage", id=notice["id"]) == 20022
    sent = send(alice, "bob")
    alice.command("recallMessage", id=sent["id"])
    recall = history(alice, to="bob")[-1]
    assert "recall" in recall and alice.code("recallMessage", id=recall["id"]) == 20022


def test_nothing_is_recalled_twice(broker, alice):
    topic = alice.group("Public", "g1")
    for sent in (send(alice, "bob"), send(alice, topic)):
        assert alice.code("recallMessage", id=sent["id"]) == 0
        assert alice.code("recallMessage", id=sent["id"]) == 20023
    assert len(sync_all(alice)) == len({m["id"] for m in sync_all(alice)})
    assert sum("recall" in m for m in sync_all(alice)) == 2


def test_who_may_not_recall_does_not_learn_that_it_was_done_before(broker, alice):
    topic = alice.group("Public", "g1", ["bob"])
    private, group = send(alice, "bob"), send(alice, topic)
    bob = broker.user("bob")
    for sent, code in ((private, 20022), (group, 10007)):
        alice.command("recallMessage", id=sent["id"])
        assert bob.code("recallMessage", id=sent["id"]) == code


@pytest.mark.parametrize("fields", [{"group": "live"}, {"group": "live", "id": 5}])
def test_nothing_is_recalled_in_a_live_group(broker, alice, fields):
    alice.send(alice.group("AVChatRoom", "live"), SECRET)
    assert alice.code("recallMessage", **fields) == 10033


def test_what_was_said_in_a_group_that_was_dismissed_is_not_found(broker, alice):
    sent = send(alice, alice.group("Public", "g1"))
    alice.command("dismissGroup", groupID="g1")
    assert alice.code("recallMessage", id=sent["id"]) == 20022
    assert alice.code("recallMessage", group="g1", id=sent["id"]) == 10010


@pytest.mark.parametrize(
    "fields,name",
    [
        ({}, "id"),
        *(({"id": value}, "id") for value in (0, -1, 2**53, 1.5, "5", None, [5], True)),
        ({"id": 5, "reason": "x" * 257}, "reason"),
        ({"id": 5, "reason": 5}, "reason"),
        ({"id": 5, "to": "bob", "group": "g1"}, "to, group"),
    ],
)
def test_a_wrong_field_is_named(alice, fields, name):
    response = alice.request("recallMessage", **fields)
    assert response.get("code") == 10004 and name in response["error"]


# ---- when


@pytest.mark.options(recall_seconds=0)
def test_with_recall_seconds_0_only_app_admins_recall_and_only_in_groups(broker, alice):
    topic = alice.group("Public", "g1")
    private, group = send(alice, "bob"), send(alice, topic)
    assert alice.code("recallMessage", id=private["id"]) == 20016
    assert alice.code("recallMessage", id=group["id"]) == 10031
    admin = broker.admin()
    assert admin.code("recallMessage", id=private["id"]) == 20022
    assert admin.code("recallMessage", id=group["id"]) == 0


@pytest.mark.options(recall_seconds=0)
def test_with_recall_seconds_0_the_very_millisecond_is_too_late(broker, alice):
    sent = send(alice, "bob")
    with broker.one_turn():
        alice.start_publish("chat/user/bob", "x")
        alice.start_publish(
            "$CONTROL/chat/v1", {"commands": [{"command": "recallMessage", "id": sent["id"] + 1}]}
        )
    assert alice.wait(lambda m: m.get("responses")).data["responses"][0]["code"] == 20016


@pytest.mark.options(recall_seconds=2)
def test_a_message_is_recalled_in_time_and_not_later(broker, alice):
    topic = alice.group("Public", "g1", ["bob"])
    early, late, group = send(alice, "bob"), send(alice, "bob"), send(broker.user("bob"), topic)
    assert alice.code("recallMessage", id=early["id"]) == 0
    time.sleep(max(0, late["time"] / 1000 + 2.1 - time.time()))  # it is the passing of time that is tested
    assert alice.code("recallMessage", id=late["id"]) == 20016
    assert alice.code("recallMessage", id=group["id"]) == 10031
    assert alice.code("recallMessage", id=early["id"]) == 20023
    assert texts(history(alice, to="bob")) == texts(history(alice, group="g1")) == [SECRET]


# ---- who learns of it


def test_everybody_connected_gets_the_recall(broker, alice):
    alice.subscribe(alice.feed)
    bob, inbox, silent = broker.user("bob"), broker.user("bob", "web:1"), broker.user("bob", "web:2")
    bob.subscribe(bob.feed), inbox.subscribe(inbox.inbox)
    sent = send(alice, "bob")
    alice.command("recallMessage", id=sent["id"], reason="wrong window")
    found = recall_of(bob)
    assert found["recall"] == {"id": sent["id"], "operator": "alice", "reason": "wrong window"}
    assert (found["sender"], found["to"], found["seq"]) == ("alice", "bob", sent["seq"])
    assert found["id"] > sent["id"] and found["time"] >= sent["time"]
    assert recall_of(inbox) == recall_of(alice) == found
    assert silent.silent(is_recall) == []
    assert bob.silent(is_recall) == inbox.silent(is_recall) == alice.silent(is_recall) == []


def test_a_recall_in_a_group_goes_to_its_members_and_says_who_did_it(broker, alice):
    topic = alice.group("Public", "g1", ["bob"])
    bob, carol = broker.user("bob"), broker.user("carol")
    bob.subscribe(topic), carol.subscribe(carol.feed)
    sent = send(bob, topic)
    alice.command("recallMessage", id=sent["id"])
    found = recall_of(bob)
    assert found["recall"] == {"id": sent["id"], "operator": "alice"}
    assert (found["sender"], found["group"], found["seq"]) == ("alice", "g1", 1)
    assert carol.silent(is_recall) == []


def test_the_next_message_takes_the_next_seq(broker, alice):
    bob = broker.user("bob").subscribe("chat/user/bob")
    sent = send(alice, "bob")
    alice.command("recallMessage", id=sent["id"])
    alice.send("bob", "next")
    assert bob.text("next").get("seq") == 2
    assert [m["seq"] for m in history(bob, to="alice")] == [1, 1, 2]


@pytest.mark.parametrize("topic", ["chat/user/bob/#", "chat/user/bob"])
def test_who_was_away_gets_the_message_without_its_content_and_the_recall(broker, alice, topic):
    sent = send(alice, "bob", cloudCustomData=SECRET, at=["bob"])
    alice.command("recallMessage", id=sent["id"])
    bob = broker.user("bob").subscribe(topic)
    found = recall_of(bob)
    (message,) = bob.take_all()
    assert message.data == recalled_form({**sent, "sender": "alice"})
    assert found["recall"]["id"] == sent["id"] and SECRET.encode() not in message.payload


def test_who_had_it_before_gets_only_the_recall(broker, alice):
    bob = broker.user("bob", "ios:1").subscribe("chat/user/bob/#")
    sent = send(alice, "bob")
    bob.text(SECRET)
    bob.disconnect()
    alice.command("recallMessage", id=sent["id"])
    bob.connect().subscribe(bob.feed)
    assert recall_of(bob)["recall"]["id"] == sent["id"]
    assert bob.silent() == []


def test_a_kept_session_gets_the_recall_when_it_returns(broker, alice):
    bob = broker.user("bob", "ios:1", clean=False).subscribe("chat/user/bob/#")
    bob.disconnect()
    sent = send(alice, "bob")
    alice.command("recallMessage", id=sent["id"])
    bob.connect()
    recall_of(bob)
    assert [m.data for m in bob.take_all()] == [recalled_form({**sent, "sender": "alice"})]


# ---- what is seen of it


@pytest.mark.parametrize("where", ["pair", "Private", "Public", "ChatRoom"])
def test_every_view_has_the_stamp_and_nothing_else(broker, alice, where):
    topic = "bob" if where == "pair" else group_of(alice, where, "bob")
    place = ("bob", {"to": "bob"}) if where == "pair" else ("group:g1", {"group": "g1"})
    sent = send(alice, topic, custom_field=SECRET)
    alice.send(topic, "next")
    expected = recalled_form({**sent, "sender": "alice"})
    alice.command("recallMessage", id=sent["id"])
    found = [m for m in history(alice, **place[1]) if "tips" not in m]
    assert found[0] == expected and texts(found[1:]) == ["next"] and "recall" in found[2]
    assert [m for m in sync_all(alice) if "tips" not in m] == found
    assert conversations(alice)[place[0]]["lastMessage"] == found[-1]


def test_the_last_message_of_the_list_loses_its_content_too(broker, alice):
    """The conversation's last message is the recall; without it, what it recalled."""
    sent = send(alice, "bob")
    alice.command("recallMessage", id=sent["id"])
    recall = history(alice, to="bob")[-1]
    alice.command("deleteMessages", ids=[recall["id"]])
    assert conversations(alice)["bob"]["lastMessage"] == recalled_form({**sent, "sender": "alice"})


def test_a_recalled_message_is_not_unread(broker, alice):
    first, _ = send(alice, "bob"), send(alice, "bob")
    bob = broker.user("bob")
    assert bob.command("getUnread")["totalUnread"] == 2
    alice.command("recallMessage", id=first["id"])
    assert bob.command("getUnread")["totalUnread"] == 1
    assert conversations(bob)["alice"]["unread"] == 1


def test_the_random_of_a_recalled_message_is_still_remembered(broker, alice):
    alice.send("bob", {"text": SECRET, "random": 77})
    sent = alice.event("sent", random=77)
    alice.command("recallMessage", id=sent["id"])
    alice.send("bob", {"text": SECRET, "random": 77})
    assert alice.event("sent", random=77) == sent
    assert texts(history(alice, to="bob")) == []


def test_a_push_job_of_a_recalled_message_is_dropped_and_a_recall_makes_none(broker, alice):
    for name in ("bob", "carol"):
        phone = broker.user(name, "ios:1")
        phone.command("setPushToken", provider="fcm", token=f"token-of-{name}")
        phone.disconnect()
    sent = send(alice, "bob")
    alice.command("recallMessage", id=sent["id"])
    alice.send("carol", "sentinel")
    worker = broker.admin("web:1").subscribe("chat/push")
    worker.wait(lambda m: m.topic == "chat/push" and m.get("body") == "sentinel")
    assert [m.data for m in worker.pending(lambda m: m.topic == "chat/push")] == []


def test_a_push_job_goes_on_for_what_was_not_recalled(broker, alice):
    phone = broker.user("bob", "ios:1")
    phone.command("setPushToken", provider="apns", token="aa")
    phone.disconnect()
    alice.send("bob", "kept")
    sent = send(alice, "bob")
    alice.command("recallMessage", id=sent["id"])
    worker = broker.admin("web:1").subscribe("chat/push")
    job = worker.wait(lambda m: m.topic == "chat/push").data
    assert (job["body"], job["badge"]) == ("kept", 1)


# ---- how it lasts


@pytest.mark.parametrize("kill", [False, True], ids=["restart", "kill"])
def test_a_recall_outlasts_the_broker(broker, alice, kill):
    sent = send(alice, "bob")
    alice.command("recallMessage", id=sent["id"])
    before = history(alice, to="bob")
    broker.restart(kill=kill)
    alice.connect()
    assert history(alice, to="bob") == before and texts(before) == [] and len(before) == 2
    assert alice.code("recallMessage", id=sent["id"]) == 20023
    assert broker.user("bob").command("getUnread")["totalUnread"] == 0


def test_a_recall_of_what_was_stored_in_an_earlier_life(broker, alice):
    sent = send(alice, "bob")
    broker.restart()
    alice.connect().command("recallMessage", id=sent["id"])
    assert texts(history(alice, to="bob")) == []
    broker.restart(kill=True)
    assert texts(history(alice.connect(), to="bob")) == []


@pytest.mark.parametrize("stored", [False, True], ids=["young", "stored"])
def test_a_recall_is_seen_while_the_store_cannot_write_and_after_a_kill(broker, alice, stored):
    """The message itself is in the database, or it is not there yet either."""
    bob = broker.user("bob")
    sent = send(alice, "bob") if stored else None
    if stored:
        broker.restart()
        alice.connect(), bob.connect()
    with stalled_store(broker):
        sent = sent or send(alice, "bob")
        alice.command("recallMessage", id=sent["id"])
        left = recalled_form({**sent, "sender": "alice"})
        assert history(bob, to="alice")[0] == sync_all(bob)[0] == left
        assert bob.command("getUnread")["totalUnread"] == 0
        assert alice.code("recallMessage", id=sent["id"]) == 20023
        fresh = broker.user("bob", "web:1").subscribe("chat/user/bob/#")
        assert [recall_of(fresh)["recall"]["id"], fresh.content().data] == [sent["id"], left]
        broker.kill()
    broker.start()
    assert history(bob.connect(), to="alice")[0] == left
    assert bob.command("getUnread")["totalUnread"] == 0


@pytest.mark.parametrize("stored", [False, True], ids=["young", "stored"])
def test_who_was_named_is_named_no_more_while_the_store_cannot_write(broker, alice, stored):
    bob = broker.user("bob")
    alice.send("bob", "other")
    sent = send(alice, "bob", at=["bob"]) if stored else None
    broker.restart()
    alice.connect(), bob.connect()
    with stalled_store(broker):
        sent = sent or send(alice, "bob", at=["bob"])
        assert conversations(bob)["alice"]["atMe"] is True
        alice.command("recallMessage", id=sent["id"])
        entry = conversations(bob)["alice"]
        assert (entry["atMe"], entry["unread"]) == (False, 1)


def test_a_recall_reaches_a_replay_that_has_begun(broker, alice):
    """The replay is paced: what is far behind in it is recalled before it comes there."""
    alice.send_many("bob", [f"m{n}" for n in range(900)])
    sent = send(alice, "bob")
    bob = broker.user("bob").subscribe("chat/user/bob/#")
    alice.command("recallMessage", id=sent["id"])
    assert recall_of(bob)["recall"]["id"] == sent["id"]
    seen = [m for m in bob.take_all() if m.get("id") == sent["id"]]
    assert len(seen) == 1 and len({m.get("id") for m in seen}) == 1


# ---- the files


def files_with(broker, text):
    """The names of the broker's files that hold this text."""
    return {path.name for path in broker.folder.iterdir() if text.encode() in path.read_bytes()}


def await_gone(broker, text):
    """Returns when the database and its log do not hold this text, and the recall is written."""
    deadline = time.monotonic() + PATIENCE
    with contextlib.closing(sqlite3.connect(broker.database)) as database:
        query = "SELECT count(*) FROM message WHERE recalled = 1"
        while files_with(broker, text) - {"chat.db.ring"} or database.execute(query).fetchone() == (0,):
            assert time.monotonic() < deadline, f"still in {files_with(broker, text)}"
            time.sleep(0.05)


@pytest.mark.parametrize("size", [40, 9000], ids=["short", "long"])
@pytest.mark.parametrize("stored", [False, True], ids=["young", "stored"])
def test_the_content_leaves_the_database_and_its_log(broker, alice, size, stored):
    """A long one is on pages of its own. The ring, where it was first, is written over as it goes round."""
    alice.send_many("bob", [f"m{n}" for n in range(50)])
    sent = send(alice, "bob", (SECRET + " ") * (size // len(SECRET) + 1))
    if stored:
        broker.restart()
        assert "chat.db" in files_with(broker, SECRET), "it was there before"
        alice.connect()
    alice.command("recallMessage", id=sent["id"])
    await_gone(broker, SECRET)
    alice.send("bob", "on it goes")
    broker.restart(kill=True)
    assert files_with(broker, SECRET) - {"chat.db.ring"} == set()
    assert texts(history(alice.connect(), to="bob"))[-1] == "on it goes"
