# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""Chat over plain HTTP: sending, commands, polling, live groups, being signed out."""
import base64
import json
import threading

import pytest


@pytest.fixture
def alice(gate):
    gate.broker.create("alice", "bob")
    return gate.client("alice")


def test_a_message_is_sent_with_a_receipt(gate, alice):
    bob = gate.broker.user("bob", "ios:1")
    bob.subscribe(bob.feed)
    receipt = alice.send("bob", "hello")
    message = bob.text("hello").data
    assert receipt == {"id": message["id"], "seq": 1, "time": message["time"]}


def test_a_message_s_own_bytes_reach_the_receiver(gate, alice):
    bob = gate.broker.user("bob", "ios:1")
    bob.subscribe(bob.feed)
    alice.send("bob", '{ "custom":{"data":"x", "n":1.50}}')
    assert b'"custom":{"data":"x", "n":1.50}}' in bob.content().payload


def test_the_same_random_is_the_same_message(alice):
    first = alice.send("bob", {"text": "once", "random": 7})
    assert alice.send("bob", {"text": "once", "random": 7}) == first


def test_a_message_to_a_group_is_sent(gate, alice):
    gate.broker.user("bob").group("Public", "g1", ["alice"])
    assert alice.send("group/g1", "hello")["seq"] == 1


@pytest.mark.parametrize("path, body, status, code", [
    ("/v1/user/nobody", "hi", 403, 20003),
    ("/v1/group/none", "hi", 403, 10010),
    ("/v1/user/bob", "{}", 400, 90002),
    ("/v1/user/bob", '{"id":1,"text":"x"}', 400, 90010),
    ("/v1/user/bob", '{"text":7}', 400, 90002),
    ("/v1/user/bob", "", 400, 90002),
    ("/v1/user/bob", "x" * 20000, 413, 93000),
    ("/v1/user/b ob", "hi", 404, 0),
    ("/v1/user/bob/x", "hi", 404, 0),
])
def test_a_message_that_is_refused_says_why(gate, alice, path, body, status, code):
    got, answer = alice.ask("POST", path.replace(" ", "%20"), body)
    assert (got, answer["code"]) == (status, code) and answer["error"]


def test_who_sends_too_fast_is_told_so(gatehouse):
    gatehouse.broker.options["user_rate"] = 1
    gatehouse.start()
    gatehouse.broker.create("alice", "bob")
    alice = gatehouse.client("alice")
    answers = [alice.ask("POST", "/v1/user/bob", "hi") for _ in range(10)]
    assert {status for status, _ in answers} == {200, 429}
    assert {answer["code"] for status, answer in answers if status == 429} == {10023}


def test_a_message_that_is_not_stored_has_no_receipt(gate, alice):
    assert alice.send("bob", {"text": "now", "onlineOnly": True}) == {}


def test_commands_are_answered_as_over_mqtt(gate, alice):
    answer = alice.good("POST", "/v1/command", {"commands": [
        {"command": "getUsersInfo", "userIDs": ["bob"], "correlationData": "mine"}, {"command": "nothing"}]})
    good, bad = answer["responses"]
    assert (good["correlationData"], good["data"]["users"][0]["userID"]) == ("mine", "bob")
    assert bad["code"] == 10026 and "correlationData" not in bad


@pytest.mark.parametrize("body", ["", "x", "[]", "{}", '{"commands":[]}', '{"commands":[1]}', '{"commands":"x"}',
                                  json.dumps({"commands": [{"command": "getUnread"}] * 51})])
def test_what_is_no_command_is_refused(alice, body):
    status, answer = alice.ask("POST", "/v1/command", body)
    assert (status, answer["code"]) == (400, 10004)


def test_a_poll_brings_what_came_while_one_was_away(gate, alice):
    bob = gate.broker.user("bob")
    bob.send("alice", {"text": "1"})
    bob.send("alice", {"text": "2"})
    assert [m["text"] for m in alice.poll_until(2)] == ["1", "2"]


