# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""Server-Sent Events."""
import contextlib
import shutil
import time

import pytest


@pytest.fixture
def alice(gate):
    gate.broker.create("alice", "bob")
    return gate.client("alice")


@pytest.fixture
def bob(gate, alice):
    return gate.broker.user("bob")


def test_what_came_and_what_comes_is_streamed_in_order(alice, bob):
    bob.send("alice", {"text": "before"})
    stream = alice.events()
    assert stream.response.headers["Content-Type"] == "text/event-stream"
    first = stream.next()
    assert (first["event"], first["data"]["topic"], first["data"]["message"]["text"]) == (
        "message", "chat/user/alice", "before")
    assert first["id"] == str(first["data"]["message"]["id"])
    for text in "12345":
        bob.send("alice", {"text": text})
    assert [stream.text() for _ in range(5)] == list("12345")
    stream.close()


def test_events_are_streamed_without_an_id(alice, bob):
    stream = alice.events()
    receipt = alice.send("bob", "hi")
    bob.command("markRead", to="alice", id=receipt["id"])
    event = stream.next()
    assert event["event"] == "event" and event["data"]["event"] == "read" and "id" not in event
    stream.close()


def test_a_message_of_several_lines_is_one_event(alice, bob):
    stream = alice.events()
    bob.send("alice", b'{\r\n "custom": {"data": "x"},\n\n "cloudCustomData": "a\\nb"}')
    message = stream.next()["data"]["message"]
    assert (message["custom"], message["cloudCustomData"]) == ({"data": "x"}, "a\nb")
    stream.close()


def test_who_says_what_was_last_gets_what_is_behind_it(alice, bob):
    stream = alice.events()
    for text in "123":
        bob.send("alice", {"text": text})
    first = stream.next()
    assert [stream.text(), stream.text()] == ["2", "3"]
    stream.close()
    again = alice.events(last=first["id"])
    assert [again.text(), again.text()] == ["2", "3"]
    bob.send("alice", {"text": "4"})
    assert again.text() == "4"
    again.close()


def test_so_does_who_comes_to_another_gate(gate, alice, bob):
    stream = alice.events()
    for text in "123":
        bob.send("alice", {"text": text})
    seen = [stream.next() for _ in range(3)]
    gate.kill()
    gate.start()
    bob.send("alice", {"text": "4"})
    again = alice.events(last=seen[2]["id"])
    texts = []
    while "4" not in texts:
        texts.append(again.text())
    assert texts == ["4"]
    again.close()


def test_a_second_stream_takes_the_place_of_the_first(alice):
    first = alice.events()
    second = alice.events()
    assert first.next() is None
    second.close()


def test_who_is_signed_out_is_told_and_hung_up(gate, alice):
    alice.client_id = "alice:web:tab1"
    stream = alice.events()
    gate.broker.user("alice", "ios:1").command("kickDevice", clientID="alice:web:tab1")
    assert stream.next()["data"]["event"] == "forceOffline"
    assert stream.next() is None
    assert alice.ask("GET", "/v1/poll?wait=0")[0] == 409


def test_a_stream_ends_with_the_broker_and_begins_anew(gate, alice):
    stream = alice.events()
    gate.broker.restart(kill=True)
    assert stream.next() is None
    gate.broker.user("bob").send("alice", {"text": "again"})
    while (stream := alice.events()).status == 503:
        stream.close()
    assert stream.text() == "again"
    stream.close()


def test_a_stream_needs_a_user_like_anything(gate, alice):
    alice.sig = "x"
    assert alice.events().status == 401


def test_who_vanishes_is_found_out_by_a_line_that_says_nothing(alice):
    stream = alice.events()
    stream.connection.sock.settimeout(20)
    assert stream.next(comments=True) == {"comment": True}
    stream.close()


@contextlib.contextmanager
def browser(folder):
    from selenium import webdriver
    options = webdriver.ChromeOptions()
    for word in ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                 "--disable-background-networking", "--disable-component-update", "--disable-sync",
                 f"--user-data-dir={folder}"):
        options.add_argument(word)
    driver = webdriver.Chrome(options=options, service=webdriver.chrome.service.Service("/usr/bin/chromedriver"))
    try:
        yield driver
    finally:
        driver.quit()


@pytest.mark.skipif(not shutil.which("chromedriver"), reason="needs chromium-driver")
def test_a_browser_s_EventSource_goes_on_over_a_restart_of_the_broker(gatehouse, tmp_path):
    pytest.importorskip("selenium")
    web = tmp_path / "web"
    web.mkdir()
    (web / "index.html").write_text("<!doctype html><script src=page.js></script>")
    (web / "page.js").write_text("""
        const query = new URLSearchParams(location.hash.slice(1));
        window.got = [];
        const source = new EventSource("/v1/events?" + query);
        source.addEventListener("message", e => window.got.push(JSON.parse(e.data).message.text));
        source.onopen = () => window.opened = (window.opened || 0) + 1;
    """)
    gatehouse.set("files", web_dir=web).start()
    gatehouse.broker.create("alice", "bob")
    sig = gatehouse.broker.sig("alice")
    with browser(tmp_path / "profile") as driver:
        driver.set_script_timeout(20)
        driver.get(f"http://127.0.0.1:{gatehouse.port.number}/#usersig={sig}&client=alice:web:1")

        def until(condition):
            driver.execute_async_script(
                f"const done = arguments[0]; (function look() {{ {condition} ? done() : setTimeout(look, 20) }})()")

        until("window.opened")
        gatehouse.broker.user("bob").send("alice", {"text": "one"})
        until("window.got.length == 1")
        gatehouse.broker.restart(kill=True)
        gatehouse.broker.user("bob").send("alice", {"text": "two"})
        until("window.got.length == 2")
        assert driver.execute_script("return window.got") == ["one", "two"]


def test_a_stream_does_not_keep_the_gate_from_ending(gate, alice):
    stream = alice.events()
    before = time.monotonic()
    assert gate.stop() == 0 and time.monotonic() - before < 3
    assert stream.next() is None
