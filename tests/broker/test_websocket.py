# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""The same over WebSocket."""
import pytest

from harness import usersig

VERSIONS = pytest.mark.parametrize("version", [4, 5])


@VERSIONS
def test_a_browser_and_a_program_chat_with_each_other(broker, version):
    web = broker.user("bob", "web:1", version=version, transport="websockets").subscribe("chat/user/bob/#")
    alice = broker.user("alice").subscribe("chat/user/alice/#")
    alice.send("bob", "hello")
    web.text("hello")
    web.send("alice", "and you")
    assert alice.text("and you").get("sender") == "bob"


@VERSIONS
def test_a_refused_login_is_refused_over_websocket_too(broker, version):
    client = broker.unconnected(
        "bob", "web:1", version=version, transport="websockets", sig=usersig.expired("bob")
    )
    client.connect(code=broker.refused(version))
    assert "bob:web:1" in broker.await_log(r"\b70001\b")


def test_a_browser_that_was_away_gets_what_it_missed(broker):
    web = broker.user("bob", "web:1", transport="websockets").subscribe("chat/user/bob/#")
    web.disconnect()
    broker.user("alice").send_many("bob", [f"m{n}" for n in range(300)])
    web.connect().subscribe(web.feed)
    assert [m.get("seq") for m in web.contents("m299")] == list(range(1, 301))


def test_a_browser_takes_part_in_a_group(broker):
    broker.create("alice")
    web = broker.user("bob", "web:1", transport="websockets").subscribe("chat/user/bob/#")
    topic = web.group("Private", "g1", ["alice"])
    broker.user("alice").send(topic, "hello")
    assert web.text("hello").topic == "chat/user/bob/group/g1"


def test_a_browser_that_breaks_off_leaves_the_broker_well(broker):
    web = broker.user("bob", "web:1", transport="websockets").subscribe("chat/user/bob/#")
    web.drop()
    alice = broker.user("alice")
    alice.send("bob", "hello")
    web.connect().subscribe(web.feed)
    web.text("hello")