def test_a_poll_waits_for_what_comes(gate, alice):
    alice.poll(wait=0)
    bob = gate.broker.user("bob")
    answers = []
    waiting = threading.Thread(target=lambda: answers.append(alice.poll(wait=20)))
    waiting.start()
    bob.send("alice", {"text": "here"})
    waiting.join()
    assert [entry["message"]["text"] for entry in answers[0]["messages"]] == ["here"]
    assert answers[0]["messages"][0]["topic"] == "chat/user/alice"


def test_a_poll_with_nothing_to_tell_ends_in_time(alice):
    assert alice.poll(wait=0) == {"messages": [], "events": []}
    assert alice.poll(wait=1) == {"messages": [], "events": []}


def test_what_was_not_acked_comes_again(gate, alice):
    gate.broker.user("bob").send("alice", {"text": "1"})
    (first,) = alice.poll()["messages"]
    assert alice.poll()["messages"] == [first]
    assert alice.poll(wait=0, ack=first["message"]["id"])["messages"] == []


def test_what_was_not_acked_comes_again_from_another_gate(gate, alice):
    bob = gate.broker.user("bob")
    for text in "123":
        bob.send("alice", {"text": text})
    while len(got := alice.poll()["messages"]) < 3:
        pass
    gate.kill()
    gate.start()
    alice.poll(wait=0, ack=got[0]["message"]["id"])
    assert [m["text"] for m in alice.poll_until(2)] == ["2", "3"]


def test_events_come_once(gate, alice):
    bob = gate.broker.user("bob")
    alice.poll(wait=0)
    receipt = alice.send("bob", "hi")
    bob.command("markRead", to="alice", id=receipt["id"])
    assert [event["event"] for event in alice.poll()["events"]] == ["read"]
    assert alice.poll(wait=0)["events"] == []


def test_a_second_poll_takes_the_place_of_the_first(alice):
    alice.poll(wait=0)
    answers = []
    first = threading.Thread(target=lambda: answers.append(alice.ask("GET", "/v1/poll?wait=30")[0]))
    first.start()
    while not answers:
        alice.ask("GET", "/v1/poll?wait=0")
    first.join()
    assert answers == [409]


def test_too_much_that_nobody_fetches_comes_again_later(gate, alice):
    bob = gate.broker.user("bob")
    alice.poll(wait=0)
    bob.send_many("chat/user/alice", [{"text": str(number)} for number in range(1100)])
    got, answer, ack = [], alice.poll(), None
    while not got or got[-1] != "1099":
        got += [entry["message"]["text"] for entry in answer["messages"]]
        ack = max((entry["message"]["id"] for entry in answer["messages"]), default=ack)
        answer = alice.poll(ack=ack)
    assert got == [str(number) for number in range(1100 - len(got), 1100)] and len(got) >= 1000


def test_a_backlog_of_long_messages_comes_in_polls_that_fit(gate, alice):
    bob = gate.broker.user("bob")
    bob.send_many("chat/user/alice", [{"text": f"{number} " + "x" * 9000} for number in range(60)])
    assert [m["text"].split()[0] for m in alice.poll_until(60)] == [str(number) for number in range(60)]


def test_a_message_that_never_fits_keeps_nobody_from_what_is_behind_it(gatehouse):
    gatehouse.broker.options["max_message_bytes"] = 131072
    gatehouse.start()
    gatehouse.broker.create("alice", "bob")
    bob, alice = gatehouse.broker.user("bob"), gatehouse.client("alice")
    bob.send("alice", {"text": "x" * 70000})
    bob.send("alice", {"text": "behind"})
    assert [m["text"] for m in alice.poll_until(1)] == ["behind"]


