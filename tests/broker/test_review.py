# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""The option `review`: what somebody decides about before others see it. Commands: test_review_commands.py."""
import contextlib
import sqlite3
import time

import pytest

from harness.raw import Closed
from harness.review import TOPIC, answer, decide, given, is_review, reviewer
from harness.views import history, texts

pytestmark = pytest.mark.options(review="c2c,group,live", review_seconds=30)


@pytest.fixture
def alice(broker):
    broker.create("bob", "carol", "admin")
    return broker.user("alice").subscribe("chat/user/alice/#")


@pytest.fixture
def ear(broker, alice):
    return broker.user("bob", "ios:1").subscribe("chat/user/bob/#")


@pytest.fixture
def judge(broker, alice):
    return reviewer(broker)


def waiting(broker):
    """What the database has of what waits, when it has executed all that is in the ring."""
    with contextlib.closing(sqlite3.connect(broker.database)) as db:
        return db.execute("SELECT count(*) FROM review").fetchone()[0]


def await_true(true, what="it did not happen", patience=10):
    deadline = time.monotonic() + patience
    while not true():
        assert time.monotonic() < deadline, what
        time.sleep(0.01)


# ---- what a reviewer is given


def test_a_message_waits_until_a_reviewer_lets_it_pass(broker, alice, ear, judge):
    alice.send("bob", {"text": "hello", "random": 7})
    review = given(judge)
    assert ear.silent() == [] and history(alice, to="bob") == []
    assert alice.silent(lambda m: m.get("event") == "sent") == []
    assert answer(judge, review, "pass") == 0
    got = ear.content().data
    assert got["text"] == "hello" and got["sender"] == "alice" and got["seq"] == 1
    sent = alice.event("sent")
    assert (sent["id"], sent["seq"], sent["random"], sent["to"]) == (got["id"], 1, 7, "bob")
    assert texts(history(alice, to="bob")) == ["hello"]
    assert alice.silent() == [], "its own device got its own message"


def test_a_reviewer_is_told_who_sends_what_where(broker, alice, judge):
    topic = alice.group("Public", "g1")
    before = time.time() * 1000 - 5000
    phone = broker.user("alice", "ios:x1")
    phone.send("bob", "plain \"text\"")
    review = given(judge)
    when, number = review.pop("time"), review.pop("review")
    assert before < when < before + 60000 and number > 0
    assert review == {"userID": "alice", "clientID": "alice:ios:x1", "platform": "ios", "address": "127.0.0.1",
                      "to": "bob", "message": {"text": "plain \"text\""}}
    phone.send(topic, {"custom": {"data": "x"}, "random": 3, "more": [1]})
    review = given(judge)
    assert review["review"] > number
    assert (review["group"], review["groupType"]) == ("g1", "Public")
    assert review["message"] == {"custom": {"data": "x"}, "random": 3, "more": [1]}


def test_only_what_the_option_names_is_reviewed(broker_factory):
    broker = broker_factory(review="group")
    judge, alice = reviewer(broker), broker.user("alice")
    ear = broker.user("bob").subscribe("chat/user/bob/#")
    topic, live = alice.group("Public", "g1"), alice.group("AVChatRoom", "room")
    alice.send("bob", "private")
    assert ear.content().data["text"] == "private"
    alice.subscribe(live)
    alice.send(live, "live")
    alice.send(topic, "for g1")
    assert given(judge)["group"] == "g1"
    assert judge.silent(is_review) == []


def test_what_administrators_send_is_not_reviewed_and_overtakes(broker, alice, ear, judge):
    alice.send("bob", "waits")
    admin = broker.admin("web:1")
    admin.send("bob", "from the admin")
    assert ear.content().data["text"] == "from the admin"
    admin.command("sendMessage", sender="alice", to="bob", text="in her name")
    assert ear.content().data["text"] == "in her name"
    decide(judge, "pass")
    assert ear.content().data["text"] == "waits"


