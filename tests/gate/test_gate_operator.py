# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""What an operator does with chatgate: starts it, checks it, changes its configuration, ends it."""
import signal
import socket
import threading

import pytest
from harness.settings import ADMIN

CHECK = "im_open_login_svc/account_check"
BODY = {"CheckItem": [{"UserID": "nobody"}]}


def test_a_check_says_that_all_is_well(gatehouse, tmp_path):
    gatehouse.broker.start()
    code, lines = gatehouse.set("files", media_dir=tmp_path).run("--check")
    said = [line for line in lines if ": ok" in line]
    assert code == 0 and len(said) == 4, lines
    assert said[0].startswith("[broker] 127.0.0.1:")


def test_a_check_without_a_broker_says_so(gatehouse):
    code, lines = gatehouse.run("--check")
    assert code == 1 and any("[broker]" in line and "FAILED" in line for line in lines)


def test_a_check_of_somebody_who_is_no_administrator_says_so(gatehouse):
    gatehouse.broker.start()
    code, lines = gatehouse.set("broker", user="alice").run("--check")
    assert code == 1 and any("FAILED, only for administrators" in line for line in lines)


def test_a_port_that_is_taken_is_named(gatehouse):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        code, lines = gatehouse.set("http", port=port).run()
    assert code == 1 and any(f"cannot listen on 127.0.0.1 port {port}: Address already in use" in line for line in lines)


@pytest.mark.parametrize("section, options, wanted", [
    ("rest", {"rate": "x"}, r"[rest] rate: must be a whole number from 0 to 1000000"),
    ("rest", {"speed": 1}, r"[rest] speed: there is no such option"),
    ("http", {"port": 0}, r"[http] port: must be a whole number from 1 to 65535"),
    ("http", {"address": "nowhere"}, "[http] cannot listen on nowhere"),
    ("broker", {"user": None}, "[broker] user: is missing"),
    ("broker", {"secret_key_file": "/nowhere"}, "/nowhere"),
    ("nothing", {"x": 1}, "[nothing]: a section is "),
])
def test_a_wrong_option_is_named(gatehouse, section, options, wanted):
    code, lines = gatehouse.set(section, **options).run()
    assert code == 1 and any(wanted in line for line in lines), lines


def test_a_new_key_counts_from_sighup_on(gate):
    gate.broker.write_keys("another key, which is long enough for anybody", *gate.broker.secrets[:1])
    sig = gate.broker.sig(ADMIN, key="another key, which is long enough for anybody")
    assert gate.rest(CHECK, BODY, usersig=sig)["ErrorCode"] == 70009
    gate.process.signal(signal.SIGHUP)
    assert gate.process.await_line("the configuration was read again")
    assert gate.rest(CHECK, BODY, usersig=sig)["ErrorCode"] == 0


def test_sigusr1_logs_figures(gate):
    gate.rest(CHECK, BODY)
    gate.process.signal(signal.SIGUSR1)
    assert gate.process.await_line("1 requests over HTTP, .* broker: connected")


def test_what_is_under_way_at_the_end_is_answered(gatehouse):
    gatehouse.start(broker=False)  # so that an answer takes three seconds
    answers = []
    asking = threading.Thread(target=lambda: answers.append(gatehouse.rest(CHECK, BODY)["ErrorCode"]))
    asking.start()
    assert gatehouse.process.await_line("broker .*: ")
    while gatehouse.ask("GET", "/healthz")[0] != 200:
        pass
    assert gatehouse.stop() == 0
    asking.join()
    assert answers == [60008]