def test_a_live_group_is_joined_and_left(gate, alice):
    bob = gate.broker.user("bob", "ios:1")
    bob.group("AVChatRoom", "live")
    bob.subscribe("chat/group/live")
    assert alice.ask("POST", "/v1/group/live", "hi")[0] == 403
    alice.good("POST", "/v1/live/live")
    assert alice.send("group/live", "hi") == {}
    assert bob.text("hi").get("sender") == "alice"
    bob.send("chat/group/live", {"text": "welcome"})
    texts = []
    while "welcome" not in texts:
        texts += [entry["message"].get("text") for entry in alice.poll()["messages"]]
    alice.good("DELETE", "/v1/live/live")
    assert alice.ask("POST", "/v1/group/live", "hi")[0] == 403
    assert alice.ask("POST", "/v1/live/none")[0] == 403


def test_who_is_signed_out_by_another_device_has_to_log_in_again(gate, alice):
    alice.client_id = "alice:web:tab1"
    alice.poll(wait=0)
    polls = []
    waiting = threading.Thread(target=lambda: polls.append(alice.poll(wait=20)))
    waiting.start()
    while alice.command("getStatus", userIDs=["alice"])["users"][0]["status"] != "online":
        pass
    gate.broker.user("alice", "ios:1").command("kickDevice", clientID="alice:web:tab1")
    waiting.join()
    assert polls[0]["events"][0]["event"] == "forceOffline"
    status, answer = alice.ask("GET", "/v1/poll?wait=0")
    assert status == 409 and "/v1/login" in answer["error"]
    alice.good("POST", "/v1/login")
    assert alice.poll(wait=0) == {"messages": [], "events": []}


def test_who_was_kicked_by_an_administrator_needs_a_new_userSig(gate, alice):
    alice.good("POST", "/v1/login")
    gate.broker.admin().command("kickUser", userID="alice")
    while (found := alice.ask("GET", "/v1/poll?wait=1"))[0] == 200:
        pass
    assert found[0] == 401


def test_a_banned_user_is_refused_by_the_broker(gate, alice):
    gate.broker.admin().command("banUser", userID="alice", seconds=60)
    status, answer = alice.ask("POST", "/v1/login")
    assert (status, answer["error"]) == (401, "refused by the broker")


def test_a_bearer_is_the_userSig_alone(gate, alice):
    status, _, body = gate.ask("POST", "/v1/user/bob", "hi", {"Authorization": f"Bearer {alice.sig}"})
    assert status == 200 and json.loads(body)["seq"] == 1


@pytest.mark.parametrize("header, code", [
    (None, 70002), ("", 70003), ("Basic", 70003), ("Basic !!!!", 70003), ("Basic " + base64.b64encode(b"alice").decode(), 70003),
    ("Basic " + base64.b64encode(b"alice:x").decode(), 70003), ("Basic " + base64.b64encode(b"a/b:x").decode(), 7003),
    ("Basic " + base64.b64encode(b"alice:" + b"x" * 5000).decode(), 70003), ("Bearer x", 70003), ("Digest x", 70003),
])
def test_who_does_not_say_who_is_401(gate, header, code):
    status, headers, body = gate.ask("POST", "/v1/login", None, {"Authorization": header} if header is not None else {})
    assert (status, json.loads(body)["code"]) == (401, code) and "WWW-Authenticate" not in headers


def test_a_userSig_of_somebody_else_is_401(gate, alice):
    alice.sig = gate.broker.sig("bob")
    assert alice.ask("POST", "/v1/login") == (401, {"code": 70013, "error": "the userSig belongs to another userID"})


def test_a_client_id_of_somebody_else_is_401(gate, alice):
    alice.client_id = "bob:web:1"
    status, answer = alice.ask("POST", "/v1/login")
    assert (status, answer["code"]) == (401, 7004)


def test_without_the_broker_a_request_is_503(gate, alice):
    gate.broker.kill()
    assert alice.ask("POST", "/v1/user/bob", "hi")[0] == 503


def test_the_broker_may_come_back_under_a_poll(gate, alice):
    alice.poll(wait=0)
    gate.broker.restart(kill=True)
    gate.broker.user("bob").send("alice", {"text": "again"})
    while (found := alice.ask("GET", "/v1/poll?wait=5"))[0] == 503:
        pass
    assert [entry["message"]["text"] for entry in found[1]["messages"]] == ["again"]
