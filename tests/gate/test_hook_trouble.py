# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""Web hooks whose URL does not do what it should: nobody else is troubled, and what was decided is before_default."""
import contextlib
import json
import socket
import time

import pytest
from callbacks import Callbacks, Hookhouse, answer
from gatehouse import make
from harness.ports import Port
from pki import Pki

AFTER, BEFORE = "C2C.CallbackAfterSendMsg", "C2C.CallbackBeforeSendMsg"
CHECK = "im_open_login_svc/account_check"


def never(handler, _call):
    handler.server.owner.closing.wait(20)


def slowly(handler, _call):
    """A byte at a time, each in time, all of them not."""
    handler.send_response(200)
    handler.send_header("Content-Length", "100")
    handler.end_headers()
    with contextlib.suppress(OSError):
        while not handler.server.owner.closing.wait(0.1):
            handler.wfile.write(b" ")


def close(handler, _call):
    handler.close_connection = True
    handler.connection.shutdown(socket.SHUT_RDWR)


TROUBLES = {
    "500": (answer(status=500), "status"),
    "404": (answer(status=404), "status"),
    "204": (answer(b"", status=204), "status"),
    "a redirect": (answer(status=302, headers={"Location": "http://localhost:1/"}), "status"),
    "no JSON": (answer(b"<html>fine</html>"), "not_json"),
    "a list": (answer(b"[]"), "not_json"),
    "a name twice": (answer(b'{"ErrorCode": 0, "ErrorCode": 1}'), "not_json"),
    "nested too deep for a request": (answer(b'{"ErrorCode": 0, "a": %s%s}' % (b"[" * 60, b"]" * 60)), "not_json"),
    "nothing": (answer(b""), "not_json"),
    "half a JSON": (answer(b'{"ErrorCode":0'), "not_json"),
    "10 MB": (answer(b" " * 10_000_000 + b"{}"), "not_json"),
    "slow": (slowly, "late"),
    "never": (never, "late"),
    "closed": (close, "unreachable"),
}


@pytest.fixture(scope="module")
def troubled(request):
    """One gate for all of them, which asks before and tells after; both may last for a second."""
    callbacks = Callbacks()
    request.addfinalizer(callbacks.close)
    house = Hookhouse(make(request, review="c2c", review_seconds=10), callbacks, command=[AFTER, BEFORE],
                      timeout_seconds=1, before_default="refuse").start()
    house.broker.create("bob")
    house.alice = house.broker.user("alice").subscribe("chat/user/alice")
    house.admin = house.broker.admin()
    return house


def grown(house, command, outcome, before, by):
    """Waits until so many more attempts of this command have had this outcome, and none another one."""
    end = time.monotonic() + 10
    while (now := house.outcomes(command)).get(outcome, 0) < before.get(outcome, 0) + by:
        assert time.monotonic() < end, f"{command}: {before}, {now}"
        time.sleep(0.02)
    assert now == {**before, outcome: before.get(outcome, 0) + by}


@pytest.mark.parametrize("trouble", TROUBLES)
def test_an_answer_that_is_none_is_counted_and_decides_nothing(troubled, trouble):
    reply, outcome = TROUBLES[trouble]
    after, before = troubled.outcomes(AFTER), troubled.outcomes(BEFORE)
    troubled.callbacks.reply = reply
    number = list(TROUBLES).index(trouble) + 1
    troubled.alice.send("bob", {"text": "held", "random": number})
    troubled.admin.send("bob", "told")
    assert troubled.gatehouse.rest(CHECK, {"CheckItem": [{"UserID": "bob"}]})["ErrorCode"] == 0
    assert troubled.alice.event("rejected", random=number)["code"] == 20006
    grown(troubled, BEFORE, outcome, before, 1)
    grown(troubled, AFTER, outcome, after, 2)  # what was refused is told, too


@pytest.mark.parametrize("number, reply", enumerate([
    answer({}), answer({"ErrorCode": "0"}), answer({"ErrorCode": None}), answer({"ActionStatus": "FAIL"})]))
def test_an_answer_without_a_number_decides_nothing(troubled, number, reply):
    troubled.callbacks.reply = reply
    troubled.alice.send("bob", {"text": "held", "random": 100 + number})
    assert troubled.alice.event("rejected", random=100 + number)["code"] == 20006


def test_a_long_answer_is_one(troubled):
    before = troubled.outcomes(AFTER)
    troubled.callbacks.reply = answer({"ErrorCode": 0, "More": "x" * 60_000})
    troubled.admin.send("bob", "told")
    grown(troubled, AFTER, "answered", before, 1)


def test_what_hangs_for_one_hangs_for_nobody_else(troubled):
    fine = answer()
    troubled.broker.create("slow", "fast")
    troubled.callbacks.reply = lambda handler, call: (never if call.body["To_Account"] == "slow" else fine)(handler, call)
    for number in range(5):
        troubled.admin.send("slow", str(number))
    troubled.admin.send("fast", "hello")
    troubled.callbacks.take(AFTER, To_Account="fast")
    asked = [call for call in troubled.callbacks.await_count(AFTER, 1) if call.body["To_Account"] == "slow"]
    assert len(asked) < 5