def test_chat_review_is_for_administrators_alone(broker, alice, judge):
    assert alice.try_subscribe(TOPIC) >= 0x80
    assert alice.refusal(TOPIC, "hello")["code"] == 10007
    assert judge.refusal(TOPIC, "hello")["code"] == 10007
    assert alice.code("reviewed", review=1, action="pass") == 60010


# ---- what a reviewer decides


@pytest.mark.parametrize("code, error, told", [
    (None, None, (20006, "refused by a reviewer")), (20006, "no ads", (20006, "no ads")),
    (120001, None, (120001, "refused by a reviewer")), (130000, "x", (130000, "x")),
    (10100, None, (20006, "refused by a reviewer")), (7, None, (20006, "refused by a reviewer"))])
def test_a_refused_private_message_is_rejected_with_the_code(broker, alice, ear, judge, code, error, told):
    alice.send("bob", {"text": "buy", "random": 9})
    decide(judge, "refuse", **{k: v for k, v in (("code", code), ("error", error)) if v is not None})
    event = alice.event("rejected")
    assert (event["topic"], event["random"], event["code"], event["error"]) == ("chat/user/bob", 9, *told)
    assert ear.silent() == [] and history(alice, to="bob") == []


@pytest.mark.parametrize("code, told", [(None, 10016), (10100, 10100), (10200, 10200), (10201, 10016),
                                        (120001, 10016)])
def test_a_refused_group_message_has_the_codes_of_groups(broker, alice, judge, code, told):
    topic = alice.group("Public", "g1")
    alice.send(topic, "buy")
    decide(judge, "refuse", **({"code": code} if code else {}))
    assert alice.event("rejected")["code"] == told


def test_a_dropped_message_looks_sent_and_nobody_gets_it(broker, alice, ear, judge):
    alice.send("bob", {"text": "buy", "random": 11})
    decide(judge, "drop")
    event = alice.event("sent", random=11)
    assert event["to"] == "bob" and not {"id", "seq"} & event.keys() and event["time"] > 0
    assert ear.silent() == [] and history(alice, to="bob") == []
    assert alice.silent(lambda m: m.get("event") == "rejected") == []


def test_a_replaced_message_has_the_reviewers_members(broker, alice, ear, judge):
    alice.send("bob", {"text": "you idiot", "random": 12})
    decide(judge, "replace", message={"text": "you genius", "x": {"y": [1, 2]}})
    got = ear.content().data
    assert got["text"] == "you genius" and got["x"] == {"y": [1, 2]} and "random" not in got
    assert alice.event("sent", random=12)["id"] == got["id"]


@pytest.mark.parametrize("message", [None, {}, {"text": 1}, {"text": "a", "image": {"url": "u"}}, {"text": "a", "id": 5},
                                     {"text": "x" * 20000}])
def test_a_replacement_that_is_no_message_is_refused_and_the_review_stays(broker, alice, ear, judge, message):
    alice.send("bob", "hello")
    review = given(judge)
    more = {"message": message} if message is not None else {}
    response = judge.request("reviewed", review=review["review"], action="replace", **more)
    assert response["code"] == 10004 and response["error"].startswith("message")
    assert answer(judge, review, "pass") == 0
    assert ear.content().data["text"] == "hello"


def test_what_is_decided_already_or_never_was_is_10004(broker, alice, judge):
    alice.send("bob", "hello")
    review = given(judge)
    assert answer(judge, review["review"] + 1, "pass") == 10004
    assert answer(judge, review, "pass") == 0
    for action in ("pass", "refuse", "drop"):
        response = judge.request("reviewed", review=review["review"], action=action)
        assert response["code"] == 10004 and response["error"].startswith("review")


