# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""web/examples/page, put together as its first lines say."""
import shutil
import urllib.parse

import pytest
from harness.settings import CHECKOUT


@pytest.fixture
def example(house):
    """link(user, to): of the example, beside the chat page."""
    folder = house.web / "example"
    shutil.copytree(CHECKOUT / "web/examples/page", folder)
    shutil.copytree(house.web / "client", folder / "client")
    shutil.copy(house.web / "mqtt.js", folder / "mqtt.esm.js")

    def link(user, to):
        url = f"ws://localhost:{house.broker.websocket.number}"
        given = {"user": user, "sig": house.broker.sig(user), "to": to, "url": url}
        return house.url + "example/index.html#" + urllib.parse.urlencode(given, safe="*-_")

    return link


def test_two_chat_on_the_smallest_page(window, house, example):
    for user in ("alice", "bob"):
        house.broker.user(user)
    alice, bob = (window(user, url=example(user, to)) for user, to in (("alice", "bob"), ("bob", "alice")))
    for one in (alice, bob):
        one.find("#state", "connected")
    assert "sig" not in alice.js("return location.href")
    alice.type("#text", "hello <b>Bob</b>")
    alice.press("Send")
    alice.find("li.out", "hello <b>Bob</b>")
    bob.find("li.in", "hello <b>Bob</b>")
    bob.type("#text", "hello Alice")
    bob.press("Send")
    alice.find("li.in", "hello Alice")
    assert alice.texts("li") == ["hello <b>Bob</b>", "hello Alice"]

    later = window("alice", url=example("alice", "bob"))
    later.find("li.in", "hello Alice")
    assert later.texts("li") == ["hello <b>Bob</b>", "hello Alice"]


def test_to_nobody_the_smallest_page_says_so(window, house, example):
    alice = window("alice", url=example("alice", "nobody"))
    alice.find("#state", "does not exist")
    alice.type("#text", "hello?")
    alice.press("Send")
    alice.find("li.out", "not sent: the user does not exist")