def test_the_log_has_one_line_for_many_failures(troubled):
    troubled.callbacks.reply = answer(status=500)
    before = troubled.outcomes(AFTER)
    troubled.admin.send_many("chat/user/bob", [str(number) for number in range(50)])
    while troubled.outcomes(AFTER).get("status", 0) < before.get("status", 0) + 50:
        time.sleep(0.02)
    lines = troubled.gatehouse.process.find(r"\[callback\] .* attempts have failed")
    assert len(lines) <= 2, lines


def test_more_than_are_asked_about_at_once_are_decided_in_the_same_time(troubled):
    before = troubled.outcomes(BEFORE).get("late", 0)
    troubled.callbacks.reply = never
    for number in range(70):
        troubled.alice.start_publish("chat/user/bob", json.dumps({"text": "held", "random": 1000 + number}))
    start = time.monotonic()
    for number in range(70):
        assert troubled.alice.event("rejected", random=1000 + number)["code"] == 20006
    assert time.monotonic() - start < 1.8
    assert troubled.outcomes(BEFORE)["late"] == before + 70


# ---- addresses that are none


def refused_at(request, url, **options):
    """A gate whose URL this is; a message that waits is refused, and counted as unreachable."""
    callbacks = Callbacks()
    request.addfinalizer(callbacks.close)
    callbacks.url = url
    house = Hookhouse(make(request, review="c2c", review_seconds=10), callbacks, command=BEFORE, timeout_seconds=2,
                      before_default="refuse", **options).start()
    house.broker.create("bob")
    alice = house.broker.user("alice").subscribe("chat/user/alice")
    alice.send("bob", {"text": "held", "random": 1})
    assert alice.event("rejected", random=1)["code"] == 20006
    return house


def test_a_port_where_nobody_listens(request):
    port = Port()
    house = refused_at(request, f"http://localhost:{port.number}/")
    assert house.outcomes(BEFORE) == {"unreachable": 1}
    port.release()


def test_a_name_that_does_not_resolve(request):
    house = refused_at(request, "http://nowhere.invalid/")
    assert sum(house.outcomes(BEFORE).get(outcome, 0) for outcome in ("unreachable", "late")) == 1


def test_a_server_that_takes_connections_and_says_nothing(request):
    with socket.create_server(("127.0.0.1", 0)) as server:
        house = refused_at(request, f"https://127.0.0.1:{server.getsockname()[1]}/")
        assert house.outcomes(BEFORE) == {"late": 1}


# ---- TLS


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    return Pki(tmp_path_factory.mktemp("pki"))


def secure(request, certificate, ca):
    callbacks = Callbacks(certificate)
    request.addfinalizer(callbacks.close)
    house = Hookhouse(make(request), callbacks, command=AFTER, ca_file=ca, allow_http=None).start()
    house.broker.create("bob")
    house.broker.user("alice").send("bob", "hello")
    return house


def test_hooks_go_over_tls(request, pki):
    secure(request, pki.server, pki.ca).callbacks.take(AFTER, To_Account="bob")


@pytest.mark.parametrize("certificate, ca", [("elsewhere", "ca"), ("server", "other_ca")])
def test_a_wrong_certificate_is_no_server(request, pki, certificate, ca):
    house = secure(request, getattr(pki, certificate), getattr(pki, ca))
    while house.outcomes(AFTER) != {"unreachable": 1}:
        time.sleep(0.02)
    assert house.callbacks.calls == []


# ---- again


def test_a_hook_that_failed_is_called_again_before_the_next_of_its_conversation(request):
    callbacks = Callbacks()
    request.addfinalizer(callbacks.close)
    house = Hookhouse(make(request), callbacks, command=AFTER, retry=2).start()
    house.broker.create("bob")
    failures = iter([answer(status=500)])
    callbacks.reply = lambda handler, call: next(failures, answer())(handler, call)
    house.broker.user("alice").send_many("chat/user/bob", ["0", "1"])
    texts = [call.body["MsgBody"][0]["MsgContent"]["Text"] for call in callbacks.await_count(AFTER, 3)]
    assert texts == ["0", "0", "1"]


def test_a_hook_is_given_up_after_its_last_attempt(request):
    callbacks = Callbacks(reply=answer(status=500))
    request.addfinalizer(callbacks.close)
    house = Hookhouse(make(request), callbacks, command=AFTER, retry=1).start()
    house.broker.create("bob")
    house.broker.user("alice").send_many("chat/user/bob", ["0", "1"])
    texts = [call.body["MsgBody"][0]["MsgContent"]["Text"] for call in callbacks.await_count(AFTER, 4)]
    assert texts == ["0", "0", "1", "1"]
