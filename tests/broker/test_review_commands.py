# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""The option `review` for what is no publish: createGroup, joinGroup, inviteGroupMember, and edits."""
import time

import pytest

from harness.review import answer, decide, given, is_review, reviewer
from harness.user import CONTROL, RESPONSE
from harness.views import history, texts

pytestmark = pytest.mark.options(review="create,join,invite,c2c", review_seconds=30)


@pytest.fixture
def alice(broker):
    broker.create("bob", "carol", "dave", "admin")
    return broker.user("alice").subscribe("chat/user/alice/#")


@pytest.fixture
def judge(broker, alice):
    return reviewer(broker)


def ask(user, command, **fields):
    """Sends a command without waiting; its mark, for answered()."""
    mark = f"r{time.monotonic_ns()}"
    user.start_publish(CONTROL, {"commands": [{"command": command, "correlationData": mark, **fields}]})
    return mark


def answered(user, mark):
    """The whole response."""

    def is_answer(message):
        return message.topic == RESPONSE and any(
            r.get("correlationData") == mark for r in message.get("responses") or [])

    return user.wait(is_answer, "no answer").data["responses"][0]


def silent_about(user, mark):
    return user.silent(lambda m: m.topic == RESPONSE and mark in m.payload.decode()) == []


def group(broker, owner, *members, kind="Public", groupID="g1", **more):
    """By an administrator, whom nobody reviews."""
    broker.admin("web:setup").command("createGroup", groupType=kind, groupID=groupID, owner=owner,
                                      members=[{"userID": name} for name in members], **more)
    return f"chat/group/{groupID}"


def info(broker, groupID="g1"):
    return broker.admin("web:look").code("getGroupInfo", groupID=groupID)


# ---- createGroup


def test_create_group_waits_and_is_answered_when_it_passes(broker, alice, judge):
    mark = ask(alice, "createGroup", groupType="Public", groupID="g1", groupName="Hikers")
    review = given(judge)
    assert review["command"]["command"] == "createGroup" and review["command"]["groupName"] == "Hikers"
    assert (review["userID"], review["clientID"]) == ("alice", "alice")
    assert not {"message", "to", "group", "edit"} & review.keys()
    assert silent_about(alice, mark) and info(broker) == 10010
    assert answer(judge, review, "pass") == 0
    assert answered(alice, mark)["data"] == {"groupID": "g1", "members": []}
    assert info(broker) == 0


@pytest.mark.parametrize("action, code, told", [("refuse", None, 10016), ("refuse", 10150, 10150),
                                                ("refuse", 120001, 10016), ("drop", None, 10016)])
def test_a_refused_command_is_answered_with_the_code(broker, alice, judge, action, code, told):
    mark = ask(alice, "createGroup", groupType="Public", groupID="g1")
    decide(judge, action, error="no more groups", **({"code": code} if code else {}))
    response = answered(alice, mark)
    assert (response["code"], response["error"]) == (told, "no more groups")
    assert info(broker) == 10010


def test_a_command_is_not_replaced(broker, alice, judge):
    mark = ask(alice, "createGroup", groupType="Public", groupID="g1")
    review = given(judge)
    assert answer(judge, review, "replace", message={"text": "x"}) == 10004
    assert answer(judge, review, "pass") == 0
    assert "data" in answered(alice, mark)


def test_what_the_rules_refuse_is_refused_at_once(broker, alice, judge):
    group(broker, "bob")
    assert alice.code("createGroup", groupType="Public", groupID="g1") == 10021
    assert alice.code("joinGroup", groupID="none") == 10010
    assert alice.code("inviteGroupMember", groupID="g1", members=["carol"]) == 10007
    assert judge.silent(is_review) == []


def test_what_has_become_impossible_meanwhile_is_refused_when_it_passes(broker, alice, judge):
    mark = ask(alice, "createGroup", groupType="Public", groupID="g1")
    review = given(judge)
    group(broker, "bob")
    assert answer(judge, review, "pass") == 0
    assert answered(alice, mark)["code"] == 10021


def test_administrators_are_not_reviewed_as_somebody_neither(broker, alice, judge):
    admin = broker.admin("web:1")
    assert admin.code("createGroup", groupType="Public", groupID="g1") == 0
    assert admin.code("createGroup", groupType="Public", groupID="g2", **{"as": "alice"}) == 0
    assert judge.silent(is_review) == []


def test_the_rest_of_a_batch_is_answered_at_once(broker, alice, judge):
    mark, other = "waits", "does not"
    alice.start_publish(CONTROL, {"commands": [
        {"command": "createGroup", "groupType": "Public", "groupID": "g1", "correlationData": mark},
        {"command": "getUnread", "correlationData": other}]})
    assert "data" in answered(alice, other)
    decide(judge, "pass")
    assert answered(alice, mark)["data"]["groupID"] == "g1"


# ---- joinGroup


@pytest.mark.parametrize("opt, status", [("FreeAccess", "joined"), ("NeedPermission", "pending")])
def test_join_group_waits(broker, alice, judge, opt, status):
    group(broker, "bob", addOpt=opt)
    mark = ask(alice, "joinGroup", groupID="g1", message="let me in")
    review = given(judge)
    assert (review["group"], review["groupType"]) == ("g1", "Public")
    assert review["command"]["message"] == "let me in"
    assert answer(judge, review, "pass") == 0
    assert answered(alice, mark)["data"] == {"status": status}