def test_another_reviewers_review_is_10004(broker, alice, ear, judge):
    other = reviewer(broker, "other:second")
    alice.send("bob", "hello")
    alice.send("carol", "hello")
    mine, theirs = given(judge), given(other)
    assert answer(judge, theirs, "refuse") == 10004
    assert answer(other, theirs, "pass") == 0 and answer(judge, mine, "pass") == 0


# ---- rules, once more


def test_what_is_not_allowed_any_more_when_it_passes_is_rejected(broker, alice, judge):
    topic = alice.group("Public", "g1", ["bob"])
    bob = broker.user("bob")
    bob.send(topic, {"text": "late", "random": 5})
    alice.command("muteGroupMember", groupID="g1", userID="bob", seconds=100)
    decide(judge, "pass")
    event = bob.event("rejected")
    assert (event["code"], event["random"], event["topic"]) == (10017, 5, topic)
    await_true(lambda: waiting(broker) == 0)


@pytest.mark.options(review="c2c,group", review_seconds=30, user_rate=1, group_rate=1)
def test_rates_count_when_it_comes_and_not_when_it_passes(broker, alice, ear, judge):
    for number in range(5):
        alice.send("bob", f"m{number}")
    assert alice.refusal("chat/user/bob", "too fast")["code"] == 10023
    for _ in range(5):
        decide(judge, "pass")
    assert [m.get("text") for m in ear.contents("m4")] == [f"m{n}" for n in range(5)]


@pytest.mark.parametrize("how, code", [("blacklist", 20007), ("quit", 10007), ("at", 10007)])
def test_the_other_rules_are_asked_again_too(broker, alice, judge, how, code):
    topic = alice.group("Public", "g1", ["bob"])
    bob = broker.user("bob")
    bob.send("alice" if how == "blacklist" else topic, {"text": "hello", "random": 8})
    if how == "blacklist":
        alice.command("addToBlacklist", userIDs=["bob"])
    elif how == "quit":
        bob.command("quitGroup", groupID="g1")
    more = {"message": {"text": "all of you", "at": "@all"}} if how == "at" else {}
    decide(judge, "replace" if how == "at" else "pass", **more)
    assert bob.event("rejected", random=8)["code"] == code


# ---- random


def test_the_same_random_while_it_waits_is_the_same_message(broker, alice, ear, judge):
    for _ in range(3):
        alice.send("bob", {"text": "once", "random": 77})
    alice.send("carol", {"text": "another", "random": 77})
    decide(judge, "pass")
    decide(judge, "pass")
    assert judge.silent(is_review) == []
    assert ear.content().data["text"] == "once"
    alice.send("bob", {"text": "once", "random": 77})
    assert alice.event("sent", random=77, to="bob")["id"] == alice.event("sent", random=77, to="bob")["id"]
    assert ear.silent() == [] and judge.silent(is_review) == []


# ---- order


def test_within_a_conversation_what_passes_keeps_its_order(broker, alice, ear, judge):
    alice.send_many("bob", [f"m{n}" for n in range(6)])
    reviews = [given(judge) for _ in range(6)]
    for n in (3, 1, 5, 2):
        assert answer(judge, reviews[n], "pass") == 0
    assert ear.silent() == []
    assert answer(judge, reviews[4], "refuse") == 0
    assert answer(judge, reviews[0], "pass") == 0
    assert [m.get("text") for m in ear.contents("m5")] == ["m0", "m1", "m2", "m3", "m5"]
    assert texts(history(alice, to="bob")) == ["m0", "m1", "m2", "m3", "m5"]


def test_both_directions_of_a_pair_are_one_order_and_other_conversations_another(broker, alice, ear, judge):
    alice.send("bob", "question")
    question = given(judge)
    ear.send("alice", "answer")
    reply = given(judge)
    alice.send("carol", "hello carol")
    assert answer(judge, given(judge), "pass") == 0
    assert answer(judge, reply, "pass") == 0
    assert texts(history(broker.user("carol"), to="alice")) == ["hello carol"]
    assert history(alice, to="bob") == []
    assert answer(judge, question, "pass") == 0
    assert alice.content().data["text"] == "answer"
    assert texts(history(alice, to="bob")) == ["question", "answer"]


