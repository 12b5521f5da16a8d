# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""What is around a command of the REST interface: path, query, signature, body, rate, a broker that is away."""
import json
import time

import pytest
from harness.settings import ADMIN, SDKAPPID

CHECK = "im_open_login_svc/account_check"
BODY = {"CheckItem": [{"UserID": "nobody"}]}


def code(answer):
    assert (answer["ActionStatus"] == "OK") == (answer["ErrorCode"] == 0)
    return answer["ErrorCode"]


def test_neither_random_nor_a_content_type_is_needed(shared):
    assert code(shared.rest(CHECK, BODY, random=None, contenttype=None)) == 0


def test_a_random_of_any_length_is_taken(shared):
    assert code(shared.rest(CHECK, BODY, random="1669872112123456789012")) == 0


@pytest.mark.parametrize("query, wanted", [
    ({"sdkappid": None}, 60012),
    ({"sdkappid": SDKAPPID + 1}, 60006),
    ({"sdkappid": "x"}, 60006),
    ({"identifier": None}, 60010),
    ({"identifier": "alice"}, 60010),
    ({"identifier": "a/b"}, 60010),
    ({"usersig": None}, 70002),
    ({"usersig": ""}, 70002),
    ({"usersig": "no-sig"}, 70003),
    ({"usersig": "A" * 4000}, 70003),
])
def test_who_asks_has_to_say_who(shared, query, wanted):
    assert code(shared.rest(CHECK, BODY, **query)) == wanted


@pytest.mark.parametrize("user, knobs, wanted", [
    (ADMIN, {"expire": 1, "created": int(time.time()) - 1000}, 70001),
    (ADMIN, {"key": "another key"}, 70009),
    (ADMIN, {"sdkappid": SDKAPPID + 1}, 70014),
    ("alice", {}, 70013),
])
def test_a_signature_has_to_be_right(shared, user, knobs, wanted):
    assert code(shared.rest(CHECK, BODY, usersig=shared.broker.sig(user, **knobs))) == wanted


@pytest.mark.parametrize("body", ["", "x", "[]", "1", '{"a":', '{"a":1,"a":2}', "\xff", '{"a":' * 100 + "1" + "}" * 100])
def test_a_body_that_is_no_object_is_60003(shared, body):
    assert code(shared.rest(CHECK, body.encode("latin-1"))) == 60003


@pytest.mark.parametrize("command", ["x/y", "openim/nothing", "openim/sendmsg/more", "openim/", "openim"])
def test_what_is_no_command_is_60009_with_its_name(shared, command):
    answer = shared.rest(command, {})
    assert code(answer) == 60009 and command.split("/")[0] in answer["ErrorInfo"]


def test_more_than_the_rate_in_a_second_is_60007(gatehouse):
    gatehouse.set("rest", rate=3).start()
    connection = gatehouse.connection()
    codes = []
    for _ in range(40):
        connection.request("POST", gatehouse.rest_path(CHECK), json.dumps(BODY))
        codes.append(code(json.loads(connection.getresponse().read())))
    connection.close()
    assert set(codes) == {0, 60007} and codes[:3] == [0, 0, 0]


def test_a_broker_that_is_away_is_60008_after_some_seconds(gatehouse):
    gatehouse.start(broker=False)
    before = time.monotonic()
    assert code(gatehouse.rest(CHECK, BODY)) == 60008
    assert 5 < time.monotonic() - before < 12


def test_a_broker_that_comes_back_answers_again(gate):
    before = len(gate.process.lines)
    gate.broker.kill()
    assert code(gate.rest(CHECK, BODY)) == 60008
    gate.broker.start()
    assert gate.process.await_line("broker .*: connected", start=before)
    assert code(gate.rest(CHECK, BODY)) == 0


def test_the_gate_says_whether_it_is_ready(gate):
    assert (gate.ask("GET", "/readyz")[0], gate.ask("GET", "/healthz")[0]) == (200, 200)
    gate.broker.kill()
    assert gate.process.await_line("connection ended")
    status, _, body = gate.ask("GET", "/readyz")
    assert status == 503 and "broker" in json.loads(body)["error"]
    assert gate.ask("GET", "/healthz")[0] == 200
