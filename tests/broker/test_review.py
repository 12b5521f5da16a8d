# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""The option `review`: what somebody decides about before others see it. Commands: test_review_commands.py."""
import contextlib
import sqlite3
import time

import pytest

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
    assert waiting(broker) == 0


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