# ---- nobody decides


@pytest.mark.options(review="c2c", review_seconds=1)
def test_what_nobody_answers_passes_after_review_seconds(broker, alice, ear, judge):
    began = time.monotonic()
    alice.send("bob", "hello")
    review = given(judge)
    assert ear.content().data["text"] == "hello"
    assert 0.9 < time.monotonic() - began < 5
    assert answer(judge, review, "refuse") == 10004, "late"


@pytest.mark.options(review="c2c,group", review_seconds=1, review_default="refuse")
def test_what_nobody_answers_is_refused_where_that_is_the_default(broker, alice, ear, judge):
    topic = alice.group("Public", "g1")
    alice.send("bob", {"text": "hello", "random": 4})
    alice.send(topic, "hello")
    assert alice.event("rejected", topic="chat/user/bob", random=4)["code"] == 20006
    assert alice.event("rejected", topic=topic)["code"] == 10016
    assert ear.silent() == []


@pytest.mark.options(review="c2c", review_seconds=30)
def test_without_a_reviewer_for_ten_seconds_nothing_waits(broker_factory):
    broker = broker_factory(review="c2c", review_seconds=30, faults=True)
    broker.create("bob")
    alice = broker.user("alice")
    alice.send("bob", "early")
    assert history(alice, to="bob") == []
    broker.faults.set_clock(wall=11, steady=11)
    await_true(lambda: texts(history(alice, to="bob")) == ["early"])
    alice.send("bob", "at once")
    assert texts(history(alice, to="bob")) == ["early", "at once"]


# ---- reviewers come and go


def test_what_a_reviewer_had_who_goes_is_given_to_another_at_once(broker, alice, ear, judge):
    alice.send_many("bob", [f"m{n}" for n in range(20)])
    for _ in range(20):
        given(judge)
    other = reviewer(broker, "other:second")
    judge.drop()
    assert [decide(other, "pass")["message"]["text"] for _ in range(20)] == [f"m{n}" for n in range(20)]
    assert [m.get("text") for m in ear.contents("m19")] == [f"m{n}" for n in range(20)]


def test_what_came_while_nobody_was_there_is_given_to_who_comes(broker, alice, ear):
    alice.send("bob", "early")
    judge = reviewer(broker)
    assert decide(judge, "pass")["message"] == {"text": "early"}
    judge.unsubscribe(TOPIC)
    alice.send("bob", "later")
    judge.fence()
    assert judge.silent(is_review) == []
    judge.subscribe(TOPIC)
    decide(judge, "pass")
    assert [m.get("text") for m in ear.contents("later")] == ["early", "later"]


def test_reviewers_take_turns(broker, alice, judge):
    other = reviewer(broker, "other:second")
    alice.send_many("bob", [f"m{n}" for n in range(10)])
    assert len([given(judge) for _ in range(5)] + [given(other) for _ in range(5)]) == 10


# ---- a restart


@pytest.mark.parametrize("kill", [True, False])
def test_what_waits_survives_a_restart(broker, alice, ear, judge, kill):
    alice.send("bob", {"text": "first", "random": 5})
    alice.send("bob", {"text": "second", "random": 6}, qos=2)
    first, second = given(judge), given(judge)
    assert answer(judge, second, "replace", message={"text": "other"}) == 0
    broker.restart(kill=kill)
    for user in (alice, ear):
        user.connect().subscribe(user.feed)
    judge.connect().subscribe(TOPIC)
    again = given(judge)
    assert again == first
    alice.send("bob", {"text": "first", "random": 5})
    assert judge.silent(is_review) == [], "decided ones are not asked for again, and a random is known"
    assert answer(judge, again, "pass") == 0
    assert [m.get("text") for m in ear.contents("other")] == ["first", "other"]
    assert alice.event("sent", random=5)["seq"] == 1 and alice.event("sent", random=6)["seq"] == 2
    broker.restart(kill=kill)
    await_true(lambda: waiting(broker) == 0)


