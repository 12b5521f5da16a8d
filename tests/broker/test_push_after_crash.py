# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""Whose connection was dead when the broker was killed, and nobody had noticed: pushes and replay after the start."""
import pytest

from test_push import is_job, job, with_token, worker


def phone(broker, name, *filters):
    """A device with a push token, connected."""
    client = broker.raw()
    client.login(name, f"{name}:ios:1")
    token = {"command": "setPushToken", "provider": "fcm", "token": f"token-of-{name}"}
    client.publish("$CONTROL/chat/v1", {"commands": [token]})
    for name in filters:
        client.subscribe(name)
    return client


@pytest.mark.parametrize("filters", [["chat/user/bob/#"], ["chat/user/bob", "chat/group/g1"]])
def test_who_was_handed_messages_before_a_crash_is_pushed_to_or_gets_them_again(broker, filters):
    broker.create("bob", "carol", "erin")
    alice = broker.user("alice")
    group = alice.group("Private", "g1", ["bob", "carol"])
    with_token(broker, "dave")
    phone(broker, "bob", *filters)
    phone(broker, "carol", "chat/user/carol/#")
    reader = broker.user("erin", "ios:1").subscribe("chat/user/erin/#")
    reader.command("setPushToken", provider="fcm", token="token-of-erin")
    for name in ("bob", "carol", "erin", group):
        alice.send(name, f"to {name}")
    reader.command("markRead", to="alice")  # nothing is in doubt of what was read
    broker.restart(kill=True)
    carol = broker.user("carol", "ios:1").subscribe("chat/user/carol/#")
    for name in ("carol", group):
        carol.text(f"to {name}")
    admin = worker(broker)
    for body in ("to bob", f"to {group}"):
        job(admin, userID="bob", body=body)
    broker.user("alice").send("dave", "sentinel")
    job(admin, userID="dave", body="sentinel")
    assert {message.data["userID"] for message in admin.pending(is_job)} <= {"bob"}


def test_who_had_gone_properly_before_a_crash_is_pushed_nothing_twice(broker):
    with_token(broker, "bob")
    with_token(broker, "dave")
    alice, admin = broker.user("alice"), worker(broker)
    alice.send("bob", "hello")
    admin.command("pushDone", jobs=[job(admin, userID="bob")["job"]])
    broker.restart(kill=True)
    admin = worker(broker)
    broker.user("alice").send("dave", "sentinel")
    job(admin, userID="dave", body="sentinel")
    assert admin.pending(is_job) == []