def test_join_group_of_a_live_group_waits(broker, alice, judge):
    topic = group(broker, "bob", kind="AVChatRoom")
    mark = ask(alice, "joinGroup", groupID="g1")
    assert alice.refusal(topic, "hello")["code"] == 10007
    decide(judge, "pass")
    assert answered(alice, mark)["data"] == {"status": "joined"}
    alice.send(topic, "hello")


# ---- inviteGroupMember


@pytest.mark.parametrize("opt, result", [("FreeAccess", 1), ("NeedPermission", 3)])
def test_an_invitation_may_be_refused_for_some(broker, alice, judge, opt, result):
    group(broker, "dave", "alice", inviteOpt=opt)
    mark = ask(alice, "inviteGroupMember", groupID="g1", members=["bob", "carol", "nobody"])
    review = given(judge)
    assert review["command"]["members"] == ["bob", "carol", "nobody"] and review["group"] == "g1"
    assert answer(judge, review, "pass", refused=["carol", "eve"]) == 0
    members = answered(alice, mark)["data"]["members"]
    assert {m["userID"]: m["result"] for m in members} == {"bob": result, "carol": 0, "nobody": 0}


# ---- who has gone


def test_a_command_is_executed_though_its_connection_has_ended(broker, alice, judge):
    ask(alice, "createGroup", groupType="Public", groupID="g1")
    review = given(judge)
    alice.drop()
    assert answer(judge, review, "pass") == 0
    assert info(broker) == 0


@pytest.mark.parametrize("kill", [True, False])
def test_a_command_that_waits_survives_a_restart(broker, alice, judge, kill):
    ask(alice, "createGroup", groupType="Public", groupID="g1")
    ask(alice, "createGroup", groupType="Public", groupID="g2")
    first, second = given(judge), given(judge)
    assert answer(judge, second, "refuse") == 0
    broker.restart(kill=kill)
    judge.connect().subscribe("chat/review")
    assert given(judge) == first
    assert answer(judge, first, "pass") == 0
    assert info(broker) == 0 and info(broker, "g2") == 10010
    broker.restart(kill=kill)
    judge.connect().subscribe("chat/review")
    assert judge.silent(is_review) == []


@pytest.mark.options(review="create", review_seconds=1, review_default="refuse")
def test_what_nobody_answers_is_as_the_default_says(broker, alice, judge):
    assert alice.code("createGroup", groupType="Public", groupID="g1") == 10016


# ---- edits


def sent(alice, judge, text="old"):
    alice.send("bob", {"text": text, "random": time.monotonic_ns() % 2**52 + 1})
    decide(judge, "pass")
    return alice.event("sent")["id"]


def test_an_edit_is_reviewed_as_the_message_would_be(broker, alice, judge):
    number = sent(alice, judge)
    mark = ask(alice, "editMessage", id=number, text="new", x=1)
    review = given(judge)
    assert (review["edit"], review["message"], review["to"]) == (number, {"text": "new", "x": 1}, "bob")
    assert "command" not in review
    assert texts(history(alice, to="bob")) == ["old"] and silent_about(alice, mark)
    assert answer(judge, review, "pass") == 0
    assert answered(alice, mark)["data"] == {}
    assert texts(history(alice, to="bob"))[0] == "new"


def test_an_edit_may_be_replaced_refused_and_dropped(broker, alice, judge):
    number = sent(alice, judge)
    mark = ask(alice, "editMessage", id=number, text="rude")
    decide(judge, "replace", message={"text": "polite"})
    assert answered(alice, mark)["data"] == {}
    assert texts(history(alice, to="bob"))[0] == "polite"
    mark = ask(alice, "editMessage", id=number, text="refused")
    decide(judge, "refuse", code=120005)
    assert answered(alice, mark)["code"] == 120005
    mark = ask(alice, "editMessage", id=number, text="dropped")
    decide(judge, "drop")
    assert answered(alice, mark)["data"] == {}
    assert texts(history(alice, to="bob"))[0] == "polite"


def test_edits_and_messages_are_one_order(broker, alice, judge):
    number = sent(alice, judge)
    alice.send("bob", "before")
    mark = ask(alice, "editMessage", id=number, text="new")
    message, edit = given(judge), given(judge)
    assert answer(judge, edit, "pass") == 0
    assert silent_about(alice, mark)
    assert answer(judge, message, "pass") == 0
    assert answered(alice, mark)["data"] == {}
    kinds = ["edit" if "edit" in m else m["text"] for m in history(alice, to="bob")]
    assert kinds == ["new", "before", "edit"]


def test_an_edit_that_waits_survives_a_crash(broker, alice, judge):
    number = sent(alice, judge)
    ask(alice, "editMessage", id=number, text="new")
    review = given(judge)
    broker.restart(kill=True)
    judge.connect().subscribe("chat/review")
    assert given(judge) == review and answer(judge, review, "pass") == 0
    assert texts(history(broker.user("bob"), to="alice"))[0] == "new"
