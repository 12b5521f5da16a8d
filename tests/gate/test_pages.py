# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""Pages from elsewhere (allow_origin), and who asks behind a proxy (trust_proxy)."""
import pytest
from gatehouse import make

PAGE = "https://page.example"


@pytest.fixture(scope="module")
def open_gate(request):
    made = make(request)
    return made.set("http", allow_origin=PAGE, trust_proxy="127.0.0.1 10.0.0.0/8").start()


def allowed(headers):
    return headers["Access-Control-Allow-Origin"]


@pytest.mark.parametrize("path", ["/v1/user/bob", "/v1/group/g", "/v1/command", "/v1/poll", "/v1/events", "/v1/media",
                                  "/v1/live/g", "/v1/login"])
def test_a_page_may_ask_whether_it_may_call(open_gate, path):
    status, headers, body = open_gate.ask("OPTIONS", path, headers={
        "Origin": PAGE, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"})
    assert (status, allowed(headers), headers["Vary"], body) == (204, PAGE, "Origin", b"")
    assert headers["Access-Control-Allow-Methods"] == "GET, POST, DELETE"
    assert headers["Access-Control-Allow-Headers"] == (
        "Authorization, X-Chat-Client, X-Chat-Name, Content-Type, Last-Event-ID")
    assert "Access-Control-Allow-Credentials" not in headers


def test_a_page_reads_answers_and_refusals(open_gate):
    open_gate.broker.create("alice", "bob")
    alice = open_gate.client("alice")
    status, headers, _ = open_gate.ask("POST", "/v1/user/bob", "hi", {**alice.headers(), "Origin": PAGE})
    assert (status, allowed(headers)) == (200, PAGE)
    for method, path, wanted in (("POST", "/v1/login", 401), ("POST", "/v1/media", 401), ("GET", "/v1/nothing", 404),
                                 ("GET", "/v1/login", 405)):
        status, headers, _ = open_gate.ask(method, path, headers={"Origin": PAGE})
        assert (status, allowed(headers)) == (wanted, PAGE)


@pytest.mark.parametrize("origin", ["http://page.example", "https://page.example.evil", "null", ""])
@pytest.mark.parametrize("method, status", [("OPTIONS", 405), ("POST", 401)])
def test_another_page_may_not(open_gate, origin, method, status):
    got, headers, _ = open_gate.ask(method, "/v1/login", headers={"Origin": origin})
    assert (got, allowed(headers), headers["Vary"]) == (status, None, "Origin")


@pytest.mark.parametrize("path", ["/healthz", "/metrics", "/v4/openim/sendmsg"])
def test_what_is_not_for_pages_stays_closed_to_them(open_gate, path):
    for method in ("GET", "OPTIONS"):
        assert allowed(open_gate.ask(method, path, headers={"Origin": PAGE})[1]) is None


def test_every_page_may_call_if_so_configured(gatehouse):
    gatehouse.set("http", allow_origin="*").start(broker=False)
    _, headers, _ = gatehouse.ask("POST", "/v1/login", headers={"Origin": "https://any.example"})
    assert (allowed(headers), headers["Vary"]) == ("*", None)
    _, headers, _ = gatehouse.ask("POST", "/v1/login")
    assert (allowed(headers), headers["Vary"]) == (None, None)


def test_without_the_option_no_page_may_call(shared):
    status, headers, _ = shared.ask("OPTIONS", "/v1/login", headers={
        "Origin": PAGE, "Access-Control-Request-Method": "POST"})
    assert (status, allowed(headers), headers["Vary"]) == (405, None, None)


@pytest.mark.parametrize("headers, address", [
    (b"X-Forwarded-For: 6.6.6.6, 192.0.2.7, 10.1.1.1\r\n", "192.0.2.7"),
    (b"X-Forwarded-For: 6.6.6.6\r\nX-Other: x\r\nx-forwarded-for: 192.0.2.8\r\n", "192.0.2.8"),
    (b"X-Forwarded-For: 192.0.2.9\r\nX-Forwarded-For: 10.0.0.2\r\n", "192.0.2.9"),
    (b"X-Forwarded-For: evil\r\n", "127.0.0.1"),
    (b"", "127.0.0.1"),
])
def test_the_line_about_a_refusal_has_the_client_s_address(gatehouse, headers, address):
    gatehouse.set("http", trust_proxy="127.0.0.1 10.0.0.0/8").start(broker=False)
    gatehouse.raw(b"POST /v1/login HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + headers + b"\r\n")
    assert gatehouse.process.await_line(rf" {address} was refused: .*\(70002\)")


def test_nobody_is_believed_without_the_option(gatehouse):
    gatehouse.start(broker=False)
    gatehouse.ask("POST", "/v1/login", headers={"X-Forwarded-For": "192.0.2.7"})
    assert gatehouse.process.await_line(" 127.0.0.1 was refused")


def test_a_thousand_refusals_are_a_few_lines(gatehouse):
    gatehouse.start(broker=False)
    connection = gatehouse.connection()
    for _ in range(1000):
        connection.request("POST", "/v1/login")
        connection.getresponse().read()
    connection.close()
    assert gatehouse.log().count("was refused") < 20


@pytest.mark.parametrize("option, value", [("trust_proxy", "nobody"), ("trust_proxy", "10.0.0.0/33"),
                                           ("allow_origin", "page.example"), ("allow_origin", "https://a.example/")])
def test_a_list_that_is_none_is_named(gatehouse, option, value):
    code, lines = gatehouse.set("http", **{option: value}).run()
    assert code == 1 and any(f"[http] {option}: must be" in line for line in lines)