def test_the_device_that_sent_it_does_not_get_it_when_it_returns_and_the_others_do(broker, alice, ear, judge):
    phone = broker.user("alice", "ios:1", clean=False).subscribe("chat/user/alice/#")
    pad = broker.user("alice", "ipad:1", clean=False).subscribe("chat/user/alice/#")
    phone.send("bob", {"text": "hello", "random": 3})
    review = given(judge)
    phone.disconnect()
    pad.disconnect()
    assert answer(judge, review, "pass") == 0
    assert ear.content().data["text"] == "hello" and alice.content().data["text"] == "hello"
    assert phone.connect().silent() == []
    assert pad.connect().content().data["text"] == "hello"


def test_who_has_the_client_id_by_then_hears_nothing_of_it(broker, alice, ear, judge):
    phone = broker.user("carol", client_id="mqttjs_1a2b")
    phone.send("bob", {"text": "one", "random": 1})
    phone.send("bob", {"text": "two", "random": 2})
    one, two = given(judge), given(judge)
    phone.command("logout")
    phone.wait_closed()
    other = broker.user("dave", client_id="mqttjs_1a2b")
    assert answer(judge, one, "refuse") == 0 and answer(judge, two, "pass") == 0
    assert ear.content().data["text"] == "two"
    assert other.silent(lambda m: m.topic.endswith("/event")) == []


# ---- of every kind


@pytest.mark.parametrize("qos", [0, 1, 2])
def test_it_is_delivered_at_its_qos_and_once(broker, alice, judge, qos):
    ear = broker.user("bob", version=4).subscribe("chat/user/bob", qos=2)
    sender = broker.raw(4)
    sender.login("alice", "alice:linux:raw")
    sender.publish("chat/user/bob", "hello", qos)
    assert ear.silent() == []
    decide(judge, "pass")
    assert (message := ear.content()).qos == qos and message.data["text"] == "hello"
    assert ear.silent() == []


def test_a_live_groups_messages_wait_too(broker, alice, judge):
    topic = alice.group("AVChatRoom", "room")
    ear, bob = broker.user("carol").subscribe(topic), broker.user("bob").subscribe(topic)
    bob.send(topic, {"text": "one", "random": 1})
    bob.send(topic, {"text": "two", "random": 2})
    one, two = given(judge), given(judge)
    assert (one["group"], one["groupType"]) == ("room", "AVChatRoom")
    assert ear.silent() == []
    bob.unsubscribe(topic)
    assert answer(judge, two, "pass") == 0 and answer(judge, one, "pass") == 0
    assert [m.get("text") for m in ear.contents("two")] == ["one", "two"]
    assert [m["text"] for m in alice.command("getHistory", group="room")["messages"]] == ["one", "two"]
    assert bob.silent(lambda m: m.get("event") == "sent") == []


def test_who_was_banned_from_a_live_group_meanwhile_is_not_heard(broker, alice, judge):
    topic = alice.group("AVChatRoom", "room")
    ear, bob = broker.user("carol").subscribe(topic), broker.user("bob").subscribe(topic)
    bob.send(topic, {"text": "one", "random": 1})
    alice.command("banGroupMember", groupID="room", userID="bob", seconds=100)
    decide(judge, "pass")
    assert bob.event("rejected", random=1)["code"] == 10007
    assert ear.silent() == []


def test_of_what_is_not_stored_there_is_no_receipt(broker, alice, ear, judge):
    alice.send("bob", {"text": "now", "onlineOnly": True, "random": 1})
    decide(judge, "pass")
    assert ear.content().data["text"] == "now"
    alice.send("bob", {"text": "now", "onlineOnly": True, "random": 2})
    decide(judge, "drop")
    assert ear.silent() == [] and alice.silent(lambda m: m.get("event") == "sent") == []
    assert history(alice, to="bob") == []
    await_true(lambda: waiting(broker) == 0)


