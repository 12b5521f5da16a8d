# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""A badge that falls: what Apple and Google get."""
import time

import pytest


def read(office, name, count):
    """This user reads the first `count` messages of alice's, on a computer."""
    numbers = [message["id"] for message in office.sender().synced() if message.get("to") == name]
    office.broker.user(name, "mac:1").command("markRead", to="alice", id=numbers[count - 1])


@pytest.fixture
def told(office):
    """bob has read all, and carol the first of two: what their phones are told after the messages."""
    phones = {("bob", "apns"), ("bob", "fcm"), ("carol", "apns")}
    tokens = {(name, provider): office.phone(name, provider) for name, provider in phones}
    office.start()
    for text in ("one", "two"):
        for name in ("bob", "carol"):
            office.write(name, text)
        for (name, provider), token in tokens.items():
            office[provider].take_for(token)
    read(office, "bob", 2)
    read(office, "carol", 1)
    return {phone: office[phone[1]].take_for(token) for phone, token in tokens.items()}


def test_a_badge_that_falls_comes_without_a_text_and_a_sound(told, office):
    assert {phone: told[phone].json for phone in (("bob", "apns"), ("carol", "apns"))} == {
        ("bob", "apns"): {"aps": {"badge": 0}}, ("carol", "apns"): {"aps": {"badge": 1}}}
    headers = told["carol", "apns"].headers
    wanted = {"apns-push-type": "alert", "apns-priority": "10", "apns-collapse-id": "badge"}
    assert wanted.items() <= headers.items()
    # Apple keeps one notification for a phone that is off: it may be the one of what is unread.
    assert headers["apns-expiration"] == "0"
    assert abs(int(told["bob", "apns"].headers["apns-expiration"]) - time.time() - 86400) < 60
    message = told["bob", "fcm"].json["message"]
    assert 86000 < int(message["android"].pop("ttl").removesuffix("s")) <= 86400
    assert message == {"token": message["token"], "data": {"badge": "0"},
                       "android": {"collapse_key": "badge", "priority": "NORMAL"}}
    office.await_counter("apns:app", "done 6")
