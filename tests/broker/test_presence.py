# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""watchStatus: who is online, in the background or offline."""
import contextlib
import time

import pytest

from harness.settings import PATIENCE, PRELOAD

PAUSE = 1.0  # between two changes of one user that his watchers are told


@pytest.fixture
def alice(broker):
    broker.create("bob", "carol")
    return broker.user("alice")


def watch(user, *names):
    """{userID: status} as answered."""
    return statuses(user.command("watchStatus", userIDs=list(names)))


def unwatch(user, *names):
    return statuses(user.command("unwatchStatus", userIDs=list(names)))


def statuses(data):
    return {item["userID"]: item["status"] for item in data["users"]}


def told(user, whose, status, timeout=PATIENCE):
    return user.event("status", timeout, user=whose, status=status)


def is_status(message):
    return message.get("event") == "status"


def pass_time(user, seconds):
    """Lets time pass for the broker, which has turned its loop in between."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        user.fence()


# ---- the answer


def test_the_answer_says_how_things_are(broker, alice):
    broker.user("bob", "ios:1")
    assert watch(alice, "bob", "carol") == {"bob": "online", "carol": "offline"}


def test_the_answer_is_in_the_order_of_the_question(alice):
    found = alice.command("watchStatus", userIDs=["carol", "bob"])["users"]
    assert [item["userID"] for item in found] == ["carol", "bob"]


def test_looking_is_not_watching(broker, alice):
    bob = broker.user("bob", "ios:1")
    look = lambda *names: statuses(alice.command("getStatus", userIDs=[*names]))  # noqa: E731
    assert look("bob", "carol", "nobody", "a b") == {
        "bob": "online", "carol": "offline", "nobody": "unknown", "a b": "unknown",
    }  # fmt: skip
    bob.command("setBackground", background=True)
    assert look("bob", "bob") == {"bob": "background"}
    bob.disconnect()
    broker.user("carol")
    assert alice.silent(is_status) == []


@pytest.mark.parametrize("ids,code", [(None, 10004), ([], 10004), ("bob", 10004), ([1], 10004), (["u"] * 101, 10005)])
def test_a_wrong_list_to_look_at_is_refused(alice, ids, code):
    response = alice.request("getStatus", **({} if ids is None else {"userIDs": ids}))
    assert response.get("code") == code and "userIDs" in response["error"]


def test_watching_twice_is_watching_once(broker, alice):
    watch(alice, "bob")
    assert watch(alice, "bob") == {"bob": "offline"}
    broker.user("bob", "ios:1")
    told(alice, "bob", "online")
    assert alice.silent(is_status) == []


def test_who_does_not_exist_is_unknown_and_not_watched(broker, alice):
    assert watch(alice, "nobody", "bob") == {"nobody": "unknown", "bob": "offline"}
    broker.user("nobody")
    broker.user("bob", "ios:1")
    told(alice, "bob", "online")
    assert alice.silent(is_status) == []


def test_one_may_watch_oneself(broker, alice):
    assert watch(alice, "alice") == {"alice": "online"}
    alice.command("setBackground", background=True)
    told(alice, "alice", "background")


@pytest.mark.parametrize("command", ["watchStatus", "unwatchStatus"])
@pytest.mark.parametrize("ids", [None, [], "bob", [1]])
def test_what_is_no_list_of_userIDs_is_refused(alice, command, ids):
    fields = {} if ids is None else {"userIDs": ids}
    response = alice.request(command, **fields)
    assert response["code"] == 10004 and response["error"].startswith("userIDs")


@pytest.mark.parametrize("command", ["watchStatus", "unwatchStatus"])
def test_what_is_no_userID_is_unknown_and_who_is_named_twice_is_answered_once(alice, command):
    found = alice.command(command, userIDs=["bob", "a b", "bob"])["users"]
    assert found == [{"userID": "bob", "status": "offline"}, {"userID": "a b", "status": "unknown"}]


# ---- the event


def test_coming_and_going_is_told(broker, alice):
    watch(alice, "bob")
    before = time.time() * 1000
    bob = broker.user("bob", "ios:1")
    event = told(alice, "bob", "online")
    assert set(event) == {"event", "user", "status", "time"}
    assert before - 1000 <= event["time"] <= time.time() * 1000 + 1000
    bob.disconnect()
    assert told(alice, "bob", "offline")["time"] >= event["time"]


def test_a_connection_that_breaks_is_told(broker, alice):
    bob = broker.user("bob", "ios:1")
    watch(alice, "bob")
    bob.drop()
    told(alice, "bob", "offline")


def test_a_kept_session_that_goes_away_is_offline(broker, alice):
    bob = broker.user("bob", "ios:1", clean=False).subscribe("chat/user/bob/#")
    watch(alice, "bob")
    bob.disconnect()
    told(alice, "bob", "offline")
    bob.connect()
    told(alice, "bob", "online")


def test_every_watching_device_is_told_once(broker, alice):
    watchers = [alice, broker.user("alice", "web:1"), broker.user("carol")]
    for user in watchers:
        watch(user, "bob")
    broker.user("bob", "ios:1")
    for user in watchers:
        told(user, "bob", "online")
    assert [user.silent(is_status) for user in watchers] == [[], [], []]


def test_a_second_device_changes_nothing(broker, alice):
    phone = broker.user("bob", "ios:1")
    watch(alice, "bob")
    broker.user("bob", "web:1").disconnect()
    phone.disconnect()
    told(alice, "bob", "offline")
    assert alice.silent(is_status) == []


def test_a_takeover_by_the_same_client_id_is_no_change(broker, alice):
    broker.user("bob", "ios:1")
    watch(alice, "bob", "carol")
    broker.user("bob", "ios:1")
    pass_time(alice, PAUSE)
    assert alice.silent(is_status) == []


def test_a_user_is_in_the_background_when_all_his_devices_are(broker, alice):
    phone, pad = broker.user("bob", "ios:1"), broker.user("bob", "ipad:1")
    watch(alice, "bob")
    phone.command("setBackground", background=True)
    pad.command("setBackground", background=True)
    told(alice, "bob", "background")
    pad.command("setBackground", background=False)
    told(alice, "bob", "online")
    pad.disconnect()
    told(alice, "bob", "background")
    assert watch(alice, "bob") == {"bob": "background"}
    phone.disconnect()
    told(alice, "bob", "offline")
    assert alice.silent(is_status) == []


def test_who_goes_to_the_background_and_logs_in_again_is_online(broker, alice):
    broker.user("bob", "ios:1").command("setBackground", background=True)
    assert watch(alice, "bob") == {"bob": "background"}
    broker.user("bob", "ios:1")
    told(alice, "bob", "online")


def test_nobody_else_is_told(broker, alice):
    carol = broker.user("carol")
    watch(alice, "bob")
    broker.user("bob", "ios:1")
    told(alice, "bob", "online")
    assert carol.silent(is_status) == []


# ---- the end of watching


def test_who_is_not_watched_any_more_is_not_told_about(broker, alice):
    watch(alice, "bob", "carol")
    assert unwatch(alice, "bob") == {"bob": "offline"}
    broker.user("bob", "ios:1")
    broker.user("carol")
    told(alice, "carol", "online")
    assert alice.silent(is_status) == []


def test_ending_what_was_never_watched_is_fine(alice):
    assert unwatch(alice, "bob", "nobody") == {"bob": "offline", "nobody": "unknown"}


def test_a_user_who_was_deleted_need_not_be_watched_any_more(broker, alice):
    """He may come again."""
    watch(alice, "bob", "carol")
    admin = broker.admin()
    admin.command("deleteUser", userID="bob")
    assert unwatch(alice, "bob") == {"bob": "unknown"}
    admin.command("importUsers", userIDs=["bob"])
    broker.user("bob", "ios:1", sig=broker.sig("bob", created=int(time.time()) + 5))
    broker.user("carol")
    told(alice, "carol", "online")
    assert alice.silent(is_status) == []


@pytest.mark.parametrize("clean", [True, False])
def test_watching_ends_with_the_connection(broker, alice, clean):
    pad = broker.user("alice", "ipad:1", clean=clean).subscribe("chat/user/alice/#")
    watch(pad, "bob")
    watch(alice, "bob")
    pad.disconnect()
    pad.connect()
    broker.user("bob", "ios:1")
    told(alice, "bob", "online")
    assert pad.silent(is_status) == []


def test_at_most_200_are_watched_by_a_session(broker, alice):
    names = [f"u{n}" for n in range(201)]
    broker.create(*names)
    assert alice.code("watchStatus", userIDs=names) == 10005
    assert len(watch(alice, *names[:200])) == 200
    response = alice.request("watchStatus", userIDs=["u199", "u200"])
    assert response["code"] == 10005 and "200" in response["error"]
    unwatch(alice, "u0")
    assert watch(alice, "u199", "u200") == {"u199": "offline", "u200": "offline"}
    assert broker.user("alice", "ios:1").code("watchStatus", userIDs=["u0"]) == 0


def test_a_refused_watchStatus_watches_nobody(broker, alice):
    assert alice.code("watchStatus", userIDs=["bob", 7]) == 10004
    watch(alice, "carol")
    broker.user("bob", "ios:1")
    broker.user("carol")
    told(alice, "carol", "online")
    assert alice.silent(is_status) == []


# ---- flapping


def test_who_flaps_is_told_once_a_second_and_his_last_state_in_the_end(broker, alice):
    bob = broker.user("bob", "ios:1")
    watch(alice, "bob")
    started = time.monotonic()
    for number in range(1, 40):
        bob.command("setBackground", background=number % 2 == 1)
    seconds = time.monotonic() - started
    bob.disconnect()
    told(alice, "bob", "offline")
    flaps = alice.take_all(is_status)
    assert len(flaps) <= seconds / PAUSE + 2
    pass_time(alice, PAUSE + 0.5)
    assert alice.silent(is_status) == []


def test_what_came_back_to_what_was_told_is_not_told(broker, alice):
    bob = broker.user("bob", "ios:1")
    watch(alice, "bob")
    bob.command("setBackground", background=True)
    told(alice, "bob", "background")
    bob.command("setBackground", background=False)
    bob.command("setBackground", background=True)
    pass_time(alice, PAUSE + 0.5)
    assert alice.silent(is_status) == []


def test_what_changes_in_the_pause_is_told_after_it(broker, alice):
    watch(alice, "bob")
    bob = broker.user("bob", "ios:1")
    told(alice, "bob", "online")
    started = time.monotonic()
    bob.disconnect()
    told(alice, "bob", "offline")
    assert time.monotonic() - started > PAUSE / 2


def test_who_begins_to_watch_in_the_pause_is_told_what_follows(broker, alice):
    carol = broker.user("carol")
    watch(alice, "bob")
    bob = broker.user("bob", "ios:1")
    told(alice, "bob", "online")
    assert watch(carol, "bob") == {"bob": "online"}
    bob.disconnect()
    told(carol, "bob", "offline")


def test_the_flapping_of_one_does_not_delay_another(broker, alice):
    bob = broker.user("bob", "ios:1")
    watch(alice, "bob", "carol")
    for number in range(20):
        bob.command("setBackground", background=number % 2 == 0)
    started = time.monotonic()
    broker.user("carol")
    told(alice, "carol", "online", timeout=PATIENCE)
    assert time.monotonic() - started < PATIENCE / 2


# ---- many


def test_many_watchers_are_told_and_may_leave_meanwhile(broker):
    """More than are told in one turn; half of them go away while they are told."""
    broker.create("bob")
    with contextlib.ExitStack() as ends:
        watchers = []
        for number in range(1200):
            client = broker.raw()
            ends.callback(client.close)
            client.login(f"carol{number}", f"carol{number}:iot:1")
            client.start_publish(
                "$CONTROL/chat/v1", {"commands": [{"command": "watchStatus", "userIDs": ["bob"]}]}, qos=0
            )
            watchers.append(client)
        for client in watchers:
            assert b'"offline"' in client.next_message().payload
        bob = broker.raw()
        bob.login("bob", "bob:ios:1")
        for client in watchers[::2]:
            client.abort()
        for client in watchers[1::2]:
            assert b'"status":"online"' in client.next_message().payload
        bob.disconnect()
        for client in watchers[1::2]:
            assert b'"status":"offline"' in client.next_message().payload


@pytest.mark.skipif(bool(PRELOAD), reason="a sanitizer keeps what is freed")
def test_watching_and_leaving_over_and_over_leaks_nothing(broker, alice):
    broker.create(*(f"u{n}" for n in range(20)))
    names = [f"u{n}" for n in range(20)]

    def rounds(count):
        for _ in range(count):
            client = broker.raw()
            client.login("carol", "carol:ios:1")
            command = {"command": "watchStatus", "userIDs": names}
            client.publish("$CONTROL/chat/v1", {"commands": [command] * 10})
            client.disconnect()

    rounds(50)
    before = memory_kib(broker)
    rounds(400)
    assert memory_kib(broker) - before < 512


def memory_kib(broker):
    with open(f"/proc/{broker.process.pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))