def test_words_come_before_the_review(broker_factory):
    broker = broker_factory(start=False, review="c2c", review_seconds=30)
    words = broker.options["words_file"] = broker.folder / "words"
    words.write_text("bad\ndirt=***\n")
    broker.start()
    broker.create("bob")
    alice, judge = broker.user("alice"), reviewer(broker)
    assert alice.refusal("chat/user/bob", "bad")["code"] == 80001
    alice.send("bob", "some dirt")
    assert decide(judge, "replace", message={"text": "a reviewer may say bad"})["message"] == {"text": "some ***"}
    assert texts(history(alice, to="bob")) == ["a reviewer may say bad"]


def test_a_push_and_the_unread_count_come_when_it_passes(broker, alice, judge):
    phone = broker.user("bob", "ios:1")
    phone.command("setPushToken", provider="webhook", token="bob")
    phone.disconnect()
    worker = broker.admin("web:worker").subscribe("chat/push")
    alice.send("bob", "hello")
    review = given(judge)
    assert broker.user("bob", "web:1").command("getUnread") == {"totalUnread": 0}
    assert worker.silent(lambda m: m.topic == "chat/push") == []
    assert answer(judge, review, "pass") == 0
    assert worker.wait(lambda m: m.topic == "chat/push", "no job").data["body"] == "hello"


def test_who_listens_to_everything_is_told_when_it_passes_or_is_refused(broker, alice, judge):
    listener = broker.admin("other:listener").subscribe("chat/feed")
    phone = broker.user("alice", "ios:1")
    phone.send("bob", {"text": "one", "random": 1})
    phone.send("bob", {"text": "two", "random": 2})
    reviews = [given(judge), given(judge)]
    assert listener.silent(lambda m: m.get("feed") in ("message", "rejected")) == []
    phone.disconnect()
    assert answer(judge, reviews[0], "pass") == 0 and answer(judge, reviews[1], "refuse") == 0
    message = listener.wait(lambda m: m.get("feed") == "message", "no message").data
    rejected = listener.wait(lambda m: m.get("feed") == "rejected", "no rejected").data
    assert message["message"]["text"] == "one"
    for item in (message, rejected):
        assert (item["clientID"], item["platform"], item["address"]) == ("alice:ios:1", "ios", "127.0.0.1")
    assert (rejected["userID"], rejected["random"], rejected["code"]) == ("alice", 2, 20006)


# ---- trouble


def test_a_reviewer_that_goes_with_five_hundred_leaves_them_to_another(broker, alice, ear, judge):
    names = [f"m{n}" for n in range(600)]
    alice.send_many("bob", names)
    for _ in range(500):
        given(judge)
    assert judge.silent(is_review) == [], "more than 500"
    judge.drop()
    other = reviewer(broker, "other:second")
    seen = []
    while len(seen) < 600:
        reviews = [given(other) for _ in range(min(50, 600 - len(seen)))]
        seen += [review["message"]["text"] for review in reviews]
        answers = other.batch([{"command": "reviewed", "review": r["review"], "action": "pass"} for r in reviews])
        assert not [a for a in answers if a.get("code")]
    assert seen == names
    assert [m.get("text") for m in ear.contents("m599")] == names


@pytest.mark.options(review="c2c", review_seconds=30, ring_bytes=4 << 20)
def test_while_the_ring_is_full_nothing_is_decided_and_nothing_is_lost(broker, alice, ear, judge):
    admin = broker.admin("web:1")
    broker.create("dave")
    alice.send("bob", {"text": "first", "random": 1})
    review = given(judge)
    with broker.uncommitted() as database:
        for size in (8000, 1):
            filler = broker.raw()
            filler.login("admin", f"admin:other:filler{size}")
            with contextlib.suppress(Closed):
                while True:
                    filler.publish("chat/user/dave", {"text": "x" * size})
        for _ in range(2):
            assert answer(judge, review, "pass") == 10002
        database.execute("COMMIT")
    await_true(lambda: admin.command("getStats")["stalled"] == 0)
    assert answer(judge, review, "pass") == 0
    assert ear.content().data["text"] == "first"
    assert judge.silent(is_review) == []


def test_settings_that_change_while_running_count_at_once(broker_factory):
    broker = broker_factory(start=False)
    settings = broker.options["settings_file"] = broker.folder / "settings"

    def set_to(text):
        settings.write_text(text)
        broker.reload()

    settings.write_text("review c2c\nreview_seconds 30\n")
    broker.start()
    broker.create("bob")
    alice, judge = broker.user("alice"), reviewer(broker)
    alice.send("bob", "first")
    first = given(judge)
    set_to("review_seconds 30\n")
    alice.send("bob", "overtakes")
    assert texts(history(alice, to="bob")) == ["overtakes"]
    assert answer(judge, first, "pass") == 0
    set_to("review c2c\nreview_seconds 30\nadmins somebody\n")
    alice.send("bob", "second")
    assert texts(history(alice, to="bob")) == ["overtakes", "first"]
    assert judge.silent(is_review) == [], "no administrator any more"
    set_to("review c2c\nreview_seconds 1\n")
    await_true(lambda: texts(history(alice, to="bob")) == ["overtakes", "first", "second"])


@pytest.mark.parametrize("fields, word", [
    ({}, "review"), ({"review": 0, "action": "pass"}, "review"), ({"review": "1", "action": "pass"}, "review"),
    ({"review": 1.5, "action": "pass"}, "review"), ({"action": "pass"}, "review"), ({"review": 1}, "action"),
    ({"review": 1, "action": "accept"}, "action"), ({"review": 1, "action": 7}, "action"),
    ({"review": 1, "action": ""}, "action"), ({"review": 1, "action": "refuse", "code": "x"}, "code"),
    ({"review": 1, "action": "refuse", "error": 5}, "error"),
    ({"review": 1, "action": "refuse", "error": "x" * 257}, "error"),
    ({"review": 1, "action": "replace", "message": "text"}, "message"),
    ({"review": 1, "action": "replace", "message": []}, "message"),
    ({"review": 1, "action": "pass", "refused": "bob"}, "refused"),
    ({"review": 1, "action": "pass", "refused": [5]}, "refused")])
def test_a_wrong_decision_names_the_field(broker, judge, fields, word):
    response = judge.request("reviewed", **fields)
    assert response["code"] == 10004 and response["error"].startswith(word)


# ---- the end of users and groups


def test_with_its_receiver_what_waits_goes(broker, alice, judge):
    alice.send("bob", {"text": "hello", "random": 5})
    review = given(judge)
    broker.admin("web:1").command("deleteUser", userID="bob")
    assert alice.event("rejected", random=5)["code"] == 20003
    assert answer(judge, review, "pass") == 10004


def test_with_its_group_what_waits_goes(broker, alice, judge):
    topic = alice.group("Public", "g1", ["bob"])
    bob = broker.user("bob")
    bob.send(topic, {"text": "hello", "random": 5})
    review = given(judge)
    alice.command("dismissGroup", groupID="g1")
    assert bob.event("rejected", random=5)["code"] == 10010
    assert answer(judge, review, "pass") == 10004


def test_with_its_sender_what_waits_goes(broker, alice, ear, judge):
    alice.send("bob", "hello")
    review = given(judge)
    broker.admin("web:1").command("deleteUser", userID="alice")
    await_true(lambda: answer(judge, review, "pass") == 10004)
    assert ear.silent() == []
